"""New melodies by ours, the paper's models and plain baselines, all judged alike."""

import numpy as np

from judging import models
from judging.tunes import TONIC, style_of
from sklearn_c2c import MarkovMelodies, generation, metrics
from sklearn_c2c.datasets import recombine_measures

_N_EXAMPLES = 2
_N_SPLITS = 3  # of real tunes in halves
REAL, UNSEEN = "real tunes, among themselves", "real tunes, unseen against seen"


def run(plan, style, maker, seed):
    """Compose, and judge the results; the first melodies are kept as examples."""
    melodies, against, corpus = MAKERS[maker](style, plan, seed)
    return {
        **_judged(melodies, against, corpus, style_of(style, plan), seed),
        "examples": melodies[:_N_EXAMPLES].tolist(),
    }


def _judged(melodies, against, corpus, tunes, seed):
    """All figures of a set of melodies.

    `against` are the melodies that a classifier distinguishes them from, `corpus` those
    among which copies are looked for; with None for both, the melodies are compared
    with one another.
    """
    measures = {"steps_per_measure": tunes.steps_per_measure}

    def auc(X, corpus):
        return metrics.two_sample_auc(X, corpus, random_state=seed, **measures)

    if against is None:
        area = metrics.half_against_half(
            auc, melodies, n_splits=_N_SPLITS, random_state=seed
        )
    else:
        area = auc(melodies, against)
    _, distance = metrics.nearest_melody(melodies, corpus)
    _, run = metrics.longest_copied_run(melodies, corpus)
    last = metrics.endings(melodies, **tunes.metre)
    tonic = metrics.tonic_ending(melodies, TONIC, **tunes.metre)
    surprise = metrics.note_surprise(melodies, tunes.reference)
    return {
        "auc": float(area),
        "surprise": float(np.nanmean(surprise)),
        "repeats": float(metrics.repeat_share(melodies, **measures)),
        "tonic": float(tonic.mean()),
        "beat": float(last.ends_on_beat.mean()),
        "nearest": float(np.median(distance)),
        "copies": float((distance == 0).mean()),
        "run": float(np.median(run)),
        "mean run": float(run.mean()),
    }


def _real(name, plan, seed):
    return style_of(name, plan).real, None, None


def _unseen(name, plan, seed):
    tunes = style_of(name, plan)
    return tunes.unseen, tunes.train, tunes.train


def _maker(compose):
    """A method of composing, from a function of style, sizes and seed."""

    def make(name, plan, seed):
        tunes = style_of(name, plan)
        return compose(name, plan, seed), tunes.real, tunes.train

    return make


def _ours(name, plan, seed):
    return generation.sample(
        models.ours(name, plan, seed),
        n_samples=plan.n_draws,
        X=style_of(name, plan).train,
        random_state=seed,
        **models.SAMPLING,
    )


def _paper_ae(name, plan, seed):
    model = models.papers("paper AE", name, plan, seed)
    return generation.sample(
        model, n_samples=plan.n_draws, method="range", random_state=seed
    )


def _paper_vae(name, plan, seed):
    model = models.papers("paper VAE", name, plan, seed)
    return generation.sample(
        model, n_samples=plan.n_draws, method="prior", random_state=seed
    )


def _dice(name, plan, seed):
    tunes = style_of(name, plan)
    return recombine_measures(
        tunes.train,
        plan.n_draws,
        steps_per_measure=tunes.steps_per_measure,
        max_transposition=0,
        random_state=seed,
    )


def _markov(name, plan, seed):
    tunes = style_of(name, plan)
    markov = MarkovMelodies(steps_per_measure=tunes.steps_per_measure)
    return markov.fit(tunes.train).sample(plan.n_draws, random_state=seed)


# Each returns melodies, what they are judged against, and where copies are looked for.
MAKERS = {
    REAL: _real,
    UNSEEN: _unseen,
    "ours": _maker(_ours),
    "Markov chain": _maker(_markov),
    "dice": _maker(_dice),
    "paper's autoencoder": _maker(_paper_ae),
    "paper's variational": _maker(_paper_vae),
}
