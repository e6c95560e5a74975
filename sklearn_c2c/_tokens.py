"""Tokens of the columns of a piano roll: their order, their names, their ranges."""

import numpy as np

from sklearn_c2c.melody import (
    END,
    HOLD,
    N_PITCHES,
    REST,
    pitch_name,
    raise_where,
    split_voices,
)


def tokens_between(low, high, *, ends):
    """The token of each column of a step: pitches, hold, rest, and the end if any."""
    end = [END] if ends else []
    return np.array([*range(low, high + 1), HOLD, REST, *end], dtype=np.int16)


def token_name(token):
    """Name of a token in the names of columns."""
    names = {HOLD: "hold", REST: "rest", END: "end"}
    return names.get(token) or pitch_name(token)


def own_tokens(tokens, voice_range):
    """Mask of the tokens that a voice of such a range can have."""
    low, high = voice_range
    return (tokens >= N_PITCHES) | ((tokens >= low) & (tokens <= high))


def token_columns(X, tokens, voice_ranges):
    """The column of each token within its step.

    Parameters
    ----------
    X : ndarray of int16, shape (n_melodies, n_steps)
        Legal melodies, of one or more voices.
    tokens : ndarray of int16, shape (n_tokens,)
    voice_ranges : ndarray of int, shape (n_voices, 2)
        Lowest and highest pitch of each voice.

    Returns
    -------
    ndarray of int32, shape (n_melodies, n_steps)

    Raises
    ------
    ValueError
        If a pitch is outside the range of its voice, or a melody ends and there is no
        column for the end.
    """
    for voice in range(len(voice_ranges)):
        _check_range(X, voice, voice_ranges)
    raise_where(
        X,
        (X == END) & (tokens[-1] != END),
        "the melody ends here, and the encoder has no column for the end, as all "
        "melodies of fit were as long as their rows; fit with ends=True",
    )
    column_of = np.zeros(END + 1, dtype=np.int32)
    column_of[tokens] = np.arange(len(tokens))
    return column_of[X]


def _check_range(X, voice, voice_ranges):
    (low, high), n_voices = voice_ranges[voice], len(voice_ranges)
    outside = np.zeros(X.shape, dtype=bool)
    own = split_voices(X, n_voices)[:, voice]
    split_voices(outside, n_voices)[:, voice] = (own < low) | (own > high)
    of_voice = f" of voice {voice}" if n_voices > 1 else ""
    raise_where(
        X,
        outside & (X < N_PITCHES),
        f"this pitch is outside {low}-{high} ({pitch_name(low)}-{pitch_name(high)})"
        f"{of_voice}; transpose the melody, or fit with a pitch_range=(low, high) that "
        "includes it",
    )


def pitch_ranges(pitch_range, voices):
    """Lowest and highest pitch of each voice.

    Parameters
    ----------
    pitch_range : "auto", (int, int), or one such pair for each voice
    voices : ndarray of int, shape (n_melodies, n_voices, n_steps)
        Legal melodies, whose pitches "auto" takes.

    Returns
    -------
    ndarray of int16, shape (n_voices, 2)

    Raises
    ------
    ValueError
        If a given range is none, or "auto" finds no pitch in a voice.
    """
    n_voices = voices.shape[1]
    if isinstance(pitch_range, str):
        found = [_range_of(voices[:, i], i, n_voices) for i in range(n_voices)]
        return np.array(found, dtype=np.int16)
    try:
        given = np.asarray(pitch_range).astype(int).reshape(-1, 2)
        ranges = np.broadcast_to(given, (n_voices, 2))
    except (TypeError, ValueError):
        ranges = np.array([[-1, -1]])
    low, high = ranges.T
    if not ((low >= 0) & (low <= high) & (high < N_PITCHES)).all():
        each = f", or {n_voices} such pairs, one for each voice" if n_voices > 1 else ""
        raise ValueError(
            f"pitch_range must be 'auto' or (low, high), MIDI pitches with "
            f"0 <= low <= high <= 127{each}, got {pitch_range!r}."
        )
    return ranges.astype(np.int16)


def _range_of(melodies, voice, n_voices):
    pitches = melodies[melodies < N_PITCHES]
    if not pitches.size:
        where = f"voice {voice} of X" if n_voices > 1 else "X"
        raise ValueError(
            f'pitch_range="auto" found no pitch in {where}, only rests and holds; '
            "give pitch_range=(low, high)."
        )
    return pitches.min(), pitches.max()


def most_probable_lengths(roll, tokens):
    """Steps before the first one, after step 0, at which the end has most.

    Parameters
    ----------
    roll : ndarray of shape (n_melodies, n_steps, n_tokens)
    tokens : ndarray of int16, shape (n_tokens,)

    Returns
    -------
    ndarray of int, shape (n_melodies,)
    """
    n_melodies, n_steps, _ = roll.shape
    if tokens[-1] != END:
        return np.full(n_melodies, n_steps)
    ends = roll.argmax(axis=2) == len(tokens) - 1
    ends[:, 0] = False
    return np.where(ends.any(axis=1), ends.argmax(axis=1), n_steps)
