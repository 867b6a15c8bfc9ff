/**
 * Where one block that goes on and on may be parted while it is being written, so that what was written first need not
 * be read and laid out again for every word. For the eye only: the caller shows the whole one in the end. Pure.
 */

import { isInCode, isTable, shownTail } from "./markdown-tail.js";

/** A part has at most so many characters: reading them takes a few milliseconds. */
export const PART_CHARS = 6_000;
/** So much at the end of a block is in no part yet: it may be in an emphasis or a link that is not complete. */
const LIVE_END_CHARS = 1_000;
/** How many places are tried for one where no marker is open. */
const TRIES = 20;
/** The next line of a paragraph or a quotation, and not what would make another block of the words before it. */
const LINES = /\n(?=[\p{L}"'(]|> )/gu;
/** Each item of a list has a box of its own anyway: to lay out one more is cheap, to make the whole again is not. */
const LIST = /^(?:[-*+]|\d{1,9}[.)])\s/;
const WORDS = / (?=\p{L})/gu;

/** @param {string} text from the beginning of a block */
export const isLong = (text) => text.length >= PART_CHARS + LIVE_END_CHARS;

/**
 * @param {string} text of a block that is long
 * @returns {number} how much of it is a part of its own; 0 when there is no place to part it. What is added does not
 *   matter.
 */
export function partOf(text) {
  if (isTable(text) || LIST.test(text)) return 0;
  const from = PART_CHARS / 2;
  const window = text.slice(from, PART_CHARS);
  let fallback = 0;
  for (const places of [LINES, WORDS]) {
    const ends = [...window.matchAll(places)].map(({ index }) => from + index + 1).reverse().slice(0, TRIES);
    const whole = ends.find((end) => isWhole(text.slice(0, end)));
    if (whole) return whole;
    fallback ||= ends.find((end) => !isInCode(text.slice(0, end))) ?? 0;
  }
  return fallback;
}

/** Is nothing open at its end? @param {string} part */
const isWhole = (part) => !isInCode(part) && shownTail(part) === part;
