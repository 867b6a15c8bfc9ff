/**
 * What Claude does in a room at this moment, read from its messages and streams. Pure.
 */

import { nameInText } from "../people/shown-name.js";
import { isOpen } from "../../client/streams/stream-state.js";

/** @typedef {import("../../protocol.d.ts").Message} Message */
/** @typedef {import("../../client/state.d.ts").Stream} Stream */
/** @typedef {Message & {reply: import("../../protocol.d.ts").Reply}} ReplyMessage */

/**
 * @typedef {object} ClaudeState
 * @property {string | null} runningId of the reply that is being written
 * @property {string | null} stoppableId of what a stop would stop: the running reply, else the next in turn
 * @property {string} asker whose prompt gets a reply now, if it is known
 * @property {boolean} isWriting there are words already
 * @property {{prompt: Message, reply: Message}[]} waiting in turn
 * @property {string} failure why the newest reply has failed, or ""
 */

/** @param {Message} message @returns {message is ReplyMessage} */
const isReply = (message) => message.reply !== undefined;

/**
 * @param {readonly Message[]} messages
 * @param {readonly Stream[]} streams also of messages that are not loaded
 * @returns {ClaudeState}
 */
export function claudeState(messages, streams) {
  const replies = messages.filter(isReply).filter((message) => !message.deletedAt);
  const open = replies.filter((message) => isOpen(message.reply.state));
  const running = open.find((message) => message.reply.state === "running");
  const stream = streams.find((each) => (running ? each.messageId === running.id : each.state === "running"));
  const runningId = running?.id ?? stream?.messageId ?? null;
  const queued = inTurn(
    open.filter((message) => message.reply.state === "queued" && message.id !== runningId), replies,
  );
  const byId = new Map(queued.length ? messages.map((message) => [message.id, message]) : []);
  const newest = replies.at(-1);
  const asker = (running ?? open.find(({ id }) => id === runningId))?.reply.requestedBy;
  return {
    runningId,
    stoppableId: runningId ?? queued[0]?.id ?? null,
    asker: asker ? nameInText(asker) : "",
    isWriting: Boolean(stream?.text),
    waiting: queued.flatMap((reply) => {
      const prompt = byId.get(reply.reply.prompt ?? "");
      return prompt ? [{ prompt, reply }] : [];
    }),
    failure: newest?.reply.state === "failed" ? (newest.reply.error ?? "Claude is not available.") : "",
  };
}

/**
 * The order in which the server takes what waits in a room: people take turns, and the one whose last turn is longest
 * ago comes first. Each person's prompts keep their order.
 * @param {readonly ReplyMessage[]} queued
 * @param {readonly ReplyMessage[]} replies all that are loaded
 * @returns {ReplyMessage[]}
 */
export function inTurn(queued, replies) {
  /** @param {ReplyMessage} message */
  const asker = (message) => message.reply.requestedBy?.id ?? "";
  /** @type {Map<string, number>} */
  const lastTurn = new Map();
  for (const message of replies)
    lastTurn.set(asker(message), Math.max(lastTurn.get(asker(message)) ?? 0, message.reply.startedAt ?? 0));
  const left = [...queued].sort((a, b) => a.reply.change - b.reply.change);
  const ordered = [];
  for (let turn = Number.MAX_SAFE_INTEGER - left.length; left.length; turn += 1) {
    // The oldest of equals: those are in order of their age.
    const next = left.reduce((best, each) =>
      (lastTurn.get(asker(each)) ?? 0) < (lastTurn.get(asker(best)) ?? 0) ? each : best,
    );
    lastTurn.set(asker(next), turn);
    ordered.push(...left.splice(left.indexOf(next), 1));
  }
  return ordered;
}

/**
 * A few words on it, for the page's head.
 * @param {ClaudeState} state
 * @returns {string}
 */
export function stateWords(state) {
  const { runningId, waiting } = state;
  // With no reply running, the first of those that wait is next, and needs no counting.
  return briefWords(state) + (waiting.length > (runningId ? 0 : 1) ? ` · ${waiting.length} waiting` : "");
}

/** @param {ClaudeState} state */
export function briefWords({ runningId, asker, isWriting, waiting, failure }) {
  if (runningId) return isWriting ? `Replying to ${asker || "a prompt"}` : "Thinking…";
  if (waiting.length) return "About to reply";
  // What one reply met with says nothing of the next: the next may well succeed.
  return failure ? "Last reply failed" : "Ready";
}

/**
 * Claude's reply to a message, if it was asked for one.
 * @param {readonly Message[]} messages
 * @param {string} promptId
 * @returns {ReplyMessage | undefined}
 */
export function replyToPrompt(messages, promptId) {
  return messages.filter(isReply).find((message) => message.reply.prompt === promptId && !message.deletedAt);
}

/**
 * Where the newest reply's view of the room begins: above the first loaded message that Claude saw, if there are
 * messages before it that it did not see.
 * @param {readonly Message[]} messages
 * @returns {{seq: number, summarised: boolean} | null}
 */
export function contextLine(messages) {
  const reply = messages.findLast((message) => message.reply?.contextFrom !== undefined)?.reply;
  if (!reply) return null;
  const at = messages.findIndex((message) => message.seq >= /** @type {number} */ (reply.contextFrom));
  if (at <= 0 || !messages.slice(0, at).some(({ kind, deletedAt }) => kind === "text" && !deletedAt)) return null;
  return { seq: messages[at].seq, summarised: Boolean(reply.summarised) };
}
