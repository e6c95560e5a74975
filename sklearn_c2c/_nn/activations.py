"""Activation functions and their derivatives."""

import numpy as np

from sklearn_c2c._nn import kernels

# Exponentials computed at once; few enough to stay in cache.
_EXPONENTIALS = 256


def sigmoid(a):
    """Return ``1 / (1 + exp(-a))``."""
    out = np.empty(a.shape, a.dtype)
    rows = out.reshape(1, -1), np.empty(1), a.reshape(1, -1)
    kernels.sigmoid_expectation(0, 1, *rows, exp_scratch(a.dtype))
    return out


def exp_scratch(dtype):
    """Integer scratch space for the exponentials of a kernel."""
    return np.empty(_EXPONENTIALS, f"i{dtype.itemsize}")


def _relu(a):
    return np.maximum(a, 0)


def _identity(a):
    return a


# Name: the function, and its derivative written in the function's value z.
ACTIVATIONS = {
    "sigmoid": (sigmoid, lambda z: z * (1 - z)),
    "tanh": (np.tanh, lambda z: 1 - z * z),
    "relu": (_relu, lambda z: (z > 0).astype(z.dtype)),
    "identity": (_identity, np.ones_like),
}
