"""The networks of a `Harmonizer`."""

import numpy as np

from sklearn_c2c._nn.layers import Activation, Chain
from sklearn_c2c._nn.recurrent import SparseInputs
from sklearn_c2c._nn.threads import Workers
from sklearn_c2c.autoencoder import Stack, Wiring, with_between

# The layers that read the steps of a piece forwards and backwards.
DIRECTIONS = "forwards", "backwards"


class HarmonyStack(Stack):
    """Hidden layers between what is known of voices and the tokens of the others.

    Parameters
    ----------
    *stack :
        As of `Stack`.
    layout : Layout
    chain : bool
        Whether some of the other voices are known, at random, in training.
    noise : float
        Share of the steps of known voices, and of the samples' phrase ends, that are
        hidden, at random, in training.
    """

    def __init__(self, *stack, layout, chain, noise):
        super().__init__(*stack)
        self.layout, self._chain, self._noise = layout, chain, noise

    def step(self, X, y=None):
        """Update all weights with a batch of samples and their answers."""
        known, hides_ends = self._drawn(len(X))
        return self._update(X, y, known, hides_ends)

    def _update(self, X, y, known, hides_ends):
        if self.layout.has_ends:
            X = X.copy()
            X[hides_ends, -self.layout.n_seen :] = 0
        seen = np.repeat(known, self.layout.n_seen, axis=1)
        if self._noise:
            seen &= self.history.rng.random_sample(seen.shape) >= self._noise
        inputs, targets = self.layout.inputs(X, seen), self.layout.targets(y, known)
        return super().step(inputs, targets)

    def _drawn(self, n_samples):
        """What is known in training, at random.

        Returns
        -------
        known : ndarray of bool, shape (n_samples, n_voices)
            The given voice, and with `chain` fewer than all others.
        hides_ends : ndarray of bool, shape (n_samples,)
            Whether the phrase ends are not.
        """
        n_added, rng = self.layout.n_added, self.history.rng
        known = np.zeros((n_samples, n_added + 1), bool)
        known[:, 0] = True
        if self._chain:
            number = rng.randint(n_added, size=(n_samples, 1))
            order = rng.random_sample((n_samples, n_added)).argsort(axis=1)
            known[:, 1:] = order < number
        hides_ends = np.zeros(n_samples, bool)
        if self.layout.has_ends:
            hides_ends = rng.random_sample(n_samples) < self._noise
        return known, hides_ends

    def probabilities(self, samples, known):
        """Probabilities of the tokens of all other voices, (n_pieces, n_added, ...).

        Parameters
        ----------
        samples : ndarray of int16
            As of `Layout.samples`.
        known : ndarray of bool, shape (n_voices,)
        """
        seen = known.repeat(self.layout.n_seen)
        seen = np.broadcast_to(seen, (len(samples), len(seen)))
        outputs = np.empty((len(samples), self.layout.n_outputs), np.float32)
        for start in range(0, len(samples), self.chunk):
            rows = slice(start, start + self.chunk)
            inputs = self.layout.inputs(samples[rows], seen[rows])
            outputs[rows] = self.decode(self.encode(inputs))[0]
        return self.layout.roll(outputs)


class RecurrentHarmonyStack(HarmonyStack):
    """Recurrent layers that read pieces both ways, and hidden layers on their states.

    A sample is a whole piece, of shape (n_steps, n_columns): a row of `Layout.samples`
    for each of its steps.

    Parameters
    ----------
    layers : dict of str to Layer
        Of `harmony_shapes`.
    hidden_activation, group_size, training :
        As of `Stack`; the optimizer is a `ClippedAdam`.
    cell : type
        Of `CELLS`: the kind of the recurrent layers.
    layout, chain, noise :
        As of `HarmonyStack`.
    """

    def __init__(
        self,
        layers,
        hidden_activation,
        group_size,
        training=None,
        *,
        cell,
        layout,
        chain,
        noise,
    ):
        self.layers, self.group_size = list(layers.values()), group_size
        self.training, self.workers = training, Workers()
        self.layout, self._chain, self._noise = layout, chain, noise
        # Chunks are of whole pieces.
        self.chunk = layout.n_steps * max(1, self.chunk // layout.n_steps)
        wiring = Wiring(layers, cell, self.workers, training and training.adam)
        dense = [wiring.affine(name) for name in layers if name.startswith("dense")]
        self.encoder = BothWays(wiring, layout.n_steps)
        self.code = Activation("identity")
        self.decoder = Chain(*with_between(dense, Activation(hidden_activation)))

    def step(self, X, y=None):
        """Update all weights with a batch of pieces and their answers."""
        n_steps = self.layout.n_steps
        drawn = (part.repeat(n_steps, axis=0) for part in self._drawn(len(X)))
        steps = (part.reshape(-1, part.shape[2]) for part in (X, y))
        losses = self._update(*steps, *drawn)
        self.training.adam.apply()
        return losses

    def apply_pending_updates(self):
        """No update waits."""


class BothWays:
    """Two recurrent layers that read all steps of pieces, forwards and backwards.

    Parameters
    ----------
    wiring : Wiring
    n_steps : int
        Steps of a piece.
    """

    def __init__(self, wiring, n_steps):
        self._n_steps, trains = n_steps, wiring.adam is not None
        shared = wiring.workers, wiring.adam
        self._inputs = [
            SparseInputs(*wiring.layers[f"{name} inputs"], *shared)
            for name in DIRECTIONS
        ]
        self._recurrences = [
            wiring.recurrence(name, keeps_gates=trains) for name in DIRECTIONS
        ]

    def __call__(self, X):
        """Return the states of both layers at each step, and the pull-back.

        Parameters
        ----------
        X : csr_array of shape (n_pieces * n_steps, n_inputs)

        Returns
        -------
        states : ndarray of shape (n_pieces * n_steps, 2 * n_units)
        pull_back : callable
        """
        found = [self._read(X, way) for way in range(2)]

        def pull_back(delta):
            for (_, to_inputs), part in zip(
                found, np.split(delta, 2, axis=1), strict=True
            ):
                to_inputs(part)

        return np.hstack([states for states, _ in found]), pull_back

    def _read(self, X, way):
        """States of one layer at each step of X, and the pull-back."""
        recurrence, ahead = self._recurrences[way], (1, -1)[way]
        rows, to_rows = self._inputs[way](X)
        index = np.arange(len(rows), dtype=np.int32).reshape(-1, self._n_steps).T
        constant = np.zeros((index.shape[1], rows.shape[1]), rows.dtype)
        start = np.zeros((index.shape[1], len(recurrence.coef.value)), rows.dtype)
        states, to_states = recurrence(rows, index[::ahead], constant, start)

        def pull_back(delta):
            delta = delta.reshape(*index.T.shape, -1).swapaxes(0, 1)[::ahead]
            of_sums, _ = to_states(delta)
            to_rows(by_rows(of_sums))

        def by_rows(steps):
            return steps[::ahead].swapaxes(0, 1).reshape(len(rows), -1)

        return by_rows(states), pull_back
