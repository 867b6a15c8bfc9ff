/**
 * Keys that an input method handles (Japanese, Chinese, Korean …) mean nothing to the page: Enter takes a word, Escape
 * drops it. One rule for every field and shortcut: such a key reaches no listener. Import it before all that listens to
 * keys.
 */

/** Safari reports the key that ends a composition after the end; its key code alone says what it was. */
const HANDLED_BY_INPUT_METHOD = 229;

window.addEventListener("keydown", (event) => {
  if (!event.isComposing && event.keyCode !== HANDLED_BY_INPUT_METHOD) return;
  event.stopImmediatePropagation();
  // Else the browser would close the dialog or the list around the field.
  if (event.key === "Escape") event.preventDefault();
}, { capture: true });
