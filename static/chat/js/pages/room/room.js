/**
 * The page of one room: wires its parts together, and draws them when something has changed. `destroy()` leaves the
 * room.
 */

import { ClaudeDesk } from "../claude/claude-desk.js";
import { find } from "../base/dom.js";
import { Messages } from "./messages.js";
import { Place } from "./place.js";
import { Reader } from "./reader.js";
import { Redraw } from "../base/redraw.js";
import { RoomChrome } from "./room-chrome.js";
import { RoomPeople } from "../people/room-people.js";
import { EMPTY_PAGE, viewOf } from "./room-view.js";
import { listenForSteps } from "../timeline/timeline-keys.js";
import { onNewDay } from "../base/today.js";
import { unfinishedIn } from "../composer/unfinished.js";
import { Writing } from "./writing.js";

export class RoomPage {
  #root;
  #facts;
  #shared;
  #slug;
  #client;
  #ending = new AbortController();
  /** @type {(() => void)[]} */
  #offs = [];
  #place;
  #messages;
  #writing;
  #chrome;
  #people;
  #reader;
  #claude;
  #redraw = new Redraw(() => this.#draw());
  #wasJoined = false;
  #view;

  /**
   * @param {HTMLElement} root
   * @param {import("./room-view.js").RoomFacts} facts
   * @param {import("./shared.d.ts").Shared} shared
   * @param {number | null} target seq of a permalink
   */
  constructor(root, facts, shared, target) {
    this.#root = root;
    this.#facts = facts;
    this.#shared = shared;
    this.#client = shared.client;
    const slug = (this.#slug = facts.room.slug);
    const part = {
      ...shared, slug, unfinished: unfinishedIn(slug, shared.me.id), view: () => this.#view, draw: () => this.#draw(),
      signal: this.#ending.signal, onEditEnd: () => this.#writing.focus(),
    };
    this.#place = new Place({
      ...part, target, isKnown: facts.page !== EMPTY_PAGE, timeline: () => this.#messages.timeline,
      onMoved: () => this.#moved(),
    });
    this.#view = viewOf(facts, this.#client.room(slug), this.#place.isSeeking);
    this.#messages = new Messages(root, {
      ...part, claude: () => this.#claude, choice: () => this.#writing.choice, onScroll: () => this.#scrolled(),
      onReply: (message) => this.#writing.replyTo(message), onUnread: (seq) => this.#markUnread(seq),
      onGoTo: (seq) => this.goTo(seq),
    });
    this.#claude = new ClaudeDesk(root, { ...part, facts, onChange: () => this.#redraw.soon() });
    this.#people = new RoomPeople(facts, () => this.#writing.complete());
    this.#chrome = new RoomChrome(root, {
      myId: shared.me.id, seenSeq: facts.page.messages.at(-1)?.seq ?? facts.lastReadSeq, toasts: shared.toasts,
      rename: (name) => this.#client.request("update_room", { room: slug, name }),
    });
    this.#writing = new Writing(root, {
      ...part, people: this.#people, onSent: () => this.#place.toLatest(), onEditLast: () => this.#messages.editLast(),
      isDemo: () => this.#claude.isDemo,
    });
    this.#reader = new Reader({
      lastReadSeq: facts.lastReadSeq, me: shared.me, mark: (seq) => this.#mark(seq),
      onTurn: () => this.#redraw.soon(),
    });
    this.#listen();
    this.#start();
  }

  get slug() {
    return this.#slug;
  }

  /** Does the reader see what arrives at this moment? */
  get reading() {
    return this.#reader.present && this.#isAtEnd;
  }

  destroy() {
    this.#flush();
    this.#ending.abort();
    this.#redraw.end();
    this.#offs.forEach((off) => off());
    for (const part of [this.#claude, this.#writing, this.#messages, this.#chrome, this.#people, this.#reader])
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
    this.#writing.hear(facts.draft);
    this.#place.learn(Boolean(this.#client.room(this.#slug)?.epoch));
  }

  /** Shows a message in the middle, and marks it. @param {number} seq */
  goTo(seq) {
    return this.#place.goTo(seq);
  }

  #listen() {
    const client = this.#client;
    const { timeline } = this.#messages;
    const { signal } = this.#ending;
    const toEnd = () => this.#place.toLatest();
    this.#offs = [
      onNewDay(() => (this.#draw(), timeline.retellTimes())),
      client.on("status", () => this.#redraw.soon()),
      client.on("room", (slug) => slug === this.#slug && this.#redraw.soon()),
      client.on("stream", (slug, id, stream) => slug === this.#slug && this.#streamed(id, stream)),
      client.on("member_updated", (fact) => fact.room === this.#slug && this.#memberUpdated(fact)),
    ];
    find(this.#root, ".jump-to-latest").addEventListener("click", toEnd, { signal });
    listenForSteps(find(this.#root, ".timeline"), { step: (by) => timeline.step(by), toEnd }, signal);
    window.addEventListener("pagehide", () => this.#flush(), { signal });
  }

  /** @param {string} id @param {import("../../client/state.d.ts").Stream | null} stream */
  #streamed(id, stream) {
    this.#claude.hearStream();
    if (!this.#messages.timeline.streamed(id, stream)) this.#redraw.soon();
  }

  /** @param {import("../../protocol.d.ts").MembershipFact} fact */
  #memberUpdated(fact) {
    this.#people.update(fact);
    this.#redraw.soon();
  }

  async #start() {
    const { speaker } = this.#shared;
    speaker.start(this.#view.messages.at(-1)?.seq ?? 0);
    this.#writing.start(this.#facts.draft);
    if (!this.#place.begin()) {
      // In a frame of their own: with the modules' work they would keep the page from reacting for too long.
      this.#redraw.soon();
      requestAnimationFrame(() => !this.#isOver && this.#writing.focus());
    }
    try {
      await this.#client.joinRoom(this.#slug);
      speaker.start(this.#client.room(this.#slug)?.messages.at(-1)?.seq ?? 0);
      await this.#place.arrive();
    } catch {
      // What the server said is part of the state, and shown in the place of the composer.
    } finally {
      this.#place.settle();
      this.#draw();
    }
  }

  #draw() {
    // What was still asked for when the reader went on: these parts of the page belong to another room now.
    if (this.#isOver) return;
    this.#redraw.done();
    const state = this.#client.room(this.#slug);
    const view = (this.#view = viewOf(this.#facts, state, this.#place.isSeeking));
    if (view.joined) this.#writing.hear(state?.draft ?? null);
    if (view.joined && !this.#wasJoined) {
      this.#writing.resume();
      this.#place.resume();
    }
    this.#wasJoined = view.joined;
    this.#reader.hear(view);
    this.#claude.show(view);
    const title = view.room.kind === "direct" ? this.#facts.title : view.room.name;
    const marks = { unreadAfter: this.#reader.lineAfter, target: this.#place.target };
    this.#messages.show(view, marks, () => this.#drawChrome(title));
    this.#writing.show(view, title, this.#claude.stop);
    if (view.live) this.#shared.speaker.hear(view.messages, this.#shared.me.id);
    this.#moved();
  }

  /** @param {string} title */
  #drawChrome(title) {
    this.#chrome.show(this.#view, {
      title, loaded: this.#view.live || this.#facts.page !== EMPTY_PAGE,
      offline: this.#client.status === "disconnected", people: this.#people.listed, peopleCount: this.#people.count,
      claude: this.#claude.state,
    });
  }

  #scrolled() {
    this.#moved();
    if (this.#messages.timeline.following) this.#messages.trim();
  }

  /** The reader sees another part of the room, or more of it. */
  #moved() {
    const view = this.#view;
    this.#chrome.showPill(view, this.#isAtEnd);
    this.#reader.look(this.#isAtEnd && view.joined && !this.#place.isSeeking);
  }

  get #isAtEnd() {
    return this.#messages.timeline.following && !this.#view.hasNewer;
  }

  /** @param {number} seq */
  #mark(seq) {
    return this.#client.request("mark_read", { room: this.#slug, seq });
  }

  /** @param {number} seq of the first message that is to be unread */
  #markUnread(seq) {
    this.#reader.hold(seq - 1);
    this.#draw();
    this.#mark(seq - 1).catch((error) => this.#shared.toasts.error(error));
  }

  /** The page goes away, or the room: what waits must not be lost with it. */
  #flush() {
    this.#messages.flush();
    this.#writing.flush();
  }

  get #isOver() {
    return this.#ending.signal.aborted;
  }
}
