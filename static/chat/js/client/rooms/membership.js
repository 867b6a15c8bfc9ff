/**
 * What a tab wants of one room, beside its state: who waits for it to be live, what is being asked, when to ask again.
 */

import { Backoff } from "../connection/backoff.js";

/** @typedef {import("../state.d.ts").RoomState} RoomState */

export class Membership {
  #clock;
  #backoff;
  /** @type {Array<{resolve: (state: RoomState) => void, reject: (error: Error) => void}>} */
  #waiters = [];
  /** @type {any} */
  #timer = null;
  /** Whether the server has been asked, or will be after a while. */
  joining = false;
  syncing = false;

  /** @param {{clock: import("../clock.js").Clock, random?: () => number}} options */
  constructor({ clock, random }) {
    this.#clock = clock;
    this.#backoff = new Backoff({ random });
  }

  /** @returns {Promise<RoomState>} resolves when the room is live; rejects when it is not wanted any more */
  wait() {
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** The server has responded. */
  responded() {
    this.#backoff.reset();
  }

  /** Lets those go on who wait for the room. @param {RoomState} state */
  goLive(state) {
    this.#waiters.splice(0).forEach((waiter) => waiter.resolve(state));
  }

  /**
   * @param {import("../errors.js").RequestError} error
   * @param {() => void} run after the wait that follows it
   */
  later(error, run) {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(run, Math.max(error.retryAfter ?? 0, this.#backoff.next()));
  }

  disconnected() {
    this.#clock.clearTimeout(this.#timer);
    this.joining = this.syncing = false;
  }

  /** @param {Error} error for those who still wait */
  end(error) {
    this.#clock.clearTimeout(this.#timer);
    this.#waiters.splice(0).forEach((waiter) => waiter.reject(error));
  }
}
