"""How probable melodies are where a corpus is what one has heard before."""

from numbers import Integral

import numpy as np

from sklearn_c2c._ngrams import NGrams
from sklearn_c2c.melody import HOLD, N_PITCHES
from sklearn_c2c.metrics._notes import notes_of, ratio, rows_of, tunes_of

_N_CODES = HOLD + 1


def note_surprise(X, corpus=None, *, order=4):
    """Measure how improbable the pitches of melodies are, given those before them.

    The mean of ``-log p(pitch | the order pitches before)`` over the notes of a melody,
    under an interpolated Witten-Bell model of the corpus:

    ``p_k(c | s) = (n(s c) + T(s) * p_{k-1}(c | s')) / (N(s) + T(s))``

    with s the k pitches before pitch c, s' the same without the oldest one, n and N
    numbers of occurrences in the corpus, T(s) the number of different pitches after s,
    and ``p_{-1} = 1 / 128``. Contexts that do not occur are shortened. Onsets, holds
    and rests do not count: `step_surprise` sees the rhythm.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.
    corpus : array-like of int, shape (n_tunes, n_corpus_steps), or None, default=None
        Melodies that the model knows, at least one, in the key of `X`. None takes the
        other rows of `X` for each melody: its own pitches do not count, those of
        another row that is equal do.
    order : int, default=4
        Notes of the longest context, 0 or more.

    Returns
    -------
    surprise : ndarray of float, shape (n_melodies,)
        Nats a note; NaN for a melody without notes.

    Raises
    ------
    ValueError
        If the corpus is empty, there is no other row in `X`, or `order` is no number
        of notes.

    See Also
    --------
    step_surprise : The same for steps, with rhythm.

    Notes
    -----
    p_{-1} has all MIDI pitches, not only those that occur. So the value of a melody
    does not depend on what else is in `X`, values by corpora of different sizes can be
    compared, and a pitch that no tune has is a great surprise: more than log(128), 4.85
    nats.

    By the corpus that melodies were made from, copied notes surprise little. Measure by
    tunes that the maker has not seen, or read `longest_copied_run` beside it.

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
    """Measure how improbable the steps of melodies are, given those before them.

    The mean of ``-log p(code | the order codes before)`` over the steps of a melody,
    under the model of `note_surprise` with codes (pitch, rest or hold) in place of
    notes and ``p_{-1} = 1 / 130``.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.
    corpus : array-like of int, shape (n_tunes, n_corpus_steps), or None, default=None
        Melodies that the model knows, at least one, in the key of `X` and with as many
        steps to a quarter note. None takes the other rows of `X` for each melody.
    order : int, default=4
        Steps of the longest context, 0 or more.

    Returns
    -------
    surprise : ndarray of float, shape (n_melodies,)
        Nats a step.

    Raises
    ------
    ValueError
        As `note_surprise`.

    See Also
    --------
    note_surprise : The same for notes, which looks further back.

    Examples
    --------
    Three different codes in four steps, at order 0:

    >>> step_surprise([[62, 129, 62, 64]], [[62, 129, 62, 64]], order=0).round(3)
    array([1.582])
    """
    X = rows_of(X)
    known = tunes_of(X, corpus)
    return _surprise(X, known, order, _N_CODES, leave_out=corpus is None)


def _surprise(sequences, known, order, n_symbols, leave_out):
    """Mean nats a symbol; left out, each of the known sequences by the others."""
    if not isinstance(order, Integral) or order < 0:
        raise ValueError(f"Expected an order of 0 or more, got {order!r}.")
    ngrams = NGrams(known, order=order, n_symbols=n_symbols)
    log_p = ngrams.log_probabilities(sequences, leave_out=leave_out)
    return ratio(-log_p.sum(axis=1), (sequences >= 0).sum(axis=1))


def _pitches(X):
    """Pitches of the notes in their order, a row a melody, filled up with -1."""
    notes = notes_of(X)
    number = np.bincount(notes.melody, minlength=len(X))
    place = np.arange(len(notes.pitch)) - (np.cumsum(number) - number)[notes.melody]
    pitches = np.full((len(X), number.max(initial=0)), -1)
    pitches[notes.melody, place] = notes.pitch
    return pitches
