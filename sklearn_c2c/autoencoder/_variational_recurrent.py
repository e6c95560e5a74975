"""The variational recurrent autoencoder."""

from sklearn_c2c.autoencoder._recurrent import RecurrentMixin, recurrent_constraints
from sklearn_c2c.autoencoder._recurrent_stack import VariationalRecurrentStack
from sklearn_c2c.autoencoder._variational import VariationalAutoencoder


class VariationalRecurrentAutoencoder(RecurrentMixin, VariationalAutoencoder):
    """Compress sequences to the distribution of a code, with gated recurrent units.

    The recurrent encoder and decoder of `RecurrentAutoencoder` with the code and the
    loss of `VariationalAutoencoder`: nearby codes decode alike, and draws from the
    prior decode to sequences.

    Parameters
    ----------
    h : int, default=32
        Number of latent variables.

    n_units : int, default=128
        Units of each recurrent layer.

    cell : {"gru", "lstm"}, default="gru"
        Kind of the recurrent layers. "gru": gated recurrent units. "lstm": long
        short-term memories, with a third more weights. Their intercepts begin with 1
        for the forget gate, so that they remember before they have learned to.

    steps_per_measure : int, default=None
        Steps of a measure, 16 for sixteenths in 4/4. With it the model is hierarchical:
        layers read and write the steps of each measure, others read the measures and
        conduct them. Only the token before a measure is passed on from one to the next,
        so that all measures of a batch are computed at once. None for a model without
        measures.

    group_size : int, default=None
        Columns of a step. None infers it from one-hot data; data that is not one-hot in
        groups of equal size is one step of all columns, with a warning.

    decoder_input : {"teacher", "own"}, default="teacher"
        The token before, in training and in `score`. "teacher": that of the data,
        except for those that `teacher_forcing` and `feedback_dropout` replace. "own":
        the one that the decoder itself found most probable, as in `inverse_transform`,
        from the first epoch on; gradients take it as given. For a decoder without such
        an input set `feedback_dropout` to 1.

    teacher_forcing : float in [0, 1], default=1.0
        Share of the decoder's inputs that are the tokens of the data in the last epoch;
        the others are the tokens that the decoder finds most probable (scheduled
        sampling). The share falls linearly from 1 in the first epoch to this value in
        the `max_iter`-th.

    feedback_dropout : float in [0, 1], default=0.3
        Share of the decoder's input tokens that are left out in training, so that it
        learns to rely on the latent variables, and to recover from a wrong token. With
        1 the decoder never gets a token, in `inverse_transform` neither.

    clip_norm : float, default=1.0
        Largest norm of the gradient of all weights together; a larger gradient is
        scaled down to it.

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

    learning_rate : {"constant", "linear"}, default="linear"
        Course of the step size of Adam. "linear": from `learning_rate_init` in the
        first epoch it falls linearly, to be 0 after `max_iter` epochs, but
        not below a hundredth of `learning_rate_init`; epochs are counted over calls of
        `partial_fit` and, with `warm_start`, of `fit`. "constant":
        `learning_rate_init` in all epochs.

    learning_rate_init : float, default=0.004
        Step size of Adam in the first epoch.

    beta_1 : float in [0, 1), default=0.9
        Decay of Adam's first moment.

    beta_2 : float in [0, 1), default=0.999
        Decay of Adam's second moment.

    epsilon : float, default=1e-8
        Added to the root of Adam's second moment.

    batch_size : int, default=16
        Samples a step of Adam; the last batch of an epoch may be smaller.

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
        Weights of the layers, as of `RecurrentAutoencoder`; the layer of the code gives
        the h means and then the h log variances.

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

    group_size_ : int
        Columns of a step.

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
    RecurrentAutoencoder : Without distribution and prior.
    VariationalAutoencoder : Encodes and decodes all steps at once.

    Notes
    -----
    A decoder that gets the tokens before may ignore the latent vector, whose
    distribution then collapses to the prior: `active_units_` is 0. `feedback_dropout`,
    `free_bits`, `kl_warmup` and a small `beta` counter that.

    References
    ----------
    J.-P. Briot, "Compress to Create", section VI.iv.

    O. Fabius and J. R. van Amersfoort, "Variational Recurrent Auto-Encoders", ICLR
    Workshop 2015, whose decoder gets its own output.

    S. R. Bowman et al., "Generating Sentences from a Continuous Space", CoNLL 2016, for
    the dropout of tokens.

    A. Roberts et al., "A Hierarchical Latent Vector Model for Learning Long-Term
    Structure in Music", ICML 2018, for free bits of the sum.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import PianoRollEncoder, VariationalRecurrentAutoencoder
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]]
    >>> estimator = VariationalRecurrentAutoencoder(
    ...     2, n_units=8, beta=0.1, random_state=0
    ... )
    >>> model = make_pipeline(PianoRollEncoder(), estimator).fit(X)
    >>> model.inverse_transform(estimator.sample_prior(5, random_state=0)).shape
    (5, 4)
    """

    __module__ = "sklearn_c2c"  # where it is public, and what model files name

    _parameter_constraints: dict = recurrent_constraints(VariationalAutoencoder)

    def __init__(
        self,
        h=32,
        *,
        n_units=128,
        cell="gru",
        steps_per_measure=None,
        group_size=None,
        decoder_input="teacher",
        teacher_forcing=1.0,
        feedback_dropout=0.3,
        clip_norm=1.0,
        beta=1.0,
        prior="normal",
        aggregate_weight=0.0,
        kl_warmup=0,
        kl_cooldown=0,
        free_bits=0.0,
        free_bits_scope="latent",
        learning_rate="linear",
        learning_rate_init=0.004,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        batch_size=16,
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
        self.n_units = n_units
        self.cell = cell
        self.steps_per_measure = steps_per_measure
        self.group_size = group_size
        self.decoder_input = decoder_input
        self.teacher_forcing = teacher_forcing
        self.feedback_dropout = feedback_dropout
        self.clip_norm = clip_norm
        self.beta = beta
        self.prior = prior
        self.aggregate_weight = aggregate_weight
        self.kl_warmup = kl_warmup
        self.kl_cooldown = kl_cooldown
        self.free_bits = free_bits
        self.free_bits_scope = free_bits_scope
        self.learning_rate = learning_rate
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

    def _stack(self, layers, group_size, training=None):
        wired = self._wired(self._code(training), layers, group_size, training)
        kl = dict(beta=self.beta, weight_of=self._weight_of)
        return VariationalRecurrentStack(*wired, **kl)
