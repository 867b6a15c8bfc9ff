/**
 * The phases of a connection and the legal moves between them. An illegal move raises.
 */

/**
 * "away" is not trying: before `connect()`, after `close()`, after a fatal end or too many attempts.
 * @typedef {"away" | "opening" | "open" | "waiting"} Phase
 */

/** @type {Record<Phase, Phase[]>} */
const MOVES = {
  away: ["opening"],
  opening: ["open", "waiting", "away"],
  open: ["waiting", "away"],
  waiting: ["opening", "away"],
};

/** What people are told. @type {Record<Phase, "connecting" | "connected" | "disconnected">} */
export const STATUS = { away: "disconnected", opening: "connecting", open: "connected", waiting: "disconnected" };

/**
 * @param {Phase} from
 * @param {Phase} to
 * @returns {Phase}
 */
export function move(from, to) {
  if (!MOVES[from].includes(to)) throw new Error(`A socket cannot go from ${from} to ${to}.`);
  return to;
}
