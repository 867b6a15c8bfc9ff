/**
 * Completes what is typed after a sign: people after `@`, emoji after `:`, commands after `/`. A listbox that the text
 * field controls.
 */

import { el, setAttribute } from "../base/dom.js";

const SHOWN_AT_MOST = 8;

/**
 * @typedef {object} Source
 * @property {RegExp} pattern what stands before the caret; its first group is what was typed after the sign
 * @property {(typed: string) => {mark: Node, label: string, hint?: string, text: string}[]} find
 */

export class Completion {
  #input;
  #list;
  #sources;
  /** @type {{text: string}[]} */
  #choices = [];
  #at = 0;
  /** Length of what a choice replaces, sign included. */
  #typed = 0;

  /** @param {HTMLTextAreaElement} input @param {HTMLElement} list @param {Source[]} sources */
  constructor(input, list, sources) {
    this.#input = input;
    this.#list = list;
    this.#sources = sources;
  }

  get open() {
    return this.#choices.length > 0;
  }

  update() {
    const { selectionStart, selectionEnd, value } = this.#input;
    this.close();
    if (selectionStart !== selectionEnd) return;
    const before = value.slice(0, selectionStart);
    for (const { pattern, find } of this.#sources) {
      const match = pattern.exec(before);
      if (!match) continue;
      const choices = find(match[1]).slice(0, SHOWN_AT_MOST);
      // A name that is typed out needs no completing, and Enter has to send it.
      const complete = choices.some(({ text }) => text.length === match[1].length + 1 && before.endsWith(text));
      return complete ? undefined : this.#show(choices, match[1].length + 1);
    }
  }

  /** @param {{mark: Node, label: string, hint?: string, text: string}[]} choices @param {number} typed */
  #show(choices, typed) {
    this.#choices = choices;
    this.#typed = typed;
    this.#list.replaceChildren(
      ...choices.map(({ mark, label, hint }, at) =>
        el(
          "li",
          // The field keeps the focus. Chosen at the click: a finger that only scrolls chooses nothing, and the list is
          // still there when the click comes, which would else go to the message behind it.
          {
            class: "completion-option", role: "option", id: `completion-${at}`,
            onmousedown: (/** @type {MouseEvent} */ event) => event.preventDefault(),
            onclick: () => this.#choose(at),
          },
          mark, el("bdi", {}, label), hint && el("span", { class: "faint truncate", dir: "auto" }, hint),
        ),
      ),
    );
    this.#list.hidden = !choices.length;
    this.#select(0);
  }

  close() {
    this.#choices = [];
    this.#list.hidden = true;
    setAttribute(this.#input, "aria-activedescendant", null);
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key was for the list */
  key(event) {
    if (!this.open) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.#select(this.#at + step);
    else if (event.key === "Enter" || event.key === "Tab") this.#choose(this.#at);
    else if (event.key === "Escape") this.close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  /** @param {number} at */
  #select(at) {
    if (!this.#choices.length) return;
    this.#at = (at + this.#choices.length) % this.#choices.length;
    [...this.#list.children].forEach((option, index) =>
      option.setAttribute("aria-selected", String(index === this.#at)),
    );
    this.#list.children[this.#at].scrollIntoView({ block: "nearest" });
    this.#input.setAttribute("aria-activedescendant", `completion-${this.#at}`);
  }

  /** @param {number} at */
  #choose(at) {
    const caret = this.#input.selectionStart;
    const { text } = this.#choices[at];
    this.close();
    this.#input.setRangeText(`${text} `, caret - this.#typed, caret, "end");
    this.#input.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
