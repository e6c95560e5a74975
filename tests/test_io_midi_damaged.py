"""Damaged MIDI: files read nevertheless, their warnings, and rejected files."""

import struct
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from symusic import Score

from sklearn_c2c.datasets import corpus_folder
from sklearn_c2c.io import _abc, _midi_events, melody_to_midi, read_melodies
from sklearn_c2c.io._midi import MAX_BYTES, read_midi
from sklearn_c2c.io._tune import DURATION, ONSET, PITCH, TICKS_PER_QUARTER, TuneError
from tests.test_io_midi import METRE_3_4, midi, note, number, track

SCALE = [60, 62, 64, 65, 67, 69, 71, 72]
END_OF_TRACK = b"\x00\xff\x2f\x00"


def on(pitch, delta=0, channel=0):
    return delta, bytes([0x90 | channel, pitch, 80])


def off(pitch, delta=0, channel=0):
    return delta, bytes([0x80 | channel, pitch, 0])


def quarters(pitches, **options):
    return [event for pitch in pitches for event in note(pitch, 4, **options)]


def chunk(*events):
    """Pack events into a track without an end."""
    content = b"".join(number(delta) + message for delta, message in events)
    return b"MTrk" + struct.pack(">I", len(content)) + content


def notes_of(data):
    """Onset, duration (quarter notes) and pitch of each note."""
    (tune,) = read_midi(data)
    notes = np.concatenate([part.notes for part in tune.parts])
    times = (notes[:, [ONSET, DURATION]] / TICKS_PER_QUARTER).tolist()
    pitches = notes[:, PITCH].tolist()
    return [(*two, pitch) for two, pitch in zip(times, pitches, strict=True)]


def warnings_of(data):
    return list(read_midi(data)[0].warnings)


WHOLE = [(i, 1, pitch) for i, pitch in enumerate(SCALE)]
GOOD = midi(track(*quarters(SCALE)))


def test_a_whole_file_gives_no_warnings():
    assert notes_of(GOOD) == WHOLE
    assert warnings_of(GOOD) == []


def test_warnings_are_kept_with_the_tune(tmp_path, monkeypatch):
    from sklearn_c2c.io._reader import read_tunes

    monkeypatch.setenv("SKLEARN_C2C_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "tune.mid"
    path.write_bytes(midi(track(on(60), on(62, 4), off(62, 4))))
    first, second = (read_tunes(path)[0].tune for _ in range(2))
    assert any((tmp_path / "cache").iterdir())
    assert first.warnings == second.warnings
    assert first.warnings == ("1 note without an end was ended at the next one",)


ONE_WITHOUT_END = ["1 note without an end was ended at the next one"]


@pytest.mark.parametrize(
    ("events", "expected", "warnings"),
    [  # the last note, with the track; without any time, for a quarter note
        ([*quarters([60]), on(62), (6, b"\xb0\x07\x50")], [60, (1, 1.5, 62)], 1),
        ([*quarters([60]), on(62)], [60, (1, 1, 62)], 1),
        # in the middle; the pitch comes again later, with and without its end
        ([on(60), on(62, 4), off(62, 4), *quarters([60])], [60, 62, 60], 1),
        (
            [on(60), on(62, 4), off(62, 4), on(60), (4, b"\xb0\x07\x50")],
            [60, 62, 60],
            2,
        ),
        # struck again
        ([on(60), on(60, 4), off(60, 4), *quarters([64])], [60, 60, 64], 1),
        ([on(60), on(60, 4), on(60, 4), off(60, 4)], [60, 60, 60], 2),
        # the next one begins before the end of the last: each end is for the first
        ([on(60), on(60, 4), off(60), on(60, 4), off(60)], [60, 60, (2, 1, 60)], 1),
        # a chord without ends
        ([on(60), on(64), *quarters([67], delta=4)], [60, (0, 1, 64), (1, 1, 67)], 2),
        # ended in another channel
        ([on(60), off(60, 4, channel=1), *quarters([62])], [60, 62], 1),
    ],
)
def test_notes_without_an_end(events, expected, warnings):
    expected = [
        e if isinstance(e, tuple) else (i, 1, e) for i, e in enumerate(expected)
    ]
    data = midi(track(*events))
    assert notes_of(data) == expected
    assert len(warnings_of(data)) == 1
    assert warnings_of(data)[0].startswith(f"{warnings} note")


def test_of_overlapping_notes_of_one_pitch_what_began_first_ends_first():
    legato = [on(60), on(60, 4), off(60, 1), on(60, 3), off(60, 1), off(60, 3)]
    data = midi(track(*legato))
    assert notes_of(data) == [(0, 1.25, 60), (1, 1.25, 60), (2, 1, 60)]
    assert warnings_of(data) == []
    # One more, without an end, changes nothing of these.
    data = midi(track(on(48), on(60, 4), off(60, 4), *legato, on(72), off(72, 4)))
    assert notes_of(data)[2:] == [(2, 1.25, 60), (3, 1.25, 60), (4, 1, 60), (5, 1, 72)]


def test_a_note_struck_twice_at_once_is_one():
    once = [(0, 1, 60), (1, 1, 62)]
    for ends in ([off(60, 4)], [off(60, 4), off(60)], [off(60, 2), off(60, 2)]):
        data = midi(track(on(60), on(60), *ends, *quarters([62])))
        assert notes_of(data) == once
        assert warnings_of(data) == ["1 note struck twice at once was read as one"]


@pytest.mark.parametrize("controller", [120, 123, 124, 125, 126, 127])
def test_a_message_to_all_notes_ends_those_of_its_channel(controller):
    all_off = bytes([0xB0, controller, 0])
    data = midi(track(on(60), on(64, channel=1), (4, all_off), off(64, 4, channel=1)))
    assert notes_of(data) == [(0, 1, 60), (0, 2, 64)]
    assert warnings_of(data) == []


def test_a_reset_of_controllers_ends_no_note():
    data = midi(track(on(60), (2, b"\xb0\x79\x00"), off(60, 2), *quarters([62])))
    assert notes_of(data) == [(0, 1, 60), (1, 1, 62)]


def test_a_note_that_only_the_end_of_all_ends_does_not_sound_through_the_tune():
    data = midi(track(on(48), *quarters([60, 62], delta=4), (0, b"\xb0\x7b\x00")))
    assert notes_of(data) == [(0, 1, 48), (1, 1, 60), (3, 1, 62)]
    assert warnings_of(data) == ONE_WITHOUT_END


def test_notes_of_no_length_and_ends_of_nothing():
    data = midi(track(*note(72, 0), *quarters([60]), off(60), off(99), *quarters([62])))
    assert notes_of(data) == [(0, 1, 60), (1, 1, 62)]
    assert warnings_of(data) == ["1 note of no length was left out"]


def wrong_length(data, change, of=0):
    """Change the length that a track states."""
    start = [i for i in range(len(data)) if data[i : i + 4] == b"MTrk"][of] + 4
    size = int.from_bytes(data[start : start + 4], "big") + change
    return data[:start] + struct.pack(">I", size % 2**32) + data[start + 4 :]


TWO = midi(track(*quarters(SCALE[:4])), track(*quarters(SCALE[4:], delta=4)))
TWO_NOTES = notes_of(TWO)


@pytest.mark.parametrize("change", [-2000, -20, -3, 1, 7, 20, 40, 2**31])
@pytest.mark.parametrize("of", [0, 1])
def test_tracks_of_a_wrong_length(change, of):
    data = wrong_length(TWO, change, of)
    assert notes_of(data) == TWO_NOTES
    assert warnings_of(data) == [
        "1 track is not as long as it says; it was read up to its end"
    ]


def test_a_track_that_takes_in_the_next_one():
    data = wrong_length(TWO, len(TWO) - TWO.index(b"MTrk", 20))
    assert notes_of(data) == TWO_NOTES


@pytest.mark.parametrize("stated", [0, 1, 3, 65535])
def test_a_wrong_number_of_tracks(stated):
    data = TWO[:10] + struct.pack(">H", stated) + TWO[12:]
    assert notes_of(data) == TWO_NOTES
    assert warnings_of(data) == [f"the file says it has {stated} tracks, and has 2"]


def test_tracks_without_their_end():
    data = midi(chunk(*quarters(SCALE[:4])), chunk(*quarters(SCALE[4:], delta=4)))
    assert notes_of(data) == TWO_NOTES
    assert warnings_of(data) == ["2 tracks break off; they were read as far as they go"]


def test_a_file_cut_off_gives_the_notes_before():
    for size in range(len(GOOD)):
        data = GOOD[:size]
        try:
            notes = notes_of(data)
        except TuneError:
            assert size < 26  # before the first note is whole
            continue
        begun = (size - 22) // 8 + ((size - 22) % 8 >= 4)
        assert [pitch for _, _, pitch in notes] == SCALE[:begun]
        assert notes[:-1] == WHOLE[: len(notes) - 1]
        assert warnings_of(data)


def test_what_stands_before_the_header():
    for before in (bytes(128), b"\xef\xbb\xbf", b"MTrk\0\0\0\0\n"):
        assert notes_of(before + GOOD) == WHOLE
        assert warnings_of(before + GOOD) == [
            f"{len(before)} bytes before the MIDI header were passed over"
        ]


def test_a_riff_file():
    content = b"RMIDdata" + struct.pack("<I", len(GOOD)) + GOOD
    content += b"LISTDISP" + struct.pack("<I", 4) + b"Tune"
    data = b"RIFF" + struct.pack("<I", len(content)) + content
    assert notes_of(data) == WHOLE
    assert warnings_of(data) == []


def test_chunks_of_other_kinds_and_longer_headers():
    other = b"XFIH" + struct.pack(">I", 12) + b"MTrk\0\0\0\4\0\0\0\0"
    one, two = TWO[14 : TWO.index(b"MTrk", 20)], TWO[TWO.index(b"MTrk", 20) :]
    header = b"MThd" + struct.pack(">IHHH", 8, 1, 2, 4) + b"\0\0"
    for data in (
        TWO[:14] + other + one + other + two + other,
        header + one + two,
        TWO + b"\0\0\x1a",
        TWO[:14] + one + b"\0" + two,
    ):
        assert notes_of(data) == TWO_NOTES
        assert warnings_of(data) == []


LYRIC, MESSAGE = (0, b"\xff\x05\x02la"), (0, b"\xf0\x03\x7e\x09\xf7")


@pytest.mark.parametrize("between", [LYRIC, MESSAGE, (0, b"\xff\x01\x00")])
def test_the_status_runs_on_over_what_is_no_note(between):
    events = [on(60), between, (4, b"\x3c\x00"), (0, b"\x3e\x50"), between]
    data = midi(track(*events, (4, b"\x3e\x00")))
    assert notes_of(data) == WHOLE[:2]
    assert warnings_of(data) == []


@pytest.mark.parametrize(
    "event",
    [
        *(bytes([byte]) for byte in (0xF4, 0xF5, 0xF6, *range(0xF8, 0xFF))),
        b"\xf1\x40",
        b"\xf2\x40\x40",
        b"\xf3\x40",
        b"\xb0\x07\xc8",
        b"\xb0\xc8\x07",
        b"\xe0\xff\xff",
        b"\xa0\x3c\x80",
        b"\xd0\x80",
        b"\xc0\xff",
    ],
)
def test_a_damaged_event_that_concerns_no_note(event):
    content = [*quarters(SCALE[:4]), (0, event), *quarters(SCALE[4:])]
    assert notes_of(midi(track(*content))) == WHOLE
    assert warnings_of(midi(track(*content))) == [
        "1 damaged event that concerns no note was passed over"
    ]
    twice = [(0, event), *content]
    assert warnings_of(midi(track(*twice)))[0].startswith("2 damaged events that")


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([(0, b"\x90\x3c\xd0")], "pitch or velocity is beyond 127, at byte 54"),
        ([(0, b"\x90\xbc\x50")], "pitch or velocity is beyond 127, at byte 54"),
        ([(0, b"\x80\xbc\x50")], "pitch or velocity is beyond 127, at byte 54"),
        ([(0, b"\xff\x01\x20")], "past the end of the track, at byte 54"),
    ],
)
def test_a_damaged_event_of_a_note_is_refused_with_its_place(events, words):
    data = midi(track(*quarters(SCALE[:4]), *events, *quarters([72])))
    with pytest.raises(TuneError, match=f"is damaged: track 1 has .*{words}"):
        read_midi(data)


def test_a_place_is_that_in_the_file():
    bad = midi(track((0, b"\x90\xbc\x50")))
    for before in (b"", bytes(100)):
        with pytest.raises(TuneError, match=f"at byte {22 + len(before)} of the file"):
            read_midi(before + bad)


def test_a_number_of_five_bytes_is_refused():
    content = b"\x81\x80\x80\x80\x00\x90\x3c\x50" + END_OF_TRACK
    data = midi(b"MTrk" + struct.pack(">I", len(content)) + content)
    with pytest.raises(TuneError, match="a number longer than MIDI allows, at byte 22"):
        read_midi(data)


SENSELESS = ["1 metre, key or tempo that makes no sense was passed over"]


@pytest.mark.parametrize(
    ("event", "warnings"),
    [
        (b"\xff\x58\x02\x03\x02", []),  # the data that are needed
        (b"\xff\x58\x01\x03", SENSELESS),
        (b"\xff\x58\x00", SENSELESS),
        (b"\xff\x58\x04\x00\x02\x18\x08", SENSELESS),
        (b"\xff\x58\x04\x04\x07\x18\x08", SENSELESS),
        (b"\xff\x58\x04\x04\xff\x18\x08", SENSELESS),
        (b"\xff\x59\x01\x02", []),
        (b"\xff\x59\x00", SENSELESS),
        (b"\xff\x59\x02\x08\x00", SENSELESS),
        (b"\xff\x59\x02\x80\x00", SENSELESS),
        (b"\xff\x51\x02\x07\xa1", SENSELESS),
        (b"\xff\x51\x00", SENSELESS),
        (b"\xff\x51\x03\x00\x00\x00", SENSELESS),
    ],
)
def test_short_and_senseless_metres_keys_and_tempos(event, warnings):
    good = [METRE_3_4, (0, b"\xff\x59\x02\x02\x00"), (0, b"\xff\x51\x03\x09\x27\xc0")]
    data = midi(track(*good, (0, event), *quarters([62, 66, 69])))
    (tune,) = read_midi(data)
    assert notes_of(data) == [(0, 1, 62), (1, 1, 66), (2, 1, 69)]
    assert tune.parts[0].measures[0].tolist()[:4] == [0, 3 * TICKS_PER_QUARTER, 3, 4]
    assert (tune.key, tune.tempo) == ("D major", 100)
    assert list(tune.warnings) == warnings
    (tune,) = read_midi(midi(track((0, event), *good, *quarters([62, 66, 69]))))
    assert (tune.key, tune.tempo) == ("D major", 100)


def test_without_any_readable_metre_it_is_common_time():
    bad = (0, b"\xff\x58\x04\x00\x02\x18\x08")
    (tune,) = read_midi(midi(track(bad, *quarters(SCALE))))
    assert tune.parts[0].measures[:, :4].tolist() == [
        [start * TICKS_PER_QUARTER, 4 * TICKS_PER_QUARTER, 4, 4] for start in (0, 4)
    ]


def test_time_in_film_frames_needs_a_tempo():
    for frames, ticks in ((25, 40), (24, 80), (30, 100)):
        division = (256 - frames) << 8 | ticks
        length = frames * ticks * 3 // 5  # a quarter note of 600 ms
        tempo = (0, b"\xff\x51\x03\x09\x27\xc0")
        notes = [event for pitch in SCALE for event in note(pitch, length)]
        data = midi(track(tempo, *notes), division=division)
        assert notes_of(data) == WHOLE
        for others in ([], [tempo, (9, b"\xff\x51\x03\x07\xa1\x20")]):
            with pytest.raises(TuneError, match="in film frames, not in beats"):
                read_midi(midi(track(*others, *notes), division=division))
    with pytest.raises(TuneError, match="in film frames"):
        read_midi(midi(track(tempo, *quarters(SCALE)), division=0xF000))


def test_type_2_is_a_tune_per_track():
    titled = track((0, b"\xff\x03\x03Two"), METRE_3_4, *quarters([72, 74, 76]))
    tunes = read_midi(midi(track(*quarters(SCALE)), titled, track(), kind=2))
    assert [tune.number for tune in tunes] == ["1", "2", "3"]
    assert [tune.title for tune in tunes] == ["", "Two", ""]
    assert [len(tune.parts) for tune in tunes] == [1, 1, 0]
    assert tunes[1].parts[0].measures[0, 2] == 3
    assert (tunes[2].fault, tunes[2].fault_kind) == ("has no notes", "empty")
    (tune,) = read_midi(midi(titled, kind=2))
    assert (tune.number, tune.title) == ("", "Two")


def test_a_note_shorter_than_a_tick_of_ours_lies_within_its_measure():
    first = note(60, 13)
    data = midi(track(*first, metre(4, 2), *note(62, 1)), division=32767)
    (part,) = read_midi(data)[0].parts
    assert part.notes[:, :3].tolist() == [[0, 4, 60], [4, 1, 62]]
    assert part.measures[:, :2].tolist() == [[0, 4], [4, 4 * TICKS_PER_QUARTER]]


def test_drums_alone_are_no_tune():
    drums = track(*quarters([35, 38], channel=9))
    with pytest.raises(TuneError, match="has only drums") as refused:
        read_midi(midi(drums))
    assert refused.value.kind == "empty"
    assert notes_of(midi(drums, track(*quarters(SCALE)))) == WHOLE


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("\xe9t\xe9s".encode("latin-1"), "\xe9t\xe9s"),
        ("春歌".encode("cp932"), "春歌"),
        ("春".encode("cp932"), "春"),
        (
            "さくら (Sakura, Traditional)".encode("cp932"),
            "さくら (Sakura, Traditional)",
        ),
        ("01 浜辺の歌".encode("cp932"), "01 浜辺の歌"),
        (
            "Jack\u2019s \u201cReel\u201d".encode("cp1252"),
            "Jack\u2019s \u201cReel\u201d",
        ),
        (
            "L\u2019\xe9t\xe9 \xe0 No\xebl".encode("cp1252"),
            "L\u2019\xe9t\xe9 \xe0 No\xebl",
        ),
        ("M\xfcllers Gr\xf6\xdfe".encode("latin-1"), "M\xfcllers Gr\xf6\xdfe"),
        ("Sl\xe1n \u6625".encode(), "Sl\xe1n \u6625"),
        ("\ufeffPolska".encode(), "Polska"),
        ("Sl\xe1n".encode("utf-16"), "Sl\xe1n"),
        (b"\xfe\xff" + "Sl\xe1n".encode("utf-16-be"), "Sl\xe1n"),
        ("Polska".encode("utf-16-le"), "Polska"),
        ("Polska".encode("utf-16-be"), "Polska"),
        (b"Tune\0\0\0\0\0\0\0\0", "Tune"),
        (b"A\0", "A"),
        (b"A\0bc", "A bc"),  # a quarter of zeros makes no UTF-16
        (b" Two\r\nlines \x07", "Two lines"),
        (b"\x81\xff\xfe", "\ufffd\xff\xfe"),
        (b"", ""),
    ],
)
def test_titles_in_many_encodings(content, title):
    name = (0, b"\xff\x03" + number(len(content)) + content)
    assert read_midi(midi(track(name, *quarters(SCALE))))[0].title == title


def metre(beats, exponent):
    return 0, bytes([0xFF, 0x58, 4, beats, exponent, 24, 8])


def measures_of(*events):
    (tune,) = read_midi(midi(track(*events)))
    measures = tune.parts[0].measures[:, 1:4] / [TICKS_PER_QUARTER, 1, 1]
    return measures.tolist()


def test_a_short_first_bar_is_the_pick_up_of_what_follows():
    notes = quarters(range(60, 76))
    for beats in (2, 3, 4):
        found = measures_of(metre(1, 2), *notes[:2], metre(beats, 2), *notes[2:])
        assert found[:3] == [[1, beats, 4], [beats, beats, 4], [beats, beats, 4]]
    eighth = note(60, 2)
    found = measures_of(metre(1, 3), *eighth, metre(6, 3), *notes[:6])
    assert found == [[0.5, 6, 8], [3, 6, 8]]
    # A first bar that is longer is a change of metre.
    found = measures_of(metre(3, 2), *notes[:6], metre(2, 2), *notes[6:14])
    assert found == [[3, 3, 4], [2, 2, 4], [2, 2, 4]]


def test_the_pick_up_is_found_again_in_the_last_bar_and_where_a_repeat_divides_one():
    notes = quarters(range(60, 80))
    bars = [
        *(metre(1, 2), *notes[:2], metre(4, 2), *notes[2:10]),
        *(metre(3, 2), *notes[:6], metre(1, 2), *notes[:2], metre(4, 2), *notes[2:10]),
    ]
    four = [[1, 4, 4], [4, 4, 4], [3, 4, 4], [1, 4, 4], [4, 4, 4]]
    assert measures_of(*bars) == four
    assert measures_of(*bars, metre(3, 2), *notes[:6]) == [*four, [3, 4, 4]]
    last = [metre(3, 2), *notes[:6], metre(1, 2), *notes[:2]]
    assert measures_of(*bars, *last) == [*four, [3, 4, 4], [1, 4, 4]]


def test_a_change_of_metre_stays_one():
    notes = quarters(range(60, 80))
    found = measures_of(metre(4, 2), *notes[:8], metre(3, 2), *notes[:6])
    assert found == [[4, 4, 4], [3, 3, 4]]  # there is no pick-up that explains it
    found = measures_of(metre(1, 2), *notes[:2], metre(4, 2), *notes[:8], metre(2, 2),
                        *notes[:4])  # fmt: skip
    assert found == [[1, 4, 4], [4, 4, 4], [2, 2, 4]]
    found = measures_of(metre(4, 2), *notes[:8], metre(2, 2), *notes[:16])
    assert found == [[4, 4, 4], *[[2, 2, 4]] * 4]
    found = measures_of(metre(4, 2), *notes[:8], metre(3, 2), *notes[:6], metre(2, 2),
                        *notes[:4], metre(4, 2), *notes[:8])  # fmt: skip
    assert found == [[4, 4, 4], [3, 3, 4], [2, 2, 4], [4, 4, 4]]


@pytest.fixture
def folder_of_pick_ups(tmp_path):
    notes = quarters(range(60, 68))
    for i in range(3):
        tune = midi(track(metre(1, 2), *note(59, 4), metre(4, 2), *notes))
        (tmp_path / f"a{i}.mid").write_bytes(tune)
    (tmp_path / "b.mid").write_bytes(midi(track(metre(4, 2), *notes)))
    return tmp_path


def test_pick_ups_do_not_outvote_the_metre(folder_of_pick_ups):
    melodies = read_melodies(folder_of_pick_ups, n_measures=2, steps_per_quarter=1)
    assert melodies.time_signature == "4/4"
    assert melodies.data.tolist() == [list(range(60, 68))] * 4


def test_the_mode_is_judged_by_the_pitches_where_the_flag_says_major():
    minor = quarters([69, 72, 76, 72, 71, 68, 69, 69])
    (tune,) = read_midi(midi(track((0, b"\xff\x59\x02\x00\x00"), *minor)))
    assert tune.key == "A minor"
    (tune,) = read_midi(midi(track((0, b"\xff\x59\x02\x00\x01"), *quarters(SCALE))))
    assert tune.key == "A minor"  # programs do not set the flag by default
    (tune,) = read_midi(midi(track((0, b"\xff\x59\x02\xff\x00"), *quarters([65]))))
    assert tune.key == "F major"
    silent = midi(track((0, b"\xff\x59\x02\x01\x00"), end=16))
    assert read_midi(silent)[0].key == "G major"


def test_the_first_key_and_tempo_count_in_whatever_track_they_are():
    late = track((16, b"\xff\x59\x02\x02\x00"), (0, b"\xff\x51\x03\x07\xa1\x20"))
    first = track((0, b"\xff\x59\x02\x00\x00"), (0, b"\xff\x51\x03\x09\x27\xc0"))
    (tune,) = read_midi(midi(late, first, track(*quarters(SCALE))))
    assert (tune.key, tune.tempo) == ("C major", 100)


def keyed(pitches, *signatures):
    """Key of a tune that states signatures at its start."""
    stated = [(0, b"\xff\x59\x02" + bytes(signature)) for signature in signatures]
    return read_midi(midi(track(*stated, *quarters(pitches))))[0].key


def test_of_several_keys_at_one_time_the_last_counts():
    in_d = [62, 64, 66, 67, 69, 71, 73, 74, 69, 66, 62]
    assert keyed(in_d, (0, 0), (2, 0)) == "D major"
    assert keyed(in_d, (2, 0), (0, 1)) == "A minor"
    late = track((16, b"\xff\x59\x02\x05\x00"))
    first = track((0, b"\xff\x59\x02\x00\x00"), (0, b"\xff\x59\x02\x02\x00"))
    assert read_midi(midi(late, first, track(*quarters(in_d))))[0].key == "D major"


def test_no_sharps_are_not_believed_where_the_pitches_show_others():
    in_d = [66, 69, 74, 73, 74, 66, 69, 62]
    assert keyed(in_d, (0, 0)) == ""  # estimated later, as if there were none
    assert keyed([*in_d, 65], (0, 0)) != ""  # an F: it may be chromatic
    assert keyed(in_d, (0, 1)) == "A minor"
    in_f = [65, 67, 69, 70, 72, 74, 76, 77]
    assert keyed(in_f, (0, 0)) == ""
    assert keyed(in_f, (1, 0)) in ("G major", "E minor")  # only no sharps is a default
    once = [60, 62, 64, 62, 66, 67, 69, 71, 72, 67, 64, 60, 60]
    assert keyed(once, (0, 0)) == "C major"  # one in thirteen is an accidental


def test_a_metre_of_one_beat_throughout_is_none(tmp_path):
    notes = quarters(range(60, 76))
    assert measures_of(metre(1, 2), *notes[:4]) == [[1, 0, 0]] * 2
    both = measures_of(metre(4, 2), metre(1, 2), *notes[:6], metre(1, 2), *notes[:2])
    assert both == [[1, 0, 0]] * 4
    assert measures_of(metre(1, 3), *note(60, 2), metre(1, 2), *notes[:2]) == [
        [0.5, 0, 0],
        [1, 0, 0],
    ]
    path = tmp_path / "beats.mid"
    path.write_bytes(midi(track(metre(1, 2), *notes)))
    options = {"n_measures": 4, "steps_per_quarter": 1}
    with pytest.raises(ValueError, match="states no metre; pass time_signature="):
        read_melodies(path, **options)
    melodies = read_melodies(path, time_signature="4/4", **options)
    assert melodies.data.tolist() == [list(range(60, 76))]
    assert melodies.warnings == [("states no metre, taken to be in 4/4",)]


def tunes_of_known_mode():
    """Tunes of the bundled collections that are in major or minor."""
    from sklearn_c2c.io._reader import read_tunes

    folders = [
        corpus_folder(name) for name in ("oneills1850", "ryansMammoth", "airdsAirs")
    ]
    for _, tune in read_tunes(folders):
        if tune.key.endswith(("major", "minor")) and tune.sounding_parts:
            yield tune


@pytest.mark.slow
def test_how_often_the_mode_is_judged_right():
    from sklearn_c2c.io._key import key_by_pitches
    from sklearn_c2c.melody import parse_key

    right, total = Counter(), Counter()
    for tune in tunes_of_known_mode():
        key, notes = parse_key(tune.key), tune.sounding_parts[0].notes
        lasting = np.bincount(notes[:, PITCH] % 12, notes[:, DURATION], 12)
        judged = key_by_pitches(key.signature, lasting, notes[-1, PITCH])
        right[key.mode] += judged == key
        total[key.mode] += 1
    assert total["minor"] > 450
    assert right["major"] / total["major"] > 0.955  # 96.2 %
    assert right["minor"] / total["minor"] > 0.94  # 95.0 %


def with_flag_of_major(data):
    """Set the mode of a key signature to major."""
    place = data.index(b"\xff\x59\x02")
    return data[: place + 4] + b"\0" + data[place + 5 :]


def test_minor_tunes_whose_flag_says_major_keep_their_mode():
    ending_on_the_tonic = [
        69,
        71,
        72,
        74,
        76,
        74,
        72,
        71,
        69,
        76,
        72,
        71,
        68,
        71,
        69,
        69,
    ]
    data = melody_to_midi(ending_on_the_tonic, key="Am")
    assert read_midi(with_flag_of_major(data))[0].key == "A minor"


def theirs(data):
    """Onset, end and pitch of each note by symusic, in our ticks."""
    score = Score.from_midi(data)
    scale = TICKS_PER_QUARTER / score.ticks_per_quarter
    return sorted(
        (round(note.time * scale), round(note.end * scale), note.pitch)
        for part in score.tracks
        for note in part.notes
        if not part.is_drum
    )


def ours(data):
    (tune,) = read_midi(data)
    notes = np.concatenate([part.notes for part in tune.parts])
    ends = notes[:, ONSET] + notes[:, DURATION]
    return sorted(zip(notes[:, ONSET].tolist(), ends.tolist(), notes[:, PITCH].tolist(),
                      strict=True))  # fmt: skip


@pytest.fixture(scope="module")
def bundled():
    """A few hundred tunes, played and written to MIDI by another program."""
    files = []
    for name in ("oneills1850", "airdsAirs"):
        for path in sorted(corpus_folder(name).glob("*.abc"))[::10]:
            for text in _abc.split_tunes(_abc.decode(path.read_bytes())):
                files.append(Score.from_abc(text).dumps_midi())
    return files


def test_a_second_reader_agrees_on_every_note(bundled):
    assert len(bundled) > 200
    for data in bundled:
        assert ours(data) == theirs(data)
        assert warnings_of(data) == []


def test_damaged_bytes_give_a_reason_or_a_tune(bundled):
    rng = np.random.default_rng(0)
    outcomes = Counter()
    for data in bundled[::2]:
        for _ in range(4):
            damaged = bytearray(data)
            for place in rng.integers(len(data), size=rng.integers(1, 4)):
                damaged[place] = rng.integers(256)
            try:
                outcomes["read"] += len(read_midi(bytes(damaged))) > 0
            except TuneError as error:
                outcomes["refused"] += len(str(error)) > 10
    assert min(outcomes["read"], outcomes["refused"]) > 50


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 0, 1, 4, 200]),
            st.one_of(
                st.binary(min_size=1, max_size=6),
                st.builds(lambda p: bytes([0x90, p, 80]), st.integers(60, 62)),
                st.builds(lambda p: bytes([0x80, p, 0]), st.integers(60, 62)),
                st.sampled_from([b"\xb0\x7b\x00", b"\xff\x2f\x00", b"\xf8", b"MTrk"]),
            ),
        ),
        max_size=12,
    ),
    st.binary(max_size=12),
)
def test_any_events_give_a_reason_or_sound_tunes(events, after):
    try:
        tunes = read_midi(midi(track(*events)) + after)
    except TuneError:
        return
    for tune in tunes:
        for part in tune.parts:
            assert (np.diff(part.notes[:, ONSET]) >= 0).all()
            assert (part.notes[:, DURATION] > 0).all()
            ends = part.notes[:, ONSET] + part.notes[:, DURATION]
            total = part.measures[:, 1].sum()
            assert not len(ends) or ends.max() <= total


def large(message, before=b"", name=b"MTrk"):
    """Fill a file of the largest size with one message."""
    content = before + message * ((MAX_BYTES - 100) // len(message)) + END_OF_TRACK
    return midi(name + struct.pack(">I", len(content)) + content)


BOMBS = {
    "notes": large(b"\x00\x90\x3c\x50\x01\x80\x3c\x00"),
    "notes without an end": large(b"\x00\x3c\x50", b"\x00\x90\x3c\x50"),
    "metres": large(b"\x01\xff\x58\x02\x01\x06"),
    "damaged events": large(b"\x00\xf8"),
    "tracks": midi(*[b"MTrk\0\0\0\0"] * 1000),
    "tracks in tracks": midi(*[b"MTrk\x00\x08\x00\x00" + END_OF_TRACK] * 60000),
}


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS)
def test_what_is_made_to_exhaust_is_refused(data):
    with pytest.raises(TuneError, match=r"more than the \d+ .* that are read"):
        read_midi(data)


def test_a_type_2_file_has_no_more_measures_than_another():
    endless = track(metre(1, 6), *note(60, 1), end=2**15)
    tunes = read_midi(midi(*[endless] * 200, division=1, kind=2))
    assert all("more measures" in tune.fault for tune in tunes)


def test_silence_without_end_is_cut():
    data = midi(track(*quarters(SCALE), end=2**27))
    assert notes_of(data) == WHOLE
    assert warnings_of(data) == [
        "the silence after the last note is too long; it was left out"
    ]
    with pytest.raises(TuneError, match="more than the 65536 that are read"):
        read_midi(midi(track(end=2**27)))


def test_limits_are_of_all_tracks_together(monkeypatch):
    monkeypatch.setitem(_midi_events._MOST, "notes", 8)
    assert notes_of(TWO) == TWO_NOTES
    with pytest.raises(TuneError, match="has more than the 8 notes that are read"):
        read_midi(midi(track(*quarters(SCALE[:5])), track(*quarters(SCALE[4:]))))
