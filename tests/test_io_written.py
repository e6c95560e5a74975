"""Tunes laid out as their files have them: what is engraved is what is written."""

import numpy as np
import pytest

from sklearn_c2c import io
from sklearn_c2c.datasets import corpus_folder
from sklearn_c2c.io import Choice, read_abc_texts
from sklearn_c2c.io import _excerpt as rules
from sklearn_c2c.io._musicxml import read_musicxml
from sklearn_c2c.io._tune import CLOSES, ENDINGS, LENGTH, OPENS, START
from sklearn_c2c.io._written import moved_chord
from sklearn_c2c.melody import HOLD, REST

HEAD = "X:1\nT:Tune\nM:4/4\nL:1/8\nK:D\n"
# What `read_melodies` rejects as whole tunes, or changes the last note of.
FOLK = {
    "a pick-up before the sign": "D|:G2BG dGBG|ABcA FGAF|G2BG dGBc|dBcA G3:|",
    "a whole measure before the sign": "D|:G2BG dGBG|ABcA FGAF|G2BG dGBc|dBcA G3D:|",
    "second endings": "A|:A2Bc d2fe|dBAF E3F|1 D8:|2 D4 D3||e|:f8|e7:|",
    "two measures in an ending": "|:D8|E8|1 F8|G8:|2 A8|B8|]",
    "endings for several times": "|:D8|[1,3 E8:|[2,4 F8||",
    "three times": "|::D2E2F2G2::|A8|]",
    "short measures": "D2|E8|F3|G8|A5B|c8|",
    "long measures": "D8|E8F4|G8|]",
    "ties over signs": "D8-|:D8|E4 F4-:|F8-|F8|]",
    "triplets": "(3DEF (3GAB c4|:(3d2c2B2 A4:|",
    "shorter notes": "D>E F<G A/B/c/d/ e2|f3/2g/ a/4b/4c'/4d'/4 e'2 d2|]",
    "rests": "z4 D4|z8|z2 E2 z4|z8|D8|]",
    "a sign within a measure": "D8|E4:|F4|G8|]",
    "nothing but a pick-up": "D2|]",
}
FOLK = {name: HEAD + text + "\n" for name, text in FOLK.items()}
FOLK["cut time"] = FOLK["second endings"].replace("4/4", "C|")
FOLK["a jig"] = HEAD.replace("4/4", "6/8") + "A|:d2f edB|AFD E2F|D3-D2:|\n"


def written(*texts, **options):
    """Lay out texts of ABC."""
    tunes = read_abc_texts("book", texts, [f"#{i}" for i in range(len(texts))])
    return io.written_tunes(tunes, Choice(**{"steps_per_quarter": "auto"} | options))


def reads_alike(found):
    """Check that the MusicXML of a tune has its notes, measures and signs."""
    (part,) = found.tune.sounding_parts
    (copy,) = read_musicxml(io.sheets_to_musicxml([found.sheet]))[0].parts
    notes = rules.join_ties(rules.without_unisons(part.notes))[:, :3]
    np.testing.assert_array_equal(rules.join_ties(copy.notes)[:, :3], notes)
    columns = [START, LENGTH, OPENS, CLOSES, ENDINGS]
    first = part.measures[:, START].searchsorted(notes[0, 0], side="right") - 1
    measures = part.measures[first:, columns]
    np.testing.assert_array_equal(copy.measures[:, columns], measures)


@pytest.mark.parametrize("name", [name for name in FOLK if name != "rests"])
def test_what_is_written_is_what_the_file_has(name):
    (found,), rejected = written(FOLK[name])
    assert rejected == [] and found.warnings == ()
    reads_alike(found)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["oneills1850", "ryansMammoth", "airdsAirs"])
def test_tunes_of_collections_are_what_their_files_have(name):
    tunes = io.read_files(io.find_files(corpus_folder(name)).music)
    read, rejected = io.written_tunes(tunes, Choice(steps_per_quarter="auto"))
    assert len(read) > 0.9 * len(tunes)
    assert {one.kind for one in rejected} <= {"chords", "damaged", "metre", "parts"}
    for found in read[::10]:
        if not found.warnings:
            reads_alike(found)


def test_silence_around_a_tune_is_left_out():
    (found,), _ = written(HEAD + "z8|z4 D4|z8|E8|z8|z8|]\n")
    rows = found.sheet.melody.reshape(3, 16)
    assert rows[:, 0].tolist() == [REST, REST, 64] and rows[0, 8] == 62
    assert (rows[2, 1:] == HOLD).all()


def test_pick_ups_end_a_measure_and_pieces_complete_one():
    def places(text):
        return [bar.place // 2 for bar in written(HEAD + text)[0][0].sheet.bars]

    assert places("D|:G8|A7:|B|c8|]") == [7, 0, 0, 7, 0]
    assert places("D2|E8:|F2|G8|]") == [6, 0, 6, 0]
    assert places("D8|E3|F5|G8|]") == [0, 0, 3, 0]
    assert places("D8|E3|F8|]") == [0, 0, 0]


def test_chords_and_composer_are_kept(tmp_path):
    text = HEAD.replace("M:4/4", "C:Trad.\nC: arr. A. N. Other % me\nM:4/4")
    music = '"D"d4 "A7/C#"e4|"^slowly"f4 "Fine"g4|"Em"B8|]\n'
    (found,), _ = written(text + music)
    assert found.tune.composer == "Trad., arr. A. N. Other"
    sheet = found.sheet
    assert sheet.chords == ((0, 0, "D"), (0, 8, "A7/C#"), (2, 0, "Em"))
    xml = io.sheets_to_musicxml([sheet]).decode()
    assert [xml.count(f">{name}</words>") for name in ("D", "A7/C#", "Em")] == [1] * 3
    (moved,), _ = written(text + music, key="Eb")
    assert moved.sheet.chords == ((0, 0, "Eb"), (0, 8, "Bb7/D"), (2, 0, "Fm"))
    assert str(moved.sheet.key) == "Eb major"
    assert (moved.sheet.melody - sheet.melody)[0] == 1


def test_chords_and_composer_come_from_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SKLEARN_C2C_CACHE", str(tmp_path))
    text = HEAD.replace("M:", "C:Trad.\nM:") + '"G"D8|]\n'
    first, again = (written(text)[0][0].tune for _ in range(2))
    assert first is not again
    assert again.parts[0].chords == first.parts[0].chords == ((0, "G"),)
    assert again.composer == "Trad."


@pytest.mark.parametrize(
    ("name", "semitones", "flats", "moved"),
    [
        ("C", 2, False, "D"),
        ("F#m7/C#", 1, True, "Gm7/D"),
        ("Bbmaj7", -1, False, "Amaj7"),
        ("G/B", 6, True, "Db/F"),
        ("E7(b9)", 5, False, "A7(b9)"),
    ],
)
def test_moved_chords(name, semitones, flats, moved):
    assert moved_chord(name, semitones, flats) == moved


@pytest.mark.parametrize(
    ("text", "options", "kind", "reason"),
    [
        (HEAD + "[DF]8|]", {}, "chords", "in measure 1; pass chords='highest'"),
        (HEAD + "D8|[M:3/4]E6|]", {}, "metre", "changes metre: 3/4, 4/4"),
        (HEAD + "D8|]", {"time_signature": "3/4"}, "metre", "is in 4/4, not in 3/4"),
        (HEAD.replace("4/4", "none") + "D8|", {}, "metre", "states no metre"),
        (HEAD + "z8|]", {}, "empty", "has no notes"),
        (HEAD + "D/999|]", {}, "empty", "shorter than a time step"),
        (HEAD + "D8|]", {"mode": "minor"}, "mode", "is in D major, not in minor"),
        (HEAD + "D,,,,,8|]", {"key": "A"}, "range", "beyond MIDI"),
        (HEAD + "(3DEF G6|]", {"steps_per_quarter": 4}, "", ""),
        (
            HEAD + "(3DEF G6|]",
            {"steps_per_quarter": 4, "off_grid": "reject"},
            "off grid",
            "between two time steps",
        ),
    ],
)
def test_what_cannot_be_written_has_a_reason(text, options, kind, reason):
    read, rejected = written(text + "\n", **options)
    assert [one.kind for one in rejected] == [kind] * bool(kind)
    if kind:
        assert reason in rejected[0].reason
    else:
        assert read[0].warnings == ("2 notes moved to the nearest time step",)


def test_short_measures_are_beamed_from_their_start():
    (found,), _ = written(HEAD + "D|:G8|G2EC D3:|\n")
    xml = io.sheets_to_musicxml([found.sheet]).decode()
    assert xml.count(">begin</beam>") == xml.count(">end</beam>") == 1


def test_equal_tunes_are_written_once():
    same = FOLK["three times"]
    other = same.replace("::|", ":|")
    read, (rejected,) = written(same, other, same, duplicates="drop")
    assert [one.source for one in read] == ["#0", "#1"]
    assert (rejected.kind, rejected.reason) == ("duplicate", "has the same notes as #0")
