/**
 * The scroller: shows items as rows, a bounded stretch of them, and keeps the reader's place whatever comes or goes.
 */

import { copyCode } from "../code/code-blocks.js";
import { el, find, findAll } from "../base/dom.js";
import { MessageRow } from "../message/message-row.js";
import { OwnReactions } from "../message/own-reactions.js";
import * as stretch from "./timeline-window.js";

/** @typedef {import("../message/item.js").Item} Item */

/** Within this of the end, the timeline follows what arrives. */
export const FOLLOW_PX = 100;
/** Within this of an end of the rows, more are brought in. */
const LOAD_PX = 900;
/** A reply that has not grown for so long does not count as growing. */
const GROWING_MS = 1_000;

export class Timeline {
  #scroller;
  #list;
  #options;
  /** @type {Item[]} */
  #items = [];
  #stretch = stretch.atEnd(0);
  /** @type {Map<string, MessageRow>} */
  #rows = new Map();
  #following = true;
  /**
   * Heights at the last move to the end: a scroll event with other ones was caused by the layout, not by the reader.
   */
  #heights = "";
  #lastTop = 0;
  /** Until then, a reply grows: going up means to read there, however small the step. */
  #growingUntil = 0;
  #willGrow = false;
  #ending = new AbortController();
  #sizes;

  /**
   * @param {HTMLElement} scroller
   * @param {{myId: string, request: import("../../client/requests.d.ts").SendRequest, onOlder: () => void,
   *   onNewer: () => void, onScroll: () => void, onRow: (row: MessageRow) => void}} options
   *   onRow: a row is drawn for the first time, or again
   */
  constructor(scroller, options) {
    this.#scroller = scroller;
    this.#list = find(scroller, ".rows");
    this.#options = options;
    this.ownReactions = new OwnReactions({ ...options, onKnown: (messageId) => this.#drawReactions(messageId) });
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true, signal: this.#ending.signal });
    this.#list.addEventListener("click", (event) => this.#clicked(event), { signal: this.#ending.signal });
    // Rows come, and grow late (fonts), and the composer takes room from the timeline: the end must stay in sight.
    // Told of it after the layout, before the paint; to ask for the heights earlier would be a layout of its own.
    this.#sizes = new ResizeObserver(() => this.#following && this.#toEnd());
    this.#sizes.observe(scroller);
    this.#sizes.observe(/** @type {Element} */ (this.#list.parentElement));
  }

  destroy() {
    this.#ending.abort();
    this.#sizes.disconnect();
    for (const row of this.#rows.values()) row.destroy();
    this.#list.replaceChildren();
  }

  /**
   * The next words of a reply: only its row is touched.
   * @param {string} messageId
   * @param {import("../../client/state.d.ts").Stream | null} stream null: it is over, which only `show` can tell the
   *   rest of
   * @returns {boolean} whether that was all that there is to do
   */
  streamed(messageId, stream) {
    const at = this.#items.findLastIndex((item) => item.message.id === messageId);
    if (!stream || at < 0 || !this.#items[at].stream) return false;
    this.#growingUntil = performance.now() + GROWING_MS;
    this.#items[at] = { ...this.#items[at], stream };
    this.#rows.get(this.#items[at].key)?.hear(stream);
    return true;
  }

  /** Does it stand at the end of what is loaded? */
  get following() {
    return this.#following && this.#stretch.end === this.#items.length;
  }

  /**
   * @param {Item[]} items
   * @param {() => void} changeAbove what changes above the rows with them: the reader keeps their place
   */
  show(items, changeAbove = () => {}) {
    const anchor = this.#following ? null : this.#firstVisible();
    const before = this.#items;
    this.#items = items;
    if (anchor) {
      const index = before.indexOf(anchor.item);
      const at = { before: index, after: indexOfKey(items, anchor.item.key) };
      this.#stretch = stretch.shifted(this.#stretch, at, { before: before.length, after: items.length });
    } else {
      const first = before[this.#stretch.start];
      const at = first ? indexOfKey(items, first.key) : -1;
      this.#stretch = stretch.atEnd(items.length, at < 0 ? items.length : at);
    }
    changeAbove();
    this.#draw(anchor);
    // At the very top there is nothing left to scroll, so no scroll event would ever ask for more.
    this.#grow();
  }

  /** Goes to the end, and follows from now on. */
  follow() {
    this.#following = true;
    const { length } = this.#items;
    this.#stretch = stretch.atEnd(length, this.#stretch.end === length ? this.#stretch.start : length);
    this.#draw(null);
    this.#toEnd();
    this.#grow();
  }

  /** @param {number} seq @returns {boolean} whether it is loaded */
  center(seq) {
    const index = this.#items.findIndex((item) => item.seq === seq);
    if (index < 0) return false;
    this.#following = false;
    this.#stretch = stretch.around(this.#items.length, index);
    this.#draw(null);
    const row = this.#rows.get(this.#items[index].key);
    row?.element.scrollIntoView({ block: "center" });
    row?.article.focus({ preventScroll: true });
    this.#grow();
    return true;
  }

  /** Another day has begun, or the reader is in another time zone. */
  retellTimes() {
    for (const row of this.#rows.values()) row.retellTimes();
  }

  /** @param {string} key */
  row(key) {
    return this.#rows.get(key);
  }

  /** @param {string} id */
  #drawReactions(id) {
    const item = this.#items.find((each) => each.message.id === id);
    if (item) this.#rows.get(item.key)?.drawReactions();
  }

  /** @param {Element | null} element inside a row */
  rowOf(element) {
    const key = element?.closest?.(".row")?.getAttribute("data-key");
    return key === null || key === undefined ? undefined : this.#rows.get(key);
  }

  /** Moves the focus among the messages. @param {1 | -1} step */
  step(step) {
    const articles = findAll(this.#list, ".message");
    const at = articles.indexOf(/** @type {HTMLElement} */ (document.activeElement?.closest(".message")));
    const next = at < 0 ? articles.at(-1) : articles[at + step];
    next?.focus({ preventScroll: true });
    next?.scrollIntoView({ block: "nearest" });
  }

  /** @param {{item: Item, top: number} | null} anchor */
  #draw(anchor) {
    const { start, end } = this.#stretch;
    const shown = this.#items.slice(start, end);
    const keys = new Set(shown.map((item) => item.key));
    for (const [key, row] of this.#rows) {
      if (keys.has(key)) continue;
      row.element.remove();
      row.destroy();
      this.#rows.delete(key);
    }
    let next = this.#list.firstElementChild;
    for (const item of shown) {
      const row = this.#row(item);
      if (row.element === next) next = next.nextElementSibling;
      else this.#list.insertBefore(row.element, next);
    }
    if (anchor) this.#restore(anchor);
  }

  /** @param {Item} item */
  #row(item) {
    const known = this.#rows.get(item.key);
    if (known) {
      known.update(item);
      return known;
    }
    const row = new MessageRow(item, this.#options.myId, this.ownReactions);
    this.#rows.set(item.key, row);
    this.#options.onRow(row);
    return row;
  }

  #firstVisible() {
    const top = this.#scroller.getBoundingClientRect().top;
    for (const item of this.#items.slice(this.#stretch.start, this.#stretch.end)) {
      const row = this.#rows.get(item.key);
      if (row && row.element.getBoundingClientRect().bottom > top) return { item, top: row.top };
    }
    return null;
  }

  /** @param {{item: Item, top: number}} anchor */
  #restore({ item, top }) {
    const row = this.#rows.get(item.key);
    if (row) this.#scroller.scrollTop += row.top - top;
  }

  #toEnd() {
    this.#heights = this.#heightsNow();
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#lastTop = this.#scroller.scrollTop;
  }

  #heightsNow() {
    return `${this.#scroller.scrollHeight} ${this.#scroller.clientHeight}`;
  }

  #scrolled() {
    if (this.#following && this.#heights !== this.#heightsNow()) return this.#toEnd();
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const below = scrollHeight - scrollTop - clientHeight;
    const isLeaving = scrollTop < this.#lastTop && performance.now() < this.#growingUntil && below > 1;
    this.#lastTop = scrollTop;
    this.#following = !isLeaving && below <= FOLLOW_PX && this.#stretch.end === this.#items.length;
    this.#grow();
    this.#options.onScroll();
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const button = /** @type {Element} */ (event.target).closest("[data-do]");
    const action = button?.getAttribute("data-do");
    if (button && action === "copy-code") copyCode(button);
    else if (button && action === "copy-reply") this.rowOf(button)?.copyReply(button);
  }

  /**
   * Brings in rows where the reader is near an end of them: a few after each frame, until there are enough. After the
   * frame, the layout is known and costs nothing to ask for; before it, every question would lay out the page once
   * more.
   */
  #grow() {
    if (this.#willGrow) return;
    this.#willGrow = true;
    requestAnimationFrame(() => setTimeout(() => {
      this.#willGrow = false;
      if (this.#ending.signal.aborted) return;
      const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
      const hasMoved = scrollTop < LOAD_PX && this.#nearStart();
      if (!hasMoved && scrollHeight - scrollTop - clientHeight < LOAD_PX && !this.#following) this.#nearEnd();
    }));
  }

  /** @returns {boolean} whether rows came in */
  #nearStart() {
    const hasEarlier = this.#stretch.start > 0;
    if (hasEarlier) this.#move(stretch.earlier(this.#stretch));
    else this.#options.onOlder();
    return hasEarlier;
  }

  #nearEnd() {
    if (this.#stretch.end < this.#items.length) this.#move(stretch.later(this.#stretch, this.#items.length));
    else this.#options.onNewer();
  }

  /** @param {stretch.Stretch} to */
  #move(to) {
    const anchor = this.#following ? null : this.#firstVisible();
    this.#stretch = to;
    this.#draw(anchor);
    this.#grow();
  }
}

/** @param {Item[]} items @param {string} key */
const indexOfKey = (items, key) => items.findIndex((item) => item.key === key);

/** @param {string} text what stands above the first row while older ones are fetched */
export const loadingLine = (text) => el("p", { class: "timeline-loading" }, text);
