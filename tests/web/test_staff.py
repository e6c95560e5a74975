"""Staves and piano rolls that the pages draw: the staff says what verovio engraves."""

import json
import re
from fractions import Fraction
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sklearn_c2c import _web
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
    """Draw in a browser: drawn(melody, options, width=900) is the page."""
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
  const line = sign.querySelector(".stem")?.getAttribute("d");
  const stem = line?.match(/[-.\\d]+/g).map(Number);
  const isDouble = (one) => nameOf(one).includes("-16-");
  const shown = all(".flag", sign).map((one) => (isDouble(one) ? 2 : 1));
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
    const boxes = all(`${kinds}, .measure-number, path.tuplet, .flag`, line);
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
        whole = (
            Fraction(2)
            if sign["length"] == "breve"
            else Fraction(1, int(sign["length"]))
        )
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
    tokens = st.one_of(
        st.integers(*pitches), st.just(HOLD), st.just(HOLD), st.just(REST)
    )
    melody = draw(st.lists(tokens, min_size=1, max_size=3 * size))
    return mend_orphan_holds(np.array([melody]))[0], options


@pytest.mark.integration
@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@example(([REST] * 14 + [69, _, 62, *[_] * 15], {"key": "G", "pickup": True}))
@example(([60] + [_] * 100, {"key": None}))
@example(([61, 60, 61, 73, 72, 70, 70, 71, 72] * 4, {"key": "F# minor"}))
@example(([87], {"key": None}))
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


@pytest.mark.integration
def test_stems_have_the_directions_of_verovio(drawn, reels, jigs):
    for rows, options in ((reels[::3], REEL), (jigs[::3], JIG)):
        for melody in rows:
            signs = [s for m in read(drawn(melody, options)) for s in m if s["stem"]]
            # A stem that goes down begins below the top of its head.
            ups = {s["step"]: s["stem"][0] < 3.3 - s["place"] / 2 for s in signs}
            assert ups == stems_of_verovio(score_svg(melody, **options))


def stems_of_verovio(svg):
    """Whether the stem of each note goes up, by its step."""
    note = r'<g data-step="(\d+)" class="note">((?:(?!<g data-step).)*?)class="stem"'
    stem = r'><path d="M\d+ (-?\d+) L\d+ (-?\d+)"'
    found = re.finditer(note + stem, svg, re.DOTALL)
    return {int(one[1]): int(one[4]) < int(one[3]) for one in found}


@pytest.mark.parametrize("key", ["Gb", "Eb", "F", "C", "D", "F# minor", "C#"])
def test_clef_and_signatures_stand_where_verovio_puts_them(drawn, key):
    melody, options = [69, *[_] * 11], {"key": key, "time_signature": "12/8"}
    page = drawn(melody, options)
    found = page.evaluate(
        "all('.clef, .key, .digit').map((one) => [nameOf(one), yOf(one)])"
    )
    svg = score_svg(melody, **options)
    top = int(re.search(r'<path d="M\d+ (\d+) L', svg)[1])
    head = svg[svg.index('class="clef"') : svg.index('class="layer"')]
    codes = {"E050": "clef-treble", "E260": "flat", "E262": "sharp"}
    codes |= {f"E08{digit}": f"digit-{digit}" for digit in range(10)}
    signs = re.findall(r"#(E[0-9A-F]{3})-\w+\" transform=\"translate\(\d+, (\d+)", head)
    assert found == [[codes[code], (int(y) - top) / 180] for code, y in signs]


@pytest.mark.parametrize("grid", TRIPLET_GRIDS)
def test_tuplets_have_their_number_and_room(drawn, grid, rng):
    metre, steps = grid
    options = {"time_signature": metre, "steps_per_quarter": steps, "key": "G"}
    third = max(1, steps // 3)
    lengths = [third] * 3 + [2 * third, third] + [steps]
    pitches = rng.integers(60, 80, size=3 * len(lengths))
    pairs = zip(pitches, 3 * lengths, strict=True)
    melody = [t for pitch, n in pairs for t in [pitch, *[_] * (n - 1)]]
    for width in WIDTHS:
        page = drawn(melody, options, width=width)
        check_room(page)
        assert page.evaluate("all('.tuplet path:not(.bracket)').map(nameOf)") == (
            ["tuplet-3"] * 6
        )


def test_low_melodies_have_the_bass_clef(drawn):
    for pitch, clef, place in ((48, "clef-bass", 3), (72, "clef-treble", 5)):
        page = drawn([pitch, *[_] * 15], {})
        assert page.evaluate("all('.clef').map(nameOf)") == [clef]
        assert read(page)[0][0]["place"] == place


def test_an_accidental_is_stated_again_after_a_tied_note(drawn):
    melody = [61, *[_] * 16, *[_] * 3, 61, *[_] * 11]
    page = drawn(melody, {"key": "C"})
    signs = [sign["accidental"] for measure in read(page) for sign in measure]
    assert signs == ["sharp", None, "sharp"]


@pytest.mark.parametrize("melody", [[], [END] * 8, [REST] * 20, [60, END, END]])
def test_whatever_is_decoded_is_drawn(drawn, melody):
    page = drawn(melody, REEL)
    check_room(page)
    assert page.evaluate("all('.measure').length") == max(1, -(-len(melody) // 16))
    page.evaluate("staff.moveCursor(3); staff.moveCursor(null)")


@pytest.mark.parametrize("width", WIDTHS)
def test_extremes_have_room(drawn, width, rng):
    leaps = [55, _, 91, _, 55, _, 91, _, 60, _, 96, _, 48, _, 84, _] * 2
    sixteenths = rng.integers(55, 84, size=64)
    for melody in (leaps, sixteenths, [0, _, 127, _] * 4, [69, *[_] * 127]):
        for key in ("D", "Gb"):
            check_room(drawn(melody, {"key": key}, width=width))


def test_marks_are_at_their_notes(drawn, reels):
    reel = reels[10]
    mask = np.arange(128) < 24
    marks = dict.fromkeys(("color", "line", "band"), mask.tolist())
    page = drawn(reel, REEL, marks=marks)
    onsets = [onset for onset, *_rest in notes_from_melody(reel) if onset < 24]
    assert page.evaluate("all('.marked').map((s) => +s.dataset.step)") == onsets
    assert page.evaluate("all('.mark-line').length") == len(onsets)
    assert page.evaluate("all('.mark-band').length") == len(onsets)
    check_room(page)


def test_cursor_and_sounding_note(drawn):
    # The second note is tied over the bar line.
    page = drawn([62, *[_] * 7, 66, *[_] * 15, 69, *[_] * 7], REEL)
    sounding = "all('.sounding').map((s) => +s.dataset.step)"
    place = "Number(svg.querySelector('.cursor').getAttribute('x'))"
    places = []
    for step, expected in (
        (0, [0]),
        (7.9, [0]),
        (8, [8, 16]),
        (20, [8, 16]),
        (24, [24]),
    ):
        page.evaluate(f"staff.moveCursor({step})")
        assert page.evaluate(sounding) == expected
        places.append(page.evaluate(place))
    assert places == sorted(places)
    page.evaluate("staff.moveCursor(null)")
    assert page.evaluate(sounding) == []
    assert not page.locator(".cursor").is_visible()


def test_measures_can_be_clicked(drawn, reels):
    page = drawn(reels[0], REEL, locked=[False, True])
    page.evaluate(
        "void (svg.onclick = (event) => {"
        "  clicked = event.target.closest('[data-measure]').dataset;"
        "})"
    )
    for measure in range(8):
        area = page.locator(f".measure-area[data-measure='{measure}']")
        box = area.bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 4)
        assert page.evaluate("clicked.measure") == str(measure)
        note = page.locator(f".measure[data-measure='{measure}'] .note .head").first
        note.click()
        assert page.evaluate("clicked.measure") == str(measure)
    assert page.evaluate("all('.locked').map((m) => m.dataset.measure)") == ["1"]


def test_pickup_is_not_counted(drawn):
    melody = [REST] * 12 + [62, _, 64, _] + [66, *[_] * 15] * 8
    page = drawn(melody, {"key": "D", "pickup": True})
    assert page.evaluate("all('.measure-number').map((n) => n.textContent)") == ["5"]
    assert page.evaluate("all('.measure').map((m) => m.dataset.measure)") == [
        str(i) for i in range(9)
    ]


# ------------------------------------------------------------------ piano rolls


def test_roll_has_the_notes(drawn, reels):
    page = drawn(reels[0], REEL)
    for melody in reels[:10]:
        notes = notes_from_melody(melody).tolist()
        asked = [melody.tolist(), notation(**REEL), {"width": 640, "range": [55, 83]}]
        page.evaluate("asked => (roll = drawRoll(svg, ...asked))", asked)
        bars = page.evaluate(
            "all('.note').map((note) => ['x', 'y', 'width'].map("
            "  (name) => +note.getAttribute(name)))"
        )
        step, row = (640 - 34) / 128, 220 / 29
        for (onset, duration, pitch), (x, y, width) in zip(notes, bars, strict=True):
            assert x == pytest.approx(34 + onset * step + 0.5, abs=0.01)
            assert y == pytest.approx((83 - pitch) * row + 0.5, abs=0.01)
            assert width == pytest.approx(duration * step - 1, abs=0.01)
        assert page.evaluate("outside()") == []
        page.evaluate("roll.moveCursor(64)")
        sounding = [onset for onset, n, _pitch in notes if onset <= 64 < onset + n]
        found = page.evaluate("all('.sounding').map((n) => +n.dataset.step)")
        assert found == sounding


def test_roll_of_nothing_and_of_pitches_out_of_range(drawn):
    page = drawn([60], REEL)
    for melody, options in (
        ([], {}),
        ([REST] * 16, {"locked": [True]}),
        ([0, _, 127, _], {"range": [60, 72], "marks": {"line": [1] * 4}}),
        ([60, _, END, END], {"nSteps": 16}),
    ):
        asked = [melody, notation(**REEL), options]
        page.evaluate("asked => (roll = drawRoll(svg, ...asked))", asked)
        page.evaluate("roll.moveCursor(1); roll.moveCursor(null)")
        n_notes = len(notes_from_melody(melody)) if melody else 0
        assert page.evaluate("all('.note').length") == n_notes
        assert page.evaluate("outside()") == []


# ---------------------------------------------------------------------- outlines


def test_outlines_are_small_and_in_their_boxes(drawn):
    assert len(json.dumps(glyphs(), separators=(",", ":"))) < 15_000
    page = drawn([60], REEL)
    boxes = page.evaluate(
        """Object.values(glyphs).map(({ path }) => {
          const one = document.createElementNS("http://www.w3.org/2000/svg", "path");
          one.setAttribute("d", path);
          svg.append(one);
          const { x, y, width, height } = one.getBBox();
          return [x, y, x + width, y + height].map((edge) => edge / 250);
        })"""
    )
    for (name, glyph), box in zip(glyphs().items(), boxes, strict=True):
        assert glyph["box"] == pytest.approx(box, abs=0.03), name
