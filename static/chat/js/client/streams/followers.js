/** Who wants to know of which reply, whatever happens to it. */

/** @typedef {import("../state.d.ts").Stream} Stream */
/** @typedef {import("../../protocol.d.ts").Message} Message */

/**
 * Someone who wants to know of one reply, whatever happens to it.
 * @typedef {object} Follower
 * @property {(after: Stream, piece: string | null) => void} stream `piece` is what was added, null if it must be
 *   compared
 * @property {(message: Message) => void} row
 * @property {() => void} lost its end may have been missed
 * @property {(error: Error) => void} left the room is not heard any more
 */

export class Followers {
  /** @type {Map<string, Set<Follower>>} by message */
  #followers = new Map();

  /**
   * @param {string} messageId
   * @param {Follower} follower
   * @returns {() => void} ends it
   */
  add(messageId, follower) {
    const followers = this.#followers.get(messageId) ?? new Set();
    this.#followers.set(messageId, followers.add(follower));
    return () => {
      followers.delete(follower);
      if (!followers.size && this.#followers.get(messageId) === followers) this.#followers.delete(messageId);
    };
  }

  /**
   * @param {string} messageId
   * @param {(follower: Follower) => void} say
   */
  tell(messageId, say) {
    // A copy: a follower that hears of the end stops following.
    for (const follower of [...(this.#followers.get(messageId) ?? [])]) say(follower);
  }
}
