"""Ways between melodies."""

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions, validate_params
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.generation._models import MODEL, encode_one


@validate_params(
    {
        "model": MODEL,
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
    z_start = encode_one(model, start, "start")
    z_target = encode_one(model, target, "target")
    t = np.linspace(0, 1, n_steps + 1, dtype=z_start.dtype)[:, None]
    return model.inverse_transform((1 - t) * z_start + t * z_target)
