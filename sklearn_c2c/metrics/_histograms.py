"""Histograms of the notes of a melody: pitch classes, lengths, intervals."""

from sklearn_c2c.melody import N_PITCHES
from sklearn_c2c.metrics._notes import count, notes_of, rows_of


def pitch_class_histogram(X):
    """Count the notes of each pitch class.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.

    Returns
    -------
    counts : ndarray of int, shape (n_melodies, 12)
        Columns from C to B. The sum over the melodies is the histogram of the set.

    Examples
    --------
    >>> pitch_class_histogram([[62, 129, 74, 60]])
    array([[1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0]])
    """
    notes = notes_of(rows_of(X))
    return count(notes.n_melodies, 12, notes.melody, notes.pitch % 12)


def note_length_histogram(X):
    """Count the notes of each length.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.

    Returns
    -------
    counts : ndarray of int, shape (n_melodies, n_steps)
        Column k counts the notes of k + 1 steps. The sum over the melodies is the
        histogram of the set.

    Examples
    --------
    >>> note_length_histogram([[62, 129, 62, 64]])
    array([[2, 1, 0, 0]])
    """
    X = rows_of(X)
    notes = notes_of(X)
    return count(len(X), X.shape[1], notes.melody, notes.duration - 1)


def interval_histogram(X):
    """Count the intervals from each note to the next, across rests.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.

    Returns
    -------
    counts : ndarray of int, shape (n_melodies, 255)
        Column ``127 + k`` counts the intervals of k semitones, negative downwards. The
        sum over the melodies is the histogram of the set.

    Examples
    --------
    >>> counts = interval_histogram([[62, 129, 64, 60]])
    >>> counts[:, 127 - 5 : 127 + 5]
    array([[0, 1, 0, 0, 0, 0, 0, 1, 0, 0]])
    """
    notes = notes_of(rows_of(X))
    owner, columns = notes.melody[notes.followed()], notes.intervals() + N_PITCHES - 1
    return count(notes.n_melodies, 2 * N_PITCHES - 1, owner, columns)
