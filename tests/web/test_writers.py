"""ABC, MIDI and MusicXML of the pages say what the writers of `io` say."""

import xml.etree.ElementTree as ET
from base64 import b64decode

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sklearn_c2c import datasets
from sklearn_c2c.datasets import corpus_folder
from sklearn_c2c.io import melody_to_abc, melody_to_midi, read_melodies, write_melody
from sklearn_c2c.melody import END, HOLD, REST, key_of_signature
from tests.strategies import melodies_of_any_length
from tests.web.notation import notation

_ = HOLD
KEYS = (None, "D", "Bb", "F#m", "A dorian", "Cb", "C#", "E phrygian")
KEYS_OF_SIGNATURES = [
    key_of_signature(signature, mode)
    for signature in range(-7, 8)
    for mode in ("major", "minor", "dorian", "mixolydian", "phrygian")
]
GRIDS = [
    ("4/4", 4),
    ("4/4", 12),
    ("4/4", 5),
    ("4/4", 7),
    ("4/4", 11),
    ("4/4", 1),
    ("6/8", 4),
    ("6/8", 12),
    ("9/8", 2),
    ("3/4", 3),
    ("2/2", 6),
    ("5/8", 4),
    ("7/8", 4),
    ("12/16", 4),
    ("1/1", 4),
    ("13/8", 24),
]
PROGRAM = """
    import { writeAbc } from "./abc.js";
    import { writeMidi } from "./midi.js";
    import { writeMusicXml } from "./musicxml.js";
    report(data.map(([melody, options]) => [
        writeAbc(melody, options),
        Buffer.from(writeMidi(melody, options)).toString("base64"),
        writeMusicXml(melody, options),
    ]));
"""


def write_each(node, asked):
    """ABC, MIDI and MusicXML of (melody, options) pairs, written by the pages."""
    data = []
    for melody, options in asked:
        data.append((np.asarray(melody).tolist(), in_notation(options)))
    return [(abc, b64decode(midi), xml) for abc, midi, xml in node(PROGRAM, data)]


def in_notation(options):
    """The options of Python's writers, as those of the pages take them."""
    options = dict(options)
    return {"title": options.pop("title", ""), "notation": notation(**options)}


def signs(text):
    """What each measure of MusicXML shows: its number, its notes and its signs."""
    root = ET.fromstring(text)
    found = [root.findtext("movement-title") or ""]
    unit = int(root.findtext(".//divisions"))
    for measure in root.iter("measure"):
        found.append((measure.get("number"), measure.get("implicit", "no")))
        for tag in ("fifths", "mode", "beats", "beat-type", "beat-unit", "per-minute"):
            found.append((tag, [e.text for e in measure.iter(tag)]))
        for note in measure.iter("note"):
            pitch = [note.findtext(f"pitch/{tag}") for tag in ("step", "octave")]
            found.append(
                (
                    *pitch,
                    int(note.findtext("pitch/alter") or 0),
                    int(note.findtext("duration")) / unit,
                    sorted(tie.get("type") for tie in note.findall("tie")),
                    note.findtext("type"),
                    len(note.findall("dot")),
                )
            )
    return found


def check_all(node, folder, asked):
    """Compare what is written with Python's writers, and read all of it back."""
    for (melody, options), texts in zip(asked, write_each(node, asked), strict=True):
        abc, midi, xml = texts
        assert abc == melody_to_abc(melody, **options)
        assert midi == melody_to_midi(melody, **options)
        melody = np.asarray(melody)[np.asarray(melody) != END]
        if (melody == REST).all():
            continue
        for suffix, content in (("abc", abc), ("musicxml", xml), ("mid", midi)):
            path = folder / f"melody.{suffix}"
            data = content if isinstance(content, bytes) else content.encode()
            path.write_bytes(data)
            pickup = options.get("pickup", False)
            read = read_melodies(
                path,
                n_measures=None,
                steps_per_quarter=options.get("steps_per_quarter", 4),
                time_signature=options.get("time_signature", "4/4"),
                pickup="keep" if pickup else "drop",
                off_grid="reject",
                n_jobs=1,
            )
            found, expected = sounding(read.data[0]), sounding(melody)
            assert found.tolist() == expected.tolist(), suffix
            if options.get("title"):
                assert read.titles == [options["title"]]
            assert read.tempos == [pytest.approx(options.get("tempo", 120), rel=1e-5)]


def sounding(row):
    """A row without the rests and the ends around its notes.

    Measures of rest at the ends of a tune are not read.
    """
    row = np.asarray(row)[np.asarray(row) != END]
    places = np.flatnonzero(row != REST)
    return row[places[0] : places[-1] + 1]


@pytest.fixture(scope="module")
def reels():
    return datasets.load_celtic()


@pytest.mark.integration
def test_reels_are_written_as_by_python(node, tmp_path, reels):
    options = {"key": "D", "tempo": 200}
    asked = [
        (row, {**options, "title": title})
        for row, title in zip(reels.data, reels.titles, strict=True)
    ]
    check_all(node, tmp_path, asked)


@pytest.mark.integration
@pytest.mark.parametrize("pickup", [False, True])
def test_jigs_are_written_as_by_python(node, tmp_path, pickup):
    jigs = read_melodies(
        corpus_folder("oneills1850"),
        time_signature="6/8",
        key="G",
        pickup="keep" if pickup else "drop",
        chords="highest",
    )
    options = {"time_signature": "6/8", "key": "G", "tempo": 180, "pickup": pickup}
    asked = [(row, options) for row in jigs.data[:60]]
    check_all(node, tmp_path, asked)


@pytest.mark.integration
def test_chorales_are_written_as_by_python(node, tmp_path):
    chorales = datasets.load_bach_sopranos(n_melodies=40)
    options = {"key": "D", "title": "Choral & <Lied> 100 %", "tempo": 72.5}
    check_all(node, tmp_path, [(row, options) for row in chorales.data])


@pytest.mark.integration
def test_musicxml_shows_the_signs_that_python_writes(node, tmp_path, reels):
    jigs = read_melodies(
        corpus_folder("ryansMammoth"), time_signature="6/8", key="D", pickup="keep"
    )
    asked = [(row, {"key": "D", "title": "A"}) for row in reels.data[:8]]
    in_6_8 = {"time_signature": "6/8", "key": "D", "pickup": True, "title": "B"}
    asked += [(row, in_6_8) for row in jigs.data[:8]]
    triplets = [62, _, _, _, 64, _, _, _, 66, _, _, _, 67, *[_] * 35]
    asked.append((triplets, {"steps_per_quarter": 12, "key": "D"}))
    path = tmp_path / "a.musicxml"
    for (melody, options), (_abc, _midi, xml) in zip(
        asked, write_each(node, asked), strict=True
    ):
        write_melody(melody, path, **{"title": "", **options})
        assert signs(xml) == signs(path.read_text("utf-8"))


@pytest.mark.integration
@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(
    melodies=st.lists(melodies_of_any_length(max_melodies=1), min_size=1, max_size=40),
    seed=st.integers(0, 2**32 - 1),
)
@example(melodies=[[[REST] * 7], [[127, 127, 0, 0, REST, 60]]], seed=0)
@example(melodies=[[[72] + [_] * 40]] * len(GRIDS), seed=1)
@example(melodies=[[[REST, 66, 65, 66, 78, 77, 66, _]]] * len(KEYS), seed=2)
def test_any_melody_is_written_as_by_python(node, tmp_path_factory, melodies, seed):
    rng = np.random.default_rng(seed)
    asked = []
    for i, rows in enumerate(melodies):
        metre, steps = GRIDS[(seed + i) % len(GRIDS)]
        options = {
            "time_signature": metre,
            "steps_per_quarter": steps,
            "key": KEYS[rng.integers(len(KEYS))],
            "tempo": int(rng.integers(10, 1001)),
            "title": ["", "Call", "50 % \\ of <it> & \u201cmore\u201d"][i % 3],
        }
        asked.append((np.asarray(rows)[0], options))
        asked.append((np.asarray(rows)[0], {**options, "pickup": True}))
    check_written(node, tmp_path_factory.mktemp("written"), asked)


def check_written(node, folder, asked):
    """Compare with Python's writers; read MusicXML back where notes are in reach."""
    path = folder / "melody.musicxml"
    for (melody, options), texts in zip(asked, write_each(node, asked), strict=True):
        assert texts[0] == melody_to_abc(melody, **options)
        assert texts[1] == melody_to_midi(melody, **options)
        melody = np.asarray(melody)[np.asarray(melody) != END]
        n_steps = in_notation(options)["notation"]["stepsPerMeasure"]
        if (melody[n_steps * options.get("pickup", False) :] == REST).all():
            continue  # no note outside the pick-up
        path.write_text(texts[2], "utf-8")
        read = read_melodies(
            path,
            n_measures=None,
            steps_per_quarter=options["steps_per_quarter"],
            time_signature=options["time_signature"],
            pickup="keep",
            off_grid="round" if options["steps_per_quarter"] == 11 else "reject",
            n_jobs=1,
        )
        assert sounding(read.data[0]).tolist() == sounding(melody).tolist()
        assert read.tempos == [pytest.approx(options["tempo"], rel=1e-5)]


@pytest.mark.integration
def test_other_programs_read_what_is_written(node, tmp_path, reels):
    from music21 import converter
    from symusic import Score

    triplets = [62, _, _, _, 64, _, _, _, 66, _, _, _, 67, *[_] * 11] * 4
    asked = [(row, {"key": "D"}) for row in reels.data[:10]]
    asked.append((triplets, {"key": "D", "steps_per_quarter": 12}))
    for (melody, options), (_abc, midi, xml) in zip(
        asked, write_each(node, asked), strict=True
    ):
        steps = options.get("steps_per_quarter", 4)
        melody = np.asarray(melody)
        expected = [(step, melody[step]) for step in np.flatnonzero(melody < REST)]
        (tmp_path / "a.mid").write_bytes(midi)
        score = Score(tmp_path / "a.mid")
        per_step = score.ticks_per_quarter / steps
        found = [(n.time / per_step, n.pitch) for n in score.tracks[0].notes]
        assert found == expected
        (tmp_path / "a.musicxml").write_text(xml, "utf-8")
        parsed = converter.parseFile(tmp_path / "a.musicxml", forceSource=True)
        notes = parsed.parts[0].stripTies().flatten().notes
        found = [(round(float(n.offset * steps), 6), n.pitch.midi) for n in notes]
        assert found == expected
        for measure in parsed.recurse().getElementsByClass("Measure"):
            assert measure.duration.quarterLength == 4


def test_beams_are_by_group_and_level(node):
    melody = [62, _, 64, _, 66, 67, 69, _, *[74] + [_] * 7]
    ((_abc, _midi, xml),) = write_each(node, [(melody, {"key": "D"})])
    beams = [
        [(beam.get("number"), beam.text) for beam in note.findall("beam")]
        for note in ET.fromstring(xml).iter("note")
    ]
    assert beams == [
        [("1", "begin")],
        [("1", "end")],
        [("1", "begin"), ("2", "begin")],
        [("1", "continue"), ("2", "end")],
        [("1", "end")],
        [],
    ]


def test_accidentals_hold_up_to_the_bar_line(node):
    melody = [72, _, 72, _, 73, _, 72, *[_] * 9, _, _, 72, _, 74, _, 73, *[_] * 9]
    ((_abc, _midi, xml),) = write_each(node, [(melody, {"key": "D"})])
    found = [note.findtext("accidental") for note in ET.fromstring(xml).iter("note")]
    assert found[:4] == ["natural", None, "sharp", "natural"]
    # From the second part of a note that is tied over the bar line on.
    assert found[-5:-1] == [None, "natural", None, "sharp"]


def test_any_pitches_are_spelled_as_by_python(node):
    rng = np.random.default_rng(0)
    steps = rng.integers(-2, 3, size=(20, 64)).cumsum(axis=1)
    pitches = np.clip(rng.integers(30, 90, size=(20, 1)) + steps, 0, 127)
    pitches[rng.random(pitches.shape) < 0.2] = HOLD
    pitches[:, 0] = 60
    keys = [None, *map(str, KEYS_OF_SIGNATURES)]
    asked = [(row, {"key": key}) for key in keys for row in pitches]
    for (row, options), (abc, _midi, _xml) in zip(
        asked, write_each(node, asked), strict=True
    ):
        assert abc == melody_to_abc(row, **options)


def test_a_book_has_the_tunes_in_order(node, tmp_path, reels):
    program = """
        import { writeAbcBook } from "./abc.js";
        report(writeAbcBook(data.tunes, data.notation));
    """
    tunes = [
        {"melody": row.tolist(), "title": title}
        for row, title in zip(reels.data[:5], reels.titles[:5], strict=True)
    ]
    data = {"tunes": tunes, "notation": notation(key="D")}
    path = tmp_path / "book.abc"
    path.write_text(node(program, data), "utf-8")
    read = read_melodies(path, n_jobs=1)
    assert read.data.tolist() == reels.data[:5].tolist()
    assert read.titles == reels.titles[:5]
    assert [s.rpartition("#")[2] for s in read.sources] == list("12345")


def test_more_beats_than_midi_has_is_said(node):
    program = """
        import { writeMidi } from "./midi.js";
        try { writeMidi([60], { notation: data }); } catch (error) {
            report(error.message);
        }
    """
    said = node(program, notation(time_signature="256/64", steps_per_quarter=16))
    assert said.startswith("Found a measure of 256 beats, 256/64; MIDI has a byte")
