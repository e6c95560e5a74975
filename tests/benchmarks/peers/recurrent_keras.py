"""The same recurrent autoencoder in Keras, by `Model.fit`."""

import keras
from keras import layers, ops

from tests.benchmarks.corpora import piano_roll
from tests.benchmarks.peers import EPSILON, LEARNING_RATE
from tests.benchmarks.peers.with_keras import fit


def _cross_entropy(x, logits):
    """Of each step, summed over the steps of a melody."""
    return ops.sum(ops.categorical_crossentropy(x, logits, from_logits=True), axis=-1)


def _autoencoder(task, n_steps, n_tokens):
    """A model that maps steps of shape (n_samples, n_steps, n_tokens) to logits."""
    kind, n = getattr(layers, task.cell), task.n_units
    steps = keras.Input((n_steps, n_tokens))
    ends = layers.Bidirectional(kind(n))(steps)
    z = layers.Dense(task.h, activation="tanh")(ends)
    before = layers.Cropping1D((0, 1))(layers.ZeroPadding1D((1, 0))(steps))
    # The constant input goes beside the token.
    inputs = layers.Concatenate()([before, layers.RepeatVector(n_steps)(z)])
    start = layers.Dense(n, activation="tanh")(z)
    start = [start, ops.zeros_like(start)] if task.cell == "LSTM" else start
    states = kind(n, return_sequences=True)(inputs, initial_state=start)
    return keras.Model(steps, layers.Dense(n_tokens)(states))


def train(task, rows, turns, *, jit_compile="auto"):
    """Train as `peers` says, with the gradient's norm clipped at 1."""
    rows = rows.reshape(-1, task.n_steps)
    X = piano_roll(rows, sparse_output=False).reshape(*rows.shape, -1)
    model = _autoencoder(task, *X.shape[1:])
    adam = keras.optimizers.Adam(LEARNING_RATE, epsilon=EPSILON, global_clipnorm=1.0)
    model.compile(adam, _cross_entropy, jit_compile=jit_compile)
    return fit(model, X, task.batch_size, turns)
