/**
 * The line under a session's head: what Claude does, which model replies, whether it is the demo, and what was used.
 */

import { find } from "../base/dom.js";
import { stateWords } from "./claude-state.js";

const MILLIONTHS = 1_000_000;
/** Smaller sums are shown as less than this. */
const CENT = 0.01;
/** Made when it is first needed: that takes milliseconds. @type {Intl.NumberFormat | undefined} */
let format;

/** @param {number} tokens */
function compact(tokens) {
  format ??= new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
  return format.format(tokens);
}

export class SessionBar {
  #root;
  #parts;
  #ending = new AbortController();

  /** @param {HTMLElement} room @param {{demo: boolean, hasKey: boolean}} server what replies on this server */
  constructor(room, server) {
    const part = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (room.querySelector(selector));
    this.#root = part(".session-bar");
    this.#parts = {
      state: part(".claude-state"), words: part("[data-claude-state]"), model: part("[data-claude-model]"),
      usage: part("[data-claude-usage]"), tokens: part("[data-claude-tokens]"), cost: part("[data-claude-cost]"),
      demo: part(".demo-note"),
    };
    const demo = /** @type {HTMLDetailsElement} */ (this.#parts.demo);
    this.learn(server);
    const close = (/** @type {Event} */ event) => {
      if (demo.open && !demo.contains(/** @type {Node} */ (event.target))) demo.open = false;
    };
    document.addEventListener("pointerdown", close, { signal: this.#ending.signal });
    document.addEventListener("keydown", (event) => this.#key(event, demo), { signal: this.#ending.signal });
  }

  destroy() {
    this.#ending.abort();
  }

  /** @param {{demo: boolean, hasKey: boolean}} server */
  learn({ demo, hasKey }) {
    this.#parts.demo.hidden = !demo;
    const reason = hasKey ? "This server is set to the demo model." : "This server has no key for Claude.";
    find(this.#parts.demo, "[data-demo-reason]").textContent = reason;
  }

  /**
   * @param {import("./claude-state.js").ClaudeState} state
   * @param {{session: boolean, model: string, demo: boolean, usage: {tokens: number, cost: number}, readOnly: boolean}}
   *   facts
   */
  show(state, { session, model, demo, usage, readOnly }) {
    this.#root.hidden = !session;
    if (!session) return;
    const { runningId, failure } = state;
    const words = readOnly ? "Read only" : stateWords(state);
    put(this.#parts.words, words);
    this.#parts.state.dataset.state = runningId ? "busy" : failure ? "failed" : "ready";
    this.#parts.state.title = failure || `Claude: ${words}`;
    put(this.#parts.model, demo ? "" : model);
    put(this.#parts.tokens, `${compact(usage.tokens)} tokens · `);
    put(this.#parts.cost, costWords(usage.cost, demo));
    this.#parts.usage.hidden = !usage.tokens;
  }

  /** @param {KeyboardEvent} event @param {HTMLDetailsElement} demo */
  #key(event, demo) {
    if (event.key !== "Escape" || !demo.open) return;
    event.preventDefault();
    demo.open = false;
    find(demo, "summary").focus();
  }
}

/** @param {HTMLElement} element @param {string} text */
function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {number} cost in millionths of a dollar @param {boolean} demo */
export function costWords(cost, demo) {
  if (demo && !cost) return "free";
  const dollars = cost / MILLIONTHS;
  return dollars > 0 && dollars < CENT ? "< $0.01" : `$${dollars.toFixed(2)}`;
}
