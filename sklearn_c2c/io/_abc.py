"""Read ABC text: tune books, and the notes and measures of each tune.

Our own reader, as music21's drops inline key changes and measures of rest without a
word, forgets accidentals within a bar, and takes what it cannot read for a C. Here
whatever is not understood is a `TuneError` that quotes it.
"""

import re
from fractions import Fraction

from sklearn_c2c.io._key import LETTERS, NATURALS, parse_key
from sklearn_c2c.io._tune import MAX_PASSES, Tune, TuneError, make_part, parse_metre

MAX_TUNE_CHARACTERS = 65536

_LENGTH = r"(\d{0,4})(/{0,8})(\d{0,4})"
_NOTE = r"(\^\^|\^|__|_|=)?([A-Ga-g])([,']*)" + _LENGTH
_TOKENS = {
    "space": r"[\s`]+|\\$|\$|\*",
    "annotation": r'"[^"]*"',
    "grace": r"\{[^{}]*\}",
    "field": r"\[([A-Za-z]):([^\]]*)\]",
    "bar": r"\.?(?:\[(?=\|)|[|:])[|:\]]*(?:\s*\[?(\d[\d,.-]*)|(?=[^|:\]]|$))",
    "ending": r"\[(\d[\d,.-]*)",
    "chord": r"\[([^\[\]|:]+)\]" + _LENGTH,
    "tuplet": r"\((\d)(?::(\d?))?(?::(\d{0,2}))?",
    "note": _NOTE,
    "rest": r"[zx]" + _LENGTH,
    "measures_of_rest": r"[ZX](\d{0,3})",
    "broken": r">{1,3}|<{1,3}",
    "tie": r"\.?-",
    "decoration": r"![^!|\s]+!|\+[a-z]{2,}\+|[~.H-WYh-w]|!",
    "spacer": r"y\d*",
    "slur": r"[()]",
}
_TOKEN = re.compile(
    "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _TOKENS.items())
)
_FIELD_LINE = re.compile(r"([A-Za-z+]):(.*)")
_IN_CHORD = re.compile(f"(?:{_NOTE})|(-)|" + '[~.H-Wh-w]|![^!]+!|"[^"]*"|\\s')
_ALTERATION = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}
# Clefs and the like in K: and V: fields, and those among them that move the pitch.
_KEY_OPTION = re.compile(
    r"(?:clef|middle|m|stafflines|staffscale|style|name|nm|subname|snm|stem)=.*"
    r"|(?:treble|bass|alto|tenor|perc|none)\d?",
    re.I,
)
_MOVES_PITCH = re.compile(r"(?:transpose|octave|shift)\s*=|[+-]8|score\s*=", re.I)
_KEY_ACCIDENTAL = re.compile(r"(\^\^|\^|__|_|=)([A-Ga-g])")
_ENDING = re.compile(r"(\d{1,2})(?:-(\d{1,2}))?")


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
        shared = "".join(re.findall(r"^[LMR]:.*\n", head, flags=re.M))
        return [re.sub(r"\n|$", "\n" + shared, block, count=1) for block in blocks]
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
            self.voices[name] = _Voice(self.key, self.metre, unit)
        self.voice = self.voices[name]

    def _music(self, line):
        place = 0
        while place < len(line):
            token = _TOKEN.match(line, place)
            if not token:
                raise TuneError(
                    f"in measure {len(self.voice.measures) + 1} "
                    f"{line[place : place + 12]!r} is not understood"
                )
            place = token.end()
            kind = token.lastgroup
            first = _TOKEN.groupindex[kind]  # groups() counts from 0: those within
            groups = token.groups()[first : first + _N_GROUPS[kind]]
            if kind == "field":
                self._field(groups[0], groups[1].strip())
            elif kind in _ACTIONS:
                _ACTIONS[kind](self.voice, token[kind], *groups)
        self.voice.end_line()


class _Voice:
    """Builds the measures of one voice; times are quarter notes as fractions."""

    def __init__(self, key, metre, unit):
        self.key, self.metre, self.unit = key, metre, unit
        self.notes, self.measures = [], []
        self.events = []  # of this measure: [pitches, duration, tied]
        self.start = Fraction(0)
        self.measure_metre = metre
        self.opens, self.endings = 0, 0
        self.accidentals = {}  # letter: alteration, up to the next bar
        self.held = {}  # (letter, octave): alteration of the notes just tied
        self.tuplet_left, self.tuplet_factor = 0, Fraction(1)
        self.broken_factor = Fraction(1)

    def close_measure(self, closes=0):
        """End the measure; a repeat sign after nothing belongs to the one before."""
        if self.events:
            self._add_measure(closes)
        elif closes and self.measures:
            self.measures[-1][5] = closes

    def end_line(self):
        """Take a line end for a bar line left out, where the measure is full."""
        if self._is_full():
            self.close_measure()
            self.accidentals = {}

    def _is_full(self):
        beats, beat_type = self.measure_metre
        lasts = sum(duration for _, duration, _ in self.events)
        return beats > 0 and lasts == Fraction(4 * beats, beat_type)

    def _add_measure(self, closes):
        onset = self.start
        for pitches, duration, tied in self.events:
            self.notes += [(onset, duration, pitch, tied) for pitch in pitches]
            onset += duration
        self.measures.append(
            [
                self.start,
                onset - self.start,
                *self.measure_metre,
                self.opens,
                closes,
                self.endings,
            ]
        )
        self.start, self.opens, self.events = onset, 0, []

    def bar(self, text, ending=None):
        signs = re.sub(r"[\s\d,.\-]|\[$", "", text)
        if signs == ":":
            raise TuneError(
                f"in measure {len(self.measures) + 1} a single ':' is no bar line"
            )
        double = signs.strip(":") == ""  # '::' closes one part and opens the next
        closes = len(signs) // 2 if double else len(signs) - len(signs.lstrip(":"))
        self.close_measure(closes + 1 if closes else 0)
        if signs.endswith(":"):
            self.opens = 1
        if signs != "|":
            self.endings = 0  # an ending lasts up to the next double bar
        if ending:
            self.endings = _read_endings(ending)
        self.accidentals = {}

    def ending(self, _, ending):
        self.close_measure()
        self.endings = _read_endings(ending)

    def note(self, _, accidental, letter, octave, *length):
        pitch, name = self._pitch(accidental, letter, octave)
        self._add_event([pitch], self.unit * 4 * _read_length(*length))
        self.held_names = [name]

    def chord(self, text, inner, *length):
        pitches, names, durations, tied = [], [], [], 0
        place = 0
        while place < len(inner):
            token = _IN_CHORD.match(inner, place)
            if not token:
                raise TuneError(f"the chord {text!r} is not understood")
            place = token.end()
            accidental, letter, octave, *inner_length, tie = token.groups()
            tied |= tie is not None
            if letter:
                pitch, name = self._pitch(accidental, letter, octave)
                pitches.append(pitch)
                names.append(name)
                durations.append(_read_length(*inner_length))
        if not pitches:
            raise TuneError(f"the chord {text!r} has no notes")
        # Its length is that of its first note, times that after the bracket.
        duration = durations[0] * _read_length(*length)
        self._add_event(pitches, self.unit * 4 * duration)
        self.held_names = names
        if tied:
            self.tie()

    def _pitch(self, accidental, letter, octave):
        name = (letter, octave)
        upper = letter.upper()
        if accidental:
            alteration = self.accidentals[upper] = _ALTERATION[accidental]
        elif name in self.held:
            alteration = self.held[name]
        else:
            # An accidental lasts to the bar line, in all octaves (ABC 2.1, 11.3).
            alteration = self.accidentals.get(upper, self.key[upper])
        octaves = 5 + letter.islower() + octave.count("'") - octave.count(",")
        pitch = 12 * octaves + NATURALS[upper] + alteration
        if not 0 <= pitch <= 127:
            raise TuneError(f"{letter + octave!r} is no MIDI pitch 0-127")
        return pitch, (name, alteration)

    def rest(self, text, *length):
        # In a full measure an unseen rest is but the place of a sign: "Hx|".
        if text[0] == "z" or not self._is_full():
            self._add_event([], self.unit * 4 * _read_length(*length))

    def measures_of_rest(self, _, count):
        beats, beat_type = self.metre
        if not beats:
            raise TuneError("has measures of rest (Z) but no metre")
        for _ in range(int(count or 1)):
            self.close_measure()
            self._add_event([], Fraction(4 * beats, beat_type))
        self.accidentals = {}

    def _add_event(self, pitches, duration):
        if not self.events:
            self.measure_metre = self.metre
        if self.tuplet_left:
            self.tuplet_left -= 1
            duration *= self.tuplet_factor
        self.events.append([pitches, duration * self.broken_factor, 0])
        self.broken_factor = Fraction(1)
        self.held = {}

    def tie(self, _="-"):
        if self.events:
            self.events[-1][2] = 1
            self.held = dict(self.held_names) if self.events[-1][0] else {}

    def tuplet(self, _, p, q, r):
        p = int(p)
        compound = self.metre[0] % 3 == 0 and self.metre[0] > 3
        usual = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}.get(p, 3 if compound else 2)
        if p < 2:
            raise TuneError(f"a tuplet of {p} is not understood")
        self.tuplet_factor = Fraction(int(q or usual), p)
        self.tuplet_left = int(r or p)

    def broken(self, text):
        if not self.events:
            raise TuneError(
                f"in measure {len(self.measures) + 1} {text!r} has no note before it"
            )
        short = Fraction(1, 2 ** len(text))
        before, after = (2 - short, short) if text[0] == ">" else (short, 2 - short)
        self.events[-1][1] *= before
        self.broken_factor = after


_ACTIONS = {
    "bar": _Voice.bar,
    "ending": _Voice.ending,
    "chord": _Voice.chord,
    "tuplet": _Voice.tuplet,
    "note": _Voice.note,
    "rest": _Voice.rest,
    "measures_of_rest": _Voice.measures_of_rest,
    "broken": _Voice.broken,
    "tie": _Voice.tie,
}
_N_GROUPS = {kind: re.compile(pattern).groups for kind, pattern in _TOKENS.items()}


def _read_length(number, slashes, divisor):
    zero = any(digits and int(digits) == 0 for digits in (number, divisor))
    if zero or (divisor and len(slashes) != 1):
        raise TuneError(f"a note length {number}{slashes}{divisor} is not understood")
    return Fraction(int(number or 1), int(divisor or 2 ** len(slashes)))


def _read_metre(value):
    if value.lower() in ("", "none"):
        return 0, 0
    return parse_metre(value)


def _default_unit(metre):
    beats, beat_type = metre
    return Fraction(1, 16 if beats and beats / beat_type < 0.75 else 8)


def _read_unit(value):
    match = re.fullmatch(r"1(?:/(\d{1,3}))?", value.replace(" ", ""))
    if not match or int(match[1] or 1) == 0:
        raise TuneError(f"L:{value} is no unit note length, such as L:1/8")
    return Fraction(1, int(match[1] or 1))


def _read_tempo(value, unit):
    """Quarter notes per minute, from ``1/4=120``, or nothing if it is only words."""
    value = re.sub(r'"[^"]*"', "", value).strip()
    match = re.fullmatch(r"(?:(.*)=)?\s*(\d+(?:\.\d+)?)", value)
    if not match or float(match[2]) == 0:
        return None
    beats = re.findall(r"(\d{1,3})/(\d{1,3})", match[1] or "")
    if any(int(lower) == 0 for _, lower in beats):
        return None
    beat = sum(Fraction(int(upper), int(lower)) for upper, lower in beats)
    return float(match[2]) * float(4 * (beat or unit or Fraction(1, 4)))


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
        key[change[2].upper()] = _ALTERATION[change[1]]
    return key, name


def _refuse_moved_pitch(letter, value):
    if _MOVES_PITCH.search(value):
        raise TuneError(f"{letter}:{value} moves the written pitch, which is not read")


def _read_endings(text):
    """Bits of the passes in which an ending such as ``1``, ``1,3`` or ``1-3`` plays."""
    passes = set()
    for item in text.strip(",.-").split(","):
        match = _ENDING.fullmatch(item.strip("."))
        if not match:
            raise TuneError(f"the ending [{text} is not understood")
        passes.update(range(int(match[1]), int(match[2] or match[1]) + 1))
    if not passes or not 1 <= min(passes) <= max(passes) <= MAX_PASSES:
        raise TuneError(f"the ending [{text} is not one of 1 to {MAX_PASSES}")
    return sum(1 << (number - 1) for number in passes)
