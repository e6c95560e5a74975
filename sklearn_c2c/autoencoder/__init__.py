"""Autoencoders as scikit-learn transformers."""

from sklearn_c2c.autoencoder._attribute import AttributeVariationalAutoencoder
from sklearn_c2c.autoencoder._autoencoder import Autoencoder
from sklearn_c2c.autoencoder._dual_branch import DualBranchAutoencoder
from sklearn_c2c.autoencoder._pitch_rhythm import PitchRhythmAutoencoder
from sklearn_c2c.autoencoder._recurrent import RecurrentAutoencoder
from sklearn_c2c.autoencoder._variational import VariationalAutoencoder
from sklearn_c2c.autoencoder._variational_recurrent import (
    VariationalRecurrentAutoencoder,
)

__all__ = [
    "AttributeVariationalAutoencoder",
    "Autoencoder",
    "DualBranchAutoencoder",
    "PitchRhythmAutoencoder",
    "RecurrentAutoencoder",
    "VariationalAutoencoder",
    "VariationalRecurrentAutoencoder",
]
