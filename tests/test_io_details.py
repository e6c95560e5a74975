"""Small rules of reading, each with the value that a wrong one would change."""

import numpy as np
import pytest

from sklearn_c2c.io import read_melodies
from sklearn_c2c.io._abc import read_abc
from sklearn_c2c.io._abc_text import plain_text
from sklearn_c2c.io._music21 import tunes_from_stream
from sklearn_c2c.io._tune import (
    BEAT_TYPE,
    BEATS,
    DURATION,
    PITCH,
    TICKS_PER_QUARTER,
    beat_ticks,
    measure_ticks,
    parse_metre,
)


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


# ------------------------------------------------------------------- metres


@pytest.mark.parametrize("beat_type", [1, 2, 4, 8, 16, 32, 64])
def test_every_note_value_counts_beats(beat_type):
    assert parse_metre(f"3/{beat_type}") == (3, beat_type)
    assert measure_ticks(f"{beat_type}/{beat_type}") == 4 * TICKS_PER_QUARTER


@pytest.mark.parametrize("wrong", ["3/0", "3/3", "3/33", "3/63", "3/128", "0/4", "/4"])
def test_what_is_no_metre_is_named(wrong):
    with pytest.raises(ValueError, match=f"Found the metre '{wrong}'; expected beats"):
        parse_metre(wrong)


@pytest.mark.parametrize(
    ("metre", "quarters"),
    [("4/4", 1), ("2/2", 2), ("3/8", 0.5), ("6/8", 1.5), ("12/8", 1.5), ("6/4", 1)],
)
def test_three_eighths_are_the_beat_of_compound_metres(metre, quarters):
    assert beat_ticks(metre) == quarters * TICKS_PER_QUARTER


# ------------------------------------------------------------------ music21


def test_a_stream_without_notes_is_a_tune_without_notes():
    from music21 import meter, note, stream

    empty = stream.Part([meter.TimeSignature("3/4"), note.Rest(quarterLength=3)])
    (found,) = tunes_from_stream(stream.Score([empty]))
    assert not found.fault and not found.key
    (part,) = found.parts
    assert not len(part.notes)
    assert part.measures[0, [BEATS, BEAT_TYPE]].tolist() == [3, 4]


def test_what_music21_cannot_do_is_a_reason(monkeypatch):
    from music21 import stream

    def fail(_):
        raise IndexError("pop from an empty list\nwith more lines")

    monkeypatch.setattr(stream.Score, "hasPartLikeStreams", fail)
    (found,) = tunes_from_stream(stream.Score())
    assert found.fault == (
        "is not understood by music21 (IndexError: pop from an empty list)"
    )


# ----------------------------------------------------------------- progress


def test_what_takes_no_time_says_nothing(tmp_path, capfd):
    (tmp_path / "tune.abc").write_text("X:1\nM:4/4\nL:1/4\nK:C\nCDEF|\n")
    read = read_melodies(tmp_path, n_measures=1, steps_per_quarter=1)
    assert np.array_equal(read.data, [[60, 62, 64, 65]])
    assert capfd.readouterr() == ("", "")
