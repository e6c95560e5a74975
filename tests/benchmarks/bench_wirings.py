"""Epochs of the models of attributes and of branches, beside PyTorch and the floor."""

from statistics import median

import numpy as np

from tests.benchmarks import clock
from tests.benchmarks.floors import floor_of_wiring
from tests.benchmarks.fresh import iterate
from tests.benchmarks.peers import OURS, Peer
from tests.benchmarks.peers.wirings import Wiring
from tests.benchmarks.tables import milliseconds, table
from tests.benchmarks.turns import play

TITLE = "Attributes and branches"

_ROUNDS = 7
_WIRINGS = (
    Wiring("given", 1000, 64),
    Wiring("control", 1000, 64),
    Wiring("pitch and rhythm", 1000, 20),
    Wiring("two branches", 1000, 20),
)
_PEERS = Peer(OURS, "wirings"), Peer("PyTorch", "wired_pytorch")
_COMPILED = Peer("PyTorch, compiled", "wired_pytorch", {"compiled": True})

# Largest relative difference of losses that rounding of float64 and the place of
# Adam's epsilon explain.
_CLOSE = 1e-6


def measure(options):
    """See that both sides compute the same, then let them train in turn."""
    peers = [*_PEERS, _COMPILED] if options.compiled else _PEERS
    for wiring in _WIRINGS:
        if options.wiring in str(wiring):
            (difference,) = iterate(_difference, wiring)
            yield {
                "case": str(wiring),
                "cpu time": clock.counts_cpu_time(),
                "difference": difference,
                "floor": floor_of_wiring(wiring),
                "peers": play(peers, wiring, options.rounds or _ROUNDS),
            }


def add_options(parser):
    """A choice of models."""
    parser.add_argument("--wiring", default="", help='only those with this: "given"')
    parser.add_argument(
        "--compiled",
        action="store_true",
        help="PyTorch's compiled models too, which takes minutes",
    )


def _difference(wiring):
    """Largest relative difference of the losses of a few updates."""
    from tests.benchmarks.corpora import melodies
    from tests.benchmarks.peers.wired_pytorch import differences

    ours, theirs = differences(wiring, melodies(wiring.n_melodies))
    difference = float(np.abs(ours / theirs - 1).max())
    assert difference <= _CLOSE, f"{wiring}: losses {ours} and {theirs}"
    yield difference


def report(records):
    """A table for all models."""
    rows, failed = [], []
    for record in records:
        found, floor = record["peers"], record["floor"]
        failed += [f"{n}: {r['failed']}" for n, r in found.items() if "failed" in r]
        played = {n: r["seconds"] for n, r in found.items() if "failed" not in r}
        medians = {name: median(seconds) for name, seconds in played.items()}
        for name, epoch in medians.items():
            low, high = map(milliseconds, (min(played[name]), max(played[name])))
            rows.append(
                [
                    f"{record['case']}: {name}",
                    f"{milliseconds(epoch)} ({low}-{high})",
                    f"{epoch / medians[OURS]:.2f}",
                    f"{epoch / floor['seconds']:.2f}",
                    f"{epoch / floor['in turn']:.2f}",
                ]
            )
    largest = max(record["difference"] for record in records)
    header = ["", "ms", "/ ours", "/ floor", "/ in turn"]
    explanation = f"{_EXPLANATION} Here they differ by at most {largest:.0e}."
    if any(record["cpu time"] for record in records):
        explanation += f" {_CPU_TIME}"
    notes = [f"Did not run: {'; '.join(failed)}."] if failed else []
    return "\n\n".join([explanation, table(header, rows), *notes])


_EXPLANATION = """\
`AttributeVariationalAutoencoder` with four attributes, *given* to the decoder, and with
*control* as well; `PitchRhythmAutoencoder`; `DualBranchAutoencoder` with two sets of
two labels. All have their default sizes and are trained on 128 steps of recombined
tunes, in turns as above. The same models are written in plain PyTorch, where the
melodies are taken apart into pitches and rhythm once, before training. Floors are as
above, of all layers that a batch passes, those of the decided melodies included. Before
the turns both sides train for three updates on the same weights and draws in float64;
their losses must agree to 1e-6."""

_CPU_TIME = """\
The machine did other work meanwhile: the figures, floors included, are CPU time of one
thread, so look at the ratios."""
