"""Keys and spelling: which letters a key signature sharpens, how a pitch is written."""

import re
from typing import NamedTuple

import numpy as np

from sklearn_c2c.io._tune import DURATION, PITCH, ends_of

LETTERS = "CDEFGAB"
NATURALS = dict(zip(LETTERS, (0, 2, 4, 5, 7, 9, 11), strict=True))
_SHARPENED = "FCGDAEB"  # in the order in which signatures sharpen them
_FIFTHS = {letter: i - 1 for i, letter in enumerate(_SHARPENED)}
_ACCIDENTALS = {"": 0, "#": 1, "b": -1}
# How many fifths the signature of each mode lies above the major one of its tonic.
_MODES = {
    "major": 0,
    "ionian": 0,
    "mixolydian": -1,
    "dorian": -2,
    "minor": -3,
    "aeolian": -3,
    "phrygian": -4,
    "locrian": -5,
    "lydian": 1,
}
_OTHER_NAMES = {"ionian": "major", "aeolian": "minor"}
# How well each pitch class fits a key, from its tonic up (Krumhansl and Kessler 1982).
_FITS = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
# Scaled, so that the product with what is scaled so too is the correlation.
_PROFILES = {
    mode: (fits - np.mean(fits)) / (np.std(fits) * 12**0.5)
    for mode, fits in _FITS.items()
}
_WEIGHT_OF_ENDING = 0.2  # of correlation; measured on tunes whose mode is known
_KEY = re.compile(r"([A-Ga-g])([#b♯♭]?)(?:\s*|-(?=[A-Za-z]{3}))([A-Za-z]*)[.,;]?")


class Key(NamedTuple):
    """A tonic and a mode; `signature` counts sharps, negative for flats."""

    tonic: str
    mode: str
    signature: int

    def __str__(self):
        return f"{self.tonic} {self.mode}"

    @property
    def pitch_class(self):
        """Pitch class of the tonic, 0-11."""
        return (NATURALS[self.tonic[0]] + _ACCIDENTALS[self.tonic[1:]]) % 12

    @property
    def alterations(self):
        """Semitones by which the signature alters each letter, -1, 0 or 1."""
        return {
            letter: (self.signature > i) - (self.signature < i - 6)
            for i, letter in enumerate(_SHARPENED)
        }


def parse_key(text):
    """Read a key such as ``D``, ``F#m``, ``Ador``, ``E minor``.

    Raises
    ------
    ValueError
        If the text is no key.
    """
    match = _KEY.fullmatch(str(text).strip())
    mode = _mode(match[3]) if match else None
    if mode is None:
        raise ValueError(
            f"Found the key {text!r}; expected a tonic and, if it is not major, a "
            f"mode, such as 'D', 'F#m', 'Bb' or 'A dorian'."
        )
    letter = match[1].upper()
    accidental = match[2].replace("♯", "#").replace("♭", "b")
    signature = _FIFTHS[letter] + 7 * _ACCIDENTALS[accidental] + _MODES[mode]
    if abs(signature) > 7:
        raise ValueError(
            f"Found the key {text!r}, whose signature would need {abs(signature)} "
            f"accidentals; expected at most 7."
        )
    return Key(letter + accidental, mode, signature)


def parse_mode(text):
    """Read a mode such as ``minor``, ``dor`` or ``m``; its name is the usual one.

    Raises
    ------
    ValueError
        If the text is no mode.
    """
    mode = _mode(str(text).strip()) if text else None
    if mode is None:
        raise ValueError(
            f"Found the mode {text!r}; expected one of {', '.join(_MODES)}."
        )
    return _OTHER_NAMES.get(mode, mode)


def stated_mode(text):
    """Mode that a key such as ``Dm`` states, or None for a tonic alone, such as ``D``.

    Raises
    ------
    ValueError
        If the text is no key.
    """
    parse_key(text)
    mode = _KEY.fullmatch(str(text).strip())[3]
    return parse_mode(mode) if mode else None


def _mode(text):
    """Complete the name of a mode from its first three letters or ``m``."""
    if text in ("", "m"):  # "M" is major to some and mixolydian to others
        return "minor" if text else "major"
    known = (name for name in _MODES if name[:3] == text.lower()[:3])
    return next(known, None) if len(text) >= 3 else None


def spell(pitch, key):
    """Letter, alteration (semitones) and octave (4 from middle C) of a MIDI pitch.

    A pitch of the key's scale takes the signature's spelling; any other one the
    natural letter if there is one, else a sharp, or a flat in a key with flats.
    """
    sign = -1 if key.signature < 0 else 1
    candidates = list(key.alterations.items())
    candidates += [(letter, 0) for letter in LETTERS]
    candidates += [(letter, sign) for letter in LETTERS]
    letter, alteration = next(
        (letter, alteration)
        for letter, alteration in candidates
        if (NATURALS[letter] + alteration - pitch) % 12 == 0
    )
    octave = (pitch - alteration - NATURALS[letter]) // 12 - 1
    return letter, alteration, octave


def key_of_signature(signature, mode):
    """Key of a mode that has this many sharps (negative: flats), or None.

    Parameters
    ----------
    signature : int
    mode : str
        The full name of a mode.
    """
    if mode not in _MODES or abs(signature) > 7:
        return None
    accidentals, place = divmod(signature - _MODES[mode] + 1, 7)
    sign = "#" if accidentals > 0 else "b"
    return parse_key(_SHARPENED[place] + sign * abs(accidentals) + " " + mode)


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

    So they do if F sharp sounds for more than a twelfth of the time and F never does,
    or B flat so and B never.

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
