"""Halves of a latent space: swapped, and moved alone by any strategy."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from sklearn_c2c import PianoRollEncoder, PitchRhythmAutoencoder, generation, objectives
from sklearn_c2c.melody import HOLD


@pytest.fixture(scope="module")
def model(reels):
    estimator = PitchRhythmAutoencoder(max_iter=60, beta=0.2, random_state=0)
    return make_pipeline(PianoRollEncoder((50, 93)), estimator).fit(reels)


def onset_f1(X, Y):
    X, Y = X < 128, Y < 128
    return (2 * (X & Y).sum() / (X.sum() + Y.sum())).item()


def pitch_agreement(X, Y):
    """Share of equal pitches among the notes that both have, in order, in a measure."""
    equal = []
    for x, y in zip(X.reshape(-1, 16), Y.reshape(-1, 16), strict=True):
        n = min((x < 128).sum(), (y < 128).sum())
        equal += list(x[x < 128][:n] == y[y < 128][:n])
    return np.mean(equal)


def test_a_swap_has_the_pitches_of_one_and_the_rhythm_of_the_other(model, reels):
    others = np.roll(reels, 7, axis=0)
    swapped = generation.swap(model, reels, others)
    assert onset_f1(swapped, others) > 0.97 > 0.92 > onset_f1(swapped, reels)
    assert pitch_agreement(swapped, reels) > 0.85
    assert pitch_agreement(swapped, others) < 0.3


def test_one_for_all_and_all_for_one(model, reels):
    several = generation.swap(model, reels[0], reels[:3])
    assert several.shape == (3, 128)
    assert_array_equal(several[2:], generation.swap(model, reels[:1], reels[2]))
    assert_array_equal(
        generation.swap(model, reels[:3], reels[1])[2:],
        generation.swap(model, reels[2], reels[1]),
    )
    itself = generation.swap(model, reels, reels)
    assert_array_equal(itself, model.inverse_transform(model.transform(reels)))


def test_a_search_finds_better_codes_to_swap(model, reels):
    given = reels[:4], reels[4:8]
    swapped, searched = (
        generation.swap(model, *given, encoding=encoding)
        for encoding in ("encoder", "search")
    )
    found = pitch_agreement(searched, given[0]), onset_f1(searched, given[1])
    assert found > (pitch_agreement(swapped, given[0]), 0.97)


def test_a_swap_in_form(model, reels):
    swapped = generation.swap(model, reels[:2], reels[2:4], form="AABA")
    assert_array_equal(swapped[:, :32], swapped[:, 32:64])


def test_models_without_halves_are_refused(reels):
    pca = make_pipeline(PianoRollEncoder(), PCA(4)).fit(reels)
    with pytest.raises(ValueError, match=r"PCA has no branch 'pitch'.*\(none\)"):
        generation.swap(pca, reels, reels)
    with pytest.raises(ValueError, match="PCA has no branch 'rhythm'"):
        generation.branch(pca, "rhythm", reels[0])


def test_numbers_that_do_not_fit_are_refused(model, reels):
    with pytest.raises(ValueError, match="pitches_of has 2 melodies and rhythm_of 3"):
        generation.swap(model, reels[:2], reels[:3])
    with pytest.raises(ValueError, match=r"no branch 'chords'.*only pitch, rhythm"):
        generation.branch(model, "chords", reels[0])
    with pytest.raises(ValueError, match="keep must be one row"):
        generation.branch(model, "pitch", reels[:2])
    view = generation.branch(model, "pitch", reels[0])
    with pytest.raises(ValueError, match="24 columns of the branch, got shape"):
        view.inverse_transform(np.zeros((1, 32)))


@pytest.mark.parametrize("name", ["pitch", "rhythm"])
def test_a_view_decodes_what_the_model_does(model, reels, name):
    view = generation.branch(model, name, reels[3])
    columns = model[-1].branches_[name]
    Z = np.repeat(model.transform(reels[3:4]), 5, axis=0)
    Z[:, columns] = model.transform(reels[:5])[:, columns]
    assert_array_equal(view.transform(reels[:5]), Z[:, columns])
    decoded = view.inverse_transform(view.transform(reels[:5]))
    assert_array_equal(decoded, model.inverse_transform(Z))
    low, high = generation.LatentModel(view).range()
    assert_array_equal(low, model[-1].latent_min_[columns])
    assert_array_equal(high, model[-1].latent_max_[columns])
    bare = generation.branch(model[-1], name, model[0].transform(reels[3:4]))
    roll = bare.inverse_transform(view.transform(reels[:5]))
    assert_array_equal(model[0].inverse_transform(roll), decoded)


def test_the_gradient_of_a_view(model, reels, rng):
    latent = generation.LatentModel(generation.branch(model, "rhythm", reels[0]))
    whole = generation.LatentModel(model)
    z = model.transform(reels[:1])
    columns = model[-1].branches_["rhythm"]
    P, vjp = latent.probabilities_vjp(z[:, columns])
    P_whole, vjp_whole = whole.probabilities_vjp(z)
    assert_allclose(P, P_whole, rtol=1e-6)
    cotangent = rng.normal(size=P.shape)
    assert_allclose(vjp(cotangent), vjp_whole(cotangent)[:, columns], rtol=1e-5)


def strategies(view, X):
    given = dict(random_state=0)
    yield generation.sample(view, n_samples=4, **given)
    yield generation.sample(view, n_samples=4, method="prior", **given)
    yield generation.sample(view, n_samples=4, method="gaussian", X=X, **given)
    yield generation.vary(view, X[0], n_samples=4, strength=0.8, **given)
    yield generation.interpolate(view, X[0], X[1], n_points=4)
    yield generation.sweep(view, 2, n_points=4)
    yield generation.translate(view, X[:4], 0.5)
    yield generation.average(view, X[:4])
    yield generation.recurse(view, X[:1], max_iter=2).paths[0][1:]
    few = dict(maximize=False, X=X, n_starts=2, max_iter=3, **given)
    yield generation.optimize(view, objectives.NoteDensity(), **few).melodies


def test_every_strategy_moves_in_the_rhythm_alone(model, reels):
    view = generation.branch(model, "rhythm", reels[0])
    kept = model.inverse_transform(model.transform(reels[:1]))[0]
    for i, melodies in enumerate(strategies(view, reels)):
        for melody in melodies:
            assert pitch_agreement(melody, kept) > 0.7, i
    others = generation.sample(view, n_samples=9, random_state=1)
    assert len(np.unique(others < HOLD - 1, axis=0)) > 5


def test_every_strategy_moves_in_the_pitches_alone(model, reels):
    view = generation.branch(model, "pitch", reels[0])
    kept = model.inverse_transform(model.transform(reels[:1]))[0]
    given = dict(random_state=0)
    for melodies in (
        generation.sample(view, n_samples=4, **given),
        generation.sample(view, n_samples=4, method="prior", **given),
        generation.interpolate(view, reels[2], reels[3], n_points=4),
    ):
        for melody in melodies:
            assert onset_f1(melody, kept) > 0.93
    assert pitch_agreement(np.array(melodies[-1]), reels[3]) > 0.7
