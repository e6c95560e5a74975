// Where titles stand on the map, so that they hide neither points nor each other.
const LINE_HEIGHT = 17; // pixels
const MOST_CHARACTERS = [28, 18, 11]; // of a title, the first that finds a place

// Boxes are [left, top, right, bottom] in pixels.
export class Labels {
  constructor(width, height, blocked) {
    Object.assign(this, { width, height, blocked });
    this.placed = []; // {index, text, box}
  }

  // A place for a title beside a point, `gap` pixels from it: {text, x, y, box}, where x
  // is the middle; or null. One that `must` be seen is above the point if none is free.
  place(pen, title, [left, top], gap, { index = -1, must = false } = {}) {
    for (const most of MOST_CHARACTERS) {
      const text = shortened(title, most);
      const half = pen.measureText(text).width / 2 + 1;
      const beside = [[half + gap, 0], [-half - gap, 0]];
      const around = [...beside, [0, -gap - LINE_HEIGHT / 2], [0, gap + LINE_HEIGHT / 2]];
      for (const [dx, dy] of around) {
        const label = labelAt(text, left + dx, top + dy, half);
        if (this._isFree(label.box)) return this._take(label, index);
      }
    }
    if (!must) return null;
    const text = shortened(title, MOST_CHARACTERS[0]);
    const half = pen.measureText(text).width / 2 + 1;
    const x = Math.min(Math.max(left, half + 2), Math.max(this.width - half - 2, half + 2));
    return this._take(labelAt(text, x, top > 40 ? top - 20 : top + 22, half), index);
  }

  _isFree([left, top, right, bottom]) {
    if (left < 2 || top < 2 || right > this.width - 2 || bottom > this.height - 2) return false;
    const boxes = [...this.blocked, ...this.placed.map(({ box }) => box)];
    return !boxes.some((b) => left < b[2] && right > b[0] && top < b[3] && bottom > b[1]);
  }

  _take(label, index) {
    this.placed.push({ ...label, index });
    return label;
  }
}

export function boxAround([left, top], radius) {
  return [left - radius, top - radius, left + radius, top + radius];
}

function labelAt(text, x, y, half) {
  const box = [x - half, y - LINE_HEIGHT / 2, x + half, y + LINE_HEIGHT / 2];
  return { text, x, y, box };
}

function shortened(text, most) {
  const characters = Array.from(text);
  return characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : text;
}
