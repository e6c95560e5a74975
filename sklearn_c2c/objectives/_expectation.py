"""Expectations over melodies whose steps are drawn independently, with derivatives.

A function that maps arrays gives ``(result, pull_back)``: `pull_back` turns the
gradient with respect to the result into that with respect to the argument.
"""

import numpy as np

from sklearn_c2c.melody import HOLD, N_PITCHES, REST

# Keeps a step in which all outputs are 0 finite, and is lost beside any other.
_EPSILON = np.finfo(np.float64).eps

# Below it a count or a variance is nothing but rounding.
TINY = 1e-20


def normalise(P):
    """Make each step sum to 1: ``Q = P / sum(P)``.

    The outputs of a sigmoid decoder are probabilities of their own; those of a softmax
    decoder stay as they are.
    """
    total = P.sum(axis=2, keepdims=True) + _EPSILON
    Q = P / total

    def pull_back(G):
        return (G - (G * Q).sum(axis=2, keepdims=True)) / total

    return Q, pull_back


def sounding(Q, codes):
    """Distribution of what sounds at each step: ``R[t] = Q[t] + Q[t, hold] * R[t-1]``.

    In the sum Q stands without its hold. A hold sounds as what came before it, in the
    first step as a rest, so orphan holds are rests as they are in decoded melodies.
    """
    onset = codes != HOLD
    hold = Q @ ~onset
    R = Q * onset
    before = (codes == REST).astype(Q.dtype)
    for t in range(Q.shape[1]):
        R[:, t] += hold[:, t, None] * before
        before = R[:, t]

    def pull_back(G):
        later = G.copy()
        for t in range(Q.shape[1] - 2, -1, -1):
            later[:, t] += hold[:, t + 1, None] * later[:, t + 1]
        previous = np.empty_like(R)
        previous[:, 0] = codes == REST
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


def is_pitch(codes):
    """Where a code is a pitch, neither rest nor hold."""
    return codes < N_PITCHES
