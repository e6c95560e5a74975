"""How new melodies are: to the corpus they come from, and to each other."""

import numpy as np
from scipy.spatial.distance import pdist

from sklearn_c2c.melody import HOLD, N_PITCHES, sounding_pitches
from sklearn_c2c.metrics._notes import notes_of, rows_and_others, rows_of


def nearest_melody(X, corpus=None, *, by="steps"):
    """Find the melody of a corpus that is nearest to each melody.

    The distance of two melodies is the share of steps in which their rows differ
    (normalised Hamming distance): 0 for an exact copy. By intervals, each note stands
    in its row as the semitones from the note before it, the first one as 0, holds and
    rests as they are; then a melody and its transposition are at distance 0, and one
    that changes key half-way differs in one step.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.
    corpus : array-like of int, shape (n_tunes, n_steps), or None, default=None
        Melodies to look among, at least one. None looks among the other rows of `X`:
        for a corpus, how far its own tunes are from each other.
    by : {"steps", "intervals"}, default="steps"
        What is compared.

    Returns
    -------
    index : ndarray of int, shape (n_melodies,)
        Row of the nearest tune in the corpus, the first one of several.
    distance : ndarray of float, shape (n_melodies,)
        In [0, 1].

    Raises
    ------
    ValueError
        If the corpus is empty, its melodies have another number of steps, or there is
        no other row in `X` to look among.

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
    for i, melody in enumerate(X):
        shares = (tunes != melody).mean(axis=1)
        if corpus is None:
            shares[i] = np.inf
        index[i], distance[i] = shares.argmin(), shares.min()
    return index, distance


def longest_copied_run(X, corpus=None, *, by="steps", return_start=False):
    """Find the longest run of steps of each melody that stands in a tune of a corpus.

    A run is copied wherever it stands in the tune: measure five moved to measure one is
    still a copy. A hold counts with the note it holds, so long notes are alike only if
    their pitches are; by intervals, transposed runs are copies too.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.
    corpus : array-like of int, shape (n_tunes, n_steps), or None, default=None
        Melodies to look among, at least one. None looks among the other rows of `X`.
    by : {"steps", "intervals"}, default="steps"
        What is compared, see `nearest_melody`.
    return_start : bool, default=False
        Whether to return where the run begins.

    Returns
    -------
    index : ndarray of int, shape (n_melodies,)
        Row of a tune that holds the run, the first one of several; -1 where not one
        step is in the corpus.
    length : ndarray of int, shape (n_melodies,)
        Of the run, in steps: `n_steps` for a whole copy, 0 for nothing copied.
    start : ndarray of int, shape (n_melodies,)
        Step of the melody at which the run begins, the first one of several as long; 0
        for nothing copied. Only if `return_start`.

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
    """Share of the melodies that are in the corpus, step by step.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.
    corpus : array-like of int, shape (n_tunes, n_steps), or None, default=None
        Melodies to look among, at least one. None looks among the other rows of `X`.
    by : {"steps", "intervals"}, default="steps"
        What is compared, see `nearest_melody`; "intervals" counts transpositions.

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
    """Share of different melodies: their number over that of all.

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
    """Mean distance between two of the melodies.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.

    Returns
    -------
    distance : float
        Mean share of steps in which two melodies differ, in [0, 1]; 0 if all are the
        same. NaN if there are fewer than two.

    Examples
    --------
    >>> diversity([[62, 129], [62, 129], [64, 66]])
    0.6666666666666666
    """
    X = rows_of(X)
    return float(pdist(X, "hamming").mean()) if len(X) > 1 else np.nan


def _X_and_corpus(X, corpus, by):
    """Rows to compare of both; those of `X` twice where there is no corpus."""
    X, tunes = rows_and_others(X, corpus)
    if by not in ("steps", "intervals"):
        raise ValueError(f"Expected by='steps' or by='intervals', got {by!r}.")
    return (X, tunes) if by == "steps" else (_as_intervals(X), _as_intervals(tunes))


def _as_intervals(X):
    """Write each note as semitones from the one before it, the first of a melody as 0.

    Intervals are below 128, so `REST` and `HOLD` keep their codes.
    """
    notes = notes_of(X)
    followed = notes.followed()
    intervals = np.zeros_like(notes.pitch)
    intervals[followed + 1] = notes.intervals()
    rows = X.copy()
    rows[notes.melody, notes.onset] = intervals
    return rows


def _sounding(X):
    """One number a step, above 0: what is sounding there, and whether it is held."""
    return 2 * (sounding_pitches(X) + N_PITCHES) + (X == HOLD)


def _shared_runs(rows, groups):
    """Longest run from each step on that a row of another group has, anywhere.

    The suffixes of all rows are sorted. Of those of other groups, the nearest one
    before a suffix or the nearest one after it shares the longest prefix with it.
    """
    n_rows, n_steps = rows.shape
    # A number of its own ends each row, so that no run goes on into the next row.
    text = np.column_stack([rows, rows.max(initial=0) + 1 + np.arange(n_rows)]).ravel()
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
    """Rank of the 1, 2, 4, ... symbols from each place on, up to at least n_steps."""
    ranks = [np.unique(text, return_inverse=True)[1]]
    place, width = np.arange(len(text)), 1
    while width < n_steps:
        ahead = ranks[-1][np.minimum(place + width, len(text) - 1)]
        pairs = ranks[-1] * len(text) + ahead
        ranks.append(np.unique(pairs, return_inverse=True)[1])
        width *= 2
    return ranks


def _common_prefix(ranks, a, b):
    """Symbols that are the same from places a and b on."""
    length = np.zeros_like(a)
    for level in reversed(range(len(ranks))):
        rank = ranks[level]
        length += (rank[a + length] == rank[b + length]) << level
    return length
