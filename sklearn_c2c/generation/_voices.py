"""Rows of several voices, as their `PianoRollEncoder` knows them."""

import numpy as np

from sklearn_c2c.melody import N_PITCHES, mend_orphan_holds, split_voices


def steps_of_voice(encoder):
    """Number of steps of each voice of a row."""
    return encoder.n_features_in_ // encoder.n_voices


def own_tokens(encoder):
    """Mask of the tokens that each step can have, (n_steps, n_tokens).

    A pitch outside the range of its voice is never decoded.
    """
    low, high = encoder.voice_ranges_.T[..., np.newaxis]
    tokens = encoder.tokens_
    is_own = (tokens >= N_PITCHES) | ((tokens >= low) & (tokens <= high))
    return np.repeat(is_own, steps_of_voice(encoder), axis=0)


def transitions_of(encoder, voice):
    """Transitions of a voice, a dict."""
    found = encoder.transitions_
    return found[voice] if encoder.n_voices > 1 else found


def mend_voices(encoder, melodies):
    """Turn every hold into a rest that has no note to hold in its own voice."""
    voices = mend_orphan_holds(split_voices(melodies, encoder.n_voices))
    return voices.reshape(melodies.shape)
