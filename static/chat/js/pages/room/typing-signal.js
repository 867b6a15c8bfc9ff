/**
 * Tells the others that I am typing: at once, then every three seconds, and that I have stopped.
 */

export const RENEW_MS = 3_000;
/** Without a key for so long, the typing is over. */
export const IDLE_MS = 5_000;

export class TypingSignal {
  #send;
  #sentAt = 0;
  /** @type {any} */
  #idle = null;

  /** @param {(typing: boolean) => void} send */
  constructor(send) {
    this.#send = send;
  }

  /** @param {boolean} hasText */
  typed(hasText) {
    if (!hasText) return this.stop();
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.stop(), IDLE_MS);
    if (Date.now() - this.#sentAt < RENEW_MS) return;
    this.#sentAt = Date.now();
    this.#send(true);
  }

  stop() {
    clearTimeout(this.#idle);
    if (!this.#sentAt) return;
    this.#sentAt = 0;
    this.#send(false);
  }
}
