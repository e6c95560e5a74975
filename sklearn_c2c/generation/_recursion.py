"""Recursion: iterate reconstruction until a fixed point or a cycle."""

import warnings
from numbers import Integral

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Bunch, check_array, check_random_state, gen_batches
from sklearn.utils._param_validation import Interval, validate_params
from sklearn.utils.validation import check_is_fitted

from sklearn_c2c.generation._models import MODEL, LatentModel

# Rows reconstructed in one batch.
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
    """Iterate the reconstruction of melodies until they repeat.

    ``x_(k+1) = inverse_transform(transform(x_k))``, until x is equal to an earlier x of
    the path. A fixed point is a cycle of length 1.

    The number of melodies is finite, so with a Pipeline that decodes to melodies every
    path ends in a cycle. With a bare estimator the decoded numbers are compared
    exactly, and a path that converges to a limit may never repeat.

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`.

    X : array-like of shape (n_starts, n_features)
        First rows of the paths, as ``model.transform`` takes them.

    max_iter : int, default=100
        Maximum number of reconstructions per path, including the one that closes the
        cycle.

    Returns
    -------
    result : Bunch
        For each start:

        - paths : list of ndarray of shape (n_iter + cycle_length, n_features), the
          start, the rows up to the cycle, and each row of the cycle once.
        - n_iter : ndarray of int, reconstructions before the cycle is entered;
          `max_iter` if none was reached.
        - cycle_lengths : ndarray of int, 1 for a fixed point, 0 if none was reached.

    See Also
    --------
    attractors : The distinct fixed points and cycles of many paths.

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
    """Find the distinct fixed points and cycles in which recursion ends.

    A cycle is one attractor, whichever member is reached first. Its basin is the set of
    starts that end in it.

    The number of unseen attractors is estimated from n, the number of starts that
    reached an attractor, and f1 and f2, the numbers of attractors with a basin of one
    and of two starts. Chao's lower bound, and the Good-Turing coverage, which is the
    probability that another start ends in a known attractor, are::

        n_unseen = (n - 1) / n * f1 ** 2 / (2 * f2)
        n_unseen = (n - 1) / n * f1 * (f1 - 1) / 2      if f2 = 0
        coverage = 1 - f1 / n

    Parameters
    ----------
    model : fitted estimator or Pipeline
        Has `transform` and `inverse_transform`.

    starts : int or array-like of shape (n_starts, n_features)
        Number of random starts, or the starts themselves, such as the output of
        `sample`. A random start is uniform noise in the input space of the estimator;
        the earlier steps of a Pipeline decode it. With a `PianoRollEncoder` all tokens
        are equally likely at each step, except that an orphan hold becomes a rest; so
        are all lengths, if melodies may end early.

    X : array-like of shape (n_melodies, n_features), default=None
        Training melodies, which are looked up among the attractors.

    max_iter : int, default=100
        Maximum number of reconstructions per path, as in `recurse`.

    random_state : int, RandomState instance or None, default=None
        An int makes the result reproducible.

    Returns
    -------
    result : Bunch
        For each attractor, sorted by the size of the basin, the largest first:

        - melodies : ndarray of shape (n_attractors, n_features), the fixed point, or
          the lexicographically smallest member of the cycle.
        - cycles : list of ndarray of shape (cycle_length, n_features), all members in
          order, from that one.
        - basins : ndarray of int, number of starts that end in it.
        - training_indices : ndarray of int, the first row of X that is a member, -1 for
          none; None without X.

        For each start:

        - labels : ndarray of int, its attractor; -1 if none was reached.
        - n_iter : ndarray of int, reconstructions before the cycle is entered;
          `max_iter` if none was reached.

        For the model:

        - n_unseen : float, estimated number of unseen attractors.
        - coverage : float, estimated share of all possible starts that end in the
          attractors found.

    Raises
    ------
    ValueError
        If the rows of X and the starts differ in length.

    Warns
    -----
    ConvergenceWarning
        If a path reaches no cycle in `max_iter` reconstructions.

    See Also
    --------
    recurse : All melodies of the paths.

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
            f"X must have rows as long as the starts, which have shape "
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
            "reconstructions; raise max_iter, or use a Pipeline that decodes to "
            "melodies.",
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
    """Build the graph of reconstructions; each distinct row is reconstructed once.

    Returns the distinct rows; the number of the reconstruction of each row, -1 if
    max_iter was reached before; and the numbers of the rows of X.
    """
    X = check_array(X, dtype=None)
    # Rows are compared by their bytes, so all need the dtype of the reconstructions.
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
    """Path from a start through one round of its cycle, and the cycle's length or 0."""
    path, positions = [start], {start: 0}
    for position in range(1, max_iter + 1):
        state = successors[path[-1]]
        if state in positions:
            return path, position - positions[state]
        positions[state] = position
        path.append(state)
    return path, 0


def _n_iter(walks, max_iter):
    return np.array(
        [len(path) - length if length else max_iter for path, length in walks]
    )


def _group(walks):
    """Group walks by the cycle they end in, the most frequent first."""
    ends = [path[len(path) - length :] for path, length in walks]
    # The least state names a cycle, wherever a walk enters it.
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
    """Rotate a cycle to begin at its least row, wherever a walk entered it."""
    least = min(range(len(cycle)), key=lambda i: states[cycle[i]].tolist())
    return cycle[least:] + cycle[:least]


def _rows_among(cycles, X):
    """First row of X that is in each cycle, or -1."""
    X = np.asarray(X)
    found = [(X[:, None] == cycle).all(axis=2).any(axis=1) for cycle in cycles]
    return np.array([mask.argmax() if mask.any() else -1 for mask in found], dtype=int)


def _unseen(basins):
    """Chao's estimate of the unseen attractors, and the Good-Turing coverage."""
    n, f1, f2 = basins.sum(), (basins == 1).sum(), (basins == 2).sum()
    if not n:
        return 0.0, 0.0
    pairs = f1**2 / (2 * f2) if f2 else f1 * (f1 - 1) / 2
    return float((n - 1) / n * pairs), float(1 - f1 / n)


def _random_starts(model, n_starts, rng):
    """Draw noise in batches."""
    latent = LatentModel(model)
    return np.concatenate(
        [
            latent.draw_noise(rows.stop - rows.start, rng)
            for rows in gen_batches(n_starts, _CHUNK)
        ]
    )
