"""The Fréchet distance: against scikit-learn and SciPy, and on odd sets."""

import numpy as np
import pytest
from hypothesis import given
from scipy.linalg import sqrtm
from sklearn.covariance import LedoitWolf
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_c2c.datasets import recombine_measures
from sklearn_c2c.melody import REST
from sklearn_c2c.metrics import frechet_distance, style_features
from tests.strategies import melodies


def reference(X, corpus):
    generated, real = (np.hstack([*style_features(x).values()]) for x in (X, corpus))
    components = make_pipeline(StandardScaler(), PCA(12)).fit(real)
    generated, real = components.transform(generated), components.transform(real)
    S1, S2 = (LedoitWolf().fit(x).covariance_ for x in (generated, real))
    shift = ((generated.mean(axis=0) - real.mean(axis=0)) ** 2).sum()
    return shift + np.trace(S1 + S2 - 2 * sqrtm(S1 @ S2).real)


@pytest.mark.filterwarnings("ignore:Matrix is singular")
def test_the_formula(reels):
    dice = recombine_measures(reels, 60, max_transposition=0, random_state=0)
    alike = reels[[0] * 30]  # whose covariance is 0
    for X in (reels[:30], dice, reels[:30] // 2, alike):
        expected = reference(X, reels[30:])
        assert frechet_distance(X, reels[30:]) == pytest.approx(expected, rel=1e-6)
    # Not symmetric: the corpus defines the space.
    assert frechet_distance(dice, reels) != pytest.approx(
        frechet_distance(reels, dice), rel=0.1
    )


@pytest.mark.filterwarnings("error")
def test_order_of_sets(reels, rng):
    X, corpus = reels[::2], reels[1::2]
    dice = recombine_measures(corpus, 38, max_transposition=0, random_state=0)
    noise = rng.integers(55, 84, size=(38, 128))
    distances = [frechet_distance(x, corpus) for x in (corpus, X, dice, noise)]
    assert distances[0] == pytest.approx(0, abs=1e-6)
    assert 1 < distances[1] < distances[2] < distances[3] / 5
    backwards = frechet_distance(dice[::-1], corpus[::-1])
    assert backwards == pytest.approx(distances[2])


@pytest.mark.filterwarnings("error")
@given(melodies(), melodies())
def test_distances_of_odd_sets(X, corpus):
    n_steps = min(X.shape[1], corpus.shape[1])
    X, corpus = X[:, :n_steps], corpus[:, :n_steps]
    distance = frechet_distance(X, corpus)
    real = np.hstack([*style_features(corpus).values()])
    if len(X) < 2 or not np.ptp(real, axis=0).any():
        assert np.isnan(distance)
    else:
        assert 0 <= distance < np.inf
    if len(corpus) > 1:
        itself = frechet_distance(corpus, corpus)
        assert np.isnan(itself) or itself == pytest.approx(0, abs=1e-6)


@pytest.mark.filterwarnings("error")
def test_sets_without_variance_or_melodies(reels):
    assert np.isnan(frechet_distance(reels, reels[[0] * 5]))
    assert np.isnan(frechet_distance(reels, reels[:1]))
    assert np.isnan(frechet_distance(reels[:0], reels))
    assert np.isnan(frechet_distance(reels[:1], reels))
    # Generated melodies may be all alike, or silent.
    for X in (reels[[0] * 5], np.full((5, 128), REST)):
        assert 5 < frechet_distance(X, reels) < np.inf
    with pytest.raises(ValueError, match=r"one melody in corpus, got shape \(0, 128"):
        frechet_distance(reels, reels[:0])
    with pytest.raises(ValueError, match=r"128 steps in corpus, got shape \(75, 64"):
        frechet_distance(reels, reels[:, :64])
