"""Forge model files and malformed arrays, and judge the results.

Each case runs in a process that may die. Any outcome other than an error of the
documented family, or a result that is right for the input, counts as a fault.
`python -m tests.forging --models 20000 --arrays 10000` runs a campaign.
"""

import argparse
import contextlib
import copy
import hashlib
import json
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.decomposition import NMF, PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_c2c import (
    AttributeVariationalAutoencoder,
    Autoencoder,
    DualBranchAutoencoder,
    Harmonizer,
    MarkovMelodies,
    PianoRollEncoder,
    PitchRhythmAutoencoder,
    RecurrentAutoencoder,
    SoftmaxRBM,
    VariationalAutoencoder,
    VariationalRecurrentAutoencoder,
    persistence,
)
from sklearn_c2c.generation import decode, impose
from sklearn_c2c.melody import END, check_melodies, check_voices
from sklearn_c2c.objectives import HoldCount

MELODIES = np.random.default_rng(0).integers(60, 68, size=(12, 8))
MELODIES[:, 3] = 129
LABELS = MELODIES[:, :2] % 2  # for models that learn from some
# The same melodies, cut to different lengths.
RAGGED = np.where(np.arange(8) < 1 + np.arange(12)[:, np.newaxis] % 8, MELODIES, END)


# ------------------------------------------------------------------ model files


def models():
    """Small models of every kind that a file can hold, with their optimizers."""

    def encoder(**settings):
        return PianoRollEncoder(steps_per_measure=4, **settings)

    common = {"max_iter": 2, "random_state": 0}
    return [
        make_pipeline(encoder(), Autoencoder(5, **common)),
        make_pipeline(
            encoder(sparse_output=True),
            Autoencoder(3, hidden_layer_sizes=(4,), output="softmax", **common),
        ),
        make_pipeline(
            encoder(dtype=np.float64),
            VariationalAutoencoder(2, early_stopping=True, **common),
        ),
        make_pipeline(encoder(), Autoencoder(5, tied=True, **common)),
        make_pipeline(encoder(), StandardScaler(), PCA(3)),
        make_pipeline(encoder(), NMF(3, random_state=0)),
        MarkovMelodies(2, steps_per_measure=4),
        Harmonizer((3,), window=1, steps_per_measure=4, **common),
        Harmonizer((), cell="lstm", n_units=2, window=0, steps_per_measure=4, **common),
        make_pipeline(encoder(), PitchRhythmAutoencoder(3, 2, **common)),
        make_pipeline(encoder(), AttributeVariationalAutoencoder(3, **common)),
        make_pipeline(encoder(), DualBranchAutoencoder(2, 1, **common)),
        make_pipeline(encoder(), RecurrentAutoencoder(3, n_units=4, **common)),
        make_pipeline(
            encoder(sparse_output=True),
            VariationalRecurrentAutoencoder(2, n_units=3, cell="lstm", **common),
        ),
        make_pipeline(encoder(), SoftmaxRBM(3, n_chains=4, **common)),
        make_pipeline(
            encoder(sparse_output=True),
            SoftmaxRBM(2, window_size=4, stride=2, early_stopping=True, **common),
        ),
    ]


def ragged_models():
    """Small models of melodies of different lengths."""
    encoder = PianoRollEncoder(steps_per_measure=4)
    settings = {"n_units": 4, "max_iter": 2, "random_state": 0, "steps_per_measure": 3}
    estimators = (
        RecurrentAutoencoder(3, **settings),
        VariationalRecurrentAutoencoder(2, **settings),
        Autoencoder(3, output="softmax", max_iter=2, random_state=0),
        SoftmaxRBM(3, n_chains=4, max_iter=2, random_state=0),
    )
    return [make_pipeline(clone(encoder), estimator) for estimator in estimators]


def fitted_models():
    """All small models, fitted."""
    full = [
        model.fit(MELODIES, MELODIES if isinstance(model, Harmonizer) else LABELS)
        for model in models()
    ]
    return full + [model.fit(RAGGED) for model in ragged_models()]


def places(value, path=()):
    """Paths to all values in an estimator's attributes, lists and dicts."""
    if hasattr(value, "get_params"):
        value = vars(value)
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key)
            yield from places(item, (*path, key))
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield (*path, i)
            yield from places(item, (*path, i))


def replaced(value, path, function):
    """A copy in which a function has replaced the value at a path."""
    if not path:
        return function(value)
    key, *rest = path
    if hasattr(value, "get_params"):
        changed = copy.copy(value)
        vars(changed)[key] = replaced(vars(value)[key], rest, function)
        return changed
    if isinstance(value, dict):
        return {k: replaced(v, rest, function) if k == key else v for k, v in
                value.items()}  # fmt: skip
    items = [replaced(v, rest, function) if i == key else v for i, v in
             enumerate(value)]  # fmt: skip
    return type(value)(items)


def mutated_array(rng, array):
    """An array like another one, wrong in some way or equivalent."""
    flat = array.ravel()
    odd = rng.choice([np.nan, np.inf, -np.inf, -1, 2**31 - 1, -(2**31), 1e38, 1e300, 0])
    kinds = [
        lambda: array[:-1],
        lambda: array[..., :-1],
        lambda: array[:0],
        lambda: array.T,
        lambda: flat,
        lambda: flat[: len(flat) // 2],
        lambda: array[np.newaxis],
        lambda: np.concatenate([array, array]),
        lambda: np.concatenate([array, array], axis=-1),
        lambda: np.asfortranarray(array),
        lambda: array.astype(object),
        lambda: array.astype(rng.choice(["f2", "f4", "f8", "i1", "i4", "u8", "c16"])),
        lambda: array.astype(array.dtype.newbyteorder()),
        lambda: array.astype(str),
        lambda: np.array(array.item(0) if array.size else 0),
        lambda: array.tolist(),
        lambda: np.zeros((0, *array.shape[1:]), array.dtype),
        lambda: _with(rng, array, odd),
        lambda: np.roll(array, 1),
        lambda: -array if array.dtype.kind in "if" else ~array,
        lambda: np.full_like(array, odd) if array.dtype.kind == "f" else array + 1,
        lambda: rng.permutation(array),
        lambda: array.astype("S8"),
        lambda: np.datetime64("2000-01-01") + np.zeros(array.shape, "m8[D]"),
    ]
    return kinds[rng.integers(len(kinds))]()


def _with(rng, array, value):
    changed = array.copy()
    if changed.size:
        with np.errstate(all="ignore"):
            changed.flat[rng.integers(changed.size)] = np.array(value).astype(
                changed.dtype
            )
    return changed


ODD_VALUES = [
    None, True, False, -1, 0, 1, 2, 3, 7, 625, 10**6, 10**9, 2**31, 2**63 - 1, 10**12,
    10**30, -5, 0.5, -0.5, 1e308, float("nan"), float("inf"), "", "auto", "softmax",
    "sigmoid", "tanh", "relu", [], {}, (), [1], (1, 2), (0, 127), (127, 0), (60, 61),
    {"a": 1}, 1 + 2j, np.float32(3), np.int64(4), np.int64(-4), np.arange(3),
    np.zeros((2, 2)), np.zeros(0), np.array("x"), np.float64, np.add, "not_a_choice",
    np.random.RandomState(0),
]  # fmt: skip


def forge(rng, model):
    """Change one to three values of a model, or leave one out, or add one."""
    for _ in range(rng.integers(1, 4)):
        paths = list(places(model))
        path = paths[rng.integers(len(paths))]
        kind = rng.random()
        if kind < 0.06:
            change, path = partial(_without, key=path[-1]), path[:-1]
        elif kind < 0.1:
            name = rng.choice(["transform", "_check_X", "_head", "x_", "coefs_"])
            change, path = partial(_and, key=str(name), item=np.add), path[:-1]
        else:
            change = partial(_mutated, rng)
        model = replaced(model, path, change)
    return model


def _mutated(rng, value):
    if isinstance(value, np.ndarray) and rng.random() < 0.85:
        return mutated_array(rng, value)
    if isinstance(value, list) and value and rng.random() < 0.6:
        return [value[:-1], value + value[-1:], value[::-1], tuple(value), value * 2][
            rng.integers(5)
        ]
    if isinstance(value, int) and not isinstance(value, bool) and rng.random() < 0.5:
        return value + int(rng.integers(-3, 4))
    return ODD_VALUES[rng.integers(len(ODD_VALUES))]


def _without(value, key):
    if hasattr(value, "get_params"):
        value = copy.copy(value)
        vars(value).pop(key)
        return value
    if isinstance(value, dict):
        return {k: v for k, v in value.items() if k != key}
    return type(value)(v for i, v in enumerate(value) if i != key)


def _and(value, key, item):
    if hasattr(value, "get_params"):
        value = copy.copy(value)
        vars(value)[key] = item
        return value
    return {**value, key: item} if isinstance(value, dict) else value


def write(path, model):
    """Write a model behind a valid checksum, unchecked."""
    from skops.io import dumps

    body = persistence._FORMAT + dumps({"model": model, "metadata": {}})
    path.write_bytes(persistence._MAGIC + hashlib.sha256(body).digest() + body)


def use(model):
    """Use a loaded model in every way; check the form of the results."""
    if isinstance(model, MarkovMelodies):
        draws = model.sample(3, random_state=0)
        assert draws.shape == (3, model.n_features_in_) and draws.max() < 130
        assert np.isfinite(draws).all()
        X = MELODIES[:, : model.n_features_in_]
        assert not np.isnan(model.score_samples(X)).any()
        return
    if isinstance(model, Harmonizer):
        added = model.predict(MELODIES[:, : model.n_features_in_])
        check_voices(added, model.n_added_)
        model.partial_fit(MELODIES, MELODIES)
        return
    is_ragged = END in getattr(model[0], "tokens_", ())
    melodies = RAGGED if is_ragged else MELODIES
    Z = model.transform(melodies)
    Z = Z.toarray() if sparse.issparse(Z) else Z  # a Pipeline of the encoder alone
    assert Z.ndim == 2 and len(Z) == len(MELODIES) and np.isfinite(Z).all()
    again = copy.deepcopy(model).transform(melodies)
    assert (again == Z).all()
    decoded = model.inverse_transform(Z)
    assert decoded.shape == MELODIES.shape
    assert 0 <= decoded.min() <= decoded.max() < 130 + is_ragged
    if hasattr(model[-1], "decode_by_steps"):
        check_melodies(decode(model, Z, beam_width=2))
    last, encoded = model[-1], model[0].transform(melodies)
    if hasattr(last, "free_energy"):
        assert np.isfinite(last.free_energy(encoded)).all()
        drawn = impose(model, HoldCount(), n_samples=2, n_iter=1, random_state=0)
        check_melodies(drawn.melodies)
        if not last.early_stopping and last.n_gibbs < 10:  # others would take hours
            last.partial_fit(encoded)
    if hasattr(last, "partial_fit") and hasattr(last, "coefs_"):
        if not last.early_stopping:
            last.partial_fit(encoded)
        last.score(encoded)
        last.decode_with_vjp(Z)[1](np.ones((len(Z), last.n_features_in_)))


def judge_model(rng, fitted, path):
    """Forge a file, load and use it; return the outcome."""
    try:
        write(path, forge(rng, fitted[rng.integers(len(fitted))]))
    except Exception:  # NumPy or skops themselves refuse the change
        return "not written"
    try:
        loaded = persistence.load(path)
    except ValueError:
        return "refused"
    try:
        use(loaded)
    except ValueError:
        return "error"
    return "right"


# ----------------------------------------------------------------------- arrays

CONTAINERS = ["csr", "csc", "bsr", "coo", "lil", "dok", "dia"]
COLUMNS = 24


def damaged_sparse(rng):
    """A sparse array whose parts were changed by hand."""
    X = sparse.random_array((6, COLUMNS), density=0.3, rng=rng)
    kind = CONTAINERS[rng.integers(len(CONTAINERS))]
    X = getattr(sparse, f"{kind}_{rng.choice(['array', 'matrix'])}")(X)
    for _ in range(rng.integers(1, 3)):
        names = {
            "coo": ["data", "row", "col"],
            "lil": ["rows", "data"],
            "dia": ["data", "offsets"],
            "dok": ["_dict"],
        }.get(kind, ["data", "indices", "indptr"])
        name = names[rng.integers(len(names))]
        try:
            if kind == "dok":
                row, column = rng.integers(-3, 40, size=2).tolist()
                X._dict[row, column] = rng.choice([1.0, np.nan])
            elif kind == "lil":
                row = rng.integers(6)
                getattr(X, name)[row] = rng.integers(-9, 60, size=3).tolist()
            else:
                setattr(X, name, _damaged_part(rng, getattr(X, name)))
        except Exception:  # SciPy itself refuses the change
            continue
    if rng.random() < 0.1:
        X._shape = tuple(rng.integers(1, 50, size=2).tolist())
    if rng.random() < 0.1 and kind in ("csr", "csc"):
        X.has_sorted_indices = X.has_canonical_format = True
    return X


def _damaged_part(rng, array):
    odd = rng.choice([-1, 6, COLUMNS, 10**6, 2**31 - 1, 2**40])
    kinds = [
        lambda: mutated_array(rng, array),
        lambda: _with(rng, array.astype(np.int64), odd),
        lambda: array[::-1].copy(),
        lambda: np.append(array, array[-1:]),
        lambda: array.astype(np.int64),
    ]
    # An array, since SciPy, which decides what is right, refuses lists.
    return np.asarray(kinds[rng.integers(len(kinds))]())


class Subclass(np.ndarray):
    """An array of another class."""


def odd_dense(rng):
    """A dense array of an unusual shape, type or value."""
    X = rng.random((6, COLUMNS))
    value = rng.choice([np.nan, np.inf, -np.inf, 1e308, -1e308, 1e38, 1e12, 5e-324, -1])
    kinds = [
        lambda: _with(rng, X, value),
        lambda: np.full_like(X, value),
        lambda: _with(rng, X, value).astype(np.float16),
        lambda: X.astype(np.longdouble) * 1e400,
        lambda: X.astype(object),
        lambda: _with(rng, X, value).astype(object),
        lambda: np.where(X > 0.5, None, X),
        lambda: np.ma.masked_greater(X, rng.choice([0.5, 2])),
        lambda: X.view(Subclass),
        lambda: X.view(np.ndarray).astype(">f8"),
        lambda: np.asfortranarray(X),
        lambda: X[::-1, ::-1],
        lambda: np.broadcast_to(X[0], (6, COLUMNS)),
        lambda: X[:, : rng.integers(0, COLUMNS)],
        lambda: X[: rng.integers(0, 6)],
        lambda: X[0],
        lambda: X[np.newaxis],
        lambda: X.astype(str),
        lambda: X + 1j,
        lambda: X > 0.5,
        lambda: (X * 200).astype(rng.choice(["i1", "u1", "i8", "u8"])),
        lambda: X.tolist(),
        lambda: [[1], [2, 3]],
        lambda: mutated_array(rng, X),
        lambda: np.frombuffer(X.tobytes(), dtype=">f4").reshape(6, -1),
    ]
    with np.errstate(all="ignore"):
        return kinds[rng.integers(len(kinds))]()


def estimators():
    """Fitted estimators, and the methods that take data of 24 columns, or latents."""
    X = np.random.default_rng(0).random((8, COLUMNS))
    settings = {"max_iter": 1, "random_state": 0}
    kinds = [
        Autoencoder(COLUMNS, **settings).fit(X),
        Autoencoder(COLUMNS, output="softmax", group_size=8, **settings).fit(X),
        Autoencoder(COLUMNS, hidden_layer_sizes=(3,), **settings).fit(
            X.astype(np.float32)
        ),
        VariationalAutoencoder(COLUMNS, output="sigmoid", **settings).fit(X),
    ]
    names = ["fit", "partial_fit", "transform", "inverse_transform", "score"]
    methods = [(model, name) for model in kinds for name in names]
    methods += [(model, "decode_with_vjp") for model in kinds]
    methods += [(model, "cotangent") for model in kinds]
    methods += [(kinds[-1], "sample_posterior")]
    melodies = np.tile(MELODIES, 3)
    encoder = PianoRollEncoder((60, 60)).fit(np.full((2, 8), 60))  # 8 of 3 columns
    methods += [(encoder, "inverse_transform")] * 4
    both = [PianoRollEncoder((60, 68)).fit(melodies), MarkovMelodies(2).fit(melodies)]
    methods += [(both[0], "fit"), (both[0], "transform")]
    methods += [(both[1], "fit"), (both[1], "score_samples")]
    return methods


def call(model, name, X):
    """Call a method on a copy; return what it gives."""
    model = copy.deepcopy(model)
    if name == "cotangent":
        return model.decode_with_vjp(np.zeros((6, COLUMNS)))[1](X)
    seed = [0] if name == "sample_posterior" else []
    result = getattr(model, name)(X, *seed)
    if name in ("fit", "partial_fit"):
        result = getattr(model, "coefs_", [0])[0]
    return result[0] if isinstance(result, tuple) else result


def judge_array(rng, methods):
    """Pass a malformed array to a method; return the outcome."""
    X = damaged_sparse(rng) if rng.random() < 0.6 else odd_dense(rng)
    model, name = methods[rng.integers(len(methods))]
    try:
        result = call(model, name, X)
    except (TypeError, ValueError):
        return "refused"
    assert np.isfinite(result.data if sparse.issparse(result) else result).all()
    if sparse.issparse(X) and name not in ("fit", "partial_fit"):
        # Duplicates are added up, unsorted indices sorted: as in SciPy.
        try:
            dense = X.toarray()
        except ValueError:
            return "not judged"  # SciPy does not support these types
        assert np.allclose(result, call(model, name, dense), atol=1e-5)
    return "right"


# --------------------------------------------------------------------- campaigns


def work(kind, seed, n):
    """Judge n cases; print the number of each before it, in case this process dies."""
    warnings.simplefilter("ignore")
    if kind == "models":
        fitted = fitted_models()
        path = Path(tempfile.mkdtemp()) / "forged.c2c"
    else:
        methods = estimators()
    for i in range(seed, seed + n):
        print(json.dumps({"case": i}), flush=True)
        rng = np.random.default_rng(i)
        try:
            # A model whose forged `verbose` is true prints its epochs.
            with contextlib.redirect_stdout(sys.stderr):
                if kind == "models":
                    outcome = judge_model(rng, fitted, path)
                else:
                    outcome = judge_array(rng, methods)
        except BaseException as error:
            outcome = f"fault: {type(error).__name__}: {str(error)[:200]}"
        print(json.dumps({"outcome": outcome}), flush=True)


def campaign(kind, n, *, seed=0, batch=500, environment=None):
    """Judge n cases in processes that each take a batch.

    Returns
    -------
    outcomes : Counter
    faults : dict of int to str
        By the seed of the case, for `work` to repeat.
    """
    outcomes, faults, first = Counter(), {}, seed
    while first < seed + n:
        size = min(batch, seed + n - first)
        done = subprocess.run(
            [sys.executable, "-m", "tests.forging", "--work", kind, str(first),
             str(size)],
            capture_output=True, text=True, env=environment,
        )  # fmt: skip
        case, n_done = first, 0
        for line in done.stdout.splitlines():
            entry = json.loads(line)
            case = entry.get("case", case)
            if "outcome" in entry:
                n_done += 1
                outcome = entry["outcome"]
                outcomes[outcome.split(":")[0]] += 1
                if outcome.startswith("fault"):
                    faults[case] = outcome
        if done.returncode:
            outcomes["fault"] += 1
            faults[case] = f"ended by {done.returncode}: {done.stderr[-300:]}"
            n_done += 1
        first += n_done
    return outcomes, faults


def main():
    """Run a campaign, or a part of one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", type=int, default=0)
    parser.add_argument("--arrays", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", nargs=3)
    args = parser.parse_args()
    if args.work:
        kind, seed, n = args.work
        work(kind, int(seed), int(n))
        return
    for kind in ("models", "arrays"):
        if n := getattr(args, kind):
            outcomes, faults = campaign(kind, n, seed=args.seed)
            print(kind, dict(outcomes))
            for case, fault in faults.items():
                print(f"  {case}: {fault}")


if __name__ == "__main__":
    main()
