/**
 * One row of the timeline. It redraws only what has changed, so that the focus, a selection and an open editor survive.
 */

import { attachments } from "./attachment-parts.js";
import { el, present, setAttribute, setChildren } from "../base/dom.js";
import * as parts from "./message-parts.js";
import { avatar } from "../people/names.js";
import { ReplyView } from "./reply-view.js";
import { sameItem } from "./item.js";

/** @typedef {import("./item.js").Item} Item */

export class MessageRow {
  /** @type {Item | null} */
  #item = null;
  #myId;
  #own;
  #separators = el("div");
  /** @type {HTMLElement} */
  #article = el("article");
  #main = el("div", { class: "message-main" });
  /** @type {{cancel: () => void, element: HTMLElement} | null} */
  #editor = null;
  /** @type {ReplyView | null} */
  #reply = null;
  /** @type {Element | null} */
  #words = null;
  element = el("li", { class: "row" });

  /** @param {Item} item @param {string} myId @param {import("./own-reactions.js").OwnReactions} own */
  constructor(item, myId, own) {
    this.#myId = myId;
    this.#own = own;
    this.#article =
      item.kind === "event" ? el("div", { class: "event" }) : el("article", { class: "message", tabindex: "-1" });
    this.element.append(this.#separators, this.#article);
    this.update(item);
  }

  get item() {
    return /** @type {Item} */ (this.#item);
  }

  get article() {
    return this.#article;
  }

  /** Where its words begin. What stands above them, the day and the name, goes when an earlier message comes in. */
  get top() {
    return (this.#words ?? this.#article).getBoundingClientRect().top;
  }

  /** @param {Item} item */
  update(item) {
    const before = this.#item;
    if (before && sameItem(before, item)) return;
    this.#item = item;
    this.element.dataset.key = item.key;
    if (
      before?.day !== item.day ||
      before.firstUnread !== item.firstUnread ||
      before.contextLine !== item.contextLine
    ) {
      this.#separators.replaceChildren(...parts.separators(item));
    }
    if (item.kind === "event") this.#drawEvent(item);
    else this.#drawMessage(item, before);
  }

  /** @param {Item} item */
  #drawEvent(item) {
    setAttribute(this.#article, "data-testid", "notice");
    setAttribute(this.#article, "data-seq", item.seq);
    this.#article.replaceChildren(parts.eventLine(item), parts.time(item, "message-time"));
  }

  /** @param {Item} item @param {Item | null} before */
  #drawMessage(item, before) {
    this.#label(item);
    if (!before || before.continues !== item.continues || before.seq !== item.seq) {
      const left = item.continues ? parts.time(item, "gutter-time") : avatar(parts.usernameOf(item));
      const toolbar = this.#article.querySelector(":scope > .message-rail");
      setChildren(this.#article, [left, this.#main, ...(toolbar ? [toolbar] : [])]);
    }
    if (this.#editor && (item.message.deletedAt || item.deleting)) this.#editor.cancel();
    const focused = document.activeElement?.closest?.("[data-emoji]");
    const emoji = focused && this.#main.contains(focused) ? focused.getAttribute("data-emoji") : null;
    this.#words = this.#editor?.element ?? this.#body(item, before);
    setChildren(
      this.#main,
      present([
        !item.continues && parts.head(item),
        item.quote && !item.message.deletedAt && parts.quote(item.quote),
        this.#words,
        !item.deleting && attachments(item.message, this.#main.querySelector(":scope > .attachments")),
        parts.reactions(item, this.#myId, this.#own),
        parts.failure(item),
      ]),
    );
    const again =
      emoji && /** @type {HTMLElement | null} */ (this.#main.querySelector(`[data-emoji="${CSS.escape(emoji)}"]`));
    if (again) again.focus();
  }

  /**
   * The text stays the same element as long as it is the same: links in it keep the focus, selections stay.
   * @param {Item} item
   * @param {Item | null} before
   */
  #body(item, before) {
    if (item.message.reply && !item.message.deletedAt && !item.deleting) {
      if (this.#reply) this.#reply.update(item);
      else this.#reply = new ReplyView(item);
      return this.#reply.element;
    }
    this.destroy();
    const old = this.#main.querySelector(":scope > .prose, :scope > .tombstone");
    const same =
      old && before && before.state === item.state && before.deleting === item.deleting &&
      before.message.html === item.message.html && before.message.content === item.message.content &&
      before.message.editedAt === item.message.editedAt && before.message.deletedAt === item.message.deletedAt;
    return same ? old : parts.body(item);
  }

  /** @param {Item} item */
  #label(item) {
    const { message } = item;
    const attributes = {
      "data-testid": "message", "data-seq": item.seq || null, "data-id": message.id ?? null,
      "data-client-id": message.clientId ?? null, "data-state": item.state, "data-author": parts.usernameOf(item),
      ...parts.replyFacts(item), "data-deleted": Boolean(message.deletedAt),
      "data-edited": Boolean(message.editedAt), "aria-label": parts.spoken(item),
    };
    for (const [name, value] of Object.entries(attributes)) setAttribute(this.#article, name, value);
    for (const [name, on] of Object.entries({
      continues: item.continues, "is-mine": item.mine, "is-mention": item.mentionsMe, "is-target": item.target,
    })) {
      this.#article.classList.toggle(name, on);
    }
  }

  /** Another day has begun, or the reader is in another time zone. */
  retellTimes() {
    this.#separators.replaceChildren(...parts.separators(this.item));
    parts.retellTimes(this.#article, this.item);
    if (this.item.kind !== "event") this.#label(this.item);
  }

  /** It is known now which of its reactions are mine. */
  drawReactions() {
    if (this.item.kind !== "event") this.#drawMessage(this.item, this.#item);
  }

  /** The next words of the reply in it. @param {import("../../client/state.d.ts").Stream | null} stream */
  hear(stream) {
    this.#item = { ...this.item, stream };
    this.#reply?.update(this.item);
    setAttribute(this.#article, "data-reply-state", parts.replyFacts(this.item)["data-reply-state"]);
  }

  /** @param {Element} button */
  copyReply(button) {
    this.#reply?.copy(button);
  }

  /** It leaves the page. */
  destroy() {
    this.#reply?.destroy();
    this.#reply = null;
  }

  /** Puts an editor in the place of the text. @param {{cancel: () => void, element: HTMLElement}} editor */
  edit(editor) {
    this.#editor = editor;
    this.#main.querySelector(":scope > .prose")?.replaceWith(editor.element);
  }

  endEdit() {
    if (!this.#editor) return;
    const { element } = this.#editor;
    this.#editor = null;
    if (element.isConnected) element.replaceWith(parts.body(this.item));
  }
}
