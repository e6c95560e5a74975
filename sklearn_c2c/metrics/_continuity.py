"""Continuity of a path from one melody to another."""

import numpy as np
from sklearn.utils import Bunch

from sklearn_c2c.metrics._notes import n_steps_of_either, rows_of


def path_continuity(path):
    """Measure how evenly the melodies of a path change from the first to the last.

    A jump is the share of steps that change between two neighboring melodies,
    ``d(x_i, x_{i+1})``; the distance is that of the two ends, ``d(x_0, x_n)``. A share
    is one of the steps of the longer melody, as in `nearest_melody`. An even
    path of n jumps changes ``d(x_0, x_n) / n`` of the steps in each jump, and changes
    no step back. A path that stays at one end and then jumps to the other has two
    distinct melodies and one jump as large as the distance.

    Parameters
    ----------
    path : array-like of int, shape (n + 1, n_steps)
        Melodies in order, at least two, such as from `generation.interpolate`.

    Returns
    -------
    continuity : Bunch
        ``n_distinct``
            Number of distinct melodies on the path.
        ``largest_jump``
            ``max_i d(x_i, x_{i+1})``, share of steps.
        ``total_variation``
            ``sum_i d(x_i, x_{i+1})``, share of steps; at least the distance.
        ``jumps``, ``distance``
            ndarray of shape (n,) and float, shares of steps.
        ``ideal``
            Bunch with the first three values of an even path between these ends:
            n + 1 melodies (fewer if the ends differ at fewer than n steps),
            ``distance / n`` and ``distance``.

    Raises
    ------
    ValueError
        If there are fewer than two melodies.

    Notes
    -----
    To compare paths between different ends, divide by the distance: ``largest_jump /
    distance`` lies in [1/n, ...] and ``total_variation / distance`` in [1, ...].

    Examples
    --------
    >>> halfway = [[60, 60, 60, 60], [60, 60, 67, 67], [67, 67, 67, 67]]
    >>> continuity = path_continuity(halfway)
    >>> continuity.n_distinct, continuity.largest_jump, continuity.total_variation
    (3, 0.5, 1.0)
    >>> leap = path_continuity([[60, 60, 60, 60], [60, 60, 60, 60], [67, 67, 67, 67]])
    >>> leap.n_distinct, leap.largest_jump, leap.ideal.largest_jump
    (2, 1.0, 0.5)
    """
    path = rows_of(path)
    if len(path) < 2:
        raise ValueError(
            f"Expected a path of at least two melodies, got shape {path.shape}."
        )
    jumps = (path[1:] != path[:-1]).sum(axis=1) / n_steps_of_either(path[1:], path[:-1])
    n_differing = int((path[0] != path[-1]).sum())
    distance = n_differing / int(n_steps_of_either(path[0], path[-1]))
    return Bunch(
        n_distinct=len(np.unique(path, axis=0)),
        largest_jump=float(jumps.max()),
        total_variation=float(jumps.sum()),
        jumps=jumps,
        distance=distance,
        ideal=Bunch(
            n_distinct=min(len(jumps), n_differing) + 1,
            largest_jump=distance / len(jumps),
            total_variation=distance,
        ),
    )
