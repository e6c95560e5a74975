"""An estimator that adds voices to a melody."""

from functools import partial
from itertools import pairwise
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from sklearn_c2c._data import loss_limit
from sklearn_c2c._epochs import History
from sklearn_c2c._fitted import FLOATS, Ascending, Whole
from sklearn_c2c._nn import initial
from sklearn_c2c._nn.adam import FallingAdam, fresh
from sklearn_c2c._nn.layers import Activation
from sklearn_c2c._transitions import Transitions, count_transitions, transitions_form
from sklearn_c2c._validation import check_input
from sklearn_c2c.autoencoder import (
    Layer,
    NetworkMixin,
    Training,
    checked_sizes,
    network_form,
)
from sklearn_c2c.harmony._decoding import Voice, decode
from sklearn_c2c.harmony._layout import Layout
from sklearn_c2c.harmony._stack import HarmonyStack
from sklearn_c2c.melody import (
    END,
    N_PITCHES,
    check_melodies,
    check_voices,
    raise_where,
    split_voices,
)

# Most voices of a model that is read from a file.
_MOST_VOICES = 64


class Harmonizer(NetworkMixin, BaseEstimator):
    """Add voices to melodies, as learned from pieces of several voices.

    A network with hidden layers sees a melody, as one-hot vectors of what sounds, of
    onsets and of the pitch classes that occur in it, and gives the probabilities of the
    tokens of each other voice at each step. With ``chain=True`` it also sees the voices
    that are decided: first the lowest voice is decided, given the melody, then from the
    top down each other one, given those before it; then each again, given all others.
    In training, the voices that it sees are drawn at random. Each voice is decoded to
    its most probable course along the transitions of this voice in the data, as by
    `PianoRollEncoder`.

    With ``window=None, noise=0, chain=False, transition_weight=0`` it is MiniBach: a
    network of one hidden layer from whole rows of the melody to all other voices at
    once, of which the token with the largest probability is taken.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int, default=(256,)
        Sizes of the hidden layers, at least one.

    hidden_activation : {"sigmoid", "tanh", "relu", "identity"}, default="relu"
        Activation of the hidden layers.

    window : int or None, default=8
        Steps before and after each step that the network sees, with the place in the
        measure; the same network is used for all steps. None sees whole rows.

    noise : float in [0, 1), default=0.3
        Share of the steps, of each voice that the network sees, that are hidden from it
        in training, at random.

    chain : bool, default=True
        Whether voices are decided one after the other, as above, or all at once.

    n_rounds : int, default=1
        How often each voice is decided again, given all others, with ``chain=True``; at
        most 100.

    voice_leading : bool, default=True
        Whether voices that cross, and parallel fifths and octaves, are avoided, with
        ``chain=True``. They occur where nothing else is found.

    transition_weight : float, default=0.3
        Weight of the transitions of each voice, as in `PianoRollEncoder`. 0 takes the
        most probable token of each step.

    steps_per_measure : int, default=16
        Steps per measure: 16 for sixteenths in 4/4.

    learning_rate_init : float, default=0.003
        First learning rate of Adam, which falls linearly to 0 over `max_iter` epochs.

    beta_1 : float in [0, 1), default=0.9
        Decay of Adam's first moment.

    beta_2 : float in [0, 1), default=0.999
        Decay of Adam's second moment.

    epsilon : float, default=1e-8
        Added to the root of Adam's second moment.

    batch_size : int, default=64
        Samples per update: steps of pieces, or whole pieces with ``window=None``.

    max_iter : int, default=10
        Epochs: passes over the data.

    shuffle : bool, default=True
        Whether to draw a new order of the samples for each epoch.

    n_iter_no_change : int, default=30
        As in `Autoencoder`.

    tol : float, default=1e-4
        Smallest fall of the loss, in nats a sample, that counts.

    warm_start : bool, default=False
        Whether `fit` goes on from the weights and moments of the last `fit`.

    random_state : int, RandomState instance or None, default=None
        For initial weights, order of the samples and the voices seen in training. An
        int gives the same bits in every run, with any number of threads.

    verbose : bool, default=False
        Whether to print the loss of each epoch.

    Attributes
    ----------
    n_added_ : int
        Number of voices that are added.

    pitch_range_ : tuple of (int, int)
        Lowest and highest pitch of the data, of all voices.

    voice_ranges_ : list of tuple of (int, int)
        Lowest and highest pitch of each added voice; no other pitch is predicted.

    transitions_ : list of dict
        For each added voice the transitions, see `PianoRollEncoder`.

    coefs_, intercepts_ : list of ndarray
        Weights and biases of the layers.

    loss_ : float
        Training loss of the last epoch: nats a sample.

    loss_curve_ : list of float
        Training loss of each epoch.

    validation_loss_curve_ : None
        Always, as no samples are set aside.

    n_iter_ : int
        Epochs trained.

    t_ : int
        Samples seen in training.

    n_features_in_ : int
        Number of steps of a row.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the steps, if the data has string column names.

    See Also
    --------
    sklearn_c2c.metrics.compare_harmony : Judges the result.
    sklearn_c2c.generation.complete : Another way, with an autoencoder of all voices.

    References
    ----------
    J.-P. Briot, G. Hadjeres and F.-D. Pachet, "Deep Learning Techniques for Music
    Generation", Springer 2019: MiniBach.

    G. Hadjeres, F. Pachet and F. Nielsen, "DeepBach: a Steerable Model for Bach
    Chorales Generation", ICML 2017.

    B. Uria, I. Murray and H. Larochelle, "A Deep and Tractable Density Estimator", ICML
    2014: variables seen at random in training.

    Examples
    --------
    A melody and a bass below it, of four steps each:

    >>> from sklearn_c2c import Harmonizer
    >>> X = [[74, 129, 73, 74], [74, 76, 129, 74], [78, 76, 73, 74]] * 8
    >>> Y = [[62, 129, 57, 50], [62, 57, 129, 50], [62, 57, 57, 50]] * 8
    >>> model = Harmonizer(steps_per_measure=4, max_iter=30, random_state=0)
    >>> model.fit(X, Y).predict(X[:3]).tolist() == Y[:3]
    True
    """

    __module__ = "sklearn_c2c"  # where it is public, and what model files name

    _size_parameters: tuple = ("hidden_layer_sizes", "window", "steps_per_measure")

    # Windows of one piece overlap, so none of them is set aside for validation.
    early_stopping, validation_fraction = False, 0.1

    _parameter_constraints: dict = {
        **NetworkMixin._parameter_constraints,
        "window": [Interval(Integral, 0, None, closed="left"), None],
        "noise": [Interval(Real, 0, 1, closed="left")],
        "chain": ["boolean"],
        "n_rounds": [Interval(Integral, 0, 100, closed="both")],  # of forged files, too
        "voice_leading": ["boolean"],
        "transition_weight": [Interval(Real, 0, None, closed="left")],
        "steps_per_measure": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        hidden_layer_sizes=(256,),
        *,
        hidden_activation="relu",
        window=8,
        noise=0.3,
        chain=True,
        n_rounds=1,
        voice_leading=True,
        transition_weight=0.3,
        steps_per_measure=16,
        learning_rate_init=0.003,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        batch_size=64,
        max_iter=10,
        shuffle=True,
        n_iter_no_change=30,
        tol=1e-4,
        warm_start=False,
        random_state=None,
        verbose=False,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.hidden_activation = hidden_activation
        self.window = window
        self.noise = noise
        self.chain = chain
        self.n_rounds = n_rounds
        self.voice_leading = voice_leading
        self.transition_weight = transition_weight
        self.steps_per_measure = steps_per_measure
        self.learning_rate_init = learning_rate_init
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def predict(self, X):
        """Add voices to melodies.

        Parameters
        ----------
        X : array-like of int, shape (n_pieces, n_steps)
            Melodies in the keys of the data of `fit`, with pitches in its range.

        Returns
        -------
        Y : ndarray of int16, shape (n_pieces, n_added * n_steps)
            The added voices one after the other, as in `fit`. ``numpy.hstack([X, Y])``
            are whole pieces.

        Raises
        ------
        ValueError
            If X is not of melodies of as many steps as in `fit`, or a pitch is outside
            `pitch_range_`.
        """
        check_is_fitted(self)
        melodies = self._check_melodies(X, reset=False)
        low, high = self.pitch_range_
        _check_pitches(melodies, low, high)
        known = zip(self.voice_ranges_, self.transitions_, strict=True)
        voices = [Voice(*limits, _loaded(transitions)) for limits, transitions in known]
        with self._stack(self._fitted_layers(), self._layout()) as stack:
            added = decode(melodies, stack, voices, self)
        return added.reshape(len(melodies), -1)

    def score(self, X, y):
        """Compute the share of the steps of the added voices that are as given.

        Parameters
        ----------
        X : array-like of int, shape (n_pieces, n_steps)
            Melodies.

        y : array-like of int, shape (n_pieces, n_added * n_steps)
            Their other voices.

        Returns
        -------
        score : float
            Of tokens that agree, holds among them. See also `metrics.voice_accuracy`.

        Raises
        ------
        ValueError
            If y has another shape than the prediction.
        """
        predicted, y = self.predict(X), np.asarray(y)
        if y.shape != predicted.shape:
            raise ValueError(
                f"Expected y of shape {predicted.shape}, that of the prediction, got "
                f"{y.shape}."
            )
        return float((predicted == y).mean())

    # ------------------------------------------------------------------ checks

    def _check_melodies(self, X, *, reset):
        checked = validate_data(
            self, check_input(X), reset=reset, ensure_non_negative=True
        )
        melodies = check_melodies(checked)
        raise_where(
            melodies,
            melodies == END,
            "the melody ends here, and voices are as long as their rows; fill it up "
            "with rests",
        )
        return melodies

    def _check_training_data(self, X, y, *, reset):
        """Samples of pieces, and the tokens of the added voices at their steps."""
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is "
                "None; expected the other voices of each piece, of shape (n_pieces, "
                "n_added * n_steps)."
            )
        melodies = self._check_melodies(X, reset=reset)
        added = _check_added(y, melodies.shape[1])
        check_consistent_length(melodies, added)
        pieces = np.concatenate([melodies[:, np.newaxis], added], axis=1)
        if reset:
            self._learn(pieces)
        else:
            _check_pitches(pieces, *self.pitch_range_)
        layout = self._layout()
        if added.shape[1] != layout.n_added:
            raise ValueError(
                f"Found y with {added.shape[1]} voices, but {type(self).__name__} was "
                f"fitted with {layout.n_added}."
            )
        return layout.samples(layout.codes(pieces)), layout.answers(added)

    def _learn(self, pieces):
        """Set the ranges and the transitions of the voices."""
        self.n_added_ = pieces.shape[1] - 1
        self.pitch_range_ = _range_of(pieces, (0, N_PITCHES - 1))
        voices = pieces[:, 1:].swapaxes(0, 1)
        self.voice_ranges_ = [_range_of(voice, self.pitch_range_) for voice in voices]
        self.transitions_ = [
            count_transitions(voice, self.steps_per_measure)._asdict()
            for voice in voices
        ]

    # ---------------------------------------------------------------- training

    def _layout(self):
        low, high = self.pitch_range_
        sizes = self.n_added_, self.n_features_in_, self.window
        return Layout(low, high, *sizes, self.steps_per_measure)

    def _layer_shapes(self, layout):
        hidden = checked_sizes(self.hidden_layer_sizes)
        if not hidden:
            raise ValueError("hidden_layer_sizes must have at least one layer, got ().")
        return list(pairwise([layout.n_inputs, *hidden, layout.n_outputs]))

    def _network(self, X, y, resumes):
        layout = self._layout()
        shapes, dtype = self._layer_shapes(layout), FLOATS[0]
        self._check_sizes(layout.n_inputs, dtype, shapes, resumes)
        history, n_updates = History(check_random_state(self.random_state)), 0
        if resumes:
            layers, n_updates = self._resumed_layers(history)
        else:
            coefs = [initial.glorot(history.rng, *shape, dtype) for shape in shapes]
            layers = [
                Layer(fresh(c), fresh(np.zeros(c.shape[1], dtype))) for c in coefs
            ]
        last = history.n_epochs + self.max_iter

        def share():
            return (last - history.n_epochs) / self.max_iter

        falling = partial(FallingAdam, share=share)
        adam = self._optimizer(dtype, n_updates, make=falling)
        limit = loss_limit(np.zeros((1, layout.n_outputs), bool))
        return self._stack(layers, layout, Training(adam, history, limit, True))

    def _stack(self, layers, layout, training=None):
        code, group_size = Activation(self.hidden_activation), layout.n_pitches + 2
        wired = layers, self.hidden_activation, code, group_size, training
        return HarmonyStack(
            *wired,
            layout=layout,
            chain=self.chain,
            noise=self.noise,
        )

    def _fitted_attributes(self, X, network):
        return self._training_attributes(network)

    def _fitted_form(self):
        """Forms of the fitted attributes, see `_fitted`."""
        fitted, dtype = vars(self), FLOATS[:1]
        pitch_range, low, high = Ascending(2, 0, N_PITCHES - 1), 0, N_PITCHES - 1
        if pitch_range.accepts(fitted.get("pitch_range_")):
            low, high = self.pitch_range_
        is_known = Whole(1, _MOST_VOICES).accepts(fitted.get("n_added_"))
        n_added = fitted["n_added_"] if is_known else 1
        sizes = n_added, self.n_features_in_, self.window, self.steps_per_measure
        shapes = self._layer_shapes(Layout(low, high, *sizes))
        limits, found = fitted.get("voice_ranges_"), fitted.get("transitions_")
        voice_range = Ascending(2, low, high)
        if type(limits) is not list or not all(map(voice_range.accepts, limits)):
            limits = []
        is_list = type(found) is list and len(found) == len(limits)
        transitions = [
            transitions_form(one, Voice(*voice_range, None).tokens)
            for one, voice_range in zip(found if is_list else [], limits, strict=False)
        ]
        return {
            "n_added_": Whole(1, _MOST_VOICES),
            "pitch_range_": pitch_range,
            "voice_ranges_": [voice_range] * n_added,
            "transitions_": transitions,
            **network_form(self, shapes, dtype),
        }

    # ----------------------------------------------------------------- scikit-learn

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.positive_only = True
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = False
        tags.target_tags.positive_only = True
        return tags


def _check_added(y, n_steps):
    """The voices that are added to melodies, (n_pieces, n_added, n_steps)."""
    y = check_array(check_input(y), input_name="y")
    if y.shape[1] % n_steps:
        raise ValueError(
            f"Expected y of shape (n_pieces, n_added * {n_steps}), the other voices of "
            f"each melody one after the other, got {y.shape}."
        )
    n_added = y.shape[1] // n_steps
    return split_voices(check_voices(y, n_added), n_added)


def _range_of(voices, otherwise):
    """Lowest and highest pitch of some voices, or another range without any."""
    pitches = voices[voices < N_PITCHES]
    return (int(pitches.min()), int(pitches.max())) if pitches.size else otherwise


def _loaded(transitions):
    """Transitions whose arrays are in memory; those of a worker may be in a file."""
    return Transitions(**{name: np.asarray(part) for name, part in transitions.items()})


def _check_pitches(voices, low, high):
    voices = voices.reshape(-1, voices.shape[-1])
    raise_where(
        voices,
        (voices < N_PITCHES) & ((voices < low) | (voices > high)),
        f"this pitch is outside {low}-{high}, the range of all voices in fit; "
        "transpose the piece",
    )
