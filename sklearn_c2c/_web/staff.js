// A staff of one voice, engraved in SVG: quick enough to be drawn while a point is
// dragged.
import { REST, lengthOf } from "./tokens.js";
import { Sheet } from "./sheet.js";
import { decimals, svgElement } from "./svg.js";
import { clefOf, signedMeasures } from "./staff_signs.js";
import { addExtents, breakLines, leastLength, placeSigns } from "./staff_spacing.js";
import { addBeams, addStems, placeBeam } from "./staff_stems.js";
import { StaffPen, rectanglePath } from "./staff_drawing.js";
import { headOf, measureHeight, tiesOf, tupletMarksOf } from "./staff_lines.js";

const SPACE = 8; // pixels between two staff lines
const HEAD_TAIL = 0.3; // spaces after what begins a line
const MARK_COLORS = { color: "#0072b2", line: "#0072b2", band: "#e69f00" };
const MARK_LEAD = 0.4; // spaces by which a mark begins before the sign

// Engrave a melody into an element svg, whose content is replaced.
//
// Options: `glyphs`, outlines by the name of a sign; `width` in pixels; `marks`, with a
// mask of steps for each of "color", "line" and "band"; `locked`, whether each measure
// of the melody is; `perLine`, measures in a line instead of as many as fit; `clef`,
// "treble" or "bass" instead of what the melody needs; `accidentalRoom`, spaces that each
// accidental of a line must leave, or there are fewer measures in a line.
//
// The result has the `height` in pixels and `moveCursor(step)`.
export function drawStaff(svg, melody, notation, options) {
  return new Staff(svg, melody, notation, options);
}

class Staff {
  constructor(svg, melody, notation, options) {
    const { glyphs, width = 900, marks = {}, locked = [], perLine = null, clef } = options;
    this.accidentalRoom = options.accidentalRoom ?? 0;
    const isEmpty = lengthOf(melody) === 0;
    const written = isEmpty ? Array(notation.stepsPerMeasure).fill(REST) : melody;
    this.sheet = new Sheet(written, { notation });
    this.pen = new StaffPen(glyphs);
    this.marks = marks;
    this.locked = locked;
    this.layOut(width / SPACE, perLine, clefOf(melody, clef));
    this.draw(svg);
  }

  layOut(width, perLine, clef) {
    const { sheet, pen } = this;
    const { numerator, denominator, stepsPerQuarter } = sheet.notation;
    const measures = signedMeasures(sheet, clef);
    for (const measure of measures) {
      measure.beams = addBeams(measure.signs);
      addExtents(measure.signs, pen.glyphs);
    }
    const signature = sheet.key ? sheet.key.signature : 0;
    const metres = [[numerator, denominator], null];
    this.heads = metres.map((metre) => headOf({ clef, signature, metre, pen }));
    this.lines = breakLines(measures, {
      width,
      heads: this.heads.map(({ end }) => end + HEAD_TAIL),
      hasPickup: sheet.pickup > 0,
      perLine,
      stepsPerQuarter,
      accidentalRoom: this.accidentalRoom,
    });
    // Where not even one measure fits, the score is wider and is shown smaller.
    this.width = Math.max(width, ...this.lines.map(leastLength));
    let stretch;
    for (const line of this.lines) stretch = placeLine(line, this.width, stretch);
  }

  draw(svg) {
    this.signs = []; // {sign, element, line, end} in the order of their steps
    const parts = document.createDocumentFragment();
    let y = 0;
    for (const line of this.lines) {
      line.y = y - line.top;
      const transform = `translate(0 ${decimals(line.y * SPACE)}) scale(${SPACE})`;
      this.drawLine(svgElement("g", { class: "line", transform }, parts), line);
      y = line.y + line.bottom;
    }
    this.height = Math.ceil(y * SPACE);
    this.cursor = svgElement(
      "rect",
      { class: "cursor", width: 2, rx: 1, visibility: "hidden", "pointer-events": "none" },
      parts,
    );
    svg.setAttribute("viewBox", `0 0 ${Math.ceil(this.width * SPACE)} ${this.height}`);
    svg.setAttribute("fill", "currentColor");
    svg.replaceChildren(parts);
  }

  drawLine(parent, line) {
    const { pen } = this;
    for (const measure of line.measures) this.drawArea(parent, line, measure);
    for (const measure of line.measures) this.drawMarks(parent, line, measure);
    pen.staffLines(parent, line);
    this.drawHead(parent, line);
    for (const measure of line.measures) {
      const attributes = { class: "measure", "data-measure": measure.number };
      const group = svgElement("g", attributes, parent);
      measure.signs.forEach((sign, i) => {
        const element = pen.sign(group, sign);
        if (this.isMarked("color", sign)) markElement(element);
        const end = measure.signs[i + 1]?.x ?? measure.end;
        this.signs.push({ sign, element, line, end });
      });
      for (const beam of measure.beams) pen.beam(group, beam);
    }
    for (const tie of line.ties) pen.tie(parent, tie);
    for (const mark of line.tupletMarks) this.drawTuplet(parent, mark);
  }

  // What a click on a measure reaches.
  drawArea(parent, { top, bottom, head }, measure) {
    const isLocked = this.locked[measure.number];
    const attributes = {
      class: isLocked ? "measure-area locked" : "measure-area",
      "data-measure": measure.number,
      d: rectanglePath(measure.x, top, measure.end - measure.x, bottom - top),
      "fill-opacity": isLocked ? 0.07 : 0,
      "pointer-events": "all",
    };
    svgElement("path", attributes, parent);
  }

  drawHead(parent, line) {
    const { signs, middle } = this.heads[line.isFirst ? 0 : 1];
    for (const { glyph, x, y, className } of signs) {
      this.pen.glyph(parent, glyph, x, y, className);
    }
    if (middle !== null) {
      const { numerator, denominator } = this.sheet.notation;
      this.pen.digits(parent, "digit", numerator, middle, 1);
      this.pen.digits(parent, "digit", denominator, middle, 3);
      return;
    }
    const before = this.lines.slice(0, this.lines.indexOf(line));
    const count = before.reduce((sum, { measures }) => sum + measures.length, 0);
    const number = count + 1 - Number(this.sheet.pickup > 0); // a pick-up is not counted
    const place = { class: "measure-number", x: 0.1, y: -1.8, "font-size": 1.6 };
    svgElement("text", place, parent).textContent = number;
  }

  // Lines and bands from each marked sign to the next one.
  drawMarks(parent, line, { signs, x, end }) {
    for (const way of ["band", "line"]) {
      signs.forEach((sign, i) => {
        if (!this.isMarked(way, sign)) return;
        const from = i ? sign.x - MARK_LEAD : x;
        const to = i + 1 < signs.length ? signs[i + 1].x - MARK_LEAD : end;
        const [y, height] = way === "line" ? [line.markY, 0.4] : [-0.67, 5.34];
        const d = rectanglePath(from, y, to - from, height);
        const opacity = way === "line" ? 1 : 0.3;
        const look = { fill: MARK_COLORS[way], "fill-opacity": opacity };
        svgElement("path", { class: `mark-${way}`, d, ...look }, parent);
      });
    }
  }

  isMarked(way, sign) {
    return Boolean(this.marks[way]?.[sign.onset]);
  }

  drawTuplet(parent, { n, x, y, isUp, bracket }) {
    const group = svgElement("g", { class: "tuplet" }, parent);
    this.pen.digits(group, "tuplet", n, x, isUp ? y : y + 1.1, 0.85);
    if (!bracket) return;
    const middle = isUp ? y - 0.45 : y + 0.55;
    const [from, to] = bracket;
    const hook = isUp ? 0.7 : -0.7;
    const top = isUp ? middle : middle + hook;
    const d =
      rectanglePath(from, middle, x - 0.8 - from, 0.12) +
      rectanglePath(x + 0.8, middle, to - x - 0.8, 0.12) +
      rectanglePath(from, top, 0.12, 0.7) +
      rectanglePath(to - 0.12, top, 0.12, 0.7);
    svgElement("path", { class: "bracket", d }, group);
  }

  // Show where a step is, which may be fractional, and the note that sounds there; null
  // hides both.
  moveCursor(step) {
    const found = step === null ? undefined : this.signs.find(({ sign }) => step < sign.end);
    const isShown = found !== undefined && step >= this.signs[0].sign.step;
    this.cursor.setAttribute("visibility", isShown ? "visible" : "hidden");
    this.sound(isShown ? found.sign.onset : null);
    if (!isShown) return;
    const { sign, line, end } = found;
    const part = Math.max(0, (step - sign.step) / (sign.end - sign.step));
    const x = sign.x + part * (end - sign.x);
    this.cursor.setAttribute("x", decimals(x * SPACE));
    this.cursor.setAttribute("y", decimals((line.y - 1.5) * SPACE));
    this.cursor.setAttribute("height", 7 * SPACE);
  }

  // All signs of a note, which may be tied, have the class "sounding".
  sound(onset) {
    if (onset === this.sounding) return;
    this.sounding = onset;
    for (const { sign, element } of this.signs) {
      element.classList.toggle("sounding", sign.onset === onset);
    }
  }
}

// Place all of a line; returns how far its spaces are stretched (see `placeSigns`).
function placeLine(line, width, before) {
  const stretch = placeSigns(line, width, before);
  for (const { beams, signs } of line.measures) {
    for (const beam of beams) placeBeam(beam);
    addStems(signs);
  }
  line.ties = tiesOf(line);
  line.tupletMarks = tupletMarksOf(line);
  measureHeight(line);
  return stretch;
}

function markElement(element) {
  element.classList.add("marked");
  element.setAttribute("color", MARK_COLORS.color);
  element.setAttribute("fill", MARK_COLORS.color);
}
