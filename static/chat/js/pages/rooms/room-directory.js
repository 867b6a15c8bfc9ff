/**
 * My rooms as this tab knows them: the first of each section and those with news, more when the reader asks, and any
 * room that events name or the reader looks for. The server has the whole list; a tab never needs it.
 */

import { SECTIONS, isUrgent, reduceRoomList } from "./room-list.js";
import { wellFormed } from "../../client/connection/frame-text.js";

/** Events that name unknown rooms come in bursts: they are looked up together. */
const LOOK_UP_AFTER_MS = 100;
const LOOKED_UP_AT_ONCE = 100;
const PAGE = 100;
const PAGE_AT_MOST = 200;
const PEOPLE_PATIENCE_MS = 5_000;

/** @typedef {import("./room-list.js").SectionKey} SectionKey */
/** @typedef {{next: string, total: number}} Cut where the rest of a section begins, and how many rooms it has in all */
/** @typedef {import("./room-list.js").ListedRoom} ListedRoom */

export class RoomDirectory {
  #client;
  #whole;
  #each;
  #current;
  #onChange;
  /** @type {import("./room-list.js").RoomList} */
  #rooms;
  /** @type {Map<SectionKey, Cut>} */
  #cuts;
  /**
   * How many rooms of a section the reader has asked for besides. Replaced when it changes.
   * @type {ReadonlyMap<SectionKey, number>}
   */
  #unfolded = new Map();
  /** @type {Set<string>} */
  #unknown = new Set();
  /** @type {Promise<void> | null} */
  #lookUp = null;
  /** Counts the lists asked for: when two overlap, the later one counts. */
  #listing = 0;

  /**
   * @param {{client: import("../../client/client.js").Client, rooms: ListedRoom[], cuts: Map<SectionKey, Cut>,
   *   whole: number, each: number,
   *   current: () => string | null, onChange: () => void}} options whole, each: as the server filled the sidebar
   */
  constructor({ client, rooms, cuts, whole, each, current, onChange }) {
    this.#client = client;
    this.#rooms = reduceRoomList(new Map(), { type: "listed", rooms });
    this.#cuts = cuts;
    this.#whole = whole;
    this.#each = each;
    this.#current = current;
    this.#onChange = onChange;
  }

  /** The rooms that are known. */
  get rooms() {
    return this.#rooms;
  }

  /** Sections of which not all rooms are known. */
  get cuts() {
    return this.#cuts;
  }

  /** @param {{type: string, [fact: string]: any}} action */
  apply(action) {
    const rooms = reduceRoomList(this.#rooms, action);
    if (rooms === this.#rooms) return;
    this.#rooms = rooms;
    this.#onChange();
  }

  /** Asks for the list again; what the reader had unfolded stays so. @returns {Promise<void>} */
  async refetch() {
    const listing = ++this.#listing;
    const before = this.#rooms;
    const unfolded = this.#unfolded;
    try {
      // Without words or kinds it also asks for news of all rooms, listed or not.
      const first = await this.#client.request("list_rooms", { limit: this.#whole });
      const cuts = new Map();
      /** @type {ListedRoom[]} */
      let rooms = first.rooms;
      if (first.hasMore) {
        const sections = await Promise.all(
          Object.keys(SECTIONS).map((key) => this.#section(/** @type {SectionKey} */ (key))),
        );
        for (const { key, cut } of sections) if (cut) cuts.set(key, cut);
        rooms = [...first.rooms.filter(isUrgent), ...sections.flatMap((section) => section.rooms)];
      }
      if (listing !== this.#listing) return;
      // More were asked for meanwhile: with this list they would go again.
      if (unfolded !== this.#unfolded) return await this.refetch();
      this.#cuts = cuts;
      // What came meanwhile in rooms that were not listed is asked for again.
      const listed = new Set(rooms.map((room) => room.slug));
      for (const slug of this.#rooms.keys()) if (!before.has(slug) && !listed.has(slug)) this.want(slug);
      this.apply({ type: "listed", rooms });
      const current = this.#current();
      if (current && first.hasMore && !listed.has(current)) this.want(current);
    } catch {
      // The next connection asks again.
    }
  }

  /** Shows more rooms of a section. Rejects when the server cannot be asked. @param {SectionKey} key */
  async more(key) {
    const cut = this.#cuts.get(key);
    if (!cut) return;
    const page = await this.#client.request("list_rooms", { kinds: SECTIONS[key], after: cut.next, limit: PAGE });
    this.#unfolded = new Map(this.#unfolded).set(key, (this.#unfolded.get(key) ?? 0) + PAGE);
    if (this.#cuts.get(key) !== cut) return await this.refetch(); // the list came again meanwhile, without these
    if (page.hasMore && page.next !== undefined) this.#cuts.set(key, { next: page.next, total: page.total });
    else this.#cuts.delete(key);
    this.#rooms = reduceRoomList(this.#rooms, { type: "found", rooms: page.rooms });
    this.#onChange();
  }

  /**
   * Looks a room up that is not known, or not any more; what is no longer mine goes. Resolves when it has been looked
   * up.
   * @param {string} slug
   */
  want(slug) {
    this.#unknown.add(slug);
    return (this.#lookUp ??= this.#lookUpSoon());
  }

  /**
   * @param {string} query
   * @returns {Promise<{rooms: ListedRoom[], hasMore: boolean}>} those of all my rooms whose name fits best
   */
  async find(query, limit = 12) {
    return this.#client.request("list_rooms", { query: query.slice(0, 100), limit });
  }

  /**
   * @param {string} query
   * @returns {Promise<import("../../protocol.d.ts").UserRef[]>} people whose name fits, the best fit first
   */
  async findPeople(query) {
    const options = { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(PEOPLE_PATIENCE_MS) };
    const response = await fetch(`/people/like?q=${encodeURIComponent(wellFormed(query.slice(0, 60)))}`, options);
    if (!response.ok || response.redirected) throw new Error(`status ${response.status}`);
    return (await response.json()).people;
  }

  async #lookUpSoon() {
    await new Promise((resolve) => setTimeout(resolve, LOOK_UP_AFTER_MS));
    this.#lookUp = null;
    const asked = [...this.#unknown].slice(0, LOOKED_UP_AT_ONCE);
    asked.forEach((slug) => this.#unknown.delete(slug));
    try {
      const { rooms } = await this.#client.request("list_rooms", { rooms: asked });
      this.apply({ type: "found", rooms, asked });
    } catch {
      // The next connection lists them: they have news.
    }
    if (this.#unknown.size) await (this.#lookUp ??= this.#lookUpSoon());
  }

  /** @param {SectionKey} key */
  async #section(key) {
    const wanted = this.#each + (this.#unfolded.get(key) ?? 0);
    /** @type {ListedRoom[]} */
    const rooms = [];
    for (let after; ; ) {
      const limit = Math.min(PAGE_AT_MOST, Math.max(1, wanted - rooms.length));
      /** @type {import("../../protocol.d.ts").RoomList} */
      const page = await this.#client.request("list_rooms", { kinds: SECTIONS[key], limit, ...(after && { after }) });
      rooms.push(...page.rooms);
      if (!page.hasMore || page.next === undefined) return { key, rooms, cut: null };
      if (rooms.length >= wanted) return { key, rooms, cut: { next: page.next, total: page.total } };
      after = page.next;
    }
  }
}
