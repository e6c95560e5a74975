"""Corpora of any size, made of the measures of a small one."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, validate_params

from sklearn_c2c.melody import END, N_PITCHES, check_melodies, mend_orphan_holds


@validate_params(
    {
        "X": ["array-like"],
        "n_melodies": [Interval(Integral, 1, None, closed="left")],
        "steps_per_measure": [Interval(Integral, 1, None, closed="left")],
        "max_transposition": [Interval(Integral, 0, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def recombine_measures(
    X, n_melodies, *, steps_per_measure=16, max_transposition=6, random_state=None
):
    """Make melodies whose measures come from different melodies of a corpus.

    Each measure of a new melody is drawn from the measures in the same place of the
    melodies of `X`, so beginnings stay beginnings and ends stay ends. Of melodies of
    different lengths, the number of measures is drawn first; the last measure comes
    from the last ones of all melodies, the others from melodies that go on after them.
    Then the whole is transposed by a random number of semitones. The result has the
    notes, rhythms and size of a real corpus: it serves to measure the time and memory
    of training, not to learn a style from.

    Parameters
    ----------
    X : array-like of int, shape (n_corpus, n_steps)
        The corpus, see `sklearn_c2c.melody`. Melodies in the same key fit together.
    n_melodies : int
        Number of melodies to make. For more than fit into memory, call again with the
        same RandomState.
    steps_per_measure : int, default=16
        Steps in a measure; divides n_steps.
    max_transposition : int, default=6
        Most semitones up or down. A melody never leaves the pitch range of `X`.
    random_state : int, RandomState instance or None, default=None
        An int gives the same result again.

    Returns
    -------
    ndarray of uint8, shape (n_melodies, n_steps)
        Half the size of the int16 that other functions return, to save memory.

    Raises
    ------
    ValueError
        If `X` does not hold melodies or a parameter is out of range.

    Notes
    -----
    A hold at the start of a measure continues the last note of the measure before. If
    none sounds there, it becomes a rest.

    Examples
    --------
    >>> from sklearn_c2c.datasets import load_celtic, recombine_measures
    >>> reels = load_celtic().data
    >>> melodies = recombine_measures(reels, 1000, random_state=0)
    >>> melodies.shape, melodies.dtype
    ((1000, 128), dtype('uint8'))
    """
    X = np.atleast_2d(check_melodies(X))
    n_measures, rest = divmod(X.shape[1], steps_per_measure)
    if rest:
        raise ValueError(
            f"steps_per_measure={steps_per_measure} does not divide the {X.shape[1]} "
            f"steps of a melody."
        )
    rng = check_random_state(random_state)
    measures = X.reshape(len(X), n_measures, steps_per_measure)
    drawn = _drawn(measures, n_melodies, rng)
    melodies = mend_orphan_holds(drawn.reshape(n_melodies, -1))
    (lowest, highest), (low, high) = _pitch_extremes(X), _pitch_extremes(melodies)
    down = np.maximum(lowest.min() - low, -max_transposition)
    up = np.minimum(highest.max() - high, max_transposition)
    semitones = rng.randint(down, up + 1)[:, np.newaxis]
    transposed = np.where(melodies < N_PITCHES, melodies + semitones, melodies)
    return transposed.astype(np.uint8)


def _drawn(measures, n_melodies, rng):
    """Measures of new melodies, (n_melodies, n_measures, steps_per_measure)."""
    n_corpus, n_measures, _ = measures.shape
    lengths = (measures[:, :, 0] != END).sum(axis=1)
    longest = lengths.max(initial=0)
    drawn = np.full((n_melodies, *measures.shape[1:]), END, measures.dtype)
    if (lengths == longest).all():
        rows = rng.randint(n_corpus, size=(n_melodies, longest))
        drawn[:, :longest] = measures[rows, np.arange(longest)]
        return drawn
    lengths_drawn = rng.choice(lengths, n_melodies)
    last = measures[np.arange(n_corpus), lengths - 1]
    last_drawn = last[rng.randint(n_corpus, size=n_melodies)]
    drawn[np.arange(n_melodies), lengths_drawn - 1] = last_drawn
    for m in range(n_measures - 1):
        goes_on, known = (np.flatnonzero(n > m + 1) for n in (lengths_drawn, lengths))
        drawn[goes_on, m] = measures[rng.choice(known, len(goes_on)), m]
    return drawn


def _pitch_extremes(X):
    """Lowest and highest pitch of each melody; 127 and 0 where there is none."""
    pitches = X < N_PITCHES
    low = np.where(pitches, X, N_PITCHES - 1).min(axis=1)
    return low, np.where(pitches, X, 0).max(axis=1)
