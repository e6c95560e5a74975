"""Initial weights."""

import numpy as np
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.utils import gen_batches

from sklearn_c2c._nn.activations import ACTIVATIONS
from sklearn_c2c._nn.threads import single_threaded_blas

_PCA_SAMPLES = 2000  # rows that PCA is fitted on, at most
_PCA_RANK = 256  # components kept, at most
_PCA_SPREAD = 0.5  # standard deviation of an encoded component
_PCA_LOG_ODDS = 5.0  # logit that a column of ones decodes to

# Rows of initial weights that are drawn at once.
_GLOROT_ROWS = 256


def glorot(rng, n_in, n_out, dtype):
    """Uniform weights between plus and minus ``sqrt(6 / (n_in + n_out))``."""
    bound = np.sqrt(6 / (n_in + n_out))
    coef = np.empty((n_in, n_out), dtype)
    for rows in gen_batches(n_in, _GLOROT_ROWS):  # drawn in float64, twice the memory
        coef[rows] = rng.uniform(-bound, bound, (rows.stop - rows.start, n_out))
    return coef


def orthogonal(rng, n_in, n_out, dtype):
    """Square blocks beside one another, each a random rotation or reflection.

    Parameters
    ----------
    n_out : int
        A multiple of n_in.
    """
    blocks = []
    with single_threaded_blas:
        for _ in range(n_out // n_in):
            q, r = np.linalg.qr(rng.standard_normal((n_in, n_in)))
            # With these signs the blocks are uniformly distributed.
            blocks.append(q * np.sign(np.diag(r)))
    return np.hstack(blocks).astype(dtype)


def marginal_logits(X, group_size):
    """Output biases that by themselves decode to the average of X.

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
    """Set a network's outer layers to the principal components of X, in place.

    The first units of the first layer encode the leading components u of X as
    ``f(s * u / std(u))``, all with the same spread s about the middle of the activation
    f. The last layer decodes them so that the logits change by ``c * (x - mean)``: with
    no layer in between, this is the reconstruction of PCA, scaled to log-odds.
    Units beyond the rank of the data keep their weights in the first layer and get
    weights of 0 in the last one. PCA is computed on at most `_PCA_SAMPLES` rows.

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
    # For constant data, PCA divides the variances by their sum, which is 0.
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
    with single_threaded_blas:
        intercepts[0][:n_live] = -pca.mean_ @ coef[:, :n_live]
    coef_out[:n_live] = _PCA_LOG_ODDS / (slope * _PCA_SPREAD) * spread[:, None] * axes
    intercepts[-1] -= middle * coef_out.sum(axis=0)
