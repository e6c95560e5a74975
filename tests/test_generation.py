import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from sklearn_c2c import Autoencoder, PianoRollEncoder
from sklearn_c2c.generation import interpolate, sample
from sklearn_c2c.melody import check_melodies

MODELS = {
    "autoencoder": Autoencoder(h=30, random_state=0),
    "softmax": Autoencoder(h=30, output="softmax", random_state=0),
    "pca": PCA(60),
}


@pytest.fixture(scope="module", params=MODELS)
def pipeline(request, reels):
    return make_pipeline(PianoRollEncoder(), MODELS[request.param]).fit(reels)


def test_samples_are_melodies_and_repeat(pipeline, reels):
    before = pickle.dumps(pipeline)
    samples = sample(pipeline, 20, X=reels, random_state=0)
    assert samples.shape == (20, 128)
    assert_array_equal(check_melodies(samples), samples)
    assert_array_equal(sample(pipeline, 20, X=reels, random_state=0), samples)
    assert not np.array_equal(sample(pipeline, 20, X=reels, random_state=1), samples)
    assert len(np.unique(samples, axis=0)) == 20
    assert pickle.dumps(pipeline) == before


def test_samples_stay_in_the_range_of_the_codes(reels):
    roll = PianoRollEncoder().fit_transform(reels)

    class Codes(Autoencoder):
        def inverse_transform(self, Z):
            return Z

    model = Codes(h=30, random_state=0, max_iter=5).fit(roll)
    Z = sample(model, 2000, random_state=0)
    assert Z.dtype == np.float32
    assert (Z >= model.latent_min_).all() and (Z <= model.latent_max_).all()
    spread = model.latent_max_ - model.latent_min_
    assert (Z.max(axis=0) - Z.min(axis=0) > 0.98 * spread).all()
    assert_array_equal(Z, sample(model, 2000, X=roll, random_state=0))


def test_a_bare_estimator_gives_its_probabilities(reels):
    roll = PianoRollEncoder().fit_transform(reels)
    model = Autoencoder(h=8, max_iter=2, random_state=0).fit(roll)
    samples = sample(model, 3, random_state=0)
    assert samples.shape == (3, roll.shape[1])
    assert ((samples > 0) & (samples < 1)).all()


def test_a_model_without_memory_asks_for_data(reels):
    model = make_pipeline(PianoRollEncoder(), PCA(2)).fit(reels)
    with pytest.raises(ValueError, match=r"PCA does not remember .* pass the training"):
        sample(model, 1)


@pytest.mark.parametrize("n_steps", [1, 5, 8])
def test_interpolation_runs_from_one_reconstruction_to_the_other(
    pipeline, reels, n_steps
):
    path = interpolate(pipeline, reels[0], reels[1:2], n_steps)
    ends = pipeline.inverse_transform(pipeline.transform(reels[:2]))
    assert path.shape == (n_steps + 1, 128)
    assert_array_equal(path[[0, -1]], ends)
    assert_array_equal(check_melodies(path), path)
    back = interpolate(pipeline, reels[1], reels[0], n_steps)
    assert_array_equal(back[[0, -1]], ends[::-1])


def test_interpolation_is_linear_in_the_codes(reels):
    roll = PianoRollEncoder(dtype=np.float64).fit_transform(reels)
    pca = PCA(20).fit(roll)
    path = interpolate(pca, roll[3], roll[4], n_steps=4)
    assert_array_equal(path[2].round(9), (0.5 * (path[0] + path[-1])).round(9))
    assert np.allclose(np.diff(path, n=2, axis=0), 0)


def test_frames_on_the_way_do_no_harm(reels):
    model = make_pipeline(PianoRollEncoder(), Autoencoder(h=4, max_iter=2)).fit(reels)
    plain = interpolate(model, reels[0], reels[1])
    model.set_output(transform="pandas")
    assert_array_equal(interpolate(model, reels[0], reels[1]), plain)
    assert sample(model, 2, X=reels, random_state=0).shape == (2, 128)


def test_bad_calls_are_named(reels):
    model = make_pipeline(PianoRollEncoder(), Autoencoder(h=4, max_iter=2))
    with pytest.raises(NotFittedError):
        sample(model, 1)
    model.fit(reels)
    with pytest.raises(ValueError, match=r"start must be one row.*\(2, 128\)"):
        interpolate(model, reels[:2], reels[0])
    with pytest.raises(ValueError, match="'n_steps' parameter"):
        interpolate(model, reels[0], reels[1], 0)
    with pytest.raises(ValueError, match="'method' parameter"):
        sample(model, 1, method="dream")
    with pytest.raises(ValueError, match="'model' parameter"):
        sample(object(), 1)
