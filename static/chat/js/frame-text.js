/**
 * Frames as text: reading the server's, and the two that a connection sends by itself.
 */

export const PING = '{"type":"ping"}';
export const PONG = '{"type":"pong"}';

/**
 * @param {unknown} text
 * @returns {import("./types.js").Frame | null} null for what is not a frame: it must not end the page
 */
export function readFrame(text) {
  if (typeof text !== "string") return null;
  try {
    const frame = JSON.parse(text);
    return typeof frame?.type === "string" ? frame : null;
  } catch {
    return null;
  }
}
