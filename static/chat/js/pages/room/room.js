/**
 * The page of one room: joins the parts, and turns what people do into requests. `destroy()` leaves the room.
 */

import { AttachmentTray } from "../composer/attachments.js";
import { ClaudeDesk } from "../claude/claude-desk.js";
import { completionSources } from "../composer/completion-sources.js";
import { Composer } from "../composer/composer.js";
import { find } from "../base/dom.js";
import { Deletions } from "../message/deletions.js";
import { DraftSync } from "../composer/draft-sync.js";
import { HistoryLoader } from "./history-loader.js";
import { MessageActions } from "../message/message-actions.js";
import { MessageCommands } from "../message/message-commands.js";
import { Reader } from "./reader.js";
import { Redraw } from "../base/redraw.js";
import { RoomChrome } from "./room-chrome.js";
import { RoomPeople } from "../people/room-people.js";
import { EMPTY_PAGE, missingWords, placeholder, viewOf } from "./room-view.js";
import { SlashCommands } from "../composer/slash-commands.js";
import { buildItems } from "../timeline/timeline-items.js";
import { listenForSteps } from "../timeline/timeline-keys.js";
import { Timeline } from "../timeline/timeline.js";
import { onNewDay } from "../base/today.js";
import { TypingSignal } from "./typing-signal.js";
import { unfinishedIn } from "../composer/unfinished.js";

export class RoomPage {
  #root;
  #facts;
  #shared;
  #slug;
  #client;
  #me;
  #ending = new AbortController();
  /** @type {(() => void)[]} */
  #offs = [];
  #timeline;
  #history;
  #actions;
  #commands;
  #composer;
  #tray;
  #chrome;
  #people;
  #draft;
  #typing;
  #deletions;
  #reader;
  #claude;
  /** @type {number | null} */
  #target;
  #seeking;
  #redraw = new Redraw(() => this.#draw());
  #wasJoined = false;
  #owed = /** @type {number | null} */ (null); // seq of a message to go to once the room is joined
  /** @type {ReturnType<typeof viewOf>} */
  #view;
  /** @type {import("../timeline/timeline-items.js").Item[]} */
  #items = [];

  /**
   * @param {HTMLElement} root
   * @param {import("./room-view.js").RoomFacts} facts
   * @param {{client: import("../../client/client.js").Client, me: import("../../protocol.d.ts").UserRef,
   *   toasts: import("../base/toasts.js").Toasts,
   *   speaker: import("../message/speaker.js").Speaker, picker: import("../base/emoji-picker.js").EmojiPicker,
   *   contentChars: number}} shared
   * @param {number | null} target seq of a permalink
   */
  constructor(root, facts, shared, target) {
    this.#root = root;
    this.#facts = facts;
    this.#shared = shared;
    this.#client = shared.client;
    this.#me = shared.me;
    this.#slug = facts.room.slug;
    this.#target = target;
    this.#seeking = target !== null && facts.page !== EMPTY_PAGE;
    this.#view = viewOf(facts, this.#client.room(this.#slug), this.#seeking);
    const scroller = /** @type {HTMLElement} */ (root.querySelector(".timeline"));
    const unfinished = unfinishedIn(this.#slug, this.#me.id);
    this.#history = new HistoryLoader({ client: this.#client, slug: this.#slug, view: () => this.#view });
    this.#timeline = new Timeline(scroller, {
      myId: this.#me.id, request: this.#client.request.bind(this.#client),
      onOlder: () => this.#history.older(), onNewer: () => this.#history.newer(), onScroll: () => this.#scrolled(),
      onRow: (row) => this.#commands.resume(row),
    });
    this.#actions = new MessageActions(scroller, this.#timeline, {
      picker: shared.picker, canWrite: () => !this.#view.readOnly,
      canDelete: (item) =>
        (item.mine || this.#view.moderates || this.#claude.isReplyToMine(item.message)) &&
        !this.#claude.isBusyWith(item.message),
      canEdit: (item) => !this.#claude.isBusyWith(item.message),
    });
    this.#claude = new ClaudeDesk(root, {
      ...shared, slug: this.#slug, facts, unfinished, onChange: () => this.#redraw.soon(),
      onEditEnd: () => this.#composer.focus(),
    });
    this.#deletions = new Deletions({
      send: (message) => this.#client.request("delete_message", { message }),
      sendNow: (message) => this.#client.send("delete_message", { message }),
      onChange: () => this.#draw(), onFailure: (error) => shared.toasts.error(error),
    });
    this.#commands = new MessageCommands(root, {
      ...shared, slug: this.#slug, timeline: this.#timeline, deletions: this.#deletions, unfinished,
      onReply: (message) => this.#composer.setReply(message), onUnread: (seq) => this.#markUnread(seq),
      onGoTo: (seq) => this.goTo(seq), onEditEnd: () => this.#composer.focus(), desk: () => this.#claude,
    });
    this.#people = new RoomPeople(facts, () => this.#composer.complete());
    this.#chrome = new RoomChrome(root, {
      myId: this.#me.id, seenSeq: facts.page.messages.at(-1)?.seq ?? facts.lastReadSeq,
    });
    this.#draft = new DraftSync({
      key: `parley.draft.${this.#me.id}.${this.#slug}`,
      save: ({ content, version }) => this.#client.request("save_draft", { room: this.#slug, content, version }),
      onText: (text) => this.#composer.setText(text), limit: shared.contentChars,
    });
    this.#typing = new TypingSignal((typing) => this.#client.send("typing", { room: this.#slug, typing }));
    this.#tray = new AttachmentTray(root, {
      files: unfinished.files, toasts: shared.toasts, onChange: () => this.#composer?.filesChanged(),
    });
    const slash = new SlashCommands({
      ...shared, slug: this.#slug, facts: () => this.#view, composer: () => this.#composer, draft: this.#draft,
      signal: this.#ending.signal,
    });
    this.#composer = new Composer(find(root, ".composer", HTMLFormElement), {
      limit: shared.contentChars,
      sources: completionSources(() => ({ ...this.#view, people: this.#people, myId: this.#me.id })),
      onText: (text) => (this.#draft.typed(text), this.#typing.typed(text.trim() !== "")),
      takeCommand: (text) => slash.take(text),
      onSend: (text, replyTo, attachments) => this.#send(text, replyTo, attachments), tray: () => this.#tray,
      unfinished, onEditLast: () => this.#editLast(), onBlur: () => this.#typing.stop(),
    });
    this.#reader = new Reader({
      lastReadSeq: facts.lastReadSeq, me: this.#me,
      mark: (seq) => this.#client.request("mark_read", { room: this.#slug, seq }),
      onTurn: () => this.#redraw.soon(),
    });
    this.#listen(scroller);
    this.#start();
  }

  get slug() {
    return this.#slug;
  }

  /** Does the reader see what arrives at this moment? */
  get reading() {
    return this.#reader.present && this.#timeline.following && !this.#view.hasNewer;
  }

  destroy() {
    this.#deletions.flush();
    this.#draft.end();
    this.#typing.stop();
    this.#ending.abort();
    this.#redraw.end();
    this.#offs.forEach((off) => off());
    for (const part of [
      this.#claude, this.#composer, this.#tray, this.#actions, this.#commands, this.#timeline, this.#chrome,
      this.#people, this.#reader,
    ])
      part.destroy();
    this.#client.leaveRoom(this.#slug);
  }

  /**
   * What was missing when the room was opened without a connection.
   * @param {import("./room-view.js").RoomFacts} facts
   */
  learn(facts) {
    this.#facts = facts;
    this.#people.learn(facts);
    this.#claude.learn(facts);
    this.#draft.hear(facts.draft);
    this.#seeking = this.#target !== null && !this.#client.room(this.#slug)?.epoch;
    if (this.#seeking) this.#center(/** @type {number} */ (this.#target));
    else this.#draw();
  }

  /** @param {HTMLElement} scroller */
  #listen(scroller) {
    const { signal } = this.#ending;
    this.#offs = [
      onNewDay(() => (this.#draw(), this.#timeline.retellTimes())),
      this.#client.on("status", () => this.#redraw.soon()),
      this.#client.on("room", (slug) => slug === this.#slug && this.#redraw.soon()),
      this.#client.on(
        "stream",
        (slug, id, stream) =>
          slug === this.#slug &&
          (this.#claude.hearStream(), this.#timeline.streamed(id, stream) || this.#redraw.soon()),
      ),
      this.#client.on(
        "member_updated", (fact) => fact.room === this.#slug && (this.#people.update(fact), this.#redraw.soon()),
      ),
    ];
    find(this.#root, ".jump-to-latest").addEventListener("click", () => this.#toLatest(), { signal });
    listenForSteps(scroller, { step: (by) => this.#timeline.step(by), toEnd: () => this.#toLatest() }, signal);
    window.addEventListener("pagehide", () => (this.#deletions.flush(), this.#draft.flush()), { signal });
  }

  async #start() {
    this.#shared.speaker.start(this.#view.messages.at(-1)?.seq ?? 0);
    this.#draft.start(this.#facts.draft);
    if (this.#target !== null) this.#center(this.#target);
    else {
      // In a frame of their own: with the modules' work they would keep the page from reacting for too long.
      this.#redraw.soon();
      requestAnimationFrame(() => !this.#isOver && this.#composer.focus());
    }
    try {
      await this.#client.joinRoom(this.#slug);
      this.#shared.speaker.start(this.#client.room(this.#slug)?.messages.at(-1)?.seq ?? 0);
      if (this.#target !== null) await this.goTo(this.#target);
    } catch {
      // What the server said is part of the state, and shown in the place of the composer.
    } finally {
      this.#seeking = false;
      this.#draw();
    }
  }

  #draw() {
    // What was still asked for when the reader went on: these parts of the page belong to another room now.
    if (this.#isOver) return;
    this.#redraw.done();
    const state = this.#client.room(this.#slug);
    const view = (this.#view = viewOf(this.#facts, state, this.#seeking));
    if (view.joined) this.#draft.hear(state?.draft);
    const isBack = view.joined && !this.#wasJoined;
    this.#wasJoined = view.joined;
    if (isBack) this.#draft.resume();
    if (isBack && this.#owed !== null) this.goTo(this.#owed);
    this.#reader.hear(view);
    this.#claude.show(view);
    this.#items = buildItems({
      ...view, streams: this.#client.streams(this.#slug), me: this.#me, unreadAfter: this.#reader.lineAfter,
      target: this.#target, deleting: this.#deletions.ids,
    });
    const title = view.room.kind === "direct" ? this.#facts.title : view.room.name;
    const loaded = view.live || this.#facts.page !== EMPTY_PAGE;
    const facts = {
      title, loaded, offline: this.#client.status === "disconnected", people: this.#people.listed,
      peopleCount: this.#people.count, claude: this.#claude.state,
    };
    this.#timeline.show(this.#items, () => this.#chrome.show(view, facts));
    this.#actions.refresh();
    this.#composer.setEnabled(!view.readOnly, placeholder(view, title));
    this.#composer.setStop(this.#claude.stop);
    this.#drawPill();
    if (view.live) this.#shared.speaker.hear(view.messages, this.#me.id);
    this.#markRead();
  }

  /** @param {number} seq */
  #center(seq) {
    this.#draw();
    return this.#timeline.center(seq);
  }

  #drawPill() {
    this.#chrome.showPill(this.#view, this.#timeline.following && !this.#view.hasNewer);
  }

  #scrolled() {
    this.#drawPill();
    this.#markRead();
    if (this.#timeline.following) this.#history.trim();
  }

  #markRead() {
    const seesTheEnd = this.#timeline.following && !this.#view.hasNewer && this.#view.joined && !this.#seeking;
    this.#reader.look(seesTheEnd);
  }

  async #toLatest() {
    this.#target = this.#owed = null;
    if (this.#view.hasNewer)
      await this.#client.loadNewest(this.#slug).catch((error) => this.#shared.toasts.error(error));
    if (this.#isOver) return;
    this.#draw();
    this.#timeline.follow();
    this.#drawPill();
    this.#markRead();
  }

  /** Shows a message in the middle, and marks it. @param {number} seq */
  async goTo(seq) {
    this.#target = seq;
    this.#owed = null;
    let error = null;
    try {
      await this.#client.loadAround(this.#slug, seq);
    } catch (cause) {
      error = cause;
    }
    if (this.#isOver) return;
    this.#seeking = false;
    const isShown = this.#center(seq);
    if (!isShown && !this.#view.joined) this.#owed = seq;
    if (!isShown) this.#shared.toasts.show(...missingWords(error, this.#owed !== null));
    this.#drawPill();
  }

  /** @param {string} text @param {string | undefined} replyTo @param {string[]} attachments */
  #send(text, replyTo, attachments) {
    this.#typing.stop();
    this.#client.post(this.#slug, text, { replyTo, attachments });
    this.#draft.sent();
    this.#toLatest();
  }

  #editLast() {
    const last = this.#items.findLast(
      (item) => item.mine && item.state === "stored" && item.kind === "message" && !item.message.deletedAt,
    );
    const row = last && this.#timeline.row(last.key);
    if (row) this.#commands.edit(row);
  }

  /** @param {number} seq of the first message that is to be unread */
  #markUnread(seq) {
    this.#reader.hold(seq - 1);
    this.#draw();
    this.#client
      .request("mark_read", { room: this.#slug, seq: seq - 1 })
      .catch((error) => this.#shared.toasts.error(error));
  }

  get #isOver() {
    return this.#ending.signal.aborted;
  }
}
