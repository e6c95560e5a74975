"""The network of a `Harmonizer`."""

import numpy as np

from sklearn_c2c.autoencoder import Stack


import os
NOISE=float(os.environ.get("NOISE","0.3"))
class HarmonyStack(Stack):
    """Hidden layers between what is known of voices and the tokens of the others.

    Parameters
    ----------
    *stack, **settings :
        As of `Stack`.
    layout : Layout
    chain : bool
        Whether some of the other voices are known, at random, in training.
    n_epochs : int, default=1
        Epochs over which the learning rate falls to 0.
    """

    def __init__(self, *stack, layout, chain, n_epochs=1, **settings):
        super().__init__(*stack, **settings)
        self.layout, self._chain, self._n_epochs = layout, chain, n_epochs
        if self.training:
            self._last_epoch = self.history.n_epochs + n_epochs

    def step(self, X, y=None):
        """Update all weights with a batch of samples and their answers."""
        known = self._drawn(len(X))
        n_codes = known.shape[1] * self.layout.n_seen
        hidden = self.history.rng.random_sample((len(X), n_codes)) < NOISE
        inputs, targets = self.layout.inputs(X, known, hidden), self.layout.targets(y, known)
        left = self._last_epoch - self.history.n_epochs
        loss = self.update(inputs, targets, rate=min(1.0, left / self._n_epochs))
        return {"reconstruction": loss}

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
        known = np.broadcast_to(known, (len(samples), len(known)))
        outputs = np.empty((len(samples), self.layout.n_outputs), np.float32)
        for start in range(0, len(samples), self.chunk):
            rows = slice(start, start + self.chunk)
            inputs = self.layout.inputs(samples[rows], known[rows])
            outputs[rows] = self.decode(self.encode(inputs))[0]
        return self.layout.roll(outputs)
