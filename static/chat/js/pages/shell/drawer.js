/**
 * The list of rooms as a drawer on phones. While it is open the rest cannot be reached, by finger or by key.
 */

import { byId, findAll } from "../base/dom.js";

const WIDE = "(min-width: 48rem)";

export class Drawer {
  #main = byId("main");
  /** @type {HTMLElement | null} */
  #opener = null;

  constructor() {
    document.addEventListener("click", (event) => {
      const target = /** @type {Element} */ (event.target);
      const opener = target.closest("[data-drawer-open]");
      if (opener) this.open(/** @type {HTMLElement} */ (opener));
      else if (target.closest("[data-drawer-close], .sidebar a, [data-switcher-open]")) this.close();
    });
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    matchMedia(WIDE).addEventListener("change", () => this.close());
  }

  /** @param {HTMLElement} opener */
  open(opener) {
    this.#opener = opener;
    document.body.dataset.drawer = "open";
    this.#main.inert = true;
    findAll(document, ".sidebar [data-drawer-close]")[0]?.focus();
  }

  close() {
    if (document.body.dataset.drawer !== "open") return;
    delete document.body.dataset.drawer;
    this.#main.inert = false;
    this.#opener?.focus();
  }
}
