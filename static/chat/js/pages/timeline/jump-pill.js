/**
 * The pill that leads back to the newest messages, and says how many have come since.
 */

import { find } from "../base/dom.js";
import { countText } from "../people/names.js";

/** @param {HTMLElement} pill @param {{away: boolean, count: number}} facts */
export function showPill(pill, { away, count }) {
  pill.hidden = !away;
  pill.classList.toggle("has-news", count > 0);
  pill.dataset.count = String(count);
  find(pill, "[data-jump-text]").textContent = count
    ? `${countText(count)} new message${count > 1 ? "s" : ""}`
    : "Jump to latest";
}
