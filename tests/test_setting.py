import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from sklearn_c2c import (
    AttributeVariationalAutoencoder,
    Autoencoder,
    PianoRollEncoder,
    VariationalAutoencoder,
    generation,
    metrics,
)
from sklearn_c2c.metrics import hold_share, mean_pitch, note_density, pitch_range

ESTIMATORS = {
    "autoencoder": Autoencoder(h=24, max_iter=60, random_state=0),
    "variational": VariationalAutoencoder(h=16, max_iter=60, random_state=0),
    "PCA": PCA(24, random_state=0),
}


@pytest.fixture(scope="module", params=ESTIMATORS)
def model(request, reels):
    return make_pipeline(PianoRollEncoder(), ESTIMATORS[request.param]).fit(reels)


@pytest.fixture(scope="module")
def vae(reels):
    """An autoencoder of measures whose first latents are attributes."""
    measures = np.unique(reels.reshape(-1, 16), axis=0)
    measures = measures[measures[:, 0] < 128]
    names = ["note_density", "mean_pitch"]
    vae = AttributeVariationalAutoencoder(
        h=8, hidden_layer_sizes=(64,), attributes=names, max_iter=40, random_state=0
    )
    y = metrics.attribute_values(measures, names)
    return make_pipeline(PianoRollEncoder(), vae).fit(measures, y), measures


def test_melodies_have_the_value_asked_for(model, reels):
    deviation = mean_pitch(reels).std()
    result = generation.set_attribute(
        model, reels[:4], mean_pitch, deviation, relative=True, corpus=reels,
        max_iter=8, random_state=0,
    )  # fmt: skip
    assert_array_equal(result.before, mean_pitch(reels[:4]))
    assert_allclose(result.asked, result.before + deviation)
    assert_array_equal(result.found, mean_pitch(result.melodies))
    assert_array_equal(result.melodies, model.inverse_transform(result.latent))
    assert np.abs(result.found - result.asked).max() < 0.2 * deviation
    assert_array_equal(result.kept, (result.melodies == reels[:4]).mean(axis=1))
    assert result.kept.min() > 0.2


def test_what_is_there_already_is_left_alone(reels):
    autoencoder = Autoencoder(h=100, max_iter=100, random_state=0)
    model = make_pipeline(PianoRollEncoder(), autoencoder).fit(reels)
    result = generation.set_attribute(
        model, reels[:3], note_density, 0, relative=True, max_iter=3, random_state=0
    )
    assert_array_equal(result.melodies, reels[:3])
    assert (result.kept == 1).all()


def test_gradations_of_one_melody_are_in_order(model, reels):
    values = np.quantile(note_density(reels), [0.1, 0.4, 0.7, 0.9])
    result = generation.set_attribute(
        model, reels[:1], note_density, values, corpus=reels, random_state=0
    )
    assert result.melodies.shape == (4, 128)
    assert (np.diff(result.found) > 0).all()
    assert np.abs(result.found - values).max() < 0.02


def test_a_search_is_no_worse_than_the_line_it_starts_from(vae):
    model, measures = vae
    scales = [f(measures).std() for f in (note_density, mean_pitch)]
    wanted = note_density(measures[::-1][:20])
    score = {}
    for method in ("latent", "vector", "search"):
        result = generation.set_attribute(
            model, measures[:20], note_density, wanted, method=method, keep_weight=0,
            hold=[mean_pitch], hold_weight=0.3, corpus=measures, random_state=0,
        )  # fmt: skip
        missed = np.abs(result.found - wanted) / scales[0]
        score[method] = missed + 0.3 * np.abs(result.held[:, 0]) / scales[1]
        assert result.method == method
    assert (score["search"] <= score["vector"] + 1e-9).all()
    assert score["search"].mean() < score["latent"].mean()


def test_what_is_to_hold_holds_better(reels):
    autoencoder = VariationalAutoencoder(h=16, max_iter=60, random_state=0)
    model = make_pipeline(PianoRollEncoder(), autoencoder).fit(reels)
    moved = []
    for weight in (0.0, 1.0):
        result = generation.set_attribute(
            model, reels[:4], mean_pitch, 3, relative=True, hold=[pitch_range],
            hold_weight=weight, keep_weight=0, random_state=0,
        )  # fmt: skip
        change = pitch_range(result.melodies) - pitch_range(reels[:4])
        assert_array_equal(result.held[:, 0], change)
        moved.append(np.abs(change).mean())
    assert moved[1] < moved[0] / 2


def test_latent_moves_its_own_latent_only(vae):
    model, measures = vae
    result = generation.set_attribute(
        model,
        measures[:5],
        mean_pitch,
        2,
        relative=True,
        method="latent",
        random_state=0,
    )
    moved = result.latent - model.transform(measures[:5])
    assert (moved[:, 1] >= 0).all() and moved[:, 1].any()
    assert_array_equal(np.delete(moved, 1, axis=1), 0)


def test_latent_holds_by_the_latents_of_what_is_to_hold(vae):
    model, measures = vae
    X, scales = measures[:20], [f(measures).std() for f in (note_density, mean_pitch)]
    settings = dict(relative=True, method="latent", keep_weight=0, random_state=0)
    wanted = note_density(X) + scales[0]
    line, held = (
        generation.set_attribute(
            model, X, note_density, scales[0], hold=hold, hold_weight=0.5,
            corpus=measures, **settings,
        )
        for hold in ([], [mean_pitch, pitch_range])
    )  # fmt: skip
    moved = held.latent - model.transform(X)
    assert_array_equal(moved[:, 2:], 0)  # the model has no latent of the range
    assert moved[:, 1].any()

    def score(result):
        changes = [f(result.melodies) - f(X) for f in (mean_pitch, pitch_range)]
        changes = [
            np.abs(change) / f(measures).std()
            for change, f in zip(changes, (mean_pitch, pitch_range), strict=True)
        ]
        missed = np.abs(result.found - wanted) / scales[0]
        return missed + 0.5 * np.mean(changes, axis=0)

    assert (score(held) <= score(line) + 1e-9).all()
    assert score(held).mean() < 0.8 * score(line).mean()


def test_each_melody_keeps_its_own_form(reels):
    vae = VariationalAutoencoder(h=16, max_iter=40, random_state=0)
    model = make_pipeline(PianoRollEncoder(), vae).fit(reels)
    X = reels[:6]
    own, free = (
        generation.set_attribute(
            model, X, mean_pitch, 1, relative=True, form=form, corpus=reels,
            max_iter=2, random_state=0,
        )
        for form in (X, None)
    )  # fmt: skip
    before, kept, lost = (
        metrics.measure_similarity(rows, steps_per_measure=8) == 1
        for rows in (X, own.melodies, free.melodies)
    )
    assert kept[before].all()
    assert not lost[before].all()
    assert_array_equal(own.found, mean_pitch(own.melodies))


def test_one_seed_one_result(model, reels):
    first, second = (
        generation.set_attribute(
            model, reels[:2], hold_share, 0.4, corpus=reels, max_iter=3, random_state=s
        )
        for s in (1, 1)
    )
    assert_array_equal(first.latent, second.latent)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "latent"}, "No latent is the attribute 'note_density'"),
        ({"value": [0.1, 0.2]}, "several values are for one melody"),
        ({"value": np.inf}, "value must be a finite number"),
        ({"value": []}, "value must be a finite number"),
        ({"attribute": lambda X: np.full(len(X), np.nan)}, "attribute of row 0 of X"),
        ({"attribute": lambda X: np.zeros((2, 2))}, "one value for each of 3 rows"),
        ({"attribute": lambda X: np.ones(len(X))}, "expected them to differ"),
    ],
)
def test_what_cannot_be_is_refused(reels, changes, message):
    model = make_pipeline(PianoRollEncoder(), Autoencoder(h=4, max_iter=2)).fit(reels)
    call = {"attribute": note_density, "value": 0.5} | changes
    with pytest.raises(ValueError, match=message):
        generation.set_attribute(model, reels[:3], **call)


def test_a_model_that_remembers_nothing_needs_a_corpus(reels):
    model = make_pipeline(PianoRollEncoder(), PCA(4)).fit(reels)
    with pytest.raises(ValueError, match="does not remember its latent_mean_"):
        generation.set_attribute(model, reels[:1], note_density, 0.5)
