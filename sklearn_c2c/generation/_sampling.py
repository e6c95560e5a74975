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
    *,
    n_samples=8,
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
        How many.

    X : array-like of shape (n_melodies, n_features), default=None
        Data to which "range", "gaussian", "diagonal" and "kde" fit, and whose forms
        "corpus" takes. "range" can do without where the model remembers
        ``latent_min_`` and ``latent_max_``, as ours do and PCA does not.

    method : {"range", "prior", "gaussian", "diagonal", "kde"}, default="range"
        Where latent vectors come from, given the codes z_1 ... z_n of X.

        - "range": each latent variable uniform between its least and largest code.
        - "prior": the model's own ``sample_prior``, N(0, I) of a variational
          autoencoder.
        - "gaussian": N(mean, S), S the full covariance of the codes.
        - "diagonal": N(mean, D), D the variances of the codes alone: latent variables
          independent of each other.
        - "kde": kernel density, z_i + b · N(0, S) around a random code z_i.

        S may be singular: draws stay in the affine space that the codes span.

    scale : float, default=1.0
        Factor of the distance from the mean (of "range", from its middle). Above 1 what
        comes out is further from any tune of X. "kde" has its bandwidth instead.

    bandwidth : "scott" or float, default="scott"
        The b of "kde", in units of the spread of the codes; 0 repeats the data. "scott"
        is ``n ** (-1 / (d + 4))`` in ``d = min(h, n - 1)`` dimensions.

    form : str, array-like of shape (n_steps,) or None, default=None
        Which places of a melody are alike: their outputs are averaged before they are
        decoded, and they are equal code for code. For a Pipeline that begins with a
        `PianoRollEncoder` and has probabilities.

        - letters, such as "AABA": each stands for an equal part of the steps;
        - a melody: its half measures that are equal;
        - "corpus": for each result the half measures that are equal in a tune of X, at
          random one of the seven whose codes lie most nearly in its direction from the
          mean;
        - None: every step for itself.

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
        less than two rows for "gaussian", "diagonal" or "kde"; or the form does not fit
        the steps, or the model has no steps or no probabilities to give it to.

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
    *,
    n_samples=5,
    strength=0.5,
    X=None,
    method="range",
    scale=1.0,
    encoding="encoder",
    form=None,
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

    method : {"range", "prior", "gaussian", "diagonal", "kde"}, default="range"
        Where random latent vectors come from, as in `sample`.

    scale : float, default=1.0
        Factor of their distance from the mean, as in `sample`.

    encoding : {"encoder", "search"}, default="encoder"
        How codes of melodies are found, see `encode`.

    form : str, array-like of shape (n_steps,) or None, default=None
        Which places are alike, as in `sample`; with ``form=start`` those of the
        melody.

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
    """Random latent vectors, of shape (n_samples, h), in the type of the codes."""
    if method == "range":
        low, high = latent.range(X)
        Z = rng.uniform(low, high, (n_samples, len(low))).astype(low.dtype)
        return Z if scale == 1 else _scaled(Z, (low + high) / 2, scale)
    if method == "prior":
        return _scaled(latent.draw_prior(n_samples, rng), 0, scale)
    codes = _codes(latent, X, method)
    if method == "gaussian":
        Z = codes.mean(axis=0) + scale * _noise(codes, n_samples, rng)
    elif method == "diagonal":
        noise = rng.standard_normal((n_samples, codes.shape[1]))
        Z = codes.mean(axis=0) + scale * codes.std(axis=0, ddof=1) * noise
    else:
        if scale != 1:
            raise ValueError(
                f"method='kde' takes no scale={scale:g}: how far from the codes it "
                "draws is its bandwidth."
            )
        if bandwidth == "scott":
            bandwidth = _scott(*codes.shape)
        centers = codes[rng.randint(len(codes), size=n_samples)]
        Z = centers + bandwidth * _noise(codes, n_samples, rng)
    return Z.astype(codes.dtype, copy=False)


def _scaled(Z, center, scale):
    return (center + scale * (Z - center)).astype(Z.dtype, copy=False)


def _codes(latent, X, method):
    if X is None:
        raise ValueError(
            f"method={method!r} fits the codes of the training data; pass it as X."
        )
    codes = latent.encode(X)
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
