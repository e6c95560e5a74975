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

_FLOAT = 4


@dataclass(frozen=True)
class Phase:
    """Bytes read only, bytes read and written, and operations of an epoch."""

    name: str
    read: float
    updated: float
    operations: float


def phases(task):
    """The four phases of an epoch, and the bytes of the decoder and its moments."""
    X = piano_roll(melodies(task.n_melodies), sparse_output=True)
    d, h = X.shape[1], task.h
    order = np.random.RandomState(0).permutation(task.n_melodies)
    batches = np.split(order, range(task.batch_size, task.n_melodies, task.batch_size))
    n_rows = sum(len(np.unique(X[batch].indices)) for batch in batches)
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
    found, working_set = phases(task)
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
