/** One reply's stream: its rules, one by one. */

import { fromKeyframe, isBehind, withDelta, withKeyframe, withRow } from "chat/client/streams/stream-state.js";
import { equal, ok, test } from "./testing.js";

const row = (state, more = {}, reply = {}) => ({
  id: "7", room: "lab", seq: 7, change: 7, content: "",
  ...more, reply: { state, change: 7, version: 1, versions: 1, attempt: 1, n: 0, ...reply },
});
const delta = (n, text, more = {}) => ({ room: "lab", messageId: "7", version: 1, attempt: 1, n, text, ...more });
const keyframe = (n, text, more = {}) => ({ messageId: "7", version: 1, attempt: 1, n, text, thinking: "", state: "running", ...more });
const after = (stream, ...deltas) => deltas.reduce(withDelta, stream);
const queued = () => withRow(undefined, row("queued"));

test("a queued row opens the stream, and each next delta adds to it", () => {
  const stream = after(queued(), delta(1, "", { thinking: "Hm." }), delta(2, "Hel"), delta(3, "lo"));
  equal([stream.n, stream.text, stream.thinking, stream.state, isBehind(stream)], [3, "Hello", "Hm.", "running", false]);
});

test("a repeated delta changes nothing, and gives back the same stream", () => {
  const stream = after(queued(), delta(1, "a"), delta(2, "b"));
  ok(withDelta(stream, delta(2, "b")) === stream && withDelta(stream, delta(1, "a")) === stream);
});

test("a delta beyond a gap waits, and is applied when the missing one comes", () => {
  const gap = after(queued(), delta(1, "a"), delta(4, "d"), delta(3, "c"), delta(4, "d"));
  equal([gap.text, gap.n, gap.held.length, isBehind(gap)], ["a", 1, 2, true]);
  const whole = withDelta(gap, delta(2, "b"));
  equal([whole.text, whole.n, isBehind(whole)], ["abcd", 4, false]);
});

test("a keyframe fills a gap, and what was held goes on from it", () => {
  const gap = after(queued(), delta(3, "c"), delta(4, "d"), delta(5, "e"));
  const whole = withKeyframe(gap, keyframe(4, "abcd"));
  equal([whole.text, whole.n, isBehind(whole)], ["abcde", 5, false]);
});

test("a keyframe that is behind takes nothing back", () => {
  const stream = after(queued(), delta(1, "a"), delta(2, "b"));
  ok(withKeyframe(stream, keyframe(1, "a")) === stream);
});

test("the words of an earlier run are not those of a continued one", () => {
  const continued = withRow(undefined, row("queued", { content: "abc" }, { attempt: 2, n: 3 }));
  ok(withDelta(continued, delta(4, "old")) === continued && withKeyframe(continued, keyframe(9, "abc old")) === continued);
  equal(withDelta(continued, delta(4, "d", { attempt: 2 })).text, "abcd");
});

test("another version starts again, and an older row does not bring the old one back", () => {
  const first = after(queued(), delta(1, "a"));
  const second = withRow(first, row("queued", { change: 9 }, { version: 2 }));
  equal([second.version, second.n, second.text], [2, 0, ""]);
  ok(withRow(second, row("running", { change: 8 })) === second);
});

test("a row of the same run keeps the text, whatever its checkpoint says", () => {
  const stream = after(queued(), delta(1, "a"), delta(2, "b"));
  equal([withRow(stream, row("running", { change: 8 }, { n: 1 })).text], ["ab"]);
});

test("a running row whose start was not seen needs a keyframe", () => {
  const first = withRow(undefined, row("running", {}, { n: 12 }));
  equal([first.n, first.text, isBehind(first)], [0, "", true]);
  const continued = withRow(undefined, row("running", { content: "abc" }, { n: 12, attempt: 2 }));
  equal([continued.text, isBehind(continued), withDelta(continued, delta(1, "x", { attempt: 2 })).text], ["abc", true, "abc"]);
  equal(withKeyframe(continued, keyframe(12, "abcdef", { attempt: 2 })).text, "abcdef");
});

test("an ended, failed or deleted reply has no stream", () => {
  for (const state of ["complete", "stopped", "interrupted", "failed"]) equal(withRow(queued(), row(state, { change: 9 })), undefined);
  equal(withRow(queued(), row("running", { change: 9, deletedAt: 5 })), undefined);
  equal(fromKeyframe("lab", keyframe(3, "abc", { state: "complete" })), undefined);
});

test("tools come with deltas and keyframes", () => {
  const tool = { name: "search", input: "x", result: "y" };
  equal(after(queued(), delta(1, "", { tool })).tools, [tool]);
  equal(withKeyframe(queued(), keyframe(4, "", { tools: [tool, tool] })).tools.length, 2);
  const begun = after(after(queued(), delta(1, "", { tool: { ...tool, result: "" } })), delta(2, "", { tool }));
  equal(after(begun, delta(3, "", { tool: { ...tool, replaces: 0 } })).tools, [tool, tool]);
});

test("deltas beyond a gap do not grow without bound", () => {
  let stream = queued();
  for (let n = 2; n < 2_000; n += 1) stream = withDelta(stream, delta(n, "x"));
  equal(stream.held.length, 200);
  equal(withKeyframe(stream, keyframe(1_990, "y")).text, `y${"x".repeat(9)}`);
});

test("a long text costs no more per delta than a short one", () => {
  const timeOf = (start) => {
    let stream = { ...queued(), text: start };
    const begin = performance.now();
    for (let n = 1; n <= 20_000; n += 1) stream = withDelta(stream, delta(n, "word "));
    return performance.now() - begin;
  };
  timeOf("");
  const [short, long] = [timeOf(""), timeOf("x".repeat(8_000_000))];
  // Copying the long text each time would take minutes.
  ok(long < 20 * short + 200, `${short} ms, ${long} ms`);
});
