"""The network of a `Harmonizer`."""

import numpy as np

from sklearn_c2c.autoencoder import Stack


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
        Share of the steps of known voices that are hidden, at random, in training.
    """

    def __init__(self, *stack, layout, chain, noise):
        super().__init__(*stack)
        self.layout, self._chain, self._noise = layout, chain, noise

    def step(self, X, y=None):
        """Update all weights with a batch of samples and their answers."""
        known = self._drawn(len(X))
        seen = np.repeat(known, self.layout.n_seen, axis=1)
        if self._noise:
            seen &= self.history.rng.random_sample(seen.shape) >= self._noise
        inputs, targets = self.layout.inputs(X, seen), self.layout.targets(y, known)
        return super().step(inputs, targets)

    def _drawn(self, n_samples):
        """Voices that are known: the given one, and fewer than all others at random."""
        n_added = self.layout.n_added
        known = np.zeros((n_samples, n_added + 1), bool)
        known[:, 0] = True
        if self._chain:
            rng = self.history.rng
            number = rng.randint(n_added, size=(n_samples, 1))
            order = rng.random_sample((n_samples, n_added)).argsort(axis=1)
            known[:, 1:] = order < number
        return known

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
