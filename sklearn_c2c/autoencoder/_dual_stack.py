"""A stack whose latent variables form two branches, separated by labels."""

from typing import NamedTuple

import numpy as np

from sklearn_c2c._nn.layers import Dense
from sklearn_c2c._nn.losses import between_class_shares, cross_entropy
from sklearn_c2c.autoencoder._stack import Stack


class Sight(NamedTuple):
    """Input and target of a classifier or an adversary."""

    branch: slice  # columns of the latent vector
    labels: slice  # columns of the one-hot labels

    def of(self, Z, Y):
        """Return its columns of latent vectors and of labels."""
        return [np.ascontiguousarray(part) for part in (Z[:, self[0]], Y[:, self[1]])]


class DualBranchStack(Stack):
    """A stack with linear classifiers of its branches, and adversaries.

    Parameters
    ----------
    layers : list of Layer
        From the data to the latents, as many back, and those of the heads.
    *stack : tuple
        The other arguments of `Stack`.
    sights : list of Sight
        Of the classifiers, then of as many adversaries.
    classification_weight, adversarial_weight : float
        Weights of the losses of both in that of the encoder.
    trusts_adversary : bool
        Whether the encoder is trained against the trained adversaries, or against the
        best ones of each batch.
    """

    terms = ("reconstruction", "weighted classification")

    def __init__(
        self,
        layers,
        *stack,
        sights,
        classification_weight,
        adversarial_weight,
        trusts_adversary,
    ):
        n_layers, n_sets = len(layers) - len(sights), len(sights) // 2
        super().__init__(layers[:n_layers], *stack)
        self.layers = layers
        adam = self.training.adam if self.training else None
        heads = [
            (sight, Dense(layer.coef, layer.intercept, self.workers, adam))
            for sight, layer in zip(sights, layers[n_layers:], strict=True)
        ]
        self.classifiers, self.adversaries = heads[:n_sets], heads[n_sets:]
        # NumPy's scalars would turn float32 into float64.
        self._classification_weight = float(classification_weight)
        self._adversarial_weight = float(adversarial_weight)
        self._trusts_adversary = trusts_adversary

    def evaluate(self, X, y=None):
        """Mean loss of samples: of the reconstruction and, with y, the classifiers."""
        loss = super().evaluate(X)
        if y is None:
            return loss
        z, total = self.encode(X), 0.0
        for sight, classifier in self.classifiers:
            total += self._head_loss(sight, classifier, z, y)[0]
        return loss + self._classification_weight * total / X.shape[0]

    def step(self, X, y=None):
        """Update all weights along the losses of a batch; return these."""
        a, to_encoder = self.encoder(X)
        z, to_code = self.code(a)
        logits, to_decoder = self.decoder(z)
        loss, delta = self.loss(logits, X)
        self.training.adam.tick()
        delta = to_decoder(delta)
        classification, adversary = self._classify(z, y, delta), self._face(z, y, delta)
        to_encoder(to_code(delta))
        return {
            "reconstruction": loss,
            "weighted classification": self._classification_weight * classification,
            "classification": classification,
            "adversary": adversary,
        }

    def _classify(self, z, y, delta):
        """Update the classifiers, add their gradient to delta; return their loss."""
        total = 0.0
        for sight, classifier in self.classifiers:
            loss, gradient, pull_back = self._head_loss(sight, classifier, z, y)
            delta[:, sight.branch] += pull_back(self._classification_weight * gradient)
            total += loss
        return total

    def _face(self, z, y, delta):
        """Update the adversaries, add the reversed gradient to delta; return the loss.

        Gradient reversal: an adversary is updated along the gradient of its loss, the
        encoder against it.
        """
        total = 0.0
        for sight, adversary in self.adversaries:
            loss, gradient, pull_back = self._head_loss(sight, adversary, z, y)
            reversed_gradient = -pull_back(gradient)
            if not self._trusts_adversary:
                _, reversed_gradient = between_class_shares(*sight.of(z, y))
            delta[:, sight.branch] += self._adversarial_weight * reversed_gradient
            total += loss
        return total

    def _head_loss(self, sight, head, z, y):
        """Loss of a head, its gradient, and the pull-back of the head."""
        z, y = sight.of(z, y)
        logits, pull_back = head(z)
        loss, gradient = cross_entropy(logits, y, y.shape[1], self.workers)
        return loss, gradient, pull_back
