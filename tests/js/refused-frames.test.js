/** A frame that the server would not read: never sent, or never again. The tab goes on. */

import { Client } from "chat/client/client.js";
import { MemoryOutbox, Outbox } from "chat/client/outbox/outbox.js";
import { ReconnectingSocket } from "chat/client/connection/reconnecting-socket.js";
import { DraftSync } from "chat/pages/composer/draft-sync.js";
import { equal, FakeSocket, FastClock, ok, pause, rejects, test, until, World } from "./testing.js";

const closers = [];
let users = 900;

/** @param {(world: World, userId: string) => Promise<void>} run */
const withWorld = (run) => async () => {
  const world = new World();
  const userId = String((users += 1));
  await world.do("set", { user: { id: userId, username: "alice" } });
  try {
    await run(world, userId);
  } finally {
    for (const close of closers.splice(0)) close();
  }
};

/** @param {World} world @param {object} [options] */
function clientOf(world, options = {}, Constructor = Client) {
  const client = new Constructor({ url: world.url, ticketUrl: null, backoffBaseMs: 50, backoffCapMs: 100, ...options });
  closers.push(() => client.close());
  return client;
}

const states = (client) => client.outbox.map((entry) => [entry.content, entry.state, entry.error?.code]);
const openings = async (world) => (await world.do("log")).urls.length;

/** Texts whose frame is larger than 1,000 bytes, by what makes it so. */
const TOO_BIG = {
  "Latin letters": "x".repeat(1_000),
  "Cyrillic letters": "ж".repeat(480),
  "Chinese signs": "日".repeat(320),
  emoji: "😀".repeat(240),
  "emoji of several parts": "👩‍👩‍👧".repeat(60),
  "quotation marks": '"'.repeat(490),
  backslashes: "\\".repeat(490),
  "line ends": "\n".repeat(490),
  "control characters": "\u0001".repeat(160),
  "halves of pairs": "\ud83d".repeat(320),
};

/** Texts with halves of surrogate pairs, and what is sent of them. */
const HALVES = [
  ["a\ud800b", "a\ufffdb"],
  ["\udc00", "\ufffd"],
  ["😀\ud83d", "😀\ufffd"],
  ["\ude00\ud83d", "\ufffd\ufffd"],
  ["日\ud840本", "日\ufffd本"],
  ["\\ud83d as letters 𐌰", "\\ud83d as letters 𐌰"],
  ["\\\ud83d", "\\\ufffd"],
];

test("half of a surrogate pair is sent as what stands for no character, and the next message goes on", withWorld(async (world) => {
  const client = clientOf(world, { outbox: new MemoryOutbox() });
  client.connect();
  await client.joinRoom("general");
  for (const [content] of HALVES) client.post("general", content);
  await until(() => client.outbox.length === 0);
  equal(client.room("general").messages.slice(-HALVES.length).map((message) => message.content), HALVES.map(([, sent]) => sent));
}));

test("a message whose frame is too large is marked failed and never sent, and the next goes on", withWorld(async (world) => {
  await world.do("set", { frame_bytes: 1_000, bytes_read: 1_000 });
  for (const [what, content] of Object.entries(TOO_BIG)) {
    const client = clientOf(world, { outbox: new MemoryOutbox() });
    client.connect();
    await client.joinRoom("general");
    client.post("general", content);
    client.post("general", `after ${what}`);
    await until(() => client.outbox.length === 1);
    equal(states(client), [[content, "failed", "FRAME_TOO_BIG"]], what);
    equal(client.status, "connected");
    client.close();
  }
  equal(await openings(world), Object.keys(TOO_BIG).length, "a connection was lost");
}));

test("a message that just fits is sent", withWorld(async (world) => {
  const client = clientOf(world);
  client.connect();
  await client.joinRoom("general");
  client.post("general", "");
  await until(() => client.outbox.length === 0);
  const [frame] = await world.heard("create_message");
  const around = JSON.stringify(frame).length;
  await world.do("set", { frame_bytes: around + 30, bytes_read: around + 30 });
  await world.do("cut");
  await until(() => client.status === "connected" && client.room("general").joined);
  client.post("general", "日".repeat(9)); // the request's number may have one digit more by now
  await until(() => client.outbox.length === 0);
}));

test("every kind of request is measured, and what needs no response is too", withWorld(async (world) => {
  await world.do("set", { frame_bytes: 1_000, bytes_read: 1_000 });
  const client = clientOf(world);
  client.connect();
  await client.joinRoom("general");
  const content = TOO_BIG["Chinese signs"];
  await rejects(client.request("edit_message", { message: "1001", content }), "FRAME_TOO_BIG");
  await rejects(client.request("save_draft", { room: "general", content, version: 1 }), "FRAME_TOO_BIG");
  await rejects(client.execute("general", content), "FRAME_TOO_BIG");
  await rejects(client.ask("general", content).response, "FRAME_TOO_BIG");
  equal(client.send("typing", { room: content }), false);
  equal([client.status, await openings(world)], ["connected", 1]);
}));

test("a server without a limit gets everything", withWorld(async (world) => {
  await world.do("set", { frame_bytes: 0 });
  const client = clientOf(world);
  client.connect();
  await client.joinRoom("general");
  client.post("general", "x".repeat(500_000));
  await until(() => client.outbox.length === 0);
}));

test("after 1009, 1007, 1003 and 1000 what was under way has failed, is not sent again, and the tab goes on", withWorld(async (world) => {
  await world.do("set", { bytes_read: 1_000 });
  for (const code of [1009, 1007, 1003, 1000]) {
    await world.do("set", { refusal_code: code });
    const client = clientOf(world, { outbox: new MemoryOutbox() });
    client.connect();
    await client.joinRoom("general");
    const poison = `${code} ${"x".repeat(1_000)}`;
    client.post("general", poison);
    const edit = client.request("edit_message", { message: "1001", content: "y" });
    client.post("general", `after ${code}`);
    await rejects(edit, "FRAME_REFUSED");
    await until(() => client.outbox.length === 1);
    equal(states(client), [[poison, "failed", "FRAME_REFUSED"]], code);
    await until(() => client.room("general").joined);
    equal(client.error, null);
    client.close();
  }
}));

test("a message that failed so can be sent in other words, or discarded", withWorld(async (world) => {
  await world.do("set", { frame_bytes: 1_000, bytes_read: 1_000 });
  const client = clientOf(world);
  client.connect();
  await client.joinRoom("general");
  const [first, second] = [client.post("general", TOO_BIG.emoji, { replyTo: "5" }), client.post("general", TOO_BIG.backslashes)];
  await until(() => states(client).every(([, state]) => state === "failed"));
  equal(client.revise("unknown", "words"), null);
  ok(client.revise(first, "shorter"), "it was not revised");
  ok(client.discard(second), "it was not discarded");
  await until(() => client.outbox.length === 0);
  const [sent] = await world.heard("create_message");
  equal([sent.payload.content, sent.payload.replyTo], ["shorter", "5"]);
  ok(sent.payload.clientId !== first, "under the same id the server would respond with the first text");
}));

test("neither a reload nor another tab sends it again", withWorld(async (world, userId) => {
  await world.do("set", { bytes_read: 1_000 });
  const poison = "x".repeat(1_000);
  const first = clientOf(world, { userId, outbox: new Outbox(userId) });
  first.connect();
  await first.joinRoom("general");
  first.post("general", poison);
  await until(() => states(first)[0]?.[1] === "failed");
  await pause(50);
  first.close();
  const before = await openings(world);
  const second = clientOf(world, { userId, outbox: new Outbox(userId) });
  second.connect();
  await second.joinRoom("general");
  second.post("general", "hello");
  await until(() => second.room("general").messages.length === 1);
  equal(states(second), [[poison, "failed", "FRAME_REFUSED"]]);
  equal(await openings(world), before + 1);
}));

test("what is refused each time is given up after three times, without hammering", async () => {
  FakeSocket.made = [];
  const clock = new FastClock();
  const socket = new ReconnectingSocket("ws://x", {
    clock, random: () => 0.5, outlivesRefusal: true, socketFactory: (url) => /** @type {any} */ (new FakeSocket(url)),
  });
  socket.connect();
  await clock.pass(0);
  for (const expected of ["opening again", "opening again", "opening again", "away"]) {
    FakeSocket.last.welcome();
    FakeSocket.last.end(1009);
    equal([socket.error.fatal, socket.retryAt === null], expected === "away" ? [true, true] : [false, false], expected);
    await clock.pass(socket.retryAt === null ? 120_000 : socket.retryAt - clock.now());
  }
  equal(FakeSocket.made.length, 4);
  socket.reconnectNow();
  await clock.pass(0);
  FakeSocket.last.welcome();
  await clock.pass(10_000);
  FakeSocket.last.end(1009);
  equal(socket.error.fatal, false, "a connection that has proven itself begins to count again");
  socket.close();
});

/** @param {object} options */
function draftOf(options) {
  const stored = new Map();
  const storage = { getItem: (key) => stored.get(key) ?? null, setItem: (key, value) => stored.set(key, value), removeItem: (key) => stored.delete(key) };
  const saved = [];
  const draft = new DraftSync({
    key: "d", delayMs: 1, storage: /** @type {any} */ (storage), onText: () => {}, save: async (sent) => void saved.push(sent.content), ...options,
  });
  draft.start(null);
  return { draft, saved, stored };
}

test("a draft over the limit is kept in the browser and not sent, until it is shorter", async () => {
  for (const letter of ["x", "日", "😀"]) {
    const { draft, saved, stored } = draftOf({ limit: 10 });
    draft.typed(letter.repeat(11));
    await pause(20);
    draft.resume();
    await pause(20);
    equal([saved, JSON.parse(stored.get("d")).text], [[], letter.repeat(11)]);
    draft.typed(letter.repeat(10));
    await until(() => saved.length === 1);
    equal([saved[0], stored.has("d")], [letter.repeat(10), false]);
  }
});

test("a draft that the server would not read is not sent again as it is", async () => {
  for (const code of ["FRAME_TOO_BIG", "FRAME_REFUSED"]) {
    const tried = [];
    const save = async ({ content }) => {
      tried.push(content);
      if (content === "poison") throw Object.assign(new Error("no"), { code });
    };
    const { draft, stored } = draftOf({ save });
    draft.typed("poison");
    await until(() => tried.length === 1);
    for (let n = 0; n < 3; n += 1) draft.resume();
    await pause(20);
    equal([tried, JSON.parse(stored.get("d")).text], [["poison"], "poison"], code);
    draft.typed("poison, less of it");
    await until(() => tried.length === 2);
  }
});
