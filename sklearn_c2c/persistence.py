"""Model files without pickle: a skops archive with a checksum.

A file consists of a line that identifies it, the SHA-256 digest of the following bytes,
the number of the format, and a skops archive of the model and its metadata. The digest
detects a damaged byte anywhere, also in parts of a zip archive that have no checksum. A
list of trusted classes prevents a file from running code, and the checks of their
attributes (`_fitted`) prevent compiled code from reading beyond its arrays.
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
_FORMAT = b"004\n"  # incremented if older versions cannot read the files
_DIGEST_SIZE = hashlib.sha256().digest_size

# Names of our estimators in each format that can be read. skops also trusts
# scikit-learn's estimators, NumPy's arrays and plain Python values.
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
# Attributes of our estimators in earlier formats, and their present names.
_RENAMED = {"codes_": "tokens_"}
# Parameters that estimators did not have in earlier versions, and what they did then.
_ADDED = {
    "ends": "auto",
    "prior": "normal",
    "aggregate_weight": 0.0,
    "free_bits_scope": "latent",
}
# Shapes of the fitted arrays of the scikit-learn estimators that are accepted: k is the
# number of components, n that of features.
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

_CALLBACKS = "_skl_callbacks"  # they refer to the terminal or notebook of a session
_OPTIMIZER = "_optimizer_state"  # Adam's moments: twice the size of the weights


def save(model, path, *, metadata=None, optimizer=False):
    """Write a fitted model to a file, atomically.

    The file is written beside `path` under another name and then renamed, so that a
    reader sees the old file or the new one and never a part. The model is not changed.

    Parameters
    ----------
    model : estimator
        A fitted estimator of this package; one of scikit-learn's PCA, IncrementalPCA,
        TruncatedSVD, NMF, StandardScaler, MinMaxScaler and MaxAbsScaler, whose arrays
        `load` can check; or a Pipeline of these. Callbacks are left out. A
        `random_state` that is a generator rather than an integer is stored as None,
        since its stream of numbers cannot be shared.
    path : str or path-like
        The file, usually with the suffix ``.c2c``.
    metadata : dict, default=None
        Arrays, strings, numbers, lists and dicts that belong to the model, such as its
        training data and the metre of its melodies.
    optimizer : bool, default=False
        Whether to store the moments of the optimizer, so that training continues
        bit-exactly. Without them the file is a third of the size, the model generates
        the same, and training continues with new moments.

    Raises
    ------
    NotFittedError
        If the model is not fitted.
    ValueError
        If the model has an object or an attribute that `load` would reject. The message
        names it.
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
        If the file is not a model of this package, is damaged, incomplete or of a newer
        format; if it has an object of a type that is not trusted; or if the type, shape
        or values of a parameter or fitted attribute do not agree with the other
        attributes. The message names the attribute, what was found, and what was
        expected.
    OSError
        If the file cannot be read.

    See Also
    --------
    save : Write the file, with an example.

    Notes
    -----
    The checksum detects damage, but not manipulation, since the author of a file also
    writes its checksum. A file cannot run code, since only classes of this package,
    scikit-learn and NumPy are built from it. It cannot make compiled code read beyond
    its arrays, since each array is checked before it is used. The quality and the
    training data of a model cannot be checked.
    """
    from skops.io import loads

    path = Path(path)
    archive, stamp = _checked_archive(path.read_bytes(), path)
    trusted = _TRUSTED[stamp]
    try:
        _audit(archive, trusted)
        content = loads(archive, trusted=trusted)
        if stamp != _FORMAT:
            _update(content["model"])
        _check_content(content)
        model, metadata = content["model"], content["metadata"]
    except Exception as error:  # skops may raise any for a manipulated file
        raise ValueError(f"{path} cannot be loaded: {error}") from error
    return (model, metadata) if return_metadata else model


def _lean_copy(estimator, *, optimizer):
    """Copy an estimator without callbacks and generators; its arrays are shared."""
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


def _update(model):
    """Give a model of an earlier version the present names and parameters."""
    if type(model) is Pipeline:
        for _, step in _steps(model):
            _update(step)
    elif hasattr(type(model), "_fitted_form"):
        attributes = vars(model)
        for old in _RENAMED.keys() & attributes.keys():
            attributes[_RENAMED[old]] = attributes.pop(old)
        for name in _ADDED.keys() & set(model._get_param_names()):
            attributes.setdefault(name, _ADDED[name])


def _check_content(content):
    """Reject models whose attributes do not have the expected forms."""
    if type(content) is not dict or content.keys() != {"model", "metadata"}:
        raise ValueError("it is not a dict of a model and its metadata.")
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
    """Check each step, and that its number of outputs is that of the next inputs."""
    known = {"steps", "memory", "verbose", "transform_input", "_sklearn_output_config"}
    if unknown := vars(pipeline).keys() - known:
        raise ValueError(f"the Pipeline has {', '.join(sorted(map(str, unknown)))}.")
    if vars(pipeline).get("memory") is not None:
        raise ValueError("the Pipeline has a memory, whose files are not checked.")
    width = None
    for name, step in _steps(pipeline):
        if step in (None, "passthrough"):
            continue
        _check_model(step)
        if width not in (None, step.n_features_in_):
            raise ValueError(
                f"the step {name!r} of the Pipeline has n_features_in_="
                f"{step.n_features_in_}, but the step before has {width} outputs."
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
    """Forms of the fitted attributes of an estimator in `_ARRAYS`.

    Attributes that are not in `_ARRAYS` must be plain numbers or strings.
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
    """Whether an attribute of a StandardScaler is None by its parameters."""
    if type(estimator) is not StandardScaler or estimator.with_std:
        return False
    return name in ("scale_", "var_") or not estimator.with_mean


def _check_plain(value):
    """Reject metadata other than arrays, strings, numbers, lists and dicts."""
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
    """Return the skops archive of a file and its format, after checking both."""
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
            "bytes of its content. Copy the file or save the model again."
        )
    stamp, archive = rest[: len(_FORMAT)], rest[len(_FORMAT) :]
    if stamp not in _TRUSTED:
        raise ValueError(
            f"{path} has the format {stamp!r}; sklearn_c2c {sklearn_c2c.__version__} "
            f"reads {', '.join(map(repr, _TRUSTED))}. Update sklearn_c2c, or save the "
            "model again with this version."
        )
    return archive, stamp


def _audit(archive, trusted):
    """Reject untrusted types and archives that decompress to more than their size.

    Models are never compressed, so the members are not larger than the archive, and the
    arrays not larger than their members. Nothing is built before these checks.
    """
    from skops.io import get_untrusted_types

    with zipfile.ZipFile(io.BytesIO(archive)) as members:
        if sum(member.file_size for member in members.infolist()) > len(archive):
            raise ValueError(
                f"its members claim more bytes than the {len(archive)} of the archive."
            )
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
        raise ValueError(f"it holds {member.filename}, which is not an array.")
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
