"""Strategies that start from the latent vectors of given melodies."""

from numbers import Integral, Real

import numpy as np
from sklearn.neighbors import NearestNeighbors
from sklearn.utils import Bunch
from sklearn.utils._param_validation import Interval, validate_params
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.generation._encoding import ENCODING, encode, encode_one
from sklearn_c2c.generation._form import FORM, decode, letters_of
from sklearn_c2c.generation._models import MODEL, LatentModel


@validate_params(
    {
        "model": MODEL,
        "X": ["array-like"],
        "offset": ["array-like", Real],
        "encoding": ENCODING,
        "form": FORM,
    },
    prefer_skip_nested_validation=True,
)
def translate(model, X, offset, *, encoding="encoder", form=None):
    """Move melodies in the latent space: decode ``z + offset``.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`.

    X : array-like of shape (n_melodies, n_features)
        Melodies, as ``model.transform`` takes them.

    offset : float or array-like of shape (h,) or (n_offsets, h)
        Offsets added to the latent vectors: one for all melodies, one for each melody,
        or several for a single melody. 0 gives the reconstructions.

    encoding : {"encoder", "search"}, default="encoder"
        How latent vectors of melodies are found, see `encode`.

    form : str, array-like of shape (n_steps,) or None, default=None
        Which places of a melody are alike: letters or a melody, as in `sample`.

    Returns
    -------
    moved : ndarray of shape (n_melodies or n_offsets, ...)
        What ``model.inverse_transform`` returns.

    Raises
    ------
    ValueError
        If the shapes of offset and latent vectors do not match, or offset is not
        finite.

    References
    ----------
    J.-P. Briot, "Compress to Create", section V.i.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder, generation
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]]
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder(h=2, random_state=0))
    >>> generation.translate(model.fit(X), X, [0.1, -0.2]).shape
    (3, 4)
    >>> generation.translate(model, X, 0).tolist() == X
    True
    """
    check_is_fitted(model)
    Z = encode(model, X, method=encoding)
    Z = Z + _check_offsets(offset, Z)
    latent = LatentModel(model)
    return decode(latent, Z, letters_of(latent, form, Z))


@validate_params(
    {
        "model": MODEL,
        "X": ["array-like"],
        "weights": ["array-like", None],
        "encoding": ENCODING,
        "form": FORM,
    },
    prefer_skip_nested_validation=True,
)
def average(model, X, weights=None, *, encoding="encoder", form=None):
    """Decode the mean of latent vectors, ``sum_i w_i z_i / sum_i w_i``.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`.

    X : array-like of shape (n_melodies, n_features)
        Melodies, as ``model.transform`` takes them.

    weights : array-like of shape (n_melodies,), default=None
        Weight of each melody; None gives all the same weight. With all weight on one
        melody the result is its reconstruction.

    encoding : {"encoder", "search"}, default="encoder"
        How latent vectors of melodies are found, see `encode`.

    form : str, array-like of shape (n_steps,) or None, default=None
        Which places of a melody are alike: letters or a melody, as in `sample`.

    Returns
    -------
    blend : ndarray of shape (1, ...)
        What ``model.inverse_transform`` returns.

    Raises
    ------
    ValueError
        If there is not one finite weight for each melody, or their sum is 0.

    References
    ----------
    J.-P. Briot, "Compress to Create", section V.i.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder, generation
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]]
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder(h=8, random_state=0))
    >>> generation.average(model.fit(X), X, weights=[0, 1, 0]).tolist()
    [[66, 64, 62, 129]]
    """
    check_is_fitted(model)
    Z = encode(model, X, method=encoding)
    if weights is not None:
        weights = _check_weights(weights, len(Z))
    mean = np.average(Z, axis=0, weights=weights)[np.newaxis]
    mean = mean.astype(Z.dtype, copy=False)
    latent = LatentModel(model)
    return decode(latent, mean, letters_of(latent, form, mean))


@validate_params(
    {
        "model": MODEL,
        "start": ["array-like"],
        "X": ["array-like"],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def neighbors(model, start, X, n_neighbors=5):
    """Find the melodies of a corpus whose latent vectors are nearest to a given one's.

    The distance is Euclidean, ``|z_i - z_start|``.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`.

    start : array-like of shape (n_features,) or (1, n_features)
        The melody, as ``model.transform`` takes it. If it is in X, it is its own
        nearest neighbor.

    X : array-like of shape (n_melodies, n_features)
        The corpus.

    n_neighbors : int, default=5
        Number of neighbors.

    Returns
    -------
    result : Bunch
        Sorted by distance, the nearest first.

        - indices : ndarray of shape (n_neighbors,), rows of X.
        - distances : ndarray of shape (n_neighbors,), in the latent space.

    Raises
    ------
    ValueError
        If start is not one row, or X has fewer than n_neighbors rows.

    See Also
    --------
    vary : New melodies near a given one.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder, generation
    >>> X = [[62, 129, 64, 66], [62, 129, 64, 62], [69, 66, 62, 62]]
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder(h=8, random_state=0))
    >>> generation.neighbors(model.fit(X), X[0], X, n_neighbors=2).indices
    array([0, 1])
    """
    check_is_fitted(model)
    z_start = encode_one(model, start, "start")
    Z = encode(model, X, method="encoder")
    if n_neighbors > len(Z):
        raise ValueError(f"n_neighbors={n_neighbors}, but X has {len(Z)} rows.")
    search = NearestNeighbors(n_neighbors=n_neighbors).fit(Z)
    distances, indices = search.kneighbors(z_start)
    return Bunch(indices=indices[0], distances=distances[0])


def _check_offsets(offsets, Z):
    """Check offsets: a number, a vector for all latent vectors, or one for each."""
    offsets = np.asarray(offsets, dtype=Z.dtype)
    n_offsets, width = np.atleast_2d(offsets).shape[-2:]
    one_each = len({1, n_offsets, len(Z)}) <= 2
    if offsets.ndim and not (offsets.ndim <= 2 and width == Z.shape[1] and one_each):
        raise ValueError(
            f"An offset of shape {offsets.shape} does not fit latent vectors of shape "
            f"{Z.shape}; expected ({Z.shape[1]},) or one such row for each melody."
        )
    if not offsets.size or not np.isfinite(offsets).all():
        raise ValueError(
            f"Expected finite offsets, at least one row, got an array of shape "
            f"{offsets.shape}; look at offset, and at the scale of an attribute."
        )
    return offsets


def _check_weights(weights, n_melodies):
    weights = np.asarray(weights, dtype=float)
    if weights.shape != (n_melodies,) or not np.isfinite(weights).all():
        raise ValueError(
            f"weights must be {n_melodies} finite numbers, one for each melody; got "
            f"{weights.tolist()}."
        )
    if weights.sum() == 0:
        raise ValueError("weights sum to 0; expected another sum to divide by.")
    return weights
