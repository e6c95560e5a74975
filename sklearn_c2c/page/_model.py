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
    return _dense_network(estimator, _layers_of(estimator))


def _dual_branch(estimator):
    """The same; classifiers and adversaries are left out."""
    n_heads = 2 * len(estimator.classes_)
    return _dense_network(estimator, _layers_of(estimator)[:-n_heads])


def _dense_network(estimator, layers):
    code = getattr(estimator, "activation", "identity")
    chains, arrays = _chains("", layers, estimator.hidden_activation, code)
    output = {"output": estimator.output, "groupSize": estimator.group_size_}
    return {"wiring": "dense", **chains, **output}, arrays


def _pitch_rhythm(estimator):
    """Describe the chains of both branches."""
    layers, hidden = _layers_of(estimator), estimator.hidden_activation
    n = len(layers) // 2
    layout = estimator._layout(estimator.n_features_in_, estimator.group_size_)
    pitch, pitch_arrays = _chains("pitch.", layers[:n], hidden, "identity")
    rhythm, rhythm_arrays = _chains("rhythm.", layers[n:], hidden, "identity")
    network = {
        "wiring": "pitchRhythm",
        "pitch": pitch,
        "rhythm": rhythm,
        "nPitches": layout.n_pitches,
        "stepsPerMeasure": layout.steps_per_measure,
    }
    return network, pitch_arrays | rhythm_arrays


def _principal_components(estimator):
    """Describe a layer to the components, and one back."""
    scale = np.sqrt(estimator.explained_variance_) if estimator.whiten else 1.0
    components, mean = estimator.components_, estimator.mean_
    encode = components.T / scale
    layers = [(encode, -mean @ encode), ((components.T * scale).T, mean)]
    return _linear_network(*_chains("", layers, "identity", "identity"))


def _factors(estimator):
    """Describe a layer from the factors; the way to these is no layer."""
    components = estimator.components_
    layers = [(components, np.zeros(components.shape[1]))]
    decoder, arrays = _chain("decoder", layers, "identity", "identity")
    return _linear_network({"encoder": None, "decoder": decoder}, arrays)


def _linear_network(chains, arrays):
    return {"wiring": "dense", **chains, "output": "identity", "groupSize": None}, arrays


def _layers_of(estimator):
    """Weights and biases of all layers."""
    return [*zip(estimator.coefs_, estimator.intercepts_, strict=True)]


def _chains(prefix, layers, hidden, code):
    """Describe layers to the latent variables, and as many back."""
    n = len(layers) // 2
    encoder, decoder = layers[:n], layers[n:]
    h = len(decoder[0][0])
    # Of a variational model's means and log variances a page needs the means.
    encoder = [*encoder[:-1], [array[..., :h] for array in encoder[-1]]]
    to_code, encoder_arrays = _chain(f"{prefix}encoder", encoder, hidden, code)
    from_code, arrays = _chain(f"{prefix}decoder", decoder, hidden, "identity")
    return {"encoder": to_code, "decoder": from_code}, encoder_arrays | arrays


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
    "AttributeVariationalAutoencoder": _dense,
    "PitchRhythmAutoencoder": _pitch_rhythm,
    "DualBranchAutoencoder": _dual_branch,
    "PCA": _principal_components,
    "NMF": _factors,
}


def _wiring_of(estimator):
    names = [base.__name__ for base in type(estimator).__mro__]
    for name in names:
        if name in _WIRINGS:
            return _WIRINGS[name]
    raise ValueError(
        f"A page cannot decode {names[0]}; expected one of {', '.join(_WIRINGS)}."
    )
