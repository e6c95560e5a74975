"""Yang and Lerch: features counted by hand, densities in closed form, the ceiling."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist, pdist
from scipy.special import rel_entr
from scipy.stats import gaussian_kde, norm

from sklearn_c2c.melody import HOLD, REST, mend_orphan_holds, transpose
from sklearn_c2c.metrics import (
    kl_divergence,
    overlapping_area,
    style_features,
    style_overlap,
)

N_FEATURES = 9


def test_features_of_hand_counted_bars():
    #       D4  -     D4  F#4 -     rest  D5  -
    tune = [62, HOLD, 62, 66, HOLD, REST, 74, HOLD]
    features = style_features([tune])
    assert len(features) == N_FEATURES
    assert features.pitch_count.tolist() == [[3]]
    assert features.note_count.tolist() == [[4]]
    assert features.pitch_range.tolist() == [[12]]
    assert features.average_interval.tolist() == [[(0 + 4 + 8) / 3]]
    assert features.average_inter_onset_interval.tolist() == [[(2 + 1 + 3) / 3]]
    # Of the seven sounding steps D has five, F# two.
    shares = features.pitch_class_histogram[0]
    assert shares[[2, 6]].tolist() == [5 / 7, 2 / 7] and shares.sum() == 1
    # Lengths 2, 1, 2, 2.
    assert features.note_length_histogram[0, :3].tolist() == [0.25, 0.75, 0]
    pairs = features.pitch_class_transition_matrix.reshape(12, 12)
    assert pairs[2, 2] == pairs[2, 6] == pairs[6, 2] == 1 and pairs.sum() == 3
    pairs = features.note_length_transition_matrix.reshape(16, 16)
    assert pairs[1, 0] == pairs[0, 1] == pairs[1, 1] == 1 and pairs.sum() == 3
    # Rows are the first of a pair: D before E, two steps before one.
    features = style_features([[62, HOLD, 64]])
    assert features.pitch_class_transition_matrix.reshape(12, 12)[2, 4] == 1
    assert features.note_length_transition_matrix.reshape(16, 16)[1, 0] == 1


def test_features_of_extremes():
    features = style_features([[REST] * 20, [62] + [HOLD] * 19])
    silent, drone = ({name: features[name][i] for name in features} for i in (0, 1))
    assert not any(feature.any() for feature in silent.values())
    # The longest lengths count together.
    assert drone["note_length_histogram"].tolist() == [0] * 15 + [1]
    assert drone["pitch_count"] == drone["note_count"] == 1
    assert drone["average_interval"] == drone["average_inter_onset_interval"] == 0
    # Pairs do not span two melodies: 64 never follows 60.
    pairs = style_features([[60, 60], [64, 64]]).pitch_class_transition_matrix
    assert np.argwhere(pairs).tolist() == [[0, 0], [1, 4 * 12 + 4]]


def test_transposition_changes_pitch_classes_only(reels):
    features, moved = style_features(reels), style_features(transpose(reels, -5))
    changed = {name for name in features if (features[name] != moved[name]).any()}
    assert changed == {"pitch_class_histogram", "pitch_class_transition_matrix"}


def test_area_and_divergence_of_normal_samples():
    # Quantiles in place of draws; a kernel of bandwidth h widens the variance by h².
    a = norm.ppf((np.arange(4000) + 0.5) / 4000)
    width = np.sqrt(a.var() + a.var(ddof=1) * 4000**-0.4)
    for shift in (0.0, 0.5, 1.0):
        area = 2 * norm.cdf(-shift / 2 / width)
        assert overlapping_area(a, a + shift) == pytest.approx(area, abs=2e-3)
        divergence = shift**2 / 2 / width**2
        assert kl_divergence(a, a + shift) == pytest.approx(
            divergence, rel=0.02, abs=1e-12
        )
    assert overlapping_area(a, 2 * a + 1) == overlapping_area(2 * a + 1, a)
    assert kl_divergence(a, 2 * a) != pytest.approx(kl_divergence(2 * a, a), rel=0.1)
    assert overlapping_area(a, a + 100) < 1e-9
    assert 30 < kl_divergence(a, a + 100) < 36.1


def test_the_grid_reaches_beyond_the_samples():
    a, b = [0.0, 1.0, 2.0], [1.0, 2.0, 4.0]
    grid = np.linspace(-20, 20, 100_001)
    kernels = gaussian_kde(a, 3**-0.2 * np.std(b, ddof=1)), gaussian_kde(b)
    p, q = (kernel(grid) for kernel in kernels)  # a's deviation is 1
    area = np.trapezoid(np.minimum(p, q), grid)
    assert overlapping_area(a, b) == pytest.approx(area, abs=2e-3)
    assert kl_divergence(a, b) == pytest.approx(
        np.trapezoid(rel_entr(p, q), grid), rel=0.02
    )


def test_how_many_are_generated_does_not_matter(reels, rng):
    # Of whole numbers a large sample with a bandwidth of its own has a rough density.
    real = style_features(reels).pitch_count
    for n_generated in 75, 500, 2000:
        generated = real[rng.integers(len(real), size=n_generated)]
        distances = pdist(real), cdist(generated, real).ravel()
        assert overlapping_area(*distances) > 0.93


@pytest.mark.parametrize("constant", [[0.0], [3.0, 3.0], [0.1 + 0.2, 0.3]])
def test_samples_without_variance(constant):
    assert overlapping_area(constant, constant) == 1
    assert kl_divergence(constant, constant) == pytest.approx(0, abs=1e-12)
    assert overlapping_area(constant, [7.0, 7.0]) == 0
    assert 30 < kl_divergence(constant, [7.0, 7.0]) < 37
    spread = np.linspace(-5, 5, 50)
    assert 0 <= overlapping_area(constant, spread) < 0.02
    assert np.isfinite(kl_divergence(spread, constant))


def test_a_corpus_against_itself_and_its_ceiling(reels):
    comparison = style_overlap(reels, reels, random_state=0)
    assert len(comparison.features) == N_FEATURES
    # The error is in the zero distances of each melody to itself.
    assert 0.97 < comparison.mean_overlapping_area <= 1
    assert 0.92 < comparison.mean_ceiling < 0.96
    for feature in comparison.features.values():
        assert feature.intra_generated == feature.intra_real
        assert feature.inter == pytest.approx(feature.intra_real * 74 / 75)
        assert feature.overlapping_area > feature.ceiling > 0.85
        assert 0 <= feature.kl_divergence < feature.kl_floor < 0.1
    areas = [f.overlapping_area for f in comparison.features.values()]
    assert comparison.mean_overlapping_area == pytest.approx(np.mean(areas))


def test_worse_melodies_overlap_less(reels, rng):
    def area(X):
        return style_overlap(X, reels, n_splits=1, random_state=0).mean_overlapping_area

    steps = np.arange(128)
    mixed = mend_orphan_holds(reels[rng.integers(75, size=(50, 128)), steps])
    noise = mend_orphan_holds(rng.integers(55, 84, size=(50, 128)).astype(np.int16))
    assert area(reels[:40]) > 0.9 > area(mixed) > 0.7 > 0.4 > area(noise)


def test_alike_melodies_show_in_their_own_distances(reels):
    alike = style_overlap(reels[[0] * 20], reels, n_splits=1, random_state=0)
    assert all(f.intra_generated == 0 < f.inter for f in alike.features.values())
    one = style_overlap(reels[:1], reels, n_splits=1, random_state=0)
    assert all(np.isnan(f.intra_generated) for f in one.features.values())
    # A set of one melody or of silence has no variance in any feature.
    same = style_overlap(reels[[0] * 4], reels[[0] * 4], random_state=0)
    assert same.mean_overlapping_area == same.mean_ceiling == 1
    silence = style_overlap([[REST] * 128], reels, n_splits=1, random_state=0)
    table = pd.DataFrame(silence.features).T.drop(columns="intra_generated")
    assert np.isfinite(table.to_numpy()).all()


def test_seeds_and_order(reels):
    def compare(X, **options):
        return style_overlap(X, reels, n_splits=2, **options)

    some = reels[:10]
    assert compare(some, random_state=3) == compare(some, random_state=3)
    first, second = compare(some, random_state=3), compare(some, random_state=4)
    assert first.mean_ceiling != second.mean_ceiling
    assert first.mean_overlapping_area == second.mean_overlapping_area
    backwards = compare(some[::-1], random_state=3)
    assert backwards.mean_overlapping_area == pytest.approx(first.mean_overlapping_area)


def test_too_few_melodies_are_named(reels):
    for X, corpus in [
        (reels[:0], reels),
        (reels, reels[:3]),
        (reels[:, :64], reels),
    ]:
        with pytest.raises(ValueError, match="at least one generated and four real"):
            style_overlap(X, corpus)
    with pytest.raises(ValueError, match="n_splits of at least 1, got 0"):
        style_overlap(reels, reels, n_splits=0)
