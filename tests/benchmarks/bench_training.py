"""Epochs of the same network, ours and its peers' in turn, beside the lower bound."""

import re
from statistics import median

from tests.benchmarks.floors import floor
from tests.benchmarks.peers import FRUGAL, OURS, PEERS, Task
from tests.benchmarks.tables import mebibytes, milliseconds, table
from tests.benchmarks.turns import play

TITLE = "Training"

# Default of --rounds, and the cases that are too large for some peers.
_ALL = {
    Task(): 15,
    Task(h=2): 15,
    Task(h=64): 15,
    Task(h=512): 15,
    Task(h=4000): 5,
    Task(variational=True): 9,
    Task(n_melodies=10_000, h=512, batch_size=256): 5,
    Task(n_melodies=100_000, h=512, batch_size=256): 1,
}
_MANY = 10_000
_TOO_MANY_FOR_MLP = 100_000


def add_options(parser):
    """A choice of peers."""
    parser.add_argument("--peer", default="", help="ours, and peers with this in them")


def measure(options):
    """Run each task, after measuring its lower bound."""
    for task, n_rounds in _ALL.items():
        if re.search(options.case, str(task)):
            peers = [
                p for p in _peers(task) if options.peer in p.name or p.name == OURS
            ]
            yield {
                "case": str(task),
                "floor": floor(task),
                "peers": play(peers, task, options.rounds or n_rounds),
            }


def _peers(task):
    """Peers that are fast enough; with many melodies, also one that saves memory."""
    for peer in PEERS:
        if task.variational <= peer.variational and (
            peer.module != "mlp" or task.n_melodies < _TOO_MANY_FOR_MLP
        ):
            yield peer
    if task.n_melodies == _MANY:
        yield FRUGAL


def report(records):
    """A section for each case, and the meaning of the columns."""
    return "\n\n".join([_EXPLANATION, *map(_section, records)])


_EXPLANATION = """\
Each of them trains the same network on the same melodies with the same number of
updates, in a process of its own; they take turns of as many epochs as the fastest needs
for a second, and the first epoch of a turn, with cold caches, is left out. *ms*:
median of the other epochs, with the shortest and longest. *loss*: mean of the last
epoch, nats a melody, from different random starts. *memory*: largest resident memory,
in MiB, and the part of it allocated after the imports (*new*).

*floor*: a lower bound of an epoch, in which each phase takes the longer of moving its
bytes and doing its operations; *in turn*: the sum of both. Bytes are moved and
operations done at the rates measured just before. In the forward pass the decoder's
weights are read; in the backward pass they and their two moments are read and written.
Of the first layer, the rows that a batch uses are read in the forward pass, and read
and written in the backward pass, with their moments. The decoder's operations are three
products of 2·n·h·d; the first layer has sums of rows only, which are not counted, nor
are activations and the loss, so the bound is weak where h is small."""


def _section(record):
    found = record["peers"]
    played = {name: r["seconds"] for name, r in found.items() if "failed" not in r}
    medians = {name: median(seconds) for name, seconds in played.items()}
    low, in_turn = record["floor"]["seconds"], record["floor"]["in turn"]
    rows = []
    for name, epoch in medians.items():
        result, seconds = found[name], played[name]
        rows.append(
            [
                name,
                f"{milliseconds(epoch)} ({milliseconds(min(seconds))}-"
                f"{milliseconds(max(seconds))})",
                f"{epoch / medians[OURS]:.2f}" if OURS in medians else "",
                f"{epoch / low:.2f}",
                f"{epoch / in_turn:.2f}",
                f"{result['loss']:.1f}",
                mebibytes(result["peak"]),
                mebibytes(result["peak"] - result["imported"]),
            ]
        )
    header = ["", "ms", "/ ours", "/ floor", "/ in turn", "loss", "memory", "new"]
    failed = [
        f"Did not run: {n}, {r['failed']}." for n, r in found.items() if "failed" in r
    ]
    return "\n\n".join(
        [f"### {record['case']}", table(header, rows), *failed, _floor(record["floor"])]
    )


def _floor(floor):
    rates = floor["rates"]
    parts = "; ".join(
        f"{name}: {milliseconds(phase['moving'])} moving, "
        f"{milliseconds(phase['doing'])} doing"
        for name, phase in floor["phases"].items()
    )
    return (
        f"Floor {milliseconds(floor['seconds'])} ms, in turn "
        f"{milliseconds(floor['in turn'])} ms ({parts}). Rates: "
        f"{rates['read'] / 1e9:.0f} GB/s read, {rates['update'] / 1e9:.0f} GB/s read "
        f"and written, both over {floor['working set'] / 1e6:.0f} MB; "
        f"{rates['operations'] / 1e9:.0f} GFLOP/s."
    )
