"""Recurrent layers beside plain NumPy, and the estimator that is made of them."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.special import expit
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from sklearn_c2c import PianoRollEncoder, RecurrentAutoencoder
from sklearn_c2c._nn import gates, initial
from sklearn_c2c._nn.adam import Adam
from sklearn_c2c._nn.buffers import Buffers
from sklearn_c2c._nn.kernels import Weights
from sklearn_c2c._nn.recurrent import GRU, ClippedAdam, DenseInputs, TokenInputs
from sklearn_c2c._nn.threads import Workers
from sklearn_c2c.autoencoder._recurrent_stack import steps_of
from sklearn_c2c.melody import REST
from sklearn_c2c.persistence import load, save
from tests import plain

KERNELS = gates.add_at, gates.gru_deltas, gates.gru_states
PLAIN = plain.add_at, plain.gru_deltas, plain.gru_states


@pytest.fixture(params=[KERNELS, PLAIN], ids=["kernels", "plain"])
def either(request, monkeypatch):
    """Run the kernels, and then the plain functions that replace them without JIT."""
    for function in request.param:
        monkeypatch.setattr(gates, function.__name__, function)


class Collected:
    """Takes the place of an optimizer: keeps the gradients that layers hand in."""

    def __init__(self):
        self.gradients = {}

    def update(self, weights, gradient, workers):
        """Keep a gradient."""
        self.gradients[id(weights.value)] = np.array(gradient)

    def of(self, weights):
        """Return the gradient of some weights."""
        return self.gradients[id(weights.value)]


def weights(rng, *shape, dtype=np.float64):
    return Weights(rng.normal(size=shape).astype(dtype), None, None)


def plain_states(inputs, start, coef, intercept):
    """States of a GRU, a line a formula."""
    states, n = [start], len(coef)
    for x in inputs:
        s = states[-1]
        u = s @ coef + intercept
        r = expit(x[:, :n] + u[:, :n])
        z = expit(x[:, n : 2 * n] + u[:, n : 2 * n])
        c = np.tanh(x[:, 2 * n :] + r * u[:, 2 * n :])
        states.append(z * s + (1 - z) * c)
    return np.array(states[1:])


sizes = st.tuples(
    st.integers(1, 7), st.integers(1, 35), st.integers(1, 33), st.integers(1, 6)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes, st.sampled_from([np.float32, np.float64]), st.integers(0, 2**16))
def test_states_are_those_of_a_line_a_formula(either, size, dtype, seed):
    n_steps, n_samples, n, n_tokens = size
    rng = np.random.default_rng(seed)
    tokens = rng.integers(0, n_tokens + 1, (n_steps, n_samples)).astype(np.int32)
    coef, intercept = (
        weights(rng, n_tokens, 3 * n, dtype=dtype),
        weights(rng, 3 * n, dtype=dtype),
    )
    recurrence = weights(rng, n, 3 * n, dtype=dtype), weights(rng, 3 * n, dtype=dtype)
    constant = rng.normal(size=(n_samples, 3 * n)).astype(dtype)
    start = rng.normal(size=(n_samples, n)).astype(dtype)
    with Workers() as workers:
        rows, index, _ = TokenInputs(coef, intercept, workers)(tokens)
        states, _ = GRU(*recurrence, workers)(rows, index, constant, start)
    given_tokens = np.eye(n_tokens + 1)[tokens][..., :-1]  # none at the last one
    inputs = given_tokens @ coef.value.astype(float) + intercept.value + constant
    values = [array.value.astype(float) for array in recurrence]
    expected = plain_states(inputs, start.astype(float), *values)
    assert states.dtype == dtype
    assert_allclose(states, expected, atol=2e-4 if dtype == np.float32 else 1e-12)


@pytest.mark.parametrize("kind", ["tokens", "dense"])
def test_gradients_of_a_gru_are_central_differences(rng, kind, either):
    n_steps, n_samples, n, n_tokens = 5, 18, 6, 4
    steps = rng.integers(0, n_tokens + 1, (n_steps, n_samples)).astype(np.int32)
    layer = TokenInputs
    if kind == "dense":
        steps, layer = rng.normal(size=(n_steps, n_samples, n_tokens)), DenseInputs
    arrays = {
        "coef": weights(rng, n_tokens, 3 * n),
        "intercept": weights(rng, 3 * n),
        "recurrence": weights(rng, n, 3 * n),
        "bias": weights(rng, 3 * n),
        "constant": weights(rng, n_samples, 3 * n),
        "start": weights(rng, n_samples, n),
    }
    aim = rng.normal(size=(n_steps, n_samples, n))

    def pass_through(arrays, adam=None):
        a = arrays
        with Workers() as workers:
            inputs = layer(a["coef"], a["intercept"], workers, adam)
            rows, index, to_inputs = inputs(steps)
            gru = GRU(a["recurrence"], a["bias"], workers, adam)
            states, to_states = gru(rows, index, a["constant"].value, a["start"].value)
            of_inputs, of_start = to_states(aim)
            to_inputs(of_inputs)
        return (states * aim).sum(), of_inputs.sum(axis=0), of_start

    adam = Collected()
    _, of_constant, of_start = pass_through(arrays, adam)
    gradients = {"constant": of_constant, "start": of_start}
    for name, array in arrays.items():
        gradient = gradients[name] if name in gradients else adam.of(array)
        direction = rng.normal(size=array.value.shape)
        ends = [
            pass_through(arrays | {name: Weights(array.value + sign * direction, 0, 0)})
            for sign in (1e-5, -1e-5)
        ]
        central = (ends[0][0] - ends[1][0]) / 2e-5
        assert_allclose((gradient * direction).sum(), central, rtol=1e-7, err_msg=name)


def test_states_and_gradients_are_those_of_pytorch(rng):
    torch = pytest.importorskip("torch")
    n_steps, n_samples, n, n_tokens = 9, 5, 12, 7
    tokens = rng.integers(0, n_tokens, (n_steps, n_samples)).astype(np.int32)
    layers = [weights(rng, n_tokens, 3 * n), weights(rng, 3 * n)]
    layers += [weights(rng, n, 3 * n), weights(rng, 3 * n)]
    theirs = torch.nn.GRU(n_tokens, n).double()
    names = "weight_ih_l0", "bias_ih_l0", "weight_hh_l0", "bias_hh_l0"
    with torch.no_grad():
        for name, layer in zip(names, layers, strict=True):
            getattr(theirs, name).copy_(torch.tensor(layer.value.T))
    X = torch.tensor(np.eye(n_tokens)[tokens])
    aim, adam = rng.normal(size=(n_steps, n_samples, n)), Collected()
    output, _ = theirs(X)
    (output * torch.tensor(aim)).sum().backward()
    with Workers() as workers:
        rows, index, to_inputs = TokenInputs(*layers[:2], workers, adam)(tokens)
        nothing = np.zeros((n_samples, 3 * n))
        gru = GRU(*layers[2:], workers, adam)
        states, to_states = gru(rows, index, nothing, nothing[:, :n])
        to_inputs(to_states(aim)[0])
    assert_allclose(states, output.detach().numpy(), atol=1e-12)
    for name, layer in zip(names, layers, strict=True):
        theirs_of = getattr(theirs, name).grad.numpy().T
        assert_allclose(adam.of(layer), theirs_of, atol=1e-11, err_msg=name)


def test_gradients_of_many_steps_do_not_become_denormal(rng, either):
    n_steps, n = 400, 8
    with Workers() as workers:
        coef = Weights(0.1 * rng.normal(size=(n, 3 * n)).astype(np.float32), None, None)
        gru = GRU(coef, weights(rng, 3 * n, dtype=np.float32), workers)
        rows, index = np.zeros((1, 3 * n), np.float32), np.zeros((n_steps, 4), np.int32)
        nothing = np.zeros((4, 3 * n), np.float32)
        states, to_states = gru(rows, index, nothing, nothing[:, :n])
        delta = np.zeros_like(states)
        delta[-1] = 1
        of_inputs, of_start = to_states(delta)
    for gradient in (of_inputs, of_start):
        magnitude = np.abs(gradient[gradient != 0])
        assert (magnitude >= np.finfo(np.float32).tiny).all()
    assert np.abs(of_inputs[-1]).max() > 1e-3 and not of_start.any()


def test_memory_is_used_again_where_it_is_large_enough():
    buffers = Buffers()
    first = buffers.empty("states", (3, 4, 5), np.float32)
    again = buffers.empty("states", (2, 4, 5), np.float32)
    assert again.shape == (2, 4, 5) and again.flags.c_contiguous
    assert again.base is first.base
    others = [
        buffers.empty("gates", (3, 4, 5), np.float32),
        buffers.empty("states", (3, 4, 6), np.float32),
        buffers.empty("states", (3, 4, 5), np.float64),
    ]
    assert [other.dtype for other in others] == [np.float32, np.float32, np.float64]
    assert not any(np.shares_memory(first, other) for other in others)


def test_gradients_above_the_norm_are_scaled_together(rng):
    arrays = [Weights(np.zeros(s), np.zeros(s), np.zeros(s)) for s in ((3, 4), (5,))]
    gradients = [rng.normal(size=array.value.shape) for array in arrays]
    norm = np.sqrt(sum((g**2).sum() for g in gradients))
    # With these settings an update is the gradient itself, to eight digits.
    for max_norm, rate, share in ((2 * norm, 1, 1), (norm / 4, 0.5, 1 / 8)):
        adam = Adam(1e9, 0.0, 0.0, 1e9, np.dtype(np.float64))
        adam = ClippedAdam(adam, max_norm, lambda rate=rate: rate)
        with Workers() as workers:
            adam.tick()
            for array, gradient in zip(arrays, gradients, strict=True):
                array.value[:] = 0
                adam.update(array, gradient.copy(), workers)
            assert not any(array.value.any() for array in arrays)
            adam.apply()
        for array, gradient in zip(arrays, gradients, strict=True):
            assert_allclose(-array.value, share * gradient, rtol=1e-6)


# ------------------------------------------------------------------ estimator


@pytest.fixture(scope="module")
def roll(reels):
    # Measures of the reels, as melodies of 16 steps.
    return PianoRollEncoder((55, 83)).fit_transform(measures(reels))


def measures(reels):
    X = np.unique(reels.reshape(-1, 16), axis=0)
    return X[(X < REST)[:, 0]][:60]


def weights_of(model):
    return [array.tobytes() for array in (*model.coefs_, *model.intercepts_)]


def test_steps_that_are_one_hot_are_tokens(rng):
    tokens = rng.integers(0, 6, (4, 3)).astype(np.int32)  # 5 is none
    X = np.eye(6)[tokens.T][..., :-1].reshape(3, -1)
    for data in (X, sparse.csr_array(X)):
        assert_array_equal(steps_of(data, 5), tokens)
    X[0, 3] += 0.5
    for data in (X, sparse.csr_array(X)):
        assert_array_equal(steps_of(data, 5), X.reshape(3, 4, 5).transpose(1, 0, 2))


@pytest.mark.parametrize("batch_size", [16, 60])
@pytest.mark.parametrize("n_threads", ["1", "2", "4"])
def test_any_number_of_threads_gives_the_same_bits(
    roll, n_threads, batch_size, monkeypatch
):
    monkeypatch.setattr("sklearn_c2c._nn.threads._WORTH_A_THREAD", 0)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    settings = dict(n_units=20, max_iter=2, batch_size=batch_size, random_state=0)
    alone = RecurrentAutoencoder(5, **settings).fit(roll)
    monkeypatch.setenv("OMP_NUM_THREADS", n_threads)
    monkeypatch.setattr("sklearn_c2c._nn.threads._n_cores", lambda: int(n_threads))
    model = RecurrentAutoencoder(5, **settings).fit(roll)
    assert weights_of(model) == weights_of(alone)
    Z = alone.transform(roll)
    assert model.transform(roll).tobytes() == Z.tobytes()
    assert (model.inverse_transform(Z) == alone.inverse_transform(Z)).all()


def test_sparse_and_dense_and_one_epoch_at_a_time_give_the_same_bits(roll):
    settings = dict(n_units=10, random_state=3)
    whole = RecurrentAutoencoder(4, max_iter=3, **settings).fit(roll)
    of_sparse = RecurrentAutoencoder(4, max_iter=3, **settings)
    of_sparse.fit(sparse.csr_array(roll))
    parts = RecurrentAutoencoder(4, max_iter=3, **settings)
    for _ in range(3):
        parts.partial_fit(roll)
    assert weights_of(whole) == weights_of(of_sparse) == weights_of(parts)


def test_a_saved_model_goes_on_as_if_nothing_had_been(roll, tmp_path):
    model = RecurrentAutoencoder(4, n_units=10, max_iter=4, random_state=3)
    whole = clone(model).fit(roll)
    for _ in range(2):
        model.partial_fit(roll)
    save(model, tmp_path / "model.c2c", optimizer=True)
    loaded = load(tmp_path / "model.c2c")
    for other in (model, loaded):
        for _ in range(2):
            other.partial_fit(roll)
        assert weights_of(other) == weights_of(whole)
        other.set_params(warm_start=True).fit(roll)
    assert model.n_iter_ == 8 and weights_of(model) == weights_of(loaded)


def test_the_learning_rate_falls_to_a_hundredth(roll):
    settings = dict(n_units=8, max_iter=4, batch_size=60, random_state=0)
    model = RecurrentAutoencoder(3, **settings)
    shares = [model._rate_share(epoch) for epoch in range(6)]
    assert_allclose(shares, [1, 0.75, 0.5, 0.25, 0.01, 0.01])
    model.set_params(learning_rate="constant", warm_start=True)
    assert model._rate_share(3) == model._rate_share(9) == 1
    # In the first epoch both rates are the same, afterwards an update is smaller.
    falling = RecurrentAutoencoder(3, warm_start=True, **settings)
    models, moved = (model, falling), []
    for other in models:
        other.partial_fit(roll)
    assert weights_of(model) == weights_of(falling)
    for other in models:
        before = [coef.copy() for coef in other.coefs_]
        other.partial_fit(roll)
        moved.append([new - old for new, old in zip(other.coefs_, before, strict=True)])
    for constant, fallen in zip(*moved, strict=True):
        assert_allclose(fallen, 0.75 * constant, atol=1e-6)


def test_what_is_decoded_follows_from_what_was_decoded_before(roll):
    model = RecurrentAutoencoder(4, n_units=10, max_iter=5, random_state=0).fit(roll)
    Z = model.transform(roll[:7])
    p = model.inverse_transform(Z)
    tokens = p.reshape(7, 16, -1).argmax(axis=2)
    assert_allclose(p.reshape(7, 16, -1).sum(axis=2), 1, rtol=1e-5)
    n_tokens = p.shape[1] // 16
    with model._fitted_stack() as stack:
        written = np.eye(n_tokens, dtype=p.dtype)[tokens].reshape(7, -1)
        logits, _ = stack.reconstruct(Z, written)
    e = np.exp(logits.reshape(7, 16, -1))
    assert_allclose(p.reshape(e.shape), e / e.sum(axis=2, keepdims=True), atol=1e-5)


def test_the_vector_jacobian_product_is_that_of_the_tokens_decoded(roll, rng):
    model = RecurrentAutoencoder(4, n_units=10, max_iter=5, random_state=0)
    model.fit(roll.astype(np.float64))
    Z = model.transform(roll[:5].astype(np.float64))
    p, vjp = model.decode_with_vjp(Z)
    assert_array_equal(p, model.inverse_transform(Z))
    cotangent, direction = rng.normal(size=p.shape), rng.normal(size=Z.shape)
    # Too small a step to change a token.
    ends = [model.inverse_transform(Z + s * direction) for s in (1e-6, -1e-6)]
    for end in ends:
        assert_array_equal(*(a.reshape(5, 16, -1).argmax(axis=2) for a in (end, p)))
    central = ((ends[0] - ends[1]) / 2e-6 * cotangent).sum()
    assert_allclose((vjp(cotangent) * direction).sum(), central, rtol=1e-6)


def test_a_decoder_that_is_told_nothing_goes_by_its_code_alone(roll):
    settings = dict(n_units=12, max_iter=4, random_state=0)
    model = RecurrentAutoencoder(4, feedback_dropout=1, **settings).fit(roll)
    X, others = roll[:8], roll[8:16]
    Z = model.transform(X)
    with model._fitted_stack() as stack:
        logits = [stack.reconstruct(Z, data)[0] for data in (X, others)]
        assert_array_equal(*logits)
        assert_allclose(stack.decoder(Z)[0], logits[0], atol=1e-4)
    told = RecurrentAutoencoder(4, **settings).fit(roll)
    with told._fitted_stack() as stack:
        logits = [stack.reconstruct(told.transform(X), data)[0] for data in (X, others)]
    assert (logits[0] != logits[1]).any()


def test_more_and_more_of_the_steps_before_are_the_decoders_own(roll):
    shares = []
    for epoch in range(4):
        model = RecurrentAutoencoder(4, teacher_forcing=0.25, max_iter=4)
        shares.append(model._forced(epoch))
    assert_allclose(shares, [1, 0.75, 0.5, 0.25])
    settings = dict(n_units=12, feedback_dropout=0, max_iter=3, random_state=0)
    forced = RecurrentAutoencoder(4, **settings).fit(roll)
    own = RecurrentAutoencoder(4, teacher_forcing=0, **settings).fit(roll)
    # The first epoch is the same, and the others are not.
    assert forced.loss_curve_[0] == own.loss_curve_[0]
    assert forced.loss_curve_[1] != own.loss_curve_[1]


def test_any_number_of_rows_at_once_gives_the_same(roll, monkeypatch):
    model = RecurrentAutoencoder(4, n_units=9, max_iter=1, random_state=0).fit(roll)
    Z, score = model.transform(roll), model.score(roll)
    monkeypatch.setattr(
        "sklearn_c2c.autoencoder._recurrent_stack.RecurrentStack.chunk", 7
    )
    assert_allclose(model.transform(roll), Z, atol=1e-6)
    assert model.score(roll) == pytest.approx(score)


def test_a_chunk_without_tokens_goes_on_with_the_group_size_of_before(roll):
    model = RecurrentAutoencoder(3, n_units=7, random_state=0).partial_fit(roll)
    group_size, chunk = model.group_size_, roll.copy()
    chunk[3] = 0
    assert model.partial_fit(chunk).group_size_ == group_size < roll.shape[1]


@pytest.mark.parametrize("n", [5, 129])
def test_recurrences_start_orthogonal_for_any_number_of_threads(n, monkeypatch):
    found = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads):
            rng = np.random.RandomState(0)
            found.append(initial.orthogonal(rng, n, 3 * n, np.dtype(float)))
    assert found[0].tobytes() == found[1].tobytes()
    for block in np.split(found[0], 3, axis=1):
        assert_allclose(block.T @ block, np.eye(n), atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_reels_are_learned_by_heart(reels, seed):
    # The settings of docs/user_guide/recurrent.md.
    estimator = RecurrentAutoencoder(max_iter=700, random_state=seed)
    model = make_pipeline(PianoRollEncoder(transition_weight=0), estimator).fit(reels)
    right = model.inverse_transform(model.transform(reels)) == reels
    assert right.all(axis=1).sum() >= 74


@pytest.mark.integration
def test_measures_come_back_without_a_wrong_step(reels):
    X = measures(reels)
    estimator = RecurrentAutoencoder(
        24, n_units=64, batch_size=10, max_iter=250, random_state=0
    )
    model = make_pipeline(PianoRollEncoder(transition_weight=0), estimator).fit(X)
    right = model.inverse_transform(model.transform(X)) == X
    assert right.all(axis=1).mean() >= 0.95
    # Decoded from another code, it is another melody: the decoder goes by its code.
    Z = model.transform(X)
    others = model.inverse_transform(np.roll(Z, 1, axis=0)) == X
    assert others.all(axis=1).mean() <= 0.05
