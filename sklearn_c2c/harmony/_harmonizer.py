"""An estimator that adds voices to a melody."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_consistent_length
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_c2c._transitions import count_transitions
from sklearn_c2c._validation import check_input
from sklearn_c2c.autoencoder import CELLS
from sklearn_c2c.harmony._checks import (
    check_added,
    check_ends,
    check_pitches,
    loaded,
    range_of,
)
from sklearn_c2c.harmony._decoding import Voice, decode
from sklearn_c2c.harmony._network import HarmonyNetworkMixin
from sklearn_c2c.melody import (
    END,
    N_PITCHES,
    check_melodies,
    raise_where,
)


class Harmonizer(HarmonyNetworkMixin, BaseEstimator):
    """Add voices to melodies, as learned from pieces of several voices.

    A network with hidden layers sees a melody, as one-hot vectors of what sounds, of
    onsets and of the pitch classes that occur in it, and gives the probabilities of the
    tokens of each other voice at each step. If phrase ends are given, it sees these,
    too. With ``chain=True`` it also sees the voices that are decided: first the lowest
    voice is decided, given the melody, then from the top down each other one, given
    those before it; then each again, given all others. In training, the voices that it
    sees are drawn at random. Each voice is decoded to its most probable course along
    the transitions of this voice in the data, as by `PianoRollEncoder`.

    With `cell` two recurrent layers read what the network sees, one forwards and one
    backwards, and the hidden layers see their states at each step.

    With ``window=None, noise=0, chain=False, transition_weight=0`` it is MiniBach: a
    network of one hidden layer from whole rows of the melody to all other voices at
    once, of which the token with the largest probability is taken.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int, default=(256,)
        Sizes of the hidden layers, at least one without `cell`.

    hidden_activation : {"sigmoid", "tanh", "relu", "identity"}, default="relu"
        Activation of the hidden layers.

    cell : {"gru", "lstm"} or None, default=None
        Kind of the recurrent layers: gated recurrent units, or long short-term
        memories. None for a network without.

    n_units : int, default=128
        Units of each recurrent layer.

    window : int or None, default=8
        Steps before and after each step that the network sees, as far as there are any,
        with the place in the measure; the same network is used for all steps. None sees
        whole rows, without `cell`. Recurrent layers remember the steps, so that 0 can
        be enough for them.

    noise : float in [0, 1), default=0.3
        Share of the steps, of each voice that the network sees, that are hidden from it
        in training, at random, and of the samples whose phrase ends are: so `predict`
        does without.

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
        Samples per update: steps of pieces, or whole pieces with ``window=None`` or
        `cell`, for which 8 is a good size.

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

    sees_phrase_ends_ : bool
        Whether `fit` was given the ends of phrases.

    transitions_ : list of dict
        For each added voice the transitions, see `PianoRollEncoder`.

    coefs_, intercepts_ : list of ndarray
        Weights and biases of the layers. With `cell` the first ones are inputs and
        recurrence of the layer that reads forwards, then of the other one; gates are in
        the order of `RecurrentAutoencoder`.

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

    _parameter_constraints: dict = {
        **HarmonyNetworkMixin._parameter_constraints,
        "cell": [StrOptions(set(CELLS)), None],
        "n_units": [Interval(Integral, 1, None, closed="left")],
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
        cell=None,
        n_units=128,
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
        self.cell = cell
        self.n_units = n_units
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

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, *, phrase_ends=None):
        """Learn from pieces of several voices.

        Parameters
        ----------
        X : array-like of int, shape (n_pieces, n_steps)
            Melodies, see `sklearn_c2c.melody`.

        y : array-like of int, shape (n_pieces, n_added * n_steps)
            The other voices of each piece, one after the other.

        phrase_ends : array-like of bool, shape (n_pieces, n_steps), default=None
            Where the last note of a phrase sounds, such as those with a fermata: the
            ``phrase_ends`` of `load_bach_chorales`. None if it is not known.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a parameter is out of range, X and y are not the voices of pieces, or
            training diverges. The estimator is not changed then.
        """
        return self._fit(X, y, phrase_ends=phrase_ends)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, *, phrase_ends=None):
        """Train for one epoch, from the current weights.

        Parameters
        ----------
        X, y, phrase_ends :
            As for `fit`, in the ranges of the first call, and with phrase ends if this
            had them.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            As `fit`, or if sizes or ranges are others than before.
        """
        return self._partial_fit(X, y, phrase_ends=phrase_ends)

    def predict(self, X, *, phrase_ends=None):
        """Add voices to melodies.

        Parameters
        ----------
        X : array-like of int, shape (n_pieces, n_steps)
            Melodies in the keys of the data of `fit`, with pitches in its range.

        phrase_ends : array-like of bool, shape (n_pieces, n_steps), default=None
            Where the last note of a phrase sounds, if `fit` had it, too. None if it is
            not known.

        Returns
        -------
        Y : ndarray of int16, shape (n_pieces, n_added * n_steps)
            The added voices one after the other, as in `fit`. ``numpy.hstack([X, Y])``
            are whole pieces.

        Raises
        ------
        ValueError
            If X is not of melodies of as many steps as in `fit`, a pitch is outside
            `pitch_range_`, or `phrase_ends` is not of its shape, or was not in `fit`.
        """
        check_is_fitted(self)
        melodies = self._check_melodies(X, reset=False)
        low, high = self.pitch_range_
        check_pitches(melodies, low, high)
        ends = self._check_ends(phrase_ends, melodies)
        known = zip(self.voice_ranges_, self.transitions_, strict=True)
        voices = [Voice(*limits, loaded(transitions)) for limits, transitions in known]
        with self._fitted_stack() as stack:
            added = decode(melodies, ends, stack, voices, self)
        return added.reshape(len(melodies), -1)

    def score(self, X, y, *, phrase_ends=None):
        """Compute the share of the steps of the added voices that are as given.

        Parameters
        ----------
        X : array-like of int, shape (n_pieces, n_steps)
            Melodies.

        y : array-like of int, shape (n_pieces, n_added * n_steps)
            Their other voices.

        phrase_ends : array-like of bool, shape (n_pieces, n_steps), default=None
            As for `predict`.

        Returns
        -------
        score : float
            Of tokens that agree, holds among them. See also `metrics.voice_accuracy`.

        Raises
        ------
        ValueError
            If y has another shape than the prediction.
        """
        predicted, y = self.predict(X, phrase_ends=phrase_ends), np.asarray(y)
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

    def _check_training_data(self, X, y, *, reset, phrase_ends):
        """Samples of pieces, and the tokens of the added voices at their steps."""
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is "
                "None; expected the other voices of each piece, of shape (n_pieces, "
                "n_added * n_steps)."
            )
        melodies = self._check_melodies(X, reset=reset)
        added = check_added(y, melodies.shape[1])
        check_consistent_length(melodies, added)
        pieces = np.concatenate([melodies[:, np.newaxis], added], axis=1)
        if phrase_ends is not None:
            check_ends(phrase_ends, melodies.shape)
        if reset:
            self._learn(pieces, phrase_ends is not None)
        else:
            check_pitches(pieces, *self.pitch_range_)
            self._check_that_ends_go_on(phrase_ends)
        ends = self._check_ends(phrase_ends, melodies)
        layout = self._layout()
        if added.shape[1] != layout.n_added:
            raise ValueError(
                f"Found y with {added.shape[1]} voices, but {type(self).__name__} was "
                f"fitted with {layout.n_added}."
            )
        X, y = layout.samples(layout.codes(pieces), ends), layout.answers(added)
        if self.cell is None:
            return X, y
        return tuple(part.reshape(len(pieces), -1, part.shape[1]) for part in (X, y))

    def _check_that_ends_go_on(self, phrase_ends):
        """Check that further training sees phrase ends, or none, as the first did."""
        if (phrase_ends is not None) != self.sees_phrase_ends_:
            first, now = "with", "without"
            if phrase_ends is not None:
                first, now = now, first
            raise ValueError(
                f"{type(self).__name__} was fitted {first} phrase_ends, and cannot go "
                f"on {now}. Fit a clone."
            )

    def _check_ends(self, phrase_ends, melodies):
        """Where phrases end, of the shape of the melodies."""
        if phrase_ends is None:
            return np.zeros(melodies.shape, bool)
        if not self.sees_phrase_ends_:
            raise ValueError(
                f"Found phrase_ends, but {type(self).__name__} was fitted without; "
                "pass phrase_ends to fit, too."
            )
        return check_ends(phrase_ends, melodies.shape)

    def _learn(self, pieces, sees_phrase_ends):
        """Set the ranges and the transitions of the voices."""
        self.sees_phrase_ends_ = sees_phrase_ends
        self.n_added_ = pieces.shape[1] - 1
        self.pitch_range_ = range_of(pieces, (0, N_PITCHES - 1))
        voices = pieces[:, 1:].swapaxes(0, 1)
        self.voice_ranges_ = [range_of(voice, self.pitch_range_) for voice in voices]
        self.transitions_ = [
            count_transitions(voice, self.steps_per_measure)._asdict()
            for voice in voices
        ]

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
