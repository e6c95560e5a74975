"""
The notes of this in the rhythm of that
=======================================

Beyond the paper, which names the split into pitch and rhythm (section VI.iii): a latent
vector of two halves, one for the pitches and one for the rhythm. Swapped between unseen
measures, each half transfers its own part; halves of the latent vectors of a plain
variational autoencoder, taken at random, mix both.
"""

# %%
# Two models of equal size learn the measures of 75 reels. The others are unseen.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_c2c import (
    PianoRollEncoder,
    PitchRhythmAutoencoder,
    VariationalAutoencoder,
    generation,
)
from sklearn_c2c.datasets import load_celtic
from sklearn_c2c.melody import mend_orphan_holds

reels = load_celtic(n_melodies=None).data
measures = [mend_orphan_holds(X.reshape(-1, 16)) for X in (reels[:75], reels[75:])]
train, unseen = (np.unique(X[(X < 128).sum(axis=1) > 2], axis=0) for X in measures)
settings = {"beta": 0.1, "max_iter": 120, "n_iter_no_change": 120, "random_state": 0}
apart, plain = (
    make_pipeline(PianoRollEncoder((55, 83)), estimator).fit(train)
    for estimator in (
        PitchRhythmAutoencoder(24, 8, **settings),
        VariationalAutoencoder(32, **settings),
    )
)
for model in (apart, plain):
    decoded = model.inverse_transform(model.transform(unseen))
    print(f"{type(model[-1]).__name__}: {(decoded == unseen).mean():.3f} of the steps")

# %%
# Unseen measures in pairs.
rng = np.random.default_rng(0)
pitches_of, rhythm_of = rng.permutation(unseen)[: len(unseen) // 2 * 2].reshape(
    2, -1, 16
)
swapped = generation.swap(apart, pitches_of, rhythm_of)
is_first_half = rng.permutation(32) < 16
Z = np.where(is_first_half, plain.transform(pitches_of), plain.transform(rhythm_of))
mixed = plain.inverse_transform(Z)


def onset_f1(X, Y):
    X, Y = X < 128, Y < 128
    return 2 * (X & Y).sum(axis=1) / (X.sum(axis=1) + Y.sum(axis=1))


def equal_pitches(X, Y):
    """Share of equal pitches among the notes that both have, in order."""
    pairs = [(x[x < 128], y[y < 128]) for x, y in zip(X, Y, strict=True)]
    lengths = [max(1, min(len(x), len(y))) for x, y in pairs]
    return np.array(
        [
            np.mean(x[:n] == y[:n]) if len(x) else 0
            for (x, y), n in zip(pairs, lengths, strict=True)
        ]
    )


# %%
# One point a pair: the rhythm of the one, and the pitches of the other.
figure, axes = plt.subplots(1, 2, figsize=(8, 4), sharey=True, layout="constrained")
for ax, melodies, title in zip(
    axes, (swapped, mixed), ("Halves apart, swapped", "Random halves"), strict=True
):
    rhythm, pitch = onset_f1(melodies, rhythm_of), equal_pitches(melodies, pitches_of)
    jitter = rng.normal(0, 0.01, size=(2, len(rhythm)))
    ax.scatter(rhythm + jitter[0], pitch + jitter[1], s=12, alpha=0.4)
    ax.set(title=title, xlabel="Onsets as in the rhythm's donor (F1)")
    print(f"{title}: onsets {rhythm.mean():.3f}, pitches {pitch.mean():.3f}")
axes[0].set_ylabel("Pitches as in the pitches' donor")
plt.show()
