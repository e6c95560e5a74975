"""Voices decided one after the other, each along its own transitions."""

from typing import NamedTuple

import numpy as np
from sklearn.utils import gen_batches

from sklearn_c2c._transitions import Transitions, most_probable_melodies
from sklearn_c2c.harmony._voice_leading import faults, forbid, forbid_crossing
from sklearn_c2c.melody import HOLD, REST, mend_orphan_holds

# Most times that a voice is decoded again without what broke the rules.
_MOST_REPAIRS = 12

# Pieces whose samples are in memory at once.
_CHUNK = 64


class Voice(NamedTuple):
    """Lowest and highest pitch of a voice, and its transitions."""

    low: int
    high: int
    transitions: Transitions

    @property
    def tokens(self):
        """Tokens that the voice can have."""
        return np.array([*range(self.low, self.high + 1), HOLD, REST], np.int16)


def decode(melodies, ends, stack, voices, settings):
    """Add voices to melodies.

    Parameters
    ----------
    melodies : ndarray of int16, shape (n_pieces, n_steps)
    ends : ndarray of bool, shape (n_pieces, n_steps)
        Where phrases end.
    stack : HarmonyStack
    voices : list of Voice
        The voices to add, from the highest to the lowest.
    settings : Harmonizer
        Its parameters.

    Returns
    -------
    ndarray of int16, shape (n_pieces, n_added, n_steps)
    """
    parts = [
        _decode(melodies[rows], ends[rows], stack, voices, settings)
        for rows in gen_batches(len(melodies), _CHUNK)
    ]
    return np.concatenate(parts)


def _decode(melodies, ends, stack, voices, settings):
    n_added, layout = len(voices), stack.layout
    added = np.full((len(melodies), n_added, melodies.shape[1]), REST, np.int16)
    pieces = np.concatenate([melodies[:, np.newaxis], added], axis=1)
    known = np.zeros(n_added + 1, bool)
    known[0] = True
    weight = settings.transition_weight
    if not settings.chain:
        rolls = stack.probabilities(layout.samples(layout.codes(pieces), ends), known)
        for i, voice in enumerate(voices):
            pieces[:, i + 1] = _most_probable(
                _own(rolls[:, i], layout, voice), voice, weight
            )
        return pieces[:, 1:]
    order = [n_added, *range(1, n_added)]
    for i in order * (1 + settings.n_rounds):
        known[i] = False
        samples = layout.samples(layout.codes(pieces), ends)
        roll = _own(
            stack.probabilities(samples, known)[:, i - 1], layout, voices[i - 1]
        )
        above = pieces[:, :i][:, known[:i]]
        below = pieces[:, i + 1 :][:, known[i + 1 :]]
        rules = (above, below) if settings.voice_leading else None
        pieces[:, i] = _decide(roll, voices[i - 1], weight, rules)
        known[i] = True
    return pieces[:, 1:]


def _own(roll, layout, voice):
    """Probabilities of the tokens that a voice can have."""
    column_of = np.zeros(REST + 2, int)
    column_of[layout.tokens] = np.arange(len(layout.tokens))
    return roll[:, :, column_of[voice.tokens]]


def _decide(roll, voice, weight, rules):
    """Decode a voice; where it breaks rules, again without what breaks them."""
    if rules is None:
        return _most_probable(roll, voice, weight)
    forbid_crossing(roll, voice.tokens, *rules)
    decided = _most_probable(roll, voice, weight)
    for _ in range(_MOST_REPAIRS):
        wrong = faults(decided, *rules)
        changes = forbid(roll, voice.tokens, decided, wrong)
        if not changes.any():
            break
        decided[changes] = _most_probable(roll[changes], voice, weight)
    return decided


def _most_probable(roll, voice, weight):
    if weight == 0:
        return mend_orphan_holds(voice.tokens[roll.argmax(axis=2)])
    melodies = most_probable_melodies(roll, voice.tokens, voice.transitions, weight)
    return mend_orphan_holds(melodies)
