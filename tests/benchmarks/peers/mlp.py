"""scikit-learn's multilabel classifier of its own input, which is the same network."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from tests.benchmarks.corpora import piano_roll
from tests.benchmarks.peers import EPSILON, LEARNING_RATE


def train(task, rows, turns, *, sparse_input=False):
    warnings.simplefilter("ignore", ConvergenceWarning)
    X = piano_roll(rows, sparse_output=sparse_input)
    labels = piano_roll(rows, sparse_output=False).astype(int)
    model = MLPClassifier(
        (task.h,),
        activation="logistic",
        alpha=0,
        learning_rate_init=LEARNING_RATE,
        epsilon=EPSILON,
        batch_size=task.batch_size,
        random_state=0,
    )
    while turns.goes_on():
        model.partial_fit(X, labels, classes=np.arange(X.shape[1]))
    return model.loss_
