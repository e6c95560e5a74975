"""The explorer, driven as a user does: what sounds is what is shown and saved."""

import io
import wave

import numpy as np
import pytest
from sklearn.decomposition import NMF, PCA
from sklearn.pipeline import make_pipeline

from sklearn_c2c import (
    AttributeVariationalAutoencoder,
    PianoRollEncoder,
    VariationalAutoencoder,
    VariationalRecurrentAutoencoder,
    datasets,
)
from sklearn_c2c.io import read_melodies, write_melody
from sklearn_c2c.melody import END, HOLD, REST, check_melodies, notes_from_melody
from sklearn_c2c.metrics import attribute_values, nearest_melody
from tests.web.exploring import Explorer, onsets, train, write

pytest.importorskip("verovio")

WIDTHS = pytest.mark.parametrize("width", [1280, 390])
MEASURE = 16
SAVED = {"midi": ".mid", "abc": ".abc", "musicxml": ".musicxml"}


@pytest.fixture(scope="module")
def corpus():
    return datasets.load_celtic()


@pytest.fixture(scope="module")
def model(corpus):
    return train(corpus.data)


@pytest.fixture(scope="module")
def path(corpus, model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("explorer")
    return write(folder / "page.html", model, corpus.data, corpus.titles)


@pytest.fixture
def start(open_page, path):
    def start(width=1280, file=path, **options):
        return Explorer(open_page(file, width=width, **options))

    return start


def heard(explorer, n):
    """The first notes that were scheduled, as [step, pitch], once there are n."""
    explorer.wait_until(f"explorer.sequencer.record.length >= {n}")
    record = explorer.run("explorer.sequencer.record")
    return [[entry["step"], entry["pitch"]] for entry in record[:n]]


def first_notes(melody, n):
    return [[step, pitch] for step, _, pitch in notes_from_melody(melody)[:n].tolist()]


@WIDTHS
def test_a_tune_of_the_map_sounds_and_is_shown_as_python_has_it(start, corpus, width):
    explorer = start(width)
    explorer.page.mouse.click(*explorer.pixel_of_tune(7))
    # Points may lie above one another: the one on top is meant.
    index = corpus.titles.index(explorer.shown_title)
    tune = corpus.data[index]
    state = explorer.state
    assert state["isPlaying"]
    assert state["melody"] == state["sounding"] == tune.tolist()
    assert explorer.steps_on_staff() == onsets(tune)
    assert heard(explorer, 5) == first_notes(tune, 5)
    others = np.delete(corpus.data, index, axis=0)
    (nearest,), _ = nearest_melody(tune[None], others)
    assert state["nearest"] == nearest + (nearest >= index)


# Remember all melodies that are shown.
WITH_MEMORY = """explorer.setPresent = ((set) => function (state, how) {
    (this.seen ??= []).push(state.melody.join());
    set.call(this, state, how);
})(explorer.setPresent)"""


@WIDTHS
def test_a_free_point_is_decoded_while_it_is_dragged(start, width):
    explorer = start(width)
    x, y = explorer.pixel_of_tune(3)
    explorer.run(WITH_MEMORY)
    explorer.drag((x, y), (x + 40, y + 30), (x + 60, y - 40))
    assert len(set(explorer.run("explorer.seen"))) > 1
    state = explorer.state
    check_melodies(state["melody"])
    assert state["isPlaying"]
    assert state["melody"] == explorer.run(
        "(() => { const { z, letters } = explorer.present;"
        "return Array.from(explorer.space.model.decode(z, { letters })); })()"
    )
    assert explorer.steps_on_staff() == onsets(state["melody"])
    # One state of the whole movement.
    assert explorer.run("explorer.history.states.length") == 2


def test_the_melody_at_a_tune_is_that_tune_as_python_decodes_it(start, corpus, model):
    explorer = start()
    decoded = model.inverse_transform(model.transform(corpus.data[:5]))
    for index in range(5):
        explorer.run("explorer.composer.keepsForm = false")
        melody = explorer.run("explorer.composer.ofWeights([[data, 1]]).melody", index)
        # Weights of the page are rounded to 8 bits.
        assert np.mean(np.array(melody) == decoded[index]) > 0.97


@WIDTHS
def test_the_melody_that_is_played_on_is_the_new_one_from_the_next_measure(
    start, corpus, width
):
    explorer = start(width)
    explorer.run("explorer.transport.restore({ tempo: 240 })")
    explorer.run("explorer.showTune(2, { plays: true })")
    heard(explorer, 2)
    explorer.run("explorer.showTune(5)")
    assert explorer.state["sounding"] == corpus.data[2].tolist()
    explorer.wait_until("explorer.sequencer.melody.join() === explorer.melody.join()")
    n = explorer.run("explorer.sequencer.record.length")
    record = heard(explorer, n + 3)
    own = {tuple(note) for note in first_notes(corpus.data[5], None)}
    assert {tuple(note) for note in record[-2:]} <= own


@pytest.mark.integration
@WIDTHS
def test_files_hold_what_is_shown(start, width, tmp_path):
    explorer = start(width)
    x, y = explorer.pixel_of_tune(10)
    explorer.drag((x + 9, y + 20), (x + 25, y + 25))
    state = explorer.state
    for name, suffix in SAVED.items():
        saved = explorer.download(f"save-{name}")
        assert saved.suggested_filename.endswith(suffix)
        file = tmp_path / f"tune{suffix}"
        saved.save_as(file)
        read = read_melodies(file, key=None, n_measures=8)
        assert read.data[0].tolist() == state["melody"]
        assert name == "midi" or read.titles == [state["title"]]
    with wave.open(
        io.BytesIO(explorer.download("save-wav").path().read_bytes())
    ) as sound:
        assert sound.getnframes() / sound.getframerate() > 16  # 8 measures at 120


def test_a_link_restores_everything(start, path):
    explorer = start()
    x, y = explorer.pixel_of_tune(20)
    explorer.drag((x + 15, y + 10), (x - 20, y + 12))
    explorer.part("tempo").fill("97")
    explorer.part("timbre").select_option("reed")
    explorer.part("loop-from").select_option(index=2)
    explorer.part("metronome").check()
    explorer.part("locks").locator("button").nth(4).click()
    explorer.click("keep")
    link = explorer.run("explorer.link")
    state = explorer.state
    explorer.wait_until("location.hash.slice(1) === explorer.link")
    other = start()
    other.page.evaluate("localStorage.clear()")
    other.page.goto(f"{path.resolve().as_uri()}#{link}")
    other.page.reload()
    other = Explorer(other.page)
    found = other.state
    for name in ("title", "melody", "kept"):
        assert found[name] == state[name]
    assert np.allclose(found["z"], state["z"])
    assert np.allclose(found["place"], state["place"], atol=1e-3)
    assert other.run("explorer.link") == link
    assert other.part("favourites").locator("li").count() == 1
    assert other.run("explorer.sequencer.loop") == [32, 128]
    assert other.run("[explorer.sequencer.tempo, explorer.sequencer.timbre]") == [
        97,
        "reed",
    ]


@pytest.mark.parametrize(
    "link",
    [
        "#",
        "#tune=99999",
        "#tune=-1&loop=x-y&tempo=abc&sound=drum&clicks=%FF",
        "#kind=decoded&title=x&z=AAAA&melody=!!!&at=1,2",
        "#melody=gYGB&z=&at=NaN,&favourites=%5B%5B1%5D%5D&kept=22",
        "#favourites=nothing&tune=1e99&form=free",
    ],
)
def test_a_damaged_link_is_as_if_it_were_not_there(start, path, corpus, link):
    explorer = start()
    explorer.page.goto(f"{path.resolve().as_uri()}{link}")
    explorer.page.reload()
    explorer = Explorer(explorer.page)
    assert explorer.shown_title == corpus.titles[0]


def test_a_long_title_is_cut_between_characters(start, path):
    explorer = start()
    title = 199 * "a" + "\N{MUSICAL KEYBOARD}\N{MUSICAL KEYBOARD}"
    explorer.run(
        "explorer.setPresent(explorer.composer.ofOwn(explorer.melody, data))", title
    )
    link = explorer.run("(explorer.keep(), explorer.link)")
    other = start()
    other.page.goto(f"{path.resolve().as_uri()}#{link}")
    other.wait_until("explorer.present.title[0] === 'a'")
    assert other.shown_title == title[:-1]
    assert other.run("explorer.favourites.items[0].title") == title[:-1]
    assert len(other.run("explorer.link")) > 200  # it can be passed on


def test_undo_and_redo_go_through_the_states(start, corpus):
    explorer = start()
    for index in (4, 9, 11):
        explorer.run("explorer.showTune(data)", index)
    explorer.page.keyboard.press("Control+z")
    explorer.page.keyboard.press("Control+z")
    assert explorer.state["melody"] == corpus.data[4].tolist()
    explorer.page.keyboard.press("Control+Shift+Z")
    assert explorer.shown_title == corpus.titles[9]
    explorer.click("redo")
    assert explorer.shown_title == corpus.titles[11]
    assert explorer.part("redo").is_disabled()
    explorer.page.get_by_text("History", exact=True).click()
    explorer.part("history").get_by_text(corpus.titles[0], exact=True).click()
    assert explorer.state["melody"] == corpus.data[0].tolist()
    assert explorer.part("undo").is_disabled()


@WIDTHS
def test_locked_measures_stay_while_all_else_moves(start, corpus, width):
    explorer = start(width)
    explorer.run("explorer.showTune(3)")
    tune = corpus.data[3]
    for measure in (1, 6):
        explorer.part("locks").locator("button").nth(measure).click()
    kept = np.repeat(np.isin(np.arange(8), [1, 6]), MEASURE)
    seen = set()
    x, y = explorer.pixel_of_tune(40)
    moves = [
        lambda: explorer.drag((x + 12, y + 14), (x - 30, y + 20)),
        lambda: explorer.run("explorer.showTune(50)"),
        lambda: explorer.run("explorer.between.moveTo([0.3, 0.8], true)"),
        lambda: explorer.run("explorer.sliders._slide(0, { value: 3 }, true)"),
    ]
    for move in moves:
        move()
        melody = np.array(explorer.state["melody"])
        check_melodies(melody)
        assert (melody == tune)[kept].all()
        seen.add(tuple(melody))
    assert len(seen) == len(moves)
    assert explorer.part("locks").locator('[aria-pressed="true"]').count() == 2
    for measure in (1, 6):
        explorer.part("locks").locator("button").nth(measure).click()
    explorer.run("explorer.showTune(50)")
    assert explorer.state["melody"] == corpus.data[50].tolist()


@WIDTHS
def test_between_tunes_by_pointer_and_by_keys(start, corpus, width):
    explorer = start(width)
    explorer.tab("between")
    field = explorer.page.get_by_role("combobox", name="Tune A")
    field.fill(corpus.titles[12][:12])
    field.press("Enter")
    assert field.input_value() == corpus.titles[12]
    handle = explorer.part("handle")
    handle.focus()
    for key in ("Home", "ArrowRight", "ArrowDown", "ArrowLeft"):
        handle.press(key)
    assert handle.get_attribute("aria-valuetext") == "95 % A, 0 % B, 5 % C, 0 % D"
    handle.press("Home")
    assert explorer.shown_title == f"Near {corpus.titles[12]}"
    box = explorer.part("pad").bounding_box()
    explorer.drag(
        (box["x"] + 5, box["y"] + 5), (box["x"] + box["width"] - 1, box["y"] + 9)
    )
    assert "B" in handle.get_attribute("aria-valuetext")
    explorer.page.get_by_text("Two tunes").click()
    assert explorer.page.get_by_role("combobox", name="Tune C").is_hidden()
    handle.press("Home")
    at_a = explorer.state["melody"]
    handle.press("End")
    assert handle.get_attribute("aria-valuetext") == "0 % A, 100 % B"
    assert explorer.state["melody"] != at_a


def test_the_present_tune_becomes_a_corner(start, corpus):
    explorer = start()
    explorer.run("explorer.showTune(33)")
    explorer.tab("between")
    explorer.page.get_by_label(
        "Take the tune nearest to the present melody as B"
    ).click()
    assert (
        explorer.page.get_by_role("combobox", name="Tune B").input_value()
        == corpus.titles[33]
    )


@pytest.mark.integration
def test_a_walk_and_a_trail_change_at_measures(start):
    explorer = start()
    explorer.run("explorer.transport.restore({ tempo: 240 })")
    explorer.tab("between")
    explorer.click("walk")
    explorer.wait_until("explorer.walk.stage >= 2")
    assert explorer.part("walk").text_content() == "Stop the walk"
    explorer.click("walk")
    assert not explorer.run("explorer.walk.isOn")
    explorer.tab("map")
    explorer.page.get_by_text("Trail", exact=True).click()
    x, y = explorer.pixel_of_tune(0)
    explorer.drag((x, y + 30), (x + 80, y + 60), (x + 20, y + 120))
    assert explorer.run("explorer.mapPanel.trail.length") > 3
    explorer.part("trail-measures").select_option(value="1")
    explorer.part("trail-count").select_option(value="4")
    explorer.click("trail-play")
    explorer.wait_until("!explorer.mapPanel.journey.isOn")
    assert explorer.state["isPlaying"]
    last = explorer.run("explorer.mapPanel.trail.at(-1)")
    assert np.allclose(explorer.state["place"], last, atol=1e-6)
    explorer.click("trail-clear")
    assert explorer.part("trail-play").is_disabled()
    for _ in range(2):
        explorer.click("trail-add")
    assert explorer.part("trail-play").is_enabled()


@WIDTHS
def test_sliders_move_and_go_back(start, width):
    explorer = start(width)
    explorer.tab("sliders")
    before = explorer.state
    sliders = explorer.part("sliders").locator("input")
    assert sliders.count() >= 3
    positions = [slider.input_value() for slider in sliders.all()]
    sliders.nth(0).focus()
    for _ in range(40):
        sliders.nth(0).press("ArrowRight")
    moved = explorer.state
    assert moved["melody"] != before["melody"]
    assert sliders.nth(0).input_value() != positions[0]
    assert [s.input_value() for s in sliders.all()][1:] == positions[1:]
    for _ in range(30):
        sliders.nth(2).press("ArrowLeft")
    resets = explorer.part("sliders").locator("button")
    resets.nth(0).click()
    assert sliders.nth(0).input_value() == positions[0]
    assert sliders.nth(2).input_value() != positions[2]
    explorer.click("reset-all")
    assert explorer.state["melody"] == before["melody"]
    assert explorer.state["title"] == before["title"]
    assert explorer.part("reset-all").is_disabled()


def test_a_tune_of_ones_own_comes_on_the_map(start, corpus, tmp_path):
    explorer = start()
    file = tmp_path / "own.abc"
    write_melody(corpus.data[8], file, title="Mine <b>", key="D", time_signature="4/4")
    explorer.tab("own")
    explorer.part("own-text").fill(file.read_text())
    explorer.click("own-take")
    state = explorer.state
    assert state["melody"] == corpus.data[8].tolist()
    assert state["title"] == explorer.shown_title == "Mine <b>"
    assert np.allclose(state["place"], explorer.run("explorer.space.point(8)"))
    assert np.allclose(state["z"], explorer.run("Array.from(explorer.space.code(8))"))
    explorer.part("own-text").fill("X:1\nK:D\nthis is no tune !!!")
    explorer.click("own-take")
    assert explorer.part("own-said").locator(".wrong").text_content()
    assert explorer.state["melody"] == corpus.data[8].tolist()


def test_the_nearest_tune_is_heard_by_one_key(start, corpus):
    explorer = start()
    explorer.run("explorer.showTune(6, { plays: true })")
    heard(explorer, 2)
    nearest = explorer.state["nearest"]
    explorer.page.keyboard.press("b")
    state = explorer.state
    assert state["melody"] == corpus.data[nearest].tolist()
    assert explorer.shown_title == corpus.titles[nearest]
    explorer.wait_until("explorer.sequencer.melody.join() === explorer.melody.join()")
    explorer.page.keyboard.press("b")
    assert explorer.state["melody"] == corpus.data[6].tolist()
    same = (corpus.data[6] == corpus.data[nearest]) & (corpus.data[6] < 128)
    n_notes = (corpus.data[6] < 128).sum()
    words = explorer.part("nearest-words").text_content()
    assert words == f"has {same.sum()} of {n_notes} notes in common"


@WIDTHS
def test_search_by_title_with_the_keyboard(start, corpus, width):
    explorer = start(width)
    explorer.page.keyboard.press("/")
    field = explorer.page.get_by_role("combobox", name="Search")
    field.fill("zzz no such tune")
    assert "No tune" in explorer.page.locator(".choices [role=option]").text_content()
    field.press("ArrowDown")
    field.press("Enter")
    assert explorer.shown_title == corpus.titles[0]
    field.fill(corpus.titles[30].upper())
    field.press("ArrowDown")
    field.press("ArrowUp")
    field.press("Enter")
    assert explorer.shown_title == corpus.titles[30]
    assert explorer.state["isPlaying"]
    explorer.page.keyboard.press("Escape")
    field.blur()
    explorer.page.keyboard.press("Escape")
    assert not explorer.state["isPlaying"]


def test_favourites_are_kept_renamed_played_and_printed(start, corpus, tmp_path):
    explorer = start()
    for index in (1, 2, 2):
        explorer.run("explorer.showTune(data)", index)
        explorer.page.keyboard.press("k")
    explorer.part("notebook").locator("summary").click()
    rows = explorer.part("favourites").locator("li")
    assert rows.count() == 2
    rows.nth(0).locator("input").fill("A better title")
    rows.nth(0).locator("input").blur()
    file = tmp_path / "all.abc"
    explorer.download("save-all").save_as(file)
    read = read_melodies(file, key=None, n_measures=8)
    assert read.titles == ["A better title", corpus.titles[2]]
    assert read.data.tolist() == corpus.data[1:3].tolist()
    explorer.page.emulate_media(media="print")
    explorer.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    book = explorer.part("book")
    assert book.locator("h2").all_text_contents() == read.titles
    assert book.locator("svg .note").count() > 40
    assert explorer.part("map").is_hidden()
    explorer.page.emulate_media(media="screen")
    rows.nth(1).get_by_text("Remove").click()
    rows.nth(0).get_by_text("Play").click()
    assert explorer.state["title"] == "A better title"
    assert explorer.state["isPlaying"]
    again = start()
    assert again.part("favourites").locator("li").count() == 0  # of another visitor
    explorer.page.reload()
    explorer = Explorer(explorer.page)
    assert explorer.part("favourites").locator("li").count() == 1


TWO_TABS = """
    import { Favourites } from "./state.js";
    const stored = new Map();
    globalThis.localStorage = {
      getItem: (key) => stored.get(key) ?? null,
      setItem: (key, text) => stored.set(key, text),
    };
    const form = { nSteps: 2, tokens: [60, 62] };
    const open = () => new Favourites("Tunes", form, () => {});
    const [a, b] = [open(), open()];
    const said = [a.add("one", [60, 60]), b.add("two", [60, 62]), a.add("x", [60, 62])];
    b.rename(0, "first");
    a.add("three", [62, 60]);
    b.remove(1);
    said.push(a.rename(0, "  "));
    report([said, open().items.map(({ title }) => title)]);
"""


def test_favourites_of_two_tabs_are_merged(node):
    said, titles = node(TWO_TABS)
    assert said == ["added", "added", "there", "Melody"]
    assert titles == ["Melody", "three"]


def test_full_favourites_lose_none(node):
    program = """
        import { Favourites } from "./state.js";
        const tokens = Array.from({ length: 128 }, (_, i) => i);
        const all = new Favourites("Tunes", { nSteps: 2, tokens }, () => {});
        for (let i = 0; i < 128; i++) all.add(`${i}`, [60, i]);
        for (let i = 0; i < 100; i++) all.add(`${128 + i}`, [61, i]);
        report([all.items.length, all.items[0].title, all.add("x", [62, 0])]);
    """
    assert node(program) == [200, "0", "full"]


def test_favourites_are_those_of_all_tabs(start, path):
    one = start()
    page = one.page.context.new_page()
    page.goto(path.resolve().as_uri())
    two = Explorer(page)
    for explorer, index in ((one, 1), (two, 2), (one, 3)):
        explorer.run("explorer.showTune(data)", index)
        explorer.click("keep")
    for explorer in (one, two):
        explorer.wait_until("explorer.parts.favourites.children.length === 3")
    two.part("notebook").locator("summary").click()
    two.part("favourites").get_by_text("Remove").first.click()
    one.wait_until("explorer.parts.favourites.children.length === 2")
    titles = "explorer.favourites.items.map(({ title }) => title)"
    assert one.run(titles) == two.run(titles)
    field = two.part("favourites").locator("input").first
    field.fill("A better title")
    field.press("Enter")
    one.wait_until("explorer.favourites.items[0].title === 'A better title'")
    assert one.part("favourites").locator("input").first.input_value() == (
        "A better title"
    )


def test_a_favourite_without_a_title_is_a_melody(start):
    explorer = start()
    explorer.click("keep")
    explorer.part("notebook").locator("summary").click()
    field = explorer.part("favourites").locator("input")
    field.fill(" ")
    field.blur()
    assert field.input_value() == "Melody"
    explorer.part("favourites").get_by_text("Play").click()
    assert explorer.shown_title == "Melody"


def test_what_is_compared_is_what_is_kept_and_saved(start, corpus, path, tmp_path):
    explorer = start()
    explorer.run("explorer.showTune(6)")
    explorer.click("compare")
    nearest = explorer.state["nearest"]
    title, tune = corpus.titles[nearest], corpus.data[nearest].tolist()
    assert explorer.shown_title == title
    explorer.click("keep")
    kept = explorer.run("explorer.favourites.items")
    assert kept == [{"title": title, "melody": tune}]
    file = tmp_path / "saved.abc"
    explorer.download("save-abc").save_as(file)
    read = read_melodies(file, key=None, n_measures=8)
    assert (read.titles, read.data.tolist()) == ([title], [tune])
    explorer.tab("own")
    explorer.click("own-present")
    assert explorer.part("own-text").input_value() == file.read_text()
    other = start()
    link = explorer.run("explorer.takeAlong.link()").partition("#")[2]
    other.page.goto(f"{path.resolve().as_uri()}#{link}")
    other.wait_until(f"explorer.present.tune === {nearest}")
    explorer.click("compare")
    assert explorer.shown_title == corpus.titles[6]
    assert explorer.download("save-abc").path().read_text() != file.read_text()


def test_transport(start):
    explorer = start()
    page = explorer.page
    page.keyboard.press("Space")
    assert explorer.state["isPlaying"]
    assert explorer.part("play").text_content() == "Stop"
    explorer.part("tempo").fill("150")
    assert explorer.run("explorer.sequencer.tempo") == 150
    assert explorer.part("tempo-shown").text_content() == "♩ = 150"
    explorer.part("loop-from").select_option(index=3)
    explorer.part("loop-to").select_option(index=1)
    assert explorer.run("explorer.sequencer.loop") == [MEASURE, 4 * MEASURE]
    explorer.part("loop").uncheck()
    assert explorer.run("explorer.sequencer.loop") is None
    explorer.part("volume").fill("0")
    assert explorer.run("explorer.sequencer.volume") == 0
    for name in ("flute", "reed", "plucked"):
        explorer.part("timbre").select_option(name)
        assert explorer.run("explorer.sequencer.timbre") == name
    explorer.part("count-in").check()
    explorer.part("metronome").check()
    assert explorer.run(
        "[explorer.sequencer.countIn, explorer.sequencer.metronome]"
    ) == [True, True]
    explorer.click("play")
    assert not explorer.state["isPlaying"]
    explorer.part("roll").locator("[data-step]").nth(5).click()
    assert explorer.state["isPlaying"]


def test_the_form_of_the_nearest_tune_can_be_left_out(start):
    explorer = start()
    melody = explorer.run(
        "(explorer.between.moveTo([0.4, 0.4], true), explorer.present.melody)"
    )
    explorer.part("form").uncheck()
    free = explorer.state["melody"]
    assert free == explorer.run(
        "Array.from(explorer.space.model.decode(explorer.present.z))"
    )
    explorer.part("form").check()
    assert explorer.state["melody"] == melody


def test_colours_have_a_legend(start, corpus, model, tmp_path):
    classes = {"target": np.arange(75) % 3, "target_names": ["a", "<i>b</i>", "c"]}
    file = write(
        tmp_path / "p.html",
        model,
        corpus.data,
        corpus.titles,
        corpus=classes,
        layout="pca",
    )
    explorer = start(file=file)
    assert explorer.part("legend").locator(".class").all_text_contents() == [
        "<i>b</i>",
        "a",
        "c",
    ]
    names = explorer.part("colour").locator("option").all_text_contents()
    assert {"Class", "Mean pitch", "Nothing"} <= set(names)
    for name in names:
        explorer.part("colour").select_option(label=name)
    explorer.part("colour").select_option(label="Mean pitch")
    pitches = [
        float(x) for x in explorer.part("legend").locator(".tick").all_text_contents()
    ]
    assert pitches == sorted(pitches) and 60 < pitches[0] < pitches[-1] < 85


PINCH = """(() => {
    const { map } = explorer.mapPanel;
    const { left, top } = map.canvas.getBoundingClientRect();
    const touch = (name, pointerId, x, y) => map.canvas.dispatchEvent(
        new PointerEvent(name, { pointerId, clientX: left + x, clientY: top + y }));
    map.canvas.setPointerCapture = () => {};
    map.zoom(4);
    touch("pointerdown", 1, 100, 100);
    touch("pointerdown", 2, 300, 300);
    touch("pointermove", 2, 310, 310);
    const before = [map.view.x, map.view.y];
    touch("pointerup", 1, 100, 100);
    touch("pointermove", 2, 313, 309);
    const after = [map.view.x, map.view.y];
    touch("pointerup", 2, 313, 309);
    return before.map((x, c) => (x - after[c]) * map.view.scale);
})()"""


def test_a_finger_that_stays_after_a_pinch_moves_the_map_on(start):
    explorer = start()
    assert explorer.run(PINCH) == pytest.approx([3, -1])
    assert explorer.run("explorer.history.states.length") == 1


def test_favourites_of_two_models_under_one_title_are_apart(node):
    program = """
        import { Favourites } from "./state.js";
        const stored = new Map();
        globalThis.localStorage = {
          getItem: (key) => stored.get(key) ?? null,
          setItem: (key, text) => stored.set(key, text),
        };
        const open = (nSteps) =>
          new Favourites("Tunes", { nSteps, tokens: [60, 62] }, () => {});
        open(2).add("two", [60, 62]);
        open(3).add("three", [60, 62, 60]);
        report([2, 3, 4].map((n) => open(n).items.map(({ title }) => title)));
    """
    assert node(program) == [["two"], ["three"], []]


def test_the_map_is_moved_by_wheel_keys_and_buttons(start):
    explorer = start()
    scale = "explorer.mapPanel.map.view.scale"
    fit = explorer.run(scale)
    explorer.page.mouse.move(*explorer.pixel_of_tune(3))
    explorer.page.mouse.wheel(0, -400)
    explorer.wait_until(f"{scale} > {fit}")
    explorer.click("zoom-in", "zoom-out", "zoom-fit")
    assert explorer.run(scale) == fit
    canvas = explorer.part("map")
    canvas.focus()
    for key in ("+", "+", "-"):
        canvas.press(key)
    assert explorer.run(scale) > fit
    before = explorer.state
    canvas.press("Shift+ArrowLeft")
    after = explorer.state
    assert after["place"][0] < before["place"][0]
    canvas.press("Enter")
    assert explorer.run("explorer.present.tune") >= 0
    explorer.page.get_by_text("Move", exact=True).click()
    x, y = explorer.pixel_of_tune(3)
    explorer.drag((x, y), (x + 50, y))
    assert explorer.run("explorer.mapPanel.map.view.x") != 0


EVIL = '</script><img src=x onerror="window.hit=1"><b>&amp; \u2028 ${7*7}'


def test_titles_are_text_and_nothing_else(start, corpus, model, tmp_path):
    titles = [EVIL, *corpus.titles[1:]]
    file = write(tmp_path / "evil.html", model, corpus.data, titles, title=EVIL)
    explorer = start(file=file)
    assert explorer.shown_title == EVIL
    explorer.run("explorer.showTune(0, { plays: true })")
    explorer.click("keep")
    explorer.tab("between")
    explorer.page.get_by_role("combobox", name="Tune A").click()
    explorer.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    abc = explorer.download("save-abc").path().read_text()
    assert abc.count("\nT:") == 1
    assert explorer.page.evaluate("window.hit") is None
    assert explorer.page.locator("img").count() == 0


@pytest.mark.parametrize("n_tunes", [1, 2, 3])
def test_few_tunes(start, corpus, model, tmp_path, n_tunes):
    file = write(
        tmp_path / "few.html", model, corpus.data[:n_tunes], corpus.titles[:n_tunes]
    )
    explorer = start(file=file)
    x, y = explorer.pixel_of_tune(0)
    explorer.drag((x + 30, y + 30), (x + 50, y + 10))
    check_melodies(explorer.state["melody"])
    explorer.tab("between")
    explorer.part("handle").press("End")
    explorer.tab("sliders")
    explorer.page.keyboard.press("b")
    check_melodies(explorer.state["melody"])


@pytest.mark.parametrize("estimator", [PCA(5), NMF(5, max_iter=20, tol=0.1)])
def test_linear_models(start, corpus, tmp_path, estimator):
    model = make_pipeline(PianoRollEncoder(), estimator).fit(corpus.data)
    file = write(tmp_path / "page.html", model, corpus.data, corpus.titles)
    explorer = start(file=file)
    x, y = explorer.pixel_of_tune(4)
    explorer.drag((x + 30, y + 30), (x + 50, y + 10))
    state = explorer.state
    check_melodies(state["melody"])
    is_nmf = isinstance(estimator, NMF)
    assert explorer.part("locks").is_visible() == is_nmf
    assert explorer.part("form").is_visible() == is_nmf
    explorer.tab("own")
    explorer.click("own-present", "own-take")
    assert explorer.state["melody"] == state["melody"]


def test_sliders_of_nmf_keep_its_codes_nonnegative(start, corpus, tmp_path):
    model = make_pipeline(PianoRollEncoder(), NMF(3, max_iter=20, tol=0.1))
    model.fit(corpus.data)
    file = write(tmp_path / "page.html", model, corpus.data, corpus.titles)
    explorer = start(file=file)
    explorer.tab("sliders")
    slider = explorer.part("sliders").locator("input").first
    explorer.click("locks")  # the first measure is kept, or the one in the middle
    for key in ("Home", "End"):
        slider.press(key)
        state = explorer.state
        assert "by" in state["title"] and min(state["z"]) >= 0
        check_melodies(state["melody"])


@pytest.mark.integration
def test_whole_tunes_of_a_recurrent_model(start, corpus, tmp_path):
    tunes = np.full((20, 192), END)
    tunes[:, :128] = corpus.data[:20]
    tunes[::3, 64:] = END
    estimator = VariationalRecurrentAutoencoder(
        h=8, n_units=16, max_iter=3, random_state=0
    )
    model = make_pipeline(PianoRollEncoder(), estimator).fit(tunes)
    file = write(tmp_path / "page.html", model, tunes, corpus.titles[:20])
    explorer = start(file=file)
    explorer.run("explorer.showTune(3, { plays: true })")
    assert explorer.state["melody"] == tunes[3].tolist()
    assert explorer.part("locks").locator("button").count() == 4
    assert heard(explorer, 3) == first_notes(tunes[3], 3)
    x, y = explorer.pixel_of_tune(4)
    explorer.drag((x + 30, y + 30), (x + 50, y + 10))
    check_melodies(explorer.state["melody"])
    assert explorer.run("explorer.composer.ofTune(1).melody") == tunes[1].tolist()


def test_own_latents_are_sliders(start, corpus, tmp_path):
    names = ("note_density", "mean_pitch")
    y = attribute_values(corpus.data, names)
    estimator = AttributeVariationalAutoencoder(
        h=6, attributes=names, hidden_layer_sizes=(16,), max_iter=2, random_state=0
    )
    model = make_pipeline(PianoRollEncoder(), estimator).fit(corpus.data, y)
    file = write(tmp_path / "own.html", model, corpus.data, corpus.titles)
    explorer = start(file=file)
    explorer.tab("sliders")
    assert explorer.part("sliders").locator(".slider-name").all_text_contents() == [
        "Note density",
        "Mean pitch",
    ]
    z = explorer.state["z"]
    explorer.part("sliders").locator("input").nth(1).press("End")
    moved = explorer.state["z"]
    assert np.flatnonzero(np.array(z) != moved).tolist() == [1]


def test_a_jig_with_a_pickup(start, tmp_path):
    rng = np.random.default_rng(0)
    tunes = rng.choice([62, 64, 66, 69, HOLD], size=(12, 36), p=[0.15] * 4 + [0.4])
    tunes[:, :9] = REST
    tunes[:, 9] = 62
    options = {"time_signature": "6/8", "pickup": True, "tempo": 180}
    model = make_pipeline(
        PianoRollEncoder(steps_per_measure=12),
        VariationalAutoencoder(h=4, max_iter=2, random_state=0),
    ).fit(tunes)
    file = write(
        tmp_path / "jig.html", model, tunes, [f"Jig {i}" for i in range(12)], **options
    )
    explorer = start(file=file)
    assert explorer.part("tempo-shown").text_content() == "♩. = 120"
    locks = explorer.part("locks").locator("button").all_text_contents()
    assert locks == ["↑", "1", "2"]
    explorer.page.keyboard.press("Space")
    assert heard(explorer, 1) == [[9, 62]]


@pytest.mark.integration
@pytest.mark.parametrize("scheme", ["light", "dark"])
@WIDTHS
def test_axe_finds_nothing_serious(start, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    explorer = start(width, color_scheme=scheme)
    explorer.run("explorer.showTune(5)")
    for summary in explorer.page.locator("summary").all():
        summary.click()
    explorer.click("keep")
    for tab in ("map", "between", "sliders", "own"):
        explorer.tab(tab)
        if tab == "map":
            explorer.page.get_by_role("combobox", name="Search").fill("the")
        explorer.page.wait_for_timeout(300)  # transitions of colours
        found = Axe().run(explorer.page).response["violations"]
        serious = [v for v in found if v["impact"] in ("serious", "critical")]
        assert [(v["id"], v["nodes"][0]["html"]) for v in serious] == []


@pytest.mark.integration
def test_a_large_map_is_drawn_and_searched(start, corpus, model, tmp_path):
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 75, size=(5000, 8))
    measures = corpus.data.reshape(75, 8, MEASURE)
    tunes = measures[rows, np.arange(8)].reshape(5000, -1)
    tunes[tunes[:, 0] == HOLD, 0] = REST
    before = np.roll(tunes, 1, axis=1)
    tunes[(tunes == HOLD) & (before == REST)] = REST
    while ((tunes == HOLD) & (np.roll(tunes, 1, axis=1) == REST)).any():
        tunes[(tunes == HOLD) & (np.roll(tunes, 1, axis=1) == REST)] = REST
    file = write(
        tmp_path / "large.html", model, tunes, [f"Tune {i}" for i in range(5000)]
    )
    assert file.stat().st_size < 6e6
    explorer = start(file=file)
    x, y = explorer.pixel_of_tune(17)
    explorer.drag((x, y + 20), (x + 60, y + 40))
    check_melodies(explorer.state["melody"])
    field = explorer.page.get_by_role("combobox", name="Search")
    field.fill("4321")
    field.press("Enter")
    assert explorer.shown_title == "Tune 4321"


LABELS = """(() => {
    const { painter, scene, view } = explorer.mapPanel.map;
    painter.paint(scene);
    const { buttons, labels, seen, radius } = painter;
    const dots = seen.map((i) => {
        const [x, y] = view.toScreen(explorer.space.point(i));
        return [x - radius, y - radius, x + radius, y + radius];
    });
    return { dots, buttons, placed: labels.placed };
})()"""


def overlap(a, b):
    return a[0] < b[2] and a[2] > b[0] and a[1] < b[3] and a[3] > b[1]


@WIDTHS
def test_titles_on_the_map_hide_nothing(start, corpus, width):
    explorer = start(width)
    n_placed = 0
    for index in (3, 20, 41):
        explorer.run("explorer.showTune(data)", index)
        explorer.run("explorer.mapPanel.map.zoom(3)")
        explorer.run("explorer.mapPanel.map.reveal(explorer.space.point(data))", index)
        found = explorer.run(LABELS)
        boxes = [label["box"] for label in found["placed"]]
        n_placed += len(boxes)
        for i, box in enumerate(boxes):
            others = [*found["dots"], *found["buttons"], *boxes[:i]]
            assert not any(overlap(box, other) for other in others)
        explorer.run("explorer.mapPanel.map._hover(data)", index)
        placed = explorer.run(LABELS)["placed"]
        named = [label["text"] for label in placed if label["index"] == index]
        assert len(named) == 1 and placed[0]["index"] == index
        explorer.run("explorer.mapPanel.map._hover(-1)")
    assert len(found["buttons"]) == 2 and n_placed > 2


def test_the_heading_says_which_measures_are_kept(start, corpus):
    explorer = start()
    explorer.run("explorer.showTune(3)")
    for measure, words in ((1, "measure 2"), (6, "measures 2 and 7")):
        explorer.part("locks").locator("button").nth(measure).click()
        explorer.run("explorer.showTune(50)")
        assert explorer.shown_title == f"{corpus.titles[50]}, {words} kept"
    file = explorer.download("save-abc")
    assert "measures-2-and-7-kept" in file.suggested_filename
    label = explorer.part("locks-label")
    assert label.text_content() == "Keep measures:" and label.locator("svg").count()
    boxes = [explorer.part(name).bounding_box()["y"] for name in ("roll", "locks")]
    assert boxes[0] < label.bounding_box()["y"] < boxes[1]


def test_comparing_plays_and_says_so(start):
    explorer = start()
    assert not explorer.state["isPlaying"]
    explorer.click("compare")
    assert explorer.state["isPlaying"]
    assert explorer.part("live").text_content().startswith("Sounds: Nearest tune: ")
    explorer.page.keyboard.press("Escape")
    explorer.click("compare")
    assert explorer.state["isPlaying"]


def test_equal_titles_in_the_history_are_numbered(start, corpus):
    explorer = start()
    for index in (4, 9, 4, 4):
        explorer.run("explorer.showTune(data)", index)
    explorer.page.get_by_text("History", exact=True).click()
    four, nine = corpus.titles[4], corpus.titles[9]
    expected = [f"{four} (3)", f"{four} (2)", nine, four, corpus.titles[0]]
    assert explorer.part("history").locator("button").all_text_contents() == expected


def test_undo_comes_back_to_a_tune_that_was_searched_during_a_trail(start, corpus):
    explorer = start()
    explorer.run("explorer.mapPanel._setTrail([[0, 0], [0.3, 0.3], [0.6, 0]], true)")
    explorer.part("trail-measures").select_option(value="1")
    explorer.run("explorer.transport.restore({ tempo: 240 })")
    explorer.click("trail-play")
    explorer.wait_until("explorer.mapPanel.journey.stage >= 2")
    on_trail = explorer.state["title"]
    field = explorer.page.get_by_role("combobox", name="Search")
    field.fill(corpus.titles[30])
    field.press("Enter")
    assert not explorer.run("explorer.mapPanel.journey.isOn")
    explorer.run("explorer.showTune(9)")
    explorer.click("undo")
    assert explorer.shown_title == corpus.titles[30]
    explorer.click("undo")
    assert explorer.shown_title.split()[0] in ("Near", "Between") and on_trail
    explorer.click("undo")
    assert explorer.shown_title == corpus.titles[0]


def test_between_begins_where_the_present_melody_is(start, corpus):
    explorer = start()
    explorer.run("explorer.showTune(33)")
    explorer.tab("between")
    handle = explorer.part("handle")
    corner = explorer.page.get_by_role("combobox", name="Tune A")
    assert corner.input_value() == explorer.shown_title == corpus.titles[33]
    assert handle.get_attribute("aria-valuetext") == "100 % A, 0 % B, 0 % C, 0 % D"
    handle.press("ArrowRight")
    made = explorer.state
    for tab in ("map", "between"):
        explorer.tab(tab)
    assert explorer.state == made
    # A point that is no tune: what is shown is what is at the handle.
    explorer.tab("map")
    explorer.run("explorer.mapPanel.calls.onPoint([0.1, -0.2], true)")
    explorer.tab("between")
    assert explorer.state["melody"] == made["melody"]
    explorer.click("undo")
    assert explorer.state["melody"] != made["melody"]


def test_attributes_have_a_description_and_a_unit(start):
    explorer = start()
    options = explorer.part("colour").locator("option").all()
    titles = {o.text_content(): o.get_attribute("title") for o in options}
    assert titles["Mean pitch"] == "How high the notes are on average"
    assert all(title for name, title in titles.items() if name != "Nothing")
    explorer.part("colour").select_option(label="Mean pitch")
    unit = explorer.part("legend").locator(".unit").text_content()
    assert unit == "Mean pitch: MIDI pitch, middle C is 60"


@pytest.mark.parametrize(
    ("scheme", "colour"),
    [("light", "rgb(0, 114, 178)"), ("dark", "rgb(86, 180, 233)")],
)
def test_marked_notes_have_the_blue_of_the_other_pages(start, scheme, colour):
    explorer = start(color_scheme=scheme)
    for part in ("staff", "roll"):
        marked = explorer.part(part).locator(".note.marked").first
        fill = marked.evaluate("node => getComputedStyle(node).fill")
        assert fill == colour


def test_a_narrow_score_has_fewer_measures_in_a_line_with_accidentals(start, corpus):
    explorer = start(390)
    tune = np.array(corpus.data[3])
    explorer.run("explorer._showOwn(data, 'Plain', false)", tune.tolist())
    explorer.page.wait_for_timeout(150)
    lines = explorer.part("staff").locator(".line")
    assert lines.count() == 2
    sharp = np.where(tune < 128, tune + np.arange(128) // 2 % 2, tune)
    explorer.run("explorer._showOwn(data, 'Sharp', false)", sharp.tolist())
    explorer.page.wait_for_timeout(150)
    assert lines.count() >= 4
    size = explorer.part("roll").locator(".octave").first.get_attribute("font-size")
    assert float(size) >= 11
