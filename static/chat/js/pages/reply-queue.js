/**
 * The prompts that wait for their turn, above the composer. Their authors may still change them, or take them back.
 */

import { el, setChildren } from "./dom.js";
import { InlineEditor } from "./inline-editor.js";
import { personName } from "./names.js";

const EXCERPT_CHARS = 160;

/** @typedef {{prompt: import("../types.js").Message, answer: import("../types.js").Message}} Waiting */

export class ReplyQueue {
  #root;
  #options;
  /** By the prompt's id. @type {Map<string, {element: HTMLElement, shown: string, editor: InlineEditor | null}>} */
  #rows = new Map();
  #title = el("p", { class: "queue-title" });
  #list = el("ol", { class: "queue-list" });

  /**
   * @param {HTMLElement} root
   * @param {{myId: string, save: (id: string, content: string) => Promise<unknown>, withdraw: (id: string) => void,
   *   onEditEnd: () => void}} options
   */
  constructor(root, options) {
    this.#root = root;
    this.#options = options;
    root.replaceChildren(this.#title, this.#list);
  }

  destroy() {
    this.#root.hidden = true;
    this.#root.replaceChildren();
  }

  /** @param {readonly Waiting[]} waiting @param {boolean} canWrite */
  show(waiting, canWrite) {
    const ids = new Set(waiting.map(({ prompt }) => prompt.id));
    for (const id of this.#rows.keys()) if (!ids.has(id)) this.#rows.delete(id);
    this.#root.hidden = !waiting.length;
    if (!waiting.length) return this.#list.replaceChildren();
    const title = waiting.length > 1 ? `${waiting.length} prompts are waiting for Claude` : "Waiting for Claude";
    if (this.#title.textContent !== title) this.#title.textContent = title;
    setChildren(this.#list, waiting.map(({ prompt }) => this.#row(prompt, canWrite)));
  }

  /** @param {import("../types.js").Message} prompt @param {boolean} canWrite */
  #row(prompt, canWrite) {
    let row = this.#rows.get(prompt.id);
    if (!row) {
      row = { element: el("li", { class: "queue-row", "data-testid": "waiting-prompt", "data-id": prompt.id }), shown: "", editor: null };
      this.#rows.set(prompt.id, row);
    }
    const shown = `${prompt.change} ${canWrite}`;
    if (row.shown !== shown && !row.editor) {
      row.shown = shown;
      row.element.replaceChildren(...this.#parts(prompt, canWrite));
    }
    return row.element;
  }

  /** @param {import("../types.js").Message} prompt @param {boolean} canWrite */
  #parts(prompt, canWrite) {
    const mine = prompt.author?.id === this.#options.myId;
    const text = el(
      "span", { class: "queue-text truncate" },
      el("b", {}, mine ? "You" : personName(prompt.author)), " ",
      el("bdi", {}, prompt.content.slice(0, EXCERPT_CHARS)),
    );
    if (!mine || !canWrite) return [text];
    const edit = () => this.#edit(prompt);
    const withdraw = () => this.#options.withdraw(prompt.id);
    return [
      text,
      el("button", { class: "link-button", type: "button", "data-testid": "queue-edit", onclick: edit }, "Edit"),
      el("button", { class: "link-button", type: "button", "data-testid": "queue-withdraw", onclick: withdraw }, "Withdraw"),
    ];
  }

  /** @param {import("../types.js").Message} prompt */
  #edit(prompt) {
    const row = this.#rows.get(prompt.id);
    if (!row || row.editor) return;
    row.editor = new InlineEditor(prompt.content, {
      onSave: (text) => (text === prompt.content ? Promise.resolve() : this.#options.save(prompt.id, text)),
      onEnd: () => {
        row.editor = null;
        row.shown = "";
        this.#options.onEditEnd();
      },
    });
    row.element.replaceChildren(row.editor.element);
    row.editor.focus();
  }
}
