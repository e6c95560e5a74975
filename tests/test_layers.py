"""Gradients of every kind of network, as in training, against differences."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse

from sklearn_c2c import (
    Autoencoder,
    PitchRhythmAutoencoder,
    RecurrentAutoencoder,
    VariationalAutoencoder,
    VariationalRecurrentAutoencoder,
)
from sklearn_c2c._nn.gaussian import GaussianCode

# With these settings an update of Adam is the gradient itself, to eight digits.
GRADIENT = dict(
    learning_rate_init=1e9, epsilon=1e9, beta_1=0.0, beta_2=0.0, random_state=1
)

MODELS = {
    "plain": Autoencoder(h=3),
    "softmax": Autoencoder(h=3, output="softmax", group_size=4),
    "stacked": Autoencoder(h=2, hidden_layer_sizes=(7, 5), hidden_activation="sigmoid"),
    "tied": Autoencoder(h=3, tied=True),
    "tied stack": Autoencoder(
        h=2, hidden_layer_sizes=(6,), tied=True, activation="tanh"
    ),
    "variational": VariationalAutoencoder(h=3, output="sigmoid"),
    "weighted": VariationalAutoencoder(h=3, beta=4.0, group_size=4),
    "free bits": VariationalAutoencoder(h=4, free_bits=0.02, group_size=4),
    "free bits of the sum": VariationalAutoencoder(
        h=4, free_bits=1.0, free_bits_scope="total", group_size=4
    ),
    "all bits are free": VariationalAutoencoder(
        h=4, free_bits=99.0, free_bits_scope="total", group_size=4
    ),
    "sparse prior": VariationalAutoencoder(
        h=3, prior="sparse", beta=0.7, aggregate_weight=2.0, group_size=4
    ),
    "mixture": VariationalAutoencoder(
        h=2, prior="mixture", aggregate_weight=0.5, output="sigmoid"
    ),
    "deep variational": VariationalAutoencoder(
        h=2, hidden_layer_sizes=(5,), group_size=4
    ),
    "pitch and rhythm": PitchRhythmAutoencoder(2, 3, group_size=4, beta=2.0),
    "deep pitch and rhythm": PitchRhythmAutoencoder(
        3, 2, group_size=4, steps_per_measure=2, hidden_layer_sizes=(5,)
    ),
    "variational recurrent": VariationalRecurrentAutoencoder(
        2,
        n_units=3,
        group_size=4,
        beta=1.5,
        free_bits=0.02,
        free_bits_scope="total",
        clip_norm=1e9,
    ),
    "recurrent": RecurrentAutoencoder(3, n_units=4, group_size=4, clip_norm=1e9),
    "recurrent, own tokens": VariationalRecurrentAutoencoder(
        2, n_units=5, group_size=4, decoder_input="own", clip_norm=1e9
    ),
    "LSTM": RecurrentAutoencoder(
        3, n_units=4, cell="lstm", group_size=4, clip_norm=1e9
    ),
}


def one_step(model, X, coefs, intercepts):
    """Loss of one batch and the weights after one update; the noise is the same."""
    with model._network(X, None, resumes=False) as network:
        network.restore(list(zip(coefs, intercepts, strict=True)))
        losses = network.step(X)
        network.apply_pending_updates()
    loss = sum(losses[name] for name in network.terms) / X.shape[0]
    layers = zip(*network.copy_weights(), strict=True)
    return loss, *map(list, layers)


def tie(coefs):
    """Give the decoder the weights of the encoder, transposed."""
    n = len(coefs) // 2
    coefs[n:] = [coef.T for coef in coefs[n - 1 :: -1]]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("kind", ["dense", "sparse", "many samples"])
def test_gradients(rng, name, kind):
    n_samples = 70 if kind == "many samples" else 6
    X = rng.random((n_samples, 12)) * (rng.random((n_samples, 12)) < 0.4)
    X = sparse.csr_array(X) if kind == "sparse" else X
    model = MODELS[name].set_params(**GRADIENT)
    model.n_features_in_, model.has_end_ = X.shape[1], False
    shapes = model._layer_shapes(12, 4)
    coefs = [0.7 * rng.normal(size=shape) for shape in shapes]
    intercepts = [0.3 * rng.normal(size=n_out) for _, n_out in shapes]
    is_tied = getattr(model, "tied", False)
    if is_tied:
        tie(coefs)
    _, coefs_after, intercepts_after = one_step(model, X, coefs, intercepts)
    n_free = len(coefs) // 2 if is_tied else len(coefs)
    for weights, after in (
        (coefs, coefs_after[:n_free]),
        (intercepts, intercepts_after),
    ):
        for i in range(len(after)):
            before = weights[i]
            direction = rng.normal(size=before.shape)
            ends = []
            for sign in (1, -1):
                weights[i] = before + sign * 1e-5 * direction
                if is_tied:
                    tie(coefs)
                ends.append(one_step(model, X, coefs, intercepts)[0])
            weights[i] = before
            if is_tied:
                tie(coefs)
            central = (ends[0] - ends[1]) / 2e-5
            found = ((before - after[i]) * direction).sum()
            assert_allclose(found, central, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("name", MODELS)
def test_the_decoder_s_vjp(rng, name):
    X = rng.random((20, 12)) * (rng.random((20, 12)) < 0.4)
    model = MODELS[name].set_params(
        learning_rate_init=0.01, epsilon=1e-8, beta_1=0.9, beta_2=0.999, max_iter=3
    )
    model.fit(X)
    Z = model.transform(X)[:5]
    cotangent, direction = rng.normal(size=(5, 12)), rng.normal(size=Z.shape)
    p, vjp = model.decode_with_vjp(Z)
    assert_allclose(p, model.inverse_transform(Z), rtol=0)
    step = 1e-5 * direction
    ends = [model.inverse_transform(Z + sign * step) for sign in (1, -1)]
    central = (cotangent * (ends[0] - ends[1])).sum() / 2e-5
    assert_allclose((vjp(cotangent) * direction).sum(), central, rtol=1e-8, atol=1e-8)


def test_extreme_log_variances_stay_finite():
    code = GaussianCode(np.random.RandomState(0), 0.0)
    a = np.array([[0.0, 1e4], [0.0, -1e4]], np.float32)
    z, pull_back = code(a)
    delta = pull_back(np.ones_like(z))
    assert np.isfinite(z).all() and np.isfinite(delta).all() and np.isfinite(code.cost)


def test_tied_weights_are_one(rng):
    X = rng.random((30, 12))
    model = Autoencoder(h=4, hidden_layer_sizes=(6,), tied=True, random_state=0).fit(X)
    for encoder, decoder in zip(model.coefs_[:2], model.coefs_[:1:-1], strict=True):
        assert_allclose(decoder, encoder.T, rtol=0)
    again = Autoencoder(
        h=4, hidden_layer_sizes=(6,), tied=True, random_state=0, max_iter=50,
        warm_start=True, tol=0, n_iter_no_change=99,
    )  # fmt: skip
    again.fit(X).fit(X)
    assert_allclose(again.coefs_[0], model.coefs_[0], rtol=0)
    assert model.loss_curve_[-1] < model.loss_curve_[0]
