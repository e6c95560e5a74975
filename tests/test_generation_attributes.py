"""Attribute vectors: groups by hand, and what they do to melodies."""

from copy import deepcopy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from sklearn_c2c import PianoRollEncoder
from sklearn_c2c.generation import add_attribute, attribute_vector, translate
from sklearn_c2c.melody import HOLD


@pytest.fixture(scope="module")
def model(reels):
    return make_pipeline(PianoRollEncoder(), PCA(40, random_state=0)).fit(reels)


def n_holds(X):
    return (X == HOLD).sum(axis=1)


def test_the_paper_s_vector_is_the_mean_code(model, reels):
    Z = model.transform(reels[:20])
    vector = attribute_vector(model, reels[:20])
    assert_allclose(vector, Z.mean(axis=0), rtol=1e-6)
    assert vector.dtype == np.float32


def test_two_groups_by_any_name(model, reels):
    first = np.arange(75) < 20
    Z = model.transform(reels)
    difference = Z[first].mean(axis=0) - Z[~first].mean(axis=0)
    labels = np.where(first, "reel", "jig")
    for vector in (
        attribute_vector(model, reels[first], reels[~first]),
        attribute_vector(model, reels, by=first),
        attribute_vector(model, reels, by=first.tolist()),
        attribute_vector(model, reels, by=lambda X: np.arange(len(X)) < 20),
        attribute_vector(model, reels, by=labels, label="reel"),
        attribute_vector(model, reels, by=first.astype(int), label=1),
    ):
        assert_allclose(vector, difference, atol=1e-5)
    assert_array_equal(
        attribute_vector(model, reels, by=labels, label="jig"),
        -attribute_vector(model, reels, by=first),
    )


def test_quarters_of_a_measure(model, reels):
    holds = n_holds(reels)
    low, high = np.quantile(holds, [0.25, 0.75])
    Z = model.transform(reels)
    expected = Z[holds >= high].mean(axis=0) - Z[holds <= low].mean(axis=0)
    assert_array_equal(attribute_vector(model, reels, by=n_holds), expected)
    assert_array_equal(attribute_vector(model, reels, by=holds), expected)


def test_quarters_by_hand():
    pca = PCA(1).fit(np.arange(8.0)[:, None])
    X = np.array([0.0, 1, 2, 3, 4, 5, 6, 9])[:, None]
    # Quartiles 1.75 and 5.25: two rows on either side.
    vector = attribute_vector(pca, X, by=X[:, 0])
    assert_allclose(abs(vector), [(6 + 9) / 2 - (0 + 1) / 2])


def test_more_of_an_attribute_is_more_of_it(model, reels):
    vector = attribute_vector(model, reels, by=n_holds)
    scales = [-4, -2, 0, 2, 4]
    model = deepcopy(model)
    model[0].set_params(transition_weight=0)  # steps independent
    holds = [n_holds(add_attribute(model, reels, vector, s)).mean() for s in scales]
    assert (np.diff(holds) > 0).all()


def test_scales_are_for_one_melody_or_one_each(model, reels):
    vector = attribute_vector(model, reels, by=n_holds)
    gradations = add_attribute(model, reels[:1], vector, scale=[-1, 0, 1])
    for scale, melody in zip([-1, 0, 1], gradations, strict=True):
        alone = add_attribute(model, reels[:1], vector, scale=scale)
        assert_array_equal(melody, alone[0])
    each = add_attribute(model, reels[:3], vector, scale=[-1, 0, 1])
    assert_array_equal(each[0], gradations[0])
    assert_array_equal(
        add_attribute(model, reels, vector), translate(model, reels, vector)
    )
    with pytest.raises(ValueError, match="does not fit latent vectors"):
        add_attribute(model, reels[:3], vector, scale=[1, 2])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": np.ones(75, bool)}, "75 of 75 rows have the attribute"),
        ({"by": np.arange(75), "label": 99}, "0 of 75 rows have"),
        ({"by": np.arange(74)}, r"each of the 75 rows of X, got shape \(74,\)"),
        ({"by": lambda X: X}, r"got shape \(75, 128\)"),
        ({"by": ["reel", "jig", "air"] * 25}, "say with label="),
        ({"by": np.repeat([0, 1, 2], [10, 60, 5])}, "lower quartile of 1"),
        ({"by": np.r_[np.nan, np.arange(74)]}, "quartile of nan"),
        ({"label": "reel"}, "label='reel' needs by"),
        ({"by": np.arange(75), "X_without": [[62] * 128]}, "not both"),
    ],
)
def test_what_does_not_part_the_data_is_named(model, reels, options, message):
    with pytest.raises(ValueError, match=message):
        attribute_vector(model, reels, **options)
