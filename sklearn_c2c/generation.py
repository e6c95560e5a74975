"""Compose by moving in a latent space: plain functions on fitted models.

A model is anything with `transform` and `inverse_transform`: an autoencoder, a Pipeline
that begins with a `PianoRollEncoder`, scikit-learn's PCA. What comes back is what its
`inverse_transform` returns; of a Pipeline, melodies. Imports nothing of ours.
"""

from numbers import Integral

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    StrOptions,
    validate_params,
)
from sklearn.utils.validation import check_is_fitted


@validate_params(
    {
        "model": [HasMethods(["transform", "inverse_transform"])],
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "method": [StrOptions({"range"})],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def sample(model, n_samples, *, X=None, method="range", random_state=None):
    """Decode random latent vectors.

    Each latent variable is drawn uniformly between the least and the largest value that
    it takes over the training data.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`.

    n_samples : int
        How many.

    X : array-like, default=None
        Data whose latent vectors give the range. Needed for models that do not remember
        it as ``latent_min_`` and ``latent_max_``, such as PCA.

    method : {"range"}, default="range"
        How latent vectors are drawn.

    random_state : int, RandomState instance or None, default=None
        An int gives the same result again.

    Returns
    -------
    samples : ndarray of shape (n_samples, ...)
        What ``model.inverse_transform`` returns.

    Raises
    ------
    ValueError
        If the model remembers no range and X is not given.

    References
    ----------
    J.-P. Briot, "Compress to Create", section V.i and footnote 17.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder, generation
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]]
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder(h=8, random_state=0))
    >>> generation.sample(model.fit(X), n_samples=2, random_state=0).shape
    (2, 4)
    """
    check_is_fitted(model)
    low, high = _latent_range(model, X)
    rng = check_random_state(random_state)
    Z = rng.uniform(low, high, (n_samples, len(low))).astype(low.dtype)
    return model.inverse_transform(Z)


@validate_params(
    {
        "model": [HasMethods(["transform", "inverse_transform"])],
        "start": ["array-like"],
        "target": ["array-like"],
        "n_steps": [Interval(Integral, 1, None, closed="left")],
        "method": [StrOptions({"linear"})],
    },
    prefer_skip_nested_validation=True,
)
def interpolate(model, start, target, n_steps=5, *, method="linear"):
    """Morph one melody into another: decode points on the way between their codes.

    ``z_k = (1 - k / n_steps) * z_start + k / n_steps * z_target``, k from 0 to n_steps.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`.

    start, target : array-like of shape (n_features,) or (1, n_features)
        One row each, as ``model.transform`` takes them: of a Pipeline, melodies.

    n_steps : int, default=5
        Steps to walk.

    method : {"linear"}, default="linear"
        The way between the two codes.

    Returns
    -------
    path : ndarray of shape (n_steps + 1, ...)
        What ``model.inverse_transform`` returns. The first and the last are the
        reconstructions of start and target.

    Raises
    ------
    ValueError
        If start or target is not one row.

    References
    ----------
    J.-P. Briot, "Compress to Create", section V.ii.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder, generation
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]]
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder(h=8, random_state=0))
    >>> path = generation.interpolate(model.fit(X), X[0], X[1], n_steps=4)
    >>> path.shape, path[0].tolist() == X[0], path[-1].tolist() == X[1]
    ((5, 4), True, True)
    """
    check_is_fitted(model)
    z_start = _encode_one(model, start, "start")
    z_target = _encode_one(model, target, "target")
    t = np.linspace(0, 1, n_steps + 1, dtype=z_start.dtype)[:, None]
    return model.inverse_transform((1 - t) * z_start + t * z_target)


def _encode(model, X):
    """Latent vectors as an array, whatever `set_output` says."""
    return np.asarray(model.transform(X))


def _encode_one(model, row, name):
    row = np.asarray(row)
    if row.ndim == 1:
        row = row[np.newaxis]
    if row.ndim != 2 or len(row) != 1:
        raise ValueError(
            f"{name} must be one row, of shape (n_features,) or (1, n_features); got "
            f"shape {row.shape}."
        )
    return _encode(model, row)


def _latent_range(model, X):
    """Least and largest value of each latent variable over the data."""
    if X is not None:
        Z = _encode(model, X)
        return Z.min(axis=0), Z.max(axis=0)
    last = model[-1] if isinstance(model, Pipeline) else model
    try:
        return last.latent_min_, last.latent_max_
    except AttributeError:
        raise ValueError(
            f"{type(last).__name__} does not remember the range of its latent "
            "variables; pass the training data as X."
        ) from None
