/**
 * What the page shows of a room: the live state, or before the first response what the page came with. Pure.
 */

import { contextLine } from "../claude/claude-state.js";
import { dayLabel } from "../base/dates.js";
import { isolated } from "../people/shown-name.js";

/** @typedef {import("../../client/state.d.ts").RoomState} RoomState */

/**
 * @typedef {object} RoomFacts what the server put into the page
 * @property {import("../../protocol.d.ts").Room} room
 * @property {string} title
 * @property {string | null} role
 * @property {number} lastReadSeq
 * @property {import("../../protocol.d.ts").Draft | null} draft
 * @property {import("../people/people-panel.js").Person[]} people in a large room only some of them
 * @property {number} peopleCount
 * @property {{demo: boolean, hasKey: boolean}} claude what replies on this server
 * @property {{tokens: number, cost: number}} usage of Claude in this room
 * @property {{messages: import("../../protocol.d.ts").Message[], hasMore: boolean, hasNewer: boolean}} page
 */

/** @typedef {ReturnType<typeof viewOf>} RoomView */

/** The page of a room that nothing is known of yet. */
export const EMPTY_PAGE = Object.freeze({ messages: [], hasMore: false, hasNewer: false });

/**
 * @param {RoomFacts} facts
 * @param {RoomState | undefined} state
 * @param {boolean} seeking a permalink is being looked for: the live window is elsewhere until it is found
 */
export function viewOf(facts, state, seeking) {
  const current = state && state.epoch !== null && !seeking ? state : null;
  const room = { ...facts.room, ...state?.room };
  const source = current ?? facts.page;
  const role = current ? current.role : facts.role;
  const lost = Boolean(state && state.epoch !== null && state.role === null);
  return {
    live: current !== null,
    room,
    messages: source.messages,
    hasMore: source.hasMore,
    hasNewer: source.hasNewer,
    pending: notStored(state?.pending ?? [], source.messages),
    online: state?.online ?? [],
    onlineCount: state?.onlineCount ?? 0,
    typing: state?.typing ?? [],
    draft: state?.draft ?? facts.draft,
    contextLine: contextLine(source.messages),
    callsClaude: !room.archivedAt && !repliesToAll(room),
    joined: state?.joined ?? false,
    newerCount: current ? current.newerCount : 0,
    lastReadSeq: current ? current.lastReadSeq : facts.lastReadSeq,
    role,
    moderates: room.kind !== "direct" && (role === "owner" || role === "moderator"),
    readOnly: readOnly(room, state, lost),
  };
}

/** Does Claude reply here without being called? @param {import("../../protocol.d.ts").Room} room */
const repliesToAll = ({ kind, claude }) => kind === "session" && (claude?.everyMessage ?? true);

/**
 * @param {RoomView} view
 * @param {string} title what the reader calls the room
 */
export function placeholder({ room }, title) {
  if (room.kind !== "session") return `Message ${isolated(title)}`;
  return repliesToAll(room) ? "Message Claude and everyone here" : "Message everyone here, or @claude";
}

/**
 * The page may come with messages whose response has not reached this browser yet: they are no longer pending.
 * @param {import("../../client/state.d.ts").Entry[]} pending
 * @param {import("../../protocol.d.ts").Message[]} messages
 */
function notStored(pending, messages) {
  if (!pending.length) return pending;
  const stored = new Set(messages.map((message) => message.clientId));
  return pending.filter((entry) => !stored.has(entry.clientId));
}

/**
 * Why nothing can be written, or "".
 * @param {{archivedAt?: number, deletesAt?: number, unreachable?: boolean}} room
 * @param {RoomState | undefined} state
 * @param {boolean} lost
 */
function readOnly(room, state, lost) {
  if (lost) return "You are no longer in this room.";
  if (room.deletesAt) return `This room is archived, and will be deleted on ${dayLabel(room.deletesAt)}.`;
  if (room.archivedAt) return "This room is archived. Its history stays.";
  if (room.unreachable) return "The other person's account is deactivated. Your messages stay.";
  return state?.error?.message ?? "";
}

/**
 * What a toast says of a message that a link leads to and that is not shown.
 * @param {unknown} error
 * @param {boolean} isOwed it will be shown later
 * @returns {[string, {kind?: "error"}]}
 */
export function missingWords(error, isOwed) {
  if (isOwed) return ["You're offline. This message shows when you're connected again.", {}];
  return error
    ? [/** @type {Error} */ (error).message, { kind: "error" }]
    : ["This message is not there any more.", {}];
}
