"""`Model.fit`, compiled by the backend that ``KERAS_BACKEND`` names."""

import keras
from keras import ops

from tests.benchmarks.corpora import piano_roll
from tests.benchmarks.peers import EPSILON, LEARNING_RATE

_NO_END = 10**9


class _Draw(keras.layers.Layer):
    """The sampled latent vector; its divergence is added to the loss."""

    def __init__(self):
        super().__init__()
        self._seed = keras.random.SeedGenerator(0)

    def call(self, code):
        mu, log_var = ops.split(code, 2, axis=1)
        kl = ops.sum(mu * mu + ops.expm1(log_var) - log_var, axis=1) / 2
        self.add_loss(ops.mean(kl))
        return mu + ops.exp(log_var / 2) * keras.random.normal(
            ops.shape(mu), seed=self._seed
        )


def _cross_entropy(x, logits):
    return ops.sum(ops.binary_crossentropy(x, logits, from_logits=True), axis=-1)


def train(task, rows, turns):
    X = piano_roll(rows, sparse_output=False)
    encoder = (
        [keras.layers.Dense(2 * task.h), _Draw()]
        if task.variational
        else [keras.layers.Dense(task.h, activation="sigmoid")]
    )
    layers = [keras.Input(X.shape[1:]), *encoder, keras.layers.Dense(X.shape[1])]
    model = keras.Sequential(layers)
    adam = keras.optimizers.Adam(LEARNING_RATE, epsilon=EPSILON)
    model.compile(adam, _cross_entropy)
    return fit(model, X, task.batch_size, turns)


def fit(model, X, batch_size, turns):
    """Train a compiled model to reconstruct X; return the loss of the last epoch."""
    losses = []

    def hand_over(_, logs):
        losses.append(logs["loss"])
        model.stop_training = not turns.goes_on()

    turns.goes_on()
    model.fit(
        X,
        X,
        batch_size=batch_size,
        epochs=_NO_END,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=hand_over)],
    )
    return losses[-1]
