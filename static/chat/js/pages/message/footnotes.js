/**
 * Links between the marks of footnotes and their words. Both ends are within one message: an id would be that of other
 * messages, too, and an address would be a place to go to and come back from.
 */

import { closest, findAll } from "../base/dom.js";

const ENDS = /^#(fn|fnref):(.+)$/;

/** From which mark the reader came to some words. @type {WeakMap<Element, Element>} */
const cameFrom = new WeakMap();

document.addEventListener("click", (event) => {
  const link = closest(event, ".prose sup:is(.footnote-mark, .footnote-words) > a");
  if (!link) return;
  // However it is clicked, it opens no page; and what follows links between rooms leaves it alone.
  event.preventDefault();
  const other = otherEnd(link);
  if (!other) return;
  if (isMark(link)) cameFrom.set(other, link);
  for (let details = other.closest("details"); details; details = details.parentElement?.closest("details") ?? null)
    details.open = true;
  other.focus({ preventScroll: true });
  other.scrollIntoView({ block: "nearest" });
});

/** @param {Element} link */
const isMark = (link) => link.parentElement?.classList.contains("footnote-mark");

/** @param {Element} link @returns {HTMLElement | undefined} */
function otherEnd(link) {
  const before = cameFrom.get(link);
  if (before?.isConnected) return /** @type {HTMLElement} */ (before);
  const [, end, label] = ENDS.exec(link.getAttribute("href") ?? "") ?? [];
  const wanted = `#${end === "fn" ? "fnref" : "fn"}:${label}`;
  const prose = link.closest(".prose");
  const links = prose ? findAll(prose, `sup.${isMark(link) ? "footnote-words" : "footnote-mark"} > a`) : [];
  return links.find((each) => each.getAttribute("href") === wanted);
}
