"""Layers, their Adam steps, and the network they make.

Imports `_kernels`, `_nn` and `_threads`.
"""

import numpy as np
from scipy import sparse

from sklearn_c2c import _kernels
from sklearn_c2c._nn import (
    ACTIVATIONS,
    MAX_LOG_VAR,
    cross_entropy,
    gaussian_divergence,
    split_code,
)
from sklearn_c2c._threads import matmul

# Up to so many samples our own products are faster: BLAS packs what it multiplies anew
# for each product, which only many samples pay for.
_FEW_SAMPLES = 64

# With more samples, units that are stepped at once: so many that packing pays, few
# enough to stay in cache.
_UNITS = 256


class Adam:
    """The clock and the constants of Adam, shared by all layers.

    ``p -= rate(t) * m / (sqrt(v) + epsilon)`` with ``rate(t) = learning_rate *
    sqrt(1 - beta_2**t) / (1 - beta_1**t)``: the form in which scikit-learn and Keras
    write it, epsilon outside the bias correction.
    """

    def __init__(self, learning_rate, beta_1, beta_2, epsilon, dtype, step=0):
        self.step = step
        tiny = np.finfo(dtype).tiny
        self.constants = tuple(map(dtype.type, (beta_1, beta_2, epsilon, tiny)))
        self._settings = learning_rate, beta_1, beta_2
        self.rates = np.empty(0, dtype)

    def tick(self):
        """Go on to the next step."""
        self.step += 1
        if self.step >= len(self.rates):
            learning_rate, beta_1, beta_2 = self._settings
            t = np.arange(1, 2 * self.step + 128)
            rates = learning_rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
            self.rates = np.append(0, rates).astype(self.rates.dtype)

    @property
    def rate(self):
        """Learning rate of this step, bias corrections included."""
        return self.rates[self.step]


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
    workers.run(_kernels.gather, n_samples, work, out, *rows, coef, intercept, block=1)
    return out


def _stored(X):
    """Values, their columns and where rows begin, of CSR or of a single dense row."""
    if sparse.issparse(X):
        return X.data, X.indices, X.indptr
    return X[0], np.arange(X.size, dtype=np.int32), np.array([0, X.size], np.int32)


def _padded(A, n_rows, n_columns):
    """A, with zeros up to multiples of n_rows and n_columns."""
    (height, width), A = A.shape, np.ascontiguousarray(A)
    shape = -(-height // n_rows) * n_rows, -(-width // n_columns) * n_columns
    if shape == A.shape:
        return A
    padded = np.zeros(shape, A.dtype)
    padded[:height, :width] = A
    return padded


def _panels(delta):
    """Columns of delta below one another, as many at a time as a tile has."""
    width = _kernels.tile_columns(delta.dtype)
    panels = _padded(delta, 1, width).reshape(len(delta), -1, width)
    return np.ascontiguousarray(panels.transpose(1, 0, 2))


class DenseLayer:
    """``Z @ coef + intercept`` with its gradient and its Adam step.

    Parameters
    ----------
    coef : ndarray of shape (n_in, n_out)
        Changed in place, as are the other arrays.
    intercept : ndarray of shape (n_out,)
    moments : list of ndarray
        First and second moment of coef, first and second moment of intercept.
    adam : Adam
    workers : Workers
    """

    def __init__(self, coef, intercept, moments, adam, workers):
        self.coef, self.intercept = coef, intercept
        self._coef_moments, self._intercept_moments = moments[:2], moments[2:]
        self.adam, self.workers = adam, workers

    def forward(self, Z):
        """Return ``Z @ coef + intercept``."""
        return affine(Z, self.coef, self.intercept, self.workers)

    def backward(self, Z, _, delta):
        """Step along the gradient; return ``delta @ coef.T`` of before the step."""
        self._step(self.intercept, self._intercept_moments, delta.sum(axis=0))
        descend = self._descend_few if len(Z) <= _FEW_SAMPLES else self._descend_many
        return descend(Z, delta)

    def _descend_few(self, Z, delta):
        n_samples, h = len(Z), len(self.coef)
        Z = _padded(Z, _kernels.TILE_SAMPLES, _kernels.TILE_UNITS)
        delta = _padded(delta, _kernels.TILE_SAMPLES, 1)
        delta_in = self._room_for_delta(len(Z))
        self.workers.run(
            _kernels.descend,
            h,
            2 * self.coef.size * n_samples,
            delta_in,
            Z,
            delta,
            _panels(delta),
            self.coef,
            *self._coef_moments,
            self.adam.rate,
            *self.adam.constants,
            block=_kernels.TILE_UNITS,
        )
        return delta_in[:n_samples]

    def _descend_many(self, Z, delta):
        h = len(self.coef)
        n_units = min(_UNITS, -(-h // 2))  # two threads have half each of a small layer
        delta_in = self._room_for_delta(len(Z))
        self.workers.hold_blas()

        def descend(lo, hi):
            room = np.empty((n_units, delta.shape[1]), delta.dtype)
            for i in range(lo, hi, n_units):
                units = slice(i, min(i + n_units, hi))
                gradient = room[: units.stop - i]
                np.matmul(Z[:, units].T, delta, out=gradient)
                if len(delta_in):
                    np.matmul(delta, self.coef[units].T, out=delta_in[:, units])
                arrays = self.coef[units], *(m[units] for m in self._coef_moments)
                self._adam(*map(np.ravel, (*arrays, gradient)))

        work = 2 * self.coef.size * len(Z)
        self.workers.run(descend, h, work, block=n_units)
        return delta_in

    def _room_for_delta(self, n_samples):
        return np.empty((n_samples, len(self.coef)), self.coef.dtype)

    def settle(self):
        """Bring all weights to the present step, for others to read."""

    def _step(self, p, moments, gradient):
        flat = [np.ravel(array) for array in (p, *moments, gradient)]

        def step(lo, hi):
            self._adam(*(array[lo:hi] for array in flat))

        self.workers.run(step, p.size, 8 * p.size)

    def _adam(self, *flat):
        _kernels.adam(*flat, self.adam.rate, *self.adam.constants)


class FirstLayer(DenseLayer):
    """A first layer whose input is dense: nothing before it asks for a delta."""

    def _room_for_delta(self, n_samples):
        return np.empty((0, len(self.coef)), self.coef.dtype)


class SparseLayer(DenseLayer):
    """A first layer whose input is CSR: a batch touches only the rows that it names.

    Before a row is used it catches up on the steps it missed (`_kernels.catch_up`), so
    that the result is that of dense Adam.
    """

    def __init__(self, coef, intercept, moments, adam, workers):
        super().__init__(coef, intercept, moments, adam, workers)
        self._last = np.full(len(coef), adam.step)

    def forward(self, X):
        """Return ``X @ coef + intercept``."""
        self._columns = X.tocsc()
        self._rows = np.flatnonzero(np.diff(self._columns.indptr)).astype(np.int32)
        self._catch_up(self._rows)
        return super().forward(X)

    def backward(self, X, _, delta):
        """Step the rows that X touches along the gradient ``X.T @ delta``."""
        self._step(self.intercept, self._intercept_moments, delta.sum(axis=0))
        columns, rows = self._columns, self._rows
        self.workers.run(
            _kernels.scatter,
            len(rows),
            X.nnz * delta.shape[1],
            self.coef,
            *self._coef_moments,
            self._last,
            rows,
            np.append(columns.indptr[rows], columns.indptr[-1]),
            columns.indices,
            columns.data,
            delta,
            self.adam.step,
            self.adam.rate,
            *self.adam.constants,
        )

    def settle(self):
        """Bring all weights to the present step, for others to read."""
        self._catch_up(np.arange(len(self.coef), dtype=np.int32))

    def _catch_up(self, rows):
        self.workers.run(
            _kernels.catch_up,
            len(rows),
            8 * len(rows) * self.coef.shape[1],
            self.coef,
            *self._coef_moments,
            self._last,
            rows,
            self.adam.step,
            self.adam.rates,
            *self.adam.constants,
        )


class SharedLayer(DenseLayer):
    """A layer whose weights also serve, transposed, a `TransposedLayer`.

    That one comes later in the network, so on the way back it leaves its share of the
    gradient here before this layer steps along the sum.
    """

    def backward(self, Z, _, delta):
        """Step along both gradients; return ``delta @ coef.T`` of before the step."""
        self._step(self.intercept, self._intercept_moments, delta.sum(axis=0))
        if sparse.issparse(Z):
            delta_in, gradient = None, Z.T @ delta
        else:
            delta_in = matmul(delta, self.coef.T, self.workers)
            gradient = matmul(Z.T, delta, self.workers)
        gradient += self.gradient_of_transpose
        self._step(self.coef, self._coef_moments, gradient)
        return delta_in


class TransposedLayer(DenseLayer):
    """``Z @ shared.coef.T + intercept``: a decoder layer tied to an encoder layer.

    Its coef is a view of the transpose; the moments given for it are not used.
    """

    def __init__(self, shared, coef, intercept, moments, adam, workers):
        super().__init__(coef, intercept, moments, adam, workers)
        self._shared = shared

    def forward(self, Z):
        """Return ``Z @ shared.coef.T + intercept``."""
        return matmul(Z, self._shared.coef.T, self.workers, plus=self.intercept)

    def backward(self, Z, _, delta):
        """Leave the gradient of the weights to the shared layer."""
        self._step(self.intercept, self._intercept_moments, delta.sum(axis=0))
        self._shared.gradient_of_transpose = matmul(delta.T, Z, self.workers)
        return matmul(delta, self._shared.coef, self.workers)


class Activation:
    """One of `ACTIVATIONS`, applied to what the layer before it gives."""

    def __init__(self, name):
        self._function, self._derivative = ACTIVATIONS[name]

    def forward(self, a):
        """Return ``f(a)``."""
        return self._function(a)

    def backward(self, _, z, delta):
        """Return ``delta * f'(a)``, the derivative being written in ``z = f(a)``."""
        derivative = self._derivative(z)
        derivative *= delta
        return derivative

    def settle(self):
        """Nothing here is trained."""


class GaussianCode:
    """The sampled code of a variational autoencoder, and the price of its information.

    Of ``[mu, log_var]`` it makes ``z = mu + exp(log_var / 2) * noise``, at the cost of
    ``weight * sum_k max(KL_k, free_bits)``, KL_k being latent k's mean divergence from
    the standard normal prior over the batch.

    Parameters
    ----------
    rng : RandomState
        Draws the noise.
    h : int
        Number of latents.
    free_bits : float
        Nats of each latent that cost nothing.
    """

    def __init__(self, rng, h, free_bits):
        self._rng, self._h, self._free_bits = rng, h, free_bits

    def begin(self, weight):
        """Begin an epoch, in which the divergence has this weight in the loss."""
        self._weight = weight
        self.divergence = np.zeros(self._h)
        self.cost = 0.0

    def forward(self, a):
        """Draw a code for each sample."""
        mu, log_var = split_code(a)
        divergence = gaussian_divergence(mu, log_var).sum(axis=0, dtype=np.float64)
        self.divergence += divergence
        self._is_costly = divergence >= self._free_bits * len(a)
        free = np.maximum(divergence, self._free_bits * len(a))
        self.cost += self._weight * free.sum()
        noise = self._rng.standard_normal(mu.shape).astype(a.dtype)
        return mu + np.exp(log_var / 2) * noise

    def backward(self, a, z, delta):
        """Pass the gradient through the draw, and add that of the divergence."""
        mu, log_var = split_code(a)
        costs = (self._weight / len(a) * self._is_costly).astype(a.dtype)
        # z - mu is the noise times the standard deviation.
        delta_mu = delta + costs * mu
        delta_log_var = (delta * (z - mu) + costs * np.expm1(log_var)) / 2
        delta_log_var *= np.abs(a[:, mu.shape[1] :]) < MAX_LOG_VAR
        return np.hstack([delta_mu, delta_log_var])

    def settle(self):
        """Nothing here is trained."""


class Network:
    """A stack of layers with one loss, trained in place.

    Parameters
    ----------
    layers : list
        Each has ``forward(input)``, ``backward(input, output, delta)``, ``settle()``.
    group_size : int or None
        Columns of a softmax group; None for sigmoid outputs.
    adam : Adam
    workers : Workers
    """

    def __init__(self, layers, group_size, adam, workers):
        self._layers, self._group_size, self.adam = layers, group_size, adam
        self._workers = workers

    def step(self, X):
        """Take one Adam step on the mean loss of a batch; return its cross-entropy."""
        values = [X]
        for layer in self._layers:
            values.append(layer.forward(values[-1]))
        loss, delta = cross_entropy(values[-1], X, self._group_size, self._workers)
        self.adam.tick()
        for i in reversed(range(len(self._layers))):
            delta = self._layers[i].backward(values[i], values[i + 1], delta)
        return loss

    def settle(self):
        """Bring all weights to the present step, for others to read."""
        for layer in self._layers:
            layer.settle()


def forward(X, coefs, intercepts, activations, workers):
    """Run X through fitted layers; return what comes out of each, X itself first."""
    values = [X]
    for coef, intercept, activation in zip(coefs, intercepts, activations, strict=True):
        function, _ = ACTIVATIONS[activation]
        values.append(function(affine(values[-1], coef, intercept, workers)))
    return values


def backpropagate(delta, values, coefs, activations):
    """Gradient with respect to the input of fitted layers, given that of their output.

    Parameters
    ----------
    delta : ndarray of shape (n_samples, n_out)
    values : list of ndarray
        What `forward` returned.
    coefs : list of ndarray
    activations : list of str

    Returns
    -------
    ndarray of shape (n_samples, n_in)
    """
    for coef, activation, z in zip(
        coefs[::-1], activations[::-1], values[:0:-1], strict=True
    ):
        _, derivative = ACTIVATIONS[activation]
        delta = (delta * derivative(z)) @ coef.T
    return delta
