"""Fermatas, read from files of every format as the ends of phrases."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_c2c import io
from sklearn_c2c.datasets import load_bach_chorales
from sklearn_c2c.melody import REST, split_voices

HEADER = "X:1\nM:4/4\nL:1/4\nK:C\n"


def steps_of(path, **options):
    """Steps of a melody, a quarter note each, at which a phrase ends."""
    options = {"n_measures": None, "steps_per_quarter": 1} | options
    return np.flatnonzero(io.read_melodies(path, **options).phrase_ends[0]).tolist()


@pytest.mark.parametrize(
    ("music", "steps"),
    [
        ("c d e f|", []),
        ("c Hd2 f|", [1, 2]),
        ("c !fermata!d +fermata+e !invertedfermata!f|", [1, 2, 3]),
        ("c !trill!d Te !h!f|", []),
        ("H!trill!c d .He f|", [0, 2]),
        ("c d e Hf-|f2 g2|", [3, 4, 5]),  # a tied note goes on
        ("c d e f-|Hf2 g2|", [3, 4, 5]),
        ("c>Hd e f|", [1]),
        ("c d Hz2|e4|", []),  # over a rest
        ("c d e fHx|g4|", []),  # over a bar line
        ("Hg|c d e f|", []),  # in the pick-up
        ("c [HdA] e [fA]H|", [1]),
        ("c H{de}d e f|", [1]),
    ],
)
def test_fermatas_of_abc(tmp_path, music, steps):
    path = tmp_path / "tune.abc"
    path.write_text(HEADER + music)
    assert steps_of(path, chords="highest") == steps


def test_fermatas_follow_repeats_pickups_and_windows(tmp_path):
    path = tmp_path / "tune.abc"
    path.write_text(HEADER + "G|:c d e Hf|1 g4:|2 Ha4|c d e f|")
    assert steps_of(path) == [3, 4, 5, 6, 7]  # with the last ending
    played = [3, 11, 12, 13, 14, 15]
    assert steps_of(path, repeats="played") == played
    assert steps_of(path, repeats="played", pickup="keep") == [4 + t for t in played]
    assert steps_of(path, n_measures=1) == [3]
    assert steps_of(path, n_measures=1, steps_per_quarter=2) == [6, 7]


def test_rows_of_different_length_are_filled_up(tmp_path):
    path = tmp_path / "book.abc"
    path.write_text(HEADER + "c d e Hf|\n\n" + HEADER + "c4|Hd4|\n")
    melodies = io.read_melodies(path, n_measures=None, steps_per_quarter=1)
    expected = [[0, 0, 0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, 1]]
    assert melodies.phrase_ends.dtype == bool
    assert_array_equal(melodies.phrase_ends, expected)


def test_phrases_end_where_any_voice_says_so(tmp_path):
    path = tmp_path / "tune.abc"
    path.write_text(HEADER + "V:S\nc2 Hd e|\nV:B\nHC3 D|\n")
    assert steps_of(path, voices=["S", "B"], n_measures=1) == [0, 1, 2]
    assert steps_of(path, part="S") == [2]


def test_fermatas_of_musicxml_and_of_streams(tmp_path):
    from music21 import expressions, meter, note, stream

    notes = [note.Note(60 + i) for i in range(8)]
    for i in (1, 6):
        notes[i].expressions.append(expressions.Fermata())
    part = stream.Part([meter.TimeSignature("4/4"), *notes])
    score = stream.Score([part.makeMeasures()])
    score.write("musicxml", tmp_path / "score.musicxml")
    assert steps_of(tmp_path / "score.musicxml") == [1, 6]
    assert steps_of(score) == [1, 6]


def test_midi_has_none(tmp_path):
    row = np.array([60, 62, 64, 65])
    notation = {"time_signature": "4/4", "steps_per_quarter": 1}
    io.write_melody(row, tmp_path / "tune.mid", **notation)
    assert steps_of(tmp_path / "tune.mid") == []


def test_phrases_of_the_chorales():
    chorales = load_bach_chorales()
    ends, few = chorales.phrase_ends, load_bach_chorales(n_melodies=20)
    assert ends.shape == (354, 128) and ends.dtype == bool
    assert_array_equal(few.phrase_ends, ends[:20])
    begins = ends & ~np.pad(ends, ((0, 0), (1, 0)))[:, :-1]
    assert np.count_nonzero(begins.any(axis=1)) == 348
    assert np.median(begins.sum(axis=1)) == 4
    # At nearly all of them all voices begin a note, and hold it.
    voices = split_voices(chorales.data, 4)
    piece, step = np.nonzero(begins)
    assert (voices[piece, 0, step] < REST).mean() > 0.99
    assert (voices[piece, :, step] < REST).mean() > 0.98
