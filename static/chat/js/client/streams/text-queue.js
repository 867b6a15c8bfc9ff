/**
 * A text that grows, read piece by piece. Pieces that no one has fetched yet are joined, so a slow reader gets fewer.
 */

export class TextQueue {
  /** How much of the text was put in. */
  #length = 0;
  #waiting = "";
  #isOver = false;
  /** @type {Error | null} */
  #error = null;
  #wake = () => {};

  /** @param {string} piece */
  add(piece) {
    this.#length += piece.length;
    this.#waiting += piece;
    this.#wake();
  }

  /** What is new in it. @param {string} text all of it so far */
  upTo(text) {
    if (text.length > this.#length) this.add(text.slice(this.#length));
  }

  end() {
    this.#isOver = true;
    this.#wake();
  }

  /** @param {Error} error thrown to the reader after what had come before */
  fail(error) {
    this.#error ??= error;
    this.end();
  }

  /** @returns {AsyncIterableIterator<string>} */
  async *pieces() {
    for (;;) {
      if (this.#waiting) {
        const piece = this.#waiting;
        this.#waiting = "";
        yield piece;
      } else if (this.#isOver) {
        if (this.#error) throw this.#error;
        return;
      } else {
        await new Promise((wake) => (this.#wake = () => wake(undefined)));
      }
    }
  }
}
