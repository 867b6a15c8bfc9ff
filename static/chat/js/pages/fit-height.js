/**
 * Fits a text area to its text where the browser can't do it by itself (`field-sizing`): WebKit and Firefox.
 */

/** @param {HTMLTextAreaElement} area its style sheet bounds the height */
export function fitHeight(area) {
  if (CSS.supports("field-sizing", "content")) return;
  const { borderTopWidth, borderBottomWidth } = getComputedStyle(area);
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + parseFloat(borderTopWidth) + parseFloat(borderBottomWidth)}px`;
}
