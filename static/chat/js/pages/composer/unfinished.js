/**
 * What is being written in each room beside the draft: files, the message to reply to, and changes of messages. It
 * lives as long as the page, and uploaded files as long as the tab: going to another room and back must lose nothing.
 */

import { PendingFiles } from "./pending-files.js";

export class Unfinished {
  files;
  /** @type {import("../../protocol.d.ts").Message | null} */
  replyTo = null;
  /** Message -> its new text, while an editor is open. @type {Map<string, string>} */
  edits = new Map();

  /** @param {string} slug @param {string} myId */
  constructor(slug, myId) {
    this.files = new PendingFiles(slug, `parley.files.${myId}.${slug}`);
  }
}

/** @type {Map<string, Unfinished>} */
const byRoom = new Map();

/** @param {string} slug @param {string} myId */
export function unfinishedIn(slug, myId) {
  for (const [other, { files, replyTo, edits }] of byRoom) {
    if (other !== slug && !files.count && !replyTo && !edits.size) byRoom.delete(other);
  }
  const known = byRoom.get(slug) ?? new Unfinished(slug, myId);
  byRoom.set(slug, known);
  return known;
}
