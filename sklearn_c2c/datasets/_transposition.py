"""A corpus in other keys."""

from numbers import Integral

import numpy as np
from sklearn.utils import Bunch
from sklearn.utils._param_validation import validate_params

from sklearn_c2c.melody import N_PITCHES, check_melodies, transpose


@validate_params(
    {
        "X": ["array-like"],
        "semitones": ["array-like"],
        "pitch_range": [tuple, list, None],
    },
    prefer_skip_nested_validation=True,
)
def transpositions(X, semitones=range(-5, 7), *, pitch_range=None):
    """Transpose every melody of a corpus by each of several intervals.

    A model that is trained on all of them learns the style in every key. Transpositions
    that would leave the pitch range are left out, and listed in `rejected`.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        The corpus, see `sklearn_c2c.melody`.
    semitones : array-like of int, shape (n_intervals,), default=range(-5, 7)
        Semitones of each interval, positive is up; each interval once. 0 keeps the
        melody. The default reaches each of the twelve keys by the smallest interval.
    pitch_range : (int, int) or None, default=None
        Lowest and highest MIDI pitch that a result may have, both included. None is
        0-127.

    Returns
    -------
    Bunch
        ``data``
            ndarray of int16, shape (n_results, n_steps): all that stay in the range,
            melody by melody, each by `semitones` in the order given.
        ``index``, ``semitones``
            ndarray of int, shape (n_results,): the row of X that each result is from,
            and the interval. The transpositions of one melody are not independent:
            ``index`` serves as groups of a cross-validation.
        ``rejected``
            ndarray of int, shape (n_rejected, 2): row of X and interval of each
            transposition that was left out.

    Raises
    ------
    ValueError
        If X does not hold melodies, a parameter is out of range, or every transposition
        leaves the range.

    Examples
    --------
    >>> from sklearn_c2c.datasets import transpositions
    >>> X = [[62, 129, 128], [74, 76, 128]]
    >>> moved = transpositions(X, semitones=[0, 2], pitch_range=(60, 76))
    >>> moved.data.tolist()
    [[62, 129, 128], [64, 129, 128], [74, 76, 128]]
    >>> moved.index.tolist(), moved.semitones.tolist(), moved.rejected.tolist()
    ([0, 0, 1], [0, 2, 0], [[1, 2]])
    """
    X = np.atleast_2d(check_melodies(X))
    intervals = _check_intervals(semitones)
    low, high = _check_pitch_range(pitch_range)
    sounds = X < N_PITCHES
    fits = np.empty((len(X), len(intervals)), dtype=bool)
    for column, interval in enumerate(intervals):
        outside = (X + interval < low) | (X + interval > high)
        fits[:, column] = ~(sounds & outside).any(axis=1)
    if len(X) and not fits.any():
        raise ValueError(
            f"No melody stays within pitch_range=({low}, {high}) by any of the "
            f"intervals {intervals.tolist()}; X has the pitches {X[sounds].min()} to "
            f"{X[sounds].max()}."
        )
    index, column = np.nonzero(fits)
    data = np.empty((len(index), X.shape[1]), dtype=np.int16)
    for i, interval in enumerate(intervals):
        data[column == i] = transpose(X[fits[:, i]], interval)
    rejected, out = np.nonzero(~fits)
    return Bunch(
        data=data,
        index=index,
        semitones=intervals[column],
        rejected=np.column_stack([rejected, intervals[out]]),
    )


def _check_intervals(semitones):
    """Return the intervals as an array, if they are distinct and within the range."""
    intervals = list(semitones)
    if (
        not intervals
        or not all(isinstance(interval, Integral) for interval in intervals)
        or not all(abs(interval) < N_PITCHES for interval in intervals)
        or len(set(intervals)) < len(intervals)
    ):
        raise ValueError(
            "semitones must be distinct integers from -127 to 127, at least one, such "
            f"as range(-5, 7); got {semitones!r}."
        )
    return np.array(intervals, dtype=int)


def _check_pitch_range(pitch_range):
    """Return the lowest and the highest pitch that a transposition may have."""
    if pitch_range is None:
        return 0, N_PITCHES - 1
    if (
        len(pitch_range) != 2
        or not all(isinstance(pitch, Integral) for pitch in pitch_range)
        or not 0 <= pitch_range[0] <= pitch_range[1] < N_PITCHES
    ):
        raise ValueError(
            "pitch_range must be None or (low, high), MIDI pitches with "
            f"0 <= low <= high <= 127, got {pitch_range!r}."
        )
    return pitch_range
