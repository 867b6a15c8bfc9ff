/**
 * A model of the server's room and of an unreliable way to it, for the property tests of the reducer. The truth is a
 * list of rows; events and answers are what they were at the moment they were made.
 */

import { emptyRoom, hasGap, reduceRoom } from "chat/room-state.js";

const PAGE = 6;
/** More changed rows than this are not sent one by one. */
const RECOVERY_LIMIT = 12;

export class ModelServer {
  change = 0;
  epoch = "a";
  /** @type {any[]} in seq order */
  rows = [];

  #write(row) {
    this.change += 1;
    const written = { ...row, change: this.change };
    this.rows[this.rows.findIndex((other) => other.id === row.id)] = written;
    return this.#event(written);
  }

  #event(row) {
    return { change: row.change, message: this.encode(row) };
  }

  post(content, quoted, clientId) {
    this.change += 1;
    const row = {
      id: `${this.epoch}${this.change}`, seq: this.change, change: this.change, content, clientId, deletedAt: null,
      author: { id: "2" }, quoted: quoted?.id,
    };
    this.rows.push(row);
    return this.#event(row);
  }

  edit(row, content) {
    return row.deletedAt ? null : this.#write({ ...row, content });
  }

  remove(row) {
    return row.deletedAt ? null : this.#write({ ...row, content: "", deletedAt: this.change + 1 });
  }

  /** The row as it goes over the wire now: a quote shows what the quoted message says now. */
  encode({ quoted, ...row }) {
    const source = this.rows.find((other) => other.id === quoted);
    if (!source) return row;
    return { ...row, replyTo: { id: source.id, seq: source.seq, excerpt: source.content, deleted: Boolean(source.deletedAt) } };
  }

  /** Some of the history is purged for good, under a new epoch. */
  purge(keep) {
    this.rows = this.rows.slice(-keep);
    this.epoch = String.fromCharCode(this.epoch.charCodeAt(0) + 1);
  }

  recovery(after, epoch) {
    const head = { change: this.change, epoch: this.epoch };
    const changed = this.rows.filter((row) => row.change > after).sort((a, b) => a.change - b.change);
    if (epoch === this.epoch && after <= this.change && changed.length <= RECOVERY_LIMIT) {
      return { ...head, reset: false, messages: changed.map((row) => this.encode(row)) };
    }
    const page = this.page({});
    return { ...head, reset: epoch !== null, messages: page.messages, hasMore: page.hasMore };
  }

  page({ before, after, around }) {
    const index = (seq) => this.rows.filter((row) => row.seq < seq).length;
    let from = this.rows.length - PAGE;
    if (before !== undefined) from = index(before) - PAGE;
    if (after !== undefined) from = index(after + 1);
    if (around !== undefined) from = index(around) - PAGE / 2;
    const to = before === undefined ? Math.max(0, from) + PAGE : index(before);
    const messages = this.rows.slice(Math.max(0, from), to).map((row) => this.encode(row));
    return { messages, hasMore: from > 0, hasNewer: to < this.rows.length };
  }
}

/** A tab on the far side of a line that loses, repeats and delays. */
export class ModelTab {
  #server;
  #random;
  #syncing = false;
  state = emptyRoom("general");
  /** Events on the line, in order. */
  line = [];
  /** Requests: not yet read by the server, or answered and on their way back. */
  requests = [];
  /** Events that were delivered, for repeats. */
  #past = [];
  faults = { lost: 0, repeated: 0, syncs: 0, resets: 0, staleAnswers: 0, windows: 0 };

  constructor(server, random) {
    this.#server = server;
    this.#random = random;
  }

  apply(action) {
    // Frozen: a reducer that changes anything in place throws.
    this.state = frozen(reduceRoom(this.state, frozen(action)));
    if (hasGap(this.state) && !this.#syncing) this.#sync();
  }

  #sync() {
    this.#syncing = true;
    this.faults.syncs += 1;
    const { change, epoch } = this.state;
    this.requests.push({
      read: () => this.#server.recovery(change, epoch),
      deliver: (data) => {
        this.#syncing = false;
        if (data.reset) this.faults.resets += 1;
        this.apply({ type: "synced", data });
      },
    });
  }

  /** The connection is new: everything on the line is lost, and the room is joined again. */
  connect() {
    for (const request of this.requests) request.fail?.();
    [this.line, this.requests, this.#syncing] = [[], [], false];
    this.apply({ type: "disconnected" });
    const { change, epoch } = this.state;
    const data = { room: { slug: "general" }, role: "member", online: [], ...this.#server.recovery(change, epoch) };
    if (data.reset) this.faults.resets += 1;
    this.apply({ type: "joined", data, recovered: epoch !== null });
  }

  hear(event) {
    if (!event) return;
    if (this.#random() < 0.12) this.faults.lost += 1;
    else this.line.push(event);
  }

  deliverEvent() {
    const event = this.line.shift();
    if (!event) return;
    this.#past.push({ epoch: this.#server.epoch, event });
    this.apply({ type: "durable", ...event });
  }

  repeatEvent() {
    const { epoch, event } = this.#past[Math.floor(this.#random() * this.#past.length)] ?? {};
    if (!event || epoch !== this.state.epoch) return;
    this.faults.repeated += 1;
    this.apply({ type: "durable", ...event });
  }

  /** @param {"older" | "newer" | "around" | "newest"} where */
  load(where) {
    const { messages, window } = this.state;
    const some = this.#server.rows[Math.floor(this.#random() * this.#server.rows.length)];
    if (!messages.length || !some || this.requests.some((request) => request.where === where)) return;
    if ((where === "older" && !this.state.hasMore) || (where === "newer" && !this.state.hasNewer)) return;
    const anchors = { older: { before: messages[0].seq }, newer: { after: messages.at(-1).seq }, around: { around: some.seq }, newest: {} };
    this.apply({ type: "history_started" });
    this.requests.push({
      where,
      read: () => this.#server.page(anchors[where]),
      fail: () => this.apply({ type: "history_failed" }),
      deliver: (data) => {
        if (window !== this.state.window) this.faults.staleAnswers += 1;
        if (this.state.hasNewer) this.faults.windows += 1;
        this.apply({ type: "history", where, window, data });
      },
    });
  }

  #oneOf(requests) {
    return requests[Math.floor(this.#random() * requests.length)];
  }

  /** The server reads a request: from here on its answer is what the database said at this moment. */
  readRequest() {
    const request = this.#oneOf(this.requests.filter((other) => !other.data));
    if (request) request.data = request.read();
  }

  deliverAnswer() {
    const request = this.#oneOf(this.requests.filter((other) => other.data));
    if (!request) return;
    this.requests.splice(this.requests.indexOf(request), 1);
    request.deliver(request.data);
  }

  /** The faults end: the line runs empty, and the last losses are found by a head check, as the server does it. */
  drain() {
    for (let turn = 0; this.line.length || this.requests.length || hasGap(this.state); turn += 1) {
      if (turn > 1_000) throw new Error("it never came to rest");
      this.deliverEvent();
      this.readRequest();
      this.deliverAnswer();
    }
    this.apply({ type: "synced", data: this.#server.recovery(this.state.change, this.state.epoch) });
  }
}

/** A tab that has only just opened the room. */
export function freshLoad(server) {
  const data = { room: { slug: "general" }, role: "member", online: [], ...server.recovery(0, null) };
  return reduceRoom(emptyRoom("general"), { type: "joined", data, recovered: false });
}

/** @template T @param {T} value @returns {T} */
function frozen(value) {
  if (value !== null && typeof value === "object" && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
}
