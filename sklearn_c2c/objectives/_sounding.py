"""Objectives that compare the sounding pitches with a given curve or melody."""

from dataclasses import KW_ONLY, dataclass

import numpy as np

from sklearn_c2c.melody import check_melodies, sounding_pitches
from sklearn_c2c.objectives._base import Objective
from sklearn_c2c.objectives._expectation import TINY, is_pitch, sounding


@dataclass(eq=False)
class Contour(Objective):
    """Correlation of the melody's pitch with a given curve, from -1 to 1.

    Pearson's correlation over the steps at which a note sounds; 0 if the pitch never
    changes. The surrogate weights each pair of step and pitch by the probability that
    the pitch sounds at the step.

    Parameters
    ----------
    shape : array-like of shape (n_points,)
        Heights in any unit, equally spaced from the first step to the last and
        interpolated linearly: ``[0, 1]`` rises, ``[0, 1, 0]`` is an arch. At least two
        points, not all the same.

    Examples
    --------
    >>> from sklearn_c2c.objectives import Contour
    >>> Contour([0, 1])([[60, 62, 64, 66], [66, 64, 62, 60], [62, 62, 62, 62]])
    array([ 1., -1.,  0.])
    """

    shape: np.ndarray

    def __post_init__(self):
        shape = np.asarray(self.shape, dtype=np.float64)
        if shape.ndim != 1 or np.unique(shape).size < 2 or not np.isfinite(shape).all():
            raise ValueError(
                "shape must be at least two finite heights, not all the same, got "
                f"{self.shape!r}."
            )
        self.shape = shape

    def _value(self, X):
        sounds = sounding_pitches(X)
        tokens = np.unique(sounds)
        return self._correlation(sounds[:, :, None] == tokens, tokens)[0]

    def _expected(self, Q, tokens):
        R, pull_back = sounding(Q, tokens)
        values, gradient = self._correlation(R, tokens)
        return values, pull_back(gradient)

    def _correlation(self, R, tokens):
        """Correlation under the weights R, and its gradient."""
        pitch = is_pitch(tokens)
        R = R * pitch
        total = np.maximum(R.sum(axis=(1, 2), keepdims=True), TINY)

        def mean(values):
            return (R * values).sum(axis=(1, 2), keepdims=True) / total

        x, y = self._heights(R.shape[1])[:, None], tokens.astype(np.float64)
        x, y = x - mean(x), y - mean(y)
        x_variance, y_variance = mean(x * x), mean(y * y)
        flat = x_variance * y_variance < TINY
        x_variance[flat] = y_variance[flat] = np.inf
        scale = np.sqrt(x_variance * y_variance)
        r = mean(x * y) / scale
        slope = x * y / scale - r / 2 * (x * x / x_variance + y * y / y_variance)
        return r[:, 0, 0], slope / total * pitch

    def _heights(self, n_steps):
        """The curve at every step, with mean 0 and variance 1."""
        points = np.linspace(0, 1, len(self.shape))
        heights = np.interp(np.linspace(0, 1, n_steps), points, self.shape)
        return (heights - heights.mean()) / max(heights.std(), TINY)


@dataclass(eq=False)
class Consonance(Objective):
    """Consonance of a melody with a given one, by the measure of DeepHear.

    With S[p, t] = 1 where pitch p sounds at step t, and m the pitch of the given melody
    at step t,

    ``- mean over t of unison * (1 - S[m, t])^2 + sum of S[p, t]^2 over p near m``

    over the steps at which the given melody sounds; p is near m if it differs from m by
    1 to `radius` semitones. The worst value is ``-(unison + 1)``, the best 0. The
    surrogate replaces S by the probability that p sounds, as DeepHear does. Nothing
    sounds after the end of a melody.

    Parameters
    ----------
    melody : array-like of int, shape (n_steps,)
        The given melody, of at least one note. If it is shorter than the rows of the
        others, it is filled up with `END`.

    radius : int, default=2
        Largest interval that is a clash, in semitones: seconds by default.

    unison : float, default=1.0
        Cost of a step that does not sound the pitch of the given melody. DeepHear uses
        1, since it looks for music that contains the melody; 0 suits a second voice.

    References
    ----------
    F. Sun, "DeepHear: Composing and harmonizing music with neural networks", 2015.
    J.-P. Briot, "Compress to Create", section V.v and footnote 29.

    Examples
    --------
    >>> from sklearn_c2c.melody import HOLD
    >>> from sklearn_c2c.objectives import Consonance
    >>> Consonance([62, HOLD, 66, 67])([[62, HOLD, 66, 67], [62, HOLD, 67, 72]])
    array([-0.  , -0.75])
    >>> Consonance([62, HOLD, 66, 67], unison=0)([[66, HOLD, 69, 66]])
    array([-0.25])
    """

    melody: np.ndarray
    _: KW_ONLY
    radius: int = 2
    unison: float = 1.0

    def __post_init__(self):
        melody = check_melodies(self.melody)
        if melody.ndim != 1 or not is_pitch(melody).any():
            raise ValueError(
                "melody must be one row of shape (n_steps,) with at least one note, "
                f"got {self.melody!r}."
            )
        if self.radius < 0 or self.unison < 0:
            raise ValueError(
                "radius and unison must not be negative, got "
                f"radius={self.radius!r}, unison={self.unison!r}."
            )
        self.melody = melody

    def _check_steps(self, n_steps):
        if n_steps != len(self.melody):
            raise ValueError(
                f"melody has {len(self.melody)} steps, but {n_steps} are decoded."
            )

    def _value(self, X):
        sounds = sounding_pitches(X)
        tokens = np.unique(sounds)
        return self._fit(sounds[:, :, None] == tokens, tokens)[0]

    def _expected(self, Q, tokens):
        R, pull_back = sounding(Q, tokens)
        values, gradient = self._fit(R, tokens)
        return values, pull_back(gradient)

    def _fit(self, R, tokens):
        """Value under the sounding weights R, and its gradient."""
        whole = sounding_pitches(self.melody)
        given, later = whole[: R.shape[1], None], whole[R.shape[1] :]
        counts = is_pitch(given) & is_pitch(tokens)
        unison = counts & (tokens == given)
        clash = counts & ~unison & (np.abs(tokens - given) <= self.radius)
        n_steps = is_pitch(whole).sum()
        missing = is_pitch(given[:, 0]) - (R * unison).sum(axis=2)
        loss = self.unison * missing**2 + (R * R * clash).sum(axis=2)
        gradient = self.unison * missing[:, :, None] * unison - R * clash
        loss = loss.sum(axis=1) + self.unison * is_pitch(later).sum()
        return -loss / n_steps, 2 / n_steps * gradient
