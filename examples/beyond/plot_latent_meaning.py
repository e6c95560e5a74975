"""
What a latent variable stands for
=================================

The paper (section VI.iii, footnote 35): what two latent variables of a variational
autoencoder capture can only be seen afterwards. Over the reels one seemed to depend on
the mean and range of the durations, over Bach's sopranos one on the range of durations
and one on that of pitches. This reproduces, weakly, for the mean duration, and over the
sopranos for its range, but not for the range of pitches.
"""

# %%
# Rank correlations of each latent variable with statistics of a melody.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from sklearn_c2c import PianoRollEncoder, VariationalAutoencoder, generation, metrics
from sklearn_c2c.datasets import load_bach_sopranos, load_celtic
from sklearn_c2c.display import LatentSpaceDisplay, Melodies
from sklearn_c2c.melody import notes_from_melody


def attributes(melodies):
    """The paper's attributes, and the package's own statistics."""
    durations = [notes_from_melody(row)[:, 1] for row in melodies]
    named = {
        "mean_duration": [d.mean() for d in durations],
        "duration_range": [np.ptp(d) for d in durations],
    }
    statistics = metrics.melody_statistics(melodies, tonic="D")
    return pd.DataFrame(named | statistics)


corpora = {"Reels": load_celtic().data, "Sopranos": load_bach_sopranos().data}
figure, axes = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
tables, ends = {}, {}
for ax, (name, X) in zip(axes, corpora.items(), strict=True):
    autoencoder = VariationalAutoencoder(h=2, random_state=0)
    model = make_pipeline(PianoRollEncoder(), autoencoder).fit(X)
    measured = attributes(X)
    codes = pd.DataFrame(model.transform(X), columns=["z1", "z2"])
    table = codes.join(measured).corr("spearman")[["z1", "z2"]].loc[measured.columns]
    tables[name] = table
    y = measured["mean_duration"]
    LatentSpaceDisplay.from_estimator(model, X, y=y, y_name="mean duration", ax=ax)
    ax.set_title(name)
    latent = table.loc["mean_duration"].abs().argmax()
    ends[name] = generation.sweep(model, latent)[[0, -1]]

# %%
# On the maps colour is the mean duration of a note, in steps. 1 would be a perfect
# correlation, 0 none.
pd.concat(tables, axis=1).round(2)

# %%
# Both ends of the latent variable that correlates most with the mean duration.
for name, melodies in ends.items():
    durations = ", ".join(f"{d:.2f}" for d in attributes(melodies)["mean_duration"])
    print(f"{name}: mean durations {durations} steps")
titles = [f"{name}, {end}" for name in ends for end in ("minimum", "maximum")]
Melodies(np.vstack(list(ends.values())), titles=titles, key="D", tempo=180)
