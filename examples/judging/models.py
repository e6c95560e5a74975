"""Models by name: ours, and the paper's as the reproduction has them."""

import warnings
from functools import cache

from reproduction.materials import MODELS
from sklearn.pipeline import make_pipeline

from judging.tunes import style_of
from sklearn_c2c import PianoRollEncoder, VariationalAutoencoder

OURS = {
    "h": 32,
    "beta": 10,
    "kl_warmup": 100,
    "kl_cooldown": 50,
    "max_iter": 200,
    "n_iter_no_change": 200,
}
SAMPLING = {"method": "gaussian", "scale": 1.3, "form": "corpus"}


@cache
def ours(style_name, plan, seed):
    """Our model of a style, fitted."""
    tunes = style_of(style_name, plan)
    encoder = PianoRollEncoder(steps_per_measure=tunes.steps_per_measure)
    estimator = VariationalAutoencoder(random_state=seed, **OURS)
    return make_pipeline(encoder, shortened(estimator, plan)).fit(tunes.train)


def papers(name, style_name, plan, seed):
    """The "paper AE" or "paper VAE" of a style, fitted."""
    tunes = style_of(style_name, plan)
    encoder = PianoRollEncoder(
        steps_per_measure=tunes.steps_per_measure, transition_weight=0
    )
    n_columns = encoder.fit_transform(tunes.train).shape[1]
    estimator = MODELS[name](n_columns, plan.large, seed)
    with warnings.catch_warnings():
        # Its collapse is a finding of the reproduction.
        warnings.filterwarnings("ignore", "The posterior has collapsed")
        return make_pipeline(encoder, shortened(estimator, plan)).fit(tunes.train)


def shortened(estimator, plan):
    """The estimator with the plan's share of its epochs."""
    epochs = ("max_iter", "kl_warmup", "kl_cooldown")
    found = {k: v for k, v in estimator.get_params().items() if k in epochs}
    return estimator.set_params(**{k: round(plan.effort * v) for k, v in found.items()})
