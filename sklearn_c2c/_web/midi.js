// Write a melody as a MIDI file, as `melody_to_midi` does.
import { notesOf } from "./tokens.js";
import { Sheet, lowestTerms } from "./sheet.js";

const VELOCITY = 90;
const TICKS_PER_QUARTER = 480; // at most, if the steps do not divide them
const MINOR_MODES = ["minor", "aeolian", "dorian", "phrygian"];

// Bytes of a MIDI file (Uint8Array) with one track.
export function writeMidi(melody, { title = "", notation }) {
  const sheet = new Sheet(melody, { title, notation });
  const { stepsPerQuarter } = notation;
  const ticks = Math.max(1, Math.floor(TICKS_PER_QUARTER / stepsPerQuarter));
  const events = [...metaEvents(sheet), ...noteEvents(sheet)];
  events.sort((a, b) => a.step - b.step);
  // The end of the track states the length, also where the last measures are silent.
  events.push({ step: sheet.melody.length, bytes: meta(0x2f, []) });
  let time = 0;
  const track = events.flatMap(({ step, bytes }) => {
    const delta = step * ticks - time;
    time = step * ticks;
    return [...variableLength(delta), ...bytes];
  });
  const header = [...bigEndian(0, 2), ...bigEndian(1, 2)];
  header.push(...bigEndian(ticks * stepsPerQuarter, 2));
  return Uint8Array.from([...chunk("MThd", header), ...chunk("MTrk", track)]);
}

function metaEvents(sheet) {
  const { numerator, denominator, stepsPerQuarter, tempo } = sheet.notation;
  const microseconds = Math.round(6e7 / tempo);
  const events = [
    { step: 0, bytes: meta(0x03, [...new TextEncoder().encode(sheet.title)]) },
    { step: 0, bytes: meta(0x51, bigEndian(microseconds, 3)) },
  ];
  if (sheet.pickup) {
    // A measure with a metre of its own, as notation programs write it.
    const metre = lowestTerms(sheet.pickup, 4 * stepsPerQuarter);
    events.push({ step: 0, bytes: metreEvent(...metre) });
  }
  events.push({ step: sheet.pickup, bytes: metreEvent(numerator, denominator) });
  if (sheet.key) {
    const isMinor = MINOR_MODES.includes(sheet.key.mode);
    const content = [sheet.key.signature & 0xff, Number(isMinor)];
    events.push({ step: 0, bytes: meta(0x59, content) });
  }
  return events;
}

function metreEvent(beats, beatType) {
  if (beats > 255) {
    throw new Error(
      `Found a measure of ${beats} beats, ${beats}/${beatType}; MIDI has a byte for ` +
        `their number: expected at most 255. ABC and MusicXML can have more.`,
    );
  }
  return meta(0x58, [beats, Math.log2(beatType), 24, 8]);
}

function noteEvents(sheet) {
  return notesOf(sheet.melody).flatMap(([onset, duration, pitch]) => [
    { step: onset, bytes: [0x90, pitch, VELOCITY] },
    { step: onset + duration, bytes: [0x80, pitch, 0] },
  ]);
}

function meta(kind, content) {
  return [0xff, kind, ...variableLength(content.length), ...content];
}

function chunk(name, content) {
  const letters = [...name].map((letter) => letter.charCodeAt(0));
  return [...letters, ...bigEndian(content.length, 4), ...content];
}

function bigEndian(number, size) {
  return Array.from({ length: size }, (_, i) => (number >> (8 * (size - 1 - i))) & 0xff);
}

// Seven bits a byte, all but the last one marked.
function variableLength(number) {
  const bytes = [number & 0x7f];
  while ((number >>= 7)) bytes.unshift((number & 0x7f) | 0x80);
  return bytes;
}
