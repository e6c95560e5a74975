// Tokens of a melody, one of each step: a MIDI pitch, or one of these.
export const N_PITCHES = 128;
export const REST = 128;
export const HOLD = 129;
export const END = 130;

// A melody is an array of tokens, or of several voices an array of such arrays.
export function voicesOf(melody) {
  return Array.isArray(melody[0]) ? melody : [melody];
}

// Number of steps before the end, that of the longest voice.
export function lengthOf(melody) {
  return Math.max(...voicesOf(melody).map(lengthOfVoice));
}

function lengthOfVoice(voice) {
  const end = voice.indexOf(END);
  return end < 0 ? voice.length : end;
}

// Notes as [onset, duration, pitch], in steps and MIDI pitch; those of one voice after
// those of the one before.
export function notesOf(melody) {
  return voicesOf(melody).flatMap(notesOfVoice);
}

function notesOfVoice(voice) {
  const notes = [];
  let isHeld = false;
  for (let step = 0; step < lengthOfVoice(voice); step++) {
    const token = voice[step];
    if (token < N_PITCHES) notes.push([step, 1, token]);
    else if (token === HOLD && isHeld) notes.at(-1)[1]++;
    isHeld = token < N_PITCHES || (token === HOLD && isHeld);
  }
  return notes;
}
