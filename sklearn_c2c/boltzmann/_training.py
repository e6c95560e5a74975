"""The network of `SoftmaxRBM` in training, see `_epochs`."""

from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn.utils import gen_batches

from sklearn_c2c._nn.activations import sigmoid
from sklearn_c2c._nn.adam import fresh
from sklearn_c2c._nn.initial import marginal_logits

# Standard deviation of the initial weights.
_SCALE = 0.01

# Samples whose conditional probabilities are computed at once.
_CHUNK = 64


class State(NamedTuple):
    """Weights with Adam's averages, the persistent chains, and the updates so far."""

    weights: list  # of Weights: coef, hidden biases, visible biases
    chains: np.ndarray
    n_updates: int


def initial(X, shape, group_size, n_chains, rng):
    """Small random weights; biases and chains as the data has its columns.

    Parameters
    ----------
    X : {ndarray, csr_array} of shape (n_samples, n_features)
    shape : (int, int)
        Shape of the weights of a window.
    group_size : int
    n_chains : int
    rng : RandomState

    Returns
    -------
    State
    """
    coef = (_SCALE * rng.standard_normal(shape)).astype(X.dtype)
    visible_bias = marginal_logits(X, group_size).astype(X.dtype)
    hidden_bias = np.zeros(shape[1], X.dtype)
    chains = dense(X[rng.randint(X.shape[0], size=n_chains)])
    weights = [fresh(array) for array in (coef, hidden_bias, visible_bias)]
    return State(weights, chains, 0)


def resumed(model, history):
    """State of a fitted model, with copies of its weights; `history` is filled in."""
    history.n_samples_seen = model.t_
    history.validation = list(model.validation_loss_curve_ or [])
    history.losses["pseudo"] = list(model.loss_curve_)
    history.losses["loss"] = list(model.loss_curve_)
    arrays = model.coef_, model.hidden_bias_, model.visible_bias_
    weights = [fresh(array.copy()) for array in arrays]
    if not hasattr(model, "_optimizer_state"):
        return State(weights, model.chains_, 0)
    kept = model._optimizer_state
    history.rng = np.random.RandomState()
    history.rng.set_state(kept["rng"])
    averages = [average for parts in weights for average in parts[1:]]
    for average, value in zip(averages, kept["moments"], strict=True):
        average[...] = value
    return State(weights, model.chains_, kept["step"])


class Network:
    """Weights in training, with their persistent chains.

    Parameters
    ----------
    energy : Energy
        With the weights of the state.
    state : State
    n_gibbs : int
        Steps of Gibbs sampling in an update.
    n_epochs : int
        Epochs over which the learning rate falls to 0.
    adam : Adam
    history : History
    """

    terms = ("pseudo",)

    def __init__(self, energy, state, n_gibbs, n_epochs, adam, history):
        self.energy, self.weights, self.chains = energy, state.weights, state.chains
        self._n_gibbs, self._n_epochs = n_gibbs, n_epochs
        self.adam, self.history = adam, history
        self._last_epoch = history.n_epochs + n_epochs

    def __enter__(self):
        self.energy.workers.__enter__()
        return self

    def __exit__(self, *exception):
        self.energy.workers.__exit__(*exception)

    def step(self, X, y=None):
        """Update the weights with a batch; return its loss before."""
        V, rng, workers = dense(X), self.history.rng, self.energy.workers
        n_groups = V.shape[1] // self.energy.group_size
        groups = rng.randint(n_groups, size=len(V))
        loss = n_groups * float(self.energy.conditional_log_loss(V, groups).sum())
        self.chains = self.energy.gibbs(self.chains, self._n_gibbs, rng)
        data = self.energy.gradients(V, 1 / len(V))
        model = self.energy.gradients(self.chains, -1 / len(self.chains))
        left = self._last_epoch - self.history.n_epochs
        self.adam.tick(min(1.0, left / self._n_epochs))
        for weights, positive, negative in zip(self.weights, data, model, strict=True):
            self.adam.update(weights, positive + negative, workers)
        return {"pseudo": loss}

    def evaluate(self, X, y=None):
        """Mean negative pseudo-log-likelihood of samples, over all groups."""
        n_groups = X.shape[1] // self.energy.group_size
        total = 0.0
        for rows in gen_batches(X.shape[0], _CHUNK):
            V = dense(X[rows])
            for group in range(n_groups):
                groups = np.full(len(V), group)
                total += float(self.energy.conditional_log_loss(V, groups).sum())
        return total / X.shape[0]

    def diverged(self, losses):
        """Whether the mean losses of an epoch show divergence."""
        return not np.isfinite(losses["pseudo"])

    def apply_pending_updates(self):
        """Do nothing: no weights miss updates."""

    def latents(self, X):
        """Yield the probabilities of the hidden units of all samples, by chunks."""
        for rows in gen_batches(X.shape[0], _CHUNK):
            yield sigmoid(self.energy.hidden(dense(X[rows])))

    def copy_weights(self):
        """Copies of all weights, for `restore`."""
        return [weights.value.copy() for weights in self.weights]

    def restore(self, values):
        """Set all weights to those of `copy_weights`."""
        for weights, value in zip(self.weights, values, strict=True):
            weights.value[...] = value

    def optimizer_state(self):
        """State from which training resumes bit for bit, as arrays and numbers."""
        return {
            "moments": [average for weights in self.weights for average in weights[1:]],
            "step": self.adam.n_updates,
            "rng": self.history.rng.get_state(legacy=False),
        }


def dense(X):
    """X as a dense array."""
    return X.toarray() if sparse.issparse(X) else X
