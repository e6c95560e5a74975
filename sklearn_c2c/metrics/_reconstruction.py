"""Accuracies of reconstructed melodies."""

import numpy as np
from sklearn.utils import Bunch, check_array

from sklearn_c2c.melody import END, N_PITCHES, melody_lengths, sounding_pitches
from sklearn_c2c.metrics._notes import n_steps_of_either, ratio, rows_of


def binary_accuracy(roll, probabilities, *, group_size=None):
    """Share of the outputs of a piano roll that are on the correct side of 0.5.

    ``mean((probabilities > 0.5) == roll)`` over all outputs, Keras' accuracy for binary
    cross-entropy and most likely that of the paper. With 31 tokens per step, outputs
    that are all 0 have an accuracy of 30/31, so read `step_accuracy` beside it.

    Parameters
    ----------
    roll : array-like of shape (n_melodies, n_outputs)
        Piano rolls, zeros and ones, as from `PianoRollEncoder.transform`.
    probabilities : array-like of shape (n_melodies, n_outputs)
        Outputs of the decoder. 0.5 counts as zero.
    group_size : int, default=None
        Outputs of a step, the encoder's ``n_tokens_``. Steps at which the piano roll is
        0 throughout are after the end of a melody, and do not count. With None all
        outputs count.

    Returns
    -------
    accuracy : float
        In [0, 1]; 1 if every output is on the correct side.

    Raises
    ------
    ValueError
        If the shapes differ, there is no melody, a value is not finite, `roll` has
        other values than 0 and 1, or the outputs are not whole groups.

    References
    ----------
    J.-P. Briot, "Compress to Create", section III.vi and figure 10.

    Examples
    --------
    >>> binary_accuracy([[0, 1, 0, 1]], [[0.1, 0.9, 0.5, 0.4]])
    0.75
    """
    roll, probabilities = check_array(roll), check_array(probabilities)
    if roll.shape != probabilities.shape:
        raise ValueError(
            f"Expected a piano roll and probabilities of one shape, got {roll.shape} "
            f"and {probabilities.shape}."
        )
    if not np.isin(roll, (0, 1)).all():
        raise ValueError(
            f"Expected zeros and ones in roll, got values from {roll.min()} to "
            f"{roll.max()}; give the probabilities as the second argument."
        )
    right = (probabilities > 0.5) == roll
    if group_size is None:
        return float(right.mean())
    if group_size < 1 or roll.shape[1] % group_size:
        raise ValueError(
            f"Found {roll.shape[1]} outputs, which group_size={group_size} does not "
            f"divide; expected the outputs of a step."
        )
    steps = roll.reshape(len(roll), -1, group_size)
    return float(right.reshape(steps.shape)[steps.any(axis=2)].mean())


def step_accuracy(X, X_reconstructed):
    """Share of steps with the same token.

    Steps that only one of two melodies has are wrong; those after the end of both do
    not count.

    Parameters
    ----------
    X, X_reconstructed : array-like of int, shape (n_melodies, n_steps)
        Melodies, row by row.

    Returns
    -------
    accuracy : float
        In [0, 1]; 1 if no step differs.

    Raises
    ------
    ValueError
        If the shapes differ or there is no melody.

    Examples
    --------
    >>> step_accuracy([[62, 129, 64, 66]], [[62, 129, 64, 67]])
    0.75
    """
    X, other = _row_by_row(X, X_reconstructed)
    same = (X == other) & (X != END)
    return float(same.sum() / n_steps_of_either(X, other).sum())


def melody_accuracy(X, X_reconstructed):
    """Share of melodies with the same token at every step, and the same length.

    Parameters
    ----------
    X, X_reconstructed : array-like of int, shape (n_melodies, n_steps)
        Melodies, row by row.

    Returns
    -------
    accuracy : float
        In [0, 1]; 1 if no step of any melody differs.

    Raises
    ------
    ValueError
        If the shapes differ or there is no melody.

    Examples
    --------
    >>> melody_accuracy([[62, 129], [64, 66]], [[62, 129], [64, 67]])
    0.5
    """
    X, other = _row_by_row(X, X_reconstructed)
    return float((X == other).all(axis=1).mean())


def length_error(X, X_reconstructed):
    """Compare the lengths of reconstructed melodies with those of the melodies.

    Parameters
    ----------
    X, X_reconstructed : array-like of int, shape (n_melodies, n_steps)
        Melodies, row by row.

    Returns
    -------
    error : Bunch
        ``right_share``
            Share of the melodies whose length is right, float in [0, 1].
        ``mean_absolute_error``
            Mean of the absolute differences of the lengths, in steps.

    Raises
    ------
    ValueError
        If the shapes differ or there is no melody.

    See Also
    --------
    sklearn_c2c.melody.melody_lengths : The lengths.

    Examples
    --------
    The second melody is two steps too short:

    >>> X = [[62, 129, 64, 66], [62, 129, 129, 130]]
    >>> length_error(X, [[62, 129, 64, 67], [62, 130, 130, 130]])
    {'right_share': 0.5, 'mean_absolute_error': 1.0}
    """
    X, other = _row_by_row(X, X_reconstructed)
    error = np.abs(melody_lengths(X) - melody_lengths(other))
    return Bunch(
        right_share=float((error == 0).mean()), mean_absolute_error=float(error.mean())
    )


def onset_f1(X, X_reconstructed):
    """F1 score of the onsets, without regard to pitch.

    ``2 · both / (onsets in X + onsets in X_reconstructed)``, over all melodies at once:
    the harmonic mean of recall and precision.

    Parameters
    ----------
    X, X_reconstructed : array-like of int, shape (n_melodies, n_steps)
        Melodies, row by row.

    Returns
    -------
    f1 : float
        In [0, 1]; 1 if the onsets are the same. NaN if there are none in either.

    Raises
    ------
    ValueError
        If the shapes differ or there is no melody.

    Examples
    --------
    One of two onsets is found, and one is wrong:

    >>> onset_f1([[62, 129, 64, 129]], [[60, 129, 129, 64]])
    0.5
    """
    onset, other = (row < N_PITCHES for row in _row_by_row(X, X_reconstructed))
    return float(ratio(2 * (onset & other).sum(), onset.sum() + other.sum()))


def onset_pitch_accuracy(X, X_reconstructed):
    """Share of the onsets at which the same pitch sounds in the reconstruction.

    The pitch may begin there or be held from an earlier step; see `onset_f1` for
    onsets.

    Parameters
    ----------
    X, X_reconstructed : array-like of int, shape (n_melodies, n_steps)
        Melodies, row by row. The onsets are those of `X`, over all melodies at once.

    Returns
    -------
    accuracy : float
        In [0, 1]. NaN if `X` has no onset.

    Raises
    ------
    ValueError
        If the shapes differ or there is no melody.

    Examples
    --------
    >>> onset_pitch_accuracy([[62, 129, 62, 64]], [[62, 129, 129, 65]])
    0.6666666666666666
    """
    X, other = _row_by_row(X, X_reconstructed)
    onset = X < N_PITCHES
    return float(ratio((onset & (sounding_pitches(other) == X)).sum(), onset.sum()))


def _row_by_row(X, X_reconstructed):
    X, other = rows_of(X), rows_of(X_reconstructed)
    if X.shape != other.shape or not len(X):
        raise ValueError(
            f"Expected melodies of one shape, at least one of them, got {X.shape} and "
            f"{other.shape}."
        )
    return X, other
