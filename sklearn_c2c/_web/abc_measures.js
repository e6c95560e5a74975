// The measures of a voice of an ABC tune, as its notes and bar lines come
// (`io/_abc_measures.py`).
import {
  MAX_TICKS,
  TICKS_OF_QUARTER,
  differenceOf,
  fraction,
  scaled,
  sumOf,
  ticksOfMeasure,
  wholeTicks,
} from "./ticks.js";

const MAX_DIVISOR = 2 ** 20; // of a time; real note lengths have far smaller ones

// Collects notes, chords and rests into measures.
//
// A measure is {start, length, metre, opens, closes, endings}: ticks; beats and beat
// type, [0, 0] where none is stated; whether a repeat starts; how often a section that
// ends here is played, or 0; bit k - 1 is set if it is played the k-th time only.
// A note is {onset, duration, pitch, tied}.
export class AbcMeasures {
  constructor(metre) {
    this.notes = [];
    this.rows = [];
    this.events = []; // of the open measure: {pitches, duration, tied}
    this.start = this.end = [0, 1]; // of the open measure; of its last event
    this.metre = metre; // of the open measure
    this.opens = false;
    this.endings = 0;
    this.endsOnSign = false; // the last event is an invisible rest with a sign
  }

  get number() {
    return this.rows.length + 1;
  }

  isEmpty() {
    return !this.events.length && !this.rows.length;
  }

  isFull(end = this.end) {
    const [ticks, part] = differenceOf(end, this.start);
    return this.metre[0] > 0 && part === 1 && ticks === ticksOfMeasure(this.metre);
  }

  // The first event of a measure sets its metre.
  add(pitches, duration, metre) {
    if (!this.events.length) this.metre = metre;
    this.moveEnd(duration);
    this.events.push({ pitches, duration, tied: false });
    this.endsOnSign = false;
  }

  scaleLast(ratio) {
    const event = this.events.at(-1);
    const written = event.duration;
    event.duration = scaled(written, ratio);
    this.moveEnd(differenceOf(event.duration, written));
  }

  moveEnd(duration) {
    this.end = sumOf(this.end, duration);
    if (this.end[0] > MAX_TICKS * this.end[1]) {
      const most = MAX_TICKS / TICKS_OF_QUARTER;
      throw new Error(`the tune lasts more than the ${most} quarter notes that are read`);
    }
    if (this.end[1] > MAX_DIVISOR) fraction(Infinity);
  }

  // Tie the last event, also where a bar line or a line end has come after it. Returns
  // whether there were notes to tie.
  tieLast() {
    if (this.events.length) {
      this.events.at(-1).tied = true;
      return this.events.at(-1).pitches.length > 0;
    }
    let place = this.notes.length;
    while (place > 0) {
      const { onset, duration } = this.notes[place - 1];
      if (differenceOf(sumOf(onset, duration), this.start)[0] !== 0) break;
      place -= 1;
      this.notes[place].tied = true;
    }
    return place < this.notes.length;
  }

  // Remove a final invisible rest, which in "Hx|" carries a fermata over the bar line,
  // if the measure is complete without it, or not full with it.
  dropPlaceOfSign() {
    if (!this.endsOnSign) return;
    const end = differenceOf(this.end, this.events.at(-1).duration);
    const pickUp = this.rows.length ? this.rows[0].length : [0, 1];
    if (this.isFull(sumOf(end, pickUp)) || !this.isFull()) {
      this.events.pop();
      this.end = end;
    }
    this.endsOnSign = false;
  }

  // End the measure; a repeat sign in an empty one belongs to the one before.
  close(closes = 0) {
    if (this.events.length) this.addRow(closes);
    else if (closes && this.rows.length) this.rows.at(-1).closes = closes;
  }

  addRow(closes) {
    let onset = this.start;
    for (const { pitches, duration, tied } of this.events) {
      for (const pitch of pitches) this.notes.push({ onset, duration, pitch, tied });
      onset = sumOf(onset, duration);
    }
    const { start, metre, opens, endings } = this;
    const length = differenceOf(this.end, start);
    this.rows.push({ start, length, metre, opens, closes, endings });
    this.start = this.end;
    this.opens = false;
    this.events = [];
    this.endsOnSign = false;
  }

  // Notes and measures in whole ticks; adjacent ones stay adjacent.
  inTicks() {
    const notes = this.notes.map(({ onset, duration, ...note }) => {
      const [start, end] = [onset, sumOf(onset, duration)].map(wholeTicks);
      return { onset: start, duration: end - start, ...note };
    });
    const measures = this.rows.map(({ start, length, ...row }) => {
      const [first, end] = [start, sumOf(start, length)].map(wholeTicks);
      return { start: first, length: end - first, ...row };
    });
    return { notes, measures };
  }
}
