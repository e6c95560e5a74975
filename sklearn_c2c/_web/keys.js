// Keys as `melody/_key.py` has them: a tonic, a mode, and the signature of both.
export const KEY_LETTERS = "CDEFGAB";
export const NATURAL_PITCHES = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 };
const SHARPENED = "FCGDAEB"; // in the order in which signatures sharpen them
// Fifths from the major signature of a tonic to the signature of each mode.
const MODE_FIFTHS = {
  major: 0,
  ionian: 0,
  mixolydian: -1,
  dorian: -2,
  minor: -3,
  aeolian: -3,
  phrygian: -4,
  locrian: -5,
  lydian: 1,
};
const KEY_NAME = /^([A-Ga-g])([#b♯♭]?)(?:\s*|-(?=[A-Za-z]{3}))([A-Za-z]*)[.,;]?$/;
const SHIFT_OF_SIGN = { "": 0, "#": 1, b: -1 };

// Key {tonic, mode, signature} of a name such as "D", "F#m" or "A dorian".
export function parseKey(text) {
  const match = KEY_NAME.exec(text.trim());
  const mode = match && modeOfName(match[3]);
  if (!mode) {
    throw new Error(
      `Found the key "${text.slice(0, 24)}"; expected a tonic and, if it is not ` +
        `major, a mode, such as D, F#m, Bb or A dorian.`,
    );
  }
  const sign = match[2].replace("♯", "#").replace("♭", "b");
  const tonic = match[1].toUpperCase() + sign;
  const fifths = SHARPENED.indexOf(tonic[0]) - 1 + 7 * SHIFT_OF_SIGN[sign];
  const signature = fifths + MODE_FIFTHS[mode];
  if (Math.abs(signature) > 7) {
    throw new Error(
      `Found the key "${text}", whose signature would need ` +
        `${Math.abs(signature)} accidentals; expected at most 7.`,
    );
  }
  return { tonic, mode, signature };
}

function modeOfName(text) {
  if (text === "") return "major";
  if (text === "m") return "minor"; // "M" is major to some and mixolydian to others
  if (text.length < 3) return undefined;
  const start = text.toLowerCase().slice(0, 3);
  return Object.keys(MODE_FIFTHS).find((name) => name.startsWith(start));
}

// Key of a mode that has this many sharps (negative: flats), or null.
export function keyOfSignature(signature, mode) {
  if (Math.abs(signature) > 7) return null;
  const fifths = signature - MODE_FIFTHS[mode] + 1;
  const signs = Math.floor(fifths / 7);
  const sign = (signs > 0 ? "#" : "b").repeat(Math.abs(signs));
  return { tonic: SHARPENED[fifths - 7 * signs] + sign, mode, signature };
}

// Keys of a tonic in all modes, by the order of the modes, then of the signatures.
export function keysOnTonic(tonic) {
  const modes = "major mixolydian dorian minor phrygian locrian lydian".split(" ");
  const keys = [];
  for (const mode of modes) {
    for (let signature = -7; signature <= 7; signature++) {
      const key = keyOfSignature(signature, mode);
      if (key.tonic === tonic) keys.push(key);
    }
  }
  return keys;
}

export function nameOfKey(key) {
  return `${key.tonic} ${key.mode}`;
}

export function pitchClassOfTonic(tonic) {
  const natural = NATURAL_PITCHES[tonic[0]];
  return (natural + SHIFT_OF_SIGN[tonic.slice(1)] + 12) % 12;
}

// Semitones by which a signature alters each letter: -1, 0 or 1.
export function alterationsOf(signature) {
  const alterations = {};
  for (let i = 0; i < 7; i++) {
    alterations[SHARPENED[i]] = Number(signature > i) - Number(signature < i - 6);
  }
  return alterations;
}
