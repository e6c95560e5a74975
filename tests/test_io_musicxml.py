"""Reading MusicXML and music21 streams."""

import io
import zipfile

import numpy as np
import pytest

from sklearn_c2c.datasets import corpus_folder
from sklearn_c2c.io import _excerpt, _musicxml, read_melodies
from sklearn_c2c.io._music21 import tunes_from_stream
from sklearn_c2c.io._musicxml import read_musicxml
from sklearn_c2c.io._tune import (
    BEAT_TYPE,
    BEATS,
    CLOSES,
    ENDINGS,
    LENGTH,
    OPENS,
    PITCH,
    START,
    TICKS_PER_QUARTER,
    TuneError,
)
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
        ("<html></html>", "is no MusicXML score, but <html>"),
        (score(note("C", 4))[:-30], "is damaged: "),
        (score(note("C", 4)).replace("Tune", "a & b"), "is damaged: "),
        (score(note("C", 4)).replace("Tune", "&eacute;"), "is damaged: undefined"),
        (
            score(note("C", 4), head='<!DOCTYPE a [<!ENTITY b "c">]>'),
            "declares a document type within the file",
        ),
        (
            score(
                note("C", 4), head='<!DOCTYPE a SYSTEM ">" [<!ATTLIST a b CDATA "">]>'
            ),
            "declares a document type within the file",
        ),
        (score(note("C", 4), head="<!DOCTYPE a []>"), "declares a document type"),
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
        (b"not a zip", "is no MusicXML score"),
        (packed(), "is no MusicXML score"),
        (packed(tune_txt="hello"), "holds no score, only tune.txt"),
        (packed(tune_xml=" " * (_musicxml.MAX_BYTES + 1)), "more than the 16777216"),
        (packed(**dict.fromkeys(map("x{}".format, range(65)), "")), "holds 65 files"),
        (packed(tune_xml="")[:40], "is no compressed MusicXML"),
    ],
    # Archives contain the time, so test names made from them would differ by worker.
    ids=["no zip", "empty", "no score", "too large", "too many", "cut short"],
)
def test_compressed_files_that_cannot_be_read(read, data, words):
    with pytest.raises(ValueError, match=words):
        read(data, ".mxl")


# Positions of a member's header: before the member, and in the archive's table.
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


def archive(*members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return buffer.getvalue()


CONTAINER = (
    '<container><rootfiles><rootfile full-path="a.pdf"/><rootfile full-path="{}"/>'
    "</rootfiles></container>"
)
TUNE, OTHER = ("s.xml", score(note("C", 4))), ("a.xml", score(note("D", 4)))


@pytest.mark.parametrize("suffix", [".mxl", ".musicxml", ".xml"])
@pytest.mark.parametrize(
    "members",
    [
        [("S.XML", TUNE[1])],
        [
            ("META-INF/container.xml", CONTAINER.format("s.xml")),
            ("a.pdf", "%PDF"),
            TUNE,
        ],
        [("meta-inf/CONTAINER.xml", CONTAINER.format("S.xml")), OTHER, TUNE],
        [("META-INF/container.xml", CONTAINER.format("./x/../s.xml")), OTHER, TUNE],
        [
            ("META-INF/container.xml", CONTAINER.format("a%20&amp;%20b.xml")),
            OTHER,
            ("a & b.xml", TUNE[1]),
        ],
        [
            ("META-INF/container.xml", CONTAINER.format("100%25.xml")),
            ("100%.xml", OTHER[1]),
            ("100%25.xml", TUNE[1]),
        ],
        [
            (
                "META-INF/container.xml",
                CONTAINER.format("s.xml").encode("utf-16"),
            ),
            OTHER,
            TUNE,
        ],
        [
            (
                "META-INF/container.xml",
                '<!-- <rootfile full-path="a.xml"/> -->' + CONTAINER.format("s.xml"),
            ),
            OTHER,
            TUNE,
        ],
        [
            (
                "META-INF/container.xml",
                '<o:c xmlns:o="urn:o"><o:rootfile full-path="s.xml"/></o:c>',
            ),
            OTHER,
            TUNE,
        ],
        [
            (
                "META-INF/container.xml",
                CONTAINER.replace("a.pdf", "score").format("score.pdf"),
            ),
            OTHER,
            ("score", TUNE[1]),
        ],
        [("META-INF\\container.xml", CONTAINER.format("gone.xml")), TUNE],
        [("__MACOSX/a.xml", "no"), ("._s.xml", "no"), ("b/.a.xml", "no"), TUNE],
        [("folder/tune.MusicXML", TUNE[1])],
    ],
    ids=[
        *("upper", "pdf first", "container", "dots", "escapes", "no escape", "utf-16"),
        *("comment", "namespace", "no suffix", "name gone", "hidden", "folder"),
    ],
)
def test_the_score_in_an_archive(read, members, suffix):
    assert read(archive(*members), suffix).data[0, 0] == 60


@pytest.mark.parametrize(
    ("container", "words"),
    [
        (
            CONTAINER.format("gone.xml"),
            "names the score 'gone.xml', which is not in it",
        ),
        ("<container/>", "names no score"),
        ("<container", "names no score"),
        ("<a/>" * 999, "names no score"),
        ('<!DOCTYPE a [<!ENTITY b "s.xml">]>' + CONTAINER.format("&b;"), "no score"),
    ],
    ids=["gone", "empty", "damaged", "long", "entity"],
)
def test_a_container_that_names_no_score_of_the_archive(read, container, words):
    container = ("META-INF/container.xml", container)
    melodies = read(archive(container, TUNE), ".mxl")
    (warning,) = melodies.warnings[0]
    assert words in warning
    assert warning.endswith("the only score in it was read")
    with pytest.raises(
        ValueError, match=r"which score is meant: .*, but a\.xml, s\.xml"
    ):
        read(archive(container, OTHER, TUNE), ".mxl")


def test_a_score_that_is_called_an_archive(read):
    assert read(TUNE[1], ".mxl").data[0, 0] == 60


def tune_of(*measures, **options):
    (tune,) = read_musicxml(score(*measures, **options).encode())
    return tune


def rows_of(*measures):
    """Notes (onset, duration in quarters, pitch), ties joined, and measures."""
    (part,) = tune_of(*measures).parts
    notes = _excerpt.join_ties(part.notes)[:, : PITCH + 1].astype(float)
    notes[:, :PITCH] /= TICKS_PER_QUARTER
    return notes.tolist(), part.measures


def attributes(inner):
    return f"<attributes>{inner}</attributes>"


def sign(step, duration, kind, *, dots=0, tuplet=None, inner=""):
    modification = tuplet and (
        f"<time-modification><actual-notes>{tuplet[0]}</actual-notes>"
        f"<normal-notes>{tuplet[1]}</normal-notes></time-modification>"
    )
    signs = f"<type>{kind}</type>{'<dot/>' * dots}{modification or ''}{inner}"
    return note(step, duration).replace("</note>", signs + "</note>")


def test_cue_notes_are_no_melody(read):
    cue = note("C", 2).replace("<note>", "<note><cue/>")
    melodies = read(score(note("D", 2) + cue))
    assert melodies.data[0].tolist() == [62, _, REST, REST]


def test_the_sign_of_a_tie_is_enough(read):
    start = sign("F", 2, "half", inner='<notations><tied type="start"/></notations>')
    stop = sign("F", 4, "whole", inner='<notations><tied type="stop"/></notations>')
    melodies = read(score(note("C", 2) + start, stop), n_measures=2)
    assert melodies.data[0].tolist() == [60, _, 65, _, _, _, _, _]


@pytest.mark.parametrize(
    ("written", "chromatic", "octaves", "fifths", "mode", "key", "pitch"),
    [
        (62, -2, 0, 2, "major", "C major", 60),  # clarinet in B flat
        (62, -3, 0, 5, "minor", "F minor", 59),  # clarinet in A: G sharp minor
        (62, -9, -1, 3, "major", "C major", 41),  # baritone saxophone
        (62, 0, -1, -7, "major", "Cb major", 50),  # guitar
        (62, 2, 0, 7, "major", "Eb major", 64),  # no signature of nine sharps
    ],
)
def test_keys_sound_as_pitches_do(
    written, chromatic, octaves, fifths, mode, key, pitch
):
    stated = attributes(
        f"<key><fifths>{fifths}</fifths><mode>{mode}</mode></key><transpose>"
        f"<chromatic>{chromatic}</chromatic><octave-change>{octaves}</octave-change>"
        f"</transpose>"
    )
    text = score("").replace("<key><fifths>0</fifths><mode>major</mode></key>", "")
    text = text.replace("</attributes>", "</attributes>" + stated + note("D", 4))
    (tune,) = read_musicxml(text.encode())
    assert written - 62 + tune.parts[0].notes[0, PITCH] == pitch
    assert tune.key == key


MAJOR = "<key><fifths>0</fifths><mode>major</mode></key>"
# Without the signature A major is nearest to both, which needs G sharp.
IN_D, IN_B_MINOR = "AAFA BAFA CCEC DAFA", "BFFD BCDB FFDB AFBB"


def with_sharps(steps, key, before=""):
    """Quarter notes, F and C sharp, in a score with a key signature."""
    bars = []
    for bar in steps.split():
        notes = (
            note(step, 1).replace("</step>", "</step><alter>1</alter>")
            if step in "FC"
            else note(step, 1)
            for step in bar
        )
        bars.append("".join(notes))
    text = score(before + bars[0], *bars[1:]).replace(MAJOR, key)
    return read_musicxml(text.encode())[0]


@pytest.mark.parametrize(
    ("steps", "mode", "key"),
    [
        (IN_D, "", "D major"),
        (IN_D, "<mode/>", "D major"),
        (IN_D, "<mode>none</mode>", "D major"),
        (IN_B_MINOR, "", "B minor"),
        (IN_B_MINOR, "<mode>major</mode>", "D major"),  # the stated mode counts
        (IN_D, "<mode>Mixolydian</mode>", "A mixolydian"),
    ],
)
def test_a_signature_without_a_mode_is_judged_by_the_pitches(steps, mode, key):
    tune = with_sharps(steps, f"<key><fifths>2</fifths>{mode}</key>")
    assert tune.key == key


def test_the_first_signature_counts_at_sounding_pitch():
    stated = "<key><fifths>2</fifths></key><key><fifths>5</fifths></key>"
    assert with_sharps(IN_D, stated).key == "D major"
    clarinet = attributes("<transpose><chromatic>-2</chromatic></transpose>")
    assert with_sharps(IN_D, stated, clarinet).key == "C major"
    assert with_sharps(IN_D, "<key><fifths>9</fifths></key>").key == ""


def test_a_silent_part_has_no_key_where_another_sounds():
    sounding = score(note("D", 4)).replace(MAJOR, "<key><fifths>2</fifths></key>")
    stated = attributes("<divisions>1</divisions><key><fifths>0</fifths></key>")
    drums = f'<part id="d"><measure number="0">{stated}{rest(4)}</measure></part>'
    text = sounding.replace('<part id="P0">', drums + '<part id="P0">')
    assert read_musicxml(text.encode())[0].key == "D major"


SLASH = "<notehead>slash</notehead></note>"


def test_slashes_on_one_line_are_a_rhythm_without_pitches(read):
    slashes = note("B", 2).replace("</note>", SLASH)
    melodies = read(score(slashes + note("G", 1) + slashes.replace(">2<", ">1<")))
    assert melodies.data[0].tolist() == [REST, REST, 67, REST]
    warning = "2 notes with slashes for heads, all at one pitch, left out"
    assert melodies.warnings[0] == (warning,)
    with pytest.raises(ValueError, match="has no notes"):
        read(score(slashes + slashes))


def test_slashes_at_several_pitches_are_a_melody(read):
    slashes = "".join(note(step, 2) for step in "BG").replace("</note>", SLASH)
    melodies = read(score(slashes))
    assert melodies.data[0].tolist() == [71, _, 67, _]
    assert melodies.warnings[0] == ()
    crosses = note("B", 4).replace("</note>", SLASH.replace("slash", "x"))
    assert read(score(crosses)).data[0, 0] == 71


def test_moved_to_a_key_from_the_sounding_one(read):
    clarinet = attributes("<transpose><chromatic>-2</chromatic></transpose>")
    text = score(clarinet + note("D", 2) + note("E", 2))
    text = text.replace("<fifths>0", "<fifths>2")
    melodies = read(text, key="D")
    assert melodies.data[0].tolist() == [62, _, 64, _]
    assert melodies.tonalities == ["C major"]


@pytest.mark.parametrize(
    ("divisions", "kind", "tuplet", "durations"),
    [
        (256, "eighth", (3, 2), [85, 85, 85]),
        (256, "eighth", (3, 2), [85, 86, 85]),
        (4, "eighth", (3, 2), [1, 1, 1]),
        (4, "eighth", (3, 2), [1, 1, 2]),
        (2, "16th", (5, 4), [0, 0, 1, 0, 1]),
        (480, "16th", (7, 4), [69, 68, 69, 68, 69, 68, 69]),
    ],
)
def test_durations_rounded_to_divisions(divisions, kind, tuplet, durations):
    run = "".join(sign("C", d, kind, tuplet=tuplet) for d in durations)
    rest_of_it = note("D", 3 * divisions)
    for back in (sum(durations), divisions):  # as stated, or as meant
        backup = f"<backup><duration>{back + 3 * divisions}</duration></backup>"
        low = sign("E", divisions, "quarter") + note("F", 3 * divisions)
        text = score(run + rest_of_it + backup + low)
        text = text.replace("<divisions>1", f"<divisions>{divisions}")
        (tune,) = read_musicxml(text.encode())
        notes = tune.parts[0].notes
        onsets = notes[:, 0] / TICKS_PER_QUARTER
        n_notes = len(durations)
        assert onsets[notes[:, PITCH] == 60] == pytest.approx(
            np.arange(n_notes) / n_notes
        )
        assert onsets[notes[:, PITCH] > 60].tolist() == [0, 1, 1]
        assert tune.parts[0].measures[:, LENGTH].tolist() == [4 * TICKS_PER_QUARTER]


def test_a_duration_far_from_its_sign_is_what_counts():
    notes, _ = rows_of(sign("C", 1, "half") + sign("D", 3, "half"))
    assert notes == [[0, 1, 60], [1, 3, 62]]


@pytest.mark.parametrize(
    ("first", "other", "lasts"),
    [
        # Dots or tuplets are missing in the durations of a chord's other notes.
        ((3, "half", 1, None), (2, "half", 1, None), 3),
        ((1, "half", 0, (3, 2)), (3, "half", 0, (3, 2)), 4 / 3),
        # A note that is really shorter has another sign.
        ((4, "whole", 0, None), (2, "half", 0, None), 2),
        ((3, "half", 1, None), (2, "half", 0, None), 2),
    ],
)
def test_notes_of_a_chord_with_the_sign_of_its_first_last_as_long(first, other, lasts):
    def written(step, duration, kind, dots, tuplet):
        return sign(step, duration, kind, dots=dots, tuplet=tuplet)

    chord = written("E", *other).replace("<note>", "<note><chord/>")
    notes, _ = rows_of(written("C", *first) + chord + note("G", 1))
    assert notes[:2] == [
        pytest.approx([0, 4 / 3 if first[3] else first[0], 60]),
        pytest.approx([0, lasts, 64]),
    ]


def test_notes_of_a_chord_without_signs_last_as_stated():
    notes, _ = rows_of(note("C", 3) + note("E", 2, chord=True) + note("G", 1))
    assert notes == [[0, 3, 60], [0, 2, 64], [3, 1, 67]]


def time(*pairs):
    return attributes(
        "<time>"
        + "".join(
            f"<beats>{beats}</beats><beat-type>{unit}</beat-type>"
            for beats, unit in pairs
        )
        + "</time>"
    )


@pytest.mark.parametrize(
    ("stated", "metre"),
    [
        (time((6, 8)), [6, 8]),
        (time(("3+2", 8)), [5, 8]),
        (time((3, 4), (3, 8)), [9, 8]),
        (time((2, 2)).replace("<time>", '<time symbol="cut">'), [2, 2]),
        (attributes("<time><senza-misura/></time>"), [0, 0]),
        (
            time((3, 4)).replace(
                "</time>", f"<interchangeable>{time((6, 8))}</interchangeable></time>"
            ),
            [3, 4],
        ),
    ],
    ids=["compound", "sum", "two", "cut", "none", "interchangeable"],
)
def test_metres(stated, metre):
    stated = stated.replace("<interchangeable><attributes><time>", "<interchangeable>")
    stated = stated.replace("</time></attributes></inter", "</inter")
    _, measures = rows_of(stated + note("C", 4), note("D", 4))
    assert measures[:, [BEATS, BEAT_TYPE]].tolist() == [metre, metre]


def test_divisions_change_within_a_measure():
    notes, measures = rows_of(
        note("C", 1) + attributes("<divisions>6</divisions>") + note("D", 18)
    )
    assert notes == [[0, 1, 60], [1, 3, 62]]
    assert measures[:, LENGTH].tolist() == [4 * TICKS_PER_QUARTER]


def test_skipped_time_counts_but_at_the_very_end():
    forward = "<forward><duration>1</duration></forward>"
    bar = note("C", 3) + forward
    notes, measures = rows_of(bar, note("D", 1) + forward + note("E", 2), bar)
    assert [onset for onset, *_ in notes] == [0, 4, 6, 8]
    assert (measures[:, LENGTH] // TICKS_PER_QUARTER).tolist() == [4, 4, 3]


def test_measures_without_anything_are_full():
    _, measures = rows_of(note("C", 4), "", note("D", 4))
    assert (measures[:, START] // TICKS_PER_QUARTER).tolist() == [0, 4, 8]


def barline(location="right", inner=""):
    return f'<barline location="{location}">{inner}</barline>'


def repeat(direction, times=""):
    return f'<repeat direction="{direction}"{times}/>'


def bracket(number, kind):
    return f'<ending number="{number}" type="{kind}"/>'


def signs_of(*measures):
    _, rows = rows_of(*measures)
    return rows[:, [OPENS, CLOSES, ENDINGS]].tolist()


def test_repeats():
    bar = note("C", 4)
    assert signs_of(
        barline("left", repeat("forward")) + bar,
        bar + barline("right", repeat("backward", ' times="3"')),
        bar + barline("right", repeat("forward")),
        bar,
        "" + barline("right", repeat("backward")),
    ) == [[1, 0, 0], [0, 3, 0], [0, 0, 0], [1, 0, 0], [0, 2, 0]]


def test_a_repeat_in_mid_measure_divides_it():
    middle = barline("middle", repeat("backward") + repeat("backward"))
    _, measures = rows_of(note("C", 3) + middle + note("D", 1), note("E", 4))
    assert (measures[:, LENGTH] // TICKS_PER_QUARTER).tolist() == [3, 1, 4]
    assert measures[:, CLOSES].tolist() == [2, 0, 0]


@pytest.mark.parametrize(
    ("first", "bits"), [("1", 1), ("1,2", 3), ("1, 2", 3), ("1-3", 7), ("1.", 1)]
)
@pytest.mark.parametrize("stops", [True, False])
def test_endings_with_and_without_a_stop(first, bits, stops):
    bar = note("C", 4)
    stop = bracket(first, "stop") if stops else ""
    double = "<bar-style>light-light</bar-style>"
    end = bracket(4, "discontinue") if stops else double
    assert signs_of(
        bar,
        barline("left", bracket(first, "start")) + bar,
        bar + barline("right", stop + repeat("backward")),
        barline("left", bracket(4, "start")) + bar + barline("right", end),
        bar,
    ) == [[0, 0, 0], [0, 0, bits], [0, 2, bits], [0, 0, 8], [0, 0, 0]]


def test_an_ending_with_a_stop_goes_on_over_a_double_bar():
    bar = note("C", 4)
    assert signs_of(
        barline("left", bracket(1, "start")) + bar,
        bar + barline("right", "<bar-style>light-light</bar-style>"),
        bar + barline("right", bracket(1, "stop")),
        bar,
    ) == [[0, 0, 1]] * 3 + [[0, 0, 0]]


def test_timewise_and_partwise_scores_are_the_same():
    bars = [note("C", 4), note("D", 3) + rest(1)]
    partwise = score(*bars, parts=2)
    start, measures = partwise.index("<part id"), partwise.split('<part id="P0">')[1]
    measures = measures.split("</part>")[0].split("</measure>")[:-1]
    timewise = partwise[:start] + "".join(
        '<measure number="1">'
        + "".join(
            f'<part id="P{i}">{measure.split(">", 1)[1]}</part>' for i in range(2)
        )
        + "</measure>"
        for measure in measures
    )
    timewise = (timewise + "</score-partwise>").replace("partwise", "timewise")
    (one,), (other,) = (read_musicxml(t.encode()) for t in (partwise, timewise))
    assert len(other.parts) == 2
    for left, right in zip(one.parts, other.parts, strict=True):
        assert left.name == right.name
        assert left.notes.tolist() == right.notes.tolist()
        assert left.measures.tolist() == right.measures.tolist()


def test_staves_are_parts_of_their_own(read):
    def on(staff, text):
        return text.replace("</note>", f"<staff>{staff}</staff></note>")

    back = "<backup><duration>4</duration></backup>"
    text = score(on(1, note("G", 4)) + back + on(2, note("C", 4)))
    with pytest.raises(ValueError, match="has 2 parts, 'P0 staff 1', 'P0 staff 2'"):
        read(text)
    assert read(text, part="P0 staff 2").data[0, 0] == 60


@pytest.mark.parametrize(
    ("inner", "tempo"),
    [
        ('<sound tempo="96"/>', 96),
        ('<direction><sound tempo="72.5"/></direction><sound tempo="9"/>', 72.5),
        (
            "<beat-unit>quarter</beat-unit><beat-unit-dot/><per-minute>60</per-minute>",
            90,
        ),
        ("<beat-unit>half</beat-unit><per-minute>ca. 50-60</per-minute>", 100),
        ("<beat-unit>half</beat-unit><per-minute>fast</per-minute>", None),
        ('<sound tempo="0"/>', None),
    ],
)
def test_tempo(inner, tempo):
    if "beat-unit" in inner:
        inner = f"<direction><metronome>{inner}</metronome></direction>"
    assert tune_of(inner + note("C", 4)).tempo == tempo


def test_titles():
    def title(old, new):
        text = score(note("C", 4)).replace(old, new)
        return read_musicxml(text.encode())[0].title

    work = "<work><work-title>Tune</work-title></work>"
    movement = "<movement-title>A\n  &amp; B</movement-title>"
    credit = (
        "<credit><credit-type>{}</credit-type><credit-words>C</credit-words></credit>"
    )
    assert title("Tune", "T\u00fcr") == "T\u00fcr"
    assert title(work, work + movement) == "Tune"
    assert title(work, "<work><work-title/></work>" + movement) == "A & B"
    assert title(work, credit.format("title")) == "C"
    assert title(work, credit.format("composer")) == ""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_encodings(encoding):
    text = score(note("C", 4)).replace("Tune", "T\u00fcr")
    assert read_musicxml(text.encode(encoding))[0].title == "T\u00fcr"


@pytest.mark.parametrize(
    ("declared", "encoding", "title"),
    [
        ("windows-1252", "cp1252", "\u201cCaf\u00e9\u201d"),
        ("ISO-8859-1", "cp1252", "\u201cCaf\u00e9\u201d"),  # in fact Windows-1252
        ("iso-8859-2", "iso-8859-2", "\u0141\u00f3d\u017a"),
        ("Shift_JIS", "shift_jis", "\u685c\u6851"),
        ("macintosh", "mac_roman", "Caf\u00e9"),
        ("utf-8", "cp1252", "Caf\u00e9"),
        ("no-such", "cp1252", "Caf\u00e9"),
        ("punycode", "cp1252", "Caf\u00e9"),
        ("euc-jp", "cp1252", "Caf\u00e9 \u201d"),
    ],
)
def test_declared_encodings(declared, encoding, title):
    text = score(note("C", 4)).replace("Tune", title)
    text = text.replace('"1.0"?', f'"1.0" encoding="{declared}"?')
    assert read_musicxml(text.encode(encoding))[0].title == title


def test_titles_have_no_control_characters():
    data = score(note("C", 4)).replace("Tune", "a\x85b\u200e\x7fc").encode()
    assert read_musicxml(data)[0].title == "a b c"
    data = score(note("C", 4)).encode().replace(b"Tune", b"\x81\xe9\x9d")
    assert read_musicxml(data)[0].title == "\ufffd\u00e9\ufffd"


def test_a_namespace_changes_nothing():
    text = score(note("C", 4)).replace("<score-partwise", '<score-partwise xmlns="a:b"')
    assert read_musicxml(text.encode())[0].parts[0].notes[0, PITCH] == 60


def changed(old, new, inner=None):
    text = score(inner or note("C", 4))
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (changed("<octave>4", "<octave>12"), "has the pitch 156; expected MIDI's 0 to"),
        (changed("<octave>4", "<octave>-3"), "has the pitch -24"),
        (changed("<octave>4</octave>", ""), "without its step or its octave"),
        (changed("<step>C</step>", ""), "without its step or its octave"),
        (changed("<step>C", "<step>H"), "has the step 'H'"),
        (changed("</step>", "</step><alter>0.5</alter>"), "microtones are not read"),
        (changed("</step>", "</step><alter>9</alter>"), "expected -3 to 3"),
        (
            changed("</step>", "</step><alter>x</alter>"),
            "alteration 'x'; expected a nu",
        ),
        (changed("</step>", "</step><alter/>"), "has an empty <alter>"),
        (
            score(attributes("<transpose><diatonic>1</diatonic></transpose>")),
            "has a <transpose> without its <chromatic>",
        ),
        (changed("<duration>4</duration>", ""), "has a note without a duration"),
        (changed("<duration>4", "<duration>-4"), "has the negative duration '-4'"),
        (changed("<duration>4", "<duration>1e9"), "has the duration '1e9'"),
        (changed("<duration>4", "<duration>999999999"), "later than the 65536 quarter"),
        (changed("<divisions>1", "<divisions>0"), "has divisions '0'"),
        (changed("<divisions>1</divisions>", ""), "no divisions of a quarter note"),
        (changed("<beats>4</beats>", ""), "has a metre without its beats"),
        (changed("<beats>4", "<beats>0"), "has the metre 0/4, which is none"),
        (changed("<beats>4", "<beats>" + "1+" * 9999 + "1"), "metre of more parts"),
        (changed("<pitch>", "<other>").replace("</pitch", "</other"), "is no rest"),
        (score(note("C", 4, chord=True)), "a chord's note with no note before it"),
        (score("<backup><duration>1</duration></backup>"), "goes back to before"),
        (score(barline(inner=bracket("1-30000000", "start"))), "ending '1-30000000'"),
        (score(barline(inner=bracket("31", "start"))), "ending '31'; expected"),
        (score(barline(inner=bracket(" ", "start"))), "ending ' '; expected"),
        (score(barline(inner=repeat("up"))), "has a repeat 'up'"),
        (
            score(note("C", 4) + barline(inner=repeat("backward", ' times="99"'))),
            "is repeated '99' times; expected 1 to 30",
        ),
        (score(sign("C", 1, "some")), "has the note sign 'some' with 0 dots"),
        (score(sign("C", 1, "half", tuplet=(0, 2))), "has a tuplet of 0 in the time"),
        (score('<measure number="0"/>'), "has a measure within it"),
        (
            score(
                attributes("<transpose><chromatic>100000000</chromatic></transpose>")
                + note("C", 4)
            ),
            "has the pitch 100000060",
        ),
    ],
)
def test_what_is_not_understood_is_named_with_its_measure(text, words):
    with pytest.raises(TuneError, match=f"^measure 0 .*{words}"):
        read_musicxml(text.encode())


MANY_STAVES = "".join(
    note("C", 1).replace("</note>", f"<staff>{staff}</staff></note>")
    for staff in range(14)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (score(note("C", 4), note("D", 4)).replace("</part-l", "<note/></part-l"), ">"),
        (score(), "has no measures"),
        (score(note("C", 4)).replace("</score-p", '<part id="P0"/></score-p'), "two"),
        (score(note("C", 4), parts=1025), "has 1025 staves, more than the 1024"),
        (score("<a/>" * _musicxml.MAX_MARKS), "tags and attributes, more than"),
        (score(" " * _musicxml.MAX_BYTES), "larger than the 16 MiB"),
        (
            score(MANY_STAVES, *[""] * 10000),
            "has 140014 measures, in all staves together",
        ),
    ],
    ids=["outside", "none", "parts", "staves", "marks", "bytes", "measures"],
)
def test_scores_that_are_not_read(text, words):
    with pytest.raises(TuneError, match=words):
        read_musicxml(text.encode())


@pytest.mark.parametrize(
    "grow",
    [
        lambda n: score("<note>" * n),
        lambda n: score(note("C", 1) * n),
        lambda n: score(
            "".join(attributes(f"<divisions>{i + 1}</divisions>") + note("C", 1)
                    for i in range(n))
        ),
        lambda n: score(sign("C", 1, "half", dots=n)),
        lambda n: score(*[barline("left", bracket(1, "start"))] * n),
        lambda n: score(barline(inner=bracket("1," * n + "1", "start")) + note("C", 4)),
        lambda n: score(time(*[(1, 4)] * n) + note("C", 4)),
        lambda n: score(note("C", 4)).replace("Tune", "\n x &#65; <![CDATA[y]]>" * n),
        lambda n: score(note("C", 4)).replace("<measure", "<x>" * n + "<measure"),
        lambda n: score(note("C", 4).replace("<note>", "<note " + "".join(
            f"a{i}='' " for i in range(n)) + ">")),
    ],
)  # fmt: skip
def test_what_grows_is_read_or_refused_in_time_that_grows_as_it_does(grow, monkeypatch):
    def n_calls(n):
        import sys

        count = 0

        def tally(*_):
            nonlocal count
            count += 1

        sys.setprofile(tally)
        try:
            read_musicxml(grow(n).encode())
        except TuneError:
            pass
        finally:
            sys.setprofile(None)
        return count

    n_calls(10)
    assert n_calls(4000) < 5 * n_calls(1000)


def mutated(data, rng):
    data = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        start, other = rng.integers(0, len(data), 2)
        length = int(rng.geometric(0.1))
        piece = [
            bytes(rng.integers(0, 256, 1, dtype=np.uint8)),
            bytes(data[other : other + length]),
            b"",
            rng.choice(
                [b"<", b">", b"0", b"-1", b"9" * 30, b"&amp;", b"1+1", b"</note>"]
            ),
        ][rng.integers(4)]
        data[start : start + (length if rng.random() < 0.5 else 0)] = piece
    return bytes(data)


def test_damaged_files_are_read_or_refused():
    rich = score(
        '<direction><sound tempo="96"/></direction>'
        + sign("C", 1, "half", dots=1, tuplet=(3, 2))
        + note("E", 1, chord=True)
        + "<backup><duration>1</duration></backup>"
        + note("D", 4, tie="start"),
        barline("left", bracket("1,2", "start"))
        + note("D", 4, tie="stop")
        + barline("right", bracket("1,2", "stop") + repeat("backward", ' times="3"')),
        attributes("<transpose><chromatic>-2</chromatic></transpose>") + note("F", 2),
    )
    rng = np.random.default_rng(0)
    seeds = [rich.encode(), archive(TUNE, ("META-INF/container.xml", CONTAINER))]
    read = 0
    for i in range(2000):
        try:
            (tune,) = read_musicxml(mutated(seeds[i % 4 == 0], rng))
        except TuneError:
            continue
        read += 1
        for part in tune.parts:
            assert ((part.notes[:, PITCH] >= 0) & (part.notes[:, PITCH] <= 127)).all()
            assert (part.measures[:, LENGTH] >= 0).all()
    assert 100 < read < 1900


def sounding(tune):
    """Notes, ties joined, and measures, by part."""
    for part in tune.sounding_parts:
        yield _excerpt.join_ties(part.notes)[:, : PITCH + 1].tolist()
        yield part.measures.tolist()


@pytest.mark.parametrize(
    "name",
    ["bach/bwv111.6.mxl", "bach/bwv253.mxl", "ciconia/quod_jactatur.xml"],
)
def test_music21_agrees(name):
    from music21 import converter

    path = corpus_folder(name.split("/")[0]).parent / name
    (own,) = read_musicxml(path.read_bytes())
    (other,) = tunes_from_stream(converter.parse(path, forceSource=True))
    assert own.sounding_parts
    assert list(sounding(own)) == list(sounding(other))
    assert own.tempo == pytest.approx(other.tempo) if own.tempo else not other.tempo


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
