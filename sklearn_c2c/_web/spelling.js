// Spelling of pitches in a key, as `io/_spelling.py` has it, where the rule is stated.
import { REST } from "./tokens.js";
import {
  KEY_LETTERS,
  NATURAL_PITCHES,
  alterationsOf,
  parseKey,
  pitchClassOfTonic,
} from "./keys.js";

// Letters from the tonic up to each degree of the harmonic chromatic scale.
const CHROMATIC_DEGREES = [0, 1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6];

// Add to the notes of measures of events how they are spelled in a key, or in C major:
// `spelled` is {letter, alteration (semitones), octave (4 from middle C)}.
export function spellMeasures(measures, key) {
  const notes = [];
  let isTied = false;
  measures.forEach((events, number) => {
    for (const event of events) {
      const { pitch, tied } = event;
      if (pitch !== REST && !isTied) notes.push({ number, pitch, events: [] });
      if (pitch !== REST) notes.at(-1).events.push(event);
      isTied = tied;
    }
  });
  const letters = lettersInKey(notes, key ?? parseKey("C"));
  notes.forEach(({ pitch, events }, i) => {
    for (const event of events) event.spelled = namedPitch(pitch, letters[i]);
  });
}

// Letter of each note {number, pitch}, `number` being that of its measure.
function lettersInKey(notes, key) {
  const scale = new Map();
  for (const [letter, alteration] of Object.entries(alterationsOf(key.signature))) {
    scale.set(pitchClass(NATURAL_PITCHES[letter] + alteration), letter);
  }
  const after = pitchesBeforeChange([...notes].reverse()).reverse();
  const before = pitchesBeforeChange(notes);
  const resolved = new Map();
  notes.forEach((note, i) => {
    const letter = letterByNeighbors(note.pitch, before[i], after[i], scale);
    if (letter && !resolved.has(placeOf(note))) resolved.set(placeOf(note), letter);
  });
  return notes.map(
    (note) => resolved.get(placeOf(note)) ?? letterByDegree(note.pitch, key, scale),
  );
}

// For each note the last pitch before it that differs from its own, or undefined.
function pitchesBeforeChange(notes) {
  let before;
  return notes.map(({ pitch }, i) => {
    if (i && notes[i - 1].pitch !== pitch) before = notes[i - 1].pitch;
    return before;
  });
}

function placeOf({ number, pitch }) {
  return `${number} ${pitchClass(pitch)}`;
}

// Letter by the pitches before and after, or null if they are of no help.
function letterByNeighbors(pitch, before, after, scale) {
  const inScale = scale.get(pitchClass(pitch));
  if (inScale) return inScale;
  const [below, above] = [scale.get(pitchClass(pitch - 1)), scale.get(pitchClass(pitch + 1))];
  const isLowered = after === pitch - 1;
  if (!isLowered && after !== pitch + 1 && before !== pitch + 1) return null;
  const [letter, other] = isLowered ? [above, below] : [below, above];
  const isNatural = alterationTo(pitch, other) === 0 && before !== after;
  return isNatural || Math.abs(alterationTo(pitch, letter)) > 1 ? other : letter;
}

// Letter in the chromatic scale of the tonic, for a pitch that is not in `scale`.
function letterByDegree(pitch, key, scale) {
  const tonic = pitchClassOfTonic(key.tonic);
  const steps = pitchClass(pitch - tonic);
  const isRaisedTonic = steps === 1 && scale.has(pitchClass(tonic + 4));
  const degree = isRaisedTonic ? 0 : CHROMATIC_DEGREES[steps];
  const letter = KEY_LETTERS[(KEY_LETTERS.indexOf(key.tonic[0]) + degree) % 7];
  if (Math.abs(alterationTo(pitch, letter)) < 2) return letter;
  const below = scale.get(pitchClass(pitch - 1));
  return letter === below ? scale.get(pitchClass(pitch + 1)) : below;
}

// Semitones from the natural of a letter to a pitch, -6 to 5.
function alterationTo(pitch, letter) {
  return pitchClass(pitch - NATURAL_PITCHES[letter] + 6) - 6;
}

function namedPitch(pitch, letter) {
  const alteration = alterationTo(pitch, letter);
  const octave = Math.floor((pitch - alteration - NATURAL_PITCHES[letter]) / 12) - 1;
  return { letter, alteration, octave };
}

function pitchClass(pitch) {
  return ((pitch % 12) + 12) % 12;
}
