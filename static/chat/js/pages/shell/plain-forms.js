/**
 * Small helps for the plain pages: copy buttons, questions before what cannot be undone, forms that are sent once,
 * selects that send themselves, checkboxes for all of a list, times in the reader's zone. The pages work without it.
 */

import { fullLabel, momentLabel } from "../base/dates.js";
import { closest, findAll } from "../base/dom.js";
import { onNewDay } from "../base/today.js";

const COPIED_MS = 2_000;

document.documentElement.classList.add("scripted");

function tellTimes() {
  for (const time of /** @type {NodeListOf<HTMLTimeElement>} */ (document.querySelectorAll("time[data-time]"))) {
    const ms = Number(time.dataset.time);
    time.dateTime = new Date(ms).toISOString();
    time.title = fullLabel(ms);
    time.textContent = momentLabel(ms);
  }
}

tellTimes();
onNewDay(() => {
  tellTimes();
  // What the server has counted for "today", which is a day of the world, is of yesterday now.
  const counted = findAll(document, "[data-utc-day]")[0];
  if (counted && counted.dataset.utcDay !== new Date().toISOString().slice(0, 10)) location.reload();
});

document.addEventListener("click", async (event) => {
  const button = closest(event, "[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy ?? "");
  } catch {
    // No clipboard on plain http: select it, so that the keyboard can copy.
    button.closest(".copy-box")?.querySelector("input")?.select();
    return;
  }
  const label = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = label), COPIED_MS);
});

document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

/** Two clicks must not make two rooms. Coming back to the page makes the form new. */
document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (event.defaultPrevented || !form.matches("[data-once]")) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => findAll(document, "[data-sent]").forEach((form) => delete form.dataset.sent));

document.addEventListener("change", (event) => {
  const select = /** @type {HTMLSelectElement | null} */ (closest(event, "[data-submit-on-change]"));
  select?.form?.requestSubmit(select.form.querySelector('[value="role"]'));
});

document.addEventListener("change", (event) => {
  const { form } = /** @type {HTMLInputElement} */ (event.target);
  /** @type {HTMLInputElement | null | undefined} */
  const all = form?.querySelector("[data-check-all]");
  if (!form || !all) return;
  const named = findAll(form, `input[name="${all.dataset.checkAll}"]`);
  const boxes = /** @type {HTMLInputElement[]} */ (named);
  if (event.target === all) for (const box of boxes) box.checked = all.checked;
  const checked = boxes.filter((box) => box.checked).length;
  all.checked = checked === boxes.length;
  all.indeterminate = checked > 0 && checked < boxes.length;
});
