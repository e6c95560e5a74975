"""Read the music of one voice of an ABC tune, token by token, into measures."""

import re

from sklearn_c2c.io._key import NATURALS
from sklearn_c2c.io._tune import MAX_PASSES, TICKS_PER_WHOLE, TuneError, exact

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
_N_GROUPS = {kind: re.compile(pattern).groups for kind, pattern in _TOKENS.items()}
_IN_CHORD = re.compile(f"(?:{_NOTE})|(-)|" + '[~.H-Wh-w]|![^!]+!|"[^"]*"|\\s')
ALTERATIONS = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}
_ENDING = re.compile(r"(\d{1,2})(?:-(\d{1,2}))?")
# The kinds of tokens that a voice has a method for; the others leave no trace.
_MEANINGFUL = frozenset(
    "bar ending chord tuplet note rest measures_of_rest broken tie".split()
)


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

    def __init__(self, key, metre, unit):
        self.key, self.metre, self.unit = key, metre, unit
        self.notes, self.measures = [], []
        self.events = []  # of this measure: [pitches, duration, tied]
        self.start = 0
        self.measure_metre = metre
        self.opens, self.endings = 0, 0
        self.accidentals = {}  # letter: alteration, up to the next bar
        self.held = {}  # (letter, octave): alteration of the notes just tied
        self.tuplet_left, self.tuplet_ratio = 0, (1, 1)
        self.broken_ratio = None  # of the note after a > or <

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
        """Take a line end for a bar line left out, where the measure is full."""
        if self._is_full():
            self.close_measure()
            self.accidentals = {}

    def _is_full(self):
        beats, beat_type = self.measure_metre
        lasts = sum(duration for _, duration, _ in self.events)
        return beats > 0 and lasts * beat_type == beats * TICKS_PER_WHOLE

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

    def note(self, _, accidental, letter, octave, *length):
        pitch, name = self._pitch(accidental, letter, octave)
        self._add_event([pitch], _times(self.unit, *length))
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
                durations.append(_times(self.unit, *inner_length))
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
        if accidental:
            alteration = self.accidentals[upper] = ALTERATIONS[accidental]
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
            self._add_event([], _times(self.unit, *length))

    def measures_of_rest(self, _, count):
        beats, beat_type = self.metre
        if not beats:
            raise TuneError("has measures of rest (Z) but no metre")
        for _ in range(int(count or 1)):
            self.close_measure()
            self._add_event([], exact(beats * TICKS_PER_WHOLE, beat_type))
        self.accidentals = {}

    def _add_event(self, pitches, duration):
        if not self.events:
            self.measure_metre = self.metre
        if self.tuplet_left:
            self.tuplet_left -= 1
            duration = _scaled(duration, self.tuplet_ratio)
        if self.broken_ratio:
            duration = _scaled(duration, self.broken_ratio)
            self.broken_ratio = None
        self.events.append([pitches, duration, 0])
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
        self.tuplet_ratio = int(q or usual), p
        self.tuplet_left = int(r or p)

    def broken(self, text):
        if not self.events:
            raise TuneError(
                f"in measure {len(self.measures) + 1} {text!r} has no note before it"
            )
        parts = 2 ** len(text)
        short, long = (1, parts), (2 * parts - 1, parts)
        before, after = (long, short) if text[0] == ">" else (short, long)
        self.events[-1][1] = _scaled(self.events[-1][1], before)
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
