"""Formulas on registers beside the same in NumPy."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_c2c._nn.compilation import jit
from sklearn_c2c._nn.lanes import elementwise, exp, normal, where


@elementwise
def _formula(x, y):
    return exp(0.0 - abs(x)), where(x < y, x / (y * y + 2.0), 3 - x), normal(x * y)


@jit
def _of_rows(outs, ins):
    _formula(outs, ins)


def computed(x, y):
    """What the formula gives, in new rows."""
    outs = tuple(np.full_like(x, np.nan) for _ in range(3))
    _of_rows(outs, (x, y))
    return outs


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [0, 1, 15, 16, 17, 133])
def test_a_formula_is_that_of_numpy(rng, n, dtype):
    x, y = rng.normal(0, 20, (2, n)).astype(dtype)
    tolerance = 10 * np.finfo(dtype).eps
    expected = np.exp(-abs(x)), np.where(x < y, x / (y * y + 2), 3 - x), x * y
    for found, value in zip(computed(x, y), expected, strict=True):
        assert found.dtype == dtype
        assert_allclose(found, value, rtol=20 * tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_bits_do_not_depend_on_where_registers_begin(rng, dtype):
    x, y = rng.normal(0, 5, (2, 70)).astype(dtype)
    whole = computed(x, y)
    for k in (1, 3, 30, 69):
        for found, value in zip(computed(x[k:], y[k:]), whole, strict=True):
            assert_array_equal(found, value[k:])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_row_may_be_both_in_and_out(rng, dtype):
    x, y = rng.normal(0, 5, (2, 37)).astype(dtype)
    expected, other = computed(x, y), np.empty_like(x)
    _of_rows((x, y, other), (x, y))
    for found, value in zip((x, y, other), expected, strict=True):
        assert_array_equal(found, value)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_is_denormal_and_nan_stays(dtype):
    tiny = np.finfo(dtype).tiny
    x = np.array([-1e4, np.nan, np.inf, tiny, -tiny, tiny / 2, -tiny / 4, 0], dtype)
    e, _, product = computed(np.repeat(x, 3), np.ones(3 * len(x), dtype))
    e, product = e[::3], product[::3]
    assert np.isnan(e[1]) and np.isnan(product[1])
    assert 0 <= e[0] <= 2 * tiny and 0 <= e[2] <= 2 * tiny
    assert_array_equal(
        product[[0, 2, 3, 4, 5, 6, 7]], [-1e4, np.inf, tiny, -tiny, 0, 0, 0]
    )
