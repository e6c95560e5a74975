"""Sliders: models whose control is known, and the definitions written out."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.decomposition import PCA
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_c2c import PianoRollEncoder
from sklearn_c2c.melody import REST
from sklearn_c2c.metrics import (
    attributes,
    control_r2,
    leakage,
    monotonicity,
    slider_control,
    smoothness,
)

pytestmark = pytest.mark.filterwarnings("error")

PITCHES = {"low": lambda X: X[:, 0].astype(float), "high": lambda X: X[:, 1] * 1.0}


@pytest.fixture
def pairs(rng):
    """Melodies of two notes of independent pitches, far from the ends of the range."""
    return rng.integers(55, 65, size=(400, 2))


def linear_model(matrix, pairs):
    """Model of melodies of two notes; its latents are a linear map of the pitches."""
    inverse = np.linalg.inv(matrix)
    model = FunctionTransformer(
        lambda X: X @ np.asarray(matrix),
        lambda Z: (Z @ inverse).round().clip(0, 127),
        check_inverse=False,
    )
    return model.fit(pairs)


def test_an_exact_slider_in_any_unit(pairs):
    model = linear_model([[-0.01, 0], [0, 7]], pairs)
    table = slider_control(model, pairs, PITCHES, random_state=0)
    expected = {
        "control_r2": 1,
        "fitted_r2": 1,
        "gain": 1,
        "leakage": 0,
        "displacement": 0,
        "monotonicity": 1,
        "kept_share": 0.5,
        "undefined_share": 0,
    }
    for name, value in expected.items():
        assert table[name]["mean"] == pytest.approx(value, abs=1e-3), name
    r = np.corrcoef(pairs.T)[0, 1]
    assert table.corpus_leakage["low"] == pytest.approx(abs(r))
    frame = pd.DataFrame(table)
    assert frame.index.tolist() == ["low", "high", "mean"]
    swapped = slider_control(
        model, pairs, dict(reversed(PITCHES.items())), dimensions=[1, 0], random_state=0
    )
    assert swapped.control_r2["mean"] == pytest.approx(1, abs=1e-3)


def test_a_wrong_latent_does_nothing(pairs):
    model = linear_model(np.eye(2), pairs)
    table = slider_control(model, pairs, PITCHES, dimensions=[1, 0], random_state=0)
    # Calibrated on an uncorrelated latent, which moves little and not its attribute.
    assert table.control_r2["mean"] == pytest.approx(-1, abs=0.2)
    assert table.gain["mean"] == 0 and table.fitted_r2["mean"] < 0.02
    assert np.isnan(table.monotonicity["mean"])
    assert table.smoothness["mean"] == 1


def test_a_slider_takes_the_other_attribute_along(pairs):
    # Decoded, high is z_1 + z_0 / 2: half a semitone for each one of low.
    model = linear_model(np.linalg.inv([[1, 0.5], [0, 1]]), pairs)
    table = slider_control(model, pairs, PITCHES, random_state=0)
    assert table.control_r2.low == pytest.approx(1, abs=0.01)
    ratio = pairs[:, 0].std() / pairs[:, 1].std()
    assert table.leakage.low == pytest.approx(0.5 * ratio, abs=0.03)
    assert table.displacement.low == pytest.approx(0.5 * ratio, abs=0.03)
    # The other slider moves high alone, but low has a share in it.
    assert table.leakage.high == pytest.approx(0, abs=0.02)
    assert table.gain.high == pytest.approx(1, abs=0.05)
    assert table.control_r2.high == pytest.approx(1 - (0.5 * ratio) ** 2, abs=0.05)


def test_a_slider_that_goes_half_as_far(pairs):
    mean = pairs.mean()

    def decode(Z):
        return ((Z - mean) / 2 + mean).round()

    model = FunctionTransformer(lambda X: X * 1.0, decode, check_inverse=False).fit(
        pairs
    )
    table = slider_control(model, pairs, PITCHES, random_state=0)
    assert table.control_r2["mean"] == pytest.approx(0.75, abs=0.05)
    assert table.fitted_r2["mean"] > 0.95  # measured about a fitted line it looks true


def test_values_and_units_are_those_of_the_corpus(pairs):
    model = linear_model(np.eye(2), pairs)
    corpus = pairs + 20
    seen = []

    def low(X):
        seen.append(X[:, 0].copy())
        return X[:, 0] * 1.0

    table = slider_control(
        model, pairs, {"low": low}, corpus=corpus, n_points=5, random_state=0
    )
    assert table.control_r2["low"] == pytest.approx(1) and np.isnan(table.leakage.low)
    first, own, decoded, asked, *sweep = seen
    np.testing.assert_array_equal(first, corpus[:, 0])
    np.testing.assert_array_equal(own, pairs[:, 0])
    np.testing.assert_array_equal(decoded, pairs[:, 0])
    assert set(asked) <= set(corpus[:, 0]) and len(set(asked)) > 5
    values = corpus[:, 0]
    low_end = max(values.mean() - 2 * values.std(), values.min())
    high_end = min(values.mean() + 2 * values.std(), values.max())
    expected = np.linspace(low_end, high_end, 5).round()
    assert [set(points) for points in sweep] == [{value} for value in expected]


def test_melodies_that_lose_their_notes_are_left_out_and_counted(pairs):
    def decode(Z):
        low, high = Z.round().T
        silent = low > 62
        return np.column_stack([np.where(silent, REST, low), high])

    model = FunctionTransformer(lambda X: X * 1.0, decode, check_inverse=False).fit(
        pairs
    )
    low = {"low": lambda X: np.where(X[:, 0] == REST, np.nan, X[:, 0])}
    table = slider_control(model, pairs, low, random_state=0)
    # Silent are those that were, and those that were asked to be, above 62.
    assert 0.2 < table.undefined_share.low < 0.5
    assert table.control_r2.low == pytest.approx(1)
    silent = FunctionTransformer(
        lambda X: X * 1.0, lambda Z: np.full(Z.shape, REST), check_inverse=False
    )
    with pytest.raises(ValueError, match="no decoded melody that has all of low;"):
        slider_control(silent.fit(pairs), pairs, low)


def test_reels_and_principal_components(reels):
    model = make_pipeline(PianoRollEncoder((55, 83)), PCA(20, random_state=0))
    model.fit(reels[:60])
    names = ["mean_pitch", "note_density"]
    table, again = (
        slider_control(
            model,
            reels[60:],
            attributes(names),
            corpus=reels[:60],
            n_points=3,
            random_state=0,
        )
        for _ in range(2)
    )
    assert str(table) == str(again)
    assert table.control_r2["mean"] < 0.2 and 0.3 < table.kept_share["mean"] < 1
    assert list(table.gain) == [*names, "mean"]


def test_what_is_wrong_is_named(pairs, reels):
    model = linear_model(np.eye(2), pairs)
    with pytest.raises(ValueError, match=r"2 dimensions from 0 to 1, .* got \[0, 2\]"):
        slider_control(model, pairs, PITCHES, dimensions=[0, 2])
    with pytest.raises(ValueError, match=r"got \[0\]"):
        slider_control(model, pairs, PITCHES, dimensions=[0])
    with pytest.raises(ValueError, match="length is 2 for all melodies"):
        slider_control(model, pairs, {"length": lambda X: np.full(len(X), 2.0)})
    with pytest.raises(
        ValueError, match="1 of 400 melodies that have no low, in row 7"
    ):
        pairs[7, 0] = REST
        slider_control(
            model, pairs, {"low": lambda X: np.where(X < 128, X, np.nan)[:, 0]}
        )
    with pytest.raises(ValueError, match="at least 3 points, got 2"):
        slider_control(model, pairs, {"high": PITCHES["high"]}, n_points=2)


def test_control_r2_is_about_the_identity(rng):
    asked = rng.normal(size=50)
    found = 0.5 * asked + rng.normal(size=50)
    assert control_r2(asked, found) == pytest.approx(r2_score(asked, found))
    assert control_r2(asked, asked + 1) < 0.2  # a line fitted would not see it
    assert np.isnan(control_r2([2, 2], [1, 3]))
    with pytest.raises(ValueError, match="inconsistent"):
        control_r2([1, 2], [1])
    with pytest.raises(ValueError, match="found contains NaN"):
        control_r2([1, 2], [1, np.nan])


def test_leakage_against_a_plain_loop(rng):
    corpus = rng.normal(size=(80, 3)) * [1, 5, 0.2]
    before, after = corpus[:20], corpus[20:40] * 1.3
    asked = rng.normal(size=20)
    moves = leakage(asked, before, after, corpus, attribute=1)
    sd = corpus.std(axis=0)
    wished = [(a - b[1]) / sd[1] for a, b in zip(asked, before, strict=True)]
    for b in range(3):
        moved = [(y[b] - x[b]) / sd[b] for x, y in zip(before, after, strict=True)]
        slope = sum(w * m for w, m in zip(wished, moved, strict=True))
        slope /= sum(w * w for w in wished)
        assert moves.slopes[b] == pytest.approx(slope)
    assert moves.gain == moves.slopes[1]
    assert moves.leakage == pytest.approx(np.abs(moves.slopes[[0, 2]]).mean())
    r = np.corrcoef(corpus.T)[1]
    assert moves.corpus_leakage == pytest.approx((abs(r[0]) + abs(r[2])) / 2)


def test_leakage_of_melodies_of_the_corpus_is_its_correlation(rng):
    first = rng.normal(size=4000)
    corpus = np.column_stack([first, 0.6 * first + 0.8 * rng.normal(size=4000)])
    corpus[:, 1] *= 30
    before, after = corpus[:2000], corpus[2000:]
    moves = leakage(after[:, 0], before, after, corpus)
    assert moves.gain == pytest.approx(1)
    assert moves.leakage == pytest.approx(moves.corpus_leakage, abs=0.03)
    assert moves.corpus_leakage == pytest.approx(0.6, abs=0.03)
    assert moves.displacement == pytest.approx(1, abs=0.05)
    # By chance up or down is no leakage, but is a displacement.
    noise = np.column_stack([after[:, 0], before[:, 1] + 30 * rng.normal(size=2000)])
    moves = leakage(after[:, 0], before, noise, corpus)
    assert moves.leakage < 0.05 and moves.displacement > 0.6
    still = leakage(before[:, 0], before, before, corpus)
    assert np.isnan(still.gain) and np.isnan(still.displacement)


def test_what_leakage_cannot_measure_is_named():
    corpus = [[0, 3], [1, 3]]
    with pytest.raises(ValueError, match="Attribute 1 is 3 for all of the corpus"):
        leakage([1], [[0, 3]], [[1, 3]], corpus)
    with pytest.raises(ValueError, match=r"\(1, 2\), got \(1, 2\) and \(1, 1\)"):
        leakage([1], [[0, 3]], [[1]], corpus)


SWEEPS = hnp.arrays(
    float, st.tuples(st.integers(1, 4), st.integers(3, 7)), elements=st.integers(-4, 4)
)


@given(SWEEPS, st.floats(0.1, 10))
def test_sweeps_against_latte_s_definitions(values, delta):
    z = 5 + delta * np.arange(values.shape[1])
    found = monotonicity(values, z), smoothness(values)
    for row, monotone, smooth in zip(values.tolist(), *found, strict=True):
        first = [(b - a) / delta for a, b in pairwise(row)]
        second = [(b - a) / delta for a, b in pairwise(first)]
        moves = [d for d in first if abs(d) > 1e-3]
        if moves:
            assert monotone == pytest.approx(sum(map(np.sign, moves)) / len(moves))
        else:
            assert np.isnan(monotone)
        if any(second):
            lehmer = sum(d**2 for d in second) / sum(map(abs, second))
            expected = 1 - lehmer / ((max(first) - min(first)) / delta)
            assert smooth == pytest.approx(expected, abs=1e-9)
        else:
            assert smooth == 1
        assert -1e-12 <= smooth <= 1


def test_sweeps_at_their_extremes():
    rising, falling, jump, flat = [0, 1, 2, 3], [9, 6, 3, 0], [0, 0, 5, 5], [2] * 4
    values = [rising, falling, jump, flat, [0, np.nan, 1, 2]]
    nan = np.nan
    np.testing.assert_array_equal(monotonicity(values, range(4)), [1, -1, 1, nan, nan])
    np.testing.assert_array_equal(smoothness(values), [1, 1, 0, 1, nan])
    # Moves below the threshold are none.
    assert monotonicity([[0, -5e-4, 1]], [0, 1, 2]) == 1
    assert monotonicity([[0, -5e-4, 1]], [0, 1, 2], threshold=1e-4) == 0
    for z in ([0, 1, 2], [0, 1, 1, 2]):
        with pytest.raises(ValueError, match="Expected 4 rising values z"):
            monotonicity([rising], z)
    with pytest.raises(ValueError, match="at least 3 points, got 2"):
        smoothness([[0, 1]])
