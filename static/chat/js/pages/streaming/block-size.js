/** How much of a page the blocks of a text would be, before they are made. Pure. */

/** @typedef {import("../markdown/markdown-parser.js").Block} Block */

/** In blocks that are not finished. */
const ELEMENTS_AT_MOST = 20_000;
/**
 * In each other; chat/markdown/formatting.py has the same bound. What walks a deeper page, or lays it out, runs out of
 * stack.
 */
const DEPTH_AT_MOST = 100;

export class TooLarge extends Error {}

/**
 * Throws TooLarge. The end is shown all the same when it is only wide: the server bounds how large it can be.
 * @param {readonly Block[]} blocks
 * @param {boolean} isFinal
 */
export function checkSize(blocks, isFinal) {
  let elements = 0;
  let depth = 0;
  // Level by level: recursion would run out of stack itself.
  for (let level = blocks.map(({ node }) => node); level.length; level = level.flatMap(({ children }) => children)) {
    const here = level.filter(({ tag }) => tag).length;
    elements += here;
    if (here) depth += 1;
  }
  if (depth > DEPTH_AT_MOST || (!isFinal && elements > ELEMENTS_AT_MOST)) throw new TooLarge();
}
