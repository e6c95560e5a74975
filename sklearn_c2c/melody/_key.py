"""Keys: their parser, their signatures and their scales."""

import re
from typing import NamedTuple

LETTERS = "CDEFGAB"
NATURALS = dict(zip(LETTERS, (0, 2, 4, 5, 7, 9, 11), strict=True))
_SHARPENED = "FCGDAEB"  # in the order in which signatures sharpen them
_FIFTHS = {letter: i - 1 for i, letter in enumerate(_SHARPENED)}
_ACCIDENTALS = {"": 0, "#": 1, "b": -1}
# Fifths from the major signature of a tonic up to the signature of each mode.
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
_KEY = re.compile(r"([A-Ga-g])([#b♯♭]?)(?:\s*|-(?=[A-Za-z]{3}))([A-Za-z]*)[.,;]?")


class Key(NamedTuple):
    """A tonic, a mode, and their signature.

    Parameters
    ----------
    tonic : str
        A letter from A to G, with "#" or "b" where needed.
    mode : str
        "major", "minor" (the natural one) or the name of a church mode.
    signature : int
        Sharps, negative for flats, -7 to 7.

    See Also
    --------
    parse_key : Read a key from its name.

    Examples
    --------
    >>> from sklearn_c2c.melody import parse_key
    >>> key = parse_key("Ador")
    >>> str(key), key.signature, key.pitch_classes
    ('A dorian', 1, [7, 9, 11, 0, 2, 4, 6])
    """

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
    def pitch_classes(self):
        """Pitch classes of the scale, from the tonic of the major one on."""
        return [(7 * self.signature + step) % 12 for step in NATURALS.values()]

    @property
    def alterations(self):
        """Semitones by which the signature alters each letter, -1, 0 or 1."""
        return {
            letter: (self.signature > i) - (self.signature < i - 6)
            for i, letter in enumerate(_SHARPENED)
        }


def parse_key(text, mode=None):
    """Read a key such as ``D``, ``F#m``, ``Ador``, ``E minor``.

    Parameters
    ----------
    text : str or Key
        A tonic, followed by a mode if it is not major: the first three letters of its
        name, or more of it, or "m" for minor.
    mode : str, default=None
        Mode of a tonic alone, spelled as in `text`. None takes that of `text`.

    Returns
    -------
    Key

    Raises
    ------
    ValueError
        If the text is no key, there is no such mode or it contradicts that of the
        text, or the signature would need more than seven accidentals.

    Examples
    --------
    >>> from sklearn_c2c.melody import parse_key
    >>> parse_key("F#m")
    Key(tonic='F#', mode='minor', signature=3)
    >>> parse_key("Bb", mode="dorian") == parse_key("Bb dor")
    True
    """
    letter, accidental, name = _parts_of(text)
    if mode is not None:
        asked = _checked_mode(mode)
        if name and _usual_name(name) != _usual_name(asked):
            raise ValueError(
                f"Found the key {text!r} and the mode {mode!r}, which contradict each "
                f"other; name the tonic alone."
            )
        name = name or asked
    name = name or "major"
    signature = _signature(letter, accidental, name)
    if abs(signature) > 7:
        same = _of_few_accidentals(signature, name)
        raise ValueError(
            f"Found the key {text!r}, whose signature would need {abs(signature)} "
            f"accidentals; expected at most 7, as {same} has, which sounds the same."
        )
    return Key(letter + accidental, name, signature)


def parse_mode(text):
    """Read a mode such as ``minor``, ``dor`` or ``m``; the result is its full name.

    Raises
    ------
    ValueError
        If the text is no mode.
    """
    return _usual_name(_checked_mode(text))


def stated_mode(text):
    """Mode that a key such as ``Dm`` states, or None for a tonic alone, such as ``D``.

    Raises
    ------
    ValueError
        If the text is no key.
    """
    parse_key(text)
    *_, name = _parts_of(text)
    return name and _usual_name(name)


def spelled_key(tonic, mode):
    """Key of a tonic in a mode, spelled with at most seven accidentals.

    D sharp major would need nine sharps, and is E flat major.

    Parameters
    ----------
    tonic : str
        A tonic, or a key whose mode is ignored.
    mode : str

    Returns
    -------
    Key
    """
    letter, accidental, _ = _parts_of(tonic)
    name = _checked_mode(mode)
    return _of_few_accidentals(_signature(letter, accidental, name), name)


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
    return Key(_SHARPENED[place] + sign * abs(accidentals), mode, signature)


def scale_pitch_classes(tonic, mode=None):
    """Pitch classes of a scale.

    Parameters
    ----------
    tonic : str
        A tonic, such as "D", or a key, such as "F#m" (see `parse_key`).
    mode : str, default=None
        "major", "minor" (the natural one) or the name of a church mode. None takes that
        of the key, major if it states none.

    Returns
    -------
    list of int
        The seven classes, C being 0, in the order of the notes C to B of the major
        scale with the same notes.

    Raises
    ------
    ValueError
        If there is no such key or mode (see `parse_key`).

    Examples
    --------
    >>> sorted(scale_pitch_classes("D", mode="major"))
    [1, 2, 4, 6, 7, 9, 11]
    """
    return parse_key(tonic, mode=mode).pitch_classes


def _parts_of(text):
    """Letter, accidental, and full name of the mode of a key; None if it has none."""
    match = _KEY.fullmatch(str(text).strip())
    name = _mode_name(match[3]) if match else None
    if not match or (match[3] and name is None):
        raise ValueError(
            f"Found the key {text!r}; expected a tonic and, if it is not major, a "
            f"mode, such as 'D', 'F#m', 'Bb' or 'A dorian'."
        )
    return match[1].upper(), match[2].replace("♯", "#").replace("♭", "b"), name


def _signature(letter, accidental, mode):
    return _FIFTHS[letter] + 7 * _ACCIDENTALS[accidental] + _MODES[mode]


def _of_few_accidentals(signature, mode):
    """Key of a signature, or of the one within seven accidentals that sounds alike."""
    if abs(signature) > 7:
        signature += 12 if signature < 0 else -12
    return key_of_signature(signature, mode)


def _checked_mode(text):
    name = _mode_name(str(text).strip())
    if name is None:
        raise ValueError(
            f"Found the mode {text!r}; expected one of {', '.join(_MODES)}."
        )
    return name


def _usual_name(mode):
    return _OTHER_NAMES.get(mode, mode)


def _mode_name(text):
    """Full name of a mode, given its first three letters or ``m``, or None."""
    if text == "m":  # "M" is major to some and mixolydian to others
        return "minor"
    known = (name for name in _MODES if name[:3] == text.lower()[:3])
    return next(known, None) if len(text) >= 3 else None
