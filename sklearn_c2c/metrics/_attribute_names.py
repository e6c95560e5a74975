"""Attributes by name: a table of numbers to learn from, to steer by, to judge."""

from functools import partial

import numpy as np

from sklearn_c2c.metrics._attributes import (
    contour,
    mean_pitch,
    repeated_measure_share,
    repeated_note_share,
    rhythmic_complexity,
    stepwise_share,
    syncopation,
)
from sklearn_c2c.metrics._notes import rows_of
from sklearn_c2c.metrics._statistics import (
    hold_share,
    in_scale_share,
    mean_absolute_interval,
    note_density,
    pitch_range,
    rest_share,
)

# What each attribute is told beside the melodies.
_METRE = ("steps_per_measure", "steps_per_beat")
_ATTRIBUTES = {
    "note_density": (note_density, ()),
    "rhythmic_complexity": (rhythmic_complexity, _METRE),
    "sixteenth_syncopation": (syncopation, (*_METRE, "sixteenth")),
    "eighth_syncopation": (syncopation, (*_METRE, "eighth")),
    "hold_share": (hold_share, ()),
    "rest_share": (rest_share, ()),
    "mean_pitch": (mean_pitch, ()),
    "pitch_range": (pitch_range, ()),
    "contour": (contour, ()),
    "mean_absolute_interval": (mean_absolute_interval, ()),
    "stepwise_share": (stepwise_share, ()),
    "repeated_note_share": (repeated_note_share, ()),
    "repeated_measure_share": (repeated_measure_share, ("steps_per_measure",)),
    "in_scale_share": (in_scale_share, ("tonic", "mode")),
}
_PER_QUARTER = {"sixteenth": 4, "eighth": 2}


def attribute_names():
    """Names of all attributes, as `attributes` and `attribute_values` take them.

    Returns
    -------
    names : list of str

    Examples
    --------
    >>> attribute_names()[:2]
    ['note_density', 'rhythmic_complexity']
    """
    return list(_ATTRIBUTES)


def attributes(names, *, steps_per_measure=16, steps_per_beat=4, tonic=None, mode=None):
    """Look up attributes by name, as functions of melodies alone.

    Parameters
    ----------
    names : str or list of str
        Some of `attribute_names`; hyphens may stand for underscores.

        ================================ ==================== ==========================
        name                             unit                 undefined
        ================================ ==================== ==========================
        ``note_density``                 notes a step
        ``rhythmic_complexity``          share
        ``sixteenth_syncopation``        share of the notes   no note
        ``eighth_syncopation``           share of the notes   no note
        ``hold_share``, ``rest_share``   share of the steps
        ``mean_pitch``                   MIDI pitch           no note
        ``pitch_range``, ``contour``     semitones            no note
        ``mean_absolute_interval``       semitones            fewer than two notes
        ``stepwise_share``               share of the changes one pitch
        ``repeated_note_share``          share of intervals   fewer than two notes
        ``repeated_measure_share``       share of measures    one measure
        ``in_scale_share``               share of the notes   no note
        ================================ ==================== ==========================

    steps_per_measure : int, default=16
        Steps a measure, see `rhythmic_complexity`.
    steps_per_beat : int, default=4
        Steps a beat, see `rhythmic_complexity`. A beat of a multiple of three steps is
        that of 6/8, three eighths; any other is a quarter.
    tonic : str or None, default=None
        Of the scale for ``in_scale_share``, such as "D", or a key, such as "F#m".
    mode : str, default=None
        Of that scale, see `in_scale_share`.

    Returns
    -------
    functions : dict of str to callable
        By name, in the order of `names`: each takes melodies and returns an ndarray of
        shape (n_melodies,), NaN where the attribute is undefined. They can be pickled.

    Raises
    ------
    ValueError
        If there is no such attribute, ``in_scale_share`` is asked for without a tonic,
        or a step is too long for a sixteenth or eighth.

    See Also
    --------
    attribute_values : The values, as the `y` of an estimator.

    Examples
    --------
    >>> functions = attributes(["note-density", "eighth_syncopation"])
    >>> list(functions)
    ['note_density', 'eighth_syncopation']
    >>> functions["note_density"]([[62, 129, 64, 129]])
    array([0.5])
    """
    given = {
        "steps_per_measure": steps_per_measure,
        "steps_per_beat": steps_per_beat,
        "tonic": tonic,
        "mode": mode,
    }
    names = [names] if isinstance(names, str) else names
    return {name: _bound(name, given) for name in map(_known, names)}


def attribute_values(
    X,
    names,
    *,
    steps_per_measure=16,
    steps_per_beat=4,
    tonic=None,
    mode=None,
    allow_nan=False,
):
    """Measure attributes of melodies: a column each, the `y` of an estimator.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.
    names : str or list of str
        See `attributes`.
    steps_per_measure : int, default=16
        Steps a measure, see `rhythmic_complexity`.
    steps_per_beat : int, default=4
        Steps a beat, see `attributes`.
    tonic : str or None, default=None
        Of the scale for ``in_scale_share``, such as "D", or a key, such as "F#m".
    mode : str, default=None
        Of that scale, see `in_scale_share`.
    allow_nan : bool, default=False
        Whether values that are undefined come back as NaN. An estimator cannot learn
        from them, so that otherwise they are an error.

    Returns
    -------
    values : ndarray of float, shape (n_melodies, n_attributes)
        Each in its own unit.

    Raises
    ------
    ValueError
        As `attributes`, if measures do not fill the row, or if an attribute is
        undefined for a melody; the message names attribute and rows.

    Examples
    --------
    >>> X = [[62, 129, 64, 66], [62, 129, 129, 129]]
    >>> attribute_values(X, ["note_density", "mean_pitch"])
    array([[ 0.75, 64.  ],
           [ 0.25, 62.  ]])
    """
    X = rows_of(X)
    functions = attributes(
        names,
        steps_per_measure=steps_per_measure,
        steps_per_beat=steps_per_beat,
        tonic=tonic,
        mode=mode,
    )
    values = np.empty((len(X), len(functions)))
    for column, (name, function) in enumerate(functions.items()):
        values[:, column] = function(X)
        if not allow_nan:
            check_defined(name, values[:, column])
    return values


def check_defined(name, values):
    """Raise a ValueError if an attribute is undefined for a melody."""
    undefined = np.flatnonzero(np.isnan(values))
    if len(undefined):
        shown = ", ".join(map(str, undefined[:5])) + (
            ", ..." if undefined[5:].size else ""
        )
        raise ValueError(
            f"Found {len(undefined)} of {len(values)} melodies that have no {name}, in "
            f"row {shown}: too few notes or measures. Leave these rows out, or take "
            f"another attribute."
        )


def _known(name):
    known = name.replace("-", "_")
    if known not in _ATTRIBUTES:
        raise ValueError(
            f"Found the attribute {name!r}; expected one of {', '.join(_ATTRIBUTES)}."
        )
    return known


def _bound(name, given):
    """Function of melodies alone: the attribute with all else that it is told."""
    function, needed = _ATTRIBUTES[name]
    arguments = {key: given[key] for key in needed if key in given}
    if "tonic" in arguments and arguments["tonic"] is None:
        raise ValueError(f"{name} needs a tonic, such as tonic='D' or tonic='F#m'.")
    for note_value in _PER_QUARTER.keys() & needed:
        arguments["level"] = _note_steps(note_value, given["steps_per_beat"], name)
    bound = partial(function, **arguments)
    bound.__name__ = name  # by which a model finds the latent that it is
    return bound


def _note_steps(note_value, steps_per_beat, name):
    """Steps of a sixteenth or an eighth, by the length of a beat."""
    eighths_per_beat = 2 if steps_per_beat % 3 else 3
    steps, rest = divmod(
        2 * steps_per_beat, eighths_per_beat * _PER_QUARTER[note_value]
    )
    if rest or not steps:
        raise ValueError(
            f"{name} needs steps of a {note_value} or less, got "
            f"steps_per_beat={steps_per_beat}."
        )
    return steps
