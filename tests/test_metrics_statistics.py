"""Musical statistics: counted by hand, against MusPy, under transposition."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_c2c import metrics
from sklearn_c2c.datasets import load_celtic
from sklearn_c2c.melody import HOLD, REST, notes_from_melody, transpose
from tests.strategies import melodies

# Two measures of eight steps in D major, with an octave, a repeated note, a natural:
#    D4  -     D4  F#4 -     -     D5  rest | D4  -     F4  rest rest C#4 -     C#4
TUNE = [62, HOLD, 62, 66, HOLD, HOLD, 74, REST, 62, HOLD, 65, REST, REST, 61, HOLD, 61]
SILENCE, DRONE = [REST] * 16, [62] + [HOLD] * 15


def test_statistics_of_hand_counted_bars():
    table = metrics.melody_statistics([TUNE], tonic="D", steps_per_measure=8)
    # Of 16 steps 5 hold, 3 rest, 8 are onsets.
    assert (table.hold_share, table.rest_share, table.note_density) == (
        5 / 16,
        3 / 16,
        8 / 16,
    )
    assert table.in_scale_share == 7 / 8  # all but F natural
    # D 4, F# 1, F 1, C# 2 of 8.
    assert table.pitch_class_entropy == 0.5 * 1 + 2 * (0.125 * 3) + 0.25 * 2
    assert table.pitch_range == 74 - 61
    # D D F# D D F C# C#: 0 +4 +8 -12 +3 -4 0
    assert table.mean_absolute_interval == pytest.approx((4 + 8 + 12 + 3 + 4) / 7)
    # Onsets x.xx..x. and x.x..x.x differ in steps 3, 5, 6, 7.
    assert table.groove_consistency == 1 - 4 / 8


def test_histograms_of_hand_counted_bars():
    X = [TUNE, SILENCE, DRONE]
    #                  C  C# D  D# E  F  F#
    assert metrics.pitch_class_histogram(X).tolist() == [
        [0, 2, 4, 0, 0, 1, 1, 0, 0, 0, 0, 0],
        [0] * 12,
        [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ]
    # One step: D4, D5, F4, C#4; two: D4, D4, C#4; three: F#4.
    lengths = metrics.note_length_histogram(X)
    assert lengths.shape == (3, 16)
    assert lengths[0, :4].tolist() == [4, 3, 1, 0] and lengths[0].sum() == 8
    assert not lengths[1].any() and lengths[2].tolist() == [0] * 15 + [1]
    intervals = metrics.interval_histogram(X)
    assert {k - 127: intervals[0, k] for k in np.flatnonzero(intervals[0])} == {
        -12: 1, -4: 1, 0: 2, 3: 1, 4: 1, 8: 1
    }  # fmt: skip
    assert intervals.shape == (3, 255) and not intervals[1:].any()
    extremes = metrics.interval_histogram([[0, 127], [127, 0]])
    assert np.argwhere(extremes).tolist() == [[0, 254], [1, 0]]


def test_extremes():
    repeated = [62] * 16
    table = metrics.melody_statistics([SILENCE, DRONE, repeated], tonic="D")
    nan = np.nan
    expected = {
        "hold_share": [0, 15 / 16, 0],
        "rest_share": [1, 0, 0],
        "note_density": [0, 1 / 16, 1],
        "in_scale_share": [nan, 1, 1],
        "pitch_class_entropy": [nan, 0, 0],
        "pitch_range": [nan, 0, 0],
        "mean_absolute_interval": [nan, nan, 0],
        "groove_consistency": [nan, nan, nan],  # one measure
    }
    assert table.keys() == expected.keys()
    for name, column in expected.items():
        np.testing.assert_array_equal(table[name], column, err_msg=name)
    groove = metrics.groove_consistency([SILENCE, DRONE, repeated], steps_per_measure=4)
    assert groove.tolist() == [1, 1 - 1 / 4 / 3, 1]


def test_a_table_is_a_data_frame(reels):
    table = pd.DataFrame(metrics.melody_statistics(reels, tonic="D"))
    assert table.shape == (75, 8) and table.notna().all(axis=None)
    assert table.hold_share.mean() == pytest.approx((reels == HOLD).mean())
    assert 0.99 < table.in_scale_share.mean() < 1
    shares = table.hold_share + table.rest_share + table.note_density
    assert np.allclose(shares, 1)
    assert "in_scale_share" not in metrics.melody_statistics(reels)


def test_scales():
    chromatic = np.arange(60, 72)[:, None]
    scales = {
        ("D", "major"): "D E F# G A B C#",
        ("D", "minor"): "D E F G A Bb C",
        ("A", "mixolydian"): "A B C# D E F# G",
        ("E", "dorian"): "E F# G A B C# D",
        ("Bb", "lydian"): "Bb C D E F G A",
        ("F#", "locrian"): "F# G A B C D E",
    }
    names = "C C# D Eb E F F# G G# A Bb B".split()
    for (tonic, mode), notes in scales.items():
        found = metrics.in_scale_share(chromatic, tonic, mode=mode)
        assert {n for n, share in zip(names, found, strict=True) if share} == {
            *notes.split()
        }
    for tonic in ("H", "", "D##"):
        with pytest.raises(ValueError, match=f"'{tonic}'; expected a tonic"):
            metrics.in_scale_share(chromatic, tonic)
    with pytest.raises(ValueError, match=r"'blues'; expected one of major, ionian"):
        metrics.in_scale_share(chromatic, "D", mode="blues")


@pytest.mark.parametrize("steps_per_measure", [0, 3, 32])
def test_measures_must_fill_the_row(steps_per_measure):
    with pytest.raises(ValueError, match=f"16 steps at .*={steps_per_measure}"):
        metrics.groove_consistency([TUNE], steps_per_measure=steps_per_measure)


# From muspy.Music(resolution=4, tracks=[...]) with the notes of each reel: MusPy
# 0.5.0's pitch_class_entropy, pitch_in_scale_rate with root 2 major and root 9 minor,
# pitch_range, and groove_consistency with measures of 16 steps. For the last the
# final note was a step shorter, which moves no onset: MusPy adds an empty measure
# to a tune that fills its last one.
MUSPY = {
    "The Broken Pledge": (
        2.6994841681148865, 1.0, 0.7692307692307693, 17, 0.8660714285714286
    ),
    "The Chorus Reel": (
        2.4917116693579167, 0.9682539682539683, 0.873015873015873, 12,
        0.8303571428571428,
    ),
    "Jenny's Wedding": (
        2.5747349187251234, 0.9682539682539683, 0.7777777777777778, 19, 0.875
    ),
    "Paddy Murphy's Wife": (
        2.7789582134866566, 0.9090909090909091, 0.7878787878787878, 21,
        0.8839285714285714,
    ),
}  # fmt: skip


def test_muspy_agrees():
    reels = load_celtic()
    X = reels.data[[reels.titles.index(title) for title in MUSPY]]
    found = [
        metrics.pitch_class_entropy(X),
        metrics.in_scale_share(X, "D"),
        metrics.in_scale_share(X, "A", mode="minor"),
        metrics.pitch_range(X),
        metrics.groove_consistency(X),
    ]
    expected = np.array([*MUSPY.values()]).T
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@given(melodies(low=40, high=80), st.integers(-40, 40))
def test_what_transposition_leaves_and_what_it_moves(X, semitones):
    moved = transpose(X, semitones)
    measures = {"steps_per_measure": X.shape[1]}
    before = metrics.melody_statistics(X, **measures)
    after = metrics.melody_statistics(moved, **measures)
    for name in before:
        np.testing.assert_allclose(after[name], before[name], atol=1e-12)
    for histogram in (metrics.interval_histogram, metrics.note_length_histogram):
        assert (histogram(moved) == histogram(X)).all()
    rolled = np.roll(metrics.pitch_class_histogram(X), semitones, axis=1)
    assert (metrics.pitch_class_histogram(moved) == rolled).all()


@given(melodies(), st.randoms())
def test_every_melody_is_measured_by_itself(X, random):
    order = random.sample(range(len(X)), len(X))
    measures = {"tonic": "D", "steps_per_measure": X.shape[1]}
    table = metrics.melody_statistics(X, **measures)
    shuffled = metrics.melody_statistics(X[order], **measures)
    alone = [metrics.melody_statistics(row, **measures) for row in X]
    for name, column in table.items():
        np.testing.assert_array_equal(shuffled[name], column[order])
        np.testing.assert_array_equal([a[name][0] for a in alone], column)
    notes = [notes_from_melody(row) for row in X]
    pitches = [row[:, 2] for row in notes]
    assert metrics.pitch_class_histogram(X).tolist() == [
        np.bincount(row % 12, minlength=12).tolist() for row in pitches
    ]
    assert metrics.note_length_histogram(X).tolist() == [
        np.bincount(row[:, 1] - 1, minlength=X.shape[1]).tolist() for row in notes
    ]
    for row, mean in zip(pitches, table.mean_absolute_interval, strict=True):
        if len(row) > 1:
            assert mean == pytest.approx(np.abs(np.diff(row)).mean())
        else:
            assert np.isnan(mean)
