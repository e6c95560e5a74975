"""Reading MusicXML and music21 streams."""

import io
import zipfile

import pytest

from sklearn_c2c.io import read_melodies
from sklearn_c2c.melody import HOLD, REST

_ = HOLD

NOTE = (
    "<note>{chord}<pitch><step>{step}</step><octave>4</octave></pitch>"
    "<duration>{duration}</duration>{tie}</note>"
)


def note(step, duration, *, tie="", chord=False):
    tie = "".join(f'<tie type="{kind}"/>' for kind in tie.split())
    chord = "<chord/>" if chord else ""
    return NOTE.format(step=step, duration=duration, tie=tie, chord=chord)


def rest(duration):
    return f"<note><rest/><duration>{duration}</duration></note>"


def score(*measures, head="", parts=1):
    """Put measures, each a string of notes, into a score in 4/4, 1 a quarter note."""
    attributes = (
        "<attributes><divisions>1</divisions><key><fifths>0</fifths><mode>major</mode>"
        "</key><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
    )
    body = "".join(
        f'<measure number="{i}">{"" if i else attributes}{content}</measure>'
        for i, content in enumerate(measures)
    )
    names = [f"P{i}" for i in range(parts)]
    listed = "".join(
        f'<score-part id="{name}"><part-name>{name}</part-name></score-part>'
        for name in names
    )
    voices = "".join(f'<part id="{name}">{body}</part>' for name in names)
    return (
        f'<?xml version="1.0"?>{head}<score-partwise version="4.0">'
        f"<work><work-title>Tune</work-title></work>"
        f"<part-list>{listed}</part-list>{voices}</score-partwise>"
    )


def ending(number, kind):
    side = "left" if kind == "start" else "right"
    sign = '<repeat direction="backward"/>' if number == 1 and kind == "stop" else ""
    return (
        f'<barline location="{side}"><ending number="{number}" type="{kind}"/>'
        f"{sign}</barline>"
    )


@pytest.fixture
def read(tmp_path):
    def read(data, suffix=".musicxml", **options):
        path = tmp_path / f"tune{suffix}"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        options = {"n_measures": 1, "steps_per_quarter": 1} | options
        return read_melodies(path, **options)

    return read


def test_notes_rests_ties_pick_up_and_grace_notes(read):
    grace = "<note><grace/><pitch><step>B</step><octave>4</octave></pitch></note>"
    text = score(
        note("G", 1),
        note("C", 1) + rest(1) + note("D", 2, tie="start"),
        note("D", 2, tie="stop") + grace + note("E", 2),
    )
    melodies = read(text, n_measures=2)
    assert melodies.data[0].tolist() == [60, REST, 62, _, _, _, 64, _]
    assert melodies.titles == ["Tune"]
    assert melodies.tonalities == ["C major"]


def test_repeats_and_endings(read):
    text = score(
        note("C", 4),
        ending(1, "start") + note("D", 4) + ending(1, "stop"),
        ending(2, "start") + note("E", 4) + ending(2, "stop"),
        note("F", 4),
    )
    assert read(text, n_measures=3).data[0, ::4].tolist() == [60, 64, 65]
    played = read(text, n_measures=5, repeats="played").data[0, ::4].tolist()
    assert played == [60, 62, 60, 64, 65]


def test_chords_voices_chord_symbols_and_parts(read):
    chord = note("C", 4) + note("E", 4, chord=True)
    with pytest.raises(ValueError, match="pass chords='highest'"):
        read(score(chord))
    assert read(score(chord), chords="highest").data[0].tolist() == [64, _, _, _]
    voices = note("C", 4) + "<backup><duration>4</duration></backup>" + note("G", 4)
    with pytest.raises(ValueError, match="several notes sound together"):
        read(score(voices))
    symbol = (
        "<harmony><root><root-step>A</root-step></root><kind>minor</kind></harmony>"
    )
    assert read(score(symbol + note("C", 4))).data[0].tolist() == [60, _, _, _]
    with pytest.raises(ValueError, match="has 2 parts, 'P0', 'P1'"):
        read(score(note("C", 4), parts=2))
    assert read(score(note("C", 4), parts=2), part="P1").data.shape == (1, 4)


def test_an_instrument_that_transposes_is_read_as_it_sounds(read):
    clarinet = (
        "<attributes><transpose><diatonic>-1</diatonic><chromatic>-2</chromatic>"
        "</transpose></attributes>"
    )
    assert read(score(clarinet + note("D", 4))).data[0, 0] == 60


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no MusicXML score"),
        ("<html></html>", "is no MusicXML score"),
        (score(note("C", 4))[:-30], "is not understood by music21"),
        (score(note("H", 4)), "is not understood by music21"),
        (
            score(note("C", 4), head='<!DOCTYPE a [<!ENTITY b "c">]>'),
            "declares entities",
        ),
    ],
)
def test_what_cannot_be_read_is_a_reason(read, text, words):
    with pytest.raises(ValueError, match=words):
        read(text)


def packed(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return buffer.getvalue()


def test_compressed_musicxml(read):
    data = packed(tune_xml=score(note("C", 4)))
    assert read(data, ".mxl").data[0].tolist() == [60, _, _, _]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"not a zip", "is no compressed MusicXML"),
        (packed(), "holds no score"),
        (packed(tune_txt="hello"), "holds no score, only tune.txt"),
        (packed(tune_xml=" " * 2**20), "more than any score"),
        (packed(tune_xml="")[:40], "is no compressed MusicXML"),
    ],
    # Archives bear the time: tests named by them would differ from worker to worker.
    ids=["no zip", "empty", "no score", "too large", "cut short"],
)
def test_compressed_files_that_cannot_be_read(read, data, words):
    with pytest.raises(ValueError, match=words):
        read(data, ".mxl")


# Where a member's header lies: in front of it, and in the archive's table.
FLAGS, METHOD, CONTENT = {"PK\3\4": 6, "PK\1\2": 8}, {"PK\3\4": 8, "PK\1\2": 10}, 38


def with_headers(data, offsets, value):
    data = bytearray(data)
    for mark, offset in offsets.items():
        data[data.index(mark.encode()) + offset] = value
    return bytes(data)


@pytest.mark.parametrize("damage", ["deflate", "bzip2", "unknown", "encrypted"])
def test_compressed_files_that_are_damaged_within(read, damage):
    data = packed(tune_xml=score(note("C", 4)))
    data = {
        "deflate": data[:CONTENT] + b"\xff" * 8 + data[CONTENT + 8 :],
        "bzip2": with_headers(data, METHOD, zipfile.ZIP_BZIP2),
        "unknown": with_headers(data, METHOD, 99),
        "encrypted": with_headers(data, FLAGS, 1),
    }[damage]
    with pytest.raises(ValueError, match="is no compressed MusicXML"):
        read(data, ".mxl")


def test_streams():
    from music21 import converter, note, stream

    part = converter.parse("tinyNotation: 4/4 c4 d e f g2 r")
    options = {"n_measures": 2, "steps_per_quarter": 1}
    melodies = read_melodies(part, **options)
    assert melodies.data[0].tolist() == [60, 62, 64, 65, 67, _, REST, REST]
    assert melodies.sources == ["stream"]
    flat = stream.Stream([note.Note(60 + i) for i in range(8)])
    melodies = read_melodies([part, flat], time_signature="4/4", **options)
    assert melodies.data[1].tolist() == list(range(60, 68))
    with pytest.raises(TypeError, match="Expected a music21 stream"):
        read_melodies(note.Note(60))
