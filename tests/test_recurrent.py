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

from sklearn_c2c import (
    PianoRollEncoder,
    RecurrentAutoencoder,
    VariationalRecurrentAutoencoder,
)
from sklearn_c2c._epochs import History
from sklearn_c2c._nn import gates, initial
from sklearn_c2c._nn.adam import Adam
from sklearn_c2c._nn.buffers import Buffers
from sklearn_c2c._nn.kernels import Weights
from sklearn_c2c._nn.recurrent import GRU, LSTM, ClippedAdam, DenseInputs, TokenInputs
from sklearn_c2c._nn.threads import Workers
from sklearn_c2c.autoencoder._sequences import (
    lengths_of,
    reversal,
    segments,
    steps_of,
)
from sklearn_c2c.autoencoder._stack import Layer, Training
from sklearn_c2c.melody import END, REST
from sklearn_c2c.persistence import load, save
from tests import plain

NAMES = "add_at", "gru_deltas", "gru_states", "lstm_deltas", "lstm_states"
KERNELS, PLAIN = (
    [getattr(module, name) for name in NAMES] for module in (gates, plain)
)


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

    def tick(self, share=1.0):
        """Begin an update."""

    def of(self, weights):
        """Return the gradient of some weights."""
        return self.gradients[id(weights.value)]


def weights(rng, *shape, dtype=np.float64):
    return Weights(rng.normal(size=shape).astype(dtype), None, None)


def gru_line_by_line(inputs, start, coef, intercept):
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


def lstm_line_by_line(inputs, start, coef, intercept):
    """States of an LSTM, a line a formula."""
    states, cell = [start], 0
    for x in inputs:
        i, f, g, o = np.split(x + states[-1] @ coef + intercept, 4, axis=1)
        cell = expit(f) * cell + expit(i) * np.tanh(g)
        states.append(expit(o) * np.tanh(cell))
    return np.array(states[1:])


both = pytest.mark.parametrize("kind", [GRU, LSTM])


sizes = st.tuples(
    st.integers(1, 7), st.integers(1, 35), st.integers(1, 33), st.integers(1, 6)
)


@both
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    size=sizes,
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 2**16),
)
def test_states_are_those_of_a_line_a_formula(either, kind, size, dtype, seed):
    (n_steps, n_samples, n, n_tokens), n_gates = size, kind.n_gates
    rng = np.random.default_rng(seed)
    tokens = rng.integers(0, n_tokens + 1, (n_steps, n_samples)).astype(np.int32)
    coef, intercept = (
        weights(rng, n_tokens, n_gates * n, dtype=dtype),
        weights(rng, n_gates * n, dtype=dtype),
    )
    recurrence = (
        weights(rng, n, n_gates * n, dtype=dtype),
        weights(rng, n_gates * n, dtype=dtype),
    )
    constant = rng.normal(size=(n_samples, n_gates * n)).astype(dtype)
    start = rng.normal(size=(n_samples, n)).astype(dtype)
    with Workers() as workers:
        rows, index, _ = TokenInputs(coef, intercept, workers)(tokens)
        layer = kind(*recurrence, workers)
        states, _ = layer(rows, index, constant, start)
        stepper = layer.stepper(rows, constant, start)
        one_by_one = [stepper.advance(index[[t]]).copy() for t in range(n_steps)]
    given_tokens = np.eye(n_tokens + 1)[tokens][..., :-1]  # none at the last one
    inputs = given_tokens @ coef.value.astype(float) + intercept.value + constant
    values = [array.value.astype(float) for array in recurrence]
    line_by_line = {GRU: gru_line_by_line, LSTM: lstm_line_by_line}[kind]
    expected = line_by_line(inputs, start.astype(float), *values)
    assert states.dtype == dtype
    assert_array_equal(one_by_one, states)
    assert_allclose(states, expected, atol=2e-4 if dtype == np.float32 else 1e-12)


@both
@pytest.mark.parametrize("given", ["tokens", "dense"])
def test_gradients_of_a_layer_are_central_differences(rng, kind, given, either):
    n_steps, n_samples, n, n_tokens = 5, 18, 6, 4
    n_sums = kind.n_gates * n
    steps = rng.integers(0, n_tokens + 1, (n_steps, n_samples)).astype(np.int32)
    layer = TokenInputs
    if given == "dense":
        steps, layer = rng.normal(size=(n_steps, n_samples, n_tokens)), DenseInputs
    arrays = {
        "coef": weights(rng, n_tokens, n_sums),
        "intercept": weights(rng, n_sums),
        "recurrence": weights(rng, n, n_sums),
        "bias": weights(rng, n_sums),
        "constant": weights(rng, n_samples, n_sums),
        "start": weights(rng, n_samples, n),
    }
    aim = rng.normal(size=(n_steps, n_samples, n))

    def pass_through(arrays, adam=None):
        a = arrays
        with Workers() as workers:
            inputs = layer(a["coef"], a["intercept"], workers, adam)
            rows, index, to_inputs = inputs(steps)
            recurrence = kind(a["recurrence"], a["bias"], workers, adam)
            states, to_states = recurrence(
                rows, index, a["constant"].value, a["start"].value
            )
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


@both
def test_states_and_gradients_are_those_of_pytorch(rng, kind):
    torch = pytest.importorskip("torch")
    n_steps, n_samples, n, n_tokens = 9, 5, 12, 7
    n_sums = kind.n_gates * n
    tokens = rng.integers(0, n_tokens, (n_steps, n_samples)).astype(np.int32)
    layers = [weights(rng, n_tokens, n_sums), weights(rng, n_sums)]
    layers += [weights(rng, n, n_sums), weights(rng, n_sums)]
    theirs = getattr(torch.nn, kind.__name__)(n_tokens, n).double()
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
        nothing = np.zeros((n_samples, n_sums))
        recurrence = kind(*layers[2:], workers, adam)
        states, to_states = recurrence(rows, index, nothing, nothing[:, :n])
        to_inputs(to_states(aim)[0])
    assert_allclose(states, output.detach().numpy(), atol=1e-12)
    for name, layer in zip(names, layers, strict=True):
        theirs_of = getattr(theirs, name).grad.numpy().T
        assert_allclose(adam.of(layer), theirs_of, atol=1e-11, err_msg=name)


@pytest.mark.parametrize("layer", [GRU, LSTM])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_steps_after_the_end_of_a_sample_are_left_out(rng, layer, dtype, either):
    lengths = np.sort(np.r_[9, 1, rng.integers(1, 10, 17)])[::-1]
    n_steps, n_samples, n = 9, len(lengths), 7
    n_sums = layer.n_gates * n
    recurrence = weights(rng, n, n_sums, dtype=dtype), weights(rng, n_sums, dtype=dtype)
    rows = rng.normal(size=(5, n_sums)).astype(dtype)
    index = rng.integers(0, 5, (n_steps, n_samples)).astype(np.int32)
    constant = rng.normal(size=(n_samples, n_sums)).astype(dtype)
    start = rng.normal(size=(n_samples, n)).astype(dtype)
    aim = rng.normal(size=(n_steps, n_samples, n)).astype(dtype)
    is_there = np.arange(n_steps)[:, None] < lengths
    found = []
    for counted in (None, lengths):
        adam = Collected()
        with Workers() as workers:
            recurrent = layer(*recurrence, workers, adam)
            states, pull_back = recurrent(rows, index, constant, start, counted)
            states = states.copy()
            of_inputs, of_start = pull_back(aim * is_there[..., None])
        gradients = adam.of(recurrence[0]), adam.of(recurrence[1])
        found.append((states, of_inputs.copy(), of_start, *gradients))
    whole, cut = found
    assert_array_equal(cut[0][is_there], whole[0][is_there])
    assert not cut[0][~is_there].any() and not cut[1][~is_there].any()
    for a, b in zip(cut[1:], whole[1:], strict=True):
        assert_allclose(a, b, atol=1e-4 if dtype == np.float32 else 1e-12)


@both
def test_gradients_of_many_steps_do_not_become_denormal(rng, kind, either):
    n_steps, n = 400, 8
    n_sums = kind.n_gates * n
    with Workers() as workers:
        coef = Weights(rng.normal(0, 0.1, (n, n_sums)).astype(np.float32), None, None)
        # Gates that forget fast.
        intercept = Weights(rng.normal(-2, 0.5, n_sums).astype(np.float32), None, None)
        recurrence = kind(coef, intercept, workers)
        rows, nothing = np.zeros((1, n_sums), np.float32), np.zeros((4, n_sums), "f4")
        index = np.zeros((n_steps, 4), np.int32)
        states, to_states = recurrence(rows, index, nothing, nothing[:, :n])
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


def test_lengths_are_those_of_the_steps_that_are_there(rng):
    X = np.zeros((4, 5, 3))
    X[0, :3, 1] = X[1, :5, 0] = X[2, [0, 3], 2] = 1
    for data in (X, X * rng.uniform(0.1, 1, X.shape)):
        steps = steps_of(data.reshape(4, -1), 3)
        assert lengths_of(steps, 3).tolist() == [3, 5, 4, 1]
    index = reversal(np.array([3, 5]), 5)
    assert index.T.tolist() == [[2, 1, 0, 3, 4], [4, 3, 2, 1, 0]]


@given(st.integers(1, 5), st.lists(st.integers(1, 12), min_size=1), st.booleans())
def test_segments_hold_all_steps_and_no_others(n_steps, lengths, is_dense):
    lengths = np.array(lengths)
    steps = np.arange(lengths.max() * len(lengths)).reshape(-1, len(lengths)) + 1
    steps[np.arange(len(steps))[:, None] >= lengths] = 0
    if is_dense:
        steps = np.stack([steps, -steps], axis=2)
    parts = segments(lengths, n_steps)
    split = parts.split(steps, 0)
    assert split.shape[1] == sum(-(-length // n_steps) for length in lengths)
    spread = parts.spread(split.swapaxes(0, 1))  # segment, sample, step
    assert_array_equal(parts.gather(spread), split.swapaxes(0, 1))
    joined = spread.swapaxes(1, 2).reshape(-1, *steps.shape[1:])
    assert_array_equal(joined[: len(steps)], steps)
    assert not joined[len(steps) :].any()


def of_any_length(rng, n_melodies=9, n_steps=14):
    """Melodies of different lengths as a piano roll in float64, and its group size."""
    X = rng.integers(60, 64, (n_melodies, n_steps))
    lengths = rng.integers(1, n_steps + 1, (n_melodies, 1))
    X[np.arange(n_steps) >= lengths] = END
    X[-1] = 60
    encoder = PianoRollEncoder((60, 63), dtype=np.float64).fit(X)
    return encoder.transform(X), encoder.n_tokens_


@pytest.mark.parametrize("measure", [None, 4])
@pytest.mark.parametrize("blurred", [False, True], ids=["tokens", "dense"])
@pytest.mark.parametrize(
    "kind", [RecurrentAutoencoder, VariationalRecurrentAutoencoder]
)
def test_gradients_of_a_model_are_central_differences(rng, measure, blurred, kind):
    X, group_size = of_any_length(rng)
    if blurred:
        X = X * rng.uniform(0.5, 1, X.shape)
    settings = dict(n_units=5, steps_per_measure=measure, group_size=group_size)
    settings |= dict(feedback_dropout=0, clip_norm=1e9, max_iter=3)
    model = kind(3, random_state=0, **settings).fit(X)
    arrays = [
        (*map(np.copy, pair),)
        for pair in zip(model.coefs_, model.intercepts_, strict=True)
    ]
    adam = Collected()

    def loss(arrays):
        layers = [Layer(Weights(a, 0, 0), Weights(b, 0, 0)) for a, b in arrays]
        history = History(np.random.RandomState(0))  # the same draws each time
        training = Training(adam, history, np.inf, False)
        with model._stack(layers, group_size, training) as stack:
            losses = stack.step(X)
        terms = [losses[name] for name in stack.terms]
        return sum(terms) / len(X), stack.layers

    _, layers = loss(arrays)
    gradients = [[adam.of(layer.coef), adam.of(layer.intercept)] for layer in layers]
    for i, pair in enumerate(arrays):
        for j, array in enumerate(pair):
            direction, ends = rng.normal(size=array.shape), []
            for sign in (1e-5, -1e-5):
                changed = [*arrays]
                changed[i] = tuple(
                    array + sign * direction if k == j else other
                    for k, other in enumerate(pair)
                )
                ends.append(loss(changed)[0])
            slope = (gradients[i][j] * direction).sum()
            central = (ends[0] - ends[1]) / 2e-5
            assert_allclose(slope, central, rtol=1e-5, atol=1e-7, err_msg=f"{i}, {j}")


@pytest.mark.parametrize("measure", [None, 4])
def test_what_follows_a_melody_in_its_row_changes_nothing(rng, measure):
    X, group_size = of_any_length(rng)
    settings = dict(n_units=6, steps_per_measure=measure, group_size=group_size)
    model = RecurrentAutoencoder(3, random_state=0, max_iter=3, **settings).fit(X)
    Z = model.transform(X)
    for i, row in enumerate(X):
        assert_allclose(model.transform([row])[0], Z[i], atol=1e-12)
    longer = np.hstack([X, np.zeros((len(X), 5 * group_size))])
    other = RecurrentAutoencoder(3, random_state=0, max_iter=3, **settings).fit(longer)
    assert_allclose(other.transform(longer), Z, atol=1e-9)
    assert other.loss_ == pytest.approx(model.loss_)
    p = other.inverse_transform(Z)[:, : X.shape[1]]
    assert_allclose(p, model.inverse_transform(Z), atol=1e-9)


@pytest.mark.parametrize(
    ("cell", "batch_size"), [("gru", 16), ("gru", 60), ("lstm", 60)]
)
@pytest.mark.parametrize("n_threads", ["1", "2", "4"])
def test_any_number_of_threads_gives_the_same_bits(
    roll, n_threads, cell, batch_size, monkeypatch
):
    monkeypatch.setattr("sklearn_c2c._nn.threads._WORTH_A_THREAD", 0)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    settings = dict(cell=cell, batch_size=batch_size, random_state=0)
    settings |= dict(n_units=20, max_iter=2)
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


@pytest.mark.parametrize("steps_per_measure", [None, 8])
def test_a_decoder_of_its_own_tokens_is_scored_by_what_it_writes(
    roll, steps_per_measure
):
    settings = dict(n_units=12, max_iter=4, steps_per_measure=steps_per_measure)
    model = RecurrentAutoencoder(4, decoder_input="own", random_state=0, **settings)
    model.fit(roll)
    p = model.inverse_transform(model.transform(roll))
    nats = -np.log(p[roll == 1]).sum() / len(roll)
    assert -model.score(roll) == pytest.approx(nats, rel=1e-5)
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    told = RecurrentAutoencoder(4, random_state=0, **settings).fit(roll)
    p = told.inverse_transform(told.transform(roll))
    assert -told.score(roll) < -np.log(p[roll == 1]).sum() / len(roll)


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


def test_a_stored_zero_is_no_token(roll):
    model = RecurrentAutoencoder(2, n_units=4, max_iter=1, random_state=0)
    stored = sparse.coo_array(roll)
    parts = np.append(stored.data, 0), np.column_stack([stored.coords, (0, 0)])
    X = sparse.coo_array(parts, shape=roll.shape).tocsr()
    assert X.nnz == len(stored.data) + (roll[0, 0] == 0)
    assert clone(model).fit(X).group_size_ == model.fit(roll).group_size_


@pytest.mark.parametrize("length", [1, 2, 3])
def test_the_group_size_is_that_of_melodies_that_all_end_early(length):
    X = np.full((2, 16), END)
    X[0, :length], X[1, :length] = 60, 70
    encoder = PianoRollEncoder((60, 70))
    model = RecurrentAutoencoder(2, n_units=4, max_iter=1)
    assert model.fit(encoder.fit_transform(X)).group_size_ == encoder.n_tokens_


@pytest.mark.parametrize(
    "kind", [RecurrentAutoencoder, VariationalRecurrentAutoencoder]
)
@pytest.mark.parametrize(
    "changed", [{"cell": "lstm"}, {"steps_per_measure": 4}, {"n_units": 9}]
)
def test_weights_that_were_fitted_for_other_layers_are_not_read(roll, kind, changed):
    model = kind(2, n_units=4, max_iter=1, random_state=0).fit(roll)
    model.set_params(**changed)
    for use in (model.transform, model.score):
        with pytest.raises(ValueError, match="Cannot use the fitted weights: h=2"):
            use(roll)
    with pytest.raises(ValueError, match="Set them back, or fit a clone"):
        model.inverse_transform(np.zeros((1, 2)))


def test_a_measure_longer_than_the_rows_is_all_of_them(roll):
    settings = {"n_units": 4, "max_iter": 1, "random_state": 0}
    model = RecurrentAutoencoder(2, steps_per_measure=16, **settings).fit(roll)
    longer = RecurrentAutoencoder(2, steps_per_measure=10**12, **settings).fit(roll)
    assert weights_of(longer) == weights_of(model)
    assert_array_equal(longer.transform(roll), model.transform(roll))


@pytest.mark.parametrize(
    "kind", [RecurrentAutoencoder, VariationalRecurrentAutoencoder]
)
def test_sizes_may_be_integers_of_eight_bits(roll, kind):
    settings = {"max_iter": 1, "random_state": 0}
    model = kind(70, n_units=64, group_size=31, **settings).fit(roll)
    sizes = {"n_units": np.int8(64), "group_size": np.int8(31)}
    assert weights_of(kind(np.int8(70), **sizes, **settings).fit(roll)) == weights_of(
        model
    )


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
def test_reels_are_learned_by_heart(reels):
    # The settings of docs/user_guide/recurrent.md.
    estimator = RecurrentAutoencoder(batch_size=15, max_iter=1000, random_state=0)
    model = make_pipeline(PianoRollEncoder(transition_weight=0), estimator).fit(reels)
    assert_array_equal(model.inverse_transform(model.transform(reels)), reels)


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
