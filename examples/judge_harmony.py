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
    longest_notes,
    mend_orphan_holds,
    sounding_pitches,
    split_voices,
)

BEAT = 4  # steps
SAME_TUNE = 0.6  # share of the steps that sound the same pitch class
RECURRENT = {"cell": "gru", "window": 0, "batch_size": 8, "max_iter": 30}
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


def cadences(rows, ends):
    """Shares of the phrase ends with a triad in root position, and of V-I cadences.

    In a cadence this triad follows the fifth above its root in the bass, within the
    beat before, and its leading tone in any voice.
    """
    voices = sounding_pitches(split_voices(rows, 4)).astype(int)
    begins = ends & ~np.pad(ends, ((0, 0), (1, 0)))[:, :-1]
    begins[:, :BEAT] = False
    piece, step = np.nonzero(begins)
    last = voices[piece, :, step]
    root, sounds = last[:, 3:] % 12, (last < N_PITCHES).all(axis=1)
    above = (last - root) % 12
    is_third = np.isin(above, (3, 4))
    is_triad = (is_third | np.isin(above, (0, 7))).all(axis=1) & is_third.any(axis=1)
    is_triad &= sounds
    bass = np.stack([voices[piece, 3, step - k] for k in range(1, BEAT + 1)], axis=1)
    fifth = ((bass - root) % 12 == 7).any(axis=1)
    leading_tone = ((voices[piece, :, step - 1] - root) % 12 == 11).any(axis=1)
    return is_triad.mean(), (is_triad & fifth & leading_tone).mean()


def judge(X, Y, added, ends):
    """Share of right tokens and pitches of each voice, harmony and cadences."""
    voices, right = split_voices(added, 3), split_voices(Y, 3)
    found = metrics.compare_harmony(np.hstack([X, added]), np.hstack([X, Y]))
    return [
        *(voices == right).mean(axis=(0, 2)),
        *metrics.voice_accuracy(added, Y, n_voices=3),
        *[found[name][0] for name in MEASURES],
        *cadences(np.hstack([X, added]), ends),
    ]


MEASURES = "voice_crossings", "parallel_fifths", "parallel_octaves", "chord_share"


def chorales_in_folds():
    """Rows, phrase ends, and the indices to learn and to test of five folds."""
    chorales = datasets.load_bach_chorales()
    rows, folds = chorales.data, GroupKFold(5, shuffle=True, random_state=0)
    folds = list(folds.split(rows, groups=tunes_of(rows[:, :128])))
    return rows, chorales.phrase_ends, folds


def show(name, figures):
    print("|", " | ".join([name, *(f"{figure:.3f}" for figure in figures)]), "|")


def judge_harmonizers(n_seeds):
    rows, ends, folds = chorales_in_folds()
    X, Y = rows[:, :128], rows[:, 128:]
    results = {}
    for train, test in folds:
        known, unseen, right = (X[train], Y[train]), X[test], Y[test]

        def add(name, added, unseen=unseen, right=right, ends=ends[test]):
            results.setdefault(name, []).append(judge(unseen, right, added, ends))

        add("Bach", right)
        add("nearest soprano", nearest(*known, unseen))
        add("most frequent", most_frequent(*known, unseen))
        minibach = Harmonizer(**MINIBACH, max_iter=40, batch_size=20, random_state=0)
        add("MiniBach", minibach.fit(*known).predict(unseen))
        for seed in range(n_seeds):
            for kind, settings in {"dense": {}, "recurrent": RECURRENT}.items():
                model = Harmonizer(random_state=seed, **settings)
                model.fit(*known, phrase_ends=ends[train])
                add(f"{kind}, ends", model.predict(unseen, phrase_ends=ends[test]))
                guess = longest_notes(unseen, 32)
                add(f"{kind}, guessed ends", model.predict(unseen, phrase_ends=guess))
                model.fit(*known)
                add(kind, model.predict(unseen))
                model.set_params(voice_leading=False)
                add(f"{kind}, without rules", model.predict(unseen))
                model.set_params(chain=False)
                add(f"{kind}, all at once", model.predict(unseen))
    for name, figures in results.items():
        show(name, np.mean(figures, axis=0))


def judge_autoencoders():
    """Sopranos kept by `generation.complete`; draws, and their voices drawn apart."""
    rows, ends, folds = chorales_in_folds()
    train, test = folds[0]
    test = test[:20]
    settings = {"hidden_layer_sizes": (512,), "beta": 0.2, "max_iter": 40}
    vae = VariationalAutoencoder(128, random_state=0, **settings)
    model = make_pipeline(PianoRollEncoder(n_voices=4), vae).fit(rows[train])
    options = {"n_samples": 1, "transposition": 0, "form": None, "random_state": 0}
    keep = np.arange(512) < 128
    pieces = [generation.complete(model, rows[i], keep, **options) for i in test]
    added = np.vstack([piece.melodies for piece in pieces])[:, 128:]
    show("completed", judge(rows[test, :128], rows[test, 128:], added, ends[test]))

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
