"""`Autoencoder.fit`, as users call it; a callback ends the turn after each epoch."""

from sklearn_c2c import Autoencoder, VariationalAutoencoder
from tests.benchmarks.corpora import piano_roll
from tests.benchmarks.peers import EPSILON, LEARNING_RATE

NO_END = 10**9


class HandOver:
    """A callback that lets the next peer have its turn."""

    def __init__(self, turns):
        self._turns = turns

    def setup(self, estimator, context): ...

    def teardown(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context): ...

    def on_fit_task_end(self, estimator, context):
        return context.task_name.startswith("epoch") and not self._turns.goes_on()


def train(task, rows, turns):
    X = piano_roll(rows, sparse_output=True)
    kind = VariationalAutoencoder if task.variational else Autoencoder
    model = kind(
        task.h,
        output="sigmoid",
        init="glorot",
        output_bias_init="zeros",
        learning_rate_init=LEARNING_RATE,
        epsilon=EPSILON,
        batch_size=task.batch_size,
        max_iter=NO_END,
        tol=0,
        n_iter_no_change=NO_END,
        random_state=0,
    )
    model.set_callbacks(HandOver(turns))
    turns.goes_on()
    return model.fit(X).loss_
