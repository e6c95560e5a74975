"""Paths: between melodies, and along one latent variable."""

from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions, validate_params
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.generation._encoding import ENCODING, encode, encode_one
from sklearn_c2c.generation._form import FORM, decode, letters_of
from sklearn_c2c.generation._models import MODEL, LatentModel

# Two directions are parallel or opposite if the sine between them is below this.
_PARALLEL = 1e-6


@validate_params(
    {
        "model": MODEL,
        "start": ["array-like"],
        "target": ["array-like"],
        "n_points": [Interval(Integral, 2, None, closed="left")],
        "method": [StrOptions({"linear", "spherical"})],
        "encoding": ENCODING,
        "form": FORM,
    },
    prefer_skip_nested_validation=True,
)
def interpolate(
    model,
    start,
    target,
    n_points=6,
    *,
    method="linear",
    X=None,
    encoding="encoder",
    form=None,
):
    """Decode points on a path between the latent vectors of two melodies.

    "linear", with equally spaced t from 0 to 1::

        z(t) = (1 - t) * z_start + t * z_target

    "spherical", with m the latent mean, a = z_start - m, b = z_target - m and w the
    angle between a and b::

        z(t) = m + (sin((1 - t) * w) * a + sin(t * w) * b) / sin(w)

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`.

    start, target : array-like of shape (n_features,) or (1, n_features)
        One row each, as ``model.transform`` takes them.

    n_points : int, default=6
        Number of points of the path, both ends included.

    method : {"linear", "spherical"}, default="linear"
        Shape of the path. A straight line may pass near the latent mean; a spherical
        path keeps the distance from it. If a and b are parallel, opposite or 0, the
        path is a straight line.

    X : array-like of shape (n_melodies, n_features), default=None
        Data whose latent vectors define the mean of "spherical", needed for a model
        without ``latent_mean_``; and corpus of ``form="corpus"``.

    encoding : {"encoder", "search"}, default="encoder"
        How latent vectors of melodies are found, see `encode`.

    form : str, array-like of shape (n_steps,) or None, default=None
        Which places of a melody are alike: as in `sample`.

    Returns
    -------
    path : ndarray of shape (n_points, ...)
        What ``model.inverse_transform`` returns. The first and the last are the
        reconstructions of start and target.

    Raises
    ------
    ValueError
        If start or target is not one row, or the latent mean is not known.

    See Also
    --------
    interpolate_grid : Between four melodies.

    References
    ----------
    J.-P. Briot, "Compress to Create", section V.ii.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder, generation
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]]
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder(h=8, random_state=0))
    >>> path = generation.interpolate(model.fit(X), X[0], X[1], n_points=5)
    >>> path.shape, path[0].tolist() == X[0], path[-1].tolist() == X[1]
    ((5, 4), True, True)
    """
    check_is_fitted(model)
    z_start = encode_one(model, start, "start", encoding)
    z_target = encode_one(model, target, "target", encoding)
    latent, t = LatentModel(model), _times(n_points, z_start.dtype)
    if method == "linear":
        Z = _linear(z_start, z_target, t)
    else:
        Z = _spherical(z_start, z_target, t, latent.mean(X))
    return decode(latent, Z, letters_of(latent, form, Z, X=X))


@validate_params(
    {
        "model": MODEL,
        "corners": ["array-like"],
        "n_points": [Interval(Integral, 2, None, closed="left")],
        "encoding": ENCODING,
        "form": FORM,
    },
    prefer_skip_nested_validation=True,
)
def interpolate_grid(model, corners, n_points=6, *, encoding="encoder", form=None):
    """Decode a grid of points between the latent vectors of four melodies.

    With u (down) and v (to the right) equally spaced from 0 to 1::

        z(u, v) = (1 - v) * ((1 - u) * z_1 + u * z_3) + v * ((1 - u) * z_2 + u * z_4)

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`.

    corners : array-like of shape (4, n_features)
        Melodies top left, top right, bottom left, bottom right.

    n_points : int, default=6
        Number of points along each side, both corners included.

    encoding : {"encoder", "search"}, default="encoder"
        How latent vectors of melodies are found, see `encode`.

    form : str, array-like of shape (n_steps,) or None, default=None
        Which places of a melody are alike: letters or a melody, as in `sample`.

    Returns
    -------
    grid : ndarray of shape (n_points**2, ...)
        What ``model.inverse_transform`` returns, row by row from left to right. The
        four corners are the reconstructions of the melodies.

    Raises
    ------
    ValueError
        If corners are not four rows.

    References
    ----------
    J.-P. Briot, "Compress to Create", section V.ii.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder, generation
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62], [62, 66, 69, 66]]
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder(h=8, random_state=0))
    >>> grid = generation.interpolate_grid(model.fit(X), X, n_points=3)
    >>> grid.reshape(3, 3, 4)[2, 0].tolist() == X[2]
    True
    """
    check_is_fitted(model)
    Z = encode(model, corners, method=encoding)
    if len(Z) != 4:
        raise ValueError(f"corners must be four rows, got {len(Z)}.")
    t = _times(n_points, Z.dtype)
    left, right = _linear(Z[0], Z[2], t), _linear(Z[1], Z[3], t)
    grid = _linear(left[:, np.newaxis], right[:, np.newaxis], t)
    grid = grid.reshape(-1, Z.shape[1])
    latent = LatentModel(model)
    return decode(latent, grid, letters_of(latent, form, grid))


@validate_params(
    {
        "model": MODEL,
        "dimension": [Interval(Integral, 0, None, closed="left")],
        "n_points": [Interval(Integral, 2, None, closed="left")],
        "form": FORM,
    },
    prefer_skip_nested_validation=True,
)
def sweep(model, dimension, n_points=6, *, X=None, form=None):
    """Decode one latent variable from its minimum to its maximum.

    The other latent variables stay at their mean. Minimum, maximum and mean are those
    over the training data.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`.

    dimension : int
        Index of the latent variable.

    n_points : int, default=6
        Number of points of the path, both ends included.

    X : array-like of shape (n_melodies, n_features), default=None
        The training data, needed for a model without ``latent_min_``, ``latent_max_``
        and ``latent_mean_``, such as PCA; and corpus of ``form="corpus"``.

    form : str, array-like of shape (n_steps,) or None, default=None
        Which places of a melody are alike: as in `sample`.

    Returns
    -------
    path : ndarray of shape (n_points, ...)
        What ``model.inverse_transform`` returns.

    Raises
    ------
    ValueError
        If there is no such latent variable, or its range is not known.

    References
    ----------
    J.-P. Briot, "Compress to Create", section V.ii, footnote 23, figures 14-16.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder, generation
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]]
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder(h=2, random_state=0))
    >>> generation.sweep(model.fit(X), dimension=1, n_points=4).shape
    (4, 4)
    """
    check_is_fitted(model)
    latent = LatentModel(model)
    values = latent.values(dimension, n_points, X)
    Z = np.tile(latent.mean(X), (n_points, 1))
    Z[:, dimension] = values
    return decode(latent, Z, letters_of(latent, form, Z, X=X))


def _times(n_points, dtype):
    return np.linspace(0, 1, n_points, dtype=dtype)[:, np.newaxis]


def _linear(start, target, t):
    return (1 - t) * start + t * target


def _spherical(start, target, t, center):
    """Great-circle path around the center; a straight line if that is not defined.

    The ends are copied, since start - center + center may differ from start by
    rounding.
    """
    a, b = np.float64(start - center), np.float64(target - center)
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    cosine = np.vdot(a, b) / lengths if lengths else 1.0
    angle = np.arccos(np.clip(cosine, -1, 1))
    if np.sin(angle) < _PARALLEL:
        return _linear(start, target, t)
    t = np.float64(t)
    Z = center + (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
    Z[0], Z[-1] = start, target
    return Z.astype(start.dtype)
