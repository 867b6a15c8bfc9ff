/**
 * Editing a message in its place: Enter saves (for a finger, the button does), Escape leaves it as it was.
 */

import { el } from "./dom.js";
import { growing } from "./growing-field.js";
import { sends } from "./send-key.js";
import { wellFormed } from "../../client/connection/frame-text.js";

export class InlineEditor {
  #text;
  #options;
  #problem = el("p", { class: "field-errors", role: "alert", hidden: true });
  #note = el("p", { class: "inline-edit-note", "data-testid": "edit-note", role: "status" });
  #saving = false;
  #forget;
  element;

  /**
   * @param {string} content
   * @param {{onSave: (content: string, forget: boolean) => Promise<unknown>, onEnd: () => void,
   *   onText?: (content: string) => void,
   *   note?: string, saveLabel?: string, mayForget?: boolean}} options note: what saving brings about, if that is more
   *   than another text. mayForget: offer to
   *   delete what it said before
   */
  constructor(content, options) {
    this.#options = options;
    this.#text = el("textarea", {
      "aria-label": "Edit the message", dir: "auto", "data-testid": "edit-input", rows: "1",
    });
    this.#text.value = content;
    growing(this.#text);
    this.#text.addEventListener("keydown", (event) => this.#key(event));
    this.#text.addEventListener("input", () => options.onText?.(this.#text.value));
    const save = el(
      "button",
      {
        class: "button button-primary button-small", type: "button", "data-testid": "edit-save",
        onclick: () => this.#save(),
      },
      options.saveLabel ?? "Save",
    );
    const leave = el(
      "button", { class: "button button-quiet button-small", type: "button", onclick: () => this.cancel() },
      "Cancel",
    );
    this.#forget = el("input", { type: "checkbox", "data-testid": "edit-forget" });
    const forget =
      options.mayForget && el("label", { class: "inline-edit-note cluster" }, this.#forget, "Delete the old text");
    this.say(options.note ?? "");
    this.element = el(
      "div", { class: "inline-edit" }, this.#text, this.#note, ...(forget ? [forget] : []), this.#problem,
      el("div", { class: "cluster" }, save, leave),
    );
  }

  /** What saving brings about by now. @param {string} note */
  say(note) {
    if (this.#note.textContent !== note) this.#note.textContent = note;
    this.#note.hidden = !note;
  }

  focus() {
    this.#text.focus();
    this.#text.setSelectionRange(this.#text.value.length, this.#text.value.length);
  }

  cancel() {
    this.#options.onEnd();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    event.stopPropagation();
    if (event.key === "Escape") this.cancel();
    else if (sends(event)) this.#save();
    else return;
    event.preventDefault();
  }

  async #save() {
    const content = wellFormed(this.#text.value);
    if (this.#saving || !content.trim()) return;
    this.#saving = true;
    try {
      await this.#options.onSave(content, this.#forget.checked);
      this.#options.onEnd();
    } catch (error) {
      this.#problem.textContent = /** @type {Error} */ (error).message;
      this.#problem.hidden = false;
    } finally {
      this.#saving = false;
    }
  }
}
