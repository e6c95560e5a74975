"""From a tune to a row of steps: every rule of reading that has a choice.

Each function takes and returns plain arrays in ticks; what cannot be read raises a
`TuneError` with the reason.
"""

from typing import NamedTuple

import numpy as np

from sklearn_c2c.io._key import parse_key
from sklearn_c2c.io._tune import (
    BEAT_TYPE,
    BEATS,
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
    beat_ticks,
    grid_of,
    measure_ticks,
)
from sklearn_c2c.melody import HOLD, N_PITCHES, REST, melody_from_notes


class Excerpt(NamedTuple):
    """The notes that a row is made of, in ticks from the start of the row.

    What begins at `stop` or after it leads on to what is played next: the last note
    before it is held on instead (`close`).
    """

    notes: np.ndarray  # (n_notes, 4), as of a Part
    stop: int


class Window(NamedTuple):
    """Where the measures lie that a row is made of, in ticks of their part.

    Up to `stop` they belong to the part. The last measure `leads_on` if it is whole and
    something is played after it, be it the repeat.
    """

    start: int
    stop: int
    end: int
    leads_on: bool
    pick_up: int  # its length; 0 for none


def metre_of(part):
    """Name the metre a part starts in, or None if it states none."""
    beats, beat_type = part.measures[0, [BEATS, BEAT_TYPE]]
    return grid_of(beats, beat_type) if beats else None


def choose_part(tune, part):
    """Pick the one part of a tune that has notes, or the one asked for."""
    if tune.fault:
        raise TuneError(tune.fault)
    parts = tune.sounding_parts or list(tune.parts[:1])
    names = [candidate.name for candidate in parts]
    if part is None and len(parts) == 1:
        return parts[0]
    if part is None:
        raise TuneError(
            f"has {len(parts)} parts, {', '.join(map(repr, names))}; "
            f"pass part= with a name or a number from 0"
        )
    if part in names:
        return parts[names.index(part)]
    if not isinstance(part, str) and -len(parts) <= part < len(parts):
        return parts[part]
    raise TuneError(f"has no part {part!r}, only {', '.join(map(repr, names))}")


def excerpt(part, time_signature, n_measures, *, repeats, pickup):
    """Cut the first full measures out of a part.

    Parameters
    ----------
    part : Part
    time_signature : str
    n_measures : int
    repeats : {"written", "played"}
    pickup : {"drop", "keep"}
        Whether the row begins with the first full measure, or one measure before it.

    Returns
    -------
    Excerpt
        Ties joined, notes cut to the row's measures.
    """
    notes, measures = unfold(part, played=repeats == "played")
    window = find_window(measures, time_signature, n_measures)
    start, end = window.start, window.end
    if pickup == "keep":
        start -= measure_ticks(time_signature)
    notes = _join_ties(notes)
    onsets = np.maximum(notes[:, ONSET], start)
    ends = np.minimum(notes[:, ONSET] + notes[:, DURATION], end)
    notes[:, ONSET], notes[:, DURATION] = onsets - start, ends - onsets
    notes = notes[ends > onsets]
    stop = window.stop - start
    if window.leads_on:
        stop -= _upbeat(notes, stop, time_signature, window.pick_up)
    return Excerpt(notes, stop)


def play_order(measures, played):
    """Indices of measures in the order they sound.

    A section ends at a repeat sign or after its last ending. Played, it sounds as
    often as its sign or its endings ask for; written, once, with its last ending.
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
            # Where the music jumps, nothing sounds on into what is not played next.
            end = part.measures[place, START] + part.measures[place, LENGTH]
            piece[:, DURATION] = np.minimum(piece[:, DURATION], end - piece[:, ONSET])
        piece[:, ONSET] += start - part.measures[place, START]
        pieces.append(piece)
    measures[:, START] = starts
    return np.concatenate(pieces), measures


def find_window(measures, time_signature, n_measures):
    """Find the first full measures, and where the part ends that ends in the last one.

    What is shorter before the first full measure is the pick-up. A short measure is
    fine where the next one completes it; the last may lack what the pick-up has.

    Returns
    -------
    Window
    """
    bar = measure_ticks(time_signature)
    full = np.flatnonzero(measures[:, LENGTH] >= bar)
    if not len(full):
        raise TuneError(f"has no full measure of {time_signature}")
    pick_up = int(measures[: full[0], LENGTH].sum())
    missing, n_rows = n_measures * bar, 0
    for row in measures[full[0] :].tolist():
        if missing <= 0 or (missing == pick_up and row[LENGTH] > missing):
            break
        _check_measure(row, n_measures * bar - missing, time_signature)
        missing -= row[LENGTH]
        n_rows += 1
    if missing > 0 and missing != pick_up:
        found = n_measures - missing / bar
        raise TuneError(
            f"has {found:g} measures{' after the pick-up' * bool(pick_up)}, "
            f"fewer than n_measures={n_measures}"
        )
    start = measures[full[0], START]
    end = start + n_measures * bar
    if missing > 0:
        return Window(start, end - missing, end - missing, False, pick_up)
    rows, after = np.split(measures[full[0] :], [n_rows])
    part_ends = _part_ends(rows[rows[:, START] >= end - bar])
    stop = part_ends[-1] if len(part_ends) else end
    is_followed = len(after) > 0 or rows[-1, CLOSES] > 0
    return Window(start, stop, end, stop == end and is_followed, pick_up)


def _part_ends(pieces):
    """Ticks at which parts end within a measure.

    Parameters
    ----------
    pieces : ndarray of int64, shape (n_pieces, 7)
        What bar lines and repeat signs cut the measure into, as of a Part.
    """
    begins_ending = (pieces[1:, ENDINGS] > 0) & (pieces[:-1, ENDINGS] == 0)
    return pieces[1:, START][~begins_ending | (pieces[:-1, CLOSES] > 0)]


def _upbeat(notes, end, time_signature, pick_up):
    """Ticks at the end of a whole measure that lead on to what is played after it.

    As long as the tune's pick-up, if the note before is longer than any in it; else
    what begins after the last beat.
    """
    onsets, durations = notes[:, ONSET], notes[:, DURATION]
    inside = onsets >= end - pick_up
    if inside.any() and not inside.all() and pick_up < measure_ticks(time_signature):
        if durations[~inside][-1] > durations[inside].max():
            return pick_up
    return beat_ticks(time_signature) - 1


def _check_measure(row, filled, time_signature):
    """Check that a measure keeps the metre and completes what those before left."""
    bar = measure_ticks(time_signature)
    number = filled // bar + 1
    if row[BEATS] and grid_of(row[BEATS], row[BEAT_TYPE]) != time_signature:
        raise TuneError(
            f"changes metre to {row[BEATS]}/{row[BEAT_TYPE]} in measure {number} "
            f"after the pick-up"
        )
    before = filled % bar
    if before + row[LENGTH] > bar:
        lasts = (before or row[LENGTH]) / TICKS_PER_QUARTER
        fault = "and the next does not complete it" if before else "too long"
        raise TuneError(
            f"measure {number} after the pick-up lasts {lasts:g} quarter notes, "
            f"{fault} ({time_signature} has {bar / TICKS_PER_QUARTER:g})"
        )


def _join_ties(notes):
    """Join each tied note with the next, if that is adjacent and of the same pitch."""
    notes = notes[np.lexsort((notes[:, ONSET], notes[:, PITCH]))]
    ends = notes[:, ONSET] + notes[:, DURATION]
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


def one_voice(notes, chords, tolerance):
    """Check that one note sounds at a time, or keep the highest ones.

    Parameters
    ----------
    notes : ndarray of int64, shape (n_notes, 4)
    chords : {"reject", "highest"}
    tolerance : int
        Ticks for which a note may sound on into the next, as played legato does.
    """
    ends = notes[:, ONSET] + notes[:, DURATION]
    together = np.diff(notes[:, ONSET]) == 0
    together |= np.maximum.accumulate(ends)[:-1] > notes[1:, ONSET] + tolerance
    if not together.any():
        return notes
    if chords == "reject":
        place = notes[1:, ONSET][np.argmax(together)] / TICKS_PER_QUARTER
        raise TuneError(
            f"several notes sound together {place:g} quarter notes after the start "
            f"of its first full measure; pass chords='highest' to keep the highest"
        )
    kept, sounding = [], []
    for note in sorted(notes.tolist(), key=lambda n: (n[ONSET], -n[PITCH])):
        now = note[ONSET] + tolerance
        sounding = [n for n in sounding if n[ONSET] + n[DURATION] > now]
        if not any(n[PITCH] >= note[PITCH] for n in sounding):
            kept.append(note)
            sounding.append(note)
    return np.array(kept)


def on_grid(notes, steps_per_quarter, n_steps, off_grid):
    """Round notes to steps and write them into a row.

    An onset goes to the nearest step, the earlier of two equally near; of several
    onsets on one step the nearest stays, the earlier of two equally near. A note lasts
    to the step nearest its end, at least one step, and not past the next onset.
    """
    # Times in units so small that a step is TICKS_PER_QUARTER of them: exact integers.
    starts = notes[:, ONSET] * steps_per_quarter
    onsets = _nearest_step(starts)
    distances = np.abs(starts - onsets * TICKS_PER_QUARTER)
    if off_grid == "reject" and distances.any():
        place = notes[np.argmax(distances > 0), ONSET] / TICKS_PER_QUARTER
        raise TuneError(
            f"a note {place:g} quarter notes after the start of its first full "
            f"measure is off the grid of {steps_per_quarter} steps a quarter note"
        )
    kept = np.lexsort((notes[:, ONSET], distances, onsets))
    kept = kept[np.append(True, np.diff(onsets[kept]) > 0)[: len(kept)]]
    kept = kept[onsets[kept] < n_steps]
    ends = notes[kept, ONSET] + notes[kept, DURATION]
    onsets = onsets[kept]
    ends = np.maximum(_nearest_step(ends * steps_per_quarter), onsets + 1)
    ends = np.minimum(ends, np.append(onsets[1:], n_steps)[: len(ends)])
    steps = np.column_stack([onsets, ends - onsets, notes[kept, PITCH]])
    return melody_from_notes(steps, n_steps)


def close(row, stop, steps_per_quarter):
    """Hold the last note on, or rest where the tune rests, from `stop` to the end.

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
        Steps at the end in which notes were that are not kept.
    """
    first = -(-stop * steps_per_quarter // TICKS_PER_QUARTER)
    rest = row[first:]
    n_dropped = len(rest) if (rest < N_PITCHES).any() else 0
    if len(rest):
        rest[:] = REST if row[first - 1] == REST else HOLD
    return n_dropped


def _nearest_step(times):
    """Nearest step of times in parts of a step, the earlier of two equally near."""
    return -((TICKS_PER_QUARTER - 2 * times) // (2 * TICKS_PER_QUARTER))


def semitones_to(tune, key):
    """Semitones that bring a tune's tonic to that of `key`, from 5 down to 6 up."""
    if not tune.key:
        raise TuneError("has no key to transpose from")
    shift = parse_key(key).pitch_class - parse_key(tune.key).pitch_class
    return (shift + 5) % 12 - 5


def finest_grid(excerpts):
    """Steps per quarter note of the coarsest grid on which all notes lie (Todd)."""
    times = [notes[:, [ONSET, DURATION]].ravel() for notes in excerpts]
    divisor = np.gcd.reduce(np.concatenate([*times, [TICKS_PER_QUARTER]]))
    return int(TICKS_PER_QUARTER // divisor)
