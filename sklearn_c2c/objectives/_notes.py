"""Objectives of notes: first and last one, holds, density, range, scale."""

from dataclasses import KW_ONLY, dataclass
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

    The first note need not be at the first step: rests may come before it. The
    surrogate is the probability of this, ``sum over t of q[t, pitch] * (product over
    s < t of q[s, rest] + q[s, hold])``.

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
        _check_pitches(pitch=self.pitch)

    def _value(self, X):
        first = is_pitch(X).argmax(axis=1)
        return X[np.arange(len(X)), first] == self.pitch

    def _expected(self, Q, tokens):
        return _first_has_pitch(Q, tokens, self.pitch)


@dataclass(eq=False)
class LastNote(Objective):
    """Whether the last note has a given pitch: 1 or 0.

    Holds and rests may come after its onset. The surrogate is the probability of this,
    as of `FirstNote` from the last step backwards.

    Parameters
    ----------
    pitch : int
        MIDI pitch, 0-127.

    Examples
    --------
    >>> from sklearn_c2c.melody import HOLD, REST
    >>> from sklearn_c2c.objectives import LastNote
    >>> LastNote(62)([[60, 62, HOLD], [60, 62, REST], [62, 62, 60]])
    array([1., 1., 0.])
    """

    pitch: int

    def __post_init__(self):
        _check_pitches(pitch=self.pitch)

    def _value(self, X):
        backwards = X[:, ::-1]
        last = is_pitch(backwards).argmax(axis=1)
        return backwards[np.arange(len(X)), last] == self.pitch

    def _expected(self, Q, tokens):
        values, gradient = _first_has_pitch(Q[:, ::-1], tokens, self.pitch)
        return values, gradient[:, ::-1]


def _check_pitches(**pitches):
    """Raise a ValueError unless all are MIDI pitches."""
    for name, pitch in pitches.items():
        if not isinstance(pitch, Integral) or not 0 <= pitch < N_PITCHES:
            raise ValueError(
                f"{name} must be a MIDI pitch, an integer in 0-127 such as 60 for C4; "
                f"got {pitch!r}."
            )


def _first_has_pitch(Q, tokens, pitch):
    """Probability that the first note has a pitch, and its gradient."""
    wanted, silent = tokens == pitch, ~is_pitch(tokens)
    if not wanted.any():
        raise ValueError(
            f"No token has the pitch {pitch} ({pitch_name(pitch)}): the model knows "
            f"{tokens[~silent].min()}-{tokens[~silent].max()}."
        )
    q_wanted, q_silent = Q @ wanted, Q @ silent
    n_melodies, n_steps = q_wanted.shape
    before = np.ones((n_melodies, n_steps))
    np.cumprod(q_silent[:, :-1], axis=1, out=before[:, 1:])
    # Probability that the first note at or after step t has the pitch.
    onward = np.zeros((n_melodies, n_steps + 1))
    for t in range(n_steps - 1, -1, -1):
        onward[:, t] = q_wanted[:, t] + q_silent[:, t] * onward[:, t + 1]
    gradient = before[:, :, None] * (wanted + onward[:, 1:, None] * silent)
    return onward[:, 0], gradient


@dataclass(eq=False)
class HoldCount(Objective):
    """Number of steps that are holds; melodies with more holds have longer notes.

    The value is `metrics.hold_share` times the number of steps. The surrogate is the
    expected number of steps at which a note sounds minus the expected number of notes,
    so a hold after a rest does not count.

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

    def _expected(self, Q, tokens):
        pitch = is_pitch(tokens).astype(np.float64)
        R, pull_back = sounding(Q, tokens)
        values = ((R - Q) @ pitch).sum(axis=1)
        return values, pull_back(np.broadcast_to(pitch, Q.shape)) - pitch


@dataclass(eq=False)
class NoteDensity(Objective):
    """Notes per step: 0 for silence, 1 if a note begins at every step.

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

    def _expected(self, Q, tokens):
        pitch = is_pitch(tokens) / Q.shape[1]
        return (Q @ pitch).sum(axis=1), np.broadcast_to(pitch, Q.shape)


@dataclass(eq=False)
class PitchRange(Objective):
    """Semitones from the lowest to the highest note; NaN without notes.

    The value is `metrics.pitch_range`. The surrogate is a sum over the gaps between
    neighboring pitches of the decoder: the semitones of the gap times the probability
    that there are notes on both sides of it. Silence counts as 0.

    Examples
    --------
    >>> from sklearn_c2c.melody import HOLD
    >>> from sklearn_c2c.objectives import PitchRange
    >>> PitchRange()([[62, HOLD, 74, 69], [62, HOLD, HOLD, 62]])
    array([12.,  0.])
    """

    def _value(self, X):
        return pitch_range(X)

    def _expected(self, Q, tokens):
        pitches = np.unique(tokens[is_pitch(tokens)])
        is_below = tokens[:, None] <= pitches[:-1]
        is_above = is_pitch(tokens)[:, None] & ~is_below
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

    Each note counts once, whatever its length: the value is `metrics.in_scale_share`.
    The surrogate is the expected number of notes in the scale divided by the expected
    number of notes, 0 for silence.

    Parameters
    ----------
    tonic : str, default="D"
        A tonic, such as "D" or "Bb", or a key, such as "F#m" or "A dorian" (see
        `sklearn_c2c.melody.parse_key`).

    mode : str, default=None
        A mode, such as "major" or "dorian". None takes the mode of the key, or major
        if the key states none.

    Examples
    --------
    >>> from sklearn_c2c.melody import HOLD
    >>> from sklearn_c2c.objectives import InScale
    >>> InScale("D", mode="major")([[62, HOLD, 66, 69], [62, HOLD, HOLD, 65]])
    array([1. , 0.5])
    """

    tonic: str = "D"
    _: KW_ONLY
    mode: str | None = None

    def __post_init__(self):
        self._scale = parse_key(self.tonic, mode=self.mode).pitch_classes

    def _value(self, X):
        return in_scale_share(X, self.tonic, mode=self.mode)

    def _expected(self, Q, tokens):
        return _share_of_notes(Q, tokens, np.isin(tokens % 12, self._scale))


@dataclass(eq=False)
class InRange(Objective):
    """Share of the notes whose pitch is in a range; NaN without notes.

    Each note counts once, whatever its length. The surrogate is that of `InScale`.

    Parameters
    ----------
    low, high : int
        Lowest and highest MIDI pitch of the range, 0-127.

    Examples
    --------
    >>> from sklearn_c2c.melody import HOLD
    >>> from sklearn_c2c.objectives import InRange
    >>> InRange(62, 74)([[62, HOLD, 74, 69], [62, HOLD, HOLD, 60]])
    array([1. , 0.5])
    """

    low: int
    high: int

    def __post_init__(self):
        _check_pitches(low=self.low, high=self.high)
        if self.low > self.high:
            raise ValueError(
                f"low must not be above high, got low={self.low}, high={self.high}."
            )

    def _value(self, X):
        is_note = is_pitch(X)
        n_notes = is_note.sum(axis=1)
        n_inside = (is_note & (X >= self.low) & (X <= self.high)).sum(axis=1)
        return np.where(n_notes, n_inside / np.maximum(n_notes, 1), np.nan)

    def _expected(self, Q, tokens):
        return _share_of_notes(Q, tokens, (tokens >= self.low) & (tokens <= self.high))


def _share_of_notes(Q, tokens, is_member):
    """Expected number of notes that are members by that of all, and its gradient."""
    pitch = is_pitch(tokens)
    member = pitch & is_member
    n_notes = np.maximum((Q @ pitch).sum(axis=1), TINY)
    values = (Q @ member).sum(axis=1) / n_notes
    slope = (member - values[:, None] * pitch) / n_notes[:, None]
    return values, np.broadcast_to(slope[:, None], Q.shape)
