"""Recurrent networks of the pages compute what the estimators compute in Python."""

from copy import deepcopy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline

from sklearn_c2c import (
    PianoRollEncoder,
    RecurrentAutoencoder,
    VariationalRecurrentAutoencoder,
)
from sklearn_c2c.melody import END
from sklearn_c2c.page._model import describe_model, pack_model

KINDS = [RecurrentAutoencoder, VariationalRecurrentAutoencoder]

COMPUTE = """
    import { Model } from "./model.js";
    const { description, text, melodies, latents } = data;
    const model = await Model.load(description, text);
    const codes = melodies.map((melody) => Array.from(model.encode(melody)));
    // The order must not matter: nothing is left over from one call to the next.
    const encoded = [...melodies].reverse().map((m) => Array.from(model.encode(m)));
    report({
        codes,
        isSame: JSON.stringify(encoded.reverse()) === JSON.stringify(codes),
        probabilities: latents.map((z) => Array.from(model.probabilities(z))),
        melodies: latents.map((z) => Array.from(model.decode(z))),
    });
"""


@pytest.fixture(scope="module")
def melodies(reels):
    """Of up to 44 steps, which are no whole number of measures."""
    X = reels[:30, :44].copy()
    X[::3, 33:] = END
    X[::4, 9:] = END
    return X


def fitted(estimator, X, *, ends=True):
    return make_pipeline(PianoRollEncoder(ends=ends), estimator).fit(X)


def as_packed(model):
    """The model in float64 with the weights that a page has."""
    model = deepcopy(model)
    estimator = model[-1]
    layers, (_, arrays) = estimator.layers_by_name(), describe_model(model)
    coefs, intercepts = [], []
    for name, (coef, intercept) in layers.items():
        coef, intercept = coef.astype(np.float64), intercept.astype(np.float64)
        scale = arrays[f"{name}.scale"]
        packed = arrays[f"{name}.coef"].reshape(len(coef), -1) * scale
        coef[:, : len(scale)] = packed.astype(np.float32)
        coefs.append(coef)
        intercepts.append(intercept)
    estimator.coefs_, estimator.intercepts_ = coefs, intercepts
    return model


def computed(node, model, X, Z):
    description, text = pack_model(model)
    given = {"description": description, "text": text}
    return node(COMPUTE, given | {"melodies": X.tolist(), "latents": Z.tolist()})


def tokens_of(P, estimator):
    return np.reshape(P, (len(P), -1, estimator.group_size_)).argmax(axis=2)


def assert_same_but_for_ties(P, expected, estimator):
    """Greedy tokens agree up to a first difference, if any, that is a tie in Python."""
    found, tokens = tokens_of(P, estimator), tokens_of(expected, estimator)
    steps = np.reshape(expected, (*tokens.shape, -1))
    for i, differs in enumerate(found != tokens):
        t = differs.argmax() if differs.any() else len(differs)
        assert_allclose(
            np.reshape(P[i], steps[i].shape)[:t], steps[i, :t], rtol=0, atol=1e-6
        )
        if differs.any():
            second, first = np.sort(steps[i, t])[-2:]
            assert first - second < 1e-9


def wild(model, rng):
    """Weights with which many tokens are written, which a short training does not."""
    for coef, intercept in zip(model[-1].coefs_, model[-1].intercepts_, strict=True):
        coef[:] = 0.8 * rng.standard_normal(coef.shape)
        intercept[:] = 0.1 * rng.standard_normal(intercept.shape)
    return model


@pytest.mark.parametrize("measure", [None, 16])
@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("kind", KINDS)
def test_codes_and_probabilities_are_those_of_python(
    node, melodies, rng, kind, cell, measure
):
    estimator = kind(h=5, n_units=13, cell=cell, steps_per_measure=measure, max_iter=1)
    model = wild(fitted(estimator, melodies), rng)
    packed = as_packed(model)
    Z = rng.standard_normal((40, 5)).astype(np.float32)
    found = computed(node, model, melodies, Z)
    assert found["isSame"]
    expected = packed.transform(melodies)
    assert_allclose(found["codes"], expected, rtol=0, atol=1e-5)
    P = packed[-1].inverse_transform(Z)
    assert len(np.unique(tokens_of(P, packed[-1]), axis=0)) > 5
    assert_same_but_for_ties(found["probabilities"], P, packed[-1])


def test_melodies_are_decoded_along_transitions(node, melodies, rng):
    estimator = RecurrentAutoencoder(
        6, n_units=16, steps_per_measure=12, max_iter=40, random_state=0
    )
    model = fitted(estimator, melodies)
    packed = as_packed(model)
    Z = packed.transform(melodies).astype(np.float32)
    found = computed(node, model, melodies, Z)
    P = np.array(found["probabilities"], np.float32)
    # Of the same probabilities, as some of Python's differ in the last bit.
    assert_array_equal(found["melodies"], model[0].inverse_transform(P))
    assert_same_but_for_ties(P, packed[-1].inverse_transform(Z), packed[-1])


def test_melodies_without_an_end_and_measures_beyond_the_row(node, melodies, rng):
    X = melodies[:, :8]
    estimator = RecurrentAutoencoder(3, n_units=4, steps_per_measure=90, max_iter=1)
    model = wild(fitted(estimator, X, ends=False), rng)
    packed = as_packed(model)
    Z = rng.standard_normal((5, 3)).astype(np.float32)
    found = computed(node, model, X, Z)
    assert_allclose(found["codes"], packed.transform(X), rtol=0, atol=1e-5)
    P = packed[-1].inverse_transform(Z)
    assert_same_but_for_ties(found["probabilities"], P, packed[-1])


def test_steps_of_other_columns_are_refused(node, melodies):
    encoder = PianoRollEncoder(ends=True).fit(melodies)
    n_tokens = encoder.n_tokens_
    estimator = RecurrentAutoencoder(2, n_units=3, max_iter=1, group_size=2 * n_tokens)
    model = make_pipeline(encoder, estimator).fit(melodies)
    description, text = pack_model(model)
    program = """
        import { Model } from "./model.js";
        report(await Model.load(...data).catch((error) => error.message));
    """
    message = f"The network writes {2 * n_tokens} tokens, not {n_tokens}."
    assert node(program, [description, text]) == message


@pytest.mark.integration
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_reels_and_draws_are_decoded_as_by_the_whole_model(node, reels, rng, cell):
    estimator = RecurrentAutoencoder(
        16, n_units=32, cell=cell, steps_per_measure=16, max_iter=40, random_state=0
    )
    model = make_pipeline(PianoRollEncoder(), estimator).fit(reels)
    packed, Z = as_packed(model), model.transform(reels)
    draws = rng.normal(estimator.latent_mean_, estimator.latent_std_, (200, 16))
    latents = np.vstack([Z, draws]).astype(np.float32)
    found = computed(node, model, reels, latents)
    assert_allclose(found["codes"], packed.transform(reels), rtol=0, atol=1e-5)
    # The encoder has 8-bit weights.
    assert abs(found["codes"] - Z).max() < 0.1 * estimator.latent_std_.mean()
    P = packed[-1].inverse_transform(latents)
    assert_same_but_for_ties(found["probabilities"], P, packed[-1])
    alike = np.array(found["melodies"]) == model.inverse_transform(latents)
    assert alike.all(axis=1).mean() > 0.95
