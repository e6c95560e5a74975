"""The explorer, used at random: an error on its console fails the test."""

import time
from pathlib import Path

import numpy as np
import pytest

from sklearn_c2c import datasets
from tests.web.exploring import Explorer, train, write

pytest.importorskip("verovio")

PROGRAM = Path(__file__).with_name("random_use.js").read_text()
ROUND = 8  # seconds between two times that the page is opened anew
KEYS = (
    "b k / Space Escape Tab Shift+Tab Enter Control+z Control+y Home End + - 0".split()
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    corpus = datasets.load_celtic()
    folder = tmp_path_factory.mktemp("random")
    model = train(corpus.data)
    return write(folder / "page.html", model, corpus.data, corpus.titles)


def by_hand(page, rng, n=15):
    """Use mouse, wheel and keyboard of the browser anywhere on the page."""
    size = page.viewport_size
    for _ in range(n):
        x, y = rng.random(2) * (size["width"], size["height"])
        page.mouse.move(x, y)
        kind = rng.integers(4)
        if kind == 0:
            page.mouse.down()
            page.mouse.move(*(rng.random(2) * 300), steps=3)
            page.mouse.up()
        elif kind == 1:
            page.mouse.wheel(0, float(rng.integers(-300, 300)))
        elif kind == 2:
            page.mouse.click(x, y)
        else:
            for key in rng.choice(KEYS, 3):
                page.keyboard.press(key)


# What a link restores: while the nearest tune is heard, the melody that it is near to.
LINKED = """(() => {
    const { title, melody, kept } = explorer.present;
    const cut = Array.from(title).slice(0, 200).join("");
    return { title: cut, melody: melody.join(), kept: kept?.measures ?? null };
})()"""


@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(1, marks=pytest.mark.integration, id="one-round"),
        pytest.param(600, marks=pytest.mark.slow, id="ten-minutes"),
    ],
)
@pytest.mark.parametrize("width", [1280, 390])
def test_random_use(open_page, path, width, seconds):
    explorer = Explorer(open_page(path, width=width))
    page = explorer.page
    page.on("download", lambda saved: saved.delete())
    rng = np.random.default_rng(width)
    n_acts, end = 0, time.monotonic() + seconds
    while True:
        use = {"seed": int(rng.integers(2**31)), "milliseconds": 1000 * ROUND}
        n_acts += sum(page.evaluate(PROGRAM, use).values())
        by_hand(page, rng)
        explorer.run("(explorer._stopJourneys(), explorer.keepState())")
        page.wait_for_timeout(500)
        before = explorer.run(LINKED)
        page.reload()
        explorer = Explorer(page)
        assert explorer.run(LINKED) == before
        if time.monotonic() > end:
            break
    print(f"{n_acts} acts")
    assert n_acts > 50
