"""The view of a model's latent space, on each kind of model."""

import ast
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_c2c
from sklearn_c2c import Autoencoder, PianoRollEncoder, VariationalAutoencoder
from sklearn_c2c.generation import LatentModel
from sklearn_c2c.melody import check_melodies

AUTOENCODER = Autoencoder(h=6, max_iter=20, random_state=0)
VARIATIONAL = VariationalAutoencoder(h=4, max_iter=5, random_state=0)


@pytest.fixture(scope="module")
def encoder(reels):
    return PianoRollEncoder().fit(reels)


@pytest.fixture(scope="module")
def model(reels):
    return make_pipeline(PianoRollEncoder(), clone(AUTOENCODER)).fit(reels)


@pytest.fixture(scope="module")
def bare(model, encoder, reels):
    return clone(AUTOENCODER).fit(encoder.transform(reels))


def test_a_bare_estimator_and_a_pipeline_have_one_latent_space(
    model, bare, encoder, reels
):
    whole, alone = LatentModel(model), LatentModel(bare)
    roll = encoder.transform(reels)
    assert whole.estimator is model[-1] and alone.estimator is bare
    assert alone.before is None
    assert_array_equal(whole.encode(reels), alone.encode(roll))
    for X_whole, X_alone in [(None, None), (reels[:9], roll[:9])]:
        for mine, other in zip(
            (*whole.range(X_whole), whole.mean(X_whole)),
            (*alone.range(X_alone), alone.mean(X_alone)),
            strict=True,
        ):
            assert_array_equal(mine, other)
    assert_array_equal(whole.spread(), alone.spread())
    # the rows given, not all training rows
    assert (whole.range(reels[:9])[1] <= whole.range()[1]).all()
    assert (whole.range(reels[:9])[1] < whole.range()[1]).any()
    Z = whole.encode(reels[:5])
    assert_array_equal(whole.decode(Z), encoder.inverse_transform(alone.decode(Z)))
    assert_array_equal(
        whole.probabilities(Z), alone.decode(Z).reshape(5, reels.shape[1], -1)
    )
    assert_array_equal(np.asarray(whole.inputs(reels)), np.asarray(roll))
    assert alone.inputs(roll) is roll


def test_values_of_one_variable_go_from_its_least_to_its_largest(model, reels):
    latent, low, high = LatentModel(model), *LatentModel(model).range()
    values = latent.values(2, 5)
    assert values.shape == (5,) and (np.diff(values) > 0).all()
    assert_allclose(values[[0, 2, 4]], [low[2], (low[2] + high[2]) / 2, high[2]])
    near = latent.values(2, 2, reels[:9])
    assert_array_equal(near, np.float32(latent.range(reels[:9]))[:, 2])
    with pytest.raises(ValueError, match="dimension=6 does not exist"):
        latent.values(6, 5)


@pytest.mark.filterwarnings("ignore:X has feature names:UserWarning")
def test_codes_are_an_array_whatever_the_output_is_set_to(reels):
    pytest.importorskip("pandas")
    model = make_pipeline(PianoRollEncoder(), PCA(3)).fit(reels)
    expected = LatentModel(model).encode(reels)
    model.set_output(transform="pandas")
    found = LatentModel(model).encode(reels)
    assert type(found) is np.ndarray
    assert_array_equal(found, expected)


def test_a_constant_latent_variable_has_a_spread_of_one(bare, encoder, reels):
    model = clone(AUTOENCODER).fit(encoder.transform(reels))
    expected = np.float32([1, *model.latent_std_[1:]])
    model.latent_std_ = np.float32([0, *model.latent_std_[1:]])
    assert_array_equal(LatentModel(model).spread(), expected)


def test_the_gradient_is_that_of_the_probabilities(reels, rng):
    encoder = PianoRollEncoder(dtype=np.float64)
    latent = LatentModel(make_pipeline(encoder, clone(AUTOENCODER)).fit(reels))
    Z = rng.uniform(*latent.range(), (3, 6))
    P, vjp = latent.probabilities_vjp(Z)
    assert_array_equal(P, latent.probabilities(Z))
    weights, direction = rng.standard_normal(P.shape), rng.standard_normal(Z.shape)
    ahead, behind = (
        (weights * latent.probabilities(Z + e * direction)).sum() for e in (1e-6, -1e-6)
    )
    slope = (vjp(weights) * direction).sum()
    assert_allclose(slope, (ahead - behind) / 2e-6, rtol=1e-6)


def test_noise_is_decoded_by_the_steps_before_the_estimator(model, bare):
    noise = np.random.RandomState(3).uniform(size=(4, bare.n_features_in_))
    rngs = (np.random.RandomState(3) for _ in range(2))
    assert_array_equal(LatentModel(bare).draw_noise(4, next(rngs)), noise)
    melodies = LatentModel(model).draw_noise(4, next(rngs))
    assert_array_equal(melodies, model[0].inverse_transform(noise))
    check_melodies(melodies)


def test_the_prior_is_the_models_own(encoder, reels):
    model = make_pipeline(PianoRollEncoder(), clone(VARIATIONAL)).fit(reels)
    expected = model[-1].sample_prior(5, random_state=7)
    found = LatentModel(model).draw_prior(5, np.random.RandomState(7))
    assert_array_equal(found, expected)


def test_models_are_told_by_what_they_lack(model, bare, reels):
    between = StandardScaler(with_mean=False, with_std=False)
    scaled = make_pipeline(PianoRollEncoder(), between, Autoencoder(6, max_iter=1))
    pca = make_pipeline(PianoRollEncoder(), PCA(3))
    models = [model, scaled.fit(reels), pca.fit(reels), bare]
    assert [LatentModel(m).decodes_melodies for m in models] == [True] * 3 + [False]
    obstacles = [
        None,
        "The Pipeline has steps between PianoRollEncoder and decoder",
        "PCA has no decode_with_vjp",
        "Autoencoder is not a Pipeline that begins with a PianoRollEncoder",
    ]
    assert [LatentModel(m).gradient_obstacle for m in models] == obstacles
    for m, obstacle in zip(models[1:], obstacles[1:], strict=True):
        with pytest.raises(ValueError, match=obstacle):
            LatentModel(m).check_gradient()
    assert LatentModel(model).check_gradient() is None
    # later steps of the pipeline do not prevent probabilities
    Z = LatentModel(models[1]).encode(reels[:3])
    P = LatentModel(models[1]).probabilities(Z)
    assert_array_equal(P.reshape(3, -1), scaled[-1].inverse_transform(Z))
    with pytest.raises(ValueError, match="got Autoencoder"):
        LatentModel(bare).probabilities(Z)
    with pytest.raises(ValueError, match=r"of PCA are not probabilities, found -"):
        LatentModel(pca).probabilities(LatentModel(pca).encode(reels))
    for ask in (LatentModel(pca).range, LatentModel(pca).mean, LatentModel(pca).spread):
        with pytest.raises(ValueError, match="PCA does not remember its latent_"):
            ask()
    with pytest.raises(ValueError, match="PCA has no prior"):
        LatentModel(pca).draw_prior(1, np.random.RandomState(0))


PROBES = {
    "tokens_",
    "decode_with_vjp",
    "latent_max_",
    "latent_mean_",
    "latent_min_",
    "latent_std_",
    "named_steps",
    "sample_prior",
}
# Modules that take models, besides the estimators and persistence.
ROOMS = ("generation", "metrics", "display", "page", "cli", "model_selection.py")
PACKAGE = Path(sklearn_c2c.__file__).parent
FILES = [
    path
    for room in ROOMS
    for path in sorted((PACKAGE / room).rglob("*.py")) or [PACKAGE / room]
    if path != PACKAGE / "generation" / "_models.py"
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_else_knows_the_steps_of_a_pipeline(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "sklearn.pipeline":
            assert "Pipeline" not in {alias.name for alias in node.names}
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            assert node.value.id not in {"model", "estimator", "classifier"}
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "hasattr":
            assert ast.unparse(node.args[1]).strip("'") not in PROBES
