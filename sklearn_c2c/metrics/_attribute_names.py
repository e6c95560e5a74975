"""Attributes by name, as functions and as a table of values."""

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

# Function of each attribute, and the options it needs.
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
    """Names of the attributes that `attributes` and `attribute_values` accept.

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
        ``note_density``                 notes per step
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
        Steps per measure, see `rhythmic_complexity`.
    steps_per_beat : int, default=4
        Steps per beat, see `rhythmic_complexity`. If it is a multiple of three, the
        beat is a dotted quarter, as in 6/8; otherwise it is a quarter.
    tonic : str or None, default=None
        Tonic of the scale for ``in_scale_share``, such as "D", or a key, such as "F#m".
    mode : str, default=None
        Mode of that scale, see `in_scale_share`.

    Returns
    -------
    functions : dict of str to callable
        By name, in the order of `names`: each takes melodies and returns an ndarray of
        shape (n_melodies,), NaN where the attribute is undefined. They can be pickled.

    Raises
    ------
    ValueError
        If there is no such attribute, ``in_scale_share`` is given without a tonic, or a
        step is longer than the sixteenth or eighth of an attribute.

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
    """Measure attributes of melodies as a table, such as the `y` of an estimator.

    Parameters
    ----------
    X : array-like of int, shape (n_melodies, n_steps)
        Melodies.
    names : str or list of str
        See `attributes`.
    steps_per_measure : int, default=16
        Steps per measure, see `rhythmic_complexity`.
    steps_per_beat : int, default=4
        Steps per beat, see `attributes`.
    tonic : str or None, default=None
        Tonic of the scale for ``in_scale_share``, such as "D", or a key, such as "F#m".
    mode : str, default=None
        Mode of that scale, see `in_scale_share`.
    allow_nan : bool, default=False
        Whether undefined values are returned as NaN. Otherwise they raise an error,
        since an estimator cannot learn from them.

    Returns
    -------
    values : ndarray of float, shape (n_melodies, n_attributes)
        A column for each attribute, in its own unit.

    Raises
    ------
    ValueError
        As `attributes`; if the measures do not fill the row; if an attribute is
        undefined for a melody, which the message names by its row.

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
    """Bind an attribute to its options, so that it is a function of melodies alone."""
    function, needed = _ATTRIBUTES[name]
    arguments = {key: given[key] for key in needed if key in given}
    if "tonic" in arguments and arguments["tonic"] is None:
        raise ValueError(f"{name} needs a tonic, such as tonic='D' or tonic='F#m'.")
    for note_value in _PER_QUARTER.keys() & needed:
        arguments["level"] = _note_steps(note_value, given["steps_per_beat"], name)
    bound = partial(function, **arguments)
    bound.__name__ = name  # set_attribute finds the latent variable by this name
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
