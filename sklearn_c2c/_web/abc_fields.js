// Values of the fields of an ABC tune: metre, unit note length, tempo, key, voice
// (`io/_abc_fields.py`).
import {
  KEY_LETTERS,
  alterationsOf,
  keyOfSignature,
  keysOnTonic,
  parseKey,
  pitchClassOfTonic,
} from "./keys.js";
import { TICKS_OF_QUARTER, TICKS_OF_WHOLE, fraction, sumOf } from "./ticks.js";

export const ABC_ALTERATIONS = { "^^": 2, "^": 1, "=": 0, _: -1, __: -2 };
const ACCIDENTAL_IN_KEY = /(\^\^?|__?|=)([A-Ga-g])[ ,]*/g;
const NO_METRE = /^(?:|none|free|frei ?[\d/]*)$/i;
const METRE = /^\(?\s*(\d{1,3}(?:\s*\+\s*\d{1,3})*)\s*\)?\s*\/\s*(\d{1,3})$/;
const BEAT_TYPES = [1, 2, 4, 8, 16, 32, 64];

// Settings of a voice in K: and V: fields that do not change its key.
const VOICE_OPTION = new RegExp(
  "(?<!\\S)(clef|middle|m|octave|transpose|t|score|sound|shift|instrument|stafflines" +
    "|staffscale|scale|style|name|nm|subname|sname|snm|stems?|gstem|space|dyn|lyrics" +
    "|gchord|merge|bracket|brace|cue|map|strings|capo)\\s?=\\s?(\"[^\"]*\"|\\S*)",
  "gi",
);
const CLEF = new RegExp(
  "^(?:treble|bass|alto|tenor|soprano|mezzo(?:soprano)?|baritone|perc\\w*|auto)" +
    "\\d?(?:[_^+-](?:8|15))?$",
  "i",
);
const CLEF_OCTAVES = { "+8": 12, "-8": -12, "+15": 24, "-15": -24 }; // ^8: as written
const DIRECTIVE_VALUES = {
  "propagate-accidentals": /^(?:not|octave|pitch)$/i,
  "midi transpose": /^[+-]?\d{1,2}$/,
};
const MOVES = ["score", "sound", "shift", "instrument"];

// Beats and beat type of an M: field, [0, 0] if it states none.
export function readMetre(value) {
  const text = value.split("=")[0].trim().replace(" |", "|");
  if (NO_METRE.test(text)) return [0, 0];
  const upper = text.toUpperCase();
  const match = METRE.exec({ C: "4/4", "C|": "2/2" }[upper] ?? upper);
  if (match) {
    const beats = match[1].split("+").reduce((sum, beat) => sum + Number(beat), 0);
    const beatType = Number(match[2]);
    if (beats > 0 && beats < 1000 && BEAT_TYPES.includes(beatType)) {
      return [beats, beatType];
    }
  }
  throw new Error(
    `M:${shown(value)} is no metre; expected beats over a note value, such as M:4/4 ` +
      `or M:6/8, or M:C or M:C|`,
  );
}

// Unit note length where no L: states one, in ticks.
export function defaultUnit([beats, beatType]) {
  return [TICKS_OF_WHOLE / (beats && beats / beatType < 0.75 ? 16 : 8), 1];
}

export function readUnit(value) {
  const text = value.split("=")[0].replaceAll(" ", "");
  const match = /^1(?:\/(\d{1,3}))?$/.exec(text);
  if (!match || Number(match[1] ?? 1) === 0) {
    throw new Error(`L:${shown(value)} is no unit note length, such as L:1/8`);
  }
  return fraction(TICKS_OF_WHOLE, Number(match[1] ?? 1));
}

// Quarter notes a minute, from "1/4=120"; null if there are only words.
export function readTempo(value, unit) {
  const text = value.replace(/"[^"]*"/g, "").trim();
  const match = /^(?:(.*)=)? ?(\d{1,5}(?:\.\d{1,9})?)$/.exec(text);
  if (!match || Number(match[2]) === 0) return null;
  const beats = [...(match[1] ?? "").matchAll(/(\d{1,3})\/(\d{1,3})/g)];
  if (beats.length > 4 || beats.some((beat) => Number(beat[2]) === 0)) return null;
  const beat = beats
    .map((one) => fraction(Number(one[1]) * TICKS_OF_WHOLE, Number(one[2])))
    .reduce(sumOf, [0, 1]);
  const [number, divisor] = beat[0] ? beat : (unit ?? [TICKS_OF_QUARTER, 1]);
  return (Number(match[2]) * number) / (divisor * TICKS_OF_QUARTER);
}

// Alterations by letter, and the key: null for both where a K: field says nothing of
// it, only of the clef or the like; the key alone is null where no tonic is named.
export function readKey(value) {
  const words = wordsOf(value.replace(VOICE_OPTION, "")).filter((w) => !CLEF.test(w));
  // After a tonic "none" is the name of a clef.
  const stated = words.filter((word, i) => i === 0 || word !== "none").join(" ");
  if (value && !stated) return { alterations: null, key: null };
  const found = stated.search(/[_^=]/);
  const split = found < 0 ? stated.length : found;
  const changes = [...stated.slice(split).matchAll(ACCIDENTAL_IN_KEY)];
  if (stated.slice(split).replace(ACCIDENTAL_IN_KEY, "")) parseKey(stated);
  const isExplicit = /\s?exp$/i.test(stated.slice(0, split).trim());
  const tonic = stated.slice(0, split).trim().replace(/\s?exp$/i, "");
  let { alterations, key } = keyOfName(tonic);
  if (isExplicit) alterations = alterationsOf(0);
  for (const [, sign, letter] of changes) {
    alterations[letter.toUpperCase()] = ABC_ALTERATIONS[sign];
  }
  if (key && (changes.length || isExplicit)) key = nearestMode(key, alterations);
  return { alterations, key };
}

function keyOfName(text) {
  // Highland pipes: no signature, or that of D.
  if (text === "HP" || text === "Hp") {
    return { alterations: alterationsOf(text === "HP" ? 0 : 2), key: null };
  }
  if (["", "none"].includes(text.toLowerCase())) {
    return { alterations: alterationsOf(0), key: null };
  }
  const key = parseKey(text);
  return { alterations: alterationsOf(key.signature), key };
}

// Key of the same tonic with the closest signature; of equals the one stated.
function nearestMode(key, alterations) {
  const distance = (one) => {
    const stated = alterationsOf(one.signature);
    return [...KEY_LETTERS].filter((l) => stated[l] !== alterations[l]).length;
  };
  let best = key;
  for (const one of keysOnTonic(key.tonic)) {
    if (distance(one) < distance(best)) best = one;
  }
  return best;
}

// Settings of a voice that a K: or V: field states: `shifts`, semitones by "clef",
// "octave" and "transpose", and `isPercussion`.
export function readPitchOptions(letter, value) {
  const clefs = wordsOf(value.replace(VOICE_OPTION, "")).filter((w) => CLEF.test(w));
  const shifts = {};
  for (const [, written, quoted] of value.matchAll(VOICE_OPTION)) {
    const name = written.toLowerCase();
    const text = quoted.replace(/^"+|"+$/g, "");
    if (name === "clef") clefs.push(text);
    else if (name === "octave") shifts.octave = 12 * shiftOf(letter, name, text);
    else if (["transpose", "t"].includes(name)) {
      shifts.transpose = shiftOf(letter, name, text);
    } else if (MOVES.includes(name)) {
      throw new Error(
        `${letter}:${shown(value)} moves the written pitch by ${name}=, which is not ` +
          `read; expected transpose= with a number of semitones`,
      );
    }
  }
  if (!clefs.length) return { shifts };
  const octave = /[+-](?:8|15)$/.exec(clefs.at(-1));
  shifts.clef = (octave && CLEF_OCTAVES[octave[0]]) || 0;
  return { shifts, isPercussion: clefs.at(-1).toLowerCase().startsWith("perc") };
}

// Setting of a voice that a directive changes, such as "MIDI transpose -2".
export function readDirective(text) {
  const words = wordsOf(text.replaceAll("=", " "));
  const value = words.pop();
  const name = words.join(" ").toLowerCase();
  if (!DIRECTIVE_VALUES[name]?.test(value)) {
    throw new Error(
      `the directive "${shown(text.trim())}" is not understood; expected ` +
        `propagate-accidentals with not, octave or pitch, or MIDI transpose with semitones`,
    );
  }
  if (name === "midi transpose") return { shifts: { "MIDI transpose": Number(value) } };
  return { propagate: value.toLowerCase() };
}

// Key that sounds where one is written and transposed.
export function transposedKey(key, semitones) {
  if (!key || semitones % 12 === 0) return key;
  const sounds = (((pitchClassOfTonic(key.tonic) + semitones) % 12) + 12) % 12;
  const signatures = [0, -1, 1, -2, 2, -3, 3, -4, 4, -5, 5, -6, 6, -7, 7];
  const keys = signatures.map((signature) => keyOfSignature(signature, key.mode));
  return keys.find(({ tonic }) => pitchClassOfTonic(tonic) === sounds);
}

// The first characters of a text, to quote it in an error.
export function shown(text) {
  return text.length > 24 ? `${text.slice(0, 24)}…` : text;
}

function wordsOf(text) {
  return text.split(/\s+/).filter(Boolean);
}

function shiftOf(letter, name, text) {
  if (!/^[+-]?\d{1,2}$/.test(text)) {
    throw new Error(
      `${letter}: has ${name}=${shown(text)}; expected a whole number, such as -1`,
    );
  }
  return Number(text);
}
