/**
 * What the reader writes in a room: the composer with its files, commands and completion, the draft behind it, and the
 * signal that they are typing.
 */

import { AttachmentTray } from "../composer/attachments.js";
import { completionSources } from "../composer/completion-sources.js";
import { Composer } from "../composer/composer.js";
import { find } from "../base/dom.js";
import { DraftSync } from "../composer/draft-sync.js";
import { ModelMenu } from "../composer/model-menu.js";
import { isPrompt, PromptEstimate } from "../composer/prompt-estimate.js";
import { SlashCommands } from "../composer/slash-commands.js";
import { placeholder } from "./room-view.js";
import { TypingSignal } from "./typing-signal.js";

/** @typedef {import("./room-view.js").RoomView} RoomView */

export class Writing {
  #draft;
  #typing;
  #tray;
  #composer;
  #estimate;
  #menu;
  #options;

  /**
   * @param {HTMLElement} root
   * @param {import("./shared.d.ts").Shared & {slug: string, unfinished: import("../composer/unfinished.js").Unfinished,
   *   people: import("../people/room-people.js").RoomPeople, view: () => RoomView, onSent: () => void,
   *   isDemo: () => boolean, onEditLast: () => void, signal: AbortSignal}} options
   *   signal: aborted when the room is left
   */
  constructor(root, options) {
    const { client, me, toasts, contentChars: limit, slug, unfinished, people, view, onSent, onEditLast } = options;
    this.#options = options;
    this.#estimate = new PromptEstimate(find(root, ".prompt-estimate"), {
      ask: (content, attachments) =>
        client.request("estimate_prompt", { room: slug, content, attachments, ...this.#chosen }),
    });
    this.#menu = new ModelMenu(find(root, "[data-model-menu]"), {
      key: `parley.choice.${me.id}.${slug}`, list: () => client.request("list_models"),
      room: () => view().room.claude ?? {}, onChange: () => this.#tellPrice(),
    });
    this.#draft = new DraftSync({
      key: `parley.draft.${me.id}.${slug}`,
      save: ({ content, version }) => client.request("save_draft", { room: slug, content, version }),
      onText: (text) => this.#composer.setText(text), limit,
    });
    this.#typing = new TypingSignal((typing) => client.send("typing", { room: slug, typing }));
    this.#tray = new AttachmentTray(root, {
      files: unfinished.files, toasts, onChange: () => this.#composer?.filesChanged(),
      forClaude: view().room.kind === "session",
    });
    const commands = new SlashCommands({
      ...options, facts: view, composer: () => this.#composer, draft: this.#draft,
    });
    this.#composer = new Composer(find(root, ".composer", HTMLFormElement), {
      limit, sources: completionSources(() => ({ ...view(), people, myId: me.id })),
      onText: (text) => (this.#draft.typed(text), this.#typing.typed(text.trim() !== ""), this.#tellPrice()),
      takeCommand: (text) => commands.take(text),
      onSend: (content, replyTo, attachments) => {
        this.#typing.stop();
        client.post(slug, content, { replyTo, attachments, ...this.#chosen });
        this.#draft.sent();
        onSent();
      },
      tray: () => this.#tray, unfinished, onEditLast, onBlur: () => this.#typing.stop(),
    });
  }

  /** @param {import("../../protocol.d.ts").Draft | null} draft that the page came with */
  start(draft) {
    this.#draft.start(draft);
  }

  destroy() {
    this.#draft.end();
    this.#typing.stop();
    this.#composer.destroy();
    this.#tray.destroy();
    this.#estimate.destroy();
    this.#menu.destroy();
  }

  /** What was chosen of Claude for the next prompts, as a request has it. */
  get #chosen() {
    return this.choice && { claude: this.choice };
  }

  /** What was chosen of Claude for the next prompts, if anything was. */
  get choice() {
    return this.#menu.choice;
  }

  /** The page goes away, perhaps for good. */
  flush() {
    this.#draft.flush();
  }

  /**
   * News of the draft, from another tab or a fresh join.
   * @param {import("../../protocol.d.ts").Draft | null} draft
   */
  hear(draft) {
    this.#draft.hear(draft);
  }

  /** The room is joined again. */
  resume() {
    this.#draft.resume();
  }

  /**
   * @param {RoomView} view
   * @param {string} title
   * @param {import("../claude/claude-desk.js").ClaudeDesk["stop"]} stop
   */
  show(view, title, stop) {
    this.#composer.setEnabled(!view.readOnly, placeholder(view, title));
    this.#composer.setStop(stop);
    this.#tellPrice();
  }

  #tellPrice() {
    const { view, isDemo } = this.#options;
    const { messages, callsClaude, readOnly } = view();
    const isOff = isDemo() || Boolean(readOnly);
    this.#estimate.show(this.#composer.text, {
      attachments: this.#tray.ids, callsClaude, isOff, seq: messages.at(-1)?.seq ?? 0,
      chosen: JSON.stringify(this.choice ?? {}),
    });
    this.#menu.show(!isOff && (!callsClaude || isPrompt(this.#composer.text, callsClaude)));
  }

  focus() {
    this.#composer.focus();
  }

  /** More people are known: the name that is being typed may be among them. */
  complete() {
    this.#composer.complete();
  }

  /** @param {import("../../protocol.d.ts").Message} message */
  replyTo(message) {
    this.#composer.setReply(message);
  }
}
