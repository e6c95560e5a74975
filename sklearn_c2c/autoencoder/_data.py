"""Properties of the data that the outputs and their loss depend on."""

import numpy as np
from scipy import sparse

# A loss above this multiple of chance level counts as divergence.
_DIVERGED = 10


def one_hot_group_size(X):
    """Size of equal groups of columns with exactly one 1 each, or None."""
    X = sparse.csr_array(X)
    n_samples, n_features = X.shape
    n_groups, rest = divmod(X.nnz, n_samples)
    if rest or not n_groups or n_features % n_groups or not (X.data == 1).all():
        return None
    if (np.diff(X.indptr) != n_groups).any():
        return None
    group_size = n_features // n_groups
    groups = X.indices.reshape(n_samples, n_groups) // group_size
    return group_size if (groups == np.arange(n_groups)).all() else None


def loss_limit(X):
    """Largest mean loss that is not yet divergence; only data in [0, 1] have one."""
    if X.min() < 0 or X.max() > 1:
        return np.finfo(np.float64).max
    return _DIVERGED * np.log(2) * X.shape[1]
