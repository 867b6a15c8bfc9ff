/**
 * The text of a message as people read it, from its HTML: exactly as the server makes it
 * (chat/markdown/rendered_text.py).
 */

/** Text on both sides of these is one word; every other element stands apart. */
const INLINE = new Set("a abbr b code del em i ins kbd mark s small span strong sub sup u".split(" "));
const TAG = /<\/?([a-z0-9]+)(?: [^<>"]*(?:"[^"]*"[^<>"]*)*)?>/g;
const CUT_OFF = /<[^<>]*$|&[a-z#0-9]{0,8}$/;
/** What the server escapes. @type {Record<string, string>} */
const ENTITIES = {
  "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#x27;": "'", "&#39;": "'", "&nbsp;": "\xa0",
};
const ENTITY = /&(?:amp|lt|gt|quot|nbsp|#39|#x27);/g;

/**
 * @param {string} html of a message, or its beginning
 * @returns {string}
 */
export function renderedText(html) {
  const text = html
    .replace(TAG, (_, /** @type {string} */ name) => (INLINE.has(name) ? "" : "\n"))
    .replace(CUT_OFF, "");
  return text.replace(ENTITY, (entity) => ENTITIES[entity]);
}

/**
 * The text of a message; one that's not stored yet has no HTML.
 * @param {{content: string, html?: string}} message
 */
export function renderedOrWritten({ content, html }) {
  return html ? renderedText(html) : content;
}
