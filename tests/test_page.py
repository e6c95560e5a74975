import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from sklearn_c2c import Autoencoder, VariationalAutoencoder
from sklearn_c2c.display import Melodies
from sklearn_c2c.display._melodies import part
from sklearn_c2c.io import write_melody
from sklearn_c2c.melody import END, HOLD, REST, notes_from_melody
from sklearn_c2c.metrics import evaluate
from sklearn_c2c.page import _judges, write_page

pytest.importorskip("verovio")
pytest.importorskip("matplotlib")

MELODIES = np.array([[62, HOLD, 64, 66] * 4, [69, HOLD, HOLD, 66] * 4])
EVIL = "</h2><script>alert('1')</script><img src=x onerror=\"alert(2)\">&amp;"
# Elements that HTML closes by itself.
VOID = {"meta", "input", "br", "img", "link"}


class Outline(HTMLParser):
    """Collects tags with their attributes, and the text between two tags."""

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
        assert section["data-steps-per-beat"] == "4"
    scores = [a["aria-label"] for a in page.all("div") if a.get("role") == "img"]
    assert scores == ["Score of One"] * 2 + ["Score of Two"] * 2
    buttons = [a.get("aria-label") for a in page.all("button")]
    assert buttons == [None, "Loop One", "Play One", "Loop Two", "Play Two"]


@pytest.mark.parametrize(
    ("metre", "shown", "steps"),
    [("6/8", "♩. = 80", "6"), ("2/4", "♩ = 120", "4"), ("3/2", "1/2 note = 60", "8")],
)
def test_tempo_is_shown_in_beats_of_the_metre(write, metre, shown, steps):
    page = Outline(write(time_signature=metre, tempo=120))
    assert page.text("output") == [shown]
    sign, _, beats = shown.partition(" = ")
    (slider,) = (a for a in page.all("input") if a.get("class") == "tempo")
    assert (slider["data-sign"], slider["value"]) == (sign, beats)
    sections = [a for a in page.all("section") if a["class"] == "melody"]
    assert {section["data-steps-per-beat"] for section in sections} == {steps}


def test_a_notebook_shows_what_a_page_holds(write):
    options = {"titles": ["One", "Two"], "files": [["a.mid"], ["b.abc"]], "tempo": 90}
    shown = Melodies(MELODIES, **options)
    assert shown.to_html(heading="h2") in write(**options)
    html = shown._repr_html_()
    outline = Outline(html)
    assert outline.text("p")[-2:] == ["One", "Two"]  # no headings in a notebook
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
    assert (
        repr(Melodies([[62, 62, 130], [62, 130, 130]])) == "Melodies(2 of 1 to 2 steps)"
    )


def test_what_cannot_be_shown_is_said_at_once():
    with pytest.raises(ValueError, match="Got 1 titles for 2 melodies"):
        Melodies(MELODIES, titles=["One"])
    with pytest.raises(ValueError, match="131"):
        Melodies([62, 131])


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
            marks={"band": (np.ones(MELODIES.shape, bool), EVIL)},
            judges={EVIL: {EVIL: 1}, "real": {"copy_share": 0}},
        )
    )
    assert len(page.all("script")) == 1
    assert page.all("img") == []
    assert not any("onerror" in attributes for _, attributes in page.tags)
    # In the table of the judges: a column in the head and the text, and a row.
    times = {"h1": 1, "title": 1, "th": 2, "td": 1, "b": 1, "i": 1}
    for tag, number in times.items():
        assert page.text(tag).count(EVIL) == number
    assert page.text("cite") == [EVIL] * 4  # nearest tune and longest run, of two
    assert sum(legend.startswith(f"{EVIL}:") for legend in legends(page)) == 2


# Tune 0 is the nearest to the melody: of its 6 notes the first, third and fifth begin
# as there, and the hold at step 1 is one too. Tune 1 holds steps 2 to 5, two later.
MELODY = [62, HOLD, 64, 66, HOLD, 67, 69, REST, 71, REST]
TUNES = [
    [62, HOLD, 64, 60, 61, 60, 69, 60, 60, REST],
    [50, 51, 52, 53, 64, 66, HOLD, 67, 54, 55],
]


def legends(page):
    """Lines of the legends of a page, the name of a tune within quotes."""
    swatches = [a["class"].split()[1] for a in page.all("i") if "class" in a]
    texts = "".join(
        f'"{data}"' if tag == "cite" else data
        for tag, data in page.texts
        if tag in ("cite", "div")
    )
    lines = re.findall(r"[^\n]+ of the steps", texts)
    assert len(lines) == len(swatches)
    return lines


def marked_steps(page):
    """Steps of the marked notes of the first score."""
    signs = [a for tag, a in page.tags if tag == "g" and "marked" in a.get("class", "")]
    steps = [int(a["data-step"]) for a in signs if "data-step" in a]
    return steps[: len(steps) // 2]  # the other half is the score for narrow screens


def test_what_is_in_common_with_the_corpus_is_marked(write):
    corpus = {"data": np.array(TUNES), "titles": ["The Nearest", "The Copied"]}
    options = {"time_signature": "5/4", "steps_per_quarter": 2}
    page = Outline(write([MELODY], corpus=corpus, **options))
    assert legends(page) == [
        'Nearest tune: "The Nearest", alike in 3 of 6 notes, 50% of the steps',
        'Longest run in any tune: "The Copied", 3 of 6 notes, 40% of the steps',
    ]
    assert marked_steps(page) == [0, 2, 6]
    lines = [a for a in page.all("rect") if a["class"] == "mark-line"]
    assert len(lines) == 2 * 4  # from steps 2, 3, 4 (tied) and 5, in two scores
    assert legends(Outline(write([MELODY], **options))) == []


def test_the_nearest_tune_travels_in_the_page(write):
    tunes = [TUNES[1], [*TUNES[0][:8], END, END]]
    corpus = {"data": np.array(tunes), "titles": ["The Copied", EVIL]}
    options = {"time_signature": "5/4", "steps_per_quarter": 2}
    page = Outline(write([MELODY], corpus=corpus, **options))
    (section,) = (a for a in page.all("section") if a["class"] == "melody")
    assert json.loads(section["data-nearest"]) == {
        "title": EVIL,
        "steps": 8,
        "notes": notes_from_melody(tunes[1]).tolist(),
    }
    (button,) = (a for a in page.all("button") if a.get("class") == "nearest")
    assert EVIL in button["title"] and EVIL in button["aria-label"]
    alone = write([MELODY], **options)
    assert "data-nearest" not in alone and 'class="nearest"' not in alone
    assert "nearest tune" in page.text("p")[0]  # what the keys are
    assert "nearest tune" not in Outline(alone).text("p")[0]


def test_the_player_knows_measures_and_flats(write):
    options = {"time_signature": "6/8", "steps_per_quarter": 2}
    for key, flats in (("D", None), ("Gm", "true"), (None, None)):
        page = Outline(write([MELODY[:6]], key=key, **options))
        (section,) = (a for a in page.all("section") if a["class"] == "melody")
        assert section["data-steps-per-measure"] == "6"
        assert section["data-steps-per-quarter"] == "2"
        assert section.get("data-flats") == flats


def test_whole_copies_and_nothing_in_common(write):
    corpus = {"data": np.array([MELODIES[1]]), "titles": ["The Nearest"]}
    strange = [[50, 50, 50, 50] * 4]
    page = Outline(write(np.vstack([MELODIES[1:], strange]), corpus=corpus))
    assert legends(page) == [
        'Nearest tune: "The Nearest", alike in 8 of 8 notes, 100% of the steps',
        'Longest run in any tune: "The Nearest", 8 of 8 notes, 100% of the steps',
        'Nearest tune: "The Nearest", alike in 0 of 16 notes, 0% of the steps',
    ]


def test_the_caller_s_marks_stand_beside_those_of_the_corpus(write):
    corpus = {"data": np.array(TUNES), "titles": ["The Nearest", "The Copied"]}
    options = {"corpus": corpus, "time_signature": "5/4", "steps_per_quarter": 2}
    kept = np.array([[True] * 5 + [False] * 5])
    page = Outline(write([MELODY], marks={"band": (kept, "Kept")}, **options))
    assert legends(page)[2] == "Kept: 3 of 6 notes, 50% of the steps"
    bands = [a for a in page.all("rect") if a["class"] == "mark-band"]
    assert len(bands) == 2 * 4 and marked_steps(page) == [0, 2, 6]
    # A way of marking has one meaning: here that of the caller.
    page = Outline(write([MELODY], marks={"color": (kept, "Kept")}, **options))
    # The note of step 3 is tied to its second half on the beat.
    assert marked_steps(page) == [0, 2, 3, 4] and len(legends(page)) == 2


def test_marks_must_fit(write, tmp_path):
    with pytest.raises(ValueError, match=r"boolean mask of shape \(2, 16\)"):
        write(marks={"band": (np.ones(16, bool), "Kept")})
    with pytest.raises(ValueError, match="Expected marks among"):
        write(marks={"kept": (np.ones((2, 16), bool), "Kept")})
    assert list(tmp_path.iterdir()) == []


def test_marks_have_the_colours_of_the_page():
    style = part("melodies.css")
    html = Melodies(MELODIES, marks={"line": (MELODIES == 62, "D")}).to_html()
    for name in {"marked"} | set(re.findall(r'class="(mark-\w+)"', html)):
        assert f".score .{name} {{" in style
    # The sounding note is visible on a mark: its selector is more specific.
    assert ".c2c .score [data-step].sounding" in style
    assert "#" not in re.search(r"\.c2c \.score \.marked (\{.*?\})", style)[1]


@pytest.mark.parametrize("n_silent", [0, 12, 16])
def test_score_and_player_begin_with_the_pickup(write, n_silent):
    melody = np.r_[[REST] * n_silent, [62] * (16 - n_silent), MELODIES[0]]
    files = [["a.mid"]]
    pages = [
        Outline(write([melody], pickup=pickup, files=files)) for pickup in (False, True)
    ]
    starts = []
    for page in pages:
        (section,) = (a for a in page.all("section") if a["class"] == "melody")
        notes = json.loads(section["data-notes"])
        assert notes == notes_from_melody(melody).tolist()
        signs = {int(a["data-step"]) for _, a in page.tags if "data-step" in a}
        assert {onset for onset, _, _ in notes} == signs
        assert section["data-steps"] == "32"
        starts += [int(section["data-start"])]
    assert starts == [0, n_silent]


def test_the_player_s_start_is_that_of_the_file(tmp_path):
    # On a grid of 12 steps a pick-up of 7 steps is written as one of 9: whole 64ths.
    melody = [REST] * 41 + [62] * 7 + [64] * 48
    options = {"steps_per_quarter": 12, "pickup": True}
    (section,) = Outline(Melodies(melody, **options).to_html()).all("section")
    assert section["data-start"] == "39"
    path = tmp_path / "a.mid"
    write_melody(melody, path, **options)
    # Its first metre is that of the pick-up: numerator and power of the denominator.
    content = path.read_bytes()
    place = content.index(b"\xff\x58\x04") + 3
    assert content[place] / 2 ** content[place + 1] == 9 / 48


def test_judges_are_there_to_open(write):
    table = {
        "generated": {"repeat_share": 0.12345, "longest_copied_run": 28.0},
        "real": {"repeat_share": 0.9, "longest_copied_run": np.nan},
        "mine": {"repeat_share": 1, "of_my_own": -2.5},
    }
    text = write(judges=table)
    page = Outline(text)
    (details,) = (a for a in page.all("details") if a["class"] == "judges")
    assert "open" not in details
    assert page.text("summary")[-1] == "Does it sound like a tune?"
    columns = ["generated", "real", "mine"]
    assert page.text("th")[:4] == ["Measure", *columns] and page.text("i") == columns
    cells = [data.strip() for tag, data in page.texts if tag == "td"]
    dash = "\N{EN DASH}"
    assert cells == ["0.123", "0.900", "1.000", "28.00", *[dash] * 4, "-2.500"]
    assert page.text("b") == ["Repeat a measure", "Longest copied run", "of_my_own"]
    assert '<details class="judges"' not in write()


@pytest.mark.integration
def test_every_row_and_column_of_evaluate_is_explained(reels):
    table = evaluate(reels[:2], reels[2:9], others=reels[9:11], tonic="D")
    names = set(table.generated)
    assert names <= set(_judges._ROWS) and set(table) <= set(_judges._COLUMNS)
    html = _judges.judges_to_html(table)
    assert len(re.findall("<tr>", html)) == len(names) + 1
    assert len(re.findall("<td>", html)) == len(names) * len(table)


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


def test_the_caption_says_why_the_loss_rises(write):
    options = {"h": 2, "random_state": 0, "max_iter": 5, "n_iter_no_change": 5}
    captions = []
    for weights in ({}, {"kl_warmup": 2}, {"kl_warmup": 2, "kl_cooldown": 1}):
        model = VariationalAutoencoder(**options, **weights).fit(np.eye(6))
        captions.append(re.search("<figcaption>(.*?)</figcaption>", write(model=model)))
    captions = [caption[1].partition(" of training")[2] for caption in captions]
    grows = ". The weight of the divergence grows up to epoch 2"
    assert captions == [
        "",
        f"{grows}, and the loss with it",
        f"{grows} and shrinks from epoch 4 on, and the loss with it",
    ]


def test_same_arguments_give_the_same_bytes(write, model):
    options = {"model": model, "key": "D", "settings": {"h": 2}}
    assert write(**options) == write(**options)


@pytest.mark.parametrize("name", ["titles", "files"])
def test_lists_must_match(write, name, tmp_path):
    with pytest.raises(ValueError, match=f"Got 1 {name} for 2 melodies"):
        write(**{name: ["a"]})
    assert list(tmp_path.iterdir()) == []
