/**
 * Which key sends what is written, in the composer and wherever a message is edited.
 */

/** Fingers have no Shift+Enter: there, Enter breaks the line and a button sends. */
export const FINGERS = matchMedia("(pointer: coarse)");

/** @param {KeyboardEvent} event */
export function sends({ key, shiftKey, altKey, ctrlKey, metaKey }) {
  if (key !== "Enter" || shiftKey || altKey) return false;
  return ctrlKey || metaKey || !FINGERS.matches;
}
