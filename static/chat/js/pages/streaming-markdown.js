/**
 * Shows a text that grows as formatted markdown. What it shows in the end depends on the text alone, not on the pieces
 * it came in, and is what the server would make of it. A block that is finished is not looked at again.
 */

import { blocksOf, COLONS_WITH_LINKS } from "./markdown-parser.js";
import { shownTail } from "./markdown-tail.js";
import { patchChildren } from "./tree-patch.js";

/** @typedef {import("./markdown-parser.js").Block} Block */

/** A block may be taken for another one until its second line is complete: a table is told by that one. */
const LINES_THAT_DECIDE = 2;
const BLANK = /^[ \t]*$/;

export class StreamingMarkdown {
  #root;
  #text = "";
  /** The text up to here is in the finished blocks. */
  #finishedTo = 0;
  /** Up to here they have been looked for. */
  #lookedTo = 0;
  #colons = 0;
  #isFinal = false;
  /** @type {Record<string, any>} */
  #references = {};
  /** @type {(Block & {source: string})[]} */
  #finished = [];
  /** Those after them, as they are shown. @type {Block[]} */
  #tail = [];

  /** @param {HTMLElement} root shows nothing else */
  constructor(root) {
    this.#root = root;
  }

  get text() {
    return this.#text;
  }

  /**
   * @param {string} text all of it; usually what was there and more
   * @param {boolean} [isFinal] nothing will follow
   */
  show(text, isFinal = false) {
    const normal = text.replaceAll("\r\n", "\n").replaceAll("\r", "\n");
    if (normal === this.#text && isFinal === this.#isFinal) return;
    if (this.#isFinal || !normal.startsWith(this.#text.slice(0, this.#finishedTo))) this.#restart();
    this.#text = normal;
    this.#isFinal = isFinal;
    this.#finishBlocks();
    const rest = normal.slice(this.#finishedTo);
    this.#draw(this.#parse(isFinal ? rest : shownTail(rest), !isFinal));
    if (isFinal) this.#end();
  }

  /** Another text: what stands there is compared with it block by block. */
  #restart() {
    this.#tail = [...this.#finished, ...this.#tail];
    this.#finished = [];
    this.#finishedTo = this.#lookedTo = 0;
    this.#colons = 0;
    this.#references = {};
  }

  #finishBlocks() {
    const completeTo = this.#text.lastIndexOf("\n") + 1;
    if (completeTo <= this.#lookedTo) return;
    this.#lookedTo = completeTo;
    const complete = this.#text.slice(this.#finishedTo, completeTo);
    const lines = complete.split("\n");
    const blocks = blocksOf(complete, { links: this.#links(complete), references: { ...this.#references } });
    const last = blocks.findLastIndex(({ line }) => line > 0 && BLANK.test(lines[line - 1]) && line + LINES_THAT_DECIDE < lines.length);
    if (last <= 0) return;
    const source = (from, to) => lines.slice(from, to).join("\n") + "\n";
    const done = source(0, blocks[last].line);
    this.#draw(this.#parse(done, false));
    const ends = [...this.#tail.slice(1).map(({ line }) => line), blocks[last].line];
    this.#tail.forEach((block, at) => this.#finished.push({ ...block, source: source(block.line, ends[at]) }));
    this.#tail.forEach(finishCode);
    this.#tail = [];
    this.#colons += countColons(done);
    this.#finishedTo += done.length;
  }

  /** @param {string} text @param {boolean} isUnfinished */
  #parse(text, isUnfinished) {
    // Half of a definition would stay for good: of two of one name, the first counts.
    const references = isUnfinished ? { ...this.#references } : this.#references;
    return blocksOf(text, { links: this.#links(text), references, isUnfinished });
  }

  /** @param {string} text after the finished blocks */
  #links(text) {
    return this.#colons + countColons(text) <= COLONS_WITH_LINKS;
  }

  /** @param {Block[]} blocks */
  #draw(blocks) {
    const tail = this.#tail.map(({ node }) => node);
    // patchChildren appends what is new: the finished ones stand before, and the tail is at the end.
    patchChildren(this.#root, tail, blocks.map(({ node }) => node));
    this.#tail = blocks;
  }

  /** What was defined last may concern what was written first. */
  #end() {
    const links = this.#colons + countColons(this.#text.slice(this.#finishedTo)) <= COLONS_WITH_LINKS;
    const hasReferences = Object.keys(this.#references).length > 0;
    this.#tail.forEach(finishCode);
    for (const block of this.#finished) {
      if (!(hasReferences && block.refers) && !(block.linked && !links)) continue;
      const [again] = blocksOf(block.source, { links, references: this.#references });
      if (!again) continue;
      replaceIn(this.#root, block.node, again.node);
      block.node = again.node;
    }
  }
}

/** @param {Element} root @param {any} before @param {any} after */
function replaceIn(root, before, after) {
  const place = document.createComment("");
  const holder = document.createElement("div");
  before.dom.replaceWith(place);
  holder.append(before.dom);
  patchChildren(holder, [before], [after]);
  place.replaceWith(after.dom);
}

/** @param {Block} block */
function finishCode({ node }) {
  const nodes = [node];
  for (let each = nodes.pop(); each; each = nodes.pop()) {
    each.block?.highlight();
    nodes.push(...each.children);
  }
}

/** @param {string} text */
function countColons(text) {
  let count = 0;
  for (let at = text.indexOf(":"); at >= 0; at = text.indexOf(":", at + 1)) count += 1;
  return count;
}
