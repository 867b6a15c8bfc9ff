/**
 * The tokens of the markdown parser to a tree of what may stand in a message: elements and attributes of a fixed list,
 * links that were looked at, and text. Anything else comes out as its text. Pure.
 */

import { isOwnRoom, isWithin } from "../base/own-links.js";
import { classOf } from "./markdown-math.js";

/**
 * @typedef {object} Node an element, a text (`tag` is ""), or a block of code (`tag` is "code-block")
 * @property {string} tag
 * @property {Record<string, string>} attributes
 * @property {Node[]} children
 * @property {string} text
 * @property {any} [dom] what shows it
 * @property {import("../code/code-blocks.js").CodeBlock} [block]
 */

/** The elements that chat/markdown/formatting.py lets through, and which tokens make. */
const TAGS = new Set([
  "a", "blockquote", "br", "code", "details", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "kbd", "li", "ol", "p",
  "s", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
]);
const LINK_SCHEMES = new Set(["http:", "https:", "mailto:", "tel:"]);
const SCHEME = /^[a-z][a-z0-9+.-]*:/i;
const SCHEME_BEHIND_BLANKS = /^[\0-\x20]*([a-z][a-z0-9+.-]*:)/i;

/** @param {string} tag @param {Record<string, string>} [attributes] @param {string} [text] @returns {Node} */
export const node = (tag, attributes = {}, text = "") => ({ tag, attributes, children: [], text });

/**
 * @param {any[]} tokens of one block
 * @param {boolean} isTail more text will follow right behind it
 * @returns {Node}
 */
export function treeOf(tokens, isTail) {
  const root = node("");
  const open = [root];
  const last = isTail ? lastInline(tokens) : -1;
  tokens.forEach((token, at) => {
    if (token.hidden) return;
    const parent = /** @type {Node} */ (open.at(-1));
    if (token.type === "inline") putInline(parent, at === last ? withoutLastLink(token.children) : token.children);
    else if (token.type === "fence" || token.type === "code_block") parent.children.push(codeBlock(token));
    else put(open, token);
  });
  return root.children[0];
}

/** Where the text stands that nothing follows, or -1. @param {any[]} tokens */
function lastInline(tokens) {
  const last = tokens.findLastIndex((token) => token.nesting >= 0);
  return tokens[last]?.type === "inline" ? last : -1;
}

/** @param {Node} parent @param {any[]} tokens */
function putInline(parent, tokens) {
  const open = [parent];
  for (const token of tokens) {
    const inside = /** @type {Node} */ (open.at(-1));
    if (token.type === "text" || token.type === "text_special") putText(inside, token.content);
    else if (token.type === "softbreak" || token.type === "hardbreak") inside.children.push(node("br"));
    else if (token.type === "math") {
      const math = node("span", { class: classOf(token.content) });
      putText(math, token.content);
      inside.children.push(math);
    } else if (token.type === "code_inline") {
      const code = node("code");
      putText(code, token.content);
      inside.children.push(code);
    } else if (token.nesting === 0) putText(inside, token.content);
    else put(open, token);
  }
}

/** @param {Node[]} open the elements that are open @param {any} token */
function put(open, token) {
  if (token.nesting < 0) {
    if (open.length > 1) open.pop();
    return;
  }
  // An element that is not on the list counts as one that is not there: what is in it stays.
  const made = TAGS.has(token.tag) ? node(token.tag, attributesOf(token)) : null;
  const parent = /** @type {Node} */ (open.at(-1));
  if (made) parent.children.push(made);
  if (token.nesting > 0) open.push(made ?? parent);
}

/** @param {Node} parent @param {string} text */
function putText(parent, text) {
  if (!text) return;
  const last = parent.children.at(-1);
  if (last && last.tag === "") last.text += text;
  else parent.children.push(node("", {}, text));
}

/** @param {any} token @returns {Record<string, string>} */
function attributesOf(token) {
  if (token.type === "link_open") return linkAttributes(token.attrGet("href") ?? "", token.attrGet("title"));
  if (token.type === "task_open" || (token.type === "sup_open" && token.attrs))
    return { class: token.attrGet("class") };
  const start = token.type === "ordered_list_open" ? token.attrGet("start") : null;
  return start === null ? {} : { start: String(start) };
}

/**
 * A link whose address may not be followed is not a link: it keeps its text.
 * @param {string} href
 * @param {string | null} title
 * @returns {Record<string, string>}
 */
function linkAttributes(href, title) {
  const named = { rel: "noopener noreferrer nofollow", ...(title === null ? {} : { title }) };
  if (!isSafeAddress(href)) return named;
  return isWithin(href) || isOwnRoom(href) ? { ...named, href } : { ...named, href, target: "_blank" };
}

/** Within this site, where nothing says where else. */
const PLACE = /^[/?#.]/;

/**
 * What is not a link stays as it was written.
 * @param {string} address as the parser has it
 * @param {boolean} isDefinition of a link: has to lead somewhere, or it is what someone says
 */
export function hasSafeScheme(address, isDefinition = false) {
  const scheme = SCHEME_BEHIND_BLANKS.exec(address);
  return !scheme ? !isDefinition || PLACE.test(address) : LINK_SCHEMES.has(scheme[1].toLowerCase());
}

/** @param {string} href */
export function isSafeAddress(href) {
  // What the browser would make of it counts: it drops tabs, line ends and leading spaces before it looks at the
  // scheme.
  const address = URL.parse ? URL.parse(href, "https://parley.invalid/") : parsed(href);
  if (!address || !LINK_SCHEMES.has(address.protocol)) return false;
  const scheme = SCHEME.exec(href);
  return !scheme || LINK_SCHEMES.has(scheme[0].toLowerCase());
}

/** @param {string} href */
function parsed(href) {
  try {
    return new URL(href, "https://parley.invalid/");
  } catch {
    return null;
  }
}

/** @param {any} token @returns {Node} */
function codeBlock(token) {
  const language = token.type === "fence" ? token.info.trim().split(/\s+/)[0] : "";
  return node("code-block", { language }, token.content);
}

/**
 * The last address may still grow: it becomes a link when something follows it.
 * @param {any[]} tokens
 * @returns {any[]}
 */
function withoutLastLink(tokens) {
  const opens = tokens.findLastIndex((token) => token.type === "link_open" && token.markup === "linkify");
  if (opens < 0) return tokens;
  const closes = tokens.findIndex((token, at) => at > opens && token.type === "link_close");
  const after = tokens.slice(closes + 1);
  const isApart = after.some(
    (token) => /\s/.test(token.content) || token.type === "softbreak" || token.type === "hardbreak",
  );
  return isApart ? tokens : tokens.filter((_, at) => at !== opens && at !== closes);
}
