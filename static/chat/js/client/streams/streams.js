/**
 * The replies that wait or run in the joined rooms: their text as far as it has come. It fills gaps with `get_stream`
 * and forgets a reply when its row says that it has ended. How a stream moves on is decided in stream-state.js alone.
 */

import { Followers } from "./followers.js";
import { Keyframes } from "./keyframes.js";
import {
  doubted, fromKeyframe, isAnotherRun, isBehind, isLaterRun, isOpen, withDelta, withKeyframe, withRow,
} from "./stream-state.js";

/** @typedef {import("../state.d.ts").Stream} Stream */
/** @typedef {import("../../protocol.d.ts").Message} Message */
/** @typedef {import("../../protocol.d.ts").Keyframe} Keyframe */

/** @typedef {{version: number, attempt: number}} Run */

/**
 * @typedef {object} RoomStreams
 * @property {string} epoch
 * @property {boolean} live
 * @property {Map<string, Stream>} open by message
 * @property {Map<string, Run & {change: number}>} ended what is over, and at which change its row said so
 * @property {Set<string>} rowless replies whose run is over, as a keyframe said, without the row that says so
 */

/** @typedef {import("./followers.js").Follower} Follower */

/** A row on its way may be older than the end of its reply. So many ends per room are remembered for that. */
const REMEMBERED_ENDS = 300;
const REMEMBERED_STRAYS = 100;

export class Streams {
  #onStream;
  #keyframes;
  /** @type {Map<string, RoomStreams>} */
  #rooms = new Map();
  /** Messages whose deltas came before a row that explains them. @type {Set<string>} */
  #strays = new Set();
  #followers = new Followers();

  /**
   * @param {object} options
   * @param {import("../requests.d.ts").StartRequest} options.request
   * @param {import("../clock.js").Clock} options.clock
   * @param {() => number} [options.random]
   * @param {(slug: string, messageId: string, stream: Stream | null) => void} options.onStream
   */
  constructor({ request, clock, random, onStream }) {
    this.#onStream = onStream;
    this.#keyframes = new Keyframes({
      request, clock, random,
      isNeeded: (messageId) => {
        const stream = this.#roomOf(messageId)[1]?.open.get(messageId);
        return stream !== undefined && isBehind(stream);
      },
      onKeyframe: (keyframe) => this.keyframe(keyframe),
      onGone: (messageId) => {
        const [slug, room] = this.#roomOf(messageId);
        if (slug !== undefined && room) this.#gone(slug, room, messageId);
      },
    });
  }

  /**
   * @param {string} slug
   * @param {string} messageId
   */
  stream(slug, messageId) {
    return this.#rooms.get(slug)?.open.get(messageId);
  }

  /** @param {string} slug */
  streams(slug) {
    return [...(this.#rooms.get(slug)?.open.values() ?? [])];
  }

  /**
   * The room is live, for the first time or again.
   * @param {import("../state.d.ts").RoomState} state as it is after the response
   * @param {{messages: Message[], streams?: Keyframe[]}} response with the keyframes of all running replies
   * @param {boolean} reset whether rows may have changed that are not in the response
   */
  joined({ slug, epoch, messages }, response, reset) {
    const keyframes = response.streams ?? [];
    // The window may be elsewhere in the history, and the rows of the response not in it.
    const rows = [...response.messages, ...messages];
    const before = this.#rooms.get(slug);
    const sameHistory = before?.epoch === epoch;
    if (before && !sameHistory) this.#clear(slug, before, (follower) => follower.lost());
    const room =
      sameHistory && before
        ? before
        : { epoch: /** @type {string} */ (epoch), live: true, open: new Map(), ended: new Map(), rowless: new Set() };
    this.#rooms.set(slug, room);
    room.live = false; // no keyframe is asked for before those at hand are read
    for (const message of rows) this.#row(room, message, 0);
    for (const keyframe of keyframes) this.#keyframe(slug, room, keyframe);
    const seen = new Set([
      ...keyframes.map((keyframe) => keyframe.messageId), ...(reset ? rows.map((row) => row.id) : []),
    ]);
    for (const stream of room.open.values()) {
      const isUncertain = !seen.has(stream.messageId) && (reset || stream.state === "running");
      if (isUncertain) room.open.set(stream.messageId, doubted(stream));
    }
    room.live = true;
    for (const stream of room.open.values()) this.#catchUp(room, stream);
  }

  /**
   * Rows that came by whatever way, old and new.
   * @param {string} slug
   * @param {readonly Message[]} messages
   * @param {number} cursor the room's change before them: what they tell up to there may be over
   */
  rows(slug, messages, cursor) {
    const room = this.#rooms.get(slug);
    if (room) for (const message of messages) this.#row(room, message, cursor);
  }

  /** @param {import("../../protocol.d.ts").StreamDelta} delta */
  delta(delta) {
    const room = this.#rooms.get(delta.room);
    if (!room) return;
    const before = room.open.get(delta.messageId);
    const after = before && withDelta(before, delta);
    if (before && after && after !== before) {
      this.#set(room, after, before, delta.n === before.n + 1 && after.n === delta.n ? delta.text : null);
    } else if (!before || delta.n > before.n) {
      this.#strays.add(delta.messageId);
      forgetOldest(this.#strays, REMEMBERED_STRAYS);
    }
  }

  /** @param {Keyframe} keyframe that was asked for */
  keyframe(keyframe) {
    const [slug, room] = this.#roomOf(keyframe.messageId);
    if (slug !== undefined && room) this.#keyframe(slug, room, keyframe);
  }

  /**
   * @param {string} slug
   * @param {Error} error for those who still follow a reply in it
   */
  left(slug, error) {
    const room = this.#rooms.get(slug);
    if (!room) return;
    this.#rooms.delete(slug);
    this.#clear(slug, room, (follower) => follower.left(error));
  }

  /** The text stays; what was missed meanwhile comes with the next join. */
  disconnected() {
    this.#keyframes.stopAll();
    for (const room of this.#rooms.values()) room.live = false;
  }

  /**
   * @param {string} messageId
   * @param {Follower} follower
   * @returns {() => void} ends it
   */
  follow(messageId, follower) {
    return this.#followers.add(messageId, follower);
  }

  /**
   * @param {RoomStreams} room
   * @param {Message} message
   * @param {number} cursor
   */
  #row(room, message, cursor) {
    const { id, room: slug, change, reply } = message;
    const before = room.open.get(id);
    const ended = room.ended.get(id);
    if ((!reply && !before) || change <= (before?.change ?? ended?.change ?? 0)) return;
    let after = withRow(before, message);
    if (after && !before && ended && !isAnotherRun(ended, after)) return; // older than the news of its end
    room.rowless.delete(id);
    const isNewRun = after && (!before || isAnotherRun(before, after));
    if (after && isNewRun && (this.#strays.delete(id) || change <= cursor)) after = doubted(after);
    if (after) this.#set(room, after, before, null);
    else this.#end(slug, room, id, { change, version: reply?.version ?? 0, attempt: reply?.attempt ?? 0 });
    this.#followers.tell(id, (follower) => follower.row(message));
  }

  /**
   * @param {string} slug
   * @param {RoomStreams} room
   * @param {Keyframe} keyframe
   */
  #keyframe(slug, room, keyframe) {
    const before = room.open.get(keyframe.messageId);
    // It may have been read before the row that said that the reply is over.
    const isOver = !before && room.ended.has(keyframe.messageId);
    const after = before ? withKeyframe(before, keyframe) : isOver ? undefined : fromKeyframe(slug, keyframe);
    if (after && after !== before) this.#set(room, after, before, null);
    if (!after || isLaterRun(after, keyframe)) return; // nothing is open, or it was asked for before this run
    if (!isOpen(keyframe.state) || isLaterRun(keyframe, after)) this.#over(slug, room, after);
    else room.rowless.delete(keyframe.messageId);
  }

  /**
   * A run is over, and its row has not said so. It is on its way, and the text stays until then. If it still has not
   * come by the next keyframe it was missed for good: a recovery brings not every row when there are too many.
   * @param {string} slug
   * @param {RoomStreams} room
   * @param {Stream} stream
   */
  #over(slug, room, stream) {
    const { messageId } = stream;
    if (room.rowless.has(messageId)) {
      this.#end(slug, room, messageId, stream);
    } else {
      room.rowless.add(messageId);
      this.#set(room, doubted(stream), stream, null);
    }
    this.#followers.tell(messageId, (follower) => follower.lost());
  }

  /**
   * @param {RoomStreams} room
   * @param {Stream} after
   * @param {Stream | undefined} before
   * @param {string | null} piece
   */
  #set(room, after, before, piece) {
    const { messageId } = after;
    room.open.set(messageId, after);
    this.#catchUp(room, after);
    if (
      before &&
      after.n === before.n &&
      after.state === before.state &&
      after.version === before.version &&
      after.attempt === before.attempt
    )
      return;
    this.#followers.tell(messageId, (follower) => follower.stream(after, piece));
    this.#onStream(after.room, messageId, after);
  }

  /**
   * @param {string} slug
   * @param {RoomStreams} room
   * @param {string} messageId
   * @param {Run & {change: number}} run
   */
  #end(slug, room, messageId, { change, version, attempt }) {
    room.ended.delete(messageId);
    room.ended.set(messageId, { change, version, attempt });
    forgetOldest(room.ended, REMEMBERED_ENDS);
    this.#forget(slug, room, messageId);
  }

  /**
   * @param {string} slug
   * @param {RoomStreams} room
   * @param {string} messageId
   */
  #forget(slug, room, messageId) {
    this.#keyframes.stop(messageId);
    room.rowless.delete(messageId);
    if (room.open.delete(messageId)) this.#onStream(slug, messageId, null);
  }

  /**
   * @param {string} slug
   * @param {RoomStreams} room
   * @param {(follower: Follower) => void} say
   */
  #clear(slug, room, say) {
    for (const messageId of [...room.open.keys()]) {
      this.#forget(slug, room, messageId);
      this.#followers.tell(messageId, say);
    }
  }

  /**
   * @param {RoomStreams} room
   * @param {Stream} stream
   */
  #catchUp(room, stream) {
    if (room.live && isBehind(stream)) this.#keyframes.ask(stream.messageId);
  }

  /**
   * @param {string} slug
   * @param {RoomStreams} room
   * @param {string} messageId
   */
  #gone(slug, room, messageId) {
    const stream = room.open.get(messageId);
    if (stream) this.#end(slug, room, messageId, stream);
    this.#followers.tell(messageId, (follower) => follower.lost());
  }

  /**
   * @param {string} messageId
   * @returns {[slug: string, room: RoomStreams] | []}
   */
  #roomOf(messageId) {
    return [...this.#rooms].find(([, room]) => room.open.has(messageId)) ?? [];
  }
}

/** @param {Map<string, any> | Set<string>} some @param {number} limit */
function forgetOldest(some, limit) {
  if (some.size > limit) some.delete(/** @type {string} */ (some.keys().next().value));
}
