// The players of a document: one melody of them sounds at a time.
import { Sequencer } from "./sequencer.js";
import { Tune } from "./tune.js";

const TEXT = "select, textarea, input[type=number], [contenteditable]"; // take letters
const PRESSED = "input[type=checkbox], button, summary, a"; // take the space bar
const NOTEBOOK = ".jp-Notebook, #notebook"; // has keys of its own

export class Players {
  sequencer = new Sequencer();
  #current = null; // what plays: {root, tune, queue, isNearest}
  #latest = null; // what plays, played last or has the focus: {root, tune}
  #frame = 0; // request for the next look at the place

  constructor() {
    this.sequencer.addEventListener("stop", (event) => this.#stopped(event.detail));
    document.addEventListener("keydown", (event) => this.#onKey(event));
  }

  // Set up all melodies of an element that `display.Melodies` made.
  connect(root) {
    const tunes = [...root.querySelectorAll(".melody")].map((each) => new Tune(each));
    for (const tune of tunes) this.#connectTune(root, tune);
    const playAll = root.querySelector(".play-all");
    playAll.addEventListener("click", () => {
      if (playAll.classList.contains("playing")) this.sequencer.stop();
      else this.#play(root, tunes[0], { queue: tunes.slice(1) });
    });
    const tempo = root.querySelector(".tempo");
    tempo.addEventListener("input", () => {
      root.querySelector(".tempo-shown").value = `${tempo.dataset.sign} = ${tempo.value}`;
    });
    root.querySelector(".controls").addEventListener("input", () => {
      if (this.#current?.root === root) this.#setUp();
    });
  }

  #connectTune(root, tune) {
    tune.button("play").addEventListener("click", () => {
      if (this.#current?.tune === tune) this.sequencer.stop();
      else this.#play(root, tune);
    });
    tune.button("nearest")?.addEventListener("click", () => this.#compare(root, tune));
    for (const score of tune.scores) {
      score.addEventListener("mousedown", (event) => {
        if (event.shiftKey) event.preventDefault(); // it would select text
      });
      score.addEventListener("click", (event) => {
        const step = tune.stepOfClick(event);
        if (step !== null) this.#point(root, tune, step, event.shiftKey);
      });
      score.addEventListener("keydown", (event) => this.#onScoreKey(event, root, tune));
      score.addEventListener("focus", () => {
        if (!this.#current) this.#latest = { root, tune };
      });
    }
    this.#connectLoop(tune);
  }

  #connectLoop(tune) {
    const fields = tune.section.querySelectorAll(".loop-measures input");
    for (const field of fields) {
      field.min = tune.numberOf(tune.firstMeasure);
      field.max = tune.numberOf(tune.lastMeasure);
      field.addEventListener("change", () => {
        const measures = [...fields].map((each) => Number(each.value) - tune.numberOf(0));
        this.#loop(tune, measures);
      });
    }
    tune.button("loop").addEventListener("click", () => {
      this.#loop(tune, tune.loop ? null : [tune.firstMeasure, tune.lastMeasure]);
    });
  }

  // Play from a step that was pointed at, or loop its measure: a second measure with
  // shift is the other end of the loop.
  #point(root, tune, step, withShift) {
    tune.choose(step);
    if (withShift) {
      const measure = tune.measureOf(step);
      tune.anchor = tune.loop ? (tune.anchor ?? tune.loop[0]) : measure;
      this.#loop(tune, [tune.anchor, measure]);
    } else {
      const [from, to] = tune.loopSteps ?? [0, Infinity];
      if (step < from || step >= to) this.#loop(tune, null);
      const isNearest = this.#current?.tune === tune && this.#current.isNearest;
      this.#play(root, tune, { step, isNearest });
    }
  }

  #loop(tune, measures) {
    tune.setLoop(measures);
    if (!measures) tune.anchor = null;
    const button = tune.button("loop");
    button.setAttribute("aria-pressed", Boolean(measures));
    tune.section.querySelector(".loop-measures").hidden = !measures;
    tune.section.querySelectorAll(".loop-measures input").forEach((field, i) => {
      if (measures) field.value = tune.numberOf(tune.loop[i]);
    });
    if (this.#current?.tune === tune && !this.#current.queue) {
      this.sequencer.loop = tune.loopSteps;
    }
  }

  // `queue` holds the melodies to play next; without one, this melody plays alone.
  #play(root, tune, { step = null, queue = null, isNearest = false, goesOn = false } = {}) {
    this.sequencer.stop();
    this.#current = { root, tune, queue, isNearest };
    this.#latest = { root, tune };
    this.#setUp();
    const { sequencer } = this;
    sequencer.countIn = sequencer.countIn && !goesOn;
    sequencer.loop = queue ? null : tune.loopSteps;
    sequencer.melody = isNearest ? tune.nearest.melody : tune.melody;
    sequencer.play(step ?? sequencer.loop?.[0] ?? tune.start);
    this.#show(true);
    if (queue) tune.section.scrollIntoView({ block: "nearest" });
    this.#follow();
  }

  // Give the sequencer what the controls say.
  #setUp() {
    const { root, tune } = this.#current;
    const { sequencer } = this;
    const control = (name) => root.querySelector(`.controls .${name}`);
    const { stepsPerBeat, stepsPerQuarter } = tune.notation;
    const tempo = (control("tempo").value * stepsPerBeat) / stepsPerQuarter;
    if (sequencer.tempo !== tempo || sequencer.notation !== tune.notation) {
      sequencer.notation = tune.notation;
      sequencer.tempo = tempo;
    }
    sequencer.timbre = control("timbre").value;
    sequencer.volume = (control("volume").value / 100) ** 2; // as loud as it looks
    sequencer.countIn = control("count-in").checked;
    sequencer.metronome = control("metronome").checked;
  }

  // Change between a melody and its nearest tune, at the same place.
  #compare(root, tune) {
    if (this.#current?.tune !== tune) {
      this.#play(root, tune, { isNearest: true });
      return;
    }
    const isNearest = (this.#current.isNearest = !this.#current.isNearest);
    const melody = isNearest ? tune.nearest.melody : tune.melody;
    this.sequencer.replace(melody, { now: true });
    this.#show(true);
  }

  #stopped({ isAtEnd }) {
    const { root, tune, queue } = this.#current;
    this.#show(false);
    cancelAnimationFrame(this.#frame);
    tune.mark(null);
    if (isAtEnd) tune.place = null;
    this.#current = null;
    if (isAtEnd && queue?.length) {
      this.#play(root, queue[0], { queue: queue.slice(1), goesOn: true });
    }
  }

  #show(isPlaying) {
    const { root, tune, queue, isNearest } = this.#current;
    label(tune.button("play"), isPlaying, "Play");
    label(root.querySelector(".play-all"), isPlaying && Boolean(queue), "Play all");
    tune.button("nearest")?.setAttribute("aria-pressed", isPlaying && isNearest);
    tune.section.classList.toggle("comparing", isPlaying && isNearest);
  }

  #follow() {
    const { tune } = this.#current;
    if (!tune.section.isConnected) {
      this.sequencer.stop(); // a notebook has cleared its output
      return;
    }
    tune.mark(this.sequencer.position);
    this.#frame = requestAnimationFrame(() => this.#follow());
  }

  #onScoreKey(event, root, tune) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter") this.#point(root, tune, tune.chosenStep, event.shiftKey);
    else if (!tune.chooseByKey(event.key)) return;
    event.preventDefault();
  }

  #onKey(event) {
    const { target, key } = event;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === "Escape") this.sequencer.stop();
    else if (!this.#latest || event.repeat || !isFree(target)) return;
    else if (key === " " && !target.closest(PRESSED)) this.#pause(event);
    else if (key.toLowerCase() === "b" && this.#latest.tune.nearest) {
      this.#compare(this.#latest.root, this.#latest.tune);
    }
  }

  // Stop, or go on where it stopped.
  #pause(event) {
    event.preventDefault(); // it would scroll the page
    const { root, tune } = this.#latest;
    if (this.#current) this.sequencer.stop();
    else this.#play(root, tune, { step: tune.place && Math.floor(tune.place) });
  }
}

function label(button, isPlaying, name) {
  button.classList.toggle("playing", isPlaying);
  button.textContent = isPlaying ? "Stop" : name;
  if (button.dataset.name) {
    button.setAttribute("aria-label", `${button.textContent} ${button.dataset.name}`);
  }
}

// Whether a key pressed there is nobody else's.
function isFree(target) {
  if (target === document.body) return true;
  if (!target.closest(".c2c") || target.closest(TEXT)) return false;
  return !target.closest(NOTEBOOK) || Boolean(target.closest(".score, .nearest"));
}
