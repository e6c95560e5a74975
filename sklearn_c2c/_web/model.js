// A model that encodes and decodes melodies as its Pipeline does in Python.
import { unpackArrays } from "./arrays.js";
import { decodeSteps, poolPlaces } from "./form.js";
import { DenseNetwork } from "./network.js";
import { PitchRhythmNetwork } from "./pitch_rhythm.js";
import { RecurrentNetwork } from "./recurrent.js";
import { END, lengthOf } from "./tokens.js";
import { PianoRollDecoder } from "./transitions.js";

// Networks by the name of their wiring. Each is made from its description, the arrays,
// and the numbers of steps and tokens, and has `h`, `canEncode`, `encode(columns)`,
// which returns a latent vector, and `decode(z, out)`, which writes probabilities.
const WIRINGS = {
  dense: DenseNetwork,
  pitchRhythm: PitchRhythmNetwork,
  recurrent: RecurrentNetwork,
};

export class Model {
  // Description and arrays as `page._model.pack_model` returns them.
  static async load(description, base64Text) {
    return new Model(
      description,
      await unpackArrays(description.manifest, base64Text),
    );
  }

  constructor(description, arrays) {
    const { encoder, network, attributes } = description;
    const transitions = {};
    for (const [name, array] of Object.entries(arrays)) {
      if (name.startsWith("transitions.")) transitions[name.slice(12)] = array;
    }
    this.decoder = new PianoRollDecoder(encoder, transitions);
    const { nSteps, nTokens } = this.decoder;
    const Network = WIRINGS[network.wiring];
    this.network = new Network(network, arrays, { nSteps, nTokens });
    this.attributes = attributes;
  }

  // Number of latent variables.
  get h() {
    return this.network.h;
  }

  get nSteps() {
    return this.decoder.nSteps;
  }

  // Whether the page has the weights of the encoder.
  get canEncode() {
    return this.network.canEncode;
  }

  // Whether a melody is chosen by probabilities, so that it can keep a form and steps.
  get hasProbabilities() {
    return this.network.hasProbabilities ?? true;
  }

  // The nearest latent vector of those that the model decodes to probabilities.
  nearestCode(z) {
    return this.network.isNonnegative ? z.map((value) => Math.max(value, 0)) : z;
  }

  // Latent vector of a melody with tokens of the model.
  encode(melody) {
    if (!this.canEncode) throw new Error("The page has no encoder for this model.");
    return this.network.encode(this.#columns(melody));
  }

  // The column of each step up to the end, which has a column too.
  #columns(melody) {
    const { tokens, nSteps, endColumn } = this.decoder;
    if (melody.length !== nSteps) {
      throw new Error(`The melody has ${melody.length} steps, the model ${nSteps}.`);
    }
    const length = lengthOf(melody);
    const written = melody.slice(0, Math.min(length + 1, nSteps));
    return Array.from(written, (token, t) => {
      const column = token === END ? endColumn : tokens.indexOf(token);
      if (column < 0) throw new Error(`The model has no token ${token} of step ${t}.`);
      return column;
    });
  }

  // Probability of each token at each step, (nSteps * nTokens).
  probabilities(z) {
    if (z.length !== this.h) {
      throw new Error(`The latent vector has ${z.length} numbers, the model ${this.h}.`);
    }
    const out = new Float32Array(this.nSteps * this.decoder.nTokens);
    this.network.decode(z, out);
    return out;
  }

  // Melody of a latent vector. Places with the same number in `letters` are alike, and
  // `kept` has a melody and a mask of its steps that must stay: {melody, mask}.
  decode(z, { letters = null, kept = null } = {}) {
    const P = this.probabilities(z);
    if (!letters && !kept) return this.decoder.decode(P);
    if (P.some((p) => p < 0)) {
      throw new Error("This model has no probabilities, so it keeps no form and no step.");
    }
    if (letters && this.nSteps % letters.length) {
      throw new Error(`${letters.length} places do not divide ${this.nSteps} steps.`);
    }
    const pooled = letters ? poolPlaces(this.decoder, P, letters) : P;
    return decodeSteps(this.decoder, pooled, letters, kept && this.#allowed(kept));
  }

  // Mask of the tokens that are allowed at each step, (nSteps * nTokens).
  #allowed({ melody, mask }) {
    const { nSteps, nTokens, endColumn } = this.decoder;
    const allowed = new Uint8Array(nSteps * nTokens).fill(1);
    const length = lengthOf(melody);
    const columns = this.#columns(melody);
    columns.forEach((column, t) => {
      if (!mask[t]) return;
      allowed.fill(0, t * nTokens, (t + 1) * nTokens);
      allowed[t * nTokens + column] = 1;
      // The melody does not end before a step that is kept.
      for (let u = 0; u <= t && t < length && endColumn >= 0; u++) {
        allowed[u * nTokens + endColumn] = 0;
      }
    });
    return allowed;
  }
}
