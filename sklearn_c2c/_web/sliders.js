import { makeElement } from "./elements.js";

const N_PLACES = 200; // of a slider
const BEYOND = 0.25; // share of the range of the tunes that a slider reaches beyond it

// Sliders along directions of the latent space. Calls `onMove(z, isLast, name)`,
// `onReset(z, name)` with the latent vector that one slider was taken back to.
export class Sliders {
  constructor(parts, described, arrays, h, calls) {
    Object.assign(this, { parts, calls });
    this.mean = arrays.mean;
    this.axes = described.map((slider, i) => {
      const vector = arrays.directions.subarray(i * h, (i + 1) * h);
      const square = vector.reduce((sum, x) => sum + x * x, 0);
      return { ...slider, vector, square };
    });
    this.rows = this.axes.map((axis, i) => this._makeRow(axis, i));
    parts.sliders.append(...this.rows.map(({ row }) => row));
    parts["sliders-help"].textContent = this.axes.length
      ? "Each moves the present melody along one direction of the latent space."
      : "No direction of the latent space goes with an attribute of these tunes.";
  }

  // Show where a latent vector is, and where `base` was before the sliders moved it.
  show(z, base) {
    this.z = z;
    this.base = base;
    this.rows.forEach(({ input, reset, output }, i) => {
      const value = this.positionOf(z, i);
      input.value = value;
      const shown = value.toFixed(1).replace("-", "−");
      output.value = shown;
      input.setAttribute("aria-valuetext", shown);
      reset.disabled = Math.abs(value - this.positionOf(base, i)) < 1e-4;
    });
  }

  // Position along an axis, in its units from the mean.
  positionOf(z, i) {
    const { vector, square } = this.axes[i];
    let sum = 0;
    for (let j = 0; j < vector.length; j++) sum += (z[j] - this.mean[j]) * vector[j];
    return square ? sum / square : 0;
  }

  // The latent vector with another position along an axis.
  moved(i, position) {
    const { vector } = this.axes[i];
    const change = position - this.positionOf(this.z, i);
    return this.z.map((value, j) => value + change * vector[j]);
  }

  _makeRow(axis, i) {
    const name = makeElement("span", { className: "slider-name" }, axis.name);
    const said = makeElement("span", { className: "slider-said", title: axis.about }, axis.said);
    const room = BEYOND * (axis.high - axis.low) || 1;
    const input = makeElement("input", { type: "range" });
    input.min = axis.low - room;
    input.max = axis.high + room;
    input.step = (axis.high - axis.low + 2 * room) / N_PLACES;
    input.value = 0;
    const output = makeElement("output");
    const label = makeElement("label", {}, name, " ", said, input);
    const reset = makeElement("button", {
      type: "button",
      className: "plain",
      disabled: true,
      "aria-label": `Reset ${axis.name}`,
    }, "Reset");
    input.addEventListener("input", () => this._slide(i, input, false));
    input.addEventListener("change", () => this._slide(i, input, true));
    reset.addEventListener("click", () => {
      const z = this.moved(i, this.positionOf(this.base, i));
      this.calls.onMove(z, true, axis.name);
    });
    const row = makeElement("div", { className: "slider" }, label, output, reset);
    return { row, input, output, reset };
  }

  _slide(i, input, isLast) {
    const z = this.moved(i, Number(input.value));
    this.calls.onMove(z, isLast, this.axes[i].name);
  }
}
