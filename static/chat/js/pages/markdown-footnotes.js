/**
 * Footnotes: `[^1]` where it is referred to, and `[^1]: words` as a paragraph where they stand. The same rules as
 * chat/markdown/footnotes.py.
 */

const MARK = /\[\^([A-Za-z0-9_-]{1,40})\]/y;
const DEFINITION = /^\[\^([A-Za-z0-9_-]{1,40})\]:[ \t]*(?=\S)/;

/** @param {any} parser markdown-it */
export function addFootnotes(parser) {
  parser.block.ruler.before("reference", "footnote", definition);
  parser.inline.ruler.before("link", "footnote", mark);
}

/** A name among those of links that no link has: theirs are in capitals. @param {string} label */
const keyOf = (label) => `footnote ${label.toLowerCase()}`;

/** @param {any} state @param {boolean} silent */
function mark(state, silent) {
  if (state.src[state.pos] !== "[") return false;
  MARK.lastIndex = state.pos;
  const found = MARK.exec(state.src);
  if (!found || MARK.lastIndex > state.posMax || !Object.hasOwn(state.env.references ?? {}, keyOf(found[1]))) return false;
  if (!silent) {
    state.push("sup_open", "sup", 1);
    state.push("text", "", 0).content = found[1];
    state.push("sup_close", "sup", -1);
  }
  state.pos += found[0].length;
  return true;
}

/** @param {any} state @param {number} startLine @param {number} endLine @param {boolean} silent */
function definition(state, startLine, endLine, silent) {
  const found = foundAt(state, startLine);
  if (!found || silent || state.sCount[startLine] - state.blkIndent >= 4) return false;
  let line = startLine + 1;
  while (line < endLine && !state.isEmpty(line) && state.sCount[line] >= state.blkIndent && !foundAt(state, line)) line += 1;
  state.env.references ??= {};
  state.env.references[keyOf(found[1])] = { href: "", title: "" };
  const words = state.getLines(startLine, line, state.blkIndent, false).replace(/^[ \t]+/, "").slice(found[0].length);
  state.line = line;
  const map = [startLine, line];
  state.push("paragraph_open", "p", 1).map = map;
  Object.assign(state.push("inline", "", 0), { content: `[^${found[1]}] ${words}`, map, children: [] });
  state.push("paragraph_close", "p", -1);
  return true;
}

/** @param {any} state @param {number} line */
const foundAt = (state, line) => DEFINITION.exec(state.src.slice(state.bMarks[line] + state.tShift[line], state.eMarks[line]));
