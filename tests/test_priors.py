"""Priors of several components, the divergence from them, and the discrepancy."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from scipy.special import logsumexp
from sklearn.pipeline import make_pipeline

from sklearn_c2c import (
    PianoRollEncoder,
    VariationalAutoencoder,
    generation,
    persistence,
)
from sklearn_c2c._nn import priors
from sklearn_c2c._nn.priors import PRIORS, discrepancy
from sklearn_c2c.persistence import load, save

POSTERIORS = [
    (0.0, 0.0),
    (1.5, 0.0),
    (-0.7, 1.2),
    (0.1, -3.0),
    (0.9, -2.0),
    (0.02, -6.0),
]


def divergence_by_integral(prior, mu, log_var):
    """The KL divergence, as a sum over a fine grid."""
    q = stats.norm(mu, np.exp(log_var / 2))
    z = mu + q.std() * np.linspace(-12, 12, 200_001)
    parts = zip(prior.weights, prior.means, prior.scales, strict=True)
    logs = [np.log(weight) + stats.norm(*place).logpdf(z) for weight, *place in parts]
    return np.trapezoid(q.pdf(z) * (q.logpdf(z) - logsumexp(logs, axis=0)), z)


@pytest.mark.parametrize(("mu", "log_var"), POSTERIORS)
def test_the_divergence_from_one_component_is_the_integral(mu, log_var):
    for prior in (PRIORS["normal"], priors.Prior((1.0,), (0.4,), (0.3,))):
        found, *_ = prior.divergence(np.array(mu), np.array(log_var))
        expected = divergence_by_integral(prior, mu, log_var)
        assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", ["sparse", "mixture"])
@pytest.mark.parametrize(("mu", "log_var"), POSTERIORS)
def test_the_divergence_from_several_components_is_a_bound(name, mu, log_var):
    found, *_ = PRIORS[name].divergence(np.array(mu), np.array(log_var))
    assert found > divergence_by_integral(PRIORS[name], mu, log_var) + 1e-3


@pytest.mark.parametrize(
    ("name", "mu", "log_var"), [("mixture", 1.2, -6.0), ("sparse", 1.5, -4.0)]
)
def test_the_bound_is_exact_within_one_component(name, mu, log_var):
    found, *_ = PRIORS[name].divergence(np.array(mu), np.array(log_var))
    expected = divergence_by_integral(PRIORS[name], mu, log_var)
    assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("name", PRIORS)
def test_gradients_of_the_divergence(rng, name):
    mu, log_var = rng.normal(size=(2, 6, 3))
    log_var[0], mu[0] = -7, [0.01, 0.1, -0.2]
    found, by_mu, by_log_var = PRIORS[name].divergence(mu, log_var)
    assert (found >= 0).all()
    for gradient, by in ((by_mu, (1e-6, 0)), (by_log_var, (0, 1e-6))):
        ends = [
            PRIORS[name].divergence(mu + sign * by[0], log_var + sign * by[1])[0]
            for sign in (1, -1)
        ]
        assert_allclose(gradient, (ends[0] - ends[1]) / 2e-6, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", PRIORS)
def test_draws_have_the_distribution(name):
    prior = PRIORS[name]
    draws = prior.sample(np.random.RandomState(0), (20_000, 2))
    assert_allclose(np.corrcoef(draws.T)[0, 1], 0, atol=0.03)

    def distribution(z):
        parts = zip(prior.weights, prior.means, prior.scales, strict=True)
        return sum(w * stats.norm(mean, scale).cdf(z) for w, mean, scale in parts)

    for latent in draws.T:
        assert stats.kstest(latent, distribution).pvalue > 0.01
    if name != "normal":
        assert stats.kstest(draws[:, 0], "norm").pvalue < 1e-9


# ------------------------------------------------------------------------ discrepancy


def discrepancy_by_pairs(z, p):
    """Discrepancy of one latent, pair by pair."""

    def kernel(a, b):
        scales = (0.1, 0.2, 0.5, 1, 2, 5)
        return sum(2 * scale / (2 * scale + (a - b) ** 2) for scale in scales)

    n = len(z)
    others = [(i, j) for i in range(n) for j in range(n) if i != j]
    alike = sum(kernel(x[i], x[j]) for x in (z, p) for i, j in others) / len(others)
    return alike - 2 * sum(kernel(a, b) for a in z for b in p) / n**2


@pytest.mark.parametrize("most", [1, 100, 2**20])
def test_the_discrepancy_is_that_of_its_definition(rng, monkeypatch, most):
    monkeypatch.setattr(priors, "_MOST_DIFFERENCES", most)
    z, p = rng.normal(size=(2, 6, 5)) * [0.05, 0.5, 1, 3, 1]
    z[:, 4] += 2
    value, delta = discrepancy(z, p)
    columns = zip(z.T, p.T, strict=True)
    assert_allclose(value, sum(discrepancy_by_pairs(*pair) for pair in columns))
    direction = rng.normal(size=z.shape)
    ends = [discrepancy(z + sign * direction, p)[0] for sign in (1e-5, -1e-5)]
    central = (ends[0] - ends[1]) / 2e-5
    assert_allclose((delta * direction).sum(), central, rtol=1e-8, atol=1e-8)


def test_the_discrepancy_is_0_on_average_where_nothing_differs(rng):
    same = [discrepancy(*rng.normal(size=(2, 20, 1)))[0] for _ in range(2000)]
    assert abs(np.mean(same)) < 4 * np.std(same) / 2000**0.5
    prior = PRIORS["sparse"]
    other = [
        discrepancy(rng.normal(size=(20, 1)), prior.sample(np.random, (20, 1)))[0]
        for _ in range(200)
    ]
    assert np.mean(other) > 10 * np.std(same) / 200**0.5


# -------------------------------------------------------------------------- estimator


@pytest.fixture(scope="module")
def roll(reels):
    return PianoRollEncoder((55, 83)).fit_transform(reels)


def test_the_default_is_the_normal_prior_and_draws_are_the_same_bits(roll):
    model = VariationalAutoencoder(h=4, max_iter=2, random_state=0).fit(roll)
    expected = np.random.RandomState(3).standard_normal((5, 4)).astype(np.float32)
    assert_array_equal(model.sample_prior(5, random_state=3), expected)


@pytest.mark.parametrize("name", ["sparse", "mixture"])
def test_draws_are_of_the_model_s_own_prior(reels, name, tmp_path):
    vae = VariationalAutoencoder(h=3, prior=name, max_iter=2, random_state=0)
    model = make_pipeline(PianoRollEncoder((55, 83)), vae).fit(reels)
    Z = vae.sample_prior(4000, random_state=0)
    assert Z.dtype == np.float32
    expected = PRIORS[name].sample(np.random.RandomState(1), 4000)
    assert stats.ks_2samp(Z[:, 1], expected).pvalue > 0.01
    melodies = generation.sample(model, n_samples=5, method="prior", random_state=7)
    codes = vae.sample_prior(5, random_state=7)
    assert_array_equal(melodies, model.inverse_transform(codes))
    save(model, tmp_path / "model.c2c")
    restored = load(tmp_path / "model.c2c")[-1]
    assert_array_equal(restored.sample_prior(5, random_state=7), codes)


def test_the_discrepancy_falls_and_is_in_the_loss(roll):
    settings = dict(h=4, beta=0.2, prior="mixture", max_iter=40, random_state=0)
    with_it, without = (
        VariationalAutoencoder(aggregate_weight=weight, **settings).fit(roll)
        for weight in (20.0, 0.0)
    )
    bound = np.array(without.reconstruction_curve_) + 0.2 * np.array(without.kl_curve_)
    assert_allclose(without.loss_curve_, bound)
    found = []
    for model in (with_it, without):
        Z = np.vstack(
            [model.sample_posterior(roll, random_state=seed) for seed in range(4)]
        )
        found.append(discrepancy(Z, model.sample_prior(len(Z), random_state=0))[0])
    assert found[0] < 0.5 * found[1]
    bound = with_it.reconstruction_curve_[0] + 0.2 * with_it.kl_curve_[0]
    assert with_it.loss_curve_[0] > bound + 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_types_are_kept(rng, dtype):
    mu, log_var = rng.normal(size=(2, 6, 3)).astype(dtype)
    for prior in PRIORS.values():
        assert {part.dtype for part in prior.divergence(mu, log_var)} == {
            np.dtype(dtype)
        }
    assert discrepancy(mu, log_var)[1].dtype == dtype


def test_a_last_batch_of_one_has_no_discrepancy(roll):
    model = VariationalAutoencoder(h=2, aggregate_weight=1.0, batch_size=74, max_iter=2)
    assert np.isfinite(model.fit(roll).loss_curve_).all()


def test_batches_of_one_are_refused(roll):
    model = VariationalAutoencoder(h=2, aggregate_weight=1.0, batch_size=1)
    for train in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match="batch_size of at least 2, got 1"):
            train(roll)


def test_the_score_is_by_the_model_s_own_prior(rng):
    X = rng.random((9, 6))
    model = VariationalAutoencoder(h=2, output="sigmoid", prior="sparse", max_iter=4)
    p = model.fit(X).inverse_transform(model.transform(X))
    cross_entropy = -(X * np.log(p) + (1 - X) * np.log(1 - p)).sum() / 9
    a = X @ model.coefs_[0] + model.intercepts_[0]
    divergence, *_ = PRIORS["sparse"].divergence(a[:, :2], a[:, 2:])
    assert_allclose(-model.score(X), cross_entropy + divergence.sum() / 9, rtol=1e-12)


def test_a_model_of_before_there_was_a_choice_has_the_normal_prior(roll):
    model = VariationalAutoencoder(h=2, max_iter=1, random_state=0).fit(roll)
    restored = pickle.loads(pickle.dumps(model))
    del restored.prior, restored.aggregate_weight, restored.free_bits_scope
    persistence._update(restored)
    assert restored.get_params() == model.get_params()
    assert_array_equal(
        restored.sample_prior(3, random_state=0), model.sample_prior(3, random_state=0)
    )
    again = pickle.loads(pickle.dumps(model.set_params(prior="sparse")))
    assert again.prior == "sparse"
