"""Models on disk, without pickle: a skops archive behind a checksum.

A file is one line that says what it is, the SHA-256 digest of the rest, and the rest:
the number of the format and a skops archive of the model with its metadata. The digest
finds a damaged byte anywhere, also where a zip archive does not look; a list of trusted
classes keeps a file from running code. Imports skops inside functions.
"""

import copy
import hashlib
import io
import math
import zipfile
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

import sklearn_c2c
from sklearn_c2c.io._files import write_atomically

_MAGIC = b"sklearn_c2c model\n"
_FORMAT = b"002\n"  # counted up when older versions could not read what we write
_DIGEST_SIZE = hashlib.sha256().digest_size

# Beside these, skops trusts scikit-learn's estimators, NumPy's arrays and plain Python.
_TRUSTED = [
    "sklearn_c2c.autoencoder._autoencoder.Autoencoder",
    "sklearn_c2c.autoencoder._variational.VariationalAutoencoder",
    "sklearn_c2c.markov.MarkovMelodies",
    "sklearn_c2c.preprocessing.PianoRollEncoder",
]
_CALLBACKS = "_skl_callbacks"  # they hold the terminal or the notebook of one session
_OPTIMIZER = "_optimizer_state"  # Adam's moments: twice the size of the weights


def save(model, path, *, metadata=None, optimizer=False):
    """Write a fitted model to one file, whole or not at all.

    The file is written beside `path` under another name and then renamed, so that a
    reader sees the old file or the new one and never a part. The model is not changed.

    Parameters
    ----------
    model : estimator
        A fitted estimator of this package or of scikit-learn, or a Pipeline of them.
        Callbacks are left out. A `random_state` that is a generator rather than an
        integer is stored as None, since its stream of numbers cannot be shared.
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
        If it holds an object that `load` would refuse. The message names its type.
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
        _audit(archive)
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
        newer format, or holds an object of a type that is not trusted.
    OSError
        If the file cannot be read.

    See Also
    --------
    save : Write the file, with an example.

    Notes
    -----
    The checksum finds damage, not malice: whoever writes a file can also write its
    checksum. What keeps a strange file from running code is that only classes of this
    package, scikit-learn and NumPy are built from it.
    """
    from skops.io import loads

    path = Path(path)
    archive = _checked_archive(path.read_bytes(), path)
    try:
        _audit(archive)
        content = loads(archive, trusted=_TRUSTED)
        model, metadata = content["model"], content["metadata"]
        check_is_fitted(model)
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


def _checked_archive(data, path):
    """Return the skops archive of a file, once its checksum and format agree."""
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
    if stamp != _FORMAT:
        raise ValueError(
            f"{path} is of format {stamp!r}, sklearn_c2c {sklearn_c2c.__version__} "
            f"reads {_FORMAT!r}: update sklearn_c2c, or save the model again with this "
            "version."
        )
    return archive


def _audit(archive):
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
    if untrusted := sorted(set(get_untrusted_types(data=archive)) - set(_TRUSTED)):
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
