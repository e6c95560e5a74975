"""Properties of training data and of its latent vectors."""

import numpy as np
from scipy import sparse

# A loss above this multiple of chance level counts as divergence.
_DIVERGED = 10


def one_hot_group_size(X):
    """Size of equal groups of columns with exactly one 1 each, or None.

    The groups at the end of a row may be all zeros, if the 1 before them is in the last
    column of its group, which then stands for the end. Of several such sizes the
    largest is taken.
    """
    X = sparse.csr_array(X)
    if not X.data.all():
        X = X.copy()
        X.eliminate_zeros()
    n_features, n_ones = X.shape[1], np.diff(X.indptr)
    if not n_ones.all() or not (X.data == 1).all():
        return None
    group = np.arange(X.nnz) - np.repeat(X.indptr[:-1], n_ones)
    # All sizes with which each 1 is in the group of its place in the row.
    least = (X.indices // (group + 1)).max() + 1
    most = (X.indices[group > 0] // group[group > 0]).min(initial=n_features)
    sizes = np.arange(least, most + 1)
    sizes = sizes[n_features % sizes == 0]
    last = X.indices[X.indptr[1:] - 1]
    for size in sizes[::-1]:
        is_short = n_ones < n_features // size
        if (last[is_short] % size == size - 1).all():
            return int(size)
    return None


def has_end(X, group_size):
    """Whether the last token of a step is the end, given columns of melodies.

    A melody that ends leaves all columns of the later steps 0. One that ends at the
    last step leaves none. Then the last token is the end if it is in no other step, and
    the third last one has to be a hold: it is never in the first step, never after the
    second last, which then is the rest, and more frequent than that and than the mean
    of the pitches.
    """
    X = sparse.csc_array(X) != 0
    last_step = sparse.csr_array(X[:, -group_size:])
    if (np.diff(last_step.indptr) == 0).any():
        return True
    if group_size < 4:  # a pitch, and these three
        return False
    hold, rest, end = (X[:, group_size - n :: group_size].toarray() for n in (3, 2, 1))
    counts = np.reshape(X.sum(axis=0), (-1, group_size)).sum(axis=0)
    pitches = counts[:-3][counts[:-3] > 0]
    return bool(
        end[:, -1].any()
        and not end[:, :-1].any()
        and not hold[:, 0].any()
        and not (rest[:, :-1] & hold[:, 1:]).any()
        and hold.sum() > max(rest.sum(), pitches.sum() / max(1, len(pitches)))
    )


def loss_limit(X):
    """Largest mean loss that is not yet divergence; only data in [0, 1] have one."""
    if X.min() < 0 or X.max() > 1:
        return np.finfo(np.float64).max
    return _DIVERGED * np.log(2) * X.shape[1]


def latent_statistics(latents):
    """Least, largest, mean and variance of each latent variable over the data.

    Parameters
    ----------
    latents : iterable of ndarray
        Latent vectors in parts; all at once would be larger than their data.

    Returns
    -------
    least, largest, mean, variance : ndarray of shape (h,)
    """
    parts, n_samples = [], 0
    for Z in latents:
        sums = [powers.sum(axis=0, dtype=np.float64) for powers in (Z, Z * Z)]
        parts.append((Z.min(axis=0), Z.max(axis=0), *sums))
        n_samples += len(Z)
    least, largest, totals, squares = zip(*parts, strict=True)
    mean = np.sum(totals, axis=0) / n_samples
    variance = np.sum(squares, axis=0) / n_samples - mean**2
    return np.min(least, axis=0), np.max(largest, axis=0), mean, variance


def latent_attributes(least, largest, mean, variance):
    """Fitted attributes with the `latent_statistics`, in the type of the data."""
    return {
        "latent_min_": least,
        "latent_max_": largest,
        "latent_mean_": mean.astype(least.dtype),
        "latent_std_": np.sqrt(np.maximum(variance, 0)).astype(least.dtype),
    }
