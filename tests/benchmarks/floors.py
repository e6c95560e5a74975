"""Lower bounds on the time of an epoch, from its bytes and its operations.

An update of n melodies goes through four phases that cannot overlap. With d columns, h
units (2h in a variational encoder) and r the columns that the melodies name, which are
the rows of the first layer that change:

================  ======================================================  ============
phase             bytes, 4 a number                                       operations
================  ======================================================  ============
encoder, forward  r·h weights and two moments read (to catch up)          none
decoder, forward  h·d weights read                                        2·n·h·d
decoder, back     h·d weights and two moments read and written            4·n·h·d
encoder, back     r·h weights and two moments read and written            none
================  ======================================================  ============

Operations are those of products of matrices: logits, back-propagated delta, weight
gradient. Sums of rows, activations and the loss are left out, so the bound is weak
where h is small.
"""

from dataclasses import dataclass

import numpy as np

from tests.benchmarks import machine
from tests.benchmarks.corpora import melodies, piano_roll
from tests.benchmarks.peers.wirings import estimator, targets

_FLOAT = 4


@dataclass(frozen=True)
class Phase:
    """Bytes read only, bytes read and written, and operations of an epoch."""

    name: str
    read: float
    updated: float
    operations: float


def _batches(task, X):
    """Rows of each batch, and how many columns they touch, summed over batches."""
    order = np.random.RandomState(0).permutation(task.n_melodies)
    batches = np.split(order, range(task.batch_size, task.n_melodies, task.batch_size))
    return batches, sum(len(np.unique(X[batch].indices)) for batch in batches)


def phases(task):
    """The four phases of an epoch, and the bytes of the decoder and its moments."""
    X = piano_roll(melodies(task.n_melodies), sparse_output=True)
    d, h = X.shape[1], task.h
    batches, n_rows = _batches(task, X)
    rows = n_rows * (2 * h if task.variational else h) * _FLOAT
    weights = len(batches) * h * d * _FLOAT
    terms = task.n_melodies * h * d
    found = [
        Phase("encoder, forward", 3 * rows, 0, 0),
        Phase("decoder, forward", weights, 0, 2 * terms),
        Phase("decoder, back", 0, 6 * weights, 4 * terms),
        Phase("encoder, back", 0, 6 * rows, 0),
    ]
    return found, 3 * h * d * _FLOAT


def floor(task):
    """Measure the machine; return the rates, the phases, and two floors in seconds.

    ``seconds``: for each phase the longer of moving its bytes and doing its operations.
    ``in turn``: their sum, for a program that cannot do both at once. Memory is timed
    on arrays of the size of the decoder's weights and moments.
    """
    return _least(*phases(task))


def floor_of_wiring(wiring):
    """As `floor`, of the models of attributes and of branches.

    Layers on data have sums of rows; of the others, products. What is decided once more
    goes through all layers forward and back, and reads the encoder's weights.
    """
    X, y = (
        piano_roll(melodies(wiring.n_melodies), sparse_output=True),
        targets(wiring, melodies(wiring.n_melodies)),
    )
    batches, n_rows = _batches(wiring, X)
    n, n_passes = wiring.n_melodies, 1 + (wiring.name == "control")
    first, rest, encoder = _sizes(wiring, X, y)
    rows = n_rows * first * _FLOAT
    weights = len(batches) * rest * _FLOAT
    again = (n_passes - 1) * len(batches) * (encoder + X.shape[1] * first) * _FLOAT
    terms = n * (n_passes * rest + (n_passes - 1) * encoder)
    back = 4 * n * n_passes * rest + (n_passes - 1) * 2 * n * (
        encoder + X.shape[1] * first
    )
    found = [
        Phase("first layer, forward", 3 * rows, 0, 0),
        Phase("others, forward", weights + again, 0, 2 * terms),
        Phase("others, back", again, 6 * weights, back),
        Phase("first layer, back", 0, 6 * rows, 0),
    ]
    return _least(found, 3 * (X.shape[1] * first + rest) * _FLOAT)


def _sizes(wiring, X, y):
    """Units of the first layer; weights of the layers above; those of the encoder."""
    model = estimator(wiring, 1).fit(X[:64], None if y is None else y[:64])
    shapes = [coef.shape for coef in model.coefs_]
    if wiring.name == "pitch and rhythm":
        # Rows of the pitches; the rhythm has three columns a step.
        first, small = shapes[0][1], shapes[2]
        return first, sum(a * b for a, b in (shapes[1], small, shapes[3])), 0
    n = (len(shapes) - (4 if wiring.name == "two branches" else 0)) // 2
    rest = sum(a * b for a, b in shapes[1:])
    return shapes[0][1], rest, sum(a * b for a, b in shapes[1:n])


def _least(found, working_set):
    rates = machine.bandwidth(working_set)
    rates["operations"] = machine.matrix_rate()
    moving = [p.read / rates["read"] + p.updated / rates["update"] for p in found]
    doing = [p.operations / rates["operations"] for p in found]
    return {
        "working set": working_set,
        "rates": rates,
        "phases": {
            p.name: {"moving": m, "doing": o}
            for p, m, o in zip(found, moving, doing, strict=True)
        },
        "seconds": sum(map(max, moving, doing)),
        "in turn": sum(moving) + sum(doing),
    }
