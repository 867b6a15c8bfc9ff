/**
 * Fetches the single-use ticket that opens a socket. A page cannot see why a socket was refused; the response to this
 * request tells it: signed out, too many connections, or draining.
 */

import { ConnectionError } from "../errors.js";

/**
 * @typedef {object} TicketOptions
 * @property {string} ticketUrl
 * @property {string | (() => string)} [csrfToken] by default the cookie, else the page's meta tag
 * @property {Record<string, string>} [headers] for example an Authorization header of a program
 * @property {typeof fetch} [fetch]
 */

/**
 * @param {TicketOptions} options
 * @param {AbortSignal} [signal]
 * @returns {Promise<string>}
 */
export async function fetchTicket({ ticketUrl, csrfToken = pageCsrfToken, headers, fetch: ask = fetch }, signal) {
  const token = typeof csrfToken === "function" ? csrfToken() : csrfToken;
  const response = await ask(ticketUrl, {
    method: "POST",
    credentials: "include",
    headers: { Accept: "application/json", ...(token && { "X-CSRFToken": token }), ...headers },
    signal,
  });
  const body = await response.json().catch(() => ({}));
  if (response.ok && typeof body.ticket === "string") return body.ticket;
  throw refusal(response, body.error);
}

/**
 * @param {Response} response
 * @param {{code?: string, message?: string, retryAfter?: number} | undefined} error
 */
function refusal(response, error) {
  const { status } = response;
  if (status === 401) return new ConnectionError("UNAUTHORIZED", "You are signed out.", { fatal: true });
  if (status === 403) {
    return new ConnectionError("FORBIDDEN", error?.message ?? "This page may not connect. Please reload it.", {
      fatal: true,
    });
  }
  const code = status === 429 ? "RATE_LIMITED" : "UNAVAILABLE";
  const message = error?.message ?? `The server cannot take connections now (${status}).`;
  return new ConnectionError(code, message, { retryAfter: error?.retryAfter ?? retryAfterHeader(response) });
}

const MS_PER_SECOND = 1_000;

/** @param {Response} response */
function retryAfterHeader(response) {
  const seconds = Number.parseFloat(response.headers.get("Retry-After") ?? "");
  return Number.isFinite(seconds) ? seconds * MS_PER_SECOND : undefined;
}

/** The cookie first: it changes at sign-in, and the tag of a page that is open in another tab does not. */
export function pageCsrfToken() {
  if (typeof document === "undefined") return "";
  const cookie = /(?:^|;\s*)(?:__Host-)?csrftoken=([^;]+)/.exec(document.cookie);
  return cookie?.[1] ?? document.querySelector('meta[name="csrf-token"]')?.getAttribute("content") ?? "";
}
