"""From tunes to rows: a `Choice`, applied to each tune."""

from collections import Counter
from typing import NamedTuple

import numpy as np

from sklearn_c2c.io import _excerpt as rules
from sklearn_c2c.io._parameters import MAX_MEASURES, MAX_STEPS_PER_QUARTER
from sklearn_c2c.io._parts import choose_part, choose_voices
from sklearn_c2c.io._tune import (
    TICKS_PER_QUARTER,
    Tune,
    TuneError,
    grid_of,
    unexpected,
)
from sklearn_c2c.melody import (
    N_PITCHES,
    REST,
    Metre,
    pad_melodies,
    parse_metre,
    pitch_name,
    stated_mode,
    transpose,
)

# Name of the time step, by steps per quarter note.
_STEP_NAMES = {1: "quarter", 2: "eighth", 4: "sixteenth", 8: "32nd", 16: "64th"}


class Rejection(NamedTuple):
    """A tune left out: its source, its title, and the reason in words.

    `kind` is one of `KINDS`, the same for all tunes left out for such a reason. `found`
    is the tune's own value of the thing asked for: its metre ("" if it states none),
    its mode, its number of measures or parts; None where the kind says everything.
    """

    source: str
    title: str
    reason: str
    kind: str
    found: str | int | float | None = None


class NothingReadError(ValueError):
    """No tune could be read; `rejected` lists every one."""

    def __init__(self, rejected):
        counts = Counter(rejection.kind for rejection in rejected).most_common()
        kinds = ", ".join(f"{kind} {count}" for kind, count in counts)
        reasons = "; ".join(f"{r.source}: {r.reason}" for r in rejected[:3])
        super().__init__(
            f"None of the {len(rejected)} tunes found can be read ({kinds}). First "
            f"reasons: {reasons}."
        )
        self.rejected = rejected

    def __reduce__(self):
        return type(self), (self.rejected,)


# What `read_melodies` returns a list of, with an entry for each melody.
PER_MELODY = (
    "titles",
    "sources",
    "tonalities",
    "tempos",
    "upbeats",
    "measures",
    "silent_measures",
    "warnings",
)


class SourcedTune(NamedTuple):
    """A tune and where it was found, ``file`` or ``file#number``."""

    source: str
    tune: Tune


def melodies_from(tunes, choice):
    """Turn tunes into rows.

    Parameters
    ----------
    tunes : list of SourcedTune
    choice : Choice

    Returns
    -------
    Bunch
        As `read_melodies` does.

    Raises
    ------
    NothingReadError
        If no tune gives a row.
    """
    rejected = {}  # by index of the tune, as are parts, excerpts and rows
    parts = _each(
        lambda i: _parts_of(tunes[i].tune, choice), range(len(tunes)), rejected
    )
    metres = {i: rules.metre_of(voices) for i, voices in parts.items()}
    metre = _common_metre(metres.values(), choice)
    excerpts = _each(
        lambda i: _excerpts_of(parts[i], metres[i], metre, choice), parts, rejected
    )
    steps_per_quarter = _steps_per_quarter(excerpts.values(), choice)
    steps_per_measure = metre.steps_per_measure(steps_per_quarter)
    grid = _Grid(metre, steps_per_quarter, steps_per_measure)
    rows = _each(
        lambda i: _row(tunes[i].tune, excerpts[i], grid, choice), excerpts, rejected
    )
    if choice.duplicates == "drop":
        rows = _without_duplicates(rows, tunes, choice, rejected)
    rejected = [
        Rejection(tunes[i].source, tunes[i].tune.title, *rejected[i])
        for i in sorted(rejected)
    ]
    if not rows:
        raise NothingReadError(rejected)
    read = [
        _Read(tunes[i].source, tunes[i].tune, row, metres[i] is not None)
        for i, row in rows.items()
    ]
    return _result(read, rejected, grid, choice)


class _Grid(NamedTuple):
    """The metre of all rows, and their time steps."""

    metre: Metre
    steps_per_quarter: int
    steps_per_measure: int


class _Row(NamedTuple):
    """A row of steps, of one voice or more, and counts of changes made to fit them."""

    steps: np.ndarray
    upbeat: int  # steps at its end that led to the next section
    n_measures: int  # without that of a pick-up
    n_silent: int  # measures without notes left out before it
    n_silent_after: int  # and after it
    n_chord_notes: int  # left out
    n_moved: int  # onsets between two steps
    n_merged: int  # notes left out for another one on their step
    phrase_ends: np.ndarray  # bool, steps in which a note with a fermata sounds


class _Read(NamedTuple):
    """A tune that was read: where it was found, its row, and whether it has a metre."""

    source: str
    tune: Tune
    row: _Row
    states_metre: bool


def _result(read, rejected, grid, choice):
    """Bunch of `read_melodies`, from the tunes that were read and left out."""
    from sklearn.utils import Bunch  # its import takes longer than all others here

    rows, tunes = [one.row for one in read], [one.tune for one in read]
    upbeats = [row.upbeat for row in rows]
    return Bunch(
        data=pad_melodies([row.steps for row in rows]),
        phrase_ends=_padded([row.phrase_ends for row in rows]),
        titles=[tune.title for tune in tunes],
        sources=[one.source for one in read],
        tonalities=[tune.key for tune in tunes],
        tempos=[tune.tempo for tune in tunes],
        upbeats=upbeats,
        measures=[row.n_measures for row in rows],
        silent_measures=[row.n_silent for row in rows],
        warnings=[(*one.tune.warnings, *_warnings(one, grid)) for one in read],
        rejected=rejected,
        time_signature=str(grid.metre),
        steps_per_quarter=grid.steps_per_quarter,
        n_measures=choice.n_measures,
        n_voices=choice.n_voices,
        pickup=choice.pickup,
        DESCR=_describe(upbeats, len(read) + len(rejected), grid, choice),
    )


def _padded(flags):
    """Arrays of flags as rows of one array, filled up with False."""
    padded = np.zeros((len(flags), max(map(len, flags))), bool)
    for row, own in zip(padded, flags, strict=True):
        row[: len(own)] = own
    return padded


def _each(function, places, rejected):
    """Call a function with each index; on an error, reject the tune with its reason.

    Returns
    -------
    dict
        Value of the function, by index.
    """
    found = {}
    for place in places:
        try:
            found[place] = function(place)
        except TuneError as error:
            rejected[place] = str(error), error.kind, error.found
        except Exception as error:  # a bug must not stop the reading of other tunes
            rejected[place] = unexpected(error), "damaged"
    return found


def _parts_of(tune, choice):
    """The parts to read of a tune, if the tune is in the mode asked for."""
    if choice.voices is None:
        parts = [choose_part(tune, choice.part)]
    else:
        parts = choose_voices(tune, choice.voices)
    if choice.only_mode:
        check_mode_of(tune, choice.only_mode)
    return parts


def check_mode_of(tune, mode):
    """Check that a tune states the mode asked for."""
    if not tune.key:
        raise TuneError(f"has no key that would tell whether it is in {mode}", "mode")
    if stated_mode(tune.key) != mode:
        found = stated_mode(tune.key)
        raise TuneError(f"is in {tune.key}, not in {mode}", "mode", found)


def _common_metre(metres, choice):
    """The metre asked for, or the one that most tunes start in."""
    if choice.time_signature is not None:
        return grid_of(parse_metre(choice.time_signature))
    metres = [metre for metre in metres if metre]
    # Of equally frequent ones the first in the source.
    return Counter(metres).most_common(1)[0][0] if metres else Metre(4, 4)


def _excerpts_of(parts, own, metre, choice):
    """Notes of each voice's window in ticks, before they are rounded to steps."""
    if own is None and choice.time_signature is None:
        raise TuneError(
            "states no metre; pass time_signature= to say which it is in", "metre", ""
        )
    if own not in (None, metre):
        raise TuneError(f"is in {own}, not in {metre}", "metre", str(own))
    excerpts = rules.excerpts(
        parts,
        metre,
        None if choice.is_whole else choice.n_measures,
        repeats=choice.repeats,
        pickup=choice.pickup,
        tolerance=choice.less_than_half_a_step,
    )
    if choice.is_whole:
        _check_length(excerpts[0].n_measures, choice)
    return excerpts


def _check_length(found, choice):
    """Check that the length of a whole tune is within the limits."""
    low, high = choice.limits
    asked = f"n_measures={choice.n_measures}"
    if low is not None and found < low:
        than = f"fewer than {asked}"
    elif high is not None and found > high:
        than = f"more than {asked}"
    elif found > MAX_MEASURES:
        than = f"more than the {MAX_MEASURES} that are read"
    else:
        return
    what = f"{found} measure{'s' * (found != 1)}"
    raise TuneError(f"has {what}, {than}", "length", found)


def _row(tune, excerpts, grid, choice):
    """Row of the measures of a tune's window, and of a pick-up that is kept."""
    before = grid.steps_per_measure if choice.pickup == "keep" else 0
    voices = [_voice(excerpt, before, grid, choice) for excerpt in excerpts]
    if all((voice.steps[before:] == REST).all() for voice in voices):
        n = excerpts[0].n_measures
        where = f"{n} measures" if n > 1 else "measure"
        raise TuneError(f"has no notes in the first {where}", "empty")
    steps = np.concatenate([voice.steps for voice in voices])
    if choice.key is not None:
        steps = _moved(steps, rules.semitones_to(tune, choice.key))
    if choice.pitch_range is not None:
        _check_range(steps, *choice.pitch_range)
    return voices[0]._replace(
        steps=steps,
        upbeat=max(voice.upbeat for voice in voices),
        n_chord_notes=sum(voice.n_chord_notes for voice in voices),
        n_moved=sum(voice.n_moved for voice in voices),
        n_merged=sum(voice.n_merged for voice in voices),
        phrase_ends=np.any([voice.phrase_ends for voice in voices], axis=0),
    )


def _voice(excerpt, before, grid, choice):
    """Row of one voice of a tune, `before` steps of it that of the pick-up."""
    exact = choice.steps_per_quarter == "auto"
    tolerance = 0 if exact else TICKS_PER_QUARTER // (2 * grid.steps_per_quarter)
    notes = rules.one_voice(excerpt, choice.chords, tolerance)
    n_steps = before + excerpt.n_measures * grid.steps_per_measure
    if choice.off_grid == "reject":
        rules.check_grid(excerpt, notes, grid.steps_per_quarter)
    steps, n_moved, n_merged = rules.on_grid(notes, grid.steps_per_quarter, n_steps)
    return _Row(
        steps=steps,
        upbeat=rules.close(steps, excerpt.stop, grid.steps_per_quarter),
        n_measures=excerpt.n_measures,
        n_silent=excerpt.n_silent,
        n_silent_after=excerpt.n_silent_after,
        n_chord_notes=len(excerpt.notes) - len(notes),
        n_moved=n_moved,
        n_merged=n_merged,
        phrase_ends=rules.held_at(steps, excerpt.fermatas, grid.steps_per_quarter),
    )


def _moved(steps, semitones):
    try:
        return transpose(steps, semitones)
    except ValueError as error:
        raise TuneError(str(error), "range") from error


def _without_duplicates(rows, tunes, choice, rejected):
    """The first of each set of equal rows; the others are rejected."""
    first = _first_equal(rows, by_interval=choice.key is not None)
    return _each(
        lambda i: _unless_equal(rows[i], tunes[first[i]], i == first[i]),
        rows,
        rejected,
    )


def _first_equal(rows, by_interval):
    """Index of the first row that equals each row, possibly the row itself.

    Parameters
    ----------
    rows : dict of _Row
    by_interval : bool
        Whether rows that differ only in key count as equal.
    """
    first, places = {}, {}
    for place, row in rows.items():
        steps = row.steps
        if by_interval:
            pitches = steps < N_PITCHES
            steps = np.where(pitches, steps - steps[pitches][0], 1000 + steps)
        places[place] = first.setdefault(steps.tobytes(), place)
    return places


def _unless_equal(row, other, is_first):
    if not is_first:
        raise TuneError(f"has the same notes as {other.source}", "duplicate")
    return row


def _warnings(read, grid):
    """Warnings about how a row was read, in short sentences."""
    row, step = read.row, _STEP_NAMES.get(grid.steps_per_quarter, "time step")
    counted = (
        (row.n_silent, "measure", "without notes at the start left out"),
        (row.n_silent_after, "measure", "without notes at the end left out"),
        (row.n_chord_notes, "lower note", "of chords left out"),
        (row.n_moved, "note", f"moved to the nearest {step}"),
        (row.n_merged, "note", f"left out, as a nearer one is on the same {step}"),
    )
    if not read.states_metre:
        yield f"states no metre, taken to be in {grid.metre}"
    for count, noun, what in counted:
        if count:
            yield f"{count} {noun}{'s' * (count != 1)} {what}"
    if row.upbeat:
        held = "" if row.steps[-1] == REST else ", the note before it held"
        yield f"upbeat at the end left out{held}"


def _check_range(row, low, high):
    pitches = row[row < 128]
    if len(pitches) and not low <= pitches.min() <= pitches.max() <= high:
        raise TuneError(
            f"spans {pitch_name(pitches.min())} to {pitch_name(pitches.max())}, "
            f"beyond the range {pitch_name(low)} to {pitch_name(high)}",
            "range",
        )


def _steps_per_quarter(excerpts, choice):
    """Steps asked for, or with "auto" the fewest that hold all notes exactly."""
    if choice.steps_per_quarter != "auto":
        return choice.steps_per_quarter
    steps = rules.finest_grid([one.notes for voices in excerpts for one in voices])
    if steps > MAX_STEPS_PER_QUARTER:
        raise ValueError(
            f"The greatest common divisor of all onsets and durations is 1/{steps} of "
            f"a quarter note: the notes lie on no grid. Pass steps_per_quarter, such "
            f"as 4 or 12, and they are rounded to it."
        )
    return steps


def _describe(upbeats, n_tunes, grid, choice):
    found = (
        ", the greatest common divisor of all onsets and durations"
        if choice.steps_per_quarter == "auto"
        else ""
    )
    n_held = sum(upbeat > 0 for upbeat in upbeats) or "none"
    pick_up = "a pick-up measure and " if choice.pickup == "keep" else ""
    return (
        f"{len(upbeats)} of {n_tunes} tunes: {pick_up}{_length(choice)} of "
        f"{grid.metre}, {grid.steps_per_quarter} steps a quarter note{found}. In "
        f"{n_held} the last note is held on in place of an upbeat to what is played "
        "next."
    )


def _length(choice):
    """Length of the rows, in words."""
    if not choice.is_whole:
        return f"{choice.n_measures} measures"
    low, high = choice.limits
    if low is None and high is None:
        return "all measures"
    if high is None:
        return f"all measures, at least {low},"
    return f"all measures, {f'{low} to' if low else 'at most'} {high},"
