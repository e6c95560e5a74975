"""What a model tells of its latent space, whatever kind it is."""

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import HasMethods

# The constraint on every `model` of this package.
MODEL = [HasMethods(["transform", "inverse_transform"])]


def last_step(model):
    """Return the estimator whose codes `model.transform` gives."""
    return model[-1] if isinstance(model, Pipeline) else model


def encoded(model, X):
    """Latent vectors as an array, whatever `set_output` says."""
    return np.asarray(model.transform(X))


def as_row(row, name):
    """A single row, of shape (1, n_features); `name` is for the error."""
    row = np.asarray(row)
    if row.ndim == 1:
        row = row[np.newaxis]
    if row.ndim != 2 or len(row) != 1:
        raise ValueError(
            f"{name} must be one row, of shape (n_features,) or (1, n_features); got "
            f"shape {row.shape}."
        )
    return row


def latent_range(model, X=None):
    """Least and largest value of each latent variable over the data."""
    if X is not None:
        Z = encoded(model, X)
        return Z.min(axis=0), Z.max(axis=0)
    return _remembered(model, "latent_min_"), _remembered(model, "latent_max_")


def latent_mean(model, X=None):
    """Mean of each latent variable over the data."""
    if X is not None:
        return encoded(model, X).mean(axis=0)
    return _remembered(model, "latent_mean_")


def latent_spread(model):
    """Standard deviation of each latent variable; 1 where it has none."""
    spread = _remembered(model, "latent_std_")
    return np.where(spread > 0, spread, 1).astype(spread.dtype)


def _remembered(model, name):
    last = last_step(model)
    try:
        return getattr(last, name)
    except AttributeError:
        raise ValueError(
            f"{type(last).__name__} does not remember its {name}; pass the training "
            "data as X."
        ) from None
