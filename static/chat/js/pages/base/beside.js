/**
 * Where a small window goes: beside the button that opened it, and inside of what can be seen.
 */

const EDGE_PX = 8;

/** @param {HTMLElement} element that is shown already @param {Element} opener */
export function placeBeside(element, opener) {
  const box = opener.getBoundingClientRect();
  const { width, height } = element.getBoundingClientRect();
  const left = Math.max(EDGE_PX, Math.min(box.right - width, innerWidth - width - EDGE_PX));
  const above = box.top - height - EDGE_PX;
  const top = above > EDGE_PX ? above : Math.min(box.bottom + EDGE_PX, innerHeight - height - EDGE_PX);
  element.style.left = `${left}px`;
  element.style.top = `${Math.max(EDGE_PX, top)}px`;
}
