"""The Numba functions of networks.

A kernel works on one block of rows or columns, ``lo`` to ``hi``, of arrays in C order
and one dtype; scalars come in that dtype. Blocks are disjoint and each one is computed
in the same order by any thread, so any number of threads gives the same bits.
Outputs come first and are changed in place; kernels check nothing and raise nothing.
"""

import math
from typing import NamedTuple

import numpy as np

from sklearn_c2c._nn.compilation import jit
from sklearn_c2c._nn.tiles import VECTOR_BYTES, product_tile

_LOG2_E, _LN_2 = np.log2(np.e), np.log(2)
_INVERSE_FACTORIALS = tuple(1 / math.factorial(k) for k in range(13))

# Of float32 and float64: bits of the mantissa, bias of the exponent, logarithm of the
# smallest normal number, and degree of the series of exp(r) for |r| up to log(2) / 2.
_MANTISSA_32, _BIAS_32, _LEAST_32, _DEGREE_32 = 23, 127, -126 * _LN_2, 7
_MANTISSA_64, _BIAS_64, _LEAST_64, _DEGREE_64 = 52, 1023, -1022 * _LN_2, 12

# Largest tiles whose sums and operands fit in 16 registers.
TILE_SAMPLES, TILE_UNITS, _TILE_VECTORS = 4, 6, 2
_product_tile = product_tile(TILE_UNITS, _TILE_VECTORS)


class Weights(NamedTuple):
    """Trained weights with the running averages that Adam keeps of their gradient."""

    value: np.ndarray
    mean: np.ndarray  # of the gradient
    square: np.ndarray  # mean of its square


class AdamUpdate(NamedTuple):
    """Numbers of one update.

    Kernels take them as an array in this order and in the type of the weights, which a
    call from Python unpacks faster than a tuple.
    """

    rate: float  # bias corrections included
    beta_1: float
    beta_2: float
    epsilon: float
    tiny: float  # the smallest normal number


class Columns(NamedTuple):
    """A batch in CSC form, restricted to the columns that it touches."""

    rows: np.ndarray  # their numbers: rows of the first layer's weights
    indptr: np.ndarray
    samples: np.ndarray  # of rows[r]: samples[indptr[r] : indptr[r + 1]]
    values: np.ndarray


def tile_columns(dtype):
    """Columns of a tile in the product that gives the gradient."""
    return _TILE_VECTORS * VECTOR_BYTES // dtype.itemsize


@jit
def gather(lo, hi, out, data, indices, indptr, coef, intercept):
    """Rows lo:hi of ``out = X @ coef + intercept``, X in CSR form."""
    for i in range(lo, hi):
        out_i = out[i]
        # A loop: an assignment of arrays takes seconds to compile.
        for k in range(out_i.shape[0]):
            out_i[k] = intercept[k]
        _add_rows(out_i, data, indices, indptr[i], indptr[i + 1], coef)


@jit
def _add_rows(out, data, indices, start, stop, rows):
    """``out += data[start:stop] @ rows[indices[start:stop]]``, four rows at a time."""
    fours = stop - (stop - start) % 4
    for j in range(start, fours, 4):
        a, b, c, d = data[j], data[j + 1], data[j + 2], data[j + 3]
        row_a, row_b = rows[indices[j]], rows[indices[j + 1]]
        row_c, row_d = rows[indices[j + 2]], rows[indices[j + 3]]
        for k in range(out.shape[0]):
            out[k] += a * row_a[k] + b * row_b[k] + c * row_c[k] + d * row_d[k]
    for j in range(fours, stop):
        _add_scaled(out, data[j], rows[indices[j]])


@jit
def _add_scaled(out, x, row):
    """``out += x * row``."""
    for k in range(out.shape[0]):
        out[k] += x * row[k]


@jit
def adam(lo, hi, weights, g, update):
    """Update the weights lo:hi along their gradient g, all of them flat.

    ``p -= rate * m / (sqrt(v) + epsilon)``, the bias corrections being in the rate.
    Averages below tiny become zero: arithmetic with denormal numbers would make every
    later update ten times slower.
    """
    p, m, v = weights
    rate, beta_1, beta_2, epsilon, tiny = _numbers(update)
    # A bare 0 or 1 is a 64-bit integer here and would turn float32 into float64.
    zero, one = p.dtype.type(0), p.dtype.type(1)
    for i in range(lo, hi):
        m_i = beta_1 * m[i] + (one - beta_1) * g[i]
        v_i = beta_2 * v[i] + (one - beta_2) * g[i] * g[i]
        m[i] = m_i if abs(m_i) > tiny else zero
        v[i] = v_i if v_i > tiny else zero
        p[i] -= rate * m_i / (np.sqrt(v_i) + epsilon)


@jit
def _numbers(update):
    return AdamUpdate(update[0], update[1], update[2], update[3], update[4])


@jit
def update_dense(lo, hi, delta_in, Z, delta, panels, coef, update):
    """Update the units ``coef[lo:hi]`` along their gradient ``Z.T @ delta``.

    Columns lo:hi of delta_in, if it has rows, become ``delta @ coef.T``, with the coef
    before the update. Weights of a few units at a time are loaded once for both
    products.
    Arrays are padded with zeros: to a multiple of `TILE_SAMPLES` samples, Z to one of
    `TILE_UNITS` columns. ``panels[t]`` are the columns of delta in tile t.
    """
    n_panels, n_samples, n_columns = panels.shape
    width = coef.value.shape[1]
    gradient = np.empty((TILE_UNITS, n_panels * n_columns), coef.value.dtype)
    for u in range(lo, hi, TILE_UNITS):
        n = min(TILE_UNITS, hi - u)
        _dots(delta_in, delta, coef.value, u, u + n)
        activity = Z.T[u : u + TILE_UNITS]
        for t in range(n_panels):
            _product_tile(gradient, activity, panels[t], 0, t * n_columns, n_samples)
        for r in range(n):
            adam(0, width, _row(coef, u + r), gradient[r], update)


@jit
def _row(weights, i):
    return Weights(weights.value[i], weights.mean[i], weights.square[i])


@jit
def _dots(out, a, b, lo, hi):
    """Columns lo:hi of ``out = a @ b.T``, 4 rows and 3 columns at a time."""
    tiled = a.shape[1] - a.shape[1] % (VECTOR_BYTES // a.itemsize)
    for i in range(0, out.shape[0], TILE_SAMPLES):
        for j in range(lo, hi, 3):  # the last column is repeated if fewer are left
            columns = j, min(j + 1, hi - 1), min(j + 2, hi - 1)
            _dot_tile(out, a, b, i, columns, tiled)
    for i in range(out.shape[0]):
        for j in range(lo, hi):
            for k in range(tiled, a.shape[1]):
                out[i, j] += a[i, k] * b[j, k]


@jit
def _dot_tile(out, a, b, i, columns, n):
    """Rows i to i + 4 of three columns of ``out = a[:, :n] @ b[:, :n].T``."""
    first, second, third = columns
    a_0, a_1, a_2, a_3 = a[i], a[i + 1], a[i + 2], a[i + 3]
    b_0, b_1, b_2 = b[first], b[second], b[third]
    p_0 = p_1 = p_2 = p_3 = a.dtype.type(0)
    q_0, q_1, q_2, q_3 = p_0, p_1, p_2, p_3
    r_0, r_1, r_2, r_3 = p_0, p_1, p_2, p_3
    for k in range(n):  # the twelve sums stay in registers
        p_0 += a_0[k] * b_0[k]
        q_0 += a_0[k] * b_1[k]
        r_0 += a_0[k] * b_2[k]
        p_1 += a_1[k] * b_0[k]
        q_1 += a_1[k] * b_1[k]
        r_1 += a_1[k] * b_2[k]
        p_2 += a_2[k] * b_0[k]
        q_2 += a_2[k] * b_1[k]
        r_2 += a_2[k] * b_2[k]
        p_3 += a_3[k] * b_0[k]
        q_3 += a_3[k] * b_1[k]
        r_3 += a_3[k] * b_2[k]
    out[i, first], out[i, second], out[i, third] = p_0, q_0, r_0
    out[i + 1, first], out[i + 1, second], out[i + 1, third] = p_1, q_1, r_1
    out[i + 2, first], out[i + 2, second], out[i + 2, third] = p_2, q_2, r_2
    out[i + 3, first], out[i + 3, second], out[i + 3, third] = p_3, q_3, r_3


@jit
def apply_missed_updates(lo, hi, coef, last, rows, n_updates, rates, update):
    """Apply to ``rows[lo:hi]`` the Adam updates that they missed, up to `n_updates`.

    A row that no sample of a batch touches has gradient zero, but its averages decay
    and its weights still move. Nothing else reads it meanwhile, so these updates can
    wait until something does: the same updates, for a fraction of the memory traffic.
    ``last[row]`` is the last update of a row, 0 if it never had a gradient;
    ``rates[t]`` is the rate of update t.
    """
    _, beta_1, beta_2, epsilon, tiny = _numbers(update)
    width = coef.value.shape[1]
    root_2 = np.sqrt(beta_2)
    root = np.empty(width, coef.value.dtype)
    for r in range(lo, hi):
        row = rows[r]
        if last[row] == 0 or last[row] == n_updates:
            continue
        p_row, m_row, v_row = _row(coef, row)
        for k in range(width):
            root[k] = np.sqrt(v_row[k])
        # Once all |m| < tiny an update changes no weight; only the averages decay.
        largest = _largest_magnitude(m_row)
        t = last[row]
        while t < n_updates and largest > tiny:
            t += 1
            largest *= beta_1
            rate = rates[t]
            for k in range(width):
                m_k = beta_1 * m_row[k]
                root_k = root_2 * root[k]
                m_row[k] = m_k
                root[k] = root_k
                p_row[k] -= rate * m_k / (root_k + epsilon)
        _decay(m_row, v_row, beta_2 ** (n_updates - last[row]), tiny)
        last[row] = n_updates


@jit
def place_by_column(samples, values, places, data, indices, indptr):
    """Put the stored numbers of X, in CSR form, in the order of its columns.

    The next number of column c goes to ``places[c]``, which is 1 more then.
    """
    for i in range(indptr.shape[0] - 1):
        for j in range(indptr[i], indptr[i + 1]):
            place = places[indices[j]]
            samples[place], values[place] = i, data[j]
            places[indices[j]] = place + 1


@jit
def _largest_magnitude(row):
    largest = row.dtype.type(0)
    for k in range(row.shape[0]):
        largest = abs(row[k]) if abs(row[k]) > largest else largest
    return largest


@jit
def _decay(m, v, factor, tiny):
    """Scale the mean square; averages below tiny become zero."""
    zero = m.dtype.type(0)
    scale = m.dtype.type(factor)
    for k in range(m.shape[0]):
        v_k = scale * v[k]
        m[k] = m[k] if abs(m[k]) > tiny else zero
        v[k] = v_k if v_k > tiny else zero


@jit
def update_rows(lo, hi, coef, last, batch, delta, n_updates, update):
    """Update ``batch.rows[lo:hi]`` along their gradient ``X.T @ delta``.

    The rows must have all updates before this one, which is number `n_updates`.
    """
    rows, indptr, samples, values = batch
    width = coef.value.shape[1]
    gradient = np.empty(width, coef.value.dtype)
    for r in range(lo, hi):
        gradient[:] = 0
        _add_rows(gradient, values, samples, indptr[r], indptr[r + 1], delta)
        adam(0, width, _row(coef, rows[r]), gradient, update)
        last[rows[r]] = n_updates


@jit
def exp(out, bits):
    """``out = exp(out)`` where out is at most 0; never denormal, NaN stays NaN.

    ``2**n * exp(r)``, the second factor by its series. Bits is scratch space: an array
    of out's size, of integers as wide as its numbers, for the bits of ``2**n``.
    """
    real, integer = out.dtype.type, bits.dtype.type
    # A constant of the compilation, so that the series is unrolled.
    single = np.finfo(out.dtype).nmant == _MANTISSA_32
    degree = _DEGREE_32 if single else _DEGREE_64
    mantissa = integer(_MANTISSA_32 if single else _MANTISSA_64)
    bias = integer(_BIAS_32 if single else _BIAS_64)
    least = real(_LEAST_32 if single else _LEAST_64)
    magic = real(3 << ((_MANTISSA_32 if single else _MANTISSA_64) - 1))
    scale = bits.view(out.dtype)
    for k in range(out.shape[0]):
        x = least if out[k] < least else out[k]
        n = np.floor(x * real(_LOG2_E) + real(0.5))
        r = x - n * real(_LN_2)
        series = real(0)
        for i in range(degree, -1, -1):
            series = series * r + real(_INVERSE_FACTORIALS[i])
        out[k] = series
        scale[k] = n + magic  # whose last bits are the integer n
    for k in range(out.shape[0]):
        bits[k] = (bits[k] + bias) << mantissa
    for k in range(out.shape[0]):
        out[k] *= scale[k]


@jit
def sigmoid_expectation(lo, hi, out, log_normalizers, a, bits):
    """Rows lo:hi of ``out = sigmoid(a)``.

    ``log_normalizers[i]`` becomes ``sum(log(1 + exp(a[i])))``. One logarithm is taken
    of the product of up to ``len(bits)`` factors in [1, 2]; this is faster than one for
    each element and cannot overflow.
    """
    zero, one = a.dtype.type(0), a.dtype.type(1)
    width = a.shape[1]
    for i in range(lo, hi):
        total = np.float64(0)
        for c in range(0, width, bits.shape[0]):
            n = min(bits.shape[0], width - c)
            a_i, e = a[i, c : c + n], out[i, c : c + n]
            for k in range(n):
                e[k] = -abs(a_i[k])
            exp(e, bits[:n])
            product = np.float64(1)
            for k in range(n):
                total += max(a_i[k], zero)
                product *= 1 + np.float64(e[k])
                e[k] = (one if a_i[k] >= zero else e[k]) / (one + e[k])
            total += np.log(product)
        log_normalizers[i] = total


@jit
def softmax_expectation(lo, hi, out, log_normalizers, a, totals, bits):
    """Rows lo:hi of ``out = total * softmax(a)`` within groups of columns.

    Totals has a column for each group; ``log_normalizers[i]`` becomes
    ``sum(total * log(sum(exp(a))))`` over groups.
    """
    n_groups = totals.shape[1]
    size = a.shape[1] // n_groups
    for i in range(lo, hi):
        log_normalizer = np.float64(0)
        for g in range(n_groups):
            a_g = a[i, g * size : (g + 1) * size]
            out_g = out[i, g * size : (g + 1) * size]
            largest = a_g[0]
            for k in range(1, size):
                largest = max(largest, a_g[k])
            for k in range(size):
                out_g[k] = a_g[k] - largest
            log_normalizer += totals[i, g] * largest
        for c in range(0, a.shape[1], bits.shape[0]):
            n = min(bits.shape[0], a.shape[1] - c)
            exp(out[i, c : c + n], bits[:n])
        for g in range(n_groups):
            out_g = out[i, g * size : (g + 1) * size]
            normalizer = out.dtype.type(0)
            for k in range(size):
                normalizer += out_g[k]
            share = totals[i, g] / normalizer
            for k in range(size):
                out_g[k] *= share
            log_normalizer += totals[i, g] * np.log(normalizer)
        log_normalizers[i] = log_normalizer


@jit
def subtract_stored(lo, hi, out, losses, a, data, indices, indptr):
    """Rows lo:hi of ``out -= X`` and ``losses -= sum(X * a)``, X in CSR form."""
    for i in range(lo, hi):
        for j in range(indptr[i], indptr[i + 1]):
            out[i, indices[j]] -= data[j]
            losses[i] -= np.float64(data[j]) * a[i, indices[j]]
