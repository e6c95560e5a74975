"""Learn a musical style from melodies and compose in it, with scikit-learn's API.

`datasets` and `io` read melodies as rows of tokens, `PianoRollEncoder` encodes them as
one-hot piano rolls, and `Autoencoder` encodes these as latent vectors. `generation`
makes new latent vectors and decodes them to melodies, for `metrics`, `display`, `page`
and `io`.
"""

from importlib import import_module

__version__ = "0.1.0.dev0"

_ESTIMATORS = {
    "AttributeVariationalAutoencoder": "sklearn_c2c.autoencoder",
    "Autoencoder": "sklearn_c2c.autoencoder",
    "DualBranchAutoencoder": "sklearn_c2c.autoencoder",
    "Harmonizer": "sklearn_c2c.harmony",
    "MarkovMelodies": "sklearn_c2c.markov",
    "PianoRollEncoder": "sklearn_c2c.preprocessing",
    "PitchRhythmAutoencoder": "sklearn_c2c.autoencoder",
    "RecurrentAutoencoder": "sklearn_c2c.autoencoder",
    "SoftmaxRBM": "sklearn_c2c.boltzmann",
    "VariationalAutoencoder": "sklearn_c2c.autoencoder",
    "VariationalRecurrentAutoencoder": "sklearn_c2c.autoencoder",
}
_MODULES = (
    "autoencoder",
    "boltzmann",
    "datasets",
    "display",
    "generation",
    "harmony",
    "io",
    "journal",
    "markov",
    "melody",
    "metrics",
    "model_selection",
    "objectives",
    "onnx",
    "page",
    "persistence",
    "preprocessing",
)

__all__ = [*_ESTIMATORS, *_MODULES]


def __getattr__(name):
    # Modules are imported at first use, since importing Numba and others takes long.
    if name in _ESTIMATORS:
        return getattr(import_module(_ESTIMATORS[name]), name)
    if name in _MODULES:
        return import_module(f"sklearn_c2c.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return [*globals(), *__all__]
