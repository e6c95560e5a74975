import { MapPainter } from "./map_painter.js";
import { MapView } from "./map_view.js";

const POINT_REACH = 14; // pixels from a point at which it is meant
const STILL = 5; // pixels that a click may move

// The map of all tunes. Calls `onPoint(point, isLast)` while a free point is dragged,
// `onTune(index)` for a tune that is clicked, `onTrail(points, isLast)` while a trail is
// drawn, `onHover(index)`.
export class TuneMap {
  constructor(canvas, space, calls) {
    this.canvas = canvas;
    this.space = space;
    this.calls = calls;
    this.view = new MapView(space.points);
    this.painter = new MapPainter(canvas, space, this.view);
    this.mode = "point"; // or "trail", "pan"
    this.scene = { hovered: -1 };
    this.pointers = new Map();
    this.frame = 0;
    this._listen();
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(canvas);
  }

  resize() {
    const { clientWidth, clientHeight } = this.canvas;
    if (!clientWidth || !clientHeight) return; // in a hidden panel
    this.view.resize(clientWidth, clientHeight);
    this.redraw(true);
  }

  // Show some of the scene (see `MapPainter.paint`) anew.
  show(changes) {
    Object.assign(this.scene, changes);
    this.redraw();
  }

  colourBy(shades, isClass) {
    this.painter.colourBy(shades, isClass);
    this.redraw();
  }

  readTheme() {
    this.painter.readTheme();
    this.redraw();
  }

  redraw(isStale = false) {
    if (isStale) this.painter.isStale = true;
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.painter.paint(this.scene);
    });
  }

  zoom(factor, at) {
    this.view.zoom(factor, at);
    this.redraw(true);
  }

  fit() {
    this.view.fit();
    this.redraw(true);
  }

  reveal(point) {
    this.view.reveal(point);
    this.redraw(true);
  }

  // The tune under a place in pixels, or -1.
  tuneAt([left, top]) {
    const [[index]] = this.space.near(...this.view.toPlane([left, top]), 1);
    const [x, y] = this.view.toScreen(this.space.point(index));
    return Math.hypot(x - left, y - top) <= POINT_REACH ? index : -1;
  }

  _listen() {
    const { canvas } = this;
    const listen = (name, act, options) => canvas.addEventListener(name, act.bind(this), options);
    listen("pointerdown", this._down);
    listen("pointermove", this._move);
    listen("pointerup", this._up);
    listen("pointercancel", this._cancel);
    listen("pointerleave", () => this._hover(-1));
    listen("keydown", this._key);
    listen("wheel", this._wheel, { passive: false });
  }

  _placeOf(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  _down(event) {
    if (event.button > 1) return;
    this.canvas.setPointerCapture(event.pointerId);
    const place = this._placeOf(event);
    this.pointers.set(event.pointerId, place);
    if (this.pointers.size === 1) {
      const pans = this.mode === "pan" || event.shiftKey || event.button === 1;
      this.drag = { start: place, last: place, pans, isMoved: false, trail: [] };
    } else if (this.drag) {
      this.drag.pans = this.drag.isMoved = true; // two fingers: pinch
    }
  }

  _move(event) {
    const place = this._placeOf(event);
    if (!this.pointers.has(event.pointerId)) {
      if (!this.pointers.size) this._hover(this.tuneAt(place));
      return;
    }
    if (this.pointers.size > 1) return this._pinch(event.pointerId, place);
    this.pointers.set(event.pointerId, place);
    const { drag } = this;
    if (!drag) return;
    const [dx, dy] = [place[0] - drag.last[0], place[1] - drag.last[1]];
    const distance = Math.hypot(place[0] - drag.start[0], place[1] - drag.start[1]);
    if (!drag.isMoved && distance < STILL) return;
    drag.isMoved = true;
    drag.last = place;
    if (drag.pans) {
      this.view.pan(dx, dy);
      this.redraw(true);
    } else {
      this._dragTo(place, false);
    }
  }

  _pinch(id, place) {
    const other = [...this.pointers].find(([key]) => key !== id)[1];
    const before = this.pointers.get(id);
    this.pointers.set(id, place);
    const middle = [(place[0] + other[0]) / 2, (place[1] + other[1]) / 2];
    const apart = (a, b) => Math.max(Math.hypot(a[0] - b[0], a[1] - b[1]), 10);
    this.view.pan((place[0] - before[0]) / 2, (place[1] - before[1]) / 2);
    this.zoom(apart(place, other) / apart(before, other), middle);
  }

  _dragTo(place, isLast) {
    const point = this.view.toPlane(place);
    if (this.mode === "trail") {
      const { trail } = this.drag;
      trail.push(point);
      this.calls.onTrail(trail, isLast);
    } else {
      this.calls.onPoint(point, isLast);
    }
  }

  _up(event) {
    const place = this._placeOf(event);
    this.pointers.delete(event.pointerId);
    const { drag } = this;
    if (!drag) return;
    if (this.pointers.size) {
      [drag.last] = this.pointers.values(); // the finger of a pinch that stays
      return;
    }
    if (!drag.isMoved) {
      const index = this.tuneAt(place);
      if (index >= 0) this.calls.onTune(index);
      else if (!drag.pans && this.mode === "point") this._dragTo(place, true);
    } else if (!drag.pans) {
      this._dragTo(place, true);
    }
    this.drag = null;
  }

  _cancel(event) {
    this.pointers.delete(event.pointerId);
    if (this.drag?.isMoved && !this.drag.pans) this._dragTo(this.drag.last, true);
    this.drag = null;
  }

  _hover(index) {
    this.canvas.style.cursor = index >= 0 ? "pointer" : "";
    if (index === this.scene.hovered) return;
    this.show({ hovered: index });
    this.calls.onHover(index);
  }

  _wheel(event) {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode ? 30 : 1);
    this.zoom(Math.exp(-Math.min(Math.max(pixels, -120), 120) / 400), this._placeOf(event));
  }

  // Arrows move the point, with Shift in larger steps; Enter takes the nearest tune.
  _key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const size = (event.shiftKey ? 60 : 12) / this.view.scale;
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const way = ways[event.key];
    const present = this.scene.present ?? [this.view.x, this.view.y];
    if (way) {
      const point = [present[0] + way[0] * size, present[1] + way[1] * size];
      this.view.reveal(point);
      this.redraw(true);
      this.calls.onPoint(point, true);
    } else if (event.key === "Enter") {
      this.calls.onTune(this.space.near(...present, 1)[0][0]);
    } else if (event.key === "+" || event.key === "=") {
      this.zoom(1.3);
    } else if (event.key === "-") {
      this.zoom(1 / 1.3);
    } else if (event.key === "0") {
      this.fit();
    } else {
      return;
    }
    event.preventDefault();
  }
}
