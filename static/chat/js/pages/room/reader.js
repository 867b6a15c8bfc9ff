/**
 * Knows whether someone is looking, marks as read what they see, and where the line of unread messages stands.
 */

import { knownTo, UnreadLine } from "../timeline/unread-line.js";

/** Reading is told after a moment: a burst of messages is one request. */
const MARK_DELAY_MS = 300;
/** A failed request is tried again when something happens, but not at once. */
const RETRY_MS = 2_000;

export class Reader {
  #options;
  #line;
  #newest = 0;
  #lastReadSeq;
  #sees = false;
  /** Up to here someone has seen all of it, told or not. */
  #seenSeq = 0;
  /** Told to the server, confirmed or not. */
  #told = 0;
  /** @type {any} */
  #timer = null;
  #ending = new AbortController();

  /**
   * @param {{lastReadSeq: number, me: {id: string}, mark: (seq: number) => Promise<unknown>, onTurn: () => void}}
   *   options
   */
  constructor(options) {
    this.#options = options;
    this.#lastReadSeq = options.lastReadSeq;
    this.#line = new UnreadLine(options.lastReadSeq);
    const { signal } = this.#ending;
    document.addEventListener("visibilitychange", () => this.#turned(), { signal });
    window.addEventListener("focus", () => this.#turned(), { signal });
    window.addEventListener("blur", () => this.#turned(), { signal });
  }

  destroy() {
    clearTimeout(this.#timer);
    this.#ending.abort();
  }

  /** Is someone looking at this tab? */
  get present() {
    return document.visibilityState === "visible" && document.hasFocus();
  }

  /** The line stands above the first unread message after this seq. */
  get lineAfter() {
    return this.#line.after;
  }

  /**
   * @param {{messages: readonly import("../../protocol.d.ts").Message[], hasMore: boolean, lastReadSeq: number,
   *   live: boolean}} facts
   */
  hear({ messages, hasMore, lastReadSeq, live }) {
    const newest = messages.at(-1)?.seq ?? 0;
    if (live && lastReadSeq < this.#lastReadSeq && lastReadSeq < this.#line.after) this.#back(lastReadSeq);
    if (this.#sees && this.present && newest > this.#newest) this.#line.seen(newest, this.#newest);
    if (this.present) this.#line.know(knownTo(messages, { after: this.#line.after, hasMore, me: this.#options.me }));
    this.#newest = newest;
    this.#lastReadSeq = lastReadSeq;
  }

  /** @param {boolean} sees whether the end of the room is in sight */
  look(sees) {
    this.#sees = sees;
    if (!sees || !this.present || this.#line.held) return;
    this.#seenSeq = this.#newest;
    if (this.#seenSeq <= Math.max(this.#lastReadSeq, this.#told)) return;
    // Each word of a streaming reply draws, and looks: a timer that began again every time would never end. What comes
    // after the reader has turned away is not marked by it.
    this.#timer ??= setTimeout(() => this.#mark(this.#seenSeq), MARK_DELAY_MS);
  }

  /** "Mark unread". @param {number} lastReadSeq */
  hold(lastReadSeq) {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#told = 0;
    this.#back(lastReadSeq);
  }

  /** @param {number} lastReadSeq */
  #back(lastReadSeq) {
    this.#seenSeq = 0;
    this.#line.back(lastReadSeq);
  }

  /** @param {number} seq */
  async #mark(seq) {
    this.#timer = null;
    if (this.#line.held) return;
    this.#told = seq;
    try {
      await this.#options.mark(seq);
    } catch {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => ((this.#timer = null), (this.#told = 0), this.look(this.#sees)), RETRY_MS);
    }
  }

  #turned() {
    // What was seen a moment ago has not been marked yet, and must not get a line for it.
    if (!this.present) this.#line.away(Math.max(this.#lastReadSeq, this.#seenSeq));
    this.#options.onTurn();
  }
}
