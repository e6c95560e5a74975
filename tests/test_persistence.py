import hashlib
import os

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import sklearn_c2c
from sklearn_c2c import (
    Autoencoder,
    MarkovMelodies,
    PianoRollEncoder,
    generation,
    persistence,
)
from sklearn_c2c.persistence import load, save


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
    """Write an archive behind a valid header, as a stranger with bad intent could."""
    body = persistence._FORMAT + archive
    path.write_bytes(persistence._MAGIC + hashlib.sha256(body).digest() + body)


def test_loaded_model_generates_the_same(model, X, path):
    save(model, path)
    restored = load(path)
    assert_array_equal(restored.transform(X), model.transform(X))
    drawn = [generation.sample(m, 5, random_state=3) for m in (model, restored)]
    assert_array_equal(*drawn)


def test_loaded_markov_chain_draws_the_same(X, path):
    markov = MarkovMelodies(2, steps_per_measure=4).fit(X)
    save(markov, path)
    drawn = [model.sample(5, random_state=3) for model in (markov, load(path))]
    assert_array_equal(*drawn)
    assert_array_equal(load(path).score_samples(X), markov.score_samples(X))


def test_every_public_estimator_is_trusted():
    public = {f"{cls.__module__}.{cls.__name__}" for cls in estimators()}
    assert public <= set(persistence._TRUSTED)


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


def test_other_format(model, path, monkeypatch):
    monkeypatch.setattr(persistence, "_FORMAT", b"999\n")
    save(model, path)
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"format b'999\\n'.*update sklearn_c2c"):
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
    with pytest.raises(ValueError, match="claims more than"):
        load(path)
    honest = skops.io.dumps({"model": np.zeros(10, dtype=np.int8)})
    forge(path, honest.replace(b"(10,)", b"(99,)"))
    with pytest.raises(ValueError, match=r"bytes|CRC"):
        load(path)


def test_missing_file(path):
    with pytest.raises(FileNotFoundError):
        load(path)
