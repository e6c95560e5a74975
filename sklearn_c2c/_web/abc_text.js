// Text of ABC: web pages, blocks of words, comments, accents in titles
// (`io/_abc_text.py`).

// Typographic signs that word processors write in place of ABC's plain ones.
const PLAIN_SIGNS = [
  [/[\u201c\u201d\u201e\u201f\u2033]/g, '"'],
  [/[\u2018\u2019\u201a\u201b\u2032]/g, "'"],
  [/[\u2010-\u2014\u2212]/g, "-"],
  [/[\u00a0\u2002\u2003\u2009\u202f]/g, " "],
  [/[\u200b\u200e\u200f\u2060\ufeff]/g, ""],
];
const TEXT_BLOCK = /^%%(begin|end)(text|ps|svg|ml|js)\b/i;
// "g<abc>d" is a rhythm: only links, and tags that cannot be music, mark a web page.
const WEB_TAG = new RegExp(
  "</?(?:!doctype|html|head|body|pre|textarea|script|style|div|span|br|hr|p|font" +
    "|meta|link|center|h[1-6])(?:\\s[^<>]{0,999})?/?>" +
    "|<a\\s(?:href|name|id|class)=[^<>]{0,999}>|</(?:a|code|abc)\\s?>",
  "gi",
);
const END_OF_LISTING = /<\/(?:pre|code|abc|textarea|script|body|html)\s?>/i;
const MUSIC_COMMENT = /("(?:\\%|[^"%])*")|%.*/g;
const HTML_ENTITY = /&(?:#(\d{1,7})|#[xX]([0-9A-Fa-f]{1,6})|([A-Za-z0-9]{2,31}));/g;
const NAMED_ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };
const ENTITY_OF_LETTER = /^([A-Za-z])(grave|acute|circ|tilde|uml|cedil|ring|caron)$/;
const COMBINING_MARKS = {
  grave: "\u0300",
  acute: "\u0301",
  circ: "\u0302",
  tilde: "\u0303",
  uml: "\u0308",
  ring: "\u030a",
  caron: "\u030c",
  cedil: "\u0327",
  "`": "\u0300",
  "'": "\u0301",
  "^": "\u0302",
  "~": "\u0303",
  u: "\u0306",
  '"': "\u0308",
  H: "\u030b",
  v: "\u030c",
  ",": "\u0327",
  c: "\u0327",
};
const ESCAPED_LETTERS = {
  AA: "Å",
  aa: "å",
  AE: "Æ",
  ae: "æ",
  OE: "Œ",
  oe: "œ",
  ss: "ß",
  "/O": "Ø",
  "/o": "ø",
  DH: "Ð",
  dh: "ð",
  TH: "Þ",
  th: "þ",
};
const TITLE_ESCAPE = new RegExp(
  "\\\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-3][0-7]{2})" +
    `|(${Object.keys(ESCAPED_LETTERS).join("|")})` +
    "|([`'^~\",vuH]|c(?=[Cc]))([A-Za-z])|([\\\\%&]))",
  "g",
);

// Lines {number, text} of ABC without the web page and the text blocks around them.
export function linesOfMusic(text) {
  const plain = text.replace(/\r\n?/g, "\n").replace(/[\0\u001a]/g, "");
  let lines = plain.split("\n").map((line, i) => ({ number: i + 1, text: line }));
  if (plain.search(WEB_TAG) >= 0) lines = lines.flatMap(withoutTags);
  return withoutTextBlocks(lines);
}

// A line of a web page; nothing at all if it holds only tags.
function withoutTags({ number, text }) {
  const plain = withoutEntities(text.replace(WEB_TAG, ""));
  const line = { number, text: plain };
  // What follows the end of a listing is not music.
  if (END_OF_LISTING.test(text)) return [line, { number, text: "" }];
  return plain.trim() || !text.trim() ? [line] : [];
}

// Leave out the lines from "%%begintext" to "%%endtext", and the like. A block that
// does not end, or in which another one begins, is kept.
function withoutTextBlocks(lines) {
  const kept = [];
  let block = [];
  let open = null;
  for (const line of lines) {
    const [, edge, kind] = TEXT_BLOCK.exec(line.text)?.map((s) => s.toLowerCase()) ?? [];
    if (edge === "begin" && [null, kind].includes(open)) {
      kept.push(...block);
      block = [line];
      open = kind;
    } else if (edge && open === kind) {
      block = [];
      open = null;
    } else {
      (open ? block : kept).push(line);
    }
  }
  return kept.concat(block);
}

export function checkNoTextBlock(line) {
  const mark = TEXT_BLOCK.exec(line);
  if (mark?.[1].toLowerCase() === "begin") {
    throw new Error(`there is a ${mark[0]} that no %%end${mark[2]} ends`);
  }
}

export function withPlainSigns(line) {
  let plain = line;
  for (const [signs, sign] of PLAIN_SIGNS) plain = plain.replace(signs, sign);
  return plain.trim();
}

// Line of music without its comment. The "\" of "\%" continues the line, except
// between quotes.
export function withoutComment(line) {
  const music = line.replace(MUSIC_COMMENT, (_, quoted) => quoted ?? "");
  return music.replaceAll("&gt;", ">").replaceAll("&lt;", "<").trim();
}

// Text of a title, in which "\'e", "&eacute;" and "\u00e9" are all é.
export function plainTitle(text) {
  // An escaped & starts no entity: both are replaced in one pass from the left.
  let plain = "";
  let place = 0;
  for (const escape of text.matchAll(TITLE_ESCAPE)) {
    plain += withoutEntities(text.slice(place, escape.index)) + unescaped(escape);
    place = escape.index + escape[0].length;
  }
  plain += withoutEntities(text.slice(place));
  return plain.replace(/[\p{C}\p{Z}]+/gu, " ").trim();
}

function withoutEntities(text) {
  return text.replace(HTML_ENTITY, (whole, decimal, hex, name) => {
    if (name === undefined) return character(Number(decimal ?? `0x${hex}`)) ?? whole;
    const [, letter, mark] = ENTITY_OF_LETTER.exec(name) ?? [];
    return letter ? accented(letter, mark) : (NAMED_ENTITIES[name] ?? whole);
  });
}

function unescaped([whole, code, longCode, octal, letter, accent, base, sign]) {
  if (code ?? longCode) return character(parseInt(code ?? longCode, 16)) ?? whole;
  if (octal) return character(parseInt(octal, 8));
  if (letter) return ESCAPED_LETTERS[letter];
  return accent ? accented(base, accent) : sign;
}

function accented(letter, mark) {
  return (letter + COMBINING_MARKS[mark]).normalize("NFC");
}

function character(code) {
  return code < 0x110000 ? String.fromCodePoint(code) : undefined;
}
