"""Autoencoders as scikit-learn transformers."""

from sklearn_c2c.autoencoder._attribute import AttributeVariationalAutoencoder
from sklearn_c2c.autoencoder._autoencoder import Autoencoder
from sklearn_c2c.autoencoder._dual_branch import DualBranchAutoencoder

# Needed by `harmony`, besides the public names.
from sklearn_c2c.autoencoder._form import network_form as network_form
from sklearn_c2c.autoencoder._network import NetworkMixin as NetworkMixin
from sklearn_c2c.autoencoder._network import check_fitted_sizes as check_fitted_sizes
from sklearn_c2c.autoencoder._network import checked_sizes as checked_sizes
from sklearn_c2c.autoencoder._pitch_rhythm import PitchRhythmAutoencoder
from sklearn_c2c.autoencoder._recurrent import RecurrentAutoencoder
from sklearn_c2c.autoencoder._recurrent_parts import CELLS as CELLS
from sklearn_c2c.autoencoder._recurrent_parts import Wiring as Wiring
from sklearn_c2c.autoencoder._stack import Layer as Layer
from sklearn_c2c.autoencoder._stack import Stack as Stack
from sklearn_c2c.autoencoder._stack import Training as Training
from sklearn_c2c.autoencoder._stack import with_between as with_between
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
