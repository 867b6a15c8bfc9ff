/**
 * A password change gives this browser a new session and ends the sockets of the old one: in the other tabs, too,
 * though no one signed out. So a page that was told that it is signed out looks once whether it may connect after all.
 */

const SIGNED_OUT_CODE = 4100;
/** The socket ends before the response with the new cookie has arrived. */
const LOOK_AFTER_MS = 1_500;
/** A server that closes again and again must not be asked again and again. */
const NOT_AGAIN_WITHIN_MS = 30_000;

/** @param {import("../../client/client.js").Client} client */
export function connectWithNewSession(client) {
  let lookedAt = -Infinity;
  client.on("status", ({ error }) => {
    if (error?.closeCode !== SIGNED_OUT_CODE || Date.now() - lookedAt < NOT_AGAIN_WITHIN_MS) return;
    lookedAt = Date.now();
    setTimeout(() => client.reconnectNow(), LOOK_AFTER_MS);
  });
}
