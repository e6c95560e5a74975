from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sklearn_c2c.datasets import load_bach_chorales
from sklearn_c2c.melody import (
    END,
    HOLD,
    NATURALS,
    REST,
    check_melodies,
    key_of_signature,
    longest_notes,
    measure_mask,
    melody_from_notes,
    melody_lengths,
    mend_orphan_holds,
    notes_from_melody,
    pad_melodies,
    parse_key,
    pitch_name,
    scale_pitch_classes,
    sounding_pitches,
    spelled_key,
    transpose,
)
from tests.strategies import melodies, rows


def mend_step_by_step(row):
    """The rule written out, one step after the other."""
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
        ([[60, 131]], r"Found 131 at melody 0, step 1"),
        ([[60, 62], [END, END]], r"Found 130 at melody 1, step 0: an END in the first"),
        ([[60, END], [END, 62]], r"Found 130 at melody 1, step 0"),
        ([60, END, 62], r"Found 62 at step 2: this stands after an END"),
        ([60, END, HOLD], r"Found 129 at step 2: this stands after an END"),
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


@given(melodies(), st.data())
def test_melodies_of_different_lengths_are_rows_filled_up_with_end(X, data):
    n_steps = X.shape[1]
    lengths = [data.draw(st.integers(1, n_steps)) for _ in X]
    cut = [row[:length] for row, length in zip(X, lengths, strict=True)]
    rows = pad_melodies(cut, n_steps=n_steps)
    assert np.array_equal(check_melodies(rows), rows)
    assert np.array_equal(melody_lengths(rows), lengths)
    for row, melody in zip(rows, cut, strict=True):
        assert np.array_equal(row[: len(melody)], melody)
        assert np.array_equal(notes_from_melody(row), notes_from_melody(melody))
        assert np.array_equal(
            sounding_pitches(row)[: len(melody)], sounding_pitches(melody)
        )
    assert pad_melodies(cut).shape[1] == max(lengths)
    assert np.array_equal(pad_melodies(rows, n_steps=n_steps), rows)


def test_padding_refuses_melodies_that_do_not_fit():
    with pytest.raises(ValueError, match="at most n_steps=2, got one of 3"):
        pad_melodies([[60, 62, 64]], n_steps=2)
    with pytest.raises(ValueError, match="at least one melody"):
        pad_melodies([])


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


@pytest.mark.parametrize(("pitch", "semitones", "end"), [(1, -1, 0), (126, 1, 127)])
def test_transposing_reaches_both_ends_of_the_keyboard(pitch, semitones, end):
    assert transpose([[pitch]], semitones).tolist() == [[end]]
    with pytest.raises(ValueError, match=rf"Found {pitch} at melody 0, step 0"):
        transpose([[pitch]], 2 * semitones)


def test_every_mode_is_made_of_the_white_keys_from_its_own_note_on():
    modes = "ionian dorian phrygian lydian mixolydian aeolian locrian".split()
    for tonic, mode in zip("CDEFGAB", modes, strict=True):
        assert scale_pitch_classes(tonic, mode=mode) == [0, 2, 4, 5, 7, 9, 11]
    for other, mode in [("major", "ionian"), ("minor", "aeolian")]:
        assert scale_pitch_classes("E", mode=other) == scale_pitch_classes(
            "E", mode=mode
        )


def test_accidentals_move_a_scale():
    #                                        Bb C  D  Eb F  G  A
    assert scale_pitch_classes("Bb") == [10, 0, 2, 3, 5, 7, 9]
    #                                        F# G# A# B  C# D# E#
    assert scale_pitch_classes("F#") == [6, 8, 10, 11, 1, 3, 5]


SIGNS = {"": 0, "#": 1, "b": -1}
MODES = "major dorian phrygian lydian mixolydian minor locrian".split()


@pytest.mark.parametrize("mode", MODES)
def test_a_key_within_seven_accidentals_stays_as_it_is_spelled(mode):
    n_keys = 0
    for letter, (sign, semitones) in product("ABCDEFG", SIGNS.items()):
        tonic = letter + sign
        spelled = spelled_key(tonic, mode)
        assert abs(spelled.signature) <= 7
        assert spelled.pitch_class == (NATURALS[letter] + semitones) % 12
        try:
            key = parse_key(tonic, mode=mode)
        except ValueError:
            continue
        assert spelled == key == key_of_signature(key.signature, mode)
        n_keys += 1
    assert n_keys == 15


@pytest.mark.parametrize("signature", range(-7, 8))
def test_the_signature_alters_the_letters_to_the_notes_of_the_scale(signature):
    key = key_of_signature(signature, "major")
    altered = {(NATURALS[k] + key.alterations[k]) % 12 for k in "ABCDEFG"}
    assert altered == set(key.pitch_classes)
    assert sum(key.alterations.values()) == signature


@pytest.mark.parametrize("tonic", ["H", "", "Fx", "Bbb"])
def test_a_tonic_that_is_none_is_named(tonic):
    with pytest.raises(ValueError, match=rf"Found the key '{tonic}'; expected a tonic"):
        scale_pitch_classes(tonic)


def test_a_mode_that_is_none_is_named():
    with pytest.raises(
        ValueError, match=r"Found the mode 'blues'; expected one of major"
    ):
        scale_pitch_classes("A", mode="blues")


def test_pitches_are_named_with_sharps_from_c_to_c():
    names = [pitch_name(pitch) for pitch in (0, 59, 60, 61, 70, 127)]
    assert names == ["C-1", "B3", "C4", "C#4", "A#4", "G9"]


@pytest.mark.parametrize("pickup", [False, True])
@pytest.mark.parametrize("n_steps", [16, 18])
def test_measure_mask_marks_each_step_of_its_measures(n_steps, pickup):
    starts = range(4, n_steps, 4) if pickup else range(0, n_steps, 4)
    for number, start in enumerate(starts, 1):
        begin = 0 if number == 1 else start
        expected = [begin <= step < start + 4 for step in range(n_steps)]
        mask = measure_mask([number], n_steps, 4, pickup=pickup)
        assert mask.tolist() == expected
    assert measure_mask(range(1, len(starts) + 1), n_steps, 4, pickup=pickup).all()
    assert not measure_mask([], n_steps, 4, pickup=pickup).any()
    for number in (0, len(starts) + 1):
        with pytest.raises(ValueError, match=f"from 1 to {len(starts)}, got"):
            measure_mask([number], n_steps, 4, pickup=pickup)


def test_the_longest_note_of_each_span_is_found():
    X = [[60, HOLD, 62, HOLD, 64, 65, HOLD, HOLD], [REST] * 6 + [60, HOLD]]
    expected = [[0, 0, 1, 1, 0, 1, 1, 1], [0, 0, 0, 0, 0, 0, 1, 1]]
    assert_array_equal(longest_notes(X, 4), expected)
    # A note belongs to the span in which it begins, and may go on in the next one.
    assert_array_equal(longest_notes([[60, 62, HOLD, HOLD]], 2), [[0, 1, 1, 1]])
    assert_array_equal(longest_notes([[60, 62, END, END]], 9), [[0, 1, 0, 0]])
    assert longest_notes([60, 62, 64], 1).all()
    with pytest.raises(ValueError, match="span=0; expected 1 step or more"):
        longest_notes(X, 0)


def test_half_of_the_fermatas_of_chorales_are_on_longest_notes():
    chorales = load_bach_chorales(n_melodies=100)
    ends, guessed = chorales.phrase_ends, longest_notes(chorales.data[:, :128], 32)
    both = (ends & guessed).sum()
    assert both / guessed.sum() > 0.5 and both / ends.sum() > 0.5
    assert both / guessed.sum() > 1.5 * ends.mean()
