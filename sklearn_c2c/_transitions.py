"""How notes follow one another in a corpus, and the melodies most probable by it.

A symbol is what can begin at a step: one of the corpus's pitches, in ascending order,
any other pitch, a rest. A hold begins nothing.
"""

from math import gcd
from typing import NamedTuple

import numpy as np
from sklearn.utils import gen_batches

from sklearn_c2c._fitted import INTEGERS, Array, check_form, length
from sklearn_c2c._nn.threads import Workers
from sklearn_c2c.melody import HOLD, N_PITCHES, REST, sounding_pitches

# The most frequent pitches, which have transitions of their own; all others share one.
_MAX_PITCHES = 48

# Largest log ratio of a pitch. The ratios of rare pitches are estimated from few notes.
_MOST = 2

# Log ratios beyond are no estimates from counts.
_LARGEST_RATIO = 100

# Weight of the rhythm's transitions, in units of that of the pitches'.
_RHYTHM_WEIGHT = 0.5

# Mean doubt of a decoder below which the transitions lose weight.
_FULL_DOUBT = 0.1

# Spread of the values of models without probabilities, in variances about 0 and 1.
_TEMPERATURE = 10

# Values below 0 by less than this share of the largest one are 0.
_ROUNDING = 1e-6

# The smallest ratio of probabilities, the weights that count, and what stands in place
# of the logarithm of 0, and of no pitch.
_LEAST = 1e-9
_WEIGHTS = 1e-6, 1e6
_IMPOSSIBLE, _NONE = -1e4, -1e8

# Age from which on notes are not told apart, at most, in steps.
_MAX_AGE = 32

# Melodies that are counted, and decoded, at one time.
_CHUNK_TO_COUNT, _CHUNK = 4096, 256


class Transitions(NamedTuple):
    """Log ratios: how much more probable a symbol is, given what comes before it.

    Attributes
    ----------
    pitches : ndarray of int, shape (n_pitches,)
        Those that are symbols of their own; with any other pitch and the rest there
        are S symbols.
    level : ndarray of int, shape (n_places,)
        Metrical level of each place in the measure.
    pitch : ndarray of float32, shape (n_levels, S, S, S)
        ``log p(s | level, b, a) / p(s | level)`` for symbol s, b before it, and a
        before that, at most 2, by ``[level, b, a, s]``. Before the melody is rest.
    rhythm : ndarray of float32, shape (n_places, n_ages + 1, 2)
        ``log p(i | place, age) / p(i | place)``, halved, for a hold (i = 0) and an
        onset (i = 1), age being the steps since the onset before, longer ones counting
        as n_ages; 0 in the first step.
    end : ndarray of float32, shape (S,)
        ``log p(s | last) / p(s)`` for the last symbol of a melody.
    """

    pitches: np.ndarray
    level: np.ndarray
    pitch: np.ndarray
    rhythm: np.ndarray
    end: np.ndarray


def count_transitions(codes, steps_per_measure):
    """Estimate transitions from a corpus.

    Every probability is smoothed after Witten and Bell by the one with less context:
    ``p(s | context) = (n(s) + T * p(s | less)) / (N + T)``, N counting what follows the
    context and T the different symbols among it.

    Parameters
    ----------
    codes : ndarray of int16, shape (n_melodies, n_steps)
        Legal melodies.
    steps_per_measure : int

    Returns
    -------
    Transitions
    """
    pitches = _frequent_pitches(codes)
    n_symbols = len(pitches) + 2
    symbol_of = np.full(REST + 1, n_symbols - 2)
    symbol_of[pitches] = np.arange(len(pitches))
    symbol_of[REST] = n_symbols - 1
    level = _levels(steps_per_measure, min(steps_per_measure, codes.shape[1]))
    n_ages = min(max(2, steps_per_measure // 2), _MAX_AGE)
    counts, ends, rhythms = 0, 0, 0
    for rows in gen_batches(len(codes), _CHUNK_TO_COUNT):
        counts += _count_pitch(codes[rows], symbol_of, level)
        last = symbol_of[sounding_pitches(codes[rows])[:, -1]]
        ends += _count((n_symbols,), last)
        rhythms += _count_rhythm(codes[rows], len(level), n_ages)
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


def _count_pitch(codes, symbol_of, level):
    """Count symbols by level and the two before, see `Transitions`."""
    rest = symbol_of[REST]
    melody, step = np.nonzero(codes != HOLD)
    s = symbol_of[codes[melody, step]]
    is_first = np.append(True, melody[1:] != melody[:-1])
    b = _shift(s, is_first, rest)
    a = _shift(b, is_first, rest)
    shape = (level.max() + 1, *[rest + 1] * 3)
    return _count(shape, level[step % len(level)], b, a, s)


def _shift(values, is_first, first):
    """The value before each one; `first` where there is none."""
    return np.where(is_first, first, np.roll(values, 1))


def _count_rhythm(codes, n_places, n_ages):
    """Count holds and onsets by place and age, see `Transitions`."""
    is_onset = (codes != HOLD).astype(int)
    steps = np.arange(codes.shape[1])
    last = np.maximum.accumulate(np.where(is_onset, steps, 0), axis=1)
    age = np.zeros(codes.shape, int)
    age[:, 1:] = np.minimum(steps[1:] - last[:, :-1], n_ages)
    place = np.broadcast_to(steps % n_places, codes.shape)
    indices = map(np.ravel, (place, age, is_onset))
    return _count((n_places, n_ages + 1, 2), *indices)


def most_probable_melodies(roll, codes, transitions, weight):
    """Decode piano rolls along transitions.

    Of all legal melodies x the one with the largest ``sum(log p_t(x_t)) + w * r(x)``, r
    being the sum of the log ratios of its transitions, those of the rhythm counting
    half, and p_t the values of step t divided by their sum. Where a value is 0 its code
    does not stand, unless no melody is left. The weight yields to a decoder without
    doubt: ``w = weight * min(1, mean(1 - max(p_t)) / 0.1)**2``, the mean being over the
    steps at which more than one code can stand.

    A melody of which some value is below 0 has no probabilities; p_t is then
    proportional to ``exp(v_t / (10 * s))``, v_t being its values and s their mean
    squared distance from the nearer of 0 and 1: the likelihood of v as normal around
    the one-hot melody, tempered since errors of neighboring steps go together.

    Parameters
    ----------
    roll : ndarray of float, shape (n_melodies, n_steps, n_tokens)
    codes : ndarray of int, shape (n_tokens,)
        Pitches in ascending order, `HOLD`, `REST`.
    transitions : Transitions
    weight : float
        Above 0.

    Returns
    -------
    ndarray of int16, shape (n_melodies, n_steps)
        Of melodies with ``w = 0`` the largest value of each step, legal or not.

    Raises
    ------
    ValueError
        If the transitions are not of one piece.
    """
    found = transitions._asdict()
    check_form("transitions_", found, transitions_form(found, codes))
    melodies = codes[roll.argmax(axis=2)]
    with Workers() as workers:
        for rows in gen_batches(len(roll), _CHUNK):
            scores, doubt = _log_probabilities(roll[rows])
            doubtful = np.flatnonzero(doubt > 0)
            if not len(doubtful):
                continue
            weights = weight * np.minimum(1, doubt[doubtful] / _FULL_DOUBT) ** 2
            weights = np.clip(weights, *_WEIGHTS)[:, np.newaxis, np.newaxis]
            weights = weights.astype(np.float32)
            scores = scores[doubtful] / weights
            # Transitions, whatever their weight, do not outweigh a value of 0.
            impossible = _IMPOSSIBLE / np.minimum(weights, 1)
            np.copyto(scores, impossible, where=roll[rows][doubtful] == 0)
            decoded = _decode(scores, codes, transitions, workers)
            melodies[rows.start + doubtful] = decoded
    return melodies


def _log_probabilities(roll):
    """Logarithm of each value's share of its step, and the mean doubt of each melody.

    The largest logarithm of each step is 0; without positive values all are.
    """
    is_real = roll.min(axis=(1, 2)) < -_ROUNDING * roll.max(axis=(1, 2))
    shares = np.maximum(roll, 0)
    shares[is_real] = _likelihoods(roll[is_real])
    largest = shares.max(axis=2)
    if not largest.all():
        shares[largest == 0] = largest[largest == 0] = 1
    shares /= largest[:, :, np.newaxis]
    shares = shares.astype(np.float32, copy=False)
    doubt = _mean_doubt(1 - 1 / shares.sum(axis=2))
    return np.log(np.maximum(shares, _LEAST, out=shares), out=shares), doubt


def _mean_doubt(doubt):
    """Mean over the steps of each melody that are not given: of no doubt at all."""
    n_open = np.maximum((doubt > 0).sum(axis=1), 1)
    return doubt.sum(axis=1, dtype=np.float64) / n_open


def _likelihoods(values):
    """How likely real values are for each code, over that of the largest value."""
    values = np.clip(values, -1e100, 1e100, dtype=np.float64)
    squares = np.minimum(values**2, (1 - values) ** 2)
    variance = squares.mean(axis=(1, 2), keepdims=True) + np.finfo(np.float64).tiny
    values -= values.max(axis=2, keepdims=True)
    return np.exp(values / (_TEMPERATURE * variance))


def _decode(scores, codes, transitions, workers):
    """Melodies with the largest sum of scores and log ratios."""
    from sklearn_c2c._viterbi import TILE_COLUMNS, viterbi

    pitches, level, pitch, rhythm, end = transitions
    own = np.searchsorted(codes[:-2], pitches)
    others = np.setdiff1d(np.arange(len(codes) - 2), own)
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
        melodies[is_other] = codes[others[other[is_other].argmax(axis=1)]]
    return melodies


def transitions_form(found, codes):
    """Forms with which the kernel stays within its arrays.

    Parameters
    ----------
    found : dict
        Of `Transitions`, whose sizes must agree.
    codes : ndarray of int, shape (n_tokens,)
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

    low, high = codes[0], codes[-3]
    return {
        "pitches": Array((n_pitches,), INTEGERS, low, high, ascends=True),
        "level": Array((n_places,), INTEGERS, 0, n_levels - 1),
        "pitch": log_ratios(n_levels, *[n_symbols] * 3),
        "rhythm": log_ratios(n_places, n_ages, 2),
        "end": log_ratios(n_symbols),
    }


def _frequent_pitches(codes):
    """The most frequent pitches, in ascending order."""
    number = np.bincount(codes[codes < N_PITCHES], minlength=N_PITCHES)
    frequent = np.argsort(-number, kind="stable")[:_MAX_PITCHES]
    return np.sort(frequent[number[frequent] > 0])


def _levels(steps_per_measure, n_places):
    """Metrical level of each place: the coarsest even division that it lies on.

    Sixteenths in 4/4 have five: the measure, its half, quarters, eighths and the rest.
    """
    grids = [gcd(place, steps_per_measure) for place in range(n_places)]
    return np.unique(grids, return_inverse=True)[1]


def _count(shape, *indices):
    """How often each combination of indices occurs."""
    flat = np.ravel_multi_index(indices, shape)
    return np.bincount(flat, minlength=np.prod(shape)).reshape(shape)


def _smooth(counts, lower):
    """Witten-Bell estimates of the last axis, given those with less context."""
    number = counts.sum(axis=-1, keepdims=True)
    different = (counts > 0).sum(axis=-1, keepdims=True)
    known = np.maximum(number + different, 1)
    return np.where(number > 0, (counts + different * lower) / known, lower)
