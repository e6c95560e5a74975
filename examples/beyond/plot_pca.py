"""
PCA as the baseline
===================

The paper (footnote 4): against principal component analysis an autoencoder is nonlinear
and thus more general, but its dimensions are not orthogonal. Both hold: with as many
latent variables it reconstructs more of a tune, and they are correlated, if slightly.
"""

# %%
# Everything in :mod:`~sklearn_c2c.generation` and :mod:`~sklearn_c2c.metrics` takes
# scikit-learn's PCA in the place of an autoencoder.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from sklearn_c2c import Autoencoder, PianoRollEncoder, metrics
from sklearn_c2c.datasets import load_celtic
from sklearn_c2c.display import Melodies

reels = load_celtic()
X = reels.data
tune = reels.titles.index("The Green Mountain")
sizes = [4, 8, 16, 32, 60]
estimators = {
    "PCA": lambda h: PCA(h, random_state=0),
    "Autoencoder": lambda h: Autoencoder(h, random_state=0),
    "Autoencoder, linear code": lambda h: Autoencoder(
        h,
        activation="identity",
        output="softmax",
        learning_rate_init=0.02,
        random_state=0,
    ),
}
accuracy, at_16 = {name: [] for name in estimators}, {}
for name, estimator in estimators.items():
    for h in sizes:
        model = make_pipeline(PianoRollEncoder(), estimator(h)).fit(X)
        codes = model.transform(X)
        decoded = model.inverse_transform(codes)
        accuracy[name].append(metrics.step_accuracy(X, decoded))
        if h == 16:
            at_16[name] = decoded[tune]
            correlations = np.corrcoef(codes.T)[np.triu_indices(h, 1)]
            print(f"{name}, h = 16: mean correlation of two latent variables")
            print(f"  {np.abs(correlations).mean():.3f}")

# %%
# The linear autoencoder needs the fewest. So the gain is not from nonlinearity, but
# from a loss on which token is the right one, where PCA minimises squares.
figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for name, values in accuracy.items():
    ax.plot(sizes, values, marker=".", label=name)
    print(f"{name}:", ", ".join(f"{v:.3f}" for v in values))
ax.set_xscale("log")
ax.set_xticks(sizes, sizes)
ax.minorticks_off()
ax.set(xlabel="Latent variables (h)", ylabel="Share of the steps reconstructed")
ax.legend(frameon=False)

# %%
# The Green Mountain by 16 numbers:
rows = [X[tune], *at_16.values()]
Melodies(rows, titles=["The Green Mountain", *at_16], key="D", tempo=200)
