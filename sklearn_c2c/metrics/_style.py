"""Style overlap: distributions of distances by the method of Yang and Lerch."""

import numpy as np
from scipy.spatial.distance import cdist, pdist
from scipy.stats import entropy, gaussian_kde
from sklearn.utils import Bunch, check_random_state

from sklearn_c2c.melody import N_PITCHES
from sklearn_c2c.metrics._notes import count, mean_by_melody, notes_of, rows_of, shares
from sklearn_c2c.metrics._statistics import mean_absolute_interval, pitch_range

_LONGEST = 16  # steps; longer notes are counted with notes of this length
_GRID_SIZE = 256
_FLOOR = np.finfo(float).eps  # keeps the divergence finite where a density vanishes


def style_features(X):
    """Compute the nine features of Yang and Lerch that are defined for rows of steps.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.

    Returns
    -------
    features : Bunch
        Each of shape (n_melodies, width), with zeros for a melody that has too few
        notes for the feature.

        ``pitch_count``
            Number of distinct pitches.
        ``pitch_class_histogram``
            Shares of the sounding steps, 12 pitch classes.
        ``pitch_class_transition_matrix``
            Counts of the 144 pairs of successive pitch classes.
        ``pitch_range``
            Semitones from the lowest pitch to the highest.
        ``average_interval``
            Mean absolute interval from note to note, in semitones.
        ``note_count``
            Number of notes.
        ``average_inter_onset_interval``
            Mean number of steps from onset to onset.
        ``note_length_histogram``
            Shares of the notes of 1 to 16 steps; longer notes count as 16.
        ``note_length_transition_matrix``
            Counts of the 256 pairs of successive lengths.

    Notes
    -----
    The paper sorts lengths into 12 note values, including triplets; here lengths are in
    steps. The features per bar of the paper are left out.

    References
    ----------
    L.-C. Yang and A. Lerch, "On the evaluation of generative models in music", Neural
    Computing and Applications 32, 2020.

    Examples
    --------
    >>> features = style_features([[62, 129, 64, 60], [128, 128, 128, 128]])
    >>> features.pitch_count.tolist(), features.average_inter_onset_interval.tolist()
    ([[3.0], [0.0]], [[1.5], [0.0]])
    """
    X = rows_of(X)
    notes, n = notes_of(X), len(X)
    before = notes.followed()
    owner, after = notes.melody[before], before + 1
    pitch_class = notes.pitch % 12
    length = np.minimum(notes.duration, _LONGEST) - 1

    def histogram(column, width):
        return count(n, width, notes.melody, column)

    def transitions(column, width):
        return count(n, width**2, owner, column[before] * width + column[after])

    features = {
        "pitch_count": (histogram(notes.pitch, N_PITCHES) > 0).sum(axis=1),
        "pitch_class_histogram": shares(
            count(n, 12, notes.melody, pitch_class, notes.duration)
        ),
        "pitch_class_transition_matrix": transitions(pitch_class, 12),
        "pitch_range": pitch_range(X),
        "average_interval": mean_absolute_interval(X),
        "note_count": histogram(np.zeros_like(length), 1),
        "average_inter_onset_interval": mean_by_melody(
            n, owner, notes.onset[after] - notes.onset[before]
        ),
        "note_length_histogram": shares(histogram(length, _LONGEST)),
        "note_length_transition_matrix": transitions(length, _LONGEST),
    }
    return Bunch(
        **{
            name: np.nan_to_num(np.column_stack([feature]).astype(float))
            for name, feature in features.items()
        }
    )


def style_overlap(X, corpus, *, n_splits=10, random_state=None):
    """Compare the style features of generated melodies with those of real ones.

    For each of the `style_features` there are two sets of Euclidean distances: between
    pairs of real melodies (intra-set), and between generated and real melodies
    (inter-set). Their distributions are equal if the generated melodies are distributed
    as the real ones. They are compared by `overlapping_area` and `kl_divergence`. The
    ceiling is the overlapping area of one half of the corpus, in place of the generated
    melodies, and the other half, averaged over random splits.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Generated melodies, at least one.
    corpus : array-like of int, shape (n_tunes, n_steps)
        Real melodies, at least four.
    n_splits : int, default=10
        Number of splits of the corpus into halves for the ceiling.
    random_state : int, RandomState instance or None, default=None
        For the splits. An int makes the result reproducible.

    Returns
    -------
    comparison : Bunch
        ``mean_overlapping_area``
            Float in [0, 1], mean over the features.
        ``mean_ceiling``
            Ceiling in [0, 1], mean over features and splits.
        ``features``
            Dict from the name of each feature to a Bunch of floats:
            ``overlapping_area``; ``kl_divergence``, in nats, of the intra-set
            distribution from the inter-set one; ``ceiling`` and ``kl_floor``, the
            overlapping area and the divergence of halves of the corpus; and the mean
            distances ``intra_real``, ``intra_generated`` (NaN for one melody) and
            ``inter``. ``pandas.DataFrame(comparison.features).T`` is a table.

    Raises
    ------
    ValueError
        If there are too few melodies, or the numbers of steps differ.

    Notes
    -----
    Both densities are evaluated on the same grid; the authors' code evaluates them at
    different points for the divergence. Both have the same bandwidth. The authors cut
    both sets to the same size and use a bandwidth for each. Here the sizes may differ,
    and a bandwidth of its own would give the larger set a rougher density; for integers
    this can exceed the actual difference of the sets. 500 melodies whose `pitch_count`
    is distributed as in the 75 reels would have an area of .76 then, with a ceiling of
    .95.

    The ceiling is a little low, since the halves are smaller than the corpus. As in the
    paper, the distances between generated melodies have no influence on the area: a
    hundred copies of one reel reach .80. If the generated melodies are all alike,
    ``intra_generated`` is far below ``intra_real``, and `diversity` is low.

    References
    ----------
    L.-C. Yang and A. Lerch, "On the evaluation of generative models in music", Neural
    Computing and Applications 32, 2020.

    Examples
    --------
    >>> from sklearn_c2c.datasets import load_celtic
    >>> reels = load_celtic().data
    >>> comparison = style_overlap(reels[:20], reels[20:], random_state=0)
    >>> comparison.mean_overlapping_area > 0.8
    True
    >>> sorted(comparison.features)[:3]
    ['average_inter_onset_interval', 'average_interval', 'note_count']
    """
    X, corpus = rows_of(X), rows_of(corpus)
    if not len(X) or len(corpus) < 4 or X.shape[1] != corpus.shape[1]:
        raise ValueError(
            f"Expected at least one generated and four real melodies with as many "
            f"steps, got shapes {X.shape} and {corpus.shape}."
        )
    if n_splits < 1:
        raise ValueError(f"Expected n_splits of at least 1, got {n_splits}.")
    rng = check_random_state(random_state)
    splits = [np.array_split(rng.permutation(len(corpus)), 2) for _ in range(n_splits)]
    generated, real = style_features(X), style_features(corpus)
    features = {
        name: _compare(generated[name], real[name], splits) for name in generated
    }
    return Bunch(
        mean_overlapping_area=_mean(features, "overlapping_area"),
        mean_ceiling=_mean(features, "ceiling"),
        features=features,
    )


def overlapping_area(a, b):
    """Overlapping area of two densities, each estimated from a sample.

    ``∫ min(p, q)``, with Gaussian kernels of one bandwidth, the larger of the two by
    Scott's rule, on a common grid that extends three bandwidths beyond the samples. A
    sample without variance is a point mass on that grid.

    Parameters
    ----------
    a, b : array-like of shape (n_samples,)
        Real numbers, at least one each.

    Returns
    -------
    area : float
        In [0, 1]; 1 if the densities are the same, 0 if they are disjoint.

    Examples
    --------
    >>> round(overlapping_area([1, 2, 3], [1, 2, 3]), 6)
    1.0
    >>> overlapping_area([1, 1], [2, 2])
    0.0
    """
    return _area(*_densities(a, b))


def kl_divergence(a, b):
    """Kullback-Leibler divergence of two densities, each estimated from a sample.

    ``∫ p log(p / q)`` on the grid of `overlapping_area`; q is at least 2.2e-16 at
    each of its points, so the result is finite.

    Parameters
    ----------
    a, b : array-like of shape (n_samples,)
        Real numbers, at least one each; p is estimated from `a`, q from `b`.

    Returns
    -------
    divergence : float
        In nats, from 0 for equal densities to about 36 for disjoint ones.

    Examples
    --------
    >>> kl_divergence([1, 2, 3], [1, 2, 3])
    0.0
    """
    return _divergence(*_densities(a, b))


def _compare(generated, real, splits):
    intra, inter = pdist(real), cdist(generated, real).ravel()
    p, q = _densities(intra, inter)
    halves = [
        _densities(pdist(real[kept]), cdist(real[other], real[kept]).ravel())
        for other, kept in splits
    ]
    return Bunch(
        overlapping_area=_area(p, q),
        kl_divergence=_divergence(p, q),
        ceiling=float(np.mean([_area(*half) for half in halves])),
        kl_floor=float(np.mean([_divergence(*half) for half in halves])),
        intra_real=float(intra.mean()),
        intra_generated=_mean_or_nan(pdist(generated)),
        inter=float(inter.mean()),
    )


def _area(p, q):
    return float(np.minimum(p, q).sum())


def _divergence(p, q):
    return float(entropy(p, np.maximum(q, _FLOOR)))


def _mean_or_nan(distances):
    return float(distances.mean()) if len(distances) else np.nan


def _densities(a, b):
    """Densities of two samples on a common grid, each normalised to the sum 1."""
    samples = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    bandwidth = max(map(_scotts_bandwidth, samples))
    low, high = np.min(np.concatenate(samples)), np.max(np.concatenate(samples))
    grid = np.linspace(low - 3 * bandwidth, high + 3 * bandwidth, _GRID_SIZE)
    return [_density(sample, bandwidth, grid) for sample in samples]


def _scotts_bandwidth(sample):
    return len(sample) ** -0.2 * sample.std(ddof=1) if _varies(sample) else 0.0


def _density(sample, bandwidth, grid):
    if not _varies(sample):
        return np.eye(1, len(grid), np.abs(grid - sample[0]).argmin())[0]
    return shares(gaussian_kde(sample, bandwidth / sample.std(ddof=1))(grid))


def _varies(sample):
    return np.ptp(sample) > 1e-12 * np.abs(sample).max()


def _mean(features, name):
    return float(np.mean([feature[name] for feature in features.values()]))
