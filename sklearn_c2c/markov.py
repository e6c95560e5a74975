"""Markov chains of melodies."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, DensityMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, validate_params
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_c2c._fitted import INTEGERS, Array, Same, Shares, Whole, length
from sklearn_c2c._ngrams import NGrams
from sklearn_c2c._validation import check_input, check_memory
from sklearn_c2c.melody import (
    END,
    HOLD,
    N_PITCHES,
    REST,
    check_melodies,
    melody_lengths,
    raise_where,
)

__all__ = ["MarkovMelodies"]

_FREE = -1  # in `fixed`
_PADDING = -1  # of sequences of symbols, after the end


class MarkovMelodies(DensityMixin, BaseEstimator):
    """Markov chain of melodies, of variable order.

    The tokens of a step have the probabilities of an interpolated Witten-Bell model.
    With s the k tokens before token c, and s' the same without the oldest one,

    ``p_k(c | s) = (n(s c) + smoothing * T(s) * p_{k-1}(c | s')) / (N(s) + smoothing *
    T(s))``

    where n and N are numbers of occurrences in the melodies of `fit`, T(s) is the
    number of distinct tokens after s, and p_{-1} is uniform. A context s that does not
    occur is shortened until it does. An orphan hold has probability 0, and the other
    probabilities are divided by their sum.

    If melodies of `fit` are shorter than their rows, the end is one more token. It
    cannot be the first one, and only ends follow it.

    Parameters
    ----------
    order : int, default=8
        Number of steps of the longest context. With a larger order, longer runs of the
        melodies of `fit` are copied.

    smoothing : float, default=1.0
        Weight of shorter contexts: 1 is the method of Witten and Bell; with 0 only
        tokens that follow the longest known context in `fit` are drawn.

    steps_per_measure : int or None, default=None
        Makes the place in the measure a part of each context. The steps of the last
        measure, that of the longest melody, have places of their own, so that such
        melodies end as in `fit`. With None contexts do not depend on the place.

    Attributes
    ----------
    tokens_ : ndarray of int16, shape (`n_tokens_`,)
        The token of each column: the pitches of the range of `fit`, `HOLD`, `REST`, and
        `END` if melodies of `fit` are shorter than their rows.

    n_tokens_ : int
        Number of tokens.

    places_ : ndarray of int, shape (`n_features_in_`,)
        The place of each step.

    start_ : int
        The state before the first step. A state is the longest known context without
        its place; the last state is that after the end, if `tokens_` has `END`.

    transitions_ : ndarray of int32, shape (n_states, `n_tokens_`)
        The state after each state and token.

    silent_ : ndarray of bool, shape (n_states,)
        Whether no note sounds in the state, so that a hold is not possible.

    contexts_ : ndarray of int32, shape (n_places, n_states)
        The longest known context of a state at a place, as a row of `probabilities_`.

    probabilities_ : ndarray of float, shape (n_contexts, `n_tokens_`)
        Probability of each token after a context, including orphan holds.

    n_features_in_ : int
        Number of steps of a row, the most that a melody can have.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the steps, if the data has string column names.

    See Also
    --------
    sklearn_c2c.generation.sample : Melodies from an autoencoder.

    References
    ----------
    J.-P. Briot, "Compress to Create", footnote 1: Markov models as the alternative.

    I. H. Witten and T. C. Bell, "The zero-frequency problem", IEEE Transactions on
    Information Theory 37(4), 1991.

    F. Pachet, P. Roy and G. Barbieri, "Finite-length Markov processes with
    constraints", IJCAI 2011.

    Examples
    --------
    >>> from sklearn_c2c import MarkovMelodies
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [62, 129, 62, 129]]
    >>> markov = MarkovMelodies(order=1, smoothing=0).fit(X)
    >>> markov.score_samples([[62, 129, 64, 62]]).round(3)  # 2/3 · 1 · 1/2 · 1/2
    array([-1.792])
    >>> markov.sample(3, fixed=[-1, -1, -1, 66], random_state=0)
    array([[ 62, 129,  64,  66],
           [ 62, 129,  64,  66],
           [ 62, 129,  64,  66]], dtype=int16)
    """

    __module__ = "sklearn_c2c"  # where it is public, and what model files name

    _parameter_constraints: dict = {
        "order": [Interval(Integral, 0, None, closed="left")],
        "smoothing": [Interval(Real, 0, None, closed="left")],
        "steps_per_measure": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(self, order=8, *, smoothing=1.0, steps_per_measure=None):
        self.order = order
        self.smoothing = smoothing
        self.steps_per_measure = steps_per_measure

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Count which tokens follow which contexts.

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
            If a value is not a token, or there is an orphan hold.
        """
        X = check_melodies(
            validate_data(self, check_input(X), ensure_non_negative=True)
        )
        check_memory(
            self.order * X.size * np.dtype(int).itemsize,
            f"A chain of order={self.order} on {X.size} steps",
        )
        self.tokens_ = _known_tokens(X)
        self.n_tokens_ = len(self.tokens_)
        self.places_ = _places(X, self.steps_per_measure)
        # Of the steps after a melody the first one counts, as its end.
        is_counted = np.ones(X.shape, dtype=bool)
        is_counted[:, 1:] = X[:, :-1] != END
        self._count(np.where(is_counted, self._columns(X), _PADDING))
        return self

    def score_samples(self, X):
        """Compute the log-likelihood of each melody.

        Parameters
        ----------
        X : array-like of int, shape (n_melodies, n_steps)
            Melodies with the number of steps and the pitch range of `fit`.

        Returns
        -------
        log_likelihood : ndarray of float, shape (n_melodies,)
            Nats per melody. The likelihoods of all melodies sum to 1: those of n_steps,
            and shorter ones if there were some in `fit`.

        Raises
        ------
        ValueError
            If a pitch is outside the range, or a melody is shorter than its row and
            none of `fit` was. The message names melody, step and token.
        """
        check_is_fitted(self)
        X = check_melodies(
            validate_data(self, check_input(X), reset=False, ensure_non_negative=True)
        )
        states = np.full(len(X), self.start_)
        log_likelihood = np.zeros(len(X))
        for step, column in enumerate(self._columns(X).T):
            p = self._probabilities(step, states)[np.arange(len(X)), column]
            with np.errstate(divide="ignore"):
                log_likelihood += np.log(p)
            states = self.transitions_[states, column]
        return log_likelihood

    def score(self, X, y=None):
        """Compute the mean log-likelihood of melodies.

        Parameters
        ----------
        X : array-like of int, shape (n_melodies, n_steps)
            Melodies with the number of steps and the pitch range of `fit`.

        y : Ignored
            Not used, present for API consistency by convention.

        Returns
        -------
        score : float
            Nats per melody.
        """
        return float(self.score_samples(X).mean())

    @validate_params(
        {
            "n_samples": [Interval(Integral, 1, None, closed="left")],
            "fixed": ["array-like", None],
            "allowed": ["array-like", None],
            "random_state": ["random_state"],
        },
        prefer_skip_nested_validation=True,
    )
    def sample(self, n_samples=1, *, fixed=None, allowed=None, random_state=None):
        """Draw melodies, optionally under constraints.

        The melodies that meet the constraints are drawn with their probabilities in the
        model, divided by the sum of these probabilities. So the steps before a fixed
        step are drawn conditionally on it.

        Parameters
        ----------
        n_samples : int, default=1
            Number of melodies.

        fixed : array-like of int, default=None
            Shape (n_steps,), or (n_samples, n_steps) for different constraints of each
            melody: the token of a fixed step, -1 for a free one.

        allowed : array-like of bool, default=None
            Mask of the tokens that are allowed at each step, shape (n_steps, 130), or
            (n_steps, 131) if `tokens_` has `END`. None allows all. Fixed tokens must be
            allowed.

        random_state : int, RandomState instance or None, default=None
            An int makes the result reproducible.

        Returns
        -------
        melodies : ndarray of int16, shape (n_samples, n_steps)
            Those that end before the row are filled up with `END`.

        Raises
        ------
        ValueError
            If an array has another shape or invalid values, a fixed pitch is outside
            the range of `fit`, or no melody meets the constraints: because a fixed hold
            is an orphan or, with ``smoothing=0``, because the model has no such melody.

        Notes
        -----
        Backward messages, ``beta_t(s) = Σ_c p(c | s) beta_{t+1}(next(s, c))`` over the
        allowed tokens c, scaled to a maximum of 1, give the probability that the steps
        from t on meet the constraints; tokens are drawn in proportion to ``p(c | s)
        beta_{t+1}(next(s, c))``. They are computed up to the last constrained step, for
        the reachable states, once for each row of `fixed`.
        """
        check_is_fitted(self)
        rng = check_random_state(random_state)
        allowed = self._allowed_tokens(allowed)
        if fixed is None:
            return self._draw(n_samples, allowed, rng)
        kept = self._kept_tokens(fixed, n_samples)
        if kept.ndim == 2:
            return self._draw(n_samples, allowed & kept, rng)
        return np.vstack([self._draw(1, allowed & row, rng) for row in kept])

    def _count(self, tokens):
        model = {
            "order": self.order,
            "n_symbols": self.n_tokens_,
            "smoothing": self.smoothing,
        }
        plain = NGrams(tokens, **model)
        at_places = NGrams(tokens, places=self.places_, **model)
        transitions, start = plain.successors()
        contexts = at_places.longest_contexts(plain)
        # State 0, the empty context, does not determine whether a note sounds. It is
        # used after a note; a copy of it, the last state, where no note sounds.
        silence, rest = len(transitions), self._column(REST)
        transitions = np.vstack([transitions, transitions[:1]])
        transitions[transitions[:, rest] == 0, rest] = silence
        self.start_ = start or silence
        self.transitions_ = transitions
        self.silent_ = np.zeros(silence + 1, dtype=bool)
        self.silent_[[self.start_, *transitions[:, rest]]] = True
        self.contexts_ = np.hstack([contexts, contexts[:, :1]])
        self.probabilities_ = at_places.probabilities()
        if self._knows_end():
            self._add_state_after_end()

    def _add_state_after_end(self):
        """Add the last state, which `END` leads to and only `END` follows."""
        ended, context = len(self.transitions_), len(self.probabilities_)
        self.transitions_ = np.pad(self.transitions_, ((0, 1), (0, 0)))
        self.transitions_[ended] = self.transitions_[:, -1] = ended
        self.silent_ = np.append(self.silent_, False)
        self.contexts_ = np.pad(
            self.contexts_, ((0, 0), (0, 1)), constant_values=context
        )
        only_end = np.eye(1, self.n_tokens_, self.n_tokens_ - 1)
        self.probabilities_ = np.vstack([self.probabilities_, only_end])

    def _knows_end(self):
        return self.tokens_[-1] == END

    def _column(self, token):
        return int(np.flatnonzero(self.tokens_ == token)[0])

    def _probabilities(self, step, states):
        """Probability of each token at a step, (len(states), n_tokens)."""
        p = self.probabilities_[self.contexts_[self.places_[step], states]]
        silent = np.flatnonzero(self.silent_[states])
        p[silent, self._column(HOLD)] = 0
        if step == 0 and self._knows_end():
            p[:, -1] = 0
        nothing = silent[~p[silent].any(axis=1)]
        # With smoothing=0 the context may know holds only.
        p[nothing, self._column(REST)] = 1
        p[silent] /= p[silent].sum(axis=1, keepdims=True)
        return p

    def _draw(self, n_samples, allowed, rng):
        columns = np.empty((n_samples, self.n_features_in_), dtype=int)
        states = np.full(n_samples, self.start_)
        messages = self._messages(allowed)
        for step in range(self.n_features_in_):
            weights = self._probabilities(step, states)
            if step + 1 < len(messages):
                weights *= allowed[step] * self._ahead(states, *messages[step + 1])
            cumulative = weights.cumsum(axis=1)
            cumulative /= cumulative[:, -1:]
            # u < 1, so a cumulative weight exceeds it; the first has a weight above 0.
            u = rng.random_sample((n_samples, 1))
            columns[:, step] = (cumulative > u).argmax(axis=1)
            states = self.transitions_[states, columns[:, step]]
        return self.tokens_[columns]

    def _messages(self, allowed):
        """Reachable states and their backward messages, up to the last constraint."""
        n_constrained = np.flatnonzero(~allowed.all(axis=1)).max(initial=-1) + 1
        layers = [np.array([self.start_])]
        for step in range(n_constrained):
            layers.append(self._reached(step, layers[-1], allowed[step]))
        messages = [(layers[-1], np.ones(len(layers[-1])))]
        for step in reversed(range(n_constrained)):
            states = layers[step]
            p = self._probabilities(step, states)
            ahead = self._ahead(states, *messages[-1])
            beta = np.einsum("sc,sc,c->s", p, ahead, allowed[step])
            messages.append((states, beta / beta.max()))
        return messages[::-1]

    def _ahead(self, states, reached, beta):
        """Message of the next state, for each state and token."""
        messages = np.zeros(len(self.transitions_))
        messages[reached] = beta
        return messages[self.transitions_[states]]

    def _reached(self, step, states, allowed):
        """States after a step that are reachable by allowed tokens."""
        possible = (self._probabilities(step, states) > 0) & allowed
        if not possible.any():
            raise ValueError(
                f"No melody meets the constraints: after the tokens that are possible "
                f"before step {step}, no token that is fixed or allowed there is "
                f"possible. Free this step or some before it"
                f"{', or fit with smoothing > 0' if self.smoothing == 0 else ''}."
            )
        reached = np.zeros(len(self.transitions_), dtype=bool)
        reached[self.transitions_[states][possible]] = True
        return np.flatnonzero(reached)

    def _columns(self, X):
        """The column of each token."""
        raise_where(
            X,
            (X == END) & (not self._knows_end()),
            "the melody ends here, but all melodies of fit were as long as their rows; "
            "fit with some that end early",
        )
        column_of = np.full(END + 1, -1)
        column_of[self.tokens_] = np.arange(self.n_tokens_)
        columns = column_of[X]
        pitches = self.tokens_[self.tokens_ < N_PITCHES]
        known = f"pitches {pitches[0]}-{pitches[-1]}" if pitches.size else "no pitches"
        raise_where(
            X,
            columns < 0,
            f"the melodies of fit have {known}; transpose the melody, or fit with "
            f"melodies that reach this pitch",
        )
        return columns

    def _allowed_tokens(self, allowed):
        """Columns allowed at each step, (n_steps, n_tokens)."""
        shape = (self.n_features_in_, int(self.tokens_.max()) + 1)
        allowed = np.ones(shape, bool) if allowed is None else np.asarray(allowed)
        if allowed.shape != shape or allowed.dtype != bool:
            raise ValueError(
                f"Expected allowed of shape {shape}, a bool for each step and token, "
                f"got shape {allowed.shape} of {allowed.dtype}."
            )
        return allowed[:, self.tokens_]

    def _kept_tokens(self, fixed, n_samples):
        """Mask of the columns that `fixed` leaves, (..., n_steps, n_tokens)."""
        fixed = np.asarray(check_input(fixed))
        n_steps = self.n_features_in_
        if fixed.shape not in {(n_steps,), (n_samples, n_steps)}:
            raise ValueError(
                f"Expected fixed of shape ({n_steps},) or ({n_samples}, {n_steps}), "
                f"got shape {fixed.shape}."
            )
        if fixed.dtype.kind not in "iu":
            raise ValueError(f"Expected integers in fixed, got {fixed.dtype}.")
        raise_where(
            fixed,
            (fixed < _FREE) | (fixed > self.tokens_.max()),
            f"expected a token 0-{self.tokens_.max()}, or {_FREE} where the step is "
            f"free",
        )
        free = fixed == _FREE
        columns = self._columns(np.where(free, REST, fixed))
        return free[..., np.newaxis] | (
            columns[..., np.newaxis] == np.arange(self.n_tokens_)
        )

    def _fitted_form(self):
        """Forms of the fitted attributes, see `_fitted`."""
        fitted = vars(self)
        found = fitted.get("tokens_")
        is_known = isinstance(found, np.ndarray) and found.dtype == np.int16
        tokens = _known_tokens(found if is_known else np.empty(0, np.int16))
        n_tokens = len(tokens)
        n_states = length(fitted.get("transitions_"), 0, least=1)
        n_places = length(fitted.get("contexts_"), 0, least=1)
        n_contexts = length(fitted.get("probabilities_"), 0, least=1)
        index, state = (np.dtype(np.int32),), n_states - 1
        return {
            "tokens_": Same(tokens),
            "n_tokens_": Whole(n_tokens, n_tokens),
            "places_": Array((self.n_features_in_,), INTEGERS, 0, n_places - 1),
            "start_": Whole(0, state),
            "transitions_": Array((n_states, n_tokens), index, 0, state),
            "silent_": Array((n_states,), (np.dtype(bool),), 0, 1),
            "contexts_": Array((n_places, n_states), index, 0, n_contexts - 1),
            "probabilities_": Shares((n_contexts, n_tokens)),
        }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.positive_only = True
        return tags


def _known_tokens(tokens):
    """Pitches from the lowest to the highest of some tokens, then hold, rest, end."""
    pitches = tokens[(tokens >= 0) & (tokens < N_PITCHES)]
    pitch_range = range(pitches.min(), pitches.max() + 1) if pitches.size else ()
    end = [END] if (tokens == END).any() else []
    return np.array([*pitch_range, HOLD, REST, *end], dtype=np.int16)


def _places(X, steps_per_measure):
    """Place of each step in the measure; the last of several has its own places.

    The last measure is that of the longest melody. Steps that no melody of `X` reaches
    have places that occur before.
    """
    steps = np.arange(X.shape[1])
    if steps_per_measure is None:
        return np.zeros_like(steps)
    longest = melody_lengths(X).max()
    measure, place = np.divmod(steps, steps_per_measure)
    is_last = (measure > 0) & (measure == (longest - 1) // steps_per_measure)
    is_last &= steps <= longest
    place = np.minimum(place, longest)
    return np.where(is_last, place + steps_per_measure, place)
