"""
From noise to a melody
======================

The paper (section V.iv, figures 24 and 33): fed with noise, and then again and again
with what it makes of it, an autoencoder refines a melody step by step up to a fixed
point, and there are finitely many of these. It comes out, from every start. But most
starts end in a reel that the model knows by heart.
"""

# %%
# A random melody takes any token at each step, all alike.
import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_c2c import Autoencoder, PianoRollEncoder, generation, metrics
from sklearn_c2c.datasets import load_celtic
from sklearn_c2c.display import AttractorDisplay
from sklearn_c2c.page import Melodies

reels = load_celtic()
X = reels.data
model = make_pipeline(PianoRollEncoder(), Autoencoder(h=100, random_state=0)).fit(X)
encoder = model[0]
noise = np.random.default_rng(0).uniform(size=(500, encoder.transform(X).shape[1]))
starts = encoder.inverse_transform(noise)
ends = generation.attractors(model, starts, X=X)
known = ends.training_indices >= 0
n_melodies = {len(cycle) for cycle in ends.cycles}
print(f"{len(starts)} starts, {len(known)} ends, of which {known.sum()} are reels")
print(f"steps to an end: median {np.median(ends.n_iter):.0f}, most {ends.n_iter.max()}")
print(f"starts that end in a reel: {ends.basins[known].sum() / len(starts):.0%}")
print(f"melodies in a cycle: {n_melodies}; a fixed point has 1")

# %%
# Each end by the number of starts that lead there. There are many more than these: the
# title has an estimate from how many were met just once.
AttractorDisplay.from_result(ends)

# %%
# What is no reel the model has made up: Kazakçi, Cherti and Kégl's "digits that are
# not". How far from the nearest reel, against a reel from the nearest other one:
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
