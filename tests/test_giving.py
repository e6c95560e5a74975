"""Views whose codes have the measured attributes of melodies."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline

from sklearn_c2c import (
    AttributeVariationalAutoencoder,
    Autoencoder,
    PianoRollEncoder,
    generation,
    metrics,
)

NAMES = ["note_density", "mean_pitch", "pitch_range"]
FUNCTIONS = metrics.attributes(NAMES)


@pytest.fixture(scope="module")
def measures(reels):
    measures = np.unique(reels.reshape(-1, 16), axis=0)
    return measures[measures[:, 0] < 128]


@pytest.fixture(scope="module", params=[False, True], ids=["dense", "sparse"])
def model(request, measures):
    vae = AttributeVariationalAutoencoder(
        h=6, hidden_layer_sizes=(16,), attributes=NAMES, max_iter=3, random_state=0
    )
    encoder = PianoRollEncoder(sparse_output=request.param)
    y = metrics.attribute_values(measures, NAMES)
    return make_pipeline(encoder, vae).fit(measures, y)


def test_codes_have_the_values_that_melodies_have(model, measures):
    view = generation.give_attributes(model, FUNCTIONS)
    Z, read = view.transform(measures), model.transform(measures)
    y = metrics.attribute_values(measures, NAMES)
    assert_allclose(Z[:, :3], (y - y.mean(axis=0)) / y.std(axis=0), atol=1e-5)
    assert_array_equal(Z[:, 3:], read[:, 3:])
    assert np.abs(Z[:, :3] - read[:, :3]).max() > 0.1  # the encoder errs
    assert Z.dtype == read.dtype
    assert_array_equal(view.inverse_transform(Z), model.inverse_transform(Z))
    assert_array_equal(metrics.interpretability(Z, y, random_state=0).round(5), 1)
    assert (metrics.interpretability(read, y, random_state=0) < 0.99).any()


def test_an_attribute_has_its_own_latent_in_any_order(model, measures):
    some = {name: FUNCTIONS[name] for name in ("pitch_range", "note_density")}
    Z = generation.give_attributes(model, some).transform(measures)
    whole = generation.give_attributes(model, FUNCTIONS).transform(measures)
    assert_array_equal(Z[:, [0, 2]], whole[:, [0, 2]])
    assert_array_equal(Z[:, 1], model.transform(measures)[:, 1])


def test_strategies_take_the_view(model, measures):
    view, X = generation.give_attributes(model, FUNCTIONS), measures[:4]
    for name in ("latent_mean_", "latent_std_", "latent_min_", "latent_max_"):
        assert_array_equal(getattr(view[-1], name), getattr(model[-1], name))
    found, own = (
        generation.sample(m, 3, method="prior", random_state=0) for m in (view, model)
    )
    assert_array_equal(found, own)
    assert generation.encode(view, X).shape == (4, 6)  # by the gradient
    assert generation.interpolate(view, X[0], X[1], n_points=3).shape == (3, 16)
    moved = generation.set_attribute(
        view, X, FUNCTIONS["mean_pitch"], 1, relative=True, method="latent"
    )
    others = np.delete(moved.latent - view.transform(X), 1, axis=1)
    assert_array_equal(others, 0)


def test_a_view_can_be_copied(model, measures):
    view = generation.give_attributes(model, FUNCTIONS)
    for other in (copy.deepcopy(view), pickle.loads(pickle.dumps(view))):
        assert_array_equal(other.transform(measures), view.transform(measures))
    with pytest.raises(AttributeError, match="no_such_thing"):
        view[-1].no_such_thing  # noqa: B018


@pytest.mark.parametrize(
    ("changes", "attributes", "message"),
    [
        ({"regularization": "squared"}, {}, "expected an AttributeVariational"),
        ({}, {"contour": metrics.contour}, "'contour': .* knows note_density"),
    ],
)
def test_what_cannot_be_given_is_refused(measures, changes, attributes, message):
    vae = AttributeVariationalAutoencoder(
        h=4, hidden_layer_sizes=(4,), attributes=NAMES, max_iter=1, **changes
    )
    y = metrics.attribute_values(measures, NAMES)
    model = make_pipeline(PianoRollEncoder(), vae).fit(measures, y)
    with pytest.raises(ValueError, match=message):
        generation.give_attributes(model, FUNCTIONS | attributes)


def test_other_models_are_refused(measures):
    model = make_pipeline(PianoRollEncoder(), Autoencoder(h=4, max_iter=1))
    with pytest.raises(ValueError, match=r"Autoencoder\(.* is not given attributes"):
        generation.give_attributes(model.fit(measures), FUNCTIONS)


@pytest.mark.parametrize("attributes", [{}, {"mean_pitch": 3}])
def test_attributes_are_functions(model, attributes):
    with pytest.raises(ValueError, match="must be functions by name, at least one"):
        generation.give_attributes(model, attributes)


def test_a_melody_without_the_attribute_is_named(model, measures):
    X = measures[:3].copy()
    X[1] = 128  # rests have no pitch
    view = generation.give_attributes(model, FUNCTIONS)
    with pytest.raises(ValueError, match="Melody 1 has no mean_pitch"):
        view.transform(X)
