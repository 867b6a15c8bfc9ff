/**
 * What a client can ask of Claude with one request each: a reply, and what becomes of it. What Claude has said so far
 * comes as events.
 */

import { Emitter } from "./emitter.js";
import { randomId } from "./random-id.js";

/** @typedef {import("../protocol.d.ts").Message} Message */
/** @typedef {import("../protocol.d.ts").ClaudeChoice} ClaudeChoice */

export class ClaudeRequests extends Emitter {
  /**
   * @template {import("./requests.d.ts").RequestType} T
   * @param {T} type
   * @param {import("./requests.d.ts").RequestArguments<T>} _rest the payload, and options
   * @returns {Promise<import("./requests.d.ts").ResponseTo<T>>} the response's data
   */
  request(type, ..._rest) {
    throw new Error(`No one sends ${type}.`);
  }

  /**
   * Has Claude reply to a prompt in a session. With the same `clientId` it can be sent again, and is stored once.
   * @param {string} session slug
   * @param {string} prompt
   * @param {{clientId?: string, claude?: ClaudeChoice}} [options] claude: what isn't as in the room
   * @returns {Promise<{message: Message, reply: Message}>} the stored prompt, and the message that will hold the reply
   */
  execute(session, prompt, { clientId = randomId(), claude } = {}) {
    return this.request("execute", { session, prompt, clientId, ...(claude && { claude }) });
  }

  /** @param {string} messageId of Claude's message */
  stopReply(messageId) {
    return this.request("stop_reply", { message: messageId });
  }

  /**
   * Asks for another version of the reply.
   * @param {string} messageId
   * @param {ClaudeChoice} [claude] what isn't as in the room; without it, all is as for the version that is shown
   */
  retryReply(messageId, claude) {
    return this.request("retry_reply", { message: messageId, ...(claude && { claude }) });
  }

  /** Takes up a reply that was cut off. @param {string} messageId */
  continueReply(messageId) {
    return this.request("continue_reply", { message: messageId });
  }

  /** @param {string} messageId @param {number} version from 1 */
  showVersion(messageId, version) {
    return this.request("show_version", { message: messageId, version });
  }
}
