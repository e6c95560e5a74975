// Split a line of ABC music into tokens (`io/_abc_voice.py`).

const NOTE_LENGTH = "(\\d{0,4})(/{0,8})(\\d{0,4})";
// Old ABC writes chords between plus signs, and ends a line of notation with a "!".
const NAMED_SIGN =
  "![^!|\\s]+!" +
  "|![ \\t]?(?:[Dd]\\.? ?[CcSs]\\.|[Dd][Aa] |[Dd][Aa][Ll] |[Aa][Ll] |[Tt][Oo] " +
  "|[Ff][Ii][Nn][Ee]|[Ss][Ee][Gg][Nn][Oo]|[Cc][Oo][Dd][Aa])[^!|]*!" +
  "|\\+(?:f{1,4}|p{1,4})\\+" +
  "|\\+(?![A-Ga-gz^_=,'/\\d]*\\+)[A-Za-z.() ]{2,30}\\+|\\+[0-5.<>~^]\\+";
const ENDING_NUMBERS = "(\\d[\\d,.-]*)(?:(?:st|nd|rd|th)(?![A-Za-z\\d/,'<>-]))?";
const NOTE = `(\\^\\^|\\^|__|_|=)?([A-Ga-g])([,']*)${NOTE_LENGTH}`;

// The first kind that fits is taken.
const TOKEN_PATTERNS = Object.entries({
  space: "[\\s`]+|\\\\$|[$*#;?@]", // the last four: reserved (ABC 2.1, 8.1)
  annotation: '"[^"]*"',
  grace: "\\{[^{}]*\\}",
  field: "\\[([A-Za-z]):([^\\]]*)\\]",
  bar:
    `\\.?(?:\\[(?=\\|)|[|:])[|:\\]]*(?:\\s*\\[?${ENDING_NUMBERS}` + "|(?=[^|:\\]]|$))",
  ending: `\\[${ENDING_NUMBERS}`,
  chord: `\\[([^\\[\\]|:]+)\\]${NOTE_LENGTH}`,
  tuplet: "\\((\\d{1,2}(?=:)|\\d)(?::(\\d{0,2}))?(?::(\\d{0,2}))?",
  note: NOTE,
  rest: `[zx]${NOTE_LENGTH}`,
  measuresOfRest: "[ZX](\\d{0,3})",
  broken: ">{1,3}|<{1,3}",
  tie: "\\.?-[',]?", // with the direction in which it is drawn
  decoration: `${NAMED_SIGN}|[~.H-WYh-w]|!`,
  spacer: "y\\d*",
  slur: "\\([',]?|\\)",
}).map(([kind, pattern]) => [kind, new RegExp(pattern, "y")]);
const IN_CHORD = new RegExp(
  `(?:${NOTE})|(-)[',]?|[~.H-Wh-w]|![^!]+!|"[^"]*"|\\s`,
  "y",
);

// Tokens {kind, text, groups}. Text that is not understood has the kind "unknown".
export function tokensOfLine(line) {
  const tokens = [];
  let place = 0;
  while (place < line.length) {
    const token = tokenAt(line, place);
    tokens.push(token);
    place += token.text.length;
    if (token.kind === "unknown") break;
  }
  return tokens;
}

function tokenAt(line, place) {
  for (const [kind, pattern] of TOKEN_PATTERNS) {
    pattern.lastIndex = place;
    const match = pattern.exec(line);
    if (match) return { kind, text: match[0], groups: match.slice(1) };
  }
  return { kind: "unknown", text: line.slice(place, place + 12), groups: [] };
}

// Notes [accidental, letter, octave, ...length] of what is between the brackets of a
// chord, and whether one is tied; null if something is not understood.
export function notesInChord(inner) {
  const notes = [];
  let isTied = false;
  for (let place = 0; place < inner.length; ) {
    IN_CHORD.lastIndex = place;
    const match = IN_CHORD.exec(inner);
    if (!match) return null;
    if (match[2]) notes.push(match.slice(1, 7));
    isTied ||= match[7] !== undefined;
    place += match[0].length;
  }
  return { notes, isTied };
}
