/**
 * A text as it was written, in the form in which the server shows what it does not format
 * (chat/markdown/formatting.py).
 */

import { el } from "../base/dom.js";

export class WrittenText {
  /** Its line ends are shown as such, as those that the server turns into elements are. */
  #text = document.createTextNode("");

  /** @param {Element} root shows nothing else from now on */
  constructor(root) {
    root.replaceChildren(el("p", { class: "as-written" }, this.#text));
  }

  /** @param {string} text all of it; usually what was there and more */
  show(text) {
    if (text.startsWith(this.#text.data)) this.#text.appendData(text.slice(this.#text.length));
    else this.#text.data = text;
  }
}
