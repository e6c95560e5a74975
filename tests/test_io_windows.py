"""Where a row begins and ends: pick-ups, parts, repeats, in every format."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_c2c.datasets import corpus_folder
from sklearn_c2c.io import melody_to_abc, read_melodies, write_melody
from sklearn_c2c.melody import HOLD, REST
from tests.strategies import melodies
from tests.test_io_musicxml import ending, note, rest, score

_, z = HOLD, REST
REPEAT = '<barline location="right"><repeat direction="backward"/></barline>'


def musicxml(body):
    """Write simple ABC, quarter notes of one octave, as a MusicXML score."""
    measures, number = [], 0
    for text in body.replace("|]", "|").strip("|").split("|"):
        text, sign = text.strip(), ""
        if text.startswith(("1", "2")):
            number, text = int(text[0]), text[1:]
            sign = ending(number, "start")
        closes, text = text.endswith(":"), text.strip(":")
        signs = "".join(
            note(letter, int(length or 1)) if letter != "z" else rest(int(length or 1))
            for letter, length in zip(text[::2], text[1::2], strict=True)
        )
        end = ending(number, "stop") if number and closes else REPEAT * closes
        if number == 2:
            end = ending(2, "stop")
        measures.append(sign + signs + end)
    return score(*measures)


@pytest.fixture(params=["abc", "musicxml"])
def read(request, tmp_path):
    """Read a body in C, 4/4, L:1/4 whose notes all have a length, in either format."""

    def read(body, **options):
        path = tmp_path / f"tune.{request.param}"
        if request.param == "abc":
            path.write_text(f"X:1\nM:4/4\nL:1/4\nK:C\n{body}\n")
        else:
            path.write_text(musicxml(body))
        options = {"n_measures": 2, "steps_per_quarter": 1} | options
        return read_melodies(path, **options)

    return read


@pytest.mark.parametrize(
    ("body", "options", "row", "upbeat"),
    [
        # The next part's pick-up does not belong to the window; the last note goes on,
        ("G1|C1D1E1F1|E2D1:|A1|G4|F4|", {}, [60, 62, 64, 65, 64, _, 62, _], 1),
        ("G1|C1D1E1F1|E3|A1|G4|F4|", {}, [60, 62, 64, 65, 64, _, _, _], 1),
        ("C1D1E1F1|E2:|A1B1|G4|F4|", {}, [60, 62, 64, 65, 64, _, _, _], 2),
        # or its rest,
        ("G1|C1D1E1F1|E2z1:|A1|G4|F4|", {}, [60, 62, 64, 65, 64, _, z, z], 1),
        # also at the end of the tune, and if repeats are played out,
        ("G1|C1D1E1F1|E2D1|]", {}, [60, 62, 64, 65, 64, _, 62, _], 0),
        ("G1|C1D1E1F1|E2D1:|G4|F4|", {}, [60, 62, 64, 65, 64, _, 62, _], 0),
        (
            "G1|C1D1E1F1|E2D1:|A1|G4|",
            {"repeats": "played"},
            [60, 62, 64, 65, 64, _, 62, _],
            1,
        ),
        # but a pick-up within the window does belong to it.
        (
            "G1|C4|E2D1:|A1|G4|F3:|",
            {"n_measures": 4},
            [60, _, _, _, 64, _, 62, 69, 67, _, _, _, 65, _, _, _],
            0,
        ),
        # An ending that begins within the measure does not end the part.
        ("G1|C1D1E1F1|E2|1D1F1:|2D1C1|F4|", {}, [60, 62, 64, 65, 64, _, 62, 60], 0),
        # Without a sign, the upbeat after a longer note is as long as the pick-up.
        ("G1|C1D1E1F1|E3A1|G4|F4|", {}, [60, 62, 64, 65, 64, _, _, _], 1),
        ("G1|C1D1E1F1|E2D1A1|G4|F4|", {}, [60, 62, 64, 65, 64, _, 62, 69], 0),
        ("C1D1E1F1|E3A1|G4|F4|", {}, [60, 62, 64, 65, 64, _, _, 69], 0),
        # Nothing is changed if nothing is played afterwards.
        ("G1|C1D1E1F1|E3A1|]", {}, [60, 62, 64, 65, 64, _, _, 69], 0),
    ],
)
def test_where_a_window_ends(read, body, options, row, upbeat):
    melodies = read(body, **options)
    assert melodies.data[0].tolist() == row
    assert melodies.upbeats == [upbeat]


@pytest.mark.parametrize("suffix", [".abc", ".mid", ".musicxml"])
@pytest.mark.parametrize(
    ("time_signature", "last", "kept", "upbeat"),
    [
        # Notes after the onset of the last beat are an upbeat if more music follows.
        ("6/8", [64, _, _, _, 62, _, 60, _, 62, _, 64, _], [60] + [_] * 5, 5),
        ("6/8", [64, _, _, _, 62, _, 60, _, _, _, 64, _], [60] + [_] * 5, 5),
        ("6/8", [64, _, _, _, _, _, _, _, _, _, 64, 65], [_] * 6, 5),
        ("6/8", [64, z, z, z, z, z, z, z, z, z, 64, 65], [z] * 6, 5),
        ("4/4", [64, _, _, _] * 3 + [62, _, 60, _], [62, _, _, _], 3),
        ("4/4", [64, _, _, _] * 2 + [62, _, 60, _] * 2, [62, _, _, _], 3),
        ("4/4", [64, _, _, _] * 4, [64, _, _, _], 0),
        ("3/4", [64, _, _, _] * 2 + [62, 64, 65, 67], [62, _, _, _], 3),
        ("9/8", [64, _, _, _, _, _] * 2 + [62, _, 64, _, 65, _], [62] + [_] * 5, 5),
    ],
)
def test_windows_that_end_in_the_middle_of_a_part(
    tmp_path, suffix, time_signature, last, kept, upbeat
):
    path = tmp_path / f"tune{suffix}"
    whole = [60] + [_] * (len(last) - 1)
    write_melody([*whole, *last, *whole], path, time_signature=time_signature)
    melodies = read_melodies(path, n_measures=2)
    row = [*whole, *last[: -len(kept)], *kept]
    assert melodies.data[0].tolist() == row
    assert melodies.upbeats == [upbeat]
    assert f"In {int(upbeat > 0) or 'none'} the last note is held on" in melodies.DESCR
    # The same measures at the end of a tune are as they are written.
    write_melody([*whole, *last], path, time_signature=time_signature)
    melodies = read_melodies(path, n_measures=2)
    assert melodies.data[0].tolist() == [*whole, *last]
    assert melodies.upbeats == [0]


def test_pick_ups_are_kept_in_a_measure_of_their_own(read):
    assert read("G1|C4|E3|]").data[0].tolist() == [60, _, _, _, 64, _, _, _]
    kept = read("G1|C4|E3|]", pickup="keep")
    assert kept.data[0].tolist() == [z, z, z, 67, 60, _, _, _, 64, _, _, _]
    assert (kept.n_measures, kept.pickup) == (2, "keep")
    # Of a tune without one the measure is rest.
    assert read("C4|E4|]", pickup="keep").data[0].tolist() == [*[z] * 4, 60, _, _, _, *(
        [64, _, _, _]
    )]  # fmt: skip


@pytest.mark.parametrize("suffix", [".abc", ".mid", ".musicxml"])
@settings(max_examples=25)
@given(
    rows=melodies(max_melodies=1),
    grid=st.sampled_from([("4/4", 4), ("6/8", 4), ("3/4", 2), ("6/8", 12), ("2/2", 3)]),
)
def test_a_pick_up_written_is_read_again(tmp_path_factory, suffix, rows, grid):
    time_signature, steps_per_quarter = grid
    beats, beat_type = map(int, time_signature.split("/"))
    per_measure = steps_per_quarter * 4 * beats // beat_type
    melody = np.append(rows[0], [60] + [HOLD] * per_measure).astype(np.int16)
    melody = np.append(melody, [REST] * (-len(melody) % per_measure))
    # Whole measures of rest at the start would be left out.
    silent = int(np.argmax(melody != REST))
    melody = melody[silent - silent % per_measure :]
    path = tmp_path_factory.mktemp("written") / f"tune{suffix}"
    notation = {
        "time_signature": time_signature,
        "steps_per_quarter": steps_per_quarter,
    }
    write_melody(melody, path, pickup=True, **notation)
    silent = len(melody) - len(np.trim_zeros(melody != REST, "f"))
    n_measures = len(melody) // per_measure
    if silent < steps_per_quarter // np.gcd(steps_per_quarter, 16):
        read = read_melodies(path, n_measures=n_measures, **notation).data[0]
    else:
        n_measures -= 1
        read = read_melodies(path, n_measures=n_measures, pickup="keep", **notation)
        read = read.data[0]
    assert read.tolist() == melody.tolist()


@pytest.mark.parametrize(
    ("body", "options", "row", "silent"),
    [
        # Short measures that add up to whole ones are no pick-up,
        ("C1D1|E1F1|G1A1B1G1|", {}, [60, 62, 64, 65, 67, 69, 71, 67], 0),
        ("C1D1|E1|F1|G1A1B1G1|", {}, [60, 62, 64, 65, 67, 69, 71, 67], 0),
        ("C1D1|E1F1|G1A1|B1G1|", {}, [60, 62, 64, 65, 67, 69, 71, 67], 0),
        ("C1D1|E1F1|G1A1|B1G1|D4|", {}, [60, 62, 64, 65, 67, 69, 71, 67], 0),
        # but before them there may be one.
        ("B1|C1D1|E1F1|G1A1B1G1|", {}, [60, 62, 64, 65, 67, 69, 71, 67], 0),
        ("B1|C1D1|E1F1|G1A1|B1|", {}, [60, 62, 64, 65, 67, 69, 71, _], 0),
        ("A1B1|C1D1|E1F1|G1A1|B1G1|D4|", {}, [60, 62, 64, 65, 67, 69, 71, 67], 0),
        ("A1|B1|C1D1E1F1|G4|", {}, [60, 62, 64, 65, 67, _, _, _], 0),
        # Measures without notes are left out at the start, whole or in pieces,
        ("z4|C4|D4|]", {}, [60, _, _, _, 62, _, _, _], 1),
        ("z4|z4|z4|C4|z4|D4|]", {}, [60, _, _, _, z, z, z, z], 3),
        ("z1|z4|C4|D4|]", {}, [60, _, _, _, 62, _, _, _], 1),
        ("z2|z2|z2C1D1|E4|]", {}, [z, z, 60, 62, 64, _, _, _], 1),
        ("z2|z2|z2|C1D1|E4|]", {}, [z, z, 60, 62, 64, _, _, _], 1),
        ("z1|z2|z2|z2|C1D1|E4|]", {}, [z, z, 60, 62, 64, _, _, _], 1),
        # before a pick-up, or after a pick-up that is dropped;
        ("z4|z4|B1|C4|D3|]", {}, [60, _, _, _, 62, _, _, _], 2),
        ("B1|z4|C4|D4|]", {}, [60, _, _, _, 62, _, _, _], 1),
        ("z4|B1|z4|C4|D4|]", {}, [60, _, _, _, 62, _, _, _], 2),
        # with a pick-up that is kept the tune begins.
        (
            "B1|z4|C4|]",
            {"pickup": "keep"},
            [z, z, z, 71, z, z, z, z, 60, _, _, _],
            0,
        ),
        ("z4|C4|D4|]", {"pickup": "keep"}, [*[z] * 4, 60, _, _, _, 62, _, _, _], 1),
        ("z4|C4|D4:|", {"repeats": "played"}, [60, _, _, _, 62, _, _, _], 1),
        # The last measure may be written out with a rest where the pick-up was.
        ("A1B1|C4|D2z1|A1B1|E4|", {}, [60, _, _, _, 62, _, _, _], 0),
        ("A1B1|C4|D2z1|]", {}, [60, _, _, _, 62, _, _, _], 0),
    ],
)
def test_where_a_window_begins(read, body, options, row, silent):
    melodies = read(body, **options)
    assert melodies.data[0].tolist() == row
    assert melodies.silent_measures == [silent]


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ("z4|z4|", "empty", "has no notes"),
        ("B1|z4|z4|", "empty", "has no notes after the pick-up"),
        ("z4|z4|z4|C4|]", "length", "has 1 measure after 3 without notes"),
        ("z4|B1|C4|]", "length", "after the pick-up and 1 without notes"),
        (
            "C3|D3|E4|F4|]",
            "measures",
            "begins with 2 short measures, together 6/4 l",
        ),
        ("C1|D1|]", "measures", "has no full measure"),
        ("A1B1|C4|D2E1|A1B1|E4|", "measures", "measure 2.* the next does not complete"),
        ("C4|D4E1|F4|", "measures", "measure 2 lasts 5/4, more than 4/4"),
        ("B1|z4|z3|C4|D4|", "measures", "measure 2"),
    ],
)
def test_what_gives_no_window(read, body, kind, words):
    with pytest.raises(ValueError, match=rf"\({kind} 1\).*{words}"):
        read(body)


def test_a_row_without_notes_is_none(read):
    # All notes are an upbeat to the next part.
    body = "G1|z3:|B1|C4|D3:|"
    with pytest.raises(ValueError, match="has no notes in the first measure"):
        read(body, n_measures=1)
    assert read(body).data[0].tolist() == [z, z, z, 71, 60, _, _, _]


def test_silence_in_another_metre_does_not_count(tmp_path):
    path = tmp_path / "tune.abc"
    path.write_text("X:1\nM:3/4\nL:1/4\nK:C\nZ2|z|\n[M:4/4]C4|D4|]\n")
    melodies = read_melodies(path, n_measures=2, steps_per_quarter=1)
    assert melodies.time_signature == "4/4"
    assert melodies.data[0].tolist() == [60, _, _, _, 62, _, _, _]
    assert melodies.silent_measures == [2]


@pytest.mark.parametrize(("early", "silent"), [(29, 1), (30, 0), (31, 0)])
def test_a_first_note_played_early_begins_its_measure(tmp_path, early, silent):
    from tests.test_io_midi import midi, note, track

    events = [*note(60, 240 + early, delta=240 - early), *note(62, 480)]
    path = tmp_path / "tune.mid"
    path.write_bytes(midi(track(*events), division=60))
    melodies = read_melodies(path, n_measures=2, steps_per_quarter=1)
    expected = [60, _, _, _, 62, _, _, _] if silent else [z, z, z, 60] + [_] * 4
    assert melodies.data[0].tolist() == expected
    assert melodies.silent_measures == [silent]


@settings(max_examples=200)
@given(
    lengths=st.lists(st.integers(1, 5), min_size=1, max_size=9),
    sounds=st.lists(st.booleans(), min_size=9, max_size=9),
    pickup=st.sampled_from(["drop", "keep"]),
    n_measures=st.integers(1, 3),
)
def test_what_is_read_is_written_and_read_alike(
    tmp_path_factory, lengths, sounds, pickup, n_measures
):
    """For any bar lines; and no note of the tune is anywhere else in the row."""
    body = "|".join(
        f"{'C' if sounds[i] else 'z'}{length}" for i, length in enumerate(lengths)
    )
    folder = tmp_path_factory.getbasetemp()
    path, again = folder / "any.abc", folder / "again.abc"
    path.write_text(f"X:1\nM:4/4\nL:1/4\nK:C\n{body}|]\n")
    options = {"n_measures": n_measures, "pickup": pickup, "steps_per_quarter": 1}
    try:
        read = read_melodies(path, time_signature="4/4", **options)
    except ValueError:
        return
    row = read.data[0]
    keep = pickup == "keep"
    # It begins with a note in its first measure, or in the pick-up.
    assert (row[:8] != REST).any() if keep else (row[:4] != REST).any()
    write_melody(row, again, steps_per_quarter=1, pickup=keep)
    assert read_melodies(again, **options).data[0].tolist() == row.tolist()
    # Each onset in it is one of the tune, at the same distance from the others.
    onsets = np.cumsum([0, *lengths[:-1]])[np.array(sounds[: len(lengths)])]
    begun = np.flatnonzero(row == 60)
    assert any(set(begun[1:] - shift) <= set(onsets) for shift in range(-40, 13))


def test_a_pick_up_is_written_as_one():
    melody = [*[z] * 10, 69, _, 62, *[_] * 11, 64, *[_] * 11]
    text = melody_to_abc(melody, time_signature="6/8", key="D", pickup=True)
    assert text.splitlines()[-1] == "A | D6 | E6 |]"
    melody = [*[z] * 6, 69, _, 69, _, 69, _, 62, *[_] * 11]
    text = melody_to_abc(melody, time_signature="6/8", key="D", pickup=True)
    assert text.splitlines()[-1] == "AAA | D6 |]"
    whole = [62, *[_] * 11] * 2
    assert melody_to_abc(whole, time_signature="6/8", pickup=True) == melody_to_abc(
        whole, time_signature="6/8"
    )
    silence = melody_to_abc([z] * 12, time_signature="6/8", pickup=True)
    assert silence.splitlines()[-1] == "z6 |]"


def test_other_programs_find_the_bar_lines_after_a_pick_up(tmp_path):
    from music21 import converter
    from symusic import Score

    melody = [*[z] * 10, 69, _, 62, *[_] * 11, 64, *[_] * 11]
    for suffix in (".mid", ".musicxml"):
        path = tmp_path / f"tune{suffix}"
        write_melody(melody, path, time_signature="6/8", pickup=True)
    signatures = Score(tmp_path / "tune.mid").time_signatures
    found = [(s.time, s.numerator, s.denominator) for s in signatures]
    assert found == [(0, 1, 8), (240, 6, 8)]
    part = converter.parseFile(tmp_path / "tune.musicxml", forceSource=True).parts[0]
    lengths = [m.highestTime for m in part.getElementsByClass("Measure")]
    assert lengths == [0.5, 3, 3]


@pytest.mark.integration
def test_hardly_a_row_of_the_jigs_ends_on_an_upbeat():
    folders = [
        corpus_folder(name) for name in ("airdsAirs", "oneills1850", "ryansMammoth")
    ]
    jigs = read_melodies(folders, time_signature="6/8")
    last_onsets = [np.flatnonzero(row < REST)[-1] for row in jigs.data]
    assert len(jigs.data) > 1000
    assert np.mean(np.array(last_onsets) >= 8 * 12 - 2) < 0.03
