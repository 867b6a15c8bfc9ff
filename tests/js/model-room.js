/**
 * A model of the server's room and of an unreliable way to it, for the property tests of the reducer. The truth is a
 * list of rows; events and responses are what they were at the moment they were made.
 */

import { rowsOf, startsAnew } from "chat/client/rooms/room-events.js";
import { emptyRoom, hasGap, reduceRoom } from "chat/client/rooms/room-state.js";
import { Streams } from "chat/client/streams/streams.js";
import { ModelClaude } from "./model-claude.js";

const PAGE = 6;
/** More changed rows than this are not sent one by one. */
const RECOVERY_LIMIT = 12;

export class ModelServer {
  change = 0;
  epoch = "a";
  /** @type {any[]} in seq order */
  rows = [];

  /** @param {() => number} [random] */
  constructor(random = Math.random) {
    this.claude = new ModelClaude(this, random);
  }

  write(row) {
    this.change += 1;
    const written = { ...row, change: this.change };
    this.rows[this.rows.findIndex((other) => other.id === row.id)] = written;
    return this.event(written);
  }

  /** The one event of a row's newest state. That of a reply that has just ended leaves its html out. */
  event(row) {
    const { html, ...message } = this.encode(row);
    const hasEnded = row.reply?.change === row.change && ["complete", "stopped"].includes(row.reply.state);
    return { change: row.change, message: hasEnded ? message : { ...message, html } };
  }

  add(facts) {
    this.change += 1;
    const row = { id: `${this.epoch}${this.change}`, room: "general", seq: this.change, change: this.change, deletedAt: null, ...facts };
    this.rows.push(row);
    return row;
  }

  post(content, quoted, clientId) {
    return this.event(this.add({ content, clientId, author: { id: "2" }, quoted: quoted?.id }));
  }

  edit(row, content) {
    return row.deletedAt || row.reply ? null : this.write({ ...row, content });
  }

  remove(row) {
    if (row.deletedAt || ["queued", "running"].includes(row.reply?.state)) return null;
    return this.write({ ...row, content: "", deletedAt: this.change + 1 });
  }

  /** The row as it goes over the wire now: a quote shows what the quoted message says now. */
  encode({ quoted, ...facts }) {
    const row = { ...facts, html: `<p>${facts.content}` };
    const source = this.rows.find((other) => other.id === quoted);
    if (!source) return row;
    return { ...row, replyTo: { id: source.id, seq: source.seq, excerpt: source.content, deleted: Boolean(source.deletedAt) } };
  }

  /** Some of the history is purged for good, under a new epoch. */
  purge(keep) {
    this.rows = this.rows.slice(-keep);
    this.epoch = String.fromCharCode(this.epoch.charCodeAt(0) + 1);
    this.claude.purged();
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
  /** Deltas on the line: an event that the server repairs from its database overtakes them, and they it. */
  deltas = [];
  /** Requests: not yet read by the server, or with a response on its way back. */
  requests = [];
  /** What waits for its time. */
  timers = new Set();
  /** Events and deltas that were delivered, for repeats. */
  #past = [];
  /** How far each run of a reply was shown. @type {Map<string, string>} */
  #shown = new Map();
  faults = { lost: 0, repeated: 0, syncs: 0, resets: 0, staleResponses: 0, windows: 0, lostDeltas: 0, keyframes: 0 };
  streams;

  constructor(server, random) {
    this.#server = server;
    this.#random = random;
    const clock = {
      now: () => 0,
      setTimeout: (run) => {
        const timer = { run };
        this.timers.add(timer);
        return timer;
      },
      clearTimeout: (timer) => this.timers.delete(timer),
    };
    this.streams = new Streams({
      clock, random,
      request: (type, payload, { onData }) => this.#askStream(payload.message, onData),
      onStream: (slug, messageId, stream) => stream && this.#check(stream),
    });
  }

  apply(action) {
    // Frozen: a reducer that changes anything in place throws.
    const before = this.state;
    this.state = frozen(reduceRoom(before, frozen(action)));
    // As Rooms does it.
    if (startsAnew(action) && this.state !== before) this.streams.joined(this.state, action.data, !action.recovered || action.data.reset);
    else this.streams.rows("general", rowsOf(action), before.change);
    if (hasGap(this.state) && !this.#syncing) this.#sync();
  }

  /** At every moment a tab shows exactly what that run had said up to its n, and never less than before. */
  #check({ messageId, version, attempt, n, text }) {
    const run = `${messageId}/${version}/${attempt}`;
    if (n >= 0 && this.#server.claude.said.get(run)?.get(n) !== text) throw new Error(`${run} at ${n}: "${text}" was never said`);
    // A purged history starts again, with what the checkpoints say.
    const shown = `${this.state.epoch} ${run}`;
    if (!text.startsWith(this.#shown.get(shown) ?? "")) throw new Error(`${run}: "${text}" is less than was shown before`);
    this.#shown.set(shown, text);
  }

  #askStream(message, onData) {
    this.faults.keyframes += 1;
    return new Promise((resolve, reject) => {
      this.requests.push({
        read: () => this.#server.claude.keyframe(message) ?? { error: true },
        fail: () => reject({ code: "DISCONNECTED", retryable: true }),
        deliver: (data) => {
          if (data.error) return reject({ code: "NOT_FOUND" });
          onData(data);
          resolve(data);
        },
      });
    });
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

  /** Someone in this tab asks Claude: the response's rows may come after their own events. */
  execute(prompt) {
    this.requests.push({
      read: () => {
        const events = this.#server.claude.ask(prompt);
        events.forEach((event) => this.hear(event));
        return events;
      },
      deliver: (events) => events.forEach(({ message }) => this.apply({ type: "row", message })),
    });
  }

  /** The connection is new: everything on the line is lost, and the room is joined again. */
  connect() {
    this.streams.disconnected();
    for (const request of this.requests) request.fail?.();
    [this.line, this.deltas, this.requests, this.#syncing] = [[], [], [], false];
    this.apply({ type: "disconnected" });
    const { change, epoch } = this.state;
    const data = { ...joinedFacts(this.#server), ...this.#server.recovery(change, epoch) };
    if (data.reset) this.faults.resets += 1;
    this.apply({ type: "joined", data, recovered: epoch !== null });
  }

  hear(event) {
    if (!event) return;
    if (this.#random() < 0.12) this.faults.lost += 1;
    else this.line.push(event);
  }

  hearDelta(delta) {
    if (!delta) return;
    if (this.#random() < 0.12) this.faults.lostDeltas += 1;
    else this.deltas.push(delta);
  }

  deliverEvent() {
    const event = this.line.shift();
    if (!event) return;
    this.#past.push({ epoch: this.#server.epoch, run: () => this.apply({ type: "durable", ...event }) });
    this.#past.at(-1).run();
  }

  deliverDelta() {
    const delta = this.deltas.shift();
    if (!delta) return;
    this.#past.push({ epoch: this.#server.epoch, run: () => this.streams.delta(frozen(delta)) });
    this.#past.at(-1).run();
  }

  repeatOne() {
    const { epoch, run } = this.#past[Math.floor(this.#random() * this.#past.length)] ?? {};
    if (!run || epoch !== this.state.epoch) return;
    this.faults.repeated += 1;
    run();
  }

  tick() {
    const [timer] = this.timers;
    if (!timer) return;
    this.timers.delete(timer);
    timer.run();
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
        if (window !== this.state.window) this.faults.staleResponses += 1;
        if (this.state.hasNewer) this.faults.windows += 1;
        this.apply({ type: "history", where, window, data });
      },
    });
  }

  #oneOf(requests) {
    return requests[Math.floor(this.#random() * requests.length)];
  }

  /** The server reads a request: from here on its response is what the database said at this moment. */
  readRequest() {
    const request = this.#oneOf(this.requests.filter((other) => !other.data));
    if (request) request.data = request.read();
  }

  deliverResponse() {
    const request = this.#oneOf(this.requests.filter((other) => other.data));
    if (!request) return;
    this.requests.splice(this.requests.indexOf(request), 1);
    request.deliver(request.data);
  }

  /** The faults end: the line runs empty, and the last losses are found by a head check, as the server does it. */
  async drain() {
    for (let turn = 1; this.line.length || this.deltas.length || this.requests.length || this.timers.size || hasGap(this.state); turn += 1) {
      if (turn > 1_000) throw new Error("it never came to rest");
      this.deliverEvent();
      this.deliverDelta();
      this.readRequest();
      this.deliverResponse();
      this.tick();
      await microtasks();
      if (turn % 100 === 0) this.#checkHead();
    }
    this.#checkHead();
  }

  #checkHead() {
    this.apply({ type: "synced", data: this.#server.recovery(this.state.change, this.state.epoch) });
  }
}

/** Long enough for a response to reach its caller. */
export async function microtasks() {
  for (let turn = 0; turn < 5; turn += 1) await null;
}

const joinedFacts = (server) => ({ room: { slug: "general" }, role: "member", online: [], streams: server.claude.keyframes() });

/** A tab that has only just opened the room. */
export function freshLoad(server) {
  const data = { ...joinedFacts(server), ...server.recovery(0, null) };
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
