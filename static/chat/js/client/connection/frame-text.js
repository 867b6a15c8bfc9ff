/**
 * Frames as text: reading the server's, and the two that a connection sends on its own.
 */

export const PING = '{"type":"ping"}';
export const PONG = '{"type":"pong"}';

/** Half of a pair as JSON has it, or those letters behind a backslash. */
const PERHAPS_HALF = /\\ud[89a-f]/;
const HALVES = /[\ud800-\udfff]/gu;

/**
 * A text without halves of surrogate pairs. A text field may hold one, and it is no character: JSON with one can't be
 * decoded, an address with one can't be made. It becomes U+FFFD, as in a form that a browser sends.
 * @param {string} text
 */
export const wellFormed = (text) => text.replace(HALVES, "\ufffd");

/** A frame to send: with half of a pair in it, it would never get a response. @param {object} frame */
export function frameText(frame) {
  const text = JSON.stringify(frame);
  return PERHAPS_HALF.test(text)
    ? JSON.stringify(frame, (_, value) => (typeof value === "string" ? wellFormed(value) : value))
    : text;
}

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
 * @returns {import("../state.d.ts").Frame | null} null for what is not a frame: it must not end the page
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
