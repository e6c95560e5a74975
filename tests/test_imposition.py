"""`generation.impose`: what is given is kept, constraints are met, draws are legal."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_c2c import PianoRollEncoder, SoftmaxRBM
from sklearn_c2c.generation import impose
from sklearn_c2c.melody import (
    END,
    HOLD,
    REST,
    check_melodies,
    melody_lengths,
    mend_orphan_holds,
    pad_melodies,
)
from sklearn_c2c.metrics import step_surprise
from sklearn_c2c.objectives import FirstNote, HoldCount, SelfSimilarity

FREE = -1


@pytest.fixture(scope="module")
def model(reels):
    """A machine of the first four measures of reels, which has learned a little."""
    estimator = SoftmaxRBM(
        48, window_size=32, learning_rate_init=0.01, max_iter=60, random_state=0
    )
    return make_pipeline(PianoRollEncoder((55, 83)), estimator).fit(reels[:, :64])


@pytest.fixture(scope="module")
def ragged_model(reels):
    rows = [reel[:n] for reel, n in zip(reels, np.resize([8, 12, 16], 75), strict=True)]
    estimator = SoftmaxRBM(8, learning_rate_init=0.01, max_iter=20, random_state=0)
    return make_pipeline(PianoRollEncoder(), estimator).fit(pad_melodies(rows))


def test_a_first_note_that_no_tune_has_is_met(model, reels):
    assert not FirstNote(60)(reels).any()
    result = impose(model, FirstNote(60), n_samples=20, n_iter=40, random_state=0)
    assert_array_equal(result.after, 1)
    assert_array_equal(result.melodies[:, 0], 60)
    assert result.before.mean() < 0.5


def test_a_form_is_imposed_and_the_style_kept(model, reels):
    form = SelfSimilarity("ABAB")
    settings = dict(n_samples=8, n_iter=100, random_state=0)
    result = impose(model, form, **settings)
    assert (1 - result.after).mean() < 0.5 * (1 - result.before).mean()
    free = impose(model, form, weight=0, **settings)
    surprise = [step_surprise(r.melodies, reels).mean() for r in (result, free)]
    assert surprise[0] < surprise[1] + 0.5


def test_the_result_is_measured_and_never_worse_than_the_start(model):
    objective = HoldCount()
    result = impose(model, objective, weight=3, n_samples=5, n_iter=10, random_state=0)
    for rows, values in [
        (result.melodies, result.after),
        (result.start_melodies, result.before),
    ]:
        assert_array_equal(objective(check_melodies(rows)), values)
    V = model[0].transform(result.melodies)
    assert_allclose(result.free_energy, model[-1].free_energy(V), rtol=1e-6)
    before = model[-1].free_energy(model[0].transform(result.start_melodies))
    assert (3 * result.after - result.free_energy >= 3 * result.before - before).all()


def test_without_a_weight_it_looks_for_the_least_free_energy(model):
    result = impose(model, HoldCount(), weight=0, n_samples=5, random_state=0)
    start = model[-1].free_energy(model[0].transform(result.start_melodies))
    assert (result.free_energy < start - 20).all()


def test_the_weight_decides_how_much_of_a_melody_is_kept(model, reels):
    X, settings = reels[:6, :64], dict(weight=3, n_iter=20, random_state=0)
    found = [
        impose(model, -HoldCount(), X=X, keep_weight=weight, **settings)
        for weight in (0, 3, 60)
    ]
    kept = [(result.melodies == X).mean() for result in found]
    assert kept[0] + 0.1 < kept[1] < kept[2] - 0.02
    assert kept[2] == 1
    values = [result.after.mean() for result in found]
    assert values[0] > values[1] > values[2] == (-HoldCount())(X).mean()


def test_kept_steps_are_a_part_of_what_is_maximised(model, reels):
    X = reels[:6, :64]
    result = impose(model, HoldCount(), X=X, weight=3, keep_weight=2, n_iter=10)
    before = model[-1].free_energy(model[0].transform(X))
    n_kept = (result.melodies == X).sum(axis=1)
    after = 3 * result.after - result.free_energy + 2 * n_kept
    assert (after >= 3 * result.before - before + 2 * 64 - 1e-3).all()


def test_a_start_that_is_drawn_is_kept_too(model):
    settings = dict(n_samples=4, n_iter=5, random_state=0)
    result = impose(model, HoldCount(), weight=1, keep_weight=200, **settings)
    assert_array_equal(result.melodies, result.start_melodies)


def test_seeds(model, reels):
    X, settings = reels[:3, :64], dict(n_iter=3, n_gibbs=2, n_updates=2)
    first = impose(model, HoldCount(), X=X, random_state=1, **settings)
    again = impose(model, HoldCount(), X=X, random_state=1, **settings)
    other = impose(model, HoldCount(), X=X, random_state=2, **settings)
    assert_array_equal(first.melodies, again.melodies)
    assert (first.melodies != other.melodies).any()
    assert_array_equal(first.start_melodies, X)


# ------------------------------------------------------------------ what is given


@st.composite
def fixed_tokens(draw, tokens, n_steps):
    """Some given steps of a legal melody; others are free."""
    n = draw(st.integers(1, n_steps)) if END in tokens else n_steps
    codes = st.sampled_from([t for t in tokens if t != END])
    row = draw(st.lists(codes, min_size=n, max_size=n))
    melody = mend_orphan_holds(np.array(row, np.int16))
    melody = np.append(melody, np.full(n_steps - n, END, np.int16))
    kept = draw(st.lists(st.booleans(), min_size=n_steps, max_size=n_steps))
    return np.where(kept, melody, FREE)


def check_given(model, fixed):
    result = impose(
        model, HoldCount(), n_samples=4, fixed=fixed, n_iter=2, n_gibbs=2,
        random_state=0,
    )  # fmt: skip
    for rows in (result.melodies, result.start_melodies):
        found = check_melodies(rows)[:, fixed != FREE]
        assert_array_equal(found, np.tile(fixed[fixed != FREE], (len(found), 1)))


@settings(max_examples=15)
@given(st.data())
def test_given_tokens_are_kept_in_legal_melodies(model, data):
    check_given(model, data.draw(fixed_tokens([60, 62, 66, HOLD, HOLD, REST], 64)))


@settings(max_examples=25)
@given(st.data())
def test_given_tokens_and_ends_are_kept(ragged_model, data):
    tokens = ragged_model[0].tokens_
    assert END in tokens
    some = [62, 66, HOLD, HOLD, REST, END] if REST in tokens else [62, 66, HOLD, END]
    check_given(ragged_model, data.draw(fixed_tokens(some, 16)))


def test_a_hold_that_is_given_prolongs_a_note(model):
    fixed = np.full(64, FREE)
    fixed[[1, 2, 5, 63]] = HOLD
    fixed[4] = FREE
    check_given(model, fixed)
    fixed[0] = 83
    check_given(model, fixed)


def test_melodies_of_any_length(ragged_model, reels):
    settings = dict(weight=0, n_iter=5, random_state=0)
    result = impose(ragged_model, HoldCount(), n_samples=30, **settings)
    lengths = melody_lengths(check_melodies(result.melodies))
    assert len(np.unique(lengths)) > 1
    fixed = np.full(16, FREE)
    fixed[10:] = END
    result = impose(ragged_model, HoldCount(), fixed=fixed, **settings)
    assert (melody_lengths(result.melodies) <= 10).all()


def fixed_but(step, token, n_steps=64):
    fixed = np.full(n_steps, FREE)
    fixed[step] = token
    return fixed


@pytest.mark.parametrize(
    ("fixed", "message"),
    [
        ([62] * 3, "one token for each of 64 steps"),
        ([[62] * 64], r"got shape \(1, 64\)"),
        (fixed_but(3, 20), r"Found 20 at step 3 of fixed; .* \(55 to 129\)"),
        (fixed_but(3, END), r"Found 130 at step 3 of fixed; .* \(55 to 129\)"),
        (fixed_but(0, HOLD), "no melody at step 0: a hold"),
        (fixed_but(slice(3, 5), [REST, HOLD]), "no melody at step 4: a hold"),
    ],
)
def test_errors_of_given_tokens(model, fixed, message):
    with pytest.raises(ValueError, match=message):
        impose(model, HoldCount(), fixed=fixed, n_iter=1)


def test_after_an_end_that_is_given_is_nothing_else(ragged_model):
    fixed = fixed_but(slice(3, 5), [END, 62], 16)
    with pytest.raises(ValueError, match=r"no melody at step 4: .* after the end"):
        impose(ragged_model, HoldCount(), fixed=fixed, n_iter=1)
    with pytest.raises(ValueError, match="no melody at step 0"):
        impose(ragged_model, HoldCount(), fixed=fixed_but(0, END, 16), n_iter=1)


def test_other_models_are_refused(reels):
    model = make_pipeline(PianoRollEncoder(), PCA(3)).fit(reels)
    with pytest.raises(ValueError, match="a SoftmaxRBM; got PCA as the last of 2"):
        impose(model, HoldCount())


def test_pipelines_with_more_steps_are_refused(reels):
    parts = PianoRollEncoder(), StandardScaler(), SoftmaxRBM(2, max_iter=1)
    with pytest.raises(ValueError, match="got SoftmaxRBM as the last of 3 steps"):
        impose(make_pipeline(*parts).fit(reels), HoldCount())
