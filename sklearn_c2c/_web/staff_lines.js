// What stands at the beginning of a line of music, what ties and tuplets cross it, and
// how high it is. All lengths are in spaces, y downwards from the top line.
import { REST } from "./tokens.js";
import { signatureSigns, yOfPlace } from "./staff_signs.js";
import { isStemUp } from "./staff_stems.js";

const CLEF_X = 0.6;
const KEY_GAP = 0.65; // before the key signature, and before the time signature
const SIGN_DISTANCE = { sharp: 0.98, flat: 0.9 };
const HIGHEST = -3.2; // top of a line of music, unless a sign is higher
const LOWEST = 7.2;
const TIE_DISTANCE = 0.72; // from the middle of a head

// Clef, key and time signature: [{glyph, x, y, className}], the x of the middle of the
// numbers of the time signature (null without them), and where it all ends.
export function headOf({ clef, signature, metre, pen }) {
  const signs = [{ glyph: clef.glyph, x: CLEF_X, y: clef.y, className: "clef" }];
  let end = CLEF_X + pen.glyphs[clef.glyph].box[2];
  const keys = signatureSigns(signature, clef);
  if (keys.length) end += KEY_GAP;
  for (const { glyph, place } of keys) {
    signs.push({ glyph, x: end, y: yOfPlace(place), className: "key" });
    end += SIGN_DISTANCE[glyph];
  }
  if (!metre) return { signs, middle: null, end };
  const width = Math.max(...metre.map((number) => pen.widthOfDigits("digit", number)));
  const middle = end + KEY_GAP + width / 2;
  return { signs, middle, end: end + KEY_GAP + width };
}

// Ties of a line as {from, to, y, direction, step}; a tie from the line before it and
// one to the next line are drawn up to the edge.
export function tiesOf(line) {
  const signs = line.measures.flatMap((measure) => measure.signs);
  const ties = [];
  signs.forEach((sign, i) => {
    if (sign.isTied && i === 0) ties.push(tieOf(null, sign, line));
    if (sign.tied) ties.push(tieOf(sign, signs[i + 1] ?? null, line));
  });
  return ties;
}

// A tie is on the other side of the head than the stem that it leaves.
function tieOf(start, end, line) {
  const isBelow = isStemUp(start ?? end);
  const direction = isBelow ? 1 : -1;
  const from = start ? start.x + 0.72 * start.width : end.x - 1.9;
  let to = line.end - 0.2;
  if (end) to = isBelow && !isStemUp(end) ? end.x - 0.08 : end.x + 0.28 * end.width;
  const y = yOfPlace((start ?? end).place) + direction * TIE_DISTANCE;
  return { from, to, y, direction, isFromBefore: !start };
}

// Tuplets of a line: {n, x, y, bracket}; `bracket` is null where a beam shows the group,
// else [from, to], and `isUp` says on which side of the staff it is.
export function tupletMarksOf(line) {
  return line.measures.flatMap(({ signs, tuplets }) =>
    tuplets.map((tuplet) => markOfTuplet(signs.filter((sign) => sign.tuplet === tuplet), tuplet.n)),
  );
}

function markOfTuplet(signs, n) {
  const [first, last] = [signs[0], signs.at(-1)];
  const isUp = signs.every((sign) => sign.pitch === REST || isStemUp(sign));
  const beam = first.beam?.signs.length === signs.length ? first.beam : null;
  const ends = signs.flatMap((sign) => extentOf(sign));
  const y = isUp ? Math.min(-0.6, ...ends) - 0.5 : Math.max(4.6, ...ends) + 0.5;
  const [from, to] = [first.x, last.x + last.width];
  return { n, x: (from + to) / 2, y, isUp, bracket: beam ? null : [from, to] };
}

// Highest and lowest y of a sign.
function extentOf({ pitch, place, accidental, stem }) {
  if (pitch === REST) return [0, 4];
  const y = yOfPlace(place);
  // A flat is 1.8 spaces high above its middle, a sharp 1.4 below it.
  const [above, below] = accidental ? [2, 1.5] : [0.6, 0.6];
  return [y - above, y + below, stem ? stem.to : y];
}

// Give a line its top and its bottom, from all that is drawn.
export function measureHeight(line) {
  const ys = line.measures.flatMap(({ signs }) => signs.flatMap(extentOf));
  for (const { y, direction } of line.ties) ys.push(y + direction * 1.4);
  for (const { y, isUp } of line.tupletMarks) ys.push(y + (isUp ? -1.2 : 1.2));
  line.top = Math.min(HIGHEST, Math.min(...ys) - 0.3);
  const lowest = Math.max(...ys);
  line.markY = Math.max(5.8, lowest + 0.35);
  line.bottom = Math.max(LOWEST, line.markY + 0.7);
}
