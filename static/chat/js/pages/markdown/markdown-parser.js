/**
 * Markdown to a tree, by the same rules as chat/markdown/: the same parser, set up the same way. It makes no HTML and
 * touches no page. Replies alone are streamed, and they mention no one.
 */

import { findAddresses } from "./markdown-addresses.js";
import { addBlankParts } from "./markdown-blank-parts.js";
import { addDefinitions } from "./markdown-definitions.js";
import { addExtras } from "./markdown-extras.js";
import { fence } from "./markdown-fences.js";
import { withFlanking } from "./markdown-flanking.js";
import { addFootnotes } from "./markdown-footnotes.js";
import { keepMathematics } from "./markdown-math.js";
import { hasSafeScheme, treeOf } from "./markdown-tree.js";

/** @typedef {import("./markdown-tree.js").Node} Node */

// The built file is a classic script: as a module it leaves its one function on the global object.
await import("../../../vendor/markdown-it/markdown-it.min.js");

/** With more of them in a text, the server makes no links of bare addresses. */
export const COLONS_WITH_LINKS = 100;

const withLinks = parser(true);
const withoutLinks = parser(false);

/** @param {boolean} links whether bare addresses become links */
function parser(links) {
  const made = /** @type {any} */ (globalThis).markdownit("commonmark", { html: false, linkify: links, breaks: true });
  made.enable(["table", "strikethrough", ...(links ? ["linkify"] : [])]);
  made.inline.State = withFlanking(made.inline.State);
  findAddresses(made);
  keepMathematics(made);
  made.block.ruler.at("fence", fence, { alt: ["paragraph", "reference", "blockquote", "list"] });
  const validateLink = made.validateLink.bind(made);
  const reading = { isInDefinition: false };
  made.validateLink = (/** @type {string} */ url) => validateLink(url) && hasSafeScheme(url, reading.isInDefinition);
  addDefinitions(made, reading);
  addBlankParts(made);
  addExtras(made);
  addFootnotes(made);
  made.inline.ruler.at("backticks", markCode);
  return made;
}

/**
 * @typedef {object} Block of the outermost level
 * @property {number} line where it begins
 * @property {Node} node
 * @property {boolean} linked there are links made of bare addresses in it
 */

/**
 * @param {string} text
 * @param {object} options
 * @param {boolean} options.links
 * @param {Record<string, any>} options.references known link references; those that are found are added
 * @param {boolean} [options.isUnfinished] more will follow: an address at the end may not be complete
 * @param {boolean} [options.isPart] of a text: what it defines may be used elsewhere
 * @returns {Block[]}
 */
export function blocksOf(text, { links, references, isUnfinished = false, isPart = false }) {
  const tokens = (links ? withLinks : withoutLinks).parse(text, { references, isPart });
  for (const token of tokens) token.info &&= withLinks.utils.unescapeAll(token.info);
  const blocks = [];
  let depth = 0;
  let first = 0;
  for (let at = 0; at < tokens.length; at += 1) {
    depth += tokens[at].nesting;
    if (depth > 0) continue;
    blocks.push(blockOf(tokens.slice(first, at + 1), isUnfinished && at === tokens.length - 1));
    first = at + 1;
  }
  return blocks;
}

/** @param {any[]} tokens of one block @param {boolean} isTail */
function blockOf(tokens, isTail) {
  const inline = tokens.filter((token) => token.type === "inline");
  return {
    line: tokens[0].map[0],
    node: treeOf(tokens, isTail),
    linked: inline.some((token) =>
      token.children.some((/** @type {any} */ child) => child.type === "link_open" && child.markup === "linkify"),
    ),
  };
}

/**
 * Code among words. The library's own rule forgets code that stands between a bracket and a marker that nothing closes.
 * @param {any} state of markdown-it @param {boolean} silent
 */
function markCode(state, silent) {
  const { src, pos } = state;
  if (src[pos] !== "`") return false;
  // Where the last marker of each length stands: looked up once, or a text of markers would take time by its square.
  state.lastMarkers ??= new Map([...src.matchAll(/`+/g)].map((match) => [match[0].length, match.index]));
  let from = pos;
  while (from < state.posMax && src[from] === "`") from += 1;
  const marker = src.slice(pos, from);
  let end = -1;
  if ((state.lastMarkers.get(marker.length) ?? -1) >= from) {
    for (let at = src.indexOf("`", from); at >= 0 && end < 0; at = src.indexOf("`", at)) {
      const start = at;
      while (src[at] === "`") at += 1;
      if (at - start === marker.length) end = start;
    }
  }
  if (!silent && end < 0) state.pending += marker;
  else if (!silent) {
    const token = state.push("code_inline", "code", 0);
    const code = src.slice(from, end).replaceAll("\n", " ");
    // One space at both ends belongs to the markers, unless there is nothing else.
    token.content = code.startsWith(" ") && code.endsWith(" ") && /[^ ]/.test(code) ? code.slice(1, -1) : code;
  }
  state.pos = end < 0 ? from : end + marker.length;
  return true;
}

/** @param {string} text @returns {number} how many bare addresses may begin in it */
export function countColons(text) {
  let count = 0;
  for (let at = text.indexOf(":"); at >= 0; at = text.indexOf(":", at + 1)) count += 1;
  return count;
}

/** @param {string} text @param {number} line of a block @returns {number} where it begins in the text */
export function offsetOfLine(text, line) {
  let at = 0;
  for (let count = 0; count < line; count += 1) at = text.indexOf("\n", at) + 1;
  return at;
}
