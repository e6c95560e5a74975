// Write a melody as MusicXML: the content of `write_melody`, in elements of our own.
import { REST } from "./tokens.js";
import { alterationsOf } from "./keys.js";
import {
  MeasureAccidentals,
  Sheet,
  lowestTerms,
  oddPart,
  powerOfTwoIn,
  shortNumber,
} from "./sheet.js";

// Names of notes by their length in quarters.
const NOTE_TYPES = new Map(
  "maxima long breve whole half quarter eighth 16th 32nd 64th 128th 256th 512th 1024th"
    .split(" ")
    .map((name, i) => [2 ** (5 - i), name]),
);
const ACCIDENTAL_NAMES = { "-1": "flat", 0: "natural", 1: "sharp" };
const XML_ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

// Text of a MusicXML file with one part.
export function writeMusicXml(melody, { title = "", notation }) {
  const sheet = new Sheet(melody, { title, notation });
  const measures = sheet.measures();
  const texts = measures.map((measure, i) => {
    const isLast = i + 1 === measures.length;
    const isTiedFrom = i > 0 && measures[i - 1].events.at(-1).tied;
    return measureElement(sheet, measure, { place: i, isLast, isTiedFrom });
  });
  const attributes = 'id="P1"';
  const name = element("part-name", "Melody");
  const parts = element("part-list", element("score-part", name, attributes));
  const part = element("part", texts.join(""), attributes);
  const heading = element("movement-title", escapeXml(sheet.title));
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" ' +
    '"http://www.musicxml.org/dtds/partwise.dtd">\n' +
    element("score-partwise", heading + parts + part, 'version="4.0"') +
    "\n"
  );
}

// The measure of a pick-up has the number 0.
function measureElement(sheet, { events, tuplets }, { place, isLast, isTiedFrom }) {
  const notes = signsOfMeasure(sheet, events, tuplets, isTiedFrom);
  addBeamElements(sheet, events, notes);
  const end = isLast ? element("bar-style", "light-heavy") : "";
  const content =
    (place === 0 ? firstSigns(sheet) : "") +
    notes.map(noteElement).join("") +
    (isLast ? element("barline", end, 'location="right"') : "");
  const number = place + (sheet.pickup ? 0 : 1);
  const implicit = number === 0 ? ' implicit="yes"' : "";
  return "\n" + element("measure", content, `number="${number}"${implicit}`);
}

// Clef, key, metre and tempo. A division is a step.
function firstSigns(sheet) {
  const { numerator, denominator, stepsPerQuarter, beatUnit, tempo } = sheet.notation;
  const metre = element("beats", numerator) + element("beat-type", denominator);
  const clef = element("clef", element("sign", "G") + element("line", 2));
  const { name, nDots } = signOf(4 * beatUnit[0], beatUnit[1]);
  const metronome =
    element("beat-unit", name) +
    "<beat-unit-dot/>".repeat(nDots) +
    element("per-minute", shortNumber(sheet.beatsPerMinute));
  return (
    element(
      "attributes",
      element("divisions", stepsPerQuarter) +
        keyElement(sheet.key) +
        element("time", metre) +
        clef,
    ) +
    element(
      "direction",
      element("direction-type", element("metronome", metronome)) +
        `<sound tempo="${tempo}"/>`,
      'placement="above"',
    )
  );
}

function keyElement(key) {
  if (!key) return "";
  const mode = element("mode", key.mode);
  return element("key", element("fifths", key.signature) + mode);
}

// Notes and rests of a measure, with the parts that `noteElement` writes.
function signsOfMeasure(sheet, events, tuplets, isTiedFrom) {
  const signature = sheet.key ? sheet.key.signature : 0;
  const accidentals = new MeasureAccidentals(alterationsOf(signature));
  return events.map((event, i) => {
    const { start, length, pitch, tied } = event;
    const isTied = i ? events[i - 1].tied : isTiedFrom;
    const tuplet = tuplets.find((one) => one.start <= start && start < one.end);
    const sign = signOf(length, sheet.notation.stepsPerQuarter, tuplet);
    const note = { ...sign, length, beams: [], marks: [], ties: [] };
    if (pitch === REST) return withTuplet(note, event, tuplet);
    note.spelled = event.spelled;
    // The sign of a note that is tied to this one still holds, over a bar line too.
    note.showsSign = !isTied && accidentals.needsSign(note.spelled);
    if (isTied) note.ties.push("stop");
    if (tied) note.ties.push("start");
    return withTuplet(note, event, tuplet);
  });
}

function withTuplet(note, { start, length }, tuplet) {
  if (tuplet?.start === start) note.marks.push('<tuplet type="start" bracket="yes"/>');
  if (tuplet?.end === start + length) note.marks.push('<tuplet type="stop"/>');
  return note;
}

// Name and dots of a note of some parts of a quarter, and the ratio of its tuplet.
function signOf(length, partsPerQuarter, tuplet) {
  const [, part] = lowestTerms(length, partsPerQuarter);
  const n = tuplet ? tuplet.n : oddPart(part);
  const asMany = powerOfTwoIn(n);
  const [number, written] = lowestTerms(length * n, partsPerQuarter * asMany);
  const nDots = oddPart(number) === 3 ? 1 : 0;
  const plain = nDots ? (2 * number) / 3 : number;
  const name = NOTE_TYPES.get(plain / written);
  return { name, nDots, ratio: n > 1 ? [n, asMany] : null };
}

// Beams of notes of a group, on each level: eighths have one, sixteenths two.
function addBeamElements(sheet, events, notes) {
  const groups = sheet.beamGroups(events);
  const levels = notes.map(({ name, spelled }) =>
    spelled ? [...NOTE_TYPES.values()].indexOf(name) - 5 : 0,
  );
  const areJoined = (i, j, level) =>
    groups[i] === groups[j] && Math.min(levels[i], levels[j]) >= level;
  notes.forEach((note, i) => {
    for (let level = 1; level <= levels[i]; level++) {
      const before = i > 0 && areJoined(i - 1, i, level);
      const after = i + 1 < notes.length && areJoined(i, i + 1, level);
      const kind = beamKind(before, after, i > 0 && areJoined(i - 1, i, 1));
      const isBeamed = level === 1 ? before || after : note.beams.length > 0;
      if (isBeamed) note.beams.push(kind);
    }
  });
}

function beamKind(before, after, hasNoteBefore) {
  if (before) return after ? "continue" : "end";
  if (after) return "begin";
  return hasNoteBefore ? "backward hook" : "forward hook";
}

// The order of the elements is that of the schema.
function noteElement({ spelled, length, ties, name, nDots, ratio, ...rest }) {
  const marks = ties.map((type) => `<tied type="${type}"/>`).concat(rest.marks);
  const sign = ACCIDENTAL_NAMES[spelled?.alteration];
  const times =
    ratio &&
    element("actual-notes", ratio[0]) + element("normal-notes", ratio[1]);
  const content = [
    spelled ? pitchElement(spelled) : "<rest/>",
    element("duration", length),
    ...ties.map((type) => `<tie type="${type}"/>`),
    name ? element("type", name) : "",
    name ? "<dot/>".repeat(nDots) : "",
    rest.showsSign ? element("accidental", sign) : "",
    times ? element("time-modification", times) : "",
    ...rest.beams.map((kind, i) => element("beam", kind, `number="${i + 1}"`)),
    marks.length ? element("notations", marks.join("")) : "",
  ];
  return element("note", content.join(""));
}

function pitchElement({ letter, alteration, octave }) {
  const alter = alteration ? element("alter", alteration) : "";
  return element("pitch", element("step", letter) + alter + element("octave", octave));
}

function element(name, content, attributes = "") {
  return `<${name}${attributes && " "}${attributes}>${content}</${name}>`;
}

function escapeXml(text) {
  return text.replace(/[&<>"]/g, (sign) => XML_ENTITIES[sign]);
}
