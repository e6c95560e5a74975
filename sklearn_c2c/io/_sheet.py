"""A melody laid out for notation: measures of notes and rests, ties over bar lines."""

from dataclasses import dataclass
from itertools import pairwise
from math import gcd, isfinite
from numbers import Real

import numpy as np

from sklearn_c2c.io._key import Key, parse_key
from sklearn_c2c.io._tune import (
    TICKS_PER_QUARTER,
    beat_ticks,
    measure_ticks,
    parse_metre,
)
from sklearn_c2c.melody import REST, check_melodies, notes_from_melody


@dataclass(frozen=True)
class Sheet:
    """A legal melody filled up to whole measures, and how to notate it.

    Its first `start` steps, rests before a pick-up, are left out; it begins with
    `pickup` steps of a measure that is not whole, 0 for none.
    """

    melody: np.ndarray
    start: int
    pickup: int
    beats: int
    beat_type: int
    steps_per_measure: int
    steps_per_quarter: int
    key: Key | None
    title: str
    tempo: float

    @property
    def steps_per_beam(self):
        """Steps that are beamed together: a beat, or three in compound metres."""
        beat = beat_ticks(f"{self.beats}/{self.beat_type}") * self.steps_per_quarter
        return max(1, beat // TICKS_PER_QUARTER)

    def measures(self):
        """Events of each measure.

        Yields
        ------
        list of (int, int, int, bool)
            Start (steps from where the bar line is, or would be before a pick-up),
            length (steps), pitch or `REST`, and whether a note is tied to the next.
        """
        events = [piece for event in self._events() for piece in self._split(*event)]
        starts = range(self.pickup, len(self.melody) + 1, self.steps_per_measure)
        for start, end in pairwise([*[0] * (self.pickup > 0), *starts]):
            yield [
                (onset - end + self.steps_per_measure, length, pitch, tied)
                for onset, length, pitch, tied in events
                if start <= onset < end
            ]

    def _events(self):
        """Onset, end and pitch of notes and of the rests between them."""
        end = 0
        for onset, duration, pitch in notes_from_melody(self.melody).tolist():
            if onset > end:
                yield end, onset, REST
            end = onset + duration
            yield onset, end, pitch
        if end < len(self.melody):
            yield end, len(self.melody), REST

    def _split(self, onset, end, pitch):
        """Cut at bar lines, and into lengths that one note sign can show."""
        while onset < end:
            bar = onset - (onset - self.pickup) % self.steps_per_measure
            cut = self._cut(onset - bar, min(end - bar, self.steps_per_measure)) + bar
            yield onset, cut - onset, pitch, cut < end and pitch != REST
            onset = cut

    def _cut(self, start, end):
        """End of the first sign of a note from `start` to `end` in one measure."""
        if self._is_one_sign(end - start):
            return end
        # Cut on the strongest beat within: the last multiple of the largest unit.
        quarter = self.steps_per_quarter
        units = [quarter << power for power in range(10, 0, -1)]
        units += [unit for unit in range(quarter, 0, -1) if quarter % unit == 0]
        cuts = ((end - 1) // unit * unit for unit in units)
        return self._cut(start, next(cut for cut in cuts if cut > start))

    def _is_one_sign(self, length):
        """Whether a length is that of a plain or dotted note, or one of a tuplet."""
        odd_grid = self.steps_per_quarter // _power_of_two(self.steps_per_quarter)
        length //= gcd(length, odd_grid)
        return length // _power_of_two(length) in (1, 3)


def _power_of_two(number):
    """Largest power of two that divides a number."""
    return number & -number


def _silent_steps(melody, steps_per_measure, steps_per_quarter):
    """Steps of rest before a pick-up, which then lasts whole 64ths, as a metre can."""
    if (melody == REST).all():
        return 0
    silent = min(int(np.argmax(melody != REST)), steps_per_measure)
    return silent - silent % (steps_per_quarter // gcd(steps_per_quarter, 16))


def make_sheet(melody, time_signature, steps_per_quarter, key, title, tempo, pickup):
    """Check everything that a writer needs (see `write_melody`).

    Returns
    -------
    Sheet

    Raises
    ------
    ValueError
        If the melody is not legal, or a parameter is out of range.
    """
    melody = check_melodies(melody)
    if melody.ndim != 1:
        raise ValueError(
            f"Expected one melody of shape (n_steps,), got shape {melody.shape}; "
            f"write each row to a file of its own."
        )
    if not isinstance(steps_per_quarter, (int, np.integer)) or steps_per_quarter < 1:
        raise ValueError(
            f"Found steps_per_quarter={steps_per_quarter!r}; expected an integer >= 1."
        )
    beats, beat_type = parse_metre(time_signature)
    ticks = measure_ticks(time_signature) * int(steps_per_quarter)
    steps_per_measure, rest = divmod(ticks, TICKS_PER_QUARTER)
    if rest:
        raise ValueError(
            f"A measure of {time_signature} is no whole number of steps at "
            f"steps_per_quarter={steps_per_quarter}; a multiple of it may do."
        )
    if not isinstance(tempo, Real) or not isfinite(tempo) or not 10 <= tempo <= 1000:
        raise ValueError(
            f"Found tempo={tempo!r}; expected quarter notes per minute, 10 to 1000."
        )
    missing = -len(melody) % steps_per_measure
    silent = 0
    if pickup:
        silent = _silent_steps(melody, steps_per_measure, int(steps_per_quarter))
    melody = melody[silent:]
    # Line breaks and the like would end the title's line, or the file's encoding.
    title = "".join(c if c.isprintable() else " " for c in str(title))
    return Sheet(
        np.append(melody, np.full(missing, REST, melody.dtype)),
        silent,
        -silent % steps_per_measure,
        beats,
        beat_type,
        steps_per_measure,
        int(steps_per_quarter),
        None if key is None else parse_key(key),
        " ".join(title.split()),
        float(tempo),
    )
