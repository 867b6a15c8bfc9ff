/**
 * The keys of the timeline: up and down among the messages, End to the newest.
 */

/** @type {Record<string, 1 | -1>} */
const STEPS = { ArrowDown: 1, ArrowUp: -1 };

/**
 * @param {HTMLElement} scroller
 * @param {{step: (by: 1 | -1) => void, toEnd: () => void}} actions
 * @param {AbortSignal} signal
 */
export function listenForSteps(scroller, { step, toEnd }, signal) {
  const key = (/** @type {KeyboardEvent} */ event) => {
    const target = /** @type {Element} */ (event.target);
    if (target.closest("textarea, .emoji-picker") || !(event.key in STEPS || event.key === "End")) return;
    if (event.key === "End") toEnd();
    else step(STEPS[event.key]);
    event.preventDefault();
  };
  scroller.addEventListener("keydown", key, { signal });
}
