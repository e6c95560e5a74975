"""Recurrent layers over sequences of tokens, and an optimizer for them.

Arrays have time first: ``(n_steps, n_samples, ...)``. As in `layers`, a layer gives its
output and a pull-back, which also updates its weights.
"""

from functools import partial

import numpy as np

from sklearn_c2c._nn import gates as kernels
from sklearn_c2c._nn.buffers import Buffers
from sklearn_c2c._nn.gates import Deltas, Gates, Inputs
from sklearn_c2c._nn.layers import Dense, panels
from sklearn_c2c._nn.threads import matmul

# Samples whose states are computed together, at most: they share the loaded weights.
# Each tile of them is rounded by itself, so the bits do not depend on their number.
_SAMPLES = 16

# Columns of sums of rows that a thread adds up.
_COLUMNS = 128


class ClippedAdam:
    """Adam on gradients that are first scaled down to a largest norm.

    Layers hand in their gradients by `update`; `apply` updates all weights once the
    norm of all gradients together is known: ``g * min(1, max_norm / norm)``.

    Parameters
    ----------
    adam : Adam
    max_norm : float
    share : callable
        Of nothing, the share of the learning rate in the next update.
    """

    def __init__(self, adam, max_norm, share):
        self._adam, self._max_norm, self._share = adam, max_norm, share
        self._pending = []

    @property
    def n_updates(self):
        """Updates done."""
        return self._adam.n_updates

    def tick(self):
        """Go on to the next update."""
        self._adam.tick(self._share())

    def update(self, weights, gradient, workers):
        """Keep a gradient for `apply`."""
        self._pending.append((weights, gradient, workers))

    def apply(self):
        """Update all weights along the gradients that layers have handed in."""
        squares = [np.vdot(g, g).astype(np.float64) for _, g, _ in self._pending]
        norm = np.sqrt(sum(squares))
        for weights, gradient, workers in self._pending:
            if norm > self._max_norm:
                gradient *= gradient.dtype.type(self._max_norm / norm)
            self._adam.update(weights, gradient, workers)
        self._pending.clear()


class Affine(Dense):
    """A `Dense` layer whose gradient is made whole before the optimizer has it."""

    def _pull_back(self, Z, delta):
        delta_in = None
        if not self._is_first:
            delta_in = matmul(delta, self.coef.value.T, self.workers)
        if self.adam is not None:
            self.adam.update(self.coef, matmul(Z.T, delta, self.workers), self.workers)
            self.adam.update(self.intercept, delta.sum(axis=0), self.workers)
        return delta_in


class TokenInputs:
    """Rows of the weights by token; a step without a token has the intercept alone.

    Parameters
    ----------
    coef : Weights of shape (n_tokens, n_out)
    intercept : Weights of shape (n_out,)
    workers : Workers
    adam : Adam, default=None
        None where the weights are not trained.
    """

    def __init__(self, coef, intercept, workers, adam=None):
        self.coef, self.intercept = coef, intercept
        self.workers, self.adam = workers, adam

    def __call__(self, tokens):
        """Rows, the index of the row at each step, and the pull-back.

        Parameters
        ----------
        tokens : ndarray of int, shape (n_steps, n_samples)
            Columns of a step, or the number of columns where there is no token.
        """
        rows = np.vstack([self.coef.value, np.zeros_like(self.intercept.value)])
        rows += self.intercept.value
        return rows, tokens, partial(self._pull_back, tokens)

    def _pull_back(self, tokens, delta):
        if self.adam is None:
            return
        n_tokens, n_out = self.coef.value.shape
        delta = delta.reshape(-1, n_out)
        sums = np.zeros((n_tokens + 1, n_out), delta.dtype)
        flat = np.ravel(tokens)
        work = delta.size
        self.workers.run(kernels.add_at, n_out, work, sums, flat, delta, block=_COLUMNS)
        self.adam.update(self.coef, sums[:-1], self.workers)
        self.adam.update(self.intercept, sums.sum(axis=0), self.workers)


class DenseInputs(Affine):
    """Products of the weights with steps that are not one-hot."""

    def __init__(self, *layer):
        super().__init__(*layer, is_first=True)

    def __call__(self, X):
        """Rows, the index of the row at each step, and the pull-back.

        Parameters
        ----------
        X : ndarray of shape (n_steps, n_samples, n_tokens)
        """
        rows, pull_back = super().__call__(X.reshape(-1, X.shape[2]))
        index = np.arange(len(rows), dtype=np.int32).reshape(X.shape[:2])
        return rows, index, lambda delta: pull_back(delta.reshape(rows.shape))


class GRU:
    """A gated recurrent unit, the reset gate being applied after the product.

    In training the outputs of a call and of its pull-back are overwritten by the next.

    This is the form of cuDNN and PyTorch, which needs one product a step: see
    `gates.gru_states`. K. Cho et al., "Learning Phrase Representations using RNN
    Encoder-Decoder for Statistical Machine Translation", 2014, apply it before.

    Parameters
    ----------
    coef : Weights of shape (n_units, 3 * n_units)
        Of reset gate, update gate and candidate.
    intercept : Weights of shape (3 * n_units,)
    workers : Workers
    adam : Adam, default=None
        None where the weights are not trained.
    """

    def __init__(self, coef, intercept, workers, adam=None):
        self.coef, self.intercept = coef, intercept
        self.workers, self.adam = workers, adam
        self._tiled_at_rest = None if adam else self._tiled(coef.value)
        self._buffers = Buffers() if adam else None

    def __call__(self, rows, index, constant, start):
        """Return the states after each step, and the pull-back.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, 3 * n_units)
        index : ndarray of int, shape (n_steps, n_samples)
            The row of the inputs at each step.
        constant : ndarray of shape (n_samples, 3 * n_units)
            Added to the inputs of all steps.
        start : ndarray of shape (n_samples, n_units)
            State before the first step.

        Returns
        -------
        states : ndarray of shape (n_steps, n_samples, n_units)
        pull_back : callable
            Of the gradient with respect to the states, those with respect to the
            inputs, of shape (n_steps, n_samples, 3 * n_units), and to the start.
        """
        (n_steps, n_samples), n = index.shape, len(self.coef.value)
        whole = _whole_tiles(n_samples)
        states = self._empty("states", n_steps + 1, whole, n)
        states[0] = _filled_up(start, whole, axis=0)
        size = n_steps, whole, n
        gates = Gates(*(self._empty(gate, *size) for gate in Gates._fields))
        index = _filled_up(index, whole, axis=1)
        inputs = Inputs(rows, index, _filled_up(constant, whole, axis=0))
        tiled = self._tiled(self.coef.value) if self.adam else self._tiled_at_rest
        weights = tiled, self.intercept.value

        def compute(lo, hi):
            scratch = np.empty(n, f"i{states.itemsize}")
            kernels.gru_states(lo, hi, states, gates, inputs, *weights, scratch)

        self._run(compute, whole, n_steps)
        return states[1:, :n_samples], partial(self._pull_back, states, gates)

    def _pull_back(self, states, gates, delta):
        coef, (n_steps, whole, n) = self.coef.value, gates.reset.shape
        n_samples, shape = delta.shape[1], (n_steps, whole, 3 * n)
        inputs, products = (
            self._empty(name, *shape) for name in ("inputs", "products")
        )
        deltas = Deltas(inputs, products, self._empty("start", whole, n))
        tiny = np.finfo(coef.dtype).tiny
        given = deltas, _filled_up(delta, whole, axis=1), states, gates
        transposed = self._tiled(coef.T)

        def compute(lo, hi):
            kernels.gru_deltas(lo, hi, *given, transposed, tiny)

        self._run(compute, whole, n_steps)
        if self.adam is not None:
            before = states[:-1].reshape(-1, n)
            products = products.reshape(-1, 3 * n)
            gradient = matmul(before.T, products, self.workers)
            self.adam.update(self.coef, gradient, self.workers)
            self.adam.update(self.intercept, products.sum(axis=0), self.workers)
        return inputs[:, :n_samples], deltas.start[:n_samples]

    def _empty(self, name, *shape):
        dtype = self.coef.value.dtype
        if self._buffers is None:
            return np.empty(shape, dtype)
        return self._buffers.empty(name, shape, dtype)

    @staticmethod
    def _tiled(coef):
        return panels(coef, kernels.tile_columns(coef.dtype))

    def _run(self, compute, n_samples, n_steps):
        """Compute blocks of whole tiles of samples, if possible one for each thread."""
        self.workers.limit_blas()
        of_a_thread = _whole_tiles(-(-n_samples // self.workers.n_threads))
        block = min(of_a_thread, _SAMPLES)

        def run(lo, hi):
            for first in range(lo, hi, block):
                compute(first, min(first + block, hi))

        work = 2 * self.coef.value.size * n_samples * n_steps
        self.workers.run(run, n_samples, work, block=block)


def _whole_tiles(n_samples):
    """The least number of samples of whole tiles that is not below a number."""
    return -(-n_samples // kernels.TILE_SAMPLES) * kernels.TILE_SAMPLES


def _filled_up(A, size, axis):
    """A in C order, with zeros up to a size along an axis."""
    if A.shape[axis] == size:
        return np.ascontiguousarray(A)
    widths = [(0, 0)] * A.ndim
    widths[axis] = 0, size - A.shape[axis]
    return np.pad(A, widths)
