/**
 * Where the "New messages" line stands. It is set when the reader comes and stays while they read, or it would vanish
 * under their eyes; what arrives while they watch gets no line.
 */

import { isOpen } from "../../client/streams/stream-state.js";
import { isFromAnother } from "./timeline-items.js";

/**
 * What cannot be new to the reader: their own messages, notices, and a reply of Claude's that they asked for and that
 * is still being written. The line would else stand above the reply to their own prompt.
 * @param {readonly import("../../protocol.d.ts").Message[]} messages the newest
 * @param {{after: number, hasMore: boolean, me: {id: string}}} facts hasMore: there are older ones
 * @returns {number} seq up to which nothing is new, `after` or higher
 */
export function knownTo(messages, { after, hasMore, me }) {
  const first = messages.findLastIndex(({ seq }) => seq <= after) + 1;
  // What is not loaded may be new.
  if (first === 0 && hasMore) return after;
  const fresh = messages.slice(first);
  const unknown = fresh.findIndex((message) => isFromAnother(message, me) && !isAwaited(message, me));
  const known = unknown < 0 ? fresh : fresh.slice(0, unknown);
  return known.at(-1)?.seq ?? after;
}

/** @param {import("../../protocol.d.ts").Message} message @param {{id: string}} me */
const isAwaited = ({ reply }, me) => Boolean(reply && isOpen(reply.state) && reply.requestedBy?.id === me.id);

export class UnreadLine {
  /** The line stands above the first message after this seq. */
  after;
  /** Set by "mark unread": reading on does not count until the reader has been away. */
  held = false;

  /** @param {number} lastReadSeq */
  constructor(lastReadSeq) {
    this.after = lastReadSeq;
  }

  /** The reader sees the end. @param {number} newest seq @param {number} previous newest seq that was seen so */
  seen(newest, previous) {
    if (!this.held && this.after >= previous) this.after = newest;
  }

  /** The reader is here: what they know already gets no line. @param {number} known seq */
  know(known) {
    if (!this.held && known > this.after) this.after = known;
  }

  /** The reader turned away: the next line begins at what they have not seen by then. @param {number} seenSeq */
  away(seenSeq) {
    this.after = seenSeq;
    this.held = false;
  }

  /** Marked as unread, here or in another tab. @param {number} lastReadSeq */
  back(lastReadSeq) {
    this.after = lastReadSeq;
    this.held = true;
  }
}
