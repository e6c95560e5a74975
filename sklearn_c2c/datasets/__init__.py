"""Corpora: Celtic reels, Bach's chorales, folders of your own, and large ones.

The reels and the chorales are read from the corpus of the installed music21; no tune is
part of this package.
"""

from sklearn_c2c.datasets._bach import load_bach_chorales, load_bach_sopranos
from sklearn_c2c.datasets._bundled import corpus_folder
from sklearn_c2c.datasets._celtic import load_celtic
from sklearn_c2c.datasets._folder import load_folder
from sklearn_c2c.datasets._recombination import recombine_measures
from sklearn_c2c.datasets._transposition import transpositions

__all__ = [
    "corpus_folder",
    "load_bach_chorales",
    "load_bach_sopranos",
    "load_celtic",
    "load_folder",
    "recombine_measures",
    "transpositions",
]
