/**
 * What a room's page begins with: from the server; without a connection, what this tab remembers of the room.
 */

import { roomTitle } from "../people/names.js";
import { EMPTY_PAGE } from "./room-view.js";

/** As many as the client keeps messages of. */
const REMEMBERED_ROOMS = 20;
/** A network that swallows everything must not keep a room closed. */
const PATIENCE_MS = 15_000;
/** Any other failure is over when the server or the network is back: of those only loading the page tells more. */
const REFUSALS = [401, 403, 404, 410];

/** @typedef {import("./room-view.js").RoomFacts} RoomFacts */
/** @typedef {import("../rooms/room-list.js").ListedRoom} ListedRoom */

/** The server has responded, and does not show the room: signed out, no access, or an unknown room. */
export class Refused extends Error {}

export class RoomFactsSource {
  #myId;
  /** @type {Map<string, RoomFacts>} */
  #remembered = new Map();
  /** The same for all rooms of a server. */
  #claude = { demo: false, hasKey: true };

  /** @param {string} myId */
  constructor(myId) {
    this.#myId = myId;
  }

  /** @param {RoomFacts} facts */
  remember(facts) {
    this.#claude = facts.claude;
    this.#remembered.delete(facts.room.slug);
    this.#remembered.set(facts.room.slug, facts);
    for (const slug of [...this.#remembered.keys()].slice(0, -REMEMBERED_ROOMS)) this.#remembered.delete(slug);
  }

  /**
   * @param {string} slug
   * @param {number | null} seq
   * @returns {Promise<RoomFacts>} rejects with Refused, or when it may be tried again
   */
  async fetch(slug, seq) {
    const options = { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(PATIENCE_MS) };
    const response = await fetch(`/rooms/${slug}/data${seq ? `?seq=${seq}` : ""}`, options);
    if (response.redirected || REFUSALS.includes(response.status)) throw new Refused(`status ${response.status}`);
    if (!response.ok) throw new Error(`status ${response.status}`);
    const facts = await response.json();
    this.remember(facts);
    return facts;
  }

  /**
   * Returns what can be shown of a room without asking: at least an empty page, so that every room opens.
   * @param {string} slug @param {number | null} seq @param {ListedRoom | undefined} listed
   * @returns {RoomFacts}
   */
  known(slug, seq, listed) {
    const before = this.#remembered.get(slug);
    if (before)
      return {
        ...before,
        page: seq && !before.page.messages.some((message) => message.seq === seq) ? EMPTY_PAGE : before.page,
      };
    const room = listed ?? { slug, name: "Room", kind: "closed" };
    return {
      room: /** @type {any} */ (room),
      title: roomTitle(room, this.#myId), role: null, lastReadSeq: listed?.lastReadSeq ?? 0,
      draft: /** @type {any} */ (listed?.draft ?? null),
      people: [], peopleCount: 0, claude: this.#claude, usage: { tokens: 0, cost: 0 }, page: EMPTY_PAGE,
    };
  }
}
