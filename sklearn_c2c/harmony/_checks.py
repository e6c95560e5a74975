"""Checks of the pieces that a `Harmonizer` gets."""

import numpy as np
from sklearn.utils.validation import check_array

from sklearn_c2c._transitions import Transitions
from sklearn_c2c._validation import check_input
from sklearn_c2c.melody import N_PITCHES, check_voices, raise_where, split_voices


def check_added(y, n_steps):
    """The voices that are added to melodies, (n_pieces, n_added, n_steps)."""
    y = check_array(check_input(y), input_name="y")
    if y.shape[1] % n_steps:
        raise ValueError(
            f"Expected y of shape (n_pieces, n_added * {n_steps}), the other voices of "
            f"each melody one after the other, got {y.shape}."
        )
    n_added = y.shape[1] // n_steps
    return split_voices(check_voices(y, n_added), n_added)


def range_of(voices, otherwise):
    """Lowest and highest pitch of some voices, or another range without any."""
    pitches = voices[voices < N_PITCHES]
    return (int(pitches.min()), int(pitches.max())) if pitches.size else otherwise


def loaded(transitions):
    """Transitions whose arrays are in memory; those of a worker may be in a file."""
    return Transitions(**{name: np.asarray(part) for name, part in transitions.items()})


def check_pitches(voices, low, high):
    voices = voices.reshape(-1, voices.shape[-1])
    raise_where(
        voices,
        (voices < N_PITCHES) & ((voices < low) | (voices > high)),
        f"this pitch is outside {low}-{high}, the range of all voices in fit; "
        "transpose the piece",
    )


def check_ends(phrase_ends, shape):
    """Where phrases end, as a bool array of a shape."""
    ends = np.asarray(phrase_ends)
    if ends.shape != shape or not np.isin(ends, (0, 1)).all():
        raise ValueError(
            f"Expected phrase_ends of shape {shape}, that of X, True at the last notes "
            f"of phrases, got {ends.dtype} of shape {ends.shape}."
        )
    return ends.astype(bool)
