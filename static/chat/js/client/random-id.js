/**
 * Random names for requests, messages and tabs. Not `crypto.randomUUID`, which is missing on plain-http addresses of a
 * local network.
 */

const BYTES = 16;

/** @returns {string} 32 hexadecimal digits */
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
