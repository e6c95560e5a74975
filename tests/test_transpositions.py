"""Every melody by every interval, or in the list of those that leave the range."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sklearn_c2c.datasets import transpositions
from sklearn_c2c.melody import HOLD, N_PITCHES, REST, check_melodies, transpose
from tests.strategies import melodies

intervals = st.lists(st.integers(-127, 127), min_size=1, max_size=6, unique=True)
ranges = st.none() | st.tuples(st.integers(0, 127), st.integers(0, 127)).map(sorted)


def one_by_one(X, semitones, pitch_range):
    """Results and rejected ones, by a loop over melodies and intervals."""
    low, high = (0, 127) if pitch_range is None else pitch_range
    kept, rejected = [], []
    for i, row in enumerate(X.tolist()):
        for interval in semitones:
            moved = [code if code >= 128 else code + interval for code in row]
            stays = all(
                low <= new <= high
                for new, code in zip(moved, row, strict=True)
                if code < 128
            )
            (kept if stays else rejected).append((i, interval, moved))
    return kept, rejected


@given(melodies(), intervals, ranges)
def test_each_melody_by_each_interval_is_kept_or_named(X, semitones, pitch_range):
    before = X.copy()
    kept, rejected = one_by_one(X, semitones, pitch_range)
    if not kept:
        with pytest.raises(ValueError, match="No melody stays within"):
            transpositions(X, semitones=semitones, pitch_range=pitch_range)
        return
    found = transpositions(X, semitones=semitones, pitch_range=pitch_range)
    assert found.data.tolist() == [moved for *_, moved in kept]
    assert found.index.tolist() == [i for i, *_ in kept]
    assert found.semitones.tolist() == [interval for _, interval, _ in kept]
    assert found.rejected.tolist() == [[i, interval] for i, interval, _ in rejected]
    assert found.rejected.shape == (len(rejected), 2)
    assert found.data.dtype == np.int16
    assert_array_equal(check_melodies(found.data), found.data)
    assert_array_equal(X, before)


@given(melodies(low=5, high=121))
def test_moved_back_it_is_the_melody(X):
    found = transpositions(X)
    assert len(found.data) == 12 * len(X) and not len(found.rejected)
    for row, i, interval in zip(found.data, found.index, found.semitones, strict=True):
        assert_array_equal(transpose(row, -interval), X[i])


def test_the_reels_in_twelve_keys(reels):
    found = transpositions(reels)
    assert found.data.shape == (900, 128)
    assert_array_equal(found.data[found.semitones == 0], reels)
    classes = found.data[found.data < N_PITCHES] % 12
    assert_array_equal(np.unique(classes), np.arange(12))
    within = transpositions(reels, pitch_range=(55, 83))
    assert len(within.data) + len(within.rejected) == 900
    assert 75 < len(within.data) < 900
    pitches = within.data[within.data < N_PITCHES]
    assert pitches.min() == 55 and pitches.max() == 83


def test_silence_stays_in_every_range_and_no_melody_gives_none():
    silent = np.full((1, 4), REST)
    found = transpositions(silent, semitones=[-127, 127], pitch_range=(60, 60))
    assert_array_equal(found.data, np.full((2, 4), REST))
    found = transpositions(np.empty((0, 4), dtype=int), pitch_range=(60, 60))
    assert found.data.shape == (0, 4) and found.rejected.shape == (0, 2)


def test_one_melody_is_a_corpus_of_one():
    found = transpositions([62, HOLD, REST], semitones=np.array([12, -12]))
    assert found.data.tolist() == [[74, HOLD, REST], [50, HOLD, REST]]
    assert found.index.tolist() == [0, 0]


@pytest.mark.parametrize(
    "semitones",
    [[], [0, 0], [0, 0.5], [128], [-128], [2**20], ["up"], np.zeros((2, 2))],
    ids=str,
)
def test_intervals_that_make_no_sense(semitones):
    with pytest.raises(ValueError, match=r"distinct integers from -127 to 127"):
        transpositions([[60]], semitones=semitones)


@pytest.mark.parametrize(
    "pitch_range", [(60,), (60, 50), (-1, 60), (60, 128), (60.5, 70), ("G3", "B5")]
)
def test_ranges_that_make_no_sense(pitch_range):
    with pytest.raises(ValueError, match=r"pitch_range must be None or \(low, high\)"):
        transpositions([[60]], pitch_range=pitch_range)


def test_what_is_refused():
    with pytest.raises(ValueError, match="Found 129 at melody 0, step 0"):
        transpositions([[HOLD, 60]])
    with pytest.raises(
        ValueError, match=r"\(60, 64\) by any .*has the pitches 59 to 72"
    ):
        transpositions([[59, 72]], pitch_range=(60, 64))
    with pytest.raises(ValueError, match="'semitones' parameter"):
        transpositions([[60]], semitones=5)
