"""The window of a part: the measures that a row is made of."""

from fractions import Fraction
from math import lcm
from typing import NamedTuple

import numpy as np

from sklearn_c2c.io._tune import (
    BEAT_TYPE,
    BEATS,
    CLOSES,
    ENDINGS,
    LENGTH,
    ONSET,
    OPENS,
    START,
    TICKS_PER_WHOLE,
    TuneError,
    ends_of,
    grid_of,
    measure_ticks,
)
from sklearn_c2c.melody import Metre


class Window(NamedTuple):
    """The measures of a part that a row is made of, in ticks of the part.

    The window's own notes begin before `stop`. It `leads_on` if its last measure is
    whole and more is played after it, such as the repeat.
    """

    start: int
    stop: int
    end: int
    n_measures: int
    leads_on: bool
    pick_up: int  # its length; 0 for none
    n_silent: int  # measures without notes before it
    n_silent_after: int  # those after the last note of a whole tune


def find_window(notes, measures, metre, n_measures, pickup, tolerance):
    """Find the first full measures, and the end of a part within the last one.

    Measures before the first note are left out. A short measure is allowed if the next
    one completes it; less than a measure before the first full one is the pick-up. The
    last measure may be shorter by the length of the pick-up. In the last measure of a
    whole tune no part ends, as no other one follows.

    Parameters
    ----------
    notes : ndarray of int64, shape (n_notes, 4)
        At least one.
    measures : ndarray of int64, shape (n_measures, 7)
    metre : Metre
    n_measures : int or None
        None takes all measures up to the last that has a note.
    pickup : {"drop", "keep"}
    tolerance : int
        See `excerpt`.

    Returns
    -------
    Window
    """
    bar = measure_ticks(metre)
    rows, pick_up, n_silent = _from_first_full(
        notes, measures, metre, pickup, tolerance
    )
    start, n_silent_after = int(rows[0, START]), 0
    is_whole_tune = n_measures is None
    if is_whole_tune:
        rows, n_measures, n_silent_after = _sounding_measures(
            notes, rows, bar, tolerance
        )
    end = start + n_measures * bar
    n_rows, missing = _fill(notes, rows, n_measures, metre, pick_up, n_silent)
    if missing > 0 and is_whole_tune:
        stop = end - _upbeat_missing(notes, rows, missing, metre, pick_up)
    elif missing > 0:
        if not _ends_short(notes, end, missing, pick_up):
            raise _too_short(missing, bar, n_measures, pick_up, n_silent)
        stop = end - pick_up
    leads_on = False
    if missing == 0:
        rows, after = np.split(rows, [n_rows])
        # No part follows the last measure of a whole tune.
        part_ends = () if is_whole_tune else _part_ends(rows, bar)
        stop = int(part_ends[-1]) if len(part_ends) else end
        leads_on = stop == end and (len(after) > 0 or rows[-1, CLOSES] > 0)
    # Notes may last until the end of the written measure.
    return Window(
        start=start,
        stop=stop,
        end=end - missing,
        n_measures=n_measures,
        leads_on=leads_on,
        pick_up=pick_up,
        n_silent=n_silent,
        n_silent_after=n_silent_after,
    )


def _from_first_full(notes, measures, metre, pickup, tolerance):
    """Measures from the first full one that has a note, and the pick-up before it.

    Returns
    -------
    rows : ndarray of int64, shape (n_rows, 7)
    pick_up : int
        Its length in ticks; 0 for none.
    n_silent : int
        Measures without notes that are left out.
    """
    bar = measure_ticks(metre)
    measures, n_silent = _without_silent_measures(notes, measures, tolerance)
    first = _first_full(measures, metre)
    pick_up = int(measures[:first, LENGTH].sum())
    start = measures[first, START]
    # Silent measures that signs divide, or that follow a pick-up, are left out here.
    sounding = notes if pickup == "keep" else notes[ends_of(notes) > start]
    if not len(sounding):
        raise TuneError("has no notes after the pick-up", "empty")
    n_bars = max(0, sounding[0, ONSET] + tolerance - start) // bar
    n_silent, start = n_silent + int(n_bars), start + n_bars * bar
    first = int(np.searchsorted(measures[:, START], start))
    if first == len(measures) or measures[first, START] != start:
        raise TuneError(
            f"has no bar line after the {n_silent} measures without notes", "measures"
        )
    return measures[first:], pick_up, n_silent


def _sounding_measures(notes, rows, bar, tolerance):
    """Measures up to the last that has a note, and how many they are.

    Returns
    -------
    rows : ndarray of int64, shape (n_kept, 7)
        With silent pieces that complete the last measure.
    n_measures : int
        The last one may be short.
    n_silent : int
        Measures left out.
    """
    starts = rows[:, START]
    # A note that goes on for at most half a step after the bar line ends with it.
    by_end = starts.searchsorted(ends_of(notes).max() - tolerance - 1)
    by_onset = starts.searchsorted(notes[-1, ONSET] + tolerance, side="right")
    n_sounding = max(1, by_end, by_onset)
    ends = starts + rows[:, LENGTH]
    n_measures = int(-((starts[0] - ends[n_sounding - 1]) // bar))
    completing = ends[n_sounding:] <= starts[0] + n_measures * bar
    n_kept = n_sounding + np.count_nonzero(completing)
    n_silent = -(-int(rows[n_kept:, LENGTH].sum()) // bar)
    return rows[:n_kept], n_measures, n_silent


def _fill(notes, rows, n_measures, metre, pick_up, n_silent):
    """Check the rows that fill a window of n_measures measures.

    Returns
    -------
    n_rows : int
        Rows in the window.
    missing : int
        Ticks that they leave empty at its end.
    """
    bar = measure_ticks(metre)
    end = rows[0, START] + n_measures * bar
    missing, n_rows = n_measures * bar, 0
    for row in rows.tolist():
        if missing <= 0:
            break
        if row[LENGTH] > missing and _ends_short(notes, end, missing, pick_up):
            break
        filled = (n_silent + n_measures) * bar - missing
        _check_measure(row, filled, metre)
        missing -= row[LENGTH]
        n_rows += 1
    return n_rows, missing


def _without_silent_measures(notes, measures, tolerance):
    """Leave out the whole measures before the first note; count them.

    Short ones after the last of them stay: a measure that a sign divides may begin with
    them.
    """
    before = measures[: first_sounding(notes, measures, tolerance)]
    if not len(before):
        return measures, 0
    whole = (
        before[:, LENGTH] * before[:, BEAT_TYPE] >= before[:, BEATS] * TICKS_PER_WHOLE
    )
    whole &= before[:, BEATS] > 0
    n_left_out = len(before) - int(np.argmax(whole[::-1])) if whole.any() else 0
    return measures[n_left_out:], int(whole.sum())


def _first_full(measures, metre):
    """Index of the first measure that is full, or that the next ones complete.

    The measures before it are the pick-up, shorter than a measure. Short measures that
    add up to whole ones, as between dotted bar lines, are no pick-up.
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
    """Whether a short last measure is short by the length of the pick-up.

    It may be short by less if the rests in it are written.
    """
    onsets = notes[:, ONSET]
    rests = (onsets >= end - pick_up) & (onsets < end - missing)
    return 0 < missing <= pick_up and not rests.any()


def _too_short(missing, bar, n_measures, pick_up, n_silent):
    whole, rest = divmod(missing, bar)
    completed = whole and rest <= pick_up  # it is short by the pick-up
    found = n_measures - whole - (0 if completed else rest / bar)
    silent = f"{n_silent} without notes at its start" * bool(n_silent)
    before = " and ".join(["the pick-up"] * bool(pick_up) + [silent] * bool(n_silent))
    return TuneError(
        f"has {found:g} measure{'s' * (found != 1)}{' after ' * bool(before)}{before}, "
        f"fewer than n_measures={n_measures}",
        "length",
        found,
    )


def _upbeat_missing(notes, rows, missing, metre, pick_up):
    """Length of the upbeat that a short last measure of a whole tune leaves room for.

    It is the pick-up of the tune, or else that of its last part: the last piece of a
    measure that completes one before. If most measures are divided, as by dotted bar
    lines, such pieces are no pick-ups.

    Parameters
    ----------
    notes : ndarray of int64, shape (n_notes, 4)
    rows : ndarray of int64, shape (n_rows, 7)
        Measures, or pieces of them, of the whole tune.
    missing : int
        Ticks that the last measure is short by.
    metre : Metre
    pick_up : int
        That of the tune, in ticks.
    """
    bar = measure_ticks(metre)
    measure, place = np.divmod(rows[:, START] - rows[0, START], bar)
    end = rows[0, START] + (measure[-1] + 1) * bar
    if _ends_short(notes, end, missing, pick_up):
        return pick_up
    completing = np.flatnonzero((place > 0) & (measure < measure[-1]))
    if 2 * len(set(measure[completing].tolist())) <= measure[-1]:
        for of_part in (bar - place[completing[-1:]]).tolist():
            if _ends_short(notes, end, missing, of_part):
                return of_part
    raise TuneError(
        f"ends with a measure of {_in_metre(bar - missing, metre)}; expected a whole "
        f"one of {metre}, or one that is shorter by a pick-up",
        "measures",
    )


def _part_ends(rows, bar):
    """Ticks at which parts of the tune end within the last measure of a window.

    A bar line without a repeat sign ends no part if most measures before it contain
    such bar lines, which are then dotted ones.

    Parameters
    ----------
    rows : ndarray of int64, shape (n_pieces, 7)
        Pieces of the window between bar lines and repeat signs, as of a Part.
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


def _check_measure(row, filled, metre):
    """Check that a measure keeps the metre and completes those before."""
    bar = measure_ticks(metre)
    number = filled // bar + 1
    if metre_of_row(row) not in (None, metre):
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


def metre_of_row(row):
    """Metre of a measure, or None if it has none."""
    return grid_of(Metre(row[BEATS], row[BEAT_TYPE])) if row[BEATS] else None


def first_sounding(notes, measures, tolerance=0):
    """Index of the measure that the first note begins in; 0 if there are no notes."""
    if not len(notes):
        return 0
    onset = notes[0, ONSET] + tolerance
    found = measures[:, START].searchsorted(onset, side="right") - 1
    return max(0, int(found))
