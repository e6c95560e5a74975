"""Recurrent layers over sequences of tokens, and an optimizer for them.

Arrays have time first: ``(n_steps, n_samples, ...)``. As in `layers`, a layer gives its
output and a pull-back, which also updates its weights.
"""

from functools import partial

import numpy as np

from sklearn_c2c._nn import gates as kernels
from sklearn_c2c._nn.buffers import Buffers
from sklearn_c2c._nn.gates import Inputs
from sklearn_c2c._nn.layers import Dense, panels
from sklearn_c2c._nn.threads import matmul

# Threads share samples in multiples of the first number; of the second, at most, the
# states are computed together, for which the weights are loaded once.
_SAMPLES, _TOGETHER = 8, 64

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

    def __call__(self, X):
        """Rows, the index of the row at each step, and the pull-back.

        Parameters
        ----------
        X : ndarray of shape (n_steps, n_samples, n_in)
        """
        rows, to_steps = super().__call__(X.reshape(-1, X.shape[2]))
        index = np.arange(len(rows), dtype=np.int32).reshape(X.shape[:2])

        def pull_back(delta):
            delta_in = to_steps(delta.reshape(rows.shape))
            return None if delta_in is None else delta_in.reshape(X.shape)

        return rows, index, pull_back


class SparseInputs(Affine):
    """Products of the weights with steps that are rows of a CSR array, of data."""

    def _pull_back(self, X, delta):
        self.adam.update(self.coef, np.asarray(X.T @ delta), self.workers)
        self.adam.update(self.intercept, delta.sum(axis=0), self.workers)


class Recurrence:
    """What the recurrent layers have in common.

    The way back takes the place of what was kept on the way there, so that a pull-back
    can be called once. In training the outputs of a call and of its pull-back are
    overwritten by the next.

    Parameters
    ----------
    coef : Weights of shape (n_units, n_gates * n_units)
    intercept : Weights of shape (n_gates * n_units,)
    workers : Workers
    adam : Adam, default=None
        None where the weights are not trained.
    keeps_gates : bool, default=True
        Whether the gates of all steps are kept, which the pull-back needs.
    """

    n_gates: int

    def __init__(self, coef, intercept, workers, adam=None, *, keeps_gates=True):
        self.coef, self.intercept = coef, intercept
        self.workers, self.adam, self._keeps_gates = workers, adam, keeps_gates
        self._tiled_at_rest = None if adam else _tiled(coef.value)
        self._buffers = Buffers() if adam else None

    @classmethod
    def initial_intercept(cls, n_units, dtype):
        """Zeros."""
        return np.zeros(cls.n_gates * n_units, dtype)

    def __call__(self, rows, index, constant, start, lengths=None):
        """Return the states after each step, and the pull-back.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, n_gates * n_units)
        index : ndarray of int, shape (n_steps, n_samples)
            The row of the inputs at each step.
        constant : ndarray of shape (n_samples, n_gates * n_units)
            Added to the inputs of all steps.
        start : ndarray of shape (n_samples, n_units)
            State before the first step.
        lengths : ndarray of int, shape (n_samples,), default=None
            Steps of the samples, which do not rise from one to the next. States after
            these, and gradients of inputs, are 0. None if all steps are there.

        Returns
        -------
        states : ndarray of shape (n_steps, n_samples, n_units)
        pull_back : callable
            Of the gradient with respect to the states, those with respect to the
            inputs, of shape (n_steps, n_samples, n_gates * n_units), and to the start.
        """
        n_steps, n_samples = index.shape
        if lengths is None:
            lengths = np.full(n_samples, n_steps)
        until = (np.arange(n_steps)[:, np.newaxis] < lengths).sum(axis=1)
        kept, index = self._kept(until, start), np.ascontiguousarray(index)
        self._run(self._states, until, *kept, *self._weights(rows, index, constant))
        return kept[0][1:], partial(self._pull_back, until, *kept)

    def stepper(self, rows, constant, start):
        """Return a `Stepper`; for the parameters see `__call__`."""
        return Stepper(self, rows, constant, start)

    def _kept(self, until, start):
        """States, gates, and what else is kept of each step for the way back.

        All are 0 where a sample has no step: until[t] is the number of samples that
        have a step t.
        """
        n_samples, n = start.shape
        states = self._empty("states", len(until) + 1, n_samples, n)
        states[0] = start
        n_kept = len(until) if self._keeps_gates else 1
        gates = self._empty("gates", n_kept, n_samples, self.n_gates * n)
        further = self._further(states, n_kept)
        for t in np.flatnonzero(until < n_samples):
            for array in (states, gates, further):
                # States and cells have one entry more, of before the first step.
                array[(t + len(array) - len(until)) % len(array), until[t] :] = 0
        return states, gates, further

    def _empty(self, name, *shape):
        dtype = self.coef.value.dtype
        if self._buffers is None:
            return np.empty(shape, dtype)
        return self._buffers.empty(name, shape, dtype)

    def _weights(self, rows, index, constant):
        """What the states are computed from."""
        tiled = self._tiled_at_rest if self.adam is None else _tiled(self.coef.value)
        return Inputs(rows, index, constant + self._added_to_inputs()), tiled

    def _pull_back(self, until, states, gates, further, delta):
        start, delta = np.zeros_like(states[0]), np.ascontiguousarray(delta)
        transposed = _tiled(self.coef.value.T)
        given = states, gates, further, start, delta, transposed
        self._run(self._deltas, until, *given)
        if self.adam is not None:
            before, parts = states[:-1], self._products(gates, further)
            before, *parts = (a.reshape(-1, a.shape[2]) for a in (before, *parts))
            of_coef = [matmul(before.T, part, self.workers) for part in parts]
            of_intercept = [part.sum(axis=0) for part in parts]
            self.adam.update(self.coef, np.hstack(of_coef), self.workers)
            self.adam.update(self.intercept, np.hstack(of_intercept), self.workers)
        return gates, start

    def _run(self, compute, until, states, *given):
        """Compute blocks of samples that do not depend on the number of threads."""
        self.workers.limit_blas()
        n_steps, n_samples, _ = states.shape

        def run(lo, hi):
            for first in range(lo, hi, _TOGETHER):
                compute(first, min(first + _TOGETHER, hi), until, states, *given)

        work = 2 * self.coef.value.size * n_samples * n_steps
        self.workers.run(run, n_samples, work, block=_SAMPLES)


class Stepper:
    """A recurrent layer that goes on by one step at a time.

    For parameters see `Recurrence.__call__`.
    """

    def __init__(self, recurrence, rows, constant, start):
        self._recurrence = recurrence
        self._inputs, self._tiled = recurrence._weights(rows, None, constant)
        self._until = np.array([len(start)])
        self._kept = recurrence._kept(self._until, start)

    def advance(self, index):
        """Return the states after the next step, which hold until the one after it.

        Parameters
        ----------
        index : ndarray of int, shape (1, n_samples)

        Returns
        -------
        ndarray of shape (n_samples, n_units)
        """
        recurrence, (states, _, further) = self._recurrence, self._kept
        given = self._inputs._replace(index=index), self._tiled
        recurrence._run(recurrence._states, self._until, *self._kept, *given)
        for memory in recurrence._memories(states, further):
            memory[0] = memory[1]
        return states[0]

    def select(self, samples):
        """Go on with some samples, given by an index that may repeat and leave out."""
        recurrence, (states, _, further) = self._recurrence, self._kept
        memories = [m[0, samples] for m in recurrence._memories(states, further)]
        self._until = np.array([len(memories[0])])
        self._kept = recurrence._kept(self._until, memories[0])
        states, _, further = self._kept
        kept = recurrence._memories(states, further)
        for memory, values in zip(kept, memories, strict=True):
            memory[0] = values
        constant = self._inputs.constant[samples]
        self._inputs = self._inputs._replace(constant=constant)


class GRU(Recurrence):
    """A gated recurrent unit, the reset gate being applied after the product.

    This is the form of cuDNN and PyTorch, which needs one product a step: see
    `gates.gru_states`. K. Cho et al., "Learning Phrase Representations using RNN
    Encoder-Decoder for Statistical Machine Translation", 2014, apply it before. Gates
    are in the order reset, update, candidate. For parameters see `Recurrence`.
    """

    n_gates = 3

    def _further(self, states, n_kept):
        """What the reset gate is multiplied with, kept as the gates are."""
        return self._empty("recurrent", n_kept, *states.shape[1:])

    @staticmethod
    def _memories(states, recurrent):
        """What the next step starts from."""
        return (states,)

    def _added_to_inputs(self):
        intercept = self.intercept.value.copy()
        intercept[2 * len(self.coef.value) :] = 0  # is within the product
        return intercept

    def _states(self, lo, hi, until, states, gates, recurrent, inputs, tiled):
        own = self.intercept.value[2 * states.shape[2] :]
        kept = states, gates, recurrent
        kernels.gru_states(lo, hi, until, *kept, inputs, tiled, own)

    def _deltas(self, lo, hi, until, states, gates, recurrent, start, delta, tiled):
        kept = gates, recurrent, delta, states
        kernels.gru_deltas(lo, hi, until, start, *kept, tiled)

    def _products(self, gates, recurrent):
        """Gradients of the products with the state, in parts."""
        return gates[..., : 2 * recurrent.shape[2]], recurrent


class LSTM(Recurrence):
    """A long short-term memory, in the form of PyTorch: see `gates.lstm_states`.

    Gates are in the order input, forget, candidate, output. The cell is 0 before the
    first step. For parameters see `Recurrence`.

    F. A. Gers et al., "Learning to Forget: Continual Prediction with LSTM", Neural
    Computation 12, 2000.
    """

    n_gates = 4

    @classmethod
    def initial_intercept(cls, n_units, dtype):
        """Zeros, and 1 for the forget gate: it remembers before it has learned to."""
        intercept = super().initial_intercept(n_units, dtype)
        intercept[n_units : 2 * n_units] = 1
        return intercept

    def _further(self, states, n_kept):
        """Cells, which the next step needs, and so are all kept."""
        cells = self._empty("cells", *states.shape)
        cells[0] = 0
        return cells

    @staticmethod
    def _memories(states, cells):
        """What the next step starts from."""
        return states, cells

    def _added_to_inputs(self):
        return self.intercept.value

    def _states(self, *given):
        kernels.lstm_states(*given)

    def _deltas(self, lo, hi, until, states, gates, cells, start, delta, tiled):
        kernels.lstm_deltas(lo, hi, until, start, gates, cells, delta, tiled)

    def _products(self, gates, cells):
        return (gates,)


def _tiled(coef):
    return panels(coef, kernels.tile_columns(coef.dtype))
