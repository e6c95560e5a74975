"""Two branches, each of which predicts its own labels and not those of the other."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_c2c import DualBranchAutoencoder, PianoRollEncoder
from sklearn_c2c._nn.losses import between_class_shares
from sklearn_c2c.persistence import load, save
from tests.test_layers import GRADIENT


def one_hot(rng, n_samples, n_classes):
    return np.eye(n_classes)[rng.integers(n_classes, size=n_samples)]


# ---------------------------------------------------------------- the best adversary


def test_shares_are_what_a_regression_on_the_classes_explains(rng):
    Z, Y = rng.normal(size=(40, 3)) * [0.1, 1, 30] + 5, one_hot(rng, 40, 4)
    Z[:, 1] += Y @ [0, 1, 2, 3]
    explained = [
        LinearRegression(fit_intercept=False).fit(Y, column).score(Y, column)
        for column in Z.T
    ]
    share, _ = between_class_shares(Z, Y)
    assert_allclose(share, sum(explained), rtol=1e-3)
    share_1000, _ = between_class_shares(1000 * Z, Y)
    assert_allclose(share_1000, sum(explained), rtol=1e-8)


def test_equal_means_have_no_share_and_constant_columns_neither(rng):
    Y = np.repeat(np.eye(3), 8, axis=0)
    Z = rng.normal(size=(24, 2)) * (1 + Y @ [0, 1, 2])[:, np.newaxis]
    means = Y.T @ Z / 8
    share, delta = between_class_shares(Z - Y @ means, Y)
    assert share < 1e-12 and np.abs(delta).max() < 1e-12
    share, delta = between_class_shares(np.full((24, 2), 0.3), Y)
    assert share < 1e-12 and np.abs(delta).max() < 1e-8


@pytest.mark.parametrize("n_absent", [0, 1])
def test_the_gradient_of_shares(rng, n_absent):
    Z, Y = rng.normal(size=(9, 3)), one_hot(rng, 9, 3)
    Y = np.hstack([Y, np.zeros((9, n_absent))])
    direction = rng.normal(size=Z.shape)
    _, delta = between_class_shares(Z, Y)
    ends = [between_class_shares(Z + s * direction, Y)[0] for s in (1e-6, -1e-6)]
    assert_allclose((delta * direction).sum(), (ends[0] - ends[1]) / 2e-6, rtol=1e-8)


# ------------------------------------------------------------------------- gradients


def step(model, X, y, layers):
    """Losses of one batch, the latent vectors before it, and the layers after it."""
    X, Y = model._check_training_data(X, y, reset=True)
    with model._network(X, Y, resumes=False) as network:
        network.restore(layers)
        Z = network.encode(X)
        losses = network.step(X, Y)
        network.apply_pending_updates()
    return {name: loss / X.shape[0] for name, loss in losses.items()}, Z, Y, network


def objective(model, X, y, layers, *, of_adversary):
    """The loss that the adversaries minimise, or that of all other layers."""
    losses, Z, Y, _ = step(model, X, y, layers)
    if of_adversary:
        return losses["adversary"]
    loss = losses["reconstruction"] + losses["weighted classification"]
    if model.adversary == "trained":
        return loss - model.adversarial_weight * losses["adversary"]
    n_a = len(model.classes_[0])
    shares = [between_class_shares(Z[:, model.h_a :], Y[:, :n_a])[0]]
    if len(model.classes_) == 2:
        shares.append(between_class_shares(Z[:, : model.h_a], Y[:, n_a:])[0])
    return loss + model.adversarial_weight * sum(shares)


@pytest.mark.parametrize("adversary", ["best", "trained"])
@pytest.mark.parametrize("kind", ["dense", "sparse", "one set", "hidden"])
def test_gradients(rng, adversary, kind):
    X = rng.random((7, 12)) * (rng.random((7, 12)) < 0.4)
    y = np.c_[
        rng.permutation([0, 0, 1, 1, 2, 2, 2]), rng.permutation([0] * 3 + [1] * 4)
    ]
    X = sparse.csr_array(X) if kind == "sparse" else X
    y = y[:, 0] if kind == "one set" else y
    model = DualBranchAutoencoder(
        h_a=2,
        h_b=3,
        group_size=4,
        hidden_layer_sizes=(5,) if kind == "hidden" else (),
        classification_weight=0.7,
        adversarial_weight=1.9,
        adversary=adversary,
        **GRADIENT,
    )
    model._check_training_data(X, y, reset=True)
    shapes = model._layer_shapes(12, 4)
    start = [[0.7 * rng.normal(size=s), 0.3 * rng.normal(size=s[1])] for s in shapes]
    after = step(model, X, y, start)[-1].copy_weights()
    n_adversaries = len(model.classes_)
    for i, layer in enumerate(start):
        of_adversary = i >= len(start) - n_adversaries
        for part in range(2):
            direction = rng.normal(size=layer[part].shape)
            ends = []
            for sign in (1, -1):
                moved = [list(other) for other in start]
                moved[i][part] = layer[part] + sign * 1e-5 * direction
                ends.append(objective(model, X, y, moved, of_adversary=of_adversary))
            found = ((layer[part] - after[i][part]) * direction).sum()
            central = (ends[0] - ends[1]) / 2e-5
            assert_allclose(found, central, rtol=1e-7, atol=1e-8)


# --------------------------------------------------------------------- what it learns


def two_factors(rng, n_samples):
    """Data whose columns depend on a factor of three values, one of two, or none."""
    y = np.c_[rng.integers(3, size=n_samples), rng.integers(2, size=n_samples)]
    X = 0.6 * rng.random((n_samples, 24))
    X[:, :6] += 0.3 * (y[:, :1] == np.arange(6) % 3)
    X[:, 6:12] += 0.3 * (y[:, 1:] == np.arange(6) % 2)
    return X, y


def probe(Z, labels):
    return cross_val_score(LogisticRegression(max_iter=1000), Z, labels, cv=5).mean()


def trained_on_two_factors(X, y, **settings):
    model = DualBranchAutoencoder(
        3,
        4,
        output="sigmoid",
        init="glorot",
        learning_rate_init=0.01,
        max_iter=15,
        random_state=0,
    )
    return model.set_params(**settings).fit(X, y)


# Trained adversaries take longer, and oscillate about their limit.
@pytest.mark.parametrize(
    ("settings", "tolerance"),
    [({}, 0.08), ({"adversary": "trained", "max_iter": 40}, 0.12)],
    ids=["best", "trained"],
)
def test_fresh_probes_find_in_a_branch_its_own_labels_only(rng, settings, tolerance):
    X, y = two_factors(rng, 1200)
    model = trained_on_two_factors(X[:600], y[:600], **settings)
    Z, y = model.transform(X[600:]), y[600:]
    a, b = (Z[:, columns] for columns in model.branches_.values())
    assert a.shape[1] == 3 and b.shape[1] == 4
    assert probe(a, y[:, 0]) > 0.85 and probe(b, y[:, 1]) > 0.9
    assert probe(a, y[:, 1]) < 1 / 2 + tolerance
    assert probe(b, y[:, 0]) < 1 / 3 + tolerance
    assert_allclose(model.adversary_curve_[-1], np.log(3) + np.log(2), rtol=0.02)


def test_without_weight_adversaries_see(rng):
    X, y = two_factors(rng, 600)
    model = trained_on_two_factors(X, y, adversarial_weight=0)
    a, b = (model.transform(X)[:, columns] for columns in model.branches_.values())
    assert max(probe(a, y[:, 1]) - 1 / 2, probe(b, y[:, 0]) - 1 / 3) > 0.12
    assert model.adversary_curve_[-1] < 0.95 * (np.log(3) + np.log(2))


def test_one_set_of_labels_leaves_the_rest_to_the_other_branch(rng):
    X, y = two_factors(rng, 600)
    model = trained_on_two_factors(X, y[:, 0], h_a=2, h_b=6)
    a, b = (model.transform(X)[:, columns] for columns in model.branches_.values())
    assert probe(a, y[:, 0]) > 0.85
    assert probe(b, y[:, 0]) < 1 / 3 + 0.08 and probe(b, y[:, 1]) > 0.9
    assert len(model.classes_) == 1


# ------------------------------------------------------------------------------ rules


@pytest.fixture(scope="module")
def roll(reels):
    return PianoRollEncoder((55, 83)).fit_transform(reels[:, :32])


@pytest.fixture(scope="module")
def y(reels):
    is_high = reels[:, 0] > np.median(reels[:, 0])
    return np.c_[np.where(is_high, "high", "low"), np.arange(len(reels)) % 3]


@pytest.fixture
def model():
    return DualBranchAutoencoder(3, 2, max_iter=4, random_state=0)


def test_the_kind_of_labels_is_of_no_matter(roll, y, model):
    pandas = pytest.importorskip("pandas")
    codes = [
        clone(model).fit(roll, labels).transform(roll)
        for labels in (
            y,
            y.tolist(),
            np.array([[place, int(number)] for place, number in y], object),
            pandas.DataFrame({"place": y[:, 0], "number": y[:, 1].astype(int)}),
            np.c_[y[:, 0] == "low", y[:, 1].astype(int)],
        )
    ]
    for Z in codes[1:]:
        assert_array_equal(Z, codes[0])


def test_classes_are_kept_by_set(roll, y, model):
    model.fit(roll, y)
    assert [classes.tolist() for classes in model.classes_] == [
        ["high", "low"], ["0", "1", "2"],
    ]  # fmt: skip
    assert model.branches_ == {"a": slice(0, 3), "b": slice(3, 5)}
    assert [coef.shape for coef in model.coefs_[2:]] == [(3, 2), (2, 3), (2, 2), (3, 3)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda y: None, "requires y to be passed"),
        (lambda y: np.c_[y, y], r"of shape \(75, 4\); expected one or two columns"),
        (lambda y: y[:-1], "inconsistent numbers of samples"),
        (lambda y: np.c_[y[:, :1], y[:1, 1].repeat(75)], "Found 1 class in column 1"),
        (lambda y: np.linspace(0, 1, 75), "Unknown label type: continuous"),
    ],
)
def test_labels_that_cannot_be_are_named(roll, y, model, change, message):
    with pytest.raises(ValueError, match=message):
        model.fit(roll, change(y))


def test_later_calls_have_the_same_labels(roll, y, model):
    model.partial_fit(roll, y)
    few = y[:, 0] == "low"
    model.partial_fit(roll[few], y[few])
    assert model.classes_[0].tolist() == ["high", "low"]
    strange = y.copy()
    strange[3, 0] = "middle"
    with pytest.raises(ValueError, match=r"\['middle'\] in column 0 of y; expected"):
        model.partial_fit(roll, strange)
    with pytest.raises(ValueError, match="Found 1 sets of labels in y; expected 2"):
        model.partial_fit(roll, y[:, 0])


def test_weights_may_be_numbers_of_numpy(roll, y, model):
    weights = {"classification_weight": 0.7, "adversarial_weight": 1.3}
    of_numpy = {name: np.float64(weight) for name, weight in weights.items()}
    codes = [
        clone(model).set_params(**given).fit(roll, y).transform(roll)
        for given in (weights, of_numpy)
    ]
    assert_array_equal(*codes)


@pytest.mark.parametrize("adversary", ["best", "trained"])
def test_going_on_is_bit_for_bit(roll, y, model, adversary):
    model.set_params(tol=0, adversary=adversary)
    whole, parts = clone(model).fit(roll, y), clone(model)
    for _ in range(4):
        parts.partial_fit(sparse.csr_array(roll), y)
    for ours, theirs in zip(whole.coefs_, parts.coefs_, strict=True):
        assert_array_equal(ours, theirs)
    assert whole.adversary_curve_ == parts.adversary_curve_


def test_threads_leave_the_bits(roll, y, monkeypatch):
    codes = []
    for n_threads in "13":
        monkeypatch.setenv("OMP_NUM_THREADS", n_threads)
        model = DualBranchAutoencoder(300, 200, max_iter=2, random_state=0)
        codes.append(model.fit(roll, y).transform(roll))
    assert_array_equal(*codes)


def test_the_curves_add_up(roll, y, model):
    model.set_params(classification_weight=2.5).fit(roll, y)
    weighted = 2.5 * np.array(model.classification_curve_)
    assert_allclose(model.loss_curve_, weighted + model.reconstruction_curve_)


def test_early_stopping_hears_the_classifiers(roll, y, model):
    model.set_params(early_stopping=True, max_iter=30, n_iter_no_change=3)
    plain = clone(model).set_params(classification_weight=0).fit(roll, y)
    model.fit(roll, y)
    assert len(model.validation_loss_curve_) == model.n_iter_
    first = [m.validation_loss_curve_[0] for m in (model, plain)]
    assert first[0] > first[1] + 1


def test_score_is_that_of_the_reconstruction(roll, y, model):
    model.set_params(output="sigmoid").fit(roll, y)
    p = model.inverse_transform(model.transform(roll)).astype(float)
    expected = np.log(np.where(roll == 1, p, 1 - p)).sum() / len(roll)
    assert_allclose(model.score(roll, y), expected, rtol=1e-5)


def test_the_decoder_s_vjp(rng):
    X, y = two_factors(rng, 60)
    model = DualBranchAutoencoder(2, 3, group_size=4, max_iter=2).fit(X, y)
    Z, cotangent = model.transform(X[:5]), rng.normal(size=(5, 24))
    direction = rng.normal(size=Z.shape)
    _, vjp = model.decode_with_vjp(Z)
    ends = [model.inverse_transform(Z + s * direction) for s in (1e-5, -1e-5)]
    central = (cotangent * (ends[0] - ends[1])).sum() / 2e-5
    assert_allclose((vjp(cotangent) * direction).sum(), central, rtol=1e-7)


def test_a_saved_model_comes_back_and_goes_on(roll, y, model, tmp_path):
    path = tmp_path / "model.c2c"
    save(model.fit(roll, y), path, optimizer=True)
    restored = load(path)
    assert_array_equal(restored.transform(roll), model.transform(roll))
    assert restored.branches_ == model.branches_
    for each in (model, restored):
        each.partial_fit(roll, y)
    assert_array_equal(restored.coefs_[-1], model.coefs_[-1])


@pytest.mark.parametrize(
    "forged",
    [
        None,
        [np.array(["low", "high"]), np.array([0, 1, 2])],
        [np.array([0.0, np.nan]), np.array([0, 1, 2])],
        [np.array(["high", "low"])] * 3,
        [np.array(["high", "low"]), np.array([1, 2, 3, 4])],
        [np.array(["high"]), np.array([0, 1, 2])],
        [np.array(["high", "low"], object), np.array([0, 1, 2])],
    ],
)
def test_forged_classes_are_refused(roll, y, model, tmp_path, forged):
    model.fit(roll, y).classes_ = forged
    with pytest.raises(ValueError, match=r"classes_|coefs_"):
        save(model, tmp_path / "model.c2c")


def test_in_a_pipeline(reels, y):
    dual = DualBranchAutoencoder(4, 4, max_iter=3)
    model = make_pipeline(PianoRollEncoder(), dual).fit(reels, y)
    assert model.inverse_transform(model.transform(reels)).shape == reels.shape
