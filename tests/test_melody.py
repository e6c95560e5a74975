import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_c2c.melody import (
    HOLD,
    REST,
    check_melodies,
    melody_from_notes,
    mend_orphan_holds,
    notes_from_melody,
    sounding_pitches,
    transpose,
)
from tests.strategies import melodies, rows


def mend_step_by_step(row):
    """The rule read aloud, one step after the other."""
    mended, sounding = [], False
    for code in row:
        if code == HOLD and not sounding:
            code = REST
        sounding = code != REST
        mended.append(code)
    return mended


@given(rows())
def test_mending_follows_the_rule_and_changes_nothing_else(X):
    before = X.copy()
    mended = mend_orphan_holds(X)
    assert mended.tolist() == [mend_step_by_step(row) for row in X]
    assert np.array_equal(X, before)
    assert mended.dtype == X.dtype


@given(melodies())
def test_legal_melodies_pass_the_check_unchanged(X):
    assert np.array_equal(check_melodies(X), X)


@given(rows())
def test_the_check_accepts_exactly_what_mending_leaves_alone(X):
    orphans = np.argwhere(mend_orphan_holds(X) != X)
    if not len(orphans):
        check_melodies(X)
    else:
        where = "Found 129 at melody {}, step {}: a HOLD with no note before it"
        with pytest.raises(ValueError, match=where.format(*orphans[0])):
            check_melodies(X)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([[60, 130]], r"Found 130 at melody 0, step 1"),
        ([[60, 62], [60, -1]], r"Found -1 at melody 1, step 1"),
        ([60.5, 62], r"Found 60.5 at step 0"),
        ([np.nan, 62], r"Found nan at step 0"),
        ([[[60]]], r"shape \(1, 1, 1\)"),
        (["C4"], r"dtype"),
        ([], r"shape \(0,\)"),
        ([[REST, HOLD]], r"Found 129 at melody 0, step 1"),
    ],
)
def test_the_check_names_what_it_found(X, message):
    with pytest.raises(ValueError, match=message):
        check_melodies(X)


@given(melodies(max_melodies=1))
def test_notes_and_steps_are_two_ways_of_writing_one_melody(X):
    melody = X[0]
    notes = notes_from_melody(melody)
    assert np.array_equal(melody_from_notes(notes, len(melody)), melody)
    assert (notes[:, 1] >= 1).all()
    assert notes[:, 1].sum() == (sounding_pitches(melody) != REST).sum()


def test_a_repeated_note_is_not_a_long_one():
    assert notes_from_melody([62, 62, HOLD]).tolist() == [[0, 1, 62], [1, 2, 62]]
    assert notes_from_melody([62, HOLD, HOLD]).tolist() == [[0, 3, 62]]


@pytest.mark.parametrize(
    ("notes", "message"),
    [
        ([[0, 3, 62], [2, 1, 64]], "still sounds at step 2"),
        ([[3, 2, 62]], "steps 0 to 4"),
        ([[-1, 2, 62]], "steps 0 to 4"),
        ([[0, 0, 62]], "at least one step"),
        ([[0, 1, 128]], "0-127"),
    ],
)
def test_notes_that_make_no_melody_are_refused(notes, message):
    with pytest.raises(ValueError, match=message):
        melody_from_notes(notes, 4)


@given(melodies(low=30, high=90), st.integers(-30, 30))
def test_transposing_there_and_back(X, semitones):
    moved = transpose(X, semitones)
    assert np.array_equal(transpose(moved, -semitones), X)
    sounds = X < REST
    assert np.array_equal(moved[sounds], X[sounds] + semitones)
    assert np.array_equal(moved[~sounds], X[~sounds])


def test_transposing_off_the_keyboard_names_the_note():
    with pytest.raises(ValueError, match=r"Found 120 at melody 0, step 1: \+12"):
        transpose([[60, 120]], 12)
