"""Read the events of one part of a MusicXML score into measures."""

import re
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from sklearn_c2c.io._tune import (
    CLOSES,
    ENDINGS,
    LENGTH,
    MAX_PASSES,
    MAX_TICKS,
    TICKS_PER_QUARTER,
    TICKS_PER_WHOLE,
    TuneError,
    exact,
)
from sklearn_c2c.melody import NATURALS, parse_metre

# Limit for parts of a tick: sums of odd fractions could increase it without end.
_MAX_DENOMINATOR = 10**6
_MAX_TEXT, _MAX_METRES = 100, 8  # of a metre or an ending; more is no music
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}(?:\.[0-9]{1,6})?")
_PASSES = re.compile(r"([0-9]{1,2})(?:-([0-9]{1,2}))?")
_DOUBLE_BARS = {"light-light", "light-heavy", "heavy-light", "heavy-heavy"}
_SIGNS = "whole half quarter eighth 16th 32nd 64th 128th 256th 512th 1024th".split()
QUARTERS = {"maxima": 32, "long": 16, "breve": 8} | {
    sign: exact(4, 2**power) for power, sign in enumerate(_SIGNS)
}


class _Clock:
    """Time within a measure: as the sum of stated durations, and exact.

    The two differ where a program has rounded durations to its divisions.
    """

    def __init__(self):
        self.now, self.length = 0, 0  # from the start of the measure
        self.filled = 0  # length without time skipped at the end
        self.stated, self.places = 0, {0: 0}  # sum of stated durations: exact time

    def move(self, stated, duration):
        """Advance by a duration as stated and as exact."""
        self.stated += stated
        self.now += duration
        if self.now != self.stated:
            self.places.setdefault(self.stated, self.now)
        if self.now > self.length:
            _check_time(self.now)
            self.length = self.now

    def fill(self, stated, duration):
        """Advance by a note or a rest."""
        self.move(stated, duration)
        if self.now > self.filled:
            self.filled = self.now

    def skip(self, ticks):
        """Advance without a note or a rest."""
        self.move(ticks, self._place(self.stated + ticks) - self.now)

    def go_back(self, ticks, divisions):
        """Go back by a stated duration, rounded to `divisions` of a quarter note."""
        self.stated -= ticks
        self.now = self._place(self.stated)
        # A rounded duration may exceed the time before it by a little.
        n_rounded = len(self.places) - 1
        if self.now < 0 and -self.now < n_rounded * TICKS_PER_QUARTER / divisions:
            self.now = 0
        if self.now < 0:
            raise TuneError("goes back to before its start")

    def _place(self, stated):
        """Exact time of a sum of stated durations."""
        return self.places.get(stated, stated)


def _check_time(time):
    if time > MAX_TICKS:
        raise TuneError(
            f"is later than the {MAX_TICKS // TICKS_PER_QUARTER} quarter notes "
            f"that are read"
        )
    if time.denominator > _MAX_DENOMINATOR:
        raise TuneError("has durations that have no common division")


class _Measures:
    """Rows of `Part.measures`, with the repeats and endings that bar lines state."""

    def __init__(self):
        self.rows = []
        self.opens = 0
        self.ending_marks = []  # index of a measure, and what begins or ends there

    def add(self, start, length, metre):
        self.rows.append([start, length, *metre, self.opens, 0, 0])
        self.opens = 0

    def mark(self, fields):
        """Record the repeats and endings that a bar line states."""
        place = len(self.rows)
        direction = fields.get("repeat direction")
        if direction not in (None, "forward", "backward"):
            raise TuneError(f"has a repeat {direction[:20]!r}")
        if direction == "backward" and self.rows:
            self.rows[-1][CLOSES] = _times(fields.get("repeat times", "2"))
        self.opens |= direction == "forward"
        kind = fields.get("ending type")
        if kind in ("stop", "discontinue"):
            self.ending_marks.append((place, "stop", 0))
        elif direction or not _DOUBLE_BARS.isdisjoint(fields.get("bar-style", ())):
            self.ending_marks.append((place, "double bar", 0))
        if kind == "start":
            passes = _passes(fields.get("ending number", ""))
            self.ending_marks.append((place, "start", passes))

    def mark_endings(self):
        """State in which passes each row plays.

        An ending lasts to its stop, or else to the next ending, repeat or double bar.
        """
        marks = [*self.ending_marks, (len(self.rows), "start", 0)]
        begins = [i for i, (_, kind, _) in enumerate(marks) if kind == "start"]
        for begin, following in pairwise(begins):
            first, _, passes = marks[begin]
            inside = marks[begin + 1 : following + 1]
            kinds = [kind for _, kind, _ in inside]
            last = inside[kinds.index("stop") if "stop" in kinds else 0][0]
            for row in self.rows[first:last]:
                row[ENDINGS] = passes


class StavedPart:
    """Builds the notes of each staff of a part, and the measures of all of them.

    Times are ticks, or parts of ticks. `fields` holds the content of an element: texts
    by element, lists of texts for elements that may occur several times, and attributes
    by ``"element attribute"``.
    """

    def __init__(self):
        self.notes = {}  # staff: [(onset, duration, pitch, tied)]
        self.fermatas = {}  # staff: [onset of a note that has one]
        self.slashes = {}  # staff: {index of a note with a slash for a head: pitch}
        self.measures = _Measures()
        self.start = 0  # of this measure
        self.divisions, self.ticks = None, {}  # text of a duration: its ticks
        self.metre = (0, 0)
        self.signature = None  # sharps and mode of the first key
        self.sounding_signature = None
        self.transpositions = {}  # staff, or None for all: semitones

    def open_measure(self):
        self.clock = _Clock()
        self.onset = None  # of the last note, and of its chord
        self.sign_ticks, self.duration = None, 0  # of that note
        self.cut = 0  # place of the last bar line within the measure
        self.measure_metre = self.metre
        self.right_barline = None

    def close_measure(self):
        """End the measure; an empty one is as long as its metre."""
        beats, beat_type = self.measure_metre
        length, filled = self.clock.length, self.clock.filled
        if self.onset is None and not length and beats:
            length = exact(beats * TICKS_PER_WHOLE, beat_type)
        self.skipped = length - filled if filled else 0
        self._divide(length)
        if self.right_barline:
            self.measures.mark(self.right_barline)
        if self.signature and self.sounding_signature is None:
            self.sounding_signature = self._sounding_signature()
        self.start += length
        _check_time(self.start)

    def _divide(self, place):
        """Divide the measure where a bar line stands."""
        if place > self.cut:
            self.measures.add(
                self.start + self.cut, place - self.cut, self.measure_metre
            )
            self.cut = place

    def barline(self, fields):
        usual = "right" if self.clock.length else "left"
        location = fields.get("barline location", usual)
        if location == "right":
            self.right_barline = fields  # marked when the measure ends
        else:
            self._divide(self.clock.now if location == "middle" else 0)
            self.measures.mark(fields)

    def bounded_measures(self):
        """Measures, with their endings.

        The last one ends with its last note or rest: time skipped after it fills up a
        measure that is shorter by the length of the pick-up.

        Returns
        -------
        list of list
            Rows, as of a `Part`.
        """
        self.measures.mark_endings()
        rows = self.measures.rows
        if rows and rows[-1][LENGTH] > self.skipped:
            rows[-1][LENGTH] -= self.skipped
        return rows

    def set_divisions(self, text):
        divisions = _number(text, "divisions")
        if divisions <= 0:
            raise TuneError(f"has divisions {text[:20]!r}; expected more than 0")
        self.divisions, self.ticks = divisions, {}

    def time(self, fields):
        """Set the metre; one that changes within a measure is that of the next."""
        if "senza-misura" in fields:
            self.metre = (0, 0)
        else:
            self.metre = _metre(
                tuple(fields.get("beats", ())), tuple(fields.get("beat-type", ()))
            )
        if not self.clock.now:
            self.measure_metre = self.metre

    def key(self, fields):
        """Keep the first key signature; `mode` is empty if none is stated."""
        if self.signature is None and "fifths" in fields:
            sharps = _whole(fields["fifths"], "the key signature")
            self.signature = sharps, fields.get("mode", "").lower()

    def _sounding_signature(self):
        """Sharps at sounding pitch, and the mode, as it is stated."""
        sharps, mode = self.signature
        # Fifths that the transposition moves the key by, -5 to 6.
        semitones = next(iter(self.transpositions.values()), 0)
        sharps += (7 * semitones + 5) % 12 - 5
        if abs(sharps) > 7 and semitones:
            sharps -= 12 if sharps > 0 else -12
        return sharps, mode

    def transpose(self, fields):
        if not fields.get("chromatic"):
            raise TuneError("has a <transpose> without its <chromatic>")
        semitones = _whole(fields["chromatic"], "a transposition by")
        semitones += 12 * _whole(fields.get("octave-change", "0"), "octaves")
        self.transpositions[fields.get("transpose number")] = semitones

    def note(self, fields):
        """Add a note, or a rest; grace notes take no time, cue notes do not sound."""
        if "grace" in fields:
            return
        if "duration" not in fields:
            raise TuneError("has a note without a duration")
        stated = self._ticks_of(fields["duration"])
        by_sign = _ticks_by_sign(fields)
        duration = self._unrounded(stated, by_sign)
        if "chord" not in fields:
            clock = self.clock
            self.onset, self.sign_ticks, self.duration = clock.now, by_sign, duration
            clock.fill(stated, duration)
        elif self.onset is None:
            raise TuneError("has a chord's note with no note before it")
        elif by_sign is not None and by_sign == self.sign_ticks:
            duration = self.duration  # some programs forget dots and tuplets here
        if "pitch" in fields:
            if "cue" not in fields:
                self._add_note(duration, fields)
        elif "rest" not in fields and "unpitched" not in fields:
            raise TuneError("has a note that has no pitch and is no rest")

    def _add_note(self, duration, fields):
        staff = fields.get("staff", "1")
        pitch = _pitch(
            fields.get("step"), fields.get("alter", "0"), fields.get("octave")
        )
        if self.transpositions:
            everywhere = self.transpositions.get(None, 0)
            pitch += self.transpositions.get(staff, everywhere)
        if not 0 <= pitch <= 127:
            raise TuneError(f"has the pitch {pitch}; expected MIDI's 0 to 127")
        tied = "tied" in fields
        row = (self.start + self.onset, duration, pitch, tied)
        notes = self.notes.setdefault(staff, [])
        if "fermata" in fields:
            self.fermatas.setdefault(staff, []).append(row[0])
        if fields.get("notehead") == "slash":
            self.slashes.setdefault(staff, {})[len(notes)] = pitch
        notes.append(row)

    def leave_slashes_out(self):
        """Leave out notes with slashes for heads, if those of a staff share one pitch.

        Such notes state the rhythm of a chord accompaniment. At several pitches they
        are a melody.

        Returns
        -------
        int
            How many were left out.
        """
        n_left_out = 0
        for staff, pitches in self.slashes.items():
            if len(set(pitches.values())) == 1:
                notes = self.notes[staff]
                kept = [row for i, row in enumerate(notes) if i not in pitches]
                self.notes[staff] = kept
                n_left_out += len(pitches)
        self.slashes = {}
        return n_left_out

    def forward(self, fields):
        self.clock.skip(self._duration_of("forward", fields))

    def backup(self, fields):
        self.clock.go_back(self._duration_of("backup", fields), self.divisions)

    def _duration_of(self, what, fields):
        if "duration" not in fields:
            raise TuneError(f"has a <{what}> without a duration")
        return self._ticks_of(fields["duration"])

    def _ticks_of(self, text):
        """Ticks of a duration as it is stated."""
        if text not in self.ticks:
            if self.divisions is None:
                raise TuneError("has a duration, but no divisions of a quarter note")
            duration = _number(text, "the duration")
            if duration < 0:
                raise TuneError(f"has the negative duration {text[:20]!r}")
            self.ticks[text] = exact(duration * TICKS_PER_QUARTER, self.divisions)
        return self.ticks[text]

    def _unrounded(self, ticks, by_sign):
        """Ticks of a note's sign, if rounding them gives the stated duration."""
        if by_sign is None:
            return ticks
        off = abs(by_sign - ticks) * self.divisions
        return by_sign if off < TICKS_PER_QUARTER else ticks


@lru_cache
def _number(text, what):
    """Integer, or a Fraction of at most six decimals."""
    if not _NUMBER.fullmatch(text):
        raise TuneError(f"has {what} {text[:20]!r}; expected a number")
    number = Fraction(text)
    return exact(number.numerator, number.denominator)


def _whole(text, what):
    number = _number(text, what)
    if not isinstance(number, int):
        raise TuneError(f"has {what} {text[:20]!r}; expected a whole number")
    return number


@lru_cache
def _pitch(step, alter, octave):
    """Pitch as written: it may be outside MIDI's range before transposition."""
    if step is None or octave is None:
        raise TuneError("has a pitch without its step or its octave")
    if step not in NATURALS:
        raise TuneError(f"has the step {step[:20]!r}; expected A to G")
    if not alter:
        raise TuneError("has an empty <alter>")
    alteration = _number(alter, "the alteration")
    if not isinstance(alteration, int):
        raise TuneError(f"has the alteration {alter[:20]!r}: microtones are not read")
    if abs(alteration) > 3:
        raise TuneError(f"has the alteration {alter[:20]!r}; expected -3 to 3")
    natural = NATURALS[step]
    return 12 * (1 + _whole(octave, "the octave")) + natural + alteration


def _ticks_by_sign(fields):
    """Ticks of a note's sign, or None if it has none."""
    if "type" not in fields:
        return None
    return _ticks_of_sign(
        fields["type"],
        len(fields.get("dot", ())),
        fields.get("actual-notes", "1"),
        fields.get("normal-notes", "1"),
    )


@lru_cache
def _ticks_of_sign(sign, n_dots, actual, normal):
    """Ticks that a note's sign lasts, with its dots, in its tuplet."""
    quarters = QUARTERS.get(sign)
    if quarters is None or n_dots > 4:
        raise TuneError(f"has the note sign {sign[:20]!r} with {n_dots} dots")
    actual = _whole(actual, "a tuplet of")
    normal = _whole(normal, "a tuplet in the time of")
    if not (0 < actual < 1000 and 0 < normal < 1000):
        raise TuneError(f"has a tuplet of {actual} in the time of {normal}")
    dotted = quarters * (2 ** (n_dots + 1) - 1) * normal * TICKS_PER_QUARTER
    ticks = Fraction(dotted) / (2**n_dots * actual)
    return exact(ticks.numerator, ticks.denominator)


@lru_cache
def _metre(beats, beat_types):
    """Beats and beat type, a sum such as 3/4 + 1/8 as one metre."""
    texts = [f"{count}/{unit}" for count, unit in zip(beats, beat_types, strict=False)]
    if not beats or len(beats) != len(beat_types):
        raise TuneError("has a metre without its beats or its beat type")
    if len(texts) > _MAX_METRES or max(map(len, texts)) > _MAX_TEXT:
        raise TuneError(f"has a metre of more parts than are read, {texts[0][:20]!r}")
    try:
        pairs = [parse_metre(text) for text in texts]
        finest = max(unit for _, unit in pairs)
        total = sum(count * finest // unit for count, unit in pairs)
        return parse_metre(f"{total}/{finest}")
    except ValueError as error:
        raise TuneError(f"has the metre {' + '.join(texts)}, which is none") from error


def _times(text):
    times = _whole(text, "a repeat")
    if not 1 <= times <= MAX_PASSES:
        raise TuneError(f"is repeated {text[:20]!r} times; expected 1 to {MAX_PASSES}")
    return times


@lru_cache
def _passes(text):
    """Bits of the passes in which an ending, ``1``, ``1, 2`` or ``1-3``, plays."""
    bits = 0
    items = re.split(r"[\s,.]+", text.strip(" ,.")) if len(text) < _MAX_TEXT else [""]
    for item in items:
        match = _PASSES.fullmatch(item)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last <= MAX_PASSES:
            raise TuneError(
                f"has the ending {text[:20]!r}; expected numbers 1 to {MAX_PASSES}"
            )
        for number in range(first, last + 1):
            bits |= 1 << (number - 1)
    return bits
