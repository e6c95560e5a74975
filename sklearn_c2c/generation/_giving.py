"""Codes with the true attributes of melodies, for decoders that are given them."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import validate_params
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.generation._models import MODEL, LatentModel, attribute_column


@validate_params(
    {"model": MODEL, "attributes": [dict]}, prefer_skip_nested_validation=True
)
def give_attributes(model, attributes):
    """View a model such that its codes have the true attributes of their melodies.

    The encoder of an `AttributeVariationalAutoencoder` reads attributes from melodies
    with errors. Its decoder was trained on the true values, and these can be measured:
    in the view, `transform` measures them. Every strategy and measure takes the view in
    place of the model.

    Parameters
    ----------
    model : fitted Pipeline
        `PianoRollEncoder` and an `AttributeVariationalAutoencoder` with
        ``regularization="given"`` and names in ``attributes``.

    attributes : dict of str to callable
        By name, functions that take melodies and return an array of shape
        (n_melodies,), such as from `metrics.attributes`. The latents of other names
        remain those of the encoder.

    Returns
    -------
    view : Pipeline
        As the model; the latent of each attribute is its standard score,
        ``(value - attribute_mean_) / attribute_scale_``. It reads the model and does
        not change it.

    Raises
    ------
    ValueError
        If the model is not of these two steps, its decoder is not given attributes, or
        it has no attribute of a name.

    See Also
    --------
    set_attribute : Move the latent of an attribute, or search.

    Notes
    -----
    `metrics.interpretability` of the view's codes is 1, whatever the encoder has
    learned. It says nothing about what the decoder does with them, see
    `metrics.slider_control`.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import AttributeVariationalAutoencoder, PianoRollEncoder
    >>> from sklearn_c2c import generation
    >>> from sklearn_c2c.metrics import note_density
    >>> X = np.array([[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]])
    >>> vae = AttributeVariationalAutoencoder(
    ...     h=4, attributes=["note_density"], random_state=0
    ... )
    >>> model = make_pipeline(PianoRollEncoder(), vae).fit(X, note_density(X))
    >>> view = generation.give_attributes(model, {"note_density": note_density})
    >>> latent = view.transform(X)[:, 0]
    >>> (latent * vae.attribute_scale_ + vae.attribute_mean_).round(6)
    array([0.75, 0.75, 1.  ])
    """
    check_is_fitted(model)
    if not attributes or not all(map(callable, attributes.values())):
        raise ValueError(
            f"attributes must be functions by name, at least one, got {attributes!r}."
        )
    latent = LatentModel(model)
    estimator = latent.estimator
    if getattr(estimator, "regularization", None) != "given":
        raise ValueError(
            f"{estimator} is not given attributes; expected an "
            "AttributeVariationalAutoencoder with regularization='given'."
        )
    columns = [attribute_column(estimator, name) for name in attributes]
    functions = list(attributes.values())
    given = GivenAttributes(estimator, latent.encoder, columns, functions)
    return latent.with_estimator(given)


class GivenAttributes(TransformerMixin, BaseEstimator):
    """A fitted estimator, with measured attributes in the codes of piano rolls.

    Whatever else the estimator offers, this offers too.

    Parameters
    ----------
    estimator : fitted estimator
    encoder : PianoRollEncoder
        Makes melodies of the piano rolls.
    columns : list of int
        Latent of each attribute.
    functions : list of callable
        They measure the attributes of melodies.
    """

    def __init__(self, estimator, encoder, columns, functions):
        self.estimator = estimator
        self.encoder = encoder
        self.columns = columns
        self.functions = functions

    def fit(self, X, y=None):
        """Do nothing: the estimator is fitted."""
        return self

    def transform(self, X):
        """Encode X."""
        Z = np.array(self.estimator.transform(X))
        rows = self.encoder.inverse_transform(X)
        values = np.column_stack([measure(rows) for measure in self.functions])
        if not np.isfinite(values).all():
            row, i = np.argwhere(~np.isfinite(values))[0]
            name = self.estimator.attributes[self.columns[i]]
            raise ValueError(
                f"Melody {row} has no {name}, for want of notes or measures; leave it "
                "out, or do not give this attribute."
            )
        mean, scale = self.estimator.attribute_mean_, self.estimator.attribute_scale_
        Z[:, self.columns] = (values - mean[self.columns]) / scale[self.columns]
        return Z

    def inverse_transform(self, X):
        """Decode latent vectors."""
        return self.estimator.inverse_transform(X)

    def __getattr__(self, name):
        if name == "estimator" or name.startswith("__"):  # while it is copied
            raise AttributeError(name)
        return getattr(self.estimator, name)

    def __sklearn_is_fitted__(self):
        return True
