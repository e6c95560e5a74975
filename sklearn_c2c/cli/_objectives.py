"""The objectives of `c2c optimize`, by name: ``NAME[=VALUE][@WEIGHT]``."""

import re
from functools import reduce
from operator import add
from typing import NamedTuple

from sklearn_c2c.cli._tunes import Tune, find_tune
from sklearn_c2c.cli._wording import CommandError


def _first_note(value, learned):
    from sklearn_c2c.melody import N_PITCHES, pitch_name
    from sklearn_c2c.objectives import FirstNote

    pitches = {pitch_name(pitch): pitch for pitch in range(N_PITCHES)}
    if value not in pitches:
        raise CommandError(
            f"Expected a pitch for first-note, such as first-note=C4, got {value!r}."
        )
    return FirstNote(pitches[value]), f"first note is {value}"


def _in_scale(value, learned):
    from sklearn_c2c.melody import parse_key
    from sklearn_c2c.objectives import InScale

    scale = value or learned.key
    if not scale:
        raise CommandError(
            "Expected a scale for in-scale, such as in-scale=D or 'in-scale=A minor': "
            "the corpus has no one key."
        )
    return InScale(scale), f"share of notes in {parse_key(scale)}"


def _contour(value, learned):
    from sklearn_c2c.objectives import Contour

    try:
        heights = [float(part) for part in (value or "").split(",")]
    except ValueError:
        raise CommandError(
            "Expected heights for contour, such as contour=0,1,0 for an arch, got "
            f"{value!r}."
        ) from None
    return Contour(heights), "likeness to the contour"


def _consonance(value, learned):
    from sklearn_c2c.objectives import Consonance

    if not value:
        raise CommandError("Expected a tune for consonance, such as consonance=1.")
    tune = find_tune(value, learned)
    return Consonance(tune.melody), f"consonance with {tune.title}", tune


def _form(value, learned):
    from sklearn_c2c.objectives import SelfSimilarity

    if not value:
        raise CommandError(
            "Expected letters or a tune for form, such as form=AABA or form=1."
        )
    if re.fullmatch("[A-Z]+", value):
        return SelfSimilarity(value), f"fit to the form {value}"
    tune = find_tune(value, learned)
    measure = learned.steps_per_measure
    objective = SelfSimilarity(tune.melody, steps_per_measure=measure)
    return objective, f"fit to the form of {tune.title}"


def _style(value, learned):
    from sklearn_c2c.objectives import StyleLikeness

    return StyleLikeness(learned.data), "log-likelihood a step"


def _counted(name, what):
    """Make an objective that takes no value."""

    def make(value, learned):
        from sklearn_c2c import objectives

        return getattr(objectives, name)(), what

    return make


_HOLDS = _counted("HoldCount", "holds")
_NOTES = _counted("NoteDensity", "notes a step")
_RANGE = _counted("PitchRange", "range in semitones")

# For each, the function that makes it, whether it is maximised (1) or minimised (-1),
# whether it takes a value, and its help.
_OBJECTIVES = {
    "first-note": (_first_note, 1, True, "the first note has this pitch: =C4"),
    "most-holds": (_HOLDS, 1, False, "notes as long as possible"),
    "fewest-holds": (_HOLDS, -1, False, "notes as short as possible"),
    "most-notes": (_NOTES, 1, False, "as many notes as possible"),
    "fewest-notes": (_NOTES, -1, False, "as few notes as possible"),
    "widest-range": (_RANGE, 1, False, "lowest and highest note far apart"),
    "narrowest-range": (_RANGE, -1, False, "lowest and highest note close"),
    "in-scale": (_in_scale, 1, True, "notes in the corpus's key, or in this: =G"),
    "contour": (_contour, 1, True, "pitch follows these heights: =0,1,0"),
    "consonance": (_consonance, 1, True, "sounds well with this tune: =1"),
    "form": (_form, 1, True, "parts return as in these letters or tune: =AABA"),
    "style": (_style, 1, False, "note follows note as in the corpus"),
}

OBJECTIVES_HELP = "\n".join(
    f"  {name:16} {help_}" for name, (*_, help_) in _OBJECTIVES.items()
)


class Term(NamedTuple):
    """An objective with its weight, what it measures, and the tune that it is about."""

    weight: float
    measure: object
    what: str
    tune: Tune | None


def parse_objectives(texts, learned):
    """Make objectives of those that the command line names.

    Returns
    -------
    list of Term
    """
    return [_parse(text, learned) for text in texts]


def join_objectives(terms):
    """Add up objectives by their weights, to be maximised."""
    return reduce(add, (term.weight * term.measure for term in terms))


def tune_to_sound_with(terms, texts):
    """Tune whose key the melodies take, or None for the key of the model.

    If another objective names a pitch or a key, that one takes precedence.
    """
    tunes = [term.tune for term in terms if term.tune]
    if any(text.startswith(("first-note=", "in-scale=")) for text in texts):
        return None
    return tunes[0] if tunes else None


def spell_out(texts):
    """Name objectives as a title does, without their weights."""
    names = (text.partition("@")[0] for text in texts)
    return " and ".join(name.replace("-", " ").replace("=", " ") for name in names)


def _parse(text, learned):
    """Term of one objective; its weight is negative if it is to be minimised."""
    stated, has_weight, weight = text.partition("@")
    name, has_value, value = stated.partition("=")
    if name not in _OBJECTIVES:
        raise CommandError(
            f"Found no objective {name!r}; expected one of {', '.join(_OBJECTIVES)}."
        )
    make, sign, takes_value, _ = _OBJECTIVES[name]
    if has_value and not takes_value:
        raise CommandError(f"{name} takes no value, got {value!r}.")
    measure, what, *tune = make(value, learned)
    factor = _weight(text, weight) if has_weight else 1.0
    return Term(sign * factor, measure, what, tune[0] if tune else None)


def _weight(text, weight):
    try:
        number = float(weight)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise CommandError(f"Expected a number above 0 after @, got {text!r}.")
    return number
