"""Encoder and decoder with a branch for pitches and one for rhythm, as operators."""

import numpy as np

from sklearn_c2c.onnx._dense import chain, means, softmax


def encode(graph, model, x):
    """Latent vectors of piano rolls: of the pitches, then of the rhythm.

    Parameters
    ----------
    graph : Graph
    model : PitchRhythmAutoencoder
    x : str
        Piano rolls.

    Returns
    -------
    str
    """
    encoders, _ = _branches(model)
    parts, hidden = _split(graph, _layout(model), x), model.hidden_activation
    codes = [
        chain(graph, part, means(layers, len(layers[-1][1]) // 2), hidden)
        for part, layers in zip(parts, encoders, strict=True)
    ]
    return graph.apply("Concat", *codes, axis=1)


def decode(graph, model, z):
    """Probabilities of the tokens of latent vectors; for parameters see `encode`."""
    layout, (_, decoders) = _layout(model), _branches(model)
    codes = (
        graph.cut(z, 1, branch.start, branch.stop)
        for branch in model.branches_.values()
    )
    pitches, rhythm = (
        softmax(
            graph,
            chain(graph, code, layers, model.hidden_activation),
            layout.n_steps * size,
            size,
        )
        for code, layers, size in zip(codes, decoders, layout.part_sizes, strict=True)
    )
    return _place(graph, layout, pitches, rhythm)


def _layout(model):
    return model._layout(model.n_features_in_, model.group_size_)


def _branches(model):
    """Layers of both encoders, and of both decoders."""
    layers = list(zip(model.coefs_, model.intercepts_, strict=True))
    n = len(layers) // 4
    pitch_in, pitch_out, rhythm_in, rhythm_out = (
        layers[i * n : (i + 1) * n] for i in range(4)
    )
    return (pitch_in, rhythm_in), (pitch_out, rhythm_out)


def _split(graph, layout, x):
    """Pitches in order in each measure, and rhythm, in columns.

    A product with a matrix of zeros and ones puts each pitch in its place.
    """
    n_pitches, n_rhythm = layout.part_sizes
    n_steps, n_tokens = layout.n_steps, layout.n_tokens
    steps = graph.apply("Reshape", x, [0, n_steps, n_tokens])
    pitches = graph.cut(steps, 2, 0, n_pitches)
    onset = graph.apply("Min", graph.apply("ReduceSum", pitches, [2]), 1.0)
    others = graph.cut(steps, 2, n_pitches, n_tokens)
    rhythm = graph.apply("Concat", onset, others, axis=2)
    token = graph.apply("ArgMax", steps, axis=2)
    is_onset = graph.cast(graph.apply("Less", token, np.int64(n_pitches)), graph.dtype)
    pitches, is_onset = (
        _by_measure(graph, layout, *part)
        for part in ((pitches, n_pitches), (is_onset, 1))
    )
    place = graph.apply("CumSum", is_onset, np.int64(2), exclusive=1)
    # Rows of places and columns of steps. Not by Transpose: older versions of ONNX
    # Runtime fuse it with the product, and cannot compute that in float64.
    place, is_onset = (
        graph.apply("Reshape", column, [0, 0, 1, -1]) for column in (place, is_onset)
    )
    places = np.arange(layout.steps_per_measure, dtype=graph.dtype)[:, np.newaxis]
    is_at = graph.cast(graph.apply("Equal", place, places), graph.dtype)
    notes = graph.apply("MatMul", graph.apply("Mul", is_at, is_onset), pitches)
    return (
        _by_melody(graph, layout, notes, n_pitches),
        graph.apply("Reshape", rhythm, [0, n_steps * n_rhythm]),
    )


def _place(graph, layout, pitches, rhythm):
    """Probabilities of tokens: see `place` of the estimator's stack."""
    n_pitches, n_rhythm = layout.part_sizes
    notes = _by_measure(graph, layout, pitches, n_pitches)
    steps = _by_measure(graph, layout, rhythm, n_rhythm)
    onset = graph.cut(steps, 3, 0, 1)
    at_onset = graph.apply("MatMul", _counts(graph, layout, onset), notes)
    at_onset = graph.apply("Mul", onset, at_onset)
    others = graph.cut(steps, 3, 1, n_rhythm)
    tokens = graph.apply("Concat", at_onset, others, axis=3)
    return _by_melody(graph, layout, tokens, layout.n_tokens)


def _counts(graph, layout, onset):
    """Distributions of the number of onsets before each step of a measure.

    ``c_{t+1}(k) = c_t(k) * (1 - onset_t) + c_t(k - 1) * onset_t``, from
    ``c_0(0) = 1`` on.
    """
    n = layout.steps_per_measure
    by_step = graph.apply("Transpose", onset, perm=[2, 0, 1, 3])
    first = graph.apply("Reshape", onset, [0, 0, n])
    first = graph.apply("Mul", first, 0.0)
    first = graph.apply("Add", first, np.eye(1, n, dtype=graph.dtype)[0])

    def advance(inner, t, counts):
        p = inner.apply("Gather", by_step, t, axis=0)
        one_more = inner.apply("Pad", counts, [0, 0, 1, 0, 0, -1])
        same = inner.apply("Mul", inner.apply("Sub", 1.0, p), counts)
        more = inner.apply("Mul", p, one_more)
        return [inner.apply("Add", same, more)], [inner.apply("Identity", counts)]

    _, (counts,) = graph.loop(n, advance, [(first, graph.dtype)])
    return graph.apply("Transpose", counts, perm=[1, 2, 0, 3])


def _by_measure(graph, layout, x, width):
    """Split steps of some columns into measures; zeros fill up the last one."""
    n_measures, n = layout.n_measures, layout.steps_per_measure
    missing = n_measures * n - layout.n_steps
    x = graph.apply("Pad", x, [0, 0, 0, 0, missing, 0])
    return graph.apply("Reshape", x, [0, n_measures, n, width])


def _by_melody(graph, layout, x, width):
    """Undo `_by_measure`, and put the steps side by side."""
    n_steps = layout.n_measures * layout.steps_per_measure
    x = graph.apply("Reshape", x, [0, n_steps, width])
    x = graph.cut(x, 1, 0, layout.n_steps)
    return graph.apply("Reshape", x, [0, layout.n_steps * width])
