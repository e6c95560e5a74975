"""
Every strategy on one reel
==========================

What sampling, variation, interpolation, attributes, recursion, objectives and
refinement sound like, all after the same tune and with the same model.
"""

# %%
# The model learns 75 Irish reels; 32 latent variables are enough for it to give all of
# them back. The tune is The Green Mountain. Each section is a call or two of
# :mod:`~sklearn_c2c.generation`, explained in :doc:`/user_guide/strategies`.
from functools import partial

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_c2c import Autoencoder, PianoRollEncoder, generation, metrics
from sklearn_c2c.datasets import load_celtic
from sklearn_c2c.display import Melodies, PianoRollDisplay
from sklearn_c2c.melody import mend_orphan_holds
from sklearn_c2c.objectives import HoldCount

reels = load_celtic()
X = reels.data
model = make_pipeline(PianoRollEncoder(), Autoencoder(h=32, random_state=0)).fit(X)
tune = X[reels.titles.index("The Green Mountain")]

show = partial(Melodies, corpus=reels, key="D", tempo=200)
show(tune, titles=["The Green Mountain"])

# %%
# Sampling
# --------
# Random codes decode to new melodies. Taking each latent variable by itself is the
# paper's way; a normal distribution keeps how they go together.
uniform = generation.sample(model, n_samples=1, random_state=0)
normal = generation.sample(model, n_samples=1, X=X, method="gaussian", random_state=0)
show([*uniform, *normal], titles=["Uniform", "Normal"])

# %%
# Variation
# ---------
# The same random direction, a little way and half the way.
near = generation.vary(model, tune, n_samples=1, strength=0.25, random_state=0)
far = generation.vary(model, tune, n_samples=1, strength=0.5, random_state=0)
show([*near, *far], titles=["Strength 0.25", "Strength 0.5"])

# %%
# Interpolation
# -------------
# On the way from the tune to another reel: two of the four steps between.
path = generation.interpolate(model, tune, X[-1], n_points=6)
show([path[2], path[3], X[-1]], titles=["Step 2", "Step 3", reels.titles[-1]])

# %%
# Averaging
# ---------
# What the tune has in common with the three reels nearest to it.
kin = generation.neighbors(model, tune, X, n_neighbors=4)
blend = generation.average(model, X[kin.indices])
show(blend, titles=["Average of four"])

# %%
# One latent variable
# -------------------
# From its minimum to its maximum, all others at their mean.
low_to_high = generation.sweep(model, dimension=0, n_points=6)
show(low_to_high[[0, -1]], titles=["Minimum", "Maximum"])

# %%
# Attributes
# ----------
# Along the direction from reels with few notes to reels with many.
busy = generation.attribute_vector(model, X, by=metrics.note_density)
fewer, more = generation.add_attribute(model, [tune], busy, scale=[-4, 4])
show([fewer, more], titles=["Fewer notes", "More notes"])

# %%
# Recursion
# ---------
# Random notes, fed to the model until what comes out is what went in. Ends that are no
# reel are melodies which the model has made up.
ends = generation.attractors(model, 200, X=X, random_state=0)
invented = ends.melodies[ends.training_indices < 0]
show(invented[:2], titles=["The most frequent end", "The second"])

# %%
# Objectives
# ----------
# A search among codes for the longest notes, and for the shortest.
calm = generation.optimize(model, HoldCount(), random_state=0)
quick = generation.optimize(model, HoldCount(), maximize=False, random_state=0)
extremes = [result.melodies[result.best] for result in (calm, quick)]
show(extremes, titles=["Long notes", "Short notes"])

# %%
# Refinement
# ----------
# The tune's steps in disorder, changed one by one until a classifier takes them for a
# reel. This needs no latent space.
disorder = mend_orphan_holds(np.random.default_rng(0).permuted(X, axis=1))
critic = make_pipeline(PianoRollEncoder(), LogisticRegression())
critic.fit(np.vstack([X, disorder]), np.repeat(["reel", "disorder"], len(X)))
start = disorder[reels.titles.index("The Green Mountain")]
refined = generation.refine(critic, [start], target="reel", random_state=0).melodies[0]
show([start, refined], titles=["Disorder", "Refined"])

# %%
# All together
# ------------
# One melody of each, below the tune.
made = {
    "The Green Mountain": tune,
    "Sampling": normal[0],
    "Variation": far[0],
    "Interpolation": path[2],
    "Averaging": blend[0],
    "One latent variable": low_to_high[-1],
    "Attributes": more,
    "Recursion": invented[0],
    "Objectives": extremes[0],
    "Refinement": refined,
}
PianoRollDisplay.from_melodies(list(made.values()), titles=list(made))
