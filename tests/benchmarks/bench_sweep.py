"""The paper's figure 10, sizes by seeds, in two processes: ours and Keras in turn."""

import os
import tempfile
import time
from itertools import product

from joblib.externals.loky import get_reusable_executor

from tests.benchmarks.corpora import PITCH_RANGE, melodies, piano_roll
from tests.benchmarks.fresh import iterate
from tests.benchmarks.peers import EPSILON, LEARNING_RATE, OURS
from tests.benchmarks.tables import table

TITLE = "A sweep over h"

_SIZES = (2, 100, 250, 500, 625, 750, 875, 1000, 1125, 1250, 1375, 1500)
_N_EPOCHS, _BATCH_SIZE, _N_JOBS = 100, 20, 2
# A process of Keras is limited to one thread, as our processes are by default.
_ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "NPROC": "1",
}


def add_options(parser):
    """A part of the sweep."""
    add = parser.add_argument
    add("--sizes", type=int, nargs="+", default=_SIZES, help="values of h")
    add("--seeds", type=int, default=5, help="fits of each")
    add("--sweep-epochs", type=int, default=_N_EPOCHS, help="epochs of each fit")


def measure(options):
    """Run each sweep in a process of its own, with the processes that it starts."""
    sizes, n_seeds, n_epochs = options.sizes, options.seeds, options.sweep_epochs
    sweeps = {OURS: (_ours, {})}
    for name, backend in {"JAX": "jax", "PyTorch": "torch"}.items():
        environment = {"KERAS_BACKEND": backend, **_ONE_THREAD}
        sweeps[f"Keras on {name}"] = (_in_keras, environment)
    found = {}
    for name, (sweep, environment) in sweeps.items():
        with tempfile.TemporaryDirectory() as folder:
            # The processes share compiled code if the backend can.
            environment |= {
                "JAX_COMPILATION_CACHE_DIR": folder,
                "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            }
            tasks = list(product(sorted(sizes, reverse=True), range(n_seeds)))
            (found[name],) = iterate(_timed, sweep, environment, tasks, n_epochs)
    yield {
        "case": f"{len(sizes)} sizes by {n_seeds} seeds, {n_epochs} epochs",
        "sizes": list(sizes),
        "peers": found,
    }


def _timed(sweep, environment, tasks, n_epochs):
    """Seconds of a sweep, imports included, and the accuracy at the largest size."""
    os.environ.update(environment)
    start = time.perf_counter()
    accuracy = sweep(tasks, n_epochs)
    seconds = time.perf_counter() - start
    # Idle workers would delay the end of this process by minutes.
    get_reusable_executor().shutdown()
    yield {"seconds": seconds, "accuracy": float(accuracy)}


def _ours(tasks, n_epochs):
    from sklearn.pipeline import make_pipeline

    from sklearn_c2c import Autoencoder, PianoRollEncoder
    from sklearn_c2c.model_selection import reconstruction_curve

    autoencoder = Autoencoder(
        output="sigmoid",
        init="glorot",
        output_bias_init="zeros",
        learning_rate_init=LEARNING_RATE,
        epsilon=EPSILON,
        batch_size=_BATCH_SIZE,
        max_iter=n_epochs,
        tol=0,
        n_iter_no_change=n_epochs,
    )
    sizes, seeds = ({task[i] for task in tasks} for i in range(2))
    curve = reconstruction_curve(
        make_pipeline(PianoRollEncoder(PITCH_RANGE), autoencoder),
        melodies(75),
        h=list(sizes),
        seeds=seeds,
        n_jobs=_N_JOBS,
    )
    return curve.step_accuracy[-1].mean()


def _in_keras(tasks, n_epochs):
    from joblib import Parallel, delayed

    X = piano_roll(melodies(75), sparse_output=False)
    fit = delayed(_fit_in_keras)
    accuracies = Parallel(n_jobs=_N_JOBS, batch_size=1)(
        fit(X, h, seed, n_epochs) for h, seed in tasks
    )
    largest = max(tasks)[0]
    found = [a for (h, _), a in zip(tasks, accuracies, strict=True) if h == largest]
    return sum(found) / len(found)


def _fit_in_keras(X, h, seed, n_epochs):
    """Share of steps reconstructed."""
    import keras

    if keras.backend.backend() == "torch":
        import torch

        torch.set_num_threads(1)
        torch.set_flush_denormal(True)
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input(X.shape[1:]),
            keras.layers.Dense(h, activation="sigmoid"),
            keras.layers.Dense(X.shape[1]),
        ]
    )
    adam = keras.optimizers.Adam(LEARNING_RATE, epsilon=EPSILON)
    model.compile(adam, _cross_entropy)
    model.fit(X, X, batch_size=_BATCH_SIZE, epochs=n_epochs, verbose=0)
    logits = model.predict(X, batch_size=len(X), verbose=0)
    n_tokens = PITCH_RANGE[1] - PITCH_RANGE[0] + 3
    tokens = logits.reshape(len(X), -1, n_tokens).argmax(axis=2)
    return (tokens == X.reshape(len(X), -1, n_tokens).argmax(axis=2)).mean()


def _cross_entropy(x, logits):
    from keras import ops

    return ops.sum(ops.binary_crossentropy(x, logits, from_logits=True), axis=-1)


def report(records):
    """Seconds, and the ratio to ours."""
    return "\n\n".join([_EXPLANATION, *map(_section, records)])


_EXPLANATION = f"""\
The total time, from the first import to the last score: `reconstruction_curve` with
`n_jobs={_N_JOBS}`, and as many processes of Keras, of a thread each, that share out the
fits with joblib, the longest first. The paper's setting: batches of {_BATCH_SIZE}, Adam
with a rate of {LEARNING_RATE:g}, zero biases. *steps*: share of the steps reconstructed
at the largest h. Keras on PyTorch flushes denormals, which is not its default."""


def _section(record):
    peers = record["peers"]
    ours = peers[OURS]["seconds"]
    rows = [
        [
            name,
            f"{sweep['seconds']:.1f}",
            f"{sweep['seconds'] / ours:.2f}",
            f"{sweep['accuracy']:.3f}",
        ]
        for name, sweep in peers.items()
    ]
    sizes = ", ".join(map(str, record["sizes"]))
    return (
        f"### {record['case']}\n\n{table(['', 's', '/ ours', 'steps'], rows)}\n\n"
        f"h = {sizes}."
    )
