"""
Reels from a handful of numbers
===============================

The paper (section IV.i) needs 1,258 latent variables for perfect reconstruction and
expects little of a few. In as many epochs, with a hidden layer on either side, four of
them reconstruct all reels. But random latent vectors then decode nearer to the reels
than with more of them: a small h makes a map, a larger one makes new tunes.
"""

# %%
# A hidden layer of 256, linear latent variables, a softmax a step; 100 epochs, as in
# the paper.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_c2c import Autoencoder, PianoRollEncoder, generation, metrics
from sklearn_c2c.datasets import load_celtic
from sklearn_c2c.display import Melodies

reels = load_celtic()
X = reels.data
tune = reels.titles.index("The Green Mountain")
_, among_reels = metrics.nearest_melody(X)
print(f"a reel is {np.median(among_reels):.3f} of its steps from the nearest other one")

sizes = [1, 2, 4, 32]
accuracy, distance, show = [], [], {"The Green Mountain": X[tune]}
for h in sizes:
    autoencoder = Autoencoder(
        h,
        hidden_layer_sizes=(256,),
        activation="identity",
        output="softmax",
        init="pca",
        learning_rate_init=0.02,
        random_state=0,
    )
    model = make_pipeline(PianoRollEncoder(), autoencoder).fit(X)
    decoded = model.inverse_transform(model.transform(X))
    drawn = generation.sample(model, n_samples=200, random_state=0)
    accuracy.append(metrics.melody_accuracy(X, decoded))
    distance.append(np.median(metrics.nearest_melody(drawn, X)[1]))
    show |= {f"Back from h = {h}": decoded[tune], f"Drawn from h = {h}": drawn[0]}
    print(f"h = {h}: {accuracy[-1]:.0%} of the reels reconstructed, draws are")
    print(
        f"  {distance[-1]:.3f} from a reel; {metrics.copy_share(drawn, X):.1%} copies"
    )

# %%
figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
ax.plot(sizes, accuracy, marker=".", label="reels without a wrong step")
ax.plot(sizes, distance, marker=".", label="steps in which a draw is unlike any reel")
ax.axhline(np.median(among_reels), color="0.6", zorder=0)
ax.text(1, np.median(among_reels), "a reel from the others", va="bottom", color="0.4")
ax.set_xscale("log")
ax.set_xticks(sizes, sizes)
ax.minorticks_off()
ax.set(xlabel="Latent variables (h)", ylabel="Share", ylim=(0, 1.02))
ax.legend(frameon=False)

# %%
# With a thousand epochs two are enough: see :doc:`/user_guide/choosing_h`.
names = ["The Green Mountain", "Back from h = 4", "Drawn from h = 4"]
rows = [show[name] for name in names]
Melodies(rows, titles=names, corpus=reels, key="D", tempo=200)
