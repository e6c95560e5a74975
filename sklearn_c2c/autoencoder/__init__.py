"""Autoencoders as scikit-learn transformers. Imports `_nn`."""

from sklearn_c2c.autoencoder._autoencoder import Autoencoder

__all__ = ["Autoencoder"]
