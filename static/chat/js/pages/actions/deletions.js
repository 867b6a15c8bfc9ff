/**
 * Deleting with a way back: the row goes at once, the server hears of it when the time to undo is over.
 */

/** How long a deletion can be undone. */
export const UNDO_MS = 5_000;

export class Deletions {
  #options;
  /** @type {Map<string, any>} */
  #timers = new Map();

  /**
   * @param {{send: (id: string) => Promise<unknown>, sendNow: (id: string) => boolean, onChange: () => void,
   *   onFailure: (error: unknown) => void}} options
   */
  constructor(options) {
    this.#options = options;
  }

  /** Ids of the messages that are about to go. @returns {ReadonlySet<string>} */
  get ids() {
    return new Set(this.#timers.keys());
  }

  /** @param {string} id */
  ask(id) {
    if (this.#timers.has(id)) return;
    this.#timers.set(id, setTimeout(() => this.#commit(id), UNDO_MS));
    this.#options.onChange();
  }

  /** @param {string} id */
  undo(id) {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.#options.onChange();
  }

  /** The page goes away: what was deleted must not come back because no one waited. */
  flush() {
    for (const [id, timer] of this.#timers) {
      clearTimeout(timer);
      if (!this.#options.sendNow(id))
        this.#options.onFailure(new Error("You're offline. The message was not deleted."));
    }
    this.#timers.clear();
  }

  /** @param {string} id */
  async #commit(id) {
    try {
      await this.#options.send(id);
    } catch (error) {
      this.#options.onFailure(error);
    }
    this.#timers.delete(id);
    this.#options.onChange();
  }
}
