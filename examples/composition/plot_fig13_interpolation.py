"""
From one reel to another
========================

The paper (sections V.ii and VI.ii, figures 13 and 29): an autoencoder's interpolation
leads from start to target but stands still at both ends; a variational autoencoder's is
more continuous, at the price of imperfect ends. The standing still reproduces. The gain
is small, though, and gone with fewer latent variables, and there is no price: all reels
are reconstructed without a wrong step.
"""

# %%
# Willa Fjord, where the paper's path ends, is not in the bundled collections. Another
# reel replaces it here; you can use a file of yours.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from sklearn_c2c import (
    Autoencoder,
    PianoRollEncoder,
    VariationalAutoencoder,
    generation,
    metrics,
)
from sklearn_c2c.datasets import load_celtic
from sklearn_c2c.display import InterpolationDisplay, Melodies

reels = load_celtic()
X = reels.data
start = X[reels.titles.index("The Green Mountain")]
target = X[0]
# YOUR FILE: target = read_melodies("willa fjord.abc", n_measures=8, key="D").data[0]

models = {
    f"{name}, h = {h}": make_pipeline(PianoRollEncoder(), kind(h, random_state=0))
    for h in (100, 32)
    for name, kind in {
        "Autoencoder": Autoencoder,
        "Variational autoencoder": VariationalAutoencoder,
    }.items()
}
paths = {}
for name, model in models.items():
    model.fit(X)
    accuracy = metrics.melody_accuracy(X, model.inverse_transform(model.transform(X)))
    print(f"{name}: {accuracy:.0%} of the reels have no wrong step")
    paths[name] = generation.interpolate(model, start, target, n_points=6)

# %%
# The path by the first two of them. Orange notes are new at each point.
figure, axes = plt.subplots(1, 2, figsize=(12, 10), layout="constrained")
steps = ["start", "step 1", "step 2", "step 3", "step 4", "target"]
for ax, name in zip(axes, paths, strict=False):
    InterpolationDisplay.from_melodies(paths[name], titles=steps, ax=ax)
    ax.set_title(name, loc="left")

# %%
# One path proves little, so here are 50 between random reels. Jumps are in units of the
# distance from start to target: an even path of five intervals has jumps of 0.2. More
# pairs, and the paper's h = 1,500, are in `examples/reproduce_paper.py`.
pairs = np.random.default_rng(0).permuted(np.tile(np.arange(len(X)), (50, 1)), axis=1)
table = {}
for name, model in models.items():
    many = [generation.interpolate(model, X[i], X[j]) for i, j in pairs[:, :2]]
    still = [(path[[0, -1]] == path[[1, -2]]).all(axis=1) for path in many]
    measured = [metrics.path_continuity(path) for path in many]
    table[name] = {
        "ends that stand still": np.mean(still),
        "different melodies of 6": np.mean([m.n_distinct for m in measured]),
        "largest jump": np.mean([m.largest_jump / m.distance for m in measured]),
    }
pd.DataFrame(table).T.round(2)

# %%
# The two in the middle, by the variational autoencoder:
between = paths["Variational autoencoder, h = 100"][2:4]
Melodies(between, titles=steps[2:4], corpus=reels, key="D", tempo=200)
