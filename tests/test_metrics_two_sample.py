"""Two samples: features by hand, a classifier between sets, density and coverage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_c2c.datasets import load_celtic, recombine_measures
from sklearn_c2c.melody import HOLD, REST, transpose
from sklearn_c2c.metrics import (
    density_coverage,
    half_against_half,
    melody_features,
    two_sample_auc,
)
from tests.strategies import melodies

pytestmark = pytest.mark.filterwarnings("error")


def auc(X, corpus, **options):
    return two_sample_auc(X, corpus, random_state=0, **options)


def test_features_of_hand_counted_bars():
    #       D4  -     D4  F#4 | D4  -     rest D6 -> 4 steps a measure
    tune = [62, HOLD, 62, 66, 62, HOLD, REST, 86]
    features = melody_features([tune], steps_per_measure=4)
    intervals = features.interval_histogram[0]
    # 0 +4 -4 +24: two octaves count as one.
    assert intervals.shape == (25,)
    assert intervals[[12, 16, 8, 24]].tolist() == [1 / 4] * 4
    # Of seven sounding steps D has six, F# one; lengths 2 1 1 2 1.
    assert features.pitch_class_histogram[0, [2, 6]].tolist() == [6 / 7, 1 / 7]
    assert features.note_length_histogram[0, :2].tolist() == [3 / 5, 2 / 5]
    # x.xx|x..x
    assert features.onset_profile.tolist() == [[1, 0, 0.5, 1]]
    assert features.measure_similarity.tolist() == [[0.5]]
    # Halves D-, D F#, D-, rest D: one pair of six.
    assert features.equal_measure_share.tolist() == [[1 / 6]]
    assert features.last_pitch_class.tolist() == [[0, 0, 1] + [0] * 9]
    assert features.last_place.tolist() == [[3]]
    assert features.last_length.tolist() == [[1]]
    # A measure that cannot be halved is compared as a whole.
    features = melody_features([[62, 64, 65] * 2], steps_per_measure=3)
    assert features.equal_measure_share.tolist() == [[1]]


def test_features_of_extremes():
    features = melody_features([[REST] * 16, [62] + [HOLD] * 15])
    for name, feature in features.items():
        assert feature[0].any() == (name == "equal_measure_share")  # of silence
    assert features.last_length.tolist() == [[0], [16]]
    assert features.measure_similarity.shape == (2, 0)
    with pytest.raises(ValueError, match="16 steps at steps_per_measure=12"):
        melody_features([[62] * 16], steps_per_measure=12)


@given(melodies(), st.randoms())
def test_each_melody_has_its_own_features(X, random):
    order = random.sample(range(len(X)), len(X))
    measures = {"steps_per_measure": X.shape[1]}
    features = melody_features(X, **measures)
    shuffled = melody_features(X[order], **measures)
    none = melody_features(X[:0], **measures)
    for name, feature in features.items():
        assert feature.ndim == 2 and np.isfinite(feature).all()
        np.testing.assert_array_equal(shuffled[name], feature[order])
        assert none[name].shape == (0, feature.shape[1])


@pytest.mark.integration
def test_the_classifier_sees_each_kind_of_feature(reels, rng):
    """Melodies that differ from other reels in one respect only."""
    reels = load_celtic(n_melodies=None).data
    X, corpus = reels[::2], reels[1::2]
    assert 0.35 < auc(X, corpus) < 0.65
    assert auc(transpose(X, -5), corpus) > 0.9  # another key
    measures = X.reshape(len(X), 8, 16)
    inside = rng.permuted(np.arange(7)[None].repeat(len(X), 0), axis=1)
    order = np.column_stack([inside, np.full(len(X), 7)])
    mixed = np.take_along_axis(measures, order[:, :, None], axis=1)
    mixed = np.where(mixed[:, :, :1] == HOLD, 62, mixed[:, :, :1]), mixed[:, :, 1:]
    mixed = np.concatenate(mixed, axis=2).reshape(X.shape)
    assert auc(mixed, corpus) > 0.8  # form
    dice = recombine_measures(corpus, 67, max_transposition=0, random_state=0)
    assert auc(dice, corpus) > 0.95
    half = np.vstack([X[:34], dice[:33]])
    assert auc(X, corpus) < auc(half, corpus) < auc(dice, corpus)


@pytest.mark.integration
def test_separable_sets_copies_and_few_melodies(reels):
    high, low = [[72, 74, 76, 77]] * 5, [[60, 62, 60, 62]] * 5
    assert auc(high, low, steps_per_measure=4) == 1
    # One vector for all: the classifier has nothing to distinguish by.
    assert auc(low, low, steps_per_measure=4) == 0.5
    # The classifier has seen the same tune as a real one.
    assert auc(reels, reels) < 0.1
    for n in (2, 3):
        assert 0 <= auc(reels[:n], reels[n:30]) <= 1
        assert 0 <= auc(reels[n:30], reels[:n]) <= 1
    for X, corpus in [(reels[:0], reels), (reels[:1], reels), (reels, reels[:1])]:
        assert np.isnan(auc(X, corpus))


@settings(max_examples=10)
@given(melodies(), melodies())
def test_areas_lie_in_their_range(X, corpus):
    n_steps = min(X.shape[1], corpus.shape[1])
    area = auc(X[:, :n_steps], corpus[:, :n_steps], steps_per_measure=n_steps)
    assert np.isnan(area) == (min(len(X), len(corpus)) < 2)
    assert np.isnan(area) or 0 <= area <= 1


def test_seeds(reels):
    X, corpus = reels[:20], reels[20:50]
    same = [two_sample_auc(X, corpus, random_state=3) for _ in range(2)]
    assert same[0] == same[1] != two_sample_auc(X, corpus, random_state=4)


def balls(X, corpus, k, steps_per_measure=16, slack=0.0):
    """Density and coverage by their sums, one pair of melodies at a time."""
    measures = {"steps_per_measure": steps_per_measure}
    rows = [np.hstack([*melody_features(x, **measures).values()]) for x in (X, corpus)]
    scale = rows[1].std(axis=0)
    scale[scale == 0] = 1
    (Y, Z) = (x / scale for x in rows)
    inside = np.zeros((len(Y), len(Z)))
    for i, z in enumerate(Z):
        others = sorted(np.linalg.norm(np.delete(Z, i, axis=0) - z, axis=1))
        for j, y in enumerate(Y):
            inside[j, i] = np.linalg.norm(y - z) <= others[k - 1] + slack
    return inside.sum() / (k * len(Y)), np.mean([any(column) for column in inside.T])


@given(melodies(), melodies(), st.integers(1, 4))
def test_density_and_coverage_against_their_sums(X, corpus, k):
    n_steps = min(X.shape[1], corpus.shape[1])
    X, corpus = X[:, :n_steps], corpus[:, :n_steps]
    found = density_coverage(X, corpus, n_neighbors=k, steps_per_measure=n_steps)
    if len(corpus) <= k:
        assert np.isnan(found).all()
    else:
        density, coverage = found
        assert 0 <= density <= len(corpus) / k and 0 <= coverage <= 1
        # What is on the edge of a ball may be in or out by rounding.
        least = balls(X, corpus, k, n_steps, slack=-1e-9)
        most = balls(X, corpus, k, n_steps, slack=1e-9)
        assert (np.subtract(found, least) > -1e-12).all()
        assert (np.subtract(most, found) > -1e-12).all()


def test_density_and_coverage_of_reels(reels):
    assert density_coverage(reels[:30], reels[30:]) == pytest.approx(
        balls(reels[:30], reels[30:], k=5)
    )
    # Each tune is in its own ball and in those of about five others.
    density, coverage = density_coverage(reels, reels)
    assert density == pytest.approx(6 / 5) and coverage == 1
    # One tune many times over is dense and covers little.
    density, coverage = density_coverage(reels[[0] * 75], reels)
    assert density > 0 and coverage < 0.3
    assert density_coverage(transpose(reels, -5), reels)[1] < 0.3
    assert np.isnan(density_coverage(reels[:0], reels)).all()
    assert np.isnan(density_coverage(reels, reels[:5])).all()
    assert not np.isnan(density_coverage(reels, reels[:6])).any()


def test_halves_are_halves(reels):
    pairs = []

    def judge(half, other):
        pairs.append((half, other))
        return len(half), len(other)

    means = half_against_half(judge, reels[:7], n_splits=4, random_state=0)
    assert means.tolist() == [4, 3] and len(pairs) == 4
    for half, other in pairs:
        both = np.vstack([half, other])
        assert (np.unique(both, axis=0) == np.unique(reels[:7], axis=0)).all()
    assert any((pairs[0][0] != half).any() for half, _ in pairs[1:])
    firsts = [pairs[0][0]]
    half_against_half(judge, reels[:7], n_splits=1, random_state=0)
    assert (pairs[-1][0] == firsts[0]).all()
    values = iter([0.2, 0.6])
    assert half_against_half(lambda *_: next(values), reels, n_splits=2) == 0.4
    for corpus, n_splits in [(reels[:1], 10), (reels, 0)]:
        with pytest.raises(ValueError, match="two melodies and one split, got"):
            half_against_half(judge, corpus, n_splits=n_splits)


def test_sets_that_do_not_fit_are_named(reels):
    for judge in (two_sample_auc, density_coverage):
        with pytest.raises(
            ValueError, match=r"one melody in corpus, got shape \(0, 128"
        ):
            judge(reels, reels[:0])
        with pytest.raises(
            ValueError, match=r"128 steps in corpus, got shape \(75, 64"
        ):
            judge(reels, reels[:, :64])
        with pytest.raises(ValueError, match="128 steps at steps_per_measure=12"):
            judge(reels, reels, steps_per_measure=12)
    with pytest.raises(ValueError, match="n_neighbors of at least 1, got 0"):
        density_coverage(reels, reels, n_neighbors=0)
