import { Labels, boxAround } from "./map_labels.js";
import { N_CLASS_COLOURS, N_SHADES, colourOf, colourOfClass } from "./palette.js";

const MOST_NAMED = 24; // tunes whose titles fit on the map

// Draws the map: the tunes on a canvas of their own, which is drawn again only when the
// view or the colours change, and above it what moves.
export class MapPainter {
  constructor(canvas, space, view) {
    this.canvas = canvas;
    this.space = space;
    this.view = view;
    this.layer = document.createElement("canvas");
    this.isStale = true;
    this.shades = null; // of each tune, or null for one colour
    this.isClass = false;
    this.readTheme();
  }

  // Take the colours of the page, after it has turned dark or light.
  readTheme() {
    const style = getComputedStyle(this.canvas);
    const colour = (name) => style.getPropertyValue(name).trim();
    this.theme = colour("--theme") || "light";
    this.ink = colour("--ink");
    this.quiet = colour("--quiet");
    this.sheet = colour("--sheet");
    this.accent = colour("--accent");
    this.font = style.fontFamily;
    this.sprites = null;
    this.isStale = true;
  }

  colourBy(shades, isClass) {
    [this.shades, this.isClass] = [shades, isClass];
    this.sprites = null;
    this.isStale = true;
  }

  // `scene`: {free, present, near, corners, trail, walker, hovered, own, tune}, each a point
  // of the plane, an index of a tune, or a list.
  paint(scene) {
    const { canvas, view } = this;
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const [width, height] = [view.width * ratio, view.height * ratio].map(Math.round);
    if (canvas.width !== width || canvas.height !== height) {
      for (const each of [canvas, this.layer]) [each.width, each.height] = [width, height];
      this.isStale = true;
    }
    if (this.isStale) this._paintTunes(ratio);
    const pen = canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.drawImage(this.layer, 0, 0);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    this._paintScene(pen, scene);
  }

  get radius() {
    const base = this.space.size > 1500 ? 2.6 : this.space.size > 300 ? 3.6 : 5;
    return base * Math.min((this.view.scale / this.view.fitScale) ** 0.3, 2.4);
  }

  // Points are written to an array of pixels: without a graphics card, thousands of small
  // pictures take longer than a frame.
  _paintTunes(ratio) {
    this.isStale = false;
    const { space, view, layer } = this;
    const { points } = space;
    const pen = layer.getContext("2d");
    const radius = this.radius;
    this._prepareSprites(radius, ratio);
    const image = this._emptyImage(pen);
    const half = this.sprites[0].size / 2;
    const seen = [];
    for (let i = 0; i < space.size; i++) {
      const left = (view.width / 2 + (points[2 * i] - view.x) * view.scale) * ratio;
      const top = (view.height / 2 + (points[2 * i + 1] - view.y) * view.scale) * ratio;
      if (left < -half || top < -half) continue;
      if (left > layer.width + half || top > layer.height + half) continue;
      stamp(image, this._spriteOf(i), Math.round(left - half), Math.round(top - half));
      if (seen.length <= MOST_NAMED) seen.push(i);
    }
    pen.putImageData(image, 0, 0);
    this.seen = seen;
    this.buttons = this._boxesOfButtons();
  }

  _emptyImage(pen) {
    const { width, height } = this.layer;
    if (this.image?.width === width && this.image.height === height) this.image.data.fill(0);
    else this.image = pen.createImageData(width, height);
    return this.image;
  }

  // Titles, those first that are asked for most; below many points only that of the
  // tune under the pointer.
  _paintNames(pen, scene) {
    const { space, view, radius, seen } = this;
    const isNamed = seen.length <= MOST_NAMED;
    const blocked = isNamed ? seen.map((i) => this._boxOf(space.point(i), radius)) : [];
    for (const point of scene.present ? [scene.present] : []) blocked.push(this._boxOf(point, 9));
    for (const { point } of scene.own ?? []) blocked.push(this._boxOf(point, 9));
    for (const { point } of scene.corners ?? []) blocked.push(this._boxOf(point, 10));
    this.labels = new Labels(view.width, view.height, [...blocked, ...this.buttons]);
    pen.textBaseline = "middle";
    pen.textAlign = "center";
    const { hovered = -1, tune = -1 } = scene;
    if (hovered >= 0) this._paintName(pen, hovered, "600 14px", this.ink, true);
    for (const { point, title } of scene.own ?? []) {
      pen.font = `italic 13px ${this.font}`;
      this._paintLabel(pen, this.labels.place(pen, title, view.toScreen(point), 12), this.ink);
    }
    if (!isNamed) return;
    const others = seen.filter((index) => index !== hovered && index !== tune);
    if (seen.includes(tune) && tune !== hovered) others.unshift(tune);
    for (const index of others) this._paintName(pen, index, "13px", this.quiet, false);
  }

  _paintName(pen, index, size, colour, must) {
    pen.font = `${size} ${this.font}`;
    const { space, view } = this;
    const gap = Math.max(this.radius, 9) + 3;
    const place = view.toScreen(space.point(index));
    const label = this.labels.place(pen, space.titles[index], place, gap, { index, must });
    this._paintLabel(pen, label, colour);
  }

  _paintLabel(pen, label, colour) {
    if (label) this._text(pen, label.text, label.x, label.y, colour);
  }

  _boxOf(point, radius) {
    return boxAround(this.view.toScreen(point), radius + 1);
  }

  // The buttons that lie above the map.
  _boxesOfButtons() {
    const above = this.canvas.parentElement.querySelectorAll(".map-modes, .map-zoom");
    return [...above].map(({ offsetLeft, offsetTop, offsetWidth, offsetHeight }) => {
      const [right, bottom] = [offsetLeft + offsetWidth, offsetTop + offsetHeight];
      return [offsetLeft, offsetTop, right, bottom];
    });
  }

  // Text with a rim of paper, so that it can be read above points.
  _text(pen, text, x, y, colour) {
    pen.lineWidth = 4;
    pen.lineJoin = "round";
    pen.strokeStyle = this.sheet;
    pen.strokeText(text, x, y);
    pen.fillStyle = colour;
    pen.fillText(text, x, y);
  }

  _spriteOf(index) {
    if (!this.shades) return this.sprites[0];
    const shade = this.shades[index];
    return this.sprites[this.isClass ? shade % N_CLASS_COLOURS : Math.min(shade, N_SHADES)];
  }

  // One small picture of a point for each colour, as pixels.
  _prepareSprites(radius, ratio) {
    if (this.sprites && this.spriteRadius === radius) return;
    this.spriteRadius = radius;
    const colours = this._colours();
    const size = Math.ceil(2 * (radius + 1) * ratio) + 2;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [size, size];
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    this.sprites = colours.map((colour) => {
      pen.clearRect(0, 0, size, size);
      pen.beginPath();
      pen.arc(size / 2, size / 2, radius * ratio, 0, 7);
      pen.fillStyle = colour;
      pen.fill();
      pen.lineWidth = 0.9 * ratio;
      pen.strokeStyle = this.sheet;
      pen.stroke();
      return { size, pixels: pen.getImageData(0, 0, size, size).data };
    });
  }

  _colours() {
    const { theme } = this;
    if (!this.shades) return [this.quiet];
    if (this.isClass) {
      return Array.from({ length: N_CLASS_COLOURS }, (_, i) => colourOfClass(i, theme));
    }
    const shades = Array.from({ length: N_SHADES }, (_, i) => colourOf(i / (N_SHADES - 1), theme));
    return [...shades, this.quiet];
  }

  _paintScene(pen, scene) {
    if (scene.trail?.length) this._paintTrail(pen, scene);
    if (scene.corners?.length) this._paintCorners(pen, scene.corners);
    else if (scene.free) this._paintNeighbours(pen, scene.free, scene.near ?? []);
    for (const own of scene.own ?? []) this._paintStar(pen, own);
    if (scene.hovered >= 0) this._ring(pen, this.space.point(scene.hovered), 1.5, this.ink);
    if (scene.present) this._paintPresent(pen, scene.present);
    this._paintNames(pen, scene);
  }

  _paintTrail(pen, { trail, walker }) {
    pen.beginPath();
    trail.forEach((point, i) => pen[i ? "lineTo" : "moveTo"](...this.view.toScreen(point)));
    pen.lineJoin = pen.lineCap = "round";
    pen.strokeStyle = this.accent;
    pen.globalAlpha = 0.35;
    pen.lineWidth = 5;
    pen.stroke();
    pen.globalAlpha = 1;
    pen.lineWidth = 1.5;
    pen.stroke();
    if (walker) this._dot(pen, walker, 5, this.accent);
  }

  // The tunes that a line or a pad goes between, with their letters.
  _paintCorners(pen, corners) {
    const places = corners.map(({ point }) => this.view.toScreen(point));
    const order = places.length === 4 ? [0, 1, 3, 2, 0] : [0, 1];
    pen.beginPath();
    order.forEach((corner, i) => pen[i ? "lineTo" : "moveTo"](...places[corner]));
    pen.setLineDash([4, 4]);
    pen.lineWidth = 1.2;
    pen.strokeStyle = this.accent;
    pen.stroke();
    pen.setLineDash([]);
    pen.font = `600 13px ${this.font}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    corners.forEach(({ name }, i) => {
      this._disc(pen, places[i], 10, this.accent);
      pen.fillStyle = this.sheet;
      pen.fillText(name, places[i][0], places[i][1] + 1);
    });
  }

  // Lines to the tunes that are mixed at the free point.
  _paintNeighbours(pen, free, near) {
    const from = this.view.toScreen(free);
    pen.strokeStyle = this.accent;
    pen.lineWidth = 1;
    for (const [index, weight] of near) {
      pen.globalAlpha = 0.15 + 0.6 * weight;
      pen.beginPath();
      pen.moveTo(...from);
      pen.lineTo(...this.view.toScreen(this.space.point(index)));
      pen.stroke();
    }
    pen.globalAlpha = 1;
  }

  _paintPresent(pen, point) {
    this._ring(pen, point, 2.5, this.accent, 8);
    this._dot(pen, point, 4.5, this.accent);
  }

  _paintStar(pen, { point }) {
    const [left, top] = this.view.toScreen(point);
    pen.beginPath();
    for (let i = 0; i < 10; i++) {
      const radius = i % 2 ? 4 : 9;
      const angle = (Math.PI * i) / 5 - Math.PI / 2;
      pen.lineTo(left + radius * Math.cos(angle), top + radius * Math.sin(angle));
    }
    pen.closePath();
    pen.fillStyle = this.accent;
    pen.strokeStyle = this.sheet;
    pen.lineWidth = 1.5;
    pen.fill();
    pen.stroke();
  }

  _ring(pen, point, width, colour, radius = this.radius + 3) {
    pen.beginPath();
    pen.arc(...this.view.toScreen(point), radius, 0, 7);
    pen.lineWidth = width;
    pen.strokeStyle = colour;
    pen.stroke();
  }

  _dot(pen, point, radius, colour) {
    this._disc(pen, this.view.toScreen(point), radius, colour);
  }

  _disc(pen, [left, top], radius, colour) {
    pen.beginPath();
    pen.arc(left, top, radius, 0, 7);
    pen.fillStyle = colour;
    pen.fill();
    pen.lineWidth = 1.2;
    pen.strokeStyle = this.sheet;
    pen.stroke();
  }
}

// Put a small picture above what is in an image, whose corner is at a pixel.
function stamp(image, { size, pixels }, left, top) {
  const { width, height, data } = image;
  for (let y = Math.max(0, -top); y < size && top + y < height; y++) {
    let from = 4 * (y * size + Math.max(0, -left));
    let to = 4 * ((top + y) * width + Math.max(0, left));
    const end = 4 * (y * size + Math.min(size, width - left));
    for (; from < end; from += 4, to += 4) {
      const alpha = pixels[from + 3] / 255;
      if (!alpha) continue;
      const below = (data[to + 3] / 255) * (1 - alpha);
      const whole = alpha + below;
      for (let c = 0; c < 3; c++) {
        data[to + c] = (pixels[from + c] * alpha + data[to + c] * below) / whole;
      }
      data[to + 3] = 255 * whole;
    }
  }
}
