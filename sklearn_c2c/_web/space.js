import { END } from "./tokens.js";

const N_MIXED = 6; // tunes whose codes are mixed at a free point

// The tunes of a corpus: melodies, points in the plane, and latent vectors.
export class Space {
  constructor(model, arrays, titles, notation) {
    this.model = model;
    this.titles = titles;
    this.size = titles.length;
    this.nSteps = model.nSteps;
    this.tunes = arrays.tunes;
    this.points = arrays.points;
    this.stored = model.canEncode ? null : arrays.codes;
    this.placeSteps = stepsOfPlace(notation.stepsPerMeasure, this.nSteps);
    this.codes = new Array(this.size).fill(null);
  }

  tune(index) {
    const start = index * this.nSteps;
    return Array.from(this.tunes.subarray(start, start + this.nSteps));
  }

  point(index) {
    return [this.points[2 * index], this.points[2 * index + 1]];
  }

  // The latent vector of a tune: by the page's own encoder, and kept once it is known; a
  // page without an encoder has them all.
  code(index) {
    const { model, stored } = this;
    this.codes[index] ??= stored
      ? stored.slice(index * model.h, (index + 1) * model.h)
      : Float32Array.from(model.encode(this.tune(index)));
    return this.codes[index];
  }

  // The tunes nearest to a point of the plane, nearest first, as [index, distance].
  near(x, y, n) {
    const distance = (i) => Math.hypot(this.points[2 * i] - x, this.points[2 * i + 1] - y);
    return smallest(this.size, n, distance);
  }

  // The mixture of the codes of the tunes around a point, and these with their weights.
  at(x, y) {
    const near = weightsOf(this.near(x, y, N_MIXED + 1));
    return { z: this.mixed(near), near };
  }

  // Codes weighted by [index, weight], of which the weights sum to 1.
  mixed(weights) {
    const z = new Float32Array(this.model.h);
    for (const [index, weight] of weights) {
      const code = this.code(index);
      for (let j = 0; j < z.length; j++) z[j] += weight * code[j];
    }
    return z;
  }

  // The tunes with the fewest steps that differ from a melody, as [index, number].
  alike(melody, n, without = -1) {
    const { tunes, nSteps } = this;
    return smallest(this.size, n, (i) => {
      if (i === without) return Infinity;
      let different = 0;
      for (let j = 0, k = i * nSteps; j < nSteps; j++, k++) {
        if (tunes[k] !== melody[j]) different++;
      }
      return different;
    }).filter(([, number]) => number < Infinity);
  }

  // Weights of the tunes that a melody is most alike.
  weightsAlike(melody) {
    return weightsOf(this.alike(melody, N_MIXED + 1));
  }

  // Where a melody belongs in the plane: between the tunes that it is most alike.
  placeOf(melody) {
    const point = [0, 0];
    for (const [index, weight] of this.weightsAlike(melody)) {
      point[0] += weight * this.points[2 * index];
      point[1] += weight * this.points[2 * index + 1];
    }
    return point;
  }

  // For each half measure of a melody the number of the first one that is equal; null
  // if half measures do not divide it. One that reaches beyond the end is like no other.
  lettersOf(melody) {
    if (!this.placeSteps) return null;
    const texts = [];
    for (let start = 0; start < melody.length; start += this.placeSteps) {
      const place = melody.slice(start, start + this.placeSteps);
      texts.push(place.includes(END) ? `end ${start}` : place.join());
    }
    return texts.map((text) => texts.indexOf(text));
  }
}

// Steps of a half measure, or of a measure of an odd number of steps.
function stepsOfPlace(measure, nSteps) {
  const steps = measure % 2 ? measure : measure / 2;
  return nSteps % steps ? 0 : steps;
}

// The n indices of the smallest values, in order, as [index, value].
function smallest(size, n, valueOf) {
  const found = [];
  for (let i = 0; i < size; i++) {
    const value = valueOf(i);
    if (found.length === n && !(value < found[n - 1][1])) continue;
    let place = found.length;
    while (place > 0 && value < found[place - 1][1]) place--;
    found.splice(place, 0, [i, value]);
    if (found.length > n) found.pop();
  }
  return found;
}

// Weights by the inverse of the distance that reach 0 where a tune leaves the nearest
// ones, so that the mixture has no jumps: ((R - d) / (R d))^2, R being the distance of
// the first tune beyond them.
function weightsOf(found) {
  const [index, nearest] = found[0];
  if (found.length === 1 || nearest < 1e-6) return [[index, 1]];
  const radius = found.length > N_MIXED ? found.at(-1)[1] : Infinity;
  const inner = found.slice(0, N_MIXED);
  const weights = inner.map(([, distance]) => {
    const share = radius === Infinity ? 1 : (radius - distance) / radius;
    return (share / distance) ** 2;
  });
  const sum = weights.reduce((a, b) => a + b, 0);
  if (!(sum > 0)) return inner.map(([i]) => [i, 1 / inner.length]);
  return inner.map(([i], j) => [i, weights[j] / sum]);
}
