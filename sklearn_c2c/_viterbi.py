"""Viterbi decoding of melodies with holds of any length.

Arrays are float32 in C order. The kernel checks nothing: `_transitions` does.
"""

import numpy as np

from sklearn_c2c._nn.compilation import jit
from sklearn_c2c._nn.tiles import VECTOR_BYTES, max_plus_tile

# Columns of a tile; the number of symbols is padded to a multiple of it.
_TILE_VECTORS = 4
TILE_COLUMNS = _TILE_VECTORS * VECTOR_BYTES // np.dtype(np.float32).itemsize
_tile = max_plus_tile(_TILE_VECTORS)

# Score of impossible paths; finite, since infinity minus infinity is NaN.
_NEVER = np.float32(-1e30)

# Scores with a smaller relative difference count as equal.
_ROUNDING = np.float32(1e-6)


@jit
def viterbi(lo, hi, out, onsets, holds, levels, pitch, rhythm, ends):
    """Find the path with the largest score for each of the melodies lo:hi.

    A path has a symbol for each step: one of S symbols that begins there, of which the
    last, S - 1, is rest and the others are pitches; or S for a hold. The score is the
    sum of

    - ``onsets[i, t, s]`` where symbol s begins, ``holds[i, t]`` where there is a hold;
    - ``pitch[levels[t % M], b, a, s]`` where s begins after b, and b after a; rest
      comes before the first step;
    - ``rhythm[t % M, age, 1]`` where a symbol begins, ``rhythm[t % M, age, 0]`` where
      there is a hold, with age the number of steps since the last onset, at most A, and
      0 in the first step;
    - ``ends[s]`` of the last symbol.

    Parameters
    ----------
    lo, hi : int
    out : ndarray of int, shape (n_melodies, n_steps)
        Rows lo:hi are written.
    onsets : ndarray of shape (n_melodies, n_steps, S)
    holds : ndarray of shape (n_melodies, n_steps)
    levels : ndarray of int, shape (M,)
    pitch : ndarray of shape (n_levels, S, S, Q)
        Q is a multiple of `TILE_COLUMNS` and at least S; columns from S on are padding.
    rhythm : ndarray of shape (M, A + 1, 2)
    ends : ndarray of shape (S,)
    """
    n_steps, n_symbols = onsets.shape[1:]
    n_places, n_ages, _ = rhythm.shape
    width = n_symbols * pitch.shape[3]
    # Best scores by the last two symbols (a, b), of paths whose last symbol began at
    # step t, and of paths before step t, at which the next symbol begins.
    begun = np.empty((n_steps, width), np.float32)
    ended = np.empty((n_steps + 1, width), np.float32)
    # Best scores of paths whose last symbol began A or more steps ago.
    long = np.empty((1, width), np.float32)
    # Sum of the scores of the holds since each step.
    held = np.empty(n_steps, np.float32)
    addends = np.empty((1, n_steps), np.float32)
    nothing = np.zeros(n_ages, np.float32)
    for i in range(lo, hi):
        long[:] = _NEVER
        ended[0] = _NEVER
        ended[0, (n_symbols - 1) * pitch.shape[3] + n_symbols - 1] = rhythm[0, 0, 1]
        for t in range(n_steps):
            place = rhythm[t % n_places]
            if t:
                _end(ended, begun, long, held, addends, place[:, 1], t)
            _begin(begun, ended, onsets[i, t], pitch[levels[t % n_places]], t)
            if t:
                _forbid_hold_of_rest(begun[t - 1], n_symbols, pitch.shape[3])
                _hold(begun, long, held, addends, place[:, 0], holds[i, t], t)
            held[t] = 0
        _end(ended, begun, long, held, addends, nothing, n_steps)
        _trace(out[i], ended, begun, holds[i], levels, pitch, rhythm, ends)


@jit
def _end(ended, begun, long, held, addends, weights, t):
    """Compute ``ended[t]``, the maximum over the ages of the last symbol."""
    oldest = weights.shape[0] - 1
    row = ended[t]
    for j in range(row.shape[0]):
        row[j] = long[0, j] + weights[oldest]
    first = max(0, t - oldest + 1)
    for k in range(first, t):
        addends[0, k - first] = held[k] + weights[t - k]
    for j in range(0, row.shape[0], TILE_COLUMNS):
        _tile(ended[t : t + 1], addends, begun[first:t], 0, j, t - first)


@jit
def _begin(begun, ended, onsets, pitch, t):
    """Compute ``begun[t]``, the maximum over the symbols before the last."""
    n_symbols, n_columns = pitch.shape[1:]
    rows = begun[t].reshape(n_symbols, n_columns)
    rows[:] = _NEVER
    before = ended[t].reshape(n_symbols, n_columns).T
    for b in range(n_symbols):
        for j in range(0, n_columns, TILE_COLUMNS):
            _tile(rows, before, pitch[b], b, j, n_symbols)
        for s in range(n_symbols):
            rows[b, s] += onsets[s]


@jit
def _forbid_hold_of_rest(begun, n_symbols, n_columns):
    for b in range(n_symbols):
        begun[b * n_columns + n_symbols - 1] = _NEVER


@jit
def _hold(begun, long, held, addends, weights, hold, t):
    """Add holds at step t, and merge paths that reach the age A into `long`."""
    oldest = weights.shape[0] - 1
    for j in range(long.shape[1]):
        long[0, j] += weights[oldest] + hold
    for k in range(max(0, t - oldest + 1), t):
        held[k] += weights[t - k] + hold
    k = t + 1 - oldest
    if k >= 0:
        addends[0, 0] = held[k]
        for j in range(0, long.shape[1], TILE_COLUMNS):
            _tile(long, addends, begun[k : k + 1], 0, j, 1)


@jit
def _trace(out, ended, begun, holds, levels, pitch, rhythm, ends):
    """Trace the best path back, and write it to `out`."""
    n_steps, n_columns = out.shape[0], pitch.shape[3]
    n_symbols, n_places = ends.shape[0], rhythm.shape[0]
    last = ended[n_steps].reshape(n_symbols, n_columns)
    before, symbol = 0, 0
    for a in range(n_symbols):
        for b in range(n_symbols):
            if last[a, b] + ends[b] > last[before, symbol] + ends[symbol]:
                before, symbol = a, b
    t = n_steps
    while True:
        state = before * n_columns + symbol
        k = t - 1
        if symbol < n_symbols - 1:
            k = _onset(ended[t, state], begun[:, state], holds, rhythm, t, n_steps)
        out[k] = symbol
        out[k + 1 : t] = n_symbols
        if k == 0:
            break
        level = levels[k % n_places]
        best = 0
        for a in range(n_symbols):
            score = ended[k, a * n_columns + before] + pitch[level, before, a, symbol]
            if score > (
                ended[k, best * n_columns + before] + pitch[level, before, best, symbol]
            ):
                best = a
        before, symbol, t = best, before, k


@jit
def _onset(target, begun, holds, rhythm, t, n_steps):
    """Onset of the last symbol of the best path before step t."""
    n_places, oldest = rhythm.shape[0], rhythm.shape[1] - 1
    best, best_score = t - 1, _NEVER
    for k in range(t - 1, -1, -1):
        score = begun[k]
        for u in range(k + 1, t):
            score += rhythm[u % n_places, min(u - k, oldest), 0] + holds[u]
        if t < n_steps:
            score += rhythm[t % n_places, min(t - k, oldest), 1]
        if score > best_score:
            best, best_score = k, score
        if score >= target - _ROUNDING * abs(target):
            break
    return best
