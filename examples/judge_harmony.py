"""Judge voices that are added to the sopranos of unseen chorales.

Chorales with nearly the same soprano are of one tune, and are left out together, in
five folds. Prints the table of docs/user_guide/harmony.md; an hour on one core.

    python examples/judge_harmony.py [--seeds 3]
"""

import argparse

import numpy as np
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import GroupKFold

from sklearn_c2c import Harmonizer, datasets, metrics
from sklearn_c2c.melody import (
    HOLD,
    N_PITCHES,
    mend_orphan_holds,
    sounding_pitches,
    split_voices,
)

SAME_TUNE = 0.6  # share of the steps that sound the same pitch class
MINIBACH = {"window": None, "noise": 0, "chain": False, "transition_weight": 0}


def tunes_of(melodies):
    """Number the tunes: melodies that are alike, or alike to others of the same."""
    sounding = sounding_pitches(melodies)
    classes = np.where(sounding < N_PITCHES, sounding % 12, 12)
    alike = [(classes == own).mean(axis=1) >= SAME_TUNE for own in classes]
    return connected_components(np.array(alike))[1]


def nearest(X, Y, unseen):
    """The voices of the chorale with the nearest soprano, moved to fit."""
    found = []
    for melody in unseen:
        moved = np.stack([move(X, k) for k in range(-6, 7)])
        k, i = np.unravel_index(
            (moved == melody).mean(axis=2).argmax(), moved.shape[:2]
        )
        found.append(move(Y[i], k - 6))
    return np.array(found)


def move(melodies, semitones):
    return np.where(melodies < N_PITCHES, melodies + semitones, melodies)


def most_frequent(X, Y, unseen):
    """At each step the most frequent token, given what the soprano does there."""
    voices, seen = split_voices(Y, 3), state(X)
    added = np.empty((len(unseen), 3, X.shape[1]), np.int16)
    for voice in range(3):
        counts = np.zeros((2 * N_PITCHES + 4, HOLD + 1), int)
        np.add.at(counts, (seen.ravel(), voices[:, voice].ravel()), 1)
        added[:, voice] = counts.argmax(axis=1)[state(unseen)]
    return mend_orphan_holds(added).reshape(len(unseen), -1)


def state(melodies):
    """What sounds at each step, and whether it begins there."""
    return 2 * sounding_pitches(melodies).astype(int) + (melodies != HOLD)


def judge(X, Y, added):
    """Share of right tokens and pitches of each voice, and the measures of harmony."""
    voices, right = split_voices(added, 3), split_voices(Y, 3)
    found = metrics.compare_harmony(np.hstack([X, added]), np.hstack([X, Y]))
    return [
        *(voices == right).mean(axis=(0, 2)),
        *metrics.voice_accuracy(added, Y, n_voices=3),
        *[found[name][0] for name in MEASURES],
    ]


MEASURES = "voice_crossings", "parallel_fifths", "parallel_octaves", "chord_share"


def main(n_seeds):
    rows = datasets.load_bach_chorales().data
    X, Y = rows[:, :128], rows[:, 128:]
    folds = GroupKFold(5, shuffle=True, random_state=0)
    results = {}
    for train, test in folds.split(X, groups=tunes_of(X)):
        known, unseen, right = (X[train], Y[train]), X[test], Y[test]

        def add(name, added, unseen=unseen, right=right):
            results.setdefault(name, []).append(judge(unseen, right, added))

        add("Bach", right)
        add("nearest soprano", nearest(*known, unseen))
        add("most frequent", most_frequent(*known, unseen))
        minibach = Harmonizer(**MINIBACH, max_iter=40, batch_size=20, random_state=0)
        add("MiniBach", minibach.fit(*known).predict(unseen))
        for seed in range(n_seeds):
            model = Harmonizer(random_state=seed).fit(*known)
            add("Harmonizer", model.predict(unseen))
            model.set_params(voice_leading=False)
            add("without rules", model.predict(unseen))
            model.set_params(chain=False)
            add("all at once", model.predict(unseen))
    for name, figures in results.items():
        cells = [f"{figure:.3f}" for figure in np.mean(figures, axis=0)]
        print("|", " | ".join([name, *cells]), "|")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    main(parser.parse_args().seeds)
