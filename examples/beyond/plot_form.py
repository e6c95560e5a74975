"""
Draws that have a form
======================

The paper (footnote 31) leaves structure to other models: nothing makes the model repeat
a measure. Reels repeat measures, mostly four measures later. When the decoder's outputs
for places that are equal in a reel are averaged before decoding, the same latent
vectors decode to draws with the form of a reel.
"""

# %%
# The same 200 latent vectors, decoded freely and each in the form of a reel in its
# direction.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from sklearn_c2c import PianoRollEncoder, VariationalAutoencoder, generation, metrics
from sklearn_c2c.datasets import load_celtic
from sklearn_c2c.display import Melodies

reels = load_celtic()
X = reels.data
autoencoder = VariationalAutoencoder(
    h=32,
    beta=10,
    kl_warmup=100,
    kl_cooldown=50,
    max_iter=200,
    n_iter_no_change=200,
    random_state=0,
)
model = make_pipeline(PianoRollEncoder(), autoencoder).fit(X)
draw = {"X": X, "method": "gaussian", "scale": 1.3, "random_state": 0}
free = generation.sample(model, n_samples=200, **draw)
in_form = generation.sample(model, n_samples=200, form="corpus", **draw)

# %%
# Share of the steps that two half measures have in common. Above, all pairs of half
# measures of one melody; below, the mean over all melodies by the distance of the two.
# Reels have peaks at 4, 8 and 12 half measures; draws in form have peaks as high, draws
# without form lower ones.
figure = plt.figure(figsize=(10, 7), layout="constrained")
axes = figure.subplot_mosaic([["free", "form", "reel"], ["lag"] * 3])
examples = {"free": free[0], "form": in_form[0], "reel": X[0]}
titles = {"free": "A draw", "form": "The same code in form", "reel": reels.titles[0]}
for name, melody in examples.items():
    (similarity,) = metrics.measure_similarity([melody], steps_per_measure=8)
    image = axes[name].imshow(
        similarity, vmin=0, vmax=1, cmap="Blues", extent=(1, 9, 9, 1)
    )
    axes[name].set(title=titles[name], xlabel="Measure")
axes["free"].set_ylabel("Measure")
figure.colorbar(image, ax=axes["reel"], label="Steps in common", shrink=0.8)
sets = {"Reels": X, "Draws in form": in_form, "Draws": free}
for name, melodies in sets.items():
    by_lag = metrics.similarity_by_lag(melodies, steps_per_measure=8).mean(axis=0)
    axes["lag"].plot(np.arange(1, 16), by_lag, marker=".", label=name)
axes["lag"].set(xlabel="Half measures later", ylabel="Steps in common")
axes["lag"].set_xticks(range(1, 16))
axes["lag"].legend(frameon=False)

# %%
# A classifier distinguishes the draws in form less well from all reels of the
# collections (area under the curve; 0.5 is chance), and they are hardly nearer to a
# reel.
_, among_reels = metrics.nearest_melody(X)
all_reels = load_celtic(n_melodies=None).data
rows = {}
for name, melodies in sets.items():
    _, distance = metrics.nearest_melody(melodies, X)
    rows[name] = {
        "repeat a measure": metrics.repeat_share(melodies),
        "repeat a half measure": metrics.repeat_share(melodies, steps_per_measure=8),
        "classifier against reels": metrics.two_sample_auc(
            melodies, all_reels, random_state=0
        ),
        "from the nearest reel": np.median(distance),
    }
rows["Reels"] |= {
    "classifier against reels": np.nan,
    "from the nearest reel": np.median(among_reels),
}
pd.DataFrame(rows).T.round(2)

# %%
# The draw of the figure and two more, in form.
Melodies(
    [free[0], *in_form[:3]],
    titles=["A draw", "The same in form", "Another", "A third"],
    corpus=reels,
    key="D",
    tempo=200,
)
