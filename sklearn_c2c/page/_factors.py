"""Wide layers as two narrow ones, where the inputs leave most of them unused."""

import numpy as np

# Singular values of the inputs below this share of the largest are rounding errors.
_ROUNDING = 1e-5


def factor_layer(coef, intercept, inputs, most):
    """Write a dense layer as two, exact on the affine span of some inputs.

    With V the first principal axes of the inputs and m their mean, ``x @ coef`` becomes
    ``(x @ V) @ (V.T @ coef)``, plus what the mean loses by it. Other inputs are
    projected on the span first. If the inputs have more axes than `most`, it is an
    approximation for them, too.

    Parameters
    ----------
    coef : ndarray of shape (n_in, n_out)
    intercept : ndarray of shape (n_out,)
    inputs : ndarray of shape (n_samples, n_in)
    most : int
        Largest number of columns between the two layers.

    Returns
    -------
    list of (ndarray, ndarray)
        Weights and biases of the two layers.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> coef, intercept = rng.normal(size=(9, 7)), np.zeros(7)
    >>> inputs = rng.normal(size=(3, 9))
    >>> first, second = factor_layer(coef, intercept, inputs, most=5)
    >>> first[0].shape, second[0].shape
    ((9, 2), (2, 7))
    >>> outputs = (inputs @ first[0] + first[1]) @ second[0] + second[1]
    >>> bool(np.allclose(outputs, inputs @ coef))
    True
    """
    mean = inputs.mean(axis=0, dtype=np.float64)
    _, sizes, axes = np.linalg.svd(inputs - mean, full_matrices=False)
    n_axes = max(1, min(most, int((sizes > _ROUNDING * sizes[0]).sum())))
    axes = axes[:n_axes].T
    between = axes.T @ coef
    lost = mean @ coef - (mean @ axes) @ between
    return [(axes, np.zeros(n_axes)), (between, intercept + lost)]
