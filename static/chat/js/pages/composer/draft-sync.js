/**
 * Keeps the unsent text of a room the same in every tab, and in a session for all its members. What was typed without a
 * connection stays in this browser until it is saved.
 */

import { mergeText } from "./merge-text.js";
import { isLongerThan } from "../base/text-length.js";

/** After the last key, before it is saved. */
export const SAVE_DELAY_MS = 400;

/** @typedef {{content: string, version: number}} Draft */

export class DraftSync {
  #options;
  /** What the server has, as far as is known. @type {Draft} */
  #base = { content: "", version: 0 };
  #text = "";
  /** On its way to the server. @type {Draft | null} */
  #saving = null;
  /** @type {any} */
  #timer = null;
  #ended = false;
  /** What the server would not read: it stays here until it is changed. @type {string | null} */
  #refused = null;

  /**
   * @param {{key: string, save: (draft: Draft) => Promise<unknown>, onText: (text: string) => void, limit?: number,
   *   delayMs?: number,
   *   storage?: Storage}} options limit: of characters; a longer draft stays in this browser. 0: none
   */
  constructor(options) {
    this.#options = { delayMs: SAVE_DELAY_MS, storage: globalThis.localStorage, ...options };
  }

  get text() {
    return this.#text;
  }

  /** @param {Draft | null} draft of the server */
  start(draft) {
    if (draft) this.#base = draft;
    const kept = this.#recall();
    this.#text = kept ? mergeText(kept.base, kept.text, this.#base.content) : this.#base.content;
    if (this.#text) this.#options.onText(this.#text);
    if (this.#dirty) this.#later();
  }

  /** @param {string} text */
  typed(text) {
    if (text === this.#text) return;
    this.#text = text;
    this.#remember();
    this.#later();
  }

  /** The message was sent: the draft is over, in every tab at once. */
  sent() {
    this.typed("");
    this.flush();
  }

  /** News from another tab, or from a fresh join. @param {Draft | null | undefined} draft */
  hear(draft) {
    if (!draft || draft.version <= this.#base.version) return;
    const ours = this.#saving && draft.version === this.#saving.version && draft.content === this.#saving.content;
    const before = this.#text;
    if (!ours) this.#text = this.#dirty ? mergeText(this.#base.content, this.#text, draft.content) : draft.content;
    this.#base = { content: draft.content, version: draft.version };
    this.#remember();
    // After the end the text field belongs to another room.
    if (this.#ended) return;
    if (this.#text !== before) this.#options.onText(this.#text);
    if (this.#dirty) this.#later();
  }

  /** There is a connection again. */
  resume() {
    if (this.#dirty) this.#later();
  }

  flush() {
    clearTimeout(this.#timer);
    return this.#save();
  }

  end() {
    this.flush();
    this.#ended = true;
  }

  get #dirty() {
    return this.#text !== this.#base.content;
  }

  #later() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#save(), this.#options.delayMs);
  }

  async #save() {
    if (this.#saving || !this.#dirty || this.#text === this.#refused || isLongerThan(this.#text, this.#options.limit))
      return;
    this.#saving = { content: this.#text, version: this.#base.version + 1 };
    const sent = this.#saving;
    let conflict = null;
    let stored = false;
    try {
      await this.#options.save(sent);
      stored = true;
    } catch (cause) {
      const error = /** @type {import("../../client/errors.js").RequestError} */ (cause);
      // Anything but these: it stays here, and is tried again with the next key or the next connection.
      if (error.code === "CONFLICT") conflict = error.details;
      if (error.code === "FRAME_TOO_BIG" || error.code === "FRAME_REFUSED") this.#refused = sent.content;
    }
    this.#saving = null;
    if (stored && sent.version > this.#base.version) this.#base = sent;
    this.#remember();
    if (conflict) this.hear(conflict);
    if ((stored || conflict) && this.#dirty && !this.#ended) this.#later();
  }

  #remember() {
    try {
      if (this.#dirty)
        this.#options.storage.setItem(
          this.#options.key, JSON.stringify({ base: this.#base.content, text: this.#text }),
        );
      else this.#options.storage.removeItem(this.#options.key);
    } catch {
      // Storage is full or forbidden: then the draft lives as long as the page.
    }
  }

  /** @returns {{base: string, text: string} | null} */
  #recall() {
    try {
      return JSON.parse(this.#options.storage.getItem(this.#options.key) ?? "null");
    } catch {
      return null;
    }
  }
}
