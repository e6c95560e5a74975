"""The judges of `metrics.evaluate` on melodies from random latent vectors."""

import numpy as np

from reproduction.style import json_list
from sklearn_c2c import generation, metrics
from sklearn_c2c.datasets import recombine_measures
from sklearn_c2c.markov import MarkovMelodies

_TONIC = "D"
_STEPS_PER_MEASURE = 16
_N_SPLITS = 3  # of the reels in halves, as in `metrics.evaluate`


def judges(materials, *, model, h, seed, method, n_draws):
    """Judge melodies decoded from random latent vectors, beside all reels."""
    X = generation.sample(
        materials.model(model, h, seed),
        n_samples=n_draws,
        X=materials.reels,
        method=method,
        random_state=seed,
    )
    return _judged(X, materials.all_reels, materials.other_tunes, seed)


def judges_beside(materials, *, melodies, seed, n_draws):
    """Judge melodies to compare with: real reels, and two baselines.

    `melodies` are "all reels", one half against the other and each looked up among the
    rest; "unseen reels", which no model is trained on, beside those that all are;
    "dice", each measure from a random reel; or "markov", draws of `MarkovMelodies`.
    """
    reels, reference = materials.all_reels, materials.other_tunes
    if melodies == "all reels":
        auc = metrics.half_against_half(
            lambda half, rest: metrics.two_sample_auc(half, rest, random_state=seed),
            reels,
            n_splits=_N_SPLITS,
            random_state=seed,
        )
        return {"auc": auc} | _one_by_one(reels, None, reference)
    if melodies == "unseen reels":
        return _judged(materials.unseen_reels, materials.reels, reference, seed)
    X = _BASELINES[melodies](reels, n_draws, seed)
    return _judged(X, reels, reference, seed)


def _dice(reels, n_draws, seed):
    return recombine_measures(
        reels,
        n_draws,
        steps_per_measure=_STEPS_PER_MEASURE,
        max_transposition=0,
        random_state=seed,
    )


def _markov(reels, n_draws, seed):
    markov = MarkovMelodies(steps_per_measure=_STEPS_PER_MEASURE).fit(reels)
    return markov.sample(n_draws, random_state=seed)


_BASELINES = {"dice": _dice, "markov": _markov}

MELODIES = ("all reels", "unseen reels", *_BASELINES)


def _judged(X, reels, reference, seed):
    auc = metrics.two_sample_auc(X, reels, random_state=seed)
    return {"auc": auc} | _one_by_one(X, reels, reference)


def _one_by_one(X, reels, reference):
    """Judge each melody; without reels it is looked up among the other melodies."""
    return {
        "surprise": json_list(metrics.note_surprise(X, reference)),
        "repeats": metrics.repeat_share(X),
        "ends_on_tonic": json_list(np.float64(metrics.tonic_ending(X, _TONIC))),
        "nearest": json_list(metrics.nearest_melody(X, reels)[1]),
        "copied_run": json_list(np.float64(metrics.longest_copied_run(X, reels)[1])),
    }
