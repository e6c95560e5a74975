// Write melodies as ABC text, as `io/_abc_writer.py` does.
import { REST } from "./tokens.js";
import { alterationsOf } from "./keys.js";
import { MeasureAccidentals, Sheet, lowestTerms, shortNumber } from "./sheet.js";

const ABC_MARKS = { "-1": "_", 0: "=", 1: "^" };
const QUARTERS_PER_LINE = 16;

// ABC text of one melody.
export function writeAbc(melody, { title = "", notation }) {
  return writeAbcBook([{ melody, title }], notation);
}

// ABC text of several melodies [{melody, title}], numbered from 1.
export function writeAbcBook(tunes, notation) {
  const texts = tunes.map(({ melody, title }, i) =>
    tuneText(new Sheet(melody, { title, notation }), i + 1),
  );
  return `%abc-2.1\n${texts.join("\n")}`;
}

function tuneText(sheet, number) {
  const { numerator, denominator, beatUnit } = sheet.notation;
  const header = [
    `X:${number}`,
    `T:${sheet.title.replaceAll("%", "\\%")}`, // a bare one starts a comment
    `M:${numerator}/${denominator}`,
    "L:1/8",
    `Q:${beatUnit.join("/")}=${shortNumber(sheet.beatsPerMinute)}`,
    `K:${keyField(sheet.key)}`,
  ];
  return [...header, ...abcLines(sheet), ""].join("\n");
}

function keyField(key) {
  if (!key) return "none";
  return key.mode === "major" ? key.tonic : key.tonic + key.mode.slice(0, 3);
}

function abcLines(sheet) {
  const texts = sheet.measures().map((measure) => measureText(sheet, measure));
  const quarters = sheet.stepsPerMeasure / sheet.notation.stepsPerQuarter;
  const perLine = Math.max(1, Math.floor(QUARTERS_PER_LINE / quarters));
  const lines = [];
  for (let i = 0; i < texts.length; i += perLine) {
    lines.push(texts.slice(i, i + perLine).join(" | ") + " |");
  }
  return [...lines.slice(0, -1), `${lines.at(-1)}]`];
}

function measureText(sheet, { events, tuplets }) {
  const signature = sheet.key ? sheet.key.signature : 0;
  const accidentals = new MeasureAccidentals(alterationsOf(signature));
  const groups = sheet.beamGroups(events);
  let text = "";
  events.forEach((event, i) => {
    const tuplet = tuplets.find(({ start, end }) => inside(event, start, end));
    const isNewGroup = i > 0 && groups[i] !== groups[i - 1];
    if (isNewGroup && (!tuplet || tuplet.start === event.start)) {
      // Within a tuplet there is no space, as before the first note of one.
      text += " ";
    }
    if (tuplet?.start === event.start) text += tupletText(tuplet, events);
    text += event.pitch === REST ? "z" : noteText(event.spelled, accidentals);
    text += lengthText(sheet, event, tuplet) + (event.tied ? "-" : "");
  });
  return text;
}

function inside(event, start, end) {
  return start <= event.start && event.start < end;
}

function noteText(spelled, accidentals) {
  const { letter, alteration, octave } = spelled;
  const mark = accidentals.needsSign(spelled) ? ABC_MARKS[alteration] : "";
  if (octave >= 5) return mark + letter.toLowerCase() + "'".repeat(octave - 5);
  return mark + letter + ",".repeat(4 - octave);
}

// Sign before a tuplet: "(3" for three notes in the time of two.
function tupletText({ start, end, n, asMany }, events) {
  const count = events.filter((event) => inside(event, start, end)).length;
  return n === 3 && count === 3 ? "(3" : `(${n}:${asMany}:${count}`;
}

// Length in eighths: nothing for 1, a fraction where it is not whole.
function lengthText(sheet, { length }, tuplet) {
  const [n, asMany] = tuplet ? [tuplet.n, tuplet.asMany] : [1, 1];
  const steps = sheet.notation.stepsPerQuarter * asMany;
  const [number, part] = lowestTerms(2 * length * n, steps);
  const count = number === 1 ? "" : String(number);
  if (part === 1) return count;
  return number === 1 && part === 2 ? "/" : `${count}/${part}`;
}
