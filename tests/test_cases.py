"""Small files that were once read wrongly or refused, with the notes of each."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from sklearn_c2c.io import read_melodies
from sklearn_c2c.melody import HOLD, REST

CASES = Path(__file__).parent / "cases"
STEPS_PER_QUARTER = 4


class Held(NamedTuple):
    """Notes of a file: pitches, quarter notes unless a colon says how long; z rests."""

    notes: str
    tonality: str = "C major"
    options: dict = {}


SCALE = "60 62 64 65 67 69 71 72"
TRIPLET = "60:.25 62:.5 64:.25 65:1"  # three in a quarter note, rounded to steps
TRIPLETS = "62:.25 64:.5 66:.25 67:.25 69:.5 71:.25 74:2"
UP_AND_DOWN = " ".join(f"{p}:.5" for p in [*SCALE.split(), *SCALE.split()[::-1]])
HORNPIPE = "76 74 71 69 74 74 64 67:.5 69:.5 71 74 69 67 67:2 67:2"
IN_KEY_OF_D = {"key": "D"}
FILES = {
    # Only silent measures at the start
    "m_empty_two_bars.mid": Held(SCALE),
    # Sounding keys, by the signature or by the pitches
    "x_clarinet_toD.musicxml": Held("62 64 66 67 69 71 73 74", "C major", IN_KEY_OF_D),
    "m_minor_flag.mid": Held("74 77 81 77 76 73 74:2", "A minor", IN_KEY_OF_D),
    "m_minor_noflag.mid": Held("74 77 81 77 76 73 74:2", "A minor", IN_KEY_OF_D),
    "key_exp.abc": Held("62 63 66 67 69 70 72 74", "D phrygian"),
    "key_exp2.abc": Held("62 64 66 60 69 71 72 74", "D mixolydian"),
    "key_clef_only.abc": Held("61 63 64 66 68 69 71 73", "E major"),
    "key_clef_inline.abc": Held("66 67 69 71 66 67 69 71", "D major"),
    "key_clef_inline2.abc": Held("66 67 69 71 66 67 69 71", "D major"),
    "key_inline_treble.abc": Held("66 67 69 71 66 67 69 71", "D major"),
    "key_m_eq.abc": Held("62 64 66 67 69 71 72 74", "G major"),
    "key_m_eq2.abc": Held("62 64 66 67 69 71 72 74", "G major"),
    "V_middle.abc": Held("61 62 64 66 67 69 71 73", "D major"),
    "V_treble8.abc": Held("49 50 52 54 55 57 59 61", "D major"),
    "K_octave0.abc": Held("61 62 64 66 67 69 71 73", "D major"),
    # Durations that a program rounded, and triplets
    "x_tuplet_rounded_first.musicxml": Held(f"{TRIPLET} 67 69"),
    "x_tuplet_rounded_middle.musicxml": Held(f"67 69 {TRIPLET}"),
    "x_tuplet_rounded_div4.musicxml": Held(f"67 69 {TRIPLET}"),
    "triplets_out.abc": Held(TRIPLETS, "D major"),
    "triplets_out3.abc": Held(TRIPLETS, "D major"),
    # Text that is not music
    "begintext_silent.abc": Held(SCALE),
    "abc_begintext.abc": Held(SCALE),
    "abc_begintext_hdr.abc": Held(SCALE),
    "abc_curlyquotes.abc": Held(SCALE),
    "abc_html.abc": Held(SCALE),
    "plus_dc.abc": Held(SCALE),
    "deco_dcalfine.abc": Held(SCALE),
    # Voices, parts and chords
    "v_inlineL_silent.abc": Held(UP_AND_DOWN, options={"part": "2"}),
    "v_inlineM.abc": Held("60 62 64 65", options={"part": "2", "n_measures": 1}),
    "abc_tenor.abc": Held(SCALE, options={"part": "1"}),
    "abc_xml2abc.abc": Held(SCALE, options={"part": "1"}),
    "m_twoparts.mid": Held(SCALE, options={"part": "melody"}),
    "x_chord.musicxml": Held(SCALE.replace("60", "64"), options={"chords": "highest"}),
    # First and last measures
    "abc_short_first.abc": Held(SCALE),
    "dotted_bar.abc": Held(SCALE),
    "m_pickup_ms.mid": Held(SCALE),
    "m_pickup_ms_3_4.mid": Held("60 62 64 65 67 69"),
    "vote": Held(SCALE),
    "Hx.abc": Held(HORNPIPE, "G major", {"n_measures": 4}),
    # Notes of MusicXML
    "x_cue.musicxml": Held("60 62 64 65 z:4"),
    "x_tied_only.musicxml": Held("60 62 64 65:2 69 71 72"),
    "x_timewise.musicxml": Held("60 62 64 65", options={"n_measures": 1}),
    # MIDI of real programs
    "m_hang_last.mid": Held(SCALE),
    "m_hang_mid.mid": Held(SCALE),
    "m_retrigger.mid": Held(SCALE.replace("62", "60")),
    "m_dup_on.mid": Held(SCALE),
    "m_allnotesoff.mid": Held(SCALE),
    "m_run_after_meta.mid": Held(SCALE),
    "m_lyrics_running.mid": Held(SCALE),
    "m_trunc_end.mid": Held(SCALE),
    "m_tracklen_wrong.mid": Held(SCALE),
    "m_ntracks_more.mid": Held(SCALE),
    "m_leading_garbage.mid": Held(SCALE),
    "m_data128.mid": Held(SCALE),
    "m_realtime.mid": Held(SCALE),
    "m_shortmeta.mid": Held(SCALE),
    "m_ts_den0.mid": Held(SCALE),
    # Metres and lengths in other spellings
    "abc_L_eq.abc": Held(SCALE),
    "abc_M_c.abc": Held(SCALE),
    "Mfree.abc": Held(SCALE, options={"time_signature": "4/4"}),
    # Encodings and archives
    "utf16.abc": Held(SCALE),
    "z_upper.mxl": Held(SCALE),
    "z_pdf_first.mxl": Held(SCALE),
    "xml_ismxl.musicxml": Held(SCALE),
    "m_title_latin1.mid": Held(SCALE),
    "m_title_sjis.mid": Held(SCALE),
    "title_entities.abc": Held(SCALE),
}
REFUSED = {
    "abc_allrest.abc": "has no notes",
    "abc_leading_Z.abc": "has 2 measures after 4 without notes at its start",
    "Mfree.abc": "states no metre; pass time_signature=",
    "m_twoparts.mid": "has 2 parts",
    "x_chord.musicxml": "pass chords='highest'",
}
TITLES = {
    "m_title_latin1.mid": "étés",
    "m_title_sjis.mid": "春歌",
    "title_entities.abc": "Létë é & é",
    "utf16.abc": "été",
}


def row_of(notes):
    """The row that holds the notes."""
    steps = []
    for note in notes.split():
        pitch, _, quarters = note.partition(":")
        n_steps = int(float(quarters or 1) * STEPS_PER_QUARTER)
        first, next_ = (REST, REST) if pitch == "z" else (int(pitch), HOLD)
        steps += [first] + [next_] * (n_steps - 1)
    return np.array(steps)


def read(name, n_measures=2, **options):
    return read_melodies(CASES / name, n_measures=n_measures, **options)


@pytest.mark.parametrize("name", FILES)
def test_what_a_file_holds(name):
    held = FILES[name]
    found = read(name, **held.options)
    row = row_of(held.notes)
    np.testing.assert_array_equal(found.data, [row] * len(found.data))
    assert {*found.tonalities} == {held.tonality}
    assert not found.rejected


@pytest.mark.parametrize("name", REFUSED)
def test_why_a_file_is_refused(name):
    n_measures = 4 if name == "abc_leading_Z.abc" else 2
    with pytest.raises(ValueError) as refusal:
        read(name, n_measures)
    assert REFUSED[name] in str(refusal.value)


@pytest.mark.parametrize("name", TITLES)
def test_titles(name):
    assert read(name).titles == [TITLES[name]]


def test_every_file_is_there():
    assert {path.name for path in CASES.iterdir()} == {*FILES, *REFUSED}
