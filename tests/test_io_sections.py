"""Parts that return at once are written once, and are read back as they are played."""

import re
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_c2c.io import melody_to_abc, read_melodies, write_melody
from sklearn_c2c.melody import END, HOLD, REST, mend_orphan_holds

_ = HOLD
SUFFIXES = [".abc", ".musicxml"]


def measure(pitch):
    return [pitch, _, pitch + 2, _, pitch + 4, _, pitch + 5, _, pitch + 7, *[_] * 7]


A = [measure(pitch) for pitch in (60, 62, 64, 65)]
B = [measure(pitch) for pitch in (67, 69, 62, 60)]
LAST = [measure(72)]


def steps(*measures):
    return list(chain.from_iterable(measures))


def signs(measures, **options):
    """Lines of ABC, each measure as a dot."""
    text = melody_to_abc(steps(*measures), key="C", repeats="signs", **options)
    music = text.partition("K:C\n")[2]
    return [re.sub(r"[A-Ga-gz][^|]*(?= [|:])", ".", row) for row in music.splitlines()]


def test_a_part_that_returns_is_written_once():
    assert signs(A + A) == ["|: . | . | . | . :|"]
    assert signs(A + A + B) == ["|: . | . | . | . :|", ". | . | . | . |]"]
    assert signs(A + A + B + B) == ["|: . | . | . | . :|"] * 2


def test_the_last_measure_may_have_two_endings():
    assert signs(B + B[:3] + LAST) == ["|: . | . | . |1 . :|2 . |]"]
    assert signs(B + B[:3] + LAST + A) == [
        "|: . | . | . |1 . :|2 . ||",
        ". | . | . | . |]",
    ]


def test_the_last_two_measures_may_have_two_endings_in_a_part_of_eight():
    other = A + B[:2] + [B[0], B[0]]
    assert signs(A + B + other) == [
        "|: . | . | . | . |",
        ". | . |1 . | . :|2 . | . |]",
    ]
    assert signs(B + B[:2] + LAST + LAST) == [". | . | . | . |", ". | . | . | . |]"]


def test_three_measures_are_too_few():
    assert signs(A[:3] * 2) == [". | . | . | . |", ". | . |]"]


def test_the_longest_part_is_taken():
    assert signs((A + B) * 2) == ["|: . | . | . | . |", ". | . | . | . :|"]


def test_a_part_that_comes_three_times_is_written_twice():
    assert signs(A * 3) == ["|: . | . | . | . :|", ". | . | . | . |]"]


def test_no_note_is_held_into_a_part():
    held = [[_, _, *A[0][2:]], *A[1:]]
    assert not any(":" in row for row in signs([[60, *[_] * 15], *held, *held]))


def test_no_note_is_held_into_an_ending():
    first, second = ([_] * 8 + [pitch, *[_] * 7] for pitch in (60, 62))
    assert not any(":" in row for row in signs([*A[:3], first, *A[:3], second]))


def test_no_note_is_held_into_what_follows():
    held = [[_] * 15 + [REST]]
    assert not any(":" in row for row in signs(A + A + held))


def test_an_upbeat_at_the_very_end_has_a_second_ending():
    """A reader takes it for the upbeat to the repeat, if a repeat sign follows."""
    part = [*A[:3], [60, *[_] * 13, 62, _]]
    assert signs(part + part) == ["|: . | . | . |1 . :|2 . |]"]


def test_a_pickup_is_not_repeated():
    pickup = [[REST] * 14 + [60, 62]]
    assert signs(pickup + A + A, pickup=True) == [". |", "|: . | . | . | . :|"]


def test_midi_plays_everything(tmp_path):
    for repeats in ("signs", "played"):
        write_melody(
            steps(*A, *A), tmp_path / f"{repeats}.mid", title="", repeats=repeats
        )
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


@pytest.mark.parametrize("suffix", [".mid", *SUFFIXES])
def test_another_way_is_refused(tmp_path, suffix):
    with pytest.raises(ValueError, match="Found repeats='written'; expected 'played'"):
        write_melody([60], tmp_path / f"a{suffix}", repeats="written")
    assert not list(tmp_path.iterdir())


def read_back(path, steps_per_quarter=4, **options):
    read = read_melodies(
        path,
        n_measures=None,
        repeats="played",
        steps_per_quarter=steps_per_quarter,
        off_grid="reject",
        **options,
    )
    return read.data[0].tolist()


def expanded(path):
    """Pitches, onsets and durations as music21 plays them, ties joined."""
    music21 = pytest.importorskip("music21")
    (part,) = music21.converter.parse(path).parts
    flat = part.expandRepeats().stripTies().flatten().notes
    return [(float(n.offset), n.pitch.midi, float(n.quarterLength)) for n in flat]


tokens = st.sampled_from([60, 64, 71, REST, HOLD, HOLD])


@st.composite
def tunes_of_parts(draw):
    """A melody of parts that return, with other endings, and ties over bar lines."""
    n_steps = 4
    bar = st.lists(tokens, min_size=n_steps, max_size=n_steps)
    part = st.lists(bar, min_size=1, max_size=9)
    kinds = draw(st.lists(part, min_size=1, max_size=3))
    melody = []
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=6)):
        melody += kind
        if draw(st.booleans()):
            n_other = draw(st.integers(0, 2))
            melody += kind[: len(kind) - n_other] + draw(
                st.lists(bar, min_size=n_other, max_size=n_other)
            )
    melody = np.array(melody).ravel()
    melody[0] = melody[-n_steps] = 60  # silent measures at the ends are not read
    return mend_orphan_holds(melody).tolist()


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=60)
@given(melody=tunes_of_parts())
def test_what_is_written_with_signs_is_read_back_as_played(
    tmp_path_factory, suffix, melody
):
    path = tmp_path_factory.mktemp("written") / f"melody{suffix}"
    write_melody(
        melody,
        path,
        time_signature="2/4",
        steps_per_quarter=2,
        repeats="signs",
    )
    assert read_back(path, 2, time_signature="2/4") == melody


@settings(max_examples=15)
@given(melody=tunes_of_parts())
def test_music21_plays_what_is_written_with_signs(tmp_path_factory, melody):
    folder = tmp_path_factory.mktemp("written")
    played = []
    for repeats in ("signs", "played"):
        path = folder / f"{repeats}.musicxml"
        notation = {"time_signature": "2/4", "steps_per_quarter": 2}
        write_melody(melody, path, repeats=repeats, **notation)
        played.append(expanded(path))
    assert played[0] == played[1]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_real_tunes_are_read_back_as_played(tmp_path, suffix):
    music21 = pytest.importorskip("music21")
    corpus = Path(music21.__file__).parent / "corpus" / "oneills1850"
    tunes = read_melodies(
        corpus / "0351-0400.abc",
        n_measures=None,
        repeats="played",
        time_signature="4/4",
        pickup="keep",
    )
    n_signs = 0
    for i, row in enumerate(tunes.data):
        path = tmp_path / f"{i}{suffix}"
        melody = row[row != END].tolist()
        write_melody(melody, path, key="G", pickup=True, repeats="signs")
        assert read_back(path, time_signature="4/4", pickup="keep") == melody
        text = path.read_text()
        n_signs += ":|" in text or "backward" in text
    assert n_signs > len(tunes.data) / 2
