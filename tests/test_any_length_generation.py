"""Objectives and strategies on melodies of different lengths, with all kinds of models.

Every public function of `generation` and `objectives` has a rule here.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_c2c import (
    AttributeVariationalAutoencoder,
    Autoencoder,
    DualBranchAutoencoder,
    PianoRollEncoder,
    PitchRhythmAutoencoder,
    RecurrentAutoencoder,
    VariationalAutoencoder,
    VariationalRecurrentAutoencoder,
    generation,
    objectives,
    persistence,
)
from sklearn_c2c.generation import LatentModel
from sklearn_c2c.generation._form import decode_steps, probabilities, probabilities_vjp
from sklearn_c2c.melody import (
    END,
    HOLD,
    N_PITCHES,
    REST,
    check_melodies,
    melody_lengths,
    mend_orphan_holds,
    pad_melodies,
)

N_STEPS = 64
LENGTHS = [32, 64, 48, 61, 64, 40]


def cut(X):
    """The melodies of rows, each of its own length."""
    return [row[row != END] for row in X]


# -------------------------------------------------------------------- objectives

CORPUS = pad_melodies(
    [
        [62, HOLD, 64, 66, 67, HOLD, HOLD, 69, REST, 71, 69, HOLD],
        [74, 73, 71, 69, 67, 66, 64, 62],
        [REST, REST, 66, HOLD, 65],
    ]
)
TOKENS = np.array([60, 62, 64, 66, 67, 71, 74, HOLD, REST, END])
OBJECTIVES = {
    "Consonance": [
        objectives.Consonance(CORPUS[0]),
        objectives.Consonance(CORPUS[1], unison=0.5),
    ],
    "Contour": [objectives.Contour([0, 2, 1])],
    "FirstNote": [objectives.FirstNote(62)],
    "HoldCount": [objectives.HoldCount()],
    "InScale": [objectives.InScale("D")],
    "NoteDensity": [objectives.NoteDensity()],
    "OfVoice": [objectives.OfVoice(objectives.NoteDensity(), 0, n_voices=1)],
    "PitchRange": [objectives.PitchRange()],
    "SelfSimilarity": [
        objectives.SelfSimilarity("AB"),
        objectives.SelfSimilarity(CORPUS[1], steps_per_measure=2),
    ],
    "StyleLikeness": [objectives.StyleLikeness(CORPUS, order=2)],
}
EACH = [objective for several in OBJECTIVES.values() for objective in several]
EACH.append(0.5 * EACH[3] - objectives.NoteDensity())


def test_every_objective_is_tried():
    assert {*OBJECTIVES} == {*objectives.__all__}


@st.composite
def rows_of_12(draw):
    n = draw(st.integers(1, 4))
    codes = st.sampled_from(TOKENS[:-1].tolist())
    X = mend_orphan_holds(draw(hnp.arrays(np.int16, (n, 12), elements=codes)))
    lengths = draw(st.lists(st.integers(1, 12), min_size=n, max_size=n))
    return np.where(np.arange(12) < np.array(lengths)[:, None], X, np.int16(END))


def value_of_cut(objective, melody):
    """The value of one melody that is as long as its row; NaN where it cannot be."""
    if isinstance(objective, objectives.Consonance):  # needs the row; nothing sounds
        missing = 12 - len(melody)
        return objective([np.append(melody, np.full(missing, REST))])[0]
    try:
        return objective([melody])[0]
    except ValueError as error:
        assert "cannot be divided" in str(error)
        return np.nan


def one_hot(X):
    """The piano roll of `PianoRollEncoder`: nothing after the first END."""
    P = (X[..., None] == TOKENS).astype(float)
    P[:, 1:][(X[:, :-1] == END)] = 0
    return P


@given(rows_of_12())
def test_values_are_those_of_the_melodies_cut_to_their_lengths(X):
    for objective in EACH:
        expected = [value_of_cut(objective, melody) for melody in cut(X)]
        assert_allclose(objective(X), expected, atol=1e-12, err_msg=repr(objective))


@given(rows_of_12())
def test_the_surrogate_of_a_piano_roll_is_the_value(X):
    for objective in EACH:
        values, gradient = objective.surrogate(one_hot(X), TOKENS)
        expected = np.nan_to_num(objective(X))  # no notes, or no equal parts
        assert_allclose(values, expected, atol=1e-12, err_msg=repr(objective))
        assert np.isfinite(gradient).all()


def some_outputs(rng, n=3, end=0.3):
    P = rng.uniform(0.001, 1, (n, 12, len(TOKENS))) ** 3
    P[..., -1] *= end
    return P


def test_the_surrogate_is_the_mean_over_the_lengths(rng, monkeypatch):
    monkeypatch.setattr("sklearn_c2c.objectives._expectation._LEAST_LENGTH", 0)
    P = some_outputs(rng, n=1)
    Q = P[0] / P[0].sum(axis=1, keepdims=True)
    for objective in EACH:
        if isinstance(objective, objectives.Consonance):
            continue
        mean, is_left = 0.0, 1.0
        for n in range(1, 13):
            p = is_left * (Q[n, -1] if n < 12 else 1)
            is_left -= p
            try:
                given = objective.surrogate(P[:, :n, :-1], TOKENS[:-1])[0][0]
            except ValueError:
                given = 0.0
            mean += p * given
        values, _ = objective.surrogate(P, TOKENS)
        assert_allclose(values, [mean], rtol=1e-9, err_msg=repr(objective))


@pytest.mark.parametrize("objective", EACH, ids=repr)
@pytest.mark.parametrize("end", [0, 0.3, 3])
def test_gradients_are_central_differences(objective, end, rng):
    P = some_outputs(rng, end=end) + 1e-6
    direction, epsilon = P * rng.standard_normal(P.shape), 1e-5
    ahead, behind = (
        objective.surrogate(P + sign * epsilon * direction, TOKENS)[0]
        for sign in (1, -1)
    )
    _, gradient = objective.surrogate(P, TOKENS)
    slope = (gradient * direction).sum(axis=(1, 2))
    assert_allclose(slope, (ahead - behind) / (2 * epsilon), rtol=0, atol=1e-8)
    assert_allclose((gradient * P).sum(axis=2), 0, atol=1e-10)


def test_lengths_that_are_hardly_probable_are_not_computed(rng):
    asked = []

    class Length(objectives.NoteDensity):
        def _expected(self, Q, tokens):
            asked.append(Q.shape[1])
            assert END not in tokens
            return np.full(len(Q), float(Q.shape[1])), np.zeros_like(Q)

    P = some_outputs(rng, n=1, end=0)
    P[0, [4, 8], -1] = P[0, [4, 8]].sum(axis=1)  # as probable as all others together
    values, _ = Length().surrogate(P, TOKENS)
    assert asked == [4, 8, 12]
    assert_allclose(values, [4 / 2 + 8 / 4 + 12 / 4])


def test_an_end_in_the_first_step_does_not_count(rng):
    P = some_outputs(rng, n=1)
    P[0, 0, -1] = 100
    for objective in EACH:
        value, _ = objective.surrogate(P, TOKENS)
        P[0, 0, -1] = 0
        assert_allclose(value, objective.surrogate(P, TOKENS)[0])
        P[0, 0, -1] = 100


# ------------------------------------------------------------------------ models


@pytest.fixture(scope="module")
def X(reels):
    """Beginnings of reels, of six lengths."""
    lengths = np.resize(LENGTHS, 36)
    rows = [reel[:n] for reel, n in zip(reels, lengths, strict=False)]
    return pad_melodies(rows, n_steps=N_STEPS)


def starts_low(X):
    return X[:, 0] < 70


def share_of_onsets(X):
    """A measured attribute: notes a step, up to the end."""
    return np.array([(melody < N_PITCHES).mean() for melody in cut(np.asarray(X))])


KINDS = {
    "sigmoid": lambda: Autoencoder(h=16, max_iter=60, random_state=0),
    "softmax": lambda: Autoencoder(h=16, output="softmax", max_iter=60, random_state=0),
    "variational": lambda: VariationalAutoencoder(
        h=16, beta=0.05, max_iter=60, random_state=0
    ),
    "PCA": lambda: PCA(16),
    "pitch and rhythm": lambda: PitchRhythmAutoencoder(
        12, 8, beta=0.05, max_iter=60, random_state=0
    ),
    "attribute": lambda: AttributeVariationalAutoencoder(
        h=16,
        beta=0.05,
        attributes=["share_of_onsets"],
        max_iter=60,
        random_state=0,
    ),
    "dual branch": lambda: DualBranchAutoencoder(8, 8, max_iter=60, random_state=0),
    "recurrent": lambda: RecurrentAutoencoder(
        8, n_units=24, max_iter=12, random_state=0
    ),
    "by measures": lambda: RecurrentAutoencoder(
        8, n_units=24, steps_per_measure=16, max_iter=12, random_state=0
    ),
    "variational recurrent": lambda: VariationalRecurrentAutoencoder(
        8, n_units=24, max_iter=12, random_state=0
    ),
}
FITTED = {}


def fitted(kind, X):
    if kind not in FITTED:
        y = {"attribute": share_of_onsets(X), "dual branch": starts_low(X)}.get(kind)
        model = make_pipeline(PianoRollEncoder(), KINDS[kind]())
        FITTED[kind] = model.fit(X, y)
    return FITTED[kind]


@pytest.fixture(params=KINDS)
def model(request, X):
    return fitted(request.param, X)


def has_gradient(model):
    return LatentModel(model).gradient_obstacle is None


def refuses(model, strategy, *arguments, **settings):
    with pytest.raises(ValueError, match="no gradient"):
        strategy(model, *arguments, **settings)
    return []


# ------------------------------------------------------- a rule for each strategy


def rule_of_latent_model(model, X):
    latent = LatentModel(model)
    noise = latent.draw_noise(300, np.random.RandomState(0))
    lengths = melody_lengths(noise)
    assert lengths.min() <= 3 and lengths.max() == N_STEPS
    assert abs(lengths.mean() - (N_STEPS + 1) / 2) < 4
    return [noise, latent.decode(latent.encode(X))]


def rule_of_attribute_vector(model, X):
    by = generation.attribute_vector(model, X, by=share_of_onsets)
    of_two = generation.attribute_vector(model, X[:9], X[9:])
    assert np.isfinite(by).all() and by.shape == of_two.shape
    return []


def rule_of_add_attribute(model, X):
    vector = generation.attribute_vector(model, X, by=share_of_onsets)
    return [generation.add_attribute(model, X[:1], vector, scale=[-2, 0, 2])]


def rule_of_attractors(model, X):
    ends = generation.attractors(model, 6, X=X, max_iter=40, random_state=0)
    return [ends.melodies, *ends.cycles]


def rule_of_recurse(model, X):
    result = generation.recurse(model, X[:4], max_iter=40)
    for path, n in zip(result.paths, result.cycle_lengths, strict=True):
        if n == 1:
            again = model.inverse_transform(model.transform(path[-1:]))
            assert_array_equal(again, path[-1:])
    return result.paths


def rule_of_average(model, X):
    return [generation.average(model, X[:3])]


def rule_of_translate(model, X):
    same = generation.translate(model, X, 0)
    assert_array_equal(same, model.inverse_transform(model.transform(X)))
    return [same, generation.translate(model, X[:3], 0.5)]


def rule_of_neighbors(model, X):
    found = generation.neighbors(model, X[2], X, n_neighbors=3)
    assert found.indices[0] == 2
    return []


def rule_of_branch(model, X):
    names = [*getattr(model[-1], "branches_", {})]
    if not names:
        return []
    view = generation.branch(model, names[1], keep=X[0])
    return [generation.interpolate(view, X[1], X[2])]


def rule_of_swap(model, X):
    if "rhythm" not in getattr(model[-1], "branches_", {}):
        return []
    swapped = generation.swap(model, pitches_of=X[:6], rhythm_of=X[6:12])
    rebuilt = model.inverse_transform(model.transform(X[6:12]))
    # The length belongs to the rhythm.
    assert_array_equal(melody_lengths(swapped), melody_lengths(rebuilt))
    return [swapped]


def rule_of_complete(model, X):
    if not has_gradient(model):
        return refuses(model, generation.complete, X[0], [1])
    result = generation.complete(
        model, X[0], [1], n_samples=2, transposition=0, max_iter=4, random_state=0
    )
    assert_array_equal(result.melodies[:, :16], X[[0, 0], :16])
    return [result.melodies]


def rule_of_decode(model, X):
    Z = LatentModel(model).encode(X[:6])
    if not hasattr(model[-1], "decode_by_steps"):
        with pytest.raises(ValueError, match="decodes step by step"):
            generation.decode(model, Z)
        return []
    return [
        generation.decode(model, Z),
        generation.decode(model, Z, beam_width=3),
        generation.decode(model, Z, temperature=1.5, random_state=0),
    ]


def rule_of_encode(model, X):
    if not has_gradient(model):
        return refuses(model, generation.encode, X)
    Z = generation.encode(model, X[:6], max_iter=15)
    first = model.transform(X[:6])
    likelier = [log_likelihood_up_to_the_end(model, z, X[:6]) for z in (Z, first)]
    if "Recurrent" not in type(model[-1]).__name__:  # feeds back what it decodes
        assert likelier[0].sum() > likelier[1].sum()
    return [model.inverse_transform(Z)]


def log_likelihood_up_to_the_end(model, Z, X):
    P = LatentModel(model).probabilities(Z)
    P = np.maximum(P / P.sum(axis=2, keepdims=True), 1e-30)
    total = np.zeros(len(X))
    for i, row in enumerate(X):
        for step in range(min(melody_lengths(row) + 1, N_STEPS)):
            total[i] += np.log(P[i, step, model[0].tokens_ == row[step]][0])
    return total


def rule_of_give_attributes(model, X):
    if getattr(model[-1], "attributes", None) is None:
        return []
    view = generation.give_attributes(model, {"share_of_onsets": share_of_onsets})
    scale, mean = model[-1].attribute_scale_[0], model[-1].attribute_mean_[0]
    assert_allclose(view.transform(X)[:, 0] * scale + mean, share_of_onsets(X), 1e-4)
    return [generation.translate(view, X[:3], 0)]


def rule_of_interpolate(model, X):
    path = generation.interpolate(model, X[0], X[1], n_points=5)
    assert_array_equal(path[[0, -1]], model.inverse_transform(model.transform(X[:2])))
    return [path, generation.interpolate(model, X[0], X[3], method="spherical", X=X)]


def rule_of_interpolate_grid(model, X):
    return [generation.interpolate_grid(model, X[:4], n_points=3)]


def rule_of_optimize(model, X):
    objective = objectives.NoteDensity() + 0.01 * objectives.HoldCount()
    method = "gradient" if has_gradient(model) else "random"
    result = generation.optimize(
        model, objective, method=method, n_starts=3, max_iter=5, X=X, random_state=0
    )
    for rows, values in [
        (result.melodies, result.after),
        (result.start_melodies, result.before),
    ]:
        assert_array_equal(values, np.hstack([objective([row]) for row in cut(rows)]))
    return [result.melodies, result.start_melodies]


def rule_of_refine(model, X):
    critic = make_pipeline(PianoRollEncoder(), LogisticRegression())
    critic.fit(X[:, :16], melody_lengths(X) > 48)
    results = [
        generation.refine(critic, X[:2, :16], max_iter=1, random_state=0),
        generation.refine(critic, X[:, :16], n_starts=3, max_iter=1, random_state=0),
    ]
    return [path for result in results for path in result.paths]


def rule_of_sample(model, X):
    methods = ["range", "gaussian", "diagonal", "kde"]
    if hasattr(LatentModel(model).estimator, "sample_prior"):
        methods.append("prior")
    return [
        generation.sample(model, 4, X=X, method=method, random_state=0)
        for method in methods
    ]


def rule_of_vary(model, X):
    same = generation.vary(model, X[0], 2, strength=0, X=X, random_state=0)
    rebuilt = model.inverse_transform(model.transform(X[[0, 0]]))
    assert_array_equal(same, rebuilt)
    return [generation.vary(model, X[0], X=X, random_state=0)]


def rule_of_set_attribute(model, X):
    result = generation.set_attribute(
        model, X[:2], share_of_onsets, 0.5, corpus=X, max_iter=1, random_state=0
    )
    assert_array_equal(result.found, share_of_onsets(result.melodies))
    for melody, start, kept in zip(result.melodies, X[:2], result.kept, strict=True):
        n = max(melody_lengths(melody), melody_lengths(start))
        assert kept == pytest.approx((melody[:n] == start[:n]).mean())
    return [result.melodies]


def rule_of_sweep(model, X):
    return [generation.sweep(model, 0, X=X)]


RULES = {
    name.removeprefix("rule_of_"): rule
    for name, rule in globals().items()
    if name.startswith("rule_of_")
}
RULES["LatentModel"] = RULES.pop("latent_model")


def test_every_strategy_has_a_rule():
    assert {*RULES} == {*generation.__all__}


@pytest.mark.filterwarnings("ignore:.*reached no cycle")
@pytest.mark.parametrize("strategy", RULES)
def test_what_a_strategy_makes_are_legal_melodies(model, X, strategy):
    for rows in RULES[strategy](model, X):
        check_melodies(rows)


def test_the_end_belongs_to_the_rhythm(X, tmp_path):
    model = fitted("pitch and rhythm", X)
    assert model[-1].has_end_
    persistence.save(model, tmp_path / "model.c2c")
    loaded = persistence.load(tmp_path / "model.c2c")
    Z = model.transform(X)
    assert_array_equal(loaded.inverse_transform(Z), model.inverse_transform(Z))
    # A transposition changes the pitches' latent variables only, the length those of
    # the rhythm.
    pitch, rhythm = model[-1].branches_.values()
    lower = np.where((X < N_PITCHES) & (X > X[X > 0].min()), X - 1, X)
    moved = model.transform(lower)
    assert_array_equal(moved[:, rhythm], Z[:, rhythm])
    assert (moved[:, pitch] != Z[:, pitch]).any(axis=1).all()
    # Models from before there was an end.
    state = {name: v for name, v in vars(model[-1]).items() if name != "has_end_"}
    old = PitchRhythmAutoencoder.__new__(PitchRhythmAutoencoder)
    old.__setstate__(state)
    assert old.has_end_ is False


def rows_of_reels(reels, n_steps=N_STEPS):
    return np.array(reels[:36, :n_steps])


def test_an_end_before_the_last_step_is_found(reels):
    X = rows_of_reels(reels)
    for n_short in (1, 12, 36):
        short = X.copy()
        short[:n_short, -1] = END
        model = make_pipeline(PianoRollEncoder(), PitchRhythmAutoencoder(max_iter=60))
        model.set_params(pitchrhythmautoencoder__random_state=0).fit(short)
        assert model[-1].has_end_
        lengths = melody_lengths(model.inverse_transform(model.transform(short)))
        assert (lengths == melody_lengths(short)).mean() > 0.9


@pytest.mark.parametrize("last", [REST, HOLD, 62])
@pytest.mark.parametrize("without_holds", [False, True])
def test_what_is_at_the_last_step_only_need_not_be_an_end(reels, last, without_holds):
    X = rows_of_reels(reels)[:, :: 2 if without_holds else 1].copy()
    if without_holds:
        X[X == HOLD] = 62
    X[X == REST] = 62
    X[::2, -1] = last
    model = make_pipeline(PianoRollEncoder(), PitchRhythmAutoencoder(max_iter=2))
    assert not model.fit(X)[-1].has_end_


@pytest.mark.parametrize("kind", ["sigmoid", "softmax", "PCA", "pitch and rhythm"])
def test_a_model_learns_where_a_melody_ends(kind, X):
    model = fitted(kind, X)
    rebuilt = model.inverse_transform(model.transform(X))
    assert (melody_lengths(rebuilt) == melody_lengths(X)).mean() > 0.8


# -------------------------------------------------------------------- completion


@pytest.mark.parametrize("kind", ["softmax", "sigmoid", "pitch and rhythm"])
@pytest.mark.parametrize("aspect", ["notes", "rhythm", "pitches"])
def test_a_completed_melody_ends_where_what_is_given_says(kind, aspect, X):
    step, start = np.arange(N_STEPS), X[2]
    assert melody_lengths(start) == 48
    expected = {
        "from the first step to the end": (step >= 0, 48, 48),
        "last note and end": (step >= 44, 48, 48),
        "only that it has ended": (step >= 56, 1, 56),
        "an end in measure 4": ([4], 1, 48),
        "notes in the middle": ((step >= 20) & (step < 30), 30, N_STEPS),
        "first note": (step < 1, 1, N_STEPS),
    }
    for name, (keep, least, most) in expected.items():
        result = generation.complete(
            fitted(kind, X), start, keep, 3, aspect=aspect, max_iter=3, random_state=0
        )
        lengths = melody_lengths(check_melodies(result.melodies))
        assert (lengths >= least).all() and (lengths <= most).all(), name
        kept = result.kept & (start < END)
        found, given = result.melodies[:, kept], start[kept]
        if aspect == "notes":
            assert (found == given).all(), name
        elif aspect == "rhythm":
            kinds = [np.where(x < N_PITCHES, 0, x) for x in (found, given)]
            assert (kinds[0] == kinds[1]).all(), name


def test_a_corpus_completes_in_the_form_of_its_tunes(X):
    result = generation.complete(fitted("softmax", X), X[2], [1, 4], X=X, max_iter=3)
    assert (melody_lengths(check_melodies(result.melodies)) <= 48).all()
    assert (result.melodies[:, :16] == X[2, :16]).all()


def test_a_model_of_full_rows_is_given_no_end(reels, X):
    full = reels[:20, :N_STEPS]
    model = make_pipeline(PianoRollEncoder(), Autoencoder(h=4, max_iter=2)).fit(full)
    with pytest.raises(ValueError, match="start ends early in the steps to keep"):
        generation.complete(model, X[2], [1, 4])
    result = generation.complete(model, X[2], [1], n_samples=2, max_iter=2)
    assert (result.melodies != END).all()


# -------------------------------------------------------------------------- form


def unequal_places(melodies, letters):
    """Pairs of places of one letter, before the end of their melody, that differ."""
    places = melodies.reshape(*letters.shape, -1)
    is_whole = (places != END).all(axis=2)
    alike = letters[:, :, None] == letters[:, None]
    alike &= is_whole[:, :, None] & is_whole[:, None]
    return alike & (places[:, :, None] != places[:, None]).any(axis=3)


class Decoder:
    """A latent model whose outputs are given."""

    def __init__(self, encoder, P):
        self.encoder, self._P = encoder, P

    def probabilities(self, Z):
        return self._P


@settings(max_examples=100)
@given(
    st.lists(st.integers(0, 2), min_size=6, max_size=6),
    st.integers(0, 2**31),
    st.sampled_from([0, 0.7, 3.0]),
    st.sampled_from([0.2, 1, 3]),
)
def test_any_probabilities_are_decoded_in_any_form(letters, seed, weight, ends):
    rng = np.random.default_rng(seed)
    codes = rng.choice([60, 61, 62, 63, 64, HOLD, HOLD, REST], (3, 12))
    X = mend_orphan_holds(codes.astype(np.int16))
    X[0, 6:] = END
    settings = dict(transition_weight=weight, steps_per_measure=4)
    encoder = PianoRollEncoder((60, 64), **settings).fit(X)
    concentration = np.full(encoder.n_tokens_, 0.3)
    concentration[-1] *= ends
    P = rng.dirichlet(concentration, (3, 12)) + 1e-12
    letters = np.tile(letters, (3, 1))
    decoder = Decoder(encoder, P)
    found = decode_steps(encoder, probabilities(decoder, None, letters), letters)
    assert not unequal_places(check_melodies(found), letters).any()
    # The form does not change the length.
    free = melody_lengths(encoder.inverse_transform(P.reshape(3, -1)))
    assert_array_equal(melody_lengths(found), free)


@pytest.mark.parametrize("kind", ["sigmoid", "softmax", "variational", "recurrent"])
def test_draws_have_a_form_as_far_as_they_go(kind, X):
    model = fitted(kind, X)
    free = generation.sample(model, 20, random_state=0)
    for form, letters in [
        ("AABA", [0, 0, 1, 0]),
        ("ABABABAB", [0, 1] * 4),
        (np.tile(X[1, :16], 4), [0, 1] * 4),
    ]:
        found = generation.sample(model, 20, form=form, random_state=0)
        letters = np.tile(letters, (20, 1))
        assert not unequal_places(check_melodies(found), letters).any()
        assert_array_equal(melody_lengths(found), melody_lengths(free))
    found = generation.sample(model, 20, X=X, form="corpus", random_state=0)
    check_melodies(found)


def test_the_places_after_the_end_of_a_tune_are_alike_to_no_other(X):
    tune = np.where(np.arange(N_STEPS) < 20, 62, END)  # two halves of a measure, a rest
    found = generation.sample(fitted("softmax", X), 20, form=tune, random_state=0)
    free = generation.sample(fitted("softmax", X), 20, random_state=0)
    letters = np.tile([0, 0, 2, 3, 4, 5, 6, 7], (20, 1))
    assert not unequal_places(found, letters).any()
    assert (found[:, 16:] == free[:, 16:]).mean() > 0.9


def test_the_gradient_through_a_form_is_that_of_the_values(X, rng):
    model = make_pipeline(
        PianoRollEncoder(dtype=np.float64),
        Autoencoder(h=6, output="softmax", max_iter=30, random_state=0),
    ).fit(X)
    objective = objectives.NoteDensity() + 0.1 * objectives.HoldCount()
    start = rng.uniform(*LatentModel(model).range(), (8, 6))
    letters = np.tile([0, 1, 0, 1], (8, 1))

    def expected(Z):
        P, vjp = probabilities_vjp(LatentModel(model), Z, letters)
        values, gradient = objective.surrogate(P, model[0].tokens_)
        return values, vjp(gradient)

    direction = rng.standard_normal(start.shape)
    ahead, behind = (expected(start + e * direction)[0] for e in (1e-6, -1e-6))
    slope = (expected(start)[1] * direction).sum(axis=1)
    assert_allclose(slope, (ahead - behind) / 2e-6, rtol=1e-4, atol=1e-6)
