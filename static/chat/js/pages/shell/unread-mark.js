/**
 * Says in the tab's title and icon how much is unread.
 */

import { countText } from "../people/names.js";

export class UnreadMark {
  #icon = /** @type {HTMLLinkElement} */ (document.querySelector('link[rel="icon"]'));
  #plain = this.#icon.href;
  #base = document.title;
  #count = 0;

  /** @param {string} title */
  setTitle(title) {
    this.#base = title;
    this.#show();
  }

  /** @param {number} count */
  setCount(count) {
    if (count === this.#count) return;
    this.#count = count;
    this.#icon.href = (count ? this.#icon.dataset.unread : null) ?? this.#plain;
    this.#show();
  }

  #show() {
    document.title = this.#count ? `(${countText(this.#count)}) ${this.#base}` : this.#base;
  }
}
