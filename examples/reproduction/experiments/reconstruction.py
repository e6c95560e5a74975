"""Figures 10 and 11, footnote 4: reconstruction by the number of latent variables."""

import numpy as np

from reproduction.style import motif_kept
from sklearn_c2c import metrics


def reconstruction(materials, *, model, h, seed, corpus="reels", keep=False):
    """Train a model and measure its reconstruction; `keep` it for other experiments."""
    obtain = materials.model if keep else materials.train
    pipeline = obtain(model, h, seed, corpus)
    X = materials.tunes(corpus)
    P, decoded = _decoded(pipeline, X)
    roll = pipeline[:-1].transform(X)
    wrong = (decoded != X).sum(axis=1)
    result = {
        "loss": _binary_cross_entropy(roll, P),
        "binary_accuracy": metrics.binary_accuracy(roll, P),
        "step_accuracy": metrics.step_accuracy(X, decoded),
        "melody_accuracy": metrics.melody_accuracy(X, decoded),
        "wrong_steps": wrong.tolist(),
        "n_distinct": len(np.unique(decoded, axis=0)),
        "kl": float(getattr(pipeline[-1], "kl_per_latent_", np.zeros(1)).sum()),
        "active_units": getattr(pipeline[-1], "active_units_", None),
    }
    if corpus == "reels":
        row = materials.green_mountain
        result |= {
            "green_mountain": decoded[row].tolist(),
            "green_mountain_wrong": int(wrong[row]),
            "green_mountain_notes": int((decoded[row] < 128).sum()),
            "motif_kept": motif_kept(decoded, X).tolist(),
        }
    return result


def lowest_h(materials, *, model, seed, low, high, resolution=1):
    """Find the lowest h above `low`, up to `high`, that reconstructs every tune.

    Two criteria: every output on the right side of one half, as the paper's accuracy
    most likely was, and the largest output of every step the right one. With a
    resolution of 1 every size is tried from the smallest on. Otherwise it is bisection,
    which assumes that `low` is too small and that more latent variables are never
    worse; near the threshold chance may break this. All sizes tried are in `tried`.
    """
    X = materials.reels
    tried = {}

    def errors(h):
        if h not in tried:
            pipeline = materials.train(model, h, seed)
            P, decoded = _decoded(pipeline, X)
            roll = pipeline[:-1].transform(X)
            tried[h] = int(((P > 0.5) != roll).sum()), int((decoded != X).sum())
        return tried[h]

    found = {
        name: _first(lambda h, i=i: errors(h)[i], low, high, resolution)
        for i, name in enumerate(("by_outputs", "by_steps"))
    }
    return found | {"tried": [[h, *tried[h]] for h in sorted(tried)]}


def _first(errors, low, high, resolution):
    """Lowest argument without error above low; None if there is none up to high."""
    if resolution == 1:
        return next((h for h in range(low + 1, high + 1) if not errors(h)), None)
    if errors(high):
        return None
    while high - low > resolution:
        middle = (low + high) // 2
        low, high = (middle, high) if errors(middle) else (low, middle)
    return high


def _decoded(pipeline, X):
    """Probabilities and melodies that a model reconstructs."""
    P = pipeline[-1].inverse_transform(pipeline.transform(X))
    return P, pipeline[:-1].inverse_transform(P)


def _binary_cross_entropy(roll, P):
    """Keras' loss, the paper's: mean over all outputs, probabilities cut at 1e-7."""
    P = np.clip(np.asarray(P, dtype=np.float64), 1e-7, 1 - 1e-7)
    return float(-np.where(roll == 1, np.log(P), np.log1p(-P)).mean())
