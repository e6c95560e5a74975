"""A melody laid out for notation: measures of notes and rests, ties over bar lines."""

from bisect import bisect
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate, groupby, pairwise
from math import ceil, gcd
from numbers import Integral
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from sklearn_c2c._titles import one_line
from sklearn_c2c.io._sections import Written, written_measures
from sklearn_c2c.melody import (
    END,
    N_PITCHES,
    REST,
    Key,
    Metre,
    check_melodies,
    check_tempo,
    check_voices,
    notes_from_melody,
    parse_key,
    parse_metre,
    split_voices,
)

_LONGEST_QUARTERS = 32  # of a maxima, the longest note that MusicXML has
_MIDDLE_C = 60
_REPEATS = ("played", "signs")


@dataclass(frozen=True)
class Sheet:
    """A legal melody filled up to whole measures, and how to notate it.

    Its first `start` steps, rests before a pick-up, are left out; it begins with an
    incomplete measure of `pickup` steps, 0 for none. It may be one of several `voices`,
    which are all that sound together.
    """

    melody: np.ndarray
    start: int
    pickup: int
    metre: Metre
    steps_per_quarter: int
    key: Key | None
    title: str
    tempo: float
    repeats: str = "played"
    name: str = ""
    voices: tuple = ()  # the melodies of all voices, if there are several
    chords: tuple = ()  # chord symbols: number of the measure, step in it, name

    @property
    def clef(self):
        """The clef: "bass" for the low ones of several voices, else "treble"."""
        pitches = self.melody[self.melody < N_PITCHES]
        is_low = self.voices and len(pitches) and np.median(pitches) < _MIDDLE_C
        return "bass" if is_low else "treble"

    @property
    def beat(self):
        """Length of a beat, as a part of a whole note: 3/8 in compound metres."""
        return self.metre.beat

    @property
    def beats_per_minute(self):
        """The tempo in beats."""
        return self.tempo / self.metre.quarters_per_beat

    @cached_property
    def steps_per_measure(self):
        """Length of a measure."""
        return self.metre.steps_per_measure(self.steps_per_quarter)

    def written(self):
        """Measures to write, and their repeat signs.

        Returns
        -------
        list of Written
            `played` is the index among `measures`.
        """
        length = self.steps_per_measure
        n_before = int(self.pickup > 0)  # the measure of the pick-up, never repeated
        if self.repeats == "played":
            return [Written(i) for i in range(n_before + len(self.melody) // length)]
        voices = [voice[self.pickup :] for voice in self.voices or (self.melody,)]
        measures = np.stack([voice.reshape(-1, length) for voice in voices], axis=1)
        # As `read_melodies` has it: the pick-up, or what follows the last beat's onset.
        n_upbeat = max(self.pickup, ceil(4 * self.beat * self.steps_per_quarter) - 1)
        found = written_measures(measures, n_upbeat=n_upbeat)
        after = [one._replace(played=one.played + n_before) for one in found]
        return [Written(i) for i in range(n_before)] + after

    def missing(self, number):
        """Steps that a measure lacks at its start: a pick-up's rests before it."""
        is_short = number == 0 and self.pickup > 0
        return self.steps_per_measure - self.pickup if is_short else 0

    def measures(self):
        """Events of each measure.

        Yields
        ------
        list of (int, int, int, bool)
            Start (steps from where the bar line is, or would be before a pick-up),
            length (steps), pitch or `REST`, and whether a note is tied to the next.
        """
        for events, _ in self.measures_and_tuplets():
            yield events

    def measures_and_tuplets(self):
        """Events of each measure, and where tuplets are.

        A note is cut at bar lines, where a tuplet begins or ends, and where it would
        hide a beat. Each piece has a length that one note sign can show.

        Yields
        ------
        events : list of (int, int, int, bool)
            As of `measures`.
        tuplets : list of Tuplet
        """
        for _, events in groupby(self._events_by_measure(), key=itemgetter(0)):
            events = [event for _, event in events]
            bounds = {place for event in events for place in event[:2]}
            tuplets = self._tuplets(bounds, 0)
            edges = [edge for tuplet in tuplets for edge in tuplet[:2]]
            yield (
                [
                    (start, end - start, pitch, (ties or end < last) and pitch != REST)
                    for first, last, pitch, ties in events
                    for start, end in self._signs(first, last, tuplets, edges)
                ],
                tuplets,
            )

    def beam(self, events):
        """Number the group to which each event of a measure is beamed.

        Eighths go in fours in 4/4 and cut time, but by quarters in a half measure that
        has shorter notes; in threes in compound metres; else by beats.
        """
        ends = self._beam_ends()
        groups = [bisect(ends, start) for start, _, _, _ in events]
        if not _is_in_halves(self.metre):
            return groups
        eighth = self.steps_per_quarter / 2
        short = {
            group
            for group, (_, length, _, _) in zip(groups, events, strict=True)
            if length < eighth
        }
        return [
            (group, start // self.steps_per_quarter if group in short else 0)
            for group, (start, _, _, _) in zip(groups, events, strict=True)
        ]

    def _beam_ends(self):
        """Steps from the bar line at which groups of notes that are beamed end."""
        beats, beat_type = self.metre
        unit = Fraction(4 * self.steps_per_quarter, beat_type)
        if _is_in_halves(self.metre):
            counts = [beat_type // 2] * beats
        elif beat_type < 8:
            counts = [1] * beats
        else:
            counts = _threes_and_twos(beats)
        return [unit * count for count in accumulate(counts)]

    def _events_by_measure(self):
        """Number of the measure, and (start, end, pitch, goes on) of its events."""
        first = self.steps_per_measure - self.pickup if self.pickup else 0
        for onset, end, pitch in self._events():
            onset, end = onset + first, end + first
            while onset < end:
                number = onset // self.steps_per_measure
                bar = number * self.steps_per_measure
                cut = min(end, bar + self.steps_per_measure)
                yield number, (onset - bar, cut - bar, pitch, cut < end)
                onset = cut

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

    @cached_property
    def _sizes(self):
        """Sizes in steps of the spans that a measure is divided into, largest first."""
        beats, beat_type = self.metre
        unit = Fraction(4 * self.steps_per_quarter, beat_type)
        in_threes = beats % 3 == 0 and beats > 3
        beat = 3 * unit if in_threes else unit
        sizes = [beats * unit]
        while sizes[-1] / beat % 2 == 0:
            sizes.append(sizes[-1] / 2)
        sizes += [beat] * (sizes[-1] != beat) + [unit] * in_threes
        while sizes[-1] % 2 == 0:
            sizes.append(sizes[-1] / 2)
        return [int(size) for size in sizes if size.denominator == 1]

    @property
    def _odd_grid(self):
        """Steps of the shortest note that halving a quarter note gives."""
        return _odd_part(self.steps_per_quarter)

    def _tuplets(self, bounds, start, level=0):
        """Tuplets in one of the spans that a measure is divided into.

        Parameters
        ----------
        bounds : set of int
            Steps at which events begin or end.
        start, level : int
            Where the span begins, and the index of its size.

        Returns
        -------
        list of Tuplet
            The shortest that no tie is needed in.
        """
        size = self._sizes[level]
        end = start + size
        inside = [place - start for place in bounds if start < place < end]
        if all(place % self._odd_grid == 0 for place in inside):
            return []
        n_parts = size // gcd(size, *inside)
        tuplet = Tuplet(start, end, _odd_part(n_parts))
        is_tuplet = 1 < tuplet.n <= 9 and _odd_part(size) == self._odd_grid
        if is_tuplet and n_parts == tuplet.n:
            return [tuplet]
        if level + 1 == len(self._sizes):
            return [tuplet] if is_tuplet else []
        starts = range(start, end, self._sizes[level + 1])
        if (
            is_tuplet
            and size <= self.steps_per_quarter
            and not bounds.issuperset(starts)
        ):
            return [tuplet]
        return [t for child in starts for t in self._tuplets(bounds, child, level + 1)]

    def _signs(self, start, end, tuplets, edges):
        """Start and end of each note sign of an event in one measure."""
        cuts = [edge for edge in edges if start < edge < end]
        for first, last in pairwise(sorted({start, *cuts, end})):
            inside = [t for t in tuplets if t.start <= first and last <= t.end]
            while first < last:
                if inside:
                    cut = inside[0].sign_end(first, last)
                else:
                    longest = first + _LONGEST_QUARTERS * self.steps_per_quarter
                    cut = self._plain_sign_end(first, min(last, longest))
                yield first, cut
                first = cut

    def _plain_sign_end(self, start, end):
        """End of the first sign of a note that is in no tuplet."""
        while True:
            level = self._crossed(start, end)
            if level == len(self._sizes):
                odd = self._odd_grid if (end - start) % self._odd_grid == 0 else 1
                return start + _longest_sign((end - start) // odd) * odd
            signs = self._odd_grid, 3 * self._odd_grid
            if _odd_part(end - start) in signs and self._shows_beat(start, end, level):
                return end
            size = self._sizes[level]
            begins_there = start % size == 0
            end = (end - 1) // size * size if begins_there else _after(start, size)

    def _crossed(self, start, end):
        """Index of the largest size of span with a boundary within a note."""
        inside = (i for i, s in enumerate(self._sizes) if _after(start, s) < end)
        return next(inside, len(self._sizes))

    def _shows_beat(self, start, end, level):
        """Whether one sign may cross a boundary between spans of the size at `level`.

        It may if it begins on such a boundary and ends on one, or halfway between two;
        or if it is a syncopation in halves, such as eighth, quarter, eighth in 4/4.
        """
        sizes = self._sizes
        begins, ends = self._level(start), self._level(end)
        has_halves = level + 1 < len(sizes) and sizes[level] == 2 * sizes[level + 1]
        if begins <= level:
            return ends <= level or (ends == level + 1 and has_halves)
        is_half = sizes[level - 1] == 2 * sizes[level]
        return begins == level + 1 >= ends and has_halves and is_half

    def _level(self, place):
        """Index of the largest size of span with a boundary at a place in a measure."""
        levels = (i for i, size in enumerate(self._sizes) if place % size == 0)
        return next(levels, len(self._sizes))


class Tuplet(NamedTuple):
    """A tuplet: `n` equal parts from `start` to `end`.

    The parts are written as if there were `as_many`, the power of two below `n`.
    """

    start: int
    end: int
    n: int

    @property
    def as_many(self):
        return 1 << (self.n.bit_length() - 1)

    def sign_end(self, start, end):
        """End of the first sign of a note within the tuplet."""
        part = gcd(self.end - self.start, start - self.start, end - self.start)
        return start + _longest_sign((end - start) // part) * part


def _is_in_halves(metre):
    beats, beat_type = metre
    return beat_type == 2 or (beat_type == 4 and beats % 4 == 0)


def _after(place, size):
    """First multiple of a size that comes after a place."""
    return (place // size + 1) * size


def _odd_part(number):
    return number // (number & -number)


def _longest_sign(length):
    """Longest length of a plain or dotted note, of one part or more, that fits."""
    if _odd_part(length) in (1, 3):
        return length
    return 1 << (length.bit_length() - 1)


def _threes_and_twos(number):
    """Divide a number of eighths into threes, and twos after them."""
    threes, rest = divmod(number, 3)
    if rest == 1 and threes:
        threes, rest = threes - 1, 4
    return [3] * threes + [2] * (rest // 2) + [1] * (rest % 2)


def _silent_steps(melodies, steps_per_measure, steps_per_quarter):
    """Steps of rest before a pick-up, rounded so that the pick-up lasts whole 64ths."""
    sounds = np.any(np.stack(melodies) != REST, axis=0)
    if not sounds.any():
        return 0
    silent = min(int(np.argmax(sounds)), steps_per_measure)
    return silent - silent % (steps_per_quarter // gcd(steps_per_quarter, 16))


def check_repeats(repeats):
    """Check how repeats are to be written (see `write_melody`)."""
    if repeats not in _REPEATS:
        options = " or ".join(map(repr, _REPEATS))
        raise ValueError(f"Found repeats={repeats!r}; expected {options}.")


def make_sheets(
    melody,
    time_signature,
    steps_per_quarter,
    key,
    title,
    tempo,
    pickup,
    repeats="played",
    *,
    voices=None,
):
    """Check everything that a writer needs (see `write_melody`).

    Steps after the end of the melody are left out.

    Returns
    -------
    list of Sheet
        One for each voice.

    Raises
    ------
    ValueError
        If the melody is not legal, or a parameter is out of range.
    """
    melodies, names = _voices(melody, voices)
    metre = parse_metre(time_signature)
    steps_per_measure = metre.steps_per_measure(steps_per_quarter)
    check_tempo(tempo)
    check_repeats(repeats)
    silent = 0
    if pickup:
        silent = _silent_steps(melodies, steps_per_measure, int(steps_per_quarter))
    filled = [_filled_up(voice, steps_per_measure)[silent:] for voice in melodies]
    return [
        Sheet(
            voice,
            silent,
            -silent % steps_per_measure,
            metre,
            int(steps_per_quarter),
            None if key is None else parse_key(key),
            one_line(str(title)),
            float(tempo),
            repeats=repeats,
            name=name,
            voices=tuple(filled) if len(filled) > 1 else (),
        )
        for voice, name in zip(filled, names, strict=True)
    ]


def make_sheet(melody, *notation, **options):
    """Check everything that a writer needs, and lay out the melody or first voice.

    Parameters and errors are those of `make_sheets`.

    Returns
    -------
    Sheet
    """
    return make_sheets(melody, *notation, **options)[0]


def _filled_up(melody, steps_per_measure):
    """A melody filled up with rest to whole measures."""
    missing = -len(melody) % steps_per_measure
    return np.append(melody, np.full(missing, REST, melody.dtype))


def _voices(melody, voices):
    """Melodies of the voices, without their ends, and the names of the voices."""
    if voices is None:
        melody = check_melodies(melody)
        _check_is_one(melody)
        return [melody[melody != END]], [""]
    names = voice_names(voices)
    melody = check_voices(melody, len(names))
    _check_is_one(melody)
    return list(split_voices(melody, len(names))), names


def _check_is_one(melody):
    if melody.ndim != 1:
        raise ValueError(
            f"Expected one melody of shape (n_steps,), got shape {melody.shape}; "
            f"write each row to a file of its own."
        )


def voice_names(voices):
    """Names of voices, which are given or numbered from 1.

    Parameters
    ----------
    voices : int or list of str

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        If there is no voice, or names are no strings or not different.
    """
    if isinstance(voices, Integral) and not isinstance(voices, bool) and voices > 0:
        return [f"Voice {i + 1}" for i in range(voices)]
    is_list = isinstance(voices, (list, tuple)) and len(voices) > 0
    if not is_list or not all(isinstance(name, str) for name in voices):
        raise ValueError(
            f"Found voices={voices!r}; expected a number of voices, or a list of their "
            "names."
        )
    names = [one_line(name).replace('"', "'") for name in voices]
    if len(set(names)) < len(names) or not all(names):
        raise ValueError(f"Found voices={voices!r}; expected names that differ.")
    return names
