"""Checks of the fitted attributes of estimators that are read from files.

Kernels check nothing, so models from files are checked before they are used. The method
`_fitted_form` of our estimators returns the forms of its attributes: a dict by name of
the classes below, or of lists and dicts of them.
"""

import reprlib
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np

FLOATS = np.dtype(np.float32), np.dtype(np.float64)
INTEGERS = np.dtype(np.int16), np.dtype(np.int32), np.dtype(np.int64)
_LARGEST = np.finfo(np.float64).max

# Most updates of an optimizer in a file that is accepted: it keeps a rate for each.
_MOST_UPDATES = 10**8

# Numbers in the state of the generator MT19937.
_GENERATOR_KEY = 624


@dataclass(frozen=True)
class Array:
    """An array of a given shape, of one of several dtypes, with values in a range.

    Parameters
    ----------
    shape : tuple of int
    dtypes : tuple of dtype
    low, high : float
        Smallest and largest value.
    any_order : bool
        Whether other memory layouts than C order are accepted.
    ascends : bool
        Whether the values must be strictly ascending.
    """

    shape: tuple
    dtypes: tuple = FLOATS
    low: float = -_LARGEST
    high: float = _LARGEST
    any_order: bool = False
    ascends: bool = False

    def accepts(self, value):
        """Whether a value is such an array. NaN is outside every range."""
        return (
            type(value) is np.ndarray
            and value.shape == self.shape
            and value.dtype in self.dtypes
            and (self.any_order or value.flags.c_contiguous)
            and (
                not value.size
                or bool(self.low <= value.min() and value.max() <= self.high)
            )
            and not (self.ascends and (value[1:] <= value[:-1]).any())
        )

    def __str__(self):
        types = " or ".join(map(str, self.dtypes))
        order = "" if self.any_order else " in C order"
        ascends = ", ascending" if self.ascends else ""
        return (
            f"an array of shape {self.shape}{order}, {types}, {_range(self)}{ascends}"
        )


@dataclass(frozen=True)
class Shares:
    """A float64 matrix whose rows sum to 1."""

    shape: tuple

    def accepts(self, value):
        """Whether a value is such a matrix."""
        form = Array(self.shape, FLOATS[1:], 0, 1)
        return form.accepts(value) and bool(np.allclose(value.sum(axis=1), 1))

    def __str__(self):
        return f"a float64 array of shape {self.shape}, from 0 to 1, rows that sum to 1"


@dataclass(frozen=True)
class Whole:
    """An integer in a range."""

    low: int
    high: int = 2**53

    def accepts(self, value):
        """Whether a value is such an integer."""
        is_whole = isinstance(value, Integral) and not isinstance(value, bool)
        return is_whole and self.low <= value <= self.high

    def __str__(self):
        return f"an integer from {self.low} to {self.high}"


@dataclass(frozen=True)
class Divisor:
    """An integer that divides another one."""

    of: int

    def accepts(self, value):
        """Whether a value is such an integer."""
        return Whole(1, self.of).accepts(value) and self.of % value == 0

    def __str__(self):
        return f"a divisor of {self.of}"


@dataclass(frozen=True)
class Ascending:
    """A tuple of `length` integers in a range, in ascending order, ties allowed."""

    length: int
    low: int
    high: int

    def accepts(self, value):
        """Whether a value is such a tuple."""
        return (
            type(value) is tuple
            and len(value) == self.length
            and all(map(Whole(self.low, self.high).accepts, value))
            and list(value) == sorted(value)
        )

    def __str__(self):
        return (
            f"a tuple of {self.length} ascending integers from {self.low} to "
            f"{self.high}"
        )


@dataclass(frozen=True)
class Ranges:
    """An int16 array of `n` pairs in a range, the lower value first."""

    n: int
    low: int
    high: int

    def accepts(self, value):
        """Whether a value is such an array."""
        form = Array((self.n, 2), INTEGERS[:1], self.low, self.high)
        return form.accepts(value) and bool((value[:, 0] <= value[:, 1]).all())

    def __str__(self):
        span = f"from {self.low} to {self.high}"
        return f"an int16 array of {self.n} pairs {span}, the lower first"


@dataclass(frozen=True)
class Number:
    """A finite number in a range."""

    low: float = -_LARGEST
    high: float = _LARGEST

    def accepts(self, value):
        """Whether a value is such a number."""
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        return is_number and self.low <= value <= self.high

    def __str__(self):
        return f"a number, {_range(self)}"


@dataclass(frozen=True)
class Curve:
    """A list of `length` finite numbers; None for any length."""

    length: int | None = None

    def accepts(self, value):
        """Whether a value is such a list."""
        is_list = type(value) is list and self.length in (None, len(value))
        return is_list and all(map(Number().accepts, value))

    def __str__(self):
        number = "" if self.length is None else f"{self.length} "
        return f"a list of {number}finite numbers"


@dataclass(frozen=True)
class OneOf:
    """One of several values."""

    values: tuple

    def accepts(self, value):
        """Whether a value is one of them, of the same type."""
        return any(type(value) is type(own) and value == own for own in self.values)

    def __str__(self):
        return " or ".join(map(repr, self.values))


@dataclass(frozen=True, eq=False)
class Same:
    """An array with known values."""

    array: np.ndarray

    def accepts(self, value):
        """Whether a value is that array."""
        form = Array(self.array.shape, (self.array.dtype,))
        return form.accepts(value) and bool((value == self.array).all())

    def __str__(self):
        return f"{self.array.dtype} {reprlib.repr(self.array.tolist())}"


@dataclass(frozen=True)
class Names:
    """An array of `length` strings."""

    length: int

    def accepts(self, value):
        """Whether a value is such an array."""
        is_array = type(value) is np.ndarray and value.shape == (self.length,)
        return is_array and all(isinstance(name, str) for name in value)

    def __str__(self):
        return f"an array of {self.length} strings"


def check_fitted(estimator, fitted_form):
    """Check the parameters and fitted attributes of an estimator from a file.

    Parameters
    ----------
    estimator : estimator
    fitted_form : callable
        Takes the estimator, whose parameters and `n_features_in_` have been checked;
        returns a dict of the forms of its other attributes by their names.

    Raises
    ------
    ValueError
        If a parameter is out of range, or an attribute is missing, unknown or not of
        its form. The message names it, what was found and what was expected.
    """
    label = type(estimator).__name__
    parameters = type(estimator)._get_param_names()
    attributes = dict(vars(estimator))
    _require(label, attributes, {*parameters, "n_features_in_"})
    estimator._validate_params()
    if "random_state" in parameters:
        is_seed = estimator.random_state is None or Whole(0).accepts(
            estimator.random_state
        )
        if not is_seed:  # the state of a generator may contain an index out of range
            raise _fault(f"{label}.random_state", estimator.random_state, "an integer")
    check_form(f"{label}.n_features_in_", estimator.n_features_in_, Whole(1))
    form = fitted_form(estimator)
    _require(label, attributes, set(form))
    form |= {
        name: optional
        for name, optional in _optional(estimator.n_features_in_).items()
        if name in attributes
    }
    known = {*parameters, *form, "n_features_in_"}
    if unknown := sorted(map(str, attributes.keys() - known)):
        raise ValueError(
            f"{label} has unknown attributes, {', '.join(unknown)}; expected those "
            "that fit sets in this version of sklearn_c2c. Keep other data of a model "
            "in its metadata, or fit it again."
        )
    for name, expected in form.items():
        check_form(f"{label}.{name}", attributes[name], expected)


def check_form(label, value, expected):
    """Check a value against a form, or a list or dict against one of forms.

    Parameters
    ----------
    label : str
        Name of the value for the message.
    value : object
    expected : form, or list or dict of them

    Raises
    ------
    ValueError
        If the value is not of that form.
    """
    if isinstance(expected, list):
        if type(value) is not list or len(value) != len(expected):
            raise _fault(label, value, f"a list of {len(expected)}")
        for i, (item, form) in enumerate(zip(value, expected, strict=True)):
            check_form(f"{label}[{i}]", item, form)
    elif isinstance(expected, dict):
        if type(value) is not dict or value.keys() != expected.keys():
            raise _fault(label, value, f"a dict of {', '.join(expected)}")
        for key, form in expected.items():
            check_form(f"{label}[{key!r}]", value[key], form)
    elif not expected.accepts(value):
        raise _fault(label, value, expected)


def length(array, axis, least):
    """Length of an axis of an array, at least `least`; `least` if it is no array."""
    if isinstance(array, np.ndarray) and array.ndim > axis:
        return max(array.shape[axis], least)
    return least


def float_type(arrays):
    """Dtype that all arrays of a list must have: that of the first, or float32."""
    first = arrays[0] if isinstance(arrays, list) and arrays else None
    if isinstance(first, np.ndarray) and first.dtype in FLOATS:
        return first.dtype
    return FLOATS[0]


def averages_form(shapes, dtypes):
    """Forms of Adam's two averages of each array of weights."""
    return [
        average
        for shape in shapes
        for average in (Array(shape, dtypes), Array(shape, dtypes, low=0))
    ]


def optimizer_form(moments):
    """Form of the state of an optimizer, with the forms of its averages."""
    return {
        "moments": moments,
        "step": Whole(0, _MOST_UPDATES),
        "rng": {
            "bit_generator": OneOf(("MT19937",)),
            "state": {
                "key": Array((_GENERATOR_KEY,), (np.dtype(np.uint32),)),
                "pos": Whole(0, _GENERATOR_KEY),
            },
            "has_gauss": Whole(0, 1),
            "gauss": Number(),
        },
    }


def _optional(n_features):
    """Forms of attributes that scikit-learn sets on some estimators."""
    containers = OneOf(("default", "pandas", "polars"))
    return {
        "feature_names_in_": Names(n_features),
        "_sklearn_output_config": {"transform": containers},
    }


def _require(label, attributes, names):
    if missing := sorted(names - attributes.keys()):
        raise ValueError(
            f"{label} lacks {', '.join(missing)}: it was made by another version of "
            "sklearn_c2c or scikit-learn. Fit it again."
        )


def _fault(label, value, expected):
    return ValueError(f"{label} is {_found(value)}; expected {expected}.")


def _found(value):
    if not isinstance(value, np.ndarray):
        text = reprlib.repr(value).replace("\n", " ")
        return f"of type {type(value).__name__}, {text}"
    order = " in C order" if value.flags.c_contiguous else " in another order"
    text = f"an array of shape {value.shape}{order}, {value.dtype}"
    if value.size and value.dtype.kind in "biuf":
        text += f", with values from {value.min():.6g} to {value.max():.6g}"
    return text


def _range(form):
    if form.low == -_LARGEST and form.high == _LARGEST:
        return "finite"
    if form.high == _LARGEST:
        return f"finite and at least {form.low:g}"
    return f"from {form.low:g} to {form.high:g}"
