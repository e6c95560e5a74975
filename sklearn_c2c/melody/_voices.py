"""Rows of several voices: the melodies of the voices one after the other."""

import numpy as np

from sklearn_c2c.melody._rows import END, HOLD, check_melodies, raise_where


def split_voices(X, n_voices):
    """Divide rows of several voices into the melodies of the voices.

    Parameters
    ----------
    X : array-like of shape (..., n_voices * n_steps)
        Rows, each the melodies of its voices one after the other.
    n_voices : int
        Number of voices, 1 or more.

    Returns
    -------
    ndarray of shape (..., n_voices, n_steps)
        A view where that is possible. ``voices.reshape(len(X), -1)`` joins the voices
        of a matrix again.

    Raises
    ------
    ValueError
        If there is no axis, or its length is not a multiple of `n_voices`.

    Examples
    --------
    >>> voices = split_voices([[74, 129, 62, 64], [76, 76, 60, 129]], 2)
    >>> voices[:, 1].tolist()
    [[62, 64], [60, 129]]
    """
    X = np.asarray(X)
    if n_voices < 1 or X.ndim == 0 or X.shape[-1] % n_voices:
        raise ValueError(
            f"Expected rows of n_voices={n_voices} melodies of the same length, got "
            f"shape {X.shape}; the number of columns must be a multiple of n_voices."
        )
    return X.reshape(*X.shape[:-1], n_voices, X.shape[-1] // n_voices)


def check_voices(X, n_voices):
    """Check that rows are the melodies of several voices; return them as ``int16``.

    Parameters
    ----------
    X : array-like of shape (n_rows, n_voices * n_steps) or (n_voices * n_steps,)
        Each voice is a legal melody of its own (see `check_melodies`): its first step
        holds no note of the voice before it in the row. Rows of more than one voice are
        not filled up with `END`.
    n_voices : int
        Number of voices, 1 or more.

    Returns
    -------
    ndarray of int16, same shape as `X`

    Raises
    ------
    ValueError
        If the voices are not of the same length, or not legal melodies.

    Examples
    --------
    >>> check_voices([[74, 129, 62, 64]], 2)
    array([[ 74, 129,  62,  64]], dtype=int16)
    """
    if n_voices == 1:
        return check_melodies(X)
    shape = np.shape(X)
    if len(shape) in (1, 2):
        split_voices(X, n_voices)
        raise_where(
            np.asarray(X),
            np.asarray(X) == END,
            "an END in a row of several voices, which are all as long as the row has "
            "room for; fill the voices up with rests",
        )
    melodies = check_melodies(X)
    begins = np.zeros(melodies.shape, dtype=bool)
    split_voices(begins, n_voices)[..., 0] = True
    raise_where(
        melodies,
        begins & (melodies == HOLD),
        f"a HOLD at the first step of one of {n_voices} voices; a voice holds no note "
        "of the voice before it",
    )
    return melodies
