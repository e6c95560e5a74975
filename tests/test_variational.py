import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklearn_c2c import PianoRollEncoder, VariationalAutoencoder, metrics


@pytest.fixture(scope="module")
def roll(reels):
    return PianoRollEncoder((55, 83)).fit_transform(reels)


@pytest.fixture(scope="module")
def fitted(roll):
    return VariationalAutoencoder(random_state=0).fit(roll)


def test_the_default_reconstructs_every_reel(fitted, roll, reels):
    encoder = PianoRollEncoder((55, 83)).fit(reels)
    decoded = encoder.inverse_transform(
        fitted.inverse_transform(fitted.transform(roll))
    )
    assert metrics.melody_accuracy(reels, decoded) == 1
    assert fitted.active_units_ == 32


@pytest.mark.integration
@pytest.mark.parametrize("seed", [0, 1])
def test_reconstruction_and_completeness_together(roll, reels, seed):
    """The guide's setting: heavy beta first, none at the end."""
    vae = VariationalAutoencoder(
        beta=10,
        kl_warmup=300,
        max_iter=380,
        learning_rate_init=1e-3,
        n_iter_no_change=380,
        random_state=seed,
    ).fit(roll)
    vae.set_params(beta=0, kl_warmup=0, max_iter=60, warm_start=True).fit(roll)
    encoder = PianoRollEncoder((55, 83)).fit(reels)
    decoded, draws = (
        encoder.inverse_transform(vae.inverse_transform(Z))
        for Z in (vae.transform(roll), vae.sample_prior(500, random_state=seed))
    )
    assert metrics.melody_accuracy(reels, decoded) == 1
    shares = [metrics.hold_share(X).mean() for X in (reels, draws)]
    assert abs(shares[0] - shares[1]) < 0.03
    in_scale = [metrics.in_scale_share(X, "D").mean() for X in (reels, draws)]
    assert abs(in_scale[0] - in_scale[1]) < 0.02
    _, distance = metrics.nearest_melody(draws, reels)
    _, among_reels = metrics.nearest_melody(reels)
    assert abs(np.median(distance) - np.median(among_reels)) < 0.06
    assert distance.min() > 0
    overlap = metrics.style_overlap(draws, reels, random_state=0)
    assert overlap.mean_overlapping_area > 0.9 * overlap.mean_ceiling


def test_the_curves_add_up(fitted):
    total = np.add(fitted.reconstruction_curve_, fitted.kl_curve_)
    assert_allclose(fitted.loss_curve_, total)
    assert len(total) == fitted.n_iter_
    assert_allclose(fitted.kl_per_latent_.sum(), fitted.kl_curve_[-1])
    assert fitted.kl_per_latent_.shape == (32,)


def test_transform_is_the_mean_and_draws_scatter_about_it(fitted, roll):
    Z = fitted.transform(roll)
    assert_array_equal(Z, fitted.transform(roll))
    draws = np.array(
        [fitted.sample_posterior(roll, random_state=seed) for seed in range(400)]
    )
    assert draws.dtype == Z.dtype == np.float32
    deviation = draws.std(axis=0)
    assert (np.abs(draws.mean(axis=0) - Z) < 5 * deviation / 20 + 1e-6).all()
    assert 0 < deviation.min() and deviation.mean() < 1
    assert_array_equal(draws[3], fitted.sample_posterior(roll, random_state=3))


def test_the_prior_is_standard_normal(fitted):
    Z = fitted.sample_prior(20_000, random_state=0)
    assert Z.shape == (20_000, 32) and Z.dtype == np.float32
    assert np.abs(Z.mean(axis=0)).max() < 0.05
    assert np.abs(Z.std(axis=0) - 1).max() < 0.05
    assert_array_equal(Z[:0], fitted.sample_prior(0, random_state=0))


def test_the_code_is_near_the_prior(fitted, roll):
    draws = fitted.sample_posterior(np.tile(roll, (10, 1)), random_state=0)
    assert 0.5 < draws.std(axis=0).mean() < 1.5
    assert np.abs(draws.mean(axis=0)).mean() < 0.3


def test_score_is_the_bound_at_the_mean(rng):
    X = rng.random((9, 6))
    model = VariationalAutoencoder(h=2, output="sigmoid", beta=3.0, max_iter=4).fit(X)
    p = model.inverse_transform(model.transform(X))
    cross_entropy = -(X * np.log(p) + (1 - X) * np.log(1 - p)).sum() / 9
    a = X @ model.coefs_[0] + model.intercepts_[0]
    mu, log_var = a[:, :2], a[:, 2:]
    divergence = 0.5 * (mu**2 + np.exp(log_var) - 1 - log_var).sum() / 9
    assert_allclose(-model.score(X), cross_entropy + 3 * divergence, rtol=1e-12)


def test_a_heavy_prior_collapses_and_is_said_to(roll):
    model = VariationalAutoencoder(h=4, beta=1000.0, max_iter=60, random_state=0)
    with pytest.warns(UserWarning, match=r"collapsed.* beta than 1000\.0"):
        model.fit(roll)
    assert model.active_units_ == 0
    assert model.kl_curve_[-1] < 0.1


@pytest.mark.integration
def test_beta_trades_divergence_for_reconstruction(roll):
    kl = [
        VariationalAutoencoder(h=8, beta=beta, max_iter=60, random_state=0)
        .fit(roll)
        .kl_curve_[-1]
        for beta in (0.1, 1.0, 10.0)
    ]
    assert kl[0] > kl[1] > kl[2]


def test_warmup_raises_the_weight_step_by_step(roll):
    model = VariationalAutoencoder(h=4, beta=2.0, kl_warmup=3, max_iter=6).fit(roll)
    weights = np.subtract(model.loss_curve_, model.reconstruction_curve_)
    weights /= model.kl_curve_
    assert_allclose(weights, [0.5, 1.0, 1.5, 2.0, 2.0, 2.0], rtol=1e-9)
    parts = clone(model)
    for _ in range(6):
        parts.partial_fit(roll)
    weights = np.subtract(parts.loss_curve_, parts.reconstruction_curve_)
    weights /= parts.kl_curve_
    assert_allclose(weights, [0.5, 1.0, 1.5, 2.0, 2.0, 2.0], rtol=1e-9)


def test_free_bits_are_free(roll):
    settings = dict(h=4, max_iter=80, beta=20.0, random_state=0)
    held = VariationalAutoencoder(free_bits=0.5, **settings).fit(roll)
    free = VariationalAutoencoder(**settings).fit(roll)
    assert held.kl_per_latent_.min() > 0.4 > free.kl_per_latent_.min()


def test_free_bits_of_the_sum_are_free_once(roll):
    settings = dict(h=6, max_iter=150, beta=20.0, free_bits=3.0, random_state=0)
    held = VariationalAutoencoder(free_bits_scope="total", **settings).fit(roll)
    each = VariationalAutoencoder(**settings).fit(roll)
    assert 2.5 < held.kl_per_latent_.sum() < 5
    assert each.kl_per_latent_.min() > 1
    assert each.kl_per_latent_.sum() > 3 * held.kl_per_latent_.sum()


def test_going_on_is_bit_for_bit(roll):
    settings = dict(h=5, random_state=0, tol=0, n_iter_no_change=99)
    whole = VariationalAutoencoder(max_iter=4, **settings).fit(roll)
    parts = VariationalAutoencoder(**settings)
    for _ in range(4):
        parts.partial_fit(sparse.csr_array(roll))
    assert_array_equal(parts.coefs_[0], whole.coefs_[0])
    assert_array_equal(parts.coefs_[1], whole.coefs_[1])


def test_early_stopping(roll):
    model = VariationalAutoencoder(
        h=8, early_stopping=True, n_iter_no_change=5, random_state=0
    ).fit(roll)
    assert model.n_iter_ < 300
    assert len(model.validation_loss_curve_) == model.n_iter_


def test_a_pipeline_gives_melodies(reels):
    vae = VariationalAutoencoder(h=4, hidden_layer_sizes=(20,), max_iter=3)
    model = make_pipeline(PianoRollEncoder(), vae).fit(reels)
    assert model.inverse_transform(vae.sample_prior(3, random_state=0)).shape == (
        3,
        128,
    )


def test_layers_that_are_none_are_refused(roll):
    with pytest.raises(ValueError, match=r"at least 1, got \[0\]"):
        VariationalAutoencoder(hidden_layer_sizes=(0,)).fit(roll)


def test_cooldown_is_training_on_without_the_divergence(roll):
    """The same bits as two calls of fit; further epochs have no divergence."""
    given = {"h": 4, "beta": 5.0, "kl_warmup": 3, "random_state": 0}
    whole = VariationalAutoencoder(max_iter=12, kl_cooldown=4, **given).fit(roll)
    parts = VariationalAutoencoder(max_iter=8, **given).fit(roll)
    parts.set_params(beta=0, kl_warmup=0, max_iter=4, warm_start=True).fit(roll)
    for a, b in zip(whole.coefs_, parts.coefs_, strict=True):
        assert_array_equal(a, b)
    assert_allclose(whole.loss_curve_[8:], whole.reconstruction_curve_[8:])
    assert (np.array(whole.loss_curve_) > whole.reconstruction_curve_)[:8].all()
    whole.set_params(warm_start=True).fit(roll)
    assert_allclose(whole.loss_curve_[8:], whole.reconstruction_curve_[8:])


@pytest.mark.parametrize("call", [{"max_iter": 5}, {"early_stopping": True}])
def test_a_cooldown_that_cannot_be_is_named(roll, call):
    with pytest.raises(ValueError, match="kl_cooldown=5 needs more epochs"):
        VariationalAutoencoder(h=2, kl_cooldown=5, **call).fit(roll)
