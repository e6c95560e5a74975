"""Time of imports, of the first fit on a machine, and of loading a model."""

import json
import os
import subprocess
import sys
import tempfile
from statistics import median

from tests.benchmarks.tables import milliseconds, table

TITLE = "Starting"

_N_ROUNDS = 5
# The clock starts after the line before has run.
_IMPORT = """
import json, sys, time
import numpy, sklearn.base
start = time.perf_counter()
{}
print(json.dumps(time.perf_counter() - start))
"""
_IMPORTS = {
    "sklearn_c2c": "import sklearn_c2c",
    "its estimators, with Numba": "from sklearn_c2c import Autoencoder",
}
_FITS = """
import json, os, tempfile, time
from sklearn_c2c import Autoencoder, persistence
from tests.benchmarks.corpora import melodies, piano_roll

def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start

X = piano_roll(melodies(75), sparse_output=True)
model = Autoencoder(1500, max_iter=1, random_state=0)
fits = [seconds(lambda: model.fit(X)) for _ in range(5)]
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "model")
    files = [
        [seconds(lambda: persistence.save(model, path)) for _ in range(5)],
        [seconds(lambda: persistence.load(path)) for _ in range(5)],
    ]
    print(json.dumps([fits, *files, os.path.getsize(path)]))
"""
_CACHES = ("empty", "full")


def measure(options):
    """Start fresh interpreters in turn; every second one finds compiled kernels."""
    n_rounds = options.rounds or _N_ROUNDS
    imports = {name: [] for name in _IMPORTS}
    fits, files = {cache: [] for cache in _CACHES}, []
    for _ in range(n_rounds):
        for name, statement in _IMPORTS.items():
            imports[name].append(_run(_IMPORT.format(statement)))
        with tempfile.TemporaryDirectory() as folder:
            for cache in _CACHES:
                seconds, *file = _run(_FITS, NUMBA_CACHE_DIR=folder)
                fits[cache].append(seconds)
                files.append(file)
    yield {
        "case": "imports",
        "seconds": {name: median(found) for name, found in imports.items()},
    }
    yield {
        "case": "first fit",
        "rounds": n_rounds,
        "first": {c: median(fit[0] for fit in fits[c]) for c in _CACHES},
        "again": median(t for c in _CACHES for fit in fits[c] for t in fit[1:]),
    }
    yield {
        "case": "file",
        "save": median(t for save, _, _ in files for t in save),
        "load": median(t for _, load, _ in files for t in load),
        "bytes": files[0][2],
    }


def _run(program, **environment):
    """What a fresh interpreter prints, from JSON."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


def report(records):
    """Times of imports, fits and saved models."""
    cases = {record["case"]: record for record in records}
    fit, file = cases["first fit"], cases["file"]
    rows = [
        [f"import of {name}", milliseconds(seconds), ""]
        for name, seconds in cases["imports"]["seconds"].items()
    ]
    names = {"empty": "first fit on a machine", "full": "first fit of a process"}
    for cache, name in names.items():
        seconds = fit["first"][cache]
        more = milliseconds(seconds - fit["again"])
        rows.append([name, milliseconds(seconds), more])
    rows += [
        ["any other fit", milliseconds(fit["again"]), ""],
        ["`persistence.save`", milliseconds(file["save"]), ""],
        ["`persistence.load`", milliseconds(file["load"]), ""],
    ]
    return (
        f"Medians of {fit['rounds']} fresh interpreters each, in turn. Imports come "
        "after NumPy and scikit-learn's base. Fits are of one epoch of the paper's "
        "network, h=1500; the first on a machine compiles and caches the kernels, "
        f"the first of a process loads them. The model's file has "
        f"{file['bytes'] / 2**20:.0f} MiB.\n\n"
        + table(["", "ms", "more than any other"], rows)
    )
