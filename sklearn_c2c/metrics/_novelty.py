"""How new melodies are: to the corpus they come from, and to each other."""

import numpy as np
from scipy.spatial.distance import pdist

from sklearn_c2c.melody import HOLD, N_PITCHES, sounding_pitches
from sklearn_c2c.metrics._notes import notes_of, rows_and_others, rows_of

_SEPARATOR = "\0"  # between tunes, so that no run crosses from one into the next


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
    texts, n_steps = [_text(melody) for melody in X], X.shape[1]
    tunes = texts if corpus is None else [_text(tune) for tune in tunes]
    index = np.full(len(X), -1)
    length = np.zeros(len(X), dtype=int)
    start = np.zeros(len(X), dtype=int)
    book = _SEPARATOR.join(tunes)
    for i, text in enumerate(texts):
        if corpus is None:
            others = [*tunes[:i], _SEPARATOR * n_steps, *tunes[i + 1 :]]
            book = _SEPARATOR.join(others)
        place, start[i], length[i] = _longest_run(text, book)
        index[i] = place // (n_steps + 1)
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


def _text(row):
    """One character a step: what is sounding there, and whether it is held."""
    characters = 2 * (sounding_pitches(row) + N_PITCHES) + (row == HOLD)
    return "".join(map(chr, characters))


def _longest_run(text, book):
    """Longest run of the text: place in the book, -1 for none, start, and length.

    From one end to the next a run grows by one character at most, so at each end one
    search answers whether the longest one grows.
    """
    place, start, length = -1, 0, 0
    for end in range(1, len(text) + 1):
        found = book.find(text[end - length - 1 : end])
        if found >= 0:
            place, start, length = found, end - length - 1, length + 1
    return place, start, length
