"""Surprise: the formula in dictionaries, values by hand, real and wrong tunes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_c2c.datasets import recombine_measures
from sklearn_c2c.melody import (
    HOLD,
    REST,
    mend_orphan_holds,
    notes_from_melody,
    transpose,
)
from sklearn_c2c.metrics import note_surprise, step_surprise
from tests.reference_ngrams import DictNGrams
from tests.strategies import melodies

ORDERS = st.integers(0, 4)


def pitches_of(melody):
    return [pitch for _, _, pitch in notes_from_melody(melody)]


def reference_surprise(sequence, others, order, n_symbols):
    if not len(sequence):
        return np.nan
    p = DictNGrams(others, order, n_symbols).probabilities(sequence)
    return -np.log(p).mean()


def reference_of_notes(X, tunes, order):
    others = [pitches_of(tune) for tune in tunes]
    return [reference_surprise(pitches_of(row), others, order, 128) for row in X]


def near(expected):
    return pytest.approx(np.array(expected, dtype=float), abs=1e-9, nan_ok=True)


@given(melodies(low=60, high=64), melodies(low=60, high=64), ORDERS)
def test_both_against_the_formula(X, corpus, order):
    # Rows of any two lengths.
    assert note_surprise(X, corpus, order=order) == near(
        reference_of_notes(X, corpus, order)
    )
    others = corpus.tolist()
    assert step_surprise(X, corpus, order=order) == near(
        [reference_surprise(row, others, order, 130) for row in X.tolist()]
    )


@given(melodies(low=60, high=62).filter(lambda X: len(X) > 1), ORDERS)
def test_without_a_corpus_the_others_are_it(X, order):
    for surprise in (note_surprise, step_surprise):
        refitted = [
            surprise(row, np.delete(X, i, axis=0), order=order)[0]
            for i, row in enumerate(X)
        ]
        assert surprise(X, order=order) == near(refitted)
    others = np.delete(X, 0, axis=0)
    assert note_surprise(X, order=order)[:1] == near(
        reference_of_notes(X[:1], others, order)
    )


def test_values_worked_out_by_hand():
    #       D  -    E   rest  D, all of it once more from the corpus' second row
    tune = [62, HOLD, 64, REST, 62, HOLD]
    # Tokens in two tunes: D 4, hold 4, E 2, rest 2 of 12; four kinds.
    shares = (np.array([4, 4, 2, 2]) + 4 / 130) / (12 + 4)
    expected = -np.log(shares[[0, 1, 2, 3, 0, 1]]).mean()
    assert step_surprise(tune, [tune, tune], order=0) == near([expected])
    # Pitches: D 4, E 2 of 6; two kinds.
    expected = -np.log([(4 + 2 / 128) / 8, (2 + 2 / 128) / 8])
    assert note_surprise(tune, [tune, tune], order=0) == near(
        [expected[[0, 1, 0]].mean()]
    )
    # After the start and after E always D, after D always E.
    p_0 = np.exp(-expected)
    after = [(2 + p_0[0]) / 3, (2 + p_0[1]) / 3, (2 + p_0[0]) / 3]
    assert note_surprise(tune, [tune, tune], order=1) == near([-np.log(after).mean()])
    # A first note that is unknown: three lengths of start, each with one kind after it.
    unknown = -np.log(2 / 128 / 8 / 3**3)
    assert note_surprise([[99, REST]], [tune, tune], order=3) == near([unknown])


@given(melodies(low=60, high=64), melodies(low=60, high=64), st.randoms())
def test_notes_are_their_pitches_and_steps_have_rhythm(X, corpus, random):
    """Other onsets, lengths and rests change no value of the notes."""

    def in_other_rhythm(rows):
        played = [pitches_of(row) for row in rows]
        longest = 3 * max(map(len, played)) + 4
        moved = np.full((len(rows), longest), REST)
        for row, pitches in zip(moved, played, strict=True):
            onsets = sorted(random.sample(range(longest), len(pitches)))
            row[onsets] = pitches
            for onset in onsets:
                if (
                    row[onset + 1 : onset + 2].tolist() == [REST]
                    and random.random() < 0.5
                ):
                    row[onset + 1] = HOLD
        return moved

    others = in_other_rhythm(X), in_other_rhythm(corpus)
    assert note_surprise(*others) == near(note_surprise(X, corpus))


def test_steps_tell_rhythms_apart():
    tune = [62, HOLD, 64, HOLD, 62, HOLD, 64, HOLD]
    short = [62, REST, 64, REST, 62, REST, 64, REST]
    late = [REST, 62, HOLD, 64, HOLD, HOLD, 62, 64]
    X = [tune, short, late, [REST] * 8]
    notes, steps = note_surprise(X, [tune, tune]), step_surprise(X, [tune, tune])
    assert notes[0] == notes[1] == notes[2] and np.isnan(notes[3])
    assert steps[0] < steps[1:].min()


@given(melodies(low=60, high=72), melodies(low=60, high=72), st.integers(-40, 40))
def test_each_melody_is_scored_alone(X, corpus, semitones):
    for surprise in (note_surprise, step_surprise):
        together = surprise(X, corpus)
        assert together == near([surprise(row, corpus)[0] for row in X])
        # Names of the pitches do not matter if the corpus has moved too.
        moved = transpose(X, semitones), transpose(corpus, semitones)
        assert surprise(*moved) == near(together)


def test_an_equal_melody_is_left_in(reels):
    twice = np.vstack([reels, reels[:1]])
    for surprise in (note_surprise, step_surprise):
        left_in, once = surprise(twice), surprise(reels)
        assert left_in[0] == left_in[-1] < once[0] - 0.3
        assert left_in[0] == near(surprise(reels[0], reels)[0])


def test_wrong_tunes_surprise(reels, rng):
    known, unknown = reels[:50], reels[50:]
    measures = recombine_measures(unknown, 100, max_transposition=0, random_state=0)
    steps = mend_orphan_holds(np.array([rng.permutation(row) for row in unknown]))
    moved = transpose(unknown, 1)
    for order in (2, 4):
        real, mixed, shuffled, sharp = (
            note_surprise(X, known, order=order).mean()
            for X in (unknown, measures, steps, moved)
        )
        assert real + 0.2 < mixed < mixed + 1.5 < shuffled < sharp
    # By steps, bits: measured with a plain program before this one was written.
    for order, bits in {0: 2.73, 1: 2.16, 2: 1.70, 4: 1.59, 8: 1.98, 16: 2.48}.items():
        nats = step_surprise(reels, order=order).mean()
        assert nats / np.log(2) == pytest.approx(bits, rel=0.035)


def test_no_melodies_and_no_corpus():
    none, tune = np.empty((0, 4), dtype=int), [[60, 62, 64, 65]]
    for surprise in (note_surprise, step_surprise):
        for corpus in (tune, None):
            assert surprise(none, corpus).shape == (0,)
        with pytest.raises(ValueError, match=r"one melody in corpus, got shape \(0, 4"):
            surprise(tune, none)
        with pytest.raises(ValueError, match="at least two melodies"):
            surprise(tune)
        for order in (-1, 1.5, None):
            with pytest.raises(ValueError, match=f"order of 0 or more, got {order}"):
                surprise(tune, tune, order=order)
    # With a corpus without notes, each note is one of 128.
    silence = [[REST] * 4, [REST] * 4]
    assert note_surprise(tune, silence) == near([np.log(128)])
    assert np.isnan(note_surprise(silence)).all()
    assert note_surprise([tune[0], silence[0]]) == near([np.log(128), np.nan])
