"""
A melody from a random latent vector
====================================

The paper (section IV, figure 8): a random latent vector, each variable between the
least and the largest value that it takes over the reels, decodes to a new melody in
their style. This reproduces for the key and, nearly, for note lengths, and no melody is
a copy. But there are more leaps than in a reel.
"""

# %%
# 500 of them, with the defaults and h = 100; the first two to listen to.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_c2c import Autoencoder, PianoRollEncoder, generation, metrics
from sklearn_c2c.datasets import load_celtic
from sklearn_c2c.display import Melodies

reels = load_celtic()
X = reels.data
model = make_pipeline(PianoRollEncoder(), Autoencoder(h=100, random_state=0)).fit(X)
drawn = generation.sample(model, n_samples=500, random_state=0)
Melodies(drawn[:2], corpus=reels, key="D", tempo=200)

# %%
# Comparison with the reels. The nearest reel of a reel is the nearest other one.
measured = {
    "Steps unlike the nearest reel": lambda rows: metrics.nearest_melody(
        rows, None if rows is X else X
    )[1],
    "Share of held steps": metrics.hold_share,
    "Mean interval (semitones)": metrics.mean_absolute_interval,
}
figure, axes = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained")
for ax, (name, measure) in zip(axes, measured.items(), strict=True):
    values = {"Reels": measure(X), "Drawn": measure(drawn)}
    for kind, rows in values.items():
        print(f"{name}, {kind.lower()}: median {np.median(rows):.2f}")
        weights = np.full(len(rows), 1 / len(rows))
        ax.hist(rows, 15, weights=weights, alpha=0.6, label=kind)
    ax.set(xlabel=name)
axes[0].set(ylabel="Share of the melodies")
axes[-1].legend(frameon=False)
in_scale = [metrics.in_scale_share(rows, "D").mean() for rows in (X, drawn)]
print("Notes in D major: reels {:.1%}, drawn {:.1%}".format(*in_scale))
print(f"Copies of a reel: {metrics.copy_share(drawn, X):.0%}")
