// One melody of a page: its notes, its score, its nearest tune and its loop.
import { HOLD, REST } from "./tokens.js";

const SHARP = ["C", "C sharp", "D", "D sharp", "E", "F", "F sharp", "G", "G sharp", "A", "A sharp", "B"];
const FLAT = ["C", "D flat", "D", "E flat", "E", "F", "G flat", "G", "A flat", "A", "B flat", "B"];
const REACH = 36; // pixels from a click to the sign that it means

export class Tune {
  loop = null; // first and last measure, counted from 0
  anchor = null; // measure at which the loop was begun by a click
  place = null; // step that sounds or sounded last
  #marked = []; // notes whose signs are marked as sounding
  #chosen = 0; // index of the note that the keys are at

  // `section` is the element of the melody, as `display.Melodies` makes it.
  constructor(section) {
    const { dataset } = section;
    this.section = section;
    this.all = JSON.parse(dataset.notes);
    this.notes = byVoice(this.all).find((notes) => notes.length) ?? []; // that keys choose from
    this.length = Number(dataset.steps);
    this.start = Number(dataset.start);
    this.melody = melodyOf(this.all, this.length);
    this.notation = {
      stepsPerQuarter: Number(dataset.stepsPerQuarter),
      stepsPerMeasure: Number(dataset.stepsPerMeasure),
      stepsPerBeat: Number(dataset.stepsPerBeat),
      pickup: false, // `start` says where it begins
    };
    this.nearest = dataset.nearest ? nearestOf(JSON.parse(dataset.nearest)) : null;
    for (const score of this.scores) this.#makeSlider(score);
  }

  get scores() {
    return this.section.querySelectorAll("div.score"); // for wide and narrow screens
  }

  button(name) {
    return this.section.querySelector(`button.${name}`);
  }

  // Measure of a step, counted from 0.
  measureOf(step) {
    return Math.floor(step / this.notation.stepsPerMeasure);
  }

  // Number of a measure as in the score, where 1 follows the pick-up.
  numberOf(measure) {
    return measure + (this.start > 0 ? 0 : 1);
  }

  get firstMeasure() {
    return this.measureOf(this.start);
  }

  get lastMeasure() {
    return this.measureOf(this.length - 1);
  }

  // The loop as steps, for the sequencer.
  get loopSteps() {
    if (!this.loop) return null;
    const { stepsPerMeasure } = this.notation;
    const [first, last] = this.loop;
    const end = Math.min((last + 1) * stepsPerMeasure, this.length);
    return [Math.max(first * stepsPerMeasure, this.start), end];
  }

  // Set the loop to two measures in any order and what is between them, or to null.
  setLoop(measures) {
    const within = (measure) =>
      Math.max(this.firstMeasure, Math.min(this.lastMeasure, measure));
    this.loop = measures && measures.map(within).sort((a, b) => a - b);
    const [from, to] = this.loopSteps ?? [0, Infinity];
    for (const sign of this.section.querySelectorAll("[data-step]")) {
      const isInside = stepsOf(sign).some((step) => step >= from && step < to);
      sign.classList.toggle("outside", !isInside);
    }
  }

  // Mark what sounds at a step; null for nothing. A note may be written as several tied
  // signs, and a sign may be played several times.
  mark(step) {
    if (step !== null) this.place = step;
    const notes = step === null ? [] : this.#notesAt(step);
    const isSame = notes.length === this.#marked.length;
    if (isSame && notes.every((note, i) => note === this.#marked[i])) return;
    this.#marked = notes;
    this.#toggle("sounding", notes);
  }

  // Step of the sign that a click means, or null.
  stepOfClick(event) {
    const sign = event.target.closest("[data-step]") ?? nearestSign(event);
    return sign && stepsOf(sign)[0];
  }

  get chosenStep() {
    return this.notes[this.#chosen]?.[0] ?? this.start;
  }

  // Choose the note at a step, or the nearest one before it.
  choose(step) {
    const index = this.notes.findLastIndex(([onset]) => onset <= step);
    this.#chosen = Math.max(0, index);
    const note = this.notes[this.#chosen];
    if (!note) return;
    this.#toggle("chosen", [note]);
    for (const score of this.scores) {
      score.setAttribute("aria-valuenow", this.#chosen + 1);
      score.setAttribute("aria-valuetext", this.#described(note));
    }
  }

  // Choose by a key; returns whether the key is one of those.
  chooseByKey(key) {
    const { stepsPerMeasure } = this.notation;
    const at = this.chosenStep;
    const neighbor = (offset) => this.notes[this.#chosen + offset]?.[0] ?? at;
    const steps = {
      ArrowRight: () => neighbor(1),
      ArrowLeft: () => neighbor(-1),
      ArrowDown: () => neighbor(1),
      ArrowUp: () => neighbor(-1),
      PageDown: () => (this.measureOf(at) + 1) * stepsPerMeasure,
      PageUp: () => (this.measureOf(at) - 1) * stepsPerMeasure,
      Home: () => 0,
      End: () => this.length,
    };
    if (!Object.hasOwn(steps, key)) return false;
    this.choose(steps[key]());
    return true;
  }

  #notesAt(step) {
    return this.all.filter(([onset, duration]) => onset <= step && step < onset + duration);
  }

  #toggle(name, notes) {
    for (const sign of this.section.querySelectorAll("[data-step]")) {
      const voice = Number(sign.dataset.voice ?? 0);
      const isOf = ([onset, duration, , of = 0]) =>
        of === voice && stepsOf(sign).some((step) => step >= onset && step < onset + duration);
      sign.classList.toggle(name, notes.some(isOf));
    }
  }

  // The score becomes a slider over the notes, for keys and for screen readers.
  #makeSlider(score) {
    score.tabIndex = 0;
    score.setAttribute("role", "slider");
    score.setAttribute("aria-valuemin", 1);
    score.setAttribute("aria-valuemax", Math.max(1, this.notes.length));
    score.setAttribute("aria-valuenow", 1);
    const [note] = this.notes;
    score.setAttribute("aria-valuetext", note ? this.#described(note) : "no notes");
  }

  #described([onset, , pitch]) {
    const names = this.section.dataset.flats ? FLAT : SHARP;
    const octave = Math.floor(pitch / 12) - 1;
    const number = this.numberOf(this.measureOf(onset));
    const place = number === 0 ? "pick-up" : `measure ${number}`;
    return `${names[pitch % 12]} ${octave}, ${place}`;
  }
}

function nearestOf({ title, steps, notes }) {
  return { title, melody: melodyOf(notes, steps) };
}

// Notes of each voice: a fourth number is that of the voice, 0 where there is none.
function byVoice(notes) {
  const voices = [[]];
  for (const note of notes) (voices[note[3] ?? 0] ??= []).push(note);
  return Array.from(voices, (voice) => voice ?? []);
}

// Tokens of notes as [onset, duration, pitch], of several voices an array for each.
function melodyOf(notes, length) {
  const voices = byVoice(notes).map((voice) => tokensOf(voice, length));
  return voices.length > 1 ? voices : voices[0];
}

function tokensOf(notes, length) {
  const tokens = Array(length).fill(REST);
  for (const [onset, duration, pitch] of notes) {
    tokens.fill(HOLD, onset, onset + duration);
    tokens[onset] = pitch;
  }
  return tokens;
}

function stepsOf(sign) {
  return sign.dataset.step.split(" ").map(Number);
}

// Sign whose middle is nearest to a click, if it is within reach.
function nearestSign(event) {
  let [found, least] = [null, REACH];
  for (const sign of event.currentTarget.querySelectorAll("[data-step]")) {
    const { left, right, top, bottom } = sign.getBoundingClientRect();
    const x = event.clientX - Math.max(left, Math.min(right, event.clientX));
    const y = event.clientY - Math.max(top, Math.min(bottom, event.clientY));
    const distance = Math.hypot(x, y);
    if (distance < least) [found, least] = [sign, distance];
  }
  return found;
}
