"""Objectives of one voice of several."""

from dataclasses import KW_ONLY, dataclass
from numbers import Integral

import numpy as np
from sklearn.utils.metaestimators import available_if

from sklearn_c2c.melody import split_voices
from sklearn_c2c.objectives._base import Objective


@dataclass(eq=False)
class OfVoice(Objective):
    """An objective of one of several voices; the others may be anything.

    Without it, an objective takes a row of several voices for one melody.

    Parameters
    ----------
    objective : objective or sum of objectives
        What is measured of the melody of the voice.

    voice : int
        Number of the voice, from 0.

    n_voices : int
        Number of voices of a row.

    Examples
    --------
    >>> from sklearn_c2c.objectives import NoteDensity, OfVoice
    >>> X = [[74, 129, 129, 129, 62, 129, 64, 66]]
    >>> [float(OfVoice(NoteDensity(), i, n_voices=2)(X)[0]) for i in (0, 1)]
    [0.25, 0.75]
    """

    objective: object
    voice: int
    _: KW_ONLY
    n_voices: int

    def __post_init__(self):
        if not callable(self.objective):
            raise ValueError(
                "objective must be an objective or a function of melodies, got "
                f"{self.objective!r}."
            )
        numbers = self.voice, self.n_voices
        is_whole = all(isinstance(number, Integral) for number in numbers)
        if not is_whole or not 0 <= self.voice < self.n_voices:
            raise ValueError(
                f"voice must be from 0 to n_voices - 1, got voice={self.voice!r} and "
                f"n_voices={self.n_voices!r}."
            )

    def _has_surrogate(self):
        """Whether the objective of the voice has one; a function has none."""
        return hasattr(self.objective, "surrogate")

    @available_if(_has_surrogate)
    def surrogate(self, P, tokens):
        """Surrogate of the objective of the voice; see `Objective.surrogate`.

        Parameters
        ----------
        P : array-like of shape (n_rows, n_voices * n_steps, n_tokens)
            Outputs of a decoder.

        tokens : array-like of int, shape (n_tokens,)
            The tokens of the last axis of P.

        Returns
        -------
        values : ndarray of float64, shape (n_rows,)
        gradient : ndarray of the shape of P
            0 for the other voices.
        """
        return super().surrogate(P, tokens)

    def _check_steps(self, n_steps):
        split_voices(np.empty(n_steps), self.n_voices)

    def _value(self, X):
        return self.objective(split_voices(X, self.n_voices)[:, self.voice])

    def _expected(self, Q, tokens):
        n_steps = Q.shape[1] // self.n_voices
        own = slice(self.voice * n_steps, (self.voice + 1) * n_steps)
        values, gradient = self.objective.surrogate(Q[:, own], tokens)
        of_row = np.zeros_like(Q)
        of_row[:, own] = gradient
        return values, of_row
