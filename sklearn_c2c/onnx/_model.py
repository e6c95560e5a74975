"""ONNX models of fitted autoencoders."""

import json

from sklearn.utils._param_validation import StrOptions, validate_params
from sklearn.utils.validation import check_is_fitted

import sklearn_c2c
from sklearn_c2c._files import write_atomically
from sklearn_c2c.autoencoder import (
    AttributeVariationalAutoencoder,
    Autoencoder,
    DualBranchAutoencoder,
    PitchRhythmAutoencoder,
    RecurrentAutoencoder,
    VariationalAutoencoder,
    VariationalRecurrentAutoencoder,
)
from sklearn_c2c.generation import LatentModel
from sklearn_c2c.onnx import _dense, _pitch_rhythm, _recurrent
from sklearn_c2c.onnx._graph import Graph
from sklearn_c2c.preprocessing import PianoRollEncoder

# Exactly these classes: one that inherits from them may compute something else.
_MODULES = {
    AttributeVariationalAutoencoder: _dense,
    Autoencoder: _dense,
    DualBranchAutoencoder: _dense,
    PitchRhythmAutoencoder: _pitch_rhythm,
    RecurrentAutoencoder: _recurrent,
    VariationalAutoencoder: _dense,
    VariationalRecurrentAutoencoder: _recurrent,
}

# A file is one message of Protocol Buffers, which must be smaller than this.
_MOST_BYTES = 2**31


@validate_params(
    {"model": "no_validation", "part": [StrOptions({"encoder", "decoder"})]},
    prefer_skip_nested_validation=True,
)
def to_onnx(model, *, part):
    """Make the ONNX model of an encoder or a decoder.

    The encoder computes `transform`, the decoder `inverse_transform` of the
    autoencoder, of any number of samples at once. Both take and return arrays of the
    type that the autoencoder was fitted in. A recurrent decoder feeds its most probable
    tokens back, as `inverse_transform` does.

    Parameters
    ----------
    model : estimator or Pipeline
        A fitted autoencoder of this package, or a Pipeline of a `PianoRollEncoder` and
        one. The `PianoRollEncoder` stays outside: the encoder takes piano rolls, and
        the decoder returns the probabilities of the tokens of each step. To choose a
        melody by them, along the corpus' transitions or by the largest one of each
        step, is left to the caller; ``PianoRollEncoder.inverse_transform`` does so.

    part : {"encoder", "decoder"}
        "encoder": the input is ``X``, of shape (n_samples, n_features), the output
        ``Z``, of shape (n_samples, h). "decoder": the input is ``Z``, the output
        ``probabilities``, of shape (n_samples, n_features).

    Returns
    -------
    onnx.ModelProto
        It uses version 17 of ONNX' operators. Its `metadata_props` are strings, where
        not stated otherwise in JSON: ``estimator``, the name of the class as it is;
        ``group_size``, columns of a step or null; ``latent_min``, ``latent_max``,
        ``latent_mean`` and ``latent_std``, lists of h numbers. Those of a Pipeline have
        ``tokens`` too, a list of the token of each column of a step, ``n_steps``, and
        ``steps_per_measure``.

    Raises
    ------
    ImportError
        If onnx is not installed.
    NotFittedError
        If the model is not fitted.
    ValueError
        If the model is of another kind, or too large for a file of ONNX.

    See Also
    --------
    write_onnx : Write it to a file.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder
    >>> from sklearn_c2c.onnx import to_onnx
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129]]
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder(h=4, random_state=0))
    >>> decoder = to_onnx(model.fit(X), part="decoder")
    >>> decoder.graph.input[0].name, decoder.graph.output[0].name
    ('Z', 'probabilities')
    >>> {entry.key: entry.value for entry in decoder.metadata_props}["tokens"]
    '[62, 63, 64, 65, 66, 129, 128]'
    """
    latent = LatentModel(model)
    estimator = latent.estimator
    module = _module(latent)
    check_is_fitted(model)
    _check_size(estimator)
    n_features, h = estimator.n_features_in_, len(estimator.latent_mean_)
    x, z, p = {"X": n_features}, {"Z": h}, {"probabilities": n_features}
    graph = Graph(estimator.coefs_[0].dtype)
    if part == "encoder":
        inputs, outputs, value = x, z, module.encode(graph, estimator, "X")
    else:
        inputs, outputs, value = z, p, module.decode(graph, estimator, "Z")
    graph.rename(value, *outputs)
    return graph.model(
        inputs,
        outputs,
        name=f"{part} of {type(estimator).__name__}",
        metadata=_metadata(latent),
        version=sklearn_c2c.__version__,
    )


def write_onnx(model, path, *, part):
    """Write an encoder or a decoder to an ONNX file, atomically.

    Parameters
    ----------
    model : estimator or Pipeline
        As of `to_onnx`.

    path : str or path-like
        The file, usually with the suffix ``.onnx``.

    part : {"encoder", "decoder"}
        As of `to_onnx`.

    Raises
    ------
    ImportError, NotFittedError, ValueError
        As `to_onnx`.
    OSError
        If the file cannot be written.

    See Also
    --------
    to_onnx : Make it, without a file: what it takes, returns, and leaves outside.
    sklearn_c2c.persistence.save : Write a model to read it again in Python.

    Examples
    --------
    >>> import os, tempfile
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder
    >>> from sklearn_c2c.onnx import write_onnx
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129]]
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder(h=4, random_state=0))
    >>> path = os.path.join(tempfile.mkdtemp(), "encoder.onnx")
    >>> write_onnx(model.fit(X), path, part="encoder")
    >>> os.path.getsize(path) > 0
    True
    """
    made = to_onnx(model, part=part)
    write_atomically(path, made.SerializeToString(deterministic=True))


def _module(latent):
    """The module that knows the layers of the estimator of a model."""
    module = _MODULES.get(type(latent.estimator))
    if module is None:
        known = ", ".join(kind.__name__ for kind in _MODULES)
        raise ValueError(
            f"Found a model of {type(latent.estimator).__name__}; expected one of "
            f"{known}. Other estimators have converters of their own, such as "
            "skl2onnx for those of scikit-learn."
        )
    steps = () if latent.before is None else [step for _, step in latent.before.steps]
    others = [step for step in steps if not isinstance(step, PianoRollEncoder)]
    if others or len(steps) > 1:
        found = ", ".join(type(step).__name__ for step in steps)
        raise ValueError(
            f"Found {found} before {type(latent.estimator).__name__} in the Pipeline; "
            "expected only a PianoRollEncoder. Pass the autoencoder itself, and "
            "transform its input as the steps before it do."
        )
    return module


def _check_size(estimator):
    n_bytes = sum(coef.nbytes for coef in estimator.coefs_)
    if n_bytes >= _MOST_BYTES:
        raise ValueError(
            f"{type(estimator).__name__} has {n_bytes / 2**30:.1f} GiB of weights; an "
            "ONNX file holds less than 2 GiB. Fit a smaller model, or in float32."
        )


def _metadata(latent):
    """What a program has to know beside the arrays, as strings."""
    estimator = latent.estimator
    known = {"group_size": estimator.group_size_ and int(estimator.group_size_)}
    for name in ("latent_min", "latent_max", "latent_mean", "latent_std"):
        known[name] = getattr(estimator, f"{name}_").tolist()
    if latent.decodes_melodies:
        encoder = latent.encoder
        known |= {
            "tokens": encoder.tokens_.tolist(),
            "n_steps": int(encoder.n_features_in_),
            "steps_per_measure": int(encoder.steps_per_measure),
        }
    texts = {name: json.dumps(value) for name, value in known.items()}
    return {"estimator": type(estimator).__name__, **texts}
