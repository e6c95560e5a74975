"""Steer: search the latent space for melodies that meet an objective."""

import warnings
from numbers import Integral, Real

import numpy as np
from scipy.optimize import differential_evolution
from sklearn.utils import Bunch, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions, validate_params
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.generation._descent import Adam
from sklearn_c2c.generation._form import (
    FORM,
    decode,
    decode_steps,
    letters_of,
    probabilities_vjp,
)
from sklearn_c2c.generation._models import MODEL, LatentModel

# A gradient below it is none.
_TINY = 1e-30

# Vectors that SciPy's differential evolution needs at least.
_MIN_POPULATION = 5


@validate_params(
    {
        "model": MODEL,
        "objective": [callable],
        "method": [StrOptions({"gradient", "random", "evolution"})],
        "maximize": ["boolean"],
        "n_starts": [Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "bounds": [StrOptions({"observed"}), None],
        "prior_weight": [Interval(Real, 0, None, closed="left")],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "form": FORM,
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def optimize(
    model,
    objective,
    *,
    method="gradient",
    maximize=True,
    n_starts=10,
    max_iter=100,
    bounds="observed",
    prior_weight=0.0,
    learning_rate_init=0.1,
    X=None,
    form=None,
    random_state=None,
):
    """Move latent vectors so that what they decode to meets an objective.

    Looks for the z with the largest ``objective(decode(z)) + prior_weight * log p(z)``,
    ``log p(z) = -|z|^2 / 2`` being the standard normal prior of a variational
    autoencoder, from random starts that are moved together. The objective is measured
    on decoded melodies at every step of the way, and of each start the best is kept.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`.

    objective : callable
        Takes what ``model.inverse_transform`` returns, of a Pipeline melodies, and
        returns one value for each row; NaN counts as worst. Ready ones are in
        `sklearn_c2c.objectives`.

    method : {"gradient", "random", "evolution"}, default="gradient"
        "gradient": Adam on the gradient of the objective's surrogate through the
        decoder, each step projected into the bounds. For a Pipeline of two steps,
        `PianoRollEncoder` and an autoencoder, and an objective with a `surrogate`;
        otherwise it warns and searches at random.
        "random": generate and test; each start is compared with `max_iter` more.
        "evolution": SciPy's differential evolution, the starts being its population.

    maximize : bool, default=True
        Whether more is better; False looks for the least.

    n_starts : int, default=10
        Random latent vectors to start from. They are drawn uniformly within the bounds,
        from the standard normal distribution where there are none.

    max_iter : int, default=100
        Steps of each start: gradient steps, draws or generations.

    bounds : {"observed"} or None, default="observed"
        "observed": the least and the largest value that each latent variable takes over
        the training data. None: everywhere, for models with a prior.

    prior_weight : float, default=0.0
        Weight of the prior's log-density, in units of the objective for a nat.

    learning_rate_init : float, default=0.1
        First step of Adam, in widths of the bounds (in units without bounds). It falls
        linearly to 0.

    X : array-like, default=None
        Data whose latent vectors give the bounds, and whose forms "corpus" takes.
        Needed for models that do not remember the bounds as ``latent_min_`` and
        ``latent_max_``, such as PCA.

    form : str, array-like of shape (n_steps,) or None, default=None
        Which places of a melody are alike, as in `sample`; that of "corpus" is drawn
        for each start and stays. The surrogate is that of the averaged outputs.

    random_state : int, RandomState instance or None, default=None
        An int gives the same result again.

    Returns
    -------
    result : `Bunch`
        - melodies : what ``model.inverse_transform`` returns, the best of each start
        - latent : ndarray of shape (n_starts, h), the vectors that decode to them
        - start_melodies, start_latent : the same of the starts
        - before, after : ndarray of shape (n_starts,), the objective of start_melodies
          and of melodies. In "evolution", where the starts mix, both go from the best
          to the worst.
        - best : int, the start with the best melody
        - method : str, the method that was used
        - n_decoder_calls : int, latent vectors decoded, gradients counted as decodings

    Raises
    ------
    ValueError
        If the bounds are not known and X is not given, the objective does not return
        one value for each row, an objective on melodies is put to a model that decodes
        something else, or the objective is a class.

    References
    ----------
    J.-P. Briot, "Compress to Create", section V.v and footnotes 28-31.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder, generation
    >>> from sklearn_c2c.objectives import HoldCount
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 129, 62, 129]]
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder(h=8, random_state=0))
    >>> result = generation.optimize(model.fit(X), HoldCount(), random_state=0)
    >>> result.melodies.shape, bool((result.after >= result.before).all())
    ((10, 4), True)
    """
    check_is_fitted(model)
    if isinstance(objective, type):
        raise ValueError(
            f"objective is the class {objective.__name__}; expected an object of it, "
            f"such as {objective.__name__}(...)."
        )
    if method == "evolution":
        _check_evolution(bounds, n_starts)
    latent = LatentModel(model)
    method = _possible_method(latent, objective, method)
    rng = check_random_state(random_state)
    box = _Box(*latent.range(X), bounds is not None)
    start = box.draw(rng, n_starts)
    letters = letters_of(latent, form, start, X=X, rng=rng)
    search = _Search(latent, objective, 1 if maximize else -1, prior_weight, letters)
    if method == "gradient":
        first, best = _climb(search, start, box, max_iter, learning_rate_init)
    else:
        explore = _draw_on if method == "random" else _evolve
        first, best = explore(search, start, box, max_iter, rng)
    return _result(first, best, method, search.n_decoder_calls)


def _result(first, best, method, n_decoder_calls):
    """What `optimize` returns of the starts and of the best found from each."""
    return Bunch(
        melodies=best["rows"],
        latent=best["Z"],
        start_melodies=first["rows"],
        start_latent=first["Z"],
        before=first["value"],
        after=best["value"],
        best=int(best["score"].argmax()),
        method=method,
        n_decoder_calls=n_decoder_calls,
    )


def _check_evolution(bounds, n_starts):
    """Check what differential evolution cannot do without."""
    if bounds is None:
        raise ValueError('method="evolution" needs bounds="observed", got bounds=None.')
    if n_starts < _MIN_POPULATION:
        raise ValueError(
            f'method="evolution" needs n_starts of at least {_MIN_POPULATION}, got '
            f"n_starts={n_starts}."
        )


class _Box:
    """Where latent vectors may be."""

    def __init__(self, low, high, is_bounded):
        self.dtype = low.dtype
        self.low = low if is_bounded else np.full_like(low, -np.inf)
        self.high = high if is_bounded else np.full_like(high, np.inf)
        self.width = high - low if is_bounded else np.ones_like(low)
        self._is_bounded = is_bounded

    def draw(self, rng, n):
        shape = (n, len(self.low))
        if self._is_bounded:
            Z = rng.uniform(self.low, self.high, shape)
        else:
            Z = rng.standard_normal(shape)
        return self.project(Z)

    def project(self, Z):
        return np.clip(Z.astype(self.dtype), self.low, self.high)


class _Search:
    """Decodes latent vectors, measures what comes out, and counts the decodings.

    What it finds is a dict of arrays with a row for each vector: Z, the decoded rows,
    the value of the objective, the score, of which more is better, and the surrogate's
    score, 0 where it is not known.
    """

    def __init__(self, latent, objective, sign, prior_weight, letters):
        self._latent, self._objective, self._letters = latent, objective, letters
        self._sign, self._prior_weight = sign, prior_weight
        self.n_decoder_calls = 0

    def look(self, Z):
        self.n_decoder_calls += len(Z)
        return self._judge(Z, decode(self._latent, Z, self._letters))

    def look_around(self, Z):
        """Look, and add the surrogate's score and its gradient with respect to Z."""
        self.n_decoder_calls += 2 * len(Z)
        encoder = self._latent.encoder
        P, vjp = probabilities_vjp(self._latent, Z, self._letters)
        found = self._judge(Z, decode_steps(encoder, P, self._letters))
        expected, gradient = self._objective.surrogate(P, encoder.tokens_)
        found["surrogate"] = self._sign * expected
        found["gradient"] = vjp(self._sign * gradient) - self._prior_weight * Z
        return found

    def _judge(self, Z, rows):
        rows = np.asarray(rows)
        value = np.asarray(self._objective(rows), dtype=np.float64)
        if value.shape != (len(Z),):
            raise ValueError(
                f"The objective must return one value for each of {len(Z)} rows, got "
                f"an array of shape {value.shape}."
            )
        score = self._sign * value - self._prior_weight * (Z * Z).sum(axis=1) / 2
        score[np.isnan(score)] = -np.inf
        return {
            "Z": Z,
            "rows": rows,
            "value": value,
            "score": score,
            "surrogate": np.zeros(len(Z)),
        }


def _climb(search, start, box, max_iter, learning_rate_init):
    """Adam in units of the box, each step projected.

    Gradients are scaled to 1: a probability of 1e-9 is climbed as fast as one of 0.1.
    """
    Z, adam = start, Adam()
    first = found = search.look_around(Z)
    best = _copy(first)
    for i in range(max_iter):
        slope = found["gradient"] * box.width
        slope /= np.maximum(np.abs(slope).max(axis=1, keepdims=True), _TINY)
        rate = learning_rate_init * (1 - i / max_iter)
        Z = box.project(Z + rate * box.width * adam.direction(slope))
        found = search.look_around(Z)
        _keep_better(best, found)
    return first, best


def _draw_on(search, start, box, max_iter, rng):
    """Generate and test."""
    first = search.look(start)
    best = _copy(first)
    for _ in range(max_iter):
        _keep_better(best, search.look(box.draw(rng, len(start))))
    return first, best


def _evolve(search, start, box, max_iter, rng):
    """Differential evolution of the starts, both ends from the best to the worst."""
    result = differential_evolution(
        lambda columns: -search.look(box.project(columns.T))["score"],
        list(zip(box.low, box.high, strict=True)),
        init=start,
        maxiter=max_iter,
        tol=0,
        atol=-1,  # all equal is a plateau, not the end
        polish=False,
        vectorized=True,
        updating="deferred",
        seed=rng,
    )
    first, best = search.look(start), search.look(box.project(result.population))
    return tuple(_sorted(found) for found in (first, best))


def _copy(found):
    return {name: found[name].copy() for name in found if name != "gradient"}


def _keep_better(best, found):
    """Put what is found in the place of what is worse, or as good but less likely."""
    better = found["score"] > best["score"]
    ties = found["score"] == best["score"]
    better |= ties & (found["surrogate"] > best["surrogate"])
    for name in best:
        best[name][better] = found[name][better]


def _sorted(found):
    order = np.argsort(-found["score"], kind="stable")
    return {name: array[order] for name, array in found.items()}


def _possible_method(latent, objective, method):
    """The method asked for, or "random" with a warning where there is no gradient."""
    has_surrogate = hasattr(objective, "surrogate")
    if has_surrogate and not latent.decodes_melodies:
        raise ValueError(
            f"{objective!r} measures melodies, but {type(latent.model).__name__} "
            "decodes something else; put a PianoRollEncoder before it in a Pipeline."
        )
    if method != "gradient":
        return method
    no_surrogate = None if has_surrogate else "The objective has no surrogate"
    obstacle = no_surrogate or latent.gradient_obstacle
    if obstacle is None:
        return method
    warnings.warn(
        f'{obstacle}, so there is no gradient; searching with method="random" instead.',
        stacklevel=4,
    )
    return "random"
