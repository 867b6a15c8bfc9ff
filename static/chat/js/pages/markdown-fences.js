/**
 * Blocks of code between fences, as CommonMark has them, but that blocks within a block of markdown pair up. The same rule as
 * chat/markdown/fences.py.
 */

const MARKDOWN = new Set(["markdown", "md", "mdx", "gfm", "commonmark"]);
const CHARS_AT_LEAST = 3;

/** Whether fences in a block of this kind may begin blocks of their own. @param {string} info what stands behind its fence */
export const takesOthers = (info) => MARKDOWN.has(info.trim().split(/\s+/)[0].toLowerCase());

/**
 * What a fence does to the blocks that are open around it.
 * @param {{length: number, takesOthers: boolean}[]} open the innermost last; changed
 * @param {string} marker @param {number} length @param {string} info
 */
export function meetFence(open, marker, length, info) {
  const inner = open[open.length - 1];
  if (length < inner.length) return;
  if (!/[^ \t]/.test(info)) open.pop();
  else if (inner.takesOthers && !(marker === "`" && info.includes("`"))) open.push({ length, takesOthers: takesOthers(info) });
}

/** @param {any} state @param {number} startLine @param {number} endLine @param {boolean} silent */
export function fence(state, startLine, endLine, silent) {
  const opening = fenceAt(state, startLine);
  if (!opening || (opening.marker === "`" && opening.info.includes("`"))) return false;
  if (silent) return true;
  const [last, isClosed] = endOf(state, startLine, endLine, opening);
  state.line = last + (isClosed ? 1 : 0);
  Object.assign(state.push("fence", "code", 0), {
    info: opening.info,
    content: state.getLines(startLine + 1, last, state.sCount[startLine], true),
    markup: opening.marker.repeat(opening.length),
    map: [startLine, state.line],
  });
  return true;
}

/** @param {any} state @param {number} line */
function fenceAt(state, line) {
  const begin = state.bMarks[line] + state.tShift[line];
  const end = state.eMarks[line];
  const marker = state.src[begin];
  if (begin >= end || (marker !== "`" && marker !== "~") || state.sCount[line] - state.blkIndent >= 4) return null;
  let behind = begin;
  while (behind < end && state.src[behind] === marker) behind += 1;
  return behind - begin < CHARS_AT_LEAST ? null : { marker, length: behind - begin, info: state.src.slice(behind, end) };
}

/**
 * @param {any} state @param {number} startLine @param {number} endLine @param {{marker: string, length: number, info: string}} opening
 * @returns {[number, boolean]} the line behind a block's last one, and whether a fence stands there that ends it
 */
function endOf(state, startLine, endLine, { marker, length, info }) {
  const open = [{ length, takesOthers: takesOthers(info) }];
  for (let line = startLine + 1; line < endLine; line += 1) {
    const begin = state.bMarks[line] + state.tShift[line];
    if (begin < state.eMarks[line] && state.sCount[line] < state.blkIndent) return [line, false];
    const found = fenceAt(state, line);
    if (found?.marker !== marker) continue;
    meetFence(open, marker, found.length, found.info);
    if (!open.length) return [line, true];
  }
  return [endLine, false];
}
