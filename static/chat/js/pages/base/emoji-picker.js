/**
 * A small window of emoji beside the button that opened it.
 */

import { placeBeside } from "./beside.js";
import { closest, el } from "./dom.js";
import { EMOJI } from "./emoji.js";

const COLUMNS = 7;

export class EmojiPicker {
  /** @type {(emoji: string) => void} */
  #onPick = () => {};
  /** What gets the focus back, nearest first. @type {(HTMLElement | null)[]} */
  #home = [];
  #hadFocus = false;
  #element = el("div", {
    class: "emoji-picker", popover: "auto", role: "dialog", "aria-label": "Pick an emoji",
    "data-testid": "emoji-picker",
  });

  constructor() {
    const buttons = EMOJI.map(([sign, name]) =>
      el("button", { type: "button", "data-emoji": sign, "aria-label": name.replaceAll("_", " "), title: name }, sign),
    );
    this.#element.append(el("div", { class: "emoji-grid" }, ...buttons));
    this.#element.addEventListener("click", (event) => this.#picked(closest(event, "button")));
    this.#element.addEventListener("keydown", (event) => this.#key(event));
    this.#element.addEventListener(
      "beforetoggle", () => (this.#hadFocus = this.#element.contains(document.activeElement)),
    );
    this.#element.addEventListener(
      "toggle",
      (event) => /** @type {ToggleEvent} */ (event).newState === "closed" && this.#closed(),
    );
    document.body.append(this.#element);
  }

  get isOpen() {
    return this.#element.matches(":popover-open");
  }

  /** @param {Element} opener @param {(emoji: string) => void} onPick */
  open(opener, onPick) {
    this.#onPick = onPick;
    this.#home = [/** @type {HTMLElement} */ (opener), opener.closest(".message"), opener.closest(".timeline")];
    this.#element.showPopover();
    placeBeside(this.#element, opener);
    this.#element.querySelector("button")?.focus();
  }

  /** @param {HTMLElement | null} button */
  #picked(button) {
    if (!button) return;
    this.#element.hidePopover();
    this.#onPick(button.dataset.emoji ?? "");
  }

  /** The button that opened it may be gone by now: the keyboard must not start over at the top of the page. */
  #closed() {
    const focused = document.activeElement;
    // A browser may take the focus out of what it has hidden only when it draws next.
    const isNowhere = !focused || focused === document.body || this.#element.contains(focused);
    if (this.#hadFocus && isNowhere) this.#home.find((element) => element?.isConnected)?.focus({ preventScroll: true });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[event.key];
    if (!step) return;
    const buttons = [...this.#element.querySelectorAll("button")];
    buttons[buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement)) + step]?.focus();
    event.preventDefault();
  }
}
