"""Activations, losses with their gradients, initial weights, layers, Adam.

Imports `_kernels`. Nothing here checks its input: the estimators do.
"""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import joblib
import numpy as np
from scipy import sparse
from scipy.special import expit
from sklearn.decomposition import PCA
from threadpoolctl import get_cached_controller

from sklearn_c2c import _kernels

# Up to so many samples a batch, one fused pass over the weights beats two products
# of BLAS and a pass for Adam.
_FEW_SAMPLES = 64

# Rows or columns that always stay together, so that each is rounded the same way
# however many threads there are.
_BLOCK = 128

# Natural logarithm of the largest and smallest variance of a latent variable.
MAX_LOG_VAR = 20

# Handing a block to a thread costs as much as so many multiply-adds.
_WORTH_A_THREAD = 1_000_000

# Principal components to start from: of so many samples at the most, so many of them,
# encoded with this standard deviation, and decoded to so many nats where x is 1.
_PCA_SAMPLES = 2000
_PCA_RANK = 256
_PCA_SPREAD = 0.5
_PCA_LOG_ODDS = 5.0

# ---------------------------------------------------------------- activations


def _relu(a):
    return np.maximum(a, 0)


def _identity(a):
    return a


# Name: the function, and its derivative written in the function's value z.
ACTIVATIONS = {
    "sigmoid": (expit, lambda z: z * (1 - z)),
    "tanh": (np.tanh, lambda z: 1 - z * z),
    "relu": (_relu, lambda z: (z > 0).astype(z.dtype)),
    "identity": (_identity, np.ones_like),
}

# --------------------------------------------------------------------- losses


def sigmoid_cross_entropy(a, X):
    """Binary cross-entropy of sigmoid outputs, from their logits.

    ``sum(log(1 + exp(a)) - x * a)``, whose gradient is ``sigmoid(a) - x``. Finite for
    any real x, though meant for x in [0, 1].

    Parameters
    ----------
    a : ndarray of shape (n_samples, n_features)
        Logits.
    X : {ndarray, csr_array} of shape (n_samples, n_features)
        Targets.

    Returns
    -------
    loss : float
        Nats, summed over samples and features.
    delta : ndarray of shape (n_samples, n_features)
        Gradient of the loss with respect to a.
    """
    e = np.exp(-np.abs(a))
    log_normalizer = np.maximum(a, 0) + np.log1p(e)
    probability = np.where(a >= 0, 1, e) / (1 + e)
    return _loss_and_delta(a, X, log_normalizer, probability)


def softmax_cross_entropy(a, X, group_size):
    """Categorical cross-entropy of one softmax a group of columns, from the logits.

    ``sum(s * log(sum(exp(a))) - x @ a)`` over groups, s being the sum of x in the group
    (1 where x is one-hot), with gradient ``s * softmax(a) - x``.

    Parameters
    ----------
    a : ndarray of shape (n_samples, n_features)
        Logits.
    X : {ndarray, csr_array} of shape (n_samples, n_features)
        Targets.
    group_size : int
        Columns of a group; divides n_features.

    Returns
    -------
    loss : float
        Nats, summed over samples and groups.
    delta : ndarray of shape (n_samples, n_features)
        Gradient of the loss with respect to a.
    """
    total = _group_sums(X, group_size)
    groups = a.reshape(len(a), -1, group_size)
    largest = groups.max(axis=2, keepdims=True)
    e = np.exp(groups - largest)
    normalizer = e.sum(axis=2, keepdims=True)
    log_normalizer = total * (np.log(normalizer) + largest)
    probability = (total / normalizer * e).reshape(a.shape)
    return _loss_and_delta(a, X, log_normalizer, probability)


def cross_entropy(a, X, group_size):
    """`softmax_cross_entropy`, or without groups `sigmoid_cross_entropy`."""
    if group_size is None:
        return sigmoid_cross_entropy(a, X)
    return softmax_cross_entropy(a, X, group_size)


def _loss_and_delta(a, X, log_normalizer, expected):
    """``sum(log_normalizer) - x @ a`` and ``expected - x``, the latter in place."""
    loss = log_normalizer.sum(dtype=np.float64)
    if sparse.issparse(X):
        stored = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr)), X.indices
        loss -= (X.data * a[stored]).sum(dtype=np.float64)
        expected[stored] -= X.data
    else:
        loss -= (X * a).sum(dtype=np.float64)
        expected -= X
    return float(loss), expected


def _group_sums(X, group_size):
    n_samples, n_features = X.shape
    if not sparse.issparse(X):
        return X.reshape(n_samples, -1, group_size).sum(axis=2, keepdims=True)
    n_groups = n_features // group_size
    group = X.indices // group_size
    group += np.repeat(np.arange(n_samples) * n_groups, np.diff(X.indptr))
    sums = np.bincount(group, weights=X.data, minlength=n_samples * n_groups)
    return sums.reshape(n_samples, n_groups, 1).astype(X.dtype)


def probabilities(a, group_size):
    """Softmax of each group of columns, or without groups the sigmoid, of logits a."""
    if group_size is None:
        return expit(a)
    groups = a.reshape(len(a), -1, group_size)
    e = np.exp(groups - groups.max(axis=2, keepdims=True))
    return (e / e.sum(axis=2, keepdims=True)).reshape(a.shape)


# ------------------------------------------------------------ initial weights


def glorot(rng, n_in, n_out, dtype):
    """Uniform weights between plus and minus ``sqrt(6 / (n_in + n_out))``."""
    bound = np.sqrt(6 / (n_in + n_out))
    return rng.uniform(-bound, bound, (n_in, n_out)).astype(dtype)


def marginal_logits(X, group_size):
    """Output biases with which a silent code decodes to the average of X.

    The logit of each column's mean, or within groups the log of its share, after one
    virtual sample spread evenly over the column's outcomes.

    Parameters
    ----------
    X : {ndarray, csr_array} of shape (n_samples, n_features)
    group_size : int or None
        Columns of a softmax group; None for sigmoid outputs.

    Returns
    -------
    ndarray of shape (n_features,)
    """
    n_samples, n_features = X.shape
    hits = np.clip(np.asarray(X.sum(axis=0)).ravel(), 0, n_samples)
    if group_size is None:
        return np.log((hits + 0.5) / (n_samples - hits + 0.5))
    shares = hits.reshape(-1, group_size) + 1 / group_size
    return np.log(shares / shares.sum(axis=1, keepdims=True)).reshape(n_features)


def principal_axes(X, coefs, intercepts, activation, rng):
    """Start a network's outer layers at the principal components of X, in place.

    The first units of the first layer encode the leading components u of X as
    ``f(s * u / std(u))``, with the same spread s each about the middle of the
    activation f, and the last layer decodes them so that the logits move by
    ``c * (x - mean)``: where there is no layer between, the reconstruction of PCA,
    scaled to log-odds.
    Units beyond the rank of the data keep the weights they have on the way in and
    start silent on the way out. PCA is computed on at most `_PCA_SAMPLES` rows.

    Parameters
    ----------
    X : {ndarray, csr_array} of shape (n_samples, n_features)
    coefs, intercepts : list of ndarray
        Of all layers. The first layer may be wider than the last one takes: only units
        that both have are used.
    activation : str
        A key of `ACTIVATIONS`: that of the first layer.
    rng : RandomState
    """
    n_samples = X.shape[0]
    if n_samples > _PCA_SAMPLES:
        X = X[rng.choice(n_samples, _PCA_SAMPLES, replace=False)]
    X = X.toarray() if sparse.issparse(X) else X
    coef, coef_out = coefs[0], coefs[-1]
    rank = min(len(X) - 1, _PCA_RANK, X.shape[1], coef.shape[1], len(coef_out))
    coef_out[:] = 0
    if rank < 1:
        return
    with _single_threaded_blas:
        pca = PCA(rank, svd_solver="randomized", random_state=rng).fit(X)
    spread = np.sqrt(pca.explained_variance_).astype(coef.dtype)
    live = spread > 1e-6 * spread[0] if spread[0] > 0 else spread > 0
    axes, spread = pca.components_[live].astype(coef.dtype), spread[live]
    n_live = len(axes)
    function, derivative = ACTIVATIONS[activation]
    middle = function(np.zeros(1, coef.dtype))
    slope = derivative(function(np.full(1, 1e-3, coef.dtype)))
    coef[:, :n_live] = _PCA_SPREAD * (axes / spread[:, None]).T
    intercepts[0][:n_live] = -pca.mean_ @ coef[:, :n_live]
    coef_out[:n_live] = _PCA_LOG_ODDS / (slope * _PCA_SPREAD) * spread[:, None] * axes
    intercepts[-1] -= middle * coef_out.sum(axis=0)


# --------------------------------------------------------------------- layers


class _SingleThreadedBLAS:
    """Holds BLAS to one thread as long as anyone is within.

    BLAS splits a product by the number of its threads and rounds accordingly. The limit
    is the process's own, so with several threads in it the last to leave lifts it.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._n_within = 0
        self._limit = None

    def __enter__(self):
        with self._lock:
            if self._n_within == 0:
                _leave_blas_to_any_thread()
                self._limit = get_cached_controller().limit(limits=1, user_api="blas")
            self._n_within += 1

    def __exit__(self, *exception):
        with self._lock:
            self._n_within -= 1
            if self._n_within == 0:
                _leave_blas_to_any_thread()
                self._limit.restore_original_limits()
                _leave_blas_to_any_thread()


def _leave_blas_to_any_thread():
    """Undo that for OpenBLAS only the thread that set a limit first may set another."""
    for library in get_cached_controller().lib_controllers:
        if hasattr(library, "clear_controlling_thread"):
            library.clear_controlling_thread(force=True)


_single_threaded_blas = _SingleThreadedBLAS()


class Workers:
    """Threads that share work among them in blocks that do not depend on their number.

    As many as the cores that the process may use, or ``OMP_NUM_THREADS`` if that is
    set, as joblib does in its worker processes. The caller is one of them.
    """

    def __init__(self):
        limit = os.environ.get("OMP_NUM_THREADS", "")
        cores = joblib.cpu_count()
        self.n_threads = min(cores, int(limit)) if limit.isdecimal() else cores
        self._pool = None

    def __enter__(self):
        _single_threaded_blas.__enter__()
        if self.n_threads > 1:
            self._pool = ThreadPoolExecutor(self.n_threads - 1)
        return self

    def __exit__(self, *exception):
        if self._pool is not None:
            self._pool.shutdown()
        _single_threaded_blas.__exit__(*exception)

    def run(self, function, size, work, *args):
        """Run ``function(lo, hi, *args)`` over 0 to size; work is its multiply-adds."""
        n_blocks = self.n_threads if work > _WORTH_A_THREAD else 1
        bounds = np.linspace(0, size, n_blocks + 1).astype(int) // _BLOCK * _BLOCK
        bounds[-1] = size
        blocks = [(lo, hi) for lo, hi in pairwise(bounds.tolist()) if lo < hi]
        others = [self._pool.submit(function, *block, *args) for block in blocks[1:]]
        if blocks:
            function(*blocks[0], *args)
        for other in others:
            other.result()


def matmul(A, B, workers):
    """``A @ B``, in blocks of A's rows whatever the number of threads."""
    out = np.empty((len(A), B.shape[1]), A.dtype)

    def rows(lo, hi):
        for i in range(lo, hi, _BLOCK):
            np.matmul(A[i : min(i + _BLOCK, hi)], B, out=out[i : min(i + _BLOCK, hi)])

    workers.run(rows, len(A), A.size * B.shape[1])
    return out


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
    if not sparse.issparse(X) and n_samples > _FEW_SAMPLES:
        return matmul(X, coef, workers) + intercept
    out = np.empty((n_samples, n_out), coef.dtype)
    if sparse.issparse(X):
        kernel, arrays, work = _kernels.gather, (X.data, X.indices, X.indptr), X.nnz
    else:
        kernel, arrays, work = _kernels.product, (X,), X.size
    workers.run(kernel, n_out, work * n_out, out, *arrays, coef, intercept)
    return out


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
        if len(Z) > _FEW_SAMPLES:
            delta_in = matmul(delta, self.coef.T, self.workers)
            self._step(self.coef, self._coef_moments, matmul(Z.T, delta, self.workers))
            return delta_in
        delta_in = np.empty_like(Z)
        self.workers.run(
            _kernels.backward,
            len(self.coef),
            2 * self.coef.size * len(Z),
            delta_in,
            self.coef,
            *self._coef_moments,
            Z,
            delta,
            self.adam.rate,
            *self.adam.constants,
        )
        return delta_in

    def settle(self):
        """Bring all weights to the present step, for others to read."""

    def _step(self, p, moments, gradient):
        flat = [np.ravel(array) for array in (p, *moments, gradient)]
        self.workers.run(
            _kernels.adam,
            p.size,
            8 * p.size,
            *flat,
            self.adam.rate,
            *self.adam.constants,
        )


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
        self._catch_up(np.unique(X.indices))
        return super().forward(X)

    def backward(self, X, _, delta):
        """Step the rows that X touches along the gradient ``X.T @ delta``."""
        self._step(self.intercept, self._intercept_moments, delta.sum(axis=0))
        columns = X.tocsc()
        rows = np.flatnonzero(np.diff(columns.indptr)).astype(X.indices.dtype)
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
        return matmul(Z, self._shared.coef.T, self.workers) + self.intercept

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
        return delta * self._derivative(z)

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
        free = np.maximum(divergence, self._free_bits * len(a))
        self.cost += self._weight * free.sum()
        noise = self._rng.standard_normal(mu.shape).astype(a.dtype)
        return mu + np.exp(log_var / 2) * noise

    def backward(self, a, z, delta):
        """Pass the gradient through the draw, and add that of the divergence."""
        mu, log_var = split_code(a)
        divergence = gaussian_divergence(mu, log_var).mean(axis=0, dtype=np.float64)
        costs = self._weight / len(a) * (divergence >= self._free_bits)
        costs = costs.astype(a.dtype)
        # z - mu is the noise times the standard deviation.
        delta_mu = delta + costs * mu
        delta_log_var = (delta * (z - mu) + costs * np.expm1(log_var)) / 2
        delta_log_var *= np.abs(a[:, mu.shape[1] :]) < MAX_LOG_VAR
        return np.hstack([delta_mu, delta_log_var])

    def settle(self):
        """Nothing here is trained."""


def split_code(a):
    """Mean and log variance of the code, from the output of the encoder's last layer.

    The log variance is kept within ``-MAX_LOG_VAR, MAX_LOG_VAR``: beyond, its
    exponential would overflow where training goes astray.
    """
    h = a.shape[1] // 2
    return a[:, :h], np.clip(a[:, h:], -MAX_LOG_VAR, MAX_LOG_VAR)


def gaussian_divergence(mu, log_var):
    """KL divergence of normal distributions from the standard one, nats an element.

    ``(mu**2 + exp(log_var) - 1 - log_var) / 2``
    """
    return (mu * mu + np.expm1(log_var) - log_var) / 2


class Network:
    """A stack of layers with one loss, trained in place.

    Parameters
    ----------
    layers : list
        Each has ``forward(input)``, ``backward(input, output, delta)``, ``settle()``.
    group_size : int or None
        Columns of a softmax group; None for sigmoid outputs.
    adam : Adam
    """

    def __init__(self, layers, group_size, adam):
        self._layers, self._group_size, self.adam = layers, group_size, adam

    def step(self, X):
        """Take one Adam step on the mean loss of a batch; return its cross-entropy."""
        values = [X]
        for layer in self._layers:
            values.append(layer.forward(values[-1]))
        loss, delta = cross_entropy(values[-1], X, self._group_size)
        delta /= X.shape[0]
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


def probabilities_vjp(p, cotangent, group_size):
    """Gradient with respect to the logits, given that of their `probabilities` p."""
    if group_size is None:
        return cotangent * p * (1 - p)
    groups = p.reshape(len(p), -1, group_size)
    pull = cotangent.reshape(groups.shape)
    pull = groups * (pull - (groups * pull).sum(axis=2, keepdims=True))
    return pull.reshape(p.shape)
