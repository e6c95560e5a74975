// A piano roll in SVG: notes as bars, by pitch and time.
import { N_PITCHES, lengthOf, notesOf } from "./tokens.js";
import { decimals, pathText, svgElement } from "./svg.js";

const KEYS_WIDTH = 34; // pixels of the keyboard on the left, with the names of the Cs
const FEWEST_PITCHES = 13;
const MARGIN = 1; // semitones above and below the notes
const IS_BLACK = [0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0];
const ROLL_COLORS = { color: "#0072b2", line: "#0072b2", band: "#e69f00" };
const ROLL_OPACITIES = { measure: 0.45, beat: 0.14, row: 0.05, locked: 0.08, band: 0.3 };

// Draw a melody into an element svg, whose content is replaced.
//
// Options: `width` and `height` in pixels; `range`, the lowest and highest pitch,
// instead of those of the melody; `nSteps` shown, instead of those of the melody;
// `marks`, with a mask of steps for each of "color", "line" and "band"; `locked`,
// whether each measure is.
//
// The result has `moveCursor(step)`.
export function drawRoll(svg, melody, notation, options = {}) {
  return new Roll(svg, melody, notation, options);
}

class Roll {
  constructor(svg, melody, notation, options) {
    const { width = 900, height = 220, range = null, marks = {}, locked = [] } = options;
    this.notes = notesOf(melody);
    this.nSteps = Math.max(1, options.nSteps ?? lengthOf(melody));
    [this.lowest, this.highest] = range ?? rangeOf(this.notes);
    this.notation = notation;
    this.width = width;
    this.height = height;
    this.row = height / (this.highest - this.lowest + 1);
    const parts = document.createDocumentFragment();
    this.drawKeys(parts);
    this.drawMeasures(parts, locked);
    this.drawBand(parts, marks.band);
    this.drawGrid(parts);
    this.bars = this.notes.map((note) => this.drawNote(parts, note, marks));
    this.cursor = svgElement(
      "rect",
      { class: "cursor", y: 0, width: 2, height, visibility: "hidden", "pointer-events": "none" },
      parts,
    );
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("fill", "currentColor");
    svg.replaceChildren(parts);
  }

  xOf(step) {
    return KEYS_WIDTH + (step / this.nSteps) * (this.width - KEYS_WIDTH);
  }

  // The top of the row of a pitch.
  yOf(pitch) {
    return (this.highest - pitch) * this.row;
  }

  // Rows of black keys are shaded; each C has its name.
  drawKeys(parent) {
    let rows = "";
    let keys = "";
    let lines = "";
    for (let pitch = this.lowest; pitch <= this.highest; pitch++) {
      const y = decimals(this.yOf(pitch));
      const row = decimals(this.row);
      if (IS_BLACK[pitch % 12]) {
        rows += `M${KEYS_WIDTH} ${y}H${this.width}v${row}H${KEYS_WIDTH}z`;
        keys += `M0 ${y}h${KEYS_WIDTH * 0.45}v${row}h${-KEYS_WIDTH * 0.45}z`;
      } else if (!IS_BLACK[(pitch + 1) % 12]) {
        lines += `M0 ${y}h${KEYS_WIDTH}v.5h${-KEYS_WIDTH}z`;
      }
    }
    const look = { class: "roll-rows", "fill-opacity": ROLL_OPACITIES.row };
    svgElement("path", { d: rows, ...look }, parent);
    svgElement("path", { class: "roll-keys", d: keys, "fill-opacity": 0.55 }, parent);
    svgElement("path", { class: "roll-key-lines", d: lines, "fill-opacity": 0.3 }, parent);
    const size = Math.max(11, Math.min(13, 1.6 * this.row));
    for (let pitch = Math.ceil(this.lowest / 12) * 12; pitch <= this.highest; pitch += 12) {
      const y = Math.min(this.height - 2, this.yOf(pitch) + this.row / 2 + size / 3);
      const place = { class: "octave", x: KEYS_WIDTH - 3, y: decimals(y), "font-size": size };
      const label = svgElement("text", { ...place, "text-anchor": "end" }, parent);
      label.textContent = `C${pitch / 12 - 1}`;
    }
  }

  // What a click on a measure reaches.
  drawMeasures(parent, locked) {
    const size = this.notation.stepsPerMeasure;
    for (let start = 0; start < this.nSteps; start += size) {
      const isLocked = locked[start / size];
      const x = this.xOf(start);
      const attributes = {
        class: isLocked ? "measure-area locked" : "measure-area",
        "data-measure": start / size,
        x: decimals(x),
        y: 0,
        width: decimals(this.xOf(Math.min(this.nSteps, start + size)) - x),
        height: this.height,
        "fill-opacity": isLocked ? ROLL_OPACITIES.locked : 0,
        "pointer-events": "all",
      };
      svgElement("rect", attributes, parent);
    }
  }

  drawBand(parent, mask) {
    if (!mask) return;
    let d = "";
    for (const [from, to] of runsOf(mask, this.nSteps)) {
      const [x, end] = [decimals(this.xOf(from)), decimals(this.xOf(to))];
      d += `M${x} 0H${end}V${this.height}H${x}z`;
    }
    const look = { fill: ROLL_COLORS.band, "fill-opacity": ROLL_OPACITIES.band };
    svgElement("path", { class: "mark-band", d, ...look, "pointer-events": "none" }, parent);
  }

  drawGrid(parent) {
    const { stepsPerMeasure, stepsPerBeat } = this.notation;
    const lines = { measure: "", beat: "" };
    for (let step = 0; step <= this.nSteps; step += stepsPerBeat) {
      const kind = step % stepsPerMeasure === 0 ? "measure" : "beat";
      const x = Math.min(this.width - 1, this.xOf(step));
      lines[kind] += `M${decimals(x)} 0h1V${this.height}h-1z`;
    }
    for (const kind in lines) {
      const look = { class: `roll-${kind}s`, "fill-opacity": ROLL_OPACITIES[kind] };
      svgElement("path", { d: lines[kind], ...look, "pointer-events": "none" }, parent);
    }
  }

  // The bar of a note; a pitch outside the range is drawn at its edge, dimmed.
  drawNote(parent, [onset, duration, pitch], marks) {
    const { stepsPerMeasure } = this.notation;
    const shown = Math.max(this.lowest, Math.min(this.highest, pitch));
    const x = this.xOf(onset);
    const isMarked = Boolean(marks.color?.[onset]);
    const attributes = {
      class: isMarked ? "note marked" : "note",
      "data-step": onset,
      "data-measure": Math.floor(onset / stepsPerMeasure),
      x: decimals(x + 0.5),
      y: decimals(this.yOf(shown) + 0.5),
      width: decimals(Math.max(1, this.xOf(onset + duration) - x - 1)),
      height: decimals(Math.max(1, this.row - 1)),
      rx: decimals(Math.min(2, this.row / 4)),
      "fill-opacity": shown === pitch ? undefined : 0.4,
      fill: isMarked ? ROLL_COLORS.color : undefined,
    };
    const bar = svgElement("rect", attributes, parent);
    if (marks.line?.[onset]) this.drawLine(parent, onset, duration, shown);
    return bar;
  }

  // Line below a marked note.
  drawLine(parent, onset, duration, pitch) {
    const x = this.xOf(onset);
    const y = Math.min(this.height - 2, this.yOf(pitch) + this.row + 1);
    const d = pathText`M${x} ${y}H${this.xOf(onset + duration)}v2H${x}z`;
    const look = { class: "mark-line", fill: ROLL_COLORS.line, "pointer-events": "none" };
    svgElement("path", { d, ...look }, parent);
  }

  // Show where a step is, which may be fractional, and the note that sounds there; null
  // hides both.
  moveCursor(step) {
    const isShown = step !== null && step >= 0 && step <= this.nSteps;
    this.cursor.setAttribute("visibility", isShown ? "visible" : "hidden");
    if (isShown) this.cursor.setAttribute("x", decimals(this.xOf(step) - 1));
    this.notes.forEach(([onset, duration], i) => {
      const sounds = isShown && onset <= step && step < onset + duration;
      this.bars[i].classList.toggle("sounding", sounds);
    });
  }
}

// Lowest and highest pitch to show: those of the notes and a margin, an octave at least.
function rangeOf(notes) {
  const pitches = notes.map(([, , pitch]) => pitch);
  if (!pitches.length) return [60, 60 + FEWEST_PITCHES - 1];
  let [lowest, highest] = [Math.min(...pitches) - MARGIN, Math.max(...pitches) + MARGIN];
  const missing = FEWEST_PITCHES - (highest - lowest + 1);
  if (missing > 0) [lowest, highest] = [lowest - (missing >> 1), highest + ((missing + 1) >> 1)];
  return [Math.max(0, lowest), Math.min(N_PITCHES - 1, highest)];
}

// Runs of true steps, as [first, one after the last].
function runsOf(mask, nSteps) {
  const runs = [];
  for (let step = 0; step < nSteps; step++) {
    if (!mask[step]) continue;
    if (runs.at(-1)?.[1] === step) runs.at(-1)[1]++;
    else runs.push([step, step + 1]);
  }
  return runs;
}
