"""Form: repeated measures of a melody, and the similarity of its measures.

Measures are compared by the tokens of their steps. A hold at the start of a measure is
equal to any other such hold, also if they prolong different pitches. If a melody ends
within a measure, that measure differs from all others at the steps after the end.
"""

import numpy as np

from sklearn_c2c.melody import END
from sklearn_c2c.metrics._notes import mean_where, measures_of, rows_of


def measure_similarity(X, *, steps_per_measure=16):
    """Compare each measure of a melody with every other measure.

    ``S_ab`` is the share of the steps that are equal in measures a and b.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies of whole measures.
    steps_per_measure : int, default=16
        Steps per measure: 16 for sixteenths in common time, 8 to compare its half
        measures.

    Returns
    -------
    similarity : ndarray of float, shape (n_melodies, n_measures, n_measures)
        In [0, 1], symmetric; 1 for equal measures and on the diagonal. NaN for
        measures after the end of the melody.

    Raises
    ------
    ValueError
        If the measures do not fill the row.

    Examples
    --------
    >>> measure_similarity([[62, 129, 62, 64, 62, 129]], steps_per_measure=2)
    array([[[1. , 0.5, 1. ],
            [0.5, 1. , 0.5],
            [1. , 0.5, 1. ]]])
    """
    measures = measures_of(rows_of(X), steps_per_measure)
    n_melodies, n_measures, _ = measures.shape
    similarity = np.empty((n_melodies, n_measures, n_measures))
    for a in range(n_measures):
        similarity[:, a] = (measures == measures[:, [a]]).mean(axis=2)
    missing = measures[:, :, 0] == END
    similarity[missing[:, :, np.newaxis] | missing[:, np.newaxis]] = np.nan
    return similarity


def similarity_by_lag(X, *, steps_per_measure=16):
    """Compare the measures of a melody with those that come some measures later.

    ``s(L) = mean_a S_{a, a+L}`` of the `measure_similarity` S.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies of whole measures.
    steps_per_measure : int, default=16
        Steps per measure, or per half measure, see `measure_similarity`.

    Returns
    -------
    similarity : ndarray of float, shape (n_melodies, n_measures - 1)
        In [0, 1]; column ``L - 1`` has lag L. No columns for a single measure. NaN if
        a melody has no measures at this lag.

    Raises
    ------
    ValueError
        As `measure_similarity`.

    Examples
    --------
    The third measure is equal to the first, the second shares a step with both:

    >>> similarity_by_lag([[62, 129, 62, 64, 62, 129]], steps_per_measure=2)
    array([[0.5, 1. ]])
    """
    similarity = measure_similarity(X, steps_per_measure=steps_per_measure)
    n_melodies, n_measures, _ = similarity.shape
    by_lag = np.empty((n_melodies, n_measures - 1))
    for lag in range(1, n_measures):
        pairs = similarity.diagonal(lag, axis1=1, axis2=2)
        by_lag[:, lag - 1] = mean_where(pairs, ~np.isnan(pairs), axis=1)
    return by_lag


def equal_measure_share(X, *, steps_per_measure=16):
    """Share of the pairs of measures of a melody that are equal.

    ``mean_{a<b} [S_ab = 1]`` of the `measure_similarity` S.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies of whole measures.
    steps_per_measure : int, default=16
        Steps per measure, or per half measure, see `measure_similarity`.

    Returns
    -------
    share : ndarray of float, shape (n_melodies,)
        In [0, 1]; 1 if all measures are the same. NaN where there is only one.

    Raises
    ------
    ValueError
        As `measure_similarity`.

    Examples
    --------
    One pair of three is equal:

    >>> equal_measure_share([[62, 129, 62, 64, 62, 129]], steps_per_measure=2)
    array([0.33333333])
    """
    similarity = measure_similarity(X, steps_per_measure=steps_per_measure)
    similarity = similarity[:, *np.triu_indices(similarity.shape[1], k=1)]
    return mean_where(similarity == 1, ~np.isnan(similarity), axis=1)


def repeat_share(X, *, steps_per_measure=16):
    """Share of the melodies of two or more measures that have two equal ones.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies of whole measures.
    steps_per_measure : int, default=16
        Steps per measure, or per half measure, see `measure_similarity`.

    Returns
    -------
    share : float
        In [0, 1]. NaN if there is no melody of two measures.

    Raises
    ------
    ValueError
        As `measure_similarity`.

    Examples
    --------
    >>> X = [[62, 129, 62, 64, 62, 129], [62, 129, 62, 64, 60, 129]]
    >>> repeat_share(X, steps_per_measure=2)
    0.5
    """
    share = equal_measure_share(X, steps_per_measure=steps_per_measure)
    share = share[~np.isnan(share)]
    return float((share > 0).mean()) if len(share) else np.nan
