/**
 * Reads a server frame as actions on room states: which room it concerns, and what happened there. Pure.
 */

/** @typedef {[slug: string, action: {type: string, [fact: string]: any}]} RoomAction */

/**
 * @type {Record<string, (data: any, facts: {myId: string | undefined, now: number}) => {type: string, [fact: string]:
 *   any} | null>}
 */
const READERS = {
  user_joined: ({ user, tabs }) => ({ type: "user_joined", user, tabs }),
  user_left: ({ user }) => ({ type: "user_left", user }),
  tab_connected: ({ user, tabs }) => ({ type: "tabs", user, tabs }),
  tab_disconnected: ({ user, tabs }) => ({ type: "tabs", user, tabs }),
  presence: ({ online, onlineCount }) => ({ type: "presence", online, onlineCount }),
  room_updated: ({ room }) => ({ type: "room_updated", room }),
  read_updated: ({ lastReadSeq }) => ({ type: "read", lastReadSeq }),
  draft_updated: ({ content, version, user }) => ({ type: "draft", draft: { content, version, user } }),
  typing: ({ user, typing }, { myId, now }) => (user.id === myId ? null : { type: "typing", user, typing, now }),
  member_updated: ({ user, role }, { myId }) => {
    if (user.id !== myId) return null;
    return role === null ? { type: "lost_access" } : { type: "role", role };
  },
  // Often the only frame that tells of it: with access, everything else of the room ends.
  left: () => ({ type: "lost_access" }),
};

/**
 * @param {import("../state.d.ts").Frame} frame
 * @param {string | undefined} myId
 * @param {number} now
 * @returns {RoomAction[]}
 */
export function roomActions({ type, data, requestId }, myId, now) {
  const slug = data && (typeof data.room === "string" ? data.room : data.room?.slug);
  if (!slug || (requestId !== undefined && READERS[type])) return [];
  if (isDurable(type, data)) return [[slug, { type: "durable", change: data.change, message: data.message }]];
  const action = READERS[type]?.(data, { myId, now });
  return action ? [[slug, action]] : [];
}

/**
 * Every durable event has a change and the row that it stamped; whatever its name, the row is what counts.
 * @param {string} type
 * @param {any} data
 */
function isDurable(type, data) {
  // A failed reply comes as `error` with STREAM_ERROR: its row is as durable as any other.
  return (
    typeof data.change === "number" && typeof data.message === "object" && data.message !== null && type !== "joined"
  );
}

/**
 * The rows that an action brings, whether the room's window has a place for them or not.
 * @param {{type: string, [fact: string]: any}} action
 * @returns {readonly import("../../protocol.d.ts").Message[]}
 */
export function rowsOf({ type, message, data }) {
  if (type === "durable" || type === "row") return [message];
  return (type === "synced" || type === "history") && data?.messages ? data.messages : [];
}

/**
 * Does the action bring the room as a whole, rather than what has changed in it?
 * @param {{type: string, [fact: string]: any}} action
 */
export const startsAnew = ({ type, data }) => type === "joined" || (type === "synced" && Boolean(data?.reset));
