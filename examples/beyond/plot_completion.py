"""
Tunes from a first half
=======================

Beyond the paper: a melody of which only a part is given, by a tune that the model has
never seen. The search is for latent vectors under which the given steps are likely, and
the decoding keeps these note for note. What follows continues them: where the new half
begins, the notes surprise no more than in reels.
"""

# %%
# The model learns 75 reels. The first half of another reel, and eight continuations.
import importlib.util
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_c2c import PianoRollEncoder, VariationalAutoencoder, generation, metrics
from sklearn_c2c.datasets import load_celtic, load_folder
from sklearn_c2c.display import Melodies, PianoRollDisplay

reels = load_celtic(n_melodies=None)
X, unseen = reels.data[:75], reels.data[75:]
autoencoder = VariationalAutoencoder(
    h=32,
    beta=10,
    kl_warmup=100,
    kl_cooldown=50,
    max_iter=200,
    n_iter_no_change=200,
    random_state=0,
)
model = make_pipeline(PianoRollEncoder((55, 83)), autoencoder).fit(X)
first_half = [1, 2, 3, 4]  # measures
tune, title = unseen[0], reels.titles[75]
given = {"X": X, "form": "corpus", "random_state": 0}
result = generation.complete(model, tune, first_half, n_samples=8, **given)
kept = result.kept
print(f"given steps kept: {(result.melodies[:, kept] == tune[kept]).mean():.0%}")
print(f"different results: {len(np.unique(result.melodies, axis=0))} of 8")

# %%
# The given half is shaded.
titles = [title, *(f"Completion {i}" for i in range(1, 9))]
display = PianoRollDisplay.from_melodies([tune, *result.melodies], titles=titles)
display.ax_.axvspan(-0.5, kept.sum() - 0.5, color="tab:orange", alpha=0.15, zorder=0)

# %%
# All 59 unseen reels with a completion each, and their first halves with the second
# half of another one of them. The numbers are the surprise of the notes in the two half
# measures about the seam, by the tunes in 4/4 of Aird's collection, of which none is
# among the training reels.
folder = Path(importlib.util.find_spec("music21").origin).parent / "corpus/airdsAirs"
airs = load_folder(folder, n_measures=8, key="D", time_signature="4/4").data
completed = [
    generation.complete(
        model,
        reel,
        first_half,
        n_samples=1,
        transposition=0,
        X=X,
        form="corpus",
        random_state=i,
    ).melodies[0]
    for i, reel in enumerate(unseen)
]
pasted = np.hstack([unseen[:, :64], np.roll(unseen[:, 64:], 1, axis=0)])
sets = {"Reels": unseen, "Completed": np.array(completed), "Pasted": pasted}
seam = slice(56, 72)
surprise = [metrics.note_surprise(rows[:, seam], airs) for rows in sets.values()]
figure, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
ax.boxplot(surprise, orientation="horizontal", tick_labels=list(sets))
ax.invert_yaxis()
ax.set(xlabel="Surprise at the seam (nats a note)")
low, high = np.quantile(surprise[0], [0.025, 0.975])
for name, values in zip(sets, surprise, strict=True):
    inside = ((values >= low) & (values <= high)).mean()
    print(f"{name}: {values.mean():.2f} nats; like 95% of the reels: {inside:.0%}")

# %%
# To listen to:
Melodies(
    [tune, *result.melodies[:3]], titles=titles[:4], corpus=reels, key="D", tempo=200
)
