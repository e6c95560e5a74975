"""
A morph from 8 measures to 16
=============================

On the way from a tune of 8 measures to one of 16, each melody has its own length. It
grows near the middle of the path and by whole measures, as the decoder has learned that
tunes end with a measure. There the melodies are new, and far from the few tunes that
the model knows.
"""

# %%
# One model of 24 tunes, learned by heart: eight each of 8, 12 and 16 measures. Nine
# points on the straight line between the latent vectors of two of them.
from string import capwords

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from sklearn_c2c import PianoRollEncoder, RecurrentAutoencoder, generation, metrics
from sklearn_c2c.datasets import corpus_folder
from sklearn_c2c.display import Melodies, PianoRollDisplay
from sklearn_c2c.io import read_melodies
from sklearn_c2c.melody import melody_lengths

RANGE = 55, 86
tunes = read_melodies(
    corpus_folder("oneills1850"),
    n_measures=(8, 16),
    time_signature="4/4",
    key="D",
    pitch_range=RANGE,
    duplicates="drop",
)
of_length = [np.flatnonzero(np.equal(tunes.measures, n))[:8] for n in (8, 12, 16)]
X = tunes.data[np.concatenate(of_length)]
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
short, long = X[:8], X[-8:]
path = generation.interpolate(model, short[4], long[7], n_points=9)

# %%
# From above to below. A thick line marks the end of a melody.
names = [capwords(tunes.titles[row]) for row in (of_length[0][4], of_length[2][7])]
titles = [names[0], *(f"{n} of 8" for n in range(1, 8)), names[1]]
PianoRollDisplay.from_melodies(path, titles=titles)

# %%
# All 64 pairs of a tune of 8 and one of 16 measures. Near both ends a path stays at its
# tune, as the model has learned its 24 tunes by heart. The last column is the share of
# the steps in which a melody differs from the nearest of the 24. Nothing here tells
# whether what lies between is a good tune.
share = np.linspace(0, 1, 9)[:, np.newaxis]
starts, ends = (model.transform(rows) for rows in (short, long))
Z = (1 - share) * starts[:, np.newaxis, np.newaxis] + share * ends[:, np.newaxis]
paths = model.inverse_transform(Z.reshape(64 * 9, -1)).reshape(64, 9, -1)
lengths = melody_lengths(paths)
points = {
    "mean length (measures)": lengths.mean(axis=0) / 16,
    "of 8 measures": (lengths == 128).mean(axis=0),
    "of 16 measures": (lengths == 256).mean(axis=0),
    "ends with a measure": (lengths % 16 == 0).mean(axis=0),
    "from the nearest tune": [
        metrics.nearest_melody(paths[:, i], X)[1].mean() for i in range(9)
    ],
}
changes = np.diff(lengths, axis=1)
print(f"paths that change their length once: {((changes != 0).sum(1) == 1).mean():.0%}")
print(f"paths that never become shorter: {(changes >= 0).all(axis=1).mean():.0%}")
pd.DataFrame(points).rename_axis("point").round(2)

# %%
# To listen to:
Melodies(path[[0, 4, 6, 8]], titles=[titles[i] for i in (0, 4, 6, 8)], key="D")
