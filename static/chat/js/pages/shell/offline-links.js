/**
 * Without a network a click on another page would put the browser's error page in the place of this one, and lose what
 * is written and attached here.
 */

const WORDS = "You're offline. Try again when you're connected.";

/** @param {import("../base/toasts.js").Toasts} toasts */
export function keepPageWhileOffline(toasts) {
  const keep = (/** @type {Event} */ event) => {
    event.preventDefault();
    toasts.show(WORDS, { kind: "error" });
  };
  document.addEventListener("click", (event) => leadsAway(event) && keep(event));
  document.addEventListener("submit", (event) => isOffline() && !event.defaultPrevented && keep(event));
}

/** Loads a page, if it can be loaded. @param {string | URL} href @param {import("../base/toasts.js").Toasts} toasts */
export function loadPage(href, toasts) {
  if (isOffline()) toasts.show(WORDS, { kind: "error" });
  else location.assign(href);
}

/** The same for a command, which keeps its words where it failed. @param {string} href */
export function loadPageOrFail(href) {
  if (isOffline()) throw new Error(WORDS);
  location.assign(href);
}

/** "On line" may be wrong; "off line" is certain. */
const isOffline = () => navigator.onLine === false;

/** @param {MouseEvent} event */
function leadsAway(event) {
  if (!isOffline() || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey)
    return false;
  const link = /** @type {Element} */ (event.target).closest("a[href]");
  if (
    !(link instanceof HTMLAnchorElement) ||
    link.origin !== location.origin ||
    link.target ||
    link.hasAttribute("download")
  )
    return false;
  return link.pathname + link.search !== location.pathname + location.search || !link.hash;
}
