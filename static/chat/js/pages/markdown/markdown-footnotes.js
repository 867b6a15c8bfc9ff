/**
 * Footnotes: `[^1]` where it is referred to, and `[^1]: words` as a paragraph where they stand, each with a link to the
 * other. The same rules as chat/markdown/footnotes.py.
 */

const MARK = /\[\^([A-Za-z0-9_-]{1,40})\]/y;
const DEFINITION = /^\[\^([A-Za-z0-9_-]{1,40})\]:[ \t]*(?=\S)/;

/** @param {any} parser markdown-it */
export function addFootnotes(parser) {
  parser.block.ruler.before("reference", "footnote", definition);
  parser.inline.ruler.before("link", "footnote", mark);
  parser.core.ruler.after("inline", "footnotes", unlink);
}

/** A name among those of links that no link has: theirs are in capitals. @param {string} label */
const keyOf = (label) => `footnote ${label.toLowerCase()}`;

/** @param {any} state @param {boolean} silent */
function mark(state, silent) {
  if (state.src[state.pos] !== "[") return false;
  MARK.lastIndex = state.pos;
  const found = MARK.exec(state.src);
  if (!found || MARK.lastIndex > state.posMax || !Object.hasOwn(state.env.references ?? {}, keyOf(found[1])))
    return false;
  if (!silent) {
    const label = found[1].toLowerCase();
    const isLink = !state.linkLevel;
    if (isLink) (state.env.marked ??= new Set()).add(label);
    state.push("sup_open", "sup", 1).attrs = [["class", "footnote-mark"]];
    if (isLink) state.push("link_open", "a", 1).attrs = [["href", `#fn:${label}`]];
    state.push("text", "", 0).content = found[1];
    if (isLink) state.push("link_close", "a", -1);
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
  while (line < endLine && !state.isEmpty(line) && state.sCount[line] >= state.blkIndent && !foundAt(state, line))
    line += 1;
  state.env.references ??= {};
  state.env.references[keyOf(found[1])] = { href: "", title: "" };
  const words = state.getLines(startLine, line, state.blkIndent, false).replace(/^[ \t]+/, "").slice(found[0].length);
  state.line = line;
  const map = [startLine, line];
  state.push("paragraph_open", "p", 1).map = map;
  const label = found[1].toLowerCase();
  Object.assign(state.push("inline", "", 0), {
    content: ` ${words}`, map, children: beginning(state, found[1]), meta: { footnote: label },
  });
  state.push("paragraph_close", "p", -1);
  return true;
}

/**
 * What stands before the words; the parser puts what it makes of them behind it.
 * @param {any} state
 * @param {string} label
 */
function beginning(state, label) {
  const made = (
    /** @type {string} */ type,
    /** @type {string} */ tag,
    /** @type {number} */ nesting,
    /** @type {object} */ more = {},
  ) => Object.assign(new state.Token(type, tag, nesting), more);
  return [
    made("sup_open", "sup", 1, { attrs: [["class", "footnote-words"]] }),
    made("link_open", "a", 1, { attrs: [["href", `#fnref:${label.toLowerCase()}`]] }),
    made("text", "", 0, { content: label }),
    made("link_close", "a", -1),
    made("sup_close", "sup", -1),
  ];
}

/**
 * Words without a mark have nothing to lead back to. In a part of a text, it may stand elsewhere.
 * @param {any} state
 */
function unlink(state) {
  if (state.env.isPart) return;
  for (const { meta, children } of state.tokens) {
    if (meta?.footnote === undefined || state.env.marked?.has(meta.footnote)) continue;
    children.splice(3, 1);
    children.splice(1, 1);
  }
}

/** @param {any} state @param {number} line */
const foundAt = (state, line) =>
  DEFINITION.exec(state.src.slice(state.bMarks[line] + state.tShift[line], state.eMarks[line]));
