"""Encoding of melodies as one-hot piano rolls, and decoding."""

from numbers import Integral, Real

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import gen_batches
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import (
    _check_feature_names_in,
    check_array,
    check_is_fitted,
    validate_data,
)

from sklearn_c2c._fitted import (
    Ascending,
    Divisor,
    Ranges,
    Same,
    Whole,
    check_form,
    length,
)
from sklearn_c2c._tokens import (
    most_probable_lengths,
    own_tokens,
    pitch_ranges,
    token_columns,
    token_name,
    tokens_between,
)
from sklearn_c2c._transitions import (
    Transitions,
    count_transitions,
    most_probable_melodies,
    transitions_form,
)
from sklearn_c2c._validation import check_input
from sklearn_c2c.melody import (
    END,
    N_PITCHES,
    check_voices,
    melody_lengths,
    mend_orphan_holds,
    split_voices,
)

__all__ = ["PianoRollEncoder"]

# Rows of a sparse piano roll that are decoded in one batch, as a dense array.
_CHUNK = 256


class PianoRollEncoder(CallbackSupportMixin, TransformerMixin, BaseEstimator):
    """Encode melodies as one-hot piano rolls with hold and rest.

    Each step of a melody is encoded in a group of `n_tokens_` columns, of which exactly
    one is 1: a column for each pitch of the range from low to high, one for hold and
    one for rest. Eight measures of sixteenths with the range G3-B5 have
    128 · (29 + 2) = 3,968 columns.

    If melodies of `fit` are shorter than their rows, there is a further column for the
    end. It is 1 in the first step after the last one of a melody; the groups of all
    later steps are zeros, which have no part in the loss of softmax outputs.

    A row of several voices is their melodies one after the other, of the same length.
    All voices have the same columns; each has its own range and its own transitions,
    and is decoded by itself.

    Parameters
    ----------
    pitch_range : "auto", (int, int) or list of (int, int), default="auto"
        Lowest and highest MIDI pitch, both included, or such a pair for each voice.
        "auto" takes those of the data, for each voice its own.

    dtype : {np.float32, np.float64}, default=np.float32
        Dtype of the piano roll, in which the following estimators compute.

    sparse_output : bool, default=False
        Whether `transform` returns a CSR array, which stores the ones only.

    transition_weight : float, default=0.9
        Weight of the corpus' transitions between pitches, and of onsets and holds, in
        `inverse_transform`. 0 takes the largest value of each step, as in the paper.

    ends : "auto" or bool, default="auto"
        Whether there is a column for the end of a melody. "auto": if melodies of `fit`
        are shorter than their rows. With True, melodies may end early that come later,
        as in cross-validation.

    steps_per_measure : int, default=16
        Steps per measure, for the transitions: 16 for sixteenths in 4/4, 12 in 6/8.

    n_voices : int, default=1
        Number of voices of a row. Several voices do not end early.

    Attributes
    ----------
    pitch_range_ : tuple of (int, int)
        Lowest and highest MIDI pitch that has a column.

    voice_ranges_ : ndarray of int16, shape (n_voices, 2)
        Lowest and highest MIDI pitch of each voice. No other pitch is encoded in this
        voice, nor decoded.

    tokens_ : ndarray of int16, shape (`n_tokens_`,)
        The token of each column of a step: the pitches of the range, `HOLD`, `REST`,
        and `END` if melodies of `fit` are shorter than their rows.

    n_tokens_ : int
        Columns per step, the length of `tokens_`.

    transitions_ : dict of str to ndarray, or list of such dicts
        One for each voice if there are several. Log ratios of the probabilities in the
        corpus with and without their context, estimated by the method of Witten and
        Bell. The symbols are the ``pitches`` of the corpus, any other pitch, and rest.
        ``pitch[level, b, a, s]`` is the log ratio of symbol s after b, and b after a,
        at a metrical level, at most 2; ``level`` is the metrical level of each place in
        the measure. ``rhythm[place, age, i]`` is the log ratio, halved, of a hold
        (i = 0) or an onset (i = 1) at a place, with age the number of steps since the
        last onset; ``end[s]`` is that of the last symbol.

    n_features_in_ : int
        Number of steps of a row, the most that a melody can have; of several voices, of
        all of them together.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the steps, if the data has string column names.

    See Also
    --------
    sklearn_c2c.Autoencoder : Compresses the piano roll.

    References
    ----------
    J.-P. Briot, "Compress to Create", section III.iv-v.

    Examples
    --------
    >>> from sklearn_c2c import PianoRollEncoder
    >>> from sklearn_c2c.melody import HOLD, REST
    >>> X = [[62, HOLD, 62, 64], [61, 61, REST, REST]]
    >>> encoder = PianoRollEncoder().fit(X)
    >>> encoder.pitch_range_, encoder.transform(X).shape
    ((61, 64), (2, 24))
    >>> encoder.get_feature_names_out()[:6].tolist()
    ['t000_C#4', 't000_D4', 't000_D#4', 't000_E4', 't000_hold', 't000_rest']
    >>> encoder.inverse_transform(encoder.transform(X)).tolist() == X
    True

    Two voices of two steps each:

    >>> X = [[74, HOLD, 62, 64], [76, 76, 60, REST]]
    >>> encoder = PianoRollEncoder(n_voices=2).fit(X)
    >>> encoder.voice_ranges_.tolist(), encoder.n_tokens_
    ([[74, 76], [60, 64]], 19)
    """

    __module__ = "sklearn_c2c"  # where it is public, and what model files name

    _parameter_constraints: dict = {
        "pitch_range": [StrOptions({"auto"}), tuple, list],
        "dtype": [Options(type, {np.float32, np.float64})],
        "sparse_output": ["boolean"],
        "ends": [StrOptions({"auto"}), "boolean"],
        "transition_weight": [Interval(Real, 0, None, closed="left")],
        "steps_per_measure": [Interval(Integral, 1, None, closed="left")],
        "n_voices": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        pitch_range="auto",
        *,
        dtype=np.float32,
        sparse_output=False,
        transition_weight=0.9,
        ends="auto",
        steps_per_measure=16,
        n_voices=1,
    ):
        self.pitch_range = pitch_range
        self.dtype = dtype
        self.sparse_output = sparse_output
        self.transition_weight = transition_weight
        self.ends = ends
        self.steps_per_measure = steps_per_measure
        self.n_voices = n_voices

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Set the number of steps, the transitions and, for "auto", the pitch range.

        Parameters
        ----------
        X : array-like of int, shape (n_melodies, n_steps)
            Melodies: MIDI pitches 0-127, `REST` (128), `HOLD` (129); shorter ones are
            filled up with `END` (130). With several voices, n_steps is the number of
            steps of all of them together.

        y : Ignored
            Not used, present for API consistency by convention.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a value is not a token, a pitch is outside a given range, there is no
            pitch for "auto", or n_voices does not divide the steps.
        """
        melodies = check_voices(
            validate_data(self, check_input(X), ensure_non_negative=True), self.n_voices
        )
        context = self._init_callback_context()
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        voices = split_voices(melodies, self.n_voices)
        ranges = pitch_ranges(self.pitch_range, voices)
        low, high = int(ranges[:, 0].min()), int(ranges[:, 1].max())
        tokens = tokens_between(low, high, ends=self._has_end(melodies))
        token_columns(melodies, tokens, ranges)
        self.pitch_range_ = (low, high)
        self.voice_ranges_ = ranges
        self.tokens_ = tokens
        self.n_tokens_ = len(self.tokens_)
        counted = [
            count_transitions(voices[:, voice], self.steps_per_measure)._asdict()
            for voice in range(self.n_voices)
        ]
        self.transitions_ = counted if self.n_voices > 1 else counted[0]
        context.call_on_fit_task_end(
            estimator=self, X=X, y=y, reconstruction_attributes={}
        )
        return self

    def transform(self, X):
        """Encode melodies.

        Parameters
        ----------
        X : array-like of int, shape (n_melodies, n_steps)
            Melodies with the number of steps and the pitch range of `fit`.

        Returns
        -------
        roll : {ndarray, csr_array} of shape (n_melodies, n_steps · `n_tokens_`)
            One-hot in the group of columns of each step.

        Raises
        ------
        ValueError
            If a pitch is outside the range of its voice, or a melody is shorter than
            its row and none of `fit` was. The message names melody, step and token.
        """
        check_is_fitted(self)
        melodies = check_voices(
            validate_data(self, check_input(X), reset=False, ensure_non_negative=True),
            self.n_voices,
        )
        n_melodies, n_steps = melodies.shape
        columns = token_columns(melodies, self.tokens_, self.voice_ranges_)
        columns += self.n_tokens_ * np.arange(n_steps, dtype=columns.dtype)
        n_ones = np.minimum(melody_lengths(melodies) + 1, n_steps)  # with the end
        columns = columns[np.arange(n_steps) < n_ones[:, np.newaxis]]
        shape = (n_melodies, n_steps * self.n_tokens_)
        if self.sparse_output:
            ones = np.ones(columns.size, dtype=self.dtype)
            dtype = sparse.get_index_dtype(maxval=melodies.size)
            indptr = np.append(0, np.cumsum(n_ones)).astype(dtype)
            return sparse.csr_array((ones, columns, indptr), shape=shape)
        roll = np.zeros(shape, dtype=self.dtype)
        roll[np.repeat(np.arange(n_melodies), n_ones), columns] = 1
        return roll

    def inverse_transform(self, X):
        """Decode piano rolls to the most probable melodies.

        With a `transition_weight` of 0 the token with the largest value of each step is
        taken. Otherwise the result is the melody x with the largest
        ``sum_t(log p_t(x_t)) + w * r(x)``, where p_t are the values of step t divided
        by their sum, and r is the sum of the log ratios in `transitions_` along x. The
        maximum is exact, by the Viterbi algorithm. The weight is smaller if the values
        are certain: ``w = transition_weight * min(1, d / 0.1)**2``, where d is the mean
        of ``1 - max(p_t)`` over the steps at which it is not 0. So the output of
        `transform` is decoded to the same melodies.

        A melody ends before the first step, of those after step 0, at which the end has
        the largest value, if there is one; transitions do not count for the length.
        Several voices are decoded one by one, each to its own pitches and along its
        own transitions.

        The result is a legal melody for any `X`. Without transitions an orphan hold, at
        the first step or after a rest, is decoded as a rest. Of equal values of a step
        the first is taken: a lower pitch before a higher one, and hold before rest.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_melodies, n_steps · `n_tokens_`)
            Probabilities or other real numbers. With transitions, a melody with values
            below 0, as from PCA, has ``p_t ~ exp(v_t / (10 * s))``, where v_t are the
            values of step t and s is the mean squared distance of all values from the
            nearer of 0 and 1. A token with a value of exactly 0 is not decoded, unless
            no other melody is legal.

        Returns
        -------
        melodies : ndarray of int16, shape (n_melodies, n_steps)

        Raises
        ------
        ValueError
            If the width differs from that of `transform`, or a value is not finite.
        """
        parts = self._checked_parts(X)
        return np.vstack([self._melodies(roll) for roll in parts])

    def decoded_lengths(self, X):
        """Number of steps of the melodies that `inverse_transform` decodes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_melodies, n_steps · `n_tokens_`)
            As `inverse_transform` takes it.

        Returns
        -------
        lengths : ndarray of int, shape (n_melodies,)

        Raises
        ------
        ValueError
            As `inverse_transform`.
        """
        parts = self._checked_parts(X)
        return np.hstack([most_probable_lengths(roll, self.tokens_) for roll in parts])

    def _checked_parts(self, X):
        """Check piano rolls; batches of (n_melodies, n_steps, n_tokens), one if dense.

        Batches of a sparse array are made dense one by one.
        """
        check_is_fitted(self)
        dtypes = [np.float32, np.float64]
        X = check_array(check_input(X), accept_sparse="csr", dtype=dtypes)
        shape = -1, self.n_features_in_, self.n_tokens_
        width = self.n_features_in_ * self.n_tokens_
        if X.shape[1] != width:
            raise ValueError(
                f"X has {X.shape[1]} columns, but PianoRollEncoder decodes {width}: "
                f"{self.n_features_in_} steps of {self.n_tokens_} tokens."
            )
        if not sparse.issparse(X):
            return [X.reshape(shape)]
        chunks = gen_batches(X.shape[0], _CHUNK)
        return (X[rows].toarray().reshape(shape) for rows in chunks)

    def _melodies(self, roll):
        if self.n_voices > 1:
            voices = np.split(roll, self.n_voices, axis=1)
            decoded = [self._most_probable(*found) for found in enumerate(voices)]
            return np.hstack(decoded)
        lengths = most_probable_lengths(roll, self.tokens_)
        melodies = np.full(roll.shape[:2], END, dtype=np.int16)
        for n_steps in np.unique(lengths):
            rows = lengths == n_steps
            steps = roll if rows.all() else roll[rows]
            melodies[rows, :n_steps] = self._most_probable(0, steps[:, :n_steps])
        return melodies

    def _most_probable(self, voice, roll):
        """Most probable melodies of a voice, of the length of the piano rolls."""
        tokens = self.tokens_[self.tokens_ != END]
        is_own = own_tokens(tokens, self.voice_ranges_[voice])
        roll = roll[:, :, : len(tokens)]
        if not is_own.all():
            tokens, roll = tokens[is_own], roll[:, :, is_own]
        if self.transition_weight == 0:
            return mend_orphan_holds(tokens[roll.argmax(axis=2)])
        found = self.transitions_[voice] if self.n_voices > 1 else self.transitions_
        weight = self.transition_weight
        melodies = most_probable_melodies(roll, tokens, Transitions(**found), weight)
        return mend_orphan_holds(melodies)

    def get_feature_names_out(self, input_features=None):
        """Names of the columns, of step and token, such as ``t012_D5``, ``t012_hold``.

        Of several voices the names begin with the voice: ``v0_t012_D5``.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Checked against the names in `fit`, otherwise not used.

        Returns
        -------
        feature_names_out : ndarray of str objects
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features)
        names = [token_name(token) for token in self.tokens_]
        n_steps = self.n_features_in_ // self.n_voices
        steps = [f"t{t:03d}" for t in range(n_steps)]
        if self.n_voices > 1:
            steps = [f"v{voice}_{t}" for voice in range(self.n_voices) for t in steps]
        return np.array([f"{t}_{name}" for t in steps for name in names], dtype=object)

    def _has_end(self, melodies):
        """Whether there is a column for the end of melodies."""
        if self.n_voices > 1 and self.ends is True:
            raise ValueError(
                f"Found ends=True with n_voices={self.n_voices}; voices do not end "
                "early. Fill them up with rests, and leave ends='auto'."
            )
        return (melodies == END).any() if self.ends == "auto" else self.ends

    def __setstate__(self, state):
        # Encoders saved before there were voices have one, and its range.
        before = {"n_voices": 1}
        if "pitch_range_" in state:
            before["voice_ranges_"] = np.array([state["pitch_range_"]], np.int16)
        super().__setstate__(before | state)

    def _fitted_form(self):
        """Forms of the fitted attributes, see `_fitted`."""
        fitted = vars(self)
        pitch_range = Ascending(2, 0, N_PITCHES - 1)
        low, high = 0, N_PITCHES - 1
        if pitch_range.accepts(fitted.get("pitch_range_")):
            low, high = self.pitch_range_
        tokens = tokens_between(low, high, ends=False)
        if length(fitted.get("tokens_"), 0, least=0) > len(tokens):
            tokens = tokens_between(low, high, ends=True)
        label, ranges = type(self).__name__, Ranges(self.n_voices, low, high)
        check_form(f"{label}.n_voices", self.n_voices, Divisor(self.n_features_in_))
        check_form(f"{label}.voice_ranges_", fitted.get("voice_ranges_"), ranges)
        found = fitted.get("transitions_")
        is_each = isinstance(found, list) and len(found) == self.n_voices
        each = found if is_each else [found] * self.n_voices
        forms = [
            transitions_form(one, tokens[own_tokens(tokens, own) & (tokens != END)])
            for one, own in zip(each, self.voice_ranges_, strict=True)
        ]
        return {
            "pitch_range_": pitch_range,
            "voice_ranges_": ranges,
            "tokens_": Same(tokens),
            "n_tokens_": Whole(len(tokens), len(tokens)),
            "transitions_": forms if self.n_voices > 1 else forms[0],
        }

    @property
    def _n_features_out(self):
        return self.n_features_in_ * self.n_tokens_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = []
        return tags
