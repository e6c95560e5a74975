"""Chords of pieces of several voices."""

import numpy as np

from sklearn_c2c.melody import N_PITCHES
from sklearn_c2c.metrics._notes import ratio
from sklearn_c2c.metrics._voices import voices_of

# Pitch classes of the chords that count as recognised, from the root: triads (major,
# minor, diminished, augmented) and seventh chords (dominant, major, minor, half
# diminished, diminished, minor with a major seventh).
_CHORDS = (
    (0, 4, 7),
    (0, 3, 7),
    (0, 3, 6),
    (0, 4, 8),
    (0, 4, 7, 10),
    (0, 4, 7, 11),
    (0, 3, 7, 10),
    (0, 3, 6, 10),
    (0, 3, 6, 9),
    (0, 3, 7, 11),
)

# Voices that make a chord; fewer are an interval.
_LEAST_VOICES = 3


def chord_share(X, *, n_voices=4, steps_per_beat=4):
    """Share of the beats at which a recognised chord sounds.

    All pitch classes that sound at the first step of the beat belong to one triad or
    seventh chord (major, minor, diminished, augmented; dominant, major, minor, half
    diminished or diminished seventh, minor with a major seventh), of which the root and
    the third sound.

    Parameters
    ----------
    X : array-like of int, shape (n_pieces, n_voices * n_steps)
        Pieces of several voices, see `harmony_statistics`.
    n_voices : int, default=4
        Number of voices.
    steps_per_beat : int, default=4
        Steps per beat.

    Returns
    -------
    share : ndarray of float, shape (n_pieces,)
        Of the beats at which at least three voices sound, of two voices both; NaN
        without any.

    Examples
    --------
    D minor, and a second beat at which E and F clash:

    >>> chord_share([[74, 129, 69, 64, 65, 129]], n_voices=3, steps_per_beat=1)
    array([0.5])
    """
    is_in_chord, sounds, present = _chord_members(X, n_voices, steps_per_beat)
    all_in = (is_in_chord | ~sounds[..., np.newaxis, :]).all(axis=-1)
    return _beat_share((all_in & present).any(axis=-1), sounds)


def chord_tone_share(X, *, n_voices=4, steps_per_beat=4):
    """Share of the voices, at each beat, that belong to the chord that fits best.

    The chords are those of `chord_share`, and the one with the most voices is taken.

    Parameters
    ----------
    X : array-like of int, shape (n_pieces, n_voices * n_steps)
        Pieces of several voices, see `harmony_statistics`.
    n_voices : int, default=4
        Number of voices.
    steps_per_beat : int, default=4
        Steps per beat.

    Returns
    -------
    share : ndarray of float, shape (n_pieces,)
        Mean over the beats that `chord_share` counts.

    Examples
    --------
    >>> X = [[74, 129, 69, 64, 65, 129]]
    >>> chord_tone_share(X, n_voices=3, steps_per_beat=1).round(3)
    array([0.833])
    """
    is_in_chord, sounds, _ = _chord_members(X, n_voices, steps_per_beat)
    most = is_in_chord.sum(axis=-1).max(axis=-1, initial=0)
    return _beat_share(ratio(most, sounds.sum(axis=-1)), sounds)


def _chord_members(X, n_voices, steps_per_beat):
    """Which voices sound at each beat, and belong to each chord.

    Returns
    -------
    is_in_chord : ndarray of bool, shape (n_pieces, n_beats, n_chords, n_voices)
        Whether a voice sounds a pitch class of the chord.
    sounds : ndarray of bool, shape (n_pieces, n_beats, n_voices)
    present : ndarray of bool, shape (n_pieces, n_beats, n_chords)
        Whether root and third of the chord sound.
    """
    if steps_per_beat < 1:
        raise ValueError(
            f"Expected steps_per_beat of at least 1, got {steps_per_beat}."
        )
    voices = voices_of(X, n_voices)
    beats = voices.pitches[:, :, ::steps_per_beat].swapaxes(1, 2)
    sounds = beats < N_PITCHES
    members = np.zeros((len(_CHORDS), 12, 12), bool)  # of chord, root and pitch class
    for chord, tones in enumerate(_CHORDS):
        for root in range(12):
            members[chord, root, (root + np.array(tones)) % 12] = True
    members = members.reshape(-1, 12)
    is_in_chord = members[:, beats % 12].transpose(1, 2, 0, 3)
    is_in_chord = is_in_chord & sounds[:, :, np.newaxis, :]
    classes = (np.arange(12) == (beats % 12)[..., np.newaxis]) & sounds[..., np.newaxis]
    heard = classes.any(axis=2)
    roots = np.tile(np.arange(12), len(_CHORDS))
    thirds = (roots + np.repeat([tones[1] for tones in _CHORDS], 12)) % 12
    return is_in_chord, sounds, heard[..., roots] & heard[..., thirds]


def _beat_share(values, sounds):
    """Mean of the values of each piece over the beats at which enough voices sound."""
    is_counted = sounds.sum(axis=-1) >= min(_LEAST_VOICES, sounds.shape[-1])
    total = np.where(is_counted, values, 0).sum(axis=1)
    return ratio(total, is_counted.sum(axis=1))
