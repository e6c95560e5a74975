"""Form: equal places are equal in results, for any model, letters and tunes."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from sklearn_c2c import Autoencoder, PianoRollEncoder, VariationalAutoencoder
from sklearn_c2c.generation import (
    LatentModel,
    add_attribute,
    average,
    interpolate,
    interpolate_grid,
    optimize,
    sample,
    sweep,
    translate,
    vary,
)
from sklearn_c2c.generation._form import _near, _unequal, decode_steps, letters_of, pool
from sklearn_c2c.melody import HOLD, REST, check_melodies, mend_orphan_holds
from sklearn_c2c.metrics import two_sample_auc
from sklearn_c2c.objectives import FirstNote, HoldCount

LETTERS = "ABACABAD"


def equal_pairs(X, letters):
    """Whether places are equal, for each pair of places of one letter."""
    places = X.reshape(len(X), len(letters), -1)
    pairs = [
        (a, b)
        for a in range(len(letters))
        for b in range(a)
        if letters[a] == letters[b]
    ]
    return np.array([(places[:, a] == places[:, b]).all(axis=1) for a, b in pairs])


def half_measures(X, steps=8):
    """Number of the first equal half measure, for each one."""
    places = np.reshape(X, (len(X), -1, steps))
    return np.array([[next(i for i, q in enumerate(row) if (q == p).all())
                      for p in row] for row in places])  # fmt: skip


@pytest.fixture(scope="module", params=["variational", "sigmoid", "paper's decoding"])
def model(request, reels):
    kind = request.param
    weight = 0 if kind == "paper's decoding" else 0.7
    autoencoder = (
        VariationalAutoencoder(16, max_iter=40, random_state=0)
        if kind == "variational"
        else Autoencoder(30, max_iter=40, random_state=0)
    )
    encoder = PianoRollEncoder(transition_weight=weight)
    return make_pipeline(encoder, autoencoder).fit(reels)


STRATEGIES = {
    "sample": lambda m, X, f: sample(m, 9, form=f, random_state=0),
    "vary": lambda m, X, f: vary(m, X[0], 9, form=f, random_state=0),
    "translate": lambda m, X, f: translate(m, X[:9], 0.3, form=f),
    "average": lambda m, X, f: average(m, X[:5], form=f),
    "interpolate": lambda m, X, f: interpolate(m, X[0], X[1], form=f),
    "grid": lambda m, X, f: interpolate_grid(m, X[:4], n_points=4, form=f),
    "sweep": lambda m, X, f: sweep(m, 1, form=f),
    "attribute": lambda m, X, f: add_attribute(
        m, X[:9], np.ones(m[-1].h), [0.5, 1] if len(X) == 1 else 1.0, form=f
    ),
    "optimize": lambda m, X, f: (
        optimize(
            m, HoldCount(), n_starts=5, max_iter=3, form=f, random_state=0
        ).melodies
    ),
}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_equal_places_are_equal_code_for_code(model, reels, strategy):
    X = check_melodies(STRATEGIES[strategy](model, reels, LETTERS))
    assert equal_pairs(X, LETTERS).all()
    free = STRATEGIES[strategy](model, reels, None)
    assert not equal_pairs(free, LETTERS).all()
    assert (X != free).any()


@pytest.mark.parametrize("form", ["A", "AB", "AABA", "ABCDEFGH", "AZAZ", LETTERS * 2])
def test_letters_divide_the_steps(model, form):
    X = check_melodies(sample(model, n_samples=20, form=form, random_state=1))
    assert equal_pairs(X, form).all()


def test_the_form_of_a_melody(model, reels):
    given = half_measures(reels[3:4])[0]
    X = sample(model, n_samples=20, form=reels[3], random_state=0)
    assert equal_pairs(X, given).all()


def test_forms_of_the_corpus_are_those_of_tunes(model, reels):
    """Each result has all repeats of one of the tunes, and not all of the same."""
    forms = np.unique(half_measures(reels), axis=0)
    X = sample(model, n_samples=40, X=reels, form="corpus", random_state=0)
    places = half_measures(X)
    holds = (places[:, np.newaxis] == np.take_along_axis(
        places[:, np.newaxis], forms[np.newaxis], axis=2)).all(axis=2)  # fmt: skip
    with_repeats = (forms != np.arange(16)).any(axis=1)
    assert holds.any(axis=1).all()
    assert holds[:, with_repeats].any(axis=1).mean() > 0.8
    assert len(np.unique(places, axis=0)) > 20


def test_a_way_between_two_tunes_has_their_forms_at_its_ends(model, reels):
    found = interpolate(model, *reels[:2], X=reels, form="corpus")
    for end in (0, -1):
        with_form = interpolate(model, *reels[:2], form=reels[:2][end])
        assert_array_equal(found[end], with_form[end])


def test_a_form_of_nothing_alike_changes_nothing(model):
    X = sample(model, n_samples=20, form="ABCDEFGH", random_state=0)
    assert_array_equal(X, sample(model, n_samples=20, random_state=0))


arrays_of_melodies = st.lists(
    st.lists(st.sampled_from([60, 61, 62, 63, 64, HOLD, HOLD, REST]), min_size=12,
             max_size=12),
    min_size=3,
    max_size=3,
).map(lambda rows: mend_orphan_holds(np.array(rows, np.int16)))  # fmt: skip


@settings(max_examples=60)
@given(
    arrays_of_melodies,
    st.lists(st.integers(0, 2), min_size=6, max_size=6),
    st.integers(0, 2**31),
    st.sampled_from([0, 0.7, 3.0]),
)
def test_any_probabilities_are_decoded_in_any_form(X, letters, seed, weight):
    """With rests and holds at the joints, and given steps that are kept."""
    encoder = PianoRollEncoder(
        (60, 64), transition_weight=weight, steps_per_measure=4
    ).fit(X)
    rng = np.random.default_rng(seed)
    P = rng.dirichlet(np.full(encoder.n_tokens_, 0.3), (3, 12)) + 1e-12
    letters = np.tile(letters, (3, 1))
    found = check_melodies(decode_steps(encoder, pool(P, letters), letters))
    assert equal_pairs(found, letters[0]).all()
    fixed = np.where(rng.random(12) < 0.4, X, -1)
    allowed = (fixed[..., np.newaxis] == encoder.tokens_) | (fixed < 0)[..., np.newaxis]
    found = check_melodies(decode_steps(encoder, pool(P, letters), letters, allowed))
    assert_array_equal(found[fixed >= 0], X[fixed >= 0])


@pytest.mark.parametrize("seed", [1442, 2528, 2677])
def test_a_rest_before_a_place_of_another_letter_that_begins_with_a_hold(seed):
    rng = np.random.default_rng(seed)
    X = mend_orphan_holds(rng.choice([60, 62, 64, REST, HOLD], (3, 12)).astype("i2"))
    encoder = PianoRollEncoder((60, 64), transition_weight=3.0, steps_per_measure=4)
    P = rng.dirichlet(np.full(encoder.fit(X).n_tokens_, 0.3), (3, 12)) + 1e-12
    letters = np.tile([0, 2, 1, 1, 2, 2], (3, 1))
    found = check_melodies(decode_steps(encoder, pool(P, letters), letters))
    assert equal_pairs(found, letters[0]).all()


def test_places_are_measures_where_half_of_one_is_no_whole_number_of_steps():
    X = np.array([[60, 62, 64, 60, 62, 64, 64, 62, 60]])
    encoder = PianoRollEncoder(steps_per_measure=3).fit(X)
    latent = SimpleNamespace(encoder=encoder)
    assert_array_equal(letters_of(latent, X[0], np.zeros((1, 2))), [[0, 0, 2]])


def test_given_steps_are_repeated_where_the_form_says(reels):
    encoder = PianoRollEncoder().fit(reels)
    P = np.full((1, 128, encoder.n_tokens_), 1 / encoder.n_tokens_)
    allowed = reels[:1, :, np.newaxis] == encoder.tokens_
    allowed[0, 32:] = True
    letters = np.array([[0, 1, 0, 1]])
    found = decode_steps(encoder, P, letters, allowed)
    assert_array_equal(found[0, :32], reels[0, :32])
    assert_array_equal(found[0, 64:96], reels[0, :32])
    assert_array_equal(found[0, 32:64], found[0, 96:])


def test_a_place_that_begins_with_a_hold_begins_anew_after_a_rest():
    X = [[60, 62, 60, 62, HOLD, REST]]
    encoder = PianoRollEncoder(steps_per_measure=2).fit(X)
    tokens = {code: i for i, code in enumerate(encoder.tokens_)}
    P = np.full((1, 6, 5), 0.01)
    for step, code in enumerate([60, HOLD, HOLD, REST, HOLD, REST]):
        P[0, step, tokens[code]] = 1
    P[0, [2, 4], tokens[62]] = 0.5
    found = decode_steps(encoder, P, np.array([[0, 1, 1]]))
    assert found[0, 2:4].tolist() == found[0, 4:].tolist() == [62, REST]


def test_pooling_is_the_mean_over_places_and_its_own_transpose(rng):
    letters = np.array([[0, 1, 0, 2], [0, 0, 0, 0]])
    P, G = rng.random((2, 2, 8, 3))
    pooled = pool(P, letters)
    assert_allclose(pooled[0, :2], (P[0, :2] + P[0, 4:6]) / 2)
    assert_allclose(pooled[0, 2:4], P[0, 2:4])
    assert_allclose(pooled[1, 6:], P[1].reshape(4, 2, 3).mean(axis=0))
    assert_allclose((pooled * G).sum(), (P * pool(G, letters)).sum())


def test_the_gradient_goes_through_the_form(reels, rng):
    roll = PianoRollEncoder(dtype=np.float64)
    model = make_pipeline(roll, Autoencoder(h=6, max_iter=20, random_state=0))
    model.fit(reels)
    latent = LatentModel(model)
    letters = letters_of(latent, LETTERS, np.zeros((4, 6)))
    objective = HoldCount()

    from sklearn_c2c.generation._form import probabilities_vjp

    def expected(Z):
        P, vjp = probabilities_vjp(latent, Z, letters)
        values, gradient = objective.surrogate(P, latent.encoder.tokens_)
        return values, vjp(gradient)

    Z = rng.uniform(*latent.range(), (4, 6))
    direction = rng.standard_normal(Z.shape)
    ahead, behind = (expected(Z + e * direction)[0] for e in (1e-5, -1e-5))
    slope = (expected(Z)[1] * direction).sum(axis=1)
    assert_allclose(slope, (ahead - behind) / 2e-5, rtol=1e-6, atol=1e-7)


@pytest.mark.integration
def test_optimize_meets_its_objective_in_a_form(model):
    for method in ("gradient", "random", "evolution"):
        result = optimize(
            model,
            FirstNote(74),
            method=method,
            n_starts=6,
            max_iter=30,
            form=LETTERS,
            random_state=0,
        )
        assert equal_pairs(result.melodies, LETTERS).all()
        assert_array_equal(FirstNote(74)(result.melodies), result.after)
        assert result.after.max() == 1


@pytest.mark.integration
def test_form_brings_draws_nearer_to_the_style(reels):
    """A classifier tells them from reels less well, and they repeat as reels do."""
    encoder = PianoRollEncoder()
    vae = VariationalAutoencoder(32, max_iter=120, random_state=0)
    model = make_pipeline(encoder, vae).fit(reels)
    free, formed = (
        sample(
            model, n_samples=100, X=reels, method="gaussian", form=form, random_state=0
        )
        for form in (None, "corpus")
    )
    auc = [two_sample_auc(X, reels, random_state=0) for X in (formed, free)]
    assert auc[0] < auc[1] - 0.05


@pytest.mark.parametrize(
    ("estimator", "call", "message"),
    [
        ("pca", {"form": "AB"}, "Outputs of PCA are not probabilities"),
        ("none", {"form": "AB"}, "begins with a PianoRollEncoder"),
        ("vae", {"form": "ABC"}, "divide the 128 steps equally; got 'ABC' of 3"),
        ("vae", {"form": ""}, "divide the 128 steps"),
        ("vae", {"form": "corpus"}, "none was given"),
        ("vae", {"form": [60, 62]}, "must have 128 steps"),
        ("vae", {"form": "auto"}, "letters from A to Z"),
        (
            "vae",
            {"form": [[60] * 128] * 3},
            "form must be one melody, or one for each of",
        ),
        ("vae", {"form": [999] * 128}, "999"),
    ],
)
def test_what_cannot_be_is_said(reels, estimator, call, message):
    roll = PianoRollEncoder().fit(reels)
    vae = VariationalAutoencoder(4, max_iter=2)
    fitted = {
        "pca": lambda: make_pipeline(roll, PCA(4)).fit(reels),
        "none": lambda: vae.fit(roll.transform(reels)),
        "vae": lambda: make_pipeline(roll, vae).fit(reels),
    }[estimator]()
    X = reels if estimator == "pca" else None
    with pytest.raises(ValueError, match=message):
        sample(fitted, n_samples=2, X=X, random_state=0, **call)


def test_measures_that_do_not_divide_the_row_are_named():
    X = [[60, 62, 64, 65, 67, 65]] * 2
    encoder = PianoRollEncoder(steps_per_measure=8)
    model = make_pipeline(encoder, Autoencoder(2, max_iter=2)).fit(X)
    with pytest.raises(ValueError, match="4 steps do not divide 6 steps"):
        sample(model, n_samples=2, form=X[0])
    model[0].set_params(steps_per_measure=3)
    assert sample(model, n_samples=2, form=X[0]).shape == (2, 6)


def test_unequal_are_free_places_that_differ_from_a_free_one_of_their_letter(rng):
    letters = rng.integers(0, 2, (40, 4))
    melodies = rng.integers(60, 62, (40, 8))
    free = rng.random((40, 4)) < 0.7
    allowed = np.ones((40, 8, 3), bool)
    allowed[np.repeat(~free, 2, axis=1), 1] = False
    expected = np.zeros((40, 4), bool)
    for melody in range(40):
        for a, b in product(range(4), repeat=2):
            one_letter = letters[melody, a] == letters[melody, b]
            places = melodies[melody].reshape(4, 2)
            differ = (places[a] != places[b]).any()
            if free[melody, a] and free[melody, b] and one_letter and differ:
                expected[melody, a] = True
    assert_array_equal(_unequal(melodies, letters, allowed), expected)


def test_near_is_the_direction_whatever_component_all_codes_share(rng):
    X, codes = np.arange(20).reshape(20, 1), rng.standard_normal((20, 3))
    codes[:, 1] = 4.0
    latent = SimpleNamespace(encode=lambda X: codes)
    Z = rng.standard_normal((7, 3))
    Z[:, 1] = 4.0
    far = codes.mean(axis=0) + 5 * (codes - codes.mean(axis=0))
    assert_array_equal(_near(latent, far, X, None), X)
    spread = codes.std(axis=0)
    z, c = ((A - codes.mean(axis=0))[:, ::2] / spread[::2] for A in (Z, codes))
    cosines = z @ (c / np.linalg.norm(c, axis=1, keepdims=True)).T
    assert_array_equal(_near(latent, Z, X, None)[:, 0], cosines.argmax(axis=1))
