"""Layers: ``output, pull_back = layer(input)``.

``pull_back(delta)`` turns the gradient of the loss with respect to the output into that
with respect to the input. If the layer has an optimizer, it also updates the weights:
it is then called once, after the optimizer's `tick`. A model wires layers in plain
Python.
"""

from functools import partial

import numpy as np
from scipy import sparse

from sklearn_c2c._nn import kernels
from sklearn_c2c._nn.activations import ACTIVATIONS
from sklearn_c2c._nn.kernels import Columns, Weights
from sklearn_c2c._nn.threads import matmul

# Batches of at most this many rows use our own kernel; for larger ones BLAS repays the
# cost of packing its operands.
_FEW_SAMPLES = 64

# Rows of weights updated per BLAS call on larger batches; a block of this size fits in
# cache.
_UNITS = 256


class Dense:
    """``Z @ coef + intercept``.

    Parameters
    ----------
    coef : Weights of shape (n_in, n_out)
        Updated in place, as is the intercept.
    intercept : Weights of shape (n_out,)
    workers : Workers
    adam : Adam, default=None
        None if the weights are not trained.
    is_first : bool, default=False
        Whether the input is data, whose gradient is not needed: `pull_back` then
        updates the weights and returns None.
    """

    def __init__(self, coef, intercept, workers, adam=None, *, is_first=False):
        self.coef, self.intercept = coef, intercept
        self.workers, self.adam, self._is_first = workers, adam, is_first

    def __call__(self, Z):
        """Return ``Z @ coef + intercept`` and its pull-back."""
        output = affine(Z, self.coef.value, self.intercept.value, self.workers)
        return output, partial(self._pull_back, Z)

    def _pull_back(self, Z, delta):
        """Return ``delta @ coef.T`` with the coef before the update."""
        if self.adam is None:
            return matmul(delta, self.coef.value.T, self.workers)
        self.adam.update(self.intercept, delta.sum(axis=0), self.workers)
        n_deltas = 0 if self._is_first else len(Z)
        update = self._update_few if len(Z) <= _FEW_SAMPLES else self._update_many
        delta_in = update(Z, delta, n_deltas)
        return None if self._is_first else delta_in

    def _update_few(self, Z, delta, n_deltas):
        coef = self.coef.value
        Z = _padded(Z, kernels.TILE_SAMPLES, kernels.TILE_UNITS)
        n_samples, delta = len(delta), _padded(delta, kernels.TILE_SAMPLES, 1)
        width = kernels.tile_columns(delta.dtype)
        delta_in = np.empty((len(Z) if n_deltas else 0, len(coef)), coef.dtype)
        self.workers.run(
            kernels.update_dense,
            len(coef),
            2 * coef.size * n_samples,
            *(delta_in, Z, delta, panels(delta, width), self.coef, self.adam.present),
            block=kernels.TILE_UNITS,
        )
        return delta_in[:n_deltas]

    def _update_many(self, Z, delta, n_deltas):
        coef, present = self.coef, self.adam.present
        n_in, n_out = coef.value.shape
        n_units = min(_UNITS, -(-n_in // 2))  # two blocks at least, for two threads
        delta_in = np.empty((n_deltas, n_in), delta.dtype)
        self.workers.limit_blas()

        def update(lo, hi):
            scratch = np.empty((n_units, n_out), delta.dtype)
            for i in range(lo, hi, n_units):
                units = slice(i, min(i + n_units, hi))
                gradient = scratch[: units.stop - i]
                np.matmul(Z[:, units].T, delta, out=gradient)
                if n_deltas:
                    np.matmul(delta, coef.value[units].T, out=delta_in[:, units])
                weights = Weights(*(np.ravel(array[units]) for array in coef))
                kernels.adam(0, gradient.size, weights, np.ravel(gradient), present)

        work = 2 * coef.value.size * len(Z)
        self.workers.run(update, n_in, work, block=n_units)
        return delta_in


class SparseDense(Dense):
    """A trained first layer on CSR: a batch uses only some rows of the weights.

    Before a row is used, the updates that it missed are applied to it
    (`kernels.apply_missed_updates`), so that the result is that of dense Adam.
    """

    def __init__(self, coef, intercept, workers, adam):
        super().__init__(coef, intercept, workers, adam, is_first=True)
        self._last = np.full(len(coef.value), adam.n_updates)

    def __call__(self, X):
        """Return ``X @ coef + intercept`` and its pull-back."""
        batch = _columns(X)
        self._apply_missed_updates(batch.rows)
        output, _ = super().__call__(X)
        return output, partial(self._pull_back, batch)

    def _pull_back(self, batch, delta):
        """Update the rows that the batch touches along ``X.T @ delta``."""
        self.adam.update(self.intercept, delta.sum(axis=0), self.workers)
        self.workers.run(
            kernels.update_rows,
            len(batch.rows),
            len(batch.values) * delta.shape[1],
            *(self.coef, self._last, batch, delta),
            *(self.adam.n_updates, self.adam.present),
        )

    def apply_pending_updates(self):
        """Apply the missed updates to all rows, so that the weights can be read."""
        self._apply_missed_updates(np.arange(len(self.coef.value), dtype=np.int32))

    def _apply_missed_updates(self, rows):
        adam = self.adam
        self.workers.run(
            kernels.apply_missed_updates,
            len(rows),
            8 * len(rows) * self.coef.value.shape[1],
            *(self.coef, self._last, rows, adam.n_updates, adam.rates, adam.present),
        )


class Tied:
    """One matrix for a layer of the encoder and, transposed, one of the decoder.

    In a network `encode` is called before `decode`, and pulled back after it: the
    gradient of `decode` is kept until that of `encode` is known, and the weights are
    updated along the sum.

    Parameters
    ----------
    coef : Weights of shape (n_in, n_out)
    intercepts : pair of Weights
        Of shape (n_out,) for `encode` and (n_in,) for `decode`.
    workers : Workers
    adam : Adam
    """

    def __init__(self, coef, intercepts, workers, adam):
        self.coef, (self._encoding, self._decoding) = coef, intercepts
        self.workers, self.adam = workers, adam

    def encode(self, Z):
        """Return ``Z @ coef + intercept`` and its pull-back."""
        output = affine(Z, self.coef.value, self._encoding.value, self.workers)

        def pull_back(delta):
            self.adam.update(self._encoding, delta.sum(axis=0), self.workers)
            if sparse.issparse(Z):
                delta_in, gradient = None, Z.T @ delta
            else:
                delta_in = matmul(delta, self.coef.value.T, self.workers)
                gradient = matmul(Z.T, delta, self.workers)
            gradient += self._gradient_of_decode
            self.adam.update(self.coef, gradient, self.workers)
            return delta_in

        return output, pull_back

    def decode(self, Z):
        """Return ``Z @ coef.T + intercept`` and its pull-back."""
        coef, intercept = self.coef.value, self._decoding
        output = matmul(Z, coef.T, self.workers, plus=intercept.value)

        def pull_back(delta):
            self.adam.update(intercept, delta.sum(axis=0), self.workers)
            self._gradient_of_decode = matmul(delta.T, Z, self.workers)
            return matmul(delta, coef, self.workers)

        return output, pull_back


class Activation:
    """An activation function as a layer.

    Parameters
    ----------
    name : str
        A key of `ACTIVATIONS`.
    """

    def __init__(self, name):
        self._function, self._derivative = ACTIVATIONS[name]

    def __call__(self, a):
        """Return ``f(a)`` and its pull-back, ``delta * f'(a)``."""
        z = self._function(a)

        def pull_back(delta):
            derivative = self._derivative(z)  # as a function of z
            derivative *= delta
            return derivative

        return z, pull_back


class Chain:
    """Layers one after another.

    Parameters
    ----------
    *layers : callable
    """

    def __init__(self, *layers):
        self.layers = layers

    def __call__(self, Z):
        """Return the last layer's output, and the pull-back through all."""
        pull_backs = []
        for layer in self.layers:
            Z, pull_back = layer(Z)
            pull_backs.append(pull_back)

        def pull_back_all(delta):
            for pull_back in reversed(pull_backs):
                delta = pull_back(delta)
            return delta

        return Z, pull_back_all


def affine(X, coef, intercept, workers):
    """Return ``X @ coef + intercept``: a matrix product, or a sum of rows for CSR.

    Parameters
    ----------
    X : {ndarray, csr_array} of shape (n_samples, n_in)
    coef : ndarray of shape (n_in, n_out)
    intercept : ndarray of shape (n_out,)
    workers : Workers

    Returns
    -------
    ndarray of shape (n_samples, n_out)
    """
    n_samples, n_out = X.shape[0], coef.shape[1]
    if n_samples != 1 and not sparse.issparse(X):
        return matmul(X, coef, workers, plus=intercept)
    out = np.empty((n_samples, n_out), coef.dtype)
    rows = _stored(X)
    work = len(rows[0]) * n_out
    workers.run(kernels.gather, n_samples, work, out, *rows, coef, intercept, block=1)
    return out


def _stored(X):
    """Values, their columns and the starts of rows, of CSR or of a single dense row."""
    if sparse.issparse(X):
        return X.data, X.indices, X.indptr
    return X[0], np.arange(X.size, dtype=np.int32), np.array([0, X.size], np.int32)


def _columns(X):
    """The columns of a CSR batch that have numbers, each with its samples in order."""
    counts = np.bincount(X.indices, minlength=X.shape[1])
    rows = np.flatnonzero(counts).astype(np.int32)
    stops = np.cumsum(counts)
    starts = stops - counts
    batch = Columns(
        rows,
        np.append(starts[rows], stops[-1]),
        np.empty_like(X.indices),
        np.empty_like(X.data),
    )
    kernels.place_by_column(batch.samples, batch.values, starts, *_stored(X))
    return batch


def _padded(A, n_rows, n_columns):
    """A, with zeros up to multiples of n_rows and n_columns."""
    (height, width), A = A.shape, np.ascontiguousarray(A)
    shape = -(-height // n_rows) * n_rows, -(-width // n_columns) * n_columns
    if shape == A.shape:
        return A
    padded = np.zeros(shape, A.dtype)
    padded[:height, :width] = A
    return padded


def panels(A, width):
    """Columns of A below one another, `width` at a time, filled up with zeros."""
    columns = _padded(A, 1, width).reshape(len(A), -1, width)
    return np.ascontiguousarray(columns.transpose(1, 0, 2))
