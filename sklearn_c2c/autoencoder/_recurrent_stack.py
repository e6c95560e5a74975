"""A recurrent encoder and decoder of sequences, wired for use and for training."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import sparse

from sklearn_c2c._nn.layers import Activation
from sklearn_c2c._nn.recurrent import GRU, Affine, DenseInputs, TokenInputs
from sklearn_c2c._nn.threads import Workers
from sklearn_c2c.autoencoder._stack import Stack, VariationalStack

# Places among the layers: of the recurrences, and of the tokens fed back.
RECURRENCES, FEEDBACK = (1, 3, 8), 7

# Samples that pass through recurrent layers at once where no gradient is needed.
_CHUNK = 256


def recurrent_shapes(n_tokens, n_units, code_width, h):
    """Shapes of the weight matrices, from the tokens to the code and back.

    In order: inputs and recurrence of the encoder that reads forwards, of the one that
    reads backwards, the code; the state that the decoder starts with, its constant
    input, inputs and recurrence, and its output.
    """
    reads = [(n_tokens, 3 * n_units), (n_units, 3 * n_units)]
    encoder = [*reads, *reads, (2 * n_units, code_width)]
    return [*encoder, (h, n_units), (h, 3 * n_units), *reads, (n_units, n_tokens)]


class Feedback(NamedTuple):
    """Input tokens of a decoder in training."""

    forced: Callable  # of the epoch, the share of the data's tokens
    dropout: float  # share of the tokens that are left out


class RecurrentStack(Stack):
    """Two GRUs read a sequence, one writes it.

    The latent vector is made of the last states of a GRU that reads forwards, and of
    one that reads backwards. It gives the decoder its first state, and a constant input
    at each step, beside the token of the step before.

    Parameters
    ----------
    layers : list of Layer
        Of `recurrent_shapes`.
    code : callable
        The layer between encoder and decoder.
    group_size : int
        Columns of a step.
    n_steps : int or None
        Steps that the decoder writes; None in training, where the data say it.
    training : Training or None
        None for use only.
    feedback : Feedback
        The decoder's input tokens in training.
    """

    # In training the memory of their states and gates is kept.
    chunk = _CHUNK

    def __init__(self, layers, code, group_size, n_steps, training, feedback):
        self.layers, self.code, self.group_size = layers, code, group_size
        self.training, self.workers = training, Workers()
        self._n_steps, self._feedback = n_steps, feedback
        self._start_activation = Activation("tanh")
        forwards, backwards = self._reader(0), self._reader(2)
        self._readers = forwards, backwards
        self._to_code, self._to_start, self._to_constant = map(self._affine, (4, 5, 6))
        self._writer, self._to_output = self._reader(7), self._affine(9)

    def _reader(self, i):
        """A GRU and the weights of its inputs, which stand at i and after."""
        adam = self.training and self.training.adam
        return self.layers[i], GRU(*self.layers[i + 1], self.workers, adam)

    def _affine(self, i):
        adam = self.training and self.training.adam
        return Affine(*self.layers[i], self.workers, adam)

    def _inputs(self, layer, steps):
        """Rows, index and pull-back of the inputs that steps give a GRU."""
        adam = self.training and self.training.adam
        kind = TokenInputs if steps.ndim == 2 else DenseInputs
        return kind(*layer, self.workers, adam)(steps)

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
        steps = steps_of(X, self.group_size)
        forwards, backwards = self._readers
        summary, to_forwards = self._summary(*forwards, steps)
        reverse, to_backwards = self._summary(*backwards, steps[::-1])
        a, to_summaries = self._to_code(np.hstack([summary, reverse]))

        def pull_back(delta):
            of_summary, of_reverse = np.split(to_summaries(delta), 2, axis=1)
            to_forwards(of_summary)
            to_backwards(of_reverse)

        return a, pull_back

    def _summary(self, layer, gru, steps):
        """State of a GRU after the last step, and the pull-back."""
        rows, index, to_inputs = self._inputs(layer, steps)
        n_samples, n = steps.shape[1], len(gru.coef.value)
        nothing = np.zeros((n_samples, 3 * n), rows.dtype)
        states, to_states = gru(rows, index, nothing, nothing[:, :n])

        def pull_back(delta):
            deltas = np.zeros(states.shape, states.dtype)
            deltas[-1] = delta
            to_inputs(to_states(deltas)[0])

        return states[-1], pull_back

    # ------------------------------------------------------------------- decoder

    def reconstruct(self, z, X, *, in_training=False):
        """Logits of samples X given their latent vectors and the steps before."""
        steps = steps_of(X, self.group_size)
        if in_training:
            steps = self._fed_back(z, steps)
        return self._write(z, self._before(steps))

    def _before(self, steps):
        """The decoder's input at each step: the step before."""
        before = np.empty_like(steps)
        before[0] = self._nothing(steps)
        before[1:] = steps[:-1]
        return before

    def _nothing(self, steps):
        """A step without a token."""
        return self.group_size if steps.ndim == 2 else 0

    def _fed_back(self, z, steps):
        """Steps for the decoder's input: of the data, its own, or none."""
        rng, (forced, dropout) = self.training.history.rng, self._feedback
        share, steps = forced(self.history.n_epochs), steps.copy()
        if share < 1:
            is_own = rng.uniform(size=steps.shape[:2]) >= share
            steps[is_own] = self._predicted(z, steps)[is_own]
        if dropout:
            is_hidden = rng.uniform(size=steps.shape[:2]) < dropout
            steps[is_hidden] = self._nothing(steps)
        return steps

    def _predicted(self, z, steps):
        """The most probable step after those of the data."""
        logits, _ = self._write(z, self._before(steps))
        tokens = logits.reshape(len(z), -1, self.group_size).argmax(axis=2).T
        return tokens if steps.ndim == 2 else np.eye(self.group_size)[tokens]

    def decoder(self, z):
        """Logits given the tokens that the decoder itself finds most probable.

        The pull-back takes these tokens as given.
        """
        before, logits = self._greedy(z)
        return logits, lambda delta: self._write(z, before)[1](delta)

    def _write(self, z, before):
        """Logits given the steps before, and the pull-back to the code."""
        (start, to_start), (constant, to_constant) = self._conditions(z)
        layer, gru = self._writer
        rows, index, to_inputs = self._inputs(layer, before)
        states, to_states = gru(rows, index, constant, start)
        n_steps, n_samples, n = states.shape
        logits, to_output = self._to_output(states.reshape(-1, n))
        logits = logits.reshape(n_steps, n_samples, -1).transpose(1, 0, 2)

        def pull_back(delta):
            delta = delta.reshape(n_samples, n_steps, -1).transpose(1, 0, 2)
            delta = to_output(delta.reshape(-1, self.group_size))
            of_inputs, of_start = to_states(delta.reshape(states.shape))
            to_inputs(of_inputs)
            return to_start(of_start) + to_constant(of_inputs.sum(axis=0))

        return logits.reshape(n_samples, -1), pull_back

    def _conditions(self, z):
        """State to start with and constant input, each with its pull-back to z."""
        a, to_a = self._to_start(z)
        start, to_activation = self._start_activation(a)
        return (start, lambda delta: to_a(to_activation(delta))), self._to_constant(z)

    def _greedy(self, z):
        """Inputs of a decoder that gets its own most probable tokens, and logits."""
        (state, _), (constant, _) = self._conditions(z)
        (layer, gru), n_steps = self._writer, self._n_steps
        tokens = np.full((n_steps + 1, len(z)), self.group_size, np.int32)
        logits = np.empty((len(z), n_steps, self.group_size), z.dtype)
        rows, *_ = self._inputs(layer, tokens)
        for t in range(n_steps):
            states, _ = gru(rows, tokens[t : t + 1], constant, state)
            state = states[0]
            logits[:, t], _ = self._to_output(np.ascontiguousarray(state))
            tokens[t + 1] = logits[:, t].argmax(axis=1)
        return tokens[:-1], logits.reshape(len(z), -1)


class VariationalRecurrentStack(VariationalStack, RecurrentStack):
    """A recurrent stack whose code is drawn from a normal distribution."""


def steps_of(X, group_size):
    """Steps of samples, time first.

    Parameters
    ----------
    X : {ndarray, csr_array} of shape (n_samples, n_steps * group_size)

    Returns
    -------
    ndarray of int, shape (n_steps, n_samples)
        Tokens, group_size at a step that is all zeros. If a step is not one-hot, X
        itself, of shape (n_steps, n_samples, group_size).
    """
    n_samples, n_steps = X.shape[0], X.shape[1] // group_size
    rows = sparse.csr_array(X)
    step, token = np.divmod(rows.indices, group_size)
    sample = np.repeat(np.arange(n_samples), np.diff(rows.indptr))
    tokens = np.full((n_steps, n_samples), group_size, np.int32)
    tokens[step, sample] = token
    n_ones = np.count_nonzero(tokens != group_size)
    if (rows.data == 1).all() and n_ones == rows.nnz:
        return tokens
    dense = X.toarray() if sparse.issparse(X) else X
    groups = dense.reshape(n_samples, n_steps, group_size)
    return np.ascontiguousarray(groups.transpose(1, 0, 2))
