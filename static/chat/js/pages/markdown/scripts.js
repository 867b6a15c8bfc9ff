/** Scripts that put no space between words. The server has the same tables (chat/markdown/scripts.py). Pure. */

/** With what is attached to a word in Korean: a link or a marked word ends where one of these begins. */
export const UNSPACED = [
  [0x0e00, 0x0fff], // Thai, Lao, Tibetan
  [0x1000, 0x109f], // Myanmar
  [0x1100, 0x11ff], // Hangul
  [0x1780, 0x17ff], // Khmer
  [0x2e80, 0xa4cf], // CJK punctuation, kana, Bopomofo, Hangul, Han, Yi
  [0xa960, 0xa97f], // Hangul
  [0xac00, 0xd7ff], // Hangul
  [0xf900, 0xfaff], // Han
  [0xff66, 0xffdc], // narrow kana and Hangul
  [0x1aff0, 0x1b2ff], // kana, Tangut
  [0x20000, 0x3ffff], // Han
];
/** Signs as wide as those, which stand beside them. */
export const WIDE_SIGNS = [[0xfe10, 0xfe1f], [0xfe30, 0xfe6f], [0xff00, 0xff65], [0xffe0, 0xffef]];
/** In one language they stand where a word begins, in another where it ends. */
export const QUOTATION_MARKS = "“”„‟‘’‚‛«»‹›";

/** Ranges as they stand between the brackets of a pattern. @param {number[][]} ranges */
export const setOf = (ranges) =>
  ranges.map(([first, last]) => `\\u{${first.toString(16)}}-\\u{${last.toString(16)}}`).join("");

/** @param {number[][]} ranges @param {string} character */
const isIn = (ranges, character) => {
  const code = character.codePointAt(0) ?? 0;
  return ranges.some(([first, last]) => first <= code && code <= last);
};

/** @param {string} character */
export const isUnspaced = (character) => isIn(UNSPACED, character);

/** Whether this is a character of such a script, or a sign beside them. @param {string} character */
export const isWide = (character) => isUnspaced(character) || isIn(WIDE_SIGNS, character);

/** Whether this is punctuation or a symbol. @param {string} character */
export const isSign = (character) => /^[\p{P}\p{S}]$/u.test(character);
