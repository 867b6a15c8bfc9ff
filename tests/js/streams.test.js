/** The streams of the joined rooms: gaps, joins, ends. */

import { Streams } from "chat/client/streams/streams.js";
import { equal, FastClock, ok, settle, test } from "./testing.js";

const row = (id, state, change, more = {}, reply = {}) => ({
  id, room: "lab", seq: Number(id), change, content: "",
  ...more, reply: { state, change, version: 1, versions: 1, attempt: 1, n: 0, ...reply },
});
const delta = (n, text, more = {}) => ({ room: "lab", messageId: "7", version: 1, attempt: 1, n, text, ...more });
const keyframe = (n, text, more = {}) => ({ messageId: "7", version: 1, attempt: 1, n, text, thinking: "", state: "running", ...more });
const room = (messages, epoch = "e") => ({ slug: "lab", epoch, messages });

/** Streams whose server is the test: what is asked waits in `asked`. */
function lab(messages = []) {
  const clock = new FastClock();
  const asked = [];
  const told = [];
  const request = (type, payload, { onData }) => new Promise((resolve, reject) => {
    asked.push({ type, payload, respond: (data) => (onData(data), resolve(data)), refuse: (code, more) => reject({ code, ...more }) });
  });
  const streams = new Streams({
    request, clock, random: () => 0.5,
    onStream: (slug, id, stream) => told.push(stream && [slug, id, stream.text]),
  });
  streams.joined(room(messages), { messages, streams: [] }, true);
  return { streams, clock, asked, told, text: () => streams.stream("lab", "7")?.text };
}

test("a reply streams from its start to its end, and every step is told", () => {
  const { streams, told } = lab();
  streams.rows("lab", [row("7", "queued", 7)], 6);
  streams.delta(delta(1, "Hel"));
  streams.delta(delta(2, "lo"));
  equal(streams.streams("lab").map((stream) => stream.text), ["Hello"]);
  streams.rows("lab", [row("7", "complete", 8, { content: "Hello" })], 7);
  equal(told, [["lab", "7", ""], ["lab", "7", "Hel"], ["lab", "7", "Hello"], null]);
  equal(streams.streams("lab"), []);
});

test("a gap is asked for once, with a pause between tries, and filled", async () => {
  const { streams, clock, asked, text } = lab();
  streams.rows("lab", [row("7", "queued", 7)], 6);
  streams.delta(delta(2, "b"));
  streams.delta(delta(3, "c"));
  equal(asked.length, 0, "not all tabs at the same moment");
  await clock.pass(200);
  equal(asked.map(({ type, payload }) => [type, payload]), [["get_stream", { message: "7" }]]);
  asked[0].refuse("UNAVAILABLE", { retryable: true });
  await clock.pass(2_000);
  asked[1].respond(keyframe(1, "a"));
  await clock.pass(5_000);
  equal([text(), asked.length], ["abc", 2]);
});

test("a gap that fills itself asks for nothing", async () => {
  const { streams, clock, asked, text } = lab();
  streams.rows("lab", [row("7", "queued", 7)], 6);
  streams.delta(delta(2, "b"));
  streams.delta(delta(1, "a"));
  await clock.pass(5_000);
  equal([text(), asked.length], ["ab", 0]);
});

test("a join brings the keyframes, and asks only for what it does not bring", async () => {
  const { streams, clock, asked, text } = lab();
  const running = row("7", "running", 8, {}, { attempt: 2, n: 5 });
  streams.joined(room([running, row("9", "running", 9)]), { messages: [], streams: [keyframe(6, "abcdef", { attempt: 2 })] }, false);
  equal(text(), "abcdef");
  await clock.pass(500);
  equal(asked.map(({ payload }) => payload.message), ["9"]);
});

test("over a lost connection the text stays, nothing is asked, and the next join goes on", async () => {
  const { streams, clock, asked, text } = lab();
  streams.rows("lab", [row("7", "queued", 7)], 6);
  streams.delta(delta(1, "a"));
  streams.delta(delta(3, "c"));
  streams.disconnected();
  await clock.pass(60_000);
  equal([text(), asked.length, clock.pending], ["a", 0, 0]);
  streams.joined(room([row("7", "running", 8)]), { messages: [], streams: [keyframe(4, "abcd")] }, false);
  streams.delta(delta(5, "e"));
  await clock.pass(5_000);
  equal([text(), asked.length], ["abcde", 0]);
});

test("a running reply of which a join says nothing is asked for", async () => {
  const { streams, clock, asked } = lab();
  streams.rows("lab", [row("7", "queued", 7), row("7", "running", 8)], 6);
  streams.disconnected();
  streams.joined(room([]), { messages: [], streams: [] }, false);
  await clock.pass(500);
  equal(asked.length, 1);
  asked[0].refuse("NOT_FOUND");
  await settle();
  equal(streams.streams("lab"), []);
});

test("a row that is older than the end does not start the stream again", () => {
  const { streams } = lab();
  streams.rows("lab", [row("7", "complete", 9)], 8);
  streams.rows("lab", [row("7", "running", 8)], 9);
  streams.delta(delta(1, "late"));
  equal(streams.streams("lab"), []);
});

test("deltas that come before their row are fetched when it comes", async () => {
  const { streams, clock, asked, text } = lab();
  streams.delta(delta(1, "a"));
  streams.rows("lab", [row("7", "queued", 7)], 6);
  await clock.pass(500);
  asked[0].respond(keyframe(1, "a"));
  equal(text(), "a");
});

test("an end whose row never comes is believed the second time that a keyframe says so", async () => {
  const { streams, clock, asked, text } = lab();
  streams.rows("lab", [row("7", "queued", 7)], 6);
  streams.delta(delta(2, "b"));
  await clock.pass(500);
  asked[0].respond(keyframe(2, "ab", { state: "complete" }));
  equal(text(), "ab", "its row is on its way");
  await clock.pass(5_000);
  asked[1].respond(keyframe(2, "ab", { state: "complete" }));
  equal(streams.streams("lab"), []);
});

test("another history forgets what streamed in the old one", () => {
  const { streams, told } = lab([row("7", "queued", 700)]);
  streams.joined(room([row("8", "queued", 3)], "other"), { messages: [], streams: [] }, true);
  equal([streams.streams("lab").map((stream) => stream.messageId), told.at(-2)], [["8"], null]);
});

test("a room that was left is not heard any more, and those who follow a reply are told", () => {
  const { streams, clock } = lab();
  streams.rows("lab", [row("7", "queued", 7)], 6);
  const left = [];
  streams.follow("7", { stream: () => {}, row: () => {}, lost: () => {}, left: (error) => left.push(error.message) });
  streams.delta(delta(2, "b"));
  streams.left("lab", new Error("gone"));
  streams.delta(delta(1, "a"));
  equal([streams.streams("lab"), left, clock.pending], [[], ["gone"], 0]);
});

test("a follower gets the pieces, and no more after it has ended", () => {
  const { streams } = lab();
  streams.rows("lab", [row("7", "queued", 7)], 6);
  const pieces = [];
  const end = streams.follow("7", { stream: (stream, piece) => pieces.push(piece), row: ({ reply }) => pieces.push(reply.state), lost: () => {}, left: () => {} });
  streams.delta(delta(1, "a"));
  streams.delta(delta(3, "c"));
  streams.delta(delta(2, "b"));
  end();
  streams.rows("lab", [row("7", "complete", 8)], 7);
  equal(pieces, ["a", null]);
  ok(streams.stream("lab", "7") === undefined);
});
