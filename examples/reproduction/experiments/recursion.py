"""Figures 24 and 33: the ends of recursion."""

import numpy as np

from reproduction.style import NoteStyle
from sklearn_c2c import generation, metrics

_MAX_ITER = 1000


def recursion(materials, *, model, h, seed, n_starts):
    """Reconstruct random melodies repeatedly, up to fixed points and cycles."""
    pipeline = materials.model(model, h, seed)
    reels = materials.reels
    ends = generation.attractors(
        pipeline, n_starts, X=reels, max_iter=_MAX_ITER, random_state=seed
    )
    one = generation.recurse(pipeline, _noise(pipeline, seed), max_iter=_MAX_ITER)
    known = ends.training_indices >= 0
    new = ends.melodies[~known]
    lengths = np.array([len(cycle) for cycle in ends.cycles])
    in_style = NoteStyle(reels).is_in_style(new).all(axis=0)
    fixed = ends.labels[ends.labels >= 0]
    return {
        "fixed_points": float((lengths[fixed] == 1).sum() / n_starts),
        "longest_cycle": int(lengths.max()),
        "n_iter": np.bincount(ends.n_iter).tolist(),
        "median_steps": float(np.median(ends.n_iter)),
        "most_steps": int(ends.n_iter.max()),
        "n_attractors": len(ends.melodies),
        "attractors_per_start": len(ends.melodies) / n_starts,
        "n_reels": len(set(ends.training_indices[known].tolist())),
        "starts_in_reels": float(ends.basins[known].sum() / n_starts),
        "largest_basin": float(ends.basins.max() / n_starts),
        "basins": ends.basins.tolist(),
        "is_reel": known.astype(int).tolist(),
        "n_unseen": ends.n_unseen,
        "coverage": ends.coverage,
        "new_in_style": in_style.astype(int).tolist() or [None],
        "new_nearest": metrics.nearest_melody(new, reels)[1].tolist() or [None],
        "new_hold_share": metrics.hold_share(new).tolist() or [None],
        "path": one.paths[0].tolist(),
        "new_melodies": new[:2].tolist(),
    }


def _noise(pipeline, seed):
    """One melody of noise: the largest of uniform random outputs at every step."""
    encoder, last = pipeline
    rng = np.random.default_rng(seed)
    return encoder.inverse_transform(rng.random((1, last.n_features_in_)))
