// Form: places of a melody that are alike, as `generation._form` of Python decodes them.
//
// Places are equal divisions of a melody; each has a letter, a number here, and places
// of one letter are alike as far as they are before the end of the melody.
import { END, HOLD, N_PITCHES } from "./tokens.js";

// Smallest probability of a token that is allowed.
const SMALLEST = 2 ** -126;

// For each place of some steps the number of the first one that is equal. A place that
// reaches beyond the end is like no other one.
export function lettersOf(melody, stepsOfPlace) {
  const n = Math.floor(melody.length / stepsOfPlace);
  const contents = placesOf(melody.slice(0, n * stepsOfPlace), n);
  return contents.map((place, i) =>
    place.includes(END) ? i : contents.findIndex((other) => areEqual(place, other)),
  );
}

// Average probabilities over the places of each letter, but for the end of the melody.
export function poolPlaces(decoder, values, letters) {
  const { nTokens, endColumn } = decoder;
  const own = lettersUpTo(decoder.lengthOf(values), letters, decoder.nSteps);
  const pooled = new Float32Array(values.length);
  const size = values.length / letters.length;
  for (let i = 0; i < own.length; i++) {
    const same = placesAlike(own, i);
    for (let k = 0; k < size; k++) {
      const isEnd = k % nTokens === endColumn;
      // Places that are like another one are before the end.
      if (isEnd && same.length > 1) continue;
      const sum = same.reduce((total, j) => total + values[j * size + k], 0);
      pooled[i * size + k] = sum / same.length;
    }
  }
  return pooled;
}

// Decode probabilities so that places of one letter have the same tokens. `allowed`
// is a mask of the tokens of each step, which comes before the form. Both may be null.
export function decodeSteps(decoder, values, letters, allowed) {
  if (!letters && !allowed) return decoder.decode(values);
  return new FormDecoder(decoder, letters, allowed).decode(values);
}

class FormDecoder {
  constructor(decoder, letters, allowed) {
    this.decoder = decoder;
    this.letters = letters;
    this.given = allowed;
    const { nSteps, nTokens, endColumn } = decoder;
    // That the end is not allowed is in the probabilities, from `decode` on.
    this.allowed = allowed ? allowed.slice() : new Uint8Array(nSteps * nTokens).fill(1);
    for (let t = 0; t < nSteps && endColumn >= 0; t++) {
      this.allowed[t * nTokens + endColumn] = 1;
    }
  }

  decode(values) {
    const P = this.given ? values.map(this.#forbidding(this.given)) : values;
    const free = this.#decodeAllowed(P);
    if (!this.letters) return free;
    const { nSteps } = this.decoder;
    const length = free.includes(END) ? free.indexOf(END) : nSteps;
    this.letters = lettersUpTo(length, this.letters, nSteps);
    const size = nSteps / this.letters.length;
    this.isFree = this.letters.map((_, i) => this.#allowsAll(i * size, (i + 1) * size));
    const melody = this.#decodeInForm(P, free);
    const starts = this.#unequalStarts(melody);
    if (!starts.length) return melody;
    const without = this.#forbidFirstHold(P, melody, starts);
    return this.#decodeInForm(without, this.#decodeAllowed(without));
  }

  #forbidding(allowed) {
    return (p, k) => (allowed[k] ? Math.max(p, SMALLEST) : 0);
  }

  #allowsAll(start, stop) {
    const { nTokens } = this.decoder;
    return this.allowed.subarray(start * nTokens, stop * nTokens).every(Boolean);
  }

  // Decode probabilities, which are 0 for tokens that are not allowed.
  #decodeAllowed(values) {
    const { decoder } = this;
    const { nTokens, tokens } = decoder;
    const melody = decoder.decode(values);
    // Without transitions a given hold may follow a rest; an onset is decoded instead.
    const orphans = this.#broken(melody);
    const before = orphans.map((t) => t - 1).filter((t) => t >= 0 && this.#hasPitch(t));
    if (!orphans.length) return melody;
    const onsets = values.slice();
    for (const t of before) {
      for (let i = 0; i < nTokens; i++) {
        if (tokens[i] >= N_PITCHES) onsets[t * nTokens + i] = 0;
      }
    }
    return decoder.decode(onsets);
  }

  #hasPitch(t) {
    const { nTokens, tokens } = this.decoder;
    return tokens.some((token, i) => token < N_PITCHES && this.allowed[t * nTokens + i]);
  }

  // Steps whose token is not allowed.
  #broken(melody) {
    const steps = [];
    melody.forEach((token, t) => {
      if (!this.#stands(token, t)) steps.push(t);
    });
    return steps;
  }

  #stands(token, t) {
    const { nTokens, tokens } = this.decoder;
    return Boolean(this.allowed[t * nTokens + tokens.indexOf(token)]);
  }

  // Decode with the same content in places of a letter. A place is not bound if its
  // content would leave no allowed token after it, as a rest before a given hold.
  #decodeInForm(values, free) {
    const bound = this.#bind(free);
    let melody = this.#decodeBound(values, bound);
    const broken = this.#broken(melody);
    if (!broken.length) return melody;
    const size = melody.length / this.letters.length;
    for (const t of broken) {
      const start = Math.max(0, Math.floor((t - 1) / size)) * size;
      bound.fill(-1, start, start + size);
    }
    melody = this.#decodeBound(values, bound);
    return this.#broken(melody).length ? free : melody;
  }

  // Decode with some tokens fixed; -1 in `bound` means that a step is free.
  #decodeBound(values, bound) {
    const { nTokens, tokens } = this.decoder;
    const fixed = values.slice();
    bound.forEach((token, t) => {
      if (token < 0) return;
      for (let i = 0; i < nTokens; i++) {
        fixed[t * nTokens + i] = tokens[i] === token ? 1 : 0;
      }
    });
    return this.#decodeAllowed(fixed);
  }

  // Fix the most frequent content of each letter in all places of it. Places with given
  // steps come first; of ties the first is taken.
  #bind(melody) {
    const { letters } = this;
    const contents = placesOf(melody, letters.length);
    const votes = contents.map((place, i) => {
      const alike = placesAlike(letters, i).filter((j) => areEqual(place, contents[j]));
      return alike.length + (this.isFree[i] ? 0 : letters.length);
    });
    const size = melody.length / letters.length;
    const bound = new Int16Array(melody.length).fill(-1);
    for (let i = 0; i < letters.length; i++) {
      const same = placesAlike(letters, i);
      const leader = same.reduce((a, b) => (votes[b] > votes[a] ? b : a));
      const content = contents[leader];
      const stands = content.every((token, k) => this.#stands(token, i * size + k));
      if (same.length > 1 && stands) bound.set(content, i * size);
    }
    return bound;
  }

  // Places whose first hold may have made free places of one letter unequal: these, and
  // those after them, with all free places of their letters.
  #unequalStarts(melody) {
    const { letters, isFree } = this;
    const contents = placesOf(melody, letters.length);
    const unequal = letters.map(
      (_, i) =>
        isFree[i] &&
        placesAlike(letters, i).some(
          (j) => isFree[j] && !areEqual(contents[i], contents[j]),
        ),
    );
    const starts = unequal.map((is, i) => is || Boolean(unequal[i - 1]));
    return [...letters.keys()].filter(
      (i) => isFree[i] && placesAlike(letters, i).some((j) => starts[j]),
    );
  }

  // Forbid a hold, and the end in its place, at the first step of some places.
  #forbidFirstHold(values, melody, places) {
    const { nTokens, tokens } = this.decoder;
    const without = values.slice();
    const size = melody.length / this.letters.length;
    for (const t of places.map((i) => i * size)) {
      for (let i = 0; i < nTokens && melody[t] !== END; i++) {
        if (tokens[i] === HOLD || tokens[i] === END) without[t * nTokens + i] = 0;
      }
    }
    return without;
  }
}

// Letters of their own for the places that reach beyond a number of steps.
function lettersUpTo(length, letters, nSteps) {
  const n = letters.length;
  const isWhole = (i) => (i + 1) * (nSteps / n) <= length;
  return Array.from(letters, (letter, i) => (isWhole(i) ? letter : n + i));
}

function placesOf(melody, n) {
  const size = melody.length / n;
  return Array.from({ length: n }, (_, i) => melody.slice(i * size, (i + 1) * size));
}

// Places of the letter of a place.
function placesAlike(letters, i) {
  return [...letters.keys()].filter((j) => letters[j] === letters[i]);
}

function areEqual(a, b) {
  return a.every((token, k) => token === b[k]);
}
