"""Rules of voice leading, as probabilities of 0 for what breaks them."""

import numpy as np

from sklearn_c2c.melody import HOLD, N_PITCHES, REST, sounding_pitches

# Intervals modulo octaves that do not move in parallel.
_NOT_IN_PARALLEL = 0, 7


def forbid_crossing(roll, tokens, above, below):
    """Set the probabilities of pitches that cross other voices to 0, in place.

    Parameters
    ----------
    roll : ndarray of shape (n_pieces, n_steps, n_tokens)
        Probabilities of a voice.
    tokens : ndarray of int, shape (n_tokens,)
    above, below : ndarray of int, shape (n_pieces, n_voices, n_steps)
        Voices above and below, as far as they are decided.
    """
    pitches = np.where(tokens < N_PITCHES, tokens, -1)
    highest = lowest_of(above)[..., np.newaxis]
    lowest = highest_of(below)[..., np.newaxis]
    crosses = (pitches >= 0) & ((pitches > highest) | (pitches < lowest))
    roll[crosses] = 0


def lowest_of(voices):
    """Lowest pitch that sounds at each step, or the highest pitch there is."""
    sounding = sounding_pitches(voices)
    return np.minimum(sounding, N_PITCHES - 1).min(axis=1, initial=N_PITCHES - 1)


def highest_of(voices):
    """Highest pitch that sounds at each step, or the lowest pitch there is."""
    sounding = sounding_pitches(voices)
    return np.where(sounding < N_PITCHES, sounding, 0).max(axis=1, initial=0)


def faults(voice, above, below):
    """Steps at which a decided voice crosses others, or moves in parallel with them.

    Parameters
    ----------
    voice : ndarray of int, shape (n_pieces, n_steps)
    above, below : ndarray of int, shape (n_pieces, n_voices, n_steps)

    Returns
    -------
    ndarray of bool, shape (n_pieces, n_steps)
    """
    sounding = sounding_pitches(voice)
    sounds = sounding < N_PITCHES
    crossed = (sounding > lowest_of(above)) | (sounding < highest_of(below))
    others = sounding_pitches(np.concatenate([above, below], axis=1))
    own = sounding[:, np.newaxis]
    together = sounds[:, np.newaxis] & (others < N_PITCHES)
    apart = np.abs(own - others) % 12
    motion, own_motion = np.sign(np.diff(others, axis=2)), np.sign(np.diff(own, axis=2))
    moved = (motion == own_motion) & (motion != 0)
    parallel = np.zeros_like(sounds)
    for interval in _NOT_IN_PARALLEL:
        is_there = together & (apart == interval)
        found = is_there[:, :, 1:] & is_there[:, :, :-1] & moved
        parallel[:, 1:] |= found.any(axis=1)
    return (crossed & sounds) | parallel


def forbid(roll, tokens, voice, wrong):
    """Set the probabilities of what a voice does at wrong steps to 0, in place.

    Returns
    -------
    ndarray of bool, shape (n_pieces,)
        Pieces in which something was possible that no longer is.
    """
    column_of = np.zeros(HOLD + 1, int)
    column_of[tokens[tokens <= HOLD]] = np.flatnonzero(tokens <= HOLD)
    piece, step = np.nonzero(wrong & (voice != REST))
    column = column_of[voice[piece, step]]
    changes = np.zeros(len(roll), bool)
    changes[piece[roll[piece, step, column] > 0]] = True
    roll[piece, step, column] = 0
    return changes
