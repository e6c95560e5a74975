"""
A melody as numbers
===================

The paper (section III.iv, figure 3): score, piano roll and one-hot encoding hold the
same information, provided that holding a note is a token of its own. This reproduces:
every reel is encoded and decoded without a wrong step.
"""

# %%
# A step, here a sixteenth, is a MIDI pitch where a note begins, 129 (hold) while it
# lasts, and 128 (rest) where nothing sounds. The first measure of The Green Mountain,
# and the eight that the models of this gallery learn:
import matplotlib.pyplot as plt
import numpy as np

from sklearn_c2c import PianoRollEncoder
from sklearn_c2c.datasets import load_celtic
from sklearn_c2c.display import Melodies, PianoRollDisplay
from sklearn_c2c.melody import HOLD, sounding_pitches

reels = load_celtic()
X = reels.data
tune = X[reels.titles.index("The Green Mountain")]
print(tune[:16])
Melodies(tune, titles=["The Green Mountain"], key="D", tempo=200)

# %%
# One-hot encoding has a column for each token of each step: 29 pitches from G3 to B5,
# hold and rest.
encoder = PianoRollEncoder(pitch_range=(55, 83)).fit(X)
roll = encoder.transform(X)
n_wrong = (encoder.inverse_transform(roll) != X).sum()
print(f"{X.shape[1]} steps make {roll.shape[1]:,} columns.")
print(f"{len(X)} reels, there and back: {n_wrong} wrong steps.")

# %%
# Two measures of it. In the piano roll a darker line is where a note begins; in the
# encoding each step has one dark cell.
n_steps = 32
tokens = [name.removeprefix("t000_") for name in encoder.get_feature_names_out()[:31]]
one_hot = encoder.transform([tune]).reshape(-1, len(tokens))[:n_steps]

figure, (above, below) = plt.subplots(2, figsize=(10, 7.5), layout="constrained")
PianoRollDisplay.from_melodies(tune[:n_steps], ax=above)
below.pcolormesh(one_hot.T, cmap="Greys", edgecolors="0.9", linewidth=0.5)
below.set_yticks(np.arange(len(tokens)) + 0.5, tokens, fontsize="xx-small")
below.set(xlabel="Step", ylabel="Token")

# %%
# A long note and a repeated one sound on the same steps, so a plain piano roll confuses
# them. These rows do not.
held = [62] + 15 * [HOLD]
repeated = 4 * [62, HOLD, HOLD, HOLD]
rows = np.array([held, repeated])
same_sound = (np.diff(sounding_pitches(rows), axis=0) == 0).all()
n_differ = (rows[0] != rows[1]).sum()
print(f"Same pitch on every step: {same_sound}; steps that differ: {n_differ}.")
Melodies(rows, titles=["Held", "Repeated"], key="D")
