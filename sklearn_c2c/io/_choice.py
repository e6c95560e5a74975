"""From tunes to `data`: the parameters of `read_melodies`, applied to each tune."""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sklearn_c2c.io import _excerpt as rules
from sklearn_c2c.io._key import parse_key
from sklearn_c2c.io._tune import (
    TICKS_PER_QUARTER,
    Tune,
    TuneError,
    grid_of,
    measure_ticks,
    parse_metre,
)
from sklearn_c2c.melody import pitch_name, transpose

# The finest grid: 48 is that of both 64ths and 32nd triplets.
_MAX_STEPS_PER_QUARTER = 48


class Rejection(NamedTuple):
    """A tune left out: where it is, what it is called, and why, in words."""

    source: str
    title: str
    reason: str


# What `read_melodies` returns a list of, with an entry for each melody.
PER_MELODY = ("titles", "sources", "tonalities", "tempos", "upbeats")


class SourcedTune(NamedTuple):
    """A tune and where it was found, ``file`` or ``file#number``."""

    source: str
    tune: Tune


@dataclass(frozen=True)
class Choice:
    """The parameters of `read_melodies`, checked."""

    n_measures: int = 8
    steps_per_quarter: int | str = 4
    time_signature: str | None = None
    key: str | None = None
    repeats: str = "written"
    pickup: str = "drop"
    part: str | int | None = None
    chords: str = "reject"
    off_grid: str = "round"
    pitch_range: tuple[int, int] | None = None

    def __post_init__(self):
        _check_count("n_measures", self.n_measures, 4096)
        if self.steps_per_quarter != "auto":
            _check_count(
                "steps_per_quarter", self.steps_per_quarter, _MAX_STEPS_PER_QUARTER
            )
        _check_option("repeats", self.repeats, ("written", "played"))
        _check_option("pickup", self.pickup, ("drop", "keep"))
        _check_option("chords", self.chords, ("reject", "highest"))
        _check_option("off_grid", self.off_grid, ("round", "reject"))
        if self.time_signature is not None:
            parse_metre(self.time_signature)
        if self.key is not None and parse_key(self.key).mode != "major":
            raise ValueError(
                f"Found key={self.key!r}; expected a tonic alone, such as 'D': each "
                f"tune keeps its mode."
            )
        if self.pitch_range is not None:
            bounds = tuple(np.ravel(self.pitch_range))
            if len(bounds) != 2 or not 0 <= bounds[0] <= bounds[1] <= 127:
                raise ValueError(
                    f"Found pitch_range={self.pitch_range}; expected two MIDI pitches "
                    f"0-127, the lower first."
                )


def _check_count(name, value, most):
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or not 1 <= value <= most:
        raise ValueError(f"Found {name}={value!r}; expected an integer 1 to {most}.")


def _check_option(name, value, options):
    if value not in options:
        raise ValueError(
            f"Found {name}={value!r}; expected {' or '.join(map(repr, options))}."
        )


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
    """
    from sklearn.utils import Bunch  # takes longer to import than all else here

    metre = _common_metre(tunes, choice)
    kept, excerpts, rejected = [], [], []
    for sourced in tunes:
        try:
            excerpts.append(_excerpt_of(sourced.tune, metre, choice))
            kept.append(sourced)
        except ValueError as error:
            rejected.append(_rejection(sourced, error))
    steps_per_quarter = choice.steps_per_quarter
    if steps_per_quarter == "auto":
        steps_per_quarter = _finest_grid(excerpts)
    n_measures = choice.n_measures + (choice.pickup == "keep")
    n_steps = n_measures * _steps_per_measure(metre, steps_per_quarter)
    rows, upbeats, read = [], [], []
    for sourced, found in zip(kept, excerpts, strict=True):
        try:
            row, upbeat = _row(sourced.tune, found, steps_per_quarter, n_steps, choice)
            rows.append(row)
            upbeats.append(upbeat)
            read.append(sourced)
        except ValueError as error:
            rejected.append(_rejection(sourced, error))
    if not rows:
        reasons = "; ".join(f"{r.source} {r.reason}" for r in rejected[:3])
        raise ValueError(
            f"None of the {len(tunes)} tunes found can be read. First reasons: "
            f"{reasons}."
        )
    return Bunch(
        data=np.array(rows),
        titles=[sourced.tune.title for sourced in read],
        sources=[sourced.source for sourced in read],
        tonalities=[sourced.tune.key for sourced in read],
        tempos=[sourced.tune.tempo for sourced in read],
        upbeats=upbeats,
        rejected=rejected,
        time_signature=metre,
        steps_per_quarter=steps_per_quarter,
        n_measures=choice.n_measures,
        pickup=choice.pickup,
        DESCR=_describe(upbeats, len(tunes), metre, steps_per_quarter, choice),
    )


def _rejection(sourced, error):
    return Rejection(sourced.source, sourced.tune.title, str(error))


def _common_metre(tunes, choice):
    """The metre asked for, or the one that most tunes start in."""
    if choice.time_signature is not None:
        return grid_of(*parse_metre(choice.time_signature))
    metres = [rules.metre_of(tune.parts[0]) for _, tune in tunes if not tune.fault]
    metres = [metre for metre in metres if metre]
    # Of equally frequent ones the first in the source.
    return Counter(metres).most_common(1)[0][0] if metres else "4/4"


def _excerpt_of(tune, metre, choice):
    """Notes of a tune's window in ticks, before they meet the grid."""
    part = rules.choose_part(tune, choice.part)
    own = rules.metre_of(part)
    if own is None and choice.time_signature is None:
        raise TuneError("states no metre; pass time_signature= to say which it is in")
    if own not in (None, metre):
        raise TuneError(f"is in {own}, not in {metre}")
    return rules.excerpt(
        part, metre, choice.n_measures, repeats=choice.repeats, pickup=choice.pickup
    )


def _row(tune, excerpt, steps_per_quarter, n_steps, choice):
    """Row of steps of a tune's window, and how many at its end led on."""
    exact = choice.steps_per_quarter == "auto"
    tolerance = 0 if exact else TICKS_PER_QUARTER // (2 * steps_per_quarter)
    notes = rules.one_voice(excerpt.notes, choice.chords, tolerance)
    row = rules.on_grid(notes, steps_per_quarter, n_steps, choice.off_grid)
    upbeat = rules.close(row, excerpt.stop, steps_per_quarter)
    if choice.key is not None:
        row = transpose(row, rules.semitones_to(tune, choice.key))
    if choice.pitch_range is not None:
        _check_range(row, *choice.pitch_range)
    return row, upbeat


def _check_range(row, low, high):
    pitches = row[row < 128]
    if len(pitches) and not low <= pitches.min() <= pitches.max() <= high:
        raise TuneError(
            f"spans {pitch_name(pitches.min())} to {pitch_name(pitches.max())}, "
            f"beyond the range {pitch_name(low)} to {pitch_name(high)}"
        )


def _finest_grid(excerpts):
    steps = rules.finest_grid([excerpt.notes for excerpt in excerpts])
    if steps > _MAX_STEPS_PER_QUARTER:
        raise ValueError(
            f"The greatest common divisor of all onsets and durations is 1/{steps} of "
            f"a quarter note: the notes lie on no grid. Pass steps_per_quarter, such "
            f"as 4 or 12, and they are rounded to it."
        )
    return steps


def _steps_per_measure(metre, steps_per_quarter):
    steps, rest = divmod(measure_ticks(metre) * steps_per_quarter, TICKS_PER_QUARTER)
    if rest:
        raise ValueError(
            f"A measure of {metre} is no whole number of steps at "
            f"steps_per_quarter={steps_per_quarter}; a multiple of it may do."
        )
    return int(steps)


def _describe(upbeats, n_tunes, metre, steps_per_quarter, choice):
    found = (
        ", the greatest common divisor of all onsets and durations"
        if choice.steps_per_quarter == "auto"
        else ""
    )
    n_held = sum(upbeat > 0 for upbeat in upbeats)
    pick_up = "a pick-up measure and " if choice.pickup == "keep" else ""
    return (
        f"{len(upbeats)} of {n_tunes} tunes: {pick_up}{choice.n_measures} measures of "
        f"{metre}, {steps_per_quarter} steps a quarter note{found}. In {n_held} the "
        f"last note is held on in place of an upbeat to what is played next."
    )
