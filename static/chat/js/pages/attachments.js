/**
 * The files of a message that is being written: picked, pasted or dropped, uploaded at once, shown above the text until
 * the message is sent. Only ids go into the message.
 */

import { sizeLabel } from "./attachment-parts.js";
import { uploadFile } from "./attachment-upload.js";
import { el, icon, iconButton, pageData } from "./dom.js";

/** Of the little picture of a file; twice what it is drawn at, for fine screens. */
const THUMB_PX = 96;

/**
 * @typedef {object} Item
 * @property {File} file
 * @property {"uploading" | "done" | "failed"} state
 * @property {import("../types.js").Attachment | null} attachment
 * @property {() => void} abort
 * @property {HTMLElement} element
 * @property {HTMLProgressElement} progress
 * @property {HTMLElement} note
 * @property {HTMLButtonElement} retry
 */

export class AttachmentTray {
  #root;
  #form;
  #slug;
  #toasts;
  #onChange;
  #limits = pageData("app-data")?.uploads ?? { bytes: 0, perMessage: 0 };
  #list = el("ul", { class: "attachment-tray", "data-testid": "attachment-tray", "aria-label": "Files to send", hidden: true });
  #picker = /** @type {HTMLInputElement} */ (el("input", { type: "file", multiple: true, hidden: true, "data-testid": "attachment-input" }));
  #button = iconButton("attach", "Add files", { class: "composer-attach", "data-testid": "attach", onclick: () => this.#picker.click() });
  /** @type {Item[]} */
  #items = [];
  #ending = new AbortController();

  /**
   * @param {HTMLElement} root of the room: files may be dropped anywhere on it
   * @param {{slug: string, toasts: import("./toasts.js").Toasts, onChange: () => void}} options
   */
  constructor(root, { slug, toasts, onChange }) {
    this.#root = root;
    this.#form = /** @type {HTMLFormElement} */ (root.querySelector(".composer"));
    this.#slug = slug;
    this.#toasts = toasts;
    this.#onChange = onChange;
    this.#form.querySelector(".composer-row").before(this.#list);
    this.#form.querySelector(".composer-input").before(this.#button, this.#picker);
    this.#listen();
  }

  /** How many files are in it, in whatever state. */
  get count() {
    return this.#items.length;
  }

  /** Whether all that is in it may be sent. */
  get ready() {
    return this.#items.every((item) => item.state === "done");
  }

  /** Empties it. @returns {string[]} the ids for the message */
  take() {
    const ids = this.#items.flatMap((item) => (item.attachment ? [item.attachment.id] : []));
    this.#clear();
    return ids;
  }

  destroy() {
    this.#ending.abort();
    this.#clear();
    for (const part of [this.#list, this.#button, this.#picker]) part.remove();
    this.#root.classList.remove("is-dropping");
  }

  #listen() {
    const { signal } = this.#ending;
    this.#picker.addEventListener("change", () => (this.#add(this.#picker.files), (this.#picker.value = "")), { signal });
    this.#form.addEventListener("paste", (event) => this.#paste(/** @type {ClipboardEvent} */ (event)), { signal });
    for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
      this.#root.addEventListener(type, (event) => this.#drag(/** @type {DragEvent} */ (event)), { signal });
    }
  }

  /** @param {ClipboardEvent} event */
  #paste(event) {
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

  /** @param {FileList} files */
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
      this.#upload(this.#put(file));
    }
    this.#changed();
    this.#form.querySelector("textarea").focus({ preventScroll: true });
  }

  /** @param {File} file @returns {Item} */
  #put(file) {
    const thumb = el("span", { class: "attachment-thumb" }, icon("file"));
    const note = el("span", { class: "attachment-size" }, sizeLabel(file.size));
    const progress = /** @type {HTMLProgressElement} */ (el("progress", { max: 1, value: 0, "aria-label": `Uploading ${file.name}` }));
    const retry = /** @type {HTMLButtonElement} */ (el("button", { class: "link-button", type: "button", hidden: true }, "Try again"));
    const remove = iconButton("close", `Remove ${file.name}`, { class: "icon-button-small" });
    const words = el("span", { class: "attachment-words" }, el("bdi", { class: "truncate" }, file.name), note, retry, progress);
    const element = el("li", { class: "attachment-chip", "data-testid": "attachment-chip" }, thumb, words, remove);
    /** @type {Item} */
    const item = { file, state: "uploading", attachment: null, abort: () => {}, element, progress, note, retry };
    retry.addEventListener("click", () => this.#upload(item));
    remove.addEventListener("click", () => this.#remove(item));
    this.#items.push(item);
    this.#list.append(element);
    drawThumb(file, thumb);
    return item;
  }

  /** @param {Item} item */
  async #upload(item) {
    this.#show(item, "uploading", sizeLabel(item.file.size));
    const { done, abort } = uploadFile(`/rooms/${this.#slug}/attachments`, item.file, (share) => (item.progress.value = share));
    item.abort = abort;
    try {
      item.attachment = await done;
      this.#show(item, "done", sizeLabel(item.file.size));
    } catch (error) {
      if (this.#items.includes(item)) this.#show(item, "failed", error.message);
    }
  }

  /** @param {Item} item @param {Item["state"]} state @param {string} note */
  #show(item, state, note) {
    item.state = item.element.dataset.state = state;
    item.note.textContent = note;
    item.note.setAttribute("role", state === "failed" ? "alert" : "none");
    item.progress.hidden = state !== "uploading";
    item.retry.hidden = state !== "failed";
    this.#changed();
  }

  /** @param {Item} item */
  #remove(item) {
    this.#items = this.#items.filter((other) => other !== item);
    item.abort();
    item.element.remove();
    this.#changed();
    this.#form.querySelector("textarea").focus({ preventScroll: true });
  }

  #clear() {
    const items = this.#items;
    this.#items = [];
    for (const item of items) item.abort();
    this.#list.replaceChildren();
    this.#changed();
  }

  #changed() {
    this.#list.hidden = this.count === 0;
    if (!this.#ending.signal.aborted) this.#onChange();
  }
}

/** Draws a picture from the file itself; the page's policy lets no blob: address be an image. */
async function drawThumb(/** @type {File} */ file, /** @type {HTMLElement} */ place) {
  if (!file.type.startsWith("image/")) return;
  try {
    const bitmap = await createImageBitmap(file, { resizeHeight: THUMB_PX, resizeQuality: "medium" });
    const canvas = /** @type {HTMLCanvasElement} */ (el("canvas", { width: THUMB_PX, height: THUMB_PX }));
    const side = Math.min(bitmap.width, bitmap.height);
    const [left, top] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2];
    canvas.getContext("2d").drawImage(bitmap, left, top, side, side, 0, 0, THUMB_PX, THUMB_PX);
    bitmap.close();
    place.replaceChildren(canvas);
  } catch {
    // No picture after all, or a damaged one: the server will say so.
  }
}
