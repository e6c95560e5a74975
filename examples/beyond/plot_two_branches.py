"""
Two branches without each other's information
=============================================

The latent vector of a `DualBranchAutoencoder` has a branch for each of two sets of
labels, here whether a measure is of a reel or of a chorale, and whether it has many
notes or few. Probes trained afterwards on measures of other tunes show what each branch
contains.
"""

# %%
# Many or few is relative to the other measures of the same corpus: reels have twice as
# many notes as chorales, and no branch could be free of labels that predict each other.
# All four combinations are equally frequent.
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from sklearn_c2c import DualBranchAutoencoder, PianoRollEncoder, datasets
from sklearn_c2c.display import Melodies
from sklearn_c2c.melody import REST, mend_orphan_holds

SEEDS = range(1)  # the guide has the means of five
CORPORA = [
    load(n_melodies=None).data
    for load in (datasets.load_celtic, datasets.load_bach_sopranos)
]


def is_dense(X):
    """Whether a measure has more notes than half of them, as near as counts allow."""
    n_onsets = (X < REST).sum(axis=1)
    cuts = np.unique(n_onsets)
    shares = np.array([np.mean(n_onsets > cut) for cut in cuts])
    return n_onsets > cuts[np.abs(shares - 0.5).argmin()]


def measures(rng):
    """Draw measures, their labels, and whether their tune is kept for the probes."""
    rows = [mend_orphan_holds(tunes.reshape(-1, 16)) for tunes in CORPORA]
    labels = [np.c_[np.full(len(X), k), is_dense(X)] for k, X in enumerate(rows)]
    is_unseen = [np.repeat(rng.random(len(X) // 8) < 1 / 3, 8) for X in rows]
    X, y, is_unseen = map(np.concatenate, (rows, labels, is_unseen))
    cells = y @ [2, 1]
    n_each = np.bincount(cells).min()
    drawn = [rng.choice(np.flatnonzero(cells == c), n_each, False) for c in range(4)]
    drawn = np.concatenate(drawn)
    return X[drawn], y[drawn], is_unseen[drawn]


def probe(Z, labels):
    """Share of labels that a new linear classifier predicts, in five folds."""
    return cross_val_score(LogisticRegression(max_iter=1000), Z, labels, cv=5).mean()


def judged(seed, **settings):
    """Train on some tunes; return the scores of probes on the others, and the model."""
    X, y, is_unseen = measures(np.random.default_rng(seed))
    encoder = PianoRollEncoder(transition_weight=0).fit(X)
    roll, unseen = encoder.transform(X[~is_unseen]), encoder.transform(X[is_unseen])
    model = DualBranchAutoencoder(max_iter=30, random_state=seed, **settings)
    model.fit(roll, y[~is_unseen])
    Z, labels = model.transform(unseen), y[is_unseen]
    parts = {"piano roll": unseen, "code": Z}
    parts |= {f"branch {k}": Z[:, part] for k, part in model.branches_.items()}
    found = [
        {"probe on": name, "corpus": probe(part, labels[:, 0]),
         "density": probe(part, labels[:, 1])}
        for name, part in parts.items()
    ]  # fmt: skip
    return pd.DataFrame(found), (model, encoder, Z, labels, X[is_unseen])


SETTINGS = {"adversary": {}, "none": {"adversarial_weight": 0}}
tables, trained = {}, {}
for name, settings in SETTINGS.items():
    results = [judged(seed, **settings) for seed in SEEDS]
    found = pd.concat(table for table, _ in results)
    tables[name] = found.groupby("probe on", sort=False).mean()
    trained[name] = results[0][1]
pd.concat(tables, axis=1).round(3)

# %%
# Chance is .5. The branch b of measures is exchanged with that of another measure of
# either corpus: how often the exchange decides whether they are dense for their corpus,
# and how many steps decode as without an exchange.
model, encoder, Z, labels, X = trained["adversary"]
order = np.random.default_rng(0).permutation(len(Z))
swapped = Z.copy()
swapped[:, model.branches_["b"]] = Z[order][:, model.branches_["b"]]
before, after = (
    encoder.inverse_transform(model.inverse_transform(C)) for C in (Z, swapped)
)
follows = [
    np.mean(is_dense(after[of]) == labels[order][of, 1])
    for of in (labels[:, 0] == 0, labels[:, 0] == 1)
]
print(f"Follow the donor: reels {follows[0]:.2f}, chorales {follows[1]:.2f}")
print(f"Decoded right: {np.mean(before == X):.3f}")

# %%
# Three measures, and each with the branch b of the next one.
Melodies([*before[:3], *after[:3]])
