/**
 * A WebSocket that comes back. It keeps one connection open, responds to the server's heartbeat, notices silence, and
 * follows the protocol's closing rules. It knows nothing of rooms, requests or messages.
 */

import { Backoff } from "./backoff.js";
import { systemClock } from "../clock.js";
import { closingCode, closingError, closingRule, isRefusal } from "./close-codes.js";
import { Emitter } from "../emitter.js";
import { ConnectionError } from "../errors.js";
import { fits, PING, PONG, readFrame } from "./frame-text.js";
import { PageSignals } from "./page-signals.js";
import { move, STATUS } from "./socket-phase.js";
import { Watchdog } from "./watchdog.js";

/** From the start of an opening to the server's welcome. */
const CONNECT_TIMEOUT_MS = 10_000;
/** A connection that lived this long after its welcome has proven itself: the back-off starts again from 1 s. */
const PROVEN_MS = 5_000;
/** What a slow network may add to the server's heartbeat before silence means death. */
const WATCHDOG_SLACK_MS = 5_000;
const DEFAULT_HEARTBEAT = { interval: 30_000, timeout: 10_000 };
const INTENTIONAL = 1000;
/**
 * Frames that may be refused in a row before it stays away: what is refused after that is sent without being asked for.
 */
const REFUSALS_OUTLIVED = 3;
const LOST = 1006;
const GAVE_UP = "GAVE_UP";

/**
 * @typedef {object} SocketOptions
 * @property {number} [maxAttempts] openings in a row that may fail before it gives up; endless by default
 * @property {number} [connectTimeoutMs]
 * @property {number} [provenMs]
 * @property {number} [watchdogSlackMs]
 * @property {number} [backoffBaseMs]
 * @property {number} [backoffCapMs]
 * @property {(url: string) => WebSocket} [socketFactory]
 * @property {import("../clock.js").Clock} [clock]
 * @property {() => number} [random]
 * @property {boolean} [outlivesRefusal] it comes back after a refused frame (1003, 1007, 1009): for an owner that never
 *   sends that
 *   frame again
 */

export class ReconnectingSocket extends Emitter {
  #url;
  #options;
  #clock;
  #backoff;
  #watchdog;
  #signals;
  /** @type {import("./socket-phase.js").Phase} */
  #phase = "away";
  /** @type {ConnectionError | null} */
  #error = null;
  /** @type {number | null} */
  #retryAt = null;
  /** The server asked us to wait: coming back to the tab does not overrule that. */
  #told = false;
  /** @type {{socket: WebSocket | null, abort: AbortController} | null} */
  #attempt = null;
  #failures = 0;
  #hasProven = false;
  /** @type {number | null} */
  #reconnectAfter = null;
  #positionLostBefore = false;
  #refusals = 0;
  /** The largest frame that the server reads; 0: any. */
  #frameBytes = 0;
  /** One timer is enough: the connect time-out, the proof or the retry, by phase. @type {any} */
  #timer = null;

  /**
   * @param {string | ((context: {signal: AbortSignal}) => string | Promise<string>)} url asked again before each
   *   opening; a ConnectionError thrown there may be `fatal` or carry `retryAfter`
   * @param {SocketOptions} [options]
   */
  constructor(url, options = {}) {
    super();
    this.#url = url;
    this.#options = {
      maxAttempts: Infinity,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      provenMs: PROVEN_MS,
      watchdogSlackMs: WATCHDOG_SLACK_MS,
      socketFactory: (/** @type {string} */ address) => new WebSocket(address),
      ...options,
    };
    this.#clock = options.clock ?? systemClock;
    this.#backoff = new Backoff({
      baseMs: options.backoffBaseMs, capMs: options.backoffCapMs, random: options.random,
    });
    this.#watchdog = new Watchdog({
      clock: this.#clock,
      onProbe: () => this.send(PING),
      onDead: () => this.#ended(LOST, "silent", new ConnectionError("TIMEOUT", "The server has gone silent.")),
    });
    this.#signals = new PageSignals({ onBack: () => this.#pageIsBack(), onDoubt: () => this.#watchdog.probe() });
  }

  get status() {
    return STATUS[this.#phase];
  }

  /** Why there is no connection, or null. */
  get error() {
    return this.#error;
  }

  /** When the next opening starts, in milliseconds since the epoch, or null. */
  get retryAt() {
    return this.#retryAt;
  }

  /** Opens, and stays open until `close()`. */
  connect() {
    if (this.#phase !== "away") return;
    this.#signals.start();
    this.#startAfresh();
  }

  /** Closes for good: nothing reconnects until `connect()` or `reconnectNow()`. */
  close() {
    this.#signals.stop();
    if (this.#phase === "away") return;
    const was = this.#phase;
    this.#drop(INTENTIONAL);
    this.#enter("away", null);
    if (was !== "waiting") this.emit("close", { code: INTENTIONAL, reason: "", willReconnect: false });
    this.#tell();
  }

  /** Does not wait any longer. On an open connection it asks the server for a sign of life. */
  reconnectNow() {
    this.#signals.start();
    if (this.#phase === "open") this.#watchdog.probe();
    else if (this.#phase !== "opening") this.#startAfresh();
  }

  /** Does the server read a frame of this size, as far as its welcome says? @param {string} text */
  fits(text) {
    return fits(text, this.#frameBytes);
  }

  /**
   * @param {string} text one frame
   * @returns {boolean} whether it was handed to an open connection: never one that is too large, which would end it
   */
  send(text) {
    const socket = this.#attempt?.socket;
    if (this.#phase !== "open" || socket?.readyState !== WebSocket.OPEN || !this.fits(text)) return false;
    socket.send(text);
    return true;
  }

  #startAfresh() {
    this.#backoff.reset();
    this.#failures = 0;
    this.#open();
  }

  #open() {
    this.#clock.clearTimeout(this.#timer);
    this.#enter("opening", this.#error);
    this.#hasProven = false;
    const attempt = (this.#attempt = { socket: /** @type {WebSocket | null} */ (null), abort: new AbortController() });
    this.#timer = this.#clock.setTimeout(
      () =>
        this.#ended(LOST, "connect time-out", new ConnectionError("TIMEOUT", "The server did not respond in time.")),
      this.#options.connectTimeoutMs,
    );
    this.#tell();
    this.#address(attempt.abort.signal).then(
      (url) => attempt === this.#attempt && this.#dial(attempt, url),
      (error) => attempt === this.#attempt && this.#ended(LOST, "no address", asConnectionError(error)),
    );
  }

  /** @param {AbortSignal} signal */
  async #address(signal) {
    return typeof this.#url === "function" ? this.#url({ signal }) : this.#url;
  }

  /**
   * @param {{socket: WebSocket | null}} attempt
   * @param {string} url
   */
  #dial(attempt, url) {
    let socket;
    try {
      socket = this.#options.socketFactory(url);
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : "The address cannot be opened.";
      return this.#ended(LOST, "bad address", new ConnectionError("BAD_ADDRESS", message, { fatal: true }));
    }
    attempt.socket = socket;
    socket.onmessage = (event) => this.#hear(event.data);
    socket.onclose = (event) => {
      const code = closingCode(event.code, { draining: this.#reconnectAfter !== null });
      this.#ended(code, event.reason, this.#closingError(code, event.reason));
    };
  }

  /** @param {number} code @param {string} reason */
  #closingError(code, reason) {
    const outlived = this.#options.outlivesRefusal && isRefusal(code) && (this.#refusals += 1) <= REFUSALS_OUTLIVED;
    return closingError(code, reason, outlived);
  }

  /** @param {unknown} text */
  #hear(text) {
    this.#watchdog.heard();
    const frame = readFrame(text);
    if (!frame) return;
    if (frame.type === "welcome") this.#welcomed(frame.data ?? {});
    else if (frame.type === "ping") this.send(PONG);
    else if (frame.type === "server_draining") this.#reconnectAfter = frame.data?.reconnectAfter ?? null;
    this.emit("message", frame);
  }

  /** @param {{heartbeat?: {interval: number, timeout: number}, limits?: {frameBytes: number}}} welcome */
  #welcomed(welcome) {
    if (this.#phase !== "opening") return;
    const { interval, timeout } = welcome.heartbeat ?? DEFAULT_HEARTBEAT;
    this.#frameBytes = welcome.limits?.frameBytes ?? 0;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => this.#proven(), this.#options.provenMs);
    this.#watchdog.start(interval + timeout + this.#options.watchdogSlackMs);
    this.#enter("open", null);
    this.emit("open", welcome);
    this.#tell();
  }

  #proven() {
    this.#hasProven = true;
    this.#backoff.reset();
    this.#failures = 0;
    this.#positionLostBefore = false;
    this.#refusals = 0;
  }

  /**
   * @param {number} code
   * @param {string} reason
   * @param {ConnectionError} error
   */
  #ended(code, reason, error) {
    const wait = this.#waitAfter(code, error);
    this.#drop();
    if (wait !== null) this.#waitToOpen(wait, error);
    else this.#enter("away", error.fatal ? error : gaveUp());
    this.emit("close", { code, reason, willReconnect: wait !== null });
    this.#tell();
  }

  /**
   * @param {number} code
   * @param {ConnectionError} error
   * @returns {number | null} milliseconds, or null to stay away
   */
  #waitAfter(code, error) {
    const rule = closingRule(code);
    // Safari reports 1012 as 1006, and Daphne cannot send it: what the server told counts, whatever ends the connection
    // then.
    const told = error.retryAfter ?? (rule === "now" ? null : this.#reconnectAfter);
    this.#told = told !== null;
    this.#reconnectAfter = null;
    if (error.fatal) return null;
    // A server that loses every position at once must not be hammered: "at once" is for the first time only.
    if (rule === "now" && !this.#positionLostBefore) {
      this.#positionLostBefore = true;
      return 0;
    }
    // Without a network no opening can succeed, and that is not the server's fault: it does not count.
    if (!this.#hasProven && navigator.onLine !== false) this.#failures += 1;
    if (this.#failures >= this.#options.maxAttempts) return null;
    const jitter = this.#backoff.next();
    return told === null ? jitter : told + (error.retryAfter === undefined ? 0 : jitter);
  }

  /**
   * @param {number} wait
   * @param {ConnectionError} error
   */
  #waitToOpen(wait, error) {
    this.#enter("waiting", error);
    this.#retryAt = this.#clock.now() + wait;
    this.#timer = this.#clock.setTimeout(() => this.#open(), wait);
  }

  #pageIsBack() {
    if (this.#phase === "open") this.#watchdog.probe();
    else if (this.#phase === "waiting" && !this.#told) this.#startAfresh();
    else if (this.#error?.code === GAVE_UP && this.#phase === "away") this.#startAfresh();
  }

  /**
   * Forgets the connection at once: a half-open socket tells of its end only minutes later.
   * @param {number} [code]
   */
  #drop(code) {
    this.#clock.clearTimeout(this.#timer);
    this.#watchdog.stop();
    const attempt = this.#attempt;
    this.#attempt = null;
    attempt?.abort.abort();
    if (!attempt?.socket) return;
    attempt.socket.onmessage = attempt.socket.onclose = null;
    attempt.socket.close(code);
  }

  /**
   * @param {import("./socket-phase.js").Phase} phase
   * @param {ConnectionError | null} error
   */
  #enter(phase, error) {
    this.#phase = move(this.#phase, phase);
    this.#error = error;
    this.#retryAt = null;
  }

  #tell() {
    this.emit("status", { status: this.status, error: this.#error, retryAt: this.#retryAt });
  }
}

function gaveUp() {
  return new ConnectionError(GAVE_UP, "The server cannot be reached.", { fatal: true });
}

/** @param {unknown} error */
function asConnectionError(error) {
  if (error instanceof ConnectionError) return error;
  return new ConnectionError("UNREACHABLE", error instanceof Error ? error.message : "The server cannot be reached.");
}
