/**
 * The toolbar of the message under the mouse, that was tapped, or that has the focus. There is one, and it moves.
 */

import { el, iconButton, present } from "../base/dom.js";
import { ReactionNames } from "./reaction-names.js";

export class MessageActions {
  #timeline;
  #options;
  #toolbar = el("div", {
    class: "message-actions", role: "toolbar", "aria-label": "Message actions", "data-testid": "message-actions",
  });
  /** As high as the message: of a long one the toolbar stays in sight. */
  #rail = el("div", { class: "message-rail" }, this.#toolbar);
  /** What touched the timeline last. Not every browser says so with the click. */
  #pointer = "mouse";
  /** @type {Element | null} */
  #article = null;
  #names;
  #ending = new AbortController();

  /**
   * @param {HTMLElement} scroller
   * @param {import("../timeline/timeline.js").Timeline} timeline
   * @param {{picker: import("../base/emoji-picker.js").EmojiPicker, canWrite: () => boolean,
   *   canDelete: (item: import("../message/item.js").Item) => boolean,
   *   canEdit: (item: import("../message/item.js").Item) => boolean}} options
   */
  constructor(scroller, timeline, options) {
    this.#timeline = timeline;
    this.#options = options;
    this.#names = new ReactionNames(scroller);
    const { signal } = this.#ending;
    // Only a mouse hovers. A finger or a pen leaves between its tap and the click: a toolbar that went then was never
    // clicked.
    scroller.addEventListener(
      "pointerover",
      (event) => event.pointerType === "mouse" && this.#attach(/** @type {Element} */ (event.target)),
      { signal },
    );
    scroller.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && this.#leave(), { signal });
    scroller.addEventListener("pointerdown", (event) => (this.#pointer = event.pointerType), { signal });
    scroller.addEventListener("focusin", (event) => this.#attach(/** @type {Element} */ (event.target)), { signal });
    // Not at once: the focus is nowhere while it moves, and an element that is being moved loses it on the way.
    const left = () => scroller.contains(document.activeElement) || this.#options.picker.isOpen || this.hide();
    scroller.addEventListener("focusout", () => setTimeout(left), { signal });
    scroller.addEventListener("click", (event) => this.#tapped(event), { signal });
  }

  destroy() {
    this.#ending.abort();
    this.#names.destroy();
    this.hide();
  }

  hide() {
    const article = this.#article;
    if (!article) return;
    // Before anything moves: losing and getting the focus calls this again.
    this.#article = null;
    if (this.#toolbar.contains(document.activeElement))
      /** @type {HTMLElement} */ (article).focus({ preventScroll: true });
    this.#rail.remove();
  }

  /** The rows have changed: a message that is gone or deleted has no actions. */
  refresh() {
    this.#names.refresh();
    const item = this.#article?.isConnected && this.#timeline.rowOf(this.#article)?.item;
    if (!item || item.message.deletedAt || item.deleting) this.hide();
  }

  #leave() {
    if (!this.#toolbar.contains(document.activeElement) && !this.#options.picker.isOpen) this.hide();
  }

  /** A tap on a message brings its toolbar, one beside the messages takes it away. @param {MouseEvent} event */
  #tapped(event) {
    const target = /** @type {Element} */ (event.target);
    if (this.#pointer === "mouse" || target.closest("a, button, textarea, input, label, summary")) return;
    const article = /** @type {HTMLElement | null} */ (target.closest(".message"));
    if (!article) return this.hide();
    article.focus({ preventScroll: true });
    this.#attach(article); // it may have had the focus before
  }

  /** @param {Element} target */
  #attach(target) {
    const article = target.closest(".message");
    if (!article || article === this.#article) return;
    const item = this.#timeline.rowOf(article)?.item;
    // Away first, with the focus taken out of it: changing it under the focus would call this again from inside.
    this.hide();
    if (!item || item.state !== "stored" || item.message.deletedAt || item.deleting) return;
    this.#article = article;
    this.#toolbar.replaceChildren(...this.#buttons(item));
    article.append(this.#rail);
  }

  /** @param {import("../message/item.js").Item} item */
  #buttons(item) {
    const canWrite = this.#options.canWrite();
    /** @type {[icon: string, label: string, action: string][]} */
    const wanted = present([
      canWrite && ["smile", "React", "react"],
      canWrite && ["reply", "Reply", "reply"],
      canWrite && item.mine && this.#options.canEdit(item) && ["edit", "Edit", "edit"],
      ["link", "Copy link", "link"],
      ["unread", "Mark unread from here", "unread"],
      canWrite && this.#options.canDelete(item) && ["trash", "Delete", "delete"],
    ]);
    return wanted.map(([name, label, action]) =>
      iconButton(name, label, {
        "data-do": action, "data-testid": `action-${action}`, class: action === "delete" ? "is-danger" : "",
      }),
    );
  }
}
