"""Objectives that look at notes: the first one, how many, how long, which pitches."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np

from sklearn_c2c.melody import HOLD, N_PITCHES, parse_key, pitch_name
from sklearn_c2c.metrics import in_scale_share, note_density, pitch_range
from sklearn_c2c.objectives._base import Objective
from sklearn_c2c.objectives._expectation import (
    TINY,
    is_pitch,
    product_over_steps,
    sounding,
)


@dataclass(eq=False)
class FirstNote(Objective):
    """Whether the first note has a given pitch: 1 or 0.

    The first note need not be in the first step: rests may come before it. The
    surrogate is the probability, ``sum over t of q[t, pitch] * (product over s < t of
    q[s, rest] + q[s, hold])``.

    Parameters
    ----------
    pitch : int
        MIDI pitch, 0-127.

    References
    ----------
    J.-P. Briot, "Compress to Create", section V.v and footnote 31.

    Examples
    --------
    >>> from sklearn_c2c.melody import HOLD, REST
    >>> from sklearn_c2c.objectives import FirstNote
    >>> FirstNote(62)([[62, HOLD, 60], [REST, 62, 60], [60, 62, 62]])
    array([1., 1., 0.])
    """

    pitch: int

    def __post_init__(self):
        if not isinstance(self.pitch, Integral) or not 0 <= self.pitch < N_PITCHES:
            raise ValueError(
                "pitch must be a MIDI pitch, an integer in 0-127 such as 60 for C4; "
                f"got {self.pitch!r}."
            )

    def _value(self, X):
        first = is_pitch(X).argmax(axis=1)
        return X[np.arange(len(X)), first] == self.pitch

    def _expected(self, Q, codes):
        wanted, silent = codes == self.pitch, ~is_pitch(codes)
        if not wanted.any():
            raise ValueError(
                f"No token has the pitch {self.pitch} ({pitch_name(self.pitch)}): the "
                f"model knows {codes[~silent].min()}-{codes[~silent].max()}."
            )
        q_wanted, q_silent = Q @ wanted, Q @ silent
        n_melodies, n_steps = q_wanted.shape
        before = np.ones((n_melodies, n_steps))
        np.cumprod(q_silent[:, :-1], axis=1, out=before[:, 1:])
        # probability of the wanted first note from step t on, given none before
        onward = np.zeros((n_melodies, n_steps + 1))
        for t in range(n_steps - 1, -1, -1):
            onward[:, t] = q_wanted[:, t] + q_silent[:, t] * onward[:, t + 1]
        gradient = before[:, :, None] * (wanted + onward[:, 1:, None] * silent)
        return onward[:, 0], gradient


@dataclass(eq=False)
class HoldCount(Objective):
    """Number of steps that are holds: the more, the longer the notes.

    It is `metrics.hold_share` times the number of steps. The surrogate is the expected
    number of steps in which a note sounds minus that of notes, so a hold after a rest
    does not count.

    References
    ----------
    J.-P. Briot, "Compress to Create", section V.v.

    Examples
    --------
    >>> from sklearn_c2c.melody import HOLD
    >>> from sklearn_c2c.objectives import HoldCount
    >>> HoldCount()([[62, HOLD, HOLD, 64], [62, 64, 66, 67]])
    array([2., 0.])
    """

    def _value(self, X):
        return (X == HOLD).sum(axis=1)

    def _expected(self, Q, codes):
        pitch = is_pitch(codes).astype(np.float64)
        R, pull_back = sounding(Q, codes)
        values = ((R - Q) @ pitch).sum(axis=1)
        return values, pull_back(np.broadcast_to(pitch, Q.shape)) - pitch


@dataclass(eq=False)
class NoteDensity(Objective):
    """Notes a step: 0 for silence, 1 if a note begins at every step.

    The value is `metrics.note_density`.

    Examples
    --------
    >>> from sklearn_c2c.melody import HOLD, REST
    >>> from sklearn_c2c.objectives import NoteDensity
    >>> NoteDensity()([[62, HOLD, HOLD, 64], [62, 64, 66, REST]])
    array([0.5 , 0.75])
    """

    def _value(self, X):
        return note_density(X)

    def _expected(self, Q, codes):
        pitch = is_pitch(codes) / Q.shape[1]
        return (Q @ pitch).sum(axis=1), np.broadcast_to(pitch, Q.shape)


@dataclass(eq=False)
class PitchRange(Objective):
    """Semitones from the lowest to the highest note; NaN without notes.

    The value is `metrics.pitch_range`. The surrogate adds up, for each gap between
    neighboring pitches of the decoder, its semitones times the probability that there
    are notes on both sides of it; silence counts as 0 in it.

    Examples
    --------
    >>> from sklearn_c2c.melody import HOLD
    >>> from sklearn_c2c.objectives import PitchRange
    >>> PitchRange()([[62, HOLD, 74, 69], [62, HOLD, HOLD, 62]])
    array([12.,  0.])
    """

    def _value(self, X):
        return pitch_range(X)

    def _expected(self, Q, codes):
        pitches = np.unique(codes[is_pitch(codes)])
        is_below = codes[:, None] <= pitches[:-1]
        is_above = is_pitch(codes)[:, None] & ~is_below
        below, above = Q @ is_below, Q @ is_above
        none_below, pull_below = product_over_steps(1 - below)
        none_above, pull_above = product_over_steps(1 - above)
        none, pull_none = product_over_steps(1 - below - above)
        gaps = np.diff(pitches).astype(np.float64)
        values = (1 - none_below - none_above + none) @ gaps
        gaps = np.broadcast_to(gaps, none.shape)
        neither = pull_none(gaps)
        gradient = (pull_below(gaps) - neither) @ is_below.T
        return values, gradient + (pull_above(gaps) - neither) @ is_above.T


@dataclass(eq=False)
class InScale(Objective):
    """Share of the notes whose pitch is in a scale; NaN without notes.

    Every note counts once, however long: the value is `metrics.in_scale_share`. The
    surrogate is the expected number of notes in the scale over that of all notes, 0 for
    silence.

    Parameters
    ----------
    tonic : str, default="D"
        A tonic, such as "D" or "Bb", or a key, such as "F#m" or "A dorian" (see
        `sklearn_c2c.melody.parse_key`).

    mode : str, default=None
        Such as "major" or "dorian". None takes that of the key, major if it states
        none.

    Examples
    --------
    >>> from sklearn_c2c.melody import HOLD
    >>> from sklearn_c2c.objectives import InScale
    >>> InScale("D", "major")([[62, HOLD, 66, 69], [62, HOLD, HOLD, 65]])
    array([1. , 0.5])
    """

    tonic: str = "D"
    mode: str | None = None

    def __post_init__(self):
        self._scale = parse_key(self.tonic, self.mode).pitch_classes

    def _value(self, X):
        return in_scale_share(X, self.tonic, self.mode)

    def _expected(self, Q, codes):
        pitch = is_pitch(codes)
        member = pitch & np.isin(codes % 12, self._scale)
        n_notes = np.maximum((Q @ pitch).sum(axis=1), TINY)
        values = (Q @ member).sum(axis=1) / n_notes
        slope = (member - values[:, None] * pitch) / n_notes[:, None]
        return values, np.broadcast_to(slope[:, None], Q.shape)
