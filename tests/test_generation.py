"""Sampling, exploration and paths, on every kind of model."""

import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import NMF, PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from sklearn_c2c import Autoencoder, PianoRollEncoder, VariationalAutoencoder
from sklearn_c2c.generation import (
    add_attribute,
    attractors,
    attribute_vector,
    average,
    interpolate,
    interpolate_grid,
    neighbors,
    recurse,
    sample,
    sweep,
    translate,
    vary,
)
from sklearn_c2c.melody import check_melodies

# NMF cut short, and paths of probabilities that five points do not finish.
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:X has feature names:UserWarning",
)

ESTIMATORS = {
    "autoencoder": Autoencoder(h=30, random_state=0),
    "softmax": Autoencoder(h=16, output="softmax", activation="tanh", random_state=0),
    "variational": VariationalAutoencoder(h=16, max_iter=30, random_state=0),
    "pca": PCA(20, random_state=0),
    "nmf": NMF(8, init="nndsvda", max_iter=20, random_state=0),
}

# Every function that makes melodies, called on a model and data.
STRATEGIES = {
    "range": lambda m, X: sample(m, n_samples=7, X=X, random_state=0),
    "gaussian": lambda m, X: sample(
        m, n_samples=7, X=X, method="gaussian", random_state=0
    ),
    "kde": lambda m, X: sample(m, n_samples=7, X=X, method="kde", random_state=0),
    "vary": lambda m, X: vary(m, X[0], X=X, random_state=0),
    "translate": lambda m, X: translate(m, X[:3], 0.1),
    "average": lambda m, X: average(m, X[:5]),
    "linear": lambda m, X: interpolate(m, X[0], X[1]),
    "spherical": lambda m, X: interpolate(m, X[0], X[1], method="spherical", X=X),
    "grid": lambda m, X: interpolate_grid(m, X[:4], n_points=4),
    "sweep": lambda m, X: sweep(m, 1, X=X),
    "attribute": lambda m, X: add_attribute(
        m, X[:9], attribute_vector(m, X[:9], X[9:])
    ),
    "recurse": lambda m, X: np.concatenate(recurse(m, X[:3], max_iter=5).paths),
    "attractors": lambda m, X: attractors(m, X[:3], max_iter=5).melodies,
}

on_fitted_models = settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
reel = st.integers(0, 74)


class Codes(Autoencoder):
    """Returns the latent vectors that it decodes."""

    def inverse_transform(self, X):
        return X


@pytest.fixture(scope="module", params=ESTIMATORS)
def pipeline(request, reels):
    return make_pipeline(PianoRollEncoder(), ESTIMATORS[request.param]).fit(reels)


@pytest.fixture(scope="module")
def roll(reels):
    return PianoRollEncoder().fit_transform(reels)


@pytest.fixture(scope="module")
def codes(roll):
    return Codes(h=30, random_state=0, max_iter=5).fit(roll)


def reconstruct(model, X):
    return model.inverse_transform(model.transform(X))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_strategies_give_melodies_repeat_and_change_nothing(pipeline, reels, strategy):
    compose = STRATEGIES[strategy]
    model, X = pickle.dumps(pipeline), reels.copy()
    melodies = compose(pipeline, reels)
    assert melodies.shape[1:] == (128,)
    assert_array_equal(check_melodies(melodies), melodies)
    assert_array_equal(compose(pipeline, reels), melodies)
    assert pickle.dumps(pipeline) == model
    assert_array_equal(reels, X)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_bare_estimator_gives_what_it_decodes(pipeline, roll, strategy):
    compose = STRATEGIES[strategy]
    model, X = pickle.dumps(pipeline[-1]), roll.copy()
    rolls = compose(pipeline[-1], roll)
    assert rolls.shape[1:] == roll.shape[1:]
    assert np.isfinite(rolls).all()
    assert_array_equal(compose(pipeline[-1], roll), rolls)
    assert pickle.dumps(pipeline[-1]) == model
    assert_array_equal(roll, X)


# ---------------------------------------------------------------------- sampling


@pytest.mark.parametrize("method", ["range", "gaussian", "kde"])
def test_samples_differ_by_seed_and_from_one_another(pipeline, reels, method):
    samples, others = (
        sample(pipeline, n_samples=20, X=reels, method=method, random_state=seed)
        for seed in (0, 1)
    )
    assert not np.array_equal(samples, others)
    assert len(np.unique(samples, axis=0)) > 10


def test_samples_stay_in_the_range_of_the_codes(codes, roll):
    Z = sample(codes, n_samples=2000, random_state=0)
    assert Z.dtype == np.float32
    assert (Z >= codes.latent_min_).all() and (Z <= codes.latent_max_).all()
    spread = codes.latent_max_ - codes.latent_min_
    assert (Z.max(axis=0) - Z.min(axis=0) > 0.98 * spread).all()
    assert_array_equal(Z, sample(codes, n_samples=2000, X=roll, random_state=0))


@pytest.mark.parametrize("n_melodies", [75, 12, 2])
@pytest.mark.parametrize(
    ("options", "inflation"),
    [
        ({"method": "gaussian"}, 1),
        ({"method": "kde", "bandwidth": 0.5}, 1.25),
        ({"method": "kde", "bandwidth": 0.0}, 1),
    ],
)
def test_drawn_codes_have_mean_and_covariance_of_the_codes_at_any_rank(
    codes, roll, n_melodies, options, inflation
):
    X = roll[:n_melodies]
    Z = sample(codes, n_samples=20_000, X=X, random_state=0, **options)
    assert Z.dtype == np.float32
    real = codes.transform(X)
    scale = real.std(axis=0).max()
    assert_allclose(Z.mean(axis=0), real.mean(axis=0), atol=0.05 * scale)
    # A mixture picks one of n codes: its spread is that of the population.
    kernel = inflation - 1 if "bandwidth" in options else 0
    expected = kernel * np.cov(real.T) + np.cov(real.T, bias="bandwidth" in options)
    assert_allclose(np.cov(Z.T), expected, atol=0.08 * scale**2)


def test_a_narrow_kernel_stays_near_the_data(codes, roll):
    Z = sample(codes, n_samples=50, X=roll, method="kde", bandwidth=0, random_state=0)
    real = codes.transform(roll)
    assert (Z[:, None] == real).all(axis=2).any(axis=1).all()
    wide = sample(codes, n_samples=50, X=roll, method="kde", random_state=0)
    scott = sample(
        codes,
        n_samples=50,
        X=roll,
        method="kde",
        bandwidth=75 ** (-1 / 34),
        random_state=0,
    )
    assert_array_equal(wide, scott)


def test_the_prior_is_the_model_s_own(reels):
    vae = VariationalAutoencoder(h=4, max_iter=2, random_state=0)
    model = make_pipeline(PianoRollEncoder(), vae).fit(reels)
    melodies = sample(model, n_samples=9, method="prior", random_state=3)
    assert_array_equal(
        melodies, model.inverse_transform(vae.sample_prior(9, random_state=3))
    )
    varied = vary(
        model, reels[0], n_samples=9, strength=1, method="prior", random_state=3
    )
    assert_array_equal(varied, melodies)
    # Scaled are the vectors, about 0.
    Z = 3 * vae.sample_prior(9, random_state=3)
    assert_allclose(
        sample(vae, n_samples=9, method="prior", scale=3, random_state=3),
        vae.inverse_transform(Z),
        rtol=1e-5,
    )


@on_fitted_models
@given(start=reel, seed=st.integers(0, 100))
def test_variations_of_no_strength_are_the_reconstruction(pipeline, reels, start, seed):
    row = reels[[start]]
    for method in ("range", "gaussian", "kde"):
        same = vary(
            pipeline,
            row,
            n_samples=3,
            strength=0,
            X=reels,
            method=method,
            random_state=seed,
        )
        assert_array_equal(same, np.repeat(reconstruct(pipeline, row), 3, axis=0))


def test_variations_of_full_strength_are_samples(pipeline, reels):
    assert_array_equal(
        vary(pipeline, reels[3], n_samples=6, strength=1, X=reels, random_state=1),
        sample(pipeline, n_samples=6, X=reels, random_state=1),
    )


def test_strength_bounds_the_move_and_keeps_its_direction(codes, roll):
    start = codes.transform(roll[:1])
    spread = codes.latent_max_ - codes.latent_min_
    small, large = (
        vary(codes, roll[0], n_samples=30, strength=strength, random_state=0) - start
        for strength in (0.25, 0.5)
    )
    assert (abs(small) <= 0.25 * spread + 1e-6).all()
    assert_allclose(large, 2 * small, atol=1e-5)


# ------------------------------------------------------------------- exploration


@on_fitted_models
@given(rows=st.lists(reel, min_size=1, max_size=5))
def test_moves_of_nothing_are_the_reconstructions(pipeline, reels, rows):
    X = reels[rows]
    same = reconstruct(pipeline, X)
    h = pipeline.transform(X).shape[1]
    vector = attribute_vector(pipeline, reels[:9], reels[9:])
    assert_array_equal(translate(pipeline, X, 0), same)
    assert_array_equal(translate(pipeline, X, np.zeros(h)), same)
    assert_array_equal(add_attribute(pipeline, X, vector, scale=0), same)
    bare, roll = pipeline[-1], pipeline[:-1].transform(X)
    assert_array_equal(translate(bare, roll, 0.0), reconstruct(bare, roll))
    assert_array_equal(
        add_attribute(bare, roll, vector, scale=0.0), reconstruct(bare, roll)
    )


def test_moves_add_up(codes, roll, rng):
    Z, delta = codes.transform(roll), rng.normal(size=30).astype(np.float32)
    assert_array_equal(translate(codes, roll, 0.5), Z + np.float32(0.5))
    assert_array_equal(translate(codes, roll, delta), Z + delta)
    each = rng.normal(size=Z.shape).astype(np.float32)
    assert_array_equal(translate(codes, roll, each), Z + each)
    several = translate(codes, roll[:1], each)
    assert_array_equal(several, Z[0] + each)
    assert several.dtype == np.float32


@pytest.mark.parametrize("shape", [(29,), (1,), (3, 1), (2, 30), (3, 3, 30)])
def test_moves_that_do_not_fit_are_named(codes, roll, shape):
    with pytest.raises(ValueError, match=r"not fit latent vectors of shape \(3, 30\)"):
        translate(codes, roll[:3], np.zeros(shape))


@pytest.mark.parametrize("move", [np.nan, np.full(30, np.inf), np.empty((0, 30))])
def test_moves_to_nowhere_are_named(codes, roll, move):
    with pytest.raises(
        ValueError, match=r"finite offsets.* at offset, and at the scale"
    ):
        translate(codes, roll[:1], move)


@on_fitted_models
@given(rows=st.lists(reel, min_size=1, max_size=5), data=st.data())
def test_all_weight_on_one_melody_is_its_reconstruction(pipeline, reels, rows, data):
    chosen = data.draw(st.integers(0, len(rows) - 1))
    weights = 3.0 * (np.arange(len(rows)) == chosen)
    assert_array_equal(
        average(pipeline, reels[rows], weights=weights),
        reconstruct(pipeline, reels[rows])[[chosen]],
    )


def test_average_weighs_codes(codes, roll):
    Z = codes.transform(roll[:2])
    assert_allclose(average(codes, roll[:2]), Z.mean(axis=0)[None], rtol=1e-6)
    assert_allclose(
        average(codes, roll[:2], weights=[3, 1]), [0.75 * Z[0] + 0.25 * Z[1]], rtol=1e-6
    )
    assert average(codes, roll[:2], weights=[3, 1]).dtype == np.float32


@pytest.mark.parametrize(
    ("weights", "message"),
    [([1], "2 finite numbers"), ([1, np.nan], "finite"), ([1, -1], "sum to 0")],
)
def test_bad_weights_are_named(codes, roll, weights, message):
    with pytest.raises(ValueError, match=message):
        average(codes, roll[:2], weights=weights)


def test_neighbors_are_nearest_in_the_codes(pipeline, reels):
    found = neighbors(pipeline, reels[5], reels, n_neighbors=75)
    Z = pipeline.transform(reels)
    distances = np.linalg.norm(Z - Z[5], axis=1)
    assert found.indices[0] == 5
    assert_allclose(found.distances, np.sort(distances), atol=1e-2 * distances.max())
    assert_array_equal(np.sort(found.indices), np.arange(75))
    assert_array_equal(
        neighbors(pipeline, reels[5], reels, n_neighbors=3).indices, found.indices[:3]
    )
    with pytest.raises(ValueError, match="n_neighbors=76, but X has 75 rows"):
        neighbors(pipeline, reels[5], reels, n_neighbors=76)


# ------------------------------------------------------------------------- paths


@on_fitted_models
@given(
    start=reel,
    target=reel,
    n_points=st.integers(2, 9),
    method=st.sampled_from(["linear", "spherical"]),
)
def test_interpolation_runs_from_one_reconstruction_to_the_other(
    pipeline, reels, start, target, n_points, method
):
    path = interpolate(
        pipeline,
        reels[start],
        reels[[target]],
        n_points=n_points,
        method=method,
        X=reels,
    )
    assert path.shape == (n_points, 128)
    assert_array_equal(path[:1], reconstruct(pipeline, reels[[start]]))
    assert_array_equal(path[-1:], reconstruct(pipeline, reels[[target]]))


@on_fitted_models
@given(start=reel, target=reel, method=st.sampled_from(["linear", "spherical"]))
def test_codes_at_the_ends_are_those_of_the_melodies(
    codes, roll, start, target, method
):
    Z = interpolate(codes, roll[start], roll[target], n_points=5, method=method)
    assert Z.dtype == np.float32
    assert_array_equal(Z[0], codes.transform(roll[[start]])[0])
    assert_array_equal(Z[-1], codes.transform(roll[[target]])[0])


def test_linear_steps_are_equal(codes, roll):
    Z = interpolate(codes, roll[3], roll[4], n_points=5)
    assert_allclose(np.diff(Z, n=2, axis=0), 0, atol=1e-6)


def test_spherical_steps_turn_about_the_mean_in_one_plane(codes, roll):
    path = interpolate(codes, roll[3], roll[4], n_points=7, method="spherical")
    rays = path - codes.latent_mean_.astype(float)
    lengths = np.linalg.norm(rays, axis=1)
    assert (lengths > 0.99 * min(lengths[0], lengths[-1])).all()
    units = rays / lengths[:, None]
    plane = np.linalg.svd(rays, full_matrices=False)[1]
    assert plane[2] < 1e-5 * plane[0]
    turned = np.arccos((units[1:] * units[:-1]).sum(axis=1))
    total = np.arccos(units[0] @ units[-1])
    assert_allclose(turned.sum(), total, rtol=1e-4)


class Plane(PCA):
    """Two columns that are their own codes, with the mean at the origin."""

    latent_mean_ = np.zeros(2)

    def transform(self, X):
        return np.asarray(X, dtype=float)

    def inverse_transform(self, X):
        return X


@pytest.fixture(scope="module")
def plane():
    return Plane(2).fit(np.eye(2))


def test_spherical_quarter_circle_by_hand(plane):
    path = interpolate(plane, [1, 0], [0, 1], n_points=3, method="spherical")
    assert_allclose(path, [[1, 0], [0.5**0.5, 0.5**0.5], [0, 1]], atol=1e-15)


@given(first=st.floats(-3, 3), turn=st.floats(0.1, 3), length=st.floats(0.1, 9))
def test_between_codes_as_far_from_the_mean_all_steps_are_alike(
    plane, first, turn, length
):
    start, target = (
        length * np.array([np.cos(angle), np.sin(angle)])
        for angle in (first, first + turn)
    )
    path = interpolate(plane, start, target, n_points=7, method="spherical")
    angles = np.unwrap(np.arctan2(path[:, 1], path[:, 0]))
    assert_allclose(np.diff(angles), turn / 6, rtol=1e-9)
    assert_allclose(np.linalg.norm(path, axis=1), length, rtol=1e-9)


@pytest.mark.parametrize(
    ("start", "target"),
    [
        ([1, 2], [2, 4]),
        ([1, 2], [-1, -2]),
        ([1, 2], [1, 2]),
        ([0, 0], [1, 2]),
        ([0, 0], [0, 0]),
        ([1e-200, 0], [0, 1e-200]),
        ([1, 0], [1, 1e-9]),
    ],
)
def test_where_there_is_no_arc_the_way_is_straight(plane, start, target):
    with np.errstate(all="raise", under="ignore"):
        path = interpolate(plane, start, target, n_points=5, method="spherical")
    assert_array_equal(path, interpolate(plane, start, target, n_points=5))


@on_fitted_models
@given(corners=st.lists(reel, min_size=4, max_size=4), n=st.integers(2, 5))
def test_the_grid_has_the_reconstructions_in_its_corners(pipeline, reels, corners, n):
    X = reels[corners]
    grid = interpolate_grid(pipeline, X, n_points=n).reshape(n, n, 128)
    ends = grid[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert_array_equal(ends, reconstruct(pipeline, X))


def test_the_edges_of_the_grid_are_interpolations(codes, roll):
    grid = interpolate_grid(codes, roll[:4], n_points=5).reshape(5, 5, 30)
    assert_allclose(
        grid[0], interpolate(codes, roll[0], roll[1], n_points=5), atol=1e-6
    )
    assert_allclose(
        grid[:, -1], interpolate(codes, roll[1], roll[3], n_points=5), atol=1e-6
    )
    assert_allclose(
        grid[2, 2], codes.transform(roll[:4]).mean(axis=0), rtol=1e-5, atol=1e-6
    )
    assert grid.dtype == np.float32
    with pytest.raises(ValueError, match="corners must be four rows, got 3"):
        interpolate_grid(codes, roll[:3])


def test_sweep_moves_one_latent_through_its_range(codes, roll):
    Z = sweep(codes, 7, n_points=5)
    assert Z.shape == (5, 30) and Z.dtype == np.float32
    others = np.arange(30) != 7
    assert_array_equal(Z[:, others], np.tile(codes.latent_mean_[others], (5, 1)))
    assert Z[0, 7] == codes.latent_min_[7] and Z[-1, 7] == codes.latent_max_[7]
    assert_allclose(np.diff(Z[:, 7], n=2), 0, atol=1e-6)
    assert_allclose(sweep(codes, 7, n_points=5, X=roll), Z, rtol=1e-5)
    with pytest.raises(ValueError, match="dimension=30 does not exist"):
        sweep(codes, 30)


# -------------------------------------------------------------------- bad calls


def test_frames_on_the_way_do_no_harm(reels):
    model = make_pipeline(PianoRollEncoder(), Autoencoder(h=4, max_iter=2)).fit(reels)
    strategies = [STRATEGIES[name] for name in ("linear", "range", "attribute", "grid")]
    plain = [compose(model, reels) for compose in strategies]
    model.set_output(transform="pandas")
    for compose, melodies in zip(strategies, plain, strict=True):
        assert_array_equal(compose(model, reels), melodies)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, X: sample(m, n_samples=1), r"PCA does not remember its latent_min_"),
        (lambda m, X: sweep(m, 0), r"latent_min_; pass the training data as X"),
        (
            lambda m, X: interpolate(m, X[0], X[1], method="spherical"),
            r"PCA does not remember its latent_mean_",
        ),
        (lambda m, X: sample(m, n_samples=1, method="prior"), r"PCA has no prior"),
        (
            lambda m, X: sample(m, n_samples=1, method="kde"),
            r"method='kde' is fitted to the latent",
        ),
        (
            lambda m, X: sample(m, n_samples=1, X=X[:1], method="gaussian"),
            r"two rows of X or more",
        ),
    ],
)
def test_a_model_without_memory_asks_for_data(reels, call, message):
    model = make_pipeline(PianoRollEncoder(), PCA(2)).fit(reels)
    with pytest.raises(ValueError, match=message):
        call(model, reels)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda m, X: interpolate(m, X[:2], X[0]),
            r"start must be one row.*\(2, 128\)",
        ),
        (lambda m, X: vary(m, X[:2]), r"start must be one row.*\(2, 128\)"),
        (lambda m, X: interpolate(m, X[0], X[1], n_points=1), "'n_points' parameter"),
        (lambda m, X: sample(m, n_samples=1, method="dream"), "'method' parameter"),
        (lambda m, X: sample(m, n_samples=1, bandwidth=-1.0), "'bandwidth' parameter"),
        (lambda m, X: vary(m, X[0], strength=1.5), "'strength' parameter"),
        (lambda m, X: recurse(m, X, max_iter=0), "'max_iter' parameter"),
        (
            lambda m, X: attractors(m, 5, X=X[0]),
            r"shape \(5, 128\); got shape \(128,\)",
        ),
        (lambda m, X: attractors(m, X, X=X[:, 1:]), r"got shape \(75, 127\)"),
        (lambda m, X: sample(object(), n_samples=1), "'model' parameter"),
    ],
)
def test_bad_calls_are_named(reels, call, message):
    model = make_pipeline(PianoRollEncoder(), Autoencoder(h=4, max_iter=2))
    with pytest.raises(ValueError, match=message):
        call(model.fit(reels), reels)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_unfitted_model_is_named(reels, strategy):
    model = make_pipeline(PianoRollEncoder(), Autoencoder(h=4))
    with pytest.raises(NotFittedError):
        STRATEGIES[strategy](model, reels)
