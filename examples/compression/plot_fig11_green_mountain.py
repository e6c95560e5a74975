"""
One reel, smaller and smaller
=============================

The paper (section IV.i, figure 11): as h shrinks, The Green Mountain first loses
details, from h = 150 on it is simplified. In the paper's setting it does not get
simpler but becomes the same as all other reels; trained better, it loses details
gradually, at far smaller h.
"""

# %%
# The paper's setting at four of its sizes, and the defaults at smaller ones. Titles
# give the number of wrong steps of 128; orange notes are not in the melody above.
import matplotlib.pyplot as plt
from sklearn.pipeline import make_pipeline

from sklearn_c2c import Autoencoder, PianoRollEncoder
from sklearn_c2c.datasets import load_celtic
from sklearn_c2c.display import InterpolationDisplay, Melodies

reels = load_celtic()
X = reels.data
tune = X[reels.titles.index("The Green Mountain")]
paper = {
    "init": "glorot",
    "output_bias_init": "zeros",
    "learning_rate_init": 1e-3,
    "epsilon": 1e-7 * 3968,
}
settings = {
    "The paper's setting": ((1000, 500, 250, 2), paper),
    "Defaults": ((32, 16, 8, 2), {}),
}

figure, axes = plt.subplots(1, 2, figsize=(12, 9), layout="constrained")
show = {"The Green Mountain": tune}
for ax, (name, (sizes, parameters)) in zip(axes, settings.items(), strict=True):
    melodies = {"The Green Mountain": tune}
    for h in sizes:
        autoencoder = Autoencoder(h, random_state=0, **parameters)
        model = make_pipeline(PianoRollEncoder(), autoencoder).fit(X)
        melody = model.inverse_transform(model.transform([tune]))[0]
        melodies[f"h = {h}: {(melody != tune).sum()} wrong"] = melody
        show[f"{name}, h = {h}"] = melody
    rows, titles = list(melodies.values()), list(melodies)
    InterpolationDisplay.from_melodies(rows, titles=titles, ax=ax)
    ax.set_title(name, loc="left")

# %%
# Four of them to hear. At h = 250 the paper's setting gives the same for all reels.
names = [
    "The Green Mountain",
    "The paper's setting, h = 500",
    "The paper's setting, h = 250",
    "Defaults, h = 8",
]
Melodies([show[name] for name in names], titles=names, key="D", tempo=200)
