"""From a tune to a row of steps: the reading rules that a parameter can change.

Each function takes and returns plain arrays in ticks; what cannot be read raises a
`TuneError` with the reason.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

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
    TIED,
    TuneError,
    ends_of,
    measure_ticks,
)
from sklearn_c2c.io._window import find_window, first_sounding, metre_of_row
from sklearn_c2c.melody import HOLD, N_PITCHES, REST, melody_from_notes, parse_key


class Excerpt(NamedTuple):
    """The notes that a row is made of, in ticks from the start of the row.

    Notes that begin at `stop` or later are an upbeat to what is played next; the last
    note before them is held instead (`close`).
    """

    notes: np.ndarray  # (n_notes, 4), as of a Part
    stop: int
    n_measures: int  # without that of the pick-up
    n_silent: int  # measures before the first note, left out
    n_silent_after: int  # measures after the last note of a whole tune, left out
    bar: int  # length of a measure
    has_pickup: bool  # whether the first measure is that of the pick-up
    fermatas: np.ndarray  # onsets of the notes that have one

    def measure_at(self, onset):
        """Name the measure of a time, counted from the first full one of the tune."""
        number = onset // self.bar + 1 - self.has_pickup + self.n_silent
        return f"measure {number}" if number else "the pick-up"


def metre_of(parts):
    """Metre of the measure where the first note of all voices is, or None.

    Without notes it is that of the first measure.
    """
    measures = parts[0].measures
    notes = _together([part.notes for part in parts])
    return metre_of_row(measures[first_sounding(notes, measures)].tolist())


def excerpts(parts, metre, n_measures, *, repeats, pickup, tolerance):
    """Cut the first full measures, or all of them, out of the voices of a tune.

    Parameters
    ----------
    parts : list of Part
        At least one; all have the same measures.
    metre : Metre
    n_measures : int or None
        None takes all, up to the last that has a note.
    repeats : {"written", "played"}
    pickup : {"drop", "keep"}
        Whether the row begins with the first full measure, or one measure before it.
    tolerance : int
        Ticks by which a note that begins a measure may be early.

    Returns
    -------
    list of Excerpt
        One for each part, of the same measures. Ties joined, notes cut to them.
    """
    bar = measure_ticks(metre)
    unfolded = [unfold(part, played=repeats == "played") for part in parts]
    voices, measures = [without_unisons(notes) for notes, _ in unfolded], unfolded[0][1]
    sounding = _together(voices)
    if not len(sounding):
        raise TuneError("has no notes", "empty")
    window = find_window(sounding, measures, metre, n_measures, pickup, tolerance)
    start = window.start - (bar if pickup == "keep" else 0)
    voices = [_cut(join_ties(notes), start, window.end) for notes in voices]
    stop = window.stop - start
    if window.leads_on:
        stop -= _upbeat(voices[0], stop, metre, window.pick_up)
    return [
        Excerpt(
            notes=notes,
            stop=stop,
            n_measures=window.n_measures,
            n_silent=window.n_silent,
            n_silent_after=window.n_silent_after,
            bar=bar,
            has_pickup=pickup == "keep",
            fermatas=_fermatas(part, repeats == "played", start, window.end),
        )
        for notes, part in zip(voices, parts, strict=True)
    ]


def _fermatas(part, played, start, end):
    """Fermatas of a part between two times, in ticks from the first one."""
    rows = np.zeros((len(part.fermatas), 4), np.int64)
    rows[:, ONSET] = part.fermatas
    onsets = unfold(replace(part, notes=rows), played)[0][:, ONSET]
    return onsets[(onsets >= start) & (onsets < end)] - start


def _together(voices):
    """Notes of all voices, by onset."""
    notes = np.concatenate(voices)
    return notes[np.argsort(notes[:, ONSET], kind="stable")]


def _cut(notes, start, end):
    """Notes between two times, cut there, in ticks from the first one."""
    onsets, ends = np.maximum(notes[:, ONSET], start), np.minimum(ends_of(notes), end)
    notes[:, ONSET], notes[:, DURATION] = onsets - start, ends - onsets
    return notes[ends > onsets]


def play_order(measures, played):
    """Indices of measures in the order they sound.

    A section ends at a repeat sign or after its last ending. Played, it occurs as often
    as its sign or its endings say; written, once, with its last ending.
    """
    endings, closes = measures[:, ENDINGS], measures[:, CLOSES]
    after = np.zeros(len(measures), dtype=bool)
    after[1:] = (endings[1:] == 0) & ((closes[:-1] > 0) | (endings[:-1] > 0))
    sections = np.cumsum(after | (measures[:, OPENS] > 0))
    if not played and not endings.any():
        return np.arange(len(measures))
    order = []
    for section in np.unique(sections):
        inside = np.flatnonzero(sections == section)
        last = max(1, int(endings[inside].max()).bit_length())
        times = max(last, closes[inside].max())
        for turn in range(times) if played else [last - 1]:
            sounds = (endings[inside] == 0) | (endings[inside] >> turn & 1 > 0)
            order.extend(inside[sounds])
    return np.array(order, dtype=np.intp)


def unfold(part, played):
    """Lay out notes and measures of a part in the order they sound."""
    order = play_order(part.measures, played)
    if np.array_equal(order, np.arange(len(part.measures))):
        return part.notes, part.measures
    measures = part.measures[order]
    starts = np.cumsum(measures[:, LENGTH]) - measures[:, LENGTH]
    bounds = np.searchsorted(part.notes[:, ONSET], part.measures[:, START])
    bounds = np.append(bounds, len(part.notes))
    pieces = [part.notes[:0]]
    for i, (place, start) in enumerate(zip(order, starts, strict=True)):
        piece = part.notes[bounds[place] : bounds[place + 1]].copy()
        if i + 1 == len(order) or order[i + 1] != place + 1:
            # Notes are cut at a jump.
            end = part.measures[place, START] + part.measures[place, LENGTH]
            piece[:, DURATION] = np.minimum(piece[:, DURATION], end - piece[:, ONSET])
        piece[:, ONSET] += start - part.measures[place, START]
        pieces.append(piece)
    measures[:, START] = starts
    return np.concatenate(pieces), measures


def _upbeat(notes, end, metre, pick_up):
    """Ticks within which notes at the end of a whole measure may be an upbeat.

    They are as long as the tune's pick-up, if the note before is longer than any note
    within them; else they are what follows the onset of the last beat.
    """
    onsets, durations = notes[:, ONSET], notes[:, DURATION]
    inside = onsets >= end - pick_up
    if inside.any() and not inside.all() and pick_up < measure_ticks(metre):
        if durations[~inside][-1] > durations[inside].max():
            return pick_up
    return metre.steps_per_beat(TICKS_PER_QUARTER) - 1


def join_ties(notes):
    """Join each tied note with the next, if that is adjacent and of the same pitch."""
    notes = notes[np.lexsort((notes[:, ONSET], notes[:, PITCH]))]
    ends = ends_of(notes)
    joined = (
        (notes[:-1, TIED] > 0)
        & (notes[:-1, PITCH] == notes[1:, PITCH])
        & (ends[:-1] == notes[1:, ONSET])
    )
    heads = np.flatnonzero(np.append(True, ~joined)[: len(notes)])
    lasts = np.append(heads[1:], len(notes))[: len(heads)] - 1
    notes = notes[heads]
    notes[:, DURATION] = ends[lasts] - notes[:, ONSET]
    return notes[np.argsort(notes[:, ONSET], kind="stable")]


def one_voice(excerpt, chords, tolerance):
    """Check that one note sounds at a time, or keep the highest ones.

    Parameters
    ----------
    excerpt : Excerpt
    chords : {"reject", "highest"}
    tolerance : int
        Ticks by which a note may overlap the next one, as in legato playing.

    Returns
    -------
    ndarray of int64, shape (n_notes, 4)
    """
    notes = excerpt.notes
    together = sound_together(notes, tolerance)
    if not together.any():
        return notes
    if chords == "reject":
        place = excerpt.measure_at(notes[1:, ONSET][np.argmax(together)])
        raise TuneError(
            f"has chords: several notes sound together in {place}; pass "
            f"chords='highest' to keep the highest",
            "chords",
        )
    kept, sounding = [], []
    for note in sorted(notes.tolist(), key=lambda n: (n[ONSET], -n[PITCH])):
        now = note[ONSET] + tolerance
        sounding = [n for n in sounding if n[ONSET] + n[DURATION] > now]
        if not any(n[PITCH] >= note[PITCH] for n in sounding):
            kept.append(note)
            sounding.append(note)
    return np.array(kept)


def without_unisons(notes):
    """Merge notes of one onset and pitch into the longest of them.

    Parameters
    ----------
    notes : ndarray of int64, shape (n_notes, 4)
        In the order of their onsets.

    Returns
    -------
    ndarray of int64, shape (n_different, 4)
        In the order of their onsets.
    """
    longest_first = (-notes[:, TIED], -notes[:, DURATION])
    found = notes[np.lexsort((*longest_first, notes[:, PITCH], notes[:, ONSET]))]
    is_new = np.ones(len(found), dtype=bool)
    is_new[1:] = np.diff(found[:, [ONSET, PITCH]], axis=0).any(axis=1)
    return notes if is_new.all() else found[is_new]


def sound_together(notes, tolerance):
    """Whether each note but the first begins while one before it sounds.

    Parameters
    ----------
    notes : ndarray of int64, shape (n_notes, 4)
        In the order of their onsets.
    tolerance : int
        Ticks by which a note may overlap the next one.

    Returns
    -------
    ndarray of bool, shape (max(0, n_notes - 1),)
    """
    ends = np.maximum.accumulate(ends_of(notes))
    onsets = notes[:, ONSET]
    return (np.diff(onsets) == 0) | (ends[:-1] > onsets[1:] + tolerance)


def check_grid(excerpt, notes, steps_per_quarter):
    """Check that each of the notes of an excerpt begins on a step."""
    off = notes[:, ONSET] * steps_per_quarter % TICKS_PER_QUARTER > 0
    if off.any():
        place = excerpt.measure_at(notes[np.argmax(off), ONSET])
        raise TuneError(
            f"has a note in {place} that begins between two time steps, at "
            f"steps_per_quarter={steps_per_quarter}",
            "off grid",
        )


def on_grid(notes, steps_per_quarter, n_steps):
    """Round notes to steps and write them into a row.

    An onset goes to the nearest step, the earlier of two equally near; of several
    onsets on one step the nearest stays, the earlier of two equally near. A note lasts
    to the step nearest its end, at least one step, and not past the next onset.

    Returns
    -------
    row : ndarray of int16, shape (n_steps,)
    n_moved : int
        Onsets between two steps.
    n_merged : int
        Notes left out for another one on their step.
    """
    # Exact integers: in this unit a step is TICKS_PER_QUARTER long.
    starts = notes[:, ONSET] * steps_per_quarter
    onsets = nearest_step(starts)
    distances = np.abs(starts - onsets * TICKS_PER_QUARTER)
    kept = np.lexsort((notes[:, ONSET], distances, onsets))
    kept = kept[np.append(True, np.diff(onsets[kept]) > 0)[: len(kept)]]
    n_merged = len(notes) - len(kept)
    kept = kept[onsets[kept] < n_steps]
    ends = ends_of(notes)[kept]
    onsets = onsets[kept]
    ends = np.maximum(nearest_step(ends * steps_per_quarter), onsets + 1)
    ends = np.minimum(ends, np.append(onsets[1:], n_steps)[: len(ends)])
    steps = np.column_stack([onsets, ends - onsets, notes[kept, PITCH]])
    row = melody_from_notes(steps, n_steps)
    return row, int(np.count_nonzero(distances)), n_merged


def held_at(row, times, steps_per_quarter):
    """Steps of a row in which its notes sound that sound at some times.

    Parameters
    ----------
    row : ndarray of int16, shape (n_steps,)
    times : ndarray of int64, shape (n_times,)
        Ticks from the start of the row.
    steps_per_quarter : int

    Returns
    -------
    ndarray of bool, shape (n_steps,)
    """
    steps = np.minimum(nearest_step(times * steps_per_quarter), len(row) - 1)
    note = np.cumsum(row != HOLD)
    return np.isin(note, note[steps]) & (row != REST)


def close(row, stop, steps_per_quarter):
    """Fill a row from `stop` to its end: hold the last note, or go on resting.

    Parameters
    ----------
    row : ndarray of int16, shape (n_steps,)
        Changed in place.
    stop : int
        Ticks from the start of the row.
    steps_per_quarter : int

    Returns
    -------
    int
        Steps from `stop` to the end, if notes in them were replaced; else 0.
    """
    first = -(-stop * steps_per_quarter // TICKS_PER_QUARTER)
    rest = row[first:]
    n_dropped = len(rest) if (rest < N_PITCHES).any() else 0
    if len(rest):
        rest[:] = REST if row[first - 1] == REST else HOLD
    return n_dropped


def nearest_step(times):
    """Nearest step of times in parts of a step, the earlier of two equally near."""
    return -((TICKS_PER_QUARTER - 2 * times) // (2 * TICKS_PER_QUARTER))


def semitones_to(tune, key):
    """Semitones that bring a tune's tonic to that of `key`, -5 to 6."""
    if not tune.key:
        raise TuneError("has no key to transpose from", "key")
    shift = parse_key(key).pitch_class - parse_key(tune.key).pitch_class
    return (shift + 5) % 12 - 5


def finest_grid(excerpts):
    """Steps per quarter note of the coarsest grid on which all notes lie (Todd)."""
    times = [notes[:, [ONSET, DURATION]].ravel() for notes in excerpts]
    divisor = np.gcd.reduce(np.concatenate([*times, [TICKS_PER_QUARTER]]))
    return int(TICKS_PER_QUARTER // divisor)
