"""
A reel like Bach, a chorale like a reel
=======================================

The paper (section V.iii, figures 17 to 22 and 32): the mean latent vector of Bach's
sopranos, added to that of The Green Mountain, makes it Bach-like, with longer notes and
its motif kept; the other way round BWV 347 hardly changes, as it lies among the reels
already. All of this reproduces, with both kinds of autoencoder, except for the map: the
reel does not move to the centre of the sopranos, and the chorale's neighbors are
chorales.
"""

# %%
# Each autoencoder learns both corpora, 75 reels and 80 sopranos in D, so that their
# latent vectors share one space. An attribute vector is the mean latent vector of a
# corpus. This is with the defaults and h = 100; `examples/reproduce_paper.py` has the
# paper's setting.
import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline

from sklearn_c2c import (
    Autoencoder,
    PianoRollEncoder,
    VariationalAutoencoder,
    generation,
    metrics,
)
from sklearn_c2c.datasets import load_bach_sopranos, load_celtic
from sklearn_c2c.display import LatentSpaceDisplay, Melodies

reels, chorales = load_celtic(), load_bach_sopranos()
X = np.vstack([reels.data, chorales.data])
corpus = np.repeat(["reels", "sopranos"], [len(reels.data), len(chorales.data)])
models = {
    kind.__name__: make_pipeline(PianoRollEncoder(), kind(h=100, random_state=0)).fit(X)
    for kind in (Autoencoder, VariationalAutoencoder)
}
chimeras = {}
for name, model in models.items():
    chimeras[name] = X.copy()
    for own, other in (("reels", "sopranos"), ("sopranos", "reels")):
        vector = generation.attribute_vector(model, X[corpus == other])
        changed = generation.add_attribute(model, X[corpus == own], vector)
        chimeras[name][corpus == own] = changed

# %%
# The autoencoder's map by t-SNE: circles are The Green Mountain, among the reels, and
# BWV 347, among the sopranos; stars are the changed melodies.
pair = [
    reels.titles.index("The Green Mountain"),
    len(reels.data) + chorales.sources.index("bach/bwv347.mxl"),
]
LatentSpaceDisplay.from_estimator(
    models["Autoencoder"],
    X,
    reduction="tsne",
    y=corpus,
    highlight=pair,
    arrows_to=chimeras["Autoencoder"][pair],
    random_state=0,
)

# %%
# t-SNE keeps no distances, so here are counts: holds, changes, and how many of the ten
# nearest latent vectors are of the other corpus. A motif is kept if more of the notes
# of the original sound in its changed version than in that of another tune.


def of_the_others(model, rows, own):
    search = NearestNeighbors(n_neighbors=10).fit(model.transform(X))
    near = search.kneighbors(model.transform(rows), return_distance=False)
    return (corpus[near] != own).mean()


def describe(model, changed, rows):
    own = corpus[rows[0]]
    before, after = X[rows], changed[rows]
    strangers = np.roll(changed[corpus == own], 1, axis=0)
    return {
        "steps that change": (before != after).mean(),
        "holds before": metrics.hold_share(before).mean(),
        "holds after": metrics.hold_share(after).mean(),
        "neighbors of the others before": of_the_others(model, before, own),
        "neighbors of the others after": of_the_others(model, after, own),
        "notes that sound": metrics.onset_pitch_accuracy(before, after),
        "in another's place": metrics.onset_pitch_accuracy(X[corpus == own], strangers),
    }


groups = {
    "The Green Mountain": pair[:1],
    "BWV 347": pair[1:],
    "All reels": np.flatnonzero(corpus == "reels"),
    "All sopranos": np.flatnonzero(corpus == "sopranos"),
}
tables = {
    name: pd.DataFrame(
        {group: describe(models[name], changed, rows) for group, rows in groups.items()}
    )
    for name, changed in chimeras.items()
}
pd.concat(tables).round(2)

# %%
show = np.stack([X[pair], chimeras["Autoencoder"][pair]], axis=1).reshape(4, -1)
titles = ["The Green Mountain", "Bach-like", "BWV 347", "Celtic-like"]
Melodies(show, titles=titles, key="D", tempo=160)
