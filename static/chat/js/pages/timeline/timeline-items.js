/**
 * Messages to what the timeline shows: which joins the one above, where a day begins, where the unread ones begin.
 * Pure.
 */

import { excerptOf, quotable } from "../../client/rooms/quotes.js";
import { dayOf } from "../base/dates.js";
import { shownName } from "../people/shown-name.js";

/** @typedef {import("../../protocol.d.ts").Message} Message */
/** @typedef {import("../../client/state.d.ts").Entry} Entry */
/** @typedef {import("../message/item.js").Item} Item */

/** Messages of one author within this time stand together. */
export const GROUP_MS = 5 * 60_000;

/**
 * @param {object} view
 * @param {readonly Message[]} view.messages
 * @param {readonly Entry[]} view.pending
 * @param {import("../../protocol.d.ts").UserRef} view.me
 * @param {boolean} view.hasMore
 * @param {number | null} [view.unreadAfter] the line stands above the first message of others after this seq
 * @param {number | null} [view.target]
 * @param {ReadonlySet<string>} [view.deleting] ids
 * @param {readonly import("../../client/state.d.ts").Stream[]} [view.streams]
 * @param {{seq: number, summarised: boolean} | null} [view.contextLine]
 * @param {string} [view.readOnly] why nothing can be written, or ""
 * @returns {Item[]}
 */
export function buildItems({
  messages, pending, me, hasMore, unreadAfter = null, target = null, deleting = new Set(), streams = [],
  contextLine = null, readOnly = "",
}) {
  /** @type {Item[]} */
  const items = [];
  const streamOf = new Map(streams.map((stream) => [stream.messageId, stream]));
  let lineDrawn = unreadAfter === null;
  for (const message of messages) {
    if (wentUnspoken(message) && message.seq !== target) continue;
    const unread = !lineDrawn && message.seq > /** @type {number} */ (unreadAfter) && isFromAnother(message, me);
    // Is the last read message not loaded? Then the first unread one may not be, either.
    const firstUnread = unread && (items.length > 0 || !hasMore);
    lineDrawn ||= unread;
    items.push(
      joined(
        stored(message, me, { firstUnread, target, deleting, streamOf, contextLine, mayAct: !readOnly }),
        items.at(-1),
      ),
    );
  }
  for (const entry of pending) items.push(joined(waiting(entry, me, messages), items.at(-1)));
  return items;
}

/**
 * Whether it is a reply that was taken back before its turn: of that, its prompt's row tells.
 * @param {Message} message
 */
const wentUnspoken = ({ deletedAt, reply }) =>
  Boolean(deletedAt) && reply !== undefined && reply.startedAt === undefined;

/** Whether it counts as unread while it is not read. @param {Message} message @param {{id: string}} me */
export const isFromAnother = (message, me) =>
  message.kind === "text" && !message.deletedAt && message.author?.id !== me.id;

/**
 * @param {Message} message
 * @param {import("../../protocol.d.ts").UserRef} me
 * @param {{firstUnread: boolean, target: number | null, deleting: ReadonlySet<string>, mayAct: boolean,
 *   streamOf: ReadonlyMap<string, import("../../client/state.d.ts").Stream>, contextLine: {seq: number,
 *   summarised: boolean} | null}} facts
 * @returns {Item}
 */
function stored(message, me, { firstUnread, target, deleting, mayAct, streamOf, contextLine }) {
  const mine = message.author?.id === me.id;
  return {
    key: message.clientId && message.author ? `${message.author.id}:${message.clientId}` : `#${message.id}`,
    kind: message.kind === "text" ? "message" : "event",
    message, firstUnread, mine,
    author: message.author, seq: message.seq, state: "stored", continues: false, day: null,
    mentionsMe: !mine && !message.deletedAt && Boolean(message.mentions?.includes(me.id)),
    deleting: deleting.has(message.id), target: message.seq === target, quote: message.replyTo ?? null, mayAct,
    stream: (message.reply && streamOf.get(message.id)) ?? null,
    contextLine: contextLine?.seq === message.seq ? (contextLine.summarised ? "summarised" : "plain") : null,
  };
}

/**
 * @param {Entry} entry
 * @param {import("../../protocol.d.ts").UserRef} me
 * @param {readonly Message[]} messages
 * @returns {Item}
 */
function waiting(entry, me, messages) {
  const original = entry.replyTo && messages.find((message) => message.id === entry.replyTo);
  const quote = original
    ? {
        id: original.id, seq: original.seq, author: original.author, excerpt: excerptOf(quotable(original)),
        deleted: Boolean(original.deletedAt),
      }
    : null;
  return {
    key: `${me.id}:${entry.clientId}`, kind: "message", message: entry, author: me, seq: 0, state: entry.state,
    continues: false, day: null, firstUnread: false, mine: true, mentionsMe: false, deleting: false, target: false,
    quote, stream: null, contextLine: null, mayAct: true,
  };
}

/** @param {Item} item @param {Item | undefined} above @returns {Item} */
function joined(item, above) {
  const day = dayOf(item.message.createdAt);
  const newDay = !above || dayOf(above.message.createdAt) !== day;
  const continues =
    !newDay &&
    !item.firstUnread &&
    !item.quote &&
    !item.message.reply &&
    !item.contextLine &&
    item.kind === "message" &&
    above.kind === "message" &&
    item.author !== null &&
    above.author?.id === item.author.id &&
    shownName(above.author) === shownName(item.author) &&
    item.message.createdAt - above.message.createdAt < GROUP_MS;
  return { ...item, continues, day: newDay ? day : null };
}
