/**
 * Which page of history to ask for: before the window, after it, around a message, or the newest. Pure.
 */

import { messageAt } from "./message-list.js";

/** @typedef {"older" | "newer" | "around" | "newest"} Where */
/** @typedef {import("../state.d.ts").RoomState} RoomState */

const PAGE_SIZE = 50;

/**
 * The payload of `get_messages`.
 * @param {RoomState} state
 * @param {Where} where
 * @param {number} [seq]
 */
export function pageRequest({ slug, messages }, where, seq) {
  const anchors = {
    older: { before: messages[0]?.seq },
    newer: { after: messages.at(-1)?.seq },
    around: { around: seq },
    newest: {},
  };
  return { room: slug, limit: PAGE_SIZE, ...anchors[where] };
}

/** Does such a page take the window's place? @param {Where} where */
export function replacesWindow(where) {
  return where === "around" || where === "newest";
}

/**
 * Is there nothing to ask for?
 * @param {RoomState} state
 * @param {Where} where
 * @param {number} [seq]
 */
export function isLoaded(state, where, seq) {
  if (where === "older") return !state.hasMore;
  if (where === "around") return messageAt(state.messages, seq ?? 0) !== undefined;
  return !state.hasNewer;
}
