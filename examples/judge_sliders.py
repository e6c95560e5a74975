"""Interpretability and control of sliders, on unseen melodies.

Measures, or whole tunes of 8 measures, of the collections that music21 brings, in 4/4
and moved to D; a fifth of the tunes is unseen. Of each kind of slider the table has the
mean and the standard deviation over seeds::

    python examples/judge_sliders.py --seeds 5 --transition-weight 0
    python examples/judge_sliders.py --seeds 5 --transition-weight 0 --whole

What the formulas of density and complexity alone let leak, whatever moves them::

    python examples/judge_sliders.py --seeds 5 --forced

Models are told five attributes. Means are over three sets of four of them; leakage is
that of the pairs of a set, in a search that holds all.
"""

import argparse

import numpy as np
from judging.tunes import tunes
from sklearn.pipeline import make_pipeline

from sklearn_c2c import (
    AttributeVariationalAutoencoder,
    PianoRollEncoder,
    VariationalAutoencoder,
    generation,
    metrics,
)

COLLECTIONS = "oneills1850", "ryansMammoth", "airdsAirs"
NAMES = [
    "rhythmic_complexity", "note_density", "mean_pitch", "pitch_range", "contour",
]  # fmt: skip
SETS = {
    "without contour": NAMES[:4],
    "of AR-VAE": [name for name in NAMES if name != "mean_pitch"],
    "without complexity": NAMES[1:],
}
FUNCTIONS = metrics.attributes(NAMES)
N_JUDGED = {False: 60, True: 20}  # measures, and whole tunes, that are moved


def parts(seed, whole):
    """Melodies to train on and unseen ones, of different tunes."""
    rows = np.unique(tunes(COLLECTIONS, "4/4"), axis=0)
    rows = np.random.default_rng(seed).permutation(rows)
    n_train = len(rows) * 4 // 5
    if whole:
        return rows[:n_train], rows[n_train:]
    return measures(rows[:n_train]), measures(rows[n_train:])


def measures(rows):
    """Measures with two notes or more, that do not begin with a hold."""
    rows = np.unique(rows.reshape(-1, 16), axis=0)
    return rows[(rows[:, 0] < 129) & ((rows < 128).sum(axis=1) > 1)]


def estimators(seed, max_iter):
    """The kinds of slider, by name."""
    common = dict(h=32, max_iter=max_iter, n_iter_no_change=max_iter, random_state=seed)
    plain = dict(
        common, hidden_layer_sizes=(256, 256), hidden_activation="relu", beta=0.2,
        batch_size=64,
    )  # fmt: skip
    kinds = {"unregularised": VariationalAutoencoder(**plain)}
    for kind, weight in ("pairwise", 0.0), ("given", 0.0), ("given", 1.0):
        name = f"{kind}, control" if weight else kind
        kinds[name] = AttributeVariationalAutoencoder(
            regularization=kind, control_weight=weight, attributes=NAMES, **common
        )
    return kinds


def fitted(estimator, train, transition_weight):
    """A model of melodies; its weights do not depend on the transitions."""
    encoder = PianoRollEncoder(sparse_output=True, transition_weight=transition_weight)
    y = metrics.attribute_values(train, NAMES)
    return make_pipeline(encoder, estimator).fit(train, y)


def judge(model, train, unseen, rng, seed, whole):
    """Numbers of one model by name."""
    unseen = unseen[np.isin(unseen, model[0].tokens_).all(axis=1)]
    decoded = model.inverse_transform(model.transform(unseen))
    found = {"step accuracy": metrics.step_accuracy(unseen, decoded)}
    found |= known(model, unseen, "encoder")
    kind = model[-1].get_params()
    if kind.get("regularization") == "given":
        model = generation.give_attributes(model, FUNCTIONS)
        found |= known(model, unseen, "given")
    moved, others = np.split(unseen[rng.permutation(len(unseen))], [N_JUDGED[whole]])
    if "regularization" in kind:
        table = metrics.slider_control(
            model, moved, FUNCTIONS, corpus=train, random_state=seed
        )
        found |= by_set("slider, control R2", table.control_r2.get)
        found["slider, leakage of all"] = table.leakage["mean"]
        found["slider, monotonicity"] = table.monotonicity["mean"]
    if whole:
        found |= survival(moved, moved, others, "tunes", seed)
        decoded = generation.translate(model, moved, 0.0, form=moved)
        found |= survival(decoded, moved, others, "decoded", seed)
    for method in methods(kind):
        found |= set_values(model, moved, others, train, method, rng, seed, whole)
    return found


def methods(kind):
    """How melodies are moved: by own latents where the decoder obeys them, or search.

    Search is judged on a model that is not told attributes, too.
    """
    return {None: ["search"], 0.0: []}.get(
        kind.get("control_weight"), ["latent", "search"]
    )


def known(model, unseen, name):
    """What codes tell of attributes, by set."""
    values = metrics.attribute_values(unseen, NAMES)
    Z = model.transform(unseen)
    table = metrics.disentanglement(Z, values, names=NAMES, random_state=0)
    return by_set(f"{name}, interpretability", table.interpretability.get) | by_set(
        f"{name}, mig_neighbors", table.mig_neighbors.get
    )


def by_set(name, value_of):
    """Means over the attributes of each set."""
    return {
        f"{name}, {set_name}": np.mean([value_of(attribute) for attribute in names])
        for set_name, names in SETS.items()
    }


def set_values(model, X, others, train, method, rng, seed, whole):
    """Control, leakage and kept steps of `generation.set_attribute`.

    Whole tunes keep their form, and hold their end; what is left of both is judged.
    """
    values = metrics.attribute_values(X, NAMES)
    corpus = metrics.attribute_values(train, NAMES)
    settings = dict(
        method=method, corpus=train[:2000], random_state=seed, hold_weight=1.0,
        max_iter=10 if whole else 20, form=X if whole else None,
    )  # fmt: skip
    r2, slopes, kept, survived = {}, {}, [], []
    for a, (name, function) in enumerate(FUNCTIONS.items()):
        hold = [FUNCTIONS[other] for other in NAMES if other != name]
        settings["hold"] = [*hold, ends] if whole else hold
        asked = rng.permutation(values[:, a])
        moved = generation.set_attribute(model, X, function, asked, **settings)
        r2[name] = metrics.control_r2(asked, moved.found)
        changes = moved.held[:, : len(hold)]
        after = np.insert(np.delete(values, a, 1) + changes, a, moved.found, 1)
        defined = np.isfinite(after).all(axis=1)
        told = metrics.leakage(
            asked[defined], values[defined], after[defined], corpus, attribute=a
        )
        slopes[name] = dict(zip(NAMES, np.abs(told.slopes), strict=True))
        deviation = corpus[:, a].std() * rng.choice([-1, 1], size=len(X))
        one = generation.set_attribute(
            model, X, function, deviation, relative=True, **settings
        )
        kept.append(one.kept.mean())
        if whole:
            survived.append(survival(one.melodies, X, others, method, seed))
    found = by_set(f"{method}, control R2", r2.get)
    found |= {f"{method}, control R2, {name}": value for name, value in r2.items()}
    for set_name, names in SETS.items():
        pairs = [slopes[a][b] for a in names for b in names if a != b]
        found[f"{method}, leakage, {set_name}"] = np.mean(pairs)
    found[f"{method}, leakage, density and complexity"] = np.mean(
        [slopes[NAMES[0]][NAMES[1]], slopes[NAMES[1]][NAMES[0]]]
    )
    found[f"{method}, kept at one sd"] = np.mean(kept)
    for key in survived[0] if survived else ():
        found[key] = np.mean([one[key] for one in survived])
    return found


def ends(X):
    """Whether a tune in D ends on the tonic and on a beat: 0 or 1."""
    return metrics.tonic_ending(X, "D").astype(float)


def survival(X, tunes, others, name, seed):
    """What is left of ends and form, and whether moved tunes can be told from others.

    Form that is kept: correlation of the similarities of all pairs of measures with
    those of the tune before.
    """
    before, after = (metrics.measure_similarity(rows) for rows in (tunes, X))
    pairs = np.triu_indices(before.shape[1], k=1)
    flat = before[:, *pairs].ravel(), after[:, *pairs].ravel()
    return {
        f"{name}, ends": ends(X).mean(),
        f"{name}, a measure returns": metrics.repeat_share(X),
        f"{name}, form kept": np.corrcoef(*flat)[0, 1],
        f"{name}, AUC": metrics.two_sample_auc(X, others, random_state=seed),
    }


def forced(train, unseen, weight):
    """Control and leakage of the pair where each measure gets the best of all rhythms.

    Of the 65,536 onset patterns of a measure the one with the least ``e^2 + weight *
    c^2``, e being how much the attribute asked for is missed and c how much the other
    changes, in standard deviations; with weight 0 the least c of those with e = 0.
    """
    names = NAMES[:2]
    onsets = np.arange(2**16)[:, np.newaxis] >> np.arange(16) & 1
    pairs = metrics.attribute_values(np.where(onsets, 62, 128), names).round(6)
    pairs = np.unique(pairs[onsets.sum(axis=1) > 1], axis=0)
    corpus = metrics.attribute_values(train, names)
    deviation = corpus.std(axis=0)
    values = metrics.attribute_values(unseen, names).round(6)
    found = []
    for a in range(2):
        asked = np.random.default_rng(a).permutation(values[:, a])
        missed = ((pairs[:, a] - asked[:, np.newaxis]) / deviation[a]) ** 2
        changed = (pairs[:, 1 - a] - values[:, [1 - a]]) / deviation[1 - a]
        cost = missed * (1 if weight else 1e9) + (weight or 1) * changed**2
        best = pairs[cost.argmin(axis=1)]
        moved = metrics.leakage(asked, values, best, corpus, attribute=a)
        found.append((metrics.control_r2(asked, best[:, a]), moved.leakage))
    return np.mean(found, axis=0)


def main():
    """Judge all kinds of slider over seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--max-iter", type=int, default=40)
    parser.add_argument("--transition-weight", type=float, default=0.9)
    parser.add_argument("--kinds", nargs="+", help="some kinds of slider only")
    parser.add_argument("--whole", action="store_true", help="whole tunes")
    parser.add_argument("--forced", action="store_true", help="what must leak")
    options = parser.parse_args()
    if options.forced:
        for weight in (0.0, 0.1, 0.2, 0.5):
            found = [forced(*parts(s, False), weight) for s in range(options.seeds)]
            r2, slope = np.mean(found, axis=0)
            print(f"weight {weight}: control R2 {r2:.3f}, leakage {slope:.3f}")
        return
    numbers = {}
    for seed in range(options.seeds):
        train, unseen = parts(seed, options.whole)
        for name, estimator in estimators(seed, options.max_iter).items():
            if options.kinds and name not in options.kinds:
                continue
            model = fitted(estimator, train, options.transition_weight)
            rng = np.random.default_rng(seed)
            found = judge(model, train, unseen, rng, seed, options.whole)
            numbers.setdefault(name, []).append(found)
            print(seed, name, {k: round(float(v), 3) for k, v in found.items()})
    for name, found in numbers.items():
        print(f"\n{name}, {len(found)} seeds")
        for key in found[0]:
            values = [one[key] for one in found]
            print(f"  {key:60} {np.mean(values):6.3f} ± {np.std(values):.3f}")


if __name__ == "__main__":
    main()
