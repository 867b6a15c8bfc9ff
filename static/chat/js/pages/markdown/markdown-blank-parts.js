/**
 * Parts of a text that would draw nothing: a link without words, an empty heading, an empty quotation. They are drawn
 * as they were written. The same rules as chat/markdown/blank_parts.py.
 */

import { hasInk } from "../base/visible.js";

/** What is made of quotations of nothing, one in another. */
const QUOTATION = new Set(["blockquote_open", "blockquote_close", "paragraph_open", "inline", "paragraph_close"]);
const DRAWN = new Set(["code_inline", "image", "math"]);

/** @param {any} parser markdown-it */
export function addBlankParts(parser) {
  const isHeadingBlank = (/** @type {any[]} */ made) => !made[1].content;
  const isQuotationBlank = (/** @type {any[]} */ made) =>
    made.every(({ type, content }) => QUOTATION.has(type) && !/[^> \n]/.test(content));
  replace(parser, "heading", isHeadingBlank, ["paragraph", "reference", "blockquote"]);
  replace(parser, "blockquote", isQuotationBlank, ["paragraph", "reference", "blockquote", "list"]);
}

/** Whether anything of these is seen. @param {any[]} tokens */
export const draws = (tokens) => tokens.some(({ type, content }) => DRAWN.has(type) || hasInk(content));

/**
 * A rule for links that refuses one without words; what stands for it then is text.
 * @param {(state: any, silent: boolean) => boolean} rule
 */
export function withWords(rule) {
  return (/** @type {any} */ state, /** @type {boolean} */ silent) => {
    const start = state.pos;
    const before = state.tokens.length;
    if (!rule(state, silent)) return false;
    if (silent) return true;
    // Words before it were pushed with it.
    const opened = state.tokens.findIndex(
      (/** @type {any} */ { type }, /** @type {number} */ at) => at >= before && type === "link_open",
    );
    if (draws(state.tokens.slice(opened))) return true;
    state.tokens.length = state.tokens_meta.length = opened;
    state.push("written", "", 0).content = state.src.slice(start, state.pos);
    return true;
  };
}

/**
 * Puts a paragraph with the text of its lines in place of a block that is blank.
 * @param {any} parser @param {string} name of its rule @param {(made: any[]) => boolean} isBlank @param {string[]} alt
 */
function replace(parser, name, isBlank, alt) {
  const rule = parser.block.ruler.__rules__.find((/** @type {{name: string}} */ each) => each.name === name).fn;
  const written = (
    /** @type {any} */ state,
    /** @type {number} */ startLine,
    /** @type {number} */ endLine,
    /** @type {boolean} */ silent,
  ) => {
    const before = state.tokens.length;
    if (!rule(state, startLine, endLine, silent)) return false;
    if (silent || !isBlank(state.tokens.slice(before))) return true;
    state.tokens.length = before;
    const map = [startLine, state.line];
    state.push("paragraph_open", "p", 1).map = map;
    const content = state.getLines(startLine, state.line, state.blkIndent, false).trim();
    Object.assign(state.push("inline", "", 0), { content, map, children: [] });
    state.push("paragraph_close", "p", -1);
    return true;
  };
  parser.block.ruler.at(name, written, { alt });
}
