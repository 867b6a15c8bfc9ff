/**
 * A block of code at the left edge that is still being written: until a line closes it, all that follows is code,
 * letter by letter. So its text can grow without anybody reading it again. Pure.
 */

import { takesOthers } from "../markdown/markdown-fences.js";

const OPENING = /(?:(`{3,})(?!`)[^`\n]*|(~{3,})(?!~)[^\n]*)\n/y;

export class OpenFence {
  #codeFrom;
  /** Complete lines up to here are code. */
  #readTo;
  #closing;
  #partOfClosing;

  /**
   * @param {string} text
   * @param {number} from where the block begins
   * @returns {OpenFence | null} null: it is no such block, or nothing of its code is there yet
   */
  static at(text, from) {
    OPENING.lastIndex = from;
    const match = OPENING.exec(text);
    if (!match) return null;
    const marker = match[1] ?? match[2];
    // In a block of markdown, a line that would close it may close another one in it.
    return takesOthers(match[0].slice(marker.length)) ? null : new OpenFence(marker, OPENING.lastIndex);
  }

  /** @param {string} marker @param {number} codeFrom */
  constructor(marker, codeFrom) {
    this.#codeFrom = this.#readTo = codeFrom;
    this.#closing = new RegExp(`^ {0,3}${marker}${marker[0]}*[ \\t]*$`);
    this.#partOfClosing = new RegExp(`^[ \\t]*${marker[0]}+[ \\t]*$`);
  }

  /**
   * @param {string} text what was read before and more
   * @returns {{code: string, closedTo: number}} closedTo: behind the line that closes the block; 0 while none does
   */
  read(text) {
    for (let end = text.indexOf("\n", this.#readTo); end >= 0; end = text.indexOf("\n", this.#readTo)) {
      if (this.#closing.test(text.slice(this.#readTo, end)))
        return { code: this.#code(text, this.#readTo), closedTo: end + 1 };
      this.#readTo = end + 1;
    }
    const isHeldBack = this.#partOfClosing.test(text.slice(this.#readTo));
    return { code: this.#code(text, isHeldBack ? this.#readTo : text.length), closedTo: 0 };
  }

  /** @param {string} text @param {number} to */
  #code(text, to) {
    // As the parser has it.
    return text.slice(this.#codeFrom, to).replaceAll("\0", "\ufffd");
  }
}
