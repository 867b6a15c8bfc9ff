/**
 * Shows a text that grows as formatted markdown. What it shows in the end depends on the text alone, not on the pieces
 * it came in, and is what the server would make of it. A block that is finished is not looked at again. A long one that
 * is not finished is shown in parts, each like a block of its own, until the end. Where it has no place to part it, it
 * is looked at each time it has grown by a share of its length: all looks together read a bounded multiple of the text.
 * In between, its code grows letter by letter, and its words stand as they were written.
 *
 * A text that takes too long to look at, or would need too many elements, stands as it was written until its end. Then
 * the server has decided whether it is formatted: it has rendered all of it, in bounded time and size.
 */

import { checkSize, TooLarge } from "./block-size.js";
import { isLong, partOf } from "./long-block.js";
import { blocksOf, COLONS_WITH_LINKS, countColons, offsetOfLine } from "../markdown/markdown-parser.js";
import { shownTail } from "./markdown-tail.js";
import { OpenFence } from "./open-fence.js";
import { appendWords, patchChildren, replaceIn } from "./tree-patch.js";
import { vanishes } from "../base/visible.js";
import { WrittenText } from "./written-text.js";

/** @typedef {import("../markdown/markdown-parser.js").Block} Block */

/** A block may be taken for another one until its second line is complete: a table is told by that one. */
const LINES_THAT_DECIDE = 2;
const BLANK = /^[ \t]*$/;
/** So much is looked at whenever something is added: it takes a few milliseconds. */
const LIVE_CHARS = 16_000;
/** More than that, when this part of it is new. */
const GROWTH = 1 / 8;
/** What begins so, behind an empty line, is in no block from before: not in a list, either. */
const NEW_BLOCK = /^[^\s\-*+\d]/;
const BLOCK_END = /\n[ \t]*\n(?=[^\s\-*+\d])/;
/** What follows may begin something else than the next line of a paragraph. */
const WORDS_END = /\n(?![\p{L}"'(])/u;

/** Looks that take longer than this are counted, */
const LONG_LOOK_MS = 200;
/** and after so much time in such looks there are no more. */
const LONG_LOOKS_MS = 2_000;

export class StreamingMarkdown {
  #root;
  #inLongLooksMs = 0;
  /** What is shown of a text that is not formatted. @type {WrittenText | null} */
  #written = null;
  #text = "";
  /** The text up to here is in the finished blocks. */
  #finishedTo = 0;
  /** Up to here they have been looked for. */
  #lookedTo = 0;
  /** Up to here it was shown when all was looked at last, and up to here, words were added since. */
  #drawnTo = 0;
  #addedTo = 0;
  /** The last block, if code is being added to it. @type {OpenFence | null} */
  #fence = null;
  #colons = 0;
  #isFinal = false;
  #isParted = false;
  /** The block that begins here was looked at, and has no place to part it. */
  #wholeFrom = -1;
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

  /** Does a block stand there in parts? The final look puts it together, which reads all of it once more. */
  get isParted() {
    return this.#isParted;
  }

  /**
   * @param {string} text all of it; usually what was there and more
   * @param {boolean} [isFinal] nothing will follow
   */
  show(text, isFinal = false) {
    const normal = text.replaceAll("\r\n", "\n").replaceAll("\r", "\n");
    if (normal === this.#text && isFinal === this.#isFinal) return;
    if (this.#written && !isFinal) return this.#written.show((this.#text = normal));
    if (this.#written) this.#beginAgain();
    let isUnformatted = false;
    try {
      this.#look(normal, isFinal);
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      isUnformatted = true;
    }
    if (isFinal && vanishes(this.#text, this.#root)) isUnformatted = true;
    if (isUnformatted || (!isFinal && this.#inLongLooksMs > LONG_LOOKS_MS)) this.#giveUp();
  }

  #giveUp() {
    this.#written = new WrittenText(this.#root);
    this.#written.show(this.#text);
  }

  #beginAgain() {
    this.#written = null;
    this.#root.replaceChildren();
    this.#tail = this.#finished = [];
    this.#restart();
  }

  /** @param {string} normal @param {boolean} isFinal */
  #look(normal, isFinal) {
    if (this.#isFinal || (isFinal && this.#isParted) || !normal.startsWith(this.#text.slice(0, this.#finishedTo)))
      this.#restart();
    else if (!normal.startsWith(this.#text.slice(0, this.#addedTo))) this.#forgetTail();
    this.#text = normal;
    this.#isFinal = isFinal;
    if (isFinal) this.#fence = null;
    else if (this.#addCode()) return;
    else if (!this.#isDue()) return this.#addWords();
    const before = performance.now();
    if (!isFinal) {
      this.#finishBlocks();
      this.#partBlock();
    }
    const rest = this.#rest;
    this.#draw(isFinal ? this.#lastBlocks() : this.#parse(shownTail(rest), true));
    this.#drawnTo = normal.length;
    // A paragraph is shown without the blanks at its end.
    this.#addedTo = this.#finishedTo + rest.trimEnd().length;
    if (isFinal) this.#end();
    else this.#findFence(rest);
    const took = performance.now() - before;
    if (took > LONG_LOOK_MS) this.#inLongLooksMs += took;
  }

  /** Another text: what stands there is compared with it block by block. */
  #restart() {
    // To turn parts into a whole node by node, in the page, takes several times as long as to make it again.
    if (this.#isParted) this.#root.replaceChildren();
    this.#tail = this.#isParted ? [] : [...this.#finished, ...this.#tail];
    this.#isParted = false;
    this.#wholeFrom = -1;
    this.#finished = [];
    this.#finishedTo = this.#lookedTo = 0;
    this.#colons = 0;
    this.#references = {};
    this.#forgetTail();
  }

  #forgetTail() {
    this.#drawnTo = this.#addedTo = this.#finishedTo;
    this.#fence = null;
  }

  /** Whether what is not finished is worth another look. */
  #isDue() {
    const rest = this.#text.length - this.#finishedTo;
    if (rest <= LIVE_CHARS || this.#text.length - this.#drawnTo >= rest * GROWTH) return true;
    const before = this.#text.slice(this.#finishedTo, this.#drawnTo).trimEnd().length;
    return BLOCK_END.test(this.#text.slice(this.#finishedTo + before));
  }

  #addWords() {
    const block = this.#tail.at(-1)?.node;
    if (block?.tag !== "p") return;
    const fresh = this.#text.slice(this.#addedTo);
    const end = fresh.search(WORDS_END);
    const words = end < 0 ? fresh : fresh.slice(0, end);
    appendWords(block, words.replaceAll("\0", "\ufffd"));
    this.#addedTo += words.length;
  }

  /** Returns whether all that is new was code. */
  #addCode() {
    const block = this.#tail.at(-1)?.node;
    if (!this.#fence || !block?.block) return false;
    const { code, closedTo } = this.#fence.read(this.#text);
    block.text = code;
    block.block.setText(code);
    this.#drawnTo = this.#addedTo = closedTo || this.#text.length;
    if (!closedTo) return true;
    this.#fence = null;
    this.#finish(closedTo);
    return false;
  }

  /** @param {string} rest after the finished blocks */
  #findFence(rest) {
    const last = this.#tail.at(-1);
    if (last?.node.tag !== "code-block") return;
    const fence = OpenFence.at(this.#text, this.#finishedTo + offsetOfLine(rest, last.line));
    this.#fence = fence && !fence.read(this.#text).closedTo ? fence : null;
  }

  #finishBlocks() {
    const completeTo = this.#text.lastIndexOf("\n") + 1;
    const isOver = this.#text.length - this.#finishedTo > LIVE_CHARS;
    if (!isOver && completeTo <= this.#lookedTo) return;
    this.#lookedTo = completeTo;
    const looked = this.#text.slice(this.#finishedTo, isOver ? this.#text.length : completeTo);
    const lines = looked.split("\n");
    const blocks = blocksOf(looked, { links: this.#links(looked), references: { ...this.#references }, isPart: true });
    const isCertain = (/** @type {number} */ line) =>
      line + LINES_THAT_DECIDE < lines.length || (isOver && NEW_BLOCK.test(lines[line]));
    const last = blocks.findLastIndex(({ line }) => line > 0 && BLANK.test(lines[line - 1]) && isCertain(line));
    if (last > 0) this.#finish(this.#finishedTo + offsetOfLine(looked, blocks[last].line));
  }

  /** A block that goes on and on: what was written first is not looked at again, as if it were finished. */
  #partBlock() {
    for (let rest = this.#rest; isLong(rest) && this.#wholeFrom !== this.#finishedTo; rest = this.#rest) {
      const length = partOf(rest);
      if (!length) return (this.#wholeFrom = this.#finishedTo);
      this.#finish(this.#finishedTo + length);
      this.#finished.at(-1)?.node.dom.toggleAttribute?.("data-goes-on", true);
      this.#isParted = true;
    }
  }

  get #rest() {
    return this.#text.slice(this.#finishedTo);
  }

  /** @param {number} to where a block ends for certain, or is parted */
  #finish(to) {
    const done = this.#text.slice(this.#finishedTo, to);
    const lines = done.split("\n");
    this.#draw(this.#parse(done, false));
    const ends = [...this.#tail.slice(1).map(({ line }) => line), lines.length - 1];
    this.#tail.forEach((block, at) =>
      this.#finished.push({ ...block, source: lines.slice(block.line, ends[at]).join("\n") + "\n" }),
    );
    this.#tail.forEach(finishCode);
    this.#tail = [];
    this.#colons += countColons(done);
    this.#finishedTo = to;
    this.#lookedTo = Math.max(to, this.#lookedTo);
  }

  /** @param {string} text @param {boolean} isUnfinished */
  #parse(text, isUnfinished) {
    // Half of a definition would stay for good: of two of one name, the first counts.
    const references = isUnfinished ? { ...this.#references } : this.#references;
    return blocksOf(text, { links: this.#links(text), references, isUnfinished, isPart: true });
  }

  /** What is not finished; all blocks, where something is defined: it may concern what was written first. */
  #lastBlocks() {
    const whole = () => blocksOf(this.#rest, { links: this.#links(this.#rest), references: this.#references });
    const blocks = whole();
    if (!this.#finished.length || !Object.keys(this.#references).length) return blocks;
    this.#restart();
    return whole();
  }

  /** @param {string} text after the finished blocks */
  #links(text) {
    return this.#colons + countColons(text) <= COLONS_WITH_LINKS;
  }

  /** @param {Block[]} blocks */
  #draw(blocks) {
    checkSize(blocks, this.#isFinal);
    const tail = this.#tail.map(({ node }) => node);
    // patchChildren appends what is new: the finished ones stand before, and the tail is at the end.
    patchChildren(this.#root, tail, blocks.map(({ node }) => node));
    this.#tail = blocks;
  }

  /** What came last may be one address too many. */
  #end() {
    const links = this.#links(this.#rest);
    this.#tail.forEach(finishCode);
    if (links) return;
    for (const block of this.#finished.filter(({ linked }) => linked)) {
      const [again] = blocksOf(block.source, { links, references: {} });
      if (!again) continue;
      replaceIn(this.#root, block.node, again.node);
      block.node = again.node;
    }
  }
}

/** @param {Block} block */
function finishCode({ node }) {
  const nodes = [node];
  for (let each = nodes.pop(); each; each = nodes.pop()) {
    each.block?.highlight();
    nodes.push(...each.children);
  }
}
