import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.pipeline import make_pipeline

from sklearn_c2c import AttributeVariationalAutoencoder, PianoRollEncoder, metrics
from sklearn_c2c._nn.adam import resting
from sklearn_c2c._nn.layers import Chain, Dense
from sklearn_c2c._nn.threads import Workers
from sklearn_c2c.autoencoder import _attribute_stack
from sklearn_c2c.autoencoder._attribute_stack import (
    decided,
    pairwise_disorder,
    squared_error,
)
from tests.test_layers import GRADIENT

REGULARIZATIONS = ["given", "squared", "pairwise", "geodesic"]
NAMES = ["note_density", "mean_pitch"]


@pytest.fixture(scope="module")
def measures(reels):
    """Measures of the reels, without those that begin with a hold."""
    measures = np.unique(reels.reshape(-1, 16), axis=0)
    return measures[(measures[:, 0] < 128)]


@pytest.fixture(scope="module")
def fitted(measures):
    vae = AttributeVariationalAutoencoder(
        h=8,
        hidden_layer_sizes=(64,),
        attributes=NAMES,
        max_iter=60,
        n_iter_no_change=60,
        learning_rate_init=0.01,
        random_state=0,
    )
    y = metrics.attribute_values(measures, NAMES)
    return make_pipeline(PianoRollEncoder(), vae).fit(measures, y)


def one_step(model, X, y, weights, fixed):
    """Loss of one batch and the weights after one update; the noise is the same.

    The encoder that reads decodings keeps the weights `fixed`.
    """
    with model._network(X, y, resumes=False) as network:
        network.restore(weights)
        layers = [Dense(*map(resting, layer), Workers()) for layer in fixed]
        between = network.fixed_encoder.layers[1::2]
        parts = [part for pair in zip(layers, between) for part in pair]  # noqa: B905
        network.fixed_encoder = Chain(*parts, layers[-1])
        losses = network.step(X, y)
        network.apply_pending_updates()
    loss = sum(losses[name] for name in network.terms) / X.shape[0]
    return loss, network.copy_weights()


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("group_size", [4, None])
@pytest.mark.parametrize("regularization", REGULARIZATIONS)
def test_gradients(rng, monkeypatch, regularization, group_size, kind):
    """Gradient of the loss on probabilities, used for the loss on decisions."""
    monkeypatch.setattr(_attribute_stack, "decided", lambda p, group_size: p)
    X = rng.random((6, 12)) * (rng.random((6, 12)) < 0.4)
    X = sparse.csr_array(X) if kind == "sparse" else X
    y = rng.normal(size=(6, 2))
    model = AttributeVariationalAutoencoder(
        h=4,
        regularization=regularization,
        attribute_weight=0.7,
        control_weight=1.3,
        hidden_layer_sizes=(5,),
        hidden_activation="tanh",
        output="sigmoid" if group_size is None else "softmax",
        group_size=group_size,
        **GRADIENT,
    )
    shapes = model._layer_shapes(12, group_size)
    weights = [[rng.normal(size=s), 0.3 * rng.normal(size=s[1])] for s in shapes]
    fixed = [[part.copy() for part in layer] for layer in weights[:2]]
    _, after = one_step(model, X, y, weights, fixed)
    for i, layer in enumerate(weights):
        for j, before in enumerate(layer):
            direction = rng.normal(size=before.shape)
            ends = []
            for sign in (1, -1):
                layer[j] = before + sign * 1e-5 * direction
                ends.append(one_step(model, X, y, weights, fixed)[0])
            layer[j] = before
            central = (ends[0] - ends[1]) / 2e-5
            found = ((before - after[i][j]) * direction).sum()
            assert_allclose(found, central, rtol=1e-6, atol=1e-8)


def test_the_pairwise_loss_is_its_definition(rng):
    z, y = rng.normal(size=(7, 5)), rng.integers(0, 3, size=(7, 2)).astype(float)
    total = 0.0
    for k in range(2):
        for i in range(7):
            for j in range(7):
                tanh = np.tanh(10 * (z[i, k] - z[j, k]))
                total += abs(tanh - np.sign(y[i, k] - y[j, k])) / 7
    loss, delta = pairwise_disorder(z, y)
    assert_allclose(loss, total, rtol=1e-12)
    assert (delta[:, 2:] == 0).all()
    ordered = 100 * y
    assert pairwise_disorder(np.hstack([ordered, z[:, 2:]]), y)[0] < 1e-12


def test_what_is_decided_is_the_largest_of_each_group(rng):
    p = rng.random((3, 8))
    groups = decided(p, 4).toarray().reshape(3, 2, 4)
    assert_array_equal(groups.argmax(axis=2), p.reshape(3, 2, 4).argmax(axis=2))
    assert_array_equal(groups.sum(axis=2), 1)
    assert_array_equal(decided(p, None).toarray(), p.round())
    tied = np.full((1, 4), 0.25)  # one value each, also if several are the largest
    assert decided(tied, 4).sum() == 1


def test_squared_error_leaves_the_other_latents_alone(rng):
    mu, y = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    loss, delta = squared_error(mu, y)
    assert_allclose(loss, ((mu[:, :2] - y) ** 2).sum())
    assert_allclose(delta[:, :2], 2 * (mu[:, :2] - y))
    assert (delta[:, 2] == 0).all()


def test_the_first_latents_are_the_attributes(fitted, measures):
    vae = fitted[-1]
    y = metrics.attribute_values(measures, NAMES)
    assert_allclose(vae.attribute_mean_, y.mean(axis=0))
    assert_allclose(vae.attribute_scale_, y.std(axis=0))
    Z = fitted.transform(measures)
    values = Z[:, :2] * vae.attribute_scale_ + vae.attribute_mean_
    for found, asked in zip(values.T, y.T, strict=True):
        assert metrics.control_r2(asked, found) > 0.9
    free = np.corrcoef(Z.T, y.T)[2:8, 8:] ** 2
    assert free.max() < 0.5  # the other latents predict them less well


def test_control_makes_the_decoder_obey(measures):
    functions = metrics.attributes(NAMES)
    y = metrics.attribute_values(measures, NAMES)
    missed = []
    for weight in (0.0, 3.0):
        vae = AttributeVariationalAutoencoder(
            h=8, hidden_layer_sizes=(64,), control_weight=weight, max_iter=60,
            regularization="squared", learning_rate_init=0.01, random_state=0,
            n_iter_no_change=60,
        )  # fmt: skip
        model = make_pipeline(PianoRollEncoder(), vae).fit(measures, y)
        table = metrics.slider_control(model, measures, functions, random_state=0)
        missed.append(1 - table.control_r2["mean"])
    assert missed[1] < 0.75 * missed[0]


def test_given_attributes_cost_nothing_and_have_the_prior_of_the_data(fitted):
    vae = fitted[-1]
    assert_array_equal(vae.kl_per_latent_[:2], 0)
    assert vae.kl_per_latent_[2:].max() > 0.1
    Z = vae.sample_prior(20_000, random_state=0)
    assert_allclose(np.corrcoef(Z[:, :2].T), vae.attribute_correlation_, atol=0.05)
    assert_allclose(np.corrcoef(Z[:, 2:].T), np.eye(6), atol=0.05)
    assert_array_equal(Z, vae.sample_prior(20_000, random_state=0))


def test_curves_add_up_and_dtype_stays(fitted, measures):
    vae = fitted[-1]
    terms = vae.reconstruction_curve_, vae.attribute_curve_, vae.control_curve_
    divergence = 0.2 * np.array(vae.kl_curve_)
    assert_allclose(vae.loss_curve_, sum(map(np.array, terms)) + divergence, rtol=1e-6)
    assert fitted.transform(measures).dtype == np.float32


@pytest.mark.parametrize("regularization", REGULARIZATIONS)
def test_going_on_is_bit_for_bit(measures, regularization):
    roll = PianoRollEncoder().fit_transform(measures)
    y = metrics.attribute_values(measures, NAMES)
    settings = dict(
        h=4, hidden_layer_sizes=(8,), regularization=regularization, random_state=0
    )
    whole = AttributeVariationalAutoencoder(max_iter=3, **settings).fit(roll, y)
    parts = AttributeVariationalAutoencoder(**settings)
    for _ in range(3):
        parts.partial_fit(sparse.csr_array(roll), y)
    for name in ("coefs_", "intercepts_"):
        for one, other in zip(getattr(whole, name), getattr(parts, name), strict=True):
            assert_array_equal(one, other)
    assert whole.score(roll) == parts.score(roll)


def test_evaluation_knows_the_attributes(fitted, measures):
    roll = fitted[0].transform(measures)
    vae, y = fitted[-1], metrics.attribute_values(measures, NAMES)
    with vae._fitted_stack() as stack:
        found = stack.evaluate(roll, y) - stack.evaluate(roll)
    scores = (y - vae.attribute_mean_) / vae.attribute_scale_
    error = ((vae.transform(roll)[:, :2] - scores) ** 2).sum(axis=1)
    assert_allclose(found, vae.attribute_weight * error.mean(), rtol=1e-4)


def test_early_stopping(measures):
    roll = PianoRollEncoder().fit_transform(measures)
    y = metrics.attribute_values(measures, NAMES)
    model = AttributeVariationalAutoencoder(
        h=4, hidden_layer_sizes=(8,), early_stopping=True, max_iter=3, random_state=0
    ).fit(roll, y)
    assert len(model.validation_loss_curve_) == 3


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y to be passed, but the target y is None"),
        (np.zeros((5, 1)), "Found y with 5 rows; expected one for each of the 6"),
        (np.full((6, 1), np.nan), "NaN"),
        (np.full((6, 1), 1e200), "expected attributes of at most"),
        (np.zeros((6, 9)), "y has 9 attributes, but h=4"),
        (np.zeros((6, 2)), r"attributes=\['pitch'\] has 1 names, but y has 2 columns"),
    ],
)
def test_bad_attributes_are_refused(rng, y, message):
    X = (rng.random((6, 8)) < 0.5).astype(float)
    model = AttributeVariationalAutoencoder(h=4, attributes=["pitch"], output="sigmoid")
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)


def test_other_attributes_later_are_refused(rng):
    X = (rng.random((6, 8)) < 0.5).astype(float)
    model = AttributeVariationalAutoencoder(h=4, output="sigmoid", max_iter=1)
    model.partial_fit(X, np.zeros((6, 2)))
    with pytest.raises(ValueError, match=r"y has 1 attributes, .* fitted with 2"):
        model.partial_fit(X, np.zeros(6))
