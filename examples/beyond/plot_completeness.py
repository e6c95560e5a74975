"""
Draws that could be reels
=========================

The paper (section VI.i): a variational autoencoder has completeness, draws from its
prior are meaningful, at the price of reconstruction. Measured over draws that nobody
has picked, the draws come close to reels in what can be counted, none is a copy, and
the reconstruction does not suffer. They do leap more than reels, and a listener may
hear that.
"""

# %%
# 500 draws from the prior of the defaults, and the reconstruction of the reels.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from sklearn_c2c import PianoRollEncoder, VariationalAutoencoder, generation, metrics
from sklearn_c2c.datasets import load_celtic
from sklearn_c2c.display import Melodies

reels = load_celtic()
X = reels.data
autoencoder = VariationalAutoencoder(h=32, random_state=0)
model = make_pipeline(PianoRollEncoder(), autoencoder).fit(X)
decoded = model.inverse_transform(model.transform(X))
drawn = generation.sample(model, n_samples=500, method="prior", random_state=0)
print(f"reels without a wrong step: {metrics.melody_accuracy(X, decoded):.0%}")
print(f"draws that copy a reel: {metrics.copy_share(drawn, X):.0%}")
print(f"different draws: {metrics.distinct_share(drawn):.0%}")
_, distance = metrics.nearest_melody(drawn, X)
_, among_reels = metrics.nearest_melody(X)
print(f"steps unlike the nearest reel: {np.median(distance):.2f} (draws, median),")
print(f"  {np.median(among_reels):.2f} (a reel from the others)")

# %%
# Means of statistics of a melody.
rows = {"Reels": X, "Draws": drawn}
tables = {
    name: pd.DataFrame(metrics.melody_statistics(melodies, tonic="D"))
    for name, melodies in rows.items()
}
pd.DataFrame({name: table.mean() for name, table in tables.items()}).round(3)

# %%
# Overlap of the distribution of each feature of the draws with that of the reels, and
# of one half of the reels with the other half: 1 is complete.
overlap = metrics.style_overlap(drawn, X, random_state=0)
features = pd.DataFrame(overlap.features).T.sort_values("overlapping_area")
figure, ax = plt.subplots(figsize=(8, 4), layout="constrained")
names = [name.replace("_", " ") for name in features.index]
ax.barh(names, features.overlapping_area, label="draws")
ax.plot(features.ceiling, names, "k|", markersize=16, label="one half of the reels")
ax.set(xlabel="Overlapping area", xlim=(0, 1))
figure.legend(frameon=False, loc="outside upper center", ncols=2)
print(f"mean: {overlap.mean_overlapping_area:.2f}, of reels {overlap.mean_ceiling:.2f}")

# %%
# The first three draws.
Melodies(drawn[:3], corpus=reels, key="D", tempo=200)
