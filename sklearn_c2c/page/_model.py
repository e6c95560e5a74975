"""Fitted models as a page takes them: a description, and arrays."""

from typing import NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.generation import LatentModel
from sklearn_c2c.page._factors import factor_layer
from sklearn_c2c.page._packing import pack_arrays, quantize_columns
from sklearn_c2c.page._recurrent import describe_recurrent

# Largest integers of the weights of an encoder, 8 bits, and of a decoder, 12 bits. With
# 8 bits a tenth of random codes are decoded to other melodies than in Python.
_ENCODER, _DECODER = 127, 2047

# Most weights of a dense model of which a page gets all.
_MOST_WEIGHTS = 3_000_000

# Most columns between the factors of a layer.
_MOST_FACTORS = 256


class _Layer(NamedTuple):
    coef: np.ndarray
    intercept: np.ndarray
    activation: str = "identity"


def pack_model(model, X=None):
    """Pack a fitted model for `Model.load` of ``model.js``.

    Parameters
    ----------
    model : fitted Pipeline
        As `describe_model` takes it.
    X : array-like of int, shape (n_melodies, n_steps), default=None
        As `describe_model` takes it.

    Returns
    -------
    description : dict
        As of `describe_model`, with the manifest of the arrays.
    text : str
        The arrays.
    """
    description, arrays = describe_model(model, X)
    manifest, text = pack_arrays(arrays)
    return description | {"manifest": manifest}, text


def describe_model(model, X=None):
    """Describe a fitted model to ``model.js``.

    Parameters
    ----------
    model : fitted Pipeline
        `PianoRollEncoder` and an estimator that a page can decode.
    X : array-like of int, shape (n_melodies, n_steps), default=None
        Corpus. A dense model with more than 3 million weights is reduced to what it
        does in the span of the corpus' melodies and latent vectors, by `factor_layer`.

    Returns
    -------
    description : dict
        For JSON: the encoder's steps, tokens and weight of transitions; the network's
        wiring and what that needs; names of attributes.
    arrays : dict of str to ndarray
        Weights, as 8-bit integers of an encoder and 12-bit integers of a decoder, and
        transitions.

    Raises
    ------
    ValueError
        If the model is no such Pipeline, or is too large without X.
    NotFittedError
        If it is not fitted.
    """
    latent = LatentModel(model)
    encoder, estimator = latent.encoder, latent.estimator
    if not (latent.decodes_melodies and len(latent.before) == 1):
        raise ValueError(
            "A page decodes a Pipeline of a PianoRollEncoder and one estimator; got "
            f"{model}."
        )
    if encoder.n_voices > 1:
        raise ValueError(
            f"A page decodes melodies of one voice; got a PianoRollEncoder with "
            f"n_voices={encoder.n_voices}."
        )
    describe = _wiring_of(estimator)
    check_is_fitted(estimator)
    network, arrays = describe(estimator, None if X is None else encoder.transform(X))
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
    return {
        f"transitions.{name}": array.astype(
            np.float32 if array.dtype.kind == "f" else np.int16
        )
        for name, array in encoder.transitions_.items()
    }


# ------------------------------------------------------------------------- wirings


def _dense(estimator, roll):
    """Describe a chain of dense layers to the latent variables, and one back."""
    return _dense_network(estimator, roll, _layers_of(estimator))


def _dual_branch(estimator, roll):
    """The same; classifiers and adversaries are left out."""
    n_heads = 2 * len(estimator.classes_)
    return _dense_network(estimator, roll, _layers_of(estimator)[:-n_heads])


def _dense_network(estimator, roll, layers):
    code = getattr(estimator, "activation", "identity")
    encoder, decoder = _chains(layers, estimator.hidden_activation, code)
    n_weights = sum(layer.coef.size for layer in encoder + decoder)
    if n_weights > _MOST_WEIGHTS:
        if roll is None:
            raise ValueError(
                f"{type(estimator).__name__} has {n_weights} weights, more than the "
                f"{_MOST_WEIGHTS} that a page holds; pass its corpus as X to reduce it."
            )
        encoder = _factored(encoder, roll)
        decoder = _factored(decoder, estimator.transform(roll))
    return _network(encoder, decoder, estimator.output, estimator.group_size_)


def _network(encoder, decoder, output, group_size):
    """Describe a dense network."""
    chains, arrays = _describe_chains(encoder, decoder)
    outputs = {"output": output, "groupSize": group_size}
    return {"wiring": "dense", **chains, **outputs}, arrays


def _pitch_rhythm(estimator, roll):
    """Describe the chains of both branches."""
    layers, n = _layers_of(estimator), len(estimator.coefs_) // 2
    layout = estimator._layout(estimator.n_features_in_, estimator.group_size_)
    network, arrays = {"wiring": "pitchRhythm"}, {}
    for name, branch in (("pitch", layers[:n]), ("rhythm", layers[n:])):
        to_code, from_code = _chains(branch, estimator.hidden_activation, "identity")
        described = _describe_chains(to_code, from_code, f"{name}.")
        network[name], branch_arrays = described
        arrays |= branch_arrays
    sizes = {
        "nPitches": layout.n_pitches,
        "stepsPerMeasure": layout.steps_per_measure,
    }
    return network | sizes, arrays


def _principal_components(estimator, roll):
    """Describe a layer to the components, and one back."""
    scale = np.sqrt(estimator.explained_variance_) if estimator.whiten else 1.0
    components, mean = estimator.components_, estimator.mean_
    encode = components.T / scale
    encoder = [_Layer(encode, -mean @ encode)]
    decoder = [_Layer((components.T * scale).T, mean)]
    return _network(encoder, decoder, "identity", None)


def _factors(estimator, roll):
    """Describe a layer from the factors; the way to these is no layer."""
    components = estimator.components_
    decoder = [_Layer(components, np.zeros(components.shape[1]))]
    network, arrays = _network(None, decoder, "identity", None)
    return network | {"isNonnegative": True}, arrays


def _layers_of(estimator):
    """Weights and biases of all layers."""
    return [*zip(estimator.coefs_, estimator.intercepts_, strict=True)]


def _chains(layers, hidden, code):
    """Layers to the latent variables, and as many back."""
    n = len(layers) // 2
    last, h = layers[n - 1], len(layers[n][0])
    # Of a variational model's means and log variances a page needs the means.
    encoder = [*layers[: n - 1], [array[..., :h] for array in last]]
    return _chain(encoder, hidden, code), _chain(layers[n:], hidden, "identity")


def _chain(layers, hidden, last):
    """Layers with activations between and after them."""
    activations = [hidden] * (len(layers) - 1) + [last]
    return [
        _Layer(coef, intercept, activation)
        for (coef, intercept), activation in zip(layers, activations, strict=True)
    ]


def _factored(chain, inputs):
    """The first layer as two, if these have fewer weights."""
    first, *rest = chain
    narrow, wide = factor_layer(first.coef, first.intercept, inputs, _MOST_FACTORS)
    if narrow[0].size + wide[0].size >= first.coef.size:
        return chain
    between = _Layer(narrow[0], narrow[1])
    return [between, _Layer(wide[0], wide[1], first.activation), *rest]


def _describe_chains(encoder, decoder, prefix=""):
    """Describe two chains; an encoder may be None."""
    to_code, arrays = None, {}
    if encoder is not None:
        to_code, arrays = _describe(encoder, f"{prefix}encoder", _ENCODER)
    from_code, decoder_arrays = _describe(decoder, f"{prefix}decoder", _DECODER)
    return {"encoder": to_code, "decoder": from_code}, arrays | decoder_arrays


def _describe(chain, name, largest):
    """Describe layers one after another, under a name."""
    described, arrays = [], {}
    for k, (coef, intercept, activation) in enumerate(chain):
        layer, (n_in, n_out) = f"{name}.{k}", coef.shape
        quantized, scale = quantize_columns(coef, largest)
        sizes = {"nIn": n_in, "nOut": n_out}
        described.append({"name": layer, **sizes, "activation": activation})
        arrays |= {
            f"{layer}.coef": quantized,
            f"{layer}.scale": scale,
            f"{layer}.intercept": intercept.astype(np.float32),
        }
    return described, arrays


# What describes an estimator, by the name of its class or of one that it inherits from:
# a function of the estimator and of the corpus' piano roll or None, that returns the
# network, with the name of a wiring in `model.js`, and its arrays.
_WIRINGS = {
    "Autoencoder": _dense,
    "VariationalAutoencoder": _dense,
    "AttributeVariationalAutoencoder": _dense,
    "PitchRhythmAutoencoder": _pitch_rhythm,
    "DualBranchAutoencoder": _dual_branch,
    "PCA": _principal_components,
    "NMF": _factors,
    "RecurrentAutoencoder": describe_recurrent,
    "VariationalRecurrentAutoencoder": describe_recurrent,
}


def _wiring_of(estimator):
    names = [base.__name__ for base in type(estimator).__mro__]
    for name in names:
        if name in _WIRINGS:
            return _WIRINGS[name]
    raise ValueError(
        f"A page cannot decode {names[0]}; expected one of {', '.join(_WIRINGS)}."
    )
