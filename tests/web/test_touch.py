"""The explorer under fingers, on a screen as wide as a telephone's."""

import numpy as np
import pytest

from sklearn_c2c import datasets
from sklearn_c2c.melody import check_melodies
from tests.web.exploring import Explorer, train, write

pytest.importorskip("verovio")


@pytest.fixture(scope="module")
def corpus():
    return datasets.load_celtic()


@pytest.fixture(scope="module")
def path(corpus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("touch")
    model = train(corpus.data)
    return write(folder / "page.html", model, corpus.data, corpus.titles)


class Hand:
    """Fingers on an explorer, as the browser gets them from a screen."""

    def __init__(self, explorer):
        self.explorer = explorer
        self._session = explorer.page.context.new_cdp_session(explorer.page)

    def _send(self, kind, *places):
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        event = {"type": kind, "touchPoints": points}
        self._session.send("Input.dispatchTouchEvent", event)

    def drag(self, *ways):
        """Move fingers at once, each from its first place to its last."""
        ways = [np.linspace(way[0], way[-1], 8).tolist() for way in ways]
        self._send("touchStart", *(way[0] for way in ways))
        for places in zip(*(way[1:] for way in ways), strict=True):
            self._send("touchMove", *places)
        self._send("touchEnd")
        self.explorer.page.wait_for_timeout(100)

    def place_in(self, name, across=0.5, down=0.5):
        """A place in a part of the page, which is brought into view."""
        part = self.explorer.part(name)
        part.scroll_into_view_if_needed()
        box = part.bounding_box()
        return box["x"] + across * box["width"], box["y"] + down * box["height"]

    def tap(self, place):
        self.explorer.page.touchscreen.tap(*place)


SCROLL = "[scrollX, scrollY, visualViewport.scale]"


@pytest.fixture
def hand(open_page, path):
    options = {"has_touch": True, "is_mobile": True}
    return Hand(Explorer(open_page(path, width=390, height=844, **options)))


@pytest.mark.parametrize("way", [(0, 90), (0, -90), (70, 0), (-60, 60)])
def test_a_finger_on_the_map_decodes_and_does_not_scroll(hand, way):
    explorer = hand.explorer
    start = np.array(hand.place_in("map"))
    before, scroll = explorer.state, explorer.run(SCROLL)
    hand.drag((start, start + way))
    assert explorer.run(SCROLL) == scroll
    state = explorer.state
    assert state["melody"] != before["melody"] and state["isPlaying"]
    check_melodies(state["melody"])
    assert explorer.run("explorer.history.states.length") == 2
    end = explorer.run("explorer.mapPanel.map.view.toScreen(explorer.present.place)")
    box = explorer.part("map").bounding_box()
    assert np.allclose(np.add(end, [box["x"], box["y"]]), start + way, atol=1)


def test_a_finger_beside_the_map_scrolls(hand):
    # So the tests above can fail.
    x, y = hand.place_in("now-title", 0.2)
    hand.drag(((x, y), (x, y - 150)))
    assert hand.explorer.page.evaluate("scrollY") > 50


def test_two_fingers_zoom_the_map_and_not_the_page(hand):
    explorer = hand.explorer
    x, y = hand.place_in("map")
    zoom, scroll = (
        explorer.run("explorer.mapPanel.map.view.scale"),
        explorer.run(SCROLL),
    )
    hand.drag(((x - 20, y), (x - 100, y)), ((x + 20, y), (x + 100, y)))
    assert explorer.run("explorer.mapPanel.map.view.scale") > 2 * zoom
    assert explorer.run(SCROLL) == scroll
    assert explorer.run("explorer.history.states.length") == 1


def test_a_tap_plays_a_tune_of_the_map(hand, corpus):
    explorer = hand.explorer
    hand.tap(explorer.pixel_of_tune(7))
    explorer.wait_until("explorer.sequencer.isPlaying")
    index = corpus.titles.index(explorer.shown_title)
    assert explorer.state["melody"] == corpus.data[index].tolist()
    explorer.wait_until("explorer.sequencer.record.length > 2")


def test_a_finger_on_the_pad_moves_between_tunes_and_does_not_scroll(hand):
    explorer = hand.explorer
    explorer.page.locator("#tab-between").tap()
    start, end = hand.place_in("pad", 0.2, 0.2), hand.place_in("pad", 0.3, 0.9)
    scroll = explorer.run(SCROLL)
    hand.drag((start, end))
    assert explorer.run(SCROLL) == scroll
    assert np.allclose(explorer.run("explorer.between.place"), [0.3, 0.9], atol=0.02)
    words = explorer.part("handle").get_attribute("aria-valuetext")
    assert words == "7 % A, 3 % B, 63 % C, 27 % D"


def test_sliders_under_a_finger(hand):
    explorer = hand.explorer
    explorer.page.locator("#tab-sliders").tap()
    slider = explorer.part("sliders").locator("input").first
    slider.scroll_into_view_if_needed()
    before, box = explorer.state, slider.bounding_box()
    y = box["y"] + box["height"] / 2
    hand.drag(((box["x"] + box["width"] / 2, y), (box["x"] + 0.9 * box["width"], y)))
    state = explorer.state
    assert state["melody"] != before["melody"] and " by " in state["title"]
    check_melodies(state["melody"])
    tempo = float(explorer.part("tempo").input_value())
    x, y = hand.place_in("tempo")
    hand.drag(((x, y), (x + 30, y)))
    assert float(explorer.part("tempo").input_value()) > tempo


def test_buttons_notes_and_measures_under_a_finger(hand):
    explorer = hand.explorer
    explorer.part("locks").locator("button").nth(2).tap()
    assert explorer.state["kept"] == [i == 2 for i in range(8)]
    explorer.part("keep").tap()
    assert explorer.run("explorer.favourites.items.length") == 1
    explorer.part("undo").tap()
    assert explorer.state["kept"] is None
    note = explorer.part("roll").locator("[data-step]").nth(9)
    step = int(note.get_attribute("data-step"))
    note.tap()
    explorer.wait_until("explorer.sequencer.record.length > 0")
    assert explorer.run("explorer.sequencer.record[0].step") == step
    explorer.part("play").tap()
    assert not explorer.state["isPlaying"]


def test_a_trail_is_drawn_by_a_finger(hand):
    explorer = hand.explorer
    explorer.page.get_by_text("Trail", exact=True).tap()
    x, y = hand.place_in("map")
    scroll = explorer.run(SCROLL)
    hand.drag(((x, y), (x + 60, y + 80)))
    assert explorer.run("explorer.mapPanel.trail.length") > 3
    assert explorer.run(SCROLL) == scroll
