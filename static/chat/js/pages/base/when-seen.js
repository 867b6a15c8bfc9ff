/** Work on parts of the page that is done once they come into view, when the browser has nothing else to do. */

/** So far outside of it they count as seen: few will see the change. */
const MARGIN = "400px";
/** A busy page does it all the same, after this. */
const PATIENCE_MS = 1_000;

/** @type {WeakMap<Element, () => void>} */
const waiting = new WeakMap();
/** @type {IntersectionObserver | null} */
let observer = null;

/** Safari has no idle callbacks. @param {() => void} act */
export const whenIdle = (act) => {
  const { requestIdleCallback: whenFree } = /** @type {Partial<typeof globalThis>} */ (globalThis);
  if (whenFree) whenFree(act, { timeout: PATIENCE_MS });
  else setTimeout(act, 1);
};

/** @param {Element} element @param {() => void} act instead of what was to be done with this element before */
export function whenSeen(element, act) {
  observer ??= new IntersectionObserver(look, { rootMargin: MARGIN });
  waiting.set(element, act);
  // Asked again, it looks again, also at one that has been in view all the time.
  observer.unobserve(element);
  observer.observe(element);
}

/** @param {IntersectionObserverEntry[]} entries */
function look(entries) {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    observer?.unobserve(target);
    const act = waiting.get(target);
    waiting.delete(target);
    if (act) whenIdle(act);
  }
}
