"""New melodies from random latent vectors."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions, validate_params
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.generation._encoding import ENCODING, encode_one
from sklearn_c2c.generation._form import FORM, decode, letters_of
from sklearn_c2c.generation._models import MODEL, LatentModel

_METHOD = [StrOptions({"range", "prior", "gaussian", "diagonal", "kde"})]
_SCALE = [Interval(Real, 0, None, closed="left")]


@validate_params(
    {
        "model": MODEL,
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "method": _METHOD,
        "scale": _SCALE,
        "bandwidth": [StrOptions({"scott"}), Interval(Real, 0, None, closed="left")],
        "form": FORM,
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def sample(
    model,
    n_samples=8,
    *,
    X=None,
    method="range",
    scale=1.0,
    bandwidth="scott",
    form=None,
    random_state=None,
):
    """Decode random latent vectors.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`.

    n_samples : int, default=8
        Number of samples.

    X : array-like of shape (n_melodies, n_features), default=None
        Data to which "range", "gaussian", "diagonal" and "kde" are fitted, and corpus
        of ``form="corpus"``. "range" needs it only for a model without ``latent_min_``
        and ``latent_max_``, such as PCA.

    method : {"range", "prior", "gaussian", "diagonal", "kde"}, default="range"
        Distribution of the latent vectors, given those of X, z_1 ... z_n.

        - "range": each latent variable uniform between its minimum and maximum.
        - "prior": ``sample_prior`` of the model, N(0, I) for a variational autoencoder.
        - "gaussian": N(mean, S), S the full covariance of the z_i.
        - "diagonal": N(mean, D), D the diagonal of S: independent latent variables.
        - "kde": kernel density, z_i + b · N(0, S) for a random i.

        S may be singular: then all draws lie in the affine space that the z_i span.

    scale : float, default=1.0
        Factor of the distance from the mean (for "range", from the middle). Above 1 the
        results are less similar to the tunes of X. "kde" has a bandwidth instead.

    bandwidth : "scott" or float, default="scott"
        The b of "kde", in units of the standard deviations of the z_i; 0 repeats the
        data. "scott" is ``n ** (-1 / (d + 4))`` in ``d = min(h, n - 1)`` dimensions.

    form : str, array-like of shape (n_steps,) or None, default=None
        Which places of a melody are alike. Their outputs are averaged before they are
        decoded, and their tokens are equal in the result. It needs a Pipeline that
        begins with a `PianoRollEncoder` and decodes to probabilities.

        - letters, such as "AABA": the steps are divided into as many equal places, and
          places with the same letter are alike;
        - a melody: half measures that are equal in it are alike;
        - "corpus": half measures that are equal in a tune of X are alike. For each
          result the tune is drawn from the seven whose latent vectors are nearest in
          direction from the mean;
        - None: no places are alike.

        Places are those of whole rows. A melody that ends early has the form of the
        places before its end.

    random_state : int, RandomState instance or None, default=None
        An int makes the result reproducible.

    Returns
    -------
    samples : ndarray of shape (n_samples, ...)
        What ``model.inverse_transform`` returns.

    Raises
    ------
    ValueError
        If the model has no prior, X is needed and not given, X has less than two rows
        for "gaussian", "diagonal" or "kde", the form does not divide the steps, or the
        model does not decode to probabilities of steps and a form is given.

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
    rng, latent = check_random_state(random_state), LatentModel(model)
    Z = _draw(latent, n_samples, X, method, scale, bandwidth, rng)
    return decode(latent, Z, letters_of(latent, form, Z, X=X, rng=rng))


@validate_params(
    {
        "model": MODEL,
        "start": ["array-like"],
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "strength": [Interval(Real, 0, 1, closed="both")],
        "method": _METHOD,
        "scale": _SCALE,
        "encoding": ENCODING,
        "form": FORM,
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
    scale=1.0,
    encoding="encoder",
    form=None,
    random_state=None,
):
    """Vary a melody: move its latent vector towards random ones.

    Decodes ``z_k = (1 - strength) * z_start + strength * r_k``, with r_k drawn as in
    `sample`.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`.

    start : array-like of shape (n_features,) or (1, n_features)
        The melody, as ``model.transform`` takes it.

    n_samples : int, default=5
        Number of variations.

    strength : float in [0, 1], default=0.5
        0 gives the reconstruction, 1 random melodies as `sample` does. With "range"
        each latent variable changes at most by this share of its range.

    X : array-like of shape (n_melodies, n_features), default=None
        Data to which `method` is fitted, as in `sample`.

    method : {"range", "prior", "gaussian", "diagonal", "kde"}, default="range"
        Distribution of the random latent vectors, as in `sample`.

    scale : float, default=1.0
        Factor of their distance from the mean, as in `sample`.

    encoding : {"encoder", "search"}, default="encoder"
        How latent vectors of melodies are found, see `encode`.

    form : str, array-like of shape (n_steps,) or None, default=None
        Which places are alike, as in `sample`; ``form=start`` keeps the form of the
        melody.

    random_state : int, RandomState instance or None, default=None
        An int makes the result reproducible, and the directions the same at any
        strength.

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
    neighbors : The melodies of a corpus nearest to a given one.

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
    rng, latent = check_random_state(random_state), LatentModel(model)
    z_start = encode_one(model, start, "start", encoding)
    Z = _draw(latent, n_samples, X, method, scale, "scott", rng)
    Z = ((1 - strength) * z_start + strength * Z).astype(z_start.dtype, copy=False)
    return decode(latent, Z, letters_of(latent, form, Z, X=X, rng=rng))


def _draw(latent, n_samples, X, method, scale, bandwidth, rng):
    """Draw latent vectors of shape (n_samples, h), in the dtype of the model's."""
    if method == "range":
        low, high = latent.range(X)
        Z = rng.uniform(low, high, (n_samples, len(low))).astype(low.dtype)
        return Z if scale == 1 else _scaled(Z, (low + high) / 2, scale)
    if method == "prior":
        return _scaled(latent.draw_prior(n_samples, rng), 0, scale)
    Z_X = _encode_data(latent, X, method)
    if method == "gaussian":
        Z = Z_X.mean(axis=0) + scale * _noise(Z_X, n_samples, rng)
    elif method == "diagonal":
        noise = rng.standard_normal((n_samples, Z_X.shape[1]))
        Z = Z_X.mean(axis=0) + scale * Z_X.std(axis=0, ddof=1) * noise
    else:
        if scale != 1:
            raise ValueError(
                f"method='kde' takes no scale={scale:g}: its bandwidth sets the "
                "distance from the latent vectors of X."
            )
        if bandwidth == "scott":
            bandwidth = _scott(*Z_X.shape)
        centers = Z_X[rng.randint(len(Z_X), size=n_samples)]
        Z = centers + bandwidth * _noise(Z_X, n_samples, rng)
    return Z.astype(Z_X.dtype, copy=False)


def _scaled(Z, center, scale):
    return (center + scale * (Z - center)).astype(Z.dtype, copy=False)


def _encode_data(latent, X, method):
    if X is None:
        raise ValueError(
            f"method={method!r} is fitted to the latent vectors of the training data; "
            "pass the data as X."
        )
    Z = latent.encode(X)
    if len(Z) < 2:
        raise ValueError(f"method={method!r} needs two rows of X or more, got one.")
    return Z


def _noise(Z, n_samples, rng):
    """Draw from N(0, S), S the covariance of Z.

    Random linear combinations of the deviations from the mean have the covariance S,
    also if it is singular, and S need not be factorised.
    """
    deviations = Z - Z.mean(axis=0)
    mixture = rng.standard_normal((n_samples, len(Z)))
    return mixture @ deviations / np.sqrt(len(Z) - 1)


def _scott(n_samples, n_features):
    return n_samples ** (-1 / (min(n_features, n_samples - 1) + 4))
