/**
 * The rooms that this tab has joined: joins them again after each reconnection, notices gaps and fills them, loads
 * history. The states themselves are made by the reducer alone.
 */

import { RequestError } from "../errors.js";
import { isLoaded, pageRequest, replacesWindow } from "./history-page.js";
import { Membership } from "./membership.js";
import { roomActions, rowsOf, startsAnew } from "./room-events.js";
import { emptyRoom, hasGap, reduceRoom } from "./room-state.js";
import { TypingWatch } from "./typing-watch.js";

/** @typedef {import("../state.d.ts").RoomState} RoomState */

/** Rooms that were left are remembered, so that coming back is quick; more than these are forgotten. */
const REMEMBERED_ROOMS = 20;

export class Rooms {
  #request;
  #clock;
  #random;
  #onRoom;
  #streams;
  #myId;
  #connected = false;
  /** @type {Map<string, RoomState>} */
  #states = new Map();
  /** @type {Map<string, Membership>} */
  #wanted = new Map();
  /** @type {Map<string, Promise<RoomState>>} */
  #loads = new Map();
  /** @type {Map<string, object>} where each room's window was last asked to go */
  #places = new Map();
  #typing;

  /**
   * @param {object} options
   * @param {import("../requests.d.ts").StartRequest} options.request
   * @param {import("../clock.js").Clock} options.clock
   * @param {() => number} [options.random]
   * @param {(slug: string, state: RoomState) => void} options.onRoom
   * @param {import("../streams/streams.js").Streams} options.streams hears of each row after the room's state has it
   * @param {() => string | undefined} options.myId
   */
  constructor({ request, clock, random, onRoom, streams, myId }) {
    this.#request = request;
    this.#clock = clock;
    this.#random = random;
    this.#onRoom = onRoom;
    this.#streams = streams;
    this.#myId = myId;
    this.#typing = new TypingWatch({
      clock,
      states: () => this.#states.values(),
      expire: (now) => [...this.#states.keys()].forEach((slug) => this.#apply(slug, { type: "typing_expired", now })),
    });
  }

  /** @param {string} slug */
  state(slug) {
    return this.#states.get(slug);
  }

  /**
   * @param {string} slug
   * @returns {Promise<RoomState>}
   */
  join(slug) {
    const state = this.#states.get(slug);
    if (this.#wanted.has(slug) && state?.joined) return Promise.resolve(state);
    if (!state) this.#set(emptyRoom(slug));
    const live = this.#want(slug).wait();
    this.#join(slug);
    return live;
  }

  /** @param {string} slug */
  leave(slug) {
    if (!this.#forget(slug, new RequestError("LEFT", "The room was left."))) return;
    if (this.#connected) this.#request("leave_room", { room: slug }).catch(() => {});
    this.#apply(slug, { type: "left" });
    const left = [...this.#states.keys()].filter((other) => !this.#wanted.has(other));
    left.slice(0, -REMEMBERED_ROOMS).forEach((other) => this.#states.delete(other));
  }

  connected() {
    this.#connected = true;
    for (const slug of this.#wanted.keys()) this.#join(slug);
  }

  disconnected() {
    this.#connected = false;
    this.#streams.disconnected();
    for (const membership of this.#wanted.values()) membership.disconnected();
    for (const slug of [...this.#states.keys()]) this.#apply(slug, { type: "disconnected" });
  }

  /** @param {import("../state.d.ts").Frame} frame */
  hear(frame) {
    for (const [slug, action] of roomActions(frame, this.#myId(), this.#clock.now())) {
      if (action.type === "lost_access")
        this.#forget(slug, new RequestError("UNAUTHORIZED", "You are no longer in this room."));
      if (this.#wanted.has(slug) || action.type === "lost_access") this.#apply(slug, action);
    }
  }

  /**
   * A row that came in a response: shown at once, while the cursor waits for its event.
   * @param {import("../../protocol.d.ts").Message} message
   */
  place(message) {
    if (this.#wanted.has(message.room)) this.#apply(message.room, { type: "row", message });
  }

  /** @param {import("../state.d.ts").Entry[]} entries of all rooms */
  showPending(entries) {
    for (const slug of [...this.#states.keys()]) {
      this.#apply(slug, { type: "pending", entries: entries.filter((entry) => entry.room === slug) });
    }
  }

  /**
   * @param {string} slug
   * @param {import("./history-page.js").Where} where
   * @param {number} [seq]
   * @returns {Promise<RoomState>}
   */
  load(slug, where, seq) {
    const state = this.#states.get(slug);
    if (!state?.epoch) return Promise.reject(new RequestError("REQUEST_FAILED", "The room is not joined."));
    if (isLoaded(state, where, seq)) return Promise.resolve(state);
    const key = `${slug} ${where} ${seq ?? ""}`;
    const under = this.#loads.get(key);
    if (under) return under;
    const load = this.#load(state, where, seq).finally(() => this.#loads.delete(key));
    this.#loads.set(key, load);
    return load;
  }

  /** @param {string} slug @param {number} keep */
  trim(slug, keep) {
    this.#apply(slug, { type: "trimmed", keep });
  }

  /**
   * @param {RoomState} state
   * @param {import("./history-page.js").Where} where
   * @param {number} [seq]
   * @returns {Promise<RoomState>}
   */
  async #load(state, where, seq) {
    const { slug, window } = state;
    const place = {};
    if (replacesWindow(where)) this.#places.set(slug, place);
    let isLate = false;
    const onData = (/** @type {import("../../protocol.d.ts").MessagePage} */ data) => {
      isLate = this.#states.get(slug)?.window !== window;
      this.#apply(slug, { type: "history", where, window, data });
    };
    this.#apply(slug, { type: "history_started" });
    try {
      await this.#request("get_messages", pageRequest(state, where, seq), { onData });
    } catch (error) {
      this.#apply(slug, { type: "history_failed" });
      throw error;
    }
    const now = /** @type {RoomState} */ (this.#states.get(slug));
    // A page asked for earlier came first and moved the window, so this one was left out: where one goes last, counts.
    const isWanted = isLate && this.#places.get(slug) === place && now?.epoch && !isLoaded(now, where, seq);
    return isWanted ? this.#load(now, where, seq) : now;
  }

  /** @param {string} slug */
  async #join(slug) {
    const membership = this.#wanted.get(slug);
    const state = this.#states.get(slug);
    if (!this.#connected || !membership || !state || membership.joining) return;
    membership.joining = true;
    const { change, epoch } = state;
    const recovered = epoch !== null;
    const cursor = recovered ? { after: change, epoch } : {};
    try {
      await this.#request("join_room", { room: slug, ...cursor }, {
        onData: (data) => this.#joined(slug, membership, data, recovered),
      });
    } catch (cause) {
      const error = /** @type {RequestError} */ (cause);
      if (error.code === "DISCONNECTED" || membership !== this.#wanted.get(slug)) return;
      membership.joining = false;
      if (error.retryable) membership.later(error, () => this.#join(slug));
      else this.#refused(slug, error);
    }
  }

  /** @param {string} slug @param {RequestError} error */
  #refused(slug, error) {
    this.#forget(slug, error);
    this.#apply(slug, { type: "refused", error: { code: error.code, message: error.message } });
  }

  /**
   * @param {string} slug
   * @param {Membership} membership
   * @param {import("../../protocol.d.ts").Joined} data
   * @param {boolean} recovered
   */
  #joined(slug, membership, data, recovered) {
    if (membership !== this.#wanted.get(slug)) return; // left, or joined again, while the response was on its way
    membership.joining = false;
    membership.responded();
    this.#apply(slug, { type: "joined", data, recovered });
    membership.goLive(/** @type {RoomState} */ (this.#states.get(slug)));
  }

  /** @param {string} slug */
  async #sync(slug) {
    const membership = this.#wanted.get(slug);
    const state = this.#states.get(slug);
    if (!this.#connected || !membership || membership.syncing || !state?.joined || state.epoch === null) return;
    const cursor = { change: state.change, epoch: state.epoch };
    membership.syncing = true;
    try {
      await this.#request("sync", { rooms: { [slug]: cursor } }, {
        onData: (data) => this.#synced(slug, membership, data.rooms[slug]),
      });
    } catch (cause) {
      const error = /** @type {RequestError} */ (cause);
      if (error.code !== "DISCONNECTED") this.#syncLater(slug, membership, error);
    }
  }

  /**
   * @param {string} slug
   * @param {Membership} membership
   * @param {import("../../protocol.d.ts").Recovery | undefined} result
   */
  #synced(slug, membership, result) {
    if (membership !== this.#wanted.get(slug)) return;
    if (!result || result.error) {
      const code = result?.error ?? "INTERNAL_ERROR";
      return this.#syncLater(slug, membership, new RequestError(code, "The room could not be brought up to date."));
    }
    membership.syncing = false;
    membership.responded();
    this.#apply(slug, { type: "synced", data: result });
  }

  /**
   * @param {string} slug
   * @param {Membership} membership
   * @param {RequestError} error
   */
  #syncLater(slug, membership, error) {
    if (!error.retryable) return this.#refused(slug, error);
    // It stays "syncing" while it waits: every further event would ask again otherwise.
    membership.later(error, () => {
      membership.syncing = false;
      this.#sync(slug);
    });
  }

  /** @param {string} slug */
  #want(slug) {
    let membership = this.#wanted.get(slug);
    if (!membership) {
      membership = new Membership({ clock: this.#clock, random: this.#random });
      this.#wanted.set(slug, membership);
    }
    return membership;
  }

  /**
   * @param {string} slug
   * @param {Error} error for those who still wait for the room
   */
  #forget(slug, error) {
    const membership = this.#wanted.get(slug);
    if (!membership) return false;
    this.#wanted.delete(slug);
    membership.end(error);
    this.#streams.left(slug, error);
    return true;
  }

  /**
   * @param {string} slug
   * @param {{type: string, [fact: string]: any}} action
   */
  #apply(slug, action) {
    const before = this.#states.get(slug);
    if (!before) return;
    const after = reduceRoom(before, action);
    if (after !== before) this.#set(after);
    if (after.typing !== before.typing) this.#typing.update();
    if (this.#wanted.has(slug)) this.#tellStreams(action, before, after);
    if (hasGap(after)) this.#sync(slug);
  }

  /**
   * @param {{type: string, [fact: string]: any}} action
   * @param {RoomState} before
   * @param {RoomState} after
   */
  #tellStreams(action, before, after) {
    if (startsAnew(action) && after !== before)
      this.#streams.joined(after, action.data, !action.recovered || action.data.reset);
    else this.#streams.rows(after.slug, rowsOf(action), before.change);
  }

  /** @param {RoomState} state */
  #set(state) {
    this.#states.set(state.slug, state);
    this.#onRoom(state.slug, state);
  }
}
