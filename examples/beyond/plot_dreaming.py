"""
What a unit dreams of
=====================

Section V.v of the paper mentions Deep Dream: an input is changed until a unit of a
network is as active as possible. In melodies it can be measured what a unit responds
to, and whether its dream shows it. Units whose activity rises with the mean pitch of
the reels they have learnt move unseen reels up when they are raised, and the others
down; hidden units of a Boltzmann machine more reliably than latent variables of an
autoencoder.
"""

# %%
# A hidden unit of the machine has the same weights in each of seven windows of two
# measures; its activity is the mean over these.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_c2c import Autoencoder, PianoRollEncoder, SoftmaxRBM, generation
from sklearn_c2c.datasets import load_celtic
from sklearn_c2c.display import PianoRollDisplay
from sklearn_c2c.metrics import mean_pitch
from sklearn_c2c.objectives import Activity

reels = load_celtic(n_melodies=None).data
known, unseen = reels[:75], reels[75:78]
n_units, n_windows = 24, 7
boltzmann = SoftmaxRBM(
    n_units, window_size=32, learning_rate_init=0.01, max_iter=80, random_state=0
)
machine = make_pipeline(PianoRollEncoder(), boltzmann).fit(known)
autoencoder = Autoencoder(h=n_units, random_state=0)
latent = make_pipeline(PianoRollEncoder(), autoencoder).fit(known)

units = {
    "Hidden units of a machine": [
        Activity(machine, unit + n_units * np.arange(n_windows))
        for unit in range(n_units)
    ],
    "Latent variables of an autoencoder": [
        Activity(latent, unit) for unit in range(n_units)
    ],
}

# %%
# Each unit is raised in turn, by `impose` and by `optimize`, from the same three reels,
# of which most is to be kept. The latter compares with the reels as they are decoded.
draws = {"X": unseen, "weight": 200, "keep_weight": 2, "n_iter": 12, "random_state": 0}
search = {"start": unseen, "keep_weight": 3, "max_iter": 12, "random_state": 0}
of_machine, of_latent = units.values()
dreams = {
    "Hidden units of a machine": [
        generation.impose(machine, unit, **draws) for unit in of_machine
    ],
    "Latent variables of an autoencoder": [
        generation.optimize(latent, unit, **search) for unit in of_latent
    ],
}

# %%
# Across: how the activity of a unit on the known reels correlates with their mean
# pitch. Up: how far its dream moves the mean pitch of the unseen ones.
figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
responds, rises = {}, {}
for ax, name in zip(axes, units, strict=True):
    pitches = mean_pitch(known)
    x = [np.corrcoef(unit(known), pitches)[0, 1] for unit in units[name]]
    y = [
        (mean_pitch(dream.melodies) - mean_pitch(dream.start_melodies)).mean()
        for dream in dreams[name]
    ]
    responds[name], rises[name] = np.array(x), np.array(y)
    ax.axhline(0, color="0.8", zorder=0)
    ax.axvline(0, color="0.8", zorder=0)
    ax.scatter(x, y)
    ax.set(
        title=f"{name}: r = {np.corrcoef(x, y)[0, 1]:.2f}",
        xlabel="Correlation of the activity with mean pitch",
        xlim=(-1, 1),
    )
axes[0].set_ylabel("Rise of mean pitch, semitones")

# %%
# The unit that responds most to high pitches, the one that responds most to low ones,
# and the one that responds least. Activity before and after, and rise in semitones:
name = "Hidden units of a machine"
shown = {
    "high": responds[name].argmax(),
    "low": responds[name].argmin(),
    "neutral": np.abs(responds[name]).argmin(),
}
for word, unit in shown.items():
    dream = dreams[name][unit]
    activity = f"{dream.before.mean():.2f} to {dream.after.mean():.2f}"
    print(f"{word:7}  r {responds[name][unit]:5.2f}  activity {activity}", end="  ")
    print(f"rise {rises[name][unit]:5.1f}")

# %%
# One of the reels and its three dreams.
rolls = [dreams[name][unit].melodies[0] for unit in shown.values()]
titles = ["A reel", *(f"Dream of the {word} unit" for word in shown)]
PianoRollDisplay.from_melodies([unseen[0], *rolls], titles=titles)
