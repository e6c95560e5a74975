"""Endings: onset, length and pitch class of the last note of a melody."""

import numpy as np
from sklearn.utils import Bunch

from sklearn_c2c.melody import parse_key
from sklearn_c2c.metrics._notes import measures_of, n_measures_of, notes_of, rows_of


def endings(X, *, steps_per_measure=16, steps_per_beat=4):
    """Describe the last note of each melody, as a table with one row for each melody.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies of whole measures.
    steps_per_measure : int, default=16
        Steps per measure: 16 for sixteenths in common time, 12 in 6/8 or 3/4.
    steps_per_beat : int, default=4
        Steps per beat: 4 for quarters of sixteenth steps, 6 for the beats of 6/8, 8 for
        the strong beats of common time only. It must divide the measure.

    Returns
    -------
    table : Bunch
        Columns by name, each an ndarray of shape (n_melodies,). A melody without notes
        has NaN and False. ``pandas.DataFrame(table)`` takes it as it is.

        ``last_pitch_class``
            0 to 11, 0 for C.
        ``last_place``
            Onset in steps from the start of the last measure, which the melody may end
            within; negative if the note begins before it.
        ``last_length``
            Length in steps.
        ``ends_on_beat``
            Whether the note begins on a beat, bool.

    Raises
    ------
    ValueError
        If the measures do not fill the row or the beats do not fill the measure.

    Examples
    --------
    >>> table = endings([[64, 62, 62, 129], [62, 64, 67, 62]], steps_per_measure=4,
    ...                 steps_per_beat=2)
    >>> table.last_place, table.last_length, table.ends_on_beat
    (array([2., 3.]), array([2., 1.]), array([ True, False]))
    """
    X = rows_of(X)
    measures_of(X, steps_per_measure)
    if steps_per_beat < 1 or steps_per_measure % steps_per_beat:
        raise ValueError(
            f"Expected measures of whole beats, got {steps_per_measure} steps per "
            f"measure at steps_per_beat={steps_per_beat}."
        )
    notes = notes_of(X)
    last = np.flatnonzero(np.diff(notes.melody, append=len(X)))
    owner, onset = notes.melody[last], notes.onset[last]
    last_measure = (n_measures_of(X, steps_per_measure) - 1) * steps_per_measure

    def column(values, empty=np.nan):
        filled = np.full(len(X), empty)
        filled[owner] = values
        return filled

    return Bunch(
        last_pitch_class=column(notes.pitch[last] % 12),
        last_place=column(onset - last_measure[owner]),
        last_length=column(notes.duration[last]),
        ends_on_beat=column(onset % steps_per_beat == 0, empty=False),
    )


def tonic_ending(X, tonic, *, steps_per_measure=16, steps_per_beat=4):
    """Whether the last note of each melody is the tonic and begins on a beat.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies of whole measures.
    tonic : str
        A tonic, such as "D" or "Bb", or a key, whose tonic is taken.
    steps_per_measure : int, default=16
        See `endings`.
    steps_per_beat : int, default=4
        See `endings`.

    Returns
    -------
    ends : ndarray of bool, shape (n_melodies,)
        Whether the last note is the tonic, in any octave, and begins on a beat. False
        where there is no note.

    Raises
    ------
    ValueError
        As `endings`, and if there is no such key, see `sklearn_c2c.melody.parse_key`.

    Notes
    -----
    Endings depend on the style, so compare the share with that of the corpus. Of the
    134 reels of `load_celtic` 73 % end on the tonic and a beat; 99 % end on a beat.

    Examples
    --------
    The second melody ends on E, the third off the beat:

    >>> X = [[62, 64, 62, 129], [62, 64, 64, 129], [62, 64, 67, 62]]
    >>> tonic_ending(X, "D", steps_per_measure=4, steps_per_beat=2)
    array([ True, False, False])
    """
    table = endings(
        X, steps_per_measure=steps_per_measure, steps_per_beat=steps_per_beat
    )
    pitch_class = parse_key(tonic).pitch_class
    return (table.last_pitch_class == pitch_class) & table.ends_on_beat
