// What the explorer remembers: the states before (undo), a link, and favourites.
import { END, N_PITCHES, HOLD, REST } from "./tokens.js";

const MOST_STATES = 200;
const MOST_FAVOURITES = 200;
const LONGEST_TITLE = 200; // characters
export const NO_TITLE = "Melody"; // of a melody whose title is empty

// The beginning of a title for a link, which is cut between characters: half of one is
// nothing that an address can hold.
export function shortTitle(title) {
  return Array.from(title).slice(0, LONGEST_TITLE).join("");
}

// Base64 for links: without +, / and =.
export function toLinkText(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export function fromLinkText(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

// Steps of a melody as bytes, and back. Null if they are no melody of the model: of its
// length and its tokens, with a note before each hold, and nothing after the end.
export function bytesOfMelody(melody) {
  return Uint8Array.from(melody);
}

export function melodyOfBytes(bytes, { nSteps, tokens }) {
  if (bytes.length !== nSteps) return null;
  let before = REST;
  for (const token of bytes) {
    if (!tokens.includes(token)) return null;
    if (token === HOLD && !(before < N_PITCHES || before === HOLD)) return null;
    if (before === END && token !== END) return null;
    before = token;
  }
  return Array.from(bytes);
}

// Numbers of a latent vector as little-endian float32, and back.
export function bytesOfFloats(values) {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, i) => view.setFloat32(4 * i, value, true));
  return new Uint8Array(view.buffer);
}

export function floatsOfBytes(bytes, length) {
  if (bytes.length !== 4 * length) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const values = Float32Array.from({ length }, (_, i) => view.getFloat32(4 * i, true));
  return values.every(Number.isFinite) ? values : null;
}

// The part of an address after "#": names and values.
export function writeLink(fields) {
  const pairs = Object.entries(fields).filter(([, value]) => value !== null && value !== "");
  return pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
}

export function readLink(hash) {
  const fields = {};
  for (const pair of hash.replace(/^#/, "").split("&")) {
    const [name, ...value] = pair.split("=");
    if (!/^[a-z]+$/.test(name) || !value.length) continue;
    try {
      fields[name] = decodeURIComponent(value.join("="));
    } catch {
      // A damaged value is as if it were not there.
    }
  }
  return fields;
}

// States in the order in which they were reached, and which of them is the present one.
export class History {
  constructor(onChange) {
    this.states = [];
    this.now = -1;
    this.onChange = onChange;
  }

  // A new state: those that were undone are forgotten.
  add(state) {
    this.states = [...this.states.slice(0, this.now + 1), state].slice(-MOST_STATES);
    this.now = this.states.length - 1;
    this.onChange(this);
  }

  get canUndo() {
    return this.now > 0;
  }

  get canRedo() {
    return this.now < this.states.length - 1;
  }

  // The state to go back or on to, or null.
  go(to) {
    if (to < 0 || to >= this.states.length || to === this.now) return null;
    this.now = to;
    this.onChange(this);
    return this.states[to];
  }
}

// Melodies that the user keeps, in the storage of the browser where it allows it. Pages in
// other tabs may change what is stored: each change is one of what is there now.
export class Favourites {
  constructor(name, form, onChange) {
    // Pages of one title may be of other models, whose melodies do not fit here.
    this.key = `sklearn_c2c explorer: ${name}, ${form.nSteps} steps of ${form.tokens.join(" ")}`;
    this.form = form; // {nSteps, tokens} of the model
    this.onChange = onChange;
    this.items = [];
    this.isStored = true;
    this.items = this._newest();
    globalThis.addEventListener?.("storage", ({ key }) => {
      if (key === this.key) this._takeNewest();
    });
  }

  // Add one; return whether it was "added", was "there" already, or the list is "full".
  add(title, melody) {
    const text = melody.join();
    let found = "added";
    this._edit((items) => {
      if (items.some((item) => item.melody.join() === text)) found = "there";
      else if (items.length >= MOST_FAVOURITES) found = "full";
      return found === "added" ? [...items, { title: shortTitle(title), melody: [...melody] }] : items;
    });
    return found;
  }

  remove(index) {
    const text = this.items[index].melody.join();
    this._edit((items) => items.filter((item) => item.melody.join() !== text));
  }

  // Return the title that it has now.
  rename(index, title) {
    const text = this.items[index].melody.join();
    const name = shortTitle(title.trim()) || NO_TITLE;
    this._edit((items) =>
      items.map((item) => (item.melody.join() === text ? { ...item, title: name } : item)),
    );
    return name;
  }

  // Titles and melodies as text for a link, and add those of one.
  toText() {
    const all = this.items.map(({ title, melody }) => [title, toLinkText(bytesOfMelody(melody))]);
    return all.length ? JSON.stringify(all) : "";
  }

  addText(text) {
    for (const [title, melody] of this._parsed(text)) this.add(title, melody);
  }

  _parsed(text) {
    try {
      return JSON.parse(text).flatMap(([title, bytes]) => {
        const melody = melodyOfBytes(fromLinkText(String(bytes)), this.form);
        return melody ? [[shortTitle(String(title)), melody]] : [];
      });
    } catch {
      return []; // damaged, or of another version
    }
  }

  // What is stored, or the items here where nothing is.
  _newest() {
    try {
      const text = this.isStored ? localStorage.getItem(this.key) : null;
      if (text === null) return this.items;
      return this._parsed(text).map(([title, melody]) => ({ title, melody }));
    } catch {
      this.isStored = false; // a browser may refuse it, as for files
      return this.items;
    }
  }

  _store() {
    try {
      if (this.isStored) localStorage.setItem(this.key, this.toText() || "[]");
    } catch {
      this.isStored = false;
    }
  }

  // Take what another tab has stored.
  _takeNewest() {
    const before = this.toText();
    this.items = this._newest();
    if (this.toText() !== before) this.onChange(this);
  }

  // Change the newest items; tell it if there are other melodies than before.
  _edit(edit) {
    const melodies = (items) => items.map(({ melody }) => melody.join()).join(";");
    const before = melodies(this.items);
    const newest = this._newest();
    this.items = edit(newest);
    if (this.items !== newest) this._store();
    if (melodies(this.items) !== before) this.onChange(this);
  }
}
