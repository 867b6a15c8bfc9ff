/**
 * Goes from room to room without loading a page: the connection stays, and what is known of the room shows at once.
 */

import { roomTitle } from "./names.js";
import { EMPTY_PAGE } from "./room-view.js";

const ROOM_PATH = /^\/rooms\/([a-z0-9-]{1,50})\/$/;

export class Navigation {
  #options;
  /** Counts the visits: an answer that comes after the reader went on is for nobody. */
  #visit = 0;

  /**
   * @param {{myId: string, rooms: () => import("./room-list.js").RoomList, current: () => string,
   *   open: (facts: import("./room-view.js").RoomFacts, seq: number | null) => void, goTo: (seq: number) => void}} options
   */
  constructor(options) {
    this.#options = options;
    document.addEventListener("click", (event) => this.#clicked(event));
    window.addEventListener("popstate", () => this.#visitUrl(new URL(location.href)));
  }

  /** @param {string} href */
  go(href) {
    const url = new URL(href, location.href);
    if (!ROOM_PATH.test(url.pathname)) return location.assign(url);
    if (url.href !== location.href) history.pushState(null, "", url);
    this.#visitUrl(url);
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = /** @type {Element} */ (event.target).closest("a[href]");
    if (!(link instanceof HTMLAnchorElement) || link.target || link.origin !== location.origin || !ROOM_PATH.test(link.pathname)) return;
    event.preventDefault();
    this.go(link.href);
  }

  /** @param {URL} url */
  #visitUrl(url) {
    const slug = ROOM_PATH.exec(url.pathname)?.[1];
    if (!slug) return location.assign(url);
    const seq = Number(url.searchParams.get("seq")) || null;
    if (slug !== this.#options.current()) this.#open(slug, seq);
    else if (seq) this.#options.goTo(seq);
  }

  /** @param {string} slug @param {number | null} seq */
  async #open(slug, seq) {
    const visit = ++this.#visit;
    const known = this.#options.rooms().get(slug);
    try {
      const facts = await fetchFacts(slug, seq);
      if (visit === this.#visit) this.#options.open(facts, seq);
    } catch (error) {
      if (visit !== this.#visit) return;
      // Without a network, what this tab remembers of the room is better than an error page.
      if (error instanceof TypeError && known) this.#options.open(factsOf(known, this.#options.myId), seq);
      else location.assign(`/rooms/${slug}/${seq ? `?seq=${seq}` : ""}`);
    }
  }
}

/** @param {string} slug @param {number | null} seq */
async function fetchFacts(slug, seq) {
  const response = await fetch(`/rooms/${slug}/data${seq ? `?seq=${seq}` : ""}`, { headers: { Accept: "application/json" } });
  // Signed out, or no access: loading the page shows what is the matter.
  if (!response.ok || response.redirected) throw new Error(`status ${response.status}`);
  return response.json();
}

/** @param {import("./room-list.js").ListedRoom} room @param {string} myId */
function factsOf(room, myId) {
  return {
    room, title: roomTitle(room, myId), role: null, lastReadSeq: room.lastReadSeq, draft: room.draft ?? null, people: [], peopleCount: 0, page: EMPTY_PAGE,
  };
}
