"""Surprise: negative log-likelihood of melodies under a model of a corpus."""

from numbers import Integral

import numpy as np

from sklearn_c2c._ngrams import NGrams
from sklearn_c2c.melody import END, HOLD, N_PITCHES
from sklearn_c2c.metrics._notes import notes_of, ratio, rows_of, tunes_of

_N_TOKENS = HOLD + 1
_PADDING = -1  # of sequences that are shorter than their rows


def note_surprise(X, corpus=None, *, order=4):
    """Mean negative log-likelihood of the pitches of melodies, given those before.

    The mean of ``-log p(pitch | the order pitches before)`` over the notes of a melody,
    under an interpolated Witten-Bell model of the corpus:

    ``p_k(c | s) = (n(s c) + T(s) * p_{k-1}(c | s')) / (N(s) + T(s))``

    with s the k pitches before pitch c, s' the same without the oldest one, n and N
    numbers of occurrences in the corpus, T(s) the number of distinct pitches after s,
    and ``p_{-1} = 1 / 128``. Contexts that do not occur are shortened. Rhythm has no
    influence; see `step_surprise`.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.
    corpus : array-like of int, shape (n_tunes, n_corpus_steps), or None, default=None
        Melodies of the model, at least one, in the key of `X`. None takes the other
        rows of `X` for each melody, including rows that are equal to it.
    order : int, default=4
        Number of notes of the longest context, 0 or more.

    Returns
    -------
    surprise : ndarray of float, shape (n_melodies,)
        Nats per note; NaN for a melody without notes.

    Raises
    ------
    ValueError
        If the corpus is empty, there is no corpus and `X` has a single row, or `order`
        is negative.

    See Also
    --------
    step_surprise : The surprise of steps, which includes rhythm.

    Notes
    -----
    p_{-1} is uniform over all MIDI pitches, not only over those that occur. So the
    value of a melody does not depend on the other rows of `X`, and values under models
    of different corpora are comparable. A pitch that is in no tune has more than
    log(128) = 4.85 nats.

    Under a model of the corpus that melodies were generated from, copied notes have a
    low surprise. Use a corpus that the generator was not fitted on, or read
    `longest_copied_run` beside it.

    References
    ----------
    I. H. Witten and T. C. Bell, "The zero-frequency problem", IEEE Transactions on
    Information Theory 37(4), 1991.

    Examples
    --------
    >>> tunes = [[62, 129, 64, 66], [62, 129, 64, 66], [66, 66, 64, 62]]
    >>> note_surprise([[62, 129, 64, 66], [66, 64, 66, 62]], tunes).round(2)
    array([0.15, 1.92])
    """
    X = rows_of(X)
    pitches, known = _pitches(X), _pitches(tunes_of(X, corpus))
    return _surprise(pitches, known, order, N_PITCHES, leave_out=corpus is None)


def step_surprise(X, corpus=None, *, order=4):
    """Mean negative log-likelihood of the steps of melodies, given those before.

    The mean of ``-log p(token | the order tokens before)`` over the steps of a melody,
    under the model of `note_surprise` with tokens (pitch, rest or hold) in place of
    pitches and ``p_{-1} = 1 / 130``. The ends of melodies are not predicted.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.
    corpus : array-like of int, shape (n_tunes, n_corpus_steps), or None, default=None
        Melodies of the model, at least one, in the key of `X` and with as many steps
        per quarter note. None takes the other rows of `X` for each melody.
    order : int, default=4
        Number of steps of the longest context, 0 or more.

    Returns
    -------
    surprise : ndarray of float, shape (n_melodies,)
        Nats per step.

    Raises
    ------
    ValueError
        As `note_surprise`.

    See Also
    --------
    note_surprise : The surprise of notes, whose contexts are longer in time.

    Examples
    --------
    Three distinct tokens in four steps, at order 0:

    >>> step_surprise([[62, 129, 62, 64]], [[62, 129, 62, 64]], order=0).round(3)
    array([1.582])
    """
    X = rows_of(X)
    X, known = (
        np.where(rows == END, _PADDING, rows) for rows in (X, tunes_of(X, corpus))
    )
    return _surprise(X, known, order, _N_TOKENS, leave_out=corpus is None)


def _surprise(sequences, known, order, n_symbols, leave_out):
    """Mean nats per symbol; with leave_out, of each known sequence by the others."""
    if not isinstance(order, Integral) or order < 0:
        raise ValueError(f"Expected an order of 0 or more, got {order!r}.")
    ngrams = NGrams(known, order=order, n_symbols=n_symbols)
    log_p = ngrams.log_probabilities(sequences, leave_out=leave_out)
    return ratio(-log_p.sum(axis=1), (sequences >= 0).sum(axis=1))


def _pitches(X):
    """Pitches of the notes in order, one row per melody, padded with -1."""
    notes = notes_of(X)
    number = np.bincount(notes.melody, minlength=len(X))
    place = np.arange(len(notes.pitch)) - (np.cumsum(number) - number)[notes.melody]
    pitches = np.full((len(X), number.max(initial=0)), _PADDING)
    pitches[notes.melody, place] = notes.pitch
    return pitches
