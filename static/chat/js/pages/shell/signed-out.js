/**
 * A page whose reader is signed out shows nothing of theirs: the next person at this computer would read it.
 */

/** A new password ends the connection, too, and a new one opens soon: until then the page is only hidden. */
const REMOVED_AFTER_MS = 5_000;
const SHOWS_THE_READER = "#main, #sidebar, .toasts, #speaker, dialog, .emoji-picker";

export class SignedOut {
  /** @type {any} */
  #timer = null;

  /** @param {boolean | undefined} isSignedOut */
  show(isSignedOut) {
    document.documentElement.toggleAttribute("data-signed-out", Boolean(isSignedOut));
    if (isSignedOut) this.#timer ??= setTimeout(() => this.#remove(), REMOVED_AFTER_MS);
    else {
      clearTimeout(this.#timer);
      this.#timer = null;
    }
  }

  #remove() {
    for (const element of document.querySelectorAll(SHOWS_THE_READER)) element.remove();
    for (const data of document.querySelectorAll('script[type="application/json"]')) data.remove();
    document.title = "Parley";
  }
}
