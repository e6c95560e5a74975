"""Figures 14-16, 30 and 31, section VI.iii: two latent variables, one at a time."""

import numpy as np
from scipy.stats import spearmanr

from reproduction.style import beats_kept, off_beats_kept
from sklearn_c2c import generation, metrics
from sklearn_c2c.melody import notes_from_melody

_N_FINE = 50


def sweeps(materials, *, model, seed, corpus="reels"):
    """Take each of two latent variables from its minimum to its maximum."""
    pipeline = materials.model(model, 2, seed, corpus)
    X = materials.tunes(corpus)
    Z = pipeline.transform(X)
    paths = [generation.sweep(pipeline, k, n_points=6, X=X) for k in (0, 1)]
    fine = [generation.sweep(pipeline, k, n_points=_N_FINE + 1, X=X) for k in (0, 1)]
    continuity = [metrics.path_continuity(path) for path in paths]
    means = Z.mean(axis=0)
    result = {
        "paths": [path.tolist() for path in paths],
        "codes": np.float64(Z).tolist(),
        "swept": [[float(Z[:, k].min()), float(Z[:, k].max())] for k in (0, 1)],
        "mean": [float(mean) for mean in means],
        "n_distinct": [c.n_distinct for c in continuity],
        "n_distinct_fine": [len(np.unique(path, axis=0)) for path in fine],
        "distance": [c.distance for c in continuity],
        "largest_jump": [
            c.largest_jump / c.distance if c.distance else None for c in continuity
        ],
        "sweeps_differ": float((paths[0] != paths[1]).mean()),
    }
    return result | _captured(Z, X, paths, fine)


def _captured(Z, X, paths, fine):
    """Attributes that each latent correlates with; the rhythm's latent comes first.

    The order of the two latents is chance, so the one that correlates more with the
    durations, mean and range together, is taken first.
    """
    over_corpus = _correlations(Z, X)
    along = [
        _correlations(np.arange(len(path))[:, np.newaxis], path)[0] for path in fine
    ]
    by_duration = [c["duration_mean"] + c["duration_range"] for c in over_corpus]
    first, second = np.argsort(by_duration)[::-1]
    ends = paths[second][[0, -1]]
    return {
        "over_corpus": over_corpus,
        "along_sweep": along,
        "rhythm_duration_mean": over_corpus[first]["duration_mean"],
        "rhythm_duration_range": over_corpus[first]["duration_range"],
        "other_duration_mean": over_corpus[second]["duration_mean"],
        "other_duration_range": over_corpus[second]["duration_range"],
        "other_pitch_range": over_corpus[second]["pitch_range"],
        "rhythm_along_sweep": along[first]["duration_mean"],
        "other_along_sweep": along[second]["duration_mean"],
        "other_beats_kept": float(beats_kept(ends[0], ends[1])),
        "other_off_beats_kept": float(off_beats_kept(ends[0], ends[1])),
        "latents_correlate": abs(float(np.corrcoef(Z.T)[0, 1])),
    }


def _correlations(Z, X):
    """Absolute rank correlation of each latent with each attribute of the melodies."""
    table = _attributes(X)
    return [
        {name: _abs_spearman(column, values) for name, values in table.items()}
        for column in np.transpose(Z)
    ]


def _attributes(X):
    durations = [notes_from_melody(row)[:, 1] for row in X]
    pitches = [notes_from_melody(row)[:, 2] for row in X]
    return {
        "duration_mean": [_or_zero(np.mean, d) for d in durations],
        "duration_range": [_or_zero(np.ptp, d) for d in durations],
        "pitch_mean": [_or_zero(np.mean, p) for p in pitches],
        "pitch_range": [_or_zero(np.ptp, p) for p in pitches],
        "mean_interval": [_or_zero(np.mean, np.abs(np.diff(p))) for p in pitches],
    }


def _or_zero(measure, values):
    return float(measure(values)) if len(values) else 0.0


def _abs_spearman(a, b):
    """0 where one of them does not vary."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return abs(float(spearmanr(a, b).statistic))
