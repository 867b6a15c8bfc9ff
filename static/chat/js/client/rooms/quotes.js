/**
 * Keeps the quotes inside replies true: when a message is edited or deleted, every loaded reply to it shows that.
 * A deleted text must not live on in a quote.
 */

import { renderedText } from "./rendered-text.js";

/** @typedef {import("../../protocol.d.ts").Message} Message */

/** How much of a message the server quotes, in code points. */
const EXCERPT_CHARS = 140;
/** How much of a message's HTML, or text, the server reads for that. */
const QUOTED_CHARS = 4000;
/** What the server quotes of a message that is files alone. */
const ATTACHMENT = "Attachment";
/** White space as Python splits at it. */
const SPACES = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g;

/**
 * The beginning of a message on one line, exactly as the server makes it.
 * @param {string} content
 */
export function excerptOf(content) {
  const line = content.replace(SPACES, " ").replace(/^ | $/g, "");
  const characters = [...line];
  return characters.length <= EXCERPT_CHARS ? line : `${characters.slice(0, EXCERPT_CHARS - 1).join("")}…`;
}

/**
 * The text of a message as far as it's quoted.
 * @param {{content: string, html?: string}} message
 */
export function quotable({ content, html }) {
  return html ? renderedText(html.slice(0, QUOTED_CHARS)) : content.slice(0, QUOTED_CHARS);
}

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
    const excerpt = deleted ? "" : excerptOf(quotable(source)) || (source.attachments?.length ? ATTACHMENT : "");
    if (message.replyTo.deleted === deleted && message.replyTo.excerpt === excerpt) return;
    if (list === messages) list = messages.slice();
    list[at] = { ...message, replyTo: { ...message.replyTo, deleted, excerpt } };
  });
  return list;
}
