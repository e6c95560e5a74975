"""The command ``c2c``: from tunes to new melodies, without a line of Python.

It joins public functions and has no logic of its own. Imports that take long are made
inside the functions that need them, so that ``c2c --help`` is fast.
"""

from sklearn_c2c.cli._main import main

__all__ = ["main"]
