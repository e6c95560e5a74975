// A melody laid out for notation, as `io/_sheet.py` does: measures of notes and rests,
// cut at bar lines and where a note would hide a beat, with ties, tuplets and beams.
import { REST, lengthOf, notesOf } from "./tokens.js";
import { parseKey } from "./keys.js";
import { spellMeasures } from "./spelling.js";

const LONGEST_QUARTERS = 32; // of a maxima, the longest note that MusicXML has

// A melody filled up to whole measures. It begins with an incomplete measure of
// `pickup` steps (0 for none), if the notation says that it has one.
export class Sheet {
  constructor(melody, { title = "", notation }) {
    this.notation = notation;
    this.title = oneLine(title);
    this.key = notation.key ? parseKey(notation.key) : null;
    this.stepsPerMeasure = notation.stepsPerMeasure;
    const steps = Array.from(melody).slice(0, lengthOf(melody));
    const missing = modulo(-steps.length, this.stepsPerMeasure);
    const silent = notation.pickup ? silentSteps(steps, notation) : 0;
    this.start = silent; // steps that are left out before the pick-up
    this.pickup = modulo(-silent, this.stepsPerMeasure);
    this.melody = [...steps.slice(silent), ...Array(missing).fill(REST)];
    this.oddGrid = oddPart(notation.stepsPerQuarter);
    this.sizes = sizesOfSpans(notation);
    this.beamEnds = endsOfBeams(notation);
  }

  get beatsPerMinute() {
    const [numerator, denominator] = this.notation.beatUnit;
    return (this.notation.tempo * denominator) / (4 * numerator);
  }

  // Measures {events, tuplets}. An event is {start, length, pitch, tied}: steps from
  // where the bar line is, or would be before a pick-up; MIDI pitch or REST; whether
  // the note is tied to the next one. A note has `spelled` (see spelling.js) too.
  measures() {
    const measures = this.eventsByMeasure().map((events) => {
      const places = new Set(events.flatMap(({ start, end }) => [start, end]));
      const tuplets = this.tupletsIn(places, 0, 0);
      // A tuplet that a pick-up begins within has no first note to be marked at.
      const isMarked = ({ start }) => events.some((event) => event.start <= start);
      return { events: this.signsOf(events, tuplets), tuplets: tuplets.filter(isMarked) };
    });
    spellMeasures(measures.map(({ events }) => events), this.key);
    return measures;
  }

  // Events [start, end, pitch] of each measure; `goesOn` if cut by the bar line.
  eventsByMeasure() {
    const size = this.stepsPerMeasure;
    const first = this.pickup ? size - this.pickup : 0;
    const measures = [];
    for (const [onset, duration, pitch] of withRests(this.melody)) {
      const end = onset + duration + first;
      for (let start = onset + first; start < end; ) {
        const bar = start - (start % size);
        const cut = Math.min(end, bar + size);
        const event = { start: start - bar, end: cut - bar, pitch, goesOn: cut < end };
        (measures[bar / size] ??= []).push(event);
        start = cut;
      }
    }
    return measures;
  }

  // Cut the events of a measure to what one note sign each can show.
  signsOf(events, tuplets) {
    const edges = tuplets.flatMap(({ start, end }) => [start, end]);
    const signs = [];
    for (const { start, end, pitch, goesOn } of events) {
      const inside = edges.filter((edge) => start < edge && edge < end);
      const cuts = [...new Set([start, ...inside, end])].sort((a, b) => a - b);
      for (let i = 1; i < cuts.length; i++) {
        for (let first = cuts[i - 1]; first < cuts[i]; ) {
          const cut = this.signEnd(first, cuts[i], tuplets);
          const tied = (goesOn || cut < end) && pitch !== REST;
          signs.push({ start: first, length: cut - first, pitch, tied });
          first = cut;
        }
      }
    }
    return signs;
  }

  signEnd(start, end, tuplets) {
    const tuplet = tuplets.find((one) => one.start <= start && end <= one.end);
    if (tuplet) {
      const size = divisor(tuplet.end - tuplet.start, start - tuplet.start);
      const part = divisor(size, end - tuplet.start);
      return start + longestSign((end - start) / part) * part;
    }
    const longest = LONGEST_QUARTERS * this.notation.stepsPerQuarter;
    return this.plainSignEnd(start, Math.min(end, start + longest));
  }

  plainSignEnd(start, end) {
    for (;;) {
      const level = this.sizes.findIndex((size) => nextMultiple(start, size) < end);
      if (level < 0) {
        const odd = (end - start) % this.oddGrid === 0 ? this.oddGrid : 1;
        return start + longestSign(Math.floor((end - start) / odd)) * odd;
      }
      const odd = oddPart(end - start);
      const isSign = odd === this.oddGrid || odd === 3 * this.oddGrid;
      if (isSign && this.showsBeat(start, end, level)) return end;
      const size = this.sizes[level];
      const isAtSpan = start % size === 0;
      end = isAtSpan ? end - 1 - ((end - 1) % size) : nextMultiple(start, size);
    }
  }

  // Whether one sign may cross a boundary between spans of the size at `level`: it
  // begins on such a boundary and ends on one or halfway between two, or it is a
  // syncopation in halves, such as eighth, quarter, eighth in 4/4.
  showsBeat(start, end, level) {
    const sizes = this.sizes;
    const [begins, ends] = [this.levelOf(start), this.levelOf(end)];
    const hasHalves = sizes[level] === 2 * sizes[level + 1];
    if (begins <= level) return ends <= level || (ends === level + 1 && hasHalves);
    const isHalf = sizes[level - 1] === 2 * sizes[level];
    return begins === level + 1 && ends <= begins && hasHalves && isHalf;
  }

  // Index of the largest span with a boundary at a place in a measure.
  levelOf(place) {
    const level = this.sizes.findIndex((size) => place % size === 0);
    return level < 0 ? this.sizes.length : level;
  }

  // Tuplets in a span: the shortest that no tie is needed in. `bounds` are the steps
  // at which events begin or end, `level` is the index of the span's size.
  tupletsIn(bounds, start, level) {
    const size = this.sizes[level];
    const end = start + size;
    const inside = [...bounds].filter((place) => start < place && place < end);
    if (inside.every((place) => (place - start) % this.oddGrid === 0)) return [];
    const part = inside.reduce((sum, place) => divisor(sum, place - start), size);
    const tuplet = makeTuplet(start, end, oddPart(size / part));
    const isGood = tuplet.n > 1 && tuplet.n <= 9 && oddPart(size) === this.oddGrid;
    if (isGood && size / part === tuplet.n) return [tuplet];
    const child = this.sizes[level + 1];
    if (child === undefined) return isGood ? [tuplet] : [];
    const starts = [];
    for (let place = start; place < end; place += child) starts.push(place);
    const isShort = size <= this.notation.stepsPerQuarter;
    if (isGood && isShort && !starts.every((place) => bounds.has(place))) {
      return [tuplet];
    }
    return starts.flatMap((place) => this.tupletsIn(bounds, place, level + 1));
  }

  // Name of the group to which each event of a measure is beamed: eighths go in fours
  // in 4/4 and cut time, but by quarters in a half measure that has shorter notes; in
  // threes in compound metres; else by beats.
  beamGroups(events) {
    const quarter = this.notation.stepsPerQuarter;
    const groups = events.map(({ start }) => {
      const group = this.beamEnds.findIndex((end) => start < end);
      return group < 0 ? this.beamEnds.length : group;
    });
    if (!isInHalves(this.notation)) return groups.map(String);
    const isShort = (_, i) => events[i].length < quarter / 2;
    const short = new Set(groups.filter(isShort));
    return groups.map((group, i) =>
      short.has(group) ? `${group} ${Math.floor(events[i].start / quarter)}` : `${group}`,
    );
  }
}

// Accidentals of a measure. One holds up to the bar line for its letter in all octaves
// (ABC 2.1) or in its own octave alone (other programs): the signs read alike by both.
export class MeasureAccidentals {
  constructor(alterations) {
    this.usual = alterations;
    this.stated = new Map(); // by letter, and by letter and octave
  }

  // Whether a note needs a sign; if so, the sign is remembered.
  needsSign({ letter, alteration, octave }) {
    const usual = this.usual[letter];
    const names = [letter, `${letter}${octave}`];
    if (names.every((name) => (this.stated.get(name) ?? usual) === alteration)) {
      return false;
    }
    for (const name of names) this.stated.set(name, alteration);
    return true;
  }
}

// Number and divisor of a fraction in lowest terms.
export function lowestTerms(number, divisorOfIt) {
  const common = divisor(number, divisorOfIt);
  return [number / common, divisorOfIt / common];
}

export function oddPart(number) {
  while (number % 2 === 0) number /= 2;
  return number;
}

// Largest power of two that is not above a number.
export function powerOfTwoIn(number) {
  return 2 ** Math.floor(Math.log2(number));
}

// Number of up to six significant digits, as Python's format "g".
export function shortNumber(number) {
  return String(Number(number.toPrecision(6)));
}

// `n` equal parts, written as if there were `asMany`, the power of two below `n`.
function makeTuplet(start, end, n) {
  return { start, end, n, asMany: powerOfTwoIn(n) };
}

function divisor(a, b) {
  while (b) [a, b] = [b, a % b];
  return a;
}

function modulo(number, size) {
  return ((number % size) + size) % size;
}

function nextMultiple(place, size) {
  return (Math.floor(place / size) + 1) * size;
}

// Longest length of a plain or dotted note, of one part or more, that fits.
function longestSign(length) {
  return [1, 3].includes(oddPart(length)) ? length : powerOfTwoIn(length);
}

// A title without line breaks and characters that break the encoding.
function oneLine(title) {
  return title.replace(/[\p{C}\p{Z}]+/gu, " ").trim();
}

// Notes and the rests between them, as [onset, duration, pitch].
function withRests(melody) {
  const events = [];
  let end = 0;
  for (const note of [...notesOf(melody), [melody.length, 0, REST]]) {
    if (note[0] > end) events.push([end, note[0] - end, REST]);
    events.push(note);
    end = note[0] + note[1];
  }
  return events.slice(0, -1);
}

// Steps of rest before a pick-up, rounded so that the pick-up lasts whole 64ths.
function silentSteps(melody, { stepsPerMeasure, stepsPerQuarter }) {
  const first = melody.findIndex((token) => token !== REST);
  if (first < 0) return 0;
  const silent = Math.min(first, stepsPerMeasure);
  return silent - (silent % (stepsPerQuarter / divisor(stepsPerQuarter, 16)));
}

function isInHalves({ numerator, denominator }) {
  return denominator === 2 || (denominator === 4 && numerator % 4 === 0);
}

// Sizes in steps of the spans that a measure is divided into, largest first.
function sizesOfSpans({ numerator, denominator, stepsPerQuarter }) {
  const unit = (4 * stepsPerQuarter) / denominator;
  const isInThrees = numerator % 3 === 0 && numerator > 3;
  const beat = isInThrees ? 3 * unit : unit;
  const sizes = [numerator * unit];
  while ((sizes.at(-1) / beat) % 2 === 0) sizes.push(sizes.at(-1) / 2);
  if (sizes.at(-1) !== beat) sizes.push(beat);
  if (isInThrees) sizes.push(unit);
  while (sizes.at(-1) % 2 === 0) sizes.push(sizes.at(-1) / 2);
  return sizes.filter(Number.isInteger);
}

// Steps from the bar line at which groups of notes that are beamed end.
function endsOfBeams(notation) {
  const { numerator, denominator, stepsPerQuarter } = notation;
  let counts = Array(numerator).fill(1);
  if (isInHalves(notation)) counts = counts.fill(denominator / 2);
  else if (denominator >= 8) counts = threesAndTwos(numerator);
  let end = 0;
  return counts.map((count) => (end += (4 * stepsPerQuarter * count) / denominator));
}

// Divide a number of eighths into threes, and twos after them.
function threesAndTwos(number) {
  let threes = Math.floor(number / 3);
  let rest = number % 3;
  if (rest === 1 && threes) [threes, rest] = [threes - 1, 4];
  const twos = Array(Math.floor(rest / 2)).fill(2);
  return [...Array(threes).fill(3), ...twos, ...Array(rest % 2).fill(1)];
}
