/**
 * Renaming a room where its name stands: the pencil, or a double click on the name, makes it a field. Enter and leaving
 * it save; Escape takes it back.
 */

import { el, find } from "../base/dom.js";

const NAME_CHARS = 80;

export class Renaming {
  #title;
  #button;
  #options;
  #mayRename = false;
  /** @type {HTMLInputElement | null} */
  #field = null;
  #ending = new AbortController();

  /**
   * @param {HTMLElement} root
   * @param {{rename: (name: string) => Promise<unknown>, toasts: import("../base/toasts.js").Toasts}} options
   */
  constructor(root, options) {
    this.#title = find(root, ".room-title h1");
    this.#button = find(root, "[data-rename]", HTMLButtonElement);
    this.#options = options;
    const { signal } = this.#ending;
    this.#button.addEventListener("click", () => this.#begin(), { signal });
    this.#title.addEventListener("dblclick", () => this.#begin(), { signal });
  }

  destroy() {
    this.#ending.abort();
    this.#end();
    this.#button.hidden = true;
  }

  /** @param {boolean} mayRename */
  show(mayRename) {
    this.#mayRename = mayRename;
    this.#button.hidden = !mayRename || this.#field !== null;
    if (!mayRename) this.#end();
  }

  #begin() {
    if (!this.#mayRename || this.#field) return;
    const before = this.#title.textContent.trim();
    const field = el("input", {
      class: "room-rename", value: before, maxlength: NAME_CHARS, dir: "auto", "aria-label": "New name",
      "data-testid": "rename",
    });
    this.#field = field;
    field.addEventListener("keydown", (event) => this.#key(event, before));
    field.addEventListener("blur", () => this.#save(before));
    this.#title.classList.add("visually-hidden"); // for those who listen it stays the page's heading
    this.#button.hidden = true;
    this.#title.after(field);
    field.focus();
    field.select();
  }

  /** @param {KeyboardEvent} event @param {string} before */
  #key(event, before) {
    // Enter may belong to an input method, which is still putting the word together.
    if (event.isComposing) return;
    if (event.key === "Enter") this.#save(before, true);
    else if (event.key === "Escape") this.#end(true);
    else return;
    event.preventDefault();
    event.stopPropagation(); // Escape would stop Claude as well
  }

  /** @param {string} before @param {boolean} [byKey] */
  async #save(before, byKey = false) {
    const name = this.#field?.value.trim();
    this.#end(byKey);
    if (!name || name === before) return;
    try {
      await this.#options.rename(name);
    } catch (error) {
      this.#options.toasts.error(error);
    }
  }

  /** @param {boolean} [byKey] the keyboard goes on where it began */
  #end(byKey = false) {
    const field = this.#field;
    if (!field) return;
    this.#field = null; // before it goes: that takes the focus from it, which would save
    field.remove();
    this.#title.classList.remove("visually-hidden");
    this.#button.hidden = !this.#mayRename;
    if (byKey) this.#button.focus();
  }
}
