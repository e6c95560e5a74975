"""Small rules of reading, each with a value that a wrong rule would change."""

import numpy as np
import pytest

from sklearn_c2c.io import read_melodies
from sklearn_c2c.io._abc import read_abc
from sklearn_c2c.io._abc_text import plain_text
from sklearn_c2c.io._key import key_by_pitches
from sklearn_c2c.io._midi import read_midi
from sklearn_c2c.io._music21 import tunes_from_stream
from sklearn_c2c.io._musicxml import read_musicxml
from sklearn_c2c.io._tune import (
    BEAT_TYPE,
    BEATS,
    CLOSES,
    DURATION,
    ENDINGS,
    LENGTH,
    OPENS,
    PITCH,
    START,
    TICKS_PER_QUARTER,
    measure_ticks,
)
from sklearn_c2c.io._window import _part_ends
from sklearn_c2c.melody import key_of_signature, parse_metre


def tune(body, header="M:4/4\nL:1/4\nK:C"):
    (found,) = read_abc(f"X:1\nT:Tune\n{header}\n{body}\n".encode())
    assert not found.fault
    return found


def notes(body, header="M:4/4\nL:1/4\nK:C"):
    """Pitch and duration, in quarter notes, of each note."""
    rows = tune(body, header).parts[0].notes
    durations = rows[:, DURATION] / TICKS_PER_QUARTER
    return list(zip(rows[:, PITCH].tolist(), durations.tolist(), strict=True))


# ----------------------------------------------------------------------- ABC


@pytest.mark.parametrize(
    ("metre", "eighths"),
    [("2/4", 0.5), ("5/8", 0.5), ("3/4", 1), ("6/8", 1), ("4/4", 1), ("C|", 1)],
)
def test_without_a_unit_a_metre_below_three_quarters_has_sixteenths(metre, eighths):
    assert notes("C", f"M:{metre}\nK:C") == [(60, eighths / 2)]


@pytest.mark.parametrize(("metre", "n"), [("4/4", 2), ("3/4", 2), ("6/8", 3)])
@pytest.mark.parametrize("p", range(2, 10))
def test_tuplets_last_as_long_as_the_standard_says(metre, n, p):
    q = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}.get(p, n)
    header = f"M:{metre}\nL:1/4\nK:C"
    found = notes(f"({p}" + "C" * p, header)
    assert [length for _, length in found] == pytest.approx([q / p] * p, abs=1e-3)


@pytest.mark.parametrize(("unit", "quarters"), [("1", 4), ("1/1", 4), ("1/16", 0.25)])
def test_the_unit_may_be_a_whole_note(unit, quarters):
    assert notes("C", f"M:4/4\nL:{unit}\nK:C") == [(60, quarters)]


@pytest.mark.parametrize(
    ("field", "tempo"),
    [
        ("1/4=90", 90),
        ("3/8=80", 120),
        ("1/8 3/8=30", 60),
        ("100", 50),  # of the unit, an eighth
        ("1/0=90", None),
        ("1/4=0", None),
        ('"Slowly"', None),
    ],
)
def test_tempo_in_quarter_notes(field, tempo):
    assert tune("CDEF|", f"M:4/4\nL:1/8\nQ:{field}\nK:C").tempo == tempo


@pytest.mark.parametrize(
    ("key", "pitch"),
    [
        ("C octave=-1", 48),
        ("C octave=2", 84),
        ("C transpose=-3", 57),
        ("C clef=treble-8", 48),
        ("C bass octave=1 transpose=2", 74),
    ],
)
def test_octaves_and_semitones_that_move_what_is_written(key, pitch):
    assert notes("C", f"M:4/4\nL:1/4\nK:{key}") == [(pitch, 1)]


@pytest.mark.parametrize(
    ("written", "title"),
    [
        (r"M\u00fcller", "Müller"),
        (r"\U0001d11e clef", "\N{MUSICAL SYMBOL G CLEF} clef"),
        (r"M\374ller", "Müller"),
        (r"M\"uller", "Müller"),
        (r"\ae", "æ"),
        (r"50 \%", "50 %"),
    ],
)
def test_ways_of_writing_a_character(written, title):
    assert plain_text(written) == title


def test_a_field_after_the_first_note_is_no_longer_of_the_whole_tune():
    found = tune("CF[K:G]FG|F4|")
    assert found.key == "C major"
    assert found.parts[0].notes[:, PITCH].tolist() == [60, 65, 66, 67, 66]
    # A voice that begins later has the key of the head.
    first, second = tune("CF[K:G]FG|\nV:2\nF4|").parts
    assert first.notes[:, PITCH].tolist() == [60, 65, 66, 67]
    assert second.notes[:, PITCH].tolist() == [65]


# ------------------------------------------------------------------- metres


@pytest.mark.parametrize("beat_type", [1, 2, 4, 8, 16, 32, 64])
def test_every_note_value_counts_beats(beat_type):
    assert parse_metre(f"3/{beat_type}") == (3, beat_type)
    metre = parse_metre(f"{beat_type}/{beat_type}")
    assert measure_ticks(metre) == 4 * TICKS_PER_QUARTER


@pytest.mark.parametrize("wrong", ["3/0", "3/3", "3/33", "3/63", "3/128", "0/4", "/4"])
def test_what_is_no_metre_is_named(wrong):
    with pytest.raises(ValueError, match=f"Found the metre '{wrong}'; expected beats"):
        parse_metre(wrong)


@pytest.mark.parametrize(
    ("metre", "quarters"),
    [("4/4", 1), ("2/2", 2), ("3/8", 0.5), ("6/8", 1.5), ("12/8", 1.5), ("6/4", 1)],
)
def test_three_eighths_are_the_beat_of_compound_metres(metre, quarters):
    beat = parse_metre(metre).steps_per_beat(TICKS_PER_QUARTER)
    assert beat == quarters * TICKS_PER_QUARTER


# ------------------------------------------------------------------ music21


def test_a_stream_without_notes_is_a_tune_without_notes():
    from music21 import meter, note, stream

    empty = stream.Part([meter.TimeSignature("3/4"), note.Rest(quarterLength=3)])
    (found,) = tunes_from_stream(stream.Score([empty]))
    assert not found.fault and not found.key
    (part,) = found.parts
    assert not len(part.notes)
    assert part.measures[0, [BEATS, BEAT_TYPE]].tolist() == [3, 4]


def test_notes_of_a_stream_that_last_no_time_are_left_out():
    from music21 import note, stream

    notes = [note.Note(60 + n) for n in range(6)]
    notes[0].quarterLength = notes[3].quarterLength = 0
    (found,) = tunes_from_stream(stream.Score([stream.Part(notes)]))
    assert found.parts[0].notes[:, PITCH].tolist() == [61, 62, 64, 65]


def test_what_music21_cannot_do_is_a_reason(monkeypatch):
    from music21 import stream

    def fail(_):
        raise IndexError("pop from an empty list\nwith more lines")

    monkeypatch.setattr(stream.Score, "hasPartLikeStreams", fail)
    (found,) = tunes_from_stream(stream.Score())
    assert found.fault == (
        "is not understood by music21 (IndexError: pop from an empty list)"
    )


def test_repeats_and_endings_of_a_stream():
    from music21 import bar, meter, note, spanner, stream

    measures = [
        stream.Measure([note.Note(60 + i, quarterLength=3)], number=i + 1)
        for i in range(4)
    ]
    measures[0].insert(0, meter.TimeSignature("3/4"))
    measures[0].leftBarline = bar.Repeat("start")
    measures[2].rightBarline = bar.Repeat("end", times=3)
    endings = [
        spanner.RepeatBracket(measures[1], number=1),
        spanner.RepeatBracket(measures[2], number=[2, 3]),
    ]
    (found,) = tunes_from_stream(stream.Score([stream.Part([*measures, *endings])]))
    (part,) = found.parts
    assert part.measures[:, OPENS].tolist() == [1, 0, 0, 0]
    assert part.measures[:, CLOSES].tolist() == [0, 0, 3, 0]
    assert part.measures[:, ENDINGS].tolist() == [0, 0b001, 0b110, 0]


# ----------------------------------------------------------------- MusicXML


def xml_lengths(*measures):
    """Lengths, in quarter notes, of the measures of a score in 4/4."""
    attributes = (
        "<attributes><divisions>1</divisions>"
        "<time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
    )
    first, *others = measures
    body = "".join(
        f"<measure>{content}</measure>" for content in (attributes + first, *others)
    )
    found = read_musicxml(
        '<score-partwise><part-list><score-part id="P"/></part-list>'
        f'<part id="P">{body}</part></score-partwise>'.encode()
    )
    (tune,) = found
    assert not tune.fault
    return (tune.parts[0].measures[:, LENGTH] / TICKS_PER_QUARTER).tolist()


def test_a_last_measure_that_is_all_skipped_keeps_its_length():
    whole = (
        "<note><pitch><step>C</step><octave>4</octave></pitch>"
        "<duration>4</duration></note>"
    )
    half, skip = (
        whole.replace(">4</d", ">2</d"),
        "<forward><duration>2</duration></forward>",
    )
    assert xml_lengths(whole, half + skip) == [4, 2]
    assert xml_lengths(whole, skip + skip) == [4, 4]
    assert xml_lengths(whole, skip + half) == [4, 4]


# --------------------------------------------------------------------- MIDI


def midi_track(*events):
    events = b"".join([b"\0\xff\x03\x04Tune", *events, b"\0\xff\x2f\0"])
    header = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk"
    return header + len(events).to_bytes(4, "big") + events


def midi_note(channel, pitch):
    on, off = bytes([0, 0x90 + channel, pitch, 64]), bytes([0x60, 0x80 + channel])
    return on + off + bytes([pitch, 0])


def test_channels_are_named_where_there_are_several():
    (one,) = read_midi(midi_track(midi_note(2, 60), midi_note(2, 62)))
    assert [part.name for part in one.parts] == ["Tune"]
    (two,) = read_midi(midi_track(midi_note(2, 60), midi_note(0, 62)))
    names = [(part.name, part.notes[0, PITCH]) for part in two.parts]
    assert sorted(names) == [("Tune channel 1", 62), ("Tune channel 3", 60)]


# ------------------------------------------------------------------ windows


@pytest.mark.parametrize("n_cut", range(5))
def test_bar_lines_that_cut_most_measures_end_no_part(n_cut):
    """Of four measures before the last, each of which may be cut in two."""
    halves = sorted({2 * i for i in range(5)} | {2 * i + 1 for i in range(n_cut)} | {9})
    rows = np.zeros((len(halves), 7), dtype=int)
    rows[:, START] = np.array(halves) * 10
    ends = [90] if n_cut <= 2 else []
    assert _part_ends(rows, bar=20).tolist() == ends
    # With a repeat sign it ends a part, independent of the measures before.
    rows[-1, OPENS] = 1
    assert _part_ends(rows, bar=20).tolist() == [90]


# ----------------------------------------------------------------- progress


def test_what_takes_no_time_says_nothing(tmp_path, capfd):
    (tmp_path / "tune.abc").write_text("X:1\nM:4/4\nL:1/4\nK:C\nCDEF|\n")
    read = read_melodies(tmp_path, n_measures=1, steps_per_quarter=1)
    assert np.array_equal(read.data, [[60, 62, 64, 65]])
    assert capfd.readouterr() == ("", "")


# C. L. Krumhansl, "Cognitive foundations of musical pitch", 1990, table 2.1.
PROBES = {
    "major": [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88],
    "minor": [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17],
}


def test_the_key_that_correlates_best_counts_and_an_ending_on_it_a_fifth(rng):
    seen = set()
    for _ in range(3000):
        signature, last = int(rng.integers(-7, 8)), int(rng.integers(40, 52))
        lasting = rng.gamma(0.5, size=12)
        keys = [key_of_signature(signature, mode) for mode in PROBES]
        values = [
            np.corrcoef(np.roll(PROBES[key.mode], key.pitch_class), lasting)[0, 1]
            + (0.2 if last % 12 == key.pitch_class else 0)
            for key in keys
        ]
        expected = keys[int(np.argmax(values))]
        assert key_by_pitches(signature, lasting, last) == expected
        seen.add((expected.mode, last % 12 == expected.pitch_class))
    assert len(seen) == 4
