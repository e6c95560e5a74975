"""From a tune to a row of steps: every rule of reading that has a choice.

Each function takes and returns plain arrays in ticks; what cannot be read raises a
`TuneError` with the reason.
"""

from fractions import Fraction
from math import lcm
from typing import NamedTuple

import numpy as np

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
    TICKS_PER_WHOLE,
    TIED,
    TuneError,
    grid_of,
    measure_ticks,
)
from sklearn_c2c.melody import (
    HOLD,
    N_PITCHES,
    REST,
    Metre,
    melody_from_notes,
    parse_key,
)


class Excerpt(NamedTuple):
    """The notes that a row is made of, in ticks from the start of the row.

    What begins at `stop` or after it leads on to what is played next: the last note
    before it is held on instead (`close`).
    """

    notes: np.ndarray  # (n_notes, 4), as of a Part
    stop: int
    n_silent: int  # measures before the first note, left out
    bar: int  # length of a measure
    has_pickup: bool  # whether the first measure is that of the pick-up

    def measure_at(self, onset):
        """Name the measure of a time, counted from the first full one of the tune."""
        number = onset // self.bar + 1 - self.has_pickup + self.n_silent
        return f"measure {number}" if number else "the pick-up"


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
    n_silent: int  # measures before it that have no note, as many from the first


def metre_of(part):
    """Metre of the measure where a part's first note is, or None.

    Of a part without notes it is that of the first measure.
    """
    row = part.measures[_first_sounding(part.notes, part.measures)]
    return _metre_of_row(row.tolist())


def _metre_of_row(row):
    return grid_of(Metre(row[BEATS], row[BEAT_TYPE])) if row[BEATS] else None


def _ends(notes):
    return notes[:, ONSET] + notes[:, DURATION]


def _first_sounding(notes, measures, tolerance=0):
    """Index of the measure that the first note begins in; 0 if there are no notes."""
    if not len(notes):
        return 0
    onset = notes[0, ONSET] + tolerance
    found = measures[:, START].searchsorted(onset, side="right") - 1
    return max(0, int(found))


def excerpt(part, metre, n_measures, *, repeats, pickup, tolerance):
    """Cut the first full measures out of a part.

    Parameters
    ----------
    part : Part
    metre : Metre
    n_measures : int
    repeats : {"written", "played"}
    pickup : {"drop", "keep"}
        Whether the row begins with the first full measure, or one measure before it.
    tolerance : int
        Ticks by which a note that begins a measure may be early.

    Returns
    -------
    Excerpt
        Ties joined, notes cut to the row's measures.
    """
    bar = measure_ticks(metre)
    notes, measures = unfold(part, played=repeats == "played")
    notes = without_unisons(notes)
    if not len(notes):
        raise TuneError("has no notes", "empty")
    window = find_window(notes, measures, metre, n_measures, pickup, tolerance)
    start, end = window.start, window.end
    if pickup == "keep":
        start -= bar
    notes = _join_ties(notes)
    onsets = np.maximum(notes[:, ONSET], start)
    ends = np.minimum(_ends(notes), end)
    notes[:, ONSET], notes[:, DURATION] = onsets - start, ends - onsets
    notes = notes[ends > onsets]
    stop = window.stop - start
    if window.leads_on:
        stop -= _upbeat(notes, stop, metre, window.pick_up)
    return Excerpt(notes, stop, window.n_silent, bar, pickup == "keep")


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


def find_window(notes, measures, metre, n_measures, pickup, tolerance):
    """Find the first full measures, and where the part ends that ends in the last one.

    Measures before the first note are passed over. A short measure is fine where the
    next one completes it; what is shorter than a measure before the first such ones is
    the pick-up. The last measure may lack what the pick-up has.

    Parameters
    ----------
    notes : ndarray of int64, shape (n_notes, 4)
        At least one.
    measures : ndarray of int64, shape (n_measures, 7)
    metre : Metre
    n_measures : int
    pickup : {"drop", "keep"}
    tolerance : int
        See `excerpt`.

    Returns
    -------
    Window
    """
    bar = measure_ticks(metre)
    measures, n_silent = _without_silent_measures(notes, measures, tolerance)
    first = _first_full(measures, metre)
    pick_up = int(measures[:first, LENGTH].sum())
    start = measures[first, START]
    # Those that are cut in two by signs may be silent too, or those after a pick-up.
    sounding = notes if pickup == "keep" else notes[_ends(notes) > start]
    if not len(sounding):
        raise TuneError("has no notes after the pick-up", "empty")
    n_bars = max(0, sounding[0, ONSET] + tolerance - start) // bar
    n_silent, start = n_silent + int(n_bars), start + n_bars * bar
    first = int(np.searchsorted(measures[:, START], start))
    if first == len(measures) or measures[first, START] != start:
        raise TuneError(
            f"has no bar line after the {n_silent} measures without notes", "measures"
        )
    end = start + n_measures * bar
    missing, n_rows = n_measures * bar, 0
    for row in measures[first:].tolist():
        if missing <= 0:
            break
        if row[LENGTH] > missing and _ends_short(notes, end, missing, pick_up):
            break
        filled = (n_silent + n_measures) * bar - missing
        _check_measure(row, filled, metre)
        missing -= row[LENGTH]
        n_rows += 1
    if missing > 0 and not _ends_short(notes, end, missing, pick_up):
        whole, rest = divmod(missing, bar)
        completed = whole and rest <= pick_up  # it lacks what the pick-up has
        found = n_measures - whole - (0 if completed else rest / bar)
        raise _too_short(found, n_measures, pick_up, n_silent)
    if missing > 0:
        # Notes may sound on as far as the measure was written.
        stop = end - pick_up
        return Window(start, stop, end - missing, False, pick_up, n_silent)
    rows, after = np.split(measures[first:], [n_rows])
    part_ends = _part_ends(rows, bar)
    stop = part_ends[-1] if len(part_ends) else end
    is_followed = len(after) > 0 or rows[-1, CLOSES] > 0
    leads_on = stop == end and is_followed
    return Window(start, stop, end, leads_on, pick_up, n_silent)


def _without_silent_measures(notes, measures, tolerance):
    """Leave out the whole measures before the first note; count them.

    Short ones after the last of them stay: a measure that a sign cuts in two may begin
    with them.
    """
    before = measures[: _first_sounding(notes, measures, tolerance)]
    if not len(before):
        return measures, 0
    whole = (
        before[:, LENGTH] * before[:, BEAT_TYPE] >= before[:, BEATS] * TICKS_PER_WHOLE
    )
    whole &= before[:, BEATS] > 0
    n_left_out = len(before) - int(np.argmax(whole[::-1])) if whole.any() else 0
    return measures[n_left_out:], int(whole.sum())


def _first_full(measures, metre):
    """Index of the first measure that is full, or that those after it complete.

    What is before it is the pick-up, shorter than a measure. Short measures that add
    up to whole ones, as between dotted bar lines, are none.
    """
    bar = measure_ticks(metre)
    lengths = measures[:, LENGTH]
    full = np.flatnonzero(lengths >= bar)
    if len(full) and full[0] == 0:
        return 0
    ends = np.cumsum(lengths)
    starts = ends - lengths
    if len(full):
        bounds = np.arange(starts[full[0]], -1, -bar)
        if np.isin(bounds, starts).all():
            return int(np.searchsorted(starts, bounds[-1]))
        raise TuneError(
            f"begins with {full[0]} short measures, together "
            f"{_in_metre(starts[full[0]], metre)} long, which are neither "
            f"a pick-up nor whole measures of {metre}",
            "measures",
        )
    completed = np.flatnonzero((starts < bar) & np.isin(starts + bar, ends))
    if not len(completed):
        raise TuneError(f"has no full measure of {metre}", "measures")
    return int(completed[0])


def _ends_short(notes, end, missing, pick_up):
    """Whether a last measure that is not whole lacks what the pick-up has.

    It may lack less, if it is written out with rests.
    """
    onsets = notes[:, ONSET]
    rests = (onsets >= end - pick_up) & (onsets < end - missing)
    return 0 < missing <= pick_up and not rests.any()


def _too_short(found, n_measures, pick_up, n_silent):
    silent = f"{n_silent} without notes at its start" * bool(n_silent)
    before = " and ".join(["the pick-up"] * bool(pick_up) + [silent] * bool(n_silent))
    return TuneError(
        f"has {found:g} measure{'s' * (found != 1)}{' after ' * bool(before)}{before}, "
        f"fewer than n_measures={n_measures}",
        "length",
        found,
    )


def _part_ends(rows, bar):
    """Ticks at which parts end within the last measure of a window.

    A bar line without a repeat sign ends none if such ones cut most of the measures
    before: then they are dotted ones.

    Parameters
    ----------
    rows : ndarray of int64, shape (n_pieces, 7)
        What bar lines and repeat signs cut the window into, as of a Part.
    bar : int
        Length of a measure, in ticks.
    """
    before, after = rows[:-1], rows[1:]
    measure, place = np.divmod(after[:, START] - rows[0, START], bar)
    last = (rows[-1, START] - rows[0, START]) // bar
    begins_ending = (after[:, ENDINGS] > 0) & (before[:, ENDINGS] == 0)
    has_sign = (before[:, CLOSES] > 0) | (after[:, OPENS] > 0)
    is_plain = (place > 0) & ~begins_ending & ~has_sign
    ends = (place > 0) & (~begins_ending | (before[:, CLOSES] > 0))
    if 2 * len(set(measure[is_plain & (measure < last)].tolist())) > last:
        ends &= has_sign
    return after[ends & (measure == last), START]


def _upbeat(notes, end, metre, pick_up):
    """Ticks at the end of a whole measure that lead on to what is played after it.

    As long as the tune's pick-up, if the note before is longer than any in it; else
    what begins after the last beat.
    """
    onsets, durations = notes[:, ONSET], notes[:, DURATION]
    inside = onsets >= end - pick_up
    if inside.any() and not inside.all() and pick_up < measure_ticks(metre):
        if durations[~inside][-1] > durations[inside].max():
            return pick_up
    return metre.steps_per_beat(TICKS_PER_QUARTER) - 1


def _check_measure(row, filled, metre):
    """Check that a measure keeps the metre and completes what those before left."""
    bar = measure_ticks(metre)
    number = filled // bar + 1
    if _metre_of_row(row) not in (None, metre):
        raise TuneError(
            f"changes metre to {row[BEATS]}/{row[BEAT_TYPE]} in measure {number}",
            "metre",
        )
    before = filled % bar
    if before + row[LENGTH] > bar:
        lasts = _in_metre(before or row[LENGTH], metre)
        fault = "and the next does not complete it to" if before else "more than"
        raise TuneError(
            f"measure {number} lasts {lasts}, {fault} {metre}",
            "measures",
        )


def _in_metre(ticks, metre):
    """Name a length as a metre does: 12/8 for that of two measures of 6/8."""
    length = Fraction(int(ticks), TICKS_PER_WHOLE)
    parts = lcm(length.denominator, metre.beat_type)
    return f"{length * parts}/{parts}"


def _join_ties(notes):
    """Join each tied note with the next, if that is adjacent and of the same pitch."""
    notes = notes[np.lexsort((notes[:, ONSET], notes[:, PITCH]))]
    ends = _ends(notes)
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
        Ticks for which a note may sound on into the next, as played legato does.

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
    """Keep of notes that begin together on one pitch the longest: they are one note.

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
        Ticks for which a note may sound on into the next.

    Returns
    -------
    ndarray of bool, shape (max(0, n_notes - 1),)
    """
    ends = np.maximum.accumulate(_ends(notes))
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
        Notes that gave way to another one on their step.
    """
    # Times in units so small that a step is TICKS_PER_QUARTER of them: exact integers.
    starts = notes[:, ONSET] * steps_per_quarter
    onsets = _nearest_step(starts)
    distances = np.abs(starts - onsets * TICKS_PER_QUARTER)
    kept = np.lexsort((notes[:, ONSET], distances, onsets))
    kept = kept[np.append(True, np.diff(onsets[kept]) > 0)[: len(kept)]]
    n_merged = len(notes) - len(kept)
    kept = kept[onsets[kept] < n_steps]
    ends = notes[kept, ONSET] + notes[kept, DURATION]
    onsets = onsets[kept]
    ends = np.maximum(_nearest_step(ends * steps_per_quarter), onsets + 1)
    ends = np.minimum(ends, np.append(onsets[1:], n_steps)[: len(ends)])
    steps = np.column_stack([onsets, ends - onsets, notes[kept, PITCH]])
    row = melody_from_notes(steps, n_steps)
    return row, int(np.count_nonzero(distances)), n_merged


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
        raise TuneError("has no key to transpose from", "key")
    shift = parse_key(key).pitch_class - parse_key(tune.key).pitch_class
    return (shift + 5) % 12 - 5


def finest_grid(excerpts):
    """Steps per quarter note of the coarsest grid on which all notes lie (Todd)."""
    times = [notes[:, [ONSET, DURATION]].ravel() for notes in excerpts]
    divisor = np.gcd.reduce(np.concatenate([*times, [TICKS_PER_QUARTER]]))
    return int(TICKS_PER_QUARTER // divisor)
