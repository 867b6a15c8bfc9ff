/**
 * Blocks of code: the name of the language, a button that copies, colors. The same for those that are streamed and
 * those that the server has rendered, which come without colors, or with an older version's.
 */

import { el } from "../base/dom.js";
import { whenSeen } from "../base/when-seen.js";

/** Longer ones stay in one color. */
const HIGHLIGHTED_CHARS_AT_MOST = 20_000;
const LANGUAGE_CHARS = 24;
/** Longer code grows in parts with boxes of their own: a new line then lays out the last part, not all of it. */
const PART_CHARS = 8_000;
const COPIED_MS = 2_000;

export class CodeBlock {
  #language;
  #text = "";
  /** What grows. @type {Text | null} */
  #last = null;
  #code;
  #isHighlighted = false;
  element;

  /** @param {string} language @param {string} text */
  static create(language, text) {
    const code = el("code", language ? { class: `language-${language}` } : {});
    const block = new CodeBlock(language, el("pre", {}, code));
    block.setText(text);
    return block;
  }

  /** @param {string} language as it was written @param {HTMLElement} pre with its <code> in it */
  constructor(language, pre) {
    this.#language = language;
    this.#code = /** @type {HTMLElement} */ (pre.querySelector("code"));
    // It may scroll sideways, which the keyboard must be able to do, too.
    pre.setAttribute("tabindex", "0");
    this.element = el("div", { class: "code-block" }, head(language), pre);
  }

  /** @param {string} text */
  setText(text) {
    if (text === this.#text) return;
    const grows = !this.#isHighlighted && this.#last && text.startsWith(this.#text);
    if (!grows) this.#code.replaceChildren((this.#last = document.createTextNode("")));
    this.#append(grows ? text.slice(this.#text.length) : text);
    this.#isHighlighted = false;
    this.#text = text;
  }

  /** @param {string} more */
  #append(more) {
    for (let rest = more; rest; ) {
      let last = /** @type {Text} */ (this.#last);
      const room = PART_CHARS - last.length;
      if (room <= 0 && last.data.endsWith("\n")) {
        this.#last = last = document.createTextNode("");
        this.#code.append(el("span", { class: "code-part" }, last));
        continue;
      }
      const end = room >= rest.length ? rest.length : rest.indexOf("\n", Math.max(0, room - 1)) + 1 || rest.length;
      last.appendData(rest.slice(0, end));
      rest = rest.slice(end);
    }
  }

  /** The text is in the page already. */
  adopt() {
    this.#text = this.#code.textContent ?? "";
    this.highlight();
  }

  /** All of it is here: it gets its colors once it is in view. */
  highlight() {
    if (this.#isHighlighted || !this.#language || !this.#text || this.#text.length > HIGHLIGHTED_CHARS_AT_MOST) return;
    whenSeen(/** @type {Element} */ (this.#code.parentElement), () => this.#color(this.#text));
  }

  /** @param {string} text */
  async #color(text) {
    try {
      const { highlighted } = await import("./highlighting.js");
      if (this.#isHighlighted) return;
      if (!this.#code.isConnected) return this.highlight();
      const pieces = await highlighted(text, this.#language);
      if (!pieces || text !== this.#text || this.#isHighlighted) return;
      // New nodes would end the selection of a person who is about to copy it.
      if (isSelected(this.#code))
        return document.addEventListener("selectionchange", () => this.highlight(), { once: true });
      this.#code.replaceChildren(...pieces);
      this.#last = null;
      this.#isHighlighted = true;
    } catch {
      // Offline, or a new version of the site: it stays in one color.
    }
  }
}

/** @param {Element} element */
function isSelected(element) {
  const selection = document.getSelection();
  return Boolean(selection && !selection.isCollapsed && selection.containsNode(element, true));
}

/** @param {string} language */
function head(language) {
  const copy = el(
    "button",
    {
      type: "button", class: "code-copy", "data-do": "copy-code", "data-testid": "code-copy",
      "aria-label": "Copy code",
    },
    "Copy",
  );
  return el(
    "div", { class: "code-head" }, el("span", { class: "code-language" }, language.slice(0, LANGUAGE_CHARS)), copy,
  );
}

/** Gives what the server has rendered the same heads. @param {HTMLElement} root */
export function dressCodeBlocks(root) {
  for (const pre of root.querySelectorAll("pre")) {
    if (pre.closest(".code-block")) continue;
    const language = /(?:^|\s)language-(\S+)/.exec(pre.firstElementChild?.className ?? "")?.[1] ?? "";
    const place = document.createComment("");
    pre.replaceWith(place);
    const block = new CodeBlock(language, /** @type {HTMLElement} */ (pre));
    place.replaceWith(block.element);
    block.adopt();
  }
}

/** @param {Element} button */
export async function copyCode(button) {
  const code = button.closest(".code-block")?.querySelector("code")?.textContent ?? "";
  // The line end of the last line belongs to the block: pasted into a shell, it would run what was only to be looked
  // at.
  await copy(code.replace(/\n$/, ""), button);
}

/**
 * @param {string} text
 * @param {Element} button says for a moment that it is done
 */
export async function copy(text, button) {
  let said = "Copied";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    said = copyBySelection(text) ? "Copied" : "Not copied";
  }
  const before = button.getAttribute("data-words") ?? button.textContent ?? "";
  button.setAttribute("data-words", before);
  button.textContent = said;
  setTimeout(() => (button.textContent = before), COPIED_MS);
}

/** There is no clipboard object on plain http. @param {string} text */
function copyBySelection(text) {
  const area = el("textarea", { class: "visually-hidden", readonly: true, "aria-hidden": "true", tabindex: "-1" });
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  /** @type {HTMLTextAreaElement} */ (area).value = text;
  document.body.append(area);
  /** @type {HTMLTextAreaElement} */ (area).select();
  const done = document.execCommand("copy");
  area.remove();
  focused?.focus({ preventScroll: true });
  return done;
}
