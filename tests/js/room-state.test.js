/** The reducer's rules, one by one. */

import { emptyRoom, hasGap, reduceRoom } from "chat/client/rooms/room-state.js";
import { excerptOf } from "chat/client/rooms/quotes.js";
import { placeOf } from "chat/client/rooms/message-list.js";
import { equal, ok, rejects, test } from "./testing.js";

const ALICE = { id: "1", username: "alice" };
const BOB = { id: "2", username: "bob" };

const row = (seq, more = {}) => ({
  id: `m${seq}`, room: "general", seq, change: seq, kind: "text", author: BOB, content: `text ${seq}`, html: "", reactions: [], ...more,
});
const rows = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => row(from + at));
const durable = (message) => ({ type: "durable", change: message.change, message });
const after = (state, ...actions) => actions.reduce(reduceRoom, state);
const seqs = (state) => state.messages.map((message) => message.seq);

/** A joined room whose loaded page is seq 11 to 20, with older ones before. */
function joined(more = {}) {
  const data = { room: { slug: "general", name: "General" }, role: "member", change: 20, epoch: "e", online: [], messages: rows(11, 20), hasMore: true, ...more };
  return reduceRoom(emptyRoom("general"), { type: "joined", data, recovered: false });
}

test("joining shows the last page", () => {
  const state = joined({ lastReadSeq: 15, draft: { content: "half", version: 2 } });
  equal(seqs(state), [11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
  equal([state.joined, state.role, state.change, state.epoch, state.hasMore, state.hasNewer], [true, "member", 20, "e", true, false]);
  equal([state.lastReadSeq, state.draft], [15, { content: "half", version: 2 }]);
});

test("the next event is applied, and untouched rows stay the same objects", () => {
  const before = joined();
  const state = after(before, durable(row(21)));
  equal([seqs(state).at(-1), state.change], [21, 21]);
  ok(before.messages.every((message, at) => message === state.messages[at]));
  equal(before.messages.length, 10, "the old state did not change");
});

test("an edit replaces one row only", () => {
  const before = joined();
  const state = after(before, durable(row(15, { change: 21, content: "edited" })));
  equal(state.messages[4].content, "edited");
  equal(state.messages.filter((message, at) => message !== before.messages[at]).length, 1);
});

test("an old version of a row never replaces a newer one", () => {
  const state = after(joined(), durable(row(15, { change: 21, content: "new" })), durable(row(15, { change: 15 })));
  equal(state.messages[4].content, "new");
});

test("an event beyond a gap waits until the sync has filled it", () => {
  const gap = after(joined(), durable(row(22)), durable(row(23)));
  ok(hasGap(gap));
  equal([seqs(gap).at(-1), gap.change], [20, 20]);
  const synced = after(gap, { type: "synced", data: { messages: rows(21, 22), change: 22, epoch: "e", reset: false } });
  equal([seqs(synced).slice(-3), synced.change, hasGap(synced)], [[21, 22, 23], 23, false]);
});

test("a gap that fills itself needs no sync, and a late sync takes nothing back", () => {
  const filled = after(joined(), durable(row(22)), durable(row(21)));
  equal([filled.change, hasGap(filled)], [22, false]);
  const late = after(filled, { type: "synced", data: { messages: rows(12, 21), change: 21, epoch: "e", reset: true } });
  ok(late === filled);
});

test("a recovery after a reconnection adds what was missed", () => {
  const away = after(joined(), { type: "disconnected" });
  equal(away.joined, false);
  const data = { ...facts(), messages: [row(12, { change: 21, content: "edited" }), row(22)], change: 22, epoch: "e", reset: false };
  const back = after(away, { type: "joined", data, recovered: true });
  equal([seqs(back).length, back.messages[1].content, back.change, back.joined], [11, "edited", 22, true]);
});

test("a reset starts again from the last page", () => {
  const data = { ...facts(), messages: rows(80, 90), change: 95, epoch: "other", reset: true, hasMore: true };
  const state = after(joined(), durable(row(23)), { type: "joined", data, recovered: true });
  equal([seqs(state)[0], state.change, state.epoch, hasGap(state)], [80, 95, "other", false]);
});

const facts = () => ({ room: { slug: "general" }, role: "member", online: [] });

test("rows before the window do not leave a hole in it", () => {
  const state = after(joined(), durable(row(3, { change: 21, content: "edited" })));
  equal([seqs(state)[0], state.change], [11, 21]);
});

test("older history goes in front", () => {
  const before = joined();
  const state = after(before, { type: "history_started" }, {
    type: "history", where: "older", window: before.window, data: { messages: rows(1, 10), hasMore: false, hasNewer: true },
  });
  equal([seqs(state), state.hasMore, state.hasNewer], [[...Array(20)].map((_, at) => at + 1), false, false]);
});

test("an edit that arrives before the older page it belongs to is not lost", () => {
  const before = joined();
  const state = after(before, { type: "history_started" }, durable(row(5, { change: 21, content: "edited" })), {
    type: "history", where: "older", window: before.window, data: { messages: rows(1, 10), hasMore: false },
  });
  equal([state.messages[4].content, state.aside.size], ["edited", 0]);
});

/** A window around seq 5, while the newest message is 20. */
function middle() {
  const before = joined();
  return after(before, { type: "history_started" }, {
    type: "history", where: "around", window: before.window, data: { messages: rows(3, 7), hasMore: true, hasNewer: true },
  });
}

test("in a window in the middle, new messages are counted and not appended", () => {
  const state = after(middle(), durable(row(21)), durable(row(22)), durable(row(22)), durable(row(4, { change: 23, content: "edited" })));
  equal([seqs(state), state.hasNewer, state.newerCount, state.change], [[3, 4, 5, 6, 7], true, 2, 23]);
  equal(state.messages[1].content, "edited");
});

test("newer history is appended until the end, and then the room is live again", () => {
  const state = after(middle(), { type: "history_started" }, durable(row(21)));
  const live = after(state, { type: "history", where: "newer", window: state.window, data: { messages: rows(8, 20), hasMore: true, hasNewer: false } });
  equal([seqs(live), live.hasNewer, live.newerCount], [[...Array(19)].map((_, at) => at + 3), false, 0], "21 came while the page was on its way");
  equal(seqs(after(live, durable(row(22)))).at(-1), 22);
});

test("a page for a window that is gone is thrown away", () => {
  const before = joined();
  const state = after(before, { type: "history_started" }, { type: "history_started" },
    { type: "history", where: "newest", window: before.window, data: { messages: rows(15, 20), hasMore: true, hasNewer: false } },
    { type: "history", where: "older", window: before.window, data: { messages: rows(1, 10), hasMore: false } });
  equal([seqs(state), state.loads], [[15, 16, 17, 18, 19, 20], 0]);
});

test("trimming keeps the newest and says that there are more", () => {
  const state = after(joined({ hasMore: false }), { type: "trimmed", keep: 3 });
  equal([seqs(state), state.hasMore], [[18, 19, 20], true]);
});

const entry = (clientId) => ({ clientId, room: "general", content: "hi", createdAt: 1, order: 1, owner: "t", state: "sending", error: null });

test("a pending row becomes the stored row by its client id, also when another tab has sent it", () => {
  const pending = after(joined(), { type: "pending", entries: [entry("a"), entry("b")] });
  equal(pending.pending.map((item) => item.clientId), ["a", "b"]);
  const state = after(pending, durable(row(21, { author: ALICE, clientId: "a" })));
  equal(state.pending.map((item) => item.clientId), ["b"]);
  const again = after(state, { type: "pending", entries: [entry("a"), state.pending[0]] });
  ok(again === state, "an outbox that is behind brings the row back");
});

test("the response shows the row at once, and the cursor waits for the events", () => {
  const state = after(joined(), { type: "pending", entries: [entry("a")] }, { type: "row", message: row(22, { clientId: "a" }) });
  equal([seqs(state).at(-1), state.change, state.pending], [22, 20, []]);
  const both = after(state, durable(row(21)), durable(row(22, { clientId: "a" })));
  equal([seqs(both).slice(-2), both.change, hasGap(both)], [[21, 22], 22, false]);
});

test("a quote follows the edit and the deletion of what it quotes, and a repeat does not bring the old text back", () => {
  const reply = row(21, { replyTo: { id: "m15", seq: 15, author: BOB, excerpt: "text 15", deleted: false } });
  const edit = durable(row(15, { change: 22, content: "edited" }));
  const edited = after(joined(), durable(reply), edit);
  equal(edited.messages.at(-1).replyTo.excerpt, "edited");
  const deleted = after(edited, durable(row(15, { change: 23, content: "", deletedAt: 5 })), edit);
  equal(deleted.messages.at(-1).replyTo, { id: "m15", seq: 15, author: BOB, excerpt: "", deleted: true });
});

test("typing ends on its own, by a message, and by leaving", () => {
  const typing = after(joined(), { type: "typing", user: BOB, typing: true, now: 1_000 });
  equal(typing.typing, [{ ...BOB, until: 7_000 }]);
  equal(after(typing, { type: "typing_expired", now: 6_999 }).typing.length, 1);
  equal(after(typing, { type: "typing_expired", now: 7_000 }).typing, []);
  equal(after(typing, { type: "typing", user: BOB, typing: false, now: 2 }).typing, []);
  equal(after(typing, durable(row(21))).typing, []);
  equal(after(typing, { type: "user_left", user: BOB }).typing, []);
});

test("people online are counted once over their tabs", () => {
  const one = after(joined(), { type: "user_joined", user: BOB });
  equal(one.online, [{ ...BOB, tabs: 1 }]);
  const two = after(one, { type: "user_joined", user: BOB, tabs: 1 }, { type: "tabs", user: BOB, tabs: 2 });
  equal([two.online, two.onlineCount], [[{ ...BOB, tabs: 2 }], 1]);
  const none = after(two, { type: "tabs", user: BOB, tabs: 0 }, { type: "user_left", user: BOB });
  equal([none.online, none.onlineCount], [[], 0]);
  equal(after(two, { type: "presence", online: [{ ...ALICE, tabs: 3 }] }).online, [{ ...ALICE, tabs: 3 }]);
});

test("of a crowd some are named, and all are counted", () => {
  const crowd = { online: [{ ...BOB, tabs: 1 }], onlineCount: 3 };
  const state = after(joined(crowd), { type: "user_joined", user: ALICE });
  equal([state.online, state.onlineCount], [[{ ...BOB, tabs: 1 }], 4]);
  // In a session both events tell of one person.
  const left = after(state, { type: "tabs", user: ALICE, tabs: 0 }, { type: "user_left", user: ALICE });
  equal([left.online, left.onlineCount], [[{ ...BOB, tabs: 1 }], 3]);
  const gone = after(left, { type: "user_left", user: BOB });
  equal([gone.online, gone.onlineCount], [[], 2]);
  equal(after(gone, { type: "presence", online: [{ ...ALICE, tabs: 1 }], onlineCount: 1 }).onlineCount, 1);
});

test("an older draft does not replace a newer one", () => {
  const state = after(joined(), { type: "draft", draft: { content: "b", version: 3 } }, { type: "draft", draft: { content: "a", version: 2 } });
  equal(state.draft, { content: "b", version: 3 });
});

test("losing access ends the room", () => {
  const state = after(joined({ online: [{ ...BOB, tabs: 1 }] }), { type: "lost_access" });
  equal([state.joined, state.role, state.online], [false, null, []]);
});

test("many events beyond a gap do not grow without bound", () => {
  let state = joined();
  for (let seq = 22; seq < 1_600; seq += 1) state = after(state, durable(row(seq)));
  equal(state.buffer.length, 500);
  const synced = after(state, { type: "synced", data: { messages: rows(21, 1_599), change: 1_599, epoch: "e", reset: false } });
  equal([synced.change, synced.messages.length, hasGap(synced)], [1_599, 1_589, false]);
});

test("an action that does not exist is a mistake", async () => {
  const error = await rejects(Promise.resolve().then(() => reduceRoom(emptyRoom("x"), { type: "nonsense" })));
  ok(/nonsense/.test(error.message));
});

test("placing is a binary search", () => {
  let reads = 0;
  const counted = new Proxy(rows(1, 100_000), { get: (list, key) => (/^\d+$/.test(String(key)) && (reads += 1), list[key]) });
  equal(placeOf(counted, 77_777), 77_776);
  ok(reads <= 17, `${reads} reads`);
});

test("an excerpt is one line of at most 140 code points, as the server makes it", () => {
  equal(excerptOf("  one\n\t two\u2003three  "), "one two three");
  equal(excerptOf("😀".repeat(140)), "😀".repeat(140));
  equal(excerptOf("😀".repeat(141)), `${"😀".repeat(139)}…`);
});
