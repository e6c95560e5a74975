"""Over 300 epochs the sparse path stays on the loss curve of plain dense Adam."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_c2c import Autoencoder, PianoRollEncoder
from tests import reference

pytestmark = pytest.mark.integration

_N_EPOCHS = 300
# The first two measures suffice, and are fast.
_N_STEPS = 32


def dense_loss_curve(model, start, X, epochs):
    """Mean loss of each epoch, an array of batches of rows, of dense float64 Adam."""
    losses = reference.train(
        [
            array.astype(np.float64)
            for arrays in zip(*start.copy_weights(), strict=True)
            for array in arrays
        ],
        X.toarray().astype(np.float64),
        [batch for epoch in epochs for batch in epoch],
        model.activation,
        start.group_size,
        model.learning_rate_init,
        (model.beta_1, model.beta_2),
        model.epsilon,
    )
    return np.reshape(losses, np.shape(epochs)[:2]).mean(axis=1)


@pytest.fixture(params=[(np.float64, 1e-10), (np.float32, 1e-5)], ids=str)
def data(request, reels):
    """60 reels as CSR in some dtype, and the tolerance for it."""
    dtype, rtol = request.param
    encoder = PianoRollEncoder((55, 83), dtype=dtype, sparse_output=True)
    X = encoder.fit_transform(reels[:60])
    return X[:, : _N_STEPS * encoder.n_tokens_], rtol


# At a rate of 1e-2 the curve depends on rounding after some 200 epochs: there plain
# float32 Adam in NumPy differs from float64 by 1e-3 as well.
@pytest.mark.parametrize(
    "settings",
    [
        dict(init="glorot", output_bias_init="zeros", learning_rate_init=1e-3),
        dict(init="pca", output_bias_init="marginals", learning_rate_init=3e-3),
    ],
    ids=["glorot", "pca"],
)
@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_the_loss_curve_is_that_of_dense_adam(data, output, settings):
    X, rtol = data
    model = Autoencoder(
        h=8,
        output=output,
        batch_size=20,
        max_iter=_N_EPOCHS,
        tol=0,
        n_iter_no_change=_N_EPOCHS,
        random_state=3,
        **settings,
    )
    start, epochs = model._network(X, None, resumes=False), []
    for _ in range(_N_EPOCHS):
        order = np.arange(60)
        start.history.rng.shuffle(order)
        epochs.append(order.reshape(3, 20))
    expected = dense_loss_curve(model, start, X, epochs)
    assert_allclose(model.fit(X).loss_curve_, expected, rtol=rtol)


def test_columns_not_seen_for_long_are_where_dense_adam_has_them(data):
    # 1,200 updates without them: their first moments fall below the smallest normal
    # number of float32. Then they come again.
    X, rtol = data
    early, late = np.arange(20).reshape(4, 5), np.arange(20, 40).reshape(4, 5)
    epochs = [early, early, *[late] * _N_EPOCHS, early, early]
    model = Autoencoder(
        h=8, init="glorot", learning_rate_init=1e-3, batch_size=5, shuffle=False,
        random_state=3,
    )  # fmt: skip
    assert np.setdiff1d(X[:20].indices, X[20:40].indices).size > 50
    start = model._network(X[:20], None, resumes=False)
    for epoch in epochs:
        model.partial_fit(X[epoch.ravel()])
    expected = dense_loss_curve(model, start, X, epochs)
    assert_allclose(model.loss_curve_, expected, rtol=rtol)
