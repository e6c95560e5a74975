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

# Columns of a tile: few enough that four rows of it stay in the first-level cache,
# enough that the loops around it cost nothing.
_COLUMNS = 1024


def _jit(function):
    options = {"nogil": True, "error_model": "numpy", "fastmath": _REORDER}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no writable place for the cache, e.g. a read-only container
        return numba.njit(**options)(function)


@_jit
def gather(lo, hi, out, data, indices, indptr, coef, intercept):
    """Rows lo:hi of ``out = X @ coef + intercept``, X in CSR form."""
    for i in range(lo, hi):
        out_i = out[i]
        out_i[:] = intercept
        _add_rows(out_i, data, indices, indptr[i], indptr[i + 1], coef)


@_jit
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


@_jit
def product(lo, hi, out, Z, coef, intercept):
    """Columns lo:hi of ``out = Z @ coef + intercept``, for a Z of few rows.

    One pass over coef, six of its rows by two of Z at a time. Where one of Z is left it
    stands in for the other, too, whose sums go nowhere.
    """
    n, h = Z.shape
    # With a width that the compiler knows, it knows that the two rows lie apart.
    sums = np.empty((n + n % 2, _COLUMNS // 2), coef.dtype)
    for c in range(lo, hi, _COLUMNS // 2):
        end = min(c + _COLUMNS // 2, hi)
        sums[:, : end - c] = intercept[c:end]
        for k in range(0, h - h % 6, 6):
            w_0, w_1, w_2 = coef[k, c:end], coef[k + 1, c:end], coef[k + 2, c:end]
            w_3, w_4, w_5 = coef[k + 3, c:end], coef[k + 4, c:end], coef[k + 5, c:end]
            for i in range(0, n, 2):
                pair, y = sums[i : i + 2], Z[i, k : k + 6]
                z = Z[min(i + 1, n - 1), k : k + 6]
                y_0, y_1, y_2, y_3, y_4, y_5 = y[0], y[1], y[2], y[3], y[4], y[5]
                z_0, z_1, z_2, z_3, z_4, z_5 = z[0], z[1], z[2], z[3], z[4], z[5]
                for j in range(end - c):
                    # All is read before anything is written, or else it is read twice.
                    a, b, d = w_0[j], w_1[j], w_2[j]
                    e, f, g = w_3[j], w_4[j], w_5[j]
                    s = y_0 * a + y_1 * b + y_2 * d + y_3 * e + y_4 * f + y_5 * g
                    t = z_0 * a + z_1 * b + z_2 * d + z_3 * e + z_4 * f + z_5 * g
                    s += pair[0, j]
                    t += pair[1, j]
                    pair[0, j] = s
                    pair[1, j] = t
        for k in range(h - h % 6, h):
            for i in range(n):
                _add_scaled(sums[i, : end - c], Z[i, k], coef[k, c:end])
        out[:, c:end] = sums[:n, : end - c]


@_jit
def _add_scaled(out, x, row):
    """``out += x * row``."""
    for k in range(out.shape[0]):
        out[k] += x * row[k]


@_jit
def adam(lo, hi, p, m, v, g, rate, beta_1, beta_2, epsilon, tiny):
    """One Adam step on ``p[lo:hi]`` along the gradient ``g[lo:hi]``, all of them flat.

    ``p -= rate * m / (sqrt(v) + epsilon)``, the bias corrections being in the rate.
    Moments below tiny, the smallest normal number, become zero: arithmetic with
    denormal numbers would make every later step ten times slower.
    """
    # A bare 0 or 1 is a 64-bit integer here and would turn float32 into float64.
    zero, one = p.dtype.type(0), p.dtype.type(1)
    # Counted from 0: where an index might be negative there is no SIMD.
    p, m, v, g = p[lo:hi], m[lo:hi], v[lo:hi], g[lo:hi]
    for i in range(p.shape[0]):
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
        if last[row] == 0 or last[row] == step:
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
        _add_rows(gradient, data, samples, indptr[r], indptr[r + 1], delta)
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
def dots(lo, hi, out, A, B):
    """Columns lo:hi of ``out = A @ B.T``, for an A of few rows.

    One pass over B, four of its rows at a time, which stay in the first-level cache
    while all of A goes by.
    """
    n, width = A.shape
    sums = np.empty((n, 4), A.dtype)
    for k in range(lo, hi, 4):
        k_end = min(k + 4, hi)
        sums[:] = 0
        for c in range(0, width, _COLUMNS):
            _add_dots(sums, A, B, k, k_end, c, min(c + _COLUMNS, width))
        out[:, k:k_end] = sums[:, : k_end - k]


@_jit
def _add_dots(sums, A, B, k, k_end, c, c_end):
    """Add to sums what columns c:c_end contribute to ``A @ B[k:k_end].T``.

    Four rows by four, their sixteen sums in registers. Where fewer are left the last
    one stands in for the missing ones, and its surplus sums are dropped.
    """
    width = c_end - c
    b_0, b_1 = B[k, c:c_end], B[min(k + 1, k_end - 1), c:c_end]
    b_2, b_3 = B[min(k + 2, k_end - 1), c:c_end], B[k_end - 1, c:c_end]
    n = A.shape[0]
    zero = A.dtype.type(0)
    for i in range(0, n, 4):
        i_1, i_2, i_3 = min(i + 1, n - 1), min(i + 2, n - 1), min(i + 3, n - 1)
        a_0, a_1 = A[i, c:c_end], A[i_1, c:c_end]
        a_2, a_3 = A[i_2, c:c_end], A[i_3, c:c_end]
        s_00 = s_01 = s_02 = s_03 = s_10 = s_11 = s_12 = s_13 = zero
        s_20 = s_21 = s_22 = s_23 = s_30 = s_31 = s_32 = s_33 = zero
        for j in range(width):
            s_00 += a_0[j] * b_0[j]
            s_01 += a_0[j] * b_1[j]
            s_02 += a_0[j] * b_2[j]
            s_03 += a_0[j] * b_3[j]
            s_10 += a_1[j] * b_0[j]
            s_11 += a_1[j] * b_1[j]
            s_12 += a_1[j] * b_2[j]
            s_13 += a_1[j] * b_3[j]
            s_20 += a_2[j] * b_0[j]
            s_21 += a_2[j] * b_1[j]
            s_22 += a_2[j] * b_2[j]
            s_23 += a_2[j] * b_3[j]
            s_30 += a_3[j] * b_0[j]
            s_31 += a_3[j] * b_1[j]
            s_32 += a_3[j] * b_2[j]
            s_33 += a_3[j] * b_3[j]
        _add_four(sums[i], s_00, s_01, s_02, s_03)
        if i + 1 < n:
            _add_four(sums[i_1], s_10, s_11, s_12, s_13)
        if i + 2 < n:
            _add_four(sums[i_2], s_20, s_21, s_22, s_23)
        if i + 3 < n:
            _add_four(sums[i_3], s_30, s_31, s_32, s_33)


@_jit
def _add_four(out, a, b, c, d):
    out[0] += a
    out[1] += b
    out[2] += c
    out[3] += d
