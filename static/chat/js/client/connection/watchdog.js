/**
 * Notices a connection that has gone silent. It does not close anything itself: it asks with a probe, or calls
 * `onDead`. A timer that fires late means that the tab or the machine slept: silence then proves nothing, so it
 * probes before it judges.
 */

/** How long a probe may stay without any frame. */
export const PROBE_TIMEOUT_MS = 5_000;
/** A timer this much behind its time was held up by sleep or by a jump of the clock. */
export const ASLEEP_MS = 2_000;

export class Watchdog {
  #clock;
  #onProbe;
  #onDead;
  #limitMs = 0;
  #probing = false;
  #dueAt = 0;
  /** @type {any} */
  #timer = null;

  /** @param {{clock: import("../clock.js").Clock, onProbe: () => void, onDead: () => void}} options */
  constructor({ clock, onProbe, onDead }) {
    this.#clock = clock;
    this.#onProbe = onProbe;
    this.#onDead = onDead;
  }

  /** @param {number} limitMs the longest silence of a live server */
  start(limitMs) {
    this.#limitMs = limitMs;
    this.heard();
  }

  /** Any frame from the server proves that the connection lives. */
  heard() {
    if (!this.#limitMs) return;
    this.#probing = false;
    this.#wait(this.#limitMs);
  }

  /** Finds out soon whether anybody is still there. */
  probe() {
    // A second reason to ask must not prolong the wait for the first.
    if (!this.#limitMs || this.#probing) return;
    this.#probing = true;
    this.#wait(PROBE_TIMEOUT_MS);
    this.#onProbe();
  }

  stop() {
    this.#limitMs = 0;
    this.#probing = false;
    this.#clock.clearTimeout(this.#timer);
  }

  /** @param {number} ms */
  #wait(ms) {
    this.#clock.clearTimeout(this.#timer);
    this.#dueAt = this.#clock.now() + ms;
    this.#timer = this.#clock.setTimeout(() => this.#due(), ms);
  }

  #due() {
    const slept = this.#clock.now() - this.#dueAt > ASLEEP_MS;
    this.#probing &&= !slept;
    if (slept) this.probe();
    else this.#onDead();
  }
}
