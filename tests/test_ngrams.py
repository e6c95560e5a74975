"""Counts by sorting against dictionaries: probabilities, left-out rows, states."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sklearn_c2c._ngrams import NGrams
from tests.reference_ngrams import DictNGrams

N_SYMBOLS = 5
ORDERS = st.integers(0, 5)
SMOOTHING = st.sampled_from([0.0, 0.3, 1.0])


def full(min_rows=1):
    """Rows of symbols 0-4."""
    shapes = st.tuples(st.integers(min_rows, 4), st.integers(1, 9))
    symbols = st.integers(0, N_SYMBOLS - 1)
    return hnp.arrays(np.int64, shapes, elements=symbols)


@st.composite
def ragged(draw, min_rows=1):
    """Rows of different lengths, filled up with -1."""
    rows = draw(full(min_rows))
    n_rows, width = rows.shape
    lengths = draw(hnp.arrays(np.int64, n_rows, elements=st.integers(0, width)))
    return np.where(np.arange(width) < lengths[:, np.newaxis], rows, -1)


def sequences(rows):
    return [row[row >= 0].tolist() for row in rows]


def assert_agree(log_p, rows, references):
    """Probabilities are the references', one for each row."""
    assert log_p.shape == rows.shape and not log_p[rows < 0].any()
    for row, log, reference in zip(rows, log_p, references, strict=True):
        expected = reference.probabilities(row[row >= 0].tolist())
        assert np.exp(log[row >= 0]) == pytest.approx(expected, abs=1e-12)


@given(ragged(), ragged(), ORDERS, SMOOTHING)
def test_probabilities_of_other_rows(known, rows, order, smoothing):
    model = NGrams(known, order=order, n_symbols=N_SYMBOLS, smoothing=smoothing)
    reference = DictNGrams(sequences(known), order, N_SYMBOLS, smoothing)
    assert_agree(model.log_probabilities(rows), rows, [reference] * len(rows))


@given(ragged(min_rows=2), ORDERS, SMOOTHING, st.booleans())
def test_leaving_out_is_counting_the_others(rows, order, smoothing, twice):
    rows = np.vstack([rows, rows[:1]]) if twice else rows
    model = NGrams(rows, order=order, n_symbols=N_SYMBOLS, smoothing=smoothing)
    others = [sequences(np.delete(rows, i, axis=0)) for i in range(len(rows))]
    references = [DictNGrams(rest, order, N_SYMBOLS, smoothing) for rest in others]
    assert_agree(model.log_probabilities(rows, leave_out=True), rows, references)


@given(ragged(), ragged(), ORDERS, st.integers(1, 4))
def test_places_are_part_of_every_context(known, rows, order, period):
    columns = np.arange(9) % period
    places, of_rows = columns[: known.shape[1]], columns[: rows.shape[1]]
    model = NGrams(known, order=order, n_symbols=N_SYMBOLS, places=places)
    reference = DictNGrams(sequences(known), order, N_SYMBOLS, places=columns)
    log_p = model.log_probabilities(rows, places=of_rows)
    assert_agree(log_p, rows, [reference] * len(rows))


def test_long_contexts_of_large_symbols_do_not_overflow():
    rng = np.random.default_rng(0)
    rows = rng.integers(2**40, 2**40 + 3, size=(6, 60)) * 2**20
    rows[1, 3:] = rows[0, 3:]  # long contexts that occur twice
    model = NGrams(rows, order=40, n_symbols=10**9)
    reference = DictNGrams(rows[:-1].tolist(), 40, 10**9)
    left_out = model.log_probabilities(rows, leave_out=True)[-1]
    expected = np.log(reference.probabilities(rows[-1].tolist()))
    assert left_out == pytest.approx(expected, abs=1e-9)


@given(full(), ORDERS, SMOOTHING)
def test_states_are_the_longest_known_contexts(known, order, smoothing):
    model = NGrams(known, order=order, n_symbols=N_SYMBOLS, smoothing=smoothing)
    reference = DictNGrams(sequences(known), order, N_SYMBOLS, smoothing)
    following, state = model.successors()
    p = model.probabilities()
    assert len(p) == len(following) == len(reference.counts)
    assert p.sum(axis=1) == pytest.approx(1)
    walk = np.random.default_rng(len(known)).integers(N_SYMBOLS, size=12)
    for t, symbol in enumerate([*known[0], *walk]):
        before = [*known[0], *walk][:t]
        context = reference.longest_known(before)
        expected = [reference.probability(c, 0, context) for c in range(N_SYMBOLS)]
        assert p[state] == pytest.approx(expected, abs=1e-12)
        state = following[state, symbol]


@given(full(), ORDERS)
def test_longest_contexts_at_places(known, order):
    places = np.arange(known.shape[1]) % 2
    plain = NGrams(known, order=order, n_symbols=N_SYMBOLS)
    at_places = NGrams(known, order=order, n_symbols=N_SYMBOLS, places=places)
    reference = DictNGrams(sequences(known), order, N_SYMBOLS, places=places)
    contexts, p = at_places.longest_contexts(plain), at_places.probabilities()
    following, state = plain.successors()
    for t, symbol in enumerate(known[-1]):
        before = reference.context(known[-1].tolist(), t)
        for place in {0, places[-1]}:
            expected = [
                reference.probability(c, place, before) for c in range(N_SYMBOLS)
            ]
            assert p[contexts[place, state]] == pytest.approx(expected, abs=1e-12)
        state = following[state, symbol]


def test_nothing_to_count():
    nothing = np.full((2, 3), -1)
    model = NGrams(nothing, order=2, n_symbols=8)
    log_p = model.log_probabilities(np.array([[0, 5, -1]]))
    assert log_p == pytest.approx(np.array([[-np.log(8), -np.log(8), 0]]))
    assert not model.log_probabilities(nothing, leave_out=True).any()
