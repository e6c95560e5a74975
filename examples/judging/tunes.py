"""Tunes to learn from, to judge by and to measure with, in sets without overlap."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from sklearn_c2c.datasets import corpus_folder, load_celtic
from sklearn_c2c.io import read_melodies

TONIC = "D"
N_TRAIN_REELS = 75


@dataclass(frozen=True, eq=False)
class Style:
    """Tunes of one kind in D.

    Parameters
    ----------
    train : ndarray of shape (n_train, n_steps)
        Tunes to train on.
    real : ndarray of shape (n_real, n_steps)
        Tunes to judge against.
    unseen : ndarray of shape (n_unseen, n_steps)
        Real ones that are not in `train`.
    reference : ndarray of shape (n_reference, n_steps)
        Tunes that are in none of these, by which surprise is measured.
    steps_per_measure, steps_per_beat : int
        Metre.
    """

    train: np.ndarray
    real: np.ndarray
    unseen: np.ndarray
    reference: np.ndarray
    steps_per_measure: int
    steps_per_beat: int

    @property
    def metre(self):
        return {
            "steps_per_measure": self.steps_per_measure,
            "steps_per_beat": self.steps_per_beat,
        }


@cache
def reels(collections):
    """The 134 reels, 75 of them to train, and all other tunes in 4/4."""
    real = load_celtic(n_melodies=None).data
    others = tunes(collections, "4/4")
    known = {row.tobytes() for row in real}
    others = np.array([row for row in others if row.tobytes() not in known])
    train, unseen = real[:N_TRAIN_REELS], real[N_TRAIN_REELS:]
    return Style(train, real, unseen, others, steps_per_measure=16, steps_per_beat=4)


@cache
def jigs(collections, n_jigs):
    """Jigs to train and as many to judge by; the rest is the reference."""
    train, real, rest = np.split(tunes(collections, "6/8"), [n_jigs, 2 * n_jigs])
    return Style(train, real, real, rest, steps_per_measure=12, steps_per_beat=6)


@cache
def tunes(collections, time_signature):
    """Tunes of collections in one metre, moved to D: distinct rows in a fixed order."""
    folders = [corpus_folder(folder) for folder in collections]
    found = read_melodies(folders, time_signature=time_signature, key=TONIC)
    rows = np.unique(found.data, axis=0)
    return rows[np.random.RandomState(0).permutation(len(rows))]


def style_of(name, plan):
    """The style "reels" or "jigs" in the sizes of a plan."""
    if name == "reels":
        return reels(plan.collections)
    return jigs(plan.collections, plan.n_jigs)
