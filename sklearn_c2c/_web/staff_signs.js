// Signs of a staff of one voice: what is written for each note and rest of a melody.
//
// A place on the staff is counted in half spaces from the bottom line: 0 to 8 are the
// five lines and the spaces between them. All y are in spaces, downwards from the top
// line.
import { N_PITCHES, REST, notesOf } from "./tokens.js";
import { KEY_LETTERS, alterationsOf } from "./keys.js";
import { MeasureAccidentals } from "./sheet.js";

export const MIDDLE_PLACE = 4;
const ACCIDENTAL_GLYPHS = { "-1": "flat", 0: "natural", 1: "sharp" };
const CLEFS = {
  // y of the line that the clef names; letters from C of octave 0 up to the bottom line
  treble: { glyph: "clef-treble", y: 3, lowest: 30 },
  bass: { glyph: "clef-bass", y: 1, lowest: 18 },
};
const LOWEST_MEDIAN = 55; // MIDI pitch: a melody below it is written in the bass clef
// Places of the accidentals of a signature in the treble clef.
const SHARP_PLACES = [8, 5, 9, 6, 3, 7, 4];
const FLAT_PLACES = [4, 7, 3, 6, 2, 5, 1];

// y of a place on the staff.
export function yOfPlace(place) {
  return 4 - place / 2;
}

// The clef of a name, or the one that a melody needs fewer ledger lines with.
export function clefOf(melody, name) {
  if (name) return CLEFS[name];
  const pitches = Array.from(melody).filter((token) => token < N_PITCHES);
  const median = pitches.sort((a, b) => a - b)[pitches.length >> 1] ?? LOWEST_MEDIAN;
  return CLEFS[median < LOWEST_MEDIAN ? "bass" : "treble"];
}

// Accidentals of a key signature: {glyph, place}.
export function signatureSigns(signature, clef) {
  const places = signature > 0 ? SHARP_PLACES : FLAT_PLACES;
  const shift = clef === CLEFS.bass ? -2 : 0;
  const glyph = ACCIDENTAL_GLYPHS[Math.sign(signature)];
  return places
    .slice(0, Math.abs(signature))
    .map((place) => ({ glyph, place: place + shift }));
}

// Measures {number, signs, tuplets, isRest, first, last} of a sheet; `number` is that of
// the measure of the melody. A sign has its step and the one after it, what is drawn,
// the group that it is beamed in, and the onset of its note.
export function signedMeasures(sheet, clef) {
  const size = sheet.stepsPerMeasure;
  const skipped = Math.floor(sheet.start / size);
  const onsets = onsetsOf(sheet);
  let before = null;
  return sheet.measures().map(({ events, tuplets }, i) => {
    const number = skipped + i;
    const accidentals = new MeasureAccidentals(alterationsOf(signatureOf(sheet)));
    const groups = sheet.beamGroups(events);
    const signs = events.map((event, j) => {
      const tuplet = tuplets.find((one) => one.start <= event.start && event.start < one.end);
      const sign = { ...event, tuplet, ...valueOf(event, tuplet, sheet) };
      sign.step = number * size + event.start;
      sign.end = sign.step + event.length;
      sign.onset = onsets[sign.step - sheet.start] + sheet.start;
      sign.group = tuplet ? `tuplet ${tuplet.start}` : groups[j];
      sign.isTied = before?.tied ?? false; // from the sign before it
      if (event.pitch !== REST) addHead(sign, clef, accidentals);
      before = sign;
      return sign;
    });
    return measureOf(signs, tuplets, number);
  });
}

function signatureOf(sheet) {
  return sheet.key ? sheet.key.signature : 0;
}

function measureOf(signs, tuplets, number) {
  const isRest = signs.every(({ pitch }) => pitch === REST);
  const [first, last] = [signs[0].step, signs.at(-1).end];
  if (!isRest) return { number, signs, tuplets, isRest, first, last };
  const whole = { ...signs[0], end: last, glyph: "rest-1", dots: 0, flags: 0, isWhole: true };
  return { number, signs: [whole], tuplets: [], isRest, first, last };
}

// For each step the onset of the note that sounds; of rests, the step itself.
function onsetsOf({ melody }) {
  const onsets = melody.map((_, step) => step);
  for (const [onset, duration] of notesOf(melody)) {
    onsets.fill(onset, onset, onset + duration);
  }
  return onsets;
}

// Glyph, dots and flags of a length.
function valueOf({ length, pitch }, tuplet, { notation }) {
  const scale = tuplet ? tuplet.n / tuplet.asMany : 1;
  const whole = (length * scale) / (4 * notation.stepsPerQuarter);
  const power = Math.floor(Math.log2(whole) + 1e-9);
  const dots = whole / 2 ** power > 1.25 ? 1 : 0;
  const flags = Math.max(0, -power - 2);
  const glyph = pitch === REST ? restGlyph(power) : headGlyph(power);
  return { glyph, dots, flags, hasStem: pitch !== REST && (power < 0 || power > 1), whole };
}

function restGlyph(power) {
  return power > 0 ? "rest-breve" : `rest-${2 ** Math.min(7, -power)}`;
}

function headGlyph(power) {
  if (power > 0) return "head-breve";
  return ["head-whole", "head-half"][-power] ?? "head-black";
}

function addHead(sign, clef, accidentals) {
  const { spelled } = sign;
  sign.place = spelled.octave * 7 + KEY_LETTERS.indexOf(spelled.letter) - clef.lowest;
  // The second of two tied notes has the accidental of the first.
  const needsSign = !sign.isTied && accidentals.needsSign(spelled);
  sign.accidental = needsSign ? ACCIDENTAL_GLYPHS[spelled.alteration] : null;
}
