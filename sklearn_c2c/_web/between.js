import { makeElement } from "./elements.js";
import { TunePicker } from "./picker.js";

const NAMES = ["A", "B", "C", "D"];

// A line between two tunes or a pad between four. Calls `onMove(weights, isLast)` with
// the weight of each tune, as [index, weight], which returns the new state, and `onPick(index)` for a chosen one.
export class Between {
  constructor(parts, space, calls) {
    Object.assign(this, { parts, space, calls });
    this.n = 4;
    this.place = [0.5, 0.5];
    this.tunes = cornersOf(space);
    this.chosen = new Set(); // corners that the user has set
    this.made = null; // the state at the handle
    this.letters = NAMES.map((name) => {
      return makeElement("span", { className: "at", "aria-hidden": "true" }, name);
    });
    parts.pad.prepend(...this.letters);
    this._makePickers();
    this._listen();
    this._show();
  }

  // The tunes in use, for the map: [{name, point}].
  get corners() {
    return this._used().map((index, i) => ({ name: NAMES[i], point: this.space.point(index) }));
  }

  // Weights of the tunes at a place of the pad.
  weightsAt([x, y]) {
    const shares = this.n === 2 ? [1 - x, x] : [(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y];
    return this._used().map((index, i) => [index, shares[i]]);
  }

  // Places from A to B, or round the four corners.
  way(n) {
    const share = (i) => i / (n - 1);
    const line = this.n === 2 ? [[0, 0.5], [1, 0.5]] : [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]];
    return Array.from({ length: n }, (_, i) => {
      const along = share(i) * (line.length - 1);
      const k = Math.min(Math.floor(along), line.length - 2);
      return [0, 1].map((c) => line[k][c] + (along - k) * (line[k + 1][c] - line[k][c]));
    });
  }

  moveTo(place, isLast) {
    this.place = place.map((share) => Math.min(Math.max(share, 0), 1));
    if (this.n === 2) this.place[1] = 0.5;
    this._show();
    this._decode(isLast);
  }

  // Begin with the present state: its tune is a corner, and the handle is there. What is
  // no tune, or finds all corners set by the user, gives way to what is at the handle.
  enter(present) {
    if (present === this.made) return;
    const used = this._used();
    let corner = present.tune < 0 ? -1 : used.indexOf(present.tune);
    if (present.tune >= 0 && corner < 0) {
      corner = used.findIndex((_, i) => !this.chosen.has(i));
      if (corner >= 0) this._set(corner, present.tune);
    }
    if (corner < 0) {
      this._decode(true);
      return;
    }
    const places = this.n === 2 ? [[0, 0.5], [1, 0.5]] : [[0, 0], [1, 0], [0, 1], [1, 1]];
    this.place = places[corner];
    this._show();
  }

  _decode(isLast) {
    this.made = this.calls.onMove(this.weightsAt(this.place), isLast);
  }

  _used() {
    return this.tunes.slice(0, this.n);
  }

  _makePickers() {
    const { titles } = this.space;
    this.pickers = NAMES.map((name, i) => {
      const frame = makeElement("div", { className: "corner" });
      frame.append(makeElement("span", { className: "letter", "aria-hidden": "true" }, name));
      const pick = (index) => this._take(i, index);
      const picker = new TunePicker(frame, `Tune ${name}`, titles, pick, { keepsTitle: true });
      const here = makeElement("button", {
        type: "button",
        className: "plain",
        "aria-label": `Take the tune nearest to the present melody as ${name}`,
      }, "Present");
      here.addEventListener("click", () => this._take(i, this.calls.nearest()));
      frame.append(here);
      this.parts.corners.append(frame);
      picker.set(this.tunes[i]);
      return { frame, picker };
    });
  }

  _take(corner, index) {
    this.chosen.add(corner);
    this._set(corner, index);
    this._show();
    this._decode(true);
  }

  _set(corner, index) {
    this.tunes[corner] = index;
    this.pickers[corner].picker.set(index);
  }

  _listen() {
    const { pad, handle } = this.parts;
    const root = pad.getRootNode();
    for (const radio of root.querySelectorAll('[name="explorer-corners"]')) {
      radio.addEventListener("change", () => {
        this.n = Number(radio.value);
        this.moveTo(this.place, true);
      });
    }
    let isDragging = false;
    const drag = (event, isLast) => {
      const box = pad.getBoundingClientRect();
      const share = (at, start, size) => (at - start) / Math.max(size, 1);
      const x = share(event.clientX, box.left, box.width);
      this.moveTo([x, share(event.clientY, box.top, box.height)], isLast);
    };
    pad.addEventListener("pointerdown", (event) => {
      isDragging = true;
      pad.setPointerCapture(event.pointerId);
      handle.focus({ preventScroll: true });
      drag(event, false);
      event.preventDefault();
    });
    pad.addEventListener("pointermove", (event) => isDragging && drag(event, false));
    const end = (event) => {
      if (isDragging) drag(event, true);
      isDragging = false;
    };
    pad.addEventListener("pointerup", end);
    pad.addEventListener("pointercancel", () => (isDragging = false));
    handle.addEventListener("keydown", (event) => this._key(event));
  }

  _key(event) {
    const size = event.shiftKey ? 0.25 : 0.05;
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    let way = ways[event.key];
    if (this.n === 2 && way) way = [way[0] || -way[1], 0];
    const ends = { Home: [0, 0], End: [1, 1] };
    if (way) this.moveTo(this.place.map((share, i) => share + size * way[i]), true);
    else if (ends[event.key]) this.moveTo(ends[event.key], true);
    else return;
    event.preventDefault();
  }

  _show() {
    const { pad, handle, walk } = this.parts;
    pad.classList.toggle("line", this.n === 2);
    this.pickers.forEach(({ frame }, i) => (frame.hidden = i >= this.n));
    handle.style.left = `${100 * this.place[0]}%`;
    handle.style.top = `${100 * this.place[1]}%`;
    const weights = this.weightsAt(this.place);
    const words = weights.map(([, weight], i) => `${Math.round(100 * weight)} % ${NAMES[i]}`);
    handle.setAttribute("aria-valuetext", words.join(", "));
    handle.setAttribute("aria-valuenow", Math.round(100 * this.place[0]));
    if (!walk.classList.contains("playing")) walk.textContent = this.walkName;
    const line = [[0, 50], [100, 50]];
    const square = [[0, 0], [100, 0], [0, 100], [100, 100]];
    this.letters.forEach((letter, i) => {
      letter.hidden = i >= this.n;
      const [left, top] = (this.n === 2 ? line : square)[i % this.n];
      Object.assign(letter.style, { left: `${left}%`, top: `${top}%` });
    });
  }

  get walkName() {
    return this.n === 2 ? "Walk from A to B" : "Walk round the corners";
  }
}

// The tunes at the four corners of the map.
function cornersOf(space) {
  const ways = [[-1, -1], [1, -1], [-1, 1], [1, 1]];
  const taken = new Set();
  return ways.map(([right, down]) => {
    let best = -1;
    let most = -Infinity;
    for (let i = 0; i < space.size; i++) {
      const [x, y] = space.point(i);
      const far = right * x + down * y - (taken.has(i) ? 1e9 : 0);
      if (far > most) [best, most] = [i, far];
    }
    taken.add(best);
    return best;
  });
}
