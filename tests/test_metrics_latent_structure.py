import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_c2c import VariationalAutoencoder
from sklearn_c2c.metrics import latent_sparsity, posterior_overlap
from sklearn_c2c.preprocessing import PianoRollEncoder


def test_sparsity_is_hoyer_s_of_each_vector(rng):
    Z = rng.normal(size=(7, 5)) * [1, 10, 0.1, 3, 1]
    found = latent_sparsity(Z)
    for z, sparsity in zip(Z / Z.std(axis=0), found, strict=True):
        ratio = sum(map(abs, z)) / sum(value**2 for value in z) ** 0.5
        assert_allclose(sparsity, (5**0.5 - ratio) / (5**0.5 - 1))


def test_scales_of_latents_are_of_no_matter_and_constant_ones_left_out(rng):
    Z = rng.normal(size=(30, 4))
    scaled = np.c_[Z * [1, 100, 0.01, -3], np.full(30, 0.1), np.zeros(30)]
    assert_allclose(latent_sparsity(scaled), latent_sparsity(Z))


def test_silent_latents_are_sparse(rng):
    Z = rng.normal(size=(2000, 50))
    silent = rng.random(Z.shape) < 0.8
    assert latent_sparsity(np.where(silent, 0.05 * Z, Z)).mean() > 0.6
    assert 0.2 < latent_sparsity(Z).mean() < 0.3


@pytest.mark.parametrize("Z", [np.ones((3, 1)), [[1], [2]], [[1, 0], [2, 0]]])
def test_less_than_two_latents_have_no_sparsity(Z):
    assert np.isnan(latent_sparsity(Z)).all()


def test_overlap_counts_draws_that_are_nearer_to_others(rng):
    Z = rng.normal(size=(40, 3))
    assert posterior_overlap(Z, Z) == 0
    assert posterior_overlap(Z, np.roll(Z, 1, axis=0)) == 1
    draws = Z + rng.normal(size=Z.shape)
    distance = np.linalg.norm(draws[:, np.newaxis] - Z, axis=2)
    expected = np.mean([row.argmin() != i for i, row in enumerate(distance)])
    assert 0 < posterior_overlap(Z, draws) == expected < 1
    with pytest.raises(ValueError, match=r"shape \(39, 3\); expected \(40, 3\)"):
        posterior_overlap(Z, draws[1:])


def test_inputs_are_not_changed(rng):
    Z, draws = rng.normal(size=(2, 5, 3))
    copies = Z.copy(), draws.copy()
    latent_sparsity(Z), posterior_overlap(Z, draws)
    assert_array_equal(copies, (Z, draws))


def test_beta_makes_codes_overlap(reels):
    roll = PianoRollEncoder((55, 83)).fit_transform(reels)
    overlap = []
    for beta in (0.1, 30.0):
        vae = VariationalAutoencoder(h=4, beta=beta, max_iter=40, random_state=0)
        vae.fit(roll)
        draws = vae.sample_posterior(roll, random_state=0)
        overlap.append(posterior_overlap(vae.transform(roll), draws))
    assert overlap[1] > overlap[0] + 0.2
