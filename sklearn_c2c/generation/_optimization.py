"""Optimisation: search the latent space for melodies that maximise an objective."""

import warnings
from numbers import Integral, Real

import numpy as np
from scipy.optimize import differential_evolution
from sklearn.utils import Bunch, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions, validate_params
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.generation._descent import Adam
from sklearn_c2c.generation._encoding import ENCODING, encode
from sklearn_c2c.generation._form import (
    FORM,
    decode,
    decode_steps,
    letters_of,
    probabilities_vjp,
)
from sklearn_c2c.generation._models import MODEL, LatentModel

# Gradients are divided by their largest absolute value, or by this if it is smaller.
_TINY = 1e-30

# Smallest population of SciPy's differential evolution.
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
        "start": ["array-like", None],
        "keep_weight": [Interval(Real, 0, None, closed="left")],
        "encoding": ENCODING,
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
    start=None,
    keep_weight=0.0,
    encoding="encoder",
    learning_rate_init=0.1,
    X=None,
    form=None,
    random_state=None,
):
    """Search the latent space for melodies that maximise an objective.

    The search maximises ``objective(decode(z)) + prior_weight * log p(z) -
    keep_weight * d(z)`` from random starts, or from given melodies. ``log p(z) =
    -|z|^2 / 2`` is, but for a constant, the log-density of the standard normal prior of
    a variational autoencoder; d is the mean squared distance of the latent variables
    from their start, in widths of their bounds. The objective is measured on decoded
    melodies in each iteration, and the best melody of each start is kept.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`.

    objective : callable
        Takes the output of ``model.inverse_transform``, melodies for a Pipeline, and
        returns one value for each row; NaN is the worst value.
        `sklearn_c2c.objectives` has objectives with a gradient.

    method : {"gradient", "random", "evolution"}, default="gradient"
        "gradient": Adam on the gradient of the objective's surrogate through the
        decoder; each update is projected into the bounds. It needs a Pipeline of
        `PianoRollEncoder` and an autoencoder, and an objective with a `surrogate`;
        without them a warning is given and the search is random.
        "random": each start is compared with `max_iter` further draws.
        "evolution": SciPy's differential evolution with the starts as population.

    maximize : bool, default=True
        Whether to maximise the objective; False minimises it.

    n_starts : int, default=10
        Number of random latent vectors to start from. They are drawn uniformly within
        the bounds, or from the standard normal distribution without bounds. Not used
        if `start` is given.

    max_iter : int, default=100
        Iterations: updates of Adam, further draws, or generations of the evolution.

    bounds : {"observed"} or None, default="observed"
        "observed": minimum and maximum of each latent variable over the training data.
        None: no bounds, for models with a prior.

    prior_weight : float, default=0.0
        Weight of the prior's log-density, in units of the objective per nat.

    start : array-like of shape (n_starts, n_features), default=None
        Melodies to start from, moved towards the objective. Their latent vectors are
        projected into the bounds. Not for the method "evolution".

    keep_weight : float, default=0.0
        Weight of the distance from the latent vectors of `start`, in units of the
        objective: the larger it is, the more of each melody stays.

    encoding : {"encoder", "search"}, default="encoder"
        How latent vectors of `start` are found, see `encode`.

    learning_rate_init : float, default=0.1
        First learning rate of Adam, as a share of the width of the bounds (in units of
        the latent variables without bounds). It falls linearly to 0.

    X : array-like, default=None
        Data whose latent vectors define the bounds, and corpus of ``form="corpus"``.
        Needed for models without ``latent_min_`` and ``latent_max_``, such as PCA.

    form : str, array-like of shape (n_steps,) or None, default=None
        Which places of a melody are alike, as in `sample`. With "corpus" a form is
        drawn for each start and kept. The surrogate is that of the averaged outputs.

    random_state : int, RandomState instance or None, default=None
        An int makes the result reproducible.

    Returns
    -------
    result : `Bunch`
        - melodies : what ``model.inverse_transform`` returns, the best of each start
        - latent : ndarray of shape (n_starts, h), their latent vectors
        - start_melodies, start_latent : melodies and latent vectors of the starts
        - before, after : ndarray of shape (n_starts,), the objective of start_melodies
          and of melodies. With "evolution" starts and results do not correspond, and
          both are sorted from the best to the worst.
        - best : int, the index of the best of the melodies
        - method : str, the method that was used
        - n_decoder_calls : int, decoded latent vectors plus computed gradients

    Raises
    ------
    ValueError
        If the bounds are not known and X is not given, the objective does not return
        one value for each row, the objective takes melodies and the model does not
        decode to melodies, or the objective is a class; if `keep_weight` is given
        without `start`, or `start` with ``method="evolution"``.

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
    _check_objective(objective)
    _check_start(start, keep_weight, method)
    if method == "evolution":
        _check_evolution(bounds, n_starts)
    latent = LatentModel(model)
    method = _possible_method(latent, objective, method)
    rng = check_random_state(random_state)
    box = _Box(*latent.range(X), bounds is not None)
    if start is None:
        start = box.draw(rng, n_starts)
    else:
        start = box.project(encode(model, start, method=encoding))
    letters = letters_of(latent, form, start, X=X, rng=rng)
    terms = _Terms(prior_weight, keep_weight, start, box.width)
    search = _Search(latent, objective, 1 if maximize else -1, terms, letters)
    if method == "gradient":
        first, best = _climb(search, start, box, max_iter, learning_rate_init)
    else:
        explore = _draw_on if method == "random" else _evolve
        first, best = explore(search, start, box, max_iter, rng)
    return _result(first, best, method, search.n_decoder_calls)


def _result(first, best, method, n_decoder_calls):
    """Make the result of `optimize` from the starts and the best of each."""
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


def _check_objective(objective):
    """Check that it is not a class."""
    if isinstance(objective, type):
        raise ValueError(
            f"objective is the class {objective.__name__}; expected an instance, "
            f"such as {objective.__name__}(...)."
        )


def _check_start(start, keep_weight, method):
    """Check that there is a start if it is to be kept, and no evolution of it."""
    if keep_weight and start is None:
        raise ValueError(
            f"keep_weight={keep_weight!r} needs start, the melodies that are kept."
        )
    if start is not None and method == "evolution":
        raise ValueError(
            'method="evolution" mixes its starts, so that no result belongs to a '
            'melody of start; take "gradient" or "random".'
        )


def _check_evolution(bounds, n_starts):
    """Check the requirements of differential evolution."""
    if bounds is None:
        raise ValueError('method="evolution" needs bounds="observed", got bounds=None.')
    if n_starts < _MIN_POPULATION:
        raise ValueError(
            f'method="evolution" needs n_starts of at least {_MIN_POPULATION}, got '
            f"n_starts={n_starts}."
        )


class _Box:
    """Bounds of the latent vectors, infinite if there are none."""

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


class _Terms:
    """Terms beside the objective: log-density of the prior, distance from starts.

    Rows are those of the starts, except without `keep_weight`.
    """

    def __init__(self, prior_weight, keep_weight, start, width):
        self._prior_weight, self._start = prior_weight, start
        width = np.where(width > 0, width, 1)
        self._keep_weights = keep_weight / (len(width) * width**2)

    def value(self, Z):
        value = -self._prior_weight * (Z * Z).sum(axis=1) / 2
        if self._keep_weights.any():
            value -= (self._keep_weights * (Z - self._start) ** 2).sum(axis=1)
        return value

    def gradient(self, Z):
        gradient = -self._prior_weight * Z
        if self._keep_weights.any():
            gradient -= 2 * self._keep_weights * (Z - self._start)
        return gradient


class _Search:
    """Decodes latent vectors, measures the objective, and counts the decodings.

    Results are dicts of arrays with one row for each latent vector: "Z", the decoded
    "rows", the "value" of the objective, the "score", which is maximised, and the
    "surrogate" with the sign of the score, 0 if it is not computed.
    """

    def __init__(self, latent, objective, sign, terms, letters):
        self._latent, self._objective, self._letters = latent, objective, letters
        self._sign, self._terms = sign, terms
        self.n_decoder_calls = 0

    def look(self, Z):
        self.n_decoder_calls += len(Z)
        return self._judge(Z, decode(self._latent, Z, self._letters))

    def look_around(self, Z):
        """Look, and add the surrogate and the gradient of its score w.r.t. Z."""
        self.n_decoder_calls += 2 * len(Z)
        encoder = self._latent.encoder
        P, vjp = probabilities_vjp(self._latent, Z, self._letters)
        found = self._judge(Z, decode_steps(encoder, P, self._letters))
        expected, gradient = self._objective.surrogate(P, encoder.tokens_)
        found["surrogate"] = self._sign * expected
        found["gradient"] = vjp(self._sign * gradient) + self._terms.gradient(Z)
        return found

    def _judge(self, Z, rows):
        rows = np.asarray(rows)
        value = np.asarray(self._objective(rows), dtype=np.float64)
        if value.shape != (len(Z),):
            raise ValueError(
                f"The objective must return one value for each of {len(Z)} rows, got "
                f"an array of shape {value.shape}."
            )
        score = self._sign * value + self._terms.value(Z)
        score[np.isnan(score)] = -np.inf
        return {
            "Z": Z,
            "rows": rows,
            "value": value,
            "score": score,
            "surrogate": np.zeros(len(Z)),
        }


def _climb(search, start, box, max_iter, learning_rate_init):
    """Adam in units of the width of the box, each update projected into it.

    Gradients are divided by their largest absolute value, so that the search is as fast
    where probabilities are tiny as elsewhere.
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
    """Random search: compare each start with further draws."""
    first = search.look(start)
    best = _copy(first)
    for _ in range(max_iter):
        _keep_better(best, search.look(box.draw(rng, len(start))))
    return first, best


def _evolve(search, start, box, max_iter, rng):
    """Differential evolution of the starts; starts and results are sorted by score."""
    result = differential_evolution(
        lambda columns: -search.look(box.project(columns.T))["score"],
        list(zip(box.low, box.high, strict=True)),
        init=start,
        maxiter=max_iter,
        tol=0,
        atol=-1,  # go on where all scores are equal, as on a plateau
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
    """Replace candidates that score lower, or tie with a lower surrogate."""
    better = found["score"] > best["score"]
    ties = found["score"] == best["score"]
    better |= ties & (found["surrogate"] > best["surrogate"])
    for name in best:
        best[name][better] = found[name][better]


def _sorted(found):
    order = np.argsort(-found["score"], kind="stable")
    return {name: array[order] for name, array in found.items()}


def _possible_method(latent, objective, method):
    """Return `method`, or "random" with a warning if there is no gradient."""
    has_surrogate = hasattr(objective, "surrogate")
    if has_surrogate and not latent.decodes_melodies:
        raise ValueError(
            f"{objective!r} measures melodies, but {type(latent.model).__name__} does "
            "not decode to melodies; put a PianoRollEncoder before it in a Pipeline."
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
