/**
 * Wakes up when someone's typing has lasted too long without a word: one timer for all rooms. It changes no state.
 */

/** @typedef {import("../state.d.ts").RoomState} RoomState */

export class TypingWatch {
  #clock;
  #states;
  #expire;
  /** @type {any} */
  #timer = null;

  /**
   * @param {object} options
   * @param {import("../clock.js").Clock} options.clock
   * @param {() => Iterable<RoomState>} options.states
   * @param {(now: number) => void} options.expire ends what is over
   */
  constructor({ clock, states, expire }) {
    this.#clock = clock;
    this.#states = states;
    this.#expire = expire;
  }

  /** Someone began or ended typing. */
  update() {
    this.#clock.clearTimeout(this.#timer);
    const ends = [...this.#states()].flatMap((state) => state.typing.map((user) => user.until));
    if (!ends.length) return;
    const wait = Math.max(0, Math.min(...ends) - this.#clock.now());
    this.#timer = this.#clock.setTimeout(() => {
      this.#expire(this.#clock.now());
      // Also when nothing has expired: a timer may fire a moment early.
      this.update();
    }, wait);
  }
}
