"""Models decode and encode in JavaScript as in Python."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import NMF, PCA
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from sklearn_c2c import (
    AttributeVariationalAutoencoder,
    Autoencoder,
    DualBranchAutoencoder,
    PianoRollEncoder,
    PitchRhythmAutoencoder,
    VariationalAutoencoder,
    generation,
)
from sklearn_c2c._transitions import Transitions, _log_probabilities
from sklearn_c2c.cli import _kinds
from sklearn_c2c.generation._form import decode_steps, letters_of, probabilities
from sklearn_c2c.melody import END, HOLD, N_PITCHES, REST
from sklearn_c2c.metrics import note_density
from sklearn_c2c.page._factors import factor_layer
from sklearn_c2c.page._model import describe_model, pack_model
from sklearn_c2c.page._packing import pack_arrays, quantize_columns

N_CODES = 200

# Largest difference of the scores of two melodies, in nats, that is rounding: sums of a
# few hundred float32 log-probabilities of up to 20 nats.
TIE = 2e-2

ENDS = PianoRollEncoder(ends=True)
MODELS = {
    "variational": (PianoRollEncoder(), VariationalAutoencoder(h=32)),
    "hidden layers": (
        PianoRollEncoder(),
        VariationalAutoencoder(h=16, hidden_layer_sizes=(64,)),
    ),
    "paper": (
        PianoRollEncoder(transition_weight=0),
        Autoencoder(h=40, hidden_layer_sizes=(60, 50), hidden_activation="relu"),
    ),
    "sigmoid": (PianoRollEncoder(transition_weight=0.5), Autoencoder(h=40)),
    "attributes": (
        PianoRollEncoder(),
        AttributeVariationalAutoencoder(
            h=8, hidden_layer_sizes=(32,), attributes=("note_density",)
        ),
    ),
    "pitch and rhythm": (PianoRollEncoder(), PitchRhythmAutoencoder()),
    "two branches": (
        PianoRollEncoder(),
        DualBranchAutoencoder(h_a=5, h_b=6, hidden_layer_sizes=(40,)),
    ),
    "ends": (ENDS, VariationalAutoencoder(h=12)),
    "pitch and rhythm with ends": (ENDS, PitchRhythmAutoencoder(steps_per_measure=16)),
    "components": (PianoRollEncoder(), PCA(20, whiten=True)),
    "factors": (PianoRollEncoder(), NMF(12, max_iter=60)),
}

DECODE = """
    import { Model } from "./model.js";
    const model = await Model.load(data.description, data.text);
    const options = data.options ?? [];
    report({
      h: model.h,
      attributes: model.attributes,
      melodies: data.Z.map((z, i) =>
        Array.from(model.decode(Float32Array.from(z), options[i]))),
      probabilities: data.Z.slice(0, 5).map((z) =>
        Array.from(model.probabilities(Float32Array.from(z)))),
      codes: model.canEncode
        ? data.X.map((x) => Array.from(model.encode(Int16Array.from(x)))) : [],
    });
"""


@pytest.fixture(scope="module")
def fitted(reels):
    """Fit each model once: fitted(name) is the model and its corpus."""
    found = {}

    def fit(name):
        if name not in found:
            encoder, estimator = map(copy.deepcopy, MODELS[name])
            parameters = {"random_state": 0}
            if "max_iter" in estimator.get_params() and not isinstance(estimator, NMF):
                parameters["max_iter"] = 15
            model = make_pipeline(encoder, estimator.set_params(**parameters))
            X = shortened(reels) if name.endswith("ends") else reels
            labels = {
                AttributeVariationalAutoencoder: note_density(X),
                DualBranchAutoencoder: note_density(X) > np.median(note_density(X)),
            }
            found[name] = model.fit(X, labels.get(type(estimator))), X
        return found[name]

    return fit


def shortened(X):
    """Melodies of 5 to 8 measures."""
    X = X.copy()
    for i, row in enumerate(X):
        row[len(row) - 16 * (i % 4) :][: 16 * (i % 4)] = END
    return X


def rounded(model, X=None):
    """The model with the weights that the page has."""
    model = copy.deepcopy(model)
    estimator = model[-1]
    description, arrays = describe_model(model, X)

    def layers(chain):
        for layer in chain or []:
            coef = arrays[f"{layer['name']}.coef"].reshape(layer["nIn"], layer["nOut"])
            yield coef * arrays[f"{layer['name']}.scale"]

    network = description["network"]
    branches = [network[name] for name in ("pitch", "rhythm") if name in network]
    coefs = [
        coef
        for branch in branches or [network]
        for side in ("encoder", "decoder")
        for coef in layers(branch[side])
    ]
    if isinstance(estimator, PCA):
        estimator.components_ = coefs[-1] / np.sqrt(
            estimator.explained_variance_[:, np.newaxis]
        )
    elif isinstance(estimator, NMF):
        estimator.components_ = coefs[-1]
    else:
        for own, coef in zip(estimator.coefs_, coefs, strict=False):
            own[:, : coef.shape[1]] = coef
    return model


def codes(model, X, n=N_CODES, method="gaussian"):
    """Latent vectors as `generation.sample` draws them, and those of the corpus."""
    latent = generation.LatentModel(model)
    rng = np.random.RandomState(1)
    draws = generation._sampling._draw(latent, n, X, method, 1.0, "scott", rng)
    return np.vstack([draws, model.transform(X)]).astype(np.float32)


def decoded(node, model, Z, X, corpus=None, options=None):
    description, text = pack_model(model, corpus)
    data = {"description": description, "text": text, "Z": Z.tolist()}
    found = node(DECODE, data | {"X": X.tolist(), "options": options})
    return SimpleNamespace(**{k: np.array(v) for k, v in found.items()})


def score(encoder, P, melody):
    """What `PianoRollEncoder.inverse_transform` maximises."""
    n_steps = int(np.argmax(melody == END)) if END in melody else len(melody)
    tokens = encoder.tokens_[encoder.tokens_ != END]
    P, melody = P[:n_steps, : len(tokens)].astype(np.float32), melody[:n_steps]
    (log_p,), (mean,) = _log_probabilities(P[np.newaxis])
    weight = encoder.transition_weight * min(1, mean / 0.1) ** 2
    column = np.searchsorted(tokens[:-2], melody)
    column[melody == HOLD], column[melody == REST] = -2, -1
    total = log_p[np.arange(n_steps), column].sum(dtype=np.float64)
    return total + weight * ratios(encoder, melody)


def ratios(encoder, melody):
    """Sum of the log ratios of the transitions of a melody."""
    found = Transitions(**encoder.transitions_)
    rest = len(found.end) - 1
    total, age, a, b = 0.0, 0, rest, rest
    for t, token in enumerate(melody):
        place = t % len(found.level)
        total += found.rhythm[place, age, int(token != HOLD)]
        if token != HOLD:
            s = rest if token == REST else rest - 1
            if token in found.pitches:
                s = int(np.searchsorted(found.pitches, token))
            total += found.pitch[found.level[place], b, a, s]
            a, b, age = b, s, 0
        age = min(age + 1, found.rhythm.shape[1] - 1)
    return total + found.end[b]


@pytest.mark.parametrize("name", MODELS)
def test_melodies_are_those_of_python_but_for_ties(node, fitted, name):
    model, X = fitted(name)
    model = rounded(model)
    Z = codes(model, X)
    found = decoded(node, model, Z, X[:1])
    expected = model.inverse_transform(Z)
    different = np.flatnonzero((found.melodies != expected).any(axis=1))
    assert len(different) <= 0.02 * len(Z)
    encoder = model[0]
    P = model[1:].inverse_transform(Z).reshape(len(Z), encoder.n_features_in_, -1)
    for i in different:
        if encoder.transition_weight == 0:
            steps = found.melodies[i] != expected[i]
            top = np.sort(P[i, steps], axis=1)
            assert (top[:, -1] - top[:, -2]).max() < 1e-5
            continue
        ours, theirs = (
            score(encoder, P[i], row[i]) for row in (found.melodies, expected)
        )
        assert abs(ours - theirs) < TIE
    assert_allclose(found.probabilities, P[:5].reshape(5, -1), atol=2e-5)


@pytest.mark.parametrize("name", [name for name in MODELS if name != "factors"])
def test_latent_vectors_are_those_of_python(node, fitted, name):
    model, X = fitted(name)
    model = rounded(model) if name != "components" else model
    Z = model.transform(X)
    found = decoded(node, model, Z[:1], X)
    assert found.h == Z.shape[1]
    rounding = 0.02 if name == "components" else 1e-4
    assert_allclose(found.codes, Z, atol=rounding * np.abs(Z).max())


@pytest.mark.parametrize("kind", ["usual", "paper"])
@pytest.mark.integration
def test_default_models_of_the_command(node, reels, kind):
    args = SimpleNamespace(kinds=[kind][: kind != "usual"], training={}, seed=0)
    model = _kinds.unfitted(args, reels, 16).fit(reels)
    Z = codes(model, reels)
    found = decoded(node, model, Z, reels, corpus=reels)
    expected = model.inverse_transform(Z)
    assert_array_equal(expected[N_CODES:], reels)
    assert_array_equal(found.melodies[N_CODES:], reels)
    same = found.melodies[:N_CODES] == expected[:N_CODES]
    assert same.mean() > 0.998
    assert same.all(axis=1).mean() > 0.85
    # The reels come back through both, encoder and decoder of the page.
    again = decoded(node, model, found.codes, reels[:1], corpus=reels)
    assert_array_equal(again.melodies, reels)
    _, text = pack_model(model, reels)
    assert len(text) < 600_000


@pytest.mark.parametrize("name", ["variational", "sigmoid", "paper", "ends"])
@pytest.mark.parametrize("with_form", [False, True])
@pytest.mark.parametrize("with_kept", [False, True])
def test_form_and_kept_steps(node, fitted, name, with_form, with_kept):
    model, X = fitted(name)
    model = rounded(model)
    encoder, latent = model[0], generation.LatentModel(model)
    Z = codes(model, X, n=60)[:60]
    rng = np.random.RandomState(2)
    letters = letters_of(latent, "corpus", Z, X=X, rng=rng) if with_form else None
    kept = X[rng.randint(len(X), size=len(Z))]
    mask = np.repeat(rng.random_sample((len(Z), 16)) < 0.3, 8, axis=1)
    mask[::2] = rng.random_sample((len(Z[::2]), 128)) < 0.2
    allowed = np.stack([allow(encoder, *pair) for pair in zip(kept, mask, strict=True)])
    expected = decode_steps(
        encoder,
        probabilities(latent, Z, letters),
        letters,
        allowed if with_kept else None,
    )
    options = [{} for _ in Z]
    for i, option in enumerate(options):
        if with_form:
            option["letters"] = letters[i].tolist()
        if with_kept:
            option["kept"] = {"melody": kept[i].tolist(), "mask": mask[i].tolist()}
    found = decoded(node, model, Z, X[:1], options=options).melodies
    assert (found == expected).all(axis=1).mean() >= 0.95  # but for ties
    if with_kept:
        stays = mask & (kept != END)
        assert_array_equal(found[stays], kept[stays])
    if with_form and not with_kept and name != "ends":
        places = found.reshape(len(Z), letters.shape[1], -1)
        for row, own in zip(places, letters, strict=True):
            assert_array_equal(row, row[[list(own).index(letter) for letter in own]])


def allow(encoder, melody, mask):
    """Mask of the tokens that are allowed, as completion makes it."""
    allowed = (encoder.tokens_ == melody[:, np.newaxis]) | ~mask[:, np.newaxis]
    goes_on = np.maximum.accumulate((mask & (melody != END))[::-1])[::-1]
    allowed[np.ix_(goes_on, encoder.tokens_ == END)] = False
    after_end = np.append(False, (melody == END)[:-1])
    allowed[after_end] = True
    return allowed


def test_hostile_probabilities(node, reels, rng):
    """Certain, equal, impossible and negative values, at all weights of transitions."""
    X = reels[:20]
    encoder = PianoRollEncoder(pitch_range=(50, 90)).fit(X)
    model = make_pipeline(encoder, PCA(2)).fit(X)
    shape = 128, encoder.n_tokens_
    rolls = [
        encoder.transform(X[:1])[0].reshape(shape),
        np.ones(shape),
        np.zeros(shape),
    ]
    for power in (1, 3, 10, 40):
        rolls.append(rng.random(shape) ** power)
        rolls.append(rng.random(shape) ** power * (rng.random(shape) < 0.3))
    rolls.append(rng.normal(size=shape))
    P = np.stack(rolls).astype(np.float32)
    program = """
        import { PianoRollDecoder } from "./transitions.js";
        import { unpackArrays } from "./arrays.js";
        const arrays = await unpackArrays(data.manifest, data.text);
        const transitions = Object.fromEntries(
          Object.entries(arrays).map(([name, array]) => [name.split(".")[1], array]));
        report(data.weights.map((transitionWeight) => {
          const description = { ...data.encoder, transitionWeight };
          const decoder = new PianoRollDecoder(description, transitions);
          return data.P.map((p) => Array.from(decoder.decode(Float32Array.from(p))));
        }));
    """
    description, arrays = describe_model(model)
    arrays = {k: a for k, a in arrays.items() if k.startswith("transitions")}
    manifest, text = pack_arrays(arrays)
    weights = [0, 0.05, 0.9, 30]
    P_rows = P.reshape(len(P), -1)
    data = {"manifest": manifest, "text": text, "P": P_rows.tolist()}
    found = node(
        program, data | {"encoder": description["encoder"], "weights": weights}
    )
    for weight, melodies in zip(weights, np.array(found), strict=True):
        encoder.set_params(transition_weight=weight)
        assert_array_equal(melodies, encoder.inverse_transform(P_rows))


def test_arrays_come_back(node, rng):
    arrays = {
        "bytes": rng.integers(-127, 128, 1001).astype(np.int8),
        "integers": rng.integers(-30000, 30000, 7).astype(np.int16),
        "floats": rng.normal(size=(3, 5)).astype(np.float32),
        "empty": np.zeros(0, np.float32),
    }
    manifest, text = pack_arrays(arrays)
    assert pack_arrays(arrays) == (manifest, text)
    program = """
        import { unpackArrays } from "./arrays.js";
        const arrays = await unpackArrays(data[0], data[1]);
        const lists = Object.entries(arrays).map(([name, a]) => [name, Array.from(a)]);
        report(lists);
    """
    found = dict(node(program, [manifest, text]))
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert_array_equal(np.array(found[name], array.dtype), array.ravel())
    with pytest.raises(TypeError, match="float64"):
        pack_arrays({"double": np.zeros(3)})


@pytest.mark.parametrize("largest", [127, 1023])
def test_weights_are_rounded_by_half_a_unit_at_most(rng, largest):
    coef = rng.normal(size=(40, 30)) * 10.0 ** rng.integers(-6, 6, 30)
    coef[:, 3] = 0
    quantized, scale = quantize_columns(coef, largest)
    assert np.abs(quantized).max() == largest
    assert (np.abs(quantized * scale - coef) <= 0.501 * scale).all()


def test_factors_are_exact_on_the_span(rng):
    inputs = rng.normal(size=(12, 50)) + 3
    coef, intercept = rng.normal(size=(50, 80)), rng.normal(size=80)
    (narrow, zero), (wide, bias) = factor_layer(coef, intercept, inputs, most=30)
    assert narrow.shape == (50, 11)
    mixed = np.array([[0.5, 0.8, -0.3] + [0] * 9]) @ inputs
    for rows in (inputs, mixed):
        assert_allclose((rows @ narrow + zero) @ wide + bias, rows @ coef + intercept)


def test_what_a_page_cannot_decode(reels):
    with pytest.raises(ValueError, match="cannot decode Ridge; expected one of"):
        describe_model(SimpleModel(reels, Ridge()))
    large = make_pipeline(PianoRollEncoder(), Autoencoder(h=500, max_iter=1)).fit(reels)
    with pytest.raises(ValueError, match=r"3968000 weights.*pass its corpus as X"):
        describe_model(large)
    longer = make_pipeline(PianoRollEncoder(), PCA(3), PCA(2)).fit(reels)
    with pytest.raises(ValueError, match="one estimator; got Pipeline"):
        describe_model(longer)


def SimpleModel(X, estimator):
    """A Pipeline whose last step has no wiring."""
    model = make_pipeline(PianoRollEncoder(), estimator)
    model[0].fit(X)
    return model


def test_errors_of_the_page_are_for_people(node, fitted):
    model, X = fitted("components")
    description, text = pack_model(model)
    program = """
        import { Model } from "./model.js";
        const model = await Model.load(data.description, data.text);
        const message = (action) => {
          try { action(); } catch (error) { return error.message; }
        };
        const z = new Float32Array(model.h);
        const low = Int16Array.from(data.x);
        low[0] = 20;
        report([
          message(() => model.decode(z.subarray(1))),
          message(() => model.decode(z.fill(9), { letters: [0, 1] })),
          message(() => model.encode(low)),
          message(() => model.encode(low.subarray(1))),
        ]);
    """
    data = {"description": description, "text": text, "x": X[0].tolist()}
    assert X[0, 0] < N_PITCHES
    assert node(program, data) == [
        "The latent vector has 19 numbers, the model 20.",
        "This model has no probabilities, so it keeps no form and no step.",
        "The model has no token 20 of step 0.",
        "The melody has 127 steps, the model 128.",
    ]
