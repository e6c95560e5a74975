"""Every public function on melodies of different lengths, by a rule for each.

Rows of melodies of different lengths are filled up with END. A measure of each melody
has the value of the melody alone; one of a set agrees with its definition for lists of
steps, or does not change when the rows are filled up further. `RULES` has a rule for
each function of a room, so that a new function without one fails.
"""

import re
from functools import partial
from itertools import combinations, pairwise, product, zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline

from sklearn_c2c import (
    Autoencoder,
    PianoRollEncoder,
    display,
    io,
    melody,
    metrics,
    page,
)
from sklearn_c2c.melody import END, HOLD
from tests.strategies import melodies_of_any_length
from tests.test_metrics_novelty import longest_common_run
from tests.test_metrics_originality import points, similarity
from tests.test_metrics_surprise import pitches_of, reference_surprise

STEPS = 4  # in a measure; a power of two, so that shares are exact
BEAT = 2
MEASURE = {"steps_per_measure": STEPS}
METRE = {**MEASURE, "steps_per_beat": BEAT}
NOTATION = {"time_signature": "1/4", "steps_per_quarter": STEPS}


# Rules: functions of two sets of as many rows, of whole measures, some filled up.


def own_steps(row):
    return row[row != END]


def own_measures(row):
    """The row up to the end of the measure that the melody ends within."""
    n_steps = len(own_steps(row))
    return row[: n_steps + -n_steps % STEPS]


def assert_begins_with(found, alone, fill, rtol):
    """What a melody has beside longer ones is what it has alone, then fill."""
    if isinstance(alone, dict):
        assert found.keys() == alone.keys()
        for key in alone:
            assert_begins_with(found[key], alone[key], fill, rtol)
        return
    found, alone = np.asarray(found), np.asarray(alone)
    own = tuple(map(slice, alone.shape))
    assert_allclose(found[own], alone, rtol=rtol)
    is_fill = np.ones(found.shape, dtype=bool)
    is_fill[own] = False
    assert_array_equal(found[is_fill], np.full(is_fill.sum(), fill))


def filled_up(X, n_steps):
    return np.pad(X, ((0, 0), (0, n_steps)), constant_values=END)


def of_melody(result, i):
    if isinstance(result, dict):
        return {key: values[i] for key, values in result.items()}
    return result[i]


def each(call, *, fill=0, alone=own_steps, rtol=0):
    """A value for each melody, that of the melody alone."""

    def rule(X, _):
        found = call(X)
        for i, row in enumerate(X):
            by_itself = of_melody(call(alone(row)[np.newaxis]), 0)
            assert_begins_with(of_melody(found, i), by_itself, fill, rtol)

    return rule


def each_of_measures(call, **options):
    """As `each`, for whole measures, of which the last may be filled up."""
    return each(call, alone=own_measures, **options)


def lists(X):
    return [own_steps(row).tolist() for row in X]


def defined(call, definition):
    """A value of a set, by its definition for lists of steps."""

    def rule(X, _):
        assert call(X) == near(definition(lists(X)))

    return rule


def defined_by_two(call, definition):
    """As `defined`, of two sets."""

    def rule(X, others):
        assert call(X, others) == near(definition(lists(X), lists(others)))

    return rule


def near(expected):
    return pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True)


def unchanged(call):
    """A value of one set or two that does not change if rows are filled up further."""

    def rule(X, others):
        wider = filled_up(X, 3 * STEPS), filled_up(others, 3 * STEPS)
        np.testing.assert_equal(call(*wider), call(X, others))

    return rule


def among(call):
    """A value for each melody of a set, compared with the others of the set."""

    def rule(X, others):
        rows = np.vstack([X, others])
        found = call(rows, None)
        for i in range(len(rows)):
            one = call(rows[i : i + 1], np.delete(rows, i, axis=0))
            np.testing.assert_allclose(found[i], one[0], rtol=1e-12)

    return rule


def all_of(*rules):
    def rule(X, others):
        for each_rule in rules:
            each_rule(X, others)

    return rule


NO_MELODIES = object()  # takes none: numbers, names, or the result of another function


# Definitions for lists of steps.


def differing(a, b):
    """Share of the steps of the longer one at which two melodies differ."""
    n_differing = sum(s != t for s, t in zip_longest(a, b))
    return n_differing / max(len(a), len(b))


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else np.nan


def same_steps(A, B):
    pairs = list(zip(A, B, strict=True))
    same = sum(s == t for a, b in pairs for s, t in zip(a, b, strict=False))
    return same / sum(max(len(a), len(b)) for a, b in pairs)


def onsets(a):
    return {t for t, _ in points(a)}


def onset_f1(A, B):
    pairs = [(onsets(a), onsets(b)) for a, b in zip(A, B, strict=True)]
    n_onsets = sum(len(a) + len(b) for a, b in pairs)
    return 2 * sum(len(a & b) for a, b in pairs) / n_onsets if n_onsets else np.nan


def onset_pitches(A, B):
    found = []
    for a, b in zip(A, B, strict=True):
        sounding = melody.sounding_pitches(np.array(b)).tolist()
        found += [t < len(b) and sounding[t] == pitch for t, pitch in points(a)]
    return mean(found)


def length_errors(A, B):
    errors = [abs(len(a) - len(b)) for a, b in zip(A, B, strict=True)]
    return {
        "right_share": mean(error == 0 for error in errors),
        "mean_absolute_error": mean(errors),
    }


def nearest(A, corpus):
    distances = [[differing(a, tune) for tune in corpus] for a in A]
    index = [row.index(min(row)) for row in distances]
    return np.array([index, [min(row) for row in distances]])


def longest_runs(A, corpus):
    return np.array([max(longest_common_run(a, tune) for tune in corpus) for a in A])


def original(A, corpus):
    return np.array(
        [
            1 - max(similarity(a, tune) for tune in corpus) if points(a) else np.nan
            for a in A
        ]
    )


def note_surprises(A, corpus):
    known = [pitches_of(tune) for tune in corpus]
    return np.array([reference_surprise(pitches_of(a), known, 4, 128) for a in A])


def step_surprises(A, corpus):
    return np.array([reference_surprise(a, corpus, 4, 130) for a in A])


def repeats_a_measure(A):
    found = []
    for a in A:
        measures = [a[t : t + STEPS] for t in range(0, len(a), STEPS)]
        if len(measures) > 1:
            found.append(any(m == n for m, n in combinations(measures, 2)))
    return mean(found)


def continuity(path):
    jumps = [differing(a, b) for a, b in pairwise(path)]
    return {
        "n_distinct": len(set(map(tuple, path))),
        "largest_jump": max(jumps),
        "total_variation": sum(jumps),
        "distance": differing(path[0], path[-1]),
    }


def path_continuity(X):
    found = metrics.path_continuity(np.vstack([X, X[:1]]))
    return {name: found[name] for name in continuity([[60], [60]])}


def features(X):
    """Features with the similarities of measures as matrices."""
    table = metrics.melody_features(X, **MEASURE)
    n_measures = X.shape[1] // STEPS
    matrices = np.zeros((len(X), n_measures, n_measures))
    matrices[:, *np.triu_indices(n_measures, k=1)] = table["measure_similarity"]
    return {**table, "measure_similarity": matrices}


# Models.


class Next(BaseEstimator):
    """Encodes a melody as its row among known ones, and decodes the row after it."""

    def __init__(self, rows):
        self.rows = rows

    def transform(self, X):
        same = (np.asarray(X)[:, np.newaxis] == self.rows).all(axis=2)
        return same.argmax(axis=1)[:, np.newaxis].astype(float)

    def inverse_transform(self, Z):
        return self.rows[np.rint(np.asarray(Z)[:, 0] + 1).astype(int) % len(self.rows)]


def sliders(X, others):
    rows = np.vstack([X, others])
    functions = metrics.attributes(["note_density", "rest_share"])
    model = Next(rows)
    return dict(
        metrics.slider_control(
            model, rows, functions, dimensions=[0, 0], random_state=0
        )
    )


def scores(X, others):
    """Scores of a model's reconstructions are those of the reconstructions."""
    rows = np.vstack([X, others])
    autoencoder = Autoencoder(h=2, output="softmax", max_iter=3, random_state=0)
    model = make_pipeline(PianoRollEncoder(), autoencoder).fit(rows)
    found = metrics.reconstruction_scores(model, rows)
    Z = model.transform(rows)
    decoded = model.inverse_transform(Z)
    assert found["step_accuracy"] == near(same_steps(lists(rows), lists(decoded)))
    outputs = autoencoder.inverse_transform(Z).reshape(*rows.shape, -1)
    roll = model[0].transform(rows).reshape(outputs.shape)
    right = []
    for row, melody_outputs, melody_roll in zip(rows, outputs, roll, strict=True):
        n_steps = len(own_steps(row)) + 1  # with the end, which the model predicts
        is_right = (melody_outputs > 0.5) == melody_roll
        right += is_right[:n_steps].ravel().tolist()
    assert found["binary_accuracy"] == near(mean(right))


def outputs_after_the_end(X, _):
    """What a decoder has after the end does not count."""
    encoder = PianoRollEncoder((0, 127)).fit(X)
    roll = encoder.transform(X)
    steps = roll.reshape(len(X), -1, encoder.n_tokens_)
    others = np.where(steps.any(axis=2, keepdims=True), steps, 1).reshape(roll.shape)
    group = {"group_size": encoder.n_tokens_}
    assert metrics.binary_accuracy(roll, others, **group) == 1
    assert metrics.binary_accuracy(roll, 1 - roll, **group) == 0


def evaluated(X, corpus):
    table = metrics.evaluate(
        X, corpus, tonic="D", classify=False, random_state=0, **METRE
    )
    lengths = [len(own_steps(row)) for row in X]
    assert table.generated.n_steps == near(mean(lengths))
    # The places of a Markov chain are those of the row.
    return {name: column for name, column in table.items() if name != "markov"}


def scorer(score, definition):
    def rule(X, _):
        reconstructed = np.roll(X, -1, axis=0)
        distinct = np.unique(X, axis=0)
        if len(distinct) == len(X):
            expected = definition(lists(X), lists(reconstructed))
            assert score(Next(X), X) == near(expected)

    return rule


# Pictures, scores and files.


def rolls(kind):
    def rule(X, _):
        shown = kind.from_melodies(X, titles=list(map(str, range(len(X)))), **NOTATION)
        bars = [(bar.get_x(), bar.get_width()) for bar in shown.bars_]
        lengths = [len(own_steps(row)) for row in X]
        owner = [i for i, notes in enumerate(shown.notes) for _ in notes]
        for i, (start, width) in zip(owner, bars, strict=True):
            assert start + width <= lengths[i]
        for notes, row in zip(shown.notes, X, strict=True):
            assert_array_equal(notes, melody.notes_from_melody(own_steps(row)))
        assert shown.ax_.get_xlim()[1] == max(lengths)
        ends = [segment[0, 0] for segment in shown.ends_.get_segments()]
        assert ends == [n for n in lengths if n < max(lengths)]
        shown.figure_.clear()

    return rule


def n_measures(row):
    return -(-len(own_steps(row)) // STEPS)


def score(X, _):
    for row in X:
        mask = np.ones(len(row), dtype=bool)
        svg = display.score_svg(row, **NOTATION)
        assert svg == display.score_svg(own_steps(row), **NOTATION)
        assert svg.count('class="measure"') == n_measures(row)
        # Rests that fill up the last measure are not marked.
        marked = display.score_svg(row, marks={"color": mask}, **NOTATION)
        own = {"color": mask[: len(own_steps(row))]}
        assert marked == display.score_svg(own_steps(row), marks=own, **NOTATION)


def sections(html):
    return re.findall(r'<section class="melody".*?</section>', html, re.S)


def shown_alone(X, **options):
    titles = [f"Melody {i + 1}" for i in range(len(X))]
    return [
        section
        for row, title in zip(X, titles, strict=True)
        for section in sections(
            display.Melodies(own_steps(row), titles=[title], **options).to_html()
        )
    ]


def players(X, others):
    html = display.Melodies(X, **NOTATION).to_html()
    assert sections(html) == shown_alone(X, **NOTATION)
    # What is in common with a corpus: each melody is a whole copy of its own.
    corpus = {"data": np.vstack([X, others]), "titles": ["A"] * (2 * len(X))}
    html = display.Melodies(X, corpus=corpus, **NOTATION).to_html()
    assert re.findall(r"(\d+)% of the steps", html) == ["100"] * (2 * len(X))
    n_steps = [int(n) for n in re.findall(r'data-steps="(\d+)"', html)]
    assert n_steps == [len(own_steps(row)) for row in X]


def paged(X, _):
    with TemporaryDirectory() as folder:
        path = Path(folder, "index.html")
        page.write_page(path, X, title="Page", **NOTATION)
        text = path.read_text("utf-8")
    alone = [s.replace("<p class", "<h2 class") for s in shown_alone(X, **NOTATION)]
    alone = [s.replace("</p>\n<div", "</h2>\n<div", 1) for s in alone]
    assert sections(text) == alone


def booked(X, _):
    with TemporaryDirectory() as folder:
        path = Path(folder, "book.html")
        found = []
        for rows in (X, [own_steps(row) for row in X]):
            page.write_tune_book(path, rows, title="Book", **NOTATION)
            found.append(path.read_text("utf-8"))
    assert found[0] == found[1]


def printed(X, _):
    with TemporaryDirectory() as folder:
        path = Path(folder, "score.svg")
        for row in X:
            found = []
            for melody_row in (row, own_steps(row)):
                display.write_score(melody_row, path, **NOTATION)
                found.append(path.read_text("utf-8"))
            assert found[0] == found[1]


def converted(convert):
    def rule(X, _):
        for row in X:
            notation = {**NOTATION, "title": "T"}
            assert convert(row, **notation) == convert(own_steps(row), **notation)

    return rule


def abc(X, _):
    converted(io.melody_to_abc)(X, _)
    for row in X:
        text = io.melody_to_abc(row, **NOTATION)
        assert text.count("|") == n_measures(row)


def written(X, _):
    for suffix, row in product((".abc", ".mid", ".musicxml"), X):
        with TemporaryDirectory() as folder:
            whole, own = Path(folder, f"whole{suffix}"), Path(folder, f"own{suffix}")
            io.write_melody(row, whole, title="T", **NOTATION)
            io.write_melody(own_steps(row), own, title="T", **NOTATION)
            content = whole.read_bytes()
            assert content == own.read_bytes()
        if suffix == ".musicxml":
            assert content.count(b"<measure ") == n_measures(row)


def latent_points(X, others):
    rows = np.vstack([X, others])
    model = make_pipeline(PianoRollEncoder(), Autoencoder(h=2, max_iter=1)).fit(rows)
    shown = display.LatentSpaceDisplay.from_estimator(model, X, arrows_to=None)
    assert_array_equal(shown.points, model.transform(X))
    shown.figure_.clear()


def reconstruction_curve(X, others):
    rows = np.vstack([X, others])
    models = [
        make_pipeline(PianoRollEncoder(), Autoencoder(h=h, max_iter=1)).fit(rows)
        for h in (1, 2)
    ]
    shown = display.ReconstructionCurveDisplay.from_estimators(models, rows)
    expected = [
        metrics.step_accuracy(rows, m.inverse_transform(m.transform(rows)))
        for m in models
    ]
    assert shown.accuracies["of steps"].ravel().tolist() == expected
    shown.figure_.clear()


RULES = {
    melody: {
        **dict.fromkeys(
            [
                "END",
                "HOLD",
                "N_PITCHES",
                "REST",
                "Key",
                "Metre",
                "measure_mask",
                "melody_from_notes",
                "parse_key",
                "parse_metre",
                "pitch_name",
                "raise_where",
                "scale_pitch_classes",
                "split_voices",  # voices do not end early
            ],
            NO_MELODIES,
        ),
        "check_melodies": each(melody.check_melodies, fill=END),
        "check_voices": each(lambda X: melody.check_voices(X, 1), fill=END),
        "longest_notes": each(lambda X: melody.longest_notes(X, 8), fill=False),
        "melody_lengths": each(melody.melody_lengths),
        "mend_orphan_holds": each(melody.mend_orphan_holds, fill=END),
        "notes_from_melody": each(lambda X: list(map(melody.notes_from_melody, X))),
        "pad_melodies": each(melody.pad_melodies, fill=END),
        "sounding_pitches": each(melody.sounding_pitches, fill=END),
        "transpose": each(lambda X: melody.transpose(X, 3), fill=END),
    },
    metrics: {
        **dict.fromkeys(
            [
                "Evaluation",
                "attribute_names",
                # Rows of several voices, which do not end early.
                "chord_share",
                "chord_tone_share",
                "compare_harmony",
                "harmony_statistics",
                "out_of_range_share",
                "parallel_fifths",
                "parallel_octaves",
                "voice_accuracy",
                "voice_crossings",
                "voice_leap_share",
                "wide_spacing_share",
                "control_r2",
                "disentanglement",
                "interpretability",
                "kl_divergence",
                "latent_sparsity",
                "leakage",
                "modularity",
                "monotonicity",
                "mutual_information_gap",
                "overlapping_area",
                "posterior_overlap",
                "separated_attribute_predictability",
                "smoothness",
                "spearman_correlation",
            ],
            NO_MELODIES,
        ),
        # Of several voices none ends early; a single one may.
        **{
            name: each(partial(getattr(metrics, name), n_voices=1))
            for name in [
                "parallel_fifths",
                "parallel_octaves",
                "voice_crossings",
                "voice_leap_share",
                "wide_spacing_share",
            ]
        },
        **{
            name: each(partial(getattr(metrics, name), n_voices=1, steps_per_beat=BEAT))
            for name in ["chord_share", "chord_tone_share", "harmony_statistics"]
        },
        "compare_harmony": unchanged(
            lambda X, Y: metrics.compare_harmony(X, Y, n_voices=1)
        ),
        "out_of_range_share": each(
            lambda X: metrics.out_of_range_share(X, ranges=[(60, 72)])
        ),
        "voice_accuracy": unchanged(
            lambda X, Y: metrics.voice_accuracy(X, Y, n_voices=1)
        ),
        "attribute_values": each_of_measures(
            lambda X: metrics.attribute_values(
                X, metrics.attribute_names()[4:], tonic="D", allow_nan=True, **MEASURE
            )
        ),
        "attributes": each_of_measures(
            lambda X: {
                name: function(X)
                for name, function in metrics.attributes(
                    ["note_density", "repeated_measure_share", "contour"], **METRE
                ).items()
            }
        ),
        "binary_accuracy": outputs_after_the_end,
        "contour": each(metrics.contour),
        "copy_share": defined_by_two(
            metrics.copy_share, lambda A, B: mean(a in B for a in A)
        ),
        "density_coverage": unchanged(
            lambda X, corpus: metrics.density_coverage(
                X, corpus, n_neighbors=1, **MEASURE
            )
        ),
        "distinct_share": defined(
            metrics.distinct_share, lambda A: len(set(map(tuple, A))) / len(A)
        ),
        "diversity": defined(
            metrics.diversity,
            lambda A: mean(differing(a, b) for a, b in combinations(A, 2)),
        ),
        "endings": each_of_measures(lambda X: metrics.endings(X, **METRE)),
        "equal_measure_share": each_of_measures(
            lambda X: metrics.equal_measure_share(X, **MEASURE)
        ),
        "evaluate": unchanged(evaluated),
        "frechet_distance": unchanged(metrics.frechet_distance),
        "groove_consistency": each_of_measures(
            lambda X: metrics.groove_consistency(X, **MEASURE)
        ),
        "half_against_half": unchanged(
            lambda X, corpus: metrics.half_against_half(
                metrics.frechet_distance, corpus, random_state=0
            )
        ),
        "hold_share": each(metrics.hold_share),
        "in_scale_share": each(lambda X: metrics.in_scale_share(X, "D")),
        "interval_histogram": each(metrics.interval_histogram),
        "length_error": defined_by_two(metrics.length_error, length_errors),
        "longest_copied_run": all_of(
            defined_by_two(
                lambda X, corpus: metrics.longest_copied_run(X, corpus)[1], longest_runs
            ),
            among(lambda X, corpus: metrics.longest_copied_run(X, corpus)[1]),
            unchanged(partial(metrics.longest_copied_run, return_start=True)),
            unchanged(partial(metrics.longest_copied_run, by="intervals")),
        ),
        "mean_absolute_interval": each(metrics.mean_absolute_interval),
        "mean_pitch": each(metrics.mean_pitch),
        "measure_similarity": each_of_measures(
            lambda X: metrics.measure_similarity(X, **MEASURE), fill=np.nan
        ),
        "melody_accuracy": defined_by_two(
            metrics.melody_accuracy,
            lambda A, B: mean(a == b for a, b in zip(A, B, strict=True)),
        ),
        "melody_accuracy_scorer": scorer(
            metrics.melody_accuracy_scorer,
            lambda A, B: mean(a == b for a, b in zip(A, B, strict=True)),
        ),
        "melody_features": each_of_measures(features),
        "melody_statistics": each_of_measures(
            lambda X: metrics.melody_statistics(X, tonic="D", **MEASURE)
        ),
        "nearest_melody": all_of(
            defined_by_two(
                lambda X, corpus: np.array(metrics.nearest_melody(X, corpus)), nearest
            ),
            among(lambda X, corpus: metrics.nearest_melody(X, corpus)[1]),
            unchanged(partial(metrics.nearest_melody, by="intervals")),
        ),
        "note_density": each(metrics.note_density),
        "note_length_histogram": each(metrics.note_length_histogram),
        "note_surprise": all_of(
            defined_by_two(metrics.note_surprise, note_surprises),
            among(metrics.note_surprise),
        ),
        "onset_f1": defined_by_two(metrics.onset_f1, onset_f1),
        "onset_pitch_accuracy": defined_by_two(
            metrics.onset_pitch_accuracy, onset_pitches
        ),
        "originality": all_of(
            defined_by_two(metrics.originality, original), among(metrics.originality)
        ),
        "path_continuity": defined(path_continuity, lambda A: continuity([*A, A[0]])),
        "pitch_class_entropy": each(metrics.pitch_class_entropy),
        "pitch_class_histogram": each(metrics.pitch_class_histogram),
        "pitch_range": each(metrics.pitch_range),
        "reconstruction_scores": scores,
        "repeat_share": defined(
            lambda X: metrics.repeat_share(X, **MEASURE), repeats_a_measure
        ),
        "repeated_measure_share": each_of_measures(
            lambda X: metrics.repeated_measure_share(X, **MEASURE)
        ),
        "repeated_note_share": each(metrics.repeated_note_share),
        "rest_share": each(metrics.rest_share),
        "rhythmic_complexity": each_of_measures(
            lambda X: metrics.rhythmic_complexity(X, **METRE), rtol=1e-14
        ),
        "similarity_by_lag": each_of_measures(
            lambda X: metrics.similarity_by_lag(X, **MEASURE), fill=np.nan
        ),
        "slider_control": unchanged(sliders),
        "step_accuracy": defined_by_two(metrics.step_accuracy, same_steps),
        "step_accuracy_scorer": scorer(metrics.step_accuracy_scorer, same_steps),
        "step_surprise": all_of(
            defined_by_two(metrics.step_surprise, step_surprises),
            among(metrics.step_surprise),
        ),
        "stepwise_share": each(metrics.stepwise_share),
        "style_features": each(metrics.style_features),
        "style_overlap": unchanged(
            lambda X, corpus: metrics.style_overlap(
                X, corpus, n_splits=2, random_state=0
            )
        ),
        "syncopation": each_of_measures(lambda X: metrics.syncopation(X, **METRE)),
        "tonic_ending": each_of_measures(
            lambda X: metrics.tonic_ending(X, "D", **METRE)
        ),
        "two_sample_auc": unchanged(
            lambda X, corpus: metrics.two_sample_auc(
                X, corpus, random_state=0, **MEASURE
            )
        ),
    },
    display: {
        **dict.fromkeys(["AttractorDisplay", "LossCurveDisplay"], NO_MELODIES),
        "InterpolationDisplay": rolls(display.InterpolationDisplay),
        "LatentSpaceDisplay": latent_points,
        "Melodies": players,
        "PianoRollDisplay": rolls(display.PianoRollDisplay),
        "ReconstructionCurveDisplay": reconstruction_curve,
        "score_svg": score,
        "write_score": printed,
    },
    page: {
        # Latent spaces of models; tests of their own.
        **dict.fromkeys(["Explorer", "explore"], NO_MELODIES),
        "write_page": paged,
        "write_tune_book": booked,
    },
    io: {
        "melody_to_abc": abc,
        "melody_to_midi": converted(io.melody_to_midi),
        "melody_to_wav": converted(io.melody_to_wav),
        "read_melodies": NO_MELODIES,
        "write_melody": written,
    },
    # The rooms `generation` and `objectives` join here, with a rule for each name.
}
# What trains a model, draws a picture or engraves a score is tried on real tunes alone.
ON_REAL_TUNES = {
    "evaluate",
    "half_against_half",
    "reconstruction_scores",
    "slider_control",
    "style_overlap",
    "melody_to_wav",
    "two_sample_auc",
    "write_melody",
}
CASES = [
    pytest.param(rule, id=f"{room.__name__.rpartition('.')[2]}.{name}")
    for room, rules in RULES.items()
    for name, rule in rules.items()
    if rule is not NO_MELODIES
]
LIGHT_CASES = [
    case
    for case in CASES
    if case.id.split(".")[0] not in ("display", "page")
    and case.id.split(".")[1] not in ON_REAL_TUNES
]


@pytest.mark.parametrize("room", RULES, ids=lambda room: room.__name__)
def test_every_function_has_a_rule(room):
    assert set(RULES[room]) == set(room.__all__), (
        "RULES must have a rule for melodies of any length for each name of __all__"
    )


@st.composite
def two_sets(draw):
    """Two sets of as many melodies, of rows of whole measures."""
    X = draw(melodies_of_any_length(max_melodies=6, low=60, high=62))
    missing = -X.shape[1] % STEPS
    X = filled_up(X, missing)
    half = (len(X) + 1) // 2
    return X[:half], X[-half:]


@pytest.mark.parametrize("rule", LIGHT_CASES)
@settings(max_examples=25)
@given(two_sets())
def test_nothing_after_the_end_counts(rule, sets):
    rule(*sets)


@pytest.fixture(scope="module")
def sets(reels):
    """Beginnings of reels, of which some end within a measure, and other reels."""
    X = reels[:16, :48].copy()
    lengths = np.array([48, 16, 17, 32, 46, 31, 4, 1, 40, 44, 48, 8, 25, 28, 33, 36])
    X[np.arange(48) >= lengths[:, np.newaxis]] = END
    return X[:8], X[8:]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("rule", CASES)
def test_nothing_after_the_end_of_real_tunes_counts(rule, sets):
    if rule in (players, score, printed, paged, booked):
        pytest.importorskip("verovio")
    rule(*sets)


def test_measures_of_a_melody_that_ends_within_one():
    #      D  -  E  F#   D  -  E   end within the second of three measures
    row = [62, HOLD, 64, 66, 62, HOLD, 64, *[END] * 5]
    X = np.array([row, [62, HOLD, 64, *[END] * 9]])  # the other has one measure
    similarity = metrics.measure_similarity(X, **MEASURE)
    assert_array_equal(similarity[0, :2, :2], [[1, 3 / 4], [3 / 4, 1]])
    assert np.isnan(similarity[0, 2]).all() and np.isnan(similarity[1, 1:]).all()
    assert_array_equal(
        metrics.similarity_by_lag(X, **MEASURE), [[3 / 4, np.nan], [np.nan, np.nan]]
    )
    for share in (metrics.equal_measure_share, metrics.repeated_measure_share):
        assert_array_equal(share(X, **MEASURE), [0, np.nan])
    assert metrics.repeat_share(X, **MEASURE) == 0
    assert_array_equal(metrics.groove_consistency(X, **MEASURE), [3 / 4, np.nan])
    half = [[62, HOLD, HOLD, HOLD, 62, HOLD, END, END]]
    assert metrics.groove_consistency(half, **MEASURE) == 1 / 2
    endings = metrics.endings(X, **METRE)
    assert endings.last_length.tolist() == [1, 1]
    assert endings.last_place.tolist() == [2, 2]
    # Weights 1/3, 1, 1/2, 1: onsets at 0, 2, 3, 4, 6 of seven steps, 0 and 2 of three.
    complexity = metrics.rhythmic_complexity(X, **METRE)
    assert_allclose(complexity, [(8 / 3) / (14 / 3), (5 / 6) / (11 / 6)])
    profile = metrics.melody_features(X, **MEASURE).onset_profile
    assert profile.tolist() == [[1, 0, 1, 1], [1, 0, 1, 0]]
    # An E off the beat, held over a beat that the melody has, and one that it has not.
    held = [
        [62, HOLD, HOLD, HOLD, 62, 64, HOLD, END],
        [62, HOLD, HOLD, HOLD, 62, 64, END, END],
    ]
    assert_allclose(metrics.syncopation(held, **METRE), [1 / 3, 0])


def test_a_beginning_is_no_copy():
    beginning, tune = [62, HOLD, 64, END, END], [62, HOLD, 64, 66, 67]
    for X, corpus in ((beginning, tune), (tune, beginning)):
        assert metrics.nearest_melody([X], [corpus]) == ([0], [2 / 5])
        assert metrics.copy_share([X], [corpus]) == 0
        assert metrics.longest_copied_run([X], [corpus]) == ([0], [3])
        assert metrics.originality([X], [corpus])[0] == 1 - 2 / 4
    assert metrics.diversity([beginning, tune]) == 2 / 5
    ends = [62, END, END, END, END]  # these have no step in common but the first
    assert metrics.longest_copied_run([ends], [beginning]) == ([0], [1])


# ------------------------------------------------------------------ hostile input


def test_masked_values_are_not_taken_for_melodies():
    X = np.ma.masked_equal([[60, 62, END], [60, 62, 64]], END)
    X.data[0, 2] = 0  # what is below a mask is arbitrary
    for take in (melody.check_melodies, melody.pad_melodies):
        with pytest.raises(
            ValueError, match=r"Found 1 masked values?.*X\.filled\(130\)"
        ):
            take(X)


def test_tables_are_not_padded_as_one_melody():
    with pytest.raises(ValueError, match=r"shape \(n_steps,\), got one of \(2, 2\)"):
        melody.pad_melodies([[[60, 62], [64, 65]], [60]])
