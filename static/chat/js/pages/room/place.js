/**
 * Where in a room the reader wants to be: at its end, or at a message. That may be far from what is loaded, or out of
 * reach without a connection: it is remembered until it is found.
 */

import { missingWords } from "./room-view.js";

export class Place {
  #options;
  /** Seq of the message that is marked. @type {number | null} */
  #target;
  #isSeeking;
  /** Seq of a message to go to once the room is joined. @type {number | null} */
  #owed = null;

  /**
   * @param {{client: import("../../client/client.js").Client, slug: string, toasts: import("../base/toasts.js").Toasts,
   *   target: number | null, isKnown: boolean, timeline: () => import("../timeline/timeline.js").Timeline,
   *   view: () => import("./room-view.js").RoomView, draw: () => void, onMoved: () => void, signal: AbortSignal}}
   *   options target: seq of a permalink. isKnown: the page came with messages. signal: aborted when the room is left
   */
  constructor(options) {
    this.#options = options;
    this.#target = options.target;
    this.#isSeeking = options.target !== null && options.isKnown;
  }

  get target() {
    return this.#target;
  }

  /** Is a permalink being looked for? Then the live window is elsewhere until it is found. */
  get isSeeking() {
    return this.#isSeeking;
  }

  /** Shows the message of the permalink, if it is at hand. @returns {boolean} whether there is a permalink */
  begin() {
    if (this.#target === null) return false;
    this.#center(this.#target);
    return true;
  }

  /** The room is joined for the first time. */
  async arrive() {
    if (this.#target !== null) await this.goTo(this.#target);
  }

  /** The room is joined, or can't be: nothing is looked for any more. */
  settle() {
    this.#isSeeking = false;
  }

  /** The room is joined again. */
  resume() {
    if (this.#owed !== null) this.goTo(this.#owed);
  }

  /** The server's page has come, after one that was opened without a connection. @param {boolean} isLive */
  learn(isLive) {
    this.#isSeeking = this.#target !== null && !isLive;
    if (!this.#isSeeking || !this.begin()) this.#options.draw();
  }

  /** Shows a message in the middle, and marks it. @param {number} seq */
  async goTo(seq) {
    const { client, slug, toasts, view, onMoved } = this.#options;
    this.#target = seq;
    this.#owed = null;
    let error = null;
    try {
      await client.loadAround(slug, seq);
    } catch (cause) {
      error = cause;
    }
    if (this.#isOver) return;
    this.#isSeeking = false;
    const isShown = this.#center(seq);
    if (!isShown && !view().joined) this.#owed = seq;
    if (!isShown) toasts.show(...missingWords(error, this.#owed !== null));
    onMoved();
  }

  async toLatest() {
    const { client, slug, toasts, timeline, view, draw, onMoved } = this.#options;
    this.#target = this.#owed = null;
    if (view().hasNewer) await client.loadNewest(slug).catch((error) => toasts.error(error));
    if (this.#isOver) return;
    draw();
    timeline().follow();
    onMoved();
  }

  /** @param {number} seq @returns {boolean} whether it is there */
  #center(seq) {
    this.#options.draw();
    return this.#options.timeline().center(seq);
  }

  get #isOver() {
    return this.#options.signal.aborted;
  }
}
