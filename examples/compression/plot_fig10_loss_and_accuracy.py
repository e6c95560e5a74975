"""
How many latent variables a reel needs
======================================

The paper (section IV.i, figure 10): the more latent variables, the better reels are
reconstructed, and from h = 1,258 on perfectly. The shape of the curve reproduces in the
paper's setting, the threshold lies elsewhere (:doc:`/reproduction`). But it depends on
the training, not on the reels: with better initial weights, the same network needs 32.
"""

# %%
# Both get 100 epochs of four batches. The paper's setting starts from random weights
# and biases of zero; the defaults of :class:`~sklearn_c2c.Autoencoder` start from the
# principal components of the reels and from how often each token occurs at each step,
# and learn faster.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_c2c import Autoencoder, PianoRollEncoder
from sklearn_c2c.datasets import load_celtic
from sklearn_c2c.display import Melodies, ReconstructionCurveDisplay
from sklearn_c2c.model_selection import reconstruction_curve

reels = load_celtic()
X = reels.data
paper = Autoencoder(
    init="glorot",
    output_bias_init="zeros",
    learning_rate_init=1e-3,
    epsilon=1e-7 * 3968,
    random_state=0,
)
settings = {
    "The paper's": (paper, [100, 500, 1500]),
    "Defaults": (Autoencoder(), [8, 16, 32]),
}
curves = {
    name: reconstruction_curve(
        make_pipeline(PianoRollEncoder(), autoencoder), X, h=sizes, seeds=[0]
    )
    for name, (autoencoder, sizes) in settings.items()
}

# %%
# An output counts as right on the right side of one half, which is Keras' accuracy and
# most likely the paper's. It is too favourable: of 31 outputs a step 30 should be zero.
# So look at the steps, and at the reels without one wrong step.
figure, axes = plt.subplots(2, 2, figsize=(9, 7), layout="constrained")
for row, (name, curve) in zip(axes, curves.items(), strict=True):
    ReconstructionCurveDisplay.from_curve(curve, ax=row)
    row[0].set_title(name, loc="left")
    for h, steps, melodies in zip(
        curve.h, curve.step_accuracy[:, 0], curve.melody_accuracy[:, 0], strict=True
    ):
        print(f"{name}, h = {h}: {steps:.4f} of the steps, {melodies:.3f} of the reels")

# %%
# One seed and few sizes, to be quick: `examples/reproduce_paper.py` takes more of both
# and looks for the lowest h. To find yours, see :doc:`/user_guide/choosing_h`.
#
# Where the paper's setting fails, it has not learned less of each reel: it has learned
# what all have in common, and outputs the same for every one.
model = make_pipeline(PianoRollEncoder(), paper.set_params(h=100)).fit(X)
decoded = model.inverse_transform(model.transform(X))
print(f"h = 100: {len(np.unique(decoded, axis=0))} melody for {len(X)} reels")
show = [X[0], decoded[0]]
Melodies(show, titles=[reels.titles[0], "What all become"], key="D", tempo=200)
