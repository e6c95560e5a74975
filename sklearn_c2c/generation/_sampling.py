"""New melodies from random latent vectors."""

from numbers import Integral

from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions, validate_params
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.generation._models import MODEL, latent_range


@validate_params(
    {
        "model": MODEL,
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
    low, high = latent_range(model, X)
    rng = check_random_state(random_state)
    Z = rng.uniform(low, high, (n_samples, len(low))).astype(low.dtype)
    return model.inverse_transform(Z)
