"""Text of ABC files: encodings, web pages, blocks of words, accents in titles."""

import codecs
import contextlib
import html
import re
import unicodedata
from html.entities import html5

from sklearn_c2c._titles import one_line
from sklearn_c2c.io._tune import TuneError

_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_CHARSET = re.compile(rb"^(?:%%|I:)abc-charset\s+([\w-]{1,20})", re.M | re.I)
N_BYTES_SEARCHED = 2**18  # for a declared encoding, and for fields of ABC

# Typographic signs that word processors write in place of ABC's plain ones.
PLAIN_SIGNS = str.maketrans(
    dict.fromkeys("\u201c\u201d\u201e\u201f\u2033", '"')
    | dict.fromkeys("\u2018\u2019\u201a\u201b\u2032", "'")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
    | dict.fromkeys("\u00a0\u2002\u2003\u2009\u202f", " ")
    | dict.fromkeys("\u200b\u200e\u200f\u2060\ufeff")
)

_TEXT_BLOCK = re.compile(r"%%(begin|end)(text|ps|svg|ml|js)\b", re.I)

# `g<abc>d` is a rhythm: only links, and tags that cannot be music, mark a web page.
_TAG = re.compile(
    r"</?(?:!doctype|html|head|body|pre|textarea|script|style|div|span|br|hr|p|font"
    r"|meta|link|center|h[1-6])(?:\s[^<>]{0,999})?/?>"
    r"|<a\s(?:href|name|id|class)=[^<>]{0,999}>|</(?:a|code|abc)\s?>",
    re.I,
)
_END_OF_LISTING = re.compile(r"</(?:pre|code|abc|textarea|script|body|html)\s?>", re.I)

_ENTITY = re.compile(r"&(#\d{1,7};|#[xX][0-9A-Fa-f]{1,6};|[A-Za-z0-9]{2,31};)")
_CONTROL = re.compile("[\x80-\x9f]")
_MUSIC_COMMENT = re.compile(r'("(?:\\%|[^"%])*")|%.*')
_ACCENTS = {
    "`": "\u0300",
    "'": "\u0301",
    "^": "\u0302",
    "~": "\u0303",
    "u": "\u0306",
    '"': "\u0308",
    "H": "\u030b",
    "v": "\u030c",
    ",": "\u0327",
    "c": "\u0327",
}
_LETTERS = {
    "AA": "Å",
    "aa": "å",
    "AE": "Æ",
    "ae": "æ",
    "OE": "Œ",
    "oe": "œ",
    "ss": "ß",
    "/O": "Ø",
    "/o": "ø",
    "DH": "Ð",
    "dh": "ð",
    "TH": "Þ",
    "th": "þ",
}
_ESCAPE = re.compile(
    r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-3][0-7]{2})"
    rf"|({'|'.join(_LETTERS)})|([`'^~\",vuH]|c(?=[Cc]))([A-Za-z])|([\\%&]))"
)


def decode(data):
    """Text of a file.

    Parameters
    ----------
    data : bytes
        In UTF-16 or UTF-8, else in its ``abc-charset``, else in Windows-1252, the
        encoding of older collections.

    Returns
    -------
    str
    """
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    if b"\0" in data[:2]:
        encoding = "utf-16-le" if data[0] else "utf-16-be"
        return data.decode(encoding, errors="replace")
    stated = _CHARSET.search(data[:N_BYTES_SEARCHED])
    for encoding in ("utf-8", stated[1].decode() if stated else "", "cp1252"):
        try:
            return data.decode(encoding)
        except (UnicodeError, LookupError):
            continue
    return data.decode("latin-1")


def holds_abc(data):
    """Whether text is ABC, judged by its first lines.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    bool
    """
    text = music_of(decode(data[:N_BYTES_SEARCHED]))
    return all(re.search(rf"^[ \t]*{f}", text, re.M) for f in (r"X: *\d", "K:"))


def music_of(text):
    r"""Lines of ABC without the web page and the text blocks around them.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        Lines end in ``\n``.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.replace("\x1a", "").rstrip("\0")  # end-of-file marks of DOS
    if _TAG.search(text):
        lines = text.split("\n")
        text = "\n".join(plain for line in lines for plain in _without_tags(line))
    if _TEXT_BLOCK.search(text):
        text = "\n".join(_without_text_blocks(text.split("\n")))
    return text


def _without_tags(line):
    """Text of a line of a web page; nothing at all if the line holds only tags."""
    plain = _without_entities(_TAG.sub("", line))
    if _END_OF_LISTING.search(line):
        return [plain, ""]  # what follows is not music
    return [plain] if plain.strip() or not line.strip() else []


def _without_text_blocks(lines):
    """Leave out the lines from ``%%begintext`` to ``%%endtext``, and the like.

    A block that does not end, or in which another one begins, is kept.
    """
    kept, block, kind = [], [], None
    for line in lines:
        mark = _TEXT_BLOCK.match(line)
        if mark and mark[1].lower() == "begin" and kind in (None, mark[2].lower()):
            kept += block
            block, kind = [line], mark[2].lower()
        elif mark and kind == mark[2].lower():
            block, kind = [], None
        else:
            (kept if kind is None else block).append(line)
    return kept + block


def check_no_text_block(line):
    """Raise a `TuneError` if a line begins a text block (see `music_of`)."""
    mark = _TEXT_BLOCK.match(line)
    if mark and mark[1].lower() == "begin":
        raise TuneError(f"has a {mark[0]} that no %%end{mark[2]} ends")


def without_comment(line):
    r"""Line of music without its comment, and with entities replaced.

    Parameters
    ----------
    line : str

    Returns
    -------
    str
        In ``\%``, the sign ``\`` continues the line, except between quotes.
    """
    line = _MUSIC_COMMENT.sub(lambda found: found[1] or "", line)
    return line.replace("&gt;", ">").replace("&lt;", "<").strip()


def plain_text(text):
    r"""Text of a title, in which ``\'e``, ``&eacute;`` and ``\u00e9`` are all é.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
    """
    with contextlib.suppress(UnicodeError):
        if _CONTROL.search(text):  # letters with accents in an encoding of DOS
            text = text.encode("latin-1").decode("cp850")
    # An escaped & starts no entity: both are replaced in one pass from the left.
    pieces, place = [], 0
    for escape in _ESCAPE.finditer(text):
        pieces += [_without_entities(text[place : escape.start()]), _character(escape)]
        place = escape.end()
    plain = "".join([*pieces, _without_entities(text[place:])])
    # A lone surrogate of UTF-16 is no character and could not be written.
    plain = plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return one_line(plain)


def _without_entities(text):
    # Only whole entities with a semicolon: html.unescape also replaces "R&reg".
    return _ENTITY.sub(
        lambda found: html.unescape(found[0]) if _is_known(found[1]) else found[0], text
    )


def _is_known(entity):
    return entity.startswith("#") or entity in html5


def _character(escape):
    code, long_code, octal, letter, accent, base, sign = escape.groups()
    if code or long_code:
        number = int(code or long_code, 16)
        return chr(number) if number < 0x110000 else escape[0]
    if octal:
        return chr(int(octal, 8))
    if letter:
        return _LETTERS[letter]
    if accent:
        return unicodedata.normalize("NFC", base + _ACCENTS[accent])
    return sign
