"""
What latents stand for, chosen by the network and chosen by us
==============================================================

The paper (section VI.iii): what a latent variable stands for is chosen by the network
and "can only be interpreted a posteriori". In a plain autoencoder like the paper's
(sigmoid, random initial weights; here h = 32 and 30 epochs), the latent variable that
explains most of an attribute is found afterwards; in an attribute-regularised model it
is known before. A latent variable that explains an attribute need not control it.
"""

# %%
# Measures of 134 reels, a third of the tunes unseen. Three models of 32 latents.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from sklearn_c2c import (
    AttributeVariationalAutoencoder,
    Autoencoder,
    PianoRollEncoder,
    VariationalAutoencoder,
    metrics,
)
from sklearn_c2c.datasets import load_celtic
from sklearn_c2c.melody import mend_orphan_holds

NAMES = ["note_density", "mean_pitch", "pitch_range", "rhythmic_complexity"]
reels = load_celtic(n_melodies=None).data
measures = [mend_orphan_holds(X.reshape(-1, 16)) for X in (reels[:90], reels[90:])]
train, unseen = (np.unique(X[(X < 128).sum(axis=1) > 1], axis=0) for X in measures)
y, y_unseen = (metrics.attribute_values(X, NAMES) for X in (train, unseen))
settings = {
    "h": 32,
    "learning_rate_init": 0.01,
    "max_iter": 30,
    "batch_size": 50,
    "random_state": 0,
}
paper = {"output": "sigmoid", "init": "glorot", "output_bias_init": "zeros"}
estimators = {
    "plain, as the paper's": Autoencoder(**paper, **settings),
    "variational, beta 1": VariationalAutoencoder(**settings),
    "attribute-regularised": AttributeVariationalAutoencoder(
        attributes=NAMES, hidden_layer_sizes=(64,), **settings
    ),
}  # fmt: skip


def judged(estimator):
    """Which latent explains each attribute, and its control over unseen measures."""
    model = make_pipeline(PianoRollEncoder((55, 83)), estimator).fit(train, y)
    Z = model.transform(unseen)
    decoded = model.inverse_transform(Z)
    print(f"{type(estimator).__name__}: {(decoded == unseen).mean():.3f} of the steps")
    told = metrics.disentanglement(Z, y_unseen, names=NAMES, random_state=0)
    moved = metrics.slider_control(
        model,
        unseen,
        metrics.attributes(NAMES),
        dimensions=[int(told.latent[name]) for name in NAMES],
        corpus=train,
        random_state=0,
    )
    columns = {
        "latent": told.latent,
        "interpretability": told.interpretability,
        "MIG": told.mig_neighbors,
        "Spearman": told.spearman,
        "fitted R²": moved.fitted_r2,
        "control R²": moved.control_r2,
        "leakage": moved.leakage,
    }
    return pd.DataFrame(columns)


tables = {name: judged(estimator) for name, estimator in estimators.items()}
pd.concat(tables).round(2)

# %%
# Left: how well one latent variable explains an attribute. Right: how far the decoded
# measure follows when that latent variable is moved (squared correlation of the value
# asked for with the value found). The control R² in the table compares the values.
figure, axes = plt.subplots(1, 2, figsize=(10, 3.8), sharey=True, layout="constrained")
for ax, column in zip(axes, ("interpretability", "fitted R²"), strict=True):
    shown = pd.DataFrame({name: table[column] for name, table in tables.items()})
    shown.loc[NAMES].plot.barh(ax=ax, legend=ax is axes[1])
    ax.set(title=column, xlim=(0, 1))
plt.show()
