"""Pitches outside the scale of a key are spelled as players expect them."""

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sklearn_c2c.io import melody_to_abc, read_melodies, write_melody
from sklearn_c2c.io._spelling import spell_measures
from sklearn_c2c.melody import (
    HOLD,
    LETTERS,
    NATURALS,
    REST,
    key_of_signature,
    parse_key,
)

SIGNS = {-1: "b", 0: "", 1: "#"}
MODES = "major", "minor", "dorian", "mixolydian", "phrygian", "lydian", "locrian"
KEYS = [
    key
    for mode in MODES
    for signature in range(-7, 8)
    if len((key := key_of_signature(signature, mode)).tonic) < 3
]
NATURAL = {
    f"{letter}{SIGNS[a]}": NATURALS[letter] + a for letter in LETTERS for a in SIGNS
}


def pitches_of(names):
    """MIDI pitches of names, each as near as can be to the one before it."""
    pitches = []
    for name in names:
        last = pitches[-1] if pitches else 66
        pitches.append(last + (NATURAL[name] - last + 6) % 12 - 6)
    return pitches


def spelled(pitches, key, *, n_in_measure=8):
    """Names by which single notes of eight in a measure are written."""
    events = [(i % n_in_measure, 1, pitch, False) for i, pitch in enumerate(pitches)]
    measures = [
        events[i : i + n_in_measure] for i in range(0, len(events), n_in_measure)
    ]
    found = spell_measures(measures, key and parse_key(key))
    return [
        letter + SIGNS[alteration]
        for measure in found
        for letter, alteration, _ in measure
    ]


@pytest.mark.parametrize(
    ("key", "names"),
    [
        # Leading notes, and the raised sixth before them, whatever comes next.
        ("Dm", "D C# D"),
        ("Dm", "A B C# D A C# E G"),
        ("Gm", "G F# G D F# A"),
        ("Gm", "D E F# G F Eb D"),
        ("F#m", "F# E# F# C# E# G#"),
        ("F#m", "F# E D C#"),
        ("Em", "E D# E B D# F#"),
        ("Em", "B C# D# E D C B"),
        ("Am", "A G# A E G# B"),
        ("Am", "E F# G# A G F E"),
        ("Cm", "C B C G B D F# G"),
        ("Fm", "F E F C E G"),
        ("C#m", "C# B# C#"),
        ("Bbm", "Bb A Bb F A C"),
        ("A dorian", "A G# A D Bb A C C# D"),
        # Degrees of the chromatic scale that leaps reach and leave.
        ("G", "G Bb D Eb G"),
        ("G", "B Bb A E Eb D"),
        ("G", "A C# E G C# A"),
        ("D", "A C E C D F A F"),
        ("Dmix", "D C D E F# G A C"),
        ("Dmix", "D C# D"),
        ("F", "C B C G B D"),
        ("Bb", "Bb E G Db F"),
        (None, "C Bb G Eb C F# A C Ab"),
        # Neighbors and passing notes.
        ("G", "B A# B D D# E"),
        ("G", "A G# A"),
        ("C", "D C# D E D# E"),
        ("C", "C Db C G Ab G"),
        ("C", "A G# E"),
        ("D", "F# E# F#"),
        # A lowered or raised letter goes back to its natural.
        ("F", "C B Bb A"),
        ("D", "B C C# D"),
        ("A", "F# G G# A"),
        # No double accidentals.
        ("G#m", "G# G G#"),
        ("Ebm", "Eb D Eb"),
        ("C#", "C# C# B# C#"),
        ("E", "F# G F#"),
    ],
)
def test_pitches_are_spelled_by_key_and_neighbors(key, names):
    assert " ".join(spelled(pitches_of(names.split()), key)) == names


@pytest.mark.parametrize(
    ("key", "upwards"),
    [
        ("C", "C C# D Eb E F F# G Ab A Bb B"),
        ("A", "A A# B C C# D D# E F F# G G#"),
        ("Dm", "D Eb E F F# G G# A Bb B C C#"),
        ("F#m", "F# G G# A A# B B# C# D D# E E#"),
        ("Bbm", "Bb Cb C Db D Eb E F Gb G Ab A"),
        ("E phrygian", "E F F# G G# A A# B C C# D D#"),
    ],
)
def test_a_note_alone_is_that_of_the_harmonic_chromatic_scale(key, upwards):
    for name in upwards.split():
        assert spelled(pitches_of([name]), key) == [name]


def test_a_pitch_class_has_one_spelling_in_a_measure():
    # The B flat before A decides for that of the octave above.
    assert spelled([70, 62, 82, 66, 70, 69], "D")[::2] == ["Bb", "Bb", "Bb"]
    found = spelled([69, 70, 71, 70, 69, 70, 71, 70], "C", n_in_measure=4)
    assert found == ["A", "A#", "B", "A#", "A", "A#", "B", "A#"]
    assert spelled([68, 76, 68, 69], "C") == ["G#", "E", "G#", "A"]
    assert spelled([68, 76, 68, 69], "C", n_in_measure=2) == ["Ab", "E", "G#", "A"]


@st.composite
def melodies_in_a_key(draw):
    """A melody of steps and leaps that begins with a note, and any key."""
    moves = st.sampled_from([-7, -2, -1, -1, 0, 1, 1, 2, 7, HOLD, REST])
    melody = [draw(st.integers(24, 103))]
    pitch, is_rest = melody[0], False
    for move in draw(st.lists(moves, min_size=3, max_size=63)):
        if move == REST or (move == HOLD and is_rest):
            is_rest = True
            melody.append(REST)
            continue
        if move != HOLD:
            pitch = min(max(pitch + move, 0), 127)
            is_rest = False
        melody.append(HOLD if move == HOLD else pitch)
    return melody, draw(st.sampled_from([None, *KEYS]))


@settings(suppress_health_check=list(HealthCheck))
@given(melodies_in_a_key())
def test_every_name_gives_its_pitch_back(asked):
    melody, key = asked
    notes = [token for token in melody if token < REST]
    measures = [
        [(i, 1, pitch, False) for i, pitch in enumerate(notes[start : start + 8])]
        for start in range(0, len(notes), 8)
    ]
    found = [name for measure in spell_measures(measures, key) for name in measure]
    key = key or parse_key("C")
    for pitch, (letter, alteration, octave) in zip(notes, found, strict=True):
        assert pitch == 12 * (octave + 1) + NATURALS[letter] + alteration
        if pitch % 12 in key.pitch_classes:
            assert alteration == key.alterations[letter]
        else:
            assert abs(alteration) <= 1
            # The letter of one of the two pitches of the scale beside it.
            assert abs(alteration - key.alterations[letter]) == 1


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(melodies_in_a_key())
def test_what_is_spelled_reads_back(tmp_path_factory, asked):
    melody, key = asked
    melody = melody + [REST] * (-len(melody) % 16)
    folder = tmp_path_factory.mktemp("spelled")
    for suffix in (".abc", ".musicxml"):
        path = folder / f"melody{suffix}"
        write_melody(melody, path, key=key)
        read = read_melodies(path, n_measures=len(melody) // 16, off_grid="reject")
        assert read.data[0].tolist() == melody


def test_parts_of_a_tied_note_are_spelled_alike(tmp_path):
    # The G sharp over the bar line; the next one of the second measure falls to E.
    melody = np.array([69] + [HOLD] * 7 + [68] + [HOLD] * 11 + [76, HOLD, 68, HOLD] * 3)
    text = melody_to_abc(melody, key="C").splitlines()[-1]
    assert re.findall(r"[_^]?[A-Ga-g]", text)[1:3] == ["^G", "^G"]
    path = tmp_path / "tied.musicxml"
    write_melody(melody, path, key="C")
    notes = list(ET.parse(path).iter("note"))
    tied = [
        (left, right)
        for left, right in pairwise(notes)
        if left.find("tie[@type='start']") is not None
    ]
    assert tied
    for left, right in tied:
        assert left.findtext("pitch/step") == right.findtext("pitch/step") == "G"
