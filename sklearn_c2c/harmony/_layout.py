"""Inputs and targets of a network that adds voices to a melody.

A *code* stands for what a voice does at a step: ``2 * column + is_onset``, with a
column for each pitch and a last one for rest, or `NOTHING` outside the row.
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from sklearn_c2c.melody import HOLD, N_PITCHES, REST, sounding_pitches

NOTHING = -1

_N_CLASSES = 12  # pitch classes


class Layout(NamedTuple):
    """Sizes of the inputs and outputs of a network.

    Attributes
    ----------
    low, high : int
        Lowest and highest pitch of all voices.
    n_added : int
        Number of voices that are added to the given one.
    n_steps : int
        Steps of a row.
    window : int or None
        Steps that are seen before and after a step; None for samples of whole rows.
    steps_per_measure : int
    has_ends : bool, default=False
        Whether the ends of phrases are seen.
    """

    low: int
    high: int
    n_added: int
    n_steps: int
    window: int | None
    steps_per_measure: int
    has_ends: bool = False

    @property
    def n_pitches(self):
        """Pitches from the lowest to the highest one."""
        return self.high - self.low + 1

    @property
    def tokens(self):
        """The token of each column of a group of outputs."""
        return np.array([*range(self.low, self.high + 1), HOLD, REST], np.int16)

    @property
    def n_seen(self):
        """Steps of each voice in a sample."""
        return self.n_steps if self.window is None else 2 * self.window + 1

    @property
    def n_places(self):
        """Inputs for the place in the measure; whole rows need none."""
        return 0 if self.window is None else self.steps_per_measure

    @property
    def n_decided(self):
        """Steps of each voice that one sample decides."""
        return self.n_steps if self.window is None else 1

    @property
    def n_inputs(self):
        """Columns of the input."""
        per_step = self.n_pitches + 2  # with rest and onset
        n_codes = (self.n_added + 1) * self.n_seen
        n_ends = self.n_seen if self.has_ends else 0
        return n_codes * per_step + self.n_places + _N_CLASSES + n_ends

    @property
    def n_outputs(self):
        """Columns of the output: a group for each voice and step that is decided."""
        return self.n_added * self.n_decided * (self.n_pitches + 2)

    def codes(self, voices):
        """Codes of voices of shape (..., n_steps)."""
        sounding = sounding_pitches(voices)
        columns = np.where(sounding == REST, self.n_pitches, sounding - self.low)
        return (2 * columns + (voices < N_PITCHES)).astype(np.int16)

    def samples(self, codes, ends=None):
        """Samples of pieces: codes, place in the measure, pitch classes of the melody.

        Parameters
        ----------
        codes : ndarray of int16, shape (n_pieces, n_voices, n_steps)
        ends : ndarray of bool, shape (n_pieces, n_steps), default=None
            Where phrases end, with `has_ends`.

        Returns
        -------
        ndarray of int16, shape (n_samples, n_codes + 1 + 12 + n_ends)
            One sample for each piece, or for each step of each piece in order, with
            ``n_codes = n_voices * n_seen``, and ``n_ends = n_seen`` or 0.
        """
        classes = self._pitch_classes(codes[:, 0])
        place = np.zeros((len(codes), 1), np.int16)
        if self.window is not None:
            place = np.arange(self.n_steps) % self.steps_per_measure
            place = np.tile(place, len(codes))[:, np.newaxis]
            classes = classes.repeat(self.n_steps, axis=0)
        parts = [self._seen(codes, NOTHING), place, classes]
        if self.has_ends:
            parts.append(self._seen(ends[:, np.newaxis], False))
        return np.hstack(parts).astype(np.int16)

    def _seen(self, voices, outside):
        """What each sample sees of voices, (n_samples, n_voices * n_seen)."""
        if self.window is None:
            return voices.reshape(len(voices), -1)
        sides = (0, 0), (0, 0), (self.window, self.window)
        padded = np.pad(voices, sides, constant_values=outside)
        seen = np.lib.stride_tricks.sliding_window_view(padded, self.n_seen, axis=2)
        return seen.swapaxes(1, 2).reshape(-1, voices.shape[1] * self.n_seen)

    def _pitch_classes(self, codes):
        """Which pitch classes occur in melodies, (n_pieces, 12), from the lowest."""
        occurs = np.zeros((len(codes), self.n_pitches + 1), bool)
        np.put_along_axis(occurs, codes // 2, True, axis=1)
        pitches = occurs[:, :-1]
        found = [pitches[:, c::_N_CLASSES].any(axis=1) for c in range(_N_CLASSES)]
        return np.column_stack(found).astype(np.int16)

    def answers(self, voices):
        """Columns of the tokens to predict, (n_samples, n_added * n_decided)."""
        column_of = np.zeros(HOLD + 1, np.int16)
        column_of[self.tokens] = np.arange(len(self.tokens))
        columns = column_of[voices]
        if self.window is None:
            return columns.reshape(len(columns), -1)
        return columns.swapaxes(1, 2).reshape(-1, self.n_added)

    def inputs(self, samples, seen):
        """One-hot inputs of samples, as a CSR array; steps that are hidden are zeros.

        Parameters
        ----------
        samples : ndarray of int16, shape (n_samples, n_codes + 1 + 12 + n_ends)
        seen : ndarray of bool, shape (n_samples, n_codes)
        """
        n_codes, per_step = seen.shape[1], self.n_pitches + 2
        codes, place = samples[:, :n_codes], samples[:, n_codes].astype(np.int64)
        is_there = seen & (codes != NOTHING)
        first = np.arange(n_codes) * per_step
        sounding = np.where(is_there, first + codes // 2, NOTHING)
        onset = np.where(is_there & (codes % 2 == 1), first + per_step - 1, NOTHING)
        columns = [np.stack([sounding, onset], axis=2).reshape(len(codes), -1)]
        if self.n_places:
            columns.append((n_codes * per_step + place)[:, np.newaxis])
        flags = samples[:, n_codes + 1 :]  # pitch classes, and ends of phrases
        first = self.n_inputs - flags.shape[1]
        last_columns = first + np.arange(flags.shape[1])
        columns.append(np.where(flags, last_columns, NOTHING))
        return ones(np.hstack(columns), self.n_inputs)

    def targets(self, answers, known):
        """One-hot targets of samples; the groups of voices that are known are zeros."""
        asked = np.repeat(~known[:, 1:], self.n_decided, axis=1)
        first = np.arange(answers.shape[1]) * (self.n_pitches + 2)
        return ones(np.where(asked, first + answers, NOTHING), self.n_outputs)

    def roll(self, outputs):
        """Outputs as probabilities of (n_pieces, n_added, n_steps, n_tokens)."""
        n_tokens = self.n_pitches + 2
        if self.window is None:
            return outputs.reshape(-1, self.n_added, self.n_steps, n_tokens)
        steps = outputs.reshape(-1, self.n_steps, self.n_added, n_tokens)
        return steps.swapaxes(1, 2)


def ones(columns, n_columns):
    """CSR array of ones at ascending columns of each row; `NOTHING` is left out."""
    is_there = columns != NOTHING
    indptr = np.append(0, np.cumsum(is_there.sum(axis=1))).astype(np.int32)
    indices = columns[is_there].astype(np.int32)
    data = np.ones(len(indices), np.float32)
    return sparse.csr_array((data, indices, indptr), shape=(len(columns), n_columns))
