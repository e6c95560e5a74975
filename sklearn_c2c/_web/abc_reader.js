// A tune that a user typed or pasted, as a melody of the model: what Python's
// `read_melodies` gives with the reading of the corpus and chords="highest".
import { END, N_PITCHES, REST } from "./tokens.js";
import { nameOfKey, parseKey, pitchClassOfTonic } from "./keys.js";
import { readAbcTune } from "./abc_tune.js";
import {
  closeMelody,
  excerptOf,
  highestNotes,
  metreOfVoice,
  onGrid,
} from "./excerpt.js";
import { TICKS_OF_QUARTER } from "./ticks.js";
import { gridOf } from "./window.js";

const SHARP_NAMES = "C C# D D# E F F# G G# A A# B".split(" ");
const TONICS = "C Db D Eb E F F# G Ab A Bb B".split(" ");
const MAX_MEASURES = 4096;
const STEP_NAMES = { 1: "quarter", 2: "eighth", 4: "sixteenth", 8: "32nd", 16: "64th" };
// How well each pitch class fits a key, from its tonic up (Krumhansl and Kessler 1982).
const KEY_FITS = {
  major: [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88],
  minor: [6.33, 2.68, 3.52, 5.38, 2.6, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17],
};

// Read a tune of ABC text.
//
// `nSteps` is the length of the model's melodies; null takes the whole tune. With `ends`
// they are whole tunes, filled up with END; else the first measures of tunes. `reading`
// has what `read_melodies` was given for the corpus: repeats "written" or "played",
// offGrid "round" or "reject", and `part`, the id of a voice (null: the first that has
// notes).
//
// Returns {melody, title, tempo, said}: Int16Array; quarter notes a minute or null;
// sentences that tell what was changed. Throws an Error that says what was found.
export function readAbc(text, { notation, pitchRange = null, nSteps = null, ...options }) {
  const { ends = false, reading = {} } = options;
  const said = [];
  const tune = readAbcTune(text, notation.key);
  if (tune.nTunes > 1) said.push(`The first of ${tune.nTunes} tunes was read.`);
  if (tune.addedKey) said.push(`No key (K:) is stated: taken as it is written.`);
  const voice = chooseVoice(tune.voices, reading.part ?? null, said);
  const excerpt = excerptInMetre(voice, { notation, nSteps, ends, reading }, said);
  let melody = inSteps(excerpt, { notation, reading }, said);
  if (notation.key !== null && !tune.addedKey) {
    melody = movedToKey(melody, soundingKey(tune, said), notation, said);
  }
  if (pitchRange !== null) melody = movedIntoRange(melody, pitchRange, said);
  if (ends && nSteps !== null) melody = filledUp(melody, nSteps);
  return { melody, title: tune.title, tempo: tune.tempo, said };
}

function chooseVoice(voices, part, said) {
  const sounding = voices.filter(({ notes }) => notes.length);
  if (!sounding.length) throw new Error("The tune has no notes.");
  const found = part === null ? sounding[0] : sounding.find(({ id }) => id === part);
  if (!found) {
    const ids = sounding.map(({ id }) => `"${id}"`).join(", ");
    throw new Error(`The tune has no voice "${part}" with notes; it has ${ids}.`);
  }
  if (sounding.length > 1) {
    const name = found.id || String(1 + sounding.indexOf(found));
    said.push(`Of ${sounding.length} voices, voice ${name} was read.`);
  }
  return found;
}

// The measures to read, in ticks.
function excerptInMetre(voice, { notation, nSteps, ends, reading }, said) {
  const { numerator, denominator, stepsPerQuarter, stepsPerMeasure } = notation;
  const metre = gridOf([numerator, denominator]);
  const own = metreOfVoice(voice);
  const name = metre.join("/");
  if (own === null) said.push(`No metre (M:) is stated: taken to be in ${name}.`);
  else if (own.join("/") !== name) {
    throw new Error(
      `The tune is in ${own.join("/")}; expected ${name}, as the melodies here are.`,
    );
  }
  const most = nSteps === null ? null : nSteps / stepsPerMeasure - Number(notation.pickup);
  const isWhole = ends || most === null;
  if (!isWhole && (!Number.isInteger(most) || most < 1)) {
    throw new Error(
      `Melodies of ${nSteps} steps are no whole number of measures of ${name}.`,
    );
  }
  const asked = {
    metre,
    nMeasures: isWhole ? null : most,
    hasPickup: notation.pickup,
    tolerance: Math.floor((TICKS_OF_QUARTER - 1) / (2 * stepsPerQuarter)),
    isPlayed: reading.repeats === "played",
  };
  const excerpt = longEnough(voice, asked, said);
  const limit = Math.floor(most ?? MAX_MEASURES);
  if (excerpt.nMeasures > limit) {
    throw new Error(
      `The tune has ${excerpt.nMeasures} measures, more than the ${limit} of the ` +
        `longest melody here.`,
    );
  }
  return excerpt;
}

// The measures as they are written, or with the repeats played out where those are too
// few.
function longEnough(voice, asked, said) {
  try {
    return excerptOf(voice, asked);
  } catch (error) {
    const hasSigns = voice.measures.some(({ closes, endings }) => closes > 0 || endings > 0);
    if (!error.isTooShort || asked.isPlayed || !hasSigns) throw error;
    let played;
    try {
      played = excerptOf(voice, { ...asked, isPlayed: true });
    } catch {
      throw error;
    }
    said.push("The repeats were played out, as the tune is too short without them.");
    return played;
  }
}

function inSteps(excerpt, { notation, reading }, said) {
  const { stepsPerQuarter, stepsPerMeasure, pickup } = notation;
  const tolerance = Math.floor(TICKS_OF_QUARTER / (2 * stepsPerQuarter));
  const notes = highestNotes(excerpt.notes, tolerance);
  const before = pickup ? stepsPerMeasure : 0;
  const nSteps = before + excerpt.nMeasures * stepsPerMeasure;
  if (reading.offGrid === "reject") checkGrid(notes, excerpt, notation);
  const { melody, nMoved, nMerged } = onGrid(notes, stepsPerQuarter, nSteps);
  const upbeat = closeMelody(melody, excerpt.stop, stepsPerQuarter);
  if (melody.subarray(before).every((token) => token === REST)) {
    throw new Error(
      `The tune has no notes in the first ${counted(excerpt.nMeasures, "measure")}.`,
    );
  }
  const step = STEP_NAMES[stepsPerQuarter] ?? "time step";
  const changes = [
    [excerpt.nSilent, "measure", "without notes at the start left out"],
    [excerpt.nSilentAfter, "measure", "without notes at the end left out"],
    [excerpt.nAfter, "measure", `after the first ${excerpt.nMeasures} left out`],
    [excerpt.notes.length - notes.length, "lower note", "of chords left out"],
    [nMoved, "note", `moved to the nearest ${step}`],
    [nMerged, "note", `left out, as a nearer one is on the same ${step}`],
  ];
  for (const [count, noun, what] of changes) {
    if (count) said.push(`${counted(count, noun)} ${what}.`);
  }
  if (upbeat) {
    const isHeld = melody.at(-1) !== REST;
    const held = isHeld ? ", the note before it held" : "";
    said.push(`Upbeat at the end left out${held}.`);
  }
  return melody;
}

function counted(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function checkGrid(notes, excerpt, { stepsPerQuarter, stepsPerMeasure, pickup }) {
  const off = notes.find(({ onset }) => (onset * stepsPerQuarter) % TICKS_OF_QUARTER);
  if (!off) return;
  const step = (off.onset * stepsPerQuarter) / TICKS_OF_QUARTER;
  const measure = Math.floor(step / stepsPerMeasure) + 1 - Number(pickup);
  const place = measure ? `measure ${measure + excerpt.nSilent}` : "the pick-up";
  throw new Error(
    `A note in ${place} begins between two time steps, of which a quarter note has ` +
      `${stepsPerQuarter}; expected lengths, and tuplets, that fit them.`,
  );
}

// Key that sounds: the one that is stated, or the one that the notes suggest.
function soundingKey({ key, voices }, said) {
  if (key) return key;
  const lasting = Array(12).fill(0);
  for (const { notes } of voices) {
    for (const { pitch, duration } of notes) lasting[pitch % 12] += duration;
  }
  const found = keyOfNotes(lasting);
  said.push(`K: names no key; by the notes it is ${nameOfKey(found)}.`);
  return found;
}

// Key whose profile correlates best with how long each pitch class sounds.
function keyOfNotes(lasting) {
  const centred = centredOf(lasting);
  let best = { fit: -Infinity };
  for (const [mode, fits] of Object.entries(KEY_FITS)) {
    const profile = centredOf(fits);
    for (let tonic = 0; tonic < 12; tonic++) {
      const product = (sum, value, i) => sum + value * profile[(i - tonic + 12) % 12];
      const fit = centred.reduce(product, 0) / Math.hypot(...profile);
      if (fit > best.fit) best = { fit, tonic: TONICS[tonic], mode };
    }
  }
  return best;
}

function centredOf(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
}

// Move the tonic to that of the model's key, by -5 to 6 semitones.
function movedToKey(melody, key, notation, said) {
  const { tonic } = parseKey(notation.key);
  const classes = pitchClassOfTonic(tonic) - pitchClassOfTonic(key.tonic);
  const semitones = ((classes + 17) % 12) - 5;
  if (!semitones) return melody;
  const moved = melody.map((token) => (token < N_PITCHES ? token + semitones : token));
  const isInReach = (token, i) => melody[i] >= N_PITCHES || (token >= 0 && token < 128);
  const sign = semitones > 0 ? "+" : "";
  if (!moved.every(isInReach)) {
    throw new Error(
      `Moved by ${sign}${semitones} semitones, notes leave the MIDI pitches 0-127.`,
    );
  }
  const names = `${nameOfKey(key)} to ${tonic} ${key.mode}`;
  said.push(`Transposed by ${sign}${semitones}, from ${names}.`);
  return moved;
}

// Move by the fewest octaves that bring all notes into the range.
function movedIntoRange(melody, [low, high], said) {
  const pitches = melody.filter((token) => token < N_PITCHES).sort();
  const [lowest, highest] = [pitches.at(0), pitches.at(-1)];
  if (lowest >= low && highest <= high) return melody;
  const octaves = lowest < low ? Math.ceil((low - lowest) / 12) : Math.floor((high - highest) / 12);
  const isInside = lowest + 12 * octaves >= low && highest + 12 * octaves <= high;
  const [from, to, least, most] = [lowest, highest, low, high].map(pitchName);
  if (!isInside) {
    throw new Error(
      `The tune spans ${from} to ${to}, beyond the range ${least} to ${most} in any octave.`,
    );
  }
  const way = octaves > 0 ? "up" : "down";
  said.push(
    `Moved ${way} by ${counted(Math.abs(octaves), "octave")}, ` +
      `from ${from} to ${to} into the range ${least} to ${most}.`,
  );
  return melody.map((token) => (token < N_PITCHES ? token + 12 * octaves : token));
}

// Name with middle C as C4.
function pitchName(pitch) {
  return `${SHARP_NAMES[pitch % 12]}${Math.floor(pitch / 12) - 1}`;
}

function filledUp(melody, nSteps) {
  const filled = new Int16Array(nSteps).fill(END);
  filled.set(melody);
  return filled;
}
