/**
 * Mathematics, kept as it was written: taken before escapes, emphasis and blocks. The same rules as
 * chat/markdown/math.py.
 */

import { isUnspaced } from "./scripts.js";

const PAIRS = [["$$", "$$"], ["\\[", "\\]"], ["\\(", "\\)"]];
const DISPLAYED = PAIRS.slice(0, 2);
/** Looking for the end of one takes time for each line. */
const LINES_AT_MOST = 200;
/** "$5 for me and 10$ for you" */
const AMOUNT = /^[0-9][0-9.,]*/;
const MONEY = /^[0-9][0-9.,]*\s+\p{L}{2}/u;
const ALPHANUMERIC = /^[\p{L}\p{Nd}\p{Nl}\p{No}]$/u;

/** @param {any} parser markdown-it */
export function keepMathematics(parser) {
  parser.inline.ruler.before("escape", "math", inline);
  parser.block.ruler.before("fence", "math", block, { alt: ["paragraph", "reference", "blockquote", "list"] });
}

/** @param {string} mathematics */
export const classOf = (mathematics) =>
  mathematics.startsWith("$$") || mathematics.startsWith("\\[") ? "math math-block" : "math";

/** @param {any} state @param {boolean} silent */
function inline(state, silent) {
  const sign = state.src[state.pos];
  if (sign !== "$" && sign !== "\\") return false;
  const end = endOfPair(state) || endOfDollars(state);
  if (!end) return false;
  if (!silent) state.push("math", "span", 0).content = state.src.slice(state.pos, end);
  state.pos = end;
  return true;
}

/** @param {any} state @returns {number} 0: there is none here */
function endOfPair(state) {
  const { src, pos, posMax } = state;
  const closing = PAIRS.find(([opening]) => src.startsWith(opening, pos))?.[1];
  // What is not found from here is not found further on: each text is searched once in vain.
  state.searched ??= new Set();
  const key = `${closing} ${posMax}`;
  if (!closing || state.searched.has(key)) return 0;
  const end = src.slice(0, posMax).indexOf(closing, pos + 2);
  if (end < 0) {
    state.searched.add(key);
    return 0;
  }
  const isEscapedLink = closing === "\\]" && "([:".includes(src[end + 2] || " ");
  return isEscapedLink || !/[^ \t\n]/.test(src.slice(pos + 2, end)) ? 0 : end + 2;
}

/** @param {any} state @returns {number} 0: it is money, or only a sign */
function endOfDollars(state) {
  const { src, pos, posMax } = state;
  const after = src[pos + 1] ?? "";
  if (src[pos] !== "$" || !isApart(characterBefore(src, pos)) || isBlank(after) || after === "$") return 0;
  // A line end and a code mark end nothing, and so nothing ends behind them.
  state.dollars ??= [...src.matchAll(/[$\n`]/g)]
    .map(({ index }) => index)
    .filter((at) => at > 0 && (src[at] !== "$" || mayEnd(src, at)));
  const end = firstFrom(state.dollars, pos + 2) ?? posMax;
  if (end >= posMax || src[end] !== "$" || after === "`" || after === "\n") return 0;
  return isMoney(src.slice(pos + 1, end)) ? 0 : end + 1;
}

/** @param {number[]} places in order @param {number} from */
function firstFrom(places, from) {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (places[middle] < from) low = middle + 1;
    else high = middle;
  }
  return places[low];
}

/** @param {string} src @param {number} at */
function mayEnd(src, at) {
  const before = src[at - 1];
  const code = src.codePointAt(at + 1);
  return (
    !isBlank(before) &&
    before !== "\\" &&
    before !== "$" &&
    isApart(code === undefined ? "" : String.fromCodePoint(code))
  );
}

/** @param {string} src @param {number} at */
function characterBefore(src, at) {
  if (at === 0) return "";
  const isPair = at > 1 && /[\udc00-\udfff]/.test(src[at - 1]);
  return String.fromCodePoint(/** @type {number} */ (src.codePointAt(isPair ? at - 2 : at - 1)));
}

/** @param {string} character */
const isBlank = (character) => /^[\s\x1c-\x1f\x85]$/.test(character) && character !== "\ufeff";

/**
 * Whether a character, or none, leaves a dollar beside it a sign of mathematics. Scripts without spaces put none there.
 * @param {string} character
 */
const isApart = (character) => character !== "$" && (!ALPHANUMERIC.test(character) || isUnspaced(character));

/** @param {string} words between two dollars */
function isMoney(words) {
  const amount = AMOUNT.exec(words)?.[0];
  return amount !== undefined && (MONEY.test(words) || isUnspaced(words.slice(amount.length)));
}

/**
 * Mathematics that stands on lines of its own: a paragraph, whatever its lines look like.
 * @param {any} state @param {number} startLine @param {number} endLine @param {boolean} silent
 */
function block(state, startLine, endLine, silent) {
  const begin = state.bMarks[startLine] + state.tShift[startLine];
  const closing = DISPLAYED.find(([opening]) => state.src.startsWith(opening, begin))?.[1];
  if (!closing || state.sCount[startLine] - state.blkIndent >= 4) return false;
  const last = lastLine(state, startLine, endLine, closing);
  if (last < 0) return false;
  if (!silent) {
    state.line = last + 1;
    const map = [startLine, state.line];
    state.push("paragraph_open", "p", 1).map = map;
    const lines = state.getLines(startLine, state.line, state.blkIndent, false);
    const content = lines.slice(0, lines.lastIndexOf(closing) + 2).replace(/^[ \t]+/, "");
    Object.assign(state.push("inline", "", 0), { content, map, children: [] });
    state.push("paragraph_close", "p", -1);
  }
  return true;
}

/**
 * @param {any} state
 * @param {number} startLine
 * @param {number} endLine
 * @param {string} closing
 * @returns {number} -1: none ends it
 */
function lastLine(state, startLine, endLine, closing) {
  for (let line = startLine; line < Math.min(endLine, startLine + LINES_AT_MOST); line += 1) {
    const begin = state.bMarks[line] + state.tShift[line];
    const end = state.eMarks[line];
    if (begin >= end || (line > startLine && state.sCount[line] < state.blkIndent)) return -1;
    const words = state.src.slice(begin, end);
    const at = words.indexOf(closing, line === startLine ? 2 : 0);
    if (at >= 0) return /[^ \t]/.test(words.slice(at + 2)) ? -1 : line;
  }
  return -1;
}
