// From a tune in ticks to a melody in steps (`io/_excerpt.py`).
import { HOLD, N_PITCHES, REST } from "./tokens.js";
import { TICKS_OF_QUARTER, ticksOfMeasure } from "./ticks.js";
import { endOf, findWindow, firstSounding, gridOf } from "./window.js";

// Metre of the measure where the first note is, or null.
export function metreOfVoice({ notes, measures }) {
  const { metre } = measures[firstSounding(notes, measures)];
  return metre[0] ? gridOf(metre) : null;
}

// Cut the first full measures, or all of them, out of a voice. Returns the window (see
// `findWindow`), its notes in ticks from the start of the melody, and its stop so too.
export function excerptOf({ notes, measures }, { isPlayed, ...asked }) {
  const bar = ticksOfMeasure(asked.metre);
  const played = unfolded(notes, measures, isPlayed);
  const sounding = withoutUnisons(played.notes);
  const window = findWindow(sounding, played.measures, asked);
  const start = window.start - (asked.hasPickup ? bar : 0);
  const cut = [];
  for (const note of joinTies(sounding)) {
    const onset = Math.max(note.onset, start);
    const end = Math.min(endOf(note), window.end);
    if (end > onset) cut.push({ ...note, onset: onset - start, duration: end - onset });
  }
  let stop = window.stop - start;
  if (window.leadsOn) stop -= upbeatTicks(cut, stop, asked, window.pickUp);
  return { ...window, notes: cut, stop };
}

// Keep the highest of notes that sound together; a note may overlap the next one by
// `tolerance` ticks, as in legato playing.
export function highestNotes(notes, tolerance) {
  let end = -1;
  let areTogether = false;
  for (const [i, note] of notes.entries()) {
    const isChord = i > 0 && notes[i - 1].onset === note.onset;
    areTogether ||= isChord || (i > 0 && end > note.onset + tolerance);
    end = Math.max(end, endOf(note));
  }
  if (!areTogether) return notes;
  const kept = [];
  let sounding = [];
  const byHeight = (a, b) => a.onset - b.onset || b.pitch - a.pitch;
  for (const note of [...notes].sort(byHeight)) {
    const now = note.onset + tolerance;
    sounding = sounding.filter((one) => endOf(one) > now);
    if (sounding.some(({ pitch }) => pitch >= note.pitch)) continue;
    kept.push(note);
    sounding.push(note);
  }
  return kept;
}

// Round notes to steps and write them into a melody. Returns {melody, nMoved, nMerged}:
// onsets between two steps, and notes left out for another one on their step.
export function onGrid(notes, stepsPerQuarter, nSteps) {
  const placed = notes.map((note) => {
    const exact = note.onset * stepsPerQuarter; // in this unit a step is a quarter's ticks
    const step = nearestStep(exact);
    const end = nearestStep(endOf(note) * stepsPerQuarter);
    const distance = Math.abs(exact - step * TICKS_OF_QUARTER);
    return { step, end, pitch: note.pitch, distance };
  });
  const byNearness = placed
    .map((note, i) => ({ ...note, i }))
    .sort((a, b) => a.step - b.step || a.distance - b.distance || a.i - b.i);
  const kept = byNearness.filter(({ step }, i) => step !== byNearness[i - 1]?.step);
  const melody = new Int16Array(nSteps).fill(REST);
  kept.forEach(({ step, end, pitch }, i) => {
    if (step >= nSteps) return;
    const next = kept[i + 1]?.step ?? nSteps;
    melody[step] = pitch;
    melody.fill(HOLD, step + 1, Math.min(Math.max(end, step + 1), next, nSteps));
  });
  const nMoved = placed.filter(({ distance }) => distance > 0).length;
  return { melody, nMoved, nMerged: notes.length - kept.length };
}

// Fill a melody from `stop` (ticks) to its end: hold the last note, or go on resting.
// Returns the steps there, if notes in them were replaced; else 0.
export function closeMelody(melody, stop, stepsPerQuarter) {
  const first = Math.ceil((stop * stepsPerQuarter) / TICKS_OF_QUARTER);
  const rest = melody.subarray(first);
  const hasNotes = rest.some((token) => token < N_PITCHES);
  rest.fill(melody[first - 1] === REST ? REST : HOLD);
  return hasNotes ? rest.length : 0;
}

// Nearest step of a time in parts of a step, the earlier of two equally near.
function nearestStep(time) {
  return Math.ceil((2 * time - TICKS_OF_QUARTER) / (2 * TICKS_OF_QUARTER));
}

// Indices of measures in the order they sound. A section ends at a repeat sign or
// after its last ending. Played, it occurs as often as its sign or its endings say;
// written, once, with its last ending.
function playOrder(measures, isPlayed) {
  const sections = [];
  measures.forEach(({ opens, endings }, i) => {
    const before = measures[i - 1];
    const isAfter = before && !endings && (before.closes > 0 || before.endings > 0);
    if (!i || isAfter || opens) sections.push([]);
    sections.at(-1).push(i);
  });
  const order = [];
  for (const section of sections) {
    let [last, closes] = [1, 0];
    for (const i of section) {
      last = Math.max(last, 32 - Math.clz32(measures[i].endings));
      closes = Math.max(closes, measures[i].closes);
    }
    const times = Math.max(last, closes);
    for (let turn = isPlayed ? 0 : last - 1; turn < (isPlayed ? times : last); turn++) {
      for (const i of section) {
        const { endings } = measures[i];
        if (!endings || (endings >> turn) & 1) order.push(i);
      }
    }
  }
  return order;
}

// Notes and measures in the order they sound.
function unfolded(notes, measures, isPlayed) {
  const order = playOrder(measures, isPlayed);
  const byMeasure = measures.map(() => []);
  let place = 0;
  for (const note of notes) {
    while (place + 1 < measures.length && measures[place + 1].start <= note.onset) {
      place += 1;
    }
    byMeasure[place].push(note);
  }
  const found = { notes: [], measures: [] };
  let start = 0;
  for (const number of order) {
    const row = measures[number];
    for (const note of byMeasure[number]) {
      found.notes.push({ ...note, onset: note.onset + start - row.start });
    }
    found.measures.push({ ...row, start });
    start += row.length;
  }
  return found;
}

// Merge notes of one onset and pitch into the longest of them.
function withoutUnisons(notes) {
  const longest = new Map();
  for (const note of notes) {
    const name = `${note.onset} ${note.pitch}`;
    const other = longest.get(name);
    const isLonger =
      note.duration > other?.duration ||
      (note.duration === other?.duration && note.tied && !other.tied);
    if (!other || isLonger) longest.set(name, note);
  }
  return [...longest.values()].sort((a, b) => a.onset - b.onset);
}

// Join each tied note with the next, if that is adjacent and of the same pitch.
function joinTies(notes) {
  const joined = [];
  const lastOfPitch = new Map(); // {head, end, tied} of the note before
  for (const note of notes) {
    const before = lastOfPitch.get(note.pitch);
    const isTied = before?.tied && before.end === note.onset;
    const head = isTied ? before.head : { ...note };
    if (!isTied) joined.push(head);
    head.duration = endOf(note) - head.onset;
    lastOfPitch.set(note.pitch, { head, end: endOf(note), tied: note.tied });
  }
  return joined;
}

// Ticks within which notes at the end of a whole measure may be an upbeat: as long as
// the tune's pick-up, if the note before is longer than any note within them; else
// what follows the onset of the last beat.
function upbeatTicks(notes, end, { metre }, pickUp) {
  const inside = notes.filter(({ onset }) => onset >= end - pickUp);
  const before = notes[notes.length - inside.length - 1];
  if (inside.length && before && pickUp < ticksOfMeasure(metre)) {
    const longest = inside.reduce((sum, note) => Math.max(sum, note.duration), 0);
    if (before.duration > longest) return pickUp;
  }
  const [beats, beatType] = metre;
  const isCompound = beats % 3 === 0 && beats > 3 && beatType >= 8;
  return ticksOfMeasure([isCompound ? 3 : 1, beatType]) - 1;
}
