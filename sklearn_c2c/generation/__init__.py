"""Compose by moving in a latent space: plain functions on fitted models.

A model is anything with `transform` and `inverse_transform`: an autoencoder, a Pipeline
that begins with a `PianoRollEncoder`, scikit-learn's PCA. What comes back is what its
`inverse_transform` returns; of a Pipeline, melodies. Imports nothing of ours.
"""

from sklearn_c2c.generation._paths import interpolate
from sklearn_c2c.generation._sampling import sample

__all__ = ["interpolate", "sample"]
