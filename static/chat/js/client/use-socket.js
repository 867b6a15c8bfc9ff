/**
 * The client as a React hook. React is the caller's own, found by a bundler or by the page. Components with the same
 * address share one client, and with it one connection.
 */

import { useCallback, useEffect, useMemo, useSyncExternalStore } from "react";
import { Client } from "./client.js";

/**
 * @typedef {object} SocketHook
 * @property {"connecting" | "connected" | "disconnected"} status
 * @property {import("./errors.js").ConnectionError | null} error
 * @property {import("./requests.d.ts").SendRequest} send
 * @property {Client} client
 */

/** @typedef {{client: Client, users: number}} Shared */

/** Clients in use, by address. @type {Map<string, Shared>} */
const shared = new Map();

/**
 * @param {string} url of the socket
 * @param {import("./client.js").ClientOptions} [options] read when the first component of that url appears
 * @returns {SocketHook}
 */
export function useSocket(url, options) {
  const held = useMemo(() => hold(url, options), [url]);
  const { client } = held;
  useEffect(() => {
    use(url, held);
    return () => release(url, held);
  }, [url, held]);
  const subscribe = useCallback((/** @type {() => void} */ tell) => client.on("status", tell), [client]);
  const status = useSyncExternalStore(subscribe, () => client.status, () => "disconnected");
  const error = useSyncExternalStore(subscribe, () => client.error, () => null);
  const send = useMemo(() => client.request.bind(client), [client]);
  return { status: /** @type {SocketHook["status"]} */ (status), error, send, client };
}

/**
 * Making a client has no effect outside it, so React may render as often as it likes.
 * @param {string} url
 * @param {import("./client.js").ClientOptions} [options]
 */
function hold(url, options) {
  const held = shared.get(url) ?? { client: new Client({ ...options, url }), users: 0 };
  shared.set(url, held);
  return held;
}

/**
 * @param {string} url
 * @param {Shared} held
 */
function use(url, held) {
  held.users += 1;
  shared.set(url, held);
  held.client.connect();
}

/**
 * @param {string} url
 * @param {Shared} held
 */
function release(url, held) {
  held.users -= 1;
  // Not at once: StrictMode, and a move from one component to the next, release and use again in the same moment.
  setTimeout(() => {
    if (held.users > 0) return;
    if (shared.get(url) === held) shared.delete(url);
    held.client.close();
  }, 0);
}
