/**
 * The list of my rooms, as a pure reducer: what is unread in each, and in which order they stand.
 */

/** @typedef {import("../../protocol.d.ts").ListedRoom} ServerRoom */
/** @typedef {Pick<ServerRoom, "slug" | "name" | "kind" | "unread" | "mentions" | "muted" | "lastReadSeq"> &
 *   Partial<ServerRoom> & {countedTo?: number}} ListedRoom
 *   countedTo: the `seq` up to which the counts that the server sent as a whole include every message
 *   hasDraft: there is a draft whose words the list does not bring, or has not brought yet */
/** @typedef {ReadonlyMap<string, ListedRoom>} RoomList */

/** The server stops counting there, so we do too. */
const COUNT_AT_MOST = 100;
/**
 * @typedef {"sessions" | "rooms" | "direct"} SectionKey
 * @type {Record<SectionKey, ("closed" | "direct" | "open" | "session")[]>}
 */
export const SECTIONS = { sessions: ["session"], rooms: ["open", "closed"], direct: ["direct"] };

/** @type {Record<string, (list: RoomList, action: any) => RoomList>} */
const HANDLERS = {
  listed: (_list, { rooms }) => new Map(rooms.map(entry)),
  found: (list, { rooms, asked = [] }) => {
    const gone = new Set(
      asked.filter((/** @type {string} */ slug) => !rooms.some((/** @type {ListedRoom} */ room) => room.slug === slug)),
    );
    const others = [...list].filter(([slug]) => !gone.has(slug));
    return new Map([...others, ...rooms.map(entry)]);
  },
  read: (list, { room, lastReadSeq, unread, mentions }) =>
    withRoom(list, room, () => ({ lastReadSeq, unread, mentions })),
  counted: (list, { room, count, mentions, at, seq, total }) =>
    withRoom(list, room, (known) => {
      if (total)
        return total.lastReadSeq === known.lastReadSeq
          ? { unread: total.unread, mentions: total.mentions, countedTo: seq }
          : {};
      return seq <= counted(known) ? active(known, at) : { ...more(known, count, mentions), ...active(known, at) };
    }),
  message: (list, { message, mine, seen, mentioned }) =>
    withRoom(list, message.room, (known) => ({
      ...active(known, message.createdAt),
      ...(mine || seen || message.seq <= counted(known) ? {} : more(known, 1, mentioned ? 1 : 0)),
    })),
  updated: (list, { room }) => {
    if (room.archivedAt) return without(list, room.slug);
    return withRoom(list, room.slug, () => room);
  },
  muted: (list, { room, muted }) => withRoom(list, room, () => ({ muted })),
  draft: (list, { room, content, version }) => withRoom(list, room, () => ({ draft: { content, version } })),
  removed: (list, { room }) => without(list, room),
};

/** @param {RoomList} list @param {{type: string, [fact: string]: any}} action @returns {RoomList} */
export function reduceRoomList(list, action) {
  const handler = HANDLERS[action.type];
  if (!handler) throw new Error(`Unknown action on the list of rooms: ${action.type}`);
  return handler(list, action);
}

/** @param {RoomList} list @returns {Record<SectionKey, ListedRoom[]>} busiest last first */
export function sectionsOf(list) {
  const rooms = [...list.values()].sort((a, b) => activeAt(b) - activeAt(a) || a.name.localeCompare(b.name));
  const of = (/** @type {readonly string[]} */ kinds) => rooms.filter(({ kind }) => kinds.includes(kind));
  return { sessions: of(SECTIONS.sessions), rooms: of(SECTIONS.rooms), direct: of(SECTIONS.direct) };
}

/** @param {RoomList} list what the tab's title and icon show: muted rooms count only where I am mentioned */
export function unreadTotal(list) {
  return [...list.values()].reduce((sum, room) => sum + (room.muted ? room.mentions : room.unread), 0);
}

/**
 * @param {ListedRoom} room what lists are ordered by; a server that does not say it has no better than the last message
 */
export const activeAt = (room) => room.activeAt ?? room.lastMessageAt ?? room.createdAt ?? 0;

/** @param {ListedRoom} room whether it has news for me: those come first, however old they are */
export const isUrgent = (room) => room.mentions > 0 || (room.unread > 0 && !room.muted);

/** @param {ListedRoom} room @param {number} at */
const active = (room, at) => ({
  lastMessageAt: Math.max(room.lastMessageAt ?? 0, at), activeAt: Math.max(activeAt(room), at),
});

/**
 * @param {ListedRoom & {change?: number}} room as the server lists it: with everything counted up to its change
 * @returns {[string, ListedRoom]}
 */
const entry = (room) => [room.slug, { ...room, countedTo: room.change }];

/** @param {ListedRoom} room up to which `seq` messages are read, or counted already */
const counted = (room) => Math.max(room.lastReadSeq, room.countedTo ?? 0);

/** @param {ListedRoom} room @param {number} [count] @param {number} [mentions] */
const more = (room, count = 0, mentions = 0) => ({
  unread: Math.min(COUNT_AT_MOST, room.unread + count),
  mentions: Math.min(COUNT_AT_MOST, room.mentions + mentions),
});

/** @param {RoomList} list @param {string} slug @param {(room: ListedRoom) => Partial<ListedRoom>} change */
function withRoom(list, slug, change) {
  const room = list.get(slug);
  return room ? new Map(list).set(slug, { ...room, ...change(room) }) : list;
}

/** @param {RoomList} list @param {string} slug */
function without(list, slug) {
  const others = new Map(list);
  others.delete(slug);
  return others;
}
