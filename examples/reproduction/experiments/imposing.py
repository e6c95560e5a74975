"""Footnote 31, reference 17: constraints imposed on a Boltzmann machine."""

import numpy as np

from reproduction.experiments.steering import C4, judged
from sklearn_c2c import generation, metrics
from sklearn_c2c.melody import N_PITCHES, mend_orphan_holds
from sklearn_c2c.objectives import FirstNote, SelfSimilarity

NOTHING, C4_FIRST, REEL = "nothing", "first note C4", "the form of a reel"
FORMS = ("ABACABAD", "AABA", REEL)

_STEPS_PER_MEASURE = 16

# Of the surprise of unseen reels, in which 95 % of them lie.
_QUANTILES = 0.025, 0.975

_WEIGHT = 2000  # nats of the free energy for a unit: the default of `impose`


def imposing(materials, *, model, h, seed, goal, n_draws, n_steps):
    """Draw melodies under a constraint: from a Boltzmann machine, or by a search.

    The search is that of `steering` along the gradient, in the latent space of an
    autoencoder.
    """
    pipeline = materials.model(model, h, seed)
    objective = _objective(goal, materials.unseen_reels, seed)
    if hasattr(pipeline[-1], "free_energy"):
        weight = 0 if goal == NOTHING else _WEIGHT
        settings = {"weight": weight, "n_samples": n_draws, "n_iter": n_steps}
        found = generation.impose(pipeline, objective, random_state=seed, **settings)
    else:
        settings = {"n_starts": n_draws, "max_iter": n_steps}
        found = generation.optimize(pipeline, objective, random_state=seed, **settings)
    X, reference = found.melodies, materials.other_tunes
    surprise = metrics.step_surprise(X, reference)
    _, low, high = _surprise_of_reels(materials)
    error_before, error = 1 - found.before.mean(), 1 - found.after.mean()
    return {
        "n_drawn": n_draws,
        "before": found.before.tolist(),
        "after": found.after.tolist(),
        "error": float(error),
        "lowered": float(1 - error / error_before),
        "surprise": surprise.tolist(),
        "unsurprising": ((surprise >= low) & (surprise <= high)).astype(int).tolist(),
        "told": metrics.two_sample_auc(X, materials.all_reels, random_state=seed),
        "repeats": metrics.repeat_share(X),
        "diversity": metrics.diversity(X),
        **judged(X, materials.reels),
        "melody": X[0].tolist(),
    }


def _objective(goal, unseen_reels, seed):
    if goal in (NOTHING, C4_FIRST):
        return FirstNote(C4)
    return SelfSimilarity(unseen_reels[seed] if goal == REEL else goal)


def _surprise_of_reels(materials):
    """Surprise of the unseen reels, and the ends of the middle 95 %."""
    surprise = metrics.step_surprise(materials.unseen_reels, materials.other_tunes)
    return surprise, *np.quantile(surprise, _QUANTILES).tolist()


def energies(materials, *, model, h, seed):
    """Free energy of reels in another order, minus that of the reels, in nats."""
    encoder, machine = materials.model(model, h, seed)
    reels, rng = materials.unseen_reels, np.random.default_rng(seed)
    own = machine.free_energy(encoder.transform(reels))
    gaps = {
        name: machine.free_energy(encoder.transform(shuffled(reels, rng))) - own
        for name, shuffled in (("pitches", _pitches), ("measures", _measures))
    }
    surprise, low, high = _surprise_of_reels(materials)
    return {
        "surprise": surprise.tolist(),
        "low": low,
        "high": high,
        **{f"{name}_gap": gap.tolist() for name, gap in gaps.items()},
        **{f"{name}_above": (g > 0).astype(int).tolist() for name, g in gaps.items()},
    }


def _pitches(reels, rng):
    """The same rhythm, the same pitches in another order."""
    shuffled = reels.copy()
    for reel in shuffled:
        reel[reel < N_PITCHES] = rng.permutation(reel[reel < N_PITCHES])
    return shuffled


def _measures(reels, rng):
    """The same measures in another order; a hold across the bar line is a rest then."""
    measures = reels.reshape(len(reels), -1, _STEPS_PER_MEASURE)
    order = np.tile(np.arange(measures.shape[1]), (len(reels), 1))
    order = rng.permuted(order, axis=1)[..., np.newaxis]
    return mend_orphan_holds(
        np.take_along_axis(measures, order, 1).reshape(reels.shape)
    )
