"""Epochs of the same recurrent autoencoder, ours and PyTorch's in turn."""

from dataclasses import dataclass
from statistics import median

from tests.benchmarks.peers import OURS, Peer
from tests.benchmarks.tables import mebibytes, milliseconds, table
from tests.benchmarks.turns import play

TITLE = "Recurrent training"

_PEERS = (
    Peer(OURS, "recurrent_ours"),
    Peer("PyTorch, GRU", "recurrent_pytorch", {"cell": "GRU"}),
    Peer("PyTorch, LSTM", "recurrent_pytorch", {"cell": "LSTM"}),
)


@dataclass(frozen=True)
class Task:
    """What to train: two readers and a writer of so many units."""

    n_units: int
    batch_size: int
    n_melodies: int = 128
    h: int = 32

    def __str__(self):
        return (
            f"{self.n_melodies:,} melodies of 128 steps, {self.n_units} units, batch "
            f"{self.batch_size}"
        )


_TASKS = [Task(n, batch) for n in (64, 128, 256, 512) for batch in (32, 64)]
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
An epoch of `RecurrentAutoencoder`: a GRU reads each melody forwards, another one
backwards, a third one writes it, teacher-forced. PyTorch has the same layers, `nn.GRU`
and the fused Adam, on one-hot steps; `nn.LSTM`, which oneDNN trains, has a third more
arithmetic. Columns as above."""


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
