/**
 * Definitions of links: one that makes no link is drawn as the text it is. The same rules as
 * chat/markdown/definitions.py.
 */

import { withWords } from "./markdown-blank-parts.js";

/** Where definitions lead, in the order in which links read it. @type {object[]} */
let read = [];

/** @param {any} parser markdown-it @param {{isInDefinition: boolean}} reading is told while a definition is read */
export function addDefinitions(parser, reading) {
  const reference = ruleOf(parser.block.ruler, "reference");
  parser.block.ruler.at(
    "reference",
    (
      /** @type {any} */ state,
      /** @type {number} */ startLine,
      /** @type {number} */ endLine,
      /** @type {boolean} */ silent,
    ) => {
      reading.isInDefinition = true;
      try {
        if (!reference(state, startLine, endLine, silent)) return false;
      } finally {
        reading.isInDefinition = false;
      }
      push(state, startLine);
      return true;
    },
  );
  parser.inline.ruler.at("link", noted(withWords(ruleOf(parser.inline.ruler, "link"))));
  parser.inline.ruler.at("image", noted(ruleOf(parser.inline.ruler, "image")));
  parser.core.ruler.after("inline", "definitions", drawUnused);
}

/** The library's own. @param {any} ruler @param {string} wanted */
const ruleOf = (ruler, wanted) => ruler.__rules__.find((/** @type {{name: string}} */ { name }) => name === wanted).fn;

/** A paragraph, of which `drawUnused` decides whether it stays. @param {any} state @param {number} startLine */
function push(state, startLine) {
  const map = [startLine, state.line];
  const content = state.getLines(startLine, state.line, state.blkIndent, false).trim();
  const label = state.md.utils.normalizeReference(labelOf(content));
  const { references } = state.env;
  // Of two with one name, the first counts.
  const isFirst = !Object.hasOwn(references[label], "isNoted");
  if (isFirst) references[label] = withNotes(references[label]);
  state.push("paragraph_open", "p", 1).map = map;
  Object.assign(state.push("definition", "", 0), {
    content, map, meta: { definition: isFirst ? references[label] : null },
  });
  state.push("paragraph_close", "p", -1);
}

/** @param {string} lines */
function labelOf(lines) {
  let end = 1;
  while (lines[end] !== "]") end += lines[end] === "\\" ? 2 : 1;
  return lines.slice(1, end);
}

/** @param {{href: string, title: string}} found */
const withNotes = ({ href, title }) => ({
  title,
  isNoted: true,
  get href() {
    read.push(this);
    return href;
  },
});

/**
 * A rule for links that leaves no note of what it read for one that it did not make.
 * @param {(state: any, silent: boolean) => boolean} rule
 */
function noted(rule) {
  return (/** @type {any} */ state, /** @type {boolean} */ silent) => {
    const before = read.length;
    const isMade = rule(state, silent);
    if (silent || !isMade || state.tokens.at(-1).type === "written") read.length = before;
    return isMade;
  };
}

/**
 * Once links are made: definitions that made one go, all others become words. In a part of a text all go: what makes
 * links of them may stand elsewhere.
 * @param {any} state
 */
function drawUnused(state) {
  const used = new Set(read);
  read = [];
  /** @type {any[]} */
  const unused = [];
  /** @type {Set<number>} */
  const leftOut = new Set();
  state.tokens.forEach((/** @type {any} */ token, /** @type {number} */ at) => {
    if (token.type !== "definition") return;
    const last = unused[unused.length - 1];
    if (state.env.isPart || used.has(token.meta.definition)) {
      for (const each of [at - 1, at, at + 1]) leftOut.add(each);
      return;
    }
    if (last && state.tokens[at - 3]?.type === "definition" && last.map[1] === token.map[0]) {
      for (const each of [at - 2, at - 1, at]) leftOut.add(each);
      last.content += `\n${token.content}`;
      last.map = [last.map[0], token.map[1]];
    } else unused.push(token);
  });
  if (leftOut.size)
    state.tokens = state.tokens.filter((/** @type {any} */ _, /** @type {number} */ at) => !leftOut.has(at));
  for (const token of unused) {
    Object.assign(token, { type: "inline", children: [] });
    // They make no links of themselves, or of others.
    state.md.inline.parse(token.content, state.md, {}, token.children);
  }
}
