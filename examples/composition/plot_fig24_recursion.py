"""
From noise to a melody
======================

The paper (section V.iv, figures 24 and 33): an autoencoder, variational or not, that is
given noise, and then its own output again and again, refines a melody up to a fixed
point, and there are finitely many of these. This reproduces from every start. But many
starts end in a reel that the model has memorised.
"""

# %%
# A random melody takes each token with the same probability at each step.
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
from sklearn_c2c.display import AttractorDisplay, Melodies

reels = load_celtic()
X = reels.data
encoder = PianoRollEncoder().fit(X)
noise = np.random.default_rng(0).uniform(size=(500, encoder.transform(X).shape[1]))
starts = encoder.inverse_transform(noise)
autoencoders = {
    "Variational autoencoder": VariationalAutoencoder(h=100, random_state=0),
    "Autoencoder": Autoencoder(h=100, random_state=0),
}
table = {}
for name, autoencoder in autoencoders.items():
    model = make_pipeline(PianoRollEncoder(), autoencoder).fit(X)
    ends = generation.attractors(model, starts, X=X)
    known = ends.training_indices >= 0
    is_fixed = np.array([len(cycle) == 1 for cycle in ends.cycles])
    table[name] = {
        "starts that end in a fixed point": is_fixed[ends.labels].mean(),
        "steps to it, median": np.median(ends.n_iter),
        "steps to it, most": ends.n_iter.max(),
        "different ends": len(known),
        "of these, reels": known.sum(),
        "starts that end in a reel": ends.basins[known].sum() / len(starts),
    }
pd.DataFrame(table).round(2)

# %%
# Each end of the autoencoder by the number of starts that lead there. There are many
# more than these: the title has an estimate, from the number that were met only once.
AttractorDisplay.from_result(ends)

# %%
# Ends that are not reels were made up by the model: Kazakçi, Cherti and Kégl's "digits
# that are not". Their distance from the nearest reel, and that of reels to each other:
invented = ends.melodies[~known]
_, distance = metrics.nearest_melody(invented, X)
_, among_reels = metrics.nearest_melody(X)
print(f"made up: {np.median(distance):.2f} of the steps differ")
print(f"reels: {np.median(among_reels):.2f}")

# %%
# The way to the most frequent of them, from noise.
(first, *_) = np.flatnonzero(ends.labels == np.flatnonzero(~known)[0])
path = generation.recurse(model, starts[[first]]).paths[0]
titles = ["Noise", *(f"Step {i}" for i in range(1, len(path) - 1)), "Fixed point"]
Melodies(path, titles=titles, corpus=reels, key="D", tempo=200)
