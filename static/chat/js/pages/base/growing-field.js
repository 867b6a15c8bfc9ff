/**
 * A text field as high as its text, where the browser can't do it (Safari before 26.2, Firefox).
 */

const CAN_GROW = CSS.supports("field-sizing", "content");

/**
 * @param {HTMLTextAreaElement} field its style sheet bounds the height
 * @param {AbortSignal} [signal] ends it, where the field outlives what uses it
 * @returns {() => void} call it after the text was changed by the program
 */
export function growing(field, signal) {
  if (CAN_GROW) return () => {};
  let width = -1;
  const fit = () => {
    field.style.height = "auto";
    const borders = field.offsetHeight - field.clientHeight;
    field.style.height = `${field.scrollHeight + borders}px`;
  };
  field.addEventListener("input", fit, { signal });
  // It comes into the page, or its lines break elsewhere. Its own growing changes no width.
  const observer = new ResizeObserver(() => {
    if (field.clientWidth === width) return;
    width = field.clientWidth;
    fit();
  });
  observer.observe(field);
  signal?.addEventListener("abort", () => observer.disconnect());
  return fit;
}
