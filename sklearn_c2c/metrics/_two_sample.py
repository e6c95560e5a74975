"""Generated against real, each melody as one vector of features of notes and form."""

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.utils import Bunch, check_random_state

from sklearn_c2c.melody import N_PITCHES
from sklearn_c2c.metrics._endings import endings
from sklearn_c2c.metrics._form import equal_measure_share, measure_similarity
from sklearn_c2c.metrics._histograms import interval_histogram
from sklearn_c2c.metrics._notes import measures_of, rows_and_tunes, rows_of, shares
from sklearn_c2c.metrics._style import style_features

_LARGEST_INTERVAL = 12  # semitones; larger ones count with these
_N_FOLDS = 5
_N_TREES = 100


def melody_features(X, *, steps_per_measure=16):
    """Compute what a classifier needs to know of melodies to tell two styles apart.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies of whole measures.
    steps_per_measure : int, default=16
        Steps a measure.

    Returns
    -------
    features : Bunch
        Each of shape (n_melodies, width). A melody that has too few notes or measures
        for a feature has zeros there.

        ``interval_histogram``
            Shares of the intervals of -12 to 12 semitones, larger ones with those.
        ``pitch_class_histogram``
            Shares of the sounding steps, 12 pitch classes.
        ``note_length_histogram``
            Shares of the notes of 1 to 16 steps, longer ones with those of 16.
        ``onset_profile``
            Share of the measures in which a note begins at each step of the measure.
        ``measure_similarity``
            `measure_similarity` of each pair of measures.
        ``equal_measure_share``
            `equal_measure_share` of half measures; of whole measures where their steps
            cannot be halved.
        ``last_pitch_class``
            Of the last note, twelve columns of zeros and a one.
        ``last_place``, ``last_length``
            Of the last note, in steps, see `endings`.

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
        "onset_profile": (measures < N_PITCHES).mean(axis=1),
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
    """Tell how well a classifier tells generated melodies from those of a corpus.

    Area under the ROC curve: the probability that the classifier holds a melody of `X`
    more likely to be generated than one of the corpus, equal opinions counting half.
    The classifier is 100 extremely randomized trees on the `melody_features`. It judges
    melodies that it has not seen, in a stratified cross-validation of 5 folds, fewer
    where a set has fewer melodies. The areas of the folds are averaged.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Generated melodies, of whole measures.
    corpus : array-like of int, shape (n_tunes, n_steps)
        Real melodies, at least one.
    steps_per_measure : int, default=16
        Steps a measure, for the features.
    random_state : int, RandomState instance or None, default=None
        Of folds and trees. An int gives the same result each time.

    Returns
    -------
    auc : float
        In [0, 1]; .5 if the sets cannot be told apart, 1 if they always can. NaN if one
        of them has fewer than two melodies.

    Raises
    ------
    ValueError
        If the corpus is empty, the numbers of steps differ, or the measures do not
        fill the row.

    See Also
    --------
    half_against_half : What real melodies reach against each other.

    Notes
    -----
    Read it beside what unseen real tunes reach against the corpus, or, without such
    tunes, its one half against the other: ``half_against_half(two_sample_auc,
    corpus)``. For the 134 reels of `load_celtic` that is .5 with a standard deviation
    of .06 from split to split, so an area of .6 of few melodies tells little; folds and
    trees alone make .01.

    Copies of the corpus' tunes, and melodies beside them, come *below* .5, since the
    classifier has seen the tune as a real one: the 134 reels against themselves reach
    .02. An area near .5 is good only if the melodies are new, so report
    `nearest_melody` or `originality` beside it.

    The more melodies the classifier learns from, the better it tells them apart:
    compare areas of equally many.

    References
    ----------
    D. Lopez-Paz and M. Oquab, "Revisiting classifier two-sample tests", ICLR 2017.

    P. Geurts, D. Ernst and L. Wehenkel, "Extremely randomized trees", Machine Learning
    63, 2006.

    Examples
    --------
    Reels with their measures drawn from all of them:

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
    features = _vectors(np.vstack([X, corpus]), steps_per_measure)
    generated = np.arange(len(features)) < len(X)
    n_folds = min(_N_FOLDS, len(X), len(corpus))
    if n_folds < 2:
        return np.nan
    rng = check_random_state(random_state)
    # With labels 0 and 1 these are the classifier's trees (the squared error is half
    # the Gini impurity), grown in two thirds of the time.
    forest = ExtraTreesRegressor(_N_TREES, max_features="sqrt", random_state=rng)
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=rng)
    areas = []
    for train, test in folds.split(features, generated):
        forest.fit(features[train], generated[train])
        opinions = forest.predict(features[test])
        areas.append(roc_auc_score(generated[test], opinions))
    return float(np.mean(areas))


def density_coverage(X, corpus, *, n_neighbors=5, steps_per_measure=16):
    """Tell how near melodies are to real ones, and how many of these they reach.

    Around each tune of the corpus is a ball that reaches to its k-th nearest other
    tune, ``B_i``. For M generated melodies ``y_j`` and N tunes:

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
        Steps a measure, for the features.

    Returns
    -------
    density : float
        In [0, n_tunes / k], about 1 for real melodies; 0 if none is near a tune. Above
        1 for melodies that crowd where tunes are dense. NaN if there is no melody in
        `X`, or no k-th other tune.
    coverage : float
        In [0, 1], near 1 for as many real melodies; low if the generated ones are alike
        or far off. NaN as the density.

    Raises
    ------
    ValueError
        If `n_neighbors` is below 1, the corpus is empty, the numbers of steps differ,
        or the measures do not fill the row.

    Notes
    -----
    The coverage rises with the number of melodies: compare equally many.

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
    generated, real = (_vectors(rows, steps_per_measure) for rows in (X, corpus))
    if not len(X) or len(corpus) <= n_neighbors:
        return np.nan, np.nan
    deviation = real.std(axis=0)
    deviation[deviation == 0] = 1
    generated, real = generated / deviation, real / deviation
    # The nearest one to each tune is itself.
    radius = np.sort(cdist(real, real), axis=1)[:, n_neighbors]
    inside = cdist(generated, real) <= radius
    density = inside.sum() / (n_neighbors * len(X))
    return float(density), float(inside.any(axis=0).mean())


def half_against_half(judge, corpus, *, n_splits=10, random_state=None):
    """Judge one half of a corpus against the other: what real melodies reach.

    Parameters
    ----------
    judge : callable
        Called with two sets of melodies, the first in the place of generated ones;
        returns a float or a tuple of floats, such as `two_sample_auc`,
        `frechet_distance` or `density_coverage`.
    corpus : array-like of int, shape (n_tunes, n_steps)
        Real melodies, at least two.
    n_splits : int, default=10
        Random splits in halves, at least 1.
    random_state : int, RandomState instance or None, default=None
        Of the splits. An int gives the same splits each time.

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
    Halves are smaller than the corpus, and most judges depend on how many melodies
    there are; where there are unseen real tunes, judge those against the corpus.

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


def _vectors(X, steps_per_measure):
    """The features of each melody as one row."""
    features = melody_features(X, steps_per_measure=steps_per_measure)
    return np.hstack([*features.values()])


def _clipped_intervals(X):
    """Counts of the intervals of -12 to 12 semitones, larger ones with those."""
    counts = interval_histogram(X)
    center = counts.shape[1] // 2
    clipped = counts[:, center - _LARGEST_INTERVAL : center + _LARGEST_INTERVAL + 1]
    clipped[:, 0] += counts[:, : center - _LARGEST_INTERVAL].sum(axis=1)
    clipped[:, -1] += counts[:, center + _LARGEST_INTERVAL + 1 :].sum(axis=1)
    return clipped
