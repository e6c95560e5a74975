"""Read ABC text: tune books, and the notes and measures of each tune.

Our own reader, as music21's drops inline key changes and measures of rest without a
word, forgets accidentals within a bar, and takes what it cannot read for a C. Here
whatever is not understood is a `TuneError` that quotes it.
"""

import re

from sklearn_c2c.io._abc_voice import ALTERATIONS, Voice, tokens_of
from sklearn_c2c.io._key import LETTERS, parse_key
from sklearn_c2c.io._tune import (
    MAX_MEASURES,
    TICKS_PER_QUARTER,
    TICKS_PER_WHOLE,
    Tune,
    TuneError,
    exact,
    make_part,
    parse_metre,
)

MAX_TUNE_CHARACTERS = 65536

_FIELD_LINE = re.compile(r"([A-Za-z+]):(.*)")
# Clefs and the like in K: and V: fields, and those among them that move the pitch.
_KEY_OPTION = re.compile(
    r"(?:clef|middle|m|stafflines|staffscale|style|name|nm|subname|snm|stem)=.*"
    r"|(?:treble|bass|alto|tenor|perc|none)\d?",
    re.I,
)
_MOVES_PITCH = re.compile(r"(?:transpose|octave|shift)\s*=|[+-]8|score\s*=", re.I)
_KEY_ACCIDENTAL = re.compile(r"(\^\^|\^|__|_|=)([A-Ga-g])")


def read_abc(data):
    """Read every tune of a file.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    list of Tune
        Those that cannot be read have a ``fault`` and no parts.

    Raises
    ------
    TuneError
        If the text holds no ABC tune at all.
    """
    tunes = [_read_tune(block) for block in split_tunes(decode(data))]
    if not tunes:
        raise TuneError("no ABC tune: no line starts with X: (number) or K: (key)")
    return tunes


def decode(data):
    """Text of a file: UTF-8, or else Latin-1, in which older collections are.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    str
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def split_tunes(text):
    """Split a tune book into the text of each tune, ``X:`` up to the next ``X:``.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of str
        One tune without ``X:`` is a tune too, if it has a ``K:`` line.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    head, *blocks = re.split(r"^(?=X:)", text, flags=re.M)
    if blocks:
        # Fields before the first tune hold for the whole book.
        shared = re.findall(r"^[LMR]:.*\n", head, flags=re.M)
        lines = "\n" + "".join(shared)
        return [re.sub(r"\n|$", lambda _: lines, block, count=1) for block in blocks]
    return [text] if header_field(text, "K") is not None else []


def header_field(tune, letter):
    """Value of the first line ``letter:`` in a tune's text, or None.

    Parameters
    ----------
    tune : str
    letter : str

    Returns
    -------
    str or None
    """
    match = re.search(rf"^{letter}:((?:\\%|[^%\n])*)", tune, flags=re.M)
    return match[1].replace("\\%", "%").strip() if match else None


def _read_tune(text):
    """Read one tune; what cannot be read becomes its fault."""
    number, title = header_field(text, "X") or "", header_field(text, "T") or ""
    reader = _TuneReader()
    try:
        if len(text) > MAX_TUNE_CHARACTERS:
            raise TuneError(
                f"is {len(text)} characters long, more than the "
                f"{MAX_TUNE_CHARACTERS} that are read"
            )
        reader.read(text)
        parts = tuple(
            make_part(name, voice.notes, voice.measures)
            for name, voice in reader.voices.items()
            if voice.measures
        )
        if not parts:
            raise TuneError("has no notes after its K: field")
    except ValueError as error:
        return Tune(number, title, fault=str(error))
    return Tune(number, title, reader.key_name, reader.tempo, parts)


class _TuneReader:
    """Reads the lines of one tune into voices; fields before ``K:`` hold for all."""

    def __init__(self):
        self.metre = (0, 0)
        self.unit = None
        self.key = dict.fromkeys(LETTERS, 0)
        self.key_name = ""
        self.tempo = None
        self.voices = {}
        self.voice = None
        self.n_measures_of_rest = 0

    def read(self, text):
        for raw in text.split("\n"):
            line = re.sub(r"(?<!\\)%.*", "", raw).strip()
            field = _FIELD_LINE.fullmatch(line)
            if field:
                self._field(field[1], field[2].strip())
            elif line and self.voice:
                self._music(line)
            elif self.voice and not raw.strip():
                break  # a blank line ends a tune
        if self.voice is None:
            raise TuneError("has no K: field (the key, which ends an ABC header)")
        for voice in self.voices.values():
            voice.close_measure()

    def _field(self, letter, value):
        if letter == "K":
            self._read_key(value)
        elif letter == "M":
            self.metre = _read_metre(value)
            if self.voice:
                self.voice.metre = self.metre
        elif letter == "L":
            self.unit = _read_unit(value)
            if self.voice:
                self.voice.unit = self.unit
        elif letter == "V" and self.voice:
            self._switch_voice(value)
        elif letter == "V":
            _refuse_moved_pitch("V", value)
        elif letter == "Q" and self.tempo is None:
            self.tempo = _read_tempo(value, self.unit)
        elif letter == "m":
            raise TuneError(f"uses a macro (m:{value}), which is not read")

    def _read_key(self, value):
        key, name = _read_key(value)
        if self.voice:
            self.voice.key = key
        else:
            self.key, self.key_name = key, name
            self._switch_voice("")

    def _switch_voice(self, value):
        _refuse_moved_pitch("V", value)
        name = value.split()[0] if value else ""
        if name not in self.voices:
            unit = self.unit or _default_unit(self.metre)
            self.voices[name] = Voice(self.key, self.metre, unit)
        self.voice = self.voices[name]

    def _music(self, line):
        for kind, text, groups in tokens_of(line):
            if kind == "field":
                self._field(groups[0], groups[1].strip())
                continue
            if kind == "measures_of_rest":
                self._count_measures_of_rest(int(groups[0] or 1))
            self.voice.read(kind, text, groups)
        self.voice.end_line()

    def _count_measures_of_rest(self, count):
        self.n_measures_of_rest += count
        if self.n_measures_of_rest > MAX_MEASURES:
            raise TuneError(f"rests for more than the {MAX_MEASURES} measures read")


def _read_metre(value):
    if value.lower() in ("", "none"):
        return 0, 0
    return parse_metre(value)


def _default_unit(metre):
    beats, beat_type = metre
    return TICKS_PER_WHOLE // (16 if beats and beats / beat_type < 0.75 else 8)


def _read_unit(value):
    match = re.fullmatch(r"1(?:/(\d{1,3}))?", value.replace(" ", ""))
    if not match or int(match[1] or 1) == 0:
        raise TuneError(f"L:{value} is no unit note length, such as L:1/8")
    return exact(TICKS_PER_WHOLE, int(match[1] or 1))


def _read_tempo(value, unit):
    """Quarter notes per minute, from ``1/4=120``, or nothing if it is only words."""
    value = re.sub(r'"[^"]*"', "", value).strip()
    match = re.fullmatch(r"(?:(.*)=)?\s*(\d{1,4}(?:\.\d+)?)", value)
    if not match or float(match[2]) == 0:
        return None
    beats = re.findall(r"(\d{1,3})/(\d{1,3})", match[1] or "")
    if any(int(lower) == 0 for _, lower in beats):
        return None
    beat = sum(exact(int(n) * TICKS_PER_WHOLE, int(d)) for n, d in beats)
    quarters = float(beat or unit or TICKS_PER_QUARTER) / TICKS_PER_QUARTER
    return float(match[2]) * quarters


def _read_key(value):
    """Alterations by letter, and the key's name, of a ``K:`` field."""
    _refuse_moved_pitch("K", value)
    spaced = re.sub(r"(?<=[A-Za-z])([_^=]+[A-Ga-g])\b", r" \1", value)
    words = [w for w in spaced.split() if not _KEY_OPTION.fullmatch(w)]
    changes = [_KEY_ACCIDENTAL.fullmatch(w) for w in words if w[0] in "^_="]
    words = [w for w in words if w[0] not in "^_=" and w.lower() != "exp"]
    if None in changes:
        raise TuneError(f"the key K:{value} is not understood")
    if words in (["HP"], ["Hp"]):  # Highland pipes: no signature, or that of D
        name, key = "", parse_key("C" if words == ["HP"] else "D").alterations
    elif not words:
        name, key = "", dict.fromkeys(LETTERS, 0)
    else:
        stated = parse_key(" ".join(words))
        name, key = str(stated), stated.alterations
    for change in changes:
        key[change[2].upper()] = ALTERATIONS[change[1]]
    return key, name


def _refuse_moved_pitch(letter, value):
    if _MOVES_PITCH.search(value):
        raise TuneError(f"{letter}:{value} moves the written pitch, which is not read")
