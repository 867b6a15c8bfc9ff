/**
 * Event handlers by name. A handler that throws is reported and never stops the others, or the socket.
 */

/** @typedef {(...values: any[]) => void} Handler */

export class Emitter {
  /** @type {Map<string, Set<Handler>>} */
  #handlers = new Map();

  /**
   * Calls `handler` at every event of that name.
   * @param {string} name
   * @param {Handler} handler
   * @returns {() => void} takes the handler off again
   */
  on(name, handler) {
    let handlers = this.#handlers.get(name);
    if (!handlers) this.#handlers.set(name, (handlers = new Set()));
    handlers.add(handler);
    return () => this.off(name, handler);
  }

  /**
   * @param {string} name
   * @param {Handler} handler
   */
  off(name, handler) {
    this.#handlers.get(name)?.delete(handler);
  }

  /**
   * @param {string} name
   * @param {...any} values
   */
  emit(name, ...values) {
    // A copy: a handler may take itself or others off while it runs.
    for (const handler of [...(this.#handlers.get(name) ?? [])]) {
      try {
        handler(...values);
      } catch (error) {
        reportError(error);
      }
    }
  }
}
