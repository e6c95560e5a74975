"""Measures of harmony, on hand-made progressions and on random pieces."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose

from sklearn_c2c import metrics
from sklearn_c2c.melody import END, HOLD, REST, mend_orphan_holds, sounding_pitches


def of(metric, *voices, **options):
    """Value of a measure of one piece."""
    row = [np.concatenate([np.asarray(voice) for voice in voices])]
    return getattr(metrics, metric)(row, n_voices=len(voices), **options)[0]


@pytest.mark.parametrize(
    ("high", "low", "fifths", "octaves"),
    [
        ([69, 71], [62, 64], 1, 0),  # parallel fifths
        ([81, 83], [62, 64], 1, 0),  # of a fifth and an octave
        ([69, 67], [62, 48], 1, 0),  # to a wider fifth, both falling
        ([69, 69], [62, 62], 0, 0),  # repeated
        ([69, HOLD], [62, HOLD], 0, 0),  # held
        ([69, 76], [62, 57], 0, 0),  # contrary motion to a wider fifth
        ([69, 71], [62, 62], 0, 0),  # one voice moves
        ([74, 76], [62, 64], 0, 1),  # parallel octaves
        ([62, 64], [62, 64], 0, 1),  # unisons
        ([74, 76], [62, 52], 0, 0),  # contrary motion
        ([69, 71], [62, 65], 0, 0),  # to a diminished fifth
        ([69, 71], [63, 64], 0, 0),  # from a diminished fifth
        ([69, 72], [62, 67], 0, 0),  # to a fourth
        ([62, 64], [69, 71], 1, 0),  # crossed voices
        ([69, 71, 72], [62, 64, 65], 2, 0),
        ([69, REST, 71], [62, REST, 64], 0, 0),  # across a rest
        ([69, 70, 71], [62, HOLD, 64], 0, 0),  # with a passing note between
    ],
)
def test_parallels(high, low, fifths, octaves):
    assert of("parallel_fifths", high, low) == fifths
    assert of("parallel_octaves", high, low) == octaves


def test_each_pair_of_voices_counts():
    # Soprano and bass in octaves; alto a fifth over tenor; all rise by a tone.
    voices = [74, 76], [69, 71], [62, 64], [50, 52]
    assert of("parallel_octaves", *voices) == 3  # S-T, S-B, T-B
    assert of("parallel_fifths", *voices) == 2  # A-T, A-B


@pytest.mark.parametrize(
    ("high", "low", "number"),
    [
        ([67, 67, 67], [60, 69, 60], 1),
        ([67, 67, 67], [69, HOLD, HOLD], 1),  # one crossing, however long
        ([67, 67, 67], [69, 60, 69], 2),
        ([67, HOLD, HOLD], [67, HOLD, HOLD], 0),  # a unison
        ([67, REST, 67], [60, 69, 60], 0),  # over a rest
    ],
)
def test_crossings(high, low, number):
    assert of("voice_crossings", high, low) == number


def test_crossings_are_of_neighbors():
    assert of("voice_crossings", [72], [60], [64], [48]) == 1
    assert of("voice_crossings", [60], [64], [72], [48]) == 2


def test_notes_outside_their_range():
    X = [[60, HOLD, 59, 82, 52, 53, REST, 54, 70, 69, 48, 47, 40, 39, 62, 63]]
    # Soprano 59 and 82, alto 52, tenor 70 and 47, bass 39 and 63.
    assert_allclose(metrics.out_of_range_share(X), 7 / 14)
    for ranges in ([60, 72], [(72, 60)], [(1, 2, 3)]):
        with pytest.raises(ValueError, match=r"ranges of shape \(n_voices, 2\)"):
            metrics.out_of_range_share([[60, 62]], ranges=ranges)


def test_upper_voices_lie_within_an_octave():
    close, wide = [72, 72], [72, 73]
    assert of("wide_spacing_share", close, [60, 60], [55, 55], [31, 31]) == 0
    assert of("wide_spacing_share", wide, [60, 60], [55, 55], [31, 31]) == 0.5
    assert of("wide_spacing_share", close, [70, 70], [55, 60], [31, 31]) == 0.5
    assert of("wide_spacing_share", wide, [REST, 60]) == 1
    assert np.isnan(of("wide_spacing_share", wide, [REST, REST]))


def test_leaps_exceed_a_fourth():
    assert of("voice_leap_share", [60, 65, 71, HOLD], [60, REST, 66, 67]) == 2 / 4
    # No interval leads from a voice, or a piece, to the next one.
    X = [[60, HOLD, 72, HOLD], [48, HOLD, 72, HOLD]]
    assert np.isnan(metrics.voice_leap_share(X, n_voices=2)).all()


@pytest.mark.parametrize(
    ("chord", "is_known", "share"),
    [
        ([72, 67, 64, 48], 1, 1),  # C major
        ([69, 64, 60, 57], 1, 1),  # A minor
        ([65, 62, 59, 47], 1, 1),  # diminished
        ([65, 62, 59, 55], 1, 1),  # dominant seventh
        ([62, 64, 60, 48], 0, 0.75),  # C, D and E
        ([72, 64, 60, 48], 1, 1),  # without fifth
        ([72, 67, 60, 48], 0, 1),  # without third
        ([72, 72, 60, 48], 0, 1),  # a single pitch class
        ([60, 61, 62, 63], 0, 0.5),  # a cluster
        ([72, 64, REST, 60], 1, 1),
        ([72, 64, REST, REST], np.nan, np.nan),  # two voices are no chord
    ],
)
def test_chords(chord, is_known, share):
    voices = [[pitch] for pitch in chord]
    assert_allclose(of("chord_share", *voices, steps_per_beat=1), is_known)
    assert_allclose(of("chord_tone_share", *voices, steps_per_beat=1), share)


def test_chords_are_those_at_the_beats():
    voices = [72, 71, 72, HOLD], [64, 67, 64, HOLD], [60, 59, 62, 60]
    assert of("chord_share", *voices, steps_per_beat=1) == 0.75
    assert of("chord_share", *voices, steps_per_beat=2) == 0.5
    assert of("chord_share", *voices) == 1
    with pytest.raises(ValueError, match="steps_per_beat of at least 1, got 0"):
        of("chord_share", *voices, steps_per_beat=0)


def test_accuracy_is_of_what_sounds():
    X = [[60, HOLD, 62, REST, 50, HOLD, REST, REST]]
    others = [[60, 60, 64, 62, 50, 52, REST, REST]]
    assert_allclose(metrics.voice_accuracy(X, others, n_voices=2), [2 / 4, 3 / 4])
    # A single voice may end early.
    assert_allclose(metrics.voice_accuracy([[60, END]], [[60, 62]], n_voices=1), 1 / 2)
    with pytest.raises(ValueError, match=r"\(1, 8\) and \(2, 8\)"):
        metrics.voice_accuracy(X, others * 2, n_voices=2)


def test_voices_have_the_same_number_of_steps():
    for name in ("harmony_statistics", "voice_crossings", "chord_share"):
        with pytest.raises(ValueError, match=r"n_voices=4 .* shape \(1, 6"):
            getattr(metrics, name)([[60] * 6])


def test_a_comparison_has_the_ranges_of_the_corpus():
    corpus, X = [[70, 72, 48, 50]], [[70, 73, 48, 50]]
    comparison = metrics.compare_harmony(X, corpus, n_voices=2)
    assert comparison.out_of_range_share == (0.25, 0)
    assert set(comparison) == {*metrics.harmony_statistics([[60] * 4])}
    silent = metrics.compare_harmony(X, [[70, 73, REST, REST]], n_voices=2)
    assert silent.out_of_range_share == (0.5, 0)


tokens = st.one_of(st.integers(48, 60), st.just(HOLD), st.just(REST))
pieces = hnp.arrays(np.int16, (3, 3, 9), elements=tokens).map(mend_orphan_holds)


@given(pieces)
def test_counts_are_those_of_a_plain_loop(voices):
    X = voices.reshape(3, -1)
    sounding = sounding_pitches(voices)
    for piece, fifths, crossings in zip(
        sounding,
        metrics.parallel_fifths(X, n_voices=3),
        metrics.voice_crossings(X, n_voices=3),
        strict=True,
    ):
        found, crossed = 0, 0
        for high in range(3):
            for low in range(high + 1, 3):
                was = False
                for t in range(9):
                    a, b = int(piece[high, t]), int(piece[low, t])
                    is_crossed = low == high + 1 and b < 128 and a < b
                    crossed += is_crossed and not was
                    was = is_crossed
                    if t == 0:
                        continue
                    c, d = int(piece[high, t - 1]), int(piece[low, t - 1])
                    if max(a, b, c, d) < 128 and (a - c) * (b - d) > 0:
                        found += abs(a - b) % 12 == abs(c - d) % 12 == 7
        assert (fifths, crossings) == (found, crossed)


@given(pieces, st.integers(-12, 12))
def test_a_transposition_has_the_same_harmony(voices, semitones):
    moved = np.where(voices < REST, voices + semitones, voices)
    first, second = (
        metrics.harmony_statistics(X.reshape(3, -1), n_voices=3, steps_per_beat=1)
        for X in (voices, moved)
    )
    for name in first:
        assert_allclose(first[name], second[name])
