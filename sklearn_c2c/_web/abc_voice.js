// Read the music of one voice of an ABC tune, token by token, into measures
// (`io/_abc_voice.py`).
import { NATURAL_PITCHES, alterationsOf } from "./keys.js";
import { ABC_ALTERATIONS, shown } from "./abc_fields.js";
import { AbcMeasures } from "./abc_measures.js";
import { notesInChord } from "./abc_tokens.js";
import { fraction, scaled, ticksOfMeasure } from "./ticks.js";

export const MAX_PASSES = 30;
const ENDING_RANGE = /^(\d{1,2})(?:-(\d{1,2}))?$/;

// Settings, by fields of the tune, that apply to the note being read.
export const FIRST_SETTINGS = {
  key: alterationsOf(0), // letter: alteration
  metre: [0, 0],
  unit: null, // ticks; by default it follows from the metre
  shifts: {}, // semitones by which "clef", "transpose" and others move a pitch
  propagate: "pitch", // to which notes of its measure an accidental applies
  isPercussion: false,
};

// Copy with some settings changed; shifts that are not named keep their value.
export function changedSettings(settings, { shifts = {}, ...changes }) {
  return { ...settings, ...changes, shifts: { ...settings.shifts, ...shifts } };
}

// Alterations that apply beyond their note: to the bar line, or along a tie.
class AbcAccidentals {
  constructor() {
    this.inMeasure = new Map(); // up to the next bar line
    this.held = new Map(); // by letter and octave, of the notes just tied
  }

  // Pitch of a note, and its name [letter and octave, alteration], by which a tie
  // keeps the alteration.
  pitch([accidental, letter, octave], { propagate, key, shifts }) {
    const upper = letter.toUpperCase();
    const ups = octave.split("'").length - octave.split(",").length;
    const octaves = 5 + Number(letter !== upper) + ups;
    const place = propagate === "pitch" ? upper : `${upper}${octaves}`;
    let alteration = this.inMeasure.get(place) ?? key[upper];
    if (accidental) {
      alteration = ABC_ALTERATIONS[accidental];
      if (propagate !== "not") this.inMeasure.set(place, alteration);
    } else {
      alteration = this.held.get(letter + octave) ?? alteration;
    }
    const moved = Object.values(shifts).reduce((sum, shift) => sum + shift, 0);
    const pitch = 12 * octaves + NATURAL_PITCHES[upper] + alteration + moved;
    if (pitch < 0 || pitch > 127) {
      throw new Error(`"${shown(letter + octave)}" is no MIDI pitch 0-127`);
    }
    return { pitch, name: [letter + octave, alteration] };
  }
}

export class AbcVoice {
  constructor(settings) {
    this.settings = settings;
    this.measures = new AbcMeasures(settings.metre);
    this.accidentals = new AbcAccidentals();
    this.lastNames = []; // of the last notes, whose alterations a tie keeps
    this.tupletLeft = 0;
    this.tupletRatio = [1, 1];
    this.brokenRatio = null; // applies to the note after a > or <
    this.hasSign = false; // a decoration or annotation stands before the next note
  }

  // Read a token. Kinds that do not change a melody are ignored.
  read({ kind, text, groups }) {
    const readers = {
      unknown: () => this.fail(`"${text}" is not understood`),
      annotation: () => (this.hasSign = true),
      decoration: () => (this.hasSign = true),
      bar: () => this.bar(text, groups[0]),
      ending: () => this.ending(groups[0]),
      note: () => this.note(groups),
      chord: () => this.chord(text, groups),
      rest: () => this.rest(text, groups),
      measuresOfRest: () => this.measuresOfRest(Number(groups[0] || 1)),
      tuplet: () => this.tuplet(text, groups),
      broken: () => this.broken(text),
      tie: () => this.tie(),
    };
    readers[kind]?.();
  }

  fail(reason) {
    throw new Error(`in measure ${this.measures.number} ${reason}`);
  }

  // End the measure at the end of a line, where it is full. Only a bar line ends the
  // accidentals.
  endLine() {
    if (this.measures.isFull()) this.measures.close();
  }

  bar(text, ending) {
    const { measures } = this;
    // A dotted bar line within a measure.
    if (text === ".|" && measures.metre[0] && !measures.isFull()) return;
    measures.dropPlaceOfSign();
    const signs = text.replace(/[\s\da-z,.-]|\[$/g, "");
    if (signs === ":") this.fail("a single ':' is no bar line");
    const isDouble = /^:*$/.test(signs); // "::" closes one part and opens the next
    const first = signs.length - signs.replace(/^:+/, "").length;
    const closes = isDouble ? Math.floor(signs.length / 2) : first;
    if (closes >= MAX_PASSES) {
      this.fail(
        `a part is played ${closes + 1} times, more than the ${MAX_PASSES} that are read`,
      );
    }
    measures.close(closes ? closes + 1 : 0);
    if (signs.endsWith(":")) measures.opens = true;
    if (signs !== "|") measures.endings = 0; // an ending lasts up to a double bar
    if (ending) measures.endings = this.endingsOf(ending);
    this.accidentals.inMeasure.clear();
  }

  ending(numbers) {
    this.measures.close();
    this.measures.endings = this.endingsOf(numbers);
  }

  // Bits of the passes in which an ending such as "1", "1,3" or "1-3" is played.
  endingsOf(text) {
    let bits = 0;
    for (const item of trimmed(text, ",.-").split(",")) {
      const match = ENDING_RANGE.exec(trimmed(item, "."));
      const [low, high] = match ? [Number(match[1]), Number(match[2] ?? match[1])] : [];
      if (!match) this.fail(`the ending [${shown(text)} is not understood`);
      if (low > high) continue;
      if (low < 1 || high > MAX_PASSES) {
        this.fail(`the ending [${shown(text)} is not one of 1 to ${MAX_PASSES}`);
      }
      for (let pass = low; pass <= high; pass++) bits |= 1 << (pass - 1);
    }
    if (!bits) this.fail(`the ending [${shown(text)} is not one of 1 to ${MAX_PASSES}`);
    return bits;
  }

  note([accidental, letter, octave, ...length]) {
    const written = [accidental, letter, octave];
    const { pitch, name } = this.accidentals.pitch(written, this.settings);
    this.addEvent([pitch], this.lengthOfNote(this.settings.unit, length));
    this.lastNames = [name];
  }

  // Its length is that of its first note, times that after the bracket.
  chord(text, [inner, ...length]) {
    const found = notesInChord(inner);
    if (!found) this.fail(`the chord "${shown(text)}" is not understood`);
    if (!found.notes.length) this.fail(`the chord "${shown(text)}" has no notes`);
    const sounding = found.notes.map((note) =>
      this.accidentals.pitch(note, this.settings),
    );
    const first = this.lengthOfNote(this.settings.unit, found.notes[0].slice(3));
    const pitches = sounding.map(({ pitch }) => pitch);
    this.addEvent(pitches, this.lengthOfNote(first, length));
    this.lastNames = sounding.map(({ name }) => name);
    if (found.isTied) this.tie();
  }

  // In a full measure an invisible rest only carries a sign: "Hx|".
  rest(text, length) {
    if (text[0] === "x" && this.measures.isFull()) return;
    const isSign = text[0] === "x" && this.hasSign;
    this.addEvent([], this.lengthOfNote(this.settings.unit, length));
    this.measures.endsOnSign = isSign;
  }

  measuresOfRest(count) {
    const { metre } = this.settings;
    if (!metre[0]) this.fail("there are measures of rest (Z), but no metre");
    for (let i = 0; i < count; i++) {
      this.measures.close();
      this.addEvent([], [ticksOfMeasure(metre), 1]);
    }
    this.accidentals.inMeasure.clear();
  }

  addEvent(pitches, duration) {
    if (this.tupletLeft) {
      this.tupletLeft -= 1;
      duration = scaled(duration, this.tupletRatio);
    }
    if (this.brokenRatio) duration = scaled(duration, this.brokenRatio);
    this.brokenRatio = null;
    const { isPercussion, metre } = this.settings;
    this.measures.add(isPercussion ? [] : pitches, duration, metre);
    this.accidentals.held.clear();
    this.hasSign = false;
  }

  tie() {
    const hasNotes = this.measures.tieLast();
    this.accidentals.held = new Map(hasNotes ? this.lastNames : []);
  }

  tuplet(text, [p, q, r]) {
    const beats = this.settings.metre[0];
    const isCompound = beats % 3 === 0 && beats > 3;
    const usual = { 2: 3, 3: 2, 4: 3, 6: 2, 8: 3 }[Number(p)] ?? (isCompound ? 3 : 2);
    if (Number(p) < 2 || Number(q || usual) === 0) {
      this.fail(`the tuplet "${text}" is not understood`);
    }
    this.tupletRatio = [Number(q || usual), Number(p)];
    this.tupletLeft = Number(r || p);
  }

  broken(text) {
    if (!this.measures.events.length) this.fail(`"${text}" has no note before it`);
    if (this.brokenRatio) {
      this.fail(`"${text}" has no note between it and the one before`);
    }
    const parts = 2 ** text.length;
    const [short, long] = [
      [1, parts],
      [2 * parts - 1, parts],
    ];
    const isLongFirst = text[0] === ">";
    this.measures.scaleLast(isLongFirst ? long : short);
    this.brokenRatio = isLongFirst ? short : long;
  }

  // A duration times a written length, such as "3", "/" or "3/2".
  lengthOfNote(duration, [number, slashes, divisor]) {
    if (!number && !slashes && !divisor) return duration;
    const ratio = [Number(number || 1), Number(divisor || 2 ** slashes.length)];
    if (ratio.includes(0) || (divisor && slashes.length !== 1)) {
      this.fail(`a note length ${number}${slashes}${divisor} is not understood`);
    }
    return scaled(duration, fraction(...ratio));
  }
}

function trimmed(text, signs) {
  let [start, end] = [0, text.length];
  while (start < end && signs.includes(text[start])) start++;
  while (end > start && signs.includes(text[end - 1])) end--;
  return text.slice(start, end);
}
