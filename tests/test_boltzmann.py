"""`SoftmaxRBM`: its energy by enumeration, its draws, its training."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse, stats
from scipy.special import expit, logsumexp
from sklearn.pipeline import make_pipeline

from sklearn_c2c import PianoRollEncoder, SoftmaxRBM
from sklearn_c2c._nn.boltzmann import Energy
from sklearn_c2c._nn.threads import Workers
from sklearn_c2c.melody import END, HOLD, N_PITCHES, mend_orphan_holds, pad_melodies
from sklearn_c2c.persistence import load, save

N_GROUPS, SIZE, N_UNITS = 4, 3, 2


def one_hot(tokens, size=SIZE):
    return (np.asarray(tokens)[..., None] == np.arange(size)).reshape(len(tokens), -1)


# All 81 states of the visible units.
STATES = one_hot(list(itertools.product(range(SIZE), repeat=N_GROUPS))).astype(float)


def some_energy(rng, window_size=N_GROUPS, stride=1, scale=1.0):
    coef = scale * rng.normal(size=(window_size * SIZE, N_UNITS))
    biases = rng.normal(size=N_UNITS), rng.normal(size=N_GROUPS * SIZE)
    return Energy(coef, *biases, SIZE, stride * SIZE, Workers())


@pytest.fixture(params=[(4, 1), (2, 1), (2, 2), (1, 3)], ids=str)
def energy(request, rng):
    """Machines of one window, of windows that overlap, and of some that do not."""
    return some_energy(rng, *request.param)


def energy_of(energy, v, h):
    """The energy by its formula, in plain loops."""
    total = -v @ energy.visible_bias
    by_window = np.split(h, len(energy.windows))
    for columns, units in zip(energy.windows, by_window, strict=True):
        total -= units @ energy.hidden_bias + v[columns] @ energy.coef @ units
    return total


def log_p(energy):
    """Exact log-probabilities of all states."""
    F = energy.free_energy(STATES)
    return -F - logsumexp(-F)


def fitted(energy, **parameters):
    """A fitted model with the weights of an energy."""
    settings = dict(n_components=N_UNITS, group_size=SIZE, n_chains=7, max_iter=1)
    settings |= dict(window_size=len(energy.coef) // SIZE)
    settings |= dict(stride=energy.stride // SIZE, random_state=0)
    model = SoftmaxRBM(**settings | parameters).fit(STATES[:5])
    model.coef_, model.hidden_bias_, model.visible_bias_ = energy[:3]
    return model


# ------------------------------------------------------------------------- energy


def test_windows(rng):
    def starts(*args):
        return [w.start // SIZE for w in some_energy(rng, *args).windows]

    assert starts(4, 1) == [0]
    assert starts(2, 1) == [0, 1, 2]
    assert starts(2, 2) == [0, 2]
    assert starts(1, 3) == [0, 3]


def test_the_free_energy_sums_over_all_hidden_units(energy):
    n_units = N_UNITS * len(energy.windows)
    hidden = np.array(list(itertools.product([0.0, 1.0], repeat=n_units)))
    expected = [
        -logsumexp([-energy_of(energy, v, h) for h in hidden]) for v in STATES[::9]
    ]
    assert_allclose(energy.free_energy(STATES[::9]), expected)
    model = fitted(energy)
    assert_allclose(model.free_energy(STATES[::9]), expected)
    assert_allclose(model.score_samples(STATES[::9]), np.negative(expected))
    of_sparse = model.free_energy(sparse.csr_array(STATES[::9]))
    assert_array_equal(of_sparse, model.free_energy(STATES[::9]))


def test_the_gradient_of_the_free_energy_is_that_of_differences(energy, rng):
    V, direction = rng.uniform(size=(2, 6, N_GROUPS * SIZE))
    ahead, behind = (energy.free_energy(V + e * direction) for e in (1e-5, -1e-5))
    gradient = fitted(energy).free_energy_gradient(V)
    slope = (gradient * direction).sum(axis=1)
    assert_allclose(slope, (ahead - behind) / 2e-5, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", ["coef", "hidden_bias", "visible_bias"])
def test_the_gradients_of_the_weights_are_those_of_differences(energy, name, rng):
    V = STATES[rng.integers(len(STATES), size=9)]
    value = getattr(energy, name)
    direction = rng.normal(size=value.shape)

    def total(e):
        moved = energy._replace(**{name: value + e * direction})
        return 0.7 * moved.free_energy(V).sum()

    gradients = dict(zip(energy._fields, energy.gradients(V, 0.7), strict=False))
    slope = (gradients[name] * direction).sum()
    assert_allclose(slope, (total(1e-5) - total(-1e-5)) / 2e-5, rtol=1e-7)


def test_conditional_losses_are_those_of_enumeration(energy, rng):
    V = STATES[rng.integers(len(STATES), size=20)]
    groups = rng.integers(N_GROUPS, size=20)
    expected = []
    for v, g in zip(V, groups, strict=True):
        others = np.tile(v, (SIZE, 1)).reshape(SIZE, N_GROUPS, SIZE)
        others[:, g] = np.eye(SIZE)
        F = energy.free_energy(others.reshape(SIZE, -1))
        own = v.reshape(N_GROUPS, SIZE)[g].argmax()
        expected.append(F[own] + logsumexp(-F))
    assert_allclose(energy.conditional_log_loss(V, groups), expected)


def test_hidden_and_visible_units_given_each_other(energy, rng):
    model, V = fitted(energy), STATES[::9]
    H = model.transform(V)
    assert H.shape == (9, len(energy.windows) * N_UNITS)
    by_window = [
        expit(energy.hidden_bias + V[:, columns] @ energy.coef)
        for columns in energy.windows
    ]
    assert_allclose(H, np.hstack(by_window))
    H = (rng.uniform(size=H.shape) < 0.5).astype(float)
    P = model.inverse_transform(H).reshape(9, N_GROUPS, SIZE)
    weights = np.array([[np.exp(-energy_of(energy, v, h)) for v in STATES] for h in H])
    weights /= weights.sum(axis=1, keepdims=True)
    expected = (weights @ STATES).reshape(P.shape)
    assert_allclose(P, expected)


def test_the_gradient_through_the_decoder(energy, rng):
    model = fitted(energy)
    shape = 5, N_UNITS * len(energy.windows)
    H, direction = rng.uniform(size=(2, *shape))
    P, vjp = model.decode_with_vjp(H)
    cotangent = rng.normal(size=P.shape)
    ends = [
        (cotangent * model.inverse_transform(H + e * direction)).sum(axis=1)
        for e in (1e-5, -1e-5)
    ]
    slope = (vjp(cotangent) * direction).sum(axis=1)
    assert_allclose(slope, (ends[0] - ends[1]) / 2e-5, rtol=1e-7, atol=1e-9)
    with pytest.raises(ValueError, match=r"shape \(5, 12\).* got \(4, 12\)"):
        vjp(cotangent[:4])
    with pytest.raises(ValueError, match="has 1 columns, but SoftmaxRBM decodes"):
        model.inverse_transform(H[:, :1])


# -------------------------------------------------------------------------- draws


def index_of(V):
    """Index of each row among `STATES`."""
    tokens = V.reshape(len(V), N_GROUPS, SIZE).argmax(axis=2)
    return tokens @ SIZE ** np.arange(N_GROUPS)[::-1]


def test_gibbs_sampling_keeps_the_distribution(energy, rng):
    p, n = np.exp(log_p(energy)), 20_000
    V = STATES[rng.choice(len(STATES), size=n, p=p)]
    drawn = fitted(energy).gibbs(V, n_steps=2, random_state=0)
    assert (drawn.reshape(n, N_GROUPS, SIZE).sum(axis=2) == 1).all()
    assert (index_of(drawn) != index_of(V)).mean() > 0.3
    counts = np.bincount(index_of(drawn), minlength=len(STATES))
    often = n * p >= 5
    found = np.append(counts[often], counts[~often].sum())
    expected = np.append(n * p[often], n * p[~often].sum())
    if not expected[-1]:
        found, expected = found[:-1], expected[:-1]
    assert stats.chisquare(found, expected).pvalue > 1e-4


def test_long_chains_reach_the_distribution_from_anywhere(rng):
    energy = some_energy(rng, scale=0.7)
    model = fitted(energy)
    drawn = model.gibbs(np.repeat(STATES[:1], 4000, axis=0), n_steps=50, random_state=1)
    found = np.bincount(index_of(drawn), minlength=len(STATES)) / 4000
    assert abs(found - np.exp(log_p(energy))).sum() < 0.2
    far = np.bincount(index_of(STATES[:1]), minlength=len(STATES))
    assert abs(far - np.exp(log_p(energy))).sum() > 1


def test_seeds_of_draws(rng):
    model = fitted(some_energy(rng))
    first = model.sample(20, n_steps=3, random_state=1)
    assert_array_equal(first, model.sample(20, n_steps=3, random_state=1))
    assert (first != model.sample(20, n_steps=3, random_state=2)).any()
    before = model.chains_.copy()
    V = STATES[:5].copy()
    model.gibbs(V, n_steps=3, random_state=1)
    assert_array_equal(V, STATES[:5])
    assert_array_equal(model.chains_, before)
    H = model.sample_prior(6, random_state=1)
    assert H.shape == (6, N_UNITS) and (H > 0).all() and (H < 1).all()


# ----------------------------------------------------------------------- training


@pytest.fixture(scope="module")
def pairs():
    """Rows whose groups 0 and 1, and 2 and 3, are mostly equal."""
    rng = np.random.default_rng(0)
    tokens = np.repeat(rng.integers(SIZE, size=(400, 2)), 2, axis=1)
    other = rng.uniform(size=tokens.shape) < 0.1
    tokens[other] = rng.integers(SIZE, size=other.sum())
    return one_hot(tokens).astype(float)


def log_likelihood(model, X):
    F = model.free_energy(STATES)
    return (model.score_samples(X) - logsumexp(-F)).mean()


def test_the_exact_log_likelihood_rises(pairs):
    settings = dict(n_components=6, batch_size=20, n_chains=100, random_state=0)
    model, found = SoftmaxRBM(learning_rate_init=0.005, **settings), []
    for _ in range(4):
        for _ in range(20):
            model.partial_fit(pairs)
        found.append(log_likelihood(model, pairs))
    assert (np.diff(found) > 0.1).all()
    # A rate that falls comes near the most that any model reaches, minus the entropy.
    model = SoftmaxRBM(learning_rate_init=0.02, max_iter=100, **settings)
    p = np.bincount(index_of(pairs), minlength=len(STATES)) / len(pairs)
    best = (p * np.log(np.maximum(p, 1e-300))).sum()
    assert best - 0.1 < log_likelihood(model.fit(pairs), pairs) < best


def test_the_chains_follow_the_model(pairs):
    settings = dict(n_components=6, learning_rate_init=0.02, max_iter=60)
    model = SoftmaxRBM(**settings, n_chains=2000, random_state=0).fit(pairs)
    F = model.free_energy(STATES)
    expected = np.exp(-F - logsumexp(-F))
    found = np.bincount(index_of(model.chains_), minlength=len(STATES)) / 2000
    assert abs(found - expected).sum() < 0.25
    assert (model.chains_.reshape(2000, N_GROUPS, SIZE).sum(axis=2) == 1).all()


def test_windows_learn_what_returns_in_each(pairs):
    settings = dict(n_components=4, learning_rate_init=0.02, max_iter=80)
    settings |= dict(window_size=2, stride=2, random_state=0)
    model = SoftmaxRBM(**settings).fit(pairs)
    assert model.coef_.shape == (2 * SIZE, 4)
    assert model.transform(pairs).shape == (400, 8)
    # It is trained on the first pair of most rows, and knows the second one.
    assert log_likelihood(model, pairs) > -N_GROUPS * np.log(SIZE) + 0.8


def test_the_loss_is_the_pseudo_log_likelihood(pairs):
    model = SoftmaxRBM(3, early_stopping=True, max_iter=4, random_state=0).fit(pairs)
    assert len(model.loss_curve_) == len(model.validation_loss_curve_) == 4
    model = SoftmaxRBM(3, max_iter=60, learning_rate_init=0.02, random_state=0)
    model.fit(pairs)
    with Workers() as workers:
        energy = model._energy(workers)
        losses = [
            energy.conditional_log_loss(pairs, np.full(len(pairs), g))
            for g in range(N_GROUPS)
        ]
    assert_allclose(model.loss_, np.sum(losses, axis=0).mean(), rtol=0.1)
    assert model.loss_curve_[-1] < model.loss_curve_[0] - 0.5


@pytest.fixture(scope="module")
def roll(reels):
    return PianoRollEncoder().fit_transform(reels)


def bits(model):
    names = "coef_", "hidden_bias_", "visible_bias_", "chains_"
    return [getattr(model, name).tobytes() for name in names]


SETTINGS = dict(n_components=9, n_chains=11, batch_size=20, max_iter=2, random_state=0)


@pytest.mark.parametrize("n_threads", ["1", "2", "3"])
@pytest.mark.parametrize("window", [{}, dict(window_size=32)], ids=str)
def test_any_number_of_threads_gives_the_same_bits(
    roll, n_threads, window, monkeypatch
):
    monkeypatch.setattr("sklearn_c2c._nn.threads._WORTH_A_THREAD", 0)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    alone = SoftmaxRBM(**SETTINGS, **window).fit(roll)
    monkeypatch.setenv("OMP_NUM_THREADS", n_threads)
    monkeypatch.setattr("sklearn_c2c._nn.threads._n_cores", lambda: int(n_threads))
    model = SoftmaxRBM(**SETTINGS, **window).fit(roll)
    assert bits(model) == bits(alone)
    drawn = [m.sample(5, n_steps=3, random_state=0).tobytes() for m in (model, alone)]
    assert drawn[0] == drawn[1]


def test_sparse_and_dense_and_one_epoch_at_a_time_give_the_same_bits(roll, tmp_path):
    whole = SoftmaxRBM(**SETTINGS)
    of_sparse = SoftmaxRBM(**SETTINGS)
    for _ in range(4):
        whole.partial_fit(roll)
    for _ in range(2):
        of_sparse.partial_fit(sparse.csr_array(roll))
    save(of_sparse, tmp_path / "model.c2c", optimizer=True)
    resumed = load(tmp_path / "model.c2c")
    for _ in range(2):
        resumed.partial_fit(sparse.csr_array(roll))
    assert bits(resumed) == bits(whole)
    assert resumed.loss_curve_ == whole.loss_curve_


def test_a_warm_start_goes_on(roll):
    settings = SETTINGS | dict(warm_start=True)
    model = SoftmaxRBM(**settings).fit(roll)
    first, chains = model.coef_.copy(), model.chains_.copy()
    model.fit(roll)
    assert model.n_iter_ == 4 and len(model.loss_curve_) == 4
    assert model._optimizer_state["step"] == 4 * np.ceil(len(roll) / 20)
    assert (model.coef_ != first).any() and (model.chains_ != chains).any()


def test_a_saved_model_is_lean_and_computes_the_same(roll, tmp_path):
    model = SoftmaxRBM(**SETTINGS, window_size=64).fit(roll)
    save(model, tmp_path / "model.c2c")
    loaded = load(tmp_path / "model.c2c")
    assert not hasattr(loaded, "_optimizer_state")
    assert bits(loaded) == bits(model)
    drawn = [m.sample(3, n_steps=2, random_state=0) for m in (model, loaded)]
    assert_array_equal(*drawn)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("coef_", lambda model: model.coef_[:-1].copy()),
        ("coef_", lambda model: np.full_like(model.coef_, np.nan)),
        ("chains_", lambda model: model.chains_[:, :-1].copy()),
        ("chains_", lambda model: model.chains_[:0]),
        ("group_size_", lambda model: 7),
        ("hidden_bias_", lambda model: model.hidden_bias_.astype(int)),
        ("latent_std_", lambda model: -model.latent_std_ - 1),
    ],
)
def test_forged_attributes_are_refused(roll, tmp_path, name, change):
    model = SoftmaxRBM(**SETTINGS).fit(roll)
    setattr(model, name, change(model))
    with pytest.raises(ValueError, match=f"SoftmaxRBM.{name} is"):
        save(model, tmp_path / "model.c2c")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(group_size=7), "group_size=7 does not divide the 12 columns of X"),
        (dict(window_size=5), "Windows of 5 groups .* expected 4 to be 5 plus"),
        (dict(window_size=2, stride=3), "2 groups with stride=3 do not fill the 4"),
        (dict(n_gibbs=0), "'n_gibbs' parameter"),
    ],
)
def test_errors_are_named(pairs, settings, message):
    with pytest.raises(ValueError, match=message):
        SoftmaxRBM(2, **dict(max_iter=1) | settings).fit(pairs)


# -------------------------------------------------------------------------- tunes


def shuffled_notes(X, rng):
    """The pitches of each melody in another order, in the same rhythm."""
    X = X.copy()
    for row in X:
        row[row < N_PITCHES] = rng.permutation(row[row < N_PITCHES])
    return X


@pytest.mark.parametrize("window_size", [None, 32])
def test_unseen_reels_have_less_free_energy_than_shuffled_ones(reels, rng, window_size):
    encoder = PianoRollEncoder((55, 83))
    model = SoftmaxRBM(32, window_size=window_size, max_iter=15, random_state=0)
    machine = make_pipeline(encoder, model).fit(reels[:55])[-1]
    unseen = reels[55:]

    def free_energy(X):
        return machine.free_energy(encoder.transform(X))

    steps = mend_orphan_holds(rng.permuted(unseen, axis=1))
    assert (free_energy(steps) - free_energy(unseen) > 40).all()
    notes = shuffled_notes(unseen, rng)
    assert (free_energy(notes) - free_energy(unseen)).mean() > 3


def test_draws_of_melodies_of_any_length_end_as_those_of_the_corpus(reels):
    """After the end of a melody the groups have the end, which draws keep."""
    lengths = np.resize([32, 48, 64], len(reels))
    rows = [reel[:n] for reel, n in zip(reels, lengths, strict=True)]
    X = pad_melodies(rows, n_steps=64)
    model = make_pipeline(
        PianoRollEncoder(),
        SoftmaxRBM(
            16, batch_size=20, learning_rate_init=0.01, max_iter=150, random_state=0
        ),
    ).fit(X)
    roll, machine = model[0].transform(X), model[-1]
    filled = roll.reshape(len(X), 64, -1).copy()
    filled[X == END, -1] = 1
    assert_array_equal(
        machine.free_energy(roll), machine.free_energy(filled.reshape(len(X), -1))
    )
    assert (machine.chains_.reshape(-1, *filled.shape[1:]).sum(axis=2) == 1).all()
    V = machine.gibbs(roll, n_steps=1, random_state=0)
    drawn = V.reshape(filled.shape).argmax(axis=2)
    end = model[0].n_tokens_ - 1
    assert (drawn[X == END] == end).mean() > 0.9
    assert (drawn[X != END] == end).mean() < 0.1


def test_a_machine_of_a_pipeline_draws_legal_melodies(reels):
    model = make_pipeline(
        PianoRollEncoder(), SoftmaxRBM(8, max_iter=3, random_state=0)
    ).fit(reels)
    drawn = model[0].inverse_transform(model[-1].sample(4, n_steps=5, random_state=0))
    assert drawn.shape == (4, 128) and (drawn <= HOLD).all()


@pytest.mark.parametrize(
    "changed", [{"n_components": 9}, {"window_size": 2}, {"group_size": 1}]
)
def test_sizes_that_were_set_after_fit_are_refused(roll, changed):
    model = SoftmaxRBM(4, max_iter=1, random_state=0).fit(roll)
    model.set_params(**changed, warm_start=True)
    with pytest.raises(ValueError, match="Cannot use the fitted weights: n_comp"):
        model.transform(roll)
    with pytest.raises(ValueError, match="Cannot go on training: n_components"):
        model.fit(roll)
