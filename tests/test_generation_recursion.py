"""Recursion on maps drawn by hand, and on the reels."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline

from sklearn_c2c import Autoencoder, PianoRollEncoder
from sklearn_c2c.generation import attractors, recurse, sample
from sklearn_c2c.melody import check_melodies


class Map(TransformerMixin, BaseEstimator):
    """Leads from state i to state `successors[i]`; counts the decoded melodies."""

    n_features_in_ = 1

    def __init__(self, successors):
        self.successors = successors
        self.n_rows = 0

    def fit(self, X, y=None):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def transform(self, X):
        return np.asarray(X)

    def inverse_transform(self, X):
        self.n_rows += len(X)
        return np.asarray(self.successors, dtype=np.int16)[X.astype(int)]


def column(states):
    return np.array(states)[:, np.newaxis]


#        0 → 1 → 2 ⟲     3 → 4 ⇄ 5     6 → 7 → 8 → 6     9 → 0
MAP = [1, 2, 2, 4, 5, 4, 7, 8, 6, 0]


@pytest.mark.parametrize(
    ("start", "path", "n_iter", "cycle_length"),
    [
        (2, [2], 0, 1),
        (0, [0, 1, 2], 2, 1),
        (9, [9, 0, 1, 2], 3, 1),
        (3, [3, 4, 5], 1, 2),
        (5, [5, 4], 0, 2),
        (7, [7, 8, 6], 0, 3),
    ],
)
def test_paths_by_hand(start, path, n_iter, cycle_length):
    result = recurse(Map(MAP), [[start]])
    assert_array_equal(result.paths[0], column(path))
    assert result.n_iter.tolist() == [n_iter]
    assert result.cycle_lengths.tolist() == [cycle_length]


@pytest.mark.parametrize(
    ("start", "passes"), [(2, 1), (0, 3), (9, 4), (3, 3), (5, 2), (7, 3)]
)
def test_the_last_pass_closes_the_cycle(start, passes):
    enough = recurse(Map(MAP), [[start]], max_iter=passes)
    assert enough.cycle_lengths[0] > 0
    if passes > 1:
        short = recurse(Map(MAP), [[start]], max_iter=passes - 1)
        assert short.cycle_lengths[0] == 0
        assert short.n_iter[0] == passes - 1
        assert len(short.paths[0]) == passes


def test_each_row_passes_once():
    model = Map(MAP)
    recurse(model, column([*range(10), *range(10)]))
    # Each of ten states, and the first start, to find the type of the output.
    assert model.n_rows == 11


successors = st.integers(1, 20).flatmap(
    lambda n: st.lists(st.integers(0, n - 1), min_size=n, max_size=n)
)


@given(successors, st.data())
def test_any_map_step_by_step(successors, data):
    n = len(successors)
    starts = data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=8))
    max_iter = data.draw(st.integers(1, 25))
    result = recurse(Map(successors), column(starts), max_iter=max_iter)
    for i, start in enumerate(starts):
        walk = [start]
        while len(walk) <= max_iter and successors[walk[-1]] not in walk:
            walk.append(successors[walk[-1]])
        closed = len(walk) <= max_iter
        length = len(walk) - walk.index(successors[walk[-1]]) if closed else 0
        assert result.paths[i][:, 0].tolist() == walk
        assert result.cycle_lengths[i] == length
        assert result.n_iter[i] == (len(walk) - length if closed else max_iter)


def test_attractors_by_hand():
    starts = column([0, 1, 9, 2, 3, 5, 4, 8, 7])
    ends = attractors(Map(MAP), starts, X=column([7, 5, 0]))
    assert_array_equal(ends.melodies, column([2, 4, 6]))
    assert [cycle[:, 0].tolist() for cycle in ends.cycles] == [[2], [4, 5], [6, 7, 8]]
    assert ends.basins.tolist() == [4, 3, 2]
    assert ends.labels.tolist() == [0, 0, 0, 0, 1, 1, 1, 2, 2]
    assert ends.n_iter.tolist() == [2, 1, 3, 0, 1, 0, 0, 0, 0]
    assert ends.training_indices.tolist() == [-1, 1, 0]
    assert attractors(Map(MAP), starts).training_indices is None


@given(st.permutations(range(10)))
def test_attractors_do_not_depend_on_the_order_of_starts(order):
    ends = attractors(Map(MAP), column(order))
    assert ends.basins.tolist() == [4, 3, 3]
    # Of equal basins the one found first comes first.
    assert sorted(ends.melodies[:, 0]) == [2, 4, 6]
    assert all(cycle[0] == cycle.min() for cycle in ends.cycles)
    assert_array_equal(np.bincount(ends.labels), ends.basins)


@pytest.mark.parametrize(
    ("starts", "n_unseen", "coverage"),
    [
        # f1 = 3, f2 = 1, n = 9: 8/9 · 9/2
        ([0, 0, 0, 0, 1, 1, 2, 3, 4], 4.0, 2 / 3),
        # f2 = 0, f1 = 2, n = 6: 5/6 · 2 · 1 / 2
        ([0, 0, 0, 0, 1, 2], 5 / 6, 2 / 3),
        ([0, 0, 0, 1, 1, 1], 0.0, 1.0),
        ([0, 1, 2, 3], 3 / 4 * 6, 0.0),
    ],
)
def test_what_remains_unseen_by_hand(starts, n_unseen, coverage):
    ends = attractors(Map(range(5)), column(starts))
    assert_allclose([ends.n_unseen, ends.coverage], [n_unseen, coverage])


def test_lost_paths_are_told():
    with pytest.warns(ConvergenceWarning, match="1 of 2 starts reached no cycle"):
        ends = attractors(Map([1, 2, 3, 3]), column([0, 3]), max_iter=2)
    assert ends.labels.tolist() == [-1, 0]
    assert ends.n_iter.tolist() == [2, 0]
    assert ends.basins.tolist() == [1]
    with pytest.warns(ConvergenceWarning, match="1 of 1"):
        none = attractors(Map([1, 2, 3, 3]), column([0]), max_iter=2)
    assert none.melodies.shape == (0, 1)
    assert (none.cycles, none.n_unseen, none.coverage) == ([], 0.0, 0.0)


@pytest.fixture(scope="module", params=["autoencoder", "pca"])
def pipeline(request, reels):
    estimators = {"autoencoder": Autoencoder(h=30, random_state=0), "pca": PCA(60)}
    return make_pipeline(PianoRollEncoder(), estimators[request.param]).fit(reels)


@pytest.mark.integration
def test_random_melodies_all_end_and_ends_stay(pipeline, reels):
    ends = attractors(pipeline, 200, X=reels, random_state=0)
    assert (ends.labels >= 0).all()
    assert_array_equal(np.bincount(ends.labels), ends.basins)
    assert_array_equal(check_melodies(ends.melodies), ends.melodies)
    again = recurse(pipeline, ends.melodies)
    assert (again.n_iter == 0).all()
    assert_array_equal(again.cycle_lengths, [len(cycle) for cycle in ends.cycles])
    known = ends.training_indices >= 0
    assert_array_equal(ends.melodies[known], reels[ends.training_indices[known]])
    repeated = attractors(pipeline, 200, random_state=0)
    assert_array_equal(repeated.melodies, ends.melodies)
    assert_array_equal(repeated.labels, ends.labels)
    other = attractors(pipeline, 200, random_state=1)
    assert not np.array_equal(other.labels, ends.labels)


def test_every_melody_on_the_way_is_made_of_the_one_before(pipeline, reels):
    starts = sample(pipeline, n_samples=5, X=reels, random_state=0)
    for path in recurse(pipeline, starts).paths:
        ways = pipeline.inverse_transform(pipeline.transform(path))
        assert_array_equal(ways[:-1], path[1:])


def test_a_reel_without_wrong_step_is_a_fixed_point(pipeline, reels):
    result = recurse(pipeline, reels.astype(np.int64))
    assert (result.cycle_lengths == 1).all() and (result.n_iter == 0).all()


def test_a_bare_estimator_starts_from_noise(reels):
    roll = PianoRollEncoder().fit_transform(reels)
    model = Autoencoder(h=4, max_iter=3, random_state=0).fit(roll)
    result = recurse(model, roll[:2], max_iter=3)
    assert result.paths[0].shape == (4, roll.shape[1])
    assert_array_equal(result.paths[0][0], roll[0])
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        ends = attractors(model, 4, random_state=0, max_iter=200)
    assert len(ends.labels) == 4
