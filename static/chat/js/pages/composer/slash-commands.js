/**
 * Does what is typed as a command in the composer. A text is lost in no case: one that cannot be done stays, and one
 * that failed comes back.
 */

import { readCommand } from "./command-table.js";
import { loadPageOrFail } from "../shell/offline-links.js";

export class SlashCommands {
  #options;

  /**
   * @param {{slug: string, client: import("../../client/client.js").Client, toasts: import("../base/toasts.js").Toasts,
   *   facts: () => import("./command-table.js").Facts,
   *   composer: () => import("./composer.js").Composer, draft: import("./draft-sync.js").DraftSync, signal:
   *   AbortSignal}} options signal: aborted when the room's page has ended
   */
  constructor(options) {
    this.#options = options;
  }

  /** @param {string} text @returns {string | null} the message to send; null when there is none */
  take(text) {
    const read = readCommand(text, this.#options.facts());
    if ("message" in read) return read.message;
    if ("problem" in read) this.#options.toasts.show(read.problem);
    else if (!read.command.asks || confirm(read.command.asks)) this.#run(read, text);
    return null;
  }

  /** @param {{command: import("./command-table.js").Command, argument: string}} read @param {string} text */
  async #run({ command, argument }, text) {
    const { composer, toasts } = this.#options;
    composer().write("");
    try {
      await command.run(this.#hands, argument);
    } catch (error) {
      this.#putBack(text);
      toasts.error(error);
    }
  }

  /** @returns {import("./command-table.js").Hands} */
  get #hands() {
    const { slug, client, toasts, composer } = this.#options;
    return {
      slug, request: client.request.bind(client), say: (sentence) => toasts.show(sentence),
      go: loadPageOrFail, write: (text) => composer().write(text),
    };
  }

  /** Above what was typed meanwhile. @param {string} text */
  #putBack(text) {
    const { composer, draft, signal } = this.#options;
    const whole = [text, draft.text].filter(Boolean).join("\n");
    // The text field may belong to another room by now; the draft does not.
    if (signal.aborted) draft.typed(whole);
    else composer().write(whole);
  }
}
