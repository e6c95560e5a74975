// The state of an explorer as the fields of a link, and back.
import {
  NO_TITLE,
  bytesOfFloats,
  bytesOfMelody,
  floatsOfBytes,
  fromLinkText,
  melodyOfBytes,
  shortTitle,
  toLinkText,
} from "./state.js";

// Fields of a state: a tune by its number, anything else by its latent vector and steps.
export function fieldsOfState(state) {
  const { title, melody, z, place, tune, kept, isDecoded } = state;
  const measures = kept?.measures.map(Number).join("") ?? "";
  const kind = isDecoded ? "decoded" : "own";
  if (tune >= 0) return { tune, kept: measures };
  return {
    kind,
    title,
    z: toLinkText(bytesOfFloats(z)),
    melody: toLinkText(bytesOfMelody(melody)),
    at: place.map((x) => x.toFixed(4)).join(","),
    kept: measures,
  };
}

// The state of some fields, or null if there is none or it is damaged.
export function stateOfFields(fields, composer) {
  try {
    const read = fields.tune === undefined ? freeState : tuneState;
    const state = read(fields, composer);
    if (!state) return null;
    return { ...state, kept: keptOf(fields.kept, state.melody, composer) };
  } catch {
    return null; // characters that are not base64
  }
}

function tuneState({ tune }, composer) {
  const index = Number(tune);
  const isThere = Number.isInteger(index) && index >= 0 && index < composer.space.size;
  return isThere ? composer.ofTune(index) : null;
}

function freeState({ kind, title, z, melody, at }, { space, model }) {
  const steps = melodyOfBytes(fromLinkText(melody ?? ""), model.decoder);
  const code = floatsOfBytes(fromLinkText(z ?? ""), model.h);
  if (!steps || !code) return null;
  const point = (at ?? "").split(",").map(Number);
  const hasPlace = point.length === 2 && point.every(Number.isFinite);
  const place = hasPlace ? point : space.placeOf(steps);
  const isDecoded = kind !== "own";
  const letters = space.lettersOf(isDecoded ? space.tune(space.near(...place, 1)[0][0]) : steps);
  const name = shortTitle(title || NO_TITLE);
  const read = { title: name, melody: steps, z: code, letters, place, isDecoded };
  return { ...read, near: [], tune: -1, kept: null, base: null };
}

function keptOf(text, melody, { notation }) {
  const n = Math.ceil(melody.length / notation.stepsPerMeasure);
  if (!text || !/^[01]+$/.test(text) || text.length !== n || !text.includes("1")) return null;
  return { melody, measures: Array.from(text, (digit) => digit === "1") };
}
