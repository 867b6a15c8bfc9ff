/**
 * Which reactions are mine. Of a reaction of many people only some are named; where I am not among them, the server is
 * asked, once for each message that is shown.
 */

/** @typedef {import("../../protocol.d.ts").Message} Message */
/** @typedef {import("../../protocol.d.ts").Reaction} Reaction */

export class OwnReactions {
  #request;
  #myId;
  #onKnown;
  /** @type {Map<string, Promise<void> | Set<string>>} message -> my emoji, or the question */
  #known = new Map();

  /**
   * @param {object} options
   * @param {import("../../client/requests.d.ts").SendRequest} options.request
   * @param {string} options.myId
   * @param {(messageId: string) => void} options.onKnown it is known now what was not when the message was drawn
   */
  constructor({ request, myId, onKnown }) {
    this.#request = request;
    this.#myId = myId;
    this.#onKnown = onKnown;
  }

  /**
   * @param {Message} message
   * @param {Reaction} reaction
   * @returns {boolean} false as well while it is not known yet
   */
  has(message, { emoji, users, count }) {
    if (users.some((user) => user.id === this.#myId)) return true;
    if (count === undefined) return false;
    const known = this.#known.get(message.id);
    if (known instanceof Set) return known.has(emoji);
    if (!known) this.#ask(message.id);
    return false;
  }

  /** I have changed my reactions to it. @param {string} messageId */
  forget(messageId) {
    if (this.#known.delete(messageId)) this.#ask(messageId);
  }

  /** @param {string} messageId */
  #ask(messageId) {
    const question = this.#request("own_reactions", { message: messageId }).then(
      ({ emoji }) => {
        if (this.#known.get(messageId) !== question) return;
        this.#known.set(messageId, new Set(emoji));
        this.#onKnown(messageId);
      },
      () => {
        // Asked again when the message is drawn next.
        if (this.#known.get(messageId) === question) this.#known.delete(messageId);
      },
    );
    this.#known.set(messageId, question);
  }
}
