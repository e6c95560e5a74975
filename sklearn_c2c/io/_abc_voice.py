"""Read the music of one voice of an ABC tune, token by token, into measures."""

import re
from typing import NamedTuple

from sklearn_c2c.io._abc_fields import ALTERATIONS
from sklearn_c2c.io._abc_measures import Measures, scaled
from sklearn_c2c.io._tune import MAX_PASSES, TICKS_PER_WHOLE, TuneError, exact
from sklearn_c2c.melody import LETTERS, NATURALS

_LENGTH = r"(\d{0,4})(/{0,8})(\d{0,4})"
# Old ABC writes chords between plus signs, and ends a line of notation with a "!".
_NAMED_SIGN = (
    r"![^!|\s]+!|![ \t]?(?i:D\.? ?[CS]\.|da |dal |al |to |fine|segno|coda)[^!|]*!"
    r"|\+(?:f{1,4}|p{1,4})\+"
    r"|\+(?![A-Ga-gz^_=,'/\d]*\+)[A-Za-z.() ]{2,30}\+|\+[0-5.<>~^]\+"
)
_ENDING_NUMBERS = r"(\d[\d,.-]*)(?:(?:st|nd|rd|th)(?![A-Za-z\d/,'<>-]))?"
_NOTE = r"(\^\^|\^|__|_|=)?([A-Ga-g])([,']*)" + _LENGTH
_TOKENS = {
    "space": r"[\s`]+|\\$|[$*#;?@]",  # the last four: reserved (ABC 2.1, 8.1)
    "annotation": r'"[^"]*"',
    "grace": r"\{[^{}]*\}",
    "field": r"\[([A-Za-z]):([^\]]*)\]",
    "bar": r"\.?(?:\[(?=\|)|[|:])[|:\]]*"
    rf"(?:\s*\[?{_ENDING_NUMBERS}|(?=[^|:\]]|$))",
    "ending": rf"\[{_ENDING_NUMBERS}",
    "chord": r"\[([^\[\]|:]+)\]" + _LENGTH,
    "tuplet": r"\((\d{1,2}(?=:)|\d)(?::(\d{0,2}))?(?::(\d{0,2}))?",
    "note": _NOTE,
    "rest": r"[zx]" + _LENGTH,
    "measures_of_rest": r"[ZX](\d{0,3})",
    "broken": r">{1,3}|<{1,3}",
    "tie": r"\.?-[',]?",  # with the direction in which it is drawn
    "decoration": rf"{_NAMED_SIGN}|[~.H-WYh-w]|!",
    "spacer": r"y\d*",
    "slur": r"\([',]?|\)",
}
_TOKEN = re.compile(
    "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _TOKENS.items())
)
_N_GROUPS = {kind: re.compile(pattern).groups for kind, pattern in _TOKENS.items()}
_IN_CHORD = re.compile(f"(?:{_NOTE})|(-)[',]?|" + '[~.H-Wh-w]|![^!]+!|"[^"]*"|\\s')
_CHORD = re.compile(
    r'"[A-G][#b]?(?:maj|min|dim|aug|sus|add|ma|mi|/\d|[Mmo+\-\d#b()°ø∆]){0,12}'
    r'(?:/[A-G][#b]?)?"'
)
_ENDING = re.compile(r"(\d{1,2})(?:-(\d{1,2}))?")
_FERMATAS = {"H", "!fermata!", "!invertedfermata!", "+fermata+"}
# The kinds of tokens that `Voice` has a method for; others are ignored.
_MEANINGFUL = frozenset(
    "annotation bar ending chord tuplet note rest measures_of_rest broken tie "
    "decoration".split()
)


class Settings(NamedTuple):
    """Settings, by fields of the tune, that apply to the note being read."""

    key: dict = dict.fromkeys(LETTERS, 0)  # letter: alteration
    metre: tuple = (0, 0)
    unit: int | None = None  # ticks; by default it follows from the metre
    shifts: dict = {}  # semitones by which "clef", "transpose" and others move a pitch
    propagate: str = "pitch"  # to which notes of its measure an accidental applies
    percussion: bool = False  # whether the clef is that of percussion

    def changed(self, *, shifts=None, **changes):
        """Copy with some settings changed; shifts not named keep their value."""
        return self._replace(shifts=self.shifts | (shifts or {}), **changes)


def tokens_of(line):
    """Split a line of music into tokens.

    Yields
    ------
    (str, str, tuple)
        Kind, text, and the groups of the kind's pattern. Text that is not understood
        has the kind ``"unknown"``.
    """
    place = 0
    while place < len(line):
        token = _TOKEN.match(line, place)
        if not token:
            yield "unknown", line[place : place + 12], ()
            return
        place = token.end()
        kind = token.lastgroup
        first = _TOKEN.groupindex[kind]  # groups() counts from 0: the first within
        yield kind, token[kind], token.groups()[first : first + _N_GROUPS[kind]]


class Accidentals:
    """Alterations that apply beyond their note: to the bar line, or along a tie."""

    def __init__(self):
        self.in_measure = {}  # alterations up to the next bar, by `_same_pitch`
        self.held = {}  # (letter, octave): alteration of the notes just tied

    def pitch(self, accidental, letter, octave, settings):
        """Pitch of a note, and its name, by which a tie keeps the alteration.

        Parameters
        ----------
        accidental : str or None
        letter, octave : str
            As they are written.
        settings : Settings

        Returns
        -------
        pitch : int
        name : ((str, str), int)
            Letter and octave, and the alteration.
        """
        name = (letter, octave)
        upper = letter.upper()
        octaves = 5 + letter.islower() + octave.count("'") - octave.count(",")
        same_pitch = self._same_pitch(upper, octaves, settings.propagate)
        if accidental:
            alteration = self.in_measure[same_pitch] = ALTERATIONS[accidental]
        elif name in self.held:
            alteration = self.held[name]
        else:
            alteration = self.in_measure.get(same_pitch, settings.key[upper])
        pitch = 12 * octaves + NATURALS[upper] + alteration
        if settings.shifts:
            pitch += sum(settings.shifts.values())
        if not 0 <= pitch <= 127:
            raise TuneError(f"{letter + octave!r} is no MIDI pitch 0-127")
        return pitch, (name, alteration)

    def _same_pitch(self, letter, octaves, propagate):
        """Key of the notes that an accidental applies to, up to the bar line.

        By default (ABC 2.1, 11.3) these are the notes of this letter in all octaves,
        with ``not`` this note alone.
        """
        if propagate == "pitch":
            return letter
        if propagate == "octave":
            return letter, octaves
        return object()  # equal to no other


class Voice:
    """Reads the tokens of one voice into measures."""

    def __init__(self, settings):
        self.settings = settings
        self.measures = Measures(settings.metre)
        self.accidentals = Accidentals()
        self.last_names = []  # of the last notes, whose alterations a tie keeps
        self.tuplet_left, self.tuplet_ratio = 0, (1, 1)
        self.broken_ratio = None  # applies to the note after a > or <
        self.has_sign = False  # a decoration or annotation stands before the next note
        self.has_fermata = False  # one of these is a fermata
        self.chords = []  # times and names of chord symbols

    def is_empty(self):
        """Whether no event of it has been read."""
        return self.measures.is_empty()

    def read(self, kind, text, groups):
        """Read a token; kinds that do not change a melody are ignored."""
        if kind == "unknown":
            raise TuneError(
                f"in measure {self.measures.number} {text!r} is not understood"
            )
        if kind in _MEANINGFUL:
            getattr(self, kind)(text, *groups)

    def end_line(self):
        """End the measure at the end of a line, where it is full.

        Accidentals stay in force: only a bar line ends them.
        """
        if self.measures.is_full():
            self.measures.close()

    def bar(self, text, ending=None):
        measures = self.measures
        if text == ".|" and measures.metre[0] and not measures.is_full():
            return  # a dotted bar line within a measure
        measures.drop_place_of_sign()
        signs = re.sub(r"[\s\da-z,.\-]|\[$", "", text)
        if signs == ":":
            raise TuneError(f"in measure {measures.number} a single ':' is no bar line")
        double = signs.strip(":") == ""  # '::' closes one part and opens the next
        closes = len(signs) // 2 if double else len(signs) - len(signs.lstrip(":"))
        if closes >= MAX_PASSES:
            raise TuneError(
                f"in measure {measures.number} a part is played {closes + 1} times, "
                f"more than the {MAX_PASSES} that are read"
            )
        measures.close(closes + 1 if closes else 0)
        if signs.endswith(":"):
            measures.opens = 1
        if signs != "|":
            measures.endings = 0  # an ending lasts up to the next double bar
        if ending:
            measures.endings = _read_endings(ending)
        self.accidentals.in_measure = {}
        self.has_fermata = False  # one over the bar line belongs to no note

    def ending(self, _, ending):
        self.measures.close()
        self.measures.endings = _read_endings(ending)

    def annotation(self, text):
        self.has_sign = True
        if _CHORD.fullmatch(text):
            self.chords.append((self.measures.end, text.strip('"')))

    def decoration(self, text):
        self.has_sign = True
        self.has_fermata |= text in _FERMATAS

    def note(self, _, accidental, letter, octave, *length):
        pitch, name = self.accidentals.pitch(accidental, letter, octave, self.settings)
        self._add_event([pitch], _times(self.settings.unit, *length))
        self.last_names = [name]

    def chord(self, text, inner, *length):
        pitches, names, durations, tied = [], [], [], 0
        place = 0
        while place < len(inner):
            token = _IN_CHORD.match(inner, place)
            if not token:
                raise TuneError(f"the chord {text!r} is not understood")
            place = token.end()
            sign, letter, octave, number, slashes, divisor, tie = token.groups()
            tied |= tie is not None
            self.has_fermata |= token[0] in _FERMATAS
            if letter:
                settings = self.settings
                pitch, name = self.accidentals.pitch(sign, letter, octave, settings)
                pitches.append(pitch)
                names.append(name)
                durations.append(_times(self.settings.unit, number, slashes, divisor))
        if not pitches:
            raise TuneError(f"the chord {text!r} has no notes")
        # Its length is that of its first note, times that after the bracket.
        self._add_event(pitches, _times(durations[0], *length))
        self.last_names = names
        if tied:
            self.tie()

    def rest(self, text, *length):
        # In a full measure an invisible rest only carries a sign: "Hx|".
        if text[0] == "z" or not self.measures.is_full():
            is_sign = text[0] == "x" and self.has_sign
            self._add_event([], _times(self.settings.unit, *length))
            self.measures.ends_on_sign = is_sign

    def measures_of_rest(self, _, count):
        beats, beat_type = self.settings.metre
        if not beats:
            raise TuneError("has measures of rest (Z) but no metre")
        for _ in range(int(count or 1)):
            self.measures.close()
            self._add_event([], exact(beats * TICKS_PER_WHOLE, beat_type))
        self.accidentals.in_measure = {}

    def _add_event(self, pitches, duration):
        if self.tuplet_left:
            self.tuplet_left -= 1
            duration = scaled(duration, self.tuplet_ratio)
        if self.broken_ratio:
            duration = scaled(duration, self.broken_ratio)
            self.broken_ratio = None
        if self.settings.percussion:
            pitches = []
        metre = self.settings.metre
        self.measures.add(pitches, duration, metre, self.has_fermata)
        self.accidentals.held = {}
        self.has_sign = self.has_fermata = False

    def tie(self, _="-"):
        has_notes = self.measures.tie_last()
        self.accidentals.held = dict(self.last_names) if has_notes else {}

    def tuplet(self, text, p, q, r):
        p = int(p)
        beats = self.settings.metre[0]
        compound = beats % 3 == 0 and beats > 3
        usual = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}.get(p, 3 if compound else 2)
        if p < 2 or int(q or usual) == 0:
            raise TuneError(f"the tuplet {text!r} is not understood")
        self.tuplet_ratio = int(q or usual), p
        self.tuplet_left = int(r or p)

    def broken(self, text):
        if not self.measures.events:
            raise TuneError(
                f"in measure {self.measures.number} {text!r} has no note before it"
            )
        if self.broken_ratio:
            raise TuneError(
                f"in measure {self.measures.number} {text!r} has no note between it "
                f"and the one before"
            )
        parts = 2 ** len(text)
        short, long = (1, parts), (2 * parts - 1, parts)
        before, after = (long, short) if text[0] == ">" else (short, long)
        self.measures.scale_last(before)
        self.broken_ratio = after


def _times(duration, number, slashes, divisor):
    """Multiply a duration by a written length, such as ``3``, ``/`` or ``3/2``."""
    if not (number or slashes or divisor):
        return duration
    ratio = int(number or 1), int(divisor or 2 ** len(slashes))
    if 0 in ratio or (divisor and len(slashes) != 1):
        raise TuneError(f"a note length {number}{slashes}{divisor} is not understood")
    return scaled(duration, ratio)


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
