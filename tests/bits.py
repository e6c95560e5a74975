"""A record of all bits that the estimators compute, to compare after a change.

``python -m tests.bits record`` writes digests of many configurations to
``tests/data/bits.json``; ``python -m tests.bits`` computes and compares them. The
bits depend on the processor and on the versions of NumPy, SciPy and their linear
algebra, so both are run on one machine; the record says which it was made on.
"""

import argparse
import hashlib
import json
import platform
import sys
import warnings
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy import sparse
from sklearn.pipeline import make_pipeline

from sklearn_c2c import (
    Autoencoder,
    Harmonizer,
    PianoRollEncoder,
    SoftmaxRBM,
    VariationalAutoencoder,
)
from sklearn_c2c.datasets import load_bach_chorales, load_celtic
from sklearn_c2c.generation import sample

RECORD = Path(__file__).parent / "data" / "bits.json"

_PLAIN = {
    "paper, h=2": {"h": 2},
    "paper, h=64": {"h": 64},
    "paper, h=1500": {"h": 1500, "max_iter": 2},
    "batches of 64": {"h": 64, "batch_size": 64},
    "batches of one": {"h": 16, "batch_size": 1, "max_iter": 2},
    "softmax": {"h": 30, "output": "softmax"},
    "glorot": {"h": 30, "init": "glorot", "output_bias_init": "zeros"},
    "hidden": {"h": 10, "hidden_layer_sizes": (40, 20)},
    "hidden, relu": {
        "h": 10, "hidden_layer_sizes": (40,), "hidden_activation": "relu",
        "output": "softmax",
    },
    "tanh code": {"h": 30, "activation": "tanh"},
    "linear code": {"h": 30, "activation": "identity", "output": "softmax"},
    "tied": {"h": 30, "tied": True},
    "tied, hidden": {"h": 10, "hidden_layer_sizes": (40,), "tied": True},
    "tied, softmax": {"h": 30, "tied": True, "output": "softmax"},
    "early stopping": {
        "h": 30, "early_stopping": True, "n_iter_no_change": 2, "max_iter": 20,
    },
    "unshuffled": {"h": 30, "shuffle": False},
    "other rates": {"h": 30, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-4},
}  # fmt: skip
_VARIATIONAL = {
    "variational, h=2": {"h": 2},
    "variational, h=32": {"h": 32},
    "variational, h=256": {"h": 256, "max_iter": 2},
    "variational, sigmoid": {"h": 16, "output": "sigmoid"},
    "variational, hidden": {"h": 4, "hidden_layer_sizes": (40,)},
    "variational, warm-up": {"h": 16, "beta": 3.0, "kl_warmup": 2, "kl_cooldown": 2},
    "variational, free bits": {"h": 16, "free_bits": 0.25},
    "variational, early stopping": {
        "h": 16, "early_stopping": True, "n_iter_no_change": 2, "max_iter": 20,
    },
}  # fmt: skip
_BOLTZMANN = {
    "boltzmann": {"n_components": 30},
    "boltzmann, windows": {"n_components": 30, "window_size": 32, "n_gibbs": 2},
    "boltzmann, early stopping": {
        "n_components": 30, "n_chains": 10, "early_stopping": True,
        "n_iter_no_change": 2, "max_iter": 20,
    },
}  # fmt: skip
_KINDS = {
    Autoencoder: _PLAIN,
    VariationalAutoencoder: _VARIATIONAL,
    SoftmaxRBM: _BOLTZMANN,
}
_IN_OTHER_TYPES = "paper, h=64", "softmax", "tied", "variational, h=32", "boltzmann"


def configurations():
    """Names and models, each with the type of its piano rolls.

    Yields
    ------
    name : str
    model : estimator
    form : {"dense", "sparse"}
    dtype : numpy dtype
    """
    every = [(kind, *item) for kind in _KINDS for item in _KINDS[kind].items()]
    for kind, name, settings in every:
        model = kind(**{"max_iter": 5, "random_state": 0} | settings)
        yield name, model, "dense", np.float32
        if name in _IN_OTHER_TYPES:
            yield f"{name}, float64", model, "dense", np.float64
            yield f"{name}, sparse", model, "sparse", np.float32


def digests():
    """Compute the digests of all configurations.

    Returns
    -------
    dict of str to dict
        By configuration: digests of its losses, weights, latents, decodings and draws.
    """
    X = load_celtic().data
    found = {}
    for name, model, form, dtype in configurations():
        encoder = PianoRollEncoder(dtype=dtype, sparse_output=form == "sparse")
        pipeline = make_pipeline(encoder, model).fit(X)
        found[name] = _of(pipeline, X)
    found["warm start"] = _of(_warm_started(X), X)
    found["partial fit"] = _of(_partially_fitted(X), X)
    chorales = load_bach_chorales(n_melodies=20).data
    found["voices"] = _of(_of_voices(chorales), chorales)
    found["harmonizer"] = _of_harmonizer(*np.split(chorales, [128], axis=1))
    return found


def _warm_started(X):
    model = Autoencoder(30, max_iter=3, warm_start=True, random_state=0)
    pipeline = make_pipeline(PianoRollEncoder(), model)
    return pipeline.fit(X).fit(X)


def _partially_fitted(X):
    encoder = PianoRollEncoder().fit(X)
    model = VariationalAutoencoder(16, random_state=0)
    for chunk in np.split(X, 3) * 2:
        model.partial_fit(sparse.csr_array(encoder.transform(chunk)))
    return make_pipeline(encoder, model)


def _of_voices(chorales):
    model = Autoencoder(30, output="softmax", max_iter=5, random_state=0)
    return make_pipeline(PianoRollEncoder(n_voices=4), model).fit(chorales)


def _of_harmonizer(sopranos, others):
    model = Harmonizer(max_iter=2, random_state=0).fit(sopranos, others)
    return {
        "losses": _digest(model.loss_curve_),
        "weights": _digest(*model.coefs_, *model.intercepts_),
        "melodies": _digest(model.predict(sopranos[:5])),
    }


def _of(pipeline, X):
    model = pipeline[-1]
    Z = pipeline.transform(X)
    return {
        "losses": _digest(model.loss_curve_),
        "weights": _digest(*_weights(model)),
        "codes": _digest(Z),
        "decoded": _digest(model.inverse_transform(Z)),
        "melodies": _digest(pipeline.inverse_transform(Z)),
        "drawn": _digest(*_draws(pipeline)),
    }


def _weights(model):
    if isinstance(model, SoftmaxRBM):
        return model.coef_, model.hidden_bias_, model.visible_bias_
    return *model.coefs_, *model.intercepts_


def _draws(pipeline):
    """Melodies drawn; of a Boltzmann machine by Gibbs sampling, too."""
    yield sample(pipeline, n_samples=20, random_state=0)
    if isinstance(pipeline[-1], SoftmaxRBM):
        yield pipeline[-1].sample(20, n_steps=20, random_state=0)


def _digest(*arrays):
    total = hashlib.sha256()
    for array in map(np.asarray, arrays):
        total.update(f"{array.dtype.str} {array.shape}".encode())
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()[:16]


def made_on():
    """Everything that the bits depend on, besides the code.

    Returns
    -------
    dict of str to str
    """
    libraries = {"numpy": np, "scipy": scipy, "sklearn": sklearn}
    return {
        "machine": f"{platform.machine()} {_processor()}",
        **{name: library.__version__ for name, library in libraries.items()},
    }


def _processor():
    """Name of the processor, if the system states it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":")[1].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.processor()


def differences(old, new):
    """Names of everything that differs.

    Parameters
    ----------
    old, new : dict of str to dict
        As of `digests`.

    Returns
    -------
    list of str
    """
    return [
        f"{name}: {what}"
        for name in old
        for what in old[name]
        if new.get(name, {}).get(what) != old[name][what]
    ]


def main():
    """Record, or compare with the record; 1 if anything differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.bits", description=__doc__)
    parser.add_argument("action", nargs="?", choices=["check", "record"])
    action = parser.parse_args().action
    warnings.simplefilter("ignore")
    now = digests()
    if action == "record":
        RECORD.parent.mkdir(exist_ok=True)
        record = {"made on": made_on(), "digests": now}
        RECORD.write_text(json.dumps(record, indent=1) + "\n")
        return 0
    record = json.loads(RECORD.read_text())
    if record["made on"] != made_on():
        print(f"The record was made on {record['made on']}, this is {made_on()}.")
    found = differences(record["digests"], now)
    print("\n".join(found) or f"All bits of {len(now)} configurations are the same.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
