/**
 * Which part of the loaded messages is in the document: a bounded stretch that follows the reader. Pure.
 */

/** @typedef {{start: number, end: number}} Stretch indices; `end` is the first one after it */

/** Rows in the document at most. Enough for several screens above and below. */
export const ROWS_AT_MOST = 180;
/** With so many a timeline begins at its end: most of a screen. */
export const FIRST_ROWS = 16;
/** The same around a message: a screen above it and one below. */
const ROWS_AROUND = 48;
/** How many come in with one frame: laying out more takes so long that a key pressed meanwhile would have to wait. */
export const STEP = 12;

/**
 * The newest rows.
 * @param {number} count
 * @param {number} [start] from this one on, as far as there is room
 * @returns {Stretch}
 */
export const atEnd = (count, start = count) => ({
  start: Math.max(0, count - ROWS_AT_MOST, Math.min(start, count - FIRST_ROWS)),
  end: count,
});

/** @param {number} count @param {number} index @returns {Stretch} */
export function around(count, index) {
  const start = Math.max(0, Math.min(index - ROWS_AROUND / 2, count - ROWS_AROUND));
  return { start, end: Math.min(count, start + ROWS_AROUND) };
}

/** @param {Stretch} stretch @returns {Stretch} */
export function earlier({ start, end }) {
  const first = Math.max(0, start - STEP);
  return { start: first, end: Math.min(end, first + ROWS_AT_MOST) };
}

/** @param {Stretch} stretch @param {number} count @returns {Stretch} */
export function later({ start, end }, count) {
  const last = Math.min(count, end + STEP);
  return { start: Math.max(start, last - ROWS_AT_MOST), end: last };
}

/**
 * Finds the same stretch again after the list has changed at either end, by the row that the reader sees first.
 * @param {Stretch} stretch
 * @param {{before: number, after: number}} at index of that row in the old list and in the new one, -1 if it is gone
 * @param {{before: number, after: number}} count of the old list and of the new one
 * @returns {Stretch}
 */
export function shifted({ start, end }, at, count) {
  if (at.after < 0) return atEnd(count.after);
  const moved = at.after - at.before;
  // Rows that were added at an end that is in the document come into it, as far as there is room. Those above come with
  // the same drawing: the first row loses its day and name by them, and at the very top nothing else could fill their
  // place, so the reader's words would go up and come back.
  const above = start === 0 ? STEP : 0;
  const first = Math.max(0, start + moved - above);
  const room = end === count.before ? STEP : 0;
  return { start: first, end: Math.min(count.after, first + ROWS_AT_MOST, end + moved + room) };
}
