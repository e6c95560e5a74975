"""Keys of tunes that their pitches suggest."""

import numpy as np

from sklearn_c2c.io._tune import DURATION, PITCH, ends_of
from sklearn_c2c.melody import key_of_signature

# How well each pitch class fits a key, from its tonic up (Krumhansl and Kessler 1982).
_FITS = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
# Standardised: the product with a distribution standardised alike is the correlation.
_PROFILES = {
    mode: (fits - np.mean(fits)) / (np.std(fits) * 12**0.5)
    for mode, fits in _FITS.items()
}
_WEIGHT_OF_ENDING = 0.2  # of correlation; measured on tunes whose mode is known


def key_by_pitches(signature, lasting, last):
    """Key of a signature, major or relative minor, that its pitches suggest.

    The correlation of how long each pitch class sounds with the profile of Krumhansl
    and Kessler decides; a tonic that ends the tune adds 0.2 to its own.

    Parameters
    ----------
    signature : int
        Sharps, negative for flats, -7 to 7.
    lasting : array-like of float, shape (12,)
        How long each pitch class sounds, in any unit.
    last : int
        The pitch that ends the tune.

    Returns
    -------
    Key

    Examples
    --------
    >>> lasting = [2, 0, 0, 0, 1, 0, 0, 0, 1, 3, 0, 1]
    >>> str(key_by_pitches(0, lasting, 69))
    'A minor'
    """
    keys = [key_of_signature(signature, mode) for mode in _PROFILES]
    lasting = np.asarray(lasting, dtype=np.float64) - np.mean(lasting)
    norm = np.linalg.norm(lasting)
    if not norm:
        return keys[0]
    from_c = np.concatenate([lasting, lasting]) / norm
    fits = [
        from_c[key.pitch_class : key.pitch_class + 12] @ _PROFILES[key.mode]
        + _WEIGHT_OF_ENDING * (key.pitch_class == last % 12)
        for key in keys
    ]
    return keys[int(np.argmax(fits))]


def key_by_notes(signature, parts):
    """Key of a signature, major or relative minor, that the notes of a tune suggest.

    Parameters
    ----------
    signature : int
        Sharps, negative for flats, -7 to 7.
    parts : iterable of Part
        All parts count; of the notes that end last, the lowest one ends the tune.

    Returns
    -------
    Key
        The major one if there are no notes.
    """
    notes = np.concatenate([part.notes for part in parts])
    if not len(notes):
        return key_of_signature(signature, "major")
    ends = ends_of(notes)
    last = notes[ends == ends.max(), PITCH].min()
    return key_by_pitches(signature, _lasting(notes), last)


def lacks_signature(parts):
    """Whether the notes of a tune show that it has another signature than C major's.

    They do if F sharp sounds for more than a twelfth of the time and F never does, or
    likewise B flat and B.

    Parameters
    ----------
    parts : iterable of Part

    Returns
    -------
    bool
    """
    lasting = _lasting(np.concatenate([part.notes for part in parts]))
    altered, natural = lasting[[6, 10]], lasting[[5, 11]]
    return bool(np.any((12 * altered > lasting.sum()) & (natural == 0)))


def _lasting(notes):
    """Ticks for which each pitch class sounds, shape (12,)."""
    return np.bincount(notes[:, PITCH] % 12, notes[:, DURATION], 12)
