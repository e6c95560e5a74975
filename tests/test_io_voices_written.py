"""Several voices that are written: read back unchanged, and opened elsewhere."""

import io
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.io import wavfile

from sklearn_c2c.datasets import load_bach_chorales
from sklearn_c2c.io import (
    melody_to_abc,
    melody_to_midi,
    melody_to_wav,
    read_melodies,
    write_melody,
)
from sklearn_c2c.melody import (
    HOLD,
    N_PITCHES,
    REST,
    notes_from_melody,
    split_voices,
)
from tests.strategies import rows_of_voices

_ = HOLD
SUFFIXES = [".mid", ".abc", ".musicxml"]
NAMES = ["Soprano", "Alto", "Tenor", "Bass"]
GRIDS = [("4/4", 4), ("6/8", 2), ("3/4", 6), ("2/2", 3)]


@pytest.fixture(scope="module")
def chorales():
    return load_bach_chorales().data


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=25)
@given(
    found=rows_of_voices(low=30, high=100),
    grid=st.sampled_from(GRIDS),
    key=st.sampled_from([None, "Bb", "F# minor"]),
)
def test_write_then_read_changes_nothing(tmp_path_factory, suffix, found, grid, key):
    n_voices, rows = found
    path = tmp_path_factory.mktemp("written") / f"voices{suffix}"
    notation = {"time_signature": grid[0], "steps_per_quarter": grid[1]}
    row = rows[0]
    write_melody(row, path, key=key, voices=n_voices, **notation)
    beats, beat_type = map(int, grid[0].split("/"))
    n_steps = len(row) // n_voices
    measure = grid[1] * 4 * beats // beat_type
    read = read_melodies(
        path,
        n_measures=-(-n_steps // measure),
        off_grid="reject",
        voices=[f"Voice {i + 1}" for i in range(n_voices)],
        **notation,
    )
    voices = split_voices(read.data[0], n_voices)
    assert_array_equal(voices[:, :n_steps], split_voices(row, n_voices))
    assert (voices[:, n_steps:] == REST).all()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_chorales_are_read_back(tmp_path, chorales, suffix):
    rows = chorales[::12]
    paths = [tmp_path / f"{i:03d}{suffix}" for i in range(len(rows))]
    for row, path in zip(rows, paths, strict=True):
        write_melody(row, path, voices=NAMES, key="D")
    read = read_melodies(paths, voices=NAMES)
    assert_array_equal(read.data, rows)
    assert not any(read.warnings)
    assert_array_equal(read_melodies(paths, voices=4).data, rows)
    assert_array_equal(read_melodies(paths, part="melody").data, rows[:, :128])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_music21_opens_the_voices_apart(tmp_path, chorales, suffix):
    from music21 import converter

    path = tmp_path / f"chorale{suffix}"
    write_melody(chorales[0], path, voices=NAMES, key="D")
    parts = list(converter.parse(path, forceSource=True).parts)
    assert len(parts) == 4
    if suffix != ".abc":  # music21 drops the names of ABC
        assert [part.partName for part in parts] == NAMES
    for part, voice in zip(parts, split_voices(chorales[0], 4), strict=True):
        found = part.stripTies().flatten().notes
        notes = [[round(4 * n.offset), n.pitch.midi] for n in found]
        assert notes == notes_from_melody(voice)[:, [0, 2]].tolist()


def test_symusic_opens_the_tracks_apart(tmp_path, chorales):
    path = tmp_path / "chorale.mid"
    write_melody(chorales[0], path, voices=NAMES, title="Chorale", tempo=90)
    score = symusic.Score(path)
    assert [track.name for track in score.tracks] == NAMES
    ticks_per_step = score.ticks_per_quarter // 4
    for track, voice in zip(score.tracks, split_voices(chorales[0], 4), strict=True):
        assert not track.is_drum
        found = sorted((n.time, n.duration, n.pitch) for n in track.notes)
        notes = notes_from_melody(voice) * [ticks_per_step, ticks_per_step, 1]
        assert found == [tuple(note) for note in notes.tolist()]
    assert score.tempos[0].qpm == pytest.approx(90)


def test_parts_of_musicxml_have_names_and_clefs(tmp_path, chorales):
    path = tmp_path / "chorale.musicxml"
    write_melody(chorales[0], path, voices=NAMES)
    root = ET.parse(path).getroot()
    assert [part.get("id") for part in root.iter("part")] == ["P1", "P2", "P3", "P4"]
    listed = [
        (part.get("id"), part.findtext("part-name")) for part in root.iter("score-part")
    ]
    assert listed == [(f"P{i + 1}", name) for i, name in enumerate(NAMES)]
    assert [clef.findtext("sign") for clef in root.iter("clef")] == ["G", "G", "F", "F"]
    other = tmp_path / "other.musicxml"
    write_melody(chorales[0], other, voices=NAMES, title="chorale")
    assert other.read_bytes() == path.read_bytes()


def test_a_pick_up_is_that_of_all_voices(tmp_path):
    upper = [*[REST] * 6, 74, _, 76, *[_] * 7]
    lower = [*[REST] * 4, 57, _, _, _, 60, *[_] * 7]
    for suffix in SUFFIXES:
        path = tmp_path / f"tune{suffix}"
        options = {"steps_per_quarter": 2, "voices": 2}
        write_melody([*upper, *lower], path, pickup=True, **options)
        read = read_melodies(path, n_measures=1, pickup="keep", **options)
        assert read.data[0].tolist() == [*upper, *lower]
    assert "z2 d" not in melody_to_abc([*upper, *lower], steps_per_quarter=2, voices=2)


def test_a_part_is_repeated_only_if_all_voices_repeat_it(tmp_path):
    upper = [72, _, 74, _, 76, _, 77, _] * 4
    path = tmp_path / "tune.abc"
    options = {"steps_per_quarter": 2, "voices": 2}
    for lower, n_signs in (
        ([48, *[_] * 7] * 8, 2),
        ([48, *[_] * 31, *[48, *[_] * 7] * 4], 0),  # other notes at the second time
        ([*[48, _] * 12, 48, *[_] * 39], 0),  # held over the seam
    ):
        row = [*upper, *upper, *lower]
        write_melody(row, path, repeats="signs", **options)
        assert path.read_text().count(":|") == n_signs
        read = read_melodies(path, repeats="played", **options)
        assert read.data[0].tolist() == row


@pytest.mark.parametrize(
    ("voices", "message"),
    [
        (0, "expected a number of voices"),
        (True, "expected a number of voices"),
        ([], "expected a number of voices"),
        ([1, 2], "expected a number of voices"),
        (["A", "A"], "expected names that differ"),
        (["A", " "], "expected names that differ"),
        (3, "must be a multiple of n_voices"),
    ],
)
def test_voices_that_are_none_are_refused(voices, message):
    with pytest.raises(ValueError, match=message):
        melody_to_midi([72, _, 48, _], voices=voices)
    with pytest.raises(ValueError, match=message):
        melody_to_abc([72, _, 48, _], voices=voices)


def test_voices_do_not_end_and_do_not_hold_each_other():
    with pytest.raises(ValueError, match="a HOLD at the first step of one of 2 voices"):
        melody_to_abc([72, _, _, _], voices=2)
    with pytest.raises(ValueError, match="an END in a row of several voices"):
        melody_to_abc([72, _, 48, 130], voices=2)
    with pytest.raises(ValueError, match="write each row to a file of its own"):
        melody_to_abc([[72, _, 48, _]], voices=2)


def test_names_of_voices_may_have_any_characters(tmp_path):
    names = ['Violin "1" 100 %', "Böse\nStimme"]
    path = tmp_path / "tune.abc"
    write_melody([72, _, 48, _], path, voices=names)
    read = read_melodies(path, voices=["Violin '1' 100 %", "Böse Stimme"], n_measures=1)
    assert (read.data < N_PITCHES).sum() == 2
    assert np.array_equal(read.data, read_melodies(path, voices=2, n_measures=1).data)


@pytest.mark.parametrize("timbre", ["plucked", "reed", "flute"])
def test_sound_is_the_sum_of_the_voices_and_never_too_loud(chorales, timbre):
    def samples(row, **options):
        file = io.BytesIO(melody_to_wav(row, timbre=timbre, tempo=240, **options))
        return wavfile.read(file)[1] / 32767

    voices = [samples(voice) for voice in split_voices(chorales[0], 4)]
    together, total = samples(chorales[0], voices=4), np.sum(voices, axis=0)
    assert np.abs(together).max() <= 1
    scale = max(1, np.abs(total).max())
    np.testing.assert_allclose(together, total / scale, atol=4 / 32767)


@pytest.mark.parametrize("suffix", [".abc", ".musicxml"])
@pytest.mark.parametrize("voices", [2, ["upper", "lower"]])
def test_a_voice_that_rests_is_read_back(tmp_path, suffix, voices):
    notes, rests = [74, HOLD, 64, 66] * 4, [REST] * 16
    for row in (notes + rests, rests + notes):
        path = tmp_path / f"piece{suffix}"
        write_melody(row, path, voices=["upper", "lower"])
        read = read_melodies(path, voices=voices, n_measures=1)
        assert read.data[0].tolist() == row
