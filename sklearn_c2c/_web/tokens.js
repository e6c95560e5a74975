// Tokens of a melody, one of each step: a MIDI pitch, or one of these.
export const N_PITCHES = 128;
export const REST = 128;
export const HOLD = 129;
export const END = 130;

// Number of steps before the end.
export function lengthOf(melody) {
  const end = melody.indexOf(END);
  return end < 0 ? melody.length : end;
}

// Notes as [onset, duration, pitch], in steps and MIDI pitch.
export function notesOf(melody) {
  const notes = [];
  let isHeld = false;
  for (let step = 0; step < lengthOf(melody); step++) {
    const token = melody[step];
    if (token < N_PITCHES) notes.push([step, 1, token]);
    else if (token === HOLD && isHeld) notes.at(-1)[1]++;
    isHeld = token < N_PITCHES || (token === HOLD && isHeld);
  }
  return notes;
}
