"""Form: repeated measures, similarity by lag, counted by hand and step by step."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_c2c.datasets import recombine_measures
from sklearn_c2c.melody import HOLD, REST
from sklearn_c2c.metrics import (
    equal_measure_share,
    measure_similarity,
    repeat_share,
    similarity_by_lag,
)
from tests.strategies import melodies

pytestmark = pytest.mark.filterwarnings("error")

#           A             B             A             C
TUNE = [62, HOLD, 64, 66, 67, HOLD, 64, 66, 62, HOLD, 64, 66, 62, 64, REST, 66]


def test_measures_of_a_hand_counted_tune():
    similarity = measure_similarity([TUNE], steps_per_measure=4)
    # A and B differ in the first step, A and C in the second and third.
    assert similarity[0].tolist() == [
        [1, 0.75, 1, 0.5],
        [0.75, 1, 0.75, 0.25],
        [1, 0.75, 1, 0.5],
        [0.5, 0.25, 0.5, 1],
    ]
    by_lag = similarity_by_lag([TUNE], steps_per_measure=4)
    assert by_lag.tolist() == [[(0.75 + 0.75 + 0.5) / 3, (1 + 0.25) / 2, 0.5]]
    assert equal_measure_share([TUNE], steps_per_measure=4) == 1 / 6
    # Halves a b | c b | a b | d e: three pairs of b, one of a.
    assert equal_measure_share([TUNE], steps_per_measure=2) == 4 / 28
    # The row as one measure, and every step as one.
    assert np.isnan(equal_measure_share([TUNE], steps_per_measure=16))
    pairs_of_steps = 3 + 3 + 6 + 6  # three D, three holds, four E, four F#
    assert equal_measure_share([TUNE], steps_per_measure=1) == pairs_of_steps / 120


def test_a_melody_repeats_whichever_measures_are_equal():
    first, second = [60, 62], [64, 65]
    X = [first + second + [60, 64], [60, 64, *first, *first], first + second + first]
    assert equal_measure_share(X, steps_per_measure=2).tolist() == [0, 1 / 3, 1 / 3]
    assert repeat_share(X, steps_per_measure=2) == 2 / 3
    # A hold at the start of a measure counts as a hold of any pitch.
    held = [60, HOLD, HOLD, HOLD, 62, HOLD, HOLD, HOLD]
    assert equal_measure_share([held], steps_per_measure=2) == 1 / 6
    assert repeat_share([held], steps_per_measure=2) == 1


def test_no_melody_one_measure_and_silence():
    none = np.empty((0, 16), dtype=int)
    assert measure_similarity(none, steps_per_measure=4).shape == (0, 4, 4)
    assert similarity_by_lag(none, steps_per_measure=4).shape == (0, 3)
    assert equal_measure_share(none, steps_per_measure=4).shape == (0,)
    assert np.isnan(repeat_share(none, steps_per_measure=4))
    assert measure_similarity([TUNE]).tolist() == [[[1]]]
    assert similarity_by_lag([TUNE]).shape == (1, 0)
    assert np.isnan(equal_measure_share([TUNE])) and np.isnan(repeat_share([TUNE]))
    for row in ([REST] * 16, [62] + [HOLD] * 15):
        assert repeat_share([row], steps_per_measure=4) == 1
    for judge in measure_similarity, similarity_by_lag, repeat_share:
        for steps_per_measure in (0, 3, 32):
            with pytest.raises(ValueError, match=f"16 steps at .*={steps_per_measure}"):
                judge([TUNE], steps_per_measure=steps_per_measure)


@given(melodies(), st.data())
def test_forms_against_plain_loops(X, data):
    n_steps = X.shape[1]
    divisors = [d for d in range(1, n_steps + 1) if n_steps % d == 0]
    length = data.draw(st.sampled_from(divisors))
    similarity = measure_similarity(X, steps_per_measure=length)
    by_lag = similarity_by_lag(X, steps_per_measure=length)
    share = equal_measure_share(X, steps_per_measure=length)
    n_repeating = 0
    for i, row in enumerate(X.tolist()):
        measures = [row[k : k + length] for k in range(0, n_steps, length)]
        pairs = [(a, b) for b in range(len(measures)) for a in range(b)]
        for a, b in pairs:
            same = [x == y for x, y in zip(measures[a], measures[b], strict=True)]
            assert similarity[i, a, b] == similarity[i, b, a] == sum(same) / length
        for lag in range(1, len(measures)):
            later = [similarity[i, a, b] for a, b in pairs if b - a == lag]
            assert by_lag[i, lag - 1] == pytest.approx(np.mean(later))
        if pairs:
            equal = [measures[a] == measures[b] for a, b in pairs]
            assert share[i] == pytest.approx(np.mean(equal))
            n_repeating += any(equal)
    if n_steps > length:
        found = repeat_share(X, steps_per_measure=length)
        assert found == pytest.approx(n_repeating / len(X))
    assert ((similarity >= 0) & (similarity <= 1)).all()


def test_reels_repeat_and_dice_do_not(reels):
    assert repeat_share(reels) > 0.85
    assert 0.07 < equal_measure_share(reels).mean() < 0.1
    by_lag = similarity_by_lag(reels).mean(axis=0)
    assert by_lag.argmax() == 3  # four measures later
    assert by_lag[3] > 0.7 > by_lag[1] > 0.6 > by_lag[0]
    dice = recombine_measures(reels, 200, max_transposition=0, random_state=0)
    assert repeat_share(dice) < 0.05 and equal_measure_share(dice).mean() < 0.005
    by_lag = similarity_by_lag(dice).mean(axis=0)
    assert np.ptp(by_lag) < 0.05
