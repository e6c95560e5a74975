import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from sklearn_c2c import Autoencoder
from sklearn_c2c.melody import HOLD, notes_from_melody
from sklearn_c2c.page import Melodies, write_page

pytest.importorskip("verovio")
pytest.importorskip("matplotlib")

MELODIES = np.array([[62, HOLD, 64, 66] * 4, [69, HOLD, HOLD, 66] * 4])
EVIL = "</h2><script>alert('1')</script><img src=x onerror=\"alert(2)\">&amp;"
# Elements that HTML closes by itself.
VOID = {"meta", "input", "br", "img", "link"}


class Outline(HTMLParser):
    """Collects tags with their attributes, and what stands between two tags."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.texts = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    def text(self, tag):
        return [data for name, data in self.texts if name == tag]


@pytest.fixture
def write(tmp_path):
    def write(melodies=MELODIES, **options):
        path = tmp_path / "index.html"
        write_page(path, melodies, **{"title": "Page", **options})
        return path.read_text("utf-8")

    return write


@pytest.fixture(scope="module")
def model():
    X = np.random.default_rng(0).integers(0, 2, size=(10, 6))
    return Autoencoder(h=2, max_iter=4, random_state=0).fit(X)


def test_every_melody_has_a_score_for_each_width_and_a_player(write):
    page = Outline(write(titles=["One", "Two"], steps_per_quarter=4))
    sections = [a for a in page.all("section") if a["class"] == "melody"]
    for section, melody in zip(sections, MELODIES, strict=True):
        assert json.loads(section["data-notes"]) == notes_from_melody(melody).tolist()
        assert section["data-steps"] == "16"
        assert section["data-steps-per-quarter"] == "4"
    scores = [a["aria-label"] for a in page.all("div") if a.get("role") == "img"]
    assert scores == ["Score of One"] * 2 + ["Score of Two"] * 2
    buttons = [a.get("aria-label") for a in page.all("button")]
    assert buttons == [None, "Play One", "Play Two"]


def test_a_notebook_shows_what_a_page_holds(write):
    options = {"titles": ["One", "Two"], "files": [["a.mid"], ["b.abc"]], "tempo": 90}
    shown = Melodies(MELODIES, **options)
    assert shown.to_html(heading="h2") in write(**options)
    html = shown._repr_html_()
    outline = Outline(html)
    assert outline.text("p")[-2:] == ["One", "Two"]  # no headings in another's outline
    assert not {tag for tag, _ in outline.tags} & {"html", "body", "h1", "h2"}
    style = outline.text("style")[0]  # after it come those of the scores
    selectors = re.findall(r"^([^@{}\n]*)\{", style, re.M)
    assert selectors and all(s.strip().startswith(".c2c") for s in selectors)
    ids = re.findall(r'\bid="([^"]*)"', html)
    assert len(ids) == len(set(ids))


def test_a_single_melody_is_a_row(reels):
    html = Melodies(reels[0], key="D")._repr_html_()
    (section,) = Outline(html).all("section")
    assert json.loads(section["data-notes"]) == notes_from_melody(reels[0]).tolist()
    assert "hidden" in Outline(html).all("button")[0]  # nothing to play in turn
    assert "hidden" not in Outline(Melodies(reels[:2])._repr_html_()).all("button")[0]
    assert repr(Melodies(reels[:2])) == "Melodies(2 of 128 steps)"


def test_what_cannot_be_shown_is_said_at_once():
    with pytest.raises(ValueError, match="Got 1 titles for 2 melodies"):
        Melodies(MELODIES, titles=["One"])
    with pytest.raises(ValueError, match="130"):
        Melodies([62, 130])


def test_page_needs_nothing_from_outside(write, model):
    text = write(model=model, files=[["a.mid"], ["b.mid"]])
    page = Outline(text)
    assert not re.search(r"@import|url\((?!#)", text)
    for tag, attributes in page.tags:
        assert "src" not in attributes
        for name in ("href", "xlink:href"):
            target = attributes.get(name, "")
            assert "//" not in target, (tag, target)


def test_only_our_script_may_run(write):
    page = Outline(write())
    (script,) = page.text("script")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(a["content"] for a in page.all("meta") if "http-equiv" in a)
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


def test_text_from_files_is_escaped(write):
    corpus = {"data": MELODIES, "titles": [EVIL, EVIL]}
    page = Outline(
        write(
            title=EVIL,
            titles=[EVIL, "b"],
            files=[[f"{EVIL}.mid"], ["b.<i>"]],
            corpus=corpus,
            settings={EVIL: EVIL},
        )
    )
    assert len(page.all("script")) == 1
    assert page.all("img") == [] and page.all("i") == []
    assert not any("onerror" in attributes for _, attributes in page.tags)
    for tag, times in {"h1": 1, "title": 1, "th": 1, "td": 1}.items():
        assert page.text(tag).count(EVIL) == times
    assert page.text("cite") == [EVIL, EVIL]


def test_nearest_tune_and_its_distance(write):
    corpus = {"data": MELODIES[1:], "titles": ["The Nearest"]}
    text = write(corpus=corpus)
    share = (MELODIES[0] != MELODIES[1]).mean()
    assert f"<cite>The Nearest</cite>, {share:.0%} of its steps differ" in text
    assert "<cite>The Nearest</cite>, note for note" in text


def test_links_to_files(write):
    files = [["a 1.mid", "a.abc", "a.musicxml"], ["b.mid"]]
    page = Outline(write(files=files))
    links = [a["href"] for a in page.all("a")]
    assert links == ["a%201.mid", "a.abc", "a.musicxml", "b.mid"]
    assert page.text("a") == ["MIDI", "ABC", "MusicXML", "MIDI"]


def test_settings_and_loss_curve(write, model):
    text = write(model=model, settings={"h": 1500, "Seed": 0})
    assert '<tr><th scope="row">h</th><td>1500</td></tr>' in text
    assert text.count("<figure>") == 1
    assert "#010203" not in text
    assert "<figure>" not in write()


def test_same_arguments_give_the_same_bytes(write, model):
    options = {"model": model, "key": "D", "settings": {"h": 2}}
    assert write(**options) == write(**options)


@pytest.mark.parametrize("name", ["titles", "files"])
def test_lists_must_match(write, name, tmp_path):
    with pytest.raises(ValueError, match=f"Got 1 {name} for 2 melodies"):
        write(**{name: ["a"]})
    assert list(tmp_path.iterdir()) == []
