"""Models of attributes and of branches: what to train, and our own side of it.

The models have their default sizes. Attributes are note density, rhythmic complexity,
mean pitch and pitch range; labels are whether the first and the third of these are
above their median.
"""

from dataclasses import dataclass

import numpy as np

from sklearn_c2c import (
    AttributeVariationalAutoencoder,
    DualBranchAutoencoder,
    PitchRhythmAutoencoder,
)
from sklearn_c2c.metrics import attribute_values
from tests.benchmarks.corpora import piano_roll
from tests.benchmarks.peers import EPSILON, LEARNING_RATE
from tests.benchmarks.peers.ours import NO_END, HandOver

_ATTRIBUTES = ["note_density", "rhythmic_complexity", "mean_pitch", "pitch_range"]


@dataclass(frozen=True)
class Wiring:
    """Which model to train on what.

    Parameters
    ----------
    name : {"given", "control", "pitch and rhythm", "two branches"}
        The first two are an `AttributeVariationalAutoencoder`, without and with
        `control_weight`.
    n_melodies, batch_size : int
    """

    name: str
    n_melodies: int
    batch_size: int

    def __str__(self):
        return f"{self.name}, {self.n_melodies:,} melodies, batch {self.batch_size}"


_MODELS = {
    "given": (AttributeVariationalAutoencoder, {"control_weight": 0.0}),
    "control": (AttributeVariationalAutoencoder, {"control_weight": 1.0}),
    "pitch and rhythm": (PitchRhythmAutoencoder, {}),
    "two branches": (DualBranchAutoencoder, {}),
}


def targets(wiring, rows):
    """What the model is told of each melody beside itself."""
    if wiring.name == "pitch and rhythm":
        return None
    values = attribute_values(rows, _ATTRIBUTES)
    if wiring.name == "two branches":
        return values[:, [0, 2]] > np.median(values[:, [0, 2]], axis=0)
    return values


def estimator(wiring, max_iter=NO_END):
    """The model of a wiring, with the weights and rates of all peers."""
    kind, settings = _MODELS[wiring.name]
    return kind(
        **settings,
        init="glorot",
        output_bias_init="zeros",
        learning_rate_init=LEARNING_RATE,
        epsilon=EPSILON,
        batch_size=wiring.batch_size,
        max_iter=max_iter,
        tol=0,
        n_iter_no_change=NO_END,
        random_state=0,
    )


def train(wiring, rows, turns):
    X, y = piano_roll(rows, sparse_output=True), targets(wiring, rows)
    model = estimator(wiring)
    model.set_callbacks(HandOver(turns))
    turns.goes_on()
    return model.fit(X, y).loss_
