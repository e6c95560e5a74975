// Where the signs of a staff stand along it: spaces by duration, and breaks into lines.
//
// All lengths are in spaces, the distance between two staff lines.
const EIGHTH_SPACE = 3.1; // from an eighth note to the next sign, in an unstretched line
const GROWTH = 0.55; // power of the duration by which the space grows
const CLOSEST = 0.36; // between two signs
const TAIL = 0.7; // from the last sign to the bar line
const FINAL_TAIL = 1.5; // the same before the final bar line
const DENSEST = 0.5; // how far spaces may be compressed before a line is broken
const LOOSEST = 2; // how far a line of fewer measures than fit is stretched, alone
const PHRASES = [4, 2, 1]; // measures in a line, the most that fit

// How far ledger lines reach beyond a head.
export const LEDGER = 0.34;
export const DOT_GAP = 0.32; // between a head or a dot and the next dot
export const DOT_SIZE = 0.4;
export const ACCIDENTAL_GAP = 0.22;

// Extents of the signs to the left and right of where a head begins. `boxes` are those
// of the glyphs.
export function addExtents(signs, glyphs) {
  for (const sign of signs) {
    const [, , width] = glyphs[sign.glyph].box;
    const ledger = sign.place <= -2 || sign.place >= 10 ? LEDGER : 0;
    sign.width = width;
    sign.right = width + ledger + sign.dots * (DOT_GAP + DOT_SIZE);
    if (sign.flags && sign.place < 4 && !sign.beam) sign.right = width + 1.05;
    sign.left = ledger;
    if (sign.accidental) {
      sign.left += ACCIDENTAL_GAP + glyphs[sign.accidental].box[2];
    }
  }
}

// Spaces between the signs of a measure, from the bar line to the next one, as
// {least, natural}; where all that sounds is one rest, it stands in the middle.
function gapsOf({ signs }, stepsPerQuarter, isFinal) {
  const lead = Math.max(1, 0.6 + signs[0].left);
  const gaps = [{ least: lead, natural: lead, isFixed: true }];
  signs.forEach((sign, i) => {
    const eighths = (2 * (sign.end - sign.step)) / stepsPerQuarter;
    const next = signs[i + 1];
    const least = sign.right + (next ? next.left + CLOSEST : isFinal ? FINAL_TAIL : TAIL);
    gaps.push({ least, natural: EIGHTH_SPACE * eighths ** GROWTH });
  });
  return gaps;
}

function lengthOfGaps(gaps, stretch) {
  let sum = 0;
  for (const { least, natural, isFixed } of gaps) {
    sum += isFixed ? least : Math.max(least, stretch * natural);
  }
  return sum;
}

// Measures broken into lines of at most `width`, each {measures, gaps, head}. `heads`
// are the widths of what begins the first line and the others. The first line has one
// measure more if it begins with a pick-up.
export function breakLines(measures, asked) {
  const { width, heads, hasPickup, perLine, stepsPerQuarter, accidentalRoom = 0 } = asked;
  const gaps = measures.map((measure, i) =>
    gapsOf(measure, stepsPerQuarter, i === measures.length - 1),
  );
  const phrases = perLine ? [perLine] : PHRASES;
  let lines = [];
  for (const phrase of phrases) {
    lines = linesOf(measures, gaps, { phrase, heads, hasPickup });
    const room = (line) => leastLength(line) + accidentalRoom * accidentalsIn(line);
    if (lines.every((line) => room(line) <= width)) break;
  }
  return lines;
}

function accidentalsIn({ measures }) {
  return measures.flatMap(({ signs }) => signs.filter(({ accidental }) => accidental)).length;
}

function linesOf(measures, gaps, { phrase, heads, hasPickup }) {
  const lines = [];
  for (let start = 0; start < measures.length; ) {
    const isFirst = start === 0;
    const end = start + phrase + Number(isFirst && hasPickup);
    lines.push({
      measures: measures.slice(start, end),
      gaps: gaps.slice(start, end),
      head: heads[isFirst ? 0 : 1],
      isFull: end <= measures.length,
      isFirst,
      isLast: end >= measures.length,
    });
    start = end;
  }
  return lines;
}

// Length of a line that is as dense as may be.
export function leastLength({ gaps, head }) {
  return head + lengthOfGaps(gaps.flat(), DENSEST);
}

// Place the signs of a line, and its bar lines, so that it fills a width. A line of fewer
// measures than fit is stretched no more than the one before it. Returns the stretch.
export function placeSigns(line, width, before = LOOSEST) {
  const fitting = stretchToFill(line.gaps.flat(), width - line.head);
  const stretch = line.isFull ? fitting : Math.min(fitting, before);
  let x = line.head;
  line.measures.forEach((measure, i) => {
    measure.x = x;
    measure.signs.forEach((sign, j) => {
      x += stretched(line.gaps[i][j], stretch);
      sign.x = x;
    });
    x += stretched(line.gaps[i].at(-1), stretch);
    measure.end = x;
    if (measure.isRest) {
      const [sign] = measure.signs;
      sign.x = (measure.x + measure.end - sign.width) / 2;
    }
  });
  line.end = x;
  return stretch;
}

function stretched({ least, natural, isFixed }, stretch) {
  return isFixed ? least : Math.max(least, stretch * natural);
}

// Factor of the spaces with which they are as long as a width, by bisection.
function stretchToFill(gaps, width) {
  let [low, high] = [0, width];
  for (let i = 0; i < 32; i++) {
    const middle = (low + high) / 2;
    if (lengthOfGaps(gaps, middle) > width) high = middle;
    else low = middle;
  }
  return low;
}
