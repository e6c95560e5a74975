"""The choice of tunes and parts for rows, and the reasons of those left out."""

import ast
import pickle
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_c2c import io
from sklearn_c2c.datasets import load_folder
from sklearn_c2c.io import read_melodies, write_melody
from sklearn_c2c.io._choice import NothingReadError
from sklearn_c2c.io._excerpt import without_unisons
from sklearn_c2c.io._parts import choose_part
from sklearn_c2c.io._tune import KINDS, Part, Tune, TuneError
from sklearn_c2c.melody import (
    HOLD,
    REST,
    mend_orphan_holds,
    parse_mode,
    stated_mode,
    transpose,
)

_, z = HOLD, REST
OPTIONS = {"n_measures": 2, "steps_per_quarter": 1}


@pytest.fixture
def read(tmp_path):
    """Read tunes, each given as its header and its music, in one book."""

    def read(*tunes, **options):
        path = tmp_path / "book.abc"
        path.write_text(
            "".join(
                f"X:{i}\nT:Tune {i}\nM:4/4\nL:1/4\n{header}\n{music}\n\n"
                for i, (header, music) in enumerate(tunes, start=1)
            )
        )
        return read_melodies(path, **(OPTIONS | options))

    return read


@given(st.lists(st.tuples(*[st.integers(0, 2)] * 3, st.integers(0, 1)), max_size=12))
def test_of_notes_in_unison_the_longest_is_kept(rows):
    rows.sort(key=lambda row: row[0])
    longest = {}
    for onset, duration, pitch, tied in rows:
        kept = longest.get((onset, pitch), (0, 0))
        longest[onset, pitch] = max(kept, (duration, tied))
    expected = [(on, d, pitch, tied) for (on, pitch), (d, tied) in longest.items()]
    found = without_unisons(np.array(rows, dtype=np.int64).reshape(-1, 4)).tolist()
    assert sorted(map(tuple, found)) == sorted(expected)
    assert [row[0] for row in found] == sorted(row[0] for row in found)


# Parts


def part(name, *notes):
    rows = np.array([(10080 * on, 10080 * n, pitch, 0) for on, n, pitch in notes])
    measures = np.array([[0, 80640, 8, 4, 0, 0, 0]])
    return Part(name, rows, measures)


def line(name, *pitches):
    return part(name, *((i, 1, pitch) for i, pitch in enumerate(pitches)))


def chords(name, pitch):
    return part(name, *((i, 2, pitch + i % 3) for i in range(6)))


LOW = line("track 1", 40, 41, 43)
HIGH = line("track 2", 70, 71, 72)
PIANO = chords("PIANO", 90)


@pytest.mark.parametrize(
    ("parts", "chosen"),
    [
        # A name takes precedence over pitch; of two names the better one.
        ([LOW, PIANO, line("MELODY", 50, 51)], "MELODY"),
        ([HIGH, line("Melodie (Gesang)", 50, 51)], "Melodie (Gesang)"),
        ([line("Violin", 80, 81), line("Lead Vocals", 60, 61), HIGH], "Lead Vocals"),
        ([line("Soprano", 70), line("Alto", 80), line("Bass", 40)], "Soprano"),
        ([line("Violin 2", 70, 71), line("Violin1", 75), HIGH], "Violin1"),
        ([HIGH, line("melody_line", 50, 51)], "melody_line"),
        # A word within another, or in the name of an accompaniment, does not count.
        ([HIGH, line("Misleading", 50)], "track 2"),
        ([HIGH, line("Violinist's drone", 50)], "track 2"),
        ([HIGH, line("Backing Vocals", 50), line("Voice Oohs", 50)], "track 2"),
        ([HIGH, line("Counter-melody", 50), line("Lead bass", 50)], "track 2"),
        # Then the highest of those that have one voice, or the highest of all.
        ([LOW, PIANO, HIGH], "track 2"),
        ([PIANO, LOW], "track 1"),
        ([chords("a", 50), chords("b", 60), chords("c", 55)], "b"),
        ([line("", 60, 62), line("x", 62, 60)], ""),
        # Parts with equally good names are chosen in the same way.
        ([chords("Voice", 90), line("Voice", 50), line("Voice", 60)], "Voice"),
        # A silent part does not count.
        ([Part("melody", HIGH.notes[:0], HIGH.measures), LOW], "track 1"),
    ],
)
def test_the_melody_among_parts(parts, chosen):
    assert choose_part(Tune(parts=tuple(parts)), "melody").name == chosen


def test_of_parts_that_are_called_alike_the_highest_with_one_voice():
    parts = chords("Voice", 90), line("Voice", 50), line("Voice", 60)
    assert choose_part(Tune(parts=parts), "melody") is parts[2]


def test_a_double_stop_now_and_then_is_one_voice():
    notes = [(i, 1, 76 + i % 3) for i in range(40)]
    fiddle = part("a", *notes, (3, 1, 60))
    drone = part("b", *notes, *((i, 1, 60) for i in range(0, 40, 10)))
    tune = Tune(parts=(drone, fiddle, LOW))
    assert choose_part(tune, "melody") is fiddle
    assert choose_part(Tune(parts=(drone, LOW)), "melody") is LOW


def test_a_part_by_name_or_number():
    tune = Tune(parts=(LOW, PIANO, HIGH))
    assert choose_part(tune, "PIANO") is PIANO
    assert choose_part(tune, 2) is choose_part(tune, -1) is HIGH
    # A part of exactly this name is chosen, and a single part needs no such name.
    named = line("melody", 40)
    assert choose_part(Tune(parts=(HIGH, named)), "melody") is named
    assert choose_part(Tune(parts=(PIANO,)), "melody") is PIANO
    for asked in (None, "piano", 3, -4):
        with pytest.raises(TuneError, match="'track 1', 'PIANO', 'track 2'") as caught:
            choose_part(tune, asked)
        assert caught.value.kind == "parts"


VOICES = "[V:1]C4|D4|\n[V:2]C,D,E,F,|[G,B,D]4|\n[V:3]cdef|[gb]2a2|"


def test_melody_and_chords_in_one_call(read):
    with pytest.raises(ValueError, match="part= with a name, a number from 0, or 'mel"):
        read(("K:C", VOICES))
    with pytest.raises(ValueError, match=r"\(chords 1\).*pass chords='highest'"):
        read(("K:C", VOICES), part="3")
    melodies = read(("K:C", VOICES), part="3", chords="highest")
    assert melodies.data.tolist() == [[72, 74, 76, 77, 83, _, 81, _]]
    assert melodies.warnings == [("1 lower note of chords left out",)]
    # One note in eight begins with another, so a lower part with one voice is chosen.
    assert read(("K:C", VOICES), part="melody").data[0, 0] == 60


@pytest.mark.parametrize("wrong", [True, 1.5, ("a",)])
def test_what_is_no_part(read, wrong):
    with pytest.raises(ValueError, match="expected a name, a number from 0, 'melody'"):
        read(("K:C", "C4|D4|"), part=wrong)


# Modes

MODES = ["D", "Dm", "Ddor", "D aeolian", "A minor", "Amix", "Gmaj", "Elyd"]


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({}, MODES),
        ({"mode": "any"}, MODES),
        ({"mode": "major"}, ["D", "Gmaj"]),
        ({"mode": "ionian"}, ["D", "Gmaj"]),
        ({"mode": "minor"}, ["Dm", "D aeolian", "A minor"]),
        ({"mode": "dorian"}, ["Ddor"]),
        ({"mode": "mixolydian"}, ["Amix"]),
        ({"key": "D"}, MODES),
        ({"key": "D major"}, ["D", "Gmaj"]),
        ({"key": "Dm"}, ["Dm", "D aeolian", "A minor"]),
        ({"key": "D minor"}, ["Dm", "D aeolian", "A minor"]),
        ({"key": "D dorian"}, ["Ddor"]),
        ({"key": "D", "mode": "minor"}, ["Dm", "D aeolian", "A minor"]),
        ({"key": "Dm", "mode": "any"}, MODES),
        ({"key": "Dm", "mode": "aeolian"}, ["Dm", "D aeolian", "A minor"]),
    ],
)
def test_tunes_of_one_mode(read, options, kept):
    tunes = [(f"K:{key}", "C2E2|G4|") for key in MODES]
    melodies = read(*tunes, **options)
    assert melodies.titles == [f"Tune {MODES.index(key) + 1}" for key in kept]
    assert {r.kind for r in melodies.rejected} <= {"mode"}
    assert len(melodies.data) + len(melodies.rejected) == len(MODES)


def test_each_tune_keeps_its_mode_when_it_is_moved(read):
    tonics = [("K:Am", "A2c2|e4|"), ("K:Edor", "E2G2|B4|")]
    melodies = read(*tonics, key="Dm")
    assert melodies.data.tolist() == [[74, _, 77, _, 81, _, _, _]]
    assert melodies.tonalities == ["A minor"]
    assert melodies.rejected[0].reason == "is in E dorian, not in minor"


def test_a_mode_is_chosen_before_the_metre(read):
    waltz = "M:3/4\nK:Em"
    tunes = [("K:D", "D4|E4|")] * 3 + [(waltz, "E3|G3|")] * 2
    assert read(*tunes).time_signature == "4/4"
    minor = read(*tunes, mode="minor")
    assert (minor.time_signature, len(minor.data)) == ("3/4", 2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mode": "happy"}, "'happy'; expected one of major, ionian"),
        ({"mode": ""}, "''; expected one of"),
        ({"mode": 3}, "3; expected one of"),
        ({"key": "Dm", "mode": "major"}, "key='Dm' and mode='major'.* contradict"),
        ({"key": "D dorian", "mode": "minor"}, "contradict"),
        ({"key": "DM"}, "'DM'; expected a tonic"),
        ({"duplicates": "merge"}, "'merge'; expected 'keep' or 'drop'"),
        ({"repeats": "once"}, "'once'; expected 'written' or 'played'"),
        ({"pickup": "fill"}, "'fill'; expected 'drop' or 'keep'"),
        ({"chords": "lowest"}, "'lowest'; expected 'reject' or 'highest'"),
        ({"off_grid": "keep"}, "'keep'; expected 'round' or 'reject'"),
        ({"n_measures": 4097}, "expected an integer 1 to 4096"),
    ],
)
def test_choices_that_are_none_are_named(read, options, words):
    with pytest.raises(ValueError, match=words):
        read(("K:C", "C4|D4|"), **options)


def test_names_of_modes():
    assert [stated_mode(key) for key in ("D", "Dm", "F# min", "Ador", "Bb ionian")] == (
        [None, "minor", "minor", "dorian", "major"]
    )
    assert parse_mode("Dorian") == parse_mode("dor") == "dorian"


# Equal melodies


def test_a_tune_in_three_formats_counts_once(tmp_path):
    row = np.array([62, 64, 66, 67, 69, _, z, 62])
    for i, suffix in enumerate(["abc", "mid", "musicxml"]):
        for name, melody in (("a", row), ("b", row[::-1] * (row[::-1] != _) + 0)):
            melody = np.where(melody == 0, 60, melody)
            options = {"steps_per_quarter": 1, "key": "D", "title": name}
            write_melody(melody, tmp_path / f"{name}{i}.{suffix}", **options)
    kept = read_melodies(tmp_path, **OPTIONS)
    assert (len(kept.data), kept.rejected) == (6, [])
    for options in ({}, {"key": "G"}):
        once = load_folder(tmp_path, duplicates="drop", **OPTIONS, **options)
        assert once.titles == ["a", "b"]
        assert once.target.tolist() == [0, 0]
        first = str(tmp_path / "a0.abc#1")
        assert [r.kind for r in once.rejected] == ["duplicate"] * 4
        assert once.rejected[0].reason == f"has the same notes as {first}"


@given(
    st.lists(st.lists(st.sampled_from([60, 62, _, z]), min_size=3, max_size=3)),
    st.booleans(),
)
def test_which_rows_are_equal(tmp_path_factory, ends, moved):
    """Compare with all pairs."""
    folder = tmp_path_factory.mktemp("equal")
    rows = [
        transpose(mend_orphan_holds(np.array([60, *end[:1], 65, *end[1:]])), i % 3)
        for i, end in enumerate(ends)
    ]
    if not rows:
        return
    for i, row in enumerate(rows):
        options = {"time_signature": "5/4", "steps_per_quarter": 1, "key": "C"}
        write_melody(row, folder / f"{i:03}.abc", **options)
    options = {"n_measures": 1, "steps_per_quarter": 1, "key": "C" if moved else None}
    found = read_melodies(folder, duplicates="drop", **options)

    def same(a, b):
        return np.array_equal(a, b) or (
            moved and any(np.array_equal(a, transpose(b, n)) for n in range(-2, 3))
        )

    first = [i for i, row in enumerate(rows) if not any(same(row, b) for b in rows[:i])]
    assert [Path(source).name[:3] for source in found.sources] == (
        [f"{i:03}" for i in first]
    )


# Reports


def test_kinds_can_be_counted(read, tmp_path):
    good = "K:C", "CDEF|GABc|"
    tunes = {
        "damaged": ("K:C", "C}"),
        "empty": ("K:C", "z4|z4|"),
        "parts": ("K:C", VOICES),
        "metre": ("M:6/8\nK:C", "C3|D3|"),
        "measures": ("K:C", "CDEF|GABcd|"),
        "length": ("K:C", "CDEF|"),
        "chords": ("K:C", "[CE]4|D4|"),
        "off grid": ("K:C", "C/DEF/E|D4|"),
        "mode": ("K:Am", "C4|D4|"),
        "range": ("K:C", "C,,4|D4|"),
        "duplicate": good,
    }
    found = read(
        good,
        good,
        *tunes.values(),
        time_signature="4/4",
        off_grid="reject",
        mode="major",
        pitch_range=(40, 90),
        duplicates="drop",
    )
    # In the order of the tunes, independent of the stage at which they failed.
    assert [r.kind for r in found.rejected] == ["duplicate", *tunes]
    assert [r.title for r in found.rejected][:2] == ["Tune 2", "Tune 3"]
    assert set(tunes) < set(KINDS)


def test_rejections_say_what_was_found(read):
    tunes = [
        (("M:6/8\nK:C", "C3|D3|"), "6/8"),
        (("M:none\nK:C", "C4|D4|"), ""),
        (("K:C", "C4|[M:3/4]D3|"), None),
        (("K:Am", "C4|D4|"), "minor"),
        (("K:C", "CDEF|"), 1),
        (("K:C", "CDEF|GA|]"), 1.5),
        (("K:C", VOICES), 3),
    ]
    found = read(("K:C", "CDEF|GABc|"), *(t for t, _ in tunes), mode="major")
    assert [r.found for r in found.rejected] == [what for _, what in tunes]
    options = {"part": 1, "chords": "highest"}
    missing = read(("K:C", "C4|D4|"), ("K:C", VOICES), **options).rejected
    assert [(r.kind, r.found) for r in missing] == [("parts", None)]
    assert "has no part 1 (from 0 on), only one without a name" in missing[0].reason


def test_a_measure_that_the_pick_up_completes_is_counted_whole(read):
    tunes = ["CDEF|" * 4, "G|CDEF|GABc|CDE|]", "G|CDEF|GABc|CD|]", "G|CDEF|GABc|CDEz|"]
    found = read(*(("K:C", tune) for tune in tunes), n_measures=4)
    assert [r.found for r in found.rejected] == [3, 2.5, 3]
    lengths = [r.reason.partition(",")[0] for r in found.rejected]
    assert lengths == [f"has {n} measures after the pick-up" for n in (3, 2.5, 3)]
    assert len(read(("K:C", tunes[1]), n_measures=3).data) == 1


def test_a_number_in_digits_is_the_name_of_a_part_first(read):
    first = read(("K:C", VOICES), part="1").data
    assert (first == read(("K:C", VOICES), part=0).data).all()
    assert (first != read(("K:C", VOICES), part=1, chords="highest").data).any()
    assert (read(("K:C", VOICES), part="0").data == first).all()


def test_a_change_of_metre_and_none_are_of_the_kind_metre(read):
    tunes = [("K:C", "C4|[M:3/4]D3|"), ("M:none\nK:C", "C4|D4|"), ("K:C", "C4|D4|")]
    assert [r.kind for r in read(*tunes).rejected] == ["metre"] * 2
    found = read(*tunes, time_signature="4/4")
    assert found.warnings == [("states no metre, taken to be in 4/4",), ()]


def test_pitches_that_leave_midi_are_of_the_kind_range(tmp_path):
    write_melody([127, 127, 127, 127], tmp_path / "a.mid", steps_per_quarter=1, key="C")
    write_melody([60, 62, 64, 65], tmp_path / "b.mid", steps_per_quarter=1, key="C")
    found = read_melodies(tmp_path, n_measures=1, steps_per_quarter=1, key="D")
    assert [(r.kind, "0-127" in r.reason) for r in found.rejected] == [("range", True)]


def test_nothing_read_tells_all(read):
    with pytest.raises(
        NothingReadError, match=r"None of the 5.*\(length 3, metre 2\)"
    ) as (caught):
        read(*[("K:C", "C4|")] * 3, *[("M:3/4\nK:C", "C3|")] * 2)
    counts = Counter(r.kind for r in caught.value.rejected)
    assert counts == {"length": 3, "metre": 2}
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.rejected) == (str(caught.value), caught.value.rejected)


def test_every_reason_of_a_choice_has_a_kind_of_the_list():
    folder = Path(io.__file__).parent
    found = []
    for name in ("_choice", "_excerpt", "_parts", "_window"):
        for node in ast.walk(ast.parse((folder / f"{name}.py").read_text())):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", "") == "TuneError"
            ):
                found.append(ast.unparse(node.args[1]).strip("'"))
    assert len(found) > 15
    assert set(found) - set(KINDS) == {"tune.fault_kind"}


def test_warnings_say_what_was_changed(read):
    melodies = read(
        ("K:C", "C4|D4|]"),
        ("K:C", "z4|z4|C3/2D3/2E|F4|]"),
        ("K:C", "C/8D/8E3/4F3|G4|]"),
        ("K:C", "G|C4|E3A|G4|F4|"),
    )
    assert melodies.warnings == [
        (),
        (
            "2 measures without notes at the start left out",
            "1 note moved to the nearest quarter",
        ),
        (
            "2 notes moved to the nearest quarter",
            "2 notes left out, as a nearer one is on the same quarter",
        ),
        ("upbeat at the end left out, the note before it held",),
    ]
    assert melodies.silent_measures == [0, 2, 0, 0]


def test_what_the_reader_warns_of_comes_first(monkeypatch, read):
    from sklearn_c2c.io import _pieces

    def read_one(data):
        tune = Tune(
            parts=(line("", 60, 62, 64, 65, 60, 62, 64, 65),), warnings=("odd",)
        )
        return [tune]

    monkeypatch.setenv("SKLEARN_C2C_CACHE", "")
    monkeypatch.setitem(_pieces.READERS, ".abc", read_one)
    melodies = read(("K:C", ""), n_measures=1, time_signature="8/4")
    assert melodies.warnings[0][0] == "odd"


@pytest.mark.parametrize("stage", ["find_window", "on_grid"])
def test_a_fault_of_ours_ends_the_reading_of_no_other_tune(read, monkeypatch, stage):
    from sklearn_c2c.io import _excerpt

    whole = getattr(_excerpt, stage)

    def fail(notes, *rest):
        if notes[0, 2] == 61:
            raise OverflowError("too\nlarge")
        return whole(notes, *rest)

    monkeypatch.setattr(_excerpt, stage, fail)
    melodies = read(("K:C", "C4|D4|"), ("K:C", "^C4|D4|"), ("K:C", "E4|D4|"))
    assert melodies.titles == ["Tune 1", "Tune 3"]
    reason = "could not be read (OverflowError: too)"
    assert melodies.rejected[0][2:4] == (reason, "damaged")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(_excerpt, stage, interrupt)
    with pytest.raises(KeyboardInterrupt):
        read(("K:C", "C4|D4|"))
