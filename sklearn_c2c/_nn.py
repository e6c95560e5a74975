"""Activations, losses with their gradients, initial weights.

Imports `_kernels` and `_threads`.

Nothing here checks its input: the estimators do.
"""

import numpy as np
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.utils import gen_batches

from sklearn_c2c import _kernels
from sklearn_c2c._threads import single_threaded_blas

# Natural logarithm of the largest and smallest variance of a latent variable.
MAX_LOG_VAR = 20

# Principal components to start from: of so many samples at the most, so many of them,
# encoded with this standard deviation, and decoded to so many nats where x is 1.
_PCA_SAMPLES = 2000
_PCA_RANK = 256
_PCA_SPREAD = 0.5
_PCA_LOG_ODDS = 5.0

# Rows of initial weights that are drawn at once.
_GLOROT_ROWS = 256

# Exponentials that are computed at once, few enough to stay in cache.
_EXPONENTIALS = 256

# What the loss of an output costs, in multiply-adds.
_LOSS_WORK = 16

# ---------------------------------------------------------------- activations


def _sigmoid(a):
    out = np.empty(a.shape, a.dtype)
    rows = out.reshape(1, -1), np.empty(1), a.reshape(1, -1)
    _kernels.sigmoid_expectation(0, 1, *rows, _bits(a.dtype))
    return out


def _bits(dtype):
    """Room for what a kernel needs to know of some exponentials."""
    return np.empty(_EXPONENTIALS, f"i{dtype.itemsize}")


def _relu(a):
    return np.maximum(a, 0)


def _identity(a):
    return a


# Name: the function, and its derivative written in the function's value z.
ACTIVATIONS = {
    "sigmoid": (_sigmoid, lambda z: z * (1 - z)),
    "tanh": (np.tanh, lambda z: 1 - z * z),
    "relu": (_relu, lambda z: (z > 0).astype(z.dtype)),
    "identity": (_identity, np.ones_like),
}

# --------------------------------------------------------------------- losses


def sigmoid_cross_entropy(a, X, workers):
    """Binary cross-entropy of sigmoid outputs, from their logits.

    ``sum(log(1 + exp(a)) - x * a)``, whose gradient is ``sigmoid(a) - x``. Finite for
    any real x, though meant for x in [0, 1].

    Parameters
    ----------
    a : ndarray of shape (n_samples, n_features)
        Logits.
    X : {ndarray, csr_array} of shape (n_samples, n_features)
        Targets.
    workers : Workers

    Returns
    -------
    loss : float
        Nats, summed over samples and features.
    delta : ndarray of shape (n_samples, n_features)
        Gradient of the mean loss of a sample with respect to a.
    """
    return _loss_and_delta(_kernels.sigmoid_expectation, a, X, workers)


def softmax_cross_entropy(a, X, group_size, workers):
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
    workers : Workers

    Returns
    -------
    loss : float
        Nats, summed over samples and groups.
    delta : ndarray of shape (n_samples, n_features)
        Gradient of the mean loss of a sample with respect to a.
    """
    totals = _group_sums(X, group_size)
    return _loss_and_delta(_kernels.softmax_expectation, a, X, workers, totals)


def cross_entropy(a, X, group_size, workers):
    """`softmax_cross_entropy`, or without groups `sigmoid_cross_entropy`."""
    if group_size is None:
        return sigmoid_cross_entropy(a, X, workers)
    return softmax_cross_entropy(a, X, group_size, workers)


def _loss_and_delta(expectation, a, X, workers, *args):
    """``sum(log_normalizer) - x @ a`` and ``(expected - x) / n_samples``.

    The kernel ``expectation(lo, hi, out, log_normalizers, a, *args, bits)`` writes what
    is expected of some rows and their log normalizers.
    """
    delta = np.empty_like(a)
    losses = np.empty(len(a))

    def run(lo, hi):
        expectation(lo, hi, delta, losses, a, *args, _bits(a.dtype))
        if sparse.issparse(X):
            stored = X.data, X.indices, X.indptr
            _kernels.subtract_stored(lo, hi, delta, losses, a, *stored)
        else:
            losses[lo:hi] -= (X[lo:hi] * a[lo:hi]).sum(axis=1, dtype=np.float64)
            delta[lo:hi] -= X[lo:hi]
        delta[lo:hi] /= len(a)

    workers.run(run, len(a), _LOSS_WORK * a.size, block=1)
    return losses.sum(), delta


def _group_sums(X, group_size):
    """Sum of each group of columns, of shape (n_samples, n_groups)."""
    n_samples, n_features = X.shape
    if not sparse.issparse(X):
        return X.reshape(n_samples, -1, group_size).sum(axis=2)
    n_groups = n_features // group_size
    group = X.indices // group_size
    group += np.repeat(np.arange(n_samples) * n_groups, np.diff(X.indptr))
    sums = np.bincount(group, weights=X.data, minlength=n_samples * n_groups)
    return sums.reshape(n_samples, n_groups).astype(X.dtype)


def probabilities(a, group_size):
    """Softmax of each group of columns, or without groups the sigmoid, of logits a."""
    if group_size is None:
        return _sigmoid(a)
    groups = a.reshape(len(a), -1, group_size)
    e = np.exp(groups - groups.max(axis=2, keepdims=True))
    return (e / e.sum(axis=2, keepdims=True)).reshape(a.shape)


def probabilities_vjp(p, cotangent, group_size):
    """Gradient with respect to the logits, given that of their `probabilities` p."""
    if group_size is None:
        return cotangent * p * (1 - p)
    groups = p.reshape(len(p), -1, group_size)
    pull = cotangent.reshape(groups.shape)
    pull = groups * (pull - (groups * pull).sum(axis=2, keepdims=True))
    return pull.reshape(p.shape)


# ------------------------------------------------------------- gaussian codes


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


# ------------------------------------------------------------ initial weights


def glorot(rng, n_in, n_out, dtype):
    """Uniform weights between plus and minus ``sqrt(6 / (n_in + n_out))``."""
    bound = np.sqrt(6 / (n_in + n_out))
    coef = np.empty((n_in, n_out), dtype)
    for rows in gen_batches(n_in, _GLOROT_ROWS):  # drawn in float64, twice the memory
        coef[rows] = rng.uniform(-bound, bound, (rows.stop - rows.start, n_out))
    return coef


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
    # Of data that do not vary, PCA divides their variances by their sum of 0.
    with single_threaded_blas, np.errstate(invalid="ignore"):
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
