/**
 * Sorted lists of messages: finding and placing rows by seq. Pure; lists are never changed, only replaced.
 */

/** @typedef {import("../../protocol.d.ts").Message} Message */

/**
 * Where a seq is, or would be, in O(log n).
 * @param {readonly Message[]} messages
 * @param {number} seq
 * @returns {number}
 */
export function placeOf(messages, seq) {
  let low = 0;
  let high = messages.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (messages[middle].seq < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * @param {readonly Message[]} messages
 * @param {number} seq
 * @returns {Message | undefined}
 */
export function messageAt(messages, seq) {
  const found = messages[placeOf(messages, seq)];
  return found?.seq === seq ? found : undefined;
}

/**
 * Puts rows into a window of the history; of one message, the row with the higher change wins, whatever came first.
 * Rows beyond a closed end of the window would leave a hole, so they are handed back instead.
 * @param {Message[]} messages
 * @param {readonly Message[]} rows
 * @param {{openStart: boolean, openEnd: boolean}} ends whether the window reaches the room's first and last message
 * @returns {{messages: Message[], outside: Message[]}} the same list object if nothing changed
 */
export function placeRows(messages, rows, { openStart, openEnd }) {
  let list = messages;
  const outside = [];
  const own = () => (list === messages ? (list = messages.slice()) : list);
  for (const row of rows) {
    const at = placeOf(list, row.seq);
    const there = list[at];
    if (there?.seq === row.seq) {
      if (isNewer(row, there)) own()[at] = row;
    } else if ((at > 0 || openStart) && (at < list.length || openEnd)) {
      own().splice(at, 0, row);
    } else {
      outside.push(row);
    }
  }
  return { messages: list, outside };
}

/**
 * A row that was not rendered yet (at the end of a stream) gives way to the same row with its html, and never the other
 * way round.
 * @param {Message} row
 * @param {Message} other of the same message
 */
export function isNewer(row, other) {
  if (row.change !== other.change) return row.change > other.change;
  return row.html !== undefined && other.html === undefined;
}

/**
 * The newest row of each message.
 * @param {Iterable<Message>} rows
 * @param {Map<string, Message>} [known]
 * @returns {Map<string, Message>}
 */
export function newestById(rows, known = new Map()) {
  const newest = new Map(known);
  for (const row of rows) {
    const other = newest.get(row.id);
    if (!other || isNewer(row, other)) newest.set(row.id, row);
  }
  return newest;
}
