"""Pieces of several voices, as the measures of harmony look at them."""

from typing import NamedTuple

import numpy as np

from sklearn_c2c.melody import (
    N_PITCHES,
    check_voices,
    sounding_pitches,
    split_voices,
)


class Voices(NamedTuple):
    """Pieces as `rows` of (n_pieces · n_voices, n_steps), and what sounds in them.

    `pitches` is (n_pieces, n_voices, n_steps), and `sounds` tells where it is a pitch.
    """

    n_voices: int
    rows: np.ndarray
    pitches: np.ndarray
    sounds: np.ndarray

    def together(self, high, low):
        """Steps of each piece at which both of two voices sound."""
        return self.sounds[:, high] & self.sounds[:, low]

    def neighbors(self):
        """Indices of each voice and the one below it."""
        return [(voice, voice + 1) for voice in range(self.n_voices - 1)]


def voices_of(X, n_voices):
    """Check pieces; a single one is a set of one."""
    voices = split_voices(np.atleast_2d(check_voices(X, n_voices)), n_voices)
    pitches = sounding_pitches(voices)
    rows = voices.reshape(-1, voices.shape[-1])
    return Voices(n_voices, rows, pitches, pitches < N_PITCHES)


def ranges_of(voices):
    """Lowest and highest pitch of each voice; one that silent voices never have."""
    found = []
    for voice in range(voices.n_voices):
        pitches = voices.pitches[:, voice][voices.sounds[:, voice]]
        low, high = pitches.min(initial=N_PITCHES), pitches.max(initial=-1)
        found.append((int(low), int(high)) if len(pitches) else (N_PITCHES, N_PITCHES))
    return found
