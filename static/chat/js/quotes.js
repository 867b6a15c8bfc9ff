/**
 * Keeps the quotes inside replies true: when a message is edited or deleted, every loaded reply to it shows that.
 * A deleted text must not live on in a quote.
 */

/** @typedef {import("./types.js").Message} Message */

/** How much of a message the server quotes, in code points. */
const EXCERPT_CHARS = 140;

/**
 * @param {Message[]} messages
 * @param {readonly Message[]} rows rows that have just changed
 * @returns {Message[]} the same list object if no quote changed
 */
export function refreshQuotes(messages, rows) {
  const changed = new Map(rows.filter((row) => row.change > row.seq).map((row) => [row.id, row]));
  if (!changed.size) return messages;
  let list = messages;
  messages.forEach((message, at) => {
    const source = message.replyTo && changed.get(message.replyTo.id);
    if (!source || !message.replyTo) return;
    const deleted = Boolean(source.deletedAt);
    const excerpt = deleted ? "" : [...source.content].slice(0, EXCERPT_CHARS).join("");
    if (message.replyTo.deleted === deleted && message.replyTo.excerpt === excerpt) return;
    if (list === messages) list = messages.slice();
    list[at] = { ...message, replyTo: { ...message.replyTo, deleted, excerpt } };
  });
  return list;
}
