"""What a model tells of its latent space, whatever kind it is."""

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import HasMethods

# The constraint on every `model` of this package.
MODEL = [HasMethods(["transform", "inverse_transform"])]


def last_step(model):
    """Return the estimator whose codes `model.transform` gives."""
    return model[-1] if isinstance(model, Pipeline) else model


def encode(model, X):
    """Latent vectors as an array, whatever `set_output` says."""
    return np.asarray(model.transform(X))


def encode_one(model, row, name):
    """Latent vector of a single row, of shape (1, h); `name` is for the error."""
    row = np.asarray(row)
    if row.ndim == 1:
        row = row[np.newaxis]
    if row.ndim != 2 or len(row) != 1:
        raise ValueError(
            f"{name} must be one row, of shape (n_features,) or (1, n_features); got "
            f"shape {row.shape}."
        )
    return encode(model, row)


def latent_range(model, X=None):
    """Least and largest value of each latent variable over the data."""
    if X is not None:
        Z = encode(model, X)
        return Z.min(axis=0), Z.max(axis=0)
    return _remembered(model, "latent_min_"), _remembered(model, "latent_max_")


def latent_mean(model, X=None):
    """Mean of each latent variable over the data."""
    if X is not None:
        return encode(model, X).mean(axis=0)
    return _remembered(model, "latent_mean_")


def _remembered(model, name):
    last = last_step(model)
    try:
        return getattr(last, name)
    except AttributeError:
        raise ValueError(
            f"{type(last).__name__} does not remember its {name}; pass the training "
            "data as X."
        ) from None
