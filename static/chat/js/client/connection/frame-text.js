/**
 * Frames as text: reading the server's, and the two that a connection sends by itself.
 */

export const PING = '{"type":"ping"}';
export const PONG = '{"type":"pong"}';

/**
 * Does the server read a frame of this size? A larger one would end the connection.
 * @param {string} text
 * @param {number} bytesAtMost 0: no limit
 */
export function fits(text, bytesAtMost) {
  // A unit of UTF-16 takes three bytes at most: nearly every frame needs no counting.
  if (!bytesAtMost || text.length * 3 <= bytesAtMost) return true;
  return new TextEncoder().encode(text).length <= bytesAtMost;
}

/**
 * @param {unknown} text
 * @returns {import("../types.js").Frame | null} null for what is not a frame: it must not end the page
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
