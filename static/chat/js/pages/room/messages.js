/**
 * The messages of a room in its page: the timeline, the history behind it, and what can be done with a message.
 */

import { Deletions } from "../actions/deletions.js";
import { find } from "../base/dom.js";
import { HistoryLoader } from "./history-loader.js";
import { MessageActions } from "../actions/message-actions.js";
import { MessageCommands } from "../actions/message-commands.js";
import { Timeline } from "../timeline/timeline.js";
import { buildItems } from "../timeline/timeline-items.js";

/** @typedef {import("./room-view.js").RoomView} RoomView */

export class Messages {
  #client;
  #me;
  #slug;
  #history;
  #actions;
  #commands;
  #deletions;
  /** @type {import("../message/item.js").Item[]} */
  #items = [];
  timeline;

  /**
   * @param {HTMLElement} root
   * @param {import("./shared.d.ts").Shared & {slug: string, unfinished: import("../composer/unfinished.js").Unfinished,
   *   view: () => RoomView, claude: () => import("../claude/claude-desk.js").ClaudeDesk, draw: () => void,
   *   onScroll: () => void, onReply: (message: import("../../protocol.d.ts").Message) => void,
   *   onUnread: (seq: number) => void, onGoTo: (seq: number) => void, onEditEnd: () => void,
   *   choice: () => import("../../protocol.d.ts").ClaudeChoice | undefined}} options
   */
  constructor(root, options) {
    const { client, me, toasts, picker, slug, view, claude, onScroll } = options;
    const scroller = find(root, ".timeline");
    this.#client = client;
    this.#me = me;
    this.#slug = slug;
    this.#history = new HistoryLoader({ client, slug, view });
    this.timeline = new Timeline(scroller, {
      myId: me.id, request: client.request.bind(client), onOlder: () => this.#history.older(),
      onNewer: () => this.#history.newer(), onScroll, onRow: (row) => this.#commands.resume(row),
    });
    this.#actions = new MessageActions(scroller, this.timeline, {
      picker, canWrite: () => !view().readOnly,
      canDelete: (item) =>
        (item.mine || view().moderates || claude().isReplyToMine(item.message)) && !claude().isBusyWith(item.message),
      canEdit: (item) => !claude().isBusyWith(item.message),
    });
    this.#deletions = new Deletions({
      send: (message) => client.request("delete_message", { message }),
      sendNow: (message) => client.send("delete_message", { message }),
      onChange: options.draw, onFailure: (error) => toasts.error(error),
    });
    this.#commands = new MessageCommands(root, {
      ...options, timeline: this.timeline, deletions: this.#deletions, desk: claude,
    });
  }

  destroy() {
    this.#actions.destroy();
    this.#commands.destroy();
    this.timeline.destroy();
  }

  /** The page goes away, perhaps for good. */
  flush() {
    this.#deletions.flush();
  }

  /**
   * @param {RoomView} view
   * @param {{unreadAfter: number, target: number | null}} marks
   * @param {() => void} drawAround draws what changes the room that the timeline has
   */
  show(view, marks, drawAround) {
    const streams = this.#client.streams(this.#slug);
    this.#items = buildItems({ ...view, ...marks, streams, me: this.#me, deleting: this.#deletions.ids });
    this.timeline.show(this.#items, drawAround);
    this.#actions.refresh();
  }

  /** The reader has reached the end. */
  trim() {
    this.#history.trim();
  }

  editLast() {
    const last = this.#items.findLast(
      (item) => item.mine && item.state === "stored" && item.kind === "message" && !item.message.deletedAt,
    );
    const row = last && this.timeline.row(last.key);
    if (row) this.#commands.edit(row);
  }
}
