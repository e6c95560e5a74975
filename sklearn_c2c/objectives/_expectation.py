"""Expectations over melodies whose steps are drawn independently, with derivatives.

A function of arrays returns ``(result, pull_back)``: `pull_back` maps the gradient with
respect to the result to the gradient with respect to the argument.
"""

import numpy as np

from sklearn_c2c.melody import END, HOLD, N_PITCHES, REST

# Avoids division by 0 at a step whose outputs are all 0; negligible at any other.
_EPSILON = np.finfo(np.float64).eps

# A count or variance below this is rounding error.
TINY = 1e-20

# Lengths of a melody that are less probable than this share of the most probable one
# are left out of its expectation.
_LEAST_LENGTH = 1e-4


def normalise(P):
    """Make each step sum to 1: ``Q = P / sum(P)``.

    The outputs of a sigmoid decoder do not sum to 1; those of a softmax decoder do and
    are not changed.
    """
    total = P.sum(axis=2, keepdims=True) + _EPSILON
    Q = P / total

    def pull_back(G):
        return (G - (G * Q).sum(axis=2, keepdims=True)) / total

    return Q, pull_back


def sounding(Q, tokens):
    """Distribution of the sounding pitch or rest at each step.

    ``R[t] = Q[t] + Q[t, hold] * R[t-1]``, where the first term leaves out the hold. A
    hold continues the step before it; a hold at the first step, or after a rest, is a
    rest, as in decoded melodies.
    """
    onset = tokens != HOLD
    hold = Q @ ~onset
    R = Q * onset
    before = (tokens == REST).astype(Q.dtype)
    for t in range(Q.shape[1]):
        R[:, t] += hold[:, t, None] * before
        before = R[:, t]

    def pull_back(G):
        later = G.copy()
        for t in range(Q.shape[1] - 2, -1, -1):
            later[:, t] += hold[:, t + 1, None] * later[:, t + 1]
        previous = np.empty_like(R)
        previous[:, 0] = tokens == REST
        previous[:, 1:] = R[:, :-1]
        return later * onset + (later * previous).sum(axis=2, keepdims=True) * ~onset

    return R, pull_back


def product_over_steps(A):
    """Product over the steps, axis 1, also where factors are 0."""
    before, after = np.ones_like(A), np.ones_like(A)
    np.cumprod(A[:, :-1], axis=1, out=before[:, 1:])
    np.cumprod(A[:, :0:-1], axis=1, out=after[:, -2::-1])

    def pull_back(G):
        return G[:, None] * before * after

    return before[:, -1] * A[:, -1], pull_back


def over_lengths(expected, Q, tokens):
    """Expected values of melodies that end at random steps.

    ``sum_n P(n) * E(value | n)``, where a melody has n steps if the end is drawn at
    step n and at none of the steps 1 to n - 1, and all its steps if it is never drawn.

    Parameters
    ----------
    expected : callable
        Takes the probabilities of melodies of one length, and their tokens without the
        end. Returns expected values and their gradient.
    Q : ndarray of shape (n_melodies, n_steps, n_tokens)
        Each step sums to 1.
    tokens : ndarray of int, shape (n_tokens,)
        `END` among them.

    Returns
    -------
    values : ndarray of shape (n_melodies,)
    gradient : ndarray, same shape as Q
    """
    goes_on = tokens != END
    S, to_Q = normalise(Q[:, :, goes_on])
    # Probability of the end after step t, if it was not reached before.
    ends = np.ones(Q.shape[:2])
    ends[:, :-1] = Q[:, 1:] @ ~goes_on
    p, to_ends = _first(ends)
    kept = p >= _LEAST_LENGTH * p.max(axis=1, keepdims=True)
    total = (p * kept).sum(axis=1)
    given, of_S = np.zeros_like(p), np.zeros_like(S)
    for last in np.flatnonzero(kept.any(axis=0)):
        rows, n_steps = kept[:, last], last + 1
        values, gradient = expected(S[rows, :n_steps], tokens[goes_on])
        given[rows, last] = values
        weights = p[rows, last] / total[rows]
        of_S[rows, :n_steps] += weights[:, np.newaxis, np.newaxis] * gradient
    values = (p * kept * given).sum(axis=1) / total
    of_p = kept * (given - values[:, np.newaxis]) / total[:, np.newaxis]
    gradient = np.zeros_like(Q)
    gradient[:, :, goes_on] = to_Q(of_S)
    gradient[:, 1:, ~goes_on] = to_ends(of_p)[:, :-1, np.newaxis]
    return values, gradient


def _first(A):
    """Probability that each step is the first at which an event of A occurs."""
    before = np.ones_like(A)
    np.cumprod(1 - A[:, :-1], axis=1, out=before[:, 1:])

    def pull_back(G):
        onward = np.zeros(len(A))  # mean of G over the steps after t
        of_A = np.empty_like(A)
        for t in range(A.shape[1] - 1, -1, -1):
            of_A[:, t] = before[:, t] * (G[:, t] - onward)
            onward = A[:, t] * G[:, t] + (1 - A[:, t]) * onward
        return of_A

    return before * A, pull_back


def is_pitch(tokens):
    """Mask of the tokens that are pitches, neither rest nor hold."""
    return tokens < N_PITCHES
