"""The same models in plain PyTorch, with the fused Adam and denormals flushed.

A model takes what a batch needs, and what is drawn for it, and returns its losses,
summed over samples. Draws are arguments, so that `differences` can give both sides the
same ones.
"""

import warnings
from itertools import pairwise

import joblib
import numpy as np
import torch
from torch.nn import functional

from tests.benchmarks.corpora import piano_roll
from tests.benchmarks.peers import EPSILON, LEARNING_RATE
from tests.benchmarks.peers.wirings import estimator, targets

_N_UPDATES = 3

# Of Adam where both sides are compared: PyTorch has it within the bias correction.
_SMALL_EPSILON = 1e-15


class _Network(torch.nn.Module):
    """Linear layers in the order of the estimator's, each in its own chain."""

    def __init__(self, model, *chains):
        super().__init__()
        self.model = model
        self.chains = torch.nn.ModuleList(
            torch.nn.ModuleList(torch.nn.Linear(*shape) for shape in shapes)
            for shapes in chains
        )
        for p in self.parameters():
            init = torch.nn.init
            init.xavier_uniform_(p) if p.ndim == 2 else init.zeros_(p)

    def forward(self, *batch):
        return sum(self.losses(*batch))

    def run(self, chain, x):
        """Through the layers of a chain, with the hidden activation between."""
        *hidden, last = self.chains[chain]
        function = getattr(torch, self.model.hidden_activation)
        for layer in hidden:
            x = function(layer(x))
        return last(x)

    def load(self, coefs, intercepts):
        """Take the weights of ours."""
        layers = [layer for chain in self.chains for layer in chain]
        with torch.no_grad():
            for layer, coef, bias in zip(layers, coefs, intercepts, strict=True):
                layer.weight.copy_(torch.from_numpy(coef.T))
                layer.bias.copy_(torch.from_numpy(bias))


def _chain(n_in, hidden, n_out):
    sizes = [n_in, *hidden, n_out]
    return list(pairwise(sizes))


def _cross_entropy(logits, x, group_size):
    """Of groups of columns of x that sum to 0 or 1."""
    groups = logits.reshape(len(logits), -1, group_size)
    target = x.reshape(groups.shape)
    return -(functional.log_softmax(groups, dim=2) * target).sum()


def _divergence(mu, log_var):
    return (mu * mu + torch.expm1(log_var) - log_var).sum() / 2


class Attributes(_Network):
    """Attributes given to the decoder, and obeyed by it, if that has a weight."""

    def __init__(self, model, d, group_size, y):
        hidden = list(model.hidden_layer_sizes)
        encoder = _chain(d, hidden, 2 * model.h)
        super().__init__(model, encoder, _chain(model.h, hidden[::-1], d))
        self.group_size, self.k = group_size, y.shape[1]

    @staticmethod
    def data(X, y):
        return X, (y - y.mean(axis=0)) / y.std(axis=0)

    def draws(self, n):
        noise = torch.randn(n, self.model.h - self.k)
        return noise, torch.randint(self.k, (n,)), torch.randperm(n)

    def losses(self, x, y, noise, attribute, source):
        model, k, samples = self.model, self.k, torch.arange(len(x))
        mu, log_var = self.run(0, x).chunk(2, dim=1)
        drawn = mu[:, k:] + torch.exp(log_var[:, k:] / 2) * noise
        z = torch.cat([y, drawn], dim=1)
        codes = [z]
        if model.control_weight:
            swapped = z.clone()
            swapped[samples, attribute] = z[source, attribute]
            codes.append(swapped)
        logits = self.run(1, torch.cat(codes)).split(len(x))
        yield _cross_entropy(logits[0], x, self.group_size)
        yield model.beta * _divergence(mu[:, k:], log_var[:, k:])
        yield model.attribute_weight * (mu[:, :k] - y).square().sum()
        if model.control_weight:
            error = self._read(logits[1])[:, :k] - swapped[:, :k]
            yield model.control_weight * error.square().sum()

    def _read(self, logits):
        """Encode what is decided, with fixed weights; the gradient is that of p."""
        groups = logits.reshape(len(logits), -1, self.group_size)
        p = torch.softmax(groups, dim=2)
        decided = functional.one_hot(p.argmax(dim=2), self.group_size).to(p.dtype)
        x = (decided + p - p.detach()).reshape(logits.shape)
        *hidden, last = self.chains[0]
        function = getattr(torch, self.model.hidden_activation)
        for layer in hidden:
            x = function(_fixed(layer, x))
        return _fixed(last, x)


def _fixed(layer, x):
    return functional.linear(x, layer.weight.detach(), layer.bias.detach())


class PitchRhythm(_Network):
    """Two stacks with one code; the melodies are taken apart once, before training."""

    def __init__(self, model, d, group_size, y):
        n_steps, sizes = d // group_size, (group_size - 2, 3)
        widths = [n_steps * size for size in sizes]
        hidden, codes = list(model.hidden_layer_sizes), (model.h_pitch, model.h_rhythm)
        chains = []
        for width, h in zip(widths, codes, strict=True):
            chains.append(_chain(width, hidden, 2 * h))
            chains.append(_chain(h, hidden[::-1], width))
        super().__init__(model, *chains)
        self.sizes = sizes

    @staticmethod
    def data(X, y):
        from sklearn_c2c.autoencoder._pitch_rhythm_stack import Layout, split

        group_size = int(X.shape[1] / X[0].sum())
        return tuple(split(X, Layout(group_size, X.shape[1] // group_size, 16)))

    def draws(self, n):
        return (torch.randn(n, self.model.h),)

    def losses(self, pitches, rhythm, noise):
        noises = noise.split([self.model.h_pitch, self.model.h_rhythm], dim=1)
        for i, x in enumerate((pitches, rhythm)):
            mu, log_var = self.run(2 * i, x).chunk(2, dim=1)
            z = mu + torch.exp(log_var / 2) * noises[i]
            yield _cross_entropy(self.run(2 * i + 1, z), x, self.sizes[i])
            yield self.model.beta * _divergence(mu, log_var)


class TwoBranches(_Network):
    """A classifier and the best linear adversary of each branch, of two labels each."""

    def __init__(self, model, d, group_size, y):
        hidden, branches = list(model.hidden_layer_sizes), (model.h_a, model.h_b)
        heads = [[(h, 2)] for h in (*branches, *branches[::-1])]
        encoder = _chain(d, hidden, model.h)
        super().__init__(model, encoder, _chain(model.h, hidden[::-1], d), *heads)
        self.group_size, self.branches = group_size, branches

    @staticmethod
    def data(X, y):
        return X, np.stack([~y, y], axis=2).astype(X.dtype)

    def draws(self, n):
        return ()

    def losses(self, x, y):
        model = self.model
        z = getattr(torch, model.activation)(self.run(0, x))
        yield _cross_entropy(self.run(1, z), x, self.group_size)
        parts = z.split(self.branches, dim=1)
        for i, part in enumerate(parts):
            loss = _cross_entropy(self.run(2 + i, part), y[:, i], 2)
            yield model.classification_weight * loss
        for i, part in enumerate(parts[::-1]):
            # Of both, ours tells no loss but follows the gradient.
            shares = len(x) * model.adversarial_weight * _shares(part, y[:, i])
            loss = _cross_entropy(self.run(4 + i, part.detach()), y[:, i], 2)
            yield shares - shares.detach() + loss - loss.detach()


def _shares(z, y):
    """Shares of variances between classes, as `losses.between_class_shares`."""
    centred = z - z.mean(dim=0)
    counts = y.sum(dim=0).clamp(min=1)
    means = y.T @ centred / counts[:, None]
    between = y.sum(dim=0) @ means.square() / len(z)
    return (between / (centred.square().mean(dim=0) + 1e-6)).sum()


_NETWORKS = {
    "given": Attributes,
    "control": Attributes,
    "pitch and rhythm": PitchRhythm,
    "two branches": TwoBranches,
}


def _made(wiring, rows, dtype, epsilon=EPSILON):
    """The network, its optimizer and its data."""
    X, y = piano_roll(rows, sparse_output=False), targets(wiring, rows)
    kind, group_size = _NETWORKS[wiring.name], int(X.shape[1] / X[0].sum())
    net = kind(estimator(wiring), X.shape[1], group_size, y).to(dtype)
    adam = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE, eps=epsilon, fused=True)
    return net, adam, [torch.from_numpy(A).to(dtype) for A in kind.data(X, y)]


def train(wiring, rows, turns, *, compiled=False):
    torch.set_flush_denormal(True)
    torch.set_num_threads(joblib.cpu_count())
    net, adam, data = _made(wiring, rows, torch.float32)

    def update(*batch):
        adam.zero_grad()
        loss = net(*batch)
        (loss / len(batch[0])).backward()
        adam.step()
        return loss

    if compiled:
        update = torch.compile(update, dynamic=False)
    while turns.goes_on():
        total = 0.0
        for batch in torch.randperm(wiring.n_melodies).split(wiring.batch_size):
            parts = [part[batch] for part in data]
            total += update(*parts, *net.draws(len(batch))).item()
    return total / wiring.n_melodies


def differences(wiring, rows):
    """Losses of ours and of PyTorch over some updates on the same weights and draws.

    In float64. That losses after the first update agree says that gradients do.

    Returns
    -------
    ours, theirs : ndarray of shape (n_updates,)
        Nats a melody.
    """
    rows = rows[: wiring.batch_size]
    X = piano_roll(rows, sparse_output=True).astype(np.float64)
    net, adam, data = _made(wiring, rows, torch.float64, _SMALL_EPSILON)
    model = estimator(wiring).set_params(epsilon=_SMALL_EPSILON)
    found, expected = [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        X, y = model._check_training_data(X, targets(wiring, rows), reset=True)
    with model._network(X, y, False) as stack:
        arrays = [[part.value for part in layer] for layer in stack.layers]
        net.load(*zip(*arrays, strict=True))
        rng = np.random.RandomState()
        for _ in range(_N_UPDATES):
            rng.set_state(stack.history.rng.get_state())
            losses = stack.step(X, y)
            found.append(sum(losses[name] for name in stack.terms) / len(rows))
            adam.zero_grad()
            loss = net(*data, *_same_draws(net, rng, len(rows))) / len(rows)
            loss.backward()
            adam.step()
            expected.append(loss.item())
    return np.array(found), np.array(expected)


def _same_draws(net, rng, n):
    """Draws of our stack, from a copy of its generator."""
    if isinstance(net, Attributes):
        noise = rng.standard_normal((n, net.model.h - net.k))
        drawn = noise, rng.randint(net.k, size=n), rng.permutation(n)
        return tuple(map(torch.from_numpy, drawn))
    if isinstance(net, PitchRhythm):
        return (torch.from_numpy(rng.standard_normal((n, net.model.h))),)
    return ()
