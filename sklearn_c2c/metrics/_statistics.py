"""Musical statistics of melodies, one value for each melody."""

import numpy as np
from scipy.stats import entropy
from sklearn.utils import Bunch

from sklearn_c2c.melody import END, HOLD, N_PITCHES, REST, parse_key
from sklearn_c2c.metrics._histograms import pitch_class_histogram
from sklearn_c2c.metrics._notes import (
    mean_by_melody,
    mean_where,
    measures_of,
    notes_of,
    ratio,
    rows_of,
    step_share,
)


def melody_statistics(X, *, tonic=None, mode=None, steps_per_measure=16):
    """Compute all statistics of melodies, as a table with one row for each melody.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.
    tonic : str or None, default=None
        Tonic of the scale for `in_scale_share`, such as "D", or a key, such as "F#m";
        None leaves that column out.
    mode : str, default=None
        Mode of that scale, see `in_scale_share`.
    steps_per_measure : int, default=16
        For `groove_consistency`.

    Returns
    -------
    table : Bunch
        Columns by name, each an ndarray of shape (n_melodies,): ``hold_share``,
        ``rest_share``, ``note_density``, ``in_scale_share``, ``pitch_class_entropy``,
        ``pitch_range``, ``mean_absolute_interval`` and ``groove_consistency``, from the
        functions of these names. ``pandas.DataFrame(table)`` converts it.
        `numpy.nanmean` of a column is its mean over the melodies with a value.

    Examples
    --------
    >>> table = melody_statistics([[62, 129, 64, 128]] * 2, steps_per_measure=2)
    >>> table.hold_share, table.note_density
    (array([0.25, 0.25]), array([0.5, 0.5]))
    """
    X = rows_of(X)
    columns = [hold_share, rest_share, note_density, pitch_class_entropy, pitch_range]
    table = {column.__name__: column(X) for column in columns}
    if tonic is not None:
        table["in_scale_share"] = in_scale_share(X, tonic, mode=mode)
    table["mean_absolute_interval"] = mean_absolute_interval(X)
    table["groove_consistency"] = groove_consistency(
        X, steps_per_measure=steps_per_measure
    )
    return Bunch(**table)


def hold_share(X):
    """Share of the steps that hold a note.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.

    Returns
    -------
    share : ndarray of float, shape (n_melodies,)
        In [0, 1). `hold_share`, `rest_share` and `note_density` sum to 1.

    Examples
    --------
    >>> hold_share([[62, 129, 129, 64]])
    array([0.5])
    """
    X = rows_of(X)
    return step_share(X, X == HOLD)


def rest_share(X):
    """Share of the steps that are silent.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.

    Returns
    -------
    share : ndarray of float, shape (n_melodies,)
        In [0, 1].

    Examples
    --------
    >>> rest_share([[62, 129, 128, 64]])
    array([0.25])
    """
    X = rows_of(X)
    return step_share(X, X == REST)


def note_density(X):
    """Notes per step: the share of steps at which a note begins.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.

    Returns
    -------
    density : ndarray of float, shape (n_melodies,)
        In [0, 1]. Multiply by the steps of a quarter for notes per quarter.

    Examples
    --------
    >>> note_density([[62, 129, 62, 64]])
    array([0.75])
    """
    X = rows_of(X)
    return step_share(X, X < N_PITCHES)


def in_scale_share(X, tonic, mode=None):
    """Share of the notes that belong to a scale.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.
    tonic : str
        A tonic, such as "D" or "Bb", or a key, such as "F#m" or "A dorian".
    mode : str, default=None
        major, minor (natural) or a church mode: ionian, dorian, phrygian, lydian,
        mixolydian, aeolian, locrian. None takes the mode of the key, or major if the
        key states none.

    Returns
    -------
    share : ndarray of float, shape (n_melodies,)
        In [0, 1]; each note counts once, whatever its length. NaN for a melody without
        notes.

    Raises
    ------
    ValueError
        If there is no such key or mode, see `sklearn_c2c.melody.parse_key`.

    References
    ----------
    H.-W. Dong et al., "MuseGAN", AAAI 2018; ``pitch_in_scale_rate`` in MusPy.

    Examples
    --------
    D, F sharp, and F natural, which is in D minor only:

    >>> in_scale_share([[62, 129, 66, 65]], "D")
    array([0.66666667])
    >>> in_scale_share([[62, 129, 66, 65]], "Dm")
    array([0.66666667])
    """
    counts = pitch_class_histogram(X)
    in_scale = counts[:, parse_key(tonic, mode=mode).pitch_classes]
    return ratio(in_scale.sum(axis=1), counts.sum(axis=1))


def pitch_class_entropy(X):
    """Entropy of the pitch classes of the notes, in bits.

    ``-sum_c p(c) log2 p(c)`` over the 12 pitch classes; each note counts once.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.

    Returns
    -------
    entropy : ndarray of float, shape (n_melodies,)
        In [0, log2 12 = 3.58]; 0 for one pitch class. NaN where there is no note.

    References
    ----------
    S.-L. Wu and Y.-H. Yang, "The Jazz Transformer on the Front Line", ISMIR 2020.

    Examples
    --------
    >>> pitch_class_entropy([[62, 129, 74, 64, 64]])
    array([1.])
    """
    counts = pitch_class_histogram(X)
    with np.errstate(invalid="ignore"):
        return entropy(counts, base=2, axis=1)


def pitch_range(X):
    """Interval from the lowest pitch to the highest, in semitones.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.

    Returns
    -------
    semitones : ndarray of float, shape (n_melodies,)
        0 for one pitch. NaN where there is no note.

    Examples
    --------
    >>> pitch_range([[62, 129, 74, 128], [128, 128, 128, 128]])
    array([12., nan])
    """
    X = rows_of(X)
    sounds = X < N_PITCHES
    highest = X.max(axis=1, where=sounds, initial=-1)
    lowest = X.min(axis=1, where=sounds, initial=N_PITCHES)
    return np.where(sounds.any(axis=1), highest - lowest, np.nan)


def mean_absolute_interval(X):
    """Mean size of the intervals from note to note, in semitones.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies. Rests between two notes are ignored.

    Returns
    -------
    semitones : ndarray of float, shape (n_melodies,)
        0 where one pitch repeats. NaN where there are fewer than two notes.

    Examples
    --------
    >>> mean_absolute_interval([[62, 129, 64, 60]])
    array([3.])
    """
    notes = notes_of(rows_of(X))
    owner = notes.melody[notes.followed()]
    return mean_by_melody(notes.n_melodies, owner, np.abs(notes.intervals()))


def groove_consistency(X, *, steps_per_measure=16):
    """Similarity of the rhythms of neighboring measures.

    ``1 - mean_i d(g_i, g_{i+1})``, where ``g_i`` is the binary vector of the onsets of
    measure i and ``d`` is the share of steps at which two measures differ. Only the
    measures of the melody are compared; MusPy 0.5.0 also compares the last one with an
    empty measure after it. A measure that the melody ends within differs from the one
    before it at all steps after the end.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies of whole measures.
    steps_per_measure : int, default=16
        Steps per measure: 16 for sixteenths in common time.

    Returns
    -------
    consistency : ndarray of float, shape (n_melodies,)
        In [0, 1]; 1 if all measures have the same onsets, as in silence. NaN for a
        single measure.

    Raises
    ------
    ValueError
        If the measures do not fill the row.

    References
    ----------
    S.-L. Wu and Y.-H. Yang, "The Jazz Transformer on the Front Line", ISMIR 2020.

    Examples
    --------
    >>> groove_consistency([[62, 129, 64, 64]], steps_per_measure=2)
    array([0.5])
    """
    measures = measures_of(rows_of(X), steps_per_measure)
    onsets, ended = measures < N_PITCHES, measures == END
    differs = (onsets[:, 1:] != onsets[:, :-1]) | ended[:, 1:]
    exists = np.broadcast_to(~ended[:, 1:, :1], differs.shape)
    return 1 - mean_where(differs, exists, axis=(1, 2))
