// The network of a PitchRhythmAutoencoder: a chain of layers for the pitches of the notes
// in order, and one for the rhythm.
import { DenseChain, writeOutputs } from "./network.js";

export class PitchRhythmNetwork {
  constructor(network, arrays, { nSteps, nTokens }) {
    const chains = (branch) => ({
      encoder: new DenseChain(branch.encoder, arrays),
      decoder: new DenseChain(branch.decoder, arrays),
    });
    this.pitch = chains(network.pitch);
    this.rhythm = chains(network.rhythm);
    this.nSteps = nSteps;
    this.nPitches = network.nPitches;
    // Columns of a step's rhythm: onset, hold, rest and, if there is one, the end.
    this.nRhythm = nTokens - network.nPitches + 1;
    this.stepsPerMeasure = network.stepsPerMeasure;
    this.notes = new Float64Array(nSteps * this.nPitches);
    this.steps = new Float64Array(nSteps * this.nRhythm);
    this.counts = new Float64Array(this.stepsPerMeasure);
  }

  get h() {
    return this.pitch.decoder.nIn + this.rhythm.decoder.nIn;
  }

  get canEncode() {
    return true;
  }

  // Latent vector of a melody, given the column of the token of each step.
  encode(columns) {
    const { nPitches, nRhythm, stepsPerMeasure } = this;
    const [notes, steps] = [[], []];
    let place = 0; // of the next note: the first place of its measure, plus its number
    columns.forEach((column, t) => {
      if (t % stepsPerMeasure === 0) place = t;
      if (column < nPitches) notes.push(place++ * nPitches + column);
      steps.push(t * nRhythm + Math.max(0, column - nPitches + 1));
    });
    const codes = [
      ...this.pitch.encoder.runOneHot(notes),
      ...this.rhythm.encoder.runOneHot(steps),
    ];
    return Float32Array.from(codes);
  }

  // Write the probability of each token at each step.
  decode(z, out) {
    const { pitch, rhythm, notes, steps } = this;
    const n = pitch.decoder.nIn;
    const ofPitches = { output: "softmax", groupSize: this.nPitches };
    const ofRhythm = { output: "softmax", groupSize: this.nRhythm };
    writeOutputs(pitch.decoder.run(z.subarray(0, n)), ofPitches, notes);
    writeOutputs(rhythm.decoder.run(z.subarray(n)), ofRhythm, steps);
    for (let start = 0; start < this.nSteps; start += this.stepsPerMeasure) {
      this.#placeMeasure(start, out);
    }
  }

  // Place the notes of a measure at the onsets of its rhythm: the number of onsets before
  // a step has a Poisson binomial distribution.
  #placeMeasure(start, out) {
    const { nPitches, nRhythm, notes, steps, counts } = this;
    const nTokens = nPitches + nRhythm - 1;
    const stop = Math.min(start + this.stepsPerMeasure, this.nSteps);
    counts.fill(0);
    counts[0] = 1;
    for (let t = start; t < stop; t++) {
      const onset = steps[t * nRhythm];
      for (let i = 0; i < nPitches; i++) {
        let sum = 0;
        for (let k = 0; k <= t - start; k++) {
          sum += counts[k] * notes[(start + k) * nPitches + i];
        }
        out[t * nTokens + i] = onset * sum;
      }
      for (let i = 1; i < nRhythm; i++) {
        out[t * nTokens + nPitches + i - 1] = steps[t * nRhythm + i];
      }
      for (let k = Math.min(t - start + 1, counts.length - 1); k > 0; k--) {
        counts[k] = counts[k] * (1 - onset) + counts[k - 1] * onset;
      }
      counts[0] *= 1 - onset;
    }
  }
}
