/**
 * The state of one room, as a pure reducer. Whatever order events, recoveries and history pages come in, with drops and
 * repeats, the state ends equal to a fresh load. Nothing is ever changed in place: what stayed the same stays
 * the same object, and an action that changes nothing returns the state it got.
 */

import { replacesWindow } from "./history-page.js";
import { isNewer, newestById, placeRows } from "./message-list.js";
import { refreshQuotes } from "./quotes.js";

/** @typedef {import("../state.d.ts").RoomState} RoomState */
/** @typedef {import("../../protocol.d.ts").Message} Message */
/** @typedef {import("../state.d.ts").Entry} Entry */
/** @typedef {import("../state.d.ts").DurableEvent} DurableEvent */

/** A person who stopped typing without saying so is shown for this long. */
export const TYPING_MS = 6_000;
/** Events kept beyond a gap. More are forgotten: the sync brings them as rows. */
const BUFFER_LIMIT = 500;

/**
 * @param {string} slug
 * @returns {RoomState}
 */
export function emptyRoom(slug) {
  return {
    slug, room: null, role: null, change: 0, epoch: null, messages: [], pending: [], online: [], onlineCount: 0,
    typing: [], hasMore: false, hasNewer: false, newerCount: 0, lastReadSeq: 0, draft: null, joined: false,
    error: null, buffer: [], window: 0, loads: 0, aside: new Map(),
  };
}

/**
 * Is there a hole between what was applied and what has arrived? Then a `sync` is due.
 * @param {RoomState} state
 */
export const hasGap = (state) => state.buffer.length > 0;

/** What a room may have, and the server leaves out once it is over. */
const NO_LONGER = { archivedAt: undefined, deletesAt: undefined, unreachable: undefined };

/** @type {Record<string, (state: RoomState, action: any) => RoomState>} */
const HANDLERS = {
  joined: (state, { data, recovered }) => {
    const facts = {
      room: data.room, role: data.role, ...onlineOf(data), typing: [], joined: true, error: null,
      lastReadSeq: data.lastReadSeq ?? state.lastReadSeq, draft: newerDraft(state.draft, data.draft),
    };
    return { ...caughtUp(state, data, recovered && !data.reset), ...facts };
  },
  synced: (state, { data }) => {
    // What was missing has come on its own, and more: this response is older than what we have.
    if (data.epoch === state.epoch && data.change < state.change) return state;
    return caughtUp(state, data, !data.reset);
  },
  durable,
  row: (state, { message }) => withRows(state, [message], state.change),
  history_started: (state) => ({ ...state, loads: state.loads + 1 }),
  history_failed: loadEnded,
  history: (state, action) => loadEnded(action.window === state.window ? withHistory(state, action) : state),
  trimmed,
  pending: (state, { entries }) => {
    const open = withoutStored(entries, state.messages);
    return sameItems(open, state.pending) ? state : { ...state, pending: open };
  },
  disconnected: (state) => (state.joined || state.typing.length ? { ...state, joined: false, typing: [] } : state),
  left: (state) => ({ ...state, joined: false, typing: [], online: [], onlineCount: 0 }),
  refused: (state, { error }) => ({ ...state, joined: false, error }),
  lost_access: (state) => ({ ...state, joined: false, role: null, typing: [], online: [], onlineCount: 0 }),
  role: (state, { role }) => ({ ...state, role }),
  // What the server leaves out is over: a restored room has no archivedAt.
  room_updated: (state, { room }) => ({ ...state, room: { ...state.room, ...NO_LONGER, ...room } }),
  user_joined: (state, { user, tabs }) => withOnline(state, { ...user, tabs: tabs ?? 1 }),
  tabs: (state, { user, tabs }) => {
    // Of someone who is only counted, the coming and going of the person is told as well: once is enough.
    if (isCrowd(state) && !isNamed(state, user)) return state;
    return tabs > 0 ? withOnline(state, { ...user, tabs }) : withoutUser(state, user);
  },
  user_left: (state, { user }) => withoutUser(state, user),
  presence: (state, data) => ({ ...state, ...onlineOf(data) }),
  typing: (state, { user, typing, now }) => {
    const others = state.typing.filter((other) => other.id !== user.id);
    return { ...state, typing: typing ? [...others, { ...user, until: now + TYPING_MS }] : others };
  },
  typing_expired: (state, { now }) => {
    const typing = state.typing.filter((user) => user.until > now);
    return typing.length === state.typing.length ? state : { ...state, typing };
  },
  read: (state, { lastReadSeq }) => (lastReadSeq === state.lastReadSeq ? state : { ...state, lastReadSeq }),
  draft: (state, { draft }) => {
    const newer = newerDraft(state.draft, draft);
    return newer === state.draft ? state : { ...state, draft: newer };
  },
};

/**
 * @param {RoomState} state
 * @param {{type: string, [fact: string]: any}} action one of the handlers' names, with its facts
 * @returns {RoomState}
 */
export function reduceRoom(state, action) {
  const handler = HANDLERS[action.type];
  if (!handler) throw new Error(`No such action on a room: ${action.type}`);
  return handler(state, action);
}

/**
 * One live event. Applied if it is the next one; kept beyond a gap otherwise.
 * @param {RoomState} state
 * @param {DurableEvent} event
 * @returns {RoomState}
 */
function durable(state, { change, message }) {
  if (state.epoch === null) return state; // never loaded: the first page will contain it
  if (change <= state.change) return withRows(state, [message], state.change);
  const buffer = buffered(state.buffer, { change, message });
  return drained(buffer === state.buffer ? state : { ...state, buffer });
}

/**
 * @param {DurableEvent[]} buffer
 * @param {DurableEvent} event
 */
function buffered(buffer, event) {
  let at = buffer.length;
  while (at > 0 && buffer[at - 1].change > event.change) at -= 1;
  if (buffer[at - 1]?.change === event.change) return buffer;
  return [...buffer.slice(0, at), event, ...buffer.slice(at)].slice(-BUFFER_LIMIT);
}

/**
 * Applies the buffered events that follow the cursor without a gap.
 * @param {RoomState} state
 */
function drained(state) {
  const { buffer } = state;
  let { change } = state;
  let next = 0;
  while (next < buffer.length && buffer[next].change <= change + 1) change = Math.max(change, buffer[next++].change);
  if (next === 0) return state;
  const rows = buffer.slice(0, next).map((event) => event.message);
  return withRows({ ...state, buffer: buffer.slice(next) }, rows, change);
}

/**
 * The response to a join or a sync: the rows changed since the cursor, or a fresh last page.
 * @param {RoomState} state
 * @param {{messages: Message[], change: number, epoch: string, hasMore?: boolean}} data
 * @param {boolean} recovered whether the rows continue from our cursor
 */
function caughtUp(state, data, recovered) {
  if (recovered && data.epoch === state.epoch) {
    return drained(withRows(state, data.messages, Math.max(state.change, data.change)));
  }
  const sameHistory = data.epoch === state.epoch;
  const fresh = {
    ...state,
    change: data.change, epoch: data.epoch, window: state.window + 1, messages: [],
    hasMore: data.hasMore ?? data.messages.length > 0, hasNewer: false, newerCount: 0,
    // Rows of another epoch have other numbers: they must never mix with these.
    buffer: sameHistory ? state.buffer : [], aside: sameHistory ? state.aside : new Map(),
  };
  return drained(withMessages(fresh, data.messages));
}

/**
 * @param {RoomState} state
 * @param {readonly Message[]} rows
 * @param {number} change the cursor after them
 * @returns {RoomState}
 */
function withRows(state, rows, change) {
  const ends = { openStart: !state.hasMore, openEnd: !state.hasNewer };
  const { messages, outside } = placeRows(state.messages, rows, ends);
  // A repeat of an old event must not bring an old text back into a quote.
  const news = rows.filter((row) => row.change > state.change);
  const quoted = refreshQuotes(messages, news);
  const moved = change > state.change;
  if (quoted === state.messages && !moved && !(state.loads && news.length)) return state;
  return {
    ...withMessages(state, quoted),
    change,
    typing: withoutAuthors(state.typing, news),
    newerCount: state.newerCount + (moved ? outside.filter((row) => row.seq > state.change).length : 0),
    // A page that was read before this change may arrive after it: the newer row has to be remembered until then.
    aside: state.loads ? newestById(news, state.aside) : state.aside,
  };
}

/**
 * @param {RoomState} state
 * @param {Message[]} messages
 * @returns {RoomState}
 */
function withMessages(state, messages) {
  if (messages === state.messages) return state;
  const pending = withoutStored(state.pending, messages);
  return { ...state, messages, pending: pending.length === state.pending.length ? state.pending : pending };
}

/**
 * A page of history: before the window, after it, or in its place.
 * @param {RoomState} state
 * @param {{where: "older" | "newer" | "around" | "newest", data: {messages: Message[], hasMore?: boolean,
 *   hasNewer?: boolean}}} action
 * @returns {RoomState}
 */
function withHistory(state, { where, data }) {
  const replaces = replacesWindow(where);
  const hasMore = where === "newer" ? state.hasMore : Boolean(data.hasMore);
  const hasNewer = where === "older" ? state.hasNewer : Boolean(data.hasNewer);
  const known = newestById(state.messages, state.aside);
  const page = data.messages.map((row) => newestOf(row, known.get(row.id)));
  const base = replaces ? [] : state.messages;
  // The page is a stretch without holes, next to the window's own: both ends are open to it.
  const joined = placeRows(base, page, { openStart: true, openEnd: true }).messages;
  // Rows that came live while the page was on its way and lie behind its end, or inside it.
  const { messages } = placeRows(joined, [...known.values()].sort(bySeq), { openStart: !hasMore, openEnd: !hasNewer });
  return {
    ...withMessages(state, refreshQuotes(messages, [...state.aside.values()])),
    hasMore, hasNewer,
    newerCount: hasNewer ? state.newerCount : 0,
    window: replaces ? state.window + 1 : state.window,
  };
}

/**
 * @param {RoomState} state
 * @returns {RoomState}
 */
function loadEnded(state) {
  const loads = Math.max(0, state.loads - 1);
  return { ...state, loads, aside: loads ? state.aside : new Map() };
}

/**
 * Forgets the oldest rows of a long window, so that a tab left open for weeks stays small.
 * @param {RoomState} state
 * @param {{keep: number}} action
 * @returns {RoomState}
 */
function trimmed(state, { keep }) {
  if (state.messages.length <= keep) return state;
  return { ...state, messages: state.messages.slice(-keep), hasMore: true, window: state.window + 1 };
}

/** @param {Message} a @param {Message} b */
const bySeq = (a, b) => a.seq - b.seq;

/** @param {Message} row @param {Message | undefined} other */
const newestOf = (row, other) => (other && isNewer(other, row) ? other : row);

/**
 * A pending row whose message is stored is no longer pending, whichever tab sent it.
 * @param {Entry[]} entries
 * @param {Message[]} messages
 */
function withoutStored(entries, messages) {
  if (!entries.length) return entries;
  const stored = new Set(messages.map((message) => message.clientId));
  return entries.filter((entry) => !stored.has(entry.clientId));
}

/** @param {readonly any[]} list @param {readonly any[]} other */
const sameItems = (list, other) => list.length === other.length && list.every((item, at) => item === other[at]);

/** @param {{online?: import("../../protocol.d.ts").OnlineUser[], onlineCount?: number}} data */
const onlineOf = ({ online = [], onlineCount = online.length }) => ({ online, onlineCount });

/** Are there more people than are named? @param {RoomState} state */
const isCrowd = ({ online, onlineCount }) => onlineCount > online.length;

/** @param {RoomState} state @param {{id: string}} user */
const isNamed = ({ online }, user) => online.some((other) => other.id === user.id);

/**
 * @param {RoomState} state
 * @param {import("../../protocol.d.ts").OnlineUser} user
 */
function withOnline(state, user) {
  const at = state.online.findIndex((other) => other.id === user.id);
  if (at >= 0) return { ...state, online: state.online.with(at, user) };
  const online = isCrowd(state) ? state.online : [...state.online, user];
  return { ...state, online, onlineCount: state.onlineCount + 1 };
}

/**
 * @param {RoomState} state
 * @param {{id: string}} user
 */
function withoutUser(state, user) {
  const others = (/** @type {{id: string}[]} */ list) => list.filter((other) => other.id !== user.id);
  const gone = isNamed(state, user) || isCrowd(state) ? 1 : 0;
  return {
    ...state,
    online: /** @type {any} */ (others(state.online)),
    onlineCount: state.onlineCount - gone,
    typing: /** @type {any} */ (others(state.typing)),
  };
}

/**
 * A person who has just posted isn't typing any more.
 * @param {import("../state.d.ts").TypingUser[]} typing
 * @param {readonly Message[]} rows
 */
function withoutAuthors(typing, rows) {
  if (!typing.length) return typing;
  const authors = new Set(rows.filter((row) => row.seq === row.change).map((row) => row.author?.id));
  const left = typing.filter((user) => !authors.has(user.id));
  return left.length === typing.length ? typing : left;
}

/**
 * @param {import("../../protocol.d.ts").Draft | null} draft
 * @param {import("../../protocol.d.ts").Draft | null | undefined} other
 */
function newerDraft(draft, other) {
  if (!other || (draft && other.version <= draft.version)) return draft;
  return { content: other.content, version: other.version, ...(other.user && { user: other.user }) };
}
