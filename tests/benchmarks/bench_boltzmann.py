"""Epochs and draws of Boltzmann machines: ours, scikit-learn's and PyTorch's."""

from dataclasses import dataclass
from statistics import median

from tests.benchmarks import clock
from tests.benchmarks.peers import OURS, Peer
from tests.benchmarks.tables import milliseconds, table
from tests.benchmarks.turns import play

TITLE = "Boltzmann machines"

_PEERS = (
    Peer(OURS, "boltzmann_ours"),
    Peer("scikit-learn, BernoulliRBM", "boltzmann_scikit_learn"),
    Peer("PyTorch", "boltzmann_pytorch"),
)


@dataclass(frozen=True)
class Task:
    """An epoch of training, or steps of Gibbs sampling of `n_drawn` melodies."""

    n_components: int
    n_drawn: int = 0
    n_melodies: int = 200
    batch_size: int = 20
    n_gibbs: int = 10

    def __str__(self):
        units = f"{self.n_components} hidden units"
        if self.n_drawn:
            return f"{units}, {self.n_gibbs} Gibbs steps of {self.n_drawn} melodies"
        return f"{units}, an epoch of {self.n_melodies} melodies"


_TASKS = [Task(n, n_drawn) for n in (128, 256, 512) for n_drawn in (0, 100)]
_N_ROUNDS = 5


def measure(options):
    """Play each task."""
    for task in _TASKS:
        n_rounds = options.rounds or _N_ROUNDS
        yield {
            "case": str(task),
            "cpu time": clock.counts_cpu_time(),
            "peers": play(_PEERS, task, n_rounds),
        }


def report(records):
    """A row for each case and peer."""
    rows = [row for record in records for row in _rows(record)]
    return f"{_EXPLANATION}\n\n{table(['', '', 'ms', '/ ours'], rows)}"


_EXPLANATION = """\
`SoftmaxRBM` of one window: batches of 20 and 20 persistent chains. `BernoulliRBM` of
scikit-learn has as many binary units, no groups, as many chains, and descends without
Adam. PyTorch computes what we do, without the pseudo-log-likelihood, in the same
number of threads, with the fused Adam."""


def _rows(record):
    played = {n: r for n, r in record["peers"].items() if "failed" not in r}
    medians = {name: median(result["seconds"]) for name, result in played.items()}
    for name in played:
        yield [
            record["case"],
            name,
            milliseconds(medians[name]),
            f"{medians[name] / medians[OURS]:.2f}" if OURS in medians else "",
        ]
