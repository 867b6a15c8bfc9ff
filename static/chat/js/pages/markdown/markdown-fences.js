/**
 * Blocks of code between fences, as CommonMark has them, but that blocks within a block of markdown pair up. The same
 * rule as chat/markdown/fences.py.
 */

const MARKDOWN = new Set(["markdown", "md", "mdx", "gfm", "commonmark"]);
const CHARS_AT_LEAST = 3;
/** Each block of a text that blocks within leave without an end is read to the text's end. */
const UNPAIRED_AT_MOST = 10;

/**
 * Whether fences in a block of this kind may begin blocks of their own.
 * @param {string} info what stands behind its fence
 */
export const takesOthers = (info) => MARKDOWN.has(info.trim().split(/\s+/)[0].toLowerCase());

/** The blocks of code that are open at a line: the length of each fence, and what it takes. */
export class OpenFences {
  marker = "";
  /** The innermost last. @type {{length: number, takesOthers: boolean}[]} */
  open = [];

  /**
   * @param {{marker: string, length: number, info: string} | null} fence a line, which may be one
   * @returns {boolean} whether it is one, or in a block
   */
  meet(fence) {
    if (!fence) return this.open.length > 0;
    const { marker, length, info } = fence;
    const isOpening = !(marker === "`" && info.includes("`"));
    const inner = this.open[this.open.length - 1];
    if (!inner) {
      this.marker = marker;
      if (isOpening) this.open.push({ length, takesOthers: takesOthers(info) });
      return isOpening;
    }
    if (marker === this.marker && length >= inner.length) {
      if (!/[^ \t]/.test(info)) this.open.pop();
      else if (inner.takesOthers && isOpening) this.open.push({ length, takesOthers: takesOthers(info) });
    }
    return true;
  }

  /** What closes the innermost, or "". */
  get closing() {
    return this.marker.repeat(this.open[this.open.length - 1]?.length ?? 0);
  }
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
export function fenceAt(state, line) {
  const begin = state.bMarks[line] + state.tShift[line];
  const end = state.eMarks[line];
  const marker = state.src[begin];
  if (begin >= end || (marker !== "`" && marker !== "~") || state.sCount[line] - state.blkIndent >= 4) return null;
  let behind = begin;
  while (behind < end && state.src[behind] === marker) behind += 1;
  return behind - begin < CHARS_AT_LEAST
    ? null
    : { marker, length: behind - begin, info: state.src.slice(behind, end) };
}

/** @typedef {{marker: string, length: number, info: string}} Fence */

/**
 * Where blocks within leave it without an end, the first bare fence ends it; not in a text that is not complete.
 * @param {any} state @param {number} startLine @param {number} endLine @param {Fence} opening
 * @returns {[number, boolean]} the line behind a block's last one, and whether a fence stands there that ends it
 */
function endOf(state, startLine, endLine, opening) {
  const unpaired = state.env.unpaired ?? 0;
  if (takesOthers(opening.info) && unpaired < UNPAIRED_AT_MOST) {
    const found = endAmong(state, startLine, endLine, opening);
    if (found[1] || state.env.isPart) return found;
    state.env.unpaired = unpaired + 1;
  }
  return endAmong(state, startLine, endLine, { ...opening, info: "" });
}

/**
 * @param {any} state
 * @param {number} startLine
 * @param {number} endLine
 * @param {Fence} opening
 * @returns {[number, boolean]}
 */
function endAmong(state, startLine, endLine, opening) {
  const fences = new OpenFences();
  fences.meet(opening);
  for (let line = startLine + 1; line < endLine; line += 1) {
    const begin = state.bMarks[line] + state.tShift[line];
    if (begin < state.eMarks[line] && state.sCount[line] < state.blkIndent) return [line, false];
    fences.meet(fenceAt(state, line));
    if (!fences.open.length) return [line, true];
  }
  return [endLine, false];
}
