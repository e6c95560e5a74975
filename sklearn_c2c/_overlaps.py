"""Largest overlaps of point sets under translation.

The kernel checks nothing: `metrics.originality` does.
"""

from sklearn_c2c._nn.compilation import jit


@jit
def largest_overlaps(lo, hi, out, points, ends, targets, ends_of_targets, counts, own):
    """Compute the largest overlap of each of the sets lo:hi with one of the others.

    The overlap of sets Q and P is ``max_t |(Q + t) ∩ P| / max(|Q|, |P|)``.

    Parameters
    ----------
    lo, hi : int
    out : ndarray of float64, shape (n_sets,)
        Elements lo:hi are written.
    points : ndarray of int
        Points of all sets, concatenated.
    ends : ndarray of int, shape (n_sets + 1,)
        Set i is ``points[ends[i] : ends[i + 1]]``.
    targets, ends_of_targets : ndarray of int
        The other sets in the same form.
    counts : ndarray of int, shape (n_translations,)
        Scratch space for counts, indexed by target minus point.
    own : bool
        Whether both are the same sets, so that set i is not compared with set i.
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
