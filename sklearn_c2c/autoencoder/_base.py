"""Checks, latent vectors and initial weights: the common part of autoencoders."""

import warnings
from itertools import pairwise
from numbers import Integral, Real

import numpy as np
from scipy import sparse
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from sklearn_c2c._data import (
    latent_attributes,
    latent_statistics,
    loss_limit,
    one_hot_group_size,
)
from sklearn_c2c._epochs import History
from sklearn_c2c._fitted import Divisor
from sklearn_c2c._nn import initial
from sklearn_c2c._nn.adam import fresh
from sklearn_c2c._validation import check_input, check_magnitude
from sklearn_c2c.autoencoder._form import fitted_form
from sklearn_c2c.autoencoder._network import NetworkMixin, checked_sizes
from sklearn_c2c.autoencoder._stack import Layer, Training

# Below this share of non-zero values a row is cheaper as a list of them.
_SPARSE_SHARE = 0.1


class BaseAutoencoder(
    NetworkMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Encoder and decoder trained with Adam on the cross-entropy of reconstructions.

    Subclasses wire their layers in `_stack`, and define the width of the encoder's
    output in `_code_width` and its activation in `_code_activation`.
    """

    # Parameters that determine the sizes of the layers.
    _size_parameters: tuple = ("h", "hidden_layer_sizes")

    _parameter_constraints: dict = {
        **NetworkMixin._parameter_constraints,
        "h": [Interval(Integral, 1, None, closed="left")],
        "output": [StrOptions({"sigmoid", "softmax"})],
        "group_size": [Interval(Integral, 1, None, closed="left"), None],
        "init": [StrOptions({"auto", "pca", "glorot"})],
        "output_bias_init": [StrOptions({"marginals", "zeros"})],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    }

    def transform(self, X):
        """Encode X.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        Z : ndarray of shape (n_samples, h)
            Latent vectors, in the type that the estimator was fitted in.
        """
        check_is_fitted(self)
        X = self._check_X(X, reset=False)
        with self._fitted_stack() as stack:
            return stack.encode(X)

    def inverse_transform(self, X):
        """Decode latent vectors.

        Parameters
        ----------
        X : array-like of shape (n_samples, h)
            Latent vectors, which need not come from data.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_features)

        Raises
        ------
        ValueError
            If the width is not h, or a value is not finite.
        """
        Z = self._check_Z(X)
        with self._fitted_stack() as stack:
            return stack.decode(Z)[0]

    def decode_with_vjp(self, X):
        """Decode latent vectors and return the decoder's vector-Jacobian product.

        Parameters
        ----------
        X : array-like of shape (n_samples, h)
            Latent vectors.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_features)
            As of `inverse_transform`.
        vjp : callable
            Takes the gradient of any quantity with respect to the probabilities, of
            shape (n_samples, n_features), and returns its gradient with respect to the
            latent vectors, of shape (n_samples, h).

        Raises
        ------
        ValueError
            As `inverse_transform`; by `vjp`, if the gradient has another shape, is not
            finite or overflows.
        """
        Z = self._check_Z(X)
        with self._fitted_stack() as stack:
            p, pull_back = stack.decode(Z)

        def vjp(cotangent):
            cotangent = check_array(cotangent, dtype=[np.float64, np.float32])
            if cotangent.shape != p.shape:
                raise ValueError(
                    f"Expected a gradient of shape {p.shape}, that of the "
                    f"probabilities, got {cotangent.shape}."
                )
            with stack:
                gradient = pull_back(cotangent)
            if not np.isfinite(gradient).all():
                raise ValueError(
                    f"A gradient as large as {np.abs(cotangent).max():.4g} overflows "
                    "in the pull-back; scale down the quantity that is differentiated."
                )
            return gradient

        return p, vjp

    def score(self, X, y=None):
        """Mean log-likelihood of samples given their latent vectors: higher is better.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        y : Ignored
            Not used, present for API consistency by convention.

        Returns
        -------
        score : float
            Minus the loss without random draws, in nats a sample, summed over columns.
        """
        check_is_fitted(self)
        X = self._check_X(X, reset=False)
        with self._fitted_stack() as stack:
            return -stack.evaluate(X)

    # ------------------------------------------------------------------ checks

    def _check_training_data(self, X, y, *, reset):
        return self._check_X(X, reset=reset), None  # y is ignored

    def _check_X(self, X, *, reset):
        dtype = [np.float64, np.float32] if reset else self._dtype()
        X = validate_data(
            self,
            check_input(X),
            reset=reset,
            accept_sparse="csr",
            dtype=dtype,
            order="C",
        )
        check_magnitude(X)
        if sparse.issparse(X):
            return X
        if np.count_nonzero(X) <= _SPARSE_SHARE * X.size:
            return sparse.csr_array(X)
        return X

    def _check_Z(self, X):
        check_is_fitted(self)
        Z = check_array(check_input(X), dtype=self._dtype(), order="C")
        check_magnitude(Z)
        if Z.shape[1] != self._n_features_out:
            raise ValueError(
                f"X has {Z.shape[1]} columns, but {type(self).__name__} decodes latent "
                f"vectors of {self._n_features_out} columns."
            )
        return Z

    def _check_group_size(self, X, resumes):
        """Size of the softmax groups; warn of data that the output cannot reach."""
        n_features = X.shape[1]
        if self.output == "sigmoid":
            low, high = X.min(), X.max()
            if low < 0 or high > 1:
                warnings.warn(
                    f"X has values from {low:.3g} to {high:.3g}; sigmoid outputs lie "
                    "between 0 and 1 and cannot reach those outside. Scale X, or "
                    "encode it with PianoRollEncoder.",
                    stacklevel=6,
                )
            return None
        if self.group_size is None and resumes:
            return self.group_size_
        if self.group_size is None:
            group_size = one_hot_group_size(X)
            if group_size is None:
                warnings.warn(
                    "X is not one-hot in groups of equal size, so softmax takes all "
                    f"{n_features} columns as one group. Give group_size, or encode X "
                    "with PianoRollEncoder.",
                    stacklevel=6,
                )
                return n_features
            return group_size
        if n_features % int(self.group_size):
            raise ValueError(
                f"group_size={self.group_size} does not divide the {n_features} "
                "columns of X; for piano rolls it is the encoder's n_tokens_."
            )
        return int(self.group_size)

    # ------------------------------------------------------------------ layers

    def _layer_shapes(self, n_features, group_size):
        """Shapes of all weight matrices, from the data to the latents and back."""
        hidden = self.hidden_layer_sizes
        return stack_shapes(n_features, hidden, self._code_width(), self.h)

    def _fitted_stack(self):
        return self._stack(self._fitted_layers(), self.group_size_)

    # ---------------------------------------------------------------- training

    def _network(self, X, y, resumes):
        """Wire a stack for training, from initial weights or from the fitted ones."""
        group_size = self._check_group_size(X, resumes)
        shapes = self._layer_shapes(X.shape[1], group_size)
        self._check_sizes(X.shape[1], X.dtype, shapes, resumes)
        history, n_updates = History(check_random_state(self.random_state)), 0
        if resumes:
            layers, n_updates = self._resumed_layers(history)
        else:
            layers = self._initial_layers(X, shapes, group_size, history.rng)
        adam = self._optimizer(X.dtype, n_updates)
        training = Training(adam, history, loss_limit(X), sparse.issparse(X))
        return self._stack(layers, group_size, training)

    def _initial_layers(self, X, shapes, group_size, rng):
        coefs = [initial.glorot(rng, *shape, X.dtype) for shape in shapes]
        intercepts = [np.zeros(n_out, X.dtype) for _, n_out in shapes]
        if self.output_bias_init == "marginals":
            intercepts[-1][:] = initial.marginal_logits(X, group_size)
        if self.init == "pca" or (self.init == "auto" and not self.hidden_layer_sizes):
            first = self.hidden_activation
            if not self.hidden_layer_sizes:
                first = self._code_activation()
            initial.principal_axes(X, coefs, intercepts, first, rng)
        arrays = zip(coefs, intercepts, strict=True)
        return [Layer(fresh(coef), fresh(bias)) for coef, bias in arrays]

    def _fitted_attributes(self, X, network):
        return {
            **self._training_attributes(network),
            **self._latent_attributes(*latent_statistics(network.latents(X))),
            "group_size_": network.group_size,
        }

    def _latent_attributes(self, least, largest, mean, variance):
        return latent_attributes(least, largest, mean, variance)

    def _fitted_form(self):
        """Forms of the fitted attributes, by the parameters and `n_features_in_`."""
        n_features, group_size = self.n_features_in_, vars(self).get("group_size_")
        if not Divisor(n_features).accepts(group_size):
            group_size = n_features  # any, as the form of it fails
        return fitted_form(self, self._layer_shapes(n_features, group_size))

    # ----------------------------------------------------------------- scikit-learn

    @property
    def _n_features_out(self):
        return self.coefs_[len(self.coefs_) // 2].shape[0]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def stack_shapes(n_features, hidden_layer_sizes, code_width, h):
    """Shapes of the weight matrices, from the data to the latents and back."""
    hidden = checked_sizes(hidden_layer_sizes)
    encoder = [n_features, *hidden, int(code_width)]
    decoder = [int(h), *hidden[::-1], n_features]
    return [*pairwise(encoder), *pairwise(decoder)]
