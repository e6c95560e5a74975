"""Style as statistics: which pitches follow which, and how long notes last."""

from dataclasses import KW_ONLY, dataclass, field

import numpy as np

from sklearn_c2c.melody import HOLD, N_PITCHES, check_melodies, notes_from_melody
from sklearn_c2c.objectives._base import Objective
from sklearn_c2c.objectives._expectation import TINY, is_pitch


@dataclass(eq=False)
class StyleProfile(Objective):
    """Likeness of pitch transitions and note lengths to those of a corpus, 0 to 1.

    With N_ab the number of notes of pitch a that are followed by one of pitch b, D_d
    the number of notes of d steps, and M_ab and C_d those of the corpus,

    ``(1 - w) * cos(N, M) + w * cos(D, C)``

    where cos is the cosine of the angle between two arrays of counts, 0 if one has
    none. The surrogate is that of the expected counts, each of which is exact. This is
    the style transfer of Gatys et al. with statistics of melodies in place of those of
    a network: optimise it from the latent vector of another style.

    Parameters
    ----------
    corpus : array-like of int, shape (n_melodies, n_steps)
        Melodies in the style and in the key that is aimed at.

    length_weight : float, default=0.5
        w, in [0, 1].

    longest : int, default=16
        Notes that last longer, in steps, are counted with those of this length.

    References
    ----------
    L. A. Gatys, A. S. Ecker and M. Bethge, "A neural algorithm of artistic style",
    2015. J.-P. Briot, "Compress to Create", section V.v.

    Examples
    --------
    >>> from sklearn_c2c.melody import HOLD
    >>> from sklearn_c2c.objectives import StyleProfile
    >>> profile = StyleProfile([[62, HOLD, 64, HOLD], [62, HOLD, 64, HOLD]])
    >>> profile([[62, HOLD, 64, HOLD], [64, 62, 64, HOLD], [64, 64, 64, 64]]).round(2)
    array([1.  , 0.58, 0.  ])
    """

    corpus: np.ndarray = field(repr=False)
    _: KW_ONLY
    length_weight: float = 0.5
    longest: int = 16

    def __post_init__(self):
        corpus = check_melodies(self.corpus)
        if corpus.ndim != 2 or not is_pitch(corpus).any():
            raise ValueError(
                "corpus must be melodies with notes, of shape (n_melodies, n_steps), "
                f"got shape {corpus.shape}."
            )
        if not 0 <= self.length_weight <= 1 or self.longest < 1:
            raise ValueError(
                "length_weight must be in [0, 1] and longest at least 1, got "
                f"length_weight={self.length_weight!r}, longest={self.longest!r}."
            )
        self.corpus = corpus
        self._following = np.zeros((N_PITCHES, N_PITCHES))
        self._lasting = np.zeros(self.longest)
        for melody in corpus:
            _, lengths, pitches = notes_from_melody(melody).T
            np.add.at(self._following, (pitches[:-1], pitches[1:]), 1)
            np.add.at(self._lasting, lengths.clip(max=self.longest) - 1, 1)
        for counts in (self._following, self._lasting):
            counts /= max(np.linalg.norm(counts), TINY)

    def _value(self, X):
        tokens = np.unique(X)
        return self._expected((X[:, :, None] == tokens).astype(np.float64), tokens)[0]

    def _expected(self, Q, tokens):
        pitches = tokens[is_pitch(tokens)]
        following, to_following = _transitions(Q[:, :, is_pitch(tokens)])
        lasting, to_lasting = _lengths(Q, tokens, self.longest)
        alike, of_following = _cosine(following, self._following[pitches][:, pitches])
        as_long, of_lasting = _cosine(lasting, self._lasting)
        w = self.length_weight
        gradient = w * to_lasting(of_lasting)
        gradient[:, :, is_pitch(tokens)] += (1 - w) * to_following(of_following)
        return (1 - w) * alike + w * as_long, gradient


def _cosine(counts, target):
    """Cosine of the angle between counts and a target, and its gradient.

    The target is of norm 1, or a part of such an array.
    """
    axes = tuple(range(1, counts.ndim))
    square = (counts * counts).sum(axis=axes, keepdims=True)
    norm = np.where(square < TINY, np.inf, np.sqrt(square))
    values = (counts * target).sum(axis=axes, keepdims=True) / norm
    return values.reshape(len(counts)), (target - values * counts / norm) / norm


def _transitions(onsets):
    """Expected number of notes of each pitch that are followed by each other pitch.

    Parameters
    ----------
    onsets : ndarray of shape (n_melodies, n_steps, n_pitches)
        Probability that a note of each pitch begins at each step.

    Returns
    -------
    counts : ndarray of shape (n_melodies, n_pitches, n_pitches)
    pull_back : callable
    """
    none = 1 - onsets.sum(axis=2, keepdims=True)
    last = np.zeros_like(onsets)  # probability of each pitch to be the last one before
    for t in range(1, onsets.shape[1]):
        last[:, t] = onsets[:, t - 1] + none[:, t - 1] * last[:, t - 1]

    def pull_back(G):
        of_onsets, of_last = last @ G, onsets @ G.swapaxes(1, 2)
        later = np.zeros_like(onsets[:, 0])
        for t in range(onsets.shape[1] - 1, -1, -1):
            of_onsets[:, t] += later - (later * last[:, t]).sum(axis=1, keepdims=True)
            later = of_last[:, t] + none[:, t] * later
        return of_onsets

    return last.swapaxes(1, 2) @ onsets, pull_back


def _lengths(Q, tokens, longest):
    """Expected number of notes of each length, up to the longest, and its pull-back."""
    pitch, hold = is_pitch(tokens).astype(Q.dtype), (tokens == HOLD).astype(Q.dtype)
    held = Q @ hold
    n_steps = Q.shape[1]
    # Probability that a note begins at each step and lasts at least so many steps.
    reaching = [Q @ pitch]
    for d in range(1, min(longest, n_steps)):
        reaching.append(reaching[-1][:, :-1] * held[:, d:])
    at_least = np.zeros((len(Q), longest + 1))
    at_least[:, : len(reaching)] = np.transpose([r.sum(axis=1) for r in reaching])

    def pull_back(G):
        of_least = np.diff(G, axis=1, prepend=0)
        of_held, later = np.zeros_like(held), 0
        for d in range(len(reaching) - 1, -1, -1):
            delta = np.zeros_like(reaching[d]) + of_least[:, [d]]
            delta[:, : n_steps - d - 1] += later
            if d:
                of_held[:, d:] += delta * reaching[d - 1][:, :-1]
                later = delta * held[:, d:]
        return delta[:, :, None] * pitch + of_held[:, :, None] * hold

    return -np.diff(at_least, axis=1), pull_back
