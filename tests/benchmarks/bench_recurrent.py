"""Epochs of the same recurrent autoencoder, ours and PyTorch's in turn."""

from dataclasses import dataclass
from statistics import median

from tests.benchmarks.peers import OURS, Peer
from tests.benchmarks.tables import mebibytes, milliseconds, table
from tests.benchmarks.turns import play

TITLE = "Recurrent training"

_PEERS = Peer(OURS, "recurrent_ours"), Peer("PyTorch", "recurrent_pytorch")


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
    """Play each task."""
    for task in _TASKS:
        n_rounds = options.rounds or _N_ROUNDS
        yield {"case": str(task), "peers": play(_PEERS, task, n_rounds)}


def report(records):
    """A row for each case and peer."""
    rows = [row for record in records for row in _rows(record)]
    header = ["", "", "ms", "/ ours", "loss", "memory", "new"]
    return f"{_EXPLANATION}\n\n{table(header, rows)}"


_EXPLANATION = """\
An epoch of `RecurrentAutoencoder`: a recurrent layer reads each
melody forwards, another one backwards, a third one writes it, teacher-forced. PyTorch
has the same layers, `nn.GRU` or `nn.LSTM`, which oneDNN trains, and the fused Adam, on
one-hot steps. Columns as above."""


def _rows(record):
    played = {n: r for n, r in record["peers"].items() if "failed" not in r}
    medians = {name: median(result["seconds"]) for name, result in played.items()}
    for name, result in played.items():
        yield [
            record["case"],
            name,
            milliseconds(medians[name]),
            f"{medians[name] / medians[OURS]:.2f}" if OURS in medians else "",
            f"{result['loss']:.1f}",
            mebibytes(result["peak"]),
            mebibytes(result["peak"] - result["imported"]),
        ]
