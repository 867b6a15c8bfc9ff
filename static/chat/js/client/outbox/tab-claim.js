/**
 * Says which tabs live, with the browser's locks: a tab holds the lock of its name as long as it exists. A tab that
 * gets the lock of another tab knows that this tab is gone, and may take over what it left.
 */

/** @param {string} tab */
const lockOf = (tab) => `parley-tab-${tab}`;

export class TabClaim {
  #locks;
  #ending = new AbortController();
  /** @type {Set<string>} */
  #watched = new Set();
  /** @type {() => void} */
  #letGo = () => {};

  /** @param {LockManager | undefined} [locks] missing on plain-http addresses: then every other tab counts as gone */
  constructor(locks = navigator.locks) {
    this.#locks = locks;
  }

  /**
   * @param {string} tab
   * @returns {Promise<void>} resolves when the lock is held
   */
  hold(tab) {
    const { signal } = this.#ending;
    return new Promise((resolve) => {
      if (!this.#locks) return resolve();
      const untilClosed = new Promise((end) => (this.#letGo = () => end(undefined)));
      this.#locks.request(lockOf(tab), { signal }, () => (resolve(), untilClosed)).catch(() => resolve());
    });
  }

  /**
   * Runs once, when that tab is gone, and while no third tab does the same.
   * @param {string} tab
   * @param {() => Promise<void>} takeOver
   */
  async whenGone(tab, takeOver) {
    if (this.#watched.has(tab)) return;
    this.#watched.add(tab);
    try {
      if (this.#locks) await this.#locks.request(lockOf(tab), { signal: this.#ending.signal }, takeOver);
      else await takeOver();
    } catch (error) {
      if (!this.#ending.signal.aborted) reportError(error);
    } finally {
      this.#watched.delete(tab);
    }
  }

  /** Lets the other tabs take over. */
  close() {
    this.#ending.abort();
    this.#ending = new AbortController();
    this.#letGo();
  }
}
