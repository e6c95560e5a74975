"""Evaluation: all measures of generated melodies, real melodies and baselines."""

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import Bunch, check_random_state

from sklearn_c2c.melody import END, melody_lengths
from sklearn_c2c.metrics._endings import endings, tonic_ending
from sklearn_c2c.metrics._form import (
    equal_measure_share,
    repeat_share,
    similarity_by_lag,
)
from sklearn_c2c.metrics._frechet import frechet_distance
from sklearn_c2c.metrics._notes import rows_and_tunes, rows_of
from sklearn_c2c.metrics._novelty import longest_copied_run, nearest_melody
from sklearn_c2c.metrics._originality import originality
from sklearn_c2c.metrics._statistics import (
    hold_share,
    in_scale_share,
    mean_absolute_interval,
)
from sklearn_c2c.metrics._surprise import note_surprise, step_surprise
from sklearn_c2c.metrics._two_sample import (
    density_coverage,
    half_against_half,
    two_sample_auc,
)

_LAGS = (1, 2, 4)  # measures
_N_SPLITS_TO_CLASSIFY = 3  # one split takes as long as the classifier of a column
_N_LOOKED_UP = 200  # tunes of a large corpus that are looked up among the others


class Evaluation(Bunch):
    """A table by column: ``table[column][row]`` is a float.

    It is printed as an aligned table; ``pandas.DataFrame(table)`` converts it.
    """

    def __repr__(self):
        """Aligned text of the table."""
        names = list(next(iter(self.values()), {}))
        width = max(map(len, names), default=0)
        widths = [max(len(column), 9) for column in self]
        cells = [list(self), *([f"{self[c][n]:.3f}" for c in self] for n in names)]
        lines = [
            "  ".join(
                [f"{name:{width}}"]
                + [f"{cell:>{w}}" for cell, w in zip(row, widths, strict=True)]
            )
            for name, row in zip(["", *names], cells, strict=True)
        ]
        return "\n".join(lines)


def evaluate(
    X,
    corpus,
    *,
    others=None,
    reference=None,
    tonic=None,
    mode=None,
    steps_per_measure=16,
    steps_per_beat=4,
    classify=True,
    random_state=None,
):
    """Measure generated melodies beside real melodies and baselines.

    No value is good by itself. Generated melodies are good if they are close to the
    real melodies in all rows at once, and far from the baselines. Closeness without
    novelty is easy to achieve, and so is novelty without closeness.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Generated melodies, of whole measures.
    corpus : array-like of int, shape (n_tunes, n_steps)
        Real melodies in the style, at least two.
    others : array-like of int, shape (n_others, n_steps), or None, default=None
        Real melodies that are not in the corpus. They have a column of their own, which
        is the best reference for the generated melodies.
    reference : array-like of int, shape (n_tunes, n_reference_steps), or None, \
            default=None
        Real melodies that are neither in the corpus nor in `others`, as many as
        possible and in the key of the corpus. The surprise of all columns is measured
        under a model of them. None uses a model of the corpus, for which copies have
        the least surprise.
    tonic : str or None, default=None
        Tonic of the style, such as "D", or its key, such as "F#m"; None leaves out the
        rows that need it.
    mode : str, default=None
        Mode of the scale, see `in_scale_share`.
    steps_per_measure : int, default=16
        Steps per measure.
    steps_per_beat : int, default=4
        Steps per beat, for the endings, see `endings`.
    classify : bool, default=True
        Whether to train classifiers for the row `two_sample_auc`, which takes most of
        the time, and is inaccurate for few melodies.
    random_state : int, RandomState instance or None, default=None
        For classifiers, splits and baselines. An int makes the table reproducible.

    Returns
    -------
    table : Evaluation
        It is printed as a table; ``pandas.DataFrame(table)`` converts it.

        Columns
            ``generated``; ``others`` if given; ``real``, the corpus compared with
            itself: sets as one half against the other (mean of 10 splits, of 3 for the
            classifier), melodies with all other melodies of the corpus (for more than
            400 tunes, 200 random ones with the rest); ``dice``,
            `datasets.recombine_measures` of the corpus; and ``markov``, draws of
            `MarkovMelodies` with places in the measure, fitted on the corpus. The
            baselines have as many melodies as `X`.
        Rows that compare sets
            `two_sample_auc`, `frechet_distance`, ``density`` and ``coverage`` (see
            `density_coverage`).
        Rows that compare melodies with the corpus
            ``originality``, mean; ``nearest_distance``, median of `nearest_melody`;
            ``longest_copied_run``, median, steps; ``copy_share``.
        Rows of surprise
            `note_surprise`, mean nats per note, and `step_surprise`, mean nats per
            step, under a model of the reference or, without one, of the corpus.
        Rows of the melodies alone
            `repeat_share`; ``equal_measure_share``, mean; ``similarity_lag_1``, ``_2``
            and ``_4``, means of `similarity_by_lag`, if there are enough measures;
            ``tonic_ending_share`` (with a tonic), ``beat_ending_share`` and
            ``last_note_length``, mean steps, see `endings`;
            ``mean_absolute_interval``, ``hold_share`` and ``in_scale_share`` (with a
            tonic), means; if a melody of `X` or of the corpus is shorter than its row,
            ``n_steps``, the mean length.

    Raises
    ------
    ValueError
        If the corpus has fewer than two melodies, the numbers of steps differ, the
        reference is empty or has a melody of the corpus or of `others`, the measures do
        not fill the row, the beats do not fill the measure, or there is no such key or
        mode.

    Notes
    -----
    Means and medians are taken over the melodies that have a value. Measures of sets
    depend on the number of melodies, so generate about as many as there are tunes.

    Without a reference, melodies generated from the corpus have a low surprise because
    they copy it: under models of each other the 134 reels of `load_celtic` have 1.79
    nats per note, 200 draws of the Markov model under a model of the reels 1.05. Under
    a model of 1,357 tunes of other collections they have 1.73 and 1.79.

    Examples
    --------
    >>> from sklearn_c2c.datasets import load_celtic
    >>> reels = load_celtic().data
    >>> table = evaluate(reels[:30], reels[30:], classify=False, random_state=0)
    >>> table.generated.repeat_share > 0.8 > 0.2 > table.dice.repeat_share
    True
    """
    X, corpus = rows_and_tunes(X, corpus)
    if len(corpus) < 2:
        raise ValueError(
            f"Expected at least two melodies in corpus, got shape {corpus.shape}."
        )
    seed = check_random_state(random_state).randint(2**31 - 1)
    sets = {"generated": X}
    if others is not None:
        sets["others"] = others = _others(others, X.shape[1])
    if reference is not None:
        reference = _reference(reference, corpus, others)
    n_melodies = len(X) or len(corpus)
    for name, compose in _BASELINES.items():
        sets[name] = compose(corpus, n_melodies, steps_per_measure, seed)
    judges = _Judges(
        reference=reference,
        tonic=tonic,
        mode=mode,
        steps_per_measure=steps_per_measure,
        steps_per_beat=steps_per_beat,
        classify=classify,
        seed=seed,
        has_ends=bool((X == END).any() or (corpus == END).any()),
    )
    table = {name: judges.compare(X, corpus) for name, X in sets.items()}
    real = judges.by_itself(corpus)
    return Evaluation(generated=table.pop("generated"), real=real, **table)


@dataclass(frozen=True)
class _Judges:
    """Measures of `evaluate` with their options; each method returns a column."""

    reference: np.ndarray | None
    tonic: str | None
    mode: str | None
    steps_per_measure: int
    steps_per_beat: int
    classify: bool
    seed: int
    has_ends: bool

    def compare(self, X, corpus):
        """Column of melodies compared with a corpus."""
        return self._column(X, corpus, self._auc(X, corpus), self._nearness(X, corpus))

    def by_itself(self, corpus):
        """Column of a corpus compared with itself."""
        halves = {"corpus": corpus, "random_state": self.seed}
        return self._column(
            corpus,
            None,
            half_against_half(self._auc, n_splits=_N_SPLITS_TO_CLASSIFY, **halves),
            half_against_half(self._nearness, **halves),
        )

    def _auc(self, X, corpus):
        if not self.classify:
            return np.nan
        return two_sample_auc(
            X,
            corpus,
            steps_per_measure=self.steps_per_measure,
            random_state=self.seed,
        )

    def _nearness(self, X, corpus):
        return frechet_distance(X, corpus), *density_coverage(
            X, corpus, steps_per_measure=self.steps_per_measure
        )

    def _column(self, X, corpus, auc, nearness):
        names = ("frechet_distance", "density", "coverage")
        return Bunch(
            **({"two_sample_auc": float(auc)} if self.classify else {}),
            **dict(zip(names, map(float, nearness), strict=True)),
            **_novelty(X, corpus, self.seed),
            **_surprise(X, corpus if self.reference is None else self.reference),
            **_form(X, self.steps_per_measure),
            **_endings(X, self.tonic, self.steps_per_measure, self.steps_per_beat),
            **_statistics(X, self.tonic, self.mode),
            **({"n_steps": _average(melody_lengths(X))} if self.has_ends else {}),
        )


def _dice(corpus, n_melodies, steps_per_measure, seed):
    from sklearn_c2c.datasets import recombine_measures

    return recombine_measures(
        corpus,
        n_melodies,
        steps_per_measure=steps_per_measure,
        max_transposition=0,
        random_state=seed,
    )


def _markov(corpus, n_melodies, steps_per_measure, seed):
    from sklearn_c2c.markov import MarkovMelodies

    markov = MarkovMelodies(steps_per_measure=steps_per_measure).fit(corpus)
    return markov.sample(n_melodies, random_state=seed)


# Functions (corpus, n_melodies, steps_per_measure, seed) that return melodies.
_BASELINES = {"dice": _dice, "markov": _markov}


def _others(others, n_steps):
    others = rows_of(others)
    if others.shape[1] != n_steps:
        raise ValueError(
            f"Expected others of {n_steps} steps, got shape {others.shape}."
        )
    return others


def _reference(reference, corpus, others):
    """Check the reference, which must not contain any of the real melodies."""
    reference = rows_of(reference)
    real = corpus if others is None else np.vstack([corpus, others])
    if not len(reference):
        raise ValueError(
            f"Expected at least one melody in reference, got shape {reference.shape}."
        )
    n_steps = max(reference.shape[1], real.shape[1])
    _, distance = nearest_melody(*(_filled_up(X, n_steps) for X in (reference, real)))
    known = np.flatnonzero(distance == 0)
    if len(known):
        raise ValueError(
            f"Expected a reference without melodies of corpus and others, got "
            f"{len(known)} of them, the first in row {known[0]}. Leave them out: "
            f"under a model of themselves, real melodies have no surprise."
        )
    return reference


def _filled_up(X, n_steps):
    return np.pad(X, ((0, 0), (0, n_steps - X.shape[1])), constant_values=END)


def _novelty(X, corpus, seed):
    """Novelty of melodies against a corpus, or against each other without one."""
    if corpus is None and len(X) > 2 * _N_LOOKED_UP:
        X, corpus = train_test_split(X, train_size=_N_LOOKED_UP, random_state=seed)
    _, distance = nearest_melody(X, corpus)
    _, run = longest_copied_run(X, corpus)
    return {
        "originality": _average(originality(X, corpus)),
        "nearest_distance": _average(distance, np.median),
        "longest_copied_run": _average(run, np.median),
        "copy_share": _average(distance == 0),
    }


def _surprise(X, tunes):
    """Surprise of melodies under a model of tunes, or of each other without tunes."""
    return {
        "note_surprise": _average(note_surprise(X, tunes)),
        "step_surprise": _average(step_surprise(X, tunes)),
    }


def _form(X, steps_per_measure):
    measures = {"steps_per_measure": steps_per_measure}
    by_lag = similarity_by_lag(X, **measures)
    return {
        "repeat_share": repeat_share(X, **measures),
        "equal_measure_share": _average(equal_measure_share(X, **measures)),
        **{
            f"similarity_lag_{lag}": _average(by_lag[:, lag - 1])
            for lag in _LAGS
            if lag <= by_lag.shape[1]
        },
    }


def _endings(X, tonic, steps_per_measure, steps_per_beat):
    metre = {"steps_per_measure": steps_per_measure, "steps_per_beat": steps_per_beat}
    table = endings(X, **metre)
    shares = {
        "beat_ending_share": _average(table.ends_on_beat),
        "last_note_length": _average(table.last_length),
    }
    if tonic is not None:
        shares["tonic_ending_share"] = _average(tonic_ending(X, tonic, **metre))
    return shares


def _statistics(X, tonic, mode):
    means = {
        "mean_absolute_interval": _average(mean_absolute_interval(X)),
        "hold_share": _average(hold_share(X)),
    }
    if tonic is not None:
        means["in_scale_share"] = _average(in_scale_share(X, tonic, mode=mode))
    return means


def _average(values, of=np.mean):
    """Average of the values that are not NaN; NaN if there are none."""
    values = values[~np.isnan(values)]
    return float(of(values)) if len(values) else np.nan
