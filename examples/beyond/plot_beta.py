"""
What beta buys
==============

Section VI.iii of the paper names the beta-VAE as a way to latent variables that mean
something. Beyond the paper: beta swept over measures of reels. The rate falls and the
distortion rises; interpretability rises too, but no latent variable comes to represent
one attribute.
"""

# %%
# Measures of 134 reels, a third of the tunes unseen. A model for each beta.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from sklearn_c2c import PianoRollEncoder, VariationalAutoencoder, metrics
from sklearn_c2c.datasets import load_celtic
from sklearn_c2c.melody import mend_orphan_holds

BETAS = [0.1, 0.3, 1, 3]
NAMES = ["rhythmic_complexity", "note_density", "mean_pitch", "pitch_range"]
reels = load_celtic(n_melodies=None).data
measures = [mend_orphan_holds(X.reshape(-1, 16)) for X in (reels[:90], reels[90:])]
train, unseen = (np.unique(X[(X < 128).sum(axis=1) > 1], axis=0) for X in measures)


def judged(beta):
    """Train with a beta; return what unseen measures tell of the model."""
    vae = VariationalAutoencoder(
        h=16,
        hidden_layer_sizes=(64,),
        beta=beta,
        batch_size=50,
        learning_rate_init=0.01,
        max_iter=40,
        random_state=0,
    )
    model = make_pipeline(PianoRollEncoder((55, 83)), vae).fit(train)
    Z = model.transform(unseen)
    y = metrics.attribute_values(unseen, NAMES)
    told = metrics.disentanglement(Z, y, names=NAMES, random_state=0)
    return {
        "rate": vae.kl_curve_[-1],
        "distortion": vae.reconstruction_curve_[-1] / 16,
        "active units": vae.active_units_,
        "steps right": metrics.step_accuracy(unseen, model.inverse_transform(Z)),
        "interpretability": told.interpretability["mean"],
        "MIG": told.mig_neighbors["mean"],
    }


# %%
# The rate is the divergence in nats a measure, the distortion the cross-entropy in nats
# a step, both in training; all else is of unseen measures.
table = pd.DataFrame([judged(beta) for beta in BETAS], index=BETAS).rename_axis("beta")
table.round(3)

# %%
# The rate-distortion curve, and what a code means along it: the mean over four
# attributes of how well one latent variable tells each (interpretability), and by how
# much it does so better than the next one (MIG). 1 is what a slider wants.
figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
axes[0].plot(table["rate"], table["distortion"], "o-")
for beta, row in table.iterrows():
    axes[0].annotate(f"{beta:g}", (row["rate"], row["distortion"]), (4, 4),
                     textcoords="offset points")  # fmt: skip
axes[0].set(xlabel="Rate (nats a measure)", ylabel="Distortion (nats a step)")
for name in ("steps right", "interpretability", "MIG"):
    axes[1].plot(table.index, table[name], "o-", label=name)
axes[1].set(xlabel="beta", xscale="log", ylim=(0, 1))
axes[1].legend()
plt.show()
