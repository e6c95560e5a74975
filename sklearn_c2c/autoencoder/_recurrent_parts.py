"""The parts of a recurrent stack: what reads sequences, and what starts to write."""

from typing import Any, NamedTuple

import numpy as np

from sklearn_c2c._nn.layers import Activation
from sklearn_c2c._nn.recurrent import GRU, LSTM, Affine, DenseInputs, TokenInputs
from sklearn_c2c._nn.threads import Workers
from sklearn_c2c.autoencoder._sequences import reversal, sorted_lengths

# The kinds of recurrent layers, by name.
CELLS = {"gru": GRU, "lstm": LSTM}

# The layer of the tokens that are fed back to the decoder.
FEEDBACK = "writer inputs"


def recurrent_shapes(n_tokens, n_units, code_width, h, *, n_gates, is_hierarchical):
    """Shapes of the weight matrices by name, from the tokens to the code and back.

    A hierarchical stack reads steps to measures, and measures to the code; from the
    code, a conductor gives each measure a vector, from which its steps are written.
    """
    n, n_sums = n_units, n_gates * n_units

    def recurrence(name, n_in):
        return {f"{name} inputs": (n_in, n_sums), f"{name} recurrence": (n, n_sums)}

    def reader(name, n_in):
        forwards = recurrence(f"{name} forwards", n_in)
        return forwards | recurrence(f"{name} backwards", n_in)

    def conditions(name, n_in):
        return {f"{name} start": (n_in, n), f"{name} constant": (n_in, n_sums)}

    shapes = reader("step", n_tokens)
    if is_hierarchical:
        shapes |= reader("measure", 2 * n)
    shapes["code"] = 2 * n, code_width
    if is_hierarchical:
        shapes |= conditions("conductor", h) | {"conductor recurrence": (n, n_sums)}
    shapes |= conditions("writer", n if is_hierarchical else h)
    return shapes | recurrence("writer", n_tokens) | {"output": (n, n_tokens)}


class Wiring(NamedTuple):
    """What the layers of a recurrent stack are made with.

    Attributes
    ----------
    layers : dict of str to Layer
        Of `recurrent_shapes`.
    cell : type
        Of `CELLS`: the kind of the recurrent layers.
    workers : Workers
    adam : Adam or None
        None where the weights are not trained.
    """

    layers: dict
    cell: type
    workers: Workers
    adam: Any

    def affine(self, name):
        """An affine layer."""
        coef, intercept = self.layers[name]
        return Affine(coef, intercept, self.workers, self.adam)

    def recurrence(self, name, *, keeps_gates=True):
        """A recurrent layer."""
        layer = *self.layers[f"{name} recurrence"], self.workers, self.adam
        return self.cell(*layer, keeps_gates=keeps_gates)

    def inputs(self, name, steps, *, is_first=True):
        """Rows, index and pull-back of the inputs that steps give a recurrent layer."""
        layer = *self.layers[f"{name} inputs"], self.workers, self.adam
        if steps.ndim == 2:
            return TokenInputs(*layer)(steps)
        return DenseInputs(*layer, is_first=is_first)(steps)


class Reader:
    """Two recurrent layers that read sequences, forwards and backwards.

    Parameters
    ----------
    wiring : Wiring
    name : str
    is_first : bool
        Whether the sequences are data, whose gradient is not needed.
    """

    def __init__(self, wiring, name, *, is_first):
        self._wiring, self._is_first = wiring, is_first
        self._names = f"{name} forwards", f"{name} backwards"
        # In use nobody pulls back to the data.
        self._forwards, self._backwards = (
            wiring.recurrence(name, keeps_gates=wiring.adam is not None)
            for name in self._names
        )

    def __call__(self, steps, lengths):
        """Return the last states of both layers, side by side, and the pull-back.

        Parameters
        ----------
        steps : ndarray of shape (n_steps, n_samples, ...)
        lengths : ndarray of int, shape (n_samples,)
        """
        forwards, backwards = self._names
        there = reversal(lengths, len(steps)), np.arange(len(lengths))
        a, to_steps = self._last(self._forwards, forwards, steps, lengths)
        b, to_reversed = self._last(self._backwards, backwards, steps[there], lengths)

        def pull_back(delta):
            of_a, of_b = np.split(delta, 2, axis=1)
            of_steps, of_reversed = to_steps(of_a), to_reversed(of_b)
            return None if self._is_first else of_steps + of_reversed[there]

        return np.hstack([a, b]), pull_back

    def _last(self, recurrence, name, steps, lengths):
        """State of a layer after the last step of each sample, and the pull-back."""
        rows, index, to_inputs = self._wiring.inputs(
            name, steps, is_first=self._is_first
        )
        n_samples, (n, n_sums) = len(lengths), recurrence.coef.value.shape
        zeros = np.zeros((n_samples, n_sums), rows.dtype)
        given = rows, index, zeros, zeros[:, :n]
        states, to_states = recurrence(*given, sorted_lengths(lengths))
        at = lengths - 1, np.arange(n_samples)

        def pull_back(delta):
            deltas = np.zeros(states.shape, states.dtype)
            deltas[at] = delta
            return to_inputs(to_states(deltas)[0])

        return states[at], pull_back


class Conditions:
    """What a vector gives a recurrent layer: its first state, and a constant input.

    Parameters
    ----------
    wiring : Wiring
    name : str
    """

    def __init__(self, wiring, name):
        self._to_start = wiring.affine(f"{name} start")
        self._to_constant = wiring.affine(f"{name} constant")
        self._activation = Activation("tanh")

    def __call__(self, z):
        """Return state and constant input of vectors, and the pull-back of both."""
        a, to_a = self._to_start(z)
        start, to_activation = self._activation(a)
        constant, to_z = self._to_constant(z)

        def pull_back(of_start, of_constant):
            return to_a(to_activation(of_start)) + to_z(of_constant)

        return start, constant, pull_back
