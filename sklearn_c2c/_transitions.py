"""Transitions between notes of a corpus, and the most probable melodies under them.

The symbols are the pitches of the corpus in ascending order, any other pitch, and rest.
A hold is not a symbol, since it continues one.
"""

from math import gcd
from typing import NamedTuple

import numpy as np
from sklearn.utils import gen_batches

from sklearn_c2c._fitted import INTEGERS, Array, check_form, length
from sklearn_c2c._nn.threads import Workers
from sklearn_c2c.melody import (
    END,
    HOLD,
    N_PITCHES,
    REST,
    melody_lengths,
    sounding_pitches,
)

# Number of the most frequent pitches that are symbols; other pitches share a symbol.
_MAX_PITCHES = 48

# Largest log ratio of a pitch. The ratios of rare pitches are estimated from few notes.
_MOST = 2

# Largest log ratio that is accepted from a file; estimates from counts are smaller.
_LARGEST_RATIO = 100

# Weight of the transitions of rhythm, relative to those of pitch.
_RHYTHM_WEIGHT = 0.5

# Mean uncertainty of a decoder below which the transitions have less weight.
_FULL_UNCERTAINTY = 0.1

# Temperature of the likelihoods of models that do not decode to probabilities.
_TEMPERATURE = 10

# Negative values above minus this share of the largest value are rounding errors of 0.
_ROUNDING = 1e-6

# The smallest ratio of probabilities, the range of weights, and the scores of tokens
# with probability 0 and of pitches that are not tokens.
_LEAST = 1e-9
_WEIGHTS = 1e-6, 1e6
_IMPOSSIBLE, _NONE = -1e4, -1e8

# Upper bound of the ages of notes that are distinguished, in steps.
_MAX_AGE = 32

# Melodies counted and decoded in one batch.
_CHUNK_TO_COUNT, _CHUNK = 4096, 256


class Transitions(NamedTuple):
    """Log ratios of the probabilities of symbols with and without their context.

    Attributes
    ----------
    pitches : ndarray of int, shape (n_pitches,)
        Pitches that are symbols; with the symbols of other pitches and of rest there
        are S symbols.
    level : ndarray of int, shape (n_places,)
        Metrical level of each place in the measure.
    pitch : ndarray of float32, shape (n_levels, S, S, S)
        ``log p(s | level, b, a) / p(s | level)``, at most 2, for symbol s after b, and
        b after a, with the index ``[level, b, a, s]``. Rest comes before the melody.
    rhythm : ndarray of float32, shape (n_places, n_ages + 1, 2)
        ``log p(i | place, age) / p(i | place)``, halved, for a hold (i = 0) and an
        onset (i = 1), where age is the number of steps since the previous onset, at
        most n_ages, and 0 in the first step.
    end : ndarray of float32, shape (S,)
        ``log p(s | last) / p(s)`` for the last symbol of a melody.
    """

    pitches: np.ndarray
    level: np.ndarray
    pitch: np.ndarray
    rhythm: np.ndarray
    end: np.ndarray


def count_transitions(melodies, steps_per_measure):
    """Estimate transitions from a corpus.

    Each probability is interpolated by the method of Witten and Bell with the
    probability in a shorter context: ``p(s | context) = (n(s) + T * p(s | shorter)) /
    (N + T)``, where N is the number of symbols after the context and T the number of
    distinct ones.

    Parameters
    ----------
    melodies : ndarray of int16, shape (n_melodies, n_steps)
        Legal melodies.
    steps_per_measure : int

    Returns
    -------
    Transitions
    """
    pitches = _frequent_pitches(melodies)
    n_symbols = len(pitches) + 2
    symbol_of = np.full(REST + 1, n_symbols - 2)
    symbol_of[pitches] = np.arange(len(pitches))
    symbol_of[REST] = n_symbols - 1
    level = _levels(steps_per_measure, min(steps_per_measure, melodies.shape[1]))
    n_ages = min(max(2, steps_per_measure // 2), _MAX_AGE)
    counts, ends, rhythms = 0, 0, 0
    for rows in gen_batches(len(melodies), _CHUNK_TO_COUNT):
        counts += _count_pitch(melodies[rows], symbol_of, level)
        ends += _count((n_symbols,), symbol_of[_last_pitches(melodies[rows])])
        rhythms += _count_rhythm(melodies[rows], len(level), n_ages)
    symbol = _smooth(counts.sum(axis=(0, 1, 2)), 1 / n_symbols)
    after_one = _smooth(counts.sum(axis=(0, 2)), symbol)
    after_two = _smooth(counts.sum(axis=0), after_one[:, np.newaxis])
    at_level = _smooth(counts.sum(axis=(1, 2)), symbol)
    pitch = _smooth(counts, after_two) / at_level[:, np.newaxis, np.newaxis]
    at_place = _smooth(rhythms.sum(axis=1), _smooth(rhythms.sum(axis=(0, 1)), 1 / 2))
    rhythm = _smooth(rhythms, at_place[:, np.newaxis]) / at_place[:, np.newaxis]
    return Transitions(
        pitches,
        level,
        np.minimum(np.log(pitch), _MOST).astype(np.float32),
        (_RHYTHM_WEIGHT * np.log(rhythm)).astype(np.float32),
        np.log(_smooth(ends, symbol) / symbol).astype(np.float32),
    )


def _last_pitches(melodies):
    """Pitch or rest that sounds in the last step of each melody."""
    last = melody_lengths(melodies)[:, np.newaxis] - 1
    return np.take_along_axis(sounding_pitches(melodies), last, axis=1)[:, 0]


def _count_pitch(melodies, symbol_of, level):
    """Count symbols by level and the two symbols before, see `Transitions`."""
    rest = symbol_of[REST]
    melody, step = np.nonzero(melodies < HOLD)
    s = symbol_of[melodies[melody, step]]
    is_first = np.append(True, melody[1:] != melody[:-1])
    b = _shift(s, is_first, rest)
    a = _shift(b, is_first, rest)
    shape = (level.max() + 1, *[rest + 1] * 3)
    return _count(shape, level[step % len(level)], b, a, s)


def _shift(values, is_first, first):
    """The value before each value; `first` for the first of a melody."""
    return np.where(is_first, first, np.roll(values, 1))


def _count_rhythm(melodies, n_places, n_ages):
    """Count holds and onsets by place and age, see `Transitions`."""
    is_onset = (melodies != HOLD).astype(int)
    steps = np.arange(melodies.shape[1])
    last = np.maximum.accumulate(np.where(is_onset, steps, 0), axis=1)
    age = np.zeros(melodies.shape, int)
    age[:, 1:] = np.minimum(steps[1:] - last[:, :-1], n_ages)
    place = np.broadcast_to(steps % n_places, melodies.shape)
    indices = (array[melodies != END] for array in (place, age, is_onset))
    return _count((n_places, n_ages + 1, 2), *indices)


def most_probable_melodies(roll, tokens, transitions, weight):
    """Decode piano rolls along transitions.

    The result is the legal melody x with the largest ``sum(log p_t(x_t)) + w * r(x)``,
    where r is the sum of the log ratios of its transitions, and p_t are the values of
    step t divided by their sum. A token with the value 0 is not decoded unless no other
    melody is legal. The weight is smaller if the decoder is
    certain: ``w = weight * min(1, mean(1 - max(p_t)) / 0.1)**2``, with the mean over
    the steps at which more than one token is possible.

    If a melody has values below 0, they are not probabilities. Then p_t is proportional
    to ``exp(v_t / (10 * s))``, where v_t are the values of step t and s is the mean
    squared distance of the values from the nearer of 0 and 1. This is the likelihood of
    v under a normal distribution around the one-hot melody, with a temperature of 10
    since the errors of neighboring steps are correlated.

    Parameters
    ----------
    roll : ndarray of float, shape (n_melodies, n_steps, n_tokens)
    tokens : ndarray of int, shape (n_tokens,)
        Pitches in ascending order, `HOLD`, `REST`.
    transitions : Transitions
    weight : float
        Above 0.

    Returns
    -------
    ndarray of int16, shape (n_melodies, n_steps)
        For melodies with ``w = 0`` the token with the largest value of each step, legal
        or not.

    Raises
    ------
    ValueError
        If the sizes of the transitions do not agree.
    """
    found = transitions._asdict()
    check_form("transitions_", found, transitions_form(found, tokens))
    melodies = tokens[roll.argmax(axis=2)]
    with Workers() as workers:
        for rows in gen_batches(len(roll), _CHUNK):
            scores, uncertainty = _log_probabilities(roll[rows])
            uncertain = np.flatnonzero(uncertainty > 0)
            if not len(uncertain):
                continue
            factor = np.minimum(1, uncertainty[uncertain] / _FULL_UNCERTAINTY)
            weights = weight * factor**2
            weights = np.clip(weights, *_WEIGHTS)[:, np.newaxis, np.newaxis]
            weights = weights.astype(np.float32)
            scores = scores[uncertain] / weights
            # Scores of impossible tokens, below any sum of transitions of this weight.
            impossible = _IMPOSSIBLE / np.minimum(weights, 1)
            np.copyto(scores, impossible, where=roll[rows][uncertain] == 0)
            decoded = _decode(scores, tokens, transitions, workers)
            melodies[rows.start + uncertain] = decoded
    return melodies


def _log_probabilities(roll):
    """Log-probabilities of tokens and the mean uncertainty of each melody.

    The log-probabilities of a step are shifted so that the largest is 0; without
    positive values all are 0.
    """
    is_real = roll.min(axis=(1, 2)) < -_ROUNDING * roll.max(axis=(1, 2))
    shares = np.maximum(roll, 0)
    shares[is_real] = _likelihoods(roll[is_real])
    largest = shares.max(axis=2)
    if not largest.all():
        shares[largest == 0] = largest[largest == 0] = 1
    shares /= largest[:, :, np.newaxis]
    shares = shares.astype(np.float32, copy=False)
    uncertainty = _mean_uncertainty(1 - 1 / shares.sum(axis=2))
    return np.log(np.maximum(shares, _LEAST, out=shares), out=shares), uncertainty


def _mean_uncertainty(uncertainty):
    """Mean uncertainty over the steps of each melody at which it is not 0."""
    n_open = np.maximum((uncertainty > 0).sum(axis=1), 1)
    return uncertainty.sum(axis=1, dtype=np.float64) / n_open


def _likelihoods(values):
    """Likelihoods of real values for each token, relative to the largest of a step."""
    values = np.clip(values, -1e100, 1e100, dtype=np.float64)
    squares = np.minimum(values**2, (1 - values) ** 2)
    variance = squares.mean(axis=(1, 2), keepdims=True) + np.finfo(np.float64).tiny
    values -= values.max(axis=2, keepdims=True)
    return np.exp(values / (_TEMPERATURE * variance))


def _decode(scores, tokens, transitions, workers):
    """Melodies with the largest sum of scores and log ratios."""
    from sklearn_c2c._viterbi import TILE_COLUMNS, viterbi

    pitches, level, pitch, rhythm, end = transitions
    own = np.searchsorted(tokens[:-2], pitches)
    others = np.setdiff1d(np.arange(len(tokens) - 2), own)
    other = scores.take(others, axis=2)
    onsets = np.empty((*scores.shape[:2], len(end)), np.float32)
    onsets[:, :, :-2] = scores.take(own, axis=2)
    onsets[:, :, -2] = other.max(axis=2, initial=_NONE)
    onsets[:, :, -1] = scores[:, :, -1]
    n_columns = -(-len(end) // TILE_COLUMNS) * TILE_COLUMNS
    padded = np.zeros((*pitch.shape[:3], n_columns), np.float32)
    padded[..., : len(end)] = pitch
    symbols = np.empty(scores.shape[:2], np.int32)
    holds = np.ascontiguousarray(scores[:, :, -2])
    arrays = symbols, onsets, holds, level, padded, rhythm, end
    work = len(symbols) * symbols.shape[1] * len(end) ** 3
    workers.run(viterbi, len(symbols), work, *arrays, block=1)
    melodies = np.array([*pitches, REST, REST, HOLD], np.int16)[symbols]
    if len(others):
        is_other = symbols == len(pitches)
        melodies[is_other] = tokens[others[other[is_other].argmax(axis=1)]]
    return melodies


def transitions_form(found, tokens):
    """Forms of transitions, which keep the kernel's indices in range.

    Parameters
    ----------
    found : dict
        `Transitions` as a dict, whose sizes must agree.
    tokens : ndarray of int, shape (n_tokens,)
        Pitches in ascending order, `HOLD`, `REST`.

    Returns
    -------
    dict of str to Array
    """
    sizes = found if isinstance(found, dict) else {}
    n_pitches = length(sizes.get("pitches"), 0, least=0)
    n_places = length(sizes.get("level"), 0, least=1)
    n_levels = length(sizes.get("pitch"), 0, least=1)
    n_ages = length(sizes.get("rhythm"), 1, least=3)
    n_symbols = n_pitches + 2

    def log_ratios(*shape):
        single = (np.dtype(np.float32),)
        return Array(shape, single, -_LARGEST_RATIO, _LARGEST_RATIO)

    low, high = tokens[0], tokens[-3]
    return {
        "pitches": Array((n_pitches,), INTEGERS, low, high, ascends=True),
        "level": Array((n_places,), INTEGERS, 0, n_levels - 1),
        "pitch": log_ratios(n_levels, *[n_symbols] * 3),
        "rhythm": log_ratios(n_places, n_ages, 2),
        "end": log_ratios(n_symbols),
    }


def _frequent_pitches(melodies):
    """The most frequent pitches, in ascending order."""
    number = np.bincount(melodies[melodies < N_PITCHES], minlength=N_PITCHES)
    frequent = np.argsort(-number, kind="stable")[:_MAX_PITCHES]
    return np.sort(frequent[number[frequent] > 0])


def _levels(steps_per_measure, n_places):
    """Metrical level of each place: the coarsest division of the measure it is on.

    With sixteenths in 4/4 there are five: the first place, the half measure, the other
    quarters, the other eighths, and the other sixteenths.
    """
    grids = [gcd(place, steps_per_measure) for place in range(n_places)]
    return np.unique(grids, return_inverse=True)[1]


def _count(shape, *indices):
    """Count each combination of indices."""
    flat = np.ravel_multi_index(indices, shape)
    return np.bincount(flat, minlength=np.prod(shape)).reshape(shape)


def _smooth(counts, lower):
    """Witten-Bell estimates over the last axis, given those in a shorter context."""
    number = counts.sum(axis=-1, keepdims=True)
    different = (counts > 0).sum(axis=-1, keepdims=True)
    known = np.maximum(number + different, 1)
    return np.where(number > 0, (counts + different * lower) / known, lower)
