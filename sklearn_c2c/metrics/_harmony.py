"""Measures of harmony in one table, and beside those of a corpus."""

import numpy as np
from sklearn.utils import Bunch

from sklearn_c2c.melody import END
from sklearn_c2c.metrics._chords import chord_share, chord_tone_share
from sklearn_c2c.metrics._notes import ratio
from sklearn_c2c.metrics._voice_leading import (
    RANGES,
    out_of_range_share,
    parallel_fifths,
    parallel_octaves,
    voice_crossings,
    voice_leap_share,
    wide_spacing_share,
)
from sklearn_c2c.metrics._voices import ranges_of, voices_of


def harmony_statistics(X, *, n_voices=4, ranges=None, steps_per_beat=4):
    """Compute all measures of harmony, as a table with one row for each piece.

    Parameters
    ----------
    X : array-like of int, shape (n_pieces, n_voices * n_steps)
        The voices of each piece one after the other, the highest first; each is a legal
        melody.
    n_voices : int, default=4
        Number of voices.
    ranges : array-like of int, shape (n_voices, 2), default=None
        Lowest and highest usual pitch of each voice. None takes those of
        `out_of_range_share` for four voices, and leaves that column out for others.
    steps_per_beat : int, default=4
        Steps per beat, for the chords.

    Returns
    -------
    table : Bunch
        Columns by name, each an ndarray of shape (n_pieces,): ``voice_crossings``,
        ``parallel_fifths``, ``parallel_octaves``, ``wide_spacing_share``,
        ``voice_leap_share``, ``chord_share``, ``chord_tone_share`` and, with ranges,
        ``out_of_range_share``, from the functions of these names.
        ``pandas.DataFrame(table)`` converts it.

    See Also
    --------
    compare_harmony : The means beside those of a corpus.

    Examples
    --------
    Two triads, in four voices of two steps each:

    >>> X = [[74, 72, 69, 67, 66, 64, 50, 48]]
    >>> table = harmony_statistics(X, steps_per_beat=1)
    >>> table.chord_share, table.parallel_fifths, table.parallel_octaves
    (array([1.]), array([1]), array([1]))
    """
    voices = {"n_voices": n_voices}
    table = {
        "voice_crossings": voice_crossings(X, **voices),
        "parallel_fifths": parallel_fifths(X, **voices),
        "parallel_octaves": parallel_octaves(X, **voices),
        "wide_spacing_share": wide_spacing_share(X, **voices),
        "voice_leap_share": voice_leap_share(X, **voices),
    }
    if ranges is not None or n_voices == len(RANGES):
        table["out_of_range_share"] = out_of_range_share(X, ranges=ranges)
    beats = {"n_voices": n_voices, "steps_per_beat": steps_per_beat}
    table["chord_share"] = chord_share(X, **beats)
    table["chord_tone_share"] = chord_tone_share(X, **beats)
    return Bunch(**table)


def compare_harmony(X, corpus, *, n_voices=4, steps_per_beat=4):
    """Compare the mean measures of harmony of pieces with those of a corpus.

    Parameters
    ----------
    X : array-like of int, shape (n_pieces, n_voices * n_steps)
        Pieces of several voices, see `harmony_statistics`.
    corpus : array-like of int, shape (n_others, n_voices * n_others_steps)
        The corpus, such as Bach's chorales. The ranges are those of its voices; where a
        voice of it has no notes, all notes are outside.
    n_voices : int, default=4
        Number of voices.
    steps_per_beat : int, default=4
        Steps per beat, for the chords.

    Returns
    -------
    comparison : Bunch
        For each column of `harmony_statistics` a tuple of its mean over the pieces and
        over the corpus. Pieces without a value do not count; NaN if none has one.

    Examples
    --------
    >>> triads = [[74, 72, 69, 67, 66, 64, 50, 48]]
    >>> contrary = [[74, 76, 69, 69, 66, 67, 50, 49]]
    >>> compare_harmony(triads, contrary, steps_per_beat=1).parallel_fifths
    (1.0, 0.0)
    """
    ranges = ranges_of(voices_of(corpus, n_voices))
    options = {"ranges": ranges, "n_voices": n_voices, "steps_per_beat": steps_per_beat}
    table = harmony_statistics(X, **options)
    others = harmony_statistics(corpus, **options)
    return Bunch(**{n: (_mean(table[n]), _mean(others[n])) for n in table})


def voice_accuracy(X, others, *, n_voices=4):
    """Share of the steps at which each voice sounds the same pitch in two sets.

    Parameters
    ----------
    X, others : array-like of int, shape (n_pieces, n_voices * n_steps)
        Pieces of several voices, see `harmony_statistics`, and others to compare with,
        in the same order.
    n_voices : int, default=4
        Number of voices.

    Returns
    -------
    accuracy : ndarray of float, shape (n_voices,)
        Of the steps at which at least one of the two has not ended; a rest is the same
        as a rest, and a held pitch as one that begins. NaN without any.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> voice_accuracy([[74, 72, 69, 67]], [[74, 129, 69, 67]], n_voices=2)
    array([0.5, 1. ])
    """
    pitches, of_others = (
        voices_of(X, n_voices).pitches,
        voices_of(others, n_voices).pitches,
    )
    if pitches.shape != of_others.shape:
        raise ValueError(
            f"Expected as many pieces, of as many steps, in both sets, got shapes "
            f"{np.shape(X)} and {np.shape(others)}."
        )
    exists = (pitches != END) | (of_others != END)
    same = exists & (pitches == of_others)
    return ratio(same.sum(axis=(0, 2)), exists.sum(axis=(0, 2)))


def _mean(column):
    """Mean of the values that are not NaN."""
    known = column[~np.isnan(column)]
    return float(known.mean()) if len(known) else np.nan
