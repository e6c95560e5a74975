"""Activity of units of a model: what a model dreams of."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.generation import LatentModel
from sklearn_c2c.melody import END, pad_melodies
from sklearn_c2c.objectives._base import Objective


@dataclass(eq=False)
class Activity(Objective):
    """Mean activity of units of a model, given the melody: Deep Dream.

    The units are outputs of `transform`: hidden units of a `SoftmaxRBM`, latent
    variables of an `Autoencoder`. The surrogate is their mean activity given the
    probabilities in place of a piano roll. This is not the expectation, of which there
    is no closed form, but equal to the value where the probabilities are 0 or 1.

    Parameters
    ----------
    model : fitted Pipeline
        `PianoRollEncoder` and a model with `encode_with_vjp`: `SoftmaxRBM` or
        `Autoencoder`.

    units : int, array-like of int or None, default=None
        Indices of columns of ``model.transform``; None takes the whole layer.

    References
    ----------
    A. Mordvintsev, C. Olah and M. Tyka, "Inceptionism: Going deeper into neural
    networks", 2015. J.-P. Briot, "Compress to Create", section V.v.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import PianoRollEncoder, SoftmaxRBM
    >>> from sklearn_c2c.objectives import Activity
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]]
    >>> rbm = SoftmaxRBM(n_components=8, random_state=0)
    >>> model = make_pipeline(PianoRollEncoder(), rbm).fit(X)
    >>> bool(Activity(model, 3)(X)[0] == model.transform(X)[0, 3])
    True
    """

    model: object
    units: int | np.ndarray | None = None

    def __post_init__(self):
        latent = LatentModel(self.model)
        self._encoder, self._estimator = latent.encoder, latent.estimator
        if not hasattr(self._estimator, "encode_with_vjp"):
            raise ValueError(
                f"{type(self._estimator).__name__} gives no gradient through its "
                "encoder; Activity needs a PianoRollEncoder with a SoftmaxRBM or an "
                "Autoencoder."
            )
        check_is_fitted(self.model)
        n_units = self._estimator._n_features_out
        units = np.arange(n_units) if self.units is None else np.atleast_1d(self.units)
        is_index = units.dtype.kind in "iu" and units.ndim == 1 and units.size
        if not is_index or units.min() < 0 or units.max() >= n_units:
            raise ValueError(
                f"units must be columns of transform, integers in 0-{n_units - 1}, got "
                f"{self.units!r}."
            )
        self._weights = np.bincount(units, minlength=n_units) / len(units)

    def _check_steps(self, n_steps):
        if n_steps != self._encoder.n_features_in_:
            raise ValueError(
                f"The model reads {self._encoder.n_features_in_} steps, but melodies "
                f"have {n_steps}."
            )

    def _value(self, X):
        rows = pad_melodies(X, n_steps=self._encoder.n_features_in_)
        return self.model.transform(rows) @ self._weights

    def _expected(self, Q, tokens):
        columns = self._columns(tokens)
        roll = self._roll(Q, columns)
        Z, vjp = self._estimator.encode_with_vjp(roll.reshape(len(Q), -1))
        weights = np.broadcast_to(self._weights, Z.shape).astype(Z.dtype)
        gradient = vjp(weights).reshape(roll.shape)
        return Z @ self._weights, gradient[:, : Q.shape[1], columns].astype(Q.dtype)

    def _columns(self, tokens):
        """Column of each token in the piano roll of the model."""
        own = self._encoder.tokens_
        if not np.isin(tokens, own).all():
            raise ValueError(
                f"The model has no column for the tokens {np.setdiff1d(tokens, own)} "
                f"of the decoder, only for {own.min()} to {own.max()}."
            )
        return (np.asarray(tokens)[:, None] == own).argmax(axis=1)

    def _roll(self, Q, columns):
        """Piano roll of probabilities, with the end after the last step."""
        encoder = self._encoder
        roll = np.zeros((len(Q), encoder.n_features_in_, encoder.n_tokens_))
        roll[:, : Q.shape[1], columns] = Q
        roll[:, Q.shape[1] : Q.shape[1] + 1, encoder.tokens_ == END] = 1
        return roll
