"""
Tunes come back at their own lengths
====================================

One recurrent model learns tunes of 8, 12 and 16 measures together, and writes each of
them back up to its own end. The tunes are few and learned by heart: of a tune that it
has not seen it writes another one. A dense model, whose weights belong to the steps of
the longest tune, is quicker at this.
"""

# %%
# Eight tunes of each length, the first ones of O'Neill's collection in 4/4, moved to D.
# Rows of shorter tunes are filled up with :data:`~sklearn_c2c.melody.END`.
from string import capwords

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from sklearn_c2c import Autoencoder, PianoRollEncoder, RecurrentAutoencoder, metrics
from sklearn_c2c.datasets import corpus_folder
from sklearn_c2c.display import Melodies, PianoRollDisplay
from sklearn_c2c.io import read_melodies
from sklearn_c2c.melody import HOLD

RANGE = 55, 86
tunes = read_melodies(
    corpus_folder("oneills1850"),
    n_measures=(8, 16),
    time_signature="4/4",
    key="D",
    pitch_range=RANGE,
    duplicates="drop",
)
of_length = [np.flatnonzero(np.equal(tunes.measures, n)) for n in (8, 12, 16)]
seen, unseen = (
    np.concatenate([rows[which] for rows in of_length])
    for which in (slice(8), slice(8, 24))
)
X = tunes.data[seen]
estimator = RecurrentAutoencoder(
    h=32,
    n_units=96,
    steps_per_measure=16,
    learning_rate_init=0.006,
    batch_size=4,
    max_iter=190,
    random_state=0,
)
model = make_pipeline(PianoRollEncoder(RANGE), estimator).fit(X)

# %%
# One tune of each length on the left. On the right is what the decoder writes from 32
# numbers, each step from its own steps before. A thick line marks the end.
decoded = model.inverse_transform(model.transform(X))
shown = [4, 8, 16]
titles = [
    f"{capwords(tunes.titles[row])}, {tunes.measures[row]} measures"
    for row in seen[shown]
]
figure, axes = plt.subplots(1, 2, figsize=(12, 6), sharey=True, layout="constrained")
for ax, rows, title in zip(
    axes, (X, decoded), ("Tunes", "Reconstructions"), strict=True
):
    PianoRollDisplay.from_melodies(rows[shown], titles=titles, ax=ax)
    ax.set_title(title)
axes[1].set_ylabel("")

# %%
# All 24 tunes, and 48 others of the collection, 16 of each length, that the models have
# not seen. Beside the model is a dense one. A melody as long as the tune, of holds
# alone, has the share of steps in the last column right: more than what comes back of
# an unseen tune from either model.
dense = make_pipeline(PianoRollEncoder(RANGE), Autoencoder(h=32, random_state=0))
dense.fit(X)
found = {}
for kind, fitted in ("recurrent", model), ("dense", dense):
    for name, rows in ("seen", seen), ("unseen", unseen):
        tune = tunes.data[rows]
        back = fitted.inverse_transform(fitted.transform(tune))
        error = metrics.length_error(tune, back)
        found[kind, name] = {
            "steps right": metrics.step_accuracy(tune, back),
            "tunes without a wrong step": np.mean((tune == back).all(axis=1)),
            "right lengths": error.right_share,
            "error of the length (measures)": error.mean_absolute_error / 16,
            "steps that are holds": np.mean(tune[tune <= HOLD] == HOLD),
        }
pd.DataFrame(found).T.round(2)

# %%
# To listen to:
Melodies(decoded[shown], titles=titles, key="D", tempo=200)
