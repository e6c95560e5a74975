"""Originality: points that a translation brings onto points, counted pair by pair."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_c2c.melody import HOLD, N_PITCHES, REST, transpose
from sklearn_c2c.metrics import originality
from tests.strategies import melodies

pytestmark = pytest.mark.filterwarnings("error")


def points(row):
    return [(t, int(p)) for t, p in enumerate(row) if p < N_PITCHES]


def similarity(a, b):
    a, b = points(a), points(b)
    shifts = Counter((t - s, p - q) for s, q in a for t, p in b)
    return max(shifts.values(), default=0) / max(len(a), len(b), 1)


def test_hand_counted_melodies():
    #        D   E   F#  G   A  then rest
    tune = [62, 64, 66, 67, 69, REST, REST, REST]
    X = [
        tune,
        transpose(tune, 3),
        [REST, REST, *transpose(tune, -4)[:6]],  # later and lower
        [62, 64, 66, 67, 71, REST, REST, REST],  # one of five notes is wrong
        [62, 64, 66, REST, REST, REST, REST, REST],  # three of the tune's five
        [62, 64, 66, 67, 69, 71, 72, 74],  # the tune and three notes more
        [62, HOLD, HOLD, HOLD, HOLD, HOLD, HOLD, HOLD],  # one note is always there
        [62, HOLD, 64, HOLD, 66, HOLD, 67, HOLD],  # half as fast: one note
        [REST] * 8,
    ]
    found = originality(X, [[60] * 8, tune])
    expected = [0, 0, 0, 1 / 5, 2 / 5, 3 / 8, 4 / 5, 4 / 5, np.nan]
    np.testing.assert_allclose(found, expected)
    # Tunes without notes share nothing.
    assert originality([tune], [[REST] * 8]) == 1
    assert originality([tune, tune]).tolist() == [0, 0]
    assert originality([tune, [REST] * 8])[0] == 1


@given(X=melodies(max_melodies=4), corpus=melodies(max_melodies=4))
def test_originality_against_plain_counting(X, corpus):
    n_steps = min(X.shape[1], corpus.shape[1])
    X, corpus = X[:, :n_steps], corpus[:, :n_steps]
    found = originality(X, corpus)
    among = originality(X) if len(X) > 1 else np.full(1, np.nan)
    for i, row in enumerate(X):
        if not points(row):
            assert np.isnan(found[i]) and np.isnan(among[i])
            continue
        expected = 1 - max(similarity(row, tune) for tune in corpus)
        assert found[i] == pytest.approx(expected)
        if len(X) > 1:
            others = np.delete(X, i, axis=0)
            expected = 1 - max(similarity(row, other) for other in others)
            assert among[i] == pytest.approx(expected)


@given(melodies(low=40, high=80), melodies(low=40, high=80), st.integers(-40, 40))
def test_transposition_is_no_originality(X, corpus, semitones):
    n_steps = min(X.shape[1], corpus.shape[1])
    X, corpus = X[:, :n_steps], corpus[:, :n_steps]
    found, moved = originality(X, corpus), originality(transpose(X, semitones), corpus)
    np.testing.assert_array_equal(moved, found)
    copies = originality(transpose(X, semitones), X)
    assert (np.isnan(copies) | (copies == 0)).all()


def test_reels_beside_worse_melodies(reels, rng):
    among = originality(reels)
    assert 0.55 < among.mean() < 0.65 and among.min() > 0.05
    assert originality(reels[[3]], np.delete(reels, 3, axis=0)) == among[3]
    assert not originality(reels, reels).any()
    noise = rng.integers(55, 84, size=(20, 128))
    assert originality(noise, reels).min() > among.mean()


def test_no_melodies_and_no_corpus():
    none, tune = np.empty((0, 4), dtype=int), [[60, 62, 64, 65]]
    assert originality(none, tune).shape == originality(none).shape == (0,)
    with pytest.raises(ValueError, match=r"4 steps in corpus, got shape \(1, 2\)"):
        originality(tune, [[60, 62]])
    with pytest.raises(ValueError, match=r"got shape \(0, 4\)"):
        originality(tune, none)
    with pytest.raises(ValueError, match="at least two melodies"):
        originality(tune)
