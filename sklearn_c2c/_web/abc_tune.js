// Read one ABC tune into the notes and measures of its voices (`io/_abc.py`).
import {
  defaultUnit,
  readDirective,
  readKey,
  readMetre,
  readPitchOptions,
  readTempo,
  readUnit,
  shown,
  transposedKey,
} from "./abc_fields.js";
import {
  checkNoTextBlock,
  linesOfMusic,
  plainTitle,
  withPlainSigns,
  withoutComment,
} from "./abc_text.js";
import { tokensOfLine } from "./abc_tokens.js";
import { AbcVoice, FIRST_SETTINGS, MAX_PASSES, changedSettings } from "./abc_voice.js";

const MAX_CHARACTERS = 65536;
const MAX_MEASURES_OF_REST = 1024; // of a tune: "Z999" is four characters
const MAX_PLAYED = 2 ** 17; // measures, if every repeat is played
// A note before a repeat sign begins no field: "e:|".
const FIELD_LINE = /^(?![A-Ga-gxz]:[|:])([A-Za-z+]):(.*)$/;
const DIRECTIVE_NAME = "(?:propagate-accidentals|MIDI[ \\t=]{1,9}r?transpose)\\b";
const DIRECTIVE = new RegExp(`^${DIRECTIVE_NAME}`, "i");
const DIRECTIVE_LINE = new RegExp(`^(?:%%|I:)[ \\t]{0,9}(${DIRECTIVE_NAME}.*)$`, "i");
// Fields before the first tune that hold for all of them.
const FIELD_OF_BOOK = new RegExp(`^(?:[LMRm]:|(?:%%|I:)[ \\t]{0,9}${DIRECTIVE_NAME})`);
const BEGIN_OF_TUNE = /^(?:X:|[ \t]+X: *\d)/;
const MOVES_OF_KEY = ["transpose", "MIDI transpose"]; // they add up

// Read the first tune of a text.
//
// Returns {title, key, tempo, voices, nTunes, addedKey}: the key that sounds, or null if
// it names none; quarter notes a minute or null; voices {id, notes, measures} as of
// `AbcMeasures.inTicks`; `addedKey` says that no K: field stood there and `defaultKey`
// was taken.
export function readAbcTune(text, defaultKey) {
  if (text.length > MAX_CHARACTERS) {
    throw new Error(
      `The text is ${text.length} characters long, more than the ${MAX_CHARACTERS} that ` +
        `are read; paste one tune.`,
    );
  }
  const { lines, nTunes } = firstTune(linesOfMusic(text));
  const addedKey = fieldOf(lines, "K") === null;
  const reader = new AbcTuneReader();
  reader.read(addedKey ? withKey(lines, defaultKey ?? "none") : lines);
  const voices = [...reader.voices]
    .filter(([, voice]) => voice.measures.rows.length)
    .map(([id, voice]) => ({ id, ...voice.measures.inTicks() }));
  for (const { measures } of voices) checkPasses(measures);
  return {
    title: plainTitle(fieldOf(lines, "T") ?? ""),
    key: reader.soundingKey(),
    tempo: reader.tempo,
    voices,
    nTunes,
    addedKey,
  };
}

// Lines of the first tune, with the fields of the book before it that hold for it.
function firstTune(lines) {
  const begins = [];
  lines.forEach(({ text }, i) => BEGIN_OF_TUNE.test(text) && begins.push(i));
  const head = lines.slice(0, begins[0] ?? lines.length);
  if (!begins.length) return { lines: head, nTunes: 1 };
  if (fieldOf(head, "K") !== null) return { lines: head, nTunes: 1 + begins.length };
  const shared = new Map();
  for (const line of head) {
    const field = FIELD_OF_BOOK.exec(line.text);
    if (field) shared.set(field[0], line);
  }
  const [first, ...rest] = lines.slice(begins[0], begins[1]);
  return { lines: [first, ...shared.values(), ...rest], nTunes: begins.length };
}

// Value of the first line of a field, or null.
function fieldOf(lines, letter) {
  const pattern = new RegExp(`^[ \\t]*${letter}:((?:\\\\%|[^%])*)`);
  for (const { text } of lines) {
    const match = pattern.exec(text);
    if (match) return match[1].replaceAll("\\%", "%").trim();
  }
  return null;
}

// Lines with a K: field before the first one that has music.
function withKey(lines, key) {
  const isMusic = ({ text }) => {
    const line = withPlainSigns(text);
    return withoutComment(line) !== "" && !FIELD_LINE.test(line);
  };
  const found = lines.findIndex(isMusic);
  const place = found < 0 ? lines.length : found;
  const field = { number: lines[place]?.number ?? lines.length, text: `K:${key}` };
  return [...lines.slice(0, place), field, ...lines.slice(place)];
}

function checkPasses(measures) {
  let passes = 1;
  for (const { closes, endings } of measures) {
    passes = Math.max(passes, closes, 32 - Math.clz32(endings));
  }
  if (measures.length * passes > MAX_PLAYED) {
    throw new Error(
      `The tune has ${measures.length} measures and repeats of ${passes} passes (at ` +
        `most ${MAX_PASSES}), together more than the ${MAX_PLAYED} that are read.`,
    );
  }
}

// Reads the lines of one tune into voices. Fields before K:, and those after it up to
// the first note or voice, hold for all voices, others for the voice they are in.
class AbcTuneReader {
  constructor() {
    this.settings = FIRST_SETTINGS;
    this.key = null;
    this.tempo = null;
    this.changes = new Map(); // settings in V: fields before K:, by voice
    this.voices = new Map();
    this.voice = null;
    this.nMeasuresOfRest = 0;
  }

  read(lines) {
    for (const { number, text } of lines) {
      if (this.voice && !text.trim()) break; // a blank line ends a tune
      try {
        this.readLine(text);
      } catch (error) {
        throw new Error(`Line ${number}: ${error.message}`);
      }
    }
    for (const { measures } of this.voices.values()) measures.close();
  }

  readLine(raw) {
    checkNoTextBlock(raw);
    const line = withPlainSigns(raw);
    const directive = DIRECTIVE_LINE.exec(line);
    const field = FIELD_LINE.exec(line);
    if (directive) this.directive(directive[1].split("%")[0]);
    else if (field) this.field(field[1], field[2].replace(/(?<!\\)%.*/, ""));
    else if (this.voice) this.music(withoutComment(line));
  }

  soundingKey() {
    const moves = new Set();
    for (const { measures, settings } of this.voices.values()) {
      const shifts = MOVES_OF_KEY.map((name) => settings.shifts[name] ?? 0);
      if (measures.notes.length) moves.add(shifts[0] + shifts[1]);
    }
    if (moves.size > 1) return null;
    return transposedKey(this.key, [...moves][0] ?? 0);
  }

  field(letter, text) {
    const value = text.split(/\s+/).filter(Boolean).join(" ");
    if (letter === "K") this.readKey(value);
    else if (letter === "M") this.set({ metre: readMetre(value) });
    else if (letter === "L") this.set({ unit: readUnit(value) });
    else if (letter === "V") this.readVoice(value);
    else if (letter === "Q") this.tempo ??= readTempo(value, this.settings.unit);
    else if (letter === "I" && DIRECTIVE.test(value)) this.directive(value);
    else if (letter === "m") {
      throw new Error(`m:${shown(value)} is a macro, which is not read`);
    }
  }

  // In a header a transposition is that of the voice named last.
  directive(text) {
    const changes = readDirective(text);
    const named = [...this.changes.values()].at(-1);
    if (changes.shifts && !this.voice && named) named.push(changes);
    else this.set(changes);
  }

  set(changes) {
    if (this.holdsForAll()) this.settings = changedSettings(this.settings, changes);
    if (this.voice) {
      this.voice.settings = changedSettings(this.voice.settings, changes);
    }
  }

  holdsForAll() {
    if (!this.voice) return true;
    const isUnnamed = this.voices.size === 1 && this.voices.has("");
    return isUnnamed && this.voice.measures.isEmpty();
  }

  readKey(value) {
    const { alterations, key } = readKey(value);
    if (alterations) {
      if (this.holdsForAll()) this.key = key;
      this.set({ key: alterations });
    }
    this.set(readPitchOptions("K", value));
    if (!this.voice) this.switchVoice("");
  }

  readVoice(value) {
    const id = value.split(" ")[0];
    const changes = readPitchOptions("V", value.slice(id.length));
    if (this.voice) {
      if (id === "1" && this.hasBegunWithoutName()) {
        this.voices = new Map([["1", this.voice]]);
      }
      this.switchVoice(id);
      this.voice.settings = changedSettings(this.voice.settings, changes);
      return;
    }
    // A directive after this field applies to the last voice in `changes`.
    const before = this.changes.get(id) ?? [];
    this.changes.delete(id);
    this.changes.set(id, [...before, changes]);
  }

  // Whether there is music before the first V:, which is that of voice 1.
  hasBegunWithoutName() {
    const isFirst = this.voices.size === 1 && this.voices.has("");
    return isFirst && !this.voice.measures.isEmpty() && !this.changes.has("1");
  }

  switchVoice(id) {
    if (!this.voices.has(id)) {
      const changes = this.changes.get(id) ?? [];
      const settings = changes.reduce(changedSettings, this.settings);
      const unit = settings.unit ?? defaultUnit(settings.metre);
      this.voices.set(id, new AbcVoice({ ...settings, unit }));
    }
    this.voice = this.voices.get(id);
  }

  music(line) {
    for (const token of tokensOfLine(line)) {
      if (token.kind === "field") {
        this.field(...token.groups);
        continue;
      }
      if (token.kind === "measuresOfRest") {
        this.nMeasuresOfRest += Number(token.groups[0] || 1);
        if (this.nMeasuresOfRest > MAX_MEASURES_OF_REST) {
          throw new Error(
            `rests for more than the ${MAX_MEASURES_OF_REST} measures that are read`,
          );
        }
      }
      this.voice.read(token);
    }
    if (line) this.voice.endLine();
  }
}
