"""The variational autoencoder that separates pitch and rhythm."""

from numbers import Integral

from sklearn.utils._param_validation import Interval

from sklearn_c2c._data import has_end, one_hot_group_size
from sklearn_c2c._fitted import OneOf, check_form
from sklearn_c2c._nn.gaussian import GaussianCode
from sklearn_c2c.autoencoder._base import stack_shapes
from sklearn_c2c.autoencoder._pitch_rhythm_stack import (
    Layout,
    PitchRhythmStack,
    split_all,
)
from sklearn_c2c.autoencoder._stack import Stack
from sklearn_c2c.autoencoder._variational import VariationalAutoencoder


class PitchRhythmAutoencoder(VariationalAutoencoder):
    """Compress melodies to two independent latent vectors, of pitches and of rhythm.

    The encoder of the rhythm takes, for each step, whether it is an onset, a hold, a
    rest or the end; that of the pitches takes the notes of each measure in order,
    without their onsets. So a transposition leaves the latent vector of the rhythm
    unchanged, to the bit, and another rhythm for the same notes of each measure that of
    the pitches. Each has its own decoder, and the notes are placed at the onsets::

        P(pitch at step t) = P(onset at t) * sum_k P(k notes before t) * P(pitch k)

    k being counted in the measure of t, with independent steps. Trained with Adam to
    minimise

        CE(pitches, decoder(z_pitch)) + CE(rhythm, decoder(z_rhythm)) + beta * KL,

    nats a melody, the first two terms being minus the logarithm of the probability of
    the melody, and KL the divergence of all latents as with `VariationalAutoencoder`.

    Parameters
    ----------
    h_pitch : int, default=24
        Number of latent variables of the pitches.

    h_rhythm : int, default=8
        Number of latent variables of the rhythm.

    steps_per_measure : int, default=16
        Steps a measure: notes are numbered within each. None numbers them through the
        whole melody.

    hidden_layer_sizes : tuple of int, default=()
        Sizes of further layers between the data and the latent variables, in each
        branch; the decoders have the same in reverse.

    hidden_activation : {"sigmoid", "tanh", "relu", "identity"}, default="tanh"
        The function of the further layers.

    group_size : int, default=None
        Tokens of a step: pitches, hold, rest and, if some melodies of the first data
        end early, the end, in this order, as `PianoRollEncoder` has them; without an
        end, steps of two columns have no rest, of one no hold. None infers it from
        one-hot data; data that is not one-hot in groups of equal size makes one group
        of all columns, with a warning.

    beta : float, default=1.0
        Weight of the divergence.

    kl_warmup : int, default=0
        Epochs over which beta rises to its value, from ``beta / (kl_warmup + 1)``;
        counted from the first one, also over calls of `partial_fit`.

    kl_cooldown : int, default=0
        Last epochs, up to the `max_iter`-th, in which the weight of the divergence is
        0, as with `VariationalAutoencoder`.

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
    branches_ : dict of str to slice
        Columns of a latent vector that belong to the pitches ("pitch"), and to the
        rhythm ("rhythm").

    coefs_ : list of ndarray
        Weights of the layers, each of shape (n_in, n_out): encoder and decoder of the
        pitches, then of the rhythm. The last layer of an encoder gives means and then
        log variances.

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
        Training loss of each epoch: reconstruction and weighted divergence.

    reconstruction_curve_ : list of float
        Cross-entropy of each epoch, nats a sample.

    kl_curve_ : list of float
        Divergence of each epoch, nats a sample, not weighted.

    pitch_curve_, rhythm_curve_ : list of float
        Cross-entropies of the two parts in each epoch, nats a sample; their sum is
        `reconstruction_curve_`.

    validation_loss_curve_ : list of float or None
        Validation loss of each epoch with `early_stopping`, otherwise None.

    group_size_ : int
        Tokens of a step.

    has_end_ : bool
        Whether the last token of a step is the end. It is if, in the first data, all
        columns of the last step are 0 for some melody. If no melody ends before the
        last step, it is if the last token is in that step only, and the third last one
        must be the hold: never in the first step, never after a rest, and frequent.

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
    VariationalAutoencoder : With one latent vector for everything.
    sklearn_c2c.generation.swap : The pitches of one melody, the rhythm of another.
    sklearn_c2c.generation.branch : Move in one half only.

    Notes
    -----
    The model follows EC2-VAE, without its chords and its recurrence. There one encoder
    gives both latent vectors, and information on one of the two may be in the other;
    here the wiring separates them.

    References
    ----------
    R. Yang et al., "Deep Music Analogy via Latent Representation Disentanglement",
    ISMIR 2019.

    J.-P. Briot, "Compress to Create", section VI.iii.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import PianoRollEncoder, PitchRhythmAutoencoder, generation
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]]
    >>> estimator = PitchRhythmAutoencoder(4, 4, beta=0.1, random_state=0)
    >>> model = make_pipeline(PianoRollEncoder(), estimator).fit(X)
    >>> estimator.branches_
    {'pitch': slice(0, 4, None), 'rhythm': slice(4, 8, None)}
    >>> generation.swap(model, pitches_of=X[0], rhythm_of=X[1]).tolist()
    [[62, 64, 66, 129]]
    """

    __module__ = "sklearn_c2c"  # where it is public, and what model files name

    output = "softmax"

    _size_parameters: tuple = (
        "h_pitch",
        "h_rhythm",
        "hidden_layer_sizes",
    )
    # Parameters of a VariationalAutoencoder that are fixed here.
    prior, aggregate_weight, free_bits_scope = "normal", 0.0, "latent"

    _parameter_constraints: dict = {
        **VariationalAutoencoder._parameter_constraints,
        "h_pitch": [Interval(Integral, 1, None, closed="left")],
        "h_rhythm": [Interval(Integral, 1, None, closed="left")],
        "steps_per_measure": [Interval(Integral, 1, None, closed="left"), None],
    }
    for name in ("h", "output", "prior", "aggregate_weight", "free_bits_scope"):
        del _parameter_constraints[name]
    del name
    _curves: dict = {
        **VariationalAutoencoder._curves,
        "pitch": "pitch_curve_",
        "rhythm": "rhythm_curve_",
    }

    def __init__(
        self,
        h_pitch=24,
        h_rhythm=8,
        *,
        steps_per_measure=16,
        hidden_layer_sizes=(),
        hidden_activation="tanh",
        group_size=None,
        beta=1.0,
        kl_warmup=0,
        kl_cooldown=0,
        free_bits=0.0,
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
        self.h_pitch = h_pitch
        self.h_rhythm = h_rhythm
        self.steps_per_measure = steps_per_measure
        self.hidden_layer_sizes = hidden_layer_sizes
        self.hidden_activation = hidden_activation
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

    @property
    def h(self):
        """Number of latent variables of both branches."""
        return self.h_pitch + self.h_rhythm

    @property
    def branches_(self):
        """Columns of a latent vector by the name of their branch."""
        h_pitch, h = self._first_of_decoder(0).shape[0], self._n_features_out
        return {"pitch": slice(0, h_pitch), "rhythm": slice(h_pitch, h)}

    def __setstate__(self, state):
        # Models saved before melodies could end early have no end.
        before = {"has_end_": False} if "coefs_" in state else {}
        super().__setstate__(before | state)

    # ------------------------------------------------------------------ checks

    def _check_training_data(self, X, y, *, reset):
        X, y = super()._check_training_data(X, y, reset=reset)
        if reset:
            group_size = self.group_size or one_hot_group_size(X) or X.shape[1]
            self.has_end_ = has_end(X, group_size)
        return X, y

    # ------------------------------------------------------------------ layers

    def _layout(self, n_features, group_size):
        n_steps = n_features // group_size
        steps_per_measure = min(self.steps_per_measure or n_steps, n_steps)
        return Layout(group_size, n_steps, steps_per_measure, self.has_end_)

    def _layer_shapes(self, n_features, group_size):
        """Shapes of all weight matrices: of the pitches, then of the rhythm."""
        layout = self._layout(n_features, group_size)
        n_pitches, n_rhythm = (layout.n_steps * n for n in layout.part_sizes)
        hidden = self.hidden_layer_sizes
        pitch = stack_shapes(n_pitches, hidden, 2 * self.h_pitch, self.h_pitch)
        return pitch + stack_shapes(n_rhythm, hidden, 2 * self.h_rhythm, self.h_rhythm)

    def _initial_layers(self, X, shapes, group_size, rng):
        layout = self._layout(X.shape[1], group_size)
        n, layers = len(shapes) // 2, []
        given = split_all(X, layout), (shapes[:n], shapes[n:]), layout.part_sizes
        for part, part_shapes, size in zip(*given, strict=True):
            layers += super()._initial_layers(part, part_shapes, size, rng)
        return layers

    def _stack(self, layers, group_size, training=None):
        n, hidden = len(layers) // 2, self.hidden_activation
        # The two parts of a step have a column more than its tokens: the onset.
        n_columns = sum(len(layers[i].coef.value) for i in (0, n))
        layout = self._layout(n_columns // (group_size + 1) * group_size, group_size)
        n_pitches, n_rhythm = layout.part_sizes
        pitch = Stack(layers[:n], hidden, None, n_pitches, training)
        of_rhythm = training and training._replace(is_sparse=False)
        rhythm = Stack(layers[n:], hidden, None, n_rhythm, of_rhythm)
        code = GaussianCode(training and training.history.rng, self.free_bits)
        wired = pitch, rhythm, code, layout, training
        return PitchRhythmStack(*wired, beta=self.beta, weight_of=self._weight_of)

    # --------------------------------------------------------------- attributes

    def _fitted_form(self):
        form = OneOf((False, True))
        found = vars(self).get("has_end_")
        check_form(f"{type(self).__name__}.has_end_", found, form)
        return super()._fitted_form() | {"has_end_": form}

    @property
    def _n_features_out(self):
        return sum(self._first_of_decoder(i).shape[0] for i in range(2))

    def _first_of_decoder(self, branch):
        """Weights of the first layer of a branch's decoder."""
        n = len(self.coefs_) // 4
        return self.coefs_[(1 + 2 * branch) * n]
