"""
One latent variable from end to end
===================================

The paper (section V.ii, figures 14 to 16, 30 and 31): with h = 2 a sweep of one latent
variable gives one constant melody in an autoencoder, and an almost continuous change in
a variational one. Both reproduce, with changes in leaps. But the constant melody is due
to short training: the same autoencoder, trained better, changes at every point as well.
"""

# %%
# All three learn the 75 reels; then each of the two latent variables goes from its
# least to its largest value among them, while the other one keeps its mean.
import matplotlib.pyplot as plt
import pandas as pd
from sklearn.pipeline import make_pipeline

from sklearn_c2c import (
    Autoencoder,
    PianoRollEncoder,
    VariationalAutoencoder,
    generation,
    metrics,
)
from sklearn_c2c.datasets import load_celtic
from sklearn_c2c.display import InterpolationDisplay, Melodies

reels = load_celtic()
X = reels.data
autoencoders = {
    "Autoencoder, the paper's setting": Autoencoder(
        h=2,
        init="glorot",
        output_bias_init="zeros",
        learning_rate_init=1e-3,
        epsilon=1e-7 * 3968,
        random_state=0,
    ),
    "Autoencoder, defaults": Autoencoder(h=2, random_state=0),
    "Variational autoencoder": VariationalAutoencoder(h=2, random_state=0),
}
sweeps, table = {}, {}
for name, autoencoder in autoencoders.items():
    model = make_pipeline(PianoRollEncoder(), autoencoder).fit(X)
    for latent in (0, 1):
        path = generation.sweep(model, latent, n_points=6)
        sweeps[name, f"z{latent + 1}"] = path
        table[name, f"z{latent + 1}"] = metrics.path_continuity(path)

# %%
# The number of different melodies among the six, the largest share of the steps in
# which two neighbors differ, and both ends.
columns = ["n_distinct", "largest_jump", "distance"]
pd.DataFrame(table).T[columns]

# %%
# The sweep of the first latent variable, by the first and by the last of the three.
titles = ["minimum", *(f"step {i}" for i in range(1, 5)), "maximum"]
figure, axes = plt.subplots(1, 2, figsize=(12, 10), layout="constrained")
for ax, name in zip(axes, [*autoencoders][::2], strict=True):
    InterpolationDisplay.from_melodies(sweeps[name, "z1"], titles=titles, ax=ax)
    ax.set_title(name, loc="left")

# %%
# The constant melody of the first, and both ends of the sweep of the last.
constant, _, changing = (sweeps[name, "z1"] for name in autoencoders)
show = [constant[0], changing[0], changing[-1]]
Melodies(show, titles=["Constant", "Minimum", "Maximum"], key="D", tempo=200)
