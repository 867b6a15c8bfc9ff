/**
 * Small comforts of the account pages; everything works without them.
 *
 *   data-copy="id"        a button copies that element's value or lines
 *   data-confirm="…?"     a form asks first
 *   input[type=password]  gets a button that shows what was typed
 */

import { closest, findAll } from "../pages/base/dom.js";
import "../pages/shell/sign-out.js";

const SAID_MS = 2000;

/** @param {HTMLElement} element */
function textOf(element) {
  if ("value" in element) return String(element.value);
  return Array.from(element.children, (child) => child.textContent.trim()).join("\n");
}

/** @param {HTMLElement} button */
async function copy(button) {
  const source = document.getElementById(button.dataset.copy ?? "");
  if (!source) return;
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(textOf(source));
    button.textContent = "Copied";
  } catch {
    // Not over https, or forbidden: select it, so that one key press does it.
    if (source instanceof HTMLInputElement || source instanceof HTMLTextAreaElement) source.select();
    else getSelection()?.selectAllChildren(source);
    button.textContent = "Press Ctrl+C";
  }
  setTimeout(() => (button.textContent = label), SAID_MS);
}

/** @param {HTMLInputElement} input */
function addReveal(input) {
  const box = document.createElement("div");
  box.className = "reveal";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "reveal-button";
  const show = (/** @type {boolean} */ shown) => {
    input.type = shown ? "text" : "password";
    button.textContent = shown ? "Hide" : "Show";
    button.setAttribute("aria-label", shown ? "Hide the password" : "Show the password");
    button.setAttribute("aria-pressed", String(shown));
  };
  button.addEventListener("click", () => show(input.type === "password"));
  // Otherwise browsers offer to remember what was typed as ordinary text.
  input.form?.addEventListener("submit", () => show(false));
  const focused = document.activeElement === input;
  input.replaceWith(box);
  box.append(input, button);
  show(false);
  if (focused) input.focus();
}

document.addEventListener("click", (event) => {
  const button = closest(event, "[data-copy]");
  if (button) copy(button);
});

document.addEventListener("submit", (event) => {
  const question = /** @type {HTMLFormElement} */ (event.target).dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

for (const input of findAll(document, ".field input[type=password]"))
  addReveal(/** @type {HTMLInputElement} */ (input));

// Reloading the page that shows a new token must not send its form again, nor ask again who is there: it is reached
// from there.
const secret = document.getElementById("secret");
if (secret) history.replaceState(null, "", secret.dataset.page);
