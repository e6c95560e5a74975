// Stems and beams of a staff: their directions, lengths and slopes.
//
// All lengths are in spaces, y downwards from the top line.
import { REST } from "./tokens.js";
import { MIDDLE_PLACE, yOfPlace } from "./staff_signs.js";

const STEM_LENGTH = 3.5;
const SLOPED_LENGTH = 3.2; // of the shortest stem of a sloped beam
const FLAG_DISTANCE = 0.75; // between two flags or beams
const MIDDLE_Y = 2;
const STEEPEST = 0.28; // rise of a beam for each space along the staff
export const STEM_WIDTH = 0.11;
export const BEAM_THICKNESS = 0.5;

// Groups of adjacent notes with flags that are beamed: each sign gets its beam.
export function addBeams(signs) {
  const beams = [];
  let group = [];
  const close = () => {
    if (group.length > 1) {
      const beam = { signs: group, isUp: isBeamUp(group) };
      for (const sign of group) sign.beam = beam;
      beams.push(beam);
    }
    group = [];
  };
  for (const sign of signs) {
    const isBeamed = sign.flags > 0 && sign.pitch !== REST;
    if (!isBeamed || (group.length && group[0].group !== sign.group)) close();
    if (isBeamed) group.push(sign);
  }
  close();
  return beams;
}

// The head that is farthest from the middle line decides; of two alike, the upper one.
function isBeamUp(signs) {
  const places = signs.map(({ place }) => place - MIDDLE_PLACE);
  return Math.max(...places) < -Math.min(...places);
}

// Whether the stem of a note goes up, or would, if it has none.
export function isStemUp(sign) {
  return sign.beam ? sign.beam.isUp : sign.place < MIDDLE_PLACE;
}

// Give each note without a beam its stem {x, from, to, isUp}.
export function addStems(signs) {
  for (const sign of signs) {
    if (!sign.hasStem || sign.beam) continue;
    const isUp = isStemUp(sign);
    const direction = isUp ? -1 : 1;
    const y = yOfPlace(sign.place);
    const extra = Math.max(0, sign.flags - 2) * FLAG_DISTANCE;
    const free = y + direction * (STEM_LENGTH + extra);
    // Stems of notes on ledger lines reach the middle line.
    const to = isUp ? Math.min(free, MIDDLE_Y) : Math.max(free, MIDDLE_Y);
    sign.stem = { ...stemStart(sign, isUp), to, isUp };
  }
}

function stemStart(sign, isUp) {
  const x = isUp ? sign.x + sign.width - STEM_WIDTH / 2 : sign.x + STEM_WIDTH / 2;
  return { x, from: yOfPlace(sign.place) + (isUp ? -0.16 : 0.16) };
}

// Place a beam: the y of its outer edge along x, the stems, and its segments.
export function placeBeam(beam) {
  const { signs, isUp } = beam;
  for (const sign of signs) sign.stem = { ...stemStart(sign, isUp), isUp };
  const [first, last] = [signs[0].stem.x, signs.at(-1).stem.x];
  const slope = riseOf(beam, last - first) / (last - first);
  const direction = isUp ? -1 : 1;
  const isFlat = slope === 0;
  // y at the first stem that gives each note a stem of its least length
  const edges = signs.map((sign) => {
    const along = slope * (sign.stem.x - first);
    const needed = yOfPlace(sign.place) + direction * leastStem(sign, isFlat);
    const reached = isUp ? Math.min(needed, MIDDLE_Y) : Math.max(needed, MIDDLE_Y);
    return reached - along;
  });
  const edge = isUp ? Math.min(...edges) : Math.max(...edges);
  const start = isFlat ? onLine(edge, direction) : direction * Math.ceil(direction * edge * 4) / 4;
  beam.yAt = (x) => start + slope * (x - first);
  for (const { stem } of signs) stem.to = beam.yAt(stem.x) - (direction * BEAM_THICKNESS) / 2;
  beam.segments = segmentsOf(signs, direction);
}

function leastStem({ flags }, isFlat) {
  const extra = flags > 2 ? (flags - 2) * FLAG_DISTANCE : 0;
  return (isFlat ? STEM_LENGTH : SLOPED_LENGTH) + extra + (flags > 1 && !isFlat ? 0.2 : 0);
}

// Rise (y downwards) from the first stem of a beam to the last one. A note between them
// that is nearer to the beam than both makes it flat.
function riseOf({ signs, isUp }, distance) {
  const places = signs.map(({ place }) => place);
  const [first, last] = [places[0], places.at(-1)];
  const nearest = isUp ? Math.max(first, last) : Math.min(first, last);
  const inner = places.slice(1, -1);
  const isHidden = inner.some((place) => (isUp ? place >= nearest : place <= nearest));
  if (first === last || isHidden) return 0;
  const most = Math.min(Math.abs(first - last) / 4, 1.25, STEEPEST * distance);
  return -Math.sign(last - first) * Math.max(0.25, Math.floor(most * 4) / 4);
}

// The next y, away from the heads, at which a flat beam sits on a staff line, hangs
// from one or has it in its middle.
function onLine(edge, direction) {
  const quarters = Math.ceil(direction * edge * 4 - 1e-9);
  const outer = direction * quarters;
  const isInSpace = (((outer - direction) % 4) + 4) % 4 === 2; // beam's middle
  return (isInSpace ? direction * (quarters + 1) : outer) / 4;
}

// Parts of the beams as {from, to, level}: the x of both ends, 0 for the outer beam.
function segmentsOf(signs, direction) {
  const most = Math.max(...signs.map(({ flags }) => flags));
  const segments = [];
  for (let level = 0; level < most; level++) {
    for (let i = 0; i < signs.length; i++) {
      if (signs[i].flags <= level) continue;
      let end = i;
      while (signs[end + 1]?.flags > level) end++;
      segments.push({ ...spanOf(signs, i, end), level, direction });
      i = end;
    }
  }
  return segments;
}

// x of both ends of a part of a beam; over one note it points to its neighbour.
function spanOf(signs, start, end) {
  const half = STEM_WIDTH / 2;
  const [from, to] = [signs[start].stem.x - half, signs[end].stem.x + half];
  if (end > start) return { from, to };
  const { step, end: after } = signs[start];
  const beginsUnit = (step - signs[0].step) % (2 * (after - step)) === 0;
  const isRight = start === 0 || (beginsUnit && start < signs.length - 1);
  const other = signs[isRight ? start + 1 : start - 1].stem.x;
  const length = Math.min(1.15, Math.abs(other - signs[start].stem.x) * 0.5);
  return isRight ? { from, to: from + length } : { from: to - length, to };
}
