"""Completion and search: given steps are kept, in any key; latents are found."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from sklearn_c2c import Autoencoder, PianoRollEncoder, VariationalAutoencoder
from sklearn_c2c.generation import (
    LatentModel,
    _completion,
    average,
    complete,
    encode,
    interpolate,
    translate,
    vary,
)
from sklearn_c2c.generation._rhythm import new_rhythm
from sklearn_c2c.melody import HOLD, REST, check_melodies, transpose
from sklearn_c2c.metrics import note_surprise, step_accuracy


@pytest.fixture(scope="module", params=[0.9, 0])
def model(request, reels):
    """A model of sixty reels; the others are unseen."""
    encoder = PianoRollEncoder((50, 90), transition_weight=request.param)
    vae = VariationalAutoencoder(24, max_iter=60, random_state=0)
    return make_pipeline(encoder, vae).fit(reels[:60])


def symbols(codes):
    """Notes and rests in their order, a rest of several steps once."""
    before = [None, *codes[:-1]]
    pairs = zip(codes, before, strict=True)
    return [c for c, b in pairs if c != HOLD and not c == b == REST]


# -------------------------------------------------------------------------- search


def test_search_finds_better_codes_than_the_encoder(reels):
    encoder = PianoRollEncoder((50, 90), transition_weight=0)
    linear = Autoencoder(
        48, output="softmax", activation="identity", max_iter=60, random_state=0
    )
    model = make_pipeline(encoder, linear).fit(reels[:60])
    unseen = reels[60:]
    guess, found = (
        step_accuracy(unseen, model.inverse_transform(encode(model, unseen, method=m)))
        for m in ("encoder", "search")
    )
    assert found > guess + 0.02


def test_search_climbs_the_stated_objective(model, reels):
    """More likely melodies near the training latents, nearer with more weight."""
    unseen, last = reels[60:], model[-1]
    onehot = model[0].transform(unseen)

    def parts(Z):
        P = last.inverse_transform(Z)
        distance = (Z - last.latent_mean_) / last.latent_std_
        return (np.log(P) * onehot).sum(axis=1), (distance**2).sum(axis=1) / 2

    def objective(Z, weight):
        log_p, prior = parts(Z)
        return log_p - weight * prior

    free, held = (encode(model, unseen, prior_weight=w) for w in (0.1, 5))
    guess = model.transform(unseen)
    for weight, found in ((0.1, free), (5, held)):
        assert (objective(found, weight) > objective(guess, weight)).mean() > 0.95
    assert objective(free, 0.1).mean() > objective(held, 0.1).mean()
    assert parts(held)[1].mean() < parts(free)[1].mean()


def test_codes_do_not_depend_on_what_else_is_sought(model, reels):
    together = encode(model, reels[60:])
    assert_array_equal(encode(model, reels[60:]), together)
    np.testing.assert_allclose(encode(model, reels[62:63])[0], together[2], atol=2e-2)


def test_strategies_start_from_the_code_that_was_found(model, reels):
    unseen = reels[60:]
    decoded = model.inverse_transform(encode(model, unseen))
    search = {"encoding": "search"}
    assert_array_equal(translate(model, unseen, 0, **search), decoded)
    for call in (
        lambda: vary(model, unseen[0], n_samples=1, strength=0, **search),
        lambda: average(model, unseen[:1], **search),
        lambda: interpolate(model, unseen[0], unseen[1], n_points=2, **search)[:1],
    ):
        assert (call() == decoded[0]).mean() > 0.95


# ---------------------------------------------------------------------- completion


@pytest.mark.integration
@pytest.mark.parametrize("form", [None, "ABAC", "corpus"])
@pytest.mark.parametrize("keep", [[1, 2, 3, 4], [5, 6, 7, 8], [3, 6], [1]])
def test_given_measures_stand(model, reels, keep, form):
    result = complete(
        model, reels[66], keep, n_samples=6, X=reels, form=form, random_state=0
    )
    X = check_melodies(result.melodies)
    assert_array_equal(result.kept, np.isin(np.arange(128) // 16 + 1, keep))
    assert (X[:, result.kept] == reels[66][result.kept]).all()
    assert (X[:, ~result.kept] != reels[66][~result.kept]).any()
    again = complete(
        model, reels[66], keep, n_samples=6, X=reels, form=form, random_state=0
    )
    assert_array_equal(again.melodies, X)


@settings(max_examples=15, deadline=None)
@given(
    st.integers(60, 74),
    st.integers(0, 2**31),
    st.floats(0.02, 0.98),
    st.sampled_from(["notes", "rhythm", "pitches"]),
    st.sampled_from([None, "AABB", "corpus"]),
)
def test_any_steps_of_unseen_reels_stand(reels, model, row, seed, share, aspect, form):
    rng = np.random.default_rng(seed)
    keep = rng.random(128) < share
    if rng.random() < 0.5:  # in groups
        keep = np.repeat(rng.random(16) < share, 8)
    tune = reels[row]
    result = complete(
        model, tune, keep, n_samples=2, aspect=aspect, X=reels, form=form, max_iter=4,
        random_state=seed,
    )  # fmt: skip
    edges = np.flatnonzero(np.diff(np.concatenate([[0], keep, [0]])))
    for found in check_melodies(result.melodies):
        if aspect == "notes":
            assert_array_equal(found[keep], tune[keep])
        elif aspect == "rhythm":
            assert_array_equal(np.minimum(found, 127)[keep] == 127,
                               np.minimum(tune, 127)[keep] == 127)  # fmt: skip
            assert_array_equal(found[keep & (tune > 127)], tune[keep & (tune > 127)])
        else:
            for begin, end in edges.reshape(-1, 2):
                assert symbols(found[begin:end]) == symbols(tune[begin:end])


@pytest.mark.parametrize("semitones", [-7, 3, 10])
def test_a_tune_in_another_key_is_completed_in_its_key(model, reels, semitones):
    tune = transpose(reels[61], semitones)
    result = complete(model, tune, [1, 2, 3, 4, 5, 6], n_samples=4, random_state=0)
    assert (result.melodies[:, result.kept] == tune[result.kept]).all()
    assert result.semitones == -semitones


def test_a_tune_out_of_range_is_moved_in_and_back(model, reels):
    tune = transpose(reels[61], 127 - reels[61][reels[61] < 128].max())
    result = complete(
        model, tune, [1, 2], n_samples=2, transposition=-38, random_state=0
    )
    assert (result.melodies[:, result.kept] == tune[result.kept]).all()
    assert result.melodies[result.melodies < 128].min() >= 0
    wide = [0, 127] * 64
    with pytest.raises(ValueError, match=r"do not fit into the range .* in any key"):
        complete(model, wide, [1, 2])


@pytest.fixture(scope="module")
def tiny():
    X = [[62, HOLD, 64, 66], [66, 64, 62, HOLD], [69, 66, 62, 62], [60, 62, REST, 60]]
    encoder = PianoRollEncoder(steps_per_measure=4)
    return make_pipeline(encoder, Autoencoder(h=4, random_state=0)).fit(X)


@pytest.mark.parametrize("transposition", [67, -100, -80, -127, 127])
@pytest.mark.parametrize("aspect", ["notes", "rhythm", "pitches"])
def test_no_transposition_makes_a_pitch_a_code(tiny, transposition, aspect):
    """Either an error, or given steps are kept and new ones are legal."""
    start, keep = [60, 62, 64, 65], [False, True, False, False]
    try:
        result = complete(tiny, start, keep, n_samples=3, aspect=aspect,
                          transposition=transposition, random_state=0)  # fmt: skip
    except ValueError as error:
        assert "do not fit into the range" in str(error)
    else:
        assert aspect == "rhythm"
        assert (check_melodies(result.melodies)[:, 1] < REST).all()


@pytest.mark.parametrize("weight", [1e-300, 1e-9, 3000, 1e6, 1e300])
def test_what_is_given_stands_at_any_weight(tiny, weight):
    tiny[0].set_params(transition_weight=weight)
    try:
        with np.errstate(all="raise", under="ignore"):
            result = complete(tiny, [69, 60, REST, 60], [True] * 3 + [False],
                              n_samples=4, transposition=0, random_state=0)  # fmt: skip
    finally:
        tiny[0].set_params(transition_weight=0.9)
    assert (result.melodies[:, :3] == [69, 60, REST]).all()


@pytest.mark.parametrize(
    ("keep", "aspect"),
    [([True] * 4, "rhythm"), ([False, False, True, True], "notes")],
)
def test_where_no_pitch_is_given_nothing_is_moved(tiny, keep, aspect):
    start = [100, 101, REST, REST]
    result = complete(tiny, start, keep, n_samples=3, aspect=aspect, random_state=0)
    assert result.semitones == 0
    assert np.isin(result.melodies, tiny[0].tokens_).all()


def test_what_is_not_kept_need_not_be_a_melody(tiny):
    keep = [False, False, True, True]
    for start in ([HOLD, HOLD, 64, 66], [-1, -1, 64, 66], [60, REST, HOLD, 66]):
        result = complete(tiny, start, keep, n_samples=3, random_state=0)
        assert (result.melodies[:, 2:] == start[2:]).all()


def test_far_octaves_are_tried_where_near_ones_do_not_fit(tiny):
    result = complete(
        tiny, [98, 100, 98, 98], [True] * 3 + [False], n_samples=2, random_state=0
    )
    assert (result.melodies[:, :3] == [98, 100, 98]).all() and result.semitones < -24


def test_all_or_nothing_can_be_kept(tiny):
    start = [62, HOLD, 64, 66]
    whole = complete(tiny, start, [True] * 4, n_samples=2, random_state=0)
    assert (whole.melodies == start).all()
    for nothing in ([], [False] * 4):
        assert not complete(
            tiny, start, nothing, n_samples=2, random_state=0
        ).kept.any()


def test_results_of_the_draws_differ_and_lie_in_the_style(model, reels):
    result = complete(model, reels[66], [1, 2, 3, 4], n_samples=8, random_state=0)
    pairs = combinations(result.melodies[:, ~result.kept], 2)
    assert np.mean([(a != b).mean() for a, b in pairs]) > 0.1
    noise = np.random.default_rng(0).permuted(result.melodies[:, 64:], axis=1)
    noise = np.where(noise == HOLD, 69, noise)
    half = [note_surprise(X, reels[:60, 64:]) for X in (result.melodies[:, 64:], noise)]
    assert half[0].mean() < half[1].mean() - 0.5


@pytest.mark.integration
def test_what_is_kept_draws_the_rest_to_itself(reels):
    """Given all but two measures of a training reel, most of them are reconstructed."""
    encoder = PianoRollEncoder()
    vae = VariationalAutoencoder(32, max_iter=120, random_state=0)
    model = make_pipeline(encoder, vae).fit(reels)
    keep = [1, 2, 3, 4, 5, 6]
    result = complete(
        model, reels[3], keep, n_samples=4, prior_weight=0.1, random_state=0
    )
    other = complete(
        model, reels[4], keep, n_samples=4, prior_weight=0.1, random_state=0
    )
    own = (result.melodies[:, 96:] == reels[3, 96:]).mean()
    assert own > (other.melodies[:, 96:] == reels[3, 96:]).mean() + 0.2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"keep": [1] * 128}, "a bool mask of 128 steps"),
        ({"transposition": 128}, "'transposition' parameter"),
        ({"transposition": -128}, "'transposition' parameter"),
        ({"keep": [0]}, "measures from 1 to 8; got int64 \\[0\\]"),
        ({"keep": [9]}, "measures from 1 to 8"),
        ({"keep": [True, False]}, "a bool mask of 128 steps"),
        ({"keep": [0.5]}, "a bool mask of 128 steps"),
        ({"start": [60, 62]}, "start has 2 steps, but the model's melodies have 128"),
        ({"start": [[HOLD] * 128]}, "HOLD with no note before it"),
        ({"transposition": 40}, r"moved by \+40 semitones"),
    ],
)
def test_what_cannot_be_is_said(model, reels, call, message):
    call = {"start": reels[0], "keep": [1]} | call
    with pytest.raises(ValueError, match=message):
        complete(model, **call)


def test_models_without_gradient_or_steps_are_named(reels):
    with pytest.raises(ValueError, match="PCA has no decode_with_vjp"):
        complete(make_pipeline(PianoRollEncoder(), PCA(4)).fit(reels), reels[0], [1])
    roll = PianoRollEncoder().fit_transform(reels)
    with pytest.raises(ValueError, match="begins with a PianoRollEncoder"):
        complete(Autoencoder(2, max_iter=1).fit(roll), reels[0], [1])


def test_the_transposition_is_the_likeliest_of_notes_and_prior(model, reels, rng):
    latent, melody = LatentModel(model), reels[61]
    given_all = _completion._Given(melody, np.ones(128, bool), "notes")
    low, high = latent.encoder.pitch_range_
    pitches = melody[melody < 128]
    semitones = [
        k
        for k in sorted(range(-12, 13), key=abs)
        if low <= pitches.min() + k and pitches.max() + k <= high
    ]
    assert len(semitones) > 4
    mean, spread = latent.mean(), latent.spread()
    seen = set()
    for _ in range(20):
        z = rng.standard_normal((len(semitones), len(mean)))
        z *= rng.uniform(0, 1, (len(semitones), 1))
        log_p = rng.normal(0, 10, len(semitones))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                _completion, "search", lambda *_, z=z, **__: mean + spread * z
            )
            patch.setattr(_completion, "probabilities", lambda *_: None)
            patch.setattr(_completion, "log_likelihood", lambda *_, p=log_p: p.copy())
            tune = {"prior_weight": 1.5, "max_iter": 5}
            found = _completion._best_transposition(latent, given_all, tune)
        expected = np.argmax(log_p - 1.5 * (z**2).sum(axis=1) / 2)
        assert found == semitones[expected]
        seen.add(found)
    assert len(seen) > 2


# ------------------------------------------------------------------------- rhythm


def test_a_new_rhythm_is_the_best_of_all():
    """Compare with all ways to place the notes."""
    X = [[60, HOLD, 62, REST, 62, HOLD, HOLD, 60], [60, 60, 62, HOLD, 60, HOLD, 62, 62]]
    encoder = PianoRollEncoder(steps_per_measure=4, transition_weight=1.5).fit(X)
    rhythm = 1.5 * encoder.transitions_["rhythm"].astype(float)
    for seed in range(30):
        rng = np.random.default_rng(seed)
        P = rng.dirichlet(np.full(4, 0.6), 8)
        begin, end = sorted(rng.choice(9, 2, replace=False))
        kept = np.zeros(8, bool)
        kept[begin:end] = True
        melody = np.array(X[seed % 2])
        found = new_rhythm(encoder, P, melody, kept)
        assert symbols(found[begin:end]) == symbols(melody[begin:end])
        assert_array_equal(found[~kept], melody[~kept])
        n = len(symbols(melody[begin:end]))
        first = melody[begin] != HOLD

        def score(onsets, begin=begin, end=end, P=P):
            total, last = 0.0, 0
            for step in range(begin, end):
                hold, age = P[step, -2], min(step - last, rhythm.shape[1] - 1)
                is_onset = step in onsets
                total += np.log(1 - hold if is_onset else hold)
                total += rhythm[step % 4, age, int(is_onset)]
                last = step if is_onset else last
            return total

        ways = [w for w in combinations(range(begin, end), n)
                if not first or w[0] == begin]  # fmt: skip
        best = max(ways, key=score)
        own = tuple(
            s for s in range(begin, end)
            if found[s] != HOLD and not (found[s] == REST and s > begin
                                         and found[s - 1] == REST)
        )  # fmt: skip
        assert score(own) == pytest.approx(score(best), abs=1e-9)
