/** The client against a scripted peer over a real socket: requests, recovery, gaps, history, tickets. */

import { Client } from "chat/client/client.js";
import { MemoryOutbox } from "chat/client/outbox/outbox.js";
import { cutOff, equal, ok, pause, rejects, test, until, World } from "./testing.js";

/** @type {Client[]} */
const made = [];

/** @param {World} world @param {object} [options] */
function clientOf(world, options = {}) {
  const client = new Client({
    url: world.url, ticketUrl: null, outbox: new MemoryOutbox(), backoffBaseMs: 100, backoffCapMs: 400, ...options,
  });
  made.push(client);
  return client;
}

/** A test whose clients are closed at its end. @param {(world: World) => Promise<void>} run */
const withWorld = (run) => async () => {
  try {
    await run(new World());
  } finally {
    for (const client of made.splice(0)) client.close();
  }
};

const connected = (client) => until(() => client.status === "connected", "connected");
const contents = (client, slug = "general") => client.room(slug).messages.map((message) => message.content);

test("it knows who it is when it is connected", withWorld(async (world) => {
  const client = clientOf(world);
  const told = [];
  client.on("status", ({ status }) => told.push(status));
  equal([client.status, client.user], ["disconnected", null]);
  client.connect();
  await connected(client);
  equal([client.user.username, told], ["alice", ["connecting", "connected"]]);
  ok(client.connectionId && Math.abs(client.serverTime - Date.now()) < 2_000);
}));

test("a request is an envelope with id, timestamp and payload, and resolves with the response's data", withWorld(async (world) => {
  const client = clientOf(world);
  client.connect();
  await connected(client);
  equal(await client.request("echo", { a: 1 }), { a: 1 });
  const [frame] = await world.heard("echo");
  ok(typeof frame.id === "string" && Math.abs(frame.timestamp - Date.now()) < 5_000);
  equal(Object.keys(frame).sort(), ["id", "payload", "timestamp", "type"]);
}));

test("responses find their requests, in whatever order they come", withWorld(async (world) => {
  const client = clientOf(world);
  client.connect();
  await connected(client);
  const responses = await Promise.all([1, 2, 3, 4, 5].map((n) => client.request("echo", { n })));
  equal(responses.map((response) => response.n), [1, 2, 3, 4, 5]);
}));

test("an error response rejects with its code, details and retryAfter", withWorld(async (world) => {
  const client = clientOf(world);
  client.connect();
  await connected(client);
  await world.do("fault", { on: "echo", fault: { code: "RATE_LIMITED", message: "Too fast.", retryAfter: 1200, details: { path: "x" } } });
  const error = await rejects(client.request("echo"), "RATE_LIMITED");
  equal([error.message, error.retryAfter, error.details, error.retryable], ["Too fast.", 1200, { path: "x" }, true]);
}));

test("a request without a response ends with its time-out", withWorld(async (world) => {
  const client = clientOf(world);
  client.connect();
  await connected(client);
  await world.do("fault", { on: "echo", fault: "ignore" });
  await rejects(client.request("echo", {}, { timeout: 100 }), "TIMEOUT");
}));

test("requests under way end with DISCONNECTED when the connection is cut, and so do those made without one", withWorld(async (world) => {
  const client = clientOf(world);
  await rejects(client.request("echo"), "DISCONNECTED");
  client.connect();
  await connected(client);
  await world.do("fault", { on: "echo", fault: "cut" });
  await rejects(client.request("echo"), "DISCONNECTED");
  await connected(client);
  equal(await client.request("echo", { again: true }), { again: true });
}));

test("events are heard by name and all together, with data and frame", withWorld(async (world) => {
  const client = clientOf(world);
  const heard = [];
  client.on("announcement", (data, frame) => heard.push([data.text, frame.type]));
  client.on("event", (data, frame) => frame.type === "announcement" && heard.push("event"));
  client.connect();
  await connected(client);
  await world.do("say", { type: "announcement", data: { text: "hello" } });
  await until(() => heard.length === 2);
  equal(heard, [["hello", "announcement"], "event"]);
}));

test("a joined room is current", withWorld(async (world) => {
  await world.do("post", { room: "general", content: "old" });
  const client = clientOf(world);
  client.connect();
  const state = await client.joinRoom("general");
  equal([state.joined, state.messages.length], [true, 1]);
  await world.do("post", { room: "general", content: "new" });
  await world.do("edit", { room: "general", seq: 1, content: "edited" });
  await until(() => client.room("general").change === 3);
  equal(contents(client), ["edited", "new"]);
}));

test("events of a room that is not joined reach the handlers only", withWorld(async (world) => {
  const client = clientOf(world);
  let heard = 0;
  client.on("new_message", () => (heard += 1));
  client.connect();
  await connected(client);
  await world.do("post", { room: "elsewhere", content: "x" });
  await until(() => heard === 1);
  equal(client.room("elsewhere"), undefined);
}));

test("after a cut it joins again from its cursor, and misses nothing", withWorld(async (world) => {
  await world.do("post", { room: "general", content: "before", times: 3 });
  const client = clientOf(world);
  client.connect();
  await client.joinRoom("general");
  const first = client.room("general").messages[0];
  await world.do("set", { refusals: 1 });
  await cutOff(world, client);
  await world.do("post", { room: "general", content: "missed", times: 2 });
  await world.do("delete", { room: "general", seq: 2 });
  await until(() => client.room("general").joined && client.room("general").change === 6);
  equal(contents(client), ["before 1", "", "before 3", "missed 1", "missed 2"]);
  ok(client.room("general").messages[0] === first, "what did not change is the same object");
  const joins = (await world.heard("join_room")).map((frame) => frame.payload);
  equal(joins, [{ room: "general" }, { room: "general", after: 3, epoch: "e1" }]);
}));

test("a history that was restored from a backup replaces what was shown", withWorld(async (world) => {
  await world.do("post", { room: "general", content: "before", times: 3 });
  const client = clientOf(world);
  client.connect();
  await client.joinRoom("general");
  await world.do("restore", { room: "general", epoch: "e2" });
  await world.do("post", { room: "general", content: "restored" });
  await world.do("close", { code: 4003 });
  await until(() => client.room("general").epoch === "e2");
  equal(contents(client), ["restored"]);
}));

test("a lost event is noticed by the next one, and fetched with sync", withWorld(async (world) => {
  const client = clientOf(world);
  client.connect();
  await client.joinRoom("general");
  await world.do("set", { dropped_events: 2 });
  await world.do("post", { room: "general", content: "m", times: 4 });
  await until(() => client.room("general").change === 4);
  equal(contents(client), ["m 1", "m 2", "m 3", "m 4"]);
  equal((await world.heard("sync")).length, 1, "one sync for one gap");
}));

test("a sync that fails is tried again", withWorld(async (world) => {
  const client = clientOf(world, { random: () => 0.01 });
  client.connect();
  await client.joinRoom("general");
  await world.do("fault", { on: "sync", fault: { code: "UNAVAILABLE" } });
  await world.do("set", { dropped_events: 1 });
  await world.do("post", { room: "general", content: "m", times: 2 });
  await until(() => client.room("general").change === 2);
  equal((await world.heard("sync")).length, 2);
}));

test("joining waits for the connection, and is tried again when the server cannot", withWorld(async (world) => {
  const client = clientOf(world, { random: () => 0.01 });
  await world.do("fault", { on: "join_room", fault: { code: "UNAVAILABLE" } });
  const joining = client.joinRoom("general");
  equal(client.room("general").joined, false);
  client.connect();
  equal((await joining).joined, true);
}));

test("a refused join says why, and is not tried again", withWorld(async (world) => {
  const client = clientOf(world);
  await world.do("fault", { on: "join_room", fault: { code: "NOT_FOUND", message: "No such room." } });
  client.connect();
  await rejects(client.joinRoom("secret"), "NOT_FOUND");
  equal(client.room("secret").error, { code: "NOT_FOUND", message: "No such room." });
  await cutOff(world, client);
  await connected(client);
  equal((await world.heard("join_room")).length, 1);
}));

test("a room that was left is not joined again, and coming back continues from its cursor", withWorld(async (world) => {
  await world.do("post", { room: "general", content: "one" });
  const client = clientOf(world);
  client.connect();
  await client.joinRoom("general");
  client.leaveRoom("general");
  equal(client.room("general").joined, false);
  await world.do("post", { room: "general", content: "two" });
  await pause(50);
  equal(contents(client), ["one"]);
  equal((await client.joinRoom("general")).messages.map((message) => message.content), ["one", "two"]);
  equal((await world.heard("leave_room")).length, 1);
}));

/** @param {object} frame that tells that the access has ended */
const loses = (frame) => withWorld(async (world) => {
  const client = clientOf(world);
  client.connect();
  await client.joinRoom("general");
  await world.do("say", frame);
  await until(() => !client.room("general").joined);
  equal(client.room("general").role, null);
  await cutOff(world, client);
  await connected(client);
  await pause(50);
  equal((await world.heard("join_room")).length, 1);
});

test("a person removed from a room does not come back to it on their own",
  loses({ type: "member_updated", data: { room: "general", user: { id: "1", username: "alice" }, role: null } }));

test("a person whose subscription ends has lost the room", loses({ type: "left", data: { room: "general" } }));

test("typing is shown, and ends on its own", withWorld(async (world) => {
  const client = clientOf(world);
  client.connect();
  await client.joinRoom("general");
  const say = (id, username) => world.do("say", { type: "typing", data: { room: "general", user: { id, username }, typing: true } });
  await say("2", "bob");
  await say("1", "alice");
  await until(() => client.room("general").typing.length === 1);
  equal(client.room("general").typing[0].username, "bob", "not oneself");
  await until(() => client.room("general").typing.length === 0);
}));

test("history is loaded in pages, to the first message and back to the newest", withWorld(async (world) => {
  await world.do("post", { room: "general", content: "m", times: 230 });
  const client = clientOf(world);
  client.connect();
  await client.joinRoom("general");
  equal([contents(client).length, client.room("general").hasMore], [50, true]);
  await Promise.all([client.loadOlder("general"), client.loadOlder("general")]);
  equal(contents(client).length, 100, "the same page is not loaded twice");
  const around = await client.loadAround("general", 20);
  ok(around.hasNewer && around.messages.some((message) => message.seq === 20));
  await world.do("post", { room: "general", content: "live" });
  await until(() => client.room("general").newerCount === 1);
  await client.loadOlder("general");
  while (client.room("general").hasNewer) await client.loadNewer("general");
  equal(client.room("general").messages.map((message) => message.seq), Array.from({ length: 231 }, (_, at) => at + 1));
  equal(client.room("general").newerCount, 0);
  await client.loadOlder("general");
  client.trimRoom("general", 10);
  equal([contents(client).length, client.room("general").hasMore], [10, true]);
}));

test("jumping back to the newest is one request", withWorld(async (world) => {
  await world.do("post", { room: "general", content: "m", times: 200 });
  const client = clientOf(world);
  client.connect();
  await client.joinRoom("general");
  await client.loadAround("general", 30);
  await client.loadNewest("general");
  equal([contents(client).at(-1), client.room("general").hasNewer], ["m 200", false]);
}));

test("who goes to one place and then to another ends at the last, whichever page comes first", withWorld(async (world) => {
  await world.do("post", { room: "general", content: "m", times: 200 });
  const client = clientOf(world);
  client.connect();
  await client.joinRoom("general");
  await client.loadAround("general", 30);
  await Promise.all([client.loadAround("general", 100), client.loadNewest("general")]);
  equal([contents(client).at(-1), client.room("general").hasNewer], ["m 200", false]);
  await client.loadAround("general", 30);
  await Promise.all([client.loadNewest("general"), client.loadAround("general", 100)]);
  ok(contents(client).includes("m 100") && client.room("general").hasNewer);
}));

test("history that cannot be loaded rejects, and leaves the room as it was", withWorld(async (world) => {
  await world.do("post", { room: "general", content: "m", times: 60 });
  const client = clientOf(world);
  client.connect();
  await client.joinRoom("general");
  await world.do("fault", { on: "get_messages", fault: { code: "UNAVAILABLE" } });
  await rejects(client.loadOlder("general"), "UNAVAILABLE");
  equal([contents(client).length, client.room("general").loads], [50, 0]);
  await client.loadOlder("general");
  equal(contents(client).length, 60);
}));

test("a silent server is left, and the room goes on with the next one", withWorld(async (world) => {
  await world.do("set", { heartbeat: { interval: 100, timeout: 100 } });
  const client = clientOf(world, { watchdogSlackMs: 100 });
  client.connect();
  await client.joinRoom("general");
  await until(async () => (await world.do("log")).urls.length >= 2, "a second connection");
  await until(() => client.room("general").joined && client.status === "connected");
}));

test("a server that does not say welcome is left after the connect time-out", withWorld(async (world) => {
  await world.do("set", { welcomes: false });
  const client = clientOf(world, { connectTimeoutMs: 150 });
  client.connect();
  await until(async () => (await world.do("log")).urls.length >= 2, "a second try");
  await world.do("set", { welcomes: true });
  await connected(client);
}));

test("refused openings are tried again until one is let in", withWorld(async (world) => {
  await world.do("set", { refusals: 3 });
  const client = clientOf(world);
  client.connect();
  await connected(client);
  equal((await world.do("log")).urls.length, 4);
}));

test("signed out is final: 4100 says so and nothing is opened any more", withWorld(async (world) => {
  const client = clientOf(world);
  client.connect();
  await client.joinRoom("general");
  await world.do("close", { code: 4100, reason: "signed out" });
  await until(() => client.status === "disconnected");
  equal([client.error.code, client.error.fatal], ["UNAUTHORIZED", true]);
  await pause(600);
  equal((await world.do("log")).urls.length, 1);
}));

test("draining: it comes back after the time that it was told", withWorld(async (world) => {
  const client = clientOf(world);
  client.connect();
  await client.joinRoom("general");
  await world.do("say", { type: "server_draining", data: { reconnectAfter: 700 } });
  await world.do("close", { code: 1012 });
  await until(() => client.status === "disconnected");
  ok(client.retryAt - Date.now() > 500 && client.retryAt - Date.now() <= 700, `${client.retryAt - Date.now()}`);
  await until(() => client.room("general").joined);
}));

test("a ticket is fetched before each opening and goes into the address", withWorld(async (world) => {
  let count = 0;
  const asked = [];
  const client = clientOf(world, {
    ticketUrl: "/api/socket-ticket",
    csrfToken: "secret",
    fetch: (url, options) => {
      asked.push([options.method, options.headers["X-CSRFToken"]]);
      return fetch(`${url}?ticket=t${(count += 1)}`, options);
    },
  });
  client.connect();
  await connected(client);
  await cutOff(world, client);
  await connected(client);
  const tickets = (await world.do("log")).urls.map((url) => new URLSearchParams(url.split("?")[1]).get("token"));
  equal([tickets, asked], [["t1", "t2"], [["POST", "secret"], ["POST", "secret"]]]);
}));

test("no ticket with 401: signed out, and it stays away", withWorld(async (world) => {
  const client = clientOf(world, { ticketUrl: "/api/socket-ticket?status=401" });
  client.connect();
  await until(() => client.error);
  equal([client.status, client.error.code, client.error.fatal, client.error.message], ["disconnected", "UNAUTHORIZED", true, "You are signed out."]);
  equal((await world.do("log")).urls.length, 0);
}));

test("no ticket with 429 or 503: it waits at least as long as it was told", withWorld(async (world) => {
  for (const [status, code] of [[429, "RATE_LIMITED"], [503, "UNAVAILABLE"]]) {
    const client = clientOf(world, { ticketUrl: `/api/socket-ticket?status=${status}&code=${code}&retryAfter=4000` });
    client.connect();
    await until(() => client.error);
    ok(client.retryAt - Date.now() > 3_500, "retryAfter was obeyed");
    equal([client.error.code, client.error.fatal], [code, false]);
  }
}));

test("when someone else has signed in, nothing is sent under their name", withWorld(async (world) => {
  await world.do("set", { user: { id: "7", username: "mallory" } });
  const client = clientOf(world, { userId: "1" });
  client.connect();
  client.post("general", "only as alice");
  await until(() => client.error);
  equal([client.error.code, client.status], ["USER_CHANGED", "disconnected"]);
  await pause(100);
  equal(await world.heard("create_message"), []);
  equal(client.outbox.length, 1);
}));

test("closing is final and connect opens again", withWorld(async (world) => {
  const client = clientOf(world);
  client.connect();
  await client.joinRoom("general");
  client.close();
  equal([client.status, client.error, client.room("general").joined], ["disconnected", null, false]);
  await pause(300);
  equal((await world.do("log")).urls.length, 1);
  client.connect();
  await until(() => client.room("general").joined);
}));
