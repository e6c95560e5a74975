"""Reconstruction, continuity, and properties of every metric."""

import inspect
import re
import warnings

import numpy as np
import pytest
from hypothesis import given
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_c2c import PianoRollEncoder, metrics
from sklearn_c2c.melody import END, HOLD, REST
from tests.strategies import melodies, melodies_of_any_length

OF_A_SET = {
    "attribute_values": lambda X: metrics.attribute_values(
        X,
        ["note_density", "contour"],
        steps_per_measure=X.shape[1],
        steps_per_beat=1,
        allow_nan=True,
    ),
    "chord_share": lambda X: metrics.chord_share(X, n_voices=1),
    "chord_tone_share": lambda X: metrics.chord_tone_share(X, n_voices=1),
    "contour": metrics.contour,
    "distinct_share": metrics.distinct_share,
    "diversity": metrics.diversity,
    "endings": lambda X: metrics.endings(
        X, steps_per_measure=X.shape[1], steps_per_beat=1
    ),
    "equal_measure_share": lambda X: metrics.equal_measure_share(
        X, steps_per_measure=X.shape[1]
    ),
    "groove_consistency": lambda X: metrics.groove_consistency(
        X, steps_per_measure=X.shape[1]
    ),
    "harmony_statistics": lambda X: metrics.harmony_statistics(X, n_voices=1),
    "hold_share": metrics.hold_share,
    "in_scale_share": lambda X: metrics.in_scale_share(X, "D"),
    "interval_histogram": metrics.interval_histogram,
    "mean_absolute_interval": metrics.mean_absolute_interval,
    "mean_pitch": metrics.mean_pitch,
    "measure_similarity": lambda X: metrics.measure_similarity(
        X, steps_per_measure=X.shape[1]
    ),
    "melody_features": lambda X: metrics.melody_features(
        X, steps_per_measure=X.shape[1]
    ),
    "melody_statistics": lambda X: metrics.melody_statistics(
        X, steps_per_measure=X.shape[1]
    ),
    "note_density": metrics.note_density,
    "note_length_histogram": metrics.note_length_histogram,
    "out_of_range_share": lambda X: metrics.out_of_range_share(X, ranges=[(48, 60)]),
    "parallel_fifths": lambda X: metrics.parallel_fifths(X, n_voices=1),
    "parallel_octaves": lambda X: metrics.parallel_octaves(X, n_voices=1),
    "pitch_class_entropy": metrics.pitch_class_entropy,
    "pitch_class_histogram": metrics.pitch_class_histogram,
    "pitch_range": metrics.pitch_range,
    "repeat_share": lambda X: metrics.repeat_share(X, steps_per_measure=X.shape[1]),
    "repeated_measure_share": lambda X: metrics.repeated_measure_share(
        X, steps_per_measure=X.shape[1]
    ),
    "repeated_note_share": metrics.repeated_note_share,
    "rest_share": metrics.rest_share,
    "rhythmic_complexity": lambda X: metrics.rhythmic_complexity(
        X, steps_per_measure=X.shape[1], steps_per_beat=1
    ),
    "similarity_by_lag": lambda X: metrics.similarity_by_lag(
        X, steps_per_measure=X.shape[1]
    ),
    "stepwise_share": metrics.stepwise_share,
    "style_features": metrics.style_features,
    "syncopation": lambda X: metrics.syncopation(
        np.hstack([X, np.full_like(X, END)]), steps_per_measure=2, steps_per_beat=1
    ),
    "tonic_ending": lambda X: metrics.tonic_ending(
        X, "D", steps_per_measure=X.shape[1], steps_per_beat=1
    ),
    "voice_crossings": lambda X: metrics.voice_crossings(X, n_voices=1),
    "voice_leap_share": lambda X: metrics.voice_leap_share(X, n_voices=1),
    "wide_spacing_share": lambda X: metrics.wide_spacing_share(X, n_voices=1),
}
OF_TWO_SETS = {
    "copy_share": metrics.copy_share,
    "density_coverage": lambda X, corpus: metrics.density_coverage(
        X, corpus, steps_per_measure=X.shape[1]
    ),
    "frechet_distance": metrics.frechet_distance,
    "length_error": metrics.length_error,
    "longest_copied_run": metrics.longest_copied_run,
    "melody_accuracy": metrics.melody_accuracy,
    "nearest_melody": metrics.nearest_melody,
    "note_surprise": metrics.note_surprise,
    "onset_f1": metrics.onset_f1,
    "onset_pitch_accuracy": metrics.onset_pitch_accuracy,
    "originality": metrics.originality,
    "step_accuracy": metrics.step_accuracy,
    "step_surprise": metrics.step_surprise,
    "voice_accuracy": lambda X, others: metrics.voice_accuracy(X, others, n_voices=1),
}
OTHERS = {
    "Evaluation",
    "attribute_names",
    "attributes",
    "binary_accuracy",
    "compare_harmony",
    "control_r2",
    "disentanglement",
    "evaluate",
    "half_against_half",
    "interpretability",
    "kl_divergence",
    "leakage",
    "latent_sparsity",
    "melody_accuracy_scorer",
    "modularity",
    "monotonicity",
    "mutual_information_gap",
    "overlapping_area",
    "path_continuity",
    "posterior_overlap",
    "reconstruction_scores",
    "separated_attribute_predictability",
    "slider_control",
    "smoothness",
    "spearman_correlation",
    "step_accuracy_scorer",
    "style_overlap",
    "two_sample_auc",
}


def test_these_are_all_metrics():
    assert {*OF_A_SET, *OF_TWO_SETS, *OTHERS} == set(metrics.__all__), (
        "tests/test_metrics.py must name each metric in OF_A_SET, OF_TWO_SETS or OTHERS"
    )


@given(melodies_of_any_length())
def test_no_input_is_changed_and_no_melody_warns(X):
    given_X = X.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for metric in OF_A_SET.values():
            metric(X)
        for metric in OF_TWO_SETS.values():
            metric(X, X)
        metrics.path_continuity(np.vstack([X, X]))
    assert (X == given_X).all() and X.dtype == given_X.dtype


@pytest.mark.parametrize("name", OF_A_SET)
def test_no_melody_gives_no_row_or_nan(name):
    result = OF_A_SET[name](np.empty((0, 16), dtype=int))
    if isinstance(result, dict):
        assert {len(column) for column in result.values()} == {0}
    else:
        assert np.shape(result)[:1] == (0,) or np.isnan(result)


@pytest.mark.parametrize("metric", [*OF_A_SET.values(), *OF_TWO_SETS.values()])
def test_what_is_no_melody_is_named(metric):
    with pytest.raises(ValueError, match="Found 129 at melody 0, step 0"):
        metric(*[np.array([[HOLD, 62]])] * (1 + (metric in OF_TWO_SETS.values())))


def test_accuracies_count_steps_and_whole_melodies(reels):
    other = reels.copy()
    other[0, :3] = [60, 60, 60]
    other[5, 127] = 60
    changed = (other != reels).sum()
    assert changed >= 3
    assert metrics.step_accuracy(reels, other) == 1 - changed / reels.size
    assert metrics.melody_accuracy(reels, other) == 73 / 75
    assert metrics.step_accuracy(reels, reels) == 1
    assert metrics.melody_accuracy(reels, reels) == 1


@given(melodies())
def test_a_set_is_its_own_reconstruction(X):
    for name in ("step_accuracy", "melody_accuracy"):
        assert OF_TWO_SETS[name](X, X) == 1
    assert metrics.length_error(X, X).mean_absolute_error == 0
    has_onset = bool((X < REST).any())
    for name in ("onset_f1", "onset_pitch_accuracy"):
        assert OF_TWO_SETS[name](X, X) == 1 if has_onset else True
        assert has_onset or np.isnan(OF_TWO_SETS[name](X, X))


def test_onsets_are_counted_whatever_their_pitch():
    #        D     -     E     E     rest  F#
    X = [[62, HOLD, 64, 64, REST, 66]]
    #        A     D     -     E     E     rest: onsets 0, 1, 3, 4 for 0, 2, 3, 5
    other = [[69, 62, HOLD, 64, 64, REST]]
    assert metrics.onset_f1(X, other) == 2 * 2 / (4 + 4)
    # Sounding at 0, 2, 3, 5: A, D, E, rest for D, E, E, F#.
    assert metrics.onset_pitch_accuracy(X, other) == 1 / 4
    # A pitch held over an onset is right, though the onset is missing.
    assert metrics.onset_pitch_accuracy([[62, 62]], [[62, HOLD]]) == 1
    assert metrics.onset_f1([[62, 62]], [[62, HOLD]]) == 2 / 3
    silence = [[REST] * 6]
    assert metrics.onset_f1(X, silence) == metrics.onset_f1(silence, X) == 0
    assert metrics.onset_pitch_accuracy(X, silence) == 0
    assert np.isnan(metrics.onset_pitch_accuracy(silence, X))


def test_steps_of_one_melody_alone_are_wrong():
    X = [[62, HOLD, 64, 66], [62, HOLD, END, END], [60, 62, 64, END]]
    other = [[62, HOLD, END, END], [62, HOLD, 64, END], [60, 62, 64, END]]
    assert metrics.step_accuracy(X, other) == (2 + 2 + 3) / (4 + 3 + 3)
    assert metrics.melody_accuracy(X, other) == 1 / 3
    assert metrics.onset_f1(X, other) == 2 * (1 + 1 + 3) / (7 + 6)
    assert metrics.onset_pitch_accuracy(X, other) == 5 / 7
    error = metrics.length_error(X, other)
    assert error == {"right_share": 1 / 3, "mean_absolute_error": 1}


def test_binary_accuracy_is_that_of_keras(reels):
    roll = PianoRollEncoder().fit_transform(reels)
    n_tokens = roll.shape[1] // 128
    zeros = metrics.binary_accuracy(roll, np.zeros_like(roll))
    assert zeros == pytest.approx(1 - 1 / n_tokens, abs=1e-12)
    assert metrics.binary_accuracy(roll, roll) == 1
    # Keras rounds half to even: one half is a zero.
    assert metrics.binary_accuracy([[0, 0, 1]], [[0.5] * 3]) == 2 / 3
    # The second step of the first row is after the end.
    roll, outputs = [[0, 1, 0, 0], [1, 0, 0, 1]], [[0, 1, 1, 1], [1, 0, 0, 0]]
    assert metrics.binary_accuracy(roll, outputs, group_size=2) == 5 / 6
    assert metrics.binary_accuracy(roll, outputs) == 5 / 8
    for size in (3, 0):
        with pytest.raises(ValueError, match=f"4 outputs, which group_size={size} do"):
            metrics.binary_accuracy(roll, outputs, group_size=size)
    with pytest.raises(ValueError, match="as the second argument"):
        metrics.binary_accuracy([[0.1, 0.9]], [[0, 1]])
    with pytest.raises(ValueError, match=r"\(1, 2\) and \(1, 3\)"):
        metrics.binary_accuracy([[0, 1]], [[0, 1, 1]])
    with pytest.raises(ValueError, match="NaN"):
        metrics.binary_accuracy([[0, 1]], [[0, np.nan]])


@pytest.mark.parametrize(
    "metric",
    [OF_TWO_SETS[n] for n in ("step_accuracy", "onset_f1", "onset_pitch_accuracy")],
)
def test_mismatched_shapes_are_named(metric):
    with pytest.raises(ValueError, match=r"\(1, 2\) and \(1, 3\)"):
        metric([[60, 62]], [[60, 62, 64]])
    with pytest.raises(ValueError, match="at least one of them"):
        metric(np.empty((0, 4)), np.empty((0, 4)))


@pytest.mark.parametrize(
    "scorer", [metrics.step_accuracy_scorer, metrics.melody_accuracy_scorer]
)
def test_a_grid_search_scores_reconstructions(reels, scorer):
    model = make_pipeline(PianoRollEncoder((55, 83)), PCA(random_state=0))
    grid = {"pca__n_components": [1, 40]}
    # Two folds of the same 50 reels: each is fitted on the reels it is scored on.
    same = [(np.arange(50), np.arange(50))] * 2
    search = GridSearchCV(model, grid, scoring=scorer, cv=same).fit(reels)
    assert search.best_params_ == {"pca__n_components": 40}
    low, high = search.cv_results_["mean_test_score"]
    assert low < 0.7 and high > low + 0.2
    best = search.best_estimator_
    assert search.score(reels) == scorer(best, reels) == scorer(best, reels, y=None)


def test_continuity_of_hand_counted_paths():
    # Eight steps; the ends differ in six of them.
    start, end = [60] * 8, [60] * 2 + [67] * 6
    even = [start, [60] * 6 + [67] * 2, [60] * 4 + [67] * 4, end]
    continuity = metrics.path_continuity(even)
    assert continuity.jumps.tolist() == [0.25, 0.25, 0.25]
    assert continuity.distance == 0.75
    for name in ("n_distinct", "largest_jump", "total_variation"):
        assert continuity[name] == continuity.ideal[name]
    # One that leaps to the end, leaps back and leaps again.
    erratic = metrics.path_continuity([start, end, start, end])
    assert erratic.n_distinct == 2
    assert erratic.largest_jump == 0.75 and erratic.ideal.largest_jump == 0.25
    assert erratic.total_variation == 3 * 0.75 and erratic.ideal.total_variation == 0.75
    # Ends that differ in one step leave room for two melodies.
    assert metrics.path_continuity([start, start, [67, *start[1:]]]).ideal == {
        "n_distinct": 2,
        "largest_jump": 1 / 16,
        "total_variation": 1 / 8,
    }
    with pytest.raises(ValueError, match=r"at least two melodies, got shape \(1, 8\)"):
        metrics.path_continuity(start)


@given(melodies(max_melodies=8))
def test_a_path_is_never_better_than_its_ideal(X):
    path = np.vstack([X, X[len(X) // 2 :]])
    continuity = metrics.path_continuity(path)
    assert continuity.total_variation >= continuity.ideal.total_variation - 1e-12
    assert continuity.largest_jump >= continuity.ideal.largest_jump - 1e-12
    back = metrics.path_continuity(path[::-1])
    assert back.total_variation == pytest.approx(continuity.total_variation)


def test_a_step_is_a_sixteenth_of_common_time_unless_it_is_said():
    """Figures of different metrics are of the same measures and beats."""
    defaults = {
        (parameter.name, parameter.default)
        for name in metrics.__all__
        for parameter in inspect.signature(getattr(metrics, name)).parameters.values()
        if parameter.name in ("steps_per_measure", "steps_per_beat")
    }
    assert defaults == {("steps_per_measure", 16), ("steps_per_beat", 4)}


def test_the_reference_lists_every_metric_once_by_its_kind():
    listed = re.findall(r"`(\w+)`", metrics.__doc__)
    assert sorted(listed) == sorted(metrics.__all__), (
        "the docstring of sklearn_c2c/metrics/__init__.py must name each metric of "
        "__all__ once, under its kind"
    )
