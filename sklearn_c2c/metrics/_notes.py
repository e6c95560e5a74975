"""Notes of a set of melodies as one table, and counts without a Python loop."""

from typing import NamedTuple

import numpy as np

from sklearn_c2c.melody import (
    END,
    REST,
    check_melodies,
    melody_lengths,
    notes_from_melody,
)


class Notes(NamedTuple):
    """Notes of `n_melodies` melodies, sorted by melody and onset."""

    n_melodies: int
    melody: np.ndarray
    onset: np.ndarray
    duration: np.ndarray
    pitch: np.ndarray

    def followed(self):
        """Indices of the notes that are not the last of their melody."""
        return np.flatnonzero(self.melody[:-1] == self.melody[1:])

    def intervals(self):
        """Semitones from each followed note up to the next one, across rests."""
        return np.diff(self.pitch)[self.followed()]


def rows_of(X):
    """Check melodies, and make a single melody a set of one."""
    return np.atleast_2d(check_melodies(X))


def tunes_of(X, corpus):
    """Check the melodies of a corpus; without a corpus return the checked `X`."""
    if corpus is not None:
        tunes = rows_of(corpus)
        if not len(tunes):
            raise ValueError(
                f"Expected at least one melody in corpus, got shape {tunes.shape}."
            )
        return tunes
    if len(X) == 1:
        raise ValueError("Expected a corpus, or at least two melodies, got one melody.")
    return X


def rows_and_others(X, corpus):
    """Check melodies and a corpus of as many steps; without a corpus return X twice."""
    X = rows_of(X)
    tunes = tunes_of(X, corpus)
    if tunes.shape[1] != X.shape[1]:
        raise ValueError(
            f"Expected rows of {X.shape[1]} steps in corpus, got shape {tunes.shape}; "
            f"pad_melodies fills up the rows of shorter melodies."
        )
    return X, tunes


def rows_and_tunes(X, corpus):
    """As `rows_and_others`, for a corpus that must be given."""
    return rows_and_others(X, rows_of(corpus))


def measures_of(X, steps_per_measure):
    """Divide rows into measures: (n_melodies, n_measures, steps_per_measure).

    A melody that is shorter than its row may end within a measure.
    """
    if steps_per_measure < 1 or X.shape[1] % steps_per_measure:
        raise ValueError(
            f"Expected melodies of whole measures, got {X.shape[1]} steps at "
            f"steps_per_measure={steps_per_measure}."
        )
    return X.reshape(len(X), X.shape[1] // steps_per_measure, steps_per_measure)


def n_measures_of(X, steps_per_measure):
    """Number of measures of each melody, with one that it ends within."""
    return -(-melody_lengths(X) // steps_per_measure)


def notes_of(X):
    """List the notes of checked melodies of shape (n_melodies, n_steps)."""
    # Every row begins with an onset or a rest, so the rows can be concatenated. A rest
    # ends a note as the end of its melody does.
    steps = np.where(X == END, REST, X).ravel()
    notes = notes_from_melody(steps) if X.size else np.empty((0, 3), dtype=int)
    melody, onset = np.divmod(notes[:, 0], X.shape[1])
    return Notes(len(X), melody, onset, notes[:, 1], notes[:, 2])


def count(n_melodies, n_columns, melody, column, weights=1):
    """Count each value in each melody, shape (n_melodies, n_columns)."""
    counts = np.zeros((n_melodies, n_columns), dtype=int)
    np.add.at(counts, (melody, column), weights)
    return counts


def step_share(X, is_counted):
    """Share of the steps of each melody that count; none of them is after its end."""
    return ratio(is_counted.sum(axis=1), melody_lengths(X))


def n_steps_of_either(X, others):
    """Number of steps that at least one of two melodies has."""
    return np.maximum(melody_lengths(X), melody_lengths(others))


def mean_where(values, exists, axis):
    """Mean of the values that exist, NaN where none does."""
    return ratio(values.sum(axis=axis, where=exists), exists.sum(axis=axis))


def mean_by_melody(n_melodies, melody, values):
    """Mean of the values of each melody; NaN for a melody without values."""
    number = np.bincount(melody, minlength=n_melodies)
    total = np.bincount(melody, weights=values, minlength=n_melodies)
    return ratio(total, number)


def ratio(part, whole):
    """Divide; 0 / 0 is NaN."""
    with np.errstate(invalid="ignore"):
        return np.true_divide(part, whole)


def shares(counts):
    """Divide each row by its sum; a row of zeros stays as it is."""
    total = counts.sum(axis=-1, keepdims=True)
    return np.divide(counts, total, out=np.zeros(counts.shape), where=total > 0)
