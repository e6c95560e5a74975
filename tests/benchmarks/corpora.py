"""Data of the benchmarks: the 75 reels, or any number of melodies."""

import functools

import numpy as np

from sklearn_c2c import PianoRollEncoder
from sklearn_c2c.datasets import corpus_folder, load_celtic, recombine_measures
from sklearn_c2c.io import read_melodies

# G3 to B5 with hold and rest: 31 columns a step, 3,968 a melody, as in the paper.
PITCH_RANGE = (55, 83)
_COLLECTIONS = ("oneills1850", "ryansMammoth", "airdsAirs")


@functools.cache
def tunes():
    """Every bundled ABC tune in common or cut time that fills 8 measures, in D.

    Those that then leave `PITCH_RANGE` are left out.
    """
    folders = [corpus_folder(name) for name in _COLLECTIONS]
    found = read_melodies(
        folders, time_signature="4/4", key="D", pitch_range=PITCH_RANGE
    )
    return np.unique(found.data, axis=0)


def melodies(n_melodies, random_state=0):
    """The 75 reels, or, of any other number, tunes recombined by measures."""
    reels = load_celtic().data
    if n_melodies == len(reels):
        return reels
    return recombine_measures(tunes(), n_melodies, random_state=random_state)


def piano_roll(X, *, sparse_output):
    """One-hot float32, dense or CSR."""
    return PianoRollEncoder(PITCH_RANGE, sparse_output=sparse_output).fit_transform(X)
