"""Cross-entropies with their gradients, and the probabilities of outputs.

The estimators check the input, not this module.
"""

import numpy as np
from scipy import sparse

from sklearn_c2c._nn import kernels
from sklearn_c2c._nn.activations import exp_scratch, sigmoid

# Estimated cost of the loss for one output, in multiply-adds.
_LOSS_WORK = 16

# Added to variances before a division.
_LEAST = 1e-6


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
    return _loss_and_delta(kernels.sigmoid_expectation, a, X, workers)


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
    return _loss_and_delta(kernels.softmax_expectation, a, X, workers, totals)


def cross_entropy(a, X, group_size, workers):
    """`softmax_cross_entropy`, or without groups `sigmoid_cross_entropy`."""
    if group_size is None:
        return sigmoid_cross_entropy(a, X, workers)
    return softmax_cross_entropy(a, X, group_size, workers)


def _loss_and_delta(expectation, a, X, workers, *args):
    """``sum(log_normalizer) - x @ a`` and ``(expected - x) / n_samples``.

    The kernel ``expectation(lo, hi, out, log_normalizers, a, *args, bits)`` writes the
    expected values of some rows and their log normalizers.
    """
    delta = np.empty_like(a)
    losses = np.empty(len(a))

    def run(lo, hi):
        expectation(lo, hi, delta, losses, a, *args, exp_scratch(a.dtype))
        if sparse.issparse(X):
            stored = X.data, X.indices, X.indptr
            kernels.subtract_stored(lo, hi, delta, losses, a, *stored)
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


def between_class_shares(Z, Y):
    """Share of each column's variance that lies between classes, summed over columns.

    ``sum_j sum_k p_k (m_kj - m_j)**2 / var_j``, where p_k is the share of the samples
    in class k, m_kj the mean of column j in it, m_j and var_j those of all samples. It
    is the squared correlation ratio: how much linear regression explains of column j by
    the classes, and of the classes by the column. It is 0 if, and only if, all classes
    have the same mean, and then no linear classifier does better on Z than one without
    input. It does not depend on the scale of a column, down to a variance of `_LEAST`.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_columns)
    Y : ndarray of shape (n_samples, n_classes)
        One-hot.

    Returns
    -------
    loss : float
        From 0 to n_columns.
    delta : ndarray of shape (n_samples, n_columns)
        Its gradient with respect to Z.
    """
    n_samples, counts = len(Z), Y.sum(axis=0)
    Y, counts = Y[:, counts > 0], counts[counts > 0]
    C = Z - Z.mean(axis=0)
    variance = (C * C).mean(axis=0) + _LEAST
    means = Y.T @ C / counts[:, np.newaxis]
    between = counts @ (means * means) / n_samples
    # Over samples, C and Y @ means sum to 0, and so does the gradient.
    delta = 2 / n_samples * (Y @ means - C * (between / variance)) / variance
    return float((between / variance).sum()), delta


def probabilities(a, group_size):
    """Softmax of each group of columns, or without groups the sigmoid, of logits a."""
    if group_size is None:
        return sigmoid(a)
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


def output(a, group_size):
    """`probabilities` of logits a as a layer: with the pull-back to the logits."""
    p = probabilities(a, group_size)
    return p, lambda cotangent: probabilities_vjp(p, cotangent, group_size)
