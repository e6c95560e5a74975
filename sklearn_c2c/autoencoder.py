"""Autoencoders as scikit-learn transformers. Imports `_nn`."""

import warnings
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

from sklearn_c2c import _nn

# Samples that pass through the network at once where no gradient is needed.
_CHUNK = 1024

# Below this share of non-zero values a row is cheaper as the list of them.
_SPARSE_SHARE = 0.1

# Training has diverged when the loss is so many times that of tossing a coin.
_DIVERGED = 10


class Autoencoder(
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Compress data to `h` latent variables from which it can be reconstructed.

    ``z = f(x @ W1 + b1)`` and ``x' = g(z @ W2 + b2)``, trained with Adam to make the
    cross-entropy of x' against x small. `transform` gives z, `inverse_transform` x'.

    Made for one-hot piano rolls (see `PianoRollEncoder`) but not bound to them: any
    values in [0, 1] will do. It computes in the type of the data, float32 or float64.

    Parameters
    ----------
    h : int, default=1500
        Number of latent variables, the size of the compressed vector.

    activation : {"sigmoid", "tanh", "relu", "identity"}, default="sigmoid"
        The function f of the latent variables.

    output : {"sigmoid", "softmax"}, default="sigmoid"
        The function g and the loss that goes with it. "sigmoid": each output is a
        probability of its own, with binary cross-entropy. "softmax": the outputs of
        each group of columns (each time step) sum to 1, with categorical cross-entropy.

    group_size : int, default=None
        Columns of a group for "softmax". None infers it from one-hot data; data that
        is not one-hot in groups of equal size makes one group of all columns, with a
        warning.

    init : {"pca", "glorot"}, default="pca"
        Weights to start from. "pca": the leading principal components of the data, as
        far as there are any, the other units random. "glorot": all random, uniform.

    output_bias_init : {"marginals", "zeros"}, default="marginals"
        Output biases to start from. "marginals": the log-odds of each column's mean, so
        that training starts from the average of the data.

    learning_rate_init : float, default=0.01
        Step size of Adam.

    beta_1 : float in [0, 1), default=0.9
        Decay of Adam's first moment.

    beta_2 : float in [0, 1), default=0.999
        Decay of Adam's second moment.

    epsilon : float, default=1e-8
        Added to the root of Adam's second moment. The gradient it is compared to is of
        the loss summed over columns; against a loss averaged over columns, as in Keras,
        the same setting is `epsilon` times the number of columns.

    batch_size : int, default=20
        Samples a step of Adam; the last batch of an epoch may be smaller.

    max_iter : int, default=100
        Epochs: passes over the data.

    shuffle : bool, default=True
        Whether to draw a new order of the samples for each epoch.

    early_stopping : bool, default=False
        Whether to set `validation_fraction` of the samples aside, stop when their loss
        no longer falls, and keep the weights that were best on them.

    validation_fraction : float in (0, 1), default=0.1
        Share of samples set aside for early stopping.

    n_iter_no_change : int, default=10
        Stop when for so many epochs in a row the loss (the validation loss with
        `early_stopping`) has not fallen by `tol`.

    tol : float, default=1e-4
        Smallest fall of the loss, in nats a sample, that counts.

    warm_start : bool, default=False
        Whether `fit` goes on from the weights and moments of the last `fit`.

    random_state : int, RandomState instance or None, default=None
        For initial weights, validation split and order of the samples. With an int the
        result is the same bits again, whatever the number of threads.

    verbose : bool, default=False
        Whether to print the loss of each epoch. For a progress bar see `set_callbacks`
        and `sklearn.callback.ProgressBar`.

    Attributes
    ----------
    coefs_ : list of ndarray
        Weights of encoder, shape (n_features_in_, h), and decoder, (h, n_features_in_).

    intercepts_ : list of ndarray
        Biases of encoder, shape (h,), and decoder, shape (n_features_in_,).

    latent_min_, latent_max_, latent_mean_ : ndarray of shape (h,)
        Least, largest and mean value of each latent variable over the data of the last
        `fit` or `partial_fit` (the paper's footnotes 17 and 23).

    loss_ : float
        Training loss of the last epoch: nats a sample, summed over columns.

    loss_curve_ : list of float
        Training loss of each epoch.

    validation_loss_curve_ : list of float or None
        Validation loss of each epoch with `early_stopping`, otherwise None.

    group_size_ : int or None
        Columns of a softmax group; None with sigmoid output.

    n_iter_ : int
        Epochs trained.

    t_ : int
        Samples seen in training.

    n_features_in_ : int
        Number of columns seen during `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of columns seen during `fit`, where all are strings.

    See Also
    --------
    PianoRollEncoder : Makes the one-hot piano rolls of melodies.
    sklearn.decomposition.PCA : The linear counterpart.

    Notes
    -----
    A one-hot row is a list of its ones: the first layer sums rows of weights on the way
    forward and touches only these rows on the way back, so dense one-hot input and CSR
    input train alike.

    The setting of the paper is ``Autoencoder(h=1500, init="glorot",
    output_bias_init="zeros", learning_rate_init=1e-3, tol=0, n_iter_no_change=100)``.

    References
    ----------
    J.-P. Briot, "Compress to Create", section IV.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder
    >>> from sklearn_c2c.melody import HOLD
    >>> X = [[62, HOLD, 64, 66], [66, 64, 62, HOLD], [69, 66, 62, 62]]
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder(h=8, random_state=0))
    >>> Z = model.fit_transform(X)
    >>> Z.shape
    (3, 8)
    >>> model.inverse_transform(Z).tolist() == X
    True
    """

    _parameter_constraints: dict = {
        "h": [Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(set(_nn.ACTIVATIONS))],
        "output": [StrOptions({"sigmoid", "softmax"})],
        "group_size": [Interval(Integral, 1, None, closed="left"), None],
        "init": [StrOptions({"pca", "glorot"})],
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

    def __init__(
        self,
        h=1500,
        *,
        activation="sigmoid",
        output="sigmoid",
        group_size=None,
        init="pca",
        output_bias_init="marginals",
        learning_rate_init=0.01,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        batch_size=20,
        max_iter=100,
        shuffle=True,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        warm_start=False,
        random_state=None,
        verbose=False,
    ):
        self.h = h
        self.activation = activation
        self.output = output
        self.group_size = group_size
        self.init = init
        self.output_bias_init = output_bias_init
        self.learning_rate_init = learning_rate_init
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

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
            As `fit`, or if the width or `h` differs from before, or with
            `early_stopping`, which needs more than one epoch.
        """
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True.")
        first = not hasattr(self, "coefs_")
        X = self._check_X(X, reset=first)
        state = self._start(X) if first else self._resume(X)
        with _nn.Workers() as workers:
            self._train_epoch(X, self._network(state, X, workers), state)
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
        return self._encode(X, self.coefs_, self.intercepts_)

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
        check_is_fitted(self)
        Z = check_array(X, dtype=self.coefs_[0].dtype)
        h = self.coefs_[1].shape[0]
        if Z.shape[1] != h:
            raise ValueError(
                f"X has {Z.shape[1]} columns, but {type(self).__name__} decodes latent "
                f"vectors of {h} columns."
            )
        with _nn.Workers() as workers:
            logits = _nn.affine(Z, self.coefs_[1], self.intercepts_[1], workers)
        return _nn.probabilities(logits, self.group_size_)

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
            Minus the cross-entropy, in nats a sample, summed over columns.
        """
        check_is_fitted(self)
        X = self._check_X(X, reset=False)
        return -self._mean_loss(X, self.coefs_, self.intercepts_, self.group_size_)

    # ------------------------------------------------------------------ checks

    def _check_X(self, X, *, reset):
        dtype = [np.float64, np.float32] if reset else self._dtype()
        X = validate_data(
            self, X, reset=reset, accept_sparse="csr", dtype=dtype, order="C"
        )
        if sparse.issparse(X):
            return _canonical(X)
        if np.count_nonzero(X) <= _SPARSE_SHARE * X.size:
            return sparse.csr_array(X)
        return X

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
            group_size = _one_hot_group_size(X)
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

    # ---------------------------------------------------------------- training

    def _start(self, X):
        """Initial weights and an optimizer that has not moved yet."""
        n_features = X.shape[1]
        rng = check_random_state(self.random_state)
        group_size = self._check_group_size(X)
        coefs = [
            _nn.glorot(rng, n_features, self.h, X.dtype),
            _nn.glorot(rng, self.h, n_features, X.dtype),
        ]
        intercepts = [np.zeros(coef.shape[1], X.dtype) for coef in coefs]
        if self.output_bias_init == "marginals":
            intercepts[1][:] = _nn.marginal_logits(X, group_size)
        if self.init == "pca":
            _nn.principal_axes(X, *coefs, *intercepts, self.activation, rng)
        return _Training(coefs, intercepts, rng, group_size)

    def _resume(self, X):
        """Copies of the fitted weights and of the optimizer, if it was kept."""
        if self.coefs_[0].shape[1] != self.h:
            raise ValueError(
                f"Cannot go on training: h={self.h}, but the fitted weights have "
                f"h={self.coefs_[0].shape[1]}. Set it back, or fit a clone."
            )
        state = _Training(
            [coef.copy() for coef in self.coefs_],
            [intercept.copy() for intercept in self.intercepts_],
            check_random_state(self.random_state),
            self._check_group_size(X),
            n_samples_seen=self.t_,
        )
        if hasattr(self, "_optimizer_state"):
            state.load_optimizer(self._optimizer_state)
        return state

    def _network(self, state, X, workers):
        adam = _nn.Adam(
            self.learning_rate_init,
            self.beta_1,
            self.beta_2,
            self.epsilon,
            X.dtype,
            state.step,
        )
        first = _nn.SparseLayer if sparse.issparse(X) else _nn.DenseLayer
        layers = [
            layer(coef, intercept, moments, adam, workers)
            for layer, coef, intercept, moments in zip(
                [first, _nn.DenseLayer],
                state.coefs,
                state.intercepts,
                state.moments,
                strict=True,
            )
        ]
        return _nn.Network(layers, self.activation, state.group_size, adam)

    def _train(self, X, state):
        """Train epoch by epoch and keep what came out, or raise and keep nothing."""
        train, validation = X, None
        if self.early_stopping:
            train, validation = _split(X, self.validation_fraction, state.rng)
        patience = _Patience(self.tol, self.n_iter_no_change)
        best = None
        context = self._init_callback_context(max_subtasks=self.max_iter)
        context.call_on_fit_task_begin(estimator=self, X=X, y=X)
        with _nn.Workers() as workers:
            network = self._network(state, train, workers)
            for epoch in range(1, self.max_iter + 1):
                task = context.subcontext(task_name=f"epoch {epoch}")
                task.call_on_fit_task_begin(estimator=self, X=X, y=X)
                try:
                    self._train_epoch(train, network, state)
                except KeyboardInterrupt:
                    if not state.loss_curve:
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
                    state.validation_loss_curve.append(
                        self._mean_loss(
                            validation, state.coefs, state.intercepts, state.group_size
                        )
                    )
                    if patience.best > state.validation_loss_curve[-1]:
                        best = state.copy_weights()
                self._report(state)
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

    def _train_epoch(self, X, network, state):
        n_samples = X.shape[0]
        order = np.arange(n_samples)
        if self.shuffle:
            state.rng.shuffle(order)
        loss = 0.0
        for batch in gen_batches(n_samples, self.batch_size):
            loss += network.step(X[order[batch]])
            if not np.isfinite(loss):
                break
        loss /= n_samples
        if not loss <= _loss_limit(X):
            raise ValueError(
                f"Training diverged in epoch {len(state.loss_curve) + 1}: the loss is "
                f"{loss:.4g} with learning_rate_init={self.learning_rate_init}. Try "
                f"learning_rate_init={self.learning_rate_init / 10:g}, or scale X to "
                "[0, 1] if it has values outside."
            )
        network.settle()
        state.step = network.adam.step
        state.n_samples_seen += n_samples
        state.loss_curve.append(loss)

    def _report(self, state):
        if self.verbose:
            validation = state.validation_loss_curve
            print(
                f"Epoch {len(state.loss_curve)}/{self.max_iter}, "
                f"loss {state.loss_curve[-1]:.6g}"
                + (f", validation loss {validation[-1]:.6g}" if validation else "")
            )

    def _encode(self, X, coefs, intercepts):
        function, _ = _nn.ACTIVATIONS[self.activation]
        with _nn.Workers() as workers:
            return function(_nn.affine(X, coefs[0], intercepts[0], workers))

    def _mean_loss(self, X, coefs, intercepts, group_size):
        loss = 0.0
        for chunk in gen_batches(X.shape[0], _CHUNK):
            Z = self._encode(X[chunk], coefs, intercepts)
            with _nn.Workers() as workers:
                logits = _nn.affine(Z, coefs[1], intercepts[1], workers)
            loss += _nn.cross_entropy(logits, X[chunk], group_size)[0]
        return loss / X.shape[0]

    def _fitted_attributes(self, X, state):
        Z = self._encode(X, state.coefs, state.intercepts)
        return {
            "coefs_": state.coefs,
            "intercepts_": state.intercepts,
            "latent_min_": Z.min(axis=0),
            "latent_max_": Z.max(axis=0),
            "latent_mean_": Z.mean(axis=0),
            "loss_": state.loss_curve[-1],
            "loss_curve_": state.loss_curve,
            "validation_loss_curve_": state.validation_loss_curve or None,
            "group_size_": state.group_size,
            "n_iter_": len(state.loss_curve),
            "t_": state.n_samples_seen,
            "_optimizer_state": state.optimizer(),
        }

    def _set(self, attributes):
        for name, value in attributes.items():
            setattr(self, name, value)

    @property
    def _n_features_out(self):
        return self.coefs_[1].shape[0]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _loss_limit(X):
    """Largest mean loss that is not yet divergence; only data in [0, 1] has one."""
    if X.min() < 0 or X.max() > 1:
        return np.finfo(np.float64).max
    return _DIVERGED * np.log(2) * X.shape[1]


class _Training:
    """What training changes: weights, moments, generator, counts and curves."""

    def __init__(self, coefs, intercepts, rng, group_size, n_samples_seen=0):
        self.coefs, self.intercepts = coefs, intercepts
        self.moments = [
            [np.zeros_like(array) for array in (coef, coef, intercept, intercept)]
            for coef, intercept in zip(coefs, intercepts, strict=True)
        ]
        self.rng = rng
        self.step = 0
        self.group_size = group_size
        self.n_samples_seen = n_samples_seen
        self.loss_curve = []
        self.validation_loss_curve = []

    def optimizer(self):
        """Everything needed to go on bit for bit, as arrays and numbers."""
        return {
            "moments": self.moments,
            "step": self.step,
            "rng": self.rng.get_state(legacy=False),
        }

    def load_optimizer(self, optimizer):
        self.moments = [
            [moment.copy() for moment in layer] for layer in optimizer["moments"]
        ]
        self.step = optimizer["step"]
        self.rng = np.random.RandomState()
        self.rng.set_state(optimizer["rng"])

    def copy_weights(self):
        return (
            [coef.copy() for coef in self.coefs],
            [intercept.copy() for intercept in self.intercepts],
        )


class _Patience:
    """Ends training when the loss has not fallen by tol for n_iter epochs in a row."""

    def __init__(self, tol, n_iter):
        self._tol, self._n_iter = tol, n_iter
        self._n_waited = 0
        self.best = np.inf

    def ends(self, loss):
        """Note the loss of one more epoch; return whether patience is at its end."""
        self._n_waited = 0 if loss < self.best - self._tol else self._n_waited + 1
        self.best = min(self.best, loss)
        return self._n_waited >= self._n_iter


def _canonical(X):
    """CSR with sorted indices and no duplicates, without changing the caller's."""
    X = sparse.csr_array(X)
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X


def _one_hot_group_size(X):
    """Size of equal groups of columns with exactly one 1 each, or None."""
    X = sparse.csr_array(X)
    n_samples, n_features = X.shape
    n_groups, rest = divmod(X.nnz, n_samples)
    if rest or not n_groups or n_features % n_groups or not (X.data == 1).all():
        return None
    if (np.diff(X.indptr) != n_groups).any():
        return None
    group_size = n_features // n_groups
    groups = X.indices.reshape(n_samples, n_groups) // group_size
    return group_size if (groups == np.arange(n_groups)).all() else None


def _split(X, validation_fraction, rng):
    """Set a random share of the rows aside, at least one; return the rest and it."""
    n_samples = X.shape[0]
    n_validation = max(1, round(validation_fraction * n_samples))
    if n_validation >= n_samples:
        raise ValueError(
            f"early_stopping with validation_fraction={validation_fraction} leaves "
            f"nothing to train on: X has n_samples={n_samples}."
        )
    order = rng.permutation(n_samples)
    return X[np.sort(order[n_validation:])], X[np.sort(order[:n_validation])]
