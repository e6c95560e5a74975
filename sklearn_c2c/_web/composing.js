// States of the explorer: the present melody, and how it came about. A state is
//   title, melody
//   z        its latent vector
//   letters  of its half measures, whose form a decoded melody takes; or null
//   place    its point in the plane
//   near     the tunes that are mixed in it, as [index, weight]
//   tune     the index of the tune that it is, or -1
//   kept     {melody, measures}: measures (booleans) that keep what they have; or null
//   base     the state before sliders moved it, or null
//   isDecoded  whether the melody is what the model makes of z
import { N_PITCHES } from "./tokens.js";

// Makes states; none is changed afterwards.
export class Composer {
  constructor(model, space, notation) {
    Object.assign(this, { model, space, notation });
    this.keepsForm = true;
    this.hasProbabilities = model.hasProbabilities;
  }

  // A tune as it is, or with the measures that are kept.
  ofTune(index, kept = null) {
    const { space } = this;
    const tune = space.tune(index);
    const z = space.code(index);
    const letters = space.lettersOf(tune);
    const melody = kept ? this._decoded(z, letters, kept) : tune;
    const [title, place, near] = [space.titles[index], space.point(index), []];
    const tuneIndex = kept ? -1 : index;
    const isDecoded = kept !== null;
    return { title, melody, z, letters, place, near, tune: tuneIndex, kept, base: null, isDecoded };
  }

  // The tunes around a point of the plane, mixed.
  ofPoint(place, kept = null) {
    const { near, z } = this.space.at(...place);
    return this._mixed(near, z, place, kept);
  }

  // Tunes with weights, which lie at a place.
  ofWeights(weights, kept = null) {
    const place = [0, 0];
    for (const [index, weight] of weights) {
      const point = this.space.point(index);
      for (const c of [0, 1]) place[c] += weight * point[c];
    }
    return this._mixed(weights, this.space.mixed(weights), place, kept);
  }

  // A state whose latent vector has been moved.
  ofLatent(moved, state, name) {
    const z = this.model.nearestCode(moved);
    const { letters, kept } = state;
    const base = state.base ?? state;
    const melody = this._decoded(z, letters, kept);
    const place = this.space.placeOf(melody);
    const title = `${base.title}, by ${name.toLowerCase()}`;
    return { title, melody, z, letters, place, near: [], tune: -1, kept, base, isDecoded: true };
  }

  // A latent vector that is given, decoded without a form.
  ofCode(z, title) {
    const melody = this._decoded(z, null, null);
    const place = this.space.placeOf(melody);
    return { title, melody, z, letters: null, place, near: [], tune: -1, kept: null, base: null, isDecoded: true };
  }

  // A melody of the user's own. Without an encoder its code is a mixture of those that
  // it is alike.
  ofOwn(melody, title) {
    const { model, space } = this;
    const place = space.placeOf(melody);
    const z = model.canEncode
      ? Float32Array.from(model.encode(melody))
      : space.mixed(space.weightsAlike(melody));
    const letters = space.lettersOf(melody);
    const made = { title, melody, z, letters, place };
    return { ...made, near: [], tune: -1, kept: null, base: null, isDecoded: false };
  }

  // The same state with a measure kept or free.
  withLock(state, measure) {
    const n = Math.ceil(state.melody.length / this.notation.stepsPerMeasure);
    const measures = Array.from({ length: n }, (_, i) => Boolean(state.kept?.measures[i]));
    measures[measure] = !measures[measure];
    const kept = measures.includes(true) ? { melody: state.melody, measures } : null;
    return { ...state, kept };
  }

  // Decode a state again, after the choice of the form has changed.
  again(state) {
    if (!state.isDecoded) return state;
    return { ...state, melody: this._decoded(state.z, state.letters, state.kept) };
  }

  _mixed(near, z, place, kept) {
    const { space } = this;
    const [heaviest, second] = [...near].sort((a, b) => b[1] - a[1]);
    const letters = space.lettersOf(space.tune(heaviest[0]));
    const melody = this._decoded(z, letters, kept);
    const name = space.titles[heaviest[0]];
    const isNear = heaviest[1] > 0.8 || !second || second[0] === heaviest[0];
    const title = isNear ? `Near ${name}` : `Between ${name} and ${space.titles[second[0]]}`;
    return { title, melody, z, letters, place, near, tune: -1, kept, base: null, isDecoded: true };
  }

  _decoded(z, letters, kept) {
    if (!this.hasProbabilities) return Array.from(this.model.decode(z));
    const options = { letters: this.keepsForm ? letters : null, kept: null };
    if (kept) options.kept = { melody: kept.melody, mask: this._maskOf(kept.measures) };
    return Array.from(this.model.decode(z, options));
  }

  // 1 for each step of a measure that is kept.
  _maskOf(measures) {
    const { stepsPerMeasure } = this.notation;
    return Uint8Array.from({ length: this.model.nSteps }, (_, step) =>
      Number(measures[Math.floor(step / stepsPerMeasure)]),
    );
  }
}

// The title of a state, with the measures that it has of another melody.
export function titleOf({ title, kept, isDecoded }, { pickup }) {
  if (!kept || !isDecoded) return title;
  const numbers = kept.measures.flatMap((isKept, i) => (isKept ? [i + Number(!pickup)] : []));
  const names = numbers.map((number) => (number ? `${number}` : "the pick-up"));
  const isOne = names.length === 1 && numbers[0] > 0;
  const list = [names.slice(0, -1).join(", "), names.at(-1)].filter(Boolean).join(" and ");
  return `${title}, measure${isOne ? "" : "s"} ${list} kept`;
}

// The tune that a melody is most alike, and what it has in common with it.
export function comparedWith(melody, space, without) {
  const [found] = space.alike(melody, 1, without);
  if (!found) return null;
  const tune = space.tune(found[0]);
  const isSame = melody.map((token, step) => token === tune[step]);
  const nNotes = melody.filter((token) => token < N_PITCHES).length;
  const nCommon = melody.filter((token, step) => token < N_PITCHES && isSame[step]).length;
  return { index: found[0], tune, isSame, nNotes, nCommon };
}
