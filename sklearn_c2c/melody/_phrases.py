"""Where phrases may end."""

import numpy as np

from sklearn_c2c.melody._rows import check_melodies, notes_from_melody


def longest_notes(X, span):
    """Find the longest note of every so many steps: a guess where phrases end.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Legal melodies (see `check_melodies`).
    span : int
        Steps, 1 or more, such as those of two measures. Of equally long notes that
        begin in them it is the last one.

    Returns
    -------
    ndarray of bool, shape (n_melodies, n_steps)
        Whether such a note sounds, as the ``phrase_ends`` of `Harmonizer`.

    Raises
    ------
    ValueError
        If X is not of legal melodies, or the span is less than 1.

    Examples
    --------
    >>> longest_notes([[62, 64, 66, 129, 64, 129, 62, 128]], 4).astype(int)
    array([[0, 0, 1, 1, 1, 1, 0, 0]])
    """
    X = np.atleast_2d(check_melodies(X))
    if span < 1:
        raise ValueError(f"Found span={span}; expected 1 step or more.")
    found = np.zeros(X.shape, bool)
    for row, melody in zip(found, X, strict=True):
        notes = notes_from_melody(melody)
        for begin in range(0, len(melody), span):
            begins = (notes[:, 0] >= begin) & (notes[:, 0] < begin + span)
            # Reversed, as argmax is the first of equal ones.
            inside = notes[begins][::-1]
            if len(inside):
                onset, duration, _ = inside[inside[:, 1].argmax()]
                row[onset : onset + duration] = True
    return found
