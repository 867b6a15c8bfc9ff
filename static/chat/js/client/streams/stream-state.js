/**
 * One reply's stream, as pure functions: the row that opens it, deltas, keyframes. Deltas may be lost, repeated or
 * late; the text only ever grows while a version runs. Applying a delta costs as much as the delta, however long the
 * text is.
 */

/** @typedef {import("../state.d.ts").Stream} Stream */
/** @typedef {import("../../protocol.d.ts").Message} Message */
/** @typedef {import("../../protocol.d.ts").StreamDelta} Delta */
/** @typedef {import("../../protocol.d.ts").Keyframe} Keyframe */

/** Deltas kept beyond a gap. Older ones are forgotten: the keyframe that is asked for contains them. */
const HELD_LIMIT = 200;
/** Before every delta, and before every keyframe: nothing is known yet. */
const UNKNOWN_N = -1;

/** @param {string | undefined} state of a reply */
export const isOpen = (state) => state === "queued" || state === "running";

/**
 * Is something missing that only a keyframe can bring?
 * @param {Stream} stream
 */
export const isBehind = (stream) => stream.behind || stream.held.length > 0;

/**
 * A row of the message: it opens the stream, moves it on, or ends it.
 * @param {Stream | undefined} stream
 * @param {Message} message
 * @returns {Stream | undefined} undefined: nothing streams, the row's content is the truth
 */
export function withRow(stream, message) {
  const { reply, change } = message;
  if (stream && change <= stream.change) return stream;
  if (!reply || message.deletedAt || !isOpen(reply.state)) return undefined;
  if (!stream || isAnotherRun(stream, reply)) return opened(message);
  return { ...stream, change, state: reply.state };
}

/**
 * A queued row says where its stream starts. A running one does not: its text has gone on since it was written, so a
 * keyframe is due. Only a first attempt is known to begin with nothing.
 * @param {Message} message
 * @returns {Stream}
 */
function opened({ id, room, change, content, reply }) {
  const { version, attempt, n, thinking = "", tools = [] } = /** @type {import("../../protocol.d.ts").Reply} */ (reply);
  const state = /** @type {Stream["state"]} */ (reply?.state);
  const facts = { messageId: id, room, change, version, attempt, state, held: [] };
  if (state === "queued") return { ...facts, n, text: content, thinking, tools, behind: false };
  return { ...facts, n: attempt === 1 ? 0 : UNKNOWN_N, text: content, thinking: "", tools: [], behind: true };
}

/**
 * @param {Stream} stream
 * @param {Delta} delta
 * @returns {Stream}
 */
export function withDelta(stream, delta) {
  if (delta.n <= stream.n || isAnotherRun(stream, delta)) return stream;
  if (delta.n > stream.n + 1) return held(stream, delta);
  return drained(appended(stream, delta));
}

/**
 * @param {Stream} stream
 * @param {Keyframe} keyframe
 * @returns {Stream}
 */
export function withKeyframe(stream, keyframe) {
  if (isAnotherRun(stream, keyframe)) return stream;
  // A checkpoint may lie behind what this tab has heard. It proves that the stream is there, and takes nothing back.
  if (keyframe.n <= stream.n) return stream.behind ? { ...stream, behind: false } : stream;
  const { n, text, thinking, tools = stream.tools } = keyframe;
  return drained({ ...stream, n, text, thinking, tools, behind: false });
}

/**
 * A stream of which only the keyframe has been seen.
 * @param {string} room slug
 * @param {Keyframe} keyframe
 * @returns {Stream | undefined}
 */
export function fromKeyframe(room, { messageId, version, attempt, n, text, thinking, state, tools = [] }) {
  if (!isOpen(state)) return undefined;
  return {
    messageId, room, change: 0, version, attempt,
    state: /** @type {any} */ (state),
    n, text, thinking, tools, behind: false, held: [],
  };
}

/**
 * Deltas may have been missed without a trace, for example while there was no connection.
 * @param {Stream} stream
 * @returns {Stream}
 */
export const doubted = (stream) => (stream.behind ? stream : { ...stream, behind: true });

/**
 * Does this belong to another run of the reply: an earlier one that still arrives, or one whose row has not come yet? A
 * continued reply counts on, so `n` alone does not tell the words of a dead run from those of the next one.
 * @param {{version: number, attempt: number}} stream
 * @param {{version: number, attempt: number}} other
 */
export const isAnotherRun = (stream, { version, attempt }) => stream.version !== version || stream.attempt !== attempt;

/**
 * @param {{version: number, attempt: number}} run
 * @param {{version: number, attempt: number}} other
 */
export const isLaterRun = (run, other) => (run.version - other.version || run.attempt - other.attempt) > 0;

/**
 * @param {Stream} stream
 * @param {Delta} delta the next one
 * @returns {Stream}
 */
function appended(stream, { n, text, thinking, tool }) {
  return {
    ...stream,
    n, state: "running",
    text: stream.text + text,
    thinking: thinking ? stream.thinking + thinking : stream.thinking,
    tools: tool ? placed(stream.tools, tool) : stream.tools,
  };
}

/**
 * A lookup on the web comes twice: when it begins, and when it has ended.
 * @param {import("../../protocol.d.ts").ToolUse[]} tools
 * @param {import("../../protocol.d.ts").ToolUse} tool
 */
function placed(tools, { replaces, ...tool }) {
  if (replaces === undefined || replaces >= tools.length) return [...tools, tool];
  return tools.map((each, place) => (place === replaces ? tool : each));
}

/**
 * @param {Stream} stream
 * @param {Delta} delta one beyond a gap
 * @returns {Stream}
 */
function held(stream, delta) {
  const list = stream.held;
  let at = list.length;
  while (at > 0 && list[at - 1].n > delta.n) at -= 1;
  if (list[at - 1]?.n === delta.n) return stream;
  return { ...stream, held: [...list.slice(0, at), delta, ...list.slice(at)].slice(-HELD_LIMIT) };
}

/**
 * Applies the held deltas that follow without a gap.
 * @param {Stream} stream
 * @returns {Stream}
 */
function drained(stream) {
  if (!stream.held.length) return stream;
  let after = stream;
  let next = 0;
  for (; next < stream.held.length && stream.held[next].n <= after.n + 1; next += 1) {
    if (stream.held[next].n > after.n) after = appended(after, stream.held[next]);
  }
  return next ? { ...after, held: stream.held.slice(next) } : after;
}
