/**
 * Where messages are written. Enter sends, Shift+Enter breaks the line; it works without a connection too.
 */

import { excerptOf, quotable } from "../../client/rooms/quotes.js";
import { Completion } from "./completion.js";
import { el, find, icon, iconButton, setAttribute } from "../base/dom.js";
import { growing } from "../base/growing-field.js";
import { personName } from "../people/names.js";
import { FINGERS, sends } from "../base/send-key.js";
import { isLongerThan, lengthOf } from "../base/text-length.js";
import { wellFormed } from "../../client/connection/frame-text.js";

/** The count shows when so much of the limit is used. */
const COUNT_FROM = 0.9;

export class Composer {
  #form;
  #input;
  #send;
  #stop;
  #context;
  #count = el("span", { class: "composer-count", "aria-live": "polite", hidden: true });
  #options;
  #completion;
  /** @type {import("../../protocol.d.ts").Message | null} */
  #replyTo = null;
  #onStop = () => {};
  #grow;
  #ending = new AbortController();

  /**
   * @param {HTMLFormElement} form
   * @param {{limit: number, sources: import("./completion.js").Source[], onText: (text: string) => void,
   *   onSend: (text: string, replyTo: string | undefined, attachments: string[]) => void, takeCommand: (text: string)
   *   => string | null, tray: () => import("./attachments.js").AttachmentTray, unfinished:
   *   import("./unfinished.js").Unfinished, onEditLast: () => void, onBlur: () => void}} options
   *   takeCommand: does what a text commands, and returns the message that is left to send, or null
   */
  constructor(form, options) {
    this.#form = form;
    this.#options = options;
    this.#input = /** @type {HTMLTextAreaElement} */ (form.querySelector("textarea"));
    this.#send = /** @type {HTMLButtonElement} */ (form.querySelector("[type=submit]"));
    this.#stop = /** @type {HTMLButtonElement} */ (form.querySelector(".composer-stop"));
    this.#context = find(form, ".composer-context");
    this.#completion = new Completion(this.#input, find(form, ".completion"), options.sources);
    this.#send.before(this.#count);
    this.#showReply(options.unfinished.replyTo);
    const { signal } = this.#ending;
    this.#grow = growing(this.#input, signal);
    form.addEventListener("submit", (event) => (event.preventDefault(), this.#submit()), { signal });
    this.#input.addEventListener("input", () => this.#typed(), { signal });
    this.#input.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.#stop.addEventListener("click", () => this.#onStop(), { signal });
    this.#input.addEventListener("blur", () => (this.#completion.close(), options.onBlur()), { signal });
  }

  destroy() {
    this.#ending.abort();
    this.#count.remove();
    this.#completion.close();
    this.#showReply(null); // it stays unfinished
    this.setText("");
    this.setStop(null);
  }

  get text() {
    return wellFormed(this.#input.value); // what the server keeps: another text would be put together with it
  }

  focus() {
    // On a phone the keyboard would jump up and cover the room.
    if (!FINGERS.matches) this.#input.focus({ preventScroll: true });
  }

  /**
   * From another tab, or from the draft. The caret stays where it was, seen from the nearer end.
   * @param {string} text
   */
  setText(text) {
    const { value, selectionStart } = this.#input;
    if (value === text) return this.#fit();
    const fromEnd = value.length - selectionStart;
    const sameStart = value.slice(0, selectionStart) === text.slice(0, selectionStart);
    this.#input.value = text;
    const caret = sameStart && fromEnd > 0 ? selectionStart : Math.max(0, text.length - fromEnd);
    if (document.activeElement === this.#input) this.#input.setSelectionRange(caret, caret);
    this.#fit();
  }

  /** As if it had been typed. @param {string} text */
  write(text) {
    this.#input.value = text;
    this.#typed();
  }

  /** More has become known of what could complete the text. */
  complete() {
    if (document.activeElement === this.#input) this.#completion.update();
  }

  /** @param {boolean} enabled @param {string} label */
  setEnabled(enabled, label) {
    this.#form.hidden = !enabled;
    this.#input.placeholder = label;
  }

  /**
   * While Claude replies, Stop stands where Send was; with text to send there are both.
   * @param {{stopping: boolean, onStop: () => void} | null} stop
   */
  setStop(stop) {
    const hadFocus = document.activeElement === this.#stop;
    this.#onStop = stop?.onStop ?? (() => {});
    this.#stop.hidden = !stop;
    // Were it disabled, it would lose the focus, and who stops by keyboard would stand at the top of the page.
    setAttribute(this.#stop, "aria-disabled", stop?.stopping ? "true" : null);
    this.#showSend();
    if (hadFocus && !stop) this.#input.focus({ preventScroll: true });
  }

  /** @param {import("../../protocol.d.ts").Message | null} message */
  setReply(message) {
    this.#options.unfinished.replyTo = message;
    this.#showReply(message);
    if (message) this.#input.focus();
  }

  /** @param {import("../../protocol.d.ts").Message | null} message */
  #showReply(message) {
    this.#replyTo = message;
    this.#context.hidden = !message;
    if (!message) return this.#context.replaceChildren();
    const text = el(
      "span", { class: "truncate" }, "Reply to ", el("b", {}, personName(message.author)), ": ",
      el("bdi", {}, excerptOf(quotable(message))),
    );
    this.#context.replaceChildren(
      icon("reply"), text,
      iconButton("close", "Do not reply", {
        class: "icon-button-small", onclick: () => (this.setReply(null), this.#input.focus()),
      }),
    );
  }

  #typed() {
    this.#fit();
    this.#completion.update();
    this.#options.onText(this.text);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (this.#completion.key(event)) return;
    if (sends(event)) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "ArrowUp" && !this.text) {
      event.preventDefault();
      this.#options.onEditLast();
    } else if (event.key === "Escape" && this.#replyTo) {
      event.preventDefault();
      this.setReply(null);
    }
  }

  #submit() {
    if (!this.#sendable) return;
    const tray = this.#options.tray();
    // Files belong to a message, and a command would leave them behind.
    const text = tray.count ? this.text : this.#options.takeCommand(this.text);
    if (text === null) return;
    const replyTo = this.#replyTo?.id;
    const attachments = tray.take();
    this.setText("");
    this.setReply(null);
    this.#completion.close();
    this.#options.onSend(text, replyTo, attachments);
    this.#input.focus({ preventScroll: true });
  }

  get #sendable() {
    const tray = this.#options.tray();
    if (!tray.ready || (this.text.trim() === "" && tray.count === 0)) return false;
    return !isLongerThan(this.text, this.#options.limit);
  }

  /** The files of the message are others now, or uploaded. */
  filesChanged() {
    this.#showSend();
  }

  #showSend() {
    this.#send.disabled = !this.#sendable;
    this.#send.hidden = !this.#stop.hidden && this.#send.disabled;
  }

  #fit() {
    this.#showSend();
    const { limit } = this.#options;
    const left = limit && this.text.length > limit * COUNT_FROM ? limit - lengthOf(this.text) : Infinity;
    this.#count.hidden = left > limit * (1 - COUNT_FROM);
    this.#count.textContent = this.#count.hidden ? "" : String(left);
    this.#count.classList.toggle("is-over", left < 0);
    this.#grow();
  }
}
