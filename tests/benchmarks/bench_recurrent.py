"""Epochs of the same recurrent autoencoder, ours and its peers' in turn."""

import re
import time
from dataclasses import dataclass

import numpy as np

from tests.benchmarks import machine
from tests.benchmarks.peers import OURS, Peer
from tests.benchmarks.tables import mebibytes, milliseconds, table
from tests.benchmarks.turns import play

TITLE = "Recurrent training"

_JAX, _TORCH = {"KERAS_BACKEND": "jax"}, {"KERAS_BACKEND": "torch"}
_PEERS = (
    Peer(OURS, "recurrent_ours"),
    Peer("PyTorch", "recurrent_pytorch"),
    Peer("Keras on JAX", "recurrent_keras", environment=_JAX),
    Peer("Keras on PyTorch", "recurrent_keras", environment=_TORCH),
)


@dataclass(frozen=True)
class Task:
    """What to train: two readers and a writer of so many units, "GRU" or "LSTM"."""

    cell: str
    n_units: int
    n_steps: int
    batch_size: int
    n_melodies: int = 128  # of 128 steps; more steps are several of them in one
    h: int = 32

    def __str__(self):
        return (
            f"{self.cell} of {self.n_units} units, {self.n_steps} steps, batch "
            f"{self.batch_size}"
        )


_SIZES = [
    (64, 128, 20),
    (128, 128, 32),
    (128, 128, 64),
    (128, 512, 32),
    (256, 128, 32),
    (256, 128, 64),
    (256, 128, 256),
    (512, 128, 32),
    (512, 128, 64),
]
_TASKS = [
    Task(cell, *size, n_melodies=max(64, size[2] * size[1] // 128))
    for size in _SIZES
    for cell in ("GRU", "LSTM")
]
_N_ROUNDS = 5


def measure(options):
    """Play each task that `options.case` is found in."""
    for task in _TASKS:
        if re.search(options.case, str(task)):
            n_rounds = options.rounds or _N_ROUNDS
            began, others = time.perf_counter(), machine.seconds_of_others()
            peers = play(_PEERS, task, n_rounds)
            others = machine.seconds_of_others() - others
            yield {
                "case": str(task),
                "peers": peers,
                "n_rounds": n_rounds,
                "others": others / (time.perf_counter() - began),
            }


def report(records):
    """A row for each case and peer."""
    rows = [row for record in records for row in _rows(record)]
    header = ["", "", "ms", "/ ours", "loss", "memory", "new", "others"]
    return f"{_EXPLANATION}\n\n{table(header, rows)}"


_EXPLANATION = """\
An epoch of `RecurrentAutoencoder`: a recurrent layer reads each melody forwards,
another one backwards, a third one writes it, teacher-forced. PyTorch has the same
layers, `nn.GRU` or `nn.LSTM`, which oneDNN trains, and the fused Adam, on one-hot
steps. Keras has `GRU` or `LSTM`, not unrolled, and `Model.fit`, which JAX compiles and
PyTorch, by Keras' default, does not. Columns as above, but for two: */ ours* is the
median over the turns of the ratio of the median epochs of a turn, with the least and
the largest. *others*: cores that other processes kept busy in the meantime, mean."""


def _rows(record):
    played = {n: r for n, r in record["peers"].items() if "failed" not in r}
    turns = {
        name: np.median(np.reshape(r["seconds"], (record["n_rounds"], -1)), axis=1)
        for name, r in played.items()
    }
    for name, result in played.items():
        ratios = turns[name] / turns[OURS]
        yield [
            record["case"],
            name,
            milliseconds(np.median(result["seconds"])),
            f"{np.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})",
            f"{result['loss']:.1f}",
            mebibytes(result["peak"]),
            mebibytes(result["peak"] - result["imported"]),
            f"{record['others']:.2f}",
        ]
