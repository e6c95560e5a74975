"""`SoftmaxRBM`: an epoch of training, or Gibbs sampling of its chains."""

from sklearn_c2c import SoftmaxRBM
from tests.benchmarks.corpora import piano_roll
from tests.benchmarks.peers import EPSILON, LEARNING_RATE


def train(task, rows, turns):
    """Train by `partial_fit`, or draw from a fitted model."""
    X = piano_roll(rows, sparse_output=False)
    model = SoftmaxRBM(
        task.n_components,
        n_chains=task.batch_size,
        batch_size=task.batch_size,
        learning_rate_init=LEARNING_RATE,
        epsilon=EPSILON,
        random_state=0,
    ).partial_fit(X)
    V = X[: task.n_drawn]
    while turns.goes_on():
        if task.n_drawn:
            V = model.gibbs(V, n_steps=task.n_gibbs, random_state=0)
        else:
            model.partial_fit(X)
    return model.loss_
