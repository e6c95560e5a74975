"""Attribute vectors: offsets that increase or decrease an attribute of melodies."""

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
    """Compute the offset in latent space that represents an attribute.

    The offset is the mean latent vector of the melodies with the attribute, as in the
    paper; or, as in MusicVAE, that mean minus the mean of the melodies without it::

        v = mean(z | with)
        v = mean(z | with) - mean(z | without)

    The difference contains the attribute alone. The mean also contains the mean of all
    melodies; adding it moves latent vectors that are outputs of an activation out of
    the range of this activation.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`.

    X : array-like of shape (n_melodies, n_features)
        Melodies that have the attribute; with `by`, all melodies.

    X_without : array-like of shape (n_others, n_features), default=None
        Melodies that do not have it.

    by : array-like of shape (n_melodies,) or callable, default=None
        Divides X into melodies with and without the attribute. A callable takes X and
        returns such an array.

        - bool: the rows where it is True, against the others.
        - numbers: the top quarter against the bottom quarter, ties included, for
          measured attributes such as note density.
        - any type, with `label`: the rows with this label, against the others.

    label : object, default=None
        The value of `by` that melodies with the attribute have.

    Returns
    -------
    vector : ndarray of shape (h,)
        For `add_attribute`.

    Raises
    ------
    ValueError
        If `by` does not divide X in two, `by` and `X_without` are both given, or
        `label` is given without `by`.

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
            raise ValueError("Give X_without or by, not both: by divides X in two.")
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
def add_attribute(model, X, offset, scale=1.0, *, encoding="encoder", form=None):
    """Add an attribute vector to melodies: decode ``z + scale * offset``.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`.

    X : array-like of shape (n_melodies, n_features)
        Melodies, as ``model.transform`` takes them.

    offset : array-like of shape (h,)
        The attribute vector, from `attribute_vector`.

    scale : float or array-like of shape (n_scales,), default=1.0
        Factor of the offset. A negative scale reduces the attribute, 0 gives the
        reconstruction. An array has one scale for each melody, or any number of scales
        for a single melody.

    encoding : {"encoder", "search"}, default="encoder"
        How latent vectors of melodies are found, see `encode`.

    form : str, array-like of shape (n_steps,) or None, default=None
        Which places of a melody are alike: letters or a melody, as in `sample`.

    Returns
    -------
    melodies : ndarray of shape (n_melodies or n_scales, ...)
        What ``model.inverse_transform`` returns.

    Raises
    ------
    ValueError
        If the shapes do not match, or offset or scale is not finite.

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
    """Masks of the rows that have the attribute and of those that lack it."""
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
            f"by must divide X in two, but {values.sum()} of {n_melodies} rows have "
            "the attribute."
        )
    return values, ~values


def outer_quarters(values, name):
    """Masks of the top and the bottom quarter; `name` is for the error."""
    if values.dtype.kind not in "iuf":
        raise ValueError(
            f"{name} holds labels, of dtype {values.dtype}; say with label= which one "
            "means that a melody has the attribute."
        )
    low, high = np.quantile(values, [0.25, 0.75])
    if not low < high:
        raise ValueError(
            f"{name} has a lower quartile of {low:g} and an upper one of {high:g}; "
            "expected them to differ, since the top quarter is compared with the "
            "bottom quarter."
        )
    return values >= high, values <= low
