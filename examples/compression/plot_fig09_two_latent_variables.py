"""
A map of the reels
==================

The paper (section IV.i, figure 9): with two latent variables every reel is a point on a
map. This reproduces, but in the paper's setting all points lie in one spot and decode
to the same melody. With the defaults they are spread out.
"""

# %%
# Left the paper's setting, coloured by the place in the corpus as in the paper; right
# the defaults of :class:`~sklearn_c2c.Autoencoder`, coloured by notes a step.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_c2c import Autoencoder, PianoRollEncoder, metrics
from sklearn_c2c.datasets import load_celtic
from sklearn_c2c.display import LatentSpaceDisplay, Melodies

reels = load_celtic()
X = reels.data
autoencoders = {
    "The paper's setting": Autoencoder(
        h=2,
        init="glorot",
        output_bias_init="zeros",
        learning_rate_init=1e-3,
        epsilon=1e-7 * 3968,
        random_state=0,
    ),
    "Defaults": Autoencoder(h=2, random_state=0),
}
colours = {
    "place in the corpus": np.arange(len(X)),
    "notes a step": metrics.note_density(X),
}

figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
show = []
for ax, name, y_name in zip(axes, autoencoders, colours, strict=True):
    model = make_pipeline(PianoRollEncoder(), autoencoders[name]).fit(X)
    y = colours[y_name]
    LatentSpaceDisplay.from_estimator(model, X, y=y, y_name=y_name, ax=ax)
    ax.set_title(name)
    ax.locator_params(nbins=4)
    codes = model.transform(X)
    decoded = model.inverse_transform(codes)
    print(f"{name}: codes span {np.ptp(codes, axis=0).round(4)} of the range 0 to 1,")
    print(f"  different melodies: {len(np.unique(decoded, axis=0))},")
    print(f"  steps reconstructed: {metrics.step_accuracy(X, decoded):.3f}")
    show.append(decoded[reels.titles.index("The Green Mountain")])

# %%
# The Green Mountain, encoded to the plane and decoded. This is not yet a
# reconstruction; :doc:`/auto_examples/beyond/plot_small_h` shows what that takes.
Melodies(show, titles=list(autoencoders), corpus=reels, key="D", tempo=200)
