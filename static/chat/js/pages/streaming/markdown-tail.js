/**
 * The end of a text that is still being written, made fit to be shown: half a marker is held back, and what was opened
 * is closed, so that words do not change their look when the rest arrives. A guess for the eye: it never lasts. Pure.
 */

import { OpenFences } from "../markdown/markdown-fences.js";

// These read each character of a line a few times at most, whatever it holds: no part may take what the next one takes,
// too.
/** A line that may become a heading, a rule, a list, a fence, a table or what a link refers to, or only words. */
const UNDECIDED_LINE =
  /^[ \t>]*(?:(?:[-=*_+#]+|`{1,2}|~{1,2}|\d{1,9}[.)]?|\|)[ \t]*|[-:|][-:| \t]*|`{3,}(?!`)[^`\n]*|~{3,}(?!~)[^\n]*|\[[^\]]+\]:.*)?$/;
const FENCE = /^(?:[ \t>]|[-*+] |\d{1,9}[.)] )*(`{3,}(?!`)|~{3,}(?!~))([^\n]*)$/;
/**
 * A table's row begins with a bar, or has one between its cells; of a longer line without the first, it's a sign in
 * words.
 */
const LEADING_BAR = /^[ \t>]*\|/;
const HEAD_CHARS = 120;
const DELIMITER_LINE = /^[ \t>]*(?:\|[ \t]*)?:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*(?:\|[ \t]*)?$/;
const PART_OF_DELIMITER_LINE = /^[ \t>]*[|:-][ \t|:-]*$/;
const BLOCK_START = /^[ \t>]*(?:[-*+] |\d{1,9}[.)] |#{1,6} |\|)/;
const MARKERS = "*_~";

/**
 * @param {string} text from the beginning of a block
 * @returns {string} what to show of it
 */
export function shownTail(text) {
  const fence = openFence(text);
  const lineAt = text.lastIndexOf("\n") + 1;
  const line = text.slice(lineAt);
  if (fence) return isPartOfFence(line, fence) ? text.slice(0, lineAt) : text;
  const mathematics = displayedAt(text);
  if (mathematics && !mathematics.end) return withMathematics(text, mathematics);
  let shown = line && UNDECIDED_LINE.test(line) ? text.slice(0, lineAt) : text;
  shown = withoutTableHead(shown);
  const from = Math.max(paragraphStart(shown), Math.min(mathematics?.end ?? 0, shown.length));
  return shown.slice(0, from) + closed(shown.slice(from));
}

/**
 * The last mathematics on lines of its own: where it begins, what closes it, and where it ends, 0 while it is not
 * complete.
 * @param {string} text
 */
function displayedAt(text) {
  /** @type {{at: number, closing: string, end: number} | null} */
  let found = null;
  let at = text.search(/\S/) < 0 ? text.length : Math.max(0, text.lastIndexOf("\n\n"));
  for (const line of text.slice(at).split("\n")) {
    const begin = line.search(/[^ \t>]/);
    const sign = begin < 0 ? "" : line.slice(begin, begin + 2);
    const closing = sign === "$$" ? "$$" : sign === "\\[" ? "\\]" : "";
    if (found && !found.end) found.end = line.includes(found.closing) ? at + line.length : 0;
    else if (closing && !line.includes(closing, begin + 2)) found = { at: at + begin, closing, end: 0 };
    at += line.length + 1;
  }
  return found;
}

/** @param {string} text @param {{at: number, closing: string}} mathematics */
function withMathematics(text, { at, closing }) {
  const words = withoutHalf(text.trimEnd(), closing);
  return words.length > at + 2 ? words + closing : text.slice(0, at);
}

/** The first half of what closes it may be there already. @param {string} text @param {string} closing */
const withoutHalf = (text, closing) => (text.endsWith(closing[0]) ? text.slice(0, -1) : text);

/** What stands in another block closes nothing here. @param {string} text */
function paragraphStart(text) {
  const lines = text.trimEnd().split("\n");
  let at = lines.length - 1;
  while (at > 0 && lines[at - 1].trim() && !BLOCK_START.test(lines[at])) at -= 1;
  return lines.slice(0, at).reduce((length, line) => length + line.length + 1, 0);
}

/** Does the text end in a block of code? @param {string} text */
export const isInCode = (text) => openFence(text) !== "";

/** Does it begin with a table? @param {string} text */
export function isTable(text) {
  const [head, delimiters = ""] = text.split("\n", 2);
  return head.includes("|") && DELIMITER_LINE.test(delimiters);
}

/** The marker of the block of code that the text ends in, if it does. @param {string} text */
function openFence(text) {
  const fences = new OpenFences();
  for (const line of text.split("\n")) {
    const match = FENCE.exec(line);
    if (match) fences.meet({ marker: match[1][0], length: match[1].length, info: match[2] });
  }
  return fences.closing;
}

/** @param {string} line @param {string} fence */
const isPartOfFence = (line, fence) =>
  line.trim() !== "" && [...line.trim()].every((character) => character === fence[0]);

/** The head of a table looks like a paragraph until the line below it is complete. @param {string} text */
function withoutTableHead(text) {
  const lines = text.split("\n");
  // The line below it has not begun.
  if (lines.length > 1 && !lines[lines.length - 1]) lines.pop();
  const at = lines.length - 1;
  if (isInTable(lines, at)) return text;
  const mayBeDelimiters = PART_OF_DELIMITER_LINE.test(lines[at]);
  if (at > 0 && mayBeDelimiters && barIn(lines[at - 1]) >= 0) {
    if (!text.endsWith("\n")) return withoutHead(lines, at - 1);
    if (DELIMITER_LINE.test(lines[at])) return text;
  }
  return barIn(lines[at]) < 0 ? text : withoutHead(lines, at);
}

/** Whether the rows above a line lead up to delimiters. @param {string[]} lines @param {number} at */
function isInTable(lines, at) {
  for (let above = at - 1; above > 0 && barIn(lines[above]) >= 0; above -= 1)
    if (DELIMITER_LINE.test(lines[above]) && barIn(lines[above - 1]) >= 0) return true;
  return false;
}

/** What stands before a head's first bar was there already, as words. @param {string[]} lines @param {number} at */
function withoutHead(lines, at) {
  const before = lines.slice(0, at).join("\n");
  if (LEADING_BAR.test(lines[at])) return before;
  return (at ? `${before}\n` : "") + lines[at].slice(0, barIn(lines[at]));
}

/** Where the first bar stands that may part cells, or -1. @param {string} line */
function barIn(line) {
  if (LEADING_BAR.test(line)) return line.indexOf("|");
  if (line.length > HEAD_CHARS || /^[ \t>]*(?:[-*+] |\d{1,9}[.)] |#{1,6} )/.test(line)) return -1;
  let isCode = false;
  for (let at = 0; at < line.length; at += 1) {
    if (line[at] === "\\") at += 1;
    else if (line[at] === "`") isCode = !isCode;
    else if (line[at] === "|" && !isCode) return at;
  }
  return -1;
}

/**
 * @typedef {object} Scan of a paragraph
 * @property {{marker: string, at: number}[]} open emphasis that has begun
 * @property {number} closedAt behind the last marker that ended one
 */

/** @param {string} text of a paragraph @returns {string} with what is open in it closed */
function closed(text) {
  /** @type {Scan} */
  const scan = { open: [], closedAt: -1 };
  let bracketAt = -1;
  let at = 0;
  while (at < text.length) {
    const character = text[at];
    const closing = mathematicsAt(text, at);
    if (closing) {
      const end = text.indexOf(closing, at + closing.length);
      // A dollar may be money: until its partner is there, it is only a sign.
      if (end < 0 && closing !== "$") return withoutHalf(text, closing) + closing + closers(scan.open);
      at = end < 0 || (closing === "$" && /\s/.test(text[end - 1])) ? at + 1 : end + closing.length;
    } else if (character === "\\") at += 2;
    else if (character === "`") {
      const run = runAt(text, at);
      const end = codeEnd(text, at + run.length, run);
      if (end < 0) return withCode(text, at, run, scan);
      at = end;
    } else if (MARKERS.includes(character)) {
      const run = runAt(text, at);
      mark(scan, text, at, run);
      at += run.length;
    } else if (character === "[") bracketAt = at++;
    else if (character === "]" && bracketAt >= 0 && at + 1 < text.length) {
      const end = text[at + 1] === "(" ? addressEnd(text, at + 2) : at;
      // The address is on its way: until it is there and can be looked at, the words stand alone.
      if (end < 0) return ended(beforeBracket(text, bracketAt) + text.slice(bracketAt + 1, at), scan);
      bracketAt = -1;
      at = end + 1;
    } else at += 1;
  }
  if (bracketAt < 0) return ended(text, scan);
  return ended(beforeBracket(text, bracketAt) + text.slice(bracketAt + 1).replace(/\]$/, ""), scan);
}

/** The sign of a picture goes with its bracket. @param {string} text @param {number} at */
const beforeBracket = (text, at) => text.slice(0, text[at - 1] === "!" ? at - 1 : at);

/** What closes the mathematics that begins here, or "". @param {string} text @param {number} at */
function mathematicsAt(text, at) {
  if (text[at] === "$") return text[at + 1] === "$" ? "$$" : /\s/.test(text[at + 1] ?? " ") ? "" : "$";
  if (text[at] !== "\\") return "";
  return text[at + 1] === "(" ? "\\)" : text[at + 1] === "[" ? "\\]" : "";
}

/** @param {string} text @param {number} at */
function runAt(text, at) {
  let end = at;
  while (text[end] === text[at]) end += 1;
  return text.slice(at, end);
}

/**
 * @param {string} text
 * @param {number} from
 * @param {string} run
 * @returns {number} behind the marker that closes, or -1
 */
function codeEnd(text, from, run) {
  for (let at = text.indexOf("`", from); at >= 0; at = text.indexOf("`", at)) {
    const found = runAt(text, at);
    at += found.length;
    if (found === run) return at;
  }
  return -1;
}

/** @param {string} text @param {number} at of the marker @param {string} run @param {Scan} scan */
function withCode(text, at, run, { open }) {
  // Half of its closing marker may be there already.
  const code = withoutEnd(text.slice(at + run.length), "`");
  const before = text.slice(0, at);
  return code.trim() ? before + run + code + run + closers(open) : ended(before, { open, closedAt: -1 });
}

/** @param {string} text @param {number} from @returns {number} where the bracket closes, or -1 */
function addressEnd(text, from) {
  let depth = 1;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "(") depth += 1;
    else if (text[at] === ")" && (depth -= 1) === 0) return at;
  }
  return -1;
}

/** @param {Scan} scan @param {string} text @param {number} at @param {string} run */
function mark(scan, text, at, run) {
  const before = text[at - 1] ?? " ";
  const after = text[at + run.length] ?? " ";
  let left = run.length;
  for (
    let last = scan.open.at(-1);
    last?.marker[0] === run[0] && left >= last.marker.length && !/\s/.test(before);
    last = scan.open.at(-1)
  ) {
    left -= last.marker.length;
    scan.open.pop();
    scan.closedAt = at + run.length;
  }
  const opens =
    left === run.length &&
    !/\s/.test(after) &&
    !(run[0] === "_" && /\w/.test(before)) &&
    !(run[0] === "~" && run.length !== 2);
  if (opens) scan.open.push({ marker: run, at });
}

/** @param {string} text @param {Scan} scan */
function ended(text, { open, closedAt }) {
  const still = open.filter(({ at }) => at < text.length);
  if (closedAt === text.length) return text + closers(still);
  const words = withoutEnd(text, MARKERS);
  // Markers at the very end will open something, or are the first half of what closes it.
  const isMarked = words.length < text.length && (still.length > 0 || /(?:^|\s)$/.test(words));
  return still.length || isMarked ? words.trimEnd() + closers(still) : text;
}

/** A pattern would look for the end from each of a run's characters. @param {string} text @param {string} signs */
function withoutEnd(text, signs) {
  let end = text.length;
  while (end > 0 && signs.includes(text[end - 1])) end -= 1;
  return text.slice(0, end);
}

/** @param {{marker: string}[]} open */
const closers = (open) => open.map(({ marker }) => marker).reverse().join("");
