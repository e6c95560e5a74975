// The window of a tune: the measures that a melody is made of (`io/_window.py`). Notes
// are {onset, duration, pitch, tied}, measures as of `AbcMeasures.inTicks`, in ticks.
import { TICKS_OF_WHOLE, ticksOfMeasure } from "./ticks.js";

export function endOf({ onset, duration }) {
  return onset + duration;
}

// Index of the measure that the first note begins in.
export function firstSounding(notes, measures, tolerance = 0) {
  const onset = notes[0].onset + tolerance;
  return Math.max(0, countWhile(measures, ({ start }) => start <= onset) - 1);
}

// A metre as it counts: cut time has the steps of common time.
export function gridOf([beats, beatType]) {
  return beats === 2 && beatType === 2 ? [4, 4] : [beats, beatType];
}

// Find the first full measures, and the end of a part within the last one; `nMeasures`
// null takes all up to the last that has a note. Returns {start, stop, end, nMeasures,
// leadsOn, pickUp, nSilent, nSilentAfter, nAfter}: the window's own notes begin before
// `stop`; `nAfter` counts the measures that are left out after it.
export function findWindow(notes, measures, { metre, nMeasures, hasPickup, tolerance }) {
  const bar = ticksOfMeasure(metre);
  const found = fromFirstFull(notes, measures, { metre, hasPickup, tolerance });
  const { pickUp, nSilent } = found;
  let { rows } = found;
  const start = rows[0].start;
  const isWhole = nMeasures === null;
  let nSilentAfter = 0;
  if (isWhole) {
    ({ rows, nMeasures, nSilentAfter } = soundingMeasures(notes, rows, bar, tolerance));
  }
  const end = start + nMeasures * bar;
  const asked = { nMeasures, metre, pickUp, nSilent };
  const { nRows, missing } = fillWindow(notes, rows, asked);
  let stop = end;
  let leadsOn = false;
  if (missing > 0 && isWhole) {
    stop -= upbeatMissing(notes, rows, missing, { metre, pickUp });
  } else if (missing > 0) {
    if (!endsShort(notes, end, missing, pickUp)) throw tooShort(missing, bar, asked);
    stop -= pickUp;
  } else {
    const after = rows.slice(nRows);
    rows = rows.slice(0, nRows);
    stop = (isWhole ? null : partEnds(rows, bar).at(-1)) ?? end;
    leadsOn = stop === end && (after.length > 0 || rows.at(-1).closes > 0);
  }
  const rest = isWhole ? 0 : totalLength(found.rows.slice(nRows));
  const counts = { nMeasures, nSilent, nSilentAfter, nAfter: Math.ceil(rest / bar) };
  return { start, stop, end: end - missing, leadsOn, pickUp, ...counts };
}

function countWhile(sorted, isBefore) {
  const found = sorted.findIndex((one) => !isBefore(one));
  return found < 0 ? sorted.length : found;
}

function totalLength(rows) {
  return rows.reduce((sum, { length }) => sum + length, 0);
}

// Measures from the first full one that has a note, and the pick-up before it.
function fromFirstFull(notes, measures, { metre, hasPickup, tolerance }) {
  const bar = ticksOfMeasure(metre);
  const kept = withoutSilentMeasures(notes, measures, tolerance);
  const first = firstFull(kept.measures, metre);
  const pickUp = totalLength(kept.measures.slice(0, first));
  const { start } = kept.measures[first];
  const sounding = hasPickup ? notes : notes.filter((note) => endOf(note) > start);
  if (!sounding.length) throw new Error("The tune has no notes after the pick-up.");
  // Silent measures that signs divide, or that follow a pick-up, are left out here.
  const silence = Math.max(0, sounding[0].onset + tolerance - start);
  const nBars = Math.floor(silence / bar);
  const nSilent = kept.nSilent + nBars;
  const place = kept.measures.findIndex((row) => row.start === start + nBars * bar);
  if (place < 0) {
    throw new Error(`There is no bar line after the ${nSilent} measures without notes.`);
  }
  return { rows: kept.measures.slice(place), pickUp, nSilent };
}

// Leave out the whole measures before the first note. Short ones after the last of
// them stay: a measure that a sign divides may begin with them.
function withoutSilentMeasures(notes, measures, tolerance) {
  const before = measures.slice(0, firstSounding(notes, measures, tolerance));
  const isWhole = ({ length, metre: [beats, beatType] }) =>
    beats > 0 && length * beatType >= beats * TICKS_OF_WHOLE;
  const nLeftOut = before.findLastIndex(isWhole) + 1;
  return { measures: measures.slice(nLeftOut), nSilent: before.filter(isWhole).length };
}

// Index of the first measure that is full, or that the next ones complete. Those
// before it are the pick-up. Short measures that add up to whole ones, as between
// dotted bar lines, are no pick-up.
function firstFull(measures, metre) {
  const bar = ticksOfMeasure(metre);
  const full = measures.findIndex(({ length }) => length >= bar);
  if (full === 0) return 0;
  const starts = measures.map(({ start }) => start - measures[0].start);
  const ends = new Set(measures.map(({ length }, i) => starts[i] + length));
  if (full > 0) {
    const known = new Set(starts);
    const bound = starts[full] % bar;
    let isWhole = true;
    for (let place = bound; place < starts[full]; place += bar) {
      isWhole &&= known.has(place);
    }
    if (isWhole) return starts.indexOf(bound);
    throw new Error(
      `The tune begins with ${full} short measures, together ` +
        `${inMetre(starts[full], metre)} long, which are neither a pick-up nor whole ` +
        `measures of ${metre.join("/")}.`,
    );
  }
  const found = starts.findIndex((start) => start < bar && ends.has(start + bar));
  if (found < 0) throw new Error(`The tune has no full measure of ${metre.join("/")}.`);
  return found;
}

// Measures up to the last that has a note. The last one may be short; with it go
// silent pieces that complete it.
function soundingMeasures(notes, rows, bar, tolerance) {
  const last = notes.reduce((end, note) => Math.max(end, endOf(note)), 0);
  // A note that goes on for at most half a step after the bar line ends with it.
  const byEnd = countWhile(rows, ({ start }) => start < last - tolerance - 1);
  const onset = notes.at(-1).onset + tolerance;
  const byOnset = countWhile(rows, ({ start }) => start <= onset);
  const nSounding = Math.max(1, byEnd, byOnset);
  const endOfRow = ({ start, length }) => start + length - rows[0].start;
  const nMeasures = Math.ceil(endOfRow(rows[nSounding - 1]) / bar);
  const isCompleting = (row) => endOfRow(row) <= nMeasures * bar;
  const nKept = nSounding + rows.slice(nSounding).filter(isCompleting).length;
  const nSilentAfter = Math.ceil(totalLength(rows.slice(nKept)) / bar);
  return { rows: rows.slice(0, nKept), nMeasures, nSilentAfter };
}

// Check the rows that fill a window; returns how many they are, and the ticks that
// they leave empty at its end.
function fillWindow(notes, rows, { nMeasures, metre, pickUp, nSilent }) {
  const bar = ticksOfMeasure(metre);
  const end = rows[0].start + nMeasures * bar;
  let missing = nMeasures * bar;
  let nRows = 0;
  for (const row of rows) {
    if (missing <= 0) break;
    if (row.length > missing && endsShort(notes, end, missing, pickUp)) break;
    checkMeasure(row, (nSilent + nMeasures) * bar - missing, metre);
    missing -= row.length;
    nRows += 1;
  }
  return { nRows, missing };
}

// Check that a measure keeps the metre and completes those before.
function checkMeasure({ length, metre: own }, filled, metre) {
  const bar = ticksOfMeasure(metre);
  const number = Math.floor(filled / bar) + 1;
  if (own[0] && gridOf(own).join("/") !== metre.join("/")) {
    throw new Error(`The metre changes to ${own.join("/")} in measure ${number}.`);
  }
  const before = filled % bar;
  if (before + length > bar) {
    const lasts = inMetre(before || length, metre);
    const fault = before ? "and the next does not complete it to" : "more than";
    throw new Error(`Measure ${number} lasts ${lasts}, ${fault} ${metre.join("/")}.`);
  }
}

// Whether a short last measure is short by the length of the pick-up, or by less if
// the rests in it are written.
function endsShort(notes, end, missing, pickUp) {
  if (missing <= 0 || missing > pickUp) return false;
  return !notes.some(({ onset }) => onset >= end - pickUp && onset < end - missing);
}

function tooShort(missing, bar, { nMeasures, pickUp, nSilent }) {
  const whole = Math.floor(missing / bar);
  const rest = missing % bar;
  const isCompleted = whole > 0 && rest <= pickUp; // it is short by the pick-up
  const found = nMeasures - whole - (isCompleted ? 0 : rest / bar);
  const before = [
    ...(pickUp ? ["the pick-up"] : []),
    ...(nSilent ? [`${nSilent} without notes at its start`] : []),
  ].join(" and ");
  const shownCount = Number(found.toPrecision(6));
  const error = new Error(
    `The tune has ${shownCount} measure${shownCount === 1 ? "" : "s"}` +
      `${before && ` after ${before}`}, fewer than the ${nMeasures} of a melody here.`,
  );
  return Object.assign(error, { isTooShort: true });
}

// Length of the upbeat that a short last measure of a whole tune leaves room for: the
// pick-up of the tune, or else that of its last part, the last piece of a measure that
// completes one before. If most measures are divided, such pieces are no pick-ups.
function upbeatMissing(notes, rows, missing, { metre, pickUp }) {
  const bar = ticksOfMeasure(metre);
  const places = rows.map(({ start }) => start - rows[0].start);
  const last = Math.floor(places.at(-1) / bar);
  const end = rows[0].start + (last + 1) * bar;
  if (endsShort(notes, end, missing, pickUp)) return pickUp;
  const completing = places.filter((place) => place % bar && place < last * bar);
  if (2 * countMeasures(completing, bar) <= last && completing.length) {
    const ofPart = bar - (completing.at(-1) % bar);
    if (endsShort(notes, end, missing, ofPart)) return ofPart;
  }
  throw new Error(
    `The tune ends with a measure of ${inMetre(bar - missing, metre)}; expected a ` +
      `whole one of ${metre.join("/")}, or one that is shorter by a pick-up.`,
  );
}

function countMeasures(places, bar) {
  return new Set(places.map((place) => Math.floor(place / bar))).size;
}

// Ticks at which parts of the tune end within the last measure of a window. A bar line
// without a repeat sign ends no part if most measures before it contain such bar
// lines, which are then dotted ones.
function partEnds(rows, bar) {
  const last = Math.floor((rows.at(-1).start - rows[0].start) / bar);
  const seams = rows.slice(1).map((after, i) => {
    const before = rows[i];
    const place = after.start - rows[0].start;
    const beginsEnding = after.endings > 0 && before.endings === 0;
    const hasSign = before.closes > 0 || after.opens;
    const isInside = place % bar > 0;
    const isPlain = isInside && !beginsEnding && !hasSign;
    const isEnd = isInside && (!beginsEnding || before.closes > 0);
    return { place, hasSign, isPlain, isEnd };
  });
  const plain = seams.filter(({ place, isPlain }) => isPlain && place < last * bar);
  const areDotted = 2 * countMeasures(plain.map(({ place }) => place), bar) > last;
  return seams
    .filter(({ isEnd, hasSign }) => isEnd && (!areDotted || hasSign))
    .filter(({ place }) => place >= last * bar)
    .map(({ place }) => rows[0].start + place);
}

// Name a length as a metre does: 12/8 for that of two measures of 6/8.
function inMetre(ticks, [, beatType]) {
  let parts = beatType;
  while ((ticks * parts) % TICKS_OF_WHOLE && parts < TICKS_OF_WHOLE) parts += beatType;
  return `${Math.round((ticks * parts) / TICKS_OF_WHOLE)}/${parts}`;
}
