"""Judge methods that move reels towards the sopranos of Bach's chorales.

Prints the table of "Another style, and dreams" in docs/user_guide/boltzmann.md.
All tunes are of 8 measures, in D major. The models learn 75 reels and every other
soprano; the 59 other reels are moved. The judge of style is a classifier that has been
trained on the other half of the unseen tunes. Some five minutes on one core for a seed.

    python examples/judge_style.py [--seeds 2]
"""

import argparse

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.pipeline import make_pipeline

from sklearn_c2c import Autoencoder, PianoRollEncoder, SoftmaxRBM, generation, metrics
from sklearn_c2c.datasets import load_bach_sopranos, load_celtic
from sklearn_c2c.melody import mend_orphan_holds, sounding_pitches
from sklearn_c2c.objectives import OnsetPattern, StyleProfile

N_KNOWN = 75
SCALES = 0, 0.2, 0.4, 0.7, 1, 1.5, 2.5
KEPT_CODE = 500, 100, 50, 20, 8, 2, 0
KEPT_ONSETS = 10, 3, 1, 0.3, 0.1
KEPT_STEPS = 8, 5, 4.5, 4, 3.5, 3, 2.5, 2, 1
N_DRAWS = 1000  # of the bootstrap over reels


def tunes():
    """Reels and sopranos to learn, then those that are unseen."""
    reels, chorales = load_celtic(n_melodies=None), load_bach_sopranos(n_melodies=None)
    major = chorales.target == chorales.target_names.index("major")
    sopranos = chorales.data[major]
    return reels.data[:N_KNOWN], sopranos[::2], reels.data[N_KNOWN:], sopranos[1::2]


def pasted(reels, sopranos, rng):
    """Reels with 0 to 8 measures of a soprano in their places."""
    donors = sopranos[rng.integers(len(sopranos), size=len(reels))]
    order = rng.permuted(np.tile(np.arange(8), (len(reels), 1)), axis=1)
    order = order.repeat(16, axis=1)
    return [mend_orphan_holds(np.where(order < n, donors, reels)) for n in range(9)]


def moved(seed):
    """Results of each method, for each setting of what decides how far it moves."""
    reels, sopranos, unseen, _ = tunes()
    known, profile = np.vstack([reels, sopranos]), StyleProfile(sopranos)
    autoencoder = Autoencoder(h=100, random_state=seed)
    latent = make_pipeline(PianoRollEncoder(), autoencoder).fit(known)
    boltzmann = SoftmaxRBM(
        96, window_size=32, learning_rate_init=0.01, max_iter=100, random_state=seed
    )
    machine = make_pipeline(PianoRollEncoder(), boltzmann).fit(known)
    vector = generation.attribute_vector(latent, sopranos, reels)

    def add(scale, encoding):
        return generation.add_attribute(
            latent, unseen, vector, scale, encoding=encoding
        )

    def search(objective, **options):
        options |= {"start": unseen, "random_state": seed}
        return generation.optimize(latent, objective, **options).melodies

    def draw(objective, keep=0.0):
        options = {"X": unseen, "weight": 100, "keep_weight": keep, "n_iter": 100}
        options["random_state"] = seed
        return generation.impose(machine, objective, **options).melodies

    sets = {"measures pasted": pasted(unseen, sopranos, np.random.default_rng(seed))}
    for encoding in ("encoder", "search"):
        name = f"attribute vector, {encoding}"
        sets[name] = [add(scale, encoding) for scale in SCALES]
        name = f"`optimize`, code kept, {encoding}"
        sets[name] = [
            search(profile, keep_weight=keep, encoding=encoding) for keep in KEPT_CODE
        ]
    sets["`impose`, steps kept"] = [draw(profile, keep) for keep in KEPT_STEPS]
    for name, method in (("optimize", search), ("impose", draw)):
        sets[f"`{name}`, onsets kept"] = [
            method(profile + Onsets(unseen, weight)) for weight in KEPT_ONSETS
        ]
    return sets


class Onsets:
    """`OnsetPattern` of a reel for each melody, as a term of an objective."""

    def __init__(self, reels, weight):
        self._patterns = [OnsetPattern(reel) for reel in reels]
        self._weight = weight

    def __call__(self, X):
        pairs = zip(self._patterns, X[:, np.newaxis], strict=True)
        values = [pattern(melody) for pattern, melody in pairs]
        return self._weight * np.concatenate(values)

    def surrogate(self, P, tokens):
        pairs = zip(self._patterns, P[:, np.newaxis], strict=True)
        parts = [pattern.surrogate(p, tokens) for pattern, p in pairs]
        return [
            self._weight * np.concatenate(part) for part in zip(*parts, strict=True)
        ]


class Judge:
    """Two classifiers, each of which judges the half that trains the other one."""

    def __init__(self, reels, sopranos):
        self._forests = []
        for half in range(2):
            parts = reels[half::2], sopranos[half::2]
            labels = np.repeat([0, 1], [len(part) for part in parts])
            forest = ExtraTreesClassifier(300, random_state=0)
            self._forests.append(forest.fit(vectors(np.vstack(parts)), labels))

    def __call__(self, melodies):
        """Probability of a soprano, of unseen tunes in their order."""
        values, columns = np.empty(len(melodies)), vectors(melodies)
        for half, forest in enumerate(self._forests):
            rows = slice(1 - half, None, 2)
            values[rows] = forest.predict_proba(columns[rows])[:, 1]
        return values


def vectors(melodies):
    return np.hstack(list(metrics.melody_features(melodies).values()))


def contents(melodies, reels):
    """What is kept of each reel: steps, sounding pitches, and onsets by their F1."""
    sounds = sounding_pitches(melodies) == sounding_pitches(reels)
    onsets = [
        metrics.onset_f1(*pair)
        for pair in zip(reels[:, None], melodies[:, None], strict=True)
    ]
    return (melodies == reels).mean(axis=1), sounds.mean(axis=1), np.ravel(onsets)


def styles(melodies, judge, profile, sopranos):
    surprise = np.nan_to_num(metrics.step_surprise(melodies, sopranos), nan=4.0)
    return judge(melodies), profile(melodies), surprise


def at_equal(content, style, share, rng):
    """Style where `share` of the content is kept, and its 95 % interval over reels.

    Both arguments are of shape (n_settings, n_reels). The value between two settings is
    on the line between their means; NaN where no setting keeps so much or so little.
    """

    def value(reels):
        kept, gained = content[:, reels].mean(axis=1), style[:, reels].mean(axis=1)
        order = np.argsort(kept)
        return np.interp(share, kept[order], gained[order], left=np.nan, right=np.nan)

    n_reels = content.shape[1]
    draws = [value(rng.integers(n_reels, size=n_reels)) for _ in range(N_DRAWS)]
    if np.isnan(draws).mean() > 0.05:
        return np.nan, np.nan, np.nan
    return value(np.arange(n_reels)), *np.nanquantile(draws, [0.025, 0.975])


def main(n_seeds):
    _, known_sopranos, unseen, sopranos = tunes()
    judge, profile = Judge(unseen, sopranos), StyleProfile(known_sopranos)
    aims = [part.mean() for part in styles(unseen, judge, profile, sopranos)]
    print("unseen reels:", *(f"{value:.3f}" for value in aims))
    surprise = metrics.step_surprise(sopranos).mean()
    aims = judge(sopranos).mean(), profile(sopranos).mean(), surprise
    print("unseen sopranos:", *(f"{value:.3f}" for value in aims))
    runs = [moved(seed) for seed in range(n_seeds)]
    measured = {}
    for name in runs[0]:
        sets = [[run[name][i] for run in runs] for i in range(len(runs[0][name]))]
        measured[name] = [
            np.mean([[measure(m) for m in found] for found in sets], axis=1)
            for measure in (
                lambda m: contents(m, unseen),
                lambda m: styles(m, judge, profile, sopranos),
            )
        ]
        for kept, gained in zip(*measured[name], strict=True):
            means = [*kept.mean(axis=1), *gained.mean(axis=1)]
            print(name, *(f"{mean:.3f}" for mean in means))
    show(measured)


SHOWN = [  # index of the content, share of it, index of the style
    (0, 0.9, 0), (0, 0.8, 0), (0, 0.75, 0), (0, 0.7, 0), (1, 0.5, 0), (2, 0.75, 0),
    (0, 0.8, 1), (0, 0.75, 1), (0, 0.7, 1), (0, 0.75, 2),
]  # fmt: skip


def show(measured):
    """Print style at equal content, with intervals, as a table."""
    words = ["steps", "pitches", "onsets"], ["judge", "profile", "surprise"]
    heads = [f"{share} {words[0][c]}: {words[1][s]}" for c, share, s in SHOWN]
    print("|", " | ".join(["", *heads]), "|")
    for name, (content, style) in measured.items():
        cells = []
        for c, share, s in SHOWN:
            rng = np.random.default_rng(0)
            found = at_equal(content[:, c], style[:, s], share, rng)
            text = "{:.2f} ({:.2f} to {:.2f})".format(*found)
            cells.append("" if np.isnan(found[0]) else text)
        print("|", " | ".join([name, *cells]), "|")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=2)
    main(parser.parse_args().seeds)
