"""Attribute vectors: offsets that give melodies more or less of an attribute."""

from numbers import Real

import numpy as np
from sklearn.utils._param_validation import validate_params
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.generation._encoding import ENCODING
from sklearn_c2c.generation._exploration import translate
from sklearn_c2c.generation._form import FORM
from sklearn_c2c.generation._models import MODEL, LatentModel


@validate_params(
    {
        "model": MODEL,
        "X": ["array-like"],
        "X_without": ["array-like", None],
        "by": ["array-like", callable, None],
    },
    prefer_skip_nested_validation=True,
)
def attribute_vector(model, X, X_without=None, *, by=None, label=None):
    """Find the offset in latent space that stands for an attribute.

    Of the melodies that have it, the mean code, as in the paper; or, as in MusicVAE,
    the mean code of those that have it minus that of those that do not::

        v = mean(z | with)
        v = mean(z | with) - mean(z | without)

    The second only turns melodies towards the attribute. The first carries the mean of
    all melodies along, and takes codes bounded by an activation out of their range.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`.

    X : array-like of shape (n_melodies, n_features)
        Melodies that have the attribute; with `by`, all melodies.

    X_without : array-like of shape (n_others, n_features), default=None
        Melodies that do not have it.

    by : array-like of shape (n_melodies,) or callable, default=None
        What parts X in two; a callable is given X and returns such an array.

        - bool: the rows where it is true, against the others.
        - numbers: the top quarter against the bottom quarter, ties included. So the
          vector of any measured attribute is found, note density, say.
        - anything, with `label`: the rows with this label, against the others.

    label : object, default=None
        The value of `by` that melodies with the attribute have.

    Returns
    -------
    vector : ndarray of shape (h,)
        For `add_attribute`.

    Raises
    ------
    ValueError
        If `by` does not part X in two, both `by` and `X_without` are given, or a label
        without `by`.

    References
    ----------
    J.-P. Briot, "Compress to Create", section V.iii.

    A. Roberts et al., "A Hierarchical Latent Vector Model for Learning Long-Term
    Structure in Music", ICML 2018, section 5.4.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder, generation
    >>> from sklearn_c2c.melody import HOLD
    >>> X = np.array([[62, HOLD, 64, 66], [66, 64, 62, HOLD], [69, 66, 62, 62]])
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder(h=8, random_state=0))
    >>> bach = generation.attribute_vector(model.fit(X), X[:2])
    >>> held = generation.attribute_vector(model, X, by=lambda X: (X == HOLD).sum(1))
    >>> bach.shape, held.shape
    ((8,), (8,))
    """
    check_is_fitted(model)
    latent = LatentModel(model)
    Z = latent.encode(X)
    if by is not None:
        if X_without is not None:
            raise ValueError("Give X_without or by, not both: by parts X in two.")
        values = np.asarray(by(X) if callable(by) else by)
        has, lacks = _parts(values, label, len(Z), getattr(by, "__name__", "by"))
        return Z[has].mean(axis=0) - Z[lacks].mean(axis=0)
    if label is not None:
        raise ValueError(f"label={label!r} needs by, the labels of all rows of X.")
    if X_without is None:
        return Z.mean(axis=0)
    return Z.mean(axis=0) - latent.encode(X_without).mean(axis=0)


@validate_params(
    {
        "model": MODEL,
        "X": ["array-like"],
        "offset": ["array-like"],
        "scale": [Real, "array-like"],
        "encoding": ENCODING,
        "form": FORM,
    },
    prefer_skip_nested_validation=True,
)
def add_attribute(model, X, offset, *, scale=1.0, encoding="encoder", form=None):
    """Give melodies an attribute: decode ``z + scale * offset``.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`.

    X : array-like of shape (n_melodies, n_features)
        Melodies, as ``model.transform`` takes them.

    offset : array-like of shape (h,)
        The attribute vector, from `attribute_vector`.

    scale : float or array-like of shape (n_scales,), default=1.0
        How much of it; a negative scale takes it away, 0 gives the reconstruction.
        Several scales are for one melody, or one for each melody.

    encoding : {"encoder", "search"}, default="encoder"
        How codes of melodies are found, see `encode`.

    form : str, array-like of shape (n_steps,) or None, default=None
        Which places of a melody are alike: letters or a melody, as in `sample`.

    Returns
    -------
    melodies : ndarray of shape (n_melodies or n_scales, ...)
        What ``model.inverse_transform`` returns.

    Raises
    ------
    ValueError
        If shapes do not fit, or offset or scale is not finite.

    References
    ----------
    J.-P. Briot, "Compress to Create", section V.iii, figures 18-22.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder, generation
    >>> X = np.array([[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]])
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder(h=8, random_state=0))
    >>> vector = generation.attribute_vector(model.fit(X), X[:1], X[1:])
    >>> generation.add_attribute(model, X[2:], vector, scale=[-1, 0, 1])[1].tolist()
    [69, 66, 62, 62]
    """
    offsets = np.multiply.outer(scale, offset)
    return translate(model, X, offsets, encoding=encoding, form=form)


def _parts(values, label, n_melodies, name):
    """Which rows have the attribute and which lack it, as two masks."""
    if values.shape != (n_melodies,):
        raise ValueError(
            f"by must have one value for each of the {n_melodies} rows of X, got shape "
            f"{values.shape}."
        )
    if label is not None:
        values = values == label
    if values.dtype != bool:
        return outer_quarters(values, name)
    if values.all() or not values.any():
        raise ValueError(
            f"by must part X in two, but {values.sum()} of {n_melodies} rows have the "
            "attribute."
        )
    return values, ~values


def outer_quarters(values, name):
    """Masks of the top and the bottom quarter; `name` is for the error."""
    if values.dtype.kind not in "iuf":
        raise ValueError(
            f"{name} holds labels, of dtype {values.dtype}; say with label= which one "
            "melodies with the attribute have."
        )
    low, high = np.quantile(values, [0.25, 0.75])
    if not low < high:
        raise ValueError(
            f"{name} has a lower quartile of {low:g} and an upper one of {high:g}: it "
            "does not set a top quarter off from a bottom quarter."
        )
    return values >= high, values <= low
