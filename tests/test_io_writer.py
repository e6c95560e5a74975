"""What is written is a file others can open, and reads back unchanged."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sklearn_c2c.io import melody_to_abc, melody_to_midi, read_melodies, write_melody
from sklearn_c2c.melody import HOLD, REST
from tests.strategies import melodies

_ = HOLD
SUFFIXES = [".mid", ".abc", ".musicxml"]
# Metre, and a number of steps per quarter note that fits it.
GRIDS = [("4/4", 4), ("6/8", 4), ("3/4", 2), ("5/8", 2), ("2/2", 3), ("4/4", 12)]
KEYS = [None, "D", "Bb", "F# minor", "Ador", "C#", "Cb"]
LONG = [72] + [HOLD] * 40


def read_back(path, n_steps, time_signature, steps_per_quarter):
    beats, beat_type = map(int, time_signature.split("/"))
    per_measure = steps_per_quarter * 4 * beats // beat_type
    n_measures = -(-n_steps // per_measure)
    read = read_melodies(
        path,
        n_measures=n_measures,
        steps_per_quarter=steps_per_quarter,
        time_signature=time_signature,
        off_grid="reject",
    )
    return read.data[0]


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=25)
@given(
    rows=melodies(max_melodies=1),
    grid=st.sampled_from(GRIDS),
    key=st.sampled_from(KEYS),
)
@example(rows=[[REST] * 7], grid=("4/4", 4), key=None)
@example(rows=[[127, 127, 0, 0, REST, 60]], grid=("4/4", 4), key="Cb")
@example(rows=[LONG], grid=("6/8", 4), key="D")
@example(rows=[LONG], grid=("4/4", 12), key=None)
@example(rows=[[REST, 66, 65, 66, 78, 77, 66, _]], grid=("4/4", 4), key="D")
def test_write_then_read_changes_nothing(tmp_path_factory, suffix, rows, grid, key):
    melody = np.asarray(rows)[0]
    path = tmp_path_factory.mktemp("written") / f"melody{suffix}"
    time_signature, steps_per_quarter = grid
    write_melody(
        melody,
        path,
        time_signature=time_signature,
        steps_per_quarter=steps_per_quarter,
        key=key,
    )
    read = read_back(path, len(melody), *grid)
    assert read[: len(melody)].tolist() == melody.tolist()
    # What was missing of the last measure is rest.
    assert (read[len(melody) :] == REST).all()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_title_tempo_and_key_are_written(tmp_path, suffix):
    path = tmp_path / f"melody{suffix}"
    title = "100 %\nof <Süß> & more"
    write_melody([62, _] * 8, path, key="Em", title=title, tempo=90)
    read = read_melodies(path, n_measures=1)
    assert read.titles == ["100 % of <Süß> & more"]
    assert read.tonalities == ["E minor"]
    assert read.tempos == [pytest.approx(90)]
    write_melody([62, _] * 8, path)
    assert read_melodies(path, n_measures=1).titles == ["melody"]


def test_abc_is_well_spelled_and_beamed():
    melody = [66, _, 65, 66, 66, *[_] * 3, 73, *[_] * 11, 61, 62, _, 61, *[REST] * 8]
    text = melody_to_abc(melody, key="D").splitlines()
    assert text[:2] == ["%abc-2.1", "X:1"]
    assert text[-1] == "F2=F^F F4 c8- | c4 CD2C z8 |]"
    # A length that no single note sign shows is cut on the strongest beat.
    cut = melody_to_abc([REST, REST, REST, 69, *[_] * 4, *[REST] * 8])
    assert cut.splitlines()[-1] == "z3A- A4 z8 |]"
    jig = melody_to_abc([62, _] * 12, time_signature="6/8", key="G")
    assert jig.splitlines()[-1] == "D2D2D2 D2D2D2 | D2D2D2 D2D2D2 |]"
    assert melody_to_abc([62, _, _], steps_per_quarter=3, time_signature="1/4")


def test_other_programs_read_what_is_written(tmp_path):
    import verovio
    from music21 import converter
    from symusic import Score

    melody = [66, _, 65, 66, 78, _, 77, REST, 66, *[_] * 6, 65] * 2
    notes = [(0, 66), (2, 65), (3, 66), (4, 78), (6, 77), (8, 66), (15, 65)]
    expected = [(16 * i + step, pitch) for i in range(2) for step, pitch in notes]

    text = melody_to_abc(melody, key="D")
    score = Score.from_abc(text)
    ticks = score.ticks_per_quarter / 4
    found = [(round(n.time / ticks), n.pitch) for n in score.tracks[0].notes]
    assert found == expected
    toolkit = verovio.toolkit()
    toolkit.setInputFrom("abc")
    assert toolkit.loadData(text)

    write_melody(melody, tmp_path / "a.mid", key="D")
    score = Score(tmp_path / "a.mid")
    found = [
        (n.time / score.ticks_per_quarter * 4, n.pitch) for n in score.tracks[0].notes
    ]
    assert found == expected

    write_melody(melody, tmp_path / "a.musicxml", key="D")
    part = converter.parseFile(tmp_path / "a.musicxml", forceSource=True).stripTies()
    found = [(n.offset * 4, n.pitch.midi) for n in part.flatten().notes]
    assert found == expected


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"melody": [130]}, "Found 130 at step 0"),
        ({"melody": [HOLD, 60]}, "no note before it to hold"),
        ({"melody": [[60, 61], [62, 63]]}, "write each row to a file of its own"),
        ({"melody": [np.nan]}, "Found nan"),
        ({"time_signature": "4/5"}, "'4/5'; expected beats"),
        ({"time_signature": "3/8", "steps_per_quarter": 1}, "no whole number of steps"),
        ({"steps_per_quarter": 0}, "expected an integer >= 1"),
        ({"steps_per_quarter": 2.5}, "expected an integer >= 1"),
        ({"key": "H"}, "'H'; expected a tonic"),
        ({"tempo": 0}, "expected quarter notes per minute"),
        ({"tempo": np.nan}, "expected quarter notes per minute"),
        ({"tempo": "fast"}, "expected quarter notes per minute"),
    ],
)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_bad_input_leaves_the_old_file_as_it_was(tmp_path, suffix, options, words):
    path = tmp_path / f"melody{suffix}"
    path.write_text("old")
    with pytest.raises(ValueError, match=words):
        write_melody(**({"melody": [60, _]} | options), path=path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_unknown_suffix_and_missing_folder(tmp_path):
    with pytest.raises(ValueError, match=r"suffix '.mp3'.*\.mid, \.midi, \.abc"):
        write_melody([60], tmp_path / "melody.mp3")
    with pytest.raises(FileNotFoundError):
        write_melody([60], tmp_path / "no folder" / "melody.mid")


def test_a_write_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_melody([60], tmp_path / "melody.mid")
    assert list(tmp_path.iterdir()) == []


def test_midi_bytes_do_not_depend_on_when_they_are_written():
    assert melody_to_midi([60, _]) == melody_to_midi([60, _])
