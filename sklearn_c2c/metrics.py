"""What melodies have in common and where they differ, in numbers. Imports `melody`."""

import numpy as np

from sklearn_c2c.melody import check_melodies


def step_accuracy(X, X_reconstructed):
    """Share of steps that are the same.

    Parameters
    ----------
    X, X_reconstructed : array-like of int, shape (n_melodies, n_steps)
        Melodies, row by row.

    Returns
    -------
    accuracy : float
        In [0, 1]; 1 if no step differs.

    Raises
    ------
    ValueError
        If the shapes differ or there is no melody.

    Examples
    --------
    >>> step_accuracy([[62, 129, 64, 66]], [[62, 129, 64, 67]])
    0.75
    """
    return float(_same(X, X_reconstructed).mean())


def melody_accuracy(X, X_reconstructed):
    """Share of melodies that are the same in every step.

    Parameters
    ----------
    X, X_reconstructed : array-like of int, shape (n_melodies, n_steps)
        Melodies, row by row.

    Returns
    -------
    accuracy : float
        In [0, 1]; 1 if no step of any melody differs.

    Raises
    ------
    ValueError
        If the shapes differ or there is no melody.

    Examples
    --------
    >>> melody_accuracy([[62, 129], [64, 66]], [[62, 129], [64, 67]])
    0.5
    """
    return float(_same(X, X_reconstructed).all(axis=1).mean())


def _same(X, X_reconstructed):
    X, other = np.atleast_2d(check_melodies(X), check_melodies(X_reconstructed))
    if X.shape != other.shape or not len(X):
        raise ValueError(
            f"Expected melodies of one shape, at least one of them, got {X.shape} and "
            f"{other.shape}."
        )
    return X == other


def nearest_melody(X, corpus):
    """Find the melody of a corpus that is nearest to each melody.

    The distance of two melodies is the share of steps in which they differ (normalised
    Hamming distance): 0 for an exact copy.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.
    corpus : array-like of int, shape (n_tunes, n_steps)
        Melodies to look among, at least one.

    Returns
    -------
    index : ndarray of int, shape (n_melodies,)
        Row of the nearest tune in the corpus, the first one of several.
    distance : ndarray of float, shape (n_melodies,)
        In [0, 1].

    Raises
    ------
    ValueError
        If the corpus is empty or its melodies have another number of steps.

    Examples
    --------
    >>> nearest_melody([[62, 129, 64, 66]], [[60, 60, 60, 60], [62, 129, 64, 67]])
    (array([1]), array([0.25]))
    """
    X, corpus = np.atleast_2d(check_melodies(X), check_melodies(corpus))
    if not len(corpus) or corpus.shape[1] != X.shape[1]:
        raise ValueError(
            f"Expected at least one melody of {X.shape[1]} steps in corpus, got shape "
            f"{corpus.shape}."
        )
    differing = [(corpus != melody).mean(axis=1) for melody in X]
    index = np.array([shares.argmin() for shares in differing], dtype=int)
    return index, np.array([shares.min() for shares in differing])
