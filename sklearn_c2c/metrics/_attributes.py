"""Attributes of melodies beside the statistics: one number for each melody."""

import numpy as np

from sklearn_c2c.melody import END, N_PITCHES, melody_lengths
from sklearn_c2c.metrics._notes import (
    mean_by_melody,
    measures_of,
    n_measures_of,
    notes_of,
    ratio,
    rows_of,
)

_MAJOR_SECOND = 2  # semitones


def rhythmic_complexity(X, *, steps_per_measure=16, steps_per_beat=4):
    """Share of all possible onsets, with larger weights on weak places of the measure.

    ``sum_t w_t onset_t / sum_t w_t``, with ``w_t = 1 / level_t`` of Toussaint's
    metrical hierarchy: the level is the number of pulses (measure, half measure, beat,
    eighth, sixteenth) that fall on the step. In common time the weights of a measure
    are 1/5 on the first beat, 1/4 on the third, 1/3 on the second and fourth, 1/2 on
    the eighths between and 1 on all other sixteenths. In 6/8 they are 1/4 and 1/3 on
    the beats, 1/2 on the other eighths and 1 on the other sixteenths.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies of whole measures.
    steps_per_measure : int, default=16
        Steps per measure: 16 for sixteenths in common time, 12 in 6/8 or 3/4.
    steps_per_beat : int, default=4
        Steps per beat: 4 for quarters counted in sixteenths, 6 for the beats of 6/8.
        Divides the measure.

    Returns
    -------
    complexity : ndarray of float, shape (n_melodies,)
        In [0, 1]; 0 for silence, 1 if a note begins at every step.

    Raises
    ------
    ValueError
        If the measures do not fill the row or the beats do not fill the measure.

    Notes
    -----
    A beat is divided by its odd factors first (a beat of 6/8 into three eighths), a
    measure of several beats by two first. AR-VAE defines these weights for six unequal
    ticks per beat; there the ticks of triplets have weight 2, and the second and fourth
    beats .67 instead of 1/3.

    The complexity is correlated with `note_density`, since both count onsets.

    References
    ----------
    G. T. Toussaint, "A mathematical analysis of African, Brazilian, and Cuban clave
    rhythms", Bridges 2002.

    A. Pati and A. Lerch, "Attribute-based regularization of latent spaces for
    variational auto-encoders", Neural Computing and Applications 33, 2021.

    Examples
    --------
    A note on each of the two beats, and one on each of the two places between them:

    >>> on, off = [62, 129, 62, 129], [128, 62, 128, 62]
    >>> rhythmic_complexity([on, off], steps_per_measure=4, steps_per_beat=2).round(3)
    array([0.294, 0.706])
    """
    X = rows_of(X)
    measures = measures_of(X, steps_per_measure)
    weights = 1 / _levels(steps_per_measure, steps_per_beat)
    weights /= weights.sum()
    n_measures = n_measures_of(X, steps_per_measure)[:, np.newaxis]
    onsets = (measures < N_PITCHES).sum(axis=1) / n_measures
    # All weights of the steps, fewer if the melody ends within a measure.
    steps = (measures != END).sum(axis=1) / n_measures
    return (onsets @ weights) / np.where((steps == 1).all(axis=1), 1, steps @ weights)


def syncopation(X, *, level=1, steps_per_measure=16, steps_per_beat=4):
    """Share of the notes that are syncopated at one level of the metre.

    A note is syncopated if it begins at a place of that level but not of a stronger
    one, and no other note begins up to and including the next place of a stronger
    level. At that place, where an onset is expected, the note still sounds or there is
    silence.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies of whole measures.
    level : int, default=1
        Steps between two places of the level, a pulse of the metre: if a step is a
        sixteenth, 1 for sixteenths and 2 for eighths.
    steps_per_measure : int, default=16
        Steps per measure, see `rhythmic_complexity`.
    steps_per_beat : int, default=4
        Steps per beat, see `rhythmic_complexity`.

    Returns
    -------
    share : ndarray of float, shape (n_melodies,)
        In [0, 1]. NaN where there is no note.

    Raises
    ------
    ValueError
        If the metre has no such level below the measure, the measures do not fill the
        row or the beats do not fill the measure.

    Notes
    -----
    If the next stronger place is after the end of the melody, it is not known whether a
    note begins there, and the note before it does not count as syncopated.

    The condition is that of Longuet-Higgins and Lee, applied to one level at a time as
    in MusicVAE's attributes "16th note syncopation" and "8th note syncopation".

    References
    ----------
    H. C. Longuet-Higgins and C. S. Lee, "The rhythmic interpretation of monophonic
    music", Music Perception 1, 1984.

    A. Roberts et al., "A Hierarchical Latent Vector Model for Learning Long-Term
    Structure in Music", ICML 2018, section 5.4.

    Examples
    --------
    An eighth, a quarter held over the beat, an eighth; in steps of an eighth:

    >>> syncopation([[62, 64, 129, 62]], steps_per_measure=4, steps_per_beat=2)
    array([0.33333333])

    In steps of a sixteenth the same notes are syncopated at the level of the eighths:

    >>> X = [[62, 129, 64, 129, 129, 129, 62, 129]]
    >>> syncopation(X, level=2, steps_per_measure=8)
    array([0.33333333])
    >>> syncopation(X, level=1, steps_per_measure=8)
    array([0.])
    """
    X = rows_of(X)
    measures_of(X, steps_per_measure)
    stronger = _next_pulse(level, steps_per_measure, steps_per_beat)
    notes = notes_of(X)
    off_beat = (notes.onset % level == 0) & (notes.onset % stronger > 0)
    strong_place = (notes.onset // stronger + 1) * stronger
    next_onset = np.full(len(notes.onset), X.shape[1])
    followed = notes.followed()
    next_onset[followed] = notes.onset[followed + 1]
    is_known = strong_place < melody_lengths(X)[notes.melody]
    syncopated = off_beat & is_known & (next_onset > strong_place)
    return mean_by_melody(len(X), notes.melody, syncopated)


def mean_pitch(X):
    """Mean pitch of the notes; each note counts once, whatever its length.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.

    Returns
    -------
    pitch : ndarray of float, shape (n_melodies,)
        MIDI pitch, 0 to 127. NaN where there is no note.

    Examples
    --------
    >>> mean_pitch([[62, 129, 64, 69]])
    array([65.])
    """
    notes = notes_of(rows_of(X))
    return mean_by_melody(notes.n_melodies, notes.melody, notes.pitch)


def contour(X):
    """Direction of a melody: its last pitch minus its first, in semitones.

    This is the sum of its intervals. The notes between the two have no influence.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.

    Returns
    -------
    semitones : ndarray of float, shape (n_melodies,)
        In [-127, 127]; positive if the melody rises, 0 for one note. NaN where there is
        no note.

    Notes
    -----
    AR-VAE divides the contour by 26, the range of its corpus.

    References
    ----------
    A. Pati and A. Lerch, "Attribute-based regularization of latent spaces for
    variational auto-encoders", Neural Computing and Applications 33, 2021.

    Examples
    --------
    >>> contour([[62, 129, 74, 69], [69, 128, 69, 62]])
    array([ 7., -7.])
    """
    notes = notes_of(rows_of(X))
    direction = np.full(notes.n_melodies, np.nan)
    is_last = np.diff(notes.melody, append=notes.n_melodies) > 0
    is_first = np.diff(notes.melody, prepend=-1) > 0
    last, first = notes.pitch[is_last], notes.pitch[is_first]
    direction[notes.melody[is_last]] = last - first
    return direction


def stepwise_share(X):
    """Share of the changes of pitch that are seconds, of one or two semitones.

    The other changes are leaps. Repeated pitches are not changes; see
    `repeated_note_share`.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies. Rests between two notes are ignored.

    Returns
    -------
    share : ndarray of float, shape (n_melodies,)
        In [0, 1]. NaN where the pitch never changes.

    References
    ----------
    ``Stepwise Motion`` in jSymbolic; there repeated pitches count as intervals.

    Examples
    --------
    A whole tone, a repeated note, a third:

    >>> stepwise_share([[62, 64, 64, 67]])
    array([0.5])
    """
    notes = notes_of(rows_of(X))
    size = np.abs(notes.intervals())
    changes = size > 0
    owner = notes.melody[notes.followed()][changes]
    is_stepwise = size[changes] <= _MAJOR_SECOND
    return mean_by_melody(notes.n_melodies, owner, is_stepwise)


def repeated_note_share(X):
    """Share of the intervals that are unisons: notes that repeat the pitch before them.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies. Rests between two notes are ignored.

    Returns
    -------
    share : ndarray of float, shape (n_melodies,)
        In [0, 1]; 1 if there is one pitch. NaN where there are fewer than two notes.

    References
    ----------
    ``Repeated Notes`` in jSymbolic.

    Examples
    --------
    >>> repeated_note_share([[62, 62, 64, 129, 64]])
    array([0.66666667])
    """
    notes = notes_of(rows_of(X))
    owner = notes.melody[notes.followed()]
    return mean_by_melody(notes.n_melodies, owner, notes.intervals() == 0)


def repeated_measure_share(X, *, steps_per_measure=16):
    """Share of the measures, from the second on, that are equal to an earlier one.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies of whole measures.
    steps_per_measure : int, default=16
        Steps per measure, or per half measure, see `measure_similarity`.

    Returns
    -------
    share : ndarray of float, shape (n_melodies,)
        In [0, 1]; 1 if all measures are the same. NaN where there is only one.

    Raises
    ------
    ValueError
        If the measures do not fill the row.

    See Also
    --------
    equal_measure_share : Share of the pairs of measures.

    Examples
    --------
    The second measure is new, the third is the first:

    >>> repeated_measure_share([[62, 129, 62, 64, 62, 129]], steps_per_measure=2)
    array([0.5])
    """
    X = rows_of(X)
    measures = measures_of(X, steps_per_measure)
    n_repeated = np.zeros(len(X))
    for m in range(1, measures.shape[1]):
        equal = (measures[:, :m] == measures[:, [m]]).all(axis=2)
        n_repeated += equal.any(axis=1) & (measures[:, m, 0] != END)
    return ratio(n_repeated, n_measures_of(X, steps_per_measure) - 1)


def _pulses(steps_per_measure, steps_per_beat):
    """Steps between places of each level of the metre, from the measure downwards."""
    if steps_per_beat < 1 or steps_per_measure % steps_per_beat:
        raise ValueError(
            f"Expected measures of whole beats, got {steps_per_measure} steps per "
            f"measure at steps_per_beat={steps_per_beat}."
        )
    beats = _prime_factors(steps_per_measure // steps_per_beat)
    within_beat = _prime_factors(steps_per_beat)[::-1]
    return steps_per_measure // np.cumprod([1, *beats, *within_beat])


def _prime_factors(number):
    factors, factor = [], 2
    while number > 1:
        if number % factor:
            factor += 1
        else:
            factors.append(factor)
            number //= factor
    return factors


def _levels(steps_per_measure, steps_per_beat):
    """Number of pulses of the metre that fall on each step of a measure."""
    pulses = _pulses(steps_per_measure, steps_per_beat)
    return (np.arange(steps_per_measure)[:, np.newaxis] % pulses == 0).sum(axis=1)


def _next_pulse(level, steps_per_measure, steps_per_beat):
    """Steps between places of the next stronger level."""
    pulses = _pulses(steps_per_measure, steps_per_beat).tolist()
    if level not in pulses[1:]:
        raise ValueError(
            f"Found level={level}; expected one of {', '.join(map(str, pulses[1:]))}: "
            f"the levels below the measure at {steps_per_measure} steps per measure "
            f"and {steps_per_beat} per beat."
        )
    return pulses[pulses.index(level) - 1]
