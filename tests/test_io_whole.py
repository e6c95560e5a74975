"""Whole tunes: how many measures they have, and where they end."""

import re
from itertools import pairwise
from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_c2c.datasets import corpus_folder, load_folder, transpositions
from sklearn_c2c.io import abc_texts, header_field, read_melodies, write_melody
from sklearn_c2c.melody import (
    END,
    HOLD,
    N_PITCHES,
    REST,
    check_melodies,
    melody_lengths,
)
from tests.test_io_windows import musicxml

_, z = HOLD, REST
COLLECTIONS = ["oneills1850", "ryansMammoth", "airdsAirs"]


@pytest.fixture
def read(tmp_path):
    """Read bodies of tunes in C, 4/4, L:1/4, whole."""

    def read(*bodies, **options):
        path = tmp_path / "book.abc"
        head = "M:4/4\nL:1/4\nK:C\n"
        path.write_text(
            "".join(f"X:{i}\n{head}{body}\n\n" for i, body in enumerate(bodies, 1))
        )
        return read_melodies(
            path, **{"n_measures": None, "steps_per_quarter": 1} | options
        )

    return read


def test_rows_are_filled_up_to_the_longest(read):
    tunes = read("CDEF|", "CDEF|GABc|]", "C4|D4|E4:|")
    assert tunes.data.tolist() == [
        [60, 62, 64, 65, *[END] * 8],
        [60, 62, 64, 65, 67, 69, 71, 72, *[END] * 4],
        [60, _, _, _, 62, _, _, _, 64, _, _, _],
    ]
    assert tunes.data.dtype == np.int16
    assert tunes.measures == [1, 2, 3]
    assert tunes.n_measures is None
    assert tunes.DESCR.startswith("3 of 3 tunes: all measures of 4/4, 1 steps")
    assert read("CDEF|", "CDEF|GABc|]", n_measures=1).measures == [1, 1]


A_MEASURE = [60, _, _, _]
PLAYED = {"repeats": "played"}


@pytest.mark.parametrize(
    ("body", "options", "row"),
    [
        # The last measure is filled up where it is short by the pick-up of the tune,
        ("G|CDEF|E2D|]", {}, [60, 62, 64, 65, 64, _, 62, _]),
        ("G|CDEF|E2z|]", {}, [60, 62, 64, 65, 64, _, z, z]),
        ("FG|CDEF|E2:|", {}, [60, 62, 64, 65, 64, _, _, _]),
        # or by that of its last part, which completes a measure before;
        ("E3:|A|C4|C3:|", {}, [64, _, _, 69, *A_MEASURE * 2]),
        ("E3||A|C4|C3|]", {}, [64, _, _, 69, *A_MEASURE * 2]),
        ("GA|C4|E3:|A|C4|C3:|", {}, [*A_MEASURE, 64, _, _, 69, *A_MEASURE * 2]),
        # it is whole where the next upbeat is written.
        ("CDEF|E2DC|]", {}, [60, 62, 64, 65, 64, _, 62, 60]),
        # An upbeat to the repeat is left out, as in windows,
        ("G|CDEF|E3G:|", {}, [60, 62, 64, 65, 64, _, _, _]),
        # but nothing after a bar line or sign in the last measure: no part follows.
        ("C4|D2||EF|]", {}, [*A_MEASURE, 62, _, 64, 65]),
        ("C4|D3:|E|]", {}, [*A_MEASURE, 62, _, _, 64]),
        ("G|C3:|", {}, [67, 60, _, _]),
        # A note that is tied over the last bar line sounds to its end,
        ("CDEF|G4-|G2z2|]", {}, [60, 62, 64, 65, 67, *[_] * 5, z, z]),
        ("G|CDEF|G4-|G3|]", {}, [60, 62, 64, 65, 67, *[_] * 7]),
        # and one that is tied from the pick-up from the first step.
        ("C-|CDEF|G3|]", {}, [60, 62, 64, 65, 67, _, _, _]),
        # Of several endings the last is read, or each in its turn.
        ("C4|1D4:|2E4|F4|]", {}, [*A_MEASURE, 64, *[_] * 3, 65, *[_] * 3]),
        ("C4|1D4:|2E4|]", PLAYED, [*A_MEASURE, 62, *[_] * 3, *A_MEASURE, 64, *[_] * 3]),
        ("G|C4|1D3:|2E3|]", {}, [*A_MEASURE, 64, *[_] * 3]),
        (
            "G|C4|1D3:|2E3|]",
            PLAYED,
            [*A_MEASURE, 62, _, _, 67, *A_MEASURE, 64, *[_] * 3],
        ),
        ("G|C4|D3:|", PLAYED, [*A_MEASURE, 62, _, _, 67, *A_MEASURE, 62, *[_] * 3]),
        # A measure before the row has the pick-up.
        ("G|C4|E3|]", {"pickup": "keep"}, [z, z, z, 67, *A_MEASURE, 64, *[_] * 3]),
        ("C4|]", {"pickup": "keep"}, [z, z, z, z, *A_MEASURE]),
    ],
)
def test_where_a_tune_ends(read, body, options, row):
    tunes = read(body, **options)
    assert tunes.data.tolist() == [row]
    is_kept = options.get("pickup") == "keep"
    assert tunes.measures == [len(row) // 4 - is_kept]


@pytest.mark.parametrize(
    ("body", "row", "before", "after"),
    [
        ("C4|D4|z4|z4|]", [60, _, _, _, 62, _, _, _], 0, 2),
        ("z4|C4|z4|D4|z4|]", [60, _, _, _, z, z, z, z, 62, _, _, _], 1, 1),
        # Rests that complete the last measure stay,
        ("C4|D2:|z2|z4|]", [60, _, _, _, 62, _, z, z], 0, 1),
        ("C4|D2|z2|]", [60, _, _, _, 62, _, z, z], 0, 0),
        # those after a short one do not,
        ("G|C4|D3|z4|z4|]", [60, _, _, _, 62, _, _, _], 0, 2),
        # and may be in another metre.
        ("C4|D4|[M:3/4]z3|z3|]", [60, _, _, _, 62, _, _, _], 0, 2),
        ("C4|D4|Z3|]", [60, _, _, _, 62, _, _, _], 0, 3),
    ],
)
def test_silence_at_the_ends_is_left_out(read, body, row, before, after):
    tunes = read(body)
    assert tunes.data.tolist() == [row]
    assert tunes.measures == [len(row) // 4]
    assert tunes.silent_measures == [before]
    counts = (before, "start"), (after, "end")
    assert tunes.warnings == [
        tuple(
            f"{n} measure{'s' * (n > 1)} without notes at the {where} left out"
            for n, where in counts
            if n
        )
    ]


@pytest.mark.parametrize(("late", "n_measures"), [(29, 1), (30, 1), (31, 2)])
def test_a_note_that_ends_late_ends_with_its_measure(tmp_path, late, n_measures):
    from tests.test_io_midi import midi, note, track

    path = tmp_path / "tune.mid"
    path.write_bytes(midi(track(*note(60, 240 + late)), division=60))
    tunes = read_melodies(path, n_measures=None, steps_per_quarter=1)
    assert tunes.measures == [n_measures]
    assert tunes.data[0].tolist() == [60, _, _, _, _, z, z, z][: 4 * n_measures]


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ("", "empty", "has no notes"),
        ("z4|z4|]", "empty", "has no notes"),
        ("G|z4|]", "empty", "has no notes after the pick-up"),
        ("C|]", "measures", "has no full measure"),
        ("C4|D3|]", "measures", "ends with a measure of 3/4; expected a whole one of"),
        ("G|C4|D2|]", "measures", "ends with a measure of 2/4; .* by a pick-up"),
        ("C4|E3|A|G4|F2|]", "measures", "ends with a measure of 2/4"),
        # Bar lines that divide most measures are no ends of parts.
        ("CD|EF|GA|Bc|CD|EF|GA|]", "measures", "ends with a measure of 2/4"),
        ("C4|D4E|F4|]", "measures", "measure 2 lasts 5/4, more than 4/4"),
        ("C4|D3|E4|]", "measures", "measure 2 lasts 3/4, and the next does not"),
        ("C4|[M:3/4]D3|E3|]", "metre", "changes metre to 3/4 in measure 2"),
        ("C4|z4|[M:3/4]D3|]", "metre", "changes metre to 3/4 in measure 3"),
    ],
)  # fmt: skip
def test_what_is_no_whole_tune(read, body, kind, words):
    with pytest.raises(ValueError, match=rf"\({kind} 1\).*{words}"):
        read(body)


def test_musicxml_ends_as_abc_does(tmp_path):
    path = tmp_path / "tune.musicxml"
    path.write_text(musicxml("G1|C4|1D3:|2E3|A1|F4|E3|]"))
    options = {"n_measures": None, "steps_per_quarter": 1}
    tunes = read_melodies(path, **options)
    assert tunes.measures == [4]
    assert tunes.data[0].tolist() == [60, *[_] * 3, 64, _, _, 69, 65, *[_] * 3, 64, *(
        [_] * 3
    )]  # fmt: skip
    assert read_melodies(path, repeats="played", **options).measures == [6]


# Limits


def test_tunes_beyond_the_limits_are_rejected_not_cut(read):
    tunes = ["C4|" * n for n in range(1, 6)]
    found = read(*tunes, n_measures=(2, 4))
    assert found.measures == [2, 3, 4]
    assert found.n_measures == (2, 4)
    assert found.data.shape == (3, 16)
    assert [(r.kind, r.found, r.reason) for r in found.rejected] == [
        ("length", 1, "has 1 measure, fewer than n_measures=(2, 4)"),
        ("length", 5, "has 5 measures, more than n_measures=(2, 4)"),
    ]
    assert "5 tunes: all measures, 2 to 4, of 4/4" in found.DESCR
    most, least = read(*tunes, n_measures=(None, 2)), read(*tunes, n_measures=(4, None))
    assert (most.measures, least.measures) == ([1, 2], [4, 5])
    assert "all measures, at most 2, of" in most.DESCR
    assert "all measures, at least 4, of" in least.DESCR
    assert read(*tunes, n_measures=[None, None]).measures == [1, 2, 3, 4, 5]
    assert read(*tunes, n_measures=(np.int64(3), 3)).measures == [3]


@pytest.mark.parametrize(
    ("n_measures", "words"),
    [
        ((8,), r"expected \(low, high\), each an integer 1 to 4096 or None"),
        ((8, 16, 32), r"n_measures=\(8, 16, 32\); expected \(low, high\)"),
        ((32, 8), "the lower first"),
        ((0, 8), "each an integer 1 to 4096"),
        ((8, 4097), "each an integer 1 to 4096"),
        ((1.5, 8), "each an integer 1 to 4096"),
        ((True, 8), "each an integer 1 to 4096"),
        (("8", "16"), "each an integer 1 to 4096"),
        ((), r"n_measures=\(\); expected"),
        ("all", r"'all'; expected an integer 1 to 4096, or None or \(low, high\)"),
        (8.0, "expected an integer 1 to 4096, or None"),
        ({8, 32}, "expected an integer 1 to 4096, or None"),
        (range(8, 32), "expected an integer 1 to 4096, or None"),
        (0, "n_measures=0; expected an integer 1 to 4096.$"),
    ],
)
def test_limits_that_are_none_are_named(read, n_measures, words):
    with pytest.raises(ValueError, match=words):
        read("C4|", n_measures=n_measures)


def test_a_tune_of_ten_thousand_steps_and_one_that_is_too_long(read, tmp_path, rng):
    # ABC has a limit of characters, and MIDI none that matters here.
    melody = rng.integers(55, 84, size=10_000)
    write_melody(melody, tmp_path / "long.mid", steps_per_quarter=4)
    (tmp_path / "short.abc").write_text("X:1\nM:4/4\nL:1/4\nK:C\nCDEF|\n")
    tunes = read_melodies(tmp_path, n_measures=None)
    assert tunes.measures == [625, 1]
    assert tunes.data[0].tolist() == melody.tolist()
    assert melody_lengths(tunes.data).tolist() == [10_000, 16]
    (tmp_path / "longer.abc").write_text("X:1\nM:4/4\nL:1/4\nK:C\n" + "C4|" * 4097)
    longer = read_melodies(tmp_path, n_measures=None)
    assert longer.measures == [625, 1]
    reason = "has 4097 measures, more than the 4096 that are read"
    assert [(r.kind, r.reason) for r in longer.rejected] == [("length", reason)]


# Other parameters


def test_other_parameters_hold_for_tunes_of_any_length(read):
    tunes = "CDEF|GABc|]", "DE^FG|]", "DE^FG|AB^cd|]", "C,,4|]"
    found = read(*tunes, key="D", duplicates="drop", pitch_range=(50, 90))
    # The third one is the first, a tone higher; the second only begins alike.
    assert found.measures == [2, 1]
    assert [r.kind for r in found.rejected] == ["duplicate", "range"]
    assert found.data[0].tolist() == [62, 64, 66, 67, 69, 71, 73, 74]
    assert found.data[1].tolist()[4:] == [END] * 4
    again = read(*tunes, *tunes[:2], duplicates="drop")
    assert [r.kind for r in again.rejected] == ["duplicate"] * 2
    grid = read("CDEF|", "C4|(3CDEF2|]", steps_per_quarter="auto")
    assert grid.steps_per_quarter == 3
    assert melody_lengths(grid.data).tolist() == [12, 24]


def test_a_folder_of_tunes_of_any_length(tmp_path):
    for name, melody in (("jigs", [60] * 4), ("reels", [60] * 12)):
        (tmp_path / name).mkdir()
        write_melody(melody, tmp_path / name / "x.abc", steps_per_quarter=1)
    tunes = load_folder(tmp_path, n_measures=(1, None), steps_per_quarter=1)
    assert tunes.measures == [1, 3]
    assert tunes.target.tolist() == [0, 1]
    moved = transpositions(tunes.data, semitones=[2]).data
    assert moved[0].tolist() == [62] * 4 + [END] * 8


# Against windows of a given length, and a plain count


LENGTH = st.one_of(st.just(4), st.integers(1, 5))


@settings(max_examples=200)
@given(
    lengths=st.lists(LENGTH, min_size=1, max_size=9),
    sounds=st.lists(st.booleans(), min_size=9, max_size=9),
    signs=st.lists(st.sampled_from(["|", "|", "|", ":|", "||", "|:"]), min_size=9),
    options=st.fixed_dictionaries(
        {
            "pickup": st.sampled_from(["drop", "keep"]),
            "repeats": st.sampled_from(["written", "played"]),
        }
    ),
)
def test_a_whole_tune_is_the_window_of_its_length(
    tmp_path_factory, lengths, sounds, signs, options
):
    """For any bar lines, except for what follows from its being whole."""
    body = "".join(
        f"{'C' if sounds[i] else 'z'}{length}{signs[i]}"
        for i, length in enumerate(lengths)
    )
    path = tmp_path_factory.getbasetemp() / "whole.abc"
    path.write_text(f"X:1\nM:4/4\nL:1/4\nK:C\n{body}\n")
    options = {"steps_per_quarter": 1, "time_signature": "4/4", **options}
    try:
        whole = read_melodies(path, n_measures=None, **options)
    except ValueError:
        return
    row, n_measures = whole.data[0], whole.measures[0]
    check_melodies(row)
    assert len(row) == 4 * (n_measures + (options["pickup"] == "keep"))
    try:
        window = read_melodies(path, n_measures=n_measures, **options)
    except ValueError as error:
        # It would end at a bar line in its last measure, before all notes.
        is_cut = "has no notes in the first measure" in str(error) and n_measures == 1
        assert is_cut or ("fewer than n_measures" in str(error) and sum(lengths) % 4)
        return
    assert row[:-4].tolist() == window.data[0, :-4].tolist()
    assert whole.upbeats <= window.upbeats
    # A window may end at a bar line in its last measure, or with an upbeat to silence.
    if set(lengths) == {4} and not whole.warnings[0]:
        assert row.tolist() == window.data[0].tolist()


PART = st.lists(st.integers(1, 8), min_size=2, max_size=6)


@settings(max_examples=100)
@given(parts=st.lists(PART, min_size=1, max_size=5), pick_up=st.integers(0, 3))
def test_measures_are_counted_as_they_are_written(tmp_path_factory, parts, pick_up):
    """Each part repeated, in 4/4, with the pick-up and short by it at its end."""
    bodies, n_written = [], 0
    for part in parts:
        bars = [f"{'CDEFGABc'[pitch - 1]}4" for pitch in part]
        bars[-1] = bars[-1][:1] + str(4 - pick_up)
        upbeat = f"G{pick_up}|" if pick_up else ""
        bodies.append(f"|:{upbeat}{'|'.join(bars)}:|")
        n_written += len(part)
    path = tmp_path_factory.getbasetemp() / "counted.abc"
    path.write_text("X:1\nM:4/4\nL:1/4\nK:C\n" + "\n".join(bodies) + "\n")
    for repeats, times in (("written", 1), ("played", 2)):
        options = {"n_measures": None, "steps_per_quarter": 1, "repeats": repeats}
        tunes = read_melodies(path, **options)
        assert tunes.measures == [times * n_written]
        pitches = tunes.data[0, ::4]
        scale = np.array([60, 62, 64, 65, 67, 69, 71, 72])
        expected = [p for part in parts for p in times * part]
        assert pitches.tolist() == scale[np.array(expected) - 1].tolist()


@pytest.mark.integration
@pytest.mark.parametrize("metre", ["4/4", "6/8"])
@pytest.mark.parametrize("repeats", ["written", "played"])
def test_real_tunes_begin_with_their_windows(metre, repeats):
    folders = [corpus_folder(name) for name in COLLECTIONS]
    options = {"time_signature": metre, "repeats": repeats}
    whole = read_melodies(folders, n_measures=(8, 32), **options)
    check_melodies(whole.data)
    per_measure = 16 if metre == "4/4" else 12
    lengths = per_measure * np.array(whole.measures)
    np.testing.assert_array_equal(melody_lengths(whole.data), lengths)
    assert np.isin(whole.measures, [8, 12, 16, 24, 32]).sum() > 900
    at = {source: i for i, source in enumerate(whole.sources)}
    n_compared = 0
    for n_measures in (8, 16, 32):
        window = read_melodies(folders, n_measures=n_measures, **options)
        n_steps = n_measures * per_measure
        # The last measure of a window that ends within a tune may lack an upbeat.
        n_alike = n_steps - per_measure
        for row, upbeat, source in zip(
            window.data, window.upbeats, window.sources, strict=True
        ):
            if source not in at:
                continue
            tune = whole.data[at[source]]
            n_compared += 1
            assert tune[:n_alike].tolist() == row[:n_alike].tolist(), source
            if whole.measures[at[source]] == n_measures:
                assert tune[:n_steps].tolist() == row.tolist(), source
                assert whole.upbeats[at[source]] == upbeat
    assert n_compared > 2000
    ends = np.array([row[row != END][-per_measure:] for row in whole.data])
    assert ((ends < N_PITCHES) | (ends == HOLD)).any(axis=1).all()


def texts_of(folders):
    """ABC of each tune by its source, without what music21 reads otherwise."""
    texts = {}
    for path in (path for folder in folders for path in folder.glob("*.abc")):
        for text in abc_texts(path):
            number = re.sub(r"\D", "", header_field(text, "X") or "")
            # It leaves out notes after a text in quotes or a fermata.
            lines = text.splitlines()
            texts[f"{path}#{number}"] = "\n".join(
                line if line[1:2] == ":" else re.sub(r'"[^"]*"|H', "", line)
                for line in lines
            )
    return texts


def measures_of_music21(text, bar):
    """Full measures of a tune, with the last of several endings."""
    from music21 import converter, spanner, stream

    part = converter.parse(text, format="abc", forceSource=True).parts[0]
    measures = list(part.getElementsByClass(stream.Measure))
    endings = sorted(
        (min(measures.index(m) for m in ending), ending.number)
        for ending in part.recurse().getElementsByClass(spanner.RepeatBracket)
    )
    left_out = set()
    for (start, number), (next_start, next_number) in pairwise(endings):
        if next_number > number:  # the end that music21 states may be too early
            left_out |= set(range(start, next_start))
    lengths = [float(m.highestTime) for m in measures]
    lengths[0] *= lengths[0] == bar  # a pick-up
    kept = [length for i, length in enumerate(lengths) if i not in left_out]
    return ceil(sum(kept) / bar - 1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(("metre", "bar"), [("4/4", 4), ("6/8", 3)])
def test_music21_counts_as_many_measures(metre, bar, rng):
    folders = [corpus_folder(name) for name in COLLECTIONS]
    texts = texts_of(folders)
    tunes = read_melodies(folders, time_signature=metre, n_measures=None)
    found = dict(zip(tunes.sources, tunes.measures, strict=True))
    sources = rng.permutation(sorted(set(found) & set(texts)))[:100]
    differ = [
        (source, found[source], n_measures)
        for source in sources
        if (n_measures := measures_of_music21(texts[source], bar)) != found[source]
    ]
    assert not differ
