"""Recombined corpora are legal, in range, and made of measures of the corpus."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_c2c.datasets import recombine_measures
from sklearn_c2c.melody import (
    END,
    HOLD,
    N_PITCHES,
    REST,
    check_melodies,
    melody_lengths,
    mend_orphan_holds,
)
from tests.strategies import melodies


def measures_of(X, steps_per_measure):
    return X.reshape(len(X), -1, steps_per_measure)


def transposed(X, semitones):
    return np.where(X < N_PITCHES, X + semitones, X)


@st.composite
def corpora(draw):
    """Melodies of whole measures, and the steps of a measure."""
    X = draw(melodies())
    n_steps = X.shape[1]
    divisors = [n for n in range(1, n_steps + 1) if n_steps % n == 0]
    return X, draw(st.sampled_from(divisors))


@given(corpora(), st.integers(0, 12), st.integers(0, 2**32 - 1))
def test_each_measure_is_one_of_the_corpus_in_its_place(corpus, most, seed):
    X, steps = corpus
    found = recombine_measures(
        X, 4, steps_per_measure=steps, max_transposition=most, random_state=seed
    )
    assert found.shape == (4, X.shape[1])
    assert found.dtype == np.uint8
    check_melodies(found)
    pitches, known = found[found < N_PITCHES], X[X < N_PITCHES]
    assert not pitches.size or known.min() <= pitches.min()
    assert not pitches.size or pitches.max() <= known.max()
    places = []
    for place in measures_of(X, steps).swapaxes(0, 1):
        # A hold with nothing before it to hold is a rest.
        either = np.vstack([place, mend_orphan_holds(place)])
        places.append({tuple(measure) for measure in either.tolist()})
    for melody in found.astype(int):
        assert any(
            all(
                tuple(measure) in place
                for measure, place in zip(
                    transposed(melody, -semitones).reshape(-1, steps).tolist(),
                    places,
                    strict=True,
                )
            )
            for semitones in range(-most, most + 1)
        )


def test_every_measure_and_every_transposition_is_drawn(reels):
    found = recombine_measures(reels, 3000, max_transposition=0, random_state=0)
    first = measures_of(reels, 16)[:, 0]
    assert len(np.unique(measures_of(found, 16)[:, 0], axis=0)) == len(
        np.unique(first, axis=0)
    )
    assert len(np.unique(found, axis=0)) == 3000
    narrow = np.array([[60, HOLD, REST, 60], [72, 72, 72, 72]])
    found = recombine_measures(narrow, 300, steps_per_measure=4, random_state=0)
    assert set(found[found < N_PITCHES]) == set(range(60, 73))


def test_a_seed_gives_the_same_bits_and_a_generator_goes_on(reels):
    def chunks(seed):
        rng = np.random.RandomState(seed)
        return [recombine_measures(reels, 50, random_state=rng) for _ in range(2)]

    one, again, other = chunks(1), chunks(1), chunks(2)
    assert np.array_equal(one, again)
    assert not np.array_equal(one[0], one[1])
    assert not np.array_equal(one[0], other[0])
    assert np.array_equal(recombine_measures(reels, 50, random_state=1), one[0])


def test_what_is_refused(reels):
    with pytest.raises(ValueError, match=r"=12 does not divide the 128 steps"):
        recombine_measures(reels, 3, steps_per_measure=12)
    with pytest.raises(ValueError, match="'n_melodies' parameter"):
        recombine_measures(reels, 0)
    with pytest.raises(ValueError, match="Found 129 at melody 0, step 0"):
        recombine_measures([[HOLD, 60]], 1, steps_per_measure=2)


def test_melodies_of_any_length_begin_and_end_as_those_of_the_corpus(reels):
    corpus = reels[:6, :48].copy()
    lengths = np.array([48, 32, 32, 19, 16, 5])  # two of them end within a measure
    corpus[np.arange(48) >= lengths[:, np.newaxis]] = END
    found = recombine_measures(corpus, 300, max_transposition=0, random_state=0)
    check_melodies(found)
    n_measures = np.array([3, 2, 2, 2, 1, 1])
    drawn = -(-melody_lengths(found) // 16)
    assert np.bincount(drawn)[1:] / 300 == pytest.approx([2 / 6, 3 / 6, 1 / 6], abs=0.1)
    measures, known = measures_of(found, 16), measures_of(corpus, 16)

    def in_(measure, others):
        mended = [*others, *mend_orphan_holds(others)]
        return any((measure == other).all() for other in mended)

    for melody, n in zip(measures, drawn, strict=True):
        assert in_(melody[n - 1], known[np.arange(6), n_measures - 1])
        for m in range(n - 1):
            assert in_(melody[m], known[n_measures > m + 1, m])
    # The same tunes in wider rows, or all of one length, have the same draws.
    for X in (corpus, reels[:6, :48]):
        wider = np.pad(X, ((0, 0), (0, 16)), constant_values=END)
        one, other = (
            recombine_measures(rows, 9, random_state=1) for rows in (X, wider)
        )
        assert np.array_equal(
            other, np.pad(one, ((0, 0), (0, 16)), constant_values=END)
        )
