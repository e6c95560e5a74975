"""
A reel in the style of a chorale, by three methods
==================================================

Section V.iii of the paper adds an attribute vector to make a reel Bach-like. Beside it
stand the style transfer of Gatys, as an objective in the latent space, and the same
objective imposed on a Boltzmann machine, both with a weight on what is to be kept. What
counts is how much of the style is gained when equally much of the reel is kept. There
the machine gains most, by a classifier that knows neither the models nor the objective.
"""

# %%
# Reels and sopranos of chorales, all of 8 measures, in D major. Both models learn 75
# reels and every other soprano; the other tunes are unseen. Half of these train the
# classifier, and 20 reels are moved.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.pipeline import make_pipeline

from sklearn_c2c import Autoencoder, PianoRollEncoder, SoftmaxRBM, generation, metrics
from sklearn_c2c.datasets import load_bach_sopranos, load_celtic
from sklearn_c2c.display import Melodies
from sklearn_c2c.melody import mend_orphan_holds
from sklearn_c2c.objectives import StyleProfile

reels = load_celtic(n_melodies=None)
chorales = load_bach_sopranos(n_melodies=None)
sopranos = chorales.data[chorales.target == chorales.target_names.index("major")]
known_reels, known_sopranos = reels.data[:75], sopranos[::2]
unseen, judged_by, others = reels.data[76:115:2], reels.data[75::2], sopranos[1::4]
known = np.vstack([known_reels, known_sopranos])

roll = PianoRollEncoder()
autoencoder = Autoencoder(h=100, random_state=0)
latent = make_pipeline(roll, autoencoder).fit(known)
boltzmann = SoftmaxRBM(
    64, window_size=32, learning_rate_init=0.01, max_iter=80, random_state=0
)
machine = make_pipeline(roll, boltzmann).fit(known)

# %%
# Each method has a number that decides how far a reel is moved. The fourth curve is
# what no method should fall below: measures of a soprano pasted into the reel.
profile = StyleProfile(known_sopranos)
vector = generation.attribute_vector(latent, known_sopranos, known_reels)
search = {"start": unseen, "max_iter": 60, "random_state": 0}
draws = {"X": unseen, "weight": 100, "n_iter": 40, "random_state": 0}
rng = np.random.default_rng(0)
donors = known_sopranos[rng.integers(len(known_sopranos), size=len(unseen))]
order = rng.permuted(np.tile(np.arange(8), (len(unseen), 1)), axis=1).repeat(16, axis=1)
moved = {
    "measures pasted": [
        mend_orphan_holds(np.where(order < n, donors, unseen)) for n in (0, 2, 4, 6, 7)
    ],
    "attribute vector": [
        generation.add_attribute(latent, unseen, vector, scale)
        for scale in (0, 0.4, 0.7, 1, 1.5, 2.5)
    ],
    "optimize": [
        generation.optimize(latent, profile, keep_weight=keep, **search).melodies
        for keep in (200, 30, 10, 2)
    ],
    "impose": [
        generation.impose(machine, profile, keep_weight=keep, **draws).melodies
        for keep in (5, 3.5, 3, 2, 1)
    ],
}

# %%
# The classifier's probability of a soprano, and the profile, which is what two of the
# methods raise; dotted, those of unseen sopranos. Bands are 95 % intervals over reels.


def features(melodies):
    return np.hstack(list(metrics.melody_features(melodies).values()))


forest = ExtraTreesClassifier(300, random_state=0).fit(
    features(np.vstack([judged_by, others])),
    np.repeat([0, 1], [len(judged_by), len(others)]),
)
styles = {
    "Probability of a soprano": lambda X: forest.predict_proba(features(X))[:, 1],
    "Likeness to the profile": profile,
}
colors = "0.6", "C0", "C1", "C2"
figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
for ax, (title, style) in zip(axes, styles.items(), strict=True):
    for color, (name, sets) in zip(colors, moved.items(), strict=True):
        kept = [(melodies == unseen).mean() for melodies in sets]
        gained = np.array([style(melodies) for melodies in sets])
        mean, error = gained.mean(axis=1), gained.std(axis=1) / len(unseen) ** 0.5
        ax.plot(kept, mean, "o-", color=color, label=name)
        band = mean - 1.96 * error, mean + 1.96 * error
        ax.fill_between(kept, *band, color=color, alpha=0.15, linewidth=0)
    ax.axhline(style(sopranos[3::4]).mean(), color="0.3", linestyle=":")
    ax.set(xlabel="Share of the steps kept", title=title)
axes[0].legend()

# %%
# The first of these reels, moved by each method so far that about three of four steps
# are kept in the mean over the reels.


def at(name, share=0.75):
    return min(moved[name], key=lambda rows: abs((rows == unseen).mean() - share))[0]


methods = ["attribute vector", "optimize", "impose"]
Melodies(
    [unseen[0], *map(at, methods)],
    titles=[reels.titles[76], *(name.capitalize() for name in methods)],
    key="D",
    tempo=140,
)
