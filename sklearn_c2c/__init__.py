"""Learn a musical style and compose in it, with plain scikit-learn."""

__version__ = "0.1.0.dev0"
