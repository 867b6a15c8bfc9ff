/**
 * How well a name fits what was typed. Pure.
 */

import { searchForm } from "./folding.js";

/** Lower is better. */
export const RANK = { exact: 0, start: 1, word: 2, inside: 3, found: 3.5, letters: 4, none: Infinity };

const NOT_IN_WORDS = /[^\p{L}\p{N}\p{M}]+/u;
const SPACES = /\s+/u;

/** @param {string} text @param {RegExp} gap */
const wordsOf = (text, gap) => text.split(gap).filter(Boolean);

/**
 * The name itself, its beginning, the beginnings of words in it, a part of it, or an abbreviation of it.
 * @param {string} name @param {string} query
 */
export function rank(name, query) {
  const whole = searchForm(name);
  const wanted = searchForm(query).replace(/^[@#](?=.)/u, "");
  if (!wanted) return RANK.exact;
  if (whole === wanted) return RANK.exact;
  if (whole.startsWith(wanted)) return RANK.start;
  const words = wordsOf(whole, NOT_IN_WORDS);
  const beginnings = [...words, ...wordsOf(whole, SPACES)];
  if (wordsOf(wanted, SPACES).every((part) => beginnings.some((word) => word.startsWith(part)))) return RANK.word;
  if (whole.includes(wanted)) return RANK.inside;
  return words.some((_, at) => abbreviates(wanted, words.slice(at))) ? RANK.letters : RANK.none;
}

/** @param {readonly (string | undefined)[]} names @param {string} query the best of them */
export const bestRank = (names, query) => Math.min(...names.map((name) => (name ? rank(name, query) : RANK.none)));

/**
 * Whether the letters are the first and perhaps further ones of each word, until they are used up. No word may be left
 * out: any few letters would else be found in any long name.
 * @param {string} letters @param {string[]} words
 */
function abbreviates(letters, words) {
  let starts = new Set([0]); // how many letters may be used up by now
  for (const word of words) {
    /** @type {Set<number>} */
    const ends = new Set();
    for (const start of starts)
      if (word[0] === letters[start])
        for (let end = start + 1; end <= furthest(letters, start, word); end += 1) ends.add(end);
    if (ends.has(letters.length)) return true;
    starts = ends;
  }
  return false;
}

/**
 * How many letters are used up after a word that has some of them in their order.
 * @param {string} letters
 * @param {number} start
 * @param {string} word
 */
function furthest(letters, start, word) {
  let used = start;
  for (const letter of word) if (used < letters.length && letter === letters[used]) used += 1;
  return used;
}
