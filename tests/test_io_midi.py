"""Reading MIDI: exact ticks, and clear reasons for unreadable files."""

import struct
import tracemalloc

import pytest

from sklearn_c2c.io import read_melodies
from sklearn_c2c.melody import HOLD, REST

_ = HOLD


def number(value):
    """Write a number as MIDI writes lengths and times."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))


def track(*events, end=0):
    """Pack events, each a time since the one before and bytes, into a track."""
    content = b"".join(number(delta) + message for delta, message in events)
    content += number(end) + b"\xff\x2f\x00"
    return b"MTrk" + struct.pack(">I", len(content)) + content


def midi(*tracks, division=4, kind=1):
    return (
        b"MThd"
        + struct.pack(">IHHH", 6, kind, len(tracks), division)
        + b"".join(tracks)
    )


def note(pitch, length, delta=0, channel=0):
    on, off = bytes([0x90 | channel, pitch, 80]), bytes([0x80 | channel, pitch, 0])
    return [(delta, on), (length, off)]


@pytest.fixture
def read(tmp_path):
    def read(data, **options):
        path = tmp_path / "tune.mid"
        path.write_bytes(data)
        options = {"n_measures": 1, "steps_per_quarter": 1} | options
        return read_melodies(path, **options)

    return read


METRE_3_4 = (0, b"\xff\x58\x04\x03\x02\x18\x08")


def test_notes_rests_repeated_notes_and_silence_at_the_end(read):
    data = midi(track(*note(60, 8), *note(60, 4), *note(62, 4, delta=4), end=12))
    row = read(data, n_measures=2).data[0].tolist()
    assert row == [60, _, 60, REST, 62, REST, REST, REST]


def test_running_status_and_note_on_without_velocity(read):
    on = b"\x90\x3c\x50"
    data = midi(track((0, on), (4, b"\x3c\x00"), (0, b"\x3e\x50"), (12, b"\x3e\x00")))
    assert read(data).data[0].tolist() == [60, 62, _, _]


def test_metre_key_tempo_and_title(read):
    data = midi(
        track(
            (0, b"\xff\x03\x04Tune"),
            METRE_3_4,
            (0, b"\xff\x51\x03\x07\xa1\x20"),
            (0, b"\xff\x59\x02\xfe\x01"),
            *note(67, 12),
        )
    )
    melodies = read(data)
    assert melodies.time_signature == "3/4"
    assert melodies.titles == ["Tune"]
    assert melodies.tonalities == ["G minor"]
    assert melodies.tempos == [120.0]


def test_a_change_of_metre_in_the_window_is_a_reason(read):
    data = midi(track(*note(60, 16), METRE_3_4, *note(60, 12)))
    with pytest.raises(ValueError, match="changes metre to 3/4 in measure 2"):
        read(data, n_measures=2)
    assert read(data).data.shape == (1, 4)


def test_a_performance_is_rounded_to_the_grid(read):
    played = [*note(60, 95, delta=3), *note(62, 104, delta=2), *note(64, 180, delta=-6)]
    now, events = 0, []
    for delta, message in played:
        now += delta
        events.append((now, message))
    events.sort(key=lambda event: event[0])
    times = [0] + [time for time, _ in events]
    steps = [(b - a, m) for a, b, (_, m) in zip(times, times[1:], events, strict=False)]
    data = midi(track(*steps), division=100)
    assert read(data).data[0].tolist() == [60, 62, 64, _]
    with pytest.raises(ValueError, match="between two time steps"):
        read(data, off_grid="reject")


def test_drums_are_left_out_and_parts_are_chosen(read):
    tune = track((0, b"\xff\x03\x04Tune"), *note(60, 16))
    drums = track(*note(35, 16, channel=9))
    assert read(midi(tune, drums)).data[0].tolist() == [60, _, _, _]
    bass = track((0, b"\xff\x03\x04Bass"), *note(36, 16))
    with pytest.raises(ValueError, match="has 2 parts, 'Tune', 'Bass'"):
        read(midi(tune, bass))
    assert read(midi(tune, bass), part="Bass").data[0, 0] == 36
    both = track(*note(60, 8), *note(48, 8, channel=1))
    assert read(midi(both, kind=0), part=1).data[0].tolist()[2:] == [48, _]


def test_several_notes_at_once(read):
    on, off = b"\x90\x3c\x50", b"\x80\x3c\x00"
    data = midi(track((0, on), *note(64, 8), (8, off)))
    with pytest.raises(ValueError, match="pass chords='highest'"):
        read(data)
    assert read(data, chords="highest").data[0].tolist() == [64, _, REST, REST]


GOOD = midi(track(*note(60, 16)))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "has no MIDI header"),
        (b"RIFFxxxxRMID", "has no MIDI header"),
        (GOOD[:13], "has no MIDI header"),
        (GOOD[:16], "has no notes"),
        (midi(track(*note(60, 4)), division=0), "not in beats"),
        (midi(track(*note(60, 4)), division=0xE728), "not in beats"),
        (midi(track(*note(60, 4)), kind=3), "of type 3"),
        (midi(track((0, b"\x3c\x50"))), "without a status"),
        (midi(track((0, b"\x90\x3c\xd0"))), "pitch or velocity is beyond 127"),
        (midi(track((0, b"\x90\x3c"))), "past the end of the track"),
        (midi(track()), "has no notes"),
        (midi(), "has no notes"),
    ],
)
def test_what_cannot_be_read_is_a_reason(read, data, words):
    with pytest.raises(ValueError, match=words):
        read(data)


def test_a_delta_time_made_to_exhaust_memory_takes_none(read):
    bomb = midi(track(*note(60, 0x0FFFFFFF)), division=1)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="more than the 65536 that are read"):
            read(bomb)
        # 64 MiB suffice for the largest file; the stated time would take gigabytes.
        assert tracemalloc.get_traced_memory()[1] < 2**27
    finally:
        tracemalloc.stop()
