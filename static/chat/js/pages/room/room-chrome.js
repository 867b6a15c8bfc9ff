/**
 * What stands around the messages of a room: title and topic, the people, who is typing, the beginning of the room, the
 * pill, and why nothing can be written if that is so.
 */

import { briefWords, stateWords } from "../claude/claude-state.js";
import { showPill } from "../timeline/jump-pill.js";
import { roomUsername } from "../people/names.js";
import { PeoplePanel } from "../people/people-panel.js";
import { showStart } from "../timeline/room-start.js";
import { nameInText } from "../people/shown-name.js";
import { Renaming } from "./renaming.js";
import { showTyping } from "./typing-line.js";

export class RoomChrome {
  #parts;
  #panel;
  #renaming;
  #myId;
  /** Newest seq that the reader had seen when they scrolled away. */
  #seenSeq;

  /**
   * @param {HTMLElement} root
   * @param {{myId: string, seenSeq: number, rename: (name: string) => Promise<unknown>,
   *   toasts: import("../base/toasts.js").Toasts}} options
   */
  constructor(root, { myId, seenSeq, rename, toasts }) {
    const part = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (root.querySelector(selector));
    this.#parts = {
      title: part("[data-room-title]"), topic: part("[data-room-topic]"), typing: part(".typing"),
      notice: part(".read-only"), start: part(".timeline-start"), pill: part(".jump-to-latest"),
    };
    this.#panel = new PeoplePanel(root);
    this.#renaming = new Renaming(root, { rename, toasts });
    this.#myId = myId;
    this.#seenSeq = seenSeq;
  }

  destroy() {
    this.#panel.destroy();
    this.#renaming.destroy();
  }

  /**
   * @param {import("./room-view.js").RoomView} view
   * @param {{title: string, people: import("../people/people-panel.js").Person[], peopleCount: number, loaded: boolean,
   *   offline: boolean,
   *   claude: import("../claude/claude-state.js").ClaudeState}} facts
   */
  show(view, { title, people, peopleCount, loaded, offline, claude }) {
    const { room } = view;
    const session = room.kind === "session";
    this.#parts.title.textContent = title;
    this.#parts.topic.textContent = room.topic ?? "";
    this.#renaming.show(view.moderates && room.kind !== "direct" && !view.readOnly);
    const { online, onlineCount } = view;
    this.#panel.show({
      people, peopleCount, online, onlineCount, session, claude: briefWords(claude), live: view.joined,
    });
    const by =
      view.draft?.content && view.draft.user && view.draft.user.id !== this.#myId ? nameInText(view.draft.user) : "";
    showTyping(this.#parts.typing, {
      typing: view.typing, session, draftBy: session ? by : "", hint: hintOf(room, claude),
    });
    this.#parts.notice.hidden = !view.readOnly;
    this.#parts.notice.textContent = view.readOnly;
    showStart(this.#parts.start, {
      loaded, offline, moderates: view.moderates, title, username: roomUsername(room, this.#myId),
      hasMore: view.hasMore, room: { slug: room.slug, kind: room.kind },
      empty: !view.messages.some((message) => message.kind === "text"),
    });
  }

  /** @param {import("./room-view.js").RoomView} view @param {boolean} atEnd */
  showPill(view, atEnd) {
    if (atEnd) this.#seenSeq = view.messages.at(-1)?.seq ?? 0;
    const fresh = view.messages.filter(
      ({ seq, kind, author }) => seq > this.#seenSeq && kind === "text" && author?.id !== this.#myId,
    );
    showPill(this.#parts.pill, { away: !atEnd, count: atEnd ? 0 : fresh.length + view.newerCount });
  }
}

/**
 * What the line under the composer says when no one types.
 * @param {import("../../protocol.d.ts").Room} room
 * @param {import("../claude/claude-state.js").ClaudeState} claude
 */
function hintOf({ kind, claude: settings }, claude) {
  if (kind === "session")
    return settings && !settings.everyMessage ? "Claude replies here only when called: @claude" : "";
  // Elsewhere there is no line of its own for it.
  return claude.stoppableId ? `Claude: ${stateWords(claude)}` : "";
}
