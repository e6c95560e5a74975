"""Novelty of melodies: distances and copies, to a corpus and to each other."""

import numpy as np
from scipy.spatial.distance import pdist

from sklearn_c2c.melody import (
    END,
    HOLD,
    N_PITCHES,
    melody_lengths,
    sounding_pitches,
)
from sklearn_c2c.metrics._notes import notes_of, rows_and_others, rows_of

_ENDED = 0  # number of a step after the end


def nearest_melody(X, corpus=None, *, by="steps"):
    """Find the melody of a corpus that is nearest to each melody.

    The distance of two melodies is the share of steps in which their rows differ
    (normalised Hamming distance): 0 for an exact copy. Of melodies of two lengths it is
    the share of the steps of the longer one, of which those after the end of the other
    differ. By intervals, the pitch of each
    note is replaced by its interval from the note before it in semitones, 0 for the
    first note; holds and rests are kept. Then a melody and its transposition are at
    distance 0, and a melody that is transposed from its middle on differs in one step.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.
    corpus : array-like of int, shape (n_tunes, n_steps), or None, default=None
        Melodies to search, at least one. None searches the other rows of `X`, for the
        distances within a corpus.
    by : {"steps", "intervals"}, default="steps"
        Whether tokens or intervals are compared.

    Returns
    -------
    index : ndarray of int, shape (n_melodies,)
        Row of the nearest tune in the corpus; of ties the first.
    distance : ndarray of float, shape (n_melodies,)
        In [0, 1].

    Raises
    ------
    ValueError
        If the corpus is empty, its melodies have another number of steps, or there is
        no corpus and `X` has a single row.

    Examples
    --------
    >>> nearest_melody([[62, 129, 64, 66]], [[60, 60, 60, 60], [62, 129, 64, 67]])
    (array([1]), array([0.25]))
    >>> nearest_melody([[62, 129, 64, 66]], [[60, 129, 62, 64]], by="intervals")
    (array([0]), array([0.]))
    """
    X, tunes = _X_and_corpus(X, corpus, by)
    index = np.zeros(len(X), dtype=int)
    distance = np.zeros(len(X))
    lengths, lengths_of_tunes = melody_lengths(X), melody_lengths(tunes)
    for i, melody in enumerate(X):
        n_steps = np.maximum(lengths[i], lengths_of_tunes)
        shares = (tunes != melody).sum(axis=1) / n_steps
        if corpus is None:
            shares[i] = np.inf
        index[i], distance[i] = shares.argmin(), shares.min()
    return index, distance


def longest_copied_run(X, corpus=None, *, by="steps", return_start=False):
    """Find the longest run of steps of each melody that is in a tune of a corpus.

    The run may be at another place in the tune: measure five moved to measure one is a
    copy. Holds are compared with the pitches that they prolong, so holds of different
    pitches differ. By intervals, transposed runs are copies too.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.
    corpus : array-like of int, shape (n_tunes, n_steps), or None, default=None
        Melodies to search, at least one. None searches the other rows of `X`.
    by : {"steps", "intervals"}, default="steps"
        Whether tokens or intervals are compared, see `nearest_melody`.
    return_start : bool, default=False
        Whether to return where the run begins.

    Returns
    -------
    index : ndarray of int, shape (n_melodies,)
        Row of the first tune with the run; -1 if no step is in the corpus.
    length : ndarray of int, shape (n_melodies,)
        Length of the run in steps: that of the melody for a whole copy, 0 if no step is
        in the corpus.
    start : ndarray of int, shape (n_melodies,)
        Step of the melody at which the run begins; of ties the first; 0 if no step is
        in the corpus. Only if `return_start`.

    Raises
    ------
    ValueError
        As `nearest_melody`.

    Examples
    --------
    The last three steps are the first three of the tune:

    >>> longest_copied_run([[60, 62, 129, 64]], [[62, 129, 64, 67]])
    (array([0]), array([3]))
    >>> longest_copied_run([[60, 62, 129, 64]], [[62, 129, 64, 67]], return_start=True)
    (array([0]), array([3]), array([1]))
    """
    X, tunes = _X_and_corpus(X, corpus, by)
    rows = _sounding(X if corpus is None else np.vstack([X, tunes]))
    row = np.arange(len(rows))
    groups = row if corpus is None else row < len(X)
    runs = _shared_runs(rows, groups)[: len(X)]
    start, length = runs.argmax(axis=1), runs.max(axis=1)
    texts = ["".join(map(chr, steps)) for steps in rows]
    index = np.full(len(X), -1)
    for i in np.flatnonzero(length):
        run = texts[i][start[i] : start[i] + length[i]]
        others = np.flatnonzero(groups != groups[i])
        index[i] = next(k for k in others if run in texts[k])
    if corpus is not None:
        index[length > 0] -= len(X)
    return (index, length, start) if return_start else (index, length)


def copy_share(X, corpus=None, *, by="steps"):
    """Share of the melodies that are in the corpus.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.
    corpus : array-like of int, shape (n_tunes, n_steps), or None, default=None
        Melodies to search, at least one. None searches the other rows of `X`.
    by : {"steps", "intervals"}, default="steps"
        Whether tokens or intervals are compared, see `nearest_melody`; "intervals"
        counts transpositions as copies.

    Returns
    -------
    share : float
        In [0, 1]; 0 if all melodies are new. NaN if `X` has no melody.

    Raises
    ------
    ValueError
        As `nearest_melody`.

    Examples
    --------
    >>> copy_share([[62, 129], [64, 66]], [[62, 129]])
    0.5
    """
    _, distance = nearest_melody(X, corpus, by=by)
    return float((distance == 0).mean()) if len(distance) else np.nan


def distinct_share(X):
    """Number of distinct melodies divided by the number of melodies.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.

    Returns
    -------
    share : float
        In (0, 1]; 1 if no two are the same. NaN if there is no melody.

    Examples
    --------
    >>> distinct_share([[62, 129], [62, 129], [64, 66], [64, 67]])
    0.75
    """
    X = rows_of(X)
    return len(np.unique(X, axis=0)) / len(X) if len(X) else np.nan


def diversity(X):
    """Mean distance between pairs of melodies.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.

    Returns
    -------
    distance : float
        Mean share of steps at which two melodies differ, as in `nearest_melody`, in
        [0, 1]; 0 if all are the same. NaN if there are fewer than two.

    Examples
    --------
    >>> diversity([[62, 129], [62, 129], [64, 66]])
    0.6666666666666666
    """
    X = rows_of(X)
    if len(X) < 2:
        return np.nan
    n_differing = np.rint(pdist(X, "hamming") * X.shape[1])
    first, second = np.triu_indices(len(X), k=1)
    lengths = melody_lengths(X)
    return float((n_differing / np.maximum(lengths[first], lengths[second])).mean())


def _X_and_corpus(X, corpus, by):
    """Rows of `X` and corpus to compare; without a corpus those of `X` twice."""
    X, tunes = rows_and_others(X, corpus)
    if by not in ("steps", "intervals"):
        raise ValueError(f"Expected by='steps' or by='intervals', got {by!r}.")
    return (X, tunes) if by == "steps" else (_as_intervals(X), _as_intervals(tunes))


def _as_intervals(X):
    """Replace each pitch by its interval from the note before, 0 for the first note.

    Intervals are below 128, so they are distinct from `REST`, `HOLD` and `END`.
    """
    notes = notes_of(X)
    followed = notes.followed()
    intervals = np.zeros_like(notes.pitch)
    intervals[followed + 1] = notes.intervals()
    rows = X.copy()
    rows[notes.melody, notes.onset] = intervals
    return rows


def _sounding(X):
    """A positive number for each step, of the sounding pitch and whether it is held.

    Steps after the end have the number `_ENDED`.
    """
    steps = 2 * (sounding_pitches(X) + N_PITCHES) + (X == HOLD)
    return np.where(X == END, _ENDED, steps)


def _shared_runs(rows, groups):
    """Length of the longest run from each step that is in a row of another group.

    The suffixes of all rows are sorted. Among the suffixes of other groups, the nearest
    one before or after a suffix shares the longest prefix with it.
    """
    n_rows, n_steps = rows.shape
    # Each row ends with a unique number, so that no run goes on after the end.
    unique = rows.max(initial=0) + 1 + np.arange(n_rows)[:, np.newaxis]
    text = np.hstack([np.where(rows == _ENDED, unique, rows), unique]).ravel()
    ranks = _ranks(text, n_steps)
    order = np.argsort(ranks[-1])
    group = groups[order // (n_steps + 1)]
    changes = np.flatnonzero(group[1:] != group[:-1]) + 1
    bounds = np.concatenate([[0], changes, [len(text)]])
    run = np.searchsorted(changes, np.arange(len(text)), side="right")
    length = np.zeros(len(text), dtype=int)
    for neighbor in (bounds[run] - 1, bounds[run + 1]):
        found = (neighbor >= 0) & (neighbor < len(text))
        a, b = order[found], order[neighbor[found]]
        length[a] = np.maximum(length[a], _common_prefix(ranks, a, b))
    return length.reshape(n_rows, n_steps + 1)


def _ranks(text, n_steps):
    """Ranks of the 1, 2, 4, ... symbols that begin at each place, up to n_steps."""
    ranks = [np.unique(text, return_inverse=True)[1]]
    place, width = np.arange(len(text)), 1
    while width < n_steps:
        ahead = ranks[-1][np.minimum(place + width, len(text) - 1)]
        pairs = ranks[-1] * len(text) + ahead
        ranks.append(np.unique(pairs, return_inverse=True)[1])
        width *= 2
    return ranks


def _common_prefix(ranks, a, b):
    """Number of equal symbols from places a and b on."""
    length = np.zeros_like(a)
    for level in reversed(range(len(ranks))):
        rank = ranks[level]
        length += (rank[a + length] == rank[b + length]) << level
    return length
