// Viterbi decoding of melodies with holds of any length, the twin of `_viterbi.py`.
//
// A path has a symbol for each step: one of S symbols that begins there, the last of
// which, S - 1, is rest and the others are pitches; or S for a hold. Sums are rounded
// to float32, as in Python.

// Score of impossible paths.
const NEVER = Math.fround(-1e30);

// Scores with a smaller relative difference count as equal.
const EQUAL_SCORES = Math.fround(1e-6);

export class Viterbi {
  // `level`, `pitch`, `rhythm` and `end` are those of `Transitions` in Python.
  constructor(nSteps, { level, pitch, rhythm, end }) {
    this.nSymbols = end.length;
    this.nPlaces = level.length;
    this.nAges = rhythm.length / (2 * level.length) - 1;
    Object.assign(this, { level, rhythm, end });
    // By level, the symbol before, the symbol, and the symbol before both.
    this.pitch = swapLastAxes(pitch, this.nSymbols);
    // Best scores by the last symbol and the one before: of paths whose last symbol
    // begins at a step, of paths before a step, and of those with a long last symbol.
    this.width = this.nSymbols ** 2;
    this.begun = new Float32Array(nSteps * this.width);
    this.ended = new Float32Array((nSteps + 1) * this.width);
    this.long = new Float32Array(this.width);
    // Sum of the scores of the holds since each step.
    this.held = new Float32Array(nSteps);
  }

  // Write the best path, given the scores of each symbol and of a hold at each step.
  find(onsets, holds, nSteps, out) {
    const { width, nSymbols, nPlaces, ended, long, held } = this;
    long.fill(NEVER);
    ended.fill(NEVER, 0, width);
    ended[nSymbols * (nSymbols - 1) + nSymbols - 1] = this.weight(0, 0, 1);
    for (let t = 0; t < nSteps; t++) {
      const place = t % nPlaces;
      if (t) this.#end(t, place);
      this.#begin(t, place, onsets);
      if (t) this.#hold(t, place, holds[t]);
      held[t] = 0;
    }
    this.#end(nSteps, -1);
    this.#trace(onsets, holds, nSteps, out);
  }

  // Log ratio of a hold (0) or an onset (1) at a place of the measure.
  weight(place, age, isOnset) {
    return this.rhythm[(place * (this.nAges + 1) + age) * 2 + isOnset];
  }

  // Best scores before step t: the maximum over the ages of the last symbol.
  #end(t, place) {
    const { width, nAges, begun, ended, long, held } = this;
    const atEnd = place < 0;
    const row = t * width;
    const oldest = atEnd ? 0 : this.weight(place, nAges, 1);
    for (let j = 0; j < width; j++) ended[row + j] = long[j] + oldest;
    for (let k = Math.max(0, t - nAges + 1); k < t; k++) {
      const addend = Math.fround(held[k] + (atEnd ? 0 : this.weight(place, t - k, 1)));
      raise(ended, row, begun, k * width, width, addend);
    }
  }

  // Best scores of paths whose last symbol begins at step t.
  #begin(t, place, onsets) {
    const { width, nSymbols, begun, ended, pitch } = this;
    const row = t * width;
    let k = this.level[place] * width * nSymbols;
    for (let b = 0; b < nSymbols; b++) {
      const before = row + b * nSymbols;
      for (let s = 0; s < nSymbols; s++, k += nSymbols) {
        let best = NEVER;
        for (let a = 0; a < nSymbols; a++) {
          const score = ended[before + a] + pitch[k + a];
          if (score > best) best = score;
        }
        begun[row + s * nSymbols + b] = Math.fround(best) + onsets[t * nSymbols + s];
      }
    }
  }

  // Add a hold at step t. A rest is not held.
  #hold(t, place, hold) {
    const { width, nSymbols, nAges, begun, long, held } = this;
    begun.fill(NEVER, t * width - nSymbols, t * width);
    const oldest = Math.fround(this.weight(place, nAges, 0) + hold);
    for (let j = 0; j < width; j++) long[j] += oldest;
    const first = t - nAges + 1;
    for (let k = Math.max(0, first); k < t; k++) {
      held[k] += Math.fround(this.weight(place, t - k, 0) + hold);
    }
    if (first >= 0) raise(long, 0, begun, first * width, width, held[first]);
  }

  // Trace the best path back.
  #trace(onsets, holds, nSteps, out) {
    const { nSymbols, nPlaces, width, ended } = this;
    let [symbol, before] = this.#last(nSteps);
    for (let t = nSteps; ; ) {
      let k = t - 1;
      if (symbol < nSymbols - 1) k = this.#onset(symbol, before, holds, t, nSteps);
      out[k] = symbol;
      out.fill(nSymbols, k + 1, t);
      if (k === 0) return;
      const level = this.level[k % nPlaces];
      const weights = ((level * nSymbols + before) * nSymbols + symbol) * nSymbols;
      const scores = k * width + before * nSymbols;
      let best = 0;
      let bestScore = -Infinity;
      for (let a = 0; a < nSymbols; a++) {
        const score = Math.fround(ended[scores + a] + this.pitch[weights + a]);
        if (score > bestScore) [best, bestScore] = [a, score];
      }
      [symbol, before, t] = [before, best, k];
    }
  }

  // Last symbol of the best path, and the one before.
  #last(nSteps) {
    const { nSymbols, width, ended, end } = this;
    let last = [0, 0];
    let best = -Infinity;
    for (let a = 0; a < nSymbols; a++) {
      for (let b = 0; b < nSymbols; b++) {
        const score = Math.fround(ended[nSteps * width + b * nSymbols + a] + end[b]);
        if (score > best) [last, best] = [[b, a], score];
      }
    }
    return last;
  }

  // Onset of the last symbol of the best path before step t.
  #onset(symbol, before, holds, t, nSteps) {
    const { nSymbols, nPlaces, nAges, width, begun, ended } = this;
    const state = symbol * nSymbols + before;
    const target = ended[t * width + state];
    const least = Math.fround(target - Math.fround(EQUAL_SCORES * Math.abs(target)));
    let best = t - 1;
    let bestScore = NEVER;
    for (let k = t - 1; k >= 0; k--) {
      let score = begun[k * width + state];
      for (let u = k + 1; u < t; u++) {
        const weight = this.weight(u % nPlaces, Math.min(u - k, nAges), 0);
        score = Math.fround(score + Math.fround(weight + holds[u]));
      }
      if (t < nSteps) {
        score = Math.fround(score + this.weight(t % nPlaces, Math.min(t - k, nAges), 1));
      }
      if (score > bestScore) [best, bestScore] = [k, score];
      if (score >= least) break;
    }
    return best;
  }
}

// out[j] = max(out[j], values[j] + addend), from two places on.
function raise(out, to, values, from, length, addend) {
  for (let j = 0; j < length; j++) {
    const score = values[from + j] + addend;
    if (score > out[to + j]) out[to + j] = score;
  }
}

function swapLastAxes(array, size) {
  const swapped = new Float32Array(array.length);
  for (let start = 0; start < array.length; start += size ** 2) {
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        swapped[start + j * size + i] = array[start + i * size + j];
      }
    }
  }
  return swapped;
}
