"""How much of a melody is in one tune of a corpus, moved in time and pitch."""

import numpy as np
from sklearn.utils import gen_batches

from sklearn_c2c.metrics._notes import notes_of, rows_and_others

_N_COUNTS = 2**18  # translations counted at one time: 2 MB stay in the cache


def originality(X, corpus=None):
    """Tell how much of each melody is in no tune of a corpus, after Yin et al.

    A melody is the set of its points, the onset (step) and pitch of each note. Of a
    melody Q the originality is

    ``OS(Q) = 1 - max_{P, t} |(Q + t) ∩ P| / max(|Q|, |P|)``

    over all tunes P of the corpus and all translations t in time and pitch.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.
    corpus : array-like of int, shape (n_tunes, n_steps), or None, default=None
        Tunes to look in, at least one. None looks in the other rows of `X`: the
        originality of the tunes of a corpus among their own.

    Returns
    -------
    originality : ndarray of float, shape (n_melodies,)
        In [0, 1]; 0 for a copy or a transposed copy, 1 if no tune has a note. NaN where
        there is no note.

    Raises
    ------
    ValueError
        If the corpus is empty, its melodies have another number of steps, or there is
        no other row in `X` to look in.

    See Also
    --------
    longest_copied_run : The longest part that is copied in one piece.

    Notes
    -----
    The score is that of whole rows; the authors take windows of both. Lengths of notes
    do not count, so two rhythms with the same onsets are the same. A high value is not
    good in itself: compare with the corpus' own. The mean is .53 for the 134 reels of
    `load_celtic`, and .82 if their steps are shuffled.

    References
    ----------
    Z. Yin, F. Reuben, S. Stepney and T. Collins, "Measuring when a music generation
    algorithm copies too much: the originality report, cardinality score, and symbolic
    fingerprinting by geometric hashing", SN Computer Science 3, 2022.

    Examples
    --------
    Three of four notes are those of the tune, a tone higher and a step later:

    >>> originality([[60, 64, 66, 68]], [[62, 64, 66, 60]])
    array([0.25])
    """
    X, tunes = rows_and_others(X, corpus)
    notes, others = notes_of(X), notes_of(tunes)
    sizes, sizes_of_others = _sizes(notes), _sizes(others)
    similarity = np.zeros(len(X))
    if len(notes.pitch) and len(others.pitch):
        points, points_of_others, n_shifts = _points(notes, others, X.shape[1])
        ends = np.cumsum(sizes)
        for batch in gen_batches(len(tunes), max(1, _N_COUNTS // n_shifts)):
            inside = (others.melody >= batch.start) & (others.melody < batch.stop)
            first = (others.melody[inside] - batch.start) * n_shifts
            targets = points_of_others[inside] + first
            n_notes = sizes_of_others[batch]
            for i in np.flatnonzero(sizes):
                own = points[ends[i] - sizes[i] : ends[i]]
                n_common = _largest_overlaps(own, targets, len(n_notes), n_shifts)
                shared = n_common / np.maximum(sizes[i], n_notes)
                if corpus is None and batch.start <= i < batch.stop:
                    shared[i - batch.start] = 0
                similarity[i] = max(similarity[i], shared.max())
    return np.where(sizes > 0, 1 - similarity, np.nan)


def _sizes(notes):
    """Notes of each melody."""
    return np.bincount(notes.melody, minlength=notes.n_melodies)


def _points(notes, others, n_steps):
    """Number the points so that the difference of two numbers is their translation.

    Returns the numbers of both and how many translations there are; a point of the
    others minus one of the first lies in ``range(n_shifts)``.
    """
    lowest = others.pitch.min() - notes.pitch.max()
    n_pitch_shifts = others.pitch.max() - notes.pitch.min() - lowest + 1
    points = notes.onset * n_pitch_shifts + notes.pitch
    targets = (others.onset + n_steps - 1) * n_pitch_shifts + others.pitch - lowest
    return points, targets, (2 * n_steps - 1) * n_pitch_shifts


def _largest_overlaps(points, targets, n_tunes, n_shifts):
    """Most points that one translation brings onto points of each tune.

    `targets` are the points of all tunes, those of tune k moved by ``k · n_shifts``.
    """
    translations = np.subtract.outer(targets, points).ravel()
    counts = np.bincount(translations, minlength=n_tunes * n_shifts)
    return counts.reshape(n_tunes, n_shifts).max(axis=1)
