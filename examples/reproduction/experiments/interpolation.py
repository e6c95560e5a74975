"""Figures 13 and 29: paths from one reel to another."""

import numpy as np

from reproduction.style import NoteStyle
from sklearn_c2c import generation, metrics


def interpolation(materials, *, model, h, seed, n_pairs, n_steps=5, n_fine=25):
    """Interpolate between random pairs of reels, the paper's pair before them."""
    pipeline = materials.model(model, h, seed)
    reels = materials.reels
    named = materials.green_mountain, materials.second
    style = NoteStyle(reels)
    paths = [named, *_pairs(len(reels), n_pairs, seed)]
    rows = []
    for start, target in paths:
        path = generation.interpolate(
            pipeline, reels[start], reels[target], n_points=n_steps + 1
        )
        fine = generation.interpolate(
            pipeline, reels[start], reels[target], n_points=n_fine + 1
        )
        rows.append(
            _path(path, reels[start], reels[target])
            | {
                "fine_jump": _ratio(metrics.path_continuity(fine), "largest_jump"),
                "between_in_style": float(
                    style.is_in_style(path[1:-1]).all(axis=0).mean()
                ),
            }
        )
    ends = reels[list(named)]
    named_path = generation.interpolate(pipeline, *ends, n_points=n_steps + 1)
    fields = {name: [row[name] for row in rows[1:]] for name in rows[0]}
    named_fields = {f"named_{name}": value for name, value in rows[0].items()}
    return fields | named_fields | {"named_path": named_path.tolist()}


def _pairs(n, n_pairs, seed):
    """Different unordered pairs, in a random direction."""
    rng = np.random.default_rng(seed)
    first, second = np.triu_indices(n, k=1)
    chosen = rng.permutation(len(first))[:n_pairs]
    pairs = np.column_stack([first, second])[chosen]
    return rng.permuted(pairs, axis=1).tolist()


def _path(path, start, target):
    continuity = metrics.path_continuity(path)
    return {
        "wrong_steps": int((path[0] != start).sum() + (path[-1] != target).sum()) / 2,
        "ends_exact": int((path[0] == start).all() and (path[-1] == target).all()),
        "step_1_is_start": int((path[1] == path[0]).all()),
        "step_4_is_target": int((path[-2] == path[-1]).all()),
        "n_distinct": continuity.n_distinct,
        "distance": continuity.distance,
        "largest_jump": _ratio(continuity, "largest_jump"),
        "total_variation": _ratio(continuity, "total_variation"),
    }


def _ratio(continuity, name):
    """In units of the distance of the ends; None where they are the same."""
    return continuity[name] / continuity.distance if continuity.distance else None
