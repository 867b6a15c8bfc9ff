/**
 * Where the "New messages" line stands. It is set when the reader comes and stays while they read, or it would vanish
 * under their eyes; what arrives while they watch gets no line.
 */

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

  /** The reader turned away: the next line begins at what is unread then. @param {number} lastReadSeq */
  away(lastReadSeq) {
    this.after = lastReadSeq;
    this.held = false;
  }

  /** Marked as unread, here or in another tab. @param {number} lastReadSeq */
  back(lastReadSeq) {
    this.after = lastReadSeq;
    this.held = true;
  }
}
