// Sounds made from oscillators, noise and short loops of samples; nothing is recorded.
// A note begins with `startNote` and lasts until its `release`, so that a change of
// tempo can move the end of a note that sounds.
export const TIMBRES = ["plucked", "reed", "flute"];

const REED = [0, 1, 0.45, 0.3, 0.14, 0.1, 0.05]; // amplitudes of the partials
const FLUTE = [0, 1, 0.32, 0.12, 0.04];
const GAP = 0.03; // seconds of silence before the end, between repeated notes at most
const SOUNDS = { plucked: startPlucked, reed: startReed, flute: startFlute };
const CACHES = new WeakMap(); // of each context, what is computed once

export function frequencyOf(pitch) {
  return 440 * 2 ** ((pitch - 69) / 12);
}

// Begin a note at a time of the context's clock. What comes back has `release(time)`,
// to be called once with the time at which the note ends.
export function startNote(context, out, timbre, pitch, start) {
  const envelope = context.createGain();
  envelope.connect(out);
  const { sources, fade } = SOUNDS[timbre](context, envelope, pitch, start);
  for (const source of sources) source.start(start);
  return {
    release(end) {
      const silent = end - Math.min(GAP, 0.12 * (end - start));
      envelope.gain.setTargetAtTime(0, silent, fade);
      for (const source of sources) source.stop(silent + 9 * fade);
    },
  };
}

// Sound a note of which the duration, in seconds, is known.
export function soundNote(context, out, timbre, pitch, start, duration) {
  startNote(context, out, timbre, pitch, start).release(start + duration);
}

// Click of the metronome.
export function soundClick(context, out, time, isAccented) {
  const envelope = context.createGain();
  const oscillator = context.createOscillator();
  oscillator.frequency.value = isAccented ? 1760 : 1175;
  envelope.gain.setValueAtTime(0, time);
  envelope.gain.linearRampToValueAtTime(isAccented ? 0.3 : 0.18, time + 0.002);
  envelope.gain.setTargetAtTime(0, time + 0.004, 0.012);
  oscillator.connect(envelope).connect(out);
  oscillator.start(time);
  oscillator.stop(time + 0.1);
}

function startPlucked(context, envelope, pitch, start) {
  const string = context.createBufferSource();
  string.buffer = cached(context, `string ${pitch}`, () => pluckedBuffer(context, pitch));
  envelope.gain.setValueAtTime(0, start);
  envelope.gain.linearRampToValueAtTime(1, start + 0.002);
  string.connect(envelope);
  return { sources: [string], fade: 0.05 };
}

function startReed(context, envelope, pitch, start) {
  const reed = oscillatorOf(context, "reed", REED, pitch);
  envelope.gain.setValueAtTime(0, start);
  envelope.gain.linearRampToValueAtTime(0.3, start + 0.012);
  envelope.gain.setTargetAtTime(0.17, start + 0.012, 0.12);
  reed.connect(envelope);
  return { sources: [reed], fade: 0.012 };
}

function startFlute(context, envelope, pitch, start) {
  const flute = oscillatorOf(context, "flute", FLUTE, pitch);
  const vibrato = context.createOscillator();
  const depth = context.createGain();
  vibrato.frequency.value = 5.2;
  depth.gain.setValueAtTime(0, start + 0.25); // a note begins straight
  depth.gain.linearRampToValueAtTime(7, start + 0.7); // cents
  vibrato.connect(depth).connect(flute.detune);
  envelope.gain.setValueAtTime(0, start);
  envelope.gain.linearRampToValueAtTime(0.26, start + 0.035);
  envelope.gain.setTargetAtTime(0.22, start + 0.035, 0.15);
  flute.connect(envelope);
  const breath = breathOf(context, envelope, pitch, start);
  return { sources: [flute, vibrato, breath], fade: 0.02 };
}

// Noise around the pitch and above, stronger while the note begins.
function breathOf(context, out, pitch, start) {
  const breath = context.createBufferSource();
  const band = context.createBiquadFilter();
  const amount = context.createGain();
  breath.buffer = cached(context, "noise", () => noiseBuffer(context));
  breath.loop = true;
  band.type = "bandpass";
  band.frequency.value = 2 * frequencyOf(pitch);
  band.Q.value = 1.5;
  amount.gain.setValueAtTime(0.22, start);
  amount.gain.setTargetAtTime(0.06, start + 0.03, 0.06);
  breath.connect(band).connect(amount).connect(out);
  return breath;
}

function oscillatorOf(context, name, partials, pitch) {
  const oscillator = context.createOscillator();
  const wave = cached(context, name, () =>
    context.createPeriodicWave(new Float32Array(partials.length), new Float32Array(partials)),
  );
  oscillator.setPeriodicWave(wave);
  oscillator.frequency.value = frequencyOf(pitch);
  return oscillator;
}

function cached(context, name, make) {
  if (!CACHES.has(context)) CACHES.set(context, new Map());
  const cache = CACHES.get(context);
  if (!cache.has(name)) cache.set(name, make());
  return cache.get(name);
}

function noiseBuffer(context) {
  const noise = noiseOf(1);
  return bufferOf(context, Float32Array.from({ length: 2 * context.sampleRate }, noise));
}

function bufferOf(context, samples) {
  const buffer = context.createBuffer(1, samples.length, context.sampleRate);
  buffer.copyToChannel(samples, 0);
  return buffer;
}

// Noise from -1 to 1 that is the same in every page: xorshift of 32 bits.
function noiseOf(seed) {
  let state = (seed * 2654435761) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  };
}

function pluckedBuffer(context, pitch) {
  return bufferOf(context, pluckedString(pitch, context.sampleRate));
}

// A plucked string (Karplus and Strong 1983): a loop of one period of samples through a
// low-pass filter. An all-pass filter adds the fraction of a sample that the period
// needs (Jaffe and Smith 1983); both filters' delays are those at the pitch itself.
export function pluckedString(pitch, sampleRate) {
  const frequency = frequencyOf(pitch);
  const angle = (2 * Math.PI * frequency) / sampleRate; // radians a sample
  const decay = Math.min(3.5, Math.max(1.1, 2.6 * 2 ** ((60 - pitch) / 30)));
  const { damping, gain } = lossOf(10 ** (-3 / (frequency * decay)), angle);
  const filtered =
    Math.atan2(damping * Math.sin(angle), 1 - damping + damping * Math.cos(angle)) / angle;
  const period = sampleRate / frequency - filtered;
  const size = Math.floor(period - 0.3);
  const fraction = period - size; // from 0.3 to 1.3 samples
  const allpass =
    Math.sin((angle * (1 - fraction)) / 2) / Math.sin((angle * (1 + fraction)) / 2);
  const line = excitation(pitch, sampleRate / frequency, size);
  const samples = new Float32Array(Math.ceil(Math.min(decay, 2.5) * sampleRate));
  let [place, before, delayed, turned] = [0, line[size - 1], 0, 0];
  for (let i = 0; i < samples.length; i++) {
    const oldest = line[place];
    const soft = (1 - damping) * oldest + damping * before;
    turned = allpass * soft + delayed - allpass * turned;
    [before, delayed] = [oldest, soft];
    samples[i] = oldest;
    line[place] = gain * turned;
    place = place + 1 === size ? 0 : place + 1;
  }
  return evenlyLoud(samples, sampleRate);
}

// Weight of the low-pass filter, and what else a period is multiplied by, so that the
// amplitude at the pitch falls by `fall` in a period. At least half of it (in decibels)
// is left to the gain, which stays below 1.
function lossOf(fall, angle) {
  const most = (1 - fall) / (2 * (1 - Math.cos(angle)));
  const damping = most >= 0.25 ? 0.5 : (1 - Math.sqrt(1 - 4 * most)) / 2;
  const power = 1 - 2 * damping * (1 - damping) * (1 - Math.cos(angle));
  return { damping, gain: fall / Math.sqrt(power) };
}

// One period: partials of a string plucked at a fifth of its length, in random phases.
function excitation(pitch, period, size) {
  const noise = noiseOf(pitch + 1);
  const line = new Float64Array(size);
  const nPartials = Math.min(40, Math.floor(0.4 * period));
  for (let partial = 1; partial <= nPartials; partial++) {
    const amplitude = Math.sin((Math.PI * partial) / 5) / partial ** 1.3;
    const phase = Math.PI * noise();
    const turn = (2 * Math.PI * partial) / period;
    for (let i = 0; i < size; i++) line[i] += amplitude * Math.sin(turn * i + phase);
  }
  return line;
}

// Scale to the same mean power in the first 0.3 seconds, and fade out at the end.
function evenlyLoud(samples, sampleRate) {
  const beginning = samples.subarray(0, Math.round(0.3 * sampleRate));
  const power = beginning.reduce((sum, x) => sum + x * x, 0) / beginning.length;
  const scale = 0.12 / Math.sqrt(power);
  const nFading = Math.round(0.1 * sampleRate);
  return samples.map((x, i) => x * scale * Math.min(1, (samples.length - i) / nFading));
}
