/**
 * What people do to a message: react, edit, reply, copy its link, delete, send again. A click on a `data-do` in a row
 * becomes a request.
 */

import { InlineEditor } from "../base/inline-editor.js";

/** @typedef {import("../message/message-row.js").MessageRow} MessageRow */

/**
 * The message of a row with actions that only a stored one has.
 * @param {MessageRow} row
 */
const storedIn = (row) => /** @type {import("../../protocol.d.ts").Message} */ (row.item.message);

export class MessageCommands {
  #options;
  #client;
  #ending = new AbortController();

  /**
   * @param {HTMLElement} root
   * @param {{client: import("../../client/client.js").Client, slug: string, toasts: import("../base/toasts.js").Toasts,
   *   picker: import("../base/emoji-picker.js").EmojiPicker, timeline: import("../timeline/timeline.js").Timeline,
   *   deletions: import("./deletions.js").Deletions, unfinished: import("../composer/unfinished.js").Unfinished,
   *   onReply: (message: any) => void, onUnread: (seq: number) => void,
   *   onGoTo: (seq: number) => void, onEditEnd: () => void, desk: () => import("../claude/claude-desk.js").ClaudeDesk,
   *   choice: () => import("../../protocol.d.ts").ClaudeChoice | undefined}} options
   *   choice: how Claude is to reply, where that isn't as in the room
   */
  constructor(root, options) {
    this.#options = options;
    this.#client = options.client;
    root.addEventListener("click", (event) => this.#clicked(event), { signal: this.#ending.signal });
  }

  destroy() {
    this.#ending.abort();
  }

  /** @param {MessageRow} row */
  edit(row) {
    const { id, content } = storedIn(row);
    if (this.#options.desk().isGettingReply(id))
      return this.#options.toasts.show("Claude is replying to this. Stop the reply first.");
    this.#open(row, content).focus();
  }

  /**
   * A row has been drawn: the reader may have been changing it when they went to another room, or scrolled away.
   * @param {MessageRow} row
   */
  resume(row) {
    const { id, deletedAt } = storedIn(row);
    const text = id && this.#options.unfinished.edits.get(id);
    // A prompt that waits for Claude is changed in the queue.
    if (text !== undefined && !deletedAt && row.item.mine && row.item.mayAct && !this.#options.desk().isWaiting(id))
      this.#open(row, text);
  }

  /** @param {MessageRow} row @param {string} text */
  #open(row, text) {
    const { id, content } = storedIn(row);
    const { edits } = this.#options.unfinished;
    const desk = this.#options.desk();
    const hasReply = Boolean(desk.replyToPrompt(id)) && !desk.isWaiting(id);
    edits.set(id, text);
    const editor = new InlineEditor(text, {
      onText: (typed) => edits.set(id, typed),
      onSave: async (typed, forget) => {
        if (typed !== content)
          await this.#client.request("edit_message", { message: id, content: typed, ...(forget && { forget }) });
      },
      note: hasReply ? "Claude will reply again. The earlier reply is kept, and for you what it replied to." : "",
      mayForget: hasReply,
      saveLabel: hasReply ? "Save and ask again" : "Save",
      onEnd: () => {
        edits.delete(id);
        row.endEdit();
        if (!this.#ending.signal.aborted) this.#options.onEditEnd();
      },
    });
    row.edit(editor);
    return editor;
  }

  /** A message that could not be sent: other words in its place. @param {MessageRow} row */
  #revise(row) {
    const { clientId = "", content } = row.item.message;
    const editor = new InlineEditor(content, {
      onSave: async (text) => {
        if (!this.#client.revise(clientId, text))
          throw new Error("This message was sent or discarded in the meantime.");
      },
      saveLabel: "Send",
      onEnd: () => {
        row.endEdit();
        this.#options.onEditEnd();
      },
    });
    row.edit(editor);
    editor.focus();
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const target = /** @type {Element} */ (event.target);
    const link = target.closest("[data-go-to]");
    if (link && !(event.metaKey || event.ctrlKey || event.shiftKey)) {
      event.preventDefault();
      this.#options.onGoTo(Number(link.getAttribute("data-go-to")));
      return;
    }
    const button = target.closest("[data-do]");
    const row = this.#options.timeline.rowOf(button);
    if (button && row) this.#do(button.getAttribute("data-do"), row, button);
  }

  /** @param {string | null} action @param {MessageRow} row @param {Element} button */
  #do(action, row, button) {
    const message = storedIn(row);
    const { clientId = "" } = message;
    const { deletions, picker, onReply, onUnread } = this.#options;
    /** @type {Record<string, () => unknown>} */
    const actions = {
      resend: () => this.#client.resend(clientId),
      revise: () => this.#revise(row),
      discard: () => this.#client.discard(clientId),
      react: () => picker.open(button, (emoji) => this.#react(row, emoji)),
      "toggle-reaction": () => this.#react(row, button.getAttribute("data-emoji") ?? ""),
      reply: () => onReply(message),
      edit: () => this.edit(row),
      link: () => this.#copyLink(message.seq),
      unread: () => onUnread(message.seq),
      delete: () =>
        this.#options.desk().isWaiting(message.id)
          ? this.#options.desk().withdraw(message.id)
          : deletions.ask(message.id),
      "stop-reply": () => this.#ask(this.#client.stopReply(message.id)),
      "retry-reply": () => this.#ask(this.#client.retryReply(message.id, this.#options.choice())),
      "continue-reply": () => this.#ask(this.#client.continueReply(message.id)),
      "show-version": () =>
        this.#ask(this.#client.showVersion(message.id, Number(button.getAttribute("data-version")))),
      "undo-delete": () => deletions.undo(message.id),
    };
    actions[action ?? ""]?.();
  }

  /** @param {Promise<unknown>} request whose result comes as an event too */
  #ask(request) {
    request.catch((error) => this.#options.toasts.error(error));
  }

  /** @param {MessageRow} row @param {string} emoji */
  async #react(row, emoji) {
    const message = storedIn(row);
    const { id, reactions } = message;
    const reaction = reactions?.find((each) => each.emoji === emoji);
    const mine = reaction !== undefined && this.#options.timeline.ownReactions.has(message, reaction);
    try {
      await this.#client.request(mine ? "remove_reaction" : "add_reaction", { message: id, emoji });
      this.#options.timeline.ownReactions.forget(id);
    } catch (error) {
      this.#options.toasts.error(error);
    }
  }

  /** @param {number} seq */
  async #copyLink(seq) {
    const link = new URL(`/rooms/${this.#options.slug}/?seq=${seq}`, location.href).href;
    try {
      await navigator.clipboard.writeText(link);
      this.#options.toasts.show("Link copied.");
    } catch {
      // No clipboard on plain http: show it, so that it can be copied by hand.
      this.#options.toasts.show(link, { title: "Link to this message", lasting: true });
    }
  }
}
