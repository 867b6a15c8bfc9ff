/**
 * The page of one room: joins the parts, and turns what people do into requests. `destroy()` leaves the room.
 */

import { Composer } from "./composer.js";
import { Deletions } from "./deletions.js";
import { DraftSync } from "./draft-sync.js";
import { el } from "./dom.js";
import { emojiLike } from "./emoji.js";
import { InlineEditor } from "./inline-editor.js";
import { showPill } from "./jump-pill.js";
import { MessageActions } from "./message-actions.js";
import { avatar } from "./names.js";
import { PeoplePanel } from "./people-panel.js";
import { Reader } from "./reader.js";
import { showStart } from "./room-start.js";
import { viewOf } from "./room-view.js";
import { buildItems } from "./timeline-items.js";
import { Timeline } from "./timeline.js";
import { showTyping } from "./typing-line.js";
import { TypingSignal } from "./typing-signal.js";

/** Rows kept in memory when a room has grown long and the reader is at its end. */
const KEPT_ROWS = 400;
const TRIM_ABOVE = 1_000;
/** A hidden page gets no animation frames, but has to stay current. */
const HIDDEN_DRAW_MS = 100;
const COPIED = "Link copied.";

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
  #actions;
  #composer;
  #panel;
  #draft;
  #typing;
  #deletions;
  #reader;
  /** @type {number | null} */
  #target;
  #seeking;
  #drawing = false;
  /** @type {ReturnType<typeof viewOf>} */
  #view;
  /** @type {import("./timeline-items.js").Item[]} */
  #items = [];
  /** Newest seq that the reader had seen when they scrolled away. */
  #seenSeq = 0;

  /**
   * @param {HTMLElement} root
   * @param {import("./room-view.js").RoomFacts} facts
   * @param {{client: import("../client.js").Client, me: {id: string, username: string}, toasts: import("./toasts.js").Toasts,
   *   speaker: import("./speaker.js").Speaker, picker: import("./emoji-picker.js").EmojiPicker, contentChars: number}} shared
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
    this.#seeking = target !== null;
    this.#view = viewOf(facts, this.#client.room(this.#slug), this.#seeking);
    const part = (selector) => root.querySelector(selector);
    const scroller = part(".timeline");
    this.#timeline = new Timeline(scroller, {
      myId: this.#me.id, onOlder: () => this.#loadOlder(), onNewer: () => this.#loadNewer(), onScroll: () => this.#scrolled(),
    });
    this.#actions = new MessageActions(scroller, this.#timeline, {
      canWrite: () => !this.#view.readOnly, canDelete: (item) => item.mine || this.#moderates,
    });
    this.#panel = new PeoplePanel(root);
    this.#draft = new DraftSync({
      key: `parley.draft.${this.#me.id}.${this.#slug}`,
      save: ({ content, version }) => this.#client.request("save_draft", { room: this.#slug, content, version }),
      onText: (text) => this.#composer.setText(text),
    });
    this.#typing = new TypingSignal((typing) => this.#client.send("typing", { room: this.#slug, typing }));
    this.#composer = new Composer(part(".composer"), {
      limit: shared.contentChars, sources: this.#sources(),
      onText: (text) => (this.#draft.typed(text), this.#typing.typed(text.trim() !== "")),
      onSend: (text, replyTo) => this.#send(text, replyTo),
      onEditLast: () => this.#editLast(),
      onBlur: () => this.#typing.stop(),
    });
    this.#deletions = new Deletions({
      send: (message) => this.#client.request("delete_message", { message }),
      sendNow: (message) => this.#client.send("delete_message", { message }),
      onChange: () => this.#draw(),
      onFailure: (error) => shared.toasts.error(error),
    });
    this.#reader = new Reader({
      lastReadSeq: facts.lastReadSeq,
      mark: (seq) => this.#client.request("mark_read", { room: this.#slug, seq }),
      onTurn: () => this.#drawSoon(),
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
    this.#offs.forEach((off) => off());
    for (const part of [this.#composer, this.#actions, this.#timeline, this.#panel, this.#reader]) part.destroy();
    this.#client.leaveRoom(this.#slug);
  }

  /** @param {HTMLElement} scroller */
  #listen(scroller) {
    const { signal } = this.#ending;
    this.#offs = [
      this.#client.on("room", (slug) => slug === this.#slug && this.#drawSoon()),
      this.#client.on("status", ({ status }) => status === "connected" || this.#drawSoon()),
      this.#client.on("member_updated", (fact) => fact.room === this.#slug && this.#memberUpdated(fact)),
    ];
    this.#root.addEventListener("click", (event) => this.#clicked(event), { signal });
    this.#root.querySelector(".jump-to-latest").addEventListener("click", () => this.#toLatest(), { signal });
    scroller.addEventListener("keydown", (event) => this.#key(event), { signal });
    window.addEventListener("pagehide", () => (this.#deletions.flush(), this.#draft.flush()), { signal });
  }

  async #start() {
    this.#seenSeq = this.#facts.page.messages.at(-1)?.seq ?? 0;
    this.#shared.speaker.start(this.#seenSeq);
    this.#draft.start(this.#facts.draft);
    this.#draw();
    if (this.#target !== null) this.#timeline.center(this.#target);
    else this.#composer.focus();
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

  #drawSoon() {
    if (this.#drawing) return;
    this.#drawing = true;
    const run = () => this.#drawing && !this.#ending.signal.aborted && this.#draw();
    if (document.hidden) setTimeout(run, HIDDEN_DRAW_MS);
    else requestAnimationFrame(run);
  }

  #draw() {
    this.#drawing = false;
    const state = this.#client.room(this.#slug);
    const view = (this.#view = viewOf(this.#facts, state, this.#seeking));
    if (state?.joined) this.#draft.hear(state.draft);
    if (state?.joined) this.#draft.resume();
    this.#reader.hear({ newest: view.messages.at(-1)?.seq ?? 0, lastReadSeq: view.lastReadSeq, live: view.live });
    this.#items = buildItems({
      ...view, me: this.#me, unreadAfter: this.#reader.lineAfter, target: this.#target, deleting: this.#deletions.ids,
    });
    this.#timeline.show(this.#items);
    this.#actions.refresh();
    showStart(this.#root.querySelector(".timeline-start"), {
      loaded: view.live || this.#facts.page !== EMPTY_PAGE, hasMore: view.hasMore, empty: !view.messages.some((message) => message.kind === "text"),
      room: { slug: this.#slug, kind: view.room.kind }, title: this.#facts.title, moderates: this.#moderates,
    });
    this.#drawAround(view);
    if (view.live) this.#shared.speaker.hear(view.messages, this.#me.id);
    this.#markRead();
  }

  /** @param {ReturnType<typeof viewOf>} view */
  #drawAround(view) {
    const title = view.room.kind === "direct" ? this.#facts.title : view.room.name;
    this.#root.querySelector("[data-room-title]").textContent = title;
    this.#root.querySelector("[data-room-topic]").textContent = view.room.topic ?? "";
    this.#panel.show({ people: this.#facts.people, online: view.online, session: view.room.kind === "session", live: view.joined });
    showTyping(this.#root.querySelector(".typing"), view.typing);
    const notice = this.#root.querySelector(".read-only");
    notice.hidden = !view.readOnly;
    notice.textContent = view.readOnly;
    this.#composer.setEnabled(!view.readOnly, `Message ${title}`);
    this.#drawPill();
  }

  #drawPill() {
    const away = this.#view.hasNewer || !this.#timeline.following;
    const newest = this.#view.messages.at(-1)?.seq ?? 0;
    if (!away) this.#seenSeq = newest;
    const fresh = this.#view.messages.filter(
      (message) => message.seq > this.#seenSeq && message.kind === "text" && message.author?.id !== this.#me.id,
    );
    showPill(this.#root.querySelector(".jump-to-latest"), { away, count: fresh.length + this.#view.newerCount });
  }

  #scrolled() {
    this.#drawPill();
    this.#markRead();
    if (this.#timeline.following && !this.#view.hasNewer && this.#view.messages.length > TRIM_ABOVE) {
      this.#client.trimRoom(this.#slug, KEPT_ROWS);
    }
  }

  #markRead() {
    const seesTheEnd = this.#timeline.following && !this.#view.hasNewer && this.#view.joined && !this.#seeking;
    this.#reader.look(seesTheEnd);
  }

  #loadOlder() {
    if (this.#view.live && this.#view.hasMore) this.#client.loadOlder(this.#slug).catch(() => {});
  }

  #loadNewer() {
    if (this.#view.live && this.#view.hasNewer) this.#client.loadNewer(this.#slug).catch(() => {});
  }

  async #toLatest() {
    this.#target = null;
    if (this.#view.hasNewer) await this.#client.loadNewest(this.#slug).catch((error) => this.#shared.toasts.error(error));
    this.#draw();
    this.#timeline.follow();
    this.#drawPill();
    this.#markRead();
  }

  /** Shows a message in the middle, and marks it. @param {number} seq */
  async goTo(seq) {
    this.#target = seq;
    try {
      await this.#client.loadAround(this.#slug, seq);
    } catch (error) {
      this.#shared.toasts.error(error);
    }
    this.#seeking = false;
    this.#draw();
    if (!this.#timeline.center(seq)) this.#shared.toasts.show("This message is not there any more.");
    this.#drawPill();
  }

  /** @param {string} text @param {string | undefined} replyTo */
  #send(text, replyTo) {
    this.#typing.stop();
    this.#client.post(this.#slug, text, { replyTo });
    this.#draft.sent();
    this.#toLatest();
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const target = /** @type {Element} */ (event.target);
    const link = target.closest("[data-go-to]");
    if (link && !(event.metaKey || event.ctrlKey || event.shiftKey)) {
      event.preventDefault();
      this.goTo(Number(link.getAttribute("data-go-to")));
      return;
    }
    const button = target.closest("[data-do]");
    const row = this.#timeline.rowOf(button);
    if (button && row) this.#do(button.getAttribute("data-do"), row, button);
  }

  /** @param {string | null} action @param {import("./message-row.js").MessageRow} row @param {Element} button */
  #do(action, row, button) {
    const { message } = row.item;
    const actions = {
      resend: () => this.#client.resend(message.clientId),
      discard: () => this.#client.discard(message.clientId),
      react: () => this.#shared.picker.open(button, (emoji) => this.#react(message.id, emoji)),
      "toggle-reaction": () => this.#react(message.id, button.getAttribute("data-emoji")),
      reply: () => this.#composer.setReply(message),
      edit: () => this.#edit(row),
      link: () => this.#copyLink(message.seq),
      unread: () => this.#markUnread(message.seq),
      delete: () => this.#deletions.ask(message.id),
      "undo-delete": () => this.#deletions.undo(message.id),
    };
    actions[action]?.();
  }

  /** @param {string} id @param {string | null} emoji */
  async #react(id, emoji) {
    const message = this.#view.messages.find((each) => each.id === id);
    const mine = message?.reactions?.find((reaction) => reaction.emoji === emoji)?.users.some((user) => user.id === this.#me.id);
    await this.#ask(mine ? "remove_reaction" : "add_reaction", { message: id, emoji });
  }

  /** @param {import("./message-row.js").MessageRow} row */
  #edit(row) {
    const { id, content } = row.item.message;
    const editor = new InlineEditor(content, {
      onSave: (text) => (text === content ? Promise.resolve() : this.#client.request("edit_message", { message: id, content: text })),
      onEnd: () => (row.endEdit(), this.#composer.focus()),
    });
    row.edit(editor);
    editor.focus();
  }

  #editLast() {
    const last = this.#items.findLast((item) => item.mine && item.state === "stored" && item.kind === "message" && !item.message.deletedAt);
    const row = last && this.#timeline.row(last.key);
    if (row) this.#edit(row);
  }

  /** @param {number} seq */
  async #copyLink(seq) {
    const link = new URL(`/rooms/${this.#slug}/?seq=${seq}`, location.href).href;
    try {
      await navigator.clipboard.writeText(link);
      this.#shared.toasts.show(COPIED);
    } catch {
      // No clipboard on plain http: show it, so that it can be copied by hand.
      this.#shared.toasts.show(link, { title: "Link to this message", lasting: true });
    }
  }

  /** @param {number} seq of the first message that is to be unread */
  #markUnread(seq) {
    this.#reader.hold(seq - 1);
    this.#draw();
    this.#ask("mark_read", { room: this.#slug, seq: seq - 1 });
  }

  /** @param {string} type @param {object} payload */
  async #ask(type, payload) {
    try {
      await this.#client.request(type, payload);
    } catch (error) {
      this.#shared.toasts.error(error);
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const target = /** @type {Element} */ (event.target);
    if (target.closest("textarea, .emoji-picker")) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.#timeline.step(/** @type {1 | -1} */ (step));
    else if (event.key === "End") this.#toLatest();
    else return;
    event.preventDefault();
  }

  /** @param {{user: import("../types.js").User, role: string | null}} fact */
  #memberUpdated({ user, role }) {
    const others = this.#facts.people.filter((person) => person.id !== user.id);
    const known = this.#facts.people.find((person) => person.id === user.id);
    this.#facts = { ...this.#facts, people: role === null ? others : [...others, { displayName: "", ...known, ...user, role }] };
    this.#drawSoon();
  }

  get #moderates() {
    return this.#view.role === "owner" || this.#view.role === "moderator";
  }

  /** @returns {import("./completion.js").Source[]} */
  #sources() {
    return [
      { pattern: /(?:^|[\s(])@([\w.-]{0,32})$/, find: (typed) => this.#peopleLike(typed.toLowerCase()) },
      {
        pattern: /(?:^|\s):([a-z_]{2,20})$/,
        find: (typed) => emojiLike(typed).map(([sign, name]) => ({ mark: el("span", { class: "completion-sign" }, sign), label: `:${name}`, text: sign })),
      },
    ];
  }

  /** @param {string} typed */
  #peopleLike(typed) {
    const people = new Map(this.#facts.people.map((person) => [person.id, person]));
    for (const user of [...this.#view.online, ...this.#view.messages.map((message) => message.author)]) {
      if (user && !people.has(user.id)) people.set(user.id, user);
    }
    const fits = ({ username, displayName = "" }) => username.startsWith(typed) || displayName.toLowerCase().split(/\s+/).some((word) => word.startsWith(typed));
    return [...people.values()]
      .filter((person) => person.id !== this.#me.id && fits(person))
      .map(({ username, displayName }) => ({ mark: avatar(username, { size: "s" }), label: username, hint: displayName, text: `@${username}` }));
  }
}

/** The page of a room that nothing is known of yet. */
export const EMPTY_PAGE = Object.freeze({ messages: [], hasMore: false, hasNewer: false });
