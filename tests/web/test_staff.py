"""Staves and piano rolls that the pages draw: the staff says what verovio engraves."""

import json
from fractions import Fraction
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sklearn_c2c import _web, datasets
from sklearn_c2c.datasets import corpus_folder
from sklearn_c2c.display import _score, score_svg
from sklearn_c2c.display._glyphs import glyphs
from sklearn_c2c.io import make_sheet, read_melodies
from sklearn_c2c.melody import (
    END,
    HOLD,
    REST,
    mend_orphan_holds,
    notes_from_melody,
    parse_key,
)
from tests.web.notation import notation

_ = HOLD
REEL = {"key": "D"}
JIG = {"time_signature": "6/8", "key": "D"}
WIDTHS = 340, 900
MEI = "{http://www.music-encoding.org/ns/mei}"
LETTERS = "cdefgab"
E4 = 4 * 7 + 2  # letters from C of octave 0 up to the bottom line
KEYS = None, "D", "A dorian", "Bb", "F# minor", "Ebm", "C# major"
GRIDS = [
    ("4/4", 4),
    ("6/8", 4),
    ("3/4", 4),
    ("2/2", 4),
    ("9/8", 2),
    ("2/4", 8),
    ("5/4", 2),
    ("7/8", 4),
    ("12/8", 2),
    ("3/8", 4),
    ("4/4", 16),
]
TRIPLET_GRIDS = ("4/4", 12), ("4/4", 3), ("2/4", 6), ("3/4", 12)


@pytest.fixture(scope="module")
def jigs():
    """50 jigs, as rows of steps."""
    folder = corpus_folder("ryansMammoth")
    return read_melodies(folder, time_signature="6/8", key="D").data[:50]


@pytest.fixture
def drawn(tmp_path, open_page):
    """Draw in a browser: drawn(melody, options, width=900, **of_drawing) is the page."""
    path = tmp_path / "staff.html"
    path.write_text(_page(), "utf-8")
    page = open_page(path, width=1000)

    def draw(melody, options, *, width=900, **of_drawing):
        melody = [int(token) for token in melody]
        options_of_drawing = {"width": width, **of_drawing}
        page.evaluate(
            "asked => draw(asked)", [melody, notation(**options), options_of_drawing]
        )
        return page

    return draw


def _page():
    module = _web.module("staff", "drawStaff").partition("export default")[0]
    roll = _web.module("roll", "drawRoll").partition("export default")[0]
    return f"""<!doctype html><meta charset="utf-8">
<style>body {{ margin: 0 }} svg {{ display: block; width: 100% }}</style>
<div><svg></svg></div>
<script>
const glyphs = {json.dumps(glyphs())};
const drawStaff = (() => {{ {module} return drawStaff; }})();
const drawRoll = (() => {{ {roll} return drawRoll; }})();
{READER}
</script>"""


READER = """
const svg = document.querySelector("svg");
const all = (selector, root = svg) => [...root.querySelectorAll(selector)];
const names = new Map(Object.entries(glyphs).map(([name, { path }]) => [path, name]));
const nameOf = (path) => path && names.get(path.getAttribute("d"));
const yOf = (path) => Number(path.getAttribute("transform").match(/ ([-.\\d]+)\\)/)[1]);
let staff;

function draw([melody, notation, options]) {
  svg.parentElement.style.width = `${options.width}px`;
  staff = drawStaff(svg, melody, notation, { glyphs, ...options });
}

function signs() {
  return all("g.measure").map((measure) => {
    const beams = all(".beam", measure);
    return all(".note, .rest", measure).map((sign) => signOf(sign, beams));
  });
}

function signOf(sign, beams) {
  const { step } = sign.dataset;
  const head = sign.querySelector(".head, .sign");
  const isOver = (beam) => beam.dataset.steps.split(" ").includes(step);
  const beam = beams.findIndex(isOver);
  const stem = sign.querySelector(".stem")?.getAttribute("d").match(/[-.\\d]+/g).map(Number);
  const shown = all(".flag", sign).map((one) => (nameOf(one).includes("-16-") ? 2 : 1));
  let flags = shown.reduce((sum, number) => sum + number, 0);
  if (beam >= 0) flags = beamsAt(beams[beam], stem[0]);
  return {
    step: Number(step),
    glyph: nameOf(head),
    place: Math.round(2 * (4 - yOf(head))),
    accidental: nameOf(sign.querySelector(".accidental")) ?? null,
    dots: all(".dot", sign).length,
    flags,
    beam,
    stem: stem ? [stem[1], stem[1] + stem[3]] : null,
  };
}

// Number of beams over a stem.
function beamsAt(beam, x) {
  const parts = beam.getAttribute("d").split("z").slice(0, -1);
  return parts.filter((part) => {
    const [from, , to] = part.match(/[-.\\d]+/g).map(Number);
    return from <= x + 0.1 && x <= to;
  }).length;
}

// Pairs of signs whose boxes overlap by more than half a pixel.
function overlaps() {
  const kinds = ".head, .accidental, .sign, .dot, .clef, .key, .digit, .bar-line";
  return all(".line").flatMap((line) => {
    const boxes = all(`${kinds}, .measure-number, .tuplet, .flag`, line);
    const rects = boxes.map((box) => box.getBoundingClientRect());
    const found = [];
    boxes.forEach((one, i) => {
      for (let j = 0; j < i; j++) {
        if (overlap(rects[i], rects[j]) && one.parentNode !== boxes[j].parentNode) {
          found.push([one, boxes[j]].map((box) => `${box.classList} ${nameOf(box)}`));
        } else if (overlap(rects[i], rects[j]) && !one.closest(".note")) {
          found.push([one, boxes[j]].map((box) => `${box.classList} ${nameOf(box)}`));
        }
      }
    });
    return found;
  });
}

function overlap(a, b) {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return width > 0.5 && height > 0.5;
}

// What is drawn outside of the drawing.
function outside() {
  const room = svg.getBoundingClientRect();
  return all("path, circle, text, rect:not(.cursor)")
    .filter((one) => {
      const { left, right, top, bottom } = one.getBoundingClientRect();
      const isIn = left >= room.left - 0.5 && right <= room.right + 0.5;
      return !isIn || top < room.top - 0.5 || bottom > room.bottom + 0.5;
    })
    .map((one) => `${one.classList} ${nameOf(one)}`);
}
"""


# ------------------------------------------------------ what verovio engraves


def engraved(melody, options):
    """Measures of notes and rests as verovio reads them, and the number of ties."""
    import verovio

    verovio.enableLog(verovio.LOG_OFF)
    writing = {
        "time_signature": "4/4",
        "steps_per_quarter": 4,
        "key": None,
        "title": "",
        "tempo": 120,
        "pickup": False,
        "repeats": "played",
        **options,
    }
    sheet = make_sheet(np.asarray(melody), **writing)
    toolkit = verovio.toolkit()
    toolkit.loadData(_score._notation(sheet, np.asarray(melody), **writing))
    mei = ElementTree.fromstring(toolkit.getMEI())
    measures = [_measure(measure) for measure in mei.iter(f"{MEI}measure")]
    return measures, len(list(mei.iter(f"{MEI}tie")))


def _measure(measure):
    beam_of = {}
    for i, beam in enumerate(measure.iter(f"{MEI}beam")):
        beam_of |= {note: i for note in beam.iter(f"{MEI}note")}
    return [
        _sign(sign, beam_of.get(sign, -1))
        for sign in measure.iter()
        if sign.tag in (f"{MEI}note", f"{MEI}rest", f"{MEI}mRest")
    ]


def _sign(sign, beam):
    accidental = sign.get("accid")
    for child in sign.iter(f"{MEI}accid"):
        accidental = child.get("accid")
    is_note = sign.tag == f"{MEI}note"
    length = sign.get("dur")
    place = None
    if is_note:
        place = int(sign.get("oct")) * 7 + LETTERS.index(sign.get("pname")) - E4
    return {
        "is_note": is_note,
        "length": length,
        "dots": int(sign.get("dots", 0)),
        "place": place,
        "accidental": {"s": "sharp", "f": "flat", "n": "natural"}.get(accidental),
        "beam": beam if is_note else -1,
    }


def read(page):
    """Measures of notes and rests that are drawn, in the same form."""
    return [[_drawn_sign(sign) for sign in m] for m in page.evaluate("signs()")]


def _drawn_sign(sign):
    is_note = sign["glyph"].startswith("head")
    name = sign["glyph"].partition("-")[2]
    length = {"whole": "1", "half": "2", "black": str(4 << sign["flags"])}.get(name)
    return {
        "is_note": is_note,
        "length": length or name,
        "dots": sign["dots"],
        "place": sign["place"] if is_note else None,
        "accidental": sign["accidental"],
        "beam": sign["beam"],
        "step": sign["step"],
        "stem": sign["stem"],
    }


def check_as_engraved(drawn, melody, options, **of_drawing):
    """Compare a drawn staff with verovio's."""
    page = drawn(melody, options, **of_drawing)
    found = read(page)
    expected, n_ties = engraved(melody, options)
    assert len(found) == len(expected)
    for measure, wanted in zip(found, expected, strict=True):
        if not any(sign["is_note"] for sign in wanted):
            # A measure of rest has one sign, whatever its length.
            assert [sign["length"] for sign in measure] == ["1"]
            continue
        # ABC states an accidental again on a note that is tied over a bar line, which
        # scores do not.
        is_tied = melody[measure[0]["step"]] == HOLD and measure[0]["is_note"]
        keys = "is_note", "length", "dots", "place", *["accidental"] * (not is_tied)
        for key in keys:
            assert [s[key] for s in measure] == [s[key] for s in wanted], key
        assert beams(measure) == beams(wanted)
    assert page.evaluate("all('.tie:not(.from-before)').length") == n_ties
    check_lengths(found, melody, options)
    return page


def beams(measure):
    """Sets of places in a measure of notes that are beamed together."""
    groups = {}
    for i, sign in enumerate(measure):
        if sign["beam"] >= 0:
            groups.setdefault(sign["beam"], []).append(i)
    return sorted(groups.values())


def check_lengths(found, melody, options):
    """The written length of each sign is the time to the next one."""
    per_quarter = options.get("steps_per_quarter", 4)
    if per_quarter.bit_count() > 1:
        return  # tuplets
    signs = [sign for measure in found for sign in measure]
    for sign, after in pairwise(signs):
        if not sign["is_note"]:
            continue
        whole = Fraction(2) if sign["length"] == "breve" else Fraction(1, int(sign["length"]))
        length = whole * (2 - Fraction(1, 2 ** sign["dots"])) * 4 * per_quarter
        assert after["step"] - sign["step"] == length


# ---------------------------------------------------------------------- tests


@pytest.mark.integration
def test_reels_are_drawn_as_verovio_engraves_them(drawn, reels):
    for reel in reels:
        check_as_engraved(drawn, reel, REEL)


@pytest.mark.integration
def test_jigs_are_drawn_as_verovio_engraves_them(drawn, jigs):
    for jig in jigs:
        check_as_engraved(drawn, jig, JIG)


@st.composite
def asked(draw):
    """A melody of a few measures, and its notation; pitches in reach of a staff."""
    metre, steps = draw(st.sampled_from(GRIDS))
    options = {
        "time_signature": metre,
        "steps_per_quarter": steps,
        "key": draw(st.sampled_from(KEYS)),
        "pickup": draw(st.booleans()),
    }
    size = notation(**options)["stepsPerMeasure"]
    pitches = draw(st.sampled_from([(60, 84), (55, 96), (62, 69)]))
    tokens = st.one_of(st.integers(*pitches), st.just(HOLD), st.just(HOLD), st.just(REST))
    melody = draw(st.lists(tokens, min_size=1, max_size=3 * size))
    return mend_orphan_holds(np.array([melody]))[0], options


@pytest.mark.integration
@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@example(([REST] * 14 + [69, _, 62, *[_] * 15], {"key": "G", "pickup": True}))
@example(([60] + [_] * 100, {"key": None}))
@example(([61, 60, 61, 73, 72, 70, 70, 71, 72] * 4, {"key": "F# minor"}))
@given(asked())
def test_any_melody_is_drawn_as_verovio_engraves_it(drawn, asked):
    melody, options = asked
    page = check_as_engraved(drawn, melody, options, clef="treble")
    check_room(page)
    for width in WIDTHS:
        check_room(drawn(melody, options, width=width))


def check_room(page):
    """Signs do not overlap, and are inside of the drawing."""
    assert page.evaluate("overlaps()") == []
    assert page.evaluate("outside()") == []


@pytest.mark.integration
@pytest.mark.parametrize("width", WIDTHS)
def test_tunes_have_room(drawn, reels, jigs, width):
    for rows, options in ((reels, REEL), (jigs, JIG)):
        for melody in rows:
            check_room(drawn(melody, options, width=width))
