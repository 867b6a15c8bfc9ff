/** What a row of the timeline shows: a message and all that depends on where it stands. Pure. */

/** @typedef {import("../../protocol.d.ts").Message} Message */
/** @typedef {import("../../client/state.d.ts").Entry} Entry */
/**
 * @typedef {Entry & {[K in Exclude<keyof Message, keyof Entry>]?: undefined}} Waiting what the server adds is missing
 */

/**
 * @typedef {object} Item one row
 * @property {string} key the same for the pending and for the stored row of a message
 * @property {"message" | "event"} kind
 * @property {Message | Waiting} message
 * @property {import("../../protocol.d.ts").UserRef | null} author
 * @property {number} seq 0 while it is not stored
 * @property {"stored" | "sending" | "failed"} state
 * @property {boolean} continues
 * @property {number | null} day midnight, if a day begins here
 * @property {boolean} firstUnread
 * @property {boolean} mine
 * @property {boolean} mentionsMe
 * @property {boolean} deleting
 * @property {boolean} target what the permalink asked for
 * @property {import("../../protocol.d.ts").ReplyTo | null} quote
 * @property {import("../../client/state.d.ts").Stream | null} stream what is being said, if it is a reply that runs or
 *   waits
 * @property {null | "plain" | "summarised"} contextLine "Claude sees from here" stands above it
 * @property {boolean} mayAct the reader may write here
 */

/** Whether two items look the same. @param {Item} item @param {Item} other */
export function sameItem(item, other) {
  return (
    item.message === other.message &&
    item.state === other.state &&
    item.continues === other.continues &&
    item.day === other.day &&
    item.firstUnread === other.firstUnread &&
    item.deleting === other.deleting &&
    item.target === other.target &&
    item.stream === other.stream &&
    item.contextLine === other.contextLine &&
    item.mayAct === other.mayAct &&
    item.quote?.excerpt === other.quote?.excerpt
  );
}
