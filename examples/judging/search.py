"""Latent vectors of unseen tunes, by the encoder and by search."""

import time

from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from judging.models import shortened
from judging.tunes import tunes
from sklearn_c2c import Autoencoder, PianoRollEncoder, generation
from sklearn_c2c.datasets import transpositions
from sklearn_c2c.melody import N_PITCHES

_SEMITONES = range(-2, 3)
_KNOWN = 0.97  # share of steps from which on a tune counts as known
_LINEAR = {
    "output": "softmax",
    "activation": "identity",
    "learning_rate_init": 0.003,
}
MODELS = {
    "h=64, softmax": lambda seed: Autoencoder(64, random_state=seed, **_LINEAR),
    "h=256": lambda seed: Autoencoder(256, random_state=seed),
    "PCA, h=64": lambda seed: PCA(64, random_state=seed),
    "PCA, h=256": lambda seed: PCA(256, random_state=seed),
}
ASKED = ("h=64, softmax", "h=256")


def run(plan, model, transposed, seed):
    """Train on most of the tunes and encode the others in both ways."""
    found = tunes(plan.collections, "4/4")
    unseen, train = found[: plan.n_encoded], found[plan.n_encoded :]
    pitches = found[found < N_PITCHES]
    pitch_range = (int(pitches.min()), int(pitches.max()))
    if transposed:
        train = transpositions(
            train, semitones=_SEMITONES, pitch_range=pitch_range
        ).data
    estimator = shortened(MODELS[model](seed), plan)
    is_pca = isinstance(estimator, PCA)
    # PCA gives no probabilities, so transitions do not apply.
    weight = {"transition_weight": 0} if is_pca else {"sparse_output": True}
    pipeline = make_pipeline(PianoRollEncoder(pitch_range, **weight), estimator)
    pipeline.fit(train)
    methods = ("encoder",) if is_pca else ("encoder", "search")
    result = {"n_train": len(train)}
    for method in methods:
        started = time.process_time()
        codes = generation.encode(pipeline, unseen, method=method)
        seconds = time.process_time() - started
        right = (pipeline.inverse_transform(codes) == unseen).mean(axis=1)
        result[method] = float(right.mean())
        result[f"{method}, known"] = float((right >= _KNOWN).mean())
        result[f"{method}, seconds"] = 100 * seconds / len(unseen)
    return result
