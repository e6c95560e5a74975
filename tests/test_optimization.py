import pickle
import warnings
from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_c2c import Autoencoder, PianoRollEncoder, VariationalAutoencoder
from sklearn_c2c.datasets import load_bach_sopranos, load_celtic
from sklearn_c2c.generation import encode, optimize
from sklearn_c2c.generation._optimization import _Box, _climb, _keep_better, _Terms
from sklearn_c2c.melody import REST, check_melodies
from sklearn_c2c.metrics import measure_similarity
from sklearn_c2c.objectives import (
    Contour,
    FirstNote,
    HoldCount,
    InScale,
    PitchRange,
    SelfSimilarity,
    StyleLikeness,
    StyleProfile,
)

BUDGET = {"n_starts": 6, "max_iter": 15, "random_state": 0}


@pytest.fixture(scope="module")
def model(reels):
    autoencoder = Autoencoder(h=30, max_iter=60, random_state=0)
    return make_pipeline(PianoRollEncoder((55, 83)), autoencoder).fit(reels)


@pytest.fixture(scope="module")
def variational(reels):
    autoencoder = VariationalAutoencoder(h=8, max_iter=40, random_state=0)
    return make_pipeline(PianoRollEncoder(), autoencoder).fit(reels)


@pytest.fixture(scope="module")
def pca(reels):
    return make_pipeline(PianoRollEncoder(), PCA(20)).fit(reels)


def mean_code(X):
    return X.mean(axis=1)


@pytest.mark.parametrize("method", ["gradient", "random", "evolution"])
@pytest.mark.parametrize("maximize", [True, False])
def test_every_method_climbs_repeats_and_stays_in_the_box(model, method, maximize):
    objective, before = HoldCount(), pickle.dumps(model)
    options = {"method": method, "maximize": maximize, **BUDGET}
    result = optimize(model, objective, **options)
    sign = 1 if maximize else -1
    assert (sign * (result.after - result.before) >= 0).all()
    assert sign * result.after.mean() > sign * result.before.mean()
    assert result.after[result.best] == sign * (sign * result.after).max()
    assert result.method == method
    for melodies, latent, values in [
        (result.melodies, result.latent, result.after),
        (result.start_melodies, result.start_latent, result.before),
    ]:
        assert_array_equal(check_melodies(melodies), melodies)
        assert_array_equal(model.inverse_transform(latent), melodies)
        assert_array_equal(objective(melodies), values)
        assert latent.shape == (6, 30) and latent.dtype == np.float32
        assert (latent >= model[-1].latent_min_).all()
        assert (latent <= model[-1].latent_max_).all()
    again = optimize(model, objective, **options)
    assert again.keys() == result.keys()
    for name in result:
        assert_array_equal(again[name], result[name])
    assert pickle.dumps(model) == before
    other = optimize(model, objective, **options | {"random_state": 1})
    assert not np.array_equal(other.start_latent, result.start_latent)


def test_calls_are_counted(model):
    class Counting(Autoencoder):
        n_rows = 0

        def decode_with_vjp(self, Z):
            P, vjp = super().decode_with_vjp(Z)
            Counting.n_rows += len(Z)

            def counting_vjp(G):
                Counting.n_rows += len(G)
                return vjp(G)

            return P, counting_vjp

        def inverse_transform(self, Z):
            Counting.n_rows += len(Z)
            return super().inverse_transform(Z)

    spied = make_pipeline(model[0], Counting())
    spied[-1].__dict__.update(model[-1].__dict__)
    for method in ["gradient", "random", "evolution"]:
        Counting.n_rows = 0
        result = optimize(spied, HoldCount(), method=method, **BUDGET)
        assert result.n_decoder_calls == Counting.n_rows


@pytest.mark.integration
@pytest.mark.parametrize(
    "objective, maximize",
    [
        (FirstNote(62), True),
        (FirstNote(60), True),
        (HoldCount(), True),
        (HoldCount(), False),
    ],
)
def test_gradient_reaches_what_random_does_at_equal_calls(model, objective, maximize):
    """The paper's objectives, its D4 beside its C4, over 20 starts."""
    options = {"maximize": maximize, "n_starts": 20, "random_state": 0}
    climbed = optimize(model, objective, max_iter=40, **options)
    drawn = optimize(model, objective, method="random", max_iter=81, **options)
    assert climbed.n_decoder_calls == drawn.n_decoder_calls
    assert_array_equal(climbed.start_latent, drawn.start_latent)
    sign = 1 if maximize else -1
    assert sign * climbed.after.mean() >= sign * drawn.after.mean()
    assert sign * climbed.after[climbed.best] >= sign * drawn.after[drawn.best]
    if isinstance(objective, HoldCount):
        assert sign * climbed.after.min() > sign * drawn.after.mean()


def test_steps_of_adam_are_shares_of_the_box_and_fall_to_none():
    """With a constant slope each update has the length of its rate."""
    width = np.array([1.0, 10.0, 100.0])
    box = _Box(-width / 2, width / 2, is_bounded=True)
    seen = []

    class Slope:
        def look_around(self, Z):
            seen.append(Z)
            score = Z @ [1.0, -1.0, 0.0]
            gradient = np.tile([1e-9, -1e-9, 0.0], (len(Z), 1)) / width
            return {"Z": Z, "score": score, "surrogate": score, "gradient": gradient}

    first, best = _climb(Slope(), np.zeros((2, 3)), box, 4, learning_rate_init=0.08)
    shares = np.diff(seen, axis=0) / width
    rates = np.array([0.08, 0.06, 0.04, 0.02])[:, None]
    for row in range(2):
        assert_allclose(shares[:, row], rates * [1, -1, 0], rtol=1e-6)
    assert_array_equal(first["Z"], seen[0])
    assert_array_equal(best["Z"], seen[-1])
    # The bounds end the search.
    _, best = _climb(Slope(), np.zeros((1, 3)), box, 30, learning_rate_init=0.08)
    assert_allclose(best["Z"], [[0.5, -5, 0]])


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
@pytest.mark.parametrize(
    "objective",
    [
        HoldCount() - 3 * FirstNote(62),
        PitchRange() + InScale("G"),
        Contour([0, 1, 0]),
        SelfSimilarity("AABA"),
    ],
    ids=["notes", "pitches", "contour", "form"],
)
def test_the_chain_rule_through_the_decoder(reels, objective, output, rng):
    roll = PianoRollEncoder(dtype=np.float64)
    decoder = Autoencoder(h=6, output=output, max_iter=20, random_state=0)
    encoder, decoder = make_pipeline(roll, decoder).fit(reels)

    def expected(Z):
        P, vjp = decoder.decode_with_vjp(Z)
        steps = P.reshape(len(Z), reels.shape[1], -1)
        values, gradient = objective.surrogate(steps, encoder.tokens_)
        return values, vjp(gradient.reshape(P.shape))

    Z = rng.uniform(decoder.latent_min_, decoder.latent_max_, (4, 6))
    direction = rng.standard_normal(Z.shape)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    epsilon = 1e-5
    ahead, behind = (expected(Z + e * direction)[0] for e in (epsilon, -epsilon))
    slope = (expected(Z)[1] * direction).sum(axis=1)
    assert_allclose(slope, (ahead - behind) / (2 * epsilon), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("method", ["gradient", "random"])
def test_it_starts_from_given_melodies(model, reels, method):
    options = BUDGET | {"method": method, "start": reels[:7]}
    result = optimize(model, HoldCount(), **options)
    Z, estimator = model.transform(reels[:7]), model[-1]
    box = estimator.latent_min_, estimator.latent_max_
    assert_array_equal(result.start_latent, np.clip(Z, *box))
    assert_array_equal(result.before, HoldCount()(result.start_melodies))
    assert len(result.melodies) == 7 and (result.after >= result.before).all()


def test_codes_of_unseen_melodies_are_searched_for(model):
    unseen = load_celtic(n_melodies=None).data[75:80]
    start, box = encode(model, unseen), (model[-1].latent_min_, model[-1].latent_max_)
    result = optimize(model, HoldCount(), start=unseen, encoding="search", max_iter=1)
    assert_array_equal(result.start_latent, np.clip(start, *box))


def test_the_weight_decides_how_much_of_a_melody_is_kept(model, reels):
    """The value rises less, and distance and changed steps fall, with the weight."""
    profile, start = StyleProfile(load_bach_sopranos(n_melodies=20).data), reels[:6]
    found = [
        optimize(model, profile, start=start, keep_weight=weight, max_iter=30)
        for weight in (0, 3, 1000)
    ]
    values = [result.after.mean() for result in found]
    changed = [(result.melodies != start).mean() for result in found]
    width = model[-1].latent_max_ - model[-1].latent_min_
    far = [
        (((result.latent - result.start_latent) / width) ** 2).mean()
        for result in found
    ]
    for falling in (values, changed, far):
        assert falling[0] > falling[1] > falling[2]
    assert all((result.after >= result.before).all() for result in found)


def test_the_gradient_of_what_is_added(rng):
    start, Z = rng.standard_normal((2, 3, 5))
    width = np.array([1, 2, 0, 3, 0.5])  # the third latent variable is constant
    terms = _Terms(0.3, 2.0, start, width)
    each = [0.3 * (z @ z) / 2 for z in Z]
    scaled = (Z - start) / np.array([1, 2, 1, 3, 0.5])
    assert_allclose(terms.value(Z), -np.array(each) - 2 * (scaled**2).mean(axis=1))
    direction, epsilon = rng.standard_normal(Z.shape), 1e-5
    ahead, behind = (terms.value(Z + e * direction) for e in (epsilon, -epsilon))
    slope = (terms.gradient(Z) * direction).sum(axis=1)
    assert_allclose(slope, (ahead - behind) / (2 * epsilon), rtol=1e-8)


def test_ties_go_to_the_likelier(model):
    """No start reaches a first note that no reel has: the surrogate decides."""
    assert not FirstNote(83)(model.inverse_transform(model[-1].latent_mean_[None]))
    result = optimize(model, FirstNote(83), **BUDGET)
    assert not result.after.any()

    def probability(Z):
        P = model[-1].inverse_transform(Z).reshape(len(Z), 128, 31)
        return FirstNote(83).surrogate(P, model[0].tokens_)[0]

    assert (probability(result.latent) > probability(result.start_latent)).all()


def test_style_keeps_an_objective_in_the_style(model, reels):
    likeness = StyleLikeness(reels, order=1)
    bare = optimize(model, HoldCount(), maximize=False, **BUDGET)
    styled = optimize(model, 10 * likeness - 0.2 * HoldCount(), **BUDGET)
    assert likeness(styled.melodies).mean() > likeness(bare.melodies).mean()
    assert HoldCount()(styled.melodies).mean() < bare.before.mean()


def test_a_form_is_imposed(model, reels):
    """Measures that a letter or a template repeats become alike, others do not."""
    letters = np.array(list("ABACABAD"))
    like = np.triu(letters[:, None] == letters, k=1)
    unlike = np.triu(letters[:, None] != letters, k=1)
    result = optimize(model, SelfSimilarity("ABACABAD"), **BUDGET)
    before, after = (
        measure_similarity(melodies)
        for melodies in (result.start_melodies, result.melodies)
    )
    assert after[:, like].mean() > before[:, like].mean() + 0.2
    assert after[:, like].mean() > after[:, unlike].mean() + 0.3
    assert abs(after[:, unlike].mean() - 0.5) < 0.1
    template = SelfSimilarity(reels[0])
    drawn = optimize(model, template, method="random", **BUDGET)
    climbed = optimize(model, template, **BUDGET)
    assert climbed.after.min() > drawn.after.max()


def test_the_prior_as_a_term(variational):
    free = optimize(variational, HoldCount(), bounds=None, **BUDGET)
    near = optimize(variational, HoldCount(), bounds=None, prior_weight=2.0, **BUDGET)
    assert_array_equal(free.start_latent, near.start_latent)
    assert free.after.mean() > free.before.mean()
    assert (near.latent**2).sum() < (free.latent**2).sum()
    low, high = variational[-1].latent_min_, variational[-1].latent_max_
    wide = optimize(variational, HoldCount(), bounds=None, n_starts=500, max_iter=1)
    assert abs(wide.start_latent.std() - 1) < 0.1
    inside = optimize(variational, HoldCount(), **BUDGET)
    assert (inside.latent >= low).all() and (inside.latent <= high).all()


def test_the_prior_alone_shortens_vectors(variational):
    options = {"bounds": None, "prior_weight": 1.0, "method": "random", **BUDGET}
    result = optimize(variational, lambda X: np.zeros(len(X)), **options)
    before, after = ((Z**2).sum(axis=1) for Z in (result.start_latent, result.latent))
    assert (after <= before).all() and after.mean() < 0.8 * before.mean()


def test_of_equal_scores_the_likelier_is_kept():
    values = np.array(list(product([0.0, 1.0], repeat=4))).T
    best = dict(zip(("score", "surrogate"), values[:2].copy(), strict=True))
    found = dict(zip(("score", "surrogate"), values[2:], strict=True))
    _keep_better(best, found)
    pairs = zip(values[:2].T.tolist(), values[2:].T.tolist(), strict=True)
    expected = [max(pair) for pair in pairs]
    assert_array_equal(np.transpose([best["score"], best["surrogate"]]), expected)


def test_models_without_a_gradient_are_searched_at_random(pca, reels):
    with pytest.warns(UserWarning, match=r"PCA has no decode_with_vjp.*random"):
        fallen = optimize(pca, HoldCount(), X=reels, **BUDGET)
    asked = optimize(pca, HoldCount(), X=reels, method="random", **BUDGET)
    assert fallen.method == "random"
    assert_array_equal(fallen.melodies, asked.melodies)
    evolved = optimize(pca, HoldCount(), X=reels, method="evolution", **BUDGET)
    assert evolved.after.mean() > evolved.before.mean()


def test_objectives_without_a_gradient_are_searched_at_random(model):
    for objective in (mean_code, HoldCount() + mean_code):
        with pytest.warns(UserWarning, match="objective has no surrogate"):
            result = optimize(model, objective, **BUDGET)
        assert result.method == "random"
        assert_array_equal(result.after, objective(result.melodies))
        assert (result.after >= result.before).all()


def test_steps_between_encoder_and_decoder_are_searched_at_random(reels):
    model = make_pipeline(
        PianoRollEncoder(), FunctionTransformer(), Autoencoder(h=4, max_iter=2)
    ).fit(reels)
    with pytest.warns(UserWarning, match=r"steps between PianoRollEncoder and decoder"):
        assert optimize(model, HoldCount(), **BUDGET).method == "random"


def test_no_warning_without_a_fallback(model):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimize(model, HoldCount(), **BUDGET)
        for method in ("random", "evolution"):
            optimize(model, mean_code, method=method, **BUDGET)


def test_a_bare_estimator_takes_functions_of_what_it_decodes(reels):
    roll = PianoRollEncoder().fit_transform(reels)
    bare = Autoencoder(h=4, max_iter=2, random_state=0).fit(roll)
    result = optimize(bare, mean_code, method="random", **BUDGET)
    assert result.melodies.shape == (6, roll.shape[1])
    with pytest.raises(ValueError, match=r"HoldCount\(\) measures melodies, but Auto"):
        optimize(bare, HoldCount(), **BUDGET)


def test_a_plateau_does_not_end_evolution(model):
    result = optimize(model, FirstNote(83), method="evolution", **BUDGET)
    assert result.n_decoder_calls >= 6 * 16


def test_nan_counts_as_worst(model):
    def holds_if_long(X):
        holds = HoldCount()(X)
        return np.where(holds > np.median(holds), holds, np.nan)

    result = optimize(model, holds_if_long, method="random", **BUDGET)
    assert not np.isnan(result.after).any()


def test_silence_is_not_the_narrowest_range():
    X = np.array([[REST] * 4] * 3 + [[60, 72, 66, 64]] * 3)
    line = make_pipeline(PianoRollEncoder(), PCA(1, random_state=0)).fit(X)
    asked = {"maximize": False, "method": "random", "X": X, "random_state": 0}
    result = optimize(line, PitchRange(), n_starts=20, max_iter=20, **asked)
    assert (result.start_melodies == REST).all(axis=1).any()
    assert not np.isnan(result.after).any()
    assert (result.melodies != REST).any(axis=1).all()


def test_bad_calls_are_named(model, pca, reels):
    with pytest.raises(NotFittedError):
        optimize(make_pipeline(PianoRollEncoder(), PCA(2)), HoldCount())
    with pytest.raises(ValueError, match="PCA does not remember"):
        optimize(pca, HoldCount(), method="random")
    with pytest.raises(ValueError, match=r"one value for each of 10 rows.*\(\)"):
        optimize(model, np.mean, method="random")
    with pytest.raises(ValueError, match="got bounds=None"):
        optimize(model, HoldCount(), method="evolution", bounds=None)
    with pytest.raises(ValueError, match=r"keep_weight=0\.5 needs start"):
        optimize(model, HoldCount(), keep_weight=0.5)
    with pytest.raises(ValueError, match=r"evolution.* mixes its starts"):
        optimize(model, HoldCount(), method="evolution", start=reels[:5])
    with pytest.raises(ValueError, match="n_starts=4"):
        optimize(model, HoldCount(), method="evolution", n_starts=4)
    with pytest.raises(ValueError, match="'objective' parameter"):
        optimize(model, "holds")
    with pytest.raises(ValueError, match=r"the class HoldCount.*HoldCount\(\.\.\.\)"):
        optimize(model, HoldCount)
    with pytest.raises(ValueError, match=r"pitch 40 \(E2\)"):
        optimize(model, FirstNote(40))
