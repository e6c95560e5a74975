import { unpackArrays } from "./arrays.js";
import { readAbc } from "./abc_reader.js";
import { Between } from "./between.js";
import { Composer, comparedWith, titleOf } from "./composing.js";
import { connectTabs, isWriting, makeElement, partsOf } from "./elements.js";
import { Journey } from "./journey.js";
import { fieldsOfState, stateOfFields } from "./links.js";
import { MapPanel } from "./map_panel.js";
import { MelodyView } from "./melody_view.js";
import { Model } from "./model.js";
import { Notebook, showHistory } from "./notebook.js";
import { Sequencer } from "./sequencer.js";
import { Sliders } from "./sliders.js";
import { Space } from "./space.js";
import { Favourites, History, readLink, writeLink } from "./state.js";
import { TakeAlong } from "./take_along.js";
import { Transport } from "./transport.js";

const N_WALK = 9; // melodies of a walk from A to B
const LINK_PAUSE = 300; // milliseconds from a change to the address that keeps it

// The explorer of a latent space. `data` as of `page._explore.explorer_data`. On a page
// of its own it has the keys, and the address keeps its state; in a notebook it has the
// keys that are pressed in it. An event "change" tells that a new state is shown.
export class Explorer extends EventTarget {
  static async open(root, data, modelText, tunesText, options) {
    const model = await Model.load(data.model, modelText);
    const arrays = await unpackArrays(data.manifest, tunesText);
    return new Explorer(root, data, model, arrays, options);
  }

  constructor(root, data, model, arrays, { hasPage = true } = {}) {
    super();
    this.root = root;
    this.data = data;
    this.hasPage = hasPage;
    this.hasAddress = hasPage && location.protocol !== "about:"; // to which a link leads
    this.parts = partsOf(root);
    this.space = new Space(model, arrays, data.titles, data.notation);
    this.composer = new Composer(model, this.space, data.notation);
    this.sequencer = new Sequencer();
    this.sequencer.notation = data.notation;
    this.compared = null; // the nearest tune, while it is heard in place of the melody
    this.history = new History(() => this._showHistory());
    this.favourites = new Favourites(data.title, model.decoder, () => this._favouritesChanged());
    this._makePanels(model, arrays);
    if (!this.composer.hasProbabilities) {
      // Nothing can be kept, and no form, without probabilities to choose from.
      for (const name of ["locks", "locks-label", "form-label"]) this.parts[name].hidden = true;
    }
    this.parts["copy-link"].hidden = !this.hasAddress;
    this._listen();
    this._follow();
    if (!this.hasAddress || !this.restore(location.hash)) this.showTune(0);
  }

  // The melody that is shown, and that sounds from the next measure on.
  get melody() {
    return this.compared?.tune ?? this.present.melody;
  }

  // That melody with its title: what is kept and saved.
  get shown() {
    return { title: this.compared ? this._nearestTitle : this.title, melody: this.melody };
  }

  // How melodies are written, at the tempo that is set.
  get notation() {
    return { ...this.data.notation, tempo: this.sequencer.tempo };
  }

  // The title of the present state.
  get title() {
    return titleOf(this.present, this.data.notation);
  }

  showTune(index, { plays = false } = {}) {
    this._stopJourneys();
    this.setPresent(this.composer.ofTune(index, this.present?.kept ?? null), { plays });
  }

  // Take a new state: it is shown at once. The last one of a movement is kept in the
  // history and in the address.
  setPresent(state, { isLast = true, plays = false } = {}) {
    this.present = state;
    this.compared = null;
    this.sequencer.melody = state.melody;
    if (plays && !this.sequencer.isPlaying) this.transport.play();
    this._show();
    if (!isLast) return;
    this.history.add(state);
    this._keepLink();
    this._say(this.title);
  }

  // Remember the present state, if it is one in the middle of a movement.
  keepState() {
    if (this.history.states[this.history.now] === this.present) return;
    this.history.add(this.present);
    this._keepLink();
  }

  // Show a state of the history again.
  goTo(index) {
    this._stopJourneys();
    const state = this.history.go(index);
    if (!state) return;
    this.present = state;
    this.compared = null;
    this.sequencer.melody = state.melody;
    this._show();
    this._keepLink();
    this._say(this.title);
  }

  // Take the state of a link; return whether it has one.
  restore(hash) {
    const fields = readLink(hash);
    this.transport.restore(fields);
    if (fields.form) this.composer.keepsForm = this.parts.form.checked = fields.form !== "free";
    if (fields.favourites) this.favourites.addText(fields.favourites);
    const state = stateOfFields(fields, this.composer);
    if (state) this.setPresent(state);
    return state !== null;
  }

  // The part of the address after "#" that restores all this, or another state with it.
  get link() {
    return this.linkTo(this.present);
  }

  linkTo(state) {
    const form = this.composer.keepsForm ? "" : "free";
    const favourites = this.favourites.toText();
    const fields = { ...fieldsOfState(state), ...this.transport.settings() };
    return writeLink({ ...fields, form, favourites });
  }

  // Hear the nearest tune in place of the melody, and back.
  compare() {
    if (!this.nearest) return;
    this.compared = this.compared ? null : this.nearest;
    this.sequencer.replace(this.melody, { now: true });
    if (!this.sequencer.isPlaying) this.transport.play();
    this._showMelody();
    this._say(this.compared ? `Nearest tune: ${this._nearestTitle}` : this.title);
  }

  keep() {
    const { title, melody } = this.shown;
    const says = {
      added: `${title} is among the favourites`,
      there: "It is there already",
      full: "The favourites are full: remove one of them first",
    };
    this._say(says[this.favourites.add(title, melody)]);
  }

  get _shownState() {
    return this.compared ? this.composer.ofTune(this.nearest.index) : this.present;
  }

  get _nearestTitle() {
    return this.data.titles[this.nearest.index];
  }

  _makePanels(model, arrays) {
    const { parts, data, space, sequencer, composer } = this;
    const { notation, glyphs, pitchRange: range } = data;
    const kept = () => this.present.kept;
    const shown = () => this.shown;
    const changed = () => this._keepLink();
    this.transport = new Transport(parts, sequencer, notation, model.nSteps, changed);
    this.view = new MelodyView(parts, { notation, glyphs, range }, {
      onLock: (measure) => this.setPresent(composer.withLock(this.present, measure)),
      onStep: (step) => this.transport.play(step),
    });
    this.mapPanel = new MapPanel(parts, space, data, arrays, sequencer, {
      onTune: (index) => this.showTune(index, { plays: true }),
      onPoint: (point, isLast) => {
        this.setPresent(composer.ofPoint(point, kept()), { isLast, plays: true });
      },
      onTrailEnd: () => this.keepState(),
      present: () => this.present.place,
    });
    this.between = new Between(parts, space, {
      onMove: (weights, isLast) => {
        this.setPresent(composer.ofWeights(weights, kept()), { isLast });
        return this.present;
      },
      nearest: () => (this.present.tune >= 0 ? this.present.tune : this.nearest.index),
    });
    this.sliders = new Sliders(parts, data.sliders, arrays, model.h, {
      onMove: (z, isLast, name) =>
        this.setPresent(composer.ofLatent(z, this.present, name), { isLast }),
    });
    this.walk = new Journey(sequencer);
    this.notebook = new Notebook(parts, this.favourites, {
      title: data.title,
      glyphs,
      shown,
      notation: () => this.notation,
      onPlay: ({ title, melody }) => this._showOwn(melody, title, true),
      onChange: () => this._keepLink(),
    });
    const sound = () => ({ timbre: sequencer.timbre, volume: sequencer.volume });
    const link = () => `${location.href.split("#")[0]}#${this.linkTo(this._shownState)}`;
    this.takeAlong = new TakeAlong(parts, { shown, notation: () => this.notation, sound, link });
  }

  _listen() {
    const { parts } = this;
    const clicks = {
      undo: () => this._undo(),
      redo: () => this.goTo(this.history.now + 1),
      keep: () => this.keep(),
      compare: () => this.compare(),
      walk: () => this._toggleWalk(),
      "reset-all": () => this.present.base && this.setPresent(this._baseState()),
      "own-take": () => this._takeOwn(),
      "own-present": () => (parts["own-text"].value = this.takeAlong.abc),
    };
    for (const [name, act] of Object.entries(clicks)) parts[name].addEventListener("click", act);
    parts.form.addEventListener("change", () => {
      this.composer.keepsForm = parts.form.checked;
      this.setPresent(this.composer.again(this.present));
    });
    connectTabs(parts.tabs, (tab) => {
      parts.moving.dataset.tab = tab.id;
      this.mapPanel.map.resize();
      if (tab.id === "tab-between") this.between.enter(this.present);
      this._showScene();
    });
    const keyed = this.hasPage ? window : this.root;
    keyed.addEventListener("keydown", (event) => this._key(event));
    window.addEventListener("hashchange", () => {
      const isNew = this.hasAddress && location.hash.slice(1) !== this.written;
      if (isNew) this.restore(location.hash);
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.mapPanel.readTheme();
    });
  }

  _undo() {
    this._stopJourneys();
    this.goTo(this.history.now - 1);
  }

  // What a user chooses ends a trail or a walk.
  _stopJourneys() {
    this.mapPanel?.journey.stop();
    this.walk?.stop();
  }

  // The state that the sliders began from, with the measures that are kept now.
  _baseState() {
    const { base, kept } = this.present;
    return kept ? this.composer.ofLatent(base.z, this.present, "nothing") : base;
  }

  _key(event) {
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !isWriting(event)) {
      if (key === "z" && !event.shiftKey) this._undo();
      else if (key === "z" || key === "y") this.goTo(this.history.now + 1);
      else return;
      event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event)) return;
    const isButton = event.composedPath()[0].matches?.("button, summary, input, a, [role=tab]");
    const acts = {
      " ": () => !isButton && (this.transport.toggle(), true),
      escape: () => (this.sequencer.stop(), true),
      b: () => (this.compare(), true),
      k: () => (this.keep(), true),
      "/": () => (this._search(), true),
    };
    if (acts[key]?.()) event.preventDefault();
  }

  _search() {
    this.parts.tabs.querySelector("#tab-map").click();
    this.mapPanel.picker.input.focus();
  }

  // ------------------------------------------------------------------ what is shown

  _show() {
    const { present, space } = this;
    this.nearest = comparedWith(present.melody, space, present.tune);
    this.sliders.show(present.z, (present.base ?? present).z);
    this.parts["reset-all"].disabled = !present.base;
    this._showMelody();
    this._showScene();
    this.dispatchEvent(new Event("change"));
  }

  _showMelody() {
    const { parts, present, nearest, compared } = this;
    const { title } = this.shown;
    parts["now-title"].textContent = parts["bar-title"].textContent = title;
    parts["now-label"].textContent = compared ? "Nearest tune" : "Now";
    parts.compare.setAttribute("aria-pressed", Boolean(compared));
    parts.compare.disabled = !nearest;
    parts["nearest-title"].textContent = nearest ? this._nearestTitle : "none";
    parts["nearest-words"].textContent = nearest
      ? `has ${nearest.nCommon} of ${nearest.nNotes} notes in common`
      : "";
    const marks = nearest ? { color: nearest.isSame } : {};
    const locked = present.kept?.measures ?? [];
    this.view.show(this.melody, { marks, locked, title });
  }

  _showScene() {
    const { present } = this;
    const isOwn = !present.isDecoded && present.tune < 0;
    const own = isOwn ? [{ point: present.place, title: present.title }] : [];
    const isBetween = this.parts.moving.dataset.tab === "tab-between";
    const corners = isBetween ? this.between.corners : [];
    const { near, place } = present;
    const free = near.length ? place : null;
    this.mapPanel.map.show({ present: place, free, near, own, corners, tune: present.tune });
  }

  _showHistory() {
    const { parts, history } = this;
    parts.undo.disabled = !history.canUndo;
    parts.redo.disabled = !history.canRedo;
    const nameOf = (state) => titleOf(state, this.data.notation);
    showHistory(parts.history, history, nameOf, (index) => this.goTo(index));
  }

  _favouritesChanged() {
    this.notebook?.show();
    if (this.present) this._keepLink();
  }

  _say(text) {
    this.parts.live.textContent = this.sequencer.isPlaying ? `Sounds: ${text}` : text;
  }

  // Keep all in the address, a little later: browsers allow few changes a second.
  _keepLink() {
    if (!this.hasAddress) return;
    clearTimeout(this.linkTimer);
    this.linkTimer = setTimeout(() => {
      this.written = this.link;
      try {
        history.replaceState(null, "", `#${this.written}`);
      } catch {
        location.hash = this.written; // where a file has no history
      }
    }, LINK_PAUSE);
  }

  // Move the cursor while the melody plays.
  _follow() {
    const { sequencer, view } = this;
    const frame = () => {
      if (!sequencer.isPlaying) return view.moveCursor(null);
      view.moveCursor(sequencer.position);
      requestAnimationFrame(frame);
    };
    sequencer.addEventListener("measure", () => {
      if (!this.isFollowing) requestAnimationFrame(frame);
      this.isFollowing = true;
    });
    sequencer.addEventListener("stop", () => (this.isFollowing = false));
  }

  // ------------------------------------------------------------------ own tunes, walks

  _takeOwn() {
    const { notation, pitchRange, reading } = this.data;
    const said = this.parts["own-said"];
    try {
      const { ends } = reading;
      const options = { notation, pitchRange, nSteps: this.space.nSteps, ends, reading };
      const read = readAbc(this.parts["own-text"].value, options);
      this._showOwn(read.melody, read.title || "My tune", true);
      const lines = [`${this.present.title} is on the map.`, ...read.said];
      said.replaceChildren(...lines.map((line) => makeElement("p", {}, line)));
    } catch (error) {
      said.replaceChildren(makeElement("p", { className: "wrong" }, error.message));
    }
  }

  _showOwn(melody, title, plays) {
    this._stopJourneys();
    this.setPresent(this.composer.ofOwn(Array.from(melody), title), { plays });
    this.mapPanel.map.reveal(this.present.place);
  }

  _toggleWalk() {
    const { between, walk, parts, composer } = this;
    if (walk.isOn) return walk.stop();
    const n = between.n === 2 ? N_WALK : 4 * (N_WALK - 1) + 1;
    const stages = between.way(n).map((place) => (isLast) => {
      between.moveTo(place, isLast);
      if (!this.sequencer.isPlaying) this.transport.play();
    });
    walk.start(stages, Number(parts["walk-measures"].value), () => {
      parts.walk.classList.remove("playing");
      parts.walk.textContent = between.walkName;
      this.keepState();
    });
    parts.walk.classList.add("playing");
    parts.walk.textContent = "Stop the walk";
  }
}
