"""The variational autoencoder whose first latents are attributes of the data."""

from numbers import Real

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_array, check_is_fitted

from sklearn_c2c._fitted import FLOATS, Array, Whole
from sklearn_c2c._nn.gaussian import GaussianCode
from sklearn_c2c.autoencoder._attribute_stack import AttributeStack, Units
from sklearn_c2c.autoencoder._variational import VariationalAutoencoder

# Largest size of an attribute; the squares of its deviations stay finite.
_LARGEST = 1e100

# Least scale of an attribute: a quotient by it is finite.
_SMALLEST = np.finfo(np.float64).tiny


class AttributeVariationalAutoencoder(VariationalAutoencoder):
    """Compress data to latent variables, the first of which are given attributes.

    A variational autoencoder, trained on data and on k numbers for each sample, its
    attributes, such as note density or mean pitch. The first k latents are these, in
    standard deviations from the mean; the others hold the rest. Moving one of the first
    asks for a sample with more or less of its attribute.

    A latent that predicts an attribute does not yet control it in the decoder: the loss
    weighted by `control_weight` trains the decoder for this. For exactly the value
    asked for, see `generation.set_attribute`, which moves the latent until the decoded
    attribute has that value.

    Parameters
    ----------
    h : int, default=32
        Number of latent variables, at least the number of attributes. The first ones
        are the attributes.

    regularization : {"given", "squared", "pairwise", "geodesic"}, default="given"
        Loss that makes the first latents attributes.

        - "given": in training the decoder is given the attributes themselves beside
          draws of the other latents, and the encoder learns to predict them from the
          data, by the squared error. They cost no divergence.
        - "squared": the squared error of their means.
        - "pairwise": draws are to be in the order of the attributes, as in AR-VAE:
          ``sum_k mean_ij |tanh(10 (z_ik - z_jk)) - sign(y_ik - y_jk)|``.
        - "geodesic": "squared", and a change of the latent is to change the decoded
          attribute by as much, as in GLSR-VAE: ``(d g / d z - 1)**2 / 2``, g being the
          attribute that the encoder predicts from the decoder's probabilities, its
          derivative a central difference.

    attribute_weight : float, default=10.0
        Weight of that loss, in nats.

    control_weight : float, default=1.0
        Weight of the loss on decodings after one attribute of each sample was replaced
        by that of another sample: the squared error of the attributes that the encoder,
        its weights fixed, predicts from the decoding. Its input is the decided data,
        one value a group, and not the probabilities; the gradient is that of the
        probabilities (straight through). 0 leaves the loss out.

    attributes : tuple of str, default=None
        Names of the columns of y, such as "note_density", by which
        `generation.set_attribute` finds their latents.

    hidden_layer_sizes : tuple of int, default=(256, 256)
        Sizes of further layers between the data and the latent variables; the decoder
        has the same in reverse.

    hidden_activation : {"sigmoid", "tanh", "relu", "identity"}, default="relu"
        The function of the further layers.

    output : {"softmax", "sigmoid"}, default="softmax"
        "softmax": the outputs of each group of columns (each time step) sum to 1, with
        categorical cross-entropy. "sigmoid": each output is a probability of its own,
        with binary cross-entropy.

    group_size : int, default=None
        Columns of a group for "softmax". None infers it from one-hot data; data that
        is not one-hot in groups of equal size makes one group of all columns, with a
        warning.

    beta : float, default=0.2
        Weight of the divergence.

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
        Nats of divergence that are not penalised, of each latent's mean over a batch.

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

    batch_size : int, default=64
        Samples per update of Adam; the last batch of an epoch may be smaller.

    max_iter : int, default=100
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

    n_attributes_ : int
        Columns of y.

    attribute_mean_, attribute_scale_ : ndarray of shape (`n_attributes_`,)
        Mean and standard deviation of the attributes in the first data seen: the value
        of an attribute is its latent times the scale, plus the mean.

    attribute_correlation_ : ndarray of shape (`n_attributes_`, `n_attributes_`)
        Correlations of the attributes in the data of the last `fit` or `partial_fit`.

    loss_ : float
        Training loss of the last epoch: nats a sample.

    loss_curve_ : list of float
        Training loss of each epoch: the sum of all terms.

    reconstruction_curve_ : list of float
        Cross-entropy of each epoch, nats a sample.

    attribute_curve_, control_curve_ : list of float
        Weighted losses of attributes and of control of each epoch.

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
    VariationalAutoencoder : Without attributes.
    sklearn_c2c.generation.set_attribute : To change an attribute of melodies.
    sklearn_c2c.generation.give_attributes : Codes with the true attributes of melodies.

    Notes
    -----
    `fit` needs y, of shape (n_samples, n_attributes). The loss is that of
    `VariationalAutoencoder`, plus that of the attributes and that of control.

    References
    ----------
    J.-P. Briot, "Compress to Create", section VI.iii.

    A. Pati and A. Lerch, "Attribute-based Regularization of Latent Spaces for
    Variational Auto-Encoders", Neural Computing and Applications 2021.

    G. Hadjeres, F. Nielsen and F. Pachet, "GLSR-VAE: Geodesic Latent Space
    Regularization for Variational AutoEncoder Architectures", SSCI 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import AttributeVariationalAutoencoder, PianoRollEncoder
    >>> from sklearn_c2c.metrics import note_density
    >>> X = np.array([[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]])
    >>> vae = AttributeVariationalAutoencoder(h=4, random_state=0)
    >>> model = make_pipeline(PianoRollEncoder(), vae).fit(X, note_density(X))
    >>> latent = model.transform(X)[:, 0]
    >>> (latent * vae.attribute_scale_ + vae.attribute_mean_).round(1)
    array([0.8, 0.8, 1. ])
    """

    __module__ = "sklearn_c2c"  # where it is public, and what model files name

    # Parameters of a VariationalAutoencoder that are fixed here.
    prior, aggregate_weight, free_bits_scope = "normal", 0.0, "latent"

    _parameter_constraints: dict = {
        **VariationalAutoencoder._parameter_constraints,
        "regularization": [StrOptions({"given", "squared", "pairwise", "geodesic"})],
        "attribute_weight": [Interval(Real, 0, None, closed="left")],
        "control_weight": [Interval(Real, 0, None, closed="left")],
        "attributes": [tuple, list, None],
    }
    for name in ("prior", "aggregate_weight", "free_bits_scope"):
        del _parameter_constraints[name]
    del name
    _curves: dict = {
        **VariationalAutoencoder._curves,
        "attributes": "attribute_curve_",
        "control": "control_curve_",
    }

    def __init__(
        self,
        h=32,
        *,
        regularization="given",
        attribute_weight=10.0,
        control_weight=1.0,
        attributes=None,
        hidden_layer_sizes=(256, 256),
        hidden_activation="relu",
        output="softmax",
        group_size=None,
        beta=0.2,
        kl_warmup=0,
        kl_cooldown=0,
        free_bits=0.0,
        init="auto",
        output_bias_init="marginals",
        learning_rate_init=0.003,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        batch_size=64,
        max_iter=100,
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
        self.regularization = regularization
        self.attribute_weight = attribute_weight
        self.control_weight = control_weight
        self.attributes = attributes
        self.hidden_layer_sizes = hidden_layer_sizes
        self.hidden_activation = hidden_activation
        self.output = output
        self.group_size = group_size
        self.beta = beta
        self.kl_warmup = kl_warmup
        self.kl_cooldown = kl_cooldown
        self.free_bits = free_bits
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

    def sample_prior(self, n_samples=1, *, random_state=None):
        """Draw latent vectors from the prior.

        Standard normal; latents that are given attributes are correlated as those are.

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
        rng = check_random_state(random_state)
        Z = super().sample_prior(n_samples, random_state=rng)
        if self.regularization == "given":
            mean, k = np.zeros(self.n_attributes_), self.n_attributes_
            correlation = self.attribute_correlation_
            Z[:, :k] = rng.multivariate_normal(mean, correlation, n_samples)
        return Z

    # ------------------------------------------------------------------ checks

    def _check_training_data(self, X, y, *, reset):
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is "
                "None; expected the attributes of each sample, of shape (n_samples, "
                "n_attributes)."
            )
        X, _ = super()._check_training_data(X, y, reset=reset)
        y = check_array(y, dtype=np.float64, ensure_2d=False, input_name="y")
        y = y.reshape(-1, 1) if y.ndim == 1 else y
        if len(y) != X.shape[0]:
            raise ValueError(
                f"Found y with {len(y)} rows; expected one for each of the "
                f"{X.shape[0]} samples of X."
            )
        if np.abs(y).max() > _LARGEST:
            raise ValueError(
                f"Found {np.abs(y).max():.3g} in y; expected attributes of at most "
                f"{_LARGEST:g}."
            )
        n_attributes = y.shape[1]
        if n_attributes > self.h:
            raise ValueError(
                f"y has {n_attributes} attributes, but h={self.h}; each needs a latent "
                "of its own."
            )
        if not reset and n_attributes != self.n_attributes_:
            raise ValueError(
                f"y has {n_attributes} attributes, but {type(self).__name__} was "
                f"fitted with {self.n_attributes_}."
            )
        if self.attributes is not None and len(self.attributes) != n_attributes:
            raise ValueError(
                f"attributes={self.attributes!r} has {len(self.attributes)} names, but "
                f"y has {n_attributes} columns."
            )
        return X, y

    # ---------------------------------------------------------------- training

    def _network(self, X, y, resumes):
        network = super()._network(X, y, resumes)
        network.units = self._units() if resumes else Units.of(y)
        # corrcoef is a scalar for one attribute, and NaN for a constant one.
        with np.errstate(invalid="ignore", divide="ignore"):
            correlation = np.atleast_2d(np.corrcoef(y, rowvar=False))
        np.fill_diagonal(correlation, 1)
        network.correlation = np.nan_to_num(correlation)
        return network

    def _fitted_stack(self):
        stack = super()._fitted_stack()
        stack.units = self._units()
        return stack

    def _units(self):
        return Units(self.attribute_mean_, self.attribute_scale_)

    def _stack(self, layers, group_size, training=None):
        code = GaussianCode(training and training.history.rng, self.free_bits)
        return AttributeStack(
            *(layers, self.hidden_activation, code, group_size, training),
            beta=self.beta,
            weight_of=self._weight_of,
            regularization=self.regularization,
            attribute_weight=self.attribute_weight,
            control_weight=self.control_weight,
        )

    def _fitted_attributes(self, X, network):
        return super()._fitted_attributes(X, network) | {
            "n_attributes_": len(network.units.mean),
            "attribute_mean_": network.units.mean,
            "attribute_scale_": network.units.scale,
            "attribute_correlation_": network.correlation,
        }

    def _fitted_form(self):
        k = vars(self).get("n_attributes_")
        k = k if Whole(1, self.h).accepts(k) else 1
        number = FLOATS[1:]
        return super()._fitted_form() | {
            "n_attributes_": Whole(1, self.h),
            "attribute_mean_": Array((k,), number),
            "attribute_scale_": Array((k,), number, low=_SMALLEST),
            "attribute_correlation_": Array((k, k), number, low=-1, high=1),
        }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        return tags
