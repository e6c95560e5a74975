"""A restricted Boltzmann machine with softmax groups of visible units."""

import math
from numbers import Integral, Real

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from sklearn_c2c._data import latent_attributes, latent_statistics, one_hot_group_size
from sklearn_c2c._epochs import EpochTrainedMixin, History
from sklearn_c2c._nn.activations import sigmoid
from sklearn_c2c._nn.adam import Adam
from sklearn_c2c._nn.boltzmann import Energy
from sklearn_c2c._nn.losses import probabilities, probabilities_vjp
from sklearn_c2c._nn.threads import Workers
from sklearn_c2c._validation import check_input, check_magnitude, check_memory
from sklearn_c2c.boltzmann._energy import EnergyMixin
from sklearn_c2c.boltzmann._form import fitted_form
from sklearn_c2c.boltzmann._training import Network, dense, initial, resumed


class SoftmaxRBM(
    EnergyMixin,
    EpochTrainedMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
):
    """Restricted Boltzmann machine with a softmax group of visible units a step.

    The energy of visible units v and binary hidden units h is ``E(v, h) = - v a - h b -
    v W h``, and ``p(v)`` is proportional to ``exp(-F(v))`` with the free energy ``F(v)
    = - v a - sum_j log(1 + exp(b_j + v W_j))``. Exactly one visible unit of a group is
    1, as in a step of a one-hot piano roll. With a `window_size` the hidden units see a
    window of groups only, the same weights are used in each window, and the free energy
    is the sum over windows.

    Training follows the gradient of the log-likelihood, ``E_model[dF] - E_data[dF]``,
    whose first term is estimated by persistent Markov chains.

    Parameters
    ----------
    n_components : int, default=256
        Number of hidden units of a window.

    group_size : int, default=None
        Columns of a group. None infers it from one-hot data; data that is not one-hot
        in groups of equal size makes one group of all columns.

    window_size : int, default=None
        Groups of a window: 32 for windows of two measures of sixteenths in 4/4. None
        takes one window of all groups.

    stride : int, default=16
        Groups from the start of a window to that of the next one.

    n_gibbs : int, default=1
        Steps of Gibbs sampling of each chain in an update.

    n_chains : int, default=64
        Number of persistent chains.

    learning_rate_init : float, default=0.005
        Learning rate of Adam. It falls linearly to 0 over `max_iter` epochs, so that
        chains follow the distribution of the weights.

    beta_1 : float in [0, 1), default=0.9
        Decay of Adam's first moment.

    beta_2 : float in [0, 1), default=0.999
        Decay of Adam's second moment.

    epsilon : float, default=1e-8
        Added to the root of Adam's second moment.

    batch_size : int, default=32
        Samples per update.

    max_iter : int, default=200
        Epochs: passes over the data.

    shuffle : bool, default=True
        Whether to draw a new order of the samples for each epoch.

    early_stopping : bool, default=False
        Whether to set `validation_fraction` of the samples aside, stop when their loss
        no longer falls, and keep the weights that were best on them.

    validation_fraction : float in (0, 1), default=0.1
        Share of samples set aside for early stopping.

    n_iter_no_change : int, default=200
        As in `Autoencoder`.

    tol : float, default=1e-4
        Smallest fall of the loss, in nats a sample, that counts.

    warm_start : bool, default=False
        Whether `fit` goes on from the weights, chains and moments of the last `fit`.

    random_state : int, RandomState instance or None, default=None
        For initial weights, order of the samples and chains. An int gives the same bits
        in every run, with any number of threads.

    verbose : bool, default=False
        Whether to print the loss of each epoch.

    Attributes
    ----------
    coef_ : ndarray of shape (window_size * group_size, n_components)
        Weights W of a window.

    hidden_bias_ : ndarray of shape (n_components,)
        Biases b.

    visible_bias_ : ndarray of shape (`n_features_in_`,)
        Biases a.

    chains_ : ndarray of shape (n_chains, `n_features_in_`)
        State of the persistent chains, one-hot in each group.

    latent_min_, latent_max_, latent_mean_, latent_std_ : ndarray of shape (h,)
        Least, largest and mean value and standard deviation of each output of
        `transform` over the data of the last `fit`.

    loss_ : float
        Loss of the last epoch, see `loss_curve_`.

    loss_curve_ : list of float
        Negative pseudo-log-likelihood of each epoch, in nats a sample: the
        cross-entropy of a random group given all others, times the number of groups.

    validation_loss_curve_ : list of float or None
        That of the validation samples, over all groups, with `early_stopping`.

    group_size_ : int
        Columns of a group.

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
    sklearn.neural_network.BernoulliRBM : Binary visible units without groups.
    sklearn_c2c.generation.impose : Sampling under constraints.

    References
    ----------
    J.-P. Briot, "Compress to Create", footnote 31. S. Lattner, M. Grachten, G. Widmer,
    "Imposing higher-level structure in polyphonic music generation using convolutional
    restricted Boltzmann machines and constraints", 2018. T. Tieleman, "Training
    restricted Boltzmann machines using approximations to the likelihood gradient",
    2008.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import PianoRollEncoder, SoftmaxRBM
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]] * 10
    >>> rbm = SoftmaxRBM(n_components=8, random_state=0)
    >>> model = make_pipeline(PianoRollEncoder(), rbm).fit(X)
    >>> V = rbm.sample(2, random_state=0)
    >>> model[0].inverse_transform(V).shape
    (2, 4)
    """

    __module__ = "sklearn_c2c"  # where it is public, and what model files name

    _parameter_constraints: dict = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "group_size": [Interval(Integral, 1, None, closed="left"), None],
        "window_size": [Interval(Integral, 1, None, closed="left"), None],
        "stride": [Interval(Integral, 1, None, closed="left")],
        "n_gibbs": [Interval(Integral, 1, None, closed="left")],
        "n_chains": [Interval(Integral, 1, None, closed="left")],
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
        n_components=256,
        *,
        group_size=None,
        window_size=None,
        stride=16,
        n_gibbs=1,
        n_chains=64,
        learning_rate_init=0.005,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        batch_size=32,
        max_iter=200,
        shuffle=True,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=200,
        tol=1e-4,
        warm_start=False,
        random_state=None,
        verbose=False,
    ):
        self.n_components = n_components
        self.group_size = group_size
        self.window_size = window_size
        self.stride = stride
        self.n_gibbs = n_gibbs
        self.n_chains = n_chains
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

    def transform(self, X):
        """Probabilities that hidden units are 1, given the visible ones.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        H : ndarray of shape (n_samples, n_windows * n_components)
        """
        return self.encode_with_vjp(X)[0]

    def encode_with_vjp(self, X):
        """Encode X, and return the vector-Jacobian product of encoding.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Also values between 0 and 1, such as probabilities.

        Returns
        -------
        H : ndarray of shape (n_samples, n_windows * n_components)
            As of `transform`.
        vjp : callable
            Takes the gradient of any quantity with respect to H, and returns its
            gradient with respect to X.
        """
        V = self._check_V(X)
        with Workers() as workers:
            H = sigmoid(self._energy(workers).hidden(V))

        def vjp(cotangent):
            without_bias = np.zeros_like(self.visible_bias_)
            with Workers() as workers:
                energy = self._energy(workers)._replace(visible_bias=without_bias)
                return energy.visible(cotangent * H * (1 - H))

        return H, vjp

    def inverse_transform(self, X):
        """Probabilities of the visible units, given the hidden ones.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_windows * n_components)
            Hidden units, or their probabilities.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_features)

        Raises
        ------
        ValueError
            If the width is not that of `transform`, or a value is not finite.
        """
        return self.decode_with_vjp(X)[0]

    def decode_with_vjp(self, X):
        """Decode hidden units, and return the vector-Jacobian product of decoding.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_windows * n_components)
            As of `inverse_transform`.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_features)
        vjp : callable
            Takes the gradient of any quantity with respect to the probabilities, and
            returns its gradient with respect to the hidden units.

        Raises
        ------
        ValueError
            As `inverse_transform`; by `vjp`, if the gradient has another shape or is
            not finite.
        """
        check_is_fitted(self)
        H = check_array(check_input(X), dtype=self.coef_.dtype, order="C")
        check_magnitude(H)
        if H.shape[1] != self._n_features_out:
            raise ValueError(
                f"X has {H.shape[1]} columns, but SoftmaxRBM decodes hidden units of "
                f"{self._n_features_out} columns."
            )
        with Workers() as workers:
            p = probabilities(self._energy(workers).visible(H), self.group_size_)

        def vjp(cotangent):
            cotangent = check_array(cotangent, dtype=p.dtype)
            if cotangent.shape != p.shape:
                raise ValueError(
                    f"Expected a gradient of shape {p.shape}, that of the "
                    f"probabilities, got {cotangent.shape}."
                )
            delta = probabilities_vjp(p, cotangent, self.group_size_)
            without_bias = np.zeros_like(self.hidden_bias_)
            with Workers() as workers:
                energy = self._energy(workers)._replace(hidden_bias=without_bias)
                return energy.hidden(delta)

        return p, vjp

    # ------------------------------------------------------------------ checks

    def _check_training_data(self, X, y, *, reset):
        dtype = [np.float64, np.float32] if reset else self.coef_.dtype
        X = validate_data(
            self, check_input(X), reset=reset, accept_sparse="csr", dtype=dtype
        )
        check_magnitude(X)
        return X, None  # y is ignored

    def _check_V(self, X):
        check_is_fitted(self)
        X, _ = self._check_training_data(X, None, reset=False)
        return dense(X, self.group_size_)

    def _sizes(self, X):
        """Columns of a group, and groups of a window."""
        group_size = self.group_size or one_hot_group_size(X) or X.shape[1]
        if X.shape[1] % group_size:
            raise ValueError(
                f"group_size={group_size} does not divide the {X.shape[1]} columns of "
                "X; for piano rolls it is the encoder's n_tokens_."
            )
        n_groups = X.shape[1] // group_size
        window_size = self.window_size or n_groups
        if window_size > n_groups or (n_groups - window_size) % self.stride:
            raise ValueError(
                f"Windows of {window_size} groups with stride={self.stride} do not "
                f"fill the {n_groups} groups of X; expected {n_groups} to be "
                f"{window_size} plus a multiple of {self.stride}."
            )
        return group_size, window_size

    # ---------------------------------------------------------------- training

    def _network(self, X, y, resumes):
        """Weights in training, initial ones or those fitted so far."""
        history = History(check_random_state(self.random_state))
        if resumes:
            self._check_sizes_are_fitted("go on training")
            group_size, state = self.group_size_, resumed(self, history)
        else:
            group_size, window_size = self._sizes(X)
            shape = group_size * window_size, self.n_components
            n_bytes = 3 * X.dtype.itemsize * math.prod(shape)
            check_memory(n_bytes, f"Training with n_components={self.n_components}")
            state = initial(X, shape, group_size, self.n_chains, history.rng)
        settings = self.learning_rate_init, self.beta_1, self.beta_2, self.epsilon
        adam = Adam(*settings, X.dtype, state.n_updates)
        coef, hidden_bias, visible_bias = (part.value for part in state.weights)
        sizes = group_size, group_size * self.stride
        energy = Energy(coef, hidden_bias, visible_bias, *sizes, Workers())
        return Network(energy, state, self.n_gibbs, self.max_iter, adam, history)

    def _fitted_attributes(self, X, network):
        history = network.history
        coef, hidden_bias, visible_bias = (part.value for part in network.weights)
        latents = latent_statistics(network.latents(X))
        return {
            "coef_": coef,
            "hidden_bias_": hidden_bias,
            "visible_bias_": visible_bias,
            "chains_": network.chains,
            **latent_attributes(*latents),
            "loss_": history.losses["loss"][-1],
            "loss_curve_": history.losses["loss"],
            "validation_loss_curve_": history.validation or None,
            "group_size_": network.energy.group_size,
            "n_iter_": history.n_epochs,
            "t_": history.n_samples_seen,
            "_optimizer_state": network.optimizer_state(),
        }

    def _check_sizes_are_fitted(self, task):
        """Check that the parameters make weights of the shape that was fitted."""
        group_size = self.group_size or self.group_size_
        n_groups = self.window_size or self.n_features_in_ // self.group_size_
        shape = group_size * n_groups, self.n_components
        if (group_size, shape) != (self.group_size_, self.coef_.shape):
            raise ValueError(
                f"Cannot {task}: n_components={self.n_components}, window_size="
                f"{self.window_size} and group_size={self.group_size} make weights of "
                f"shape {shape}, but the fitted ones are {self.coef_.shape}, for "
                f"groups of {self.group_size_}. Set them back, or fit a clone."
            )

    def _energy(self, workers):
        """Energy with the fitted weights."""
        self._check_sizes_are_fitted("use the fitted weights")
        return Energy(
            self.coef_,
            self.hidden_bias_,
            self.visible_bias_,
            self.group_size_,
            self.group_size_ * self.stride,
            workers,
        )

    def _fitted_form(self):
        return fitted_form(self)

    # ----------------------------------------------------------------- scikit-learn

    @property
    def _n_features_out(self):
        with Workers() as workers:
            return len(self._energy(workers).windows) * len(self.hidden_bias_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
