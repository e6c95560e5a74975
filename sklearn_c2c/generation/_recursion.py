"""Recursion: what a model makes of what it makes, until it comes round."""

import warnings
from numbers import Integral

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Bunch, check_array, check_random_state, gen_batches
from sklearn.utils._param_validation import Interval, validate_params
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.generation._models import MODEL, LatentModel

# Rows that pass through the model at once.
_CHUNK = 1024


@validate_params(
    {
        "model": MODEL,
        "X": ["array-like"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def recurse(model, X, *, max_iter=100):
    """Feed melodies into the model, and what comes out into it again.

    ``x_(k+1) = inverse_transform(transform(x_k))``, until a melody comes that was there
    before. A fixed point is a cycle of length 1.

    Melodies are finitely many, so on a Pipeline that decodes to melodies every path
    ends in a cycle. On a bare estimator it is the probabilities that are compared,
    exactly, and a path that merely comes closer and closer to something may not end.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`.

    X : array-like of shape (n_starts, n_features)
        Where to start, as ``model.transform`` takes it: of a Pipeline, melodies.

    max_iter : int, default=100
        How many times a path may pass through the model. The last of them finds out
        that the cycle is closed.

    Returns
    -------
    result : Bunch
        For each start:

        - paths : list of ndarray, (n_iter + cycle_length, n_features): the start, all
          that came of it, and once round the cycle.
        - n_iter : ndarray of int, steps before the cycle; `max_iter` if none was
          reached.
        - cycle_lengths : ndarray of int, 1 for a fixed point, 0 if none was reached.

    See Also
    --------
    attractors : The distinct ends of many paths.

    References
    ----------
    J.-P. Briot, "Compress to Create", section V.iv, figures 23-24.

    A. Kazakçi, M. Cherti, B. Kégl, "Digits that are not: Generating new types through
    deep neural nets", ICCC 2016.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder, generation
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]]
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder(h=8, random_state=0))
    >>> result = generation.recurse(model.fit(X), [[62, 62, 64, 66]])
    >>> result.paths[0].tolist(), result.n_iter, result.cycle_lengths
    ([[62, 62, 64, 66], [62, 129, 64, 66]], array([1]), array([1]))
    """
    check_is_fitted(model)
    states, successors, starts = _follow(model, X, max_iter)
    walks = [_walk(successors, start, max_iter) for start in starts]
    return Bunch(
        paths=[states[path] for path, _ in walks],
        n_iter=_n_iter(walks, max_iter),
        cycle_lengths=np.array([length for _, length in walks]),
    )


@validate_params(
    {
        "model": MODEL,
        "starts": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "X": ["array-like", None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def attractors(model, starts, *, X=None, max_iter=100, random_state=None):
    """Find where recursion ends: the distinct fixed points and cycles of a model.

    A cycle is one attractor, whichever member is reached first. Its basin is the
    starts that end in it.

    How many attractors remain unseen is estimated from how many have a basin of just
    one start, f1, and of two, f2, out of n starts that reached one. Chao's lower bound
    and the Good-Turing coverage, the chance that one more start ends in an attractor
    already seen, are::

        n_unseen = (n - 1) / n * f1 ** 2 / (2 * f2)
        n_unseen = (n - 1) / n * f1 * (f1 - 1) / 2      if f2 = 0
        coverage = 1 - f1 / n

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`.

    starts : int or array-like of shape (n_starts, n_features)
        How many random starts: uniform noise, as the last step sees it, of a Pipeline
        decoded to melodies by the steps before. With a `PianoRollEncoder` each step of
        a melody is any token, all alike, but that a hold of nothing is a rest. Or the
        starts themselves, such as what `sample` returns.

    X : array-like of shape (n_melodies, n_features), default=None
        Training melodies, to find among the attractors.

    max_iter : int, default=100
        How many times a path may pass through the model, as in `recurse`.

    random_state : int, RandomState instance or None, default=None
        An int gives the same result again.

    Returns
    -------
    result : Bunch
        For each attractor, that of the largest basin first:

        - melodies : ndarray of shape (n_attractors, n_features), of a cycle the member
          that is least, column by column.
        - cycles : list of ndarray, (cycle_length, n_features), all members in order.
        - basins : ndarray of int, starts that end in it.
        - training_indices : ndarray of int, the row of X that it is or passes through,
          -1 for none; None without X.

        For each start:

        - labels : ndarray of int, its attractor; -1 if none was reached.
        - n_iter : ndarray of int, steps before the cycle; `max_iter` if none was
          reached.

        Of all:

        - n_unseen : float, estimate of the attractors not seen.
        - coverage : float, estimate of the share of all starts that end in those seen.

    Raises
    ------
    ValueError
        If the rows of X are not as long as the starts.

    Warns
    -----
    ConvergenceWarning
        If some path reaches no cycle in `max_iter` steps.

    See Also
    --------
    recurse : Every melody on the way.

    References
    ----------
    J.-P. Briot, "Compress to Create", section V.iv and footnote 26.

    A. Kazakçi, M. Cherti, B. Kégl, "Digits that are not: Generating new types through
    deep neural nets", ICCC 2016.

    A. Chao, "Nonparametric Estimation of the Number of Classes in a Population",
    Scandinavian Journal of Statistics 11, 1984.

    I. J. Good, "The Population Frequencies of Species and the Estimation of Population
    Parameters", Biometrika 40, 1953.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_c2c import Autoencoder, PianoRollEncoder, generation
    >>> X = [[62, 129, 64, 66], [66, 64, 62, 129], [69, 66, 62, 62]]
    >>> model = make_pipeline(PianoRollEncoder(), Autoencoder(h=8, random_state=0))
    >>> ends = generation.attractors(model.fit(X), 100, X=X, random_state=0)
    >>> int(ends.basins.sum()), bool((ends.training_indices >= 0).any())
    (100, True)
    """
    check_is_fitted(model)
    if isinstance(starts, Integral):
        starts = _random_starts(model, starts, check_random_state(random_state))
    if X is not None and np.shape(X)[1:] != np.shape(starts)[1:]:
        raise ValueError(
            f"X must have rows like those of the starts, which have shape "
            f"{np.shape(starts)}; got shape {np.shape(X)}."
        )
    states, successors, starts = _follow(model, starts, max_iter)
    walks = [_walk(successors, start, max_iter) for start in starts]
    cycles, labels, basins = _group(walks)
    cycles = [states[_from_least(cycle, states)] for cycle in cycles]
    n_lost = int((labels < 0).sum())
    if n_lost:
        warnings.warn(
            f"{n_lost} of {len(labels)} starts reached no cycle in max_iter={max_iter} "
            "steps; give it more, or a Pipeline that decodes to melodies.",
            ConvergenceWarning,
            stacklevel=2,
        )
    n_unseen, coverage = _unseen(basins)
    return Bunch(
        melodies=np.array([cycle[0] for cycle in cycles]).reshape(-1, states.shape[1]),
        cycles=cycles,
        basins=basins,
        training_indices=None if X is None else _rows_among(cycles, X),
        labels=labels,
        n_iter=_n_iter(walks, max_iter),
        n_unseen=n_unseen,
        coverage=coverage,
    )


def _follow(model, X, max_iter):
    """Map where paths lead: each distinct row passes through the model just once.

    Returns the distinct rows; for each the number of the row that the model makes of
    it, or -1 where max_iter ended before; and the numbers of the rows of X.
    """
    X = check_array(X, dtype=None)
    # Rows are told apart by their bytes, so all must have the type of the model's own.
    X = X.astype(_reconstruct(model, X[:1]).dtype)
    states, successors, numbers = [], [], {}

    def number(rows):
        for row in rows:
            key = row.tobytes()
            if key not in numbers:
                numbers[key] = len(states)
                states.append(row)
            yield numbers[key]

    starts = list(number(X))
    for _ in range(max_iter):
        frontier = states[len(successors) :]
        if not frontier:
            break
        successors.extend(number(_reconstruct(model, np.array(frontier))))
    successors.extend([-1] * (len(states) - len(successors)))
    return np.array(states), successors, starts


def _reconstruct(model, X):
    chunks = [X[rows] for rows in gen_batches(len(X), _CHUNK)]
    return np.concatenate(
        [model.inverse_transform(model.transform(chunk)) for chunk in chunks]
    )


def _walk(successors, start, max_iter):
    """Path from a start once round its cycle, and the length of the cycle or 0."""
    path, steps = [start], {start: 0}
    for step in range(1, max_iter + 1):
        state = successors[path[-1]]
        if state in steps:
            return path, step - steps[state]
        steps[state] = step
        path.append(state)
    return path, 0


def _n_iter(walks, max_iter):
    return np.array(
        [len(path) - length if length else max_iter for path, length in walks]
    )


def _group(walks):
    """Gather walks by the cycle they end in, the most frequent first."""
    ends = [path[len(path) - length :] for path, length in walks]
    # Entered anywhere, a cycle has the same least state.
    owners = np.array([min(end, default=-1) for end in ends])
    cycles = dict(zip(owners, ends, strict=True))
    names, basins = np.unique(owners[owners >= 0], return_counts=True)
    order = np.argsort(-basins, kind="stable")
    labels = {name: label for label, name in enumerate(names[order])}
    return (
        [cycles[name] for name in names[order]],
        np.array([labels.get(owner, -1) for owner in owners]),
        basins[order],
    )


def _from_least(cycle, states):
    """Begin a cycle at its least row, so that it looks the same wherever entered."""
    least = min(range(len(cycle)), key=lambda i: states[cycle[i]].tolist())
    return cycle[least:] + cycle[:least]


def _rows_among(cycles, X):
    """For each cycle the first row of X that is in it, or -1."""
    X = np.asarray(X)
    found = [(X[:, None] == cycle).all(axis=2).any(axis=1) for cycle in cycles]
    return np.array([mask.argmax() if mask.any() else -1 for mask in found], dtype=int)


def _unseen(basins):
    """Chao's estimate of unseen classes and Good-Turing's coverage of those seen."""
    n, f1, f2 = basins.sum(), (basins == 1).sum(), (basins == 2).sum()
    if not n:
        return 0.0, 0.0
    pairs = f1**2 / (2 * f2) if f2 else f1 * (f1 - 1) / 2
    return float((n - 1) / n * pairs), float(1 - f1 / n)


def _random_starts(model, n_starts, rng):
    """Noise, drawn chunk by chunk."""
    latent = LatentModel(model)
    return np.concatenate(
        [
            latent.draw_noise(rows.stop - rows.start, rng)
            for rows in gen_batches(n_starts, _CHUNK)
        ]
    )
