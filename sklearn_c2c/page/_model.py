"""Fitted models as a page takes them: a description, and arrays."""

import numpy as np
from sklearn.pipeline import Pipeline

from sklearn_c2c.generation import LatentModel
from sklearn_c2c.page._packing import pack_arrays, quantize_columns


def pack_model(model):
    """Pack a fitted model for `Model.load` of ``model.js``.

    Parameters
    ----------
    model : fitted Pipeline
        As `describe_model` takes it.

    Returns
    -------
    description : dict
        As of `describe_model`, with the manifest of the arrays.
    text : str
        The arrays.
    """
    description, arrays = describe_model(model)
    manifest, text = pack_arrays(arrays)
    return description | {"manifest": manifest}, text


def describe_model(model):
    """Describe a fitted model to ``model.js``.

    Parameters
    ----------
    model : fitted Pipeline
        `PianoRollEncoder` and an estimator that a page can decode.

    Returns
    -------
    description : dict
        For JSON: the encoder's steps, tokens and weight of transitions; the network's
        wiring and what that needs; names of attributes.
    arrays : dict of str to ndarray
        Weights, as 8-bit integers, and transitions.

    Raises
    ------
    ValueError
        If the model is no such Pipeline.
    """
    latent = LatentModel(model)
    encoder, estimator = latent.encoder, latent.estimator
    if not isinstance(model, Pipeline) or len(model) != 2:
        raise ValueError(
            "A page decodes a Pipeline of a PianoRollEncoder and one estimator; got "
            f"{len(model)} steps."
        )
    network, arrays = _wiring_of(estimator)(estimator)
    description = {
        "encoder": {
            "nSteps": int(encoder.n_features_in_),
            "tokens": encoder.tokens_.tolist(),
            "transitionWeight": float(encoder.transition_weight),
        },
        "network": network,
        "attributes": list(getattr(estimator, "attributes", None) or []),
    }
    return description, arrays | _transition_arrays(encoder)


def _transition_arrays(encoder):
    """Arrays of the transitions; none if these have no weight."""
    if encoder.transition_weight == 0:
        return {}
    found = encoder.transitions_
    return {
        f"transitions.{name}": array.astype(
            np.float32 if array.dtype.kind == "f" else np.int16
        )
        for name, array in found.items()
    }


# ------------------------------------------------------------------------- wirings


def _dense(estimator):
    """Describe a chain of dense layers to the latent variables, and one back."""
    n = len(estimator.coefs_) // 2
    h = estimator.coefs_[n].shape[0]
    code = getattr(estimator, "activation", "identity")
    hidden = estimator.hidden_activation
    to_code, from_code = _layers_of(estimator, 0, n), _layers_of(estimator, n, 2 * n)
    # Of a variational model's means and log variances a page needs the means.
    to_code[-1] = [array[..., :h] for array in to_code[-1]]
    encoder, encoder_arrays = _chain("encoder", to_code, hidden, code)
    decoder, decoder_arrays = _chain("decoder", from_code, hidden, "identity")
    network = {
        "wiring": "dense",
        "encoder": encoder,
        "decoder": decoder,
        "output": estimator.output,
        "groupSize": estimator.group_size_,
    }
    return network, encoder_arrays | decoder_arrays


def _layers_of(estimator, start, stop):
    """Weights and biases of some layers."""
    arrays = zip(estimator.coefs_, estimator.intercepts_, strict=True)
    return [*arrays][start:stop]


def _chain(name, layers, hidden, last):
    """Describe layers one after another, with activations between and after them."""
    described, arrays = [], {}
    for k, (coef, intercept) in enumerate(layers):
        layer = f"{name}.{k}"
        quantized, scale = quantize_columns(coef)
        n_in, n_out = coef.shape
        activation = last if k == len(layers) - 1 else hidden
        described.append(
            {"name": layer, "nIn": n_in, "nOut": n_out, "activation": activation}
        )
        arrays |= {
            f"{layer}.coef": quantized,
            f"{layer}.scale": scale,
            f"{layer}.intercept": intercept.astype(np.float32),
        }
    return described, arrays


# What describes an estimator, by the name of its class or of one that it inherits from:
# a function that returns the network, with the name of a wiring in `model.js`, and its
# arrays.
_WIRINGS = {
    "Autoencoder": _dense,
    "VariationalAutoencoder": _dense,
}


def _wiring_of(estimator):
    names = [base.__name__ for base in type(estimator).__mro__]
    for name in names:
        if name in _WIRINGS:
            return _WIRINGS[name]
    raise ValueError(
        f"A page cannot decode {names[0]}; expected one of {', '.join(_WIRINGS)}."
    )
