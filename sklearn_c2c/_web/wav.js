// A melody as a WAV file, rendered faster than it sounds.
import { lengthOf, notesOf } from "./tokens.js";
import { startOf } from "./sequencer.js";
import { soundNote } from "./timbres.js";

const SAMPLE_RATE = 44100;
const SECONDS_AFTER = 0.5; // seconds in which the last note dies away

// Bytes of a file of 16 bits a sample and one channel. Time 0 is the first step that the
// players play.
export async function renderWav(melody, notation, { timbre = "plucked", volume = 0.8 } = {}) {
  const seconds = 60 / notation.tempo / notation.stepsPerQuarter;
  const start = startOf(melody, notation);
  const length = (lengthOf(melody) - start) * seconds + SECONDS_AFTER;
  const context = new OfflineAudioContext(1, Math.ceil(length * SAMPLE_RATE), SAMPLE_RATE);
  const out = context.createGain();
  out.gain.value = volume;
  out.connect(context.destination);
  for (const [onset, steps, pitch] of notesOf(melody)) {
    soundNote(context, out, timbre, pitch, (onset - start) * seconds, steps * seconds);
  }
  const rendered = await context.startRendering();
  return wavOf(rendered.getChannelData(0), SAMPLE_RATE);
}

function wavOf(samples, sampleRate) {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const text = (at, letters) =>
    [...letters].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * samples.length, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true); // bytes of the format
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // channels
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, 2 * sampleRate, true); // bytes a second
  view.setUint16(32, 2, true); // bytes of a sample of all channels
  view.setUint16(34, 16, true); // bits of a sample
  text(36, "data");
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((sample, i) => {
    const clipped = Math.max(-1, Math.min(1, sample));
    view.setInt16(44 + 2 * i, Math.round(32767 * clipped), true);
  });
  return new Uint8Array(view.buffer);
}
