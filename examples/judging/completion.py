"""Unseen reels of which some measures are given, completed in several ways."""

import time

import numpy as np

from judging import models
from judging.tunes import style_of
from sklearn_c2c import MarkovMelodies, generation, metrics
from sklearn_c2c.melody import HOLD, N_PITCHES, mend_orphan_holds

GIVEN = {"1-4": [1, 2, 3, 4], "5-8": [5, 6, 7, 8], "3-6": [3, 4, 5, 6]}
N_RESULTS = 2  # of each tune
_N_TIMED = 5
_N_NOTES = 3  # after a seam
_INTERVAL = (0.025, 0.975)


def run(plan, given, method, seed):
    """Complete tunes in one way, and judge the results."""
    reels = style_of("reels", plan)
    kept = _kept(reels, GIVEN[given])
    tunes = reels.unseen[: plan.n_completed]
    melodies = METHODS[method](tunes, kept, plan, seed)
    surprise = seam_surprise(melodies, kept, reels.reference)
    real = seam_surprise(reels.real, kept, reels.reference)
    low, high = np.quantile(real, _INTERVAL)
    # The real reels are classified against the other real ones.
    against = reels.train if method == REAL else tunes
    originals = np.repeat(tunes, len(melodies) // len(tunes), axis=0)
    return {
        "kept": float((melodies == originals)[:, kept].mean()),
        "seams": float(((low <= surprise) & (surprise <= high)).mean()),
        "surprising": float((surprise > high).mean()),
        "auc": float(
            metrics.two_sample_auc(
                mend_orphan_holds(melodies[:, ~kept]),
                mend_orphan_holds(against[:, ~kept]),
                steps_per_measure=reels.steps_per_measure,
                random_state=seed,
            )
        ),
    }


def time_of_eight(plan, seed):
    """Processor seconds for eight results of one tune; median of some tunes."""
    reels = style_of("reels", plan)
    model = models.ours("reels", plan, seed)
    seconds = []
    for tune in reels.unseen[: _N_TIMED + 1]:
        started = time.process_time()
        generation.complete(
            model, tune, GIVEN["1-4"], n_samples=8, X=reels.train, random_state=0
        )
        seconds.append(time.process_time() - started)
    return {"seconds": float(np.median(seconds[1:]))}  # after the kernels are compiled


def seam_surprise(X, kept, reference, *, order=4):
    """Surprise of the first three notes after each seam, in nats a note.

    Their log-probability is that of all notes up to the third, less that of the notes
    before the seam, both by `note_surprise`.

    Parameters
    ----------
    X : ndarray of int, shape (n_melodies, n_steps)
    kept : ndarray of bool, shape (n_steps,)
        Seams are where it changes.
    reference : ndarray of int, shape (n_tunes, n_steps)
        Tunes whose statistics give the surprise.
    order : int, default=4
        Notes of context.

    Returns
    -------
    ndarray of float, shape (n_melodies,)
        NaN where no note comes after a seam.
    """
    number = (X < N_PITCHES).cumsum(axis=1)  # of notes up to each step
    nats, n_notes = np.zeros(len(X)), np.zeros(len(X))
    for seam in np.flatnonzero(np.diff(kept)):
        before = number[:, seam]
        after = np.minimum(before + _N_NOTES, number[:, -1])
        for sign, last in ((1, after), (-1, before)):
            cut = np.where(number <= last[:, np.newaxis], X, HOLD)
            mean = metrics.note_surprise(mend_orphan_holds(cut), reference, order=order)
            nats += sign * last * np.nan_to_num(mean)
        n_notes += after - before
    with np.errstate(invalid="ignore"):
        return nats / n_notes


class Agreement:
    """Expected number of given steps that are decoded, an objective of `optimize`.

    Parameters
    ----------
    melody : ndarray of int, shape (n_steps,)
    kept : ndarray of bool, shape (n_steps,)
    """

    def __init__(self, melody, kept):
        self._melody, self._kept = melody, kept

    def __call__(self, X):
        return (X == self._melody)[:, self._kept].sum(axis=1).astype(float)

    def surrogate(self, P, tokens):
        """Sum of the probabilities of the given tokens, and its gradient."""
        given = (self._melody[:, np.newaxis] == tokens) & self._kept[:, np.newaxis]
        return (P * given).sum(axis=(1, 2)), np.broadcast_to(given, P.shape) * 1.0


def _complete(tunes, kept, plan, seed, form="auto"):
    model = models.ours("reels", plan, seed)
    results = [
        generation.complete(
            model,
            tune,
            kept,
            n_samples=N_RESULTS,
            X=style_of("reels", plan).train,
            form=form,
            transposition=0,
            random_state=number,
        )
        for number, tune in _numbered(tunes, seed)
    ]
    return np.vstack([result.melodies for result in results])


def _complete_without_form(tunes, kept, plan, seed):
    return _complete(tunes, kept, plan, seed, form=None)


def _optimize(tunes, kept, plan, seed):
    """Search for latent vectors that agree with the given steps; paste these over."""
    model = models.ours("reels", plan, seed)
    results = [
        generation.optimize(
            model,
            Agreement(tune, kept),
            n_starts=N_RESULTS,
            prior_weight=1,
            random_state=number,
        ).melodies
        for number, tune in _numbered(tunes, seed)
    ]
    pasted = np.where(kept, np.repeat(tunes, N_RESULTS, axis=0), np.vstack(results))
    return mend_orphan_holds(pasted)


def _markov(tunes, kept, plan, seed):
    reels = style_of("reels", plan)
    markov = MarkovMelodies(order=8, steps_per_measure=reels.steps_per_measure)
    markov.fit(reels.train)
    return np.vstack(
        [
            markov.sample(
                N_RESULTS, fixed=np.where(kept, tune, -1), random_state=number
            )
            for number, tune in _numbered(tunes, seed)
        ]
    )


def _numbered(tunes, seed):
    """Tunes with a seed for each."""
    return enumerate(tunes, start=1000 * seed)


def _kept(reels, measures):
    n_steps = reels.train.shape[1]
    return np.isin(np.arange(n_steps) // reels.steps_per_measure + 1, measures)


REAL = "the reels as they are"
METHODS = {
    REAL: lambda tunes, kept, plan, seed: tunes,
    "complete": _complete,
    "complete, form=None": _complete_without_form,
    "Markov chain": _markov,
    "optimize, pasted": _optimize,
}
OURS = "complete"
BASELINES = ("Markov chain", "optimize, pasted")
