"""`Harmonizer`: what it learns, decides and refuses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from sklearn_c2c import Harmonizer, datasets, metrics
from sklearn_c2c._epochs import History
from sklearn_c2c._nn.adam import FallingAdam, fresh
from sklearn_c2c._nn.layers import Dense, SparseDense
from sklearn_c2c._nn.threads import Workers
from sklearn_c2c.autoencoder import Layer, Training
from sklearn_c2c.harmony import _layout
from sklearn_c2c.harmony._layout import Layout, ones
from sklearn_c2c.harmony._voice_leading import faults, forbid_crossing
from sklearn_c2c.melody import HOLD, REST, check_voices, mend_orphan_holds
from sklearn_c2c.persistence import load, save

SMALL = {"hidden_layer_sizes": (8,), "window": 2, "steps_per_measure": 4, "max_iter": 3}
RECURRENT = SMALL | {"cell": "gru", "n_units": 6, "window": 0, "batch_size": 8}


@pytest.fixture(scope="module")
def pieces():
    """Rows of a melody, a middle voice and a bass that depend on it, with rests."""
    rng = np.random.default_rng(0)
    melody = rng.integers(70, 76, (40, 16))
    melody[:, 1::4], melody[:, 7] = HOLD, REST
    middle = np.where(melody < REST, melody - 7, melody)
    bass = np.where(melody < REST, melody % 2 + 50, melody)
    return melody, np.hstack([middle, bass])


@pytest.fixture(scope="module")
def chorales():
    data = datasets.load_bach_chorales(n_melodies=40).data
    return data[:, :128], data[:, 128:]


@pytest.mark.parametrize(
    "settings",
    [
        {"voice_leading": False},
        {"chain": False},
        {"chain": False, "window": None, "noise": 0, "transition_weight": 0},
        {"hidden_layer_sizes": (32, 32), "voice_leading": False},
        {"cell": "gru", "n_units": 16, "batch_size": 4, "voice_leading": False},
        {"cell": "lstm", "n_units": 16, "batch_size": 4, "voice_leading": False},
    ],
)
def test_voices_that_follow_from_the_melody_are_found(pieces, settings):
    X, Y = pieces
    settings = {"window": 1, "steps_per_measure": 4, "max_iter": 60} | settings
    model = Harmonizer(random_state=0, **settings).fit(X[:30], Y[:30])
    assert model.score(X[:30], Y[:30]) > 0.97
    if model.window:  # of 30 whole rows, none says what another one is
        assert model.score(X[30:], Y[30:]) > 0.97
    assert (model.n_added_, model.n_features_in_) == (2, 16)
    assert model.voice_ranges_ == [(63, 68), (50, 51)]
    assert model.pitch_range_ == (50, 75)


def test_voice_leading_avoids_what_the_data_has(pieces):
    # The middle voice of the data is in parallel fifths with the melody throughout.
    X, Y = pieces
    settings = {"window": 1, "steps_per_measure": 4, "max_iter": 20, "random_state": 0}
    model = Harmonizer(**settings).fit(X, Y)
    assert metrics.parallel_fifths(np.hstack([X, Y]), n_voices=3).mean() > 3
    for name in ("parallel_fifths", "parallel_octaves", "voice_crossings"):
        measure = getattr(metrics, name)
        assert measure(np.hstack([X, model.predict(X)]), n_voices=3).mean() < 0.5


def test_chorales_are_harmonised_better_than_by_chance(chorales):
    X, Y = chorales
    model = Harmonizer(max_iter=4, random_state=0).fit(X[:32], Y[:32])
    predicted = model.predict(X[32:])
    check_voices(predicted, 3)
    found = metrics.compare_harmony(
        np.hstack([X[32:], predicted]), np.hstack([X[:32], Y[:32]])
    )
    others = np.hstack([X[32:], Y[:8]])  # the voices of other chorales
    by_chance = metrics.compare_harmony(others, np.hstack([X, Y]))
    for name in ("voice_crossings", "parallel_fifths", "parallel_octaves"):
        assert found[name][0] < 0.2 < by_chance[name][0]
    assert found.out_of_range_share[0] == 0
    assert found.chord_share[0] > by_chance.chord_share[0] + 0.1


@pytest.mark.parametrize("settings", [SMALL, RECURRENT], ids=["dense", "recurrent"])
def test_the_same_seed_gives_the_same_bits(pieces, settings, monkeypatch):
    found = []
    for n_threads in ("1", "2"):
        monkeypatch.setenv("OMP_NUM_THREADS", n_threads)
        large = settings | {"n_units": 40, "hidden_layer_sizes": (50,)}
        found.append(Harmonizer(random_state=3, **large).fit(*pieces))
    first, second = found
    for ours, theirs in zip(first.coefs_, second.coefs_, strict=True):
        assert_array_equal(ours, theirs)
    assert_array_equal(first.predict(pieces[0]), second.predict(pieces[0]))
    other = Harmonizer(random_state=4, **settings).fit(*pieces)
    assert (other.coefs_[0][:5, :5] != first.coefs_[0][:5, :5]).any()


def test_recurrent_layers_know_what_comes_at_any_distance(rng):
    X = rng.integers(70, 74, (60, 24))
    first, last = X[:, :1], X[:, -1:]
    Y = np.hstack([np.repeat(first - 12, 24, 1), np.repeat(last - 24, 24, 1)])
    settings = {"window": 1, "steps_per_measure": 4, "random_state": 0}
    settings |= {"noise": 0, "voice_leading": False, "max_iter": 60}
    model = Harmonizer((32,), cell="gru", n_units=32, batch_size=4, **settings)
    assert model.fit(X[:50], Y[:50]).score(X[50:], Y[50:]) > 0.9
    dense = Harmonizer((32,), **settings | {"max_iter": 10})
    assert dense.fit(X[:50], Y[:50]).score(X[50:], Y[50:]) < 0.7


# ------------------------------------------------------------------ phrase ends


def test_a_window_beyond_the_row_is_that_of_the_row(chorales):
    X, Y = (voices[:3] for voices in chorales)
    widest = Harmonizer((4,), window=127, max_iter=1, random_state=0).fit(X, Y)
    wider = Harmonizer((4,), window=10**9, max_iter=1, random_state=0).fit(X, Y)
    assert_array_equal(widest.predict(X), wider.predict(X))
    assert wider.coefs_[0].shape[0] > np.iinfo(np.int16).max


@pytest.fixture(scope="module")
def phrases(pieces):
    """Melodies, a bass that is higher where phrases end, and these."""
    X, Y = pieces
    ends = np.random.default_rng(1).random(X.shape) < 0.3
    bass = Y[:, 16:]
    return X, np.where((bass < REST) & ends, bass + 5, bass), ends


@pytest.mark.parametrize(
    "settings",
    [
        {"window": 1},
        {"cell": "gru", "n_units": 16, "window": 0, "batch_size": 4},
    ],
    ids=["dense", "recurrent"],
)
def test_phrase_ends_are_seen(phrases, settings):
    X, Y, ends = phrases
    settings = {
        "steps_per_measure": 4,
        "max_iter": 60,
        "voice_leading": False,
    } | settings
    model = Harmonizer(random_state=0, **settings).fit(X, Y, phrase_ends=ends)
    assert model.sees_phrase_ends_
    assert model.score(X, Y, phrase_ends=ends) > 0.95
    assert model.score(X, Y, phrase_ends=~ends) < 0.7
    # Where they are not known the more frequent bass is taken.
    assert 0.6 < model.score(X, Y) < 0.9
    blind = Harmonizer(random_state=0, **settings).fit(X, Y)
    assert not blind.sees_phrase_ends_
    assert blind.coefs_[0].shape[0] < model.coefs_[0].shape[0]


def test_phrase_ends_that_do_not_fit_are_refused(phrases):
    X, Y, ends = phrases
    model = Harmonizer(random_state=0, **SMALL)
    for wrong in (ends[:, 1:], ends[:-1], ends * 2, ends * np.nan):
        with pytest.raises(
            ValueError, match=r"Expected phrase_ends of shape \(40, 16\)"
        ):
            model.fit(X, Y, phrase_ends=wrong)
    model.fit(X, Y, phrase_ends=ends.tolist())
    with pytest.raises(ValueError, match="Expected phrase_ends of shape"):
        model.predict(X, phrase_ends=ends[0])
    with pytest.raises(
        ValueError, match="fitted with phrase_ends, and cannot go on wi"
    ):
        model.partial_fit(X, Y)
    model.partial_fit(X, Y, phrase_ends=ends)
    model = Harmonizer(random_state=0, **SMALL).fit(X, Y)
    with pytest.raises(ValueError, match="was fitted without; pass phrase_ends to fit"):
        model.predict(X, phrase_ends=ends)
    with pytest.raises(
        ValueError, match="fitted without phrase_ends, and cannot go on"
    ):
        model.partial_fit(X, Y, phrase_ends=ends)


def test_phrase_ends_are_routed_by_cross_validation(phrases):
    X, Y, ends = phrases
    settings = {"window": 0, "steps_per_measure": 4, "max_iter": 30}
    with config_context(enable_metadata_routing=True):
        model = Harmonizer(random_state=0, voice_leading=False, **settings)
        model.set_fit_request(phrase_ends=True).set_score_request(phrase_ends=True)
        scores = cross_val_score(model, X, Y, cv=2, params={"phrase_ends": ends})
    assert scores.min() > 0.9


# ------------------------------------------------------------------ going on


@pytest.mark.parametrize("settings", [SMALL, RECURRENT], ids=["dense", "recurrent"])
def test_training_goes_on(pieces, settings):
    X, Y = pieces
    model = Harmonizer(random_state=0, warm_start=True, **settings).fit(X, Y)
    assert len(model.fit(X, Y).loss_curve_) == 6
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    with pytest.raises(ValueError, match=r"Cannot go on training: .*window=3"):
        model.set_params(window=3).fit(X, Y)
    with pytest.raises(ValueError, match="y with 1 voices, but Harmonizer was fitted"):
        model.set_params(window=settings["window"]).fit(X, Y[:, :16])
    whole = Harmonizer(random_state=0, **settings).partial_fit(X, Y).partial_fit(X, Y)
    assert whole.n_iter_ == 2
    assert clone(model).get_params() == model.get_params()


def test_a_rate_that_falls_is_that_of_missed_updates_too(rng):
    X = (rng.random((12, 30)) < 0.05).astype(np.float64)
    delta = rng.standard_normal((12, 4))
    found = []
    for kind in (Dense, SparseDense):
        shares = iter([1, 0.75, 0.5, 0.25, 0.1, 0.0])
        adam = FallingAdam(*(0.01, 0.9, 0.99, 1e-8, np.float64), share=shares.__next__)
        coef, intercept = fresh(np.ones((30, 4))), fresh(np.zeros(4))
        with Workers() as workers:
            options = {"is_first": True} if kind is Dense else {}
            layer = kind(coef, intercept, workers, adam, **options)
            for i in range(0, 12, 2):
                rows = X[i : i + 2]
                rows = rows if kind is Dense else sparse.csr_array(rows)
                _, pull_back = layer(rows)
                adam.tick()
                pull_back(delta[i : i + 2])
            if kind is SparseDense:
                layer.apply_pending_updates()
        found.append(coef.value)
    assert_allclose(*found, rtol=1e-12)


def test_models_are_scored_by_cross_validation(pieces):
    scores = cross_val_score(Harmonizer(random_state=0, **SMALL), *pieces, cv=3)
    assert scores.shape == (3,) and np.isfinite(scores).all()


@pytest.mark.parametrize("optimizer", [False, True])
@pytest.mark.parametrize("settings", [SMALL, RECURRENT], ids=["dense", "recurrent"])
def test_a_saved_model_comes_back(phrases, tmp_path, optimizer, settings):
    X, Y, ends = phrases
    model = Harmonizer(random_state=0, **settings).fit(X, Y, phrase_ends=ends)
    save(model, tmp_path / "model.c2c", optimizer=optimizer)
    restored = load(tmp_path / "model.c2c")
    assert_array_equal(
        restored.predict(X, phrase_ends=ends), model.predict(X, phrase_ends=ends)
    )
    resumed, own = (
        one.partial_fit(X, Y, phrase_ends=ends).coefs_ for one in (restored, model)
    )
    for resumed_coef, coef in zip(resumed, own, strict=True):
        assert (resumed_coef == coef).all() == optimizer


@pytest.mark.parametrize(
    ("X", "Y", "reason"),
    [
        ([[60, 62]], [[60, 62, 64]], r"y of shape \(n_pieces, n_added \* 2\), .*3\)"),
        ([[60, 62]], None, "requires y to be passed"),
        ([[60, 62]], [[60, HOLD, HOLD, 64]], "a HOLD at the first step of one of 2"),
        ([[60, 62]], [[HOLD, 62]], "Found 129 at melody 0, step 0"),
        ([[60, 130]], [[60, 62]], "the melody ends here.* fill it up with rests"),
        ([[60, 62]] * 2, [[60, 62]], "inconsistent numbers of samples"),
    ],
)
def test_what_is_no_piece_is_refused(X, Y, reason):
    with pytest.raises(ValueError, match=reason):
        Harmonizer(max_iter=1).fit(X, Y)


def test_what_does_not_fit_the_model_is_refused(pieces):
    X, Y = pieces
    model = Harmonizer(random_state=0, **SMALL).fit(X, Y)
    with pytest.raises(ValueError, match="this pitch is outside 50-75"):
        model.predict(np.where(X < REST, X + 1, X))
    with pytest.raises(ValueError, match=r"y of shape \(40, 32\)"):
        model.score(X, Y[:, :16])
    with pytest.raises(ValueError, match="at least one layer"):
        Harmonizer(()).fit(X, Y)
    with pytest.raises(ValueError, match=r"window=None is for .*cell='lstm'"):
        Harmonizer(cell="lstm", window=None).fit(X, Y)
    without = Harmonizer(**RECURRENT | {"hidden_layer_sizes": ()}).fit(X, Y)
    assert len(without.coefs_) == 5


@pytest.mark.parametrize(
    ("settings", "change"),
    [
        (SMALL, {"window": 3}),
        (SMALL, {"window": None}),
        (SMALL, {"steps_per_measure": 5}),
        (SMALL, {"hidden_layer_sizes": (9,)}),
        (SMALL, {"cell": "gru"}),
        (RECURRENT, {"cell": "lstm"}),
        (RECURRENT, {"cell": None}),
        (RECURRENT, {"n_units": 7}),
        (RECURRENT, {"hidden_layer_sizes": ()}),
    ],
)
def test_weights_that_were_fitted_for_other_sizes_are_not_read(
    pieces, settings, change
):
    X, Y = pieces
    model = Harmonizer(random_state=0, **settings).fit(X, Y)
    with pytest.raises(ValueError, match=r"Cannot use the fitted weights: .*Set them"):
        model.set_params(**change).predict(X)


def test_silent_voices_stay_silent():
    X = np.array([[60, 62, HOLD, 64], [62, 60, 64, HOLD]] * 10)
    Y = np.full_like(X, REST)
    settings = {"window": 1, "max_iter": 30, "random_state": 0}
    model = Harmonizer(steps_per_measure=4, **settings).fit(X, Y)
    assert (model.predict(X) == REST).all()


@pytest.mark.parametrize("settings", [SMALL, RECURRENT], ids=["dense", "recurrent"])
@pytest.mark.parametrize("n_steps", [1, 3, 40])
def test_rows_of_any_length_and_all_rests(settings, n_steps):
    X = np.full((6, n_steps), REST)
    model = Harmonizer(random_state=0, **settings | {"max_iter": 40, "batch_size": 4})
    X[1:, 0], Y = [60, 62, 64, 65, 67], np.full((6, 2 * n_steps), REST)
    Y[1:, 0] = 48  # the second voice has no note at all
    predicted = model.fit(X, Y).predict(X)
    check_voices(predicted, 2)
    assert (predicted[:, n_steps:] == REST).all()
    alone = model.predict(np.full((1, n_steps), REST))
    check_voices(alone, 2)


# --------------------------------------------------------------------- the parts


class Recorder:
    """Keeps the gradients in place of an optimizer."""

    def __init__(self):
        self.gradients = {}

    def update(self, weights, gradient, workers):
        self.gradients[id(weights.value)] = gradient.copy()

    def tick(self):
        pass

    apply = tick


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("hidden", [(), (5, 4)])
def test_gradients_are_central_differences(phrases, rng, monkeypatch, cell, hidden):
    X, Y, ends = (part[:5] for part in phrases)
    monkeypatch.setattr(_layout, "ones", lambda *to: ones(*to).astype(np.float64))
    settings = RECURRENT | {"cell": cell, "hidden_layer_sizes": hidden, "n_units": 3}
    settings |= {"window": 1, "hidden_activation": "tanh"}
    model = Harmonizer(random_state=0, **settings).fit(X, Y, phrase_ends=ends)
    samples, answers = model._check_training_data(X, Y, reset=False, phrase_ends=ends)
    layers = [
        Layer(*(fresh(rng.standard_normal(part.value.shape)) for part in layer))
        for layer in model._fitted_layers()
    ]

    def loss():
        recorder = Recorder()
        training = Training(recorder, History(np.random.RandomState(0)), 1e9, True)
        with model._stack(layers, model._layout(), training) as stack:
            losses = stack.step(samples, answers)
        return losses["reconstruction"] / X.size, recorder.gradients

    _, gradients = loss()
    assert len(gradients) == 2 * len(layers) == 2 * (5 + len(hidden))
    for value in (part.value for layer in layers for part in layer):
        gradient, direction = gradients[id(value)], rng.standard_normal(value.shape)
        ends_of_step = []
        for sign in (1, -1):
            value += sign * 1e-5 * direction
            ends_of_step.append(loss()[0])
            value -= sign * 1e-5 * direction
        central = (ends_of_step[0] - ends_of_step[1]) / 2e-5
        assert_allclose((gradient * direction).sum(), central, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("has_ends", [False, True])
def test_windows_are_those_of_a_plain_loop(rng, has_ends):
    sizes = {"n_added": 1, "n_steps": 6, "window": 1, "steps_per_measure": 4}
    layout = Layout(60, 64, has_ends=has_ends, **sizes)
    ends = rng.random((3, 6)) < 0.5
    voices = mend_orphan_holds(rng.choice([60, 62, 64, HOLD, REST], (3, 2, 6)))
    samples, answers = (
        layout.samples(layout.codes(voices), ends),
        layout.answers(voices[:, 1:]),
    )
    assert layout.n_inputs == 2 * 3 * 7 + 4 + 12 + 3 * has_ends
    inputs = layout.inputs(samples, np.ones((18, 6), bool)).toarray()
    for i in range(3):
        for t in range(6):
            expected = np.zeros((2, 3, 7))
            for voice in range(2):
                sounding = 5
                for s, token in enumerate(voices[i, voice]):
                    if token != HOLD:
                        sounding = 5 if token == REST else token - 60
                    if abs(s - t) <= 1:
                        expected[voice, s - t + 1, sounding] = 1
                        expected[voice, s - t + 1, 6] = token < REST
            place = np.arange(4) == t % 4
            classes = np.isin(np.arange(12), voices[i, 0] - 60)
            near = np.pad(ends[i], 1)[t : t + 3] if has_ends else []
            row = np.concatenate([expected.ravel(), place, classes, near])
            assert_array_equal(inputs[6 * i + t], row)
            assert layout.tokens[answers[6 * i + t, 0]] == voices[i, 1, t]


def test_targets_are_those_of_voices_not_known():
    layout = Layout(60, 61, n_added=2, n_steps=1, window=0, steps_per_measure=4)
    answers = layout.answers(np.array([[[60], [REST]], [[HOLD], [61]]]))
    known = np.array([[True, False, False], [True, True, False]])
    expected = [[1, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 1, 0, 0]]
    assert_array_equal(layout.targets(answers, known).toarray(), expected)


tokens = st.one_of(st.integers(48, 60), st.just(HOLD), st.just(REST))
voices = hnp.arrays(np.int16, (2, 3, 9), elements=tokens).map(mend_orphan_holds)


@given(voices)
def test_faults_are_what_the_measures_count(voices):
    X = voices.reshape(2, -1)
    counts = metrics.parallel_fifths(X, n_voices=3) + metrics.parallel_octaves(
        X, n_voices=3
    )
    counts += metrics.voice_crossings(X, n_voices=3)
    found = [
        faults(voices[:, i], voices[:, :i], voices[:, i + 1 :]).any(axis=1)
        for i in range(3)
    ]
    # Voices that are not neighbors may cross as well.
    assert (np.any(found, axis=0) >= (counts > 0)).all()
    clean = np.sort(np.where(voices < 128, voices, 60), axis=1)[:, ::-1]
    crossed = faults(clean[:, 1], clean[:, :1], clean[:, 2:])
    n = metrics.parallel_fifths(clean.reshape(2, -1), n_voices=3)
    n += metrics.parallel_octaves(clean.reshape(2, -1), n_voices=3)
    assert (crossed.any(axis=1) <= (n > 0)).all()


def test_pitches_that_cross_have_no_probability():
    tokens = np.array([60, 61, 62, 63, HOLD, REST])
    above = np.array([[[62, HOLD, REST]]])
    below = np.array([[[61, REST, HOLD]]])
    below = mend_orphan_holds(below)
    roll = np.ones((1, 3, 6))
    forbid_crossing(roll, tokens, above, below)
    expected = [[0, 1, 1, 0, 1, 1], [1, 1, 1, 0, 1, 1], [1, 1, 1, 1, 1, 1]]
    assert_array_equal(roll[0], expected)
    free = np.ones((1, 3, 6))
    forbid_crossing(free, tokens, above[:, :0], below[:, :0])
    assert free.all()


def test_a_fit_that_fails_changes_nothing(pieces):
    X, Y = pieces
    model = Harmonizer((4,), max_iter=1, random_state=0)
    fast = {"learning_rate_init": 1e30, "max_iter": 3}
    with pytest.raises(ValueError, match="diverged"):
        clone(model).set_params(**fast).fit(X, Y)
    added = model.fit(X, Y).predict(X)
    other = np.where(Y < REST, Y + 12, Y)
    with pytest.raises(ValueError, match="diverged"):
        model.set_params(**fast).fit(X, other)
    assert_array_equal(model.predict(X), added)
