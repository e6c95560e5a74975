"""The rules of reading ABC, each on a tune of a line or two."""

import numpy as np
import pytest

from sklearn_c2c.io import read_melodies
from sklearn_c2c.io._abc_text import music_of
from sklearn_c2c.melody import HOLD, REST

_ = HOLD


@pytest.fixture
def read(tmp_path):
    """Read the body of a tune in quarter-note steps, or with the given parameters."""

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


def test_accidentals_last_over_a_line_end_that_stands_for_a_bar_line(row):
    assert row("^FGAB\nFGf2|F4|", n_measures=3)[4:] == [66, 67, 78, _, 65, _, _, _]
    assert row("^FGAB\n=F4|^FGAB|\nF4|", n_measures=4)[4::8] == [65, 65]


@pytest.mark.parametrize("between", ["\n", "|", "|\n"])
def test_the_sign_of_a_tie_may_stand_after_a_line_end_or_a_bar_line(row, between):
    assert row(f"CDE^F{between}-FFGA|", n_measures=2)[3:6] == [
        66,
        _,
        65 + (between == "\n"),
    ]
    assert row(f"CDEF{between}-GAGA|", n_measures=2)[3:5] == [65, 67]
    assert row(f"CDEz{between}-EAGA|", n_measures=2)[2:5] == [64, REST, 64]
    assert row(f"CD[EG]2{between}-[EG]4|", n_measures=2, chords="highest")[2:] == (
        [67, _, _, _, _, _]
    )


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
        # With exp there are no other accidentals than those named.
        ("D exp ^f", [66, 60, 71]),
        ("Dexp^f", [66, 60, 71]),
        ("D exp _B _e ^f", [66, 60, 70]),
        ("D exp ^f_b", [66, 60, 70]),
        ("D exp ^f, ^c, =b", [66, 61, 71]),
        ("D exp", [65, 60, 71]),
        ("D exp none", [65, 60, 71]),
        ("D none", [66, 61, 71]),
        ("D clef=none", [66, 61, 71]),
        ("none clef=none", [65, 60, 71]),
        ("B min.", [66, 61, 71]),
        ("D major,", [66, 61, 71]),
        ("B-minor", [66, 61, 71]),
        ("D-dor ^c", [65, 61, 71]),
        ("exp ^c", [65, 61, 71]),
        ("^c ^f", [66, 61, 71]),
        ("D Phr ^f", [66, 60, 70]),
        ("D maj =c", [66, 60, 71]),
        ("D ^^f __c", [67, 58, 71]),
        # Settings of print or of strings are not part of the key.
        ("D clef=bass", [66, 61, 71]),
        ("bass D", [66, 61, 71]),
        ("D treble", [66, 61, 71]),
        ("D alto1 m=B", [66, 61, 71]),
        ("D m=d", [66, 61, 71]),
        ("D middle=d stafflines=5", [66, 61, 71]),
        ("D clef = tenor", [66, 61, 71]),
        ('D name="A bad cab"', [66, 61, 71]),
        ("D treble_8", [66, 61, 71]),
        ("D octave=0 transpose=0", [66, 61, 71]),
        # Some settings state that it sounds higher or lower than written.
        ("D clef=treble-8", [54, 49, 59]),
        ("D treble+8", [78, 73, 83]),
        ("D bass-15", [42, 37, 47]),
        ("D octave=-1", [54, 49, 59]),
        ("D octave=1 clef=treble-8", [66, 61, 71]),
        ("D transpose=-2", [64, 59, 69]),
        ("D t=-2", [64, 59, 69]),
    ],
)
def test_key_signatures(row, key, pitches):
    assert row("FCB|", f"M:3/4\nL:1/4\nK:{key}") == pitches


@pytest.mark.parametrize(
    "field",
    [
        *("clef=bass", "bass", " treble", "clef=treble m=B", "m=d", "middle=d"),
        *("octave=0", "stafflines=1", "transpose=0", 'clef="alto"', "style=x"),
    ],
)
def test_a_field_without_a_key_leaves_the_key_as_it_is(row, field):
    header = "M:4/4\nL:1/4\nK:D"
    assert row(f"FGAB|[K:{field}]FGAB|", header, n_measures=2)[4:] == [66, 67, 69, 71]
    assert row(f"FGAB|\nK:{field}\nFGAB|", header, n_measures=2)[4] == 66
    assert row("FGAB|", f"{header}\nK:{field}") == [66, 67, 69, 71]
    assert row("FGAB|[K:]FGAB|", header, n_measures=2)[4] == 65


@pytest.mark.parametrize(
    ("field", "tonality"),
    [
        ("D exp ^f ^c", "D major"),
        ("D exp ^f", "D mixolydian"),
        ("D exp _b", "D minor"),
        ("D exp _B _e ^f", "D phrygian"),
        ("D =c", "D mixolydian"),
        ("D Phr ^f", "D phrygian"),
        ("A minor ^g", "A minor"),
        ("D transpose=-2", "C major"),
        ("Em transpose=3", "G minor"),
        ("D octave=-1", "D major"),
        ("D transpose=12", "D major"),
    ],
)
def test_the_tonality_is_that_of_what_sounds(read, field, tonality):
    assert read("DDAD|", f"M:4/4\nL:1/4\nK:{field}").tonalities == [tonality]


def test_the_tonality_of_voices_that_are_not_in_one_is_estimated(read):
    tune = "V:1\nCEGc|\nV:2 transpose=2\nDFAd|"
    header = "M:4/4\nL:1/4\nK:none"
    assert read(tune, header, part="1").data[0].tolist() == [60, 64, 67, 72]
    assert read(tune, header, part="2").data[0].tolist() == [64, 67, 71, 76]
    same = tune.replace("V:1", "V:1 transpose=2")
    assert read(same, header.replace("none", "Dm"), part=0).tonalities == ["E minor"]


@pytest.mark.parametrize(
    ("field", "metre"),
    [
        *(("4/4", "4/4"), ("C", "4/4"), ("c", "4/4"), ("C|", "4/4"), ("C |", "4/4")),
        *((" 4 / 4 ", "4/4"), ("c|", "4/4"), ("4/4=C", "4/4"), ("C=2/2", "4/4")),
        *(("6/8", "6/8"), ("2+3/8", "5/8"), ("(3 + 2) / 8", "5/8"), ("12/8", "12/8")),
        *(
            ("none", None),
            ("free", None),
            ("Free", None),
            ("", None),
            ("FREI4/4", None),
        ),
    ],
)
def test_metres(read, field, metre):
    header = f"M:{field}\nL:1/8\nK:C"
    body = (
        "C12|"
        if metre in (None, "12/8")
        else f"C{ {'5/8': 5, '6/8': 6}.get(metre, 8) }|"
    )
    if metre:
        assert read(body, header, steps_per_quarter=2).time_signature == metre
    else:
        with pytest.raises(ValueError, match="states no metre"):
            read(body, header)
        told = read(body, header, steps_per_quarter=2, time_signature="12/8")
        assert told.data.shape == (1, 12)


@pytest.mark.parametrize("unit", ["1/4", " 1 / 4", "1/4=c", "1/4 = 120"])
def test_unit_note_lengths(row, unit):
    assert row("CDEF|", f"M:4/4\nL:{unit}\nK:C") == [60, 62, 64, 65]


def test_fields_of_a_voice_stay_its_own(row):
    tune = "V:1\nC8|[L:1/4]C4|\nV:2\nCDEF|GABc|"
    header = "M:2/4\nL:1/8\nK:C"
    steps = row(tune, header, part="2", steps_per_quarter=2, n_measures=2)
    assert steps == [60, 62, 64, 65, 67, 69, 71, 72]
    tune = "V:1\nCDEF|[M:3/4]GAB|\nV:2\nCDEF|[M:3/4]GAB|"
    assert row(tune, part="2") == [60, 62, 64, 65]
    tune = "V:1\n[K:D]FFFF|\nV:2\nFFFF|\nV:1\nFFFF|"
    assert row(tune, part="2") == [65] * 4
    assert row(tune, part="1", n_measures=2) == [66] * 8
    tune = "V:1 clef=treble-8\nCDEF|\nV:2\nCDEF|\nV:3 octave=1 middle=d\nCDEF|"
    assert [row(tune, part=i)[0] for i in range(3)] == [48, 60, 72]
    tune = "[V:1][L:1/2]CD|[V:2]CDEF|[V:1]EF|[V:2]CDEF|"
    assert row(tune, part="1", n_measures=2)[::2] == [60, 62, 64, 65]
    assert row(tune, part="2") == [60, 62, 64, 65]


def test_fields_before_any_note_hold_for_all_voices(row):
    header = 'M:4/4\nL:1/8\nV:1 name="S"\nV:2 clef=treble-8 name="T"\nK:C'
    tune = "L:1/4\nK:D\nV:1\nFGAB|\nV:2\nF4|"
    assert row(tune, header, part="1") == [66, 67, 69, 71]
    assert row(tune, header, part="2") == [54, _, _, _]


def test_a_dotted_bar_line_divides_a_measure(row):
    assert row("C D .| E F|G A B c|", n_measures=2)[:4] == [60, 62, 64, 65]
    assert row("C D E F.|G A B c.|", n_measures=2)[4] == 67
    assert row("^FG.|FG|F4|", n_measures=2)[:5] == [66, 67, 66, 67, 65]


@pytest.mark.parametrize(
    "sign",
    [
        *("!D.C.!", "!D.C.alfine!", "!D.C. al Fine!", "! D.S. al Coda!", "!dacapo!"),
        *("!Fine!", "!>!", "!5!", "+D.C.+", "+D.S. al coda+", "+trill+", "+fermata+"),
        *(
            "+5+",
            "+>+",
            "~",
            "H",
            "!da capo!",
            "!to coda!",
            "\u201cG\u201d",
            "\u201eslow\u201c",
        ),
    ],
)
def test_signs_are_no_notes(row, sign):
    assert row(f"C{sign}DEF|", n_measures=1) == [60, 62, 64, 65]
    assert row(f"CDEF{sign}|GABc|", n_measures=2)[4:] == [67, 69, 71, 72]


def test_smart_punctuation_of_word_processors(row):
    assert row("c\u2019 C2 E\u2013|E4|", n_measures=2) == [84, 60, _, 64, *[_] * 4]


def test_a_sign_over_the_bar_line_of_a_measure_that_lacks_the_pick_up(row):
    header = "M:4/4\nL:1/8\nK:C"
    tune = "Bd|c8|G4G2Hx||GA|B8|"
    steps = row(tune, header, n_measures=3, steps_per_quarter=2)
    assert steps[8:] == [67, _, _, _, 67, _, 67, 69, 71, *[_] * 7]
    tune = 'B|c8|G4G3"D.C."x|]'
    assert row(tune, header, n_measures=2, steps_per_quarter=2)[8:] == [
        *(67, _, _, _, 67, _, _, _),
    ]
    # A rest that fills the measure is one.
    assert row("c8|G4G3Hx||", header, n_measures=2, steps_per_quarter=2)[-1] == REST


@pytest.mark.parametrize("end", ["|", "\n|", " [1 |"])
def test_a_bar_line_after_the_end_of_a_measure_whose_last_rest_has_a_sign(row, end):
    steps = row(f"CDEHx{end}CDEF|", "M:4/4\nL:1/4\nK:C", n_measures=2)
    assert steps == [60, 62, 64, REST, 60, 62, 64, 65]


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
    tuplet = "(3C/D/E/ FGA|"
    assert "has a note in measure 1 that" in reason(tuplet, off_grid="reject")
    # Measures of silence before the first note are left out, and counted.
    assert "has a note in measure 3 that" in reason(
        f"z4|z4|{tuplet}", off_grid="reject"
    )


def test_a_tie_after_a_rest_ties_nothing(row):
    # The accidental of the C is not carried over the bar line, as a tie would.
    assert row("DE^Cz-|C4|", n_measures=2)[4] == 60
    assert row("DEz^C-|C4|", n_measures=2)[4:] == [HOLD] * 4


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
        ("CDEFG|ABcd|", {}, "measure 1 lasts 5/4, more than 4/4"),
        (
            "CDEF|GA|Bcde|",
            {"n_measures": 2},
            "measure 2 lasts 2/4, and the next does",
        ),
        ("CDEF|GABc|", {"n_measures": 3}, "has 2 measures, fewer than n_measures=3"),
        ("G|CDEF|", {"n_measures": 2}, "has 1 measure after the pick-up"),
        ("CD|", {}, "no full measure of 4/4"),
        ("CD}F|", {}, "in measure 1 '}F|' is not understood"),
        ('CD"EF|', {}, "not understood"),
        ("C/0DEF|", {}, "length"),
        ("CDEF&GABc|", {}, "not understood"),
        ("+CEG+DEF|", {}, "not understood"),
        ("[K:Zzz]CDEF|", {}, "'Zzz'; expected a tonic"),
        ("[K:GM]CDEF|", {}, "'GM'; expected a tonic"),
        ("[K:D foo=1]CDEF|", {}, "'D foo=1'; expected a tonic"),
        ("[M:4/0]CDEF|", {}, "'4/0'; expected beats"),
        ("[L:1/0]CDEF|", {}, "no unit note length"),
        ("[K:C octave=x]CDEF|", {}, "octave=x; expected a whole number"),
        ("[K:C shift=cd]CDEF|", {}, "moves the written pitch by shift="),
        ("[K:D exp ^h]CDEF|", {}, "'D exp ^h'; expected a tonic"),
        ("[K:D ^/f]CDEF|", {}, "'D ^/f'; expected a tonic"),
        ("C> >DEF|", {}, "'>' has no note between it and the one before"),
        ("%%begintext\nC D E F|", {}, "has a %%begintext that no %%endtext ends"),
        ("+ceg+DEF|", {}, "not understood"),
        ("+fa+DEF|", {}, "not understood"),
        ("+a+DEF|", {}, "not understood"),
        ("(1:2:2CDEF|", {}, "the tuplet '(1:2:2' is"),
        ("(12:0:12CDEF|", {}, "the tuplet '(12:0:12' is"),
        ("[K:D-]CDEF|", {}, "'D-'; expected a tonic"),
        ("[K:B-flat]CDEF|", {}, "'B-flat'; expected a tonic"),
        ("[I:propagate-accidentals no]CDEF|", {}, "with not, octave or pitch"),
        ("CDEF|\n%%MIDI rtranspose 2\nGABc|", {}, "'MIDI rtranspose 2'; expected"),
        ("CDEF|\n%%MIDI transpose x\nGABc|", {}, "'MIDI transpose x'; expected"),
        ("CDEF|", {"header": "M:4/4\nL:1/4\nK:C clef=perc"}, "has no notes"),
        ("G .| CDEF|", {}, "lasts 5/4"),
        (">CDEF|", {}, "has no note before it"),
        ("[CEG]4|", {}, "several notes sound together in measure 1;"),
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
    assert "has 1 measure," in reason("CDEF|\n\nGABc|", n_measures=2)


TUNE = "X:1\nT:{}\nM:4/4\nL:1/4\nK:C\nCDEF|\n"


@pytest.mark.parametrize(
    "encoding",
    [
        *("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"),
        *("latin-1", "cp1252"),
    ],
)
def test_encodings(tmp_path, encoding):
    path = tmp_path / "old.abc"
    path.write_bytes(
        TUNE.format("\u00e9t\u00e9").replace("\n", "\r\n").encode(encoding)
    )
    melodies = read_melodies(path, n_measures=1, steps_per_quarter=1)
    assert melodies.titles == ["\u00e9t\u00e9"]
    assert melodies.data[0].tolist() == [60, 62, 64, 65]


def test_quotation_marks_of_windows_and_letters_of_dos(tmp_path):
    path = tmp_path / "old.abc"
    path.write_bytes(
        b"%\x93\n" + TUNE.format("").encode().replace(b"T:", b"T:Tom\x92s")
    )
    assert read_melodies(path, n_measures=1).titles == ["Tom\u2019s"]
    path.write_bytes(TUNE.format("").encode().replace(b"T:", b"T:M\x81hle, sch\x94n"))
    assert read_melodies(path, n_measures=1).titles == ["M\u00fchle, sch\u00f6n"]
    path.write_text("%%abc-charset iso-8859-2\n" + TUNE.format("\u0160"), "iso-8859-2")
    assert read_melodies(path, n_measures=1).titles == ["\u0160"]


@pytest.mark.parametrize(
    ("written", "title"),
    [
        (r"L\'et\"e &eacute; &amp; \u00e9", "L\u00e9t\u00eb \u00e9 & \u00e9"),
        (r"\`a\^o\~n\,c\vs\HO", "\u00e0\u00f4\u00f1\u00e7\u0161\u0150"),
        (r"\cC\cc\cd", "\u00c7\u00e7\\cd"),
        (r"\AA\o\/o\ss\AE", "\u00c5\\o\u00f8\u00df\u00c6"),
        (r"caf\351 \U0001d11e", "caf\u00e9 \U0001d11e"),
        (r"100 \% \& \\\\", "100 % & \\\\"),
        (r"&#8217;&#x41;&nothing; R&B", "\u2019A&nothing; R&B"),
        (r"\ud800 \U99999999", "\ufffd \\U99999999"),
        (r"a\033[2Jb\u0007", "a [2Jb"),
    ],
)
def test_accents_and_entities_in_titles(tmp_path, written, title):
    path = tmp_path / "title.abc"
    path.write_text(TUNE.format(written), encoding="utf-8")
    assert read_melodies(path, n_measures=1).titles == [title]


@pytest.mark.parametrize("kind", ["text", "ps", "svg"])
def test_blocks_of_words_are_no_music(row, kind):
    words = "K: not a key\n\nX:7\nA bad cab, played. See p. 3!"
    block = f"%%begin{kind}\n{words}\n%%end{kind}\n"
    notes = "CDEF|\n%%text Dead\nGABc|"
    assert row(block + notes, n_measures=2) == [60, 62, 64, 65, 67, 69, 71, 72]
    assert row(f"CDEF|\n{block}GABc|", n_measures=2)[4:] == [67, 69, 71, 72]
    assert row(notes, block + "M:4/4\nL:1/4\nK:C", n_measures=2)[4:] == [67, 69, 71, 72]


def test_a_tune_on_a_web_page(tmp_path):
    path = tmp_path / "page.abc"
    options = {"n_measures": 2, "steps_per_quarter": 2}
    music = "CDEF|\nG&gt;A B&lt;c|"
    tune = TUNE.format("R&amp;B").replace("CDEF|", music)
    for page in (
        f"<pre>\n{tune}</pre>\n",
        f"<!DOCTYPE html>\n<html><body><p>Words</p>\n<pre class='abc'>{tune}</pre>"
        f"<p>Back to A bad cab</p></body></html>",
        tune.replace("\n", "<br>\n") + "<a href='x'>Dead</a>",
        tune.replace("C\nC", "C\n<p>\nC") + "</pre>\nDead\n",
    ):
        path.write_text(page.replace("<a href='x'>Dead</a>", "</pre>Dead"))
        melodies = read_melodies(path, **options)
        steps = [60, _, 62, _, 64, _, 65, _, 67, _, _, 69, 71, 72, _, _]
        assert melodies.titles == ["R&B"]
        assert melodies.data[0].tolist() == steps


def test_a_broken_rhythm_is_no_tag():
    tune = TUNE.format("R&amp;B").replace("CDEF", "G<abc>d A<b>c p<a c=d>e")
    assert music_of(tune) == tune


def test_text_files_that_hold_abc(tmp_path):
    (tmp_path / "tune.txt").write_text(TUNE.format("A"))
    (tmp_path / "UPPER.TXT").write_bytes(TUNE.format("B").encode("utf-16"))
    (tmp_path / "readme.txt").write_text("Key: A\nThe spot is marked by X:\n")
    (tmp_path / "words.txt").write_text("K:C\n")
    melodies = read_melodies(tmp_path, n_measures=1)
    assert melodies.titles == ["B", "A"]
    assert melodies.rejected == []
    # A part that is named is read, or rejected for its content.
    with pytest.raises(ValueError, match="no ABC tune"):
        read_melodies(tmp_path / "readme.txt")
    book = "\n".join(TUNE.format(i) for i in range(1000))
    (tmp_path / "tune.txt").write_text(book)
    assert len(read_melodies(tmp_path / "tune.txt", n_measures=1).data) == 1000


def test_fields_of_a_book_hold_for_its_tunes(tmp_path):
    path = tmp_path / "book.abc"
    path.write_text("M:3/4\nL:1/4\n\nX:1\nK:C\nCDE|\n\nX:2\nK:C\nFGA|\n")
    melodies = read_melodies(path, n_measures=1, steps_per_quarter=1)
    assert np.array_equal(melodies.data, [[60, 62, 64], [65, 67, 69]])


def test_the_name_of_a_voice_is_that_of_its_part(row, reason):
    two = "V:1 name={}\nCDEF|\nV:2 nm={}\ncdef|"
    tune = two.format('"Melody"', "Strings")
    for part in ("melody", "Melody", "1", 0):
        assert row(tune, part=part) == [60, 62, 64, 65]
    for part in ("Strings", "2", 1):
        assert row(tune, part=part) == [72, 74, 76, 77]
    header = 'M:4/4\nL:1/4\nV:1 nm="Vocal"\nV:2 name="Flute II\\nharmony"\nK:C'
    assert row("[V:1]CDEF|[V:2]cdef|", header, part="melody")[0] == 60
    assert row("[V:1]CDEF|[V:2]cdef|", header, part="Flute II harmony")[0] == 72
    assert "has 2 parts, 'Melody' ('1'), 'Strings' ('2'); pass" in reason(tune)
    # An id counts like a name, and takes precedence over the name of another part.
    assert row("V:melody nm=Fl.\nCDEF|\nV:2\ncdef|", part="melody")[0] == 60
    assert row("V:Lead nm=Fl.\nCDEF|\nV:2\ncdef|", part="melody")[0] == 60
    assert row(two.format("2", "1"), part="1")[0] == 60
    # The name given first stays.
    assert row(f"{tune}\nV:1 nm=Mel.\nGABc|", part="Melody", n_measures=2)[4] == 67


@pytest.mark.parametrize(
    ("value", "pitches"),
    [
        ("not", [66, 65, 77, 65]),
        ("octave", [66, 66, 77, 66]),
        ("Octave % of it", [66, 66, 77, 66]),
        ("pitch", [66, 66, 78, 66]),
    ],
)
def test_how_far_accidentals_apply_can_be_told(row, read, tmp_path, value, pitches):
    directive = f"%%propagate-accidentals {value}\n"
    body, header = "^FFfF|", "M:4/4\nL:1/4\nK:C"
    assert row(body, directive + header) == pitches
    assert row(body, directive.replace("%%", "I:") + header) == pitches
    inline = value.split()[0]
    assert row(f"[I:propagate-accidentals {inline}]{body}") == pitches
    assert row(f"F4|\n{directive}{body}", n_measures=2)[4:] == pitches
    (tmp_path / "book.abc").write_text(f"{directive}\nX:1\n{header}\n{body}\n")
    options = {"n_measures": 1, "steps_per_quarter": 1}
    book = read_melodies(tmp_path / "book.abc", **options)
    assert book.data[0].tolist() == pitches


def test_accidentals_that_apply_to_their_own_note_or_octave(row):
    header = "%%propagate-accidentals {}\nM:4/4\nL:1/4\nK:C".format
    not_further = row("^F2-FF|F[^FA]AF|", header("not"), n_measures=2, chords="highest")
    assert not_further == [66, _, _, 65, 65, 69, 69, 65]
    # F' and f are one pitch.
    assert row("^F'fFF,|", header("octave")) == [78, 78, 65, 53]
    assert row("^FFFF|FFFF|", header("octave"), n_measures=2)[3:5] == [66, 65]


def test_midi_transposition_is_what_sounds(row, read):
    header = "{}M:4/4\nL:1/4\nK:D".format
    for directive in ("%%MIDI transpose -2\n", "I:MIDI transpose -2\n"):
        melodies = read("DEFG|", header(directive))
        assert melodies.data[0].tolist() == [60, 62, 64, 65]
        assert melodies.tonalities == ["C major"]
    tune = "DEFG|[I:MIDI=transpose -2]DEFG|\n%%MIDI transpose 0\nDEFG|"
    assert row(tune, header(""), n_measures=3)[::4] == [62, 60, 62]
    both = read("DEFG|", header("%%MIDI transpose 12\n") + " transpose=-2")
    assert both.data[0, 0] == 72
    assert both.tonalities == ["C major"]
    # That of a voice moves no other one.
    voices = "[V:1]DEFG|\n[V:2]\n%%MIDI transpose -12\nDEFG|"
    assert [row(voices, part=i)[0] for i in range(2)] == [62, 50]
    head = "V:1\nV:2\n%%MIDI transpose -12\nV:3\nM:4/4\nL:1/4\nK:D"
    voices = "[V:1]DEFG|[V:2]DEFG|[V:3]DEFG|"
    assert [row(voices, head, part=i)[0] for i in range(3)] == [62, 50, 62]


def test_notes_under_a_clef_of_percussion_are_none(row):
    tune = "V:1\nCDEF|\nV:Drums {}\ncccc|".format
    for clef in ("clef=perc", "perc", "clef=percussion"):
        assert row(tune(clef)) == [60, 62, 64, 65]
    assert row("[V:1]CDEF|[V:2]cccc|", "V:2 perc\nM:4/4\nL:1/4\nK:C") == [
        60,
        62,
        64,
        65,
    ]
    changes = "CDEF|[K:perc]CD,,,,E[FA]|[K:clef=bass]GABc|"
    assert row(changes, n_measures=3)[3:9] == [65, *[REST] * 4, 67]


def test_notes_in_unison_are_one(row, reason):
    assert row("A[AA]Bc|") == [69, 69, 71, 72]
    assert row("[CC]-[CC]EF|") == [60, _, 64, 65]
    assert row("[CC-]CEF|") == [60, _, 64, 65]
    # So a voice of double strings is one voice.
    assert row("V:1\n[AA][AA][AA][AA]|\nV:2\nCDEF|", part="melody") == [69] * 4
    assert "in measure 2" in reason("[CC]DEF|[CE]DEF|", n_measures=2)


def test_a_line_that_begins_with_a_note_and_a_repeat_sign(row):
    header = "M:4/4\nL:1/1\nK:C"
    assert row("C|D|\ne:|\nF|", header, n_measures=4)[8] == 76
    assert row("C|D|\nE::\nF|", header, n_measures=4)[8] == 64
    assert row("C|D|\nw:| la\nF|", header, n_measures=3)[8] == 65


def test_music_before_the_first_voice_is_that_of_voice_1(row, read):
    tune = "CDEF|\nV:{}\nGABc|".format
    assert row(tune(1), n_measures=2) == [60, 62, 64, 65, 67, 69, 71, 72]
    transposed = "V:1 octave=1\nM:4/4\nL:1/4\nK:C"
    assert row("V:1\nCDEF|", transposed) == [72, 74, 76, 77]
    with pytest.raises(ValueError, match="has 2 parts, one without a name, '2'"):
        read(tune(2))


@pytest.mark.parametrize("end", ["\x1a", "\x1a\0\0", "\r\n\x1a", "\x1a\r\n", "\0\0"])
def test_ends_of_files_of_dos(tmp_path, end):
    path = tmp_path / "old.abc"
    text = TUNE.format("A").replace("\n", "\r\n")
    path.write_bytes((text + end.rstrip("\0") + text + end).encode())
    melodies = read_melodies(path, n_measures=1, steps_per_quarter=1)
    assert melodies.data.tolist() == [[60, 62, 64, 65]] * 2


def test_reserved_characters_are_passed_over(row):
    assert row("CD;E F|G@A#B?c*|", n_measures=2)[3:] == [65, 67, 69, 71, 72]


def test_a_continued_line_with_a_comment(row):
    assert row("CDEF\\%not E\nGABc|", n_measures=2) == [60, 62, 64, 65, 67, 69, 71, 72]
    assert row('"50\\% A"CD%E\nEF|') == [60, 62, 64, 65]


def test_ties_and_slurs_with_a_direction(row):
    assert row("C-,C-'C(,C)|") == [60, _, _, 60]
    assert row("('CD)(,EF)|") == [60, 62, 64, 65]
    assert row("C,-C,c'-c'|") == [48, _, 84, _]


def test_long_tuplets(row):
    header = "M:4/4\nL:1/8\nK:C"
    tune = "(12:8:12CDEFGABcdefg|"
    assert row(tune, header, steps_per_quarter=3) == [
        *(60, 62, 64, 65, 67, 69, 71, 72, 74, 76, 77, 79)
    ]
    assert row("(3CDEF2G4|", header, steps_per_quarter=3)[:4] == [60, 62, 64, 65]


@pytest.mark.parametrize("sign", ["+f+", "+ff+", "+fff+", "+p+", "+mf+"])
def test_dynamics_between_plus_signs(row, sign):
    assert row(f"{sign}CD{sign}EF|") == [60, 62, 64, 65]


def test_entities_in_music_without_a_web_page(row):
    header = "M:4/4\nL:1/4\nK:C"
    steps = row("C&gt;DE&lt;F|", header, steps_per_quarter=2)
    assert steps == [60, _, _, 62, 64, 65, _, _]


def test_endings_with_ordinals(row):
    tune = "|:C4|[1st D4:|[2nd E4:|[3rd{}F4|]"
    for between in (" ", "|", '"Am"'):
        assert row(tune.format(between), n_measures=2)[::4] == [60, 65]
    played = row("|:C4|1st D4:|2nd E4|]", n_measures=4, repeats="played")[::4]
    assert played == [60, 62, 60, 64]
    assert row("|:C4|1tD4:|2uE4|]", n_measures=2)[::4] == [60, 64]


def test_tunes_before_the_first_number(tmp_path):
    path = tmp_path / "book.abc"
    music = "L:1/4\nK:C\nCDE|\n"
    options = {"n_measures": 1, "steps_per_quarter": 1, "time_signature": "3/4"}

    def read(text):
        path.write_text(text)
        melodies = read_melodies(path, **options)
        return melodies.titles, [r.reason for r in melodies.rejected]

    first, last = f"T:first\nM:3/4\n{music}", f"X:9\nT:last\nM:4/4\n{music}"
    assert read(f"{first}\n{last}") == (["first"], ["is in 4/4, not in 3/4"])
    # Its fields do not belong to the book, but those before a blank line do.
    assert read(f"M:3/4\nT:first\n{music}\n{last}")[1] == ["is in 4/4, not in 3/4"]
    metreless = last.replace("M:4/4\n", "")
    assert read(f"{first}\n{metreless}")[0] == ["first", "last"]
    book = read(f"M:4/4\n\n{first}\n{metreless}")
    assert book == (["first"], ["is in 4/4, not in 3/4"])
    # Several, with other text between them.
    second = first.replace("first", "second")
    assert read(f"{first}\nSome words\n\n{second}\nK:C\n{last}")[0] == [
        "first",
        "second",
    ]
    assert read(f"{first}\nK:G\nGAB|\n")[0] == ["first"]
    path.write_text((f"{first}\n" + last.replace("4/4", "3/4")) * 600)
    assert len(read_melodies(path, **options).data) == 1200 - 599


def test_tunes_that_are_indented(tmp_path):
    path = tmp_path / "book.abc"
    tune = TUNE.format("A")
    indented = "".join(f"  {line}\n" for line in TUNE.format("B").splitlines())
    path.write_text(f"{tune}\n\n{indented}")
    options = {"n_measures": 1, "steps_per_quarter": 1}
    melodies = read_melodies(path, **options)
    assert melodies.titles == ["A", "B"]
    assert melodies.data[1].tolist() == [60, 62, 64, 65]
    path = tmp_path / "only.txt"
    path.write_text(indented)
    assert read_melodies(tmp_path, **options).titles == ["A", "B", "B"]
