"""Models on disk, without pickle: a skops archive behind a checksum.

A file is one line that says what it is, the SHA-256 digest of the rest, and the rest:
the number of the format and a skops archive of the model with its metadata. The digest
finds a damaged byte anywhere, also where a zip archive does not look. A list of trusted
classes keeps a file from running code, and what each of them must hold (`_fitted`)
keeps it from making compiled code read beyond its arrays.
"""

import copy
import hashlib
import io
import math
import zipfile
from numbers import Complex
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.decomposition import (
    NMF,
    PCA,
    IncrementalPCA,
    TruncatedSVD,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, StandardScaler
from sklearn.utils.validation import check_is_fitted

import sklearn_c2c
from sklearn_c2c._files import write_atomically
from sklearn_c2c._fitted import Array, Number, OneOf, Whole, check_fitted, length

__all__ = ["load", "save"]

_MAGIC = b"sklearn_c2c model\n"
_FORMAT = b"004\n"  # counted up when older versions could not read what we write
_DIGEST_SIZE = hashlib.sha256().digest_size

# Of each format that is read, the names of our estimators. Beside these, skops trusts
# scikit-learn's estimators, NumPy's arrays and plain Python.
_PUBLIC = [f"sklearn_c2c.{name}" for name in sklearn_c2c._ESTIMATORS]
_TRUSTED = {
    _FORMAT: _PUBLIC,
    b"003\n": _PUBLIC,
    b"002\n": [
        "sklearn_c2c.autoencoder._autoencoder.Autoencoder",
        "sklearn_c2c.autoencoder._variational.VariationalAutoencoder",
        "sklearn_c2c.markov.MarkovMelodies",
        "sklearn_c2c.preprocessing.PianoRollEncoder",
    ],
}
# Attributes that our estimators had in earlier formats, and their names now.
_RENAMED = {"codes_": "tokens_"}
# Sizes of the fitted arrays of scikit-learn's estimators that may be in a model: k for
# its components, n for its columns.
_ARRAYS = {
    IncrementalPCA: {
        "components_": "kn",
        "explained_variance_": "k",
        "explained_variance_ratio_": "k",
        "mean_": "n",
        "singular_values_": "k",
        "var_": "n",
    },
    MaxAbsScaler: {"max_abs_": "n", "scale_": "n"},
    MinMaxScaler: {
        "data_max_": "n",
        "data_min_": "n",
        "data_range_": "n",
        "min_": "n",
        "scale_": "n",
    },
    NMF: {"components_": "kn"},
    PCA: {
        "components_": "kn",
        "explained_variance_": "k",
        "explained_variance_ratio_": "k",
        "mean_": "n",
        "singular_values_": "k",
    },
    StandardScaler: {"mean_": "n", "scale_": "n", "var_": "n"},
    TruncatedSVD: {
        "components_": "kn",
        "explained_variance_": "k",
        "explained_variance_ratio_": "k",
        "singular_values_": "k",
    },
}
_NOT_NEGATIVE = {
    "explained_variance_",
    "max_abs_",
    "scale_",
    "singular_values_",
    "var_",
}
_NUMBERS_OF_COMPONENTS = {"n_components_", "_n_components"}

_CALLBACKS = "_skl_callbacks"  # they hold the terminal or the notebook of one session
_OPTIMIZER = "_optimizer_state"  # Adam's moments: twice the size of the weights


def save(model, path, *, metadata=None, optimizer=False):
    """Write a fitted model to one file, whole or not at all.

    The file is written beside `path` under another name and then renamed, so that a
    reader sees the old file or the new one and never a part. The model is not changed.

    Parameters
    ----------
    model : estimator
        A fitted estimator of this package, or a Pipeline of them and of scikit-learn's
        PCA, IncrementalPCA, TruncatedSVD, NMF, StandardScaler, MinMaxScaler and
        MaxAbsScaler, whose arrays `load` can check; also one of these alone. Callbacks
        are left out. A `random_state` that is a generator rather than an integer is
        stored as None, since its stream of numbers cannot be shared.
    path : str or path-like
        The file; by custom it ends in ``.c2c``.
    metadata : dict, default=None
        Anything of arrays, strings, numbers, lists and dicts that belongs to the model:
        what it was trained on, how to write its melodies.
    optimizer : bool, default=False
        Whether to store the optimizer's moments, for bit-exact training from where it
        stopped. Without them the file is a third of the size, generates the same, and
        can be trained on with fresh moments.

    Raises
    ------
    NotFittedError
        If the model is not fitted.
    ValueError
        If it holds what `load` would refuse: an object of another type, or an attribute
        that is not as it must be. The message names it.
    OSError
        If the file cannot be written.

    See Also
    --------
    load : Read the file again.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder
    >>> X = np.array([[62, 129, 64, 66], [66, 64, 62, 129]])
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder(h=4, random_state=0))
    >>> model = model.fit(X)
    >>> path = os.path.join(tempfile.mkdtemp(), "tiny.c2c")
    >>> save(model, path, metadata={"time_signature": "4/4"})
    >>> restored, metadata = load(path, return_metadata=True)
    >>> bool((restored.transform(X) == model.transform(X)).all())
    True
    >>> metadata
    {'time_signature': '4/4'}
    """
    from skops.io import dumps

    check_is_fitted(model)
    content = {
        "model": _lean_copy(model, optimizer=optimizer),
        "metadata": dict(metadata or {}),
    }
    try:
        archive = dumps(content)
        _audit(archive, _TRUSTED[_FORMAT])
        _check_content(content)
    except (TypeError, ValueError) as error:
        raise ValueError(f"This model cannot be saved: {error}") from error
    digest = hashlib.sha256(_FORMAT + archive).digest()
    write_atomically(path, _MAGIC + digest + _FORMAT + archive)


def load(path, *, return_metadata=False):
    """Read a model that `save` wrote.

    Parameters
    ----------
    path : str or path-like
        The file.
    return_metadata : bool, default=False
        Whether to return the metadata as well.

    Returns
    -------
    model : estimator
        Fitted, as it was saved.
    metadata : dict
        Only if `return_metadata` is true.

    Raises
    ------
    ValueError
        If the file is no model of this package, was damaged or cut short, is of a
        newer format, or holds an object of a type that is not trusted, or a parameter
        or fitted attribute that is not as the estimator's others say it must be: its
        type, shape, and values. The message names the attribute, what was found, and
        what was expected.
    OSError
        If the file cannot be read.

    See Also
    --------
    save : Write the file, with an example.

    Notes
    -----
    The checksum finds damage, not malice: whoever writes a file can also write its
    checksum. What keeps a strange file from running code is that only classes of this
    package, scikit-learn and NumPy are built from it; what keeps it from reading memory
    that is not its own is that every array is checked before it is used. What a model
    was taught, and whether it is any good, no check can tell.
    """
    from skops.io import loads

    path = Path(path)
    archive, stamp = _checked_archive(path.read_bytes(), path)
    trusted = _TRUSTED[stamp]
    try:
        _audit(archive, trusted)
        content = loads(archive, trusted=trusted)
        if stamp != _FORMAT:
            _rename(content["model"])
        _check_content(content)
        model, metadata = content["model"], content["metadata"]
    except Exception as error:  # whatever skops meets in a file made by a stranger
        raise ValueError(f"{path} cannot be loaded: {error}") from error
    return (model, metadata) if return_metadata else model


def _lean_copy(estimator, *, optimizer):
    """Copy an estimator, sharing its arrays, without what belongs to one session."""
    lean = copy.copy(estimator)
    dropped = {_CALLBACKS} if optimizer else {_CALLBACKS, _OPTIMIZER}
    vars(lean).update({name: None for name in _random_streams(lean)})
    for name in dropped & vars(lean).keys():
        delattr(lean, name)
    if isinstance(lean, Pipeline):
        lean.steps = [
            (name, _lean_copy(step, optimizer=optimizer))
            if isinstance(step, BaseEstimator)
            else (name, step)
            for name, step in lean.steps
        ]
    return lean


def _random_streams(estimator):
    generators = (np.random.RandomState, np.random.Generator)
    return [n for n, value in vars(estimator).items() if isinstance(value, generators)]


def _rename(model):
    """Give the attributes of an earlier format the names that they have now."""
    if type(model) is Pipeline:
        for _, step in _steps(model):
            _rename(step)
    elif hasattr(type(model), "_fitted_form"):
        for old in _RENAMED.keys() & vars(model).keys():
            vars(model)[_RENAMED[old]] = vars(model).pop(old)


def _check_content(content):
    """Refuse models whose attributes are not as they must be, before they are used."""
    if type(content) is not dict or content.keys() != {"model", "metadata"}:
        raise ValueError("it is no dict of a model and its metadata.")
    _check_model(content["model"])
    _check_plain(content["metadata"])


def _check_model(model):
    if type(model) is Pipeline:
        _check_pipeline(model)
    elif hasattr(type(model), "_fitted_form"):
        check_fitted(model, type(model)._fitted_form)
    elif type(model) in _ARRAYS:
        check_fitted(model, _form_of_scikit_learn)
    else:
        admitted = ", ".join(cls.__name__ for cls in _ARRAYS)
        raise ValueError(
            f"it holds {type(model).__module__}.{type(model).__name__}; only "
            f"estimators of sklearn_c2c, Pipeline, {admitted} can be checked."
        )
    check_is_fitted(model)


def _check_pipeline(pipeline):
    """Check each step, and that each gives as many columns as the next one takes."""
    known = {"steps", "memory", "verbose", "transform_input", "_sklearn_output_config"}
    if unknown := vars(pipeline).keys() - known:
        raise ValueError(f"the Pipeline has {', '.join(sorted(map(str, unknown)))}.")
    if vars(pipeline).get("memory") is not None:
        raise ValueError("the Pipeline has a memory, files that are not checked.")
    width = None
    for name, step in _steps(pipeline):
        if step in (None, "passthrough"):
            continue
        _check_model(step)
        if width not in (None, step.n_features_in_):
            raise ValueError(
                f"the step {name!r} of the Pipeline has n_features_in_="
                f"{step.n_features_in_}, but the one before it gives {width} columns."
            )
        width = getattr(step, "_n_features_out", step.n_features_in_)


def _steps(pipeline):
    steps = vars(pipeline).get("steps")
    is_list = type(steps) is list and len(steps) > 0
    if not is_list or not all(
        type(step) is tuple and len(step) == 2 and type(step[0]) is str
        for step in steps
    ):
        raise ValueError("the Pipeline has no list of names and steps.")
    return steps


def _form_of_scikit_learn(estimator):
    """Forms of the fitted attributes of an estimator of `_ARRAYS`.

    Of all others only plain numbers and strings are admitted.
    """
    fitted = vars(estimator)
    n_components = length(fitted.get("components_"), 0, least=1)
    asked = fitted.get("n_components")
    if Whole(1).accepts(asked) and "components_" in _ARRAYS[type(estimator)]:
        n_components = asked
    sizes = {"k": n_components, "n": estimator.n_features_in_}
    form = {
        name: OneOf((value,))
        for name, value in fitted.items()
        if isinstance(value, str | bool | None) or Number().accepts(value)
    }
    form |= {
        name: Whole(n_components, n_components)
        for name in _NUMBERS_OF_COMPONENTS & fitted.keys()
    }
    for name, letters in _ARRAYS[type(estimator)].items():
        shape = tuple(sizes[letter] for letter in letters)
        low = 0 if name in _NOT_NEGATIVE else -np.finfo(np.float64).max
        form[name] = Array(shape, low=low, any_order=True)
        if _is_switched_off(estimator, name):
            form[name] = OneOf((None,))
    return form


def _is_switched_off(estimator, name):
    """Whether a StandardScaler does without an attribute."""
    if type(estimator) is not StandardScaler or estimator.with_std:
        return False
    return name in ("scale_", "var_") or not estimator.with_mean


def _check_plain(value):
    """Refuse metadata that is more than arrays, strings, numbers, lists and dicts."""
    if isinstance(value, dict):
        for item in (*value, *value.values()):
            _check_plain(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            _check_plain(item)
    elif type(value) is np.ndarray:
        if value.dtype == object:
            _check_plain(value.ravel().tolist())
    elif not isinstance(value, str | bytes | Complex | np.generic | None):
        raise ValueError(
            f"its metadata holds an object of type {type(value).__name__}; expected "
            "arrays, strings, numbers, lists and dicts."
        )


def _checked_archive(data, path):
    """Return the skops archive of a file, and its format.

    Its checksum must agree, and its format be known.
    """
    if not data.startswith(_MAGIC):
        raise ValueError(
            f"{path} is not a model saved by sklearn_c2c: expected it to begin with "
            f"{_MAGIC!r}, found {data[: len(_MAGIC)]!r}."
        )
    rest = data[len(_MAGIC) :]
    digest, rest = rest[:_DIGEST_SIZE], rest[_DIGEST_SIZE:]
    if hashlib.sha256(rest).digest() != digest:
        raise ValueError(
            f"{path} is damaged: the checksum does not agree with the {len(rest)} "
            "bytes of its content. Copy it or save it again."
        )
    stamp, archive = rest[: len(_FORMAT)], rest[len(_FORMAT) :]
    if stamp not in _TRUSTED:
        raise ValueError(
            f"{path} is of format {stamp!r}, sklearn_c2c {sklearn_c2c.__version__} "
            f"reads {', '.join(map(repr, _TRUSTED))}: update sklearn_c2c, or save the "
            "model again with this version."
        )
    return archive, stamp


def _audit(archive, trusted):
    """Refuse, before anything is built, strange types and what would swell in memory.

    Models are never compressed, so no member needs more bytes than the archive has,
    nor an array more than its member has.
    """
    from skops.io import get_untrusted_types

    with zipfile.ZipFile(io.BytesIO(archive)) as members:
        if sum(member.file_size for member in members.infolist()) > len(archive):
            raise ValueError(f"it claims more than the {len(archive)} bytes it has.")
        for member in members.infolist():
            _check_member(members, member)
    if untrusted := sorted(set(get_untrusted_types(data=archive)) - set(trusted)):
        raise ValueError(
            f"it holds {', '.join(untrusted)}; only estimators of sklearn_c2c and "
            "scikit-learn, arrays and plain Python values are trusted."
        )


def _check_member(members, member):
    if member.filename == "schema.json":
        return
    if not member.filename.endswith(".npy"):
        raise ValueError(f"it holds {member.filename}, which is no array.")
    with members.open(member) as file:
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[np.lib.format.read_magic(file)]
        shape, _, dtype = read_header(file)
        n_bytes = member.file_size - file.tell()
    claimed = math.prod(shape) * dtype.itemsize
    if claimed != n_bytes:
        raise ValueError(
            f"an array of shape {shape} has {n_bytes} bytes, not {claimed}."
        )
