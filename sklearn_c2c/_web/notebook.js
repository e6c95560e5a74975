import { writeAbcBook } from "./abc.js";
import { download, makeElement } from "./elements.js";
import { drawStaff } from "./staff.js";

const BOOK_WIDTH = 720; // pixels of a line of the tune book

// The favourites as a list, as one ABC file, and as a book to print.
export class Notebook {
  constructor(parts, favourites, { title, notation, glyphs, shown, onPlay, onChange }) {
    Object.assign(this, { parts, favourites, title, notation, glyphs, shown, onPlay, onChange });
    parts.print.addEventListener("click", () => window.print());
    parts["save-all"].addEventListener("click", () => this._saveAll());
    window.addEventListener("beforeprint", () => this.makeBook());
    this.show();
  }

  show() {
    const { items, isStored } = this.favourites;
    this.parts["favourites-count"].textContent = items.length;
    this.parts["favourites-help"].hidden = items.length > 0 && isStored;
    if (!isStored) {
      this.parts["favourites-help"].textContent =
        "This browser keeps nothing for files: take favourites along by Copy link or All as ABC.";
    }
    this.parts["save-all"].disabled = !items.length;
    this.parts.favourites.replaceChildren(...items.map((item, i) => this._row(item, i)));
  }

  _row(item, i) {
    const { favourites } = this;
    const title = makeElement("input", {
      type: "text",
      value: item.title,
      "aria-label": `Title of favourite ${i + 1}`,
    });
    title.addEventListener("change", () => {
      title.value = favourites.rename(i, title.value);
      this.onChange();
    });
    const button = (text, act) => {
      const name = `${text} ${item.title}`;
      const look = { type: "button", className: "plain", "aria-label": name };
      const made = makeElement("button", look, text);
      made.addEventListener("click", act);
      return made;
    };
    return makeElement("li", {}, title,
      button("Play", () => this.onPlay(favourites.items[i])),
      button("Remove", () => favourites.remove(i)));
  }

  _saveAll() {
    const text = writeAbcBook(this.favourites.items, this.notation());
    download(text, "favourites.abc", "text/vnd.abc");
  }

  // The pages to print: the favourites, or the melody shown where there are none.
  makeBook() {
    const { items } = this.favourites;
    const printed = items.length ? items : [this.shown()];
    const heading = makeElement("h1", {}, this.title);
    this.parts.book.replaceChildren(heading, ...printed.map(({ title, melody }) => {
      const score = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      const { glyphs } = this;
      drawStaff(score, melody, this.notation(), { glyphs, width: BOOK_WIDTH });
      return makeElement("article", {}, makeElement("h2", {}, title), score);
    }));
  }
}

// The states as a list of buttons, the newest first; equal titles are numbered.
export function showHistory(list, history, nameOf, onGo) {
  const counts = new Map();
  const rows = history.states.map((state, i) => {
    const name = nameOf(state);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    const text = count > 1 ? `${name} (${count})` : name;
    const button = makeElement("button", { type: "button", className: "plain" }, text);
    if (i === history.now) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => onGo(i));
    return makeElement("li", {}, button);
  });
  list.replaceChildren(...rows.reverse());
}
