/**
 * Short messages in the corner: announcements stay until they are closed, the others go on their own.
 */

import { el, iconButton } from "./dom.js";

const SHOWN_MS = 6_000;
const SHOWN_AT_ONCE = 4;

export class Toasts {
  #root;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
  }

  /**
   * @param {string} text
   * @param {{title?: string, kind?: "note" | "error" | "announcement", lasting?: boolean, href?: string}} [options]
   */
  show(text, { title, kind = "note", lasting = false, href } = {}) {
    const words = [title && el("bdi", { class: "toast-title" }, title), el("span", { dir: "auto" }, text)];
    const body = href ? el("a", { class: "toast-text", href }, ...words) : el("div", { class: "toast-text" }, ...words);
    const role = kind === "error" ? "alert" : "status";
    const toast = el("div", { class: `toast toast-${kind}`, role, "data-testid": "toast", "data-kind": kind }, body);
    toast.append(iconButton("close", "Dismiss", { class: "icon-button-small", onclick: () => toast.remove() }));
    // The same again, as when a button is pressed too fast, would cover the page. The new one is announced and stays
    // longer.
    for (const shown of [...this.#root.children]) if (shown.isEqualNode(toast)) shown.remove();
    this.#root.append(toast);
    while (this.#root.children.length > SHOWN_AT_ONCE) this.#root.firstElementChild?.remove();
    if (!lasting) setTimeout(() => toast.remove(), SHOWN_MS);
  }

  /** @param {unknown} error what a request was refused with */
  error(error) {
    this.show(/** @type {Error} */ (error).message, { kind: "error" });
  }
}
