"""Written files can be opened by other programs, and read back unchanged."""

import re
import xml.etree.ElementTree as ET
from itertools import chain

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sklearn_c2c.io import melody_to_abc, melody_to_midi, read_melodies, write_melody
from sklearn_c2c.melody import HOLD, REST, key_of_signature
from tests.strategies import melodies

_ = HOLD
SUFFIXES = [".mid", ".abc", ".musicxml"]
# Metre, and a number of steps per quarter note that fits it.
GRIDS = [
    *(("4/4", 4), ("6/8", 4), ("3/4", 2), ("5/8", 2), ("2/2", 3), ("4/4", 12)),
    *(("6/8", 12), ("3/4", 6), ("9/8", 4), ("7/8", 8), ("4/4", 5), ("2/4", 7)),
    *(("12/8", 2), ("6/4", 3), ("2/4", 15), ("3/8", 24), ("4/4", 9)),
]
KEYS = [None, "D", "Bb", "F# minor", "Ador", "C#", "Cb"]
LONG = [72] + [HOLD] * 40


def steps_per_measure(time_signature, steps_per_quarter):
    beats, beat_type = map(int, time_signature.split("/"))
    return steps_per_quarter * 4 * beats // beat_type


def read_back(path, n_steps, time_signature, steps_per_quarter):
    read = read_melodies(
        path,
        n_measures=-(-n_steps // steps_per_measure(time_signature, steps_per_quarter)),
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
    melody = np.array(rows)[0]
    if (melody[: steps_per_measure(*grid)] == REST).all():
        melody[0] = 60  # silent measures before the first note would not be read
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
    # The missing end of the last measure is rest.
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


def notes(*lengths):
    """A rising melody of notes of these lengths, in steps."""
    steps = ([62 + i, *[_] * (length - 1)] for i, length in enumerate(lengths))
    return list(chain.from_iterable(steps))


def line(melody, **options):
    return melody_to_abc(melody, **options).splitlines()[-1]


@pytest.mark.parametrize(
    ("metre", "n_steps", "field", "beat"),
    [
        ("6/8", 12, "Q:3/8=120", ("quarter", 1, "120")),
        ("9/8", 18, "Q:3/8=120", ("quarter", 1, "120")),
        ("12/8", 24, "Q:3/8=120", ("quarter", 1, "120")),
        ("3/4", 12, "Q:1/4=180", ("quarter", 0, "180")),
        ("2/2", 16, "Q:1/2=90", ("half", 0, "90")),
        ("3/8", 6, "Q:1/8=360", ("eighth", 0, "360")),
    ],
)
def test_tempo_is_stated_in_beats_of_the_metre(tmp_path, metre, n_steps, field, beat):
    melody = [62, *[_] * (n_steps - 1)]
    for suffix in SUFFIXES:
        path = tmp_path / f"melody{suffix}"
        write_melody(melody, path, time_signature=metre, tempo=180)
        read = read_melodies(path, n_measures=1).tempos
        assert read == [pytest.approx(180, abs=0.001)]  # MIDI has whole microseconds
    assert field in (tmp_path / "melody.abc").read_text().splitlines()
    (mark,) = ET.parse(tmp_path / "melody.musicxml").iter("metronome")
    unit, dots = mark.findtext("beat-unit"), len(mark.findall("beat-unit-dot"))
    assert (unit, dots, mark.findtext("per-minute")) == beat


def test_abc_is_well_spelled():
    melody = [66, _, 65, 66, 66, *[_] * 3, 73, *[_] * 11, 61, 62, _, 61, *[REST] * 8]
    text = melody_to_abc(melody, key="D").splitlines()
    assert text[:2] == ["%abc-2.1", "X:1"]
    assert text[-1] == "F^E/F/ F2 c4- | c2 C/DC/ z4 |]"
    assert melody_to_abc([62, _, _], steps_per_quarter=3, time_signature="1/4")


@pytest.mark.parametrize(
    ("time_signature", "measure"),
    [
        ("4/4", "CCCC CCCC |]"),
        ("2/2", "CCCC CCCC |]"),
        ("2/4", "CC CC |]"),
        ("3/4", "CC CC CC |]"),
        ("3/8", "CCC |]"),
        ("6/8", "CCC CCC |]"),
        ("9/8", "CCC CCC CCC |]"),
        ("12/8", "CCC CCC CCC CCC |]"),
        ("5/8", "CCC CC |]"),
        ("7/8", "CCC CC CC |]"),
        ("5/4", "CC CC CC CC CC |]"),
        ("3/2", "CCCC CCCC CCCC |]"),
        ("4/8", "CC CC |]"),
        ("1/8", "C |]"),
    ],
)
def test_eighths_are_beamed_as_players_write_them(time_signature, measure):
    melody = [60, _] * measure.count("C")
    text = melody_to_abc(melody, time_signature=time_signature)
    assert text.splitlines()[-1] == measure
    assert "L:1/8" in text.splitlines()


def test_shorter_notes_are_beamed_by_quarters():
    assert line([60, _] * 2 + [60] * 4 + [60, _] * 4) == "CC C/C/C/C/ CCCC |]"


def shape(lengths, **options):
    """Text written for notes of these lengths, each of them C."""
    return re.sub("[=^_]?[A-Ga-g]", "C", line(notes(*lengths), **options))


@pytest.mark.parametrize(
    ("time_signature", "lengths", "measure"),
    [
        # Ten sixteenths of a jig, and off-beat notes over beats, are shown by ties.
        ("6/8", [10, 2], "C3- C2C |]"),
        ("6/8", [8, 4], "C3- CC2 |]"),
        ("6/8", [4, 4, 4], "C2C- CC2 |]"),
        ("6/8", [6, 2, 3, 1], "C3 CC3/2C/ |]"),
        ("9/8", [12, 6], "C6 C3 |]"),
        ("9/8", [8, 10], "C3- CC2- C3 |]"),
        ("12/8", [6, 12, 6], "C3 C6 C3 |]"),
        ("12/8", [18, 6], "C6- C3 C3 |]"),
        ("3/4", [2, 10], "CC- C4 |]"),
        ("3/4", [10, 2], "C4- CC |]"),
        ("3/4", [2, 4, 6], "CC- CC- C2 |]"),
        ("3/4", [6, 2, 4], "C3 C C2 |]"),
        # In halves a syncopation is one sign, but never over the middle of a measure.
        ("4/4", [2, 4, 4, 4, 2], "CC2C- CC2C |]"),
        ("4/4", [4, 8, 4], "C2C4 C2 |]"),
        ("4/4", [4, 6, 6], "C2C2- CC3 |]"),
        ("4/4", [2, 6, 6, 2], "CC3 C3C |]"),
        ("4/4", [6, 6, 4], "C3C- C2C2 |]"),
        ("4/4", [4, 12], "C2C6 |]"),
        ("4/4", [14, 2], "C4- C3C |]"),
        ("4/4", [3, 1, 1, 3, 8], "C3/2C/ C/C3/2 C4 |]"),
        ("4/4", [1, 2, 1, 12], "C/CC/ C6 |]"),
        ("4/4", [3, 2, 3, 8], "C3/2C/- C/C3/2 C4 |]"),
        ("5/4", [20], "C8- C2 |]"),
        ("7/8", [14], "C6- C |]"),
        ("997/1", [997 * 16], None),
    ],
)
def test_ties_show_the_beat(time_signature, lengths, measure):
    text = shape(lengths, time_signature=time_signature)
    assert measure is None or text == measure


@pytest.mark.parametrize(
    ("steps_per_quarter", "lengths", "measure"),
    [
        (12, [4, 4, 4, 12, 24], "(3CCC C2 C4 |]"),
        (12, [2, 2, 2, 6, 2, 2, 2, 2, 2, 2, 24], "(3C/C/C/C (3C/C/C/(3C/C/C/ C4 |]"),
        (12, [8, 8, 8, 24], "(3C2C2C2 C4 |]"),
        (12, [16, 16, 16], "(3C4C4C4 |]"),
        (12, [8, 4, 4, 8, 24], "(3:2:2C2C (3:2:2CC2 C4 |]"),
        (12, [2, 2, 4, 4, 36], "(3:2:4C/C/CC C6 |]"),
        (12, [4, 6, 2, 36], "(3CC3/2C/ C6 |]"),
        (12, [4, 44], "(3:2:2CC2- C6 |]"),
        (3, [1, 1, 1, 9], "(3CCC C6 |]"),
        (3, [2, 2, 2, 6], "(3C2C2C2 C4 |]"),
        (5, [1, 1, 1, 1, 1, 15], "(5:4:5C/C/C/C/C/ C6 |]"),
        (7, [1, 3, 3, 21], "(7:4:3C/C3/2C3/2 C6 |]"),
        (9, [2, 2, 2, 3, 27], "(9:8:4C/C/C/C3/4 C6 |]"),
    ],
)
def test_tuplets_are_written_as_players_read_them(steps_per_quarter, lengths, measure):
    assert shape(lengths, steps_per_quarter=steps_per_quarter) == measure


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
        ({"time_signature": "3/8", "steps_per_quarter": 1}, "not a whole number of"),
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


@pytest.mark.parametrize("signature", range(-7, 8))
def test_midi_states_sharps_and_flats_as_signed_bytes(signature):
    key = str(key_of_signature(signature, "minor"))
    content = melody_to_midi([60, _, 62, _], key=key)
    stated = signature.to_bytes(1, "big", signed=True)
    assert b"\xff\x59\x02" + stated + b"\x01" in content


def test_midi_bytes_do_not_depend_on_when_they_are_written():
    assert melody_to_midi([60, _]) == melody_to_midi([60, _])


def test_musicxml_ends_each_tie_once(tmp_path):
    path = tmp_path / "a.musicxml"
    write_melody([62, *[_] * 11, 64, *[_] * 39, 66, _, 67, _, *[69] * 8], path)
    text = path.read_text("utf-8")
    assert [text.count(f'<tie type="{kind}"') for kind in ("start", "stop")] == [3, 3]


def test_musicxml_tells_neither_when_nor_by_what_it_was_written(tmp_path):
    path = tmp_path / "tune.musicxml"
    write_melody([60, _, 62, _] * 4, path)
    text = path.read_text()
    assert "<identification>" in text
    assert "encoding-date" not in text and "creator" not in text
