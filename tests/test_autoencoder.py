import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_info, threadpool_limits

from sklearn_c2c import (
    Autoencoder,
    PianoRollEncoder,
    SoftmaxRBM,
    VariationalAutoencoder,
)
from sklearn_c2c._epochs import Patience
from sklearn_c2c._nn import threads
from sklearn_c2c._nn.activations import ACTIVATIONS
from sklearn_c2c.autoencoder import _stack
from sklearn_c2c.metrics import melody_accuracy, step_accuracy
from tests import reference


@pytest.fixture(scope="session")
def encoder(reels):
    return PianoRollEncoder(pitch_range=(55, 83), dtype=np.float64).fit(reels)


@pytest.fixture(scope="session")
def roll(encoder, reels):
    return encoder.transform(reels)


def reconstruct(model, X):
    return model.inverse_transform(model.transform(X))


class Interrupt:
    """A callback that ends training after some epochs, by request or by an error."""

    def __init__(self, n_epochs, error=None):
        self.n_epochs, self.error = n_epochs, error
        self.losses = []

    def setup(self, estimator, context): ...

    def teardown(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context): ...

    def on_fit_task_end(self, estimator, context, *, X=None, fitted_estimator=None):
        if context.task_name.startswith("epoch"):
            self.losses.append(-fitted_estimator.score(X))
            if len(self.losses) == self.n_epochs:
                if self.error:
                    raise self.error
                return True


# -------------------------------------------------- against the plain reference


@pytest.mark.parametrize(
    ("activation", "output", "init", "batch_size"),
    [
        ("sigmoid", "sigmoid", "glorot", 20),
        ("tanh", "softmax", "glorot", 20),
        ("relu", "sigmoid", "pca", 20),
        ("identity", "softmax", "pca", 70),  # too large for the fused kernel
    ],
)
@pytest.mark.parametrize("dense", [True, False])
def test_training_is_plain_adam(roll, dense, activation, output, init, batch_size):
    X = roll[:, : 31 * 40]
    if dense:  # no longer one-hot, so it takes the general path
        X = 0.9 * X + 0.05
    n_epochs, group_size = 6, 31 if output == "softmax" else None
    model = Autoencoder(
        h=13,
        activation=activation,
        output=output,
        group_size=group_size,
        init=init,
        batch_size=batch_size,
        max_iter=n_epochs,
        random_state=3,
    )
    start = model._network(X if dense else sparse.csr_array(X), None, resumes=False)
    coefs, intercepts = zip(*start.copy_weights(), strict=True)
    parameters = [*coefs, *intercepts]
    batches, n_batches = [], []
    for _ in range(n_epochs):
        order = np.arange(75)
        start.history.rng.shuffle(order)
        epoch = [order[i : i + batch_size] for i in range(0, 75, batch_size)]
        batches += epoch
        n_batches.append(len(epoch))
    losses = reference.train(
        parameters, X, batches, activation, group_size, 0.01, (0.9, 0.999), 1e-8
    )
    sums = np.array([loss * len(b) for loss, b in zip(losses, batches, strict=True)])
    expected = [epoch.sum() / 75 for epoch in np.split(sums, np.cumsum(n_batches)[:-1])]
    model.fit(X)
    assert_allclose(model.loss_curve_, expected, rtol=1e-10)
    for found, array in zip(
        (*model.coefs_, *model.intercepts_), parameters, strict=True
    ):
        assert_allclose(found, array, atol=1e-9)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("group_size", [None, 4])
def test_the_reference_s_gradients_by_central_differences(rng, activation, group_size):
    X = rng.random((6, 12))
    shapes = [(12, 5), (5, 12), (5,), (12,)]
    parameters = [rng.normal(size=shape) for shape in shapes]
    found = reference.gradients(parameters, X, activation, group_size)
    for i, shape in enumerate(shapes):
        direction = rng.normal(size=shape)
        ends = []
        for sign in (1, -1):
            moved = list(parameters)
            moved[i] = parameters[i] + sign * 1e-5 * direction
            ends.append(reference.mean_loss(moved, X, activation, group_size))
        central = (ends[0] - ends[1]) / 2e-5
        assert_allclose((found[i] * direction).sum(), central, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_float32_follows_float64(roll, output):
    settings = dict(h=16, output=output, init="glorot", max_iter=20, random_state=0)
    curves = [
        Autoencoder(**settings).fit(roll.astype(dtype)).loss_curve_
        for dtype in (np.float32, np.float64)
    ]
    assert_allclose(curves[0], curves[1], rtol=1e-4)


# --------------------------------------------------------------- what it learns


@pytest.mark.integration
def test_the_default_reconstructs_every_reel_at_h_100(encoder, roll, reels):
    model = Autoencoder(h=100, random_state=0).fit(roll.astype(np.float32))
    assert (
        melody_accuracy(reels, encoder.inverse_transform(reconstruct(model, roll))) == 1
    )


def test_the_paper_s_setting_at_small_h_decodes_the_average(encoder, roll, reels):
    plain = clone(encoder).set_params(transition_weight=0).fit(reels)
    model = Autoencoder(
        h=50,
        init="glorot",
        output_bias_init="zeros",
        learning_rate_init=1e-3,
        tol=0,
        n_iter_no_change=100,
        random_state=0,
    ).fit(roll.astype(np.float32))
    accuracy = step_accuracy(reels, plain.inverse_transform(reconstruct(model, roll)))
    assert 0.5 < accuracy < 0.7


@pytest.mark.parametrize("estimator", [Autoencoder, VariationalAutoencoder])
@pytest.mark.parametrize(
    ("hidden_layer_sizes", "same", "other"),
    [((), "pca", "glorot"), ((12,), "glorot", "pca")],
)
def test_the_default_start_depends_on_hidden_layers(
    roll, estimator, hidden_layer_sizes, same, other
):
    settings = dict(h=5, hidden_layer_sizes=hidden_layer_sizes, random_state=0)
    X = sparse.csr_array(roll)
    default, expected, unlike = (
        estimator(**settings, **init)._network(X, None, resumes=False).copy_weights()
        for init in ({}, {"init": same}, {"init": other})
    )
    for layer, same_layer in zip(default, expected, strict=True):
        for part, same_part in zip(layer, same_layer, strict=True):
            assert_array_equal(part, same_part)
    assert not np.array_equal(default[-1][0], unlike[-1][0])


@pytest.mark.parametrize("group_size", [np.int64(1), True])
def test_group_sizes_that_count_as_integers_are_integers(roll, group_size):
    model = Autoencoder(h=2, output="softmax", group_size=group_size, max_iter=1)
    model.fit(roll)
    assert type(model.group_size_) is int
    assert (reconstruct(model, roll) == 1).all()


def test_softmax_groups_are_inferred_and_sum_to_one(roll):
    model = Autoencoder(h=8, output="softmax", max_iter=2).fit(roll)
    assert model.group_size_ == 31
    probabilities = reconstruct(model, roll).reshape(75, 128, 31)
    assert_allclose(probabilities.sum(axis=2), 1)


def test_score_is_minus_the_cross_entropy(rng):
    X = rng.random((10, 6))
    model = Autoencoder(h=3, max_iter=3, random_state=0).fit(X)
    p = reconstruct(model, X)
    expected = (X * np.log(p) + (1 - X) * np.log(1 - p)).sum() / 10
    assert_allclose(model.score(X), expected, rtol=1e-12)


def test_latent_range_is_that_of_the_training_data(roll):
    model = Autoencoder(h=8, max_iter=3, random_state=0).fit(roll)
    Z = model.transform(roll)
    assert_array_equal(model.latent_min_, Z.min(axis=0))
    assert_array_equal(model.latent_max_, Z.max(axis=0))
    assert_allclose(model.latent_mean_, Z.mean(axis=0))


# ------------------------------------------------------------- same input, same bits


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_dense_and_sparse_input_give_the_same_bits(roll, output):
    settings = dict(h=12, max_iter=4, output=output, random_state=0)
    dense = Autoencoder(**settings).fit(roll)
    csr = Autoencoder(**settings).fit(sparse.csr_array(roll))
    assert dense.loss_curve_ == csr.loss_curve_
    assert_array_equal(dense.transform(roll), csr.transform(sparse.csr_matrix(roll)))


@pytest.mark.parametrize(("h", "batch_size"), [(203, 20), (300, 70)])
def test_any_number_of_threads_gives_the_same_bits(roll, monkeypatch, h, batch_size):
    X = roll.astype(np.float32)
    monkeypatch.setattr(threads, "_n_cores", lambda: 8)
    models, decoded = [], []
    for n_threads in (1, 2, 3, 8):
        monkeypatch.setenv("OMP_NUM_THREADS", str(n_threads))
        with threadpool_limits(n_threads):
            model = Autoencoder(h=h, batch_size=batch_size, max_iter=3, random_state=0)
            model.fit(X)
            models.append(model)
            decoded.append(reconstruct(model, X))
    for model, probabilities in zip(models[1:], decoded[1:], strict=True):
        assert model.loss_curve_ == models[0].loss_curve_
        assert_array_equal(model.coefs_[0], models[0].coefs_[0])
        assert_array_equal(model.coefs_[1], models[0].coefs_[1])
        assert_array_equal(probabilities, decoded[0])


def test_blas_of_any_number_of_threads_gives_the_same_bits_in_many_columns(rng):
    """From some 10,000 numbers on BLAS splits a sum among its threads, too."""
    X = np.eye(3, dtype=np.float32)[rng.integers(3, size=(40, 10_000))].reshape(40, -1)
    found = []
    for n_threads in (1, 2, 3):
        with threadpool_limits(n_threads):
            model = Autoencoder(h=30, max_iter=1, random_state=0).fit(X)
            machine = SoftmaxRBM(4, group_size=3, max_iter=1, random_state=0).fit(X)
            found.append((*model.coefs_, *model.intercepts_, machine.free_energy(X)))
    for others in found[1:]:
        for array, other in zip(found[0], others, strict=True):
            assert_array_equal(array, other)


def test_blas_has_its_threads_back_afterwards(roll):
    def blas_threads():
        return {
            pool["filepath"]: pool["num_threads"]
            for pool in threadpool_info()
            if pool["user_api"] == "blas"
        }

    before = blas_threads()
    with ThreadPoolExecutor(3) as pool:
        models = [Autoencoder(h=4, max_iter=i) for i in (1, 5, 9)]
        list(pool.map(lambda model: model.fit(roll), models))
    with pytest.raises(ValueError, match="diverged"):
        Autoencoder(h=4, learning_rate_init=1e6).fit(roll)
    assert blas_threads() == before


@pytest.mark.parametrize("kind", ["dense", "csr", "unsorted csr"])
def test_nothing_is_changed_in_the_caller_s_data(roll, kind):
    X = roll[:30].copy() if kind == "dense" else sparse.csr_array(roll[:30])
    if kind == "unsorted csr":
        X.indices = X.indices.reshape(30, -1)[:, ::-1].ravel().copy()
        X.has_sorted_indices = False
    before = X.copy()
    Autoencoder(h=4, max_iter=2).fit(X).transform(X)
    if kind == "dense":
        assert_array_equal(X, before)
    else:
        assert_array_equal(X.indices, before.indices)
        assert_array_equal(X.data, before.data)


# ---------------------------------------------------------------- going on training


def test_partial_fit_epoch_by_epoch_is_fit(roll):
    settings = dict(h=10, random_state=0, tol=0, n_iter_no_change=99)
    whole = Autoencoder(max_iter=5, **settings).fit(roll)
    parts = Autoencoder(**settings)
    losses = [parts.partial_fit(roll).loss_ for _ in range(5)]
    assert losses == parts.loss_curve_ == whole.loss_curve_
    assert parts.n_iter_ == 5
    assert_array_equal(parts.coefs_[0], whole.coefs_[0])
    assert parts.t_ == whole.t_ == 5 * 75


def test_warm_start_goes_on_bit_for_bit(roll):
    settings = dict(h=10, random_state=0, tol=0, n_iter_no_change=99)
    whole = Autoencoder(max_iter=6, **settings).fit(roll)
    parts = Autoencoder(max_iter=2, warm_start=True, **settings).fit(roll)
    parts = pickle.loads(pickle.dumps(parts)).set_params(max_iter=4).fit(roll)
    assert_array_equal(parts.coefs_[1], whole.coefs_[1])
    assert parts.loss_curve_ == whole.loss_curve_
    cold = clone(parts).set_params(warm_start=False, max_iter=2).fit(roll)
    assert cold.loss_curve_ == whole.loss_curve_[:2]


def test_going_on_with_another_h_is_refused_and_changes_nothing(roll):
    model = Autoencoder(h=5, max_iter=2, warm_start=True, random_state=0).fit(roll)
    before = model.coefs_[0].copy()
    for train in (model.set_params(h=6).fit, model.partial_fit):
        with pytest.raises(ValueError, match=r"h=6 .* fitted ones .*, 5\)"):
            train(roll)
    with pytest.raises(ValueError, match="features"):
        model.set_params(h=5).partial_fit(roll[:, :62])
    assert_array_equal(model.coefs_[0], before)


@pytest.mark.integration
def test_chunks_of_a_corpus(roll):
    model = Autoencoder(h=100, random_state=0)
    for _ in range(60):
        for chunk in np.split(roll, 3):
            model.partial_fit(sparse.csr_array(chunk))
    assert -model.score(roll) < 20
    assert model.t_ == 60 * 75


def test_early_stopping_keeps_the_best_weights(roll):
    model = Autoencoder(
        h=60, early_stopping=True, n_iter_no_change=3, validation_fraction=0.2,
        random_state=0, max_iter=200,
    ).fit(roll)  # fmt: skip
    curve = model.validation_loss_curve_
    assert model.n_iter_ == len(curve) < 200
    patience = Patience(model.tol, 3)
    assert [patience.ends(loss) for loss in curve] == [False] * (len(curve) - 1) + [
        True
    ]
    assert np.argmin(curve) < len(curve) - 3
    network = model._network(sparse.csr_array(roll), None, resumes=False)
    rng = network.history.rng
    held_out = roll[np.sort(rng.permutation(75)[:15])]
    assert_allclose(-model.score(held_out), min(curve))
    with pytest.raises(ValueError, match="partial_fit does not support"):
        model.partial_fit(roll)
    with pytest.raises(ValueError, match="leaves nothing to train on"):
        clone(model).fit(roll[:1])


def test_training_ends_when_the_loss_no_longer_falls(roll):
    model = Autoencoder(h=4, tol=1e9, n_iter_no_change=4, random_state=0).fit(roll)
    assert model.n_iter_ == 8  # from the first mean of 4 losses on, 4 without a fall


# -------------------------------------------------------------------- what goes wrong


def test_divergence_is_named_and_leaves_the_model_as_it_was(roll):
    model = Autoencoder(h=20, learning_rate_init=1e4)
    with pytest.raises(ValueError, match=r"epoch 1: .*learning_rate_init=10000.*1000"):
        model.fit(roll)
    assert not hasattr(model, "coefs_")
    model = Autoencoder(h=20, max_iter=2, warm_start=True, random_state=0).fit(roll)
    before = pickle.dumps(model.coefs_)
    with pytest.raises(ValueError, match="diverged"):
        model.set_params(learning_rate_init=1e6).fit(roll)
    assert pickle.dumps(model.coefs_) == before


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(h=0), "'h' parameter"),
        (dict(activation="selu"), "'activation' parameter"),
        (dict(learning_rate_init=0), "'learning_rate_init' parameter"),
        (dict(output="softmax", group_size=7), "group_size=7 does not divide"),
    ],
)
def test_bad_parameters_are_named(roll, settings, message):
    with pytest.raises(ValueError, match=message):
        Autoencoder(**settings).fit(roll)


def test_bad_data_is_named(roll):
    model = Autoencoder(h=4, max_iter=1).fit(roll)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.where(roll == 1, np.nan, roll))
    with pytest.raises(ValueError, match=r"5 columns, but Autoencoder decodes .* of 4"):
        model.inverse_transform(np.zeros((2, 5)))
    with pytest.warns(UserWarning, match="values from 0 to 3"):
        Autoencoder(h=4, max_iter=1).fit(3 * roll)
    with pytest.warns(UserWarning, match="not one-hot"):
        Autoencoder(h=4, max_iter=1, output="softmax").fit(0.5 * roll)


def test_ctrl_c_keeps_the_epochs_that_are_done(roll, monkeypatch):
    steps = []
    step = _stack.Stack.step

    def interrupted(network, X, y):
        steps.append(len(X.indptr))
        if len(steps) == 10:
            raise KeyboardInterrupt
        return step(network, X, y)

    monkeypatch.setattr(_stack.Stack, "step", interrupted)
    model = Autoencoder(h=4, random_state=0)
    with pytest.warns(UserWarning, match="interrupted in epoch 3"):
        model.fit(roll)
    assert model.n_iter_ == 2
    assert np.isfinite(model.transform(roll)).all()


# ------------------------------------------------------------ within scikit-learn


def test_callbacks_see_each_epoch_and_may_stop_it(roll):
    callback = Interrupt(3)
    model = Autoencoder(h=6, max_iter=9, random_state=0).set_callbacks(callback)
    model.fit(roll)
    assert model.n_iter_ == 3
    assert_allclose(callback.losses[-1], -model.score(roll))
    assert callback.losses[0] > callback.losses[1] > callback.losses[2]


def test_a_failing_callback_leaves_the_model_unfitted(roll):
    model = Autoencoder(h=6).set_callbacks(Interrupt(2, error=RuntimeError("mine")))
    with pytest.raises(RuntimeError, match="mine"):
        model.fit(roll)
    assert not hasattr(model, "coefs_")


def test_verbose_prints_each_epoch(roll, capsys):
    Autoencoder(h=4, max_iter=2, verbose=True).fit(roll)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and lines[1].startswith("Epoch 2/2, loss ")


def test_grid_search_over_h_through_the_pipeline(reels):
    pipeline = make_pipeline(
        PianoRollEncoder(pitch_range=(55, 83)), Autoencoder(max_iter=15, random_state=0)
    )
    grid = {"autoencoder__h": [2, 20]}
    search = GridSearchCV(pipeline, grid, cv=3, error_score="raise").fit(reels)
    assert search.best_params_ == {"autoencoder__h": 20}
    best = search.best_estimator_
    melodies = best.inverse_transform(best.transform(reels))
    assert melodies.shape == reels.shape


def test_feature_names_and_frames(reels):
    pipeline = make_pipeline(PianoRollEncoder(), Autoencoder(h=2, max_iter=1))
    pipeline.set_output(transform="pandas").fit(reels)
    frame = pipeline.transform(reels)
    assert list(frame.columns) == ["autoencoder0", "autoencoder1"]
    assert len(pipeline[-1].feature_names_in_) == pipeline[0].n_tokens_ * 128


def test_no_warning_on_piano_rolls(roll):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Autoencoder(h=4, max_iter=1, output="softmax").fit(roll)
        Autoencoder(h=4, max_iter=1).fit(roll)
