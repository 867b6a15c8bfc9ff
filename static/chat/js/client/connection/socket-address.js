/**
 * Where the socket is opened: its address, with a ticket fetched for this one opening.
 */

import { fetchTicket } from "./ticket.js";

/**
 * @typedef {object} AddressOptions
 * @property {string} [url] of the socket; by default `/ws` of the page's own server
 * @property {string | null} [ticketUrl] where a ticket is fetched before each opening; by default
 *   `/api/socket-ticket` of the socket's server; null opens without one
 * @property {string | (() => string)} [csrfToken] by default the cookie, else the page's meta tag
 * @property {Record<string, string>} [headers] of the ticket request
 * @property {typeof fetch} [fetch]
 */

/**
 * @param {AddressOptions} options
 * @param {AbortSignal} signal
 * @returns {Promise<string>}
 */
export async function socketAddress(options, signal) {
  const url = new URL(options.url ?? "/ws", globalThis.document?.baseURI);
  url.protocol = url.protocol.replace("http", "ws");
  const { ticketUrl = defaultTicketUrl(url) } = options;
  if (ticketUrl !== null) url.searchParams.set("token", await fetchTicket({ ...options, ticketUrl }, signal));
  return url.href;
}

/** @param {URL} socketUrl */
function defaultTicketUrl(socketUrl) {
  const url = new URL("/api/socket-ticket", socketUrl);
  url.protocol = socketUrl.protocol.replace("ws", "http");
  return url.href;
}
