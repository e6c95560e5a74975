"""Tunes as they are written: measures of any length, repeat signs and endings.

`read_melodies` gives rows of whole measures, for models. A book shows a tune as its
file has it: pick-ups and short measures stay what they are, and nothing is played out.
"""

import re
from bisect import bisect
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sklearn_c2c._titles import one_line
from sklearn_c2c.io import _excerpt as rules
from sklearn_c2c.io._choice import Rejection, check_mode_of
from sklearn_c2c.io._parameters import MAX_MEASURES
from sklearn_c2c.io._parts import choose_part
from sklearn_c2c.io._sections import Written
from sklearn_c2c.io._sheet import Sheet
from sklearn_c2c.io._tune import (
    CLOSES,
    DURATION,
    ENDINGS,
    LENGTH,
    ONSET,
    OPENS,
    PITCH,
    START,
    TICKS_PER_QUARTER,
    TuneError,
    ends_of,
    grid_of,
    unexpected,
)
from sklearn_c2c.melody import Metre, parse_key, parse_metre, spelled_key

# Grids on which a tune is tried, in steps of a quarter note: the first that holds its
# notes exactly has the fewest signs. 20, 28 and 40 hold quintuplets and septuplets.
_GRIDS = (4, 12, 24, 48, 20, 40, 28)
_SHARPS = "C C# D D# E F F# G G# A A# B".split()
_FLATS = "C Db D Eb E F Gb G Ab A Bb B".split()
_ROOTS = re.compile(r"(?:^|(?<=/))[A-G][#b]?")


class Bar(NamedTuple):
    """What stands between two bar lines or signs, in steps.

    `place` is where in a measure of the metre it begins: a pick-up ends with it.
    """

    start: int
    length: int
    place: int


@dataclass(frozen=True)
class WrittenSheet(Sheet):
    """A melody whose measures and signs are those of its file."""

    bars: tuple = ()
    signs: tuple = ()  # a `Written` for each

    def written(self):
        """Measures to write, and their repeat signs."""
        return list(self.signs)

    def missing(self, number):
        """Steps that a measure lacks at its start."""
        return self.bars[number].place

    def _events_by_measure(self):
        starts = [bar.start for bar in self.bars]
        for onset, end, pitch in self._events():
            number = bisect(starts, onset) - 1
            while onset < end:
                start, length, place = self.bars[number]
                cut = min(end, start + length)
                yield (
                    number,
                    (onset - start + place, cut - start + place, pitch, cut < end),
                )
                onset, number = cut, number + 1


class WrittenTune(NamedTuple):
    """A tune to be engraved, where it was found, and what was changed in it."""

    source: str
    tune: object
    sheet: WrittenSheet
    warnings: tuple  # sentences


def written_tunes(tunes, choice):
    """Lay out tunes as they are written.

    Parameters
    ----------
    tunes : list of SourcedTune
    choice : Choice
        Of which those parameters count that leave tunes out or move them: metre, key,
        mode, part, chords, grid and duplicates.

    Returns
    -------
    read : list of WrittenTune
    rejected : list of Rejection
    """
    read, rejected, known = [], [], {}
    for source, tune in tunes:
        try:
            found = _written_tune(source, tune, choice)
            if choice.duplicates == "drop":
                _check_is_new(found, known)
            read.append(found)
        except TuneError as error:
            reason = str(error), error.kind, error.found
            rejected.append(Rejection(source, tune.title, *reason))
        except Exception as error:  # a bug must not stop the reading of other tunes
            reason = unexpected(error), "damaged"
            rejected.append(Rejection(source, tune.title, *reason))
    return read, rejected


def _check_is_new(found, known):
    sheet = found.sheet
    content = sheet.melody.tobytes(), sheet.bars, sheet.signs, sheet.metre
    first = known.setdefault(content, found.source)
    if first != found.source:
        raise TuneError(f"has the same notes as {first}", "duplicate")


def _written_tune(source, tune, choice):
    part = choose_part(tune, choice.part)
    if choice.only_mode:
        check_mode_of(tune, choice.only_mode)
    notes, rows, origin = _sounding(part)
    metre = _metre(rows, choice)
    bounds = np.append(rows[:, START], rows[-1, START] + rows[-1, LENGTH])
    excerpt = _excerpt(notes, rows, metre)
    steps_per_quarter = _grid(notes, bounds, metre, choice)
    tolerance = TICKS_PER_QUARTER // (2 * steps_per_quarter)
    voice = rules.one_voice(excerpt, choice.chords, tolerance)
    if choice.off_grid == "reject":
        rules.check_grid(excerpt, voice, steps_per_quarter)
    bounds = rules.nearest_step(bounds * steps_per_quarter)
    rows, bounds = _without_empty(rows, bounds)
    voice = _moved(voice, tune, choice)
    bars = tuple(_bars(rows, bounds, metre.steps_per_measure(steps_per_quarter)))
    melody, *counts = rules.on_grid(voice, steps_per_quarter, int(bounds[-1]))
    sheet = WrittenSheet(
        melody=melody,
        start=0,
        pickup=0,
        metre=metre,
        steps_per_quarter=steps_per_quarter,
        key=_key(tune, choice),
        title=one_line(tune.title),
        tempo=120.0,
        bars=bars,
        signs=tuple(_signs(rows)),
        chords=tuple(_chords(part, bars, origin, steps_per_quarter, tune, choice)),
    )
    warnings = _warnings(len(notes) - len(voice), *counts)
    return WrittenTune(source, tune, sheet, (*tune.warnings, *warnings))


def _sounding(part):
    """Notes of a part, its ties joined, and its measures, both from the third value on.

    Measures without notes before the first note and after the last one are left out.
    """
    notes, rows = rules.without_unisons(part.notes), part.measures
    rows = rows[rows[:, LENGTH] > 0]
    if not len(notes):
        raise TuneError("has no notes", "empty")
    starts = rows[:, START]
    first = starts.searchsorted(notes[0, ONSET], side="right") - 1
    last = starts.searchsorted(ends_of(notes).max())
    rows = rows[max(first, 0) : last].copy()
    if len(rows) > MAX_MEASURES:
        raise TuneError(
            f"has {len(rows)} measures, more than the {MAX_MEASURES} that are read",
            "length",
            len(rows),
        )
    notes = rules.join_ties(notes)
    origin = int(rows[0, START])
    notes[:, ONSET] -= origin
    rows[:, START] -= origin
    return notes, rows, origin


def _metre(rows, choice):
    """Metre of all measures, as it is stated."""
    stated = {Metre(*row) for row in rows[:, [2, 3]].tolist() if row[0]}
    asked = choice.time_signature
    if not stated:
        if asked is None:
            raise TuneError(
                "states no metre; pass time_signature= to say which it is in",
                "metre",
                "",
            )
        return parse_metre(asked)
    found = Metre(*next(row for row in rows[:, [2, 3]].tolist() if row[0]))
    if asked is not None and grid_of(found) != grid_of(parse_metre(asked)):
        raise TuneError(f"is in {found}, not in {asked}", "metre", str(found))
    if len({grid_of(metre) for metre in stated}) > 1:
        names = ", ".join(sorted(map(str, stated)))
        raise TuneError(f"changes metre: {names}", "metre")
    return found


def _excerpt(notes, rows, metre):
    """The whole tune, as `rules` takes it."""
    bar = metre.steps_per_measure(TICKS_PER_QUARTER)
    end = int(rows[-1, START] + rows[-1, LENGTH])
    return rules.Excerpt(
        notes=notes,
        stop=end,
        n_measures=len(rows),
        n_silent=0,
        n_silent_after=0,
        bar=bar,
        has_pickup=bool(rows[0, LENGTH] < bar),
        fermatas=np.zeros(0, np.int64),
    )


def _grid(notes, bounds, metre, choice):
    """Steps in a quarter note: the fewest that hold all notes, or those asked for."""
    asked = choice.steps_per_quarter
    whole = []
    for n in _GRIDS if asked == "auto" else (asked,):
        try:
            metre.steps_per_measure(n)
        except ValueError:  # a measure is no whole number of these steps
            continue
        whole.append(n)
    if not whole:
        raise TuneError(f"is in {metre}, which no grid of steps holds", "metre")
    times = np.concatenate([notes[:, ONSET], notes[:, DURATION], bounds])
    exact = [n for n in whole if not (times * n % TICKS_PER_QUARTER).any()]
    return (exact or whole)[0]


def _without_empty(rows, bounds):
    """Leave out measures that are shorter than half a step."""
    kept = np.diff(bounds) > 0
    if not kept.any():
        raise TuneError("is shorter than a time step", "empty")
    return rows[kept], np.append(bounds[:-1][kept], bounds[-1])


def _moved(notes, tune, choice):
    """Notes moved to the tonic asked for."""
    if choice.key is None:
        return notes
    notes = notes.copy()
    notes[:, PITCH] += rules.semitones_to(tune, choice.key)
    if notes[:, PITCH].min() < 0 or notes[:, PITCH].max() > 127:
        raise TuneError("spans pitches beyond MIDI once transposed", "range")
    return notes


def _key(tune, choice):
    """Key of the signature: the tune's own tonic or the one asked for, and its mode."""
    if not tune.key:
        return None
    tonic, mode = tune.key.split()
    return spelled_key(choice.key or tonic, mode)


def _chords(part, bars, origin, steps_per_quarter, tune, choice):
    """Measure, step in it and name of each chord symbol, moved with the notes."""
    semitones, flats = 0, False
    if choice.key is not None:
        semitones = rules.semitones_to(tune, choice.key)
        flats = _key(tune, choice).signature < 0
    starts = [bar.start for bar in bars]
    for time, name in part.chords:
        step = int(rules.nearest_step((time - origin) * steps_per_quarter))
        number = bisect(starts, step) - 1
        if 0 <= number and step < starts[number] + bars[number].length:
            place = step - starts[number] + bars[number].place
            text = moved_chord(name, semitones, flats) if semitones else name
            yield number, place, text


def moved_chord(name, semitones, flats):
    """A chord symbol of another root and bass note.

    Parameters
    ----------
    name : str
        Such as ``"F#m7/C#"``.
    semitones : int
    flats : bool
        Whether black keys are flats.

    Returns
    -------
    str
    """

    def moved(match):
        pitch = parse_key(match[0]).pitch_class + semitones
        return (_FLATS if flats else _SHARPS)[pitch % 12]

    return _ROOTS.sub(moved, name)


def _bars(rows, bounds, measure):
    """Where each measure is, and where in one of the metre it begins.

    A short one completes the one before, or is completed by the next; others that are
    first or follow a repeat sign are pick-ups.
    """
    lengths, end = np.diff(bounds).tolist(), 0
    for i, length in enumerate(lengths):
        after = lengths[i + 1] if i + 1 < len(lengths) else 0
        is_pickup = i == 0 or rows[i - 1, CLOSES] > 0 or rows[i, OPENS] > 0
        place = 0
        if length < measure and 0 < end and end + length <= measure:
            place = end
        elif length < measure and is_pickup and length + after != measure:
            place = measure - length
        end = (place + length) % measure if length < measure else 0
        yield Bar(int(bounds[i]), length, place)


def _signs(rows):
    """Repeat signs and endings of each measure."""
    for i, row in enumerate(rows.tolist()):
        yield Written(i, row[OPENS] > 0, row[CLOSES], _ending(row[ENDINGS]))


def _ending(bits):
    """Number of an ending, or numbers such as "1, 3"; 0 for none."""
    passes = [i + 1 for i in range(bits.bit_length()) if bits >> i & 1]
    return passes[0] if len(passes) == 1 else ", ".join(map(str, passes)) or 0


def _warnings(n_chord_notes, n_moved, n_merged):
    counted = (
        (n_chord_notes, "lower note", "of chords left out"),
        (n_moved, "note", "moved to the nearest time step"),
        (n_merged, "note", "left out, as a nearer one is on the same time step"),
    )
    for count, noun, what in counted:
        if count:
            yield f"{count} {noun}{'s' * (count != 1)} {what}"
