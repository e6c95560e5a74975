// Plays a melody, or several voices, by its steps, scheduled a little ahead on the clock of the audio.
import { REST, lengthOf, notesOf, voicesOf } from "./tokens.js";
import { TIMBRES, soundClick, startNote } from "./timbres.js";
import { Timeline } from "./timeline.js";

const HORIZON = 0.1; // seconds ahead of the clock for which steps are scheduled
const INTERVAL = 25; // milliseconds between looks at the clock
const LEAD = 0.06; // seconds from `play` to the first step
const FADE = 0.008; // time constant of the end by `stop`, in seconds
const MOST_RECORDED = 4096;

// Step at which a melody begins: after the rest before the pick-up, if there is one. The
// pick-up lasts whole 64ths, as in the score.
export function startOf(melody, { pickup, stepsPerMeasure, stepsPerQuarter }) {
  const onsets = voicesOf(melody).map((voice) => voice.findIndex((token) => token !== REST));
  const onset = Math.min(...onsets.filter((step) => step >= 0));
  if (!pickup || onset === Infinity) return 0;
  let grid = stepsPerQuarter; // steps of the least number of whole 64ths
  for (let i = 0; i < 4 && grid % 2 === 0; i++) grid /= 2;
  const silent = Math.min(onset, stepsPerMeasure);
  return silent - (silent % grid);
}

// Events: `note` {step, pitch, time, duration} and `measure` {step, time} when they
// sound, `melody` {melody} when a new one takes over, `stop` {isAtEnd}; all in `detail`.
export class Sequencer extends EventTarget {
  loop = null; // [from, to] in steps: `to` is followed by `from`
  metronome = false;
  countIn = false; // a measure of clicks, and what the measure has before the start
  record = []; // notes scheduled: {step, pitch, time, duration}, the newest
  clicks = []; // clicks scheduled: {step, time, isAccented}, the newest

  #melody = [];
  #notes = []; // of each voice and step, the note that sounds: [onset, duration, pitch] or null
  #pending = null; // the melody of the next measure
  #notation = { stepsPerQuarter: 4, stepsPerMeasure: 16, stepsPerBeat: 4, pickup: false };
  #tempo = 120;
  #timbre = "plucked";
  #volume = 0.8;
  #context;
  #master = null; // gain of the volume
  #run = null; // of the melody that plays: see `play`

  // Without a context, one is opened at the first sound: browsers want a click before.
  constructor(context = null) {
    super();
    this.#context = context;
  }

  get context() {
    return (this.#context ??= new AudioContext());
  }

  get isPlaying() {
    return this.#run !== null;
  }

  // The melody that sounds; a new one takes over at the next measure.
  get melody() {
    return this.#melody;
  }

  set melody(melody) {
    this.replace(melody);
  }

  replace(melody, { now = false } = {}) {
    this.#pending = melody;
    if (now || !this.isPlaying) this.#takeOver(this.#run?.timeline.timeOf(this.#run.next));
  }

  get notation() {
    return this.#notation;
  }

  // Sets the tempo too, if the notation has one.
  set notation(notation) {
    this.#notation = notation;
    this.tempo = notation.tempo ?? this.#tempo;
  }

  // Quarter notes a minute.
  get tempo() {
    return this.#tempo;
  }

  set tempo(tempo) {
    if (!(tempo > 0 && tempo < Infinity)) {
      throw new RangeError(`Found a tempo of ${tempo}; expected quarter notes a minute.`);
    }
    this.#tempo = tempo;
    if (!this.isPlaying) return;
    // What is scheduled keeps its time; the step after it takes the new tempo from now on.
    const { last, timeline } = this.#run;
    timeline.setPace(Math.max(last, this.context.currentTime), this.#secondsPerStep());
  }

  get timbre() {
    return this.#timbre;
  }

  set timbre(timbre) {
    if (!TIMBRES.includes(timbre)) {
      throw new RangeError(`Found timbre "${timbre}"; expected one of ${TIMBRES.join(", ")}.`);
    }
    this.#timbre = timbre;
  }

  // From 0 to 1.
  get volume() {
    return this.#volume;
  }

  set volume(volume) {
    this.#volume = Math.min(1, Math.max(0, volume));
    this.#master?.gain.setTargetAtTime(this.#volume, this.context.currentTime, 0.01);
  }

  // Step that sounds now, with its fraction; while it is counted in, the first one.
  get position() {
    const run = this.#run;
    if (!run) return 0;
    const heard = this.context.currentTime - (this.context.outputLatency || 0);
    return heard < run.begin ? run.first : run.timeline.stepAt(heard);
  }

  play(fromStep = this.#round?.[0] ?? startOf(this.#melody, this.#notation)) {
    this.stop();
    const { context } = this;
    context.resume();
    const { stepsPerMeasure } = this.#notation;
    const counted = this.countIn ? stepsPerMeasure + stepInMeasure(fromStep, stepsPerMeasure) : 0;
    const start = context.currentTime + LEAD;
    this.#run = {
      out: this.#openOut(),
      timeline: new Timeline(start, fromStep - counted, this.#secondsPerStep()),
      next: fromStep - counted, // first step that is not scheduled yet
      last: start, // time of the step before it
      first: fromStep,
      begin: Infinity, // time at which the first step sounds
      counted, // steps that are left to count in
      notes: [], // of each voice, what sounds: {note, sound, entry} or null
      end: Infinity, // time at which the melody ends
      heard: [], // events to come: [time, name, detail]
      timer: setInterval(() => this.#look(), INTERVAL),
    };
    this.#look();
  }

  stop() {
    if (this.#run) this.#finish(false);
  }

  // The loop, unless the melody ends before it.
  get #round() {
    return this.loop?.[0] < lengthOf(this.#melody) ? this.loop : null;
  }

  #finish(isAtEnd) {
    const { out, timer } = this.#run;
    const { currentTime } = this.context;
    clearInterval(timer);
    for (const note of this.#run.notes) {
      if (note) this.#endNote(note, Math.max(currentTime, note.entry.time));
    }
    if (!isAtEnd) out.gain.setTargetAtTime(0, currentTime, FADE);
    setTimeout(() => out.disconnect(), isAtEnd ? 1000 : 12000 * FADE);
    this.#run = null;
    if (this.#pending) this.#takeOver();
    this.#emit("stop", { isAtEnd });
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #secondsPerStep() {
    return 60 / this.#tempo / this.#notation.stepsPerQuarter;
  }

  #openOut() {
    const { context } = this;
    if (!this.#master) {
      this.#master = context.createGain();
      this.#master.gain.value = this.#volume;
      this.#master.connect(context.destination);
    }
    const out = context.createGain();
    out.connect(this.#master);
    return out;
  }

  // Schedule all steps up to the horizon, and tell what has begun to sound.
  #look() {
    const run = this.#run;
    const { currentTime } = this.context;
    if (run.timeline.timeOf(run.next) < currentTime) {
      run.timeline.jump(currentTime, run.next); // the page was busy: go on from here
    }
    while (run.end === Infinity && run.timeline.timeOf(run.next) < currentTime + HORIZON) {
      this.#schedule(run.timeline.timeOf(run.next));
    }
    while (this.#run === run && run.heard[0]?.[0] <= currentTime) {
      const [, name, detail] = run.heard.shift();
      this.#emit(name, detail);
    }
    if (this.#run === run && run.end <= currentTime) this.#finish(true);
  }

  // Schedule the next step, at its time.
  #schedule(time) {
    const run = this.#run;
    const { stepsPerMeasure } = this.#notation;
    if (run.counted === 0) {
      if (this.#pending && stepInMeasure(run.next, stepsPerMeasure) === 0) this.#takeOver(time);
      this.#goRound(time);
      if (run.next >= lengthOf(this.#melody)) {
        this.#endNotes(time);
        run.end = time;
        return;
      }
      run.begin = Math.min(run.begin, time);
      this.#sound(run.next, time);
    }
    if (this.metronome || run.counted > 0) this.#click(run.next, time);
    run.counted = Math.max(0, run.counted - 1);
    run.last = time;
    run.next++;
  }

  // At the end of the loop go on at its beginning.
  #goRound(time) {
    if (!this.#round) return;
    const [from, to] = this.#round;
    if (this.#run.next < Math.min(to, lengthOf(this.#melody))) return;
    this.#endNotes(time);
    if (this.#pending) this.#takeOver(time);
    this.#run.timeline.jump(time, from);
    this.#run.next = from;
  }

  // Begin the notes of a step, unless they sound already. What is held there sounds, even
  // if its onset was in another melody or is outside the loop.
  #sound(step, time) {
    const { notes, heard } = this.#run;
    if (stepInMeasure(step, this.#notation.stepsPerMeasure) === 0) {
      heard.push([time, "measure", { step, time }]);
    }
    const nVoices = Math.max(notes.length, this.#notes.length);
    for (let voice = 0; voice < nVoices; voice++) {
      notes[voice] = this.#soundVoice(notes[voice], this.#notes[voice]?.[step], step, time);
    }
  }

  // What sounds of a voice after a step, given what did and the note there.
  #soundVoice(before = null, note = null, step, time) {
    if (note === (before?.note ?? null)) return before;
    const isHeld = note !== null && note[0] < step;
    if (isHeld && before?.entry.pitch === note[2]) return { ...before, note };
    if (before) this.#endNote(before, time);
    return note && this.#beginNote(note, step, time);
  }

  #beginNote(note, step, time) {
    const [onset, steps, pitch] = note;
    const duration = (onset + steps - step) * this.#secondsPerStep();
    const entry = { step, pitch, time, duration };
    const sound = startNote(this.context, this.#run.out, this.#timbre, pitch, time);
    this.#run.heard.push([time, "note", entry]);
    remember(this.record, entry);
    return { note, sound, entry };
  }

  #endNote({ sound, entry }, time) {
    sound.release(time);
    entry.duration = time - entry.time;
  }

  #endNotes(time) {
    for (const note of this.#run.notes) if (note) this.#endNote(note, time);
    this.#run.notes = [];
  }

  // Click at the beats from this step to the next.
  #click(step, time) {
    const { stepsPerMeasure, stepsPerBeat } = this.#notation;
    const place = stepInMeasure(step, stepsPerMeasure);
    const offset = Math.ceil(place / stepsPerBeat) * stepsPerBeat - place;
    if (offset >= 1) return;
    const isAccented = place === 0;
    const at = time + offset * this.#secondsPerStep();
    soundClick(this.context, this.#run.out, at, isAccented);
    remember(this.clicks, { step: step + offset, time: at, isAccented });
  }

  // From a time on, or at once if nothing plays, the pending melody is the one that sounds.
  #takeOver(time) {
    const melody = this.#pending;
    this.#melody = melody;
    this.#pending = null;
    this.#notes = voicesOf(melody).map((voice) => {
      const sounding = Array(lengthOf(melody)).fill(null);
      for (const note of notesOf(voice)) sounding.fill(note, note[0], note[0] + note[1]);
      return sounding;
    });
    if (this.isPlaying) this.#run.heard.push([time, "melody", { melody }]);
    else this.#emit("melody", { melody });
  }
}

function stepInMeasure(step, stepsPerMeasure) {
  return ((step % stepsPerMeasure) + stepsPerMeasure) % stepsPerMeasure;
}

function remember(list, entry) {
  list.push(entry);
  if (list.length > MOST_RECORDED) list.shift();
}
