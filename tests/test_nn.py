import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose
from scipy import sparse, special
from scipy.optimize import check_grad

from sklearn_c2c._nn import initial, losses, threads
from sklearn_c2c._nn.activations import ACTIVATIONS
from tests import reference

WORKERS = threads.Workers()
WORKERS.n_threads = 1


def one_hot(rng, n_samples, n_groups, group_size):
    X = np.zeros((n_samples, n_groups, group_size))
    hits = rng.integers(group_size, size=(n_samples, n_groups, 1))
    np.put_along_axis(X, hits, 1, axis=2)
    return X.reshape(n_samples, -1)


@pytest.mark.parametrize("group_size", [None, 1, 3, 12])
@pytest.mark.parametrize("one_hot_rows", [True, False])
def test_loss_gradients_against_finite_differences(rng, group_size, one_hot_rows):
    X = one_hot(rng, 5, 4, 3) if one_hot_rows else rng.random((5, 12))
    a = rng.normal(size=X.size) * 3

    def loss(a):
        loss, _ = losses.cross_entropy(a.reshape(X.shape), X, group_size, WORKERS)
        return loss / len(X)

    def gradient(a):
        return losses.cross_entropy(a.reshape(X.shape), X, group_size, WORKERS)[
            1
        ].ravel()

    direction = rng.normal(size=a.size)
    central = (loss(a + 1e-5 * direction) - loss(a - 1e-5 * direction)) / 2e-5
    assert_allclose(gradient(a) @ direction, central, rtol=1e-9, atol=1e-8)
    assert check_grad(loss, gradient, a, direction="random", rng=0) < 1e-5


@pytest.mark.parametrize("group_size", [None, 3])
def test_sparse_targets_give_the_loss_of_dense_ones(rng, group_size):
    X = one_hot(rng, 6, 4, 3) * rng.random((6, 12))
    a = rng.normal(size=X.shape)
    dense = losses.cross_entropy(a, X, group_size, WORKERS)
    csr = losses.cross_entropy(a, sparse.csr_array(X), group_size, WORKERS)
    assert_allclose(csr[0], dense[0], rtol=1e-14)
    assert_allclose(csr[1], dense[1], atol=1e-15)


@given(hnp.arrays(np.float32, (2, 6), elements=st.floats(-16384, 16384, width=32)))
def test_losses_are_finite_and_probabilities_sum_to_one(a):
    X = np.tile(np.array([1, 0, 0], np.float32), (2, 2))
    for group_size in (None, 3):
        loss, delta = losses.cross_entropy(a, X, group_size, WORKERS)
        assert np.isfinite(loss) and loss >= 0
        assert (np.abs(delta) <= 1).all()
    p = losses.probabilities(a, 3).reshape(2, 2, 3)
    assert_allclose(p.sum(axis=2), 1, rtol=1e-6)


def test_saturated_logits_cost_what_they_should():
    logits = np.array([[37.0, 800.0, -800.0]])
    loss, _ = losses.sigmoid_cross_entropy(logits, np.zeros((1, 3)), WORKERS)
    assert_allclose(loss, 837.0, rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_sigmoid_of_what_is_no_ordinary_number(dtype):
    sigmoid, _ = ACTIVATIONS["sigmoid"]
    a = np.array([0, -0.0, np.inf, np.nan, -np.inf, -1e30], dtype)
    out = sigmoid(a)
    assert out[:3].tolist() == [0.5, 0.5, 1] and np.isnan(out[3])
    least = out[4:]
    assert (least > 0).all() and (least <= 1.001 * np.finfo(dtype).tiny).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_sigmoid_is_exact_to_a_few_last_places(dtype):
    sigmoid, _ = ACTIVATIONS["sigmoid"]
    a = np.linspace(-80, 20, 4001).astype(dtype)
    close = 64 * np.finfo(dtype).eps  # an argument of 80 alone costs 40
    assert_allclose(sigmoid(a), special.expit(a.astype(np.float64)), rtol=close)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_and_derivatives(activation, rng):
    function, derivative = ACTIVATIONS[activation]
    a = rng.normal(size=100)
    assert_allclose(function(a), reference.ACTIVATIONS[activation](a), rtol=1e-14)
    expected = reference.DERIVATIVES[activation](a)
    assert_allclose(derivative(function(a)), expected, rtol=1e-12)
    assert function(a.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("group_size", [None, 3])
def test_marginal_logits_decode_to_the_mean(rng, group_size):
    X = one_hot(rng, 4000, 4, 3)
    decoded = losses.probabilities(
        initial.marginal_logits(X, group_size)[None], group_size
    )
    assert_allclose(decoded[0], X.mean(axis=0), atol=1e-3)


def test_marginal_logits_of_unused_columns_are_finite():
    X = np.tile([1.0, 0, 0], (5, 2))
    for group_size in (None, 3):
        assert np.isfinite(initial.marginal_logits(X, group_size)).all()


def test_glorot_bounds():
    weights = initial.glorot(np.random.RandomState(0), 30, 70, np.dtype(np.float32))
    bound = np.sqrt(6 / 100)
    assert weights.dtype == np.float32
    assert 0.99 * bound < np.abs(weights).max() <= bound * (1 + 1e-6)
    assert abs(weights.mean()) < 0.02 * bound


def test_principal_axes_start_from_the_reconstruction_of_pca(rng):
    X = one_hot(rng, 30, 8, 5)
    h = 40
    coefs = [rng.normal(size=(40, h)), rng.normal(size=(h, 40))]
    intercepts = [np.zeros(h), np.zeros(40)]
    initial.principal_axes(X, coefs, intercepts, "identity", np.random.RandomState(0))
    logits = (X @ coefs[0] + intercepts[0]) @ coefs[1] + intercepts[1]
    # 29 components hold all of 30 centred rows, so the logits are the rows, scaled.
    assert_allclose(logits, initial._PCA_LOG_ODDS * (X - X.mean(axis=0)), atol=1e-6)


def test_workers_keep_to_the_limit_that_is_set(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert threads.Workers().n_threads == 1


@pytest.mark.parametrize("n_threads", [1, 2, 3, 7])
@pytest.mark.parametrize("n_rows", [0, 1, 4, 5, 30])
def test_workers_cover_every_row_once(n_threads, n_rows):
    rows = []
    workers = threads.Workers()
    workers.n_threads = n_threads
    with workers:
        workers.run(lambda lo, hi: rows.extend(range(lo, hi)), n_rows, np.inf)
    assert sorted(rows) == list(range(n_rows))
