"""A variational stack whose first latents are attributes that the decoder follows."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy import sparse

from sklearn_c2c._nn.gaussian import gaussian_divergence, split_code
from sklearn_c2c._nn.layers import Activation, Chain, Dense
from sklearn_c2c._nn.losses import output
from sklearn_c2c.autoencoder._stack import VariationalStack, chunks, with_between

# Slope of the hyperbolic tangent that compares two latents, as in AR-VAE's music.
_STEEPNESS = 10

# Half the distance of central differences, in standard deviations of an attribute.
_STEP = 0.1


class Units(NamedTuple):
    """Standard scores of attributes."""

    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, y):
        """Units of y; the scale of a constant attribute is 1."""
        scale = y.std(axis=0)
        return cls(y.mean(axis=0), np.where(scale > 0, scale, 1))

    def scores(self, y, dtype):
        """How many standard deviations above the mean."""
        return ((y - self.mean) / self.scale).astype(dtype)


class AttributeStack(VariationalStack):
    """A variational stack whose first latents are attributes of its data.

    Beside the loss of a `VariationalStack` there are one on the latents, by
    `regularization`, and one on decodings, by `control_weight`: the encoder, its
    weights fixed, is to predict from them the attributes that were asked for.

    Parameters
    ----------
    *stack : tuple
        As of `VariationalStack`.
    regularization : {"given", "squared", "pairwise", "geodesic"}
        As of the estimator.
    attribute_weight, control_weight : float
        Weights of the two losses.
    **settings : dict
        As of `VariationalStack`.
    """

    terms = ("reconstruction", "weighted divergence", "attributes", "control")

    # Standard scores of the attributes, set by the estimator in training.
    units: Units

    def __init__(
        self, *stack, regularization, attribute_weight, control_weight, **settings
    ):
        super().__init__(*stack, **settings)
        self._regularization = regularization
        self._attribute_weight = attribute_weight
        self._control_weight = control_weight
        layers, hidden = self.layers[: len(self.layers) // 2], Activation(stack[1])
        # Same weights, without an optimizer: gradients pass, and nothing is learned.
        fixed = [Dense(*layer, self.workers) for layer in layers]
        self.fixed_encoder = Chain(*with_between(fixed, hidden))

    def evaluate(self, X, y=None):
        """Mean loss of samples, without random draws and without control."""
        total, start = 0.0, 0
        for rows in chunks(X):
            stop = start + rows.shape[0]
            total += sum(self.losses(rows, None if y is None else y[start:stop]))
            start = stop
        return total / X.shape[0]

    def losses(self, X, y=None):
        """Losses of a chunk of samples with means for draws, nats summed over them."""
        a, _ = self.encoder(X)
        mu, log_var = split_code(a)
        drawn = slice(self._n_given, None)
        divergence = gaussian_divergence(mu[:, drawn], log_var[:, drawn])
        losses = [
            self._reconstruction_loss(a, X),
            self.beta * float(divergence.sum(dtype=np.float64)),
        ]
        if y is not None:
            loss, _ = squared_error(mu, self.units.scores(y, mu.dtype))
            losses.append(self._attribute_weight * loss)
        return losses

    @property
    def _n_given(self):
        """Number of latents that the decoder is given and does not draw."""
        return len(self.units.mean) if self._regularization == "given" else 0

    def step(self, X, y=None):
        """Update all weights along the mean loss of a batch; return its losses."""
        self.code.weight = self._weight_of(self.history.n_epochs)
        y = self.units.scores(y, X.dtype)
        self.apply_pending_updates()  # the fixed encoder reads all weights
        a, to_encoder = self.encoder(X)
        z, to_code = self._draw(a, y)
        probes = [*self._swaps(z, y.shape[1]), *self._neighbors(z, y.shape[1])]
        codes = [z, *(probe.codes for probe in probes)]
        logits, to_decoder = self.decoder(np.vstack(codes))
        ends = np.cumsum([len(part) for part in codes])[:-1]
        logits, *probed = np.split(logits, ends)
        loss, delta = self.loss(logits, X)
        cost, delta_mu, delta_z = self._regularize(a, z, y)
        losses = {"reconstruction": loss, "attributes": cost, "control": 0.0}
        deltas = [delta]
        for probe, logits in zip(probes, probed, strict=True):
            loss, delta, delta_asked = probe.judge(logits)
            losses[probe.name] += loss
            deltas.append(delta)
            delta_z += probe.pull_back(delta_asked)
        self.training.adam.tick()
        delta, *probed = np.split(to_decoder(np.vstack(deltas)), ends)
        delta_z += delta
        for probe, delta in zip(probes, probed, strict=True):
            delta_z += probe.pull_back(delta)
        delta_a = to_code(delta_z)
        delta_a[:, : z.shape[1]] += delta_mu
        to_encoder(delta_a)
        return losses | {
            "weighted divergence": self.code.cost,
            "divergence": np.append(np.zeros(self._n_given), self.code.divergence),
        }

    def _draw(self, a, y):
        """Draw latents; attributes that are given are not drawn, and cost nothing."""
        if self._regularization != "given":
            return self.code(a)
        h, k = a.shape[1] // 2, y.shape[1]
        drawn = np.r_[k:h, h + k : 2 * h]
        rest, to_rest = self.code(np.ascontiguousarray(a[:, drawn]))

        def pull_back(delta):
            delta_a = np.zeros_like(a)
            delta_a[:, drawn] = to_rest(delta[:, k:])
            return delta_a

        return np.hstack([y, rest]), pull_back

    def _regularize(self, a, z, y):
        """Loss of the attributes' latents, and its gradients to means and draws."""
        mu, _ = split_code(a)
        if self._regularization == "pairwise":
            loss, delta_z = pairwise_disorder(z, y)
            delta_mu = np.zeros_like(z)
        else:
            loss, delta_mu = squared_error(mu, y)
            delta_z = np.zeros_like(z)
        weight = self._attribute_weight
        scale = z.dtype.type(weight / len(z))
        return weight * loss, scale * delta_mu, scale * delta_z

    def _swaps(self, z, k):
        """Swap one attribute of each sample; the decoded sample is to have it."""
        if not self._control_weight:
            return
        rng, n = self.history.rng, len(z)
        at = np.arange(n), rng.randint(k, size=n)
        source = rng.permutation(n), at[1]
        codes = z.copy()
        codes[at] = z[source]
        weight = z.dtype.type(self._control_weight / n)

        def judge(logits):
            p, to_logits = output(logits, self.group_size)
            mu, to_decoded = self._read(decided(p, self.group_size))
            loss, delta = squared_error(mu, codes[:, :k])
            delta *= weight
            # Straight through: the gradient of the decision is that of p.
            return self._control_weight * loss, to_logits(to_decoded(delta)), -delta

        def pull_back(delta):
            delta_z = delta.copy()
            delta_z[at] = 0
            np.add.at(delta_z, source, delta[at])
            return delta_z

        yield Probe("control", codes, judge, pull_back)

    def _neighbors(self, z, k):
        """Move each attribute up and down; the decoded samples are to differ by it."""
        if self._regularization != "geodesic":
            return
        n, steps = len(z), _STEP * np.eye(k, z.shape[1], dtype=z.dtype)
        for attribute, step in enumerate(steps):
            yield Probe(
                "attributes",
                np.vstack([z + step, z - step]),
                partial(self._judge_slope, attribute),
                lambda delta: delta[:n] + delta[n:],
            )

    def _judge_slope(self, attribute, logits):
        """Half the squared distance from 1 of an attribute's slope along its latent."""
        (p, to_logits), n = output(logits, self.group_size), len(logits) // 2
        mu, to_decoded = self._read(p)
        slope = (mu[:n, attribute] - mu[n:, attribute]) / (2 * _STEP)
        delta = np.zeros_like(mu)
        delta[:n, attribute] = self._attribute_weight / n * (slope - 1) / (2 * _STEP)
        delta[n:, attribute] = -delta[:n, attribute]
        delta_logits = to_logits(to_decoded(delta))
        loss = ((slope - 1) ** 2).sum(dtype=np.float64) / 2
        return self._attribute_weight * loss, delta_logits, np.zeros_like(mu)

    def _read(self, decoded):
        """Encode decodings: means of the latents, and the pull-back."""
        a, to_rows = self.fixed_encoder(decoded)
        mu, _ = split_code(a)

        def pull_back(delta):
            return to_rows(np.hstack([delta, np.zeros_like(delta)]))

        return mu, pull_back


class Probe(NamedTuple):
    """Latent vectors decoded beside those of the batch, and the loss of the result.

    `judge` takes their logits and returns the loss, summed over samples, and the
    gradients of the mean loss of a sample with respect to the logits, and to the latent
    vectors as targets. `pull_back` turns a gradient with respect to these vectors into
    one with respect to the batch's.
    """

    name: str
    codes: np.ndarray
    judge: Callable
    pull_back: Callable


def squared_error(mu, y):
    """Squared error of the first latents, summed, and its gradient to all of them."""
    delta = np.zeros_like(mu)
    delta[:, : y.shape[1]] = mu[:, : y.shape[1]] - y
    loss = np.square(delta).sum(dtype=np.float64)
    delta *= 2
    return loss, delta


def pairwise_disorder(z, y):
    """Loss of AR-VAE: whether latents are in the order of the attributes.

    ``sum_k sum_i mean_j |tanh(10 (z_ik - z_jk)) - sign(y_ik - y_jk)|``

    Parameters
    ----------
    z : ndarray of shape (n_samples, h)
    y : ndarray of shape (n_samples, n_attributes)

    Returns
    -------
    loss : float
    delta : ndarray of shape (n_samples, h)
        Its gradient.
    """
    n, k = y.shape
    tanh = np.tanh(_STEEPNESS * (z[:, None, :k] - z[None, :, :k]))
    error = tanh - np.sign(y[:, None] - y[None])
    slope = np.sign(error) * (1 - tanh**2) * (_STEEPNESS / n)
    delta = np.zeros_like(z)
    delta[:, :k] = slope.sum(axis=1) - slope.sum(axis=0)
    return np.abs(error).sum(dtype=np.float64) / n, delta


def decided(p, group_size):
    """In CSR the most probable value of each group, or without groups each column."""
    if group_size is None:
        return sparse.csr_array((p > 0.5).astype(p.dtype))
    most = p.reshape(len(p), -1, group_size).argmax(axis=2)
    columns = most + np.arange(0, p.shape[1], group_size)
    stored = np.ones(columns.size, p.dtype), columns.ravel()
    return sparse.csr_array((*stored, np.arange(len(p) + 1) * most.shape[1]), p.shape)
