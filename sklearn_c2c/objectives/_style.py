"""Likeness to a style: log-likelihood under a Markov model of a corpus."""

from dataclasses import KW_ONLY, dataclass, field

import numpy as np

from sklearn_c2c.melody import END, HOLD, check_melodies
from sklearn_c2c.objectives._base import Objective

# Number of tokens a step can be, and the sign that fills the context before step 0.
_N_TOKENS = HOLD + 1
_START = _N_TOKENS


@dataclass(eq=False)
class StyleLikeness(Objective):
    """Mean log-likelihood of a melody's steps under a Markov model of a corpus.

    ``log p(x[t] | x[t-order], ..., x[t-1])`` in nats, mean over the steps, with

    ``p(c | context) = (N(context, c) + alpha) / (N(context) + 130 * alpha)``

    where N counts steps of the corpus and 130 is the number of tokens. A sign of its
    own fills the context before the first step. The best value is 0; a step after a
    context that is not in the corpus has -log(130) = -4.87. The surrogate is the
    expectation, with orphan holds counted as holds.

    Parameters
    ----------
    corpus : array-like of int, shape (n_melodies, n_steps)
        Melodies in the style, which count up to their ends.

    order : int, default=2
        Steps of context, at least 1.

    alpha : float, default=0.01
        Added to every count, above 0.

    References
    ----------
    J.-P. Briot, "Compress to Create", section V.v: objectives are met outside the style
    unless style is one of them.

    Examples
    --------
    >>> from sklearn_c2c.objectives import StyleLikeness
    >>> likeness = StyleLikeness([[62, 64, 62, 64], [62, 64, 66, 62]], order=1)
    >>> likeness([[62, 64, 62, 64], [64, 64, 64, 64]]).round(2).tolist()
    [-0.6, -5.8]
    """

    corpus: np.ndarray = field(repr=False)
    _: KW_ONLY
    order: int = 2
    alpha: float = 0.01

    def __post_init__(self):
        corpus = check_melodies(self.corpus)
        if corpus.ndim != 2 or not len(corpus):
            raise ValueError(
                "corpus must be melodies, of shape (n_melodies, n_steps), got shape "
                f"{corpus.shape}."
            )
        if self.order < 1 or not self.alpha > 0:
            raise ValueError(
                "order must be at least 1 and alpha above 0, got "
                f"order={self.order!r}, alpha={self.alpha!r}."
            )
        is_step = corpus != END
        rows = self._contexts(corpus)[is_step]
        contexts, index = np.unique(rows, axis=0, return_inverse=True)
        counts = np.zeros((len(contexts), _N_TOKENS))
        np.add.at(counts, (index.ravel(), corpus[is_step]), 1)
        counts += self.alpha
        log_p = np.log(counts / counts.sum(axis=1, keepdims=True))
        self.corpus = corpus
        self._known = contexts
        # Log-probability relative to that of an unknown context.
        self._gain = log_p + np.log(_N_TOKENS)

    def _contexts(self, X):
        """The `order` tokens before each step, (n_melodies, n_steps, order)."""
        padded = np.pad(X, ((0, 0), (self.order, 0)), constant_values=_START)
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.order, axis=1)
        return windows[:, : X.shape[1]]

    def _value(self, X):
        row = {tuple(context): i for i, context in enumerate(self._known)}
        gain = np.vstack([self._gain, np.zeros(_N_TOKENS)])
        contexts = self._contexts(X).reshape(-1, self.order)
        rows = [row.get(tuple(context), len(row)) for context in contexts]
        gains = gain[np.reshape(rows, X.shape), X]
        return gains.mean(axis=1) - np.log(_N_TOKENS)

    def _expected(self, Q, tokens):
        columns, gain = self._in_columns(tokens)
        padded = np.zeros((len(Q), self.order + Q.shape[1], len(tokens) + 1))
        padded[:, : self.order, -1] = 1
        padded[:, self.order :, :-1] = Q
        values, gradient = np.empty(len(Q)), np.empty(padded.shape)
        # One melody at a time, since the array of contexts by steps is large.
        for i, q in enumerate(padded):
            values[i], gradient[i] = _expected_gain(q, columns, gain)
        n_steps = Q.shape[1]
        return (
            values / n_steps - np.log(_N_TOKENS),
            gradient[:, self.order :, :-1] / n_steps,
        )

    def _in_columns(self, tokens):
        """Contexts that the decoder can produce, as indices of its tokens, with gains.

        Shapes are (order, n_contexts) and (n_contexts, n_tokens).
        """
        column = np.full(_START + 1, -1)
        column[tokens] = np.arange(len(tokens))
        column[_START] = len(tokens)
        columns = column[self._known]
        possible = (columns >= 0).all(axis=1)
        return columns[possible].T, self._gain[np.ix_(possible, tokens)]


def _expected_gain(q, columns, gain):
    """Sum over steps of the expected gain of one melody, and its gradient.

    q is (order + n_steps, n_tokens + 1), columns (order, n_contexts), gain
    (n_contexts, n_tokens).
    """
    order, n_steps = len(columns), len(q) - len(columns)
    factors = [q[j : j + n_steps, columns[j]] for j in range(order)]
    now = q[order:, :-1]
    per_token = np.prod(factors, axis=0) @ gain
    per_context = now @ gain.T
    gradient = np.zeros_like(q)
    gradient[order:, :-1] = per_token
    for j in range(order):
        others = np.prod([per_context, *factors[:j], *factors[j + 1 :]], axis=0)
        belongs = columns[j][:, None] == np.arange(q.shape[1])
        gradient[j : j + n_steps] += others @ belongs.astype(q.dtype)
    return (per_token * now).sum(), gradient
