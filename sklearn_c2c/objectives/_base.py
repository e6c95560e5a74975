"""Base class of objectives: a value of melodies, a surrogate, and arithmetic."""

from abc import ABC, abstractmethod
from numbers import Real

import numpy as np
from sklearn.utils.metaestimators import available_if

from sklearn_c2c.melody import END, check_melodies, melody_lengths
from sklearn_c2c.objectives._expectation import normalise, over_lengths


class Arithmetic:
    """Operators of objectives: ``0.5 * a - b + function``, all weighted sums."""

    def _terms(self):
        return [(1.0, self)]

    def __add__(self, other):
        terms = _terms_of(other)
        return NotImplemented if terms is None else WeightedSum(self._terms() + terms)

    def __radd__(self, other):
        terms = _terms_of(other)
        return NotImplemented if terms is None else WeightedSum(terms + self._terms())

    def __mul__(self, weight):
        if not isinstance(weight, Real):
            return NotImplemented
        if not np.isfinite(weight):
            raise ValueError(f"Expected a finite weight of an objective, got {weight}.")
        return WeightedSum([(float(weight) * w, term) for w, term in self._terms()])

    __rmul__ = __mul__

    def __neg__(self):
        return -1.0 * self

    def __sub__(self, other):
        terms = _terms_of(other)
        return NotImplemented if terms is None else self + WeightedSum(terms) * -1.0

    def __rsub__(self, other):
        return -self + other


class Objective(Arithmetic, ABC):
    """A value of each melody, and its expectation under the decoder's probabilities.

    A subclass implements `_value`, which takes checked melodies, and `_expected`, which
    takes probabilities that sum to 1 at each step. Neither meets the end of a melody:
    `_value` takes melodies of one length, without `END`, and `_expected` the
    probabilities of the other tokens up to the end.
    """

    def __call__(self, X):
        """Measure melodies.

        Parameters
        ----------
        X : array-like of int, shape (n_melodies, n_steps)
            Melodies: MIDI pitches 0-127, `REST` (128), `HOLD` (129). Shorter ones are
            filled up with `END` (130), and measured up to their end.

        Returns
        -------
        values : ndarray of float64, shape (n_melodies,)
            NaN where the value is not defined for a melody.

        Raises
        ------
        ValueError
            If X is not a 2D array of melodies, or its rows do not have the steps that
            the objective needs.
        """
        X = check_melodies(X)
        if X.ndim != 2:
            raise ValueError(
                f"Expected melodies of shape (n_melodies, n_steps), got shape "
                f"{X.shape}."
            )
        self._check_steps(X.shape[1])
        lengths, values = melody_lengths(X), np.empty(len(X))
        for n_steps in np.unique(lengths):
            rows = lengths == n_steps
            values[rows] = self._value(X[rows, :n_steps])
        return values

    def surrogate(self, P, tokens):
        """Expected value if the token of each step is drawn from its probabilities.

        The outputs of each step are divided by their sum, and the steps are
        independent. For probabilities of 0 and 1 the surrogate equals the value of the
        decoded melody where that is defined. The surrogate is always finite.

        If `END` is among the tokens, a melody ends before the first step, after step 0,
        at which it is drawn. With ``P(n)`` the probability of n steps, the surrogate is

            ``sum over n of P(n) * E(value | n steps)``

        over the lengths n that are at least 1e-4 times as probable as the most probable
        one; the weights P(n) of these are divided by their sum.

        Parameters
        ----------
        P : array-like of shape (n_melodies, n_steps, n_tokens)
            Outputs of a decoder: not negative, and not 0 for all tokens of a step.

        tokens : array-like of int, shape (n_tokens,)
            The tokens of the last axis of P, such as ``tokens_`` of the encoder.

        Returns
        -------
        values : ndarray of float64, shape (n_melodies,)

        gradient : ndarray of float64, shape (n_melodies, n_steps, n_tokens)
            Gradient of each value with respect to the probabilities of its melody.

        Raises
        ------
        ValueError
            If the shapes of P and tokens do not match, P has a negative value, or not
            the steps that the objective needs.
        """
        P, tokens = np.asarray(P, dtype=np.float64), np.asarray(tokens)
        if P.ndim != 3 or tokens.shape != P.shape[2:]:
            raise ValueError(
                "Expected P of shape (n_melodies, n_steps, n_tokens) and n_tokens "
                f"tokens, got P of shape {P.shape} and tokens of shape "
                f"{tokens.shape}."
            )
        if P.size and not P.min() >= 0:
            raise ValueError(f"Expected probabilities, found {P.min():.3g} in P.")
        self._check_steps(P.shape[1])
        Q, pull_back = normalise(P)
        if END in tokens:
            values, gradient = over_lengths(self._expected, Q, tokens)
        else:
            values, gradient = self._expected(Q, tokens)
        return values, pull_back(gradient)

    def _check_steps(self, n_steps):
        """Raise a ValueError if melodies in rows of n_steps cannot be measured."""

    @abstractmethod
    def _value(self, X):
        """Values of legal melodies of one length."""

    @abstractmethod
    def _expected(self, Q, tokens):
        """Expected values, and their gradient with respect to Q."""


def _has_surrogates(weighted_sum):
    return all(hasattr(term, "surrogate") for _, term in weighted_sum.terms)


class WeightedSum(Arithmetic):
    """Sum of objectives and of plain functions of melodies, each with its weight.

    The result of ``+``, ``-`` and ``*`` on objectives. It has a `surrogate` if all of
    its terms have one.

    Parameters
    ----------
    terms : list of (float, callable)
        Weight and objective of each term.
    """

    def __init__(self, terms):
        self.terms = terms

    def _terms(self):
        return self.terms

    def __call__(self, X):
        """Measure melodies: the weighted sum of the values of the terms.

        Parameters
        ----------
        X : array-like of int, shape (n_melodies, n_steps)
            Melodies.

        Returns
        -------
        values : ndarray of float64, shape (n_melodies,)
        """
        return sum(weight * np.asarray(term(X)) for weight, term in self.terms)

    @available_if(_has_surrogates)
    def surrogate(self, P, tokens):
        """Weighted sum of the surrogates of the terms; see `Objective.surrogate`.

        Parameters
        ----------
        P : array-like of shape (n_melodies, n_steps, n_tokens)
            Outputs of a decoder.

        tokens : array-like of int, shape (n_tokens,)
            The tokens of the last axis of P.

        Returns
        -------
        values : ndarray of float64, shape (n_melodies,)

        gradient : ndarray of float64, shape (n_melodies, n_steps, n_tokens)
        """
        parts = [(weight, term.surrogate(P, tokens)) for weight, term in self.terms]
        values = sum(weight * values for weight, (values, _) in parts)
        return values, sum(weight * gradient for weight, (_, gradient) in parts)

    def __repr__(self):
        return " + ".join(f"{weight:g} * {term!r}" for weight, term in self.terms)


def _terms_of(other):
    """Return weighted terms of an objective or a function, None of anything else."""
    if isinstance(other, Arithmetic):
        return other._terms()
    return [(1.0, other)] if callable(other) else None
