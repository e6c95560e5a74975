"""Read the music of one voice of an ABC tune, token by token, into measures."""

import re
from typing import NamedTuple

from sklearn_c2c.io._abc_fields import ALTERATIONS
from sklearn_c2c.io._tune import (
    MAX_PASSES,
    MAX_TICKS,
    TICKS_PER_QUARTER,
    TICKS_PER_WHOLE,
    TuneError,
    exact,
)
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
_ENDING = re.compile(r"(\d{1,2})(?:-(\d{1,2}))?")
# The kinds of tokens that a voice has a method for; the others leave no trace.
_MEANINGFUL = frozenset(
    "annotation bar ending chord tuplet note rest measures_of_rest broken tie "
    "decoration".split()
)
# Real lengths, tuplets among them, have far smaller parts of a tick; arithmetic on
# ever larger ones would take ever longer.
_MAX_DENOMINATOR = 2**20


class Settings(NamedTuple):
    """What the fields of a tune say, in force where a note is read."""

    key: dict = dict.fromkeys(LETTERS, 0)  # letter: alteration
    metre: tuple = (0, 0)
    unit: int | None = None  # ticks; by default it follows from the metre
    shifts: dict = {}  # semitones by which "clef", "transpose" and others move a pitch
    propagate: str = "pitch"  # to which notes of its measure an accidental applies
    percussion: bool = False  # whether the clef is that of percussion

    def changed(self, *, shifts=None, **changes):
        """Copy in which some are changed; shifts not named stay as they are."""
        return self._replace(shifts=self.shifts | (shifts or {}), **changes)


def tokens_of(line):
    """Split a line of music into tokens.

    Yields
    ------
    (str, str, tuple)
        Kind, text, and what the groups of the kind's pattern caught; of kind
        ``"unknown"`` is what is not understood.
    """
    place = 0
    while place < len(line):
        token = _TOKEN.match(line, place)
        if not token:
            yield "unknown", line[place : place + 12], ()
            return
        place = token.end()
        kind = token.lastgroup
        first = _TOKEN.groupindex[kind]  # groups() counts from 0: those within
        yield kind, token[kind], token.groups()[first : first + _N_GROUPS[kind]]


class Voice:
    """Builds the measures of one voice; times are ticks, or parts of ticks."""

    def __init__(self, settings):
        self.settings = settings
        self.notes, self.measures = [], []
        self.events = []  # of this measure: [pitches, duration, tied]
        self.start = self.end = 0  # of this measure, of its last event
        self.metre = settings.metre  # of this measure
        self.opens, self.endings = 0, 0
        self.accidentals = {}  # alterations up to the next bar, see `_same_pitch`
        self.held = {}  # (letter, octave): alteration of the notes just tied
        self.tuplet_left, self.tuplet_ratio = 0, (1, 1)
        self.broken_ratio = None  # of the note after a > or <
        self.has_sign = False  # a decoration or annotation waits for its note
        self.ends_on_sign = False  # the last event is an unseen rest with a sign

    def is_empty(self):
        """Whether nothing of it has been read."""
        return not (self.events or self.measures)

    def read(self, kind, text, groups):
        """Take a token, if its kind means anything to a melody."""
        if kind == "unknown":
            raise TuneError(
                f"in measure {len(self.measures) + 1} {text!r} is not understood"
            )
        if kind in _MEANINGFUL:
            getattr(self, kind)(text, *groups)

    def close_measure(self, closes=0):
        """End the measure; a repeat sign after nothing belongs to the one before."""
        if self.events:
            self._add_measure(closes)
        elif closes and self.measures:
            self.measures[-1][5] = closes

    def end_line(self):
        """End the measure at the end of a line, where it is full.

        Accidentals last on: only a bar line ends them.
        """
        if self._is_full():
            self.close_measure()

    def _is_full(self, end=None):
        """Whether the measure is, or would be if it lasted to `end`."""
        lasts = (self.end if end is None else end) - self.start
        return self.metre[0] > 0 and lasts == self._full_length()

    def _full_length(self):
        return exact(self.metre[0] * TICKS_PER_WHOLE, self.metre[1] or 1)

    def _add_measure(self, closes):
        onset = self.start
        for pitches, duration, tied in self.events:
            self.notes += [(onset, duration, pitch, tied) for pitch in pitches]
            onset += duration
        length = self.end - self.start
        self.measures.append(
            [self.start, length, *self.metre, self.opens, closes, self.endings]
        )
        self.start, self.opens, self.events = self.end, 0, []

    def bar(self, text, ending=None):
        if text == ".|" and self.metre[0] and not self._is_full():
            return  # a dotted bar line within a measure
        self._drop_place_of_sign()
        signs = re.sub(r"[\s\da-z,.\-]|\[$", "", text)
        if signs == ":":
            raise TuneError(
                f"in measure {len(self.measures) + 1} a single ':' is no bar line"
            )
        double = signs.strip(":") == ""  # '::' closes one part and opens the next
        closes = len(signs) // 2 if double else len(signs) - len(signs.lstrip(":"))
        if closes >= MAX_PASSES:
            raise TuneError(
                f"in measure {len(self.measures) + 1} a part is played {closes + 1} "
                f"times, more than the {MAX_PASSES} that are read"
            )
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

    def _drop_place_of_sign(self):
        """Take away a last unseen rest if the measure is complete without it.

        "Hx|" is a fermata over the bar line. A measure that is not full without the
        rest may lack what the pick-up has; one that is full with it keeps it otherwise.
        """
        if not self.ends_on_sign:
            return
        end = self.end - self.events[-1][1]
        pick_up = self.measures[0][1] if self.measures else 0
        if self._is_full(end + pick_up) or not self._is_full():
            self.events.pop()
            self.end = end
        self.ends_on_sign = False

    def annotation(self, _):
        self.has_sign = True

    def decoration(self, _):
        self.has_sign = True

    def note(self, _, accidental, letter, octave, *length):
        pitch, name = self._pitch(accidental, letter, octave)
        self._add_event([pitch], _times(self.settings.unit, *length))
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
                durations.append(_times(self.settings.unit, *inner_length))
        if not pitches:
            raise TuneError(f"the chord {text!r} has no notes")
        # Its length is that of its first note, times that after the bracket.
        self._add_event(pitches, _times(durations[0], *length))
        self.held_names = names
        if tied:
            self.tie()

    def _pitch(self, accidental, letter, octave):
        name = (letter, octave)
        upper = letter.upper()
        octaves = 5 + letter.islower() + octave.count("'") - octave.count(",")
        same_pitch = self._same_pitch(upper, octaves)
        if accidental:
            alteration = self.accidentals[same_pitch] = ALTERATIONS[accidental]
        elif name in self.held:
            alteration = self.held[name]
        else:
            alteration = self.accidentals.get(same_pitch, self.settings.key[upper])
        pitch = 12 * octaves + NATURALS[upper] + alteration
        if self.settings.shifts:
            pitch += sum(self.settings.shifts.values())
        if not 0 <= pitch <= 127:
            raise TuneError(f"{letter + octave!r} is no MIDI pitch 0-127")
        return pitch, (name, alteration)

    def _same_pitch(self, letter, octaves):
        """Name what an accidental applies to, up to the bar line (ABC 2.1, 11.3).

        By default it is this letter in all octaves, and with ``not`` this note alone.
        """
        if self.settings.propagate == "pitch":
            return letter
        if self.settings.propagate == "octave":
            return letter, octaves
        return object()  # like no other

    def rest(self, text, *length):
        # In a full measure an unseen rest is but the place of a sign: "Hx|".
        if text[0] == "z" or not self._is_full():
            is_sign = text[0] == "x" and self.has_sign
            self._add_event([], _times(self.settings.unit, *length))
            self.ends_on_sign = is_sign

    def measures_of_rest(self, _, count):
        beats, beat_type = self.settings.metre
        if not beats:
            raise TuneError("has measures of rest (Z) but no metre")
        for _ in range(int(count or 1)):
            self.close_measure()
            self._add_event([], exact(beats * TICKS_PER_WHOLE, beat_type))
        self.accidentals = {}

    def _add_event(self, pitches, duration):
        if not self.events:
            self.metre = self.settings.metre
        if self.settings.percussion:
            pitches = []
        if self.tuplet_left:
            self.tuplet_left -= 1
            duration = _scaled(duration, self.tuplet_ratio)
        if self.broken_ratio:
            duration = _scaled(duration, self.broken_ratio)
            self.broken_ratio = None
        self._move_end(duration)
        self.events.append([pitches, duration, 0])
        self.held = {}
        self.has_sign = self.ends_on_sign = False

    def _move_end(self, duration):
        self.end += duration
        if self.end > MAX_TICKS:
            raise TuneError(
                f"lasts more than the {MAX_TICKS // TICKS_PER_QUARTER} quarter notes "
                f"that are read"
            )
        if self.end.denominator > _MAX_DENOMINATOR:
            raise TuneError(
                f"in measure {len(self.measures) + 1} the note lengths have no common "
                f"part of a size that is read"
            )

    def tie(self, _="-"):
        if self.events:
            self.events[-1][2] = 1
            self.held = dict(self.held_names) if self.events[-1][0] else {}
        else:
            self._tie_last_notes()

    def _tie_last_notes(self):
        """Tie the notes before a bar line, or a line end, that has come in between."""
        place = len(self.notes)
        while place and sum(self.notes[place - 1][:2]) == self.start:
            place -= 1
            self.notes[place] = (*self.notes[place][:3], 1)
            self.held = dict(self.held_names)

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
        if not self.events:
            raise TuneError(
                f"in measure {len(self.measures) + 1} {text!r} has no note before it"
            )
        parts = 2 ** len(text)
        if self.broken_ratio:
            raise TuneError(
                f"in measure {len(self.measures) + 1} {text!r} has no note between it "
                f"and the one before"
            )
        short, long = (1, parts), (2 * parts - 1, parts)
        before, after = (long, short) if text[0] == ">" else (short, long)
        written = self.events[-1][1]
        self.events[-1][1] = _scaled(written, before)
        self._move_end(self.events[-1][1] - written)
        self.broken_ratio = after


def _scaled(duration, ratio):
    return exact(duration * ratio[0], ratio[1])


def _times(duration, number, slashes, divisor):
    """Multiply a duration by a written length, such as ``3``, ``/`` or ``3/2``."""
    if not (number or slashes or divisor):
        return duration
    ratio = int(number or 1), int(divisor or 2 ** len(slashes))
    if 0 in ratio or (divisor and len(slashes) != 1):
        raise TuneError(f"a note length {number}{slashes}{divisor} is not understood")
    return _scaled(duration, ratio)


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
