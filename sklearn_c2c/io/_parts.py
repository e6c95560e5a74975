"""Choice of one part among several, or of several voices."""

import re
from dataclasses import replace

import numpy as np

from sklearn_c2c.io._excerpt import sound_together, without_unisons
from sklearn_c2c.io._tune import (
    LENGTH,
    PITCH,
    START,
    TICKS_PER_QUARTER,
    TuneError,
)

# Words in the name of a part with the melody, the clearest first.
_MELODY_WORDS = (
    r"melod\w*|melodie|tune|cantus",
    r"vocals?|vox|voice|vocalist|singer|sing|gesang|stimme|voix|chant|canto",
    r"lead",
    r"sopran\w*|descant|treble",
    r"violins?|violine|fiddle|flute|fl[öo]te|whistle|recorder|oboe|clarinet|trumpet",
)
# Words in the name of any other part, whatever else the name says.
_OTHER_WORDS = (
    r"harmon(?:y|ies|ie)|counter\w*|back\w*|choir|chords?|accomp\w*|bass|drums?|perc\w*|"
    r"oohs?|aahs?|pad|alto|tenor"
)
# Largest share of notes that begin while another sounds, for a part that counts as one
# voice: melodies for fiddle have double stops.
_MOST_TOGETHER = 0.05
_LEGATO = TICKS_PER_QUARTER // 8


def choose_part(tune, part):
    """Pick the part of a tune that is read.

    Parameters
    ----------
    tune : Tune
    part : str, int or None
        An id, a name, a number from 0 (as digits, too, unless one has this name), or
        ``"melody"`` (see `_melody`, unless one has this name); None for the only one
        that has notes.

    Returns
    -------
    Part

    Raises
    ------
    TuneError
        If the tune has a fault, or no such part.
    """
    parts = _sounding(tune)
    ids = [candidate.id or candidate.name for candidate in parts]
    names = [candidate.name for candidate in parts]
    for known in (ids, names):
        if part in known:
            return parts[known.index(part)]
    if len(parts) == 1 and part in (None, "melody"):
        return parts[0]
    if part == "melody":
        return _melody(parts)
    if part is None:
        raise TuneError(
            f"has {len(parts)} parts, {_listed(parts)}; pass part= with a name, a "
            f"number from 0, or 'melody'",
            "parts",
            len(parts),
        )
    number = int(part) if isinstance(part, str) and part.isdecimal() else part
    if not isinstance(number, str) and -len(parts) <= number < len(parts):
        return parts[number]
    asked = repr(part) if isinstance(part, str) else f"{part!r} (from 0 on)"
    raise TuneError(f"has no part {asked}, only {_listed(parts)}", "parts")


def choose_voices(tune, voices):
    """Pick the parts of a tune that are its voices.

    Parameters
    ----------
    tune : Tune
    voices : int or sequence of str or int
        The number of parts that have notes, or of all; or for each voice what
        `choose_part` takes, or the name of a part that rests.

    Returns
    -------
    list of Part
        All with the measures of the longest one.

    Raises
    ------
    TuneError
        If the tune has a fault or no such parts, or their measures differ.
    """
    sounding = _sounding(tune)
    if isinstance(voices, (int, np.integer)):
        if len(tune.parts) == voices:
            return _in_one_metre(tune.parts)
        if len(sounding) != voices:
            raise TuneError(
                f"has {len(sounding)} parts with notes, {_listed(sounding)}, not "
                f"voices={voices}; pass voices= with their names or numbers",
                "parts",
                len(sounding),
            )
        return _in_one_metre(sounding)
    silent = {
        name: part
        for part in tune.parts
        if not len(part.notes)
        for name in (part.id, part.name)
    }
    parts = [silent.get(voice) or choose_part(tune, voice) for voice in voices]
    for i, part in enumerate(parts):
        if any(part is other for other in parts[:i]):
            raise TuneError(f"has one part {_called(part)} for two voices", "parts")
    return _in_one_metre(parts)


def _in_one_metre(parts):
    """Give all voices the measures of the longest one, if theirs are the same."""
    longest = max((part.measures for part in parts), key=len)
    times = [START, LENGTH]
    for part in parts:
        if not np.array_equal(
            part.measures[:, times], longest[: len(part.measures), times]
        ):
            raise TuneError(
                f"has other bar lines in its part {_called(part)} than in others",
                "measures",
            )
    return [replace(part, measures=longest) for part in parts]


def _sounding(tune):
    """Parts of a tune that have notes, if there are any."""
    if tune.fault:
        raise TuneError(tune.fault, tune.fault_kind)
    if not tune.sounding_parts:
        raise TuneError("has no notes", "empty")
    return tune.sounding_parts


def _listed(parts):
    return ", ".join(_called(part) for part in parts)


def _called(part):
    name = repr(part.name) if part.name else "one without a name"
    return f"{name} ({part.id!r})" if part.id not in ("", part.name) else name


def _melody(parts):
    """Pick the part that has the melody.

    It is the part whose name says so, else one with a single voice, if there are any.
    Of several it is the one with the highest mean pitch, the first of equal ones.
    """
    for word in _MELODY_WORDS:
        named = [part for part in parts if _is_named(part, word)]
        if named:
            break
    else:
        named = parts
    one_voice = [part for part in named if _has_one_voice(part)]
    return max(one_voice or named, key=lambda part: np.mean(part.notes[:, PITCH]))


def _is_named(part, words):
    text = f"{part.name}\n{part.id}"

    def found(pattern):
        return re.search(rf"(?<![^\W_])(?:{pattern})(?![^\W\d_])", text, re.I)

    return bool(found(words)) and not found(_OTHER_WORDS)


def _has_one_voice(part):
    notes = without_unisons(part.notes)
    together = sound_together(notes, _LEGATO)
    return np.count_nonzero(together) <= _MOST_TOGETHER * len(notes)
