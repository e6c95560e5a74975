"""Judge voices that are added to the sopranos of unseen chorales.

Chorales with nearly the same soprano are of one tune, and are left out together, in
five folds. Prints the tables of docs/user_guide/harmony.md; an hour on one core.

    python examples/judge_harmony.py [--seeds 3] [--autoencoders]
"""

import argparse

import numpy as np
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline

from sklearn_c2c import (
    Autoencoder,
    Harmonizer,
    PianoRollEncoder,
    VariationalAutoencoder,
    datasets,
    generation,
    metrics,
)
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


def chorales_in_folds():
    """Rows, and for each of five folds the indices of those to learn and to test."""
    rows = datasets.load_bach_chorales().data
    folds = GroupKFold(5, shuffle=True, random_state=0)
    return rows, list(folds.split(rows, groups=tunes_of(rows[:, :128])))


def show(name, figures):
    print("|", " | ".join([name, *(f"{figure:.3f}" for figure in figures)]), "|")


def judge_harmonizers(n_seeds):
    rows, folds = chorales_in_folds()
    X, Y = rows[:, :128], rows[:, 128:]
    results = {}
    for train, test in folds:
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
        show(name, np.mean(figures, axis=0))


def judge_autoencoders():
    """Sopranos kept by `generation.complete`; draws, and their voices drawn apart."""
    rows, folds = chorales_in_folds()
    train, test = folds[0]
    test = test[:20]
    settings = {"hidden_layer_sizes": (512,), "beta": 0.2, "max_iter": 40}
    vae = VariationalAutoencoder(128, random_state=0, **settings)
    model = make_pipeline(PianoRollEncoder(n_voices=4), vae).fit(rows[train])
    options = {"n_samples": 1, "transposition": 0, "form": None, "random_state": 0}
    keep = np.arange(512) < 128
    pieces = [generation.complete(model, rows[i], keep, **options) for i in test]
    added = np.vstack([piece.melodies for piece in pieces])[:, 128:]
    show("completed", judge(rows[test, :128], rows[test, 128:], added))

    few, rng = rows[:80], np.random.default_rng(0)
    autoencoder = Autoencoder(32, output="softmax", max_iter=100, random_state=0)
    model = make_pipeline(PianoRollEncoder(n_voices=4), autoencoder).fit(few)
    options = {"X": few, "method": "gaussian", "form": None, "random_state": 0}
    drawn = generation.sample(model, 80, **options)
    apart = split_voices(drawn, 4).copy()
    for voice in range(1, 4):
        apart[:, voice] = apart[rng.permutation(80), voice]
    for name, pieces in (("drawn", drawn), ("apart", apart.reshape(80, -1))):
        found = metrics.compare_harmony(pieces, few)
        show(name, [figure for measure in MEASURES for figure in found[measure]])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--autoencoders", action="store_true")
    args = parser.parse_args()
    if args.autoencoders:
        judge_autoencoders()
    else:
        judge_harmonizers(args.seeds)
