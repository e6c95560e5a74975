"""New rhythms for given notes in their order."""

import numpy as np

from sklearn_c2c.generation._voices import steps_of_voice, transitions_of
from sklearn_c2c.melody import END, HOLD, REST


def new_rhythm(encoder, P, melody, kept):
    """Place the notes and rests of given steps at the likeliest onsets of a decoder.

    The symbols of each group of neighboring given steps stay in their order within the
    group. Their onsets maximise ``sum_t(log q_t(i_t) + w * r(i_t))``, where i_t is 1 if
    a symbol begins at step t and 0 otherwise, q_t is the decoder's probability of i_t,
    r the log ratio of the rhythm in ``encoder.transitions_``, and w its weight. Each
    of several voices is a melody of its own.

    Parameters
    ----------
    encoder : PianoRollEncoder
    P : ndarray of shape (n_steps, n_tokens)
        Outputs of the decoder.
    melody : ndarray of int, shape (n_steps,)
    kept : ndarray of bool, shape (n_steps,)

    Returns
    -------
    ndarray of int16, shape (n_steps,)
        The melody, with a new rhythm in the given steps up to its end.
    """
    P = P[:, : P.shape[1] - np.count_nonzero(encoder.tokens_ == END)]
    P = np.maximum(P.astype(np.float64), np.finfo(np.float32).tiny)
    hold = P[:, -2] / P.sum(axis=1)
    tiny = np.finfo(np.float64).tiny
    log_q = np.log(np.maximum(np.stack([hold, 1 - hold], axis=1), tiny))
    melody, kept = melody.copy(), kept & (melody != END)
    n_steps = steps_of_voice(encoder)
    for voice in range(encoder.n_voices):
        own = slice(voice * n_steps, (voice + 1) * n_steps)
        rhythm = transitions_of(encoder, voice)["rhythm"].astype(float)
        _place_all(
            melody[own], kept[own], log_q[own], encoder.transition_weight * rhythm
        )
    return melody


def _place_all(melody, kept, log_q, rhythm):
    """Place the symbols of a voice in its given steps, in place."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], kept, [False]])))
    for begin, end in edges.reshape(-1, 2):
        symbols = _symbols(melody[begin:end])
        # A group that begins with a hold prolongs the note before it.
        is_onset = _place(
            len(symbols), log_q[begin:end], rhythm, begin, melody[begin] != HOLD
        )
        melody[begin:end] = _tokens(symbols, is_onset)


def _symbols(tokens):
    """Notes and rests in their order; a rest of several steps is one symbol."""
    before = np.concatenate([[HOLD], tokens[:-1]])
    begins = (tokens != HOLD) & ~((tokens == REST) & (before == REST))
    return tokens[begins]


def _tokens(symbols, is_onset):
    """Write symbols as tokens: notes with holds, rests repeated."""
    number = np.cumsum(is_onset)
    tokens = np.concatenate([[HOLD], symbols])[number]
    return np.where(is_onset | (tokens == REST), tokens, HOLD)


def _place(n_symbols, log_q, rhythm, begin, begins_at_once):
    """Onsets of n symbols, by dynamic programming over steps, symbols and ages."""
    n_places, n_ages = len(rhythm), rhythm.shape[1]
    n_steps = len(log_q)
    score = np.full((n_symbols + 1, n_ages), -np.inf)
    score[0, min(begin, n_ages - 1)] = 0
    from_age = np.zeros((n_steps, n_symbols + 1), int)
    from_last = np.zeros((n_steps, n_symbols + 1), bool)
    for step in range(n_steps):
        ratio = rhythm[(begin + step) % n_places]
        onset = score + ratio[:, 1] + log_q[step, 1]
        hold = score + ratio[:, 0] + log_q[step, 0]
        if step == 0 and begins_at_once:
            hold[:] = -np.inf
        from_age[step] = onset.argmax(axis=1)
        best = onset.max(axis=1)
        score = np.full_like(score, -np.inf)
        score[:, 1:] = hold[:, :-1]
        from_last[step] = hold[:, -1] > score[:, -1]
        score[:, -1] = np.maximum(score[:, -1], hold[:, -1])
        score[1:, 1] = best[:-1]
    is_onset = np.zeros(n_steps, bool)
    number, age = n_symbols, int(score[n_symbols].argmax())
    for step in range(n_steps - 1, -1, -1):
        if age == 1 and number > 0:
            is_onset[step] = True
            number -= 1
            age = from_age[step, number]
        else:
            age = age if age == n_ages - 1 and from_last[step, number] else age - 1
    return is_onset
