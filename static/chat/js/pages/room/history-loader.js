/**
 * Loads history as the reader comes near an end of what is loaded, and forgets it when a room has grown long.
 */

/** Rows kept in memory when a room has grown long and the reader is at its end. */
const KEPT_ROWS = 400;
const TRIM_ABOVE = 1_000;
/** History that could not be fetched is not asked for before this, or every redraw would ask again. */
const PAUSE_MS = 2_000;

export class HistoryLoader {
  #client;
  #slug;
  #view;
  #notBefore = 0;

  /**
   * @param {{client: import("../../client/client.js").Client, slug: string,
   *   view: () => import("./room-view.js").RoomView}} options
   */
  constructor({ client, slug, view }) {
    this.#client = client;
    this.#slug = slug;
    this.#view = view;
  }

  older() {
    if (this.#view().hasMore) this.#load(() => this.#client.loadOlder(this.#slug));
  }

  newer() {
    if (this.#view().hasNewer) this.#load(() => this.#client.loadNewer(this.#slug));
  }

  /** The reader is at the end. */
  trim() {
    const { hasNewer, messages } = this.#view();
    if (!hasNewer && messages.length > TRIM_ABOVE) this.#client.trimRoom(this.#slug, KEPT_ROWS);
  }

  /** @param {() => Promise<unknown>} load */
  #load(load) {
    const { live, joined } = this.#view();
    if (!live || !joined || Date.now() < this.#notBefore) return;
    load().catch(() => (this.#notBefore = Date.now() + PAUSE_MS));
  }
}
