/**
 * Listens to what the browser knows about the page: back on the network, visible again, awake again. It decides
 * nothing.
 */

export class PageSignals {
  #onBack;
  #onDoubt;
  /** @type {AbortController | null} */
  #listening = null;

  /** @param {{onBack: () => void, onDoubt: () => void}} options */
  constructor({ onBack, onDoubt }) {
    this.#onBack = onBack;
    this.#onDoubt = onDoubt;
  }

  start() {
    if (this.#listening || typeof window === "undefined") return;
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    window.addEventListener("online", this.#onBack, { signal });
    // "offline" is a hint only: a server on the same machine stays reachable without a network.
    window.addEventListener("offline", this.#onDoubt, { signal });
    window.addEventListener("pageshow", (event) => event.persisted && this.#onBack(), { signal });
    document.addEventListener("resume", this.#onBack, { signal });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.#onBack();
    }, { signal });
  }

  stop() {
    this.#listening?.abort();
    this.#listening = null;
  }
}
