"""Expectations over melodies whose steps are drawn independently, with derivatives.

A function of arrays returns ``(result, pull_back)``: `pull_back` maps the gradient with
respect to the result to the gradient with respect to the argument.
"""

import numpy as np

from sklearn_c2c.melody import HOLD, N_PITCHES, REST

# Avoids division by 0 at a step whose outputs are all 0; negligible at any other.
_EPSILON = np.finfo(np.float64).eps

# A count or variance below this is rounding error.
TINY = 1e-20


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


def is_pitch(tokens):
    """Mask of the tokens that are pitches, neither rest nor hold."""
    return tokens < N_PITCHES
