"""
A chorale, harmonised by Bach and by three models
=================================================

Alto, tenor and bass of a soprano that the models have not seen: by Bach, by MiniBach,
by recurrent layers that decide all voices at once, and by the same layers deciding one
voice after the other by the rules of voice leading.
"""

# %%
# The models learn from 120 chorales, with the ends of their phrases, where Bach has
# fermatas. Those that have the tune of the last one are not among them. MiniBach sees
# whole rows; recurrent layers read them step by step, forwards and backwards.

import numpy as np

from sklearn_c2c import Harmonizer, datasets, display, metrics

chorales = datasets.load_bach_chorales()
X, Y = chorales.data[:, :128], chorales.data[:, 128:]
unseen = 200
is_other = (X == X[unseen]).mean(axis=1) < 0.8
known = np.flatnonzero(is_other)[:120]
ends = chorales.phrase_ends
rows = {"window": None, "noise": 0, "chain": False, "transition_weight": 0}
minibach = Harmonizer(**rows, batch_size=20, max_iter=40, random_state=0)
minibach.fit(X[known], Y[known])
network = {"cell": "gru", "window": 0, "batch_size": 8, "max_iter": 30}
model = Harmonizer(**network, random_state=0)
model.fit(X[known], Y[known], phrase_ends=ends[known])

# %%
# ``chain=False`` takes each voice by itself, given the soprano. It is right more often,
# and its voices do not fit each other as well.

soprano, ends = X[[unseen]], ends[[unseen]]
by_rows = np.hstack([soprano, minibach.predict(soprano)])
chained = np.hstack([soprano, model.predict(soprano, phrase_ends=ends)])
model.set_params(chain=False)
at_once = np.hstack([soprano, model.predict(soprano, phrase_ends=ends)])
pieces = np.vstack([chorales.data[unseen], by_rows, at_once, chained])

table = metrics.harmony_statistics(pieces)
for name in ("parallel_fifths", "parallel_octaves", "voice_crossings", "chord_share"):
    print(f"{name:18}", *(f"{value:6.2f}" for value in table[name]))

# %%
# The four, in this order.

display.Melodies(
    pieces,
    titles=["Bach", "MiniBach", "All voices at once", "One voice after the other"],
    voices=chorales.voices,
    key="D",
)
