"""Pages with melodies, used by mouse and keyboard in a browser."""

import json

import numpy as np
import pytest

from sklearn_c2c.display import Melodies
from sklearn_c2c.melody import HOLD, REST, mend_orphan_holds, notes_from_melody
from sklearn_c2c.page import write_page

pytest.importorskip("verovio")

PLAYING = "sklearnC2C.sequencer.isPlaying"
RECORD = "sklearnC2C.sequencer.record"
LOOP = "sklearnC2C.sequencer.loop"
MELODY = "Array.from(sklearnC2C.sequencer.melody)"


@pytest.fixture(scope="module")
def pages(reels, tmp_path_factory):
    """Pages of two reels, the first one near a tune of a corpus, and of other kinds."""
    folder = tmp_path_factory.mktemp("pages")
    X = np.stack([reels[21], reels[8]])
    X[0, 64:] = reels[3][64:]
    corpus = {"data": reels[20:24], "titles": ["A", "B", "C", "D"]}
    options = {"title": "Page", "titles": ["One", "Two"], "key": "D", "tempo": 180}
    write_page(folder / "corpus.html", X, corpus=corpus, **options)
    write_page(folder / "alone.html", X, **options)
    write_page(folder / "short.html", X[:, :16], **options)
    begun = mend_orphan_holds(np.r_[[REST] * 12, reels[8][12:32]][np.newaxis])
    write_page(folder / "pickup.html", begun, pickup=True, title="Page", key="Dm")
    return {"folder": folder, "X": X, "nearest": reels[21], "begun": begun[0]}


@pytest.fixture
def shown(open_page, pages):
    """Open the page of two reels, or another one."""

    def shown(name="corpus", **options):
        return open_page(pages["folder"] / f"{name}.html", **options)

    return shown


def onsets_of(melody):
    return notes_from_melody(melody)[:, [0, 2]].tolist()


def played(page):
    return [[entry["step"], entry["pitch"]] for entry in page.evaluate(RECORD)]


def until(page, condition):
    """Wait in the page: its policy forbids what `wait_for_function` does."""
    page.evaluate(f"""() => new Promise((done) => {{
        const look = () => ({condition} ? done() : setTimeout(look, 20));
        look();
    }})""")


def until_recorded(page, n_notes):
    until(page, f"{RECORD}.length >= {n_notes}")


def assert_played(page, notes):
    """What was played is the beginning of these notes."""
    found = played(page)
    assert found and found == notes[: len(found)]


def slide(page, name, value):
    """Move a slider as a hand does, with its event."""
    page.locator(f".controls .{name}").evaluate(
        """(slider, value) => {
            slider.value = value;
            slider.dispatchEvent(new Event("input", { bubbles: true }));
        }""",
        value,
    )


def sign(page, step, kind="wide"):
    return page.locator(f'.melody >> nth=0 >> div.{kind} [data-step="{step}"]').first


@pytest.mark.parametrize("width", [1280, 390])
def test_a_click_sounds_the_melody_and_escape_ends_it(shown, pages, width):
    page = shown(width=width)
    page.evaluate("""addEventListener("click", () => {
        window.clicked = sklearnC2C.sequencer.context.currentTime;
    }, true)""")
    page.get_by_role("button", name="Play Two").click()
    until_recorded(page, 4)
    first = page.evaluate(RECORD)[0]["time"] - page.evaluate("window.clicked")
    assert 0 <= first <= 0.3
    kind = "wide" if width > 600 else "narrow"
    page.wait_for_selector(f"div.{kind} .sounding")
    assert page.get_by_role("button", name="Stop Two").is_visible()
    page.keyboard.press("Escape")
    assert not page.evaluate(PLAYING)
    assert page.get_by_role("button", name="Play Two").is_visible()
    assert page.locator(".sounding").count() == 0
    assert_played(page, onsets_of(pages["X"][1]))
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_controls_act_while_it_plays(shown, pages):
    page = shown()
    page.get_by_role("button", name="Play One").click()
    slide(page, "tempo", 280)
    slide(page, "volume", 50)
    page.get_by_text("Sound and keys").click()
    page.get_by_label("Sound").select_option("Flute")
    page.get_by_label("Metronome").check()
    page.get_by_label("Count-in").check()
    state = """(({ tempo, volume, timbre, metronome, countIn }) =>
        [tempo, volume, timbre, metronome, countIn])(sklearnC2C.sequencer)"""
    assert page.evaluate(state) == [280, 0.25, "flute", True, True]
    assert page.locator(".tempo-shown").text_content() == "♩ = 280"
    until(page, "sklearnC2C.sequencer.clicks.length > 1")
    until_recorded(page, 12)
    assert page.evaluate(PLAYING)  # and went on where it was
    assert_played(page, onsets_of(pages["X"][0]))
    page.keyboard.press("Escape")
    before = page.evaluate("sklearnC2C.sequencer.clicks.length")
    page.get_by_role("button", name="Play One").click()
    until_recorded(page, len(played(page)) + 1)
    clicks = page.evaluate("sklearnC2C.sequencer.clicks")[before:]
    assert [click["step"] for click in clicks][:5] == [-16, -12, -8, -4, 0]


@pytest.mark.parametrize("width", [1280, 390])
def test_a_click_on_a_note_plays_from_there(shown, pages, width):
    page = shown(width=width)
    note = sign(page, 32, "wide" if width > 600 else "narrow")
    note.locator(".notehead").click(force=True)
    until_recorded(page, 3)
    assert_played(page, [n for n in onsets_of(pages["X"][0]) if n[0] >= 32])
    # Beside a note is meant the note, far from all of them none.
    box = sign(page, 64, "wide" if width > 600 else "narrow").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] - 6)
    until(page, f"{RECORD}.some((entry) => entry.step === 64)")
    before = page.evaluate(f"{RECORD}.length")
    page.locator(".melody-title").first.click()
    assert page.evaluate(PLAYING) and page.evaluate(f"{RECORD}.length") >= before


def test_measures_are_looped_by_shift_and_by_fields(shown):
    page = shown()
    section = page.locator(".melody").first
    loop, fields = section.locator(".loop"), section.locator(".loop-measures input")
    assert fields.first.is_hidden()
    shift = {"modifiers": ["Shift"], "force": True}
    sign(page, 32).locator(".notehead").click(**shift)
    assert not page.evaluate(PLAYING)
    assert [fields.nth(i).input_value() for i in (0, 1)] == ["3", "3"]
    sign(page, 16).locator(".notehead").click(**shift)
    assert [fields.nth(i).input_value() for i in (0, 1)] == ["2", "3"]
    assert loop.get_attribute("aria-pressed") == "true"
    inside = section.locator("div.wide [data-step]:not(.outside)").evaluate_all(
        "signs => signs.map((sign) => Number(sign.dataset.step))"
    )
    assert min(inside) == 16 and 40 < max(inside) < 48
    section.locator(".play").click()
    assert page.evaluate(LOOP) == [16, 48]
    fields.nth(1).fill("99")
    fields.nth(1).press("Enter")  # the last measure there is
    assert fields.nth(1).input_value() == "8" and page.evaluate(LOOP) == [16, 128]
    sign(page, 0).locator(".notehead").click(force=True)  # outside: the loop ends
    assert page.evaluate(LOOP) is None and fields.first.is_hidden()
    loop.click()
    assert page.evaluate(LOOP) == [0, 128]
    loop.click()
    assert page.evaluate(LOOP) is None and section.locator(".outside").count() == 0


def test_a_loop_is_played_again_and_again(shown, pages):
    page = shown()
    slide(page, "tempo", 280)
    sign(page, 16).locator(".notehead").click(modifiers=["Shift"], force=True)
    page.get_by_role("button", name="Play One").click()
    once = [n for n in onsets_of(pages["X"][0]) if 16 <= n[0] < 32]
    until_recorded(page, 2 * len(once) + 2)
    assert played(page)[: 2 * len(once)] == once * 2


def test_the_keyboard_reaches_every_note(shown, pages):
    page = shown()
    onsets = [onset for onset, _ in onsets_of(pages["X"][0])]
    score = page.get_by_role("slider", name="Score of One")
    score.focus()
    assert score.get_attribute("aria-valuemax") == str(len(onsets))
    for key, index in (
        ("ArrowRight", 1),
        ("ArrowRight", 2),
        ("ArrowLeft", 1),
        ("PageDown", next(i for i, onset in enumerate(onsets) if onset >= 16)),
        ("End", len(onsets) - 1),
        ("ArrowRight", len(onsets) - 1),
        ("Home", 0),
        ("ArrowLeft", 0),
        ("PageDown", next(i for i, onset in enumerate(onsets) if onset >= 16)),
    ):
        page.keyboard.press(key)
        assert score.get_attribute("aria-valuenow") == str(index + 1)
    said = score.get_attribute("aria-valuetext")
    assert said.endswith("measure 2")
    assert page.locator("div.wide .chosen").count() >= 1
    page.keyboard.press("Shift+Enter")
    assert page.locator(".loop-measures input").first.input_value() == "2"
    page.keyboard.press("Enter")
    until_recorded(page, 1)
    assert played(page)[0][0] == 16


def test_the_space_bar_stops_and_goes_on_where_it_disturbs_nothing(shown):
    page = shown()
    page.keyboard.press(" ")  # scrolls, as there is nothing to play yet
    assert not page.evaluate(PLAYING)
    sign(page, 32).locator(".notehead").click(force=True)
    until_recorded(page, 5)
    page.keyboard.press(" ")
    assert not page.evaluate(PLAYING)
    n_notes, last = len(played(page)), played(page)[-1]  # nothing plays any more
    page.keyboard.press(" ")
    until_recorded(page, n_notes + 1)
    assert 32 < played(page)[n_notes][0] <= last[0]
    page.get_by_text("Sound and keys").click()
    page.get_by_label("Metronome").focus()
    page.keyboard.press(" ")
    assert page.evaluate(PLAYING) and page.get_by_label("Metronome").is_checked()


def test_the_nearest_tune_is_heard_in_its_place(shown, pages):
    page = shown()
    own, nearest = pages["X"][0].tolist(), pages["nearest"].tolist()
    button = page.get_by_role(
        "button", name="Hear the nearest tune, B, in place of One"
    )
    page.get_by_role("button", name="Play One").click()
    until_recorded(page, 3)
    for expected, change in [
        (nearest, lambda: page.keyboard.press("b")),
        (own, lambda: page.keyboard.press("B")),
        (nearest, button.click),
    ]:
        change()
        assert page.evaluate(MELODY) == expected
        assert button.get_attribute("aria-pressed") == str(expected == nearest).lower()
    steps = [step for step, _ in played(page)]
    assert steps == sorted(steps)  # it went on at the same place
    page.locator(".loop").first.click()
    page.locator(".loop-measures input").first.press("b")  # a field takes letters
    assert page.evaluate(MELODY) == nearest
    page.keyboard.press("Escape")
    assert button.get_attribute("aria-pressed") == "false"
    page.locator(".melody").nth(1).locator(".nearest").click()
    assert page.evaluate(PLAYING)
    assert page.get_by_role("button", name="Stop Two").is_visible()


def test_without_a_corpus_nothing_is_compared(shown):
    page = shown("alone")
    page.get_by_role("button", name="Play One").click()
    melody = page.evaluate(MELODY)
    page.keyboard.press("b")
    assert page.evaluate(PLAYING) and page.evaluate(MELODY) == melody
    assert page.locator(".nearest").count() == 0


@pytest.mark.integration
def test_all_melodies_are_played_in_turn(shown, pages):
    page = shown("short")
    slide(page, "tempo", 280)
    page.locator(".loop").first.click()  # is left out, or it would never end
    page.get_by_role("button", name="Play all").click()
    until(page, f"!{PLAYING}")
    first, second = (onsets_of(melody[:16]) for melody in pages["X"])
    assert played(page) == first + second
    assert page.get_by_role("button", name="Play all").is_visible()


def test_ten_clicks_leave_one_player(shown, pages):
    page = shown()
    page.evaluate("""() => {
        const [one, two] = document.querySelectorAll(".play");
        for (let i = 0; i < 10; i++) (i % 3 ? one : two).click();
        sklearnC2C.sequencer.record.length = 0;
    }""")
    assert page.locator(".playing").count() == page.evaluate(f"Number({PLAYING})")
    page.evaluate("document.querySelectorAll('.play')[0].click()")
    if not page.evaluate(PLAYING):
        page.evaluate("document.querySelectorAll('.play')[0].click()")
    until_recorded(page, 6)
    assert page.locator(".playing").count() == 1
    steps = [step for step, _ in played(page)][-4:]
    assert steps == sorted(set(steps))


def test_a_pickup_is_measure_0(shown, pages):
    page = shown("pickup")
    score = page.get_by_role("slider", name="Score of Melody 1")
    assert score.get_attribute("aria-valuetext").endswith("pick-up")
    page.locator(".loop").click()
    fields = page.locator(".loop-measures input")
    assert [fields.nth(i).input_value() for i in (0, 1)] == ["0", "1"]
    page.locator(".play").click()
    assert page.evaluate(LOOP) == [12, 32]
    until_recorded(page, 1)
    assert played(page)[0] == onsets_of(pages["begun"])[0]


def test_black_keys_have_the_names_of_the_key(open_page, tmp_path):
    for key, name in (("E", "G sharp 4"), ("Eb", "A flat 4"), (None, "G sharp 4")):
        path = tmp_path / "page.html"
        write_page(path, [[68, HOLD, HOLD, HOLD]], title="Page", key=key)
        (score, _) = open_page(path).locator("div.score").all()
        assert score.get_attribute("aria-valuetext") == f"{name}, measure 1"


def test_a_notebook_has_one_player_for_all_outputs(open_page, pages, tmp_path):
    """Outputs of two cells, the script of one moved away; and one that is cleared."""
    cells = [Melodies(row, titles=[t]) for row, t in zip(pages["X"], "12", strict=True)]
    first, second = (cell.to_html() for cell in cells)
    moved = f"<script>{cells[0].script}</script>"
    assert moved in first
    path = tmp_path / "notebook.html"
    output = f'<div id="first">{first.replace(moved, "")}</div>'
    path.write_text(f"<!DOCTYPE html><meta charset=utf-8>{output}{second}{moved}")
    page = open_page(path)
    page.get_by_role("button", name="Play 1").click()
    until_recorded(page, 2)
    page.get_by_role("button", name="Play 2").click()
    assert page.locator(".playing").all_inner_texts() == ["Stop"]
    page.get_by_role("button", name="Play 1").click()
    until_recorded(page, 6)
    page.evaluate("document.querySelector('#first').remove()")
    until(page, f"!{PLAYING}")


def test_a_page_says_what_it_needs_without_scripts(shown):
    page = shown(java_script_enabled=False)
    assert page.locator("noscript p").is_visible()
    assert page.get_by_role("img", name="Score of One").first.is_visible()


def test_on_paper_are_the_scores_alone(shown):
    page = shown()
    page.locator(".loop").first.click()
    page.emulate_media(media="print")
    assert page.locator("div.score.wide").first.is_visible()
    for name in (".controls", ".play", ".loop", ".nearest", ".loop-measures"):
        assert page.locator(name).first.is_hidden()


@pytest.mark.integration
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_serious(shown, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = shown(width=width, color_scheme=scheme)
    page.get_by_text("Sound and keys").click()
    page.locator(".loop").first.click()
    page.get_by_role("button", name="Play One").click()
    found = axe.Axe().run(page).response["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert json.dumps(serious, indent=1) == "[]"
