"""Rhythm: where notes begin, compared with a template."""

from dataclasses import dataclass

import numpy as np

from sklearn_c2c.melody import END, check_melodies
from sklearn_c2c.objectives._base import Objective
from sklearn_c2c.objectives._expectation import is_pitch


@dataclass(eq=False)
class OnsetPattern(Objective):
    """Share of the steps at which a note begins if one does in a template, else not.

    The surrogate is the expectation: a mean over steps of the probability of an onset,
    or of none.

    Parameters
    ----------
    template : array-like of int, shape (n_steps,)
        A melody, whose pitches do not matter. It is repeated if it is shorter than the
        melodies that are measured, so one measure gives a pattern to each measure.

    References
    ----------
    S. Lattner, M. Grachten and G. Widmer, "Imposing higher-level structure in
    polyphonic music generation using convolutional restricted Boltzmann machines and
    constraints", 2018: the constraint of metre.

    Examples
    --------
    >>> from sklearn_c2c.melody import HOLD
    >>> from sklearn_c2c.objectives import OnsetPattern
    >>> OnsetPattern([62, HOLD])([[66, HOLD, 69, HOLD], [66, HOLD, 69, 67]])
    array([1.  , 0.75])
    """

    template: np.ndarray

    def __post_init__(self):
        melody = check_melodies(self.template)
        if melody.ndim != 1 or not is_pitch(melody).any():
            raise ValueError(
                "template must be one row of shape (n_steps,) with at least one note, "
                f"got {self.template!r}."
            )
        self.template = melody[melody != END]

    def _sign(self, n_steps):
        """1 at the steps where a note begins, -1 at the others."""
        sign = np.where(is_pitch(self.template), 1.0, -1.0)
        return np.resize(sign, n_steps)

    def _value(self, X):
        return (is_pitch(X) == (self._sign(X.shape[1]) > 0)).mean(axis=1)

    def _expected(self, Q, tokens):
        n_steps, pitch = Q.shape[1], is_pitch(tokens)
        sign = self._sign(n_steps)
        values = ((Q @ pitch) @ sign + (sign < 0).sum()) / n_steps
        return values, np.broadcast_to(sign[:, None] * pitch / n_steps, Q.shape)
