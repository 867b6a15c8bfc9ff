/**
 * The chat client of a tab: one connection, requests with answers, rooms that stay current, messages that are sent
 * exactly once. It joins the parts; each part has its own module. It draws nothing.
 */

import { systemClock } from "./clock.js";
import { Emitter } from "./emitter.js";
import { ConnectionError } from "./errors.js";
import { Outbox } from "./outbox.js";
import { OutboxSender } from "./outbox-sender.js";
import { ReconnectingSocket } from "./reconnecting-socket.js";
import { RequestTable } from "./request-table.js";
import { Rooms } from "./rooms.js";
import { fetchTicket } from "./ticket.js";

/** @typedef {import("./types.js").RoomState} RoomState */

const REQUEST_TIMEOUT_MS = 15_000;

/**
 * @typedef {object} ClientOnly
 * @property {string} [url] of the socket; by default `/ws` of the page's own server
 * @property {string | null} [ticketUrl] where a ticket is fetched before each opening; by default
 *   `/api/socket-ticket` of the socket's server; null opens without one
 * @property {string | (() => string)} [csrfToken] by default the cookie, else the page's meta tag
 * @property {Record<string, string>} [headers] of the ticket request
 * @property {string} [userId] whose page this is: unsent messages are then shown before there is a connection
 * @property {import("./outbox.js").OutboxStore} [outbox] by default an `Outbox` in IndexedDB for the user
 * @property {number} [requestTimeoutMs]
 * @property {typeof fetch} [fetch]
 */

/** @typedef {ClientOnly & import("./reconnecting-socket.js").SocketOptions} ClientOptions */

export class Client extends Emitter {
  #options;
  #clock;
  #socket;
  #requests;
  #rooms;
  #sender;
  /** @type {import("./outbox.js").OutboxStore | null} */
  #store = null;
  /** @type {string | undefined} */
  #userId;
  /** @type {ConnectionError | null} */
  #stopped = null;
  #serverOffsetMs = 0;
  /** Who the server says we are. @type {import("./types.js").User | null} */
  user = null;
  /** @type {string | null} */
  connectionId = null;

  /** Nothing happens before `connect()`. @param {ClientOptions} [options] */
  constructor(options = {}) {
    super();
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#userId = options.userId;
    this.#socket = new ReconnectingSocket((context) => this.#address(context.signal), options);
    this.#socket.on("message", (frame) => this.#hear(frame));
    this.#socket.on("open", (welcome) => this.#welcomed(welcome));
    this.#socket.on("close", () => this.#closed());
    this.#socket.on("status", () => this.#tellStatus());
    this.#requests = new RequestTable({
      send: (text) => this.#socket.send(text),
      clock: this.#clock,
      timeoutMs: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    });
    this.#rooms = new Rooms({
      request: (type, payload, more) => this.#requests.start(type, payload, more),
      clock: this.#clock,
      random: options.random,
      onRoom: (slug, state) => this.emit("room", slug, state),
      myId: () => this.#userId,
    });
    this.#sender = new OutboxSender({
      request: (type, payload) => this.#requests.start(type, payload),
      clock: this.#clock,
      random: options.random,
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

  /** Messages that are not answered yet, in all rooms. */
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
   * Asks the server. Rejects with a RequestError; with `DISCONNECTED` at once when there is no connection.
   * @param {string} type
   * @param {object} [payload]
   * @param {{timeout?: number}} [options]
   * @returns {Promise<any>} the answer's data
   */
  async request(type, payload = {}, { timeout } = {}) {
    const onData = (/** @type {any} */ data) => data.message?.room && this.#rooms.place(data.message);
    return this.#requests.start(type, payload, { timeout, onData });
  }

  /**
   * Says something without waiting for an answer, for example `typing`.
   * @param {string} type
   * @param {object} [payload]
   * @returns {boolean} whether it was handed to an open connection
   */
  send(type, payload = {}) {
    return this.#socket.send(JSON.stringify({ type, timestamp: this.#clock.now(), payload }));
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

  /**
   * @param {string} slug
   * @returns {RoomState | undefined}
   */
  room(slug) {
    return this.#rooms.state(slug);
  }

  /**
   * Posts a message: shown at once as pending, kept until the server has answered, sent exactly once.
   * @param {string} room slug
   * @param {string} content
   * @param {{replyTo?: string}} [options]
   * @returns {string} its client id
   */
  post(room, content, options = {}) {
    return this.#sender.post(room, content, options);
  }

  /** Tries a failed message again. @param {string} clientId */
  resend(clientId) {
    return this.#sender.resend(clientId);
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

  /** @param {AbortSignal} signal */
  async #address(signal) {
    const url = new URL(this.#options.url ?? "/ws", globalThis.document?.baseURI);
    url.protocol = url.protocol.replace("http", "ws");
    const { ticketUrl = defaultTicketUrl(url) } = this.#options;
    if (ticketUrl !== null) url.searchParams.set("token", await fetchTicket({ ...this.#options, ticketUrl }, signal));
    return url.href;
  }

  /** @param {{user: import("./types.js").User, connectionId: string, serverTime: number}} welcome */
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

  /** Somebody else has signed in, in another tab: what this page shows and keeps must not go out under their name. */
  #refuseOtherUser() {
    this.#stopped = new ConnectionError("USER_CHANGED", "Somebody else has signed in. Please reload the page.", { fatal: true });
    this.#socket.close();
  }

  #closed() {
    this.connectionId = null;
    this.#rooms.disconnected();
    this.#sender.disconnected();
    this.#requests.clear();
  }

  #tellStatus() {
    this.emit("status", { status: this.status, error: this.error, retryAt: this.retryAt });
  }

  /** @param {import("./types.js").Frame} frame */
  #hear(frame) {
    if (this.#requests.answer(frame)) return;
    this.#confirm(frame.data?.message);
    this.#rooms.hear(frame);
    this.emit(frame.type, frame.data ?? {}, frame);
    this.emit("event", frame.data ?? {}, frame);
  }

  /** @param {import("./types.js").Message | undefined} message */
  #confirm(message) {
    if (message?.clientId && message.author?.id === this.#userId) this.#sender.confirm(message.clientId);
  }

  /** Only now is it known whose messages these are. @param {string} userId */
  #openOutbox(userId) {
    this.#store ??= this.#options.outbox ?? new Outbox(userId);
    this.#sender.start(this.#store).catch(reportError);
  }
}

/** @param {URL} socketUrl */
function defaultTicketUrl(socketUrl) {
  const url = new URL("/api/socket-ticket", socketUrl);
  url.protocol = socketUrl.protocol.replace("ws", "http");
  return url.href;
}
