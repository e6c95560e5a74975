"""Encoder, code layer and decoder of dense layers, wired for use and for training."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from sklearn.utils import gen_batches

from sklearn_c2c._epochs import History
from sklearn_c2c._nn.adam import Adam, resting
from sklearn_c2c._nn.gaussian import split_code
from sklearn_c2c._nn.kernels import Weights
from sklearn_c2c._nn.layers import Activation, Chain, Dense, SparseDense, Tied
from sklearn_c2c._nn.losses import (
    cross_entropy,
    output,
)
from sklearn_c2c._nn.threads import Workers

# Samples that pass through dense layers at once.
_CHUNK = 1024


class Layer(NamedTuple):
    """Weights of a dense layer."""

    coef: Weights
    intercept: Weights


class Training(NamedTuple):
    """The state of a stack in training."""

    adam: Adam
    history: History
    loss_limit: float  # the largest mean loss that is not yet divergence
    is_sparse: bool  # whether batches are CSR


class Stack:
    """An encoder, a code layer and a decoder.

    Parameters
    ----------
    layers : list of Layer
        From the data to the latent variables, and as many back.
    hidden_activation : str
        Activation between the layers of the encoder, and of the decoder.
    code : callable
        The layer between encoder and decoder.
    group_size : int or None
        Columns of a softmax group; None for sigmoid outputs.
    training : Training, default=None
        None if the stack is not trained.
    tied : bool, default=False
        Whether, in training, the decoder's coefs are those of the encoder, transposed.
    """

    terms = ("reconstruction",)

    # Samples that pass through the network at once where no gradient is needed.
    chunk = _CHUNK

    # Functions of data, or of latent vectors, that return the output and its pull-back.
    encoder: Callable
    decoder: Callable

    def __init__(
        self, layers, hidden_activation, code, group_size, training=None, tied=False
    ):
        self.layers, self.code, self.group_size = layers, code, group_size
        self.training, self.workers = training, Workers()
        hidden, n = Activation(hidden_activation), len(layers) // 2
        if tied and training:
            dense = tied_layers(self.layers, self.workers, training.adam)
        else:
            dense = self._dense_layers()
        self.encoder = Chain(*with_between(dense[:n], hidden))
        self.decoder = Chain(*with_between(dense[n:], hidden))

    def _dense_layers(self):
        adam = self.training.adam if self.training else None
        first = Dense(*self.layers[0], self.workers, adam, is_first=True)
        if self.training and self.training.is_sparse:
            first = SparseDense(*self.layers[0], self.workers, adam)
        rest = [Dense(*layer, self.workers, adam) for layer in self.layers[1:]]
        return [first, *rest]

    def __enter__(self):
        self.workers.__enter__()
        return self

    def __exit__(self, *exception):
        self.workers.__exit__(*exception)

    # ---------------------------------------------------------------------- use

    def latent(self, a):
        """Latent vectors from the encoder's output."""
        return self.code(a)[0]

    def latents(self, X):
        """Yield the latent vectors of all samples, chunk by chunk."""
        for rows in chunks(X, self.chunk):
            yield self.latent(self.encoder(rows)[0])

    def encode(self, X):
        """Latent vectors of all samples."""
        return collected(self.latents(X), X.shape[0])

    def decode(self, Z):
        """Probabilities of latent vectors, and the pull-back to these."""
        logits, to_decoder = self.decoder(Z)
        p, to_logits = output(logits, self.group_size)
        return p, lambda delta: to_decoder(to_logits(delta))

    def loss(self, logits, X):
        """Cross-entropy, nats summed over samples, and its gradient over their mean."""
        return cross_entropy(logits, X, self.group_size, self.workers)

    def losses(self, X):
        """Losses of a chunk of samples without random draws, nats summed over them."""
        a, _ = self.encoder(X)
        return [self._reconstruction_loss(a, X)]

    def _reconstruction_loss(self, a, X):
        logits, _ = self.reconstruct(self.latent(a), X)
        return self.loss(logits, X)[0]

    def reconstruct(self, z, X, *, in_training=False):
        """Logits of samples X given their latent vectors, and the pull-back to these.

        A decoder that goes step by step may look at X for the steps before.
        """
        return self.decoder(z)

    def evaluate(self, X, y=None):
        """Mean loss of samples, without random draws."""
        total = 0.0
        for rows in chunks(X, self.chunk):
            for loss in self.losses(rows):
                total += loss
        return total / X.shape[0]

    # ----------------------------------------------------------------- training

    def step(self, X, y=None):
        """Update all weights along the mean loss of a batch; return its losses.

        The targets are y, or X itself.
        """
        a, to_encoder = self.encoder(X)
        z, to_code = self.code(a)
        logits, to_decoder = self.reconstruct(z, X, in_training=True)
        loss, delta = self.loss(logits, X if y is None else y)
        self.training.adam.tick()
        to_encoder(to_code(to_decoder(delta)))
        return {"reconstruction": loss}

    @property
    def history(self):
        """Course of the training so far."""
        return self.training.history

    def diverged(self, losses):
        """Whether the mean losses of an epoch show divergence."""
        is_finite = np.isfinite([losses[name] for name in self.terms]).all()
        return not (is_finite and losses["reconstruction"] <= self.training.loss_limit)

    def apply_pending_updates(self):
        """Apply the missed updates to all weights, so that they can be read."""
        first = self.encoder.layers[0]
        if isinstance(first, SparseDense):
            first.apply_pending_updates()

    def copy_weights(self):
        """Copies of all weights, for `restore`."""
        return [[part.value.copy() for part in layer] for layer in self.layers]

    def restore(self, weights):
        """Set all weights to those of `copy_weights`."""
        for layer, values in zip(self.layers, weights, strict=True):
            for part, value in zip(layer, values, strict=True):
                part.value[...] = value

    def optimizer_state(self):
        """State from which training resumes bit for bit, as arrays and numbers."""
        return {
            "moments": [
                [average for part in layer for average in _averages(part)]
                for layer in self.layers
            ],
            "step": self.training.adam.n_updates,
            "rng": self.history.rng.get_state(legacy=False),
        }


class VariationalStack(Stack):
    """A stack whose latent vectors are drawn from normal distributions.

    Parameters
    ----------
    *stack, **settings :
        As of `Stack`, or of the stack that it is combined with; the code layer is a
        `GaussianCode`.
    beta : float
        Weight of the divergence, in evaluation.
    weight_of : callable
        Function of the number of epochs before: the weight in the next one.
    """

    terms = ("reconstruction", "weighted divergence", "weighted discrepancy")

    def __init__(self, *stack, beta, weight_of, **settings):
        super().__init__(*stack, **settings)
        self.beta, self._weight_of = beta, weight_of

    def latent(self, a):
        """Means of the latent variables, from the encoder's output."""
        return np.ascontiguousarray(split_code(a)[0])

    def posterior(self, X):
        """Means and log variances of the latent variables of all samples."""
        outputs = (self.encoder(rows)[0] for rows in chunks(X, self.chunk))
        return split_code(collected(outputs, X.shape[0]))

    def losses(self, X):
        """Losses of a chunk of samples with means for draws, nats summed over them."""
        a, _ = self.encoder(X)
        divergence, *_ = self.code.prior.divergence(*split_code(a))
        weighted = self.beta * float(divergence.sum(dtype=np.float64))
        return [self._reconstruction_loss(a, X), weighted]

    def step(self, X, y=None):
        """Update all weights along the mean loss of a batch; return its losses."""
        self.code.weight = self._weight_of(self.history.n_epochs)
        losses = super().step(X, y)
        return losses | {
            "weighted divergence": self.code.cost,
            "weighted discrepancy": self.code.aggregate_cost,
            "divergence": self.code.divergence,
        }


def tied_layers(layers, workers, adam):
    """Layers of both; the decoder's coefs become views of the encoder's."""
    n, tied = len(layers) // 2, []
    encoder, decoder = layers[:n], layers[n:]
    for (coef, intercept), (_, back) in zip(encoder, decoder[::-1], strict=True):
        tied.append(Tied(coef, (intercept, back), workers, adam))
        layers[-len(tied)] = Layer(resting(coef.value.T), back)
    return [pair.encode for pair in tied] + [pair.decode for pair in tied[::-1]]


def _averages(weights):
    """Adam's averages; zeros for weights that another layer updates."""
    value, mean, square = weights
    if mean is None:
        return np.zeros(value.shape, value.dtype), np.zeros(value.shape, value.dtype)
    return mean, square


def with_between(layers, between):
    """Layers with another one between each two."""
    return [part for layer in layers for part in (layer, between)][:-1]


def chunks(X, size=_CHUNK):
    """Chunks of the rows of X, in order; a single one is X itself."""
    if X.shape[0] <= size:
        return [X]
    return (X[chunk] for chunk in gen_batches(X.shape[0], size))


def collected(parts, n_samples):
    """Join chunks of rows in one array; a single one is returned itself."""
    whole, start = None, 0
    for part in parts:
        if len(part) == n_samples:
            return part
        if whole is None:
            whole = np.empty((n_samples, part.shape[1]), part.dtype)
        whole[start : start + len(part)] = part
        start += len(part)
    return whole
