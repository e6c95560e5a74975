"""Whether notes follow each other as in a corpus, independent of their number.

The likelihood of steps (`sklearn_c2c.objectives.StyleLikeness`) cannot judge melodies
whose number of holds was optimised: a hold after a hold is always likely. So pitches
and durations are judged note by note, each given the note before.
"""

import numpy as np

from sklearn_c2c.melody import notes_from_melody, sounding_pitches

# Added to every count: pairs that the corpus lacks are rare and not impossible.
_ALPHA = 0.1

# A melody is in the style if its notes are as likely as those of all reels but the
# least likely 5 %, each reel judged by the other ones.
_QUANTILE = 0.05

_STEPS_PER_QUARTER = 4


class NoteStyle:
    """First-order Markov models of the pitches and of the durations of a corpus.

    Parameters
    ----------
    corpus : ndarray of int, shape (n_melodies, n_steps)
        Melodies in the style.
    """

    def __init__(self, corpus):
        self._tables = [
            _transitions(sequences, size)
            for sequences, size in zip(_sequences(corpus), (128, 129), strict=True)
        ]
        rows = np.asarray(corpus)[:, np.newaxis]
        # likelihoods of the corpus' own melodies, each judged by the other ones
        self.own = np.hstack([self._likelihoods(row, without=row) for row in rows])
        self.thresholds = np.quantile(self.own, _QUANTILE, axis=1)

    def likelihoods(self, X):
        """Mean log-likelihood of pitches and of durations, (2, n_melodies), nats.

        NaN for melodies of fewer than two notes.
        """
        return self._likelihoods(X)

    def is_in_style(self, X):
        """Whether pitches, and whether durations, are in style: (2, n_melodies)."""
        with np.errstate(invalid="ignore"):
            return self._likelihoods(X) >= self.thresholds[:, np.newaxis]

    def _likelihoods(self, X, without=None):
        rows = []
        for i, sequences in enumerate(_sequences(X)):
            counts = self._tables[i]
            if without is not None:
                counts = counts - _transitions(_sequences(without)[i], len(counts))
            used = self._tables[i].any(axis=0).sum()
            log_p = np.log(counts + _ALPHA)
            log_p -= np.log(counts.sum(axis=1, keepdims=True) + _ALPHA * used)
            rows.append([_mean(log_p[s[:-1], s[1:]]) for s in sequences])
        return np.array(rows)


def beats_kept(X, original):
    """Share of the quarter beats at which the same pitch sounds as in the original.

    Parameters
    ----------
    X, original : ndarray of int, shape (n_melodies, n_steps)
        Melodies, row by row; one row is compared with all.
    """
    return (_beats(X) == _beats(original)).mean(axis=-1)


def off_beats_kept(X, original):
    """Share of the sixteenths off the quarter beats at which the same sounds."""
    off = np.arange(np.shape(X)[-1]) % _STEPS_PER_QUARTER != 0
    same = sounding_pitches(X) == sounding_pitches(original)
    return same[..., off].mean(axis=-1)


def motif_kept(X, originals):
    """Quarter beats in common with the original, in excess of those with the others.

    1 is the original itself, 0 a melody that is as near to every other one:
    ``(own - others) / (1 - others)``, corrected for chance as Cohen's kappa is.
    """
    same = (_beats(X)[:, np.newaxis] == _beats(originals)).mean(axis=2)
    own = np.diagonal(same)
    others = (same.sum(axis=1) - own) / (len(originals) - 1)
    return (own - others) / (1 - others)


def json_list(values):
    """A list in which None stands for NaN, which JSON does not have."""
    return [None if np.isnan(value) else float(value) for value in values]


def _beats(X):
    return sounding_pitches(np.asarray(X))[..., ::_STEPS_PER_QUARTER]


def _sequences(X):
    """Pitches and durations of each melody, as two lists of arrays."""
    notes = [notes_from_melody(row) for row in X]
    return [n[:, 2] for n in notes], [n[:, 1] for n in notes]


def _transitions(sequences, size):
    counts = np.zeros((size, size))
    for sequence in sequences:
        np.add.at(counts, (sequence[:-1], sequence[1:]), 1)
    return counts


def _mean(values):
    return values.mean() if len(values) else np.nan
