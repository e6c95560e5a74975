// Signs of a staff drawn as elements of SVG, in spaces, y downwards from the top line.
//
// Everything is filled, with the colour of the text around: no stroke.
import { REST } from "./tokens.js";
import { decimals, pathText, svgElement } from "./svg.js";
import { DOT_GAP, DOT_SIZE, LEDGER } from "./staff_spacing.js";
import { yOfPlace } from "./staff_signs.js";
import { BEAM_THICKNESS, STEM_WIDTH } from "./staff_stems.js";

const GLYPH_SCALE = 0.004; // spaces in a unit of the outlines
const LINE_WIDTH = 0.1;
const BEAM_DISTANCE = 0.75;
const DOT_RADIUS = DOT_SIZE / 2;
const MOST_DRAWN_FLAGS = 2; // in one outline

// Path of a rectangle.
export function rectanglePath(x, y, width, height) {
  return pathText`M${x} ${y}h${width}v${height}h${-width}z`;
}

// Transformation of a glyph that begins at a place.
function glyphPlace(x, y, scale = 1) {
  const size = GLYPH_SCALE * scale;
  return `translate(${decimals(x)} ${decimals(y)}) scale(${size} -${size})`;
}

// Draws the signs of one line of music into a parent.
export class StaffPen {
  constructor(glyphs) {
    this.glyphs = glyphs;
  }

  glyph(parent, name, x, y, className) {
    const attributes = { class: className, d: this.glyphs[name].path, transform: glyphPlace(x, y) };
    return svgElement("path", attributes, parent);
  }

  // The five lines up to x, and bar lines at the ends of the measures.
  staffLines(parent, line) {
    const end = line.end;
    let d = "";
    for (let y = 0; y < 5; y++) d += rectanglePath(0, y - LINE_WIDTH / 2, end, LINE_WIDTH);
    svgElement("path", { class: "staff-lines", d }, parent);
    line.measures.forEach((measure, i) => {
      const isFinal = line.isLast && i === line.measures.length - 1;
      let bar = rectanglePath(measure.end - (isFinal ? 0.95 : 0.13), 0, 0.13, 4);
      if (isFinal) bar += rectanglePath(end - 0.5, 0, 0.5, 4);
      svgElement("path", { class: "bar-line", d: bar }, parent);
    });
  }

  // A number in the digits of a kind, with its middle at x.
  digits(parent, kind, number, x, y, scale = 1) {
    const names = [...String(number)].map((digit) => `${kind}-${digit}`);
    let left = x - (scale * this.widthOfDigits(kind, number)) / 2;
    for (const name of names) {
      const path = this.glyph(parent, name, left, y, kind);
      if (scale !== 1) path.setAttribute("transform", glyphPlace(left, y, scale));
      left += scale * this.glyphs[name].box[2];
    }
  }

  widthOfDigits(kind, number) {
    return [...String(number)].reduce(
      (sum, digit) => sum + this.glyphs[`${kind}-${digit}`].box[2],
      0,
    );
  }

  // A note or a rest, with all that belongs to it but beams and ties.
  sign(parent, sign) {
    const { step, pitch, x } = sign;
    const isRest = pitch === REST;
    const kind = { class: isRest ? "rest" : "note", "data-step": step };
    const group = svgElement("g", kind, parent);
    if (isRest) {
      const y = sign.whole === 1 || sign.isWhole ? 1 : 2;
      this.glyph(group, sign.glyph, x, y, "sign");
      this.dots(group, sign, 1.5);
      return group;
    }
    const y = yOfPlace(sign.place);
    this.ledgerLines(group, sign);
    if (sign.accidental) {
      this.glyph(group, sign.accidental, x - sign.left, y, "accidental");
    }
    this.glyph(group, sign.glyph, x, y, "head");
    this.dots(group, sign, sign.place % 2 ? y : y - 0.5);
    if (sign.stem) this.stem(group, sign);
    return group;
  }

  ledgerLines(group, { place, x, width }) {
    let d = "";
    for (let line = -2; line >= place; line -= 2) d += ledgerPath(x, line, width);
    for (let line = 10; line <= place; line += 2) d += ledgerPath(x, line, width);
    if (d) svgElement("path", { class: "ledger", d }, group);
  }

  dots(group, { dots, x, width }, y) {
    for (let i = 0; i < dots; i++) {
      const cx = x + width + DOT_GAP + DOT_RADIUS + i * (DOT_GAP + DOT_SIZE);
      const dot = { class: "dot", cx: decimals(cx), cy: decimals(y), r: DOT_RADIUS };
      svgElement("circle", dot, group);
    }
  }

  stem(group, { stem, flags, beam }) {
    const { x, from, to, isUp } = stem;
    const left = x - STEM_WIDTH / 2;
    const d = rectanglePath(left, Math.min(from, to), STEM_WIDTH, Math.abs(to - from));
    svgElement("path", { class: "stem", d }, group);
    if (beam || !flags) return;
    const name = (drawn) => `flag-${drawn === 1 ? 8 : 16}-${isUp ? "up" : "down"}`;
    const most = Math.min(flags, MOST_DRAWN_FLAGS);
    const direction = isUp ? 1 : -1;
    for (let i = 0; i < flags - most; i++) {
      this.glyph(group, name(1), left, to + direction * i * BEAM_DISTANCE, "flag");
    }
    const y = to + direction * (flags - most) * BEAM_DISTANCE;
    this.glyph(group, name(most), left, y, "flag");
  }

  beam(parent, { signs, segments, yAt }) {
    let d = "";
    for (const { from, to, level, direction } of segments) {
      const shift = -direction * level * BEAM_DISTANCE;
      const thickness = -direction * BEAM_THICKNESS;
      const [left, right] = [yAt(from) + shift, yAt(to) + shift];
      d += pathText`M${from} ${left}L${to} ${right}v${thickness}`;
      d += pathText`L${from} ${left + thickness}z`;
    }
    const steps = signs.map(({ step }) => step).join(" ");
    svgElement("path", { class: "beam", d, "data-steps": steps }, parent);
  }

  // A tie between two x, above (direction -1) or below (1) heads at y.
  tie(parent, { from, to, y, direction, isFromBefore }) {
    const length = to - from;
    const height = direction * Math.min(1.1, 0.35 + 0.07 * length);
    const [inner, outer] = [y + height, y + height + direction * 0.22];
    const bend = Math.min(length / 3, 1.4);
    const [left, right] = [from + bend, to - bend];
    const d =
      pathText`M${from} ${y}C${left} ${inner} ${right} ${inner} ${to} ${y}` +
      pathText`C${right} ${outer} ${left} ${outer} ${from} ${y}z`;
    svgElement("path", { class: isFromBefore ? "tie from-before" : "tie", d }, parent);
  }
}

function ledgerPath(x, line, width) {
  const y = yOfPlace(line) - LINE_WIDTH / 2;
  return rectanglePath(x - LEDGER, y, width + 2 * LEDGER, LINE_WIDTH);
}
