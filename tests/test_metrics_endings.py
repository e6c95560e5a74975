"""Endings: the last note of hand-written melodies, and against a walk from the end."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_c2c.melody import HOLD, N_PITCHES, REST, transpose
from sklearn_c2c.metrics import endings, tonic_ending
from tests.strategies import melodies

pytestmark = pytest.mark.filterwarnings("error")


def test_last_notes_of_hand_written_melodies():
    X = [
        # measure of 8      | measure of 8
        [62] * 8 + [64, HOLD, 66, HOLD, 74, HOLD, HOLD, HOLD],  # half measure, D
        [62] * 8 + [64, HOLD, 66, HOLD, 67, HOLD, 74, HOLD],  # off the beat, D
        [62] * 8 + [64, HOLD, REST, REST, REST, REST, REST, REST],  # rests after it
        [62] * 4 + [61, HOLD, HOLD, HOLD] + [HOLD] * 8,  # before the last measure
        [REST] * 16,
        [62] + [HOLD] * 15,
    ]
    table = endings(X, steps_per_measure=8)
    nan = np.nan
    expected = {
        "last_pitch_class": [2, 2, 4, 1, nan, 2],
        "last_place": [4, 6, 0, -4, nan, -8],
        "last_length": [4, 2, 2, 12, nan, 16],
        "ends_on_beat": [True, False, True, True, False, True],
    }
    assert table.keys() == expected.keys()
    for name, column in expected.items():
        np.testing.assert_array_equal(table[name], column, err_msg=name)
    assert table.ends_on_beat.dtype == bool
    assert pd.DataFrame(table).shape == (6, 4)

    ends = tonic_ending(X, "D", steps_per_measure=8)
    assert ends.tolist() == [True, False, False, False, False, True]
    assert tonic_ending(X, "E", steps_per_measure=8).sum() == 1
    assert tonic_ending(X, "C#", steps_per_measure=8)[3]
    # Of two beats of four steps only the first one counts.
    strong = endings(X, steps_per_measure=8, steps_per_beat=8).ends_on_beat
    assert strong.tolist() == [False, False, True, False, False, True]


def test_three_quarters_and_six_eighths_have_other_beats():
    last_at_6 = [62] * 12 + [62] * 6 + [62] + [HOLD] * 5
    last_at_8 = [62] * 12 + [62] * 8 + [62] + [HOLD] * 3
    X = [last_at_6, last_at_8]
    for beat, on_beat in {4: [False, True], 6: [True, False]}.items():
        table = endings(X, steps_per_measure=12, steps_per_beat=beat)
        assert table.last_place.tolist() == [6, 8]
        assert table.ends_on_beat.tolist() == on_beat


def test_what_does_not_fit_is_named():
    X = [[62, HOLD, 64, 66]]
    for judge in (endings, lambda X, **metre: tonic_ending(X, "D", **metre)):
        with pytest.raises(ValueError, match="4 steps at steps_per_measure=16"):
            judge(X)
        for steps_per_beat in (0, 3, 8):
            with pytest.raises(ValueError, match=f"beats, got 4 .*={steps_per_beat}"):
                judge(X, steps_per_measure=4, steps_per_beat=steps_per_beat)
    with pytest.raises(ValueError, match="'H'; expected a tonic"):
        tonic_ending(X, "H", steps_per_measure=4)
    none = np.empty((0, 4), dtype=int)
    assert tonic_ending(none, "D", steps_per_measure=4).shape == (0,)
    assert all(len(c) == 0 for c in endings(none, steps_per_measure=4).values())


@given(melodies(low=40, high=80), st.integers(-12, 12))
def test_endings_against_a_walk_from_the_end(X, semitones):
    n_steps = X.shape[1]
    metre = {"steps_per_measure": n_steps, "steps_per_beat": 1}
    table, moved = endings(X, **metre), endings(transpose(X, semitones), **metre)
    for i, row in enumerate(X.tolist()):
        onsets = [t for t in range(n_steps) if row[t] < N_PITCHES]
        if not onsets:
            assert np.isnan(table.last_place[i]) and not table.ends_on_beat[i]
            continue
        last = end = onsets[-1]
        while end + 1 < n_steps and row[end + 1] == HOLD:
            end += 1
        assert table.last_place[i] == last
        assert table.last_length[i] == end + 1 - last
        assert table.last_pitch_class[i] == row[last] % 12
        assert moved.last_pitch_class[i] == (row[last] + semitones) % 12
    np.testing.assert_array_equal(moved.last_length, table.last_length)


def test_reels_end(reels):
    assert 0.6 < tonic_ending(reels, "D").mean() < 0.8
    assert endings(reels).ends_on_beat.mean() > 0.95
    assert tonic_ending(reels, "Eb").mean() == 0
    cut = np.roll(reels, 2, axis=1)
    cut[:, :2] = REST
    assert endings(cut).ends_on_beat.mean() < 0.5
