"""What autoencoders have in common: their checks and their training loop."""

import warnings
from itertools import pairwise
from numbers import Integral, Real

import numpy as np
from scipy import sparse
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import check_random_state, gen_batches
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from sklearn_c2c import _layers, _nn, _threads
from sklearn_c2c._fitted import (
    Array,
    Curve,
    Divisor,
    Number,
    OneOf,
    Whole,
    float_type,
)
from sklearn_c2c._validation import check_input, check_magnitude, check_memory
from sklearn_c2c.autoencoder._data import (
    loss_limit,
    one_hot_group_size,
    split,
)
from sklearn_c2c.autoencoder._training import Patience, Training, copy_all

# Samples that pass through the network at once where no gradient is needed.
_CHUNK = 1024

# Updates after which an optimizer is no longer believed: it keeps a rate for each.
_MOST_UPDATES = 10**8

# Numbers in the state of the generator MT19937.
_GENERATOR_KEY = 624

# Arrays of a layer's size in training: the weights and Adam's two moments of them.
_ARRAYS_OF_A_LAYER = 3

# Below this share of non-zero values a row is cheaper as the list of them.
_SPARSE_SHARE = 0.1


class BaseAutoencoder(
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Encoder and decoder trained with Adam on the cross-entropy of reconstructions.

    Subclasses say in `_head` how the last layer of the encoder gives the code, and in
    `_code_layers` what happens to it in training.
    """

    _parameter_constraints: dict = {
        "h": [Interval(Integral, 1, None, closed="left")],
        "hidden_layer_sizes": [tuple, list],
        "hidden_activation": [StrOptions(set(_nn.ACTIVATIONS))],
        "output": [StrOptions({"sigmoid", "softmax"})],
        "group_size": [Interval(Integral, 1, None, closed="left"), None],
        "init": [StrOptions({"auto", "pca", "glorot"})],
        "output_bias_init": [StrOptions({"marginals", "zeros"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Train on X.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Values in [0, 1], one-hot as a rule. Values outside are accepted with a
            warning, since no output can reach them.

        y : Ignored
            Not used, present for API consistency by convention.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter is out of range, X is not finite, or training diverges. The
            estimator is then as it was before the call.
        """
        resumes = self.warm_start and hasattr(self, "coefs_")
        X = self._check_X(X, reset=not resumes)
        state = self._resume(X) if resumes else self._start(X)
        self._train(X, state)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None):
        """Train for one epoch on X, from the present state on.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The next chunk of the data. The first one sets the number of columns, the
            type and the initial weights.

        y : Ignored
            Not used, present for API consistency by convention.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            As `fit`, or if the width or the size of a layer differs from before, or
            with `early_stopping`, which needs more than one epoch.
        """
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True.")
        first = not hasattr(self, "coefs_")
        X = self._check_X(X, reset=first)
        state = self._start(X) if first else self._resume(X)
        with _threads.Workers() as workers:
            self._train_epoch(X, state, *self._network(X, state, workers))
        self._set(self._fitted_attributes(X, state))
        return self

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
        return self._head(self._encode(X, self.coefs_, self.intercepts_))

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
        logits = self._decode(Z, self.coefs_, self.intercepts_)[-1]
        return _nn.probabilities(logits, self.group_size_)

    def decode_with_vjp(self, X):
        """Decode latent vectors, and offer the gradient of what is made of the result.

        Parameters
        ----------
        X : array-like of shape (n_samples, h)
            Latent vectors.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_features)
            What `inverse_transform` returns.
        vjp : callable
            The vector-Jacobian product: of the gradient of any quantity with respect to
            the probabilities, shape (n_samples, n_features), it makes the gradient with
            respect to the latent vectors, shape (n_samples, h).

        Raises
        ------
        ValueError
            As `inverse_transform`; by `vjp`, if the gradient has another shape, is not
            finite or overflows.
        """
        Z = self._check_Z(X)
        values = self._decode(Z, self.coefs_, self.intercepts_)
        p = _nn.probabilities(values[-1], self.group_size_)

        def vjp(cotangent):
            cotangent = check_array(cotangent, dtype=[np.float64, np.float32])
            if cotangent.shape != p.shape:
                raise ValueError(
                    f"Expected a gradient of shape {p.shape}, that of the "
                    f"probabilities, got {cotangent.shape}."
                )
            delta = _nn.probabilities_vjp(p, cotangent, self.group_size_)
            coefs = self.coefs_[self._n_encoder_layers() :]
            with _threads.Workers():  # the same bits for any number of threads
                gradient = _layers.backpropagate(
                    delta, values, coefs, self._decoder_activations()
                )
            if not np.isfinite(gradient).all():
                raise ValueError(
                    f"A gradient as large as {np.abs(cotangent).max():.4g} overflows "
                    "on its way back; scale what is made of the probabilities."
                )
            return gradient

        return p, vjp

    def score(self, X, y=None):
        """Mean log-likelihood of samples given their own codes: higher is better.

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
        return -self._mean_loss(X, self.coefs_, self.intercepts_, self.group_size_)

    # ------------------------------------------------------------------ checks

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

    def _dtype(self):
        return self.coefs_[0].dtype

    def _check_group_size(self, X):
        """Size of the softmax groups; warn of data that the output cannot reach."""
        n_features = X.shape[1]
        if self.output == "sigmoid":
            low, high = X.min(), X.max()
            if low < 0 or high > 1:
                warnings.warn(
                    f"X has values from {low:.3g} to {high:.3g}; sigmoid outputs lie "
                    "between 0 and 1 and cannot reach those outside. Scale X, or "
                    "encode it with PianoRollEncoder.",
                    stacklevel=5,
                )
            return None
        if self.group_size is None:
            group_size = one_hot_group_size(X)
            if group_size is None:
                warnings.warn(
                    "X is not one-hot in groups of equal size, so softmax takes all "
                    f"{n_features} columns as one group. Give group_size, or encode X "
                    "with PianoRollEncoder.",
                    stacklevel=5,
                )
                return n_features
            return group_size
        if n_features % self.group_size:
            raise ValueError(
                f"group_size={self.group_size} does not divide the {n_features} "
                "columns of X; for piano rolls it is the encoder's n_tokens_."
            )
        return self.group_size

    # ------------------------------------------------------------------ layers

    def _n_encoder_layers(self):
        return len(self.hidden_layer_sizes) + 1

    def _layer_shapes(self, n_features):
        """Shapes of all weight matrices, from the data to the code and back."""
        hidden = list(self.hidden_layer_sizes)
        if not all(isinstance(n, Integral) and n >= 1 for n in hidden):
            raise ValueError(
                f"hidden_layer_sizes must be integers of at least 1, got {hidden}."
            )
        encoder = [n_features, *hidden, self._head_size()]
        decoder = [self.h, *hidden[::-1], n_features]
        return [*pairwise(encoder), *pairwise(decoder)]

    def _decoder_activations(self):
        return [self.hidden_activation] * len(self.hidden_layer_sizes) + ["identity"]

    def _encode(self, X, coefs, intercepts):
        """Output of the encoder's last layer."""
        n = self._n_encoder_layers()
        activations = [self.hidden_activation] * (n - 1) + [self._head_activation()]
        layers = coefs[:n], intercepts[:n], activations
        code = np.empty((X.shape[0], coefs[n - 1].shape[1]), coefs[0].dtype)
        with _threads.Workers() as workers:
            for chunk, rows in self._chunks(X):
                code[chunk] = _layers.forward(rows, *layers, workers)[-1]
        return code

    @staticmethod
    def _chunks(X):
        """Where chunks of the rows of X lie, and they; a single one is X itself."""
        if X.shape[0] <= _CHUNK:
            return [(slice(None), X)]
        return ((chunk, X[chunk]) for chunk in gen_batches(X.shape[0], _CHUNK))

    def _decode(self, Z, coefs, intercepts):
        """Output of each layer of the decoder, Z first and logits last."""
        n = self._n_encoder_layers()
        layers = coefs[n:], intercepts[n:], self._decoder_activations()
        with _threads.Workers() as workers:
            return _layers.forward(Z, *layers, workers)

    def _mean_loss(self, X, coefs, intercepts, group_size):
        loss = 0.0
        for _, rows in self._chunks(X):
            code = self._encode(rows, coefs, intercepts)
            logits = self._decode(self._head(code), coefs, intercepts)[-1]
            with _threads.Workers() as workers:
                loss += _nn.cross_entropy(logits, rows, group_size, workers)[0]
            loss += self._code_loss(code)
        return loss / X.shape[0]

    # ---------------------------------------------------------------- training

    def _start(self, X):
        """Initial weights and an optimizer that has not moved yet."""
        shapes = self._layer_shapes(X.shape[1])
        n_weights = sum(n_in * n_out for n_in, n_out in shapes)
        check_memory(
            _ARRAYS_OF_A_LAYER * n_weights * X.dtype.itemsize,
            f"Training with h={self.h} and hidden_layer_sizes="
            f"{tuple(self.hidden_layer_sizes)} on {X.shape[1]} columns",
        )
        rng = check_random_state(self.random_state)
        group_size = self._check_group_size(X)
        coefs = [_nn.glorot(rng, *shape, X.dtype) for shape in shapes]
        intercepts = [np.zeros(n_out, X.dtype) for _, n_out in shapes]
        if self.output_bias_init == "marginals":
            intercepts[-1][:] = _nn.marginal_logits(X, group_size)
        if self._starts_from_principal_axes():
            self._start_from_principal_axes(X, coefs, intercepts, rng)
        return Training(coefs, intercepts, rng, group_size, loss_limit(X))

    def _starts_from_principal_axes(self):
        if self.init == "auto":
            return not self.hidden_layer_sizes
        return self.init == "pca"

    def _start_from_principal_axes(self, X, coefs, intercepts, rng):
        first = self._head_activation()
        if self.hidden_layer_sizes:
            first = self.hidden_activation
        _nn.principal_axes(X, coefs, intercepts, first, rng)

    def _resume(self, X):
        """Copies of the fitted weights and of the optimizer, if it was kept."""
        shapes = self._layer_shapes(X.shape[1])
        fitted = [coef.shape for coef in self.coefs_]
        if shapes != fitted:
            raise ValueError(
                f"Cannot go on training: h={self.h} and hidden_layer_sizes="
                f"{tuple(self.hidden_layer_sizes)} make layers {shapes}, but the "
                f"fitted ones are {fitted}. Set them back, or fit a clone."
            )
        state = Training(
            copy_all(self.coefs_),
            copy_all(self.intercepts_),
            check_random_state(self.random_state),
            self._check_group_size(X),
            loss_limit(X),
        )
        state.n_samples_seen = self.t_
        state.loss_curve = list(self.loss_curve_)
        state.validation_loss_curve = list(self.validation_loss_curve_ or [])
        if hasattr(self, "_optimizer_state"):
            state.load_optimizer(self._optimizer_state)
        return state

    def _network(self, X, state, workers):
        """The layers in training, and those that act on the code."""
        adam = _layers.Adam(
            self.learning_rate_init,
            self.beta_1,
            self.beta_2,
            self.epsilon,
            X.dtype,
            state.step,
        )
        hidden = [_layers.Activation(self.hidden_activation)]
        n = self._n_encoder_layers()
        code_layers = self._code_layers(state)
        layers = []
        for i, linear in enumerate(self._linear_layers(X, state, adam, workers)):
            between = code_layers if i == n - 1 else hidden if i < 2 * n - 1 else []
            layers += [linear, *between]
        return _layers.Network(layers, state.group_size, adam, workers), code_layers

    def _linear_layers(self, X, state, adam, workers):
        n = self._n_encoder_layers()
        kinds = [_layers.DenseLayer] * (2 * n)
        kinds[0] = _layers.SparseLayer if sparse.issparse(X) else _layers.FirstLayer
        arrays = zip(state.coefs, state.intercepts, state.moments, strict=True)
        return [
            kind(*parts, adam, workers)
            for kind, parts in zip(kinds, arrays, strict=True)
        ]

    def _train(self, X, state):
        """Train epoch by epoch and keep what came out, or raise and keep nothing."""
        train, validation = X, None
        if self.early_stopping:
            train, validation = split(X, self.validation_fraction, state.rng)
        patience = Patience(self.tol, self.n_iter_no_change)
        best = None
        context = self._init_callback_context(max_subtasks=self.max_iter)
        context.call_on_fit_task_begin(estimator=self, X=X, y=X)
        with _threads.Workers() as workers:
            network, code_layers = self._network(train, state, workers)
            for epoch in range(1, self.max_iter + 1):
                task = context.subcontext(task_name=f"epoch {epoch}")
                task.call_on_fit_task_begin(estimator=self, X=X, y=X)
                try:
                    self._train_epoch(train, state, network, code_layers)
                except KeyboardInterrupt:
                    if epoch == 1:
                        raise
                    network.settle()
                    state.step = network.adam.step
                    warnings.warn(
                        f"Training interrupted in epoch {epoch}; it ends with the "
                        "weights it has.",
                        stacklevel=4,
                    )
                    break
                if validation is not None:
                    weights = state.coefs, state.intercepts
                    loss = self._mean_loss(validation, *weights, state.group_size)
                    state.validation_loss_curve.append(loss)
                    if loss < patience.best:
                        best = state.copy_weights()
                self._report(state, epoch)
                ends = patience.ends(
                    (state.validation_loss_curve or state.loss_curve)[-1]
                )
                asked_to_end = task.call_on_fit_task_end(
                    estimator=self,
                    X=X,
                    y=X,
                    reconstruction_attributes=lambda: self._fitted_attributes(X, state),
                )
                if ends or asked_to_end:
                    break
        if best is not None:
            state.coefs, state.intercepts = best
        attributes = self._fitted_attributes(X, state)
        self._set(attributes)
        context.call_on_fit_task_end(
            estimator=self, X=X, y=X, reconstruction_attributes=attributes
        )

    def _train_epoch(self, X, state, network, code_layers):
        n_samples = X.shape[0]
        order = np.arange(n_samples)
        if self.shuffle:
            state.rng.shuffle(order)
        self._begin_epoch(state, code_layers)
        loss = 0.0
        for batch in gen_batches(n_samples, self.batch_size):
            loss += network.step(X[order[batch]])
            if not np.isfinite(loss):
                break
        loss /= n_samples
        if not loss <= state.loss_limit:
            raise ValueError(
                f"Training diverged in epoch {len(state.loss_curve) + 1}: the loss is "
                f"{loss:.4g} with learning_rate_init={self.learning_rate_init}. Try "
                f"learning_rate_init={self.learning_rate_init / 10:g}, or scale X to "
                "[0, 1] if it has values outside."
            )
        network.settle()
        state.step = network.adam.step
        state.n_samples_seen += n_samples
        self._note_epoch(state, loss, code_layers, n_samples)

    def _report(self, state, epoch):
        if self.verbose:
            validation = state.validation_loss_curve
            print(
                f"Epoch {epoch}/{self.max_iter}, "
                f"loss {state.loss_curve[-1]:.6g}"
                + (f", validation loss {validation[-1]:.6g}" if validation else "")
            )

    def _fitted_attributes(self, X, state):
        least, largest, mean, variance = self._latent_statistics(X, state)
        return {
            # Copies only of what is the transpose of another layer's weights.
            "coefs_": [np.ascontiguousarray(coef) for coef in state.coefs],
            "intercepts_": state.intercepts,
            "latent_min_": least,
            "latent_max_": largest,
            "latent_mean_": mean.astype(least.dtype),
            "latent_std_": np.sqrt(np.maximum(variance, 0)).astype(least.dtype),
            "loss_": state.loss_curve[-1],
            "loss_curve_": state.loss_curve,
            "validation_loss_curve_": state.validation_loss_curve or None,
            "group_size_": state.group_size,
            "n_iter_": len(state.loss_curve),
            "t_": state.n_samples_seen,
            "_optimizer_state": state.optimizer(),
            **self._code_attributes(variance, state),
        }

    def _latent_statistics(self, X, state):
        """Least, largest, mean and variance of each latent variable over the data."""
        parts = []
        for _, rows in self._chunks(X):  # codes of all would be larger than their data
            Z = self._head(self._encode(rows, state.coefs, state.intercepts))
            sums = [powers.sum(axis=0, dtype=np.float64) for powers in (Z, Z * Z)]
            parts.append((Z.min(axis=0), Z.max(axis=0), *sums))
        least, largest, totals, squares = zip(*parts, strict=True)
        mean = np.sum(totals, axis=0) / X.shape[0]
        variance = np.sum(squares, axis=0) / X.shape[0] - mean**2
        return np.min(least, axis=0), np.max(largest, axis=0), mean, variance

    def _set(self, attributes):
        for name, value in attributes.items():
            setattr(self, name, value)

    # ------------------------------------------------------- what a file must hold

    def _fitted_form(self):
        """Forms of the fitted attributes, by the parameters and `n_features_in_`."""
        fitted = vars(self)
        dtype = (float_type(fitted.get("coefs_")),)
        shapes = self._layer_shapes(self.n_features_in_)
        n_epochs = (
            fitted.get("n_iter_") if Whole(1).accepts(fitted.get("n_iter_")) else 1
        )
        latent = Array((self.h,), dtype)
        form = {
            "coefs_": [Array(shape, dtype) for shape in shapes],
            "intercepts_": [Array((n_out,), dtype) for _, n_out in shapes],
            "latent_min_": latent,
            "latent_max_": latent,
            "latent_mean_": latent,
            "latent_std_": Array((self.h,), dtype, low=0),
            "loss_": Number(),
            "loss_curve_": Curve(n_epochs),
            "validation_loss_curve_": OneOf((None,)),
            "group_size_": OneOf((None,)),
            "n_iter_": Whole(1),
            "t_": Whole(1),
        }
        if fitted.get("validation_loss_curve_") is not None:
            form["validation_loss_curve_"] = Curve()
        if self.output == "softmax":
            form["group_size_"] = Divisor(self.n_features_in_)
        if "_optimizer_state" in fitted:
            form["_optimizer_state"] = self._optimizer_form(shapes, dtype)
        return form

    @staticmethod
    def _optimizer_form(shapes, dtype):
        key = Array((_GENERATOR_KEY,), (np.dtype(np.uint32),))
        return {
            "moments": [
                [
                    moment
                    for array in (shape, shape[1:])
                    for moment in (Array(array, dtype), Array(array, dtype, low=0))
                ]
                for shape in shapes
            ],
            "step": Whole(0, _MOST_UPDATES),
            "rng": {
                "bit_generator": OneOf(("MT19937",)),
                "state": {"key": key, "pos": Whole(0, _GENERATOR_KEY)},
                "has_gauss": Whole(0, 1),
                "gauss": Number(),
            },
        }

    # -------------------------------------------- what subclasses say of their code

    def _head_size(self):
        """Columns of the encoder's last layer."""
        return self.h

    def _head_activation(self):
        return "identity"

    def _head(self, code):
        """Latent vectors, of the output of the encoder's last layer."""
        return code

    def _code_loss(self, code):
        """What the codes of some samples add to their loss."""
        return 0.0

    def _code_attributes(self, variance, state):
        """Fitted attributes of the code, given the variance of its variables."""
        return {}

    def _code_layers(self, state):
        """Layers between encoder and decoder, in training."""
        return [_layers.Activation(self._head_activation())]

    def _begin_epoch(self, state, code_layers):
        """Tell the layers of the code what this epoch asks of them."""

    def _note_epoch(self, state, reconstruction, code_layers, n_samples):
        """Add the losses of an epoch to their curves."""
        state.loss_curve.append(reconstruction)

    # ----------------------------------------------------------------- scikit-learn

    @property
    def _n_features_out(self):
        return self.coefs_[self._n_encoder_layers()].shape[0]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
