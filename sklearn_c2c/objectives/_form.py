"""Form: which parts of a melody are equal, compared with a template."""

from dataclasses import KW_ONLY, dataclass

import numpy as np

from sklearn_c2c.melody import END, check_melodies
from sklearn_c2c.metrics import measure_similarity
from sklearn_c2c.objectives._base import Objective


@dataclass(eq=False)
class SelfSimilarity(Objective):
    """Agreement of a melody's self-similarity with that of a template: 1 if equal.

    A melody is divided, up to its end, into as many equal parts as the template has.
    With S_ab the share of steps at which parts a and b have the same token
    (`metrics.measure_similarity`; two holds are equal even if they prolong different
    pitches), and T_ab the similarity that the template asks for,

    ``1 - mean over a < b of (S_ab - T_ab)^2``

    in [0, 1]; NaN for a melody that ends early and cannot be divided, which counts as 0
    in the surrogate. This is the expectation, with orphan holds counted as holds. If
    ``p_t = sum over c of q[a, t, c] * q[b, t, c]`` is the probability that step t of n
    has the same token in parts a and b,

    ``E (S_ab - T_ab)^2 = (mean p_t - T_ab)^2 + sum of p_t * (1 - p_t) / n^2``

    Parameters
    ----------
    template : str or array-like of int, shape (n_steps,)
        One letter for each part, the same letter for equal parts: for 8 measures
        "ABACABAD" has a letter for each measure, "AABA" one for each two measures. Or a
        melody, whose measures are the parts and whose `metrics.measure_similarity` is
        T; the melodies that are measured may have another length or metre.

    steps_per_measure : int, default=16
        Steps per measure of a template that is a melody; not used for letters.

    unlike : float, default=0.5
        T_ab of two different letters, in [0, 1]. Measures of real melodies that differ
        still agree at many steps, mostly holds: on average at .51 of the steps in the
        75 reels and at .72 in the 80 chorale sopranos. 0 asks for parts that agree at
        no step.

    References
    ----------
    S. Lattner, M. Grachten and G. Widmer, "Imposing higher-level structure in
    polyphonic music generation using convolutional restricted Boltzmann machines and
    constraints", Journal of Creative Music Systems 2(2), 2018.
    J.-P. Briot, "Compress to Create", reference 17.

    Examples
    --------
    >>> from sklearn_c2c.melody import HOLD
    >>> from sklearn_c2c.objectives import SelfSimilarity
    >>> X = [[62, HOLD, 62, HOLD, 66, HOLD], [62, HOLD, 66, HOLD, 69, 67]]
    >>> SelfSimilarity("AAB")(X).round(3).tolist()
    [1.0, 0.75]
    >>> SelfSimilarity(X[1], steps_per_measure=2)(X).round(3).tolist()
    [0.75, 1.0]
    """

    template: str | np.ndarray
    _: KW_ONLY
    steps_per_measure: int = 16
    unlike: float = 0.5

    def __post_init__(self):
        if not 0 <= self.unlike <= 1:
            raise ValueError(f"unlike must be in [0, 1], got {self.unlike!r}.")
        if isinstance(self.template, str):
            target = self._target_of_letters()
        else:
            target = self._target_of_melody()
        n_parts = len(target)
        if n_parts < 2:
            raise ValueError(
                "template must have at least two parts to compare: letters such as "
                f"'AABA', or a melody of at least two measures; got {self.template!r}."
            )
        self._target = target
        # Each pair occurs twice, and no part is compared with itself.
        self._weights = (1 - np.eye(n_parts)) / (n_parts * (n_parts - 1))

    def _target_of_letters(self):
        if self.template and not self.template.isalpha():
            raise ValueError(
                "template must be letters such as 'AABA', one for each part, or a "
                f"melody; got {self.template!r}."
            )
        letters = np.array(list(self.template))
        return np.where(letters[:, None] == letters, 1.0, self.unlike)

    def _target_of_melody(self):
        melody = check_melodies(self.template)
        if melody.ndim != 1:
            raise ValueError(
                "template must be letters or one melody, of shape (n_steps,), got "
                f"shape {melody.shape}."
            )
        self.template = melody = melody[melody != END]
        return measure_similarity(melody, steps_per_measure=self.steps_per_measure)[0]

    def _check_steps(self, n_steps):
        n_parts = len(self._target)
        if n_steps % n_parts:
            raise ValueError(
                f"The template has {n_parts} parts, into which the {n_steps} steps of "
                "a melody cannot be divided."
            )

    def _value(self, X):
        steps, rest = divmod(X.shape[1], len(self._target))
        if rest:
            return np.full(len(X), np.nan)
        error = measure_similarity(X, steps_per_measure=steps) - self._target
        return 1 - (error**2 * self._weights).sum(axis=(1, 2))

    def _expected(self, Q, tokens):
        n_melodies, n_steps, n_tokens = Q.shape
        steps, rest = divmod(n_steps, len(self._target))
        if rest:
            return np.zeros(n_melodies), np.zeros_like(Q)
        # (n_melodies, steps, n_parts, n_tokens)
        A = Q.reshape(n_melodies, -1, steps, n_tokens).swapaxes(1, 2)
        p = A @ A.swapaxes(2, 3)
        error = p.mean(axis=1) - self._target
        variance = (p * (1 - p)).sum(axis=1) / steps**2
        values = 1 - ((error**2 + variance) * self._weights).sum(axis=(1, 2))
        slope = 2 * error[:, None] / steps + (1 - 2 * p) / steps**2
        # 2 because A is both factors of p, and slope is symmetric.
        gradient = -2 * (slope * self._weights) @ A
        return values, gradient.swapaxes(1, 2).reshape(Q.shape)
