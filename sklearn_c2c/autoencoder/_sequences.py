"""Samples as sequences of steps, time first, and as segments of equal length."""

from typing import NamedTuple

import numpy as np
from scipy import sparse


def steps_of(X, group_size):
    """Steps of samples, time first.

    Parameters
    ----------
    X : {ndarray, csr_array} of shape (n_samples, n_steps * group_size)

    Returns
    -------
    ndarray of int, shape (n_steps, n_samples)
        Tokens, group_size at a step that is all zeros. If a step is not one-hot, X
        itself, of shape (n_steps, n_samples, group_size).
    """
    n_samples, n_steps = X.shape[0], X.shape[1] // group_size
    rows = sparse.csr_array(X)
    step, token = np.divmod(rows.indices, group_size)
    sample = np.repeat(np.arange(n_samples), np.diff(rows.indptr))
    tokens = np.full((n_steps, n_samples), group_size, np.int32)
    tokens[step, sample] = token
    n_ones = np.count_nonzero(tokens != group_size)
    if (rows.data == 1).all() and n_ones == rows.nnz:
        return tokens
    dense = X.toarray() if sparse.issparse(X) else X
    groups = dense.reshape(n_samples, n_steps, group_size)
    return np.ascontiguousarray(groups.transpose(1, 0, 2))


def nothing(steps, group_size):
    """A step that is all zeros, in the form of `steps_of`."""
    return group_size if steps.ndim == 2 else 0


def lengths_of(steps, group_size):
    """Steps of each sample up to the last one that is not all zeros, at least 1.

    Returns
    -------
    ndarray of int, shape (n_samples,)
    """
    is_step = steps != group_size if steps.ndim == 2 else steps.any(axis=2)
    last = len(steps) - is_step[::-1].argmax(axis=0)
    return np.where(is_step.any(axis=0), last, 1)


def trimmed_steps(X, group_size):
    """`steps_of` samples up to the last one of the longest, and `lengths_of` them."""
    steps = steps_of(X, group_size)
    lengths = lengths_of(steps, group_size)
    return steps[: lengths.max()], lengths


def sorted_lengths(lengths):
    """The lengths if they do not rise from sample to sample, else None."""
    return lengths if (lengths[1:] <= lengths[:-1]).all() else None


def reversal(lengths, n_steps):
    """Index of the steps that reverses each sample within its length.

    Returns
    -------
    ndarray of int, shape (n_steps, n_samples)
    """
    step = np.arange(n_steps)[:, np.newaxis]
    return np.where(step < lengths, lengths - 1 - step, step)


class Segments(NamedTuple):
    """The segments that samples of different lengths are divided into.

    Attributes
    ----------
    is_there : ndarray of bool, shape (n_segments, n_samples)
        Whether a sample has steps in a segment.
    n_steps : int
        Steps of a segment.
    lengths : ndarray of int, shape (number of segments that are there,)
        Steps that samples have in these.
    """

    is_there: np.ndarray
    n_steps: int
    lengths: np.ndarray

    def split(self, steps, filling):
        """Segments of steps, filled up in the last ones.

        Parameters
        ----------
        steps : ndarray of shape (n_steps, n_samples, ...)

        Returns
        -------
        ndarray of shape (steps of a segment, number of segments that are there, ...)
        """
        n_segments, n_samples = self.is_there.shape
        kind = steps.shape[2:]
        shape = n_segments * self.n_steps, n_samples, *kind
        whole = np.full(shape, filling, steps.dtype)
        whole[: len(steps)] = steps
        whole = whole.reshape(n_segments, self.n_steps, n_samples, *kind)
        return np.ascontiguousarray(whole.swapaxes(1, 2)[self.is_there].swapaxes(0, 1))

    def spread(self, values):
        """Values of the segments that are there among all, with zeros for the others.

        Parameters
        ----------
        values : ndarray of shape (number of segments that are there, ...)

        Returns
        -------
        ndarray of shape (n_segments, n_samples, ...)
        """
        if self.is_there.all():
            return values.reshape(*self.is_there.shape, *values.shape[1:])
        whole = np.zeros((*self.is_there.shape, *values.shape[1:]), values.dtype)
        whole[self.is_there] = values
        return whole

    def gather(self, whole):
        """Values of the segments that are there, the reverse of `spread`."""
        return whole[self.is_there]


def segments(lengths, n_steps):
    """`Segments` of n_steps steps of samples of these lengths."""
    n_segments = -(-lengths.max() // n_steps)
    left = lengths - np.arange(n_segments)[:, np.newaxis] * n_steps
    is_there = left > 0
    return Segments(is_there, n_steps, np.minimum(left, n_steps)[is_there])
