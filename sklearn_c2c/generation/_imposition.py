"""Imposition: sampling from a Boltzmann machine under constraints."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import Bunch, check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, validate_params
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.generation._models import LatentModel
from sklearn_c2c.generation._voices import mend_voices, own_tokens
from sklearn_c2c.melody import END, HOLD, N_PITCHES, REST, mend_orphan_holds

# Temperature of the draws in the last iteration.
_LAST_TEMPERATURE = 0.05

# Probabilities are at least this, so that a gradient can raise each of them.
_LEAST = 1e-6

# Steps of Gibbs sampling before the first iteration.
_N_STEPS_BEFORE = 500

_FREE = -1  # in `fixed`


@validate_params(
    {
        "model": [HasMethods(["transform", "inverse_transform"])],
        "objective": [HasMethods(["surrogate"])],
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "X": ["array-like", None],
        "fixed": ["array-like", None],
        "weight": [Interval(Real, 0, None, closed="left")],
        "keep_weight": [Interval(Real, 0, None, closed="left")],
        "n_iter": [Interval(Integral, 1, None, closed="left")],
        "n_gibbs": [Interval(Integral, 1, None, closed="left")],
        "n_updates": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def impose(
    model,
    objective,
    *,
    n_samples=10,
    X=None,
    fixed=None,
    weight=2000.0,
    keep_weight=0.0,
    n_iter=300,
    n_gibbs=1,
    n_updates=1,
    random_state=None,
):
    """Draw melodies from a Boltzmann machine under constraints.

    The draws are near the largest values of ``weight * objective(v) - F(v) +
    keep_weight * k(v)``, with the free energy F of the model and the number k of steps
    that have the token of the start. Each iteration draws the hidden units and the
    probabilities of the visible ones by Gibbs sampling, moves these probabilities along
    the gradient of the objective's surrogate, and draws a melody from them at a
    temperature that falls from 1 to 0.05 (simulated annealing). The best melody of each
    chain is kept.

    Parameters
    ----------
    model : fitted Pipeline
        `PianoRollEncoder` and `SoftmaxRBM`.
    objective : objective
        Of `sklearn_c2c.objectives`, or a weighted sum of them; it is maximised.
    n_samples : int, default=10
        Number of melodies; not used if X is given.
    X : array-like of int, shape (n_melodies, n_steps), default=None
        Melodies to start from; None starts from draws of the model.
    fixed : array-like of int, shape (n_steps,), default=None
        The token of each step that is given, and -1 where the token is free. After an
        `END` all steps are given.
    weight : float, default=2000.0
        Weight of the objective, in nats of the free energy for a unit.
    keep_weight : float, default=0.0
        Weight of a step that keeps its token of the start, in nats. With X it decides
        how much of each melody stays.
    n_iter : int, default=300
        Iterations.
    n_gibbs : int, default=1
        Steps of Gibbs sampling in an iteration.
    n_updates : int, default=1
        Updates along the gradient in an iteration.
    random_state : int, RandomState instance or None, default=None
        An int makes the result reproducible.

    Returns
    -------
    result : `Bunch`
        - melodies : ndarray of int16, shape (n_samples, n_steps)
        - start_melodies : those of the start
        - before, after : ndarray of shape (n_samples,), the objective of both
        - free_energy : ndarray of shape (n_samples,), of the results, in nats

    Raises
    ------
    ValueError
        If the model is not a Pipeline of a `PianoRollEncoder` and a `SoftmaxRBM`, or
        `fixed` has another length, tokens that the encoder does not have, or no melody.

    See Also
    --------
    optimize : The same objectives, in the latent space of an autoencoder.

    References
    ----------
    S. Lattner, M. Grachten, G. Widmer, "Imposing higher-level structure in polyphonic
    music generation using convolutional restricted Boltzmann machines and constraints",
    2018. J.-P. Briot, "Compress to Create", footnote 31.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import PianoRollEncoder, SoftmaxRBM, generation
    >>> from sklearn_c2c.objectives import FirstNote
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]] * 10
    >>> rbm = SoftmaxRBM(n_components=8, random_state=0)
    >>> model = make_pipeline(PianoRollEncoder(), rbm).fit(X)
    >>> result = generation.impose(model, FirstNote(66), random_state=0)
    >>> result.melodies.shape, bool(result.after.mean() >= result.before.mean())
    ((10, 4), True)
    """
    check_is_fitted(model)
    rng = check_random_state(random_state)
    machine = _Machine(model, objective, weight, fixed)
    V = machine.start(X, n_samples, rng)
    machine.keep(V, keep_weight)
    best = first = machine.judge(V)
    for i in range(n_iter):
        temperature = max(_LAST_TEMPERATURE, 1 - i / n_iter)
        V = machine.gibbs(V, n_gibbs - 1, rng)
        P = machine.guided(V, n_updates, rng)
        V = machine.draw(P ** (1 / temperature), rng)
        best = _better(best, machine.judge(V))
    return Bunch(
        melodies=best["melodies"],
        start_melodies=first["melodies"],
        before=first["value"],
        after=best["value"],
        free_energy=best["free_energy"],
    )


class _Machine:
    """Draws of a Boltzmann machine with given tokens, judged by an objective."""

    def __init__(self, model, objective, weight, fixed):
        latent = LatentModel(model)
        self.encoder, self.estimator = latent.encoder, latent.estimator
        if not hasattr(self.estimator, "free_energy") or len(model) != 2:
            raise ValueError(
                "Expected a Pipeline of a PianoRollEncoder and a SoftmaxRBM; got "
                f"{type(self.estimator).__name__} as the last of {len(model)} steps."
            )
        self._objective, self._weight = objective, weight
        n_steps, self._tokens = self.encoder.n_features_in_, self.encoder.tokens_
        self._shape = -1, n_steps, self.encoder.n_tokens_
        self._voice_steps = n_steps // self.encoder.n_voices
        self._fixed = _checked(fixed, n_steps, self._tokens, self._voice_steps)
        is_own = own_tokens(self.encoder)
        self._is_possible = _possible(self._fixed, self._tokens) & is_own
        if not self._is_possible.any(axis=1).all():
            step = self._is_possible.any(axis=1).argmin()
            raise ValueError(
                f"fixed has {self._fixed[step]} at step {step}, which is outside the "
                f"range of its voice, {self.encoder.voice_ranges_.tolist()}."
            )

    def start(self, X, n_samples, rng):
        """Piano rolls to start from, with the given tokens."""
        if X is None:
            settings = {"n_steps": _N_STEPS_BEFORE, "random_state": rng}
            V = self.estimator.sample(n_samples, **settings)
        else:
            V = self.encoder.transform(X)
        P = self.estimator.inverse_transform(self.estimator.transform(V))
        V = np.asarray(V.toarray() if hasattr(V, "toarray") else V, dtype=P.dtype)
        P = self._allowed(_LEAST * P.reshape(self._shape) + V.reshape(self._shape))
        return self._one_hot(P.argmax(axis=2), P)

    def keep(self, V, weight):
        """Give the tokens of V a weight, in nats a step, in later draws and scores."""
        self._kept, self._keep_weight = V.reshape(self._shape), weight
        self._kept_first = np.exp(weight * (self._kept.astype(np.float64) - 1))

    def gibbs(self, V, n_steps, rng):
        """Gibbs sampling with the given tokens."""
        for _ in range(n_steps):
            V = self.draw(self.guided(V, 0, rng), rng)
        return V

    def guided(self, V, n_updates, rng):
        """Probabilities given drawn hidden units, moved along the gradient."""
        H = self.estimator.transform(V)
        H = (rng.random_sample(H.shape) < H).astype(H.dtype)
        P = self.estimator.inverse_transform(H).reshape(self._shape)
        P = self._allowed(P.astype(np.float64) * self._kept_first)
        for _ in range(n_updates):
            _, gradient = self._objective.surrogate(P, self._tokens)
            A = np.log(np.maximum(P, _LEAST))
            A += (self._weight / n_updates) * gradient.reshape(P.shape)
            P = self._allowed(np.exp(A - A.max(axis=2, keepdims=True)))
        return P

    def draw(self, P, rng):
        """One-hot piano rolls, drawn in proportion to P, with the given tokens."""
        total = P.cumsum(axis=2)
        uniform = rng.random_sample((*P.shape[:2], 1)) * total[..., -1:]
        return self._one_hot((total <= uniform).sum(axis=2), P)

    def judge(self, V):
        """Melodies of piano rolls, their objective, free energy and total score."""
        tokens = self._tokens[V.reshape(self._shape).argmax(axis=2)]
        has_ended = np.maximum.accumulate(tokens == END, axis=1)
        melodies = np.where(has_ended, END, mend_voices(self.encoder, tokens)).astype(
            np.int16
        )
        value = np.asarray(self._objective(melodies), dtype=np.float64)
        V = self.encoder.transform(melodies)
        free_energy = self.estimator.free_energy(V).astype(np.float64)
        worst_if_undefined = np.where(np.isnan(value), -np.inf, value)
        n_kept = (self._kept * V.reshape(self._shape)).sum(axis=(1, 2))
        score = self._weight * worst_if_undefined - free_energy
        score += self._keep_weight * n_kept
        return {
            "melodies": melodies,
            "value": value,
            "free_energy": free_energy,
            "score": score,
        }

    def _allowed(self, P):
        """P without tokens that contradict the given ones; each step sums to 1."""
        P = np.where(self._is_possible, np.maximum(P, np.finfo(P.dtype).tiny), 0)
        return P / P.sum(axis=2, keepdims=True)

    def _one_hot(self, column, P):
        """Piano rolls of columns; each hold that is given prolongs a note."""
        column = column.clip(max=P.shape[2] - 1)
        is_note = self._tokens < N_PITCHES
        for step in _first_holds(self._fixed):
            begin = step // self._voice_steps * self._voice_steps
            tokens = mend_orphan_holds(self._tokens[column[:, begin : step + 1]])
            rows = tokens[:, -1] == REST
            likeliest = (P[rows, step - 1] * is_note).argmax(axis=1)
            column[rows, step - 1] = likeliest
        V = column[..., np.newaxis] == np.arange(P.shape[2])
        return V.reshape(len(P), -1).astype(self.estimator.chains_.dtype)


def _checked(fixed, n_steps, tokens, voice_steps):
    """The given token of each step, `_FREE` where there is none.

    A voice has `voice_steps` steps; it holds no note of the voice before it.
    """
    if fixed is None:
        return np.full(n_steps, _FREE)
    fixed = np.asarray(fixed)
    if fixed.shape != (n_steps,):
        raise ValueError(
            f"fixed must be one token for each of {n_steps} steps, or {_FREE} where it "
            f"is free; got shape {fixed.shape}."
        )
    is_wrong = ~np.isin(fixed, [_FREE, *tokens])
    if is_wrong.any():
        raise ValueError(
            f"Found {fixed[is_wrong][0]} at step {is_wrong.argmax()} of fixed; "
            f"expected a token of the encoder ({tokens.min()} to {tokens.max()}), or "
            f"{_FREE} where it is free."
        )
    before = np.append(REST, fixed[:-1])
    before[::voice_steps] = REST
    after_end = np.maximum.accumulate(before == END)
    is_wrong = (fixed == HOLD) & (before == REST)
    is_wrong |= after_end & (fixed != END) & (fixed != _FREE)
    is_wrong[0] |= fixed[0] == END
    if is_wrong.any():
        raise ValueError(
            f"fixed is no melody at step {is_wrong.argmax()}: a hold prolongs a note, "
            "and after the end there is nothing else."
        )
    return np.where(after_end, END, fixed)


def _possible(fixed, tokens):
    """Mask of shape (n_steps, n_tokens): tokens that do not contradict given ones."""
    is_free = fixed == _FREE
    possible = is_free[:, np.newaxis] | (fixed[:, np.newaxis] == tokens)
    later = np.flatnonzero(~is_free & (fixed != END)).max(initial=0)
    possible[: later + 1, tokens == END] = False
    return possible


def _first_holds(fixed):
    """Steps of given holds after a step that is free."""
    return np.flatnonzero((fixed[1:] == HOLD) & (fixed[:-1] == _FREE)) + 1


def _better(best, found):
    """Of each chain the one with the higher score."""
    is_better = found["score"] > best["score"]
    return {
        name: np.where(
            is_better.reshape(-1, *[1] * (best[name].ndim - 1)), found[name], best[name]
        )
        for name in best
    }
