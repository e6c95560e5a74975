"""The kernels as plain lines of NumPy: slow compiled, fast interpreted.

Each function takes and writes what the kernel of its name does, and sums in an order
that does not depend on the block. `tests/test_kernels.py` and
`tests/test_transitions.py` judge both alike. With ``NUMBA_DISABLE_JIT=1`` tests that
train at real size take these in place of the interpreted kernels, see
`tests/conftest.py`.
"""

import contextlib

import numpy as np
import pytest
from scipy import sparse, special

from sklearn_c2c import _viterbi
from sklearn_c2c._nn import adam as optimizer
from sklearn_c2c._nn import boltzmann, kernels
from sklearn_c2c._nn import gates as recurrent_kernels
from sklearn_c2c._nn.kernels import Weights


@contextlib.contextmanager
def in_place_of_kernels():
    """Let the package call these functions where it calls kernels."""
    with pytest.MonkeyPatch.context() as patch:
        for function in (
            adam,
            apply_missed_updates,
            gather,
            place_by_column,
            sigmoid_expectation,
            softmax_expectation,
            subtract_stored,
            update_dense,
            update_rows,
        ):
            patch.setattr(kernels, function.__name__, function)
        for function in (add_at, gru_deltas, gru_states, lstm_deltas, lstm_states):
            patch.setattr(recurrent_kernels, function.__name__, function)
        patch.setattr(boltzmann, "draw_groups", draw_groups)
        patch.setattr(optimizer, "adam", adam)
        patch.setattr(_viterbi, "viterbi", viterbi)
        yield


def adam(lo, hi, weights, g, update):
    """See `kernels.adam`; lo and hi are rows of weights of any shape."""
    (p, m, v), g = (array[lo:hi] for array in weights), g[lo:hi]
    rate, beta_1, beta_2, epsilon, tiny = update
    mean, square = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g * g
    p -= rate * mean / (np.sqrt(square) + epsilon)
    m[...] = np.where(abs(mean) > tiny, mean, 0)
    v[...] = np.where(square > tiny, square, 0)


def gather(lo, hi, out, data, indices, indptr, coef, intercept):
    """See `kernels.gather`."""
    out[lo:hi] = _rows(lo, hi, data, indices, indptr, len(coef)) @ coef + intercept


def _rows(lo, hi, data, indices, indptr, n_columns):
    """Rows of an array in CSR form."""
    start, stop = indptr[lo], indptr[hi]
    stored = data[start:stop], indices[start:stop], indptr[lo : hi + 1] - start
    return sparse.csr_array(stored, shape=(hi - lo, n_columns))


def update_dense(lo, hi, delta_in, Z, delta, panels, coef, update):
    """See `kernels.update_dense`."""
    units = Weights(*(array[lo:hi] for array in coef))
    if len(delta_in):
        delta_in[:, lo:hi] = np.einsum("sc,uc->su", delta, units.value)
    # Not a product of BLAS, whose sums depend on the shape of the block.
    gradient = np.einsum("su,sc->uc", Z[: len(delta), lo:hi], delta)
    adam(0, hi - lo, units, gradient, update)


def apply_missed_updates(lo, hi, coef, last, rows, n_updates, rates, update):
    """See `kernels.apply_missed_updates`: one update of all rows at a time."""
    _, beta_1, beta_2, epsilon, tiny = update
    rows = rows[lo:hi]
    rows = rows[(last[rows] != 0) & (last[rows] != n_updates)]
    p, m, v = (array[rows] for array in coef)
    root, t = np.sqrt(v), last[rows]
    largest = abs(m).max(axis=1, initial=0)
    while (late := np.flatnonzero((t < n_updates) & (largest > tiny))).size:
        t[late] += 1
        largest[late] *= beta_1
        m[late] *= beta_1
        root[late] *= np.sqrt(beta_2)
        rate = rates[t[late], np.newaxis]
        p[late] -= rate * m[late] / (root[late] + epsilon)
    v *= (beta_2 ** (n_updates - last[rows]))[:, np.newaxis].astype(v.dtype)
    m[abs(m) <= tiny], v[v <= tiny] = 0, 0
    for array, new in zip(coef, (p, m, v), strict=True):
        array[rows] = new
    last[rows] = n_updates


def place_by_column(samples, values, places, data, indices, indptr):
    """See `kernels.place_by_column`."""
    order = np.argsort(indices, kind="stable")
    counts = np.bincount(indices, minlength=len(places))
    rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    place = places[indices[order]] + rank
    samples[place] = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))[order]
    values[place] = data[order]
    places += counts


def update_rows(lo, hi, coef, last, batch, delta, n_updates, update):
    """See `kernels.update_rows`."""
    stored = batch.values, batch.samples, batch.indptr
    gradient = _rows(lo, hi, *stored, len(delta)) @ delta
    rows = batch.rows[lo:hi]
    present = Weights(*(array[rows] for array in coef))
    adam(0, hi - lo, present, gradient, update)
    for array, new in zip(coef, present, strict=True):
        array[rows] = new
    last[rows] = n_updates


def sigmoid_expectation(lo, hi, out, log_normalizers, a, bits):
    """See `kernels.sigmoid_expectation`."""
    a = a[lo:hi]
    out[lo:hi] = special.expit(a)
    log_normalizers[lo:hi] = np.logaddexp(0, a, dtype=np.float64).sum(axis=1)


def softmax_expectation(lo, hi, out, log_normalizers, a, totals, bits):
    """See `kernels.softmax_expectation`."""
    totals, size = totals[lo:hi], a.shape[1] // totals.shape[1]
    groups = a[lo:hi].reshape(*totals.shape, size)
    largest = groups.max(axis=2)
    e = np.exp(groups - largest[:, :, np.newaxis])
    normalizers = e.sum(axis=2)
    e *= (totals / normalizers)[:, :, np.newaxis]
    out[lo:hi] = e.reshape(out[lo:hi].shape)
    terms = totals * (largest + np.log(normalizers, dtype=np.float64))
    log_normalizers[lo:hi] = terms.sum(axis=1)


def subtract_stored(lo, hi, out, losses, a, data, indices, indptr):
    """See `kernels.subtract_stored`."""
    rows = np.repeat(np.arange(lo, hi), np.diff(indptr[lo : hi + 1]))
    values, columns = (array[indptr[lo] : indptr[hi]] for array in (data, indices))
    np.subtract.at(out, (rows, columns), values)
    products = values.astype(np.float64) * a[rows, columns]
    losses[lo:hi] -= np.bincount(rows - lo, products, minlength=hi - lo)


def gru_states(lo, hi, until, states, gates, recurrent, inputs, panels, intercept):
    """See `gates.gru_states`."""
    n = states.shape[2]
    coef = _joined(panels, 3 * n)
    for t, end in enumerate(until):
        part = slice(lo, max(lo, min(hi, end)))
        x = inputs.rows[inputs.index[t, part]] + inputs.constant[part]
        state = states[t, part]
        u = np.einsum("sn,nm->sm", state, coef)
        u[:, 2 * n :] += intercept
        r = special.expit(x[:, :n] + u[:, :n])
        z = special.expit(x[:, n : 2 * n] + u[:, n : 2 * n])
        c = np.tanh(x[:, 2 * n :] + r * u[:, 2 * n :])
        states[t + 1, part] = c + z * (state - c)
        k = t % len(gates)
        gates[k, part], recurrent[k, part] = np.hstack([r, z, c]), u[:, 2 * n :]


def gru_deltas(lo, hi, until, start, gates, recurrent, delta_states, states, panels):
    """See `gates.gru_deltas`."""
    n = states.shape[2]
    transposed = _joined(panels, n)
    for t in reversed(range(len(until))):
        part = slice(lo, max(lo, min(hi, until[t])))
        (r, z, c), u_c = np.split(gates[t, part], 3, axis=1), recurrent[t, part]
        g = delta_states[t, part] + start[part]
        d_c = _normal(g * (1 - z) * (1 - c * c))
        d_r = _normal(d_c * u_c * r * (1 - r))
        d_z = _normal(g * (states[t, part] - c) * z * (1 - z))
        d_u = np.hstack([d_r, d_z, _normal(d_c * r)])
        start[part] = _normal(g * z + np.einsum("sn,nm->sm", d_u, transposed))
        gates[t, part] = np.hstack([d_r, d_z, d_c])
        recurrent[t, part] = d_u[:, 2 * n :]


def lstm_states(lo, hi, until, states, gates, cells, inputs, panels):
    """See `gates.lstm_states`."""
    n = states.shape[2]
    coef = _joined(panels, 4 * n)
    for t, end in enumerate(until):
        part = slice(lo, max(lo, min(hi, end)))
        a = inputs.rows[inputs.index[t, part]] + inputs.constant[part]
        a = a + np.einsum("sn,nm->sm", states[t, part], coef)
        i, f, g, o = np.split(special.expit(a), 4, axis=1)
        g = np.tanh(a[:, 2 * n : 3 * n])
        cells[t + 1, part] = f * cells[t, part] + i * g
        states[t + 1, part] = o * np.tanh(cells[t + 1, part])
        gates[t % len(gates), part] = np.hstack([i, f, g, o])


def lstm_deltas(lo, hi, until, start, gates, cells, delta_states, panels):
    """See `gates.lstm_deltas`."""
    n = cells.shape[2]
    transposed, d_cells = _joined(panels, n), np.zeros_like(cells[0])
    for t in reversed(range(len(until))):
        part = slice(lo, max(lo, min(hi, until[t])))
        i, f, g, o = np.split(gates[t, part], 4, axis=1)
        delta, activity = (
            delta_states[t, part] + start[part],
            np.tanh(cells[t + 1, part]),
        )
        d_cell = d_cells[part] + delta * o * (1 - activity**2)
        d_i, d_f = d_cell * g * i * (1 - i), d_cell * cells[t, part] * f * (1 - f)
        d_g, d_o = d_cell * i * (1 - g * g), delta * activity * o * (1 - o)
        d_u = _normal(np.hstack([d_i, d_f, d_g, d_o]))
        start[part] = _normal(np.einsum("sn,nm->sm", d_u, transposed))
        gates[t, part], d_cells[part] = d_u, _normal(d_cell * f)


def _joined(panels, n_columns):
    """The matrix whose columns are in panels."""
    return np.concatenate(panels, axis=1)[:, :n_columns]


def _normal(x):
    return np.where(abs(x) >= np.finfo(x.dtype).tiny, x, x.dtype.type(0))


def add_at(lo, hi, sums, index, values):
    """See `gates.add_at`."""
    np.add.at(sums[:, lo:hi], index, values[:, lo:hi])


def draw_groups(lo, hi, out, p, uniforms):
    """See `boltzmann.draw_groups`."""
    n_groups = uniforms.shape[1]
    size = p.shape[1] // n_groups
    totals = p[lo:hi].reshape(hi - lo, n_groups, size).cumsum(axis=2)
    n_below = (totals <= uniforms[lo:hi, :, np.newaxis]).sum(axis=2)
    drawn = n_below.clip(max=size - 1)[..., np.newaxis] == np.arange(size)
    out[lo:hi] = drawn.reshape(hi - lo, n_groups * size)


def viterbi(lo, hi, out, onsets, holds, levels, pitch, rhythm, ends):
    """See `_viterbi.viterbi`: step by step, where the kernel goes from onset to onset.

    ``score[age, a, b]`` is that of the best path up to a step where the last symbol, b
    after a, began `age` steps ago.
    """
    n_symbols, rest = len(ends), len(ends) - 1
    n_places, oldest = len(rhythm), rhythm.shape[1] - 1
    for i in range(lo, hi):
        score = np.full((oldest + 1, n_symbols, n_symbols), -np.inf, np.float32)
        score[0, rest, rest] = 0  # nothing but a rest comes before the first step
        choices = []
        for t in range(len(holds[i])):
            holding, beginning = rhythm[t % n_places].T[:, :, np.newaxis, np.newaxis]
            ended = score + beginning
            begun = ended.max(axis=0).T[:, :, np.newaxis]
            begun = begun + pitch[levels[t % n_places], ..., :n_symbols]
            held = score + holding + holds[i, t]
            held[:, :, rest] = -np.inf
            is_older = held[oldest] > held[oldest - 1]
            choices.append((ended.argmax(axis=0), begun.argmax(axis=1), is_older))
            score[0], score[1] = -np.inf, begun.max(axis=1) + onsets[i, t]
            score[2:] = held[1:-1]
            score[oldest] = np.maximum(score[oldest], held[oldest])
        out[i] = _trace(score.max(axis=0) + ends, score, choices)


def _trace(total, score, choices):
    """Follow the choices back from the best end."""
    n_symbols, oldest = len(total), len(score) - 1
    before, last = np.unravel_index(total.argmax(), total.shape)
    age, symbols = score[:, before, last].argmax(), []
    for ages, befores, is_older in reversed(choices):
        if age > 1:
            symbols.append(n_symbols)
            age -= not (age == oldest and is_older[before, last])
        else:
            symbols.append(last)
            before, last = befores[before, last], before
            age = ages[before, last]
    return symbols[::-1]
