// Decoding of piano rolls, as `PianoRollEncoder.inverse_transform` with `_transitions.py`.
import { END, HOLD, N_PITCHES, REST } from "./tokens.js";
import { Viterbi } from "./viterbi.js";

// Constants of `_transitions.py`, under their names there.
const FULL_UNCERTAINTY = 0.1;
const TEMPERATURE = 10;
const ROUNDING = 1e-6;
const LEAST = Math.fround(1e-9);
const [LEAST_WEIGHT, LARGEST_WEIGHT] = [1e-6, 1e6];
const [IMPOSSIBLE, NONE] = [-1e4, -1e8];

export class PianoRollDecoder {
  // `tokens` are those of the encoder's columns; a weight of 0 needs no transitions.
  constructor({ nSteps, tokens, transitionWeight }, transitions) {
    this.nSteps = nSteps;
    this.tokens = Int16Array.from(tokens);
    this.nTokens = tokens.length;
    this.endColumn = tokens.indexOf(END);
    // Columns of the pitches, then of hold and of rest.
    this.nDecoded = this.nTokens - (this.endColumn < 0 ? 0 : 1);
    this.transitionWeight = transitionWeight;
    if (transitionWeight > 0) this.#prepare(transitions);
  }

  #prepare(transitions) {
    const { pitches, end } = transitions;
    this.viterbi = new Viterbi(this.nSteps, transitions);
    const columns = [...Array(this.nDecoded - 2).keys()];
    this.own = columns.filter((i) => pitches.includes(this.tokens[i]));
    this.others = columns.filter((i) => !pitches.includes(this.tokens[i]));
    this.symbolTokens = [...pitches, REST, REST, HOLD];
    this.scores = new Float32Array(this.nSteps * this.nDecoded);
    this.onsets = new Float32Array(this.nSteps * end.length);
    this.holds = new Float32Array(this.nSteps);
    this.ratios = new Float32Array(this.nDecoded);
  }

  // The most probable melody, given the values of each token at each step.
  decode(values) {
    const melody = new Int16Array(this.nSteps).fill(END);
    const nSteps = this.lengthOf(values);
    const weight = this.transitionWeight && this.#score(values, nSteps);
    if (weight > 0) this.#decodeAlongTransitions(values, nSteps, weight, melody);
    else {
      for (let t = 0; t < nSteps; t++) {
        melody[t] = this.tokens[this.#largest(values, t, this.nDecoded)];
      }
    }
    return mendOrphanHolds(melody);
  }

  // Steps before the first one, after step 0, at which the end has the largest value.
  lengthOf(values) {
    if (this.endColumn < 0) return this.nSteps;
    for (let t = 1; t < this.nSteps; t++) {
      if (this.#largest(values, t, this.nTokens) === this.endColumn) return t;
    }
    return this.nSteps;
  }

  // Column of the largest value of a step, among the first ones.
  #largest(values, t, nColumns) {
    const start = t * this.nTokens;
    let best = 0;
    for (let i = 1; i < nColumns; i++) {
      if (values[start + i] > values[start + best]) best = i;
    }
    return best;
  }

  // Compute the log-probabilities of tokens; return the weight of the transitions.
  #score(values, nSteps) {
    const { nTokens, nDecoded, scores } = this;
    const shares = this.#shares(values, nSteps);
    let sum = 0;
    let nOpen = 0;
    for (let t = 0; t < nSteps; t++) {
      const [from, to] = [t * nTokens, t * nDecoded];
      let largest = 0;
      for (let i = 0; i < nDecoded; i++) {
        largest = Math.max(largest, shares[from + i]);
      }
      for (let i = 0; i < nDecoded; i++) {
        const share = Math.max(0, shares[from + i]);
        const ratio = largest > 0 ? Math.fround(share / largest) : 1;
        this.ratios[i] = ratio;
        scores[to + i] = Math.log(Math.max(ratio, LEAST));
      }
      const total = sumAsNumpy(this.ratios);
      const uncertainty = Math.fround(1 - Math.fround(1 / total));
      sum += uncertainty;
      nOpen += uncertainty > 0 ? 1 : 0;
    }
    const factor = Math.min(1, sum / Math.max(nOpen, 1) / FULL_UNCERTAINTY) ** 2;
    if (factor === 0) return 0;
    const weight = this.transitionWeight * factor;
    return Math.fround(Math.min(Math.max(weight, LEAST_WEIGHT), LARGEST_WEIGHT));
  }

  // Values themselves if they are probabilities, otherwise their likelihoods.
  #shares(values, nSteps) {
    const { nTokens, nDecoded } = this;
    let [least, largest, squares] = [Infinity, -Infinity, 0];
    for (let t = 0; t < nSteps; t++) {
      for (let i = t * nTokens; i < t * nTokens + nDecoded; i++) {
        const value = values[i];
        least = Math.min(least, value);
        largest = Math.max(largest, value);
        squares += Math.min(value ** 2, (1 - value) ** 2);
      }
    }
    if (least >= -ROUNDING * largest) return values;
    const variance = squares / (nSteps * nDecoded) + Number.MIN_VALUE;
    return this.#likelihoods(values, nSteps, variance);
  }

  #likelihoods(values, nSteps, variance) {
    const shares = Float64Array.from(values);
    for (let t = 0; t < nSteps; t++) {
      const start = t * this.nTokens;
      const largest = values[start + this.#largest(values, t, this.nDecoded)];
      for (let i = start; i < start + this.nDecoded; i++) {
        shares[i] = Math.exp((values[i] - largest) / (TEMPERATURE * variance));
      }
    }
    return shares;
  }

  #decodeAlongTransitions(values, nSteps, weight, melody) {
    const { nTokens, nDecoded, scores, others } = this;
    const impossible = Math.fround(IMPOSSIBLE / Math.min(weight, 1));
    for (let t = 0; t < nSteps; t++) {
      for (let i = 0; i < nDecoded; i++) {
        const k = t * nDecoded + i;
        scores[k] = values[t * nTokens + i] === 0 ? impossible : scores[k] / weight;
      }
      this.#gatherSymbols(t);
    }
    this.viterbi.find(this.onsets, this.holds, nSteps, melody);
    const otherSymbol = this.own.length;
    for (let t = 0; t < nSteps; t++) {
      const symbol = melody[t];
      melody[t] = this.symbolTokens[symbol];
      if (symbol === otherSymbol && others.length) {
        melody[t] = this.tokens[this.#bestOther(t)];
      }
    }
  }

  // Scores of the symbols and of a hold at a step, from those of the tokens.
  #gatherSymbols(t) {
    const { nDecoded, own, others, scores, onsets, holds } = this;
    const start = t * nDecoded;
    const to = t * (own.length + 2);
    for (let i = 0; i < own.length; i++) onsets[to + i] = scores[start + own[i]];
    const other = others.length ? scores[start + this.#bestOther(t)] : NONE;
    onsets[to + own.length] = Math.max(other, NONE);
    onsets[to + own.length + 1] = scores[start + nDecoded - 1];
    holds[t] = scores[start + nDecoded - 2];
  }

  // Column of the most probable one of the pitches that share a symbol.
  #bestOther(t) {
    const { scores, nDecoded, others } = this;
    let best = others[0];
    for (const i of others) {
      if (scores[t * nDecoded + i] > scores[t * nDecoded + best]) best = i;
    }
    return best;
  }
}

// Sum in float32, in NumPy's order for up to 128 numbers: whether a step is certain, and
// so the mean uncertainty, may depend on the rounding.
function sumAsNumpy(values) {
  const n = values.length - (values.length % 8);
  const sums = new Float32Array(8);
  for (let i = 0; i < n; i++) sums[i % 8] += values[i];
  for (const k of [1, 2, 4]) for (let i = 0; i < 8; i += 2 * k) sums[i] += sums[i + k];
  for (const value of values.subarray(n)) sums[0] += value;
  return sums[0];
}

// Turn every hold that has no note to hold into a rest, in place.
export function mendOrphanHolds(melody) {
  let isHeld = false;
  for (let t = 0; t < melody.length; t++) {
    if (melody[t] === HOLD && !isHeld) melody[t] = REST;
    isHeld = melody[t] < N_PITCHES || melody[t] === HOLD;
  }
  return melody;
}
