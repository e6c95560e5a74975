"""Imposition: sampling from a Boltzmann machine under constraints."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import Bunch, check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, validate_params
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.generation._models import LatentModel
from sklearn_c2c.melody import HOLD, REST

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
    weight=1000.0,
    n_iter=300,
    n_gibbs=1,
    n_updates=1,
    random_state=None,
):
    """Draw melodies from a Boltzmann machine under constraints.

    The draws are near the largest values of ``weight * objective(v) - F(v)``, with the
    free energy F of the model. Each iteration draws the hidden units and the
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
        The token of each step that is given, and -1 where the token is free.
    weight : float, default=1000.0
        Weight of the objective, in nats of the free energy for a unit.
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
        `fixed` has another length, tokens without a column, or an orphan hold.

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
        self._shape = -1, self.encoder.n_features_in_, self.encoder.n_tokens_
        self._is_given, self._given = self._columns(fixed)

    def _columns(self, fixed):
        """Mask of the given steps, and their one-hot tokens."""
        n_steps = self._shape[1]
        fixed = np.full(n_steps, _FREE) if fixed is None else np.asarray(fixed)
        given = fixed[:, np.newaxis] == self.encoder.tokens_
        is_given = fixed != _FREE
        if fixed.shape != (n_steps,) or (is_given & ~given.any(axis=1)).any():
            raise ValueError(
                f"fixed must be one token for each of {n_steps} steps, each with a "
                f"column ({self.encoder.tokens_.min()} to {HOLD}), or {_FREE} where "
                f"it is free; got {fixed!r}."
            )
        orphan = (fixed == HOLD) & np.append(True, fixed[:-1] == REST)
        if orphan.any():
            raise ValueError(
                f"fixed has a hold at step {orphan.argmax()}, which prolongs no note."
            )
        return is_given, given.astype(self.estimator.chains_.dtype)

    def start(self, X, n_samples, rng):
        """Piano rolls to start from, with the given tokens."""
        if X is None:
            drawn = {"n_steps": _N_STEPS_BEFORE, "random_state": rng}
            return self._clamp(self.estimator.sample(n_samples, **drawn))
        V = self.encoder.transform(X)
        return self._clamp(np.asarray(V.toarray() if hasattr(V, "toarray") else V))

    def gibbs(self, V, n_steps, rng):
        """Gibbs sampling with the given tokens."""
        for _ in range(n_steps):
            V = self._clamp(self.estimator.gibbs(V, random_state=rng))
        return V

    def guided(self, V, n_updates, rng):
        """Probabilities given drawn hidden units, moved along the gradient."""
        H = self.estimator.transform(V)
        H = (rng.random_sample(H.shape) < H).astype(H.dtype)
        P = self.estimator.inverse_transform(H).reshape(self._shape)
        for _ in range(n_updates):
            _, gradient = self._objective.surrogate(P, self.encoder.tokens_)
            A = np.log(np.maximum(P, _LEAST))
            A += (self._weight / n_updates) * gradient.reshape(P.shape)
            P = np.exp(A - A.max(axis=2, keepdims=True))
            P /= P.sum(axis=2, keepdims=True)
        return P.astype(V.dtype)

    def draw(self, P, rng):
        """One-hot piano rolls, drawn in proportion to P, with the given tokens."""
        total = P.cumsum(axis=2)
        uniform = rng.random_sample((*P.shape[:2], 1)) * total[..., -1:]
        column = (total <= uniform).sum(axis=2).clip(max=P.shape[2] - 1)
        V = column[..., np.newaxis] == np.arange(P.shape[2])
        return self._clamp(V.reshape(len(P), -1).astype(P.dtype))

    def judge(self, V):
        """Melodies of piano rolls, their objective, free energy and total score."""
        melodies = self.encoder.inverse_transform(V)
        value = np.asarray(self._objective(melodies), dtype=np.float64)
        free_energy = self.estimator.free_energy(V).astype(np.float64)
        score = self._weight * np.nan_to_num(value) - free_energy
        return {
            "melodies": melodies,
            "value": value,
            "free_energy": free_energy,
            "score": score,
        }

    def _clamp(self, V):
        """Set the tokens of the given steps."""
        V = V.reshape(self._shape).copy()
        V[:, self._is_given] = self._given[self._is_given]
        return V.reshape(len(V), -1)


def _better(best, found):
    """Of each chain the one with the higher score."""
    is_better = found["score"] > best["score"]
    return {
        name: np.where(
            is_better.reshape(-1, *[1] * (best[name].ndim - 1)), found[name], best[name]
        )
        for name in best
    }
