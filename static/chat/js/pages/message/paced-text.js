/**
 * Lets a text that arrives in chunks appear evenly: thirty times a second a share of what is waiting. In a hidden page,
 * or for who wants no motion, all of it at once.
 */

/** What waits is shown within about this time: little is shown slowly, much is shown fast. */
const DRAIN_MS = 350;
/** The same when nothing more will come. */
const END_DRAIN_MS = 120;
const CHARS_AT_ONCE_AT_LEAST = 4;
/** From one drawing to the next: every other frame is left to the keys that are pressed meanwhile. */
const REST_MS = 24;
/** A hidden page gets no frames. */
const HIDDEN_MS = 500;
/** Formatting may take this share of the time, so that a long text leaves the page responsive. */
const SHARE_OF_TIME = 0.2;
const still = matchMedia("(prefers-reduced-motion: reduce)");

export class PacedText {
  #draw;
  #target = "";
  #shown = 0;
  #isFinal = false;
  #isDone = true;
  /** @type {number | null} */
  #frame = null;
  /** @type {any} */
  #timer = null;
  #lastAt = 0;
  #restUntil = 0;
  #onTurn = () => (this.#stop(), this.#next());

  /** @param {(text: string, isFinal: boolean) => void} draw */
  constructor(draw) {
    this.#draw = draw;
    document.addEventListener("visibilitychange", this.#onTurn);
  }

  /**
   * @param {string} text all of it
   * @param {boolean} isFinal
   */
  set(text, isFinal) {
    if (text === this.#target && isFinal === this.#isFinal) return;
    if (!text.startsWith(this.#target.slice(0, this.#shown))) this.#shown = 0;
    // After a pause it begins again; else the time since the last drawing counts, and in a page behind others, which
    // the browser gives a frame a second, that is all that waits.
    if (this.#isDone && performance.now() - this.#lastAt > DRAIN_MS) this.#lastAt = 0;
    this.#target = text;
    this.#isFinal = isFinal;
    this.#isDone = false;
    this.#next();
  }

  /** Shows all that is there. */
  flush() {
    this.#shown = this.#target.length;
    this.#show();
  }

  end() {
    document.removeEventListener("visibilitychange", this.#onTurn);
    this.#stop();
  }

  #stop() {
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#frame = this.#timer = null;
  }

  #next() {
    if (this.#isDone || this.#frame !== null || this.#timer !== null) return;
    const rest = this.#restUntil - performance.now();
    if (document.hidden) this.#timer = setTimeout(() => ((this.#timer = null), this.flush()), HIDDEN_MS);
    // Not a frame that does nothing: the browser would prepare that one too.
    else if (rest > 0) this.#timer = setTimeout(() => ((this.#timer = null), this.#next()), Math.ceil(rest));
    else this.#frame = requestAnimationFrame((now) => this.#step(now));
  }

  /** @param {number} now */
  #step(now) {
    this.#frame = null;
    const elapsed = this.#lastAt ? now - this.#lastAt : 16;
    this.#lastAt = now;
    const waiting = this.#target.length - this.#shown;
    const share = Math.max(
      CHARS_AT_ONCE_AT_LEAST, Math.ceil((waiting * elapsed) / (this.#isFinal ? END_DRAIN_MS : DRAIN_MS)),
    );
    this.#shown = still.matches ? this.#target.length : wholeCharacters(this.#target, this.#shown + share);
    this.#show();
    if (!this.#isDone && this.#shown < this.#target.length) this.#next();
  }

  #show() {
    const isAll = this.#shown >= this.#target.length;
    const began = performance.now();
    this.#isDone = isAll;
    this.#draw(this.#target.slice(0, this.#shown), isAll && this.#isFinal);
    const ended = performance.now();
    this.#restUntil = Math.max(began + REST_MS, ended + (ended - began) * (1 / SHARE_OF_TIME - 1));
  }
}

/** Half of a surrogate pair is not a character. @param {string} text @param {number} end */
function wholeCharacters(text, end) {
  const code = text.charCodeAt(end - 1);
  return Math.min(text.length, code >= 0xd800 && code <= 0xdbff ? end + 1 : end);
}
