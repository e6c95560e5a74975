"""Where the tunes of a corpus are in a plane, and the directions that sliders move."""

from typing import NamedTuple

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

LAYOUTS = ("auto", "tsne", "pca")
_MOST_FOR_TSNE = 3000  # above, t-SNE takes minutes
_FEWEST_FOR_TSNE = 5
_PERPLEXITY = 30.0  # scikit-learn's own; a small corpus needs less
_N_DIRECTIONS = 6
_LEAST_CORRELATION = 0.3  # below, a slider does not do what its name says
_N_COMPONENTS = 12  # of which those are taken that go with an attribute most


class Direction(NamedTuple):
    """A direction in the latent space.

    Parameters
    ----------
    vector : ndarray of shape (h,)
        One unit of the slider.
    low, high : float
        Least and largest position of a tune, in these units from the mean.
    name : str
        What changes along it.
    correlation : float or None
        Of the position with the attribute of that name; None if the latent variable
        has been trained to be that attribute.
    number : int
        Of the principal component, or of the latent variable, from 1.
    """

    vector: np.ndarray
    low: float
    high: float
    name: str
    correlation: float | None
    number: int


def place(Z, layout, random_state):
    """Reduce latent vectors to a plane.

    Parameters
    ----------
    Z : ndarray of shape (n_tunes, h)
    layout : {"auto", "tsne", "pca"}
        "auto" is t-SNE for 5 to 3,000 tunes.
    random_state : int, RandomState instance or None

    Returns
    -------
    points : ndarray of float32, shape (n_tunes, 2)
        From -1 to 1 along the longer side.
    name : str
        Of the method, in words.
    """
    if layout not in LAYOUTS:
        known = ", ".join(map(repr, LAYOUTS))
        raise ValueError(f"Found layout={layout!r}; expected one of {known}.")
    is_usual = _FEWEST_FOR_TSNE <= len(Z) <= _MOST_FOR_TSNE
    if layout == "tsne" or (layout == "auto" and is_usual):
        if len(Z) < _FEWEST_FOR_TSNE:
            raise ValueError(
                f"Found {len(Z)} tunes for layout='tsne'; expected "
                f"{_FEWEST_FOR_TSNE} or more. Pass layout='pca'."
            )
        if not np.ptp(Z, axis=0).any():  # scikit-learn's t-SNE crashes on equal points
            return np.zeros((len(Z), 2), dtype=np.float32), "t-SNE"
        perplexity = min(_PERPLEXITY, (len(Z) - 1) / 3)
        tsne = TSNE(perplexity=perplexity, random_state=random_state)
        # Several threads add in an order of their own, and the points differ.
        with threadpool_limits(1):
            return _scaled(tsne.fit_transform(Z)), "t-SNE"
    return _scaled(_components(Z, 2)[0]), "principal components"


def directions(Z, attributes, own=()):
    """Directions of the latent space, with names.

    Parameters
    ----------
    Z : ndarray of shape (n_tunes, h)
        Latent vectors of the tunes.
    attributes : dict of ndarray, each of shape (n_tunes,)
        Values by name, NaN where undefined.
    own : sequence of str
        Names of the first latent variables, if the model has any. Without, the
        principal components are taken.

    Returns
    -------
    list of Direction
        Without names of the model's own at most six, each named by another attribute,
        the one that goes with an attribute most first; components whose correlation
        is below 0.3 are left out, unless there are no attributes to name any by.
    """
    if own:
        around, units = Z - Z.mean(axis=0), np.eye(Z.shape[1])
        return [
            _direction(units[i], around[:, i], name, None, i + 1)
            for i, name in enumerate(own)
        ]
    positions, vectors = _components(Z, _N_COMPONENTS)
    scales = positions.std(axis=0)
    found = []
    for i, name, r in _named(positions, attributes):
        if not scales[i] > 0 or (attributes and abs(r) < _LEAST_CORRELATION):
            continue
        sign = -1 if r < 0 else 1
        vector, position = sign * scales[i] * vectors[i], sign * positions[:, i]
        found.append(_direction(vector, position / scales[i], name, abs(r), i + 1))
    return found[:_N_DIRECTIONS]


def _named(positions, attributes):
    """Yield components with an attribute each, the largest correlation first.

    Components beyond the number of attributes have no name.
    """
    pairs = [
        (_correlation(position, values), i, name)
        for i, position in enumerate(positions.T)
        for name, values in attributes.items()
    ]
    left = list(range(positions.shape[1]))
    taken = set()
    for r, i, name in sorted(pairs, key=lambda pair: -abs(pair[0])):
        if i in left and name not in taken and r:
            left.remove(i)
            taken.add(name)
            yield i, name, r
    for i in left:
        yield i, "", 0.0


def _components(Z, n):
    """Positions along `n` principal components, 0 where there are fewer; vectors."""
    positions, vectors = np.zeros((len(Z), n)), np.zeros((n, Z.shape[1]))
    if np.ptp(Z, axis=0).any():  # PCA warns of points that are all equal
        pca = PCA(min(n, *Z.shape), svd_solver="full").fit(Z.astype(np.float64))
        positions[:, : pca.n_components_] = pca.transform(Z)
        vectors[: pca.n_components_] = pca.components_
    return positions, vectors


def _scaled(points):
    """Points around 0, of which the longer side reaches from -1 to 1."""
    low, high = points.min(axis=0), points.max(axis=0)
    half = (high - low).max() / 2 or 1
    return ((points - (low + high) / 2) / half).astype(np.float32)


def _direction(vector, position, name, correlation, number):
    low, high = float(position.min()), float(position.max())
    return Direction(vector, low, high, name, correlation, number)


def _correlation(x, y):
    """Correlation where `y` is defined; 0 if one of both is constant."""
    is_defined = np.isfinite(y)
    x, y = x[is_defined], y[is_defined]
    if len(x) < 3 or not (x.std() > 0 and y.std() > 0):
        return 0.0
    return float(np.corrcoef(x, y)[0, 1])
