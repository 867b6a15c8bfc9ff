/**
 * The prompts that wait for their turn, above the composer. Their authors may still change them, or take them back.
 */

import { excerptOf, quotable } from "../../client/rooms/quotes.js";
import { el, setChildren } from "../base/dom.js";
import { InlineEditor } from "../base/inline-editor.js";
import { personName } from "../people/names.js";

/** A prompt that is next has its turn before this, unless nothing runs replies at the moment. */
const TURN_COMES_MS = 1_000;
const HAS_HAD_ITS_TURN = "Claude has begun to reply to this. Once that is done, or stopped, saving asks again.";

/** @typedef {{prompt: import("../../protocol.d.ts").Message, reply: import("../../protocol.d.ts").Message}} Waiting */

export class ReplyQueue {
  #root;
  #options;
  /** By the prompt's id. @type {Map<string, {element: HTMLElement, shown: string, editor: InlineEditor | null}>} */
  #rows = new Map();
  #title = el("p", { class: "queue-title" });
  #list = el("ol", { class: "queue-list" });
  /** Runs while a single prompt is next. @type {any} */
  #timer = null;
  #hasWaited = false;

  /**
   * @param {HTMLElement} root
   * @param {{myId: string, edits?: Map<string, string>, save: (id: string, content: string) => Promise<unknown>,
   *   withdraw: (id: string) => void,
   *   isThere: (id: string) => boolean, onEditEnd: () => void, onLeft: () => void, onDue: () => void}} options
   *   onLeft: what had the focus is gone. onDue: it wants to be shown again
   */
  constructor(root, options) {
    this.#root = root;
    this.#options = { edits: new Map(), ...options };
    root.replaceChildren(this.#title, this.#list);
  }

  destroy() {
    clearTimeout(this.#timer);
    this.#root.hidden = true;
    this.#root.replaceChildren();
  }

  /**
   * @param {readonly Waiting[]} waiting
   * @param {boolean} canWrite
   * @param {boolean} isReplying to another prompt, at this moment
   */
  show(waiting, canWrite, isReplying) {
    const hadFocus = this.#root.contains(document.activeElement);
    const ids = new Set(waiting.map(({ prompt }) => prompt.id));
    const edited = this.#keepEdited(ids);
    const isNext = waiting.length === 1 && !isReplying;
    this.#expectTurn(isNext);
    this.#root.hidden = !edited.length && (!waiting.length || (isNext && this.#root.hidden && !this.#hasWaited));
    this.#title.hidden = !waiting.length;
    const title = waiting.length > 1 ? `${waiting.length} prompts are waiting for Claude` : "Waiting for Claude";
    if (this.#title.textContent !== title) this.#title.textContent = title;
    setChildren(this.#list, [...edited, ...waiting.map(({ prompt }) => this.#row(prompt, canWrite))]);
    // Who takes a prompt back by keyboard would else stand at the top of the page.
    if (hadFocus && !this.#root.contains(document.activeElement)) this.#options.onLeft();
  }

  /**
   * A prompt whose turn is now does not open the queue: it would close again at once, and the timeline jump twice.
   * @param {boolean} isNext there is a single prompt, and nothing before it
   */
  #expectTurn(isNext) {
    if (!isNext) {
      clearTimeout(this.#timer);
      this.#timer = null;
      this.#hasWaited = false;
    } else this.#timer ??= setTimeout(() => ((this.#hasWaited = true), this.#options.onDue()), TURN_COMES_MS);
  }

  /**
   * Forgets the prompts that wait no longer, but for those whose author is changing them at this moment: what they have
   * typed would be lost, and an Escape that was meant for the editor would stop the reply.
   * @param {Set<string>} waiting
   */
  #keepEdited(waiting) {
    const edited = [];
    for (const [id, { element, editor }] of this.#rows) {
      if (waiting.has(id)) continue;
      if (editor && this.#options.isThere(id)) {
        editor.say(HAS_HAD_ITS_TURN);
        element.classList.add("had-its-turn");
        edited.push(element);
      } else this.#rows.delete(id);
    }
    return edited;
  }

  /** @param {import("../../protocol.d.ts").Message} prompt @param {boolean} canWrite */
  #row(prompt, canWrite) {
    let row = this.#rows.get(prompt.id);
    if (!row) {
      row = {
        element: el("li", { class: "queue-row", "data-testid": "waiting-prompt", "data-id": prompt.id }), shown: "",
        editor: null,
      };
      this.#rows.set(prompt.id, row);
    }
    const shown = `${prompt.change} ${canWrite}`;
    if (row.shown !== shown && !row.editor) {
      row.shown = shown;
      row.element.replaceChildren(...this.#parts(prompt, canWrite));
    }
    const text = this.#options.edits.get(prompt.id);
    // Its author was changing it when they went to another room.
    if (text !== undefined && !row.editor && canWrite) this.#edit(prompt, text);
    return row.element;
  }

  /** @param {import("../../protocol.d.ts").Message} prompt @param {boolean} canWrite */
  #parts(prompt, canWrite) {
    const mine = prompt.author?.id === this.#options.myId;
    const text = el(
      "span", { class: "queue-text truncate" },
      el("b", {}, mine ? "You" : personName(prompt.author)), " ",
      el("bdi", {}, excerptOf(quotable(prompt))),
    );
    if (!mine || !canWrite) return [text];
    const edit = () => this.#edit(prompt)?.focus();
    const withdraw = () => this.#options.withdraw(prompt.id);
    return [
      text,
      el("button", { class: "link-button", type: "button", "data-testid": "queue-edit", onclick: edit }, "Edit"),
      el(
        "button", { class: "link-button", type: "button", "data-testid": "queue-withdraw", onclick: withdraw },
        "Withdraw",
      ),
    ];
  }

  /** @param {import("../../protocol.d.ts").Message} prompt @param {string} [text] */
  #edit(prompt, text = prompt.content) {
    const row = this.#rows.get(prompt.id);
    if (!row || row.editor) return null;
    const { edits } = this.#options;
    edits.set(prompt.id, text);
    row.editor = new InlineEditor(text, {
      onText: (typed) => edits.set(prompt.id, typed),
      onSave: (typed) => (typed === prompt.content ? Promise.resolve() : this.#options.save(prompt.id, typed)),
      onEnd: () => {
        edits.delete(prompt.id);
        row.editor = null;
        row.shown = "";
        this.#options.onEditEnd();
      },
    });
    row.element.replaceChildren(row.editor.element);
    return row.editor;
  }
}
