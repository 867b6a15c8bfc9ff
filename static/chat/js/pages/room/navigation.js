/**
 * Goes from room to room without loading a page: the connection stays, and what is known of the room shows at once. A
 * room opens without a connection, too; what was missing follows when there is one.
 */

import { Backoff } from "../../client/connection/backoff.js";
import { ROOM_PATH } from "../base/own-links.js";
import { Refused, RoomFactsSource } from "./room-facts.js";
import { loadPage } from "../shell/offline-links.js";

/** A server that takes longer than this lets the room open with what is known. */
const SLOW_MS = 1_500;
/** A server that refuses at once is not asked again at once. */
const PAUSE_MS = 1_000;

/** @typedef {import("./room-view.js").RoomFacts} RoomFacts */

export class Navigation {
  #options;
  #facts;
  /** Counts the visits: facts that arrive after the reader went on are not shown. */
  #visit = 0;
  /** The room that the reader wants to see: open, or on its way. */
  #heading = "";

  /**
   * @param {{myId: string, client: import("../../client/client.js").Client, rooms: () =>
   *   import("../rooms/room-list.js").RoomList, current: () => string,
   *   open: (facts: RoomFacts, seq: number | null) => void, learn: (facts: RoomFacts) => void, goTo: (seq: number) =>
   *   void, toasts: import("../base/toasts.js").Toasts}} options
   *   learn: what was missing of the open room
   */
  constructor(options) {
    this.#options = options;
    this.#facts = new RoomFactsSource(options.myId);
    document.addEventListener("click", (event) => this.#clicked(event));
    window.addEventListener("popstate", () => this.#visitUrl(new URL(location.href)));
  }

  /** Opens the room that the page came with. @param {RoomFacts} facts @param {number | null} seq */
  start(facts, seq) {
    this.#facts.remember(facts);
    this.#heading = facts.room.slug;
    this.#options.open(facts, seq);
  }

  /** @param {string} href */
  go(href) {
    const url = new URL(href, location.href);
    if (!ROOM_PATH.test(url.pathname)) return loadPage(url, this.#options.toasts);
    if (url.href !== location.href) history.pushState(null, "", url);
    this.#visitUrl(url);
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    const link = /** @type {Element} */ (event.target).closest("a[href]");
    if (
      !(link instanceof HTMLAnchorElement) ||
      link.target ||
      link.origin !== location.origin ||
      !ROOM_PATH.test(link.pathname)
    )
      return;
    event.preventDefault();
    this.go(link.href);
  }

  /** @param {URL} url */
  #visitUrl(url) {
    const slug = ROOM_PATH.exec(url.pathname)?.[1];
    if (!slug) return location.assign(url);
    const seq = Number(url.searchParams.get("seq")) || null;
    // A room that was on its way is not wanted any more: it would open under the address of another one.
    if (slug !== this.#heading) this.#visit += 1;
    this.#heading = slug;
    if (slug !== this.#options.current()) this.#open(slug, seq);
    else if (seq) this.#options.goTo(seq);
  }

  /** @param {string} slug @param {number | null} seq */
  async #open(slug, seq) {
    const visit = ++this.#visit;
    const { client, open, learn, rooms } = this.#options;
    let isOpen = false;
    const openKnown = () => {
      if (isOpen || visit !== this.#visit) return;
      isOpen = true;
      open(this.#facts.known(slug, seq, rooms().get(slug)), seq);
    };
    if (client.status === "disconnected") openKnown();
    const timer = setTimeout(openKnown, SLOW_MS);
    const facts = await this.#fetch(slug, seq, { isWanted: () => visit === this.#visit, onFailure: openKnown });
    clearTimeout(timer);
    if (!facts || visit !== this.#visit) return;
    if (isOpen) learn(facts);
    else open(facts, seq);
  }

  /**
   * @param {string} slug @param {number | null} seq @param {{isWanted: () => boolean, onFailure: () => void}} options
   * @returns {Promise<RoomFacts | null>} null when the room is not wanted any more
   */
  async #fetch(slug, seq, { isWanted, onFailure }) {
    for (const backoff = new Backoff(); isWanted(); await this.#again(backoff)) {
      try {
        return await this.#facts.fetch(slug, seq);
      } catch (error) {
        if (!isWanted()) return null;
        // Loading the page shows what is the matter.
        if (error instanceof Refused) return location.assign(`/rooms/${slug}/${seq ? `?seq=${seq}` : ""}`), null;
        onFailure();
      }
    }
    return null;
  }

  /** Waits for the connection; where there is one, for a while. @param {Backoff} backoff @returns {Promise<void>} */
  #again(backoff) {
    const { client } = this.#options;
    if (client.status === "connected") return new Promise((resolve) => setTimeout(resolve, PAUSE_MS + backoff.next()));
    return new Promise((resolve) => {
      const off = client.on("status", ({ status }) => status === "connected" && (off(), resolve()));
    });
  }
}
