import { makeElement } from "./elements.js";

const MOST_SHOWN = 60;
let nPickers = 0;

// A field to find a tune by its title, with a list that the arrow keys move in.
export class TunePicker {
  constructor(place, label, titles, onPick, { placeholder = "", keepsTitle = false } = {}) {
    Object.assign(this, { titles, onPick, keepsTitle });
    this.folded = titles.map(folded);
    this.found = [];
    this.active = -1;
    this.picked = -1;
    this._make(label, placeholder);
    place.append(this.frame);
  }

  // Show which tune is chosen.
  set(index) {
    this.picked = index;
    this.input.value = index >= 0 ? this.titles[index] : "";
    this._close();
  }

  _make(label, placeholder) {
    const id = `picker-${++nPickers}`;
    this.list = makeElement("ul", { id, role: "listbox", hidden: true, className: "choices" });
    this.list.setAttribute("aria-label", `${label}: tunes found`);
    this.input = makeElement("input", {
      type: "text",
      role: "combobox",
      autocomplete: "off",
      spellcheck: false,
      placeholder,
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": id,
    });
    const name = makeElement("span", { className: "label" }, label);
    this.frame = makeElement("div", { className: "picker" });
    this.frame.append(makeElement("label", {}, name, this.input), this.list);
    this.input.addEventListener("input", () => this._search());
    this.input.addEventListener("focus", () => this.input.select());
    this.input.addEventListener("keydown", (event) => this._key(event));
    this.input.addEventListener("blur", () => this._leave());
    this.input.addEventListener("click", () => this.list.hidden && this._search());
    // Before the field loses the focus.
    this.list.addEventListener("pointerdown", (event) => {
      const option = event.target.closest('[role="option"]');
      event.preventDefault();
      if (option) this._pick(Number(option.dataset.index));
    });
  }

  _search() {
    const chosen = this.picked >= 0 && this.input.value === this.titles[this.picked];
    const words = chosen ? [] : folded(this.input.value).split(/\s+/).filter(Boolean);
    const fits = (title) => words.every((word) => title.includes(word));
    this.found = this.folded.flatMap((title, i) => (fits(title) ? [i] : []));
    this.active = words.length && this.found.length ? 0 : -1;
    this._show();
  }

  _show() {
    const options = this.found.slice(0, MOST_SHOWN).map((index, i) =>
      makeElement("li", {
        id: `${this.list.id}-${i}`,
        role: "option",
        textContent: this.titles[index],
        "data-index": index,
        "aria-selected": i === this.active,
      }),
    );
    const left = this.found.length - options.length;
    if (!this.found.length) options.push(noteOption("No tune has this in its title"));
    if (left > 0) options.push(noteOption(`and ${left} more: go on writing`));
    this.list.replaceChildren(...options);
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this._markActive();
  }

  _markActive() {
    const options = this.list.querySelectorAll("[data-index]");
    options.forEach((option, i) => option.setAttribute("aria-selected", i === this.active));
    const active = options[this.active];
    if (active) {
      this.input.setAttribute("aria-activedescendant", active.id);
      active.scrollIntoView({ block: "nearest" });
    } else {
      this.input.removeAttribute("aria-activedescendant");
    }
  }

  _key(event) {
    const { key } = event;
    const n = Math.min(this.found.length, MOST_SHOWN);
    if (key === "ArrowDown" || key === "ArrowUp") {
      if (this.list.hidden) this._search();
      else if (key === "ArrowDown" && n) this.active = (this.active + 1) % n;
      else if (n) this.active = (Math.max(this.active, 0) + n - 1) % n;
      this._markActive();
    } else if (key === "Enter" && !this.list.hidden && this.active >= 0) {
      this._pick(this.found[this.active]);
    } else if (key === "Escape" && !this.list.hidden) {
      this._leave();
      event.stopPropagation();
    } else {
      return;
    }
    event.preventDefault();
  }

  _pick(index) {
    this.set(this.keepsTitle ? index : -1);
    this.onPick(index);
  }

  _leave() {
    if (this.keepsTitle) this.set(this.picked);
    else this._close();
  }

  _close() {
    this.list.hidden = true;
    this.found = [];
    this.active = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}

function noteOption(text) {
  return makeElement("li", {
    role: "option",
    className: "note",
    textContent: text,
    "aria-disabled": "true",
    "aria-selected": "false",
  });
}

// Without accents and capitals, for a search.
function folded(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
