import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sklearn_c2c import Autoencoder, VariationalAutoencoder
from sklearn_c2c._epochs import Patience

losses_of_epochs = st.lists(
    st.floats(0, 8).map(lambda loss: round(loss, 1)), max_size=60
)


def epochs_trained(losses, tol=0.0, n_iter=30):
    """Epochs until early stopping, or all of them."""
    patience = Patience(tol, n_iter)
    ends = (epoch for epoch, loss in enumerate(losses, 1) if patience.ends(loss))
    return next(ends, len(losses))


def epochs_without_a_new_least(losses, tol, n_iter):
    """The same by the usual rule, without means and growing patience."""
    for end in range(n_iter + 1, len(losses) + 1):
        before, waited = losses[: end - n_iter], losses[end - n_iter : end]
        if min(waited) >= min(before) - tol:
            return end
    return len(losses)


def falls(values, tol):
    """Positions of values that are less than all before them by more than tol."""
    return [
        i
        for i in range(len(values))
        if values[i] < min(values[:i], default=np.inf) - tol
    ]


@given(losses_of_epochs, st.sampled_from([0, 0.15, 100]), st.integers(1, 7))
def test_patience_by_its_definition(losses, tol, n_iter):
    means = [
        np.mean(losses[end - n_iter : end]) for end in range(n_iter, len(losses) + 1)
    ]
    expected = len(losses)
    for epoch in range(1, len(losses) + 1):
        of_losses = [i + 1 for i in falls(losses[:epoch], tol)]
        of_means = [i + n_iter for i in falls(means[: max(0, epoch - n_iter + 1)], tol)]
        last = max(of_losses + of_means)
        if epoch - last >= n_iter and epoch - last >= last / 4:
            expected = epoch
            break
    assert epochs_trained(losses, tol, n_iter) == expected


@given(losses_of_epochs, st.sampled_from([0, 0.15]), st.integers(1, 7))
def test_patience_never_ends_before_the_usual_rule(losses, tol, n_iter):
    usual = epochs_without_a_new_least(losses, tol, n_iter)
    assert epochs_trained(losses, tol, n_iter) >= usual


@pytest.mark.parametrize("seed", range(5))
def test_patience_sees_a_fall_beneath_noise(seed):
    epochs = np.arange(1500)
    noise = np.random.default_rng(seed).normal(size=1500)
    losses = list(40 - 0.02 * epochs + noise)
    assert epochs_without_a_new_least(losses, 1e-4, 30) < 400
    assert epochs_trained(losses, 1e-4) == 1500


@pytest.mark.parametrize("seed", range(5))
def test_patience_ends_on_noise_alone(seed):
    losses = list(40 + np.random.default_rng(seed).normal(size=1500))
    assert 60 <= epochs_trained(losses, 1e-4) < 200


def test_patience_outlasts_a_bump():
    epochs = np.arange(1000)
    losses = list(100 * np.exp(-epochs / 300) + 20 * ((500 <= epochs) & (epochs < 560)))
    assert epochs_without_a_new_least(losses, 1e-4, 30) == 530
    assert epochs_trained(losses, 1e-4) == 1000


def test_patience_knows_the_least_loss():
    patience = Patience(0.0, 2)
    for loss in (3.0, 1.0, 2.0):
        patience.ends(loss)
    assert patience.best == 1.0


@pytest.mark.parametrize("model", [Autoencoder(4), VariationalAutoencoder(4)])
def test_a_first_fit_that_fails_leaves_no_fitted_model(model):
    X = np.random.default_rng(0).permuted(np.eye(6).repeat(9, axis=0))
    model = clone(model).set_params(learning_rate_init=1e300, max_iter=50)
    with pytest.raises(ValueError, match="diverged"):
        model.fit(X)
    with pytest.raises(NotFittedError):
        model.transform(X)
