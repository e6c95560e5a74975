"""Recurrent encoders and decoders as operators of ONNX.

Steps are the body of a loop: a decoder goes on from the token that it finds most
probable, and ONNX Runtime has the operators GRU and LSTM in float32 only.
"""

import numpy as np

from sklearn_c2c.onnx._dense import means


def encode(graph, model, x):
    """Latent vectors of rows of steps.

    Parameters
    ----------
    graph : Graph
    model : RecurrentAutoencoder or VariationalRecurrentAutoencoder
    x : str
        Rows.

    Returns
    -------
    str
    """
    cell, n_tokens = Cell(model), model.group_size_
    n_steps, n_measures, n = _sizes(model)
    steps = graph.apply("Reshape", x, [0, n_steps, n_tokens])
    lengths = _lengths(graph, steps, n_steps)
    if n_measures is None:
        read = _read(graph, cell, "step", steps, lengths, n_steps)
    else:
        missing = n_measures * n - n_steps
        steps = graph.apply("Pad", steps, [0, 0, 0, 0, missing, 0])
        measures = graph.apply("Reshape", steps, [-1, n, n_tokens])
        of_measures = _lengths(graph, measures, n)
        vectors = _read(graph, cell, "step", measures, of_measures, n)
        vectors = graph.apply("Reshape", vectors, [-1, n_measures, 2 * cell.n_units])
        whole = graph.apply("Add", lengths, np.int64(n - 1))
        lengths = graph.apply("Div", whole, np.int64(n))
        read = _read(graph, cell, "measure", vectors, lengths, n_measures)
    (code,) = means([cell.layers["code"]], model.h)
    z = graph.affine(read, code)
    is_variational = cell.layers["code"][0].shape[1] > model.h
    return z if is_variational else graph.apply("Tanh", z)


def decode(graph, model, z):
    """Probabilities of latent vectors, with the most probable tokens fed back.

    For the parameters see `encode`.
    """
    cell, n_tokens = Cell(model), model.group_size_
    n_steps, n_measures, n = _sizes(model)
    n_samples = graph.cut(graph.apply("Shape", z), 0, 0, 1)
    none = graph.apply("Expand", np.int64(n_tokens), n_samples)
    if n_measures is None:
        logits, _ = _write(graph, cell, z, none, n_steps)
    else:
        constant, memories = cell.conditions(graph, "conductor", z)

        def conduct(inner, measure, token, *memories):
            memories = cell.step(inner, "conductor", constant, memories)
            logits, token = _write(inner, cell, memories[0], token, n)
            return [token, *memories], [logits]

        carried = [(none, np.int64), *((m, graph.dtype) for m in memories)]
        _, (logits,) = graph.loop(n_measures, conduct, carried)
        # Of shape (n_measures, n, n_samples, n_tokens): the first two become one.
        shape = graph.apply("Concat", [-1], n_samples, [n_tokens], axis=0)
        logits = graph.apply("Reshape", logits, shape)
        logits = graph.cut(logits, 0, 0, n_steps)
    P = graph.apply("Softmax", logits, axis=-1)
    P = graph.apply("Transpose", P, perm=[1, 0, 2])
    return graph.apply("Reshape", P, [0, n_steps * n_tokens])


def _sizes(model):
    """Steps, measures or None without these, and steps of a measure."""
    n_steps = model.n_features_in_ // model.group_size_
    if model.steps_per_measure is None:
        return n_steps, None, None
    n = min(int(model.steps_per_measure), n_steps)
    return n_steps, -(-n_steps // n), n


def _lengths(graph, steps, n_steps):
    """Steps up to the last one that is not all zeros, at least 1."""
    is_zero = graph.apply("Equal", steps, 0.0)
    is_not = graph.cast(graph.apply("Not", is_zero), graph.dtype)
    is_step = graph.apply("ReduceMax", is_not, axes=[2], keepdims=0)
    number = np.arange(1, n_steps + 1, dtype=graph.dtype)
    numbers = graph.apply("Mul", is_step, number)
    last = graph.apply("ReduceMax", numbers, axes=[1], keepdims=0)
    return graph.cast(graph.apply("Max", last, 1.0), np.int64)


def _read(graph, cell, name, sequences, lengths, n_steps):
    """Last states of the layers that read sequences forwards and backwards.

    Sequences have shape (n_samples, n_steps, n_in); the states are side by side.
    """
    steps = graph.apply("Transpose", sequences, perm=[1, 0, 2])
    backwards = np.arange(n_steps)[::-1].copy()
    return graph.apply(
        "Concat",
        _last(graph, cell, f"{name} forwards", steps, lengths, np.arange(n_steps)),
        _last(graph, cell, f"{name} backwards", steps, lengths, backwards),
        axis=1,
    )


def _last(graph, cell, name, steps, lengths, order):
    """State of a layer that goes through steps in an order; those behind the end wait.

    Steps have shape (n_steps, n_samples, n_in).
    """
    coef, intercept = cell.layers[f"{name} inputs"]
    sums = graph.apply("Add", graph.apply("MatMul", steps, coef), intercept)
    shape = graph.apply("Concat", graph.apply("Shape", lengths), [1], axis=0)
    lengths = graph.apply("Reshape", lengths, shape)
    zeros = np.zeros((1, len(cell.layers[f"{name} recurrence"][0])), graph.dtype)
    memories = [graph.apply("Expand", zeros, shape)] * cell.n_memories

    def read(inner, i, *memories):
        t = inner.apply("Gather", order, i, axis=0)
        given = inner.apply("Gather", sums, t, axis=0)
        after = cell.step(inner, name, given, memories)
        is_there = inner.apply("Less", t, lengths)
        pairs = zip(after, memories, strict=True)
        return [inner.apply("Where", is_there, *pair) for pair in pairs], []

    memories, _ = graph.loop(len(order), read, [(m, graph.dtype) for m in memories])
    return memories[0]


def _write(graph, cell, vectors, token, n_steps):
    """Logits of steps that are written from vectors, and the last token.

    The logits have shape (n_steps, n_samples, n_tokens).
    """
    constant, memories = cell.conditions(graph, "writer", vectors)
    rows = cell.rows()

    def write(inner, step, token, *memories):
        row = inner.apply("Gather", rows, token, axis=0)
        sums = inner.apply("Add", row, constant)
        memories = cell.step(inner, "writer", sums, memories)
        logits = inner.affine(memories[0], cell.layers["output"])
        token = inner.apply("ArgMax", logits, axis=1, keepdims=0)
        return [token, *memories], [logits]

    carried = [(token, np.int64), *((m, graph.dtype) for m in memories)]
    (token, *_), (logits,) = graph.loop(n_steps, write, carried)
    return logits, token


class Cell:
    """The recurrent layers of a model, step by step.

    Parameters
    ----------
    model : RecurrentAutoencoder or VariationalRecurrentAutoencoder
    """

    def __init__(self, model):
        self.layers = model.layers_by_name()
        self.n_units = len(self.layers["writer recurrence"][0])
        self._advance = _CELLS[model.cell]
        # An LSTM has a cell beside its state.
        self.n_memories = 2 if model.cell == "lstm" else 1

    def rows(self):
        """What each token adds to the sums of the writer; the last row is for none."""
        coef, intercept = self.layers["writer inputs"]
        return np.vstack([coef, np.zeros_like(intercept)]) + intercept

    def conditions(self, graph, name, vectors):
        """The constant input that vectors give a layer, and its first memories."""
        start = graph.affine(vectors, self.layers[f"{name} start"])
        state = graph.apply("Tanh", start)
        constant = graph.affine(vectors, self.layers[f"{name} constant"])
        others = [graph.apply("Mul", state, 0.0)] * (self.n_memories - 1)
        return constant, [state, *others]

    def step(self, graph, name, sums, memories):
        """The memories of a layer after a step, the state first."""
        return self._advance(graph, sums, self.layers[f"{name} recurrence"], *memories)


def _gates(graph, x, n_gates, n):
    return [graph.cut(x, 1, gate * n, (gate + 1) * n) for gate in range(n_gates)]


def _gru(graph, sums, layer, state):
    n = len(layer[0])
    x = _gates(graph, sums, 3, n)
    u = _gates(graph, graph.affine(state, layer), 3, n)
    r, z = (
        graph.apply("Sigmoid", graph.apply("Add", *pair))
        for pair in zip(x[:2], u[:2], strict=True)
    )
    c = graph.apply("Add", x[2], graph.apply("Mul", r, u[2]))
    c = graph.apply("Tanh", c)
    difference = graph.apply("Mul", z, graph.apply("Sub", state, c))
    return [graph.apply("Add", c, difference)]


def _lstm(graph, sums, layer, state, cell):
    a = graph.apply("Add", sums, graph.affine(state, layer))
    i, f, g, o = _gates(graph, a, 4, len(layer[0]))
    i, f, o = (graph.apply("Sigmoid", gate) for gate in (i, f, o))
    kept = graph.apply("Mul", f, cell)
    new = graph.apply("Mul", i, graph.apply("Tanh", g))
    cell = graph.apply("Add", kept, new)
    return [graph.apply("Mul", o, graph.apply("Tanh", cell)), cell]


_CELLS = {"gru": _gru, "lstm": _lstm}
