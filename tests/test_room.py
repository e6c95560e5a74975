"""Room for other models: two models wired from the layers, for these tests only."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_X_y

from sklearn_c2c._epochs import EpochTrainedMixin, History
from sklearn_c2c._nn.activations import sigmoid
from sklearn_c2c._nn.adam import Adam
from sklearn_c2c._nn.kernels import Weights
from sklearn_c2c._nn.layers import Activation, Chain, Dense
from sklearn_c2c._nn.losses import cross_entropy
from sklearn_c2c._nn.threads import Workers

# With these settings an update of Adam is the gradient itself, to eight digits.
GRADIENT = 1e9, 0.0, 0.0, 1e9


class Network:
    """The common part: weights, an optimizer, threads, and methods for the loop."""

    def __init__(self, rng, adam):
        self.rng, self.adam, self.workers = rng, adam, Workers()
        self.history, self.weights = History(rng), []

    def new(self, *shape):
        """Weights that had no update yet."""
        value = 0.5 * self.rng.normal(size=shape)
        self.weights.append(Weights(value, np.zeros(shape), np.zeros(shape)))
        return self.weights[-1]

    def dense(self, n_in, n_out, **settings):
        """Make a trained layer."""
        coef, intercept = self.new(n_in, n_out), self.new(n_out)
        return Dense(coef, intercept, self.workers, self.adam, **settings)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.workers.__exit__(*exception)

    def diverged(self, losses):
        """No loss counts as divergence here."""
        return False

    def apply_pending_updates(self):
        """No update is delayed."""

    def copy_weights(self):
        """Copies of all weights."""
        return [weights.value.copy() for weights in self.weights]

    def restore(self, values):
        """Set all weights to those of `copy_weights`."""
        for weights, value in zip(self.weights, values, strict=True):
            weights.value[...] = value


class TwoHeads(Network):
    """An autoencoder whose latent vectors also predict the class of a sample."""

    terms = ("reconstruction", "class")

    def __init__(self, n_features, n_classes, h, rng, adam):
        super().__init__(rng, adam)
        first = self.dense(n_features, h, is_first=True)
        self.encoder = Chain(first, Activation("tanh"))
        self.decoder, self.classifier = (
            self.dense(h, n_features),
            self.dense(h, n_classes),
        )

    def step(self, X, y):
        """Update all weights along both losses."""
        z, to_encoder = self.encoder(X)
        reconstructed, to_decoder = self.decoder(z)
        classified, to_classifier = self.classifier(z)
        loss_X, delta_X = cross_entropy(reconstructed, X, None, self.workers)
        loss_y, delta_y = cross_entropy(classified, y, y.shape[1], self.workers)
        self.adam.tick()
        to_encoder(to_decoder(delta_X) + to_classifier(delta_y))
        return {"reconstruction": loss_X, "class": loss_y}


class TwoHeadedAutoencoder(EpochTrainedMixin, BaseEstimator):
    """An estimator of it: `fit` passes y on."""

    _parameter_constraints: dict = {}

    def __init__(self, h=4, max_iter=30, random_state=0):
        self.h, self.max_iter, self.random_state = h, max_iter, random_state
        self.warm_start = self.early_stopping = self.verbose = False
        self.batch_size, self.shuffle, self.learning_rate_init = 10, True, 0.02
        self.tol, self.n_iter_no_change = 0.0, 100

    def _check_training_data(self, X, y, *, reset):
        X, y = check_X_y(X, y)
        self.classes_ = np.unique(y)
        return X, (y[:, np.newaxis] == self.classes_).astype(float)

    def _network(self, X, y, resumes):
        rng = check_random_state(self.random_state)
        adam = Adam(self.learning_rate_init, 0.9, 0.999, 1e-8, X.dtype)
        return TwoHeads(X.shape[1], y.shape[1], self.h, rng, adam)

    def _fitted_attributes(self, X, network):
        return {
            "weights_": network.copy_weights(),
            "n_iter_": network.history.n_epochs,
            "losses_": dict(network.history.losses),
        }


class Recurrent(Network):
    """A GRU that predicts the next token of a melody from those before it.

    Rows of X are one-hot groups, one a step. The products with the input are one layer
    for all steps; those with the state share one matrix, whose gradient is summed.
    """

    terms = ("next token",)

    def __init__(self, n_tokens, h, rng, adam):
        super().__init__(rng, adam)
        self.n_tokens, self.h = n_tokens, h
        self.project = self.dense(n_tokens, 3 * h, is_first=True)
        self.recur, self.head = self.new(h, 3 * h), self.dense(h, n_tokens)

    def states(self, a):
        """States after each step, and their pull-back to the projected inputs."""
        n, n_steps, h, U = *a.shape[:2], self.h, self.recur.value
        states, gates = np.zeros((n, n_steps + 1, h)), []
        for t in range(n_steps):
            s = states[:, t]
            u = s @ U
            gate = sigmoid(np.ascontiguousarray(a[:, t, : 2 * h] + u[:, : 2 * h]))
            z, r, u_c = gate[:, :h], gate[:, h:], u[:, 2 * h :]
            c = np.tanh(a[:, t, 2 * h :] + r * u_c)
            states[:, t + 1] = z * s + (1 - z) * c
            gates.append((z, r, c, u_c))

        def pull_back(delta):
            delta_a, gradient, ahead = np.empty_like(a), np.zeros_like(U), 0.0
            for t in reversed(range(n_steps)):
                (z, r, c, u_c), s = gates[t], states[:, t]
                d = delta[:, t] + ahead
                d_c = d * (1 - z) * (1 - c * c)
                d_z, d_r = d * (s - c) * z * (1 - z), d_c * u_c * r * (1 - r)
                d_u = np.hstack([d_z, d_r, d_c * r])
                delta_a[:, t] = np.hstack([d_z, d_r, d_c])
                gradient += s.T @ d_u
                ahead = d * z + d_u @ U.T
            self.adam.update(self.recur, gradient, self.workers)
            return delta_a

        return states[:, 1:], pull_back

    def step(self, X, y=None):
        """Update all weights along the loss of the tokens that follow."""
        n, K, h = len(X), self.n_tokens, self.h
        tokens = X.reshape(n, -1, K)
        before, after = tokens[:, :-1].reshape(-1, K), tokens[:, 1:].reshape(n, -1)
        a, to_input = self.project(np.ascontiguousarray(before))
        states, to_states = self.states(a.reshape(n, -1, 3 * h))
        logits, to_head = self.head(np.ascontiguousarray(states).reshape(-1, h))
        loss, delta = cross_entropy(logits.reshape(n, -1), after, K, self.workers)
        self.adam.tick()
        delta = to_head(delta.reshape(-1, K)).reshape(states.shape)
        to_input(to_states(delta).reshape(a.shape))
        return {"next token": loss}


def one_hot(rng, *shape, n_tokens):
    return np.eye(n_tokens)[rng.integers(n_tokens, size=shape)].reshape(shape[0], -1)


def networks(rng, adam):
    """Each network, and a batch for it."""
    X, y = rng.random((6, 12)), one_hot(rng, 6, n_tokens=3)
    yield TwoHeads(12, 3, 4, rng, adam), (X, y)
    yield Recurrent(5, 4, rng, adam), (one_hot(rng, 6, 7, n_tokens=5), None)


@pytest.mark.parametrize("which", [0, 1], ids=["two heads", "recurrent"])
def test_gradients(rng, which):
    adam = Adam(*GRADIENT, np.dtype(np.float64))
    network, batch = list(networks(rng, adam))[which]
    start = network.copy_weights()

    def loss(values):
        network.restore(values)
        return sum(network.step(*batch).values()) / len(batch[0])

    loss(start)
    gradients = [b - a for b, a in zip(start, network.copy_weights(), strict=True)]
    for i, gradient in enumerate(gradients):
        direction = rng.normal(size=gradient.shape)
        ends = [
            loss([v + sign * 1e-5 * direction if j == i else v
                  for j, v in enumerate(start)])
            for sign in (1, -1)
        ]  # fmt: skip
        central = (ends[0] - ends[1]) / 2e-5
        assert_allclose((gradient * direction).sum(), central, rtol=1e-6, atol=1e-8)


def test_the_loop_trains_a_model_with_a_target(rng):
    y = rng.integers(3, size=60)
    X = 0.2 * rng.random((60, 12)) + 0.8 * (np.arange(12) % 3 == y[:, np.newaxis])
    model = TwoHeadedAutoencoder().fit(X, y)
    losses = model.losses_
    assert len(losses["class"]) == 30
    assert_allclose(losses["loss"], np.add(losses["reconstruction"], losses["class"]))
    assert losses["class"][-1] < 0.2 * losses["class"][0]
    shuffled = TwoHeadedAutoencoder().fit(X, rng.permutation(y))
    assert shuffled.losses_["class"][-1] > 3 * losses["class"][-1]
