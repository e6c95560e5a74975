// Viterbi decoding of melodies with holds of any length, the twin of `_viterbi.py`.
//
// A path has a symbol for each step: one of S symbols that begins there, the last of
// which, S - 1, is rest and the others are pitches; or S for a hold. Sums are rounded
// to float32, as in Python.
//
// The state of a path is its last symbol and the one before. What follows adds to any
// two paths the same, but for log ratios whose context are these two symbols. So a path
// that is worse than another one by more than the largest difference of these is not
// the beginning of the best one, and is left out.

// Score of impossible paths.
const NEVER = Math.fround(-1e30);

// Scores with a smaller relative difference count as equal.
const EQUAL_SCORES = Math.fround(1e-6);

// Bound of the relative rounding error of a sum.
const SUM_ERROR = 1e-4;

export class Viterbi {
  // `level`, `pitch`, `rhythm` and `end` are those of `Transitions` in Python.
  constructor(nSteps, { level, pitch, rhythm, end }) {
    Object.assign(this, { level, pitch, rhythm, end });
    this.nSymbols = end.length;
    this.nPlaces = level.length;
    this.nAges = rhythm.length / (2 * level.length) - 1;
    // Least and largest log ratio of a symbol after each two.
    this.least = reduceRows(pitch, this.nSymbols, Math.min);
    this.largest = reduceRows(pitch, this.nSymbols, Math.max);
    this.spread = largestDifference(pitch, end, this.nSymbols);
    // Best scores by state, which is S * last + before: of paths whose last symbol
    // begins at a step, of paths before a step, and of those with a long last symbol.
    this.width = this.nSymbols ** 2;
    this.begun = new Float32Array(nSteps * this.width);
    this.ended = new Float32Array((nSteps + 1) * this.width);
    this.long = new Float32Array(this.width);
    // The states in `begun` that are not left out, and their number, for each step.
    this.states = new Int16Array(nSteps * this.width);
    this.nStates = new Int16Array(nSteps);
    // Sum of the scores of the holds since each step.
    this.held = new Float32Array(nSteps);
    this.best = new Float32Array(this.nSymbols);
  }

  // Write the best path, given the scores of each symbol and of a hold at each step.
  find(onsets, holds, nSteps, out) {
    const { width, nSymbols, nPlaces, ended, long, held } = this;
    long.fill(NEVER);
    ended.fill(NEVER, 0, width);
    ended[width - 1] = this.#weight(0, 0, 1);
    for (let t = 0; t < nSteps; t++) {
      const place = t % nPlaces;
      if (t) this.#end(t, place);
      this.#begin(t, place, onsets);
      if (t) this.#hold(t, place, holds[t]);
      held[t] = 0;
    }
    this.#end(nSteps, -1);
    this.#trace(holds, nSteps, out);
  }

  // Log ratio of a hold (0) or an onset (1) at a place of the measure; 0 at the end.
  #weight(place, age, isOnset) {
    if (place < 0) return 0;
    return this.rhythm[(place * (this.nAges + 1) + age) * 2 + isOnset];
  }

  // Best scores before step t: the maximum over the ages of the last symbol.
  #end(t, place) {
    const { width, nAges, begun, ended, long, held, states } = this;
    const row = t * width;
    const oldest = this.#weight(place, nAges, 1);
    for (let j = 0; j < width; j++) ended[row + j] = long[j] + oldest;
    for (let k = t - 1; k > t - nAges && k >= 0; k--) {
      const addend = Math.fround(held[k] + this.#weight(place, t - k, 1));
      const from = k * width;
      for (let i = from; i < from + this.nStates[k]; i++) {
        const score = begun[from + states[i]] + addend;
        if (score > ended[row + states[i]]) ended[row + states[i]] = score;
      }
    }
  }

  // Best scores of paths whose last symbol begins at step t.
  #begin(t, place, onsets) {
    const { width, nSymbols, begun, ended, best } = this;
    const row = t * width;
    const floor = this.#below(ended, row, row + width);
    begun.fill(NEVER, row, row + width);
    for (let b = 0; b < nSymbols; b++) {
      const rows = (this.level[place] * nSymbols + b) * nSymbols;
      if (!this.#findBest(row + b * nSymbols, rows, floor)) continue;
      for (let s = 0; s < nSymbols; s++) {
        begun[row + s * nSymbols + b] = best[s] + onsets[t * nSymbols + s];
      }
    }
    this.#list(t);
  }

  // Write the best scores of each symbol after two others, of which the last is given
  // by the places of its scores and of its log ratios. Return whether there are paths.
  // The first of the two is left out if another one is better before any symbol. The
  // best comes first, so that most comparisons end alike.
  #findBest(scores, rows, floor) {
    const { nSymbols, ended, pitch, least, largest, best } = this;
    let first = 0;
    for (let a = 1; a < nSymbols; a++) {
      if (ended[scores + a] > ended[scores + first]) first = a;
    }
    if (ended[scores + first] < floor) return false;
    const start = (rows + first) * nSymbols;
    for (let s = 0; s < nSymbols; s++) {
      best[s] = ended[scores + first] + pitch[start + s];
    }
    const local = ended[scores + first] + least[rows + first];
    for (let a = 0; a < nSymbols; a++) {
      const before = ended[scores + a];
      if (a === first || before < floor || before + largest[rows + a] < local) continue;
      const row = (rows + a) * nSymbols;
      for (let s = 0; s < nSymbols; s++) {
        const score = before + pitch[row + s];
        if (score > best[s]) best[s] = score;
      }
    }
    return true;
  }

  // List the states of step t that are not left out. Of the others the best one is
  // that of a pitch, since a rest is not held.
  #list(t) {
    const { width, nSymbols, begun, states } = this;
    const row = t * width;
    const floor = this.#below(begun, row, row + width - nSymbols);
    let n = 0;
    for (let j = 0; j < width; j++) {
      if (begun[row + j] >= floor) states[row + n++] = j;
    }
    this.nStates[t] = n;
  }

  // Score below which a path is left out.
  #below(scores, start, stop) {
    let best = NEVER;
    for (let j = start; j < stop; j++) if (scores[j] > best) best = scores[j];
    return best - this.spread - SUM_ERROR * Math.abs(best);
  }

  // Add a hold at step t. A rest is not held.
  #hold(t, place, hold) {
    const { width, nSymbols, nAges, begun, long, held, states } = this;
    begun.fill(NEVER, t * width - nSymbols, t * width);
    const oldest = Math.fround(this.#weight(place, nAges, 0) + hold);
    for (let j = 0; j < width; j++) long[j] += oldest;
    const first = t - nAges + 1;
    for (let k = Math.max(0, first); k < t; k++) {
      held[k] += Math.fround(this.#weight(place, t - k, 0) + hold);
    }
    if (first < 0) return;
    const from = first * width;
    for (let i = from; i < from + this.nStates[first]; i++) {
      const score = begun[from + states[i]] + held[first];
      if (score > long[states[i]]) long[states[i]] = score;
    }
  }

  // Trace the best path back.
  #trace(holds, nSteps, out) {
    const { nSymbols, nPlaces, width, ended } = this;
    let [symbol, before] = this.#last(nSteps);
    for (let t = nSteps; ; ) {
      let k = t - 1;
      if (symbol < nSymbols - 1) k = this.#onset(symbol, before, holds, t, nSteps);
      out[k] = symbol;
      out.fill(nSymbols, k + 1, t);
      if (k === 0) return;
      const weights = (this.level[k % nPlaces] * nSymbols + before) * width + symbol;
      const scores = k * width + before * nSymbols;
      let best = 0;
      let bestScore = -Infinity;
      for (let a = 0; a < nSymbols; a++) {
        const weight = this.pitch[weights + a * nSymbols];
        const score = Math.fround(ended[scores + a] + weight);
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
    const place = t < nSteps ? t % nPlaces : -1;
    let best = t - 1;
    let bestScore = NEVER;
    for (let k = t - 1; k >= 0; k--) {
      let score = begun[k * width + state];
      for (let u = k + 1; u < t; u++) {
        const weight = this.#weight(u % nPlaces, Math.min(u - k, nAges), 0);
        score = Math.fround(score + Math.fround(weight + holds[u]));
      }
      score = Math.fround(score + this.#weight(place, Math.min(t - k, nAges), 1));
      if (score > bestScore) [best, bestScore] = [k, score];
      if (score >= least) break;
    }
    return best;
  }
}

// Largest difference between log ratios that paths get by their last two symbols: in
// the next two symbols, or at the end.
function largestDifference(pitch, end, nSymbols) {
  const width = nSymbols ** 2;
  let [first, second] = [0, 0];
  for (let level = 0; level < pitch.length; level += width * nSymbols) {
    for (let s = 0; s < nSymbols; s++) {
      // Of symbol s after any two, and after any one before a given one.
      first = Math.max(first, spreadOf(pitch, level + s, nSymbols, width));
      for (let b = 0; b < nSymbols; b++) {
        const start = level + b * width + s;
        second = Math.max(second, spreadOf(pitch, start, nSymbols, nSymbols));
      }
    }
  }
  return Math.max(first + second, spreadOf(end, 0, 1, nSymbols));
}

// Difference between the largest and the least of some elements.
function spreadOf(array, start, stride, length) {
  let [least, largest] = [Infinity, -Infinity];
  for (let i = 0; i < length; i++) {
    least = Math.min(least, array[start + i * stride]);
    largest = Math.max(largest, array[start + i * stride]);
  }
  return largest - least;
}

// Reduce each row of an array to a number, such as its least element.
function reduceRows(array, length, reduce) {
  const reduced = new Float32Array(array.length / length);
  for (let i = 0; i < reduced.length; i++) {
    const row = array.subarray(i * length, (i + 1) * length);
    reduced[i] = row.reduce((a, b) => reduce(a, b));
  }
  return reduced;
}
