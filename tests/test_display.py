import re
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from sklearn_c2c import Autoencoder, PianoRollEncoder, generation
from sklearn_c2c.display import (
    AttractorDisplay,
    InterpolationDisplay,
    LatentSpaceDisplay,
    LossCurveDisplay,
    PianoRollDisplay,
    ReconstructionCurveDisplay,
    score_svg,
)
from sklearn_c2c.melody import HOLD, REST, notes_from_melody
from tests.strategies import melodies as any_melodies

# Two measures of 4/4 in eighth notes: a long D, a repeated E, a rest, a high G held
# over the bar line.
MELODY = [62, HOLD, HOLD, HOLD, 64, 64, REST, 79, HOLD, HOLD, 66, HOLD, 66, 66, 62, 62]


@pytest.fixture
def pyplot():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    pyplot.close("all")
    yield pyplot
    pyplot.close("all")


@pytest.fixture(scope="module")
def melodies():
    return np.random.default_rng(0).integers(60, 66, size=(12, 8))


@pytest.fixture(scope="module")
def model(melodies):
    """A small Pipeline, fitted."""
    autoencoder = Autoencoder(h=3, max_iter=20, random_state=0)
    return make_pipeline(PianoRollEncoder(), autoencoder).fit(melodies)


def steps(svg):
    """Steps of the notes' onsets as stated in an SVG."""
    return [int(step) for step in re.findall(r'data-step="(\d+)"', svg)]


def engrave(melody=MELODY, **options):
    pytest.importorskip("verovio")
    return score_svg(melody, **{"steps_per_quarter": 2, **options})


def test_piano_roll_has_one_bar_per_note(pyplot):
    display = PianoRollDisplay.from_melodies(MELODY, steps_per_quarter=2)
    notes = notes_from_melody(MELODY)
    assert [bar.get_x() for bar in display.bars_] == notes[:, 0].tolist()
    assert len(display.onsets_.get_segments()) == len(notes)
    assert display.ax_.figure is display.figure_


def test_repeated_notes_do_not_touch(pyplot):
    display = PianoRollDisplay.from_melodies([60, 60, 60, HOLD])
    first, second, long = display.bars_
    assert first.get_x() + first.get_width() < second.get_x()
    assert long.get_width() > 1.5 * first.get_width()


def test_piano_rolls_lie_one_below_the_other(pyplot):
    display = PianoRollDisplay.from_melodies([[60, 64], [60, 64]], titles=["a", "b"])
    heights = [bar.get_y() for bar in display.bars_]
    assert min(heights[:2]) > max(heights[2:])
    assert heights[1] - heights[0] == pytest.approx(4)
    assert [text.get_text() for text in display.ax_.texts] == ["a", "b"]


def test_titles_stay_below_the_line_to_the_roll_above_in_a_flat_figure(pyplot):
    figure, ax = pyplot.subplots(figsize=(6, 2))
    rows = np.tile([48, 60, 72, 84], (4, 1))
    PianoRollDisplay.from_melodies(rows, titles=list("abcd"), ax=ax)
    figure.draw_without_rendering()
    lines = [ax.get_ylim()[1]] + [
        line.get_ydata()[0] for line in ax.lines if line.get_xdata() == [0, 1]
    ]
    assert len(lines) == len(ax.texts) == 4
    for line, text in zip(lines, ax.texts, strict=True):
        top = ax.transData.transform((0, line))[1]
        assert text.get_window_extent().y1 <= top


def test_piano_roll_names_pitches_and_measures(pyplot):
    display = PianoRollDisplay.from_melodies(
        np.tile(MELODY, 2), time_signature="2/4", steps_per_quarter=2
    )
    assert display.ax_.get_xticks().tolist() == list(range(0, 32, 4))
    low, name = display.ax_.get_yticks()[0], display.ax_.get_yticklabels()[0]
    assert (low, name.get_text()) == (2, "E4")  # two semitones above the lowest, D4


def test_piano_roll_of_silence(pyplot):
    display = PianoRollDisplay.from_melodies([REST, REST])
    assert len(display.bars_) == 0


def test_plot_on_given_axes_and_with_style(pyplot):
    _, ax = pyplot.subplots()
    display = PianoRollDisplay.from_melodies(
        MELODY, ax=ax, bar_kwargs={"color": "red"}, onset_kwargs={"linewidth": 5}
    )
    assert display.ax_ is ax
    assert display.bars_[0].get_facecolor()[:3] == (1, 0, 0)
    assert display.onsets_.get_linewidth()[0] == 5


def test_piano_rolls_show_where_short_melodies_end(pyplot):
    X = [[62, 129, 64, 130, 130], [62, 64, 66, 67, 69], [62, 128, 130, 130, 130]]
    display = PianoRollDisplay.from_melodies(X, steps_per_quarter=1)
    assert [end[0, 0] for end in display.ends_.get_segments()] == [3, 2]
    bottoms = [end[0, 1] for end in display.ends_.get_segments()]
    row_height = 7 + 3  # the range of the pitches, and the room between the rolls
    assert bottoms == [2 * row_height - 0.5, -0.5]
    alike = PianoRollDisplay.from_melodies(X[1], steps_per_quarter=1)
    assert len(alike.ends_.get_segments()) == 0


def test_piano_roll_titles_must_match():
    with pytest.raises(ValueError, match="2 titles for 1 melodies"):
        PianoRollDisplay.from_melodies(MELODY, titles=["a", "b"])


@pytest.mark.parametrize("early_stopping", [False, True])
def test_loss_curve_of_pipeline(pyplot, early_stopping):
    X = np.random.default_rng(0).integers(60, 66, size=(20, 8))
    autoencoder = Autoencoder(
        h=4, max_iter=3, random_state=0, early_stopping=early_stopping
    )
    model = make_pipeline(PianoRollEncoder(), autoencoder).fit(X)
    display = LossCurveDisplay.from_estimator(model, color="red")
    assert display.line_.get_ydata().tolist() == list(model[-1].loss_curve_)
    assert display.line_.get_xdata().tolist() == [1, 2, 3]
    assert display.line_.get_color() == "red"
    assert (display.validation_line_ is not None) == early_stopping
    assert display.ax_.get_title() == "Autoencoder"


def test_loss_curve_needs_a_fitted_estimator_with_epochs():
    with pytest.raises(NotFittedError):
        LossCurveDisplay.from_estimator(Autoencoder())
    with pytest.raises(ValueError, match="PCA has no loss_curve_"):
        LossCurveDisplay.from_estimator(PCA().fit(np.eye(3)))


def test_path_marks_the_notes_that_are_new(pyplot):
    path = [[62, HOLD, 64, 66], [62, HOLD, 64, 69], [62, 62, 64, 69]]
    display = InterpolationDisplay.from_melodies(path, colors=("blue", "red"))
    assert isinstance(display, InterpolationDisplay)
    is_new = [new.tolist() for new in display.is_new_]
    assert is_new == [[False] * 3, [False, False, True], [True, True, False, False]]
    reds = [bar.get_facecolor()[0] for bar in display.bars_]
    assert reds == np.concatenate(is_new).astype(float).tolist()
    onsets = display.onsets_.get_colors()[:, 0]
    assert onsets.tolist() == reds
    assert [t.get_text() for t in display.legend_.texts] == ["as before", "new"]


def test_path_of_silence(pyplot):
    display = InterpolationDisplay.from_melodies([[REST, REST], [60, HOLD]])
    assert [new.tolist() for new in display.is_new_] == [[], [True]]


def test_latent_space_shows_two_latents(pyplot, model, melodies):
    display = LatentSpaceDisplay.from_estimator(
        model, melodies, dimensions=(2, 0), y=np.arange(12.0), y_name="number"
    )
    codes = model.transform(melodies)[:, [2, 0]]
    (points,) = display.points_
    np.testing.assert_array_equal(points.get_offsets(), codes)
    assert points.get_array().tolist() == list(range(12))
    assert display.colorbar_.ax.get_ylabel() == "number"
    assert display.ax_.get_xlabel() == "Latent variable 2"
    assert display.circles_ is None and display.arrows_ == []


@pytest.mark.parametrize("reduction", [None, "pca", "tsne"])
def test_latent_space_circles_and_arrows(pyplot, model, melodies, reduction):
    display = LatentSpaceDisplay.from_estimator(
        model,
        melodies,
        reduction=reduction,
        y=["reel"] * 4 + ["chorale"] * 8,
        highlight=[5, 1],
        arrows_to=melodies[[0, 2]],
        random_state=0,
    )
    assert [c.get_label() for c in display.points_] == ["chorale", "reel"]
    assert [len(c.get_offsets()) for c in display.points_] == [8, 4]
    np.testing.assert_array_equal(
        display.circles_.get_offsets(), np.asarray(display.points)[[5, 1]]
    )
    ends = [(arrow.xyann, arrow.xy) for arrow in display.arrows_]
    np.testing.assert_array_equal(
        ends, np.stack([display.circled, display.targets], axis=1)
    )
    if reduction != "tsne":
        np.testing.assert_allclose(
            display.targets, np.asarray(display.points)[[0, 2]], atol=1e-6
        )


def test_latent_space_by_tsne_is_reproducible(model, melodies, pyplot):
    first, second = (
        LatentSpaceDisplay.from_estimator(
            model, melodies, reduction="tsne", random_state=3
        )
        for _ in range(2)
    )
    assert (first.points == second.points).all()


def test_latent_space_of_pca_by_label_without_arrows(pyplot):
    X = np.random.default_rng(0).normal(size=(6, 4))
    is_first = np.arange(6) < 2
    display = LatentSpaceDisplay.from_estimator(PCA().fit(X), X, y=is_first)
    assert [c.get_label() for c in display.points_] == ["False", "True"]
    assert display.colorbar_ is None


@pytest.mark.parametrize(
    "options, message",
    [
        ({"reduction": "umap"}, "'umap'"),
        ({"dimensions": (0, 3)}, r"\(0, 3\) do not exist: there are 3, 0 to 2"),
        ({"dimensions": (0, 3), "reduction": "pca"}, "there are 3"),
        ({"highlight": [12]}, "there are 12, 0 to 11"),
        ({"y": [1, 2]}, "2 rows of y for 12 melodies"),
        ({"arrows_to": [[60] * 8]}, "1 rows of arrows_to for 0 highlighted"),
    ],
)
def test_latent_space_refuses(model, melodies, options, message):
    with pytest.raises(ValueError, match=message):
        LatentSpaceDisplay.from_estimator(model, melodies, **options)


def test_latent_space_needs_a_fitted_estimator(melodies):
    with pytest.raises(NotFittedError):
        LatentSpaceDisplay.from_estimator(Autoencoder(), melodies)


def test_reconstruction_curve_is_the_mean_with_the_spread_over_seeds(pyplot):
    loss = [[9.0, 7.0], [3.0, 1.0]]
    display = ReconstructionCurveDisplay(
        [2, 4], loss, accuracies={"per step": [[0.5, 0.7], [1.0, 1.0]]}
    ).plot()
    assert display.loss_line_.get_ydata().tolist() == [8, 2]
    assert display.loss_line_.get_xdata().tolist() == [2, 4]
    (line,) = display.accuracy_lines_
    assert line.get_ydata().tolist() == [0.6, 1.0]
    band = display.bands_[0].get_paths()[0].vertices
    assert {tuple(corner) for corner in band} == {(2, 7), (2, 9), (4, 1), (4, 3)}
    assert len(display.bands_) == 2
    assert [t.get_text() for t in display.axes_[0].get_xticklabels()] == ["2", "4"]


def test_reconstruction_curve_without_seeds_on_given_axes(pyplot):
    _, axes = pyplot.subplots(1, 2)
    display = ReconstructionCurveDisplay([2, 4], [9.0, 3.0])
    display.plot(axes, line_kwargs={"color": "red"})
    assert display.bands_ == [] and display.accuracy_lines_ == []
    assert display.loss_line_.get_color() == "red"
    assert display.axes_.tolist() == axes.tolist()
    with pytest.raises(ValueError, match="Expected two Axes"):
        display.plot(axes[0])


def test_reconstruction_curve_of_models(pyplot, model, melodies):
    other = make_pipeline(
        PianoRollEncoder(), Autoencoder(h=1, max_iter=2, random_state=0)
    )
    models = [model, other.fit(melodies)]
    display = ReconstructionCurveDisplay.from_estimators(models, melodies)
    assert list(display.h) == [1, 3]
    decoded = model.inverse_transform(model.transform(melodies))
    assert display.loss[1] == -model.score(melodies)
    assert display.accuracies["of steps"][1] == (decoded == melodies).mean()
    assert all(0 <= v.min() <= v.max() <= 1 for v in display.accuracies.values())
    with pytest.raises(ValueError, match="1 with h=1, 2 with h=3"):
        ReconstructionCurveDisplay.from_estimators([*models, model], melodies)


def test_attractors_are_bars_by_the_size_of_their_basins(pyplot):
    display = AttractorDisplay(
        [60, 12, 3],
        cycle_lengths=[1, 2, 1],
        is_training=[True, False, False],
        n_unseen=4.2,
        coverage=0.98,
    ).plot(colors=("blue", "red"))
    assert [bar.get_height() for bar in display.bars_] == [60, 12, 3]
    assert [bar.get_facecolor()[0] for bar in display.bars_] == [1, 0, 0]
    (cycle,) = display.cycles_
    assert cycle.get_text() == "2" and cycle.xy == (2, 12)
    title = display.ax_.get_title()
    for part in ("3 attractors of 75 starts", "about 4 more unseen", "98%"):
        assert part in title
    labels = [t.get_text() for t in display.ax_.get_legend().texts]
    assert labels == ["New melodies (2)", "Training melodies (1)"]


@pytest.mark.parametrize("knows_training", [False, True])
def test_attractors_of_a_model(pyplot, model, melodies, knows_training):
    X = melodies if knows_training else None
    ends = generation.attractors(model, 30, X=X, random_state=0)
    display = AttractorDisplay.from_result(ends, width=0.5)
    assert sum(bar.get_height() for bar in display.bars_) == 30
    assert display.bars_[0].get_width() == 0.5
    assert (display.ax_.get_legend() is not None) == knows_training


def test_attractors_of_no_path_that_ends(model, melodies):
    with pytest.warns(UserWarning, match="reached no cycle"):
        ends = generation.attractors(model[-1], 2, max_iter=1, random_state=0)
    with pytest.raises(ValueError, match="None of the 2 starts"):
        AttractorDisplay.from_result(ends)


def test_score_shows_every_note_once():
    svg = engrave()
    ElementTree.fromstring(svg)
    onsets = notes_from_melody(MELODY)[:, 0]
    # The G over the bar line, at step 8, is written as two tied notes.
    assert sorted(steps(svg)) == sorted([*onsets, 8])
    assert svg.count('class="note"') == len(onsets) + 1
    assert svg.count('class="tie"') == 1


def test_score_on_a_grid_of_triplets():
    melody = [62, HOLD, HOLD, HOLD, 64, HOLD, HOLD, HOLD, 66, HOLD, HOLD, HOLD] * 4
    svg = score_svg(melody, steps_per_quarter=12)
    assert svg.count('class="note"') == 12
    assert svg.count('class="beam"') == 4
    assert svg.count('class="clef"') == 1


def test_score_beams_eighths_and_keeps_beats_apart():
    svg = engrave([62, 64, 66, 67, 69, HOLD, 69, HOLD])
    assert svg.count('class="beam"') in (1, 2)
    assert engrave([62, HOLD] * 4).count('class="beam"') == 0


@pytest.mark.parametrize("key, n_signs", [(None, 0), ("D", 2), ("F minor", 4)])
def test_score_has_clef_and_key_signature(key, n_signs):
    svg = engrave(key=key)
    assert svg.count('class="clef"') == 1
    assert svg.count('class="keyAccid"') == n_signs


def test_score_breaks_lines_into_phrases():
    melody = np.tile(MELODY, 4)
    systems = {
        width: engrave(melody, width=width).count('class="system"')
        for width in (300, 900, 3000)
    }
    assert systems[300] in (4, 8)
    assert systems[900] == systems[3000] == 2


def test_score_needs_nothing_from_outside_and_has_names_of_its_own():
    svg, other = engrave(), engrave(width=300)
    assert set(re.findall(r"https?://[^\"']*", svg)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    names, other_names = (set(re.findall(r'\bid="([^"]*)"', s)) for s in (svg, other))
    assert names and not names & other_names
    used = set(re.findall(r'xlink:href="#([^"]*)"', svg))
    assert used <= names


def test_score_is_reproducible():
    assert engrave() == engrave()


def test_score_title_is_escaped():
    svg = engrave(title="<script>&")
    assert "<script>" not in svg
    texts = "".join(ElementTree.fromstring(svg).itertext())
    assert "<script>&" in texts


# A pick-up of two eighth notes, in front of MELODY.
WITH_PICKUP = [REST] * 6 + [69, 67, *MELODY]


@pytest.mark.parametrize("triplets", [False, True])
def test_score_begins_with_the_pickup(triplets):
    factor = 6 if triplets else 1  # on a grid of triplets it is written as MusicXML
    melody = np.repeat(WITH_PICKUP, factor)
    melody[(np.arange(24 * factor) % factor > 0) & (melody != REST)] = HOLD
    grid = {"steps_per_quarter": 2 * factor}
    whole, cut = (score_svg(melody, pickup=pickup, **grid) for pickup in (False, True))
    assert whole.count('class="rest"') == cut.count('class="rest"') + 1
    assert whole.count('class="measure"') == cut.count('class="measure"') == 3
    onsets = notes_from_melody(melody)[:, 0]
    for svg in (whole, cut):
        assert sorted(steps(svg)) == sorted([*onsets, factor * 16])


@pytest.mark.parametrize("n_rests", [0, 3, 8])
def test_steps_with_a_pickup_are_those_of_the_melody(n_rests):
    melody = [REST] * n_rests + [69] * (8 - n_rests) + MELODY
    svg = engrave(melody, pickup=True)
    assert set(notes_from_melody(melody)[:, 0]) <= set(steps(svg))
    assert svg.count('class="measure"') == (2 if n_rests == 8 else 3)
    silent = engrave([REST] * 16, pickup=True)
    assert steps(silent) == [] and silent.count('class="measure"') == 2


def test_lines_after_a_pickup_are_phrases():
    melody = [REST] * 7 + [69] + [62, 64] * 32  # and eight measures
    svg = engrave(melody, width=900, pickup=True)
    lines = [line.count('class="measure"') for line in svg.split('class="system"')[1:]]
    assert lines == [5, 4]


def marks_at(places, n_steps=16):
    return np.isin(np.arange(n_steps), places)


def marked_steps(svg):
    return [int(s) for s in re.findall(r'data-step="(\d+)" class="note marked"', svg)]


def test_marks_are_those_of_the_onsets():
    # In MELODY: the holds of the first note; the second E and the rest after it; the
    # G at 7, tied over the bar line; the hold of the F sharp at 10.
    svg = engrave(marks={"color": marks_at([1, 2, 5, 6, 7, 11])})
    assert sorted(marked_steps(svg)) == [5, 7, 8]
    assert svg.count('class="rest marked"') == 1
    assert marked_steps(engrave(marks={"color": marks_at([8, 9])})) == []
    for color in re.findall(r'marked" color="(.*?)" fill="(.*?)"', svg):
        assert color == ("#2b83c6", "#2b83c6")
    unmarked = engrave(marks={"color": marks_at([])})
    assert unmarked == engrave() and "marked" not in unmarked


@settings(max_examples=25)
@given(any_melodies(max_melodies=1), st.integers(0, 2**24 - 1), st.booleans())
def test_any_melody_is_marked_where_it_begins(rows, bits, pickup):
    (melody,) = rows
    mask = np.array([bits >> step & 1 for step in range(len(melody))], bool)
    marks = {"color": mask, "line": mask, "band": ~mask}
    svg = engrave(melody, pickup=pickup, marks=marks)
    ElementTree.fromstring(svg)
    notes = notes_from_melody(melody)
    marked = set(marked_steps(svg))
    assert set(steps(svg)) >= set(notes[:, 0])
    for onset, duration, _ in notes:
        written = {s for s in steps(svg) if onset <= s < onset + duration}
        assert written & marked == (written if mask[onset] else set())
    n_signs = len(steps(svg)) + len(re.findall('class="rest', svg))
    n_marked = len(marked_steps(svg)) + svg.count('class="rest marked')
    assert len(areas(svg, "line")) == n_marked
    # The rest that fills up the last measure is in neither mask nor complement.
    assert n_marked + len(areas(svg, "band")) <= n_signs
    assert all(left < right for left, right, *_ in areas(svg, "band"))


def areas(svg, style):
    """Left, right, upper and lower edge of the drawing of a mark."""
    number = '="(-?\\d+)" '
    names = number.join(["x", "y", "width", "height"])
    found = re.findall(f'<rect class="mark-{style}" {names}{number}', svg)
    numbers = (map(int, area) for area in found)
    return [(x, x + width, y, y + height) for x, y, width, height in numbers]


def test_lines_and_bands_reach_to_the_next_sign():
    marks = {"band": marks_at([0, 4, 6]), "line": marks_at([5])}
    svg = engrave(marks=marks, width=3000)
    (line,), bands = areas(svg, "line"), areas(svg, "band")
    assert len(bands) == 3
    # Signs at 0, 4, 5, 6 (the rest), 7: the line lies between two bands.
    assert bands[0][1] == bands[1][0] and bands[1][1] == line[0]
    assert line[1] == bands[2][0]
    assert all(left < right for left, right, *_ in [line, *bands])
    # A line is not where the staff is, a band is behind it.
    measure = svg[svg.index('class="measure"') :]
    heights = [int(y) for y in re.findall(r'<path d="M\d+ (\d+) L', measure)[:5]]
    assert line[3] < min(heights)
    assert bands[0][2] < min(heights) and max(heights) < bands[0][3]
    assert measure.index("<rect") < measure.index("<path")


def test_a_mark_at_the_end_reaches_to_the_bar_line():
    svg = engrave(marks={"band": np.ones(16, bool)}, width=3000)
    ends = [int(x) for x in re.findall(r'class="barLine"><path d="M(\d+) ', svg)]
    rights = [right for _, right, *_ in areas(svg, "band")]
    assert len(rights) == 11  # signs
    assert min(abs(right - ends[0]) for right in rights) < 50
    assert max(rights) >= ends[-1]


def test_marks_with_a_pickup_and_a_measure_to_fill_up():
    melody = [*WITH_PICKUP, REST, REST]  # the last measure is filled up with rest
    marks = {"color": marks_at([6, 9, 24, 25], 26), "band": marks_at([7], 26)}
    svg = engrave(melody, pickup=True, marks=marks)
    assert marked_steps(svg) == [6] and svg.count('class="rest marked"') == 1
    assert len(areas(svg, "band")) == 1
    short = [62, HOLD, 64]
    svg = engrave(short, marks={"color": np.ones(3, bool)})
    assert marked_steps(svg) == [0, 2]
    assert svg.count("marked") == 2  # the rest is not one of its steps


def test_marks_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="Expected marks among color, line, band"):
        engrave(marks={"colour": np.ones(16, bool)})
    with pytest.raises(ValueError, match=r"shape \(16,\).*'line'.*got shape \(8,\)"):
        engrave(marks={"line": np.ones(8, bool)})
    with pytest.raises(ValueError, match=r"boolean mask.*dtype int"):
        engrave(marks={"band": np.arange(16)})


def test_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "verovio", None)
    with pytest.raises(ImportError, match=r'verovio.*pip install "sklearn_c2c\[stud'):
        score_svg(MELODY)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"matplotlib.*sklearn_c2c\[studio\]"):
        PianoRollDisplay.from_melodies(MELODY)


def test_parts_that_return_are_engraved_once():
    part = [62, 64, 66, 69] * 8  # four measures of eighths
    other = [67, 69, 71, 74] * 8
    last = [*other[:24], 74, 69, 66, 62, 62, HOLD, HOLD, HOLD]
    melody = part + part + other + last + [62, HOLD] * 4
    svg = engrave(melody, repeats="signs", marks={"color": np.arange(136) == 33})
    assert svg.count('class="measure"') == 4 + 5 + 1
    steps = re.findall(r'data-step="([\d ]+)"', svg)
    assert steps[:3] == ["0 32", "1 33", "2 34"] and steps[-1] == "134"
    assert sorted(int(step) for note in steps for step in note.split()) == [
        i for i, token in enumerate(melody) if token != HOLD
    ]
    assert svg.count("marked") == 1
    lines = [line.count('class="measure"') for line in svg.split('class="system"')[1:]]
    assert lines == [4, 5, 1]
