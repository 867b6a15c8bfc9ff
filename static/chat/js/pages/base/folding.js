/**
 * The one form in which names are compared: the same as on the server (accounts/folding.py, `search_form` in
 * accounts/names.py), and tested against the same table. Pure.
 */

/** Accents, Hebrew points and Arabic vowel signs, by their combining classes, which a pattern cannot name. */
const ACCENTS =
  /[\u0300-\u0333\u0339-\u034e\u0350-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0730-\u074a\u07eb-\u07f3\u07fd\u0816-\u0819\u081b-\u0823\u0825-\u0827\u0829-\u082d\u0859-\u085b\u0898-\u089f\u08ca-\u08e1\u08e3-\u08ff\u0951-\u0954\u09fe\u0f18\u0f19\u0f35\u0f37\u0f39\u0f82\u0f83\u0f86\u0f87\u0fc6\u108d\u135d-\u135f\u17dd\u18a9\u1939-\u193b\u1a17\u1a18\u1a75-\u1a7c\u1a7f\u1ab0-\u1abd\u1abf-\u1ace\u1b6b-\u1b73\u1cd0-\u1cd2\u1cd5-\u1ce0\u1ced\u1cf4\u1cf8\u1cf9\u1dc0-\u1dff\u20d0\u20d1\u20d4-\u20d7\u20db\u20dc\u20e1\u20e7-\u20e9\u20ec-\u20f0\u2cef-\u2cf1\u2de0-\u2dff\u302a-\u302f\ua66f\ua674-\ua67d\ua69e\ua69f\ua6f0\ua6f1\ua8e0-\ua8f1\ua92b-\ua92d\uaab0\uaab2-\uaab4\uaab7\uaab8\uaabe\uaabf\uaac1\ufb1e\ufe20-\ufe2f\u{101fd}\u{102e0}\u{10376}-\u{1037a}\u{10a0d}\u{10a0f}\u{10a38}\u{10a3a}\u{10ae5}\u{10ae6}\u{10d24}-\u{10d27}\u{10eab}\u{10eac}\u{10f46}-\u{10f50}\u{10f82}-\u{10f85}\u{11100}-\u{11102}\u{11366}-\u{1136c}\u{11370}-\u{11374}\u{1145e}\u{16b30}-\u{16b36}\u{1d165}\u{1d166}\u{1d16d}-\u{1d172}\u{1d17b}-\u{1d182}\u{1d185}-\u{1d18b}\u{1d1aa}-\u{1d1ad}\u{1d242}-\u{1d244}\u{1e000}-\u{1e006}\u{1e008}-\u{1e018}\u{1e01b}-\u{1e021}\u{1e023}\u{1e024}\u{1e026}-\u{1e02a}\u{1e130}-\u{1e136}\u{1e2ae}\u{1e2ec}-\u{1e2ef}\u{1e8d0}-\u{1e8d6}\u{1e944}-\u{1e949}]/gu;
/** Invisible signs, but tags; the colours of hands, and forms of signs. */
const INVISIBLE =
  /(?![\u{e0020}-\u{e007f}])[\p{Cf}\u0640\u180b-\u180d\ufe00-\ufe0f\u{e0100}-\u{e01ef}\u{1f3fb}-\u{1f3ff}]/gu;
/** Letters with a stroke and the like, which have no decomposition. @type {Record<string, string>} */
const PLAIN_LETTERS = { ı: "i", ł: "l", ø: "o", đ: "d", ħ: "h", ŧ: "t", æ: "ae", œ: "oe", ς: "σ" };
const TO_PLAIN = /[ıłøđħŧæœς]/g;
const DIGIT = /\p{Nd}/u;
/** What parts words in names: dashes, low lines, quotation marks, dots and slashes. */
const SEPARATORS = /[\s\p{Pc}\p{Pd}\p{Pf}\p{Pi}./'"]+/gu;
const LONGEST = 255;

/** @param {string} text */
function folded(text) {
  const plain = without(text.normalize("NFKD")).replace(/[^\0-\x7f]/gu, foldedLetter).toLowerCase();
  return plain.replace(TO_PLAIN, (letter) => PLAIN_LETTERS[letter]).normalize("NFC");
}

/** @param {string} decomposed */
const without = (decomposed) => decomposed.replace(ACCENTS, "").replace(INVISIBLE, "");

/** @param {string} letter */
function foldedLetter(letter) {
  if (DIGIT.test(letter)) return valueOf(letter);
  return without(letter.toUpperCase().toLowerCase().normalize("NFKD"));
}

/** Digits of a script stand in rows of ten. @param {string} digit */
function valueOf(digit) {
  const code = /** @type {number} */ (digit.codePointAt(0));
  let zero = code;
  while (DIGIT.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String((code - zero) % 10);
}

/** Names as they are looked for, without what separates their words. @param {...string} names */
export function searchForm(...names) {
  return [...folded(names.join(" ")).replace(SEPARATORS, " ").trim()].slice(0, LONGEST).join("");
}
