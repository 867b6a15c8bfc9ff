/**
 * Tells who reacted, beside the reaction: while a finger rests on it, with the keyboard on it, or for its menu key. A
 * mouse has the title, and a screen reader the label.
 */

import { el } from "../base/dom.js";

const LONG_PRESS_MS = 450;
/** A finger is never quite still; further away, it scrolls. */
const STILL_PX = 10;
const EDGE_PX = 8;
const CHIP = ".reaction";

export class ReactionNames {
  #bubble = el("div", { class: "reaction-names", popover: "manual", role: "tooltip", "data-testid": "reaction-names" });
  /** @type {HTMLElement | null} */
  #chip = null;
  #timer = 0;
  #start = { x: 0, y: 0 };
  /** A long press ends with a click, which must not take the reaction away or add one. */
  #wasLong = false;
  #pointer = "mouse";
  #ending = new AbortController();

  /** @param {HTMLElement} scroller */
  constructor(scroller) {
    const { signal } = this.#ending;
    document.body.append(this.#bubble);
    scroller.addEventListener("pointerdown", (event) => this.#pressed(event), { signal });
    scroller.addEventListener("pointermove", (event) => this.#moved(event), { signal });
    for (const type of ["pointerup", "pointercancel"])
      scroller.addEventListener(type, () => clearTimeout(this.#timer), { signal });
    scroller.addEventListener("click", (event) => this.#clicked(event), { signal, capture: true });
    scroller.addEventListener("contextmenu", (event) => this.#asked(event), { signal });
    scroller.addEventListener("focusin", (event) => this.#focused(/** @type {Element} */ (event.target)), { signal });
    // Only its own: a finger that rests takes the focus from what had it before.
    scroller.addEventListener("focusout", (event) => chipOf(event.target) === this.#chip && this.hide(), { signal });
    scroller.addEventListener("scroll", () => this.#scrolled(), { signal, passive: true });
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.hide(), { signal });
    document.addEventListener(
      "pointerdown",
      (event) => this.#chip && !this.#bubble.contains(/** @type {Node | null} */ (event.target)) && this.hide(),
      { signal, capture: true },
    );
  }

  destroy() {
    this.#ending.abort();
    clearTimeout(this.#timer);
    this.#bubble.remove();
  }

  /** The rows have changed: the reaction may be gone, or be by others as well. */
  refresh() {
    if (this.#chip?.isConnected) this.#show(this.#chip);
    else this.hide();
  }

  hide() {
    if (!this.#chip) return;
    this.#chip = null;
    this.#bubble.hidePopover();
  }

  /** @param {HTMLElement} chip */
  #show(chip) {
    this.#chip = chip;
    this.#bubble.replaceChildren(
      el("span", { "aria-hidden": "true" }, chip.dataset.emoji), el("span", { dir: "auto" }, chip.title),
    );
    if (!this.#bubble.matches(":popover-open")) this.#bubble.showPopover();
    const box = chip.getBoundingClientRect();
    const { width, height } = this.#bubble.getBoundingClientRect();
    const below = box.bottom + EDGE_PX;
    this.#bubble.style.left = `${Math.max(EDGE_PX, Math.min(box.left, innerWidth - width - EDGE_PX))}px`;
    const hasSpace = below + height < innerHeight - EDGE_PX;
    this.#bubble.style.top = `${hasSpace ? below : Math.max(EDGE_PX, box.top - height - EDGE_PX)}px`;
  }

  /** @param {PointerEvent} event */
  #pressed({ target, pointerType, clientX, clientY }) {
    this.#pointer = pointerType;
    this.#wasLong = false;
    const chip = chipOf(target);
    clearTimeout(this.#timer);
    if (!chip || pointerType === "mouse") return;
    this.#start = { x: clientX, y: clientY };
    this.#timer = setTimeout(() => {
      this.#wasLong = true;
      this.#show(chip);
    }, LONG_PRESS_MS);
  }

  /** @param {PointerEvent} event */
  #moved({ clientX, clientY }) {
    if (Math.hypot(clientX - this.#start.x, clientY - this.#start.y) > STILL_PX) clearTimeout(this.#timer);
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    if (!this.#wasLong || !chipOf(event.target)) return;
    this.#wasLong = false;
    event.preventDefault();
    event.stopPropagation();
  }

  /** The menu key, or a long press where the browser makes a menu of it. @param {MouseEvent} event */
  #asked(event) {
    const chip = chipOf(event.target);
    if (!chip || (this.#pointer === "mouse" && event.button === 2)) return; // a mouse has the browser's own menu
    event.preventDefault();
    if (!this.#wasLong) this.#show(chip);
  }

  /** @param {Element} target */
  #focused(target) {
    const chip = chipOf(target);
    if (chip?.matches(":focus-visible")) this.#show(chip);
  }

  /** It would stay where the reaction was. With the keyboard, the page scrolls to what gets the focus. */
  #scrolled() {
    clearTimeout(this.#timer);
    if (this.#chip?.matches(":focus-visible")) this.#show(this.#chip);
    else this.hide();
  }
}

/** @param {EventTarget | null} target @returns {HTMLElement | null} */
function chipOf(target) {
  return target instanceof Element ? target.closest(CHIP) : null;
}
