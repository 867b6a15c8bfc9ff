/**
 * The theme: light, dark or the system's, remembered in this browser and the same in all its tabs. Buttons with
 * `data-theme-choice` choose, a button with `data-theme-toggle` goes round.
 */

import { closest, findAll } from "../base/dom.js";

export const THEME_KEY = "parley.theme";
const ROUND = ["auto", "light", "dark"];
const LABELS = { auto: "Theme: as the system", light: "Theme: light", dark: "Theme: dark" };

/** @returns {"auto" | "light" | "dark"} */
export function currentTheme() {
  return /** @type {"light" | "dark" | undefined} */ (document.documentElement.dataset.theme) ?? "auto";
}

/** @param {string | null} theme */
function show(theme) {
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  for (const button of document.querySelectorAll("[data-theme-toggle]")) {
    const label = LABELS[currentTheme()];
    button.setAttribute("aria-label", label);
    button.setAttribute("title", label);
  }
  for (const button of findAll(document, "[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === currentTheme()));
  }
}

/** @param {string} theme */
export function chooseTheme(theme) {
  try {
    if (theme === "auto") localStorage.removeItem(THEME_KEY);
    else localStorage.setItem(THEME_KEY, theme);
  } catch {
    // Without storage the choice lives as long as the page.
  }
  show(theme);
}

document.addEventListener("click", (event) => {
  const button = closest(event, "[data-theme-toggle], [data-theme-choice]");
  if (!button) return;
  const next = ROUND[(ROUND.indexOf(currentTheme()) + 1) % ROUND.length];
  chooseTheme(button.dataset.themeChoice ?? next);
});

// Fires in the other tabs only.
window.addEventListener("storage", (event) => {
  if (event.key === THEME_KEY || event.key === null) show(event.newValue);
});

show(document.documentElement.dataset.theme ?? null);
