/**
 * How files come into the message that is being written: picked, pasted or dropped.
 */

import { sizeLabel } from "../message/attachment-parts.js";
import { el, find, iconButton, pageData } from "../base/dom.js";

export class AttachmentTray {
  #root;
  #form;
  #files;
  #toasts;
  #limits = pageData("app-data")?.uploads ?? { bytes: 0, perMessage: 0 };
  #picker = /** @type {HTMLInputElement} */ (
    el("input", { type: "file", multiple: true, hidden: true, "data-testid": "attachment-input" })
  );
  #button = iconButton("attach", "Add files", {
    class: "composer-attach", "data-testid": "attach", onclick: () => this.#picker.click(),
  });
  #ending = new AbortController();

  /**
   * @param {HTMLElement} root of the room: files may be dropped anywhere on it
   * @param {{files: import("./pending-files.js").PendingFiles, toasts: import("../base/toasts.js").Toasts, onChange: ()
   *   => void, forClaude: boolean}} options
   *   files: those that wait in this room already; forClaude: whether Claude reads what is posted here
   */
  constructor(root, { files, toasts, onChange, forClaude }) {
    this.#root = root;
    this.#form = /** @type {HTMLFormElement} */ (root.querySelector(".composer"));
    this.#files = files;
    this.#toasts = toasts;
    Object.assign(files, { onChange, onRemoved: () => this.#focus() });
    files.list.classList.toggle("for-claude", forClaude);
    find(this.#form, ".composer-row").before(files.list);
    find(this.#form, ".composer-input").before(this.#button, this.#picker);
    this.#listen();
  }

  get count() {
    return this.#files.count;
  }

  get ready() {
    return this.#files.ready;
  }

  /** @returns {string[]} the ids of those that are uploaded */
  get ids() {
    return this.#files.held();
  }

  /** @returns {string[]} the ids for the message */
  take() {
    return this.#files.take();
  }

  /** The files stay, for when the reader comes back. */
  destroy() {
    this.#ending.abort();
    Object.assign(this.#files, { onChange: () => {}, onRemoved: () => {} });
    for (const part of [this.#files.list, this.#button, this.#picker]) part.remove();
    this.#root.classList.remove("is-dropping");
  }

  #listen() {
    const { signal } = this.#ending;
    this.#picker.addEventListener("change", () => (this.#add(this.#picker.files ?? []), (this.#picker.value = "")), {
      signal,
    });
    this.#form.addEventListener("paste", (event) => this.#paste(/** @type {ClipboardEvent} */ (event)), { signal });
    for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
      this.#root.addEventListener(type, (event) => this.#drag(/** @type {DragEvent} */ (event)), { signal });
    }
  }

  /** @param {ClipboardEvent} event */
  #paste(event) {
    if (!event.clipboardData) return;
    const { files, types } = event.clipboardData;
    // Spreadsheets put a picture of the cells beside their text: the text is what was meant.
    if (!files.length || types.includes("text/plain")) return;
    event.preventDefault();
    this.#add(files);
  }

  /** @param {DragEvent} event */
  #drag(event) {
    if (!event.dataTransfer?.types.includes("Files") || this.#form.hidden) return;
    event.preventDefault(); // else the browser would leave the page and open the file
    const leaves = event.type === "dragleave" && !this.#root.contains(/** @type {Node} */ (event.relatedTarget));
    this.#root.classList.toggle("is-dropping", event.type !== "drop" && !leaves);
    if (event.type === "drop") this.#add(event.dataTransfer.files);
  }

  /** @param {Iterable<File>} files */
  #add(files) {
    const { bytes, perMessage } = this.#limits;
    for (const file of files) {
      if (perMessage && this.count >= perMessage) {
        this.#toasts.show(`A message has at most ${perMessage} attachments.`, { kind: "error" });
        break;
      }
      if (bytes && file.size > bytes) {
        this.#toasts.show(`${file.name} is too large: a file may have at most ${sizeLabel(bytes)}.`, { kind: "error" });
        continue;
      }
      this.#files.add(file);
    }
    this.#focus();
  }

  #focus() {
    find(this.#form, "textarea").focus({ preventScroll: true });
  }
}
