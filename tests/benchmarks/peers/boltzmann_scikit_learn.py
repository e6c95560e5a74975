"""`BernoulliRBM` of scikit-learn: binary units without groups, plain descent."""

import numpy as np
from sklearn.neural_network import BernoulliRBM
from sklearn.utils import gen_batches

from tests.benchmarks.corpora import piano_roll
from tests.benchmarks.peers import LEARNING_RATE


def train(task, rows, turns):
    """Train by `partial_fit` of batches, whose size is the number of its chains."""
    X = piano_roll(rows, sparse_output=False)
    rng = np.random.default_rng(0)
    model = BernoulliRBM(task.n_components, learning_rate=LEARNING_RATE, random_state=0)
    # Chains are as many as the samples of the first batch, which others must equal.
    batches = list(gen_batches(len(X), task.batch_size, min_batch_size=task.batch_size))
    model.partial_fit(X[batches[0]])
    V = X[: task.n_drawn]
    while turns.goes_on():
        if task.n_drawn:
            for _ in range(task.n_gibbs):
                V = model.gibbs(V).astype(X.dtype)
            continue
        order = rng.permutation(len(X))
        for batch in batches:
            model.partial_fit(X[order[batch]])
    return -model.score_samples(X).mean()
