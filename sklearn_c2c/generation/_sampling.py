"""New melodies from random latent vectors."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions, validate_params
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.generation._models import (
    MODEL,
    encode,
    encode_one,
    last_step,
    latent_range,
)

_METHOD = [StrOptions({"range", "prior", "gaussian", "kde"})]


@validate_params(
    {
        "model": MODEL,
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "method": _METHOD,
        "bandwidth": [StrOptions({"scott"}), Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def sample(
    model, n_samples, *, X=None, method="range", bandwidth="scott", random_state=None
):
    """Decode random latent vectors.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`.

    n_samples : int
        How many.

    X : array-like of shape (n_melodies, n_features), default=None
        Data to which "range", "gaussian" and "kde" fit. "range" can do without where
        the model remembers ``latent_min_`` and ``latent_max_``, as ours do and PCA
        does not.

    method : {"range", "prior", "gaussian", "kde"}, default="range"
        Where latent vectors come from, given the codes z_1 ... z_n of X.

        - "range": each latent variable uniform between its least and largest code.
        - "prior": the model's own ``sample_prior``, N(0, I) of a variational
          autoencoder.
        - "gaussian": N(mean, S), S the full covariance of the codes.
        - "kde": kernel density, z_i + b · N(0, S) around a random code z_i.

        S may be singular: draws stay in the affine space that the codes span.

    bandwidth : "scott" or float, default="scott"
        The b of "kde", in units of the spread of the codes; 0 repeats the data. "scott"
        is ``n ** (-1 / (d + 4))`` in ``d = min(h, n - 1)`` dimensions.

    random_state : int, RandomState instance or None, default=None
        An int gives the same result again.

    Returns
    -------
    samples : ndarray of shape (n_samples, ...)
        What ``model.inverse_transform`` returns.

    Raises
    ------
    ValueError
        If the model has no prior to draw from, or X is needed and not given, or has
        less than two rows for "gaussian" or "kde".

    See Also
    --------
    vary : Samples near a given melody.

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
    rng = check_random_state(random_state)
    return model.inverse_transform(_draw(model, n_samples, X, method, bandwidth, rng))


@validate_params(
    {
        "model": MODEL,
        "start": ["array-like"],
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "strength": [Interval(Real, 0, 1, closed="both")],
        "method": _METHOD,
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def vary(
    model,
    start,
    n_samples=5,
    *,
    strength=0.5,
    X=None,
    method="range",
    random_state=None,
):
    """Vary a melody: go part of the way from its code to random ones.

    ``z_k = (1 - strength) * z_start + strength * r_k``, with r_k drawn as by `sample`.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`.

    start : array-like of shape (n_features,) or (1, n_features)
        The melody, as ``model.transform`` takes it.

    n_samples : int, default=5
        How many variations.

    strength : float in [0, 1], default=0.5
        0 gives the reconstruction, 1 what `sample` gives. With "range" no latent
        variable moves by more than this share of its range.

    X : array-like of shape (n_melodies, n_features), default=None
        Data to which `method` fits, as in `sample`.

    method : {"range", "prior", "gaussian", "kde"}, default="range"
        Where random latent vectors come from, as in `sample`.

    random_state : int, RandomState instance or None, default=None
        An int gives the same result again, and the same directions at any strength.

    Returns
    -------
    variations : ndarray of shape (n_samples, ...)
        What ``model.inverse_transform`` returns.

    Raises
    ------
    ValueError
        If start is not one row, or as `sample`.

    See Also
    --------
    neighbours : The melodies of a corpus nearest to a given one.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder, generation
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]]
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder(h=8, random_state=0))
    >>> generation.vary(model.fit(X), X[0], n_samples=2, strength=0).tolist()
    [[62, 129, 64, 66], [62, 129, 64, 66]]
    """
    check_is_fitted(model)
    rng = check_random_state(random_state)
    z_start = encode_one(model, start, "start")
    Z = _draw(model, n_samples, X, method, "scott", rng)
    Z = (1 - strength) * z_start + strength * Z
    return model.inverse_transform(Z.astype(z_start.dtype, copy=False))


def _draw(model, n_samples, X, method, bandwidth, rng):
    """Random latent vectors, of shape (n_samples, h), in the type of the codes."""
    if method == "range":
        low, high = latent_range(model, X)
        return rng.uniform(low, high, (n_samples, len(low))).astype(low.dtype)
    if method == "prior":
        return _draw_prior(model, n_samples, rng)
    codes = _codes(model, X, method)
    if method == "gaussian":
        Z = codes.mean(axis=0) + _noise(codes, n_samples, rng)
    else:
        if bandwidth == "scott":
            bandwidth = _scott(*codes.shape)
        centers = codes[rng.randint(len(codes), size=n_samples)]
        Z = centers + bandwidth * _noise(codes, n_samples, rng)
    return Z.astype(codes.dtype, copy=False)


def _draw_prior(model, n_samples, rng):
    last = last_step(model)
    if not hasattr(last, "sample_prior"):
        raise ValueError(
            f"{type(last).__name__} has no prior (no sample_prior) to draw from; use "
            'another method, such as "gaussian", or a VariationalAutoencoder.'
        )
    return last.sample_prior(n_samples, random_state=rng)


def _codes(model, X, method):
    if X is None:
        raise ValueError(
            f"method={method!r} fits the codes of the training data; pass it as X."
        )
    codes = encode(model, X)
    if len(codes) < 2:
        raise ValueError(f"method={method!r} needs two rows of X or more, got one.")
    return codes


def _noise(codes, n_samples, rng):
    """Draw from N(0, S), S the covariance of the codes.

    A random mixture of the deviations from the mean has covariance S whatever its
    rank, and needs no factorisation of it.
    """
    deviations = codes - codes.mean(axis=0)
    mixture = rng.standard_normal((n_samples, len(codes)))
    return mixture @ deviations / np.sqrt(len(codes) - 1)


def _scott(n_samples, n_features):
    return n_samples ** (-1 / (min(n_features, n_samples - 1) + 4))
