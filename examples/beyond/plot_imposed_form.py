"""
A first note and a form, imposed
================================

No reel begins with C4, and the paper's search never found a melody that does (footnote
31): an autoencoder decodes what is inside the boundaries that it has learnt. Structure,
the paper says (reference 17), can be imposed on a Boltzmann machine. Its draws under
constraints all begin with C4 and all have the form of a rondo, ABACABAD; a search in
the latent space of an autoencoder finds the form and not the note.
"""

# %%
# Both models learn the reels of all collections. `generation.impose` alternates
# steps of Gibbs sampling and steps along the gradient of the objective;
# `generation.optimize` follows the gradient through the decoder.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from sklearn_c2c import Autoencoder, PianoRollEncoder, SoftmaxRBM, generation, metrics
from sklearn_c2c.datasets import load_celtic
from sklearn_c2c.display import Melodies
from sklearn_c2c.objectives import FirstNote, SelfSimilarity

reels = load_celtic(n_melodies=None)
X = reels.data
machine = make_pipeline(
    PianoRollEncoder(),
    SoftmaxRBM(
        n_components=96,
        window_size=32,
        learning_rate_init=0.01,
        max_iter=100,
        random_state=0,
    ),
).fit(X)
decoder = make_pipeline(PianoRollEncoder(), Autoencoder(h=64, random_state=0)).fit(X)
rondo, c4 = SelfSimilarity("ABACABAD"), FirstNote(60)
both = rondo + 0.1 * c4
imposed = generation.impose(machine, both, n_samples=8, n_iter=100, random_state=0)
found = generation.optimize(decoder, both, n_starts=8, random_state=0)

# %%
# Steps that two measures of a melody have in common, mean over eight melodies. The
# template asks for 1 where the letters are equal, and for one half elsewhere.
letters = np.array(list("ABACABAD"))
pictures = {
    "Asked for": np.where(letters[:, None] == letters, 1, 0.5),
    "Imposed on the machine": metrics.measure_similarity(imposed.melodies).mean(axis=0),
    "Found by the autoencoder": metrics.measure_similarity(found.melodies).mean(axis=0),
    "Reels": metrics.measure_similarity(X).mean(axis=0),
}
figure, axes = plt.subplots(1, 4, figsize=(12, 3.4), layout="constrained")
for ax, (title, similarity) in zip(axes, pictures.items(), strict=True):
    image = ax.imshow(similarity, vmin=0, vmax=1, cmap="Blues")
    ax.set(title=title, xticks=range(8), yticks=range(8))
    ax.set_xticklabels(letters)
    ax.set_yticklabels(letters)
figure.colorbar(image, ax=axes, label="Steps in common", shrink=0.8)

# %%
# Share that begins with C4; mean squared error of the form; the nats a step by which a
# model of the reels is surprised (of reels: by all others); median distance to the
# nearest reel.
sets = {"imposed": imposed.melodies, "found": found.melodies, "reels": X}
table = {
    name: {
        "begin with C4": c4(melodies).mean(),
        "error of the form": (1 - rondo(melodies)).mean(),
        "surprise": metrics.step_surprise(melodies, corpus).mean(),
        "from the nearest reel": np.median(metrics.nearest_melody(melodies, corpus)[1]),
    }
    for name, melodies in sets.items()
    for corpus in [None if melodies is X else X]
}
pd.DataFrame(table).T.round(3)

# %%
# Three of the rondos.
Melodies(
    list(imposed.melodies[:3]),
    titles=["A rondo", "Another", "A third"],
    corpus=reels,
    key="D",
    tempo=200,
)
