"""The variational autoencoder."""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c._fitted import Array, Whole
from sklearn_c2c._nn.gaussian import GaussianCode
from sklearn_c2c._nn.priors import PRIORS
from sklearn_c2c.autoencoder._base import BaseAutoencoder
from sklearn_c2c.autoencoder._stack import VariationalStack

# A latent is active when its mean varies by more than this over the data.
_ACTIVE_VARIANCE = 0.01

# Rounding may bring a divergence, which is 0 or above, this far below 0.
_ROUNDING = 1e-3


class VariationalAutoencoder(BaseAutoencoder):
    """Compress data to distributions of latent vectors near a prior.

    The encoder gives mean and variance of `h` independent normal latent variables; the
    decoder is trained to reconstruct from draws of them, while the divergence from the
    prior is penalised. So nearby latent vectors decode alike, and draws from the prior
    decode to data. Trained with Adam to minimise

        CE(x, decoder(z)) + beta * sum_k KL(N(mu_k, sigma_k**2) || p)
        + aggregate_weight * sum_k MMD**2(draws of z_k, draws of p),

    in nats a sample, summed over columns and latents. With ``beta=1`` the first two are
    the textbook's negative evidence lower bound whatever the number of columns. The
    third compares all latent vectors of a batch to the prior p, a standard normal one
    unless `prior` says otherwise.

    Parameters
    ----------
    h : int, default=32
        Number of latent variables.

    hidden_layer_sizes : tuple of int, default=()
        Sizes of further layers between the data and the latent variables; the decoder
        has the same in reverse.

    hidden_activation : {"sigmoid", "tanh", "relu", "identity"}, default="tanh"
        The function of the further layers.

    output : {"softmax", "sigmoid"}, default="softmax"
        "softmax": the outputs of each group of columns (each time step) sum to 1, with
        categorical cross-entropy. "sigmoid": each output is a probability of its own,
        with binary cross-entropy.

    group_size : int, default=None
        Columns of a group for "softmax". None infers it from one-hot data; data that
        is not one-hot in groups of equal size makes one group of all columns, with a
        warning.

    beta : float, default=1.0
        Weight of the divergence.

    prior : {"normal", "sparse", "mixture"}, default="normal"
        Prior of each latent variable. "normal": a standard normal distribution.
        "sparse": the same with probability .2, otherwise N(0, .05**2), so that most
        latents of a sample are near 0. "mixture": N(-m, .4**2) or N(m, .4**2) with
        equal probability and m = .917, so that the variance is 1: latent vectors form
        clusters at the corners of a cube.

    aggregate_weight : float, default=0.0
        Weight of the discrepancy of the drawn latent vectors of a batch from as many
        draws of the prior. The divergence keeps each latent vector near the prior, the
        discrepancy only their distribution, so it gives them the prior's structure at
        less cost in reconstruction. `kl_cooldown` does not change it. It needs batches
        of two or more, the larger the better; its cost grows with the square of
        `batch_size`.

    kl_warmup : int, default=0
        Epochs over which beta rises to its value, from ``beta / (kl_warmup + 1)``;
        counted from the first one, also over calls of `partial_fit`.

    kl_cooldown : int, default=0
        Last epochs, up to the `max_iter`-th, in which the weight of the divergence is
        0; counted as those of `kl_warmup`. Latent vectors that a large beta has ordered
        learn to reconstruct in them. More calls of `fit` with `warm_start` continue
        with weight 0. `n_iter_no_change` may end training before. Not with
        `early_stopping`.

    free_bits : float, default=0.0
        Nats of divergence that are not penalised, of its mean over a batch: the loss
        has ``max(divergence, free_bits)``. A bit is log(2) nats.

    free_bits_scope : {"latent", "total"}, default="latent"
        Of which divergence. "latent": of each latent's. "total": of the sum over all
        latents, so that some of them may collapse (Roberts et al.).

    init : {"auto", "pca", "glorot"}, default="auto"
        Initial weights. "pca": the leading principal components of the data, as
        far as there are any, the other units random. "glorot": all random, uniform.
        "auto": "pca" without hidden layers, "glorot" with them, since random layers in
        between do not pass on the components that the first layer encodes.

    output_bias_init : {"marginals", "zeros"}, default="marginals"
        Initial output biases. "marginals": the log-odds of each column's mean, so
        that training starts from the average of the data.

    learning_rate_init : float, default=0.003
        Learning rate of Adam.

    beta_1 : float in [0, 1), default=0.9
        Decay of Adam's first moment.

    beta_2 : float in [0, 1), default=0.999
        Decay of Adam's second moment.

    epsilon : float, default=1e-8
        Added to the root of Adam's second moment.

    batch_size : int, default=20
        Samples per update of Adam; the last batch of an epoch may be smaller.

    max_iter : int, default=300
        Epochs: passes over the data.

    shuffle : bool, default=True
        Whether to draw a new order of the samples for each epoch.

    early_stopping : bool, default=False
        Whether to set `validation_fraction` of the samples aside, stop when their loss
        no longer falls, and keep the weights that were best on them.

    validation_fraction : float in (0, 1), default=0.1
        Share of samples set aside for early stopping.

    n_iter_no_change : int, default=30
        Training stops when neither the loss (the validation loss with `early_stopping`)
        nor its mean over the last `n_iter_no_change` epochs has fallen by `tol` below
        its minimum for this many epochs, and for at least a quarter of the epochs
        before them. The mean is defined from epoch `n_iter_no_change` on, so that
        training takes at least twice as many epochs.

    tol : float, default=1e-4
        Smallest fall of the loss, in nats a sample, that counts.

    warm_start : bool, default=False
        Whether `fit` goes on from the weights and moments of the last `fit`.

    random_state : int, RandomState instance or None, default=None
        For initial weights, validation split, order of the samples and draws of
        latents. An int gives the same bits in every run, with any number of threads.

    verbose : bool, default=False
        Whether to print the loss of each epoch. For a progress bar see `set_callbacks`
        and `sklearn.callback.ProgressBar`.

    Attributes
    ----------
    coefs_ : list of ndarray
        Weights of the layers, each of shape (n_in, n_out): encoder, then decoder. The
        encoder's last layer gives the h means and then the h log variances.

    intercepts_ : list of ndarray
        Biases of the layers, each of shape (n_out,).

    latent_min_, latent_max_, latent_mean_, latent_std_ : ndarray of shape (h,)
        Least, largest and mean value and standard deviation of the mean of each latent
        variable over the data of the last `fit` or `partial_fit`.

    kl_per_latent_ : ndarray of shape (h,)
        Mean divergence of each latent from the prior in the last epoch, nats a sample.

    active_units_ : int
        Latents whose mean varies over the data, by a variance above 0.01.

    loss_ : float
        Training loss of the last epoch: nats a sample.

    loss_curve_ : list of float
        Training loss of each epoch: reconstruction, weighted divergence and weighted
        discrepancy.

    reconstruction_curve_ : list of float
        Cross-entropy of each epoch, nats a sample.

    kl_curve_ : list of float
        Divergence of each epoch, nats a sample, not weighted.

    validation_loss_curve_ : list of float or None
        Validation loss of each epoch with `early_stopping`, otherwise None.

    group_size_ : int or None
        Columns of a softmax group; None with sigmoid output.

    n_iter_ : int
        Epochs trained, as `loss_curve_` over all calls of `partial_fit` and, with
        `warm_start`, of `fit`.

    t_ : int
        Samples seen in training.

    n_features_in_ : int
        Number of columns seen during `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of columns seen during `fit`, where all are strings.

    See Also
    --------
    Autoencoder : Without distribution and prior.

    Notes
    -----
    `transform` gives the mean, so it is deterministic; `sample_posterior` and
    `sample_prior` draw. `score` and the validation loss use the mean for the draw, and
    leave the discrepancy out.

    The divergence is that from the `prior` of the model. With another one the loss
    would bound the evidence of a model that nobody samples, and would keep latent
    vectors near a prior without structure. For a prior of several components it is the
    upper bound ``-log(sum_c w_c exp(-KL_c))``, KL_c being the divergence from component
    c of probability w_c: in closed form, at least 0, and exact where one component
    prevails.

    References
    ----------
    J.-P. Briot, "Compress to Create", section VI.

    D. P. Kingma and M. Welling, "Auto-Encoding Variational Bayes", ICLR 2014.

    D. P. Kingma et al., "Improved Variational Inference with Inverse Autoregressive
    Flow", NeurIPS 2016, for free bits.

    A. Roberts et al., "A Hierarchical Latent Vector Model for Learning Long-Term
    Structure in Music", ICML 2018, for free bits of the sum.

    E. Mathieu et al., "Disentangling Disentanglement in Variational Autoencoders", ICML
    2019, for the sparse prior and the discrepancy.

    J. R. Hershey and P. A. Olsen, "Approximating the Kullback Leibler Divergence
    between Gaussian Mixture Models", ICASSP 2007, for the bound.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import PianoRollEncoder, VariationalAutoencoder, generation
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]]
    >>> vae = VariationalAutoencoder(h=2, random_state=0)
    >>> model = make_pipeline(PianoRollEncoder(), vae).fit(X)
    >>> model.transform(X).shape
    (3, 2)
    >>> model.inverse_transform(vae.sample_prior(5, random_state=0)).shape
    (5, 4)
    """

    __module__ = "sklearn_c2c"  # where it is public, and what model files name

    _parameter_constraints: dict = {
        **BaseAutoencoder._parameter_constraints,
        "beta": [Interval(Real, 0, None, closed="left")],
        "prior": [StrOptions(set(PRIORS))],
        "aggregate_weight": [Interval(Real, 0, None, closed="left")],
        "kl_warmup": [Interval(Integral, 0, None, closed="left")],
        "kl_cooldown": [Interval(Integral, 0, None, closed="left")],
        "free_bits": [Interval(Real, 0, None, closed="left")],
        "free_bits_scope": [StrOptions({"latent", "total"})],
    }
    _curves: dict = {
        "loss": "loss_curve_",
        "reconstruction": "reconstruction_curve_",
        "divergence": "kl_curve_",
    }

    def __init__(
        self,
        h=32,
        *,
        hidden_layer_sizes=(),
        hidden_activation="tanh",
        output="softmax",
        group_size=None,
        beta=1.0,
        prior="normal",
        aggregate_weight=0.0,
        kl_warmup=0,
        kl_cooldown=0,
        free_bits=0.0,
        free_bits_scope="latent",
        init="auto",
        output_bias_init="marginals",
        learning_rate_init=0.003,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        batch_size=20,
        max_iter=300,
        shuffle=True,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=30,
        tol=1e-4,
        warm_start=False,
        random_state=None,
        verbose=False,
    ):
        self.h = h
        self.hidden_layer_sizes = hidden_layer_sizes
        self.hidden_activation = hidden_activation
        self.output = output
        self.group_size = group_size
        self.beta = beta
        self.prior = prior
        self.aggregate_weight = aggregate_weight
        self.kl_warmup = kl_warmup
        self.kl_cooldown = kl_cooldown
        self.free_bits = free_bits
        self.free_bits_scope = free_bits_scope
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

    def sample_posterior(self, X, *, random_state=None):
        """Draw a latent vector for each sample.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        random_state : int, RandomState instance or None, default=None
            An int gives the same draws again.

        Returns
        -------
        Z : ndarray of shape (n_samples, h)
        """
        check_is_fitted(self)
        X = self._check_X(X, reset=False)
        with self._fitted_stack() as stack:
            mu, log_var = stack.posterior(X)
        noise = check_random_state(random_state).standard_normal(mu.shape)
        return mu + np.exp(log_var / 2) * noise.astype(mu.dtype)

    def sample_prior(self, n_samples=1, *, random_state=None):
        """Draw latent vectors from the prior.

        Parameters
        ----------
        n_samples : int, default=1

        random_state : int, RandomState instance or None, default=None
            An int gives the same draws again.

        Returns
        -------
        Z : ndarray of shape (n_samples, h)
        """
        check_is_fitted(self)
        shape = n_samples, self._n_features_out
        draws = PRIORS[self.prior].sample(check_random_state(random_state), shape)
        return draws.astype(self._dtype())

    def _check_training_data(self, X, y, *, reset):
        if self.aggregate_weight and self.batch_size < 2:
            raise ValueError(
                f"aggregate_weight={self.aggregate_weight} compares the samples of a "
                f"batch to the prior; expected a batch_size of at least 2, got "
                f"{self.batch_size}."
            )
        return super()._check_training_data(X, y, reset=reset)

    def _code_activation(self):
        return "identity"

    def _code_width(self):
        return 2 * int(self.h)  # means and log variances

    def _code(self, training):
        return GaussianCode(
            training and training.history.rng,
            self.free_bits,
            scope=self.free_bits_scope,
            prior=PRIORS[self.prior],
            aggregate_weight=self.aggregate_weight,
        )

    def _stack(self, layers, group_size, training=None):
        code = self._code(training)
        wired = layers, self.hidden_activation, code, group_size, training
        return VariationalStack(*wired, beta=self.beta, weight_of=self._weight_of)

    def _weight_of(self, epoch):
        """Weight of the divergence in an epoch, counted from 0."""
        if self.kl_cooldown and epoch >= self.max_iter - self.kl_cooldown:
            return 0.0
        return self.beta * min(1, (epoch + 1) / (self.kl_warmup + 1))

    def _fitted_attributes(self, X, network):
        divergences = network.history.losses["divergence"]
        return super()._fitted_attributes(X, network) | {
            "kl_curve_": [float(np.sum(divergence)) for divergence in divergences],
            "kl_per_latent_": divergences[-1],
        }

    def _latent_attributes(self, least, largest, mean, variance):
        n_active = int((variance > _ACTIVE_VARIANCE).sum())
        attributes = super()._latent_attributes(least, largest, mean, variance)
        return attributes | {"active_units_": n_active}

    def _fitted_form(self):
        return super()._fitted_form() | {
            "kl_per_latent_": Array((self.h,), (np.dtype(np.float64),), low=-_ROUNDING),
            "active_units_": Whole(0, self.h),
        }

    def _train(self, network, X, y):
        if self.kl_cooldown and (
            self.early_stopping or self.max_iter <= self.kl_cooldown
        ):
            raise ValueError(
                f"kl_cooldown={self.kl_cooldown} needs more epochs than that, got "
                f"max_iter={self.max_iter}, and no early_stopping, whose validation "
                "loss has the divergence that the cooldown leaves out."
            )
        super()._train(network, X, y)
        if self.active_units_ == 0 and X.shape[0] > 1:
            warnings.warn(
                "The posterior has collapsed: no latent variable tells the samples "
                f"apart. Try a smaller beta than {self.beta}, kl_warmup or free_bits.",
                stacklevel=5,
            )
