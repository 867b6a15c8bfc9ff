/**
 * Asks for the keyframes of streams that are behind, with back-off, one request at a time for each. It knows nothing of
 * what a stream is.
 */

import { Backoff } from "../connection/backoff.js";

/** The first wait is short, but not the same in each tab: all have missed the same delta at the same moment. */
const ASK_BASE_MS = 200;
const ASK_CAP_MS = 5_000;

/** @typedef {{backoff: Backoff, timer: any}} Ask */

export class Keyframes {
  #request;
  #clock;
  #random;
  #isNeeded;
  #onKeyframe;
  #onGone;
  /** By message, from the first wait until the stream is whole again. @type {Map<string, Ask>} */
  #asks = new Map();

  /**
   * @param {object} options
   * @param {import("../requests.d.ts").StartRequest} options.request
   * @param {import("../clock.js").Clock} options.clock
   * @param {() => number} [options.random]
   * @param {(messageId: string) => boolean} options.isNeeded still
   * @param {(keyframe: import("../../protocol.d.ts").Keyframe) => void} options.onKeyframe
   * @param {(messageId: string) => void} options.onGone the reply is gone
   */
  constructor({ request, clock, random, isNeeded, onKeyframe, onGone }) {
    this.#request = request;
    this.#clock = clock;
    this.#random = random;
    this.#isNeeded = isNeeded;
    this.#onKeyframe = onKeyframe;
    this.#onGone = onGone;
  }

  /** @param {string} messageId */
  ask(messageId) {
    if (this.#asks.has(messageId)) return;
    const ask = { backoff: new Backoff({ baseMs: ASK_BASE_MS, capMs: ASK_CAP_MS, random: this.#random }), timer: null };
    this.#asks.set(messageId, ask);
    this.#later(messageId, ask, 0);
  }

  /** @param {string} messageId */
  stop(messageId) {
    this.#clock.clearTimeout(this.#asks.get(messageId)?.timer);
    this.#asks.delete(messageId);
  }

  stopAll() {
    for (const messageId of [...this.#asks.keys()]) this.stop(messageId);
  }

  /**
   * @param {string} messageId
   * @param {Ask} ask
   * @param {number} atLeastMs
   */
  #later(messageId, ask, atLeastMs) {
    ask.timer = this.#clock.setTimeout(() => this.#send(messageId, ask), Math.max(atLeastMs, ask.backoff.next()));
  }

  /**
   * @param {string} messageId
   * @param {Ask} ask
   */
  async #send(messageId, ask) {
    // Late deltas may have filled the gap on their own.
    if (!this.#isNeeded(messageId)) return this.stop(messageId);
    try {
      await this.#request("get_stream", { message: messageId }, { onData: this.#onKeyframe });
    } catch (cause) {
      if (this.#asks.get(messageId) === ask)
        this.#failed(messageId, ask, /** @type {import("../errors.js").RequestError} */ (cause));
      return;
    }
    if (this.#asks.get(messageId) !== ask) return;
    if (this.#isNeeded(messageId)) this.#later(messageId, ask, 0);
    else this.stop(messageId);
  }

  /**
   * @param {string} messageId
   * @param {Ask} ask
   * @param {import("../errors.js").RequestError} error
   */
  #failed(messageId, ask, error) {
    if (error.code === "NOT_FOUND") {
      this.stop(messageId);
      this.#onGone(messageId);
    } else if (error.retryable) {
      this.#later(messageId, ask, error.retryAfter ?? 0);
    }
    // Any other refusal would be the same the next time: it stays marked as asked, until a row or a join helps.
  }
}
