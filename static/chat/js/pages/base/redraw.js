/**
 * Draws at most once a frame, however much has changed.
 */

/** A hidden page gets no animation frames, but has to stay current. */
const HIDDEN_DRAW_MS = 100;

export class Redraw {
  #draw;
  #asked = false;
  #ended = false;

  /** @param {() => void} draw */
  constructor(draw) {
    this.#draw = draw;
  }

  soon() {
    if (this.#asked) return;
    this.#asked = true;
    const run = () => this.#asked && !this.#ended && this.#draw();
    if (document.hidden) setTimeout(run, HIDDEN_DRAW_MS);
    else requestAnimationFrame(run);
  }

  /** It is being drawn now: what was asked for before is done. */
  done() {
    this.#asked = false;
  }

  end() {
    this.#ended = true;
  }
}
