import { makeElement } from "./elements.js";
import { drawRoll } from "./roll.js";
import { drawStaff } from "./staff.js";
import { lengthOf, notesOf } from "./tokens.js";

const STAFF_PAUSE = 80; // milliseconds between scores while a point is dragged
const ACCIDENTAL_ROOM = 2.5; // spaces for each accidental of a narrow score
const NARROW = 500; // pixels, below which the score is drawn smaller

// Score and piano roll of one melody, the buttons that keep its measures, and a cursor.
// Calls `onLock(measure)`, and `onStep(step)` for a click into the melody.
export class MelodyView {
  constructor(parts, { notation, glyphs, range }, calls) {
    Object.assign(this, { parts, notation, glyphs, range, calls });
    this.shown = null;
    this.locks = [];
    this.drawn = 0; // time of the last score
    this.timer = null;
    for (const name of ["staff", "roll"]) {
      parts[name].addEventListener("click", (event) => this._click(event));
    }
    this.observer = new ResizeObserver(() => this.redraw());
    this.observer.observe(parts["roll-frame"]);
  }

  // Show a melody; `marks` as of `drawStaff`, `locked` a boolean of each measure.
  show(melody, { marks = {}, locked = [], title = "" } = {}) {
    this.shown = { melody, marks, locked };
    drawThumbnail(this.parts.thumbnail, melody, this.range);
    this.parts.staff.setAttribute("aria-label", `Score of ${title}`);
    this.parts.roll.setAttribute("aria-label", `Piano roll of ${title}`);
    this._showLocks(melody, locked);
    this._draw();
  }

  redraw() {
    if (this.shown) this._draw(true);
  }

  moveCursor(step) {
    this.staff?.moveCursor(step);
    this.roll?.moveCursor(step);
  }

  // The piano roll at once, the score as often as there is time.
  _draw(isNow = false) {
    this._drawRoll();
    const wait = this.drawn + STAFF_PAUSE - performance.now();
    clearTimeout(this.timer);
    if (isNow || wait <= 0) this._drawStaff();
    else this.timer = setTimeout(() => this._drawStaff(), wait);
  }

  _drawStaff() {
    const { melody, marks, locked } = this.shown;
    const { glyphs } = this;
    const room = this.parts["staff-frame"].clientWidth;
    if (!room) return;
    const width = room < NARROW ? 1.6 * room : room;
    this.drawn = performance.now();
    const accidentalRoom = room < NARROW ? ACCIDENTAL_ROOM : 0;
    const options = { glyphs, width, marks, locked, accidentalRoom };
    this.staff = drawStaff(this.parts.staff, melody, this.notation, options);
  }

  _drawRoll() {
    const { melody, marks, locked } = this.shown;
    const width = this.parts["roll-frame"].clientWidth;
    if (!width) return;
    const height = width < NARROW ? 120 : 150;
    const { range } = this;
    const options = { width, height, range, marks, locked };
    this.roll = drawRoll(this.parts.roll, melody, this.notation, options);
  }

  // From a note from its onset, from elsewhere in a measure from its beginning.
  _click(event) {
    const sign = event.target.closest("[data-step]");
    const area = event.target.closest("[data-measure]");
    if (sign) this.calls.onStep(Number(sign.dataset.step));
    else if (area) this.calls.onStep(area.dataset.measure * this.notation.stepsPerMeasure);
  }

  _showLocks(melody, locked) {
    const { stepsPerMeasure, pickup } = this.notation;
    const n = Math.ceil(lengthOf(melody) / stepsPerMeasure);
    if (this.locks.length !== n) this._makeLocks(n, pickup);
    this.locks.forEach((button, i) => {
      button.setAttribute("aria-pressed", Boolean(locked[i]));
    });
  }

  _makeLocks(n, pickup) {
    this.locks = Array.from({ length: n }, (_, i) => {
      const name = pickup ? (i === 0 ? "pick-up" : `measure ${i}`) : `measure ${i + 1}`;
      const text = pickup ? (i === 0 ? "↑" : `${i}`) : `${i + 1}`;
      const button = makeElement("button", {
        type: "button",
        className: "lock",
        title: `Keep ${name} while the others change`,
        "aria-label": `Keep ${name}`,
        "aria-pressed": "false",
      }, text);
      button.addEventListener("click", () => this.calls.onLock(i));
      return button;
    });
    this.parts.locks.style.setProperty("--n", n <= 16 ? n : 16);
    this.parts.locks.replaceChildren(...this.locks);
  }
}

// The notes of a melody as one small path.
function drawThumbnail(svg, melody, [low, high]) {
  const bars = notesOf(melody).map(([onset, duration, pitch]) => {
    return `M${onset} ${high - pitch + 1}h${Math.max(duration - 0.3, 0.4)}`;
  });
  svg.setAttribute("viewBox", `0 0 ${melody.length} ${high - low + 2}`);
  svg.querySelector("path").setAttribute("d", bars.join(""));
}
