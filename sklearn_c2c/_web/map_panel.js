import { makeElement } from "./elements.js";
import { Journey, alongLine } from "./journey.js";
import { TuneMap } from "./map.js";
import { colourOf, colourOfClass, shadesOf } from "./palette.js";
import { TunePicker } from "./picker.js";

// The map with its search, colours, legend, zoom and trail. Calls `onTune(index)`,
// `onPoint(point, isLast)`, `onTrailEnd()`; `present()` is the point of the present melody.
export class MapPanel {
  constructor(parts, space, data, arrays, sequencer, calls) {
    Object.assign(this, { parts, space, data, arrays, calls });
    this.trail = [];
    this.map = new TuneMap(parts.map, space, {
      onTune: calls.onTune,
      onPoint: (point, isLast) => {
        this.journey.stop();
        calls.onPoint(point, isLast);
      },
      onHover: () => {},
      onTrail: (trail, isLast) => this._setTrail(trail, isLast),
    });
    this.journey = new Journey(sequencer);
    const find = (index) => {
      this.map.reveal(space.point(index));
      calls.onTune(index);
    };
    const placeholder = space.size > 1 ? `one of ${space.size} titles` : "title";
    this.picker = new TunePicker(parts.search, "Search", space.titles, find, { placeholder });
    this._fillColours();
    this._listen();
    this._colour();
    this._showTrailTools();
  }

  readTheme() {
    this.map.readTheme();
    this._colour();
  }

  _fillColours() {
    const { attributes, classes } = this.data;
    const options = attributes.map(({ name, about }, i) => {
      return makeElement("option", { value: `a${i}`, title: about }, name);
    });
    if (classes.length) options.unshift(makeElement("option", { value: "class" }, "Class"));
    options.push(makeElement("option", { value: "none" }, "Nothing"));
    this.parts.colour.append(...options);
  }

  _colour() {
    const { value } = this.parts.colour;
    const { theme } = this.map.painter;
    this.parts.colour.title = this.parts.colour.selectedOptions[0]?.title ?? "";
    if (value === "none") {
      this.map.colourBy(null, false);
      this.parts.legend.replaceChildren();
    } else if (value === "class") {
      this.map.colourBy(this.arrays.classes, true);
      this._showClasses(theme);
    } else {
      const i = Number(value.slice(1));
      const attribute = this.data.attributes[i];
      const values = this.arrays.values.subarray(i * this.space.size, (i + 1) * this.space.size);
      this.map.colourBy(shadesOf(values, attribute.quartiles), false);
      this._showScale(attribute, theme);
    }
  }

  // The unit, and a bar of colours with the minimum, the quartiles and the maximum.
  _showScale({ name, unit, quartiles }, theme) {
    const shades = Array.from({ length: 9 }, (_, i) => colourOf(i / 8, theme));
    const bar = makeElement("span", { className: "scale", "aria-hidden": "true" });
    bar.style.background = `linear-gradient(to right, ${shades.join(", ")})`;
    const names = ["least", "a quarter below", "median", "a quarter above", "most"];
    const ticks = quartiles.map((value, i) =>
      makeElement("span", { className: "tick", title: names[i] }, figureText(value)),
    );
    const words = makeElement("span", { className: "unit" }, `${name}: ${unit}`);
    this.parts.legend.replaceChildren(words, bar, makeElement("span", { className: "ticks" }, ...ticks));
  }

  _showClasses(theme) {
    const rows = this.data.classes.slice(0, 24).map((name, i) => {
      const dot = makeElement("span", { className: "dot", "aria-hidden": "true" });
      dot.style.background = colourOfClass(i, theme);
      return makeElement("span", { className: "class" }, dot, name);
    });
    this.parts.legend.replaceChildren(makeElement("span", { className: "class-names" }, ...rows));
  }

  _listen() {
    const { parts, map } = this;
    parts.colour.addEventListener("change", () => this._colour());
    parts["zoom-in"].addEventListener("click", () => map.zoom(1.5));
    parts["zoom-out"].addEventListener("click", () => map.zoom(1 / 1.5));
    parts["zoom-fit"].addEventListener("click", () => map.fit());
    for (const radio of parts.map.getRootNode().querySelectorAll('[name="explorer-mode"]')) {
      radio.addEventListener("change", () => {
        map.mode = radio.value;
        this._showTrailTools();
      });
    }
    parts["trail-add"].addEventListener("click", () => {
      this._setTrail([...this.trail, this.calls.present()], true);
    });
    parts["trail-clear"].addEventListener("click", () => this._setTrail([], true));
    parts["trail-play"].addEventListener("click", () => this._toggleTrail());
  }

  _setTrail(trail, isLast) {
    this.journey.stop();
    this.trail = isLast ? [...trail] : trail;
    this.map.show({ trail: this.trail, walker: null });
    this.parts["trail-play"].disabled = this.trail.length < 2;
    this.parts["trail-clear"].disabled = !this.trail.length;
    this._showTrailTools();
  }

  _showTrailTools() {
    this.parts["trail-tools"].hidden = this.map.mode !== "trail" && !this.trail.length;
  }

  _toggleTrail() {
    if (this.journey.isOn) return this.journey.stop();
    const n = Number(this.parts["trail-count"].value);
    const stages = alongLine(this.trail, n).map((point) => (isLast) => {
      this.map.show({ walker: point });
      this.calls.onPoint(point, isLast);
    });
    const button = this.parts["trail-play"];
    this.journey.start(stages, Number(this.parts["trail-measures"].value), () => {
      button.textContent = "Play the trail";
      button.classList.remove("playing");
      this.map.show({ walker: null });
      this.calls.onTrailEnd();
    });
    if (!this.journey.isOn) return;
    button.textContent = "Stop the trail";
    button.classList.add("playing");
  }
}

// Three digits.
function figureText(value) {
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
