/**
 * Reads new messages of others to screen readers: each once, when it is finished, politely.
 */

const SPOKEN_CHARS = 300;
const KEPT = 5;

export class Speaker {
  #root;
  #spoken = 0;

  /** @param {HTMLElement} root a polite live region */
  constructor(root) {
    this.#root = root;
  }

  /** From here on. @param {number} seq */
  start(seq) {
    this.#spoken = seq;
    this.#root.replaceChildren();
  }

  /** @param {readonly import("../types.js").Message[]} messages @param {string} myId */
  hear(messages, myId) {
    const fresh = messages.filter((message) => message.seq > this.#spoken);
    if (!fresh.length) return;
    this.#spoken = /** @type {import("../types.js").Message} */ (fresh.at(-1)).seq;
    for (const { kind, author, content, deletedAt } of fresh) {
      if (kind === "text" && !deletedAt && author?.id !== myId) this.say(`${author?.username ?? "somebody"}: ${content.slice(0, SPOKEN_CHARS)}`);
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
