/**
 * One prompt to Claude, to the end of its reply. The prompt is sent again with the same client id until it is stored,
 * and the reply followed over lost connections, whatever the room's window shows.
 */

import { Backoff } from "./connection/backoff.js";
import { RequestError } from "./errors.js";
import { isOpen } from "./streams/stream-state.js";
import { TextQueue } from "./streams/text-queue.js";

/** @typedef {import("../protocol.d.ts").Message} Message */
/** @typedef {import("./state.d.ts").Stream} Stream */

/**
 * @typedef {object} AskingNow
 * @property {Promise<{message: Message, reply: Message}>} response the stored prompt, and the message that will hold
 *   the reply
 * @property {AsyncIterableIterator<string>} deltas the reply's text, piece by piece
 * @property {Promise<Message>} done the reply as it ended; rejects with `STREAM_ERROR` if it failed or was cut off
 */

/**
 * The first version called the response "answer": programs that use it go on.
 * @typedef {AskingNow & {"answer": AskingNow["response"]}} Asking
 */

/**
 * What it needs of the client. Not the client's own type: that module imports this one, and static files cannot be
 * hashed in a circle, not even in one of comments.
 * @typedef {object} Requests
 * @property {(slug: string) => Promise<unknown>} joinRoom
 * @property {(session: string, prompt: string, options: {clientId?: string}) => Promise<{message: Message,
 *   reply: Message}>} execute
 * @property {import("./requests.d.ts").SendRequest} request
 * @property {(type: string, listener: (data: any) => void) => () => void} on
 */

/**
 * @typedef {object} Tools
 * @property {Requests} client
 * @property {import("./streams/streams.js").Streams} streams
 * @property {import("./clock.js").Clock} clock
 * @property {() => number} [random]
 */

/** Enough around a message to have it among them, whichever way the page is cut. */
const AROUND_LIMIT = 3;

/**
 * @param {Tools} tools
 * @param {{session: string, prompt: string, clientId: string}} question
 * @returns {Asking}
 */
export function askClaude(tools, question) {
  const following = new Following(tools);
  const storing = stored(tools, question, following);
  storing.catch((error) => following.fail(error));
  const response = Promise.race([storing, following.done.then(() => storing)]);
  // A caller that uses only one of the three hears of a failure there, and not of an unhandled rejection as well.
  response.catch(() => {});
  return { response, "answer": response, deltas: following.text.pieces(), done: following.done };
}

/**
 * @param {Tools} tools
 * @param {{session: string, prompt: string, clientId: string}} question
 * @param {Following} following
 * @returns {Promise<{message: Message, reply: Message}>}
 */
async function stored({ client, clock, random }, { session, prompt, clientId }, following) {
  const backoff = new Backoff({ random });
  for (;;) {
    await client.joinRoom(session);
    if (following.isOver) throw gaveUp(); // closed while it waited: a later connect() must not send it after all
    try {
      const data = await client.execute(session, prompt, { clientId });
      following.start(data.reply);
      return data;
    } catch (cause) {
      await retryTime(/** @type {RequestError} */ (cause), backoff, clock);
    }
  }
}

/**
 * Throws what will not pass on its own.
 * @param {RequestError} error
 * @param {Backoff} backoff
 * @param {import("./clock.js").Clock} clock
 */
async function retryTime(error, backoff, clock) {
  if (!error.retryable) throw error;
  const wait = Math.max(error.retryAfter ?? 0, backoff.next());
  await new Promise((go) => clock.setTimeout(() => go(undefined), wait));
}

const gaveUp = () => new RequestError("DISCONNECTED", "There is no connection.");

/** Follows one reply until it has ended. */
class Following {
  #client;
  #streams;
  #clock;
  #random;
  text = new TextQueue();
  /** The version asked for: the text of another one does not continue it. */
  #version = 0;
  #change = 0;
  #fetching = false;
  isOver = false;
  /** @type {(message: Message) => void} */
  #resolve = () => {};
  /** @type {(error: Error) => void} */
  #reject = () => {};
  /** @type {Array<() => void>} */
  #ends = [];
  /** @type {Promise<Message>} */
  done = new Promise((resolve, reject) => ([this.#resolve, this.#reject] = [resolve, reject]));

  /** @param {Tools} tools */
  constructor({ client, streams, clock, random }) {
    this.#client = client;
    this.#streams = streams;
    this.#clock = clock;
    this.#random = random;
    this.done.catch(() => {});
    // Closed, signed out: nothing will come any more. A lost connection is not the end.
    this.#ends.push(client.on("status", ({ status, retryAt }) => {
      if (status === "disconnected" && retryAt === null) this.fail(gaveUp());
    }));
  }

  /** @param {Message} reply as it was when the prompt was stored */
  start(reply) {
    this.#version = reply.reply?.version ?? 1;
    this.#ends.push(this.#streams.follow(reply.id, {
      stream: (stream, piece) => this.#grow(stream, piece),
      row: (row) => this.#row(row),
      lost: () => {
        this.#change = 0; // a restored history counts again
        this.#fetch(reply);
      },
      left: (error) => this.fail(error),
    }));
    const stream = this.#streams.stream(reply.room, reply.id);
    if (stream) this.#grow(stream, null);
    this.#row(reply);
    // The row in the response may be older than what this tab has seen of the reply.
    if (!stream && isOpen(reply.reply?.state)) this.#fetch(reply);
  }

  /** @param {Error} error */
  fail(error) {
    this.#stop();
    this.text.fail(error);
    this.#reject(error);
  }

  #stop() {
    this.isOver = true;
    this.#ends.splice(0).forEach((end) => end());
  }

  /**
   * @param {Stream} stream
   * @param {string | null} piece what was added; null: see how far it goes
   */
  #grow(stream, piece) {
    if (stream.version !== this.#version) return;
    if (piece === null) this.text.upTo(stream.text);
    else this.text.add(piece);
  }

  /** @param {Message} message */
  #row(message) {
    const { reply, change, content } = message;
    if (change < this.#change) return;
    this.#change = change;
    if (isOpen(reply?.state)) return;
    if (reply?.state === "failed" || reply?.state === "interrupted") {
      return this.fail(
        new RequestError("STREAM_ERROR", reply.error ?? "The reply was cut off.", { details: { message } }),
      );
    }
    this.#stop();
    if (reply?.version === this.#version) this.text.upTo(content);
    this.text.end();
    this.#resolve(message);
  }

  /**
   * The row that ended it may have been missed: it is not always among those that a recovery brings.
   * @param {Message} reply
   */
  async #fetch({ id, room, seq }) {
    if (this.#fetching) return;
    this.#fetching = true;
    const backoff = new Backoff({ random: this.#random });
    while (this.#fetching && !this.isOver) {
      try {
        const { messages } = await this.#client.request("get_messages", { room, around: seq, limit: AROUND_LIMIT });
        const row = messages.find((message) => message.id === id);
        if (!row) throw new RequestError("NOT_FOUND", "The reply is gone.");
        this.#fetching = false;
        this.#streams.rows(room, [row], row.change);
        this.#row(row);
      } catch (cause) {
        await retryTime(/** @type {RequestError} */ (cause), backoff, this.#clock).catch((error) => this.fail(error));
      }
    }
    this.#fetching = false;
  }
}
