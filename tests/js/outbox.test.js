/** Sending exactly once and in order, through faults, reloads and several tabs. Frames of the page play the tabs. */

import { Client } from "chat/client/client.js";
import { MemoryOutbox, Outbox } from "chat/client/outbox/outbox.js";
import { equal, ok, pause, test, until, World } from "./testing.js";

const closers = [];
let users = 100;

/** A test with its own server and its own user, so that no outbox is left from another. @param {(world: World, userId: string) => Promise<void>} run */
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
  const client = new Constructor({ url: world.url, ticketUrl: null, backoffBaseMs: 100, backoffCapMs: 400, ...options });
  closers.push(() => client.close());
  return client;
}

/** A tab: a frame with its own copy of the library. Closing it is like killing the tab. @param {World} world @param {object} options */
async function openTab(world, options) {
  const frame = document.createElement("iframe");
  frame.src = "/tests/tab.html";
  document.body.append(frame);
  const inner = /** @type {any} */ (frame.contentWindow);
  await until(() => inner.Client, "the tab has loaded");
  const client = clientOf(world, options, inner.Client);
  return { client, kill: () => frame.remove() };
}

const stored = async (world, slug = "general") => (await world.do("messages", { room: slug })).map((message) => message.content);
const states = (client) => client.outbox.map((entry) => [entry.content, entry.state]);

test("a message is shown as pending at once, and becomes the stored row", withWorld(async (world) => {
  const client = clientOf(world);
  client.connect();
  await client.joinRoom("general");
  await world.do("set", { delay_ms: 150 });
  const clientId = client.post("general", "hi", { replyTo: "5" });
  const [entry] = client.room("general").pending;
  equal([entry.clientId, entry.content, entry.replyTo, entry.state, entry.error], [clientId, "hi", "5", "sending", null]);
  await until(() => client.room("general").messages.length === 1);
  equal([client.room("general").pending, client.outbox], [[], []]);
  equal(client.room("general").messages[0].clientId, clientId);
  const [frame] = await world.heard("create_message");
  equal(frame.payload, { room: "general", content: "hi", clientId, replyTo: "5" });
}));

test("what is posted without a connection is sent once there is one, in order", withWorld(async (world) => {
  const client = clientOf(world);
  for (let n = 1; n <= 20; n += 1) client.post(n % 2 ? "general" : "other", `m ${n}`);
  equal(client.outbox.length, 20);
  client.connect();
  await until(() => client.outbox.length === 0);
  equal(await stored(world), [1, 3, 5, 7, 9, 11, 13, 15, 17, 19].map((n) => `m ${n}`));
  equal(await stored(world, "other"), [2, 4, 6, 8, 10, 12, 14, 16, 18, 20].map((n) => `m ${n}`));
}));

test("a response lost after the commit does not double the message", withWorld(async (world) => {
  const client = clientOf(world);
  client.connect();
  await client.joinRoom("general");
  await world.do("fault", { on: "create_message", fault: "lost response" });
  client.post("general", "once");
  await until(() => client.outbox.length === 0);
  await until(() => client.room("general").messages.length === 1);
  equal(await stored(world), ["once"]);
}));

test("a connection cut before the commit does not lose the message, nor the order", withWorld(async (world) => {
  const client = clientOf(world);
  client.connect();
  await client.joinRoom("general");
  for (const fault of ["cut", "lost response", "cut"]) await world.do("fault", { on: "create_message", fault });
  for (let n = 1; n <= 6; n += 1) client.post("general", `m ${n}`);
  await until(() => client.outbox.length === 0);
  equal(await stored(world), ["m 1", "m 2", "m 3", "m 4", "m 5", "m 6"]);
  await until(() => client.room("general").change === 6);
  equal(client.room("general").messages.length, 6);
}));

test("the event may come before the response", withWorld(async (world) => {
  const client = clientOf(world);
  client.connect();
  await client.joinRoom("general");
  await world.do("fault", { on: "create_message", fault: "late response" });
  client.post("general", "hi");
  await until(() => client.outbox.length === 0);
  await pause(50);
  equal([client.room("general").messages.length, client.room("general").pending.length], [1, 0]);
}));

test("RATE_LIMITED waits as told, UNAVAILABLE and INTERNAL_ERROR wait, and the same client id is sent again", withWorld(async (world) => {
  const client = clientOf(world, { random: () => 0.05 });
  client.connect();
  await client.joinRoom("general");
  const faults = [{ code: "RATE_LIMITED", retryAfter: 300 }, { code: "UNAVAILABLE" }, { code: "INTERNAL_ERROR" }];
  for (const fault of faults) await world.do("fault", { on: "create_message", fault });
  const begin = performance.now();
  const first = client.post("general", "first");
  client.post("general", "second");
  await until(() => client.outbox.length === 0);
  ok(performance.now() - begin >= 300, "retryAfter was not obeyed");
  equal(await stored(world), ["first", "second"]);
  const ids = (await world.heard("create_message")).map((frame) => frame.payload.clientId);
  equal(ids.slice(0, 4), [first, first, first, first]);
}));

test("a refused message is marked failed, and does not hold up the next", withWorld(async (world) => {
  for (const code of ["VALIDATION_ERROR", "NOT_FOUND", "REQUEST_FAILED", "UNAUTHORIZED", "CONFLICT", "QUOTA_EXCEEDED"]) {
    const client = clientOf(world, { outbox: new MemoryOutbox() });
    client.connect();
    await client.joinRoom(code.toLowerCase());
    await world.do("fault", { on: "create_message", fault: { code, message: "No." } });
    client.post(code.toLowerCase(), "bad");
    client.post(code.toLowerCase(), "good");
    await until(() => client.room(code.toLowerCase()).messages.length === 1);
    const [entry] = client.room(code.toLowerCase()).pending;
    equal([entry.content, entry.state, entry.error], ["bad", "failed", { code, message: "No." }]);
  }
}));

test("a message that always makes the server fail is shown as failed in the end", withWorld(async (world) => {
  const client = clientOf(world, { random: () => 0.01 });
  client.connect();
  await client.joinRoom("general");
  for (let n = 0; n < 5; n += 1) await world.do("fault", { on: "create_message", fault: { code: "INTERNAL_ERROR" } });
  client.post("general", "poison");
  client.post("general", "next");
  await until(() => client.room("general").messages.length === 1);
  equal(states(client), [["poison", "failed"]]);
}));

test("a failed message can be sent again or discarded", withWorld(async (world, userId) => {
  const client = clientOf(world, { userId });
  client.connect();
  await client.joinRoom("general");
  for (let n = 0; n < 2; n += 1) await world.do("fault", { on: "create_message", fault: { code: "REQUEST_FAILED" } });
  const again = client.post("general", "again");
  await until(() => client.outbox[0]?.state === "failed");
  const away = client.post("general", "away");
  await until(() => client.outbox[1]?.state === "failed");
  equal([client.discard(away), client.resend(again), client.resend("unknown"), client.discard("unknown")], [true, true, false, false]);
  await until(() => client.outbox.length === 0);
  equal(await stored(world), ["again"]);
  await until(async () => (await new Outbox(userId).all()).length === 0, "the store is empty");
}));

test("a message under way cannot be discarded, one that waits can", withWorld(async (world) => {
  const client = clientOf(world);
  client.connect();
  await client.joinRoom("general");
  await world.do("set", { delay_ms: 200 });
  const first = client.post("general", "first");
  const second = client.post("general", "second");
  await until(async () => (await world.heard("create_message")).length === 1);
  equal([client.discard(first), client.discard(second)], [false, true]);
  await until(() => client.outbox.length === 0);
  equal(await stored(world), ["first"]);
}));

test("unsent messages survive a reload: they are shown at once, and sent once", withWorld(async (world, userId) => {
  const before = await openTab(world, { userId });
  before.client.post("general", "typed offline 1");
  before.client.post("general", "typed offline 2");
  before.client.connect();
  await world.do("set", { refusals: 1_000 });
  await until(async () => (await new Outbox(userId).all()).length === 2, "both are kept");
  before.kill();
  const after = await openTab(world, { userId });
  after.client.connect();
  after.client.joinRoom("general").catch(() => {});
  await until(() => after.client.room("general").pending.length === 2);
  equal(after.client.status === "connected", false);
  await world.do("set", { refusals: 0 });
  after.client.reconnectNow();
  await until(() => after.client.status === "connected" && after.client.outbox.length === 0);
  equal(await stored(world), ["typed offline 1", "typed offline 2"]);
  equal((await world.heard("create_message")).length, 2);
}));

test("a message is sent by one tab only, and becomes the stored row in both", withWorld(async (world, userId) => {
  const one = await openTab(world, { userId });
  const two = await openTab(world, { userId });
  for (const { client } of [one, two]) {
    client.connect();
    await client.joinRoom("general");
  }
  await world.do("set", { delay_ms: 150 });
  one.client.post("general", "hi");
  await until(() => two.client.room("general").pending.length === 1, "the other tab shows it as pending");
  await until(() => [one, two].every(({ client }) => client.room("general").messages.length === 1));
  await until(() => [one, two].every(({ client }) => client.outbox.length === 0));
  equal((await world.heard("create_message")).length, 1);
}));

test("when a tab dies, another takes over what it has not sent", withWorld(async (world, userId) => {
  const dying = await openTab(world, { userId });
  const other = await openTab(world, { userId });
  other.client.connect();
  await other.client.joinRoom("general");
  dying.client.connect();
  await until(() => dying.client.status === "connected");
  await world.do("fault", { on: "create_message", fault: "ignore" });
  for (const content of ["a", "b", "c"]) dying.client.post("general", content);
  await until(() => other.client.outbox.length === 3, "the other tab knows of them");
  await until(async () => (await world.heard("create_message")).length === 1);
  dying.kill();
  await until(() => other.client.outbox.length === 0);
  equal(await stored(world), ["a", "b", "c"]);
}));

test("failed messages can be sent again and discarded from another tab", withWorld(async (world, userId) => {
  const one = await openTab(world, { userId });
  const two = await openTab(world, { userId });
  for (const { client } of [one, two]) {
    client.connect();
    await client.joinRoom("general");
  }
  for (let n = 0; n < 2; n += 1) await world.do("fault", { on: "create_message", fault: { code: "REQUEST_FAILED" } });
  const again = one.client.post("general", "again");
  const away = one.client.post("general", "away");
  await until(() => two.client.outbox.filter((entry) => entry.state === "failed").length === 2);
  equal([two.client.resend(again), two.client.discard(away)], [true, true]);
  await until(() => [one, two].every(({ client }) => client.outbox.length === 0));
  equal(await stored(world), ["again"]);
}));

test("without a working store messages are sent all the same", withWorld(async (world) => {
  const broken = new MemoryOutbox();
  broken.all = broken.put = broken.remove = () => Promise.reject(new Error("disk full"));
  const reported = globalThis.reportError;
  globalThis.reportError = () => {};
  try {
    const client = clientOf(world, { outbox: broken });
    client.connect();
    client.post("general", "hi");
    await until(() => client.outbox.length === 0);
    equal(await stored(world), ["hi"]);
  } finally {
    globalThis.reportError = reported;
  }
}));

test("two users of one browser have two outboxes", async () => {
  const [one, two] = [new Outbox("u1"), new Outbox("u2")];
  await one.put({ clientId: "a", room: "r", content: "x", createdAt: 1, order: 1, owner: "t", state: "sending", error: null });
  equal([(await one.all()).length, (await two.all()).length], [1, 0]);
  await one.clear();
  equal(await one.all(), []);
});

test("200 messages through a connection that is cut again and again are stored once each, in order", withWorld(async (world) => {
  const client = clientOf(world, { random: () => 0.05 });
  client.connect();
  await client.joinRoom("general");
  const posted = Array.from({ length: 200 }, (_, at) => `m ${at}`);
  const cuts = ["cut", "lost response", "late response"];
  for (let n = 0; n < 12; n += 1) await world.do("fault", { on: "create_message", fault: cuts[n % 3] });
  for (const content of posted) client.post("general", content);
  for (let n = 0; n < 5; n += 1) {
    await pause(60);
    await world.do("cut");
  }
  await until(() => client.outbox.length === 0 && client.room("general").joined, "all sent", 12_000);
  equal(await stored(world), posted);
  await until(() => client.room("general").change === 200);
  equal(client.room("general").messages.map((message) => message.content), posted);
  ok((await world.do("log")).urls.length >= 6, "it was really cut");
}));

test("a store that is slow to forget does not bring a confirmed message back", withWorld(async (world) => {
  const slow = new MemoryOutbox();
  const remove = slow.remove.bind(slow);
  let reload = () => {};
  slow.onChange = (run) => (reload = run);
  slow.remove = (clientId) => pause(300).then(() => remove(clientId));
  const client = clientOf(world, { outbox: slow });
  client.connect();
  client.post("general", "hi");
  await until(async () => client.outbox.length === 0 && (await slow.all()).length === 1);
  reload();
  await pause(50);
  equal([client.outbox, (await world.heard("create_message")).length], [[], 1]);
}));

test("on a connection that is closing nothing is tried in a circle", withWorld(async (world) => {
  let reads = 0;
  let socket;
  const client = clientOf(world, { socketFactory: (url) => (socket = new WebSocket(url)) });
  client.connect();
  await client.joinRoom("general");
  // Closing, but not told yet. After very many reads it looks open, so that a circle fails instead of hanging.
  Object.defineProperty(socket, "readyState", { get: () => ((reads += 1) > 1_000 ? WebSocket.OPEN : WebSocket.CLOSING) });
  client.post("general", "hi");
  await pause(50);
  ok(reads < 10, `${reads} tries`);
  await world.do("cut");
  await until(() => client.outbox.length === 0);
  equal(await stored(world), ["hi"]);
}));
