/**
 * How long a text is for the server, which counts code points.
 */

/** @param {string} text */
export const lengthOf = (text) => [...text].length;

/**
 * Is a text longer than the server takes?
 * @param {string} text
 * @param {number} [limit] 0: there is none
 */
export function isLongerThan(text, limit = 0) {
  // Units of UTF-16 first: counting the code points of a long text with every key would be slow.
  return limit > 0 && text.length > limit && lengthOf(text) > limit;
}
