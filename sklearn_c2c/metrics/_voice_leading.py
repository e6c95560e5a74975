"""Voice leading of pieces of several voices."""

from itertools import combinations

import numpy as np

from sklearn_c2c.melody import N_PITCHES
from sklearn_c2c.metrics._notes import mean_by_melody, notes_of, ratio
from sklearn_c2c.metrics._voices import voices_of

# Usual lowest and highest pitches of soprano, alto, tenor and bass.
RANGES = ((60, 81), (53, 74), (48, 69), (40, 62))

_FIFTH, _OCTAVE = 7, 0


def voice_crossings(X, *, n_voices=4):
    """Number of voice crossings: a voice comes to sound above the one over it.

    A crossing of neighboring voices counts once, at its first step.

    Parameters
    ----------
    X : array-like of int, shape (n_pieces, n_voices * n_steps)
        Pieces of several voices, see `harmony_statistics`.
    n_voices : int, default=4
        Number of voices.

    Returns
    -------
    number : ndarray of int, shape (n_pieces,)

    Examples
    --------
    Of two voices the lower one crosses in the second step, and holds:

    >>> voice_crossings([[67, 129, 129, 60, 69, 129]], n_voices=2)
    array([1])
    """
    voices = voices_of(X, n_voices)
    number = np.zeros(len(voices.pitches), dtype=int)
    for high, low in voices.neighbors():
        pitches = voices.pitches
        crossed = voices.together(high, low) & (pitches[:, high] < pitches[:, low])
        crossed[:, 1:] &= ~crossed[:, :-1]
        number += crossed.sum(axis=1)
    return number


def parallel_fifths(X, *, n_voices=4):
    """Number of parallel fifths.

    Two voices are in parallel fifths if they sound a perfect fifth, or one and some
    octaves, at two steps in succession, and both have moved in between, in the same
    direction. A fifth that is repeated or held is none, nor is contrary motion.

    Parameters
    ----------
    X : array-like of int, shape (n_pieces, n_voices * n_steps)
        Pieces of several voices, see `harmony_statistics`.
    n_voices : int, default=4
        Number of voices; each pair of them counts.

    Returns
    -------
    number : ndarray of int, shape (n_pieces,)

    Examples
    --------
    From D and A to C and G, and back by contrary motion, G up and D down:

    >>> parallel_fifths([[69, 67, 69, 62, 60, 50]], n_voices=2)
    array([1])
    """
    return _parallels(voices_of(X, n_voices), _FIFTH)


def parallel_octaves(X, *, n_voices=4):
    """Number of parallel octaves and unisons, counted as `parallel_fifths`.

    Parameters
    ----------
    X : array-like of int, shape (n_pieces, n_voices * n_steps)
        Pieces of several voices, see `harmony_statistics`.
    n_voices : int, default=4
        Number of voices; each pair of them counts.

    Returns
    -------
    number : ndarray of int, shape (n_pieces,)

    Examples
    --------
    >>> parallel_octaves([[74, 72, 72, 62, 60, 60]], n_voices=2)
    array([1])
    """
    return _parallels(voices_of(X, n_voices), _OCTAVE)


def out_of_range_share(X, *, ranges=None):
    """Share of the notes that lie outside the range of their voice.

    Parameters
    ----------
    X : array-like of int, shape (n_pieces, n_voices * n_steps)
        Pieces of several voices, see `harmony_statistics`.
    ranges : array-like of int, shape (n_voices, 2), default=None
        Lowest and highest usual pitch of each voice. None takes those of soprano (C4 to
        A5), alto (F3 to D5), tenor (C3 to A4) and bass (E2 to D4).

    Returns
    -------
    share : ndarray of float, shape (n_pieces,)
        NaN for a piece without notes.

    Raises
    ------
    ValueError
        If the ranges are not a low and a high pitch for each voice.

    Examples
    --------
    >>> out_of_range_share([[60, 84, 48, 129]], ranges=[(60, 81), (48, 69)])
    array([0.33333333])
    """
    ranges = np.asarray(RANGES if ranges is None else ranges)
    if ranges.ndim != 2 or ranges.shape[1] != 2 or (ranges[:, 0] > ranges[:, 1]).any():
        raise ValueError(
            f"Expected ranges of shape (n_voices, 2), the lowest and the highest pitch "
            f"of each voice, got {ranges.tolist()}."
        )
    voices = voices_of(X, len(ranges))
    rows = voices.rows.reshape(voices.pitches.shape)
    onsets = rows < N_PITCHES
    low, high = ranges.T[:, :, np.newaxis]
    outside = onsets & ((rows < low) | (rows > high))
    return ratio(outside.sum(axis=(1, 2)), onsets.sum(axis=(1, 2)))


def wide_spacing_share(X, *, n_voices=4):
    """Share of the steps at which upper voices are more than an octave apart.

    The lowest voice may be further from the one above it.

    Parameters
    ----------
    X : array-like of int, shape (n_pieces, n_voices * n_steps)
        Pieces of several voices, see `harmony_statistics`.
    n_voices : int, default=4
        Number of voices; of two both are upper ones.

    Returns
    -------
    share : ndarray of float, shape (n_pieces,)
        Of the steps at which two neighboring upper voices sound; NaN without any.

    Examples
    --------
    >>> wide_spacing_share([[74, 76, 67, 62, 60, 60]], n_voices=3)
    array([0.5])
    """
    voices = voices_of(X, n_voices)
    pairs = voices.neighbors()
    is_wide = is_counted = np.zeros(
        (len(voices.pitches), voices.pitches.shape[2]), bool
    )
    for high, low in pairs[: max(1, len(pairs) - 1)]:
        together = voices.together(high, low)
        apart = voices.pitches[:, high] - voices.pitches[:, low]
        is_counted = is_counted | together
        is_wide = is_wide | (together & (apart > 12))
    return ratio(is_wide.sum(axis=1), is_counted.sum(axis=1))


def voice_leap_share(X, *, n_voices=4):
    """Share of the intervals within voices that exceed a perfect fourth.

    Parameters
    ----------
    X : array-like of int, shape (n_pieces, n_voices * n_steps)
        Pieces of several voices, see `harmony_statistics`.
    n_voices : int, default=4
        Number of voices.

    Returns
    -------
    share : ndarray of float, shape (n_pieces,)
        Over all voices, rests between two notes ignored; NaN where each voice has fewer
        than two notes.

    Examples
    --------
    >>> voice_leap_share([[74, 72, 72, 62, 55, 60]], n_voices=2)
    array([0.25])
    """
    voices = voices_of(X, n_voices)
    notes = notes_of(voices.rows)
    piece = notes.melody[notes.followed()] // n_voices
    return mean_by_melody(len(voices.pitches), piece, np.abs(notes.intervals()) > 5)


def _parallels(voices, interval):
    """Number of parallel motions of each piece at an interval, modulo octaves."""
    motion = np.sign(np.diff(voices.pitches, axis=2))
    number = np.zeros(len(voices.pitches), dtype=int)
    for high, low in combinations(range(voices.n_voices), 2):
        apart = np.abs(voices.pitches[:, high] - voices.pitches[:, low]) % 12
        is_there = voices.together(high, low) & (apart == interval)
        moves = (motion[:, high] == motion[:, low]) & (motion[:, high] != 0)
        number += (is_there[:, 1:] & is_there[:, :-1] & moves).sum(axis=1)
    return number
