"""Autoencoders that read and write step by step."""

from numbers import Integral, Real

import numpy as np
from scipy.special import log_softmax
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c._nn import initial
from sklearn_c2c._nn.adam import fresh
from sklearn_c2c._nn.layers import Activation
from sklearn_c2c._nn.recurrent import ClippedAdam
from sklearn_c2c.autoencoder._base import BaseAutoencoder
from sklearn_c2c.autoencoder._network import check_fitted_sizes
from sklearn_c2c.autoencoder._recurrent_parts import CELLS, FEEDBACK, recurrent_shapes
from sklearn_c2c.autoencoder._recurrent_stack import Feedback, RecurrentStack
from sklearn_c2c.autoencoder._stack import Layer

# Parameters of dense autoencoders that recurrent ones do not have.
_OF_DENSE_LAYERS = {
    "hidden_layer_sizes",
    "hidden_activation",
    "output",
    "init",
    "output_bias_init",
}

# Least share of the learning rate, so that training beyond `max_iter` epochs learns.
_LEAST_RATE = 0.01


def recurrent_constraints(estimator):
    """Constraints of a recurrent estimator's parameters, given those of a dense one."""
    dense = estimator._parameter_constraints
    return {name: dense[name] for name in dense if name not in _OF_DENSE_LAYERS} | {
        "n_units": [Interval(Integral, 1, None, closed="left")],
        "cell": [StrOptions(set(CELLS))],
        "steps_per_measure": [Interval(Integral, 1, None, closed="left"), None],
        "decoder_input": [StrOptions({"teacher", "own"})],
        "teacher_forcing": [Interval(Real, 0, 1, closed="both")],
        "feedback_dropout": [Interval(Real, 0, 1, closed="both")],
        "clip_norm": [Interval(Real, 0, None, closed="neither")],
        "learning_rate": [StrOptions({"constant", "linear"})],
    }


class RecurrentMixin:
    """Layers of a recurrent encoder and decoder, mixed into an autoencoder.

    The estimator has the parameters `n_units`, `cell`, `steps_per_measure`,
    `group_size`, `decoder_input`, `teacher_forcing`, `feedback_dropout`, `clip_norm`
    and `learning_rate`, and softmax outputs.
    """

    output = "softmax"

    _size_parameters: tuple = ("h", "n_units", "cell", "steps_per_measure")

    def decode_by_steps(self, X, choose):
        """Decode latent vectors with tokens that a function chooses.

        `inverse_transform` feeds the most probable token of each step back to the
        decoder; here it is fed those of the function. `generation.decode` draws them,
        or searches for the most probable sequence.

        Parameters
        ----------
        X : array-like of shape (n_samples, h)
            Latent vectors.
        choose : callable
            Is called at each step with the log-probabilities of the tokens, in nats, a
            float64 array of shape (n_sequences, `group_size_`). At the first step there
            is one sequence for each latent vector. It returns the indices of the
            sequences that go on, of shape (n_next,), which may repeat some and leave
            out others, or None if all do; and the column of the token of each, of
            shape (n_next,). Or it returns None to stop before the last step.

        Raises
        ------
        ValueError
            As `inverse_transform`.
        """
        Z = self._check_Z(X)
        n_steps = self.n_features_in_ // self.group_size_
        with self._fitted_stack() as stack:
            stack.write(Z, lambda logits: choose(_log_softmax(logits)), n_steps)

    def layers_by_name(self):
        """Fitted weights and intercept of each layer, by its name.

        Returns
        -------
        dict of str to (ndarray, ndarray)
            In the order of `coefs_` and `intercepts_`.

        Raises
        ------
        ValueError
            If the parameters do not make layers of the fitted shapes.
        """
        check_is_fitted(self)
        shapes = self._named_shapes(self.group_size_)
        check_fitted_sizes(self, [*shapes.values()], "use the fitted weights")
        arrays = zip(self.coefs_, self.intercepts_, strict=True)
        return dict(zip(shapes, arrays, strict=True))

    def _named_shapes(self, group_size):
        return recurrent_shapes(
            *map(int, (group_size, self.n_units, self._code_width(), self.h)),
            n_gates=CELLS[self.cell].n_gates,
            is_hierarchical=self.steps_per_measure is not None,
        )

    def _layer_shapes(self, n_features, group_size):
        return list(self._named_shapes(group_size).values())

    def _fitted_stack(self):
        # Kernels read as many columns of the weights as the cell has gates.
        self.layers_by_name()
        return super()._fitted_stack()

    def _initial_layers(self, X, shapes, group_size, rng):
        layers = {}
        for name, shape in self._named_shapes(group_size).items():
            is_recurrence = name.endswith("recurrence")
            draw = initial.orthogonal if is_recurrence else initial.glorot
            coef = draw(rng, *shape, X.dtype)
            intercept = np.zeros(shape[1], X.dtype)
            if is_recurrence:
                cell = CELLS[self.cell]
                intercept = cell.initial_intercept(int(self.n_units), X.dtype)
            layers[name] = Layer(fresh(coef), fresh(intercept))
        if self.feedback_dropout == 1:  # no gradient ever reaches these weights
            layers[FEEDBACK].coef.value[:] = 0
        columns = X.reshape(-1, group_size)  # of all steps of all samples
        logits = initial.marginal_logits(columns, group_size)
        layers["output"].intercept.value[:] = logits
        return list(layers.values())

    def _wired(self, code, layers, group_size, training):
        """Arguments of a recurrent stack."""
        n_steps = self.n_features_in_ // group_size
        if training is not None:
            history = training.history

            def share():
                return self._rate_share(history.n_epochs)

            clipped = ClippedAdam(training.adam, self.clip_norm, share)
            training = training._replace(adam=clipped)
        return (
            dict(zip(self._named_shapes(group_size), layers, strict=True)),
            code,
            group_size,
            n_steps,
            self.steps_per_measure and min(int(self.steps_per_measure), n_steps),
            training,
            Feedback(self._forced, self.feedback_dropout, self.decoder_input == "own"),
            CELLS[self.cell],
        )

    @property
    def _n_features_out(self):
        return self.latent_mean_.shape[0]

    def _forced(self, epoch):
        """Share of the steps that are the data's in an epoch, counted from 0."""
        done = min(1, epoch / max(1, self.max_iter - 1))
        return 1 - done * (1 - self.teacher_forcing)

    def _rate_share(self, epoch):
        """Share of `learning_rate_init` in an epoch, counted from 0."""
        if self.learning_rate == "constant":
            return 1.0
        return max(_LEAST_RATE, 1 - epoch / self.max_iter)


def _log_softmax(logits):
    return log_softmax(logits.astype(np.float64), axis=1)


class RecurrentAutoencoder(RecurrentMixin, BaseAutoencoder):
    """Compress sequences to `h` latent variables with gated recurrent units.

    A layer reads the steps forwards, another one backwards. Their last states s and s'
    give ``z = tanh([s, s'] @ V + b)``. The decoder's layer starts from a state that is
    made of z. Its input at each step is z and the token before, and its states give the
    softmax of the next token. In training the token before is that of the data (teacher
    forcing), in `inverse_transform` the one that the decoder itself found most
    probable.

    Parameters
    ----------
    h : int, default=64
        Number of latent variables, the size of the compressed vector.

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
        For initial weights, validation split and order of the samples. An int gives
        the same bits in every run, with any number of threads.

    verbose : bool, default=False
        Whether to print the loss of each epoch. For a progress bar see `set_callbacks`
        and `sklearn.callback.ProgressBar`.

    Attributes
    ----------
    coefs_ : list of ndarray
        Weights of the layers, each of shape (n_in, n_out): inputs and recurrence of the
        layer that reads forwards, of the one that reads backwards, the layer that gives
        z; the layer that gives the decoder's first state, its constant input, inputs
        and recurrence, and the output. Gates are in the order reset, update, candidate
        of a GRU, and input, forget, candidate, output of an LSTM.

    intercepts_ : list of ndarray
        Biases of the layers, each of shape (n_out,).

    latent_min_, latent_max_, latent_mean_, latent_std_ : ndarray of shape (h,)
        Least, largest and mean value and standard deviation of each latent variable
        over the data of the last `fit` or `partial_fit` (the paper's footnotes 17 and
        23).

    loss_ : float
        Training loss of the last epoch: nats a sample, summed over columns.

    loss_curve_ : list of float
        Training loss of each epoch.

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
    Autoencoder : Encodes and decodes all steps at once.

    Notes
    -----
    `score` and the losses are teacher-forced, unless `decoder_input` is "own": they
    tell how well a step is predicted given the true steps before it.

    The reset gate of a GRU is applied after the product with the state, as in cuDNN and
    PyTorch, so that a step has one product. The cell of an LSTM is 0 before the first
    step.

    References
    ----------
    J.-P. Briot, "Compress to Create", section VI.iv.

    S. Bengio et al., "Scheduled Sampling for Sequence Prediction with Recurrent Neural
    Networks", NeurIPS 2015, and T. Mihaylova and A. F. T. Martins, "Scheduled Sampling
    for Transformers", ACL Student Workshop 2019, for the draws from one pass.

    K. Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for
    Statistical Machine Translation", EMNLP 2014.

    F. A. Gers et al., "Learning to Forget: Continual Prediction with LSTM", Neural
    Computation 12, 2000.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import PianoRollEncoder, RecurrentAutoencoder
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]]
    >>> estimator = RecurrentAutoencoder(2, n_units=8, random_state=0)
    >>> model = make_pipeline(PianoRollEncoder(), estimator).fit(X)
    >>> model.transform(X).shape
    (3, 2)
    """

    __module__ = "sklearn_c2c"  # where it is public, and what model files name

    _parameter_constraints: dict = recurrent_constraints(BaseAutoencoder)

    def __init__(
        self,
        h=64,
        *,
        n_units=128,
        cell="gru",
        steps_per_measure=None,
        group_size=None,
        decoder_input="teacher",
        teacher_forcing=1.0,
        feedback_dropout=0.3,
        clip_norm=1.0,
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

    def _code_width(self):
        return self.h

    def _stack(self, layers, group_size, training=None):
        code = Activation("tanh")
        return RecurrentStack(*self._wired(code, layers, group_size, training))
