"""Time of each phase of an epoch, beside its lower bound."""

import time
from contextlib import ExitStack
from functools import wraps
from unittest.mock import patch

from sklearn_c2c._nn import layers
from sklearn_c2c.autoencoder import _stack
from tests.benchmarks.corpora import melodies, piano_roll
from tests.benchmarks.floors import floor
from tests.benchmarks.peers import EPSILON, LEARNING_RATE, Task
from tests.benchmarks.tables import milliseconds, table

TITLE = "Where the time goes"

_EPOCHS = {
    Task(): 30,
    Task(n_melodies=10_000, h=512, batch_size=256): 4,
}
_METHODS = [
    (owner, name)
    for owner in (layers.Dense, layers.SparseDense)
    for name in ("__call__", "_pull_back")
]
_DIRECTIONS = {"__call__": "forward", "_pull_back": "back"}


class _Clock:
    """Seconds by phase; a phase within another one is counted only once."""

    def __init__(self):
        self.seconds, self._within = {}, []

    def _timed(self, function, phase_of):
        @wraps(function)
        def call(*args, **kwargs):
            start = time.perf_counter()
            self._within.append(0.0)
            result = function(*args, **kwargs)
            whole = time.perf_counter() - start
            phase = phase_of(args)
            own = whole - self._within.pop()
            self.seconds[phase] = self.seconds.get(phase, 0.0) + own
            if self._within:
                self._within[-1] += whole
            return result

        return call

    def __enter__(self):
        self._patches = ExitStack()
        for owner, name in _METHODS:
            direction = _DIRECTIONS[name]
            self._wrap(owner, name, lambda args, d=direction: f"{_part(args[0])}, {d}")
        self._wrap(_stack, "cross_entropy", lambda args: "loss")
        self._wrap(_stack.Stack, "step", lambda args: "all else")
        return self

    def _wrap(self, owner, name, phase_of):
        function = self._timed(getattr(owner, name), phase_of)
        self._patches.enter_context(patch.object(owner, name, function))

    def __exit__(self, *exception):
        self._patches.close()


def _part(layer):
    return "encoder" if isinstance(layer, layers.SparseDense) else "decoder"


def measure(options):
    """Fit with a clock at each phase."""
    from sklearn_c2c import Autoencoder

    for task, n_epochs in _EPOCHS.items():
        X = piano_roll(melodies(task.n_melodies), sparse_output=True)
        model = Autoencoder(
            task.h,
            init="glorot",
            output_bias_init="zeros",
            learning_rate_init=LEARNING_RATE,
            epsilon=EPSILON,
            batch_size=task.batch_size,
            tol=0,
            n_iter_no_change=n_epochs,
            random_state=0,
        )
        model.set_params(max_iter=1).fit(X)  # compiles
        lowest = floor(task)
        with _Clock() as clock:
            model.set_params(max_iter=n_epochs).fit(X)
        yield {
            "case": str(task),
            "seconds": {p: s / n_epochs for p, s in clock.seconds.items()},
            "floor": lowest,
        }


def report(records):
    """Each phase with its bytes to move and its operations."""
    return "\n\n".join([_EXPLANATION, *map(_section, records)])


_EXPLANATION = """\
Mean of an epoch, in ms, timed phase by phase. *moving* and *doing* are the lower bounds
of its bytes and operations, as above; a phase that does them in turn takes the sum.

With few samples the decoder's backward pass does them in turn: it computes the products
of some units, then moves their moments. Prefetching the moments gained nothing. A gain
is left in the decoder's forward pass: the next batch's product of a unit could be
computed while its weights are still in cache from the update before, across layers.
With many samples the three products take nearly all of the time, in BLAS."""


def _section(record):
    rows = []
    for phase, seconds in record["seconds"].items():
        least = record["floor"]["phases"].get(phase, {})
        floors = [milliseconds(least[n]) if least else "" for n in ("moving", "doing")]
        rows.append([phase, milliseconds(seconds), *floors])
    rows.append(["sum", milliseconds(sum(record["seconds"].values())), "", ""])
    return f"### {record['case']}\n\n{table(['', 'ms', 'moving', 'doing'], rows)}"
