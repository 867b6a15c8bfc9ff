/**
 * The chat client of a tab: one connection, requests with responses, rooms that stay current, messages that are sent
 * exactly once. It joins the parts; each part has its own module. It draws nothing.
 */

import { askClaude } from "./ask.js";
import { ClaudeRequests } from "./claude-requests.js";
import { systemClock } from "./clock.js";
import { isRefusal } from "./connection/close-codes.js";
import { frameText } from "./connection/frame-text.js";
import { ConnectionError } from "./errors.js";
import { Outbox } from "./outbox/outbox.js";
import { OutboxSender } from "./outbox/outbox-sender.js";
import { randomId } from "./random-id.js";
import { ReconnectingSocket } from "./connection/reconnecting-socket.js";
import { RequestTable } from "./request-table.js";
import { Rooms } from "./rooms/rooms.js";
import { socketAddress } from "./connection/socket-address.js";
import { Streams } from "./streams/streams.js";

/** @typedef {import("./state.d.ts").RoomState} RoomState */
/** @typedef {import("./state.d.ts").Entry} Entry */
/** @typedef {import("./state.d.ts").Stream} Stream */
/** @typedef {import("../protocol.d.ts").Message} Message */
/** @typedef {import("../protocol.d.ts").RequestPayloads} RequestPayloads */

const REQUEST_TIMEOUT_MS = 15_000;

/**
 * @typedef {object} ClientOnly
 * @property {string} [userId] whose page this is: unsent messages are then shown before there is a connection
 * @property {import("./outbox/outbox.js").OutboxStore} [outbox] by default an `Outbox` in IndexedDB for the user
 * @property {number} [requestTimeoutMs]
 */

/**
 * @typedef {ClientOnly & import("./connection/socket-address.js").AddressOptions &
 *   import("./connection/reconnecting-socket.js").SocketOptions} ClientOptions
 */

export class Client extends ClaudeRequests {
  #options;
  #clock;
  #socket;
  #requests;
  #streams;
  #rooms;
  #sender;
  /** @type {import("./outbox/outbox.js").OutboxStore | null} */
  #store = null;
  /** @type {string | undefined} */
  #userId;
  /** @type {ConnectionError | null} */
  #stopped = null;
  #serverOffsetMs = 0;
  /** Who the server says we are. @type {import("../protocol.d.ts").UserRef | null} */
  user = null;
  /** @type {string | null} */
  connectionId = null;

  /** Nothing happens before `connect()`. @param {ClientOptions} [options] */
  constructor(options = {}) {
    super();
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#userId = options.userId;
    this.#socket = new ReconnectingSocket(({ signal }) => socketAddress(options, signal), {
      ...options, outlivesRefusal: true,
    });
    this.#socket.on("message", (frame) => this.#hear(frame));
    this.#socket.on("open", (welcome) => this.#welcomed(welcome));
    this.#socket.on("close", ({ code }) => this.#closed(code));
    this.#socket.on("status", () => this.#tellStatus());
    this.#requests = new RequestTable({
      send: (text) => this.#socket.send(text),
      fits: (text) => this.#socket.fits(text),
      clock: this.#clock,
      timeoutMs: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    });
    const shared = {
      request: this.#requests.start.bind(this.#requests),
      clock: this.#clock,
      random: options.random,
    };
    this.#streams = new Streams({
      ...shared, onStream: (slug, messageId, stream) => this.emit("stream", slug, messageId, stream),
    });
    this.#rooms = new Rooms({
      ...shared,
      onRoom: (slug, state) => this.emit("room", slug, state),
      streams: this.#streams,
      myId: () => this.#userId,
    });
    this.#sender = new OutboxSender({
      ...shared,
      create: (payload) => this.#requests.start("create_message", payload, { wasWritten: true }),
      onChange: (entries) => {
        this.#rooms.showPending(entries);
        this.emit("outbox", entries);
      },
      onStored: (message) => this.#rooms.place(message),
    });
  }

  /** "connecting", "connected" or "disconnected" */
  get status() {
    return this.#socket.status;
  }

  /** Why there is no connection, or null. */
  get error() {
    return this.#stopped ?? this.#socket.error;
  }

  /** When the next opening starts, in milliseconds since the epoch, or null. */
  get retryAt() {
    return this.#socket.retryAt;
  }

  /** The server's time now, in milliseconds since the epoch. */
  get serverTime() {
    return this.#clock.now() + this.#serverOffsetMs;
  }

  /** Messages that the server has not confirmed yet, in all rooms. */
  get outbox() {
    return this.#sender.entries;
  }

  connect() {
    this.#stopped = null;
    if (this.#userId !== undefined) this.#openOutbox(this.#userId);
    this.#socket.connect();
  }

  /** Ends the connection for good. What is unsent stays in the outbox. */
  close() {
    this.#socket.close();
    this.#sender.stop();
  }

  /** Does not wait for the next retry. */
  reconnectNow() {
    this.#stopped = null;
    this.#socket.reconnectNow();
  }

  /**
   * Asks the server. Rejects with a RequestError; with `DISCONNECTED` at once when there is no connection, with
   * `FRAME_TOO_BIG` when the server would not read it, with `FRAME_REFUSED` when the server has closed the connection
   * for a frame.
   * @template {import("./requests.d.ts").RequestType} T
   * @param {T} type
   * @param {import("./requests.d.ts").RequestArguments<T>} rest the payload, and options
   * @returns {Promise<import("./requests.d.ts").ResponseTo<T>>} the response's data
   */
  async request(type, ...rest) {
    const [payload = /** @type {import("./requests.d.ts").PayloadOf<T>} */ ({}), { timeout } = {}] = rest;
    const onData = (/** @type {object} */ data) => rowsIn(data).forEach((row) => this.#rooms.place(row));
    return this.#requests.start(type, payload, { timeout, onData, wasWritten: true });
  }

  /**
   * Says something without waiting for a response, for example `typing`.
   * @template {keyof RequestPayloads} T
   * @param {T} type
   * @param {RequestPayloads[T]} payload
   * @returns {boolean} whether it was handed to an open connection
   */
  send(type, payload) {
    return this.#socket.send(frameText({ type, timestamp: this.#clock.now(), payload }));
  }

  /**
   * Keeps a room current from now on, over reconnections, until it is left.
   * @param {string} slug
   * @returns {Promise<RoomState>} resolves when the room is live; rejects when the server refuses it
   */
  joinRoom(slug) {
    const joined = this.#rooms.join(slug);
    this.#rooms.showPending(this.outbox);
    return joined;
  }

  /** @param {string} slug */
  leaveRoom(slug) {
    this.#rooms.leave(slug);
  }

  /** @param {string} slug @returns {RoomState | undefined} */
  room(slug) {
    return this.#rooms.state(slug);
  }

  /**
   * Posts a message: shown at once as pending, kept until the server has confirmed it, sent exactly once.
   * @param {string} room slug
   * @param {string} content
   * @param {Pick<Entry, "replyTo" | "attachments" | "claude">} [options] attachments: ids of files uploaded to this
   *   room. claude: how it replies to this message, where that isn't as in the room
   * @returns {string} its client id
   */
  post(room, content, options = {}) {
    return this.#sender.post(room, content, options);
  }

  /** Tries a failed message again. @param {string} clientId */
  resend(clientId) {
    return this.#sender.resend(clientId);
  }

  /**
   * Sends other words in the place of a message that failed.
   * @param {string} clientId
   * @param {string} content
   */
  revise(clientId, content) {
    return this.#sender.revise(clientId, content);
  }

  /** Throws away a message that failed or has not been sent yet. @param {string} clientId */
  discard(clientId) {
    return this.#sender.discard(clientId);
  }

  /** @param {string} slug */
  loadOlder(slug) {
    return this.#rooms.load(slug, "older");
  }

  /** @param {string} slug */
  loadNewer(slug) {
    return this.#rooms.load(slug, "newer");
  }

  /** Moves the window to a message, and its surroundings. @param {string} slug @param {number} seq */
  loadAround(slug, seq) {
    return this.#rooms.load(slug, "around", seq);
  }

  /** Moves the window back to the newest messages. @param {string} slug */
  loadNewest(slug) {
    return this.#rooms.load(slug, "newest");
  }

  /** Forgets all but the newest `keep` loaded messages. @param {string} slug @param {number} keep */
  trimRoom(slug, keep) {
    this.#rooms.trim(slug, keep);
  }

  /**
   * As `execute`, and then to the end of the reply, over lost connections. Joins the session.
   * @param {string} session slug
   * @param {string} prompt
   * @param {{clientId?: string}} [options]
   * @returns {import("./ask.js").Asking}
   */
  ask(session, prompt, { clientId = randomId() } = {}) {
    return askClaude(
      { client: this, streams: this.#streams, clock: this.#clock, random: this.#options.random },
      { session, prompt, clientId },
    );
  }

  /** @param {string} messageId @returns {Promise<import("../protocol.d.ts").Keyframe>} */
  getStream(messageId) {
    return this.#requests.start("get_stream", { message: messageId }, {
      onData: (keyframe) => this.#streams.keyframe(keyframe),
    });
  }

  /**
   * What a reply that waits or runs has said so far.
   * @param {string} slug
   * @param {string} messageId
   * @returns {Stream | undefined}
   */
  stream(slug, messageId) {
    return this.#streams.stream(slug, messageId);
  }

  /** @param {string} slug @returns {Stream[]} of all replies that wait or run in a joined room */
  streams(slug) {
    return this.#streams.streams(slug);
  }

  /** @param {{user: import("../protocol.d.ts").UserRef, connectionId: string, serverTime: number}} welcome */
  #welcomed({ user, connectionId, serverTime }) {
    if (this.#userId !== undefined && user.id !== this.#userId) return this.#refuseOtherUser();
    this.user = user;
    this.connectionId = connectionId;
    this.#serverOffsetMs = serverTime - this.#clock.now();
    this.#userId = user.id;
    this.#openOutbox(user.id);
    this.#rooms.connected();
    this.#sender.connected();
  }

  /** Someone else has signed in, in another tab: what this page shows and keeps must not go out under their name. */
  #refuseOtherUser() {
    this.#stopped = new ConnectionError("USER_CHANGED", "Someone else signed in. Reload the page.", { fatal: true });
    this.#socket.close();
  }

  /** @param {number} code */
  #closed(code) {
    this.connectionId = null;
    this.#rooms.disconnected();
    this.#sender.disconnected();
    this.#requests.clear({ refused: isRefusal(code) });
  }

  #tellStatus() {
    this.emit("status", { status: this.status, error: this.error, retryAt: this.retryAt });
  }

  /** @param {import("./state.d.ts").Frame} frame */
  #hear(frame) {
    if (this.#requests.settle(frame)) return;
    this.#confirm(frame.data?.message);
    if (frame.type === "stream_delta") this.#streams.delta(frame.data);
    else this.#rooms.hear(frame);
    this.emit(frame.type, frame.data ?? {}, frame);
    this.emit("event", frame.data ?? {}, frame);
  }

  /** @param {Message | undefined} message */
  #confirm(message) {
    if (message?.clientId && message.author?.id === this.#userId) this.#sender.confirm(message.clientId);
  }

  /** Only now is it known whose messages these are. @param {string} userId */
  #openOutbox(userId) {
    this.#store ??= this.#options.outbox ?? new Outbox(userId);
    this.#sender.start(this.#store).catch(reportError);
  }
}

/**
 * The rows that a response carries; where it names a message only, that is no row.
 * @param {{message?: Message | string, reply?: Message}} data
 * @returns {Message[]}
 */
const rowsIn = ({ message, reply }) => [message, reply].filter((row) => typeof row === "object");
