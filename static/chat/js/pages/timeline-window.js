/**
 * Which part of the loaded messages is in the document: a bounded stretch that follows the reader. Pure.
 */

/** @typedef {{start: number, end: number}} Stretch indices; `end` is the first one after it */

/** Rows in the document at most. Enough for several screens above and below. */
export const ROWS_AT_MOST = 180;
/** How many come in at once at an end. */
export const STEP = 60;

/** The newest rows. @param {number} count @returns {Stretch} */
export const atEnd = (count) => ({ start: Math.max(0, count - ROWS_AT_MOST), end: count });

/** @param {number} count @param {number} index @returns {Stretch} */
export function around(count, index) {
  const start = Math.max(0, Math.min(index - ROWS_AT_MOST / 2, count - ROWS_AT_MOST));
  return { start, end: Math.min(count, start + ROWS_AT_MOST) };
}

/** @param {Stretch} stretch @param {number} count @returns {Stretch} */
export function earlier({ start }, count) {
  const first = Math.max(0, start - STEP);
  return { start: first, end: Math.min(count, first + ROWS_AT_MOST) };
}

/** @param {Stretch} stretch @param {number} count @returns {Stretch} */
export function later({ end }, count) {
  const last = Math.min(count, end + STEP);
  return { start: Math.max(0, last - ROWS_AT_MOST), end: last };
}

/**
 * Finds the same stretch again after the list has changed at either end, by the row that the reader sees first.
 * @param {Stretch} stretch
 * @param {number} before index of that row in the old list
 * @param {number} after index of it in the new list, -1 if it is gone
 * @param {number} count of the new list
 * @returns {Stretch}
 */
export function shifted({ start, end }, before, after, count) {
  if (after < 0) return atEnd(count);
  const first = Math.max(0, start + after - before);
  // Rows that were added at an end that is in the document come into it, as far as there is room.
  return { start: first, end: Math.min(count, Math.max(end + after - before, first + ROWS_AT_MOST)) };
}
