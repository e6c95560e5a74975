"""Other voices for a given melody."""

from sklearn_c2c.harmony._harmonizer import Harmonizer

__all__ = ["Harmonizer"]
