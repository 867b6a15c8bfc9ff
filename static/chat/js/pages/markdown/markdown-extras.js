/**
 * What models write beside CommonMark: `<br>`, `<sub>`, `<sup>`, `<kbd>`, `<details>`, tasks, and pictures, as links.
 * No HTML passes: each of these elements is made here, without attributes. The same rules as chat/markdown/extras.py.
 */

import { draws } from "./markdown-blank-parts.js";
import { fenceAt, OpenFences } from "./markdown-fences.js";

const TAG = /<(?:(br)[ \t]?\/?|(\/?)(sub|sup|kbd))>/iy;
const TASK = /^\[([ xX])\][ \t]+/;
const DETAILS = /^<details(?: open)?>[ \t]*/i;
const DETAILS_END = /^<\/details>[ \t]*$/i;
const END_OF_LINE = /<\/details>[ \t]*$/i;
const SUMMARY_BEFORE = /^<summary>([^<]*(?:<(?!\/summary>)[^<]*)*)<\/summary>/i;
const SUMMARY = /^<summary>([^<]*(?:<(?!\/summary>)[^<]*)*)<\/summary>[ \t]*$/i;

/** @param {any} parser markdown-it */
export function addExtras(parser) {
  parser.enable("image");
  parser.inline.ruler.before("autolink", "tags", tag);
  parser.block.ruler.before("fence", "details", details, { alt: ["paragraph", "reference", "blockquote", "list"] });
  parser.core.ruler.before("text_join", "extras", finish);
}

/** @param {any} state @param {boolean} silent */
function tag(state, silent) {
  if (state.src[state.pos] !== "<") return false;
  TAG.lastIndex = state.pos;
  const found = TAG.exec(state.src);
  let end = TAG.lastIndex;
  if (!found || end > state.posMax) return false;
  if (found[1]) {
    if (state.src[end] === "\n") end += 1; // it is a line end already
    if (!silent) state.push("hardbreak", "br", 0);
  } else if (!silent) state.push(found[2] ? "tag_close" : "tag_open", found[3].toLowerCase(), 0).content = found[0];
  state.pos = end;
  return true;
}

/** @param {any} state */
function finish(state) {
  state.tokens.forEach((/** @type {any} */ block, /** @type {number} */ at) => {
    if (block.type !== "inline" || !block.children?.length) return;
    pairTags(block.children);
    block.children = withLinks(state, block.children);
    if (state.tokens[at - 2]?.type === "list_item_open") block.children = withTask(state, block.children);
  });
}

/**
 * Makes elements of the tags that are opened and closed within the same one, around something; all others are text.
 * @param {any[]} tokens
 */
function pairTags(tokens) {
  /** @type {{token: any, drawn: number}[]} */
  const opened = [];
  const tags = tokens.filter(({ type }) => type === "tag_open" || type === "tag_close");
  let drawn = 0; // how many tokens up to here are seen
  for (const token of tokens) {
    if (token.type === "tag_open" || token.nesting > 0) opened.push({ token, drawn });
    else if (token.type === "tag_close") drawn += isPaired(token, opened, drawn) ? 0 : 1;
    else if (token.nesting < 0) while (opened.pop()?.token.type === "tag_open");
    else drawn += draws([token]) ? 1 : 0;
  }
  for (const token of tags) Object.assign(token, token.nesting === 0 ? { type: "text", tag: "" } : { content: "" });
}

/**
 * Makes an element of a tag and the last one that was opened, if they belong together.
 * @param {any} closing @param {{token: any, drawn: number}[]} opened @param {number} drawn
 */
function isPaired(closing, opened, drawn) {
  const begun = opened.at(-1);
  if (begun?.token.type !== "tag_open" || begun.token.tag !== closing.tag) return false;
  opened.pop();
  if (drawn === begun.drawn) return false;
  Object.assign(begun.token, { type: `${closing.tag}_open`, nesting: 1 });
  Object.assign(closing, { type: `${closing.tag}_close`, nesting: -1 });
  return true;
}

/** Links in place of pictures; within a link, a picture is its words. @param {any} state @param {any[]} tokens */
function withLinks(state, tokens) {
  let links = 0;
  return tokens.flatMap((token) => {
    if (token.type === "link_open" || token.type === "link_close") links += token.nesting;
    if (token.type !== "image") return [token];
    const words =
      (token.children ?? []).map(wordsOf).join("").trim() || state.md.normalizeLinkText(token.attrGet("src"));
    const text = made(state, "text", "", 0, { content: words });
    if (links) return [text];
    const attrs = token.attrs
      .filter((/** @type {string[]} */ [name]) => name !== "alt")
      .map((/** @type {string[]} */ [name, value]) => [name === "src" ? "href" : name, value]);
    return [made(state, "link_open", "a", 1, { attrs }), text, made(state, "link_close", "a", -1)];
  });
}

/** @param {any} token */
const wordsOf = (token) => (token.type === "softbreak" || token.type === "hardbreak" ? " " : token.content);

/** @param {any} state @param {any[]} tokens */
function withTask(state, tokens) {
  const found = tokens[0].type === "text" && TASK.exec(tokens[0].content);
  if (!found || (found[0] === tokens[0].content && tokens.length === 1)) return tokens;
  const isDone = found[1] !== " ";
  tokens[0].content = ` ${tokens[0].content.slice(found[0].length)}`;
  return [
    made(state, "task_open", "span", 1, { attrs: [["class", isDone ? "task is-done" : "task"]] }),
    made(state, "text", "", 0, { content: isDone ? "☑" : "☐" }),
    made(state, "task_close", "span", -1),
    ...tokens,
  ];
}

/** @param {any} state @param {string} type @param {string} name @param {number} nesting @param {object} [more] */
const made = (state, type, name, nesting, more) => Object.assign(new state.Token(type, name, nesting), more);

/**
 * What can be folded out: from a line with the tag to the one that ends it, or to the end of the text.
 * @param {any} state @param {number} startLine @param {number} endLine @param {boolean} silent
 */
function details(state, startLine, endLine, silent) {
  const line = lineOf(state, startLine);
  const begun = DETAILS.exec(line);
  if (!begun || state.sCount[startLine] - state.blkIndent >= 4) return false;
  let summary = SUMMARY.exec(line.slice(begun[0].length));
  if (!summary && begun[0].length < line.length)
    return detailsInALine(state, startLine, line.slice(begun[0].length), silent);
  if (silent) return true;
  const last = lastLine(state, startLine, endLine);
  state.push("details_open", "details", 1).map = [startLine, last];
  let first = startLine + 1;
  if (!summary && first < last) {
    summary = SUMMARY.exec(lineOf(state, first));
    if (summary) first += 1;
  }
  if (summary) pushWords(state, "summary", summary[1], [startLine, first]);
  const { parentType, lineMax } = state;
  Object.assign(state, { parentType: "blockquote", lineMax: last });
  state.md.block.tokenize(state, first, last);
  Object.assign(state, { parentType, lineMax });
  state.push("details_close", "details", -1);
  state.line = last + (last < endLine && DETAILS_END.test(lineOf(state, last)) ? 1 : 0);
  return true;
}

/**
 * Takes `<details><summary>a</summary>b</details>` from behind its first tag, if the line ends with the last one.
 * @param {any} state @param {number} number @param {string} rest @param {boolean} silent
 */
function detailsInALine(state, number, rest, silent) {
  const end = END_OF_LINE.exec(rest);
  if (!end || silent) return end !== null;
  state.push("details_open", "details", 1).map = [number, number + 1];
  const inner = rest.slice(0, end.index);
  const summary = SUMMARY_BEFORE.exec(inner);
  if (summary) pushWords(state, "summary", summary[1], [number, number + 1]);
  const words = inner.slice(summary ? summary[0].length : 0);
  if (words.trim()) pushWords(state, "p", words, [number, number + 1]);
  state.push("details_close", "details", -1);
  state.line = number + 1;
  return true;
}

/** @param {any} state @param {string} tag @param {string} words @param {number[]} map */
function pushWords(state, tag, words, map) {
  const name = tag === "p" ? "paragraph" : tag;
  state.push(`${name}_open`, tag, 1);
  const content = words.replace(/^[ \t]+/, "").trimEnd();
  Object.assign(state.push("inline", "", 0), { content, map, children: [] });
  state.push(`${name}_close`, tag, -1);
}

/** @param {any} state @param {number} startLine @param {number} endLine */
function lastLine(state, startLine, endLine) {
  let depth = 1;
  const fences = new OpenFences();
  for (let number = startLine + 1; number < endLine; number += 1) {
    const line = lineOf(state, number);
    if (line && state.sCount[number] < state.blkIndent) return number;
    if (fences.meet(fenceAt(state, number))) continue;
    if (begins(line)) depth += 1;
    else if (DETAILS_END.test(line)) depth -= 1;
    if (depth === 0) return number;
  }
  return endLine;
}

/** @param {string} line */
function begins(line) {
  const found = DETAILS.exec(line);
  return found !== null && (found[0] === line || SUMMARY.test(line.slice(found[0].length)));
}

/** @param {any} state @param {number} number */
const lineOf = (state, number) => state.src.slice(state.bMarks[number] + state.tShift[number], state.eMarks[number]);
