"""
A slider for the notes of a tune
================================

Section VI.iii of the paper: what a latent variable stands for "can only be interpreted
a posteriori". Beyond the paper: the latent vector of a tune is moved until the tune has
the number of notes asked for, while its mean pitch stays where it is.
"""

# %%
# A model of 75 reels. Of the first one, six gradations from calm to busy.
import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_c2c import PianoRollEncoder, VariationalAutoencoder, generation, metrics
from sklearn_c2c.datasets import load_celtic
from sklearn_c2c.display import Melodies, PianoRollDisplay

reels = load_celtic()
X = reels.data
vae = VariationalAutoencoder(h=32, max_iter=150, random_state=0)
model = make_pipeline(PianoRollEncoder((55, 83)), vae).fit(X)
asked = np.quantile(metrics.note_density(X), [0.05, 0.2, 0.4, 0.6, 0.8, 0.95])
result = generation.set_attribute(
    model,
    X[:1],
    metrics.note_density,
    asked,
    hold=[metrics.mean_pitch],
    corpus=X,
    random_state=0,
)

# %%
# Notes a measure: those asked for, and those of the results.
for wanted, found, kept in zip(result.asked, result.found, result.kept, strict=True):
    print(
        f"asked {16 * wanted:5.2f}, found {16 * found:5.2f}, kept {kept:.0%} of steps"
    )

# %%
# The gradations in a row.
titles = [f"{16 * found:.1f} notes a measure" for found in result.found]
PianoRollDisplay.from_melodies(result.melodies, titles=titles)

# %%
# The calmest and the busiest, in a score.
Melodies(result.melodies[[0, -1]], titles=[titles[0], titles[-1]])
