/**
 * Exponential back-off with full jitter: the n-th wait is random between nothing and base * 2^n, at most the cap.
 * Full jitter, because clients that lost the same server must not all come back at the same moment.
 */

export const BACKOFF_BASE_MS = 1_000;
export const BACKOFF_CAP_MS = 30_000;

export class Backoff {
  #baseMs;
  #capMs;
  #random;
  #tries = 0;

  /** @param {{baseMs?: number, capMs?: number, random?: () => number}} [options] */
  constructor({ baseMs = BACKOFF_BASE_MS, capMs = BACKOFF_CAP_MS, random = Math.random } = {}) {
    this.#baseMs = baseMs;
    this.#capMs = capMs;
    this.#random = random;
  }

  /** How many waits were handed out since the last reset. */
  get tries() {
    return this.#tries;
  }

  /** The longest that the next wait can be, in milliseconds. */
  get ceilingMs() {
    return Math.min(this.#capMs, this.#baseMs * 2 ** this.#tries);
  }

  /** The next wait, in milliseconds. */
  next() {
    const wait = this.#random() * this.ceilingMs;
    this.#tries += 1;
    return wait;
  }

  reset() {
    this.#tries = 0;
  }
}
