"""Figures 8 and 9, completeness: random latent vectors, the plane of two latents."""

import numpy as np
from sklearn.manifold import trustworthiness

from reproduction.style import NoteStyle, json_list
from sklearn_c2c import generation, metrics


def draws(materials, *, model, h, seed, method, n_draws):
    """Decode random latent vectors: their novelty, variety and style."""
    pipeline = materials.model(model, h, seed)
    reels = materials.reels
    X = generation.sample(
        pipeline, n_samples=n_draws, X=reels, method=method, random_state=seed
    )
    return described(X, reels) | {"melodies": X[:2].tolist()}


def described(X, reels):
    """Novelty, variety and style of melodies beside the reels."""
    style = NoteStyle(reels)
    pitches, durations = style.is_in_style(X)
    # its ceiling is in `corpus`
    overlap = metrics.style_overlap(X, reels, n_splits=1, random_state=0)
    return {
        "nearest": metrics.nearest_melody(X, reels)[1].tolist(),
        "copied": metrics.copy_share(X, reels),
        "distinct": metrics.distinct_share(X),
        "diversity": metrics.diversity(X),
        "hold_share": metrics.hold_share(X).tolist(),
        "in_scale": json_list(metrics.in_scale_share(X, "D")),
        "pitches_in_style": pitches.astype(int).tolist(),
        "durations_in_style": durations.astype(int).tolist(),
        "in_style": (pitches & durations).astype(int).tolist(),
        "overlap": overlap.mean_overlapping_area,
    }


def corpus(materials, *, seed):
    """The same of the reels themselves, each beside the other ones."""
    reels = materials.reels
    return {
        "nearest": metrics.nearest_melody(reels)[1].tolist(),
        "diversity": metrics.diversity(reels),
        "hold_share": metrics.hold_share(reels).tolist(),
        "hold_count": (128 * metrics.hold_share(reels)).round().tolist(),
        "in_scale": json_list(metrics.in_scale_share(reels, "D")),
        "pitch_likelihood": NoteStyle(reels).own[0].tolist(),
        "first_notes": [int(row[row < 128][0]) for row in reels],
        "overlap": metrics.style_overlap(reels, reels, random_state=seed).mean_ceiling,
        "n_reels": len(reels),
        "n_sopranos": len(materials.sopranos),
        "lowest_pitch": int(reels[reels < 128].min()),
        "highest_pitch": int(reels[reels < 128].max()),
        "green_mountain": reels[materials.green_mountain].tolist(),
        "second_reel": reels[materials.second].tolist(),
        "second_title": materials.second_title,
        "bwv_347": materials.sopranos[materials.bwv_347].tolist(),
    }


def plane(materials, *, model, seed):
    """The reels by two latent variables: spread, order, neighbors."""
    reels = materials.reels
    Z = np.float64(materials.model(model, 2, seed).transform(reels))
    correlation = np.corrcoef(Z.T)[0, 1]
    spread = np.linalg.svd(Z - Z.mean(axis=0), compute_uv=False)
    distances = (reels[:, None] != reels).mean(axis=2)
    return {
        "codes": Z.tolist(),
        "range": np.ptp(Z, axis=0).tolist(),
        "correlation": abs(float(correlation)),
        "second_axis": float(spread[1] / spread[0]),
        "trustworthiness": float(
            trustworthiness(distances, Z, n_neighbors=5, metric="precomputed")
        ),
    }
