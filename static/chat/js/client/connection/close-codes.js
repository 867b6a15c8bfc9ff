/**
 * What a client does after each close code: the protocol's Closing table as a function. It decides, it does
 * not act.
 */

import { ConnectionError } from "../errors.js";

/**
 * @typedef {"stay" | "now" | "jitter"} Closing
 * stay: do not come back. now: at once. jitter: after the time that the server gave before, else a random wait up to
 * the back-off.
 */

/** What ends a connection for a frame of ours; Daphne can only say 1000. */
const REFUSALS = new Set([1000, 1003, 1007, 1009]);
const LOST = 1006;
const RESTART = 1012;
const POSITION_LOST = 4003;

/**
 * The code that the server gave. WebKit says 1006 in place of 1012: after `server_draining` that is the restart.
 * @param {number} code
 * @param {{draining: boolean}} facts
 */
export const closingCode = (code, { draining }) => (code === LOST && draining ? RESTART : code);

/**
 * @param {number} code
 * @returns {Closing}
 */
export function closingRule(code) {
  if (isRefusal(code) || (code >= 4100 && code <= 4199)) return "stay";
  return code === POSITION_LOST ? "now" : "jitter";
}

/** Did a frame of ours end the connection? The same frame would end the next one, too. @param {number} code */
export const isRefusal = (code) => REFUSALS.has(code);

/** @type {Record<number, [code: string, message: string]>} */
const MEANING = {
  1000: ["CLOSED", "The server has ended the connection."],
  1003: ["PROTOCOL", "The server refused a frame of this page."],
  1007: ["PROTOCOL", "The server refused a frame of this page."],
  1009: ["PROTOCOL", "A frame of this page was too large."],
  1012: ["RESTARTING", "The server is restarting."],
  4000: ["TIMEOUT", "The connection did not respond in time."],
  4001: ["TOO_SLOW", "The connection was too slow to keep up."],
  4002: ["RATE_LIMITED", "Too much was sent in a short time."],
  4003: ["POSITION_LOST", "The connection has to start again."],
  4100: ["UNAUTHORIZED", "You are signed out."],
  4101: ["DEACTIVATED", "This account is not active."],
  4102: ["BANNED", "This account is banned."],
};

/**
 * @param {number} code
 * @param {string} reason
 * @param {boolean} [outlived] the frame is not sent again, so the connection may come back
 * @returns {ConnectionError}
 */
export function closingError(code, reason, outlived = false) {
  const fatal = closingRule(code) === "stay" && !outlived;
  const other = fatal ? ["UNAUTHORIZED", "Access has ended."] : ["CONNECTION_LOST", "The connection was lost."];
  const [name, message] = MEANING[code] ?? other;
  return new ConnectionError(name, reason && fatal ? `${message} (${reason})` : message, { fatal, closeCode: code });
}
