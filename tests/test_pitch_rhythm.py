"""Pitch and rhythm separated: the information in each half, and their combination."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.pipeline import make_pipeline

from sklearn_c2c import PianoRollEncoder, PitchRhythmAutoencoder, datasets
from sklearn_c2c.autoencoder._pitch_rhythm_stack import Layout, place, split, split_all
from sklearn_c2c.melody import HOLD, REST, mend_orphan_holds
from sklearn_c2c.persistence import load, save
from tests.strategies import melodies

LOW, HIGH = 55, 83


@pytest.fixture(scope="module")
def roll(reels):
    return PianoRollEncoder((LOW, HIGH)).fit_transform(reels)


@pytest.fixture(scope="module")
def model(reels):
    estimator = PitchRhythmAutoencoder(max_iter=40, beta=0.2, random_state=0)
    return make_pipeline(PianoRollEncoder((50, 93)), estimator).fit(reels)


def halves(model, X):
    Z = model.transform(X)
    return [Z[:, model[-1].branches_[name]] for name in ("pitch", "rhythm")]


def one_hot(X, codes):
    return (X[..., np.newaxis] == codes).astype(float).reshape(len(X), -1)


# ------------------------------------------------------------------ parts


@given(melodies(low=60, high=63), st.integers(1, 30))
def test_notes_stand_in_their_order_at_the_front_of_their_measure(X, m):
    codes = np.array([*range(60, 64), HOLD, REST])
    n_steps = X.shape[1]
    layout = Layout(len(codes), n_steps, min(m, n_steps))
    pitches, rhythm = split(one_hot(X, codes), layout)
    kinds = rhythm.reshape(*X.shape, 3)
    assert_array_equal(kinds.argmax(axis=2), np.select([X < 128, X == HOLD], [0, 1], 2))
    for melody, found in zip(X, pitches.reshape(*X.shape, 4), strict=True):
        for start in range(0, n_steps, layout.steps_per_measure):
            measure = melody[start : start + layout.steps_per_measure]
            notes = measure[measure < 128]
            places = found[start : start + len(measure)]
            assert_array_equal(places[: len(notes)].argmax(axis=1) + 60, notes)
            assert_array_equal(places.sum(axis=1), np.arange(len(measure)) < len(notes))
    # the parts give the melody again
    assert_array_equal(place(pitches, rhythm, layout)[0], one_hot(X, codes))


@pytest.mark.parametrize("n_tokens", [1, 2, 3, 5])
@pytest.mark.parametrize("m", [1, 3, 7])
def test_placed_notes_are_those_of_all_rhythms_by_their_probability(rng, n_tokens, m):
    layout = Layout(n_tokens, 7, m)
    n_pitches, n_rhythm = layout.part_sizes
    pitches, rhythm = (
        rng.dirichlet(np.ones(n), size=(2, 7)) for n in (n_pitches, n_rhythm)
    )
    expected = np.zeros((2, 7, n_tokens))
    rhythms = itertools.product(range(n_rhythm), repeat=7)
    for i, kinds in itertools.product(range(2), rhythms):
        share = np.prod([rhythm[i, t, kind] for t, kind in enumerate(kinds)])
        number = 0
        for t, kind in enumerate(kinds):
            number = 0 if t % m == 0 else number
            if kind:
                expected[i, t, n_pitches + kind - 1] += share
            else:
                expected[i, t, :n_pitches] += share * pitches[i, t - t % m + number]
                number += 1
    found, _ = place(pitches.reshape(2, -1), rhythm.reshape(2, -1), layout)
    assert_allclose(found.reshape(expected.shape), expected, atol=1e-14)


@pytest.mark.parametrize("m", [1, 3, 7])
def test_the_gradient_of_placing(rng, m):
    layout = Layout(5, 7, m)
    parts = rng.random((3, 21)), rng.random((3, 21))
    cotangent = rng.normal(size=(3, 35))
    _, pull_back = place(*parts, layout)
    for i, gradient in enumerate(pull_back(cotangent)):
        direction = rng.normal(size=(3, 21))
        ends = []
        for sign in (1, -1):
            moved = [part + sign * 1e-5 * direction if j == i else part
                     for j, part in enumerate(parts)]  # fmt: skip
            ends.append((place(*moved, layout)[0] * cotangent).sum())
        central = (ends[0] - ends[1]) / 2e-5
        assert_allclose((gradient * direction).sum(), central, rtol=1e-8, atol=1e-8)


def test_many_melodies_are_split_as_few(roll):
    X = np.tile(roll, (20, 1))
    layout = Layout(31, 128, 16)
    whole, parts = split(X, layout), split_all(sparse.csr_array(X), layout)
    assert_array_equal(parts.pitches.toarray(), whole.pitches)
    assert_array_equal(parts.rhythm, whole.rhythm)


# ------------------------------------------------------------------ halves


def test_a_transposition_leaves_the_rhythm_s_half(model, reels):
    moved = datasets.transpositions(reels, semitones=[0, 3]).data
    pitch, rhythm = halves(model, moved)
    assert_array_equal(rhythm[::2], rhythm[1::2])
    assert (np.abs(pitch[::2] - pitch[1::2]).mean(axis=1) > 0.1).all()


def test_another_rhythm_for_the_notes_leaves_the_pitches_half(model, reels, rng):
    X = reels.reshape(len(reels), -1, 16)
    other = np.full_like(X, HOLD)
    for measure, new in zip(X.reshape(-1, 16), other.reshape(-1, 16), strict=True):
        notes = measure[measure < 128]
        steps = np.sort(rng.choice(16, size=len(notes), replace=False))
        new[steps] = notes
    other = mend_orphan_holds(other.reshape(reels.shape))
    (pitch, rhythm), (pitch_after, rhythm_after) = (
        halves(model, rows) for rows in (reels, other)
    )
    assert_array_equal(pitch, pitch_after)
    assert (np.abs(rhythm - rhythm_after).mean(axis=1) > 0.1).all()


def test_probabilities_are_those_of_a_rhythm_and_its_pitches(model, roll, rng):
    estimator = model[-1]
    Z = rng.normal(size=(9, 32)).astype(np.float32)
    P = estimator.inverse_transform(Z).reshape(9, 128, -1)
    assert_allclose(P.sum(axis=2), 1, rtol=1e-5)
    other = Z.copy()
    other[:, estimator.branches_["pitch"]] *= -1
    Q = estimator.inverse_transform(other).reshape(P.shape)
    assert_array_equal(P[..., -2:], Q[..., -2:])
    assert np.abs(P - Q).max() > 0.1


def test_the_likelihoods_of_all_melodies_sum_to_1_and_to_what_is_decoded():
    X = np.array([*itertools.product(np.eye(4), repeat=4)]).reshape(256, 16)
    model = PitchRhythmAutoencoder(
        2, 2, steps_per_measure=2, beta=0, max_iter=5, random_state=0
    ).fit(X)
    z = model.transform(X[:1])
    with model._fitted_stack() as stack:
        logits, _ = stack.decoder(z)
        likelihoods = np.array(
            [np.exp(-stack.loss(logits, split(x, stack.layout))[0]) for x in X[:, None]]
        )
    assert_allclose(likelihoods.sum(), 1)
    assert_allclose(model.inverse_transform(z)[0], likelihoods @ X, atol=1e-12)
    assert_allclose(model.score(X[:1]), np.log(likelihoods[0]))


# ------------------------------------------------------------------ training


def test_the_curves_add_up(model):
    estimator = model[-1]
    parts = np.add(estimator.pitch_curve_, estimator.rhythm_curve_)
    assert_allclose(parts, estimator.reconstruction_curve_)
    loss = parts + 0.2 * np.array(estimator.kl_curve_)
    assert_allclose(loss, estimator.loss_curve_)
    assert estimator.pitch_curve_[-1] < 0.5 * estimator.pitch_curve_[0]
    assert estimator.rhythm_curve_[-1] < 0.8 * estimator.rhythm_curve_[0]


def test_most_of_the_reels_come_back(model, reels):
    decoded = model.inverse_transform(model.transform(reels))
    assert (decoded == reels).mean() > 0.9


@pytest.mark.parametrize("hidden", [(), (20,)])
def test_sparse_and_dense_and_one_epoch_at_a_time_give_the_same_bits(roll, hidden):
    settings = dict(random_state=0, hidden_layer_sizes=hidden, tol=0)
    whole = PitchRhythmAutoencoder(5, 3, max_iter=3, **settings).fit(roll)
    parts = PitchRhythmAutoencoder(5, 3, **settings)
    for _ in range(3):
        parts.partial_fit(sparse.csr_array(roll))
    for a, b in zip(whole.coefs_, parts.coefs_, strict=True):
        assert_array_equal(a, b)


def test_the_number_of_threads_changes_no_bit(roll, monkeypatch):
    from sklearn_c2c._nn import threads

    results = []
    for n_threads in (1, 3):
        monkeypatch.setenv("OMP_NUM_THREADS", str(n_threads))
        monkeypatch.setattr(threads, "_n_cores", lambda: 3)
        model = PitchRhythmAutoencoder(40, 20, max_iter=2, random_state=0).fit(roll)
        Z = model.transform(roll)
        P, vjp = model.decode_with_vjp(Z)
        results.append([*model.coefs_, Z, P, vjp(P)])
    for a, b in zip(*results, strict=True):
        assert_array_equal(a, b)


def test_other_sizes_cannot_go_on(roll):
    model = PitchRhythmAutoencoder(4, 3, max_iter=1, warm_start=True).fit(roll)
    with pytest.raises(ValueError, match="h_pitch=3 and h_rhythm=4"):
        model.set_params(h_pitch=3, h_rhythm=4).fit(roll)


def test_a_saved_model_comes_back(model, reels, tmp_path):
    save(model, tmp_path / "model.c2c", optimizer=True)
    loaded = load(tmp_path / "model.c2c")
    assert_array_equal(loaded.transform(reels), model.transform(reels))
    assert loaded[-1].branches_ == model[-1].branches_


def test_a_group_size_from_a_file_is_checked(model, tmp_path):
    import copy

    forged = copy.deepcopy(model)
    forged[-1].group_size_ = 7
    with pytest.raises(ValueError, match=r"group_size_ is .*expected a divisor"):
        save(forged, tmp_path / "model.c2c")
