/**
 * Which model replies to the next prompts, with how much effort, and whether it thinks first: a small window at the
 * composer. What is chosen is the reader's own: it is kept in this browser, for this room, until it is taken back.
 */

import { placeBeside } from "../base/beside.js";
import { el } from "../base/dom.js";

/** @typedef {import("../../protocol.d.ts").ClaudeChoice} Choice */
/** @typedef {import("../../protocol.d.ts").OfferedModel} OfferedModel */
/** @typedef {Choice["effort"]} Effort */

/** `claude-opus-5-5`, perhaps with a day, is called Opus 5.5. */
const CLAUDE = /^claude-([a-z]+)-(\d+)(?:-(\d{1,2}))?(?:-\d{8})?$/;

/** @param {string} id @returns {string} a model's name, as short as it can be */
export function modelName(id) {
  const [, family, major, minor] = CLAUDE.exec(id) ?? [];
  if (!family) return id;
  return `${family[0].toUpperCase()}${family.slice(1)} ${minor ? `${major}.${minor}` : major}`;
}

/**
 * @param {Choice} choice
 * @param {Choice} room what the room has
 * @returns {string} what the button says
 */
export function choiceWords(choice, room) {
  const words = [modelName(choice.model || room.model || "Model")];
  if (choice.effort) words.push(`${choice.effort} effort`);
  if (choice.thinking) words.push(choice.thinking === "off" ? "no thinking" : "thinking");
  return words.join(" · ");
}

export class ModelMenu {
  #button;
  #options;
  #form = el("form");
  #window = el("div", {
    class: "model-menu", popover: "auto", role: "dialog", "aria-label": "How Claude replies to your next prompts",
    "data-testid": "model-menu",
  }, this.#form);
  /** @type {OfferedModel[]} */
  #models = [];
  /** @type {Choice} */
  #choice;
  #ending = new AbortController();

  /**
   * @param {HTMLElement} button
   * @param {{key: string, list: () => Promise<{models: OfferedModel[]}>, room: () => Choice, onChange: () => void}}
   *   options key: under which the choice is kept
   */
  constructor(button, options) {
    this.#button = button;
    this.#options = options;
    this.#choice = read(options.key);
    const { signal } = this.#ending;
    button.addEventListener("click", () => this.#toggle(), { signal });
    this.#window.addEventListener("change", () => this.#chosen());
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    this.#window.addEventListener("toggle", (event) => this.#toggled(/** @type {ToggleEvent} */ (event).newState));
    addEventListener("storage", ({ key }) => key === options.key && this.#take(read(options.key)), { signal });
    document.body.append(this.#window);
  }

  destroy() {
    this.#ending.abort();
    this.#window.remove();
    this.#button.hidden = true;
  }

  /** What was chosen, if anything was. */
  get choice() {
    return Object.keys(this.#choice).length ? this.#choice : undefined;
  }

  /** @param {boolean} isShown */
  show(isShown) {
    if (this.#button.hidden === isShown) this.#button.hidden = !isShown;
    const words = choiceWords(this.#choice, this.#options.room());
    if (this.#button.textContent === words) return;
    this.#button.textContent = words;
    this.#button.setAttribute("aria-label", `Model: ${words}`);
  }

  async #toggle() {
    if (this.#window.matches(":popover-open")) return this.#window.hidePopover();
    this.#form.replaceChildren(el("p", { class: "model-menu-note" }, "Asking for the models …"));
    this.#open();
    try {
      this.#models = (await this.#options.list()).models;
      this.#draw();
    } catch {
      const note = "The models can't be listed right now. Try again when you're connected.";
      this.#form.replaceChildren(el("p", { class: "model-menu-note", role: "alert" }, note));
    }
    placeBeside(this.#window, this.#button);
  }

  #open() {
    this.#window.showPopover();
    placeBeside(this.#window, this.#button);
  }

  /** @param {string} state */
  #toggled(state) {
    const isOpen = state === "open";
    this.#button.setAttribute("aria-expanded", String(isOpen));
    const focused = document.activeElement;
    const isNowhere = !focused || focused === document.body || this.#window.contains(focused);
    if (!isOpen && isNowhere) this.#button.focus({ preventScroll: true });
  }

  #draw() {
    const room = this.#options.room();
    const { model = "", effort = "", thinking = "" } = this.#choice;
    const chosen = this.#models.find(({ id }) => id === (model || room.model));
    const efforts = chosen?.efforts ?? [];
    const roomsOwn = `As in this room (${modelName(room.model ?? "")})`;
    this.#form.replaceChildren(
      group("Model", "model", model, [
        ["", roomsOwn], ...this.#models.map(({ id, name, warning }) => [id, name.replace(/^Claude /, ""), warning]),
      ]),
      efforts.length
        ? group("Effort", "effort", effort, [["", `As in this room${room.effort ? ` (${room.effort})` : ""}`],
          ...efforts.map((each) => [each, each])])
        : "",
      chosen?.canSkipThinking
        ? group("Thinking", "thinking", thinking, [
          ["", `As in this room${room.thinking ? ` (${room.thinking})` : ""}`], ["on", "on"], ["off", "off"],
        ])
        : "",
      el("p", { class: "model-menu-note" }, "For your prompts in this room, in this browser."),
    );
    const current = this.#window.querySelector("input:checked") ?? this.#window.querySelector("input");
    /** @type {HTMLElement | null} */ (current)?.focus();
  }

  #chosen() {
    const found = new FormData(this.#form);
    const focused = /** @type {HTMLInputElement} */ (document.activeElement);
    const { name, value } = focused;
    const chosen = [...found].filter(([, each]) => each !== "");
    this.#take(/** @type {Choice} */ (Object.fromEntries(chosen)));
    keep(this.#options.key, this.#choice);
    // Another model has other efforts: what it doesn't take goes.
    this.#draw();
    /** @type {HTMLElement | null} */ (this.#window.querySelector(
      `input[name="${name}"][value="${CSS.escape(value)}"]`,
    ))?.focus();
    placeBeside(this.#window, this.#button);
  }

  /** @param {Choice} choice */
  #take(choice) {
    this.#choice = choice;
    this.#options.onChange();
  }
}

/**
 * @param {string} label
 * @param {string} name
 * @param {string} current
 * @param {(string | undefined)[][]} choices value, words, and a warning
 */
function group(label, name, current, choices) {
  return el(
    "fieldset", { class: "model-menu-group", "data-group": name },
    el("legend", {}, label),
    ...choices.map(([value = "", words = "", warning]) =>
      el(
        "label", {},
        el("input", { type: "radio", name, value, checked: value === current }),
        el("span", {}, words, warning ? el("small", {}, warning) : ""),
      ),
    ),
  );
}

/** @param {string} key @returns {Choice} */
function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "{}");
  } catch {
    return {}; // storage is forbidden, or someone else wrote there
  }
}

/** @param {string} key @param {Choice} choice */
function keep(key, choice) {
  try {
    if (Object.keys(choice).length) localStorage.setItem(key, JSON.stringify(choice));
    else localStorage.removeItem(key);
  } catch {
    // It holds for this tab.
  }
}
