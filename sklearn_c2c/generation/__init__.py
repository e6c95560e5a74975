"""Composition in a latent space: functions of fitted models.

A model has `transform` and `inverse_transform`: an autoencoder, scikit-learn's PCA, a
Pipeline that begins with a `PianoRollEncoder`. The functions return the output of the
model's `inverse_transform`, which is melodies for such a Pipeline.
"""

from sklearn_c2c.generation._attributes import add_attribute, attribute_vector
from sklearn_c2c.generation._completion import complete
from sklearn_c2c.generation._decoding import decode
from sklearn_c2c.generation._encoding import encode
from sklearn_c2c.generation._exploration import average, neighbors, translate
from sklearn_c2c.generation._giving import give_attributes
from sklearn_c2c.generation._imposition import impose
from sklearn_c2c.generation._models import LatentModel
from sklearn_c2c.generation._optimization import optimize
from sklearn_c2c.generation._paths import interpolate, interpolate_grid, sweep
from sklearn_c2c.generation._recursion import attractors, recurse
from sklearn_c2c.generation._refinement import refine
from sklearn_c2c.generation._sampling import sample, vary
from sklearn_c2c.generation._setting import set_attribute
from sklearn_c2c.generation._swapping import branch, swap

__all__ = [
    "LatentModel",
    "add_attribute",
    "attractors",
    "attribute_vector",
    "average",
    "branch",
    "complete",
    "decode",
    "encode",
    "give_attributes",
    "impose",
    "interpolate",
    "interpolate_grid",
    "neighbors",
    "optimize",
    "recurse",
    "refine",
    "sample",
    "set_attribute",
    "swap",
    "sweep",
    "translate",
    "vary",
]
