"""The command ``c2c``: from tunes to new melodies, without a line of Python.

It joins public functions and has no logic of its own. Whatever takes long to import is
imported inside the functions that use it, so that ``c2c --help`` answers at once.
"""

from sklearn_c2c.cli._main import main

__all__ = ["main"]
