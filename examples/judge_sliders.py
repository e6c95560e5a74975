"""Interpretability and control of sliders, on unseen melodies.

Measures, or whole tunes of 8 measures, of the collections that music21 brings, in 4/4
and moved to D; a fifth of the tunes is unseen. Of each kind of slider the table has the
mean and the standard deviation over seeds::

    python examples/judge_sliders.py --seeds 5
    python examples/judge_sliders.py --seeds 5 --whole
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
NAMES = ["rhythmic_complexity", "note_density", "mean_pitch", "pitch_range"]
FUNCTIONS = metrics.attributes(NAMES)
N_JUDGED = 60  # melodies that are moved


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


def models(seed, max_iter):
    """The kinds of slider, by name; None for those with given attributes."""
    common = dict(h=32, max_iter=max_iter, n_iter_no_change=max_iter, random_state=seed)
    plain = dict(
        common, hidden_layer_sizes=(256, 256), hidden_activation="relu", beta=0.2,
        batch_size=64,
    )  # fmt: skip
    yield "unregularised", VariationalAutoencoder(**plain)
    for kind, weight in ("pairwise", 0.0), ("given", 0.0), ("given", 1.0):
        name = f"{kind}, control" if weight else kind
        yield (
            name,
            AttributeVariationalAutoencoder(
                regularization=kind, control_weight=weight, attributes=NAMES, **common
            ),
        )


def judge(estimator, train, unseen, rng, seed):
    """Numbers of one model by name."""
    y = metrics.attribute_values(train, NAMES)
    model = make_pipeline(PianoRollEncoder(steps_per_measure=16), estimator)
    model.fit(train, y)
    unseen = unseen[np.isin(unseen, model[0].tokens_).all(axis=1)]
    Z, values = model.transform(unseen), metrics.attribute_values(unseen, NAMES)
    told = metrics.disentanglement(Z, values, names=NAMES)
    found = {
        "step accuracy": metrics.step_accuracy(unseen, model.inverse_transform(Z)),
        "interpretability": told.interpretability["mean"],
        "MIG (neighbors)": told.mig_neighbors["mean"],
    }
    moved = unseen[rng.permutation(len(unseen))[:N_JUDGED]]
    if isinstance(estimator, AttributeVariationalAutoencoder):
        table = metrics.slider_control(
            model, moved, FUNCTIONS, corpus=train, random_state=seed
        )
        for column in ("control_r2", "leakage", "corpus_leakage", "monotonicity"):
            found[f"slider: {column}"] = table[column]["mean"]
    weight = estimator.get_params().get("control_weight")
    if weight:
        found |= set_values(model, moved, train, "latent", rng, seed)
    if weight != 0:  # a model without attributes has no such weight
        found |= set_values(model, moved, train, "search", rng, seed)
    return found


def set_values(model, X, train, method, rng, seed):
    """Control, leakage and kept steps of `generation.set_attribute`."""
    values = metrics.attribute_values(X, NAMES)
    corpus = metrics.attribute_values(train, NAMES)
    columns = {name: [] for name in ("control_r2", "leakage", "kept at one sd")}
    for a, (name, function) in enumerate(FUNCTIONS.items()):
        hold = [FUNCTIONS[other] for other in NAMES if other != name]
        settings = dict(
            hold=hold, method=method, corpus=train[:2000], random_state=seed
        )
        asked = rng.permutation(values[:, a])
        moved = generation.set_attribute(model, X, function, asked, **settings)
        after = np.insert(np.delete(values, a, 1) + moved.held, a, moved.found, 1)
        defined = np.isfinite(after).all(axis=1)
        leakage = metrics.leakage(
            asked[defined], values[defined], after[defined], corpus, attribute=a
        )
        deviation = corpus[:, a].std() * rng.choice([-1, 1], size=len(X))
        one = generation.set_attribute(
            model, X, function, deviation, relative=True, **settings
        )
        columns["control_r2"].append(metrics.control_r2(asked, moved.found))
        columns["leakage"].append(leakage.leakage)
        columns["kept at one sd"].append(one.kept.mean())
    return {f"{method}: {key}": np.mean(value) for key, value in columns.items()}


def main():
    """Judge all kinds of slider over seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--max-iter", type=int, default=40)
    parser.add_argument("--whole", action="store_true", help="whole tunes")
    options = parser.parse_args()
    numbers = {}
    for seed in range(options.seeds):
        train, unseen = parts(seed, options.whole)
        for name, estimator in models(seed, options.max_iter):
            rng = np.random.default_rng(seed)
            found = judge(estimator, train, unseen, rng, seed)
            numbers.setdefault(name, []).append(found)
            print(
                seed,
                name,
                {k: round(float(v), 3) for k, v in found.items()},
                flush=True,
            )
    for name, found in numbers.items():
        print(f"\n{name}, {len(found)} seeds")
        for key in found[0]:
            values = [one[key] for one in found]
            print(f"  {key:30} {np.mean(values):6.3f} ± {np.std(values):.3f}")


if __name__ == "__main__":
    main()
