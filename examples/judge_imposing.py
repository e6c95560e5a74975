"""Judge what a Boltzmann machine knows of reels, and what is imposed on its draws.

Learned are the tunes in D and 4/4 of the collections that music21 brings, without those
near the reels of Ryan's collection, which are unseen. Each part prints the figures of a
paragraph of docs/user_guide/boltzmann.md, "What it measures"::

    python examples/judge_imposing.py              all parts, with seed 1
    python examples/judge_imposing.py energy form  some of them
    python examples/judge_imposing.py form --seed 2 --epochs 150    another machine

energy
    Free energy of unseen reels, and of the same reels in another order.
form
    Five templates, imposed, and searched for with an autoencoder of the same tunes.
note
    A first note with which hardly a tune begins.
told
    Classifiers between draws and tunes, for draws with constraints and without.
style
    Reels that are moved towards chorales.

Training takes 8 minutes on two cores, all parts about half an hour more. `--models DIR`
keeps the fitted models in files, from which another run reads them.
"""

import argparse
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.spatial.distance import pdist
from sklearn.pipeline import make_pipeline

from sklearn_c2c import (
    Autoencoder,
    PianoRollEncoder,
    SoftmaxRBM,
    generation,
    metrics,
    persistence,
)
from sklearn_c2c.datasets import corpus_folder, load_bach_sopranos, load_celtic
from sklearn_c2c.io import read_melodies
from sklearn_c2c.melody import HOLD, N_PITCHES, mend_orphan_holds
from sklearn_c2c.objectives import (
    FirstNote,
    OnsetPattern,
    SelfSimilarity,
    StyleLikeness,
    StyleProfile,
)

COLLECTIONS = "oneills1850", "airdsAirs", "ryansMammoth"
PITCH_RANGE = 55, 83
MEASURE = 16  # steps
N_REELS = 75  # of O'Neill's, before those of Ryan's
NEAR = 0.2  # share of the steps that differ
LETTERS = "ABACABAD", "AABA", "AABBCCDD"
TEMPLATES = 0, 7  # unseen reels
C4 = FirstNote(60)
N_DRAWS = 20  # of each template


class Study:
    """The tunes, and models of them that are fitted when they are asked for."""

    def __init__(self, options):
        self.seed, self._options, self._models = options.seed, options, {}
        self.tunes, self.unseen = corpus()
        self.reels = load_celtic().data
        rows = np.random.default_rng(1).choice(len(self.tunes), 200, replace=False)
        self.some_tunes = self.tunes[rows]
        surprise = metrics.step_surprise(self.unseen, self.tunes)
        self.interval = np.quantile(surprise, [0.025, 0.975])

    @property
    def machine(self):
        settings = {"max_iter": self._options.epochs, "random_state": self.seed}
        return self._fitted(SoftmaxRBM(256, window_size=32, **settings))

    @property
    def autoencoder(self):
        return self._fitted(Autoencoder(h=100, random_state=self.seed))

    def _fitted(self, estimator):
        kind = type(estimator).__name__
        if kind not in self._models:
            self._models[kind] = self._kept(kind, estimator)
        return self._models[kind]

    def _kept(self, kind, estimator):
        """Read the model of a file; fit it and write the file if there is none."""
        name = f"{kind}-{self.seed}-{estimator.max_iter}.c2c"
        path = self._options.models and self._options.models / name
        if path and path.exists():
            return persistence.load(path)
        model = make_pipeline(PianoRollEncoder(PITCH_RANGE), estimator).fit(self.tunes)
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            persistence.save(model, path)
        return model

    def impose(self, objective, n_samples, **settings):
        options = {"n_samples": n_samples, "random_state": self.seed} | settings
        return generation.impose(self.machine, objective, **options).melodies

    @cached_property
    def with_c4(self):
        return self.impose(C4, 100)

    def imposed(self, objective):
        """Melodies before and after, of the machine."""
        options = {"n_samples": N_DRAWS, "random_state": self.seed}
        found = generation.impose(self.machine, objective, **options)
        return found.start_melodies, found.melodies

    def optimized(self, objective):
        """Melodies before and after, of the autoencoder."""
        options = {"n_starts": N_DRAWS, "random_state": self.seed}
        found = generation.optimize(self.autoencoder, objective, **options)
        return found.start_melodies, found.melodies


def corpus():
    """The tunes to learn, and the unseen reels."""
    folders = [corpus_folder(name) for name in COLLECTIONS]
    options = {"time_signature": "4/4", "key": "D", "pitch_range": PITCH_RANGE}
    found = read_melodies(folders, duplicates="drop", **options).data
    reels, unseen = np.split(load_celtic(n_melodies=None).data, [N_REELS])
    tunes = np.unique(np.vstack([reels, found]), axis=0)
    _, distance = metrics.nearest_melody(tunes, unseen)
    return tunes[distance > NEAR], unseen


def show(name, *cells):
    """A row of a table."""
    print("|", " | ".join([name, *map(str, cells)]), "|", flush=True)


def heading(*cells):
    show(*cells)
    print("|---" * len(cells) + "|", flush=True)


# -------------------------------------------------------------------------- energy


def pitches_permuted(X):
    """Melodies with their onsets, and their pitches in another order."""
    rng, X = np.random.default_rng(0), X.copy()
    for row in X:
        is_note = row < N_PITCHES
        row[is_note] = rng.permutation(row[is_note])
    return X


def steps_permuted(X):
    return mend_orphan_holds(np.random.default_rng(0).permuted(X, axis=1))


def measures_permuted(X):
    rng = np.random.default_rng(0)
    parts = [rng.permutation(row.reshape(-1, MEASURE)).ravel() for row in X]
    return mend_orphan_holds(np.array(parts))


def energy(study):
    """How far the free energy of unseen reels rises in another order, in nats."""
    encoder, machine = study.machine
    before = machine.free_energy(encoder.transform(study.unseen))
    ways = {
        "pitches": pitches_permuted,
        "steps": steps_permuted,
        "measures": measures_permuted,
    }
    heading("in another order", "mean rise", "least rise", "reels that fall")
    for name, permuted in ways.items():
        after = machine.free_energy(encoder.transform(permuted(study.unseen)))
        rise = after - before
        falls = f"{(rise <= 0).sum()} of {len(rise)}"
        show(name, f"{rise.mean():.0f}", f"{rise.min():.0f}", falls)


# ---------------------------------------------------------------------------- form


def form(study):
    """Errors of self-similarity, surprise, and distance to the nearest tune."""
    low, high = study.interval
    print(f"Surprise of 95 % of the unseen reels: {low:.2f} to {high:.2f}.")
    alike = likeness(study.unseen)
    rank = np.argsort(np.argsort(alike.mean(axis=1)))
    for i in TEMPLATES:
        print(
            f"Two measures of unseen reel {i} agree at {alike[i].mean():.2f} of the "
            f"steps, {rank[i]} reels have less; {(alike[i] < 0.4).sum()} of "
            f"{len(alike[i])} pairs agree at less than .4."
        )
    held = (study.unseen[:, 1::2] == HOLD).mean()
    print(f"Of all: {alike.mean():.2f}; every second sixteenth: {held:.2f} holds.")
    templates = {f'"{letters}"': letters for letters in LETTERS}
    templates |= {f"unseen reel {i}": study.unseen[i] for i in TEMPLATES}
    like = StyleLikeness(study.tunes)
    heading("template", "by", "error before, after", "surprise, inside", "nearest tune")
    for name, template in templates.items():
        target = SelfSimilarity(template)
        searches = {
            "impose": study.imposed(target),
            "impose, with style": study.imposed(target + 0.02 * like),
            "optimize": study.optimized(target),
        }
        if template is LETTERS[0]:  # takes long
            searches["optimize, with style"] = study.optimized(target + 0.2 * like)
        for by, melodies in searches.items():
            show(name, by, *judged(study, target, *melodies))


def likeness(X):
    """Share of the steps that agree, for each pair of measures of each melody."""
    similarity = metrics.measure_similarity(X, steps_per_measure=MEASURE)
    first, second = np.triu_indices(similarity.shape[1], 1)
    return similarity[:, first, second]


def judged(study, target, before, after):
    """Cells of the melodies that a search began with and found."""
    errors = [1 - target(melodies).mean() for melodies in (before, after)]
    surprise = metrics.step_surprise(after, study.tunes)
    low, high = study.interval
    inside = ((low <= surprise) & (surprise <= high)).mean()
    return (
        f"{errors[0]:.3f}, {errors[1]:.3f} ({100 * (errors[1] / errors[0] - 1):.0f} %)",
        f"{surprise.mean():.2f}, {inside:.2f}",
        f"{nearest(study, after):.2f}",
    )


def nearest(study, melodies):
    """Median distance to the nearest tune."""
    return np.median(metrics.nearest_melody(melodies, study.tunes)[1])


# ---------------------------------------------------------------------------- note


def note(study):
    """Melodies that begin with C4, and how much they differ from each other."""
    print(f"{C4(study.tunes).sum():.0f} of {len(study.tunes)} tunes begin with C4.")
    heading("draws", "begin with C4", "steps in which two differ")
    for name, melodies in {
        "impose": study.with_c4,
        "optimize": study.optimized(C4)[1],
        "unseen reels": study.unseen,
    }.items():
        begins = f"{C4(melodies).sum():.0f} of {len(melodies)}"
        differ = pdist(melodies[:N_DRAWS], "hamming").mean()
        show(name, begins, f"{differ:.2f}")


# ---------------------------------------------------------------------------- told


def told(study):
    """Area under the ROC curve of classifiers between draws and real tunes."""
    encoder, machine = study.machine
    rng = np.random.default_rng(1)
    rng.choice(len(study.tunes), 200, replace=False)  # those of the study
    templates = study.reels[rng.choice(N_REELS, 60, replace=False)]
    options = {"n_steps": 500, "random_state": study.seed}
    like = StyleLikeness(study.tunes)
    heading(
        "draws", "from the unseen reels", "from 200 tunes", "surprise",
        "repeat a measure", "nearest tune",
    )  # fmt: skip

    def add(name, melodies):
        areas = [area(melodies, real) for real in (study.unseen, study.some_tunes)]
        surprise = metrics.step_surprise(melodies, study.tunes).mean()
        repeats = metrics.repeat_share(melodies)
        numbers = [*areas, surprise, repeats, nearest(study, melodies)]
        show(name, *(f"{number:.3f}" for number in numbers))

    add("100 of `sample`", encoder.inverse_transform(machine.sample(100, **options)))
    annealed = study.impose(C4, 100, weight=0)
    add("100 annealed, without constraint", annealed)
    add("100 with first note C4", study.with_c4)
    add("60 annealed, without constraint", annealed[:60])
    add("60 in forms of reels", in_forms(study, templates, 0.0 * C4))
    add("60 in forms of reels, with C4", in_forms(study, templates, 0.1 * C4))
    add("60 in forms of reels, with style", in_forms(study, templates, 0.02 * like))
    _, distance = metrics.nearest_melody(study.tunes)
    show("the tunes", "", "", "", "", f"{np.median(distance):.3f}")


def in_forms(study, templates, rest):
    """A melody in the form of each template, under the rest of the objective."""
    return np.vstack([
        study.impose(
            SelfSimilarity(template) + rest, 1, n_iter=150, random_state=i
        )
        for i, template in enumerate(templates)
    ])  # fmt: skip


def area(melodies, real):
    """Mean of two classifiers."""
    areas = [metrics.two_sample_auc(melodies, real, random_state=i) for i in range(2)]
    return np.mean(areas)


# --------------------------------------------------------------------------- style


def style(study):
    """Profile of chorales, and what is kept of four reels that are moved there."""
    chorales = load_bach_sopranos().data
    profile, reels = StyleProfile(chorales), study.unseen[:4]
    heading("melodies", "profile", "onsets kept", "tokens kept")
    show("the chorales", f"{profile(chorales).mean():.2f}", "", "")
    show("the unseen reels", f"{profile(study.unseen).mean():.2f}", "", "")
    for weight, name in (0, "reels, moved"), (1, "reels, moved with their onsets"):
        found = []
        for reel in reels:
            onsets, options = OnsetPattern(reel), {"n_iter": 150, "random_state": 0}
            objective = profile + weight * onsets
            moved = study.impose(objective, 1, X=[reel], **options)
            found.append([profile(moved)[0], onsets(moved)[0], (moved == reel).mean()])
        show(name, *(f"{number:.2f}" for number in np.mean(found, axis=0)))


PARTS = {function.__name__: function for function in (energy, form, note, told, style)}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--models", type=Path, metavar="DIR")
    options = parser.parse_args()
    unknown = {*options.parts} - {*PARTS}
    if unknown:
        parser.error(f"unknown parts {sorted(unknown)}; there are {', '.join(PARTS)}")
    study = Study(options)
    for part in options.parts or PARTS:
        print(f"\n{part}, seed {options.seed}\n")
        PARTS[part](study)
