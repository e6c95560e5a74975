"""Points that a translation has in common with others.

The kernel checks nothing: `metrics.originality` does.
"""

from sklearn_c2c._nn.compilation import jit


@jit
def largest_overlaps(lo, hi, out, points, ends, targets, ends_of_targets, counts, own):
    """Find the largest share that each of the sets lo:hi has in one of the others.

    The share of a set Q in a set P is ``max_t |(Q + t) ∩ P| / max(|Q|, |P|)``.

    Parameters
    ----------
    lo, hi : int
    out : ndarray of float64, shape (n_sets,)
        Elements lo:hi are written.
    points : ndarray of int
        Of all sets, one set after the other.
    ends : ndarray of int, shape (n_sets + 1,)
        Set i has the points ``ends[i]`` to ``ends[i + 1]``.
    targets, ends_of_targets : ndarray of int
        The other sets in the same way.
    counts : ndarray of int, shape (n_translations,)
        To count in. A target minus a point is an index of it.
    own : bool
        Whether set i is number i of the others too, and not compared with itself.
    """
    for i in range(lo, hi):
        n_own = ends[i + 1] - ends[i]
        largest = 0.0
        for k in range(len(ends_of_targets) - 1):
            n_others = ends_of_targets[k + 1] - ends_of_targets[k]
            larger = max(n_own, n_others)
            if (own and i == k) or min(n_own, n_others) <= largest * larger:
                continue
            counts[:] = 0
            for target in targets[ends_of_targets[k] : ends_of_targets[k + 1]]:
                for point in points[ends[i] : ends[i + 1]]:
                    counts[target - point] += 1
            largest = max(largest, counts.max() / larger)
        out[i] = largest
