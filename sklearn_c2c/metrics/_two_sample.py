"""Two-sample measures of generated and real melodies, as vectors of features."""

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.utils import Bunch, check_random_state

from sklearn_c2c.melody import END, N_PITCHES
from sklearn_c2c.metrics._endings import endings
from sklearn_c2c.metrics._form import equal_measure_share, measure_similarity
from sklearn_c2c.metrics._histograms import interval_histogram
from sklearn_c2c.metrics._notes import (
    mean_where,
    measures_of,
    n_measures_of,
    rows_and_tunes,
    rows_of,
    shares,
)
from sklearn_c2c.metrics._style import style_features

_LARGEST_INTERVAL = 12  # semitones; larger intervals are counted with these
_N_FOLDS = 5
_N_TREES = 100


def melody_features(X, *, steps_per_measure=16):
    """Compute the features by which melodies of two styles are compared.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies of whole measures.
    steps_per_measure : int, default=16
        Steps per measure.

    Returns
    -------
    features : Bunch
        Each of shape (n_melodies, width), with zeros for a melody that has too few
        notes or measures for the feature.

        ``interval_histogram``
            Shares of the intervals of -12 to 12 semitones; larger ones count as 12.
        ``pitch_class_histogram``
            Shares of the sounding steps, 12 pitch classes.
        ``note_length_histogram``
            Shares of the notes of 1 to 16 steps; longer notes count as 16.
        ``onset_profile``
            For each step of a measure, share of the measures with an onset there, of
            those that the melody does not end before.
        ``measure_similarity``
            `measure_similarity` of each pair of measures.
        ``equal_measure_share``
            `equal_measure_share` of half measures; of whole measures if their number of
            steps is odd.
        ``last_pitch_class``
            Pitch class of the last note, one-hot in twelve columns.
        ``last_place``, ``last_length``
            Place and length of the last note in steps, see `endings`.

    Raises
    ------
    ValueError
        If the measures do not fill the row.

    Examples
    --------
    >>> features = melody_features([[62, 129, 64, 64]], steps_per_measure=2)
    >>> features.onset_profile, features.measure_similarity
    (array([[1. , 0.5]]), array([[0.]]))
    """
    X = rows_of(X)
    style = style_features(X)
    measures = measures_of(X, steps_per_measure)
    similarity = measure_similarity(X, steps_per_measure=steps_per_measure)
    pairs = np.triu_indices(measures.shape[1], k=1)
    divisor = 1 if steps_per_measure % 2 else 2
    ending = endings(
        X, steps_per_measure=steps_per_measure, steps_per_beat=steps_per_measure
    )
    features = {
        "interval_histogram": shares(_clipped_intervals(X)),
        "pitch_class_histogram": style.pitch_class_histogram,
        "note_length_histogram": style.note_length_histogram,
        "onset_profile": mean_where(measures < N_PITCHES, measures != END, axis=1),
        "measure_similarity": similarity[:, *pairs],
        "equal_measure_share": equal_measure_share(
            X, steps_per_measure=steps_per_measure // divisor
        ),
        "last_pitch_class": ending.last_pitch_class[:, np.newaxis] == np.arange(12),
        "last_place": ending.last_place,
        "last_length": ending.last_length,
    }
    return Bunch(
        **{
            name: np.nan_to_num(np.column_stack([feature]).astype(float))
            for name, feature in features.items()
        }
    )


def two_sample_auc(X, corpus, *, steps_per_measure=16, random_state=None):
    """Area under the ROC curve of a classifier between generated and real melodies.

    The probability that the classifier scores a melody of `X` higher than one of the
    corpus, where ties count one half. The classifier is 100 extremely randomized trees
    on the `melody_features`. It scores melodies that it was not trained on, in a
    stratified cross-validation of 5 folds, or fewer if a set has fewer melodies. The
    areas of the folds are averaged.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Generated melodies, of whole measures.
    corpus : array-like of int, shape (n_tunes, n_steps)
        Real melodies, at least one.
    steps_per_measure : int, default=16
        Steps per measure, for the features.
    random_state : int, RandomState instance or None, default=None
        For folds and trees. An int makes the result reproducible.

    Returns
    -------
    auc : float
        In [0, 1]; .5 if the sets cannot be distinguished, 1 if they always can. NaN if
        one of them has fewer than two melodies.

    Raises
    ------
    ValueError
        If the corpus is empty, the numbers of steps differ, or the measures do not
        fill the row.

    See Also
    --------
    half_against_half : Scores of real melodies against each other.

    Notes
    -----
    Compare the area with that of unseen real tunes against the corpus or, without such
    tunes, of one half of the corpus against the other: ``half_against_half(
    two_sample_auc, corpus)``. For the 134 reels of `load_celtic` that is .5 with a
    standard deviation of .06 over the splits, so an area of .6 for few melodies means
    little. Folds and trees alone have a standard deviation of .01.

    Copies of tunes of the corpus, and melodies close to them, have an area *below* .5,
    since the classifier was trained on the tune as a real one: for the 134 reels
    against themselves it is .02. An area near .5 is good only if the melodies are new,
    so report `nearest_melody` or `originality` beside it.

    The classifier is better if it is trained on more melodies, so compare areas of the
    same number of melodies.

    References
    ----------
    D. Lopez-Paz and M. Oquab, "Revisiting classifier two-sample tests", ICLR 2017.

    P. Geurts, D. Ernst and L. Wehenkel, "Extremely randomized trees", Machine Learning
    63, 2006.

    Examples
    --------
    Melodies of measures drawn from all reels:

    >>> from sklearn_c2c.datasets import load_celtic, recombine_measures
    >>> reels = load_celtic().data
    >>> dice = recombine_measures(reels, 75, max_transposition=0, random_state=0)
    >>> two_sample_auc(dice, reels, random_state=0) > 0.9
    True
    >>> two_sample_auc(reels[:37], reels[37:], random_state=0) < 0.7
    True
    """
    from sklearn.ensemble import ExtraTreesRegressor
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold

    X, corpus = rows_and_tunes(X, corpus)
    features = np.vstack(_vectors(X, corpus, steps_per_measure))
    generated = np.arange(len(features)) < len(X)
    n_folds = min(_N_FOLDS, len(X), len(corpus))
    if n_folds < 2:
        return np.nan
    rng = check_random_state(random_state)
    # For labels 0 and 1 the squared error is half the Gini impurity, so these are the
    # trees of the classifier, grown in two thirds of the time.
    forest = ExtraTreesRegressor(_N_TREES, max_features="sqrt", random_state=rng)
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=rng)
    areas = []
    for train, test in folds.split(features, generated):
        forest.fit(features[train], generated[train])
        scores = forest.predict(features[test])
        areas.append(roc_auc_score(generated[test], scores))
    return float(np.mean(areas))


def density_coverage(X, corpus, *, n_neighbors=5, steps_per_measure=16):
    """Compute density and coverage of generated melodies with respect to a corpus.

    ``B_i`` is the ball around tune i of the corpus whose radius is the distance to its
    k-th nearest other tune. For M generated melodies ``y_j`` and N tunes:

    ``density = Σ_i Σ_j [y_j in B_i] / (k M)``

    ``coverage = Σ_i [some y_j in B_i] / N``

    The distances are Euclidean, between the `melody_features`, each column standardized
    to mean 0 and variance 1 on the corpus.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Generated melodies, of whole measures.
    corpus : array-like of int, shape (n_tunes, n_steps)
        Real melodies, at least one.
    n_neighbors : int, default=5
        k, at least 1.
    steps_per_measure : int, default=16
        Steps per measure, for the features.

    Returns
    -------
    density : float
        In [0, n_tunes / k], about 1 for real melodies; 0 if none is near a tune. Above
        1 if the melodies concentrate where tunes are dense. NaN if `X` has no melody,
        or the corpus has no more than k tunes.
    coverage : float
        In [0, 1], near 1 for as many real melodies; low if the generated melodies are
        alike or far from the tunes. NaN as the density.

    Raises
    ------
    ValueError
        If `n_neighbors` is below 1, the corpus is empty, the numbers of steps differ,
        or the measures do not fill the row.

    Notes
    -----
    The coverage rises with the number of melodies, so compare the same number.

    References
    ----------
    M. F. Naeem, S. J. Oh, Y. Uh, Y. Choi and J. Yoo, "Reliable fidelity and diversity
    metrics for generative models", ICML 2020.

    Examples
    --------
    >>> from sklearn_c2c.datasets import load_celtic
    >>> reels = load_celtic().data
    >>> density, coverage = density_coverage(reels[:37], reels[37:])
    >>> density > 0.5, coverage > 0.9
    (True, True)
    """
    if n_neighbors < 1:
        raise ValueError(f"Expected n_neighbors of at least 1, got {n_neighbors}.")
    X, corpus = rows_and_tunes(X, corpus)
    generated, real = _vectors(X, corpus, steps_per_measure)
    if not len(X) or len(corpus) <= n_neighbors:
        return np.nan, np.nan
    deviation = real.std(axis=0)
    deviation[deviation == 0] = 1
    generated, real = generated / deviation, real / deviation
    # Column 0 is the distance of each tune to itself.
    radius = np.sort(cdist(real, real), axis=1)[:, n_neighbors]
    inside = cdist(generated, real) <= radius
    density = inside.sum() / (n_neighbors * len(X))
    return float(density), float(inside.any(axis=0).mean())


def half_against_half(judge, corpus, *, n_splits=10, random_state=None):
    """Apply a measure of two sets to halves of a corpus, as a reference for its values.

    Parameters
    ----------
    judge : callable
        Takes two sets of melodies, the first in the place of the generated ones;
        returns a float or a tuple of floats, such as `two_sample_auc`,
        `frechet_distance` or `density_coverage`.
    corpus : array-like of int, shape (n_tunes, n_steps)
        Real melodies, at least two.
    n_splits : int, default=10
        Random splits in halves, at least 1.
    random_state : int, RandomState instance or None, default=None
        For the splits. An int gives the same splits each time.

    Returns
    -------
    mean : float, or ndarray of shape (n_values,) for a tuple
        Mean over the splits.

    Raises
    ------
    ValueError
        If there are fewer than two tunes or no splits.

    Notes
    -----
    Halves are smaller than the corpus, and most measures depend on the number of
    melodies. If there are unseen real tunes, compare those with the corpus instead.

    Examples
    --------
    >>> from sklearn_c2c.datasets import load_celtic
    >>> from sklearn_c2c.metrics import frechet_distance
    >>> reels = load_celtic().data
    >>> 5 < half_against_half(frechet_distance, reels, random_state=0) < 12
    True
    """
    corpus = rows_of(corpus)
    if len(corpus) < 2 or n_splits < 1:
        raise ValueError(
            f"Expected at least two melodies and one split, got shape {corpus.shape} "
            f"and n_splits={n_splits}."
        )
    rng = check_random_state(random_state)
    halves = [np.array_split(rng.permutation(corpus), 2) for _ in range(n_splits)]
    mean = np.mean([judge(half, other) for half, other in halves], axis=0)
    return mean if mean.ndim else float(mean)


def _vectors(X, corpus, steps_per_measure):
    """Features of each melody of both sets as one row.

    Measures that no melody has are left out.
    """
    rows = np.vstack([X, corpus])
    measures_of(rows, steps_per_measure)
    n_steps = n_measures_of(rows, steps_per_measure).max() * steps_per_measure
    features = melody_features(rows[:, :n_steps], steps_per_measure=steps_per_measure)
    return np.split(np.hstack([*features.values()]), [len(X)])


def _clipped_intervals(X):
    """Counts of the intervals of -12 to 12 semitones; larger ones count as 12."""
    counts = interval_histogram(X)
    center = counts.shape[1] // 2
    clipped = counts[:, center - _LARGEST_INTERVAL : center + _LARGEST_INTERVAL + 1]
    clipped[:, 0] += counts[:, : center - _LARGEST_INTERVAL].sum(axis=1)
    clipped[:, -1] += counts[:, center + _LARGEST_INTERVAL + 1 :].sum(axis=1)
    return clipped
