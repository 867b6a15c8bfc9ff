/**
 * What the text in the composer would cost if it were sent to Claude: asked a moment after the last key, and never in
 * its way. Without a response nothing is shown.
 */

import { estimateWords } from "../message/reply-words.js";

const DELAY_MS = 700;
/** Where Claude only replies when it is called. */
const CALL = /(?:^|[^\w@])@claude\b/i;

/**
 * Is this text a prompt?
 * @param {string} content
 * @param {boolean} callsClaude only a text that names Claude is one here
 */
export const isPrompt = (content, callsClaude) => content.trim() !== "" && (!callsClaude || CALL.test(content));

export class PromptEstimate {
  #line;
  #options;
  /** @type {any} */
  #timer = null;
  /** What was asked last: the response to anything else comes too late. */
  #asked = "";

  /**
   * @param {HTMLElement} line
   * @param {{ask: (content: string, attachments: string[]) =>
   *   Promise<import("../../protocol.d.ts").PromptEstimate>}} options
   */
  constructor(line, options) {
    this.#line = line;
    this.#options = options;
  }

  destroy() {
    this.#clear();
  }

  /**
   * @param {string} content
   * @param {{attachments: string[], callsClaude: boolean, isOff: boolean, seq: number, chosen: string}} facts
   *   callsClaude: only a text that names Claude is a prompt here. isOff: nothing costs anything, or nothing can be
   *   sent. seq: of the newest message. chosen: how Claude is to reply: another choice has another price
   */
  show(content, { attachments, callsClaude, isOff, seq, chosen }) {
    if (isOff || !isPrompt(content, callsClaude)) return this.#clear();
    const key = JSON.stringify([content, attachments, seq, chosen]);
    if (key === this.#asked) return;
    this.#asked = key;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(key, content, attachments), DELAY_MS);
  }

  /** @param {string} key @param {string} content @param {string[]} attachments */
  async #ask(key, content, attachments) {
    try {
      const estimate = await this.#options.ask(content, attachments);
      if (key === this.#asked) this.#say(estimateWords(estimate));
    } catch {
      // Offline, or too often: it is no more than a help.
      if (key === this.#asked) this.#say("");
    }
  }

  /** @param {string} words */
  #say(words) {
    if (this.#line.textContent !== words) this.#line.textContent = words;
  }

  #clear() {
    clearTimeout(this.#timer);
    this.#asked = "";
    this.#say("");
  }
}
