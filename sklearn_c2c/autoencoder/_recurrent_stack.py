"""A recurrent encoder and decoder of sequences, wired for use and for training."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sklearn_c2c._nn.threads import Workers
from sklearn_c2c.autoencoder._recurrent_parts import Conditions, Reader, Wiring
from sklearn_c2c.autoencoder._sequences import (
    lengths_of,
    nothing,
    segments,
    sorted_lengths,
    steps_of,
    trimmed_steps,
)
from sklearn_c2c.autoencoder._stack import Stack, VariationalStack

# Samples that pass through recurrent layers at once where no gradient is needed.
_CHUNK = 256


class Feedback(NamedTuple):
    """Input tokens of a decoder in training."""

    forced: Callable  # of the epoch, the share of the data's tokens
    dropout: float  # share of the tokens that are left out
    is_own: bool  # whether all tokens are those that the decoder itself writes


class RecurrentStack(Stack):
    """Two recurrent layers read a sequence, one writes it.

    The latent vector is made of the last states of a layer that reads forwards, and of
    one that reads backwards. It gives the decoder its first state, and a constant input
    at each step, beside the token of the step before.

    With measures, this is done twice: the steps of each measure are read to a vector,
    and these vectors to the latent one. A conductor, which starts from the latent
    vector, gives a vector for each measure, and from this its steps are written. The
    measures of all samples are read and written as one batch.

    Parameters
    ----------
    layers : dict of str to Layer
        Of `recurrent_shapes`.
    code : callable
        The layer between encoder and decoder.
    group_size : int
        Columns of a step.
    n_steps : int
        Steps of the longest sequence.
    steps_per_measure : int or None
        None for a stack without measures.
    training : Training or None
        None for use only.
    feedback : Feedback
        The decoder's input tokens in training.
    cell : type
        Of `CELLS`: the kind of the recurrent layers.
    """

    chunk = _CHUNK

    def __init__(
        self,
        layers,
        code,
        group_size,
        n_steps,
        steps_per_measure,
        training,
        feedback,
        cell,
    ):
        self.layers = list(layers.values())
        self.code, self.group_size = code, group_size
        self.training, self.workers = training, Workers()
        self._n_steps, self._feedback = n_steps, feedback
        self._steps_per_measure = steps_per_measure
        self._wiring = Wiring(layers, cell, self.workers, training and training.adam)
        self._read_steps = Reader(self._wiring, "step", is_first=True)
        self._to_code = self._wiring.affine("code")
        self._conditions = Conditions(self._wiring, "writer")
        self._writer = self._wiring.recurrence("writer")
        self._to_output = self._wiring.affine("output")
        if self._steps_per_measure:
            self._read_measures = Reader(self._wiring, "measure", is_first=False)
            conditions = Conditions(self._wiring, "conductor")
            self._conductor = conditions, self._wiring.recurrence("conductor")

    # ------------------------------------------------------------------- training

    def step(self, X, y=None):
        """Update all weights along the mean loss of a batch; return its losses.

        The samples are sorted by length, so that recurrent layers can leave out the
        steps after the ends.
        """
        lengths = lengths_of(steps_of(X, self.group_size), self.group_size)
        losses = super().step(X[np.argsort(-lengths, kind="stable")], y)
        self.training.adam.apply()
        return losses

    def apply_pending_updates(self):
        """No update waits."""

    # ------------------------------------------------------------------- encoder

    def encoder(self, X):
        """What the code is made of, and the pull-back."""
        steps, lengths = trimmed_steps(X, self.group_size)
        read = self._read_by_measure if self._steps_per_measure else self._read_steps
        summary, to_steps = read(steps, lengths)
        a, to_summary = self._to_code(summary)
        return a, lambda delta: to_steps(to_summary(delta))

    def _parts(self, lengths):
        """The measures of samples, or one segment for each whole sample."""
        return segments(lengths, self._steps_per_measure or lengths.max())

    def _read_by_measure(self, steps, lengths):
        """Read the steps of each measure, and then the vectors of the measures."""
        parts = self._parts(lengths)
        measures = parts.split(steps, nothing(steps, self.group_size))
        read = self._read_steps(measures, lengths_of(measures, self.group_size))
        whole = self._read_measures(parts.spread(read[0]), parts.is_there.sum(axis=0))
        return whole[0], lambda delta: read[1](parts.gather(whole[1](delta)))

    # ------------------------------------------------------------------- decoder

    def reconstruct(self, z, X, *, in_training=False):
        """Logits of samples X given their latent vectors and the steps before.

        The logits of steps after the last one of the longest sample are 0.
        """
        steps, lengths = trimmed_steps(X, self.group_size)
        parts = self._parts(lengths)
        if self._feedback.is_own:
            steps = self._greedy(z, len(steps))[0][1:]
        if in_training:
            steps = self._fed_back(z, steps, parts)
        return self._write(z, self._before(steps), parts)

    def _before(self, steps):
        """The decoder's input at each step: the step before."""
        before = np.empty_like(steps)
        before[0] = nothing(steps, self.group_size)
        before[1:] = steps[:-1]
        return before

    def _fed_back(self, z, steps, parts):
        """Steps for the decoder's input: of the data, its own, or none."""
        rng, (forced, dropout, _) = self.training.history.rng, self._feedback
        share, steps = forced(self.history.n_epochs), steps.copy()
        if share < 1:
            is_own = rng.uniform(size=steps.shape[:2]) >= share
            steps[is_own] = self._predicted(z, steps, parts)[is_own]
        if dropout:
            is_hidden = rng.uniform(size=steps.shape[:2]) < dropout
            steps[is_hidden] = nothing(steps, self.group_size)
        return steps

    def _predicted(self, z, steps, parts):
        """The most probable step after those of the data."""
        logits, _ = self._write(z, self._before(steps), parts)
        groups = logits.reshape(len(z), -1, self.group_size)[:, : len(steps)]
        tokens = groups.argmax(axis=2).T
        return tokens if steps.ndim == 2 else np.eye(self.group_size)[tokens]

    def decoder(self, z):
        """Logits given the tokens that the decoder itself finds most probable.

        The pull-back takes these tokens as given.
        """
        tokens, logits = self._greedy(z, self._n_steps)

        def pull_back(delta):
            parts = self._parts(np.full(len(z), self._n_steps))
            return self._write(z, tokens[:-1], parts)[1](delta)

        return logits, pull_back

    def _write(self, z, before, parts):
        """Logits of all steps given those before, and the pull-back to the code."""
        vectors, to_vectors = self._vectors(z, len(parts.is_there))
        logits, to_parts = self._write_parts(
            parts.gather(vectors),
            parts.split(before, nothing(before, self.group_size)),
            parts.lengths,
        )
        n_steps = len(parts.is_there) * parts.n_steps
        shape = len(z), self._n_steps * self.group_size
        whole = np.zeros(
            (len(z), max(n_steps, self._n_steps), self.group_size), z.dtype
        )
        by_sample = parts.spread(logits).swapaxes(0, 1)
        whole[:, :n_steps] = by_sample.reshape(len(z), n_steps, -1)

        def pull_back(delta):
            of_steps = np.zeros_like(whole)
            of_steps[:, : self._n_steps] = delta.reshape(len(z), -1, self.group_size)
            of_parts = of_steps[:, :n_steps].reshape(by_sample.shape).swapaxes(0, 1)
            return to_vectors(parts.spread(to_parts(parts.gather(of_parts))))

        return whole[:, : self._n_steps].reshape(shape), pull_back

    def _vectors(self, z, n_segments):
        """The vector that each segment is written from, and the pull-back to the code.

        Of shape (n_segments, n_samples, n).
        """
        if not self._steps_per_measure:
            return z[np.newaxis], lambda delta: delta[0]
        conditions, recurrence = self._conductor
        start, constant, to_z = conditions(z)
        no_input = np.zeros((1, constant.shape[1]), z.dtype)
        index = np.zeros((n_segments, len(z)), np.int32)
        states, to_states = recurrence(no_input, index, constant, start)

        def pull_back(delta):
            of_inputs, of_start = to_states(delta)
            return to_z(of_start, of_inputs.sum(axis=0))

        return states, pull_back

    def _write_parts(self, vectors, before, lengths):
        """Logits of segments given their vectors and the steps before."""
        start, constant, to_vectors = self._conditions(vectors)
        rows, index, to_inputs = self._wiring.inputs("writer", before)
        given = rows, index, constant, start, sorted_lengths(lengths)
        states, to_states = self._writer(*given)
        n_steps, n_parts, n = states.shape
        logits, to_output = self._to_output(states.reshape(-1, n))
        logits = logits.reshape(n_steps, n_parts, -1).transpose(1, 0, 2)

        def pull_back(delta):
            delta = delta.transpose(1, 0, 2)
            delta = to_output(delta.reshape(-1, self.group_size))
            of_inputs, of_start = to_states(delta.reshape(states.shape))
            to_inputs(of_inputs)
            return to_vectors(of_start, of_inputs.sum(axis=0))

        return logits, pull_back

    def _greedy(self, z, n_steps):
        """Most probable tokens, each given those before, and logits.

        The first token is none: the decoder's input at the first step.
        """
        tokens = np.full((n_steps + 1, len(z)), self.group_size, np.int32)
        logits = np.empty((len(z), n_steps, self.group_size), z.dtype)
        steps = iter(range(n_steps))

        def most_probable(of_step):
            t = next(steps)
            logits[:, t] = of_step
            tokens[t + 1] = of_step.argmax(axis=1)
            return None, tokens[t + 1]

        self.write(z, most_probable, n_steps)
        return tokens, logits.reshape(len(z), -1)

    def write(self, z, choose, n_steps):
        """Write sequences step by step, with tokens that a function chooses.

        Parameters
        ----------
        z : ndarray of shape (n_samples, h)
        choose : callable
            Takes the logits of a step, of shape (n_sequences, group_size), at first of
            one sequence for each sample. Returns the indices of the sequences that go
            on, None for all, and the token of each; or None to stop.
        n_steps : int
        """
        segment = self._steps_per_measure or n_steps
        vectors, _ = self._vectors(z, -(-n_steps // segment))
        sample = np.arange(len(z))  # of each sequence
        tokens = np.full((1, len(z)), self.group_size, np.int32)
        rows, *_ = self._wiring.inputs("writer", tokens)
        for t in range(n_steps):
            if t % segment == 0:
                start, constant, _ = self._conditions(vectors[t // segment, sample])
                stepper = self._writer.stepper(rows, constant, start)
            logits, _ = self._to_output(stepper.advance(tokens))
            chosen = choose(logits)
            if chosen is None:
                return
            going, tokens = chosen
            tokens = np.asarray(tokens, np.int32)[np.newaxis]
            if going is not None:
                sample = sample[going]
                stepper.select(going)


class VariationalRecurrentStack(VariationalStack, RecurrentStack):
    """A recurrent stack whose code is drawn from a normal distribution."""
