/**
 * Reads new messages of others to screen readers: each once, when it is finished, politely.
 */

import { nameInText } from "../people/shown-name.js";
import { isOpen } from "../../client/streams/stream-state.js";

const SPOKEN_CHARS = 300;
const KEPT = 5;

export class Speaker {
  #root;
  #spoken = 0;
  /** Replies of Claude that are still being written. @type {Set<string>} */
  #open = new Set();

  /** @param {HTMLElement} root a polite live region */
  constructor(root) {
    this.#root = root;
  }

  /** From here on. @param {number} seq */
  start(seq) {
    this.#spoken = seq;
    this.#open.clear();
    this.#root.replaceChildren();
  }

  /** @param {readonly import("../../protocol.d.ts").Message[]} messages @param {string} myId */
  hear(messages, myId) {
    const fresh = messages.filter((message) => message.seq > this.#spoken || this.#open.has(message.id));
    if (!fresh.length) return;
    this.#spoken = Math.max(this.#spoken, /** @type {import("../../protocol.d.ts").Message} */ (fresh.at(-1)).seq);
    for (const { id, kind, author, content, deletedAt, reply } of fresh) {
      const text = content || (reply?.error ?? "");
      // A reply is one message, spoken when it is finished, and not word by word.
      if (isOpen(reply?.state)) {
        this.#open.add(id);
        continue;
      }
      this.#open.delete(id);
      if (kind === "text" && !deletedAt && author?.id !== myId)
        this.say(`${nameInText(author)}: ${text.slice(0, SPOKEN_CHARS)}`);
    }
  }

  /** @param {string} text */
  say(text) {
    const line = document.createElement("p");
    line.textContent = text;
    this.#root.append(line);
    while (this.#root.children.length > KEPT) this.#root.firstElementChild?.remove();
  }
}
