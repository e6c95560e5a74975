"""Pages of `page.explore` for the tests, and what a user does with them."""

import numpy as np
from sklearn.pipeline import make_pipeline

from sklearn_c2c import Autoencoder, PianoRollEncoder, page

NOTATION = {"key": "D", "time_signature": "4/4"}
STATE = """() => {
    const { present, melody, sequencer, nearest } = window.explorer;
    return {
        title: present.title,
        melody: Array.from(melody),
        place: present.place,
        z: Array.from(present.z),
        kept: present.kept?.measures ?? null,
        isPlaying: sequencer.isPlaying,
        sounding: Array.from(sequencer.melody),
        nearest: nearest ? nearest.index : null,
    };
}"""


def train(tunes, h=24, max_iter=3):
    """Train a model that is good enough to be moved in."""
    model = make_pipeline(
        PianoRollEncoder(), Autoencoder(h=h, max_iter=max_iter, random_state=0)
    )
    return model.fit(tunes)


def write(path, model, tunes, titles, **options):
    """Write the page of some tunes."""
    corpus = {"data": tunes, "titles": titles} | options.pop("corpus", {})
    page.explore(path, model, corpus, **{"title": "Tunes", **NOTATION, **options})
    return path


class Explorer:
    """A page of the explorer, driven as a user does."""

    def __init__(self, browser_page):
        self.page = browser_page
        self.page.wait_for_selector(".explorer[data-ready]")
        self.page.evaluate(
            "window.sklearnC2CExplorer.then((opened) => { window.explorer = opened; })"
        )

    def part(self, name):
        return self.page.locator(f'[data-part="{name}"]')

    def click(self, *names):
        for name in names:
            self.part(name).click()

    def tab(self, name):
        self.page.click(f"#tab-{name}")

    @property
    def state(self):
        return self.page.evaluate(STATE)

    @property
    def shown_title(self):
        return self.part("now-title").text_content()

    def run(self, text, data=None):
        """Evaluate an expression of `explorer` and `data`."""
        return self.page.evaluate(f"(data) => ({text})", data)

    def pixel_of_tune(self, index):
        """Where a tune is on the screen."""
        left, top = self.run(
            "explorer.mapPanel.map.view.toScreen(explorer.space.point(data))", index
        )
        self.part("map").scroll_into_view_if_needed()
        box = self.part("map").bounding_box()
        return box["x"] + left, box["y"] + top

    def drag(self, *places):
        """Drag the mouse along places on the screen."""
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=4)
        self.page.mouse.up()

    def wait_until(self, condition):
        """Wait until an expression of `explorer` is true."""
        # Not `wait_for_function`, which evaluates text in the page, against its policy.
        for _ in range(300):
            if self.run(condition):
                return
            self.page.wait_for_timeout(100)
        raise TimeoutError(f"never {condition}")

    def steps_on_staff(self):
        """Onsets of the notes of the score, of tied ones the first."""
        self.page.wait_for_timeout(150)  # the score follows the melody a little later
        signs = self.part("staff").locator(".note[data-step]")
        steps = signs.evaluate_all("all => all.map(sign => sign.dataset.step)")
        return sorted({int(step) for step in steps})

    def download(self, name):
        with self.page.expect_download() as waited:
            self.click(name)
        return waited.value


def onsets(melody):
    """Steps at which a note begins."""
    return np.flatnonzero(np.asarray(melody) < 128).tolist()
