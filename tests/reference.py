"""A plain float64 NumPy autoencoder, written straight from the formulas."""

import numpy as np

ACTIVATIONS = {
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "tanh": np.tanh,
    "relu": lambda a: np.maximum(a, 0),
    "identity": lambda a: a,
}
DERIVATIVES = {
    "sigmoid": lambda a: np.exp(-a) / (1 + np.exp(-a)) ** 2,
    "tanh": lambda a: 1 / np.cosh(a) ** 2,
    "relu": lambda a: (a > 0) * 1.0,
    "identity": lambda a: np.ones_like(a),
}


def mean_loss(parameters, X, activation, group_size=None):
    """Cross-entropy, nats a sample."""
    W1, W2, b1, b2 = parameters
    logits = ACTIVATIONS[activation](X @ W1 + b1) @ W2 + b2
    if group_size is None:
        loss = np.logaddexp(0, logits) - X * logits
    else:
        shape = (len(X), -1, group_size)
        groups, x = logits.reshape(shape), X.reshape(shape)
        loss = -x * (groups - np.log(np.exp(groups).sum(axis=2, keepdims=True)))
    return loss.sum() / len(X)


def gradients(parameters, X, activation, group_size=None):
    """Gradients of `mean_loss`, in the order of the parameters."""
    W1, W2, b1, b2 = parameters
    a = X @ W1 + b1
    z = ACTIVATIONS[activation](a)
    logits = z @ W2 + b2
    if group_size is None:
        output = 1 / (1 + np.exp(-logits))
    else:
        e = np.exp(logits.reshape(len(X), -1, group_size))
        sums = X.reshape(e.shape).sum(axis=2, keepdims=True)
        output = (sums * e / e.sum(axis=2, keepdims=True)).reshape(X.shape)
    delta_2 = (output - X) / len(X)
    delta_1 = (delta_2 @ W2.T) * DERIVATIVES[activation](a)
    return X.T @ delta_1, z.T @ delta_2, delta_1.sum(axis=0), delta_2.sum(axis=0)


def train(parameters, X, batches, activation, group_size, rate, betas, epsilon):
    """Dense Adam over batches of rows; return the mean loss of each batch before it."""
    beta_1, beta_2 = betas
    m = [np.zeros_like(p) for p in parameters]
    v = [np.zeros_like(p) for p in parameters]
    losses = []
    for t, batch in enumerate(batches, start=1):
        losses.append(mean_loss(parameters, X[batch], activation, group_size))
        for i, g in enumerate(gradients(parameters, X[batch], activation, group_size)):
            m[i] = beta_1 * m[i] + (1 - beta_1) * g
            v[i] = beta_2 * v[i] + (1 - beta_2) * g**2
            step = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
            parameters[i] -= step * m[i] / (np.sqrt(v[i]) + epsilon)
    return losses
