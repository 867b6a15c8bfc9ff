/**
 * Requests that wait for their response. Every one ends exactly once: with its response, its time-out, or the end of
 * the connection.
 */

import { RequestError } from "./errors.js";
import { frameText } from "./connection/frame-text.js";
import { randomId } from "./random-id.js";

/**
 * @typedef {object} Waiting
 * @property {(data: any) => void} resolve
 * @property {(error: RequestError) => void} reject
 * @property {((data: any) => void) | undefined} onData
 * @property {any} timer
 * @property {boolean} wasWritten
 */

export class RequestTable {
  #send;
  #fits;
  #clock;
  #timeoutMs;
  /** Ids are unique over tabs and reloads: the server stores each message once per user and id. */
  #prefix = randomId();
  #count = 0;
  /** @type {Map<string, Waiting>} */
  #waiting = new Map();

  /**
   * @param {{send: (text: string) => boolean, fits: (text: string) => boolean, clock: import("./clock.js").Clock,
   *   timeoutMs: number}} options
   */
  constructor({ send, fits, clock, timeoutMs }) {
    this.#send = send;
    this.#fits = fits;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  get size() {
    return this.#waiting.size;
  }

  /**
   * @template {import("./requests.d.ts").RequestType} T
   * @param {T} type
   * @param {import("./requests.d.ts").PayloadOf<T>} payload
   * @param {import("./requests.d.ts").StartOptions<T>} [options]
   * @returns {Promise<import("./requests.d.ts").ResponseTo<T>>}
   */
  start(type, payload, { timeout = this.#timeoutMs, onData, wasWritten = false } = {}) {
    const id = `${this.#prefix}-${(this.#count += 1)}`;
    const text = frameText({ type, id, timestamp: this.#clock.now(), payload });
    if (!this.#fits(text)) return Promise.reject(tooBig());
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimeout(() => this.#end(id)?.reject(timedOut(type)), timeout);
      this.#waiting.set(id, { resolve, reject, onData, timer, wasWritten });
      if (!this.#send(text)) this.#end(id)?.reject(disconnected());
    });
  }

  /**
   * @param {import("./state.d.ts").Frame} frame
   * @returns {boolean} whether the frame was the response to a waiting request
   */
  settle(frame) {
    if (frame.requestId === undefined || isStreamEvent(frame)) return false;
    const waiting = this.#end(frame.requestId);
    if (!waiting) return false;
    if (frame.success === false || frame.type === "error") {
      waiting.reject(RequestError.fromWire(frame.error));
      return true;
    }
    try {
      waiting.onData?.(frame.data ?? {});
      waiting.resolve(frame.data ?? {});
    } catch (error) {
      waiting.reject(/** @type {any} */ (error));
    }
    return true;
  }

  /**
   * The connection is gone, and no response can come any more.
   * @param {{refused?: boolean}} [how] refused: one of the frames that wait here has ended it
   */
  clear({ refused = false } = {}) {
    for (const id of [...this.#waiting.keys()]) {
      const waiting = this.#end(id);
      waiting?.reject(refused && waiting.wasWritten ? refusedFrame() : disconnected());
    }
  }

  /** @param {string} id */
  #end(id) {
    const waiting = this.#waiting.get(id);
    if (waiting) this.#clock.clearTimeout(waiting.timer);
    this.#waiting.delete(id);
    return waiting;
  }
}

/**
 * The events of a stream carry the id of the request that started it, and are not its response. That one may still be
 * on its way when a reply fails at once.
 * @param {import("./state.d.ts").Frame} frame
 */
function isStreamEvent({ type, error, data }) {
  return type.startsWith("stream_") || (error?.code === "STREAM_ERROR" && data?.message !== undefined);
}

/** @param {string} type */
const timedOut = (type) => new RequestError("TIMEOUT", `The server has not responded (${type}).`);
const tooBig = () => new RequestError("FRAME_TOO_BIG", "This is too long for the server. Make it shorter.");
const refusedFrame = () =>
  new RequestError(
    "FRAME_REFUSED", "The server couldn't read this and closed the connection. Change it and try again.",
  );
const disconnected = () => new RequestError("DISCONNECTED", "There is no connection.");
