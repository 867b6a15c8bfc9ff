/**
 * The files of a message that is being written in one room: uploaded when they are added, drawn as a list. They outlive
 * the page of the room, as the text does: a reader who looks into another room, or loads the page again, finds them.
 */

import { sizeLabel } from "../message/attachment-parts.js";
import { uploadFile } from "./attachment-upload.js";
import { el, icon, iconButton } from "../base/dom.js";
import { ask, join, leave, tellGone } from "./files-of-tabs.js";

/** Of the little picture of a file; twice what it is drawn at, for fine screens. */
const THUMB_PX = 96;
/** A little less than chat/files/attachments.py keeps a file that no message has. */
const SERVER_KEEPS_MS = 23 * 3_600_000;

/**
 * @typedef {object} Item
 * @property {File | null} file null: it was uploaded before the page was loaded again
 * @property {"uploading" | "done" | "failed"} state
 * @property {import("../../protocol.d.ts").Attachment | null} attachment
 * @property {number} at when it was uploaded
 * @property {() => void} abort
 * @property {HTMLElement} element
 * @property {HTMLProgressElement} progress
 * @property {HTMLElement} note
 * @property {HTMLElement} claude whether Claude can read it
 * @property {HTMLButtonElement} retry
 */

export class PendingFiles {
  #slug;
  #key;
  /** @type {Item[]} */
  #items = [];
  list = el("ul", {
    class: "attachment-tray", "data-testid": "attachment-tray", "aria-label": "Files to send", hidden: true,
  });
  /** Set by the page that shows them. */
  onChange = () => {};
  /** What had the focus was removed. */
  onRemoved = () => {};

  /** @param {string} slug @param {string} key under which the uploaded ones are kept */
  constructor(slug, key) {
    this.#slug = slug;
    this.#key = key;
    for (const { attachment, at } of recall(key)) {
      const item = this.#put(attachment, null);
      Object.assign(item, { attachment, at });
      this.#show(item, "done", sizeLabel(attachment.size));
    }
    ask(this.held());
  }

  /** @returns {string[]} the ids of those that are uploaded */
  held() {
    return this.#items.flatMap((item) => (item.attachment ? [item.attachment.id] : []));
  }

  /** Another tab has these, or has sent them. @param {string[]} ids */
  drop(ids) {
    const gone = this.#items.filter((item) => item.attachment && ids.includes(item.attachment.id));
    if (!gone.length) return;
    this.#items = this.#items.filter((item) => !gone.includes(item));
    for (const item of gone) item.element.remove();
    this.#changed();
  }

  /** How many files are in it, in whatever state. */
  get count() {
    return this.#items.length;
  }

  /** Whether all that is in it may be sent. */
  get ready() {
    return this.#items.every((item) => item.state === "done");
  }

  /** @param {File} file */
  add(file) {
    this.#upload(this.#put(file, file));
  }

  /** Empties it. @returns {string[]} the ids for the message */
  take() {
    const items = this.#items;
    this.#items = [];
    for (const item of items) item.abort();
    this.list.replaceChildren();
    this.#changed();
    const ids = items.flatMap((item) => (item.attachment ? [item.attachment.id] : []));
    tellGone(ids);
    return ids;
  }

  /** @param {{name: string, size: number}} facts @param {File | null} file @returns {Item} */
  #put({ name, size }, file) {
    const thumb = el("span", { class: "attachment-thumb" }, icon("file"));
    const note = el("span", { class: "attachment-size" }, sizeLabel(size));
    const progress = /** @type {HTMLProgressElement} */ (
      el("progress", { max: 1, value: 0, "aria-label": `Uploading ${name}` })
    );
    const retry = /** @type {HTMLButtonElement} */ (
      el("button", { class: "link-button", type: "button", hidden: true }, "Try again")
    );
    const claude = el("span", { class: "attachment-claude", "data-testid": "attachment-claude", hidden: true });
    const remove = iconButton("close", `Remove ${name}`, { class: "icon-button-small" });
    const words = el(
      "span", { class: "attachment-words" }, el("bdi", { class: "truncate" }, name), note, claude, retry, progress,
    );
    const element = el("li", { class: "attachment-chip", "data-testid": "attachment-chip" }, thumb, words, remove);
    /** @type {Item} */
    const item = {
      file, state: "uploading", attachment: null, at: 0, abort: () => {}, element, progress, note, claude, retry,
    };
    retry.addEventListener("click", () => this.#upload(item));
    remove.addEventListener("click", () => this.#remove(item));
    this.#items.push(item);
    this.list.append(element);
    if (file) drawThumb(file, thumb);
    return item;
  }

  /** @param {Item} item */
  async #upload(item) {
    const file = /** @type {File} */ (item.file);
    this.#show(item, "uploading", sizeLabel(file.size));
    const { done, abort } = uploadFile(
      `/rooms/${this.#slug}/attachments`, file, (share) => (item.progress.value = share),
    );
    item.abort = abort;
    try {
      Object.assign(item, { attachment: await done, at: Date.now() });
      this.#show(item, "done", sizeLabel(file.size));
    } catch (error) {
      if (this.#items.includes(item)) this.#show(item, "failed", /** @type {Error} */ (error).message);
    }
  }

  /** @param {Item} item @param {Item["state"]} state @param {string} note */
  #show(item, state, note) {
    item.state = item.element.dataset.state = state;
    item.note.textContent = note;
    item.note.setAttribute("role", state === "failed" ? "alert" : "none");
    showReading(item);
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
    if (item.attachment) tellGone([item.attachment.id]);
    this.onRemoved();
  }

  #changed() {
    this.list.hidden = this.count === 0;
    if (this.count) join(this);
    else leave(this);
    keep(this.#key, this.#items.flatMap(({ attachment, at }) => (attachment ? { attachment, at } : [])));
    this.onChange();
  }
}

/** Says whether Claude can read it; the list hides that in rooms where Claude isn't asked. @param {Item} item */
function showReading({ claude, state, attachment }) {
  const reads = state === "done" ? attachment?.claudeReads : undefined;
  claude.hidden = reads === undefined;
  claude.textContent = reads ? "Claude can read it" : (attachment?.claudeReason ?? "");
  claude.dataset.reads = String(reads);
}

/** @typedef {{attachment: import("../../protocol.d.ts").Attachment, at: number}} Kept */

/** @param {string} key @returns {Kept[]} */
function recall(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "[]").filter(
      (/** @type {Kept} */ { at }) => at > Date.now() - SERVER_KEEPS_MS,
    );
  } catch {
    return [];
  }
}

/** @param {string} key @param {Kept[]} kept */
function keep(key, kept) {
  try {
    if (kept.length) sessionStorage.setItem(key, JSON.stringify(kept));
    else sessionStorage.removeItem(key);
  } catch {
    // Storage is full or forbidden: then they live as long as the page.
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
    canvas.getContext("2d")?.drawImage(bitmap, left, top, side, side, 0, 0, THUMB_PX, THUMB_PX);
    bitmap.close();
    place.replaceChildren(canvas);
  } catch {
    // No picture after all, or a damaged one: the server will say so.
  }
}
