/**
 * Bare addresses: where one ends. The same rule as chat/markdown/addresses.py: before what follows it in scripts
 * without spaces, before closing quotation marks, and before the marker that closes an emphasis around it.
 */

import { isSign, isUnspaced, isWide, QUOTATION_MARKS } from "./scripts.js";

/** They end an address wherever they stand in it. */
const ENDS = `${QUOTATION_MARKS}…—―`;
/** They stand within titles, and so within addresses. */
const WITHIN_WORDS = "・･";
/** At its end: signs of any script, emoji with what belongs to them, what is not seen. */
const TRAILING = /^[\p{P}\p{So}\p{Sk}\p{Cf}\ufe0f\u20e3]$/u;
const EMOJI = /^\p{So}$/u;
const HOST = /^[a-z]+:(?:\/\/)?[^/?#]*/i;
const SCHEME = /(?:^|[^a-z0-9.+-])(https?)$/i;
const SCHEME_CHARS = 6;
const HOST_CHARS = 300;
const MARKERS = ["*", "_", "~"];

/** @param {string} character */
const isAscii = (character) => character <= "\u007f";

/** Makes the parser find addresses that say that they are some. @param {any} parser markdown-it */
export function findAddresses(parser) {
  const { linkify } = parser;
  linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false }).add("ftp:", null).add("//", null);
  const matchAtStart = linkify.matchAtStart.bind(linkify);
  const match = linkify.match.bind(linkify);
  linkify.matchAtStart = (/** @type {string} */ text) => {
    let found = matchAtStart(text) ?? matchAtStart(text.slice(0, widePlace(text)));
    for (let end = 0; found && (end = endOf(found.raw)) < found.raw.length;)
      found = matchAtStart(found.raw.slice(0, end));
    return found;
  };
  // Each is looked at again on its own, so that both ways find the same.
  linkify.match = (/** @type {string} */ text) => {
    const matches = (match(text) ?? []).flatMap((/** @type {any} */ found) => {
      const own = linkify.matchAtStart(found.raw);
      return own ? [Object.assign(own, { index: found.index, lastIndex: found.index + own.raw.length })] : [];
    });
    return matches.length ? matches : null;
  };
  parser.inline.ruler.at("linkify", linkAddress);
}

/** Behind a port, the library finds no end there. @param {string} text */
const widePlace = (text) => placeOf(text.slice(0, HOST_CHARS), isWide, 0);

/** @param {string} text @param {(character: string) => boolean} test @param {number} none */
function placeOf(text, test, none) {
  let at = 0;
  for (const character of text) {
    if (test(character)) return at;
    at += character.length;
  }
  return none;
}

/** @param {string} address that the library has found @returns {number} */
function endOf(address) {
  const first = placeOf(address, isEnd, address.length);
  const kept = [...address.slice(0, Math.min(first, endOfHost(address)))];
  while (kept.length && !isAscii(kept[kept.length - 1]) && TRAILING.test(kept[kept.length - 1])) kept.pop();
  return kept.join("").length;
}

/** @param {string} character */
const isEnd = (character) =>
  !isAscii(character) &&
  (ENDS.includes(character) || (isWide(character) && isSign(character) && !WITHIN_WORDS.includes(character)));

/**
 * No domain of the first level begins in Latin letters and goes on in a script without spaces, or in emoji.
 * @param {string} address
 */
function endOfHost(address) {
  const [host] = HOST.exec(address) ?? [""];
  const first = Math.max(...[".", "@", ":", "/"].map((sign) => host.lastIndexOf(sign))) + 1;
  if (!host || !isAscii(address[first] ?? "")) return address.length;
  const rest = host.slice(first);
  const end = placeOf(rest, (character) => isUnspaced(character) || EMOJI.test(character), -1);
  return end < 0 ? address.length : first + end;
}

/**
 * The library's rule, but that an emphasis around an address closes behind it.
 * @param {any} state
 * @param {boolean} silent
 */
function linkAddress(state, silent) {
  const { md } = state;
  if (!md.options.linkify || state.linkLevel > 0 || !state.src.startsWith("://", state.pos)) return false;
  const scheme = SCHEME.exec(state.pending.slice(-SCHEME_CHARS));
  if (!scheme) return false;
  const begun = scheme[1].length;
  let found = md.linkify.matchAtStart(state.src.slice(state.pos - begun, state.posMax));
  if (found) {
    const end = endByMarker(state, found.raw);
    if (end < found.raw.length) found = md.linkify.matchAtStart(found.raw.slice(0, end));
  }
  if (!found || found.raw.length <= begun) return false;
  const target = md.normalizeLink(found.url);
  if (!md.validateLink(target)) return false;
  if (!silent) {
    state.pending = state.pending.slice(0, -begun);
    const marked = { markup: "linkify", info: "auto" };
    Object.assign(state.push("link_open", "a", 1), marked, { attrs: [["href", target]] });
    state.push("text", "", 0).content = md.normalizeLinkText(found.url);
    Object.assign(state.push("link_close", "a", -1), marked);
  }
  state.pos += found.raw.length - begun;
  return true;
}

/**
 * Where the marker stands in an address that closes what is open around it.
 * @param {any} state
 * @param {string} address
 */
function endByMarker(state, address) {
  if (!MARKERS.some((marker) => address.includes(marker))) return address.length;
  const opened = new Map(MARKERS.map((marker) => [marker, openMarkers(state, marker)]));
  for (let at = 0, end = 0; at < address.length; at = end) {
    for (end = at + 1; address[end] === address[at]; ) end += 1;
    if (opened.get(address[at]) && closes(address, at, end)) return at;
  }
  return address.length;
}

/** @param {string} address @param {number} at @param {number} end */
function closes(address, at, end) {
  const marker = address[at];
  const after = address[end] ?? "";
  if (marker === "~" && end - at < 2) return false;
  return after === "" || MARKERS.includes(after) || (marker !== "_" && !isAscii(after));
}

/** @param {any} state @param {string} marker */
function openMarkers(state, marker) {
  let count = 0;
  for (const each of state.delimiters) {
    if (each.marker !== marker.charCodeAt(0)) continue;
    if (each.close && count) count -= 1;
    else if (each.open) count += 1;
  }
  return count;
}
