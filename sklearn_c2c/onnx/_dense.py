"""Encoders and decoders of dense layers as operators of ONNX."""

import numpy as np

_OPERATORS = {
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "relu": "Relu",
    "identity": "Identity",
}


def encode(graph, model, x):
    """Latent vectors of rows.

    Parameters
    ----------
    graph : Graph
    model : estimator
        A fitted autoencoder of dense layers.
    x : str
        Rows.

    Returns
    -------
    str
    """
    layers, _ = _halves(model)
    z = chain(graph, x, means(layers, len(model.latent_mean_)), model.hidden_activation)
    # Variational models have no such parameter: their code has no activation.
    return graph.apply(_OPERATORS[getattr(model, "activation", "identity")], z)


def decode(graph, model, z):
    """Probabilities of latent vectors; for the parameters see `encode`."""
    _, layers = _halves(model)
    logits = chain(graph, z, layers, model.hidden_activation)
    if model.group_size_ is None:
        return graph.apply("Sigmoid", logits)
    P = softmax(graph, logits, model.n_features_in_, model.group_size_)
    return graph.apply("Reshape", P, [0, model.n_features_in_])


def chain(graph, x, layers, hidden_activation):
    """Layers, each a pair of weights and intercept, and activations between them."""
    for i, layer in enumerate(layers):
        if i:
            x = graph.apply(_OPERATORS[hidden_activation], x)
        x = graph.affine(x, layer)
    return x


def softmax(graph, logits, n_columns, group_size):
    """Probabilities of shape (n_samples, n_groups, group_size)."""
    shape = [0, n_columns // group_size, group_size]
    return graph.apply("Softmax", graph.apply("Reshape", logits, shape), axis=-1)


def means(layers, h):
    """Layers of an encoder, without the columns after h of the last one.

    Those of variational models are log variances.
    """
    coef, intercept = layers[-1]
    last = np.ascontiguousarray(coef[:, :h]), intercept[:h]
    return [*layers[:-1], last]


def _halves(model):
    """Layers of the encoder, and of the decoder."""
    layers = list(zip(model.coefs_, model.intercepts_, strict=True))
    # Behind them are a classifier and an adversary for each set of labels.
    n_heads = 2 * len(getattr(model, "classes_", ()))
    n = (len(layers) - n_heads) // 2
    return layers[:n], layers[n : 2 * n]
