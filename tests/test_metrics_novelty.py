"""Nearest tunes, copied runs, exact copies, diversity."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_c2c.melody import HOLD, REST, notes_from_melody, transpose
from sklearn_c2c.metrics import (
    copy_share,
    distinct_share,
    diversity,
    longest_copied_run,
    nearest_melody,
)
from tests.strategies import melodies


def step_names(melody):
    """Pitch sounding at each step, and whether it is held."""
    names = ["rest"] * len(melody)
    for onset, duration, pitch in notes_from_melody(melody):
        for step in range(onset, onset + duration):
            names[step] = (pitch, step > onset)
    return names


def longest_common_run(a, b):
    a, b = step_names(a), step_names(b)
    return max(
        (
            n
            for i in range(len(a))
            for j in range(len(b))
            for n in range(1, min(len(a) - i, len(b) - j) + 1)
            if a[i : i + n] == b[j : j + n]
        ),
        default=0,
    )


def test_the_nearest_tune_of_a_tune_is_itself(reels):
    index, distance = nearest_melody(reels, reels)
    assert index.tolist() == list(range(75)) and not distance.any()
    index, distance = nearest_melody(reels)
    assert (index != np.arange(75)).all()
    assert 0 < distance.min() < np.median(distance) < 0.6
    for i in (0, 40, 74):
        others = np.delete(reels, i, axis=0)
        assert nearest_melody(reels[i], others)[1] == distance[i]


def test_distances_by_steps_and_by_intervals():
    #       D  -    E   F#
    tune = [62, HOLD, 64, 66]
    up = [64, HOLD, 66, 68]  # all a tone higher: three steps differ, no interval
    wrong = [62, HOLD, 65, 66]  # one wrong note: one step, two intervals
    moved = [62, HOLD, 62, 64]  # a tone lower from the second note on: one interval
    rhythm = [62, 64, HOLD, 66]  # the same notes: the second one begins a step early
    found = {"steps": [0.75, 0.25, 0.5, 0.5], "intervals": [0, 0.5, 0.25, 0.5]}
    for by, distances in found.items():
        X = [up, wrong, moved, rhythm]
        assert nearest_melody(X, [tune], by=by)[1].tolist() == distances
    # Upside down, every interval but the first note's differs.
    _, distance = nearest_melody([[62, 64, 60, 67]], [[62, 60, 64, 57]], by="intervals")
    assert distance == [0.75]
    # Across a rest the interval is that from note to note.
    _, distance = nearest_melody([[62, REST, 64]], [[72, REST, 74]], by="intervals")
    assert distance == [0]


@given(melodies(low=40, high=80), st.integers(-40, 40))
def test_transposition_leaves_intervals_alone(X, semitones):
    moved = transpose(X, semitones)
    assert not nearest_melody(moved, X, by="intervals")[1].any()
    assert copy_share(moved, X, by="intervals") == 1
    assert (longest_copied_run(moved, X, by="intervals")[1] == X.shape[1]).all()


@given(melodies(max_melodies=4), st.randoms())
def test_the_order_of_the_corpus_does_not_matter(X, random):
    order = random.sample(range(len(X)), len(X))
    for found in (nearest_melody, longest_copied_run):
        assert (found(X[:1], X[order])[1] == found(X[:1], X)[1]).all()
    assert diversity(X[order]) == pytest.approx(diversity(X), nan_ok=True)
    assert distinct_share(X[order]) == distinct_share(X)


def test_a_run_is_copied_wherever_it_stands():
    tune = [62, HOLD, 64, 66, 67, HOLD, HOLD, 69]
    # Steps 2-6 of the tune, from step 0 on; then others.
    moved = [64, 66, 67, HOLD, HOLD, 60, 60, 60]
    # The same holds as step 5-6, of another pitch; only the last step is copied.
    held = [60, HOLD, HOLD, HOLD, 60, HOLD, HOLD, 69]
    index, length = longest_copied_run([moved, held], [[59] * 8, tune])
    assert index.tolist() == [1, 1] and length.tolist() == [5, 1]
    # No run goes from the end of one tune into the next.
    assert longest_copied_run([[1, 2, 3, 4]], [[9, 9, 1, 2], [3, 4, 9, 9]])[1] == [2]
    # Repeated notes are not one long note.
    assert longest_copied_run([[60, 60]], [[60, HOLD]])[1] == [1]
    index, length = longest_copied_run([[60, 60]], [[61, HOLD]])
    assert index == [-1] and length == [0]


@given(melodies(max_melodies=3), melodies(max_melodies=3))
def test_runs_against_brute_force(X, corpus):
    corpus = corpus[:, : X.shape[1]]
    X = X[:, : corpus.shape[1]]
    index, length, start = longest_copied_run(X, corpus, return_start=True)
    expected = [[longest_common_run(x, tune) for tune in corpus] for x in X]
    for x, i, n, first in zip(X, index, length, start, strict=True):
        # It is a run of that tune, and none that is as long begins before it.
        names, tune = step_names(x), step_names(corpus[i])
        runs = {tuple(tune[j : j + n]) for j in range(len(tune) - n + 1)}
        assert n == 0 or tuple(names[first : first + n]) in runs
        for tune in map(step_names, corpus):
            runs |= {tuple(tune[j : j + n]) for j in range(len(tune) - n + 1)}
        assert all(tuple(names[j : j + n]) not in runs for j in range(first))
    assert length.tolist() == np.max(expected, axis=1).tolist()
    for i, run in zip(index, expected, strict=True):
        assert run[i] == max(run) if i >= 0 else max(run) == 0


def test_reels_leave_themselves_out(reels):
    index, length = longest_copied_run(reels)
    assert (index != np.arange(75)).all()
    assert length.min() >= 8 and length.max() < 128
    for i in (0, 40, 74):
        others = np.delete(reels, i, axis=0)
        assert longest_copied_run(reels[i], others)[1] == length[i]
    assert copy_share(reels) == 0 and copy_share(reels, reels) == 1
    assert copy_share(np.vstack([reels[:3], reels[:1]])) == 0.5


def test_shares_of_copies_and_of_different_melodies():
    X = np.array([[62, HOLD], [62, HOLD], [64, HOLD], [64, 65]])
    assert copy_share(X, [[62, HOLD], [60, 60]]) == 0.5
    assert copy_share(X, [[62, HOLD]], by="intervals") == 0.75
    assert distinct_share(X) == 0.75
    # Pairs: 0, .5, 1, .5, 1, .5 of the steps differ.
    assert diversity(X) == pytest.approx(3.5 / 6)
    assert np.isnan(diversity(X[:1])) and distinct_share(X[0]) == 1


def test_no_melodies_and_no_corpus():
    none = np.empty((0, 4), dtype=int)
    tune = [[60, 62, 64, 65]]
    for corpus in (tune, None):
        for found in (nearest_melody, longest_copied_run):
            assert [len(part) for part in found(none, corpus)] == [0, 0]
        assert np.isnan(copy_share(none, corpus))
    for found in (nearest_melody, longest_copied_run, copy_share):
        with pytest.raises(ValueError, match=r"4 steps in corpus, got shape \(1, 2\)"):
            found(tune, [[60, 62]])
        with pytest.raises(ValueError, match=r"got shape \(0, 4\)"):
            found(tune, none)
        with pytest.raises(ValueError, match="at least two melodies"):
            found(tune)
        with pytest.raises(ValueError, match="by='intervals', got 'notes'"):
            found(tune, tune, by="notes")
