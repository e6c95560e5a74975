"""Every public function on rows of several voices, with all kinds of models.

A row of several voices is a legal melody too, so what measures or compares rows has the
values that its definition says; the rules are those of melodies of any length. What
composes rows must give legal voices, each within its range.
"""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_c2c import (
    MarkovMelodies,
    PianoRollEncoder,
    SoftmaxRBM,
    generation,
    io,
    melody,
    metrics,
    objectives,
)
from sklearn_c2c.datasets import load_bach_chorales, recombine_measures, transpositions
from sklearn_c2c.melody import HOLD, N_PITCHES, check_voices, split_voices
from tests import test_any_length as of_any_length
from tests import test_any_length_generation as generated
from tests.strategies import rows_of_voices
from tests.test_voices import own_pitches_only

N_VOICES = 4


@cache
def chorales():
    """The first measures of chorales, and their modes."""
    X, y = load_bach_chorales(n_melodies=36, return_X_y=True)
    return split_voices(X, N_VOICES)[..., :16].reshape(36, -1).copy(), y


@pytest.fixture(scope="module")
def X():
    return chorales()[0]


# ------------------------------------------------------------- generation and models


@cache
def fitted(kind):
    X, modes = chorales()
    y = {"attribute": generated.share_of_onsets(X), "dual branch": modes}.get(kind)
    encoder = PianoRollEncoder(n_voices=N_VOICES)
    return make_pipeline(encoder, generated.KINDS[kind]()).fit(X, y)


def rule_of_latent_model(model, X):
    latent = generation.LatentModel(model)
    return [
        latent.draw_noise(20, np.random.RandomState(0)),
        latent.decode(latent.encode(X)),
    ]


def rule_of_refine(model, X):
    critic = make_pipeline(PianoRollEncoder(n_voices=N_VOICES), LogisticRegression())
    critic.fit(X, chorales()[1])
    found = generation.refine(critic, X, n_starts=2, max_iter=1, random_state=0)
    return found.paths


def rule_of_impose(model, X):
    if not hasattr(model[-1], "free_energy"):
        return generated.RULES["impose"](model, X)
    objective = objectives.OfVoice(objectives.NoteDensity(), 3, n_voices=N_VOICES)
    settings = {"n_iter": 3, "random_state": 0}
    fixed = np.where(np.arange(64) < 16, X[0], -1)
    given = generation.impose(model, objective, fixed=fixed, n_samples=4, **settings)
    assert_array_equal(given.melodies[:, :16], np.tile(X[0, :16], (4, 1)))
    fixed[0] = model[0].voice_ranges_[0, 0] - 1
    with pytest.raises(ValueError, match="at step 0, which is outside the range"):
        generation.impose(model, objective, fixed=fixed, **settings)
    free = generation.impose(model, objective, X=X[:6], **settings)
    return [given.melodies, free.melodies, free.start_melodies]


RULES = generated.RULES | {
    "impose": rule_of_impose,
    "LatentModel": rule_of_latent_model,
    "refine": rule_of_refine,
}


@pytest.mark.filterwarnings("ignore:.*reached no cycle")
@pytest.mark.parametrize("strategy", generation.__all__)
@pytest.mark.parametrize("kind", generated.KINDS)
def test_what_a_strategy_makes_are_legal_voices_in_their_ranges(kind, strategy, X):
    model = fitted(kind)
    for rows in RULES[strategy](model, X):
        check_voices(rows, N_VOICES)
        assert own_pitches_only(np.asarray(rows), model[0])


@pytest.mark.parametrize("kind", ["softmax", "variational", "PCA"])
def test_forms_of_letters_are_in_each_voice(kind, X):
    rows = generation.sample(fitted(kind), 8, X=X, method="gaussian", random_state=0)
    check_voices(rows, N_VOICES)
    if kind == "PCA":  # has no probabilities to average
        return
    rows = generation.sample(fitted(kind), 8, form="ABAB", random_state=0)
    places = split_voices(check_voices(rows, N_VOICES), 4 * N_VOICES)
    places = places.reshape(8, N_VOICES, 4, -1)
    assert_array_equal(places[:, :, :2], places[:, :, 2:])


def test_three_voices_are_composed_to_a_given_one(X):
    model, keep = fitted("softmax"), np.arange(64) < 16
    result = generation.complete(
        model, X[0], keep, transposition=0, max_iter=5, X=X, random_state=0
    )
    check_voices(result.melodies, N_VOICES)
    assert own_pitches_only(result.melodies, model[0])
    assert_array_equal(result.melodies[:, keep], np.tile(X[0, keep], (8, 1)))


# ------------------------------------------------------------------ metrics and rows


CASES = [
    case
    for case in of_any_length.CASES
    if case.id.split(".")[0] in ("melody", "metrics", "io")
    # Their rules need lengths that differ, and an encoder of one voice.
    and case.id.split(".")[1] not in ("evaluate", "reconstruction_scores")
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("rule", CASES)
def test_rows_are_measured_as_they_are_defined(rule, X):
    rule(X[:8], X[8:16])


@settings(max_examples=25)
@given(rows_of_voices(low=60, high=64))
def test_a_row_of_voices_is_a_legal_melody(found):
    n_voices, rows = found
    melody.check_melodies(rows)
    voices = split_voices(rows, n_voices)
    assert_array_equal(voices.reshape(rows.shape), rows)
    # Steps are compared as they stand; notes are those of all voices.
    assert metrics.step_accuracy(rows, rows) == 1
    assert metrics.nearest_melody(rows, rows)[1].max() == 0
    density = metrics.note_density(voices.reshape(-1, voices.shape[2]))
    assert_allclose(
        metrics.note_density(rows), density.reshape(-1, n_voices).mean(axis=1)
    )
    for row, own in zip(rows, voices, strict=True):
        n_notes = sum(len(melody.notes_from_melody(voice)) for voice in own)
        assert len(melody.notes_from_melody(row)) == n_notes


def test_reconstruction_is_scored(X):
    found = metrics.reconstruction_scores(fitted("softmax"), X)
    rebuilt = fitted("softmax").inverse_transform(fitted("softmax").transform(X))
    assert found["step_accuracy"] == metrics.step_accuracy(X, rebuilt)


def test_measures_of_a_voice_are_those_of_its_melody(X):
    upper, lower = split_voices(X, N_VOICES)[:, [0, 3]].swapaxes(0, 1)
    assert (metrics.mean_pitch(upper) > metrics.mean_pitch(lower)).all()
    # Sopranos move by step, basses leap.
    assert metrics.mean_absolute_interval(upper[:9]).mean() < 2.5
    assert metrics.mean_absolute_interval(lower[:9]).mean() > 2.5


def test_evaluate_takes_rows_of_voices(X):
    table = metrics.evaluate(X[:8], X[8:16], classify=False, random_state=0)
    assert table.generated.hold_share == metrics.hold_share(X[:8]).mean()
    assert table.generated.coverage > 0


# ------------------------------------------------------------------------ objectives


@pytest.mark.parametrize("voice", range(N_VOICES))
def test_an_objective_of_a_voice_is_that_of_its_melody(voice, X, rng):
    tokens = fitted("softmax")[0].tokens_
    for objective in (
        objectives.NoteDensity(),
        objectives.InScale("D") + 0.1 * objectives.HoldCount(),
    ):
        of_voice = objectives.OfVoice(objective, voice, n_voices=N_VOICES)
        own = split_voices(X, N_VOICES)[:, voice]
        assert_array_equal(of_voice(X), objective(own))
        P = rng.random((3, 64, len(tokens)))
        values, gradient = of_voice.surrogate(P, tokens)
        alone = split_voices(P.swapaxes(1, 2), N_VOICES)[:, :, voice].swapaxes(1, 2)
        expected, slope = objective.surrogate(alone, tokens)
        assert_allclose(values, expected)
        steps = slice(16 * voice, 16 * voice + 16)
        assert_allclose(gradient[:, steps], slope)
        assert np.delete(gradient, np.arange(64)[steps], axis=1).any() == 0
    total = of_voice - 2 * objectives.HoldCount()
    assert_allclose(total(X), of_voice(X) - 2 * objectives.HoldCount()(X))


def test_one_voice_is_optimised_in_four(X):
    model = fitted("softmax")
    dense = objectives.OfVoice(objectives.NoteDensity(), 3, n_voices=N_VOICES)
    result = generation.optimize(model, dense, n_starts=3, max_iter=20, random_state=0)
    check_voices(result.melodies, N_VOICES)
    assert result.after.mean() > result.before.mean()


@pytest.mark.parametrize("numbers", [(4, 4), (-1, 4), (0, 0), (0.5, 4)])
def test_voices_that_are_none_are_refused(numbers):
    voice, n_voices = numbers
    with pytest.raises(ValueError, match="voice must be from 0 to n_voices - 1"):
        objectives.OfVoice(objectives.NoteDensity(), voice, n_voices=n_voices)
    three = objectives.OfVoice(objectives.NoteDensity(), 0, n_voices=3)
    with pytest.raises(ValueError, match="multiple of n_voices"):
        three([[60, 62, 64, 65]])


@pytest.mark.parametrize("name", sorted(generated.OBJECTIVES))
def test_every_objective_takes_rows_of_voices(name, X):
    encoder = PianoRollEncoder(n_voices=3).fit(generated.CORPUS[:1].repeat(3, axis=0))
    rows = encoder.inverse_transform(encoder.transform(generated.CORPUS[:1]))
    for objective in generated.OBJECTIVES[name]:
        values = objective(rows)
        P = encoder.transform(rows).reshape(1, 12, -1)
        assert_allclose(objective.surrogate(P, encoder.tokens_)[0], values, atol=1e-6)


# ------------------------------------------------------------------ corpora and tables


def test_transposed_voices_stay_together(X):
    moved = transpositions(X[:4], semitones=[2]).data
    assert_array_equal(moved, np.where(X[:4] < N_PITCHES, X[:4] + 2, X[:4]))


def test_measures_of_voices_are_recombined_in_their_places(X):
    rows = recombine_measures(X, 10, max_transposition=0, random_state=0)
    check_voices(rows, N_VOICES)
    for voice, own in enumerate(split_voices(rows, N_VOICES).swapaxes(0, 1)):
        known = {tuple(row) for row in split_voices(X, N_VOICES)[:, voice].tolist()}
        assert {tuple(row) for row in own.tolist()} <= known


def test_a_markov_chain_learns_one_voice(X):
    """A chain of whole rows would go on from one voice to the next."""
    alto = split_voices(X, N_VOICES)[:, 1]
    rows = MarkovMelodies(order=2).fit(alto).sample(5, random_state=0)
    assert rows.shape == (5, 16)


def test_written_and_read_rows_are_the_same(X, tmp_path):
    for row in X[::9]:
        path = tmp_path / "row.abc"
        io.write_melody(row, path, voices=N_VOICES)
        read = io.read_melodies(path, voices=N_VOICES, n_measures=1)
        assert_array_equal(read.data[0], row)
    assert (X[:, ::16] != HOLD).all()


def test_a_given_token_holds_no_note_of_the_voice_before(X):
    model = make_pipeline(PianoRollEncoder(n_voices=N_VOICES), SoftmaxRBM(4))
    model.set_params(softmaxrbm__max_iter=1).fit(X)
    objective = objectives.OfVoice(objectives.NoteDensity(), 0, n_voices=N_VOICES)
    settings = {"n_samples": 8, "n_iter": 2, "random_state": 0}
    fixed = np.full(64, -1)
    fixed[16] = HOLD
    with pytest.raises(ValueError, match="fixed is no melody at step 16: a hold"):
        generation.impose(model, objective, fixed=fixed, **settings)
    fixed[16:18] = -1, HOLD
    found = generation.impose(model, objective, fixed=fixed, **settings)
    assert (found.melodies[:, 17] == HOLD).all()


def test_a_function_of_a_voice_has_no_surrogate(X):
    def first(melodies):
        return melodies[:, 0]

    of_voice = objectives.OfVoice(first, 1, n_voices=N_VOICES)
    assert not hasattr(of_voice, "surrogate")
    assert_array_equal(of_voice(X), X[:, 16])
    model = fitted("softmax")
    found = generation.optimize(model, of_voice, n_starts=2, max_iter=1, random_state=0)
    assert found.method == "random"
    with pytest.raises(ValueError, match="an objective or a function of melodies"):
        objectives.OfVoice("x", 1, n_voices=N_VOICES)
