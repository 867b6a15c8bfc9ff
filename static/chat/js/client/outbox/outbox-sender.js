/**
 * Sends the outbox: each message is kept until the server has confirmed it, and sent again with the same client id
 * until then, so that it is stored exactly once. Of a room one message is under way at a time: their order stays.
 */

import { Backoff } from "../connection/backoff.js";
import { inOrder } from "./outbox.js";
import { randomId } from "../random-id.js";
import { TabClaim } from "./tab-claim.js";

/** @typedef {import("../state.d.ts").Entry} Entry */
/** @typedef {import("../errors.js").RequestError} RequestError */

/** A message that makes the server fail this often is shown as failed, or it would block its room forever. */
const INTERNAL_ERROR_TRIES = 5;
/** No room has this name. */
const EVERY_ROOM = "*";
/** How long the store may take to open before messages are sent without it. */
const STORE_PATIENCE_MS = 2_000;

export class OutboxSender {
  /** @type {import("./outbox.js").OutboxStore | null} */
  #store = null;
  #create;
  #clock;
  #random;
  #onChange;
  #onStored;
  #tab = randomId();
  #claim;
  #connected = false;
  #started = false;
  #ready = false;
  #lastOrder = 0;
  /** Everything that is not confirmed yet, of all tabs of the user. @type {Map<string, Entry>} */
  #entries = new Map();
  /** Confirmed, but perhaps still in the store. @type {Set<string>} */
  #confirmed = new Set();
  /** Client ids that are safe in the store. @type {Set<string>} */
  #kept = new Set();
  /** What is under way, by room. @type {Map<string, {clientId: string}>} */
  #underWay = new Map();
  /** @type {Map<string, {backoff: Backoff, until: number, timer: any, internal: number}>} */
  #pauses = new Map();

  /**
   * @param {object} options
   * @param {(payload: import("../../protocol.d.ts").CreateMessage) =>
   *   Promise<{message: import("../../protocol.d.ts").Message}>} options.create
   * @param {import("../clock.js").Clock} options.clock
   * @param {() => number} [options.random]
   * @param {(entries: Entry[]) => void} options.onChange
   * @param {(message: import("../../protocol.d.ts").Message) => void} options.onStored
   */
  constructor({ create, clock, random, onChange, onStored }) {
    this.#create = create;
    this.#clock = clock;
    this.#random = random;
    this.#onChange = onChange;
    this.#onStored = onStored;
    this.#claim = new TabClaim();
  }

  /** In order. */
  get entries() {
    return [...this.#entries.values()].sort(inOrder);
  }

  /**
   * Keeps the messages in this store from now on, and takes up what earlier pages have left there.
   * @param {import("./outbox.js").OutboxStore} store
   */
  async start(store) {
    if (this.#started) return;
    this.#started = true;
    this.#store = store;
    store.onChange(() => this.#reload(store));
    for (const entry of this.#entries.values()) if (entry.owner === this.#tab) this.#keep(entry);
    const opening = this.#claim.hold(this.#tab).then(() => this.#reload(store));
    // What was left comes first, to keep the order; but a database that never opens must not stop the sending.
    await Promise.race([opening, new Promise((go) => this.#clock.setTimeout(() => go(undefined), STORE_PATIENCE_MS))]);
    this.#ready = this.#started;
    this.#pump();
  }

  stop() {
    this.#started = this.#ready = false;
    this.disconnected();
    this.#claim.close();
    this.#store?.close();
    this.#store = null;
  }

  connected() {
    this.#connected = true;
    this.#pump();
  }

  disconnected() {
    this.#connected = false;
    this.#underWay.clear();
    for (const pause of this.#pauses.values()) this.#clock.clearTimeout(pause.timer);
    this.#pauses.clear();
  }

  /**
   * @param {string} room
   * @param {string} content
   * @param {Pick<Entry, "replyTo" | "attachments" | "claude">} [options]
   * @returns {string} the client id
   */
  post(room, content, { replyTo, attachments, claude } = {}) {
    const createdAt = this.#clock.now();
    // Not the time alone: two messages of one millisecond, or a clock set back, must not change places.
    this.#lastOrder = Math.max(this.#lastOrder + 1, createdAt);
    const entry = {
      clientId: randomId(), room, content, ...(replyTo !== undefined && { replyTo }),
      ...(attachments?.length && { attachments }), ...(claude && { claude }), createdAt, order: this.#lastOrder,
      owner: this.#tab,
      state: /** @type {const} */ ("sending"),
      error: null,
    };
    this.#put(entry);
    this.#pump();
    return entry.clientId;
  }

  /**
   * Tries a failed message again, whichever tab it failed in.
   * @param {string} clientId
   */
  resend(clientId) {
    const entry = this.#entries.get(clientId);
    if (entry?.state !== "failed") return false;
    this.#put({ ...entry, owner: this.#tab, state: "sending", error: null });
    this.#pump();
    return true;
  }

  /**
   * Posts other words in the place of a message that failed. Under a client id of its own: the first may be stored
   * after all.
   * @param {string} clientId
   * @param {string} content
   * @returns {string | null} the new client id
   */
  revise(clientId, content) {
    const entry = this.#entries.get(clientId);
    if (entry?.state !== "failed") return null;
    this.#remove(clientId);
    return this.post(entry.room, content, entry);
  }

  /**
   * Throws a message away, unless it may be on the server already.
   * @param {string} clientId
   */
  discard(clientId) {
    const entry = this.#entries.get(clientId);
    if (!entry || this.#underWay.get(entry.room)?.clientId === clientId) return false;
    if (entry.state === "sending" && entry.owner !== this.#tab) return false;
    this.#remove(clientId);
    return true;
  }

  /**
   * The message was seen among the room's messages: it is stored, whether its response arrives or not.
   * @param {string} clientId
   */
  confirm(clientId) {
    const entry = this.#entries.get(clientId);
    if (entry) this.#remove(clientId);
  }

  #pump() {
    if (!this.#connected || !this.#ready) return;
    const blocked = new Set(this.#underWay.keys());
    const paused = this.#isPaused(EVERY_ROOM);
    for (const entry of this.entries) {
      if (paused || entry.state !== "sending" || entry.owner !== this.#tab || blocked.has(entry.room)) continue;
      blocked.add(entry.room);
      if (!this.#isPaused(entry.room)) this.#send(entry);
    }
  }

  /** @param {Entry} entry */
  async #send({ clientId, room, content, replyTo, attachments, claude }) {
    const sending = { clientId };
    this.#underWay.set(room, sending);
    try {
      const { message } = await this.#create({
        room, content, clientId, ...(replyTo !== undefined && { replyTo }), ...(attachments && { attachments }),
        ...(claude && { claude }),
      });
      this.#forgetPause(room);
      if (!this.#isPaused(EVERY_ROOM)) this.#forgetPause(EVERY_ROOM);
      this.#onStored(message);
      this.#remove(clientId);
    } catch (error) {
      this.#failed(clientId, room, /** @type {RequestError} */ (error), sending);
    }
    if (this.#underWay.get(room) === sending) this.#underWay.delete(room);
    this.#pump();
  }

  /**
   * @param {string} clientId
   * @param {string} room
   * @param {RequestError} error
   * @param {{clientId: string}} sending
   */
  #failed(clientId, room, error, sending) {
    const entry = this.#entries.get(clientId);
    if (error.code === "DISCONNECTED") {
      // Nothing more on this connection, even if its end has not been told yet: it would fail forever in a circle.
      if (this.#underWay.get(room) === sending) this.#connected = false;
      return;
    }
    if (!entry) return; // seen as stored, only the response got lost
    // The limit is the user's, not the room's.
    if (error.code === "RATE_LIMITED") return this.#pause(EVERY_ROOM, error);
    if (error.retryable && this.#pause(room, error) < INTERNAL_ERROR_TRIES) return;
    this.#put({ ...entry, state: "failed", error: { code: error.code, message: error.message } });
    this.#forgetPause(room);
  }

  /** @param {string} key a room, or EVERY_ROOM @param {RequestError} error */
  #pause(key, error) {
    const pause = this.#pauses.get(key) ?? {
      backoff: new Backoff({ random: this.#random }), until: 0, timer: null, internal: 0,
    };
    const wait = error.retryAfter ?? pause.backoff.next();
    if (error.code === "INTERNAL_ERROR") pause.internal += 1;
    pause.until = this.#clock.now() + wait;
    this.#clock.clearTimeout(pause.timer);
    pause.timer = this.#clock.setTimeout(() => {
      pause.until = 0;
      this.#pump();
    }, wait);
    this.#pauses.set(key, pause);
    return pause.internal;
  }

  /** @param {string} key */
  #isPaused(key) {
    return (this.#pauses.get(key)?.until ?? 0) !== 0;
  }

  /** @param {string} key */
  #forgetPause(key) {
    this.#clock.clearTimeout(this.#pauses.get(key)?.timer);
    this.#pauses.delete(key);
  }

  /**
   * Reads what other tabs have changed. Of its own entries this tab knows more than the store.
   * @param {import("./outbox.js").OutboxStore} store
   */
  async #reload(store) {
    let rows;
    try {
      rows = await store.all();
    } catch (error) {
      return reportError(error); // what was typed here is still in memory, and sent
    }
    if (store !== this.#store) return; // stopped meanwhile
    const inStore = new Set(rows.map((row) => row.clientId));
    for (const row of rows) {
      const mine = this.#entries.get(row.clientId);
      const ownIsNewer = mine?.owner === this.#tab && row.owner === this.#tab;
      if (!this.#confirmed.has(row.clientId) && !ownIsNewer) this.#entries.set(row.clientId, row);
      if (row.owner !== this.#tab) this.#takeOver(store, row.owner);
    }
    for (const entry of this.#entries.values()) {
      const discardable = entry.owner !== this.#tab || (entry.state === "failed" && this.#kept.has(entry.clientId));
      const gone = discardable && !inStore.has(entry.clientId);
      if (gone) this.#entries.delete(entry.clientId);
    }
    this.#lastOrder = Math.max(this.#lastOrder, ...rows.map((row) => row.order));
    this.#onChange(this.entries);
    this.#pump();
  }

  /**
   * @param {import("./outbox.js").OutboxStore} store
   * @param {string} owner a tab that may be gone
   */
  #takeOver(store, owner) {
    this.#claim.whenGone(owner, async () => {
      if (store !== this.#store) return;
      await store.adopt(owner, this.#tab);
      await this.#reload(store);
    });
  }

  /** @param {Entry} entry */
  #put(entry) {
    this.#entries.set(entry.clientId, entry);
    this.#onChange(this.entries);
    this.#keep(entry);
  }

  /** @param {Entry} entry */
  #keep(entry) {
    this.#store?.put(entry).then(() => this.#kept.add(entry.clientId), reportError);
  }

  /** @param {string} clientId */
  #remove(clientId) {
    if (this.#entries.delete(clientId)) this.#onChange(this.entries);
    this.#confirmed.add(clientId);
    this.#kept.delete(clientId);
    this.#store?.remove(clientId).then(() => this.#confirmed.delete(clientId), reportError);
  }
}
