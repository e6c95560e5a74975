"""Learn a musical style and compose in it, with plain scikit-learn.

The data's path: `datasets` and `io` give melody rows, `PianoRollEncoder` turns them
into one-hot piano rolls, `Autoencoder` into latent vectors, `generation` moves among
those, and the way back ends in `metrics`, `display` and `io` again.
"""

from importlib import import_module

__version__ = "0.1.0.dev0"

_ESTIMATORS = {
    "AttributeVariationalAutoencoder": "sklearn_c2c.autoencoder",
    "Autoencoder": "sklearn_c2c.autoencoder",
    "DualBranchAutoencoder": "sklearn_c2c.autoencoder",
    "MarkovMelodies": "sklearn_c2c.markov",
    "PianoRollEncoder": "sklearn_c2c.preprocessing",
    "PitchRhythmAutoencoder": "sklearn_c2c.autoencoder",
    "RecurrentAutoencoder": "sklearn_c2c.autoencoder",
    "VariationalAutoencoder": "sklearn_c2c.autoencoder",
    "VariationalRecurrentAutoencoder": "sklearn_c2c.autoencoder",
}
_MODULES = (
    "autoencoder",
    "datasets",
    "display",
    "generation",
    "io",
    "journal",
    "markov",
    "melody",
    "metrics",
    "model_selection",
    "objectives",
    "page",
    "persistence",
    "preprocessing",
)

__all__ = [*_ESTIMATORS, *_MODULES]


def __getattr__(name):
    # Loaded when first asked for: the import itself stays quick, Numba included.
    if name in _ESTIMATORS:
        return getattr(import_module(_ESTIMATORS[name]), name)
    if name in _MODULES:
        return import_module(f"sklearn_c2c.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return [*globals(), *__all__]
