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

from sklearn_c2c._fitted import Ascending, Same, Whole, length
from sklearn_c2c._transitions import (
    Transitions,
    count_transitions,
    most_probable_melodies,
    transitions_form,
)
from sklearn_c2c._validation import check_input
from sklearn_c2c.melody import (
    END,
    HOLD,
    N_PITCHES,
    REST,
    check_melodies,
    melody_lengths,
    mend_orphan_holds,
    pitch_name,
    raise_where,
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

    Parameters
    ----------
    pitch_range : "auto" or (int, int), default="auto"
        Lowest and highest MIDI pitch, both included. "auto" takes those of the data.

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

    Attributes
    ----------
    pitch_range_ : tuple of (int, int)
        Lowest and highest MIDI pitch that has a column.

    tokens_ : ndarray of int16, shape (`n_tokens_`,)
        The token of each column of a step: the pitches of the range, `HOLD`, `REST`,
        and `END` if melodies of `fit` are shorter than their rows.

    n_tokens_ : int
        Columns per step, the length of `tokens_`.

    transitions_ : dict of str to ndarray
        Log ratios of the probabilities in the corpus with and without their context,
        estimated by the method of Witten and Bell. The symbols are the ``pitches`` of
        the corpus, any other pitch, and rest. ``pitch[level, b, a, s]`` is the log
        ratio of symbol s after b, and b after a, at a metrical level, at most 2;
        ``level`` is the metrical level of each place in the measure.
        ``rhythm[place, age, i]`` is the log ratio, halved, of a hold (i = 0) or an
        onset (i = 1) at a place, with age the number of steps since the last onset;
        ``end[s]`` is that of the last symbol.

    n_features_in_ : int
        Number of steps of a row, the most that a melody can have.

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
    """

    __module__ = "sklearn_c2c"  # where it is public, and what model files name

    _parameter_constraints: dict = {
        "pitch_range": [StrOptions({"auto"}), tuple, list],
        "dtype": [Options(type, {np.float32, np.float64})],
        "sparse_output": ["boolean"],
        "ends": [StrOptions({"auto"}), "boolean"],
        "transition_weight": [Interval(Real, 0, None, closed="left")],
        "steps_per_measure": [Interval(Integral, 1, None, closed="left")],
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
    ):
        self.pitch_range = pitch_range
        self.dtype = dtype
        self.sparse_output = sparse_output
        self.transition_weight = transition_weight
        self.ends = ends
        self.steps_per_measure = steps_per_measure

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Set the number of steps, the transitions and, for "auto", the pitch range.

        Parameters
        ----------
        X : array-like of int, shape (n_melodies, n_steps)
            Melodies: MIDI pitches 0-127, `REST` (128), `HOLD` (129); shorter ones are
            filled up with `END` (130).

        y : Ignored
            Not used, present for API consistency by convention.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If a value is not a token, a pitch is outside a given range, or there is no
            pitch for "auto".
        """
        melodies = check_melodies(
            validate_data(self, check_input(X), ensure_non_negative=True)
        )
        context = self._init_callback_context()
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        low, high = self._pitch_range(melodies)
        ends = (melodies == END).any() if self.ends == "auto" else self.ends
        tokens = _tokens(low, high, ends=ends)
        _token_columns(melodies, tokens)
        self.pitch_range_ = (low, high)
        self.tokens_ = tokens
        self.n_tokens_ = len(self.tokens_)
        self.transitions_ = count_transitions(
            melodies, self.steps_per_measure
        )._asdict()
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
            If a pitch is outside the range, or a melody is shorter than its row and
            none of `fit` was. The message names melody, step and token.
        """
        check_is_fitted(self)
        melodies = check_melodies(
            validate_data(self, check_input(X), reset=False, ensure_non_negative=True)
        )
        n_melodies, n_steps = melodies.shape
        columns = _token_columns(melodies, self.tokens_)
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
        return np.hstack([_most_probable_lengths(roll, self.tokens_) for roll in parts])

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
        lengths = _most_probable_lengths(roll, self.tokens_)
        melodies = np.full(roll.shape[:2], END, dtype=np.int16)
        for n_steps in np.unique(lengths):
            rows = lengths == n_steps
            steps = roll if rows.all() else roll[rows]
            melodies[rows, :n_steps] = self._most_probable(steps[:, :n_steps])
        return melodies

    def _most_probable(self, roll):
        """Most probable melodies of the length of the piano rolls."""
        tokens = self.tokens_[self.tokens_ != END]
        roll = roll[:, :, : len(tokens)]
        if self.transition_weight == 0:
            return mend_orphan_holds(tokens[roll.argmax(axis=2)])
        transitions = Transitions(**self.transitions_)
        weight = self.transition_weight
        melodies = most_probable_melodies(roll, tokens, transitions, weight)
        return mend_orphan_holds(melodies)

    def get_feature_names_out(self, input_features=None):
        """Names of the columns, of step and token, such as ``t012_D5``, ``t012_hold``.

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
        names = [_token_name(token) for token in self.tokens_]
        return np.array(
            [f"t{t:03d}_{name}" for t in range(self.n_features_in_) for name in names],
            dtype=object,
        )

    def _pitch_range(self, melodies):
        if isinstance(self.pitch_range, str):
            pitches = melodies[melodies < N_PITCHES]
            if not pitches.size:
                raise ValueError(
                    'pitch_range="auto" found no pitch in X, only rests and holds; '
                    "give pitch_range=(low, high)."
                )
            return int(pitches.min()), int(pitches.max())
        try:
            low, high = map(int, self.pitch_range)
        except (TypeError, ValueError):
            low, high = -1, -1
        if not 0 <= low <= high < N_PITCHES:
            raise ValueError(
                f"pitch_range must be 'auto' or (low, high), MIDI pitches with "
                f"0 <= low <= high <= 127, got {self.pitch_range!r}."
            )
        return low, high

    def _fitted_form(self):
        """Forms of the fitted attributes, see `_fitted`."""
        fitted = vars(self)
        pitch_range = Ascending(2, 0, N_PITCHES - 1)
        low, high = 0, N_PITCHES - 1
        if pitch_range.accepts(fitted.get("pitch_range_")):
            low, high = self.pitch_range_
        tokens = _tokens(low, high, ends=False)
        if length(fitted.get("tokens_"), 0, least=0) > len(tokens):
            tokens = _tokens(low, high, ends=True)
        return {
            "pitch_range_": pitch_range,
            "tokens_": Same(tokens),
            "n_tokens_": Whole(len(tokens), len(tokens)),
            "transitions_": transitions_form(
                fitted.get("transitions_"), tokens[tokens != END]
            ),
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


def _tokens(low, high, *, ends):
    """The token of each column of a step."""
    end = [END] if ends else []
    return np.array([*range(low, high + 1), HOLD, REST, *end], dtype=np.int16)


def _token_name(token):
    names = {HOLD: "hold", REST: "rest", END: "end"}
    return names.get(token) or pitch_name(token)


def _token_columns(X, tokens):
    """The column of each token within its step."""
    low, high = tokens[0], tokens[tokens < N_PITCHES][-1]
    raise_where(
        X,
        (X < N_PITCHES) & ((X < low) | (X > high)),
        f"this pitch is outside {low}-{high} ({pitch_name(low)}-{pitch_name(high)}); "
        f"transpose the melody, or fit with a pitch_range=(low, high) that includes it",
    )
    raise_where(
        X,
        (X == END) & (tokens[-1] != END),
        "the melody ends here, and the encoder has no column for the end, as all "
        "melodies of fit were as long as their rows; fit with ends=True",
    )
    column_of = np.zeros(END + 1, dtype=np.int32)
    column_of[tokens] = np.arange(len(tokens))
    return column_of[X]


def _most_probable_lengths(roll, tokens):
    """Steps before the first one, after step 0, at which the end has most."""
    n_melodies, n_steps, _ = roll.shape
    if tokens[-1] != END:
        return np.full(n_melodies, n_steps)
    ends = roll.argmax(axis=2) == len(tokens) - 1
    ends[:, 0] = False
    return np.where(ends.any(axis=1), ends.argmax(axis=1), n_steps)
