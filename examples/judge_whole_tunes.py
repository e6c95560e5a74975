"""Recurrent models on whole tunes, flat and by measures, on unseen ones and in draws.

Whole tunes of 8 to 32 measures in 4/4 of the collections that music21 brings, moved to
D; a tenth of them is unseen. Two tables, with means and standard deviations over seeds:

    python examples/judge_whole_tunes.py lengths   one model for tunes of all lengths
    python examples/judge_whole_tunes.py draws     tunes of 16 measures, judged
    python examples/judge_whole_tunes.py heart --epochs 200 --h 128   all, by heart

The first has seen and unseen tunes, decoded from their latent vectors by the model
itself (free-running) and given the true steps before (teacher-forced). The second has
draws of several models of tunes of 16 measures, and judges that compare them with
unseen ones.
"""

import argparse
import time
from copy import copy

import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_c2c import (
    MarkovMelodies,
    PianoRollEncoder,
    RecurrentAutoencoder,
    VariationalAutoencoder,
    VariationalRecurrentAutoencoder,
    generation,
    metrics,
)
from sklearn_c2c.datasets import corpus_folder
from sklearn_c2c.io import read_melodies
from sklearn_c2c.melody import HOLD, melody_lengths

COLLECTIONS = "oneills1850", "ryansMammoth", "airdsAirs"
PITCH_RANGE = 50, 88
MEASURE = 16  # steps
N_JUDGED = 140  # tunes that are reconstructed
GROUPS = {"8": (8, 8), "16": (16, 16), "24 to 32": (24, 32)}  # by measures
N_DRAWS = 100
FORM = {"steps_per_measure": MEASURE}


def corpus(n_measures):
    """Distinct tunes within the pitch range, in a fixed order."""
    found = read_melodies(
        [corpus_folder(name) for name in COLLECTIONS],
        n_measures=n_measures, time_signature="4/4", key="D", mode="any",
        pitch_range=PITCH_RANGE, duplicates="drop",
    )  # fmt: skip
    return np.random.default_rng(0).permutation(found.data)


def parts(X, seed):
    """Tunes to train on, and a tenth of them unseen."""
    X = np.random.default_rng(seed).permutation(X)
    n_unseen = len(X) // 10
    return X[n_unseen:], X[:n_unseen]


def recurrent(steps_per_measure, seed, options):
    """A variational recurrent model, flat without steps per measure."""
    return make_pipeline(
        PianoRollEncoder(PITCH_RANGE, sparse_output=True),
        VariationalRecurrentAutoencoder(
            options.h, n_units=options.units, steps_per_measure=steps_per_measure,
            beta=options.beta, kl_warmup=options.epochs // 3, max_iter=options.epochs,
            n_iter_no_change=options.epochs, random_state=seed,
        ),
    )  # fmt: skip


def dense(seed, options):
    """A variational autoencoder that sees all steps at once."""
    return make_pipeline(
        PianoRollEncoder(PITCH_RANGE, sparse_output=True),
        VariationalAutoencoder(
            32, hidden_layer_sizes=(512,), hidden_activation="relu", beta=0.3,
            max_iter=options.dense_epochs, random_state=seed,
        ),
    )  # fmt: skip


def fitted(name, model, train):
    """Fit a model; say how long it took."""
    started = time.process_time()
    model.fit(train)
    print(f"{name}: {time.process_time() - started:.0f} s of CPU", flush=True)
    return model


# ------------------------------------------------------------------------- lengths


def lengths(seed, options):
    """Numbers of both models by name, and those without a model."""
    train, unseen = parts(corpus((8, 32)), seed)
    found = {"without a model": baselines(train, unseen)}
    models = {
        "dense": dense(seed, options),
        "flat": recurrent(None, seed, options),
        "by measures": recurrent(MEASURE, seed, options),
    }
    for name, model in models.items():
        fitted(name, model, train)
        found[name] = of_model(model, train, unseen, seed)
    found["by measures - flat"] = differences(
        models["by measures"], models["flat"], unseen, seed
    )
    return found


def by_measures(X):
    """Names and masks of the tunes of each group."""
    n_measures = melody_lengths(X) // MEASURE
    for group, (low, high) in GROUPS.items():
        yield group, (low <= n_measures) & (n_measures <= high)


def differences(a, b, X, seed):
    """Ends of the 95 % intervals of a's accuracy minus b's, over tunes drawn anew."""
    rng, found = np.random.default_rng(seed), {}
    difference = accuracies(a, X) - accuracies(b, X)
    for group, rows in by_measures(X):
        drawn = rng.choice(difference[rows], (2000, rows.sum())).mean(axis=1)
        for end, q in ("low", 2.5), ("high", 97.5):
            name = f"free-running, unseen, {group} measures, {end}"
            found[name] = np.percentile(drawn, q)
    return found


def baselines(train, unseen):
    """An n-gram of order 4, and a melody that holds its first note."""
    unseen = unseen[:N_JUDGED]
    bits = metrics.step_surprise(unseen, train, order=4) / np.log(2)
    return {
        "bits a step, unseen": np.average(bits, weights=melody_lengths(unseen)),
        "free-running, unseen": np.mean(unseen[unseen <= HOLD] == HOLD),
    }


def of_model(model, train, unseen, seed):
    """Reconstructions of seen and unseen tunes."""
    found = {}
    for name, X in ("seen", train[:N_JUDGED]), ("unseen", unseen[:N_JUDGED]):
        decoded = model.inverse_transform(model.transform(X))
        found[f"free-running, {name}"] = metrics.step_accuracy(X, decoded)
        for group, rows in by_measures(X):
            share = metrics.step_accuracy(X[rows], decoded[rows])
            found[f"free-running, {name}, {group} measures"] = share
        found[f"right lengths, {name}"] = metrics.length_error(X, decoded).right_share
        found[f"bits a step, {name}"] = bits(model, X)
    mean = np.repeat(model[-1].latent_mean_[np.newaxis], len(X), axis=0)
    found["free-running, mean latent vector"] = metrics.step_accuracy(
        X, model.inverse_transform(mean)
    )
    draws = generation.sample(model, N_DRAWS, method="prior", random_state=seed)
    found["measures of a draw"] = np.mean(melody_lengths(draws)) / MEASURE
    found["measures of an unseen tune"] = np.mean(melody_lengths(X)) / MEASURE
    found["draws of whole measures"] = np.mean(melody_lengths(draws) % MEASURE == 0)
    found["continuity of morphs"] = morphs(model, train)
    found["active latents"] = model[-1].active_units_
    return found


def accuracies(model, X):
    """Free-running accuracy of each tune."""
    decoded = model.inverse_transform(model.transform(X))
    pairs = zip(X[:, np.newaxis], decoded[:, np.newaxis], strict=True)
    return np.array([metrics.step_accuracy(*pair) for pair in pairs])


def bits(model, X):
    """Bits a step, the true steps before being given: the cross-entropy."""
    roll = model[0].transform(X)
    without_divergence = copy(model[-1]).set_params(beta=0.0)
    nats = -without_divergence.score(roll) * len(X)
    return nats / np.minimum(melody_lengths(X) + 1, X.shape[1]).sum() / np.log(2)


def morphs(model, X):
    """Largest change between neighbours of 9 points from a tune to another one."""
    pairs = zip(X[:10], X[10:20], strict=True)
    paths = [generation.interpolate(model, a, b, n_points=9) for a, b in pairs]
    return np.mean([metrics.path_continuity(path).largest_jump for path in paths])


# --------------------------------------------------------------------------- heart


def heart(seed, options):
    """Reconstructions of all tunes by a model that has learned them."""
    X = corpus((8, 32))
    model = make_pipeline(
        PianoRollEncoder(PITCH_RANGE, transition_weight=0, sparse_output=True),
        RecurrentAutoencoder(
            options.h, n_units=options.units, steps_per_measure=MEASURE,
            feedback_dropout=0.2, max_iter=options.epochs,
            n_iter_no_change=options.epochs, random_state=seed,
        ),
    )  # fmt: skip
    decoded = fitted("by heart", model, X).transform(X)
    decoded = model.inverse_transform(decoded)
    numbers = {
        "tunes": len(X),
        "free-running": metrics.step_accuracy(X, decoded),
        "right lengths": metrics.length_error(X, decoded).right_share,
        "without a wrong step": metrics.melody_accuracy(X, decoded),
    }
    n_measures = melody_lengths(X) // MEASURE
    for n in (8, 12, 16, 24, 32):
        rows = n_measures == n
        share = metrics.step_accuracy(X[rows], decoded[rows])
        numbers[f"{rows.sum()} of {n} measures"] = share
    return {"by heart": numbers}


# --------------------------------------------------------------------------- draws


def draws(seed, options):
    """Judges of draws of each model, by name."""
    train, unseen = parts(corpus(16), seed)
    found = {"unseen tunes": judged(unseen, train, train[: len(unseen)], seed)}
    chain = MarkovMelodies(4, steps_per_measure=MEASURE).fit(train)
    chained = chain.sample(N_DRAWS, random_state=seed)
    found["Markov chain"] = judged(chained, train, unseen, seed)
    models = {
        "dense": dense(seed, options),
        "flat": recurrent(None, seed, options),
        "by measures": recurrent(MEASURE, seed, options),
    }
    for name, model in models.items():
        fitted(name, model, train)
        for form in None, "corpus":
            drawn = generation.sample(
                model, N_DRAWS, X=train, method="gaussian", form=form,
                random_state=seed,
            )  # fmt: skip
            told = f"{name}, with forms" if form else name
            found[told] = judged(drawn, train, unseen, seed)
        if hasattr(model[-1], "decode_by_steps"):
            Z = gaussian(model, train, seed)
            for form in None, "corpus":
                drawn = generation.decode(
                    model, Z, temperature=options.temperature, form=form, X=train,
                    random_state=seed,
                )  # fmt: skip
                told = f"{name}, drawn step by step" + ", with forms" * bool(form)
                found[told] = judged(drawn, train, unseen, seed)
    return found


def gaussian(model, X, seed):
    """Latent vectors from the normal distribution of those of tunes."""
    Z = model.transform(X)
    rng = np.random.default_rng(seed)
    drawn = rng.multivariate_normal(Z.mean(axis=0), np.cov(Z.T), N_DRAWS)
    return drawn.astype(Z.dtype)


def judged(X, train, unseen, seed):
    """What judges say of melodies, beside unseen tunes."""
    _, distance = metrics.nearest_melody(X, train)
    return {
        "AUC": metrics.two_sample_auc(X, unseen, random_state=seed, **FORM),
        "measure returns": metrics.repeat_share(X, **FORM),
        "nats a note": np.mean(metrics.note_surprise(X, train)),
        "nearest tune": np.mean(distance),
    }


# --------------------------------------------------------------------------- tables


def table(found):
    """Mean and standard deviation over seeds, a line for each name."""
    columns = {name: None for numbers in found[0].values() for name in numbers}
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for row in found[0]:
        cells = [_cell([seed[row].get(name) for seed in found]) for name in columns]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def turned(found):
    """Numbers by their names, of each model, for a table with a column for each."""
    names = {name: None for numbers in found.values() for name in numbers}
    return {
        name: {model: numbers.get(name) for model, numbers in found.items()}
        for name in names
    }


def _cell(values):
    if None in values:
        return ""
    mean, spread = np.mean(values), np.std(values)
    return f"{mean:.3f} ± {spread:.3f}" if len(values) > 1 else f"{mean:.3f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("part", choices=("lengths", "draws", "heart"))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--units", type=int, default=128)
    parser.add_argument("--h", type=int, default=64)
    parser.add_argument("--beta", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--dense-epochs", type=int, default=60)
    parser.add_argument("--temperature", type=float, default=0.7)
    options = parser.parse_args()
    part = {"lengths": lengths, "draws": draws, "heart": heart}[options.part]
    found = []
    for seed in range(options.seeds):
        numbers = part(seed, options)
        found.append(numbers if options.part == "draws" else turned(numbers))
        print(table(found), flush=True)


if __name__ == "__main__":
    main()
