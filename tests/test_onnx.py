"""ONNX models compute what the estimators compute, in ONNX Runtime."""

import builtins
import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_c2c import (
    AttributeVariationalAutoencoder,
    Autoencoder,
    DualBranchAutoencoder,
    PianoRollEncoder,
    PitchRhythmAutoencoder,
    RecurrentAutoencoder,
    VariationalAutoencoder,
    VariationalRecurrentAutoencoder,
)
from sklearn_c2c.melody import END
from sklearn_c2c.metrics import note_density
from sklearn_c2c.onnx import to_onnx, write_onnx
from sklearn_c2c.persistence import save
from tests.command import fails
from tests.command import run as c2c

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

FEW = {"max_iter": 3, "random_state": 0}
LOOSE = FEW | {"beta": 1e-3}
DENSE = {
    "sigmoid": Autoencoder(h=9, **FEW),
    "softmax": Autoencoder(
        h=9, output="softmax", activation="tanh", hidden_layer_sizes=(20, 12), **FEW
    ),
    "tied": Autoencoder(h=9, tied=True, activation="identity", **FEW),
    "relu": Autoencoder(
        h=9,
        activation="relu",
        hidden_layer_sizes=(15,),
        hidden_activation="relu",
        **FEW,
    ),
    "variational": VariationalAutoencoder(h=8, hidden_layer_sizes=(15,), **LOOSE),
    "sigmoid variational": VariationalAutoencoder(h=8, output="sigmoid", **LOOSE),
    "attribute": AttributeVariationalAutoencoder(h=5, hidden_layer_sizes=(15,), **FEW),
    "pitch and rhythm": PitchRhythmAutoencoder(6, 4, **LOOSE),
    "pitch and rhythm, hidden": PitchRhythmAutoencoder(
        6, 4, hidden_layer_sizes=(11,), steps_per_measure=24, **LOOSE
    ),
    "pitch and rhythm, no measures": PitchRhythmAutoencoder(
        6, 4, steps_per_measure=None, **LOOSE
    ),
    "two branches": DualBranchAutoencoder(4, 3, **FEW),
}
SMALL = {"n_units": 12, "max_iter": 2, "random_state": 0}
RECURRENT = {
    f"{kind.__name__}, {cell}, {measure}": kind(
        h=6, cell=cell, steps_per_measure=measure, **SMALL
    )
    for kind in (RecurrentAutoencoder, VariationalRecurrentAutoencoder)
    for cell in ("gru", "lstm")
    for measure in (None, 16, 12)
}
TOLERANCE = {np.float32: 1e-5, np.float64: 1e-10}


@pytest.fixture(scope="module")
def melodies(reels):
    """Two measures, or less."""
    X = reels[:40, :32].copy()
    X[::3, 27:] = END
    X[::4, 9:] = END
    return X


def fitted(estimator, X, dtype=np.float32):
    y = None
    if isinstance(estimator, AttributeVariationalAutoencoder):
        y = note_density(X)
    if isinstance(estimator, DualBranchAutoencoder):
        y = np.arange(len(X)) % 3
    encoder = PianoRollEncoder(dtype=dtype, ends=True)
    return make_pipeline(encoder, estimator).fit(X, y)


def session(made):
    onnx.checker.check_model(made, full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 2  # warnings
    providers = ["CPUExecutionProvider"]
    return onnxruntime.InferenceSession(made.SerializeToString(), options, providers)


def run(made, values):
    (given,), (result,) = made.graph.input, made.graph.output
    return session(made).run([result.name], {given.name: values})[0]


def assert_computes_the_same(model, X, tolerance):
    roll = model[0].transform(X)
    Z = run(to_onnx(model, part="encoder"), roll)
    assert Z.dtype == roll.dtype
    assert_allclose(Z, model.transform(X), rtol=0, atol=tolerance)
    P = run(to_onnx(model, part="decoder"), Z)
    assert P.dtype == roll.dtype
    assert_allclose(P, model[-1].inverse_transform(Z), rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", DENSE)
def test_dense_models_are_computed(melodies, name, dtype):
    model = fitted(DENSE[name], melodies, dtype)
    assert_computes_the_same(model, melodies, TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent_models_are_computed(melodies, name, dtype):
    model = fitted(RECURRENT[name], melodies, dtype)
    # Of so little training the decoder knows only holds; with these weights, more.
    rng = np.random.default_rng(2)
    for coef, intercept in zip(model[-1].coefs_, model[-1].intercepts_, strict=True):
        coef[:] = 0.8 * rng.standard_normal(coef.shape)
        intercept[:] = 0.1 * rng.standard_normal(intercept.shape)
    assert_computes_the_same(model, melodies, TOLERANCE[dtype])
    P = model[-1].inverse_transform(model.transform(melodies))
    tokens = P.reshape(len(P), 32, -1).argmax(axis=2)
    assert len(np.unique(tokens, axis=0)) > 5


@pytest.mark.integration
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_reels_that_were_learned_are_decoded(reels, cell):
    estimator = RecurrentAutoencoder(
        32, n_units=64, cell=cell, steps_per_measure=16, max_iter=60, random_state=0
    )
    model = make_pipeline(PianoRollEncoder(), estimator).fit(reels)
    assert_computes_the_same(model, reels, 1e-5)


@pytest.mark.parametrize("name", ["sigmoid", "pitch and rhythm"])
def test_rows_that_are_not_one_hot_are_computed(melodies, rng, name):
    estimator = fitted(DENSE[name], melodies)[-1]
    X = rng.random((7, estimator.n_features_in_)).astype(np.float32)
    encoded = run(to_onnx(estimator, part="encoder"), X)
    assert_allclose(encoded, estimator.transform(X), rtol=0, atol=1e-4)


def test_recurrent_rows_that_are_not_one_hot_are_computed(melodies, rng):
    for measure in (None, 12):
        name = f"RecurrentAutoencoder, gru, {measure}"
        estimator = fitted(RECURRENT[name], melodies)[-1]
        X = rng.random((7, 32, estimator.group_size_)).astype(np.float32)
        X[2, 20:], X[3, 12:], X[4, :24], X[5] = 0, 0, 0, 0
        X = X.reshape(7, -1)
        encoded = run(to_onnx(estimator, part="encoder"), X)
        assert_allclose(encoded, estimator.transform(X), rtol=0, atol=1e-5)


def test_any_number_of_rows_is_computed(melodies):
    for estimator in (DENSE["pitch and rhythm"], *list(RECURRENT.values())[:3]):
        model = fitted(estimator, melodies)
        encode = session(to_onnx(model, part="encoder"))
        decode = session(to_onnx(model, part="decoder"))
        roll = model[0].transform(melodies)
        for n in (1, 3, 40):
            (Z,) = encode.run(None, {"X": roll[:n]})
            (P,) = decode.run(None, {"Z": Z})
            assert P.shape == roll[:n].shape


def test_a_model_says_what_its_columns_are(melodies):
    model = fitted(DENSE["softmax"], melodies)
    made = to_onnx(model, part="decoder")
    said = {entry.key: entry.value for entry in made.metadata_props}
    assert said.pop("estimator") == "Autoencoder"
    said = {name: json.loads(value) for name, value in said.items()}
    assert said["tokens"] == model[0].tokens_.tolist()
    assert (said["n_steps"], said["steps_per_measure"]) == (32, 16)
    assert said["group_size"] == len(said["tokens"])
    assert_array_equal(np.float32(said["latent_std"]), model[-1].latent_std_)
    bare = to_onnx(model[-1], part="decoder")
    assert "tokens" not in {entry.key for entry in bare.metadata_props}
    assert bare.graph == made.graph


def test_files_are_those_models_and_equal_again(melodies, tmp_path):
    model = fitted(DENSE["variational"], melodies)
    for part in ("encoder", "decoder"):
        write_onnx(model, tmp_path / part, part=part)
        written = (tmp_path / part).read_bytes()
        assert onnx.load_from_string(written) == to_onnx(model, part=part)
        write_onnx(model, tmp_path / part, part=part)
        assert (tmp_path / part).read_bytes() == written


def test_parameters_that_were_set_after_fit_count_as_for_transform(melodies):
    model = fitted(DENSE["softmax"], melodies).set_params(autoencoder__h=3)
    assert_computes_the_same(model, melodies, 1e-5)
    model = fitted(RECURRENT["RecurrentAutoencoder, gru, 16"], melodies)
    model.set_params(recurrentautoencoder__n_units=3)
    with pytest.raises(ValueError, match="Set them back, or fit a clone"):
        to_onnx(model, part="decoder")


class Own(Autoencoder):
    """An autoencoder that may compute something else."""


@pytest.mark.parametrize(
    "model, message",
    [
        (PCA(2), "Found a model of PCA; expected one of AttributeVar.*skl2onnx"),
        (Own(2), "Found a model of Own; expected one of "),
        (PianoRollEncoder(), "Found a model of PianoRollEncoder; expected one of "),
        (
            make_pipeline(PianoRollEncoder(), StandardScaler(), Autoencoder(2)),
            "Found PianoRollEncoder, StandardScaler before Autoencoder in the Pipe",
        ),
        (
            make_pipeline(StandardScaler(), Autoencoder(2)),
            "Found StandardScaler before Autoencoder in the Pipeline; expected only",
        ),
    ],
)
def test_other_models_are_refused(model, message):
    with pytest.raises(ValueError, match=message):
        to_onnx(model, part="encoder")


def test_what_cannot_be_written_is_refused(melodies, monkeypatch):
    with pytest.raises(NotFittedError):
        to_onnx(Autoencoder(2), part="encoder")
    model = fitted(DENSE["sigmoid"], melodies)
    with pytest.raises(ValueError, match="'part' parameter of to_onnx must be a str"):
        to_onnx(model, part="both")
    monkeypatch.setattr("sklearn_c2c.onnx._model._MOST_BYTES", 1000)
    with pytest.raises(ValueError, match="ONNX file holds less than 2 GiB"):
        to_onnx(model, part="encoder")


def test_without_onnx_the_error_says_how_to_install_it(melodies, monkeypatch):
    model = fitted(DENSE["sigmoid"], melodies)

    def missing(name, *rest):
        if name == "onnx":
            raise ImportError(name)
        return found(name, *rest)

    found = builtins.__import__
    monkeypatch.setattr("sklearn_c2c._extras.import_module", missing)
    with pytest.raises(ImportError, match=r'pip install "sklearn_c2c\[onnx\]"'):
        to_onnx(model, part="encoder")


def test_the_command_writes_both_parts(melodies, tmp_path, capsys):
    model = fitted(DENSE["two branches"], melodies)
    save(model, tmp_path / "model.c2c")
    out = tmp_path / "parts"
    command = "onnx", "--model", tmp_path / "model.c2c", "--out", out
    assert c2c(*command) == 0
    assert capsys.readouterr().out == f"Written to {out}\n"
    for part in ("encoder", "decoder"):
        assert onnx.load(out / f"{part}.onnx") == to_onnx(model, part=part)
    assert "has content already" in fails(capsys, *command)
    assert c2c(*command, "--force") == 0
    save(PCA(2).fit(melodies), tmp_path / "model.c2c")
    assert "Found a model of PCA" in fails(capsys, *command, "--force")
