"""`RecurrentAutoencoder`, an epoch a turn's step."""

from sklearn_c2c import RecurrentAutoencoder
from tests.benchmarks.corpora import piano_roll
from tests.benchmarks.peers import EPSILON, LEARNING_RATE


def train(task, rows, turns):
    """Train as `peers` says, by `partial_fit`."""
    X = piano_roll(rows.reshape(-1, task.n_steps), sparse_output=True)
    model = RecurrentAutoencoder(
        task.h,
        n_units=task.n_units,
        cell=task.cell.lower(),
        feedback_dropout=0,
        learning_rate="constant",
        learning_rate_init=LEARNING_RATE,
        epsilon=EPSILON,
        batch_size=task.batch_size,
        random_state=0,
    )
    while turns.goes_on():
        model.partial_fit(X)
    return model.loss_
