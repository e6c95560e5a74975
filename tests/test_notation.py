"""Metres and keys: one parser each, and every function that takes them accepts all.

A text that one function accepts and another does not is a fault: the piano roll did not
accept "C", the metrics not "F#m".
"""

import re
from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sklearn_c2c import io, metrics
from sklearn_c2c.cli import _objectives, _tempo
from sklearn_c2c.display import Melodies, PianoRollDisplay, score_svg
from sklearn_c2c.io import melody_to_abc, melody_to_midi, read_melodies, write_melody
from sklearn_c2c.melody import (
    HOLD,
    Key,
    Metre,
    parse_key,
    parse_metre,
    scale_pitch_classes,
)
from sklearn_c2c.objectives import InScale

TUNE = [62, HOLD, 64, 66, 69, 69, 61, 62]
ABC = "X:1\nM:none\nL:1/4\nK:none\nDEFG A4|"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A file to read from and to write to."""
    path = tmp_path_factory.mktemp("notation") / "tune.abc"
    path.write_text(ABC)
    return path


@pytest.fixture(scope="module")
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def outcome(consume, *args, **notation):
    """Error of a consumer that does not accept a text; None if it accepts it."""
    try:
        consume(*args, **notation)
    except io.NothingReadError:
        return None  # the text is understood, and the tune is in another metre or mode
    except ValueError as error:
        return str(error)
    return None


# ------------------------------------------------------------------- metres


def metres():
    """Time signatures as players write them, and some texts that are not metres."""
    sums = st.lists(st.integers(1, 12), min_size=1, max_size=3)
    beats = st.builds(
        lambda numbers, plus, form: form.format(plus.join(map(str, numbers))),
        sums,
        st.sampled_from(["+", " + "]),
        st.sampled_from(["{}", "({})", "{} ", " {}"]),
    )
    values = st.sampled_from([1, 2, 4, 8, 16, 32, 64, "8 ", " 4"])
    written = st.builds("{}/{}".format, beats, values)
    signs = st.sampled_from(["C", "C|", " C ", "4/4", "2/2", "6/8", "3/8", "2+3/8"])
    others = st.sampled_from(["", "c", "C||", "4", "0/4", "3/3", "4/128", "-3/4", "/4"])
    return st.one_of(signs, written, others)


NOTATED = {
    "abc": lambda **notation: melody_to_abc(TUNE, **notation),
    "midi": lambda **notation: melody_to_midi(TUNE, **notation),
    "score": lambda **notation: score_svg(TUNE, **notation),
    "melodies": lambda **notation: Melodies(TUNE, **notation).to_html(),
}


@settings(max_examples=15)
@example(text="C", steps=4)
@example(text="2+3/8", steps=2)
@example(text="17/1", steps=1)  # MusicXML has no sign for so long a rest
@given(text=metres(), steps=st.sampled_from([1, 2, 3, 4, 6, 12, 16]))
def test_all_take_the_same_metres(file, ax, text, steps):
    def read(**notation):
        read_melodies(file, n_measures=1, **notation)

    def write(**notation):
        write_melody(TUNE, file.with_suffix(".musicxml"), **notation)

    def draw(**notation):
        PianoRollDisplay.from_melodies(TUNE, ax=ax, **notation)

    expected = outcome(lambda: parse_metre(text).steps_per_measure(steps))
    consumers = NOTATED | {"reader": read, "musicxml": write, "piano roll": draw}
    found = {
        name: outcome(consume, time_signature=text, steps_per_quarter=steps)
        for name, consume in consumers.items()
    }
    assert found == dict.fromkeys(consumers, expected)


@given(text=metres())
def test_the_command_takes_the_same_metres(text):
    expected = outcome(parse_metre, text)
    consumers = {
        "choose": lambda text: _tempo.choose_tempo(None, None, text),
        "usual": lambda text: _tempo.usual_tempo([100], text),
        "describe": lambda text: _tempo.describe_tempo(None, 100, [100], text),
        "say": lambda text: _tempo.beats_a_minute(100, text),
    }
    found = {name: outcome(consume, text) for name, consume in consumers.items()}
    assert found == dict.fromkeys(consumers, expected)


@pytest.mark.parametrize(
    ("text", "metre"),
    [
        ("4/4", (4, 4)),
        ("C", (4, 4)),
        ("C|", (2, 2)),
        (" 12 / 8 ", (12, 8)),
        ("2+3/8", (5, 8)),
        ("(3 + 2 + 2)/16", (7, 16)),
        (Metre(9, 8), (9, 8)),
    ],
)
def test_metres_as_players_write_them(text, metre):
    found = parse_metre(text)
    assert isinstance(found, Metre) and found == metre
    assert parse_metre(str(found)) == found


@pytest.mark.parametrize(
    ("text", "is_compound", "quarters", "measure", "beat"),
    [  # steps at 12 a quarter
        ("4/4", False, 1, 48, 12),
        ("C|", False, 2, 48, 24),
        ("3/4", False, 1, 36, 12),
        ("6/4", False, 1, 72, 12),
        ("3/8", False, 0.5, 18, 6),
        ("6/8", True, 1.5, 36, 18),
        ("9/8", True, 1.5, 54, 18),
        ("12/16", True, 0.75, 36, 9),
        ("2+3/8", False, 0.5, 30, 6),
        ("3/2", False, 2, 72, 24),
    ],
)
def test_what_a_metre_knows(text, is_compound, quarters, measure, beat):
    metre = parse_metre(text)
    assert metre.is_compound == is_compound
    assert metre.quarters_per_beat == 4 * metre.beat == quarters
    assert metre.steps_per_measure(12) == measure
    assert metre.steps_per_beat(np.int64(12)) == beat


@given(
    st.builds(Metre, st.integers(1, 99), st.sampled_from([1, 2, 4, 8, 16, 32, 64])),
    st.integers(1, 48),
)
def test_steps_are_exact_or_refused(metre, steps):
    lengths = {
        "measure": (metre.steps_per_measure, Fraction(*metre)),
        "beat": (metre.steps_per_beat, metre.beat),
    }
    for what, (count, length) in lengths.items():
        exact = 4 * steps * length
        if exact.denominator == 1:
            assert count(steps) == exact
        else:
            with pytest.raises(ValueError, match=f"A {what} of {metre} is not a whole"):
                count(steps)


@pytest.mark.parametrize("steps", [0, -4, 2.5, 4.0, "4", None])
def test_steps_per_quarter_that_are_none(ax, steps):
    consumers = [
        Metre(4, 4).steps_per_measure,
        Metre(4, 4).steps_per_beat,
        lambda steps: melody_to_abc(TUNE, steps_per_quarter=steps),
        lambda s: PianoRollDisplay.from_melodies(TUNE, ax=ax, steps_per_quarter=s),
    ]
    for consume in consumers:
        with pytest.raises(ValueError, match=r"Found steps_per_quarter=.* integer"):
            consume(steps)


def test_midi_has_a_byte_for_the_beats():
    assert b"\xff\x58\x04\xff\x02" in melody_to_midi(TUNE, time_signature="255/4")
    with pytest.raises(ValueError, match=r"256 beats.*MIDI.* at most 255"):
        melody_to_midi(TUNE, time_signature="256/4")
    assert "M:256/4" in melody_to_abc(TUNE, time_signature="256/4")


# --------------------------------------------------------------------- keys

MODES = "major ionian dorian phrygian lydian mixolydian minor aeolian locrian".split()


def keys():
    """Keys as players write them, and some texts that are not keys."""
    modes = st.sampled_from([*MODES, *(mode[:3] for mode in MODES), "Dorian", "MINOR"])
    return st.one_of(
        st.builds(
            "".join,
            st.tuples(
                st.sampled_from("ABCDEFGabcdefg"),
                st.sampled_from(["", "#", "b", "♯", "♭"]),
                st.one_of(
                    st.sampled_from(["", "m", " m"]),
                    st.builds(
                        "".join, st.tuples(st.sampled_from(["", " ", "-"]), modes)
                    ),
                ),
            ),
        ),
        st.sampled_from(
            ["H", "Bbb", "F##", "DM", "D-", "D blues", "D major scale", "5"]
        ),
    )


def in_scale_of(text, about=None):
    (term,) = _objectives.parse_objectives([f"in-scale={text}"], about or {})
    return term.measure


def judged(text):
    corpus = [TUNE, TUNE[::-1]]
    options = {"steps_per_measure": 4, "classify": False, "random_state": 0}
    return metrics.evaluate([TUNE], corpus, tonic=text, **options)


SCALED = {
    "scale": scale_pitch_classes,
    "objective": InScale,
    "command": in_scale_of,
    "share": lambda text: metrics.in_scale_share([TUNE], text),
    "statistics": lambda text: metrics.melody_statistics(
        [TUNE], tonic=text, steps_per_measure=4
    ),
    "ending": lambda text: metrics.tonic_ending([TUNE], text, steps_per_measure=4),
}


@settings(max_examples=15)
@example(text="F#m")
@example(text="A dor")
@example(text="G#")
@given(text=keys())
def test_all_take_the_same_keys(file, text):
    def read(key):
        read_melodies(file, n_measures=1, key=key)

    def write(key):
        write_melody(TUNE, file.with_suffix(".musicxml"), key=key)

    notated = NOTATED | {"reader": read, "musicxml": write}
    found = {name: outcome(consume, key=text) for name, consume in notated.items()}
    found |= {name: outcome(consume, text) for name, consume in SCALED.items()}
    assert found == dict.fromkeys(found, outcome(parse_key, text))


@pytest.mark.parametrize(
    "text", ["F#m", "A dor", "b♭ minor", "C", "G#", "H", "D blues"]
)
def test_evaluation_takes_the_same_keys(text):
    assert outcome(judged, text) == outcome(parse_key, text)


@given(text=keys())
def test_all_mean_the_same_by_a_key(text):
    if outcome(parse_key, text):
        return
    key = parse_key(text)
    # Of the notes of all pitch classes, those are in the scale that the signature has.
    naturals = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
    scale = {(naturals[letter] + up) % 12 for letter, up in key.alterations.items()}
    chromatic = np.arange(60, 72)[:, np.newaxis]
    expected = [pitch % 12 in scale for pitch in range(60, 72)]
    assert metrics.in_scale_share(chromatic, text).tolist() == expected
    assert InScale(text)(chromatic).tolist() == expected
    assert in_scale_of(text)(chromatic).tolist() == expected
    assert set(scale_pitch_classes(text)) == scale
    ends = metrics.tonic_ending(chromatic, text, steps_per_measure=1, steps_per_beat=1)
    assert np.flatnonzero(ends).tolist() == [key.pitch_class]


@given(
    st.sampled_from("ABCDEFG"), st.sampled_from(["", "#", "b"]), st.sampled_from(MODES)
)
def test_a_mode_of_its_own_is_that_of_the_text(letter, accidental, mode):
    tonic, text = letter + accidental, f"{letter}{accidental} {mode}"
    if outcome(parse_key, text):
        assert outcome(parse_key, tonic, mode=mode)
        return
    assert parse_key(tonic, mode=mode) == parse_key(text) == parse_key(parse_key(text))
    assert parse_key(text, mode=mode[:3].upper()) == parse_key(text)
    assert InScale(tonic, mode=mode)._scale == InScale(text)._scale
    usual = {"ionian": "major", "aeolian": "minor"}
    for other in MODES:
        if usual.get(other, other) != usual.get(mode, mode):
            with pytest.raises(ValueError, match=f"'{other}', which contradict each"):
                parse_key(text, mode=other)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("D", Key("D", "major", 2)),
        ("F#m", Key("F#", "minor", 3)),
        ("a dor", Key("A", "dorian", 1)),
        ("B♭", Key("Bb", "major", -2)),
        ("E-flat", None),
        ("Cb", Key("Cb", "major", -7)),
        ("C# lydian", None),
        (" gmix ", Key("G", "mixolydian", 0)),
    ],
)
def test_keys_as_players_write_them(text, key):
    if key is None:
        with pytest.raises(ValueError, match=f"Found the key '{text}'"):
            parse_key(text)
    else:
        assert parse_key(text) == key


@pytest.mark.parametrize("mode", MODES)
def test_a_signature_of_too_many_accidentals_is_named_with_a_usual_one(mode):
    pitch_classes = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))
    refused = []
    for letter, pitch_class in pitch_classes.items():
        for accidental, up in {"": 0, "#": 1, "b": -1}.items():
            said = outcome(InScale, letter + accidental, mode=mode)
            if said is None:
                continue
            (same,) = re.findall("expected at most 7, as (.*) has", said)
            assert parse_key(same).pitch_class == (pitch_class + up) % 12
            assert parse_key(same).mode == mode
            refused.append(letter + accidental)
    assert len(refused) == 21 - 15  # signatures of 7 flats to 7 sharps
