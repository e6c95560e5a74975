"""Every Numba function of the package. Imports nothing of ours.

A kernel works on one block of rows or columns, ``lo`` to ``hi``, of arrays in C order
and one dtype; scalars come in that dtype. Blocks are disjoint and each one is computed
in the same order whoever runs it, so any number of threads gives the same bits.
Outputs come first and are changed in place; kernels check nothing and raise nothing.
"""

import numba
import numpy as np

# Sums may be reordered and fused, which SIMD needs; NaN and infinity stay themselves.
_REORDER = {"reassoc", "contract", "arcp", "nsz"}

# Columns of a tile: few enough that all a kernel touches in it stays in the first-level
# cache, enough that the loops around it cost nothing.
_COLUMNS = 512


def _jit(function):
    options = {"nogil": True, "error_model": "numpy", "fastmath": _REORDER}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no writable place for the cache, e.g. a read-only container
        return numba.njit(**options)(function)


@_jit
def gather(lo, hi, out, data, indices, indptr, coef, intercept):
    """Columns lo:hi of ``out = X @ coef + intercept``, X in CSR form."""
    for i in range(out.shape[0]):
        out_i = out[i, lo:hi]
        out_i[:] = intercept[lo:hi]
        for j in range(indptr[i], indptr[i + 1]):
            _add_scaled(out_i, data[j], coef[indices[j], lo:hi])


@_jit
def product(lo, hi, out, Z, coef, intercept):
    """Columns lo:hi of ``out = Z @ coef + intercept``, for a Z of few rows."""
    n, h = Z.shape
    for c0 in range(lo, hi, _COLUMNS):
        c1 = min(c0 + _COLUMNS, hi)
        for i in range(n):
            out[i, c0:c1] = intercept[c0:c1]
        for k in range(0, h - h % 4, 4):
            w0, w1 = coef[k, c0:c1], coef[k + 1, c0:c1]
            w2, w3 = coef[k + 2, c0:c1], coef[k + 3, c0:c1]
            for i in range(n):
                z0, z1, z2, z3 = Z[i, k], Z[i, k + 1], Z[i, k + 2], Z[i, k + 3]
                out_i = out[i, c0:c1]
                for c in range(c1 - c0):
                    out_i[c] += z0 * w0[c] + z1 * w1[c] + z2 * w2[c] + z3 * w3[c]
        for k in range(h - h % 4, h):
            for i in range(n):
                _add_scaled(out[i, c0:c1], Z[i, k], coef[k, c0:c1])


@_jit
def _add_scaled(out, x, row):
    """``out += x * row``."""
    for k in range(out.shape[0]):
        out[k] += x * row[k]


@_jit
def adam(lo, hi, p, m, v, g, rate, beta_1, beta_2, epsilon, tiny):
    """One Adam step on ``p[lo:hi]`` along the gradient g, all of them flat.

    ``p -= rate * m / (sqrt(v) + epsilon)``, the bias corrections being in the rate.
    Moments below tiny, the smallest normal number, become zero: arithmetic with
    denormal numbers would make every later step ten times slower.
    """
    # A bare 0 or 1 is a 64-bit integer here and would turn float32 into float64.
    zero, one = p.dtype.type(0), p.dtype.type(1)
    for i in range(lo, hi):
        m_i = beta_1 * m[i] + (one - beta_1) * g[i]
        v_i = beta_2 * v[i] + (one - beta_2) * g[i] * g[i]
        m[i] = m_i if abs(m_i) > tiny else zero
        v[i] = v_i if v_i > tiny else zero
        p[i] -= rate * m_i / (np.sqrt(v_i) + epsilon)


@_jit
def catch_up(
    lo, hi, coef, m, v, last, rows, step, rates, beta_1, beta_2, epsilon, tiny
):
    """Give ``rows[lo:hi]`` the Adam steps up to `step` that they slept through.

    A row that no sample of a batch touches has gradient zero, but its moments decay
    and its weights still move. Nothing else reads it meanwhile, so the steps can wait
    until something does: the same steps, for a fraction of the memory traffic.
    ``last[row]`` is the step a row is at, 0 if it never had a gradient; ``rates[t]`` is
    the rate of step t.
    """
    width = coef.shape[1]
    root_2 = np.sqrt(beta_2)
    root = np.empty(width, coef.dtype)
    for r in range(lo, hi):
        row = rows[r]
        if last[row] == 0:
            continue
        p_row, m_row, v_row = coef[row], m[row], v[row]
        for k in range(width):
            root[k] = np.sqrt(v_row[k])
        # From m below tiny on a step moves nothing: what is left only decays.
        awake = _largest(m_row)
        t = last[row]
        while t < step and awake > tiny:
            t += 1
            awake *= beta_1
            rate = rates[t]
            for k in range(width):
                m_k = beta_1 * m_row[k]
                root_k = root_2 * root[k]
                m_row[k] = m_k
                root[k] = root_k
                p_row[k] -= rate * m_k / (root_k + epsilon)
        _decay(m_row, v_row, beta_2 ** (step - last[row]), tiny)
        last[row] = step


@_jit
def _largest(row):
    largest = row.dtype.type(0)
    for k in range(row.shape[0]):
        largest = max(largest, abs(row[k]))
    return largest


@_jit
def _decay(m, v, factor, tiny):
    """Scale the second moment; moments below tiny become zero."""
    zero = m.dtype.type(0)
    scale = m.dtype.type(factor)
    for k in range(m.shape[0]):
        v_k = scale * v[k]
        m[k] = m[k] if abs(m[k]) > tiny else zero
        v[k] = v_k if v_k > tiny else zero


@_jit
def scatter(
    lo,
    hi,
    coef,
    m,
    v,
    last,
    rows,
    indptr,
    samples,
    data,
    delta,
    step,
    rate,
    beta_1,
    beta_2,
    epsilon,
    tiny,
):
    """Step ``rows[lo:hi]`` of the first layer along their gradient ``X.T @ delta``.

    The batch X comes in CSC form, restricted to the columns it touches: the samples of
    ``rows[r]`` are ``samples[indptr[r] : indptr[r + 1]]``. The rows must be caught up.
    """
    width = coef.shape[1]
    gradient = np.empty(width, coef.dtype)
    for r in range(lo, hi):
        row = rows[r]
        gradient[:] = 0
        for j in range(indptr[r], indptr[r + 1]):
            _add_scaled(gradient, data[j], delta[samples[j]])
        adam(
            0,
            width,
            coef[row],
            m[row],
            v[row],
            gradient,
            rate,
            beta_1,
            beta_2,
            epsilon,
            tiny,
        )
        last[row] = step


@_jit
def backward(
    lo, hi, delta_in, coef, m, v, Z, delta, rate, beta_1, beta_2, epsilon, tiny
):
    """Rows lo:hi of a dense layer: back-propagate delta through them, then step them.

    ``delta_in[:, lo:hi] = delta @ coef[lo:hi].T`` with the weights before the step, the
    gradient ``Z[:, lo:hi].T @ delta``, and `adam`: one pass over the weights, a tile of
    four rows at a time.
    """
    n, width = delta.shape
    dots = np.empty((n, 4), coef.dtype)
    gradient = np.empty(_COLUMNS, coef.dtype)
    for k0 in range(lo, hi, 4):
        k1 = min(k0 + 4, hi)
        dots[:] = 0
        for c0 in range(0, width, _COLUMNS):
            c1 = min(c0 + _COLUMNS, width)
            _add_dots(dots, coef, delta, k0, k1, c0, c1)
            for k in range(k0, k1):
                gradient[:] = 0
                _add_combination(gradient, Z[:, k], delta, c0, c1)
                adam(
                    0,
                    c1 - c0,
                    coef[k, c0:c1],
                    m[k, c0:c1],
                    v[k, c0:c1],
                    gradient,
                    rate,
                    beta_1,
                    beta_2,
                    epsilon,
                    tiny,
                )
        delta_in[:, k0:k1] = dots[:, : k1 - k0]


@_jit
def _add_dots(dots, coef, delta, k0, k1, c0, c1):
    """Add to dots what columns c0:c1 contribute to ``delta @ coef[k0:k1].T``.

    Up to four rows by two samples in registers. Where fewer are left, the last one
    stands in for the missing ones and its surplus results are dropped.
    """
    w0, w1 = coef[k0, c0:c1], coef[min(k0 + 1, k1 - 1), c0:c1]
    w2, w3 = coef[min(k0 + 2, k1 - 1), c0:c1], coef[k1 - 1, c0:c1]
    n = delta.shape[0]
    zero = coef.dtype.type(0)
    for i in range(0, n, 2):
        j = min(i + 1, n - 1)
        a, b = delta[i, c0:c1], delta[j, c0:c1]
        a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = zero
        for c in range(c1 - c0):
            a0 += w0[c] * a[c]
            a1 += w1[c] * a[c]
            a2 += w2[c] * a[c]
            a3 += w3[c] * a[c]
            b0 += w0[c] * b[c]
            b1 += w1[c] * b[c]
            b2 += w2[c] * b[c]
            b3 += w3[c] * b[c]
        _add_four(dots[i], a0, a1, a2, a3)
        if j > i:
            _add_four(dots[j], b0, b1, b2, b3)


@_jit
def _add_four(out, a, b, c, d):
    out[0] += a
    out[1] += b
    out[2] += c
    out[3] += d


@_jit
def _add_combination(out, z, delta, c0, c1):
    """``out[: c1 - c0] += z @ delta[:, c0:c1]``, four samples at a time."""
    n = delta.shape[0]
    for i in range(0, n - n % 4, 4):
        # Sliced in one go: a row of a slice of columns would no longer be contiguous.
        d0, d1 = delta[i, c0:c1], delta[i + 1, c0:c1]
        d2, d3 = delta[i + 2, c0:c1], delta[i + 3, c0:c1]
        z0, z1, z2, z3 = z[i], z[i + 1], z[i + 2], z[i + 3]
        for c in range(c1 - c0):
            out[c] += z0 * d0[c] + z1 * d1[c] + z2 * d2[c] + z3 * d3[c]
    for i in range(n - n % 4, n):
        _add_scaled(out[: c1 - c0], z[i], delta[i, c0:c1])
