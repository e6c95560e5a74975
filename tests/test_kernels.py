"""Every kernel beside a plain line of NumPy, compiled and interpreted.

So are the functions that other tests take in place of interpreted kernels.
"""

import numba
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse, special

from sklearn_c2c._nn import boltzmann, kernels, layers
from sklearn_c2c._nn.kernels import AdamUpdate, Columns, Weights
from tests import plain

RATE, BETA_1, BETA_2, EPSILON = 0.01, 0.9, 0.999, 1e-8


def update(dtype):
    values = RATE, BETA_1, BETA_2, EPSILON, np.finfo(dtype).tiny
    return np.array(AdamUpdate(*values), dtype)


def adam_step(p, m, v, g):
    m = BETA_1 * m + (1 - BETA_1) * g
    v = BETA_2 * v + (1 - BETA_2) * g**2
    return p - RATE * m / (np.sqrt(v) + EPSILON), m, v


def state(rng, shape, dtype):
    p, m, v = rng.normal(size=(3, *shape))
    return [array.astype(dtype) for array in (p, 0.1 * m, 0.01 * v**2)]


def blocks(n):
    """Uneven blocks that cover n rows, an empty one among them."""
    return [
        (0, n // 4 * 4 // 2),
        (n // 4 * 4 // 2, n // 4 * 4 // 2),
        (n // 4 * 4 // 2, n),
    ]


@pytest.fixture(params=[np.float32, np.float64])
def dtype(request):
    return request.param


@pytest.fixture
def tolerance(dtype):
    if dtype == np.float32:
        return {"rtol": 2e-4, "atol": 2e-5}
    return {"rtol": 1e-11, "atol": 1e-300}  # denormal numbers have few digits


@pytest.fixture(params=["compiled", "interpreted", "plain"])
def run(request):
    def run(kernel, *args):
        # With NUMBA_DISABLE_JIT=1 the kernel is the interpreted function.
        is_compiled = request.param == "compiled" and not numba.config.DISABLE_JIT
        interpreted = getattr(kernel, "py_func", kernel)
        if request.param == "plain":
            getattr(plain, interpreted.__name__)(*args)
        else:
            (kernel if is_compiled else interpreted)(*args)

    return run


@pytest.mark.parametrize("n", [0, 1, 17])
def test_adam(rng, run, dtype, tolerance, n):
    p, m, v = state(rng, (n,), dtype)
    g = rng.normal(size=n).astype(dtype)
    expected = adam_step(p, m, v, g)
    for lo, hi in blocks(n):
        run(kernels.adam, lo, hi, Weights(p, m, v), g, update(dtype))
    for found, array in zip((p, m, v), expected, strict=True):
        assert_allclose(found, array, **tolerance)


def test_adam_leaves_other_blocks(rng, run, dtype):
    p, m, v = state(rng, (17,), dtype)
    before = p.copy()
    run(kernels.adam, 3, 11, Weights(p, m, v), np.ones(17, dtype), update(dtype))
    assert (p != before).nonzero()[0].tolist() == list(range(3, 11))


def test_adam_flushes_denormal_moments(run, dtype):
    tiny = np.finfo(dtype).tiny
    p, m, v = np.ones(3, dtype), np.array([tiny, -tiny, 1], dtype), np.full(3, tiny)
    v = v.astype(dtype)
    run(kernels.adam, 0, 3, Weights(p, m, v), np.zeros(3, dtype), update(dtype))
    assert m[:2].tolist() == [0, 0] and m[2] > 0
    assert v.tolist() == [0, 0, 0]


# Fewer than a tile takes, whole tiles, and some left over.
@pytest.mark.parametrize("n_samples", [1, 8, 15])
@pytest.mark.parametrize("n_units", [1, 6, 23])
@pytest.mark.parametrize("width", [1, 64, 107])
@pytest.mark.parametrize("wants_delta", [True, False])
@pytest.mark.parametrize("module", [kernels, plain], ids=["kernel", "plain"])
def test_update_dense(
    rng, dtype, tolerance, module, n_samples, n_units, width, wants_delta
):
    # Interpreted only with NUMBA_DISABLE_JIT=1: the tiles are not Python otherwise.
    p, m, v = state(rng, (n_units, width), dtype)
    Z, delta = rng.normal(size=(2, n_samples, max(n_units, width))).astype(dtype)
    Z, delta = Z[:, :n_units], delta[:, :width]
    expected = adam_step(p, m, v, Z.T @ delta)
    expected_delta = delta @ p.T
    Z = layers._padded(Z, kernels.TILE_SAMPLES, kernels.TILE_UNITS)
    delta = layers._padded(delta, kernels.TILE_SAMPLES, 1)
    delta_in = np.full((len(Z) * wants_delta, n_units), np.nan, dtype)
    half = n_units // 2 // kernels.TILE_UNITS * kernels.TILE_UNITS
    for lo, hi in (0, half), (half, n_units):
        tiled = layers.panels(delta, kernels.tile_columns(delta.dtype))
        args = delta_in, Z, delta, tiled, Weights(p, m, v)
        module.update_dense(lo, hi, *args, update(dtype))
    for found, array in zip((p, m, v), expected, strict=True):
        assert_allclose(found, array, **tolerance)
    if wants_delta:
        close = 1e-5 if dtype == np.float32 else 1e-13
        assert_allclose(delta_in[:n_samples], expected_delta, rtol=close, atol=close)


# Largest magnitude of the logits.
LOGITS = {"near": 1, "far": 60, "very far": 800}


@pytest.fixture(params=LOGITS)
def logits(request, rng, dtype):
    # More columns than the factors of one logarithm, in 11 groups.
    return (LOGITS[request.param] * rng.normal(size=(7, 11 * 60))).astype(dtype)


@pytest.fixture
def bits(dtype):
    """Fewer than there are columns, and no divisor of their number."""
    return np.empty(256, f"i{np.dtype(dtype).itemsize}")


def test_sigmoid_expectation(run, logits, bits, tolerance):
    a = logits.astype(np.float64)
    out, log_normalizers = np.full_like(logits, np.nan), np.full(7, np.nan)
    for lo, hi in blocks(7):
        run(kernels.sigmoid_expectation, lo, hi, out, log_normalizers, logits, bits)
    assert_allclose(out, special.expit(a), **tolerance)
    assert_allclose(log_normalizers, np.logaddexp(0, a).sum(axis=1), rtol=1e-6)
    if logits.dtype == np.float64:
        assert_allclose(log_normalizers, np.logaddexp(0, a).sum(axis=1), rtol=1e-13)


def test_the_log_normalizer_keeps_what_is_small(run, dtype, bits):
    a = np.full((1, 600), -12, dtype)
    out, log_normalizers = np.empty_like(a), np.full(1, np.nan)
    run(kernels.sigmoid_expectation, 0, 1, out, log_normalizers, a, bits)
    assert_allclose(log_normalizers, 600 * np.log1p(np.exp(-12)), rtol=1e-6)


@pytest.mark.parametrize("n_groups", [1, 11, 660])
def test_softmax_expectation(rng, run, logits, dtype, bits, tolerance, n_groups):
    totals = rng.random((7, n_groups)).astype(dtype)
    groups = logits.astype(np.float64).reshape(7, n_groups, -1)
    out, log_normalizers = np.full_like(logits, np.nan), np.full(7, np.nan)
    for lo, hi in blocks(7):
        args = lo, hi, out, log_normalizers, logits, totals, bits
        run(kernels.softmax_expectation, *args)
    expected = totals[:, :, None] * special.softmax(groups, axis=2)
    assert_allclose(out, expected.reshape(out.shape), **tolerance)
    normalizers = totals * special.logsumexp(groups, axis=2)
    scale = (totals * np.abs(groups).max(axis=2)).sum(axis=1)
    close = 1e-6 if dtype == np.float32 else 1e-13
    assert (np.abs(log_normalizers - normalizers.sum(axis=1)) <= close * scale).all()


def test_subtract_stored(rng, run, dtype, tolerance):
    X, (a, out) = csr(rng, 7, 30, dtype), rng.normal(size=(2, 7, 30)).astype(dtype)
    losses = rng.normal(size=7)
    expected = out - X.toarray(), losses - (X.toarray() * a).sum(axis=1)
    for lo, hi in blocks(7):
        stored = X.data, X.indices, X.indptr
        run(kernels.subtract_stored, lo, hi, out, losses, a, *stored)
    assert_allclose(out, expected[0], **tolerance)
    assert_allclose(losses, expected[1], **tolerance)


def csr(rng, n, d, dtype):
    X = sparse.random_array((n, d), density=0.2, rng=rng, dtype=np.float64)
    return sparse.csr_array(X.astype(dtype))


def test_gather(rng, run, dtype, tolerance):
    X, W, b = csr(rng, 7, 30, dtype), *state(rng, (30, 11), dtype)[:1], np.arange(11)
    b = b.astype(dtype)
    out = np.full((7, 11), np.nan, dtype)
    for lo, hi in blocks(7):
        run(kernels.gather, lo, hi, out, X.data, X.indices, X.indptr, W, b)
    assert_allclose(out, X.toarray() @ W + b, **tolerance)


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (7, 30), (40, 5)])
def test_place_by_column(rng, run, dtype, shape):
    X = csr(rng, *shape, dtype)
    expected = X.tocsc()
    samples, values = np.empty_like(X.indices), np.empty_like(X.data)
    places = expected.indptr[:-1].copy()
    stored = X.data, X.indices, X.indptr
    run(kernels.place_by_column, samples, values, places, *stored)
    assert_array_equal(samples, expected.indices)
    assert_array_equal(values, expected.data)
    assert_array_equal(places, expected.indptr[1:])


@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_columns_of_a_batch_are_those_it_touches(rng, dtype, index):
    X = csr(rng, 6, 40, dtype)
    X.indices, X.indptr = X.indices.astype(index), X.indptr.astype(index)
    expected, batch = X.tocsc(), layers._columns(X)
    assert_array_equal(batch.rows, np.flatnonzero(np.diff(expected.indptr)))
    assert 0 < len(batch.rows) < 40
    for r, row in enumerate(batch.rows):
        part = slice(*batch.indptr[r : r + 2])
        column = slice(*expected.indptr[row : row + 2])
        assert_array_equal(batch.samples[part], expected.indices[column])
        assert_array_equal(batch.values[part], expected.data[column])


def test_update_rows_leaves_those_that_are_not_touched(rng, run, dtype, tolerance):
    X = csr(rng, 6, 40, dtype).tocsc()
    rows = np.flatnonzero(np.diff(X.indptr)).astype(np.int32)
    assert 0 < len(rows) < 40
    delta = rng.normal(size=(6, 13)).astype(dtype)
    p, m, v = state(rng, (40, 13), dtype)
    expected = adam_step(p, m, v, X.toarray().T @ delta)
    before = p.copy()
    last = np.full(40, 4)
    indptr = np.append(X.indptr[rows], X.indptr[-1])
    for lo, hi in blocks(len(rows)):
        run(
            kernels.update_rows,
            *(lo, hi, Weights(p, m, v), last),
            *(Columns(rows, indptr, X.indices, X.data), delta, 5, update(dtype)),
        )
    for found, array in zip((p, m, v), expected, strict=True):
        assert_allclose(found[rows], array[rows], **tolerance)
    untouched = np.setdiff1d(np.arange(40), rows)
    assert_array_equal(p[untouched], before[untouched])
    assert (last[rows] == 5).all() and (last[untouched] == 4).all()


@pytest.mark.parametrize("n_missed", [0, 1, 7, 200])
def test_missed_updates_are_those_of_dense_adam_with_no_gradient(
    rng, run, dtype, tolerance, n_missed
):
    p, m, v = expected = state(rng, (5, 9), dtype)
    p, m, v = p.copy(), m.copy(), v.copy()
    last = np.array([3, 3, 0, 3, 3])
    m[2] = v[2] = expected[1][2] = expected[2][2] = 0  # a row that was never touched
    for _ in range(n_missed):
        expected = adam_step(*expected, np.zeros((5, 9), dtype))
    rates = np.full(3 + n_missed + 1, RATE, dtype)
    rows = np.arange(5, dtype=np.int32)
    for lo, hi in blocks(5):
        run(
            kernels.apply_missed_updates,
            *(lo, hi, Weights(p, m, v), last, rows, 3 + n_missed, rates),
            update(dtype),
        )
    for found, array in zip((p, m, v), expected, strict=True):
        assert_allclose(found, array, **tolerance)
    assert last.tolist() == [3 + n_missed, 3 + n_missed, 0, 3 + n_missed, 3 + n_missed]


def test_updates_missed_for_long_leave_no_denormals(run, dtype):
    p, m, v = (
        np.ones((1, 3), dtype),
        np.full((1, 3), 1e-3, dtype),
        np.ones((1, 3), dtype),
    )
    n_missed = 20_000
    rates = np.full(n_missed + 2, RATE, dtype)
    last, rows = np.array([1]), np.array([0], np.int32)
    run(
        kernels.apply_missed_updates,
        *(0, 1, Weights(p, m, v), last, rows, n_missed + 1, rates),
        update(dtype),
    )
    assert (m == 0).all()
    assert_allclose(v, BETA_2**n_missed, rtol=1e-2)
    assert np.isfinite(p).all() and (p < 1).all()


@pytest.mark.parametrize("size", [1, 2, 31])
def test_groups_are_drawn_up_to_the_uniform_number(rng, run, dtype, size):
    p = rng.dirichlet(np.full(size, 0.3), (9, 5)).astype(dtype)
    uniforms = rng.uniform(size=(9, 5)).astype(dtype)
    uniforms[0], uniforms[1] = 0, 1 - np.finfo(dtype).epsneg
    p[2] *= dtype(0.5)  # rounding may leave a sum below 1: then the last one is drawn
    uniforms[2] = 0.9
    expected = np.array(
        [
            [min(np.searchsorted(np.cumsum(q), u, side="right"), size - 1)
             for q, u in zip(*row, strict=True)]
            for row in zip(p, uniforms, strict=True)
        ]
    )  # fmt: skip
    out = np.full((9, 5 * size), np.nan, dtype)
    for lo, hi in blocks(9):
        args = lo, hi, out, p.reshape(9, -1), uniforms
        run(boltzmann.draw_groups, *args)
    assert_array_equal(out.reshape(9, 5, size).argmax(axis=2), expected)
    assert_array_equal(out.reshape(9, 5, size).sum(axis=2), 1)
    assert (out[2].reshape(5, size)[:, -1] == 1).all()
