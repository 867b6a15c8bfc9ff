/**
 * Everything around a room's messages that concerns Claude: its state, the queue, stopping it, what was used.
 */

import { isOpen } from "../../client/streams/stream-state.js";
import { replyToPrompt, claudeState, stateWords } from "./claude-state.js";
import { find } from "../base/dom.js";
import { WIDE } from "../people/people-panel.js";
import { ReplyQueue } from "./reply-queue.js";
import { SessionBar } from "./session-bar.js";

/** Replies that end together ask once; and not all tabs ask in the same moment. */
const USAGE_DELAY_MS = 600;
const USAGE_SPREAD_MS = 1_500;
/** Where Escape has a meaning of its own: it must not stop anything as well. */
const HAS_ITS_OWN_ESCAPE = "dialog[open], :popover-open, body[data-drawer=open], .inline-edit, .demo-note[open]";

/**
 * @typedef {object} ClaudeFacts what the server put into the page
 * @property {{demo: boolean, hasKey: boolean}} claude what replies on this server
 * @property {{tokens: number, cost: number}} usage of Claude in this room
 */

export class ClaudeDesk {
  #options;
  #bar;
  #queue;
  #usage;
  #server;
  /** Id of the reply that was asked to stop: until it has ended, the button says so. @type {string | null} */
  #stopping = null;
  /** @type {any} */
  #usageTimer = null;
  /** Replies seen open: when one of them has ended, something was used. @type {Set<string>} */
  #open = new Set();
  #ending = new AbortController();
  /** @type {readonly import("../../protocol.d.ts").Message[]} */
  #messages = [];
  #readOnly = false;
  state = claudeState([], []);

  /**
   * @param {HTMLElement} root
   * @param {{slug: string, client: import("../../client/client.js").Client, me: {id: string},
   *   toasts: import("../base/toasts.js").Toasts,
   *   unfinished: {edits: Map<string, string>}, facts: ClaudeFacts, onChange: () => void, onEditEnd: () => void}}
   *   options unfinished: edits: message -> its new text, while an editor is open
   */
  constructor(root, options) {
    this.#options = options;
    this.#usage = options.facts.usage;
    this.#server = options.facts.claude;
    this.#bar = new SessionBar(root, options.facts.claude);
    this.#queue = new ReplyQueue(find(root, ".reply-queue"), {
      myId: options.me.id, edits: options.unfinished.edits,
      save: (message, content) => options.client.request("edit_message", { message, content }),
      withdraw: (id) => this.withdraw(id),
      isThere: (id) => this.#messages.some((message) => message.id === id && !message.deletedAt),
      onEditEnd: () => (options.onChange(), options.onEditEnd()),
      onLeft: options.onEditEnd,
      onDue: options.onChange,
    });
    document.addEventListener("keydown", (event) => this.#key(event), { signal: this.#ending.signal });
  }

  destroy() {
    clearTimeout(this.#usageTimer);
    this.#ending.abort();
    this.#queue.destroy();
    this.#bar.destroy();
  }

  /** What was missing when the page was opened. @param {ClaudeFacts} facts */
  learn({ usage, claude }) {
    this.#usage = usage;
    this.#server = claude;
    this.#bar.learn(claude);
  }

  /**
   * @param {{room: import("../../protocol.d.ts").Room, messages: readonly import("../../protocol.d.ts").Message[],
   *   readOnly: string}} view readOnly: why nothing can be written, or ""
   */
  show(view) {
    const { room, messages, readOnly } = view;
    const { client, slug } = this.#options;
    this.#messages = messages;
    this.#readOnly = Boolean(readOnly);
    this.state = claudeState(messages, client.streams(slug));
    if (this.#stopping !== this.state.stoppableId) this.#stopping = null;
    this.#noticeEnds(messages);
    this.#bar.show(this.state, {
      session: room.kind === "session", model: room.claude?.model ?? "", demo: this.#server.demo,
      usage: this.#usage, readOnly: Boolean(readOnly),
    });
    this.#queue.show(this.state.waiting, !readOnly, this.state.runningId !== null);
  }

  /** Does the demo model reply here? It costs nothing. */
  get isDemo() {
    return this.#server.demo;
  }

  /** A delta has come. Only the first words of a reply change what is said here. */
  hearStream() {
    const next = claudeState(this.#messages, this.#options.client.streams(this.#options.slug));
    if (stateWords(next) !== stateWords(this.state)) this.#options.onChange();
  }

  /** What the composer shows in the place of Send. */
  get stop() {
    if (!this.state.stoppableId || this.#readOnly) return null;
    return { stopping: this.#stopping !== null, onStop: () => this.#stop() };
  }

  /** Claude's reply to a message, if it was asked for one. @param {string} promptId */
  replyToPrompt(promptId) {
    return replyToPrompt(this.#messages, promptId);
  }

  /**
   * Is the reply to this message being written? Then the message can be neither changed nor taken back.
   * @param {string} promptId
   */
  isGettingReply(promptId) {
    return this.replyToPrompt(promptId)?.reply.state === "running";
  }

  /**
   * The same of the prompt, and of the reply itself.
   * @param {{id?: string, reply?: import("../../protocol.d.ts").Reply}} message
   */
  isBusyWith({ id, reply }) {
    return isOpen(reply?.state) || (id !== undefined && this.isGettingReply(id));
  }

  /**
   * Is this Claude's reply to a prompt of the reader's? Then it is theirs to delete.
   * @param {{reply?: import("../../protocol.d.ts").Reply}} message
   */
  isReplyToMine({ reply }) {
    const prompt = reply?.prompt ? this.#messages.find(({ id }) => id === reply.prompt) : undefined;
    return prompt?.author?.id === this.#options.me.id;
  }

  /** @param {string} promptId */
  isWaiting(promptId) {
    return this.replyToPrompt(promptId)?.reply.state === "queued";
  }

  /** At once, without a time to undo it: meanwhile its turn could come. @param {string} promptId */
  withdraw(promptId) {
    this.#options.client
      .request("delete_message", { message: promptId })
      .catch((error) => this.#options.toasts.error(error));
  }

  async #stop() {
    const id = this.state.stoppableId;
    if (!id || this.#stopping === id) return;
    this.#stopping = id;
    this.#options.onChange();
    try {
      await this.#options.client.stopReply(id);
    } catch (error) {
      this.#options.toasts.error(error);
    }
    this.#stopping = null;
    this.#options.onChange();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Escape" || event.defaultPrevented || !this.stop) return;
    if (document.querySelector(HAS_ITS_OWN_ESCAPE)) return;
    // Where the list of people covers the room, Escape closes it; which of the two listeners comes first is not
    // certain.
    if (!matchMedia(WIDE).matches && document.querySelector("[data-details=open]")) return;
    event.preventDefault();
    this.#stop();
  }

  /** @param {readonly import("../../protocol.d.ts").Message[]} messages */
  #noticeEnds(messages) {
    let ended = false;
    for (const { id, reply } of messages) {
      if (!reply) continue;
      if (isOpen(reply.state)) this.#open.add(id);
      else ended = this.#open.delete(id) || ended;
    }
    if (!ended) return;
    clearTimeout(this.#usageTimer);
    this.#usageTimer = setTimeout(() => this.#fetchUsage(), USAGE_DELAY_MS + Math.random() * USAGE_SPREAD_MS);
  }

  async #fetchUsage() {
    try {
      const response = await fetch(`/rooms/${this.#options.slug}/usage`, {
        headers: { Accept: "application/json" }, signal: this.#ending.signal,
      });
      if (!response.ok || response.redirected) return;
      this.#usage = await response.json();
      this.#options.onChange();
    } catch {
      // Offline, or the room was left: the next reply asks again.
    }
  }
}
