"""Values of the fields of an ABC tune: metre, unit note length, tempo, key, voice."""

import re
from functools import lru_cache

from sklearn_c2c.io._abc_text import plain_text
from sklearn_c2c.io._tune import (
    TICKS_PER_QUARTER,
    TICKS_PER_WHOLE,
    TuneError,
    exact,
)
from sklearn_c2c.melody import LETTERS, key_of_signature, parse_key, parse_metre

ALTERATIONS = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}
_ACCIDENTAL = re.compile(r"(\^\^?|__?|=)([A-Ga-g])[ ,]*")
_NO_METRE = re.compile(r"|none|free|frei ?[\d/]*", re.I)
_MODES = ("major", "mixolydian", "dorian", "minor", "phrygian", "locrian", "lydian")

# Settings of a voice in K: and V: fields that do not change its key.
_OPTION = re.compile(
    r"(?<!\S)(clef|middle|m|octave|transpose|t|score|sound|shift|instrument|stafflines"
    r"|staffscale|scale|style|name|nm|subname|sname|snm|stems?|gstem|space|dyn|lyrics"
    r'|gchord|merge|bracket|brace|cue|map|strings|capo)\s?=\s?("[^"]*"|\S*)',
    re.I,
)
_CLEF = re.compile(
    r"(?:treble|bass|alto|tenor|soprano|mezzo(?:soprano)?|baritone|perc\w*|auto)"
    r"\d?([_^+-](?:8|15))?",
    re.I,
)
TRANSPOSING = ("transpose", "MIDI transpose")  # both move the key, and add up
_DIRECTIVE_VALUES = {
    "propagate-accidentals": r"not|octave|pitch",
    "midi transpose": r"[+-]?\d{1,2}",
}
_CLEF_OCTAVES = {"+8": 12, "-8": -12, "+15": 24, "-15": -24}  # ^8, _8: as written
_NUMBER = re.compile(r"[+-]?\d{1,2}")


def read_metre(value):
    """Beats and beat type of an ``M:`` field, 0 and 0 if it states none."""
    value = value.split("=")[0].strip().replace(" |", "|")
    if _NO_METRE.fullmatch(value):
        return 0, 0
    return parse_metre(value.upper())


def default_unit(metre):
    """Ticks of the unit note length where no ``L:`` states one."""
    beats, beat_type = metre
    return TICKS_PER_WHOLE // (16 if beats and beats / beat_type < 0.75 else 8)


def read_unit(value):
    """Ticks of an ``L:`` field, such as ``1/8``."""
    match = re.fullmatch(r"1(?:/(\d{1,3}))?", value.split("=")[0].replace(" ", ""))
    if not match or int(match[1] or 1) == 0:
        raise TuneError(f"L:{value} is no unit note length, such as L:1/8")
    return exact(TICKS_PER_WHOLE, int(match[1] or 1))


def read_tempo(value, unit):
    """Quarter notes per minute, from ``1/4=120``, or nothing if it is only words."""
    value = re.sub(r'"[^"]*"', "", value).strip()
    match = re.fullmatch(r"(?:(.*)=)? ?(\d{1,5}(?:\.\d{1,9})?)", value)
    if not match or float(match[2]) == 0:
        return None
    beats = re.findall(r"(\d{1,3})/(\d{1,3})", match[1] or "")
    if len(beats) > 4 or any(int(lower) == 0 for _, lower in beats):
        return None
    beat = sum(exact(int(n) * TICKS_PER_WHOLE, int(d)) for n, d in beats)
    quarters = float(beat or unit or TICKS_PER_QUARTER) / TICKS_PER_QUARTER
    return float(match[2]) * quarters


def read_key(value):
    """Read a ``K:`` field.

    Parameters
    ----------
    value : str
        Without runs of spaces.

    Returns
    -------
    alterations : dict of str to int, or None
        Semitones by letter; None where the field says nothing of the key, only of the
        clef or the like.
    name : str
        ``""`` where it names no tonic.
    """
    words = _OPTION.sub("", value).split()
    words = [word for word in words if not _CLEF.fullmatch(word)]
    # After a tonic "none" is the name of a clef (ABC 2.1, 4.6).
    stated = " ".join(words[:1] + [word for word in words[1:] if word != "none"])
    if value and not stated:
        return None, ""
    split = re.search(r"[_^=]|$", stated).start()
    changes = _ACCIDENTAL.findall(stated[split:])
    if _ACCIDENTAL.sub("", stated[split:]):
        parse_key(stated)  # raises an error that quotes the key
    tonic = stated[:split].strip()
    only_these = re.search(r"\s?exp$", tonic, re.I)
    tonic = tonic[: only_these.start()] if only_these else tonic
    key, alterations = _key_of(tonic)
    if only_these:
        alterations = dict.fromkeys(LETTERS, 0)
    for sign, letter in changes:
        alterations[letter.upper()] = ALTERATIONS[sign]
    if key and (changes or only_these):
        key = _nearest_mode(key, alterations)
    return alterations, str(key or "")


def _key_of(text):
    if text in ("HP", "Hp"):  # Highland pipes: no signature, or that of D
        return None, parse_key("C" if text == "HP" else "D").alterations
    if text.lower() in ("", "none"):
        return None, dict.fromkeys(LETTERS, 0)
    key = parse_key(text)
    return key, key.alterations


def _nearest_mode(key, alterations):
    """Key of the same tonic with the closest signature; of equals the one stated."""

    def distance(found):
        stated = found.alterations
        return sum(stated[letter] != alterations[letter] for letter in LETTERS)

    return min([key, *_keys_on(key.tonic)], key=distance)


@lru_cache
def _keys_on(tonic):
    """Keys of a tonic in all modes whose signature can be written."""
    keys = [key_of_signature(n, mode) for mode in _MODES for n in range(-7, 8)]
    return [key for key in keys if key and key.tonic == tonic]


def read_pitch_options(letter, value):
    """Read what a ``K:`` or ``V:`` field says of how written notes sound.

    Parameters
    ----------
    letter : {"K", "V"}
    value : str

    Returns
    -------
    dict
        The settings of a voice that the field states: ``"shifts"``, semitones by
        ``"clef"``, ``"octave"`` and ``"transpose"``, and ``"percussion"``, whether the
        clef is that of percussion.
    """
    clefs = [word for word in _OPTION.sub("", value).split() if _CLEF.fullmatch(word)]
    shifts = {}
    for name, text in _OPTION.findall(value):
        name, text = name.lower(), text.strip('"')
        if name == "clef":
            clefs.append(text)
        elif name == "octave":
            shifts["octave"] = 12 * _number(letter, name, text)
        elif name in ("transpose", "t"):
            shifts["transpose"] = _number(letter, name, text)
        elif name in ("score", "sound", "shift", "instrument"):
            raise TuneError(
                f"{letter}:{value} moves the written pitch by {name}=, which is not "
                f"read; expected transpose= with a number of semitones"
            )
    if not clefs:
        return {"shifts": shifts}
    octave = re.search(r"[+-](?:8|15)$|$", clefs[-1])[0]
    shifts["clef"] = _CLEF_OCTAVES.get(octave, 0)
    is_percussion = clefs[-1].lower().startswith("perc")
    return {"shifts": shifts, "percussion": is_percussion}


def read_directive(text):
    """Read a directive that changes pitches, such as ``MIDI transpose -2``.

    Parameters
    ----------
    text : str
        The text after ``%%`` or ``I:``.

    Returns
    -------
    dict
        The setting of a voice that it changes: ``"propagate"``, or ``"shifts"``.

    Raises
    ------
    TuneError
        If its value or its kind is not supported.
    """
    *words, value = text.replace("=", " ").split()
    name = " ".join(words).lower()
    expected = _DIRECTIVE_VALUES.get(name)
    if not expected or not re.fullmatch(expected, value, re.I):
        raise TuneError(
            f"has the directive {text.strip()!r}; expected 'propagate-accidentals' "
            f"with not, octave or pitch, or 'MIDI transpose' with semitones"
        )
    if name == "midi transpose":
        return {"shifts": {"MIDI transpose": int(value)}}
    return {"propagate": value.lower()}


def read_name(value):
    """Name that a ``V:`` field gives a voice, ``""`` if it gives none."""
    options = ((name.lower(), text) for name, text in _OPTION.findall(value))
    names = (text.strip('"') for name, text in options if name in ("name", "nm"))
    # Within a name, \n begins a new line.
    return plain_text(next(names, "").replace("\\n", " "))


def _number(letter, name, text):
    if not _NUMBER.fullmatch(text):
        raise TuneError(
            f"has {letter}: with {name}={text}; expected a whole number, such as -1"
        )
    return int(text)


def transposed_key(name, semitones):
    """Name of the key that sounds where one is written and transposed."""
    if not name or semitones % 12 == 0:
        return name
    written = parse_key(name)
    sounds = (written.pitch_class + semitones) % 12
    keys = (key_of_signature(n, written.mode) for n in sorted(range(-7, 8), key=abs))
    return str(next(key for key in keys if key and key.pitch_class == sounds))
