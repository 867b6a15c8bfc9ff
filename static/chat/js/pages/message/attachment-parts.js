/**
 * Files of a message as they are drawn in its row: pictures in a space that is reserved before they are there, other
 * files as a line. Keeps nothing.
 */

import { el, icon } from "../base/dom.js";

const PICTURE_WIDTH_PX = 360;
const PICTURE_HEIGHT_PX = 280;
const UNITS = ["B", "kB", "MB", "GB"];

/** @typedef {import("../../protocol.d.ts").Attachment} Attachment */

/** @param {number} bytes */
export function sizeLabel(bytes) {
  let size = bytes;
  let unit = 0;
  while (size >= 999.5 && unit < UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit && size < 9.95 ? size.toFixed(1) : Math.round(size)} ${UNITS[unit]}`;
}

/**
 * @param {{attachments?: (Attachment | string)[], deletedAt?: number | null}} message a stored one, or one on its way,
 *   which knows the ids alone
 * @param {Element | null} [old] what was drawn before: it stays as long as the files are the same, so that no picture
 *   flickers
 * @returns {Element | null}
 */
export function attachments(message, old = null) {
  const files = message.attachments ?? [];
  if (!files.length || message.deletedAt) return null;
  const key = files.map((file) => (typeof file === "string" ? file : `${file.id}.`)).join();
  if (old?.getAttribute("data-files") === key) return old;
  const label = files.length === 1 ? "1 attachment" : `${files.length} attachments`;
  return el(
    "ul", { class: "attachments", "data-testid": "attachments", "data-files": key, "aria-label": label },
    ...files.map((file) => el("li", {}, one(file))),
  );
}

/** What a screen reader is told in the place of a text. @param {{attachments?: (Attachment | string)[]}} message */
export function spokenAttachments({ attachments: files = [] }) {
  return files.map((file) => (typeof file === "string" ? "attachment" : `attachment ${file.name}`)).join(", ");
}

/** @param {Attachment | string} file */
function one(file) {
  if (typeof file === "string")
    return el("span", { class: "attachment-file is-waiting" }, icon("attach"), el("span", {}, "Attachment"));
  return file.width && file.height ? picture(file) : line(file);
}

/** @param {Attachment} file */
function picture({ url, name, width = 1, height = 1 }) {
  const scale = Math.min(1, PICTURE_WIDTH_PX / width, PICTURE_HEIGHT_PX / height);
  // The attributes give the space its proportions; without them every row below would jump when the picture comes.
  const size = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
  return el(
    "a",
    {
      class: "attachment-picture", href: url, target: "_blank", rel: "noopener", title: name,
      "data-testid": "attachment",
    },
    el("img", { src: `${url}?preview`, alt: name, decoding: "async", ...size }),
  );
}

/** @param {Attachment} file */
function line({ url, name, size }) {
  return el(
    "a",
    { class: "attachment-file", href: url, download: name, "data-testid": "attachment" },
    icon("file"), el("bdi", { class: "truncate" }, name), el("span", { class: "attachment-size" }, sizeLabel(size)),
  );
}
