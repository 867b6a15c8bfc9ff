/**
 * What Ctrl+K offers for some letters: rooms, people and actions, the best fit first. Draws no list.
 */

import { icon } from "../base/dom.js";
import { avatar, countText, roomMark, roomTitle, roomUsername } from "../people/names.js";
import { bestRank, RANK, rank } from "../base/ranking.js";
import { activeAt } from "./room-list.js";
import { handle, shownName } from "../people/shown-name.js";

const SHOWN_AT_MOST = 12;
export const NEW_SESSION = "/sessions/new";

/** @typedef {import("./room-list.js").ListedRoom} ListedRoom */
/** @typedef {import("../../protocol.d.ts").UserRef} User */
/**
 * @typedef {{key: string, href?: string, person?: User, mark: Node, title: string, hint?: string, badge?: string,
 *   rank: number}} Choice
 */
/** @typedef {{rooms: readonly ListedRoom[], hasMore: boolean, people: readonly User[]}} Found by the server */

/** @type {Found} */
export const NOTHING_FOUND = Object.freeze({ rooms: [], hasMore: false, people: [] });

/**
 * @param {string} query
 * @param {{rooms: Iterable<ListedRoom>, found: Found, myId: string}} facts
 * @returns {Choice[]}
 */
export function choicesFor(query, { rooms, found, myId }) {
  const listed = new Map(found.rooms.map((room) => [room.slug, { room, worst: RANK.found }]));
  for (const room of rooms) listed.set(room.slug, { room, worst: listed.has(room.slug) ? RANK.found : RANK.none });
  const entries = [...listed.values()];
  const places = ordered([...roomChoices(query, entries, myId), ...personChoices(query, found.people, entries, myId)]);
  const isCut = places.length > SHOWN_AT_MOST || found.hasMore;
  const fitting = ordered([...places.slice(0, SHOWN_AT_MOST), ...actions(query)]);
  return [...(isCut ? fitting : fitting.slice(0, SHOWN_AT_MOST)), ...lists(query, isCut)];
}

/** Stable: of equals, rooms come before people, and people before actions. @param {Choice[]} choices */
const ordered = (choices) => choices.filter((choice) => choice.rank < RANK.none).sort((a, b) => a.rank - b.rank);

/**
 * @param {string} query
 * @param {{room: ListedRoom, worst: number}[]} listed
 * @param {string} myId
 * @returns {Choice[]}
 */
function roomChoices(query, listed, myId) {
  return [...listed]
    .sort((a, b) => b.room.unread - a.room.unread || activeAt(b.room) - activeAt(a.room))
    .map(({ room, worst }) => {
      const title = roomTitle(room, myId);
      const href = `/rooms/${room.slug}/`;
      return {
        key: href, href, title, mark: roomMark(room, myId), badge: room.unread ? countText(room.unread) : "",
        rank: Math.min(worst, bestRank([title, roomUsername(room, myId)], query)),
      };
    });
}

/**
 * People that the reader has no direct room with.
 * @param {string} query @param {readonly User[]} people @param {{room: ListedRoom}[]} listed @param {string} myId
 *   @returns {Choice[]}
 */
function personChoices(query, people, listed, myId) {
  const known = new Set(
    listed.flatMap(({ room }) => (room.kind === "direct" ? (room.members ?? []).map(({ id }) => id) : [])),
  );
  return people
    .filter(({ id }) => id !== myId && !known.has(id))
    .map((person) => ({
      key: `@${person.username}`, person, mark: avatar(person.username, { size: "s" }), title: shownName(person),
      hint: handle(person), rank: Math.min(RANK.found, bestRank([person.username, person.displayName], query)),
    }));
}

/** @param {string} query @returns {Choice[]} */
function actions(query) {
  return [
    { href: NEW_SESSION, mark: "session", title: "New session with Claude" },
    { href: "/rooms/", mark: "open", title: "Browse open rooms" },
    { href: "/rooms/new", mark: "plus", title: "New room" },
    { href: "/direct/new", mark: "direct", title: "New direct message" },
  ].map(({ href, mark, title }) => ({ key: href, href, mark: icon(mark), title, rank: rank(title, query) }));
}

/** Where more is found, below everything else. @param {string} query @param {boolean} isCut @returns {Choice[]} */
function lists(query, isCut) {
  const q = encodeURIComponent(query);
  return [
    isCut && {
      href: `/rooms/mine?q=${q}`, mark: "open", title: query ? `All your rooms named “${query}”` : "All your rooms",
    },
    query && { href: `/search?q=${q}`, mark: "search", title: `Search messages for “${query}”` },
  ].flatMap((list) =>
    list ? [{ key: list.href, href: list.href, mark: icon(list.mark), title: list.title, rank: RANK.none }] : [],
  );
}
