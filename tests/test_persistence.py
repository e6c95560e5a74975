import hashlib
import io
import multiprocessing
import os
import signal
import sys
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.decomposition import NMF, PCA, IncrementalPCA, KernelPCA, TruncatedSVD
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    StandardScaler,
)

import sklearn_c2c
from sklearn_c2c import (
    Autoencoder,
    MarkovMelodies,
    PianoRollEncoder,
    VariationalAutoencoder,
    generation,
    persistence,
)
from sklearn_c2c.persistence import load, save
from tests import forging


def identity(X):
    return X


@pytest.fixture(scope="module")
def X():
    return np.random.default_rng(0).integers(60, 72, size=(6, 16))


@pytest.fixture(scope="module")
def model(X):
    autoencoder = Autoencoder(h=8, max_iter=3, random_state=0)
    return make_pipeline(PianoRollEncoder(), autoencoder).fit(X)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.c2c"


def forge(path, archive):
    """Write an archive behind a valid header, as an attacker could."""
    body = persistence._FORMAT + archive
    path.write_bytes(persistence._MAGIC + hashlib.sha256(body).digest() + body)


def test_loaded_model_generates_the_same(model, X, path):
    save(model, path)
    restored = load(path)
    assert_array_equal(restored.transform(X), model.transform(X))
    drawn = [
        generation.sample(m, n_samples=5, random_state=3) for m in (model, restored)
    ]
    assert_array_equal(*drawn)


def test_loaded_markov_chain_draws_the_same(X, path):
    markov = MarkovMelodies(2, steps_per_measure=4).fit(X)
    save(markov, path)
    drawn = [model.sample(5, random_state=3) for model in (markov, load(path))]
    assert_array_equal(*drawn)
    assert_array_equal(load(path).score_samples(X), markov.score_samples(X))


def test_every_public_estimator_is_trusted():
    public = {f"{cls.__module__}.{cls.__name__}" for cls in estimators()}
    assert public == set(persistence._TRUSTED[persistence._FORMAT])


def estimators():
    public = (getattr(sklearn_c2c, name) for name in sklearn_c2c.__all__)
    return [cls for cls in public if isinstance(cls, type)]


@pytest.mark.parametrize("optimizer", [False, True])
def test_loaded_model_can_be_trained_on(model, X, path, optimizer):
    save(model, path, optimizer=optimizer)
    encoder, autoencoder = load(path)
    before = [coef.copy() for coef in autoencoder.coefs_]
    autoencoder.partial_fit(encoder.transform(X))
    assert any((b != a).any() for b, a in zip(before, autoencoder.coefs_, strict=True))


def test_optimizer_state_makes_training_continue_exactly(X, path):
    encoded = PianoRollEncoder().fit_transform(X)
    autoencoder = Autoencoder(h=8, max_iter=3, random_state=0).partial_fit(encoded)
    save(autoencoder, path, optimizer=True)
    restored = load(path).partial_fit(encoded)
    autoencoder.partial_fit(encoded)
    assert_array_equal(restored.coefs_[0], autoencoder.coefs_[0])


def test_saving_leaves_the_model_alone(model, path):
    before = [{**vars(step)} for step in model]
    save(model, path)
    for step, state in zip(model, before, strict=True):
        assert vars(step).keys() == state.keys()
        assert all(vars(step)[name] is value for name, value in state.items())


def test_session_objects_are_left_out(X, path):
    pytest.importorskip("rich")
    from sklearn.callback import ProgressBar

    stream = np.random.RandomState(0)
    autoencoder = Autoencoder(h=4, max_iter=1, random_state=stream)
    model = make_pipeline(PianoRollEncoder(), autoencoder)
    model.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(X)
    save(model, path)
    restored = load(path)
    assert not hasattr(restored, "_skl_callbacks")
    assert restored[-1].random_state is None
    assert autoencoder.random_state is stream
    assert hasattr(model, "_skl_callbacks")


def test_metadata_comes_back(model, X, path):
    save(model, path, metadata={"corpus": X.astype(np.int16), "titles": ["a", "ö"]})
    _, metadata = load(path, return_metadata=True)
    assert_array_equal(metadata["corpus"], X)
    assert metadata["corpus"].dtype == np.int16
    assert metadata["titles"] == ["a", "ö"]


@pytest.mark.parametrize(
    "value",
    [
        np.add,
        [{"a": (1, {np.float64})}],
        {"nested": {"type": np.int8}},
        np.array([1, "two", np.add], dtype=object),
    ],
)
def test_metadata_that_could_run_code_is_not_saved(model, path, value):
    with pytest.raises(ValueError, match=r"metadata holds an object of type (uf|type)"):
        save(model, path, metadata={"odd": value})
    assert not path.exists()


def test_metadata_of_all_plain_kinds_comes_back(model, path):
    metadata = {
        "nested": [{"a": (1, 2.5, None)}, {"x", "y"}],
        "number": np.float32(0.5),
        "objects": np.array([1, "two", None], dtype=object),
    }
    save(model, path, metadata=metadata)
    _, found = load(path, return_metadata=True)
    assert_array_equal(found.pop("objects"), metadata.pop("objects"))
    assert found == metadata


def test_unfitted_model_leaves_no_file(path):
    with pytest.raises(NotFittedError):
        save(make_pipeline(PianoRollEncoder(), Autoencoder()), path)
    assert not path.exists()


def test_model_that_could_not_be_loaded_is_not_saved(X, path):
    model = make_pipeline(FunctionTransformer(identity), PCA(2)).fit(X)
    with pytest.raises(ValueError, match=r"identity; only estimators"):
        save(model, path)
    assert os.listdir(path.parent) == []


def test_failed_write_keeps_the_old_file(model, path, monkeypatch):
    save(model, path)
    old = path.read_bytes()

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save(model, path)
    assert path.read_bytes() == old
    assert os.listdir(path.parent) == [path.name]


def test_any_changed_byte_is_found(model, path):
    save(model, path)
    data = path.read_bytes()
    # Header, tail (the zip directory), and a sample of everything in between.
    positions = {*range(64), *range(len(data) - 200, len(data))}
    positions |= set(range(0, len(data), len(data) // 300))
    for position in positions:
        changed = bytearray(data)
        changed[position] ^= 1 << position % 8
        path.write_bytes(changed)
        with pytest.raises(ValueError, match=r"is damaged|is not a model"):
            load(path)


@pytest.mark.parametrize("length", [0, 5, 20, 60, 5000, -1])
def test_truncated_file(model, path, length):
    save(model, path)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ValueError, match=r"is damaged|is not a model"):
        load(path)


def test_other_format(path, monkeypatch):
    monkeypatch.setattr(persistence, "_FORMAT", b"999\n")
    forge(path, b"")
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"format b'999\\n'.*Update sklearn_c2c"):
        load(path)


def test_untrusted_type_is_named(path):
    from skops.io import dumps

    forge(path, dumps({"model": os.path.join, "metadata": {}}))
    with pytest.raises(ValueError, match=r"posixpath\.join"):
        load(path)


def test_content_that_is_no_model(path):
    from skops.io import dumps

    for archive in (b"", b"no zip", dumps([1]), dumps({"model": 1, "metadata": {}})):
        forge(path, archive)
        with pytest.raises(ValueError, match="cannot be loaded"):
            load(path)


def test_archives_that_swell_are_refused(model, path, monkeypatch):
    import skops.io

    bomb = skops.io.dumps({"model": np.zeros(10**6)}, compression=8)
    forge(path, bomb)
    with pytest.raises(ValueError, match="claim more bytes"):
        load(path)
    honest = skops.io.dumps({"model": np.zeros(10, dtype=np.int8)})
    forge(path, honest.replace(b"(10,)", b"(99,)"))
    with pytest.raises(ValueError, match=r"bytes|CRC"):
        load(path)


@pytest.mark.parametrize(
    "name, content, message",
    [
        (None, lambda data: data.replace(b"(10,)", b"(99,)"), "has 10 bytes, not 99"),
        (None, lambda data: data + b"more", "has 14 bytes, not 10"),
        ("more.bin", lambda data: data, "more.bin, which is not an array"),
    ],
)
def test_archives_whose_members_lie_are_refused(path, name, content, message):
    import skops.io

    honest = io.BytesIO(skops.io.dumps({"model": np.zeros(10, dtype=np.int8)}))
    forged = io.BytesIO()
    with zipfile.ZipFile(honest) as old, zipfile.ZipFile(forged, "w") as new:
        for member in old.namelist():
            data = old.read(member)
            is_array = member.endswith(".npy")
            new.writestr(member, content(data) if is_array else data)
        if name:
            new.writestr(name, b"content")
    forge(path, forged.getvalue())
    with pytest.raises(ValueError, match=message):
        load(path)


def test_missing_file(path):
    with pytest.raises(FileNotFoundError):
        load(path)


# -------------------------------------------------------------- forged models


def transposed(array):
    return np.ascontiguousarray(array.T)


def with_nan(array):
    return np.where(np.arange(array.size).reshape(array.shape) == 1, np.nan, array)


def same(value):
    return lambda _: value


FORGED = [
    (0, "coefs_", 0, lambda a: a[:-1], r"coefs_\[0\] is an array of shape \(\d+, 5\)"),
    (0, "coefs_", 1, transposed, r"coefs_\[1\] .* expected an array of shape \(5, \d+"),
    (0, "coefs_", 0, np.asfortranarray, r"in another order, .* expected .* in C order"),
    (0, "coefs_", 0, with_nan, r"coefs_\[0\] .* from nan to nan; .* finite"),
    (0, "coefs_", 1, lambda a: a.astype("f8"), r"coefs_\[1\] .* float64.*float32"),
    (0, "coefs_", 1, lambda a: a.astype(">f4"), r"coefs_\[1\] .* >f4.*expected"),
    (0, "coefs_", 0, lambda a: a.astype(object), r"coefs_\[0\] .* object,? ?.*; exp"),
    (0, "coefs_", 0, lambda a: a[:0], r"coefs_\[0\] is an array of shape \(0, 5\)"),
    (0, "intercepts_", 1, lambda a: a[:3], r"intercepts_\[1\] is an array of shape"),
    (0, "latent_std_", None, np.negative, r"latent_std_ .* at least 0"),
    (0, "latent_mean_", None, lambda a: a[:2], r"latent_mean_ is an array of shape"),
    (0, "n_features_in_", None, same(-3), r"n_features_in_ is of type int, -3; expec"),
    (0, "n_features_in_", None, same(10**12), r"coefs_\[0\] .*1000000000000"),
    (0, "h", None, same(6), r"coefs_\[0\] is .* expected an array of shape \(\d+, 6"),
    (0, "h", None, same(-1), r"The 'h' parameter"),
    (0, "random_state", None, np.random.RandomState, r"random_state is of type Random"),
    (1, "group_size_", None, same(7), r"group_size_ is of type int, 7; .* divisor"),
    (1, "hidden_layer_sizes", None, same((4, 10**9)), r"coefs_ is .* a list of 6"),
    (2, "kl_per_latent_", None, lambda a: a[:1], r"kl_per_latent_ is an array"),
    (3, "_optimizer_state", "step", same(10**12), r"'step'\] is .* to 100000000"),
]
OF_ENCODERS = [
    ("pitch_range_", None, same((67, 60)), r"pitch_range_ is .* expected a tuple of 2"),
    ("pitch_range_", None, same((-8, 128)), r"pitch_range_ is .* from 0 to 127"),
    ("tokens_", None, lambda a: a + 1, r"tokens_ is an array .* expected int16 \["),
    ("n_tokens_", None, same(3), r"n_tokens_ is of type int, 3; expected"),
    ("n_features_in_", None, same(9), r"'autoencoder' .* n_features_in_=.* before"),
    ("transitions_", "level", lambda a: a + 9, r"\['level'\] is an array .* from 9 to"),
    ("transitions_", "level", np.negative, r"\['level'\] is an array .* from -"),
    ("transitions_", "pitches", lambda a: a[::-1], r"\['pitches'\] .* ascending"),
    ("transitions_", "pitch", lambda a: a[:, 1:], r"\['pitch'\] is an array of shape"),
    ("transitions_", "rhythm", with_nan, r"\['rhythm'\] is an array .* from nan"),
    ("transitions_", "end", same(None), r"\['end'\] is of type NoneType"),
]
OF_CHAINS = [
    ("transitions_", None, lambda a: a + 10**6, r"transitions_ is .* from 0 to 66"),
    ("contexts_", None, lambda a: a[:-1], r"contexts_|places_"),
    ("places_", None, lambda a: a[:-1], r"places_ is an array of shape"),
    ("start_", None, same(-1), r"start_ is of type int, -1; expected an integer"),
    ("silent_", None, lambda a: a.astype(int), r"silent_ is an array .* bool"),
    (
        "probabilities_",
        None,
        lambda a: 2 * a,
        r"probabilities_ is .* rows that sum to 1",
    ),
]
OF_OTHERS = [
    (4, "components_", None, lambda a: a[:, 1:], r"PCA.components_ is an array of"),
    (4, "mean_", None, with_nan, r"PCA.mean_ is an array .* finite"),
    (5, "_n_components", None, same(50), r"NMF._n_components is of type int, 50; e"),
    (5, "components_", None, lambda a: a[:2], r"NMF.components_ is an array of shape"),
]


@pytest.fixture(scope="module")
def forgeable():
    return forging.fitted_models()


@pytest.mark.parametrize(
    "which, attribute, part, function, message", FORGED + OF_OTHERS
)
def test_a_forged_model_is_refused(
    forgeable, path, which, attribute, part, function, message
):
    model = forgeable[which]
    names = (attribute,) if part is None else (attribute, part)
    is_refused(model, ("steps", len(model) - 1, 1, *names), function, path, message)


@pytest.mark.parametrize("attribute, part, function, message", OF_ENCODERS)
def test_a_forged_encoder_is_refused(
    forgeable, path, attribute, part, function, message
):
    names = (attribute,) if part is None else (attribute, part)
    is_refused(forgeable[0], ("steps", 0, 1, *names), function, path, message)


@pytest.mark.parametrize("attribute, part, function, message", OF_CHAINS)
def test_a_forged_chain_is_refused(forgeable, path, attribute, part, function, message):
    is_refused(forgeable[6], (attribute,), function, path, message)


def is_refused(model, where, function, path, message):
    """A forged file is refused with a message, and the forged model is not saved."""
    forged = forging.replaced(model, where, function)
    forging.write(path, forged)
    with pytest.raises(ValueError, match=message):
        load(path)
    path.unlink()
    if where[-1] != "random_state":  # which is left out
        with pytest.raises(ValueError, match="cannot be saved"):
            save(forged, path, optimizer=True)
        assert not path.exists()


@pytest.mark.parametrize("name", ["coefs_", "latent_std_", "learning_rate_init"])
def test_a_model_of_another_version_lacks_attributes(forgeable, path, name):
    lacking = forging.replaced(
        forgeable[0], ("steps", 1, 1), lambda step: forging._without(step, name)
    )
    forging.write(path, lacking)
    with pytest.raises(ValueError, match=rf"Autoencoder lacks {name}: .* Fit it again"):
        load(path)


@pytest.mark.parametrize("name", ["_check_X", "transform", "note"])
def test_an_attribute_that_could_take_the_place_of_a_check(forgeable, path, name):
    forged = forging.replaced(
        forgeable[0], ("steps", 1, 1), lambda step: forging._and(step, name, np.add)
    )
    forging.write(path, forged)
    with pytest.raises(
        ValueError, match=f"Autoencoder has unknown attributes, {name}; expected"
    ):
        load(path)


def test_estimators_that_cannot_be_checked_are_named(X, path):
    model = make_pipeline(PianoRollEncoder(), KernelPCA(2)).fit(X)
    with pytest.raises(ValueError, match=r"KernelPCA; only .* can be checked"):
        save(model, path)
    forging.write(path, model)
    with pytest.raises(ValueError, match=r"KernelPCA; only .* can be checked"):
        load(path)


OF_PIPELINES = [
    ("memory", lambda _: "files", "the Pipeline has a memory"),
    ("steps", lambda _: [], "no list of names and steps"),
    ("steps", tuple, "no list of names and steps"),
    ("steps", lambda steps: [list(step) for step in steps], "no list of names"),
    ("steps", lambda steps: [(*step, 1) for step in steps], "no list of names"),
    ("steps", lambda steps: [(1, step) for _, step in steps], "no list of names"),
    ("steps", lambda steps: steps[:1] * 2, r"before has \d+ outputs"),
]


@pytest.mark.parametrize("attribute, function, message", OF_PIPELINES)
def test_a_forged_pipeline_is_refused(forgeable, path, attribute, function, message):
    forging.write(path, forging.replaced(forgeable[0], (attribute,), function))
    with pytest.raises(ValueError, match=message):
        load(path)


def test_an_attribute_that_no_pipeline_has(forgeable, path):
    forging.write(path, forging._and(forgeable[0], "note", 1))
    with pytest.raises(ValueError, match="the Pipeline has note"):
        load(path)


@pytest.mark.parametrize("with_std", [False, True])
@pytest.mark.parametrize("with_mean", [False, True])
def test_a_scaler_has_the_arrays_that_it_needs(X, path, with_mean, with_std):
    scaler = StandardScaler(with_mean=with_mean, with_std=with_std)
    model = make_pipeline(PianoRollEncoder(), scaler, PCA(2)).fit(X)
    save(model, path)
    assert_array_equal(load(path).transform(X), model.transform(X))
    scale = None if with_std else np.ones(scaler.n_features_in_)
    forging.write(path, forging.replaced(model, ("steps", 1, 1, "scale_"), same(scale)))
    with pytest.raises(ValueError, match="scale_ is"):
        load(path)


@pytest.mark.parametrize(
    "step, attribute, value",
    [
        (PCA(2), "components_", lambda a: a[:1]),
        (PCA(2), "n_components_", same(1)),
        (PCA(2), "singular_values_", np.negative),
        (IncrementalPCA(2), "var_", np.negative),
        (TruncatedSVD(2), "components_", lambda a: a[:, 1:]),
        (NMF(2), "components_", lambda a: a[:0]),
        (MinMaxScaler(), "min_", lambda a: a[1:]),
        (MaxAbsScaler(), "scale_", with_nan),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_forged_estimator_of_scikit_learn_is_refused(X, path, step, attribute, value):
    model = make_pipeline(PianoRollEncoder(), step).fit(X)
    save(model, path)
    assert_array_equal(load(path).transform(X), model.transform(X))
    is_refused(model, ("steps", 1, 1, attribute), value, path, attribute)


@pytest.mark.parametrize(
    "last", [PCA(2), PCA(0.01), PCA(0.9), NMF(2), VariationalAutoencoder(2)]
)
def test_every_model_that_generation_takes_is_saved(X, path, last):
    model = make_pipeline(PianoRollEncoder(), last).fit(X)
    save(model, path)
    assert_array_equal(load(path).transform(X), model.transform(X))


@pytest.mark.integration
def test_forged_models_are_refused_or_right():
    outcomes, faults = forging.campaign("models", 60)
    assert not faults
    assert outcomes["refused"] > 30 and outcomes["right"] > 0


# ------------------------------------------------------------ temporary files


def save_and_die(model, path):
    """Save, but be killed before the bytes are on the disk."""
    os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
    save(model, path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGKILL")
def test_what_a_killed_save_left_is_swept_by_the_next(model, path):
    path.write_bytes(b"old")
    fork = multiprocessing.get_context("fork")
    process = fork.Process(target=save_and_die, args=(model, path))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    left = sorted(os.listdir(path.parent))
    assert len(left) == 2 and path.read_bytes() == b"old"
    other = path.with_name("other.c2c")
    save(model, other)  # this process looks into the folder for the first time
    assert sorted(os.listdir(path.parent)) == [path.name, other.name]
