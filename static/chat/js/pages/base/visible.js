/**
 * Which characters draw something: the same as on the server (accounts/visible.py), and tested against the same table.
 */

const INK =
  /[^\s\0-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\u{13441}\u{13442}\u{16fe4}\u{1bca0}-\u{1bca3}\u{1d159}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}\u{ffffe}\u{fffff}\u{10fffe}\u{10ffff}]/u;

/** Whether anything of a text is drawn. @param {string} text */
export function hasInk(text) {
  return INK.test(text);
}

/**
 * Whether nothing is drawn of a text that says something.
 * @param {string} text
 * @param {Element} element shows it, formatted
 */
export function vanishes(text, element) {
  return hasInk(text) && !hasInk(element.textContent ?? "") && !element.querySelector("hr, pre");
}
