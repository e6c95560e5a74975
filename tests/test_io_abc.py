"""The rules of reading ABC, each on a tune of a line or two."""

import numpy as np
import pytest

from sklearn_c2c.io import read_melodies
from sklearn_c2c.melody import HOLD, REST

_ = HOLD


@pytest.fixture
def read(tmp_path):
    """Read the body of a tune in quarter-note steps, or with what is said."""

    def read(body, header="M:4/4\nL:1/4\nK:C", **options):
        path = tmp_path / "tune.abc"
        path.write_text(f"X:1\nT:Tune\n{header}\n{body}\n", encoding="utf-8")
        options = {"n_measures": 1, "steps_per_quarter": 1} | options
        return read_melodies(path, **options)

    return read


@pytest.fixture
def row(read):
    return lambda *args, **options: read(*args, **options).data[0].tolist()


@pytest.fixture
def reason(read):
    """Read a tune beside a good one, and return why it was left out."""
    good = "CDEF|GABc|CDEF|GABc|\n"

    def reason(body, header="M:4/4\nL:1/4\nK:C", **options):
        both = f"{body}\n\nX:2\nT:Good\nM:4/4\nL:1/4\nK:C\n{good}"
        rejected = read(both, header, **({"time_signature": "4/4"} | options)).rejected
        assert [r.title for r in rejected] == ["Tune"]
        assert rejected[0].source.endswith("tune.abc#1")
        return rejected[0].reason

    return reason


def test_pitches_octaves_lengths_and_rests(row):
    assert row("C,CCcc'zz2|", "M:4/4\nL:1/8\nK:C", steps_per_quarter=2) == [
        *(48, 60, 60, 72, 84, REST, REST, REST),
    ]
    assert row("C/D3/2E//F3//G|", steps_per_quarter=4) == [
        *(60, _, 62, _, _, _, _, _, 64, 65, _, _, 67, _, _, _)
    ]


def test_pick_up_is_left_out(row):
    assert row("G|CDEF|GABc|") == [60, 62, 64, 65]


def test_a_note_tied_from_the_pick_up_sounds_from_the_first_step(row):
    assert row("G-|GDEF|") == [67, 62, 64, 65]


def test_ties_are_joined_and_slurs_are_not(row):
    assert row("C2-CD-|D(E-F)G|", n_measures=2) == [60, _, _, 62, _, 64, 65, 67]


def test_grace_notes_decorations_and_spacers_are_dropped(row):
    assert row('{gf}C !trill!~.D "Am"y2 uE ("^slow"TF)|') == [60, 62, 64, 65]


def test_broken_rhythm(row):
    steps = row("C>D E<F C>>D E2|", "M:4/4\nL:1/8\nK:C", steps_per_quarter=4)
    assert steps[:8] == [60, _, _, 62, 64, 65, _, _]
    assert row("C>>DE2F2G2|", "M:4/4\nL:1/8\nK:C", steps_per_quarter=8)[:8] == [
        *(60, _, _, _, _, _, _, 62)
    ]


def test_accidentals_last_to_the_bar_line_in_all_octaves(row):
    assert row("^FGFf|FGFG|", n_measures=2)[:5] == [66, 67, 66, 78, 65]
    assert row("^F=FFF|") == [66, 65, 65, 65]
    assert row("__B^^cBc|") == [69, 74, 69, 74]


def test_an_accidental_goes_on_through_a_tie_and_no_further(row):
    assert row("CDE^F-|FFFF|", n_measures=2) == [60, 62, 64, 66, _, 65, 65, 65]


@pytest.mark.parametrize(
    ("key", "pitches"),
    [
        ("D", [66, 61, 71]),
        ("Dmix", [66, 60, 71]),
        ("F", [65, 60, 70]),
        ("Gm", [65, 60, 70]),
        ("A dorian", [66, 60, 71]),
        ("C ^c", [65, 61, 71]),
        ("Dmix=f", [65, 60, 71]),
        ("Hp", [66, 61, 71]),
        ("C clef=bass", [65, 60, 71]),
        ("none", [65, 60, 71]),
    ],
)
def test_key_signatures(row, key, pitches):
    assert row("FCB|", f"M:3/4\nL:1/4\nK:{key}") == pitches


def test_key_metre_and_unit_change_within_a_tune(row):
    assert row("F [K:D] F2 [K:C] F|") == [65, 66, _, 65]
    assert row("FFFF|\nK:D\nFFFF|", n_measures=2)[4:] == [66] * 4
    assert row("CC [L:1/2] C|") == [60, 60, 60, _]
    assert row("C4|[M:2/4]C2|") == [60, _, _, _]


def test_a_change_of_metre_within_the_window_is_a_reason(reason):
    assert "changes metre to 2/4 in measure 2" in reason("C4|[M:2/4]C2|", n_measures=2)


def test_measures_of_rest(row):
    assert row("C4|Z2|D4|", n_measures=4) == [60, _, _, _, *[REST] * 8, 62, _, _, _]


def test_triplets_are_rounded_to_the_nearest_step(row):
    header = "M:2/4\nL:1/8\nK:C"
    assert row("(3CDE F2|", header, steps_per_quarter=4) == [60, 62, _, 64, 65, _, _, _]
    # Onsets at 0, 2/3, 4/3 and 2 steps: two fall on step 1, equally near.
    assert row("(3C/D/E/ F F2|", header, steps_per_quarter=4) == [
        *(60, 62, 65, _, 65, _, _, _)
    ]


def test_other_tuplets(row):
    assert row("(3:2:2C2D E2|", steps_per_quarter=3) == [
        *(60, _, _, _, 62, _, 64, _, _, _, _, _)
    ]
    assert row("(2CD EFG|", "M:6/8\nL:1/8\nK:C", steps_per_quarter=4) == [
        *(60, _, _, 62, _, _, 64, _, 65, _, 67, _)
    ]


def test_off_grid_notes_can_be_a_reason(reason):
    assert "0.333333 quarter notes" in reason("(3C/D/E/ FGA|", off_grid="reject")


def test_repeats_written_take_the_last_ending_and_played_take_all(row):
    tune = "|:C4|1D4:|2E4||F4|"
    assert row(tune, n_measures=3)[::4] == [60, 64, 65]
    assert row(tune, n_measures=5, repeats="played")[::4] == [60, 62, 60, 64, 65]
    tune = "C4:|:D4::E4:|"
    assert row(tune, n_measures=3)[::4] == [60, 62, 64]
    played = row(tune, n_measures=6, repeats="played")[::4]
    assert played == [60, 60, 62, 62, 64, 64]
    tune = "|:C4|[1,3 D4:|[2 E4:|[4F4|]"
    assert row(tune, n_measures=2)[::4] == [60, 65]
    played = row(tune, n_measures=8, repeats="played")[::4]
    assert played == [60, 62, 60, 64, 60, 62, 60, 65]
    assert row("|::C4::|", n_measures=3, repeats="played")[::4] == [60] * 3


def test_a_tie_into_an_ending_not_taken_ends_at_the_bar(row):
    assert row("|:C3D-|1D4:|2E4|", n_measures=2) == [60, _, _, 62, 64, _, _, _]


def test_a_short_measure_completed_by_the_next_is_whole(row):
    assert row("G|C4|DEF:|G|ABcd|", n_measures=3)[4:8] == [62, 64, 65, 67]


def test_a_sign_over_a_bar_line_takes_no_time(row):
    assert row("CDEF Hx|", header="M:4/4\nL:1/4\nK:C") == [60, 62, 64, 65]
    assert row("CDEx|") == [60, 62, 64, REST]


def test_the_last_measure_may_lack_the_pick_up(row):
    assert row("G|CDEF|GAB|]", n_measures=2) == [60, 62, 64, 65, 67, 69, 71, _]
    # The part ends there; the next has no pick-up.
    assert row("G|CDEF|GAB:|\nc4|", n_measures=2)[4:] == [67, 69, 71, _]


def test_a_bar_line_left_out_at_the_end_of_a_line(row):
    assert row("CDEF\nGABc|", n_measures=2) == [60, 62, 64, 65, 67, 69, 71, 72]


@pytest.mark.parametrize(
    ("body", "options", "words"),
    [
        ("CDEFG|ABcd|", {}, "measure 1 after the pick-up lasts 5 quarter notes, too"),
        ("CDEF|GA|Bcde|", {"n_measures": 2}, "measure 2 after the pick-up lasts 2"),
        ("CDEF|GABc|", {"n_measures": 3}, "has 2 measures, fewer than n_measures=3"),
        ("G|CDEF|", {"n_measures": 2}, "has 1 measures after the pick-up"),
        ("CD|", {}, "no full measure of 4/4"),
        ("CD@F|", {}, "in measure 1 '@F|' is not understood"),
        ('CD"EF|', {}, "not understood"),
        ("C/0DEF|", {}, "length"),
        ("CDEF&GABc|", {}, "not understood"),
        ("+CEG+DEF|", {}, "not understood"),
        ("[K:Zzz]CDEF|", {}, "'Zzz'; expected a tonic"),
        ("[K:GM]CDEF|", {}, "'GM'; expected a tonic"),
        ("[K:D foo=1]CDEF|", {}, "'D foo=1'; expected a tonic"),
        ("[M:4/0]CDEF|", {}, "'4/0'; expected beats"),
        ("[L:1/0]CDEF|", {}, "no unit note length"),
        ("[K:C octave=1]CDEF|", {}, "moves the written pitch"),
        (">CDEF|", {}, "has no note before it"),
        ("[CEG]4|", {}, "several notes sound together 0 quarter notes"),
        ("[V:1]CDEF|\n[V:2]GABc|", {}, "has 2 parts, '1', '2'; pass part="),
        ("C4|[99D4|", {}, "the ending"),
        ("C4,,,,,,,,|", {}, "not understood"),
        ("C,,,,,,,,4|", {}, "no MIDI pitch"),
        ("", {}, "has no notes"),
    ],
)
def test_what_cannot_be_read_is_a_reason(reason, body, options, words):
    assert words in reason(body, **options)


def test_a_tune_without_metre_is_taken_as_told(read, row):
    assert row("CDEF|", "L:1/4\nK:C", time_signature="4/4") == [60, 62, 64, 65]
    with pytest.raises(ValueError, match="states no metre; pass time_signature="):
        read("CDEF|", "L:1/4\nK:C")


def test_chords_can_be_read_by_their_highest_note(row):
    assert row("[CEG]2 [c_E]2|", chords="highest") == [67, _, 72, _]


def test_a_part_can_be_chosen(row, read):
    tune = "[V:up]CDEF|\n[V:low]C,4|"
    assert row(tune, part="low") == [48, _, _, _]
    assert row(tune, part=0) == [60, 62, 64, 65]
    with pytest.raises(ValueError, match="has no part 'x', only 'up', 'low'"):
        read(tune, part="x")


def test_cut_time_counts_as_common_time(read):
    both = "C8|\n\nX:2\nM:C|\nL:1/8\nK:C\nD8|\n\nX:3\nM:4/4\nL:1/8\nK:C\nE8|"
    melodies = read(both, "M:C\nL:1/8\nK:C")
    assert melodies.time_signature == "4/4"
    assert melodies.data[:, 0].tolist() == [60, 62, 64]


def test_the_most_frequent_metre_is_taken(read):
    jig = "M:6/8\nL:1/8\nK:C\nCDEFGA|"
    melodies = read(f"CDEF|\n\nX:2\nT:a\n{jig}\n\nX:3\nT:b\n{jig}", steps_per_quarter=4)
    assert melodies.time_signature == "6/8"
    assert melodies.data.shape == (2, 12)
    assert melodies.titles == ["a", "b"]
    assert melodies.rejected[0].reason == "is in 4/4, not in 6/8"


def test_transposing_to_a_tonic_keeps_the_mode(row):
    assert row("GABc|", "M:4/4\nL:1/4\nK:G", key="D")[0] == 62
    assert row("ABcd|", "M:4/4\nL:1/4\nK:Am", key="D") == [74, 76, 77, 79]
    assert row("^GABc|", "M:4/4\nL:1/4\nK:Ab", key="D")[0] == 74  # six semitones: up


def test_a_key_not_stated_is_estimated(read):
    melodies = read("GABc|de^fg|", "M:4/4\nL:1/4\nK:", n_measures=2)
    assert melodies.tonalities == ["G major"]


def test_the_time_step_can_be_found(read):
    melodies = read("CDEF|", steps_per_quarter="auto")
    assert melodies.steps_per_quarter == 1
    melodies = read("(3CDE F G/A/|", steps_per_quarter="auto")
    assert melodies.steps_per_quarter == 6
    assert "greatest common divisor" in melodies.DESCR
    with pytest.raises(ValueError, match="lie on no grid"):
        read("(9C/D/E/F/G/A/B/c/d/ (7C/D/E/F/G/A/B/ EF|", steps_per_quarter="auto")


def test_pitch_range(read):
    both = "CDEF|\n\nX:2\nT:Good\nM:4/4\nL:1/4\nK:C\nDEFG|"
    melodies = read(both, pitch_range=(62, 67))
    assert melodies.titles == ["Good"]
    reason = melodies.rejected[0].reason
    assert reason == "spans C4 to F4, beyond the range D4 to G4"


def test_tempo_and_tonality_are_told(read):
    melodies = read("CDEF|", 'M:4/4\nL:1/4\nQ:"Lively" 3/8=80\nK:Ador')
    assert melodies.tempos == [120.0]
    assert melodies.tonalities == ["A dorian"]


def test_latin_1_and_windows_line_ends(tmp_path):
    path = tmp_path / "old.abc"
    path.write_bytes("X:1\r\nT:Süß\r\nM:4/4\r\nK:C\r\nC8|\r\n".encode("latin-1"))
    melodies = read_melodies(path, n_measures=1)
    assert melodies.titles == ["Süß"]


def test_a_blank_line_ends_a_tune(row, reason):
    assert "has 1 measures" in reason("CDEF|\n\nGABc|", n_measures=2)


def test_fields_of_a_book_hold_for_its_tunes(tmp_path):
    path = tmp_path / "book.abc"
    path.write_text("M:3/4\nL:1/4\n\nX:1\nK:C\nCDE|\n\nX:2\nK:C\nFGA|\n")
    melodies = read_melodies(path, n_measures=1, steps_per_quarter=1)
    assert np.array_equal(melodies.data, [[60, 62, 64], [65, 67, 69]])
