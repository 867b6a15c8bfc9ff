/**
 * Emphasis in scripts that put no space between words, and beside quotation marks: where CommonMark finds neither an
 * opening marker nor a closing one. The same rule as chat/markdown/flanking.py.
 */

import { isWide, QUOTATION_MARKS } from "./scripts.js";

/** @param {any} State of the parser's inline text */
export const withFlanking = (State) =>
  class extends State {
    /** @param {number} start @param {boolean} canSplitWord */
    scanDelims(start, canSplitWord) {
      const scanned = super.scanDelims(start, canSplitWord);
      const end = start + scanned.length;
      if (this.src[start - 1] === "{" && this.src[end] === "}")
        return { ...scanned, can_open: false, can_close: false }; // x^{*}
      if (!canSplitWord) return scanned; // "_" stands in too many names
      const before = characterBefore(this.src, start);
      const after = end < this.posMax ? String.fromCodePoint(this.src.codePointAt(end)) : " ";
      const isBesideWide = isWide(before) || isWide(after);
      const { isWhiteSpace } = this.md.utils;
      const isBlank = (/** @type {string} */ character) => isWhiteSpace(character.codePointAt(0));
      return {
        ...scanned,
        can_open: scanned.can_open || ((isBesideWide || QUOTATION_MARKS.includes(after)) && !isBlank(after)),
        can_close: scanned.can_close || ((isBesideWide || QUOTATION_MARKS.includes(before)) && !isBlank(before)),
      };
    }
  };

/** @param {string} text @param {number} at */
function characterBefore(text, at) {
  if (at === 0) return " ";
  const isPair = /[\udc00-\udfff]/.test(text[at - 1]) && at > 1;
  return String.fromCodePoint(/** @type {number} */ (text.codePointAt(isPair ? at - 2 : at - 1)));
}
