import itertools
import pickle

import numpy as np
import pytest
from hypothesis import example, given
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from sklearn_c2c import Autoencoder, PianoRollEncoder, SoftmaxRBM
from sklearn_c2c.generation import optimize
from sklearn_c2c.melody import (
    HOLD,
    REST,
    mend_orphan_holds,
    notes_from_melody,
    sounding_pitches,
    transpose,
)
from sklearn_c2c.metrics import hold_share, in_scale_share, note_density, pitch_range
from sklearn_c2c.objectives import (
    Activity,
    Consonance,
    Contour,
    FirstNote,
    HoldCount,
    InRange,
    InScale,
    LastNote,
    NoteDensity,
    OnsetPattern,
    PitchRange,
    SelfSimilarity,
    StyleLikeness,
    StyleProfile,
)
from sklearn_c2c.objectives._profile import _lengths, _transitions
from tests.strategies import melodies

CODES = np.array([*range(55, 84), HOLD, REST])
N_STEPS = 12
CORPUS = [
    [62, HOLD, 64, 66, 67, HOLD, HOLD, 69, REST, 71, 69, HOLD],
    [74, 73, 71, 69, 67, 66, 64, 62, 62, HOLD, HOLD, HOLD],
    [REST, REST, 66, HOLD, 65, 66, REST, REST, 74, HOLD, 62, 60],
]


def fitted(estimator):
    """A model of the corpus in float64, for differences."""
    encoder = PianoRollEncoder((55, 83), dtype=np.float64)
    return make_pipeline(encoder, estimator).fit(CORPUS)


MACHINE = fitted(SoftmaxRBM(6, window_size=4, stride=2, max_iter=20, random_state=0))
READY = {
    "first note": FirstNote(62),
    "last note": LastNote(62),
    "notes in range": InRange(60, 66),
    "onsets": OnsetPattern(CORPUS[0]),
    "onsets of a measure": OnsetPattern([62, HOLD, 62]),
    "profile": StyleProfile(CORPUS[:2]),
    "profile of lengths": StyleProfile(CORPUS, length_weight=0.9, longest=3),
    "activity": Activity(MACHINE),
    "activity of units": Activity(MACHINE, [0, 7]),
    "activity of a code": Activity(
        fitted(Autoencoder(4, hidden_layer_sizes=(5,), max_iter=2, random_state=0)), 2
    ),
    "holds": HoldCount(),
    "density": NoteDensity(),
    "range": PitchRange(),
    "scale": InScale("D", mode="major"),
    "contour": Contour([0, 2, 1]),
    "consonance": Consonance(CORPUS[0]),
    "second voice": Consonance(CORPUS[0], radius=1, unison=0),
    "form": SelfSimilarity("ABAC", unlike=0.4),
    "form of a melody": SelfSimilarity(CORPUS[0], steps_per_measure=2),
    "likeness 1": StyleLikeness(CORPUS, order=1),
    "likeness 3": StyleLikeness(CORPUS, order=3, alpha=0.5),
}
READY["sum"] = 0.5 * READY["holds"] - READY["first note"] + 2 * READY["likeness 1"]


@pytest.fixture(params=READY)
def objective(request):
    return READY[request.param]


def some_melodies(rng, n=50):
    codes = rng.choice([60, 62, 66, 69, 74, HOLD, HOLD, REST], (n, N_STEPS))
    return mend_orphan_holds(codes.astype(np.int16))


def one_hot(X):
    return (np.asarray(X)[:, :, None] == CODES).astype(float)


def outputs(rng, n=4):
    """Probabilities as of a sigmoid decoder: steps differ, sums are far from 1."""
    return rng.uniform(0.001, 1, (n, N_STEPS, len(CODES))) ** 3


# ------------------------------------------------------------- values by hand

PROFILE = StyleProfile([[62, 64, HOLD, HOLD], [62, 64, HOLD, HOLD]])


@pytest.mark.parametrize(
    "objective, melody, value",
    [
        (FirstNote(62), [62, HOLD, 64], 1),
        (FirstNote(62), [64, 62, 62], 0),
        (FirstNote(62), [REST, REST, 62], 1),
        (FirstNote(62), [REST, REST, REST], 0),
        (LastNote(62), [64, 62, HOLD], 1),
        (LastNote(62), [62, 64, REST], 0),
        (LastNote(62), [62, REST, REST], 1),
        (LastNote(62), [REST, REST, REST], 0),
        (InRange(62, 66), [62, HOLD, HOLD, 66, 67, REST], 2 / 3),
        (InRange(62, 62), [REST, REST], np.nan),
        (OnsetPattern([62, HOLD]), [62, HOLD, REST, 62, 62], 3 / 5),
        (OnsetPattern([62, REST, REST]), [66, REST, REST, 66], 1),
        # transitions (62, 64) twice, lengths 1 and 3 twice, of the corpus below
        (PROFILE, [62, 64, HOLD, HOLD], 1),
        (PROFILE, [62, 64, 62, 64], 0.5 * 2 / 5**0.5 + 0.5 / 2**0.5),
        (PROFILE, [62, HOLD, HOLD, 64], 1),
        (PROFILE, [REST, REST, REST, 62], 0.5 / 2**0.5),
        (PROFILE, [REST, REST, REST, REST], 0),
        (StyleProfile([[62] * 4], length_weight=0), [62, 62, HOLD, REST], 1),
        (StyleProfile([[62, HOLD, 64, 65]], longest=2), [62, HOLD, HOLD, 64, 65], 1),
        (HoldCount(), [62, HOLD, HOLD, 64, HOLD], 3),
        (HoldCount(), [62, 62, REST], 0),
        (NoteDensity(), [62, HOLD, 62, REST], 0.5),
        (NoteDensity(), [REST, REST], 0),
        (PitchRange(), [62, HOLD, 74, REST, 55], 19),
        (PitchRange(), [62, 62], 0),
        (PitchRange(), [REST, REST], np.nan),
        (InScale("D"), [62, HOLD, HOLD, 66, 65, 60], 0.5),
        (InScale("Bb", mode="dorian"), [58, 61, 62, 68], 0.75),
        (InScale("F#", mode="minor"), [66, 69, 74, 76, 65], 0.8),
        (InScale("G", mode="mixolydian"), [77, 78], 0.5),
        (InScale("D"), [REST, REST], np.nan),
        (Contour([0, 1]), [60, 61, 62, 63], 1),
        (Contour([5, 5, 3]), [60, 60, 58], 1),
        (Contour([0, 1, 0]), [72, 60, 72], -1),
        (Contour([0, 1]), [60, HOLD, HOLD, 66], 0.7745966692),
        (Contour([0, 1]), [60, REST, HOLD, REST], 0),
        (Contour([0, 1]), [60, HOLD, HOLD, HOLD], 0),
        (Consonance([62, 62]), [62, HOLD], 0),
        (Consonance([62, 62]), [63, 65], -1.5),
        (Consonance([62, 62], unison=0), [64, 65], -0.5),
        (Consonance([62, 62], radius=0), [64, 65], -1),
        (Consonance([62, REST]), [62, 63], 0),
        (Consonance([62, HOLD]), [REST, REST], -1),
        # similarities .5, 1 and .5 of the parts 1-2, 1-3 and 2-3
        (SelfSimilarity("ABA"), [62, HOLD, 64, HOLD, 62, HOLD], 1),
        (SelfSimilarity("ABA", unlike=0), [62, HOLD, 64, HOLD, 62, HOLD], 5 / 6),
        (SelfSimilarity("AAB"), [62, HOLD, 64, HOLD, 62, HOLD], 5 / 6),
        (SelfSimilarity("ABC"), [62, HOLD, 64, HOLD, 62, HOLD], 11 / 12),
        (SelfSimilarity("AAA"), [62, HOLD, 64, HOLD, 62, HOLD], 5 / 6),
        (SelfSimilarity("AB", unlike=0), [62, 62, 62, 62], 0),
        (SelfSimilarity("Aa", unlike=1), [62, 62, 62, 62], 1),
        (SelfSimilarity("AA"), [REST, 62, 62, HOLD], 0),
    ],
)
def test_values_by_hand(objective, melody, value):
    melody = mend_orphan_holds(np.array(melody))
    assert_allclose(objective([melody]), [value], atol=1e-9)


def test_likeness_by_hand():
    likeness = StyleLikeness([[62, 64, 62], [62, 66, 62]], order=1, alpha=1)
    # N(start, 62) = 2 of 2, N(62, 64) = 1 of 2, N(64, 62) = 1 of 1, (64, 70) unseen
    p = np.array([3 / 132, 2 / 132, 2 / 131, 1 / 131])
    assert_allclose(likeness([[62, 64, 62]]), np.log(p[:3]).mean())
    assert_allclose(likeness([[62, 64, 70]]), np.log(p[[0, 1, 3]]).mean())
    assert_allclose(
        likeness([[70, 71, 72]])[0], np.log([1 / 132, 1 / 130, 1 / 130]).mean()
    )


def test_the_style_prefers_its_own(reels, rng):
    likeness = StyleLikeness(reels[:50], order=2)
    shuffled = rng.permuted(reels[50:], axis=1)
    own, foreign = likeness(reels[50:]), likeness(mend_orphan_holds(shuffled))
    assert (own > foreign).all()


def test_the_profile_of_a_style_is_that_of_its_melodies(reels):
    profile = StyleProfile(reels)
    moved = StyleProfile(transpose(reels, 1))
    assert (profile(reels) > moved(reels)).all()
    whole = StyleProfile(reels[:1])
    assert_allclose(whole(reels[:1]), 1)
    assert (whole(reels[1:]) < 1).all()


def test_expected_counts_against_every_melody(rng):
    """All melodies of four steps and four tokens, by their probabilities."""
    codes = np.array([60, 62, HOLD, REST])
    P = rng.uniform(size=(4, 4)) ** 2
    Q = P / P.sum(axis=1, keepdims=True)
    drawn = np.array(list(itertools.product(range(4), repeat=4)))
    weights = np.prod(Q[np.arange(4), drawn], axis=1)
    following, lasting = np.zeros((2, 2)), np.zeros(3)
    for weight, melody in zip(weights, mend_orphan_holds(codes[drawn]), strict=True):
        _, lengths, pitches = notes_from_melody(melody).T
        for length in lengths:
            lasting[min(length, 3) - 1] += weight
        for pair in itertools.pairwise((pitches - 60) // 2):
            following[tuple(pair)] += weight
    found, _ = _transitions(Q[None, :, :2])
    assert_allclose(found[0], following)
    found, _ = _lengths(Q[None], codes, 3)
    assert_allclose(found[0], lasting)


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_a_search_finds_what_excites_a_unit(reels, output):
    estimator = Autoencoder(12, output=output, max_iter=40, random_state=0)
    model = make_pipeline(PianoRollEncoder(), estimator).fit(reels[:, :32])
    for unit in (0, 5):
        dream = Activity(model, unit)
        settings = {"n_starts": 3, "max_iter": 40, "random_state": 0}
        result = optimize(model, dream, **settings)
        assert result.after.mean() > result.before.mean()
        assert_allclose(result.after, model.transform(result.melodies)[:, unit])


def test_a_template_has_the_form_of_itself(reels):
    values = np.array([SelfSimilarity(reel)(reels) for reel in reels[:10]])
    assert_array_equal(values.diagonal(), 1)
    assert (values == 1).sum() == 10
    other_key = SelfSimilarity(transpose(reels[3], 2))
    assert_array_equal(other_key(reels), values[3])


def test_a_template_may_have_another_length(rng):
    X = some_melodies(rng)
    template = [60, 62, 60, 62, 64, 65]
    form = SelfSimilarity(template, steps_per_measure=2)
    assert_array_equal(form(X), SelfSimilarity("AAB", unlike=0)(X))


def test_letters_say_which_parts_return(reels):
    """Of all forms of four parts, each melody has its own best."""
    forms = ["AAAA", "AAAB", "AABA", "AABB", "AABC", "ABAA", "ABAB", "ABAC", "ABBA"]
    forms += ["ABBB", "ABBC", "ABCA", "ABCB", "ABCC", "ABCD"]
    parts = dict(zip("ABCD", reels[:4, :32], strict=True))
    X = [np.concatenate([parts[letter] for letter in form]) for form in forms]
    values = np.array([SelfSimilarity(form)(X) for form in forms])
    assert_array_equal(values.argmax(axis=0), np.arange(len(forms)))
    assert_array_equal(SelfSimilarity("xyxz")(X), values[forms.index("ABAC")])


@given(melodies())
@example(np.array([[REST, REST], [62, HOLD]], np.int16))
def test_values_are_those_of_the_metrics(X):
    assert_array_equal(NoteDensity()(X), note_density(X))
    assert_array_equal(PitchRange()(X), pitch_range(X))
    assert_array_equal(
        InScale("G", mode="dorian")(X), in_scale_share(X, "G", mode="dorian")
    )
    assert_allclose(HoldCount()(X), hold_share(X) * X.shape[1], atol=1e-9)


# ------------------------------------------------------------------ surrogates


def test_the_surrogate_of_certain_steps_is_the_value(objective, rng):
    X = some_melodies(rng)
    assert_allclose(objective.surrogate(one_hot(X), CODES)[0], objective(X), atol=1e-12)


def test_the_surrogate_is_the_expected_value(rng):
    """Against draws: orphan holds become rests there, and count as such here.

    For silence, which some draws are, a surrogate is 0 in place of NaN.
    """
    P = outputs(rng, n=1)
    P[:, :, -2:] *= 20
    cumulative = np.cumsum(P[0] / P[0].sum(axis=1, keepdims=True), axis=1)
    tokens = (rng.uniform(size=(20_000, N_STEPS, 1)) > cumulative).sum(axis=2)
    X = mend_orphan_holds(CODES[tokens])
    for name in ["first note", "last note", "holds", "density", "range", "onsets"]:
        values = np.nan_to_num(READY[name](X))
        error = 4 * values.std() / np.sqrt(len(X))
        assert abs(READY[name].surrogate(P, CODES)[0][0] - values.mean()) < error


@pytest.mark.parametrize(
    "form",
    [
        SelfSimilarity("ABA", unlike=0.25),
        SelfSimilarity("AB"),
        SelfSimilarity([60, 62, 60, 64, 62, 62], steps_per_measure=1),
    ],
)
def test_the_expected_form_against_every_melody(form, rng):
    """All 729 melodies of six steps and three pitches, by their probabilities."""
    codes = np.array([60, 62, 64])
    P = rng.uniform(size=(6, 3)) ** 2
    Q = P / P.sum(axis=1, keepdims=True)
    tokens = np.array(list(itertools.product(range(3), repeat=6)))
    weights = np.prod(Q[np.arange(6), tokens], axis=1)
    assert_allclose(weights.sum(), 1)
    expected = weights @ form(codes[tokens])
    assert_allclose(form.surrogate(P[None], codes)[0], [expected], atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_gradients_against_central_differences(objective, seed):
    rng = np.random.default_rng(seed)
    P = outputs(rng)
    direction = P * rng.standard_normal(P.shape)
    epsilon = 1e-5
    ahead, behind = (
        objective.surrogate(P + sign * epsilon * direction, CODES)[0]
        for sign in (1, -1)
    )
    values, gradient = objective.surrogate(P, CODES)
    assert gradient.shape == P.shape and values.shape == (len(P),)
    slope = (gradient * direction).sum(axis=(1, 2))
    assert_allclose(slope, (ahead - behind) / (2 * epsilon), rtol=0, atol=1e-8)


def test_gradients_where_factors_are_zero(objective, rng):
    """One-hot steps but for one: products over steps then have factors of 0."""
    P = one_hot(some_melodies(rng, n=6))
    P[:, 3] += 0.1
    direction = np.zeros_like(P)
    direction[:, 3] = rng.standard_normal((6, len(CODES))) * 0.1
    epsilon = 1e-5
    ahead, behind = (
        objective.surrogate(P + sign * epsilon * direction, CODES)[0]
        for sign in (1, -1)
    )
    slope = (objective.surrogate(P, CODES)[1] * direction).sum(axis=(1, 2))
    assert_allclose(slope, (ahead - behind) / (2 * epsilon), rtol=0, atol=1e-8)


def test_the_scale_of_a_step_does_not_matter(objective, rng):
    P = outputs(rng)
    scaled = P * rng.uniform(0.1, 10, (*P.shape[:2], 1))
    values, gradient = objective.surrogate(P, CODES)
    assert_allclose(objective.surrogate(scaled, CODES)[0], values, atol=1e-12)
    assert_allclose((gradient * P).sum(axis=2), 0, atol=1e-10)


def test_silence_has_a_finite_gradient(objective):
    for P in (one_hot(np.full((1, N_STEPS), REST)), np.zeros((1, N_STEPS, 31))):
        values, gradient = objective.surrogate(P, CODES)
        assert np.isfinite(values).all() and np.isfinite(gradient).all()


def test_nothing_is_changed_and_everything_pickles(objective, rng):
    P, X = outputs(rng), some_melodies(rng)
    before = P.copy(), X.copy(), pickle.dumps(objective)
    gradient = objective.surrogate(P, CODES)[1]
    again = pickle.loads(pickle.dumps(objective))
    assert_array_equal(again(X), objective(X))
    assert_array_equal(again.surrogate(P, CODES)[1], gradient)
    assert_array_equal(P, before[0])
    assert_array_equal(X, before[1])
    assert pickle.dumps(objective) == before[2]


# ------------------------------------------------------------------ arithmetic


def test_sums_and_weights(rng):
    X, P = some_melodies(rng), outputs(rng)
    a, b = HoldCount(), PitchRange()
    for combined, weights in [
        (a + b, (1, 1)),
        (a - b, (1, -1)),
        (-(0.5 * a - b * 2), (-0.5, 2)),
        (np.float64(3) * a + (b - a) - b, (2, 0)),
        (sum([0.25 * a, b], start=0 * a), (0.25, 1)),
    ]:
        assert_allclose(combined(X), weights[0] * a(X) + weights[1] * b(X))
        for whole, *parts in zip(
            *(o.surrogate(P, CODES) for o in (combined, a, b)), strict=True
        ):
            assert_allclose(whole, weights[0] * parts[0] + weights[1] * parts[1])
    assert (
        repr(0.5 * a - FirstNote(60)) == "0.5 * HoldCount() + -1 * FirstNote(pitch=60)"
    )


def test_functions_are_terms_without_a_gradient(rng):
    X = some_melodies(rng)

    def mean_pitch(X):
        return sounding_pitches(X).mean(axis=1)

    for combined, sign in [
        (HoldCount() - mean_pitch, 1),
        (mean_pitch - HoldCount(), -1),
    ]:
        assert_allclose(combined(X), sign * (HoldCount()(X) - mean_pitch(X)))
        assert not hasattr(combined, "surrogate")
    assert hasattr(HoldCount() + NoteDensity(), "surrogate")


@pytest.mark.parametrize("wrong", [1, "holds", None])
def test_only_objectives_and_functions_add_up(wrong):
    with pytest.raises(TypeError):
        HoldCount() + wrong
    with pytest.raises(TypeError):
        wrong - HoldCount()
    with pytest.raises(TypeError):
        HoldCount() * HoldCount()


# ---------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: FirstNote(128), "an integer in 0-127 .*got 128"),
        (lambda: FirstNote(60.5), r"an integer in 0-127 .*got 60\.5"),
        (lambda: FirstNote("C4"), "an integer in 0-127 .*got 'C4'"),
        (lambda: LastNote(-1), "an integer in 0-127 .*got -1"),
        (lambda: InRange(60.5, 62), r"low must be a MIDI pitch.*got 60\.5"),
        (lambda: InRange(62, 60), "low must not be above high, got low=62, high=60"),
        (lambda: OnsetPattern([REST, REST]), "at least one note"),
        (lambda: OnsetPattern(CORPUS), "one row"),
        (lambda: StyleProfile([62, 64]), r"with notes, .* got shape \(2,\)"),
        (lambda: StyleProfile([[REST, REST]]), "with notes"),
        (lambda: StyleProfile(CORPUS, length_weight=2), "length_weight=2"),
        (lambda: StyleProfile(CORPUS, longest=0), "longest=0"),
        (lambda: Activity(MACHINE, 30), "integers in 0-29, got 30"),
        (lambda: Activity(MACHINE, []), r"integers in 0-29, got \[\]"),
        (lambda: Activity(MACHINE, 0.5), "integers in 0-29, got 0.5"),
        (lambda: Activity(fitted(PCA(2))), "PCA gives no gradient through its enc"),
        (lambda: Activity(MACHINE)([[62]]), "reads 12 steps, but melodies have 1"),
        (
            lambda: Activity(MACHINE).surrogate(np.ones((1, 12, 2)), [20, 62]),
            r"no column for the tokens \[20\] of the decoder, only for 55 to 129",
        ),
        (lambda: np.nan * HoldCount(), "finite weight of an objective, got nan"),
        (lambda: InScale("H"), "'H'; expected a tonic"),
        (lambda: InScale("D", mode="blue"), "'blue'; expected one of major"),
        (lambda: Contour([1]), "at least two finite heights"),
        (lambda: Contour([1, 1]), "not all the same"),
        (lambda: Contour([1, np.nan]), "finite"),
        (lambda: Consonance([[62, 64]]), "one row of shape"),
        (lambda: Consonance([REST, REST]), "at least one note"),
        (lambda: Consonance([62], radius=-1), "radius=-1"),
        (lambda: SelfSimilarity(""), "at least two parts .*got ''"),
        (lambda: SelfSimilarity("A"), "at least two parts .*got 'A'"),
        (lambda: SelfSimilarity("A-B"), "letters such as .*got 'A-B'"),
        (lambda: SelfSimilarity([62] * 16), "at least two parts"),
        (lambda: SelfSimilarity([62] * 40), "got 40 steps at steps_per_measure=16"),
        (lambda: SelfSimilarity(CORPUS), r"one melody, .*got shape \(3, 12\)"),
        (lambda: SelfSimilarity("AB", unlike=1.5), r"unlike must be in \[0, 1\]"),
        (lambda: SelfSimilarity("AB", unlike=np.nan), "got nan"),
        (lambda: SelfSimilarity("ABA")([[62, 64]]), "3 parts, into which the 2 steps"),
        (
            lambda: SelfSimilarity("ABA").surrogate(np.ones((1, 4, 31)), CODES),
            "3 parts, into which the 4 steps",
        ),
        (lambda: StyleLikeness([62, 64]), r"got shape \(2,\)"),
        (lambda: StyleLikeness(CORPUS, order=0), "order=0"),
        (lambda: StyleLikeness(CORPUS, alpha=0), "alpha=0"),
        (lambda: HoldCount()([62, 64]), r"\(n_melodies, n_steps\), got shape \(2,\)"),
        (lambda: HoldCount()([[62, 200]]), "200"),
        (lambda: HoldCount().surrogate(np.ones((1, 2)), CODES), "got P of shape"),
        (lambda: HoldCount().surrogate(np.ones((1, 2, 3)), CODES), "got P of shape"),
        (lambda: HoldCount().surrogate(-np.ones((1, 2, 31)), CODES), "found -1 in P"),
        (
            lambda: FirstNote(50).surrogate(np.ones((1, 2, 31)), CODES),
            r"pitch 50 \(D3\): the model knows 55-83",
        ),
        (
            lambda: Consonance([62, 64]).surrogate(np.ones((1, 3, 31)), CODES),
            "melody has 2 steps, but 3 are decoded",
        ),
    ],
)
def test_errors_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
