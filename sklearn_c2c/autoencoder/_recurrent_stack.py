"""A recurrent encoder and decoder of sequences, wired for use and for training."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sklearn_c2c._nn.layers import Activation
from sklearn_c2c._nn.recurrent import GRU, Affine, DenseInputs, TokenInputs
from sklearn_c2c._nn.threads import Workers
from sklearn_c2c.autoencoder._sequences import (
    lengths_of,
    nothing,
    reversal,
    segments,
    steps_of,
)
from sklearn_c2c.autoencoder._stack import Stack, VariationalStack

# The layer of the tokens that are fed back to the decoder.
FEEDBACK = "writer inputs"

# Samples that pass through recurrent layers at once, which keep all their states.
_CHUNK = 128


def recurrent_shapes(n_tokens, n_units, code_width, h, *, is_hierarchical):
    """Shapes of the weight matrices by name, from the tokens to the code and back.

    A hierarchical stack reads steps to measures, and measures to the code; from the
    code, a conductor gives each measure a vector, from which its steps are written.
    """
    n = n_units

    def recurrence(name, n_in):
        return {f"{name} inputs": (n_in, 3 * n), f"{name} recurrence": (n, 3 * n)}

    def reader(name, n_in):
        forwards = recurrence(f"{name} forwards", n_in)
        return forwards | recurrence(f"{name} backwards", n_in)

    def conditions(name, n_in):
        return {f"{name} start": (n_in, n), f"{name} constant": (n_in, 3 * n)}

    shapes = reader("step", n_tokens)
    if is_hierarchical:
        shapes |= reader("measure", 2 * n)
    shapes["code"] = 2 * n, code_width
    if is_hierarchical:
        shapes |= conditions("conductor", h) | {"conductor recurrence": (n, 3 * n)}
    shapes |= conditions("writer", n if is_hierarchical else h)
    return shapes | recurrence("writer", n_tokens) | {"output": (n, n_tokens)}


class Feedback(NamedTuple):
    """Input tokens of a decoder in training."""

    forced: Callable  # of the epoch, the share of the data's tokens
    dropout: float  # share of the tokens that are left out


class RecurrentStack(Stack):
    """Two GRUs read a sequence, one writes it.

    The latent vector is made of the last states of a GRU that reads forwards, and of
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
    """

    chunk = _CHUNK

    def __init__(
        self, layers, code, group_size, n_steps, steps_per_measure, training, feedback
    ):
        self._named, self.layers = layers, list(layers.values())
        self.code, self.group_size = code, group_size
        self.training, self.workers = training, Workers()
        self._n_steps, self._feedback = n_steps, feedback
        self._steps_per_measure = steps_per_measure
        self._read_steps = self._reader("step", is_first=True)
        self._to_code = self._affine("code")
        self._conditions = self._starts("writer")
        self._writer, self._to_output = self._gru("writer"), self._affine("output")
        if self._steps_per_measure:
            self._read_measures = self._reader("measure", is_first=False)
            self._conductor = self._starts("conductor"), self._gru("conductor")

    # --------------------------------------------------------------------- layers

    @property
    def _adam(self):
        return self.training and self.training.adam

    def _affine(self, name):
        return Affine(*self._named[name], self.workers, self._adam)

    def _gru(self, name):
        return GRU(*self._named[f"{name} recurrence"], self.workers, self._adam)

    def _inputs(self, name, steps, *, is_first=True):
        """Rows, index and pull-back of the inputs that steps give a GRU."""
        layer = *self._named[f"{name} inputs"], self.workers, self._adam
        if steps.ndim == 2:
            return TokenInputs(*layer)(steps)
        return DenseInputs(*layer, is_first=is_first)(steps)

    def _reader(self, name, *, is_first):
        """A function of sequences and their lengths: what two GRUs read from them."""
        directions = f"{name} forwards", f"{name} backwards"
        forwards, backwards = map(self._gru, directions)

        def read(steps, lengths):
            there = reversal(lengths, len(steps)), np.arange(len(lengths))
            a, to_forwards = last(forwards, directions[0], steps, lengths)
            b, to_backwards = last(backwards, directions[1], steps[there], lengths)

            def pull_back(delta):
                of_a, of_b = np.split(delta, 2, axis=1)
                of_steps, of_reversed = to_forwards(of_a), to_backwards(of_b)
                return None if is_first else of_steps + of_reversed[there]

            return np.hstack([a, b]), pull_back

        def last(gru, name, steps, lengths):
            """State of a GRU after the last step of each sample, and the pull-back."""
            rows, index, to_inputs = self._inputs(name, steps, is_first=is_first)
            n_samples, n = len(lengths), len(gru.coef.value)
            zeros = np.zeros((n_samples, 3 * n), rows.dtype)
            states, to_states = gru(rows, index, zeros, zeros[:, :n])
            at = lengths - 1, np.arange(n_samples)

            def pull_back(delta):
                deltas = np.zeros(states.shape, states.dtype)
                deltas[at] = delta
                return to_inputs(to_states(deltas)[0])

            return states[at], pull_back

        return read

    def _starts(self, name):
        """A function of vectors: state to start with, constant input, and pull-back."""
        to_start, to_constant = map(self._affine, (f"{name} start", f"{name} constant"))
        activation = Activation("tanh")

        def conditions(z):
            a, to_a = to_start(z)
            start, to_activation = activation(a)
            constant, to_z = to_constant(z)

            def pull_back(of_start, of_constant):
                return to_a(to_activation(of_start)) + to_z(of_constant)

            return start, constant, pull_back

        return conditions

    # ------------------------------------------------------------------- training

    def step(self, X, y=None):
        """Update all weights along the mean loss of a batch; return its losses."""
        losses = super().step(X, y)
        self.training.adam.apply()
        return losses

    def apply_pending_updates(self):
        """No update waits."""

    # ------------------------------------------------------------------- encoder

    def encoder(self, X):
        """What the code is made of, and the pull-back."""
        steps, lengths = self._steps(X)
        read = self._read_by_measure if self._steps_per_measure else self._read_steps
        summary, to_steps = read(steps, lengths)
        a, to_summary = self._to_code(summary)
        return a, lambda delta: to_steps(to_summary(delta))

    def _steps(self, X):
        """Steps of samples up to the longest one's last, and the lengths."""
        steps = steps_of(X, self.group_size)
        lengths = lengths_of(steps, self.group_size)
        return steps[: lengths.max()], lengths

    def _parts(self, lengths):
        """The measures of samples, or one segment for each whole sample."""
        return segments(lengths, self._steps_per_measure or lengths.max())

    def _read_by_measure(self, steps, lengths):
        """Read the steps of all measures, and what was read from these."""
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
        steps, lengths = self._steps(X)
        parts = self._parts(lengths)
        if in_training:
            steps = self._fed_back(z, steps, parts)
        logits, to_z = self._write(z, self._before(steps), parts)
        return logits, to_z

    def _before(self, steps):
        """The decoder's input at each step: the step before."""
        before = np.empty_like(steps)
        before[0] = nothing(steps, self.group_size)
        before[1:] = steps[:-1]
        return before

    def _fed_back(self, z, steps, parts):
        """Steps for the decoder's input: of the data, its own, or none."""
        rng, (forced, dropout) = self.training.history.rng, self._feedback
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
        before, logits = self._greedy(z)

        def pull_back(delta):
            parts = self._parts(np.full(len(z), self._n_steps))
            return self._write(z, before, parts)[1](delta)

        return logits, pull_back

    def _write(self, z, before, parts):
        """Logits of all steps given those before, and the pull-back to the code."""
        vectors, to_vectors = self._vectors(z, len(parts.is_there))
        logits, to_parts = self._write_parts(
            parts.gather(vectors),
            parts.split(before, nothing(before, self.group_size)),
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
        conditions, gru = self._conductor
        start, constant, to_z = conditions(z)
        no_input = np.zeros((1, constant.shape[1]), z.dtype)
        index = np.zeros((n_segments, len(z)), np.int32)
        states, to_states = gru(no_input, index, constant, start)

        def pull_back(delta):
            of_inputs, of_start = to_states(delta)
            return to_z(of_start, of_inputs.sum(axis=0))

        return states, pull_back

    def _write_parts(self, vectors, before):
        """Logits of segments given their vectors and the steps before."""
        start, constant, to_vectors = self._conditions(vectors)
        rows, index, to_inputs = self._inputs("writer", before)
        states, to_states = self._writer(rows, index, constant, start)
        n_steps, n_parts, n = states.shape
        by_part = np.ascontiguousarray(states.transpose(1, 0, 2)).reshape(-1, n)
        logits, to_output = self._to_output(by_part)

        def pull_back(delta):
            delta = to_output(delta.reshape(-1, self.group_size))
            delta = delta.reshape(n_parts, n_steps, n).transpose(1, 0, 2)
            of_inputs, of_start = to_states(delta)
            to_inputs(of_inputs)
            return to_vectors(of_start, of_inputs.sum(axis=0))

        return logits.reshape(n_parts, n_steps, -1), pull_back

    def _greedy(self, z):
        """Inputs of a decoder that gets its own most probable tokens, and logits."""
        tokens = np.full((self._n_steps + 1, len(z)), self.group_size, np.int32)
        logits = np.empty((len(z), self._n_steps, self.group_size), z.dtype)
        steps = iter(range(self._n_steps))

        def most_probable(of_step):
            t = next(steps)
            logits[:, t] = of_step
            tokens[t + 1] = of_step.argmax(axis=1)
            return slice(None), tokens[t + 1]

        self.write(z, most_probable)
        return tokens[:-1], logits.reshape(len(z), -1)

    def write(self, z, choose):
        """Write sequences step by step, with tokens that a function chooses.

        Parameters
        ----------
        z : ndarray of shape (n_samples, h)
        choose : callable
            Takes the logits of a step, of shape (n_sequences, group_size), at first of
            one sequence for each sample. Returns the sequences that go on, as an index
            that may repeat and leave out, and the token of each; or None to stop.
        """
        segment = self._steps_per_measure or self._n_steps
        vectors, _ = self._vectors(z, -(-self._n_steps // segment))
        sample = np.arange(len(z))  # of each sequence
        tokens = np.full((1, len(z)), self.group_size, np.int32)
        rows, *_ = self._inputs("writer", tokens)
        for t in range(self._n_steps):
            if t % segment == 0:
                state, constant, _ = self._conditions(vectors[t // segment, sample])
            states, _ = self._writer(rows, tokens, constant, state)
            logits, _ = self._to_output(np.ascontiguousarray(states[0]))
            chosen = choose(logits)
            if chosen is None:
                return
            going, tokens = chosen
            tokens = np.asarray(tokens, np.int32)[np.newaxis]
            sample, state, constant = sample[going], states[0][going], constant[going]


class VariationalRecurrentStack(VariationalStack, RecurrentStack):
    """A recurrent stack whose code is drawn from a normal distribution."""
