"""Read MusicXML: the events of a melody, as the parser meets them.

music21's reader guesses pitches, takes seconds for a page and hangs on files of 2 KB.
This one raises a `TuneError` that names the measure. The parser is the standard
library's, as defusedxml sets it up: no entities, no document type declared within the
file, no tree in memory.
"""

import codecs
import contextlib
import re
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException, DTDForbidden
from defusedxml.ElementTree import DefusedXMLParser

from sklearn_c2c.io._musicxml_part import StavedPart
from sklearn_c2c.io._musicxml_score import Score
from sklearn_c2c.io._mxl import is_archive, score_in_archive
from sklearn_c2c.io._tune import TuneError

MAX_BYTES = 16 * 2**20
# Tags and attributes determine time and memory; a usual score of 7 MiB has this many.
MAX_MARKS = 2**19
_DECLARATION = re.compile(
    rb"""\s{0,99}<\?xml\s[^>]{0,99}?encoding\s{0,9}=\s{0,9}["']([\w.:-]{1,40})["']"""
)
# Other codecs of Python are refused: some take time quadratic in the length.
_ENCODINGS = re.compile(
    r"(?:(?:windows|cp|ibm)-?\d+|x?-?mac\w*|iso-?8859-\d+|latin-?\d+|koi8-\w|tis-?620|"
    r"big5\w*|gbk?\w*|shift_?jis|sjis|windows-31j|euc-\w+)",
    re.I,
)
# Elements that are read when they end, from the fields collected within them.
_OF_PART = {
    "note": StavedPart.note,
    "backup": StavedPart.backup,
    "forward": StavedPart.forward,
    "key": StavedPart.key,
    "time": StavedPart.time,
    "transpose": StavedPart.transpose,
    "barline": StavedPart.barline,
}
_OF_SCORE = {
    "credit": Score.credit,
    "score-part": Score.name_part,
    "metronome": Score.metronome,
}
_RECORDS = frozenset(_OF_PART) | frozenset(_OF_SCORE)
# Fields that hold one text: of several in an element the first counts.
_VALUES = frozenset(
    "actual-notes alter beat-unit chord chromatic credit-type credit-words cue "
    "duration fifths grace mode normal-notes notehead octave octave-change part-name "
    "per-minute pitch rest senza-misura staff step type unpitched".split()
)
# Fields that hold a list of the texts of all.
_REPEATED = ("bar-style", "beats", "beat-type", "dot", "beat-unit-dot")


def read_musicxml(data):
    """Read a MusicXML file, plain or compressed, partwise or timewise.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    list of Tune
        One, with a part for each staff that has notes.

    Raises
    ------
    TuneError
        If the file is too large, declares a document type, or cannot be read.
    """
    warning = ""
    if is_archive(data):
        data, warning = score_in_archive(data, MAX_BYTES)
    if len(data) > MAX_BYTES:
        raise TuneError(f"is larger than the {MAX_BYTES >> 20} MiB that are read")
    return [_parse(_decode(data)).tune([warning])]


def _decode(data):
    """Text of a file: UTF-16 if it says so, UTF-8, the declared encoding, or cp1252."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    for encoding in ("utf-8-sig", _declared_encoding(data)):
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode(encoding)
    return data.decode("cp1252", "replace")


def _declared_encoding(data):
    """Encoding that the XML declaration names, if it is one of ASCII and more."""
    match = _DECLARATION.match(data)
    name = match[1].decode() if match else ""
    if not _ENCODINGS.fullmatch(name):
        return "cp1252"
    with contextlib.suppress(LookupError):
        codec = codecs.lookup(name).name
        # Files declared as Latin-1 use the quotation marks of Windows.
        return "cp1252" if codec == "iso8859-1" else codec
    return "cp1252"


def _parse(text):
    n_marks = text.count("<") + text.count("=")
    if n_marks > MAX_MARKS:
        raise TuneError(
            f"holds {n_marks} tags and attributes, more than the {MAX_MARKS} that are "
            f"read"
        )
    handler = _Handler()
    try:
        parser = _Parser(handler)
        parser.feed(text.lstrip())
        parser.close()
    except DefusedXmlException as error:
        raise TuneError(
            "declares a document type within the file, which is not read"
        ) from error
    except TuneError as error:
        place = f"measure {handler.number[:20]} " if handler.part else ""
        raise TuneError(f"{place}{error}") from error
    except ParseError as error:
        what = "is damaged" if handler.root else "is no MusicXML score"
        raise TuneError(f"{what}: {error}") from error
    return handler.score


class _Parser(DefusedXMLParser):
    """Expat as defusedxml sets it up, that calls the methods of a `_Handler` directly.

    A document type may be named, as it usually is, but not declared within the file.
    """

    def __init__(self, handler):
        super().__init__(target=handler, forbid_dtd=True)
        self.handler = handler
        self.parser.ordered_attributes = False
        self.parser.StartElementHandler = self.read_root

    def defused_start_doctype_decl(self, name, sysid, pubid, has_internal_subset):
        if has_internal_subset:
            raise DTDForbidden(name, sysid, pubid)

    def read_root(self, tag, _):
        begin, end = self.handler.begin, self.handler.end
        namespace, _, name = tag.rpartition("}")
        if namespace:
            self.parser.StartElementHandler = lambda tag, attributes: begin(
                tag.rpartition("}")[2], attributes
            )
            self.parser.EndElementHandler = lambda tag: end(tag.rpartition("}")[2])
        else:
            self.parser.StartElementHandler = begin
            self.parser.EndElementHandler = end
        self.handler.begin_root(name)


class _Handler:
    """Passes the parser's events to the part, or the score, that they belong to.

    `begin` and `end` are called for every element and take half of the reading time, so
    they look up its name and do no more.
    """

    def __init__(self):
        self.root, self.innermost = "", ""
        self.score = Score()
        self.part_id, self.number = "", ""
        self.part = None  # whose measure is being read
        self.fields = {}  # of the record that is being read
        self.texts = []
        self.data = self.texts.append
        self.beginnings = {
            "part": self.begin_part,
            "measure": self.begin_measure,
            "interchangeable": self.begin_interchangeable,
            "sound": self.sound,
            "tie": self.tie,
            "tied": self.tie,
            "fermata": self.fermata,
        } | dict.fromkeys([*_RECORDS, "repeat", "ending"], self.keep_attributes)
        self.ends = {
            "part": self.end_measure,
            "measure": self.end_measure,
            "divisions": self.divisions,
            "work-title": self.title,
            "movement-title": self.title,
        }
        self.ends |= dict.fromkeys(_OF_SCORE, self.end_of_score)
        self.ends |= dict.fromkeys(_REPEATED, self.repeated)

    def begin_root(self, name):
        if name not in ("score-partwise", "score-timewise"):
            raise TuneError(f"is no MusicXML score, but <{name[:20]}>")
        self.root = name
        self.innermost = "measure" if name == "score-partwise" else "part"

    def begin(self, tag, attributes):
        self.texts.clear()
        if tag in self.beginnings:
            if tag in _RECORDS:
                self.fields = {}
            self.beginnings[tag](tag, attributes)

    def end(self, tag):
        if tag in _VALUES:
            if tag not in self.fields:
                self.fields[tag] = "".join(self.texts).strip()
        elif tag in _OF_PART:
            _OF_PART[tag](self.open_part(tag), self.fields)
        elif tag in self.ends:
            self.ends[tag](tag)

    def close(self):
        """Do nothing: called at the end of the file, where nothing is left to do."""

    def text(self):
        return "".join(self.texts).strip()

    def keep_attributes(self, tag, attributes):
        for name, value in attributes.items():
            self.fields.setdefault(f"{tag} {name}", value)

    def repeated(self, tag):
        if "alternative" not in self.fields:
            self.fields.setdefault(tag, []).append(self.text())

    def begin_part(self, tag, attributes):
        self.part_id = attributes.get("id", "")
        if tag == self.innermost:
            self.open_measure()
        elif self.part_id in self.score.parts:
            raise TuneError(f"has two parts {self.part_id[:20]!r}")

    def begin_measure(self, tag, attributes):
        self.number = attributes.get("number", "without a number")
        if tag == self.innermost:
            self.open_measure()

    def open_measure(self):
        if self.part:
            raise TuneError("has a measure within it")
        self.part = self.score.part(self.part_id)
        self.part.open_measure()

    def open_part(self, tag):
        if not self.part:
            raise TuneError(f"has a <{tag}> that is in no measure")
        return self.part

    def end_measure(self, tag):
        if tag == self.innermost:
            self.open_part(tag).close_measure()
            self.part = None

    def divisions(self, tag):
        self.open_part(tag).set_divisions(self.text())

    def begin_interchangeable(self, _, __):
        """Keep the first of two metres that are stated for the same music."""
        self.fields["alternative"] = True

    def tie(self, _, attributes):
        if attributes.get("type") in ("start", "continue"):
            self.fields["tied"] = True

    def fermata(self, _, __):
        self.fields["fermata"] = True

    def sound(self, _, attributes):
        self.score.sound(attributes)

    def title(self, tag):
        self.score.title(tag, self.text())

    def end_of_score(self, tag):
        _OF_SCORE[tag](self.score, self.fields)
