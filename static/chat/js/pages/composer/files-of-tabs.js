/**
 * Keeps a file that waits to be sent in one tab. A browser copies what a tab remembers into its duplicate, and into a
 * window that it opens: without this, both would show the same files, and send them twice.
 */

/**
 * Tabs that were opened together, as after a restart of the browser, settle it among themselves: the lower name has
 * them.
 */
const SETTLING_MS = 1000;

/**
 * @typedef {object} Holder
 * @property {() => string[]} held the ids of its uploaded files
 * @property {(ids: string[]) => void} drop takes these away, where it has them
 */

/** @typedef {{asks?: string[], holds?: string[], gone?: string[], by: string}} Word */

const me = crypto.getRandomValues(new Uint32Array(2)).join("-");
const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("parley.files");
/** @type {Set<Holder>} */
const holders = new Set();
/** File -> until when this tab may still have to give it up. @type {Map<string, number>} */
const unsettled = new Map();

if (channel) channel.onmessage = ({ data }) => heard(data);

/** @param {Holder} holder that has files now */
export function join(holder) {
  holders.add(holder);
}

/** @param {Holder} holder */
export function leave(holder) {
  holders.delete(holder);
}

/** These were remembered, perhaps by another tab. @param {string[]} ids */
export function ask(ids) {
  if (!ids.length) return;
  for (const id of ids) unsettled.set(id, Date.now() + SETTLING_MS);
  channel?.postMessage({ asks: ids, by: me });
}

/** These were sent or removed. @param {string[]} ids */
export function tellGone(ids) {
  if (ids.length) channel?.postMessage({ gone: ids, by: me });
}

/** @param {Word} word */
function heard({ asks, holds, gone, by }) {
  if (asks) claim(asks, by);
  const lost = [...(gone ?? []), ...(holds ?? []).filter((id) => isUnsettled(id))];
  if (lost.length) for (const holder of [...holders]) holder.drop(lost);
}

/** @param {string[]} asked @param {string} by */
function claim(asked, by) {
  const held = new Set([...holders].flatMap((holder) => holder.held()));
  const mine = asked.filter((id) => held.has(id) && (!isUnsettled(id) || me < by));
  if (mine.length) channel?.postMessage({ holds: mine, by: me });
}

/** @param {string} id */
function isUnsettled(id) {
  return (unsettled.get(id) ?? 0) > Date.now();
}
